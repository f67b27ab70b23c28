package ir

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// Peer is a set of endpoints at the other end of a flow. Its members are
// AnyPeer, Pods, RemotePods, External, Names, Nodes, NodeLocal, APIServer and
// Infrastructure.
type Peer interface {
	// String is the canonical text.
	String() string
	peer()
}

// AnyPeer is every endpoint of every kind. No other peer turns into it.
type AnyPeer struct{}

// RemotePods is pods of other clusters that are connected to this one: those of
// the clusters with a name that fits. What this cluster's namespaces are
// declared to be says nothing of theirs. They are no part of the world.
type RemotePods struct {
	Clusters Constraint
	Pods     Pods
}

// External is endpoints outside the cluster by address. All addresses is the
// world: every external address, an external API server included. Addresses of
// pods and nodes never belong to it, whatever the ranges say.
type External struct{ Addresses set.Addresses }

// Names is external endpoints by DNS name: those that have a name that one of
// the patterns matches.
type Names struct{ Patterns []Name }

// Nodes is hosts and their host-network pods: the pod's own node, the others,
// or both, with labels that fit; Except is addresses that they do not have.
type Nodes struct {
	Own, Other bool
	Except     set.Addresses
	Labels     Selector
}

// NodeLocal is what listens on the pod's own node under these addresses, such
// as a node-local DNS cache on its link-local address.
type NodeLocal struct{ Addresses set.Addresses }

// APIServer is the Kubernetes API server, wherever it runs. Addresses is what
// the facts say of it, empty where they say nothing.
type APIServer struct{ Addresses set.Addresses }

// Infrastructure is what a CNI has beside pods, nodes and the outside, such as
// the endpoints that probe its own health: all of it, or what goes by one of
// InfrastructureNames. It is part of "anywhere" only.
type Infrastructure struct{ Name string }

// InfrastructureNames is all of the infrastructure that there is: what probes
// health, the proxy of the way in, pods that have no labels yet, and pods that
// the CNI does not run.
var InfrastructureNames = []string{"health", "ingress", "init", "unmanaged"}

func (AnyPeer) peer()        {}
func (Pods) peer()           {}
func (RemotePods) peer()     {}
func (External) peer()       {}
func (Names) peer()          {}
func (Nodes) peer()          {}
func (NodeLocal) peer()      {}
func (APIServer) peer()      {}
func (Infrastructure) peer() {}

func (AnyPeer) String() string { return "anywhere" }

func (r RemotePods) String() string {
	if r.Clusters.IsAnything() {
		return "of any other cluster: " + r.Pods.String()
	}
	return "of " + Requirement{"cluster", r.Clusters}.String() + ": " + r.Pods.String()
}

func (e External) String() string {
	if e.Addresses.IsAll() {
		return "world"
	}
	return "external(" + e.Addresses.String() + ")"
}

func (n Names) String() string { return "names(" + n.Text() + ")" }

// Text is the patterns as people write them, joined by commas.
func (n Names) Text() string { return strings.Join(texts(n.Patterns), ", ") }

func (n Nodes) String() string {
	text := "no nodes"
	switch {
	case n.Own && n.Other:
		text = "nodes"
	case n.Own:
		text = "own node"
	case n.Other:
		text = "other nodes"
	}
	if !n.Labels.IsEverything() {
		text += "{" + n.Labels.String() + "}"
	}
	if !n.Except.IsEmpty() {
		text += "(" + n.Except.Complement().String() + ")"
	}
	return text
}

func (n NodeLocal) String() string { return "node-local(" + n.Addresses.String() + ")" }

func (a APIServer) String() string {
	if a.Addresses.IsEmpty() {
		return "apiserver"
	}
	return "apiserver(" + a.Addresses.String() + ")"
}

func (i Infrastructure) String() string {
	if i.Name != "" {
		return "infrastructure(" + i.Name + ")"
	}
	return "infrastructure"
}

