package client

import (
	"os"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/schemas"
)

// binary names the built server: `make conformance` builds it and says where it
// is.
const binary = "PORTOLAN_APISERVER"

// TestServer sends every golden and example to a real API server with the kinds
// of all families, and objects that it has to reject.
func TestServer(t *testing.T) {
	path := os.Getenv(binary)
	if path == "" {
		t.Skip(binary + " does not say where the server is: make bin/apiserver builds it")
	}
	docs, err := oracle.Emitted("../../..")
	if err != nil || len(docs) < 1000 {
		t.Fatalf("%d documents: %v", len(docs), err)
	}
	all, err := schemas.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Install(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		if err := s.Apply(t.Context(), doc); err != nil {
			t.Errorf("%s: %v", doc.Source, err)
		}
	}
	t.Logf("%s takes %d objects", s.Version, len(docs))
	if !strings.HasPrefix(s.Version, "v1.") {
		t.Errorf("the server does not know its version: %s", s.Version)
	}
	for _, c := range rejected {
		err := s.Apply(t.Context(), oracle.Document{Text: []byte(c.text)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot %v, which does not have %q", c.text, err, c.want)
		}
	}
}

// rejected has one object for each way in which the server judges.
var rejected = []struct{ want, text string }{
	{"strict subset", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]}}"},
	{"10.0.0.1/8", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8}}]}]}}"},
	{"podSelectr", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelectr: {}}}"},
	{"Start port must be less", "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 5, end: 5}}}}]}]}}"},
	{"selectr", "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: a}, spec: {ingress: [{action: Allow, source: {selectr: all()}}]}}"},
	{"spec.ingress[0].toPorts[0].ports[0].port", "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a}, spec: {endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '-'}]}]}]}}"},
	{"spec.action", "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {action: PERMIT}}"},
	{"only one of", "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: x}]}}"},
	{"no matches for kind", "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}"},
}
