package kubernetes

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// tieFact is the switch that says which of two policies of equal priority is
// asked first. The API leaves it open, flow by flow (network-policy-api,
// apis/v1alpha2/clusternetworkpolicy_types.go, Priority).
const tieFact = "cluster_network_policy_ties"

// tier gives the stage of a tier's rules for a direction: by priority, and in a
// policy by the order of its rules. False where there are none. Policies of one
// priority that contradict each other are tried with each of them first.
func tier(name string, d ir.Direction, all []ClusterPolicy, diags *diag.List) (ir.Stage, bool) {
	var policies []*ClusterPolicy
	for i := range all {
		if p := &all[i]; p.Tier == name && len(p.Rules(d)) > 0 {
			policies = append(policies, p)
		}
	}
	slices.SortFunc(policies, func(a, b *ClusterPolicy) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	l := levels{}
	for len(policies) > 0 {
		n := 1
		for n < len(policies) && policies[n].Priority == policies[0].Priority {
			n++
		}
		l.tied(d, policies[:n], diags)
		policies = policies[n:]
	}
	return ir.Stage{Name: name, Order: map[string]float64{Admin: -1, Baseline: 1}[name], Levels: l.list}, len(l.list) > 0
}

// levels is a list of rules of which the first that matches decides: one level
// for each, but for neighbours with the same action.
type levels struct{ list []ir.Level }

func (l *levels) add(d ir.Direction, p *ClusterPolicy, when ...ir.Condition) {
	for _, r := range p.Rules(d) {
		for _, part := range r.Parts {
			rule := part.Rule
			rule.If = append(slices.Clone(rule.If), when...)
			if n := len(l.list); n > 0 && l.list[n-1].Rules[0].Action == rule.Action {
				l.list[n-1].Rules = append(l.list[n-1].Rules, rule)
				continue
			}
			l.list = append(l.list, ir.Level{Rules: []ir.Rule{rule}})
		}
	}
}

// tied adds policies of one priority, of which each that contradicts another
// may come first. Where those stand that contradict none is of no matter. Of the
// contradicting ones all but the last stand twice: first where their condition
// holds, and then after the last.
func (l *levels) tied(d ir.Direction, policies []*ClusterPolicy, diags *diag.List) {
	torn := contradicting(d, policies, diags)
	for i, p := range torn {
		if i < len(torn)-1 {
			l.add(d, p, ir.Condition{
				Atom: fmt.Sprintf("kubernetes %s is asked first for %s of priority %d in tier %s", p.Address(), d, p.Priority, p.Tier),
				Fact: tieFact,
			})
		}
	}
	if n := len(torn); n > 0 {
		l.add(d, torn[n-1])
	}
	for _, p := range policies {
		if n := len(torn); n == 0 || p != torn[n-1] {
			l.add(d, p)
		}
	}
}

// maxCompared bounds the rules of one priority that are compared with each
// other, which takes the square of their number. Policies with more are taken to
// contradict each other, which at worst leaves a verdict unknown.
const maxCompared = 2000

// contradicting gives those policies of one priority that decide otherwise
// than another about what may be the same flow, and warns of each.
func contradicting(d ir.Direction, policies []*ClusterPolicy, diags *diag.List) []*ClusterPolicy {
	rules, actions := 0, map[ir.Action]bool{}
	for _, p := range policies {
		for _, r := range p.Rules(d) {
			rules++
			actions[r.Action] = true
		}
	}
	switch {
	case len(actions) <= 1:
		return nil
	case rules > maxCompared && len(policies) > 1:
		return policies
	}
	torn := make([]bool, len(policies))
	for j, q := range policies {
		for i, p := range policies[:j] {
			r, s, clash := contradiction(p.Rules(d), q.Rules(d))
			if clash && !(torn[i] && torn[j]) {
				warnTie(p, r, s, diags)
			}
			torn[i], torn[j] = torn[i] || clash, torn[j] || clash
		}
	}
	var out []*ClusterPolicy
	for i, p := range policies {
		if torn[i] {
			out = append(out, p)
		}
	}
	return out
}

// contradiction gives two rules with different actions that may both match.
func contradiction(a, b []ClusterRule) (r, s *ClusterRule, clash bool) {
	for i := range a {
		for j := range b {
			if a[i].Action != b[j].Action && a[i].mayMeet(&b[j]) {
				return &a[i], &b[j], true
			}
		}
	}
	return nil, nil, false
}

func (r *ClusterRule) mayMeet(s *ClusterRule) bool {
	return slices.ContainsFunc(r.Parts, func(p ClusterPart) bool {
		return slices.ContainsFunc(s.Parts, func(q ClusterPart) bool { return mayMeet(&p.Rule, &q.Rule) })
	})
}

// mayMeet reports whether both rules may match one flow.
func mayMeet(r, s *ir.Rule) bool {
	return r.Subject.Pods.Overlaps(s.Subject.Pods) && trafficMeets(r.Traffic, s.Traffic) && peersMeet(r.Peers, s.Peers)
}

func peersMeet(p, q ir.Peers) bool {
	return slices.ContainsFunc(p.List(), func(a ir.Peer) bool {
		return slices.ContainsFunc(q.List(), func(b ir.Peer) bool { return peerMeets(a, b) })
	})
}

// peerMeets reports whether two peers may have an endpoint in common. What is
// outside the cluster has addresses and names both.
func peerMeets(a, b ir.Peer) bool {
	switch a := a.(type) {
	case ir.Pods:
		b, same := b.(ir.Pods)
		return same && a.Overlaps(b)
	case ir.External:
		if b, same := b.(ir.External); same {
			return a.Addresses.Overlaps(b.Addresses)
		}
	}
	return kindOf(a) == kindOf(b)
}

func kindOf(p ir.Peer) string {
	switch p.(type) {
	case ir.Pods:
		return "pod"
	case ir.Nodes:
		return "node"
	}
	return "outside"
}

// trafficMeets reports whether two traffics of ClusterNetworkPolicies may have
// something in common. A name may stand for any port.
func trafficMeets(t, u ir.Traffic) bool {
	if t.IsAll() || u.IsAll() {
		return true
	}
	return slices.ContainsFunc(ir.Protocols[:], func(p ir.Protocol) bool {
		a, hasA := t.Only(p)
		b, hasB := u.Only(p)
		return hasA && hasB && (a.Named() != nil || b.Named() != nil || !a.Ports(p).Intersect(b.Ports(p)).IsEmpty())
	})
}

func warnTie(p *ClusterPolicy, r, s *ClusterRule, diags *diag.List) {
	diags.Add(diag.NoEffect, s.Origin.Range,
		fmt.Sprintf("%s and %s may both match, and decide otherwise at the same priority (%d, tier %s).", r.Origin.Address, s.Origin.Address, p.Priority, p.Tier),
		"The API leaves open which of the two policies is asked first. Give them different priorities.").
		Relate(r.Origin.Range, "The other rule is here.")
}
