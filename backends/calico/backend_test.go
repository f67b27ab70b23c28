package calico

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// objects gives what an intent becomes, by kind and name.
func objects(t *testing.T, text string) map[string]string {
	t.Helper()
	list, diags := Backend{}.Lower(program(t, text), target(lower.Alone))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	out := map[string]string{}
	for _, o := range list {
		validate(t, o)
		key := strings.TrimPrefix(o.Namespace+"/", "/") + o.Name
		if o.Kind == "Tier" {
			key = "tier " + o.Name
		}
		if _, twice := out[key]; twice {
			t.Errorf("%s twice", key)
		}
		b, err := manifest.Append(nil, o)
		if err != nil {
			t.Fatal(err)
		}
		out[key] = string(b)
	}
	return out
}

const shop = `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
%s
}
`

const facts = `
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}
`

// What an intent's objects hold, or do not. Each case is one decision.
func TestObjects(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       map[string][]string // by object, what it holds; "!" what it does not
		none       []string            // objects that there must not be
		only       int                 // how many objects there are; 0 for any
	}{
		{name: "a closed namespace", text: fmt.Sprintf(shop, ""), want: map[string][]string{
			"shop/shop--all": {"selector: all()\n", "- Ingress\n", "- Egress\n", "order: 1000\n", "tier: default\n", "k8s-app == 'kube-dns'", "portolan.dev/dns: shop\n"},
			"shop/db":        {"selector: app == 'db'\n", "- Ingress\n", "!- Egress\n", "selector: projectcalico.org/orchestrator == 'k8s' && app == 'web'\n", "portolan.dev/rule: shop/web->db\n", "- 5432\n"},
			"shop/web":       {"!- Ingress\n", "- Egress\n"},
		}},
		{name: "a deny comes before every allow, in a tier that closes nothing", text: fmt.Sprintf(shop, `  deny self to "kube.ops" {}`) + kube, want: map[string][]string{
			"tier portolan":                 {"order: 999999.5\n", "defaultAction: Pass\n"},
			"shop/portolan.shop--all--deny": {"tier: portolan\n", "order: 200\n", "action: Deny\n", "!action: Pass"},
		}},
		{name: "a deny on open pods, also one that logs, leaves the rest to others", text: `
namespace "shop" {
  default_deny = "none"
  workload "web" { labels = { app = "web" } }
  deny web to "kube.ops" { log = true }
}` + kube, want: map[string][]string{
			"shop/portolan.web--deny": {"order: 200\n", "- action: Log\n", "- action: Deny\n", "- Egress\n", "!- Ingress\n"},
		}, only: 2},
		{name: "a deny of the cluster", text: fmt.Sprintf(shop, "") + "deny others2 to cluster {}\nexternal \"others2\" { cidrs = [\"192.0.2.0/24\"] }\n" + facts, want: map[string][]string{
			"portolan.cluster--all--deny": {"namespaceSelector: all()\n", "selector: projectcalico.org/orchestrator == 'k8s'\n", "- Ingress\n"},
		}},
		{name: "a deny of a partly open namespace", text: `
namespace "shop" {
  workload "web" {
    labels       = { app = "web" }
    default_deny = "none"
  }
  deny self to "kube.ops" {}
}` + kube, want: map[string][]string{
			"shop/portolan.shop--all--deny": {"selector: all()\n", "- Egress\n", "!- Ingress"},
		}},
		{name: "without a deny there is no tier for denies", text: fmt.Sprintf(shop, ""), none: []string{"tier portolan"}},
		{name: "a tier passes by default", text: fmt.Sprintf(shop, "") + `
tier "security" {
  description = "keep out"
  order       = 100
  deny abuse to cluster {}
  pass "shop.web" to "shop.db" {}
}
external "abuse" { cidrs = ["192.0.2.0/24"] }
`, want: map[string][]string{
			"tier security":               {"order: 100\n", "defaultAction: Pass\n", "portolan.dev/description: keep out\n"},
			"security.cluster--all--deny": {"tier: security\n", "order: 200\n"},
			"shop/security.web--pass":     {"order: 300\n", "action: Pass\n", "- Egress\n"},
			"shop/security.db--pass":      {"- Ingress\n"},
		}, none: []string{"tier portolan", "tier security--log", "cluster--all--deny"}},
		{name: "a tier that denies closes its rules' subjects, and no subject of a log", text: fmt.Sprintf(shop, "") + `
tier "pci" {
  order   = 10
  default = "deny"
  allow "shop.web" to "shop.db" { tcp = [5432] }
  allow "shop.web" to dns {}
  log "shop" to world {}
}
` + facts, want: map[string][]string{
			"tier pci":                     {"defaultAction: Deny\n"},
			"shop/pci.db":                  {"tier: pci\n", "order: 1000\n", "- Ingress\n", "!- Egress\n"},
			"shop/pci.web":                 {"- Egress\n", "!- Ingress\n"},
			"tier pci--log":                {"order: 9.5\n", "defaultAction: Pass\n"},
			"shop/pci--log.shop--all--log": {"tier: pci--log\n", "order: 100\n", "action: Log\n", "notNets:\n"},
		}},
		{name: "a rule that also logs", text: fmt.Sprintf(shop, "  allow db to web {\n    tcp = [80]\n    log = true\n  }\n  allow a { \n from = [db] \n to = [web] \n tcp = [81] \n }"), want: map[string][]string{
			"shop/web": {"action: Log\n            protocol: TCP", "- 80\n"},
		}},
		{name: "the cluster's default", text: "cluster { default_deny = \"both\" }\n" + fmt.Sprintf(shop, ""), want: map[string][]string{
			"cluster--default": {"selector: projectcalico.org/orchestrator == 'k8s'\n", "namespaceSelector: projectcalico.org/name != 'kube-system'\n", "- Ingress\n", "- Egress\n"},
		}},
		{name: "peers in other namespaces", text: fmt.Sprintf(shop, `
  allow others to web { tcp = [80] }
  allow "kube.ops" to web { tcp = [81] }
  allow metrics {
    from = [namespaces({ team = ["a", "b"], stage = not("test") })]
    to   = [web]
    tcp  = [82]
  }
  allow everyone {
    from = [cluster]
    to   = [db]
    tcp  = [83]
  }`) + kube, want: map[string][]string{
			"shop/web": {
				"namespaceSelector: projectcalico.org/name != 'shop'\n              selector: projectcalico.org/orchestrator == 'k8s'\n",
				"namespaceSelector: projectcalico.org/name == 'kube'\n              selector: projectcalico.org/orchestrator == 'k8s' && app == 'ops'\n",
				"namespaceSelector: stage != 'test' && team in {'a', 'b'}\n",
			},
			"shop/db": {"namespaceSelector: all()\n"},
		}},
		{name: "every form of a label", text: fmt.Sprintf(shop, `
  workload "odd" {
    labels = { a = "x", b = ["x", "y"], c = any, d = absent, e = not("x"), f = not("x", "y") }
  }
  allow odd to db { tcp = [1] }`), want: map[string][]string{
			"shop/odd": {"selector: a == 'x' && b in {'x', 'y'} && has(c) && !has(d) && e != 'x' && f not in {'x', 'y'}\n"},
		}},
		{name: "accounts", text: `
namespace "shop" {
  workload "robot" { service_account = "robot" }
  workload "db" { labels = { app = "db" } }
  allow robot to db { tcp = [1] }
}`, want: map[string][]string{
			"shop/robot": {"selector: projectcalico.org/serviceaccount == 'robot'\n"},
			"shop/db":    {"serviceAccounts:\n", "- robot\n"},
		}},
		{name: "ports and protocols", text: fmt.Sprintf(shop, `
  allow db to web {
    tcp    = [80, "8000-8080", "admin"]
    udp    = any
    sctp   = [7]
    icmp   = [8, "3/4"]
    icmpv6 = any
  }`), want: map[string][]string{
			"shop/web": {"protocol: TCP\n", "- 80\n", `8000:8080`, "- admin\n", "protocol: UDP\n", "protocol: SCTP\n", "protocol: ICMP\n", "type: 8\n", "code: 4\n", "protocol: ICMPv6\n"},
		}},
		{name: "addresses by family", text: fmt.Sprintf(shop, `  allow db to world { tcp = [443] }`) + facts, want: map[string][]string{
			"shop/db": {"nets:\n              - 0.0.0.0/0\n              notNets:\n              - 10.0.0.0/24\n              - 10.244.0.0/16\n", "nets:\n              - \"::/0\"\n"},
		}},
		{name: "nodes", text: fmt.Sprintf(shop, `  allow nodes to db { tcp = [443] }`) + facts, want: map[string][]string{
			"shop/db": {"nets:\n              - 10.0.0.0/24\n"},
		}},
		{name: "the API server by its Service", text: fmt.Sprintf(shop, `  allow db to apiserver {}`), want: map[string][]string{
			"shop/db": {"services:\n", "name: kubernetes\n", "namespace: default\n", "action: Allow\ndestination:\n", "!nets"},
		}},
		{name: "the API server by address", text: fmt.Sprintf(shop, "  allow db to apiserver { tcp = [6443] }\n  allow apiserver to db { tcp = [443] }") + `cluster { api_server = ["203.0.113.1/32"] }`, want: map[string][]string{
			"shop/db": {"- 203.0.113.1/32\n", "- 6443\n", "- 443\n", "!services"},
		}},
		{name: "the API server as a source", text: fmt.Sprintf(shop, `  allow apiserver to db { tcp = [443] }`), want: map[string][]string{
			"shop/db": {"source:\n              services:\n", "destination:\n              ports:\n              - 443\n"},
		}},
		{name: "all ports but one", text: fmt.Sprintf(shop, "  allow db to web { tcp = [\"1-21\", \"23-65535\"] }"), want: map[string][]string{
			"shop/web": {"notPorts:\n              - 22\n", "!1:21"},
		}},
		{name: "a staged rule stands beside what is enforced", text: fmt.Sprintf(shop, "  allow db to web {\n    tcp  = [80]\n    mode = \"staged\"\n  }"), want: map[string][]string{
			"shop/web":         {"kind: NetworkPolicy\n", "!action: Allow\n            protocol: TCP\n            source"},
			"shop/web--staged": {"kind: StagedNetworkPolicy\n", "stagedAction: Set\n", "order: 1000\n", "- Ingress\n", "!- Egress\n"},
		}},
		{name: "the name of a part of a part", text: strings.ReplaceAll(fmt.Sprintf(shop, "  deny db to web {\n    mode = \"staged\"\n  }"), "web", strings.Repeat("w", 52)), only: 6},
		{name: "node-local DNS", text: fmt.Sprintf(shop, "") + `cluster {
  dns { node_local = ["169.254.20.10/32"] }
}`, want: map[string][]string{"shop/shop--all": {"- 169.254.20.10/32\n", "k8s-app == 'kube-dns'"}}},
		{name: "a named port towards anywhere is a pod's", text: fmt.Sprintf(shop, `  allow db to anywhere { tcp = [80, "admin"] }`), want: map[string][]string{
			"shop/db": {"destination:\n              ports:\n              - 80\n", "namespaceSelector: all()\n              selector: projectcalico.org/orchestrator == 'k8s'\n              ports:\n              - admin\n"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := objects(t, c.text)
			for name, holds := range c.want {
				text, ok := got[name]
				if !ok {
					t.Errorf("no object %s", name)
				}
				for _, h := range holds {
					// Lists of manifests may be indented or not.
					has := strings.Contains(squeeze(text), squeeze(strings.TrimPrefix(h, "!")))
					if has == strings.HasPrefix(h, "!") {
						t.Errorf("%s: %q\n%s", name, h, text)
					}
				}
			}
			if c.only > 0 && len(got) != c.only {
				t.Errorf("%d objects", len(got))
			}
			for _, name := range c.none {
				if text, ok := got[name]; ok {
					t.Errorf("an object %s\n%s", name, text)
				}
			}
		})
	}
}

