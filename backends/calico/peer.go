package calico

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// maxNets bounds each list of address ranges and maxEntries each list of rules
// (api/pkg/apis/projectcalico/v3: 256 and 1024 from 3.33), and maxExpanded what
// one rule of the intent may become.
const (
	maxNets     = 256
	maxEntries  = 1000
	maxExpanded = 10_000
)

// peer is a set of endpoints in the form of one Calico rule.
type peer struct {
	kind   peerKind
	entity v3.EntityRule // empty for anyone alone
	family int           // 4 or 6 where the entity is of one family, else 0
}

type peerKind uint8

const (
	anyone  peerKind = iota + 1
	pods             // endpoints with ports that have names
	ranges           // addresses
	service          // a Service's endpoints, as destinations at its ports, beside which none may stand
)

// peers gives a rule's peers as Calico rules name them, and whether the rule
// may be emitted. No peers without a refusal means that Calico has none of
// these endpoints; the rule is then left out, never opened.
func (l *lowering) peers(d ir.Direction, r *ir.Rule, namespace string) (out []peer, ok bool) {
	ok = true
	add := func(list []peer, no *refusal) {
		if no != nil {
			l.refuse(r.Origin, no)
			ok = false
		}
		out = append(out, list...)
	}
	at, others, _ := lower.Located(r.Peers)
	out = l.rangePeers(at, namespace)
	for _, p := range mergeNamespaces(others.Pods()) {
		if !nobody(p) {
			add(podPeers(p, namespace))
		}
	}
	for _, p := range others.List() {
		switch p := p.(type) {
		case ir.AnyPeer:
			out = append(out, peer{kind: anyone})
		case ir.Pods: // above
		case ir.External:
			addresses, some := l.target.Outside(&l.diags, p, l.program.Inventory.Facts, r)
			ok = ok && some
			out = append(out, l.rangePeers(addresses, namespace)...)
		case ir.Nodes:
			add(l.nodePeers(d, r, p, namespace))
		case ir.NodeLocal:
			out = append(out, l.rangePeers(p.Addresses, namespace)...)
		case ir.APIServer:
			add(l.apiServerPeers(d, r, p, namespace))
		case ir.RemotePods:
			add(nil, &refusal{diag.LacksRemote, "open source Calico knows no pods of other clusters (" + p.String() + ")",
				"Name their addresses with `cidr`, render for `cilium` with its clusters connected, or accept it as `narrowed`, which takes the rule out."})
		case ir.Infrastructure: // Calico has no endpoints of its own
		case ir.Names:
			ok = false // refused before
		}
	}
	return out, ok
}

// mergeNamespaces makes one set of those that differ only in the names of their
// namespaces.
func mergeNamespaces(sets []ir.Pods) []ir.Pods {
	if len(sets) < 2 {
		return sets
	}
	var out []ir.Pods
	at := map[string]int{}
	for _, p := range sets {
		names, named := p.Names()
		rest := p
		rest.Namespace = p.Namespace.Without(ir.NamespaceName)
		key := rest.String()
		i, seen := at[key]
		if !named || !seen {
			if named {
				at[key] = len(out)
			}
			out = append(out, p)
			continue
		}
		have, _ := out[i].Names()
		merged := rest
		merged.Namespace, _ = ir.InNamespace(slices.Concat(have, names)...).Namespace.And(rest.Namespace)
		out[i] = merged
	}
	return out
}

// podPeers names pods, in as many rules as the bound on selectors asks for.
func podPeers(p ir.Pods, namespace string) ([]peer, *refusal) {
	e, no := podEntity(p, namespace)
	if no == nil {
		no = tooLong(e.Selector, e.NamespaceSelector)
	}
	if no == nil {
		return []peer{{kind: pods, entity: e}}, nil
	}
	a, b, ok := halves(p)
	if no.code != diag.OverBound || !ok {
		return nil, no
	}
	first, no := podPeers(a, namespace)
	if no != nil {
		return nil, no
	}
	second, no := podPeers(b, namespace)
	return append(first, second...), no
}

