package sem

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// layerTables is what a layer lets through between any two parties.
type layerTables struct {
	space   *diagram.Space
	egress  *table // nil for a mesh
	ingress *table
	hosts   [2]*table     // of nodes as sources and destinations; nil where they are not policed
	outside []diagram.Set // by destination: what the layer does not see, which passes
	refused []diagram.Set // by destination: for want of mutual TLS
}

func (e *encoding) tabulate(l Layer, parties []*party, second bool) layerTables {
	s := e.space
	t := layerTables{space: s, ingress: e.table(l.on(second, ir.Ingress), ir.Ingress, parties, (*Party).IsPods)}
	if l.Scope != Mesh {
		t.egress = e.table(l.on(second, ir.Egress), ir.Egress, parties, (*Party).IsPods)
	}
	if hosts := l.Program.Hosts; l.Scope != Mesh && !hosts.IsEmpty() {
		t.hosts = [2]*table{
			e.table(hosts.Egress, ir.Egress, parties, (*Party).mayBeNode),
			e.table(hosts.Ingress, ir.Ingress, parties, (*Party).mayBeNode),
		}
	}
	gate := s.None()
	if l.Scope != CNI {
		gate = e.gate(l.Program)
	}
	unseen := s.None()
	if l.Scope == Mesh {
		unseen = s.Not(e.captured())
	}
	for _, p := range parties {
		t.refused = append(t.refused, e.known(gate, p, destination))
		t.outside = append(t.outside, e.known(unseen, p, destination))
	}
	return t
}

// lets is what passes from one party to another: at its source, and at its
// destination.
func (t *layerTables) lets(from, to int) (out, in diagram.Set) {
	s := t.space
	out, in = s.All(), s.All()
	if t.egress != nil {
		out = t.egress.lets(from, to)
	}
	if t.ingress.class[to] != 0 {
		in = s.Or(s.Minus(t.ingress.lets(to, from), t.refused[to]), t.outside[to])
	}
	if t.hosts[source] != nil {
		out = s.And(out, t.hosts[source].lets(from, to))
		in = s.And(in, t.hosts[destination].lets(to, from))
	}
	return out, in
}

// table is what a program lets through in one direction: for each class of
// subjects that the same rules and defaults concern, by the other party.
type table struct {
	class []int           // by party; that of what is not policed has no row
	rows  [][]diagram.Set // by class and other party
	all   diagram.Set
}

func (t *table) lets(subject, other int) diagram.Set {
	row := t.rows[t.class[subject]]
	if row == nil {
		return t.all // this is not policed here
	}
	return row[other]
}

// concern says how far something concerns a party.
type concern struct {
	index int
	whole bool // all of the party, else some of it
}

// tabling makes a table.
type tabling struct {
	*encoding
	direction ir.Direction
	governs   func(*Party) bool
	subject   end
	other     end
	parties   []*party
	byNS      map[int][]int // parties of one namespace, by its class
	loose     []int         // the others

	stages []ir.Stage
	rules  []placedRule
	sets   []ruleSets
	peers  map[string][]concern // parties, by peers
}

// placedRule is a rule with where it stands.
type placedRule struct {
	*ir.Rule
	stage, level int
}

// ruleSets is the parts of a rule as sets, made when they are asked for.
type ruleSets struct{ traffic, subject, peers *diagram.Set }

func (e *encoding) table(stages []ir.Stage, d ir.Direction, parties []*party, governs func(*Party) bool) *table {
	t := &tabling{encoding: e, direction: d, governs: governs, subject: destination, other: source, parties: parties,
		stages: stages, peers: map[string][]concern{}, byNS: map[int][]int{}}
	if d == ir.Egress {
		t.subject, t.other = source, destination
	}
	for i, party := range parties {
		if ns := party.box[source][e.ns[source]]; len(ns) == 1 && ns[0].First == ns[0].Last {
			t.byNS[ns[0].First] = append(t.byNS[ns[0].First], i)
		} else {
			t.loose = append(t.loose, i)
		}
	}
	for i := range t.stages {
		for l := range t.stages[i].Levels {
			rules := t.stages[i].Levels[l].Rules
			for r := range rules {
				if rules[r].Mode == ir.Enforce && rules[r].Action != ir.Log {
					t.rules = append(t.rules, placedRule{&rules[r], i, l})
				}
			}
		}
	}
	t.sets = make([]ruleSets, len(t.rules))
	return t.table()
}

// governed is what concerns a subject: rules by index, and the defaults of each
// stage.
type governed struct {
	rules  []concern
	closed [][]concern
}

func (t *tabling) table() *table {
	out := &table{class: make([]int, len(t.parties)), rows: [][]diagram.Set{nil}, all: t.space.All()}
	of := t.governed()
	known := map[string]int{}
	for i, p := range t.parties {
		if !t.governs(&p.Party) {
			continue
		}
		key := of[i].key()
		if t.direction == ir.Ingress && slices.ContainsFunc(of[i].rules, func(c concern) bool { return t.byName(c.index) }) {
			key += fmt.Sprint(i) // what it calls its ports decides
		}
		class, done := known[key]
		if !done {
			class = len(out.rows)
			known[key] = class
			out.rows = append(out.rows, t.row(i, &of[i]))
		}
		out.class[i] = class
	}
	return out
}

