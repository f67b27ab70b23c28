package cilium

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The bounds on lists that the API server and the agent share
// (pkg/policy/api/rule_validation.go).
const maxPorts, maxICMPFields = 40, 40

// port is one entry of ports: a range of numbers, or a name.
type port struct {
	protocols   []ir.Protocol
	first, last uint16 // 0 for a name
	every       bool   // "0"
	name        string
	protocolAt  manifest.Value
}

// portRule is one entry of toPorts. Requests restrict it where http is set,
// and names where dns is; no names are every name.
type portRule struct {
	ports     []port
	http, dns bool
	requests  []ir.Request
	names     []ir.Name
	servers   []ir.Name // that TLS is to name; nil for no restriction
}

// serviceName is a name of a port (pkg/iana/svcname.go).
var serviceName = regexp.MustCompile(`^([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$`)

const maxServiceName = 15

// parsePort reads a port: a number, or a name, whose case is of no matter.
func parsePort(text string) (port, *fault) {
	if len(text) <= maxServiceName && serviceName.MatchString(text) {
		return port{name: strings.ToLower(text)}, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	switch {
	case err != nil:
		return port{}, bad("Write a number from 0 to 65535, of which 0 is every port, or a name of up to 15 letters, digits and dashes.", "is no port")
	case strconv.FormatUint(n, 10) != text:
		return port{}, bad("Write the number without the zero.", "begins with a zero, and the agent would read it as octal")
	case n == 0:
		return port{first: 1, last: math.MaxUint16, every: true}, nil
	}
	return port{first: uint16(n), last: uint16(n)}, nil
}

// upTo widens the port to a range. An end that is not above the port is
// ignored by the agent (pkg/policy/l4.go).
func (p *port) upTo(end uint16) (ignored bool) {
	if end <= p.first {
		return true
	}
	p.last = end
	return false
}

// protocolsOf gives what a protocol stands for; ANY is everything with ports,
// and no ICMP (pkg/policy/rule.go mergeL4Filter).
func protocolsOf(name string) ([]ir.Protocol, bool) {
	switch name {
	case "", "ANY":
		return ir.Protocols[:], true
	case "TCP":
		return []ir.Protocol{ir.TCP}, true
	case "UDP":
		return []ir.Protocol{ir.UDP}, true
	case "SCTP":
		return []ir.Protocol{ir.SCTP}, true
	}
	return nil, false
}

// traffic gives the transports of a port.
func (p *port) traffic() ir.Traffic {
	var t ir.Traffic
	for _, protocol := range p.protocols {
		if p.name != "" {
			t = t.Or(ir.NamedTraffic(ir.NamedPort{Protocol: protocol, Name: p.name}))
		} else {
			t = t.Or(ir.PortTraffic(protocol, set.PortsOf(set.PortRange{First: p.first, Last: p.last})))
		}
	}
	return t
}

func (r *portRule) traffic() ir.Traffic {
	var t ir.Traffic
	for i := range r.ports {
		t = t.Or(r.ports[i].traffic())
	}
	return t
}

// icmpTypes are the names of the types of both families
// (pkg/policy/api/icmp.go). The schema of the API server misspells
// ExtendedEchoReply, so that it takes it in neither.
var icmpTypes = map[string]map[string]uint8{
	"IPv4": {
		"EchoReply": 0, "DestinationUnreachable": 3, "Redirect": 5, "Echo": 8, "EchoRequest": 8, "RouterAdvertisement": 9,
		"RouterSelection": 10, "TimeExceeded": 11, "ParameterProblem": 12, "Timestamp": 13, "TimestampReply": 14, "Photuris": 40,
		"ExtendedEchoRequest": 42,
	},
	"IPv6": {
		"DestinationUnreachable": 1, "PacketTooBig": 2, "TimeExceeded": 3, "ParameterProblem": 4, "EchoRequest": 128, "EchoReply": 129,
		"MulticastListenerQuery": 130, "MulticastListenerReport": 131, "MulticastListenerDone": 132, "RouterSolicitation": 133,
		"RouterAdvertisement": 134, "NeighborSolicitation": 135, "NeighborAdvertisement": 136, "RedirectMessage": 137, "RouterRenumbering": 138,
		"ICMPNodeInformationQuery": 139, "ICMPNodeInformationResponse": 140, "InverseNeighborDiscoverySolicitation": 141,
		"InverseNeighborDiscoveryAdvertisement": 142, "HomeAgentAddressDiscoveryRequest": 144, "HomeAgentAddressDiscoveryReply": 145,
		"MobilePrefixSolicitation": 146, "MobilePrefixAdvertisement": 147, "DuplicateAddressRequestCodeSuffix": 157,
		"DuplicateAddressConfirmationCodeSuffix": 158, "ExtendedEchoRequest": 160,
	},
}

// icmpType reads a type of a family: a number as text, or a name.
func icmpType(family, text string) (uint8, *fault) {
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && strconv.FormatUint(n, 10) == text {
		return uint8(n), nil
	}
	if n, ok := icmpTypes[family][text]; ok {
		return n, nil
	}
	return 0, bad("Write a number from 0 to 255, or a name of this family such as EchoRequest.", "is no ICMP type of %s", family)
}

// icmpTraffic is the messages of a type, of every code. The type is kept as a
// port, of which 0 is every one, so that type 0 is every type of its family
// (pkg/policy/api/icmp.go PortProtocol).
func icmpTraffic(family string, n uint8) ir.Traffic {
	messages := ir.ICMPOf(ir.ICMPType{Type: n, Code: -1})
	if n == 0 {
		messages = ir.AnyICMP()
	}
	if family == "IPv6" {
		return ir.ICMPTraffic(ir.ICMP{}, messages)
	}
	return ir.ICMPTraffic(messages, ir.ICMP{})
}
