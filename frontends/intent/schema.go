package intent

import "slices"

// Spec describes a block of the language: what drives decoding, "did you
// mean" and the reference documentation alike. No other place lists names of
// arguments.
type Spec struct {
	Name   string
	Label  string // what its label says; "" for a block without one
	Doc    string
	Args   []Arg
	Blocks []*Spec // that may stand in it
	Free   bool    // its arguments have names of the user's choice
	Many   bool    // may stand more than once with the same labels
}

// Arg describes an argument.
type Arg struct {
	Name     string
	Type     ArgType
	Words    []string // of TypeWord
	Required bool
	Doc      string
}

// ArgType says in words what an argument takes.
type ArgType string

// The types of arguments.
const (
	TypeString    ArgType = "string"
	TypeStrings   ArgType = "list of strings"
	TypeBool      ArgType = "true or false"
	TypeNumber    ArgType = "number"
	TypeWord      ArgType = "one of the words"
	TypeLabels    ArgType = "map of labels to strings"
	TypeSelector  ArgType = "map of labels to a string, a list, any, absent or not(...)"
	TypePorts     ArgType = "list of ports"
	TypeICMP      ArgType = "list of ICMP types"
	TypeRequests  ArgType = "list of requests"
	TypeMethods   ArgType = "list of gRPC methods"
	TypeNames     ArgType = "list of DNS names"
	TypePeers     ArgType = "list of peers"
	TypeCIDRs     ArgType = "list of CIDRs"
	TypeAddresses ArgType = "list of addresses and CIDRs"
	TypePortMap   ArgType = "map of names to ports"
	TypeServices  ArgType = "map of Services to ports"
	TypeModeMap   ArgType = "map of ports to modes"
	TypeEach      ArgType = "set of strings, or map"
	TypeEngine    ArgType = "name, or name@version"
	TypeSwitches  ArgType = "map of switches to true, false or a word"
	TypeTokens    ArgType = "issuer, map of what the token says, or list of these"
	TypeClients   ArgType = "list of CIDRs and externals"
	TypeCluster   ArgType = "name, list of names, or any"
	TypePeer      ArgType = "workload"
	TypeType      ArgType = "type"
	TypeAny       ArgType = "any value"
)

// Arg finds an argument by name.
func (s *Spec) Arg(name string) (Arg, bool) {
	i := slices.IndexFunc(s.Args, func(a Arg) bool { return a.Name == name })
	if i < 0 {
		return Arg{}, false
	}
	return s.Args[i], true
}

// Block finds a nested block by name.
func (s *Spec) Block(name string) (*Spec, bool) {
	i := slices.IndexFunc(s.Blocks, func(b *Spec) bool { return b.Name == name })
	if i < 0 {
		return nil, false
	}
	return s.Blocks[i], true
}

// Schema is the whole language: the file, whose blocks are those of the top
// level. It is not to be changed.
func Schema() *Spec { return fileSpec }

var (
	directionWords = []string{"both", "ingress", "egress", "none"}
	mtlsWords      = []string{"strict", "permissive", "disable"}
	protocolWords  = []string{"http", "grpc", "tcp", "tls"}
	modeWords      = []string{"enforce", "staged"}
	endWords       = []string{"both", "source", "destination"}
	lackWords      = []string{"http", "grpc", "dns", "fqdn", "deny", "order", "icmp", "ports", "identity", "mtls", "log", "staged", "jwt", "sni", "client", "remote", "hosts"}
	lossWords      = []string{"widened", "narrowed", "unenforced"}
	tierWords      = []string{"pass", "deny"}
	ingressWords   = []string{"nodes", "cilium"}
	trafficWords   = []string{"kept", "rewritten"}
)

var (
	argDescription = Arg{Name: "description", Type: TypeString, Doc: "for the reader; shown in reviews and emitted objects"}
	argMode        = Arg{Name: "mode", Type: TypeWord, Words: modeWords, Doc: "`staged` only reports what would be denied; `enforce` by default"}
)

