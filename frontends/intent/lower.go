package intent

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// Lower gives the meaning of a configuration in one place: a program with a
// stage per tier and one for the rules outside tiers, and the inventory under
// the facts of the target, which may be nil for the cluster's own facts. Blocks
// that are there for some targets are so for those of the configuration only.
//
// The diagnostics are about meaning, not about what a target can say; those
// that hang on no fact are the same for every target.
func Lower(cfg *Config, t *Target) (p *ir.Program, diags diag.List) {
	l := newLowering(cfg, t)
	defer func() {
		if l.overBound(recover()) {
			p, diags = l.program, l.diags
		}
	}()
	l.facts()
	l.inventory()
	l.isolate()
	l.program.Egress = l.stages(ir.Egress)
	l.program.Ingress = l.stages(ir.Ingress)
	l.program.Index()
	l.companions()
	l.foreseeTiers()
	l.closed[ir.Egress].Index()
	l.closed[ir.Ingress].Index()
	l.findOffers()
	for _, tier := range l.tiers() {
		for _, r := range l.rulesOf(tier) {
			l.rule(r)
		}
	}
	for _, r := range l.cfg.Rules {
		l.rule(r)
	}
	l.checkOffers()
	l.closeTiers()
	l.mtls()
	l.assemble()
	l.validateTokens()
	l.assembleHosts()
	l.lint()
	l.program.Index()
	l.diags.Sort()
	return l.program, l.diags
}

// overBound reports what was recovered where it is a bound that was hit, and
// whether it was; any other panic goes on.
func (l *lowering) overBound(recovered any) bool {
	switch over := recovered.(type) {
	case nil:
		return false
	case ir.BoundError:
		l.diags.Add(diag.TooManyParts, l.near, "What this takes out by labels has no bounded form: "+over.Error()+".",
			"Tell the pods apart by one label rather than by many at once.")
		return true
	default:
		panic(over)
	}
}

// newLowering begins the lowering of what of a configuration is there on a
// target, which may be nil.
func newLowering(cfg *Config, t *Target) *lowering {
	on := cfg.nameOn(t)
	return &lowering{cfg: cfg.on(on), whole: cfg, target: t, on: on, program: &ir.Program{}}
}

// lowering is the state of one Lower.
type lowering struct {
	cfg     *Config // what is there on the target
	whole   *Config // with what is there on others
	target  *Target
	on      string // the target's name where the configuration declares it
	cluster Facts  // with the target's on top
	program *ir.Program
	diags   diag.List

	// closed holds a stage per direction, whose isolations are every default of
	// that direction, tiers' included. It answers which end of a rule is closed.
	closed map[ir.Direction]*ir.Stage

	// rules collects lowered rules by where they stand, until assemble.
	rules map[place][]ir.Rule
	hosts map[place][]ir.Rule // the same, of the programs of nodes

	validations []ir.Rule // of tokens, which come before all of them

	byAddress  map[string]*Rule // nil until ruleAt
	byName     map[string][]int // workloads of the inventory by their namespace's name
	mentioned  map[*Workload]bool
	declared   map[*Namespace]bool // those of the inventory; others are known by a group of theirs
	near       diag.Range          // what is being lowered, for a bound that is hit
	closedDNS  bool                // the DNS pods' ingress is closed
	closedMesh bool                // that of the mesh's control plane is

	absentees []absentee // of the references that are looked at
	nobody    []absentee // of both ends of the rule that is lowered
	offerings []*offering
	claims    bool // what is lowered is what a test claims
}

// place is a level of a stage: the tier (nil for the rules outside tiers) and
// the action whose level it is.
type place struct {
	direction ir.Direction
	tier      *Tier
	action    ir.Action
}

// facts merges what the target states over what the cluster block states.
func (l *lowering) facts() {
	f := l.cfg.Cluster
	if l.target != nil {
		o := l.target.Facts
		f.PodCIDRs, f.ServiceCIDRs = override(f.PodCIDRs, o.PodCIDRs), override(f.ServiceCIDRs, o.ServiceCIDRs)
		f.NodeCIDRs, f.APIServer = override(f.NodeCIDRs, o.NodeCIDRs), override(f.APIServer, o.APIServer)
		f.DNS, f.TrustDomain = override(f.DNS, o.DNS), override(f.TrustDomain, o.TrustDomain)
		f.MeshRoot = override(f.MeshRoot, o.MeshRoot)
		f.ClusterMesh, f.Ingress, f.Rewritten = override(f.ClusterMesh, o.ClusterMesh), override(f.Ingress, o.Ingress), override(f.Rewritten, o.Rewritten)
		f.Metrics = override(f.Metrics, o.Metrics)
		f.DefaultDeny, f.Exempt, f.MTLS = override(f.DefaultDeny, o.DefaultDeny), override(f.Exempt, o.Exempt), override(f.MTLS, o.MTLS)
	}
	if !f.DNS.Set {
		f.DNS.Value = defaultDNS(l.target)
	}
	if f.MeshRoot.Value == "" {
		f.MeshRoot.Value = "istio-system"
	}
	l.cluster = f
	dns := ir.InNamespace(f.DNS.Value.Namespace)
	dns.Labels = f.DNS.Value.Labels
	l.program.Inventory.Facts = ir.Facts{
		PodCIDRs: f.PodCIDRs.Value, ServiceCIDRs: f.ServiceCIDRs.Value, NodeCIDRs: f.NodeCIDRs.Value,
		APIServer: f.APIServer.Value, TrustDomain: f.TrustDomain.Value, MeshRoot: f.MeshRoot.Value,
		ClusterMesh: l.clusterMesh(f.ClusterMesh), ClusterName: l.cfg.stated(l.target).Switch("cluster_name"),
		DNS: ir.DNS{Pods: dns, Port: f.DNS.Value.Port, NodeLocal: f.DNS.Value.NodeLocal},
	}
}

