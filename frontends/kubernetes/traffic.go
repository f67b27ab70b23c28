package kubernetes

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

const (
	firstPort = 1
	lastPort  = 65535
)

// ports gives the traffic of a list of ports. An absent list and an empty one
// are all traffic. An element has one protocol, which is TCP where it names
// none (pkg/apis/networking/v1/defaults.go): `ports: [{}]` is all of TCP.
func (l *lifting) ports(list manifest.Value) ir.Traffic {
	items := list.Items()
	if len(items) == 0 {
		return ir.AllTraffic()
	}
	var all ir.Traffic
	for _, v := range items {
		element(v, func(o *manifest.Object) { all = all.Or(l.port(o)) })
	}
	return all
}

// port gives the traffic of one element; none after an error. What does not know
// endPort takes the first port of a range for the whole (kubernetes/website,
// network-policies.md, "Targeting a range of ports").
func (l *lifting) port(o *manifest.Object) ir.Traffic {
	protocol := ir.TCP
	if word, ok := o.Field("protocol").Word("TCP", "UDP", "SCTP"); ok {
		protocol = map[string]ir.Protocol{"TCP": ir.TCP, "UDP": ir.UDP, "SCTP": ir.SCTP}[word]
	}
	if protocol == ir.SCTP {
		l.offers(o.Field("protocol"), "sctp", "false", "SCTP")
	}
	number, end := o.Field("port"), o.Field("endPort")
	if end.Present() && number.Kind() != manifest.Int {
		end.Bad("stands without a port by number", "A range goes from port to endPort, which are numbers.")
	}
	switch number.Kind() {
	case manifest.Absent, manifest.Null:
		return ir.PortTraffic(protocol, set.AllPorts())
	case manifest.Int:
		out := numbers(number, end, protocol)
		if r := out.Ports(protocol).Ranges(); len(r) == 1 && r[0].First < r[0].Last && l.profile.Switch("end_port") == "false" {
			end.Report(diag.NoEffect, fmt.Sprintf("%s has no effect on %s, which opens port %d only.", end.Path(), l.profile.Name(), r[0].First), "Write each port as an element of its own.")
			out = ir.PortTraffic(protocol, set.SinglePort(r[0].First))
		}
		return out
	case manifest.String:
		if name, ok := portName(number); ok {
			l.offers(number, "named_ports", "none", "a port by name")
			return ir.NamedTraffic(ir.NamedPort{Protocol: protocol, Name: name})
		}
	case manifest.Bool, manifest.Float, manifest.Time, manifest.List, manifest.Map:
		number.Wrong("a number or a text")
	}
	return ir.Traffic{}
}

// offers reports what the profile, by the value of a switch, does not have: what
// becomes of the policy then is not written down.
func (l *lifting) offers(v manifest.Value, name, none, what string) {
	if l.profile.Switch(name) == none {
		v.Report(diag.NotEnforced, fmt.Sprintf("%s asks for %s, which %s does not have.", v.Path(), what, l.profile.Name()),
			fmt.Sprintf("Write it without, or say with %s what the cluster does have.", name))
	}
}

// wider gives what ports by name may open beside those that are meant, where the
// profile knows no better than that it is more.
func (l *lifting) wider(r ir.Rule) (ir.Rule, bool) {
	if len(r.Traffic.Named()) == 0 || l.profile.Switch("named_ports") != "wider" {
		return r, false
	}
	var named ir.Traffic
	for _, n := range r.Traffic.Named() {
		named = named.Or(ir.PortTraffic(n.Protocol, set.AllPorts()))
	}
	r.Traffic, r.If = named, []ir.Condition{{Atom: "named_ports", Fact: "named_ports"}}
	return r, true
}

// numbers gives the ports from the first to the last, which may be absent;
// none after an error.
func numbers(first, last manifest.Value, protocol ir.Protocol) ir.Traffic {
	a, ok := first.Int(firstPort, lastPort)
	b := a
	if ok && last.Present() {
		b, ok = last.Int(a, lastPort)
	}
	if !ok {
		return ir.Traffic{}
	}
	return ir.PortTraffic(protocol, set.PortsOf(set.PortRange{First: uint16(a), Last: uint16(b)}))
}

// portName gives the name of a container's port.
func portName(v manifest.Value) (string, bool) {
	name, ok := v.Text()
	if why := validation.IsValidPortName(name); ok && len(why) > 0 {
		v.Bad("is no name of a port", fmt.Sprintf("A port by number is written without quotes. A name %s.", strings.Join(why, ", and ")))
		return "", false
	}
	return name, ok
}

// protocols gives the traffic of a ClusterNetworkPolicy's rule. An absent list
// is all traffic.
func protocols(list manifest.Value) ir.Traffic {
	if !list.Present() {
		return ir.AllTraffic()
	}
	var all ir.Traffic
	for _, v := range some(list) {
		element(v, func(o *manifest.Object) { all = all.Or(transport(o)) })
	}
	return all
}

// transport gives the traffic of one element, which is ports of one protocol, or
// a port by name of any; none after an error.
func transport(o *manifest.Object) ir.Traffic {
	if !o.Exclusive("tcp", "udp", "sctp", "destinationNamedPort").Present() {
		o.Bad("names no protocol", "An element has tcp, udp, sctp or destinationNamedPort.")
	}
	var out ir.Traffic
	for _, p := range ir.Protocols {
		o.Field(p.String()).Object(func(t *manifest.Object) { out = out.Or(destination(t, p)) })
	}
	if named := o.Field("destinationNamedPort"); named.Present() {
		if name, ok := portName(named); ok {
			out = out.Or(ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: name}, ir.NamedPort{Protocol: ir.UDP, Name: name}, ir.NamedPort{Protocol: ir.SCTP, Name: name}))
		}
	}
	return out
}

// destination gives the ports of one protocol. The CRD asks for
// destinationPort, although the API's text has every port without it
// (network-policy-api, config/crd, minProperties).
func destination(t *manifest.Object, protocol ir.Protocol) ir.Traffic {
	const every = "Every port is range: {start: 1, end: 65535}."
	var out ir.Traffic
	port := t.Field("destinationPort")
	if !port.Present() {
		t.Bad("has no destinationPort", every)
	}
	port.Object(func(o *manifest.Object) {
		if !o.Exclusive("number", "range").Present() {
			o.Bad("has neither a number nor a range", every)
		}
		if number := o.Field("number"); number.Present() {
			out = numbers(number, manifest.Value{}, protocol)
		}
		o.Field("range").Object(func(r *manifest.Object) {
			start, end := r.Required("start"), r.Required("end")
			if out = numbers(start, end, protocol); out.Ports(protocol).Count() == 1 {
				end.Bad("is not greater than start", "One port is a number, not a range.")
			}
		})
	})
	return out
}
