package lower

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

const stateRanges = "State `pod_cidrs` and `node_cidrs` in the cluster block of the intent that --facts names, or say with --profile which engine the manifests are for."

// ranges has the rules' address ranges say what they mean on the target.
func (s *settling) ranges(stages []ir.Stage) []ir.Stage {
	flat := s.flat(stages)
	var all []ir.Stage
	for i := range stages {
		if s.saysAgain(&stages[i]) {
			all = append(all, stages[i])
		} else {
			all = append(all, s.rangesIn(stages[i:i+1:i+1], flat)...)
		}
	}
	return all
}

// saysAgain reports a tier of ClusterNetworkPolicies that the target says with
// such policies again, whose networks mean the same.
func (s *settling) saysAgain(stage *ir.Stage) bool {
	p := s.target.Profile
	return p.Engine == profile.Kubernetes && p.On("cluster_network_policy") && (stage.Name == "Admin" || stage.Name == "Baseline")
}

func (s *settling) rangesIn(stages []ir.Stage, flat bool) []ir.Stage {
	return eachLevel(stages, func(rules []ir.Rule) []ir.Rule {
		var out []ir.Rule
		for _, r := range rules {
			if s.keeps(&r, flat) {
				out = append(out, r)
				continue
			}
			if before := len(out) - 1; flat && s.target.Profile.CIDRs() == profile.CIDRsUnknown && before >= 0 && completes(&out[before], &r) {
				out[before].Peers, _ = ir.PeersOf(append(slices.Clone(out[before].Peers.List()), r.Peers.List()...)...)
				continue
			}
			var some bool
			if r.Peers, some = placed(&r, s.program.Inventory.Facts); !some {
				continue
			}
			if len(r.If) > 0 || slices.ContainsFunc(r.Peers.List(), atAddresses) {
				s.said.Refuse(diag.NeedsFact, r.Origin, "an address range of it matches, or may match, pods and nodes that have one of the addresses, and which addresses they have is not stated",
					stateRanges)
				continue
			}
			out = append(out, r)
		}
		return out
	})
}

// flat reports that flattening takes nothing out of the rules, so that their
// ranges come to the target as they are. A mesh has denies above its allows.
func (s *settling) flat(stages []ir.Stage) bool {
	if s.target.Profile.Engine == profile.Calico {
		return true
	}
	allows := false
	for _, stage := range stages {
		if s.saysAgain(&stage) {
			continue
		}
		if stage.Name != ir.StageRules && stage.Name != ir.StageAxioms {
			return false
		}
		for _, level := range stage.Levels {
			if slices.ContainsFunc(level.Rules, func(r ir.Rule) bool {
				return r.Action == ir.Pass || r.Action == ir.Deny && (allows || !s.target.Profile.IsMesh())
			}) {
				return false
			}
			allows = allows || slices.ContainsFunc(level.Rules, func(r ir.Rule) bool { return r.Action == ir.Allow && r.Origin.Kind != ir.FromAxiom })
		}
	}
	return true
}

// keeps reports that a rule has no ranges, or ranges that mean the same on the
// target as where they come from.
func (s *settling) keeps(r *ir.Rule, flat bool) bool {
	if !slices.ContainsFunc(r.Peers.List(), atAddresses) {
		return true
	}
	_, others, some := Located(r.Peers)
	return flat && s.target.Profile.CIDRs() == profile.CIDRsEveryone && len(r.If) == 0 && !(some && slices.ContainsFunc(others.List(), atAddresses))
}

// completes reports that a rule is what a native range means beside the outside,
// where engines differ: together with the rule before it, the range.
func completes(before, r *ir.Rule) bool {
	return len(before.If) == 0 && len(r.If) == 1 && r.If[0].Fact != "" && !r.If[0].Not && before.Origin.Address == r.Origin.Address &&
		before.Action == r.Action && before.Subject.Pods.Equal(r.Subject.Pods) && before.Traffic.String() == r.Traffic.String()
}

// atAddresses reports pods or nodes that are known by their addresses.
func atAddresses(p ir.Peer) bool {
	switch p := p.(type) {
	case ir.Pods:
		return !p.Except.IsEmpty()
	case ir.Nodes:
		return !p.Except.IsEmpty()
	}
	return false
}
