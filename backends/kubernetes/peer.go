package kubernetes

import (
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// peers is the from or to of a rule. A list without members means every peer to
// the API, so that is said by any alone; peers with neither have no rule.
type peers struct {
	any  bool
	list []networkingv1.NetworkPolicyPeer
}

// none reports that nothing has to be said for the peers: they have their way
// without a rule.
func (p peers) none() bool { return !p.any && len(p.list) == 0 }

// peers gives the peers of a rule of a policy in a namespace; false where they
// have no form, which was then said.
func (l *lowering) peers(d ir.Direction, r *ir.Rule, namespace string) (peers, bool) {
	if r.Peers.IsAny() {
		return peers{any: true}, true
	}
	var out peers
	if at, others, some := lower.Located(r.Peers); !at.IsEmpty() {
		out.list = ipBlocks(at)
		if !some {
			return out, true
		}
		rest := *r
		rest.Peers, r = others, &rest
	}
	for _, pods := range r.Peers.Pods() {
		for _, part := range l.program.Inventory.Narrow(pods) {
			list, no := podPeers(part, namespace)
			if no != nil {
				l.refuse(r.Origin, no)
				return peers{}, false
			}
			out.list = append(out.list, list...)
		}
	}
	addresses, ok := l.addresses(d, r, l.target)
	if !ok {
		return peers{}, false
	}
	out.list = append(out.list, ipBlocks(addresses)...)
	if len(out.list) > maxParts {
		l.refuse(r.Origin, overBound("peers", len(out.list)))
		return peers{}, false
	}
	return out, true
}

// podPeers gives a set of pods as peers, several where a label's constraint is
// a union. A peer without a namespaceSelector is of the policy's namespace; one
// with both selectors is one item, since two would be a union.
func podPeers(pods ir.Pods, namespace string) ([]networkingv1.NetworkPolicyPeer, *refusal) {
	if !pods.Account.IsAnything() {
		return nil, byAccount(pods)
	}
	spaces, no := alternatives(lower.NamedNamespaces(pods.Namespace))
	if no != nil {
		return nil, no
	}
	labels, no := alternatives(pods.Labels)
	if no != nil {
		return nil, no
	}
	if n := len(spaces) * len(labels); n > maxParts {
		return nil, overBound("peers", n)
	}
	own := ir.InNamespace(namespace).Namespace
	var out []networkingv1.NetworkPolicyPeer
	for _, space := range spaces {
		for _, label := range labels {
			var peer networkingv1.NetworkPolicyPeer
			if !space.Equal(own) {
				peer.NamespaceSelector = pointer(lower.LabelSelector(space))
			}
			if space.Equal(own) || !label.IsEverything() {
				peer.PodSelector = pointer(lower.LabelSelector(label))
			}
			out = append(out, peer)
		}
	}
	return out, nil
}

func pointer(s metav1.LabelSelector) *metav1.LabelSelector { return &s }

// ends is what a rule's peers have beside pods.
type ends struct {
	outside   ir.External // empty for none
	nodes     bool        // nodes that need a rule
	local     set.Addresses
	server    bool
	addresses set.Addresses // of the API server
}

// addresses gives the address ranges of a rule's peers that are not pods, where
// ranges match what they do on the target; false where they have no form, which
// was then said.
func (l *lowering) addresses(d ir.Direction, r *ir.Rule, t lower.Target) (set.Addresses, bool) {
	e, no := endsOf(d, r, &l.program.Inventory.Facts)
	if no != nil {
		l.refuse(r.Origin, no)
		return set.Addresses{}, false
	}
	allPods := false
	for _, pods := range r.Peers.Pods() {
		allPods = allPods || pods.IsAll()
	}
	out, ok := l.outside(r, e, allPods, t)
	if e.nodes && !l.coversNodes(e, out) {
		nodes, no := l.nodes(d, allPods || t.Profile.RangesMatchPods() == "false")
		switch {
		case no == nil:
			out = out.Union(nodes)
		case no.code == diag.NeedsFact && e.outside.Addresses.Overlaps(ir.Private()):
			// What is said has the nodes outside private ranges, and no more
			// than is meant.
			l.leaveOut(r, "nodes", no)
		default:
			l.refuse(r.Origin, no)
			ok = false
		}
	}
	if e.server && e.addresses.IsEmpty() {
		l.refuse(r.Origin, &refusal{diag.NeedsFact, "where the API server runs is not known, and no selector finds it: it is on the host network or outside",
			"State its addresses, for example `cluster { api_server = [\"192.0.2.10/32\"] }`; they are those of the endpoints of the Service `kubernetes`, not the Service's own."})
		ok = false
	}
	if on := e.addresses.Intersect(l.program.Inventory.Facts.NodeCIDRs); !on.IsEmpty() && t.Profile.RangesMatchNodes() == "false" {
		l.refuse(r.Origin, &refusal{diag.CannotSay, fmt.Sprintf("the API server runs on nodes (%s), and no address range matches nodes (cidr_matches_nodes is false)", on),
			"Render for `cilium`, which knows the API server by what it is."})
		ok = false
	}
	return out.Union(e.addresses).Union(e.local), ok
}

// endsOf sorts out the peers that are not pods.
func endsOf(d ir.Direction, r *ir.Rule, f *ir.Facts) (ends, *refusal) {
	var e ends
	for _, p := range r.Peers.List() {
		switch p := p.(type) {
		case ir.Pods, ir.AnyPeer, ir.Infrastructure: // the last is nothing that the API knows
		case ir.RemotePods:
			return e, &refusal{diag.LacksRemote, "a NetworkPolicy knows the pods of its own cluster (" + p.String() + ")",
				"Name their addresses with `cidr`, render for `cilium` with its clusters connected, or accept it as `narrowed`, which takes the rule out."}
		case ir.External:
			e.outside = p
		case ir.Names:
			return e, &refusal{diag.LacksFQDN, "native NetworkPolicy knows addresses, not DNS names (" + p.Text() + ")",
				"Give `cidrs` where the addresses are stable, render for `cilium`, or accept it as `narrowed`."}
		case ir.Nodes:
			if !p.Labels.IsEverything() {
				return e, &refusal{diag.CannotSay, "a NetworkPolicy finds nodes by address only, and not by label (" + p.String() + ")",
					"Name `nodes`, which is all of them, or render for `calico` with host endpoints, or for `cilium` with `node_selector_labels`."}
			}
			// The pod's own node reaches it whatever policies say (web:
			// network-policies.md, "NetworkPolicy"), so ingress needs the others.
			if d == ir.Egress && (!p.Own || !p.Other) {
				return e, &refusal{diag.CannotSay, "a NetworkPolicy cannot tell the pod's own node from the others", "Name `nodes`, which is all of them."}
			}
			e.nodes = p.Other
		case ir.NodeLocal:
			if d == ir.Egress || f.Tunnel.Probes.ContainsAll(p.Addresses) {
				e.local = e.local.Union(p.Addresses)
			}
		case ir.APIServer:
			e.server, e.addresses = true, e.addresses.Union(p.Addresses)
		}
	}
	return e, nil
}

// outside gives the ranges of an external peer. Which pods and nodes an ipBlock
// matches is left to the CNI (kubernetes/website, network-policies.md), so theirs
// are taken out, unless other peers of the rule have them all anyway.
func (l *lowering) outside(r *ir.Rule, e ends, allPods bool, t lower.Target) (set.Addresses, bool) {
	if e.outside.Addresses.IsEmpty() {
		return set.Addresses{}, true
	}
	var found diag.List
	out, ok := t.OutsideBeside(&found, e.outside, l.program.Inventory.Facts, r, allPods, e.nodes)
	l.report.Add(found)
	return out, ok
}

// leaveOut warns that a part of a rule is not said for want of a fact.
func (l *lowering) leaveOut(r *ir.Rule, what string, why *refusal) {
	var one diag.List
	l.target.Warn(&one, diag.LeftOut, r.Origin,
		fmt.Sprintf("Rule %q leaves %s out on target %q: %s.", r.Origin.Address, what, l.target.Name, why.reason), why.nearest)
	l.report.Add(one)
}

// coversNodes reports whether the ranges have every node: those that the facts
// state; where they state none, every address but pods' or every address that
// nodes are assumed to have.
func (l *lowering) coversNodes(e ends, out set.Addresses) bool {
	if nodes := l.program.Inventory.Facts.NodeCIDRs; !nodes.IsEmpty() {
		return out.ContainsAll(nodes)
	}
	return e.outside.Addresses.IsAll() || out.ContainsAll(ir.Private())
}

// nodes gives the ranges of the nodes, which no selector finds: in most CNIs
// pods on the host network are their node's addresses to a policy. What a
// node-local cache listens on is its node's too. With noPods it does not matter
// that pods have the same addresses.
func (l *lowering) nodes(d ir.Direction, noPods bool) (set.Addresses, *refusal) {
	f := l.program.Inventory.Facts
	switch {
	case f.NodeCIDRs.IsEmpty():
		return set.Addresses{}, &refusal{diag.NeedsFact, "a NetworkPolicy finds nodes by address only, and `node_cidrs` is not stated",
			"State it in the cluster block, for example `cluster { node_cidrs = [\"192.168.0.0/24\"] }`."}
	case noPods:
	case f.PodCIDRs.IsEmpty():
		return set.Addresses{}, &refusal{diag.NeedsFact, "a NetworkPolicy finds nodes by address only, which may be pods' as well while `pod_cidrs` is not stated",
			"State it in the cluster block, for example `cluster { pod_cidrs = [\"10.244.0.0/16\"] }`."}
	case f.NodeCIDRs.Overlaps(f.PodCIDRs):
		return set.Addresses{}, &refusal{diag.CannotSay, fmt.Sprintf("a NetworkPolicy finds nodes by address only, and the facts give pods and nodes the same ones (%s)", f.NodeCIDRs.Intersect(f.PodCIDRs)),
			"State ranges that nodes have for themselves, or render for `cilium`, which tells them apart."}
	}
	if d == ir.Egress {
		return f.NodeCIDRs.Union(f.DNS.NodeLocal), nil
	}
	return f.NodeCIDRs, nil
}

// ipBlocks writes ranges as the API wants them: exceptions within their block
// and smaller than it (pkg/apis/networking/validation), one family in each.
func ipBlocks(a set.Addresses) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, b := range a.Blocks() {
		block := &networkingv1.IPBlock{CIDR: b.Prefix.String()}
		for _, e := range b.Except {
			block.Except = append(block.Except, e.String())
		}
		out = append(out, networkingv1.NetworkPolicyPeer{IPBlock: block})
	}
	return out
}