// argTargets is of blocks that not every target has.
var argTargets = Arg{Name: "targets", Type: TypeStrings, Doc: "names of targets: the block is there for these only"}

// trafficArgs are what a rule says of traffic, in tests too.
var trafficArgs = []Arg{
	{Name: "from", Type: TypePeers, Doc: "the senders, in the long form"},
	{Name: "to", Type: TypePeers, Doc: "the receivers, in the long form"},
	{Name: "except", Type: TypePeers, Doc: "peers taken out of the senders"},
	{Name: "except_to", Type: TypePeers, Doc: "peers taken out of the receivers"},
	{Name: "tcp", Type: TypePorts, Doc: "pod ports: numbers, ranges such as `\"8000-8080\"`, port names, or `any`"},
	{Name: "udp", Type: TypePorts, Doc: "as `tcp`"},
	{Name: "sctp", Type: TypePorts, Doc: "as `tcp`"},
	{Name: "icmp", Type: TypeICMP, Doc: "ICMP types of IPv4: numbers, `\"type/code\"`, or `any`"},
	{Name: "icmpv6", Type: TypeICMP, Doc: "ICMP types of IPv6"},
	{Name: "http", Type: TypeRequests, Doc: "`\"METHOD PATH\"`, or objects with `methods`, `paths`, `hosts` and `headers`; restricts `tcp`"},
	{Name: "grpc", Type: TypeMethods, Doc: "`\"package.Service/Method\"` or `\"package.Service/*\"`; restricts `tcp`"},
	{Name: "dns", Type: TypeNames, Doc: "names that may be resolved, in rules to `dns`"},
	{Name: "jwt", Type: TypeTokens, Doc: "an issuer, or `{ issuer subject audiences claims }`: the request has a valid token that says so; restricts `tcp`"},
	{Name: "sni", Type: TypeNames, Doc: "names of TLS servers, as the client states them; restricts `tcp`"},
	{Name: "client", Type: TypeClients, Doc: "where the client was before the proxies that are trusted; restricts `tcp`"},
	{Name: "name", Type: TypeString, Doc: "the rule's name in its address, where `A->B` is taken"},
	argDescription,
}

var ruleArgs = slices.Concat(trafficArgs, []Arg{
	{Name: "at", Type: TypeWord, Words: endWords, Doc: "the end at which the rule stands: `both` by default"},
	argMode,
	{Name: "log", Type: TypeBool, Doc: "also log"},
	argTargets,
})

// ruleSpecs are the blocks of rules for some actions.
func ruleSpecs(args []Arg, actions ...string) []*Spec {
	docs := map[string]string{
		"allow": "lets traffic through",
		"deny":  "stops traffic",
		"pass":  "leaves the decision to the tiers below",
		"log":   "logs traffic and decides nothing",
	}
	var out []*Spec
	for _, a := range actions {
		out = append(out, &Spec{Name: a, Label: "A to B, or a name", Doc: docs[a], Args: args, Many: true})
	}
	return out
}

// testSpec is the block for assertions.
var testSpec = &Spec{
	Name: "test", Label: "a sentence", Doc: "assertions: each `allow` and `deny` in it must hold for every flow that it describes, of the intent and of each target after what it accepts",
	Args:   []Arg{argTargets, argDescription},
	Blocks: ruleSpecs(trafficArgs, "allow", "deny"),
}

