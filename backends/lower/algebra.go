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
		_, remote := q.Remote()
		list = ir.Everyone(remote || d.inv.Facts.ClusterMesh)
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
	nodesByLabel      = blocked("which nodes by label the pod's own one is among is not known")
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
	case ir.RemotePods:
		return 6
	}
	return 7
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
			if labels, some := a.Labels.And(b.Labels); some {
				return []ir.Peer{ir.Nodes{Own: a.Own && b.Own, Other: a.Other && b.Other, Except: a.Except.Union(b.Except), Labels: labels}}, nil
			}
		case ir.NodeLocal:
			if a.Own && !a.Labels.IsEverything() {
				return nil, nodesByLabel
			}
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
	case ir.RemotePods:
		if b, ok := b.(ir.RemotePods); ok {
			if pods, some := a.Pods.And(b.Pods); some {
				return []ir.Peer{ir.RemotePods{Clusters: a.Clusters.And(b.Clusters), Pods: pods}}, nil
			}
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
	case known && a.Own && a.Other && a.Labels.IsEverything():
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
			if !a.Except.IsEmpty() || !b.Except.IsEmpty() {
				return nil, nodesByAddress
			}
			return subtracted(a, b), nil
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
	case ir.RemotePods:
		return subtracted(a, b), nil
	}
	return nil, nil
}

// subtracted is the difference as the model has it.
func subtracted(a, b ir.Peer) []ir.Peer {
	p, _ := ir.PeersOf(a)
	q, _ := ir.PeersOf(b)
	rest, _ := p.Subtract(q)
	return rest.List()
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
