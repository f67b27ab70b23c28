package lower

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Lacking refuses what a rule asks for and the target, by its switches, does not
// have. A backend asks of rules as they come to be written, since flattening
// makes ranges of what were single ports.
func (r *Report) Lacking(rule *ir.Rule) {
	p := r.Target.Profile
	if rule.Origin.Kind == ir.FromAxiom {
		return
	}
	refuse := func(code diag.Code, what, name, nearest string) {
		r.Refuse(code, rule.Origin, fmt.Sprintf("%s has no %s (%s is %s)", p.Name(), what, name, cmp.Or(p.Switch(name), "unknown")), nearest)
	}
	t := rule.Traffic
	if p.Switch("end_port") == "false" && hasRanges(t) {
		refuse(diag.LacksPorts, "ranges of ports and enforces the first port of one only", "end_port", "List the ports one by one, name a port, or accept it as `widened`, which opens every port.")
	}
	if names := p.Switch("named_ports"); len(t.Named()) > 0 && (names == "wider" || names == "none") {
		what := map[string]string{"wider": "ports by name that open nothing else", "none": "ports by name"}[names]
		refuse(diag.LacksPorts, what, "named_ports", "Write the port's number, or accept it as `widened`, which opens every port.")
	}
	if _, sctp := t.Only(ir.SCTP); sctp && !t.IsAll() && p.Switch("sctp") == "false" {
		refuse(diag.CannotSay, "SCTP", "sctp", "Take `sctp` out of the rule.")
	}
	if p.Switch("http_rules") == "false" && t.Requests() != nil {
		refuse(diag.LacksHTTP, "HTTP rules", "http_rules", "Accept it as `widened`, or state the switch where the cluster does have them.")
	}
	if n, most := countPorts(t), p.MaxPorts(); most > 0 && n > most {
		r.Refuse(diag.OverBound, rule.Origin, fmt.Sprintf("it takes %d ports and ranges of ports, and %s has %d for one peer", n, p.Name(), most), "Write ranges, or fewer ports.")
	}
	names := t.Names() != nil
	for _, peer := range rule.Peers.List() {
		switch peer := peer.(type) {
		case ir.External:
			if p.Switch("ipv6") == "false" && !peer.Addresses.IPv6().IsEmpty() {
				refuse(diag.CannotSay, "ranges of IPv6", "ipv6", "Name IPv4 ranges only: of the world that is `cidr(\"0.0.0.0/0\")`.")
			}
		case ir.Names:
			names = true
		case ir.Nodes, ir.NodeLocal:
			if p.Switch("cidr_matches_nodes") == "false" {
				refuse(diag.CannotSay, "way to name nodes, which no selector and no address range matches", "cidr_matches_nodes", withoutNodes(rule.Origin))
			}
		case ir.Pods:
			if hosts := p.HostNetwork(); hosts != nil && peer.Labels.IsEverything() && peer.Namespace.Matches(hosts) {
				name := hosts[ir.NamespaceName]
				refuse(diag.CannotSay, "way to name these pods without the nodes, for whose network "+name+" stands", "host_network_namespace",
					"Declare `namespace \""+name+"\" { managed = false }` and take it out with `except`, or state the switch as false.")
			}
		case ir.AnyPeer, ir.RemotePods, ir.APIServer, ir.Infrastructure:
		}
	}
	if names && p.Switch("fqdn_rules") == "false" {
		code := diag.LacksFQDN
		if t.Names() != nil {
			code = diag.LacksDNS
		}
		refuse(code, "rules by DNS name", "fqdn_rules", "Give `cidrs` where the addresses are stable, or state the switch where the cluster does have them.")
	}
}

// withoutNodes says what to do where a rule cannot name nodes. A companion is
// not the author's to change.
func withoutNodes(o ir.Origin) string {
	switch {
	case o.Purpose == ir.ForProbes:
		return "Have `calico` or `cilium` beneath the mesh, or sidecars (`mesh = \"istio\"`), which probes reach at the pod's address."
	case o.Kind == ir.FromCompanion:
		return "Render for `calico` or `cilium`."
	}
	return "Take the nodes out of the rule, or render for `calico` or `cilium`."
}

// hasRanges reports more than one port in a row, but not every port.
func hasRanges(t ir.Traffic) bool {
	for _, p := range ir.Protocols {
		ports := t.Ports(p)
		if t.IsAll() || ports.IsAll() {
			continue
		}
		for _, r := range ports.Ranges() {
			if r.First < r.Last {
				return true
			}
		}
	}
	return false
}

// countPorts counts ports, ranges of ports and names, and protocols that have
// every port.
func countPorts(t ir.Traffic) int {
	n := len(t.Named())
	for _, p := range ir.Protocols {
		if !t.IsAll() {
			n += len(t.Ports(p).Ranges())
		}
	}
	return n
}

// LackingIn is Lacking for every rule of a program.
func (r *Report) LackingIn(p *ir.Program) {
	for _, d := range p.All() {
		r.Lacking(d.Rule)
	}
}

// needs is the features that a target has while a switch has none of the values.
var needs = []struct {
	feature Feature
	name    string
	without []string
}{
	{PortRanges, "end_port", []string{"false"}},
	{NamedPorts, "named_ports", []string{"wider", "none"}},
	{SCTP, "sctp", []string{"false"}},
	{FQDNPeers, "fqdn_rules", []string{"false"}},
	{DNSNames, "fqdn_rules", []string{"false"}},
	{HTTP, "http_rules", []string{"false"}},
	{HTTPRegex, "http_rules", []string{"false"}},
	{HTTPHosts, "http_rules", []string{"false"}},
	{HTTPHeaders, "http_rules", []string{"false"}},
	{GRPC, "http_rules", []string{"false"}},
}

// LackedBy gives the switch by which a profile lacks a feature that its engine
// has, as "name is value"; "" where it does not lack it.
func LackedBy(p profile.Profile, f Feature) string {
	for _, n := range needs {
		if value := p.Switch(n.name); n.feature == f && slices.Contains(n.without, value) {
			return n.name + " is " + value
		}
	}
	return ""
}