// Located gives the peers that have one of the addresses, whatever they are:
// pods, nodes and what is outside the cluster. None for no address.
func Located(a set.Addresses) []Peer {
	pods, some := AllPods().At(a)
	if !some {
		return nil
	}
	return []Peer{pods, Nodes{Own: true, Other: true, Except: a.Complement()}, External{a}}
}

// Peers is a union of peers. It cannot be empty but for the zero value, which
// no rule may hold: AddRule refuses it.
type Peers struct{ list []Peer }

// PeersOf is the union of the peers; false where none has an endpoint.
func PeersOf(peers ...Peer) (Peers, bool) {
	var pods []Pods
	var list []Peer
	for _, p := range peers {
		switch p := p.(type) {
		case AnyPeer:
			return Peers{[]Peer{AnyPeer{}}}, true
		case Pods:
			pods = append(pods, p)
		case External:
			if !p.Addresses.IsEmpty() {
				list = append(list, p)
			}
		case RemotePods:
			if !p.Clusters.IsEmpty() {
				list = append(list, p)
			}
		case Names:
			if len(p.Patterns) > 0 {
				list = append(list, Names{sortedBy(p.Patterns, Name.String)})
			}
		case Nodes:
			if (p.Own || p.Other) && !p.Except.IsAll() {
				list = append(list, p)
			}
		case NodeLocal:
			if !p.Addresses.IsEmpty() {
				list = append(list, p)
			}
		case APIServer, Infrastructure:
			list = append(list, p)
		}
	}
	if len(peers) == 1 {
		return Peers{append(list, podPeers(pods)...)}, len(list)+len(pods) > 0
	}
	list = append(mergeExternal(list), podPeers(pods)...)
	return Peers{sortedBy(list, peerKey)}, len(list) > 0
}

// peerKey orders pods before what is outside the cluster.
func peerKey(p Peer) string {
	switch p.(type) {
	case Pods:
		return "0" + p.String()
	case RemotePods:
		return "00" + p.String()
	case Nodes, NodeLocal, APIServer, Infrastructure:
		return "1" + p.String()
	}
	return "2" + p.String()
}

func podPeers(pods []Pods) []Peer {
	var out []Peer
	for _, p := range Simplify(pods) {
		out = append(out, p)
	}
	return out
}

func mergeExternal(list []Peer) []Peer {
	var all set.Addresses
	var names []Name
	var rest []Peer
	for _, p := range list {
		switch p := p.(type) {
		case External:
			all = all.Union(p.Addresses)
		case Names:
			names = append(names, p.Patterns...)
		default:
			rest = append(rest, p)
		}
	}
	if !all.IsEmpty() {
		rest = append(rest, External{all})
	}
	if names != nil {
		rest = append(rest, Names{sortedBy(names, Name.String)})
	}
	return rest
}

// List gives the peers in canonical order: pods, nodes, then what is outside.
// It is not to be changed.
func (p Peers) List() []Peer { return p.list }

// IsAny reports that the union is every endpoint.
func (p Peers) IsAny() bool { return len(p.list) == 1 && p.list[0] == Peer(AnyPeer{}) }

// Pods gives the pod sets among the peers.
func (p Peers) Pods() []Pods {
	var out []Pods
	for _, q := range p.list {
		if pods, ok := q.(Pods); ok {
			out = append(out, pods)
		}
	}
	return out
}

// Subtract gives the peers without those of q; false where nothing is left.
// Names and addresses are different ways to name the outside: a name is taken
// out of names only, so the caller reports a mix.
func (p Peers) Subtract(q Peers) (Peers, bool) {
	if q.IsAny() {
		return Peers{}, false
	}
	list := p.list
	if p.IsAny() {
		_, remote := q.Remote()
		list = Everyone(remote)
	}
	var out []Peer
	for _, a := range list {
		out = append(out, subtractPeer(a, q.list)...)
	}
	return PeersOf(out...)
}

