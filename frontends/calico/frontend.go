// Package calico lifts what Calico's open source Felix enforces into programs:
// projectcalico.org/v3 policies, tiers and network sets, and the policies of
// Kubernetes, which Calico puts in tiers of its own.
//
//	kind: NetworkPolicy
//	metadata: {name: web, namespace: shop}
//	spec:
//	  selector: app == 'web'
//	  ingress: [{action: Allow, source: {selector: app == 'front'}}]
//
// is a level of tier "default" with an allow, and an isolation of the selected
// pods at that tier's end. Selectors are sets of addresses in Calico: a pod
// whose address is in a network set is selected by that set's labels too.
package calico

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/frontends/kubernetes"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Frontend lifts as Calico enforces.
type Frontend struct{}

// Name is the family's name.
func (Frontend) Name() string { return string(profile.Calico) }

// The API groups: the public one, and the one of the storage behind it, which
// nothing validates and nothing gives defaults to.
const (
	group    = "projectcalico.org"
	rawGroup = "crd.projectcalico.org"
)

// Reads reports whether the kind is one of Calico's or one of Kubernetes' that
// Calico enforces.
func (Frontend) Reads(g, kind string) bool {
	if g == group || g == rawGroup {
		_, ok := kinds[kind]
		return ok
	}
	return kubernetes.Frontend{}.Reads(g, kind)
}

// lifting is the state of one Lift.
type lifting struct {
	profile    profile.Profile
	version    profile.Version
	hosts      bool // nodes are host endpoints with the nodes' labels
	facts      ir.Facts
	namespaces map[string]*ir.Namespace
	diags      diag.List

	tiers    []tier
	sets     []netset
	policies []policy
	staged   []manifest.Document // StagedKubernetesNetworkPolicies, in the form of the policies that they stage
}

// Lift gives a stage for each tier in which something is decided, in the order
// in which Calico asks them.
func (Frontend) Lift(docs []manifest.Document, o lift.Options) (*ir.Program, diag.List) {
	l := &lifting{
		profile: o.Profile, version: o.Profile.Version, hosts: o.Profile.On("host_endpoints"), facts: o.Inventory.Facts,
		namespaces: map[string]*ir.Namespace{},
		tiers:      builtin(o.Profile.Version),
	}
	for i := range o.Inventory.Namespaces {
		ns := &o.Inventory.Namespaces[i]
		l.namespaces[ns.Name] = ns
	}
	for i := range docs {
		l.read(&docs[i])
	}
	for i := range l.policies {
		l.changes(&l.policies[i])
		l.place(&l.policies[i])
	}
	l.native(docs, o)
	l.sortTiers()
	p := &ir.Program{
		Inventory: o.Inventory, Egress: l.stages(ir.Egress), Ingress: l.stages(ir.Ingress),
		Hosts: ir.Hosts{Egress: l.hostStages(ir.Egress), Ingress: l.hostStages(ir.Ingress)},
	}
	p.Index()
	l.diags.Sort()
	return p, l.diags
}

var directions = []ir.Direction{ir.Egress, ir.Ingress}

// place puts a policy in its tier.
func (l *lifting) place(p *policy) {
	t := l.tier(p.tier)
	if t == nil {
		l.diags.Add(diag.NotInInput, p.tierAt,
			fmt.Sprintf("Tier %q of %s is not in the input.", p.tier, p.address()),
			"Add the Tier: its order and its default action decide what the policy means. Calico's API takes no policy into a tier that does not exist, and Felix would ask it last and deny at its end.")
		return
	}
	made := placed{order: p.order, key: l.key(strings.TrimPrefix(p.kind, "Staged"), p.namespace, p.name, p.tier), by: map[ir.Direction]*decisions{}, hosts: map[ir.Direction]*decisions{}}
	for _, d := range directions {
		if !p.types.Has(d) {
			continue
		}
		l.bounded(p.at, func() {
			subjects := p.subjects(d)
			made.by[d] = l.decisions(p, d, subjects)
			made.hosts[d] = l.hostDecisions(p, d)
		})
	}
	t.policies = append(t.policies, made)
}

