package istio

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Istio's own bounds (istio/api, kubernetes/customresourcedefinitions.gen.yaml).
const (
	maxItems    = 512 // rules of a policy, sources of a rule
	maxAccounts = 16
	maxAccount  = 320
	maxLabels   = 4096
	maxLabel    = 63
)

// validate says what Istio's admission rejects of a policy, and what Portolan
// does not read (istio/istio, pkg/config/validation/validation.go,
// ValidateAuthorizationPolicy).
func (l *lifting) validate(p *policy) {
	const never = "Such a policy would never decide anything, and Istio rejects it. Add a rule; `{}` is one that matches everything."
	switch {
	case p.action == custom && len(p.rules) == 0:
		l.invalid(p.at, "Action CUSTOM is without rules.", never)
	case p.action == deny && len(p.rules) == 0:
		l.invalid(p.at, "Action DENY is without rules.", never)
	case p.action == custom && p.provider == "":
		l.invalid(p.at, "Action CUSTOM is without `provider.name`.", "Name a provider of the mesh's configuration. Istio rejects the policy.")
	case p.action != custom && p.provider != "":
		l.invalid(p.at, "`provider` stands beside an action other than CUSTOM.", "Remove it, or make the action CUSTOM. Istio rejects the policy.")
	}
	if len(p.rules) > maxItems {
		l.invalid(p.at, fmt.Sprintf("A policy has at most %d rules, and this one %d.", maxItems, len(p.rules)), "Split the policy. The API server rejects it.")
	}
	for i := range p.rules {
		r := &p.rules[i]
		if len(r.from) > maxItems {
			l.invalid(r.at, fmt.Sprintf("A rule has at most %d sources, and this one %d.", maxItems, len(r.from)), "Split the rule. The API server rejects it.")
		}
		for _, source := range r.from {
			l.exclusive(r, source)
		}
		for _, m := range r.all() {
			l.validateMatcher(p, m)
		}
	}
}

// exclusive refuses accounts beside other identities.
func (l *lifting) exclusive(r *rule, source []matcher) {
	has := func(key string) bool {
		return slices.ContainsFunc(source, func(m matcher) bool { return m.key == key })
	}
	if has(keyAccount) && (has(keyNamespace) || has(keyPrincipal)) {
		l.invalid(r.at, "A source has `serviceAccounts` beside `namespaces` or `principals`.", "Write accounts as `namespace/account`, or as principals. The API server rejects the source.")
	}
}

func (l *lifting) validateMatcher(p *policy, m matcher) {
	if p.action == custom && (strings.HasPrefix(m.key, "source.") && m.key != keyIP || strings.HasPrefix(m.key, "request.auth.")) {
		l.invalid(m.at, m.field+" does not go with action CUSTOM.", "Istio rejects it, for the provider is asked before identities and tokens are known. Leave the decision about them to an ALLOW or a DENY.")
	}
	switch {
	case !known(m.key):
		l.invalid(m.at, fmt.Sprintf("There is no attribute %q.", m.key), "Istio rejects the policy. Attributes are such as source.ip, source.principal, destination.port and request.headers[name].")
		return
	case m.condition && len(m.values)+len(m.not) == 0:
		l.invalid(m.at, m.field+" has neither `values` nor `notValues`.", "Istio rejects the policy. Add some, or remove the condition.")
	case strings.HasPrefix(m.key, keyHeaders):
		l.validateHeader(m)
	case m.key == keyAccount:
		l.validateAccounts(m)
	case m.key == keyTrustDomain && !l.profile.Version.AtLeast(1, 31):
		// The field is in the API of 1.30 from its first release on, and what it
		// means came with a patch (istio/istio#60528).
		l.refuse(m.at, fmt.Sprintf("What %s does hangs on the patch release of Istio %s, or is nothing.", m.field, l.profile.Version),
			"Before 1.30 there are no trust domains in policies, and the first releases of 1.30 pass them over. Write principals, or use 1.31.")
	}
	for _, v := range slices.Concat(m.values, m.not) {
		if v.value == "" {
			l.invalid(v.at, m.field+" has an empty value.", "Istio rejects the policy. Remove the value.")
			continue
		}
		l.validateValue(m, v)
	}
}

// known reports that Istio knows the attribute.
func known(key string) bool {
	for _, nested := range []string{keyHeaders, keyClaims, keyFilters} {
		if strings.HasPrefix(key, nested) {
			_, ok := bracketed(key)
			return ok
		}
	}
	return slices.Contains([]string{
		keyPrincipal, keyNamespace, keyAccount, keyTrustDomain, keyIP, keyRemoteIP, keyRequestPrincipal, keyAudiences, keyPresenter,
		keyDestinationIP, keyPort, keySNI, keyHosts, keyMethods, keyPaths,
	}, key)
}

// validateHeader refuses names that are no header's to the proxy, but of the
// request's first line.
func (l *lifting) validateHeader(m matcher) {
	if name, _ := bracketed(m.key); strings.HasPrefix(name, ":") || strings.EqualFold(name, "host") {
		l.refuse(m.at, m.field+" is about "+name+", which Portolan reads from `hosts`, `methods` and `paths` only.", "Write it as an operation.")
	}
}

