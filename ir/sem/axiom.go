package sem

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// possible is the flows that there can be: what always holds of clusters, and
// what is declared of this one.
func (e *encoding) possible() diagram.Set {
	var never []diagram.Set
	add := func(cubes ...cube) {
		for _, c := range cubes {
			never = append(never, e.space.Cube(c))
		}
	}
	others := diagram.Span{First: kindOwnNode, Last: kindInfra + len(e.infra) - 1}
	add(e.unpoliced()...)
	if !e.remote {
		add(cube{is(e.kind[source], kindRemote)}, cube{is(e.kind[destination], kindRemote)})
	}
	for _, at := range []end{source, destination} {
		if e.located() {
			add(e.misplaced(at)...)
		}
		if e.accounts {
			never = append(never, e.misnamed(at)...)
		}
		if e.mesh {
			never = append(never, e.unmeshed(at)...)
		}
	}
	if e.located() {
		add(e.mixedFamilies()...)
	}
	add(e.uncarried()...)
	add(e.untunnelled()...)
	add(e.forOthers()...)
	if e.mesh {
		// A principal is that of a meshed pod's connection to a meshed pod.
		known := is(e.authenticated, 1)
		for _, at := range []end{source, destination} {
			add(cube{known, among(e.kind[at], others)}, cube{known, is(e.meshed[at], 0)})
		}
		add(cube{known, e.notTCP()})
	}
	return e.space.Not(e.space.Or(e.space.Union(never), e.space.Or(e.misspoken(), e.mislabelled())))
}

// unpoliced is flows between ends that nothing polices: without a pod or, where
// nodes are policed, a node. Two ends without a pod are of no one node.
func (e *encoding) unpoliced() []cube {
	kinds := func(first, last int) diagram.Span { return diagram.Span{First: first, Last: last} }
	others := kinds(kindOwnNode, kindInfra+len(e.infra)-1)
	between := func(a, b diagram.Span) cube { return cube{among(e.kind[source], a), among(e.kind[destination], b)} }
	if !e.policed {
		return []cube{between(others, others)}
	}
	own, beyond, infra := kinds(kindOwnNode, kindOwnNode), kinds(kindExternal, others.Last), kinds(kindInfra, others.Last)
	return []cube{
		between(own, others), between(others, own), between(beyond, beyond), between(nodes, infra), between(infra, nodes),
	}
}

// untunnelled is what a mesh with a tunnel rules out: connections to the
// tunnel's own port, and nodes that reach their pods of the mesh from other
// addresses than those kept for it, or anything else from these.
func (e *encoding) untunnelled() []cube {
	t := e.inventory.Facts.Tunnel
	if !e.mesh || t.IsNone() {
		return nil
	}
	out := []cube{{
		is(e.protocol, protoTCP), is(e.kind[destination], kindPod), is(e.meshed[destination], 1),
		among(e.port, spansOf(e.portCut.Ranges(set.SinglePort(t.Port)))...),
	}}
	if !e.located() {
		return out
	}
	probed := cube{is(e.kind[destination], kindPod), is(e.meshed[destination], 1)}
	own := is(e.kind[source], kindOwnNode)
	return append(out,
		probed.with(own, e.addressIn(source, t.Probes.Complement())),
		cube{own, is(e.kind[destination], kindPod), is(e.meshed[destination], 0), e.addressIn(source, t.Probes)},
		cube{is(e.kind[destination], kindOwnNode), e.addressIn(destination, t.Probes)})
}

// forOthers is what waypoints send to the workloads for which they decide, and
// what is sent to them to be passed on. Whom they speak for is who sends it, and
// that they let it pass is what is asked.
func (e *encoding) forOthers() []cube {
	if !e.mesh {
		return nil
	}
	var out []cube
	for i := range e.inventory.Workloads {
		w := &e.inventory.Workloads[i]
		ns, behind := e.inventory.Behind(w)
		if !behind {
			continue
		}
		account, _ := ir.InNamespace(ns.Name).WithAccount(ir.OneOf(ns.Waypoint))
		for _, c := range product(e.pods(account, source), e.pods(w.Pods, destination)) {
			out = append(out, c.with(is(e.protocol, protoTCP)))
		}
		for _, c := range e.pods(ns.WaypointPods(), destination) {
			out = append(out, c.with(is(e.protocol, protoTCP), is(e.authenticated, 1)))
		}
	}
	return out
}

