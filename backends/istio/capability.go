package istio

import "github.com/portolan-dev/portolan/backends/lower"

// Upstream files that say what the table says.
const (
	builderSource    = "istio/istio pilot/pkg/security/authz/builder/builder.go"
	modelSource      = "istio/istio pilot/pkg/security/authz/model/model.go"
	attachSource     = "istio/istio pilot/pkg/model/policyattachment.go"
	apiSource        = "istio/api security/v1beta1/authorization_policy.proto"
	schemaSource     = "istio/api kubernetes/customresourcedefinitions.gen.yaml"
	captureSource    = "istio/istio tools/istio-iptables/pkg/capture/run.go"
	pathSource       = "istio/istio pkg/config/security/security.go"
	protocolSource   = "istio/istio pkg/config/kube/conversion.go"
	practicesSource  = "istio/istio.io content/en/docs/ops/best-practices/security/index.md"
	annotationSource = "istio/api annotation/annotations.pb.html"
	tokenSource      = "istio/istio pilot/pkg/security/authz/model/generator.go"
	authnSource      = "istio/istio pilot/pkg/security/authn/policy_applier.go"
)

// Capabilities is what the family can say, for sidecars; the notes say where
// ambient has less.
func (Backend) Capabilities() []lower.Capability {
	const noRequests = "; in istio-ambient at waypoints only, for workloads that state their `services`"
	return []lower.Capability{
		{Feature: lower.DefaultDenyNamespace, Support: lower.Exact, Note: "of TCP into pods of the mesh: a policy without rules in the namespace", Source: builderSource, Golden: "istio/namespace-default"},
		{Feature: lower.DefaultDenyWorkload, Support: lower.Within, Note: "for workloads with labels; an open workload of a closed namespace gets a policy that lets everything in", Source: builderSource, Golden: "istio/workload-default"},
		{Feature: lower.DefaultDenyCluster, Support: lower.Within, Note: "a policy in the mesh's root namespace, and one that opens each exempt namespace; an exempt root namespace has to be stated as outside the mesh", Source: attachSource, Golden: "istio/cluster-default"},
		{Feature: lower.EgressRules, Support: lower.OutOfScope, Note: "a mesh decides at the destination; one counted warning for a mesh alone, the CNI's in a stack", Source: practicesSource, Golden: "istio/out-of-scope"},
		{Feature: lower.DNSCompanion, Support: lower.OutOfScope, Note: "egress", Source: practicesSource, Golden: "istio/out-of-scope"},
		{Feature: lower.NodeLocalDNS, Support: lower.OutOfScope, Note: "egress", Source: practicesSource, Golden: "istio/out-of-scope"},

		{Feature: lower.PodPeers, Support: lower.Within, Note: "by service account, where every workload with one of the accounts is among the peers; in a stack the CNI tells peers apart by label, as far as no requests hang on it", Source: apiSource, Golden: "istio/workload-peers"},
		{Feature: lower.LabelExpressions, Support: lower.Within, Note: "peers: where workloads with accounts make them up; subjects: values of a key, one policy for each", Source: schemaSource, Golden: "istio/label-expressions"},
		{Feature: lower.NamespacePeers, Support: lower.Within, Note: "by name; by label only where the namespaces are declared and named", Source: apiSource, Golden: "istio/namespace-peers"},
		{Feature: lower.AccountPeers, Support: lower.Exact, Note: "`serviceAccounts`; `principals` for names with a dot before 1.30, where some patch releases compare them wrongly (CVE-2026-39350)", Source: apiSource, Golden: "istio/account-peers"},
		{Feature: lower.SelfOthersPeer, Support: lower.Within, Note: "`others` needs strict mutual TLS at the destination, else pods outside the mesh are left out with a warning", Source: modelSource, Golden: "istio/self-others"},
		{Feature: lower.ClusterPeer, Support: lower.Within, Note: "by identity under strict mutual TLS, else by `pod_cidrs`, else without pods outside the mesh, with a warning", Source: modelSource, Golden: "istio/cluster-peer"},
		{Feature: lower.WorldPeer, Support: lower.Within, Note: "without pods' and nodes' ranges, which need `pod_cidrs` and `node_cidrs`; the private ranges are left out until these are stated", Source: modelSource, Golden: "istio/world"},
		{Feature: lower.AnywherePeer, Support: lower.Exact, Note: "no `from`", Source: apiSource, Golden: "istio/anywhere"},
		{Feature: lower.NodesPeer, Support: lower.Within, Note: "needs `node_cidrs`; not by label", Source: modelSource, Golden: "istio/nodes"},
		{Feature: lower.APIServerPeer, Support: lower.Within, Note: "needs `api_server`", Source: modelSource, Golden: "istio/apiserver"},
		{Feature: lower.RemotePeer, Support: lower.Refused, Note: "an account is named whatever the cluster, so that other clusters' pods are not told from this one's", Source: apiSource, Golden: "istio/other-clusters-refused"},
		{Feature: lower.CIDRPeers, Support: lower.Within, Note: "`ipBlocks` of the connection's address, a source for each range with exceptions; ranges match pods and nodes too, so theirs are taken out", Source: modelSource, Golden: "istio/cidr-peers"},
		{Feature: lower.FQDNPeers, Support: lower.Refused, Note: "egress; a stack has them", Source: practicesSource, Golden: "istio/fqdn-refused"},

		{Feature: lower.Ports, Support: lower.Exact, Note: "of TCP: the pod's ports as `ports`; UDP is outside", Source: apiSource, Golden: "istio/ports"},
		{Feature: lower.PortRanges, Support: lower.Within, Note: "up to 100 ports, or all but 100, one by one", Source: apiSource, Golden: "istio/port-ranges"},
		{Feature: lower.NamedPorts, Support: lower.Within, Note: "those that a declared workload resolves", Source: apiSource, Golden: "istio/named-ports"},
		{Feature: lower.SCTP, Support: lower.OutOfScope, Note: "a mesh sees TCP only", Source: captureSource, Golden: "istio/out-of-scope"},
		{Feature: lower.ICMP, Support: lower.Refused, Note: "a mesh sees TCP only; a stack has it where its CNI has", Source: captureSource, Golden: "istio/icmp-refused"},
		{Feature: lower.HTTP, Support: lower.Within, Note: "at the destination; `*` within a path is a template, a last `**` a prefix; a deny needs the port's protocol stated" + noRequests, Source: pathSource, Golden: "istio/http"},
		{Feature: lower.HTTPRegex, Support: lower.Refused, Note: "Istio has no regular expressions for paths", Source: pathSource, Golden: "istio/http-regex-refused"},
		{Feature: lower.HTTPHosts, Support: lower.Within, Note: "exact hosts, with and without a port; no wildcards" + noRequests, Source: modelSource, Golden: "istio/http-hosts"},
		{Feature: lower.HTTPHeaders, Support: lower.Within, Note: "`when`; no value that begins or ends with a star" + noRequests, Source: modelSource, Golden: "istio/http-headers"},
		{Feature: lower.GRPC, Support: lower.Within, Note: "POST and the method's path" + noRequests, Source: protocolSource, Golden: "istio/grpc"},
		{Feature: lower.DNSNames, Support: lower.Refused, Note: "a mesh reads no DNS queries", Source: practicesSource, Golden: "istio/dns-names-refused"},
		{Feature: lower.JWT, Support: lower.Within, Note: "a RequestAuthentication where a rule asks for one, which refuses bad tokens and passes good ones on to the application, and conditions on principals, audiences and claims; no subject with a slash; requests that ask for CORS beforehand (OPTIONS) never have a token" + noRequests, Source: tokenSource, Golden: "istio/jwt"},
		{Feature: lower.SNI, Support: lower.Refused, Note: "between pods of the mesh the TLS that a proxy sees is the mesh's own, which names the mesh's servers", Source: modelSource, Golden: "istio/sni-refused"},
		{Feature: lower.ClientAddress, Support: lower.Within, Note: "`remote.ip`, of requests and connections: as the mesh's trusted proxies report it (`numTrustedProxies`); a sidecar believes whomever `from` lets in, so name the proxy there" + noRequests, Source: tokenSource, Golden: "istio/client"},

		{Feature: lower.DenyRules, Support: lower.Within, Note: "into pods of the mesh; by identity only where no plaintext gets in; a deny at the source is refused", Source: builderSource, Golden: "istio/deny"},
		{Feature: lower.Tiers, Support: lower.Within, Note: "where they come down to denies that beat allows", Source: builderSource, Golden: "istio/tiers"},
		{Feature: lower.PassRules, Support: lower.Within, Note: "where they come down to denies that beat allows", Source: builderSource, Golden: "istio/pass"},
		{Feature: lower.LogRules, Support: lower.Refused, Note: "AUDIT needs a plugin of the proxy", Source: apiSource, Golden: "istio/log-refused"},
		{Feature: lower.StagedRules, Support: lower.Within, Note: "the dry-run annotation, alpha in Istio, of rules and closings: it adds policies and takes none away; no mutual TLS and no new validation of tokens; refused for istio-ambient", Source: annotationSource, Golden: "istio/staged"},
		{Feature: lower.ClusterRules, Support: lower.Within, Note: "denies in the mesh's root namespace; allows there where the cluster is closed, else in each closed namespace", Source: attachSource, Golden: "istio/cluster-rules"},
		{Feature: lower.NodeRules, Support: lower.OutOfScope, Note: "nodes are not in the mesh; in a stack the CNI governs them", Source: apiSource, Golden: "istio/node-rules"},
		{Feature: lower.MTLS, Support: lower.Within, Note: "PeerAuthentication for the mesh, a namespace, a workload and its ports; no `disable` in istio-ambient; overlapping workloads have to agree", Source: authnSource, Golden: "istio/mtls"},
	}
}