func override[T any](base, over At[T]) At[T] {
	if over.Set {
		return over
	}
	return base
}

func (l *lowering) hasMesh() bool { return l.target != nil && l.target.Mesh.Value.Name != "" }

// managed reports whether objects are emitted in the namespace.
func managed(ns *Namespace) bool {
	if ns.Match.Set || ns.Cluster.Set {
		return false
	}
	return ns.Managed.Value || !ns.Managed.Set
}

func (l *lowering) inventory() {
	inv := &l.program.Inventory
	l.byName = map[string][]int{}
	l.mentioned, l.declared = map[*Workload]bool{}, map[*Namespace]bool{}
	var declared []*Workload
	for _, i := range l.cfg.Issuers {
		inv.Issuers = append(inv.Issuers, ir.Issuer{
			Name: i.Name, Issuer: i.Issuer.Value, JWKSURI: i.JWKSURI.Value, JWKS: i.JWKS.Value, Audiences: i.Audiences,
		})
	}
	slices.SortFunc(inv.Issuers, func(a, b ir.Issuer) int { return strings.Compare(a.Issuer, b.Issuer) })
	for _, ns := range l.cfg.Namespaces {
		l.declared[ns] = true
		if ns.Cluster.Set {
			continue // the inventory is this cluster's
		}
		mesh := l.hasMesh() && (ns.Mesh.Value || !ns.Mesh.Set)
		if !ns.Match.Set {
			inv.Namespaces = append(inv.Namespaces, ir.Namespace{
				Address: ns.Address, Name: ns.Name, Labels: ns.Labels.Value, Managed: managed(ns), Mesh: mesh,
				Waypoint: ns.Waypoint.Value,
			})
			declared = append(declared, ns.Workloads...)
		}
	}
	slices.SortFunc(inv.Namespaces, func(a, b ir.Namespace) int { return strings.Compare(a.Address, b.Address) })
	slices.SortFunc(declared, func(a, b *Workload) int { return strings.Compare(a.Address(), b.Address()) })
	for _, w := range declared {
		mesh := l.hasMesh() && !w.HostNetwork.Value && (w.Mesh.Value || !w.Mesh.Set && (w.Namespace.Mesh.Value || !w.Namespace.Mesh.Set))
		iw := ir.Workload{
			Address: w.Address(), Name: w.Name, Namespace: w.Namespace.Name,
			Pods: workloadPods(w), Account: w.ServiceAccount.Value, Mesh: mesh,
		}
		for _, s := range w.Services {
			iw.Services = append(iw.Services, ir.Service{Name: s.Name, Ports: s.Ports})
		}
		for _, p := range w.Ports {
			iw.Ports = append(iw.Ports, ir.WorkloadPort{Name: p.Name, Number: p.Number, Protocol: p.Protocol})
		}
		l.byName[w.Namespace.Name] = append(l.byName[w.Namespace.Name], len(inv.Workloads))
		inv.Workloads = append(inv.Workloads, iw)
	}
	l.checkOverlaps(declared)
}

// namespacePods is all pods of a namespace, or of the namespaces that match.
func namespacePods(ns *Namespace) ir.Pods {
	if ns.Match.Set {
		p := ir.AllPods()
		p.Namespace = ns.Match.Value
		return p
	}
	return ir.InNamespace(ns.Name)
}

// workloadPods is the pods of a workload: a workload is its labels only, and
// its service account where it has no labels.
func workloadPods(w *Workload) ir.Pods {
	p := namespacePods(w.Namespace)
	if w.Labels.Set {
		p.Labels = w.Labels.Value
	} else if w.ServiceAccount.Set {
		p.Account = ir.OneOf(w.ServiceAccount.Value)
	}
	return p
}

// tiers gives the tiers in the order in which they decide.
func (l *lowering) tiers() []*Tier {
	tiers := slices.Clone(l.cfg.Tiers)
	slices.SortStableFunc(tiers, func(a, b *Tier) int { return cmp.Compare(a.Order.Value, b.Order.Value) })
	return tiers
}

