package intent

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// terms is a rule's traffic with its port names still names.
type terms struct {
	fixed    ir.Traffic // what has no name
	named    []namedTerm
	requests []ir.Request // nil for no restriction
	names    []ir.Name
}

type namedTerm struct {
	protocol ir.Protocol
	name     string
	at       diag.Range
}

// destination is a part of a rule's destinations for which its port names mean
// the same numbers.
type destination struct {
	endpoint
	traffic ir.Traffic
}

// terms reads what a rule names: every protocol and port where it names none.
func (l *lowering) terms(r *Rule) terms {
	var t terms
	list := [...]struct {
		protocol ir.Protocol
		terms    *At[[]PortTerm]
	}{{ir.TCP, r.Traffic.TCP}, {ir.UDP, r.Traffic.UDP}, {ir.SCTP, r.Traffic.SCTP}}
	some := false
	for _, p := range list {
		if p.terms == nil {
			continue
		}
		some = true
		var ports set.Ports
		for _, term := range p.terms.Value {
			switch {
			case term.Any:
				ports = set.AllPorts()
			case term.Name != "":
				t.named = append(t.named, namedTerm{p.protocol, term.Name, term.Range})
			default:
				ports = ports.Union(set.PortsOf(set.PortRange{First: term.First, Last: term.Last}))
			}
		}
		t.fixed = t.fixed.Or(ir.PortTraffic(p.protocol, ports))
	}
	if r.Traffic.ICMP != nil || r.Traffic.ICMPv6 != nil {
		some = true
		t.fixed = t.fixed.Or(ir.ICMPTraffic(icmp(r.Traffic.ICMP), icmp(r.Traffic.ICMPv6)))
	}
	if r.Traffic.HTTP != nil {
		t.requests = r.Traffic.HTTP.Value
		for _, q := range t.requests {
			if q.IsAny() {
				t.requests = nil // every request: no restriction
				break
			}
		}
	}
	if r.Traffic.JWT != nil && t.requests == nil {
		t.requests = []ir.Request{everyRequest()} // a token is a request's
	}
	if r.Traffic.DNS != nil {
		t.names = r.Traffic.DNS.Value
		if !some {
			some = true
			t.fixed = l.dnsTraffic() // names are asked on the port of the cluster's DNS
		}
	}
	if !some {
		t.fixed = ir.AllTraffic()
		if r.Action == ir.Allow {
			l.at(r, l.diags.Add(diag.EveryPort, r.Range, fmt.Sprintf("Rule %q names no protocol and so is for every protocol and port.", r.Address),
				"Name ports where they are known, for example `tcp = [8080]`."))
		}
	}
	return t
}

