package lower

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// MaxParts bounds what Flatten makes of one rule: a rule that falls into more
// parts is refused.
const MaxParts = 1000

// FlattenOptions says what the format that is flattened for can do.
type FlattenOptions struct {
	// KeepDenies keeps denies for formats whose one level has deny beat allow.
	// Of a deny, only what an earlier allow or pass decided is taken out.
	// Without it denies are taken out of the allows that they beat.
	KeepDenies bool

	// PortsOnly says that TCP, UDP and SCTP are all that the target governs, so
	// that all traffic without some ports is the other ports of these three.
	PortsOnly bool

	// NoAccounts says that the format cannot tell pods apart by account, so
	// that no difference may hang on one.
	NoAccounts bool
}

// FlattenRefusal is a rule that stands in the way of flattening, and why, as a
// clause. Code is LacksDeny for a deny that has to be taken out of allows,
// LacksOrder for what overrides rules after it or falls into too many parts, or
// NeedsFact.
type FlattenRefusal struct {
	Rule   *ir.Rule
	Code   diag.Code
	Reason string
}

// Flatten gives one stage that decides every flow as all stages of the
// direction do, for formats that have no stages: allows and isolations and,
// with KeepDenies, a level of denies before the allows. It says nothing about
// formats; the native, Cilium and Istio backends share it.
//
// Rules keep their origin; one rule may become several that differ in subject,
// peers or traffic. Axioms are reckoned with and left out. Log and staged rules
// decide nothing and are left out. The rest is exact, or refused: with a
// refusal the stage means something else and is not to be used.
//
// A restriction that is enforced at one end is enforced. So, without KeepDenies,
// a deny that the ingress of its peers surely enforces needs nothing at the
// egress of its subject, and a deny whose subject is open is refused only where
// the other end does not enforce it. Where no allow overlaps it and its subject
// is closed, a deny needs nothing anyway.
func Flatten(p *ir.Program, d ir.Direction, o FlattenOptions) (*ir.Stage, []FlattenRefusal) {
	if s, flat := alreadyFlat(p, d); flat {
		return s, nil
	}
	f := flattenStages(p, d, o)
	if !o.KeepDenies {
		f.denyOpen()
	}
	return f.stage(), f.refusals
}

// alreadyFlat gives the last stage itself where it is the only one that decides
// and allows are all it has, as in most programs.
func alreadyFlat(p *ir.Program, d ir.Direction) (*ir.Stage, bool) {
	last := p.LastStage(d)
	if last == nil {
		return nil, false
	}
	stages := p.Stages(d)
	for i := range stages {
		if &stages[i] != last && stages[i].Name != ir.StageAxioms {
			return nil, false
		}
	}
	for _, l := range last.Levels {
		for _, r := range l.Rules {
			if r.Action != ir.Allow || r.Mode != ir.Enforce {
				return nil, false
			}
		}
	}
	return last, true
}

// gate is a stage that closes subjects: of what it did not decide itself, only
// what it passes reaches the stages after it.
type gate struct {
	closed []ir.Pods
	passes []box
}

// flattening is the state of one Flatten. Stages are walked in deciding order.
//
// The invariant, for flows that some level so far decided: a flow is allowed
// exactly if it is in allows. Of a flow that several levels would decide the
// first counts. A later allow of what is allowed already changes nothing, so
// allows are reduced by the denies before them and denies, as far as they only
// reduce allows, are not reduced by the allows before them.
type flattening struct {
	domain
	program   *ir.Program
	direction ir.Direction
	options   FlattenOptions

	allows  []box
	denies  []box // without what a pass of their stage took past them
	gates   []gate
	isolate []ir.Isolation

	// mate is the ingress of an egress flattening, to which it leaves the
	// denies that ingress enforces; nil for ingress and with KeepDenies.
	mate *flattening

	refusals []FlattenRefusal
	final    *ir.Stage // what stage gives, once it is asked for
}

func flattenStages(p *ir.Program, d ir.Direction, o FlattenOptions) *flattening {
	f := &flattening{
		domain:  domain{inv: &p.Inventory, portsOnly: o.PortsOnly},
		program: p, direction: d, options: o,
	}
	if d == ir.Egress && !o.KeepDenies {
		f.mate = flattenStages(p, ir.Ingress, o)
	}
	stages := p.Stages(d)
	for i := range stages {
		f.walk(&stages[i])
	}
	f.passed()
	return f
}

// walk goes through the levels of a stage, then its end.
func (f *flattening) walk(s *ir.Stage) {
	var passes []box
	for l := range s.Levels {
		for _, action := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
			var now []box
			for i := range s.Levels[l].Rules {
				r := &s.Levels[l].Rules[i]
				if r.Action == action && r.Mode == ir.Enforce {
					now = append(now, f.decide(boxOf(r), passes)...)
				}
			}
			switch action {
			case ir.Deny:
				f.denies = append(f.denies, f.ours(now)...)
			case ir.Allow:
				f.allows = append(f.allows, now...)
			default:
				passes = append(passes, now...)
			}
		}
	}
	if len(s.Isolate) > 0 {
		g := gate{passes: passes}
		for _, iso := range s.Isolate {
			g.closed = append(g.closed, iso.Subject.Pods)
		}
		f.gates = append(f.gates, g)
		f.isolate = append(f.isolate, s.Isolate...)
	}
}

