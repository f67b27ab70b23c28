package cilium

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

const shop = `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  workload "db" { labels = { app = "db" } }
%s
}
external "stripe" { fqdns = ["api.stripe.com"] }
external "abuse" { cidrs = ["192.0.2.0/24"] }
`

func in(rules string) string { return fmt.Sprintf(shop, rules) }

func TestDefaultDeny(t *testing.T) {
	p := find(t, render(t, "cilium", in(`allow web to api { tcp = ["http"] }`)), "shop", "shop--all")
	same(t, "default", ruleOf(t, p, "shop: default deny"),
		`{"endpointSelector":{},"ingress":[{}],"egress":[{}],"description":"shop: default deny"}`)
	p = find(t, render(t, "cilium", `namespace "a" { default_deny = "egress" }`), "a", "a--all")
	same(t, "one direction", ruleOf(t, p, "a: default deny"), `{"endpointSelector":{},"egress":[{}],"description":"a: default deny"}`)
}

func TestRuleAtBothEnds(t *testing.T) {
	policies := render(t, "cilium", in(`
  allow web to api {
    description = "reads the catalogue"
    tcp         = ["http"]
    http        = ["GET /api/**"]
  }`))
	web, api := find(t, policies, "shop", "web"), find(t, policies, "shop", "api")
	same(t, "source", web.Spec, `{"endpointSelector":{"matchLabels":{"k8s:app":"web"}},"egress":[{"toEndpoints":[{"matchLabels":{"k8s:app":"api","k8s:io.kubernetes.pod.namespace":"shop"}}],`+
		`"toPorts":[{"ports":[{"port":"8080","protocol":"TCP"}]}]}],"description":"shop/web->api: reads the catalogue"}`)
	same(t, "destination", api.Spec, `{"endpointSelector":{"matchLabels":{"k8s:app":"api"}},"ingress":[{"fromEndpoints":[{"matchLabels":{"k8s:app":"web","k8s:io.kubernetes.pod.namespace":"shop"}}],`+
		`"toPorts":[{"ports":[{"port":"8080","protocol":"TCP"}],"rules":{"http":[{"path":"/api/[^?]*(\\?.*)?","method":"GET"}]}}]}],"description":"shop/web->api: reads the catalogue"}`)
	if api.Annotations[lower.RulesAnnotation] != "shop/web->api" || api.Labels[lower.ManagedByLabel] != lower.ManagedBy {
		t.Errorf("metadata %v %v", api.Annotations, api.Labels)
	}
}

func TestNamesAreLearnt(t *testing.T) {
	const asks = `"rules":{"dns":[{"matchPattern":"*"}]}`
	for _, c := range []struct {
		what, rules string
		object      string
		learns      string // the DNS part of what makes DNS pass the proxy; "" where rules for names do
	}{
		{"plain DNS of the namespace", `allow web to stripe { tcp = [443] }`, "web",
			`"toPorts":[{"ports":[{"port":"53","protocol":"TCP"},{"port":"53","protocol":"UDP"}],` + asks},
		{"the namespace itself", `allow self to stripe { tcp = [443] }`, "shop--all",
			`"toPorts":[{"ports":[{"port":"53","protocol":"TCP"},{"port":"53","protocol":"UDP"}],` + asks},
		{"a rule for UDP only", "dns = false\n allow web to stripe { tcp = [443] }\n allow web to dns { udp = [53] }", "web",
			`"toPorts":[{"ports":[{"port":"53","protocol":"UDP"}],` + asks},
		{"a rule for all pods", "dns = false\n allow web to stripe { tcp = [443] }\n allow web to cluster { tcp = any }", "web",
			`"toPorts":[{"ports":[{"port":"53","protocol":"TCP"}],` + asks},
		{"rules for names", "dns = false\n allow web to stripe { tcp = [443] }\n allow web to dns { dns = [\"**.stripe.com\"] }", "web", ""},
	} {
		hcl := in(c.rules)
		objects, diags := (Backend{}).Lower(program(t, hcl), to(t, "cilium"))
		if len(diags) > 0 {
			t.Errorf("%s: %v", c.what, diags)
			continue
		}
		out := text(t, find(t, readBack(t, objects), "shop", c.object).rules())
		if c.learns != "" && strings.Count(out, asks) != 1 || !strings.Contains(out, c.learns) || c.learns == "" && strings.Contains(out, asks) {
			t.Errorf("%s: %s", c.what, out)
		}
	}
}

