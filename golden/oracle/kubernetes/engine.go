// Package kubernetes is NetworkPolicy by Kubernetes's own code: what the API
// server decodes, defaults and takes, and, as Kubernetes enforces nothing itself,
// what the matcher of cyclonus, which tests CNIs for conformance, decides.
//
// ClusterNetworkPolicies are held to their definition. No code that decides
// them can be had as a module, and flows that one of them governs are not
// decided here.
package kubernetes

import (
	"strings"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Engine is Kubernetes with cyclonus.
type Engine struct{}

// New gives the engine.
func New() Engine { return Engine{} }

// Argued gives the differences that are no bugs: there are none.
func Argued() []oracle.Argued { return nil }

// Load gives what the NetworkPolicies among the documents decide, with the
// defaults that the API server sets. Documents of other kinds are passed over.
func (Engine) Load(p profile.Profile, c *oracle.Cluster, docs []oracle.Document) (oracle.Policy, error) {
	var native []*networkingv1.NetworkPolicy
	out := &policy{profile: p, cluster: c}
	for _, doc := range docs {
		objects, err := decode(doc)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			switch o := o.policy.(type) {
			case *networkingv1.NetworkPolicy:
				native = append(native, o)
				out.apart = out.apart || apart(p, o)
			case *v1alpha2.ClusterNetworkPolicy:
				out.governed = append(out.governed, o)
			}
		}
	}
	for _, np := range native {
		if err := out.selectors.standIn(np); err != nil {
			return nil, err
		}
	}
	out.whole = matcher.BuildNetworkPolicies(false, native)
	out.blockless = matcher.BuildNetworkPolicies(false, withoutBlocks(native))
	return out, nil
}

// withoutBlocks gives the policies without any ipBlock. A rule that has no other
// peers would be one for every peer, and is left out.
func withoutBlocks(policies []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	peers := func(list []networkingv1.NetworkPolicyPeer) (out []networkingv1.NetworkPolicyPeer, some bool) {
		for _, p := range list {
			if p.IPBlock == nil {
				out = append(out, p)
			}
		}
		return out, len(list) == 0 || len(out) > 0
	}
	var out []*networkingv1.NetworkPolicy
	for _, np := range policies {
		np = np.DeepCopy()
		ingress, egress := np.Spec.Ingress, np.Spec.Egress
		np.Spec.Ingress, np.Spec.Egress = nil, nil
		for _, r := range ingress {
			var some bool
			if r.From, some = peers(r.From); some {
				np.Spec.Ingress = append(np.Spec.Ingress, r)
			}
		}
		for _, r := range egress {
			var some bool
			if r.To, some = peers(r.To); some {
				np.Spec.Egress = append(np.Spec.Egress, r)
			}
		}
		out = append(out, np)
	}
	return out
}

// apart reports whether a policy has something that a switch of the profile
// takes out of what the API says.
func apart(p profile.Profile, np *networkingv1.NetworkPolicy) bool {
	lacks := func(name, api string) bool { return p.Switch(name) != api }
	ports := func(list []networkingv1.NetworkPolicyPort) bool {
		for _, q := range list {
			if q.EndPort != nil && lacks("end_port", "true") || q.Port != nil && q.Port.StrVal != "" && lacks("named_ports", "own") ||
				*q.Protocol == "SCTP" && lacks("sctp", "true") {
				return true
			}
		}
		return false
	}
	peers := func(list []networkingv1.NetworkPolicyPeer) bool {
		for _, q := range list {
			if q.IPBlock != nil && strings.Contains(q.IPBlock.CIDR, ":") && lacks("ipv6", "true") {
				return true
			}
		}
		return false
	}
	for _, r := range np.Spec.Ingress {
		if ports(r.Ports) || peers(r.From) {
			return true
		}
	}
	for _, r := range np.Spec.Egress {
		if ports(r.Ports) || peers(r.To) {
			return true
		}
	}
	return false
}
