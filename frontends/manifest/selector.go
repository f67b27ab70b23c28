package manifest

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/portolan-dev/portolan/ir"
)

// Match says what became of a selector.
type Match uint8

// Invalid has been reported, or was absent; Nothing is a valid selector that no
// labels satisfy, and must never be taken for one that is empty.
const (
	Invalid Match = iota
	Nothing
	Some
)

// LabelSelector reads a metav1.LabelSelector as the API server validates it
// (kubernetes/apimachinery, pkg/apis/meta/v1/validation). What an absent one
// means differs from field to field: ask Present first. The Selector may be
// used only with Some.
func (v Value) LabelSelector() (ir.Selector, Match) {
	if !v.Require() {
		return ir.Selector{}, Invalid
	}
	var reqs []ir.Requirement
	before := len(*v.walk.diags)
	v.Object(func(o *Object) {
		for _, e := range o.Field("matchLabels").Entries() {
			e.Value.checkLabelKey(e.Key)
			reqs = append(reqs, ir.Requirement{Key: e.Key, Constraint: ir.OneOf(e.Value.labelText())})
		}
		for _, e := range o.Field("matchExpressions").Items() {
			reqs = append(reqs, e.requirement())
		}
	})
	if len(*v.walk.diags) > before {
		return ir.Selector{}, Invalid
	}
	s, some := ir.Select(reqs...)
	if !some {
		return ir.Selector{}, Nothing
	}
	return s, Some
}

// labelText gives a value of a label. The server reads null as "".
func (v Value) labelText() string {
	s, _ := v.Text()
	if why := validation.IsValidLabelValue(s); why != nil {
		v.Bad("is no value of a label", sentences(why))
	}
	return s
}

func (v Value) checkLabelKey(key string) {
	if why := validation.IsQualifiedName(key); why != nil {
		v.Bad(fmt.Sprintf("has the key %q, which is no key of a label", shorten(key)), sentences(why))
	}
}

func sentences(why []string) string {
	for i, s := range why {
		if s != "" {
			why[i] = strings.ToUpper(s[:1]) + s[1:]
		}
	}
	return strings.Join(why, ". ") + "."
}

// requirement reads a metav1.LabelSelectorRequirement. What is wrong with it
// was reported.
func (v Value) requirement() (r ir.Requirement) {
	v.Object(func(o *Object) {
		key := o.Required("key")
		if s, ok := key.Text(); ok {
			key.checkLabelKey(s)
			r.Key = s
		}
		operator, known := o.Required("operator").Word("In", "NotIn", "Exists", "DoesNotExist")
		var values []string
		for _, e := range o.Field("values").Items() {
			values = append(values, e.labelText())
		}
		var ok bool
		if r.Constraint, ok = constraint(operator, values); known && !ok {
			o.Bad(fmt.Sprintf("has the operator %s and %d values", operator, len(values)), "In and NotIn need one value or more. Exists and DoesNotExist take none.")
		}
	})
	return r
}

// constraint gives an operator's meaning (kubernetes/apimachinery,
// pkg/labels/selector.go, Requirement.Matches); false where it takes no such
// values.
func constraint(operator string, values []string) (ir.Constraint, bool) {
	switch operator {
	case "In":
		return ir.OneOf(values...), len(values) > 0
	case "NotIn":
		return ir.NotOneOf(values...), len(values) > 0
	case "Exists":
		return ir.Present(), len(values) == 0
	}
	return ir.Absent(), len(values) == 0
}
