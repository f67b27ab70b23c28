package calico

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// object is a manifest of a kind: "NetworkPolicy a/web" or "Tier early".
func object(what, spec string) string {
	kind, name, _ := strings.Cut(what, " ")
	namespace, base, namespaced := strings.Cut(name, "/")
	meta := "name: " + name
	if namespaced {
		meta = "name: " + base + ", namespace: " + namespace
	}
	version := "projectcalico.org/v3"
	switch {
	case strings.HasPrefix(kind, "k8s:"):
		version = "networking.k8s.io/v1"
	case strings.HasPrefix(kind, "cnp:"):
		version = "policy.networking.k8s.io/v1alpha2"
	case strings.HasPrefix(kind, "crd:"):
		version = "crd.projectcalico.org/v1"
	}
	_, kind, found := strings.Cut(kind, ":")
	if !found {
		kind, _, _ = strings.Cut(what, " ")
	}
	return fmt.Sprintf("---\napiVersion: %s\nkind: %s\nmetadata: {%s, labels: {k: v}}\nspec: {%s}\n", version, kind, meta, spec)
}

// TestValidation has what Calico's validator or schema refuses, what Felix makes
// something else of, and what the model cannot say. Each has one diagnostic.
func TestValidation(t *testing.T) {
	rule := func(fields string) string { return "types: [Ingress], ingress: [{action: Allow, " + fields + "}]" }
	egress := func(fields string) string { return "types: [Egress], egress: [{action: Allow, " + fields + "}]" }
	cluster := func(peer string) string {
		return "tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{" + peer + "}]}]"
	}
	const policy, global = "NetworkPolicy a/p", "GlobalNetworkPolicy p"
	long := strings.Repeat("has(a) && ", 110) + "has(a)"
	for _, c := range []struct {
		version, what, spec string
		code                diag.Code
		text                string
	}{
		{"3.33", policy, "types: [Ingress], selektor: all()", diag.UnknownField, "spec.selektor"},
		{"3.33", policy, "types: [Ingress], namespaceSelector: all()", diag.UnknownField, "spec.namespaceSelector"},
		{"3.33", policy, rule("destination: {domains: [x.example]}"), diag.UnknownField, "spec.ingress[0].destination.domains"},
		{"3.33", policy, rule("http: {methods: [GET]}"), diag.UnreadRequests, "spec.ingress[0].http"},
		{"3.33", policy, rule("protocol: UDP, http: {methods: [GET]}"), diag.BadFieldValue, "HTTP is in TCP"},
		{"3.33", policy, egress("http: {methods: [GET]}"), diag.BadFieldValue, "allow of ingress"},
		{"3.33", policy, "types: [Ingress], ingress: [{action: allow}]", diag.BadFieldValue, "Allow, Deny"},
		{"3.33", policy, "types: [Ingress], ingress: [{}]", diag.MissingField, "action"},
		{"3.33", policy, "types: [Ingress, Ingress]", diag.BadFieldValue, "twice"},
		{"3.33", policy, "types: [ingress]", diag.BadFieldValue, "Ingress"},
		{"3.33", policy, "egress: []", diag.MissingField, "types"},
		{"3.31", policy, "egress: []", "", ""},
		{"3.33", policy, "types: [Egress], ingress: [{action: Allow}]", diag.NoEffect, "no effect"},

		{"3.33", policy, "types: [Ingress], selector: \"a = 'b'\"", diag.BadFieldValue, "Felix ignores"},
		{"3.33", policy, "types: [Ingress], selector: \"a == 'b'\\n\"", diag.BadFieldValue, "line's end"},
		{"3.33", policy, "types: [Ingress], selector: ' '", diag.BadFieldValue, "blank"},
		{"3.33", global, "types: [Ingress], namespaceSelector: \"projectcalico.org/name = 'b'\"", diag.BadFieldValue, "governs every pod"},
		{"3.33", policy, "types: [Ingress], serviceAccountSelector: x", diag.BadFieldValue, "governs every pod"},
		{"3.33", global, "types: [Ingress], namespaceSelector: global()", diag.BadFieldValue, "global()"},
		{"3.33", policy, rule("source: {selector: global()}"), diag.BadFieldValue, "global()"},
		{"3.33", policy, rule("source: {namespaceSelector: global() || all()}"), diag.BadFieldValue, "global()"},
		{"3.33", policy, rule("source: {serviceAccounts: {names: [\"x' || all() || y == '\"]}}"), diag.BadFieldValue, "service account"},

		{"3.33", policy, rule("ipVersion: 5"), diag.BadFieldValue, "neither"},
		{"3.33", policy, rule("ipVersion: 6, protocol: ICMP"), diag.BadFieldValue, "protocol"},
		{"3.33", policy, rule("protocol: tcp"), diag.BadFieldValue, "no protocol"},
		{"3.33", policy, rule("protocol: 0"), diag.BadFieldValue, "1 to 255"},
		{"3.33", policy, rule("protocol: TCP, icmp: {type: 8}"), diag.BadFieldValue, "ICMP"},
		{"3.33", policy, rule("notICMP: {type: 8}"), diag.BadFieldValue, "Felix"},
		{"3.33", policy, rule("protocol: ICMP, icmp: {code: 8}"), diag.BadFieldValue, "type"},
		{"3.33", policy, rule("protocol: ICMP, icmp: {type: 255}"), diag.BadFieldValue, "254"},

		{"3.33", policy, rule("destination: {ports: [80]}"), diag.BadFieldValue, "protocol"},
		{"3.33", policy, rule("destination: {ports: [http]}"), "", ""},
		{"3.31", policy, rule("destination: {ports: [http]}"), diag.BadFieldValue, "protocol"},
		{"3.33", policy, rule("protocol: UDPLite, destination: {ports: [80]}"), diag.BadFieldValue, "protocol"},
		{"3.33", policy, rule("protocol: TCP, destination: {ports: [0]}"), diag.BadFieldValue, "65535"},
		{"3.33", policy, rule("protocol: TCP, destination: {ports: ['90:80']}"), diag.BadFieldValue, "range"},
		{"3.33", policy, rule("protocol: TCP, source: {ports: [http]}"), diag.RefusedField, "name"},
		{"3.33", policy, rule("protocol: TCP, destination: {notPorts: [http]}"), diag.RefusedField, "name"},
		{"3.33", policy, rule("protocol: TCP, destination: {ports: [http], notPorts: [80]}"), diag.RefusedField, "name"},

		{"3.33", policy, rule("source: {nets: [10.0.0.1]}"), diag.BadFieldValue, "/32"},
		{"3.33", policy, rule("source: {nets: [10.0.0.1/24]}"), diag.BadFieldValue, "host bits"},
		{"3.33", policy, rule("source: {nets: [10.0.0.0/8], notNets: ['fd00::/8']}"), diag.BadFieldValue, "family"},
		{"3.33", policy, rule("source: {nets: [10.0.0.0/8]}, destination: {nets: ['fd00::/8']}"), diag.BadFieldValue, "family"},
		{"3.33", policy, rule("ipVersion: 6, source: {nets: [10.0.0.0/8]}"), diag.BadFieldValue, "family"},
		{"3.33", policy, rule("source: {notNets: [0.0.0.0/0]}"), diag.BadFieldValue, "no address"},

		{"3.33", policy, egress("destination: {services: {name: db}}"), diag.NoEffect, "matches nothing"},
		{"3.33", global, egress("destination: {services: {name: db}}"), diag.MissingField, "namespace"},
		{"3.33", policy, rule("destination: {services: {name: db, namespace: a}}"), diag.BadFieldValue, "governed end"},
		{"3.33", policy, egress("protocol: TCP, destination: {services: {name: db, namespace: a}, ports: [1]}"), diag.BadFieldValue, "beside"},
		{"3.33", policy, egress("destination: {services: {name: db, namespace: a}, selector: all()}"), diag.BadFieldValue, "beside"},

		{"3.33", policy, "types: [Ingress], selector: " + long, diag.BadFieldValue, "1024"},
		{"3.33", policy, rule("source: {nets: [" + strings.Repeat("10.0.0.0/8, ", 257) + "]}"), diag.BadFieldValue, "256"},
		{"3.33", policy, rule("protocol: TCP, source: {ports: [" + strings.Repeat("80, ", 51) + "]}"), diag.BadFieldValue, "50"},
		{"3.31", policy, rule("protocol: TCP, source: {ports: [" + strings.Repeat("80, ", 51) + "]}"), "", ""},

		{"3.33", policy, "types: [Ingress], tier: early", diag.NotInInput, "early"},
		{"3.31", "NetworkPolicy a/foo.bar", "types: [Ingress]", diag.BadFieldValue, "default.bar"},
		{"3.31", "NetworkPolicy a/default.bar", "types: [Ingress]", "", ""},
		{"3.33", "NetworkPolicy a/foo.bar", "types: [Ingress]", "", ""},
		{"3.33", "Tier default", "order: 5", diag.BadFieldValue, "fixed"},
		{"3.33", "Tier kube-admin", "order: 1000, defaultAction: Pass", "", ""},
		{"3.31", "Tier kube-admin", "order: 5", "", ""},
		{"3.33", "Tier a.b", "order: 5", diag.BadFieldValue, "no name of a tier"},
		{"3.33", "Tier early", "defaultAction: Allow", diag.BadFieldValue, "Deny, Pass"},
		{"3.29", "StagedNetworkPolicy a/p", "types: [Ingress]", diag.NotEnforced, "3.30"},
		{"3.30", "StagedNetworkPolicy a/p", "types: [Ingress]", "", ""},
		{"3.30", "StagedNetworkPolicy a/p", "stagedAction: Learn, types: [Ingress]", diag.NoEffect, "Learn"},
		{"3.30", "StagedNetworkPolicy a/p", "stagedAction: Unset, types: [Ingress]", diag.BadFieldValue, "Ignore"},
		{"3.33", "StagedKubernetesNetworkPolicy a/p", "stagedAction: Set, podSelector: {}", "", ""},
		{"3.33", "StagedKubernetesNetworkPolicy a/p", "stagedAction: Delete", diag.NoEffect, "Delete"},
		{"3.33", "StagedKubernetesNetworkPolicy a/p", "stagedAction: Unset", diag.BadFieldValue, "Ignore"},
		{"3.33", "StagedKubernetesNetworkPolicy a/p", "podSelektor: {}", diag.UnknownField, "podSelektor"},
		{"3.29", "StagedKubernetesNetworkPolicy a/p", "podSelector: {}", diag.NotEnforced, "3.30"},
		{"3.33", "crd:NetworkPolicy a/p", "selector: all()", diag.NoEffect, "storage"},
		{"3.33", global, "types: [Ingress], doNotTrack: true, applyOnForward: true", diag.NoEffect, "host"},
		{"3.33", "HostEndpoint h", "node: node1, interfaceName: '*'", diag.NoEffect, "not judged"},
		{"3.31", "cnp:ClusterNetworkPolicy c", cluster("namespaces: {}"), diag.NotEnforced, "3.32"},
		{"3.33", "cnp:ClusterNetworkPolicy c", cluster("namespaces: {}"), "", ""},
		{"3.33", "cnp:ClusterNetworkPolicy c", cluster("nodes: {}"), diag.NotEnforced, "nodes"},
		{"3.33", "NetworkSet a/s", "nets: [10.0.0.1, 10.0.0.1/8]", diag.ManifestHostBits, "bits"},
		{"3.33", "NetworkSet a/s", "allowedEgressDomains: [x]", diag.UnknownField, "allowedEgressDomains"},
	} {
		text := object(c.what, c.spec)
		_, diags := liftText(t, c.version, text, ir.Inventory{})
		if c.code == "" {
			if len(diags) > 0 {
				t.Errorf("%s %.60s: %v", c.what, c.spec, diags)
			}
			continue
		}
		if len(diags) != 1 || diags[0].Code != c.code || !strings.Contains(diags[0].Summary+" "+diags[0].Detail, c.text) || diags[0].Range.Start.Line < 2 {
			t.Errorf("%s %.80s: %+v, want %s %q", c.what, c.spec, diags, c.code, c.text)
		}
	}
}

