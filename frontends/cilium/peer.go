package cilium

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// side is peers of one item that count under the same conditions.
type side struct {
	peers      []ir.Peer
	conditions []ir.Condition
}

// scope is what Cilium adds to the selectors of peers.
type scope struct {
	namespace    string // of the policy; "" for a clusterwide one
	initial      bool   // the subject asks for reserved:init
	localCluster bool   // policy-default-local-cluster, on from 1.19
}

// apply gives the requirements with what Cilium adds to them
// (pkg/k8s/apis/cilium.io/utils/utils.go getEndpointSelector).
func (s scope) apply(reqs []requirement) []requirement {
	has := func(is func(*requirement) bool) bool {
		return slices.ContainsFunc(reqs, func(r requirement) bool { return is(&r) })
	}
	if has(func(r *requirement) bool { return r.source == fromReserved }) {
		return reqs
	}
	reqs = slices.Clip(reqs)
	named := has(func(r *requirement) bool { return r.asksFor(namespaceKey) })
	switch {
	case named:
	case s.namespace == "" && !s.initial:
		reqs = append(reqs, requirement{source: fromPods, key: namespaceKey, constraint: ir.Present()})
	case s.namespace != "" && !has((*requirement).asksForNamespaceLabel):
		reqs = append(reqs, requirement{source: fromPods, key: namespaceKey, constraint: ir.OneOf(s.namespace)})
	}
	if s.localCluster && !has(func(r *requirement) bool { return r.asksFor(clusterKey) }) {
		reqs = append(reqs, requirement{source: fromPods, key: clusterKey, constraint: ir.Present(), own: true})
	}
	return reqs
}

// selectsStandIns reports whether a selector leaves pods out and yet selects
// the identity that stands for all of them. From 1.20 the cluster's pods have
// one in the policy map, whose own label no selector asks for, so that one of
// negative requirements alone is met by it (cilium/cilium#47216,
// pkg/policy/aggregate.go).
func (l *lifting) selectsStandIns(reqs []requirement) bool {
	narrows := false
	for _, r := range reqs {
		if !r.constraint.MatchesAbsent() {
			return false
		}
		narrows = narrows || r.source != fromReserved && !dropped(r.key)
	}
	return narrows && l.atLeast(20)
}

// endpoints gives what a selector selects. The API server is what its reserved
// label says it is, wherever it runs.
func (l *lifting) endpoints(reqs []requirement) []side {
	if i := slices.IndexFunc(reqs, (requirement).ofServer); i >= 0 { // it stands alone
		if !reqs[i].constraint.Matches("") {
			return nil
		}
		return []side{{peers: []ir.Peer{l.apiServer()}}}
	}
	var out []side
	if pods, in, some := podsOf(reqs); some {
		out = l.podSides(pods, in)
	}
	if others := l.othersOf(reqs); len(others) > 0 {
		out = append(out, side{peers: others})
	}
	return out
}

// apiServer is the entity of the API server, and the label that it goes by.
const apiServer = "kube-apiserver"

func (l *lifting) apiServer() ir.Peer {
	return ir.APIServer{Addresses: l.options.Inventory.Facts.APIServer}
}

// entity gives what an entity stands for (pkg/policy/api/entity.go); false for
// one that the API server refuses.
func (l *lifting) entity(name string) ([]ir.Peer, bool) {
	switch name {
	case "none":
		return nil, true
	case "all":
		return []ir.Peer{ir.AnyPeer{}}, true
	case apiServer:
		return []ir.Peer{l.apiServer()}, true
	case "cluster-mesh":
		if !l.atLeast(20) {
			return nil, false
		}
		all := l.cluster()
		if l.meshed() {
			all = append(all, ir.RemotePods{Clusters: ir.Anything(), Pods: ir.AllPods()})
		}
		return all, true
	case "cluster":
		return l.cluster(), true
	}
	for _, e := range reserved {
		if e.name == name {
			return []ir.Peer{e.peer}, true
		}
	}
	return nil, false
}

// cluster is everything that belongs to the cluster. The nodes of other clusters
// do too, and their pods do not (pkg/policy/api/entity.go InitEntities).
func (l *lifting) cluster() []ir.Peer {
	return []ir.Peer{ir.AllPods(), ir.Nodes{Own: true, Other: true}, ir.Infrastructure{}, l.apiServer()}
}

// external is what ranges stand for: with policy-cidr-match-mode unset they
// match the world identity alone, whatever addresses pods and nodes have
// (pkg/policy/types/selector.go CIDRSelector.Matches).
func external(a set.Addresses) []ir.Peer {
	if a.IsEmpty() {
		return nil
	}
	return []ir.Peer{ir.External{Addresses: a}}
}

// group is a CiliumCIDRGroup.
type group struct {
	labels    map[string]string
	addresses set.Addresses
}

// selected gives the addresses of the groups that fit. An address in several
// groups has the labels of all of them (pkg/ipcache/metadata.go
// mergeParentLabels), so that each requirement may be met by another group. ok
// is false for a requirement that is met by absence, and with it by addresses
// of no group, and before 1.20 where groups that share addresses differ in a
// label, of which one is then lost (pkg/policy/types/requirements.go).
func (l *lifting) selected(reqs []requirement) (a set.Addresses, ok bool) {
	a = set.AllAddresses()
	if len(reqs) == 0 {
		return a, false
	}
	for _, r := range reqs {
		if r.constraint.MatchesAbsent() {
			return a, false
		}
		var fit, other set.Addresses
		for _, g := range l.groups {
			switch v, has := g.labels[r.key]; {
			case !has || r.source != fromAny: // other sources are not of groups
			case r.constraint.Matches(v):
				fit = fit.Union(g.addresses)
			default:
				other = other.Union(g.addresses)
			}
		}
		if !l.atLeast(20) && fit.Overlaps(other) {
			return a, false
		}
		a = a.Intersect(fit)
	}
	return a, true
}
