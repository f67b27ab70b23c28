package lower

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/ir"
)

// Conjunctions gives selectors of which none has a requirement that is a union,
// and whose union is the selector: no operator of Kubernetes says "absent, or
// one of these", so it becomes both. With more than bound it stops, and gives
// only their number.
func Conjunctions(s ir.Selector, bound int) (ways []ir.Selector, n int) {
	ways = []ir.Selector{{}}
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
		if ways = next; len(ways) > bound {
			return nil, len(ways)
		}
	}
	return ways, len(ways)
}

// LabelSelector writes a selector of which no requirement is a union, as
// Conjunctions gives them, in the words of Kubernetes: exact values as
// matchLabels, the rest as matchExpressions. NotIn is satisfied by absence
// (apimachinery labels.Requirement.Matches), so "present and not these" is two
// expressions.
func LabelSelector(s ir.Selector) metav1.LabelSelector {
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
		case ir.FormAnything, ir.FormNever, ir.FormAbsentOr, ir.FormMatches, ir.FormAbsentOrMatches: // Foreign refuses patterns
			panic("lower: a requirement that is no label selector's: " + r.String())
		}
	}
	return out
}

// NamedNamespaces simplifies what a selector of namespaces asks of their name,
// which is never absent.
func NamedNamespaces(s ir.Selector) ir.Selector {
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
