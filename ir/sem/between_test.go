package sem

import (
	"testing"

	"pgregory.net/rapid"
)

// TestBetween holds what is said of moments and stretches to the reference
// evaluator: of a moment it is exact, and of a stretch nothing is passed over that
// its ends, or one side of one end with the other side of the other, let pass or
// stop.
func TestBetween(t *testing.T) {
	wider, narrower := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{T: rt}
		inv := d.inventory()
		o := d.options(&inv)
		from := d.policy(inv)
		to, start, end := d.variant(from), d.variant(from), d.variant(from)
		got, err := Between(from, to, []Stretch{{start, start}, {start, end}}, o)
		if err != nil {
			rt.Fatal(err)
		}
		mixed := make(Policy, len(start))
		for i := range start {
			p := start[i].Program.Clone()
			p.Ingress, p.MTLS, p.Hosts.Ingress = end[i].Program.Ingress, end[i].Program.MTLS, end[i].Program.Hosts.Ingress
			mixed[i] = Layer{Program: p, Scope: start[i].Scope}
		}
		moment, stretch := got[0], got[1]
		s := newSampler(rapid.Uint64().Draw(rt, "seed"), moment.universe)
		flows := shown(rt, &moment)
		for range 200 {
			flows = append(flows, s.flow())
		}
		for _, f := range flows {
			if !moment.expressible(&f) || !possible(&f, moment.universe) || !compared(&f, o) {
				continue
			}
			at := moment.assignment(&f)
			a, b := Decide(from, f).Outcome, Decide(to, f).Outcome
			more := func(p Policy) bool { return a == Denied && b == Denied && Decide(p, f).Outcome == Allowed }
			less := func(p Policy) bool {
				return a == Allowed && b == Allowed && Decide(p, f).Outcome == Denied && kept(&f, moment.universe)
			}
			if moment.has(moment.more, at) != more(start) || moment.has(moment.less, at) != less(start) {
				rt.Fatalf("a moment: %+v is wider %t, narrower %t", f, more(start), less(start))
			}
			for _, p := range []Policy{start, end, mixed} {
				if more(p) && !stretch.has(stretch.more, at) || less(p) && !stretch.has(stretch.less, at) {
					rt.Fatalf("a stretch passes over %+v", f)
				}
				if stretch.Steady && less(p) != less(start) {
					rt.Fatalf("a steady stretch is not: %+v", f)
				}
			}
			if more(start) {
				wider++
			}
			if less(start) {
				narrower++
			}
		}
	})
	if wider == 0 || narrower == 0 {
		t.Errorf("%d flows wider and %d narrower: too few to say anything", wider, narrower)
	}
}

// shown is the flows that a moment shows of its differences, which sampling
// seldom meets.
func shown(rt *rapid.T, moment *Transit) []Flow {
	var out []Flow
	for _, report := range []func(int) ([]Difference, error){moment.More, moment.Less} {
		list, err := report(2)
		if err != nil {
			rt.Fatal(err)
		}
		for _, d := range list {
			out = append(out, d.Flow)
		}
	}
	return out
}
