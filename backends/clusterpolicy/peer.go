package clusterpolicy

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// selected is pods and the selection that has just these.
type selected struct {
	pods      ir.Pods
	selection Selection
}

// selections parts pods into sets that have a selection each; none where they
// have no such form, which was reported.
func (w *Writer) selections(r *ir.Rule, pods ir.Pods) []selected {
	if !pods.Account.IsAnything() {
		w.refuse(r, &refusal{diag.LacksIdentity,
			fmt.Sprintf("a ClusterNetworkPolicy selects pods by label and sees no service accounts (%s)", pods),
			"Give the workload `labels`, or render for `calico` or a mesh."})
		return nil
	}
	if !pods.Except.IsEmpty() {
		w.refuse(r, &refusal{diag.CannotSay, fmt.Sprintf("a ClusterNetworkPolicy selects pods by label, and not by some of their addresses (%s)", pods), "Select the pods by label."})
		return nil
	}
	spaces, n := lower.Conjunctions(lower.NamedNamespaces(pods.Namespace), maxParts)
	labels, m := lower.Conjunctions(pods.Labels, maxParts)
	if n > maxParts || m > maxParts || n*m > maxParts {
		w.refuse(r, overBound("selectors", max(n, m, n*m)))
		return nil
	}
	var out []selected
	for _, space := range spaces {
		for _, label := range labels {
			one := ir.AllPods()
			one.Namespace, one.Labels = space, label
			out = append(out, selected{one, selection(space, label)})
		}
	}
	return out
}

// selection says all pods of namespaces where that is asked of labels that they
// have. Without such a label engines match by `namespaces` what is in no
// namespace at all (projectcalico/calico,
// libcalico-go/lib/backend/k8s/conversion/clusternetworkpolicy.go; cilium/cilium,
// pkg/k8s/cluster_network_policy.go), and by `pods` pods only.
func selection(space, label ir.Selector) Selection {
	in := lower.LabelSelector(space)
	present := slices.ContainsFunc(space.Requirements(), func(r ir.Requirement) bool { return !r.Constraint.MatchesAbsent() })
	if label.IsEverything() && present {
		return Selection{Namespaces: &in}
	}
	return Selection{Pods: &NamespacedPods{NamespaceSelector: in, PodSelector: lower.LabelSelector(label)}}
}

// podPeers gives the pods among the peers of a rule; false where they have no
// form, which was reported.
func (w *Writer) podPeers(r *ir.Rule) ([]Peer, bool) {
	var out []Peer
	for _, pods := range r.Peers.Pods() {
		for _, part := range w.Inventory.Narrow(pods) {
			list := w.selections(r, part)
			if list == nil {
				return nil, false
			}
			for _, one := range list {
				out = append(out, Peer{Selection: one.selection})
			}
		}
	}
	return out, true
}

// networkPeers gives the networks of addresses. Networks have no exceptions, so
// that they are what exceptions leave.
func networkPeers(addresses set.Addresses) []Peer {
	var out []Peer
	var texts []string
	for _, p := range addresses.Prefixes() {
		texts = append(texts, p.String())
	}
	for i := 0; i*maxList < len(texts); i++ {
		out = append(out, Peer{Networks: chunk(texts, i)})
	}
	return out
}
