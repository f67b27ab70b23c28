package istio

import (
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	security "istio.io/api/security/v1beta1"
	selectors "istio.io/api/type/v1beta1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// token is a token as a request has it; a key signs what it says. Claims are by
// path, with a dot between names.
type token struct {
	issuer, subject string
	key             string
	claims          map[string][]string
}

// The issuers, with the key that each signs with.
var someIssuers = []string{"https://a/b", "c"}

func (t *token) takenBy(r *security.JWTRule) bool {
	if t.issuer != r.Issuer || t.key != r.JwksUri {
		return false
	}
	return len(r.Audiences) == 0 || slices.ContainsFunc(r.Audiences, func(a string) bool { return slices.Contains(t.claims["aud"], a) })
}

// rules gives how tokens are validated at an endpoint.
func (m mesh) rules(to sem.Endpoint) []*security.JWTRule {
	var out []*security.JWTRule
	for _, r := range m.requests {
		if !m.ambient && (r.Namespace == m.root || r.Namespace == to.Namespace) && selected(r.Spec.GetSelector().GetMatchLabels(), to.Labels) {
			out = append(out, r.Spec.JwtRules...)
		}
	}
	return out
}

// validate is what a proxy's filter for tokens does: with no rule nothing, with
// some it hands a token on that one of them takes and refuses any other.
func (m mesh) validate(t *token, to sem.Endpoint) (valid *token, refused bool) {
	rules := m.rules(to)
	switch {
	case t == nil || len(rules) == 0:
		return nil, false
	case slices.ContainsFunc(rules, t.takenBy):
		return t, false
	}
	return nil, true
}

// is holds a token to a value of an attribute, as the matchers do that Istio
// generates.
func (t *token) is(key, value string) bool {
	if t == nil {
		return false
	}
	var list []string
	switch key {
	case keyRequestPrincipal:
		return t.principal(value)
	case keyAudiences:
		list = t.claims["aud"]
	case keyPresenter:
		list = t.claims["azp"]
	default:
		list = t.claims[strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(key, keyClaims+"["), "]"), "][", ".")]
	}
	return slices.ContainsFunc(list, func(x string) bool { return stringMatches(value, x) })
}

func (t *token) principal(value string) bool {
	issuer, subject, found := value, "", false
	if i := strings.LastIndex(value, "/"); i >= 0 {
		issuer, subject, found = value[:i], value[i+1:], true
	}
	some := t.issuer != "" && t.subject != ""
	switch {
	case value == "*":
		return some
	case strings.HasPrefix(value, "*") && found:
		if issuer == "*" {
			return t.issuer != "" && t.subject == subject
		}
		return strings.HasSuffix(t.issuer, issuer[1:]) && t.subject == subject
	case strings.HasPrefix(value, "*"):
		return t.issuer != "" && strings.HasSuffix(t.subject, value[1:])
	case strings.HasSuffix(value, "*") && found:
		if subject == "*" {
			return t.issuer == issuer && t.subject != ""
		}
		return t.issuer == issuer && strings.HasPrefix(t.subject, strings.TrimSuffix(subject, "*"))
	case strings.HasSuffix(value, "*"):
		return strings.HasPrefix(t.issuer, strings.TrimSuffix(value, "*")) && t.subject != ""
	}
	return t.issuer == issuer && t.subject == subject
}

// settle says which of the conditions about tokens a request fulfils that comes
// with the token, by what the model calls them; valid is what is left of it
// where it goes to.
func (m mesh) settle(f sem.Flow, sent *token, holds map[string]bool) {
	valid, _ := m.validate(sent, f.Destination)
	set := func(c ir.Condition, holding bool) {
		if _, asked := holds[c.Atom]; asked {
			holds[c.Atom] = holding
		}
	}
	either := append([]string{""}, someIssuers...)
	for _, issuer := range either {
		for _, subject := range []string{"", "x", "xy", "x*"} {
			set(ir.Token(issuer, subject), valid != nil && (issuer == "" || valid.issuer == issuer) && (subject == "" || valid.subject == subject))
		}
	}
	for _, path := range []string{"role", "realm.tenant", "azp", "scope"} {
		for _, value := range []string{"", "x", "xy"} {
			has := valid != nil && (value == "" && len(valid.claims[path]) > 0 || slices.Contains(valid.claims[path], value))
			set(ir.TokenClaim(strings.Split(path, "."), value), has)
		}
	}
	for _, value := range []string{"x", "xy"} {
		set(ir.TokenAudience(value), valid != nil && slices.Contains(valid.claims["aud"], value))
	}
	for atom := range holds {
		rest, own := strings.CutPrefix(atom, "istio request.auth.")
		if key, quoted, ok := strings.Cut(rest, " in "); own && ok {
			value, _ := strconv.Unquote(quoted)
			holds[atom] = valid.is("request.auth."+key, value)
		}
	}
	for _, r := range m.requests {
		for _, rule := range r.Spec.JwtRules {
			how := validation{issuer: rule.Issuer, jwksURI: rule.JwksUri, aud: rule.Audiences}
			bad := sent != nil && sent.issuer == rule.Issuer && !sent.takenBy(rule)
			set(ir.BadToken(rule.Issuer), bad)
			set(ir.Condition{Atom: "istio a token of " + how.describe() + " is not valid"}, bad)
		}
	}
}

func someRequestAuthentication(t *rapid.T, name string) *clientsecurity.RequestAuthentication {
	r := &clientsecurity.RequestAuthentication{
		TypeMeta:   metav1.TypeMeta{APIVersion: "security.istio.io/v1", Kind: kindRequest},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: rapid.SampledFrom([]string{"shop", "shop", "istio-system"}).Draw(t, "namespace")},
	}
	r.Spec.Selector = rapid.SampledFrom([]*selectors.WorkloadSelector{nil, {MatchLabels: map[string]string{"app": "api"}}}).Draw(t, "selector")
	for _, issuer := range someIssuers {
		if rapid.IntRange(0, 3).Draw(t, "issuer") > 0 {
			r.Spec.JwtRules = append(r.Spec.JwtRules, &security.JWTRule{
				Issuer: issuer, JwksUri: "https://keys/" + strings.Trim(issuer, ":/abhtps"),
				Audiences: [][]string{nil, {"x"}}[slices.Index(someIssuers, issuer)],
			})
		}
	}
	return r
}

// someToken draws a token of an issuer that is known where the flow goes, or
// none: others are refused, and the model has no word for them.
func (m mesh) someToken(t *rapid.T, f sem.Flow) *token {
	if f.Request == nil || rapid.IntRange(0, 4).Draw(t, "token") == 0 {
		return nil
	}
	texts := func(name string) []string { return few(t, 2, name, "x", "xy", "z") }
	out := &token{
		issuer: rapid.SampledFrom(someIssuers).Draw(t, "of"), subject: rapid.SampledFrom([]string{"x", "xy", "z", "x*"}).Draw(t, "for"),
		claims: map[string][]string{"aud": texts("aud"), "azp": texts("azp"), "role": texts("role"), "realm.tenant": texts("tenant"), "scope": texts("scope")},
	}
	rules := m.rules(f.Destination)
	i := slices.IndexFunc(rules, func(r *security.JWTRule) bool { return r.Issuer == out.issuer })
	if i < 0 && len(rules) > 0 {
		return nil
	}
	if i >= 0 && rapid.IntRange(0, 3).Draw(t, "signed") > 0 {
		out.key = rules[i].JwksUri
	}
	return out
}
