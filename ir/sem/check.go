package sem

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
)

// Statement claims of every flow from one peer to the other, over the traffic,
// that it is allowed, or that it is denied.
type Statement struct {
	Source, Destination ir.Peers
	Traffic             ir.Traffic
	If                  []ir.Condition // of those flows only for which all of it holds
	Allowed             bool
}

// Counterexample is a flow for which a statement is not true.
type Counterexample struct {
	Flow    Flow
	Verdict Verdict
}

// Check gives for each statement the least flow for which it is not true of
// the policy, nil where it is true of all. What a node sends to its own pods
// cannot be denied, so that denials say nothing of it. The error is an
// *Unproved where a bound was hit.
func Check(p Policy, statements []Statement, o Options) ([]*Counterexample, error) {
	return tried(o, func(o Options, order order) ([]*Counterexample, error) { return check(p, statements, o, order) })
}

func check(p Policy, statements []Statement, o Options, order order) (out []*Counterexample, err error) {
	defer recoverBounds(&err)
	c, err := newComparison(p, nil, o, order, func(u *universe) {
		for _, s := range statements {
			for _, peers := range []ir.Peers{s.Source, s.Destination} {
				for _, peer := range peers.List() {
					u.gatherPeer(peer)
				}
			}
			u.gatherTraffic(s.Traffic)
			u.gatherConditions(s.If)
		}
	})
	if err != nil {
		return nil, err
	}
	s := c.space
	flows := s.And(c.possible(), c.within(o))
	allowed := c.allowed(p)
	own := s.In(c.kind[source], diagram.Span{First: kindOwnNode, Last: kindOwnNode})
	for _, st := range statements {
		wrong := s.And(flows, c.described(st))
		if st.Allowed {
			wrong = s.Minus(s.And(wrong, c.expected()), allowed)
		} else {
			wrong = s.Minus(s.And(wrong, allowed), own)
		}
		if wrong == s.None() {
			out = append(out, nil)
			continue
		}
		f := c.flow(c.least(wrong))
		out = append(out, &Counterexample{f, Decide(p, f)})
	}
	return out, nil
}

// described is the flows that a statement is about.
func (c *Comparison) described(st Statement) diagram.Set {
	side := func(p ir.Peers, at end) diagram.Set {
		var cubes []cube
		for _, peer := range p.List() {
			cubes = append(cubes, c.peer(peer, at)...)
		}
		return c.union(cubes)
	}
	cubes, sets := c.traffic(st.Traffic)
	over := c.space.Or(c.union(cubes), c.space.Union(sets))
	over = c.space.And(over, c.space.Cube(c.conditionsOf(st.If)))
	return c.space.And(over, c.space.And(side(st.Source, source), side(st.Destination, destination)))
}
