package kubernetes

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
			out = append(out, protected{ns.Name, labelSelector(way), l.partOf(s, part, ns)})
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
			"Declare the namespaces, each of which is then closed, or render for `calico` or `cilium`, which have policies for the whole cluster."}
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

func byAccount(pods ir.Pods) *refusal {
	return &refusal{diag.LacksIdentity,
		fmt.Sprintf("native NetworkPolicy selects pods by label and sees no service accounts (%s)", pods),
		"Give the workload `labels`, or render for `calico`, `cilium` or a mesh."}
}

// alternatives gives conjunctions whose union is the selector: no operator says
// "absent, or one of these", so it becomes both.
func alternatives(s ir.Selector) ([]ir.Selector, *refusal) {
	ways := []ir.Selector{{}}
	for _, req := range s.Requirements() {
		list := []ir.Constraint{req.Constraint}
		if form, values := req.Constraint.Form(); form == ir.FormAbsentOr {
			list = []ir.Constraint{ir.Absent(), ir.OneOf(values...)}
		}
		var next []ir.Selector
		for _, way := range ways {
			for _, c := range list {
				one, _ := ir.Select(ir.Requirement{Key: req.Key, Constraint: c})
				both, _ := way.And(one)
				next = append(next, both)
			}
		}
		if ways = next; len(ways) > maxParts {
			return nil, overBound("label selectors", len(ways))
		}
	}
	return ways, nil
}

// labelSelector writes a selector of which no requirement is a union: exact
// values as matchLabels, the rest as matchExpressions. NotIn is satisfied by
// absence (apimachinery labels.Requirement.Matches), so "present and not these"
// is two expressions.
func labelSelector(s ir.Selector) metav1.LabelSelector {
	var out metav1.LabelSelector
	add := func(key string, op metav1.LabelSelectorOperator, values []string) {
		out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: slices.Clone(values)})
	}
	for _, r := range s.Requirements() {
		switch form, values := r.Constraint.Form(); form {
		case ir.FormIn:
			if len(values) > 1 {
				add(r.Key, metav1.LabelSelectorOpIn, values)
				continue
			}
			if out.MatchLabels == nil {
				out.MatchLabels = map[string]string{}
			}
			out.MatchLabels[r.Key] = values[0]
		case ir.FormNotIn:
			add(r.Key, metav1.LabelSelectorOpNotIn, values)
		case ir.FormExists:
			add(r.Key, metav1.LabelSelectorOpExists, nil)
		case ir.FormNotExists:
			add(r.Key, metav1.LabelSelectorOpDoesNotExist, nil)
		case ir.FormPresentNot:
			add(r.Key, metav1.LabelSelectorOpExists, nil)
			add(r.Key, metav1.LabelSelectorOpNotIn, values)
		case ir.FormAnything, ir.FormNever, ir.FormAbsentOr, ir.FormMatches, ir.FormAbsentOrMatches: // lower.Foreign refuses patterns
			panic("kubernetes: a requirement that is no selector's: " + r.String())
		}
	}
	return out
}

// everyNamespaceHasName simplifies what a selector asks of a namespace's name,
// which is never absent.
func everyNamespaceHasName(s ir.Selector) ir.Selector {
	c := s.Get(ir.NamespaceName)
	if c.IsAnything() {
		return s
	}
	form, values := c.Form()
	switch form {
	case ir.FormExists:
		return s.Without(ir.NamespaceName)
	case ir.FormPresentNot:
		c = ir.NotOneOf(values...)
	case ir.FormAbsentOr:
		c = ir.OneOf(values...)
	default:
		return s
	}
	name, _ := ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: c})
	out, _ := s.Without(ir.NamespaceName).And(name)
	return out
}
