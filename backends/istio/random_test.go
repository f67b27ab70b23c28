package istio

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// generator writes random intents over a small cluster.
type generator struct {
	*rand.Rand
	b strings.Builder
}

func newGenerator(seed, stream uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, stream))}
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }
func (g *generator) odds(n int) bool            { return g.IntN(n) == 0 }
func (g *generator) line(format string, a ...any) {
	fmt.Fprintf(&g.b, format+"\n", a...)
}

var places = []string{`shop.web`, `shop.job`, `shop.api`, `ops.web`, `ops.tool`, `mon.prom`}

func (g *generator) intent() string {
	g.line("cluster {")
	if !g.odds(3) {
		g.line("  pod_cidrs  = [\"10.244.0.0/16\"]\n  node_cidrs = [\"192.168.0.0/24\"]")
	}
	if g.odds(5) {
		g.line("  default_deny = \"ingress\"")
	}
	if g.odds(5) {
		g.line("  mtls = %q", g.pick("strict", "permissive"))
	}
	g.line("}")
	if !g.odds(3) {
		g.line("namespace \"istio-system\" {\n  managed = false\n  mesh = false\n}")
	}
	for _, ns := range []string{"shop", "ops", "mon"} {
		g.namespace(ns)
	}
	g.line("external \"abuse\" { cidrs = [\"203.0.113.0/24\"] }")
	g.line("external \"office\" {\n  cidrs = [\"198.51.100.0/24\"]\n  except = [\"198.51.100.128/25\"]\n}")
	for i := range g.IntN(5) - 2 {
		g.line("tier \"t%d\" {\n  order = 10%d", i, i)
		if g.odds(3) {
			g.line("  default = \"deny\"")
		}
		for i := range 1 + g.IntN(2) {
			g.rule(fmt.Sprintf("t%d", i), g.pick("allow", "deny", "pass"))
		}
		g.line("}")
	}
	for i := range 1 + g.IntN(4) {
		g.rule(fmt.Sprintf("r%d", i), g.pick("allow", "allow", "allow", "allow", "deny"))
	}
	return g.b.String()
}

func (g *generator) namespace(ns string) {
	g.line("namespace %q {", ns)
	if g.odds(2) {
		g.line("  labels = { team = %q }", g.pick("a", "b"))
	}
	if ns == "mon" {
		g.line("  managed = false")
	} else {
		g.line("  default_deny = %q", g.pick("ingress", "ingress", "ingress", "none"))
		if g.odds(3) {
			g.line("  mtls = %q", g.pick("strict", "strict", "permissive"))
		}
	}
	unmeshed := g.odds(3)
	for _, p := range places {
		in, name, _ := strings.Cut(p, ".")
		if in != ns {
			continue
		}
		switch {
		case g.odds(10):
			g.line("  workload %q {\n    labels = { app = %q, stage = [\"blue\", \"green\"] }", name, name)
		case g.odds(12):
			g.line("  workload %q {\n    service_account = %q\n  }", name, name)
			continue
		default:
			g.line("  workload %q {\n    labels = { app = %q }", name, name)
		}
		if !g.odds(8) {
			g.line("    service_account = %q", g.pick(name, name, name, name, "shared"))
		}
		g.line("    ports = { http = { port = 80, protocol = \"http\" } }")
		if unmeshed && g.odds(8) {
			g.line("    mesh = false")
		} else if g.odds(8) && ns != "mon" {
			g.line("    mtls_ports = { 90 = \"permissive\" }")
		}
		if g.odds(8) && ns != "mon" {
			g.line("    default_deny = %q", g.pick("ingress", "none"))
		}
		g.line("  }")
	}
	g.line("}")
}

