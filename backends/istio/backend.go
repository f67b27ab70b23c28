// Package istio renders a program as Istio's AuthorizationPolicy,
// PeerAuthentication and RequestAuthentication, for sidecars and, as far as ztunnel enforces them itself,
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
	preview := p
	if p.HasStaged() {
		preview = p.Previewed()
	}
	l := newLowering(preview, t)
	l.scope()
	l.throughWaypoints()
	l.decide()
	l.closeWaypoints()
	if p.HasStaged() {
		now := newLowering(enforced(p), t)
		now.decide()
		l.stage(p, now)
	}
	l.authenticate()
	return l.objects(), l.said.Diags
}

// decide makes what decides by identities, addresses, ports and requests.
func (l *lowering) decide() {
	governed := l.governed()
	if slices.ContainsFunc(governed.All(), func(d ir.Directed) bool { return validates(d.Rule) }) {
		l.validate(governed)
		governed = governed.Filter(func(d ir.Directed) bool { return !validates(d.Rule) })
	}
	stage, refusals := lower.Flatten(governed, ir.Ingress, lower.FlattenOptions{KeepDenies: true, PortsOnly: true})
	for _, f := range refusals {
		l.refuse(f.Code, f.Rule.Origin, f.Reason, "Write the tiers so that no later rule is an exception of an earlier one, or render for `calico`, which has tiers.")
	}
	if len(refusals) == 0 {
		l.authorize(governed, stage)
	}
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

	requestAuths map[string]*requestAuthentication // by namespace and name

	service          string // at which policies stand, of what a waypoint decides; "" for pods
	waypointPolicies map[string]*policy
	waypointAuths    map[string]*requestAuthentication

	closures   map[string]closure // by namespace
	rootClosed bool
	root       site                  // of the policy that closes every namespace
	restricted map[string][]*ir.Rule // allows of which the CNI does not see all, by namespace; "" for several
	plaintext  []*ir.Rule            // allows that let in peers without an identity
}

func newLowering(p *ir.Program, t lower.Target) *lowering {
	l := &lowering{
		program: p, inv: &p.Inventory, target: t,
		ambient: t.Profile.Engine == profile.IstioAmbient,
		said:    lower.Report{Target: t}, unknown: map[string]bool{}, identified: map[string]identified{},
		workloads: map[string][]*ir.Workload{},
		policies:  map[string]*policy{}, requestAuths: map[string]*requestAuthentication{},
		waypointPolicies: map[string]*policy{}, waypointAuths: map[string]*requestAuthentication{},
		closures: map[string]closure{}, restricted: map[string][]*ir.Rule{},
	}
	for i := range p.Inventory.Workloads {
		w := &p.Inventory.Workloads[i]
		l.workloads[w.Namespace] = append(l.workloads[w.Namespace], w)
	}
	return l
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
		return l.governs(d.Rule) && !l.left(d.Rule, &earlier)
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
	if r.Action == ir.Allow && restricts(r) {
		kept := *r
		*earlier = append(*earlier, &kept)
	}
	if r.Action != ir.Deny || !l.stopped(r) {
		return false
	}
	return !slices.ContainsFunc(*earlier, func(o *ir.Rule) bool {
		return o.Subject.Pods.Overlaps(r.Subject.Pods) && !portsOf(o.Traffic).Intersect(portsOf(r.Traffic)).IsEmpty() && mayMeet(o.Peers, r.Peers)
	})
}

// tunnelled reports that the mesh is above a CNI that sees no port of what its
// pods send to each other.
func (l *lowering) tunnelled() bool { return l.ambient && l.target.Role == lower.WithCNI }

// stopped reports whether the CNI of a stack stops all that a deny does. Beneath
// ambient it sees no port of what pods of the mesh send to each other, and of what
// comes by a waypoint not who sends it.
func (l *lowering) stopped(r *ir.Rule) bool {
	if l.target.Role != lower.WithCNI || restricts(r) || l.service != "" {
		return false
	}
	pods := r.Peers.IsAny() || len(r.Peers.Pods()) > 0
	return !l.tunnelled() || !pods || portsOf(r.Traffic).IsAll()
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
	tcp, some := r.Traffic.Only(ir.TCP)
	unseen := !tcp.Ports(ir.TCP).IsEmpty() && len(tcp.Named()) == 0 && l.target.Profile.Uncaptured().ContainsAll(tcp.Ports(ir.TCP))
	return some && !unseen && r.Action != ir.Log && l.membership(r.Subject.Pods) != outside
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
		case r.Action == ir.Deny && !l.stopped(&r):
			denies = append(denies, r)
		}
	}
	slices.SortStableFunc(allows, compareRules)
	slices.SortStableFunc(denies, compareRules)
	for i := range allows {
		if restricts(&allows[i]) || l.tunnelled() {
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
	return compareConditions(a.If, b.If)
}
