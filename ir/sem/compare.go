package sem

import (
	"errors"
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// Options say in which cluster two policies are compared, and on which flows.
type Options struct {
	Inventory *ir.Inventory // what is declared of the cluster

	Scope      Scope     // Everything and CNI compare every flow, Mesh what a mesh sees
	Transports bool      // only TCP, UDP and SCTP
	Uncaptured set.Ports // of Mesh: ports that it never sees
	Plain      bool      // there is no infrastructure beside pods, nodes and the outside

	// MaxNodes bounds the decision diagram; 0 for the default.
	MaxNodes int
}

// maxNodes is several times what 10,000 rules take, and hit within seconds.
const maxNodes = 5_000_000

// Unproved is the error of a comparison that hit a bound: nothing is known.
type Unproved struct{ Bound error }

func (u *Unproved) Error() string { return "not proved: " + u.Bound.Error() }

func (u *Unproved) Unwrap() error { return u.Bound }

// Comparison is two policies in one cluster, compared on every flow.
type Comparison struct {
	encoding
	a, b       Policy
	more, less diagram.Set // flows that b lets pass and a does not, and the other way round

	requestsFirst bool // of flows to show
}

// ShowRequests makes the flows of differences requests, where they can be.
func (c *Comparison) ShowRequests() { c.requestsFirst = c.requests }

// Difference is a flow on which two policies differ, with both verdicts.
type Difference struct {
	Flow Flow
	A, B Verdict

	// Hangs is what the difference hangs on, where it is there for some values
	// of it only: conditions, and facts by name. It is then not known.
	Hangs []ir.Condition
	Facts []string
}

// Compare compares two policies on every flow of every cluster that fits the
// inventory. The error is an *Unproved where a bound was hit.
func Compare(a, b Policy, o Options) (*Comparison, error) {
	return tried(o, func(o Options, order order) (*Comparison, error) { return compare(a, b, o, order) })
}

// tried does work in one order of variables after the other until one is within
// the bound of nodes: first all in a small space, since the order that does is
// mostly far within it. The error is an *Unproved where none is.
func tried[T any](o Options, work func(Options, order) (T, error)) (out T, err error) {
	if o.MaxNodes == 0 {
		o.MaxNodes = maxNodes
	}
	for _, nodes := range []int{o.MaxNodes / 8, o.MaxNodes} {
		o.MaxNodes = nodes
		for _, order := range orders {
			if out, err = work(o, order); err == nil {
				return out, nil
			}
			var over *diagram.BoundError
			var pods ir.BoundError
			var strings set.BoundError
			switch {
			case errors.As(err, &over):
			case errors.As(err, &pods), errors.As(err, &strings):
				return out, &Unproved{err} // no order helps
			default:
				return out, err
			}
		}
	}
	return out, &Unproved{err}
}

func compare(a, b Policy, o Options, order order) (c *Comparison, err error) {
	defer recoverBounds(&err)
	c, err = newComparison(a, b, o, order, func(*universe) {})
	if err != nil {
		return nil, err
	}
	s := c.space
	flows := s.And(c.possible(), c.within(o))
	inA, inB := c.allowed(a), c.allowed(b)
	c.more = s.And(flows, s.Minus(inB, inA))
	c.less = s.And(s.And(flows, c.expected()), s.Minus(inA, inB))
	return c, nil
}

// newComparison makes the space for two policies and what else gather lets cut
// the universe. Nothing is compared yet.
func newComparison(a, b Policy, o Options, order order, gather func(*universe)) (*Comparison, error) {
	u := newUniverse(o.Inventory)
	for _, l := range slices.Concat(a, b) {
		u.gather(l.Program)
		u.mesh = u.mesh || l.Scope == Mesh
	}
	gather(u)
	u.mesh = u.mesh || o.Scope == Mesh
	if !o.Uncaptured.IsEmpty() {
		u.ports = append(u.ports, o.Uncaptured)
	}
	if err := u.settle(order); err != nil {
		return nil, err
	}
	if o.MaxNodes == 0 {
		o.MaxNodes = maxNodes
	}
	return &Comparison{encoding: newEncoding(u, o.MaxNodes), a: a, b: b}, nil
}

// recoverBounds turns the panics by which bounded work is given up into an
// error.
func recoverBounds(err *error) {
	switch over := recover().(type) {
	case nil:
	case ir.BoundError:
		*err = over
	case set.BoundError:
		*err = over
	case *diagram.BoundError:
		*err = over
	default:
		panic(over)
	}
}

// within is the flows on which the policies are compared.
func (c *Comparison) within(o Options) diagram.Set {
	s := c.space
	out := s.All()
	if o.Transports {
		out = s.In(c.protocol, diagram.Span{First: protoTCP, Last: protoSCTP})
	}
	if o.Plain {
		infra := diagram.Span{First: kindInfra, Last: kindInfra + len(c.infra) - 1}
		out = s.And(out, s.Not(s.Or(s.In(c.kind[source], infra), s.In(c.kind[destination], infra))))
	}
	if o.Scope == Mesh {
		captured := s.Not(s.In(c.port, spansOf(c.portCut.Ranges(o.Uncaptured))...))
		out = s.And(s.And(out, captured), s.Cube(cube{is(c.protocol, protoTCP), is(c.kind[destination], kindPod), is(c.meshed[destination], 1)}))
		// A pod's own node is let through before the mesh is asked.
		out = s.Minus(out, s.In(c.kind[source], diagram.Span{First: kindOwnNode, Last: kindOwnNode}))
	}
	return out
}

// expected is the flows that a policy has to keep: where both ends are in the
// mesh senders do prove themselves, and request targets are as RFC 3986 has
// them. What is let in beyond that is looked at as it may come.
func (c *Comparison) expected() diagram.Set {
	s := c.space
	var not []diagram.Set
	if c.mesh {
		not = append(not, s.Cube(cube{is(c.protocol, protoTCP), is(c.meshed[source], 1), is(c.kind[source], kindPod),
			is(c.meshed[destination], 1), is(c.kind[destination], kindPod), is(c.authenticated, 0)}))
	}
	if spans := c.paths.language(legal().regular); spans != nil {
		not = append(not, s.Minus(s.In(c.carries, diagram.Span{First: carriesRequest, Last: carriesRequest}), s.In(c.target, spans...)))
	}
	return s.Not(s.Union(not))
}

// Equal reports that the policies let the same flows pass.
func (c *Comparison) Equal() bool { return c.more == c.space.None() && c.less == c.space.None() }

// More gives flows that b lets pass and a does not: the least one, then the
// least that other rules decide, up to max of them. The error is an *Unproved,
// or says that the evaluators disagree, which is a mistake in this package.
func (c *Comparison) More(max int) ([]Difference, error) { return c.differences(c.more, max, false) }

// Less gives flows that a lets pass and b does not, as More. Where their
// external end could as well be a pod or a node, for want of a fact, that is
// what they hang on.
func (c *Comparison) Less(max int) ([]Difference, error) { return c.differences(c.less, max, true) }

func (c *Comparison) differences(d diagram.Set, max int, doubt bool) ([]Difference, error) {
	out, err := c.listed(d, max, doubt)
	var bound *diagram.BoundError
	if errors.As(err, &bound) {
		err = &Unproved{err}
	}
	return out, err
}

func (c *Comparison) listed(d diagram.Set, max int, doubt bool) (out []Difference, err error) {
	defer recoverBounds(&err)
	s := c.space
	certain := c.certain(d)
	var facts []string
	if doubt {
		var doubtful diagram.Set
		doubtful, facts = c.doubtful()
		certain = s.Minus(certain, doubtful)
	}
	for _, sure := range []bool{true, false} { // what is certain comes first
		rest := s.And(d, certain)
		if !sure {
			rest = s.Minus(d, certain)
		}
		for rest != s.None() && len(out) < max {
			diff, err := c.difference(rest)
			if err != nil {
				return nil, err
			}
			rest = s.Minus(rest, c.decidedBy(diff))
			if !sure {
				if diff.Hangs = c.hangs(d); diff.Hangs == nil {
					diff.Facts = facts
				}
			}
			out = append(out, diff)
		}
	}
	return out, nil
}

// difference gives the least flow of a set that only one policy lets pass.
func (c *Comparison) difference(d diagram.Set) (Difference, error) {
	diff := Difference{Flow: c.flow(c.least(d))}
	diff.A, diff.B = Decide(c.a, diff.Flow), Decide(c.b, diff.Flow)
	if diff.A.Outcome == diff.B.Outcome || diff.A.Outcome == Unknown || diff.B.Outcome == Unknown {
		return diff, fmt.Errorf("sem: the evaluators disagree on %+v: %s and %s", diff.Flow, diff.A.Outcome, diff.B.Outcome)
	}
	return diff, nil
}
