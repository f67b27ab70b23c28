package cilium

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
)

func TestAcceptEmitted(t *testing.T) {
	docs, err := oracle.Emitted("../..")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, doc := range docs {
		kind, err := kindOf(doc)
		if err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			read++
		}
	}
	if read < 100 {
		t.Errorf("%d documents of Cilium's kinds are emitted", read)
	}
	rejections, err := New().Accept(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rejections {
		t.Errorf("%s: %s", r.Document.Source, r.Reason)
	}
}

// Each is refused by the API server or by the agent, and the reasons are theirs.
func TestReject(t *testing.T) {
	for spec, want := range map[string]string{
		`{endpointSelector: {}, ingress: []}`:                                                                                  "at least one of Ingress",
		`{endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.1]}]}`:                                                            "must be of type cidr",
		`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 80}]}]}]}`:                                                "must be of type string",
		`{endpointSelector: {}, ingress: [{fromEndpoint: [{}]}]}`:                                                              "unknown field",
		`{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}`:                                                              "oneOf",
		`{endpointSelector: {}, ingress: [{fromEntities: [all], fromCIDR: ["::/0"]}]}`:                                         "combining",
		`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "99999"}]}]}]}`:                                           "port",
		`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: ANY}], rules: {http: [{}]}}]}]}`:          "TCP",
		`{endpointSelector: {}, ingress: [{fromEntities: [world-ipv4]}]}`:                                                      "Unsupported value",
		`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: "("}]}}]}]}`: "regexp",
	} {
		rejections, err := New().Accept(oracle.Split("test", []byte(cnp(spec))))
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, r := range rejections {
			all.WriteString(r.Reason + "\n")
		}
		if !strings.Contains(all.String(), want) {
			t.Errorf("%s: %q, want %q", spec, all.String(), want)
		}
	}
}

// What golden manifests are read from is what a cluster can have, but for those
// that show refusals.
func TestAcceptManifests(t *testing.T) {
	inputs, err := filepath.Glob("../../manifests/cilium/*/input.yaml")
	if err != nil || len(inputs) < 30 {
		t.Fatalf("%d cases: %v", len(inputs), err)
	}
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		rejections, err := New().Accept(oracle.Split(input, text))
		if err != nil {
			t.Fatal(err)
		}
		if refused := filepath.Base(filepath.Dir(input)) == "refused"; refused != (len(rejections) > 0) {
			t.Errorf("%s: %+v", input, rejections)
		}
	}
}
