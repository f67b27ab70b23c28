package lower

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// obstacle is why a difference or an intersection has no exact form. The
// operations here never approximate: they are exact, or they name an obstacle.
type obstacle struct {
	reason string // a clause
	fact   bool   // stating a fact of the cluster would help
}

func blocked(reason string) *obstacle { return &obstacle{reason: reason} }

// domain is what exactness hangs on beside the sets themselves.
type domain struct {
	inv       *ir.Inventory
	portsOnly bool // only TCP, UDP and SCTP are the target's to govern
}

// world is every external address.
func world() ir.External { return ir.External{Addresses: set.AllAddresses()} }

// kinds parts AnyPeer into peers of every kind.
func kinds() []ir.Peer {
	return []ir.Peer{ir.AllPods(), ir.Nodes{Own: true, Other: true}, world(), ir.Infrastructure{}}
}

// apiServer parts the API server's addresses by the facts into those outside the
// cluster and those of nodes. known is false where the facts do not tell.
func (d domain) apiServer(a ir.APIServer) (outside, nodes set.Addresses, known bool) {
	ranges := d.inv.Facts.NodeCIDRs
	if a.Addresses.IsEmpty() || ranges.IsEmpty() {
		return set.Addresses{}, set.Addresses{}, false
	}
	return a.Addresses.Subtract(ranges), a.Addresses.Intersect(ranges), true
}

// podsExist reports whether the set may have a pod, by what is declared of
// namespaces.
func (d domain) podsExist(p ir.Pods) bool { return len(d.inv.Narrow(p)) > 0 }

func (d domain) podsAnd(a, b ir.Pods) (ir.Pods, bool) {
	both, ok := a.And(b)
	if !ok || !d.podsExist(both) {
		return ir.Pods{}, false
	}
	// A declared namespace's labels say nothing that its name does not.
	if narrowed := d.inv.Narrow(both); len(narrowed) == 1 {
		both = narrowed[0]
	}
	return both, true
}

func (d domain) podsMinus(a, b ir.Pods) []ir.Pods {
	if _, overlap := d.podsAnd(a, b); !overlap {
		return []ir.Pods{a}
	}
	var out []ir.Pods
	for _, part := range a.Subtract(b) {
		out = append(out, d.inv.Narrow(part)...)
	}
	return out
}

// peersAnd is the endpoints in both; none where they are surely disjoint.
func (d domain) peersAnd(p, q ir.Peers) (both ir.Peers, some bool, ob *obstacle) {
	if p.IsAny() {
		return q, true, nil
	}
	if q.IsAny() {
		return p, true, nil
	}
	var list []ir.Peer
	for _, a := range p.List() {
		for _, b := range q.List() {
			x, ob := d.peerAnd(a, b)
			if ob != nil {
				return ir.Peers{}, false, ob
			}
			list = append(list, x...)
		}
	}
	both, some = ir.PeersOf(list...)
	return both, some, nil
}

// peersOverlap reports whether some endpoint may be in both.
func (d domain) peersOverlap(p, q ir.Peers) bool {
	_, some, ob := d.peersAnd(p, q)
	return some || ob != nil
}

// peersMinus is the endpoints of p that are not in q; none where q has all.
func (d domain) peersMinus(p, q ir.Peers) (rest ir.Peers, some bool, ob *obstacle) {
	if q.IsAny() {
		return ir.Peers{}, false, nil
	}
	list := p.List()
	if p.IsAny() {
		list = kinds()
	}
	list = slices.DeleteFunc(slices.Clone(list), func(a ir.Peer) bool { return d.covered(a, q.List()) })
	for _, b := range q.List() {
		var next []ir.Peer
		for _, a := range list {
			x, ob := d.peerMinus(a, b)
			if ob != nil {
				return ir.Peers{}, false, ob
			}
			next = append(next, x...)
		}
		list = next
	}
	rest, some = ir.PeersOf(list...)
	return rest, some, nil
}

