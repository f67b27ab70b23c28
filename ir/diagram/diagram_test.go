package diagram

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A world is a Space small enough to list every assignment of, in ascending
// order, and a model is one bit for each of them.
type world struct {
	*Space
	sizes       []int
	assignments [][]int
}

type model []bool

// modeled is a set made twice.
type modeled struct {
	set Set
	model
}

func drawWorld(t *rapid.T) *world {
	sizes := rapid.SliceOfN(rapid.IntRange(1, 6), 1, 4).Draw(t, "sizes")
	w := &world{Space: New(sizes, 1<<20), sizes: sizes, assignments: [][]int{{}}}
	if rapid.Bool().Draw(t, "forgetful") {
		w.cache = make([]result, 1)
	}
	for _, size := range sizes {
		var longer [][]int
		for _, a := range w.assignments {
			for value := range size {
				longer = append(longer, append(slices.Clone(a), value))
			}
		}
		w.assignments = longer
	}
	return w
}

func (w *world) model(holds func(a []int) bool) model {
	m := make(model, len(w.assignments))
	for i, a := range w.assignments {
		m[i] = holds(a)
	}
	return m
}

// of is the model's set, made one assignment at a time.
func (w *world) of(m model) Set {
	set := w.None()
	for i, a := range w.assignments {
		if m[i] {
			one := w.All()
			for v, value := range a {
				one = w.And(one, w.In(v, Span{value, value}))
			}
			set = w.Or(set, one)
		}
	}
	return set
}

// holds reads the diagram itself, by the values' own codes.
func (w *world) holds(set Set, a []int) bool {
	for set > all {
		n := w.nodes[set>>1]
		v := w.owner[n.level]
		child := n.low
		if a[v]>>(w.vars[v].end-int(n.level)-1)&1 == 1 {
			child = n.high
		}
		set = child ^ set&1
	}
	return set == all
}

func (w *world) variable(t *rapid.T) int { return rapid.IntRange(0, len(w.sizes)-1).Draw(t, "var") }

// drawSpans draws spans in any order, some empty, and some outside.
func drawSpans(t *rapid.T) []Span {
	end := rapid.IntRange(-1, 8)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Span {
		return Span{end.Draw(t, "first"), end.Draw(t, "last")}
	}), 0, 3).Draw(t, "spans")
}

func within(value int, spans []Span) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.First <= value && value <= s.Last })
}

func (w *world) cube(t *rapid.T) modeled {
	literals := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Literal {
		return Literal{Var: w.variable(t), Spans: drawSpans(t)}
	}), 0, 4).Draw(t, "literals")
	given := fmt.Sprint(literals)
	set := w.Cube(literals)
	if given != fmt.Sprint(literals) {
		t.Fatalf("Cube changed its argument to %v", literals)
	}
	return modeled{set, w.model(func(a []int) bool {
		return !slices.ContainsFunc(literals, func(l Literal) bool { return !within(a[l.Var], l.Spans) })
	})}
}

// set is the union of up to six cubes, or what is left without it.
func (w *world) set(t *rapid.T) modeled {
	cubes := rapid.SliceOfN(rapid.Custom(w.cube), 0, 6).Draw(t, "cubes")
	var sets []Set
	for _, c := range cubes {
		sets = append(sets, c.set)
	}
	m := modeled{w.Union(sets), w.model(func([]int) bool { return false })}
	for i := range m.model {
		m.model[i] = slices.ContainsFunc(cubes, func(c modeled) bool { return c.model[i] })
	}
	if rapid.Bool().Draw(t, "not") {
		m.set = w.Not(m.set)
		for i := range m.model {
			m.model[i] = !m.model[i]
		}
	}
	return m
}

