package cilium

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	npds "github.com/cilium/proxy/go/cilium/api"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Envoy's filter is C++ (cilium/proxy, cilium/network_policy.cc); what follows
// walks the configuration that Cilium's Go makes for it in the same steps.

// verdict is what one rule of the proxy says, in the order in which they are
// sorted (RuleVerdict).
type verdict uint8

const (
	none verdict = iota
	pass
	allow
	deny
)

// portRules are the rules for a port; none for one that no rule is about.
type portRules struct {
	rules []*npds.PortNetworkPolicyRule
	some  bool
}

// rulesAt gives the rules for a port: those for it and for ranges with it, and
// those for every port. An empty list allows everything, and keeps on doing so
// beside another (PortNetworkPolicy, PortNetworkPolicyRules::append).
func rulesAt(policies []*npds.PortNetworkPolicy, port uint32) portRules {
	var out, every portRules
	join := func(to *portRules, more []*npds.PortNetworkPolicyRule) {
		if to.some && (len(more) == 0) != (len(to.rules) == 0) {
			to.rules = append(to.rules, &npds.PortNetworkPolicyRule{})
		}
		to.rules, to.some = append(to.rules, more...), true
	}
	for _, p := range policies {
		switch {
		case p.Port == 0:
			join(&every, p.Rules)
		case p.Port <= port && port <= max(p.Port, p.EndPort):
			join(&out, p.Rules)
		}
	}
	if out.some && every.some {
		join(&out, every.rules)
	}
	// Where all rules only pass on, the range is as if it was not there.
	if !out.some || len(out.rules) > 0 && !slices.ContainsFunc(out.rules, func(r *npds.PortNetworkPolicyRule) bool { return verdictOf(r) != pass }) {
		out = every
	}
	slices.SortStableFunc(out.rules, func(a, b *npds.PortNetworkPolicyRule) int {
		return cmp.Or(cmp.Compare(b.Precedence, a.Precedence), cmp.Compare(verdictOf(b), verdictOf(a)))
	})
	return out
}

func verdictOf(r *npds.PortNetworkPolicyRule) verdict {
	switch {
	case r.GetPassPrecedence() != 0:
		return pass
	case r.GetDeny():
		return deny
	}
	return allow
}

// decide gives the verdict of the rules about a peer, of those that asked takes
// (PortNetworkPolicyRules::forEachRule). A rule that it does not take says
// nothing, and those of less precedence are asked.
func (p portRules) decide(peer uint32, asked func(*npds.PortNetworkPolicyRule) bool) verdict {
	if !p.some {
		return none
	}
	if len(p.rules) == 0 {
		return allow
	}
	for i := 0; i < len(p.rules); {
		r := p.rules[i]
		if len(r.RemotePolicies) > 0 && !slices.Contains(r.RemotePolicies, peer) {
			i++
			continue
		}
		switch v := verdictOf(r); {
		case v == deny:
			return deny
		case v == pass:
			for i < len(p.rules) && p.rules[i].Precedence >= r.GetPassPrecedence() {
				i++
			}
		case asked(r):
			return allow
		default:
			i++
		}
	}
	return none
}

// proxied gives what the proxy does with a flow of a peer: first as a connection
// and by what TLS names, then, at the proxy that reads requests, by the request.
// Bytes that carry none are held to the rules that ask for none.
func proxied(policies []*npds.PortNetworkPolicy, peer uint32, f *oracle.Flow, http bool) (bool, error) {
	rules := rulesAt(policies, uint32(f.Port))
	var fault error
	connected := rules.decide(peer, func(r *npds.PortNetworkPolicyRule) bool {
		return len(r.ServerNames) == 0 || f.ServerName != "" && slices.ContainsFunc(r.ServerNames, func(pattern string) bool { return namesServer(pattern, f.ServerName) })
	})
	if connected != allow || !http || !slices.ContainsFunc(rules.rules, readsRequests) {
		return connected == allow, nil
	}
	unseen := false
	read := rules.decide(peer, func(r *npds.PortNetworkPolicyRule) bool {
		list := r.GetHttpRules().GetHttpRules()
		if f.Request == nil {
			unseen = unseen || slices.ContainsFunc(list, func(h *npds.HttpNetworkPolicyRule) bool { return len(h.Headers)+len(h.HeaderMatches) == 0 })
			return len(list) == 0
		}
		return len(list) == 0 || slices.ContainsFunc(list, func(h *npds.HttpNetworkPolicyRule) bool {
			ok, err := requested(h, f.Request)
			fault = cmp.Or(fault, err)
			return ok
		})
	})
	if read != allow && unseen {
		// It may have been written, or stand for a rule without requests
		// (pkg/policy/rule.go mergePortProto).
		fault = undecided("a rule takes every request, and whether it is one for other bytes too is not to be seen")
	}
	return read == allow, fault
}

func readsRequests(r *npds.PortNetworkPolicyRule) bool {
	return len(r.GetHttpRules().GetHttpRules()) > 0
}

// requested reports whether a request is one of a rule's. What a rule changes in
// a request or notes of it does not refuse it (HeaderMatch::allowed).
func requested(h *npds.HttpNetworkPolicyRule, q *sem.Request) (bool, error) {
	headers := map[string]string{":path": q.Target, ":method": q.Method, ":authority": q.Host}
	maps.Copy(headers, q.Headers)
	for _, m := range h.Headers {
		ok, err := headed(m, headers)
		if !ok || err != nil {
			return false, err
		}
	}
	for _, m := range h.HeaderMatches {
		if m.MismatchAction == npds.HeaderMatch_FAIL_ON_MISMATCH || m.ValueSdsSecret != "" {
			return false, fmt.Errorf("header %s has a match that Cilium gives no plain form", m.Name)
		}
	}
	return true, nil
}

// headed reports whether headers match (envoyproxy/envoy, source/common/http/
// header_utility.cc). Expressions are for the whole value.
func headed(m *route.HeaderMatcher, headers map[string]string) (bool, error) {
	value, has := headers[strings.ToLower(m.Name)]
	if m.GetPresentMatch() {
		return has, nil
	}
	text := m.GetStringMatch()
	switch {
	case m.InvertMatch || text == nil:
		return false, fmt.Errorf("header %s is matched in a way that is not known here", m.Name)
	case !has:
		return false, nil
	case text.GetSafeRegex() == nil:
		return value == text.GetExact(), nil
	}
	re, err := regexp.Compile(`\A(?:` + text.GetSafeRegex().GetRegex() + `)\z`)
	if err != nil {
		return false, err
	}
	return re.MatchString(value), nil
}

// rewritten reports whether the proxy brings a request's target into another form
// before it looks at it (http-normalize-path, pkg/envoy/model.go).
func rewritten(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	return strings.Contains(path, "//") || strings.Contains(path, "/.") || strings.ContainsAny(path, `%\#`)
}

// anyServer, and what the wildcards of a pattern stand for (SniPattern).
const (
	anyServer  = `[-a-z0-9_]+([.][-a-z0-9_]+)*`
	someLabels = `[-a-z0-9_]+([.][-a-z0-9_]+){0,}`
	inLabel    = `[-a-z0-9_]{0,}`
)

// namesServer reports whether a server's name is one that a pattern is for.
func namesServer(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return strings.EqualFold(pattern, name)
	}
	expr := anyServer
	if pattern != "*" {
		expr = strings.NewReplacer(".", "[.]", "**", someLabels, "*", inLabel).Replace(strings.ToLower(pattern))
	}
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	return err == nil && re.MatchString(strings.ToLower(name))
}
