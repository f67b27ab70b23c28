package istio

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	security "istio.io/api/security/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// asked gives what a rule asks beside its peers and its traffic, as conditions
// that all have to hold. false means that the rule was refused.
//
// On a chain that is not HTTP, a rule with a condition on tokens means what one
// with a condition on requests does there, so that it has requests to be about.
func (l *lowering) asked(r *ir.Rule) ([]*security.Condition, bool) {
	var out []*security.Condition
	for _, c := range r.If {
		key, values, no := attribute(c)
		if no == nil && key != keyRemoteIP && r.Traffic.Requests() == nil {
			no = &obstacle{"a token comes with a request, and the rule is about connections too", "Restrict the rule to requests."}
		}
		if no != nil {
			l.refuse(lackOf(r.If), r.Origin, no.why, no.nearest)
			return nil, false
		}
		one := &security.Condition{Key: key, Values: values}
		if c.Not {
			one.Values, one.NotValues = nil, values
		}
		out = append(out, one)
	}
	return out, true
}

const (
	keyRequestPrincipal = "request.auth.principal"
	keyAudiences        = "request.auth.audiences"
	keyClaims           = "request.auth.claims"
	keyRemoteIP         = "remote.ip"
)

// obstacle is why a condition has no form, as a clause, and what would have.
type obstacle struct{ why, nearest string }

// attribute gives a condition as one of Istio's: an attribute, and values of
// which it has one.
func attribute(c ir.Condition) (key string, values []string, no *obstacle) {
	if issuer, subject, ok := c.Token(); ok {
		value, no := requestPrincipal(issuer, subject)
		return keyRequestPrincipal, []string{value}, no
	}
	if path, value, ok := c.TokenClaim(); ok {
		return claim(path, value)
	}
	if value, ok := c.TokenAudience(); ok {
		return keyAudiences, []string{value}, starred("audience", value)
	}
	if addresses, ok := c.Client(); ok {
		return keyRemoteIP, texts(addresses.Prefixes()), nil
	}
	return "", nil, &obstacle{"a policy has no condition that says that " + c.Atom, "Take it out of the rule."}
}

// requestPrincipal writes an issuer and a subject as ISSUER/SUBJECT, which Istio
// parts at the last slash. "" is a star, which stands for any that is not empty
// (istio/istio, pilot/pkg/security/authz/model/generator.go).
func requestPrincipal(issuer, subject string) (value string, no *obstacle) {
	switch {
	case strings.Contains(subject, "/"):
		return "", &obstacle{"Istio parts an issuer from a subject at the last slash, and the subject `" + subject + "` has one",
			"Ask for the claim instead: `claims = { sub = [\"" + subject + "\"] }`."}
	case issuer == "" && subject == "":
		return "*", nil
	case issuer == "":
		return "*/" + subject, nil
	case strings.HasPrefix(issuer, "*"):
		return "", starred("issuer", issuer)
	case subject == "":
		return issuer + "/*", nil
	case strings.HasSuffix(subject, "*"):
		return "", starred("subject", subject)
	}
	return issuer + "/" + subject, nil
}

// claim writes a claim at a path of names, each in brackets. The claims scope
// and permission are split at blanks (istio/istio,
// pilot/pkg/security/authn/policy_applier.go, buildSpaceDelimitedClaims).
func claim(path []string, value string) (key string, values []string, no *obstacle) {
	for _, name := range path {
		if name == "" || strings.ContainsAny(name, "[]") {
			return "", nil, &obstacle{"Istio takes no claim of the name `" + name + "`", "Ask for another claim."}
		}
	}
	if len(path) == 1 && (path[0] == "scope" || path[0] == "permission") && strings.Contains(value, " ") {
		return "", nil, &obstacle{"Istio splits the claim `" + path[0] + "` at blanks, so that it never has the value `" + value + "`", "Ask for one of the words."}
	}
	key = keyClaims + "[" + strings.Join(path, "][") + "]"
	if value == "" {
		return key, []string{"*"}, nil
	}
	return key, []string{value}, starred("claim", value)
}

// starred says why a text is not taken as it is; nil where it is.
func starred(what, value string) *obstacle {
	if strings.HasPrefix(value, "*") || strings.HasSuffix(value, "*") {
		return &obstacle{"Istio takes the star of the " + what + " `" + value + "` for a pattern", "Use another text."}
	}
	return nil
}

// merged makes one rule of rules that differ in the values of one condition.
func merged(rules []*security.Rule) []*security.Rule {
	out := slices.Clone(rules)
	for i := 0; i < len(out); i++ {
		for j := i + 1; j < len(out); j++ {
			if one, ok := merge(out[i], out[j]); ok {
				out[i] = one
				out = slices.Delete(out, j, j+1)
				i, j = -1, len(out) // what was tried may now go together
			}
		}
	}
	return out
}