// governed gives for each party what concerns it as a subject.
func (t *tabling) governed() []governed {
	out := make([]governed, len(t.parties))
	for i := range out {
		out[i].closed = make([][]concern, len(t.stages))
	}
	concerned := map[string][]concern{}
	find := func(subject *ir.Subject) []concern {
		key := subject.Pods.String()
		if subject.Kind == ir.SubjectNodes {
			key = subject.Nodes.String()
		}
		list, done := concerned[key]
		if !done {
			list = t.concerned(t.encoding.subject(subject, t.subject), t.subject)
			concerned[key] = list
		}
		return list
	}
	for i, r := range t.rules {
		for _, c := range find(&r.Subject) {
			g := &out[c.index]
			g.rules = append(g.rules, concern{i, c.whole})
		}
	}
	for s := range t.stages {
		for i := range t.stages[s].Isolate {
			if t.stages[s].Isolate[i].Mode == ir.Staged {
				continue
			}
			for _, c := range find(&t.stages[s].Isolate[i].Subject) {
				g := &out[c.index]
				g.closed[s] = append(g.closed[s], concern{i, c.whole})
			}
		}
	}
	return out
}

// concerned gives the parties of which some are in a union of cubes, ascending.
func (t *tabling) concerned(cubes []cube, at end) []concern {
	var out []concern
	for _, i := range t.candidates(cubes, at) {
		if all, some := t.parties[i].of(cubes, at); some {
			out = append(out, concern{i, all})
		}
	}
	return out
}

