package sem

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// certain is the part of a difference that is there whatever holds of the
// conditions that policies hang on.
func (c *Comparison) certain(d diagram.Set) diagram.Set {
	var flowwise, facts []int
	for _, atom := range sortedKeys(c.condition) {
		if c.conditions[atom].Fact != "" {
			facts = append(facts, c.condition[atom])
		} else {
			flowwise = append(flowwise, c.condition[atom])
		}
	}
	d = c.space.ForAll(d, flowwise...)
	if len(facts) == 0 {
		return d
	}
	// A switch has one value for all flows, so that a difference is certain
	// where each value has some flow, be it another one.
	others := slices.DeleteFunc(c.space.Support(d), func(v int) bool { return slices.Contains(facts, v) })
	if c.space.Exists(d, others...) != c.space.All() {
		return c.space.None()
	}
	return d
}

// doubtful is the flows with an external end whose address could as well be a
// pod's or a node's, since their ranges are not stated; with the facts that
// would settle it.
func (c *Comparison) doubtful() (diagram.Set, []string) {
	f := c.inventory.Facts
	var facts []string
	if f.PodCIDRs.IsEmpty() {
		facts = append(facts, "pod_cidrs")
	}
	if f.NodeCIDRs.IsEmpty() {
		facts = append(facts, "node_cidrs")
	}
	if facts == nil || !c.located() {
		return c.space.None(), nil
	}
	var cubes []cube
	for _, at := range []end{source, destination} {
		cubes = append(cubes, cube{is(c.kind[at], kindExternal), c.addressIn(at, ir.Private())})
	}
	return c.union(cubes), facts
}

// hangs gives the conditions that a difference which is not certain hangs on.
func (c *Comparison) hangs(d diagram.Set) []ir.Condition {
	var out []ir.Condition
	support := c.space.Support(d)
	for _, atom := range sortedKeys(c.condition) {
		if slices.Contains(support, c.condition[atom]) {
			out = append(out, c.conditions[atom])
		}
	}
	return out
}

// decidedBy is the flows that the same rules decide as in a difference, so that
// the next one to be shown is another.
func (c *Comparison) decidedBy(d Difference) diagram.Set {
	out := c.space.All()
	for _, v := range []Verdict{d.A, d.B} {
		for _, step := range v.Trail {
			if (v.Outcome == Denied) != (step.Action == ir.Deny) {
				continue
			}
			out = c.space.And(out, c.step(step))
		}
	}
	return out
}

// step is the flows that what decided a step concerns.
func (c *Comparison) step(st Step) diagram.Set {
	switch {
	case st.Rule != nil:
		return c.space.Union(c.rule(nil, st.Rule, st.Direction))
	case st.Isolation != nil:
		at := destination
		if st.Direction == ir.Egress {
			at = source
		}
		return c.union(c.subject(&st.Isolation.Subject, at))
	case st.MTLS != nil:
		return c.union(c.pods(st.MTLS.Subject.Pods, destination))
	}
	return c.space.All()
}

// least picks the least assignment of a set that is not empty, in an order that
// does not depend on how the variables are laid out: between declared workloads
// where that can be, then variable by variable.
func (c *Comparison) least(d diagram.Set) []int {
	for _, at := range []end{destination, source} {
		d = c.declared(d, at)
	}
	if c.requestsFirst {
		if some := c.space.And(d, c.space.In(c.carries, diagram.Span{First: carriesRequest, Last: carriesRequest})); some != c.space.None() {
			d = some
		}
	}
	values := make([]int, len(c.sizes))
	for _, v := range c.preference() {
		values[v] = c.plainest(v, c.space.Values(d, v))
		d = c.space.Restrict(d, v, values[v])
	}
	return values
}

// declared narrows a set to the first declared workload at an end that it has
// flows of; else to the first declared namespace.
func (c *Comparison) declared(d diagram.Set, at end) diagram.Set {
	for i := range c.inventory.Workloads {
		w := &c.inventory.Workloads[i]
		if !c.cuts(w.Pods) {
			continue
		}
		if some := c.space.And(d, c.union(c.pods(w.Pods, at))); some != c.space.None() {
			return some
		}
	}
	for _, ns := range c.inventory.Namespaces {
		if some := c.space.And(d, c.union(c.pods(ir.InNamespace(ns.Name), at))); some != c.space.None() {
			return some
		}
	}
	return d
}

