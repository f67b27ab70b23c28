package kubernetes

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// endpoint reads "ns/app" (a pod with the label app), "own", "node" or an address.
func endpoint(text string) sem.Endpoint {
	e := sem.Endpoint{Address: netip.MustParseAddr("10.244.0.1")}
	switch ns, app, isPod := strings.Cut(text, "/"); {
	case isPod:
		e.Namespace, e.Labels = ns, map[string]string{"app": app}
	case text == "own" || text == "node":
		e.Kind, e.Address = sem.OwnNode, netip.MustParseAddr("192.168.0.1")
		if text == "node" {
			e.Kind = sem.OtherNode
		}
	default:
		e.Kind, e.Address = sem.External, netip.MustParseAddr(text)
	}
	return e
}

// flowOf reads "from > to protocol port [name]".
func flowOf(text string) sem.Flow {
	w := strings.Fields(text)
	f := sem.Flow{Source: endpoint(w[0]), Destination: endpoint(w[2]), SourcePort: 50000}
	f.Protocol = map[string]uint8{"tcp": sem.TCP, "udp": sem.UDP, "sctp": sem.SCTP, "icmp": sem.ICMP}[w[3]]
	if len(w) > 4 {
		for _, c := range w[4] {
			f.Port = f.Port*10 + uint16(c-'0')
		}
	}
	f.Calls = w[min(5, len(w)):]
	return f
}

func native(spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: " + spec + "\n"
}

func admin(spec string) string {
	return "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: p}\nspec: " + spec + "\n"
}

