package lower

import (
	"math"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// calicoDefault is the tier that Calico puts policies in that name none, and
// calicoDefaultOrder its order.
const (
	calicoDefault      = "default"
	calicoDefaultOrder = 1_000_000
)

// outsideTiers calls the stage of what is in no tier StageRules.
func outsideTiers(stages []ir.Stage) []ir.Stage {
	if slices.ContainsFunc(stages, func(x ir.Stage) bool { return x.Name == ir.StageRules }) {
		return stages
	}
	for i := range stages {
		if stages[i].Name == calicoDefault {
			stages[i].Name = ir.StageRules
		}
	}
	return stages
}

// foldLogs makes one rule of a log and of what is decided right behind it about
// the same flows, as a rule that also logs is written.
func foldLogs(stages []ir.Stage) []ir.Stage {
	for i := range stages {
		s := &stages[i]
		var before *ir.Rule // the log that a rule stands behind
		for l := range s.Levels {
			rules := s.Levels[l].Rules
			for j := range rules {
				r := &rules[j]
				if before != nil && r.Action != ir.Log && sameFlows(before, r) {
					r.Log, before.Traffic = true, ir.Traffic{}
				}
				if before = nil; r.Action == ir.Log {
					before = r
				}
			}
		}
	}
	return eachLevel(stages, func(rules []ir.Rule) []ir.Rule {
		return slices.DeleteFunc(rules, func(r ir.Rule) bool { return r.Traffic.IsEmpty() })
	})
}

func sameFlows(a, b *ir.Rule) bool {
	return a.Subject.Pods.Equal(b.Subject.Pods) && a.Peers.Equal(b.Peers) && a.Traffic.String() == b.Traffic.String() && a.Mode == b.Mode
}

// precedence is how actions beat each other in a level. A log decides nothing.
var precedence = [...]int{ir.Log: 0, ir.Deny: 1, ir.Allow: 2, ir.Pass: 3}

// compact makes one level of levels that follow each other where that means the
// same: none of the second is beaten by what the first has.
func compact(stages []ir.Stage) []ir.Stage {
	for i := range stages {
		var out []ir.Level
		for _, l := range stages[i].Levels {
			if n := len(out) - 1; n >= 0 && least(l) >= greatest(out[n]) {
				out[n].Rules = append(slices.Clip(out[n].Rules), l.Rules...)
				continue
			}
			out = append(out, l)
		}
		stages[i].Levels = out
	}
	return stages
}

func least(l ir.Level) int {
	out := math.MaxInt
	for _, r := range l.Rules {
		out = min(out, precedence[r.Action])
	}
	return out
}

func greatest(l ir.Level) int {
	out := 0
	for _, r := range l.Rules {
		out = max(out, precedence[r.Action])
	}
	return out
}

// foldNames takes out the refusals that stand behind the DNS names that a rule
// of Cilium allows, where what nothing else decides is denied anyway.
func foldNames(p *ir.Program, stages []ir.Stage) []ir.Stage {
	d := domain{inv: &p.Inventory}
	for i := range stages {
		s := &stages[i]
		for l := 1; l < len(s.Levels); l++ {
			s.Levels[l].Rules = slices.DeleteFunc(s.Levels[l].Rules, func(r ir.Rule) bool {
				return r.Action == ir.Deny && slices.ContainsFunc(s.Levels[l-1].Rules, func(a ir.Rule) bool { return refusesOthers(&a, &r) }) &&
					d.closes(p, s, r.Subject.Pods) && !d.allowsAny(s.Levels[l+1:], &r)
			})
		}
		s.Levels = slices.DeleteFunc(s.Levels, func(l ir.Level) bool { return len(l.Rules) == 0 })
	}
	return stages
}

// refusesOthers reports that a deny is of the names that an allow leaves out.
func refusesOthers(a, deny *ir.Rule) bool {
	return a.Action == ir.Allow && a.Traffic.Names() != nil && a.Origin == deny.Origin && a.Subject.Pods.Equal(deny.Subject.Pods) &&
		a.Peers.Equal(deny.Peers) && a.Traffic.WithoutNames().String() == deny.Traffic.String()
}

func (d domain) closes(p *ir.Program, s *ir.Stage, pods ir.Pods) bool {
	_, open := p.Split(pods, s)
	return len(open) == 0
}

// allowsAny reports that a level may allow some of a rule's flows.
func (d domain) allowsAny(levels []ir.Level, r *ir.Rule) bool {
	return slices.ContainsFunc(levels, func(l ir.Level) bool {
		return slices.ContainsFunc(l.Rules, func(a ir.Rule) bool {
			return a.Action == ir.Allow && a.Origin.Kind != ir.FromAxiom && a.Subject.Pods.Overlaps(r.Subject.Pods) &&
				trafficOverlaps(a.Traffic.WithoutNames(), r.Traffic) && d.peersOverlap(a.Peers, r.Peers)
		})
	})
}

// calicoTiers has stages stand in tiers that the Calico backend makes: one that
// closes nothing and passes nothing on may stand before the next in its tier.
func calicoTiers(stages []ir.Stage) []ir.Stage {
	var out []ir.Stage
	var ahead []ir.Level
	outside := slices.ContainsFunc(stages, func(s ir.Stage) bool { return s.Name == ir.StageRules })
	for i, s := range stages {
		if slices.Contains(clusterTiers, s.Name) {
			s.Name, s.Order = clusterTier, calicoAdminOrder
		}
		last := i == len(stages)-1
		switch {
		case s.Name == ir.StageAxioms:
		case !last && s.Name != ir.StageRules && !standsAlone(&s) && decidesOnly(&s):
			ahead = append(ahead, s.Levels...)
			continue
		case last && !outside && !standsAlone(&s):
			s.Name = ir.StageRules
			fallthrough
		default:
			s.Levels, ahead = append(ahead, s.Levels...), nil
		}
		out = append(out, s)
	}
	return compact(out)
}

// clusterTiers are what the tier of ClusterNetworkPolicies is called that comes
// before the rest, by the API and by Calico; clusterTier is what it is called as
// a tier of Calico's own policies, which are of its order there
// (libcalico-go/lib/apis/v3/constants.go).
var clusterTiers = []string{"Admin", "kube-admin", "adminnetworkpolicy"}

const (
	clusterTier      = "cluster-policies"
	calicoAdminOrder = 1000
)

// ours are the tiers that the Calico backend, or Calico itself, has of its own.
var ours = []string{"portolan", "kube-admin", "kube-baseline", "adminnetworkpolicy", "baselineadminnetworkpolicy", "calico-system", "allow-tigera"}

// standsAlone reports that a stage can be a tier by its name and order.
func standsAlone(s *ir.Stage) bool {
	name, _ := Label(s.Name, s.Name)
	return !slices.Contains(ours, name) && s.Order >= 1 && s.Order < calicoDefaultOrder && s.Order == math.Trunc(s.Order)
}

// decidesOnly reports that a stage neither closes nor passes anything on.
func decidesOnly(s *ir.Stage) bool {
	return len(s.Isolate) == 0 && !slices.ContainsFunc(s.Rules(), func(r ir.Rule) bool { return r.Action == ir.Pass })
}

// inCalicoTiers reports that each stage is a tier that the Calico backend makes:
// the rules outside tiers last.
func inCalicoTiers(p *ir.Program) bool {
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		stages := p.Stages(d)
		for i := range stages {
			s := &stages[i]
			if s.Name == ir.StageRules && i < len(stages)-1 || s.Name != ir.StageRules && s.Name != ir.StageAxioms && !standsAlone(s) {
				return false
			}
		}
	}
	return true
}

