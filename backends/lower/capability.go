package lower

// Feature is something that the intent language can ask for and that targets
// differ in.
type Feature string

// The features, in the order of the table that documents them.
const (
	DefaultDenyNamespace Feature = "default deny of a namespace"
	DefaultDenyWorkload  Feature = "default deny of a workload"
	DefaultDenyCluster   Feature = "default deny of the cluster"
	DNSCompanion         Feature = "DNS kept where egress is closed"
	NodeLocalDNS         Feature = "node-local DNS"
	PodPeers             Feature = "peers by workload and label"
	LabelExpressions     Feature = "label expressions"
	NamespacePeers       Feature = "peers by namespace name and label"
	AccountPeers         Feature = "peers by service account"
	Ports                Feature = "ports"
	PortRanges           Feature = "port ranges"
	NamedPorts           Feature = "named ports"
	SCTP                 Feature = "SCTP"
	ICMP                 Feature = "ICMP"
	CIDRPeers            Feature = "external addresses, with exceptions"
	FQDNPeers            Feature = "DNS names as peers"
	HTTP                 Feature = "HTTP methods and paths"
	HTTPRegex            Feature = "HTTP paths by regular expression"
	HTTPHosts            Feature = "HTTP hosts"
	HTTPHeaders          Feature = "HTTP headers"
	GRPC                 Feature = "gRPC methods"
	DNSNames             Feature = "DNS queries by name"
	JWT                  Feature = "tokens (JWT)"
	SNI                  Feature = "names of TLS servers (SNI)"
	ClientAddress        Feature = "clients before a proxy"
	DenyRules            Feature = "deny rules"
	Tiers                Feature = "tiers and order"
	PassRules            Feature = "pass"
	LogRules             Feature = "log"
	StagedRules          Feature = "staged rules"
	WorldPeer            Feature = "world"
	ClusterPeer          Feature = "cluster"
	AnywherePeer         Feature = "anywhere"
	NodesPeer            Feature = "nodes"
	APIServerPeer        Feature = "apiserver"
	SelfOthersPeer       Feature = "self and others"
	RemotePeer           Feature = "pods of other clusters"
	MTLS                 Feature = "mutual TLS"
	ClusterRules         Feature = "rules for every namespace"
	NodeRules            Feature = "rules for nodes"
	EgressRules          Feature = "egress"
)

// Features lists every feature in the order of the table.
var Features = []Feature{
	DefaultDenyNamespace, DefaultDenyWorkload, DefaultDenyCluster, EgressRules, DNSCompanion, NodeLocalDNS,
	PodPeers, LabelExpressions, NamespacePeers, AccountPeers, SelfOthersPeer, ClusterPeer, WorldPeer, AnywherePeer, NodesPeer, APIServerPeer, RemotePeer,
	CIDRPeers, FQDNPeers,
	Ports, PortRanges, NamedPorts, SCTP, ICMP,
	HTTP, HTTPRegex, HTTPHosts, HTTPHeaders, GRPC, DNSNames, JWT, SNI, ClientAddress,
	DenyRules, Tiers, PassRules, LogRules, StagedRules, ClusterRules, NodeRules, MTLS,
}

// Support says how far a target can say a feature.
type Support uint8

// The degrees of support.
const (
	Exact      Support = iota + 1 // says it
	Within                        // says it within the bounds that the note names, else refused
	Refused                       // cannot say it
	OutOfScope                    // is not the target's to govern
)

func (s Support) String() string {
	return [...]string{"?", "yes", "within bounds", "refused", "not governed"}[s]
}

// Capability is a cell of the table: what one family can do about a feature.
type Capability struct {
	Feature Feature
	Support Support
	Since   string // oldest version with it, "" for every known one
	Note    string // how, or why not and what would work
	Source  string // the upstream file or page that says so
	Golden  string // the golden case that exercises the cell
}
