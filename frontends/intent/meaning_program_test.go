package intent

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

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

// programs is a program over fixed endpoints, for the reference evaluator.
type programs struct {
	policy sem.Policy
	ends   []sem.Endpoint
	sets   [][]bool // by what the program tells endpoints apart
}

var kinds = map[string]sem.EndpointKind{
	"pod": sem.Pod, "own": sem.OwnNode, "cache": sem.OwnNode, "other": sem.OtherNode, "address": sem.External, "infra": sem.Infrastructure,
}

// evaluate prepares a program for endpoints in namespaces with these labels.
func evaluate(namespaces map[string]map[string]string, ends []*spot, p *ir.Program) *programs {
	out := &programs{policy: sem.Policy{{Program: p}}}
	for _, e := range ends {
		out.ends = append(out.ends, sem.Endpoint{
			Kind: kinds[e.kind], Address: e.address, Names: e.names, APIServer: e.server,
			Namespace: e.namespace, NamespaceLabels: namespaces[e.namespace], Labels: e.labels, Account: e.account,
		})
	}
	set := func(has func(*sem.Endpoint) bool) {
		var members []bool
		for i := range out.ends {
			members = append(members, has(&out.ends[i]))
		}
		out.sets = append(out.sets, members)
	}
	for _, d := range p.All() {
		set(func(e *sem.Endpoint) bool { return e.In(d.Rule.Subject.Pods) })
		set(func(e *sem.Endpoint) bool { return slices.ContainsFunc(d.Rule.Peers.List(), e.Is) })
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, i := range p.Isolated(d) {
			set(func(e *sem.Endpoint) bool { return e.In(i.Subject.Pods) })
		}
	}
	return out
}

var ipNumbers = map[string]uint8{"tcp": sem.TCP, "udp": sem.UDP, "sctp": sem.SCTP, "icmp": sem.ICMP, "gre": 47}

func (p *programs) verdict(from, to int, x wire) bool {
	f := sem.Flow{Source: p.ends[from], Destination: p.ends[to], Protocol: ipNumbers[x.protocol], Query: x.query}
	if x.protocol == "icmp" {
		f.ICMPType = uint8(x.port)
	} else {
		f.Port = x.port
	}
	if x.calls != "" {
		f.Calls = []string{x.calls}
	}
	if x.method != "" {
		f.Request = &sem.Request{Method: x.method, Target: x.path}
	}
	return sem.Decide(p.policy, f).Outcome == sem.Allowed
}

// among gives the set of endpoints that have a property.
func among(ends []*spot, has func(*spot) bool) []bool {
	out := make([]bool, len(ends))
	for i, e := range ends {
		out[i] = has(e)
	}
	return out
}