var workloadSpec = &Spec{
	Name: "workload", Label: "name", Doc: "a set of pods of the namespace, and what is stated about them",
	Args: []Arg{
		{Name: "labels", Type: TypeSelector, Doc: "selects the pods"},
		{Name: "service_account", Type: TypeString, Doc: "that the pods run as; selects them where `labels` is not given"},
		{Name: "ports", Type: TypePortMap, Doc: "named ports: a number, or `{ port protocol }` with `http`, `grpc`, `tcp` or `tls`"},
		{Name: "services", Type: TypeServices, Doc: "the Services in front of it: the pods' port, or `{ 80 = 8080 }`, a map of the Service's ports to theirs; a waypoint decides by them"},
		{Name: "mesh", Type: TypeBool, Doc: "whether the pods are in the mesh"},
		{Name: "host_network", Type: TypeBool, Doc: "whether the pods are on the node's network"},
		{Name: "default_deny", Type: TypeWord, Words: directionWords, Doc: "overrides the namespace's"},
		{Name: "dns", Type: TypeBool, Doc: "overrides the namespace's"},
		{Name: "mtls", Type: TypeWord, Words: mtlsWords, Doc: "overrides the namespace's"},
		{Name: "mtls_ports", Type: TypeModeMap, Doc: "modes of single ports"},
		argDescription,
	},
}

// offersSpec is what others may open of a namespace, in the words of rules.
var offersSpec = &Spec{
	Name: "offers", Doc: "what rules elsewhere may open of the namespace: where one stands, nothing else", Many: true,
	Args: slices.Concat([]Arg{
		{Name: "to", Type: TypePeers, Doc: "pods of the namespace; all of them by default"},
		{Name: "from", Type: TypePeers, Doc: "to whom; to anyone by default"},
	}, offeredArgs(), []Arg{argDescription}),
}

// offeredArgs are those of the arguments about traffic that a receiver can offer.
func offeredArgs() []Arg {
	return slices.DeleteFunc(slices.Clone(trafficArgs), func(a Arg) bool {
		return !slices.Contains([]string{"tcp", "udp", "sctp", "icmp", "icmpv6", "http", "grpc"}, a.Name)
	})
}

var namespaceSpec = &Spec{
	Name: "namespace", Label: "name", Doc: "facts about a namespace, its workloads and its rules; may be reopened", Many: true,
	Args: []Arg{
		{Name: "name", Type: TypeString, Doc: "in the cluster, where it differs from the label"},
		{Name: "for_each", Type: TypeEach, Doc: "the block once per element, as `each.key` and `each.value`"},
		{Name: "match", Type: TypeSelector, Doc: "in place of a name: all namespaces with these labels"},
		{Name: "cluster", Type: TypeCluster, Doc: "another cluster that is connected, which has the namespace: it and its workloads are peers, and nothing else"},
		{Name: "labels", Type: TypeLabels, Doc: "the labels that the namespace has"},
		{Name: "default_deny", Type: TypeWord, Words: directionWords, Doc: "directions that are closed but for rules; `both` by default"},
		{Name: "dns", Type: TypeBool, Doc: "whether the cluster's DNS stays reachable where egress is denied; true by default"},
		{Name: "mtls", Type: TypeWord, Words: mtlsWords, Doc: "which connections the pods take in a mesh"},
		{Name: "mesh", Type: TypeBool, Doc: "whether its pods are in the mesh; true by default"},
		{Name: "waypoint", Type: TypeString, Doc: "the Gateway of the namespace that is a waypoint for its workloads with `services`, in ambient: it decides what they take, requests too"},
		{Name: "managed", Type: TypeBool, Doc: "false: others' namespace, names only, nothing is emitted in it"},
		argMode,
		argTargets,
		argDescription,
	},
	Blocks: append([]*Spec{workloadSpec, offersSpec, testSpec}, ruleSpecs(ruleArgs, "allow", "deny")...),
}

var dnsSpec = &Spec{
	Name: "dns", Doc: "where the cluster's DNS is",
	Args: []Arg{
		{Name: "namespace", Type: TypeString, Doc: "`kube-system` by default"},
		{Name: "labels", Type: TypeSelector, Doc: "of its pods; `k8s-app = \"kube-dns\"` by default"},
		{Name: "port", Type: TypeNumber, Doc: "of its pods; 53 by default"},
		{Name: "node_local", Type: TypeAddresses, Doc: "addresses of the node-local cache"},
		argDescription,
	},
}