// squeeze makes text comparable whatever its indentation.
func squeeze(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimLeft(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

const kube = `
namespace "kube" {
  managed = false
  workload "ops" { labels = { app = "ops" } }
}
`

// Adding a rule adds to its two ends and leaves every other object as it was.
func TestNoChurn(t *testing.T) {
	before := objects(t, fmt.Sprintf(shop, "  deny old {\n from = [db]\n to = [web]\n tcp = [9]\n }")+kube)
	for rule, ends := range map[string][]string{
		"  deny no {\n from = [web]\n to = [db]\n tcp = [1]\n }":                  {"shop/portolan.db--deny", "shop/portolan.web--deny"},
		"  deny self to db { tcp = [1] }":                                         {"shop/portolan.db--deny", "shop/portolan.shop--all--deny"},
		"  allow db to web { tcp = [1] }":                                         {"shop/db", "shop/web"},
		`  allow "kube.ops" to web {}`:                                            {"shop/web"},
		`  allow "kube.ops" to self {}`:                                           {"shop/shop--all"},
		"  workload \"new\" { labels = { app = \"new\" } }\n  deny new to web {}": {"shop/portolan.new--deny", "shop/portolan.web--deny"},
	} {
		after := objects(t, fmt.Sprintf(shop, "  deny old {\n from = [db]\n to = [web]\n tcp = [9]\n }\n"+rule)+kube)
		var changed []string
		for name, text := range after {
			if before[name] != text {
				changed = append(changed, name)
			}
		}
		slices.Sort(changed)
		if len(after) < len(before) || !slices.Equal(changed, ends) {
			t.Errorf("%s changes %q", rule, changed)
		}
	}
}

// Each refusal is said once, at the rule, whichever ends it has.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, text string
		code       diag.Code
		says       string
	}{
		{"http", fmt.Sprintf(shop, "  allow db to web {\n    tcp  = [80]\n    http = [\"GET /\"]\n  }"), diag.LacksHTTP, "every request"},
		{"grpc", fmt.Sprintf(shop, "  allow db to web {\n    tcp  = [80]\n    grpc = [\"a.B/*\"]\n  }"), diag.LacksGRPC, "every request"},
		{"fqdn", fmt.Sprintf(shop, `  allow db to stripe { tcp = [443] }`) + `external "stripe" { fqdns = ["api.stripe.com"] }`, diag.LacksFQDN, "api.stripe.com"},
		{"mtls", strings.Replace(fmt.Sprintf(shop, ""), "{\n", "{\n  mtls = \"strict\"\n", 1), diag.LacksMTLS, "certificates"},
		{"dns names", "namespace \"shop\" {\n  dns = false\n  workload \"web\" { labels = { app = \"web\" } }\n  allow web to dns {\n    udp = [53]\n    dns = [\"example.com\"]\n  }\n}", diag.LacksDNS, "DNS queries"},
		{"nodes without facts", fmt.Sprintf(shop, `  allow nodes to db { tcp = [443] }`), diag.NeedsFact, "node_cidrs and pod_cidrs"},
		{"API server's ports without facts", fmt.Sprintf(shop, `  allow db to apiserver { tcp = [6443] }`), diag.NeedsFact, "addresses are not stated"},
		{"deny of the API server without facts", fmt.Sprintf(shop, `  deny db to apiserver {}`), diag.NeedsFact, "addresses are not stated"},
		{"deny of the world without facts", fmt.Sprintf(shop, `  deny db to world {}`), diag.NeedsFact, "pod_cidrs"},
		{"Calico's own tier", "tier \"kube-admin\" {\n  order = 5\n  deny cluster to \"kube.ops\" {}\n}" + kube, diag.CannotSay, "kube-admin"},
		{"our own tier", "tier \"portolan\" {\n  order = 5\n  deny cluster to \"kube.ops\" {}\n}" + kube, diag.CannotSay, "Portolan has a tier \"portolan\""},
		{"Calico's own label", fmt.Sprintf(shop, "  workload \"x\" { labels = { \"projectcalico.org/namespace\" = \"x\" } }\n  allow x to db {}"), diag.CannotSay, "overwrites"},
		{"Calico's own namespace label", fmt.Sprintf(shop, "  allow a {\n    from = [namespaces({ \"projectcalico.org/name\" = \"x\" })]\n    to   = [db]\n  }"), diag.CannotSay, "itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			errors := slices.DeleteFunc(refused(t, c.text), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
			if len(errors) != 1 || errors[0].Code != c.code || !strings.Contains(errors[0].Summary, c.says) || errors[0].Detail == "" || errors[0].Address == "" {
				t.Errorf("%v", errors)
			}
		})
	}
}

