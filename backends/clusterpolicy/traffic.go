package clusterpolicy

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// protocols gives the ports by number and by name of a rule that has not all
// traffic.
func protocols(t ir.Traffic) (numbers, names []Protocol, no *refusal) {
	if no := unsayableTraffic(t); no != nil || t.IsAll() {
		return nil, nil, no
	}
	for _, p := range ir.Protocols {
		for _, r := range t.Ports(p).Ranges() {
			port := Port{Number: int32(r.First)}
			if r.First < r.Last { // a range of one port is not valid
				port = Port{Range: &PortRange{int32(r.First), int32(r.Last)}}
			}
			numbers = append(numbers, transport(p, port))
		}
	}
	for _, n := range t.Named() {
		if n.Protocol != ir.TCP {
			continue
		}
		names = append(names, Protocol{NamedPort: n.Name})
	}
	if n := len(numbers) + len(names); n > maxParts {
		return nil, nil, overBound("ports and port ranges", n)
	}
	return numbers, names, nil
}

func transport(p ir.Protocol, port Port) Protocol {
	t := &Transport{port}
	switch p {
	case ir.UDP:
		return Protocol{UDP: t}
	case ir.SCTP:
		return Protocol{SCTP: t}
	case ir.TCP:
	}
	return Protocol{TCP: t}
}

// unsayableTraffic refuses what a ClusterNetworkPolicy cannot restrict.
func unsayableTraffic(t ir.Traffic) *refusal {
	if requests := t.Requests(); requests != nil {
		code, what := diag.LacksHTTP, "HTTP request"
		if slices.ContainsFunc(requests, func(r ir.Request) bool { return r.GRPC }) {
			code, what = diag.LacksGRPC, "gRPC method"
		}
		return &refusal{code, "a ClusterNetworkPolicy reads no requests, and would be for every " + what,
			"Write the rule outside tiers, or add a mesh (`mesh = \"istio\"`)."}
	}
	if t.Names() != nil {
		return &refusal{diag.LacksDNS, "a ClusterNetworkPolicy does not read DNS queries, and would be for every name",
			"Write the rule outside tiers, and render for `cilium`."}
	}
	if v4, v6 := t.ICMP(); !t.IsAll() && (!v4.IsEmpty() || !v6.IsEmpty()) {
		return &refusal{diag.LacksICMP, "a ClusterNetworkPolicy has ports, or all traffic with ICMP, and no ICMP alone",
			"Leave ICMP out of the rule, or name no protocol, which is all traffic."}
	}
	for _, n := range t.Named() {
		for _, p := range ir.Protocols {
			if !slices.Contains(t.Named(), ir.NamedPort{Protocol: p, Name: n.Name}) {
				return &refusal{diag.LacksPorts, fmt.Sprintf("a port by name has no protocol in a ClusterNetworkPolicy, so that %q would be for %s too", n.Name, p),
					"Give the port's number, or declare it in the workload's `ports`."}
			}
		}
	}
	return nil
}
