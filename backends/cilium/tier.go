package cilium

import (
	"slices"
	"strconv"

	"github.com/portolan-dev/portolan/backends/clusterpolicy"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// clusterPolicies is the switch under which tiers are said with
// ClusterNetworkPolicy, which Cilium has from 1.20 on.
const clusterPolicies = "cluster_network_policy"

var flattening = lower.FlattenOptions{KeepDenies: true}

// divide gives what ClusterNetworkPolicies say of the tiers, and the rest of the
// program, which Cilium asks for what they leave open. Where a tier has something
// that they do not say, and this is no matter of peers, all tiers are flattened
// as without them.
func (l *lowering) divide(p *ir.Program) ([]clusterpolicy.Entry, *ir.Program) {
	profile := l.target.Profile
	if !profile.On(clusterPolicies) || !profile.Version.AtLeast(1, 20) || !l.tiersSayable(p) {
		return nil, p
	}
	return clusterpolicy.Divide(p, &l.report, clusterpolicy.Options{Says: says, Flatten: flattening})
}

// says reports whether ClusterNetworkPolicies name peers of a kind as Cilium
// reads them: pods, and for egress the outside by ranges.
func says(d ir.Direction, p ir.Peer) bool {
	switch p.(type) {
	case ir.Pods:
		return true
	case ir.External:
		return d == ir.Egress
	}
	return false
}

// likeNodes reports pods of which a selector would have nodes too: where nodes
// have labels they have the cluster's, and no namespace.
func (l *lowering) likeNodes(p ir.Pods) bool {
	has := func(s ir.Selector) bool {
		return slices.ContainsFunc(s.Requirements(), func(r ir.Requirement) bool { return !r.Constraint.MatchesAbsent() })
	}
	spaces := lower.NamedNamespaces(p.Namespace) // as they are written
	return l.target.Profile.On("node_selector_labels") && !spaces.IsEverything() && !has(spaces) && !has(p.Labels)
}

// tiersSayable reports that tiers have nothing but what ClusterNetworkPolicies
// say or leave whole, and that none stands after the rules outside tiers: what
// these close is open to what comes later in Cilium, and final in the model.
func (l *lowering) tiersSayable(p *ir.Program) bool {
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		rules := false
		for _, s := range p.Stages(d) {
			if rules && len(s.Levels)+len(s.Isolate) > 0 {
				return false
			}
			if rules = rules || s.Name == ir.StageRules; rules || s.Name == ir.StageAxioms {
				continue
			}
			if slices.ContainsFunc(s.Rules(), func(r ir.Rule) bool { return !portsOnly(&r) || !l.apart(d, r.Peers) }) {
				return false
			}
		}
	}
	return true
}

// portsOnly reports that a rule asks for ports, and that its subject is told by
// labels.
func portsOnly(r *ir.Rule) bool {
	v4, v6 := r.Traffic.ICMP()
	ports := r.Traffic.IsAll() || v4.IsEmpty() && v6.IsEmpty() && r.Traffic.Numbers().IsEmpty()
	return ports && r.Traffic.Requests() == nil && r.Traffic.Names() == nil && len(r.If) == 0 && r.Subject.Pods.Account.IsAnything()
}

// apart reports that no peer is in part what policies name and in part not, so
// that what they do not name of one tier is no matter of theirs in a later one.
func (l *lowering) apart(d ir.Direction, peers ir.Peers) bool {
	return !slices.ContainsFunc(peers.List(), func(p ir.Peer) bool {
		switch p := p.(type) {
		case ir.Pods:
			return !p.Account.IsAnything() || l.likeNodes(p)
		case ir.Names, ir.APIServer: // they are of the outside too
			return d == ir.Egress
		}
		return false
	})
}

// clusterObjects writes the ClusterNetworkPolicies.
func (l *lowering) clusterObjects(entries []clusterpolicy.Entry) []manifest.Object {
	for i := range entries {
		r := &entries[i].Rule
		l.report.Lacking(r)
		for _, pods := range append(r.Peers.Pods(), r.Subject.Pods) {
			if _, ref := selectors(pods, true); ref != nil { // of labels that Cilium does not see
				l.refuse(r.Origin, ref)
			}
		}
		// A pass that was taken out of a later step can leave such pods.
		if slices.ContainsFunc(r.Peers.Pods(), l.likeNodes) {
			l.refuse(r.Origin, &refusal{diag.LacksOrder, "what is left of it beside the passes of its tier is pods by labels that they do not have, and nodes do not have these either",
				"Write the rules that it passes on to into its tier, or tell its peers by labels that they have."})
		}
	}
	w := clusterpolicy.Writer{Inventory: &l.program.Inventory, Report: &l.report, Networks: networks}
	objects := w.Objects(entries)
	if l.meshed() {
		for _, o := range objects {
			ofThisCluster(o.Value.(*clusterpolicy.Policy))
		}
	}
	return objects
}

// ofThisCluster asks for pods in place of whole namespaces, to which Cilium adds
// no cluster as it does to pods.
func ofThisCluster(p *clusterpolicy.Policy) {
	own := func(s *clusterpolicy.Selection) {
		if s.Namespaces != nil {
			*s = clusterpolicy.Selection{Pods: &clusterpolicy.NamespacedPods{NamespaceSelector: *s.Namespaces}}
		}
	}
	for _, rules := range [][]clusterpolicy.Rule{p.Spec.Ingress, p.Spec.Egress} {
		for i := range rules {
			for k := range rules[i].From {
				own(&rules[i].From[k])
			}
			for k := range rules[i].To {
				own(&rules[i].To[k].Selection)
			}
		}
	}
}

// networks gives the addresses of the outside, which is all that networks match
// (pkg/policy/types/selector.go CIDRSelector).
func networks(r *ir.Rule) (set.Addresses, bool) {
	for _, p := range r.Peers.List() {
		if e, ok := p.(ir.External); ok {
			return e.Addresses, true
		}
	}
	return set.Addresses{}, true
}

// pastProxy refuses a name whose DNS a tier accepts: what is accepted there does
// not pass Cilium's proxy, which then learns no addresses.
func (l *lowering) pastProxy(pods ir.Pods) *refusal {
	dns, _ := ir.PeersOf(l.program.Inventory.Facts.DNS.Pods)
	for i := range l.tiers {
		e := &l.tiers[i]
		if e.Direction != ir.Egress || e.Rule.Action != ir.Allow {
			continue
		}
		for _, protocol := range []ir.Protocol{ir.UDP, ir.TCP} {
			query := ir.Rule{Subject: ir.SubjectOf(pods), Peers: dns, Traffic: l.dnsOver(protocol)}
			if lower.Overlap(l.program, &e.Rule, &query) {
				return &refusal{diag.LacksFQDN, "rule " + strconv.Quote(e.Rule.Origin.Address) + " of a tier accepts DNS before Cilium's proxy sees it, which learns a name's addresses from the answers",
					"Leave the port of DNS out of that rule."}
			}
		}
	}
	return nil
}
