package ir

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// Protocol is a transport with ports.
type Protocol uint8

// The protocols with ports.
const (
	TCP Protocol = iota
	UDP
	SCTP
)

// Protocols lists the protocols with ports, in the order in which they print.
var Protocols = [...]Protocol{TCP, UDP, SCTP}

func (p Protocol) String() string { return [...]string{"tcp", "udp", "sctp"}[p] }

// NamedPort is the port that each destination pod calls by this name, for
// names that no declared workload resolves.
type NamedPort struct {
	Protocol Protocol
	Name     string
}

// ICMPType is a type of ICMP message, with one code or, where Code is
// negative, with every code.
type ICMPType struct {
	Type uint8
	Code int16
}

// ICMP is a set of ICMP messages; the zero ICMP is empty.
type ICMP struct {
	any   bool
	types []ICMPType
}

// AnyICMP is every message.
func AnyICMP() ICMP { return ICMP{any: true} }

// ICMPOf is the union of the types. A type with every code takes in the same
// type with one.
func ICMPOf(types ...ICMPType) ICMP {
	t := slices.Clone(types)
	for i := range t {
		t[i].Code = max(t[i].Code, -1)
	}
	slices.SortFunc(t, func(a, b ICMPType) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Code, b.Code))
	})
	out := t[:0]
	for _, x := range t {
		if n := len(out); n > 0 && out[n-1].Type == x.Type && (out[n-1].Code < 0 || out[n-1].Code == x.Code) {
			continue
		}
		out = append(out, x)
	}
	return ICMP{types: out}
}

// IsAny reports that the set has every message.
func (s ICMP) IsAny() bool { return s.any }

// IsEmpty reports that the set has no message.
func (s ICMP) IsEmpty() bool { return !s.any && len(s.types) == 0 }

// Types gives the types, sorted; none for AnyICMP.
func (s ICMP) Types() []ICMPType { return s.types }

// Contains reports whether s has every message of t.
func (s ICMP) Contains(t ICMP) bool {
	if s.any || t.any {
		return s.any
	}
	for _, x := range t.types {
		if !slices.ContainsFunc(s.types, func(y ICMPType) bool { return y.Type == x.Type && (y.Code < 0 || y.Code == x.Code) }) {
			return false
		}
	}
	return true
}

