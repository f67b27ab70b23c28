package calico

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

var actions = map[string]ir.Action{"Allow": ir.Allow, "Deny": ir.Deny, "Log": ir.Log, "Pass": ir.Pass}

// readRule reads a rule and checks it as Calico's validator does
// (libcalico-go/lib/validator/v3/validator.go, validateRule).
func (l *lifting) readRule(v manifest.Value, p *policy, d ir.Direction) rule {
	r := rule{at: v.Range(), protocol: ir.AllTraffic()}
	if !v.Present() {
		v.Wrong(manifest.Map.String())
	}
	v.Object(func(o *manifest.Object) {
		action, _ := o.Required("action").Word("Allow", "Deny", "Log", "Pass")
		r.action = actions[action]
		protocol := l.readProtocol(o, &r)
		r.http = l.readHTTP(o.Field("http"), r.action, d, protocol)
		o.Field("metadata").Object(func(m *manifest.Object) {
			for _, e := range m.Field("annotations").Entries() {
				e.Value.Text()
			}
		})
		families := &families{version: r.version}
		for _, end := range []string{source, destination} {
			e := r.end(end)
			e.at = o.Field(end).Range()
			o.Field(end).Object(func(fields *manifest.Object) {
				l.readEntity(fields, e, families)
				l.readPorts(fields, e, protocol, end == destination)
				readService(fields, e, p, d, end)
			})
		}
	})
	return r
}

// protocol is a rule's protocol as it is written; the zero protocol is none.
type protocol struct {
	number uint8
	name   string // "" where it is a number
}

// named reports whether either is the protocol by its name. A number says
// nothing of the family of addresses (felix/rules/policy.go).
func named(name string, list ...protocol) bool {
	for _, p := range list {
		if p.name == name {
			return true
		}
	}
	return false
}

func (l *lifting) readProtocol(o *manifest.Object, r *rule) protocol {
	is, isNot := readProtocol(o.Field("protocol")), readProtocol(o.Field("notProtocol"))
	switch {
	case is.number != 0 && is.number == isNot.number:
		r.protocol = ir.Traffic{}
	case is.number != 0:
		r.protocol = protocolTraffic(is.number)
	case isNot.number != 0:
		r.protocol = otherTraffic(isNot.number)
	}
	messages := is.number == protocols["ICMP"] || is.number == protocols["ICMPv6"]
	r.icmp, r.notICMP = readICMP(o.Field("icmp"), messages), readICMP(o.Field("notICMP"), messages)
	version := o.Field("ipVersion")
	n, ok := version.Int(4, 6)
	switch r.version = int(n); {
	case !ok:
	case n == 5:
		version.Bad("is neither 4 nor 6", "")
	case n == 6 && named("ICMP", is, isNot), n == 4 && named("ICMPv6", is, isNot):
		version.Bad("is not that of the protocol", "ICMP is of IPv4 and ICMPv6 of IPv6. Calico's validator refuses the rule.")
	}
	return is
}