func TestLeftOut(t *testing.T) {
	for _, text := range []string{
		fmt.Sprintf(shop, `  allow db to world { tcp = [443] }`),
		fmt.Sprintf(shop, `  allow db to apiserver {}`),
	} {
		diags := refused(t, text)
		if diags.HasErrors() || len(diags) != 1 || diags[0].Code != diag.LeftOut {
			t.Errorf("%v", diags)
		}
	}
}

// one makes a program of one ingress rule of shop/db, which is closed.
func one(r ir.Rule) *ir.Program {
	db, _ := ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"app": "db"}))
	subject := ir.Subject{Pods: db, Address: "shop/db", Kind: ir.SubjectWorkload}
	if r.Subject.Kind == 0 {
		r.Subject = subject
	}
	if r.Action == 0 {
		r.Action = ir.Allow
	}
	r.Origin = ir.Origin{Kind: ir.FromRule, Address: "shop/rule"}
	return &ir.Program{Inventory: inventory(), Ingress: []ir.Stage{{
		Name: ir.StageRules, Levels: []ir.Level{{Rules: []ir.Rule{r}}},
		Isolate: []ir.Isolation{{Subject: r.Subject, Origin: ir.Origin{Kind: ir.FromDefault, Address: "shop"}}},
	}}}
}

