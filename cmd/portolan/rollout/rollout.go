// Package rollout finds the order in which objects are applied and deleted one
// by one, on the way from what runs to what is to run, so that at no moment a
// flow passes that passes at neither end, and as few as can be are stopped that
// pass at both.
//
//	plan, err := rollout.Find(rollout.Input{Old: running, New: rendered, Lift: lift, Options: options})
//
// An order is looked for on examples: flows on which some moment was seen to be
// wrong, each with the few objects that it can hang on. Whatever order that gives
// is then proved, every moment of it on every flow.
package rollout

import (
	"fmt"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Input is the two ends of the way, and what objects mean.
type Input struct {
	Old, New []manifest.Document // policies and what they are made of; none twice
	Profiles []profile.Profile   // under which names may differ and be one object's

	// Lift gives what objects that are in a cluster together decide. An error
	// among the diagnostics says that they cannot be there together.
	Lift    func([]manifest.Document) (sem.Policy, diag.List)
	Options sem.Options
}

// Plan is the steps of the way. Where there is a conflict there are none.
type Plan struct {
	Steps    []Step
	Conflict *Conflict
	Ends     [2]sem.Policy
}

// Step is one object that is applied or deleted.
type Step struct {
	Action Action
	Object *manifest.Document // as it is applied, or was

	// Stopped is what both ends let pass and the moment after the step, of which
	// the policy is After, does not. Over a bound, Left is how much more there is
	// at least. Where nothing is stopped, After is nil.
	Stopped []sem.Change
	Left    int
	After   sem.Policy
}

// Action is what is done with an object.
type Action uint8

// The actions. The first two are both to apply it.
const (
	Create Action = iota + 1
	Change
	Delete
)

func (a Action) String() string { return [...]string{"?", "create", "change", "delete"}[a] }

// Conflict is why no order is safe: flows that neither end lets pass, of which
// every order lets one pass at some moment, with the moment at which that was
// seen, and the objects that are between them. With Unreadable, orders that let
// none of them pass come to that.
type Conflict struct {
	Flows      []Seen
	Objects    []string
	Unreadable *Unreadable
}

// Seen is a flow that a moment of some order lets pass and neither end does.
type Seen struct {
	sem.Difference
	Moment sem.Policy
}

// Unreadable is the error of objects that cannot be in a cluster together.
type Unreadable struct {
	After string // the step after which they would be; "" for an end
	Diags diag.List
}

func (u *Unreadable) Error() string {
	return fmt.Sprintf("what is in the cluster after %q cannot be read", u.After)
}

// Unfound is the error of a search that was given up: whether there is a safe
// order is not known.
type Unfound struct{ Why string }

func (u *Unfound) Error() string { return u.Why }

const (
	maxChanges = 2000 // objects that differ
	maxMoments = 6000 // moments and stretches of them that are held against the ends
	maxRounds  = 40   // orders that are tried
	maxIdle    = 300  // moments that are looked at with no better order than the best safe one
	maxShown   = 20   // differences of one moment
)

// Find finds the order. The error is an *Unreadable, an *Unfound or a
// *sem.Unproved: nothing is known then.
func Find(in Input) (*Plan, error) {
	w, err := newWay(in)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Ends: w.ends}
	if len(w.changes) == 0 {
		return plan, nil
	}
	if len(w.changes) > maxChanges {
		return nil, &Unfound{fmt.Sprintf("%d objects differ, over %d", len(w.changes), maxChanges)}
	}
	order, conflict, err := w.search()
	switch {
	case err != nil:
		return nil, err
	case conflict != nil && conflict.Unreadable != nil:
		return nil, conflict.Unreadable
	case conflict != nil:
		plan.Conflict = conflict
		return plan, nil
	}
	plan.Steps, err = w.describe(order)
	return plan, err
}

// search tries orders until one has no moment that is wrong by what can be
// helped: each gives examples of what is wrong with it, which the next one heeds.
func (w *way) search() ([]int, *Conflict, error) {
	m := &model{way: w, known: map[string]bool{}}
	var best []int
	narrow, asked := 0, 0 // of the best, and when it was found
	for range maxRounds {
		order, least, conflict := m.order()
		if conflict != nil {
			return nil, conflict, nil
		}
		if order == nil {
			break
		}
		v, err := w.verify(order)
		if err != nil {
			return nil, nil, err
		}
		if v.safe && (best == nil || v.narrow < narrow) {
			best, narrow, asked = order, v.narrow, w.asked
		}
		if best != nil && (narrow == least || w.asked-asked > maxIdle) {
			break
		}
		avoids := m.avoid(v.unreadable)
		if !m.learn(v.examples) && !avoids {
			break
		}
	}
	if best == nil {
		return nil, nil, &Unfound{"no order was found in which every moment is safe, and it was not proved that there is none"}
	}
	return best, nil, nil
}