func (e *encoding) notTCP() diagram.Literal {
	return among(e.protocol, diagram.Span{First: protoUDP, Last: protoOther + len(e.protocols) - 1})
}

// misplaced is endpoints with addresses that they cannot have: pods and nodes
// outside their ranges, where those are not stated outside the private ones or
// in what is stated of the other, and external endpoints inside them. What listens on a node for its own pods
// only, as a DNS cache, has addresses of its own.
func (e *encoding) misplaced(at end) []cube {
	f := e.inventory.Facts
	pods, nodes := f.PodsAt(), f.NodeCIDRs
	if nodes.IsEmpty() {
		nodes = ir.Private().Subtract(f.PodCIDRs)
	}
	pods, nodes = pods.Subtract(f.Tunnel.Probes), nodes.Subtract(f.Tunnel.Probes)
	inside := f.PodCIDRs.Union(f.NodeCIDRs).Union(f.ServiceCIDRs).Union(f.DNS.NodeLocal).Union(f.Tunnel.Probes)
	out := []cube{
		{is(e.kind[at], kindPod), e.addressIn(at, pods.Complement())},
		{is(e.kind[at], kindOwnNode), e.addressIn(at, nodes.Union(f.DNS.NodeLocal).Union(f.Tunnel.Probes).Complement())},
		{is(e.kind[at], kindOtherNode), e.addressIn(at, nodes.Complement())},
	}
	if !inside.IsEmpty() {
		out = append(out, cube{among(e.kind[at], diagram.Span{First: kindExternal, Last: kindRemote}), e.addressIn(at, inside)})
	}
	return out
}

// mixedFamilies is flows between an IPv4 and an IPv6 address, and messages of
// ICMP in the other family.
func (e *encoding) mixedFamilies() []cube {
	v4 := diagram.Span(e.addressCut.IPv4())
	v6 := diagram.Span{First: v4.Last + 1, Last: e.addressCut.Len() - 1}
	return []cube{
		{among(e.address[source], v4), among(e.address[destination], v6)},
		{among(e.address[source], v6), among(e.address[destination], v4)},
		{is(e.protocol, protoICMP), among(e.address[source], v6)},
		{is(e.protocol, protoICMPv6), among(e.address[source], v4)},
	}
}

// misnamed is pods with accounts that what is declared rules out: a pod of a
// workload runs as its account, and only the workloads that declare an account
// run as it in their namespace. What is labelled as a waypoint's runs as that.
func (e *encoding) misnamed(at end) []diagram.Set {
	type identity struct{ namespace, account string }
	var out []diagram.Set
	running := map[identity][]cube{}
	var order []identity
	for i := range e.inventory.Workloads {
		w := &e.inventory.Workloads[i]
		if w.Account == "" || w.Observed {
			continue
		}
		pods := e.pods(w.Pods, at)
		other := among(e.account[at], e.accountNames.spans(ir.OneOf(w.Account).Not())...)
		out = append(out, e.union(product(pods, []cube{{other}})))
		id := identity{w.Namespace, w.Account}
		if running[id] == nil {
			order = append(order, id)
		}
		running[id] = append(running[id], pods...)
	}
	seen := map[string]bool{}
	for i := range e.inventory.Workloads {
		if ns, behind := e.inventory.Behind(&e.inventory.Workloads[i]); behind && e.mesh && !seen[ns.Name] {
			seen[ns.Name] = true
			other := among(e.account[at], e.accountNames.spans(ir.OneOf(ns.Waypoint).Not())...)
			out = append(out, e.union(product(e.pods(ns.WaypointPods(), at), []cube{{other}})))
		}
	}
	for _, id := range order {
		account := among(e.account[at], e.accountNames.spans(ir.OneOf(id.account))...)
		all := e.union(product(e.pods(ir.InNamespace(id.namespace), at), []cube{{account}}))
		out = append(out, e.space.Minus(all, e.union(running[id])))
	}
	return out
}