func (g *generator) rule(name, action string) {
	g.line("%s %q {", action, name)
	var from []string
	for range 1 + g.IntN(2) {
		from = append(from, g.pick(`"shop.web"`, `"shop.job"`, `"ops.web"`, `"ops.tool"`, `"mon.prom"`, "shop", "ops", "mon",
			"cluster", "world", "anywhere", "abuse", "office", "nodes",
			`pods({ app = ["web", "job"] }, { "kubernetes.io/metadata.name" = "shop" })`, `pods({ app = not("web", "other") }, { "kubernetes.io/metadata.name" = "shop" })`,
			`namespaces({ team = "a" })`, `namespaces({ "kubernetes.io/metadata.name" = ["ops", "shop"], team = "a" })`))
	}
	to := g.pick(`"shop.web"`, `"shop.job"`, `"shop.api"`, `"ops.web"`, `"ops.tool"`, "shop", "ops", "cluster", `pods({ app = ["web", "api"] }, { "kubernetes.io/metadata.name" = "shop" })`,
		`pods({ app = not("web") }, { "kubernetes.io/metadata.name" = "shop" })`, `pods({ app = "web" }, any)`)
	g.line("  from = [%s]\n  to = [%s]\n  at = \"destination\"", strings.Join(slices.Compact(from), ", "), to)
	if g.odds(5) {
		g.line("  except = [%s]", g.pick(`"shop.web"`, `"ops.tool"`, "abuse", "mon", "shop"))
	}
	if g.odds(8) {
		g.line("  except_to = [%s]", g.pick(`"shop.web"`, `"ops.tool"`))
	}
	if g.odds(12) {
		g.line("  mode = \"staged\"")
	}
	switch {
	case g.odds(15) && action == "allow":
		g.line("  tcp = [80, 90]\n  client = [%s]", g.pick(`"203.0.113.0/24"`, `"10.244.0.0/16", "203.0.113.9"`))
	case g.odds(3) && (action == "allow" || action == "deny"):
		g.line("  tcp = [80]\n  http = [%s]", g.pick(`"GET /a"`, `"GET /a/*", "POST"`, `"* /a/**"`, `{ methods = ["GET"], hosts = ["x.y"] }`, `{ headers = { h = absent } }`, `{ headers = { h = "1" } }`, `"GET /a/*/c"`))
	case g.odds(4):
		g.line("  tcp = any")
	case g.odds(4):
		g.line("  tcp = [\"79-90\"]")
	default:
		g.line("  tcp = [%s]", g.pick("80", "90", "80, 90"))
	}
	g.line("}")
}

// asking writes an intent whose rules ask for tokens and clients, and stage.
func (g *generator) asking() string {
	g.line("issuer \"a\" {\n  issuer = \"https://a\"\n  jwks_uri = \"https://a/keys\"\n}")
	g.line("issuer \"b\" {\n  issuer = \"b/\"\n  jwks_uri = \"https://b/keys\"\n}")
	g.line("namespace \"shop\" {\n  mtls = \"strict\"")
	for _, name := range []string{"web", "job", "api"} {
		g.line("  workload %q {\n    labels = { app = %q }\n    service_account = %q", name, name, name)
		g.line("    ports = { http = { port = 80, protocol = \"http\" }, db = { port = 90, protocol = \"tcp\" } }\n  }")
	}
	for i := range 1 + g.IntN(4) {
		action := g.pick("allow", "allow", "allow", "deny")
		g.line("  %s \"r%d\" {\n    from = [%s]\n    to = [%s]\n    at = \"destination\"", action, i, g.pick("web", "job", "self", "anywhere", "others"), g.pick("api", "job", "api, job"))
		if g.odds(4) {
			g.line("    mode = \"staged\"")
		}
		if g.odds(4) && action == "allow" {
			g.line("    tcp = [%s]\n    client = [%s]", g.pick("80", "90", "80, 90"), g.pick(`"203.0.113.0/24"`, `"10.244.0.0/16", "203.0.113.9"`))
		} else {
			g.line("    tcp = [80]")
		}
		if !g.odds(4) {
			g.line("    jwt = %s", g.pick(`"a"`, `"b"`, `["a", "b"]`, `{ issuer = "a", subject = ["bob", "eve"] }`, `{ issuer = ["a", "b"], claims = { role = ["admin", "owner"] } }`,
				`{ issuer = "a", audiences = ["x", "y"], claims = { role = any } }`, `{ issuer = "b", claims = { "realm.tenant" = ["t"] } }`))
		}
		if g.odds(3) {
			g.line("    http = [%s]", g.pick(`"GET /a"`, `"GET /a/**", "POST"`))
		}
		g.line("  }")
	}
	g.line("}")
	return g.b.String()
}

