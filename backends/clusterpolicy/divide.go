// Package clusterpolicy renders tiers as ClusterNetworkPolicy, for the backends
// of the engines that enforce it beside policies of their own.
//
// The kind has two tiers, Admin before the other policies and Baseline for pods
// that none of them closes, and in each a priority from 0 to 1000 and rules in
// their order. Divide parts a program into what such policies say and the rest,
// and a Writer writes them:
//
//	tier "security" {                     tier: Admin
//	  order = 100                         priority: 100
//	  deny lab to shop { tcp = [22] }     subject: {namespaces: {matchLabels: ...: shop}}
//	}                                     ingress: [{action: Deny, from: ...}]
package clusterpolicy

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Entry is a rule that policies say, and where among the others it stands. At
// one priority all rules have one action, since the API leaves open which of
// two policies is asked first.
type Entry struct {
	Tier      Tier
	Priority  int32
	Step      string // names the policies: security.deny
	Direction ir.Direction
	Rule      ir.Rule
}

// Options says what an engine and its other policies can do.
type Options struct {
	// Says reports whether policies can name the peer, which of AnyPeer they
	// do where they can name whatever there is. What they cannot name is left to
	// the rest.
	Says func(ir.Direction, ir.Peer) bool

	// Denies has policies say the denies outside tiers, for formats that have
	// none. They come last in Admin: they beat the allows outside tiers, and no
	// tier.
	Denies bool

	// Flatten is how the rest will be flattened.
	Flatten lower.FlattenOptions
}

// The priorities of a tier that the intent writes are its order, for its
// denies, and the ones behind it, so that they hang on nothing else.
const (
	places       = 4 // deny, pass, allow, and what the tier closes
	lastPriority = 1000
	lastOrder    = lastPriority - places // of a tier: last of all are the denies outside tiers
)

// Divide gives what policies say of the program, and the rest of it, such that
// both together mean the program: the rest decides what the policies of Admin
// leave open, as they come first, and what they cannot name. With an error
// reported neither is to be used. The program is not changed.
//
// A pass leaves the tier Admin, in which all tiers are. Where that would skip
// what a later one says, it is taken out of the rest of its own tier instead.
func Divide(p *ir.Program, report *lower.Report, o Options) ([]Entry, *ir.Program) {
	v := dividing{program: p, report: report, options: o}
	v.numbered = v.number()
	rest := p.Clone()
	rest.Egress, rest.Ingress = v.direction(ir.Egress), v.direction(ir.Ingress)
	rest.Index()
	return v.entries, rest
}

type dividing struct {
	program  *ir.Program
	report   *lower.Report
	options  Options
	numbered bool // priorities are numbers, not orders
	entries  []Entry
}

// step is rules of a stage that decide together, all with one action.
type step struct {
	stage    int
	tier     Tier
	action   ir.Action
	word     string // of its place, for names
	rules    []ir.Rule
	priority int32
}

// isTier reports a stage of rules that are in a tier.
func isTier(s *ir.Stage) bool { return s.Name != ir.StageAxioms && s.Name != ir.StageRules }

// number reports that the tiers are not the intent's, and what is reported
// otherwise: tiers' orders that are no priorities, or too near to each other.
func (v *dividing) number() bool {
	type tier struct {
		order  float64
		origin ir.Origin
	}
	var tiers []tier
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		stages := v.program.Stages(d)
		for i := range stages {
			s := &stages[i]
			switch {
			case !isTier(s):
			case s.Origin.Kind != ir.FromRule || !inPlaces(stepsOf(i, s)):
				return true
			default:
				tiers = append(tiers, tier{s.Order, s.Origin})
			}
		}
	}
	slices.SortStableFunc(tiers, func(a, b tier) int { return int(a.order - b.order) })
	tiers = slices.CompactFunc(tiers, func(a, b tier) bool { return a.order == b.order })
	for i, t := range tiers {
		switch {
		case t.order < 0 || t.order > lastOrder || t.order != math.Trunc(t.order):
			v.noPriority(t.origin, fmt.Sprintf("its order is %v, and a tier takes %d priorities of ClusterNetworkPolicies, which go to %d", t.order, places, lastPriority))
		case i > 0 && t.order < tiers[i-1].order+places:
			v.noPriority(t.origin, fmt.Sprintf("its order is %v, and tier %q at %v takes %d priorities of ClusterNetworkPolicies", t.order, tiers[i-1].origin.Address, tiers[i-1].order, places))
		}
	}
	return false
}

func (v *dividing) noPriority(o ir.Origin, why string) {
	var one diag.List
	d := one.Add(diag.NoPriority, o.Range, fmt.Sprintf("Tier %q cannot be said for target %q: %s.", o.Address, v.report.Target.Name, why),
		fmt.Sprintf("Give the tiers orders from 1 to %d, %d or more apart.", lastOrder, places))
	d.Address, d.Target = o.Address, v.report.Target.Name
	v.report.Add(one)
}

