package diag

// Codes about reading manifests: files and syntax (P60), fields and their
// values (P61), what the engine makes of them (P62).
const (
	ManifestUnreadable Code = "P6001"
	ManifestTooLarge   Code = "P6002"
	ManifestSyntax     Code = "P6003"
	ManifestYAML       Code = "P6004"
	DuplicateKey       Code = "P6005"
	NotAnObject        Code = "P6006"
	DuplicateObject    Code = "P6007"

	UnknownField     Code = "P6101"
	RefusedField     Code = "P6102"
	WrongFieldType   Code = "P6103"
	MissingField     Code = "P6104"
	BadFieldValue    Code = "P6105"
	ManifestHostBits Code = "P6106"

	NoEffect            Code = "P6201"
	Undecided           Code = "P6202"
	NotInInput          Code = "P6203"
	TooManyAlternatives Code = "P6204"
	NotEnforced         Code = "P6205"
	IdleRule            Code = "P6206"
	EmptyRule           Code = "P6207"
	RedundantRule       Code = "P6208"
	SelectsNothing      Code = "P6209"
	NoDNS               Code = "P6210"
	OnlyDenies          Code = "P6211"

	UnreadRequests Code = "P6217"
	StagedChange   Code = "P6218"

	TokensUnchecked Code = "P6229"
)

// manifestPage is page for manifests.
func manifestPage(prose, wrong, right string) string {
	return prose + "\n\n```yaml\n# wrong\n" + wrong + "\n\n# right\n" + right + "\n```"
}

