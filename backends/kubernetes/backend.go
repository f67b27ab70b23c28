// Package kubernetes lowers programs to networking.k8s.io/v1 NetworkPolicy, for
// whatever CNI enforces it.
//
// One object per protected subject, one entry in it per rule of the intent:
//
//	kind: NetworkPolicy
//	metadata: {name: backend, namespace: shop}
//	spec:
//	  podSelector: {matchLabels: {tier: backend}}
//	  policyTypes: [Ingress]
//	  ingress:
//	    - from: [{podSelector: {matchLabels: {tier: frontend}}}]
//	      ports: [{protocol: TCP, port: 8080}]
//
// A policy only allows, and closes what it selects; so denies and tiers are
// flattened into the allows that they leave, or said with ClusterNetworkPolicy
// where the target has it.
package kubernetes

import (
	"slices"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// maxParts bounds what one rule or one selector may become.
const maxParts = 1000

// Backend renders native NetworkPolicy objects.
type Backend struct{}

// Name is the family's name.
func (Backend) Name() string { return string(profile.Kubernetes) }

// Lower gives the objects that mean the program, sorted by namespace, kind and
// name.
func (Backend) Lower(p *ir.Program, t lower.Target) ([]manifest.Object, diag.List) {
	l := &lowering{program: lower.Share(p, t.Role), target: t, report: lower.Report{Target: t}, made: map[string]*made{}}
	l.unsayable()
	entries := l.divide()
	egress, ok1 := l.flatten(ir.Egress)
	ingress, ok2 := l.flatten(ir.Ingress)
	if !ok1 || !ok2 {
		return nil, l.report.Diags
	}
	beyond, egress := l.baseline(ir.Egress, egress)
	entries = append(entries, beyond...)
	_, ingress = l.baseline(ir.Ingress, ingress)
	l.lacking(egress, ingress)
	objects := l.clusterObjects(entries)
	for _, b := range lower.Bundles(l.program, egress, ingress) {
		objects = append(objects, l.objects(b)...)
	}
	slices.SortFunc(objects, manifest.Object.Compare)
	return objects, l.report.Diags
}

// lowering is the state of one Lower.
type lowering struct {
	program *ir.Program
	target  lower.Target
	report  lower.Report
	made    map[string]*made // policies by namespace and name
}

// refusal is why something has no form in a NetworkPolicy.
type refusal struct {
	code    diag.Code
	reason  string // a clause
	nearest string // what would work
}

func (l *lowering) refuse(o ir.Origin, r *refusal) { l.report.Refuse(r.code, o, r.reason, r.nearest) }

// lacking refuses what the CNI, by the profile's switches, does not have of the
// API. It looks at the rules as they are written, after flattening.
func (l *lowering) lacking(stages ...*ir.Stage) {
	for _, s := range stages {
		for _, level := range s.Levels {
			for i := range level.Rules {
				l.report.Lacking(&level.Rules[i])
			}
		}
	}
}

// unsayable refuses what has no form whatever the other rules are, before
// flattening leaves it out. The API has no status, no action, no order and no
// log field (k8s.io/api networking/v1 types.go).
func (l *lowering) unsayable() {
	for _, d := range l.program.All() {
		r := d.Rule
		if r.Action == ir.Log || r.Log {
			l.refuse(r.Origin, &refusal{diag.LacksLog, "native NetworkPolicy has no log action",
				"Accept the log as `unenforced`, or render for `calico`, whose rules log."})
		}
		if r.Mode == ir.Staged {
			l.refuse(r.Origin, &refusal{diag.LacksStaged, "native NetworkPolicy has no staged policies",
				"Set the rule's `mode` to `enforce`, or accept it as `unenforced`, which leaves the rule out."})
		}
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, iso := range l.program.Isolated(d) {
			if iso.Mode == ir.Staged {
				l.refuse(iso.Origin, &refusal{diag.LacksStaged, "native NetworkPolicy has no staged policies",
					"Leave the pods open while their rules are staged, or render for `calico`, which stages both."})
			}
		}
		l.unsayableHosts(l.program.Hosts.Stages(d))
	}
	for _, m := range l.program.MTLS {
		if m.Demands() {
			l.refuse(m.Origin, &refusal{diag.LacksMTLS, "native NetworkPolicy knows addresses, not certificates",
				"Add `mesh = \"istio\"` to the target, or accept it as `unenforced`."})
		}
	}
}

// unsayableHosts refuses what is for nodes: all of it where something closes
// some, else what an open node does not do anyway.
func (l *lowering) unsayableHosts(stages []ir.Stage) {
	closes := slices.ContainsFunc(stages, func(s ir.Stage) bool { return len(s.Isolate) > 0 })
	for _, s := range stages {
		for _, r := range s.Rules() {
			if closes || r.Action != ir.Allow {
				l.refuse(r.Origin, nodeSubject())
			}
		}
		for _, iso := range s.Isolate {
			l.refuse(iso.Origin, nodeSubject())
		}
	}
}

func nodeSubject() *refusal {
	return &refusal{diag.LacksHosts, "a NetworkPolicy protects pods, and no nodes",
		"Render for `cilium` with the host firewall, or for `calico` with host endpoints.\n" + lower.AcceptHosts}
}

// flattenOptions is what a network policy can do.
var flattenOptions = lower.FlattenOptions{PortsOnly: true, NoAccounts: true}

// flatten gives the one stage of a direction; false where that means something
// else than the program. ICMP and other protocols without ports are undefined
// for NetworkPolicy (kubernetes/website, network-policies.md, "Network traffic
// filtering"), so all traffic is that of the three protocols with ports.
func (l *lowering) flatten(d ir.Direction) (*ir.Stage, bool) {
	stage, refusals := lower.Flatten(l.program, d, flattenOptions)
	for _, r := range refusals {
		l.refuse(r.Rule.Origin, &refusal{r.Code,
			l.without() + r.Reason,
			nearestTo(r) + l.orClusterPolicies(d, r.Rule)})
	}
	return stage, len(refusals) == 0
}

// without is what the target has no form for that flattening has to make up for.
func (l *lowering) without() string {
	if l.target.Profile.On(clusterPolicies) {
		return "on ingress a ClusterNetworkPolicy names pods alone, native NetworkPolicy has neither deny rules nor tiers, and "
	}
	return "native NetworkPolicy has neither deny rules nor tiers, and "
}

// orClusterPolicies says that ClusterNetworkPolicy would say the rule, where the
// target's engine may have it.
func (l *lowering) orClusterPolicies(d ir.Direction, r *ir.Rule) string {
	nameable := func(p ir.Peer) bool {
		switch p.(type) {
		case ir.Pods:
			return true
		case ir.Names, ir.AnyPeer, ir.RemotePods, ir.Infrastructure:
			return false
		case ir.External, ir.Nodes, ir.NodeLocal, ir.APIServer:
		}
		return d == ir.Egress
	}
	if l.target.Profile.On(clusterPolicies) || slices.ContainsFunc(r.Peers.List(), func(p ir.Peer) bool { return !nameable(p) }) {
		return ""
	}
	return "\nWhere the cluster enforces ClusterNetworkPolicy, `switches = { " + clusterPolicies + " = true }` on the target says the rule with one."
}

func nearestTo(r lower.FlattenRefusal) string {
	switch {
	case r.Code == diag.NeedsFact:
		return "State the facts in the `cluster` block, or render for `calico` or `cilium`, which have deny rules."
	case r.Code == diag.LacksDeny:
		return "Close the pods (`default_deny`) and allow what is meant, take the peers out of the allows with `except`, render for `calico` or `cilium`, which have deny rules, or accept it as `widened`, which leaves the deny out."
	case r.Rule.Action == ir.Pass:
		return "Write the rules that it passes on to into one tier, render for `calico`, which has tiers and order, or accept it as `widened`, which leaves the pass out."
	}
	return "Take the peers out with `except`, or by fewer labels, render for `calico`, which has deny rules, tiers and order, or accept it as `narrowed`, which takes the rule out."
}