func subtractPeer(a Peer, out []Peer) []Peer {
	switch a := a.(type) {
	case Pods:
		var gone []Pods
		for _, b := range out {
			if b, ok := b.(Pods); ok {
				gone = append(gone, b)
			}
		}
		return podPeers(SubtractAll([]Pods{a}, gone))
	case External:
		for _, b := range out {
			if b, ok := b.(External); ok {
				a.Addresses = a.Addresses.Subtract(b.Addresses)
			}
		}
		return []Peer{a}
	case RemotePods:
		return subtractRemote(a, out)
	case Names:
		for _, b := range out {
			if b, ok := b.(Names); ok {
				a.Patterns = slices.DeleteFunc(slices.Clone(a.Patterns), func(n Name) bool { return slices.Contains(b.Patterns, n) })
			}
		}
		return []Peer{a}
	case Nodes:
		return subtractNodes(a, out)
	case NodeLocal:
		for _, b := range out {
			if b, ok := b.(NodeLocal); ok {
				a.Addresses = a.Addresses.Subtract(b.Addresses)
			}
		}
		return []Peer{a}
	case APIServer:
		if slices.ContainsFunc(out, func(b Peer) bool { _, same := b.(APIServer); return same }) {
			return nil
		}
	case Infrastructure:
		for _, b := range out {
			if b, ok := b.(Infrastructure); ok && (b.Name == "" || b.Name == a.Name) {
				return nil
			}
		}
	}
	return []Peer{a}
}

// subtractRemote takes other clusters' pods out of others.
func subtractRemote(a RemotePods, out []Peer) []Peer {
	left := []RemotePods{a}
	for _, b := range out {
		b, ok := b.(RemotePods)
		if !ok {
			continue
		}
		var next []RemotePods
		for _, x := range left {
			both := x.Clusters.And(b.Clusters)
			if both.IsEmpty() {
				next = append(next, x)
				continue
			}
			for _, p := range x.Pods.Subtract(b.Pods) {
				next = append(next, RemotePods{both, p})
			}
			if rest := x.Clusters.And(b.Clusters.Not()); !rest.IsEmpty() {
				next = append(next, RemotePods{rest, x.Pods})
			}
		}
		left = next
	}
	peers := make([]Peer, len(left))
	for i, x := range left {
		peers[i] = x
	}
	return peers
}

// subtractNodes takes nodes out of nodes; own and other ones part ways where
// they lose different addresses or labels.
func subtractNodes(a Nodes, out []Peer) []Peer {
	if labelled := func(p Peer) bool { n, ok := p.(Nodes); return ok && !n.Labels.IsEverything() }; labelled(a) || slices.ContainsFunc(out, labelled) {
		return subtractLabelled(a, out)
	}
	parts := []Nodes{{Own: a.Own, Except: a.Except}, {Other: a.Other, Except: a.Except}}
	for _, b := range out {
		b, ok := b.(Nodes)
		if !ok {
			continue
		}
		for i, gone := range []bool{b.Own, b.Other} {
			if gone {
				parts[i].Except = parts[i].Except.Union(b.Except.Complement())
			}
		}
	}
	if parts[0].Except.Equal(parts[1].Except) {
		return []Peer{Nodes{Own: a.Own, Other: a.Other, Except: parts[0].Except}}
	}
	return []Peer{parts[0], parts[1]}
}

// subtractLabelled is subtractNodes for nodes by label: the own ones and the
// others each by themselves, cut by labels and then by addresses.
func subtractLabelled(a Nodes, out []Peer) []Peer {
	var peers []Peer
	for _, own := range []bool{true, false} {
		if own && !a.Own || !own && !a.Other {
			continue
		}
		left := []Nodes{{Own: own, Other: !own, Except: a.Except, Labels: a.Labels}}
		for _, b := range out {
			b, ok := b.(Nodes)
			if !ok || own && !b.Own || !own && !b.Other {
				continue
			}
			var next []Nodes
			for _, x := range left {
				both, some := x.Labels.And(b.Labels)
				if !some {
					next = append(next, x)
					continue
				}
				for _, l := range x.Labels.Subtract(b.Labels) {
					y := x
					y.Labels = l
					next = append(next, y)
				}
				x.Labels, x.Except = both, x.Except.Union(b.Except.Complement())
				next = append(next, x)
			}
			left = next
		}
		for _, x := range left {
			peers = append(peers, x)
		}
	}
	return peers
}

