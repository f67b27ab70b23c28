package calico

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// The labels that Calico itself gives endpoints, which override those of their
// objects, and the prefixes under which pods have the labels of their namespace
// and of their service account (libcalico-go/lib/backend/k8s/conversion,
// workload_endpoint_default.go and conversion.go). Pods' own labels under the
// prefixes are stripped.
const (
	labelNamespace    = "projectcalico.org/namespace"
	labelOrchestrator = "projectcalico.org/orchestrator"
	labelAccount      = "projectcalico.org/serviceaccount"
	labelName         = "projectcalico.org/name" // behind a prefix
	namespacePrefix   = "pcns."
	accountPrefix     = "pcsa."

	orchestrator = "k8s"
)

// term is pods for which conditions hold. A selector's pods are a union of terms.
type term struct {
	pods ir.Pods
	when []ir.Condition // sorted, each once
}

// and is the intersection; false where it is empty.
func (t term) and(u term) (term, bool) {
	pods, some := t.pods.And(u.pods)
	if !some {
		return term{}, false
	}
	when, possible := allOf(t.when, u.when)
	return term{pods, when}, possible
}

// allOf is the conditions of both; false where one is the other of another.
func allOf(a, b []ir.Condition) ([]ir.Condition, bool) {
	if len(a) == 0 || len(b) == 0 {
		return append(a[:len(a):len(a)], b...), true
	}
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y ir.Condition) int {
		return cmp.Or(cmp.Compare(x.Atom, y.Atom), cmp.Compare(x.String(), y.String()))
	})
	out = slices.Compact(out)
	for i := range len(out) - 1 {
		if out[i].Atom == out[i+1].Atom {
			return nil, false
		}
	}
	return out, true
}

// cross is every intersection of a term of each list that has something. It
// panics with tooMany over the bound.
func cross(a, b []term) []term {
	if len(a)*len(b) > maxTerms {
		panic(tooMany{})
	}
	var out []term
	for _, t := range a {
		for _, u := range b {
			if both, some := t.and(u); some {
				out = append(out, both)
			}
		}
	}
	return out
}

// maxTerms bounds what a selector, or one rule, falls into: alternatives in
// alternatives double it.
const maxTerms = 1000

// tooMany is what is panicked with over maxTerms.
type tooMany struct{}

// bounded runs what may fall into too many parts, and refuses it there.
func (l *lifting) bounded(at diag.Range, run func()) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case tooMany:
			l.diags.Add(diag.TooManyAlternatives, at,
				fmt.Sprintf("The selectors fall into more than %d alternatives.", maxTerms),
				"Alternatives within alternatives double them. Give the pods one label that tells them apart, or split the rule.")
		default:
			panic(r)
		}
	}()
	run()
}

// simplified drops terms that others contain, and of equal ones all but the
// first. Patterns may be equal and written differently.
func simplified(terms []term) []term {
	var out []term
	for i, t := range terms {
		if !slices.ContainsFunc(terms[:i], t.in) && !slices.ContainsFunc(terms[i+1:], func(u term) bool { return t.in(u) && !u.in(t) }) {
			out = append(out, t)
		}
	}
	return out
}

// in reports whether u has every pod of the term, under the same conditions.
func (t term) in(u term) bool { return slices.Equal(t.when, u.when) && u.pods.Contains(t.pods) }

// alike is pods under the same conditions.
type alike struct {
	when []ir.Condition
	pods []ir.Pods
}

func byCondition(terms []term) []alike {
	var out []alike
	for _, t := range terms {
		i := slices.IndexFunc(out, func(g alike) bool { return slices.Equal(g.when, t.when) })
		if i < 0 {
			i, out = len(out), append(out, alike{when: t.when})
		}
		out[i].pods = append(out[i].pods, t.pods)
	}
	return out
}

// pods gives the pods that a selector selects: at end, the source or the
// destination of flows, where it hangs on what is not known of pods.
func (s *selector) pods(end string) []term { return simplified(s.terms(end, false)) }

func (s *selector) terms(end string, negated bool) []term {
	switch {
	case s.op == opNot:
		return s.args[0].terms(end, !negated)
	case s.op == opTest && strings.HasPrefix(s.key, accountPrefix) && s.key != accountPrefix+labelName:
		return unknownAccount(strings.TrimPrefix(s.key, accountPrefix), s.constraint, negated, end)
	case s.op == opTest && negated:
		return tested(s.key, s.constraint.Not())
	case s.op == opTest:
		return tested(s.key, s.constraint)
	case s.op == opAll && !negated:
		return []term{{pods: ir.AllPods()}}
	case s.op == opAnd && !negated, s.op == opOr && negated:
		out := []term{{pods: ir.AllPods()}}
		for _, a := range s.args {
			out = cross(out, a.terms(end, negated))
		}
		return out
	}
	var out []term // of a union; of nothing, and of global(), which no pod is
	for _, a := range s.args {
		if out = append(out, a.terms(end, negated)...); len(out) > maxTerms {
			panic(tooMany{})
		}
	}
	return out
}

