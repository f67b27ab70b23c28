package sem

import "slices"

// Between holds the states of a way from one policy to another against both of
// its ends, in one space, so that what states have in common is worked out once.
// More of the comparison of a state is the flows that it lets pass and neither
// end does; Less is those that both ends let pass and it does not. In both, A is
// what both ends let pass, and B the state. The error is an *Unproved where a
// bound was hit: nothing is known of any state then.
func Between(from, to Policy, states []Policy, o Options) ([]*Comparison, error) {
	return tried(o, func(o Options, order order) ([]*Comparison, error) { return between(from, to, states, o, order) })
}

func between(from, to Policy, states []Policy, o Options, order order) (out []*Comparison, err error) {
	defer recoverBounds(&err)
	both := slices.Concat(from, to)
	c, err := newComparison(both, slices.Concat(states...), o, order, func(*universe) {})
	if err != nil {
		return nil, err
	}
	s := c.space
	flows := s.And(c.possible(), c.within(o))
	inFrom, inTo := c.allowed(from), c.allowed(to)
	outside := s.Minus(flows, s.Or(inFrom, inTo))
	kept := s.And(s.And(flows, c.expected()), s.And(inFrom, inTo))
	for _, p := range states {
		through := c.allowed(p)
		out = append(out, &Comparison{
			encoding: c.encoding, a: both, b: p,
			more: s.And(outside, through), less: s.Minus(kept, through),
		})
	}
	return out, nil
}

// LosesAs reports that two states of one call of Between stop the same flows
// that both ends let pass.
func (c *Comparison) LosesAs(d *Comparison) bool { return c.space == d.space && c.less == d.less }
