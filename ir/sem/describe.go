package sem

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// Description is traffic in words: what any of its clauses has.
type Description []Clause

// Clause is traffic without some of it.
type Clause struct {
	Traffic ir.Traffic
	Except  []ir.Traffic

	// SuchAs says that no pattern of a rule describes what is meant: requests
	// and names in it are examples.
	SuchAs bool
}

// String is the canonical text of the clauses, such as
// "tcp 80,443; udp 53 + tcp 8080; http GET /api/**".
func (d Description) String() string {
	parts := make([]string, len(d))
	for i, c := range d {
		parts[i] = c.String()
	}
	return strings.Join(parts, " + ")
}

func (c Clause) String() string {
	text := c.Traffic.String()
	if c.SuchAs {
		text = "such as " + text
	}
	for i, t := range c.Except {
		text += [...]string{" except ", " or "}[min(i, 1)] + t.String()
	}
	return text
}

// Has reports whether a flow is of the description, in a cluster with the
// inventory's workloads.
func (d Description) Has(f *Flow, inv *ir.Inventory) bool {
	return slices.ContainsFunc(d, func(c Clause) bool {
		return f.Of(c.Traffic, inv) && !slices.ContainsFunc(c.Except, func(t ir.Traffic) bool { return f.Of(t, inv) })
	})
}

// describer puts sets over the variables of traffic in words. What cannot be
// (not in possible) is of no matter, and is chosen so that the words are few. A
// pod is taken to call a port by one name at most.
type describer struct {
	*encoding
	requests vocabulary[ir.Request]
	queries  vocabulary[ir.Name]
	calls    []ir.NamedPort
	done     map[[2]diagram.Set]Description
}

// candidate is a pattern that a rule has, with what it is in the diagram.
type candidate[T any] struct {
	pattern T
	set     diagram.Set
}