func (s ICMP) String() string {
	if s.any {
		return "any"
	}
	var parts []string
	for i := 0; i < len(s.types); i++ {
		first := s.types[i]
		text := fmt.Sprint(first.Type)
		if first.Code >= 0 {
			parts = append(parts, fmt.Sprintf("%s/%d", text, first.Code))
			continue
		}
		last := i
		for last+1 < len(s.types) && s.types[last+1].Code < 0 && s.types[last+1].Type == s.types[last].Type+1 {
			last++
		}
		if last > i+1 { // three and more in a row
			text, i = fmt.Sprintf("%s-%d", text, s.types[last].Type), last
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ",")
}

// Traffic is a set of transports and requests. The zero Traffic is empty;
// everything is a value of its own, AllTraffic, so that what loses its last
// port never becomes everything.
type Traffic struct {
	all          bool
	ports        [3]set.Ports // by Protocol
	named        []NamedPort
	icmp, icmpv6 ICMP
	other        Numbers   // protocols without ports, by number
	requests     []Request // restrict the TCP part; nil for no restriction
	names        []Name    // restrict what may be resolved; nil for no restriction
	notFrom      set.Ports // source ports that it does not have
	unread       bool      // restricts the TCP part to what carries no request
}

// Numbers is a set of IP protocols by number, without those that the model
// knows by name (IANA: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6, 132 SCTP). The zero
// Numbers is empty.
type Numbers struct{ bits [4]uint64 }

// numbered are the protocols that Numbers leaves out.
var numbered = [...]uint8{1, 6, 17, 58, 132}

// NumbersOf is the set of the protocols; those with a name are left out.
func NumbersOf(list ...uint8) Numbers {
	var n Numbers
	for _, p := range list {
		if !slices.Contains(numbered[:], p) {
			n.bits[p/64] |= 1 << (p % 64)
		}
	}
	return n
}

// AllNumbers is every protocol without a name here.
func AllNumbers() Numbers {
	var list []uint8
	for p := range 256 {
		list = append(list, uint8(p))
	}
	return NumbersOf(list...)
}

// Contains reports whether the set has the protocol.
func (n Numbers) Contains(p uint8) bool { return n.bits[p/64]&(1<<(p%64)) != 0 }

// IsEmpty reports that the set has no protocol.
func (n Numbers) IsEmpty() bool { return n == Numbers{} }

// Subtract is the set without the protocols of m.
func (n Numbers) Subtract(m Numbers) Numbers {
	for i := range n.bits {
		n.bits[i] &^= m.bits[i]
	}
	return n
}

func (n Numbers) or(m Numbers) Numbers {
	for i := range n.bits {
		n.bits[i] |= m.bits[i]
	}
	return n
}

// List gives the protocols, ascending.
func (n Numbers) List() []uint8 {
	var out []uint8
	for p := range 256 {
		if n.Contains(uint8(p)) {
			out = append(out, uint8(p))
		}
	}
	return out
}

func (n Numbers) String() string {
	if n == AllNumbers() {
		return "other"
	}
	var parts []string
	for _, p := range n.List() {
		parts = append(parts, strconv.Itoa(int(p)))
	}
	return strings.Join(parts, ",")
}

// AllTraffic is every protocol, port and message.
func AllTraffic() Traffic { return Traffic{all: true} }

// PortTraffic is the ports of one protocol.
func PortTraffic(p Protocol, ports set.Ports) Traffic {
	var t Traffic
	t.ports[p] = ports
	return t
}

// ICMPTraffic is ICMP messages, of IPv4 and of IPv6.
func ICMPTraffic(v4, v6 ICMP) Traffic { return Traffic{icmp: v4, icmpv6: v6} }

// NumberedTraffic is protocols by number.
func NumberedTraffic(n Numbers) Traffic { return Traffic{other: n} }

// NamedTraffic is ports by name.
func NamedTraffic(ports ...NamedPort) Traffic {
	named := slices.Clone(ports)
	slices.SortFunc(named, func(a, b NamedPort) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), strings.Compare(a.Name, b.Name))
	})
	return Traffic{named: slices.Compact(named)}
}

// Or is the union of two unrestricted traffics. It panics where either is
// restricted to requests or names: that union is two rules.
func (t Traffic) Or(u Traffic) Traffic {
	if t.requests != nil || u.requests != nil || t.names != nil || u.names != nil || t.unread != u.unread || !t.notFrom.Equal(u.notFrom) {
		panic("ir: union of restricted traffic")
	}
	if t.all || u.all {
		return Traffic{all: true, notFrom: t.notFrom, unread: t.unread}
	}
	whole := true
	for _, p := range Protocols {
		t.ports[p] = t.ports[p].Union(u.ports[p])
		whole = whole && t.ports[p].IsAll()
	}
	t.icmp, t.icmpv6, t.other = t.icmp.or(u.icmp), t.icmpv6.or(u.icmpv6), t.other.or(u.other)
	if whole && t.icmp.IsAny() && t.icmpv6.IsAny() && t.other == AllNumbers() {
		return Traffic{all: true, notFrom: t.notFrom, unread: t.unread}
	}
	t.named = NamedTraffic(append(slices.Clone(t.named), u.named...)...).named
	return t
}

func (s ICMP) or(t ICMP) ICMP {
	if s.any || t.any {
		return AnyICMP()
	}
	return ICMPOf(append(slices.Clone(s.types), t.types...)...)
}

// WithRequests restricts the TCP part to requests; false for none, which
// would be no traffic at all. A request set that has every request restricts
// nothing.
func (t Traffic) WithRequests(requests ...Request) (Traffic, bool) {
	if len(requests) == 0 {
		return Traffic{}, false
	}
	t.requests = sortedBy(requests, Request.String)
	return t, true
}