// TestSets refuses what network sets would be taken for.
func TestSets(t *testing.T) {
	set := object("GlobalNetworkSet s", "nets: [192.0.2.0/24]")
	for _, text := range []string{
		set + object("cnp:ClusterNetworkPolicy c", "tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}]}]"),
		strings.Replace(set, "k: v", "projectcalico.org/orchestrator: k8s", 1),
		strings.Replace(set, "k: v", "projectcalico.org/namespace: a", 1),
		strings.NewReplacer("labels", "annotations", "k: v", "projectcalico.org/metadata: '{}'", "projectcalico.org/v3", "crd.projectcalico.org/v1").Replace(set),
		object("HostEndpoint h", "node: node1, interfaceName: eth0, profiles: [kns.a]"),
		object("HostEndpoint h", "node: node1"),
		object("HostEndpoint h", "node: node1, interfaceName: eth0, ports: [{name: a, protocol: TCP, port: 1}]"),
	} {
		if _, diags := liftText(t, "3.33", text, ir.Inventory{}); diags.Count(diag.Error) != 1 {
			t.Errorf("%s%v", text, diags)
		}
	}
}

// TestHostEndpoints has what the switch of host endpoints makes of manifests.
func TestHostEndpoints(t *testing.T) {
	auto := strings.Replace(object("HostEndpoint n-auto-hep", "node: node1, interfaceName: '*', expectedIPs: [10.0.0.1]"), "k: v", "projectcalico.org/created-by: calico-kube-controllers", 1)
	cluster := object("cnp:ClusterNetworkPolicy c", "tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}]}]")
	forward := object("GlobalNetworkPolicy p", "types: [Ingress], applyOnForward: true")
	pods := object("GlobalNetworkPolicy p", "types: [Ingress], applyOnForward: true, selector: \"projectcalico.org/orchestrator == 'k8s'\"")
	for _, c := range []struct {
		name, text    string
		off, on       diag.Code
		hosts, staged bool // what there is with it on
	}{
		{"of a node", auto, diag.NoEffect, "", false, false},
		{"of somebody", object("HostEndpoint h", "node: node1, interfaceName: eth0"), diag.NoEffect, diag.NoEffect, false, false},
		{"a cluster policy of namespaces", cluster, "", diag.NotEnforced, false, false},
		{"what nodes forward", forward, "", diag.RefusedField, true, false},
		{"what nodes forward to pods", pods, "", "", false, false},
		{"staged", object("StagedGlobalNetworkPolicy p", "types: [Ingress], ingress: [{action: Deny}]"), "", "", true, true},
		{"of a namespace", object("NetworkPolicy a/p", "types: [Ingress], ingress: [{action: Deny}]"), "", "", false, false},
	} {
		p, off := liftText(t, "3.33", c.text, ir.Inventory{})
		q, on := liftText(t, "3.33", c.text, ir.Inventory{}, "host_endpoints")
		for _, x := range []struct {
			diags diag.List
			want  diag.Code
		}{{off, c.off}, {on, c.on}} {
			if x.want == "" && len(x.diags) > 0 || x.want != "" && (len(x.diags) != 1 || x.diags[0].Code != x.want) {
				t.Errorf("%s: %v, want %q", c.name, x.diags, x.want)
			}
		}
		if !p.Hosts.IsEmpty() || q.Hosts.IsEmpty() == c.hosts || q.HasStaged() != c.staged {
			t.Errorf("%s: %s", c.name, q.Text())
		}
	}
}
