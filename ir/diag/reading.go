package diag

// Codes about reading the intent: files and syntax (P10), blocks and arguments
// (P11), names (P12), values (P13), expressions and variables (P14).
const (
	Unreadable   Code = "P1001"
	TooLarge     Code = "P1002"
	Syntax       Code = "P1010"
	OneLineBlock Code = "P1011"
	QuoteIt      Code = "P1012"

	UnknownBlock     Code = "P1101"
	UnknownArgument  Code = "P1102"
	MissingArgument  Code = "P1103"
	DeclaredTwice    Code = "P1104"
	SetTwice         Code = "P1105"
	WrongLabels      Code = "P1106"
	RefusedOnPurpose Code = "P1107"
	BadName          Code = "P1108"
	ReservedName     Code = "P1109"
	Exclusive        Code = "P1110"
	ClosesSystem     Code = "P1111"
	SameAddress      Code = "P1112"
	WrongVersion     Code = "P1113"
	BadUse           Code = "P1114"
	FactsDiffer      Code = "P1115"
	OffersOthers     Code = "P1116"
	UnknownSwitch    Code = "P1127"
	BadSwitch        Code = "P1128"

	UnknownName   Code = "P1201"
	AmbiguousName Code = "P1202"
	OwnLabel      Code = "P1203"
	Misplaced     Code = "P1204"
	NeverUsed     Code = "P1205"

	WrongType       Code = "P1301"
	EmptySelection  Code = "P1302"
	BadLabel        Code = "P1303"
	BadPort         Code = "P1304"
	BadICMP         Code = "P1305"
	BadRequest      Code = "P1306"
	RequestWithout  Code = "P1307"
	BadDNSName      Code = "P1308"
	BadAddress      Code = "P1309"
	HostBits        Code = "P1310"
	ExceptOutside   Code = "P1311"
	NothingLeft     Code = "P1312"
	BadWord         Code = "P1313"
	BadNumber       Code = "P1314"
	BadDate         Code = "P1315"
	BadEngine       Code = "P1316"
	BadToken        Code = "P1325"
	UnknownFunction Code = "P1401"
	BadExpression   Code = "P1402"
	Cycle           Code = "P1403"
	MissingValue    Code = "P1404"
	UnknownVariable Code = "P1405"
	BadVariable     Code = "P1406"
	FailedCondition Code = "P1407"
)

// page is the text of an entry: prose, and the same thing written wrong and
// right.
func page(prose, wrong, right string) string {
	return prose + "\n\n```hcl\n# wrong\n" + wrong + "\n\n# right\n" + right + "\n```"
}

