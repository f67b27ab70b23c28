package kubernetes

import (
	"net/netip"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	apivalidation "k8s.io/apimachinery/pkg/util/validation"
)

type failing interface {
	Helper()
	Errorf(format string, args ...any)
}

// validate applies the API server's checks (kubernetes/kubernetes
// pkg/apis/networking/validation/validation.go), strict CIDRs included, and our
// own: nothing is left to defaults.
func validate(t failing, np *networkingv1.NetworkPolicy) {
	t.Helper()
	fail := func(format string, args ...any) { t.Helper(); t.Errorf(np.Name+": "+format, args...) }
	if np.APIVersion != "networking.k8s.io/v1" || np.Kind != "NetworkPolicy" {
		fail("is a %s %s", np.APIVersion, np.Kind)
	}
	for _, e := range append(apivalidation.IsDNS1123Label(np.Name), apivalidation.IsDNS1123Label(np.Namespace)...) {
		fail("name: %s", e)
	}
	checkSelector(fail, &np.Spec.PodSelector)
	types := np.Spec.PolicyTypes
	if len(types) == 0 || len(types) > 2 || len(types) == 2 && types[0] == types[1] {
		fail("policyTypes %v", types)
	}
	if len(np.Spec.Ingress) > 0 && !slices.Contains(types, networkingv1.PolicyTypeIngress) ||
		len(np.Spec.Egress) > 0 && !slices.Contains(types, networkingv1.PolicyTypeEgress) {
		fail("rules of a direction that policyTypes %v does not have", types)
	}
	for _, r := range np.Spec.Ingress {
		checkRule(fail, r.From, r.Ports)
	}
	for _, r := range np.Spec.Egress {
		checkRule(fail, r.To, r.Ports)
	}
}

func checkRule(fail func(string, ...any), peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
	for _, p := range peers {
		selectors := p.NamespaceSelector != nil || p.PodSelector != nil
		if selectors == (p.IPBlock != nil) {
			fail("a peer is selectors or an ipBlock: %v", p)
		}
		for _, s := range []*metav1.LabelSelector{p.NamespaceSelector, p.PodSelector} {
			if s != nil {
				checkSelector(fail, s)
			}
		}
		if p.IPBlock != nil {
			checkBlock(fail, p.IPBlock)
		}
	}
	for _, p := range ports {
		if p.Protocol == nil || !slices.Contains([]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}, *p.Protocol) {
			fail("a port without a protocol would be TCP: %v", p)
		}
		switch {
		case p.Port == nil:
			if p.EndPort != nil {
				fail("endPort without port")
			}
		case p.Port.Type == intstr.String:
			if len(apivalidation.IsValidPortName(p.Port.StrVal)) > 0 || p.EndPort != nil {
				fail("port name %q", p.Port.StrVal)
			}
		default:
			if len(apivalidation.IsValidPortNum(int(p.Port.IntVal))) > 0 || p.EndPort != nil && (*p.EndPort < p.Port.IntVal || *p.EndPort > 65535) {
				fail("port %v to %v", p.Port, p.EndPort)
			}
		}
	}
}

func checkBlock(fail func(string, ...any), b *networkingv1.IPBlock) {
	cidr, err := netip.ParsePrefix(b.CIDR)
	if err != nil || cidr.Masked().String() != b.CIDR {
		fail("cidr %q is not canonical", b.CIDR)
	}
	for _, e := range b.Except {
		except, err := netip.ParsePrefix(e)
		if err != nil || except.Masked().String() != e || !cidr.Contains(except.Addr()) || except.Bits() <= cidr.Bits() {
			fail("except %q is no strict part of %q", e, b.CIDR)
		}
	}
}

var labelValue = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)

func checkSelector(fail func(string, ...any), s *metav1.LabelSelector) {
	for k, v := range s.MatchLabels {
		if len(apivalidation.IsQualifiedName(k)) > 0 || !labelValue.MatchString(v) {
			fail("label %q=%q", k, v)
		}
	}
	for _, e := range s.MatchExpressions {
		listed := e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn
		if len(apivalidation.IsQualifiedName(e.Key)) > 0 || listed != (len(e.Values) > 0) {
			fail("expression %v", e)
		}
		for _, v := range e.Values {
			if !labelValue.MatchString(v) {
				fail("label value %q", v)
			}
		}
	}
	if _, err := metav1.LabelSelectorAsSelector(s); err != nil {
		fail("selector: %v", err)
	}
}
