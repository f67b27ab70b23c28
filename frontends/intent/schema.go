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
	TypeModeMap   ArgType = "map of ports to modes"
	TypeEach      ArgType = "set of strings, or map"
	TypeEngine    ArgType = "name, or name@version"
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
	lackWords      = []string{"http", "grpc", "dns", "fqdn", "deny", "order", "icmp", "ports", "identity", "mtls", "log", "staged"}
	lossWords      = []string{"widened", "narrowed", "unenforced"}
	tierWords      = []string{"pass", "deny"}
)

var (
	argDescription = Arg{Name: "description", Type: TypeString, Doc: "for the reader; shown in reviews and emitted objects"}
	argMode        = Arg{Name: "mode", Type: TypeWord, Words: modeWords, Doc: "`staged` only reports what would be denied; `enforce` by default"}
)

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
	{Name: "name", Type: TypeString, Doc: "the rule's name in its address, where `A->B` is taken"},
	argDescription,
}

var ruleArgs = slices.Concat(trafficArgs, []Arg{
	{Name: "at", Type: TypeWord, Words: endWords, Doc: "the end at which the rule stands: `both` by default"},
	argMode,
	{Name: "log", Type: TypeBool, Doc: "also log"},
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
	Args:   []Arg{argDescription},
	Blocks: ruleSpecs(trafficArgs, "allow", "deny"),
}

var workloadSpec = &Spec{
	Name: "workload", Label: "name", Doc: "a set of pods of the namespace, and what is stated about them",
	Args: []Arg{
		{Name: "labels", Type: TypeSelector, Doc: "selects the pods"},
		{Name: "service_account", Type: TypeString, Doc: "that the pods run as; selects them where `labels` is not given"},
		{Name: "ports", Type: TypePortMap, Doc: "named ports: a number, or `{ port protocol }` with `http`, `grpc`, `tcp` or `tls`"},
		{Name: "mesh", Type: TypeBool, Doc: "whether the pods are in the mesh"},
		{Name: "host_network", Type: TypeBool, Doc: "whether the pods are on the node's network"},
		{Name: "default_deny", Type: TypeWord, Words: directionWords, Doc: "overrides the namespace's"},
		{Name: "dns", Type: TypeBool, Doc: "overrides the namespace's"},
		{Name: "mtls", Type: TypeWord, Words: mtlsWords, Doc: "overrides the namespace's"},
		{Name: "mtls_ports", Type: TypeModeMap, Doc: "modes of single ports"},
		argDescription,
	},
}

var namespaceSpec = &Spec{
	Name: "namespace", Label: "name", Doc: "facts about a namespace, its workloads and its rules; may be reopened", Many: true,
	Args: []Arg{
		{Name: "name", Type: TypeString, Doc: "in the cluster, where it differs from the label"},
		{Name: "for_each", Type: TypeEach, Doc: "the block once per element, as `each.key` and `each.value`"},
		{Name: "match", Type: TypeSelector, Doc: "in place of a name: all namespaces with these labels"},
		{Name: "labels", Type: TypeLabels, Doc: "the labels that the namespace has"},
		{Name: "default_deny", Type: TypeWord, Words: directionWords, Doc: "directions that are closed but for rules; `both` by default"},
		{Name: "dns", Type: TypeBool, Doc: "whether the cluster's DNS stays reachable where egress is denied; true by default"},
		{Name: "mtls", Type: TypeWord, Words: mtlsWords, Doc: "which connections the pods take in a mesh"},
		{Name: "mesh", Type: TypeBool, Doc: "whether its pods are in the mesh; true by default"},
		{Name: "managed", Type: TypeBool, Doc: "false: others' namespace, names only, nothing is emitted in it"},
		argMode,
		argDescription,
	},
	Blocks: append([]*Spec{workloadSpec, testSpec}, ruleSpecs(ruleArgs, "allow", "deny")...),
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

// factArgs are those of cluster, which a target may override.
var factArgs = []Arg{
	{Name: "pod_cidrs", Type: TypeCIDRs, Doc: "addresses of pods"},
	{Name: "service_cidrs", Type: TypeCIDRs, Doc: "addresses of Services"},
	{Name: "node_cidrs", Type: TypeCIDRs, Doc: "addresses of nodes"},
	{Name: "api_server", Type: TypeAddresses, Doc: "addresses of the API server"},
	{Name: "trust_domain", Type: TypeString, Doc: "of the mesh's identities"},
	{Name: "mesh_root_namespace", Type: TypeString, Doc: "`istio-system` by default"},
	{Name: "default_deny", Type: TypeWord, Words: directionWords, Doc: "closes every pod of every namespace, declared or not; `none` by default"},
	{Name: "exempt", Type: TypeStrings, Doc: "namespaces that `default_deny` spares: by default those of DNS and of the mesh's root"},
	{Name: "mtls", Type: TypeWord, Words: mtlsWords, Doc: "of the whole mesh"},
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

var fileSpec = &Spec{
	Name: "configuration",
	Doc:  "all files of a directory, merged; their order never matters",
	Blocks: append([]*Spec{
		namespaceSpec,
		{Name: "external", Label: "name", Doc: "something outside the cluster, by address or by name", Args: []Arg{
			{Name: "cidrs", Type: TypeCIDRs, Doc: "its address ranges"},
			{Name: "except", Type: TypeCIDRs, Doc: "ranges taken out"},
			{Name: "fqdns", Type: TypeNames, Doc: "its DNS names, in place of addresses"},
			argDescription,
		}},
		{Name: "group", Label: "name", Doc: "a named list of peers", Args: []Arg{
			{Name: "members", Type: TypePeers, Required: true, Doc: "the peers"},
			argDescription,
		}},
		{Name: "tier", Label: "name", Doc: "rules that are decided before those of tiers with a higher order, and before those outside tiers", Args: []Arg{
			{Name: "order", Type: TypeNumber, Required: true, Doc: "unique, from 1 to 999999"},
			{Name: "default", Type: TypeWord, Words: tierWords, Doc: "for what no rule of the tier decides; `pass` by default"},
			argDescription,
		}, Blocks: ruleSpecs(ruleArgs, "allow", "deny", "pass", "log")},
		{Name: "cluster", Doc: "facts about the cluster; one that is not stated is unknown",
			Args: append(slices.Clone(factArgs), argDescription), Blocks: []*Spec{dnsSpec}},
		{Name: "target", Label: "name", Doc: "one place to render for; facts in it override those of `cluster`",
			Args: slices.Concat([]Arg{
				{Name: "cni", Type: TypeEngine, Words: cniNames, Doc: "what enforces addresses and ports"},
				{Name: "mesh", Type: TypeEngine, Words: meshNames, Doc: "what enforces identities and requests; `istio` is the sidecar data plane"},
				argMode,
			}, factArgs, []Arg{argDescription}), Blocks: []*Spec{dnsSpec, acceptSpec}},
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
			{Name: "language", Type: TypeNumber, Doc: "version of the language: 1"},
			argDescription,
		}},
	}, ruleSpecs(ruleArgs, "allow", "deny")...),
}
