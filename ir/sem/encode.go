package sem

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// encoding is a universe with a space of diagrams over its variables: it turns
// the predicates of rules into sets of flows.
type encoding struct {
	*universe
	space *diagram.Space
	ports map[ir.NamedPort]diagram.Set // called, of those that were asked for
}

func newEncoding(u *universe, maxNodes int) encoding {
	return encoding{universe: u, space: diagram.New(u.sizes, maxNodes), ports: map[ir.NamedPort]diagram.Set{}}
}

// cube is flows by what holds of each part: all of the literals.
type cube []diagram.Literal

func (c cube) with(more ...diagram.Literal) cube { return append(slices.Clip(c), more...) }

func is(v, value int) diagram.Literal { return among(v, diagram.Span{First: value, Last: value}) }

func among(v int, spans ...diagram.Span) diagram.Literal {
	return diagram.Literal{Var: v, Spans: spans}
}

func spansOf(ranges []set.IndexRange) []diagram.Span {
	out := make([]diagram.Span, len(ranges))
	for i, r := range ranges {
		out[i] = diagram.Span(r)
	}
	return out
}

func (e *encoding) union(cubes []cube) diagram.Set {
	sets := make([]diagram.Set, len(cubes))
	for i, c := range cubes {
		sets[i] = e.space.Cube(c)
	}
	return e.space.Union(sets)
}

// product is the cubes that hold of both sides.
func product(a, b []cube) []cube {
	out := make([]cube, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x.with(y...))
		}
	}
	return out
}

// pods is the flows with a pod of the set at an end. Namespaces of which the
// labels are declared are told by name; only of the others labels are free.
func (e *encoding) pods(p ir.Pods, at end) []cube {
	c := append(cube{is(e.kind[at], kindPod)}, e.labelled(p.Labels, at)...)
	if !p.Account.IsAnything() {
		c = append(c, among(e.account[at], e.accountNames.spans(p.Account)...))
	}
	if !p.Except.IsEmpty() {
		c = append(c, e.addressIn(at, p.Except.Complement()))
	}
	name := p.Namespace.Get(ir.NamespaceName)
	if len(p.Namespace.Requirements()) == 0 {
		return []cube{c}
	}
	names := e.namespaces.spans(name)
	if !name.IsAnything() && len(p.Namespace.Requirements()) == 1 {
		return []cube{c.with(among(e.ns[at], names...))}
	}
	known, open := e.namespacesWith(p.Namespace, names)
	free := c.with(among(e.ns[at], open...))
	for _, r := range p.Namespace.Requirements() {
		if r.Key != ir.NamespaceName {
			free = append(free, among(e.nsLabel[at][r.Key], e.nsLabels[r.Key].spans(r.Constraint)...))
		}
	}
	var out []cube
	if len(known) > 0 {
		out = append(out, c.with(among(e.ns[at], known...)))
	}
	if len(open) > 0 {
		out = append(out, free)
	}
	return out
}

// remotePods is the flows with pods of other clusters at an end. Their
// namespaces are not those that are declared.
func (e *encoding) remotePods(p ir.RemotePods, at end) cube {
	c := cube{is(e.kind[at], kindRemote), among(e.cluster[at], e.clusters.spans(p.Clusters)...)}
	c = append(c, e.labelled(p.Pods.Labels, at)...)
	if !p.Pods.Account.IsAnything() {
		c = append(c, among(e.account[at], e.accountNames.spans(p.Pods.Account)...))
	}
	if !p.Pods.Except.IsEmpty() {
		c = append(c, e.addressIn(at, p.Pods.Except.Complement()))
	}
	for _, r := range p.Pods.Namespace.Requirements() {
		if r.Key == ir.NamespaceName {
			c = append(c, among(e.ns[at], e.namespaces.spans(r.Constraint)...))
		} else {
			c = append(c, among(e.nsLabel[at][r.Key], e.nsLabels[r.Key].spans(r.Constraint)...))
		}
	}
	return c
}

