package lower

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

func rule(t *testing.T, address string, a ir.Action, subject ir.Pods, traffic ir.Traffic, peers ...ir.Peer) ir.Rule {
	t.Helper()
	return ir.Rule{
		Subject: ir.Subject{Pods: subject, Address: "the " + address, Kind: ir.SubjectInline}, Peers: peersOf(t, peers...),
		Traffic: traffic, Action: a, Origin: ir.Origin{Kind: ir.FromRule, Address: address},
	}
}

func stageOf(name string, rules ...ir.Rule) ir.Stage {
	s := ir.Stage{Name: name}
	for _, a := range []ir.Action{ir.Log, ir.Deny, ir.Pass, ir.Allow} {
		var l ir.Level
		for _, r := range rules {
			if r.Action == a {
				l.Rules = append(l.Rules, r)
			}
		}
		if len(l.Rules) > 0 {
			s.Levels = append(s.Levels, l)
		}
	}
	return s
}

func closing(s ir.Stage, pods ...ir.Pods) ir.Stage {
	for _, p := range pods {
		s.Isolate = append(s.Isolate, ir.Isolation{Subject: ir.Subject{Pods: p}, Origin: ir.Origin{Kind: ir.FromDefault}})
	}
	return s
}

// textOf gives a line per rule: action, address, subject, peers, traffic.
func textOf(s *ir.Stage) string {
	var lines []string
	for _, r := range s.Rules() {
		lines = append(lines, strings.Join([]string{r.Action.String() + " " + r.Origin.Address, r.Subject.Pods.String(), r.Peers.String(), r.Traffic.String()}, " | "))
	}
	return strings.Join(lines, "\n")
}

