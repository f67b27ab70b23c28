package calico

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// protocols are the names of protocols in rules and their numbers
// (api/pkg/lib/numorstring/protocol.go; IANA).
var protocols = map[string]uint8{"ICMP": 1, "TCP": 6, "UDP": 17, "ICMPv6": 58, "SCTP": 132, "UDPLite": 136}

var ported = map[uint8]ir.Protocol{6: ir.TCP, 17: ir.UDP, 132: ir.SCTP}

// protocolTraffic is the whole of a protocol.
func protocolTraffic(number uint8) ir.Traffic {
	if p, ok := ported[number]; ok {
		return ir.PortTraffic(p, set.AllPorts())
	}
	switch number {
	case protocols["ICMP"]:
		return ir.ICMPTraffic(ir.AnyICMP(), ir.ICMP{})
	case protocols["ICMPv6"]:
		return ir.ICMPTraffic(ir.ICMP{}, ir.AnyICMP())
	}
	return ir.NumberedTraffic(ir.NumbersOf(number))
}

// otherTraffic is every protocol but one.
func otherTraffic(number uint8) ir.Traffic {
	out := ir.NumberedTraffic(ir.AllNumbers().Subtract(ir.NumbersOf(number)))
	for _, p := range []uint8{1, 6, 17, 58, 132} {
		if p != number {
			out = out.Or(protocolTraffic(p))
		}
	}
	return out
}

// piece is traffic of a rule, to every destination of the rule or, where the port
// goes by a name, to those whose names count.
type piece struct {
	traffic ir.Traffic
	named   bool
	when    []ir.Condition
}

// pieces gives the traffic of a rule; none where no flow is all that it asks.
func (r *rule) pieces() []piece {
	base := r.protocol
	if r.icmp != nil || r.notICMP != nil {
		base = r.messages()
	}
	out := []piece{{traffic: base}}
	if r.destination.ports != nil || r.destination.notPorts != nil {
		out = r.destined(base)
	}
	if r.http != nil {
		out = r.http.pieces(out)
	}
	if r.source.ports == nil && r.source.notPorts == nil {
		return out
	}
	from := numbers(r.source.ports, r.source.notPorts)
	var kept []piece
	for _, p := range out {
		if t, some := p.traffic.WithSourcePorts(from); some {
			kept = append(kept, piece{t, p.named, p.when})
		}
	}
	return kept
}

// destined narrows traffic to the destination's ports.
func (r *rule) destined(base ir.Traffic) []piece {
	var numbered, named ir.Traffic
	allowed := numbers(r.destination.ports, r.destination.notPorts)
	for _, p := range ir.Protocols {
		if base.Ports(p).IsEmpty() {
			continue
		}
		numbered = numbered.Or(ir.PortTraffic(p, allowed))
		if r.destination.ports != nil {
			for _, n := range r.destination.ports.names {
				named = named.Or(ir.NamedTraffic(ir.NamedPort{Protocol: p, Name: n}))
			}
		}
	}
	var out []piece
	if !numbered.IsEmpty() {
		out = append(out, piece{traffic: numbered})
	}
	if !named.IsEmpty() {
		out = append(out, piece{traffic: named, named: true})
	}
	return out
}

// numbers gives the ports that are in and not in not; nil is no restriction.
func numbers(in, not *ports) set.Ports {
	out := set.AllPorts()
	if in != nil {
		out = in.numbers
	}
	if not != nil {
		out = out.Subtract(not.numbers)
	}
	return out
}

// messages gives the ICMP traffic of a rule, whose protocol is ICMP or ICMPv6.
func (r *rule) messages() ir.Traffic {
	kept := ir.ICMPOf(matching(r.icmp, r.notICMP)...)
	v4, v6 := r.protocol.ICMP()
	if v4.IsEmpty() {
		v6 = kept
	} else {
		v4 = kept
	}
	return ir.ICMPTraffic(v4, v6)
}

// matching lists the messages that are of one kind and not of the other: types
// with every code, but for a type of which single codes are named.
func matching(in, not *icmp) []ir.ICMPType {
	var out []ir.ICMPType
	for kind := range 256 {
		if in != nil && in.kind >= 0 && in.kind != kind || not != nil && not.kind == kind && not.code < 0 {
			continue
		}
		code := int16(-1)
		if in != nil {
			code = int16(in.code)
		}
		if not == nil || not.kind != kind || code >= 0 && int(code) != not.code {
			out = append(out, ir.ICMPType{Type: uint8(kind), Code: code})
			continue
		}
		for c := range 256 {
			if c != not.code && (code < 0 || c == int(code)) {
				out = append(out, ir.ICMPType{Type: uint8(kind), Code: int16(c)})
			}
		}
	}
	return out
}
