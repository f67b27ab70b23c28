package sem

import (
	"errors"
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
)

// ConnectOptions says which connections are asked for.
type ConnectOptions struct {
	// From and To are what one end must answer to, see Party.Answers; "" for any.
	From, To string

	// MaxNodes bounds the decision diagram; 0 for the default.
	MaxNodes int
}

// Extent says for which endpoints of its two parties a connection is there.
type Extent uint8

// The extents.
const (
	// Wholly is traffic that any of the source's endpoints can have with any of
	// the destination's.
	Wholly Extent = iota
	// Partly is traffic that some of them can have and others cannot, by what
	// the party leaves open: an address, an account, labels of what is not
	// declared.
	Partly
	// Perhaps is traffic that hangs on conditions that nobody stated.
	Perhaps
)

func (x Extent) String() string { return [...]string{"wholly", "partly", "unknown"}[x] }

// Connection is what a policy lets one party send to the other.
type Connection struct {
	Source, Destination *Party
	*Link
}

// Link is traffic, and for which endpoints it is there. Whether a sender in the
// mesh proves itself is its own choice. The connections of many parties share
// one Link.
type Link struct {
	Extent  Extent
	Traffic Description
	Hangs   []ir.Condition // of Perhaps: all that it may hang on
}

// Connect gives every connection between the parties of an inventory: declared
// workloads, the other pods of the namespaces that are declared or named, nodes
// and what is outside, where one end is pods. Two pods of one party are a
// connection of the party with itself. They are in the order of the parties,
// and what is wholly there comes first.
//
// A workload stands for the pods with just its labels. Those with more labels
// may be under more rules, and are not shown.
//
// The error is an *Unproved where a bound was hit, or names a filter that no
// party answers to.
func Connect(p Policy, inv *ir.Inventory, o ConnectOptions) ([]Connection, error) {
	if o.MaxNodes == 0 {
		o.MaxNodes = maxNodes
	}
	out, err := connect(p, inv, o)
	var unknown *UnknownParty
	if err != nil && !errors.As(err, &unknown) {
		return nil, &Unproved{err}
	}
	return out, err
}

// connect has one order of variables only: its sets are of two parties each,
// for which the order matters little.
func connect(p Policy, inv *ir.Inventory, o ConnectOptions) (out []Connection, err error) {
	defer recoverBounds(&err)
	c, err := newComparison(p, nil, Options{Inventory: inv, MaxNodes: o.MaxNodes}, endsFirst, (*universe).gatherWorkloads)
	if err != nil {
		return nil, err
	}
	m := &mentioned{}
	m.gather(p)
	return newConnector(&c.encoding, p, m).connections(o)
}

// gatherWorkloads lets what declared workloads are made of cut the universe, as
// far as the policies look at it at all.
func (u *universe) gatherWorkloads() {
	for i := range u.inventory.Workloads {
		w := &u.inventory.Workloads[i]
		u.namespaces.name(w.Namespace)
		for _, r := range w.Pods.Labels.Requirements() {
			if d, asked := u.labels[r.Key]; asked {
				d.cutBy(r.Constraint)
			}
		}
	}
}

// connector works out connections by what rules say of each party: the rules
// that concern two parties make a set over the variables of traffic, which is
// the same for all pairs that the same rules concern, and is made once.
type connector struct {
	*encoding
	words   *describer
	joint   *joint
	parties []*party
	layers  []layerTables
	second  []layerTables // on the second way; nil where there is none
	taken   []diagram.Set // by destination: what can take it
	ends    []int         // the variables of what the ends are
	atEnds  [2]map[int]bool
	atoms   []int // the variables of conditions
	asks    map[diagram.Set][2]bool
	settles map[settling]diagram.Set
	found   map[[2]diagram.Set][]*Link // by what is let through and what there can be
	last    [2]diagram.Set             // key of found; that of the next pair is often the same
	links   []*Link
}

func newConnector(e *encoding, p Policy, m *mentioned) *connector {
	c := &connector{
		encoding: e, words: newDescriber(e, m), parties: e.parties(m),
		asks: map[diagram.Set][2]bool{}, settles: map[settling]diagram.Set{}, found: map[[2]diagram.Set][]*Link{},
	}
	for _, at := range []end{source, destination} {
		c.atEnds[at] = map[int]bool{}
		for _, v := range e.endVariables(at) {
			c.atEnds[at][v] = true
		}
		c.ends = append(c.ends, e.endVariables(at)...)
	}
	for _, atom := range sortedKeys(e.condition) {
		c.atoms = append(c.atoms, e.condition[atom])
	}
	c.joint = e.jointly(c.parties)
	for _, l := range p {
		c.layers = append(c.layers, e.tabulate(l, c.parties, false))
	}
	if taken := e.taken(p, true); taken != e.space.None() {
		for _, l := range p {
			c.second = append(c.second, e.tabulate(l, c.parties, true))
		}
		for _, to := range c.parties {
			c.taken = append(c.taken, e.known(taken, to, destination))
		}
	}
	return c
}

