package golden

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// sampler makes flows at the boundaries of the rules of two policies, which
// the reference evaluator decides. What flows there can be it works out for
// itself, not as the comparison does.
type sampler struct {
	*rand.Rand
	inv  *ir.Inventory
	opts sem.Options
	a, b sem.Policy

	labels, teams, headers       map[string][]string // values by key; teams are of namespaces
	roles                        map[string][]string // of nodes
	namespaces, accounts         []string
	addresses                    []netip.Addr
	podRanges, nodeRanges        set.Addresses // stated, or else what is assumed
	ports, sources               []uint16
	messages                     []ir.ICMPType
	numbers                      []uint8
	methods, hosts, names, infra []string
	targets, clusters            []string
	calls, atoms                 []string
	languages                    map[string]map[string]set.Language // by what they are of, and by their key
	requests                     map[*ir.Rule][]requests
	remote, policed              bool // there are pods of other clusters, and rules for nodes

	// Of one flow: its family, and the labels of the namespaces that are not declared.
	ipv4   bool
	nearby map[string]map[string]string
}

// requests is a set of requests, worked out once.
type requests struct {
	method         ir.Constraint
	targets, hosts set.Language
	headers        ir.Selector
}

func newSampler(seed uint64, a, b sem.Policy, o sem.Options) *sampler {
	s := &sampler{
		Rand: rand.New(rand.NewPCG(seed, 1)), inv: o.Inventory, opts: o, a: a, b: b,
		labels: map[string][]string{}, teams: map[string][]string{}, headers: map[string][]string{}, roles: map[string][]string{},
		namespaces: []string{"beyond", "afar"}, accounts: []string{"default"}, methods: []string{"GET", "HEAD", "POST"},
		hosts: []string{"api.example:80"}, names: []string{"www.example.com"}, clusters: []string{"far"}, targets: []string{"/", "/x?q=1"}, infra: ir.InfrastructureNames,
		ports: []uint16{1, 53, 80, 65535}, sources: []uint16{1, 65535}, numbers: []uint8{47, 50, 99},
		languages: map[string]map[string]set.Language{"target": {}, "host": {}, "name": {}},
		requests:  map[*ir.Rule][]requests{},
	}
	for _, l := range slices.Concat(a, b) {
		s.policed = s.policed || !l.Program.Hosts.IsEmpty()
		for _, stages := range everything(l.Program) {
			s.learnStages(stages.list)
		}
		if via := l.Program.Via; via != nil {
			for _, p := range via.Destinations {
				s.learnPods(p)
			}
		}
		for _, m := range l.Program.MTLS {
			s.learnPods(m.Subject.Pods)
			for _, p := range m.Ports {
				s.ports = append(s.ports, p.Port)
			}
		}
	}
	s.learnInventory()
	s.targets = append(s.targets, boundaries(s.languages["target"])...)
	s.hosts = append(s.hosts, boundaries(s.languages["host"])...)
	s.names = append(s.names, boundaries(s.languages["name"])...)
	s.settleLists()
	return s
}

// settleLists leaves out what was learnt twice.
func (s *sampler) settleLists() {
	once := func(list []string) []string {
		slices.Sort(list)
		return slices.Compact(list)
	}
	for _, known := range []map[string][]string{s.labels, s.teams, s.headers, s.roles} {
		for k, values := range known {
			known[k] = once(values)
		}
	}
	for _, list := range []*[]string{&s.namespaces, &s.accounts, &s.methods, &s.targets, &s.hosts, &s.names, &s.clusters, &s.calls, &s.atoms} {
		*list = once(*list)
	}
	slices.SortFunc(s.addresses, netip.Addr.Compare)
	s.addresses = slices.Compact(s.addresses)
	for _, list := range []*[]uint16{&s.ports, &s.sources} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.Sort(s.numbers)
	s.numbers = slices.Compact(s.numbers)
}

// directed is the stages of one of a program's programs.
type directed struct {
	ir.Direction
	list []ir.Stage
}

