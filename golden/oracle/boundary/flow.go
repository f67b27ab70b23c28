package boundary

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Between gives the ends of a flow between two endpoints of a cluster, by their
// indexes, in a family; false where there is none: an end without an address of
// the family, two ends that nobody polices, or a pod and itself.
func Between(c *oracle.Cluster, from, to int, v6 bool) (oracle.Flow, bool) {
	s, d := &c.Endpoints[from], &c.Endpoints[to]
	f := oracle.Flow{From: from, To: to}
	f.Source, f.Destination = s.Endpoint, d.Endpoint
	if from == to || !policed(s, d) && !policed(d, s) {
		return f, false
	}
	var ok1, ok2 bool
	f.Source.Address, ok1 = address(s, v6)
	f.Destination.Address, ok2 = address(d, v6)
	f.Source.Kind, f.Destination.Kind = kind(s, d), kind(d, s)
	return f, ok1 && ok2
}

// policed reports whether a policy can be about an endpoint's flows with a peer:
// of a pod about all, of a node about those with what is no infrastructure.
func policed(e, peer *oracle.Endpoint) bool {
	return e.Kind == sem.Pod || e.Kind == sem.OtherNode && (peer.Kind == sem.OtherNode || peer.Kind == sem.External)
}

// kind is what an endpoint is to its peer: its own node, where it is that.
func kind(e, peer *oracle.Endpoint) sem.EndpointKind {
	if e.IsNode() && peer.Kind == sem.Pod && peer.Node == e.ID {
		return sem.OwnNode
	}
	return e.Kind
}

func address(e *oracle.Endpoint, v6 bool) (netip.Addr, bool) {
	if e.Kind == sem.Infrastructure {
		return netip.Addr{}, true
	}
	i := slices.IndexFunc(e.Addresses, func(a netip.Addr) bool { return a.Is6() == v6 })
	if i < 0 {
		return netip.Addr{}, false
	}
	return e.Addresses[i], true
}

// Flows gives flows of a cluster at, inside and outside of the bounds that the
// words state, n of them at most. All traffic that is told apart is among them
// if n is large enough, each between ends that the seed chooses.
func (w *Words) Flows(c *oracle.Cluster, seed uint64, n int) []oracle.Flow {
	s := &sampler{Rand: rand.New(rand.NewPCG(seed, 1)), cluster: c, words: w, tokens: w.Tokens.draw()}
	for i, e := range c.Endpoints {
		if e.Kind == sem.Pod {
			s.pods = append(s.pods, i)
		}
		if e.IsNode() {
			s.nodes = append(s.nodes, i)
		}
		if slices.ContainsFunc(e.Ports, func(p oracle.NamedPort) bool { return p.Port == dns }) {
			s.resolvers = append(s.resolvers, i)
		}
		if len(w.Names) > 0 && len(e.Names) > 0 {
			s.named = append(s.named, i)
		}
	}
	traffic := w.traffic(s.Rand)
	var out []oracle.Flow
	seen := map[string]bool{}
	for i := 0; len(out) < n && i < 4*n; i++ {
		f, ok := s.flow(traffic[i%len(traffic)])
		if key := fmt.Sprint(f.From, f.To, f.Source.Address, f.Protocol, f.SourcePort, f.Port, f.ICMPType, f.ICMPCode, f.Request, f.Query, f.ServerName, f.Token, f.Client, f.Authenticated); ok && !seen[key] {
			seen[key] = true
			out = append(out, f)
		}
	}
	return out
}

type sampler struct {
	*rand.Rand
	cluster *oracle.Cluster
	words   *Words
	tokens  []*oracle.Token
	pods    []int

	nodes     []int
	resolvers []int // what has the port of queries
	named     []int // what has names, where names are mentioned
}