func TestTraps(t *testing.T) {
	for _, c := range []struct {
		name, text string
		flows      string // "verdict: flow", one on a line
	}{
		{"absent policyTypes close ingress even of an egress policy", native(`{podSelector: {}, egress: [{ports: [{port: 53, protocol: UDP}]}]}`), `
			denied: b/x > a/x tcp 80
			denied: a/x > b/x tcp 53
			allowed: a/x > b/x udp 53`},
		{"an empty egress list does not add Egress", native(`{podSelector: {}, policyTypes: [], egress: []}`), `
			denied: b/x > a/x tcp 80
			allowed: a/x > b/x tcp 80`},
		{"rules beyond policyTypes have no effect", native(`{podSelector: {}, policyTypes: [Ingress], egress: [{ports: [{port: 53}]}]}`), `
			allowed: a/x > b/x tcp 80`},
		{"an absent spec selects the namespace and closes ingress", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\n", `
			denied: b/x > a/x tcp 80
			allowed: b/x > b/y tcp 80
			allowed: own > a/x tcp 80`},
		{"no rules", native(`{podSelector: {}, ingress: []}`), `
			denied: a/y > a/x tcp 80`},
		{"an empty rule", native(`{podSelector: {}, ingress: [{}]}`), `
			allowed: 192.0.2.1 > a/x tcp 80
			allowed: node > a/x icmp`},
		{"empty lists in a rule are absent", native(`{podSelector: {}, ingress: [{from: [], ports: []}]}`), `
			allowed: 192.0.2.1 > a/x sctp 80`},
		{"null is absent", native(`{podSelector: null, policyTypes: null, ingress: [{from: null, ports: null}]}`), `
			allowed: 192.0.2.1 > a/x tcp 80`},
		{"an empty port is every TCP port", native(`{podSelector: {}, ingress: [{ports: [{}]}]}`), `
			allowed: b/x > a/x tcp 80
			denied: b/x > a/x udp 80
			denied: b/x > a/x icmp`},
		{"a protocol alone is all of its ports", native(`{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}`), `
			allowed: b/x > a/x udp 80
			denied: b/x > a/x tcp 80`},
		{"one item with both selectors is a conjunction", native(`{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}, podSelector: {matchLabels: {app: x}}}]}]}`), `
			allowed: b/x > a/x tcp 80
			denied: b/y > a/x tcp 80
			denied: a/x > a/x tcp 80`},
		{"two items are a union", native(`{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}, {podSelector: {matchLabels: {app: x}}}]}]}`), `
			allowed: b/y > a/x tcp 80
			allowed: a/x > a/x tcp 80
			denied: a/y > a/x tcp 80`},
		{"an empty podSelector is the policy's namespace", native(`{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}`), `
			allowed: a/y > a/x tcp 80
			denied: b/y > a/x tcp 80`},
		{"an empty namespaceSelector is every namespace, and no host", native(`{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}`), `
			allowed: c/y > a/x tcp 80
			denied: node > a/x tcp 80
			denied: 192.0.2.1 > a/x tcp 80`},
		{"NotIn is satisfied by absence", native(`{podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [db]}]}}`), `
			denied: b/y > a/x tcp 80`},
		{"a selector that nothing satisfies", native(`{podSelector: {matchLabels: {app: x}, matchExpressions: [{key: app, operator: DoesNotExist}]}}`), `
			allowed: b/y > a/x tcp 80`},
		{"every namespace has its name", native(`{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: DoesNotExist}]}}]}]}`), `
			denied: b/y > a/x tcp 80`},
		{"peers that nothing satisfies are not every peer", native(`{podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: k, operator: Exists}, {key: k, operator: DoesNotExist}]}}]}]}`), `
			denied: b/y > a/x tcp 80`},
		{"exceptions may take all of a range", native(`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [0.0.0.0/1, 128.0.0.0/1]}}]}]}`), `
			denied: 192.0.2.1 > a/x tcp 80
			denied: b/y > a/x tcp 80`},
		{"an exception is its own item's only", native(`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.1/32]}}, {ipBlock: {cidr: 192.0.2.1/32}}]}]}`), `
			allowed: 192.0.2.1 > a/x tcp 80`},
		{"a range of one family has nothing of the other", native(`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}`), `
			allowed: 192.0.2.1 > a/x tcp 80
			denied: 2001:db8::1 > a/x tcp 80`},
		{"whether a range has pods is the CNI's", native(`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}`), `
			unknown: b/y > a/x tcp 80
			denied: node > a/x tcp 80
			allowed: 10.0.0.1 > a/x tcp 80`},
		{"a range of ports", native(`{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 80}, {port: 8000, endPort: 8080}]}]}`), `
			allowed: b/y > a/x tcp 80
			denied: b/y > a/x tcp 81
			allowed: b/y > a/x tcp 8080`},
		{"a port by name is the destination pod's", native(`{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: web}]}]}`), `
			allowed: a/x > b/y tcp 8080 web
			denied: a/x > b/y udp 8080 web
			denied: a/x > b/y tcp 8080
			denied: a/x > 192.0.2.1 tcp 8080 web`},
		{"a policy is of the namespace default where it names none", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n", `
			denied: b/x > default/x tcp 80
			allowed: b/x > a/x tcp 80`},

		{"a cluster policy isolates nothing", admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]}`), `
			allowed: 192.0.2.1 > a/x tcp 80`},
		{"an Admin Accept goes before a network policy, for its direction", native(`{podSelector: {}, policyTypes: [Ingress, Egress]}`) + "---\n" +
			admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]}`), `
			allowed: b/x > a/x tcp 80
			denied: a/x > b/x tcp 80`},
		{"a network policy is final for what it isolates", native(`{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}`) + "---\n" +
			admin(`{tier: Baseline, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}`), `
			allowed: a/y > a/x tcp 80
			denied: a/y > b/x tcp 80`},
		{"Pass in Baseline is allowed", admin(`{tier: Baseline, priority: 1, subject: {namespaces: {}}, ingress: [{action: Pass, from: [{namespaces: {}}]}, {action: Deny, from: [{namespaces: {}}]}]}`), `
			allowed: a/y > b/x tcp 80`},
		{"the first rule that matches decides", admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{pods: {podSelector: {matchLabels: {app: x}}}}]}, {action: Deny, from: [{namespaces: {}}]}]}`), `
			allowed: a/x > b/x tcp 80
			denied: a/y > b/x tcp 80`},
		{"networks have pods and nodes too", admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: ["0.0.0.0/0"]}]}]}`), `
			denied: a/x > b/x tcp 80
			denied: a/x > node icmp
			denied: a/x > 192.0.2.1 tcp 80
			allowed: a/x > 2001:db8::1 tcp 80`},
		{"a port by name is of every protocol", admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], protocols: [{destinationNamedPort: web}]}]}`), `
			denied: a/x > b/x udp 80 web
			allowed: a/x > b/x udp 80`},
		{"labels of nodes are not known", admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{nodes: {matchLabels: {disk: ssd}}}]}]}`), `
			unknown: a/x > node tcp 80
			allowed: a/x > b/x tcp 80`},
		{"policies of one priority that contradict each other", admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}`) + "---\n" +
			strings.Replace(admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{pods: {podSelector: {matchLabels: {app: x}}}}]}]}`), "name: p", "name: q", 1), `
			unknown: a/x > b/x tcp 80
			denied: a/y > b/x tcp 80`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, diags := Frontend{}.Lift(read(t, []byte(c.text)), options(t, profile.Kubernetes))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			for line := range strings.Lines(strings.TrimSpace(c.flows)) {
				want, flow, _ := strings.Cut(strings.TrimSpace(line), ": ")
				if got := sem.Decide(sem.Policy{{Program: p, Scope: sem.CNI}}, flowOf(flow)); got.Outcome.String() != want {
					t.Errorf("%s: want %s, got %s\n%s", flow, want, got.Outcome, p.Text())
				}
			}
		})
	}
}

func options(t *testing.T, e profile.Engine) lift.Options {
	t.Helper()
	p, err := profile.Of(string(e), "")
	if err != nil {
		t.Fatal(err)
	}
	return lift.Options{Profile: p}
}

func TestRefusals(t *testing.T) {
	rule := func(r string) string { return native(`{podSelector: {}, ingress: [` + r + `]}`) }
	guard := func(r string) string {
		return admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [` + r + `]}`)
	}
	for _, c := range []struct{ text, want string }{
		{"apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: p}\n", "networking.k8s.io/v1"},
		{"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p}\n", "v1alpha2"},
		{"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: p}\n", "v1alpha2"},
		{native(`{podSelector: {}, ingres: []}`), "ingres"},
		{strings.Replace(native(`{}`), "name: p", "name: P", 1), `"P"`},
		{strings.Replace(admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}}`), "name: p", "name: p, namespace: a", 1), "namespace"},
		{native(`{podSelector: {}, policyTypes: [ingress]}`), "ingress"},
		{native(`{podSelector: {}, policyTypes: [Ingress, Ingress, Egress]}`), "policyTypes"},
		{native(`{podSelector: {matchLabels: {"a b": c}}}`), "a b"},
		{native(`{podSelector: {matchLabels: {a: true}}}`), "quotes"},
		{native(`{podSelector: {matchExpressions: [{key: a, operator: In}]}}`), "values"},
		{native(`{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}`), "values"},
		{native(`{podSelector: {matchExpressions: [{key: a, operator: Gt, values: ["1"]}]}}`), "Gt"},
		{native(`{podSelector: {}, ingress: [null]}`), "null"},
		{rule(`{from: [null]}`), "null"},
		{rule(`{ports: [null]}`), "null"},
		{rule(`{from: {}}`), "list"},
		{rule(`{to: []}`), "ingress[0].to"},
		{rule(`{from: [{}]}`), "peer"},
		{rule(`{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}`), "ipBlock"},
		{rule(`{from: [{ipBlock: {}}]}`), "cidr"},
		{rule(`{from: [{ipBlock: {cidr: 10.0.0.1}}]}`), "10.0.0.1"},
		{rule(`{from: [{ipBlock: {cidr: 010.0.0.0/8}}]}`), "010"},
		{rule(`{from: [{ipBlock: {cidr: "::ffff:10.0.0.0/104"}}]}`), "IPv6"},
		{rule(`{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}`), "11.0.0.0/16"},
		{rule(`{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}`), "10.0.0.0/8"},
		{rule(`{from: [{ipBlock: {cidr: 10.0.0.0/8, except: ["2001:db8::/32"]}}]}`), "2001:db8::/32"},
		{rule(`{ports: [{port: 0}]}`), "65535"},
		{rule(`{ports: [{port: 65536}]}`), "65535"},
		{rule(`{ports: [{port: "80"}]}`), "80"},
		{rule(`{ports: [{port: a--b}]}`), "a--b"},
		{rule(`{ports: [{port: web, endPort: 80}]}`), "endPort"},
		{rule(`{ports: [{endPort: 80}]}`), "endPort"},
		{rule(`{ports: [{port: 81, endPort: 80}]}`), "endPort"},
		{rule(`{ports: [{protocol: tcp}]}`), "TCP"},
		{rule(`{ports: [{protocol: ICMP}]}`), "SCTP"},

		{admin(`{priority: 1, subject: {namespaces: {}}}`), "tier"},
		{admin(`{tier: Admin, subject: {namespaces: {}}}`), "priority"},
		{admin(`{tier: Admin, priority: 1}`), "subject"},
		{admin(`{tier: Admin, priority: 1001, subject: {namespaces: {}}}`), "1000"},
		{admin(`{tier: Middle, priority: 1, subject: {namespaces: {}}}`), "Baseline"},
		{admin(`{tier: Admin, priority: 1, subject: {}}`), "namespaces"},
		{admin(`{tier: Admin, priority: 1, subject: {namespaces: {}, pods: {podSelector: {}}}}`), "pods"},
		{admin(`{tier: Admin, priority: 1, subject: {pods: {}}}`), "podSelector"},
		{admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{networks: ["10.0.0.0/8"]}]}]}`), "networks"},
		{guard(`{action: Allow, to: [{namespaces: {}}]}`), "Accept"},
		{guard(`{action: Deny}`), "to is missing"},
		{guard(`{action: Deny, to: []}`), "to is empty"},
		{guard(`{action: Deny, to: [{}]}`), "peer"},
		{guard(`{action: Deny, to: [{domainNames: [example.com]}]}`), "Accept"},
		{guard(`{action: Accept, to: [{domainNames: ["a.*.com"]}]}`), "a.*.com"},
		{guard(`{action: Deny, to: [{networks: [10.0.0.1]}]}`), "10.0.0.1"},
		{guard(`{action: Deny, to: [{networks: [10.0.0.0/8, 10.0.0.0/8]}]}`), "twice"},
		{guard(`{action: Deny, to: [{namespaces: {}}], protocols: []}`), "protocols"},
		{guard(`{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {}}]}`), "destinationPort"},
		{guard(`{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {}}}]}`), "number"},
		{guard(`{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 80, end: 80}}}}]}`), "end"},
		{guard(`{action: Deny, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: web}]}`), "destinationNamedPort"},
		{guard(`{action: Deny, to: [` + strings.Repeat("{namespaces: {}},", 26) + `]}`), "25"},
		{guard(strings.Repeat(`{action: Deny, to: [{namespaces: {}}]},`, 26)), "25"},
	} {
		_, diags := Frontend{}.Lift(read(t, []byte(c.text)), options(t, profile.Kubernetes))
		found := false
		for _, d := range diags {
			found = found || strings.Contains(d.Summary+d.Detail, c.want) && !d.Range.IsZero()
		}
		if !diags.HasErrors() || !found {
			t.Errorf("want an error with %q at a place for\n%s\ngot %v", c.want, c.text, diags)
		}
	}
}