// everything is the programs of pods, of nodes and of the second way.
func everything(p *ir.Program) []directed {
	out := []directed{{ir.Egress, p.Egress}, {ir.Ingress, p.Ingress}, {ir.Egress, p.Hosts.Egress}, {ir.Ingress, p.Hosts.Ingress}}
	if p.Via != nil {
		out = append(out, directed{ir.Egress, p.Via.Egress}, directed{ir.Ingress, p.Via.Ingress})
	}
	return out
}

func (s *sampler) learnInventory() {
	for _, ns := range s.inv.Namespaces {
		s.namespaces = append(s.namespaces, ns.Name)
	}
	for i := range s.inv.Workloads {
		w := &s.inv.Workloads[i]
		s.learnPods(w.Pods)
		if ns, behind := s.inv.Behind(w); behind {
			s.learnPods(ns.WaypointPods())
			s.accounts = append(s.accounts, ns.Waypoint)
		}
		if w.Account != "" {
			s.accounts = append(s.accounts, w.Account)
		}
		for _, p := range w.Ports {
			s.ports = append(s.ports, p.Number)
		}
	}
	f := s.inv.Facts
	s.remote = s.remote || f.ClusterMesh
	s.podRanges, s.nodeRanges = f.PodCIDRs, f.NodeCIDRs
	for _, ranges := range []*set.Addresses{&s.podRanges, &s.nodeRanges} {
		if ranges.IsEmpty() {
			*ranges = ir.Private()
		}
	}
	for _, a := range []set.Addresses{f.PodCIDRs, f.NodeCIDRs, f.ServiceCIDRs, f.DNS.NodeLocal, f.APIServer, f.Tunnel.Probes, ir.Private(), set.AllAddresses()} {
		s.learnAddresses(a)
	}
	s.addresses = append(s.addresses, netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8::7"))
	if f.DNS.Port != 0 {
		s.learnPods(f.DNS.Pods)
		s.ports = append(s.ports, f.DNS.Port)
	}
}

func (s *sampler) learnStages(stages []ir.Stage) {
	for i := range stages {
		for _, level := range stages[i].Levels {
			for k := range level.Rules {
				s.learnRule(&level.Rules[k])
			}
		}
		for _, iso := range stages[i].Isolate {
			s.learnSubject(&iso.Subject)
			s.learnConditions(iso.If)
		}
	}
}

func (s *sampler) learnSubject(subject *ir.Subject) {
	if subject.Kind == ir.SubjectNodes {
		s.learnSelector(s.roles, subject.Nodes)
	} else {
		s.learnPods(subject.Pods)
	}
}

func (s *sampler) learnRule(rule *ir.Rule) {
	s.learnSubject(&rule.Subject)
	s.learnConditions(rule.If)
	for _, p := range rule.Peers.List() {
		switch p := p.(type) {
		case ir.Pods:
			s.learnPods(p)
		case ir.RemotePods:
			s.remote = true
			s.clusters = append(s.clusters, valuesOf(p.Clusters)...)
			s.learnPods(p.Pods)
		case ir.External:
			s.learnAddresses(p.Addresses)
		case ir.Nodes:
			s.learnAddresses(p.Except)
			s.learnSelector(s.roles, p.Labels)
		case ir.NodeLocal:
			s.learnAddresses(p.Addresses)
		case ir.APIServer:
			s.learnAddresses(p.Addresses)
		case ir.Names:
			s.learnNames(p.Patterns)
		case ir.Infrastructure, ir.AnyPeer:
		}
	}
	t := rule.Traffic
	for _, p := range ir.Protocols {
		s.ports = append(s.ports, ends(t.Ports(p))...)
	}
	s.sources = append(s.sources, ends(t.SourcePorts())...)
	for _, n := range t.Named() {
		s.calls = append(s.calls, n.Name)
	}
	v4, v6 := t.ICMP()
	s.messages = append(append(s.messages, v4.Types()...), v6.Types()...)
	s.numbers = append(s.numbers, t.Numbers().List()...)
	s.learnNames(t.Names())
	for _, r := range t.Requests() {
		s.methods = append(s.methods, valuesOf(r.Method)...)
		s.learnSelector(s.headers, r.Headers)
		q := requests{r.Method, r.Targets(), r.Authorities(), r.Headers}
		s.learnLanguage("target", q.targets)
		s.learnLanguage("host", q.hosts)
		s.requests[rule] = append(s.requests[rule], q)
	}
}

// ends is the ports at the ends of ranges, and those beside them.
func ends(p set.Ports) []uint16 {
	var out []uint16
	for _, r := range p.Ranges() {
		out = append(out, r.First, r.Last, max(r.First, 2)-1, min(r.Last, 65534)+1)
	}
	return out
}

func (s *sampler) learnConditions(all []ir.Condition) {
	for _, c := range all {
		s.atoms = append(s.atoms, c.Atom)
	}
}

func (s *sampler) learnPods(p ir.Pods) {
	for _, r := range p.Namespace.Requirements() {
		if r.Key == ir.NamespaceName {
			s.namespaces = append(s.namespaces, valuesOf(r.Constraint)...)
		} else {
			s.teams[r.Key] = append(s.teams[r.Key], valuesOf(r.Constraint)...)
		}
	}
	s.learnSelector(s.labels, p.Labels)
	s.accounts = append(s.accounts, valuesOf(p.Account)...)
	s.learnAddresses(p.Except)
}

func (s *sampler) learnSelector(into map[string][]string, sel ir.Selector) {
	for _, r := range sel.Requirements() {
		into[r.Key] = append(into[r.Key], valuesOf(r.Constraint)...)
	}
}

// valuesOf is values that a constraint names, and some on either side of it.
func valuesOf(c ir.Constraint) []string {
	form, values := c.Form()
	out := append(slices.Clone(values), "other")
	if form == ir.FormMatches || form == ir.FormAbsentOrMatches {
		l := c.Pattern().Language
		for _, side := range []set.Language{l, l.Complement(), l.Subtract(set.Strings("")), l.Complement().Subtract(set.Strings(""))} {
			if v, ok := side.Shortest(); ok {
				out = append(out, v)
			}
		}
	}
	return out
}

// learnAddresses learns those at the ends of ranges, and those beside them.
func (s *sampler) learnAddresses(a set.Addresses) {
	for _, side := range []set.Addresses{a, a.Complement()} {
		for _, p := range side.Prefixes() {
			s.addresses = append(s.addresses, p.Addr())
		}
	}
}

func (s *sampler) learnNames(patterns []ir.Name) {
	for _, n := range patterns {
		s.learnLanguage("name", n.Language())
	}
}

func (s *sampler) learnLanguage(of string, l set.Language) { s.languages[of][l.Key()] = l }

// boundaries is strings that tell languages apart: the shortest that one has,
// with some longer ones, and the shortest that one has and another has not.
func boundaries(all map[string]set.Language) []string {
	var out []string
	keys := slices.Sorted(maps.Keys(all))
	shortest := func(l set.Language) {
		if v, ok := l.Shortest(); ok {
			out = append(out, v, v+"x", v+"/x", v+"?q=1", "x."+v, v+":8080", v[:max(0, len(v)-1)])
		}
	}
	for i, k := range keys {
		shortest(all[k])
		for j := max(0, i-8); j < min(len(keys), i+8); j++ {
			shortest(all[k].Subtract(all[keys[j]]))
		}
	}
	return out
}

func pick[T any](s *sampler, list []T) T { return list[s.IntN(len(list))] }

// fitting gives a value that fits, if the list has one; else any.
func fitting[T any](s *sampler, list []T, fits func(T) bool) T {
	at := s.IntN(len(list))
	for i := range list {
		if v := list[(at+i)%len(list)]; fits(v) {
			return v
		}
	}
	return list[at]
}

func (s *sampler) odds(n int) bool { return s.IntN(n) == 0 }

// satisfying gives labels that a selector matches, as far as what is known has
// some.
func (s *sampler) satisfying(sel ir.Selector, known map[string][]string) map[string]string {
	out := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(known)) {
		c := sel.Get(k)
		if c.MatchesAbsent() && s.odds(2) {
			continue
		}
		if v := fitting(s, known[k], c.Matches); c.Matches(v) {
			out[k] = v
		}
	}
	return out
}

