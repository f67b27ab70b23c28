package istio

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// traffic is what is sent to where on the governed pods.
type traffic struct {
	to       set.Addresses // of the pods
	ports    set.Ports
	requests []ir.Request // nil for no restriction
	given    []ir.Condition
}

// traffics gives what matches one of a rule's operations and its conditions
// about what is sent; none for nothing. Where requests are read, only they
// match.
func (l *lifting) traffics(r *rule, reads bool) []traffic {
	merged := map[string]*traffic{}
	var order []string
	for _, operation := range orNothing(r.to) {
		t, some := l.operation(slices.Concat(operation, r.when), reads)
		if !some {
			continue
		}
		key := t.to.String() + "\x00" + conditionsText(t.given)
		if reads {
			key += "\x00" + t.ports.String()
		}
		if m := merged[key]; m != nil {
			m.ports = m.ports.Union(t.ports)
			m.requests = append(m.requests, t.requests...)
			continue
		}
		merged[key] = &t
		order = append(order, key)
	}
	var out []traffic
	for _, key := range order {
		out = append(out, *merged[key])
	}
	return out
}

// reading gives the requests on the ports, as one traffic where the model tells
// all of them apart.
func (t *traffic) reading(on set.Ports) []ir.Traffic {
	bytes := ir.PortTraffic(ir.TCP, on)
	if all, _ := bytes.WithRequests(t.requests...); len(all.Requests()) == len(t.requests) {
		return []ir.Traffic{all}
	}
	var out []ir.Traffic
	for _, q := range t.requests {
		one, _ := bytes.WithRequests(q)
		out = append(out, one)
	}
	return out
}

// operation gives what matches all of the matchers that are about what is sent;
// false for nothing.
func (l *lifting) operation(all []matcher, reads bool) (traffic, bool) {
	t := traffic{to: set.AllAddresses(), ports: set.AllPorts()}
	q, some := anyRequest(), true
	for _, m := range all {
		switch {
		case m.sender() || m.http() && !reads:
		case m.key == keyPort:
			if len(m.values) > 0 {
				t.ports = t.ports.Intersect(ports(m.values))
			}
			t.ports = t.ports.Subtract(ports(m.not))
		case m.key == keyDestinationIP:
			t.to = m.narrow(t.to)
		case m.http():
			if some {
				q, some = l.request(q, m)
			}
		default:
			var possible bool
			t.given, possible = both(t.given, m.conditions())
			some = some && possible
		}
	}
	if reads {
		t.requests = []ir.Request{q}
	}
	if l.ports != nil {
		t.ports = l.ports(t.ports)
	}
	return t, some && !t.ports.IsEmpty() && !t.to.IsEmpty()
}

// part is some of a rule's pods, and the ports on which they are known to speak
// HTTP or something else.
type part struct {
	pods        ir.Pods
	http, bytes set.Ports
}

// parts divides a rule's pods by what their workloads are declared to speak on
// the ports.
//
// What Istio reads requests of, it knows by the Service's port. Where it does
// not know, it looks at the first bytes: a request is read, and anything else is
// a connection (istio/istio, pkg/config/kube/conversion.go).
func (l *lifting) parts(pods ir.Pods, of set.Ports) []part {
	var out []part
	rest := []ir.Pods{pods}
	for _, w := range l.among(pods) {
		p := spoken(w, of)
		if p.http.IsEmpty() && p.bytes.IsEmpty() || !w.Pods.Overlaps(pods) {
			continue
		}
		var next []ir.Pods
		for _, r := range rest {
			if both, some := r.And(w.Pods); some {
				out = append(out, part{both, p.http, p.bytes})
			}
			next = append(next, r.Subtract(w.Pods)...)
		}
		if rest = next; len(rest)+len(out) > ir.MaxParts {
			panic(ir.BoundError{Parts: len(rest) + len(out)})
		}
	}
	for _, r := range rest {
		out = append(out, part{pods: r})
	}
	return out
}

// among gives the declared workloads that may be among the pods.
func (l *lifting) among(pods ir.Pods) []*ir.Workload {
	names, named := pods.Names()
	if !named {
		return l.workloads[""]
	}
	var out []*ir.Workload
	for _, name := range names {
		out = append(out, l.workloads[name]...)
	}
	return out
}

// spoken gives the ports among these that a workload declares a protocol of.
func spoken(w *ir.Workload, of set.Ports) part {
	var p part
	for _, port := range w.Ports {
		if !of.Contains(port.Number) {
			continue
		}
		switch one := set.SinglePort(port.Number); port.Protocol {
		case ir.AppHTTP, ir.AppGRPC:
			p.http = p.http.Union(one)
		case ir.AppTCP, ir.AppTLS: // what is encrypted by the application is bytes
			p.bytes = p.bytes.Union(one)
		case ir.AppUnknown:
		}
	}
	return p
}
