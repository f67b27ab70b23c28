package cilium

import "github.com/portolan-dev/portolan/backends/lower"

// What the table cites: files of cilium/cilium.
const (
	parse        = "pkg/policy/utils/parserules.go"
	scoping      = "pkg/k8s/apis/cilium.io/utils/utils.go"
	validation   = "pkg/policy/api/rule_validation.go"
	entities     = "pkg/policy/api/entity.go"
	labels       = "pkg/labelsfilter/filter.go"
	addresses    = "pkg/datapath/tables/node_address.go"
	cidrs        = "pkg/policy/types/selector.go"
	patterns     = "pkg/fqdn/matchpattern/matchpattern.go"
	layer7       = "Documentation/security/policy/layer7.rst"
	envoy        = "pkg/envoy/policy/envoy_l7_rules_translator.go"
	merging      = "pkg/policy/rule.go"
	ruleType     = "pkg/policy/api/rule.go"
	icmpType     = "pkg/policy/api/icmp.go"
	ports        = "pkg/policy/api/l4.go"
	deny         = "Documentation/security/policy/deny.rst"
	hostPolicies = "Documentation/security/policy/language.rst"
	clusterTiers = "pkg/k8s/cluster_network_policy.go"
	mutual       = "Documentation/network/servicemesh/mutual-authentication/mutual-authentication.rst"
)