// oneTier makes the program one stage outside tiers that means the same, for
// Calico, which has no tier of ours behind its last. It refuses what has no such
// form, logs and staged rules too, which that would lose.
func (s *settling) oneTier() {
	const nearest = "Put the rules into tiers of their own, before Calico's tier default."
	for _, d := range s.program.All() {
		if d.Rule.Action == ir.Log || d.Rule.Log || d.Rule.Mode != ir.Enforce {
			s.said.Refuse(diag.LacksOrder, d.Rule.Origin, "a log or a staged rule has no place where the tiers of the input have to be made one", nearest)
		}
	}
	q := *s.program
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		stage, refusals := Flatten(s.program, d, FlattenOptions{KeepDenies: true})
		for _, r := range refusals {
			s.said.Refuse(r.Code, r.Rule.Origin, "the tiers of the input have to be made one for Calico, and "+r.Reason, nearest)
		}
		for _, r := range stage.Rules() {
			if _, others, _ := Located(r.Peers); slices.ContainsFunc(others.List(), atAddresses) {
				s.said.Refuse(diag.NeedsFact, r.Origin, "the tiers of the input have to be made one for Calico, and which addresses pods and nodes have is not stated", stateRanges)
			}
		}
		one := []ir.Stage{*stage}
		if all := s.program.Stages(d); len(all) > 0 && all[0].Name == ir.StageAxioms {
			one = []ir.Stage{all[0], *stage}
		}
		if d == ir.Egress {
			q.Egress = one
		} else {
			q.Ingress = one
		}
	}
	s.program = &q
}