// flow gives a flow of some traffic between two ends, of which one is a pod
// nearly always, and else a node.
func (s *sampler) flow(t sem.Flow) (oracle.Flow, bool) {
	one, other := s.IntN(len(s.cluster.Endpoints)), s.IntN(len(s.cluster.Endpoints))
	if len(s.pods) > 0 && s.IntN(10) > 0 {
		one = s.pods[s.IntN(len(s.pods))]
		if s.IntN(2) == 0 {
			other = s.pods[s.IntN(len(s.pods))]
		}
	} else if len(s.nodes) > 0 {
		one = s.nodes[s.IntN(len(s.nodes))]
	}
	if s.IntN(2) == 0 {
		one, other = other, one
	}
	if len(s.resolvers) > 0 && t.Query != "" && s.IntN(3) > 0 {
		other = s.resolvers[s.IntN(len(s.resolvers))]
	}
	if len(s.named) > 0 && t.Query == "" && s.IntN(6) == 0 {
		other = s.named[s.IntN(len(s.named))]
	}
	v6 := t.Protocol == sem.ICMPv6 || t.Protocol != sem.ICMP && s.IntN(3) == 0
	f, ok := Between(s.cluster, one, other, v6)
	if !ok {
		return f, false
	}
	ends := f.Flow
	f.Flow = t
	f.Source, f.Destination = ends.Source, ends.Destination
	to := &s.cluster.Endpoints[f.To]
	if hasPorts(f.Protocol) {
		if len(to.Ports) > 0 && f.Request == nil && s.IntN(4) == 0 {
			named := to.Ports[s.IntN(len(to.Ports))]
			f.Protocol, f.Port, f.Query = named.Protocol, named.Port, ""
		}
		if at := slices.IndexFunc(to.Ports, func(p oracle.NamedPort) bool { return p.Protocol == sem.TCP }); at >= 0 && f.Request != nil && len(s.tokens) > 1 && s.IntN(2) == 0 {
			f.Port = to.Ports[at].Port // where tokens are asked for
		}
		f.Calls = called(to, f.Protocol, f.Port)
	}
	f.Authenticated = f.Protocol == sem.TCP && f.Source.Meshed && f.Destination.Meshed && f.Source.Kind == sem.Pod && f.Destination.Kind == sem.Pod && s.IntN(8) > 0
	s.carry(&f)
	return f, true
}

// carry gives a connection what of TLS, tokens and proxies the words ask for.
func (s *sampler) carry(f *oracle.Flow) {
	if f.Protocol != sem.TCP {
		return
	}
	if f.Request != nil {
		f.Token = s.tokens[s.IntN(len(s.tokens))]
	} else if n := len(s.words.ServerNames); n > 0 && s.IntN(2) == 0 {
		f.ServerName = []string{"", "x."}[s.IntN(2)] + s.words.ServerNames[s.IntN(n)]
	}
	f.Client = f.Source.Address
	if n := len(s.words.Blocks); n > 0 && s.IntN(2) == 0 {
		near := Addresses(s.words.Blocks[s.IntN(n):][:1])
		if len(near) > 0 {
			f.Client = near[s.IntN(len(near))]
		}
	}
}

// called gives the names that a pod has for a port.
func called(e *oracle.Endpoint, protocol uint8, port uint16) []string {
	var out []string
	for _, p := range e.Ports {
		if p.Protocol == protocol && p.Port == port {
			out = append(out, p.Name)
		}
	}
	return out
}

func hasPorts(protocol uint8) bool {
	return protocol == sem.TCP || protocol == sem.UDP || protocol == sem.SCTP
}

// dns is the port of queries.
const dns = 53

// someSource is a source port like those of any client.
const someSource = 40000

// maxRequests bounds the requests that are tried.
const maxRequests = 120