// stepsOf gives the steps in which a stage decides. In a level a deny beats an
// allow, and that a pass. What a stage closes is denied last.
func stepsOf(i int, s *ir.Stage) []step {
	var out []step
	for _, l := range s.Levels {
		for _, a := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
			var rules []ir.Rule
			for _, r := range l.Rules {
				if r.Action == a && r.Mode == ir.Enforce && r.Origin.Kind != ir.FromAxiom {
					rules = append(rules, r)
				}
			}
			if rules != nil {
				out = append(out, step{stage: i, action: a, word: words[a], rules: rules})
			}
		}
	}
	var closing []ir.Rule
	for _, iso := range s.Isolate {
		if iso.Mode == ir.Enforce {
			everyone, _ := ir.PeersOf(ir.AnyPeer{})
			closing = append(closing, ir.Rule{Subject: iso.Subject, Peers: everyone, Traffic: ir.AllTraffic(), Action: ir.Deny, If: iso.If, Origin: iso.Origin})
		}
	}
	if closing != nil {
		out = append(out, step{stage: i, action: ir.Deny, word: wordClosed, rules: closing})
	}
	return out
}

var words = map[ir.Action]string{ir.Deny: "deny", ir.Pass: "pass", ir.Allow: "allow"}

const wordClosed = "default"

// placeOf is where among a tier's priorities a step of the intent's stands.
var placeOf = []string{"deny", "pass", "allow", wordClosed}

// inPlaces reports that the steps are those of a tier of the intent.
func inPlaces(steps []step) bool {
	at := -1
	for _, s := range steps {
		place := slices.Index(placeOf, s.word)
		if place <= at {
			return false
		}
		at = place
	}
	return true
}

// direction adds what policies say in a direction, and gives the stages of the
// rest.
func (v *dividing) direction(d ir.Direction) []ir.Stage {
	var rest []ir.Stage
	var steps []step
	tier := Admin
	stages := v.program.Stages(d)
	for i := range stages {
		s := stages[i]
		switch {
		case s.Name == ir.StageAxioms:
			rest = append(rest, s)
			continue
		case s.Name == ir.StageRules:
			if v.options.Denies {
				var last step
				last, s = v.denies(d, i, s)
				steps = append(steps, last)
			}
			rest = append(rest, s)
			tier = Baseline
			continue
		case tier == Baseline && !v.saysAll(d, &s):
			rest = append(rest, s)
			continue
		}
		for _, x := range stepsOf(i, &s) {
			x.tier = tier
			steps = append(steps, x)
		}
		if left, some := v.left(d, s); some {
			rest = append(rest, left)
		}
	}
	for i := range steps {
		steps[i].rules = v.said(d, steps[i].rules)
	}
	v.prioritize(stages, steps)
	v.passes(steps)
	for _, s := range steps {
		for _, r := range s.rules {
			v.entries = append(v.entries, Entry{Tier: s.tier, Priority: s.priority, Step: s.word, Direction: d, Rule: r})
		}
	}
	return rest
}

// prioritize gives the steps their priorities and names.
func (v *dividing) prioritize(stages []ir.Stage, steps []step) {
	next := map[Tier]int32{}
	for i := range steps {
		s := &steps[i]
		stage := &stages[s.stage]
		if !isTier(stage) {
			s.priority, s.word = lastPriority, stepRules+"--"+s.word
			continue
		}
		name, _ := lower.Label(strings.ToLower(stage.Name), stage.Name)
		if v.numbered {
			if s.priority = next[s.tier]; s.priority >= lastPriority {
				v.report.Refuse(diag.OverBound, s.rules[0].Origin, fmt.Sprintf("the tiers fall into over %d steps, the priorities that ClusterNetworkPolicies have", lastPriority),
					"Let rules with one action stand next to each other.")
				return
			}
			s.word = fmt.Sprintf("%s.%s-%d", name, s.word, s.priority)
			next[s.tier]++
			continue
		}
		s.priority = int32(stage.Order) + int32(slices.Index(placeOf, s.word))
		s.word = name + "." + s.word
	}
}

// stepRules names what is in no tier. A tier's name has "--" in no such place.
const stepRules = "rules"

// denies parts the rules outside tiers into the denies that beat all others of
// them, as far as policies can name their peers, and the rest.
func (v *dividing) denies(d ir.Direction, i int, s ir.Stage) (step, ir.Stage) {
	out := step{stage: i, tier: Admin, action: ir.Deny, word: words[ir.Deny]}
	if len(s.Levels) == 0 {
		return out, s
	}
	first := s.Levels[0]
	var left []ir.Rule
	for _, r := range first.Rules {
		if r.Action != ir.Deny || r.Mode != ir.Enforce {
			left = append(left, r)
			continue
		}
		out.rules = append(out.rules, r)
		if r, some := v.unsaid(d, r); some {
			left = append(left, r)
		}
	}
	s.Levels = slices.Clone(s.Levels)
	if s.Levels[0].Rules = left; left == nil {
		s.Levels = s.Levels[1:]
	}
	return out, s
}