// podEntity names pods in a policy of the namespace, "" for a global one. A
// namespace selector is left out only for the policy's own namespace: in a
// global policy that would be every namespace, host endpoints and network sets.
func podEntity(p ir.Pods, namespace string) (v3.EntityRule, *refusal) {
	var e v3.EntityRule
	var no *refusal
	if own, ok := ownNamespace(p); !ok || own != namespace {
		if e.NamespaceSelector, no = namespaces(p.Namespace); no != nil {
			return e, no
		}
	}
	if names, ok := always(p.Account).Values(); ok {
		if no := unquotable(v3.LabelServiceAccount, names); no != nil {
			return e, no
		}
		e.ServiceAccounts = &v3.ServiceAccountMatch{Names: names}
		p.Account = ir.Anything()
	}
	labels, no := podLabels(p)
	e.Selector = podsOnly(labels)
	return e, no
}

// halves parts a set in two by the values of its longest list; false where no
// list has two. A list of what something is not cannot be parted.
func halves(p ir.Pods) (a, b ir.Pods, ok bool) {
	var longest []string
	var with func(values []string) ir.Pods
	consider := func(c ir.Constraint, f func(values []string) ir.Pods) {
		if values, finite := c.Values(); finite && size(values) > size(longest) {
			longest, with = values, f
		}
	}
	for _, r := range p.Namespace.Requirements() {
		consider(r.Constraint, func(values []string) ir.Pods {
			q := p
			q.Namespace = narrowed(p.Namespace, r.Key, values)
			return q
		})
	}
	for _, r := range p.Labels.Requirements() {
		consider(r.Constraint, func(values []string) ir.Pods {
			q := p
			q.Labels = narrowed(p.Labels, r.Key, values)
			return q
		})
	}
	if len(longest) < 2 {
		return p, p, false
	}
	middle := len(longest) / 2
	return with(longest[:middle]), with(longest[middle:]), true
}

func size(values []string) int {
	if len(values) < 2 {
		return 0
	}
	return len(strings.Join(values, "', '"))
}

// narrowed gives the selector with one of the values for a key, which are some
// of those that it had.
func narrowed(s ir.Selector, key string, values []string) ir.Selector {
	out, _ := ir.Select(append(slices.Clone(s.Without(key).Requirements()), ir.Requirement{Key: key, Constraint: ir.OneOf(values...)})...)
	return out
}

// rangePeers names addresses in a policy of the namespace: one family in a rule,
// or all in a network set where one rule does not take those of a family.
func (l *lowering) rangePeers(a set.Addresses, namespace string) []peer {
	out := inRules(a)
	if len(out) > len(lower.Families(a)) {
		return []peer{l.setPeer(a, namespace)}
	}
	return out
}

// inRules names addresses in rules that take no more ranges than they may.
// Exceptions stand only beside the ranges that they are parts of: exceptions of
// one family alone would confine a rule to it (felix/rules/policy.go,
// filterNets).
func inRules(a set.Addresses) []peer {
	var out []peer
	for _, blocks := range lower.Families(a) {
		family := 4
		if blocks[0].Prefix.Addr().Is6() {
			family = 6
		}
		var e v3.EntityRule
		flush := func() {
			if len(e.Nets) > 0 {
				out = append(out, peer{ranges, e, family})
			}
			e = v3.EntityRule{}
		}
		for _, b := range splitBlocks(blocks) {
			if len(e.Nets) == maxNets || len(e.NotNets)+len(b.Except) > maxNets {
				flush()
			}
			e.Nets = append(e.Nets, b.Prefix.String())
			for _, x := range b.Except {
				e.NotNets = append(e.NotNets, x.String())
			}
		}
		flush()
	}
	return out
}

// splitBlocks halves the blocks that have more exceptions than a rule takes.
func splitBlocks(blocks []set.Block) []set.Block {
	var out []set.Block
	for _, b := range blocks {
		if len(b.Except) <= maxNets {
			out = append(out, b)
			continue
		}
		whole := set.AddressesOf(b.Prefix).Subtract(set.AddressesOf(b.Except...))
		left := set.AddressesOf(netip.PrefixFrom(b.Prefix.Addr(), b.Prefix.Bits()+1))
		out = append(out, splitBlocks(whole.Intersect(left).Blocks())...)
		out = append(out, splitBlocks(whole.Subtract(left).Blocks())...)
	}
	return out
}