func peersOf(p ...ir.Peer) ir.Peers {
	out, _ := ir.PeersOf(p...)
	return out
}

// Lists beyond Calico's bounds become several rules, and never one for
// everything.
func TestBounds(t *testing.T) {
	var ports []set.PortRange
	for i := range 120 {
		ports = append(ports, set.PortRange{First: uint16(2*i + 1), Last: uint16(2*i + 1)})
	}
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("a-namespace-%03d", i))
	}
	var apart []string // too far apart to be anything but exceptions
	for i := range 300 {
		apart = append(apart, fmt.Sprintf("198.%d.%d.1/32", i/3, 80*(i%3)))
	}
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("198.51.%d.%d/32", i/100, 2*(i%100)))
	}
	tcp := ir.PortTraffic(ir.TCP, set.SinglePort(80))
	labelled, _ := ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"app": "web"}))
	values, _ := ir.Select(ir.Requirement{Key: "app", Constraint: ir.OneOf(names...)})
	not, _ := ir.Select(ir.Requirement{Key: "app", Constraint: ir.NotOneOf(names...)})
	for _, c := range []struct {
		name  string
		rule  ir.Rule
		rules int // 0 for a refusal
		sets  int
	}{
		{"ports", ir.Rule{Peers: peersOf(labelled), Traffic: ir.PortTraffic(ir.TCP, set.PortsOf(ports...))}, 3, 0},
		{"addresses", ir.Rule{Peers: peersOf(ir.External{Addresses: prefixes(many...)}), Traffic: tcp}, 1, 1},
		{"exceptions", ir.Rule{Peers: peersOf(ir.External{Addresses: prefixes("198.0.0.0/8").Subtract(prefixes(apart...))}), Traffic: tcp}, 1, 1},
		{"namespaces", ir.Rule{Peers: peersOf(ir.InNamespace(names...)), Traffic: tcp}, 2, 0},
		{"namespaces one by one", ir.Rule{Peers: peersOf(each(names)...), Traffic: tcp}, 2, 0},
		{"values", ir.Rule{Peers: peersOf(ir.Pods{Labels: values, Account: ir.Anything()}), Traffic: tcp}, 2, 0},
		{"what values are not", ir.Rule{Peers: peersOf(ir.Pods{Labels: not, Account: ir.Anything()}), Traffic: tcp}, 0, 0},
		{"a subject", ir.Rule{Subject: ir.Subject{Pods: ir.Pods{Labels: values, Account: ir.Anything()}, Kind: ir.SubjectInline}, Peers: peersOf(labelled), Traffic: tcp}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, diags := Backend{}.Lower(one(c.rule), target(lower.Alone))
			if c.rules == 0 {
				if len(diags) != 1 || diags[0].Code != diag.OverBound || !strings.Contains(diags[0].Summary, "1024") {
					t.Errorf("%v", diags)
				}
				return
			}
			if len(diags) > 0 || len(list) != 1+c.sets {
				t.Fatal(diags, list)
			}
			for _, o := range list {
				validate(t, o)
			}
			if s, _ := specOf(t, list[c.sets]); len(s.ingress) != c.rules {
				t.Errorf("%d rules\n%s", len(s.ingress), print(t, list))
			}
		})
	}
}

