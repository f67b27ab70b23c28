package sem

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// TestLintIdle holds that the rules which are found to decide nothing can all go
// at once without a change of any verdict, and that none is left then.
func TestLintIdle(t *testing.T) {
	some := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{T: rt}
		inv := d.inventory()
		p := d.program(inv)
		written := 1 + d.below(12) // rules share origins, as those that one rule lifts to
		for i, r := range p.All() {
			r.Rule.Origin = ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint("Policy shop/p rule ", i%written)}
		}
		found := idle(rt, p, &inv)
		some += len(found)
		less := p.Filter(func(r ir.Directed) bool { return !slices.Contains(found, r.Rule.Origin.Address) })
		c, err := Compare(Policy{{Program: p}}, Policy{{Program: less}}, Options{Inventory: &inv})
		if err != nil {
			rt.Fatal(err)
		}
		if !c.Equal() {
			rt.Fatalf("without %q it is another policy:\n%s", found, p.Text())
		}
		if more := idle(rt, less, &inv); more != nil {
			rt.Fatalf("%q are found only without %q:\n%s", more, found, p.Text())
		}
	})
	if some == 0 {
		t.Error("no program had a rule that decides nothing")
	}
}

// idle gives the addresses of the rules that decide nothing.
func idle(t *rapid.T, p *ir.Program, inv *ir.Inventory) []string {
	found, err := Lint(Policy{{Program: p}}, Options{Inventory: inv})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range found {
		if f.Kind <= Covered {
			out = append(out, f.Origin.Address)
		}
	}
	return out
}

// linted is a program with the rules in one closed stage of ingress, between the
// workloads web, api and db of namespace shop.
type linted struct {
	t *testing.T
	*ir.Program
}

func newLinted(t *testing.T) linted {
	p := &ir.Program{Inventory: ir.Inventory{Namespaces: []ir.Namespace{{Address: "shop", Name: "shop"}}}}
	for _, name := range []string{"api", "db", "web"} {
		p.Inventory.Workloads = append(p.Inventory.Workloads, ir.Workload{Address: "shop/" + name, Name: name, Namespace: "shop", Pods: app("shop", name)})
	}
	return linted{t, p}
}

func tcp(first, last uint16) ir.Traffic {
	return ir.PortTraffic(ir.TCP, set.PortsOf(set.PortRange{First: first, Last: last}))
}

func rule(name string, action ir.Action, subject ir.Pods, peer ir.Peer, over ir.Traffic) ir.Rule {
	return ir.Rule{
		Subject: ir.Subject{Pods: subject}, Peers: must(ir.PeersOf(peer)), Traffic: over, Action: action,
		Origin: ir.Origin{Kind: ir.FromRule, Address: "Policy shop/" + name},
	}
}

func closing(name string, subject ir.Pods) ir.Isolation {
	return ir.Isolation{Subject: ir.Subject{Pods: subject}, Origin: ir.Origin{Kind: ir.FromDefault, Address: "Policy shop/" + name}}
}