// traffic gives every traffic that the words tell apart, in an order of the
// seed's, as flows without ends.
func (w *Words) traffic(r *rand.Rand) []sem.Flow {
	var out []sem.Flow
	for _, port := range w.ports() {
		for _, protocol := range []uint8{sem.TCP, sem.UDP, sem.SCTP} {
			out = append(out, sem.Flow{Protocol: protocol, Port: port, SourcePort: someSource})
		}
	}
	if len(w.Ports) > 0 { // as source ports
		out = append(out, sem.Flow{Protocol: sem.TCP, Port: w.Ports[0], SourcePort: w.Ports[r.IntN(len(w.Ports))]})
	}
	for _, name := range w.Names {
		for _, asked := range []string{name, "x." + name, strings.TrimPrefix(name, "x.")} {
			for _, protocol := range []uint8{sem.UDP, sem.TCP} {
				out = append(out, sem.Flow{Protocol: protocol, Port: dns, SourcePort: someSource, Query: asked})
			}
		}
	}
	out = append(out, w.requests(r)...)
	out = append(out, sem.Flow{Protocol: sem.ICMP, ICMPType: 8}, sem.Flow{Protocol: sem.ICMPv6, ICMPType: 128})
	for _, m := range w.ICMP {
		for _, near := range []Message{m, {m.Type, m.Code + 1}, {m.Type + 1, m.Code}} {
			for _, protocol := range []uint8{sem.ICMP, sem.ICMPv6} {
				out = append(out, sem.Flow{Protocol: protocol, ICMPType: near.Type, ICMPCode: near.Code})
			}
		}
	}
	for _, protocol := range append([]uint8{47}, w.Protocols...) {
		if !hasPorts(protocol) && protocol != sem.ICMP && protocol != sem.ICMPv6 {
			out = append(out, sem.Flow{Protocol: protocol})
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// ports gives every port that is mentioned and its neighbours, one that is not,
// and one that a sidecar leaves to its agent (istio/istio,
// tools/istio-iptables/pkg/capture/run.go).
func (w *Words) ports() []uint16 {
	out := []uint16{12345, 15020}
	for _, p := range w.Ports {
		for _, near := range []int{int(p) - 1, int(p), int(p) + 1} {
			if near > 0 && near < 1<<16 && !slices.Contains(out, uint16(near)) {
				out = append(out, uint16(near))
			}
		}
	}
	return out
}

// requests gives requests that fit what is mentioned and that just do not.
func (w *Words) requests(r *rand.Rand) []sem.Flow {
	if len(w.Methods)+len(w.Targets)+len(w.Hosts)+len(w.Headers) == 0 {
		return nil
	}
	methods := append([]string{"GET", "POST", "PURGE"}, w.Methods...)
	hosts := append([]string{"api.example.com", "other.example.com"}, w.Hosts...)
	targets := []string{"/", "/none"}
	for _, t := range w.Targets {
		if !strings.HasPrefix(t, "/") {
			t = "/" + t
		}
		targets = append(targets, t, t+"/", t+"x", t+"/x", t+"?q=1", "/x"+t, strings.TrimSuffix(t[:len(t)-1], "/")+"/")
	}
	targets = slices.DeleteFunc(targets, func(t string) bool { return strings.ContainsFunc(t, escaped) })
	ports := append([]uint16{80}, w.Ports...)
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	var out []sem.Flow
	for i := range maxRequests {
		q := &sem.Request{Method: pick(methods), Target: targets[i%len(targets)], Host: pick(hosts), Headers: map[string]string{}}
		for _, name := range sorted(w.Headers) {
			if values := append([]string{"other"}, w.Headers[name]...); r.IntN(3) > 0 {
				q.Headers[name] = pick(values)
			}
		}
		out = append(out, sem.Flow{Protocol: sem.TCP, Port: ports[r.IntN(len(ports))], SourcePort: someSource, Request: q})
	}
	return out
}

// escaped reports whether a URI has a character in escaped form alone (RFC 3986,
// section 2). What a text with others would be read as is none of policies' matter.
func escaped(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"<>\\^`{|}", c) }
