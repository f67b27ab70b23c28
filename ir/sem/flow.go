package sem

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Flow is one new connection, datagram or request: who talks to whom, over
// what, and how the sender has proved itself. One of its ends is a pod, or a
// node where nodes are policed.
type Flow struct {
	Source, Destination Endpoint

	Protocol   uint8    // the IP protocol's number
	SourcePort uint16   // of TCP, UDP and SCTP; 0 for any, where none matters
	Port       uint16   // the destination's, after Service translation
	Calls      []string // what the destination pod calls the port, where no declared workload says
	ICMPType   uint8
	ICMPCode   uint8

	Request *Request // nil for bytes that carry no HTTP request that can be read
	Query   string   // the name that is asked of DNS; "" for what is no query

	// Authenticated says that the sender has a principal: its pod's.
	Authenticated bool

	// Holds says which conditions of rules hold, by Atom. One that is not in it
	// is not known.
	Holds map[string]bool
}

// IP protocol numbers (IANA).
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ICMPv6 = 58
	SCTP   = 132
)

// EndpointKind says what an endpoint is.
type EndpointKind uint8

// The kinds.
const (
	Pod            EndpointKind = iota // on the pod network
	OwnNode                            // the node of the pod at the other end, and host-network pods there
	OtherNode                          // any other
	External                           // outside the cluster
	Infrastructure                     // what a CNI has beside these
	Remote                             // a pod of another cluster
)

func (k EndpointKind) String() string {
	return [...]string{"pod", "own node", "other node", "external", "infrastructure", "pod of another cluster"}[k]
}

// Endpoint is one end of a flow.
type Endpoint struct {
	Kind    EndpointKind
	Address netip.Addr

	// Of a pod, here or of another cluster. NamespaceLabels are those that the
	// namespace has beside its name.
	Cluster         string // of Remote
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string // of a node too
	Account         string
	Meshed          bool

	Names     []string // of what is outside: every DNS name that it has
	APIServer bool     // it is the Kubernetes API server
	Name      string   // of infrastructure
}

// Request is an HTTP request.
type Request struct {
	Method  string
	Target  string            // path and query
	Host    string            // the authority as sent
	Headers map[string]string // by lower-case name
}

// IsNode reports that the endpoint is a node.
func (e *Endpoint) IsNode() bool { return e.Kind == OwnNode || e.Kind == OtherNode }

// In reports whether the endpoint is a pod of the set.
func (e *Endpoint) In(p ir.Pods) bool { return e.Kind == Pod && e.fits(p) }

// governed reports whether the endpoint is one of a subject's.
func (e *Endpoint) governed(s *ir.Subject) bool {
	if s.Kind == ir.SubjectNodes {
		return e.IsNode() && s.Nodes.Matches(e.Labels)
	}
	return e.In(s.Pods)
}

// fits is In for a pod of whatever cluster.
func (e *Endpoint) fits(p ir.Pods) bool {
	for _, r := range p.Namespace.Requirements() {
		value, has := e.NamespaceLabels[r.Key]
		if r.Key == ir.NamespaceName {
			value, has = e.Namespace, true
		}
		if has && !r.Constraint.Matches(value) || !has && !r.Constraint.MatchesAbsent() {
			return false
		}
	}
	return p.Labels.Matches(e.Labels) && p.Account.Matches(e.Account) && !e.addressedIn(p.Except)
}

// of reports whether the endpoint is a pod of the workload.
func (e *Endpoint) of(w *ir.Workload) bool {
	if !e.In(w.Pods) {
		return false
	}
	labels, _ := w.Pods.Labels.MatchLabels()
	return !w.Observed || maps.Equal(labels, e.Labels)
}

// addressedIn reports whether the endpoint's address is in a set. Where no
// address matters a flow has none, and it is in the set of all of them.
func (e *Endpoint) addressedIn(a set.Addresses) bool {
	return a.IsAll() || a.Contains(e.Address)
}