func (s *sampler) namespaceLabels(name string) map[string]string {
	if ns, declared := s.inv.Namespace(name); declared {
		return ns.Labels
	}
	if _, known := s.nearby[name]; !known {
		s.nearby[name] = s.satisfying(ir.Selector{}, s.teams)
	}
	return s.nearby[name]
}

// pod gives one of the pods, as far as what is known has some.
func (s *sampler) pod(p ir.Pods) sem.Endpoint {
	e := sem.Endpoint{Kind: sem.Pod, Labels: s.satisfying(p.Labels, s.labels), Meshed: s.odds(2), Account: fitting(s, s.accounts, p.Account.Matches)}
	if p.Account.IsAnything() && s.odds(2) {
		e.Account = "default"
	}
	for range 20 {
		e.Namespace = pick(s, s.namespaces)
		if _, declared := s.inv.Namespace(e.Namespace); !declared && s.nearby[e.Namespace] == nil {
			s.nearby[e.Namespace] = s.satisfying(p.Namespace, s.teams)
		}
		e.NamespaceLabels = s.namespaceLabels(e.Namespace)
		if e.In(ir.Pods{Namespace: p.Namespace, Account: ir.Anything()}) {
			break
		}
	}
	s.settle(&e)
	return e
}

// settle gives a pod what its workload has.
func (s *sampler) settle(e *sem.Endpoint) {
	if ns, declared := s.inv.Namespace(e.Namespace); declared {
		e.Meshed = ns.Mesh
	}
	for i := range s.inv.Workloads {
		if w := &s.inv.Workloads[i]; e.In(w.Pods) {
			e.Meshed = w.Mesh
			if w.Account != "" {
				e.Account = w.Account
			}
		}
	}
}

