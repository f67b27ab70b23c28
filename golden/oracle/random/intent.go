package random

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// Dialect is what a family of formats can say of the intent language. What is
// not in it is drawn rarely, to see it refused.
type Dialect struct {
	Deny     bool // denies, tiers and pass
	Accounts bool // peers by service account
	Wide     bool // what is closed in every namespace
	HTTP     bool
	Egress   bool // the sender's end, too
	Nodes    bool // as peers, with the API server
	Names    bool // DNS names of destinations
	DNS      bool // names in queries
	Servers  bool // names of TLS servers
	Tokens   bool // that requests carry
	Clients  bool // behind proxies
	ICMP     bool
	Codes    bool // of ICMP messages
	Log      bool
	Staged   bool // what decides nothing yet
	Hosts    bool // rules of nodes
	Failsafe bool // nodes stay open at the ports that keep a cluster going
	Mesh     bool // mutual TLS; peers are known by account or namespace, and what ports speak is stated
	Behind   bool // requests are read by waypoints alone
}

// Dialects is the dialects by the family's name, and those of a mesh on any CNI.
var Dialects = map[string]Dialect{
	"kubernetes": {Deny: true, Egress: true, Nodes: true},
	"calico":     {Deny: true, Accounts: true, Wide: true, Egress: true, Nodes: true, ICMP: true, Codes: true, Log: true, Staged: true, Hosts: true, Failsafe: true},
	"cilium":     {Deny: true, Accounts: true, Wide: true, HTTP: true, Egress: true, Nodes: true, Names: true, DNS: true, Servers: true, ICMP: true, Hosts: true},
	"istio":      {Deny: true, Accounts: true, HTTP: true, Tokens: true, Clients: true, Mesh: true},
	"sidecars":   {Deny: true, Accounts: true, HTTP: true, Egress: true, Nodes: true, Tokens: true, Clients: true, Mesh: true},
	"ambient":    {Deny: true, Accounts: true, HTTP: true, Egress: true, Nodes: true, Tokens: true, Clients: true, Mesh: true, Behind: true},
}

// Intent draws a configuration in the intent language. What it declares of the
// cluster is true of Cluster; whether a target can express it is open, and a few
// are refused as wrong by themselves, such as an allow that a deny covers.
func Intent(t *rapid.T, d Dialect) string {
	s := &sketch{T: t, can: d, closed: map[string]bool{}, behind: map[string]bool{}}
	s.draw()
	return s.text.String()
}

// sketch is a configuration that is being drawn.
type sketch struct {
	*rapid.T
	can     Dialect
	text    strings.Builder
	spaces  []space
	grouped bool
	nodes   []string        // sets of nodes
	strict  bool            // some pods take mutual TLS only
	closed  map[string]bool // what takes nothing without a rule
	behind  map[string]bool // workloads whose requests a waypoint reads
	rules   int
}

type space struct {
	name      string
	managed   bool
	waypoint  bool
	workloads []workload
}

type workload struct {
	name  string
	ports []string // names that it declares
}

// chance is true once in a number of times, rounded up to a power of two, and in
// the simplest intent never. Integers and choices of rapid's are drawn with a
// bias; its single bits are not.
func (s *sketch) chance(what string, oneIn int) bool {
	for range bits.Len(uint(oneIn - 1)) {
		if !rapid.Bool().Draw(s.T, what) {
			return false
		}
	}
	return true
}

// may is chance for what the family may have no words for.
func (s *sketch) may(what string, can bool, oneIn int) bool {
	if !can {
		oneIn *= 40
	}
	return s.chance(what, oneIn)
}

func (s *sketch) pick(what string, choices ...string) string {
	return rapid.SampledFrom(choices).Draw(s.T, what)
}

