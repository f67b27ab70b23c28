// Package istio renders a program as Istio's AuthorizationPolicy and
// PeerAuthentication, for sidecars and, as far as ztunnel enforces them itself,
// for ambient.
//
// A mesh decides TCP into its pods at the destination and knows its peers by
// service account:
//
//	allow frontend to backend { tcp = [8080] }
//
// becomes, in the policy that protects the backend,
//
//   - from: [{source: {serviceAccounts: [shop/frontend]}}]
//     to: [{operation: {ports: ["8080"]}}]
package istio

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Backend is the Istio backend.
type Backend struct{}

// Name is the family's name.
func (Backend) Name() string { return "istio" }

// Lower gives the authorization policies and peer authentications that mean
// the program in the mesh. For a mesh alone, what is outside its scope is one
// counted warning; in a stack the rest is the CNI's.
func (Backend) Lower(p *ir.Program, t lower.Target) ([]manifest.Object, diag.List) {
	l := newLowering(p, t)
	if l.ambient && t.Role == lower.WithCNI {
		l.refuseAmbientStack()
		return nil, l.said.Diags
	}
	l.scope()
	governed := l.governed()
	stage, refusals := lower.Flatten(governed, ir.Ingress, lower.FlattenOptions{KeepDenies: true, PortsOnly: true})
	for _, f := range refusals {
		l.refuse(f.Code, f.Rule.Origin, f.Reason, "Write the tiers so that no later rule is an exception of an earlier one, or render for `calico`, which has tiers.")
	}
	if len(refusals) == 0 {
		l.authorize(governed, stage)
	}
	l.stage()
	l.authenticate()
	return l.objects(), l.said.Diags
}

// lowering is the state of one Lower.
type lowering struct {
	program *ir.Program
	inv     *ir.Inventory
	target  lower.Target
	ambient bool
	said    lower.Report
	unknown map[string]bool // ports whose protocol was said to be unknown

	workloads  map[string][]*ir.Workload // by namespace
	identified map[string]identified     // see identify
	policies   map[string]*policy        // by namespace and name
	peerAuths  []manifest.Object

	closures   map[string]closure // by namespace
	rootClosed bool
	root       site                  // of the policy that closes every namespace
	restricted map[string][]*ir.Rule // allows of some requests only, by namespace; "" for several
	plaintext  []*ir.Rule            // allows that let in peers without an identity
}

func newLowering(p *ir.Program, t lower.Target) *lowering {
	l := &lowering{
		program: p, inv: &p.Inventory, target: t,
		ambient: t.Profile.Engine == profile.IstioAmbient,
		said:    lower.Report{Target: t}, unknown: map[string]bool{}, identified: map[string]identified{},
		workloads: map[string][]*ir.Workload{},
		policies:  map[string]*policy{},
		closures:  map[string]closure{}, restricted: map[string][]*ir.Rule{},
	}
	for i := range p.Inventory.Workloads {
		w := &p.Inventory.Workloads[i]
		l.workloads[w.Namespace] = append(l.workloads[w.Namespace], w)
	}
	return l
}

// refuseAmbientStack refuses a stack with ambient: between its pods a CNI sees
// port 15008 only, so that the CNI's part would have to be written in other
// ports than the intent's (istio.io, docs/ambient/usage/networkpolicy).
func (l *lowering) refuseAmbientStack() {
	d := l.said.Diags.Add(diag.CannotSay, diag.Range{},
		"A stack with istio-ambient is not rendered by this version (target \""+l.target.Name+"\").",
		"In ambient, pods of the mesh reach each other at port 15008 whatever the port that they ask for, so the CNI's policies and the mesh's have to be written in different ports. "+
			"Use `mesh = \"istio\"` (sidecars) with the CNI, or render for `istio-ambient` and for the CNI as two targets.")
	d.Target = l.target.Name
}

// refuse says once per rule and lack that the target cannot express something.
func (l *lowering) refuse(code diag.Code, o ir.Origin, reason, nearest string) {
	l.said.Refuse(code, o, reason, nearest)
}

