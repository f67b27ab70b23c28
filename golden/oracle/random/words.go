// Package random has what is drawn at random: words, a cluster that has an
// endpoint for each of them, and intents.
//
// Whatever is drawn, of the intent language or of an engine's objects, is made
// of the same words, so that the one cluster has a witness for every part of it:
//
//	block := rapid.SampledFrom(random.Blocks).Draw(t, "block")
package random

import (
	"maps"
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Namespace is a namespace of the cluster, with the labels that it has beside
// its name.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// The words for namespaces. Stray is a namespace of the cluster that no intent
// declares; Mesh is those whose pods are in the mesh.
var (
	Namespaces = []Namespace{
		{"shop", map[string]string{"team": "red", "env": "prod"}},
		{"payments", map[string]string{"team": "blue", "env": "prod"}},
		{"lab", map[string]string{"team": "blue"}},
		{System, nil},
		{Stray, map[string]string{"team": "red"}},
	}
	Mesh = []string{"shop", "payments", Stray}
)

// The namespaces with a part of their own.
const (
	System = "kube-system" // has the cluster's DNS
	Stray  = "stray"
)

// NamespaceKeys is the keys of namespaces' labels and the values that some
// namespace has; a value that none has is Nothing.
var NamespaceKeys = map[string][]string{"team": {"red", "blue"}, "env": {"prod"}}

// PodKeys is the keys of pods' labels and the values that some pod has.
var PodKeys = map[string][]string{"app": {"web", "api"}, "tier": {"front", "back"}}

// NodeKeys is the same of nodes.
var NodeKeys = map[string][]string{"pool": {"edge", "core"}}

// Nothing is a value of labels, an account or a name that nothing has.
const Nothing = "nothing"

// DNSLabels is the labels of the pods of the cluster's DNS.
var DNSLabels = map[string]string{"k8s-app": "kube-dns"}

// Accounts is the service accounts that pods run as. In the namespaces that
// intents declare, an account other than the default one goes with the label app
// of its name; in Stray and lab it does not.
var Accounts = []string{"default", "web", "api"}

// Ports is the port numbers that rules have; PortRanges the ranges, with first
// and last.
var (
	Ports      = []uint16{53, 80, 443, 8080, 8081, 9090}
	PortRanges = [][2]uint16{{8000, 8080}, {8081, 9000}, {1, 79}, {1024, 65535}}
)

// PortNames is the names of ports that rules have, with the protocols that they
// are of in some pod. Which pods have them says NamedPorts.
var PortNames = []oracle.NamedPort{
	{Name: "http", Protocol: sem.TCP}, {Name: "admin", Protocol: sem.TCP}, {Name: "quic", Protocol: sem.UDP},
	{Name: "signal", Protocol: sem.SCTP}, {Name: Nothing, Protocol: sem.TCP},
}

// NamedPorts is the ports that pods of an app declare; "" is those without the
// label. The same name is another number in another app.
var NamedPorts = map[string][]oracle.NamedPort{
	"web": {{Name: "http", Protocol: sem.TCP, Port: 8080}, {Name: "admin", Protocol: sem.TCP, Port: 9090}, {Name: "quic", Protocol: sem.UDP, Port: 443}},
	"api": {{Name: "http", Protocol: sem.TCP, Port: 8081}, {Name: "signal", Protocol: sem.SCTP, Port: 9090}},
	"":    nil,
}

// Block is an address range with ranges that are taken out of it.
type Block struct {
	CIDR   string
	Except []string
}

// Blocks is the address ranges that rules have: apart, inside one another, with
// exceptions that touch an end, one in another's exception, single addresses,
// everything, and ranges of pods and nodes.
var Blocks = []Block{
	{"192.0.2.0/24", nil},
	{"192.0.2.0/24", []string{"192.0.2.128/25"}},
	{"192.0.2.0/24", []string{"192.0.2.0/26", "192.0.2.192/27"}},
	{"192.0.2.64/26", []string{"192.0.2.96/32"}},
	{"192.0.2.192/26", nil},
	{"198.51.100.7/32", nil},
	{"0.0.0.0/0", nil},
	{"0.0.0.0/0", []string{"192.0.2.0/24", "10.0.0.0/8"}},
	{"10.244.1.0/24", nil},
	{"10.244.0.0/16", []string{"10.244.2.0/24"}},
	{"10.10.0.0/24", nil},
	{"10.0.0.0/8", []string{"10.244.0.0/16"}},
	{"2001:db8::/32", nil},
	{"2001:db8::/32", []string{"2001:db8:1::/48"}},
	{"2001:db8:1::/48", []string{"2001:db8:1::/64"}},
	{"2001:db8:2::5/128", nil},
	{"::/0", nil},
	{"::/0", []string{"2001:db8::/32"}},
	{"fd00:10:244:1::/64", nil},
}

// What the cluster's addresses are of. ServiceCIDRs has no endpoints: flows are
// after the translation of Services.
var (
	PodCIDRs     = []string{"10.244.0.0/16", "fd00:10:244::/56"}
	NodeCIDRs    = []string{"10.10.0.0/24", "fd00:10:10::/64"}
	ServiceCIDRs = []string{"10.96.0.0/16", "fd00:10:96::/112"}
)

// APIServer is the addresses of the API server, which is outside the cluster.
var APIServer = []string{"198.18.0.1", "2001:db8:ffff::1"}

// Names is the DNS names of what is outside; NamePatterns those that rules have,
// where "*" is one label and "**" one or more.
var (
	Names        = []string{"cards.example", "api.cards.example", "eu.cards.example", "a.eu.cards.example", "cards.example.org"}
	NamePatterns = []string{"cards.example", "api.cards.example", "*.cards.example", "*.eu.cards.example", "**.cards.example", "absent.example"}
)

// What requests are made of. Paths have queries, and near misses of each other;
// Targets is what requests ask for, PathForms what rules say of it in the intent
// language.
var (
	Methods   = []string{"GET", "POST", "DELETE"}
	Targets   = []string{"/", "/orders", "/orders/", "/orders/1", "/orders/1/items", "/ordersX", "/static", "/static/", "/static/a/b", "/v1/health", "/orders?x=1", "/static/a?x=/orders", "/api/orders"}
	PathForms = []string{"/orders", "/orders/*", "/orders/*/items", "/static/**", "~/v[0-9]+/health", "/**"}
	Hosts     = []string{"api.example.com", "other.example.com", "api.example.com:8080"}
	Headers   = map[string][]string{"x-tenant": {"acme", "globex"}, "x-trace": {"1"}}
)

// Issuer is who signs tokens, and whom all of its tokens have to be for.
type Issuer struct {
	Name      string
	Audiences []string
}

// The words for tokens: the issuers by the names that intents have for them, and
// of claims, which may be nested, the values that rules ask for.
var (
	Issuers   = map[string]Issuer{"auth": {"https://auth.example", []string{"shop"}}, "ci": {"https://ci.example", nil}}
	Subjects  = []string{"deployer", "release", Nothing}
	Audiences = []string{"shop", "lab"}
	Claims    = map[string][]string{"role": {"admin", "owner"}, "realm.groups": {"clerks"}}
)

// ICMP is a type of ICMP message and its code; Code is -1 for every one.
type ICMP struct {
	Type uint8
	Code int
}

// The ICMP messages that rules have, of IPv4 and of IPv6.
var (
	ICMPv4 = []ICMP{{8, -1}, {8, 0}, {0, -1}, {3, 4}, {3, -1}}
	ICMPv6 = []ICMP{{128, -1}, {128, 0}, {129, -1}, {1, 4}}
)

// Keys gives the keys of a table of words in order.
func Keys[V any](table map[string]V) []string { return slices.Sorted(maps.Keys(table)) }
