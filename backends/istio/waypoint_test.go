package istio

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	apitype "istio.io/api/type/v1beta1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"

	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// What ambient does with what is emitted, by code of its own: ztunnel enforces
// what selects pods, and a waypoint what has a target that it serves. A sender of
// the mesh takes either way, and the waypoint then connects to the pod as itself.

// service is a port of a Service of a test's cluster.
type service struct {
	namespace, name string
	port, target    int
}

// ambientMesh is the objects by who enforces them.
type ambientMesh struct {
	pods      mesh
	root      string
	waypoints map[string]string // by namespace
	attached  []attached
	services  map[string][]service // by workload
}

// attached is a policy with targets.
type attached struct {
	namespace string
	targets   []*apitype.PolicyTargetReference
	object    manifest.Object
}

func ambientOf(p *ir.Program, objects []manifest.Object) ambientMesh {
	a := ambientMesh{root: "istio-system", waypoints: map[string]string{}, services: map[string][]service{}}
	var selecting []manifest.Object
	for _, o := range objects {
		var targets []*apitype.PolicyTargetReference
		switch v := o.Value.(type) {
		case *clientsecurity.AuthorizationPolicy:
			targets = v.Spec.TargetRefs
		case *clientsecurity.RequestAuthentication:
			targets = v.Spec.TargetRefs
		}
		if len(targets) > 0 {
			a.attached = append(a.attached, attached{o.Namespace, targets, o})
		} else {
			selecting = append(selecting, o)
		}
	}
	a.pods = meshOf(a.root, selecting)
	for _, ns := range p.Inventory.Namespaces {
		a.waypoints[ns.Name] = ns.Waypoint
	}
	for _, w := range p.Inventory.Workloads {
		for _, s := range w.Services {
			for _, port := range s.Ports {
				a.services[w.Address] = append(a.services[w.Address], service{w.Namespace, s.Name, int(port.Port), int(port.Target)})
			}
		}
	}
	return a
}

// at is what the waypoint of a namespace enforces for a Service.
func (a *ambientMesh) at(s service) mesh {
	var objects []manifest.Object
	for _, p := range a.attached {
		if slices.ContainsFunc(p.targets, func(t *apitype.PolicyTargetReference) bool {
			switch t.Kind {
			case "Service":
				return (t.Group == "" || t.Group == "core") && p.namespace == s.namespace && t.Name == s.name
			case "Gateway":
				return t.Group == "gateway.networking.k8s.io" && p.namespace == s.namespace && t.Name == a.waypoints[s.namespace]
			case "GatewayClass":
				return t.Group == "gateway.networking.k8s.io" && p.namespace == a.root && t.Name == "istio-waypoint"
			}
			return false
		}) {
			objects = append(objects, p.object)
		}
	}
	return meshOf(a.root, objects)
}

// allows decides a flow to a port of a pod, straight or by a Service.
func (a *ambientMesh) allows(f flow) bool {
	if a.pods.allows(f) {
		return true
	}
	return f.from.mesh && !f.plaintext && slices.ContainsFunc(a.by(f), func(s service) bool {
		asked, passed := f, f
		asked.port = s.port
		passed.from, passed.request = waypointPod(s.namespace, a.waypoints[s.namespace]), nil
		at := a.at(s)
		return at.allows(asked) && a.pods.allows(passed)
	})
}

// by gives the Services by which a waypoint takes a flow to its pod.
func (a *ambientMesh) by(f flow) []service {
	if a.waypoints[f.to.namespace] == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.services[f.to.name]), func(s service) bool { return s.target != f.port })
}

// refusedByProof reports a flow of which the backend leaves it to the proof to say
// that it is stopped: who cannot come through the waypoint loses what is decided
// by requests, and all do where the intent keeps the waypoint itself out.
func (a *ambientMesh) refusedByProof(f flow, intended func(flow) bool) bool {
	return slices.ContainsFunc(a.by(f), func(s service) bool {
		passed := f
		passed.from, passed.request = waypointPod(s.namespace, a.waypoints[s.namespace]), nil
		return !f.from.mesh && f.request != nil || !intended(passed)
	})
}

// foreign reports a token that the waypoint refuses and the model has no word for.
func (a *ambientMesh) foreign(f flow) bool {
	return slices.ContainsFunc(a.by(f), func(s service) bool { return a.at(s).foreign(f) })
}

func waypointPod(namespace, name string) pod {
	return pod{
		name: namespace + " waypoint", namespace: namespace, account: name, mesh: true, address: netip.MustParseAddr("10.244.9.9"),
		labels: map[string]string{"gateway.networking.k8s.io/gateway-name": name},
	}
}