// universe gives the endpoints that the flows of a test go between.
func universe(p *ir.Program) (sources, destinations []pod) {
	address := 0
	next := func(prefix string) netip.Addr {
		address++
		return netip.MustParseAddr(fmt.Sprintf("%s.%d", prefix, address))
	}
	seen := map[string]bool{}
	for _, ns := range []string{"shop", "ops", "mon", "istio-system", "kube-system", "wild"} {
		n, declared := p.Inventory.Namespace(ns)
		mesh := !declared || n.Mesh
		for _, w := range p.Inventory.Workloads {
			if w.Namespace != ns {
				continue
			}
			labels := map[string]string{}
			for _, r := range w.Pods.Labels.Requirements() {
				if values, finite := r.Constraint.Values(); finite {
					labels[r.Key] = values[len(values)-1]
				}
			}
			account := w.Account
			if account == "" {
				account = "default"
			}
			one := pod{w.Address, ns, labels, account, w.Mesh, false, next("10.244.0")}
			sources = append(sources, one)
			seen[ns] = true
			if w.Mesh {
				destinations = append(destinations, one)
			}
		}
		rest := pod{ns + "/other", ns, map[string]string{"app": "other"}, "other", mesh, false, next("10.244.0")}
		sources = append(sources, rest)
		if mesh {
			destinations = append(destinations, rest)
		}
	}
	namesake := pod{"wild/web", "wild", map[string]string{"app": "web"}, "web", true, false, next("10.244.0")}
	sources, destinations = append(sources, namesake), append(destinations, namesake)
	for _, a := range []string{"203.0.113.9", "198.51.100.9", "198.51.100.200", "8.8.8.8", "2001:db8::1"} {
		sources = append(sources, pod{name: a, address: netip.MustParseAddr(a)})
	}
	sources = append(sources, pod{name: "node", node: true, address: netip.MustParseAddr("192.168.0.7")})
	return sources, destinations
}

var requests = []*request{
	nil,
	{method: "GET", path: "/a", host: "x.y"}, {method: "GET", path: "/a?q=1", host: "z", headers: map[string]string{"h": "1"}},
	{method: "POST", path: "/b", host: "x.y:8080", headers: map[string]string{"h": "2"}},
	{method: "GET", path: "/a/b", host: "z"}, {method: "GET", path: "/a/", host: "z"}, {method: "DELETE", path: "/a/b/c", host: "z", headers: map[string]string{"h": "1"}},
	{method: "GET", path: "/a", host: "x.y", token: &token{issuer: "https://a", subject: "bob", claims: map[string][]string{"role": {"admin", "dev"}, "aud": {"x"}}}},
	{method: "GET", path: "/a", host: "x.y", token: &token{issuer: "b/", subject: "eve", claims: map[string][]string{"role": {"dev"}, "realm.tenant": {"t"}}}},
	{method: "GET", path: "/a", host: "x.y", token: &token{issuer: "https://a", subject: "bob", forged: true, claims: map[string][]string{"role": {"admin"}}}},
	{method: "GET", path: "/a", host: "x.y", client: netip.MustParseAddr("203.0.113.9")},
}

func (f flow) String() string {
	q := "no request"
	if f.request != nil {
		q = fmt.Sprint(*f.request)
	}
	return fmt.Sprintf("%s (plaintext %v) to %s port %d, %s", f.from.name, f.plaintext || !f.from.mesh, f.to.name, f.port, q)
}

// deserted reports a peer of the mesh that connects without its identity.
func (f flow) deserted() bool { return f.from.mesh && f.plaintext }

// each calls do for every flow.
func each(p *ir.Program, do func(flow)) {
	sources, destinations := universe(p)
	for _, from := range sources {
		for _, to := range destinations {
			if from.name == to.name {
				continue
			}
			for _, port := range []int{80, 85, 90, 443} {
				for _, q := range requests {
					if port != 80 && q != nil || port == 80 && q == nil && strings.Contains(to.name, "/") && to.account != "other" {
						continue // 80 is declared to speak HTTP, and nothing else gets through there
					}
					do(flow{from, to, false, port, q})
					if from.mesh {
						do(flow{from, to, true, port, q})
					}
				}
			}
		}
	}
}

// seeds is how many intents are tried; SEEDS in the environment overrides it.
func seeds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("SEEDS"), 10, 64); err == nil {
		return n
	}
	return 400
}