// Unread restricts the TCP part to bytes that carry no request that can be
// read, such as those of another protocol or under TLS.
func (t Traffic) Unread() Traffic {
	t.requests, t.unread = nil, true
	return t
}

// IsUnread reports that the TCP part is restricted to what carries no request.
func (t Traffic) IsUnread() bool { return t.unread }

// WithNames restricts DNS to queries for these names; false for none.
func (t Traffic) WithNames(names ...Name) (Traffic, bool) {
	if len(names) == 0 {
		return Traffic{}, false
	}
	t.names = sortedBy(names, Name.String)
	return t, true
}

// WithSourcePorts restricts the traffic to what comes from one of the ports;
// false for none, or where nothing of it has ports.
func (t Traffic) WithSourcePorts(ports set.Ports) (Traffic, bool) {
	out := Traffic{requests: t.requests, names: t.names, unread: t.unread, notFrom: t.notFrom.Union(ports.Complement())}
	for _, p := range Protocols {
		if part, ok := t.Only(p); ok {
			out.ports[p] = part.ports[p]
			out.named = append(out.named, part.named...)
		}
	}
	return out, !out.notFrom.IsAll() && !out.IsEmpty()
}

// SourcePorts gives the ports that the traffic comes from; every port where it
// is not restricted, as what has no ports is not.
func (t Traffic) SourcePorts() set.Ports { return t.notFrom.Complement() }

// Transport is the traffic without its restriction to requests and names.
func (t Traffic) Transport() Traffic {
	t.requests, t.names, t.unread = nil, nil, false
	return t
}

// WithoutRequests is the traffic without its restriction to requests.
func (t Traffic) WithoutRequests() Traffic {
	t.requests, t.unread = nil, false
	return t
}

// WithoutNames is the traffic without its restriction to names.
func (t Traffic) WithoutNames() Traffic {
	t.names = nil
	return t
}

// EveryPort is the traffic with every port of the protocols that it has ports
// of. Requests and messages stay.
func (t Traffic) EveryPort() Traffic {
	for _, p := range Protocols {
		if one, ok := t.Only(p); ok && !t.all && (!one.ports[p].IsEmpty() || one.named != nil) {
			t.ports[p] = set.AllPorts()
		}
	}
	t.named = nil
	return t
}

// Only is the part of the traffic that is the protocol's, requests kept for
// TCP; false where that is nothing.
func (t Traffic) Only(p Protocol) (Traffic, bool) {
	u := Traffic{names: t.names, notFrom: t.notFrom}
	if t.all {
		u.ports[p] = set.AllPorts()
	} else {
		u.ports[p] = t.ports[p]
		for _, n := range t.named {
			if n.Protocol == p {
				u.named = append(u.named, n)
			}
		}
	}
	if p == TCP {
		u.requests, u.unread = t.requests, t.unread
	}
	return u, !u.IsEmpty()
}

// WithoutICMP is the traffic without ICMP messages; false where that is
// nothing. All traffic stays all traffic.
func (t Traffic) WithoutICMP() (Traffic, bool) {
	t.icmp, t.icmpv6 = ICMP{}, ICMP{}
	return t, !t.IsEmpty()
}

// IsAll reports every protocol and port, ICMP included.
func (t Traffic) IsAll() bool { return t.all }

// IsEmpty reports that there is no traffic.
func (t Traffic) IsEmpty() bool {
	return !t.all && t.ports[TCP].IsEmpty() && t.ports[UDP].IsEmpty() && t.ports[SCTP].IsEmpty() &&
		len(t.named) == 0 && t.icmp.IsEmpty() && t.icmpv6.IsEmpty() && t.other.IsEmpty()
}

// Ports gives the numbered ports of a protocol; every port for all traffic.
func (t Traffic) Ports(p Protocol) set.Ports {
	if t.all {
		return set.AllPorts()
	}
	return t.ports[p]
}

