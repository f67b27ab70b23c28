package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Draw draws NetworkPolicies that the API server takes, over the words of
// package random.
func Draw(t *rapid.T) []oracle.Document {
	var out []oracle.Document
	for i := range rapid.IntRange(1, 4).Draw(t, "policies") {
		np := drawPolicy(t, fmt.Sprintf("policy-%d", i))
		text, err := yaml.Marshal(np)
		if err != nil {
			panic(err)
		}
		out = append(out, oracle.Document{Source: "random " + np.Name, Text: text})
	}
	return out
}

func drawPolicy(t *rapid.T, name string) *networkingv1.NetworkPolicy {
	const in, out = networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress
	np := &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: pick(t, "namespace", random.Namespaces).Name},
	}
	np.Spec.PodSelector = drawSelector(t, random.PodKeys)
	np.Spec.PolicyTypes = pick(t, "types", [][]networkingv1.PolicyType{nil, nil, {in}, {out}, {in, out}, {in, in}})
	for range rapid.IntRange(0, 2).Draw(t, "ingress") {
		np.Spec.Ingress = append(np.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: drawPeers(t), Ports: drawPorts(t)})
	}
	for range rapid.IntRange(0, 2).Draw(t, "egress") {
		np.Spec.Egress = append(np.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: drawPeers(t), Ports: drawPorts(t)})
	}
	return np
}

func pick[T any](t *rapid.T, label string, from []T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

// drawSelector draws one over keys and their values, of which one may have none.
func drawSelector(t *rapid.T, keys map[string][]string) metav1.LabelSelector {
	var s metav1.LabelSelector
	key := func() string { return pick(t, "key", random.Keys(keys)) }
	values := func(key string) []string { return append([]string{random.Nothing, ""}, keys[key]...) }
	switch rapid.IntRange(0, 3).Draw(t, "selector") {
	case 0:
		return s
	case 1, 2:
		k := key()
		s.MatchLabels = map[string]string{k: pick(t, "value", values(k))}
	}
	for range rapid.IntRange(0, 2).Draw(t, "expressions") {
		e := metav1.LabelSelectorRequirement{Key: key(), Operator: pick(t, "operator", []metav1.LabelSelectorOperator{
			metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist,
		})}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			e.Values = rapid.SliceOfN(rapid.SampledFrom(values(e.Key)), 1, 2).Draw(t, "values")
		}
		s.MatchExpressions = append(s.MatchExpressions, e)
	}
	return s
}

// namespaceKeys is the keys of namespaces with the one that the control plane
// sets.
func namespaceKeys() map[string][]string {
	out := map[string][]string{}
	for key, values := range random.NamespaceKeys {
		out[key] = values
	}
	for _, ns := range random.Namespaces {
		out[ir.NamespaceName] = append(out[ir.NamespaceName], ns.Name)
	}
	return out
}

func drawPeers(t *rapid.T) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for range rapid.IntRange(0, 2).Draw(t, "peers") {
		var p networkingv1.NetworkPolicyPeer
		form := rapid.IntRange(0, 3).Draw(t, "peer")
		if form == 3 {
			b := pick(t, "block", random.Blocks)
			p.IPBlock = &networkingv1.IPBlock{CIDR: b.CIDR, Except: b.Except}
		}
		if form == 0 || form == 2 {
			s := drawSelector(t, random.PodKeys)
			p.PodSelector = &s
		}
		if form == 1 || form == 2 {
			s := drawSelector(t, namespaceKeys())
			p.NamespaceSelector = &s
		}
		out = append(out, p)
	}
	return out
}

func drawPorts(t *rapid.T) []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for range rapid.IntRange(0, 2).Draw(t, "ports") {
		var p networkingv1.NetworkPolicyPort
		if rapid.Bool().Draw(t, "says a protocol") {
			word := pick(t, "protocol", []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP})
			p.Protocol = &word
		}
		switch rapid.IntRange(0, 3).Draw(t, "port") {
		case 0:
		case 1:
			one := intstr.FromInt32(int32(pick(t, "number", random.Ports)))
			p.Port = &one
		case 2:
			r := pick(t, "range", random.PortRanges)
			first, last := intstr.FromInt32(int32(r[0])), int32(r[1])
			p.Port, p.EndPort = &first, &last
		case 3:
			named := pick(t, "name", random.PortNames)
			name, word := intstr.FromString(named.Name), protocols[named.Protocol]
			p.Port = &name
			if word != protocols[sem.TCP] && rapid.Bool().Draw(t, "of its protocol") {
				p.Protocol = &word
			}
		}
		out = append(out, p)
	}
	return out
}
