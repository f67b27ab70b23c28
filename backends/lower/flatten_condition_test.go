package lower

import (
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// TestFlattenConditions: what holds under a condition only is taken out of what
// has the condition too, and of nothing else.
func TestFlattenConditions(t *testing.T) {
	everyone := peersOf(t, ir.AllPods())
	named := func(text string) []ir.Condition { return []ir.Condition{ir.ServerName(name(t, text))} }
	rule := func(a ir.Action, when []ir.Condition, ports ...uint16) ir.Rule {
		traffic := ir.PortTraffic(ir.TCP, set.Ports{})
		for _, p := range ports {
			traffic = traffic.Or(ir.PortTraffic(ir.TCP, set.SinglePort(p)))
		}
		return ir.Rule{Subject: ir.SubjectOf(ir.InNamespace("a")), Peers: everyone, Traffic: traffic, Action: a, If: when,
			Origin: ir.Origin{Kind: ir.FromRule, Address: a.String()}}
	}
	program := func(first, second ir.Rule) *ir.Program {
		p := &ir.Program{Egress: []ir.Stage{
			{Name: "tier", Levels: []ir.Level{{Rules: []ir.Rule{first}}}},
			{Name: ir.StageRules, Levels: []ir.Level{{Rules: []ir.Rule{second}}}},
		}}
		p.Index()
		return p
	}
	for _, c := range []struct {
		what          string
		first, second ir.Rule
		want          string // traffic of the deny, "" for a refusal
	}{
		{"a conditional allow before a deny", rule(ir.Allow, named("x.io"), 443), rule(ir.Deny, nil, 443, 80), ""},
		{"of another port", rule(ir.Allow, named("x.io"), 8443), rule(ir.Deny, nil, 443), "tcp 443"},
		{"an allow before a conditional deny", rule(ir.Allow, nil, 443), rule(ir.Deny, named("x.io"), 443, 80), "tcp 80"},
		{"under the same condition", rule(ir.Allow, named("x.io"), 443), rule(ir.Deny, named("x.io"), 443, 80), "tcp 80"},
		{"under another", rule(ir.Allow, named("x.io"), 443), rule(ir.Deny, named("y.io"), 443, 80), ""},
	} {
		s, refusals := Flatten(program(c.first, c.second), ir.Egress, FlattenOptions{KeepDenies: true})
		if (len(refusals) > 0) != (c.want == "") || c.want == "" && refusals[0].Code != diag.LacksOrder {
			t.Errorf("%s: %v", c.what, refusals)
			continue
		}
		for _, r := range s.Rules() {
			if r.Action == ir.Deny && r.Traffic.String() != c.want {
				t.Errorf("%s: denies %s, not %s", c.what, r.Traffic, c.want)
			}
		}
	}
	// Rules that differ in what else they ask for are two.
	p := program(rule(ir.Pass, nil, 1), rule(ir.Allow, named("x.io"), 443))
	p.Egress[1].Levels[0].Rules = append(p.Egress[1].Levels[0].Rules, rule(ir.Allow, named("y.io"), 443))
	if s, refusals := Flatten(p, ir.Egress, FlattenOptions{KeepDenies: true}); len(refusals) > 0 || len(s.Rules()) != 2 {
		t.Errorf("%v %v", s.Rules(), refusals)
	}
}
