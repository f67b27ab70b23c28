package envoy

import (
	"testing"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	jwtv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TestTemplates holds path templates to what Envoy's documentation says of them.
func TestTemplates(t *testing.T) {
	for _, c := range []struct {
		template, path string
		matches        bool
	}{
		{"/orders/*", "/orders/1", true},
		{"/orders/*", "/orders/", false},
		{"/orders/*", "/orders/1/items", false},
		{"/orders/*/items", "/orders/1/items", true},
		{"/static/**", "/static/", true},
		{"/static/**", "/static", false},
		{"/static/**", "/static/a/b", true},
		{"/static/**", "/static/[", false},
		{"/a.b", "/axb", false},
	} {
		if got := compiled(templateText(c.template)).MatchString(c.path); got != c.matches {
			t.Errorf("%s %s: %v", c.template, c.path, got)
		}
	}
}

// TestTokens holds what becomes of tokens under the filter that Istio writes for
// one issuer and for two.
func TestTokens(t *testing.T) {
	one, two := filter("a"), filter("a", "b")
	two.Providers["b"].Audiences = []string{"shop"}
	for _, c := range []struct {
		name   string
		filter *jwtv3.JwtAuthentication
		token  *Token
		passes bool
	}{
		{"none", one, nil, true},
		{"none of two", two, nil, true},
		{"valid", one, &Token{Issuer: "a"}, true},
		{"of another issuer", one, &Token{Issuer: "b"}, false},
		{"the first of two", two, &Token{Issuer: "a"}, true},
		{"the second of two", two, &Token{Issuer: "b", Audiences: []string{"lab", "shop"}}, true},
		{"for another audience", two, &Token{Issuer: "b", Audiences: []string{"lab"}}, false},
		{"of neither", two, &Token{Issuer: "c"}, false},
	} {
		claims, passes, err := Authenticates(c.filter, c.token)
		if err != nil || passes != c.passes || passes && (claims != nil) != (c.token != nil) {
			t.Errorf("%s: %v %v %v", c.name, passes, claims, err)
		}
	}
	two.Providers["b"].FromParams = []string{"token"}
	if _, _, err := Authenticates(two, &Token{Issuer: "b"}); err == nil {
		t.Error("a token elsewhere is judged")
	}
}

// filter is as istiod writes it (istio/istio, pilot/pkg/security/authn/policy_applier.go).
func filter(issuers ...string) *jwtv3.JwtAuthentication {
	named := func(name string) *jwtv3.JwtRequirement {
		return &jwtv3.JwtRequirement{RequiresType: &jwtv3.JwtRequirement_ProviderName{ProviderName: name}}
	}
	anyOf := func(list ...*jwtv3.JwtRequirement) *jwtv3.JwtRequirement {
		return &jwtv3.JwtRequirement{RequiresType: &jwtv3.JwtRequirement_RequiresAny{RequiresAny: &jwtv3.JwtRequirementOrList{Requirements: list}}}
	}
	missing := &jwtv3.JwtRequirement{RequiresType: &jwtv3.JwtRequirement_AllowMissing{AllowMissing: &emptypb.Empty{}}}
	out := &jwtv3.JwtAuthentication{Providers: map[string]*jwtv3.JwtProvider{}}
	var either, each []*jwtv3.JwtRequirement
	for _, name := range issuers {
		out.Providers[name] = &jwtv3.JwtProvider{Issuer: name}
		either, each = append(either, named(name)), append(each, anyOf(named(name), missing))
	}
	requires := each[0]
	if len(each) > 1 {
		all := &jwtv3.JwtRequirement{RequiresType: &jwtv3.JwtRequirement_RequiresAll{RequiresAll: &jwtv3.JwtRequirementAndList{Requirements: each}}}
		requires = anyOf(append(either, all)...)
	}
	out.Rules = []*jwtv3.RequirementRule{{Match: &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}}, RequirementType: &jwtv3.RequirementRule_Requires{Requires: requires}}}
	return out
}