// A set is selected by what no pod has, whatever the pod's labels are.
func TestSetsAreNoPods(t *testing.T) {
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("198.51.%d.%d/32", i/100, 2*(i%100)))
	}
	for _, global := range []bool{false, true} {
		r := ir.Rule{Peers: peersOf(ir.External{Addresses: prefixes(many...)}), Traffic: ir.AllTraffic()}
		if global {
			r.Subject = ir.SubjectOf(ir.AllPods())
		}
		list, diags := Backend{}.Lower(one(r), target(lower.Alone))
		if len(diags) > 0 || len(list) != 2 || (list[0].Kind == "GlobalNetworkSet") != global {
			t.Fatal(diags, list)
		}
		s, _ := specOf(t, list[1])
		e := s.ingress[0].Source
		_, digest, _ := strings.Cut(list[0].Name, "--")
		forged := pod("shop", nil, "default", map[string]string{addressesLabel: digest}, 1)
		if match1(e.Selector, forged.labels) || !match1(e.Selector, map[string]string{addressesLabel: digest}) || (e.NamespaceSelector == "global()") != global {
			t.Errorf("%+v", e)
		}
	}
}

// Rules beyond what a policy takes are in further ones, each of its own order.
func TestParts(t *testing.T) {
	p := one(ir.Rule{Peers: peersOf(ir.AnyPeer{}), Traffic: ir.AllTraffic()})
	rule := p.Ingress[0].Levels[0].Rules[0]
	p.Ingress[0].Levels[0].Rules = nil
	for i := range 2500 {
		r := rule
		r.Traffic = ir.PortTraffic(ir.TCP, set.SinglePort(uint16(i+1)))
		r.Origin.Address = fmt.Sprintf("shop/%04d", i)
		p.Ingress[0].Levels[0].Rules = append(p.Ingress[0].Levels[0].Rules, r)
	}
	list, diags := Backend{}.Lower(p, target(lower.Alone))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var got []string
	for _, o := range list {
		validate(t, o)
		s, _ := specOf(t, o)
		got = append(got, fmt.Sprintf("%s %v %d", o.Name, s.order, len(s.ingress)))
	}
	if want := []string{"db 1000 1000", "db--2 1000.001 1000", "db--3 1000.002 500"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func each(names []string) []ir.Peer {
	var out []ir.Peer
	for _, n := range names {
		out = append(out, ir.InNamespace(n))
	}
	return out
}

// What Calico has no endpoint or message for leaves no rule, never an open one.
func TestNothingIsNotEverything(t *testing.T) {
	for name, r := range map[string]ir.Rule{
		"infrastructure":           {Peers: peersOf(ir.Infrastructure{}), Traffic: ir.AllTraffic()},
		"the own node":             {Peers: peersOf(ir.Nodes{Own: true}), Traffic: ir.AllTraffic()},
		"ICMPv6 from IPv4":         {Peers: peersOf(ir.External{Addresses: prefixes("198.51.100.0/24")}), Traffic: ir.ICMPTraffic(ir.ICMP{}, ir.AnyICMP())},
		"pods without a namespace": {Peers: peersOf(nameless()), Traffic: ir.AllTraffic()},
	} {
		list, diags := Backend{}.Lower(one(r), target(lower.Alone))
		if len(diags) > 0 || len(list) != 1 {
			t.Fatal(name, diags, list)
		}
		if s, _ := specOf(t, list[0]); len(s.ingress) != 0 || len(s.types) != 1 {
			t.Errorf("%s\n%s", name, print(t, list))
		}
	}
}

func nameless() ir.Pods {
	p := ir.AllPods()
	p.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: ir.Absent()})
	return p
}

