package calico

import (
	"regexp"
	"strconv"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/api/pkg/lib/numorstring"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// maxPorts bounds a list of ports (api/pkg/apis/projectcalico/v3, MaxItems of
// ports from 3.33).
const maxPorts = 50

// transport is traffic in the form of one Calico rule: a protocol with ports or
// with a kind of ICMP message.
type transport struct {
	protocol string // by name or number; "" for every protocol
	not      string // every protocol but this one
	whole    bool   // all of the protocol but notPorts, or the one kind of message
	icmp     *v3.ICMPFields
	family   int                // 4 or 6 for ICMP, which implies it, else 0
	ports    []numorstring.Port // by number
	notPorts []numorstring.Port // all but these, where that is shorter
	named    []numorstring.Port // by the name that the destination pod has for it
}

// transports gives traffic as Calico rules name it.
func transports(t ir.Traffic) ([]transport, *refusal) {
	if t.IsAll() {
		return []transport{{whole: true}}, nil
	}
	if but, ok := allBut(t); ok {
		ports, no := transports(ir.PortTraffic(but, t.Ports(but)))
		return append([]transport{{not: protocolName[but], whole: true}}, ports...), no
	}
	var out []transport
	for _, n := range t.Numbers().List() {
		if n == 0 {
			return nil, &refusal{diag.CannotSay, "Calico takes protocols 1 to 255, and the rule has 0", "Take protocol 0, IPv6's hop-by-hop options, out of the rule."}
		}
		out = append(out, transport{protocol: strconv.Itoa(int(n)), whole: true})
	}
	for _, p := range ir.Protocols {
		x := transport{protocol: protocolName[p]}
		if t.Ports(p).IsAll() {
			x.whole = true
			out = append(out, x)
			continue
		}
		x.ports = numbered(t.Ports(p))
		for _, n := range t.Named() {
			if n.Protocol != p {
				continue
			}
			if !portName.MatchString(n.Name) || !hasLetter.MatchString(n.Name) {
				return nil, &refusal{diag.LacksPorts, `"` + n.Name + `" is no name of a port`, "A port's name has at most 15 lower-case letters, digits and dashes."}
			}
			x.named = append(x.named, numorstring.NamedPort(n.Name))
		}
		if not := numbered(t.Ports(p).Complement()); x.named == nil && len(not) < len(x.ports) && len(not) <= maxPorts {
			x.ports, x.notPorts, x.whole = nil, not, true
		}
		if x.ports != nil || x.named != nil || x.notPorts != nil {
			out = append(out, x)
		}
	}
	v4, v6 := t.ICMP()
	for _, family := range []struct {
		messages ir.ICMP
		protocol string
		number   int
	}{{v4, numorstring.ProtocolICMP, 4}, {v6, numorstring.ProtocolICMPv6, 6}} {
		more, no := icmp(family.messages, family.protocol, family.number)
		if no != nil {
			return nil, no
		}
		out = append(out, more...)
	}
	return out, nil
}

func numbered(s set.Ports) []numorstring.Port {
	var out []numorstring.Port
	for _, r := range s.Ranges() {
		out = append(out, numorstring.Port{MinPort: r.First, MaxPort: r.Last})
	}
	return out
}

// allBut gives the protocol with ports of which the traffic has not all, where it
// has all of everything else.
func allBut(t ir.Traffic) (ir.Protocol, bool) {
	v4, v6 := t.ICMP()
	var missing []ir.Protocol
	for _, p := range ir.Protocols {
		if !t.Ports(p).IsAll() {
			missing = append(missing, p)
		}
	}
	if len(missing) != 1 || len(t.Named()) > 0 || !v4.IsAny() || !v6.IsAny() || t.Numbers() != ir.AllNumbers() {
		return 0, false
	}
	return missing[0], true
}

var (
	protocolName = map[ir.Protocol]string{
		ir.TCP: numorstring.ProtocolTCP, ir.UDP: numorstring.ProtocolUDP, ir.SCTP: numorstring.ProtocolSCTP,
	}
	portName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$`)
	hasLetter = regexp.MustCompile(`[a-z]`)
)

// icmp gives messages as Calico rules name them, one type in each. The protocol
// by name implies the family.
func icmp(s ir.ICMP, protocol string, family int) ([]transport, *refusal) {
	if s.IsAny() {
		return []transport{{protocol: protocol, whole: true, family: family}}, nil
	}
	var out []transport
	for _, t := range s.Types() {
		if t.Type == 255 {
			return nil, &refusal{diag.LacksICMP, "Calico takes ICMP types 0 to 254, and the rule has 255", "Take the type, which is reserved, out of the rule."}
		}
		fields := &v3.ICMPFields{Type: new(int)}
		*fields.Type = int(t.Type)
		if t.Code >= 0 {
			fields.Code = new(int)
			*fields.Code = int(t.Code)
		}
		out = append(out, transport{protocol: protocol, whole: true, icmp: fields, family: family})
	}
	return out, nil
}

// matches gives the rules, without an action, for a peer and a transport. None
// means that no flow is both: a port has a name on pods only, and a message of
// one family no address of the other.
func matches(d ir.Direction, p peer, t transport) []v3.Rule {
	if p.family != 0 && t.family != 0 && p.family != t.family {
		return nil
	}
	if t.whole {
		return []v3.Rule{match(d, p, t, nil)}
	}
	ports := t.ports
	var out []v3.Rule
	switch {
	case t.named == nil:
	case d == ir.Ingress || p.kind == pods:
		ports = append(ports[:len(ports):len(ports)], t.named...)
	case p.kind == anyone:
		// Host endpoints may have ports with names too: pods only.
		e, _ := podEntity(ir.AllPods(), "")
		out = chunks(d, peer{kind: pods, entity: e}, t, t.named)
	}
	return append(chunks(d, p, t, ports), out...)
}

// chunks gives a rule for each part of a list of ports; none for no ports.
func chunks(d ir.Direction, p peer, t transport, ports []numorstring.Port) []v3.Rule {
	var out []v3.Rule
	for len(ports) > 0 {
		n := min(len(ports), maxPorts)
		out = append(out, match(d, p, t, ports[:n:n]))
		ports = ports[n:]
	}
	return out
}

// match gives one rule without an action. Ports are always the destination's:
// beside the peer in egress, alone in ingress.
func match(d ir.Direction, p peer, t transport, ports []numorstring.Port) v3.Rule {
	r := v3.Rule{ICMP: t.icmp}
	if t.protocol != "" {
		protocol := numorstring.ProtocolFromString(t.protocol)
		r.Protocol = &protocol
	}
	if t.not != "" {
		not := numorstring.ProtocolFromString(t.not)
		r.NotProtocol = &not
	}
	if d == ir.Egress {
		r.Destination = p.entity
	} else {
		r.Source = p.entity
	}
	r.Destination.Ports, r.Destination.NotPorts = ports, t.notPorts
	return r
}