// covered reports whether some of the peers surely have all of a, whatever
// stands between a and the others: wherever the API server runs, it is on nodes
// or outside.
func (d domain) covered(a ir.Peer, by []ir.Peer) bool {
	everyNode, everyAddress := false, false
	for _, b := range by {
		if rest, ob := d.peerMinus(a, b); ob == nil {
			if _, some := ir.PeersOf(rest...); !some {
				return true
			}
		}
		if n, ok := b.(ir.Nodes); ok {
			everyNode = everyNode || n.Own && n.Other
		}
		if e, ok := b.(ir.External); ok {
			everyAddress = everyAddress || e.Addresses.IsAll()
		}
	}
	_, server := a.(ir.APIServer)
	return server && everyNode && everyAddress
}

var (
	namesAndAddresses = blocked("which addresses a DNS name has is not known, so names and addresses cannot be taken out of each other")
	namesAndNames     = blocked("an address may have several DNS names, so one name cannot be taken out of another")
	apiServerPlace    = &obstacle{"whether the API server runs on nodes or outside the cluster is not known: state `api_server` and `node_cidrs`", true}
	nodesByAddress    = blocked("single addresses cannot be taken out of the nodes")
)

// rank orders a pair of peers, so that peerAnd looks at each pair once.
func rank(p ir.Peer) int {
	switch p.(type) {
	case ir.Pods:
		return 0
	case ir.Nodes:
		return 1
	case ir.NodeLocal:
		return 2
	case ir.External:
		return 3
	case ir.Names:
		return 4
	case ir.APIServer:
		return 5
	}
	return 6
}

// peerAnd is the endpoints in both of two peers, neither AnyPeer.
func (d domain) peerAnd(a, b ir.Peer) ([]ir.Peer, *obstacle) {
	if rank(a) > rank(b) {
		a, b = b, a
	}
	switch a := a.(type) {
	case ir.Pods:
		if b, ok := b.(ir.Pods); ok {
			if both, some := d.podsAnd(a, b); some {
				return []ir.Peer{both}, nil
			}
		}
	case ir.Nodes:
		switch b := b.(type) {
		case ir.Nodes:
			return []ir.Peer{ir.Nodes{Own: a.Own && b.Own, Other: a.Other && b.Other}}, nil
		case ir.NodeLocal:
			if a.Own {
				return []ir.Peer{b}, nil
			}
		case ir.APIServer:
			return d.onNodes(a, b)
		}
	case ir.NodeLocal:
		if b, ok := b.(ir.NodeLocal); ok {
			return []ir.Peer{ir.NodeLocal{Addresses: a.Addresses.Intersect(b.Addresses)}}, nil
		}
	case ir.External:
		return d.outsideAnd(a, b)
	case ir.Names:
		switch b := b.(type) {
		case ir.Names:
			switch {
			case covers(b, a):
				return []ir.Peer{a}, nil
			case covers(a, b):
				return []ir.Peer{b}, nil
			}
			return nil, namesAndNames
		case ir.APIServer:
			return nil, namesAndAddresses
		}
	case ir.APIServer:
		if b, ok := b.(ir.APIServer); ok {
			return apiServersAnd(a, b), nil
		}
	case ir.Infrastructure:
		if _, ok := b.(ir.Infrastructure); ok {
			return []ir.Peer{a}, nil
		}
	}
	return nil, nil
}

// apiServersAnd takes care that no addresses in common do not become none known.
func apiServersAnd(a, b ir.APIServer) []ir.Peer {
	switch both := a.Addresses.Intersect(b.Addresses); {
	case a.Addresses.IsEmpty():
		return []ir.Peer{b}
	case b.Addresses.IsEmpty():
		return []ir.Peer{a}
	case both.IsEmpty():
		return nil
	default:
		return []ir.Peer{ir.APIServer{Addresses: both}}
	}
}

func (d domain) onNodes(a ir.Nodes, b ir.APIServer) ([]ir.Peer, *obstacle) {
	_, nodes, known := d.apiServer(b)
	switch {
	case known && nodes.IsEmpty():
		return nil, nil
	case known && a.Own && a.Other:
		return []ir.Peer{ir.APIServer{Addresses: nodes}}, nil
	}
	return nil, apiServerPlace
}