// remotePod gives a pod of another cluster, of whose namespaces nothing is
// declared.
func (s *sampler) remotePod(p ir.RemotePods) sem.Endpoint {
	return sem.Endpoint{
		Kind: sem.Remote, Cluster: fitting(s, s.clusters, p.Clusters.Matches), Labels: s.satisfying(p.Pods.Labels, s.labels),
		Namespace: fitting(s, s.namespaces, p.Pods.Namespace.Get(ir.NamespaceName).Matches), NamespaceLabels: s.satisfying(p.Pods.Namespace, s.teams),
		Account: fitting(s, s.accounts, p.Pods.Account.Matches),
	}
}

// anything gives an endpoint of any kind.
func (s *sampler) anything() sem.Endpoint {
	e := sem.Endpoint{Kind: sem.EndpointKind(s.IntN(5))}
	if s.remote && s.odds(6) {
		e.Kind = sem.Remote
	}
	switch e.Kind {
	case sem.Pod:
		return s.pod(ir.AllPods())
	case sem.Remote:
		return s.remotePod(ir.RemotePods{Clusters: ir.Anything(), Pods: ir.AllPods()})
	case sem.OwnNode, sem.OtherNode:
		e.Labels = s.satisfying(ir.Selector{}, s.roles)
	case sem.External, sem.Infrastructure:
	}
	return e
}

// governed gives one of the subject's.
func (s *sampler) governed(subject *ir.Subject) sem.Endpoint {
	if subject.Kind == ir.SubjectNodes {
		return s.endpoint(ir.Nodes{Own: true, Other: true, Labels: subject.Nodes})
	}
	return s.endpoint(subject.Pods)
}

// endpoint gives one of the peer's, as far as what is known has some.
func (s *sampler) endpoint(p ir.Peer) sem.Endpoint {
	var e sem.Endpoint
	for range 20 {
		switch p := p.(type) {
		case ir.Pods:
			e = s.pod(p)
		case ir.RemotePods:
			e = s.remotePod(p)
		case ir.Nodes:
			e = sem.Endpoint{Kind: pick(s, []sem.EndpointKind{sem.OwnNode, sem.OtherNode}), Labels: s.satisfying(p.Labels, s.roles)}
		default:
			e = s.anything()
		}
		switch e.Kind {
		case sem.External:
			e.Names = []string{pick(s, s.names), pick(s, s.names)}
			e.APIServer = s.odds(3)
		case sem.OwnNode, sem.OtherNode:
			e.APIServer = s.odds(3)
		case sem.Infrastructure:
			e.Name = pick(s, s.infra)
		case sem.Pod, sem.Remote:
		}
		for range 20 {
			if e.Address = pick(s, s.addresses); e.Address.Is4() == s.ipv4 && s.placed(&e) && e.Is(p) {
				return e
			}
		}
	}
	return e
}

