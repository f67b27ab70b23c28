package kubernetes

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/random"
)

// DrawClusterPolicies draws ClusterNetworkPolicies that the standard channel
// takes, over the words of package random, for engines that enforce them. No two
// have one priority, as the API leaves open which of them is asked first.
func DrawClusterPolicies(t *rapid.T) []oracle.Document {
	priorities := rapid.Permutation([]int32{0, 1, 500, 1000}).Draw(t, "priorities")
	var out []oracle.Document
	for i := range rapid.IntRange(1, 3).Draw(t, "cluster policies") {
		name := fmt.Sprintf("cluster-policy-%d", i)
		text, err := yaml.Marshal(map[string]any{
			"apiVersion": v1alpha2.GroupVersion.String(), "kind": "ClusterNetworkPolicy",
			"metadata": map[string]any{"name": name}, "spec": drawSpec(t, priorities[i]),
		})
		if err != nil {
			panic(err)
		}
		out = append(out, oracle.Document{Source: "random " + name, Text: text})
	}
	return out
}

func drawSpec(t *rapid.T, priority int32) v1alpha2.ClusterNetworkPolicySpec {
	spec := v1alpha2.ClusterNetworkPolicySpec{
		Tier: pick(t, "tier", []v1alpha2.Tier{v1alpha2.AdminTier, v1alpha2.BaselineTier}), Priority: priority,
		Subject: v1alpha2.ClusterNetworkPolicySubject(drawPods(t)),
	}
	action := func() v1alpha2.ClusterNetworkPolicyRuleAction {
		return pick(t, "action", []v1alpha2.ClusterNetworkPolicyRuleAction{
			v1alpha2.ClusterNetworkPolicyRuleActionAccept, v1alpha2.ClusterNetworkPolicyRuleActionDeny, v1alpha2.ClusterNetworkPolicyRuleActionPass,
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "ingress") {
		r := v1alpha2.ClusterNetworkPolicyIngressRule{Action: action(), Protocols: drawProtocols(t)}
		for range rapid.IntRange(1, 2).Draw(t, "from") {
			r.From = append(r.From, drawPods(t))
		}
		spec.Ingress = append(spec.Ingress, r)
	}
	for range rapid.IntRange(0, 3).Draw(t, "egress") {
		r := v1alpha2.ClusterNetworkPolicyEgressRule{Action: action(), Protocols: drawProtocols(t)}
		for range rapid.IntRange(1, 2).Draw(t, "to") {
			r.To = append(r.To, drawEgressPeer(t, r.Protocols))
		}
		spec.Egress = append(spec.Egress, r)
	}
	return spec
}

func drawPods(t *rapid.T) v1alpha2.ClusterNetworkPolicyIngressPeer {
	namespaces := drawSelector(t, namespaceKeys())
	if rapid.Bool().Draw(t, "whole namespaces") {
		return v1alpha2.ClusterNetworkPolicyIngressPeer{Namespaces: &namespaces}
	}
	return v1alpha2.ClusterNetworkPolicyIngressPeer{Pods: &v1alpha2.NamespacedPod{NamespaceSelector: namespaces, PodSelector: drawSelector(t, random.PodKeys)}}
}

// drawEgressPeer draws pods or networks. These have no ports by name
// (network-policy-api, config/crd/experimental, x-kubernetes-validations).
func drawEgressPeer(t *rapid.T, protocols []v1alpha2.ClusterNetworkPolicyProtocol) v1alpha2.ClusterNetworkPolicyEgressPeer {
	named := false
	for _, p := range protocols {
		named = named || p.DestinationNamedPort != ""
	}
	if named || rapid.Bool().Draw(t, "pods") {
		pods := drawPods(t)
		return v1alpha2.ClusterNetworkPolicyEgressPeer{Namespaces: pods.Namespaces, Pods: pods.Pods}
	}
	var networks []v1alpha2.CIDR
	for _, b := range rapid.SliceOfNDistinct(rapid.SampledFrom(random.Blocks), 1, 2, func(b random.Block) string { return b.CIDR }).Draw(t, "networks") {
		networks = append(networks, v1alpha2.CIDR(b.CIDR))
	}
	return v1alpha2.ClusterNetworkPolicyEgressPeer{Networks: networks}
}

func drawProtocols(t *rapid.T) []v1alpha2.ClusterNetworkPolicyProtocol {
	var out []v1alpha2.ClusterNetworkPolicyProtocol
	for range rapid.IntRange(0, 2).Draw(t, "protocols") {
		port := &v1alpha2.Port{}
		if r := pick(t, "range", slices.Concat(random.PortRanges, [][2]uint16{{}})); r[0] != 0 {
			port.Range = &v1alpha2.PortRange{Start: int32(r[0]), End: int32(r[1])}
		} else {
			port.Number = int32(pick(t, "number", random.Ports))
		}
		var p v1alpha2.ClusterNetworkPolicyProtocol
		switch rapid.IntRange(0, 3).Draw(t, "protocol") {
		case 0:
			p.TCP = &v1alpha2.ClusterNetworkPolicyProtocolTCP{DestinationPort: port}
		case 1:
			p.UDP = &v1alpha2.ClusterNetworkPolicyProtocolUDP{DestinationPort: port}
		case 2:
			p.SCTP = &v1alpha2.ClusterNetworkPolicyProtocolSCTP{DestinationPort: port}
		case 3:
			p.DestinationNamedPort = pick(t, "name", random.PortNames).Name
		}
		out = append(out, p)
	}
	return out
}