// waypointed writes an intent over namespaces of which some have a waypoint.
func (g *generator) waypointed() string {
	g.line("cluster {\n  pod_cidrs = [\"10.244.0.0/16\"]\n  node_cidrs = [\"192.168.0.0/24\"]")
	if g.odds(4) {
		g.line("  default_deny = \"ingress\"\n  exempt = [\"kube-system\"]")
	}
	g.line("}")
	g.line("namespace \"istio-system\" {\n  managed = false\n  mesh = false\n}")
	g.line("issuer \"a\" {\n  issuer = \"https://a\"\n  jwks_uri = \"https://a/keys\"\n}")
	for _, ns := range []string{"shop", "ops"} {
		g.line("namespace %q {\n  default_deny = %q\n  mtls = %q", ns, g.pick("ingress", "ingress", "none"), g.pick("strict", "strict", "permissive"))
		if ns == "shop" || g.odds(2) {
			g.line("  waypoint = %q", g.pick("way", "gate"))
		}
		for _, name := range map[string][]string{"shop": {"web", "job", "api"}, "ops": {"web", "tool"}}[ns] {
			g.line("  workload %q {\n    labels = { app = %q }\n    service_account = %q", name, name, g.pick(name, name, name, name, "shared"))
			g.line("    ports = { http = { port = 80, protocol = \"http\" }, db = { port = 90, protocol = \"tcp\" } }")
			if !g.odds(3) {
				g.line("    services = { %s }", g.pick(name+" = 80", name+" = { 8080 = \"http\" }", name+" = { 8080 = \"http\", 443 = 90 }", name+" = { 90 = 80 }, "+name+"-db = { 80 = 90 }"))
			}
			g.line("  }")
		}
		g.line("}")
	}
	g.line("namespace \"mon\" {\n  managed = false\n  mesh = %s\n  workload \"prom\" {\n    labels = { app = \"prom\" }\n    service_account = \"prom\"\n  }\n}", g.pick("true", "true", "false"))
	for i := range g.IntN(4) - 2 {
		g.line("tier \"t%d\" {\n  order = 10%d", i, i)
		g.atServices(fmt.Sprintf("t%d", i), g.pick("allow", "deny", "pass"))
		g.line("}")
	}
	for i := range 1 + g.IntN(5) {
		g.atServices(fmt.Sprintf("r%d", i), g.pick("allow", "allow", "allow", "deny"))
	}
	return g.b.String()
}

func (g *generator) atServices(name, action string) {
	g.line("%s %q {", action, name)
	var from []string
	for range 1 + g.IntN(2) {
		from = append(from, g.pick(`"shop.web"`, `"shop.web"`, `"shop.job"`, `"ops.web"`, `"ops.tool"`, `"mon.prom"`, "shop", "ops", "cluster", "anywhere", "world"))
	}
	g.line("  from = [%s]\n  to = [%s]\n  at = \"destination\"", strings.Join(slices.Compact(from), ", "),
		g.pick(`"shop.api"`, `"shop.api"`, `"shop.api"`, `"shop.web"`, `"ops.web"`, `"ops.tool"`, "shop", "ops"))
	if g.odds(6) {
		g.line("  except = [%s]", g.pick(`"shop.web"`, `"ops.tool"`, "ops"))
	}
	switch {
	case g.odds(2) && action != "pass":
		g.line("  tcp = [80]\n  http = [%s]", g.pick(`"GET /a"`, `"GET /a/*", "POST"`, `"* /a/**"`, `{ methods = ["GET"], hosts = ["x.y"] }`, `{ headers = { h = "1" } }`))
		if g.odds(4) && action == "allow" {
			g.line("  jwt = %s", g.pick(`"a"`, `{ issuer = "a", subject = ["bob"] }`, `{ issuer = "a", claims = { role = ["admin"] } }`))
		}
	case g.odds(4):
		g.line("  tcp = any")
	default:
		g.line("  tcp = [%s]", g.pick("80", "90", "80, 90", `"70-90"`))
	}
	g.line("}")
}