// ported are the protocols with ports by their numbers.
var ported = map[uint8]ir.Protocol{sem.TCP: ir.TCP, sem.UDP: ir.UDP, sem.SCTP: ir.SCTP}

// flow gives a flow of the rule, one in three with something else about it.
func (s *sampler) flow(r ir.Directed) (sem.Flow, bool) {
	s.nearby, s.ipv4 = map[string]map[string]string{}, !s.odds(4)
	subject, peer := s.governed(&r.Rule.Subject), s.endpoint(pick(s, r.Rule.Peers.List()))
	switch s.IntN(9) {
	case 0:
		subject = s.endpoint(ir.AllPods())
	case 1:
		peer = s.endpoint(ir.AnyPeer{})
	case 2:
		s.perturb(&subject)
	case 3:
		s.perturb(&peer)
	}
	f := sem.Flow{Source: subject, Destination: peer, Holds: map[string]bool{}}
	if r.Direction == ir.Ingress {
		f.Source, f.Destination = peer, subject
	}
	carried := r.Rule.Traffic.WithoutRequests()
	for range 30 {
		s.carry(&f, r.Rule)
		if f.Of(carried, s.inv) || s.odds(12) {
			break
		}
	}
	for _, atom := range s.atoms {
		f.Holds[atom] = s.odds(2)
	}
	if !s.odds(3) {
		for _, c := range r.Rule.If {
			f.Holds[c.Atom] = !c.Not
		}
	}
	f.Authenticated = f.Protocol == sem.TCP && f.Source.Meshed && f.Destination.Meshed && !s.odds(4)
	return f, s.possible(&f)
}

// perturb changes one thing about an endpoint.
func (s *sampler) perturb(e *sem.Endpoint) {
	if e.IsNode() {
		e.Labels = s.satisfying(ir.Selector{}, s.roles)
		return
	}
	if e.Kind != sem.Pod && e.Kind != sem.Remote {
		return
	}
	switch keys := slices.Sorted(maps.Keys(s.labels)); {
	case e.Kind == sem.Remote && s.odds(3):
		e.Cluster = pick(s, s.clusters)
	case s.odds(3):
		e.Namespace = pick(s, s.namespaces)
		if e.Kind == sem.Pod {
			e.NamespaceLabels = s.namespaceLabels(e.Namespace)
		}
	case s.odds(3):
		e.Account = pick(s, s.accounts)
	case len(keys) > 0:
		e.Labels = maps.Clone(e.Labels)
		k := pick(s, keys)
		delete(e.Labels, k)
		if s.odds(2) && len(s.labels[k]) > 0 {
			e.Labels[k] = pick(s, s.labels[k])
		}
	}
	if e.Kind == sem.Pod {
		s.settle(e)
	}
}

// carry gives the flow some traffic, mostly of the rule.
func (s *sampler) carry(f *sem.Flow, r *ir.Rule) {
	f.Request, f.Query, f.Calls, f.Port, f.SourcePort = nil, "", nil, 0, 0
	f.Protocol = pick(s, []uint8{sem.TCP, sem.TCP, sem.TCP, sem.UDP, sem.SCTP, sem.ICMP, sem.ICMPv6, pick(s, s.numbers)})
	switch f.Protocol {
	case sem.TCP, sem.UDP, sem.SCTP:
		f.Port, f.SourcePort = pick(s, s.ports), pick(s, s.sources)
		if !s.odds(4) {
			f.Port = fitting(s, s.ports, r.Traffic.Ports(ported[f.Protocol]).Contains)
		}
		if len(s.calls) > 0 && s.odds(2) {
			f.Calls = []string{pick(s, s.calls)}
		}
		switch {
		case f.Protocol == sem.TCP && len(s.requests[r]) > 0 && !s.odds(4):
			q := pick(s, s.requests[r])
			f.Request = s.request(q.method.Matches, q.targets.Contains, q.hosts.Contains, q.headers)
		case f.Protocol == sem.TCP && s.odds(2):
			f.Request = s.request(anything, anything, anything, ir.Selector{})
		case f.Protocol != sem.SCTP && s.odds(2):
			f.Query = pick(s, s.names)
		}
	case sem.ICMP, sem.ICMPv6:
		f.ICMPType, f.ICMPCode = uint8(s.IntN(20)), uint8(s.IntN(3))
		if len(s.messages) > 0 && !s.odds(3) {
			m := pick(s, s.messages)
			f.ICMPType, f.ICMPCode = m.Type, uint8(max(0, m.Code))
		}
	}
}