// wants holds the findings to their texts.
func (s linted) wants(want ...string) {
	s.t.Helper()
	s.Index()
	found, err := Lint(Policy{{Program: s.Program, Scope: CNI}}, Options{Inventory: &s.Inventory, Scope: CNI})
	if err != nil {
		s.t.Fatal(err)
	}
	kinds := [...]string{"", "never decides", "matches nothing", "covered", "selects nothing", "no DNS", "only denies"}
	var got []string
	for _, f := range found {
		text := strings.TrimPrefix(f.Origin.Address, "Policy shop/") + ": " + kinds[f.Kind]
		for _, o := range f.By {
			text += " " + strings.TrimPrefix(o.Address, "Policy shop/")
		}
		for _, w := range f.Workloads {
			text += " " + w.Name
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("found %q, want %q", got, want)
	}
}

func TestLintRules(t *testing.T) {
	web, api, all := app("shop", "web"), app("shop", "api"), ir.InNamespace("shop")
	for name, test := range map[string]struct {
		levels [][]ir.Rule
		want   []string
	}{
		"one covers": {[][]ir.Rule{{
			rule("narrow", ir.Allow, api, web, tcp(80, 80)), rule("wide", ir.Allow, api, all, tcp(1, 1000)),
		}}, []string{"narrow: covered wide"}},
		"of two equal rules the later": {[][]ir.Rule{{
			rule("a", ir.Allow, api, web, tcp(80, 80)), rule("b", ir.Allow, api, web, tcp(80, 80)),
		}}, []string{"b: covered a"}},
		"two together": {[][]ir.Rule{{
			rule("both", ir.Allow, api, web, tcp(80, 89)), rule("low", ir.Allow, api, all, tcp(1, 84)), rule("high", ir.Allow, all, web, tcp(85, 99)),
		}}, []string{"both: covered low high"}},
		"a rule that logs is of its own": {[][]ir.Rule{{
			rule("wide", ir.Allow, api, all, tcp(1, 1000)),
			func() ir.Rule { r := rule("log", ir.Allow, api, web, tcp(80, 80)); r.Log = true; return r }(),
		}}, nil},
		"a staged rule covers nothing": {[][]ir.Rule{{
			rule("narrow", ir.Allow, api, web, tcp(80, 80)),
			func() ir.Rule { r := rule("staged", ir.Allow, api, all, tcp(1, 1000)); r.Mode = ir.Staged; return r }(),
		}}, nil},
		"a later level covers nothing": {[][]ir.Rule{
			{rule("narrow", ir.Allow, api, web, tcp(80, 80))}, {rule("wide", ir.Allow, api, all, tcp(1, 1000))},
		}, nil},
		"an earlier level decides": {[][]ir.Rule{
			{rule("wide", ir.Allow, api, all, tcp(1, 1000))}, {rule("narrow", ir.Allow, api, web, tcp(80, 80))},
		}, []string{"narrow: never decides wide"}},
		"a deny beats it": {[][]ir.Rule{{
			rule("allow", ir.Allow, api, web, tcp(80, 89)), rule("low", ir.Deny, api, all, tcp(1, 84)), rule("high", ir.Deny, all, all, tcp(85, 99)),
		}}, []string{"allow: never decides low high"}},
		"a deny of some": {[][]ir.Rule{{
			rule("allow", ir.Allow, api, web, tcp(80, 89)), rule("low", ir.Deny, api, all, tcp(1, 84)),
		}}, nil},
		"a pass is not asked again": {[][]ir.Rule{
			{rule("pass", ir.Pass, api, all, tcp(1, 1000))}, {rule("narrow", ir.Allow, api, web, tcp(80, 80))},
		}, []string{"narrow: never decides pass"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLinted(t)
			s.t = t
			stage := ir.Stage{Name: ir.StageRules, Isolate: []ir.Isolation{closing("default", all)}}
			for _, rules := range test.levels {
				stage.Levels = append(stage.Levels, ir.Level{Rules: rules})
			}
			s.Ingress = []ir.Stage{stage}
			s.wants(test.want...)
		})
	}
}

// What ends a stage stands before the next, and what passes it does not.
func TestLintStages(t *testing.T) {
	web, api, all := app("shop", "web"), app("shop", "api"), ir.InNamespace("shop")
	first := ir.Stage{Name: "first", Isolate: []ir.Isolation{closing("tier", api)}, Levels: []ir.Level{{
		Rules: []ir.Rule{rule("pass", ir.Pass, api, web, tcp(443, 443))},
	}}}
	last := ir.Stage{Name: ir.StageRules, Isolate: []ir.Isolation{closing("default", all)}, Levels: []ir.Level{{
		Rules: []ir.Rule{rule("lost", ir.Allow, api, web, tcp(80, 80)), rule("kept", ir.Allow, api, web, tcp(443, 443))},
	}}}
	s := newLinted(t)
	s.Ingress = []ir.Stage{first, last}
	s.wants("lost: never decides tier")
}

// Labels of a declared namespace are what is declared, and no others.
func TestLintNothing(t *testing.T) {
	s := newLinted(t)
	none := app("shop", "web")
	none.Namespace = must(none.Namespace.And(ir.MatchLabels(map[string]string{"team": "a"})))
	s.Ingress = []ir.Stage{{Name: ir.StageRules, Levels: []ir.Level{{Rules: []ir.Rule{rule("p", ir.Deny, app("shop", "api"), none, ir.AllTraffic())}}}}}
	s.wants("p: matches nothing")
}

func TestLintPolicies(t *testing.T) {
	wrong := app("shop", "wbe")
	for name, test := range map[string]struct {
		policy ir.Pods
		want   []string
	}{
		"no workload has the label": {wrong, []string{"p: selects nothing"}},
		"a label that none declares": {must(ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"role": "x"}))),
			[]string{"p: selects nothing"}},
		"a label that the cluster writes": {must(ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"pod-template-hash": "x"}))), nil},
		"where no workloads are declared": {app("elsewhere", "wbe"), nil},
		"pods of any namespace":           {must(ir.AllPods().WithLabels(ir.MatchLabels(map[string]string{"app": "wbe"}))), nil},
		"without the label":               {must(ir.InNamespace("shop").WithLabels(must(ir.Select(ir.Requirement{Key: "role", Constraint: ir.Absent()})))), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLinted(t)
			s.t = t
			s.Ingress = []ir.Stage{{Name: ir.StageRules, Isolate: []ir.Isolation{closing("p", test.policy)}}}
			s.wants(test.want...)
		})
	}
}

