package calico

import (
	"fmt"
	"slices"
	"testing"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/api/pkg/lib/numorstring"
	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
)

// genOthers makes what other people have in tier default: native
// NetworkPolicies, as Calico takes them in, with order 1000 and nothing but
// allows (libcalico-go/lib/backend/k8s/conversion/conversion.go), and Calico's
// own policies without an order, which come last.
func genOthers(t *rapid.T) []manifest.Object {
	var out []manifest.Object
	for i := range rapid.IntRange(1, 4).Draw(t, "others") {
		order := v3.DefaultTierOrder / 1000
		actions := []v3.Action{v3.Allow}
		native := rapid.Bool().Draw(t, "native")
		if !native {
			actions = append(actions, v3.Deny, v3.Pass, v3.Log)
		}
		rules := func() (out []v3.Rule) {
			for range rapid.IntRange(0, 2).Draw(t, "rules") {
				r := v3.Rule{Action: rapid.SampledFrom(actions).Draw(t, "action")}
				if rapid.Bool().Draw(t, "protocol") {
					p := numorstring.ProtocolFromString(rapid.SampledFrom([]string{"TCP", "UDP"}).Draw(t, "name"))
					r.Protocol = &p
				}
				peer := rapid.SampledFrom([]v3.EntityRule{{}, {Selector: isPod + " && app == 'web'"}, {Selector: isPod, NamespaceSelector: "all()"}, {Nets: []string{"198.51.100.0/24"}}}).Draw(t, "peer")
				if r.Source = peer; rapid.Bool().Draw(t, "to") {
					r.Source, r.Destination = v3.EntityRule{}, peer
				}
				out = append(out, r)
			}
			return out
		}
		s := v3.NetworkPolicySpec{
			Tier: defaultTier, Selector: isPod + rapid.SampledFrom([]string{"", " && app == 'web'", " && app != 'db'"}).Draw(t, "selector"),
			Types: rapid.SliceOfNDistinct(rapid.SampledFrom([]v3.PolicyType{v3.PolicyTypeIngress, v3.PolicyTypeEgress}), 1, 2, rapid.ID[v3.PolicyType]).Draw(t, "types"),
		}
		if native {
			s.Order = &order
		}
		if slices.Contains(s.Types, v3.PolicyTypeIngress) {
			s.Ingress = rules()
		}
		if slices.Contains(s.Types, v3.PolicyTypeEgress) {
			s.Egress = rules()
		}
		o := manifest.Object{APIVersion: v3.GroupVersionCurrent, Name: fmt.Sprintf("theirs-%d", i)}
		if native || rapid.Bool().Draw(t, "namespaced") {
			v := v3.NewNetworkPolicy()
			o.Namespace = rapid.SampledFrom([]string{"shop", "legacy", "other"}).Draw(t, "namespace")
			v.Name, v.Namespace, v.Spec = o.Name, o.Namespace, s
			o.Kind, o.Value = v.Kind, v
		} else {
			v := v3.NewGlobalNetworkPolicy()
			v.Name = o.Name
			v.Spec = v3.GlobalNetworkPolicySpec{Tier: s.Tier, Order: s.Order, Selector: s.Selector, NamespaceSelector: "all()", Types: s.Types, Ingress: s.Ingress, Egress: s.Egress}
			o.Kind, o.Value = v.Kind, v
		}
		out = append(out, o)
	}
	return out
}

// Other people's policies in tier default keep their say. Where the program
// leaves a pod open in a direction, nothing of ours in that tier selects it, and
// what no tier and no deny of ours decides is decided by theirs as if ours were
// not there. Where it closes the pod, their rules add to ours, as in any tier
// default, and only an allow of ours allows what they do not.
func TestBesideOthers(t *testing.T) {
	ends := universe()
	all := connections(ends)
	types := map[ir.Direction]v3.PolicyType{ir.Egress: v3.PolicyTypeEgress, ir.Ingress: v3.PolicyTypeIngress}
	rapid.Check(t, func(rt *rapid.T) {
		p, others := genProgram(rt, false), genOthers(rt)
		objects, diags := Backend{}.Lower(p, target(lower.Alone))
		if len(diags) > 0 {
			rt.Fatal(diags)
		}
		r := reference{p}
		ours, theirs, both := newEngine(t, objects, ends), newEngine(t, others, ends), newEngine(t, slices.Concat(objects, others), ends)
		inDefault := ours.tiers[slices.IndexFunc(ours.tiers, func(x engineTier) bool { return x.name == defaultTier })]
		closed := func(at *end, d ir.Direction) bool {
			last := p.LastStage(d)
			return slices.ContainsFunc(last.Isolate, func(i ir.Isolation) bool { return podIn(i.Subject.Pods, at) })
		}
		for _, x := range ends {
			for d, typ := range types {
				for _, s := range inDefault.policies {
					if x.pod && !closed(x, d) && s.selected[x] && slices.Contains(s.types, typ) {
						rt.Fatalf("%s selects %s, which is open (%s)", s.name, x.name, d)
					}
				}
			}
		}
		for _, h := range all {
			for d, typ := range types {
				at, peer := h.from, h.to
				if d == ir.Ingress {
					at, peer = peer, at
				}
				if !at.pod {
					continue
				}
				want := expected(r, theirs, h, at, peer, d, typ, closed(at, d))
				if got := both.verdict(h, at, typ); got != want {
					rt.Fatalf("%s to %s %s %d/%d v6=%v, %s: %v beside others, want %v\n%s\n%s", h.from.name, h.to.name, h.protocol, h.port, h.icmp, h.v6, d, got, want,
						print(t, objects), text(t, others))
				}
			}
		}
	})
}

// expected gives the verdict of ours and theirs together.
func expected(r reference, theirs *engine, h hit, at, peer *end, d ir.Direction, typ v3.PolicyType, closed bool) bool {
	// What decides before tier default: all but the last stage's allows and end.
	first := &ir.Program{Inventory: r.p.Inventory}
	stages := slices.Clone(r.p.Stages(d))
	last := &stages[len(stages)-1]
	deny := ir.Stage{Name: last.Name}
	for _, l := range last.Levels {
		rules := slices.DeleteFunc(slices.Clone(l.Rules), func(x ir.Rule) bool { return x.Action == ir.Allow })
		deny.Levels = append(deny.Levels, ir.Level{Rules: rules})
	}
	whole := *last
	*last = deny
	first.Egress, first.Ingress = stages, stages
	if allowed, decided := (reference{first}).decide(h, at, peer, d); decided {
		return allowed
	}
	if !closed {
		return theirs.verdict(h, at, typ)
	}
	alone := &ir.Program{Egress: []ir.Stage{whole}, Ingress: []ir.Stage{whole}, Inventory: r.p.Inventory}
	if allowed, _ := (reference{alone}).decide(h, at, peer, d); allowed {
		return true
	}
	action, _ := theirs.tier(theirs.tiers[0], h, at, typ)
	return action == v3.Allow || action == v3.Pass
}

func text(t testing.TB, objects []manifest.Object) string {
	t.Helper()
	out, err := manifest.Stream(objects)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
