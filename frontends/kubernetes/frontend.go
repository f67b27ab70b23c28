// Package kubernetes lifts the policies of the Kubernetes project into
// programs: networking.k8s.io/v1 NetworkPolicy and
// policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy.
//
//	kind: NetworkPolicy
//	metadata: {name: backend, namespace: shop}
//	spec:
//	  podSelector: {matchLabels: {tier: backend}}
//	  ingress: [{from: [{podSelector: {}}], ports: [{port: 8080}]}]
//
// is an isolation of the selected pods for ingress and an allow from the pods
// of the namespace to TCP 8080. Engines that enforce these policies among their
// own have them from Policies and ClusterPolicies, rule by rule.
package kubernetes

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Frontend lifts the policies as their APIs define them, whatever enforces them.
type Frontend struct{}

// Name is the family's name.
func (Frontend) Name() string { return string(profile.Kubernetes) }

// Reads reports whether the kind is one of the APIs' policies, older versions
// of them included, which Lift refuses.
func (Frontend) Reads(group, kind string) bool {
	return IsPolicy(group, kind) || IsClusterPolicy(group, kind)
}

// Lift gives the program of the policies: the Admin tier, then the network
// policies, which are final for the pods that they isolate, then the Baseline
// tier (network-policy-api, apis/v1alpha2/clusternetworkpolicy_types.go, Tier).
// Policies of the two tiers are read unless the profile was told that nothing
// enforces them: what stands in the input is most likely meant.
func (Frontend) Lift(docs []manifest.Document, o lift.Options) (*ir.Program, diag.List) {
	policies, diags := Policies(docs, o)
	cluster, more := ClusterPolicies(docs, o)
	diags = append(diags, more...)
	if slices.Contains(o.Profile.Stated(), clusterPolicies+"=false") {
		cluster = idle(cluster, &diags)
	}
	p := &ir.Program{Inventory: o.Inventory}
	p.Egress = stages(ir.Egress, policies, cluster, &diags)
	// No policy can keep a pod's own node from it (kubernetes/website,
	// network-policies.md: kubelet's probes).
	p.Ingress = append([]ir.Stage{ir.Axioms()}, stages(ir.Ingress, policies, cluster, &diags)...)
	p.Index()
	diags.Sort()
	return p, diags
}

// clusterPolicies is the switch that says whether anything enforces
// ClusterNetworkPolicies.
const clusterPolicies = "cluster_network_policy"

// idle reports policies that nothing enforces, and gives none.
func idle(policies []ClusterPolicy, diags *diag.List) []ClusterPolicy {
	for i := range policies {
		diags.Add(diag.NoEffect, policies[i].Range, fmt.Sprintf("%s has no effect: %s is false, so that nothing enforces it.", policies[i].Address(), clusterPolicies),
			"State the switch as true where the API is installed and the CNI enforces it.")
	}
	return nil
}

// stages gives what decides in a direction. The stage of the network policies
// is always there.
func stages(d ir.Direction, policies []Policy, cluster []ClusterPolicy, diags *diag.List) []ir.Stage {
	var out []ir.Stage
	admin, some := tier(Admin, d, cluster, diags)
	if some {
		out = append(out, admin)
	}
	out = append(out, rules(d, policies))
	if baseline, some := tier(Baseline, d, cluster, diags); some {
		out = append(out, baseline)
	}
	return out
}

// rules gives the stage of the network policies: they only allow, and close
// what they select.
func rules(d ir.Direction, policies []Policy) ir.Stage {
	s := ir.Stage{Name: ir.StageRules}
	var allows ir.Level
	for i := range policies {
		p := &policies[i]
		if !p.Directions.Has(d) {
			continue
		}
		allows.Rules = append(allows.Rules, p.Rules(d)...)
		s.Isolate = append(s.Isolate, p.Isolation(d))
	}
	if len(allows.Rules) > 0 {
		s.Levels = []ir.Level{allows}
	}
	return s
}