func everyRequest() ir.Request {
	q, _ := ir.NewRequest(ir.Anything(), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	return q
}

func icmp(list *At[[]ICMPTerm]) ir.ICMP {
	if list == nil {
		return ir.ICMP{}
	}
	var types []ir.ICMPType
	for _, t := range list.Value {
		if t.Any {
			return ir.AnyICMP()
		}
		code := int16(-1)
		if t.HasCode {
			code = int16(t.Code)
		}
		types = append(types, ir.ICMPType{Type: t.Type, Code: code})
	}
	return ir.ICMPOf(types...)
}

// resolvePorts gives a destination in the parts for which the rule's port
// names mean the same: a name is the number that the destination's workload
// declares, and each workload of a wider destination stands for itself, so
// that no workload is opened on another's number. A name stays a name where no
// workload there declares it, and for the rest of a destination that reaches
// namespaces that are not declared.
func (l *lowering) resolvePorts(r *Rule, t terms, e endpoint) ([]destination, bool) {
	if len(t.named) == 0 {
		return []destination{{e, t.fixed}}, true
	}
	switch e.peer.(type) {
	case ir.Pods, ir.AnyPeer:
	default:
		why := "has no pods that could name one"
		if _, remote := e.peer.(ir.RemotePods); remote {
			why = "is of another cluster, of whose ports nothing is known here"
		}
		for _, n := range t.named {
			l.at(r, l.diags.Add(diag.NamedPortOutside, n.at,
				fmt.Sprintf("%q is the name of a port, and %q %s.", n.name, e.text, why),
				"Write the port's number."))
		}
		return nil, false
	}
	if w, ok := l.program.Inventory.Workload(e.subject.Address); ok && e.subject.Kind == ir.SubjectWorkload {
		traffic := t.fixed
		for _, n := range t.named {
			if _, declared := w.Port(n.name); !declared && len(w.Ports) > 0 {
				l.undeclaredPort(r, n, w)
			}
			traffic = traffic.Or(n.on(w))
		}
		return []destination{{e, traffic}}, true
	}
	out := []destination{}
	rest := t.fixed
	byWorkload := map[int]ir.Traffic{}
	candidates := l.within(e)
	_, beyond := l.program.Inventory.Declared(e.subject.Pods)
	for _, n := range t.named {
		var declaring []ir.Pods
		for _, i := range candidates {
			w := &l.program.Inventory.Workloads[i]
			if _, declared := w.Port(n.name); declared {
				byWorkload[i] = byWorkload[i].Or(n.on(w))
				declaring = append(declaring, w.Pods)
			}
		}
		byName := ir.NamedTraffic(ir.NamedPort{Protocol: n.protocol, Name: n.name})
		switch {
		case declaring == nil:
			rest = rest.Or(byName)
		case beyond:
			for _, pods := range ir.SubtractAll([]ir.Pods{e.subject.Pods}, declaring) {
				out = append(out, destination{endpoint{pods, l.subjectOf(pods), e.text, e.at, false}, byName})
			}
		default:
			l.at(r, l.diags.Add(diag.PortNameDeclared, n.at,
				fmt.Sprintf("%q stands for the port of %s of %q.", n.name, count(len(declaring), "workload"), e.text),
				"Workloads that declare no port of this name are not opened."))
		}
	}
	if !rest.IsEmpty() {
		out = append(out, destination{e, rest})
	}
	for _, i := range candidates {
		if traffic, ok := byWorkload[i]; ok {
			w := &l.program.Inventory.Workloads[i]
			part := endpoint{w.Pods, ir.Subject{Pods: w.Pods, Address: w.Address, Kind: ir.SubjectWorkload}, e.text, e.at, false}
			out = append(out, destination{part, traffic})
		}
	}
	return out, true
}

// undeclaredPort warns of a port name that a workload with named ports has not.
func (l *lowering) undeclaredPort(r *Rule, n namedTerm, w *ir.Workload) {
	names := make([]string, len(w.Ports))
	for i, p := range w.Ports {
		names[i] = strconv.Quote(p.Name)
	}
	l.at(r, l.diags.Add(diag.UndeclaredPort, n.at,
		fmt.Sprintf("Workload %q declares no port %q.", w.Address, n.name),
		"It declares "+strings.Join(names, ", ")+". Add the port to `ports`, or mend the name. As it stands, the rule is for the port that each pod calls so."))
}

// on is the term's traffic towards a workload.
func (n namedTerm) on(w *ir.Workload) ir.Traffic {
	if p, ok := w.Port(n.name); ok {
		return ir.PortTraffic(n.protocol, set.SinglePort(p.Number))
	}
	return ir.NamedTraffic(ir.NamedPort{Protocol: n.protocol, Name: n.name})
}

// within gives the declared workloads that an endpoint has whole, by what is
// declared of their namespaces too.
func (l *lowering) within(e endpoint) []int {
	inv := &l.program.Inventory
	var out []int
	if ns, ok := e.subject.Pods.SingleNamespace(); ok {
		for _, i := range l.byName[ns] {
			if e.subject.Pods.Contains(inv.Workloads[i].Pods) {
				out = append(out, i)
			}
		}
		return out
	}
	parts, _ := inv.Declared(e.subject.Pods)
	for _, part := range parts {
		for _, i := range l.byName[part.Namespace.Name] {
			if part.Pods.Contains(inv.Workloads[i].Pods) {
				out = append(out, i)
			}
		}
	}
	slices.Sort(out)
	return out
}
