package calico

import (
	"fmt"
	"regexp"
	"strings"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

const (
	// namespaceName is the label that Calico itself gives every namespace in
	// namespace selectors, so that it is there whoever made the namespace
	// (libcalico-go/lib/backend/k8s/conversion/conversion.go).
	namespaceName = "projectcalico.org/name"

	// isPod is true of pods only. Without it a selector that says what a label
	// is not would match host endpoints and network sets too, which lack every
	// label; Calico adds it to native policies for the same reason.
	isPod = v3.LabelOrchestrator + " == '" + v3.OrchestratorKubernetes + "'"

	everything = "all()"

	// maxSelector bounds each selector (api/pkg/apis/projectcalico/v3,
	// MaxLength of the selector fields from 3.33).
	maxSelector = 1024
)

// selection is how a policy selects its pods: a NetworkPolicy in a namespace,
// or with namespace "" a GlobalNetworkPolicy.
type selection struct {
	namespace         string
	namespaceSelector string
	selector          string
}

// selects gives the selection of a subject, and of nothing else.
func selects(subject ir.Subject) (selection, *refusal) {
	var s selection
	if subject.Kind == ir.SubjectNodes {
		text, no := hosts(subject.Nodes)
		return selection{selector: text}, no
	}
	p := subject.Pods
	labels, no := podLabels(p)
	if no != nil {
		return s, no
	}
	if name, ok := ownNamespace(p); ok {
		s.namespace, s.selector = name, labels
		if labels == "" {
			s.selector = everything
		}
	} else {
		if s.namespaceSelector, no = namespaces(p.Namespace); no != nil {
			return s, no
		}
		s.selector = podsOnly(labels)
	}
	return s, tooLong(s.selector, s.namespaceSelector)
}

// ownNamespace gives the namespace whose NetworkPolicies can select the set; ""
// and false where it takes a GlobalNetworkPolicy.
func ownNamespace(p ir.Pods) (string, bool) {
	if name, ok := p.SingleNamespace(); ok && len(p.Namespace.Requirements()) == 1 {
		return name, true
	}
	return "", false
}

// nobody reports that no pod is in the set: pods always have a namespace and an
// account, which the algebra of labels does not know.
func nobody(p ir.Pods) bool {
	return p.Namespace.Get(ir.NamespaceName).And(ir.Present()).IsEmpty() || p.Account.And(ir.Present()).IsEmpty()
}

// podsOnly confines a selector to pods.
func podsOnly(labels string) string {
	if labels == "" {
		return isPod
	}
	return isPod + " && " + labels
}

// podLabels gives the selector of a set as far as the pods' own labels and
// accounts go; "" for all pods.
func podLabels(p ir.Pods) (string, *refusal) {
	var terms []string
	for _, r := range p.Labels.Requirements() {
		if r.Key == v3.LabelNamespace || r.Key == v3.LabelOrchestrator || r.Key == v3.LabelServiceAccount ||
			strings.HasPrefix(r.Key, "pcns.") || strings.HasPrefix(r.Key, "pcsa.") {
			return "", &refusal{diag.CannotSay, fmt.Sprintf("Calico overwrites or strips the pod label %q, so a selector on it means something else", r.Key),
				"Select by another label."}
		}
		var no *refusal
		if terms, no = appendTerm(terms, r.Key, r.Constraint); no != nil {
			return "", no
		}
	}
	terms, no := appendTerm(terms, v3.LabelServiceAccount, always(p.Account))
	return strings.Join(terms, " && "), no
}

// namespaces gives the selector of namespaces, "all()" for all. Requirements on
// the name come first.
func namespaces(s ir.Selector) (string, *refusal) {
	terms, no := appendTerm(nil, namespaceName, always(s.Get(ir.NamespaceName)))
	for _, r := range s.Without(ir.NamespaceName).Requirements() {
		if no != nil {
			return "", no
		}
		if r.Key == namespaceName {
			return "", &refusal{diag.CannotSay, fmt.Sprintf("Calico sets the namespace label %q itself, to the namespace's name", r.Key),
				"Select by another label, or by the namespace's name."}
		}
		terms, no = appendTerm(terms, r.Key, r.Constraint)
	}
	if terms == nil {
		return everything, no
	}
	return strings.Join(terms, " && "), no
}

// always gives the plainest constraint that means the same on a key that is
// never absent.
func always(c ir.Constraint) ir.Constraint {
	switch form, values := c.And(ir.Present()).Form(); form {
	case ir.FormExists:
		return ir.Anything()
	case ir.FormPresentNot:
		return ir.NotOneOf(values...)
	default:
		return c.And(ir.Present())
	}
}

// appendTerm appends the term of Calico's selector language that a constraint
// is; none for one that constrains nothing.
func appendTerm(terms []string, key string, c ir.Constraint) ([]string, *refusal) {
	form, values := c.Form()
	if no := unquotable(key, values); no != nil {
		return nil, no
	}
	text := ""
	switch form {
	case ir.FormAnything:
		return terms, nil
	case ir.FormNever:
		panic("calico: a selector that selects nothing: " + key)
	case ir.FormIn:
		text = oneOf(key, values)
	case ir.FormNotIn:
		text = noneOf(key, values)
	case ir.FormExists:
		text = "has(" + key + ")"
	case ir.FormNotExists:
		text = "!has(" + key + ")"
	case ir.FormPresentNot:
		text = "has(" + key + ") && " + noneOf(key, values)
	case ir.FormAbsentOr:
		text = "(!has(" + key + ") || " + oneOf(key, values) + ")"
	case ir.FormMatches, ir.FormAbsentOrMatches:
		return nil, &refusal{diag.CannotSay, "its pattern of label " + key + " is not one that is rendered", "Name the values one by one."}
	}
	return append(terms, text), nil
}

func oneOf(key string, values []string) string {
	if len(values) == 1 {
		return key + " == '" + values[0] + "'"
	}
	return key + " in {'" + strings.Join(values, "', '") + "'}"
}

func noneOf(key string, values []string) string {
	if len(values) == 1 {
		return key + " != '" + values[0] + "'"
	}
	return key + " not in {'" + strings.Join(values, "', '") + "'}"
}

// maxLabelKey is the tokenizer's bound. It stands apart, since a bound of this
// size in the expression makes it slow to compile at every start.
const maxLabelKey = 512

var (
	labelKey   = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)
	labelValue = regexp.MustCompile(`^[A-Za-z0-9_.-]*$`)
)

// unquotable refuses what has no form in a selector, which has no escapes
// (libcalico-go/lib/selector/tokenizer/tokenizer.go). A bad selector may not be
// refused by the API server and then widens the policy it stands in.
func unquotable(key string, values []string) *refusal {
	if len(key) > maxLabelKey || !labelKey.MatchString(key) {
		return &refusal{diag.CannotSay, fmt.Sprintf("%q is no label key", key), "Mend the key."}
	}
	for _, v := range values {
		if !labelValue.MatchString(v) {
			return &refusal{diag.CannotSay, fmt.Sprintf("%q is no value of a label", v), "Mend the value."}
		}
	}
	return nil
}

// tooLong refuses selectors beyond Calico's bound.
func tooLong(selectors ...string) *refusal {
	for _, s := range selectors {
		if len(s) > maxSelector {
			return &refusal{diag.OverBound, fmt.Sprintf("a selector would have %d characters, and Calico takes %d", len(s), maxSelector),
				"Give the pods or namespaces a common label and select by it."}
		}
	}
	return nil
}
