package kubernetes

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// The switches that say whether address ranges match pods and nodes too, which
// the API leaves to whatever enforces it (kubernetes/website, network-policies.md,
// ipBlock).
const (
	rangesMatchPods  = "cidr_matches_pods"
	rangesMatchNodes = "cidr_matches_nodes"
)

// hostNetwork is the switch that says whether selectors of the namespace that
// stands for the nodes' network match what comes from nodes.
const hostNetwork = "host_network_namespace"

// peers is the peers of a rule, before it is decided what ranges match.
type peers struct {
	any    bool
	pods   []ir.Peer
	ranges set.Addresses
	hosts  bool // a selector has the namespace that stands for the nodes' network
}

// peerField is the field of a rule's peers, in both APIs.
func peerField(d ir.Direction) string {
	if d == ir.Egress {
		return "to"
	}
	return "from"
}

// peers gives the peers of a list; false where that is none. An absent list
// and an empty one are every peer.
func (l *lifting) peers(list manifest.Value, namespace string) (peers, bool) {
	items := list.Items()
	if len(items) == 0 {
		return peers{any: true}, true
	}
	var out peers
	for _, v := range items {
		element(v, func(o *manifest.Object) { out.add(o, namespace, l.profile.HostNetwork()) })
	}
	if !out.ranges.IPv6().IsEmpty() {
		l.offers(list, "ipv6", "false", "a range of IPv6")
	}
	return out, len(out.pods) > 0 || !out.ranges.IsEmpty()
}

// add adds a peer: pods that fit both selectors, those of the policy's
// namespace where there is none for namespaces; or a range. hosts is the labels
// of the namespace that stands for the nodes' network.
func (p *peers) add(o *manifest.Object, namespace string, hosts map[string]string) {
	labels, namespaces, block := o.Field("podSelector"), o.Field("namespaceSelector"), o.Field("ipBlock")
	byLabel := labels.Present() || namespaces.Present()
	switch {
	case byLabel && block.Present():
		block.Bad("stands beside a selector", "A peer is pods or an ipBlock: write them as two.")
	case !byLabel && !block.Present():
		o.Bad("is no peer", "A peer has podSelector, namespaceSelector or ipBlock. For every peer, leave the whole list out.")
	}
	block.Object(func(b *manifest.Object) { p.ranges = p.ranges.Union(ipBlock(b)) })
	pods, some := ir.InNamespace(namespace), byLabel
	if namespaces.Present() {
		var ok bool
		pods.Namespace, ok = selectedSpaces(namespaces)
		some = some && ok
	}
	if labels.Present() {
		var ok bool
		pods.Labels, ok = selected(labels)
		some = some && ok
	}
	if some {
		p.pods = append(p.pods, pods)
		p.hosts = p.hosts || hosts != nil && namespaces.Present() && pods.Labels.IsEverything() && pods.Namespace.Matches(hosts)
	}
}

// ipBlock gives a range without its exceptions, which must be smaller parts of
// it (pkg/apis/networking/validation/validation.go, ValidateIPBlock).
func ipBlock(o *manifest.Object) set.Addresses {
	whole, ok := o.Required("cidr").CIDR()
	var out set.Addresses
	if ok {
		out = set.AddressesOf(whole)
	}
	for _, v := range o.Field("except").Items() {
		v.Require()
		part, valid := v.CIDR()
		if !ok || !valid {
			continue
		}
		if part.Bits() <= whole.Bits() || !whole.Contains(part.Addr()) {
			v.Bad(fmt.Sprintf("is no smaller part of %s", whole), "The API server takes exceptions only within their range.")
		}
		out = out.Subtract(set.AddressesOf(part))
	}
	return out
}

// rules gives the rules of which one is made: more where it is not known whether
// ranges match pods, or nodes.
func (p *peers) rules(f profile.Profile, one ir.Rule) []ir.Rule {
	if p.any {
		one.Peers, _ = ir.PeersOf(ir.AnyPeer{})
		return []ir.Rule{one}
	}
	sure := append(slices.Clip(p.pods), ir.External{Addresses: p.ranges})
	var doubtful []ir.Rule
	add := func(l ir.Peer, fact, matches string) {
		switch matches {
		case "true":
			sure = append(sure, l)
		case "":
			maybe := one
			maybe.If = append(slices.Clip(one.If), ir.Condition{Atom: fact, Fact: fact})
			doubtful = withPeers(doubtful, maybe, []ir.Peer{l})
		}
	}
	for _, l := range ir.Located(p.ranges) {
		switch l.(type) {
		case ir.Pods:
			add(l, rangesMatchPods, f.RangesMatchPods())
		case ir.Nodes:
			add(l, rangesMatchNodes, f.RangesMatchNodes())
		}
	}
	if p.hosts {
		add(ir.Nodes{Own: true, Other: true}, hostNetwork, f.Switch(hostNetwork))
	}
	return append(withPeers(nil, one, sure), doubtful...)
}

// withPeers appends the rule with the peers, unless that is none.
func withPeers(rules []ir.Rule, r ir.Rule, list []ir.Peer) []ir.Rule {
	var some bool
	if r.Peers, some = ir.PeersOf(list...); some {
		rules = append(rules, r)
	}
	return rules
}

// selected gives the labels that a selector asks for; false where nothing has
// them, and after an error.
func selected(v manifest.Value) (ir.Selector, bool) {
	s, match := v.LabelSelector()
	return s, match == manifest.Some
}

// selectedSpaces is selected for labels of namespaces. Each has its name, so
// that absence of the name is never satisfied, and presence always is.
func selectedSpaces(v manifest.Value) (ir.Selector, bool) {
	s, some := selected(v)
	if !some {
		return s, false
	}
	c := s.Get(ir.NamespaceName)
	switch form, values := c.Form(); form {
	case ir.FormNotExists:
		return s, false
	case ir.FormExists:
		c = ir.Anything()
	case ir.FormPresentNot:
		c = ir.NotOneOf(values...)
	default:
		return s, true
	}
	name, _ := ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: c})
	return s.Without(ir.NamespaceName).And(name)
}
