package profile

import "slices"

// Platform is a managed cluster: an engine as its operator runs it. Where that
// changes what policies mean, Values says how; Notes is what no switch stands
// for. What nobody wrote down stays unknown.
type Platform struct {
	Name           string
	Says           string // what it is
	Engine         Engine
	Oldest, Newest Version // of the engine
	Values         []Value // of switches, unless they are stated; sorted by name
	MaxPorts       int     // that a rule may have, ranges and names being one each; 0 for any
	DNS            DNS
	Notes          []Note

	// HostNetwork is the labels of the namespace that stands for the nodes'
	// network; nil where there is none. Whether selectors match it is a switch,
	// host_network_namespace.
	HostNetwork map[string]string
}

// Value is what a switch is on a platform; "" where it differs from what the
// engine ships with, and is not known.
type Value struct{ Switch, Value, Source string }

// Note is something to know of a platform that is not part of what policies are
// taken to mean.
type Note struct{ Says, Source string }

// DNS is where the cluster's DNS is unless a configuration states it.
type DNS struct {
	Namespace  string
	Key, Label string // of its pods
	Port       uint16 // of its pods
	Source     string
}

// kubeDNS is where kubeadm and most others have it.
var kubeDNS = DNS{Namespace: "kube-system", Key: "k8s-app", Label: "kube-dns", Port: 53, Source: "kubernetes/kubernetes, cluster/addons/dns/coredns/coredns.yaml.base"}

// What the platforms cite more than once.
const (
	eksResolver = "aws/amazon-network-policy-controller-k8s, pkg/resolvers/endpoints.go"
	eksGuide    = "awsdocs/amazon-eks-user-guide, latest/ug/networking/cni-network-policy.adoc"
	ciliumKNP   = "cilium/cilium, Documentation/network/kubernetes/policy.rst"
	gkeConcepts = "https://cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2"
	aksCilium   = "MicrosoftDocs/azure-aks-docs, articles/aks/azure-cni-powered-by-cilium.md"
	npmPolicies = "MicrosoftDocs/azure-aks-docs, articles/aks/use-network-policies.md"
	npmBlocks   = "Azure/azure-container-networking, npm/pkg/controlplane/translation/translatePolicy.go"
	ovnBlocks   = "ovn-kubernetes/ovn-kubernetes, go-controller/pkg/ovn/gress_policy.go"
)

