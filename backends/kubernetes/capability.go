package kubernetes

import "github.com/portolan-dev/portolan/backends/lower"

// What the table cites: files of kubernetes/kubernetes, and the page on
// policies of kubernetes/website.
const (
	types      = "staging/src/k8s.io/api/networking/v1/types.go"
	defaults   = "pkg/apis/networking/v1/defaults.go"
	validation = "pkg/apis/networking/validation/validation.go"
	endToEnd   = "test/e2e/network/netpol/network_policy.go"
	selectors  = "staging/src/k8s.io/apimachinery/pkg/labels/selector.go"
	website    = "content/en/docs/concepts/services-networking/network-policies.md"

	clusterTypes = "apis/v1alpha2/clusternetworkpolicy_types.go" // of kubernetes-sigs/network-policy-api
)

// orCluster is what a switch changes.
const orCluster = "; with cluster_network_policy said with its tier Admin, but for ingress from what is no pod"

// Capabilities is what native NetworkPolicy can say.
func (Backend) Capabilities() []lower.Capability {
	return []lower.Capability{
		{Feature: lower.DefaultDenyNamespace, Support: lower.Exact, Note: "a policy that selects every pod of the namespace, with explicit policyTypes", Source: website, Golden: "kubernetes/namespace-default"},
		{Feature: lower.DefaultDenyWorkload, Support: lower.Exact, Note: "a policy that selects the workload's pods", Source: website, Golden: "kubernetes/workload-default"},
		{Feature: lower.DefaultDenyCluster, Support: lower.Within, Note: "egress with cluster_network_policy, in its tier Baseline, which cannot deny ingress from what is no pod; else a policy reaches one namespace, so namespaces that are not declared stay open: declare them, or use Calico or Cilium", Source: clusterTypes, Golden: "kubernetes/cnp-cluster-default"},
		{Feature: lower.EgressRules, Support: lower.Exact, Note: "policyTypes names the directions that are closed and no other", Source: defaults, Golden: "kubernetes/one-direction"},
		{Feature: lower.DNSCompanion, Support: lower.Exact, Note: "egress to the DNS pods, UDP and TCP", Source: website, Golden: "kubernetes/namespace-default"},
		{Feature: lower.NodeLocalDNS, Support: lower.Exact, Note: "an ipBlock with the cache's address beside the DNS pods", Source: types, Golden: "kubernetes/node-local-dns"},
		{Feature: lower.PodPeers, Support: lower.Exact, Note: "podSelector in the policy's namespace, else both selectors in one peer", Source: types, Golden: "kubernetes/pod-peers"},
		{Feature: lower.LabelExpressions, Support: lower.Within, Note: "matchExpressions; what no operator says becomes several peers or policies, at most 1,000", Source: selectors, Golden: "kubernetes/label-expressions"},
		{Feature: lower.NamespacePeers, Support: lower.Exact, Note: "namespaceSelector; names by kubernetes.io/metadata.name, which the control plane sets", Source: types, Golden: "kubernetes/namespace-peers"},
		{Feature: lower.AccountPeers, Support: lower.Refused, Note: "selectors see no service accounts: give the workload labels, or use Calico, Cilium or a mesh", Source: types, Golden: "kubernetes/accounts-refused"},
		{Feature: lower.SelfOthersPeer, Support: lower.Exact, Note: "podSelector {}, and NotIn on the namespace's name", Source: selectors, Golden: "kubernetes/self-others"},
		{Feature: lower.ClusterPeer, Support: lower.Exact, Note: "namespaceSelector {}", Source: types, Golden: "kubernetes/cluster-peer"},
		{Feature: lower.WorldPeer, Support: lower.Within, Note: "an ipBlock may match pods and nodes too: state pod_cidrs and node_cidrs, else private ranges are left out", Source: website, Golden: "kubernetes/world"},
		{Feature: lower.AnywherePeer, Support: lower.Exact, Note: "a rule without peers", Source: types, Golden: "kubernetes/anywhere"},
		{Feature: lower.NodesPeer, Support: lower.Within, Note: "by address: needs node_cidrs and pod_cidrs; a pod's own node reaches it anyway", Source: website, Golden: "kubernetes/nodes"},
		{Feature: lower.APIServerPeer, Support: lower.Within, Note: "by address: needs api_server", Source: website, Golden: "kubernetes/apiserver"},
		{Feature: lower.RemotePeer, Support: lower.Refused, Note: "knows the pods of its own cluster", Source: types, Golden: "kubernetes/other-clusters-refused"},
		{Feature: lower.CIDRPeers, Support: lower.Exact, Note: "ipBlock and except; pods' and nodes' ranges are taken out", Source: validation, Golden: "kubernetes/cidrs"},
		{Feature: lower.FQDNPeers, Support: lower.Refused, Note: "addresses only; use Cilium", Source: types, Golden: "kubernetes/fqdn-refused"},
		{Feature: lower.Ports, Support: lower.Exact, Note: "always with their protocol, which would be TCP where it is missing", Source: defaults, Golden: "kubernetes/ports"},
		{Feature: lower.PortRanges, Support: lower.Exact, Note: "port and endPort; refused where the CNI has no endPort (switch end_port)", Source: validation, Golden: "kubernetes/ports"},
		{Feature: lower.NamedPorts, Support: lower.Exact, Note: "what each destination pod calls it; refused where the CNI opens more (switch named_ports)", Source: types, Golden: "kubernetes/named-ports"},
		{Feature: lower.SCTP, Support: lower.Exact, Note: "in the API; refused where the CNI has none (switch sctp)", Source: endToEnd, Golden: "kubernetes/sctp"},
		{Feature: lower.ICMP, Support: lower.Refused, Note: "left to the CNI; use Calico or Cilium", Source: website, Golden: "kubernetes/icmp-refused"},
		{Feature: lower.HTTP, Support: lower.Refused, Note: "addresses and ports only; add a mesh or use Cilium", Source: types, Golden: "kubernetes/http-refused"},
		{Feature: lower.HTTPRegex, Support: lower.Refused, Note: "as HTTP methods and paths", Source: types, Golden: "kubernetes/http-forms-refused"},
		{Feature: lower.HTTPHosts, Support: lower.Refused, Note: "as HTTP methods and paths", Source: types, Golden: "kubernetes/http-forms-refused"},
		{Feature: lower.HTTPHeaders, Support: lower.Refused, Note: "as HTTP methods and paths", Source: types, Golden: "kubernetes/http-forms-refused"},
		{Feature: lower.GRPC, Support: lower.Refused, Note: "as HTTP methods and paths", Source: types, Golden: "kubernetes/grpc-refused"},
		{Feature: lower.DNSNames, Support: lower.Refused, Note: "use Cilium", Source: types, Golden: "kubernetes/dns-names-refused"},
		{Feature: lower.JWT, Support: lower.Refused, Note: "decides by address and port; a stack with `istio` has it", Source: types, Golden: "kubernetes/conditions-refused"},
		{Feature: lower.SNI, Support: lower.Refused, Note: "decides by address and port", Source: types, Golden: "kubernetes/conditions-refused"},
		{Feature: lower.ClientAddress, Support: lower.Refused, Note: "sees the address that a packet comes from; a stack with `istio` has it", Source: types, Golden: "kubernetes/conditions-refused"},
		{Feature: lower.DenyRules, Support: lower.Within, Note: "taken out of the allows, where the pods are closed and the difference has an exact form" + orCluster, Source: website, Golden: "kubernetes/cnp-deny"},
		{Feature: lower.Tiers, Support: lower.Within, Note: "flattened into the allows that they leave; a rule that falls into over 1,000 parts is refused" + orCluster + ", for orders up to 996, 4 and more apart", Source: website, Golden: "kubernetes/cnp-tiers"},
		{Feature: lower.PassRules, Support: lower.Within, Note: "flattened, as tiers" + orCluster + ", or taken out of its own tier where a later one would be skipped", Source: website, Golden: "kubernetes/cnp-pass"},
		{Feature: lower.LogRules, Support: lower.Refused, Note: "use Calico", Source: types, Golden: "kubernetes/log-refused"},
		{Feature: lower.StagedRules, Support: lower.Refused, Note: "a policy is enforced", Source: types, Golden: "kubernetes/staged-refused"},
		{Feature: lower.ClusterRules, Support: lower.Within, Note: "an object in each declared namespace that is closed; namespaces that are open need none", Source: types, Golden: "kubernetes/cluster-rules"},
		{Feature: lower.NodeRules, Support: lower.Refused, Note: "protects pods; use Calico's host endpoints or Cilium's host firewall", Source: types, Golden: "kubernetes/node-rules-refused"},
		{Feature: lower.MTLS, Support: lower.Refused, Note: "add a mesh", Source: types, Golden: "kubernetes/mtls-refused"},
	}
}