// check holds a set to what it should be: each of its members, its place among
// equal sets, and its least assignment.
func (w *world) check(t *rapid.T, what string, got Set, want func(i int, a []int) bool) {
	t.Helper()
	m := make(model, len(w.assignments))
	for i, a := range w.assignments {
		if m[i] = want(i, a); w.holds(got, a) != m[i] {
			t.Fatalf("%s over %v holds %v: %v, want %v", what, w.sizes, a, !m[i], m[i])
		}
	}
	if got != w.of(m) {
		t.Fatalf("%s over %v: not the set that its assignments make: %v", what, w.sizes, m)
	}
	first := slices.Index(m, true)
	if pick := w.Pick(got); first < 0 && pick != nil || first >= 0 && !slices.Equal(pick, w.assignments[first]) {
		t.Fatalf("%s over %v: picked %v of %v", what, w.sizes, pick, m)
	}
}

// some reports whether an assignment that differs from a in the variables only
// is in m.
func (w *world) some(m model, a []int, vars ...int) bool {
	for i, b := range w.assignments {
		differs := func(v int) bool { return a[v] != b[v] && !slices.Contains(vars, v) }
		if m[i] && !slices.ContainsFunc(seq(len(w.sizes)), differs) {
			return true
		}
	}
	return false
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestBooleans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		a, b, c := w.set(t), w.set(t), w.set(t)
		for _, other := range []Set{b.set, w.Minus(b.set, a.set)} {
			before := w.Intersects(a.set, other)
			both := w.And(a.set, other) != w.None()
			if after := w.Intersects(a.set, other); before != both || after != both {
				t.Fatalf("Intersects is %v before And and %v after, want %v", before, after, both)
			}
		}
		w.check(t, "a set", a.set, func(i int, _ []int) bool { return a.model[i] })
		w.check(t, "And", w.And(a.set, b.set), func(i int, _ []int) bool { return a.model[i] && b.model[i] })
		w.check(t, "Or", w.Or(a.set, b.set), func(i int, _ []int) bool { return a.model[i] || b.model[i] })
		w.check(t, "Minus", w.Minus(a.set, b.set), func(i int, _ []int) bool { return a.model[i] && !b.model[i] })
		w.check(t, "IfThenElse", w.IfThenElse(a.set, b.set, c.set), func(i int, _ []int) bool {
			return a.model[i] && b.model[i] || !a.model[i] && c.model[i]
		})
	})
}

func TestQuantifiers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		a := w.set(t)
		vars := rapid.SliceOfN(rapid.Custom(w.variable), 0, 3).Draw(t, "vars")
		w.check(t, "Exists", w.Exists(a.set, vars...), func(_ int, at []int) bool { return w.some(a.model, at, vars...) })
		not := w.model(func([]int) bool { return false })
		for i := range not {
			not[i] = !a.model[i]
		}
		w.check(t, "ForAll", w.ForAll(a.set, vars...), func(_ int, at []int) bool { return !w.some(not, at, vars...) })

		for v, size := range w.sizes {
			for value := range size {
				w.check(t, "Restrict", w.Restrict(a.set, v, value), func(_ int, at []int) bool {
					at = slices.Clone(at)
					at[v] = value
					return w.some(a.model, at)
				})
			}
		}
	})
}

func TestReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		a := w.set(t)
		support := w.Support(a.set)
		for v, size := range w.sizes {
			occurs := make([]bool, size)
			depends := false
			for i, at := range w.assignments {
				occurs[at[v]] = occurs[at[v]] || a.model[i]
				depends = depends || a.model[i] != w.some(a.model, at, v)
			}
			if slices.Contains(support, v) != depends {
				t.Fatalf("support %v, but that of %d is %v", support, v, depends)
			}
			spans := w.Values(a.set, v)
			for value, does := range occurs {
				if within(value, spans) != does {
					t.Fatalf("values of %d are %v, but %d occurs: %v", v, spans, value, does)
				}
			}
			for i, s := range spans {
				if s.First > s.Last || s.First < 0 || s.Last >= size || i > 0 && s.First <= spans[i-1].Last+1 {
					t.Fatalf("values of %d are not canonical: %v", v, spans)
				}
			}
		}
		if !slices.IsSorted(support) {
			t.Fatalf("support %v", support)
		}
	})
}

