package kubernetes

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// protected is a set of pods that one NetworkPolicy selects.
type protected struct {
	namespace string
	selector  metav1.LabelSelector
	subject   ir.Subject
}

// protect parts a subject into sets that one policy selects: a policy reaches
// one namespace, and its selector is a conjunction. Parts are named by what they
// are, so that no part's name hangs on another.
func (l *lowering) protect(s ir.Subject) ([]protected, *refusal) {
	if !s.Pods.Account.IsAnything() {
		return nil, byAccount(s.Pods)
	}
	namespaces, r := l.namespaces(s)
	if r != nil {
		return nil, r
	}
	ways, r := alternatives(s.Pods.Labels)
	if r != nil {
		return nil, r
	}
	var out []protected
	for _, ns := range namespaces {
		for _, way := range ways {
			part := ir.InNamespace(ns.Name)
			part.Labels = way
			out = append(out, protected{ns.Name, lower.LabelSelector(way), l.partOf(s, part, ns)})
		}
	}
	return out, nil
}

// partOf gives the subject that a part of s is best known as.
func (l *lowering) partOf(s ir.Subject, part ir.Pods, ns *ir.Namespace) ir.Subject {
	known := l.program.Inventory.Narrow(s.Pods)
	switch {
	case len(known) == 1 && part.Equal(known[0]):
		return s
	case part.IsNamespace():
		return ir.Subject{Pods: part, Address: ns.Address, Kind: ir.SubjectNamespace}
	}
	for _, w := range l.program.Inventory.Workloads {
		if w.Namespace == ns.Name && w.Pods.Equal(part) {
			return ir.Subject{Pods: part, Address: w.Address, Kind: ir.SubjectWorkload}
		}
	}
	return ir.Subject{Pods: part, Address: part.String(), Kind: ir.SubjectInline}
}

// namespaces gives the declared namespaces that the pods are in, all of them
// ours to write to.
func (l *lowering) namespaces(s ir.Subject) ([]*ir.Namespace, *refusal) {
	inv := &l.program.Inventory
	parts, beyond := inv.Declared(s.Pods)
	if beyond {
		return nil, &refusal{diag.CannotSay,
			fmt.Sprintf("a NetworkPolicy reaches one namespace, and %q takes in namespaces that are not declared", s.Address),
			"Declare the namespaces, each of which is then closed, or render for `calico` or `cilium`, which have policies for the whole cluster." + l.orClosedEgress()}
	}
	var out []*ir.Namespace
	for _, p := range parts {
		if !p.Namespace.Managed {
			return nil, &refusal{diag.CannotSay,
				fmt.Sprintf("a NetworkPolicy stands in the namespace that it protects, and %q is not managed", p.Namespace.Name),
				"Set `managed = true` on the namespace, or take it out of the rule."}
		}
		out = append(out, p.Namespace)
	}
	return out, nil
}

// orClosedEgress says what ClusterNetworkPolicy would close, where the target's
// engine may have it.
func (l *lowering) orClosedEgress() string {
	if l.target.Profile.On(clusterPolicies) {
		return ""
	}
	return "\nWhere the cluster enforces ClusterNetworkPolicy, `switches = { " + clusterPolicies + " = true }` on the target closes egress there, and no ingress."
}

func byAccount(pods ir.Pods) *refusal {
	return &refusal{diag.LacksIdentity,
		fmt.Sprintf("native NetworkPolicy selects pods by label and sees no service accounts (%s)", pods),
		"Give the workload `labels`, or render for `calico`, `cilium` or a mesh."}
}

// alternatives gives conjunctions whose union is the selector.
func alternatives(s ir.Selector) ([]ir.Selector, *refusal) {
	ways, n := lower.Conjunctions(s, maxParts)
	if n > maxParts {
		return nil, overBound("label selectors", n)
	}
	return ways, nil
}
