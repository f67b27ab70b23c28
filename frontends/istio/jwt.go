package istio

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

const (
	otherClaims = "It changes what claims say, which Portolan does not follow. The claims `scope` and `permission` are split at blanks anyway."
	maxIssuers  = 4096
	maxURI      = 2048
)

// requestFields is what becomes of every field of a RequestAuthentication.
var requestFields = slices.Concat(
	manifest.Understood("spec.selector.matchLabels.*", "spec.targetRefs[].group", "spec.targetRefs[].kind", "spec.targetRefs[].name"),
	manifest.Understood("issuer", "audiences[]", "jwksUri", "jwks", "fromHeaders[].name", "fromHeaders[].prefix", "fromParams[]", "fromCookies[]",
		"forwardOriginalToken", "outputPayloadToHeader", "outputClaimToHeaders[].header", "outputClaimToHeaders[].claim", "timeout").Under("spec.jwtRules[]"),
	manifest.Refused(otherClaims, "spec.jwtRules[].spaceDelimitedClaims"),
	manifest.Refused(otherNamespace, "spec.targetRefs[].namespace"),
	manifest.Refused(notAField, "spec.targetRef"),
)

// validation is how the tokens of an issuer are validated for some pods.
type validation struct {
	address string
	at      diag.Range
	subject ir.Subject
	issuer  string
	jwksURI string
	jwks    string
	aud     []string
	from    []string // where tokens are looked for; none for where they are usually
	how     string   // all of that in words
}

// requestDocument reads a RequestAuthentication.
func (l *lifting) requestDocument(d *manifest.Document) {
	before := len(l.diags)
	var s *selector
	var targets []target
	var list []*validation
	d.Object(requestFields, &l.diags, func(o *manifest.Object) {
		o.Field("spec").Object(func(spec *manifest.Object) {
			s, targets = l.readSelector(spec.Field("selector")), readTargets(spec.Field("targetRefs"))
			l.attachedOnce(s, targets)
			rules := spec.Field("jwtRules")
			items := rules.Items()
			if len(items) > maxIssuers {
				rules.Bad(fmt.Sprintf("has more than %d rules", maxIssuers), "The API server rejects it.")
			}
			for i, v := range items {
				x := &validation{address: fmt.Sprintf("%s %s/%s jwtRules[%d]", kindRequest, d.InNamespace(), d.Name, i), at: v.Range()}
				v.Object(func(o *manifest.Object) { l.readIssuer(o, x) })
				list = append(list, x)
			}
		})
	})
	if l.diags[before:].HasErrors() {
		return
	}
	if targets != nil {
		l.validateAt(d, targets, list)
		return
	}
	if len(list) == 0 {
		return
	}
	if l.ambient {
		l.ineffective(d.Range, kindRequest+" "+d.InNamespace()+"/"+d.Name+" does nothing: ztunnel reads no requests and so no tokens.",
			"Validate tokens at a waypoint, or run the pods with sidecars.")
		return
	}
	subject := l.subject(d.InNamespace(), s)
	parts := l.parts(subject.Pods, set.AllPorts())
	if n := len(parts) * len(list); n > maxRules {
		l.diags.Add(diag.ManifestTooLarge, d.Range, fmt.Sprintf("%s %s/%s comes to %d rules, and Portolan's bound is %d.", kindRequest, d.InNamespace(), d.Name, n, maxRules), "Validate fewer issuers for fewer pods.")
		return
	}
	for _, x := range list {
		x.subject, x.how = subject, x.describe()
		l.addValidation(x, parts, set.AllPorts())
	}
}

// validateAt lifts what waypoints validate, for the Services that a
// RequestAuthentication stands at.
func (l *lifting) validateAt(d *manifest.Document, targets []target, list []*validation) {
	address := kindRequest + " " + d.InNamespace() + "/" + d.Name
	w := l.atWaypoint()
	for _, t := range targets {
		for _, s := range l.at(address, d.InNamespace(), t) {
			subject := s.subject()
			parts := w.parts(subject.Pods, set.AllPorts())
			for _, x := range list {
				one := *x
				one.subject, one.how = subject, one.describe()
				w.addValidation(&one, parts, s.behind(set.AllPorts()))
			}
		}
	}
}