func TestSubjectsAreNamedAfterTheInventory(t *testing.T) {
	web, _ := ir.InNamespace("a").WithLabels(ir.MatchLabels(map[string]string{"app": "web"}))
	o := options(t, profile.Kubernetes)
	o.Inventory.Namespaces = []ir.Namespace{{Address: "a", Name: "a"}}
	o.Inventory.Workloads = []ir.Workload{{Address: "a/web", Name: "web", Namespace: "a", Pods: web}}
	for selector, want := range map[string]ir.SubjectKind{
		`{}`: ir.SubjectNamespace, `{matchLabels: {app: web}}`: ir.SubjectWorkload, `{matchLabels: {app: db}}`: ir.SubjectInline,
	} {
		policies, diags := Policies(read(t, []byte(native(`{podSelector: `+selector+`}`))), o)
		if len(diags) > 0 || len(policies) != 1 || policies[0].Subject.Kind != want {
			t.Errorf("%s: %v %v", selector, policies, diags)
		}
	}
}

func TestVeryManyTiesAreUnknown(t *testing.T) {
	var text strings.Builder
	for i := range maxCompared {
		action := []string{"Deny", "Accept"}[i%2]
		text.WriteString(strings.Replace(admin(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: `+action+`, from: [{namespaces: {}}]}, {action: Pass, from: [{namespaces: {}}]}]}`),
			"name: p", fmt.Sprint("name: p", i), 1) + "---\n")
	}
	p, diags := Frontend{}.Lift(read(t, []byte(text.String())), options(t, profile.Kubernetes))
	if got := sem.Decide(sem.Policy{{Program: p, Scope: sem.CNI}}, flowOf("a/x > b/x tcp 80")); got.Outcome != sem.Unknown {
		t.Errorf("%s, %v", got.Outcome, diags)
	}
}