func readProtocol(v manifest.Value) protocol {
	if v.Kind() == manifest.Int {
		n, _ := v.Int(1, 255)
		return protocol{number: uint8(n)}
	}
	text, ok := v.Text()
	if !ok {
		return protocol{}
	}
	if n, known := protocols[text]; known {
		return protocol{n, text}
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || n == 0 {
		v.Bad("is no protocol", "A protocol is TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite, in these letters, or a number from 1 to 255.")
	}
	return protocol{number: uint8(n)}
}

func readICMP(v manifest.Value, messages bool) *icmp {
	var out *icmp
	v.Object(func(o *manifest.Object) {
		kind, hasKind := o.Field("type").Int(0, 254)
		code, hasCode := o.Field("code").Int(0, 255)
		switch {
		case !messages:
			v.Bad("stands in a rule that is not for ICMP", "Write protocol: ICMP or ICMPv6. Calico's validator refuses icmp without it, and Felix cannot program notICMP.")
		case hasCode && !hasKind:
			v.Bad("has a code and no type", "The kernel matches a code with its type only.")
		case hasKind:
			out = &icmp{int(kind), -1}
			if hasCode {
				out.code = int(code)
			}
		}
	})
	return out
}

// families are the address families that a rule's ranges have; all are of one.
type families struct{ version int }

// of takes in a range.
func (f *families) of(v manifest.Value, p netip.Prefix) {
	version := 4
	if p.Addr().Is6() {
		version = 6
	}
	if f.version != 0 && f.version != version {
		v.Bad("is not of the family of the rule's other ranges, or of its ipVersion", "A rule is for one family. Write a rule for each.")
	}
	f.version = version
}

func (l *lifting) readEntity(o *manifest.Object, e *entity, f *families) {
	e.selector = l.selector(o.Field("selector"), false, policyIgnored)
	e.notSelector = l.selector(o.Field("notSelector"), false, policyIgnored)
	e.namespaceSelector = l.selector(o.Field("namespaceSelector"), true, policyIgnored)
	o.Field("serviceAccounts").Object(func(a *manifest.Object) {
		e.accountSelector = l.selector(a.Field("selector"), false, "Felix leaves such a selector out, so that the rule matches more.")
		for _, v := range a.Field("names").Items() {
			name, ok := v.Text()
			if why := validation.IsDNS1123Subdomain(name); ok && why != nil {
				v.Bad("is no name of a service account", "Felix leaves a list with such a name out, so that the rule matches more.")
			}
			e.accounts = append(e.accounts, name)
		}
	})
	e.nets, e.restricted = l.readNets(o.Field("nets"), f)
	e.notNets, e.excepted = l.readNets(o.Field("notNets"), f)
	if e.excepted && (e.notNets.IPv4().Equal(set.AllIPv4()) || e.notNets.IPv6().Equal(set.AllIPv6())) {
		o.Field("notNets").Bad("leaves no address", "Felix drops such a rule, and Calico's validator refuses it from 3.31. Remove the rule.")
	}
}

// readNets reads ranges of addresses, and whether there are some. Unlike network
// sets, rules take no address alone and no host bits.
func (l *lifting) readNets(v manifest.Value, f *families) (set.Addresses, bool) {
	items := v.Items()
	l.within33(v, len(items), maxNets, "ranges")
	var out []netip.Prefix
	for _, item := range items {
		text, ok := item.Text()
		if !ok {
			continue
		}
		p, masked, err := set.ParsePrefix(text)
		if err != nil || masked || !strings.Contains(text, "/") {
			item.Bad("is no address range of a rule", "Calico's validator takes ranges without host bits, such as 10.0.0.0/8, and single addresses as 10.0.0.1/32.")
			continue
		}
		f.of(item, p)
		out = append(out, p)
	}
	return set.AddressesOf(out...), len(items) > 0
}

func (l *lifting) readPorts(o *manifest.Object, e *entity, p protocol, destination bool) {
	in, not := o.Field("ports"), o.Field("notPorts")
	e.ports, e.notPorts = l.portList(in, p), l.portList(not, p)
	refuse := func(v manifest.Value, why string) {
		v.Report(diag.RefusedField, fmt.Sprintf("%s has a port by name, which cannot be judged here.", v.Path()), why)
	}
	named := e.ports != nil && e.ports.names != nil
	if named && !destination {
		refuse(in, "The model knows names of destination ports only. Write the number.")
	}
	if named && e.notPorts != nil {
		refuse(in, "The number that a name stands for may be among notPorts. Write numbers.")
	}
	if e.notPorts != nil && e.notPorts.names != nil {
		refuse(not, "The model has no complement of a name. Write numbers.")
	}
}

func (l *lifting) portList(v manifest.Value, p protocol) *ports {
	items := v.Items()
	if len(items) == 0 {
		return nil
	}
	l.within33(v, len(items), maxPorts, "ports")
	out := &ports{}
	var ranges []set.PortRange
	for _, item := range items {
		r, name, ok := readPort(item)
		switch {
		case !ok:
		case name != "":
			out.names = append(out.names, name)
		default:
			ranges = append(ranges, r)
		}
	}
	out.numbers = set.PortsOf(ranges...)
	_, has := ported[p.number]
	if !has && !(p.number == 0 && ranges == nil && l.version.AtLeast(3, 32)) {
		v.Bad("stands in a rule without a protocol that has ports", "Write protocol: TCP, UDP or SCTP; for several, a rule for each. Calico's validator refuses the rule.")
	}
	return out
}

// readPort reads a number, a range first:last, or a name
// (api/pkg/lib/numorstring/port.go).
func readPort(v manifest.Value) (r set.PortRange, name string, ok bool) {
	if v.Kind() == manifest.Int {
		n, ok := v.Int(1, 65535)
		return set.PortRange{First: uint16(n), Last: uint16(n)}, "", ok
	}
	text, ok := v.Text()
	if !ok {
		return r, "", false
	}
	if validation.IsValidPortName(text) == nil {
		return r, text, true
	}
	first, last, isRange := strings.Cut(text, ":")
	if !isRange {
		last = first
	}
	a, err1 := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	if err1 != nil || err2 != nil || a == 0 || a > b {
		v.Bad("is no port", `A port is a number from 1 to 65535, a range such as "8000:8080", or the name of a port, in lower case and of at most 15 characters.`)
		return r, "", false
	}
	return set.PortRange{First: uint16(a), Last: uint16(b)}, "", true
}

// readService reads the Service that stands for an end. Felix does not put the
// policy's namespace in where none is written, and finds no endpoints.
func readService(o *manifest.Object, e *entity, p *policy, d ir.Direction, end string) {
	v := o.Field("services")
	if !v.Present() {
		return
	}
	if end != peerEnd(d) {
		v.Bad("stands at the governed end", "Calico takes services in an ingress rule's source and an egress rule's destination.")
	}
	beside := []string{"selector", "notSelector", "namespaceSelector", "serviceAccounts", "nets", "notNets"}
	if d == ir.Egress {
		beside = append(beside, "ports", "notPorts")
	}
	for _, name := range beside {
		if other := o.Field(name); other.Present() {
			other.Bad("stands beside services", "The Service's endpoints say the addresses, and at the destination the ports. Calico's validator refuses the rule.")
		}
	}
	v.Object(func(s *manifest.Object) {
		e.service = &service{}
		e.service.name, _ = s.Required("name").Text()
		e.service.namespace, _ = s.Field("namespace").Text()
		switch {
		case e.service.namespace != "":
		case p.namespace == "":
			s.Report(diag.MissingField, fmt.Sprintf("%s has no namespace.", s.Path()), "A global policy has none to take the Service from.")
		default:
			s.Report(diag.NoEffect, fmt.Sprintf("%s has no namespace and matches nothing.", s.Path()), "Felix does not take the policy's own. Write services.namespace.")
		}
	})
}