// platforms is sorted by name.
var platforms = []Platform{
	{
		Name: "aks-azure-npm", Says: "AKS with Azure Network Policy Manager, on Linux nodes", Engine: Kubernetes, Oldest: Version{1, 25}, Newest: Version{1, 36},
		Values: []Value{
			{"cidr_matches_nodes", "true", npmBlocks},
			{"cidr_matches_pods", "true", npmBlocks},
			{"ipv6", "false", "Azure/azure-container-networking, npm/pkg/controlplane/translation/cidr_errors_test.go"},
		},
		DNS: kubeDNS,
		Notes: []Note{
			{"A policy with an IPv6 range is not enforced at all.", "Azure/azure-container-networking, npm/pkg/controlplane/translation/cidr_errors_test.go"},
			{"On Windows nodes it has no named ports, no SCTP, no exceptions of an ipBlock and no negative selectors: such nodes are not what this profile is about.", npmPolicies},
		},
	},
	{
		Name: "aks-cilium", Says: "AKS with Azure CNI powered by Cilium", Engine: Cilium, Oldest: Version{1, 17}, Newest: Version{1, 18},
		Values: []Value{
			{"fqdn_rules", "false", aksCilium},
			{"http_rules", "false", aksCilium},
		},
		DNS: kubeDNS,
		Notes: []Note{
			{"An ipBlock matches neither pods nor nodes.", aksCilium},
			{"With Advanced Container Networking Services it reads names and requests: state fqdn_rules and http_rules.", aksCilium},
			{"Pods on the host's network are governed by no policy.", aksCilium},
		},
	},
	{
		Name: "eks-vpc-cni", Says: "EKS with the network policies of the VPC CNI", Engine: Kubernetes, Oldest: Version{1, 25}, Newest: Version{1, 36},
		Values: []Value{
			{"cidr_matches_nodes", "true", eksResolver},
			{"cidr_matches_pods", "true", eksResolver},
			{"named_ports", "wider", eksResolver},
		},
		MaxPorts: 24,
		DNS:      kubeDNS,
		Notes: []Note{
			{"A port by name in ingress opens, on every pod that a policy selects, each number that one of them gives the name.", eksResolver},
			{"Egress is judged before Services are translated: a Service is open where its selector is among what a rule selects, and its port must be the pods' port.", eksGuide},
			{"One IP family is enforced, that of the cluster; ranges of the other are ignored.", eksGuide},
			{"Policies are for pods that something owns, on Linux nodes of EC2; not for bare pods, Fargate or Windows.", eksGuide},
			{"There may be 24 combinations of ports and protocols for one range over all policies. A rule with more is refused; what several policies add up to is not looked at.", eksGuide},
			{"In standard mode a new pod is open until its policies are in place, in strict mode closed.", "https://github.com/aws/aws-network-policy-agent/pull/209"},
			{"A rule with ports stops ICMP.", "https://github.com/aws/aws-network-policy-agent/issues/90"},
			{"Policies of AWS's own kinds (networking.k8s.aws) are not read.", "aws/amazon-network-policy-controller-k8s, pkg/resolvers/clusternetworkpolicy_resolver.go"},
		},
	},
	{
		Name: "gke-dataplane-v2", Says: "GKE with Dataplane V2, by native policies", Engine: Kubernetes, Oldest: Version{1, 25}, Newest: Version{1, 36},
		Values: []Value{
			{"cidr_matches_pods", "false", ciliumKNP},
		},
		DNS: kubeDNS,
		Notes: []Note{
			{"It is Cilium, so that an ipBlock matches no pods.", gkeConcepts},
			{"Cilium's cluster-wide policies and GKE's own kinds, where they are enabled, are not read under this profile.", "https://cloud.google.com/kubernetes-engine/docs/how-to/configure-cilium-network-policy"},
		},
	},
	{
		Name: "openshift-ovn", Says: "OpenShift with OVN-Kubernetes", Engine: Kubernetes, Oldest: Version{1, 25}, Newest: Version{1, 36},
		Values: []Value{
			{"cidr_matches_pods", "true", ovnBlocks},
			{"host_network_namespace", "", "https://docs.okd.io/latest/networking/network_security/network_policy/about-network-policy.html"},
			{"named_ports", "wider", ovnBlocks},
		},
		HostNetwork: map[string]string{
			"kubernetes.io/metadata.name":                    "openshift-host-network",
			"policy-group.network.openshift.io/host-network": "",
		},
		DNS: DNS{Namespace: "openshift-dns", Key: "dns.operator.openshift.io/daemonset-dns", Label: "default", Port: 5353, Source: "openshift/cluster-dns-operator, pkg/operator/controller/names.go and assets/dns/daemonset.yaml"},
		Notes: []Note{
			{"A port by name may open every port of its protocol.", ovnBlocks},
			{"The namespace openshift-host-network, with the label policy-group.network.openshift.io/host-network, stands for the nodes' network; with which selectors is said differently, so that it is unknown.", "https://docs.redhat.com/en/documentation/openshift_container_platform/4.6/html/release_notes/ocp-4-6-network-policy-host-network-policy-group"},
			{"AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1) are refused, not read.", "https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/network_security/admin-network-policy"},
		},
	},
}

// Platforms gives every platform, sorted by name.
func Platforms() []Platform { return slices.Clone(platforms) }

// PlatformNames lists the platforms' names in a fixed order.
func PlatformNames() []string {
	var out []string
	for _, f := range platforms {
		out = append(out, f.Name)
	}
	return out
}

// MaxPorts is how many ports a rule may have, ranges and names being one each; 0
// for any.
func (p Profile) MaxPorts() int {
	if f, ok := platformOf(p.Platform); ok {
		return f.MaxPorts
	}
	return 0
}

// HostNetwork gives the labels of the namespace that stands for the nodes'
// network; nil where there is none.
func (p Profile) HostNetwork() map[string]string {
	if f, ok := platformOf(p.Platform); ok && p.Switch("host_network_namespace") != "false" {
		return f.HostNetwork
	}
	return nil
}

func platformOf(name string) (*Platform, bool) {
	for i := range platforms {
		if platforms[i].Name == name {
			return &platforms[i], true
		}
	}
	return nil, false
}

// DNS is where the profile's clusters have their DNS unless a configuration
// states it.
func (p Profile) DNS() DNS {
	if f, ok := platformOf(p.Platform); ok {
		return f.DNS
	}
	return kubeDNS
}