// Capabilities is what Cilium's policies can say.
func (Backend) Capabilities() []lower.Capability {
	return []lower.Capability{
		{Feature: lower.DefaultDenyNamespace, Support: lower.Exact, Note: "an empty item per direction, which is for nobody; health, ingress and init endpoints stay open", Source: parse, Golden: "cilium/default-deny-namespace"},
		{Feature: lower.DefaultDenyWorkload, Support: lower.Exact, Note: "the same for the workload's labels", Source: parse, Golden: "cilium/default-deny-workload"},
		{Feature: lower.DefaultDenyCluster, Support: lower.Exact, Note: "a CiliumClusterwideNetworkPolicy for pods that have a namespace; never {}, which closes Cilium's own endpoints too", Source: scoping, Golden: "cilium/default-deny-cluster"},
		{Feature: lower.EgressRules, Support: lower.Exact, Note: "each direction is closed and opened on its own", Source: ruleType, Golden: "cilium/egress"},
		{Feature: lower.DNSCompanion, Support: lower.Exact, Note: "egress to the DNS pods at their port, UDP and TCP", Source: layer7, Golden: "cilium/dns-companion"},
		{Feature: lower.NodeLocalDNS, Support: lower.Refused, Note: "a node's addresses are one identity, the entity host: refused unless `identity` is accepted as lost", Source: addresses, Golden: "cilium/node-local-dns-refused"},
		{Feature: lower.PodPeers, Support: lower.Exact, Note: "always with their namespace; of the local cluster from 1.19 on", Source: scoping, Golden: "cilium/pod-peers"},
		{Feature: lower.LabelExpressions, Support: lower.Within, Note: "matchExpressions; labels that the default label filter leaves out of identities are refused", Source: labels, Golden: "cilium/label-expressions"},
		{Feature: lower.NamespacePeers, Support: lower.Within, Note: "by name, or by labels of at most 32 characters after their prefix; a negative selector demands a namespace, or it would match nodes and the outside", Source: scoping, Golden: "cilium/namespace-peers"},
		{Feature: lower.AccountPeers, Support: lower.Exact, Note: "a label of the identity", Source: labels, Golden: "cilium/account-peers"},
		{Feature: lower.SelfOthersPeer, Support: lower.Exact, Note: "the namespace's name, and NotIn on it", Source: scoping, Golden: "cilium/self-others"},
		{Feature: lower.ClusterPeer, Support: lower.Exact, Note: "pods with a namespace; the entity cluster has nodes too", Source: entities, Golden: "cilium/cluster-peer"},
		{Feature: lower.WorldPeer, Support: lower.Exact, Note: "the entity world; less something, ranges of both families", Source: entities, Golden: "cilium/world"},
		{Feature: lower.AnywherePeer, Support: lower.Exact, Note: "the entity all; a deny in ingress spares the pod's own node", Source: entities, Golden: "cilium/anywhere"},
		{Feature: lower.NodesPeer, Support: lower.Exact, Note: "the entities host and remote-node, those of API servers included; by label towards pods only (node_selector_labels), since no policy asks for the labels of a pod's own node", Source: entities, Golden: "cilium/nodes"},
		{Feature: lower.APIServerPeer, Support: lower.Exact, Note: "the entity kube-apiserver, whole; towards pods it is not recognised where a cloud tunnels its connections", Source: entities, Golden: "cilium/apiserver"},
		{Feature: lower.RemotePeer, Support: lower.Within, Note: "by the cluster's label; needs this cluster's name (cluster_name) to leave it out, and before 1.19 to keep to it", Source: scoping, Golden: "cilium/cluster-mesh"},
		{Feature: lower.CIDRPeers, Support: lower.Exact, Note: "CIDR sets with exceptions, and from 32 of both on a CiliumCIDRGroup without; they match no pods and no nodes unless policy-cidr-match-mode is set", Source: cidrs, Golden: "cilium/cidr-groups"},
		{Feature: lower.FQDNPeers, Support: lower.Within, Note: "destinations of allows, learnt from DNS that passes Cilium's proxy, which the subject's object sees to; \"**.\" from 1.19 on; not beside a node-local cache on the host network", Source: patterns, Golden: "cilium/fqdn"},
		{Feature: lower.Ports, Support: lower.Exact, Note: "in rules of at most 40; without ports a rule is for ICMP too", Source: validation, Golden: "cilium/ports"},
		{Feature: lower.PortRanges, Support: lower.Exact, Note: "port and endPort", Source: ports, Golden: "cilium/port-ranges"},
		{Feature: lower.NamedPorts, Support: lower.Within, Note: "names that no workload declares: in egress from 1.20 on, before that all pods of the cluster had to agree on the number", Source: ports, Golden: "cilium/named-ports"},
		{Feature: lower.SCTP, Support: lower.Exact, Note: "needs the agent's sctp.enabled", Source: ports, Golden: "cilium/sctp"},
		{Feature: lower.ICMP, Support: lower.Within, Note: "types, without codes; type 0 is taken for every type, and every type has no form: both are refused", Source: icmpType, Golden: "cilium/icmp"},
		{Feature: lower.HTTP, Support: lower.Exact, Note: "expressions for the whole method and path, the query set apart; allows only", Source: envoy, Golden: "cilium/http"},
		{Feature: lower.HTTPRegex, Support: lower.Exact, Note: "rewritten so that no part of it reaches into the query", Source: envoy, Golden: "cilium/http-regex"},
		{Feature: lower.HTTPHosts, Support: lower.Exact, Note: "without case, with or without a port", Source: envoy, Golden: "cilium/http-hosts"},
		{Feature: lower.HTTPHeaders, Support: lower.Within, Note: "presence or exact values, a rule for each; nothing that is not so", Source: envoy, Golden: "cilium/http-headers"},
		{Feature: lower.GRPC, Support: lower.Exact, Note: "paths of POST", Source: layer7, Golden: "cilium/grpc"},
		{Feature: lower.DNSNames, Support: lower.Exact, Note: "DNS rules; names of the client's search list are names of their own", Source: layer7, Golden: "cilium/dns-names"},
		{Feature: lower.JWT, Support: lower.Refused, Note: "reads no tokens; a stack with `istio` has it", Source: layer7, Golden: "cilium/conditions-refused"},
		{Feature: lower.SNI, Support: lower.Within, Note: "`serverNames` of TCP ports in allows; names with `*.` and `**.` from 1.18 on; refused beside a rule for the same peers and ports that goes without, since Cilium would ask the names of both", Source: merging, Golden: "cilium/sni"},
		{Feature: lower.ClientAddress, Support: lower.Refused, Note: "sees the address that a packet comes from; a stack with `istio` has it", Source: layer7, Golden: "cilium/conditions-refused"},
		{Feature: lower.DenyRules, Support: lower.Within, Note: "they beat every allow and close nothing; no requests and no DNS names", Source: deny, Golden: "cilium/deny"},
		{Feature: lower.Tiers, Support: lower.Within, Note: "made one level, where deny over allow can mean the same; else refused. From 1.20 on with cluster_network_policy as ClusterNetworkPolicies of its tier Admin, but for peers that these do not name, for orders up to 996, 4 and more apart", Source: clusterTiers, Golden: "cilium/cluster-policies"},
		{Feature: lower.PassRules, Support: lower.Within, Note: "made one level, or ClusterNetworkPolicies, as tiers", Source: merging, Golden: "cilium/pass"},
		{Feature: lower.LogRules, Support: lower.Refused, Note: "a policy can tag flows for Hubble and logs none; use Calico", Source: ruleType, Golden: "cilium/log-refused"},
		{Feature: lower.StagedRules, Support: lower.Refused, Note: "audit is a mode of endpoints, not of rules", Source: ruleType, Golden: "cilium/staged-refused"},
		{Feature: lower.ClusterRules, Support: lower.Exact, Note: "a CiliumClusterwideNetworkPolicy", Source: scoping, Golden: "cilium/cluster-rules"},
		{Feature: lower.NodeRules, Support: lower.Within, Note: "a CiliumClusterwideNetworkPolicy with a nodeSelector, where the host firewall is on (host_firewall): ports and messages, no requests and no names", Source: hostPolicies, Golden: "cilium/host-policies"},
		{Feature: lower.MTLS, Support: lower.Refused, Note: "mutual authentication is a handshake beside the connection and is deprecated; add a mesh", Source: mutual, Golden: "cilium/mtls-refused"},
	}
}
