package cilium

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cilium/cilium/pkg/policy/api"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// The agent's own bounds on one list (pkg/policy/api/rule_validation.go).
const maxPorts, maxICMPFields = 40, 40

// layer4 is the traffic of one list item: ports or ICMP messages, which no item
// has both of, or with all everything. An item with neither would be for
// everything too, so that it has to be said.
type layer4 struct {
	all   bool
	ports api.PortRules
	icmps api.ICMPRules
}

// protocols is how Cilium calls the protocols. It takes no lower case.
var protocols = map[ir.Protocol]api.L4Proto{ir.TCP: api.ProtoTCP, ir.UDP: api.ProtoUDP, ir.SCTP: api.ProtoSCTP}

// traffic gives the items' traffic, an item for ports and one for ICMP. proxied
// says that DNS is to pass Cilium's proxy, all names allowed; servers are the
// names that TLS has to ask for one of.
func (l *lowering) traffic(r *ir.Rule, d ir.Direction, proxied bool, servers []ir.Name) ([]layer4, *refusal) {
	t := r.Traffic
	if r.Subject.Kind == ir.SubjectNodes {
		if ref := hostTraffic(r); ref != nil {
			return nil, ref
		}
	}
	sni, ref := l.serverNames(r, servers)
	if ref != nil {
		return nil, ref
	}
	if t.IsAll() {
		if ref := unrestricted(t); ref != nil {
			return nil, ref
		}
		out := []layer4{{all: true}}
		if exact := slices.Concat(l.unrestricting(r, d, ir.TCP), l.unrestricting(r, d, ir.UDP)); exact != nil {
			out = append(out, layer4{ports: chunks(exact, nil)})
		}
		return out, nil
	}
	if ref := l.restrictable(r, d); ref != nil {
		return nil, ref
	}
	var out []layer4
	ports, ref := l.portRules(r, d, proxied)
	if ref != nil {
		return nil, ref
	}
	for i := range ports {
		ports[i].ServerNames = sni
	}
	if len(ports) > 0 {
		out = append(out, layer4{ports: ports})
	}
	icmps, ref := icmpRules(t)
	if ref != nil {
		return nil, ref
	}
	if len(icmps) > 0 {
		out = append(out, layer4{icmps: icmps})
	}
	if len(out) == 0 {
		panic("cilium: a rule without traffic: " + r.Origin.Address)
	}
	return out, nil
}

// unrestricted refuses restrictions on what has no ports to put them on.
func unrestricted(t ir.Traffic) *refusal {
	switch {
	case t.Requests() != nil:
		return &refusal{lacksRequests(t.Requests()), "Cilium restricts requests on TCP ports only, and the rule is for every protocol", "Name the ports: `tcp = [...]`."}
	case t.Names() != nil:
		return &refusal{diag.LacksDNS, "Cilium restricts DNS names on named ports only, and the rule is for every protocol", "Name the ports: `udp = [53]`, `tcp = [53]`."}
	}
	return nil
}

// denyWithin says what to do about a deny of requests. What comes to the CNI of a
// stack is what its mesh does not see.
func denyWithin(role lower.Role) string {
	const allow = "Allow the requests that are wanted instead of denying the others"
	if role == lower.WithMesh {
		return allow + ": the mesh has denies for what arrives in it only."
	}
	return allow + ", or leave the deny to a mesh (`mesh = \"istio\"`)."
}

// restrictable refuses requests and names where Cilium has no rules for them.
func (l *lowering) restrictable(r *ir.Rule, d ir.Direction) *refusal {
	requests, names := r.Traffic.Requests(), r.Traffic.Names()
	switch {
	case requests != nil && r.Action != ir.Allow:
		return &refusal{lacksRequests(requests), "Cilium's deny rules have no requests and would deny the whole port",
			denyWithin(l.target.Role)}
	case names != nil && r.Action != ir.Allow:
		return &refusal{diag.LacksDNS, "Cilium's deny rules have no DNS names and would deny every query", "Allow the names that are wanted instead."}
	case names != nil && d == ir.Ingress:
		return &refusal{diag.LacksDNS, "Cilium restricts DNS names where they are asked for, in the client's egress only", "Close the client's egress and leave `at` out."}
	case requests != nil && names != nil:
		return &refusal{diag.LacksDNS, "one rule of Cilium restricts requests or DNS names, not both", "Write two rules."}
	}
	return nil
}

