package diag

// Codes about what the intent means.
const (
	HostNetworkPeer     Code = "P2001"
	PortNumbersDiffer   Code = "P2002"
	AccountsDiffer      Code = "P2003"
	NamedPortOutside    Code = "P2004"
	DenyCoversAllow     Code = "P2005"
	TierCutsDNS         Code = "P2006"
	PlaintextIntoStrict Code = "P2007"
	TooManyParts        Code = "P2008"
	InseparableExcept   Code = "P2010"
	UnmanagedPart       Code = "P2011"
	StagedDefault       Code = "P2009"

	EveryPort        Code = "P2101"
	MatchesNothing   Code = "P2102"
	ExceptTakesNone  Code = "P2103"
	WorkloadUnused   Code = "P2104"
	CoveredRule      Code = "P2105"
	OpensCluster     Code = "P2106"
	RestrictsNothing Code = "P2107"
	UnmanagedEnd     Code = "P2108"
	UnmanagedDefault Code = "P2109"
	ClosedDNS        Code = "P2111"
	PortNameDeclared Code = "P2112"
	UndeclaredPort   Code = "P2113"
	NamesAlreadyOpen Code = "P2110"
	NeverDecides     Code = "P2114"
	DNSCutOff        Code = "P2115"
)

func meaningEntries() []Entry {
	return []Entry{
		{HostNetworkPeer, Error, "A host-network workload in a rule", "Pods on the host network have their node's address, and no policy can tell them from the node or from each other. Name `nodes` instead."},
		{PortNumbersDiffer, Error, "Two numbers for one port name", "Two workloads whose labels can select the same pod give one port name different numbers, so the name means nothing there. Make the labels exclude each other or the numbers agree."},
		{AccountsDiffer, Error, "Two service accounts for one pod", "Two workloads whose labels can select the same pod state different service accounts; a pod has one. Make the labels exclude each other or the accounts agree."},
		{NamedPortOutside, Error, "A port name outside the cluster", "Ports have names on pods. For an external peer, a node or the API server write the number."},
		{DenyCoversAllow, Error, "A deny covers an allow of its tier", "In one tier a deny beats an allow, so this allow can never decide. Take the peers out of the deny with `except`, put the allow into an earlier tier, or, where the deny means \"everything else\", write `default = \"deny\"` on the tier instead of the deny."},
		{TierCutsDNS, Error, "A tier cuts DNS off", "A tier with `default = \"deny\"` closes the pods that its rules have as subjects, before the rules that keep DNS reachable are asked. Add `allow ... to dns` (or `pass ... to dns`) to the tier."},
		{PlaintextIntoStrict, Error, "A peer that cannot authenticate, into a strict port", "The rule's peer is outside the mesh and the destination's port takes mutual TLS only, so the connection is refused whatever the rule says. Give the port its own mode with `mtls_ports = { 9187 = \"permissive\" }`, or take the peer into the mesh."},
		{TooManyParts, Error, "Exceptions over a bound", "Taking pods by labels out of others can fall into a number of parts that doubles with each of them. Portolan bounds it, so that no input can exhaust memory. Give the pods one label that tells them apart."},
		{StagedDefault, Error, "A staged default", "`mode = \"staged\"` on a namespace or a target stages its rules, and its `default_deny` would stay enforced: every connection would be cut. Set `default_deny = \"none\"` while the rules are staged, or stage rules one by one."},
		{InseparableExcept, Error, "An exception that cannot be taken out", "`except` is set difference over endpoints. Of peers that are known by different things, such as addresses and DNS names, nothing says which endpoints they share, so the difference cannot be said."},
		{UnmanagedPart, Error, "A part of an unmanaged namespace", "A deny for every namespace stands in a policy for the whole cluster. An exception for some pods of a namespace leaves the others of that namespace, which need a policy of their own there; in an unmanaged namespace nothing is emitted."},

		{EveryPort, Hint, "A rule for every port", "The rule names no protocol, so it is for every protocol and port. Name ports where they are known: `tcp = [8080]`."},
		{MatchesNothing, Warning, "A rule that can match nothing", "After its exceptions the rule has no endpoint left at one end, or neither end is one that a policy governs. It changes nothing; remove it or mend it."},
		{ExceptTakesNone, Warning, "An exception that takes nothing out", "What `except` or `except_to` names is not in what it is taken out of. Perhaps the wrong end is meant."},
		{WorkloadUnused, Warning, "A workload that no rule mentions", "The workload is declared, and no rule or test names it, its namespace, or a group with it. It is closed and nothing can reach it."},
		{CoveredRule, Warning, "A rule covered by another", "Another rule of the same tier allows or denies all that this one does, so this one changes nothing."},
		{OpensCluster, Warning, "A rule that opens every namespace", "An `allow` with `cluster` at one end stands at both ends, so it opens every closed namespace for that traffic. Where only one end is meant, add `at = \"source\"` or `at = \"destination\"`."},
		{RestrictsNothing, Warning, "A restriction that restricts nothing", "The rule restricts requests or names, and neither its destination's ingress nor its source's egress is closed, so everything passes anyway. Close one of the ends."},
		{UnmanagedEnd, Warning, "A rule that an unmanaged namespace would need", "The namespace is closed by the cluster's default and Portolan emits nothing in it, since it is not managed. Its owner has to open it for this traffic."},
		{UnmanagedDefault, Warning, "A statement about an unmanaged namespace", "Nothing is emitted in an unmanaged namespace, so what the block states of it has no effect. Remove the argument, or manage the namespace."},
		{ClosedDNS, Warning, "DNS is closed", "The pods of the cluster's DNS are closed on ingress, by their namespace's or the cluster's `default_deny`. What keeps DNS reachable opens them to pods that are closed themselves; open pods and undeclared namespaces need a rule."},
		{PortNameDeclared, Hint, "A port name that some workloads declare", "The destination is wider than a workload, and some of its workloads declare a port of this name. The name stands for the ports of those workloads; other pods of the destination are not opened."},
		{UndeclaredPort, Warning, "A port name that the workload does not declare", "The destination declares ports by name, and not this one; perhaps it is a typing mistake. A name that nobody declares stands for the port that each pod calls so, and for none where no pod does."},
		{NamesAlreadyOpen, Warning, "DNS is open already", "The rule says which names may be resolved, and the default that keeps DNS reachable lets every name be. Set `dns = false` on the workload or the namespace, so that the rule decides."},
		{NeverDecides, Warning, "A rule that never decides", page("What the rule is for has always been decided before it is asked: by rules of earlier tiers, or by denies and passes of its own, several of them together perhaps. Whatever it says, nothing changes.\n\nPut it before them, take what it is for out of them with `except`, or remove it.",
			"tier \"guard\" {\n  order = 10\n  deny shop to world {}\n}\nnamespace \"shop\" {\n  workload \"web\" { labels = { app = \"web\" } }\n  allow web to world { tcp = [443] }\n}",
			"tier \"guard\" {\n  order = 10\n  deny shop to world { except = [\"shop/web\"] }\n}\nnamespace \"shop\" {\n  workload \"web\" { labels = { app = \"web\" } }\n  allow web to world { tcp = [443] }\n}")},
		{DNSCutOff, Warning, "DNS is cut off", "The workloads may send something, and a deny keeps them from the cluster's DNS, so that every connection by name fails. Take DNS out of the deny, or let an earlier tier allow it: `allow shop to dns { udp = [53] }`.\n\nWhere it is meant, say `dns = false` on the workload or its namespace."},
	}
}
