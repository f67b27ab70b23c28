package sem

import (
	"cmp"
	"errors"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
)

// Change is traffic between two parties that only one of two policies lets
// pass.
type Change struct {
	Gained              bool // the second policy lets it pass; else the first
	Source, Destination *Party
	Traffic             Description

	// Partly says that it is so for some endpoints of the parties only: those
	// with an address, an account or, beside a workload's own, labels that
	// rules ask for.
	Partly bool

	// Least is the least flow of it, with the verdicts and what they hang on.
	Least Difference
}

// CrossesNamespaces reports that the ends are pods of different namespaces.
func (c *Change) CrossesNamespaces() bool {
	return c.Source.IsPods() && c.Destination.IsPods() && (c.Source.Namespace != c.Destination.Namespace || c.Source.Namespace == "")
}

// ReachesOutside reports that the destination is, or may be, outside the
// cluster.
func (c *Change) ReachesOutside() bool { return c.Destination.IsOutside() }

// ComesFromOutside reports that the source is, or may be, outside the cluster.
func (c *Change) ComesFromOutside() bool { return c.Source.IsOutside() }

// InvolvesNodes reports that an end is on the cluster's hosts.
func (c *Change) InvolvesNodes() bool { return c.Source.isNode() || c.Destination.isNode() }

// Changes gives what the second policy lets pass and the first does not, and
// the other way round, by pairs of the parties that Connect has: gains first, in
// the order of the parties. Every flow on which the policies differ is of a
// change, but for those with endpoints that have what a party of another change
// has, and more, and differ by the same traffic. Over max changes, left is how
// many more there are at least.
//
// The error is an *Unproved where a bound was hit, or says that the evaluators
// disagree, which is a mistake in this package.
func (c *Comparison) Changes(max int) ([]Change, int, error) {
	out, left, err := c.changes(max)
	var bound *diagram.BoundError
	if errors.As(err, &bound) {
		err = &Unproved{err}
	}
	return out, left, err
}

