package envoy

import (
	"fmt"
	"slices"
	"strings"

	jwtv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
)

// Token is a JSON Web Token whose signature is its issuer's, as a request
// carries it where tokens usually are: in the header Authorization.
type Token struct {
	Issuer    string
	Audiences []string
	Claims    map[string]any // all of them, those of the fields too
}

// status is what becomes of the token at a part of the filter's requirement.
type status uint8

const (
	fine status = iota
	missed
	otherIssuer
	failed
)

// Authenticates reports whether the filter lets a request with the token, nil for
// none, pass, and gives the claims that the policies after it see. The error
// names what of the filter is nothing that Istio writes, or that it looks for
// tokens elsewhere.
//
// See source/extensions/filters/http/jwt_authn/verifier.cc and authenticator.cc.
func Authenticates(filter *jwtv3.JwtAuthentication, t *Token) (claims map[string]any, passes bool, err error) {
	a := authentication{providers: filter.GetProviders(), token: t}
	if len(filter.GetRules()) != 1 || filter.GetRules()[0].GetMatch().GetPrefix() != "/" {
		return nil, false, fmt.Errorf("envoy: tokens are not of all requests alike")
	}
	if a.require(filter.GetRules()[0].GetRequires()) != fine {
		return nil, false, a.err
	}
	return a.claims, true, a.err
}

type authentication struct {
	providers map[string]*jwtv3.JwtProvider
	token     *Token
	claims    map[string]any
	err       error
}

func (a *authentication) require(r *jwtv3.JwtRequirement) status {
	switch r := r.GetRequiresType().(type) {
	case *jwtv3.JwtRequirement_ProviderName:
		return a.verify(a.providers[r.ProviderName])
	case *jwtv3.JwtRequirement_RequiresAny:
		return a.any(r.RequiresAny.GetRequirements())
	case *jwtv3.JwtRequirement_RequiresAll:
		for _, one := range r.RequiresAll.GetRequirements() {
			if s := a.require(one); s != fine {
				return s
			}
		}
		return fine
	default:
		a.err = fmt.Errorf("envoy: %T is not evaluated", r)
		return failed
	}
}

// any is a list of which one has to hold. That none may be there makes up for a
// token that is missing, and not for one of an issuer that is none of the list's.
func (a *authentication) any(list []*jwtv3.JwtRequirement) status {
	out, mayMiss := missed, false
	for _, one := range list {
		if _, is := one.GetRequiresType().(*jwtv3.JwtRequirement_AllowMissing); is {
			mayMiss = true
			continue
		}
		s := a.require(one)
		if s == fine {
			return fine
		}
		if s == failed || out == missed {
			out = s
		}
	}
	if mayMiss && out == missed {
		return fine
	}
	return out
}

func (a *authentication) verify(p *jwtv3.JwtProvider) status {
	switch {
	case len(p.GetFromHeaders())+len(p.GetFromParams())+len(p.GetFromCookies()) > 0:
		a.err = fmt.Errorf("envoy: tokens of %q are not where they usually are", p.GetIssuer())
		return failed
	case a.token == nil:
		return missed
	case p.GetIssuer() != "" && p.GetIssuer() != a.token.Issuer:
		return otherIssuer
	case len(p.GetAudiences()) > 0 && !slices.ContainsFunc(a.token.Audiences, func(s string) bool { return slices.Contains(p.GetAudiences(), s) }):
		return failed
	}
	a.claims = normalized(a.token.Claims, p.GetNormalizePayloadInMetadata().GetSpaceDelimitedClaims())
	return fine
}

// normalized splits claims at blanks as policies see them.
func normalized(claims map[string]any, split []string) map[string]any {
	out := map[string]any{}
	for name, v := range claims {
		if s, is := v.(string); is && slices.Contains(split, name) {
			var list []any
			for _, word := range strings.Fields(s) {
				list = append(list, word)
			}
			v = list
		}
		out[name] = v
	}
	return out
}