// ours leaves out the denies that the other end enforces.
func (f *flattening) ours(denies []box) []box {
	if f.mate == nil {
		return denies
	}
	return slices.DeleteFunc(denies, f.mate.enforces)
}

// decide gives what a rule decides, reduced by what came before it, as far as
// the invariant needs. passes are those of its stage so far.
func (f *flattening) decide(b box, passes []box) []box {
	if b.rule.Action == ir.Pass || b.rule.Origin.Purpose == ir.ForProbes { // nothing comes before what always passes
		return []box{b}
	}
	parts, ok := f.minusAll([]box{b}, passes, diag.LacksOrder)
	if !ok {
		return nil
	}
	switch {
	case b.rule.Action == ir.Allow:
		if !f.options.KeepDenies {
			parts, ok = f.minusAll(parts, f.denies, diag.LacksDeny)
		}
		if ok {
			parts, ok = f.through(parts, f.gates)
		}
	case f.options.KeepDenies:
		// A kept deny beats every allow, so it must not cover what an earlier
		// stage allowed.
		parts, ok = f.minusAll(parts, f.allows, diag.LacksOrder)
	}
	if !ok {
		return nil
	}
	return parts
}

// through gives what of the boxes gets past the gates: all of it for subjects
// that a gate does not close, what it passes for those that it does.
func (f *flattening) through(parts []box, gates []gate) ([]box, bool) {
	for _, g := range gates {
		var next []box
		for _, b := range parts {
			open := []ir.Pods{b.pods}
			for _, c := range g.closed {
				var rest []ir.Pods
				for _, pods := range open {
					rest = append(rest, f.podsMinus(pods, c)...)
				}
				open = rest
			}
			for _, pods := range open {
				b := b
				b.pods = pods
				next = append(next, b)
			}
			if len(open) == 1 && open[0].Equal(b.pods) {
				continue
			}
			for _, pass := range g.passes {
				some, ok := f.and(b, pass, g.closed)
				if !ok {
					return nil, false
				}
				next = append(next, some...)
			}
		}
		if parts = next; f.tooMany(parts) {
			return nil, false
		}
	}
	return parts, true
}

// passed adds what a stage that closes passes on and nothing later decides: it
// is allowed as after the last stage everything is, and says so itself now that
// the subject is closed.
func (f *flattening) passed() {
	for i, g := range f.gates {
		others := append(slices.Clone(f.gates[:i]), f.gates[i+1:]...)
		for _, pass := range g.passes {
			r := *pass.rule
			r.Action = ir.Allow
			var parts []box
			for _, c := range g.closed {
				if pods, ok := f.podsAnd(pass.pods, c); ok {
					parts = append(parts, box{pods, pass.peers, pass.traffic, &r})
				}
			}
			ok := true
			if !f.options.KeepDenies {
				parts, ok = f.minusAll(parts, f.denies, diag.LacksDeny)
			}
			if ok {
				parts, ok = f.through(parts, others)
			}
			if ok {
				f.allows = append(f.allows, parts...)
			}
		}
	}
}

// and gives the flows of a box that a pass has too, for closed subjects. The
// result comes from the box's rule.
func (f *flattening) and(b, pass box, closed []ir.Pods) ([]box, bool) {
	if !f.overlap(b, pass) {
		return nil, true
	}
	peers, some, ob := f.peersAnd(b.peers, pass.peers)
	if ob == nil && !implies(b.rule.If, pass.rule.If) {
		ob = conditional
	}
	var traffic ir.Traffic
	if ob == nil && some {
		traffic, some, ob = trafficAnd(b.traffic, pass.traffic)
	}
	if ob != nil {
		f.refuse(pass.rule, ob.codeOr(diag.LacksOrder), fmt.Sprintf("what it passes on of rule %q has no exact form: %s", b.rule.Origin.Address, ob.reason))
		return nil, false
	}
	if !some {
		return nil, true
	}
	var out []box
	rest := []ir.Pods{}
	if pods, ok := f.podsAnd(b.pods, pass.pods); ok {
		rest = append(rest, pods)
	}
	for _, c := range closed {
		var next []ir.Pods
		for _, pods := range rest {
			if in, ok := f.podsAnd(pods, c); ok {
				out = append(out, box{in, peers, traffic, b.rule})
			}
			next = append(next, f.podsMinus(pods, c)...)
		}
		rest = next
	}
	return out, true
}

