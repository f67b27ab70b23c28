// Package istio lifts Istio's security objects to programs, with the meaning
// that sidecars or, under istio-ambient, ztunnel give them.
//
// A mesh decides TCP into its pods, at the destination: first whom external
// providers refuse, then DENY, then ALLOW, and pods that any ALLOW selects are
// closed. A peer is a principal, so that
//
//	from: [{source: {serviceAccounts: [shop/web]}}]
//
// is the pods of namespace shop that run as web, where they show a certificate.
package istio

import (
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// Frontend is the Istio family's.
type Frontend struct{}

// Name is the family's name.
func (Frontend) Name() string { return "istio" }

const (
	group       = "security.istio.io"
	kindPolicy  = "AuthorizationPolicy"
	kindPeer    = "PeerAuthentication"
	kindRequest = "RequestAuthentication"
)

// Reads reports whether documents of the kind decide about connections. Other
// kinds of Istio's route them.
func (Frontend) Reads(g, kind string) bool {
	return g == group && (kind == kindPolicy || kind == kindPeer || kind == kindRequest)
}

// lifting is the state of one Lift.
type lifting struct {
	profile     profile.Profile
	ambient     bool
	root        string // the mesh's root namespace
	trustDomain string
	inventory   *ir.Inventory
	workloads   map[string][]*ir.Workload // by namespace; "" for all
	byPods      map[string]*ir.Workload
	patterns    map[string]pattern
	constraints map[string]ir.Constraint

	program *ir.Program
	diags   diag.List
	levels  [audit][]ir.Rule // by action
	closed  []ir.Isolation
	customs []external
	peers   []*peerAuthentication

	waypoint *lifting                  // of what waypoints decide; nil until something is
	ports    func(set.Ports) set.Ports // of pods behind those that a policy names; nil for the same
	closing  []ir.Rule                 // of what policies at waypoints close

	validations []*validation
	tokens      map[string]string // of conditions about tokens, by atom, whose: "" for anybody's
}

// Lift gives what the documents decide together. It panics with an
// ir.BoundError or a set.BoundError for documents that come to too much.
func (f Frontend) Lift(docs []manifest.Document, o lift.Options) (*ir.Program, diag.List) {
	l := newLifting(o)
	for _, first := range []bool{true, false} { // what tokens are hangs on where they are validated
		for i := range docs {
			if d := &docs[i]; f.Reads(d.Group(), d.Kind) && (d.Kind == kindRequest) == first {
				l.document(d)
			}
		}
	}
	l.checkProviders()
	l.authenticate()
	l.assemble()
	l.diags.Sort()
	return l.program, l.diags
}

func newLifting(o lift.Options) *lifting {
	l := &lifting{
		profile: o.Profile, ambient: o.Profile.Engine == profile.IstioAmbient,
		root: o.Inventory.Facts.MeshRoot, trustDomain: o.Inventory.Facts.TrustDomain,
		workloads: map[string][]*ir.Workload{}, byPods: map[string]*ir.Workload{}, patterns: map[string]pattern{}, constraints: map[string]ir.Constraint{},
		tokens:  map[string]string{},
		program: &ir.Program{Inventory: o.Inventory},
	}
	if l.root == "" {
		l.root = "istio-system"
	}
	if l.trustDomain == "" {
		l.trustDomain = "cluster.local"
	}
	l.inventory = &l.program.Inventory
	for i := range l.inventory.Workloads {
		w := &l.inventory.Workloads[i]
		l.workloads[""] = append(l.workloads[""], w)
		l.workloads[w.Namespace] = append(l.workloads[w.Namespace], w)
		if key := w.Pods.String(); l.byPods[key] == nil {
			l.byPods[key] = w
		}
	}
	return l
}

// assemble makes the stages: what always passes, and then the actions in their
// order, a level each.
//
// A pod's own node passes. In ambient, what the node's own sockets send is not
// handed to ztunnel (istio/istio, cni/pkg/iptables/iptables.go); with sidecars
// the kubelet's probes go to the agent (pkg/kube/inject/app_probe.go).
func (l *lifting) assemble() {
	rules := ir.Stage{Name: ir.StageRules, Isolate: l.closed}
	for _, level := range l.levels {
		if len(level) > 0 {
			rules.Levels = append(rules.Levels, ir.Level{Rules: level})
		}
	}
	l.program.Ingress = []ir.Stage{ir.Axioms(), rules}
	l.program.Index()
	l.program.Via = l.via()
}
