package intent

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// Config is a configuration with every expression evaluated and every name
// resolved: what the text says, still in the text's own terms. Every value
// keeps the range that it was written at. Lower gives its meaning.
//
// Lists are sorted by address, so that neither the order of files nor that of
// blocks in a file can be seen in a Config.
type Config struct {
	Cluster    Facts
	Namespaces []*Namespace // one per element of for_each
	Externals  []*External
	Groups     []*Group
	NodeSets   []*NodeSet
	Issuers    []*Issuer
	Tiers      []*Tier
	Rules      []*Rule // of every scope outside tiers and tests
	Targets    []*Target
	Tests      []*Test
}

// At is a value with the place where it was written; for a default, the place
// of the block that lacks the argument.
type At[T any] struct {
	Value T
	Range diag.Range
	Set   bool // written, not a default
}

// Facts are those of the cluster block, or the ones that a target
// overrides. An unset fact is unknown, never a guess.
type Facts struct {
	PodCIDRs, ServiceCIDRs, NodeCIDRs At[set.Addresses]
	APIServer                         At[set.Addresses]
	DNS                               At[DNS]
	TrustDomain                       At[string]
	MeshRoot                          At[string] // default istio-system
	DefaultDeny                       At[ir.Directions]
	Exempt                            At[[]string] // namespaces that DefaultDeny spares
	ClusterMesh                       At[bool]
	Ingress                           At[Ingress]
	Metrics                           At[[]PeerRef] // workloads that read the metrics of the mesh's sidecars
	Rewritten                         At[bool]      // addresses of clients from outside, to a node's
	MTLS                              At[ir.MTLSMode]
	Switches                          At[[]Switch] // sorted by name
	Range                             diag.Range
}

// DNS says where the cluster's DNS is; by default pods with k8s-app=kube-dns in
// kube-system, on port 53.
type DNS struct {
	Namespace string
	Labels    ir.Selector
	Port      uint16
	NodeLocal set.Addresses // of the node-local cache; empty where there is none
}

// Ingress is the way in from outside: one of its parts.
type Ingress struct {
	Workloads []PeerRef
	Kind      string // nodes or cilium
	CIDRs     set.Addresses
}

// Namespace is one namespace, or with Match a set of them.
type Namespace struct {
	Address     string // shop, or tenant["a"]
	Name        string // in the cluster; "" with Match
	Match       At[ir.Selector]
	Cluster     At[ir.Constraint] // other clusters that have it; not set for this one
	Labels      At[map[string]string]
	Managed     At[bool]
	DefaultDeny At[ir.Directions]
	DNS         At[bool]
	MTLS        At[ir.MTLSMode]
	Mesh        At[bool]
	Waypoint    At[string] // the proxy of a mesh that decides for its Services
	Description string
	Mode        At[ir.Mode]
	Targets     At[[]string] // where it is, sorted; not set for everywhere
	Offers      []*Rule      // what others may open of it
	From        string       // the directory that manages it, where that is another's
	Workloads   []*Workload
	Range       diag.Range // the block's header
}

// Workload is a set of pods of one namespace and what is stated about them.
type Workload struct {
	Namespace      *Namespace
	Name           string
	Labels         At[ir.Selector] // Set false where the account selects
	ServiceAccount At[string]
	Ports          []Port // sorted by name
	Services       []Service
	Mesh           At[bool]
	HostNetwork    At[bool]
	DefaultDeny    At[ir.Directions]
	DNS            At[bool]
	MTLS           At[ir.MTLSMode]
	MTLSPorts      []MTLSPort // sorted by port
	Description    string
	Range          diag.Range
}

// Address is the workload's address, namespace/workload.
func (w *Workload) Address() string { return w.Namespace.Address + "/" + w.Name }

// Port is a named port of a workload.
type Port struct {
	Name     string
	Number   uint16
	Protocol ir.AppProtocol // of what is spoken on it; unknown where not said
	Range    diag.Range
}

// MTLSPort is a port with a mode of its own.
type MTLSPort struct {
	Port  uint16
	Mode  ir.MTLSMode
	Range diag.Range
}

// External is something outside the cluster: addresses or names, never both.
type External struct {
	Name        string
	CIDRs       set.Addresses // after except
	Names       []ir.Name     // sorted; empty for addresses
	Targets     At[[]string]  // where it is, sorted; not set for everywhere
	From        string        // the directory that declares it, where that is another's
	Description string
	Range       diag.Range
}

// Group is a named list of peers.
type Group struct {
	Name        string
	Members     []PeerRef
	Description string
	Range       diag.Range
}

// NodeSet is nodes by their labels, host-network pods included.
type NodeSet struct {
	Name        string
	Labels      At[ir.Selector]
	DefaultDeny At[ir.Directions]
	Mode        At[ir.Mode]  // of DefaultDeny
	Targets     At[[]string] // where it is, sorted; not set for everywhere
	From        string       // the directory that declares it, where that is another's
	Description string
	Range       diag.Range
}

// Address is what stands for the nodes in a program: nodes/name.
func (n *NodeSet) Address() string { return "nodes/" + n.Name }

// Issuer is who signs tokens.
type Issuer struct {
	Name          string
	Issuer        At[string] // as tokens name it
	JWKSURI, JWKS At[string] // one of them
	Audiences     []string   // sorted
	Description   string
	Range         diag.Range
}