func (d domain) outsideAnd(a ir.External, b ir.Peer) ([]ir.Peer, *obstacle) {
	switch b := b.(type) {
	case ir.External:
		return []ir.Peer{ir.External{Addresses: a.Addresses.Intersect(b.Addresses)}}, nil
	case ir.Names:
		if a.Addresses.IsAll() {
			return []ir.Peer{b}, nil
		}
		return nil, namesAndAddresses
	case ir.APIServer:
		outside, _, known := d.apiServer(b)
		if !known {
			if !b.Addresses.IsEmpty() && !b.Addresses.Overlaps(a.Addresses) {
				return nil, nil
			}
			return nil, apiServerPlace
		}
		return []ir.Peer{ir.External{Addresses: outside.Intersect(a.Addresses)}}, nil
	}
	return nil, nil
}

// covers reports whether every name of b is surely one of a's.
func covers(a, b ir.Names) bool {
	for _, n := range b.Patterns {
		if !slices.ContainsFunc(a.Patterns, func(m ir.Name) bool { return nameCovers(m, n) }) {
			return false
		}
	}
	return true
}

func nameCovers(m, n ir.Name) bool {
	suffix, wildcard := n.Parts()
	if wildcard == 0 {
		return m.Matches(suffix)
	}
	mine, w := m.Parts()
	return m == n || w == 2 && (mine == suffix || m.Matches(suffix))
}

// peerMinus is the endpoints of a that are not in b, neither AnyPeer.
func (d domain) peerMinus(a, b ir.Peer) ([]ir.Peer, *obstacle) {
	both, ob := d.peerAnd(a, b)
	if ob != nil {
		return nil, ob
	}
	if _, overlap := ir.PeersOf(both...); !overlap {
		return []ir.Peer{a}, nil
	}
	switch a := a.(type) {
	case ir.Pods:
		var out []ir.Peer
		for _, p := range d.podsMinus(a, b.(ir.Pods)) {
			out = append(out, p)
		}
		return out, nil
	case ir.Nodes:
		if b, ok := b.(ir.Nodes); ok {
			return []ir.Peer{ir.Nodes{Own: a.Own && !b.Own, Other: a.Other && !b.Other}}, nil
		}
		return nil, nodesByAddress
	case ir.NodeLocal:
		if b, ok := b.(ir.NodeLocal); ok {
			return []ir.Peer{ir.NodeLocal{Addresses: a.Addresses.Subtract(b.Addresses)}}, nil
		}
		return nil, nil
	case ir.External:
		switch b := b.(type) {
		case ir.External:
			return []ir.Peer{ir.External{Addresses: a.Addresses.Subtract(b.Addresses)}}, nil
		case ir.APIServer:
			outside, _, _ := d.apiServer(b)
			return []ir.Peer{ir.External{Addresses: a.Addresses.Subtract(outside)}}, nil
		}
		return nil, namesAndAddresses
	case ir.Names:
		if b, ok := b.(ir.Names); ok && !covers(b, a) {
			return nil, namesAndNames
		}
		return nil, nil
	case ir.APIServer:
		return d.apiServerMinus(a, b), nil
	}
	return nil, nil
}

func (d domain) apiServerMinus(a ir.APIServer, b ir.Peer) []ir.Peer {
	outside, nodes, _ := d.apiServer(a)
	left := set.Addresses{}
	switch b := b.(type) {
	case ir.Nodes:
		left = outside
	case ir.External:
		left = nodes.Union(outside.Subtract(b.Addresses))
	case ir.APIServer:
		if !b.Addresses.IsEmpty() {
			left = a.Addresses.Subtract(b.Addresses)
		}
	}
	if left.IsEmpty() {
		return nil // an APIServer without addresses would be all of it
	}
	return []ir.Peer{ir.APIServer{Addresses: left}}
}

// trafficOverlaps reports whether some traffic may be in both.
func trafficOverlaps(t, u ir.Traffic) bool {
	for _, p := range ir.Protocols {
		tp, tOK := t.Transport().Only(p)
		up, uOK := u.Transport().Only(p)
		if tOK && uOK && (tp.Named() != nil || up.Named() != nil || !tp.Ports(p).Intersect(up.Ports(p)).IsEmpty()) {
			return true
		}
	}
	t4, t6 := t.ICMP()
	u4, u6 := u.ICMP()
	return icmpOverlaps(t4, u4) || icmpOverlaps(t6, u6)
}

func icmpOverlaps(s, t ir.ICMP) bool {
	if s.IsEmpty() || t.IsEmpty() {
		return false
	}
	if s.IsAny() || t.IsAny() {
		return true
	}
	return slices.ContainsFunc(s.Types(), func(x ir.ICMPType) bool {
		return slices.ContainsFunc(t.Types(), func(y ir.ICMPType) bool {
			return x.Type == y.Type && (x.Code < 0 || y.Code < 0 || x.Code == y.Code)
		})
	})
}

