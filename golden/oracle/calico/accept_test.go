package calico

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// TestReject has Calico's code say no where it has to, and yes to the like.
func TestReject(t *testing.T) {
	e := engine(t)
	object := func(api, kind, spec string) string {
		return "apiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: p, namespace: a}\nspec: {" + spec + "}\n"
	}
	policy := func(spec string) string { return object("projectcalico.org/v3", "NetworkPolicy", spec) }
	rule := func(rule string) string { return policy("types: [Ingress], ingress: [{" + rule + "}]") }
	for _, c := range []struct{ text, reason string }{
		{policy("types: [Ingress], tier: early"), ""},
		{policy("types: [Both]"), "Types"},
		{policy("selector: a = 'b'"), "selector"},
		{policy("selector: \"a == 'b'\\n\""), "selector"},
		{policy("surprise: true"), "unknown field"},
		{rule("action: Allow, protocol: TCP, destination: {ports: [80]}"), ""},
		{rule("action: allow"), "Action"},
		{rule("action: Allow, destination: {ports: [80]}"), "protocol"},
		{rule("action: Allow, source: {nets: [10.0.0.1]}"), "Net"},
		{rule("action: Allow, source: {nets: [10.0.0.1/24]}"), "Net"},
		{rule("action: Allow, source: {nets: [10.0.0.0/8, 'fd00::/8']}"), "IPv6"},
		{rule("action: Allow, source: {notSelector: 'has(a'}"), "elector"},
		{rule("action: Allow, source: {namespaceSelector: global() && a == 'b'}"), "global()"},
		{object("projectcalico.org/v3", "StagedNetworkPolicy", "stagedAction: Set, tier: early, types: [Ingress]"), ""},
		{object("projectcalico.org/v3", "StagedNetworkPolicy", "stagedAction: Set, types: [Both]"), "Types"},
		{object("projectcalico.org/v3", "StagedKubernetesNetworkPolicy", "stagedAction: Set, podSelector: {}"), ""},
		{object("networking.k8s.io/v1", "NetworkPolicy", "podSelector: {}, policyTypes: [Ingress]"), ""},
		{object("networking.k8s.io/v1", "NetworkPolicy", "podSelektor: {}"), "unknown field"},
		{object("projectcalico.org/v3", "HostEndpoint", "node: node1"), "expected IPs"},
		{object("projectcalico.org/v3", "Tier", "order: first"), ""}, // 3.28 has none
		{object("cilium.io/v2", "CiliumNetworkPolicy", "a: b"), ""},  // not Calico's
	} {
		rejections, err := e.Accept([]oracle.Document{{Text: []byte(c.text)}})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case c.reason == "" && len(rejections) > 0:
			t.Errorf("rejected: %s\n%s", rejections[0].Reason, c.text)
		case c.reason != "" && len(rejections) == 0:
			t.Errorf("accepted, want %q\n%s", c.reason, c.text)
		case c.reason != "" && !strings.Contains(rejections[0].Reason, c.reason):
			t.Errorf("%q, want %q\n%s", rejections[0].Reason, c.reason, c.text)
		}
	}
}