func TestLintDNS(t *testing.T) {
	web, all := app("shop", "web"), ir.InNamespace("shop")
	dns := must(ir.InNamespace("kube-system").WithLabels(ir.MatchLabels(map[string]string{"k8s-app": "kube-dns"})))
	query := ir.PortTraffic(ir.UDP, set.SinglePort(53))
	other := rule("other", ir.Allow, web, ir.External{Addresses: cidrs("192.0.2.0/24")}, tcp(443, 443))
	for name, test := range map[string]struct {
		stated bool
		rules  []ir.Rule
		want   []string
	}{
		"nothing at all is sent": {false, nil, nil},
		"something else":         {false, []ir.Rule{other}, []string{"default: no DNS web"}},
		"DNS too":                {true, []ir.Rule{other, rule("dns", ir.Allow, all, dns, query)}, nil},
		"pods of the own namespace": {false, []ir.Rule{other, rule("dns", ir.Allow, web, must(ir.InNamespace("shop").WithLabels(dns.Labels)), query)},
			[]string{"default: no DNS web"}},
		"a node's cache":                     {false, []ir.Rule{other, rule("dns", ir.Allow, web, ir.Nodes{Own: true}, query)}, nil},
		"a node's cache, and DNS is not one": {true, []ir.Rule{other, rule("dns", ir.Allow, web, ir.Nodes{Own: true}, query)}, []string{"default: no DNS web"}},
		"a deny": {true, []ir.Rule{other, rule("deny", ir.Deny, web, dns, query), rule("dns", ir.Allow, web, ir.InNamespace("kube-system"), query)},
			[]string{"deny: no DNS web"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLinted(t)
			s.t = t
			if test.stated {
				s.Inventory.Facts.DNS = ir.DNS{Pods: dns, Port: 53}
			}
			s.Egress = []ir.Stage{{Name: ir.StageRules, Isolate: []ir.Isolation{closing("default", all)}, Levels: []ir.Level{{Rules: test.rules}}}}
			s.wants(test.want...)
		})
	}
}

func TestLintDenies(t *testing.T) {
	web, api, all := app("shop", "web"), app("shop", "api"), ir.InNamespace("shop")
	metadata := ir.External{Addresses: cidrs("169.254.169.254/32")}
	deny := rule("p egress[0]", ir.Deny, web, metadata, ir.AllTraffic())
	for name, test := range map[string]struct {
		rules   []ir.Rule
		isolate []ir.Isolation
		want    []string
	}{
		"alone":                       {[]ir.Rule{deny}, []ir.Isolation{closing("p", web)}, []string{"p: only denies web"}},
		"it does not close":           {[]ir.Rule{deny}, nil, nil},
		"with an allow":               {[]ir.Rule{deny, rule("p egress[1]", ir.Allow, web, api, tcp(80, 80))}, []ir.Isolation{closing("p", web)}, []string{"p: no DNS web"}},
		"another closes":              {[]ir.Rule{deny}, []ir.Isolation{closing("p", web), closing("default", all)}, nil},
		"another allows":              {[]ir.Rule{deny, rule("q egress[0]", ir.Allow, all, metadata, ir.AllTraffic())}, []ir.Isolation{closing("p", web)}, nil},
		"everything is denied anyway": {[]ir.Rule{rule("p egress[0]", ir.Deny, web, ir.AnyPeer{}, ir.AllTraffic())}, []ir.Isolation{closing("p", web)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLinted(t)
			s.t = t
			s.Egress = []ir.Stage{{Name: ir.StageRules, Isolate: test.isolate, Levels: []ir.Level{{Rules: test.rules}}}}
			s.wants(test.want...)
		})
	}
}

// BenchmarkLint lints programs in which some rules are found: large draws the
// same rule twice.
func BenchmarkLint(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		p := large(n)
		p.Index()
		for i, d := range p.All() {
			d.Rule.Origin = ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint("Policy shop/p ", i)}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				found, err := Lint(Policy{{Program: p}}, Options{Inventory: &p.Inventory})
				if err != nil || len(found) == 0 {
					b.Fatal(err, len(found))
				}
			}
		})
	}
}

// A bound that is hit is an error, never no findings.
func TestLintBound(t *testing.T) {
	p := hostile[1].program()
	found, err := Lint(Policy{{Program: p}}, Options{Inventory: &p.Inventory, MaxNodes: 1 << 14})
	var unproved *Unproved
	if !errors.As(err, &unproved) || found != nil {
		t.Errorf("%d findings, %v", len(found), err)
	}
}