// requestsGoverned reports whether u restricts TCP to requests in a way that
// matters beside t: what u has of t is then not u's transport.
func requestsGoverned(t, u ir.Traffic) *obstacle {
	if u.Requests() != nil {
		tcp, ok1 := t.Transport().Only(ir.TCP)
		other, ok2 := u.Transport().Only(ir.TCP)
		if ok1 && ok2 && trafficOverlaps(tcp, other) && !requestsCovered(t, u) {
			return blocked("single HTTP requests cannot be taken out of other traffic")
		}
	}
	if u.Names() != nil && !namesCovered(t, u) {
		return blocked("single DNS names cannot be taken out of other traffic")
	}
	return nil
}

func requestsCovered(t, u ir.Traffic) bool {
	return t.Requests() != nil && !slices.ContainsFunc(t.Requests(), func(r ir.Request) bool {
		return !slices.ContainsFunc(u.Requests(), func(q ir.Request) bool { return q.IsAny() || q.String() == r.String() })
	})
}

func namesCovered(t, u ir.Traffic) bool {
	return t.Names() != nil && !slices.ContainsFunc(t.Names(), func(n ir.Name) bool {
		return !slices.ContainsFunc(u.Names(), func(m ir.Name) bool { return nameCovers(m, n) })
	})
}

var namedPorts = blocked("which number a port name stands for is not known, so it cannot be taken out of numbers: declare it in the workload's `ports`")

// trafficAnd is the traffic in both; none where they are surely disjoint. t's
// restriction to requests stays, u's must not narrow it.
func trafficAnd(t, u ir.Traffic) (both ir.Traffic, some bool, ob *obstacle) {
	if !trafficOverlaps(t, u) {
		return ir.Traffic{}, false, nil
	}
	if ob := requestsGoverned(t, u); ob != nil {
		return ir.Traffic{}, false, ob
	}
	if u.IsAll() {
		return t, true, nil
	}
	if t.IsAll() {
		return restrictAs(u.Transport(), t), true, nil
	}
	var out ir.Traffic
	for _, p := range ir.Protocols {
		tp, up := t.Ports(p), u.Ports(p)
		tn, un := namedOf(t, p), namedOf(u, p)
		out = out.Or(ir.PortTraffic(p, tp.Intersect(up)))
		var named []ir.NamedPort
		for _, n := range tn {
			if up.IsAll() || slices.Contains(un, n) {
				named = append(named, n)
			}
		}
		for _, n := range un {
			if tp.IsAll() {
				named = append(named, n)
			}
		}
		out = out.Or(ir.NamedTraffic(named...))
		if !namesDecided(tp, tn, up, un) {
			return ir.Traffic{}, false, namedPorts
		}
	}
	t4, t6 := t.ICMP()
	u4, u6 := u.ICMP()
	out = out.Or(ir.ICMPTraffic(icmpAnd(t4, u4), icmpAnd(t6, u6)))
	return restrictAs(out, t), !out.IsEmpty(), nil
}

// namesDecided reports whether what both have of one protocol is known although
// there are port names: the same names, one side within the other's names, or
// everything or nothing on one side.
func namesDecided(tp set.Ports, tn []ir.NamedPort, up set.Ports, un []ir.NamedPort) bool {
	within := func(a, b []ir.NamedPort) bool {
		return !slices.ContainsFunc(a, func(n ir.NamedPort) bool { return !slices.Contains(b, n) })
	}
	return tp.IsAll() || up.IsAll() || slices.Equal(tn, un) ||
		tp.IsEmpty() && within(tn, un) || up.IsEmpty() && within(un, tn)
}

func namedOf(t ir.Traffic, p ir.Protocol) []ir.NamedPort {
	var out []ir.NamedPort
	for _, n := range t.Named() {
		if n.Protocol == p {
			out = append(out, n)
		}
	}
	return out
}