func manifestEntries() []Entry {
	return []Entry{
		{ManifestUnreadable, Error, "Manifests cannot be read", "A file or directory that was named does not exist, cannot be opened, is not UTF-8, or holds no manifests.\n\nOf a directory all `*.yaml`, `*.yml` and `*.json` files are read, those of its subdirectories included. What has a name that begins with a dot is passed over, and so are other extensions; a symbolic link that leaves the directory is refused. A file that is named itself may have any extension, and `-` is standard input."},
		{ManifestTooLarge, Error, "Manifests are over a bound", "Portolan bounds the size and the number of files, the documents in them, the nesting of values, the length of a text, and what aliases expand to, so that no input can exhaust memory or time. The message names the bound.\n\nThe bounds are far beyond what a cluster can hold in one object. Where honest input hits one, give the files to several runs."},
		{ManifestSyntax, Error, "Not valid YAML or JSON", "The text is neither YAML nor JSON. The place is where the parser gave up, which may be after the mistake.\n\nA line that begins with `---` separates documents and may hold a comment besides, as `kubectl` has it. Other documents of the file are still read, so that their mistakes are reported too."},
		{ManifestYAML, Error, "YAML that means something else to Kubernetes", manifestPage("Kubernetes reads YAML as JSON, by the rules of YAML 1.1. Tags, merge keys (`<<`), keys that are no text and numbers that JSON has not are lost, changed or refused on the way, and so Portolan refuses them all.",
			"matchLabels:\n  on: \"true\"    # the key is read as true", "matchLabels:\n  \"on\": \"true\"")},
		{DuplicateKey, Error, "A key stands twice", "In one mapping a key stands twice. Parsers differ in which of the two they take, so that one of them would be lost without a word."},
		{NotAnObject, Error, "Not a Kubernetes object", "The document has no `apiVersion` or no `kind`, or is no mapping, so that the API server would refuse it. Files that are no manifests, such as a chart's values, belong outside the directories that are read."},
		{DuplicateObject, Error, "An object is declared twice", "Two documents have the same kind, namespace and name. Applied, the later one replaces the other, so that only one of them holds; read together they would mean what no cluster does. Give one cluster's manifests to a run."},

		{UnknownField, Error, "Unknown field", manifestPage("The kind has no such field, or Portolan does not know it. The API server drops unknown fields, and a restriction that was meant by one is dropped with it.",
			"spec:\n  podSelectors: {}", "spec:\n  podSelector: {}")},
		{RefusedField, Error, "A field that cannot be judged", "Portolan knows the field, and cannot say what it means for every flow. The message says why. Reading on without it could call equal what is not."},
		{WrongFieldType, Error, "Wrong type of value", manifestPage("The field takes another type of value, and the API server would refuse the object. Without quotes `yes`, `no`, `on`, `off`, `y` and `n` are true and false to Kubernetes, what looks like a number is one, and what looks like a date is a time.",
			"matchLabels:\n  enabled: yes\n  version: 1.10", "matchLabels:\n  enabled: \"yes\"\n  version: \"1.10\"")},
		{MissingField, Error, "A field is missing", "The field must be there and is not, or is `null`, which is the same to the API server."},
		{BadFieldValue, Error, "Not a value of the field", "The value has the right type and is none that the field takes. The message says which it takes; the API server, or the engine, would refuse it too."},
		{ManifestHostBits, Warning, "Host bits in an address range", manifestPage("The address has bits set beyond the prefix, which the range does not depend on. Either the prefix is too short or the address is that of a host. The message says what the range means.",
			"cidr: 192.0.2.17/24", "cidr: 192.0.2.0/24")},

		{NoEffect, Warning, "Something without the effect that it seems to have", "The engine takes the manifest and then passes over a part of it, or reads it in another way than it is written. What Portolan reads is what the engine does; the message says what that is."},
		{Undecided, Error, "A meaning that hangs on what is not in the manifests", "What the engine does hangs on something that manifests do not say, such as which of two objects is the older. Portolan does not guess. The message says how to write it so that it does not matter."},

		{NotInInput, Error, "Something referred to is not in the input", "What the manifest means hangs on an object that it refers to and that is not among the input, such as the tier that a policy is in. Give that object's manifest too."},
		{TooManyAlternatives, Error, "Selectors over a bound", "Alternatives within alternatives of selectors double what they fall into. Portolan bounds it, so that no input can exhaust memory or time. Give the endpoints one label that tells them apart, or split the rule."},
		{NotEnforced, Error, "The engine does not enforce this as written", "The engine, at the version that is judged, does not read the object, or makes something else of it than its API says. The message says what."},

		{IdleRule, Warning, "A rule that never decides", "What the rule is for is always decided before the engine asks it: by tiers and rules that come earlier, or by denies, which win. The message names the first of them. Whatever the rule says, nothing changes.\n\nMove it before them, narrow them, or remove it."},
		{EmptyRule, Warning, "A rule that can match nothing", "No flow that there can be is one that the rule matches. Most often it selects labels that the namespace, as the input declares it, does not have, or asks for addresses that its peers cannot have."},
		{RedundantRule, Hint, "A rule covered by others", "Every flow that the rule is for, other rules decide in the same way: of the same policy or of others for the same pods. Without it every verdict stays the same.\n\nSeveral policies that let the same through may be meant, as where each team brings its own. A rule that goes should leave its policy's directions as they are: where a list becomes empty, write the direction into `policyTypes` or its like."},
		{SelectsNothing, Warning, "A policy that selects nothing", manifestPage("The input declares workloads in every namespace that the policy is for, and the policy selects none of them: mostly a label is misspelt, on the object rather than on its pod template, or has changed since. Pods on the host network are selected by no policy.",
			"spec:\n  podSelector:\n    matchLabels: {app: wbe}", "spec:\n  podSelector:\n    matchLabels: {app: web}")},
		{NoDNS, Warning, "DNS is cut off", manifestPage("The policies let the workloads send something and keep them from the cluster's DNS, so that every connection by name fails. Where the cluster's DNS is, an intent given with `--facts` says; without that, port 53 in any other namespace, on nodes and outside counts as DNS.",
			"egress:\n  - to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}]     # of the policy's own namespace\n    ports: [{port: 53, protocol: UDP}]",
			"egress:\n  - to:\n      - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}\n        podSelector: {matchLabels: {k8s-app: kube-dns}}\n    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]")},
		{OnlyDenies, Warning, "Denies that close everything else", manifestPage("The policy has only denies in a direction, and by having them it closes its pods for everything else in that direction: nothing else closes them, so that they were open before. Say whether that is meant. For Cilium it is `enableDefaultDeny`; for Calico let a rule with `action: Allow` follow the denies, or `action: Pass` in a tier of its own.",
			"egressDeny:\n  - toCIDR: [169.254.169.254/32]", "enableDefaultDeny: {egress: false}\negressDeny:\n  - toCIDR: [169.254.169.254/32]")},

		{UnreadRequests, Warning, "HTTP that nothing restricts", manifestPage("The rule restricts HTTP requests, and nothing in the cluster reads them: Felix programs the rest of the rule, so that an allow opens the port for every request. It is read so. Dikastes, beside Istio's proxies, reads requests: state `application_layer_policy = true` where it runs. Else restrict requests in the mesh, and take them out here.",
			"- action: Allow\n  http: {methods: [GET]}", "- action: Allow")},
		{StagedChange, Warning, "A staged change of an enforced policy", "A staged policy has the name of an enforced one of its kind. Enforced, it takes that one's place. What Portolan previews is both together, which is more than there will be: judge the change by giving the staged policy's text in the place of the other."},
		{TokensUnchecked, Warning, "Tokens that nothing checks", manifestPage("The policy asks for a token (JWT), and no RequestAuthentication among the manifests validates tokens of that issuer for these pods. Without one the proxy takes every request for one without a token: an ALLOW that needs a token lets nothing in, and a DENY of what has none denies everything. A RequestAuthentication alone requires nothing, and a policy alone checks nothing: it takes both.",
			"kind: AuthorizationPolicy\nspec:\n  rules:\n    - from: [{source: {requestPrincipals: [\"https://auth.example/*\"]}}]", "kind: RequestAuthentication\nspec:\n  jwtRules:\n    - issuer: https://auth.example\n      jwksUri: https://auth.example/jwks.json")},
	}
}
