package diag

// Codes about targets: what they accept (P3) and what they cannot say (P4).
const (
	UnknownEngine    Code = "P3001"
	NoTarget         Code = "P3002"
	UnknownTarget    Code = "P3003"
	AcceptUnknown    Code = "P3101"
	AcceptExpired    Code = "P3102"
	AcceptNotNeeded  Code = "P3103"
	AcceptUnsuitable Code = "P3104"

	LacksHTTP     Code = "P4001"
	LacksGRPC     Code = "P4002"
	LacksDNS      Code = "P4003"
	LacksFQDN     Code = "P4004"
	LacksDeny     Code = "P4005"
	LacksOrder    Code = "P4006"
	LacksICMP     Code = "P4007"
	LacksPorts    Code = "P4008"
	LacksIdentity Code = "P4009"
	LacksMTLS     Code = "P4010"
	LacksLog      Code = "P4011"
	LacksStaged   Code = "P4012"
	StaysOpen     Code = "P4017"
	NoPriority    Code = "P4013"
	NeedsSwitch   Code = "P4021"
	LargePolicy   Code = "P4022"
	Unmergeable   Code = "P4023"
	LacksJWT      Code = "P4027"
	LacksSNI      Code = "P4028"
	LacksClient   Code = "P4029"
	LacksRemote   Code = "P4030"
	LacksHosts    Code = "P4031"

	CannotSay  Code = "P4101"
	NeedsFact  Code = "P4102"
	LeftOut    Code = "P4103"
	OutOfScope Code = "P4104"
	OverBound  Code = "P4105"
)