// tested gives the pods with a label that satisfies the constraint.
func tested(key string, c ir.Constraint) []term {
	p := ir.AllPods()
	some := true
	namespaced := func(key string, c ir.Constraint) {
		p.Namespace, some = ir.Select(ir.Requirement{Key: key, Constraint: c})
	}
	plain, ofNamespace := strings.CutPrefix(key, namespacePrefix)
	switch {
	case key == labelOrchestrator:
		some = c.Matches(orchestrator)
	case key == labelNamespace, ofNamespace && (plain == labelName || plain == ir.NamespaceName):
		namespaced(ir.NamespaceName, always(c))
	case ofNamespace:
		namespaced(plain, c)
	case key == labelAccount, key == accountPrefix+labelName:
		p, some = p.WithAccount(always(c))
	default:
		labels, ok := ir.Select(ir.Requirement{Key: key, Constraint: c})
		p.Labels, some = labels, ok
	}
	if !some {
		return nil
	}
	return []term{{pods: p}}
}

// always gives the constraint's plainest form on a label that is never absent.
func always(c ir.Constraint) ir.Constraint {
	c = c.And(ir.Present())
	switch form, values := c.Form(); form {
	case ir.FormExists:
		return ir.Anything()
	case ir.FormPresentNot:
		return ir.NotOneOf(values...)
	default:
		return c
	}
}

// unknownAccount gives all pods under a condition on their service account's
// labels, of which nothing is known. A test and its complement are one atom.
func unknownAccount(key string, c ir.Constraint, negated bool, end string) []term {
	if c.MatchesAbsent() {
		c, negated = c.Not(), !negated
	}
	if c.IsEmpty() {
		if negated {
			return []term{{pods: ir.AllPods()}}
		}
		return nil
	}
	atom := "calico " + end + "'s service account has " + ir.Requirement{Key: key, Constraint: c}.String()
	return []term{{pods: ir.AllPods(), when: []ir.Condition{{Atom: atom, Not: negated}}}}
}

// netset is addresses with labels: a NetworkSet, a GlobalNetworkSet or a
// HostEndpoint. Selectors select it as they select pods.
type netset struct {
	address   string // kind and name
	at        diag.Range
	namespace string // "" for global ones
	labels    map[string]string
	nets      set.Addresses
}

// membership is whether a netset is selected. Unknown is what hangs on labels of
// a namespace that nobody declared.
type membership uint8

const (
	outside membership = iota
	unknown
	inside
)

func (l *lifting) selects(s *selector, n *netset) membership {
	switch s.op {
	case opNot:
		return inside - l.selects(s.args[0], n)
	case opTest:
		return l.satisfies(n, s.key, s.constraint)
	case opAnd:
		m := inside
		for _, a := range s.args {
			m = min(m, l.selects(a, n))
		}
		return m
	case opOr:
		m := outside
		for _, a := range s.args {
			m = max(m, l.selects(a, n))
		}
		return m
	case opGlobal:
		return truth(n.namespace == "")
	case opAll:
	}
	return inside
}

func truth(b bool) membership {
	if b {
		return inside
	}
	return outside
}

// satisfies tests a label of a netset. Own labels come before those of the
// namespace (libcalico-go/lib/backend/syncersv1/updateprocessors,
// networksetprocessor.go).
func (l *lifting) satisfies(n *netset, key string, c ir.Constraint) membership {
	value, has := n.labels[key]
	plain, ofNamespace := strings.CutPrefix(key, namespacePrefix)
	switch {
	case key == labelNamespace && n.namespace != "":
		value, has = n.namespace, true
	case has || n.namespace == "" || !ofNamespace:
	case plain == labelName || plain == ir.NamespaceName:
		value, has = n.namespace, true
	default:
		ns, declared := l.namespaces[n.namespace]
		if !declared {
			if c.IsAnything() || c.IsEmpty() {
				return truth(c.IsAnything())
			}
			return unknown
		}
		value, has = ns.Labels[plain]
	}
	if !has {
		return truth(c.MatchesAbsent())
	}
	return truth(c.Matches(value))
}

// located gives the addresses of the netsets that a selector selects. It refuses
// where that hangs on a namespace that nobody declared.
func (l *lifting) located(s *selector, at diag.Range) set.Addresses {
	var out set.Addresses
	for i := range l.sets {
		n := &l.sets[i]
		switch l.selects(s, n) {
		case inside:
			out = out.Union(n.nets)
		case unknown:
			l.diags.Add(diag.NotInInput, at,
				fmt.Sprintf("Whether this selects %s hangs on the labels of namespace %q, which is not declared.", n.address, n.namespace),
				"Add the Namespace to the input: a network set has the labels of its namespace.").Relate(n.at, "the network set")
		case outside:
		}
	}
	return out
}