// labelled is what a selector asks of the labels of a pod or a node.
func (e *encoding) labelled(s ir.Selector, at end) cube {
	var c cube
	for _, r := range s.Requirements() {
		c = append(c, among(e.label[at][r.Key], e.labels[r.Key].spans(r.Constraint)...))
	}
	return c
}

// subject is the flows with an endpoint of the subject at an end.
func (e *encoding) subject(s *ir.Subject, at end) []cube {
	if s.Kind != ir.SubjectNodes {
		return e.pods(s.Pods, at)
	}
	return []cube{append(cube{among(e.kind[at], nodes)}, e.labelled(s.Nodes, at)...)}
}

// nodes is the kinds of endpoints that are nodes.
var nodes = diagram.Span{First: kindOwnNode, Last: kindOtherNode}

// workload is the flows with a pod of the workload at an end.
func (e *encoding) workload(w *ir.Workload, at end) []cube {
	out := e.pods(w.Pods, at)
	if !w.Observed {
		return out
	}
	for _, k := range sortedKeys(e.labels) {
		if w.Pods.Labels.Get(k).IsAnything() {
			for i := range out {
				out[i] = out[i].with(is(e.label[at][k], 0)) // absent
			}
		}
	}
	return out
}

// namespacesWith parts the classes of namespace names into the declared ones that
// have the labels, and those of which nothing is declared.
func (e *encoding) namespacesWith(s ir.Selector, names []diagram.Span) (known, open []diagram.Span) {
	labels := s.Without(ir.NamespaceName)
	for _, span := range names {
		for i := span.First; i <= span.Last; i++ {
			switch ns := e.declaredAt[i]; {
			case ns == nil:
				open = appendSpan(open, i)
			case labels.Matches(ns.Labels):
				known = appendSpan(known, i)
			}
		}
	}
	return known, open
}

func (e *encoding) addressIn(at end, a set.Addresses) diagram.Literal {
	return among(e.address[at], spansOf(e.addressCut.Ranges(a))...)
}

// peer is the flows with an endpoint of the peer at an end.
func (e *encoding) peer(p ir.Peer, at end) []cube {
	switch p := p.(type) {
	case ir.AnyPeer:
		return []cube{nil}
	case ir.Pods:
		return e.pods(p, at)
	case ir.RemotePods:
		return []cube{e.remotePods(p, at)}
	case ir.External:
		c := cube{is(e.kind[at], kindExternal)}
		if !p.Addresses.IsAll() {
			c = append(c, e.addressIn(at, p.Addresses))
		}
		return []cube{c}
	case ir.Names:
		var out []cube
		for _, n := range p.Patterns {
			for _, span := range e.peerNames.language(n.Language()) {
				for i := span.First; i <= span.Last; i++ {
					out = append(out, cube{is(e.kind[at], kindExternal), is(e.name[i], 1)})
				}
			}
		}
		return out
	case ir.Nodes:
		kinds := nodes
		if !p.Own {
			kinds.First = kindOtherNode
		}
		if !p.Other {
			kinds.Last = kindOwnNode
		}
		c := append(cube{among(e.kind[at], kinds)}, e.labelled(p.Labels, at)...)
		if !p.Except.IsEmpty() {
			c = append(c, e.addressIn(at, p.Except.Complement()))
		}
		return []cube{c}
	case ir.NodeLocal:
		return []cube{{is(e.kind[at], kindOwnNode), e.addressIn(at, p.Addresses)}}
	case ir.APIServer:
		c := cube{among(e.kind[at], diagram.Span{First: kindOwnNode, Last: kindExternal})}
		if p.Addresses.IsEmpty() {
			return []cube{c.with(is(e.server[at], 1))}
		}
		return []cube{c.with(e.addressIn(at, p.Addresses))}
	case ir.Infrastructure:
		if p.Name == "" {
			return []cube{{among(e.kind[at], diagram.Span{First: kindInfra, Last: kindInfra + len(e.infra) - 1})}}
		}
		i := slices.Index(e.infra, p.Name)
		if i < 0 {
			return nil // there is none of this name
		}
		return []cube{{is(e.kind[at], kindInfra+i)}}
	}
	panic("sem: no such peer")
}