// unmeshed is pods of declared namespaces that are in the mesh where their
// workload or namespace is said not to be, or the other way round.
func (e *encoding) unmeshed(at end) []diagram.Set {
	var in, out []cube
	for i := range e.inventory.Workloads {
		w := &e.inventory.Workloads[i]
		if w.Mesh {
			in = append(in, e.workload(w, at)...)
		} else {
			out = append(out, e.workload(w, at)...)
		}
	}
	said := e.union(append(in, out...))
	var never []diagram.Set
	for _, ns := range e.inventory.Namespaces {
		meshed := map[bool]int{true: 0, false: 1}[ns.Mesh] // what is ruled out
		rest := e.space.Minus(e.union(e.pods(ir.InNamespace(ns.Name), at)), said)
		never = append(never, e.space.And(rest, e.space.In(e.meshed[at], diagram.Span{First: meshed, Last: meshed})))
	}
	for _, name := range e.inventory.Facts.Unmeshed {
		if _, declared := e.inventory.Namespace(name); !declared {
			never = append(never, e.space.And(e.union(e.pods(ir.InNamespace(name), at)), e.space.In(e.meshed[at], diagram.Span{First: 1, Last: 1})))
		}
	}
	never = append(never,
		e.space.And(e.space.Minus(e.union(in), e.union(out)), e.space.In(e.meshed[at], diagram.Span{})),
		e.space.And(e.space.Minus(e.union(out), e.union(in)), e.space.In(e.meshed[at], diagram.Span{First: 1, Last: 1})))
	return never
}

// uncarried is what transports do not carry: requests go over TCP, and queries
// over TCP and UDP.
func (e *encoding) uncarried() []cube {
	if e.sizes[e.carries] == 1 {
		return nil
	}
	portless := among(e.protocol, diagram.Span{First: protoSCTP, Last: protoOther + len(e.protocols) - 1})
	out := []cube{{is(e.carries, carriesRequest), e.notTCP()}, {is(e.carries, carriesQuery), portless}}
	if e.queries.trivial() {
		out = append(out, cube{is(e.carries, carriesQuery)})
	}
	if !e.requests {
		out = append(out, cube{is(e.carries, carriesRequest)})
	}
	return out
}

// misspoken is flows that carry something else than what their destination is
// said to speak: requests on a port that a workload declares so, and queries to
// the cluster's DNS.
func (e *encoding) misspoken() diagram.Set {
	s := e.space
	var never []diagram.Set
	for i := range e.inventory.Workloads {
		w := &e.inventory.Workloads[i]
		for _, p := range w.Ports {
			if !e.requests || p.Protocol == ir.AppUnknown {
				continue
			}
			wrong := is(e.carries, carriesRequest)
			if p.Protocol == ir.AppHTTP || p.Protocol == ir.AppGRPC {
				wrong = among(e.carries, diagram.Span{}, diagram.Span{First: carriesQuery, Last: carriesQuery})
			}
			never = append(never, e.union(product(e.workload(w, destination),
				[]cube{{is(e.protocol, protoTCP), among(e.port, spansOf(e.portCut.Ranges(set.SinglePort(p.Number)))...), wrong}})))
		}
	}
	if dns := e.inventory.Facts.DNS; !e.queries.trivial() && dns.Port != 0 {
		asked := cube{
			among(e.protocol, diagram.Span{First: protoTCP, Last: protoUDP}),
			among(e.port, spansOf(e.portCut.Ranges(set.SinglePort(dns.Port)))...),
			among(e.carries, diagram.Span{First: carriesBytes, Last: carriesRequest}),
		}
		servers := e.pods(dns.Pods, destination)
		if !dns.NodeLocal.IsEmpty() {
			servers = append(servers, e.peer(ir.NodeLocal{Addresses: dns.NodeLocal}, destination)...)
		}
		never = append(never, e.union(product(servers, []cube{asked})))
	}
	return s.Union(never)
}

// mislabelled is flows inside one namespace that is named and not declared,
// whose labels are not the same at both ends. Of namespaces that nobody names,
// two ends are of any two.
func (e *encoding) mislabelled() diagram.Set {
	s := e.space
	if len(e.nsLabels) == 0 {
		return s.None()
	}
	var same []diagram.Set
	for at, class := range e.namespaces.classes {
		if _, several := class.second(); several {
			continue
		}
		if _, declared := e.inventory.Namespace(class.least); !declared {
			same = append(same, s.Cube(cube{is(e.kind[source], kindPod), is(e.kind[destination], kindPod), is(e.ns[source], at), is(e.ns[destination], at)}))
		}
	}
	var differ []diagram.Set
	for _, k := range sortedKeys(e.nsLabels) {
		for i := range e.nsLabels[k].classes {
			here := s.In(e.nsLabel[source][k], diagram.Span{First: i, Last: i})
			there := s.In(e.nsLabel[destination][k], diagram.Span{First: i, Last: i})
			differ = append(differ, s.Minus(here, there))
		}
	}
	return s.And(s.Union(same), s.Union(differ))
}
