package diagram

import "slices"

// None is the empty set.
func (s *Space) None() Set { return none }

// All is the set of all assignments.
func (s *Space) All() Set { return all }

// Not is the assignments that are not in a.
func (s *Space) Not(a Set) Set { return a ^ 1 }

// Or is the assignments in a, in b or in both.
func (s *Space) Or(a, b Set) Set { return s.And(a^1, b^1) ^ 1 }

// Minus is the assignments in a and not in b.
func (s *Space) Minus(a, b Set) Set { return s.And(a, b^1) }

// IfThenElse is the assignments of then that are in cond, and those of
// otherwise that are not.
func (s *Space) IfThenElse(cond, then, otherwise Set) Set {
	return s.Or(s.And(cond, then), s.And(cond^1, otherwise))
}

// And is the assignments in both a and b.
func (s *Space) And(a, b Set) Set {
	if is, ok := trivialAnd(a, b); ok {
		return is
	}
	if a > b {
		a, b = b, a
	}
	if is, ok := s.cached(opAnd, uint32(a), uint32(b)); ok {
		return is
	}
	level := min(s.level(a), s.level(b))
	aLow, aHigh := s.split(a, level)
	bLow, bHigh := s.split(b, level)
	is := s.join(level, s.And(aLow, bLow), s.And(aHigh, bHigh))
	return s.remember(opAnd, uint32(a), uint32(b), is)
}

func trivialAnd(a, b Set) (Set, bool) {
	switch {
	case a == none || b == none || a == b^1:
		return none, true
	case a == all || a == b:
		return b, true
	case b == all:
		return a, true
	}
	return none, false
}

// Intersects reports whether an assignment is in both a and b. It makes no
// nodes, and ends at the first assignment that it finds.
func (s *Space) Intersects(a, b Set) bool {
	if is, ok := trivialAnd(a, b); ok {
		return is != none
	}
	if a > b {
		a, b = b, a
	}
	if is, ok := s.cached(opAnd, uint32(a), uint32(b)); ok {
		return is != none
	}
	level := min(s.level(a), s.level(b))
	aLow, aHigh := s.split(a, level)
	bLow, bHigh := s.split(b, level)
	if s.Intersects(aLow, bLow) || s.Intersects(aHigh, bHigh) {
		return true
	}
	s.remember(opAnd, uint32(a), uint32(b), none)
	return false
}

// Exists is the assignments that are in a for some values of the variables,
// on which it no longer depends.
func (s *Space) Exists(a Set, vars ...int) Set {
	return s.exists(a, s.bitsOf(vars))
}

// ForAll is the assignments that are in a for all values of the variables, on
// which it no longer depends.
func (s *Space) ForAll(a Set, vars ...int) Set {
	return s.Exists(a^1, vars...) ^ 1
}

// bitsOf says a set of variables as the cube in which all of their bits are 1.
func (s *Space) bitsOf(vars []int) Set {
	vars = slices.Sorted(slices.Values(vars))
	cube := all
	for _, v := range slices.Backward(slices.Compact(vars)) {
		for level := s.vars[v].end - 1; level >= s.vars[v].first; level-- {
			cube = s.join(uint32(level), none, cube)
		}
	}
	return cube
}

func (s *Space) exists(a, bits Set) Set {
	for s.level(bits) < s.level(a) {
		_, bits = s.split(bits, s.level(bits))
	}
	if a <= all || bits == all {
		return a
	}
	if is, ok := s.cached(opExists, uint32(a), uint32(bits)); ok {
		return is
	}
	level := s.level(a)
	low, high := s.split(a, level)
	is := s.exists(low, bits)
	switch {
	case s.level(bits) != level:
		is = s.join(level, is, s.exists(high, bits))
	case is != all:
		is = s.Or(is, s.exists(high, bits))
	}
	return s.remember(opExists, uint32(a), uint32(bits), is)
}

// Restrict is the assignments that are in a once variable v has the value,
// which v then no longer matters to. It panics if v has no such value.
func (s *Space) Restrict(a Set, v, value int) Set {
	if value < 0 || value >= s.vars[v].size {
		panic("diagram: the variable has no such value")
	}
	return s.restrict(a, v, value)
}

func (s *Space) restrict(a Set, v, value int) Set {
	level := s.level(a)
	if int(level) >= s.vars[v].end {
		return a
	}
	low, high := s.split(a, level)
	if bit := int(level) - s.vars[v].first; bit >= 0 {
		if value>>(s.vars[v].end-int(level)-1)&1 == 0 {
			return s.restrict(low, v, value)
		}
		return s.restrict(high, v, value)
	}
	if is, ok := s.cached(opRestrict+op(v), uint32(a), uint32(value)); ok {
		return is
	}
	is := s.join(level, s.restrict(low, v, value), s.restrict(high, v, value))
	return s.remember(opRestrict+op(v), uint32(a), uint32(value), is)
}
