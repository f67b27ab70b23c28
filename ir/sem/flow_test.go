package sem

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
)

// sampler makes flows of what the pool has, and of what is just beside it.
type sampler struct {
	*rand.Rand
	u     *universe
	teams map[string]map[string]string // of namespaces, the labels
}

func newSampler(seed uint64, u *universe) *sampler {
	s := &sampler{Rand: rand.New(rand.NewPCG(seed, 1)), u: u, teams: map[string]map[string]string{}}
	for _, name := range append(slices.Clone(poolNamespaces), "beyond", "afar") {
		s.teams[name] = s.team()
		if ns, declared := u.inventory.Namespace(name); declared {
			s.teams[name] = ns.Labels
		}
	}
	return s
}

func (s *sampler) odds(n int) bool { return s.IntN(n) == 0 }

func pick[T any](s *sampler, list []T) T { return list[s.IntN(len(list))] }

func (s *sampler) labels(key string, values []string) map[string]string {
	if i := s.IntN(len(values) + 1); i < len(values) {
		return map[string]string{key: values[i]}
	}
	return map[string]string{}
}

// team is labels of a namespace; none where nothing asks for them, for then two
// ends of one namespace may have any.
func (s *sampler) team() map[string]string {
	if _, asked := s.u.nsLabels["team"]; !asked {
		return map[string]string{}
	}
	return s.labels("team", append(poolTeams, "c", "ax"))
}