// Tier is a tier and its rules.
type Tier struct {
	Name        string
	Order       At[int]
	DefaultDeny bool         // default = "deny"
	Targets     At[[]string] // where it is, sorted; not set for everywhere
	Rules       []*Rule
	Description string
	Range       diag.Range
}

// PeerRef is a peer as a rule refers to it.
type PeerRef struct {
	Peer  Peer
	Text  string // as written, for messages
	Range diag.Range
}

// Peer is what a name or an inline peer stands for. Its members are *Workload,
// *Namespace, *External, *Group, *NodeSet, Builtin, InlinePods, InlineCIDR and
// InlineNames.
// A for_each label, which stands for all its elements, is resolved to one
// PeerRef for each.
type Peer interface{ peer() }

// Builtin is a peer that the language names.
type Builtin uint8

// The built-in peers. Self and Others carry no namespace: it is the rule's.
const (
	World Builtin = iota + 1
	Cluster
	Nodes
	Anywhere
	APIServer
	ClusterDNS
	Self
	Others
	WayIn // ingress
)

// InlinePods is pods(...) or namespaces(...).
type InlinePods struct{ Pods ir.Pods }

// InlineCIDR is cidr(...), exceptions taken out.
type InlineCIDR struct{ CIDRs set.Addresses }

// InlineNames is fqdn(...).
type InlineNames struct{ Names []ir.Name }

func (*Workload) peer()   {}
func (*Namespace) peer()  {}
func (*External) peer()   {}
func (*Group) peer()      {}
func (*NodeSet) peer()    {}
func (Builtin) peer()     {}
func (InlinePods) peer()  {}
func (InlineCIDR) peer()  {}
func (InlineNames) peer() {}

// Rule is one allow, deny, pass or log.
type Rule struct {
	Address   string     // scope/A->B or scope/name
	Namespace *Namespace // the enclosing one; nil at top level and in a tier
	Tier      *Tier      // nil outside tiers
	Action    ir.Action
	From, To  []PeerRef // not empty
	Except    []PeerRef // taken out of From
	ExceptTo  []PeerRef // taken out of To
	Traffic   Traffic
	At        At[End]
	Mode      At[ir.Mode]
	Log       At[bool]
	Targets   At[[]string] // where it is, sorted; not set for everywhere

	Description string
	Range       diag.Range // the block's header
}

// End says at which end a rule stands.
type End uint8

// The ends.
const (
	Both End = iota
	Source
	Destination
)

// Traffic is the traffic that a rule names. What is nil is not named; with
// nothing named at all, every protocol and port is meant.
type Traffic struct {
	TCP, UDP, SCTP *At[[]PortTerm]
	ICMP, ICMPv6   *At[[]ICMPTerm]
	HTTP           *At[[]ir.Request] // http and grpc together, in writing order
	DNS            *At[[]ir.Name]
	JWT            *At[[]TokenTerm]
	SNI            *At[[]ir.Name]
	Client         *At[[]PeerRef] // addresses
}

// TokenTerm is one way in which a request's token fits: of one of the issuers,
// for one of the subjects and of the audiences, and with all of the claims. What
// is empty is not asked for.
type TokenTerm struct {
	Issuers             []*Issuer
	Subjects, Audiences []string
	Claims              []ClaimTerm // sorted by path
}

// ClaimTerm is a claim that has one of the values, or any.
type ClaimTerm struct {
	Path   []string
	Values []string // none for any
}

// PortTerm is one element of a list of ports: a range of numbers, the name of a
// port, or any.
type PortTerm struct {
	Any         bool
	Name        string
	First, Last uint16
	Range       diag.Range
}

// ICMPTerm is one element of a list of ICMP types.
type ICMPTerm struct {
	Any     bool
	Type    uint8
	Code    uint8
	HasCode bool
	Range   diag.Range
}

// Target is one place to render for.
type Target struct {
	Name        string
	CNI         At[Engine] // Name "" where there is none
	Mesh        At[Engine]
	Facts       Facts // what is Set overrides the cluster's
	Mode        At[ir.Mode]
	Externals   []*External // that have another address there, sorted by name
	Accepts     []*Accept
	Description string
	Range       diag.Range
}

// HasFacts reports whether the target states facts of its own.
func (t *Target) HasFacts() bool {
	f := &t.Facts
	return f.PodCIDRs.Set || f.ServiceCIDRs.Set || f.NodeCIDRs.Set || f.APIServer.Set || f.DNS.Set ||
		f.TrustDomain.Set || f.MeshRoot.Set || f.DefaultDeny.Set || f.Exempt.Set || f.MTLS.Set || f.ClusterMesh.Set || f.Ingress.Set || f.Metrics.Set || f.Rewritten.Set || f.Switches.Set
}

// Engine is a CNI or a mesh, with a version where one is written ("1.18").
type Engine struct {
	Name    string
	Version string
}

// Accept is one accept block.
type Accept struct {
	Loss        string // widened, narrowed or unenforced
	Lacks       []At[string]
	Rules       []At[string] // addresses
	Reason      At[string]
	Until       At[string] // YYYY-MM-DD, "" where there is no end
	Description string
	Range       diag.Range
}

// Test is a test block: every rule in it must hold for all flows it describes.
type Test struct {
	Sentence  string
	Namespace *Namespace   // nil at top level
	Targets   At[[]string] // where it is claimed, sorted; not set for everywhere
	Rules     []*Rule
	Range     diag.Range
}
