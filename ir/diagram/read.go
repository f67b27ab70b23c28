package diagram

import "slices"

// Support is the variables that membership in a depends on, ascending.
func (s *Space) Support(a Set) []int {
	seen := map[Set]bool{}
	depends := make([]bool, len(s.vars))
	var visit func(Set)
	visit = func(a Set) {
		a &^= 1
		if a == none || seen[a] {
			return
		}
		seen[a] = true
		n := s.nodes[a>>1]
		depends[s.owner[n.level]] = true
		visit(n.low)
		visit(n.high)
	}
	visit(a)
	var vars []int
	for v, does := range depends {
		if does {
			vars = append(vars, v)
		}
	}
	return vars
}

// Values is the values that variable v has in assignments of a, as maximal
// spans, ascending; all of its values where a does not depend on it and is not
// empty.
func (s *Space) Values(a Set, v int) []Span {
	others := slices.DeleteFunc(s.Support(a), func(other int) bool { return other == v })
	return s.appendValues(nil, s.Exists(a, others...), s.vars[v], s.vars[v].first, 0)
}

// appendValues appends the values of v in a, which depends on nothing else,
// among the codes that start with first and differ in the bits from a level on.
func (s *Space) appendValues(spans []Span, a Set, v variable, level, first int) []Span {
	if a == none || first >= v.size {
		return spans
	}
	if a == all {
		last := min(first+1<<(v.end-level), v.size) - 1
		if end := len(spans) - 1; end >= 0 && spans[end].Last == first-1 {
			spans[end].Last = last
			return spans
		}
		return append(spans, Span{First: first, Last: last})
	}
	low, high := s.split(a, uint32(level))
	spans = s.appendValues(spans, low, v, level+1, first)
	return s.appendValues(spans, high, v, level+1, first+1<<(v.end-level-1))
}

// Pick is the least assignment in a, the first variable counting most: a value
// for each variable. It is nil if a is empty.
func (s *Space) Pick(a Set) []int {
	if a == none {
		return nil
	}
	values := make([]int, len(s.vars))
	for a != all {
		level := int(s.level(a))
		low, high := s.split(a, uint32(level))
		if a = low; low == none {
			// The codes from the size on stand for the last value, whose own
			// code is less than theirs: a least assignment has none of them.
			v := s.owner[level]
			values[v] |= 1 << (s.vars[v].end - level - 1)
			a = high
		}
	}
	return values
}
