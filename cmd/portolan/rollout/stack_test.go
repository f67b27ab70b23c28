package rollout

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// stackInput is the input of a plan for an ambient stack, of which the pods of api
// are behind a waypoint.
func stackInput(t testing.TB, before, after string) (Input, *ir.Inventory) {
	t.Helper()
	var profiles []profile.Profile
	for _, name := range []string{"kubernetes", "istio-ambient"} {
		p, err := profile.Of(name, "")
		if err != nil {
			t.Fatal(err)
		}
		profiles = append(profiles, p)
	}
	inv := &ir.Inventory{Namespaces: []ir.Namespace{{Address: "shop", Name: "shop", Labels: map[string]string{}, Mesh: true, Waypoint: "way"}}}
	for _, app := range []string{"api", "job", "web"} {
		pods, _ := ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"app": app}))
		w := ir.Workload{Address: "shop/" + app, Name: app, Namespace: "shop", Pods: pods, Account: app, Mesh: true}
		if app == "api" {
			w.Services = []ir.Service{{Name: "api", Ports: []ir.ServicePort{{Port: 80, Target: 8080}}}}
		}
		inv.Workloads = append(inv.Workloads, w)
	}
	pipeline.Beneath(&inv.Facts, profiles)
	o := pipeline.Scope(profiles)
	o.Inventory = inv
	return Input{
		Old: documents(t, before), New: documents(t, after), Profiles: profiles, Options: o,
		Lift: func(docs []manifest.Document) (sem.Policy, diag.List) { return pipeline.Lift(docs, profiles, inv) },
	}, inv
}

const gatewayName = "gateway.networking.k8s.io/gateway-name: way"

// wirePolicy writes a policy of the CNI, mostly about the tunnel's port.
func wirePolicy(rng *rand.Rand, name, labels, direction, key string) string {
	peers := "[]"
	if rng.IntN(3) > 0 {
		peers = "[{" + key + ": [{podSelector: {matchLabels: {" + pick(rng, gatewayName, "app: web", "app: api") + "}}}], ports: [{port: " + pick(rng, "15008", "15008", "15008", "8080") + "}]}]"
	}
	return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\n" +
		"spec: {podSelector: {matchLabels: {" + labels + "}}, policyTypes: [" + direction + "], " + strings.ToLower(direction) + ": " + peers + "}\n"
}

// meshPolicy writes a policy of the mesh.
func meshPolicy(rng *rand.Rand, name, at string) string {
	rule := "from: [{source: {serviceAccounts: [" + pick(rng, "shop/way", "shop/way", "shop/web") + "]}}]"
	if rng.IntN(3) == 0 {
		rule += ", to: [{operation: {ports: [" + pick(rng, `"80"`, `"8080"`) + "]}}]"
	}
	return "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: " + name + ", namespace: shop}\n" +
		"spec: {" + at + ", action: " + pick(rng, "ALLOW", "ALLOW", "ALLOW", "DENY") + ", rules: [{" + rule + "}]}\n"
}

// most is most of some texts.
func most(rng *rand.Rand, of ...string) string {
	return strings.Join(slices.DeleteFunc(of, func(string) bool { return rng.IntN(4) == 0 }), "")
}

// ofWaypoint is policies of the CNI about the waypoint itself.
func ofWaypoint(rng *rand.Rand) string {
	return most(rng, wirePolicy(rng, "p0", gatewayName, "Ingress", "from"), wirePolicy(rng, "p1", gatewayName, "Egress", "to"))
}

// stacked is policies of both halves about who reaches api.
func stacked(rng *rand.Rand) string {
	return most(rng, wirePolicy(rng, "p2", "app: api", "Ingress", "from"), wirePolicy(rng, "p3", "app: web", "Egress", "to"),
		meshPolicy(rng, "p0", "selector: {matchLabels: {app: api}}"), meshPolicy(rng, "p1", `targetRefs: [{kind: Service, group: "", name: api}]`))
}

