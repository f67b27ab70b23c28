package istio

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// alternatives says what a matcher asks of who sends that the model has no part
// for: all conditions of one of the lists. A value that the model has words for
// is theirs; any other is an atom of its own.
func (l *lifting) alternatives(m matcher) [][]ir.Condition {
	if m.key == keyRemoteIP {
		return [][]ir.Condition{m.clients()}
	}
	var not []ir.Condition
	for _, v := range m.not {
		c := l.token(m.key, v.value)
		c.Not = true
		not = append(not, c)
	}
	if len(m.values) == 0 {
		return [][]ir.Condition{not}
	}
	var out [][]ir.Condition
	for _, v := range m.values {
		out = append(out, append(slices.Clip(not), l.token(m.key, v.value)))
	}
	return out
}

// clients says from where requests and connections originally come.
func (m matcher) clients() []ir.Condition {
	var out []ir.Condition
	if len(m.values) > 0 {
		out = append(out, ir.Client(addresses(m.values)))
	}
	if len(m.not) > 0 {
		c := ir.Client(addresses(m.not))
		c.Not = true
		out = append(out, c)
	}
	return out
}

// allOf is what both ask, alternative by alternative, without what contradicts
// itself. It panics where that comes to too many.
func allOf(a, b [][]ir.Condition) [][]ir.Condition {
	if n := len(a) * len(b); n > ir.MaxParts {
		panic(ir.BoundError{Parts: n})
	}
	var out [][]ir.Condition
	for _, x := range a {
		for _, y := range b {
			if all, possible := both(x, y); possible {
				out = append(out, all)
			}
		}
	}
	return out
}

// token is what a value of an attribute of tokens asks, and notes whose tokens
// it asks of. Istio holds a value against the text, or each text of the list,
// that a claim has, with a star at one end as elsewhere (istio/istio,
// pilot/pkg/security/authz/model/generator.go).
func (l *lifting) token(key, value string) ir.Condition {
	c, issuer, some := tokenCondition(key, value)
	if !some {
		c = ir.Condition{Atom: "istio " + key + " in " + strconv.Quote(value)}
	}
	l.tokens[c.Atom] = issuer
	return c
}

// tokenCondition gives what a value asks in the model's words, with the one
// issuer whose tokens can have it, "" for any; false where it has none.
func tokenCondition(key, value string) (c ir.Condition, issuer string, ok bool) {
	whole := !strings.HasPrefix(value, "*") && !strings.HasSuffix(value, "*")
	switch {
	case key == keyRequestPrincipal:
		return requestPrincipal(value)
	case key == keyAudiences:
		return ir.TokenAudience(value), "", whole
	case key == keyPresenter:
		return claim([]string{"azp"}, value)
	}
	return claim(claimPath(key), value)
}

// requestPrincipal reads "ISSUER/SUBJECT". The last slash parts the two, for an
// issuer may be an address; a half that is a star is any that is not empty.
func requestPrincipal(value string) (c ir.Condition, issuer string, ok bool) {
	if value == "*" {
		return ir.Token("", ""), "", true
	}
	i := strings.LastIndexByte(value, '/')
	if i <= 0 || i == len(value)-1 {
		return c, "", false
	}
	issuer, subject := value[:i], value[i+1:]
	switch {
	case issuer == "*": // a star behind it is then none
		return ir.Token("", subject), "", true
	case strings.HasPrefix(issuer, "*"):
		return c, "", false
	case subject == "*":
		return ir.Token(issuer, ""), issuer, true
	case strings.HasSuffix(subject, "*"):
		return c, issuer, false
	}
	return ir.Token(issuer, subject), issuer, true
}

// claim reads a value of a claim, at a path of names. Some claims are split at
// blanks, so that no value has one.
func claim(path []string, value string) (c ir.Condition, issuer string, ok bool) {
	split := len(path) == 1 && (path[0] == "scope" || path[0] == "permission") && strings.Contains(value, " ")
	switch {
	case split || slices.Contains(path, ""):
		return c, "", false
	case value == "*":
		return ir.TokenClaim(path, ""), "", true
	case strings.HasPrefix(value, "*"), strings.HasSuffix(value, "*"):
		return c, "", false
	}
	return ir.TokenClaim(path, value), "", true
}

// claimPath splits "request.auth.claims[a][b]". Where brackets do not come in
// pairs all between the first and the last is one name (istio/istio,
// pilot/pkg/security/authz/model/util.go).
func claimPath(key string) []string {
	inside := strings.TrimSuffix(strings.TrimPrefix(key, keyClaims+"["), "]")
	path := strings.Split(inside, "][")
	if slices.ContainsFunc(path, func(name string) bool { return strings.ContainsAny(name, "[]") }) {
		return []string{inside}
	}
	return path
}

// unchecked warns of a rule that asks for tokens where none are validated.
func (l *lifting) unchecked(p *policy, s ir.Subject, r *rule) {
	for _, m := range r.all() {
		if !strings.HasPrefix(m.key, "request.auth.") {
			continue
		}
		for _, v := range slices.Concat(m.values, m.not) {
			issuer := l.tokens[l.token(m.key, v.value).Atom]
			in, rest := l.validating(s.Pods, issuer)
			if len(rest) == 0 {
				continue
			}
			whose, whom := "a token", "these pods"
			if issuer != "" {
				whose += " of " + strconv.Quote(issuer)
			}
			if len(in) > 0 {
				whom = "some of these pods"
			}
			l.diags.Add(diag.TokensUnchecked, r.at, fmt.Sprintf("%s asks for %s, and no RequestAuthentication validates any for %s: no request there has one.", p.address(), whose, whom),
				"Add a RequestAuthentication with the issuer that selects the same pods. It refuses tokens that are not valid, and lets requests without one pass on to the policies.")
			return
		}
	}
}

// conditional is pods, and what else has to hold of what reaches them.
type conditional struct {
	pods  ir.Pods
	given []ir.Condition
}

// validated parts pods by where a RequestAuthentication validates the tokens
// that conditions are about. Elsewhere a request has no token that policies
// know of, and none of these conditions holds.
func (l *lifting) validated(pods ir.Pods, given []ir.Condition) []conditional {
	out := []conditional{{pods: pods}}
	for _, c := range given {
		issuer, ofToken := l.tokens[c.Atom]
		var next []conditional
		for _, part := range out {
			in, rest := []ir.Pods{part.pods}, []ir.Pods(nil)
			if ofToken {
				in, rest = l.validating(part.pods, issuer)
			}
			for _, p := range in {
				next = append(next, conditional{p, append(slices.Clip(part.given), c)})
			}
			if c.Not {
				for _, p := range rest {
					next = append(next, conditional{p, part.given})
				}
			}
		}
		out = next
	}
	return out
}

// validating gives the pods for which tokens of the issuer are validated, or of
// any for "", and the others.
func (l *lifting) validating(pods ir.Pods, issuer string) (in, rest []ir.Pods) {
	rest = []ir.Pods{pods}
	for _, v := range l.validations {
		if len(rest) == 0 {
			break
		}
		if issuer != "" && v.issuer != issuer {
			continue
		}
		for _, p := range rest {
			if both, some := p.And(v.subject.Pods); some {
				in = append(in, both)
			}
		}
		rest = ir.SubtractAll(rest, []ir.Pods{v.subject.Pods})
	}
	return in, rest
}