// Growing the tables loses no set.
func TestGrowth(t *testing.T) {
	s := New([]int{20000, 20000}, 1<<20)
	var cubes []Set
	for i := range 10000 {
		odd := 2*i + 1
		cubes = append(cubes, s.Cube([]Literal{{Var: 0, Spans: []Span{{odd, odd}}}, {Var: 1, Spans: []Span{{odd, odd}}}}))
	}
	same := s.Union(cubes)
	slices.Reverse(cubes)
	if s.Union(cubes) != same {
		t.Fatal("one set twice")
	}
	odds := s.Values(same, 1)
	if len(odds) != 10000 || odds[9999] != (Span{19999, 19999}) {
		t.Fatalf("%d spans, to %v", len(odds), odds[len(odds)-1])
	}
	if s.In(0, odds...) != s.Exists(same, 1) {
		t.Fatal("the values are not the projection")
	}
	if got := s.Pick(s.Restrict(same, 0, 777)); !slices.Equal(got, []int{0, 777}) {
		t.Fatalf("picked %v", got)
	}
}

// pairs is the flows whose ends agree on some of n labels. With one end's
// labels before the other's, its diagram must tell all their subsets apart.
func pairs(s *Space, n int, dst, src func(i int) int) Set {
	var sets []Set
	for i := range n {
		sets = append(sets, s.And(s.In(dst(i), Span{1, 1}), s.In(src(i), Span{1, 1})))
	}
	return s.Union(sets)
}

func twos(n int) []int { return slices.Repeat([]int{2}, n) }

func apart(i int) int { return 30 + i }

func self(i int) int { return i }

func TestBoundOnNodes(t *testing.T) {
	s := New(twos(60), 100_000)
	before := s.In(3, Span{1, 1})
	err := Bounded(func() { pairs(s, 30, self, apart) })
	var bound *BoundError
	if !errors.As(err, &bound) || bound.Nodes != 100_000 || s.Nodes() != 100_000 {
		t.Fatalf("%v with %d nodes", err, s.Nodes())
	}
	if s.In(3, Span{1, 1}) != before || s.Or(before, s.Not(before)) != s.All() {
		t.Fatal("sets made before are no good after")
	}
}

func TestBoundOnSteps(t *testing.T) {
	s := New(twos(60), 100_000)
	a, b := pairs(s, 10, self, apart), pairs(s, 10, func(i int) int { return 10 + i }, apart)
	before := s.Nodes()
	s.maxSteps = s.steps + 100
	err := Bounded(func() { s.Intersects(a, s.Not(b)); s.ForAll(a, 31) })
	var bound *BoundError
	if !errors.As(err, &bound) || bound.Nodes < before || bound.Nodes >= bound.Max {
		t.Fatalf("got %v", err)
	}
}

// What Intersects has found apart it does not look at again: the parities of 60
// bits have two nodes for each, and 2^60 paths.
func TestIntersectsRemembers(t *testing.T) {
	s := New(append(twos(60), 3), 1000)
	odd := s.None()
	for v := range 60 {
		bit := s.In(59-v, Span{1, 1})
		odd = s.IfThenElse(bit, s.Not(odd), odd)
	}
	if s.Intersects(s.And(odd, s.In(60, Span{0, 0})), s.And(odd, s.In(60, Span{1, 2}))) {
		t.Fatal("disjoint sets intersect")
	}
}

func TestBoundedLetsOtherPanicsThrough(t *testing.T) {
	defer func() {
		if recover() != "other" {
			t.Fatal("swallowed")
		}
	}()
	Bounded(func() { panic("other") })
}

// Interleaved, what is exponential with the ends apart is linear.
func TestOrderOfVariables(t *testing.T) {
	s := New(twos(60), 1000)
	pairs(s, 30, func(i int) int { return 2 * i }, func(i int) int { return 2*i + 1 })
}
