package istio

import (
	"slices"
	"strings"
)

// attached reports whether ztunnel gets the policy at all (istio/istio,
// pilot/pkg/serviceregistry/ambient/authorization.go and workloads.go).
func (l *lifting) attached(p *policy) bool {
	switch {
	case p.action == custom:
		l.ineffective(p.at, p.address()+" has action CUSTOM, which ztunnel never gets: its provider is not asked, and everything that the policy would hold back passes.",
			"Deny at ztunnel what the provider would refuse, or use a waypoint.")
		return false
	case p.selector != nil && p.selector.labels == nil:
		l.ineffective(p.at, p.address()+" has an empty selector, which with ztunnel selects no pod at all, so that the policy does nothing.",
			"Remove `selector` to select all pods of the namespace.")
		return false
	}
	return true
}

// layer4 gives what istiod sends to ztunnel of a rule; false for a rule that
// then never matches. An allow with a field about requests is left out whole.
// From other rules such fields are taken out, and a source, an operation or a
// condition of which nothing is left never matches: a deny of requests alone
// denies nothing (istio/istio#61126).
func (l *lifting) layer4(p *policy, r *rule) (*rule, bool) {
	out := *r
	var lost []string
	strip := func(all []matcher, reads func(matcher) bool) []matcher {
		var kept []matcher
		for _, m := range all {
			if reads(m) {
				kept = append(kept, m)
			} else {
				lost = append(lost, m.field)
			}
		}
		return kept
	}
	source := func(m matcher) bool { return m.key == keyAccount || m.layer4() }
	lists := func(all [][]matcher) [][]matcher {
		var kept [][]matcher
		for _, list := range all {
			if k := strip(list, source); k != nil {
				kept = append(kept, k)
			}
		}
		return kept
	}
	out.from, out.to = lists(r.from), lists(r.to)
	out.when = strip(r.when, matcher.layer4)
	never := len(out.when) < len(r.when) || len(out.from) == 0 && len(r.from) > 0 || len(out.to) == 0 && len(r.to) > 0 ||
		p.action == allow && slices.ContainsFunc(r.all(), matcher.layer7)
	if lost == nil {
		return &out, true
	}
	what := "the rule matches as if they were not there"
	switch {
	case never && p.action == allow:
		what = "the rule is left out, and allows nothing"
	case never:
		what = "the rule never matches, and denies nothing"
	}
	l.ineffective(r.at, "ztunnel does not read "+strings.Join(lost, ", ")+": "+what+".",
		"Say it with identities, addresses and ports, or move the rule to a waypoint with `targetRefs`.")
	return &out, !never
}

// layer7 reports that the matcher keeps an allow from ztunnel. The trust domains
// of sources do not, they are forgotten.
func (m matcher) layer7() bool {
	if m.condition {
		return !m.layer4()
	}
	return m.http() || m.key == keyRemoteIP
}
