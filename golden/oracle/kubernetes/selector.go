package kubernetes

import (
	"maps"
	"strconv"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
)

// selectors are the selectors of policies. Cyclonus evaluates selectors in its
// own way: NotIn is false of what lacks the key, and a label with an empty value
// is matched by none at all (cyclonus, pkg/kube/labelselector.go). Here
// Kubernetes's own code evaluates them (k8s.io/apimachinery, pkg/labels): in
// what cyclonus is given, each is one label that stands for it, which pods and
// namespaces have where it selects them.
type selectors []labels.Selector

// label gives the label that stands for the nth selector.
func label(n int) (key, value string) { return "selector-" + strconv.Itoa(n), "selects" }

// standIn puts labels in place of all selectors of a policy. Empty ones stay,
// and absent ones.
func (s *selectors) standIn(np *networkingv1.NetworkPolicy) error {
	all := []*metav1.LabelSelector{&np.Spec.PodSelector}
	add := func(list []networkingv1.NetworkPolicyPeer) {
		for _, p := range list {
			all = append(all, p.PodSelector, p.NamespaceSelector)
		}
	}
	for _, r := range np.Spec.Ingress {
		add(r.From)
	}
	for _, r := range np.Spec.Egress {
		add(r.To)
	}
	for _, one := range all {
		if one == nil || len(one.MatchLabels)+len(one.MatchExpressions) == 0 {
			continue
		}
		real, err := metav1.LabelSelectorAsSelector(one)
		if err != nil {
			return err
		}
		key, value := label(len(*s))
		*s = append(*s, real)
		*one = metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	}
	return nil
}

// of gives the labels that stand for the selectors of what has the labels.
func (s selectors) of(set map[string]string) map[string]string {
	out := map[string]string{}
	for n, one := range s {
		if one.Matches(labels.Set(set)) {
			key, value := label(n)
			out[key] = value
		}
	}
	return out
}

// namespaceLabels gives all labels of a pod's namespace, of which the control
// plane sets one.
func namespaceLabels(e *oracle.Endpoint) map[string]string {
	out := map[string]string{ir.NamespaceName: e.Namespace}
	maps.Copy(out, e.NamespaceLabels)
	return out
}
