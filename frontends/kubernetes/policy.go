package kubernetes

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// The kinds, and the groups in which they are read. Both have more than one
// version, of which the others are refused.
const (
	policyKind   = "NetworkPolicy"
	policyGroup  = "networking.k8s.io"
	clusterKind  = "ClusterNetworkPolicy"
	clusterGroup = "policy.networking.k8s.io"
)

// The tiers of ClusterNetworkPolicies: before the network policies, and after.
const (
	Admin    = "Admin"
	Baseline = "Baseline"
)

// IsPolicy reports whether documents of the kind are for Policies.
func IsPolicy(group, kind string) bool {
	return kind == policyKind && (group == policyGroup || group == "extensions")
}

// IsClusterPolicy reports whether documents of the kind are for ClusterPolicies.
func IsClusterPolicy(group, kind string) bool {
	return group == clusterGroup && (kind == clusterKind || kind == "AdminNetworkPolicy" || kind == "BaselineAdminNetworkPolicy")
}

// Policy is one NetworkPolicy, lifted rule by rule. One whose selector nothing
// can satisfy has no effect and is not among them.
type Policy struct {
	Name, Namespace string
	Range           diag.Range

	// Directions are those of policyTypes, after defaulting: the selected pods
	// are closed in them. Written are those of which spec has rules, which have
	// no effect beyond Directions by the API, and do have on some engines.
	Directions, Written ir.Directions
	Subject             ir.Subject

	// Ingress and Egress are the allows, also beyond Directions. A rule whose
	// peers or traffic are nothing is not there.
	Ingress, Egress []ir.Rule
}

// Address names the policy in origins: "NetworkPolicy shop/web".
func (p *Policy) Address() string { return policyKind + " " + p.Namespace + "/" + p.Name }

// Rules gives the rules of a direction.
func (p *Policy) Rules(d ir.Direction) []ir.Rule {
	if d == ir.Egress {
		return p.Egress
	}
	return p.Ingress
}

// Isolation closes what the policy selects, at the end of the stage that it is
// put in.
func (p *Policy) Isolation(ir.Direction) ir.Isolation {
	return ir.Isolation{Subject: p.Subject, Origin: ir.Origin{Kind: ir.FromDefault, Address: p.Address(), Range: p.Range}}
}

// ClusterPolicy is one ClusterNetworkPolicy, lifted rule by rule. One whose
// subject nothing can satisfy has no effect and is not among them.
type ClusterPolicy struct {
	Name     string
	Range    diag.Range
	Tier     string // Admin or Baseline
	Priority int    // 0 to 1000, the lowest first
	Subject  ir.Subject

	Ingress, Egress []ClusterRule // in the order in which they are asked
}

// Address names the policy in origins: "ClusterNetworkPolicy guard".
func (p *ClusterPolicy) Address() string { return clusterKind + " " + p.Name }

// Rules gives the rules of a direction.
func (p *ClusterPolicy) Rules(d ir.Direction) []ClusterRule {
	if d == ir.Egress {
		return p.Egress
	}
	return p.Ingress
}

// ClusterRule is one rule of a ClusterNetworkPolicy. Its peers are apart from
// each other, because engines deviate by the field that names them.
type ClusterRule struct {
	Action ir.Action
	Origin ir.Origin
	Fields Fields        // that its peers are named by
	Parts  []ClusterPart // one for each peer but those that nothing can be
}

// ClusterPart is what a rule says of one of its peers.
type ClusterPart struct {
	Field Fields // one
	Rule  ir.Rule
}

// Fields is a set of the fields that name peers in a ClusterNetworkPolicy.
type Fields uint8

// The fields. Nodes and DomainNames are of the API's experimental channel.
const (
	FieldNamespaces Fields = 1 << iota
	FieldPods
	FieldNetworks
	FieldNodes
	FieldDomainNames
)

// Has reports whether all of the fields are in the set.
func (f Fields) Has(g Fields) bool { return f&g == g }
