// Package cilium lifts what Cilium enforces into programs:
// CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2), the
// CiliumCIDRGroups that they name, and Kubernetes' own policies.
//
//	kind: CiliumNetworkPolicy
//	metadata: {name: backend, namespace: shop}
//	spec:
//	  endpointSelector: {matchLabels: {tier: backend}}
//	  ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]
//
// is an isolation of the selected pods for ingress and an allow from the pods
// of the namespace to TCP 8080. All policies are one level in which deny beats
// allow, and match what a peer is, not where it is.
package cilium

import (
	"fmt"

	"github.com/portolan-dev/portolan/frontends/kubernetes"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Frontend lifts policies as Cilium enforces them with its default
// configuration, but for the switches that the profile states.
type Frontend struct{}

// Name is the family's name.
func (Frontend) Name() string { return string(profile.Cilium) }

// The kinds of object.
const (
	ciliumGroup   = "cilium.io"
	namespaced    = "CiliumNetworkPolicy"
	clusterScoped = "CiliumClusterwideNetworkPolicy"
	cidrGroup     = "CiliumCIDRGroup"
)

// Reads reports whether the kind is one of Cilium's policies, a group of ranges
// that they name, or a policy of Kubernetes' own.
func (Frontend) Reads(group, kind string) bool {
	return group == ciliumGroup && (kind == namespaced || kind == clusterScoped || kind == cidrGroup) || kubernetes.IsPolicy(group, kind) || kubernetes.IsClusterPolicy(group, kind)
}

// Lift gives the program of the policies: one stage for each direction, between
// those of ClusterNetworkPolicies.
func (Frontend) Lift(docs []manifest.Document, o lift.Options) (*ir.Program, diag.List) {
	l := &lifting{options: o, patterns: patterns{}, askers: askers{}, groups: map[string]group{}}
	l.readGroups(docs)
	l.readPolicies(docs)
	l.readNative(docs)
	l.readCluster(docs)
	p := &ir.Program{Inventory: o.Inventory}
	p.Egress = l.stages(ir.Egress)
	p.Ingress = l.stages(ir.Ingress)
	p.Hosts = l.hosts()
	p.Index()
	l.diags.Sort()
	return p, l.diags
}

// lifting is the state of one Lift.
type lifting struct {
	options  lift.Options
	diags    diag.List
	groups   map[string]group // by name
	patterns patterns
	askers   askers

	rules     []*rule
	nodeRules []*rule // those with a nodeSelector
	tiered    []kubernetes.ClusterPolicy
}

// atLeast reports whether the profile is of this minor release or a newer one.
func (l *lifting) atLeast(minor int) bool { return l.options.Profile.Version.AtLeast(1, minor) }

// fault is what is wrong with a value, as a sentence without its subject, and
// what would be right.
type fault struct{ why, todo string }

func bad(todo, format string, args ...any) *fault {
	return &fault{fmt.Sprintf(format, args...), todo}
}