func (l *lifting) validateAccounts(m matcher) {
	if n := max(len(m.values), len(m.not)); n > maxAccounts {
		l.invalid(m.at, fmt.Sprintf("%s has %d values, and Istio takes %d.", m.field, n, maxAccounts), "Spread them over several sources. The API server rejects the policy.")
	}
	for _, v := range slices.Concat(m.values, m.not) {
		parts := strings.Split(v.value, "/")
		if strings.Contains(v.value, "*") || len(parts) > 2 || len(v.value) > maxAccount || slices.Contains(parts, "") {
			l.invalid(v.at, fmt.Sprintf("%q is no service account.", v.value), "Write `account` or `namespace/account`, without stars. Istio rejects the policy.")
		}
		if !l.profile.Version.AtLeast(1, 30) && strings.Contains(v.value, ".") {
			l.refuse(v.at, fmt.Sprintf("What %q matches hangs on the patch release of Istio %s.", v.value, l.profile.Version),
				"Some take the dot for any character (CVE-2026-39350). Write it as a principal: `*/ns/namespace/sa/account`.")
		}
	}
}

func (l *lifting) validateValue(m matcher, v text) {
	switch m.key {
	case keyIP, keyRemoteIP, keyDestinationIP:
		if _, err := prefixOf(v.value); err != nil {
			l.invalid(v.at, fmt.Sprintf("%q is no address and no range: %s.", v.value, err), "Write it as 10.1.2.3 or 10.1.0.0/16.")
		}
	case keyPort:
		if _, err := portOf(v.value); err != nil {
			l.invalid(v.at, fmt.Sprintf("%q is no port.", v.value), "Istio takes numbers up to 65535, one by one, and no ranges and no names.")
		}
	case keyTrustDomain:
		if strings.Contains(v.value, "/") || strings.Count(v.value, "*") > 1 || strings.Contains(strings.Trim(v.value, "*"), "*") {
			l.invalid(v.at, fmt.Sprintf("%q is no trust domain.", v.value), "A star stands at one end, and there is no slash. Istio rejects the policy.")
		}
	case keyPaths:
		if why := pathFault(v.value); why != "" {
			l.invalid(v.at, fmt.Sprintf("Istio does not take the path %q: %s.", v.value, why), "{*} stands for a whole segment and {**} for the rest; use a star at an end otherwise.")
		}
	case keyMethods:
		if strings.ToUpper(v.value) != v.value {
			l.ineffective(v.at, fmt.Sprintf("%q is no method: methods are in upper case, so that it never matches.", v.value), "Write it in upper case.")
		}
	case keyPrincipal:
		if l.principal(v.value) == nil {
			l.ineffective(v.at, fmt.Sprintf("No workload's principal matches %q.", v.value), "A principal is TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT, without \"spiffe://\"; a star stands at one end.")
		}
	}
	star := strings.Contains(strings.TrimSuffix(strings.TrimPrefix(v.value, "*"), "*"), "*") ||
		len(v.value) > 1 && strings.HasPrefix(v.value, "*") && strings.HasSuffix(v.value, "*")
	if star && !(m.key == keyNamespace && !l.ambient) && !templated(v.value) {
		l.ineffective(v.at, fmt.Sprintf("A star of %q stands for itself: Istio reads one star, at one end.", v.value), "Write it as a prefix or a suffix.")
	}
}

// literal is what Istio takes between the operators of a path template.
var literal = regexp.MustCompile(`^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$`)

// pathFault says what is wrong with a path, "" where nothing is (istio/istio,
// pkg/config/security/security.go, CheckValidPathTemplate). Envoy wants a
// template to begin with a slash, and no second one anywhere beside it.
func pathFault(path string) string {
	operators := templated(path)
	if operators && (!strings.HasPrefix(path, "/") || strings.Contains(path, "//")) {
		return "a template begins with a slash, and has no empty segment"
	}
	rest := false
	for _, s := range strings.Split(strings.Trim(path, "/"), "/") {
		switch {
		case rest && (s == oneSegment || s == anySegments):
			return "{**} is not the last operator"
		case s == oneSegment:
		case s == anySegments:
			rest = true
		case strings.ContainsAny(s, "{}"):
			return "it has braces beside {*} and {**}"
		case operators && !literal.MatchString(s):
			return fmt.Sprintf("%q is no segment of a template", s)
		}
	}
	return ""
}

// prefixOf reads an address or a range. Host bits are masked away.
func prefixOf(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		s = singleAddress(s)
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, fmt.Errorf("it cannot be read")
	case p.Addr().Is4In6():
		return p, fmt.Errorf("it is an IPv4 address as IPv6")
	}
	return p.Masked(), nil
}

func singleAddress(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return s + "/" + strconv.Itoa(a.BitLen())
	}
	return s
}

// portOf reads a port as Istio does: "080" is 80.
func portOf(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err
}

func (l *lifting) invalid(at diag.Range, summary, detail string) *diag.Diagnostic {
	return l.diags.Add(diag.BadFieldValue, at, summary, detail)
}

func (l *lifting) refuse(at diag.Range, summary, detail string) *diag.Diagnostic {
	return l.diags.Add(diag.RefusedField, at, summary, detail)
}

func (l *lifting) undecided(at diag.Range, summary, detail string) *diag.Diagnostic {
	return l.diags.Add(diag.Undecided, at, summary, detail)
}

func (l *lifting) ineffective(at diag.Range, summary, detail string) {
	l.diags.Add(diag.NoEffect, at, summary, detail)
}

// overBound refuses a rule that would be lifted to too many.
func (e *emission) overBound(n int) {
	e.diags.Add(diag.ManifestTooLarge, e.rule.at, fmt.Sprintf("The rule comes to %d rules, and Portolan's bound is %d.", n, maxRules), "Split it, or let its sources ask for the same kinds of things.")
}
