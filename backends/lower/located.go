package lower

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Located parts peers into the addresses that they have whoever is there, as
// ir.Located says them and a range means them on most engines, and the other
// peers; false where there are no others.
func Located(p ir.Peers) (at set.Addresses, others ir.Peers, some bool) {
	list := p.List()
	for _, q := range list {
		if n, ok := q.(ir.Nodes); ok && n.Own && n.Other && !n.Except.IsEmpty() {
			if here := n.Except.Complement(); whoeverIs(list, here) {
				at = at.Union(here)
			}
		}
	}
	if at.IsEmpty() {
		return at, p, len(list) > 0
	}
	var rest []ir.Peer
	for _, q := range list {
		switch x := q.(type) {
		case ir.Pods:
			if isAll := x; !x.Except.IsEmpty() && at.ContainsAll(x.Except.Complement()) {
				isAll.Except = set.Addresses{}
				if isAll.IsAll() {
					continue
				}
			}
		case ir.Nodes:
			if !x.Except.IsEmpty() && at.ContainsAll(x.Except.Complement()) {
				continue
			}
		case ir.External:
			q = ir.External{Addresses: x.Addresses.Subtract(at)}
		}
		rest = append(rest, q)
	}
	others, some = ir.PeersOf(rest...)
	return at, others, some
}

// whoeverIs reports whether the peers have all pods and what is outside at the
// addresses.
func whoeverIs(list []ir.Peer, at set.Addresses) bool {
	pods, some := ir.AllPods().At(at)
	return some && slices.ContainsFunc(list, func(q ir.Peer) bool {
		p, ok := q.(ir.Pods)
		return ok && p.Contains(pods)
	}) && slices.ContainsFunc(list, func(q ir.Peer) bool {
		e, ok := q.(ir.External)
		return ok && e.Addresses.ContainsAll(at)
	})
}

// placed gives a rule's peers with what is known of addresses put to use: pods
// and nodes at addresses that none or all of them have. Of ranges that nobody
// stated an allow assumes that they are private, as Target.Outside does; a deny,
// which must not get smaller, does not. False where none is left.
func placed(r *ir.Rule, f ir.Facts) (ir.Peers, bool) {
	var out []ir.Peer
	for _, q := range r.Peers.List() {
		switch x := q.(type) {
		case ir.Pods:
			if x.Except, q = without(x.Except, f.PodCIDRs, r.Action), nil; !x.Except.IsAll() {
				q = x
			}
		case ir.Nodes:
			if local := f.DNS.NodeLocal.Subtract(x.Except); x.Own && !x.Except.IsEmpty() && !local.IsEmpty() {
				out = append(out, ir.NodeLocal{Addresses: local})
				x.Except = x.Except.Union(local)
			}
			if x.Except, q = without(x.Except, f.NodeCIDRs, r.Action), nil; !x.Except.IsAll() {
				q = x
			}
		}
		if q != nil {
			out = append(out, q)
		}
	}
	return ir.PeersOf(out...)
}

// without gives the exceptions from addresses that are all in the ranges.
func without(except, ranges set.Addresses, a ir.Action) set.Addresses {
	switch {
	case ranges.IsEmpty() && a == ir.Allow && except.ContainsAll(ir.Private()):
		return set.AllAddresses()
	case ranges.IsEmpty():
	case except.ContainsAll(ranges):
		return set.AllAddresses()
	case !except.Overlaps(ranges):
		return set.Addresses{}
	}
	return except
}
