package diagram

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// The variables of the benchmark, in their order, and how many values each has.
const (
	dstKind = iota
	dstNamespace
	dstApp
	dstTier
	dstAccount
	srcKind
	srcNamespace
	srcApp
	srcTier
	addresses
	protocol
	port
	method
	path
)

var sizes = []int{3, 1002, 1001, 6, 50, 5, 1003, 1001, 6, 401, 6, 301, 4, 60}

// policies is a program as large clusters have them: what isolates the pods of
// an application at either end, and rules that allow one application's pods to
// reach another's.
type policies struct{ isolateDst, isolateSrc, rules [][]Literal }

func randomPolicies(rules int) policies {
	r := rand.New(rand.NewPCG(1, 2))
	one := func(v, x int) Literal { return Literal{Var: v, Spans: []Span{{x, x}}} }
	value := func(v int) Literal { return one(v, r.IntN(sizes[v])) }
	span := func(v int) Literal {
		x := r.IntN(sizes[v] - 20)
		return Literal{Var: v, Spans: []Span{{x, x + r.IntN(20)}}}
	}
	var p policies
	for range max(1, rules/10) {
		p.isolateDst = append(p.isolateDst, []Literal{one(dstKind, 0), value(dstNamespace), value(dstApp)})
		p.isolateSrc = append(p.isolateSrc, []Literal{one(srcKind, 0), value(srcNamespace), value(srcApp)})
	}
	for range rules {
		cube := slices.Clone(p.isolateDst[r.IntN(len(p.isolateDst))])
		switch r.IntN(20) {
		case 0:
			cube = append(cube, one(srcKind, 1), span(addresses))
		case 1, 2, 3, 4:
			both := value(srcNamespace)
			both.Spans = append(both.Spans, value(srcNamespace).Spans...)
			cube = append(cube, one(srcKind, 0), both, value(srcApp))
		default:
			cube = append(cube, p.isolateSrc[r.IntN(len(p.isolateSrc))]...)
		}
		cube = append(cube, one(protocol, 0), value(port))
		if r.IntN(10) == 0 {
			cube = append(cube, value(method), span(path))
		}
		p.rules = append(p.rules, cube)
	}
	return p
}

// allowed is the flows that both ends allow.
func (p policies) allowed(s *Space) Set {
	union := func(cubes [][]Literal) Set {
		sets := make([]Set, len(cubes))
		for i, c := range cubes {
			sets[i] = s.Cube(c)
		}
		return s.Union(sets)
	}
	rules := union(p.rules)
	ingress := s.Or(s.Not(union(p.isolateDst)), rules)
	egress := s.Or(s.Not(union(p.isolateSrc)), rules)
	return s.And(ingress, egress)
}

// compare builds the program, the same in another order, and the same with a
// rule changed, which it gives a flow of.
func (p policies) compare(tb testing.TB) (*Space, []int) {
	s := New(sizes, 20_000_000)
	want := p.allowed(s)
	r := rand.New(rand.NewPCG(3, 4))
	p.rules = slices.Clone(p.rules)
	r.Shuffle(len(p.rules), func(i, j int) { p.rules[i], p.rules[j] = p.rules[j], p.rules[i] })
	if p.allowed(s) != want {
		tb.Fatal("another order makes another set")
	}
	changed := slices.Clone(p.rules[0])
	at := slices.IndexFunc(changed, func(l Literal) bool { return l.Var == port })
	changed[at] = Literal{Var: port, Spans: []Span{{300, 300}}}
	p.rules[0] = changed
	got := p.allowed(s)
	witness := s.Pick(s.Or(s.Minus(got, want), s.Minus(want, got)))
	if witness == nil {
		tb.Fatal("the change is lost")
	}
	return s, witness
}

func TestLargePrograms(t *testing.T) {
	p := randomPolicies(1000)
	_, witness := p.compare(t)
	if len(witness) != len(sizes) || witness[dstKind] != 0 {
		t.Fatalf("the witness is %v", witness)
	}
}

func BenchmarkPolicies(b *testing.B) {
	for _, rules := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(rules), func(b *testing.B) {
			p := randomPolicies(rules)
			var s *Space
			for b.Loop() {
				s, _ = p.compare(b)
			}
			report(b, s)
		})
	}
}

// The worst order of variables, up to the bound.
func BenchmarkBound(b *testing.B) {
	for b.Loop() {
		s := New(twos(60), 20_000_000)
		if Bounded(func() { pairs(s, 30, self, apart) }) == nil {
			b.Fatal("bound not reached")
		}
		report(b, s)
	}
}

func report(b *testing.B, s *Space) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(s.Nodes()), "nodes")
	b.ReportMetric(float64(m.Sys>>20), "MB-from-system")
	runtime.KeepAlive(s)
}
