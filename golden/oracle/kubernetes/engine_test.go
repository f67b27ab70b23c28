package kubernetes

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/schemas"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// TestGoldens holds every NetworkPolicy and ClusterNetworkPolicy that Portolan
// emits to the API server's own code.
func TestGoldens(t *testing.T) {
	docs, err := oracle.Emitted("../..")
	if err != nil {
		t.Fatal(err)
	}
	judged := 0
	for _, doc := range docs {
		if objects, _ := decode(doc); len(objects) > 0 {
			judged++
		}
	}
	if judged < 200 {
		t.Errorf("only %d policies", judged)
	}
	rejected, err := New().Accept(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rejected {
		t.Errorf("%s: %s", r.Document.Source, r.Reason)
	}
}

func native(spec string) string {
	return "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: shop}, spec: " + spec + "}"
}

// TestRejected has what each part of the validation is there for.
func TestRejected(t *testing.T) {
	for _, c := range []struct{ name, want, text string }{
		{"unknown field", `unknown field "spec.podSelectr"`, native("{podSelectr: {}}")},
		{"key twice", "already set", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {}\nspec: {}"},
		{"old group", "no kind", "{apiVersion: extensions/v1beta1, kind: NetworkPolicy, metadata: {name: a}, spec: {}}"},
		{"name", "metadata.name", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: A_b}, spec: {}}"},
		{"empty peer", "must specify a peer", native("{ingress: [{from: [{}]}]}")},
		{"block beside selector", "may not specify both", native("{ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}")},
		{"host bits", "10.0.0.1/8", native("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8}}]}]}")},
		{"exception as large", "strict subset", native("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]}")},
		{"port zero", "ports[0].port", native("{ingress: [{ports: [{port: 0}]}]}")},
		{"number as name", "ports[0].port", native("{ingress: [{ports: [{port: '80'}]}]}")},
		{"end before start", "endPort", native("{ingress: [{ports: [{port: 80, endPort: 79}]}]}")},
		{"protocol", "protocol", native("{ingress: [{ports: [{protocol: ICMP}]}]}")},
		{"operator", "matchExpressions", native("{podSelector: {matchExpressions: [{key: a, operator: In}]}}")},
		{"in a list", "must specify a peer", "{apiVersion: v1, kind: List, items: [" + native("{ingress: [{from: [{}]}]}") + "]}"},
		{"cluster policy", "spec.priority", "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {tier: Admin, priority: 1001, subject: {namespaces: {}}}}"},
		{"older cluster policy", "is not ClusterNetworkPolicy", "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: a}, spec: {priority: 1, subject: {namespaces: {}}}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rejected, err := New().Accept([]oracle.Document{{Text: []byte(c.text)}})
			if err != nil || len(rejected) != 1 {
				t.Fatalf("%d rejections, %v", len(rejected), err)
			}
			if got := rejected[0].Reason; !strings.Contains(got, c.want) {
				t.Errorf("got %q, which does not have %q", got, c.want)
			}
		})
	}
}

// TestDrawn demands that what is drawn is accepted.
func TestDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs := Draw(t)
		if rejected, err := New().Accept(docs); err != nil || len(rejected) > 0 {
			t.Fatalf("%v, %v", rejected, err)
		}
		for _, doc := range DrawClusterPolicies(t) {
			if errs := schemas.Validate(doc); len(errs) > 0 {
				t.Fatalf("%s\n%v", doc.Text, errs)
			}
		}
	})
}

// The cluster of the cases: pods web and api of shop and web of lab, without
// labels for the namespace lab; a node of its own and one of another.
func cluster() *oracle.Cluster {
	pod := func(id, ns, app string, n byte, ports ...oracle.NamedPort) oracle.Endpoint {
		return oracle.Endpoint{
			ID: id, Node: "near", Ports: ports, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 244, 0, n})},
			Endpoint: sem.Endpoint{Kind: sem.Pod, Namespace: ns, NamespaceLabels: map[string]map[string]string{"shop": {"team": "red"}}[ns], Labels: map[string]string{"app": app}},
		}
	}
	at := func(id string, kind sem.EndpointKind, address string) oracle.Endpoint {
		return oracle.Endpoint{ID: id, Addresses: []netip.Addr{netip.MustParseAddr(address)}, Endpoint: sem.Endpoint{Kind: kind}}
	}
	return &oracle.Cluster{Endpoints: []oracle.Endpoint{
		pod("web", "shop", "web", 1),
		pod("api", "shop", "api", 2, oracle.NamedPort{Name: "http", Protocol: sem.TCP, Port: 8080}, oracle.NamedPort{Name: "alt", Protocol: sem.TCP, Port: 8080}, oracle.NamedPort{Name: "http", Protocol: sem.UDP, Port: 8081}),
		pod("lab", "lab", "web", 3),
		at("near", sem.OwnNode, "10.0.0.1"), at("far", sem.OtherNode, "10.0.0.2"),
		at("in", sem.External, "192.0.2.1"), at("except", sem.External, "192.0.2.129"),
		at("infra", sem.Infrastructure, "192.0.2.2"),
	}}
}