// endVariables gives the variables that say what an end of a flow is. Those of
// what is no pod are of either end.
func (e *encoding) endVariables(at end) []int {
	out := append([]int{e.server[at], e.kind[at], e.cluster[at], e.ns[at], e.account[at], e.meshed[at], e.address[at]}, e.name...)
	for _, k := range sortedKeys(e.label[at]) {
		out = append(out, e.label[at][k])
	}
	for _, k := range sortedKeys(e.nsLabel[at]) {
		out = append(out, e.nsLabel[at][k])
	}
	return out
}

func (c *connector) connections(o ConnectOptions) ([]Connection, error) {
	from, err := c.answering(o.From)
	if err != nil {
		return nil, err
	}
	to, err := c.answering(o.To)
	if err != nil {
		return nil, err
	}
	var out []Connection
	for _, i := range from {
		for _, j := range to {
			s, d := c.parties[i], c.parties[j]
			if !meaningful(&s.Party, &d.Party, c.policed) {
				continue
			}
			for _, link := range c.between(i, j) {
				out = append(out, Connection{&s.Party, &d.Party, link})
			}
		}
	}
	return out, nil
}

// answering gives the parties that a filter names.
func (c *connector) answering(filter string) ([]int, error) {
	var out []int
	for i, p := range c.parties {
		if filter == "" || p.Answers(filter) {
			out = append(out, i)
		}
	}
	if out == nil && filter != "world" && filter != "nodes" {
		return nil, &UnknownParty{filter}
	}
	return out, nil
}

// UnknownParty is the error of a filter that no party answers to.
type UnknownParty struct{ Filter string }

func (u *UnknownParty) Error() string {
	return fmt.Sprintf("%q is no workload, no namespace and no other party here", u.Filter)
}

// meaningful reports whether there can be flows between two parties of which
// the policies can say something: one end is pods, and not both of namespaces
// of which nobody knows. Where nodes are policed, one end may be a node in place
// of a pod.
func meaningful(s, d *Party, policed bool) bool {
	if s.IsPods() || d.IsPods() {
		elsewhere := func(p *Party) bool { return p.Kind == PartyPods && p.Namespace == "" }
		return !(elsewhere(s) && elsewhere(d))
	}
	node := func(p *Party) bool { return p.Kind == PartyOtherNodes }
	beyond := func(p *Party) bool { return p.IsOutside() || p.Kind == PartyRemote }
	return policed && (node(s) && (node(d) || beyond(d)) || beyond(s) && node(d))
}

// between gives the connections of two parties.
func (c *connector) between(i, j int) []*Link {
	s := c.space
	x, open := c.passing(c.layers, i, j)
	if c.second != nil {
		other, more := c.passing(c.second, i, j)
		x, open = s.Or(x, s.And(other, c.taken[j])), open || more || c.asked(c.taken[j]) != [2]bool{}
	}
	if x == s.None() {
		return nil
	}
	var asked [2]bool
	if open {
		asked = c.asked(x)
	}
	key := [2]diagram.Set{x, c.joint.of(i, j, asked)}
	if key == c.last {
		return c.links
	}
	out, done := c.found[key]
	if !done {
		out = c.extents(x, key[1])
		c.found[key] = out
	}
	c.last, c.links = key, out
	return out
}

// passing is what all layers let pass between two parties on one way, and
// whether what exactly is at the ends may matter for it.
func (c *connector) passing(layers []layerTables, i, j int) (x diagram.Set, open bool) {
	s := c.space
	x = s.All()
	for l := range layers {
		out, in := layers[l].lets(i, j)
		for _, part := range []*diagram.Set{&out, &in} {
			// Most is decided by who the ends are, so that little is left to ask.
			if *part = c.settled(c.settled(*part, i, source), j, destination); c.asked(*part) != [2]bool{} {
				open = true
			}
		}
		if x = s.And(x, s.And(out, in)); x == s.None() {
			return x, false
		}
	}
	return x, open
}

// settled is known, worked out once for each set and party.
func (c *connector) settled(x diagram.Set, i int, at end) diagram.Set {
	if !c.asked(x)[at] {
		return x
	}
	key := settling{x, i, at}
	out, done := c.settles[key]
	if !done {
		out = c.known(x, c.parties[i], at)
		c.settles[key] = out
	}
	return out
}

type settling struct {
	set   diagram.Set
	party int
	at    end
}