func icmpAnd(s, t ir.ICMP) ir.ICMP {
	switch {
	case s.IsAny():
		return t
	case t.IsAny():
		return s
	}
	var out []ir.ICMPType
	for _, x := range s.Types() {
		for _, y := range t.Types() {
			if x.Type == y.Type && (x.Code < 0 || y.Code < 0 || x.Code == y.Code) {
				out = append(out, ir.ICMPType{Type: x.Type, Code: max(x.Code, y.Code)})
			}
		}
	}
	if out == nil {
		return ir.ICMP{}
	}
	return ir.ICMPOf(out...)
}

// restrictAs puts t's restrictions on out, as far as out has what they restrict.
func restrictAs(out, t ir.Traffic) ir.Traffic {
	if t.Requests() != nil {
		if _, tcp := out.Only(ir.TCP); tcp {
			out, _ = out.WithRequests(t.Requests()...)
		}
	}
	if t.Names() != nil {
		out, _ = out.WithNames(t.Names()...)
	}
	return out
}

// trafficMinus is the traffic of t that is not in u; none where u has all. Both
// are known to overlap.
func (d domain) trafficMinus(t, u ir.Traffic) (rest ir.Traffic, some bool, ob *obstacle) {
	if ob := requestsGoverned(t, u); ob != nil {
		return ir.Traffic{}, false, ob
	}
	if u.IsAll() {
		return ir.Traffic{}, false, nil
	}
	if t.IsAll() {
		if !d.portsOnly {
			return ir.Traffic{}, false, blocked("protocols other than TCP, UDP, SCTP and ICMP have no name, so nothing can be taken out of all traffic")
		}
		if v4, v6 := u.ICMP(); !v4.IsEmpty() || !v6.IsEmpty() {
			return ir.Traffic{}, false, blocked("ICMP cannot be taken out of all traffic")
		}
		all := ir.Traffic{}
		for _, p := range ir.Protocols {
			all = all.Or(ir.PortTraffic(p, set.AllPorts()))
		}
		t = restrictAs(all, t)
	}
	var out ir.Traffic
	for _, p := range ir.Protocols {
		part, ob := minusPorts(t, u, p)
		if ob != nil {
			return ir.Traffic{}, false, ob
		}
		out = out.Or(part)
	}
	t4, t6 := t.ICMP()
	u4, u6 := u.ICMP()
	v4, ok4 := icmpMinus(t4, u4)
	v6, ok6 := icmpMinus(t6, u6)
	if !ok4 || !ok6 {
		return ir.Traffic{}, false, blocked("single ICMP messages cannot be taken out of all of them")
	}
	out = out.Or(ir.ICMPTraffic(v4, v6))
	if out.IsEmpty() {
		return ir.Traffic{}, false, nil
	}
	return restrictAs(out, t), true, nil
}

func minusPorts(t, u ir.Traffic, p ir.Protocol) (ir.Traffic, *obstacle) {
	tp, up := t.Ports(p), u.Ports(p)
	tn, un := namedOf(t, p), namedOf(u, p)
	if up.IsAll() || tp.IsEmpty() && len(tn) == 0 || up.IsEmpty() && len(un) == 0 {
		if up.IsAll() {
			return ir.Traffic{}, nil
		}
		return ir.PortTraffic(p, tp).Or(ir.NamedTraffic(tn...)), nil
	}
	left := slices.DeleteFunc(slices.Clone(tn), func(n ir.NamedPort) bool { return slices.Contains(un, n) })
	numbers := tp.Subtract(up)
	if len(left) > 0 || len(un) > 0 && !numbers.IsEmpty() {
		return ir.Traffic{}, namedPorts
	}
	return ir.PortTraffic(p, numbers), nil
}

func icmpMinus(s, t ir.ICMP) (ir.ICMP, bool) {
	switch {
	case t.IsAny() || s.IsEmpty():
		return ir.ICMP{}, true
	case t.IsEmpty():
		return s, true
	case s.IsAny():
		return ir.ICMP{}, false
	}
	var out []ir.ICMPType
	for _, x := range s.Types() {
		gone := false
		for _, y := range t.Types() {
			if x.Type != y.Type {
				continue
			}
			if y.Code < 0 || x.Code == y.Code {
				gone = true
			} else if x.Code < 0 {
				return ir.ICMP{}, false
			}
		}
		if !gone {
			out = append(out, x)
		}
	}
	if out == nil {
		return ir.ICMP{}, true
	}
	return ir.ICMPOf(out...), true
}
