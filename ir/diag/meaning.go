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
	NotOnTarget         Code = "P2012"
	BeyondOffers        Code = "P2013"
	NodesReadNothing    Code = "P2016"
	KnownInside         Code = "P2017"
	NoClusterMesh       Code = "P2018"
	IngressUnknown      Code = "P2019"

	EveryPort        Code = "P2101"
	MatchesNothing   Code = "P2102"
	ExceptTakesNone  Code = "P2103"
	WorkloadUnused   Code = "P2104"
	CoveredRule      Code = "P2105"
	OpensCluster     Code = "P2106"
	RestrictsNothing Code = "P2107"
	UnmanagedEnd     Code = "P2108"
	UnmanagedDefault Code = "P2109"
	ClosedSystem     Code = "P2111"
	PortNameDeclared Code = "P2112"
	UndeclaredPort   Code = "P2113"
	NamesAlreadyOpen Code = "P2110"
	NeverDecides     Code = "P2114"
	DNSCutOff        Code = "P2115"
	DropsOut         Code = "P2116"
	OffersNothing    Code = "P2117"
	ClosedNodes      Code = "P2120"
	AddressRewritten Code = "P2121"
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
		{InseparableExcept, Error, "An exception that cannot be taken out", "`except` is set difference over endpoints. Of peers that are known by different things, such as addresses and DNS names, nothing says which endpoints they share, so the difference cannot be said."},
		{UnmanagedPart, Error, "A part of an unmanaged namespace", "A deny for every namespace stands in a policy for the whole cluster. An exception for some pods of a namespace leaves the others of that namespace, which need a policy of their own there; in an unmanaged namespace nothing is emitted."},

		{NodesReadNothing, Error, "Requests or names that nodes would have to read", "A rule's requests and names are read where its traffic meets a closed end, and no engine reads those of a node's own traffic. Leave `http`, `grpc` and `dns` out of a rule to declared nodes; in a rule from them close the receiver's ingress, where requests are read."},
		{KnownInside, Error, "A condition that only closed pods can check", page("Tokens are validated, and the address that trusted proxies report for a client is known, where a request arrives. So a rule with `jwt` or `client` stands in the ingress of its receivers, and each of them has to be a pod that is closed there: of an open pod, another's pod, a node or an address outside nothing would check it, and the sender's egress would be open without the condition.",
			"namespace \"shop\" {\n  workload \"api\" {\n    labels       = { app = \"api\" }\n    default_deny = \"egress\"\n  }\n  allow world to api {\n    tcp = [8080]\n    jwt = \"auth\"\n  }\n}",
			"namespace \"shop\" {\n  workload \"api\" { labels = { app = \"api\" } }\n  allow world to api {\n    tcp = [8080]\n    jwt = \"auth\"\n  }\n}")},
		{NoClusterMesh, Error, "Another cluster where none is connected", "A namespace with `cluster` is another cluster's, which says that clusters are connected; `cluster_mesh = false` says that none is. Where both are true of different targets, state `cluster_mesh` for each, and give the namespace `targets`."},
		{IngressUnknown, Error, "Nothing says what the way in is", page("`ingress` stands for what brings traffic in from outside: pods of a controller, the nodes, Cilium's own ingress or load balancers outside the cluster. Which of them it is differs between clusters, and no policy can mean the right one without being told.",
			"allow ingress to \"shop.web\" { tcp = [8080] }",
			"cluster {\n  ingress { workload = \"ingress-nginx.controller\" }\n}\nallow ingress to \"shop.web\" { tcp = [8080] }")},

		{NotOnTarget, Error, "A name that is not on the target", page("A block with `targets` is there for these only; elsewhere its name means nobody. Where a `deny` or a `pass` is about it, or an `allow` takes it out with `except`, leaving it out could let more pass than is written. Say for which targets the rule is.",
			"external \"partner\" {\n  cidrs   = [\"192.0.2.0/24\"]\n  targets = [\"eu\"]\n}\ndeny partner to shop {}",
			"external \"partner\" {\n  cidrs   = [\"192.0.2.0/24\"]\n  targets = [\"eu\"]\n}\ndeny partner to shop { targets = [\"eu\"] }")},
		{BeyondOffers, Error, "A rule beyond what is offered", page("The namespace says with `offers` what others may open of it, and this rule, which stands elsewhere, opens more: other pods, ports or requests, or to others. The message has one connection that is beyond. Open no more than is offered, or ask who owns the namespace to offer it.\n\nRules of the namespace itself, denies and tests are not held to it.",
			"namespace \"shop\" {\n  workload \"api\" { labels = { app = \"api\" } }\n  offers {\n    to  = [api]\n    tcp = [8080]\n  }\n}\nallow cluster to \"shop.api\" { tcp = [8080, 9090] }",
			"allow cluster to \"shop.api\" { tcp = [8080] }")},

		{EveryPort, Hint, "A rule for every port", "The rule names no protocol, so it is for every protocol and port. Name ports where they are known: `tcp = [8080]`."},
		{MatchesNothing, Warning, "A rule that can match nothing", "After its exceptions the rule has no endpoint left at one end, or neither end is one that a policy governs. It changes nothing; remove it or mend it."},
		{ExceptTakesNone, Warning, "An exception that takes nothing out", "What `except` or `except_to` names is not in what it is taken out of. Perhaps the wrong end is meant."},
		{WorkloadUnused, Warning, "A workload that no rule mentions", "The workload is declared, and no rule or test names it, its namespace, or a group with it. It is closed and nothing can reach it."},
		{CoveredRule, Warning, "A rule covered by another", "Another rule of the same tier allows or denies all that this one does, so this one changes nothing."},
		{OpensCluster, Warning, "A rule that opens every namespace", "An `allow` with `cluster` at one end stands at both ends, so it opens every closed namespace for that traffic. Where only one end is meant, add `at = \"source\"` or `at = \"destination\"`."},
		{RestrictsNothing, Warning, "A restriction that restricts nothing", "The rule restricts requests or names, and neither its destination's ingress nor its source's egress is closed, so everything passes anyway. Close one of the ends."},
		{UnmanagedEnd, Warning, "A rule that an unmanaged namespace would need", "The namespace is closed by the cluster's default and Portolan emits nothing in it, since it is not managed. Its owner has to open it for this traffic."},
		{UnmanagedDefault, Warning, "A statement about an unmanaged namespace", "Nothing is emitted in an unmanaged namespace, so what the block states of it has no effect. Remove the argument, or manage the namespace."},
		{ClosedSystem, Warning, "DNS or the mesh's control plane is closed", "The pods of the cluster's DNS, or of the mesh's control plane in a stack, are closed on ingress, by their namespace's or the cluster's `default_deny`. What keeps them reachable opens them to pods that are closed themselves; open pods and undeclared namespaces need a rule. So does the API server, which calls the webhooks of the control plane on TCP 15017: without them no pod gets a sidecar."},
		{PortNameDeclared, Hint, "A port name that some workloads declare", "The destination is wider than a workload, and some of its workloads declare a port of this name. The name stands for the ports of those workloads; other pods of the destination are not opened."},
		{UndeclaredPort, Warning, "A port name that the workload does not declare", "The destination declares ports by name, and not this one; perhaps it is a typing mistake. A name that nobody declares stands for the port that each pod calls so, and for none where no pod does."},
		{NamesAlreadyOpen, Warning, "DNS is open already", "The rule says which names may be resolved, and the default that keeps DNS reachable lets every name be. Set `dns = false` on the workload or the namespace, so that the rule decides."},
		{NeverDecides, Warning, "A rule that never decides", page("What the rule is for has always been decided before it is asked: by rules of earlier tiers, or by denies and passes of its own, several of them together perhaps. Whatever it says, nothing changes.\n\nPut it before them, take what it is for out of them with `except`, or remove it.",
			"tier \"guard\" {\n  order = 10\n  deny shop to world {}\n}\nnamespace \"shop\" {\n  workload \"web\" { labels = { app = \"web\" } }\n  allow web to world { tcp = [443] }\n}",
			"tier \"guard\" {\n  order = 10\n  deny shop to world { except = [\"shop/web\"] }\n}\nnamespace \"shop\" {\n  workload \"web\" { labels = { app = \"web\" } }\n  allow web to world { tcp = [443] }\n}")},
		{DropsOut, Warning, "A rule that is left out on a target", "At one end of the rule stands only what is not on this target, because of its `targets`, so the rule is left out there. Give the rule the same `targets`, so that a reader sees it."},
		{OffersNothing, Warning, "Offers that restrict nobody", "What a namespace offers bounds what rules elsewhere open of it, and its ingress is open anyway. Close it with `default_deny`, or remove the block."},
		{DNSCutOff, Warning, "DNS is cut off", "The workloads may send something, and a deny keeps them from the cluster's DNS, so that every connection by name fails. Take DNS out of the deny, or let an earlier tier allow it: `allow shop to dns { udp = [53] }`.\n\nWhere it is meant, say `dns = false` on the workload or its namespace."},
		{ClosedNodes, Warning, "Nodes that are closed to what a node needs", "The declared nodes are closed, and nothing is kept open for them: a kubelet that cannot reach the API server, or that it cannot reach on TCP 10250, takes its node out of the cluster. A node's resolver, its network (VXLAN on UDP 8472 or 4789, Geneve on UDP 6081, BGP on TCP 179, WireGuard on UDP 51871 or 51820), health checks of load balancers and SSH need rules too; which of them depends on the cluster, so no warning can list them. Stage the default first: `mode = \"staged\"`."},
		{AddressRewritten, Warning, "An address that a load balancer rewrites", "The facts say that load balancers and kube-proxy replace the address of a client from outside by a node's (`externalTrafficPolicy: Cluster`). A rule for addresses outside then does not match what comes in that way: an `allow` lets nothing in, and, worse, a `deny` stops nothing. Keep the addresses (`externalTrafficPolicy: Local`, and `external_traffic = \"kept\"`), or decide where they are still known: before the cluster, or by `client` behind a proxy that reports them."},
	}
}
