package istio_test

import (
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/istio"
)

// TestEmitted holds everything that Portolan emits to Istio's admission.
func TestEmitted(t *testing.T) {
	docs, err := oracle.Emitted("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) < 500 {
		t.Fatalf("%d documents: some are not found", len(docs))
	}
	rejected, err := istio.New().Accept(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rejected {
		t.Errorf("%s: %s\n%s", r.Document.Source, r.Reason, r.Document.Text)
	}
}

// TestRejected holds that admission says no.
func TestRejected(t *testing.T) {
	const header = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: "
	for _, spec := range []string{
		"{action: DENY}",
		"{rules: [{to: [{operation: {ports: [http]}}]}]}",
		"{rules: [{to: [{operation: {ports: [80]}}]}]}",
		"{rules: [{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}]}",
		"{rules: [{from: [{source: {}}]}]}",
		"{rules: [{form: [{source: {namespaces: [shop]}}]}]}",
		"{rules: [{when: [{key: source.name, values: [a]}]}]}",
		"{targetRefs: [{kind: Service, name: a, namespace: other}]}",
	} {
		doc := oracle.Document{Source: spec, Text: []byte(header + spec)}
		rejected, err := istio.New().Accept([]oracle.Document{doc})
		if err != nil {
			t.Fatal(err)
		}
		if len(rejected) != 1 {
			t.Errorf("accepted: %s", spec)
		}
	}
}
