package kubernetes

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The types of ClusterNetworkPolicy, as network-policy-api v0.2.0 has them in
// apis/v1alpha2/clusternetworkpolicy_types.go, without the status.

type cnp struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              cnpSpec `json:"spec"`
}

type cnpSpec struct {
	Tier     string           `json:"tier"`
	Priority int32            `json:"priority"`
	Subject  cnpPodPeer       `json:"subject"`
	Ingress  []cnpIngressRule `json:"ingress,omitempty"`
	Egress   []cnpEgressRule  `json:"egress,omitempty"`
}

type cnpRule struct {
	Name      string        `json:"name,omitempty"`
	Action    string        `json:"action"`
	Protocols []cnpProtocol `json:"protocols,omitempty"`
}

type cnpIngressRule struct {
	cnpRule `json:",inline"`
	From    []cnpPodPeer `json:"from"`
}

type cnpEgressRule struct {
	cnpRule `json:",inline"`
	To      []cnpPeer `json:"to"`
}

// cnpPodPeer is also the type of a subject.
type cnpPodPeer struct {
	Namespaces *metav1.LabelSelector `json:"namespaces,omitempty"`
	Pods       *cnpPods              `json:"pods,omitempty"`
}

type cnpPeer struct {
	cnpPodPeer  `json:",inline"`
	Nodes       *metav1.LabelSelector `json:"nodes,omitempty"`
	Networks    []string              `json:"networks,omitempty"`
	DomainNames []string              `json:"domainNames,omitempty"`
}

type cnpPods struct {
	NamespaceSelector metav1.LabelSelector `json:"namespaceSelector"`
	PodSelector       metav1.LabelSelector `json:"podSelector"`
}

type cnpProtocol struct {
	TCP                  *cnpTransport `json:"tcp,omitempty"`
	UDP                  *cnpTransport `json:"udp,omitempty"`
	SCTP                 *cnpTransport `json:"sctp,omitempty"`
	DestinationNamedPort string        `json:"destinationNamedPort,omitempty"`
}

type cnpTransport struct {
	DestinationPort *cnpPort `json:"destinationPort,omitempty"`
}

type cnpPort struct {
	Number int32     `json:"number,omitempty"`
	Range  *cnpRange `json:"range,omitempty"`
}

type cnpRange struct {
	Start int32 `json:"start"`
	End   int32 `json:"end"`
}