// TestNamesOfParts: where only a part of the pods has plain DNS, only that part
// gets DNS rules for every name.
func TestNamesOfParts(t *testing.T) {
	policies := render(t, "cilium", `
external "stripe" { fqdns = ["api.stripe.com"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "job" {
    labels = { app = "web", kind = "job" }
    dns    = false
  }
  allow web to stripe { tcp = [443] }
  allow job to dns { dns = ["api.stripe.com"] }
}`)
	r := ruleOf(t, find(t, policies, "shop", "web"), "shop/web")
	same(t, "subject", r.EndpointSelector, `{"matchLabels":{"k8s:app":"web"},"matchExpressions":[{"key":"k8s:kind","operator":"NotIn","values":["job"]}]}`)
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		what, engine, rules string
		code                diag.Code
		reason              string
	}{
		{"no DNS", "cilium", "dns = false\n allow web to stripe { tcp = [443] }", diag.LacksFQDN, "no rule lets all of its pods ask"},
		{"no DNS for the name", "cilium", "dns = false\n allow web to stripe { tcp = [443] }\n allow web to dns { dns = [\"*.example.com\"] }", diag.LacksFQDN, "api.stripe.com"},
		{"DNS for others", "cilium", "dns = false\n allow web to stripe { tcp = [443] }\n allow api to dns {}", diag.LacksFQDN, "no rule lets all of its pods ask"},
		{"names denied", "cilium", "deny web to stripe { tcp = [443] }", diag.LacksFQDN, "allows only"},
		{"deep names", "cilium@1.18", `allow "deep" {
    from = [web]
    to   = [fqdn("**.debian.org")]
    tcp  = [443]
  }`, diag.LacksFQDN, "one label only"},
		{"port names", "cilium@1.19", `allow web to db { tcp = ["pg"] }`, diag.LacksPorts, "before 1.20"},
		{"requests denied", "cilium", `deny web to api {
    tcp  = [8080]
    http = ["GET /a"]
  }`, diag.LacksHTTP, "deny the whole port"},
		{"gRPC denied", "cilium", `deny web to api {
    tcp  = [8080]
    grpc = ["a.B/C"]
  }`, diag.LacksGRPC, "deny the whole port"},
		{"header that is not", "cilium", `allow web to api {
    tcp  = [8080]
    http = [{ paths = ["/a"], headers = { x = not("y") } }]
  }`, diag.LacksHTTP, "one exact value"},
		{"path never normalised", "cilium", `allow web to api {
    tcp  = [8080]
    http = ["GET /a//b"]
  }`, diag.LacksHTTP, "normalises paths"},
		{"requests of DNS", "cilium", `allow web to "kube-system.coredns" {
    tcp  = [53, 80]
    http = ["GET /a"]
  }`, diag.LacksHTTP, "port of the cluster's DNS"},
		{"ICMP codes", "cilium", `allow web to api { icmp = ["3/1"] }`, diag.LacksICMP, "no codes"},
		{"ICMP type 0 denied", "cilium", `deny web to api { icmp = [0] }`, diag.LacksICMP, "type 0"},
		{"every ICMP type", "cilium", `allow web to api { icmp = any }`, diag.LacksICMP, "every ICMP type"},
		{"log", "cilium", "allow web to api {\n tcp = [1]\n log = true\n}", diag.LacksLog, "Hubble"},
		{"staged", "cilium", "allow web to api {\n tcp = [1]\n mode = \"staged\"\n}", diag.LacksStaged, "stages no single rule"},
		{"mtls", "cilium", `mtls = "strict"`, diag.LacksMTLS, "encrypts nothing"},
	} {
		diags := refusals(t, c.engine, in(c.rules)+`
namespace "kube-system" {
  managed = false
  workload "coredns" { labels = { k8s-app = "kube-dns" } }
}`)
		if len(diags) != 1 || diags[0].Code != c.code || !strings.Contains(diags[0].Summary, c.reason) || diags[0].Detail == "" {
			t.Errorf("%s: %v", c.what, diags)
		}
	}
	if diags := refusals(t, "cilium", in(`mtls = "permissive"`)); len(diags) != 0 {
		t.Errorf("permissive mTLS asks for nothing: %v", diags)
	}
}