var ingressSpec = &Spec{
	Name: "ingress", Doc: "the way in from outside, which `ingress` stands for: one of these",
	Args: []Arg{
		{Name: "workload", Type: TypePeer, Doc: "the pods of an ingress controller or a gateway"},
		{Name: "kind", Type: TypeWord, Words: ingressWords, Doc: "`nodes`: what comes in has the address of a node; `cilium`: Cilium's own ingress and Gateway API"},
		{Name: "cidrs", Type: TypeAddresses, Doc: "addresses of load balancers outside the cluster"},
		argDescription,
	},
}

// factArgs are those of cluster, which a target may override.
var factArgs = []Arg{
	{Name: "pod_cidrs", Type: TypeCIDRs, Doc: "addresses of pods"},
	{Name: "service_cidrs", Type: TypeCIDRs, Doc: "addresses of Services"},
	{Name: "node_cidrs", Type: TypeCIDRs, Doc: "addresses of nodes"},
	{Name: "api_server", Type: TypeAddresses, Doc: "addresses of the API server"},
	{Name: "cluster_mesh", Type: TypeBool, Doc: "whether other clusters are connected, whose pods are then no part of `world`; a namespace with `cluster` implies it"},
	{Name: "external_traffic", Type: TypeWord, Words: trafficWords, Doc: "what load balancers and kube-proxy do with the address of a client from outside: `kept` (externalTrafficPolicy: Local), or `rewritten` to a node's"},
	{Name: "trust_domain", Type: TypeString, Doc: "of the mesh's identities"},
	{Name: "mesh_root_namespace", Type: TypeString, Doc: "`istio-system` by default"},
	{Name: "mesh_metrics", Type: TypePeers, Doc: "workloads that read the metrics of the mesh's sidecars, which a stack then opens to them"},
	{Name: "default_deny", Type: TypeWord, Words: directionWords, Doc: "closes every pod of every namespace, declared or not; `none` by default"},
	{Name: "exempt", Type: TypeStrings, Doc: "namespaces that `default_deny` spares: by default those of DNS and of the mesh's root"},
	{Name: "mtls", Type: TypeWord, Words: mtlsWords, Doc: "of the whole mesh"},
	{Name: "switches", Type: TypeSwitches, Doc: "how the engines are set up, where policies mean something else by it; docs/profiles.md lists them"},
}

var acceptSpec = &Spec{
	Name: "accept", Label: "widened, narrowed or unenforced", Doc: "a loss that is taken, named with its reason", Many: true,
	Args: []Arg{
		{Name: "lacks", Type: TypeStrings, Words: lackWords, Required: true, Doc: "what the target cannot say"},
		{Name: "rules", Type: TypeStrings, Required: true, Doc: "addresses of the rules"},
		{Name: "reason", Type: TypeString, Required: true, Doc: "why it is taken"},
		{Name: "until", Type: TypeString, Doc: "the last day, as `2027-03-31`"},
		argDescription,
	},
}

// externalArgs say where an external is; in a target, where it is there.
var externalArgs = []Arg{
	{Name: "cidrs", Type: TypeCIDRs, Doc: "its address ranges"},
	{Name: "except", Type: TypeCIDRs, Doc: "ranges taken out"},
	{Name: "fqdns", Type: TypeNames, Doc: "its DNS names, in place of addresses"},
}

var targetExternalSpec = &Spec{
	Name: "external", Label: "name", Doc: "the address that the external of this name has here",
	Args: append(slices.Clone(externalArgs), argDescription),
}