// cuts reports that the universe tells the pods from others. Of a workload
// whose labels no policy looks at it does not.
func (u *universe) cuts(p ir.Pods) bool {
	for _, r := range p.Labels.Requirements() {
		d, asked := u.labels[r.Key]
		if !asked {
			return false
		}
		_, values := r.Constraint.Form()
		for _, v := range values {
			if _, cut := d.named[v]; !cut {
				return false
			}
		}
	}
	if _, cut := u.namespaces.named[first(p)]; !cut {
		return false
	}
	return p.Account.IsAnything() || u.accounts
}

func first(p ir.Pods) string {
	name, _ := p.SingleNamespace()
	return name
}

// preference is every variable, in the order in which a witness is made plain.
func (c *Comparison) preference() []int {
	l := c.layout
	out := []int{l.kind[destination], l.kind[source], l.protocol, l.carries, l.port, l.ns[destination], l.ns[source]}
	for _, at := range []end{destination, source} {
		for _, k := range sortedKeys(l.label[at]) {
			out = append(out, l.label[at][k])
		}
		for _, k := range sortedKeys(l.nsLabel[at]) {
			out = append(out, l.nsLabel[at][k])
		}
		out = append(out, l.account[at], l.meshed[at], l.address[at])
	}
	out = append(out, l.method, l.target, l.host, l.query, l.message, l.sourcePort)
	for v := range l.sizes {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// flow gives a flow of the classes that an assignment names.
func (c *Comparison) flow(values []int) Flow {
	f := Flow{
		Source: c.endpoint(values, source), Destination: c.endpoint(values, destination),
		Authenticated: values[c.authenticated] == 1,
		Holds:         map[string]bool{},
	}
	if a, b := &f.Source, &f.Destination; a.Kind == Pod && b.Kind == Pod && a.Namespace == b.Namespace && !maps.Equal(a.NamespaceLabels, b.NamespaceLabels) {
		a.Namespace, _ = c.namespaces.classes[values[c.ns[source]]].second()
	}
	switch p := values[c.protocol]; p {
	case protoTCP, protoUDP, protoSCTP:
		f.Protocol = [...]uint8{TCP, UDP, SCTP}[p]
		f.Port = plainPort(c.portCut.Part(values[c.port]))
		if c.sourceCut.Len() > 1 {
			f.SourcePort = c.sourceCut.Part(values[c.sourcePort]).Last
		}
	case protoICMP, protoICMPv6:
		f.Protocol = [...]uint8{ICMP, ICMPv6}[p-protoICMP]
		f.ICMPType, f.ICMPCode = c.messageOf(values[c.message])
	default:
		f.Protocol = c.protocols[p-protoOther].List()[0]
	}
	switch values[c.carries] {
	case carriesRequest:
		f.Request = &Request{
			Method: c.methods.classes[values[c.method]].least, Target: c.paths.classes[values[c.target]].least,
			Headers: map[string]string{},
		}
		if len(c.hosts.classes) > 1 { // else none matters
			f.Request.Host = c.hosts.classes[values[c.host]].least
		}
		for name, v := range c.header {
			if k := c.headers[name].classes[values[v]]; !k.absent {
				f.Request.Headers[name] = k.least
			}
		}
	case carriesQuery:
		f.Query = c.queries.classes[values[c.query]].least
	}
	for n, v := range c.call {
		if values[v] == 1 && f.Protocol == [...]uint8{TCP, UDP, SCTP}[n.Protocol] {
			f.Calls = append(f.Calls, n.Name)
		}
	}
	slices.Sort(f.Calls)
	for atom, v := range c.condition {
		f.Holds[atom] = values[v] == 1
	}
	return f
}

// plainest picks from the values of a variable so that what other rules cut
// them by makes no difference: the least of what the classes stand for, or what
// people know best.
func (c *Comparison) plainest(v int, spans []diagram.Span) int {
	best, least := -1, 0
	for _, span := range spans {
		for i := span.First; i <= span.Last; i++ {
			if rank := c.rank(v, i); best < 0 || rank < least {
				best, least = i, rank
			}
		}
	}
	return best
}

// rank orders the values of a variable; of equals the first comes first.
func (c *Comparison) rank(v, i int) int {
	switch v {
	case c.port:
		return orLast(plainPorts, slices.Index(plainPorts, plainPort(c.portCut.Part(i))))
	case c.sourcePort:
		return -i
	case c.address[source], c.address[destination]:
		part := c.addressCut.Part(i)
		return orLast(examples, slices.IndexFunc(examples, func(p netip.Prefix) bool { return part.Overlaps(set.AddressesOf(p)) }))
	case c.message:
		kind, code := c.messageOf(i)
		return int(kind)<<8 | int(code)
	case c.protocol:
		if i < protoOther {
			return i
		}
		return protoOther + int(c.protocols[i-protoOther].List()[0])
	case c.method:
		return orLast(plainMethods, slices.Index(plainMethods, c.methods.classes[i].least))
	}
	return 0
}

// orLast is an index into a list, or where it is of none, what comes after.
func orLast[T any](list []T, i int) int {
	if i < 0 {
		return len(list)
	}
	return i
}

// What people know best.
var (
	plainPorts   = []uint16{80, 443, 8080}
	plainMethods = []string{"GET"}
)

// plainPort is the port of a range that people know best.
func plainPort(r set.PortRange) uint16 {
	for _, p := range plainPorts {
		if r.First <= p && p <= r.Last {
			return p
		}
	}
	return r.First
}

// messageOf gives a message of a class: of the rest of a type a code that is
// not named, of the rest of all a type that is not.
func (c *Comparison) messageOf(i int) (kind, code uint8) {
	m := c.messages[i]
	switch {
	case m.Code >= 0:
		return m.Type, uint8(m.Code)
	case m.Code == -1:
		for slices.Contains(c.messages, ir.ICMPType{Type: m.Type, Code: int16(code)}) {
			code++
		}
		return m.Type, code
	}
	for slices.ContainsFunc(c.messages[:i], func(n ir.ICMPType) bool { return n.Type == kind }) {
		kind++
	}
	return kind, 0
}

func (c *Comparison) endpoint(values []int, at end) Endpoint {
	e := Endpoint{Meshed: values[c.meshed[at]] == 1}
	if c.located() {
		e.Address = plainAddress(c.addressCut.Part(values[c.address[at]]))
	}
	switch kind := values[c.kind[at]]; kind {
	case kindPod:
		e.Kind = Pod
	case kindOwnNode:
		e.Kind = OwnNode
	case kindOtherNode:
		e.Kind = OtherNode
	case kindExternal:
		e.Kind = External
	case kindRemote:
		e.Kind = Remote
		e.Cluster = c.clusters.classes[values[c.cluster[at]]].least
	default:
		e.Kind = Infrastructure
		e.Name = c.infra[kind-kindInfra]
	}
	e.APIServer = (e.IsNode() || e.Kind == External) && values[c.server[at]] == 1
	if e.Kind == External {
		for i, v := range c.name {
			if values[v] == 1 {
				e.Names = append(e.Names, c.peerNames.classes[i].least)
			}
		}
	}
	if e.Kind == External || e.Kind == Infrastructure {
		return e
	}
	e.Labels = map[string]string{}
	for key, v := range c.label[at] {
		if k := c.labels[key].classes[values[v]]; !k.absent {
			e.Labels[key] = k.least
		}
	}
	if e.IsNode() {
		return e
	}
	e.NamespaceLabels = map[string]string{}
	e.Namespace = c.namespaces.classes[values[c.ns[at]]].least
	if c.accounts {
		e.Account = c.accountNames.classes[values[c.account[at]]].least
	}
	if ns, declared := c.inventory.Namespace(e.Namespace); declared && e.Kind == Pod {
		e.NamespaceLabels = ns.Labels
		return e
	}
	for key, v := range c.nsLabel[at] {
		if k := c.nsLabels[key].classes[values[v]]; !k.absent {
			e.NamespaceLabels[key] = k.least
		}
	}
	return e
}

// plainAddress is an address of a range, one kept for documentation (RFC 5737,
// RFC 3849) where there is one.
func plainAddress(a set.Addresses) netip.Addr {
	for _, example := range examples {
		if least, ok := a.Intersect(set.AddressesOf(example)).Least(); ok {
			return least
		}
	}
	least, _ := a.Least()
	return least
}

var examples = []netip.Prefix{
	netip.MustParsePrefix("198.51.100.7/32"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32"),
}