// TestRandomAlone holds what a mesh alone is given to the intent: the same
// verdict for every flow, now and with what is staged enforced, except that a
// peer of the mesh that connects in plaintext may be refused, and that less is
// allowed where a warning says so.
func TestRandomAlone(t *testing.T) {
	intents := map[string]func(*generator) string{"rules": (*generator).intent, "conditions": (*generator).asking}
	for name, intent := range intents {
		t.Run(name, func(t *testing.T) {
			rendered, tokens, dry := 0, 0, 0
			for seed := range seeds() {
				text := intent(newGenerator(seed, 1))
				p, tg, ok := tryLower(t, []string{"istio", "istio", "istio-ambient"}[seed%3], text)
				if !ok || tg.Foreign(p).HasErrors() {
					continue
				}
				objects, diags := Backend{}.Lower(p, tg)
				if diags.HasErrors() {
					continue
				}
				m := meshOf("istio-system", objects)
				rendered++
				if len(m.requests) > 0 {
					tokens++
				}
				if p.HasStaged() {
					dry++
				}
				less := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.LeftOut })
				for _, m.previewed = range []bool{false, true} {
					q := p
					if m.previewed {
						q = p.Previewed()
					}
					each(q, func(f flow) {
						want, got := intended(q, f), m.allows(f)
						if !m.foreign(f) && (got && !want || want && !got && !less && !f.deserted()) {
							t.Fatalf("seed %d: %s: intended %v, mesh %v\n%s", seed, f, want, got, text)
						}
					})
				}
			}
			if rendered < int(seeds()/8) || dry == 0 || name == "conditions" && tokens < int(seeds()/20) {
				t.Errorf("only %d of the intents were rendered, %d with tokens and %d with dry runs", rendered, tokens, dry)
			}
			t.Logf("%d rendered, %d with tokens, %d with dry runs", rendered, tokens, dry)
		})
	}
}

// TestRandomStaged stages rules and closings of random intents, and holds what
// comes to what is enforced of them and to the preview.
func TestRandomStaged(t *testing.T) {
	rendered, closings := 0, 0
	for seed := range seeds() {
		g := newGenerator(seed, 3)
		text := g.intent()
		p, tg, ok := tryLower(t, "istio", text)
		if !ok {
			continue
		}
		staged := map[string]bool{}
		all := g.odds(3)
		mode := func(o ir.Origin) ir.Mode {
			if _, known := staged[o.Address]; !known {
				staged[o.Address] = all || g.odds(3)
			}
			return map[bool]ir.Mode{true: ir.Staged}[staged[o.Address]]
		}
		p = p.Clone()
		some := false
		for i := range p.Ingress {
			for j := range p.Ingress[i].Isolate {
				iso := &p.Ingress[i].Isolate[j]
				iso.Mode = mode(iso.Origin)
				some = some || iso.Mode == ir.Staged
			}
		}
		for _, d := range p.All() {
			if d.Rule.Origin.Kind == ir.FromRule {
				d.Rule.Mode = mode(d.Rule.Origin)
			}
		}
		p.Index()
		objects, diags := Backend{}.Lower(p, tg)
		if diags.HasErrors() {
			continue
		}
		rendered++
		if some {
			closings++
		}
		less := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.LeftOut })
		m := meshOf("istio-system", objects)
		for _, m.previewed = range []bool{false, true} {
			q := p
			if m.previewed {
				q = p.Previewed()
			}
			each(q, func(f flow) {
				want, got := intended(q, f), m.allows(f)
				if got && !want || want && !got && !less && !f.deserted() {
					t.Fatalf("seed %d: %s: intended %v, mesh %v, previewed %v\n%s\n%s", seed, f, want, got, m.previewed, text, p.Text())
				}
			})
		}
	}
	if rendered < int(seeds()/10) || closings < int(seeds()/20) {
		t.Errorf("only %d of the programs were rendered, %d with staged closings", rendered, closings)
	}
	t.Logf("%d rendered, %d with staged closings", rendered, closings)
}

// TestRandomStack holds a stack to the intent, with a CNI that enforces its
// share of the program exactly.
func TestRandomStack(t *testing.T) {
	rendered := 0
	for seed := range seeds() {
		text := newGenerator(seed, 2).intent()
		p, tg, ok := tryLower(t, "calico+istio", text)
		if !ok {
			continue
		}
		objects, diags := Backend{}.Lower(p, tg)
		if diags.HasErrors() {
			continue
		}
		rendered++
		less := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.LeftOut })
		m, cni := meshOf("istio-system", objects), lower.Share(p, lower.WithMesh)
		each(p, func(f flow) {
			if m.foreign(f) {
				return
			}
			want, got := intended(p, f), intended(cni, f) && m.allows(f)
			if got && !want || want && !got && !less && !f.deserted() {
				t.Fatalf("seed %d: %s: intended %v, stack %v (mesh %v)\n%s", seed, f, want, got, m.allows(f), text)
			}
		})
	}
	if rendered < int(seeds()/8) {
		t.Errorf("only %d of the intents were rendered", rendered)
	}
	t.Logf("%d rendered", rendered)
}