// traffic is the flows of a traffic, as cubes and, where ports are named, as
// sets.
func (e *encoding) traffic(t ir.Traffic) (cubes []cube, sets []diagram.Set) {
	if t.IsAll() && t.Requests() == nil && !t.IsUnread() && t.SourcePorts().IsAll() {
		cubes = []cube{nil}
	} else {
		cubes, sets = e.transports(t)
	}
	if t.Names() == nil {
		return cubes, sets
	}
	var names []cube
	for _, n := range t.Names() {
		names = append(names, cube{is(e.carries, carriesQuery), among(e.query, e.queries.language(n.Language())...)})
	}
	asked := e.union(names)
	for i := range sets {
		sets[i] = e.space.And(sets[i], asked)
	}
	return product(cubes, names), sets
}

func (e *encoding) transports(t ir.Traffic) (cubes []cube, sets []diagram.Set) {
	requests := e.requestsOf(t)
	for _, p := range ir.Protocols {
		part, some := t.Only(p)
		if !some {
			continue
		}
		c := cube{is(e.protocol, protoTCP+int(p))}
		if !t.SourcePorts().IsAll() {
			c = append(c, among(e.sourcePort, spansOf(e.sourceCut.Ranges(t.SourcePorts()))...))
		}
		list := []cube{c}
		if p == ir.TCP {
			list = product(list, requests)
		}
		if ports := part.Ports(p); !ports.IsEmpty() {
			numbers := cube(nil)
			if !ports.IsAll() {
				numbers = cube{among(e.port, spansOf(e.portCut.Ranges(ports))...)}
			}
			cubes = append(cubes, product(list, []cube{numbers})...)
		}
		for _, n := range part.Named() {
			sets = append(sets, e.space.And(e.union(list), e.called(n)))
		}
	}
	v4, v6 := t.ICMP()
	for i, s := range []ir.ICMP{v4, v6} {
		if !s.IsEmpty() {
			cubes = append(cubes, cube{is(e.protocol, protoICMP+i), among(e.message, e.messageSpans(s)...)})
		}
	}
	for i, class := range e.protocols {
		if !t.Numbers().IsEmpty() && class.Subtract(t.Numbers()).IsEmpty() {
			cubes = append(cubes, cube{is(e.protocol, protoOther+i)})
		}
	}
	return cubes, sets
}

// requestsOf is what TCP of the traffic carries.
func (e *encoding) requestsOf(t ir.Traffic) []cube {
	if t.IsUnread() {
		return []cube{{among(e.carries, diagram.Span{}, diagram.Span{First: carriesQuery, Last: carriesQuery})}}
	}
	if t.Requests() == nil {
		return []cube{nil}
	}
	var out []cube
	for _, r := range t.Requests() {
		c := cube{is(e.carries, carriesRequest)}
		if !r.Method.IsAnything() {
			c = append(c, among(e.method, e.methods.spans(r.Method)...))
		}
		c = append(c, among(e.target, e.paths.language(e.targetsOf(r))...),
			among(e.host, e.hosts.language(e.authoritiesOf(r))...))
		for _, h := range r.Headers.Requirements() {
			c = append(c, among(e.header[h.Key], e.headers[h.Key].spans(h.Constraint)...))
		}
		out = append(out, c)
	}
	return out
}

// called is the flows to a port that the destination pod calls so: the number
// that a declared workload gives it or, where none does, whatever it is.
func (e *encoding) called(n ir.NamedPort) diagram.Set {
	known, ok := e.ports[n]
	if !ok {
		known = e.resolve(n)
		e.ports[n] = known
	}
	return known
}