// TestDecide has what cyclonus does otherwise than Kubernetes, and what is not
// decided. A flow is "FROM TO PROTOCOL PORT".
func TestDecide(t *testing.T) {
	api := "podSelector: {matchLabels: {app: api}}"
	ingress := func(rule string) string { return native("{" + api + ", ingress: [" + rule + "]}") }
	for _, c := range []struct{ name, profile, flow, want, text string }{
		{"selected", "", "web api 6 80", "allowed", ingress("{from: [{podSelector: {matchLabels: {app: web}}}]}")},
		{"other namespace", "", "lab api 6 80", "denied", ingress("{from: [{podSelector: {matchLabels: {app: web}}}]}")},
		{"not in, without the key", "", "lab api 6 80", "allowed", ingress("{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}]}")},
		{"empty value, without the key", "", "lab api 6 80", "denied", ingress("{from: [{namespaceSelector: {matchLabels: {team: ''}}}]}")},
		{"name of the namespace", "", "lab api 6 80", "allowed", ingress("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: lab}}}]}")},
		{"empty port is of TCP", "", "web api 17 80", "denied", ingress("{ports: [{}]}")},
		{"SCTP", "", "web api 132 80", "allowed", ingress("{ports: [{protocol: SCTP, port: 80}]}")},
		{"either name of a port", "", "web api 6 8080", "allowed", ingress("{ports: [{port: alt}]}")},
		{"name of another protocol", "", "web api 17 8080", "denied", ingress("{ports: [{port: http, protocol: UDP}]}")},
		{"name at the other end", "", "web api 6 8080", "allowed", native("{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}")},
		{"egress makes ingress too", "", "lab web 6 80", "denied", native("{podSelector: {matchLabels: {app: web}}, egress: [{}]}")},
		{"empty egress closes nothing", "", "api in 6 80", "allowed", native("{podSelector: {}, egress: []}")},
		{"range", "", "web api 6 90", "allowed", ingress("{ports: [{port: 80, endPort: 90}]}")},
		{"beyond the range", "", "web api 6 91", "denied", ingress("{ports: [{port: 80, endPort: 90}]}")},
		{"block", "", "in api 6 80", "allowed", ingress("{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}]}")},
		{"exception", "", "except api 6 80", "denied", ingress("{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}]}")},
		{"block of pods, open", "", "web api 6 80", "?", ingress("{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}")},
		{"block of pods, open but of no matter", "", "web api 6 80", "allowed", ingress("{from: [{ipBlock: {cidr: 10.244.0.0/16}}, {podSelector: {}}]}")},
		{"block of pods", "cidr_matches_pods=true", "web api 6 80", "allowed", ingress("{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}")},
		{"no block of pods", "cidr_matches_pods=false", "web api 6 80", "denied", ingress("{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}")},
		{"block of nodes", "cidr_matches_nodes=true", "far api 6 80", "allowed", ingress("{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}")},
		{"denied at an end though open at the other", "", "web api 6 80", "denied",
			native("{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: [{to: [{ipBlock: {cidr: 10.244.0.0/16}}]}]}")},
		{"own node", "", "near api 6 80", "?", ingress("{from: []}")},
		{"itself", "", "api api 6 80", "?", ingress("{from: []}")},
		{"ICMP", "", "web api 1 0", "?", ingress("{}")},
		{"infrastructure", "", "infra api 6 80", "?", ingress("{}")},
		{"ranges that are not enforced", "end_port=false", "web api 6 85", "?", ingress("{ports: [{port: 80, endPort: 90}]}")},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, c.profile, c.flow, c.want, c.text) })
	}
	cnp := "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {tier: Admin, priority: 1, " +
		"subject: {pods: {podSelector: {matchLabels: {app: api}}}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}}"
	t.Run("governed", func(t *testing.T) { check(t, "", "web api 6 80", "?", cnp) })
	t.Run("governed in the other direction", func(t *testing.T) { check(t, "", "api web 6 80", "allowed", cnp) })
	t.Run("governed by what nothing enforces", func(t *testing.T) { check(t, "cluster_network_policy=false", "web api 6 80", "allowed", cnp) })
}

func check(t *testing.T, settings, flow, want, text string) {
	t.Helper()
	p, err := profile.Parse(strings.TrimSuffix("kubernetes,"+settings, ","))
	if err != nil {
		t.Fatal(err)
	}
	c := cluster()
	docs := []oracle.Document{{Text: []byte(text)}}
	if rejected, err := New().Accept(docs); err != nil || len(rejected) > 0 {
		t.Fatal(rejected, err)
	}
	policy, err := New().Load(p, c, docs)
	if err != nil {
		t.Fatal(err)
	}
	var from, to string
	var f oracle.Flow
	if _, err := fmt.Sscan(flow, &from, &to, &f.Protocol, &f.Port); err != nil {
		t.Fatal(err)
	}
	for i, e := range c.Endpoints {
		if e.ID == from {
			f.From, f.Source, f.Source.Address = i, e.Endpoint, e.Addresses[0]
		}
		if e.ID == to {
			f.To, f.Destination, f.Destination.Address = i, e.Endpoint, e.Addresses[0]
		}
	}
	v, decided := policy.Decide(&f)
	got := map[bool]string{true: "allowed", false: "denied"}[v.Allowed]
	if !decided {
		got = "?"
	}
	if got != want {
		t.Errorf("%s is %s, not %s: %s", flow, got, want, v.Reason)
	}
}