// candidates gives the parties that are not ruled out by their namespace.
func (t *tabling) candidates(cubes []cube, at end) []int {
	out := slices.Clone(t.loose)
	for _, c := range cubes {
		i := slices.IndexFunc(c, func(l diagram.Literal) bool { return l.Var == t.ns[at] })
		if i < 0 {
			every := make([]int, len(t.parties))
			for i := range every {
				every[i] = i
			}
			return every
		}
		for _, span := range c[i].Spans {
			for ns := span.First; ns <= span.Last; ns++ {
				out = append(out, t.byNS[ns]...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (g *governed) key() string {
	var b []byte
	add := func(list []concern) {
		for _, c := range list {
			b = append(b, byte(c.index), byte(c.index>>8), byte(c.index>>16), byte(c.index>>24), map[bool]byte{true: 1}[c.whole])
		}
		b = append(b, 0xff, 0xff, 0xff, 0xff, 0xff)
	}
	add(g.rules)
	for _, list := range g.closed {
		add(list)
	}
	return string(b)
}

// match is rules that concern two parties, the last first: a list that shares
// its tail with those of other parties.
type match struct {
	before         int  // index of the match without this rule
	rule           int  // index, -1 for none
	subject, peers bool // the rule concerns all of them
	named          bool // this rule or one before has ports by name
}

// byName reports that a rule has ports by name.
func (t *tabling) byName(rule int) bool { return len(t.rules[rule].Traffic.Named()) > 0 }

// row works out what a subject may have with each other party.
func (t *tabling) row(subject int, g *governed) []diagram.Set {
	matches := []match{{rule: -1}}
	next := map[match]int{}
	state := make([]int, len(t.parties))
	for _, c := range g.rules {
		for _, other := range t.peersOf(c.index) {
			before := state[other.index]
			m := match{before, c.index, c.whole, other.whole, matches[before].named || t.byName(c.index)}
			at, known := next[m]
			if !known {
				at = len(matches)
				next[m] = at
				matches = append(matches, m)
			}
			state[other.index] = at
		}
	}
	closed := make([]diagram.Set, len(t.stages))
	for s := range t.stages {
		closed[s] = t.closed(&t.stages[s], g.closed[s])
	}
	sets := map[[2]int]diagram.Set{}
	row := make([]diagram.Set, len(t.parties))
	for i, at := range state {
		key := [2]int{at, -1}
		if matches[at].named { // what the destination calls its ports decides
			key[1] = map[ir.Direction]int{ir.Egress: i, ir.Ingress: subject}[t.direction]
		}
		x, done := sets[key]
		if !done {
			x = t.passes(matches, key[0], key[1], closed)
			sets[key] = x
		}
		row[i] = x
	}
	return row
}

// closed is the part of a subject that a stage closes.
func (t *tabling) closed(s *ir.Stage, list []concern) diagram.Set {
	var cubes []cube
	for _, c := range list {
		iso := &s.Isolate[c.index]
		pods := []cube{nil}
		if !c.whole {
			pods = t.encoding.subject(&iso.Subject, t.subject)
		}
		cubes = append(cubes, product(pods, []cube{t.conditionsOf(iso.If)})...)
	}
	return t.union(cubes)
}

// passes is what the matching rules let through, as encoding.direction has it
// for all rules.
func (t *tabling) passes(matches []match, at, to int, closed []diagram.Set) diagram.Set {
	s := t.space
	passes := s.All()
	for stage := len(t.stages) - 1; stage >= 0; stage-- {
		next := passes
		passes = s.Minus(next, closed[stage])
		for matches[at].rule >= 0 && t.rules[matches[at].rule].stage == stage {
			level := t.rules[matches[at].rule].level
			var parts [ir.Log + 1]diagram.Set
			for ; matches[at].rule >= 0; at = matches[at].before {
				r := t.rules[matches[at].rule]
				if r.stage != stage || r.level != level {
					break
				}
				parts[r.Action] = s.Or(parts[r.Action], t.matching(matches[at], to))
			}
			passes = s.IfThenElse(parts[ir.Pass], next, passes)
			passes = s.Minus(s.Or(passes, parts[ir.Allow]), parts[ir.Deny])
		}
	}
	return passes
}

// matching is what a rule matches between two parties that it concerns, of which
// to is the destination where the rule has ports by name.
func (t *tabling) matching(m match, to int) diagram.Set {
	s := t.space
	r, sets := t.rules[m.rule], &t.sets[m.rule]
	once := func(known **diagram.Set, make func() diagram.Set) diagram.Set {
		if *known == nil {
			set := make()
			*known = &set
		}
		return **known
	}
	x := once(&sets.traffic, func() diagram.Set { return t.over(r.Rule, numbered(r.Traffic)) })
	for _, n := range r.Traffic.Named() {
		every := ir.PortTraffic(n.Protocol, set.AllPorts())
		x = s.Or(x, s.And(t.over(r.Rule, every), t.calledBy(n, to)))
	}
	if !m.subject {
		x = s.And(x, once(&sets.subject, func() diagram.Set { return t.union(t.encoding.subject(&r.Subject, t.subject)) }))
	}
	if !m.peers {
		x = s.And(x, once(&sets.peers, func() diagram.Set { return t.union(t.peerCubes(r.Peers)) }))
	}
	return x
}

// over is the flows over some transports, restricted as a rule is.
func (t *tabling) over(r *ir.Rule, transports ir.Traffic) diagram.Set {
	traffic := transports
	if from := r.Traffic.SourcePorts(); !from.IsAll() {
		traffic, _ = traffic.WithSourcePorts(from)
	}
	if requests := r.Traffic.Requests(); requests != nil {
		traffic, _ = traffic.WithRequests(requests...)
	} else if r.Traffic.IsUnread() {
		traffic = traffic.Unread()
	}
	if names := r.Traffic.Names(); names != nil {
		traffic, _ = traffic.WithNames(names...)
	}
	if traffic.IsEmpty() {
		return t.space.None()
	}
	cubes, _ := t.traffic(traffic)
	also := t.conditionsOf(r.If)
	if r.Auth != ir.AnyAuth {
		also = also.with(is(t.authenticated, map[ir.Auth]int{ir.MutualTLS: 1, ir.Plaintext: 0}[r.Auth]))
	}
	return t.union(product(cubes, []cube{also}))
}

// numbered is the transports of a traffic but for its ports by name.
func numbered(t ir.Traffic) ir.Traffic {
	if t.IsAll() {
		return ir.AllTraffic()
	}
	out := ir.ICMPTraffic(t.ICMP()).Or(ir.NumberedTraffic(t.Numbers()))
	for _, p := range ir.Protocols {
		out = out.Or(ir.PortTraffic(p, t.Ports(p)))
	}
	return out
}

// calledBy is encoding.called for one destination, for which few workloads have
// to be looked at.
func (t *tabling) calledBy(n ir.NamedPort, to int) diagram.Set {
	s, p := t.space, t.parties[to]
	if !p.IsPods() {
		return s.None()
	}
	numbers, free := s.None(), s.In(t.call[n], diagram.Span{First: 1, Last: 1})
	for i := range t.inventory.Workloads {
		w := &t.inventory.Workloads[i]
		port, ok := w.Port(n.Name)
		if !ok || p.Namespace != "" && p.Namespace != w.Namespace {
			continue
		}
		cubes := t.workload(w, destination)
		all, some := p.of(cubes, destination)
		if !some {
			continue
		}
		pods := s.All()
		if !all {
			pods = t.union(cubes)
		}
		free = s.Minus(free, pods)
		if !port.Takes(n.Protocol) {
			continue
		}
		numbers = s.Or(numbers, s.And(pods, s.In(t.port, spansOf(t.portCut.Ranges(set.SinglePort(port.Number)))...)))
	}
	return s.Or(numbers, free)
}

func (t *tabling) peerCubes(peers ir.Peers) []cube {
	var out []cube
	for _, p := range peers.List() {
		out = append(out, t.peer(p, t.other)...)
	}
	return out
}

// peersOf gives the parties that are a rule's peers.
func (t *tabling) peersOf(rule int) []concern {
	peers := t.rules[rule].Peers
	key := peers.String()
	list, done := t.peers[key]
	if !done {
		list = t.concerned(t.peerCubes(peers), t.other)
		t.peers[key] = list
	}
	return list
}