// portRules gives the ports of all protocols. Those that are restricted to
// requests or names stand in port rules of their own, first.
func (l *lowering) portRules(r *ir.Rule, d ir.Direction, proxied bool) (api.PortRules, *refusal) {
	var plain, dns []api.PortProtocol
	var out api.PortRules
	for _, protocol := range ir.Protocols {
		one, ok := r.Traffic.Only(protocol)
		if !ok {
			continue
		}
		if ref := l.nameablePorts(one.Named(), d); ref != nil {
			return nil, ref
		}
		numbers := one.Ports(protocol)
		switch {
		case one.Requests() != nil:
			rules, ref := l.httpRules(r, d)
			if ref != nil {
				return nil, ref
			}
			out = append(out, chunks(append(numbered(protocol, numbers, true), named(protocol, one)...), rules)...)
			continue
		case (r.Traffic.Names() != nil || proxied) && protocol != ir.SCTP:
			if len(one.Named()) > 0 {
				return nil, &refusal{diag.LacksDNS, fmt.Sprintf("whether port %q is that of DNS is not known", one.Named()[0].Name), "Write the port's number."}
			}
			asked := set.SinglePort(l.dnsPort())
			dns = append(dns, numbered(protocol, numbers.Intersect(asked), false)...)
			numbers = numbers.Subtract(asked)
		default:
			if ref := l.notOfDNS(r, d, one.Named()); ref != nil {
				return nil, ref
			}
			plain = append(plain, l.unrestricting(r, d, protocol)...)
		}
		plain = append(append(plain, numbered(protocol, numbers, false)...), named(protocol, one)...)
	}
	if len(dns) > 0 {
		rules, ref := l.dnsRules(r.Traffic.Names())
		if ref != nil {
			return nil, ref
		}
		out = append(out, chunks(dns, rules)...)
	}
	out = append(out, chunks(plain, nil)...)
	n := 0
	for _, rule := range out {
		n += len(rule.Ports)
	}
	if n > maxParts {
		return nil, overBound("ports and port ranges", n, maxParts)
	}
	return out, nil
}

// unrestricting gives the port of DNS where a rule is for it among others and has
// to name it: another restricts names there, and of plain rules only one for
// exactly that port lifts this (pkg/fqdn/dnsproxy/proxy.go CheckAllowed).
func (l *lowering) unrestricting(r *ir.Rule, d ir.Direction, p ir.Protocol) []api.PortProtocol {
	if d != ir.Egress || len(l.naming) == 0 || r.Action != ir.Allow || p == ir.SCTP || !r.Traffic.Transport().Contains(l.dnsOver(p)) {
		return nil
	}
	if slices.ContainsFunc(r.Traffic.Ports(p).Ranges(), func(x set.PortRange) bool { return x.First == x.Last && x.First == l.dnsPort() }) {
		return nil
	}
	query := *r
	query.Traffic = l.dnsOver(p)
	if slices.ContainsFunc(l.naming, func(o *ir.Rule) bool { return lower.Overlap(l.program, &query, o) }) {
		return numbered(p, set.SinglePort(l.dnsPort()), false)
	}
	return nil
}

// notOfDNS refuses names of destinations' ports for pods that may ask for some
// DNS names only: the number may be the port of DNS, where it would lift that.
func (l *lowering) notOfDNS(r *ir.Rule, d ir.Direction, named []ir.NamedPort) *refusal {
	if d != ir.Egress || r.Action != ir.Allow || len(named) == 0 {
		return nil
	}
	i := slices.IndexFunc(l.naming, func(o *ir.Rule) bool { return o.Subject.Pods.Overlaps(r.Subject.Pods) })
	if i < 0 {
		return nil
	}
	return &refusal{diag.LacksPorts,
		fmt.Sprintf("port %q is declared by no workload of the rule and may be that of DNS, where rule %q restricts names for the same pods", named[0].Name, l.naming[i].Origin.Address),
		"Declare the port in the destination's `ports`, or write its number."}
}