// edges are the addresses at and just outside each end of the pool's ranges.
var edges = func() []netip.Addr {
	out := []netip.Addr{netip.MustParseAddr("172.16.0.9"), netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8:f::1"), netip.MustParseAddr("fd77::1")}
	for _, text := range poolCIDRs {
		p := netip.MustParsePrefix(text)
		out = append(out, p.Addr(), p.Addr().Prev())
		past := cidrs("0.0.0.0/0", "::/0").Subtract(cidrs(text)).Prefixes()
		for _, q := range past {
			if q.Addr().Compare(p.Addr()) > 0 && q.Addr().BitLen() == p.Addr().BitLen() {
				out = append(out, q.Addr(), q.Addr().Prev())
				break
			}
		}
	}
	return out
}()

func (s *sampler) endpoint() Endpoint {
	e := Endpoint{Kind: Pod}
	if s.odds(3) {
		e.Kind = EndpointKind(s.IntN(6))
	}
	e.Address = pick(s, edges)
	switch e.Kind {
	case Pod, Remote:
		e.Namespace = pick(s, append(slices.Clone(poolNamespaces), "beyond", "afar"))
		e.NamespaceLabels = s.teams[e.Namespace]
		if e.Kind == Remote {
			e.Cluster = pick(s, append(poolClusters, "north"))
		}
		if _, declared := s.u.inventory.Namespace(e.Namespace); (!declared || e.Kind == Remote) && s.odds(6) {
			e.NamespaceLabels = s.team()
		}
		e.Labels = s.labels("app", append(poolValues["app"], "webx", "xdb"))
		maps.Copy(e.Labels, s.labels("tier", append(poolValues["tier"], "z", "")))
		e.Account = pick(s, append(poolAccounts, "default", "ss"))
		e.Meshed = s.odds(2)
	case External:
		for _, n := range poolNames {
			if s.odds(3) {
				e.Names = append(e.Names, n)
			}
		}
		e.APIServer = s.odds(2)
	case OwnNode, OtherNode:
		e.APIServer = s.odds(2)
		e.Labels = s.labels("role", append(poolValues["role"], "z"))
	case Infrastructure:
		e.Name = pick(s, s.u.infra)
	}
	return e
}

func (s *sampler) flow() Flow {
	f := Flow{Source: s.endpoint(), Destination: s.endpoint(), Holds: map[string]bool{}}
	f.Protocol = pick(s, []uint8{TCP, TCP, TCP, UDP, UDP, SCTP, ICMP, ICMPv6, 47, 50, 99})
	if s.odds(2) { // else most flows to random ports match nothing
		f.Destination.Address = f.Source.Address
	}
	switch f.Protocol {
	case TCP, UDP, SCTP:
		f.Port, f.SourcePort = s.port(), s.port()
		for _, name := range []string{"web", "pg", "nobody"} {
			if s.odds(3) {
				f.Calls = append(f.Calls, name)
			}
		}
	case ICMP, ICMPv6:
		f.ICMPType, f.ICMPCode = pick(s, []uint8{0, 3, 8, 9}), pick(s, []uint8{0, 1, 4, 9})
	}
	if s.u.requests && s.odds(2) && (f.Protocol == TCP || s.odds(9)) {
		f.Request = &Request{Method: pick(s, append(poolMethods, "HEAD")), Target: pick(s, append(poolTargets, "/b", "/zz", "/a/b?x=/a")),
			Host: pick(s, append(poolHosts, "x.API.example", "[::1]:80")), Headers: s.labels("x-v", append(poolHeader, "v1x"))}
	} else if !s.u.queries.trivial() && s.odds(3) {
		f.Query = pick(s, append(poolNames, "x.api.example"))
	}
	f.Authenticated = s.odds(3)
	for _, c := range poolAtoms {
		f.Holds[c.Atom] = s.odds(2)
	}
	return f
}

// port is one of the pool's, or at an end of a range of it.
func (s *sampler) port() uint16 {
	p := pick(s, poolPorts)
	return pick(s, []uint16{p, p, p, p - 1, p + 1, p + 100, p + 101, 1, 65535})
}

// expressible reports that an assignment is of this flow, and not of others
// too: two ends in namespaces that no policy names are of any two of them, and
// labels that nothing tells apart are the same. Nor is there a class for another
// cluster that is called as this one.
func (c *Comparison) expressible(f *Flow) bool {
	if own := c.inventory.Facts.ClusterName; own != "" && (f.Source.Cluster == own || f.Destination.Cluster == own) {
		return false
	}
	if sameNamespace(&f.Source, &f.Destination) {
		return true
	}
	here, there := f.Source.NamespaceLabels, f.Destination.NamespaceLabels
	_, named := c.namespaces.named[f.Source.Namespace]
	return named && c.nsLabels["team"].findIn(here, "team") != c.nsLabels["team"].findIn(there, "team")
}

// assignment gives the classes of a flow, by asking each class's least string
// the same questions as the flow's.
func (c *Comparison) assignment(f *Flow) []int {
	values := make([]int, len(c.sizes))
	set := func(v, value int) {
		if c.sizes[v] > 1 {
			values[v] = value
		}
	}
	flag := func(v int, holds bool) {
		if holds {
			set(v, 1)
		}
	}
	for at, e := range []*Endpoint{&f.Source, &f.Destination} {
		kind := map[EndpointKind]int{Pod: kindPod, OwnNode: kindOwnNode, OtherNode: kindOtherNode, External: kindExternal, Remote: kindRemote}[e.Kind]
		if e.Kind == Infrastructure {
			kind = kindInfra + slices.Index(c.infra, e.Name)
		}
		set(c.kind[at], kind)
		for i := range c.addressCut.Len() {
			if c.addressCut.Part(i).Contains(e.Address) {
				set(c.address[at], i)
			}
		}
		flag(c.meshed[at], e.Meshed)
		for key, v := range c.label[at] {
			set(v, c.labels[key].findIn(e.Labels, key))
		}
		if e.Kind == Remote {
			set(c.cluster[at], c.clusters.find(e.Cluster))
		} else if e.Kind != Pod {
			flag(c.server[at], e.APIServer)
			for i := range c.name {
				flag(c.name[i], slices.ContainsFunc(e.Names, func(n string) bool { return c.peerNames.find(n) == i }))
			}
			continue
		}
		set(c.ns[at], c.namespaces.find(e.Namespace))
		set(c.account[at], c.accountNames.find(e.Account))
		for key, v := range c.nsLabel[at] {
			set(v, c.nsLabels[key].findIn(e.NamespaceLabels, key))
		}
	}
	switch f.Protocol {
	case TCP, UDP, SCTP:
		set(c.protocol, protoTCP+int(ported[f.Protocol]))
		for i := range c.portCut.Len() {
			if r := c.portCut.Part(i); r.First <= f.Port && f.Port <= r.Last {
				set(c.port, i)
			}
		}
		for i := range c.sourceCut.Len() {
			if r := c.sourceCut.Part(i); r.First <= f.SourcePort && f.SourcePort <= r.Last {
				set(c.sourcePort, i)
			}
		}
		for n, v := range c.call {
			flag(v, n.Protocol == ported[f.Protocol] && slices.Contains(f.Calls, n.Name))
		}
	case ICMP, ICMPv6:
		set(c.protocol, map[uint8]int{ICMP: protoICMP, ICMPv6: protoICMPv6}[f.Protocol])
		set(c.message, c.findMessage(f.ICMPType, f.ICMPCode))
	default:
		set(c.protocol, protoOther+slices.IndexFunc(c.protocols, func(n ir.Numbers) bool { return n.Contains(f.Protocol) }))
	}
	switch r := f.Request; {
	case r != nil:
		set(c.carries, carriesRequest)
		set(c.method, c.methods.find(r.Method))
		set(c.target, c.paths.find(r.Target))
		set(c.host, c.hosts.find(r.Host))
		for name, v := range c.header {
			set(v, c.headers[name].findIn(r.Headers, name))
		}
	case f.Query != "":
		set(c.carries, carriesQuery)
		set(c.query, c.queries.find(f.Query))
	}
	flag(c.authenticated, f.Authenticated)
	for atom, v := range c.condition {
		flag(v, f.Holds[atom])
	}
	return values
}

func (u *universe) findMessage(kind, code uint8) int {
	for i, m := range u.messages {
		others := slices.ContainsFunc(u.messages, func(n ir.ICMPType) bool { return n.Type == kind && n.Code == int16(code) })
		types := slices.ContainsFunc(u.messages, func(n ir.ICMPType) bool { return n.Type == kind && n.Code >= -1 })
		switch {
		case m.Code >= 0 && m.Type == kind && m.Code == int16(code),
			m.Code == -1 && m.Type == kind && !others,
			m.Code < -1 && !types:
			return i
		}
	}
	panic("no class")
}

func (d *domain) findIn(labels map[string]string, key string) int {
	if v, has := labels[key]; has {
		return d.find(v)
	}
	return slices.IndexFunc(d.classes, func(c class) bool { return c.absent })
}

func (d *domain) find(text string) int {
	return slices.IndexFunc(d.classes, func(c class) bool {
		if c.absent {
			return false
		}
		for v := range d.named {
			if (v == text) != (v == c.least) {
				return false
			}
		}
		for _, l := range d.patterns {
			if l.Contains(text) != l.Contains(c.least) {
				return false
			}
		}
		return true
	})
}
