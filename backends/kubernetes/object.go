package kubernetes

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
)

// The identity of every object of this format.
const (
	apiVersion = "networking.k8s.io/v1"
	kind       = "NetworkPolicy"
)

// objects gives the policies of a bundle: one, or one for each namespace and
// conjunction of labels that its subject consists of.
func (l *lowering) objects(b lower.Bundle) []manifest.Object {
	parts, no := l.protect(b.Subject)
	if no != nil {
		l.refuseBundle(b, no)
		return nil
	}
	var out []manifest.Object
	for _, part := range parts {
		if o, some := l.object(b, part); some && !l.merged(o, part, b.Origins) {
			out = append(out, o)
		}
	}
	return out
}

// made is a policy with what it is made of.
type made struct {
	policy  *networkingv1.NetworkPolicy
	origins []ir.Origin
}

// merged adds a policy to that of the same pods, if there is one: a part of
// what one bundle is about may be what another is about. Policies of equal pods
// are a union.
func (l *lowering) merged(o manifest.Object, part protected, origins []ir.Origin) bool {
	np := o.Value.(*networkingv1.NetworkPolicy)
	key := o.Namespace + "/" + o.Name
	first, twice := l.made[key]
	if !twice || !reflect.DeepEqual(first.policy.Spec.PodSelector, np.Spec.PodSelector) {
		l.made[key] = &made{np, origins}
		return false
	}
	first.origins = slices.Concat(first.origins, origins)
	to := first.policy
	to.Annotations = lower.Annotations(part.subject, first.origins)
	to.Spec.Ingress = append(to.Spec.Ingress, np.Spec.Ingress...)
	to.Spec.Egress = append(to.Spec.Egress, np.Spec.Egress...)
	types := append(to.Spec.PolicyTypes, np.Spec.PolicyTypes...)
	slices.SortFunc(types, func(a, b networkingv1.PolicyType) int { return cmp.Compare(b, a) }) // Ingress first
	to.Spec.PolicyTypes = slices.Compact(types)
	return true
}

// refuseBundle refuses what a bundle says: where its subject is one that a
// default closes, the default alone, as without it nothing would have to be said.
func (l *lowering) refuseBundle(b lower.Bundle, no *refusal) {
	byDefault := func(o ir.Origin) bool { return o.Kind == ir.FromDefault }
	some := slices.ContainsFunc(b.Origins, byDefault)
	for _, o := range b.Origins {
		if byDefault(o) || !some {
			l.refuse(o, no)
		}
	}
}

// object gives the policy of one part of a bundle; false where nothing has to
// be said, or something that was refused.
//
// policyTypes is always written: without it a policy governs ingress whatever
// it holds, and egress only where it has egress rules
// (pkg/apis/networking/v1/defaults.go). It names the directions in which the
// bundle closes its subject or allows something of what is closed, no other: a
// direction that is named is closed.
func (l *lowering) object(b lower.Bundle, part protected) (manifest.Object, bool) {
	np := &networkingv1.NetworkPolicy{
		TypeMeta: metav1.TypeMeta{APIVersion: apiVersion, Kind: kind},
		Spec:     networkingv1.NetworkPolicySpec{PodSelector: part.selector},
	}
	spec := &np.Spec
	for _, e := range l.entries(ir.Ingress, b, part.namespace) {
		spec.Ingress = append(spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: e.peers.list, Ports: e.ports})
	}
	for _, e := range l.entries(ir.Egress, b, part.namespace) {
		spec.Egress = append(spec.Egress, networkingv1.NetworkPolicyEgressRule{To: e.peers.list, Ports: e.ports})
	}
	if len(spec.Ingress) > 0 || b.Isolate.Has(ir.Ingress) {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeIngress)
	}
	if len(spec.Egress) > 0 || b.Isolate.Has(ir.Egress) {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
	}
	if len(spec.PolicyTypes) == 0 {
		return manifest.Object{}, false
	}
	name, escaped := lower.Name(part.subject)
	np.ObjectMeta = metav1.ObjectMeta{
		Name: name, Namespace: part.namespace,
		Labels: lower.Labels(), Annotations: lower.Annotations(part.subject, b.Origins),
	}
	o := manifest.Object{APIVersion: apiVersion, Kind: kind, Namespace: part.namespace, Name: name, Value: np}
	if escaped {
		o.Comments = append(o.Comments, "The name stands for "+part.subject.Address+".")
	}
	return o, true
}

// entry is one rule of a policy. Without peers it has every peer, which only
// peers.any may say.
type entry struct {
	peers peers
	ports []networkingv1.NetworkPolicyPort
}

// entries gives the rules of a direction that has to be said, one for each rule
// of the bundle, by address.
func (l *lowering) entries(d ir.Direction, b lower.Bundle, namespace string) []entry {
	if !b.Closed.Has(d) {
		return nil
	}
	rules := slices.Clone(b.Rules(d))
	slices.SortStableFunc(rules, func(x, y ir.Rule) int {
		return cmp.Or(strings.Compare(x.Origin.Address, y.Origin.Address), strings.Compare(x.Peers.String(), y.Peers.String()),
			strings.Compare(x.Traffic.String(), y.Traffic.String()))
	})
	var out []entry
	kept := map[string]bool{} // what companions of several defaults say alike
	for i := range rules {
		r := &rules[i]
		if r.Action != ir.Allow || r.Mode != ir.Enforce {
			continue // refused before
		}
		if r.Origin.Kind == ir.FromCompanion {
			text := r.Peers.String() + " " + r.Traffic.String()
			if kept[text] {
				continue
			}
			kept[text] = true
		}
		ports, no := l.ports(r.Traffic)
		if no != nil {
			l.refuse(r.Origin, no)
		}
		peers, ok := l.peers(d, r, namespace)
		if no != nil || !ok || peers.none() {
			continue
		}
		out = append(out, entry{peers, ports})
	}
	return out
}