// Is reports whether the endpoint is one of the peer's.
func (e *Endpoint) Is(p ir.Peer) bool {
	node := e.IsNode()
	switch p := p.(type) {
	case ir.AnyPeer:
		return true
	case ir.Pods:
		return e.In(p)
	case ir.RemotePods:
		return e.Kind == Remote && p.Clusters.Matches(e.Cluster) && e.fits(p.Pods)
	case ir.External:
		return e.Kind == External && e.addressedIn(p.Addresses)
	case ir.Names:
		return e.Kind == External && slices.ContainsFunc(p.Patterns, func(n ir.Name) bool { return slices.ContainsFunc(e.Names, n.Matches) })
	case ir.Nodes:
		return (p.Own && e.Kind == OwnNode || p.Other && e.Kind == OtherNode) && !e.addressedIn(p.Except) && p.Labels.Matches(e.Labels)
	case ir.NodeLocal:
		return e.Kind == OwnNode && e.addressedIn(p.Addresses)
	case ir.APIServer:
		if !p.Addresses.IsEmpty() {
			return (node || e.Kind == External) && e.addressedIn(p.Addresses)
		}
		return (node || e.Kind == External) && e.APIServer
	case ir.Infrastructure:
		return e.Kind == Infrastructure && (p.Name == "" || p.Name == e.Name)
	}
	panic("sem: no such peer")
}

// Of reports whether the flow is of the traffic, in a cluster with the
// inventory's workloads.
func (f *Flow) Of(t ir.Traffic, inv *ir.Inventory) bool {
	if !f.transported(t, inv) {
		return false
	}
	if t.IsUnread() && f.Protocol == TCP && f.Request != nil {
		return false
	}
	if t.Requests() != nil && f.Protocol == TCP &&
		!slices.ContainsFunc(t.Requests(), func(r ir.Request) bool { return f.Request != nil && f.Request.Of(r) }) {
		return false
	}
	return t.Names() == nil ||
		f.Query != "" && slices.ContainsFunc(t.Names(), func(n ir.Name) bool { return n.Matches(f.Query) })
}

// ported are the protocols with ports by their numbers.
var ported = map[uint8]ir.Protocol{TCP: ir.TCP, UDP: ir.UDP, SCTP: ir.SCTP}

func (f *Flow) transported(t ir.Traffic, inv *ir.Inventory) bool {
	v4, v6 := t.ICMP()
	message := ir.ICMPOf(ir.ICMPType{Type: f.ICMPType, Code: int16(f.ICMPCode)})
	switch f.Protocol {
	case TCP, UDP, SCTP:
		p := ported[f.Protocol]
		return (f.SourcePort == 0 && t.SourcePorts().IsAll() || t.SourcePorts().Contains(f.SourcePort)) && (t.Ports(p).Contains(f.Port) ||
			slices.ContainsFunc(t.Named(), func(n ir.NamedPort) bool { return n.Protocol == p && f.calls(n.Name, inv) }))
	case ICMP:
		return v4.Contains(message)
	case ICMPv6:
		return v6.Contains(message)
	}
	return t.Numbers().Contains(f.Protocol)
}

// calls reports whether the destination pod calls the port so. What a declared
// workload says of its pods stands before what the flow says.
func (f *Flow) calls(name string, inv *ir.Inventory) bool {
	if f.Destination.Kind != Pod {
		return false
	}
	declared := false
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		if port, ok := w.Port(name); ok && f.Destination.of(w) {
			if declared = true; port.Number == f.Port && port.Takes(ported[f.Protocol]) {
				return true
			}
		}
	}
	return !declared && slices.Contains(f.Calls, name)
}

// Of reports whether the request is one of the set.
func (q *Request) Of(r ir.Request) bool {
	return r.Method.Matches(q.Method) && r.Targets().Contains(q.Target) && r.Authorities().Contains(q.Host) &&
		r.Headers.Matches(q.Headers)
}