func (l *lifting) decisions(p *policy, d ir.Direction, subjects []term) *decisions {
	out := &decisions{}
	for _, s := range subjects {
		out.isolate = append(out.isolate, ir.Isolation{
			Subject: ir.SubjectOf(s.pods), If: s.when, Mode: p.mode,
			Origin: ir.Origin{Kind: ir.FromDefault, Address: p.address(), Range: p.at},
		})
	}
	for i := range p.rules[d] {
		l.bounded(p.rules[d][i].at, func() { out.rules = append(out.rules, l.rules(p, d, i, subjects)...) })
	}
	return out
}

func (l *lifting) tier(name string) *tier {
	for i := range l.tiers {
		if l.tiers[i].name == name {
			return &l.tiers[i]
		}
	}
	return nil
}

// native puts Kubernetes' policies where Calico has them: network policies in
// tier default, cluster policies in tiers for them
// (libcalico-go/lib/backend/k8s/conversion).
func (l *lifting) native(docs []manifest.Document, o lift.Options) {
	policies, diags := kubernetes.Policies(docs, o)
	l.diags = append(l.diags, diags...)
	t := l.tier(defaultTier)
	for i := range policies {
		t.policies = append(t.policies, l.placeNative(&policies[i]))
	}
	for _, p := range l.stagedNative(o) {
		t.policies = append(t.policies, stage(l.placeNative(&p)))
	}
	cluster, diags := kubernetes.ClusterPolicies(docs, o)
	l.diags = append(l.diags, diags...)
	for i := range cluster {
		l.nativeCluster(&cluster[i])
	}
}

// placeNative gives a native policy its place in tier default.
func (l *lifting) placeNative(p *kubernetes.Policy) placed {
	name := p.Name
	if !l.version.AtLeast(3, 32) {
		name = "knp.default." + name
	}
	made := placed{order: nativeOrder, key: l.key("KubernetesNetworkPolicy", p.Namespace, name, ""), by: map[ir.Direction]*decisions{}}
	for _, d := range directions {
		if p.Directions.Has(d) {
			made.by[d] = &decisions{p.Rules(d), []ir.Isolation{p.Isolation(d)}}
		}
	}
	return made
}

func (l *lifting) nativeCluster(p *kubernetes.ClusterPolicy) {
	if !l.version.AtLeast(3, 32) {
		l.diags.Add(diag.NotEnforced, p.Range,
			fmt.Sprintf("Calico %s does not enforce %s.", l.version, p.Address()),
			"Calico has ClusterNetworkPolicy from 3.32.")
		return
	}
	t := l.tier(map[string]string{kubernetes.Admin: adminTier, kubernetes.Baseline: baselineTier}[p.Tier])
	made := placed{order: float64(p.Priority), key: l.key("KubernetesClusterNetworkPolicy", "", p.Name, ""), by: map[ir.Direction]*decisions{}}
	for _, d := range directions {
		if len(p.Rules(d)) == 0 {
			continue
		}
		made.by[d] = &decisions{}
		for _, r := range p.Rules(d) {
			l.deviations(p, &r)
			for _, part := range r.Parts {
				made.by[d].rules = append(made.by[d].rules, part.Rule)
			}
		}
	}
	t.policies = append(t.policies, made)
}

// deviations refuses what Calico makes something else of
// (libcalico-go/lib/backend/k8s/conversion/clusternetworkpolicy.go).
func (l *lifting) deviations(p *kubernetes.ClusterPolicy, r *kubernetes.ClusterRule) {
	if r.Fields&(kubernetes.FieldNodes|kubernetes.FieldDomainNames) != 0 {
		l.diags.Add(diag.NotEnforced, r.Origin.Range,
			fmt.Sprintf("Calico does not enforce nodes and domainNames in %s.", p.Address()),
			"Calico leaves out such a rule that accepts, and has one that denies or passes deny everything. Name networks, or use Calico's own policies.")
	}
	if !r.Fields.Has(kubernetes.FieldNamespaces) || len(l.sets) == 0 && !l.hosts {
		return
	}
	said := l.diags.Add(diag.NotEnforced, r.Origin.Range,
		fmt.Sprintf("Calico takes the namespaces in %s for selectors of network sets and host endpoints too.", p.Address()),
		"Name pods with an empty podSelector instead, which selects pods only.")
	if len(l.sets) > 0 {
		said.Relate(l.sets[0].at, "such a set")
	}
}