func (e *encoding) resolve(n ir.NamedPort) diagram.Set {
	var numbered, declaring []cube
	for i := range e.inventory.Workloads {
		w := &e.inventory.Workloads[i]
		if port, ok := w.Port(n.Name); ok {
			pods := e.workload(w, destination)
			declaring = append(declaring, pods...)
			if !port.Takes(n.Protocol) {
				continue
			}
			numbered = append(numbered, product(pods, []cube{{among(e.port, spansOf(e.portCut.Ranges(set.SinglePort(port.Number)))...)}})...)
		}
	}
	free := e.space.Cube(cube{is(e.kind[destination], kindPod), is(e.call[n], 1)})
	return e.space.Or(e.union(numbered), e.space.Minus(free, e.union(declaring)))
}

// conditions is what has to hold beside the rest of a rule.
func (e *encoding) conditionsOf(all []ir.Condition) cube {
	var c cube
	for _, k := range all {
		value := 1
		if k.Not {
			value = 0
		}
		c = append(c, is(e.condition[k.Atom], value))
	}
	return c
}

// rule appends the parts of the set of flows that a rule matches.
func (e *encoding) rule(parts []diagram.Set, r *ir.Rule, d ir.Direction) []diagram.Set {
	subject, other := destination, source
	if d == ir.Egress {
		subject, other = source, destination
	}
	ends := e.subject(&r.Subject, subject)
	var peers []cube
	for _, p := range r.Peers.List() {
		peers = append(peers, e.peer(p, other)...)
	}
	ends = product(ends, peers)
	if also := e.conditionsOf(r.If); also != nil {
		ends = product(ends, []cube{also})
	}
	if r.Auth != ir.AnyAuth {
		ends = product(ends, []cube{{is(e.authenticated, map[ir.Auth]int{ir.MutualTLS: 1, ir.Plaintext: 0}[r.Auth])}})
	}
	cubes, sets := e.traffic(r.Traffic)
	for _, c := range product(ends, cubes) {
		parts = append(parts, e.space.Cube(c))
	}
	for _, s := range sets {
		parts = append(parts, e.space.And(e.union(ends), s))
	}
	return parts
}

// direction is the flows that stages let pass in one direction, where every
// flow's end in it is what their subjects are.
func (e *encoding) direction(stages []ir.Stage, d ir.Direction) diagram.Set {
	s := e.space
	passes := s.All()
	subject := destination
	if d == ir.Egress {
		subject = source
	}
	for _, stage := range slices.Backward(stages) {
		next := passes
		var closed []cube
		for _, iso := range stage.Isolate {
			if iso.Mode == ir.Enforce {
				closed = append(closed, product(e.subject(&iso.Subject, subject), []cube{e.conditionsOf(iso.If)})...)
			}
		}
		passes = s.Minus(next, e.union(closed))
		for _, level := range slices.Backward(stage.Levels) {
			var parts [ir.Log + 1][]diagram.Set
			for i := range level.Rules {
				r := &level.Rules[i]
				if r.Mode == ir.Enforce && r.Action != ir.Log {
					parts[r.Action] = e.rule(parts[r.Action], r, d)
				}
			}
			if parts[ir.Pass] != nil {
				passes = s.IfThenElse(s.Union(parts[ir.Pass]), next, passes)
			}
			passes = s.Or(passes, s.Union(parts[ir.Allow]))
			passes = s.Minus(passes, s.Union(parts[ir.Deny]))
		}
	}
	return passes
}

// allowed is the flows that a policy lets pass, on either way.
func (e *encoding) allowed(p Policy) diagram.Set {
	out := e.space.None()
	for _, second := range []bool{false, true} {
		way := e.taken(p, second)
		if way == e.space.None() {
			continue
		}
		for _, side := range e.sides(p, second) {
			way = e.space.And(way, side)
		}
		out = e.space.Or(out, way)
	}
	return out
}