// governed gives the part of the program that a mesh decides: TCP into pods of
// the mesh, at the destination. That a node reaches its own pods is the CNI's.
func (l *lowering) governed() *ir.Program {
	q := *l.program
	q.Egress = nil
	var earlier []*ir.Rule
	q.Ingress = slices.DeleteFunc(slices.Clone(q.Ingress), func(s ir.Stage) bool { return s.Name == ir.StageAxioms })
	g := q.Filter(func(d ir.Directed) bool {
		return d.Rule.Mode == ir.Enforce && l.governs(d.Rule) && !l.left(d.Rule, &earlier)
	})
	for _, d := range g.All() {
		d.Rule.Traffic = tcpOf(d.Rule.Traffic)
		d.Rule.Log = false
	}
	return g
}

// left reports whether a rule is left to the CNI of a stack: a deny of addresses
// and ports. Rules come in deciding order. The CNI lets pass what an earlier
// allow of requests has of the same flows, all of it, and so could not deny the
// rest; such a deny is kept, and flattening refuses it.
func (l *lowering) left(r *ir.Rule, earlier *[]*ir.Rule) bool {
	if r.Action == ir.Allow && r.Traffic.Requests() != nil {
		kept := *r
		*earlier = append(*earlier, &kept)
	}
	if l.target.Role != lower.WithCNI || r.Action != ir.Deny || r.Traffic.Requests() != nil {
		return false
	}
	return !slices.ContainsFunc(*earlier, func(o *ir.Rule) bool {
		return o.Subject.Pods.Overlaps(r.Subject.Pods) && !portsOf(o.Traffic).Intersect(portsOf(r.Traffic)).IsEmpty() && mayMeet(o.Peers, r.Peers)
	})
}

// mayMeet reports whether two sets of peers may have one in common; only of
// sets of pods it may say no.
func mayMeet(p, q ir.Peers) bool {
	a, b := p.Pods(), q.Pods()
	if len(a) < len(p.List()) || len(b) < len(q.List()) {
		return true
	}
	return slices.ContainsFunc(a, func(x ir.Pods) bool { return slices.ContainsFunc(b, x.Overlaps) })
}

// governs reports whether the mesh decides some of an ingress rule's flows.
func (l *lowering) governs(r *ir.Rule) bool {
	_, tcp := r.Traffic.Only(ir.TCP)
	return tcp && r.Action != ir.Log && l.membership(r.Subject.Pods) != outside
}

func tcpOf(t ir.Traffic) ir.Traffic {
	tcp, _ := t.WithoutNames().Only(ir.TCP)
	return tcp
}

// authorize makes the authorization policies: what is closed, then what is
// allowed, then what is denied, which hangs on what is allowed.
func (l *lowering) authorize(p *ir.Program, s *ir.Stage) {
	var allows, denies []ir.Rule
	for _, r := range s.Rules() {
		switch {
		case r.Action == ir.Allow:
			allows = append(allows, r)
		case r.Action == ir.Deny && (l.target.Role != lower.WithCNI || r.Traffic.Requests() != nil):
			denies = append(denies, r)
		}
	}
	slices.SortStableFunc(allows, compareRules)
	slices.SortStableFunc(denies, compareRules)
	for i := range allows {
		if allows[i].Traffic.Requests() != nil {
			ns, _ := allows[i].Subject.Pods.SingleNamespace()
			l.restricted[ns] = append(l.restricted[ns], &allows[i])
		}
	}
	l.close(p, s)
	for i := range allows {
		l.allow(p, s, &allows[i])
	}
	for i := range denies {
		l.deny(p, s, &denies[i])
	}
}

func compareRules(a, b ir.Rule) int {
	for _, c := range []int{
		strings.Compare(a.Origin.Address, b.Origin.Address),
		strings.Compare(a.Subject.Pods.String(), b.Subject.Pods.String()),
		strings.Compare(a.Peers.String(), b.Peers.String()),
		strings.Compare(a.Traffic.String(), b.Traffic.String()),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}
