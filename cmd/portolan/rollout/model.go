package rollout

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/sem"
)

// model is what an order has to heed, as far as is known: examples of what went
// wrong. It only guides the search; what it finds is verified.
type model struct {
	way   *way
	rules []*rule
	known map[string]bool // the examples that are rules, or cannot be
}

// rule is a flow with the changes that it can hang on. Of a set of them that are
// done, a bit for each, it is known whether the flow is then as it must not be. A
// rule without a flow is about what cannot be read together.
type rule struct {
	example
	unreadable *unreadable
	changes    []int
	fixed      []manifest.Document
	wrong      map[uint32]bool
	lost       []bool // by set of changes: none of its ways on to the other end is right
}

const (
	maxHeld  = 12 // changes that one flow hangs on
	maxExact = 14 // changes of which every order is looked at

	perMoment = 1 << 20 // what a moment that stops something costs, in flows
)

// learn makes rules of examples. It reports whether there was anything to learn.
func (m *model) learn(examples []example) bool {
	learned := false
	for _, e := range examples {
		id := fmt.Sprintf("%t %+v", e.wider, e.Flow)
		if m.known[id] {
			continue
		}
		m.known[id] = true
		if r := m.rule(e); r != nil {
			m.rules = append(m.rules, r)
			learned = true
		}
	}
	return learned
}

// avoid makes rules of changes after which the cluster could not be read: they
// are not to be together with what they are with there. It reports whether there
// was anything to learn.
func (m *model) avoid(list []unreadable) bool {
	learned := false
	for _, u := range list {
		id := fmt.Sprint(u.change)
		if m.known[id] {
			continue
		}
		m.known[id] = true
		own := &m.way.changes[u.change].reach
		meets := func(r *reach) bool {
			var a apart
			a.take(own)
			return !a.take(r)
		}
		if r := m.about(&rule{example: example{wider: true}, unreadable: &u}, meets); r != nil {
			m.rules = append(m.rules, r)
			learned = true
		}
	}
	return learned
}

// rule gives the rule of an example; nil where it hangs on too much.
func (m *model) rule(e example) *rule {
	return m.about(&rule{example: e}, func(r *reach) bool { return r.concerns(&e.Flow) })
}

// about completes a rule with what it hangs on.
func (m *model) about(r *rule, concerns func(*reach) bool) *rule {
	r.wrong = map[uint32]bool{}
	for i := range m.way.changes {
		if concerns(&m.way.changes[i].reach) {
			r.changes = append(r.changes, i)
		}
	}
	if len(r.changes) > maxHeld {
		return nil
	}
	for i := range m.way.fixed {
		if o := &m.way.fixed[i]; concerns(&o.reach) {
			r.fixed = append(r.fixed, *o.new)
		}
	}
	if r.wider {
		r.lost = m.way.lost(r)
	}
	return r
}

// isWrong reports that the flow is as it must not be where these of the rule's
// changes are done. Only what concerns the flow is asked.
func (w *way) isWrong(r *rule, done uint32) bool {
	if done == 0 || done == 1<<len(r.changes)-1 {
		return false // an end
	}
	wrong, known := r.wrong[done]
	if known {
		return wrong
	}
	docs := slices.Clone(r.fixed)
	for i, c := range r.changes {
		if d := w.changes[c].at(done>>i&1 == 1); d != nil {
			docs = append(docs, *d)
		}
	}
	switch p, diags := w.Lift(docs); {
	case diags.HasErrors() || r.unreadable != nil:
		wrong = r.unreadable != nil && diags.HasErrors()
	case r.wider:
		wrong = sem.Decide(p, r.Flow).Outcome != sem.Denied
	default:
		wrong = sem.Decide(p, r.Flow).Outcome == sem.Denied
	}
	r.wrong[done] = wrong
	return wrong
}

// lost gives the sets of a rule's changes from which every way to the other end
// goes through a wrong one, or that are wrong themselves.
func (w *way) lost(r *rule) []bool {
	all := uint32(1)<<len(r.changes) - 1
	out := make([]bool, all+1)
	for done := int64(all) - 1; done >= 0; done-- {
		set := uint32(done)
		out[set] = true
		for i := range r.changes {
			if set>>i&1 == 0 && !out[set|1<<i] {
				out[set] = false
				break
			}
		}
		out[set] = out[set] || w.isWrong(r, set)
	}
	return out
}

