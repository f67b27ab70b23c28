// Package cilium lowers programs to CiliumNetworkPolicy,
// CiliumClusterwideNetworkPolicy and CiliumCIDRGroup (cilium.io/v2), and tiers to
// ClusterNetworkPolicy where that is enabled.
//
// One object per subject, one rule in it per rule of the intent:
//
//	kind: CiliumNetworkPolicy
//	metadata: {name: backend, namespace: shop}
//	spec:
//	  endpointSelector: {matchLabels: {"k8s:tier": backend}}
//	  description: shop/frontend->backend
//	  ingress: [...]
//
// They are one level in which deny beats allow, and match what a peer is (its
// identity), not where it is.
package cilium

import (
	"slices"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/backends/clusterpolicy"
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
	l := &lowering{program: p, target: t, report: lower.Report{Target: t}, dnsAskers: map[ir.Protocol][]*ir.Rule{},
		groups: map[string][]api.CIDR{}, noted: map[filter][]noted{}}
	l.nodeLast = slices.ContainsFunc(p.All(), func(d ir.Directed) bool {
		return d.Rule.Origin.Kind == ir.FromAxiom && d.Stage.Name != ir.StageAxioms
	})
	l.unsayable()
	l.report.LackingIn(p)
	l.tiers, p = l.divide(p)
	l.named = slices.ContainsFunc(p.All(), func(d ir.Directed) bool { names, _ := namedServers(d.Rule); return names != nil })
	egress, ok1 := l.flatten(p, ir.Egress)
	ingress, ok2 := l.flatten(p, ir.Ingress)
	hosts, ok3 := l.hosts()
	if !ok1 || !ok2 || !ok3 {
		return nil, l.report.Diags
	}
	l.egress = egress
	if egress != nil {
		l.naming = restrictingNames(egress)
		for _, r := range l.naming {
			if ref := l.pastProxy(r.Subject.Pods); ref != nil {
				l.refuse(r.Origin, &refusal{diag.LacksDNS, ref.reason, ref.nearest})
			}
		}
	}
	var objects []manifest.Object
	for _, b := range append(lower.Bundles(p, egress, ingress), hosts...) {
		objects = append(objects, l.objects(b)...)
	}
	l.unmergeable()
	objects = append(objects, l.groupObjects()...)
	objects = append(objects, l.clusterObjects(l.tiers)...)
	slices.SortFunc(objects, manifest.Object.Compare)
	return objects, l.report.Diags
}

// lowering is the state of one Lower.
type lowering struct {
	program *ir.Program
	target  lower.Target
	tiers   []clusterpolicy.Entry // what ClusterNetworkPolicies say
	egress  *ir.Stage             // flat; nil where there is none
	naming  []*ir.Rule            // of it, see restrictingNames
	report  lower.Report

	nodeLast bool // what reaches a pod from its own node is allowed below the denies

	dnsAskers map[ir.Protocol][]*ir.Rule // see askers

	groups map[string][]api.CIDR // of ranges, by name
	named  bool                  // some rule asks for names of TLS servers
	noted  map[filter][]noted    // where one does
	read   []read                // the same
	dnsAt  []noted               // has rules for DNS over TCP
	onDNS  []noted               // has others on that port

	sizes // of the subject at hand
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
	p := l.program
	l.stagedDefaults(p)
	for _, d := range append(p.All(), p.Hosts.All()...) {
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
	for _, m := range p.MTLS {
		if m.Demands() {
			l.refuse(m.Origin, &refusal{diag.LacksMTLS,
				"Cilium's mutual authentication is a handshake beside the connection, encrypts nothing and is deprecated",
				"Add `mesh = \"istio\"` to the target, or accept it as `unenforced`."})
		}
	}
}

// stagedDefaults refuses staged closing, of pods and of nodes.
func (l *lowering) stagedDefaults(p *ir.Program) {
	for _, stages := range [][]ir.Stage{p.Egress, p.Ingress, p.Hosts.Egress, p.Hosts.Ingress} {
		for _, s := range stages {
			for _, iso := range s.Isolate {
				if iso.Mode == ir.Staged {
					l.refuse(iso.Origin, &refusal{diag.LacksStaged,
						"Cilium closes what a policy selects or audits a whole endpoint, by a setting and not by a policy",
						"Set the `mode` to `enforce`, or render for `calico`, which has staged policies."})
				}
			}
		}
	}
}

// flatten gives the one level of a direction; false where that means something
// else than the program.
func (l *lowering) flatten(p *ir.Program, d ir.Direction) (*ir.Stage, bool) {
	stage, refusals := lower.Flatten(p, d, flattening)
	nearest := "Take the peers out of the rule with `except`, put the rules into one tier, or render for `calico`, which has tiers and order."
	if !l.target.Profile.On(clusterPolicies) {
		nearest += " From 1.20 on Cilium has tiers too, where ClusterNetworkPolicy is enabled (`switches = { cluster_network_policy = true }`)."
	}
	for _, r := range refusals {
		l.refuse(r.Rule.Origin, &refusal{r.Code, "a Cilium policy is one level in which deny beats allow, and " + r.Reason, nearest})
	}
	return stage, len(refusals) == 0
}