// left gives what of a tier is left to the rest; false for nothing. What a tier
// closes is closed by both: the rest then has to let through what the policies
// pass, which is why passes of such a tier are left whole.
func (v *dividing) left(d ir.Direction, s ir.Stage) (ir.Stage, bool) {
	closes := slices.ContainsFunc(s.Isolate, func(iso ir.Isolation) bool { return iso.Mode == ir.Enforce }) && !v.options.Says(d, ir.AnyPeer{})
	if !closes {
		s.Isolate = nil
	}
	var levels []ir.Level
	for _, l := range s.Levels {
		var rules []ir.Rule
		for _, r := range l.Rules {
			if closes && r.Action == ir.Pass {
				rules = append(rules, r)
			} else if r, some := v.unsaid(d, r); some {
				rules = append(rules, r)
			}
		}
		if rules != nil {
			levels = append(levels, ir.Level{Rules: rules})
		}
	}
	s.Levels = levels
	return s, len(s.Levels)+len(s.Isolate) > 0
}

// peers parts the peers of a rule into those that policies can name and the
// others.
func (v *dividing) peers(d ir.Direction, p ir.Peers) (said, others []ir.Peer) {
	list := p.List()
	if p.IsAny() && !v.options.Says(d, ir.AnyPeer{}) {
		list = ir.Everyone(v.program.Inventory.Facts.ClusterMesh)
	}
	for _, q := range list {
		if v.options.Says(d, q) {
			said = append(said, q)
		} else {
			others = append(others, q)
		}
	}
	return said, others
}

// said gives the rules with the peers that policies can name, without those
// that have none.
func (v *dividing) said(d ir.Direction, rules []ir.Rule) []ir.Rule {
	var out []ir.Rule
	for _, r := range rules {
		said, _ := v.peers(d, r.Peers)
		var some bool
		if r.Peers, some = ir.PeersOf(said...); some {
			out = append(out, r)
		}
	}
	return out
}

// unsaid gives the rule with the peers that policies cannot name; false for none.
func (v *dividing) unsaid(d ir.Direction, r ir.Rule) (ir.Rule, bool) {
	_, others := v.peers(d, r.Peers)
	var some bool
	r.Peers, some = ir.PeersOf(others...)
	return r, some
}

// saysAll reports that policies can name every peer of a stage.
func (v *dividing) saysAll(d ir.Direction, s *ir.Stage) bool {
	return len(s.Isolate) == 0 && !slices.ContainsFunc(s.Rules(), func(r ir.Rule) bool {
		_, some := v.unsaid(d, r)
		return some
	})
}

// passes keeps the passes that may leave the tier, and takes the others out of
// the later steps of their stage.
func (v *dividing) passes(steps []step) {
	for i := range steps {
		if steps[i].action != ir.Pass {
			continue
		}
		var leaving []ir.Rule
		var taken []*ir.Rule
		for k := range steps[i].rules {
			r := &steps[i].rules[k]
			if v.skips(r, steps[i], steps[i+1:]) {
				taken = append(taken, r)
			} else {
				leaving = append(leaving, *r)
			}
		}
		if taken == nil {
			continue
		}
		for k := range steps[i+1:] {
			if s := &steps[i+1+k]; s.stage == steps[i].stage && s.action != ir.Pass {
				s.rules = v.without(s.rules, taken)
			}
		}
		steps[i].rules = leaving
	}
}

// skips reports that leaving the tier by a pass may skip what a later stage of
// the tier decides.
func (v *dividing) skips(pass *ir.Rule, from step, later []step) bool {
	for _, s := range later {
		if s.stage == from.stage || s.tier != from.tier || s.action == ir.Pass {
			continue
		}
		for k := range s.rules {
			if lower.Overlap(v.program, pass, &s.rules[k]) {
				return true
			}
		}
	}
	return false
}

func (v *dividing) without(rules []ir.Rule, taken []*ir.Rule) []ir.Rule {
	var out []ir.Rule
	for k := range rules {
		parts, refusals := lower.Without(v.program, &rules[k], taken, v.options.Flatten)
		for _, x := range refusals {
			v.report.Refuse(x.Code, x.Rule.Origin, "a ClusterNetworkPolicy that passes leaves all tiers behind, so it has to be taken out of its own, and "+x.Reason,
				"Let it pass what no later tier and no deny outside tiers is about, or write the rules that it passes on to into its tier.")
		}
		out = append(out, parts...)
	}
	return out
}
