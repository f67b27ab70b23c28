package rollout

import (
	"cmp"
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// way is what is between the two ends: objects that stay, and changes that are
// made one by one. A moment on it is the set of changes that are done.
type way struct {
	Input
	ends    [2]sem.Policy
	fixed   []object
	changes []object // in the order in which they are made unless something is against it

	policies map[moment]sem.Policy // of moments, of the last few
	recent   []moment
	seen     map[[2]moment]*outcome
	asked    int
}

// moment is a set of changes, as a bit for each.
type moment string

func newWay(in Input) (*way, error) {
	w := &way{Input: in, policies: map[moment]sem.Policy{}, seen: map[[2]moment]*outcome{}}
	for i, docs := range [][]manifest.Document{in.Old, in.New} {
		p, diags := in.Lift(docs)
		if diags.HasErrors() {
			return nil, &Unreadable{Diags: diags}
		}
		w.ends[i] = p
	}
	all, err := identityUnder(in.Profiles).objects(in.Old, in.New)
	if err != nil {
		return nil, err
	}
	w.survey(all)
	for _, o := range all {
		if o.isChanged() {
			w.changes = append(w.changes, o)
		} else {
			w.fixed = append(w.fixed, o)
		}
	}
	slices.SortStableFunc(w.changes, func(a, b object) int { return cmp.Compare(a.turn(), b.turn()) })
	return w, nil
}

// turn is when a change is made unless something is against it: what others
// refer to is there before them and goes after them, and what allows comes before
// what closes and goes after it.
func (o *object) turn() int {
	switch action := o.action(); {
	case action == Create && !o.selects():
		return 0
	case action == Create && o.reach.allows:
		return 1
	case action == Create:
		return 2
	case action == Change:
		return 3
	case !o.selects():
		return 6
	case !o.reach.allows:
		return 4
	}
	return 5
}

// moments gives the moments of an order, from one end to the other.
func (w *way) moments(order []int) []moment {
	bits := make([]byte, (len(order)+7)/8)
	out := []moment{moment(bits)}
	for _, c := range order {
		bits[c/8] |= 1 << (c % 8)
		out = append(out, moment(bits))
	}
	return out
}

func (m moment) has(change int) bool { return m[change/8]>>(change%8)&1 == 1 }

// documents is what is in the cluster at a moment.
func (w *way) documents(m moment) []manifest.Document {
	out := make([]manifest.Document, 0, len(w.fixed)+len(w.changes))
	for i := range w.fixed {
		out = append(out, *w.fixed[i].new)
	}
	for i := range w.changes {
		if d := w.changes[i].at(m.has(i)); d != nil {
			out = append(out, *d)
		}
	}
	return out
}

// maxPolicies bounds the policies of moments that are kept.
const maxPolicies = 64

// policy is what is decided at a moment. With an error among the diagnostics it
// is not known.
func (w *way) policy(m moment) (sem.Policy, diag.List) {
	if p, known := w.policies[m]; known {
		return p, nil
	}
	p, diags := w.Lift(w.documents(m))
	if diags.HasErrors() {
		return nil, diags
	}
	if len(w.recent) == maxPolicies {
		delete(w.policies, w.recent[0])
		w.recent = w.recent[1:]
	}
	w.policies[m] = p
	w.recent = append(w.recent, m)
	return p, nil
}