func TestFlattenCases(t *testing.T) {
	a := ir.InNamespace("a")
	app := a
	app.Labels = ir.MatchLabels(map[string]string{"app": "1"})
	account, _ := ir.InNamespace("b").WithAccount(ir.OneOf("s"))
	port := func(p uint16) ir.Traffic { return ir.PortTraffic(ir.TCP, set.SinglePort(p)) }
	every := ir.AllTraffic()
	staged := rule(t, "staged", ir.Deny, a, every, ir.AnyPeer{})
	staged.Mode = ir.Staged
	logged := rule(t, "log", ir.Log, a, every, ir.AnyPeer{})
	closed := func(rules ...ir.Rule) ir.Stage { return closing(stageOf(ir.StageRules, rules...), a) }
	for _, c := range []struct {
		name     string
		stages   []ir.Stage
		keep     bool
		accounts bool // may tell pods by account
		want     string
		refused  string // code, address and a word of the reason
	}{
		{
			name:   "what decides nothing is left out",
			stages: []ir.Stage{closed(staged, logged, rule(t, "r", ir.Allow, app, port(80), world()))},
			want:   "allow r | pods(in a; app=1) | world | tcp 80",
		}, {
			name:   "a deny that overlaps nothing",
			stages: []ir.Stage{closed(rule(t, "d", ir.Deny, a, every, ir.InNamespace("b")), rule(t, "r", ir.Allow, app, port(80), world()))},
			want:   "allow r | pods(in a; app=1) | world | tcp 80",
		}, {
			name:   "a deny of addresses",
			stages: []ir.Stage{closed(rule(t, "d", ir.Deny, a, every, external("192.0.2.0/24")), rule(t, "r", ir.Allow, app, port(80), world()))},
			want:   "allow r | pods(in a; app=1) | external(0.0.0.0/0 (except 192.0.2.0/24),::/0) | tcp 80",
		}, {
			name:   "a deny of ports",
			stages: []ir.Stage{closed(rule(t, "d", ir.Deny, a, port(80), ir.AnyPeer{}), rule(t, "r", ir.Allow, app, port(80).Or(port(81)), ir.AnyPeer{}))},
			want:   "allow r | pods(in a; app=1) | anywhere | tcp 81",
		}, {
			name:   "a deny of everything",
			stages: []ir.Stage{closed(rule(t, "d", ir.Deny, a, every, ir.AnyPeer{}), rule(t, "r", ir.Allow, app, port(80), ir.AnyPeer{}))},
		}, {
			name:   "a deny of a part of the subject",
			stages: []ir.Stage{closed(rule(t, "d", ir.Deny, app, every, ir.AnyPeer{}), rule(t, "r", ir.Allow, a, port(80), ir.AnyPeer{}))},
			want:   "allow r | pods(in a; app not in {1}) | anywhere | tcp 80",
		}, {
			name: "an earlier allow",
			stages: []ir.Stage{
				stageOf("one", rule(t, "one/r", ir.Allow, app, port(80), ir.AnyPeer{})),
				stageOf("two", rule(t, "two/d", ir.Deny, a, every, ir.AnyPeer{})),
				closed(rule(t, "r", ir.Allow, app, port(81), ir.AnyPeer{})),
			},
			want: "allow one/r | pods(in a; app=1) | anywhere | tcp 80",
		}, {
			name:    "an open subject",
			stages:  []ir.Stage{stageOf(ir.StageRules, rule(t, "d", ir.Deny, app, every, world()))},
			refused: `P4005 d "the d" is open for ingress`,
		}, {
			name:   "an open subject of a format with denies",
			stages: []ir.Stage{stageOf(ir.StageRules, rule(t, "d", ir.Deny, app, every, world()))},
			keep:   true,
			want:   "deny d | pods(in a; app=1) | world | any",
		}, {
			name: "a kept deny without what an earlier allow decided",
			stages: []ir.Stage{
				stageOf("one", rule(t, "one/r", ir.Allow, app, every, external("192.0.2.0/24"))),
				closed(rule(t, "d", ir.Deny, app, port(80), world()), rule(t, "r", ir.Allow, a, every, world())),
			},
			keep: true,
			want: "deny d | pods(in a; app=1) | external(0.0.0.0/0 (except 192.0.2.0/24),::/0) | tcp 80\n" +
				"allow one/r | pods(in a; app=1) | external(192.0.2.0/24) | any\n" +
				"allow r | pods(in a) | world | any",
		}, {
			name: "a kept deny that cannot be parted",
			stages: []ir.Stage{
				stageOf("one", rule(t, "one/r", ir.Allow, app, port(80), ir.AnyPeer{})),
				closed(rule(t, "d", ir.Deny, app, every, ir.AnyPeer{})),
			},
			keep:    true,
			refused: `P4006 one/r rule "d"`,
		}, {
			name: "a tier that closes",
			stages: []ir.Stage{
				closing(stageOf("one", rule(t, "one/p", ir.Pass, app, port(80), ir.AnyPeer{}), rule(t, "one/r", ir.Allow, app, port(81), ir.AnyPeer{})), app),
				closed(rule(t, "r", ir.Allow, a, port(80).Or(port(82)), world())),
			},
			want: "allow one/r | pods(in a; app=1) | anywhere | tcp 81\n" +
				"allow r | pods(in a; app not in {1}) | world | tcp 80,82\n" +
				"allow r | pods(in a; app=1) | world | tcp 80",
		}, {
			name: "what a closing tier passes is allowed after the last",
			stages: []ir.Stage{
				closing(stageOf("one", rule(t, "one/p", ir.Pass, app, port(80), ir.AnyPeer{})), app),
				stageOf(ir.StageRules, rule(t, "r", ir.Allow, a, port(81), world())),
			},
			want: "allow one/p | pods(in a; app=1) | anywhere | tcp 80\n" +
				"allow r | pods(in a; app not in {1}) | world | tcp 81",
		}, {
			name:    "an account in a format that sees none",
			stages:  []ir.Stage{closed(rule(t, "d", ir.Deny, a, every, account), rule(t, "r", ir.Allow, a, every, ir.InNamespace("b")))},
			refused: "P4005 d service account",
		}, {
			name:     "an account in a format that sees it",
			stages:   []ir.Stage{closed(rule(t, "d", ir.Deny, a, every, account), rule(t, "r", ir.Allow, a, every, ir.InNamespace("b")))},
			accounts: true,
			want:     "allow r | pods(in a) | pods(in b; account not in {s}) | any",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &ir.Program{Ingress: c.stages, Inventory: testInventory()}
			s, refusals := Flatten(p, ir.Ingress, FlattenOptions{KeepDenies: c.keep, NoAccounts: !c.accounts})
			if c.refused != "" {
				parts := strings.SplitN(c.refused, " ", 3)
				if len(refusals) != 1 || refusals[0].Code != diag.Code(parts[0]) || refusals[0].Rule.Origin.Address != parts[1] || !strings.Contains(refusals[0].Reason, parts[2]) {
					t.Errorf("refused %v, want %s", refusals, c.refused)
				}
				return
			}
			for _, r := range refusals {
				t.Errorf("refused %s %s: %s", r.Code, r.Rule.Origin.Address, r.Reason)
			}
			if got := textOf(s); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A program without tiers and denies keeps its stage, and with it its index.
func TestFlattenLeavesFlatProgramsAlone(t *testing.T) {
	p := &ir.Program{Ingress: []ir.Stage{closing(stageOf(ir.StageRules, rule(t, "r", ir.Allow, ir.InNamespace("a"), ir.AllTraffic(), world())), ir.AllPods())}}
	s, refusals := Flatten(p, ir.Ingress, FlattenOptions{})
	if s != &p.Ingress[0] || refusals != nil {
		t.Errorf("got another stage, %v", refusals)
	}
}

// What falls into too many parts is refused, in reasonable time.
func TestFlattenIsBounded(t *testing.T) {
	s := closing(ir.Stage{Name: ir.StageRules}, ir.AllPods())
	var denies []ir.Rule
	for i := range 200 {
		key := "k" + string(rune('a'+i%26)) + string(rune('a'+i/26))
		p := ir.AllPods()
		p.Labels = ir.MatchLabels(map[string]string{key + "1": "x", key + "2": "x"})
		denies = append(denies, rule(t, key, ir.Deny, ir.InNamespace("a"), ir.AllTraffic(), p))
	}
	s.Levels = []ir.Level{{Rules: denies}, {Rules: []ir.Rule{rule(t, "r", ir.Allow, ir.InNamespace("a"), ir.AllTraffic(), ir.AllPods())}}}
	_, refusals := Flatten(&ir.Program{Ingress: []ir.Stage{s}}, ir.Ingress, FlattenOptions{})
	if len(refusals) != 1 || refusals[0].Code != diag.LacksOrder || refusals[0].Rule.Origin.Address != "r" || !strings.Contains(refusals[0].Reason, "the bound of 1000") {
		t.Errorf("got %v", refusals)
	}
}

// Ingress takes a deny between pods upon itself, so that egress stays as it is
// written.
func TestFlattenDeniesAtOneEnd(t *testing.T) {
	a, b := ir.InNamespace("a"), ir.InNamespace("b")
	every := ir.AllTraffic()
	p := &ir.Program{
		Egress:    []ir.Stage{closing(stageOf(ir.StageRules, rule(t, "d", ir.Deny, a, every, b), rule(t, "r", ir.Allow, a, every, ir.AllPods())), a)},
		Ingress:   []ir.Stage{closing(stageOf(ir.StageRules, rule(t, "d", ir.Deny, b, every, a), rule(t, "r", ir.Allow, b, every, ir.AllPods())), b)},
		Inventory: testInventory(),
	}
	egress, _ := Flatten(p, ir.Egress, FlattenOptions{})
	ingress, _ := Flatten(p, ir.Ingress, FlattenOptions{})
	if got := textOf(egress); got != "allow r | pods(in a) | pods(anywhere) | any" {
		t.Error(got)
	}
	if got := textOf(ingress); got != "allow r | pods(in b) | pods(in [kubernetes.io/metadata.name not in {a}]) | any" {
		t.Error(got)
	}
	p.Ingress[0].Isolate = nil // b is open now, so it is a's egress that denies
	egress, no1 := Flatten(p, ir.Egress, FlattenOptions{})
	_, no2 := Flatten(p, ir.Ingress, FlattenOptions{})
	if got := textOf(egress); got != "allow r | pods(in a) | pods(in [kubernetes.io/metadata.name not in {b}]) | any" || no1 != nil || no2 != nil {
		t.Error(got, no1, no2)
	}
}
