package istio

import (
	"net/netip"
	"slices"
	"strings"

	security "istio.io/api/security/v1"

	"github.com/portolan-dev/portolan/ir"
)

// token is a token as a request has it. A forged one is of no issuer's keys.
type token struct {
	issuer, subject string
	forged          bool
	claims          map[string][]string // by path, with a dot between names
}

func (t *token) has(path, value string) bool {
	return slices.ContainsFunc(t.claims[path], func(v string) bool { return v == value || value == "" && v != "" })
}

// holds says whether a condition holds, by what the model says of it.
func holds(c ir.Condition, f flow) bool { return asserted(c, f) != c.Not }

func asserted(c ir.Condition, f flow) bool {
	if from, ok := c.Client(); ok {
		return from.Contains(f.client())
	}
	if f.request == nil || f.request.token == nil {
		return false
	}
	t := f.request.token
	if issuer, ok := c.BadToken(); ok {
		return t.forged && t.issuer == issuer
	}
	if t.forged {
		return false
	}
	if issuer, subject, ok := c.Token(); ok {
		return (issuer == "" || issuer == t.issuer) && (subject == "" || subject == t.subject)
	}
	if path, value, ok := c.TokenClaim(); ok {
		return t.has(strings.Join(path, "."), value)
	}
	value, ok := c.TokenAudience()
	return ok && t.has("aud", value)
}

// client is where a request says that it comes from, as a proxy told, else
// where its connection comes from.
func (f flow) client() netip.Addr {
	if f.request != nil && f.request.client.IsValid() {
		return f.request.client
	}
	return f.from.address
}

// issuers is whose tokens are validated at a pod.
func (m mesh) issuers(to pod) []string {
	var out []string
	for _, r := range m.requests {
		if (r.Namespace == m.root || r.Namespace == to.namespace) && selected(r.Spec.GetSelector().GetMatchLabels(), to.labels) {
			for _, rule := range r.Spec.JwtRules {
				out = append(out, rule.Issuer)
			}
		}
	}
	return out
}

// foreign reports a token of an issuer that the pod does not know among those
// that it does: it is refused, and the model has no word for that.
func (m mesh) foreign(f flow) bool {
	known := m.issuers(f.to)
	return f.request != nil && f.request.token != nil && len(known) > 0 && !slices.Contains(known, f.request.token.issuer)
}

// attributeMatches decides a condition on a token or a client.
func (m mesh) attributeMatches(c *security.Condition, f flow) bool {
	match := func(v string) bool {
		if c.Key == "remote.ip" {
			return netip.MustParsePrefix(v).Contains(f.client())
		}
		t := f.request.token
		if t == nil || !slices.Contains(m.issuers(f.to), t.issuer) {
			return false
		}
		texts := t.claims["aud"]
		switch {
		case c.Key == "request.auth.principal":
			return v == "*" || stringMatches(v, t.issuer+"/"+t.subject)
		case strings.HasPrefix(c.Key, "request.auth.claims["):
			texts = t.claims[strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(c.Key, "request.auth.claims["), "]"), "][", ".")]
		}
		return slices.ContainsFunc(texts, func(x string) bool { return stringMatches(v, x) })
	}
	return (len(c.Values) == 0 || slices.ContainsFunc(c.Values, match)) && (len(c.NotValues) == 0 || !slices.ContainsFunc(c.NotValues, match))
}
