package istio

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
	securityv1beta1 "istio.io/api/security/v1beta1"
	"istio.io/istio/pkg/config"
)

// collect notes the issuers, with their audiences, and the claims of a spec.
func collect(spec config.Spec, issuers map[string][]string, claims map[string]any) {
	switch spec := spec.(type) {
	case *securityv1beta1.RequestAuthentication:
		for _, r := range spec.GetJwtRules() {
			issuers[r.GetIssuer()] = r.GetAudiences()
		}
	case *securityv1beta1.AuthorizationPolicy:
		for _, r := range spec.GetRules() {
			for _, w := range r.GetWhen() {
				path, is := strings.CutPrefix(w.GetKey(), "request.auth.claims[")
				if !is || len(w.GetValues()) == 0 {
					continue
				}
				at := claims
				names := strings.Split(strings.TrimSuffix(path, "]"), "][")
				for _, n := range names[:len(names)-1] {
					next, is := at[n].(map[string]any)
					if !is {
						next = map[string]any{}
						at[n] = next
					}
					at = next
				}
				at[names[len(names)-1]] = strings.Trim(w.GetValues()[0], "*")
			}
		}
	}
}

// holding says which conditions of a program hold of a flow, as far as its
// token, server name and client tell.
func holding(p *ir.Program, f *oracle.Flow) map[string]bool {
	out := map[string]bool{}
	note := func(list []ir.Condition) {
		for _, c := range list {
			if holds, known := holdsOf(c, f); known {
				out[c.Atom] = holds
			}
		}
	}
	stages := slices.Concat(p.Egress, p.Ingress)
	if p.Via != nil {
		stages = slices.Concat(stages, p.Via.Ingress)
	}
	valid := false
	var invalid []string
	for i := range stages {
		for _, r := range stages[i].Rules() {
			note(r.If)
			for _, c := range r.If {
				if issuer, audiences, ok := badToken(c, &p.Inventory); ok && f.Destination.In(r.Subject.Pods) && f.Of(r.Traffic, &p.Inventory) {
					invalid = append(invalid, c.Atom)
					valid = valid || f.Token != nil && f.Token.Issuer == issuer &&
						(len(audiences) == 0 || slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(f.Token.Audiences, a) }))
				}
			}
		}
		for _, iso := range stages[i].Isolate {
			note(iso.If)
		}
	}
	for _, atom := range invalid {
		out[atom] = f.Token != nil && !valid
	}
	return out
}

// validated is what a condition about tokens that are not valid says of how.
var validated = regexp.MustCompile(`^istio a token of ("(?:[^"\\]|\\.)*")(?: by (?:"[^"]*"|keys \S+))?(?: for \[([^\]]*)\])? is not valid$`)

// badToken reads a condition that a token is not valid: of one issuer, for one of
// the audiences.
func badToken(c ir.Condition, inv *ir.Inventory) (issuer string, audiences []string, ok bool) {
	if issuer, ok := c.BadToken(); ok {
		known, _ := inv.Issuer(issuer)
		return issuer, known.Audiences, true
	}
	found := validated.FindStringSubmatch(c.Atom)
	if found == nil {
		return "", nil, false
	}
	issuer, err := strconv.Unquote(found[1])
	for text := range strings.FieldsSeq(found[2]) {
		audience, _ := strconv.Unquote(text)
		audiences = append(audiences, audience)
	}
	return issuer, audiences, err == nil
}

func holdsOf(c ir.Condition, f *oracle.Flow) (holds, known bool) {
	t := f.Token
	if issuer, subject, ok := c.Token(); ok {
		return t != nil && (issuer == "" || issuer == t.Issuer) && (subject == "" || subject == t.Subject), true
	}
	if audience, ok := c.TokenAudience(); ok {
		return t != nil && slices.Contains(t.Audiences, audience), true
	}
	if path, value, ok := c.TokenClaim(); ok {
		return t != nil && claimHas(t.Claims, path, value), true
	}
	if addresses, ok := c.Client(); ok {
		return addresses.Contains(f.Client), true
	}
	return false, false
}

func claimHas(claims map[string]any, path []string, value string) bool {
	var at any = claims
	for _, name := range path {
		m, _ := at.(map[string]any)
		if at = m[name]; at == nil {
			return false
		}
	}
	is := func(v any) bool { s, _ := v.(string); return s != "" && (value == "" || s == value) }
	if list, many := at.([]any); many {
		return slices.ContainsFunc(list, is)
	}
	if s, one := at.(string); one && (path[0] == "scope" || path[0] == "permission") && len(path) == 1 {
		return slices.ContainsFunc(strings.Fields(s), func(word string) bool { return is(word) })
	}
	return is(at)
}