// stages lays out the stages of a direction, rules still missing.
func (l *lowering) stages(d ir.Direction) []ir.Stage {
	var out []ir.Stage
	if d == ir.Ingress {
		out = append(out, ir.Axioms())
	}
	for _, t := range l.tiers() {
		out = append(out, tierStage(t))
	}
	return append(out, ir.Stage{Name: ir.StageRules, Isolate: slices.Clip(l.closed[d].Isolate)})
}

// tierStage is the stage of a tier, rules still missing.
func tierStage(t *Tier) ir.Stage {
	return ir.Stage{
		Name: t.Name, Order: float64(t.Order.Value),
		Origin: ir.Origin{Kind: ir.FromRule, Address: t.Name, Description: t.Description, Range: t.Range},
	}
}

func clusterSubject() ir.Subject { return ir.SubjectOf(ir.AllPods()) }

// levelOrder is the order of a stage's levels: a log decides nothing, and a
// language tier is three levels: deny, pass, allow.
var levelOrder = []ir.Action{ir.Log, ir.Deny, ir.Pass, ir.Allow}

// assemble puts the collected rules into the levels of their stages.
func (l *lowering) assemble() {
	tiers := map[string]*Tier{}
	for _, t := range l.cfg.Tiers {
		tiers[t.Name] = t
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		stages := l.program.Stages(d)
		for i := range stages {
			s := &stages[i]
			tier := tiers[s.Name]
			if s.Name == ir.StageAxioms && tier == nil {
				continue
			}
			s.Levels = append(s.Levels, levels(l.rules, d, tier)...)
		}
		stages = slices.DeleteFunc(stages, func(s ir.Stage) bool {
			return len(s.Levels) == 0 && len(s.Isolate) == 0 && s.Name != ir.StageRules
		})
		if d == ir.Egress {
			l.program.Egress = stages
		} else {
			l.program.Ingress = stages
		}
	}
}

// levels gives the collected rules of a tier, nil for those outside, in the
// levels of its stage.
func levels(rules map[place][]ir.Rule, d ir.Direction, tier *Tier) []ir.Level {
	var out []ir.Level
	for _, a := range levelOrder {
		if list := rules[place{d, tier, a}]; len(list) > 0 {
			slices.SortStableFunc(list, compareRules)
			out = append(out, ir.Level{Rules: list})
		}
	}
	return out
}

// compareRules orders by address, then subject; only the parts of one rule for
// one subject need their text compared.
func compareRules(a, b ir.Rule) int {
	if c := strings.Compare(a.Origin.Address, b.Origin.Address); c != 0 {
		return c
	}
	if c := strings.Compare(a.Subject.Address, b.Subject.Address); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(a.Subject.Pods.String(), b.Subject.Pods.String()),
		strings.Compare(a.Peers.String(), b.Peers.String()),
		strings.Compare(a.Traffic.String(), b.Traffic.String()),
	)
}

func (l *lowering) put(d ir.Direction, tier *Tier, r ir.Rule) {
	if l.rules == nil {
		l.rules = map[place][]ir.Rule{}
	}
	at := place{d, tier, r.Action}
	l.rules[at] = append(l.rules[at], r)
}

// mtls lowers the statements about mutual TLS, from the mesh to workloads.
func (l *lowering) mtls() {
	add := func(s ir.Subject, mode ir.MTLSMode, ports []MTLSPort, address string, at diag.Range) {
		m := ir.MTLS{Subject: s, Mode: mode, Origin: ir.Origin{Kind: ir.FromDefault, Address: address, Range: at}}
		for _, p := range ports {
			m.Ports = append(m.Ports, ir.PortMTLS{Port: p.Port, Mode: p.Mode})
		}
		l.program.MTLS = append(l.program.MTLS, m)
	}
	if l.cluster.MTLS.Set {
		add(clusterSubject(), l.cluster.MTLS.Value, nil, "cluster", l.cluster.MTLS.Range)
	}
	for _, ns := range l.cfg.Namespaces {
		if !managed(ns) {
			continue
		}
		if ns.MTLS.Set {
			add(ir.Subject{Pods: namespacePods(ns), Address: ns.Address, Kind: ir.SubjectNamespace}, ns.MTLS.Value, nil, ns.Address, ns.MTLS.Range)
		}
		for _, w := range ns.Workloads {
			if w.MTLS.Set || len(w.MTLSPorts) > 0 {
				at := w.MTLS.Range
				if !w.MTLS.Set {
					at = w.MTLSPorts[0].Range
				}
				add(ir.Subject{Pods: workloadPods(w), Address: w.Address(), Kind: ir.SubjectWorkload}, w.MTLS.Value, w.MTLSPorts, w.Address(), at)
			}
		}
	}
}

// anyAddress is the world: every external address.
func anyAddress() ir.External { return ir.External{Addresses: set.AllAddresses()} }