// TestListed lowers levels in an order that the language does not have, as
// manifests do: each by its place, in one tier, and what closes at the end.
func TestListed(t *testing.T) {
	p := one(ir.Rule{Peers: peersOf(ir.AnyPeer{}), Traffic: ir.AllTraffic()})
	s := &p.Ingress[0]
	s.Name, s.Order = "guard", 10
	deny := s.Levels[0].Rules[0]
	deny.Action = ir.Deny
	s.Levels = []ir.Level{s.Levels[0], {Rules: []ir.Rule{deny}}, s.Levels[0]}
	list, diags := Backend{}.Lower(p, target(lower.Alone))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var got []string
	for _, o := range list {
		if s, ok := specOf(t, o); ok {
			got = append(got, fmt.Sprintf("%s %v %d", o.Name, s.order, len(s.ingress)))
		}
	}
	if want := []string{"guard.db--1-allow 1002 1", "guard.db--2-deny 1011 1", "guard.db--3-allow 1022 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnsayable(t *testing.T) {
	quoted := ir.AllPods()
	quoted.Labels, _ = ir.Select(ir.Requirement{Key: "app", Constraint: ir.OneOf("it's")})
	for name, c := range map[string]struct {
		rule ir.Rule
		code diag.Code
	}{
		"ICMP type 255":          {ir.Rule{Peers: peersOf(ir.AnyPeer{}), Traffic: ir.ICMPTraffic(ir.ICMPOf(ir.ICMPType{Type: 255, Code: -1}), ir.ICMP{})}, diag.LacksICMP},
		"a port name of digits":  {ir.Rule{Peers: peersOf(ir.AnyPeer{}), Traffic: ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "8080"})}, diag.LacksPorts},
		"a quote in a value":     {ir.Rule{Peers: peersOf(quoted), Traffic: ir.AllTraffic()}, diag.CannotSay},
		"a deny of the own node": {ir.Rule{Action: ir.Deny, Peers: peersOf(ir.Nodes{Own: true}), Traffic: ir.AllTraffic()}, diag.CannotSay},
	} {
		if _, diags := (Backend{}).Lower(one(c.rule), target(lower.Alone)); len(diags) != 1 || diags[0].Code != c.code {
			t.Errorf("%s: %v", name, diags)
		}
	}
	p := one(ir.Rule{Action: ir.Pass, Peers: peersOf(ir.AnyPeer{}), Traffic: ir.AllTraffic()})
	p.Ingress[0].Isolate = nil
	if list, diags := (Backend{}).Lower(p, target(lower.Alone)); len(diags) != 1 || diags[0].Code != diag.LacksOrder || len(list) > 0 {
		t.Errorf("what would close open pods: %v", diags)
	}
	p = one(ir.Rule{Peers: peersOf(ir.AnyPeer{}), Traffic: ir.AllTraffic()})
	p.Ingress[0].Name, p.Ingress[0].Order = "late", 999999.7
	if _, diags := (Backend{}).Lower(p, target(lower.Alone)); len(diags) != 1 || diags[0].Code != diag.CannotSay {
		t.Errorf("a tier after our own: %v", diags)
	}
}

