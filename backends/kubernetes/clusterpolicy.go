package kubernetes

import (
	"slices"

	"github.com/portolan-dev/portolan/backends/clusterpolicy"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// clusterPolicies is the switch under which tiers, denies and what a default
// closes beyond declared namespaces are said with ClusterNetworkPolicy.
const clusterPolicies = "cluster_network_policy"

// divide leaves to the network policies what ClusterNetworkPolicies do not say,
// and gives what they do. They come first, so that what is in a tier and what is
// denied goes to them, all but ingress from what is no pod, which they cannot
// name (apis/v1alpha2/clusternetworkpolicy_types.go,
// ClusterNetworkPolicyIngressPeer): that stays, and is flattened.
func (l *lowering) divide() []clusterpolicy.Entry {
	if !l.target.Profile.On(clusterPolicies) {
		return nil
	}
	entries, rest := clusterpolicy.Divide(l.program, &l.report, clusterpolicy.Options{
		Denies: true, Flatten: flattenOptions,
		Says: func(d ir.Direction, p ir.Peer) bool {
			pods, isPods := p.(ir.Pods)
			return d == ir.Egress || isPods && pods.Except.IsEmpty()
		},
	})
	l.program = rest
	return entries
}

// The priorities in the tier Baseline.
const (
	baselineAllow   = 500
	baselineDefault = 1000
)

// baseline gives what is said in the tier Baseline: what is closed of
// namespaces in which no network policy can stand, and what is allowed there.
// No pod that a network policy closes gets there. The stage is left without it.
//
// Nothing in the tier denies ingress from what is no pod, so that it closes
// egress alone.
func (l *lowering) baseline(d ir.Direction, s *ir.Stage) ([]clusterpolicy.Entry, *ir.Stage) {
	if !l.target.Profile.On(clusterPolicies) {
		return nil, s
	}
	var out []clusterpolicy.Entry
	left := *s
	left.Isolate = nil
	for _, iso := range s.Isolate {
		switch {
		case !l.beyond(iso.Subject.Pods):
			left.Isolate = append(left.Isolate, iso)
			continue
		case d == ir.Ingress:
			l.refuse(iso.Origin, &refusal{diag.CannotSay,
				"it closes ingress in namespaces that are not declared, where a ClusterNetworkPolicy can deny what pods send, and not what comes from outside and from nodes",
				"Close egress there (`default_deny = \"egress\"`) and declare the namespaces that ingress is to be closed in, or render for `calico` or `cilium`."})
			continue
		}
		everyone, _ := ir.PeersOf(ir.AnyPeer{})
		out = append(out, clusterpolicy.Entry{
			Tier: clusterpolicy.Baseline, Priority: baselineDefault, Step: "rules--default", Direction: d,
			Rule: ir.Rule{Subject: iso.Subject, Peers: everyone, Traffic: ir.AllTraffic(), Action: ir.Deny, Origin: iso.Origin},
		})
		for _, r := range s.Rules() {
			both, some := r.Subject.Pods.And(iso.Subject.Pods)
			if !some || r.Action != ir.Allow || !l.beyond(both) {
				continue
			}
			switch {
			case both.Equal(iso.Subject.Pods):
				r.Subject = iso.Subject
			case !both.Equal(r.Subject.Pods):
				r.Subject = ir.SubjectOf(both)
			}
			out = append(out, clusterpolicy.Entry{Tier: clusterpolicy.Baseline, Priority: baselineAllow, Step: "rules--allow", Direction: d, Rule: r})
		}
	}
	left.Index()
	return out, &left
}

// beyond reports pods of namespaces that are not declared.
func (l *lowering) beyond(pods ir.Pods) bool {
	_, beyond := l.program.Inventory.Declared(pods)
	return beyond
}

// clusterObjects writes the ClusterNetworkPolicies.
func (l *lowering) clusterObjects(entries []clusterpolicy.Entry) []manifest.Object {
	for i := range entries {
		l.report.Lacking(&entries[i].Rule)
	}
	w := clusterpolicy.Writer{Inventory: &l.program.Inventory, Report: &l.report, Everyone: true, Networks: l.networks}
	return w.Objects(entries)
}

// networks gives the addresses of an egress rule's peers that are not pods.
// Networks match pods and nodes by the API, whatever ipBlocks do.
func (l *lowering) networks(r *ir.Rule) (set.Addresses, bool) {
	if r.Peers.IsAny() {
		return set.AllAddresses(), true
	}
	if slices.ContainsFunc(r.Peers.List(), func(p ir.Peer) bool { _, named := p.(ir.Names); return named }) {
		l.refuse(r.Origin, &refusal{diag.LacksFQDN, "a ClusterNetworkPolicy knows addresses; DNS names are of its experimental channel and only to be accepted",
			"Give `cidrs` where the addresses are stable, or write the rule outside tiers and render for `cilium`."})
		return set.Addresses{}, false
	}
	everyone := l.target
	for _, name := range []string{"cidr_matches_pods", "cidr_matches_nodes"} {
		everyone.Profile, _ = everyone.Profile.With(name, "true")
	}
	return l.addresses(ir.Egress, r, everyone)
}
