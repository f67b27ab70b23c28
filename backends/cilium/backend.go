// Package cilium lowers programs to CiliumNetworkPolicy and
// CiliumClusterwideNetworkPolicy (cilium.io/v2).
//
// One object per protected subject, one rule in it per rule of the intent:
//
//	apiVersion: cilium.io/v2
//	kind: CiliumNetworkPolicy
//	metadata: {name: backend, namespace: shop}
//	spec:
//	  endpointSelector: {matchLabels: {"k8s:tier": backend}}
//	  description: shop/frontend->backend
//	  ingress: [...]
//
// Cilium policies are one level in which deny beats allow, and match what a
// peer is (its identity), not where it is.
package cilium

import (
	"slices"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// maxParts bounds what one rule may become: selectors, ports, requests.
const maxParts = 1000

// Backend renders CiliumNetworkPolicy objects.
type Backend struct{}

// Name is the family's name.
func (Backend) Name() string { return string(profile.Cilium) }

// Lower gives the objects that mean the program, sorted by namespace, kind and
// name.
func (Backend) Lower(p *ir.Program, t lower.Target) ([]manifest.Object, diag.List) {
	p = lower.Share(p, t.Role)
	l := &lowering{program: p, target: t, report: lower.Report{Target: t}, dnsAskers: map[ir.Protocol][]*ir.Rule{}}
	l.nodeLast = slices.ContainsFunc(p.All(), func(d ir.Directed) bool {
		return d.Rule.Origin.Kind == ir.FromAxiom && d.Stage.Name != ir.StageAxioms
	})
	l.unsayable()
	egress, ok1 := l.flatten(ir.Egress)
	ingress, ok2 := l.flatten(ir.Ingress)
	if !ok1 || !ok2 {
		return nil, l.report.Diags
	}
	l.egress = egress
	var objects []manifest.Object
	for _, b := range lower.Bundles(p, egress, ingress) {
		if object, some := l.object(b); some {
			objects = append(objects, object)
		}
	}
	slices.SortFunc(objects, manifest.Object.Compare)
	return objects, l.report.Diags
}

// lowering is the state of one Lower.
type lowering struct {
	program *ir.Program
	target  lower.Target
	egress  *ir.Stage // flat; nil where there is none
	report  lower.Report

	nodeLast bool // what reaches a pod from its own node is allowed below the denies

	dnsAskers map[ir.Protocol][]*ir.Rule // see askers
}

// refusal is why something has no form in a Cilium policy.
type refusal struct {
	code    diag.Code
	reason  string // a clause
	nearest string // what would work
}

func (l *lowering) refuse(o ir.Origin, r *refusal) { l.report.Refuse(r.code, o, r.reason, r.nearest) }

// unsayable refuses what no form of the policy could hold, before flattening
// leaves it out.
func (l *lowering) unsayable() {
	for _, d := range l.program.All() {
		r := d.Rule
		if r.Action == ir.Log || r.Log {
			l.refuse(r.Origin, &refusal{diag.LacksLog,
				"a Cilium policy can only tag flows for Hubble and has no logging of its own",
				"Watch the flows with Hubble and accept the log as `unenforced`, or render for `calico`, whose rules log."})
		}
		if r.Mode == ir.Staged {
			l.refuse(r.Origin, &refusal{diag.LacksStaged,
				"Cilium enforces a policy or audits a whole endpoint; it stages no single rule",
				"Set the rule's `mode` to `enforce`, or accept it as `unenforced`, which leaves the rule out."})
		}
	}
	for _, m := range l.program.MTLS {
		if m.Demands() {
			l.refuse(m.Origin, &refusal{diag.LacksMTLS,
				"Cilium's mutual authentication is a handshake beside the connection, encrypts nothing and is deprecated",
				"Add `mesh = \"istio\"` to the target, or accept it as `unenforced`."})
		}
	}
}

// flatten gives the one level of a direction; false where that means something
// else than the program.
func (l *lowering) flatten(d ir.Direction) (*ir.Stage, bool) {
	stage, refusals := lower.Flatten(l.program, d, lower.FlattenOptions{KeepDenies: true})
	for _, r := range refusals {
		l.refuse(r.Rule.Origin, &refusal{r.Code,
			"a Cilium policy is one level in which deny beats allow, and " + r.Reason,
			"Take the peers out of the rule with `except`, put the rules into one tier, or render for `calico`, which has tiers and order."})
	}
	return stage, len(refusals) == 0
}