// taken is the flows that can take the first or the second way of a policy.
func (e *encoding) taken(p Policy, second bool) diagram.Set {
	if !second {
		return e.space.All()
	}
	var cubes []cube
	for _, l := range p {
		if l.Program.Via == nil {
			continue
		}
		for _, pods := range l.Program.Via.Destinations {
			cubes = append(cubes, product(e.pods(pods, destination), []cube{{is(e.protocol, protoTCP), is(e.authenticated, 1)}})...)
		}
	}
	return e.union(cubes)
}

// sides is the flows that each side of each layer of a policy lets pass on the
// first or the second way. A side asks of a flow by one of its ends, and the
// policy lets pass what all do.
func (e *encoding) sides(p Policy, second bool) []diagram.Set {
	s := e.space
	var out []diagram.Set
	noPod := [2]diagram.Set{s.Not(s.In(e.kind[source], diagram.Span{})), s.Not(s.In(e.kind[destination], diagram.Span{}))}
	for _, l := range p {
		if l.Scope != Mesh {
			out = append(out, s.Or(noPod[source], e.direction(l.on(second, ir.Egress), ir.Egress)),
				e.hostsAllow(l.Program, ir.Egress, source), e.hostsAllow(l.Program, ir.Ingress, destination))
		}
		in := e.direction(l.on(second, ir.Ingress), ir.Ingress)
		if l.Scope != CNI {
			in = s.Minus(in, e.gate(l.Program))
		}
		in = s.Or(in, noPod[destination])
		if l.Scope == Mesh {
			in = s.Or(in, s.Not(e.captured()))
		}
		out = append(out, in)
	}
	return out
}

// hostsAllow is the flows that a program's hosts let pass in one direction.
func (e *encoding) hostsAllow(p *ir.Program, d ir.Direction, at end) diagram.Set {
	s := e.space
	if p.Hosts.IsEmpty() {
		return s.All()
	}
	return s.Or(s.Not(s.In(e.kind[at], nodes)), e.direction(p.Hosts.Stages(d), d))
}

// captured is the flows that a mesh sees, of those with a pod as destination.
func (e *encoding) captured() diagram.Set {
	c := cube{is(e.protocol, protoTCP), is(e.meshed[destination], 1)}
	if own := e.inventory.Facts.Uncaptured; !own.IsEmpty() {
		c = append(c, among(e.port, spansOf(e.portCut.Ranges(own.Complement()))...))
	}
	return e.space.Cube(c)
}

// gate is the flows that a program refuses for want of mutual TLS.
func (e *encoding) gate(p *ir.Program) diagram.Set {
	s := e.space
	if len(p.MTLS) == 0 {
		return s.None()
	}
	var strict, said [3][]diagram.Set // by how narrow the statement is
	for i := range p.MTLS {
		m := &p.MTLS[i]
		at := map[ir.SubjectKind]int{ir.SubjectNamespace: 1, ir.SubjectCluster: 2}[m.Subject.Kind]
		pods := e.union(e.pods(m.Subject.Pods, destination))
		rest := s.All()
		for _, port := range m.Ports {
			on := s.In(e.port, spansOf(e.portCut.Ranges(set.SinglePort(port.Port)))...)
			rest = s.Minus(rest, on)
			e.state(&strict[at], &said[at], port.Mode, s.And(pods, on))
		}
		e.state(&strict[at], &said[at], m.Mode, s.And(pods, rest))
	}
	refused := s.None()
	for at := len(strict) - 1; at >= 0; at-- {
		refused = s.Or(s.Union(strict[at]), s.Minus(refused, s.Union(said[at])))
	}
	refused = s.And(refused, s.And(e.captured(), s.Cube(cube{is(e.authenticated, 0)})))
	if e.inventory.Facts.OwnNodePasses {
		refused = s.Minus(refused, s.In(e.kind[source], diagram.Span{First: kindOwnNode, Last: kindOwnNode}))
	}
	return refused
}

func (e *encoding) state(strict, said *[]diagram.Set, mode ir.MTLSMode, where diagram.Set) {
	if mode != ir.MTLSUnset {
		*said = append(*said, where)
	}
	if mode == ir.MTLSStrict {
		*strict = append(*strict, where)
	}
}