func (s *sketch) line(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n", args...) }

func (s *sketch) draw() {
	s.cluster()
	s.external("partner")
	for _, name := range Keys(Issuers) {
		s.issuer(name)
	}
	if s.can.Names {
		s.line("external \"cards\" {\n  fqdns = [%s]\n}", s.some("names of cards", NamePatterns))
	}
	if s.may("nodes", s.can.Hosts, 4) {
		s.nodeSets()
	}
	for _, ns := range Namespaces {
		if ns.Name == "shop" || ns.Name != Stray && s.chance("namespace "+ns.Name, 2) {
			s.namespace(ns)
		}
	}
	if s.chance("group", 3) {
		s.line("group \"friends\" {\n  members = [%s]\n}", s.peers("", "member", false))
		s.grouped = true
	}
	for _, sp := range s.spaces {
		if s.can.Mesh && !slices.Contains(Mesh, sp.name) {
			continue // nothing there takes a mesh's rules
		}
		s.line("namespace %q {", sp.name)
		for range rapid.IntRange(0, 3).Draw(s.T, "rules of "+sp.name) {
			s.rule(sp.name, s.action("allow"))
		}
		s.line("}")
	}
	for range rapid.IntRange(0, 2).Draw(s.T, "rules") {
		s.rule("", s.action("allow"))
	}
	for _, name := range s.nodes {
		s.nodeRule(name)
	}
	if s.may("tiers", s.can.Deny, 3) {
		for i := range rapid.IntRange(1, 2).Draw(s.T, "tiers") {
			s.line("tier \"t%d\" {\n  order = %d", i, 900-100*i)
			for range rapid.IntRange(1, 2).Draw(s.T, "rules of tier") {
				s.rule("", s.action("deny", "pass", "allow"))
			}
			s.line("}")
		}
	}
}

// action is one of those that come first, or a deny.
func (s *sketch) action(usual ...string) string {
	if s.may("deny", s.can.Deny, 5) {
		return "deny"
	}
	return s.pick("action", usual...)
}

func (s *sketch) cluster() {
	s.line("cluster {\n  pod_cidrs = [%s]\n  service_cidrs = [%s]", quoted(PodCIDRs), quoted(ServiceCIDRs))
	s.line("  node_cidrs = [%s]\n  api_server = [%s]", quoted(NodeCIDRs), quoted(APIServer))
	if s.may("cluster default", s.can.Wide, 6) {
		s.line("  default_deny = %q", s.direction())
		if s.chance("exempt", 2) {
			s.line("  exempt = [%s]", s.some("exempt", []string{System, Stray, "lab"}))
		}
	}
	s.line("}")
}

func (s *sketch) direction() string {
	if !s.can.Egress {
		return "ingress"
	}
	return s.pick("direction", "both", "ingress", "egress")
}

// external declares addresses outside the cluster.
func (s *sketch) external(name string) {
	var outside []Block
	for _, b := range Blocks {
		if strings.HasPrefix(b.CIDR, "192.") || strings.HasPrefix(b.CIDR, "198.") || strings.HasPrefix(b.CIDR, "2001:") {
			outside = append(outside, b)
		}
	}
	b := rapid.SampledFrom(outside).Draw(s.T, "block")
	s.line("external %q {\n  cidrs = [%q]", name, b.CIDR)
	if len(b.Except) > 0 {
		s.line("  except = [%s]", quoted(b.Except))
	}
	s.line("}")
}

// issuer declares who signs tokens.
func (s *sketch) issuer(name string) {
	i := Issuers[name]
	s.line("issuer %q {\n  issuer = %q\n  jwks_uri = %q", name, i.Name, i.Name+"/keys")
	if len(i.Audiences) > 0 {
		s.line("  audiences = [%s]", quoted(i.Audiences))
	}
	s.line("}")
}

// nodeSets declares sets of nodes.
func (s *sketch) nodeSets() {
	sets := map[string]string{"edge": `pool = "edge"`, "pooled": "pool = any", "spare": "pool = absent"}
	s.nodes = rapid.SliceOfNDistinct(rapid.SampledFrom(Keys(sets)), 1, 2, rapid.ID).Draw(s.T, "sets of nodes")
	for _, name := range s.nodes {
		s.line("nodes %q {\n  labels = { %s }", name, sets[name])
		closed := s.chance("closed nodes", 2)
		if closed {
			s.line("  default_deny = %q", s.direction())
		}
		s.line("}")
		if closed && s.can.Failsafe {
			s.failsafe(name)
		}
	}
}

// failsafe allows what Calico leaves open at host endpoints: its failsafe ports,
// and the node's own pods (projectcalico/calico, felix/config/config_params.go).
func (s *sketch) failsafe(nodes string) {
	s.line("allow anywhere to %s {\n  tcp = [22, 179, 2379, 2380, 5473, 6443, 6666, 6667]\n  udp = [68]\n  at = \"destination\"\n}", nodes)
	s.line("allow %s to anywhere {\n  tcp = [179, 2379, 2380, 5473, 6443, 6666, 6667]\n  udp = [53, 67]\n  at = \"source\"\n}", nodes)
	s.line("allow cluster to %s { at = \"destination\" }\nallow %s to cluster { at = \"source\" }", nodes, nodes)
}

// nodeRule writes a rule of nodes, which are one end of it.
func (s *sketch) nodeRule(nodes string) {
	s.rules++
	action, from, to := s.action("allow"), nodes, nodes
	if s.chance("from nodes", 2) {
		to = s.peer("", "to", false)
	} else {
		from = s.peer("", "from", false)
	}
	s.line("%s \"r%d\" {\n    from = [%s]\n    to = [%s]\n    tcp = [%d]", action, s.rules, from, to, rapid.SampledFrom(Ports).Draw(s.T, "port"))
	if s.chance("at", 2) {
		s.line("    at = %q", s.pick("at", "source", "destination"))
	}
	s.line("}")
}

// some gives a few of a list's words, quoted.
func (s *sketch) some(what string, list []string) string {
	return quoted(rapid.SliceOfNDistinct(rapid.SampledFrom(list), 1, min(2, len(list)), rapid.ID).Draw(s.T, what))
}

func (s *sketch) namespace(ns Namespace) {
	sp := space{name: ns.Name, managed: ns.Name == "shop" || ns.Name != System && s.chance("managed "+ns.Name, 2)}
	s.line("namespace %q {", ns.Name)
	if len(ns.Labels) > 0 {
		s.line("  labels = { %s }", equals(ns.Labels))
	}
	if !slices.Contains(Mesh, ns.Name) {
		s.line("  mesh = false")
	}
	switch {
	case !sp.managed:
		s.line("  managed = false")
	case !s.can.Egress:
		mode := s.pick("default", "ingress", "ingress", "none")
		s.closed[ns.Name] = closesIngress(mode)
		s.line("  default_deny = %q", mode)
	default:
		mode := "both"
		if s.chance("default", 3) {
			mode = s.pick("default", "ingress", "egress", "none")
			s.line("  default_deny = %q", mode)
		}
		s.closed[ns.Name] = closesIngress(mode)
	}
	if sp.managed && s.can.Egress && s.chance("no DNS", 6) {
		s.line("  dns = false")
	}
	if sp.managed && slices.Contains(Mesh, ns.Name) && s.may("mtls", s.can.Mesh, 2) {
		mode := s.pick("mtls", "strict", "strict", "permissive")
		s.strict = s.strict || mode == "strict"
		s.line("  mtls = %q", mode)
	}
	sp.waypoint = sp.managed && slices.Contains(Mesh, ns.Name) && s.can.Behind && s.chance("waypoint", 2)
	if sp.waypoint {
		s.line("  waypoint = \"way\"")
	}
	for _, w := range s.drawWorkloads(ns.Name) {
		s.workload(&sp, w)
	}
	s.line("}")
	s.spaces = append(s.spaces, sp)
}

func closesIngress(mode string) bool { return mode == "ingress" || mode == "both" }

// kinds is the workloads that can be declared, by their selectors. An account is
// declared of those alone that are all pods of their namespace that have it.
var kinds = []struct {
	name, labels, account string
	ports                 string // the app of which the pods all are
}{
	{"web", `app = "web"`, "web", "web"},
	{"api", `app = "api"`, "api", "api"},
	{"front", `tier = "front"`, "", ""},
	{"unnamed", `app = absent`, "default", ""},
	{"named", `app = any`, "", ""},
	{"back", `app = "web", tier = "back"`, "", "web"},
	{"middle", `tier = not("front", "back"), app = ["web", "api"]`, "", ""},
	{"other", `app = not("web")`, "", ""},
	{"sworn", "", "api", "api"},
}

func (s *sketch) drawWorkloads(space string) []int {
	if space == System {
		return nil
	}
	all := make([]int, len(kinds))
	for i := range all {
		all[i] = i
	}
	if s.can.Mesh { // which knows its peers by account, and selects by values of labels
		all = []int{0, 1}
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, 3, rapid.ID).Draw(s.T, "workloads of "+space)
}

func (s *sketch) workload(sp *space, kind int) {
	k := kinds[kind]
	stated := slices.Contains([]string{"shop", "payments"}, sp.name)
	if k.labels == "" && (!stated || !s.can.Accounts) {
		return
	}
	s.line("  workload %q {", k.name)
	if k.labels != "" {
		s.line("    labels = { %s }", k.labels)
	}
	if k.account != "" && stated && (k.labels == "" || s.can.Mesh || s.chance("account", 2)) {
		s.line("    service_account = %q", k.account)
	}
	w := workload{name: k.name}
	if k.ports != "" && stated && (s.can.Mesh || s.chance("ports", 2)) {
		s.line("    ports = {")
		for _, p := range NamedPorts[k.ports] {
			if p.Name == "http" {
				s.line("      http = { port = %d, protocol = \"http\" }", p.Port)
			} else {
				s.line("      %s = %d", p.Name, p.Port)
			}
			w.ports = append(w.ports, p.Name)
		}
		s.line("    }")
	}
	address := sp.name + "." + k.name
	if w.ports != nil && sp.waypoint {
		s.line("    services = { %s = { 80 = \"http\" } }", k.name)
		s.behind[address] = true
	}
	s.closed[address] = s.closed[sp.name]
	if sp.managed && s.chance("default of workload", 5) {
		modes := []string{"ingress", "none"}
		if s.can.Egress {
			modes = []string{"both", "none", "ingress", "egress"}
		}
		mode := s.pick("default of workload", modes...)
		s.closed[address] = closesIngress(mode)
		s.closed[sp.name] = s.closed[sp.name] && s.closed[address]
		s.line("    default_deny = %q", mode)
	}
	s.line("  }")
	sp.workloads = append(sp.workloads, w)
}

// rule writes one rule; scope is its namespace, "" for none.
func (s *sketch) rule(scope, action string) {
	s.rules++
	s.line("  %s \"r%d\" {", action, s.rules)
	if action == "allow" && s.may("queries", s.can.DNS, 8) {
		s.line("    from = [%s]\n    to = [dns]\n    dns = [%s]\n  }", s.peer(scope, "from", true), s.some("name", NamePatterns))
		return
	}
	s.line("    from = [%s]", s.peers(scope, "from", false))
	named, to := s.receivers(scope, action)
	s.line("    to = [%s]", to)
	if s.chance("except", 5) {
		s.line("    except = [%s]", s.peer(scope, "except", true))
	}
	if !named && s.chance("except to", 6) {
		s.line("    except_to = [%s]", s.peer(scope, "except", true))
	}
	s.traffic(action, named, to)
	switch {
	case !s.can.Egress:
		s.line(`    at = "destination"`)
	case s.chance("at", 4):
		s.line("    at = %q", s.pick("at", "source", "destination", "both"))
	}
	if s.may("log", s.can.Log, 8) {
		s.line("    log = true")
	}
	if s.may("staged", s.can.Staged, 6) {
		s.line("    mode = \"staged\"")
	}
	s.line("  }")
}

// receivers draws the peers that a rule is to, and whether its ports are by name:
// of those that a mesh is to read, what they speak is declared.
func (s *sketch) receivers(scope, action string) (named bool, to string) {
	if !s.can.Mesh {
		if s.chance("named port", 5) {
			return true, s.peer(scope, "to", true)
		}
		return false, s.peers(scope, "to", action == "allow")
	}
	var all, speaking []string
	for _, sp := range s.spaces {
		if slices.Contains(Mesh, sp.name) {
			all = append(all, sp.name)
			for _, w := range sp.workloads {
				all = append(all, sp.name+"."+w.name)
				if len(w.ports) > 0 {
					speaking = append(speaking, sp.name+"."+w.name)
				}
			}
		}
	}
	if len(speaking) > 0 && rapid.Bool().Draw(s.T, "named port") {
		return true, s.pick("to", speaking...)
	}
	if s.can.Egress && s.chance("to anyone", 3) {
		return false, s.peers(scope, "to", false)
	}
	return false, s.pick("to", all...)
}

// traffic draws what a rule to some receivers is about.
func (s *sketch) traffic(action string, named bool, to string) {
	port := func() string {
		ranges := PortRanges
		if s.can.Mesh { // which lists ports one by one
			ranges = slices.DeleteFunc(slices.Clone(ranges), func(r [2]uint16) bool { return r[1]-r[0] > 100 })
		}
		if s.chance("range", 4) {
			r := rapid.SampledFrom(ranges).Draw(s.T, "range")
			return fmt.Sprintf("%q", fmt.Sprintf("%d-%d", r[0], r[1]))
		}
		return fmt.Sprint(rapid.SampledFrom(Ports).Draw(s.T, "port"))
	}
	kinds := []string{"tcp"}
	if s.can.Egress { // a mesh alone sees TCP
		kinds = append(kinds, "all", "udp", "sctp", "two", "any")
		if s.may("icmp", s.can.ICMP, 4) {
			kinds = []string{"icmp"}
		}
	}
	kind := s.pick("traffic", kinds...)
	if named {
		name := "http"
		if !s.can.Mesh {
			name = s.pick("port's name", "http", "http", "admin")
		}
		s.line("    tcp = [%q]", name)
		kind = "named"
	}
	switch kind {
	case "tcp":
		s.line("    tcp = [%s]", port())
	case "udp", "sctp":
		s.line("    %s = [%s]", kind, port())
	case "two":
		s.line("    tcp = [%s]\n    udp = [%s]", port(), port())
	case "any":
		s.line("    tcp = any")
	case "icmp":
		m4, m6 := s.message("icmp", ICMPv4), s.message("icmpv6", ICMPv6)
		s.line("    icmp = [%s]\n    icmpv6 = [%s]", m4, m6)
	}
	if kind == "named" || kind == "tcp" {
		s.restrict(action, kind == "named", to)
	}
}

// restrict draws what a rule asks of TCP beside its ports. Who asks for the name
// of a server reads no requests; who asks for tokens or clients is to take nothing
// else.
func (s *sketch) restrict(action string, named bool, to string) {
	if action != "allow" && !(s.can.Mesh && action == "deny") {
		return
	}
	if s.may("sni", s.can.Servers, 8) {
		s.line("    sni = [%s]", s.some("server", NamePatterns))
		return
	}
	readable, closed := named || !s.can.Mesh, s.closed[to]
	if s.can.Behind && !s.behind[to] && !s.chance("requests without a waypoint", 16) {
		readable = false
	}
	if readable && s.may("http", s.can.HTTP, 3) {
		s.line("    http = [%s]", s.requests())
	}
	if readable && s.may("jwt", s.can.Tokens && closed, 3) {
		s.line("    jwt = %s", s.token())
	}
	if s.may("client", s.can.Clients && closed, 8) {
		s.line("    client = [%s]", s.pick("client", "partner", quoted([]string{rapid.SampledFrom(Blocks).Draw(s.T, "client's").CIDR})))
	}
}

// token draws what a rule asks of a token.
func (s *sketch) token() string {
	issuer := s.pick("issuer", Keys(Issuers)...)
	parts := []string{fmt.Sprintf("issuer = %q", issuer)}
	if s.chance("subject", 2) {
		parts = append(parts, "subject = ["+s.some("subject of token", Subjects)+"]")
	}
	if s.chance("audience", 2) {
		parts = append(parts, "audiences = ["+s.some("audience of token", Audiences)+"]")
	}
	if s.chance("claims", 2) {
		name := s.pick("claim", Keys(Claims)...)
		value := s.pick("claim's", "any", "["+s.some("claim's value", Claims[name])+"]")
		parts = append(parts, fmt.Sprintf("claims = { %q = %s }", name, value))
	}
	if len(parts) == 1 {
		return fmt.Sprintf("%q", issuer)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// message draws a type of ICMP message. That an engine takes type 0 for all of
// them, it says itself.
func (s *sketch) message(what string, list []ICMP) ICMP {
	if !s.can.Codes {
		list = slices.DeleteFunc(slices.Clone(list), func(m ICMP) bool { return m.Code >= 0 || m.Type == 0 })
	}
	return rapid.SampledFrom(list).Draw(s.T, what)
}

// String is the message as the intent language has it.
func (m ICMP) String() string {
	if m.Code < 0 {
		return fmt.Sprint(m.Type)
	}
	return fmt.Sprintf("\"%d/%d\"", m.Type, m.Code)
}

func (s *sketch) requests() string {
	method := s.pick("method", append([]string{"*"}, Methods...)...)
	switch s.pick("form", "both", "method", "object") {
	case "method":
		return fmt.Sprintf("%q", s.pick("method alone", Methods...))
	case "object":
		var parts []string
		add := func(what, text string) {
			if s.chance(what, 2) {
				parts = append(parts, text)
			}
		}
		add("hosts", "hosts = ["+s.some("host", Hosts[:2])+"]")
		if s.chance("header", 3) {
			parts = append(parts, `headers = { x-tenant = "acme" }`)
		}
		parts = append(parts, "paths = ["+s.some("path", s.pathForms())+"]")
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return fmt.Sprintf("%q", method+" "+s.pick("path", s.pathForms()...))
}

// pathForms leaves expressions out where the family has none.
func (s *sketch) pathForms() []string {
	if s.can.Mesh {
		return slices.DeleteFunc(slices.Clone(PathForms), func(p string) bool { return strings.HasPrefix(p, "~") })
	}
	return PathForms
}

func (s *sketch) peers(scope, end string, to bool) string {
	out := s.peer(scope, end, false)
	if s.chance("another "+end, 4) {
		if more := s.peer(scope, end, false); more != out {
			out += ", " + more
		}
	}
	if to && s.may("names", s.can.Names, 6) {
		out = s.pick("by name", "cards", "fqdn("+s.some("name", NamePatterns)+")")
		if !s.can.Names {
			out = `fqdn("cards.example")`
		}
	}
	return out
}

// peer draws a peer. pods keeps to what is pods.
func (s *sketch) peer(scope, end string, pods bool) string {
	var list []string
	for _, sp := range s.spaces {
		if s.can.Mesh && !slices.Contains(Mesh, sp.name) && !s.chance("outside the mesh", 16) {
			continue // whose pods show no identity
		}
		list = append(list, sp.name)
		for _, w := range sp.workloads {
			name := sp.name + "." + w.name
			list = append(list, name, name)
		}
	}
	if scope != "" {
		list = append(list, "self", "others")
	}
	list = append(list, "cluster")
	if !s.can.Mesh || s.chance("labels in a mesh", 20) {
		list = append(list, "pods", "namespaces")
	}
	if !pods {
		if !s.strict || s.chance("plaintext to mutual TLS", 8) {
			list = append(list, "world", "anywhere", "partner", "cidr")
		}
		if s.can.Nodes {
			list = append(list, "nodes", "apiserver")
			list = append(list, s.nodes...)
		}
		if s.grouped && end != "member" {
			list = append(list, "friends")
		}
	}
	switch kind := s.pick(end, list...); kind {
	case "pods":
		text := "pods({ " + s.condition(PodKeys) + " }"
		switch {
		case scope != "" && s.chance("own namespace", 2):
			return text + ")"
		case s.chance("every namespace", 3):
			return text + ", any)"
		}
		return text + ", { " + s.condition(NamespaceKeys) + " })"
	case "namespaces":
		return "namespaces({ " + s.condition(NamespaceKeys) + " })"
	case "cidr":
		b := rapid.SampledFrom(Blocks).Draw(s.T, "cidr")
		return "cidr(" + quoted(append([]string{b.CIDR}, b.Except...)) + ")"
	default:
		return kind
	}
}

// condition draws what is asked of one label.
func (s *sketch) condition(keys map[string][]string) string {
	key := s.pick("key", Keys(keys)...)
	values := append(slices.Clone(keys[key]), Nothing)
	switch s.pick("operator", "is", "in", "not", "any", "absent") {
	case "in":
		return key + " = [" + s.some("values", values) + "]"
	case "not":
		return key + " = not(" + s.some("values", values) + ")"
	case "any":
		return key + " = any"
	case "absent":
		return key + " = absent"
	}
	return fmt.Sprintf("%s = %q", key, s.pick("value", values...))
}

func quoted(list []string) string { return `"` + strings.Join(list, `", "`) + `"` }

func equals(labels map[string]string) string {
	var parts []string
	for _, key := range Keys(labels) {
		parts = append(parts, fmt.Sprintf("%s = %q", key, labels[key]))
	}
	return strings.Join(parts, ", ")
}