var fileSpec = &Spec{
	Name: "configuration",
	Doc:  "all files of a directory, merged; their order never matters",
	Blocks: append([]*Spec{
		namespaceSpec,
		{Name: "external", Label: "name", Doc: "something outside the cluster, by address or by name", Args: append(slices.Clone(externalArgs), argTargets, argDescription)},
		{Name: "group", Label: "name", Doc: "a named list of peers", Args: []Arg{
			{Name: "members", Type: TypePeers, Required: true, Doc: "the peers"},
			argDescription,
		}},
		{Name: "nodes", Label: "name", Doc: "nodes by their labels, with the pods on their network: a peer, and what rules and a default can govern", Args: []Arg{
			{Name: "labels", Type: TypeSelector, Required: true, Doc: "selects the nodes"},
			{Name: "default_deny", Type: TypeWord, Words: directionWords, Doc: "directions that are closed but for rules; `none` by default"},
			{Name: "mode", Type: TypeWord, Words: modeWords, Doc: "`staged` only reports what `default_deny` would deny; `enforce` by default"},
			argTargets,
			argDescription,
		}},
		{Name: "issuer", Label: "name", Doc: "who signs tokens (JWT) that requests carry, for `jwt`", Args: []Arg{
			{Name: "issuer", Type: TypeString, Required: true, Doc: "as tokens name it, in the claim `iss`"},
			{Name: "jwks_uri", Type: TypeString, Doc: "where the keys are"},
			{Name: "jwks", Type: TypeString, Doc: "the keys themselves, in place of `jwks_uri`"},
			{Name: "audiences", Type: TypeStrings, Doc: "a token must be for one of them; any by default"},
			argDescription,
		}},
		{Name: "tier", Label: "name", Doc: "rules that are decided before those of tiers with a higher order, and before those outside tiers", Args: []Arg{
			{Name: "order", Type: TypeNumber, Required: true, Doc: "unique, from 1 to 999999"},
			{Name: "default", Type: TypeWord, Words: tierWords, Doc: "for what no rule of the tier decides; `pass` by default"},
			argTargets,
			argDescription,
		}, Blocks: ruleSpecs(ruleArgs, "allow", "deny", "pass", "log")},
		{Name: "cluster", Doc: "facts about the cluster; one that is not stated is unknown",
			Args: append(slices.Clone(factArgs), argDescription), Blocks: []*Spec{dnsSpec, ingressSpec}},
		{Name: "target", Label: "name", Doc: "one place to render for; facts in it override those of `cluster`",
			Args: slices.Concat([]Arg{
				{Name: "cni", Type: TypeEngine, Words: cniNames, Doc: "what enforces addresses and ports"},
				{Name: "mesh", Type: TypeEngine, Words: meshNames, Doc: "what enforces identities and requests; `istio` is the sidecar data plane"},
				argMode,
			}, factArgs, []Arg{argDescription}), Blocks: []*Spec{dnsSpec, ingressSpec, targetExternalSpec, acceptSpec}},
		testSpec,
		{Name: "variable", Label: "name", Doc: "a value that is given from outside", Args: []Arg{
			{Name: "type", Type: TypeType, Doc: "such as `list(string)`; any value by default"},
			{Name: "default", Type: TypeAny, Doc: "makes the variable optional"},
			argDescription,
		}, Blocks: []*Spec{{Name: "validation", Doc: "a condition that the value must meet", Many: true, Args: []Arg{
			{Name: "condition", Type: TypeBool, Required: true, Doc: "over `var`"},
			{Name: "error_message", Type: TypeString, Required: true, Doc: "shown where it is not met"},
			argDescription,
		}}}},
		{Name: "locals", Doc: "names for values, used as `local.name`", Free: true, Many: true},
		{Name: "portolan", Doc: "what the configuration needs of Portolan", Args: []Arg{
			{Name: "required_version", Type: TypeString, Doc: "such as `>= 0.1, < 2.0`"},
			{Name: "use", Type: TypeStrings, Doc: "directories whose names are known here, by their paths from this file's"},
			{Name: "language", Type: TypeNumber, Doc: "version of the language: 1"},
			argDescription,
		}},
	}, ruleSpecs(ruleArgs, "allow", "deny")...),
}