// stackFlows is all that the policies above can tell apart, of the flows that
// there can be.
func stackFlows(inv *ir.Inventory) []sem.Flow {
	pod := func(app string) sem.Endpoint {
		return sem.Endpoint{Kind: sem.Pod, Namespace: "shop", NamespaceLabels: map[string]string{}, Labels: map[string]string{"app": app}, Account: app, Meshed: true}
	}
	far := sem.Endpoint{Kind: sem.Pod, Namespace: "far", Labels: map[string]string{"app": "web"}, Account: "web"}
	ends := []sem.Endpoint{pod("web"), pod("job"), pod("api"), far, {Kind: sem.External}, {Kind: sem.OtherNode}}
	var out []sem.Flow
	for _, from := range ends {
		for _, to := range ends {
			if from.Kind != sem.Pod && to.Kind != sem.Pod {
				continue
			}
			for _, port := range []uint16{80, 8080, 9090} {
				out = append(out, sem.Flow{Source: from, Destination: to, Protocol: sem.TCP, Port: port, SourcePort: 4000})
				if from.Meshed && to.Meshed {
					out = append(out, sem.Flow{Source: from, Destination: to, Protocol: sem.TCP, Port: port, SourcePort: 4000, Authenticated: true})
				}
			}
		}
	}
	return out
}

// TestStackMoments holds every moment of plans for a stack with a waypoint to
// the reference evaluator: none is wider than both ends, and what is said to be
// stopped by none is not.
func TestStackMoments(t *testing.T) {
	rounds := 120
	if testing.Short() {
		rounds = 30
	}
	rng := rand.New(rand.NewPCG(15, 8))
	planned, narrow := 0, 0
	for range rounds {
		before, after := ofWaypoint(rng)+stacked(rng), ofWaypoint(rng)+stacked(rng)
		in, inv := stackInput(t, before, after)
		plan, err := Find(in)
		if err != nil {
			t.Fatalf("%s\n=>\n%s\n%s", before, after, err)
		}
		if plan.Conflict != nil {
			continue
		}
		planned++
		flows := stackFlows(inv)
		outcomes := func(docs []manifest.Document) []sem.Outcome {
			p, diags := in.Lift(docs)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			var out []sem.Outcome
			for _, f := range flows {
				out = append(out, sem.Decide(p, f).Outcome)
			}
			return out
		}
		old, new := outcomes(in.Old), outcomes(in.New)
		docs := slices.Clone(in.Old)
		for i, s := range plan.Steps {
			docs = slices.DeleteFunc(docs, func(d manifest.Document) bool { return d.String() == s.Object.String() })
			if s.Action != Delete {
				docs = append(docs, *s.Object)
			}
			for k, got := range outcomes(docs) {
				wider := got != sem.Denied && old[k] == sem.Denied && new[k] == sem.Denied
				// What pods of the mesh would send each other in plaintext nobody misses.
				missed := flows[k].Authenticated || !flows[k].Source.Meshed || !flows[k].Destination.Meshed
				narrower := missed && got != sem.Allowed && old[k] == sem.Allowed && new[k] == sem.Allowed
				if wider || narrower && s.Stopped == nil {
					var steps []string
					for _, s := range plan.Steps {
						steps = append(steps, s.Action.String()+" "+s.Object.String())
					}
					t.Fatalf("%s\n=>\n%s\n%s\nafter %d: %s is %s, and %s and %s at the ends", before, after, strings.Join(steps, "\n"), i+1, flows[k].Text(inv), got, old[k], new[k])
				}
			}
			if s.Stopped != nil {
				narrow++
			}
		}
		if len(docs) != len(in.New) {
			t.Fatal("steps are missing")
		}
	}
	if planned < rounds/2 {
		t.Error("too few to say anything")
	}
	t.Logf("%d planned, %d moments with something stopped", planned, narrow)
}

// What a waypoint's own policies change is a change for the workloads behind it:
// the waypoint opens and the workload closes, and in between everybody would get
// through.
func TestWaypointOpens(t *testing.T) {
	policy := func(name, labels, from string) string {
		return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\n" +
			"spec: {podSelector: {matchLabels: {" + labels + "}}, policyTypes: [Ingress], ingress: [" + from + "]}\n"
	}
	from := func(labels string) string {
		return "{from: [{podSelector: {matchLabels: {" + labels + "}}}], ports: [{port: 15008}]}"
	}
	in, _ := stackInput(t,
		policy("a-way", gatewayName, "")+policy("b-api", "app: api", from(gatewayName)),
		policy("a-way", gatewayName, from("app: web"))+policy("b-api", "app: api", ""))
	plan, err := Find(in)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Conflict != nil || len(plan.Steps) != 2 || plan.Steps[0].Object.Name != "b-api" {
		t.Error(plan.Steps, plan.Conflict)
	}
}
