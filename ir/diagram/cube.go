package diagram

import (
	"cmp"
	"slices"
)

// Span is the values from First to Last, both in it. It is empty where Last is
// less than First.
type Span struct{ First, Last int }

// Literal is the assignments that give a variable a value in one of the spans,
// in any order. Without spans it is no assignment.
type Literal struct {
	Var   int
	Spans []Span
}

// In is the assignments that give variable v a value in one of the spans; none
// without spans. What of a span lies outside the variable's values is ignored.
func (s *Space) In(v int, spans ...Span) Set {
	return s.literal(Literal{Var: v, Spans: spans}, all)
}

// Cube is the assignments that all of the literals hold, which may be in any
// order; all assignments without literals. It makes no nodes but its own.
func (s *Space) Cube(literals []Literal) Set {
	byVar := func(a, b Literal) int { return cmp.Compare(a.Var, b.Var) }
	if !slices.IsSortedFunc(literals, byVar) {
		literals = slices.Clone(literals)
		slices.SortFunc(literals, byVar)
	}
	cube := all
	for i, l := range slices.Backward(literals) {
		if i+1 < len(literals) && literals[i+1].Var == l.Var {
			cube = s.And(s.literal(l, all), cube)
		} else {
			cube = s.literal(l, cube)
		}
	}
	return cube
}

// literal is the part of then, which does not depend on the literal's variable
// or any before it, that the literal holds.
func (s *Space) literal(l Literal, then Set) Set {
	byFirst := func(a, b Span) int { return cmp.Compare(a.First, b.First) }
	if !slices.IsSortedFunc(l.Spans, byFirst) {
		l.Spans = slices.Clone(l.Spans)
		slices.SortFunc(l.Spans, byFirst)
	}
	v := s.vars[l.Var]
	return s.codes(v, v.first, 0, l.Spans, then)
}

// codes is then, for the codes of v in the spans among those that start with
// first and differ in the bits from a level on. Spans ascend by what is first
// in them.
func (s *Space) codes(v variable, level, first int, spans []Span, then Set) Set {
	last := min(first+1<<(v.end-level), v.size) - 1
	first = min(first, v.size-1)
	for len(spans) > 0 && spans[0].Last < first {
		spans = spans[1:]
	}
	switch {
	case len(spans) == 0 || spans[0].First > last:
		return none
	case spans[0].First <= first && last <= spans[0].Last:
		return then
	}
	half := 1 << (v.end - level - 1)
	return s.join(uint32(level), s.codes(v, level+1, first, spans, then), s.codes(v, level+1, first+half, spans, then))
}

// Union is the assignments in any of the sets. It is much faster than Or after
// Or, since it takes sets apart where they differ before it joins any.
func (s *Space) Union(sets []Set) Set {
	switch len(sets) {
	case 0:
		return none
	case 1:
		return sets[0]
	case 2:
		return s.Or(sets[0], sets[1])
	}
	top := s.level(none)
	for _, a := range sets {
		if a == all {
			return all
		}
		top = min(top, s.level(a))
	}
	// To take apart a set that has both halves would double the work at every
	// level, so those stay whole.
	var lows, highs, whole, below []Set
	for _, a := range sets {
		low, high := s.split(a, top)
		switch {
		case low == high:
			below = append(below, a)
		case low == none:
			highs = append(highs, high)
		case high == none:
			lows = append(lows, low)
		default:
			whole = append(whole, a)
		}
	}
	if len(whole) == len(sets) {
		middle := len(sets) / 2
		return s.Or(s.Union(sets[:middle]), s.Union(sets[middle:]))
	}
	if len(below) == len(sets) {
		return none // nothing is below the last level
	}
	apart := s.join(top, s.Union(lows), s.Union(highs))
	return s.Or(s.Or(apart, s.Union(whole)), s.Union(below))
}
