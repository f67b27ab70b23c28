package lower

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// Outside gives the address ranges that mean an external peer of a rule on the
// target. Where the target's ranges match pods or nodes as well as the outside,
// or may do so (profile.RangesMatchPods), their ranges are taken out. Where
// those are not stated, an allow keeps to the part that cannot be theirs and a
// warning says what to state; a deny, which must not get smaller, and an allow
// of which nothing would be left are errors. false means that nothing may be
// emitted.
func (t Target) Outside(diags *diag.List, e ir.External, f ir.Facts, r *ir.Rule) (set.Addresses, bool) {
	return t.OutsideBeside(diags, e, f, r, false, false)
}

// OutsideBeside is Outside for a rule whose other peers have every pod, or
// every node, anyway: the ranges of those may stay in.
func (t Target) OutsideBeside(diags *diag.List, e ir.External, f ir.Facts, r *ir.Rule, pods, nodes bool) (set.Addresses, bool) {
	noPods, noNodes := t.Profile.RangesMatchPods() == "false", t.Profile.RangesMatchNodes() == "false"
	if noPods && noNodes {
		return e.Addresses, true
	}
	pods, nodes = pods || noPods, nodes || noNodes
	out := e.Addresses
	var missing []string
	if !pods {
		out = out.Subtract(f.PodCIDRs)
		if f.PodCIDRs.IsEmpty() {
			missing = append(missing, "pod_cidrs")
		}
	}
	if !nodes {
		out = out.Subtract(f.NodeCIDRs).Subtract(f.DNS.NodeLocal) // which its node listens on
		if f.NodeCIDRs.IsEmpty() {
			missing = append(missing, "node_cidrs")
		}
	}
	doubtful := out.Intersect(ir.Private())
	if len(missing) == 0 || doubtful.IsEmpty() {
		if out.IsEmpty() {
			t.Refuse(diags, diag.NeedsFact, r.Origin, "the addresses of "+e.String()+" are all pods' or nodes' by the cluster's facts",
				"An external peer is outside the cluster. Name pods by workload or label, and nodes as `nodes`.")
		}
		return out, !out.IsEmpty()
	}
	facts := strings.Join(missing, " and ")
	why := "an address range matches " + matched(noPods, noNodes) + " too on " + t.Profile.Name() + ", and " + facts + " " + isAre(missing) + " not stated"
	fix := "State it in the cluster block, for example `cluster { " + missing[0] + " = [\"" + example[missing[0]] + "\"] }`. Until then the private ranges could be pods or nodes."
	out = out.Subtract(ir.Private())
	if r.Action != ir.Allow || out.IsEmpty() {
		t.Refuse(diags, diag.NeedsFact, r.Origin, why, fix)
		return set.Addresses{}, false
	}
	t.Warn(diags, diag.LeftOut, r.Origin,
		"Rule \""+r.Origin.Address+"\" leaves private addresses out on target \""+t.Name+"\": "+why+".", fix)
	return out, true
}

// matched is what ranges match beside the outside, in words.
func matched(noPods, noNodes bool) string {
	switch {
	case noPods:
		return "nodes"
	case noNodes:
		return "pods"
	}
	return "pods and nodes"
}

// example is a value for each fact, for messages.
var example = map[string]string{"pod_cidrs": "10.244.0.0/16", "node_cidrs": "192.168.0.0/24"}

func isAre(list []string) string {
	if len(list) == 1 {
		return "is"
	}
	return "are"
}

// Families parts address blocks into those of IPv4 and those of IPv6, for
// formats that take one family in a rule.
func Families(a set.Addresses) [][]set.Block {
	blocks := a.Blocks()
	i := slices.IndexFunc(blocks, func(b set.Block) bool { return b.Prefix.Addr().Is6() })
	switch {
	case len(blocks) == 0:
		return nil
	case i < 0 || i == 0:
		return [][]set.Block{blocks}
	}
	return [][]set.Block{blocks[:i], blocks[i:]}
}