// readIssuer reads how an issuer's tokens are validated, and says what Istio's
// admission rejects of it (istio/istio, pkg/config/validation/validation.go,
// validateJwtRule).
func (l *lifting) readIssuer(o *manifest.Object, x *validation) {
	x.issuer, _ = o.Field("issuer").Text()
	x.aud = l.readNames(o.Field("audiences"))
	x.readKeys(o)
	for _, v := range o.Field("fromHeaders").Items() {
		v.Object(func(h *manifest.Object) {
			name, _ := h.Required("name").Text()
			prefix, _ := h.Field("prefix").Text()
			x.from = append(x.from, "header "+strconv.Quote(name)+" behind "+strconv.Quote(prefix))
		})
	}
	for _, name := range l.readNames(o.Field("fromParams")) {
		x.from = append(x.from, "parameter "+strconv.Quote(name))
	}
	for _, name := range l.readNames(o.Field("fromCookies")) {
		x.from = append(x.from, "cookie "+strconv.Quote(name))
	}
	slices.Sort(x.from)
	// What is done with a token that is valid decides nothing.
	o.Field("forwardOriginalToken").Bool()
	o.Field("outputPayloadToHeader").Text()
	o.Field("timeout").Text()
	for _, v := range o.Field("outputClaimToHeaders").Items() {
		v.Object(func(h *manifest.Object) {
			h.Required("header").Text()
			h.Required("claim").Text()
		})
	}
	if x.issuer == "" {
		l.refuse(x.at, o.Path()+" is without `issuer`, so that tokens of every issuer are taken.", "Name the issuer, as the claim `iss` of its tokens does.")
	}
}

func (x *validation) readKeys(o *manifest.Object) {
	uri, keys := o.Field("jwksUri"), o.Field("jwks")
	if x.jwksURI, _ = uri.Text(); x.jwksURI != "" {
		if u, err := url.Parse(x.jwksURI); err != nil || u.Scheme != "http" && u.Scheme != "https" || len(x.jwksURI) > maxURI {
			uri.Bad("is no address that Istio takes", "Write an http or https URL. The API server rejects it.")
		}
	}
	if x.jwks, _ = keys.Text(); x.jwks != "" && !json.Valid([]byte(x.jwks)) {
		keys.Bad("is no set of keys", "Write a JWK set as JSON. Istio rejects it.")
	}
	if uri.Present() && keys.Present() {
		keys.Bad("stands beside jwksUri", "Remove one of them. The API server rejects both.")
	}
}

func (l *lifting) readNames(list manifest.Value) []string {
	var out []string
	for _, v := range readTexts(list) {
		if v.value == "" {
			l.invalid(v.at, list.Path()+" has an empty value.", "Istio rejects it. Remove the value.")
		}
		out = append(out, v.value)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// bad is the condition that a request has a token that is not valid. Of an
// issuer that is declared, and validated as declared, that is the model's; of
// any other it says how tokens are validated, so that no two ways are one.
//
// A token of an issuer that no rule names is refused as well, and one valid
// token makes up for another that is not (istio/istio,
// pilot/pkg/security/authn/policy_applier.go, convertToEnvoyJwtConfig). Requests
// that ask for CORS beforehand are not looked at.
func (l *lifting) bad(x *validation) ir.Condition {
	if d, declared := l.inventory.Issuer(x.issuer); declared && d.JWKSURI == x.jwksURI && d.JWKS == x.jwks && slices.Equal(d.Audiences, x.aud) && len(x.from) == 0 {
		return ir.BadToken(x.issuer)
	}
	return ir.Condition{Atom: "istio a token of " + x.how + " is not valid"}
}

// describe says how tokens are validated.
func (x *validation) describe() string {
	out := strconv.Quote(x.issuer)
	switch {
	case x.jwksURI != "":
		out += " by " + strconv.Quote(x.jwksURI)
	case x.jwks != "":
		sum := sha256.Sum256([]byte(x.jwks))
		out += fmt.Sprintf(" by keys #%x", sum[:8])
	}
	if len(x.aud) > 0 {
		out += fmt.Sprintf(" for %q", x.aud)
	}
	if len(x.from) > 0 {
		out += " in " + strings.Join(x.from, ", ")
	}
	return out
}

// addValidation lifts a way of validating tokens: a request with a token that is
// not valid is refused on the pods' ports, and one without a token is not.
func (l *lifting) addValidation(x *validation, parts []part, on set.Ports) {
	for _, o := range l.validations {
		if o.issuer != x.issuer || o.how == x.how || !o.subject.Pods.Overlaps(x.subject.Pods) {
			continue
		}
		l.undecided(x.at, fmt.Sprintf("%s and %s validate tokens of %q for the same pods in two ways; Istio takes a token that one of them takes.", x.address, o.address, x.issuer),
			"Keep one of them, or make their selectors exclude each other.").Relate(o.at, "the other one")
		return
	}
	l.validations = append(l.validations, x)
	anyone, _ := ir.PeersOf(ir.AnyPeer{})
	for _, part := range parts {
		t, _ := ir.PortTraffic(ir.TCP, on.Subtract(part.bytes)).WithRequests(anyRequest())
		r := ir.Rule{
			Subject: x.subject, Peers: anyone, Traffic: t, Action: ir.Deny, If: []ir.Condition{l.bad(x)},
			Origin: ir.Origin{Kind: ir.FromRule, Address: x.address, Range: x.at},
		}
		if !part.pods.Equal(r.Subject.Pods) {
			r.Subject = ir.Subject{Pods: part.pods, Address: part.pods.String(), Kind: ir.SubjectInline}
		}
		l.levels[deny] = append(l.levels[deny], r)
	}
}
