package ir

import (
	"testing"

	"pgregory.net/rapid"
)

// The universe of the property tests: three values and absence, which is
// enough to tell any two constraints that mention two values apart.
var values = []string{"a", "b", "c"}

func drawConstraint(t *rapid.T, name string) Constraint {
	subset := rapid.SliceOfNDistinct(rapid.SampledFrom(values[:2]), 0, 2, rapid.ID[string]).Draw(t, name)
	return rapid.SampledFrom([]Constraint{
		OneOf(subset...), NotOneOf(subset...), Present(), Absent(), Anything(),
		NotOneOf(subset...).And(Present()), OneOf(subset...).Or(Absent()),
	}).Draw(t, name+" form")
}

// holds is the obvious meaning: which of the universe satisfies a constraint.
func holds(c Constraint) [4]bool {
	return [4]bool{c.Matches("a"), c.Matches("b"), c.Matches("c"), c.MatchesAbsent()}
}

func TestConstraintAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, d := drawConstraint(t, "c"), drawConstraint(t, "d")
		and, or, not := holds(c.And(d)), holds(c.Or(d)), holds(c.Not())
		for i := range and {
			x, y := holds(c)[i], holds(d)[i]
			if and[i] != (x && y) || or[i] != (x || y) || not[i] == x {
				t.Fatalf("%v and %v at %d: and %v or %v not %v", c, d, i, and[i], or[i], not[i])
			}
		}
		if shared := holds(c.And(d)) != [4]bool{}; c.Overlaps(d) != shared {
			t.Fatalf("Overlaps(%v, %v) = %v", c, d, !shared)
		}
		if c.Equal(d) != (holds(c) == holds(d)) {
			t.Fatalf("Equal(%v, %v) = %v", c, d, c.Equal(d))
		}
		if c.IsEmpty() != (holds(c) == [4]bool{}) {
			t.Fatalf("IsEmpty(%v)", c)
		}
	})
}

func drawSelector(t *rapid.T, name string) (Selector, bool) {
	return Select(Requirement{"x", drawConstraint(t, name+" x")}, Requirement{"y", drawConstraint(t, name+" y")})
}

// everyLabels is every assignment of the universe's values to the keys x and y.
func everyLabels() []map[string]string {
	var out []map[string]string
	for _, x := range append([]string{""}, values...) {
		for _, y := range append([]string{""}, values...) {
			m := map[string]string{}
			if x != "" {
				m["x"] = x
			}
			if y != "" {
				m["y"] = y
			}
			out = append(out, m)
		}
	}
	return out
}

func TestSelectorAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ok1 := drawSelector(t, "s")
		u, ok2 := drawSelector(t, "u")
		if !ok1 || !ok2 {
			return
		}
		both, ok := s.And(u)
		rest := s.Subtract(u)
		if s.Overlaps(u) != ok {
			t.Fatalf("(%v).Overlaps(%v) = %v", s, u, !ok)
		}
		contained := true
		for _, m := range everyLabels() {
			inS, inU := s.Matches(m), u.Matches(m)
			if got := ok && both.Matches(m); got != (inS && inU) {
				t.Fatalf("(%v) and (%v) at %v: %v", s, u, m, got)
			}
			n := 0
			for _, r := range rest {
				if r.Matches(m) {
					n++
				}
			}
			if want := map[bool]int{true: 1}[inS && !inU]; n != want {
				t.Fatalf("(%v) without (%v) at %v: %d parts have it, want %d", s, u, m, n, want)
			}
			contained = contained && (!inU || inS)
		}
		if s.Contains(u) != contained {
			t.Fatalf("(%v).Contains(%v) = %v", s, u, !contained)
		}
	})
}

func TestPodsSubtractIsExact(t *testing.T) {
	accounts := []string{"a", "b"}
	draw := func(t *rapid.T, name string) Pods {
		p := AllPods()
		if s, ok := drawSelector(t, name+" namespace"); ok {
			p.Namespace = s
		}
		if s, ok := drawSelector(t, name+" labels"); ok {
			p.Labels = s
		}
		if rapid.Bool().Draw(t, name+" by account") {
			p.Account = OneOf(rapid.SampledFrom(accounts).Draw(t, name+" account"))
		}
		return p
	}
	in := func(p Pods, ns, labels map[string]string, account string) bool {
		return p.Namespace.Matches(ns) && p.Labels.Matches(labels) && p.Account.Matches(account)
	}
	rapid.Check(t, func(t *rapid.T) {
		p, q := draw(t, "p"), draw(t, "q")
		rest := p.Subtract(q)
		both, overlaps := p.And(q)
		for _, ns := range everyLabels() {
			for _, labels := range everyLabels() {
				for _, account := range accounts {
					want := in(p, ns, labels, account) && !in(q, ns, labels, account)
					n := 0
					for _, r := range rest {
						if in(r, ns, labels, account) {
							n++
						}
					}
					if n > 1 || (n == 1) != want {
						t.Fatalf("%v without %v: %d parts have %v %v %v, want %v", p, q, n, ns, labels, account, want)
					}
					if got := overlaps && in(both, ns, labels, account); got != (in(p, ns, labels, account) && in(q, ns, labels, account)) {
						t.Fatalf("%v and %v at %v %v %v: %v", p, q, ns, labels, account, got)
					}
				}
			}
		}
	})
}

func TestEmptyIsNeverEverything(t *testing.T) {
	if _, ok := Select(Requirement{"x", OneOf()}); ok {
		t.Error("a selector for none of no values was made")
	}
	if _, ok := PeersOf(); ok {
		t.Error("peers without a member were made")
	}
	if (Traffic{}).Contains(AllTraffic()) || !(Traffic{}).IsEmpty() {
		t.Error("the zero traffic is not empty")
	}
	if _, ok := AllTraffic().WithRequests(); ok {
		t.Error("a restriction to no request was made")
	}
	if _, ok := NewRequest(Anything(), nil, nil, Selector{}); ok {
		t.Error("a request without a path was made")
	}
	any, _ := PeersOf(AnyPeer{})
	if _, ok := any.Subtract(any); ok {
		t.Error("everything without everything has something")
	}
}

func TestEveryNamespaceHasAName(t *testing.T) {
	others := AllPods().Subtract(InNamespace("a"))
	if len(others) != 1 {
		t.Fatalf("all pods without those of a: %v", others)
	}
	back := AllPods().Subtract(others[0])
	if len(back) != 1 || !back[0].Equal(InNamespace("a")) {
		t.Errorf("all pods without all others': %v, want those of a", back)
	}
}