func merge(a, b *security.Rule) (*security.Rule, bool) {
	bare := func(r *security.Rule) *security.Rule { return &security.Rule{From: r.From, To: r.To} }
	if len(a.When) != len(b.When) || !proto.Equal(bare(a), bare(b)) {
		return nil, false
	}
	differs := -1
	for i, c := range a.When {
		switch o := b.When[i]; {
		case proto.Equal(c, o):
		case differs >= 0, c.Key != o.Key, c.Key == keyRemoteIP, len(c.NotValues)+len(o.NotValues) > 0:
			return nil, false
		default:
			differs = i
		}
	}
	if differs < 0 {
		return a, true
	}
	values := slices.Concat(a.When[differs].Values, b.When[differs].Values)
	slices.Sort(values)
	one := bare(a)
	one.When = slices.Clone(a.When)
	one.When[differs] = &security.Condition{Key: a.When[differs].Key, Values: slices.Compact(values)}
	return one, true
}

// lackOf gives the code under which conditions are refused.
func lackOf(all []ir.Condition) diag.Code {
	if slices.ContainsFunc(all, func(c ir.Condition) bool { _, client := c.Client(); return !client }) {
		return diag.LacksJWT
	}
	return diag.LacksClient
}

// restricts reports an allow of some requests or connections only, of those
// that its peers and ports have.
func restricts(r *ir.Rule) bool { return r.Traffic.Requests() != nil || len(r.If) > 0 }

// refuseRestriction refuses a rule for its requests and conditions.
func (l *lowering) refuseRestriction(r *ir.Rule, reason, nearest string) {
	if len(r.If) > 0 {
		l.refuse(lackOf(r.If), r.Origin, reason, nearest)
		return
	}
	l.refuseRequests(r, reason, nearest)
}

// compareConditions orders conditions as they print.
func compareConditions(a, b []ir.Condition) int {
	return slices.CompareFunc(a, b, func(x, y ir.Condition) int { return strings.Compare(x.String(), y.String()) })
}

// requestAuthentication is how tokens are validated at a site.
type requestAuthentication struct {
	site
	issuers []*ir.Issuer
	origins []ir.Origin
}

// validates reports that a rule is what validating tokens means: requests with
// a bad token are refused.
func validates(r *ir.Rule) bool {
	if len(r.If) != 1 || r.If[0].Not || r.Action != ir.Deny {
		return false
	}
	_, bad := r.If[0].BadToken()
	return bad
}

// validate makes the request authentications: one for each subject at which
// tokens are validated. They come before every policy (istio/istio,
// pilot/pkg/networking/core/listener_builder.go), so that no earlier tier may
// let in what they refuse.
func (l *lowering) validate(p *ir.Program) {
	var earlier []*ir.Rule
	for _, d := range p.All() {
		r := d.Rule
		if r.Action == ir.Allow {
			earlier = append(earlier, r)
		}
		if !validates(r) {
			continue
		}
		if i := slices.IndexFunc(earlier, func(o *ir.Rule) bool { return lower.Overlap(p, o, r) }); i >= 0 {
			l.refuse(diag.LacksOrder, r.Origin, "tokens are validated before any policy is asked, and rule \""+earlier[i].Origin.Address+"\" is decided before that and lets requests in whatever their token",
				"Move the rule out of its tier, or the rules that ask for tokens into one before it.")
			continue
		}
		l.validation(r)
	}
}

func (l *lowering) validation(r *ir.Rule) {
	name, _ := r.If[0].BadToken()
	issuer, stated := l.inv.Issuer(name)
	if !stated {
		l.refuse(diag.NeedsFact, r.Origin, "how tokens of `"+name+"` are validated is not stated", "Declare an `issuer` with its keys.")
		return
	}
	if ports, _ := r.Traffic.Only(ir.TCP); !r.Peers.IsAny() || len(ports.Requests()) != 1 || !ports.Requests()[0].IsAny() {
		l.refuse(diag.LacksJWT, r.Origin, "tokens are validated of all requests or of none", "Refuse bad tokens whoever sends them and whatever the request.")
		return
	}
	sites, ok := l.exactSites(r)
	if !ok {
		return
	}
	for _, at := range sites {
		key := at.namespace + "/" + at.name
		a := l.requestAuths[key]
		if a == nil {
			a = &requestAuthentication{site: at}
			l.requestAuths[key] = a
		}
		if !slices.Contains(a.issuers, issuer) {
			a.issuers = append(a.issuers, issuer)
		}
		a.origins = append(a.origins, r.Origin)
	}
}

// jwtRules writes how tokens are validated. A token that is valid is passed on:
// without that the application would be sent none.
func (a *requestAuthentication) jwtRules() []*security.JWTRule {
	slices.SortFunc(a.issuers, func(x, y *ir.Issuer) int { return strings.Compare(x.Issuer, y.Issuer) })
	var out []*security.JWTRule
	for _, i := range a.issuers {
		out = append(out, &security.JWTRule{Issuer: i.Issuer, Audiences: i.Audiences, JwksUri: i.JWKSURI, Jwks: i.JWKS, ForwardOriginalToken: true})
	}
	return out
}