func TestPortsInParts(t *testing.T) {
	policies := render(t, "cilium", in(`allow web to api { tcp = [for i in range(90) : 1000 + 2 * i] }`))
	rules := find(t, policies, "shop", "api").Spec.Ingress[0].ToPorts
	if len(rules) != 3 || len(rules[0].Ports) != 40 || len(rules[2].Ports) != 10 {
		t.Errorf("%s", text(t, rules))
	}
	policies = render(t, "cilium", in(`allow web to api {
    tcp  = any
    sctp = any
    http = ["GET"]
  }`))
	same(t, "every port with requests", find(t, policies, "shop", "api").Spec.Ingress[0].ToPorts,
		`[{"ports":[{"port":"1","endPort":65535,"protocol":"TCP"}],"rules":{"http":[{"method":"GET"}]}},{"ports":[{"port":"0","protocol":"SCTP"}]}]`)
	diags := refusals(t, "cilium", in(`allow web to api { tcp = [for i in range(1001) : 1000 + 2 * i] }`))
	if len(diags) != 1 || diags[0].Code != diag.OverBound || !strings.Contains(diags[0].Summary, "1001") || !strings.Contains(diags[0].Summary, "1000") {
		t.Errorf("%v", diags)
	}
}

func TestDenySparesOwnNode(t *testing.T) {
	policies := render(t, "cilium", in("deny anywhere to db { tcp = [1] }\n deny nodes to api { tcp = [2] }"))
	same(t, "anywhere", find(t, policies, "shop", "db").Spec.IngressDeny[1].FromEntities, `["world","remote-node","health","ingress","init","unmanaged"]`)
	r := find(t, policies, "shop", "api").Spec
	same(t, "nodes", r, `{"endpointSelector":{"matchLabels":{"k8s:app":"api"}},"ingressDeny":[{"fromEntities":["remote-node"],"toPorts":[{"ports":[{"port":"2","protocol":"TCP"}]}]}],`+
		`"enableDefaultDeny":{"ingress":false},"description":"shop/nodes->api"}`)
}

// TestDenyWithoutFlatten: a deny that reaches the items with its own node still
// spares it, and one of nothing else vanishes.
func TestDenyWithoutFlatten(t *testing.T) {
	l := &lowering{program: &ir.Program{}, target: to(t, "cilium")}
	rule := func(p ir.Peer) *ir.Rule {
		peers, _ := ir.PeersOf(p)
		return &ir.Rule{Peers: peers, Traffic: ir.AllTraffic(), Action: ir.Deny}
	}
	got, _ := l.peers(rule(ir.AnyPeer{}), ir.Ingress)
	if len(got) != 2 || got[0].endpoints == nil {
		t.Errorf("%v", got)
	}
	if got, ref := l.peers(rule(ir.Nodes{Own: true}), ir.Ingress); len(got) != 0 || ref != nil {
		t.Errorf("%v %v", got, ref)
	}
	if _, ref := l.peers(rule(ir.APIServer{}), ir.Ingress); ref == nil || ref.code != diag.NeedsFact {
		t.Errorf("%v", ref)
	}
	if got, ref := l.peers(rule(ir.APIServer{}), ir.Egress); len(got) != 1 || ref != nil {
		t.Errorf("%v %v", got, ref)
	}
}

func TestAPIServerInPart(t *testing.T) {
	l := &lowering{program: &ir.Program{}, target: to(t, "cilium")}
	l.program.Inventory.Facts = ir.Facts{APIServer: prefixes("203.0.113.1/32", "10.0.0.1/32"), NodeCIDRs: prefixes("10.0.0.0/24")}
	peers := func(a set.Addresses) ([]layer3, *refusal) {
		list, _ := ir.PeersOf(ir.APIServer{Addresses: a})
		return l.peers(&ir.Rule{Peers: list, Traffic: ir.AllTraffic(), Action: ir.Allow}, ir.Egress)
	}
	if got, ref := peers(l.program.Inventory.Facts.APIServer); ref != nil || len(got[0].entities) != 1 {
		t.Errorf("whole: %v %v", got, ref)
	}
	if got, ref := peers(prefixes("203.0.113.1/32")); ref != nil || got[0].cidrs[0].Cidr != "203.0.113.1/32" {
		t.Errorf("outside: %v %v", got, ref)
	}
	if _, ref := peers(prefixes("10.0.0.1/32")); ref == nil || ref.code != diag.CannotSay {
		t.Errorf("on nodes: %v", ref)
	}
}