func newDescriber(e *encoding, m *mentioned) *describer {
	d := &describer{encoding: e, done: map[[2]diagram.Set]Description{}, calls: sortedPorts(e.calls)}
	anyRequest, _ := ir.NewRequest(ir.Anything(), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	requests := []candidate[ir.Request]{{anyRequest, e.space.All()}}
	for _, r := range m.requests {
		requests = append(requests, candidate[ir.Request]{r, e.union(e.ofRequest(r))})
	}
	anyName, _ := ir.NameRegexp(".*")
	queries := []candidate[ir.Name]{{anyName, e.space.All()}}
	for _, n := range m.queries {
		queries = append(queries, candidate[ir.Name]{n, e.space.In(e.query, e.queries.language(n.Language())...)})
	}
	d.requests = vocabulary[ir.Request]{requests, meet, d.exampleRequest}
	d.queries = vocabulary[ir.Name]{queries, noMeeting, d.exampleQuery}
	return d
}

// ofRequest is a request's part of the diagram, of flows that carry one.
func (e *encoding) ofRequest(r ir.Request) []cube {
	t, _ := ir.AllTraffic().WithRequests(r)
	cubes := e.requestsOf(t)
	for i, c := range cubes {
		cubes[i] = slices.DeleteFunc(c, func(l diagram.Literal) bool { return l.Var == e.carries })
	}
	return cubes
}

// describe puts a set in words; nil for none of what is possible.
func (d *describer) describe(x, possible diagram.Set) Description {
	s := d.space
	x = s.And(x, possible)
	if x == s.None() {
		return nil
	}
	key := [2]diagram.Set{x, possible}
	if out, ok := d.done[key]; ok {
		return out
	}
	var out Description
	if x == possible {
		out = Description{{Traffic: ir.AllTraffic()}}
	} else {
		out = d.protocols(x, possible)
	}
	d.done[key] = out
	return out
}

func (d *describer) protocols(x, possible diagram.Set) Description {
	s := d.space
	var out Description
	for p := range d.sizes[d.protocol] {
		in, can := s.Restrict(x, d.protocol, p), s.Restrict(possible, d.protocol, p)
		if in == s.None() {
			continue
		}
		switch {
		case p <= protoSCTP:
			out = append(out, d.named(ir.Protocols[p], in, can)...)
		case p <= protoICMPv6:
			out = append(out, d.icmp(p, in)...)
		default:
			out = append(out, Clause{Traffic: ir.NumberedTraffic(d.universe.protocols[p-protoOther])})
		}
	}
	return merged(out)
}

// merged puts the clauses that only say transports into one, which comes first.
func merged(clauses Description) Description {
	var plain ir.Traffic
	var rest Description
	for _, c := range clauses {
		t := c.Traffic
		if c.Except == nil && t.Requests() == nil && t.Names() == nil && !t.IsUnread() && t.SourcePorts().IsAll() {
			plain = plain.Or(t)
		} else {
			rest = append(rest, c)
		}
	}
	if plain.IsEmpty() {
		return rest
	}
	return append(Description{{Traffic: plain}}, rest...)
}

// icmp gives the messages of a family. Codes of a type that has the others'
// class only are what is left of it.
func (d *describer) icmp(p int, x diagram.Set) Description {
	s := d.space
	in := func(i int) bool { return s.Restrict(x, d.message, i) != s.None() }
	others := len(d.messages) - 1
	var base, except, back []ir.ICMPType
	for i, m := range d.messages[:others] {
		rest := i // the class of the type's other codes comes before those with one
		for d.messages[rest].Code >= 0 {
			rest--
		}
		switch here, around := in(i), in(rest); {
		case m.Code < 0 && here && !in(others), m.Code >= 0 && here && !around && !in(others):
			base = append(base, m)
		case m.Code < 0 && !here && in(others), m.Code >= 0 && !here && around:
			except = append(except, m)
		case m.Code >= 0 && here && !around:
			back = append(back, m)
		}
	}
	of := func(m ir.ICMP) ir.Traffic {
		if p == protoICMP {
			return ir.ICMPTraffic(m, ir.ICMP{})
		}
		return ir.ICMPTraffic(ir.ICMP{}, m)
	}
	first := ir.ICMPOf(base...)
	if in(others) {
		first = ir.AnyICMP()
	}
	var out Description
	if !first.IsEmpty() {
		c := Clause{Traffic: of(first)}
		if except != nil {
			c.Except = []ir.Traffic{of(ir.ICMPOf(except...))}
		}
		out = append(out, c)
	}
	if back != nil {
		out = append(out, Clause{Traffic: of(ir.ICMPOf(back...))})
	}
	return out
}

// named parts what pods call by a name from what they do not.
func (d *describer) named(p ir.Protocol, x, possible diagram.Set) Description {
	s := d.space
	var vars []int
	var names []ir.NamedPort
	support := s.Support(x)
	for _, n := range d.calls {
		if v := d.call[n]; slices.Contains(support, v) {
			vars = append(vars, v)
			names = append(names, n)
		}
	}
	restricted := func(called int) diagram.Set {
		y := x
		for i, v := range vars {
			y = s.Restrict(y, v, map[bool]int{true: 1}[i == called])
		}
		return y
	}
	plain := restricted(-1)
	var less []ir.Traffic
	var more Description
	for i, n := range names {
		y := restricted(i)
		lost := s.Minus(plain, y) != s.None()
		if lost {
			less = append(less, ir.NamedTraffic(n))
		}
		if lost || s.Minus(y, plain) != s.None() {
			for _, c := range d.ports(p, y, possible) {
				more = append(more, onlyNamed(c, n))
			}
		}
	}
	out := d.ports(p, plain, possible)
	for i := range out {
		out[i].Except = append(out[i].Except, less...)
	}
	return append(out, more...)
}

// onlyNamed narrows a clause to the ports of a name.
func onlyNamed(c Clause, n ir.NamedPort) Clause {
	t := ir.NamedTraffic(n)
	if r := c.Traffic.Requests(); r != nil {
		t, _ = t.WithRequests(r...)
	}
	if names := c.Traffic.Names(); names != nil {
		t, _ = t.WithNames(names...)
	}
	if c.Traffic.IsUnread() {
		t = t.Unread()
	}
	if from := c.Traffic.SourcePorts(); !from.IsAll() {
		t, _ = t.WithSourcePorts(from)
	}
	c.Except = slices.Clone(c.Except)
	if ports := c.Traffic.Ports(n.Protocol); !ports.IsAll() {
		c.Except = append(c.Except, ir.PortTraffic(n.Protocol, ports.Complement()))
	}
	c.Traffic = t
	return c
}

// group is the values of a variable that leave the same of two sets.
type group struct {
	values      []set.PortRange
	x, possible diagram.Set
}

// groups parts the values of a variable by what they leave; those that leave
// nothing are left out.
func (d *describer) groups(x, possible diagram.Set, v int, part func(int) set.PortRange) []group {
	s := d.space
	var out []group
	at := map[[2]diagram.Set]int{}
	for _, span := range s.Values(x, v) {
		for i := span.First; i <= span.Last; i++ {
			left, can := s.Restrict(x, v, i), s.Restrict(possible, v, i)
			if left == can {
				left, can = s.All(), s.All() // all that there can be
			}
			key := [2]diagram.Set{left, can}
			g, known := at[key]
			if !known {
				g = len(out)
				at[key] = g
				out = append(out, group{x: left, possible: can})
			}
			out[g].values = append(out[g].values, part(i))
		}
	}
	return out
}

func (d *describer) ports(p ir.Protocol, x, possible diagram.Set) Description {
	var out Description
	for _, g := range d.groups(x, possible, d.port, d.portCut.Part) {
		t := ir.PortTraffic(p, set.PortsOf(g.values...))
		for _, from := range d.groups(g.x, g.possible, d.sourcePort, d.sourceCut.Part) {
			t := t
			if ports := set.PortsOf(from.values...); !ports.IsAll() {
				t, _ = t.WithSourcePorts(ports)
			}
			out = append(out, d.carrying(p, t, from.x, from.possible)...)
		}
	}
	return out
}

// carrying says what of a transport is let through by what it carries.
func (d *describer) carrying(p ir.Protocol, t ir.Traffic, x, possible diagram.Set) Description {
	s := d.space
	if x == possible {
		return Description{{Traffic: t}}
	}
	part := func(what int) (in, can diagram.Set) {
		return s.Restrict(x, d.carries, what), s.Restrict(possible, d.carries, what)
	}
	requests, canRequest := part(carriesRequest)
	queries, canQuery := part(carriesQuery)
	bytes, _ := part(carriesBytes)
	var out Description
	if bytes != s.None() {
		out = d.carryingBytes(t, s.Minus(canQuery, queries), canQuery, requests == canRequest)
		if requests == canRequest {
			return out
		}
	} else {
		out = covering(s, d.queries, queries, canQuery, func(n ...ir.Name) ir.Traffic { return restrict(t.WithNames(n...)) })
	}
	if p != ir.TCP {
		return out
	}
	return append(out, covering(s, d.requests, requests, canRequest, func(r ...ir.Request) ir.Traffic { return restrict(t.WithRequests(r...)) })...)
}

func restrict(t ir.Traffic, _ bool) ir.Traffic { return t }

// carryingBytes says a transport that any bytes may go over, and all requests
// or none of them; but not the queries of a set.
func (d *describer) carryingBytes(t ir.Traffic, refused, canQuery diagram.Set, requests bool) Description {
	named := func(n ...ir.Name) ir.Traffic { return restrict(t.WithNames(n...)) }
	except := covering(d.space, d.queries, refused, canQuery, named)
	if !requests {
		t = t.Unread()
	}
	c := Clause{Traffic: t}
	var back Description
	for _, e := range except {
		c.Except = append(c.Except, e.Traffic)
		for _, b := range e.Except {
			back = append(back, Clause{Traffic: b})
		}
		c.SuchAs = c.SuchAs || e.SuchAs
	}
	return append(Description{c}, back...)
}

// vocabulary is what requests or queries are described by: the patterns of
// rules, what two of them share, and an example.
type vocabulary[T any] struct {
	patterns []candidate[T]
	meet     func(a, b T) (T, bool)
	example  func(diagram.Set) T
}

// maxMet bounds the patterns that are looked at in pairs.
const maxMet = 50

// covering says a set by the patterns that it has whole, and those that it has
// without others; where that is not all of it, by what two of them share, and
// by an example at last.
func covering[T any](s *diagram.Space, v vocabulary[T], x, possible diagram.Set, of func(...T) ir.Traffic) Description {
	if x == s.None() {
		return nil
	}
	rest := x
	take := func(c diagram.Set) bool {
		took := s.Intersects(rest, c)
		rest = s.Minus(rest, c)
		return took
	}
	var whole []T
	for _, c := range widest(s, v.patterns, x, possible) {
		if take(c.set) {
			whole = append(whole, c.pattern)
		}
	}
	var out Description
	for again := true; again && rest != s.None(); {
		again = false
		for _, c := range v.patterns {
			except, left := without(s, v.patterns, s.And(c.set, possible), x, rest)
			if left == s.None() || !take(left) {
				continue
			}
			again = true
			clause := Clause{Traffic: of(c.pattern)}
			for _, not := range except {
				clause.Except = append(clause.Except, of(not))
			}
			out = append(out, clause)
		}
	}
	for _, c := range widest(s, met(s, v, rest), x, possible) {
		if take(c.set) {
			whole = append(whole, c.pattern)
		}
	}
	if whole != nil {
		out = append(Description{{Traffic: of(whole...)}}, out...)
	}
	if rest != s.None() {
		out = append(out, Clause{Traffic: of(v.example(rest)), SuchAs: true})
	}
	return out
}

// without takes out of a pattern what is not in x, by other patterns that take
// nothing out of what has still to be said. It gives none where that cannot be.
func without[T any](s *diagram.Space, all []candidate[T], c, x, rest diagram.Set) (except []T, left diagram.Set) {
	lost := s.Minus(c, x)
	left = c
	for _, not := range all {
		if lost == s.None() {
			break
		}
		if s.Intersects(not.set, lost) && !s.Intersects(not.set, rest) {
			except = append(except, not.pattern)
			lost, left = s.Minus(lost, not.set), s.Minus(left, not.set)
		}
	}
	if lost != s.None() {
		return nil, s.None()
	}
	return except, left
}

// met is what two patterns share that both have some of a set.
func met[T any](s *diagram.Space, v vocabulary[T], rest diagram.Set) []candidate[T] {
	var some, out []candidate[T]
	for _, c := range v.patterns {
		if s.Intersects(c.set, rest) && len(some) < maxMet {
			some = append(some, c)
		}
	}
	for i, a := range some {
		for _, b := range some[:i] {
			if both, ok := v.meet(a.pattern, b.pattern); ok {
				out = append(out, candidate[T]{both, s.And(a.set, b.set)})
			}
		}
	}
	return out
}

// widest gives the patterns that a set has whole, without those that another
// of them has.
func widest[T any](s *diagram.Space, all []candidate[T], x, possible diagram.Set) []candidate[T] {
	var out []candidate[T]
	for _, c := range all {
		c.set = s.And(c.set, possible)
		if c.set == s.None() || s.Minus(c.set, x) != s.None() ||
			slices.ContainsFunc(out, func(o candidate[T]) bool { return s.Minus(c.set, o.set) == s.None() }) {
			continue
		}
		out = slices.DeleteFunc(out, func(o candidate[T]) bool { return s.Minus(o.set, c.set) == s.None() })
		out = append(out, c)
	}
	return out
}

// meet is the requests of both sets.
func meet(a, b ir.Request) (ir.Request, bool) {
	headers, ok := a.Headers.And(b.Headers)
	if !ok {
		return ir.Request{}, false
	}
	path, host := ir.Pattern{Text: pathText(b), Language: b.Targets()}, ir.Pattern{Text: hostText(b), Language: b.Authorities()}
	out, ok := ir.NewRequest(a.Method.And(b.Method), a.Paths, a.Hosts, headers)
	out.Path, out.Host = narrowed(a.Path, path), narrowed(a.Host, host)
	return out, ok
}

func narrowed(a *ir.Pattern, b ir.Pattern) *ir.Pattern {
	if b.Text == "" {
		return a
	}
	if a != nil {
		b = a.And(b)
	}
	return &b
}

// pathText and hostText are what a request says of its target and its
// authority; "" for nothing.
func pathText(r ir.Request) string {
	var parts []string
	for _, p := range r.Paths {
		if p.Kind() != ir.PathAny {
			parts = append(parts, p.String())
		}
	}
	text := strings.Join(parts, "|")
	if r.Path != nil {
		text = strings.TrimPrefix(text+" and "+r.Path.Text, " and ")
	}
	return text
}

func hostText(r ir.Request) string {
	text := ir.Names{Patterns: r.Hosts}.Text()
	if r.Host != nil {
		text = strings.TrimPrefix(text+" and "+r.Host.Text, " and ")
	}
	return text
}

// exampleRequest and exampleQuery give the least of a set.
func (d *describer) exampleRequest(x diagram.Set) ir.Request {
	values := d.space.Pick(x)
	var headers []ir.Requirement
	for _, k := range sortedKeys(d.header) {
		constraint := ir.Absent()
		if c := d.headers[k].classes[values[d.header[k]]]; !c.absent {
			constraint = ir.OneOf(c.least)
		}
		headers = append(headers, ir.Requirement{Key: k, Constraint: constraint})
	}
	selector, _ := ir.Select(headers...)
	r, _ := ir.NewRequest(ir.OneOf(d.methods.classes[values[d.method]].least), []ir.Path{ir.AnyPath()}, nil, selector)
	target, host := d.paths.classes[values[d.target]].least, d.hosts.classes[values[d.host]].least
	r.Path = &ir.Pattern{Text: target, Language: set.Literal(target)}
	r.Host = &ir.Pattern{Text: host, Language: set.Literal(host)}
	return r
}

func (d *describer) exampleQuery(x diagram.Set) ir.Name {
	n, _ := ir.ParseName(d.universe.queries.classes[d.space.Pick(x)[d.query]].least)
	return n
}

func noMeeting(ir.Name, ir.Name) (ir.Name, bool) { return ir.Name{}, false }
