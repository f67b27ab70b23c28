package calico

import "github.com/portolan-dev/portolan/backends/lower"

// The upstream files that the table cites, in projectcalico/calico.
const (
	evaluation = "felix/rules/endpoints.go"
	policies   = "api/pkg/apis/projectcalico/v3/networkpolicy.go"
	global     = "api/pkg/apis/projectcalico/v3/globalnetworkpolicy.go"
	common     = "api/pkg/apis/projectcalico/v3/policy_common.go"
	tierFile   = "api/pkg/apis/projectcalico/v3/tier.go"
	selectors  = "libcalico-go/lib/selector/parser/parser.go"
	labels     = "libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go"
	entities   = "libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go"
	scanner    = "felix/calc/rule_scanner.go"
)

// Capabilities is what Calico's open source policies can say.
func (Backend) Capabilities() []lower.Capability {
	return []lower.Capability{
		{Feature: lower.DefaultDenyNamespace, Support: lower.Exact, Note: "a NetworkPolicy that selects every pod; tier default ends in a deny", Source: evaluation, Golden: "calico/namespace"},
		{Feature: lower.DefaultDenyWorkload, Support: lower.Exact, Note: "a NetworkPolicy that selects the workload's pods", Source: evaluation, Golden: "calico/workload-default"},
		{Feature: lower.DefaultDenyCluster, Support: lower.Exact, Note: "a GlobalNetworkPolicy confined to pods, so that host endpoints stay as they are", Source: global, Golden: "calico/cluster-default"},
		{Feature: lower.EgressRules, Support: lower.Exact, Note: "traffic to the pod's own node is subject to Felix's defaultEndpointToHostAction after policy", Source: policies, Golden: "calico/namespace"},
		{Feature: lower.DNSCompanion, Support: lower.Exact, Note: "egress to the DNS pods", Source: policies, Golden: "calico/namespace"},
		{Feature: lower.NodeLocalDNS, Support: lower.Exact, Note: "the cache's address beside the DNS pods", Source: common, Golden: "calico/node-local-dns"},
		{Feature: lower.PodPeers, Support: lower.Exact, Note: "a selector with projectcalico.org/orchestrator == 'k8s', so that host endpoints and network sets never match", Source: entities, Golden: "calico/namespace"},
		{Feature: lower.LabelExpressions, Support: lower.Exact, Note: "up to 1,024 characters; longer lists of values become several rules", Source: selectors, Golden: "calico/label-expressions"},
		{Feature: lower.NamespacePeers, Support: lower.Exact, Note: "a namespace selector; names by projectcalico.org/name, which Calico sets itself", Source: entities, Golden: "calico/namespace-peers"},
		{Feature: lower.AccountPeers, Support: lower.Exact, Note: "known by address, not by certificate", Source: labels, Golden: "calico/accounts"},
		{Feature: lower.SelfOthersPeer, Support: lower.Exact, Note: "a namespace selector, or none for the policy's own namespace", Source: entities, Golden: "calico/self-others"},
		{Feature: lower.ClusterPeer, Support: lower.Exact, Note: "every namespace, pods only", Source: entities, Golden: "calico/cluster-peer"},
		{Feature: lower.WorldPeer, Support: lower.Within, Note: "address ranges match pods and nodes too: state pod_cidrs and node_cidrs, else private ranges are left out", Source: entities, Golden: "calico/world"},
		{Feature: lower.AnywherePeer, Support: lower.Exact, Note: "a rule without a peer", Source: common, Golden: "calico/anywhere"},
		{Feature: lower.NodesPeer, Support: lower.Within, Note: "by address: needs node_cidrs and pod_cidrs, or host endpoints (host_endpoints). Traffic from another node through a tunnel carries the tunnel's address", Source: entities, Golden: "calico/nodes"},
		{Feature: lower.APIServerPeer, Support: lower.Within, Note: "by address (api_server), else by the endpoints of the Service default/kubernetes: as a source always, as a destination of allows without ports", Source: common, Golden: "calico/apiserver"},
		{Feature: lower.RemotePeer, Support: lower.Refused, Note: "open source Calico knows none", Source: entities, Golden: "calico/other-clusters-refused"},
		{Feature: lower.CIDRPeers, Support: lower.Exact, Note: "nets and notNets, a rule for each address family; more than 256 of a family in a NetworkSet, or a GlobalNetworkSet for global policies; pods' and nodes' ranges are taken out", Source: common, Golden: "calico/network-sets"},
		{Feature: lower.FQDNPeers, Support: lower.Refused, Note: "not in open source Calico; use Cilium or addresses", Source: common, Golden: "calico/fqdn-refused"},
		{Feature: lower.Ports, Support: lower.Exact, Note: "a rule for each protocol, at most 50 ports in each; all ports but a few as notPorts", Source: common, Golden: "calico/ports"},
		{Feature: lower.PortRanges, Support: lower.Exact, Note: "first:last", Source: common, Golden: "calico/ports"},
		{Feature: lower.NamedPorts, Support: lower.Exact, Note: "what each destination pod calls it; always with its protocol", Source: common, Golden: "calico/named-ports"},
		{Feature: lower.SCTP, Support: lower.Exact, Note: "the hosts need the kernel module", Source: common, Golden: "calico/ports"},
		{Feature: lower.ICMP, Support: lower.Within, Note: "types 0 to 254 with codes, a rule for each", Source: common, Golden: "calico/icmp"},
		{Feature: lower.HTTP, Support: lower.Refused, Note: "Felix programs a rule without its http part, which would open the port; Dikastes (application_layer_policy) takes what is no request for a match; use a mesh or Cilium", Source: scanner, Golden: "calico/http-refused"},
		{Feature: lower.HTTPRegex, Support: lower.Refused, Note: "as HTTP methods and paths", Source: scanner, Golden: "calico/http-refused"},
		{Feature: lower.HTTPHosts, Support: lower.Refused, Note: "as HTTP methods and paths", Source: scanner, Golden: "calico/http-refused"},
		{Feature: lower.HTTPHeaders, Support: lower.Refused, Note: "as HTTP methods and paths", Source: scanner, Golden: "calico/http-refused"},
		{Feature: lower.GRPC, Support: lower.Refused, Note: "as HTTP methods and paths", Source: scanner, Golden: "calico/http-refused"},
		{Feature: lower.DNSNames, Support: lower.Refused, Note: "Calico reads no DNS; use Cilium", Source: common, Golden: "calico/dns-names-refused"},
		{Feature: lower.JWT, Support: lower.Refused, Note: "reads no tokens; a stack with `istio` has it", Source: common, Golden: "calico/conditions-refused"},
		{Feature: lower.SNI, Support: lower.Refused, Note: "reads no TLS; use Cilium", Source: common, Golden: "calico/conditions-refused"},
		{Feature: lower.ClientAddress, Support: lower.Refused, Note: "sees the address that a packet comes from; a stack with `istio` has it", Source: common, Golden: "calico/conditions-refused"},
		{Feature: lower.DenyRules, Support: lower.Exact, Note: "outside tiers in a tier \"portolan\", order 999999.5, which passes at its end: before every allow in tier default, and closing nothing", Source: evaluation, Golden: "calico/deny"},
		{Feature: lower.Tiers, Support: lower.Exact, Note: "a Tier of the same order; native policies and allows outside tiers are in tier default, 1000000", Source: tierFile, Golden: "calico/tiers"},
		{Feature: lower.PassRules, Support: lower.Exact, Note: "action Pass", Source: evaluation, Golden: "calico/tiers"},
		{Feature: lower.LogRules, Support: lower.Exact, Note: "action Log, to the kernel's log; those of a tier that denies at its end in a tier of their own right before it", Source: evaluation, Golden: "calico/log"},
		{Feature: lower.StagedRules, Support: lower.Exact, Since: "3.30", Note: "StagedNetworkPolicy and StagedGlobalNetworkPolicy in the tier and at the order of what they stage, under a name that no enforced policy has; a tier of only such is as if it were not there", Source: "api/pkg/apis/projectcalico/v3/stagednetworkpolicy.go", Golden: "calico/staged"},
		{Feature: lower.ClusterRules, Support: lower.Exact, Note: "a GlobalNetworkPolicy confined to pods", Source: global, Golden: "calico/tiers"},
		{Feature: lower.NodeRules, Support: lower.Within, Note: "GlobalNetworkPolicies for host endpoints, where every node has them (host_endpoints); refused where the intent closes what stays open there: the failsafe ports, and what a node and its own pods send each other", Source: "felix/rules/static.go", Golden: "calico/host-endpoints"},
		{Feature: lower.MTLS, Support: lower.Refused, Note: "not in policies; add a mesh", Source: common, Golden: "calico/mtls-refused"},
	}
}
