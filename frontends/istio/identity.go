package istio

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// identity is a set of senders by how they have proved who they are: those that
// have the principal of one of the pods, and those without any principal.
type identity struct {
	known   []principals
	unknown bool // who shows no certificate
}

// principals are those of the pods as far as the conditions hold.
type principals struct {
	pods  ir.Pods
	given []ir.Condition
}

// anybody is what no field asks an identity of.
func anybody() identity { return identity{[]principals{{pods: ir.AllPods()}}, true} }

// isAnybody reports that the set was never narrowed.
func (i identity) isAnybody() bool {
	return i.unknown && len(i.known) == 1 && i.known[0].pods.IsAll() && len(i.known[0].given) == 0
}

func (i identity) and(j identity) identity {
	out := identity{unknown: i.unknown && j.unknown}
	for _, p := range i.known {
		for _, q := range j.known {
			pods, some := p.pods.And(q.pods)
			given, possible := both(p.given, q.given)
			if some && possible {
				out.known = append(out.known, principals{pods, given})
			}
		}
		if len(out.known) > ir.MaxParts {
			panic(ir.BoundError{Parts: len(out.known)})
		}
	}
	return out
}

// not is everybody else. Who shows no certificate is nobody's match and so
// everybody else (envoyproxy/envoy, source/extensions/filters/common/rbac/matchers.cc).
func (i identity) not() identity {
	out := identity{known: []principals{{pods: ir.AllPods()}}, unknown: !i.unknown}
	var surely []ir.Pods
	for _, p := range i.known {
		if len(p.given) == 0 {
			surely = append(surely, p.pods)
			continue
		}
		others := identity{known: without(ir.AllPods(), p.pods), unknown: true}
		for _, c := range p.given {
			c.Not = !c.Not
			others.known = append(others.known, principals{p.pods, []ir.Condition{c}})
		}
		out = identity{out.and(others).known, out.unknown}
	}
	if surely == nil {
		return out
	}
	rest := identity{known: without(ir.AllPods(), surely...), unknown: out.unknown}
	return identity{out.and(rest).known, out.unknown}
}

func without(all ir.Pods, gone ...ir.Pods) []principals {
	var out []principals
	for _, p := range ir.SubtractAll([]ir.Pods{all}, gone) {
		out = append(out, principals{pods: p})
	}
	return out
}

// both is the conjunction, sorted; false where it contradicts itself.
func both(a, b []ir.Condition) ([]ir.Condition, bool) {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y ir.Condition) int { return strings.Compare(x.Atom+x.String(), y.Atom+y.String()) })
	out = slices.Compact(out)
	for i := 1; i < len(out); i++ {
		if out[i].Atom == out[i-1].Atom {
			return nil, false
		}
	}
	return out, true
}

// segments are those of a workload's principal, TD/ns/NAMESPACE/sa/ACCOUNT.
const segments = 5

// principal gives who has a principal that the value matches: exactly, by a
// prefix before or a suffix behind a star, or any. Nobody is none.
//
// The value is matched against the whole principal, so that "*/sa/a" is of
// every namespace, and a star elsewhere is a star (istio/istio,
// pilot/pkg/security/authz/matcher/string.go). What begins with "spiffe://" has
// that twice once Istio has added its own.
func (l *lifting) principal(value string) []principals {
	switch {
	case value == "*":
		return []principals{{pods: ir.AllPods()}}
	case strings.HasPrefix(value, "*"):
		first, _, _ := strings.Cut(value[1:], "/")
		parts := segmentsOf(value[1:])
		parts[0] = suffix(first)
		return l.segmented(parts, segments-len(parts))
	case strings.HasSuffix(value, "*"):
		parts := segmentsOf(value[:len(value)-1])
		parts[len(parts)-1] = prefix(value[strings.LastIndexByte(value, '/')+1 : len(value)-1])
		return l.segmented(parts, 0)
	}
	parts := segmentsOf(value)
	if len(parts) != segments {
		return nil
	}
	if strings.HasPrefix(value, "cluster.local/") && !l.ambient {
		// The name stands for the mesh's own trust domain, whatever that is; only
		// in whole principals, and not to ztunnel (istio/istio,
		// pilot/pkg/security/trustdomain/bundle.go; istio/ztunnel#1260).
		parts[0] = exactly(l.trustDomain)
	}
	return l.segmented(parts, 0)
}

func segmentsOf(value string) []pattern {
	var out []pattern
	for _, part := range strings.Split(value, "/") {
		out = append(out, exactly(part))
	}
	return out
}

// segmented gives who has the parts in the principal, from one segment on.
func (l *lifting) segmented(parts []pattern, from int) []principals {
	if from < 0 || from+len(parts) > segments {
		return nil
	}
	out := principals{pods: ir.AllPods()}
	for i, part := range parts {
		some := true
		switch at := from + i; {
		case at == 1 || at == 3:
			some = part.language.Contains([segments]string{1: "ns", 3: "sa"}[at])
		case part.language.IsAll():
		case at == 0:
			out.given = l.trusting(part)
		case at == 2:
			out.pods, some = inNamespaces(out.pods, part.constraint())
		case at == 4:
			out.pods, some = out.pods.WithAccount(part.constraint())
		}
		if !some {
			return nil
		}
	}
	return []principals{out}
}