// restrictingNames gives the allows that let only some names be asked for.
func restrictingNames(egress *ir.Stage) []*ir.Rule {
	var out []*ir.Rule
	for _, level := range egress.Levels {
		for i := range level.Rules {
			if r := &level.Rules[i]; r.Action == ir.Allow && r.Traffic.Names() != nil {
				out = append(out, r)
			}
		}
	}
	return out
}

// numbered gives port numbers. "0" is every port, but takes no requests.
func numbered(p ir.Protocol, ports set.Ports, restricted bool) []api.PortProtocol {
	if ports.IsAll() && !restricted {
		return []api.PortProtocol{{Port: "0", Protocol: protocols[p]}}
	}
	var out []api.PortProtocol
	for _, r := range ports.Ranges() {
		one := api.PortProtocol{Port: strconv.Itoa(int(r.First)), Protocol: protocols[p]}
		if r.Last != r.First {
			one.EndPort = int32(r.Last)
		}
		out = append(out, one)
	}
	return out
}

func named(p ir.Protocol, t ir.Traffic) []api.PortProtocol {
	var out []api.PortProtocol
	for _, n := range t.Named() {
		out = append(out, api.PortProtocol{Port: n.Name, Protocol: protocols[p]})
	}
	return out
}

// nameablePorts refuses names of destinations' ports where Cilium has one
// number per name for the whole cluster and drops the rule when pods disagree
// (CHANGELOG.md, 1.20: egress named ports per destination). An ingress name is
// the subject's own.
func (l *lowering) nameablePorts(named []ir.NamedPort, d ir.Direction) *refusal {
	if len(named) == 0 || d == ir.Ingress || l.target.Profile.Version.AtLeast(1, 20) {
		return nil
	}
	return &refusal{diag.LacksPorts,
		fmt.Sprintf("before 1.20 Cilium knows a port's name in egress only if all pods of the cluster agree on its number, and %q is declared by no workload of the rule", named[0].Name),
		"Declare the port in the destination's `ports`, write its number, or render for `cilium@1.20`."}
}

// chunks puts ports into rules of as many as one may have.
func chunks(ports []api.PortProtocol, rules *api.L7Rules) api.PortRules {
	var out api.PortRules
	for part := range slices.Chunk(ports, maxPorts) {
		out = append(out, api.PortRule{Ports: part, Rules: rules.DeepCopy()})
	}
	return out
}

// icmpRules gives the ICMP messages of both families.
func icmpRules(t ir.Traffic) (api.ICMPRules, *refusal) {
	v4, v6 := t.ICMP()
	var fields []api.ICMPField
	for _, f := range []struct {
		family string
		types  ir.ICMP
	}{{api.IPv4Family, v4}, {api.IPv6Family, v6}} {
		if f.types.IsAny() {
			return nil, &refusal{diag.LacksICMP, "Cilium has no way to say every ICMP type",
				"Name the types: `icmp = [8]` is ping, whose replies need no rule, and `icmpv6 = [128]` is that of IPv6. A rule for every protocol and port has ICMP too."}
		}
		for _, x := range f.types.Types() {
			switch {
			case x.Code >= 0:
				return nil, &refusal{diag.LacksICMP, fmt.Sprintf("Cilium knows ICMP types and no codes, and the rule is for %d/%d", x.Type, x.Code),
					fmt.Sprintf("Write the type alone (`%d`) if every code of it will do.", x.Type)}
			case x.Type == 0:
				// The type is kept as a port, of which 0 is every one
				// (pkg/policy/api/icmp.go PortProtocol). Upstream holds that for a
				// mistake, so that it is not used for "every type" either.
				return nil, &refusal{diag.LacksICMP, "Cilium takes ICMP type 0 for every type of the family",
					"Leave type 0 out: echo replies are replies, which are always allowed."}
			}
			value := intstr.FromInt32(int32(x.Type))
			fields = append(fields, api.ICMPField{Family: f.family, Type: &value})
		}
	}
	var out api.ICMPRules
	for part := range slices.Chunk(fields, maxICMPFields) {
		out = append(out, api.ICMPRule{Fields: part})
	}
	return out, nil
}