// asked reports at which ends it matters for a set what exactly is there.
func (c *connector) asked(x diagram.Set) (asked [2]bool) {
	asked, done := c.asks[x]
	if !done {
		for _, v := range c.space.Support(x) {
			for at := range asked {
				asked[at] = asked[at] || c.atEnds[at][v]
			}
		}
		c.asks[x] = asked
	}
	return asked
}

// extents parts what is let through, of what there can be, into what is there
// for all endpoints, for some, and for want of a condition nobody knows for
// which. Whether a sender proves itself is its own choice.
func (c *connector) extents(x, there diagram.Set) []*Link {
	s := c.space
	sent := s.Exists(s.And(x, there), c.authenticated)
	there = s.Exists(there, c.authenticated)
	some, possible := s.Exists(sent, c.ends...), s.Exists(there, c.ends...)
	every := s.Minus(some, s.Exists(s.Minus(there, sent), c.ends...))
	sure, certain := s.ForAll(every, c.atoms...), s.ForAll(some, c.atoms...)
	perhaps := s.Minus(s.Exists(some, c.atoms...), certain)
	var out []*Link
	for extent, set := range []diagram.Set{Wholly: sure, Partly: s.Minus(certain, sure), Perhaps: perhaps} {
		if words := c.words.describe(set, possible); words != nil {
			out = append(out, &Link{Extent: Extent(extent), Traffic: words})
		}
	}
	if perhaps != s.None() {
		out[len(out)-1].Hangs = c.hanging(some)
	}
	return out
}

// hanging gives the conditions that a set hangs on.
func (c *connector) hanging(x diagram.Set) []ir.Condition {
	var out []ir.Condition
	support := c.space.Support(x)
	for _, atom := range sortedKeys(c.condition) {
		if slices.Contains(support, c.condition[atom]) {
			out = append(out, c.conditions[atom])
		}
	}
	return out
}

// joint is what holds of two ends together.
type joint struct {
	*encoding
	parties []*party
	always  diagram.Set   // of any two
	wrong   diagram.Set   // what a destination does not speak
	to      []diagram.Set // by destination, without what it does not speak; lazily

	// What of a party bears on traffic and on the other end, by party; lazily.
	bears  [2][]diagram.Set
	forget [2][]int
	joined map[[2]diagram.Set]diagram.Set
	last   [2]diagram.Set // key of joined; that of the next pair is often the same
	both   diagram.Set
}

func (e *encoding) jointly(parties []*party) *joint {
	s := e.space
	never := []diagram.Set{e.union(e.uncarried()), e.union(e.untunnelled()), e.union(e.forOthers()), e.mislabelled()}
	others := diagram.Span{First: kindOwnNode, Last: kindInfra + len(e.infra) - 1}
	if e.located() {
		never = append(never, e.union(e.mixedFamilies()))
	}
	if e.mesh {
		known := is(e.authenticated, 1)
		not := []cube{{known, e.notTCP()}}
		for _, at := range []end{source, destination} {
			not = append(not, cube{known, among(e.kind[at], others)}, cube{known, is(e.meshed[at], 0)})
		}
		never = append(never, e.union(not))
	}
	j := &joint{
		encoding: e, parties: parties, always: s.Not(s.Union(never)), wrong: e.misspoken(),
		to: make([]diagram.Set, len(parties)), joined: map[[2]diagram.Set]diagram.Set{},
	}
	for _, at := range []end{source, destination} {
		j.bears[at] = make([]diagram.Set, len(parties))
		kept := []int{e.kind[at], e.meshed[at], e.address[at]}
		for _, v := range e.endVariables(at) {
			if !slices.Contains(kept, v) {
				j.forget[at] = append(j.forget[at], v)
			}
		}
	}
	return j
}

// reached is what there can be towards a party.
func (j *joint) reached(to int) diagram.Set {
	if j.to[to] == j.space.None() {
		p := j.parties[to]
		j.to[to] = j.space.Minus(p.set[destination], j.known(j.wrong, p, destination))
	}
	return j.to[to]
}

// of is what there can be between two parties: what is asked of the ends, and
// what else of them bears on traffic, which is the same for nearly all.
func (j *joint) of(from, to int, asked [2]bool) diagram.Set {
	s := j.space
	key := [2]diagram.Set{j.parties[from].set[source], j.reached(to)}
	for at, i := range []int{from, to} {
		if asked[at] {
			continue
		}
		if j.bears[at][i] == s.None() {
			j.bears[at][i] = s.Exists(key[at], j.forget[at]...)
		}
		key[at] = j.bears[at][i]
	}
	if key == j.last {
		return j.both
	}
	out, done := j.joined[key]
	if !done {
		out = s.And(s.And(key[source], key[destination]), j.always)
		j.joined[key] = out
	}
	j.last, j.both = key, out
	return out
}