// trusting is the conditions under which a principal is of a trust domain that
// the pattern matches. Which foreign ones there are, and which are other names
// of the mesh's own, nobody states.
func (l *lifting) trusting(want pattern) []ir.Condition {
	if want.language.Contains(l.trustDomain) {
		return nil
	}
	return []ir.Condition{{Atom: "istio source.trustDomain in " + want.text}}
}

// namespace is the namespaces' names that a value matches.
//
// A proxy reads every star as anything and looks for the value between "/ns/"
// and some slash behind it, which need not be the next (istio/istio,
// pilot/pkg/security/authz/model/generator.go): "*a" ends at the "/sa/" of any
// principal, and "sa" is what comes behind a namespace called "ns". ztunnel
// reads one star, at an end.
func (l *lifting) namespace(value string) ir.Constraint {
	if l.ambient {
		return starred(value)
	}
	name := set.OneByte(func(c byte) bool { return c != '/' }).Plus()
	glob := func(value string) set.Language {
		var parts []set.Language
		for i, literal := range strings.Split(value, "*") {
			if i > 0 {
				parts = append(parts, set.AnyString())
			}
			parts = append(parts, set.Literal(literal))
		}
		return set.Concat(parts...)
	}
	if !strings.ContainsAny(value, "*/") && value != "sa" {
		return ir.OneOf(value)
	}
	all := glob(value)
	if all.Contains("sa") {
		all = all.Union(set.Literal("ns"))
	}
	for _, rest := range before(value, "/sa") {
		all = all.Union(glob(rest))
	}
	return pattern{strconv.Quote(value), all.Intersect(name)}.constraint()
}

// before gives values that together match what the value matches with the tail
// behind it: of "*a" for "/sa" that is "*", since the star takes the "/s".
func before(value, tail string) []string {
	fixed := strings.TrimRight(value, "*")
	switch {
	case tail == "":
		return []string{value}
	case fixed != value: // the last star takes all of the tail, or what is left of it
		out := []string{value}
		for i := range tail {
			out = append(out, before(fixed, tail[:i+1])...)
		}
		return out
	case strings.HasSuffix(value, tail[len(tail)-1:]):
		return before(value[:len(value)-1], tail[:len(tail)-1])
	}
	return nil
}

// inNamespaces narrows the pods to the namespaces with the names. Every
// namespace has one.
func inNamespaces(p ir.Pods, names ir.Constraint) (ir.Pods, bool) {
	if names.Or(ir.Absent()).IsAnything() {
		return p, true
	}
	ns, some := ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: names})
	if !some {
		return p, false
	}
	p.Namespace, some = p.Namespace.And(ns)
	return p, some
}

// canonical writes equal patterns of the pods' names alike, so that a union of
// pods knows equal sets by their text.
func (l *lifting) canonical(p ir.Pods) ir.Pods {
	p.Account = l.interned(p.Account)
	names := p.Namespace.Get(ir.NamespaceName)
	p.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: l.interned(names)})
	return p
}

func (l *lifting) interned(c ir.Constraint) ir.Constraint {
	form, _ := c.Form()
	if form != ir.FormMatches && form != ir.FormAbsentOrMatches {
		return c
	}
	key := strconv.Itoa(int(form)) + c.Pattern().Language.Key()
	if known, ok := l.constraints[key]; ok {
		return known
	}
	l.constraints[key] = c
	return c
}

// accounts gives who runs as one of the accounts, "name" or "namespace/name".
// A bare name is one of the policy's namespace, in the root namespace too.
func accounts(values []text, home string) []principals {
	byNamespace := map[string][]string{}
	var order []string
	for _, v := range values {
		ns, name, qualified := strings.Cut(v.value, "/")
		if !qualified {
			ns, name = home, v.value
		}
		if byNamespace[ns] == nil {
			order = append(order, ns)
		}
		byNamespace[ns] = append(byNamespace[ns], name)
	}
	var out []principals
	for _, ns := range order {
		p := ir.InNamespace(ns)
		p.Account = ir.OneOf(byNamespace[ns]...)
		out = append(out, principals{pods: p})
	}
	return out
}

// identify gives who matches one of a field's values.
func (l *lifting) identify(m matcher, values []text, home string) identity {
	var out identity
	switch m.key {
	case keyAccount:
		out.known = accounts(values, home)
	case keyNamespace:
		if pods, some := inNamespaces(ir.AllPods(), oneOf(values, l.namespace)); some {
			out.known = []principals{{pods: pods}}
		}
	case keyPrincipal:
		for _, v := range values {
			out.known = append(out.known, l.principal(v.value)...)
		}
	case keyTrustDomain:
		for _, v := range values {
			out.known = append(out.known, principals{ir.AllPods(), l.trusting(star(v.value))})
		}
	}
	return out
}
