package set

import (
	"iter"
	"slices"
)

// A point is a place on a number line. The zero point never ends a span, for
// nothing is before it; as an end it stands for the end of the line, which is
// what adding to the last point wraps around to.
type point[P any] interface {
	comparable
	compare(P) int
}

// span is the points from first up to but not including end.
type span[P point[P]] struct{ first, end P }

// line is a set of points: those at which membership flips, ascending. Out
// before the first of them, in from the first up to the second, and so on; in
// up to the end of the line where their number is odd. No set has two lines,
// so equal sets are equal slices. Lines share memory and are never changed,
// and the empty one is always nil.
type line[P point[P]] []P

// lineOf is the union of the spans, which it sorts in place.
func lineOf[P point[P]](spans []span[P]) line[P] {
	slices.SortFunc(spans, func(a, b span[P]) int { return a.first.compare(b.first) })
	var zero P
	var out line[P]
	for _, s := range spans {
		last := len(out) - 1
		switch {
		case last < 0 || s.first.compare(out[last]) > 0:
			out = append(out, s.first)
			if s.end == zero {
				return out
			}
			out = append(out, s.end)
		case s.end == zero:
			return out[:last]
		case s.end.compare(out[last]) > 0:
			out[last] = s.end
		}
	}
	return out
}

// spans yields the maximal spans, ascending.
func (l line[P]) spans() iter.Seq[span[P]] {
	return func(yield func(span[P]) bool) {
		for i := 0; i < len(l); i += 2 {
			s := span[P]{first: l[i]}
			if i+1 < len(l) {
				s.end = l[i+1]
			}
			if !yield(s) {
				return
			}
		}
	}
}

// holds reports whether the point is in the set.
func (l line[P]) holds(p P) bool {
	flips, found := slices.BinarySearchFunc(l, p, P.compare)
	if found {
		flips++
	}
	return flips%2 == 1
}

// sweep visits, ascending, every point at which either line flips, with what
// both are from there on, until visit says false.
func (l line[P]) sweep(m line[P], visit func(at P, inL, inM bool) bool) {
	for i, j := 0, 0; i < len(l) || j < len(m); {
		order := 0
		switch {
		case j == len(m):
			order = -1
		case i == len(l):
			order = 1
		default:
			order = l[i].compare(m[j])
		}
		var at P
		if order <= 0 {
			at = l[i]
			i++
		}
		if order >= 0 {
			at = m[j]
			j++
		}
		if !visit(at, i%2 == 1, j%2 == 1) {
			return
		}
	}
}

// combine is the set of the points that keep holds for. A point in neither
// line is never kept.
func (l line[P]) combine(m line[P], keep func(inL, inM bool) bool) line[P] {
	if len(l)+len(m) == 0 {
		return nil
	}
	out := make(line[P], 0, len(l)+len(m))
	l.sweep(m, func(at P, inL, inM bool) bool {
		if in := len(out)%2 == 1; keep(inL, inM) != in {
			out = append(out, at)
		}
		return true
	})
	if len(out) == 0 {
		return nil
	}
	return out
}

// some reports whether where holds for a point in either line.
func (l line[P]) some(m line[P], where func(inL, inM bool) bool) bool {
	found := false
	l.sweep(m, func(_ P, inL, inM bool) bool {
		found = where(inL, inM)
		return !found
	})
	return found
}

// complement is every other point of the line that begins at first.
func (l line[P]) complement(first P) line[P] {
	switch {
	case len(l) == 0 || l[0] != first:
		return append(line[P]{first}, l...)
	case len(l) == 1:
		return nil
	}
	return l[1:]
}

// isAll reports whether the set is the whole line that begins at first.
func (l line[P]) isAll(first P) bool { return len(l) == 1 && l[0] == first }

func either(l, m bool) bool    { return l || m }
func both(l, m bool) bool      { return l && m }
func firstOnly(l, m bool) bool { return l && !m }
