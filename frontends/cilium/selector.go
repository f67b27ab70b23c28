package cilium

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// selector reads a label selector, whose keys may have a source before them
// (pkg/policy/api/selector.go). false where something is wrong with it.
func (l *lifting) selector(v manifest.Value) (reqs []requirement, ok bool) {
	ok = true
	read := v.Require() && requirements(v, func(at manifest.Value, key string, c ir.Constraint, label bool) {
		r, valid := requirementOn(at, key)
		r.constraint, r.label = c, label
		reqs, ok = append(reqs, r), ok && valid
	})
	// The API server is a node or outside, and has the labels of these too.
	if i := slices.IndexFunc(reqs, (requirement).ofServer); ok && i >= 0 && (len(reqs) > 1 || reqs[i].constraint.MatchesAbsent()) {
		v.Report(diag.RefusedField, fmt.Sprintf("%s tells the API server from other nodes.", v.Path()), "Ask for reserved:kube-apiserver alone, or use the entity kube-apiserver.")
		ok = false
	}
	return reqs, ok && read
}

// requirements gives what a selector asks of each key as it is written, those of
// matchLabels with label; false where a value or an operator is wrong.
func requirements(v manifest.Value, add func(at manifest.Value, key string, c ir.Constraint, label bool)) bool {
	ok := true
	read := v.Object(func(o *manifest.Object) {
		labels, expressions := o.Field("matchLabels"), o.Field("matchExpressions")
		asked := map[[2]string]string{}
		for _, e := range labels.Entries() {
			text, valid := labelText(e.Value)
			ok = ok && valid
			// To Cilium both spellings are one key of a map, in whose order it
			// takes them (pkg/policy/api/selector.go NewESFromK8sLabelSelector).
			source, key := parseKey(e.Key)
			if other, twice := asked[[2]string{source, key}]; twice && other != text {
				e.Value.Report(diag.RefusedField, fmt.Sprintf("%s is another value for the label %s, which stands twice in two spellings: Cilium keeps one of them, and not always the same.", e.Value.Path(), key), "Write the label once.")
				ok = false
			}
			asked[[2]string{source, key}] = text
			add(e.Value, e.Key, ir.OneOf(text), true)
		}
		for _, e := range expressions.Items() {
			ok = e.Object(func(o *manifest.Object) {
				key, valid1 := o.Required("key").Text()
				c, valid2 := constraintOf(o)
				if ok = ok && valid1 && valid2; valid1 {
					add(o.Field("key"), key, c, false)
				}
			}) && ok
		}
	})
	return ok && read
}

// constraintOf reads operator and values of an expression
// (pkg/labels/validation.go).
func constraintOf(o *manifest.Object) (ir.Constraint, bool) {
	operator, ok := o.Required("operator").Word("In", "NotIn", "Exists", "DoesNotExist")
	at := o.Field("values")
	var values []string
	for _, v := range at.Items() {
		text, valid := labelText(v)
		values, ok = append(values, text), ok && valid
	}
	if !ok {
		return ir.Constraint{}, false
	}
	listed := operator == "In" || operator == "NotIn"
	if listed != (len(values) > 0) {
		o.Bad("has values that do not go with its operator", "In and NotIn need one value or more. Exists and DoesNotExist take none.")
		return ir.Constraint{}, false
	}
	switch operator {
	case "In":
		return ir.OneOf(values...), true
	case "NotIn":
		return ir.NotOneOf(values...), true
	case "Exists":
		return ir.Present(), true
	}
	return ir.Absent(), true
}

func labelText(v manifest.Value) (string, bool) {
	if v.Kind() == manifest.Null { // the API server reads it as ""
		return "", true
	}
	text, ok := v.Text()
	if !ok {
		return "", false
	}
	if why := validation.IsValidLabelValue(text); why != nil {
		v.Bad("is no value of a label", strings.Join(why, "; "))
		return "", false
	}
	return text, true
}

// requirementOn reads a key. A source whose labels Portolan has no part for is
// refused.
func requirementOn(at manifest.Value, text string) (requirement, bool) {
	source, key := parseKey(text)
	r := requirement{source: source, key: key}
	if why := validation.IsQualifiedName(key); why != nil {
		at.Bad(fmt.Sprintf("has the key %q, which is no key of a label", text), strings.Join(why, "; "))
		return r, false
	}
	known := source == fromAny || source == fromPods ||
		source == fromReserved && (key == apiServer || slices.ContainsFunc(reserved, func(e endpointKind) bool { return e.name == key && key != "world" }))
	if !known {
		at.Report(diag.RefusedField, fmt.Sprintf("%s asks for the label %q, which no pod, node or outside endpoint is known by here.", at.Path(), text),
			"Use toEntities, fromEntities, toCIDRSet or fromCIDRSet for what is not a pod.")
	}
	return r, known
}

// unseen is what a selector that selects nothing may be for.
const unseen = "Labels that Cilium's default filter leaves out, such as pod-template-hash, are on nothing. A policy's own namespace and another one beside it are on nothing either."

// subject reads an endpoint selector. That of a namespaced policy is for its
// own namespace, whatever else it says of it
// (pkg/k8s/apis/cilium.io/utils/utils.go ParseToCiliumRule). false where it
// selects no pod.
func (l *lifting) subject(v manifest.Value, namespace string) (pods ir.Pods, conditions []ir.Condition, initial, some bool) {
	reqs, ok := l.selector(v)
	if !ok {
		return pods, nil, false, false
	}
	initial = slices.ContainsFunc(reqs, func(r requirement) bool { return r.source == fromReserved && r.key == "init" })
	if namespace != "" {
		reqs = slices.DeleteFunc(reqs, func(r requirement) bool {
			overwritten := r.label && r.source == fromPods && r.key == namespaceKey
			if overwritten && !r.constraint.Matches(namespace) {
				v.Report(diag.NoEffect, v.Path()+" names another namespace, which Cilium overwrites with the policy's own: the rule is for "+namespace+".",
					"Put the policy into the namespace that is meant.")
			}
			return overwritten
		})
		reqs = append(reqs, requirement{source: fromPods, key: namespaceKey, constraint: ir.OneOf(namespace)})
	}
	pods, in, some := podsOf(reqs)
	if some {
		conditions, some = l.here(in)
	}
	if !some {
		v.Report(diag.NoEffect, v.Path()+" selects no pod: to Cilium no pod has such labels.",
			unseen)
	}
	return pods, conditions, initial, some
}

// textOfAll gives requirements as a selector holds them: what is written in
// another way is another text. "" where it is not known, since values may be in
// any order.
func textOfAll(reqs []requirement) string {
	texts := make([]string, len(reqs))
	for i, r := range reqs {
		if _, values := r.constraint.Form(); len(values) > 1 {
			return ""
		}
		texts[i] = fmt.Sprintf("%s:%s %v %s", r.source, r.key, r.label, ir.Requirement{Key: r.key, Constraint: r.constraint})
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
