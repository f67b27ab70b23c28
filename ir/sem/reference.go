package sem

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
)

// Layer is a program and what enforces it.
type Layer struct {
	Program *ir.Program
	Scope   Scope
}

// Policy is layers that all have to let a flow pass: one of a CNI, one of a
// mesh, or both as a stack. An intent is one layer that enforces everything.
type Policy []Layer

// Scope says what a layer sees of flows.
type Scope uint8

// The scopes.
const (
	// Everything is the scope of an intent: both ends' programs, every flow,
	// and how senders prove themselves.
	Everything Scope = iota
	// CNI sees every flow at both ends, and nothing of how senders prove
	// themselves.
	CNI
	// Mesh sees TCP into meshed pods, at the destination.
	Mesh
)

// Outcome is what becomes of a flow.
type Outcome uint8

// The outcomes. Unknown is that of a flow whose verdict hangs on a condition
// that nobody stated.
const (
	Allowed Outcome = iota + 1
	Denied
	Unknown
)

func (o Outcome) String() string { return [...]string{"?", "allowed", "denied", "unknown"}[o] }

// Verdict is what becomes of a flow, and why.
type Verdict struct {
	Outcome Outcome
	Trail   []Step         // in the order in which they were asked
	Hangs   []ir.Condition // of Unknown: what it hangs on
}

// Step is what decided at one point of a flow's way: a rule, the default that
// closes a pod, a statement about mutual TLS, or, with none of these, that
// nothing closes the pod.
type Step struct {
	Layer     int
	Direction ir.Direction
	Stage     string // of the rule or the default
	Action    ir.Action
	Rule      *ir.Rule
	Isolation *ir.Isolation
	MTLS      *ir.MTLS
}

// Origin gives where what decided was written; the zero Origin where nothing
// was.
func (s *Step) Origin() ir.Origin {
	switch {
	case s.Rule != nil:
		return s.Rule.Origin
	case s.Isolation != nil:
		return s.Isolation.Origin
	case s.MTLS != nil:
		return s.MTLS.Origin
	}
	return ir.Origin{}
}

// Deciding gives the step that a verdict is to be explained by: the one that
// denied, else the last that a rule decided, else the last.
func (v *Verdict) Deciding() Step {
	var out Step
	for _, s := range v.Trail {
		if s.Action == ir.Deny {
			return s
		}
		if s.Rule != nil || out.Rule == nil {
			out = s
		}
	}
	return out
}

// Decide gives the verdict on a flow: each layer's egress program decides at a
// source that is a pod and its ingress program at a destination that is one, and
// its programs of hosts at ends that are nodes.
// Conditions that the flow does not settle are tried both ways.
func Decide(p Policy, f Flow) Verdict {
	e := evaluation{flow: &f, holds: map[string]bool{}}
	for atom, holds := range f.Holds {
		e.holds[atom] = holds
	}
	return e.decide(p, nil)
}

// maxHanging bounds the conditions that are tried both ways for one flow.
const maxHanging = 12

// evaluation is one flow on its way. asked is the first condition that it met
// and that nobody settled.
type evaluation struct {
	flow  *Flow
	holds map[string]bool
	asked *ir.Condition
}

func (e *evaluation) decide(p Policy, tried []ir.Condition) Verdict {
	e.asked = nil
	v := e.layers(p)
	if e.asked == nil {
		return v
	}
	c := *e.asked
	if len(tried) == maxHanging {
		return Verdict{Outcome: Unknown, Hangs: append(tried, c)}
	}
	var both [2]Verdict
	for i, holds := range []bool{true, false} {
		e.holds[c.Atom] = holds
		both[i] = e.decide(p, append(slices.Clip(tried), c))
	}
	delete(e.holds, c.Atom)
	switch {
	case both[0].Outcome != both[1].Outcome && both[0].Outcome != Unknown && both[1].Outcome != Unknown:
		return Verdict{Outcome: Unknown, Trail: v.Trail, Hangs: []ir.Condition{c}}
	case both[0].Outcome == both[1].Outcome && both[0].Outcome != Unknown:
		return both[0]
	}
	hangs := []ir.Condition{c}
	for _, b := range both {
		for _, more := range b.Hangs {
			if !slices.Contains(hangs, more) {
				hangs = append(hangs, more)
			}
		}
	}
	return Verdict{Outcome: Unknown, Trail: v.Trail, Hangs: hangs}
}

// condition reports whether all of the conditions hold. What is not settled is
// noted, and the answer is then of no matter.
func (e *evaluation) condition(all []ir.Condition) bool {
	for _, c := range all {
		holds, known := e.holds[c.Atom]
		if !known {
			if e.asked == nil {
				e.asked = &c
			}
			return false
		}
		if holds == c.Not {
			return false
		}
	}
	return true
}

// layers gives what becomes of a flow straight to its destination or, where that
// is denied, by the second way of the policy if the flow can take it.
func (e *evaluation) layers(p Policy) Verdict {
	v := e.way(p, false)
	if v.Outcome == Allowed || !slices.ContainsFunc(p, func(l Layer) bool { return l.Program.Via != nil && e.takes(l.Program.Via) }) {
		return v
	}
	return e.way(p, true)
}

// takes reports whether the flow can go a second way.
func (e *evaluation) takes(v *ir.Via) bool {
	return e.flow.Protocol == TCP && e.flow.Authenticated && slices.ContainsFunc(v.Destinations, e.flow.Destination.In)
}

