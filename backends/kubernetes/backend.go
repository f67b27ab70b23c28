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
// flattened into the allows that they leave.
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
	l := &lowering{program: lower.Share(p, t.Role), target: t, report: lower.Report{Target: t}}
	l.unsayable()
	egress, ok1 := l.flatten(ir.Egress)
	ingress, ok2 := l.flatten(ir.Ingress)
	if !ok1 || !ok2 {
		return nil, l.report.Diags
	}
	var objects []manifest.Object
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
}

// refusal is why something has no form in a NetworkPolicy.
type refusal struct {
	code    diag.Code
	reason  string // a clause
	nearest string // what would work
}

func (l *lowering) refuse(o ir.Origin, r *refusal) { l.report.Refuse(r.code, o, r.reason, r.nearest) }

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
	for _, m := range l.program.MTLS {
		if m.Demands() {
			l.refuse(m.Origin, &refusal{diag.LacksMTLS, "native NetworkPolicy knows addresses, not certificates",
				"Add `mesh = \"istio\"` to the target, or accept it as `unenforced`."})
		}
	}
}

// flatten gives the one stage of a direction; false where that means something
// else than the program. ICMP and other protocols without ports are undefined
// for NetworkPolicy (kubernetes/website, network-policies.md, "Network traffic
// filtering"), so all traffic is that of the three protocols with ports.
func (l *lowering) flatten(d ir.Direction) (*ir.Stage, bool) {
	stage, refusals := lower.Flatten(l.program, d, lower.FlattenOptions{PortsOnly: true, NoAccounts: true})
	for _, r := range refusals {
		l.refuse(r.Rule.Origin, &refusal{r.Code,
			"native NetworkPolicy has neither deny rules nor tiers, and " + r.Reason,
			nearestTo(r)})
	}
	return stage, len(refusals) == 0
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