// TestStack: with a mesh, requests at the destination are the mesh's and the
// transport stays; requests towards the outside stay too.
func TestStack(t *testing.T) {
	p := program(t, in(`
  allow web to api {
    tcp  = ["http"]
    http = ["GET /api/**"]
  }
  allow web to world {
    tcp  = [80]
    http = ["GET"]
  }
  mtls = "strict"`))
	for i := range p.Inventory.Workloads {
		p.Inventory.Workloads[i].Mesh = true
	}
	for i := range p.Inventory.Namespaces {
		p.Inventory.Namespaces[i].Mesh = true
	}
	target := to(t, "cilium")
	target.Role = lower.WithMesh
	objects, diags := (Backend{}).Lower(p, target)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	policies := readBack(t, objects)
	if strings.Contains(text(t, find(t, policies, "shop", "api")), "http\":") {
		t.Error("the CNI enforces what is the mesh's")
	}
	if !strings.Contains(text(t, find(t, policies, "shop", "web")), `"http":[{"method":"GET"}]`) {
		t.Error("requests towards the outside are lost")
	}
}

func printed(t *testing.T, hcl string) map[string]string {
	t.Helper()
	objects, diags := (Backend{}).Lower(program(t, hcl), to(t, "cilium"))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	out := map[string]string{}
	for _, o := range objects {
		b, err := manifest.Stream([]manifest.Object{o})
		if err != nil {
			t.Fatal(err)
		}
		out[o.Kind+" "+o.Namespace+"/"+o.Name] = string(b)
	}
	return out
}

// TestOneRuleTwoObjects: a rule more changes the objects of its two ends.
func TestOneRuleTwoObjects(t *testing.T) {
	const rules = "allow web to api { tcp = [\"http\"] }\n allow api to db { tcp = [5432] }\n allow api to stripe { tcp = [443] }\n deny abuse to web {}\n"
	before, after := printed(t, in(rules)), printed(t, in("allow web to db { tcp = [9] }\n"+rules))
	for name, b := range after {
		changed := before[name] != b
		if want := strings.HasSuffix(name, "/web") || strings.HasSuffix(name, "/db"); changed != want {
			t.Errorf("%s: changed %v, want %v", name, changed, want)
		}
	}
	// A rule with a name as peer needs the proxy, and no other object for it.
	after = printed(t, in("allow db to stripe { tcp = [443] }\n"+rules))
	for name, b := range after {
		if changed := before[name] != b; changed != strings.HasSuffix(name, "/db") {
			t.Errorf("%s: changed %v", name, changed)
		}
	}
}

func TestSameBytes(t *testing.T) {
	hcl := in("allow web to api { tcp = [\"http\"] }\n allow cluster to db { tcp = [5432] }\n allow api to stripe { tcp = [443] }\n deny abuse to web {}")
	var first []byte
	for range 5 {
		objects, _ := (Backend{}).Lower(program(t, hcl), to(t, "cilium"))
		b, err := manifest.Stream(objects)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		}
		if !bytes.Equal(first, b) {
			t.Fatal("different bytes")
		}
	}
}

// TestProgramStays: lowering changes nothing of the program.
func TestProgramStays(t *testing.T) {
	p := program(t, in("allow web to api {\n tcp = [80]\n http = [\"GET ~/a.*\"]\n}\n deny anywhere to db { tcp = [1] }"))
	before := p.Text()
	(Backend{}).Lower(p, to(t, "cilium"))
	if p.Text() != before {
		t.Error("the program changed")
	}
}

// TestNothing: an empty program needs no object and no word.
func TestNothing(t *testing.T) {
	if objects, diags := (Backend{}).Lower(&ir.Program{}, to(t, "cilium")); len(objects)+len(diags) != 0 {
		t.Errorf("%v %v", objects, diags)
	}
}