// nodePeers names nodes: by label, where they are host endpoints, or all of them
// by the ranges that the facts state for them, less those of pods.
func (l *lowering) nodePeers(d ir.Direction, r *ir.Rule, n ir.Nodes, namespace string) ([]peer, *refusal) {
	switch {
	case r.Subject.Kind == ir.SubjectNodes: // which are not policed towards themselves
	case d == ir.Ingress && !n.Other && r.Action == ir.Allow:
		return nil, nil // a host always reaches its own pods (felix/rules/static.go)
	case d == ir.Ingress && !n.Other, d == ir.Egress && n.Own != n.Other:
		return nil, &refusal{diag.CannotSay, "Calico cannot tell a pod's own node from the others", "Name `nodes`, which is all of them."}
	}
	f := l.program.Inventory.Facts
	stated := !f.NodeCIDRs.IsEmpty() && !f.PodCIDRs.IsEmpty()
	switch hasHosts := l.target.Profile.On(hostSwitch); {
	case hasHosts && (!n.Labels.IsEverything() || !stated):
		text, no := hosts(n.Labels)
		return []peer{{kind: ranges, entity: v3.EntityRule{NamespaceSelector: "global()", Selector: text}}}, no
	case !n.Labels.IsEverything():
		return nil, &refusal{diag.NeedsSwitch, "Calico knows nodes by label only where they are host endpoints (" + hostSwitch + " is " + l.target.Profile.Switch(hostSwitch) + ")", stateHosts}
	}
	var missing []string
	if f.NodeCIDRs.IsEmpty() {
		missing = append(missing, "node_cidrs")
	}
	if f.PodCIDRs.IsEmpty() {
		missing = append(missing, "pod_cidrs")
	}
	if missing != nil {
		return nil, &refusal{diag.NeedsFact, "Calico knows nodes by address only, and " + strings.Join(missing, " and ") + " must be stated to tell them from pods",
			fmt.Sprintf("State it in the cluster block, for example `cluster { %s = [\"10.0.0.0/16\"] }`.", missing[0])}
	}
	addresses := f.NodeCIDRs.Subtract(f.PodCIDRs)
	if addresses.IsEmpty() {
		return nil, &refusal{diag.NeedsFact, "all of node_cidrs are pods' addresses by pod_cidrs", "State the ranges that only nodes have."}
	}
	return l.rangePeers(addresses, namespace), nil
}

// apiServerPeers names the API server: by its addresses where they are stated.
// Where they are not, rules name the Service's endpoints, which Calico follows by
// itself. As a source these are addresses, whatever the ports. As a destination
// they come with their own port, so the rule must not ask for ports, and what an
// allow has beyond that port is left out.
func (l *lowering) apiServerPeers(d ir.Direction, r *ir.Rule, a ir.APIServer, namespace string) ([]peer, *refusal) {
	endpoints := peer{kind: service, entity: v3.EntityRule{Services: &v3.ServiceMatch{Name: "kubernetes", Namespace: "default"}}}
	switch {
	case !a.Addresses.IsEmpty():
		return l.rangePeers(a.Addresses, namespace), nil
	case d == ir.Ingress:
		return []peer{endpoints}, nil
	case r.Action == ir.Allow && r.Traffic.IsAll():
		l.target.Warn(&l.diags, diag.LeftOut, r.Origin,
			fmt.Sprintf("Rule %q opens only the API server's own port on target %q, since api_server is not stated.", r.Origin.Address, l.target.Name),
			"State `api_server` in the cluster block to have the rule for every port, or with ports.")
		return []peer{endpoints}, nil
	}
	return nil, &refusal{diag.NeedsFact, "the API server is no pod, and its addresses are not stated",
		"State them in the cluster block: `cluster { api_server = [\"192.0.2.10/32\"] }`. An egress allow without ports does without."}
}