// order gives an order that heeds all rules about what must not pass, and stops
// as few of the other flows as it can, for as short as it can. It gives a
// conflict where there is none, and neither where it finds none. No order stops
// something at fewer moments than least: each moment follows a step of one group,
// so that those of several groups add up.
func (m *model) order() (out []int, least int, conflict *Conflict) {
	groups := m.groups()
	placed := make([]bool, len(m.way.changes))
	for i := range m.way.changes {
		if placed[i] {
			continue
		}
		order, moments, conflict := m.arrange(groups[i])
		if order == nil {
			return nil, 0, conflict
		}
		least += moments
		for _, c := range order {
			placed[c] = true
		}
		out = append(out, order...)
	}
	return out, least, nil
}

// group is changes that rules tie together, in the order of the way, and those
// rules.
type group struct {
	changes []int
	rules   []*rule
}

// groups gives the group of each change.
func (m *model) groups() []*group {
	root := make([]int, len(m.way.changes))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, r := range m.rules {
		for _, c := range r.changes {
			root[find(c)] = find(r.changes[0])
		}
	}
	at := map[int]*group{}
	out := make([]*group, len(root))
	for i := range root {
		g := at[find(i)]
		if g == nil {
			g = &group{}
			at[find(i)] = g
		}
		g.changes = append(g.changes, i)
		out[i] = g
	}
	for _, r := range m.rules {
		if len(r.changes) > 0 {
			g := out[r.changes[0]]
			g.rules = append(g.rules, r)
		}
	}
	return out
}

// arrange orders a group, and gives at how many moments every order of it stops
// something, as far as that is known.
func (m *model) arrange(g *group) (order []int, least int, conflict *Conflict) {
	switch {
	case len(g.rules) == 0:
		return g.changes, 0, nil
	case len(g.changes) <= maxExact:
		return m.best(g)
	}
	order, least, conflict = m.parts(g)
	if order == nil && conflict == nil {
		order, conflict = m.greedy(g)
	}
	return order, least, conflict
}

// parts orders a large group by small parts of it, each by the rules about
// nothing else, and the parts one after the other. It gives no order where that
// breaks a rule about what must not pass. What holds of every order of the parts
// holds of every order of the group, which is one of each.
func (m *model) parts(g *group) (order []int, least int, conflict *Conflict) {
	part := map[int]*group{}
	for _, c := range g.changes {
		part[c] = &group{changes: []int{c}}
	}
	rules := slices.Clone(g.rules)
	slices.SortStableFunc(rules, func(a, b *rule) int { return len(a.changes) - len(b.changes) })
	for _, r := range rules {
		joint := &group{}
		for _, c := range r.changes {
			if p := part[c]; !slices.Contains(joint.changes, p.changes[0]) {
				joint.changes = append(joint.changes, p.changes...)
				joint.rules = append(joint.rules, p.rules...)
			}
		}
		if len(joint.changes) > maxExact {
			continue
		}
		joint.rules = append(joint.rules, r)
		slices.Sort(joint.changes)
		for _, c := range joint.changes {
			part[c] = joint
		}
	}
	placed := map[*group]bool{}
	for _, c := range g.changes {
		p := part[c]
		if placed[p] {
			continue
		}
		placed[p] = true
		next, moments, conflict := m.best(p)
		if next == nil {
			return nil, 0, conflict
		}
		order, least = append(order, next...), least+moments
	}
	if m.breaks(g, order) {
		order = nil
	}
	return order, least, nil
}

// breaks reports that an order has a moment that a rule of the group says must
// not be.
func (m *model) breaks(g *group, order []int) bool {
	for _, r := range g.rules {
		done := uint32(0)
		for _, c := range order {
			if i := slices.Index(r.changes, c); i >= 0 && r.wider {
				if done |= 1 << i; m.way.isWrong(r, done) {
					return true
				}
			}
		}
	}
	return false
}

// indexed is a rule with where its changes stand in a group.
type indexed struct {
	*rule
	at []int
}

func (g *group) index() []indexed {
	out := make([]indexed, len(g.rules))
	for i, r := range g.rules {
		out[i].rule = r
		for _, c := range r.changes {
			out[i].at = append(out[i].at, slices.Index(g.changes, c))
		}
	}
	return out
}

// of gives the rule's changes of a set of the group's.
func (x *indexed) of(done uint32) (out uint32) {
	for i, at := range x.at {
		out |= done >> at & 1 << i
	}
	return out
}