// judged is a flow as the model has it, with what holds of its token.
func judged(p *ir.Program, f flow) sem.Flow {
	end := func(e pod) sem.Endpoint {
		out := sem.Endpoint{Kind: sem.Pod, Address: e.address, Namespace: e.namespace, Labels: e.labels, Account: e.account, Meshed: e.mesh}
		switch {
		case e.node:
			out.Kind = sem.OtherNode
		case e.namespace == "":
			out.Kind = sem.External
		}
		if ns, declared := p.Inventory.Namespace(e.namespace); declared {
			out.NamespaceLabels = ns.Labels
		}
		return out
	}
	out := sem.Flow{Source: end(f.from), Destination: end(f.to), Protocol: sem.TCP, Port: uint16(f.port), Authenticated: f.from.mesh && !f.plaintext, Holds: map[string]bool{}}
	if q := f.request; q != nil {
		headers := maps.Clone(q.headers)
		out.Request = &sem.Request{Method: q.method, Target: q.path, Host: q.host, Headers: headers}
	}
	for _, d := range p.All() {
		for _, c := range d.Rule.If {
			out.Holds[c.Atom] = asserted(c, f)
		}
	}
	return out
}

// eachAmbient calls do for every flow to a pod, requests on port 80 and bytes on
// the others.
func eachAmbient(p *ir.Program, do func(flow)) {
	sources, destinations := universe(p)
	for _, ns := range p.Inventory.Namespaces {
		if ns.Waypoint != "" {
			sources = append(sources, waypointPod(ns.Name, ns.Waypoint))
		}
	}
	for _, from := range sources {
		for _, to := range destinations {
			w, declared := p.Inventory.Workload(to.name)
			if from.name == to.name || declared && len(w.Services) > 0 && strings.HasSuffix(from.name, " waypoint") && from.namespace == to.namespace {
				continue // what a waypoint sends to whom it decides for, it sends for others
			}
			for _, port := range []int{75, 80, 90, 443, 8080} {
				for _, q := range requests {
					if (q != nil) != (port == 80) || q != nil && q.client.IsValid() {
						continue
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

// TestRandomWaypoints holds what ambient is given, waypoints and all, to the
// intent: the same verdict for every flow, except that a peer of the mesh that
// connects in plaintext may be refused, and that less is allowed where a warning
// says so.
func TestRandomWaypoints(t *testing.T) {
	rendered, targeted, tokens, through := 0, 0, 0, 0
	for seed := range seeds() {
		text := newGenerator(seed, 5).waypointed()
		p, tg, ok := tryLower(t, "istio-ambient", text)
		if !ok || tg.Foreign(p).HasErrors() {
			continue
		}
		objects, diags := Backend{}.Lower(p, tg)
		if diags.HasErrors() {
			continue
		}
		a := ambientOf(p, objects)
		rendered++
		if len(a.attached) > 0 {
			targeted++
		}
		if slices.ContainsFunc(a.attached, func(p attached) bool { return p.object.Kind == kindRequestAuth }) {
			tokens++
		}
		less := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.LeftOut })
		intent := sem.Policy{{Program: p, Scope: sem.Everything}}
		eachAmbient(p, func(f flow) {
			if a.foreign(f) {
				return
			}
			want, got := sem.Decide(intent, judged(p, f)).Outcome == sem.Allowed, a.allows(f)
			excused := less || f.deserted() || a.refusedByProof(f, func(f flow) bool { return sem.Decide(intent, judged(p, f)).Outcome == sem.Allowed })
			if got && !want || want && !got && !excused {
				t.Fatalf("seed %d: %s: intended %v, mesh %v\n%s", seed, f, want, got, text)
			}
			if got && !a.pods.allows(f) {
				through++
			}
		})
	}
	if rendered < int(seeds()/8) || targeted < int(seeds()/10) || tokens < int(seeds()/80) || through < int(seeds()/8) {
		t.Error("too few to say anything")
	}
	t.Logf("%d rendered, %d with policies at targets, %d with tokens, %d flows through waypoints alone", rendered, targeted, tokens, through)
}

// A deny of requests at a waypoint says nothing to who gets past it, so that the
// pods behind it have to be closed.
func TestOpenPastWaypoint(t *testing.T) {
	for _, closing := range []string{"none", "ingress"} {
		_, diags := render(t, "istio-ambient", `
namespace "shop" {
  waypoint     = "way"
  mtls         = "strict"
  default_deny = "`+closing+`"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 80, protocol = "http" } }
    services        = { api = 80 }
  }
  allow web to api { tcp = ["http"] }
  deny "no-admin" {
    from = [web]
    to   = [api]
    at   = "destination"
    tcp  = ["http"]
    http = ["* /admin"]
  }
}`)
		refused := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.CannotSay && d.Address == "shop/no-admin" })
		if refused != (closing == "none") {
			t.Errorf("default_deny %s: %v", closing, diags)
		}
	}
}