// way is what all layers decide on one way.
func (e *evaluation) way(p Policy, second bool) Verdict {
	v := Verdict{Outcome: Allowed}
	ask := func(s Step, seen bool) {
		if seen {
			v.Trail = append(v.Trail, s)
			if s.Action == ir.Deny {
				v.Outcome = Denied
			}
		}
	}
	for i, l := range p {
		if e.flow.Source.Kind == Pod && l.Scope != Mesh {
			ask(e.stages(l, i, ir.Egress, l.on(second, ir.Egress)), true)
		}
		if e.flow.Source.IsNode() && l.Scope != Mesh && !l.Program.Hosts.IsEmpty() {
			ask(e.stages(l, i, ir.Egress, l.Program.Hosts.Egress), true)
		}
	}
	for i, l := range p {
		if e.flow.Destination.IsNode() && l.Scope != Mesh && !l.Program.Hosts.IsEmpty() {
			ask(e.stages(l, i, ir.Ingress, l.Program.Hosts.Ingress), true)
		}
		if e.flow.Destination.Kind != Pod || l.Scope == Mesh && !e.captured(l.Program) {
			continue
		}
		if l.Scope != CNI {
			ask(e.gate(l.Program, i))
		}
		ask(e.stages(l, i, ir.Ingress, l.on(second, ir.Ingress)), true)
	}
	return v
}

// on gives the stages of a direction on the first or the second way.
func (l *Layer) on(second bool, d ir.Direction) []ir.Stage {
	switch {
	case !second || l.Program.Via == nil:
		return l.Program.Stages(d)
	case d == ir.Egress:
		return l.Program.Via.Egress
	}
	return l.Program.Via.Ingress
}

// stages gives what decides in one direction.
func (e *evaluation) stages(l Layer, layer int, d ir.Direction, stages []ir.Stage) Step {
	for i := range stages {
		s := &stages[i]
		step := Step{Layer: layer, Direction: d, Stage: s.Name}
		step.Rule = e.first(l, s, d)
		if step.Rule != nil && step.Rule.Action == ir.Pass {
			continue
		}
		if step.Rule != nil {
			step.Action = step.Rule.Action
			return step
		}
		for j := range s.Isolate {
			if iso := &s.Isolate[j]; iso.Mode == ir.Enforce && e.subject(d).governed(&iso.Subject) && e.condition(iso.If) {
				step.Action, step.Isolation = ir.Deny, iso
				return step
			}
		}
	}
	return Step{Layer: layer, Direction: d, Action: ir.Allow}
}

func (e *evaluation) subject(d ir.Direction) *Endpoint {
	if d == ir.Egress {
		return &e.flow.Source
	}
	return &e.flow.Destination
}

func (e *evaluation) peer(d ir.Direction) *Endpoint {
	if d == ir.Egress {
		return &e.flow.Destination
	}
	return &e.flow.Source
}

// first gives the rule that decides in a stage: of the first level with a
// match, a deny before an allow before a pass. nil where none matches.
func (e *evaluation) first(l Layer, s *ir.Stage, d ir.Direction) *ir.Rule {
	for i := range s.Levels {
		var found [ir.Log + 1]*ir.Rule
		for j := range s.Levels[i].Rules {
			r := &s.Levels[i].Rules[j]
			if r.Mode == ir.Enforce && found[r.Action] == nil && e.matches(r, l, d) {
				found[r.Action] = r
			}
		}
		for _, a := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
			if found[a] != nil {
				return found[a]
			}
		}
	}
	return nil
}

func (e *evaluation) matches(r *ir.Rule, l Layer, d ir.Direction) bool {
	return e.subject(d).governed(&r.Subject) && slices.ContainsFunc(r.Peers.List(), e.peer(d).Is) &&
		e.flow.Of(r.Traffic, &l.Program.Inventory) &&
		(r.Auth == ir.AnyAuth || (r.Auth == ir.MutualTLS) == e.flow.Authenticated) && e.condition(r.If)
}

// captured reports whether a mesh sees the flow at its destination.
func (e *evaluation) captured(p *ir.Program) bool {
	return e.flow.Protocol == TCP && e.flow.Destination.Meshed && !p.Inventory.Facts.Uncaptured.Contains(e.flow.Port)
}

// gate gives the statement that refuses a flow for want of mutual TLS.
func (e *evaluation) gate(p *ir.Program, layer int) (Step, bool) {
	if !e.captured(p) || e.flow.Authenticated || e.flow.Source.Kind == OwnNode && p.Inventory.Facts.OwnNodePasses {
		return Step{}, false
	}
	m := strictest(p, &e.flow.Destination, e.flow.Port)
	if m == nil {
		return Step{}, false
	}
	return Step{Layer: layer, Direction: ir.Ingress, Action: ir.Deny, MTLS: m}, true
}

// strictest gives the statement by which a pod takes mutual TLS only on a port:
// the strictest of its workloads' that say something, else its namespace's, else
// the mesh's. nil where plaintext is let in.
func strictest(p *ir.Program, e *Endpoint, port uint16) *ir.MTLS {
	for _, kinds := range [][]ir.SubjectKind{{ir.SubjectWorkload, ir.SubjectInline}, {ir.SubjectNamespace}, {ir.SubjectCluster}} {
		var best *ir.MTLS
		mode := ir.MTLSUnset
		for i := range p.MTLS {
			m := &p.MTLS[i]
			if slices.Contains(kinds, m.Subject.Kind) && e.In(m.Subject.Pods) && m.On(port) > mode {
				best, mode = m, m.On(port)
			}
		}
		if mode == ir.MTLSStrict {
			return best
		}
		if mode != ir.MTLSUnset {
			return nil
		}
	}
	return nil
}