func (c *Comparison) changes(max int) (out []Change, left int, err error) {
	defer recoverBounds(&err)
	if c.Equal() {
		return nil, 0, nil
	}
	m := &mentioned{}
	m.gather(c.a, c.b)
	parties := c.parties(m)
	g := &grouping{Comparison: c, words: newDescriber(&c.encoding, m), joint: c.jointly(parties), parties: parties, max: max}
	for _, d := range []struct {
		set    diagram.Set
		gained bool
	}{{c.more, true}, {c.less, false}} {
		if err := g.group(d.set, d.gained); err != nil {
			return nil, 0, err
		}
	}
	slices.SortStableFunc(g.found, func(a, b found) int {
		gains := func(f found) int { return map[bool]int{true: 0, false: 1}[f.Gained] }
		return cmp.Or(cmp.Compare(gains(a), gains(b)), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	out = make([]Change, len(g.found))
	for i, f := range g.found {
		out[i] = f.Change
	}
	return out, g.left, nil
}

// grouping takes a difference apart by pairs of parties.
type grouping struct {
	*Comparison
	words   *describer
	joint   *joint
	parties []*party
	max     int

	found []found
	left  int
}

type found struct {
	Change
	from, to int
}

// group goes over the parties as they are shown, and over what is left of the
// difference with all that has what they have.
func (g *grouping) group(d diagram.Set, gained bool) error {
	s := g.space
	whole := s.None()
	err := g.pairs(d, setOf, func(i, j int, pair diagram.Set) error {
		change, err := g.change(pair, i, j, gained)
		if err != nil {
			return err
		}
		change.Partly = g.partly(pair, i, j)
		g.found = append(g.found, found{change, i, j})
		same := s.Exists(pair, g.sides()...)
		whole = s.Or(whole, s.And(same, s.And(g.widely(g.parties[i], source), g.widely(g.parties[j], destination))))
		return nil
	})
	if err != nil || g.left > 0 {
		return err
	}
	rest := s.Minus(d, whole)
	if rest == s.None() {
		return nil
	}
	others := &party{Party: Party{Kind: PartyInfrastructure, Name: "other endpoints"}, set: [2]diagram.Set{s.All(), s.All()}}
	all := g.parties
	g.parties = append(slices.Clip(all), others)
	defer func() { g.parties = all }()
	return g.pairs(rest, g.widely, func(i, j int, pair diagram.Set) error {
		if pair = s.And(pair, rest); pair == s.None() {
			return nil
		}
		rest = s.Minus(rest, pair)
		change, err := g.change(pair, i, j, gained)
		change.Partly = true
		g.found = append(g.found, found{change, i, j})
		return err
	})
}

func setOf(p *party, at end) diagram.Set { return p.set[at] }

// pairs calls f for the pairs of parties that a set has flows between, up to
// the bound, and counts the others.
func (g *grouping) pairs(d diagram.Set, of func(*party, end) diagram.Set, f func(from, to int, pair diagram.Set) error) error {
	s := g.space
	for j, to := range g.parties {
		towards := of(to, destination)
		if !s.Intersects(d, towards) {
			continue
		}
		arriving := s.And(d, towards)
		for i, from := range g.parties {
			sent := of(from, source)
			if !s.Intersects(arriving, sent) {
				continue
			}
			if len(g.found) >= g.max {
				g.left++
				continue
			}
			if err := f(i, j, s.And(arriving, sent)); err != nil {
				return err
			}
		}
	}
	return nil
}

// widely is a party with everything that has what it has.
func (g *grouping) widely(p *party, at end) diagram.Set {
	s := g.space
	external := is(g.kind[at], kindExternal)
	switch p.Kind {
	case PartyWorkload:
		return s.Cube(g.selecting(p.workload, at))
	case PartyNode:
		return s.Cube(cube{is(g.kind[at], kindOwnNode)})
	case PartyOtherNodes:
		return s.Cube(cube{is(g.kind[at], kindOtherNode)})
	case PartyExternal:
		if !g.located() {
			return s.Cube(cube{external})
		}
		return s.Cube(cube{external, g.addressIn(at, p.Addresses)})
	case PartyName:
		c := cube{external}
		for _, v := range g.name {
			if p.box[at][v][0].First == 1 {
				c = append(c, is(v, 1))
			}
		}
		return s.Cube(c)
	case PartyPods, PartyRemote, PartyNodeLocal, PartyAPIServer, PartyInfrastructure:
	}
	return p.set[at]
}

// sides is the variables that say nothing of traffic.
func (g *grouping) sides() []int {
	return slices.Concat(g.endVariables(source), g.endVariables(destination), g.beside())
}

// beside is those that say nothing of the ends either.
func (g *grouping) beside() []int {
	out := []int{g.authenticated}
	for _, atom := range sortedKeys(g.condition) {
		out = append(out, g.condition[atom])
	}
	return out
}

// change describes a part of a difference.
func (g *grouping) change(pair diagram.Set, i, j int, gained bool) (Change, error) {
	s := g.space
	least, err := g.difference(pair)
	if err != nil {
		return Change{}, err
	}
	least.Hangs, least.Facts = g.doubts(pair, gained)
	traffic := s.Exists(pair, g.sides()...)
	possible := traffic
	if all := len(g.joint.parties); i < all && j < all {
		possible = s.Or(traffic, s.Exists(g.joint.of(i, j, [2]bool{}), g.sides()...))
	}
	return Change{
		Gained: gained, Source: &g.parties[i].Party, Destination: &g.parties[j].Party,
		Traffic: g.words.describe(traffic, possible), Least: least,
	}, nil
}

// doubts is what a part of a difference hangs on, where none of it is certain.
func (g *grouping) doubts(pair diagram.Set, gained bool) (hangs []ir.Condition, facts []string) {
	s := g.space
	if g.certain(pair) == s.None() {
		hangs = g.hangs(pair)
	}
	if gained {
		return hangs, nil
	}
	doubtful, facts := g.doubtful()
	if s.Minus(pair, doubtful) != s.None() {
		facts = nil
	}
	return hangs, facts
}

// partly reports that some endpoints of the parties have not got all of the
// traffic of a part of a difference.
func (g *grouping) partly(pair diagram.Set, i, j int) bool {
	s := g.space
	there := s.Exists(g.joint.of(i, j, [2]bool{true, true}), g.beside()...)
	traffic := s.Exists(pair, g.sides()...)
	return s.Minus(s.And(there, traffic), s.Exists(pair, g.beside()...)) != s.None()
}