// Named gives the ports by name, sorted.
func (t Traffic) Named() []NamedPort { return t.named }

// ICMP gives the ICMP messages of IPv4 and of IPv6.
func (t Traffic) ICMP() (v4, v6 ICMP) {
	if t.all {
		return AnyICMP(), AnyICMP()
	}
	return t.icmp, t.icmpv6
}

// Numbers gives the protocols by number; all of them for all traffic.
func (t Traffic) Numbers() Numbers {
	if t.all {
		return AllNumbers()
	}
	return t.other
}

// Requests gives what the TCP part is restricted to; nil for no restriction.
func (t Traffic) Requests() []Request { return t.requests }

// Names gives what DNS is restricted to; nil for no restriction.
func (t Traffic) Names() []Name { return t.names }

// MayMeet reports whether a flow of the protocol may be of both. What number a
// port's name has is not known.
func (t Traffic) MayMeet(u Traffic, p Protocol) bool {
	return len(t.Named()) > 0 || len(u.Named()) > 0 || !t.Ports(p).Intersect(u.Ports(p)).IsEmpty()
}

// Contains reports whether t surely has all that u has. For requests it
// compares patterns by their text, so false may mean "not known".
func (t Traffic) Contains(u Traffic) bool {
	if t.unread && !u.unread && !u.ports[TCP].IsEmpty() {
		return false
	}
	if t.names != nil && !sameStrings(t.names, u.names) || !u.notFrom.ContainsAll(t.notFrom) {
		return false
	}
	if t.requests != nil && !u.ports[TCP].IsEmpty() {
		for _, r := range u.requests {
			if !slices.ContainsFunc(t.requests, func(q Request) bool { return q.IsAny() || q.String() == r.String() }) {
				return false
			}
		}
		if u.requests == nil {
			return false
		}
	}
	if t.all {
		return true
	}
	if u.all {
		return false
	}
	for _, p := range Protocols {
		if !t.ports[p].ContainsAll(u.ports[p]) {
			return false
		}
	}
	for _, n := range u.named {
		if !slices.Contains(t.named, n) && !t.ports[n.Protocol].IsAll() {
			return false
		}
	}
	return t.icmp.Contains(u.icmp) && t.icmpv6.Contains(u.icmpv6) && u.other.Subtract(t.other).IsEmpty()
}

func sameStrings[T fmt.Stringer](a, b []T) bool {
	return slices.EqualFunc(a, b, func(x, y T) bool { return x.String() == y.String() })
}

// String is the canonical text: "any", "tcp 80,443", "icmp 8", joined by "; ".
func (t Traffic) String() string {
	if t.IsEmpty() {
		return "none"
	}
	var parts []string
	if t.all {
		parts = append(parts, "any")
	}
	for _, p := range Protocols {
		var list []string
		if !t.ports[p].IsEmpty() {
			list = append(list, t.ports[p].String())
		}
		for _, n := range t.named {
			if n.Protocol == p {
				list = append(list, `"`+n.Name+`"`)
			}
		}
		if list != nil {
			parts = append(parts, p.String()+" "+strings.Join(list, ","))
		}
	}
	if !t.icmp.IsEmpty() {
		parts = append(parts, "icmp "+t.icmp.String())
	}
	if !t.icmpv6.IsEmpty() {
		parts = append(parts, "icmpv6 "+t.icmpv6.String())
	}
	if !t.other.IsEmpty() {
		parts = append(parts, "protocol "+t.other.String())
	}
	if !t.notFrom.IsEmpty() {
		parts = append(parts, "from port "+t.SourcePorts().String())
	}
	if t.unread {
		parts = append(parts, "no request")
	}
	for i, r := range t.requests {
		parts = append(parts, [...]string{"http ", "or "}[min(i, 1)]+r.String())
	}
	for i, n := range t.names {
		parts = append(parts, [...]string{"names ", "or "}[min(i, 1)]+n.String())
	}
	return strings.Join(parts, "; ")
}
