package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

var apiProtocol = map[ir.Protocol]corev1.Protocol{ir.TCP: corev1.ProtocolTCP, ir.UDP: corev1.ProtocolUDP, ir.SCTP: corev1.ProtocolSCTP}

// ports gives the ports of a rule; none means every protocol and port, and is
// given for all traffic only. The protocol is always written: without it a port
// is TCP (pkg/apis/networking/v1/defaults.go), so that `ports: [{}]` is not
// every protocol.
func (l *lowering) ports(t ir.Traffic) ([]networkingv1.NetworkPolicyPort, *refusal) {
	if r := l.unsayableTraffic(t); r != nil {
		return nil, r
	}
	if t.IsAll() {
		return nil, nil
	}
	var out []networkingv1.NetworkPolicyPort
	for _, p := range ir.Protocols {
		out = append(out, portsOf(t, p)...)
	}
	switch {
	case len(out) == 0:
		panic("kubernetes: a rule without traffic would be one with all traffic")
	case len(out) > maxParts:
		return nil, overBound("ports and port ranges", len(out))
	}
	return out, nil
}

func portsOf(t ir.Traffic, p ir.Protocol) []networkingv1.NetworkPolicyPort {
	protocol := apiProtocol[p]
	numbers := t.Ports(p)
	if numbers.IsAll() {
		return []networkingv1.NetworkPolicyPort{{Protocol: &protocol}}
	}
	var out []networkingv1.NetworkPolicyPort
	for _, r := range numbers.Ranges() {
		first := intstr.FromInt32(int32(r.First))
		port := networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &first}
		if r.Last != r.First {
			last := int32(r.Last)
			port.EndPort = &last
		}
		out = append(out, port)
	}
	for _, n := range t.Named() {
		if n.Protocol == p {
			name := intstr.FromString(n.Name)
			out = append(out, networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &name})
		}
	}
	return out
}

// unsayableTraffic refuses what a NetworkPolicy cannot restrict.
func (l *lowering) unsayableTraffic(t ir.Traffic) *refusal {
	if requests := t.Requests(); requests != nil {
		for _, r := range requests {
			if r.GRPC {
				return &refusal{diag.LacksGRPC, "native NetworkPolicy reads no requests, and would allow every gRPC method",
					l.target.ForRequests("Add a mesh (`mesh = \"istio\"`), render for `cilium`, or accept it as `widened`.")}
			}
		}
		return &refusal{diag.LacksHTTP, "native NetworkPolicy reads no requests, and would allow every HTTP request",
			l.target.ForRequests("Add a mesh (`mesh = \"istio\"`), render for `cilium`, or accept it as `widened`.")}
	}
	if t.Names() != nil {
		return &refusal{diag.LacksDNS, "native NetworkPolicy does not read DNS queries, and would let every name be resolved",
			"Render for `cilium`, or accept it as `widened`."}
	}
	if v4, v6 := t.ICMP(); !t.IsAll() && (!v4.IsEmpty() || !v6.IsEmpty()) {
		return &refusal{diag.LacksICMP, "what native NetworkPolicy does with ICMP is left to the CNI",
			"Render for `calico` or `cilium`, or give ICMP a rule of its own and accept that as `narrowed`, which takes it out."}
	}
	return nil
}

func overBound(what string, n int) *refusal {
	return &refusal{diag.OverBound, fmt.Sprintf("it takes %d %s, and %d is the most that is rendered", n, what, maxParts),
		"Write it as several rules, or with fewer alternatives."}
}
