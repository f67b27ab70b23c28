package clusterpolicy

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The identity of the kind.
const (
	APIVersion = "policy.networking.k8s.io/v1alpha2"
	Kind       = "ClusterNetworkPolicy"
)

// The types of the kind, with the fields of the standard channel and without
// the status (network-policy-api v0.2.0,
// apis/v1alpha2/clusternetworkpolicy_types.go). The module is no dependency for
// them: it brings its clients and their generators along.

// Policy is a ClusterNetworkPolicy.
type Policy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              Spec `json:"spec"`
}

// Spec is what a policy says.
type Spec struct {
	Tier     Tier      `json:"tier"`
	Priority int32     `json:"priority"` // 0 to 1000, the lowest first
	Subject  Selection `json:"subject"`
	Ingress  []Rule    `json:"ingress,omitempty"`
	Egress   []Rule    `json:"egress,omitempty"`
}

// Tier is where in the order of policies a policy stands.
type Tier string

// The tiers: before the network policies, and after them.
const (
	Admin    Tier = "Admin"
	Baseline Tier = "Baseline"
)

// Rule is a rule of a policy, From of ingress and To of egress.
type Rule struct {
	Name      string      `json:"name,omitempty"`
	Action    string      `json:"action"`
	From      []Selection `json:"from,omitempty"`
	To        []Peer      `json:"to,omitempty"`
	Protocols []Protocol  `json:"protocols,omitempty"`
}

// Selection is all pods of namespaces, or pods by their labels: one of the two.
type Selection struct {
	Namespaces *metav1.LabelSelector `json:"namespaces,omitempty"`
	Pods       *NamespacedPods       `json:"pods,omitempty"`
}

// NamespacedPods is the pods with labels in the namespaces with labels.
type NamespacedPods struct {
	NamespaceSelector metav1.LabelSelector `json:"namespaceSelector"`
	PodSelector       metav1.LabelSelector `json:"podSelector"`
}

// Peer is pods, or whatever has an address of the networks: one of the two.
type Peer struct {
	Selection `json:",inline"`
	Networks  []string `json:"networks,omitempty"`
}

// Protocol is ports of one protocol, or a port that pods call by a name,
// whatever its protocol: one of the four.
type Protocol struct {
	TCP       *Transport `json:"tcp,omitempty"`
	UDP       *Transport `json:"udp,omitempty"`
	SCTP      *Transport `json:"sctp,omitempty"`
	NamedPort string     `json:"destinationNamedPort,omitempty"`
}

// Transport is ports of a protocol. The CRD takes none without them
// (config/crd, minProperties).
type Transport struct {
	DestinationPort Port `json:"destinationPort"`
}

// Port is one port, or a range of two and more: one of the two.
type Port struct {
	Number int32      `json:"number,omitempty"`
	Range  *PortRange `json:"range,omitempty"`
}

// PortRange is the ports from Start to End, which is greater.
type PortRange struct {
	Start int32 `json:"start"`
	End   int32 `json:"end"`
}