// best tries every order of a small group: the best is the one with the fewest
// moments that stop something, of those the one that stops the fewest flows in
// all, and of those the one nearest to the order of the way.
func (m *model) best(g *group) (order []int, least int, conflict *Conflict) {
	n := len(g.changes)
	rules := g.index()
	const never = int(^uint(0) >> 1)
	cost := make([]int, 1<<n) // from a set on to the other end
	next := func(set uint32) (change, rest int) {
		change, rest = -1, never
		for i := range n {
			if set>>i&1 == 0 && cost[set|1<<i] < rest {
				change, rest = i, cost[set|1<<i]
			}
		}
		return change, rest
	}
	for done := 1<<n - 2; done >= 0; done-- {
		set := uint32(done)
		if _, cost[done] = next(set); cost[done] == never {
			continue
		}
		stopped := 0
		for k := range rules {
			x := &rules[k]
			switch {
			case cost[done] == never || !m.way.isWrong(x.rule, x.of(set)):
			case x.wider:
				cost[done] = never
			default:
				stopped++
			}
		}
		if cost[done] != never && stopped > 0 {
			cost[done] += perMoment + stopped
		}
	}
	if cost[0] == never {
		return nil, 0, m.conflict(g)
	}
	for set := uint32(0); bits.OnesCount32(set) < n; {
		i, _ := next(set)
		order = append(order, g.changes[i])
		set |= 1 << i
	}
	return order, cost[0] / perMoment, nil
}

// conflict says why a group has no order.
func (m *model) conflict(g *group) *Conflict {
	c := &Conflict{}
	for _, r := range g.rules {
		if r.wider && r.lost[0] { // it alone
			return m.between(c, r)
		}
	}
	for _, r := range g.rules {
		if r.wider {
			m.between(c, r)
		}
	}
	return c
}

func (m *model) between(c *Conflict, r *rule) *Conflict {
	if u := r.unreadable; u != nil {
		o := &m.way.changes[u.change]
		c.Unreadable = &Unreadable{After: o.action().String() + " " + o.some().String(), Diags: u.why}
	} else {
		c.Flows = append(c.Flows, r.Seen)
	}
	for _, i := range r.changes {
		if name := m.way.changes[i].some().String(); !slices.Contains(c.Objects, name) {
			c.Objects = append(c.Objects, name)
		}
	}
	return c
}

// greedy takes the changes of a large group one by one: of those after which
// all rules can still be heeded the one that stops the fewest flows. Where none is
// left, it looks for the reason among few of them.
func (m *model) greedy(g *group) ([]int, *Conflict) {
	of := make([][]*rule, len(m.way.changes))
	for _, r := range g.rules {
		for _, c := range r.changes {
			of[c] = append(of[c], r)
		}
	}
	done := map[*rule]uint32{}
	after := func(r *rule, c int) uint32 { return done[r] | 1<<slices.Index(r.changes, c) }
	rest := slices.Clone(g.changes)
	var out []int
	for len(rest) > 0 {
		best, least := -1, 0
		for i, c := range rest {
			harm, allowed := 0, true
			for _, r := range of[c] {
				switch {
				case r.wider:
					allowed = allowed && !r.lost[after(r, c)]
				default:
					harm += count(m.way.isWrong(r, after(r, c))) - count(m.way.isWrong(r, done[r]))
				}
			}
			if allowed && (best < 0 || harm < least) {
				best, least = i, harm
			}
		}
		if best < 0 {
			return nil, m.reason(rest, of, after)
		}
		c := rest[best]
		for _, r := range of[c] {
			done[r] = after(r, c)
		}
		out, rest = append(out, c), slices.Delete(rest, best, best+1)
	}
	return out, nil
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// reason looks for few changes that have no order among themselves: then all
// have none, since whatever order they are in, these are in one. It follows what
// keeps a change from being next to a change that has to come before it, until
// that comes round.
func (m *model) reason(rest []int, of [][]*rule, after func(*rule, int) uint32) *Conflict {
	for _, start := range rest {
		small := &group{}
		seen := map[*rule]bool{}
		for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
			for _, r := range of[queue[0]] {
				if !r.wider || seen[r] || !r.lost[after(r, queue[0])] {
					continue
				}
				seen[r] = true
				more := slices.Clone(small.changes)
				for _, c := range r.changes {
					if !slices.Contains(more, c) {
						more = append(more, c)
					}
				}
				if len(more) > maxExact {
					continue
				}
				for _, c := range more[len(small.changes):] {
					if slices.Contains(rest, c) {
						queue = append(queue, c)
					}
				}
				small.changes, small.rules = more, append(small.rules, r)
			}
		}
		if len(small.rules) > 0 {
			if order, _, conflict := m.best(small); order == nil {
				return conflict
			}
		}
	}
	return nil
}