func anything(string) bool { return true }

func (s *sampler) request(method, target, host func(string) bool, headers ir.Selector) *sem.Request {
	return &sem.Request{Method: fitting(s, s.methods, method), Target: fitting(s, s.targets, target), Host: fitting(s, s.hosts, host), Headers: s.satisfying(headers, s.headers)}
}

// What strings there can be: the names and values that the API server takes,
// and what clients send.
var (
	legalLabel   = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`)
	legalName    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	legalAccount = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
	legalMethod  = regexp.MustCompile(`^[A-Z][-A-Z]*$`)
	legalTarget  = regexp.MustCompile(`^/[\x21-\x22\x24-\x7e]*$`)
	plainTarget  = regexp.MustCompile(`^/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*(\?[-A-Za-z0-9._~!$&'()*+,;=:@%/?]*)?$`)
	legalHost    = regexp.MustCompile(`^([-A-Za-z0-9._]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)
	legalHeader  = regexp.MustCompile(`^[\x20-\x7e]*$`)
	legalDNS     = regexp.MustCompile(`^[-a-z0-9_]+(\.[-a-z0-9_]+)*$`)
)

// placed reports that an endpoint can be where it is.
func (s *sampler) placed(e *sem.Endpoint) bool {
	f := s.inv.Facts
	switch e.Kind {
	case sem.Pod:
		return s.podRanges.Contains(e.Address)
	case sem.OwnNode:
		return s.nodeRanges.Contains(e.Address) || f.DNS.NodeLocal.Contains(e.Address) || f.Tunnel.Probes.Contains(e.Address)
	case sem.OtherNode:
		return s.nodeRanges.Contains(e.Address)
	case sem.External, sem.Remote:
		return !slices.ContainsFunc([]set.Addresses{f.PodCIDRs, f.NodeCIDRs, f.ServiceCIDRs, f.DNS.NodeLocal, f.Tunnel.Probes},
			func(a set.Addresses) bool { return a.Contains(e.Address) })
	case sem.Infrastructure:
	}
	return true
}

// possible reports that there can be such a flow, and that it is in scope.
func (s *sampler) possible(f *sem.Flow) bool {
	src, dst := &f.Source, &f.Destination
	if src.Kind != sem.Pod && dst.Kind != sem.Pod && !s.ofNodes(src.Kind, dst.Kind) || src.Address.Is4() != dst.Address.Is4() || !s.placed(src) || !s.placed(dst) {
		return false
	}
	if f.Protocol == sem.ICMP && !src.Address.Is4() || f.Protocol == sem.ICMPv6 && src.Address.Is4() {
		return false
	}
	if src.Kind == sem.Pod && dst.Kind == sem.Pod && src.Namespace == dst.Namespace && !maps.Equal(src.NamespaceLabels, dst.NamespaceLabels) {
		return false
	}
	return s.exists(src) && s.exists(dst) && s.tunnelled(f) && !s.forOthers(f) && s.spoken(f) && s.scoped(f)
}

// ofNodes reports that a flow without a pod is one that a node is policed for:
// not towards itself, nor towards what a CNI has beside pods.
func (s *sampler) ofNodes(a, b sem.EndpointKind) bool {
	other := func(k sem.EndpointKind) bool { return k == sem.OtherNode || k == sem.External || k == sem.Remote }
	return s.policed && other(a) && other(b) && (a == sem.OtherNode || b == sem.OtherNode)
}

// tunnelled reports that the mesh, where it has a tunnel, lets there be such a
// flow: nothing asks for the tunnel's own port, and nodes have the addresses kept
// for it towards their own pods of the mesh, and only there.
func (s *sampler) tunnelled(f *sem.Flow) bool {
	t, src, dst := s.inv.Facts.Tunnel, &f.Source, &f.Destination
	if t.IsNone() {
		return true
	}
	probes := src.Kind == sem.OwnNode && dst.Meshed
	return !(f.Protocol == sem.TCP && f.Port == t.Port && dst.Meshed) &&
		(src.Kind != sem.OwnNode || probes == t.Probes.Contains(src.Address)) &&
		(dst.Kind != sem.OwnNode || !t.Probes.Contains(dst.Address))
}

// forOthers reports what a waypoint sends to whom it decides for, and what is
// sent to it to be passed on.
func (s *sampler) forOthers(f *sem.Flow) bool {
	return f.Protocol == sem.TCP && f.Source.Kind == sem.Pod && slices.ContainsFunc(s.inv.Workloads, func(w ir.Workload) bool {
		ns, behind := s.inv.Behind(&w)
		from := behind && ns.Waypoint == f.Source.Account && ns.Name == f.Source.Namespace && f.Destination.In(w.Pods)
		return from || behind && f.Authenticated && f.Destination.In(ns.WaypointPods())
	})
}

// exists reports that a pod has what workloads of its account and mesh have, and
// a waypoint's the account of that.
func (s *sampler) exists(e *sem.Endpoint) bool {
	switch {
	case e.IsNode():
		return legalLabels(e.Labels)
	case e.Kind == sem.Remote:
		return s.remote && e.Cluster != s.inv.Facts.ClusterName && legalName.MatchString(e.Cluster) && legalPod(e)
	case e.Kind != sem.Pod:
		return !slices.ContainsFunc(e.Names, func(n string) bool { return !legalDNS.MatchString(n) })
	}
	ns, declared := s.inv.Namespace(e.Namespace)
	if !legalPod(e) || e.Meshed && !declared && slices.Contains(s.inv.Facts.Unmeshed, e.Namespace) {
		return false
	}
	mesh := map[bool]bool{}
	runs, ran := false, false
	for i := range s.inv.Workloads {
		w := &s.inv.Workloads[i]
		in := e.In(w.Pods)
		if in {
			mesh[w.Mesh] = true
			if w.Account != "" && w.Account != e.Account {
				return false
			}
		}
		if way, behind := s.inv.Behind(w); behind && e.In(way.WaypointPods()) && e.Account != way.Waypoint {
			return false
		}
		if w.Namespace == e.Namespace && w.Account == e.Account {
			runs, ran = true, ran || in
		}
	}
	if runs && !ran || len(mesh) == 1 && !mesh[e.Meshed] {
		return false
	}
	return len(mesh) > 0 || !declared || ns.Mesh == e.Meshed
}

func legalPod(e *sem.Endpoint) bool {
	return legalName.MatchString(e.Namespace) && legalAccount.MatchString(e.Account) && legalLabels(e.Labels) && legalLabels(e.NamespaceLabels)
}

func legalLabels(labels map[string]string) bool {
	for _, v := range labels {
		if !legalLabel.MatchString(v) {
			return false
		}
	}
	return true
}

// spoken reports that the destination speaks what the flow carries.
func (s *sampler) spoken(f *sem.Flow) bool {
	if r := f.Request; r != nil {
		for _, v := range r.Headers {
			if !legalHeader.MatchString(v) {
				return false
			}
		}
		if !legalMethod.MatchString(r.Method) || !legalTarget.MatchString(r.Target) || !legalHost.MatchString(r.Host) {
			return false
		}
	}
	if f.Query != "" && !legalDNS.MatchString(f.Query) {
		return false
	}
	for i := range s.inv.Workloads {
		w := &s.inv.Workloads[i]
		if f.Protocol != sem.TCP || !f.Destination.In(w.Pods) {
			continue
		}
		for _, p := range w.Ports {
			http := p.Protocol == ir.AppHTTP || p.Protocol == ir.AppGRPC
			if p.Number == f.Port && p.Protocol != ir.AppUnknown && http != (f.Request != nil) {
				return false
			}
		}
	}
	dns := s.inv.Facts.DNS
	server := f.Destination.In(dns.Pods) || f.Destination.Kind == sem.OwnNode && dns.NodeLocal.Contains(f.Destination.Address)
	asks := (f.Protocol == sem.TCP || f.Protocol == sem.UDP) && dns.Port != 0 && f.Port == dns.Port && server
	return !asks || f.Query != ""
}

func (s *sampler) scoped(f *sem.Flow) bool {
	if s.opts.Transports && !slices.Contains([]uint8{sem.TCP, sem.UDP, sem.SCTP}, f.Protocol) {
		return false
	}
	if s.opts.Plain && (f.Source.Kind == sem.Infrastructure || f.Destination.Kind == sem.Infrastructure) {
		return false
	}
	return s.opts.Scope != sem.Mesh || f.Protocol == sem.TCP && f.Destination.Kind == sem.Pod && f.Destination.Meshed &&
		f.Source.Kind != sem.OwnNode && !s.opts.Uncaptured.Contains(f.Port)
}

// expected reports that a policy has to keep the flow: not one without a proof
// of who sends it where that is given, nor a request that no client sends.
func (s *sampler) expected(f *sem.Flow) bool {
	proven := f.Authenticated || f.Protocol != sem.TCP || !f.Source.Meshed || !f.Destination.Meshed
	return proven && (f.Request == nil || plainTarget.MatchString(f.Request.Target))
}

// What a sampling takes at a point where one policy has something that the
// other has not, and at the others.
const (
	manyFlows = 100
	fewFlows  = 2
)

// sample is what a sampling found: a flow that tells two policies apart, and
// how many flows the reference evaluator decided.
type sample struct {
	flow    sem.Flow
	apart   bool
	between sides // where they are apart
	decided int
}

// tell samples flows until the reference evaluator decides one differently
// under the two policies.
func (s *sampler) tell() sample {
	var out sample
	inA, inB := points(s.a), points(s.b)
	for _, of := range []map[string]ir.Directed{inA, inB} {
		for _, text := range slices.Sorted(maps.Keys(of)) {
			_, a := inA[text]
			_, b := inB[text]
			n := manyFlows
			if a && b {
				n = fewFlows
			}
			for range n {
				f, ok := s.flow(of[text])
				if !ok {
					continue
				}
				out.decided++
				a, b := sem.Decide(s.a, f).Outcome, sem.Decide(s.b, f).Outcome
				if a != b && (a != sem.Allowed || s.expected(&f)) {
					out.flow, out.apart, out.between = f, true, sides{s.a, s.b}
					return out
				}
			}
		}
	}
	return out
}

// points is where a policy decides, by what it says there: its rules, and what
// it closes or demands as if those were rules about all traffic.
func points(p sem.Policy) map[string]ir.Directed {
	out := map[string]ir.Directed{}
	anyone, _ := ir.PeersOf(ir.AnyPeer{})
	add := func(d ir.Directed, more ...any) {
		r := d.Rule
		text := fmt.Sprint(d.Direction, " ", r.Action, r.Auth, r.Mode, r.If, r.Subject.Pods, r.Subject.Nodes, " ", r.Peers, " ", r.Traffic, more)
		if len(r.Peers.List()) > 0 {
			out[text] = d
		}
	}
	for _, l := range p {
		for way, stages := range everything(l.Program) {
			for i := range stages.list {
				stage := &stages.list[i]
				for at, level := range stage.Levels {
					for k := range level.Rules {
						add(ir.Directed{Direction: stages.Direction, Rule: &level.Rules[k]}, way, stage.Name, at)
					}
				}
				for _, iso := range stage.Isolate {
					add(ir.Directed{Direction: stages.Direction, Rule: &ir.Rule{Subject: iso.Subject, Peers: anyone, Traffic: ir.AllTraffic(), If: iso.If, Mode: iso.Mode}}, way, "closed")
				}
			}
		}
		for _, m := range l.Program.MTLS {
			add(ir.Directed{Direction: ir.Ingress, Rule: &ir.Rule{Subject: m.Subject, Peers: anyone, Traffic: ir.AllTraffic()}}, m.Mode, m.Ports)
		}
	}
	return out
}
