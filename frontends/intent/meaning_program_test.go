package intent

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
)

// An evaluator of programs that is slow and obvious: it asks of one flow after
// the other which rule of which level comes first.

// spot is an endpoint.
type spot struct {
	kind      string // pod, own (node), other (node), cache (node-local DNS), address, infra
	namespace string
	labels    map[string]string
	account   string
	address   netip.Addr
	names     []string // DNS names of an address
	server    bool     // the API server, outside the cluster
}

func (e *spot) String() string {
	return fmt.Sprint(e.kind, " ", e.namespace, e.labels, e.account, " ", e.address, e.names)
}

// wire is what goes over it.
type wire struct {
	protocol string // tcp, udp, sctp, icmp, gre
	port     uint16 // the type, for icmp
	method   string // "" for bytes that are no request
	path     string
	query    string // the name that is asked of the cluster's DNS
	calls    string // what the destination calls the port, where no workload says
}

// country is the namespaces' labels, declared or not, and what the pods of
// declared workloads call their ports.
type country struct {
	labels map[string]map[string]string
	port   func(e *spot, name string) (number uint16, declared bool)
}

func (c *country) calls(e *spot, x wire, name string) bool {
	if e.kind != "pod" {
		return false
	}
	if number, declared := c.port(e, name); declared {
		return x.port == number
	}
	return x.calls == name
}

func (c *country) pods(p ir.Pods, e *spot) bool {
	return e.kind == "pod" && p.Namespace.Matches(c.labels[e.namespace]) && p.Labels.Matches(e.labels) && p.Account.Matches(e.account)
}

func (c *country) peer(p ir.Peer, e *spot) bool {
	switch p := p.(type) {
	case ir.AnyPeer:
		return true
	case ir.Pods:
		return c.pods(p, e)
	case ir.External:
		return e.kind == "address" && p.Addresses.Contains(e.address)
	case ir.Names:
		return slices.ContainsFunc(e.names, func(name string) bool {
			return slices.ContainsFunc(p.Patterns, func(n ir.Name) bool { return n.Matches(name) })
		})
	case ir.Nodes:
		return p.Own && (e.kind == "own" || e.kind == "cache") || p.Other && e.kind == "other"
	case ir.NodeLocal:
		return e.kind == "cache" && p.Addresses.Contains(e.address)
	case ir.APIServer:
		return e.server
	case ir.Infrastructure:
		return e.kind == "infra"
	}
	panic("no such peer")
}

var portProtocols = map[string]ir.Protocol{"tcp": ir.TCP, "udp": ir.UDP, "sctp": ir.SCTP}

func (c *country) traffic(t ir.Traffic, to *spot, x wire) bool {
	matches := t.IsAll()
	if p, ok := portProtocols[x.protocol]; ok {
		matches = matches || t.Ports(p).Contains(x.port) || slices.ContainsFunc(t.Named(), func(n ir.NamedPort) bool {
			return n.Protocol == p && c.calls(to, x, n.Name)
		})
	} else if x.protocol == "icmp" {
		v4, _ := t.ICMP()
		matches = v4.Contains(ir.ICMPOf(ir.ICMPType{Type: uint8(x.port), Code: -1}))
	}
	if t.Requests() != nil && x.protocol == "tcp" {
		matches = matches && slices.ContainsFunc(t.Requests(), func(r ir.Request) bool { return requested(r, x) })
	}
	if t.Names() != nil {
		matches = matches && x.query != "" && slices.ContainsFunc(t.Names(), func(n ir.Name) bool { return n.Matches(x.query) })
	}
	return matches
}

func requested(r ir.Request, x wire) bool {
	return x.method != "" && r.Method.Matches(x.method) && slices.ContainsFunc(r.Paths, func(p ir.Path) bool {
		// The only pattern with segments that the test writes is /**.
		return p.Kind() == ir.PathAny || p.Kind() == ir.PathSegments || p.Kind() == ir.PathExact && p.Text() == x.path
	})
}

// programs evaluates one program over fixed endpoints; which endpoints a rule
// or a default is about is worked out once.
type programs struct {
	*country
	ends   []*spot
	stages map[ir.Direction][]round
}

type round struct {
	levels [][]clause
	closed []bool // by endpoint
}

type clause struct {
	rule           ir.Rule
	subject, peers []bool // by endpoint
}

func evaluate(c *country, ends []*spot, p *ir.Program) *programs {
	out := &programs{c, ends, map[ir.Direction][]round{}}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, s := range p.Stages(d) {
			var r round
			for _, level := range s.Levels {
				var clauses []clause
				for _, rule := range level.Rules {
					if rule.Mode == ir.Staged || rule.Action == ir.Log {
						continue
					}
					clauses = append(clauses, clause{rule,
						among(ends, func(e *spot) bool { return c.pods(rule.Subject.Pods, e) }),
						among(ends, func(e *spot) bool {
							return slices.ContainsFunc(rule.Peers.List(), func(p ir.Peer) bool { return c.peer(p, e) })
						}),
					})
				}
				r.levels = append(r.levels, clauses)
			}
			r.closed = among(ends, func(e *spot) bool {
				return slices.ContainsFunc(s.Isolate, func(i ir.Isolation) bool { return c.pods(i.Subject.Pods, e) })
			})
			out.stages[d] = append(out.stages[d], r)
		}
	}
	return out
}

// verdict is end to end: both ends' programs have to let the flow pass. An end
// that is no pod has no program.
func (p *programs) verdict(from, to int, x wire) bool {
	return (p.ends[from].kind != "pod" || p.decide(ir.Egress, from, to, to, x)) &&
		(p.ends[to].kind != "pod" || p.decide(ir.Ingress, to, from, to, x))
}

func (p *programs) decide(d ir.Direction, subject, peer, to int, x wire) bool {
	for _, r := range p.stages[d] {
		switch p.first(r, subject, peer, to, x) {
		case ir.Allow:
			return true
		case ir.Deny:
			return false
		case ir.Pass:
			continue
		default:
			if r.closed[subject] {
				return false
			}
		}
	}
	return true
}

// first gives the action of the first level that has a match; 0 for none.
func (p *programs) first(r round, subject, peer, to int, x wire) ir.Action {
	for _, level := range r.levels {
		var found [ir.Log + 1]bool
		for i := range level {
			if c := &level[i]; c.subject[subject] && c.peers[peer] && p.traffic(c.rule.Traffic, p.ends[to], x) {
				found[c.rule.Action] = true
			}
		}
		for _, a := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
			if found[a] {
				return a
			}
		}
	}
	return 0
}

// among gives the set of endpoints that have a property.
func among(ends []*spot, has func(*spot) bool) []bool {
	out := make([]bool, len(ends))
	for i, e := range ends {
		out[i] = has(e)
	}
	return out
}