// Everyone is the peers that together are AnyPeer; those of other clusters only
// where remote says that there are some.
func Everyone(remote bool) []Peer {
	list := []Peer{AllPods(), Nodes{Own: true, Other: true}, External{set.AllAddresses()}, Infrastructure{}}
	if remote {
		list = append(list, RemotePods{Anything(), AllPods()})
	}
	return list
}

// Remote gives the other clusters' pods among the peers; false for none.
func (p Peers) Remote() ([]RemotePods, bool) {
	var out []RemotePods
	for _, q := range p.list {
		if remote, ok := q.(RemotePods); ok {
			out = append(out, remote)
		}
	}
	return out, out != nil
}

// Contains reports whether p surely has every endpoint of q.
func (p Peers) Contains(q Peers) bool {
	if p.IsAny() {
		return true
	}
	if q.IsAny() {
		return false
	}
	// Of one set by one set containment is exact; a set that only several
	// members have together needs the difference.
	all := true
	for _, b := range q.list {
		if !slices.ContainsFunc(p.list, func(a Peer) bool { return containsPeer(a, b) }) {
			all = false
			break
		}
	}
	if all || len(p.list) == 1 {
		return all
	}
	_, some := q.Subtract(p)
	return !some
}

// containsPeer reports whether one peer has all of another of its kind.
func containsPeer(a, b Peer) bool {
	switch a := a.(type) {
	case Pods:
		b, same := b.(Pods)
		return same && a.Contains(b)
	case External:
		b, same := b.(External)
		return same && a.Addresses.ContainsAll(b.Addresses)
	}
	_, some := PeersOf(subtractPeer(b, []Peer{a})...)
	return !some
}

// Overlaps reports whether some endpoint may be one of both: an address may have
// any name, and the API server may be wherever it is not stated to be.
func (p Peers) Overlaps(q Peers) bool {
	return slices.ContainsFunc(p.list, func(a Peer) bool {
		return slices.ContainsFunc(q.list, func(b Peer) bool { return overlaps(a, b) })
	})
}

func overlaps(a, b Peer) bool {
	switch a := a.(type) {
	case Pods:
		if b, same := b.(Pods); same {
			return a.Overlaps(b)
		}
	case RemotePods:
		if b, same := b.(RemotePods); same {
			return a.Clusters.Overlaps(b.Clusters) && a.Pods.Overlaps(b.Pods)
		}
	case External:
		if b, same := b.(External); same {
			return a.Addresses.Overlaps(b.Addresses)
		}
	case AnyPeer, Names, Nodes, NodeLocal, APIServer, Infrastructure:
	}
	return kindsOf(a)&kindsOf(b) != 0
}

// kindsOf gives the kinds of endpoints that a peer may be of, a bit for each.
func kindsOf(p Peer) uint8 {
	const pods, remote, outside, nodes, other = 1, 2, 4, 8, 16
	switch p.(type) {
	case Pods:
		return pods
	case RemotePods:
		return remote
	case External, Names:
		return outside
	case Nodes, NodeLocal:
		return nodes
	case APIServer:
		return outside | nodes
	case Infrastructure:
		return other
	}
	return pods | remote | outside | nodes | other
}

// Equal reports whether both have the same members in canonical form.
func (p Peers) Equal(q Peers) bool {
	return slices.EqualFunc(p.list, q.list, func(a, b Peer) bool { return peerKey(a) == peerKey(b) })
}

// String is the canonical text: the members joined by " + ".
func (p Peers) String() string {
	parts := make([]string, len(p.list))
	for i, q := range p.list {
		parts[i] = q.String()
	}
	return strings.Join(parts, " + ")
}
