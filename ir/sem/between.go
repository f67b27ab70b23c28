package sem

import (
	"slices"

	"github.com/portolan-dev/portolan/ir/diagram"
)

// Stretch is a part of the way from one policy to another: the policies at its
// start and at its end, which are the same one for a single moment. Between them
// each side of each layer has, for each endpoint, what it has at the start or
// what it has at the end, in whatever combination. Both have the same
// layers, one at least.
type Stretch [2]Policy

// Transit is a stretch, held against both ends of the whole way: More is the
// flows that the stretch may let pass somewhere and neither end of the way does;
// Less is those that both ends let pass and the stretch may stop somewhere. Of a
// single moment both are exact. A of a difference is what the start of the way
// makes of it, as its end does, and B what the end of the stretch does.
type Transit struct {
	*Comparison

	// Steady says that the whole stretch stops the same flows of those that both
	// ends let pass.
	Steady bool
}

// Between holds stretches of the way from one policy to another against both
// of its ends, in one space, so that what they have in common is worked out once.
// The error is an *Unproved where a bound was hit: nothing is known of any of them
// then. Only of a single moment differences can be shown.
func Between(from, to Policy, stretches []Stretch, o Options) ([]Transit, error) {
	return tried(o, func(o Options, order order) ([]Transit, error) { return between(from, to, stretches, o, order) })
}

func between(from, to Policy, stretches []Stretch, o Options, order order) (out []Transit, err error) {
	defer recoverBounds(&err)
	var all Policy
	for _, st := range stretches {
		all = append(append(all, st[0]...), st[1]...)
	}
	c, err := newComparison(slices.Concat(from, to), all, o, order, func(*universe) {})
	if err != nil {
		return nil, err
	}
	s := c.space
	flows := s.And(c.possible(), c.within(o))
	inFrom, inTo := c.allowed(from), c.allowed(to)
	outside := s.Minus(flows, s.Or(inFrom, inTo))
	kept := s.And(s.And(flows, c.expected()), s.And(inFrom, inTo))
	known := map[ways][]diagram.Set{}
	for _, st := range stretches {
		most, least := s.None(), s.None()
		for _, second := range []bool{false, true} {
			mostly, surely := c.along(st, second, known)
			most, least = s.Or(most, mostly), s.Or(least, surely)
		}
		less := s.Minus(kept, least)
		out = append(out, Transit{
			Comparison: &Comparison{encoding: c.encoding, a: from, b: st[1], more: s.And(outside, most), less: less},
			Steady:     less == s.Minus(kept, most),
		})
	}
	return out, nil
}

// ways names what a policy lets pass on one of its ways, by where it stands:
// stretches have their ends in common.
type ways struct {
	of     *Layer
	second bool
}

// along is the flows that a stretch may let pass on the first or the second way,
// and those that it surely does. known is what is worked out already of sides.
func (e *encoding) along(st Stretch, second bool, known map[ways][]diagram.Set) (most, least diagram.Set) {
	s := e.space
	before, after := e.taken(st[0], second), e.taken(st[1], second)
	most, least = s.Or(before, after), s.And(before, after)
	if most == s.None() {
		return most, least
	}
	sides := func(p Policy) []diagram.Set {
		of := ways{&p[0], second}
		if _, is := known[of]; !is {
			known[of] = e.sides(p, second)
		}
		return known[of]
	}
	start, end := sides(st[0]), sides(st[1])
	for i := range end {
		most, least = s.And(most, s.Or(start[i], end[i])), s.And(least, s.And(start[i], end[i]))
	}
	return most, least
}

// StopsAs reports that two transits of one call of Between may stop the same
// flows that both ends let pass.
func (t Transit) StopsAs(u Transit) bool { return t.space == u.space && t.less == u.less }

// Widens reports that the transit may let pass what neither end of the way does.
func (t Transit) Widens() bool { return t.more != t.space.None() }

// Narrows reports that the transit may stop what both ends of the way let pass.
func (t Transit) Narrows() bool { return t.less != t.space.None() }