func readingEntries() []Entry {
	return []Entry{
		{Unreadable, Error, "Input cannot be read", "A file or directory that was named does not exist, cannot be opened, is not UTF-8, or holds no configuration.\n\nA configuration is all `*.portolan.hcl` and `*.portolan.hcl.json` files of a directory. Subdirectories are not read; give the command several directories to merge them. A single file works too, and `-` is standard input."},
		{TooLarge, Error, "Input is over a bound", "Portolan bounds the size and the number of files, the nesting of brackets, the length of an expression, and what expressions and `for_each` expand to, so that no input can exhaust memory or the stack.\n\nThe bounds are far beyond what a person writes: 16 MiB for a file, 1,000 files, 200 brackets in each other, 100,000 elements of a list, 10,000 of a `for_each`. Where one is hit by an honest configuration, split the file, or name parts of the expression with `locals`."},
		{Syntax, Error, "Not valid HCL", page("The text is not HCL (or, in a `.json` file, not JSON). The place is where the parser gave up, which may be after the mistake: look for a missing bracket or quote above it.\n\nWhere a file has a syntax error, names that it uses but that could not be found are not reported, since their declarations may be in what could not be read.",
			`workload "web" {
  labels = { app = "web" tier = "front" }
}`, `workload "web" {
  labels = { app = "web", tier = "front" }
}`)},
		{OneLineBlock, Error, "Two arguments on one line", page("In HCL a block on one line takes one argument, and no block. With more, each has its own line.",
			`allow web to db { tcp = [5432], log = true }`, `allow web to db {
  tcp = [5432]
  log = true
}`)},
		{QuoteIt, Error, "A text without quotes", page("Without quotes, HCL reads a word as a reference, `-` and `/` as arithmetic, and `.` as an attribute. Labels, ports in words, ranges and addresses are texts.",
			`workload "game" {
  labels = { app.kubernetes.io/name = 2048-game }
}
allow shop.web to db { tcp = [8000-8080] }`, `workload "game" {
  labels = { "app.kubernetes.io/name" = "2048-game" }
}
allow "shop.web" to db { tcp = ["8000-8080"] }`)},

		{UnknownBlock, Error, "Unknown block", page("The language has no such block at this place. A word that takes a value is an argument and has an equals sign; `workload` stands in a `namespace`.",
			`workload "web" {
  labels { app = "web" }
}`, `namespace "shop" {
  workload "web" { labels = { app = "web" } }
}`)},
		{UnknownArgument, Error, "Unknown argument", page("The block has no such argument. Nothing is ever ignored: an argument that was misspelt would otherwise be a hole.",
			`allow web to dns { udpp = [53] }`, `allow web to dns { udp = [53] }`)},
		{MissingArgument, Error, "Missing argument", page("The block cannot do without the argument. A rule with one label, its name, has `from` and `to`; a workload has `labels` or a `service_account` to know its pods by; an external has `cidrs` or `fqdns`.",
			`allow "web-out" { to = [stripe] }`, `allow "web-out" {
  from = [web]
  to   = [stripe]
}`)},
		{DeclaredTwice, Error, "Declared twice", page("Only a `namespace` may be reopened, to add workloads and rules. Everything else stands once, so that nobody has to look for the other half. Two blocks for one namespace of the cluster under two labels, and two tiers with one `order`, are refused for the same reason.",
			`external "stripe" { fqdns = ["api.stripe.com"] }
external "stripe" { fqdns = ["files.stripe.com"] }`, `external "stripe" { fqdns = ["api.stripe.com", "files.stripe.com"] }`)},
		{SetTwice, Error, "Set twice", page("An argument, or a key of a map, has two values. A reopened namespace may add workloads and rules, and arguments that the first block does not set.",
			`namespace "shop" { dns = true }
namespace "shop" { dns = false }`, `namespace "shop" { dns = false }`)},
		{WrongLabels, Error, "Wrong labels", page("A rule has three labels, `A to B`, or one, its name. Other blocks have one label or none, as the reference says. Inline peers such as `cidr(...)` are no labels; they stand in `from` and `to`.",
			`allow web db { tcp = [5432] }`, `allow web to db { tcp = [5432] }`)},
		{RefusedOnPurpose, Error, "Refused on purpose", page("`dynamic`, `count`, modules, and `for_each` on anything but a namespace are left out of the language: a reader of a security policy must see every rule without evaluating anything. Lists of peers, groups, and `for` expressions inside an argument do what is needed of them.",
			`allow web to db {
  for_each = [5432, 5433]
  tcp      = [each.value]
}`, `allow web to db { tcp = [5432, 5433] }`)},
		{BadName, Error, "Not a name", page("Names of blocks have up to 63 letters, digits, `-` and `_`. There is no dot in them, as it separates a namespace from its workload. A namespace's name in the cluster is what Kubernetes allows: lower-case letters, digits and `-`.",
			`namespace "Shop.EU" {}`, `namespace "shop-eu" {}`)},
		{ReservedName, Error, "Reserved name", page("The built-in peers (`world`, `cluster`, `nodes`, `anywhere`, `apiserver`, `dns`, `self`, `others`), the qualifiers (`workload`, `namespace`, `external`, `group`) and the words of expressions (`var`, `local`, `each`, `any`, `absent`) have a meaning wherever a peer is expected, so nothing else may be called so.",
			`workload "dns" { labels = { app = "bind" } }`, `workload "bind" { labels = { app = "bind" } }`)},
		{Exclusive, Error, "Arguments that exclude each other", page("The arguments say two things that cannot both be so: peers in the labels and in `from`, `cidrs` and `fqdns` of one external, `match` with a name, with labels or with `managed = true`.",
			`external "partner" {
  cidrs = ["192.0.2.0/24"]
  fqdns = ["partner.example.com"]
}`, `external "partner-net" { cidrs = ["192.0.2.0/24"] }
external "partner-api" { fqdns = ["partner.example.com"] }
group "partner" { members = [partner-net, partner-api] }`)},
		{ClosesSystem, Error, "Closes a system namespace", page("A namespace that is declared is closed both ways. For the namespace of the cluster's DNS, or of the mesh's root, that is an outage for everybody, so it has to be said: `managed = false` to only give names to what is in it, or `default_deny` to close it knowingly.",
			`namespace "kube-system" {
  workload "coredns" { labels = { k8s-app = "kube-dns" } }
}`, `namespace "kube-system" {
  managed = false
  workload "coredns" { labels = { k8s-app = "kube-dns" } }
}`)},
		{SameAddress, Error, "Two rules with one address", page("A rule's address (`shop/web->db`) is what an `accept` names and what emitted objects and reports point back to, so no two rules share one. Give one of them a `name`; its address is then `shop/name`.",
			`allow web to db { tcp = [5432] }
deny web to db { tcp = [22] }`, `allow web to db { tcp = [5432] }
deny web to db {
  name = "no-ssh"
  tcp  = [22]
}`)},
		{UnknownSwitch, Error, "Unknown switch", page("`switches` states how the engines of a cluster are set up, where that changes what policies mean or what can be said at all. In the `cluster` block it may name the switches of every engine, and each target takes those of its own; in a `target` only those that the target's CNI or mesh has. docs/profiles.md lists them.",
			`target "eu" {
  cni      = "calico"
  switches = { host_firewall = true }
}`, `target "eu" {
  cni      = "calico"
  switches = { host_endpoints = true }
}`)},
		{BadSwitch, Error, "A switch that takes other values", page("Most switches are true or false; some take a word. docs/profiles.md lists what each takes.",
			`cluster { switches = { named_ports = true } }`, `cluster { switches = { named_ports = "wider" } }`)},
		{BadUse, Error, "No directory that can be used", page("`use` names directories by their paths from the file that has it, with forward slashes. What is there is another configuration, whose names become known here. Paths from the root of the system, home directories and addresses on the network are refused: the same text must mean the same on every machine.",
			`portolan { use = ["https://example.com/platform"] }`, `portolan { use = ["../platform"] }`)},
		{FactsDiffer, Error, "Facts that differ", page("Facts that this configuration does not state are taken from those that it uses. A fact that both state has to be the same, since the cluster is one; what differs by target stands in `target` blocks.",
			`portolan { use = ["../platform"] }           # which has pod_cidrs = ["10.0.0.0/16"]
cluster { pod_cidrs = ["10.1.0.0/16"] }`, `portolan { use = ["../platform"] }
target "eu" {
  cni       = "cilium"
  pod_cidrs = ["10.1.0.0/16"]
}`)},
		{OffersOthers, Error, "An offer of what others have", page("With `offers` a namespace says what rules elsewhere may open of it, so that its `to` lists pods of the namespace itself. Without `to` it is about all of them.",
			`namespace "shop" {
  offers { to = [cluster] }
}`, `namespace "shop" {
  workload "api" { labels = { app = "api" } }
  offers { to = [api] }
}`)},
		{WrongVersion, Error, "Another version is required", page("The `portolan` block asks for a version of Portolan or of the language that this is not, or its text is no constraint. Constraints are `=`, `!=`, `>`, `>=`, `<`, `<=` and `~>` with a version, joined by commas.",
			`portolan { required_version = "latest" }`, `portolan { required_version = ">= 0.1, < 2.0" }`)},

		{UnknownName, Error, "Unknown name", page("A peer's name is looked for in the enclosing namespace and at top level, and this one is in neither. Outside its namespace a workload is `namespace.workload`, quoted in a rule's label. A peer that is not declared is an address range, a DNS name or a set of labels: `cidr(...)`, `fqdn(...)`, `pods(...)`, in a list.",
			`allow prometheus to web { tcp = ["metrics"] }`, `allow "monitoring.prometheus" to web { tcp = ["metrics"] }`)},
		{AmbiguousName, Error, "Ambiguous name", page("The name is found both in the enclosing namespace and at top level, or twice at top level. Nothing shadows anything: write the qualified form of the one that is meant.",
			`allow web to api { tcp = [443] } # a workload, and an external`, `allow web to "external.api" { tcp = [443] }`)},
		{OwnLabel, Error, "The block's own label", page("Inside a namespace with `for_each`, every name that the block declares means this element's, and `self` is the element itself. The block's own label would mean all elements, which is hardly ever meant there: one tenant would be open to all others. Write `self`, or the rule at top level.",
			`namespace "tenant" {
  for_each = toset(["a", "b"])
  allow tenant to web { tcp = [80] }
}`, `namespace "tenant" {
  for_each = toset(["a", "b"])
  allow self to web { tcp = [80] }
}`)},
		{Misplaced, Error, "Peer out of place", page("The peer means nothing where it stands. Peers known by DNS name stand only in `to`: an incoming connection has an address and no name. `self`, `others`, `workload.x` and `pods` with one argument need an enclosing namespace, `each` one with `for_each`.",
			`allow stripe to webhook { tcp = [443] } # stripe has fqdns`, `external "stripe-out" { cidrs = ["192.0.2.0/24"] }
allow stripe-out to webhook { tcp = [443] }`)},
		{NeverUsed, Warning, "Name never used", page("Nothing refers to the external, group, variable or local. Perhaps a rule was forgotten, and what it was to deny is open; perhaps the name is left over. In a configuration without rules and tests the externals, groups and nodes are there for those that `use` it, and nothing is said of them.",
			`external "abuse" { cidrs = ["192.0.2.0/24"] }
allow world to "shop.web" { tcp = [443] }`, `external "abuse" { cidrs = ["192.0.2.0/24"] }
tier "security" {
  order = 100
  deny abuse to cluster {}
}`)},

		{WrongType, Error, "Wrong type of value", page("The argument takes another type of value. Nothing is converted on the way: `1.10` without quotes is the number 1.1, which no label was meant to be, and a port outside brackets is no list.",
			`allow web to db { tcp = 5432 }`, `allow web to db { tcp = [5432] }`)},
		{EmptySelection, Error, "Empty selection", page("An argument is not named only when it is absent from the text. Where it is there and its value is `null`, an empty list or an empty map, something computed came out empty, and reading that as \"everything\" would open what was meant to be closed. All pods of a namespace is the namespace's name; every port is `any`.",
			`allow web to db { tcp = [] }`, `allow web to db { tcp = [any] }`)},
		{BadLabel, Error, "Not a label", page("Keys and values of labels are what Kubernetes allows: a name of up to 63 letters, digits, `-`, `_` and `.`, for a key with an optional DNS name and a slash before it. A value may be empty. `kubernetes.io/metadata.name` is set by the control plane and cannot be stated.",
			`labels = { "app name" = "web shop" }`, `labels = { "app.kubernetes.io/name" = "web-shop" }`)},
		{BadPort, Error, "Not a port", page("A port is a number from 1 to 65535, a range in quotes, the name of a container's port (up to 15 lower-case letters, digits and `-`), or `any` without quotes. Ports are the pod's, never the Service's. The protocol is the argument's name.",
			`allow web to db { tcp = ["5432/tcp", 0] }`, `allow web to db { tcp = [5432, "8000-8080", "metrics"] }`)},
		{BadICMP, Error, "Not an ICMP type", page("An ICMP type is a number from 0 to 255, a type and a code in quotes, or `any` without quotes. The types of IPv4 (`icmp`) and of IPv6 (`icmpv6`) differ: an echo request is 8 in one and 128 in the other.",
			`allow web to db { icmp = ["echo"] }`, `allow web to db { icmp = [8, "3/4"] }`)},
		{BadRequest, Error, "Not a request", page("A request is `\"METHOD PATH\"` or a method alone, `*` for any method; or an object with `methods`, `paths`, `hosts` and `headers`. In a path `*` is one whole segment, `**` at the end any rest, and `~` begins a regular expression for the whole path. A gRPC method is `\"package.Service/Method\"` or `\"package.Service/*\"`.",
			`http = ["/api", "get /api*"]`, `http = ["* /api", "GET /api/**"]`)},
		{RequestWithout, Error, "Requests without tcp", page("`http` and `grpc` restrict what may be said on the TCP ports of the rule, so the rule has to name them. Without `tcp` it would allow requests on no port.",
			`allow web to api { http = ["GET"] }`, `allow web to api {
  tcp  = [8080]
  http = ["GET"]
}`)},
		{BadDNSName, Error, "Not a DNS name", page("A DNS name is labels with dots between them, without a scheme, port or path. As a pattern, `*.example.com` stands for names with one label more, and `**.example.com` for one or more; there are no other globs, as no CNI agrees on them.",
			`fqdns = ["https://api.example.com", "api-*.example.com"]`, `fqdns = ["api.example.com", "*.example.com"]`)},
		{BadAddress, Error, "Not an address range", page("An address range is an IPv4 or IPv6 address, a slash and the length of the prefix; an address alone is a range of one. Leading zeros, which some programs read as octal, zones, and IPv4 addresses in IPv6 form are refused.",
			`cidrs = ["10.0.0.0/33", "010.1.0.0/16"]`, `cidrs = ["10.0.0.0/8", "2001:db8::/32"]`)},
		{HostBits, Warning, "Host bits in an address range", page("The address has bits set beyond the prefix, which the range does not depend on. Either the prefix is too short or the address is that of a host. The message says what the range means.",
			`cidrs = ["192.0.2.17/24"]`, `cidrs = ["192.0.2.0/24"] # or "192.0.2.17/32"`)},
		{ExceptOutside, Warning, "Exception outside", page("The exception is not, or not whole, in the ranges that it is taken out of, so there it changes nothing. Perhaps there is a typo in one of the two.",
			`cidrs  = ["10.0.0.0/8"]
except = ["192.168.0.0/16"]`, `cidrs  = ["10.0.0.0/8"]
except = ["10.1.0.0/16"]`)},
		{NothingLeft, Error, "Nothing left", page("The exceptions take away every address, so the peer has none. An emptied set never means everything: remove the peer, or the exceptions.",
			`cidr("10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9")`, `cidr("10.0.0.0/8", "10.0.0.0/9")`)},
		{BadWord, Error, "Not one of the words", page("The argument takes one of a few words, in quotes, which the message lists.",
			`namespace "shop" { default_deny = "all" }`, `namespace "shop" { default_deny = "both" }`)},
		{BadNumber, Error, "Number out of range", page("The argument takes a whole number within bounds, which the message gives.",
			`tier "security" { order = 0 }`, `tier "security" { order = 100 }`)},
		{BadDate, Error, "Not a date", page("`until` is a date of the calendar, the last day on which the loss is accepted, in UTC.",
			`until = "31.03.2027"`, `until = "2027-03-31"`)},
		{BadEngine, Error, "Unknown CNI or mesh", page("Portolan renders for the CNIs `kubernetes` (native NetworkPolicy), `calico` and `cilium`, and for the meshes `istio` (sidecars) and `istio-ambient`, alone or together, at the versions that it has the facts of. Without a version the newest of these is meant. A managed cluster stands for the CNI that it has: `eks-vpc-cni`, `gke-dataplane-v2`, `aks-cilium`, `aks-azure-npm`, `openshift-ovn`.",
			`target "eu" { cni = "istio" }`, `target "eu" {
  cni  = "cilium@1.18"
  mesh = "istio"
}`)},
		{BadToken, Error, "Not what a token says", page("Texts of a token (JWT), such as its subject or the values of its claims, are compared as a whole: `*` is no pattern, and whatever is there is `any`. A claim in a claim has a dot between the names, and `\\.` is a dot of a name. An issuer's keys are at a URL, or are written as RFC 7517 has them.",
			`allow web to api {
  tcp = [8080]
  jwt = { issuer = "auth", claims = { role = "admin*" } }
}`, `allow web to api {
  tcp = [8080]
  jwt = { issuer = "auth", claims = { role = ["admin", "admins"] } }
}`)},
		{UnknownFunction, Error, "Unknown function", page("Functions are those of HCL's standard library under Terraform's names, and `pods`, `namespaces`, `cidr`, `fqdn` and `not`. None reads files, the environment or the clock: the same text means the same everywhere. Such values come in through variables.",
			`locals { office = file("office.txt") }`, `variable "office" { type = list(string) }
locals { office = [for c in var.office : cidr(c)] }`)},
		{BadExpression, Error, "Expression cannot be evaluated", page("Evaluating the expression failed: an operand or an argument has the wrong type, an index or an attribute does not exist, or a value that must be constant refers to something.",
			`locals { first = [80][1] }`, `locals { first = [80][0] }`)},
		{Cycle, Error, "Names that depend on each other", page("Evaluating the name needs the name itself. The message lists the way round, in order.",
			`locals {
  a = [local.b]
  b = [local.a]
}`, `locals {
  a = [local.b]
  b = [80]
}`)},
		{MissingValue, Error, "Variable without a value", page("The variable has no default, and no value was given. Values come from the environment (`PORTOLAN_VAR_name`), from `*.auto.portolanvars` files of the directory, and from `-var-file` and `-var`; later ones win.",
			`variable "domain" { type = string }`, `variable "domain" {
  type    = string
  default = "example.com"
}`)},
		{UnknownVariable, Error, "Value for no variable", page("A value was given for a variable that the configuration does not declare. A misspelt name would otherwise leave the default in force without a word. Only the environment may have more than is declared.",
			`domian = "example.com" # in values.auto.portolanvars`, `domain = "example.com"`)},
		{BadVariable, Error, "Not a variable's value", page("The value does not fit the variable's type, or the type is none. Outside files, values of the types `string`, `number` and `bool` are given as text, all others as expressions: `-var 'ports=[80, 443]'`.",
			`variable "ports" {
  type    = list(number)
  default = ["http"]
}`, `variable "ports" {
  type    = list(number)
  default = [80]
}`)},
		{FailedCondition, Error, "Variable's condition is not met", page("A `validation` block of the variable refuses the value. The message is the block's own.",
			`variable "domain" {
  default = "example.org"
  validation {
    condition     = endswith(var.domain, ".example.com")
    error_message = "The domain must be ours."
  }
}`, `variable "domain" {
  default = "shop.example.com"
  validation {
    condition     = endswith(var.domain, ".example.com")
    error_message = "The domain must be ours."
  }
}`)},
	}
}
