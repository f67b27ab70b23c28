package istio

import (
	"fmt"
	"slices"
	"strconv"

	security "istio.io/api/security/v1"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// clause is what a rule of a policy says of traffic: one of the operations, and
// all of the conditions.
type clause struct {
	to   []*security.Rule_To
	when []*security.Condition
}

// maxPorts bounds the ports that a rule lists, for a policy has no ranges.
const maxPorts = 100

// traffic gives the clauses of a rule, each for a rule of the policy of its
// own. false means that the rule was refused.
//
// On a chain that is not HTTP, Istio drops an ALLOW rule with any HTTP field
// whole, operations for bare ports and all (istio/istio,
// pilot/pkg/security/authz/model/model.go); so no rule mixes the two.
func (l *lowering) traffic(r *ir.Rule) ([]clause, bool) {
	ports, ok := l.ports(r)
	if !ok {
		return nil, false
	}
	asked, ok := l.asked(r)
	if !ok {
		return nil, false
	}
	out := []clause{{}}
	switch {
	case r.Traffic.Requests() != nil:
		if out, ok = l.requests(r, ports); !ok {
			return nil, false
		}
	case len(ports.Ports)+len(ports.NotPorts) > 0:
		out[0].to = []*security.Rule_To{{Operation: ports}}
	}
	for i := range out {
		out[i].when = append(out[i].when, asked...)
	}
	return out, true
}

// ports gives an operation with the rule's ports, which are the pods'; none
// for every port.
func (l *lowering) ports(r *ir.Rule) (*security.Operation, bool) {
	if named := r.Traffic.Named(); len(named) > 0 {
		l.refuse(diag.LacksPorts, r.Origin, "a mesh knows ports by number, and which number \""+named[0].Name+"\" is on the destination's pods is not stated",
			"Declare it in the workload's `ports`, or write the number.")
		return nil, false
	}
	ports := r.Traffic.Ports(ir.TCP)
	rest := ports.Complement()
	switch {
	case ports.IsEmpty():
		panic("istio: a rule without TCP")
	case ports.IsAll():
		return &security.Operation{}, true
	case ports.Count() <= maxPorts:
		return &security.Operation{Ports: numbers(ports)}, true
	case rest.Count() <= maxPorts:
		return &security.Operation{NotPorts: numbers(rest)}, true
	}
	l.refuse(diag.LacksPorts, r.Origin, fmt.Sprintf("a policy lists ports one by one, and the rule has %d (at most %d are listed)", ports.Count(), maxPorts),
		"Name the ports that are in use, or `any`.")
	return nil, false
}

func numbers(p set.Ports) []string {
	var out []string
	for _, r := range p.Ranges() {
		for n := int(r.First); n <= int(r.Last); n++ {
			out = append(out, strconv.Itoa(n))
		}
	}
	return out
}

// spoken is what the pods of one workload speak on a port.
type spoken struct {
	workload *ir.Workload
	protocol ir.AppProtocol
}

// protocols gives what the pods speak on a port, by what their workloads
// declare, and whether that is all of them.
func (l *lowering) protocols(pods ir.Pods, port uint16) (known []spoken, all bool) {
	names, named := pods.Names()
	if !named {
		names = sortedKeys(l.workloads)
	}
	rest := []ir.Pods{pods}
	for _, namespace := range names {
		for _, w := range l.workloads[namespace] {
			i := slices.IndexFunc(w.Ports, func(p ir.WorkloadPort) bool { return p.Number == port })
			if i < 0 || !slices.ContainsFunc(rest, w.Pods.Overlaps) {
				continue
			}
			known = append(known, spoken{w, w.Ports[i].Protocol})
			rest = ir.SubtractAll(rest, []ir.Pods{w.Pods})
		}
	}
	return known, len(rest) == 0
}

// readable reports whether the mesh reads requests on the rule's ports. Where
// nobody states the protocol Istio goes by the Service's port name, or looks at
// the first bytes (istio/istio, pkg/config/kube/conversion.go): as TCP an allow
// of requests lets nothing in, and a deny of them everything out.
func (l *lowering) readable(r *ir.Rule) bool {
	const state = "State the `protocol` of the port in the workload's `ports`, for example `ports = { http = { port = 8080, protocol = \"http\" } }`."
	ports := r.Traffic.Ports(ir.TCP)
	if ports.Count() > maxPorts {
		if r.Action == ir.Deny {
			l.refuseRestriction(r, "a deny of requests would deny everything on ports that do not speak HTTP, and the rule does not list its ports", "List the ports that speak HTTP.")
			return false
		}
		l.unknownProtocol(r, "its ports", state)
		return true
	}
	for _, text := range numbers(ports) {
		number, _ := strconv.Atoi(text)
		known, all := l.protocols(r.Subject.Pods, uint16(number))
		for _, k := range known {
			switch k.protocol {
			case ir.AppTCP, ir.AppTLS:
				l.refuseRestriction(r, fmt.Sprintf("port %d of %s is declared to speak %s, of which the mesh reads no requests", number, k.workload.Address, k.protocol),
					"Declare the port's protocol as `http` or `grpc` where it is one, or take the requests out of the rule.")
				return false
			case ir.AppUnknown:
				all = false
			case ir.AppHTTP, ir.AppGRPC:
			}
		}
		if all {
			continue
		}
		if r.Action == ir.Deny {
			l.refuseRestriction(r, fmt.Sprintf("whether port %d of %s speaks HTTP is not stated, and elsewhere a deny of requests would deny everything", number, r.Subject.Address), state)
			return false
		}
		l.unknownProtocol(r, "port "+text, state)
	}
	return true
}

// unknownProtocol warns once for a port of a subject that what was emitted may
// let in less than the rule.
func (l *lowering) unknownProtocol(r *ir.Rule, port, fix string) {
	key := r.Subject.Address + " " + port
	if l.unknown[key] {
		return
	}
	l.unknown[key] = true
	l.target.Warn(&l.said.Diags, diag.LeftOut, r.Origin,
		"Rule \""+r.Origin.Address+"\" may let no requests in on target \""+l.target.Name+"\": whether "+port+" of \""+r.Subject.Address+"\" speaks HTTP is not stated, and where Istio takes it for TCP it reads none.",
		fix+" In the cluster, name the Service's port `http` or `grpc` or set its `appProtocol`.")
}