func (f *flattening) tooMany(parts []box) bool {
	n := partsOf(parts)
	if n <= MaxParts {
		return false
	}
	f.refuse(parts[0].rule, diag.LacksOrder, fmt.Sprintf("with the rules that are decided before it taken out it falls into %d parts, over the bound of %d", n, MaxParts))
	return true
}

// codeOr gives the code to refuse with: a fact that would help comes first.
func (ob *obstacle) codeOr(code diag.Code) diag.Code {
	if ob.fact {
		return diag.NeedsFact
	}
	return code
}

func (f *flattening) refuse(r *ir.Rule, code diag.Code, reason string) {
	if slices.ContainsFunc(f.refusals, func(x FlattenRefusal) bool {
		return x.Code == code && x.Rule.Origin.Address == r.Origin.Address
	}) {
		return
	}
	f.refusals = append(f.refusals, FlattenRefusal{r, code, reason})
}

// denyOpen refuses denies whose subject is open. Those that ingress enforces
// are not among an egress' denies; of an ingress' they may be enforced at the
// egress of their peers, which is flattened for that.
func (f *flattening) denyOpen() {
	stage := f.stage()
	var mate *flattening
	for _, d := range f.denies {
		_, open := f.program.Split(d.pods, stage)
		for _, pods := range open {
			parts, ok := f.without(box{pods, d.peers, d.traffic, d.rule}, f.allows)
			if ok && len(parts) > 0 && f.direction == ir.Ingress {
				if mate == nil {
					mate = flattenStages(f.program, ir.Egress, f.options)
				}
				parts = slices.DeleteFunc(parts, mate.enforces)
			}
			if !ok || len(parts) > 0 {
				f.refuseOpen(d.rule, pods)
			}
		}
	}
}

func (f *flattening) refuseOpen(r *ir.Rule, open ir.Pods) {
	name := open.String()
	if open.Equal(r.Subject.Pods) {
		name = fmt.Sprintf("%q", r.Subject.Address)
	}
	f.refuse(r, diag.LacksDeny, fmt.Sprintf("%s is open for %s, so that there is no allow to take it out of", name, f.direction))
}

// enforces reports whether this direction surely denies the flows of a box of
// the other one: its peers are pods, all closed here, and no allow has any of
// the flows.
func (f *flattening) enforces(b box) bool {
	back, ok := ir.PeersOf(b.pods)
	if !ok || len(f.refusals) > 0 || len(b.peers.Pods()) != len(b.peers.List()) {
		return false
	}
	stage := f.stage()
	for _, pods := range b.peers.Pods() {
		if _, open := f.program.Split(pods, stage); len(open) > 0 {
			return false
		}
		flipped := box{pods, back, b.traffic, b.rule}
		if slices.ContainsFunc(f.allows, func(a box) bool { return f.overlap(a, flipped) }) {
			return false
		}
	}
	return true
}

// stage makes a stage of what was found. It is indexed as the program's are.
func (f *flattening) stage() *ir.Stage {
	if f.final != nil {
		return f.final
	}
	s := ir.Stage{Name: ir.StageRules, Isolate: f.isolate}
	for _, boxes := range [][]box{f.keptDenies(), f.allows} {
		if rules := rulesOf(boxes); len(rules) > 0 {
			s.Levels = append(s.Levels, ir.Level{Rules: rules})
		}
	}
	one := ir.Program{Egress: []ir.Stage{s}, Inventory: *f.inv}
	one.Index()
	f.final = &one.Egress[0]
	return f.final
}

func (f *flattening) keptDenies() []box {
	if f.options.KeepDenies {
		return f.denies
	}
	return nil
}

// rulesOf gives the rules of boxes, sorted, without repeats and axioms.
func rulesOf(boxes []box) []ir.Rule {
	var out []ir.Rule
	for _, b := range boxes {
		if b.rule.Origin.Kind == ir.FromAxiom {
			continue
		}
		r := *b.rule
		if !b.pods.Equal(r.Subject.Pods) {
			r.Subject = ir.Subject{Pods: b.pods, Address: b.pods.String(), Kind: ir.SubjectInline}
		}
		r.Peers, r.Traffic = b.peers, b.traffic
		out = append(out, r)
	}
	slices.SortStableFunc(out, compareFlat)
	return slices.CompactFunc(out, func(a, b ir.Rule) bool { return compareFlat(a, b) == 0 && a.Log == b.Log })
}

func compareFlat(a, b ir.Rule) int {
	return cmp.Or(
		strings.Compare(a.Origin.Address, b.Origin.Address),
		strings.Compare(a.Subject.Pods.String(), b.Subject.Pods.String()),
		strings.Compare(a.Peers.String(), b.Peers.String()),
		strings.Compare(a.Traffic.String(), b.Traffic.String()),
		cmp.Compare(a.Auth, b.Auth),
		slices.CompareFunc(a.If, b.If, func(x, y ir.Condition) int { return strings.Compare(x.String(), y.String()) }),
	)
}