// In a stack the mesh has requests and mutual TLS.
func TestStack(t *testing.T) {
	p := program(t, strings.Replace(fmt.Sprintf(shop, "  allow db to web {\n    tcp  = [80]\n    http = [\"GET /\"]\n  }"), "{\n", "{\n  mtls = \"strict\"\n", 1))
	for i := range p.Inventory.Namespaces {
		p.Inventory.Namespaces[i].Mesh = true
	}
	for i := range p.Inventory.Workloads {
		p.Inventory.Workloads[i].Mesh = true
	}
	if _, diags := (Backend{}).Lower(p, target(lower.WithMesh)); len(diags) > 0 {
		t.Error(diags)
	}
}

// The cluster's default may close other pods in one direction than in the other.
func TestDefaultByDirection(t *testing.T) {
	got := objects(t, `
cluster { default_deny = "both" }
namespace "half" {
  default_deny = "egress"
  workload "web" { labels = { app = "web" } }
}
`)
	var ingress, egress string
	for name, text := range got {
		if !strings.Contains(text, "kind: GlobalNetworkPolicy") {
			continue
		}
		if strings.Contains(text, "- Ingress") {
			ingress = name
		}
		if strings.Contains(text, "- Egress") {
			egress = name
		}
	}
	if ingress == egress || !strings.Contains(got[ingress], "not in {'half', 'kube-system'}") || !strings.Contains(got[egress], "!= 'kube-system'") {
		t.Errorf("%v", got)
	}
}

func TestSameBytes(t *testing.T) {
	text := fmt.Sprintf(shop, "  allow others to web { tcp = [80] }") + kube + facts
	if a, b := render(t, text), render(t, text); a != b {
		t.Error("rendered twice, other bytes")
	}
}

func TestCapabilities(t *testing.T) {
	table := Backend{}.Capabilities()
	if len(table) != len(lower.Features) {
		t.Fatalf("%d rows for %d features", len(table), len(lower.Features))
	}
	for i, c := range table {
		if c.Feature != lower.Features[i] || c.Support == 0 || c.Note == "" || c.Source == "" {
			t.Errorf("row %d: %+v", i, c)
		}
		if _, err := os.Stat(filepath.Join("..", "..", "golden", c.Golden, "input.portolan.hcl")); err != nil {
			t.Errorf("%s: %v", c.Feature, err)
		}
	}
}