func targetEntries() []Entry {
	return []Entry{
		{UnknownEngine, Error, "Unknown CNI, mesh or version", "A target names a CNI or a mesh, or a version of one, that Portolan has no facts of.\n\nPortolan renders for `kubernetes`, `calico` and `cilium`, with the meshes `istio` (sidecars) and `istio-ambient`, at the versions that `portolan version` lists, and for the managed clusters that `portolan help targets` lists. Switches that a CNI does not have are errors too. Write `cni = \"cilium@1.18\"`, or leave the version out for the newest known."},
		{NoTarget, Error, "Nothing to render for", "The configuration has no `target` block, and neither `--target` nor `--to` says what to render for.\n\nAdd `target \"eu\" { cni = \"cilium\" }`, or say it once with `--to cilium`."},
		{UnknownTarget, Error, "No such target", "`--target` names a target that the configuration does not have."},
		{AcceptUnknown, Error, "An accept names no rule", "`rules` of an `accept` block lists addresses of rules, as messages print them (`shop/web->db`), and this one is none of the configuration's. Addresses are exact: there are no patterns. A namespace's own address stands for its `mtls` and `default_deny`."},
		{AcceptExpired, Error, "An accept has run out", "The `until` date of the block has passed (in UTC), so what it accepted is refused again and nothing is written for the target. Renew it with a new date and a reason that still holds, or remove what the target cannot say."},
		{AcceptNotNeeded, Warning, "An accept is no longer needed", "The target can say what the block accepts the loss of. Remove the block, so that a later loss is not accepted by accident."},
		{AcceptUnsuitable, Error, "An accept that cannot be", "`widened` takes a part out of a rule, `narrowed` takes the rule out, and `unenforced` goes without what is no verdict (`mtls`, `log`, `staged`). The block asks for a combination that would mean something else."},

		{LacksHTTP, Error, "The target has no HTTP rules", "The rule restricts HTTP requests, and the target decides by address and port only. Without the restriction the rule would allow every request.\n\nRender for a target that reads requests (`cilium`, or a stack with `mesh = \"istio\"`), or accept the loss:\n\n```hcl\naccept \"widened\" {\n  lacks  = [\"http\"]\n  rules  = [\"shop/web->api\"]\n  reason = \"...\"\n}\n```"},
		{LacksGRPC, Error, "The target has no gRPC rules", "The rule restricts gRPC methods, and the target decides by address and port only. gRPC is HTTP: what holds for `http` holds for `grpc`."},
		{LacksDNS, Error, "The target cannot restrict DNS names", "The rule says which names may be resolved, and the target cannot read DNS queries. Only `cilium` can."},
		{LacksFQDN, Error, "The target has no DNS names as peers", "The rule's peer is a DNS name, and the target knows addresses only. Render for `cilium`, give `cidrs` where the addresses are stable, or accept that the rule is taken out (`narrowed`).\n\nA mesh decides at the destination, and so about nothing outside. That it enforces names all the same takes a proxy that the traffic has to go through: a ServiceEntry, an egress gateway or waypoint with a policy, and a CNI that closes every other way. docs/egress-names.md has the manifests."},
		{LacksDeny, Error, "The target has no deny rules", "The target's policies only allow. A deny that cannot be expressed by allowing less is refused. Take the peers out with `except`, or render for `calico` or `cilium`."},
		{LacksOrder, Error, "The target cannot keep this order of rules", "The target has no tiers, and the order in which this rule is decided changes the outcome. Calico has tiers and order."},
		{LacksICMP, Error, "The target has no ICMP rules", "The target cannot say which ICMP messages a rule means. Calico and Cilium can."},
		{LacksPorts, Error, "The target cannot say these ports", "The target has no way to name these ports, or the way has a bound that the rule exceeds."},
		{LacksIdentity, Error, "The target cannot tell these peers apart", "A mesh knows its peers by service account, never by labels. Peers without an account of their own cannot be named: declare `service_account` on the workload, and give the workloads that must be told apart different accounts."},
		{LacksMTLS, Error, "The target has no mutual TLS", "The intent states mutual TLS and the target has no mesh. Add `mesh = \"istio\"` to the target, or accept it as `unenforced`."},
		{LacksLog, Error, "The target cannot log by rule", "The rule asks for a log, and the target's policies have no such action. Logging is no verdict: accept it as `unenforced`, or render for `calico`."},
		{LacksStaged, Error, "The target has no staged rules", "The rule is staged, and the target can only enforce. Accept it as `unenforced`, which leaves the rule out."},
		{StaysOpen, Error, "The target leaves open what the intent closes", "Some of what the rule or the default closes the target's engine lets through whatever policies say. Calico keeps its failsafe ports open at host endpoints, so that no policy cuts a node off, and does not police there what a node and its own pods send each other.\n\nLet the intent allow it, so that what is written is what holds, or leave the nodes open."},
		{NoPriority, Error, "An order that is no priority", page("Where ClusterNetworkPolicy is on, tiers are said with it: a tier's order is the priority of its denies, and the three behind it are those of its passes, its allows and what it closes. Priorities go from 0 to 1000, of which the last is for the denies outside tiers. Orders are never numbered anew, since then one tier more would change the objects of others.",
			"tier \"security\" { order = 100 }\ntier \"platform\" { order = 5000 }",
			"tier \"security\" { order = 100 }\ntier \"platform\" { order = 500 }")},
		{NeedsSwitch, Error, "A setting of the engine is missing", page("The target's engine has what the rule needs only with a setting that it does not ship with, or needs to be told how it is set up. Nothing is rendered that the engine would refuse or pass over. Where the setting is made, state its switch; `portolan` assumes what the engine ships with.",
			"target \"eu\" {\n  cni = \"cilium\"\n}",
			"target \"eu\" {\n  cni      = \"cilium\"\n  switches = { host_firewall = true }\n}")},
		{LargePolicy, Warning, "More entries than an endpoint has room for", "Cilium keeps what is allowed to a pod as entries of a map, one for each peer and port, of which a pod has 16384 unless the agent is told otherwise (`bpf-policy-map-max`). The rules of the subject take more for the address ranges and ports that they name, and identities of pods come on top. What has no room is not enforced, or locks the pod.\n\nName wider ranges or fewer ports, or give the agent more room and the nodes the memory for it."},
		{Unmergeable, Error, "Rules that the target would not keep apart", "Cilium makes one of rules for the same peers and ports. Beside a rule for TLS servers by name (`sni`), a rule for the same peers and ports without names would be restricted to these names too, and one that restricts requests or DNS there would stop the computation of the pod's policy. Where the peers of the two are other selectors that have some pods or addresses in common, Cilium would let every request and every connection of those pass.\n\nUse different ports, write both rules with names, or take the peers of one out of the other with `except`."},
		{LacksJWT, Error, "The target cannot check tokens", "The rule asks for a token (JWT) in the request, and the target reads no tokens, or cannot say what the rule asks of them. Istio's sidecars validate tokens; a CNI does not, and neither does ztunnel.\n\nRender for `istio`, alone or beside a CNI, or accept that the rule is taken out (`narrowed`)."},
		{LacksSNI, Error, "The target cannot read the name of a TLS server", "The rule is for TLS connections that name a server (SNI). Cilium reads it where a connection leaves or enters a pod. In a mesh the TLS that a proxy sees is the mesh's own, and names the mesh's own servers."},
		{LacksClient, Error, "The target does not know the original client", "The rule is about the address that a client had before proxies, as they report it. Only a proxy that reads requests knows it: Istio's sidecars do (`remoteIpBlocks`), packets do not tell."},
		{LacksRemote, Error, "The target does not know other clusters' pods", "The rule's peer is pods of another connected cluster. Cilium knows them where clusters are connected (`cluster_mesh`). Name their addresses with `cidr` elsewhere, or accept that the rule is taken out (`narrowed`)."},
		{LacksHosts, Error, "The target does not police nodes", "The rule has nodes as its subject, and the target decides about pods only. Cilium polices nodes where its host firewall is on (`host_firewall`), and Calico where they are host endpoints (`host_endpoints`). Else the firewall of the nodes has to: take the rule out, or accept it as `widened` with `hosts`."},

		{CannotSay, Error, "The target cannot say this", "The target has no form for this rule or default, and nothing that an `accept` could take out of it would help. The message names what would work."},
		{NeedsFact, Error, "A fact is missing", "What the rule means on this target hangs on a fact of the cluster that nobody stated. State it in the `cluster` block, or in the `target` where targets differ."},
		{LeftOut, Warning, "A part is left out for want of a fact", "What was emitted allows less than the rule, because the target would match more than is meant and only a fact of the cluster could tell. State the fact to have the rule whole."},
		{OutOfScope, Warning, "Outside what the target governs", "A mesh decides TCP at the destination, and nothing else. Rules and defaults for egress, UDP, SCTP and pods outside the mesh are not rendered for a mesh alone; a stack of a CNI and the mesh (`cni = \"cilium\"`, `mesh = \"istio\"`) has both."},
		{OverBound, Error, "Over a bound", "Saying this rule on the target takes more objects or entries than Portolan's bound, or the target's own. The message names both numbers."},
	}
}

// Lacks maps the words of an accept block's lacks to the code of the refusal
// that each accepts, in the language's order.
var Lacks = []struct {
	Word string
	Code Code
}{
	{"http", LacksHTTP}, {"grpc", LacksGRPC}, {"dns", LacksDNS}, {"fqdn", LacksFQDN},
	{"deny", LacksDeny}, {"order", LacksOrder}, {"icmp", LacksICMP}, {"ports", LacksPorts},
	{"identity", LacksIdentity}, {"mtls", LacksMTLS}, {"log", LacksLog}, {"staged", LacksStaged},
	{"jwt", LacksJWT}, {"sni", LacksSNI}, {"client", LacksClient},
	{"remote", LacksRemote}, {"hosts", LacksHosts},
}
