package cilium

import (
	"fmt"
	"maps"
	"slices"

	"github.com/portolan-dev/portolan/frontends/kubernetes"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// clusterPolicies is the switch under which ClusterNetworkPolicies are enforced,
// from 1.20 on (enable-k8s-cluster-network-policy).
const clusterPolicies = "cluster_network_policy"

// readCluster reads the ClusterNetworkPolicies, which Cilium turns into entries
// of tiers around those of all other policies (pkg/k8s/cluster_network_policy.go).
func (l *lifting) readCluster(docs []manifest.Document) {
	policies, diags := kubernetes.ClusterPolicies(docs, l.options)
	if l.atLeast(20) && l.options.Profile.On(clusterPolicies) {
		l.diags = append(l.diags, diags...)
		l.tiered = policies
		return
	}
	for i := range policies {
		l.diags.Add(diag.NoEffect, policies[i].Range, policies[i].Address()+" has no effect: Cilium enforces such policies from 1.20 on, and where that is enabled.",
			"State the switch cluster_network_policy where it is.")
	}
}

// tier gives the stage of a tier: a level for each priority, to which a rule's
// place in its policy adds, whatever policy it is of. Rules of one priority are
// a level as others are, in which a deny wins over an accept and that over a
// pass. None of it closes anything.
func (l *lifting) tier(name string, d ir.Direction) (ir.Stage, bool) {
	const places = 100 // for the rules of one policy, which has 25
	at := map[int][]ir.Rule{}
	for i := range l.tiered {
		p := &l.tiered[i]
		if p.Tier != name {
			continue
		}
		subject, some := l.clusterSubject(p)
		if !some {
			continue
		}
		for k, r := range p.Rules(d) {
			key := p.Priority*places + k
			for _, part := range r.Parts {
				at[key] = append(at[key], l.clusterPart(subject, &part)...)
			}
		}
	}
	s := ir.Stage{Name: name, Order: map[string]float64{kubernetes.Admin: -1, kubernetes.Baseline: 1}[name]}
	for _, key := range slices.Sorted(maps.Keys(at)) {
		if rules := at[key]; len(rules) > 0 {
			s.Levels = append(s.Levels, ir.Level{Rules: rules})
		}
	}
	return s, len(s.Levels) > 0
}

func (l *lifting) clusterSubject(p *kubernetes.ClusterPolicy) (ir.Subject, bool) {
	seen, _, some := l.seen(p.Subject.Pods, p.Range, p.Address())
	if !some || seen.Equal(p.Subject.Pods) {
		return p.Subject, some
	}
	return ir.SubjectOf(seen), true
}

// clusterPart gives what a rule says of one of its peers. Pods are of this
// cluster; those of whole namespaces are of any, since Cilium adds no cluster to
// them (cilium/cilium#46949).
func (l *lifting) clusterPart(subject ir.Subject, part *kubernetes.ClusterPart) []ir.Rule {
	one := part.Rule
	one.Subject = subject
	refuse := func(why, todo string) []ir.Rule {
		l.diags.Add(diag.RefusedField, one.Origin.Range, one.Origin.Address+" "+why, todo)
		return nil
	}
	switch part.Field {
	case kubernetes.FieldNodes:
		return refuse("names nodes by their labels, and whether Cilium finds the pod's own among them is not sure.", "Use a CiliumNetworkPolicy with entities.")
	case kubernetes.FieldDomainNames:
		return refuse("names domains, for which Cilium lets pods ask DNS for these alone.", "Use toFQDNs, with rules.dns, in a CiliumNetworkPolicy.")
	case kubernetes.FieldNamespaces, kubernetes.FieldPods, kubernetes.FieldNetworks:
	}
	var out []ir.Rule
	for _, peer := range one.Peers.List() {
		pods, ofPods := peer.(ir.Pods)
		var sides []side
		if !ofPods {
			sides = []side{{peers: []ir.Peer{peer}}}
		} else if reqs := scoped(pods, part.Field == kubernetes.FieldPods); l.selectsStandIns(reqs) {
			return refuse("is met by whatever has none of these labels, and with that by what stands for all pods of the cluster at once: Cilium lets those pass that it leaves out.",
				"Use pods in place of namespaces, or ask for a label that the namespaces have.")
		} else {
			l.seen(pods, one.Origin.Range, one.Origin.Address)
			sides = l.endpoints(reqs)
		}
		for _, s := range sides {
			if peers, some := ir.PeersOf(s.peers...); some {
				r := one
				r.Peers, r.If = peers, slices.Concat(one.If, s.conditions)
				out = append(out, r)
			}
		}
	}
	return out
}

// pastProxy refuses what lets DNS pass before a policy has the proxy look at it:
// no address of a name is learnt then.
func (l *lifting) pastProxy(admin *ir.Stage) {
	for _, r := range admin.Rules() {
		if r.Action != ir.Allow {
			continue
		}
		for _, one := range l.rules {
			for _, i := range one.items {
				for _, p := range i.ports {
					if i.direction == ir.Egress && p.dns && l.mayShare(one.subject.Pods, r.Subject.Pods) && meets(r.Traffic, &p) {
						l.diags.Add(diag.RefusedField, r.Origin.Range, fmt.Sprintf("%s accepts DNS of pods whose DNS %s has pass Cilium's proxy: what is accepted first does not.", r.Origin.Address, i.origin.Address),
							"Leave the port of DNS out of the accept.")
					}
				}
			}
		}
	}
}

// mayShare reports whether some pod may be of both sets, by what is declared of
// namespaces.
func (l *lifting) mayShare(a, b ir.Pods) bool {
	both, some := a.And(b)
	return some && len(l.options.Inventory.Narrow(both)) > 0
}

func meets(t ir.Traffic, p *portRule) bool {
	if t.IsAll() || len(t.Named()) > 0 {
		return true
	}
	for k := range p.keys() {
		if t.Ports(k.protocol).Contains(k.port) {
			return true
		}
	}
	return false
}
