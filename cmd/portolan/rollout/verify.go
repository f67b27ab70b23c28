package rollout

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// outcome is what was found of a stretch of moments.
type outcome struct {
	settled    bool // it holds for every moment of the stretch
	narrow     bool
	unreadable diag.List // of one moment: why nobody knows what it means
	examples   []example
}

// example is a flow that a moment gets wrong.
type example struct {
	Seen
	wider bool // else it is stopped
}

// verdict is what was found of an order.
type verdict struct {
	safe     bool // no moment is wider than the ends
	wrong    int  // moments that are
	narrow   int  // moments that stop what both ends let pass
	examples []example
	stopped  []span // the moments at which something is stopped

	unreadable []unreadable
}

// unreadable is a change after which it is not known what the cluster decides.
type unreadable struct {
	change int
	why    diag.List
}

// span is moments from first to last, in the order of the way.
type span struct{ first, last int }

// cut gives the parts of a stretch that is looked at more closely.
func (s span) cut() []span {
	var out []span
	size := (s.last - s.first + 3) / 4
	for first := s.first; first < s.last; first += size {
		out = append(out, span{first, min(first+size, s.last)})
	}
	return out
}

const (
	maxExamples = 16 // of one moment, of each kind
	maxWrong    = 12 // moments that are wider, over which an order is not looked at further
	atOnce      = 16 // stretches that are held against the ends in one space
)

// verify holds every moment of an order against the ends. Stretches of changes
// that are apart are looked at as a whole, and cut up where that is not enough.
func (w *way) verify(order []int) (*verdict, error) {
	moments := w.moments(order)
	v := &verdict{safe: true}
	pending := w.stretches(order)
	for len(pending) > 0 {
		batch := pending[:min(atOnce, len(pending))]
		pending = pending[len(batch):]
		found, err := w.hold(moments, batch)
		if err != nil {
			return nil, err
		}
		var parts []span
		for i, s := range batch {
			if f := found[i]; f.unreadable != nil {
				v.safe = false
				v.wrong++
				v.unreadable = append(v.unreadable, unreadable{order[s.last-1], f.unreadable})
			} else if f.settled {
				v.add(s, f)
			} else {
				parts = append(parts, s.cut()...)
			}
		}
		if pending = append(parts, pending...); !v.safe && v.wrong > maxWrong {
			return v, nil
		}
	}
	return v, nil
}

// add notes what was found of a stretch, for every moment but its first.
func (v *verdict) add(s span, f *outcome) {
	if slices.ContainsFunc(f.examples, func(e example) bool { return e.wider }) {
		v.safe = false
		v.wrong++
	}
	v.examples = append(v.examples, f.examples...)
	if f.narrow {
		v.narrow += s.last - s.first
		v.stopped = append(v.stopped, span{s.first + 1, s.last})
	}
}

// stretches cuts an order into runs of changes that are apart.
func (w *way) stretches(order []int) []span {
	var out []span
	var run apart
	for i, c := range order {
		if i == 0 || !run.take(&w.changes[c].reach) {
			run = apart{}
			run.take(&w.changes[c].reach)
			out = append(out, span{i, i})
		}
		out[len(out)-1].last = i + 1
	}
	return out
}

// hold holds stretches against the ends. One of a single step is the moment
// after it, exactly.
func (w *way) hold(moments []moment, spans []span) ([]*outcome, error) {
	out := make([]*outcome, len(spans))
	var ask []sem.Stretch
	var asked []int
	for i, s := range spans {
		if s.first+1 == s.last && s.last == len(moments)-1 {
			out[i] = &outcome{settled: true} // the other end
			continue
		}
		from, to := moments[s.first], moments[s.last]
		if s.first+1 == s.last {
			from = to
		}
		if known := w.seen[[2]moment{from, to}]; known != nil {
			out[i] = known
			continue
		}
		if w.asked++; w.asked > maxMoments {
			return nil, &Unfound{fmt.Sprintf("over %d moments were held against the ends, and not all of any order", maxMoments)}
		}
		out[i] = &outcome{}
		w.seen[[2]moment{from, to}] = out[i]
		start, why := w.policy(from)
		end, also := w.policy(to)
		switch why = append(why, also...); {
		case !why.HasErrors():
			ask, asked = append(ask, sem.Stretch{start, end}), append(asked, i)
		case from == to:
			out[i].unreadable = why
		}
	}
	if ask == nil {
		return out, nil
	}
	transits, err := sem.Between(w.ends[0], w.ends[1], ask, w.Options)
	if err != nil {
		return nil, err
	}
	for k, t := range transits {
		s := spans[asked[k]]
		if err := out[asked[k]].settle(t, s.first+1 == s.last, ask[k][1]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// settle notes what a transit says, if that holds for all of its moments. A
// stretch that stops the same flows throughout is as its last moment is.
func (o *outcome) settle(t sem.Transit, single bool, last sem.Policy) error {
	if !single && (t.Widens() || !t.Steady) {
		return nil
	}
	o.settled, o.narrow = true, t.Narrows()
	for _, kind := range []struct {
		wider bool
		list  func(int) ([]sem.Difference, error)
	}{{true, t.More}, {false, t.Less}} {
		found, err := kind.list(maxExamples)
		if err != nil {
			return err
		}
		for _, d := range found {
			o.examples = append(o.examples, example{Seen{d, last}, kind.wider})
		}
	}
	return nil
}

// describe gives the steps of an order that was verified, with what each moment
// stops. Moments in a row that stop the same share one description.
func (w *way) describe(order []int) ([]Step, error) {
	v, err := w.verify(order)
	if err != nil {
		return nil, err
	}
	steps := make([]Step, len(order))
	for i, c := range order {
		o := &w.changes[c]
		steps[i] = Step{Action: o.action(), Object: o.some()}
	}
	moments := w.moments(order)
	for len(v.stopped) > 0 {
		batch := v.stopped[:min(atOnce, len(v.stopped))]
		v.stopped = v.stopped[len(batch):]
		var ask []sem.Stretch
		for _, s := range batch {
			p, _ := w.policy(moments[s.last]) // which was verified
			ask = append(ask, sem.Stretch{p, p})
		}
		transits, err := sem.Between(w.ends[0], w.ends[1], ask, w.Options)
		if err != nil {
			return nil, err
		}
		for i, s := range batch {
			if i > 0 && transits[i].StopsAs(transits[i-1]) {
				fill(steps[s.first-1:s.last], steps[batch[i-1].last-1])
				continue
			}
			list, left, err := transits[i].Changes(maxShown)
			if err != nil {
				return nil, err
			}
			fill(steps[s.first-1:s.last], Step{Stopped: list, Left: left, After: ask[i][1]})
		}
	}
	return steps, nil
}

// fill gives steps what another says of the moment after it.
func fill(steps []Step, as Step) {
	for i := range steps {
		steps[i].Stopped, steps[i].Left, steps[i].After = as.Stopped, as.Left, as.After
	}
}
