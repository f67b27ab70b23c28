package conformance

import (
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// conditions is what a policy's verdicts can hang on beside what the model has of
// a flow.
type conditions struct {
	byAtom   map[string]ir.Condition
	validate []validation
}

// validation is a rule by which receivers refuse tokens of an issuer that are not
// valid.
type validation struct {
	rule      *ir.Rule
	inventory *ir.Inventory
	atom      string
	issuer    string
	audiences []string
}

// conditionsOf gives every condition of a policy.
func conditionsOf(p sem.Policy) *conditions {
	out := &conditions{byAtom: map[string]ir.Condition{}}
	for _, l := range p {
		inv := &l.Program.Inventory
		all := [][]ir.Stage{l.Program.Egress, l.Program.Ingress, l.Program.Hosts.Egress, l.Program.Hosts.Ingress}
		if via := l.Program.Via; via != nil {
			all = append(all, via.Egress, via.Ingress)
		}
		for _, stages := range all {
			for i := range stages {
				rules := stages[i].Rules()
				for j := range rules {
					out.take(rules[j].If)
					out.validates(&rules[j], inv)
				}
				for _, iso := range stages[i].Isolate {
					out.take(iso.If)
				}
			}
		}
	}
	return out
}

func (cs *conditions) take(list []ir.Condition) {
	for _, c := range list {
		cs.byAtom[c.Atom] = c
	}
}

func (cs *conditions) validates(r *ir.Rule, inv *ir.Inventory) {
	for _, c := range r.If {
		if name, is := c.BadToken(); is {
			v := validation{rule: r, inventory: inv, atom: c.Atom, issuer: name}
			if issuer, known := inv.Issuer(name); known {
				v.audiences = issuer.Audiences
			}
			cs.validate = append(cs.validate, v)
		}
	}
}

// settle says of a flow which conditions hold of it: those on what the flow has.
// All others stay open.
func (cs *conditions) settle(f *oracle.Flow) {
	f.Holds = map[string]bool{}
	for atom, c := range cs.byAtom {
		if holds, known := holds(f, c); known {
			f.Holds[atom] = holds
		}
	}
	if f.Token == nil || f.Request == nil {
		return
	}
	// A receiver takes a token if it is a valid one of any issuer that it asks for
	// (istio/istio, pilot/pkg/security/authn/policy_applier.go: requires_any).
	var here []string
	valid := false
	for _, v := range cs.validate {
		if f.Destination.In(v.rule.Subject.Pods) && f.Of(v.rule.Traffic, v.inventory) {
			here = append(here, v.atom)
			valid = valid || v.accepts(f.Token)
		}
	}
	for _, atom := range here {
		f.Holds[atom] = !valid
	}
}

func (v *validation) accepts(t *oracle.Token) bool {
	return t.Issuer == v.issuer && (len(v.audiences) == 0 || slices.ContainsFunc(v.audiences, func(a string) bool { return slices.Contains(t.Audiences, a) }))
}

func holds(f *oracle.Flow, c ir.Condition) (holds, known bool) {
	if n, ok := c.ServerName(); ok {
		return f.ServerName != "" && n.Matches(f.ServerName), true
	}
	if a, ok := c.Client(); ok {
		client := f.Client
		if client == (netip.Addr{}) {
			client = f.Source.Address
		}
		return a.Contains(client), true
	}
	if _, ok := c.BadToken(); ok {
		return false, true // but where it is validated
	}
	token := f.Token
	if f.Request == nil {
		token = nil
	}
	if issuer, subject, ok := c.Token(); ok {
		return token != nil && fits(issuer, token.Issuer) && fits(subject, token.Subject), true
	}
	if audience, ok := c.TokenAudience(); ok {
		return token != nil && slices.Contains(token.Audiences, audience), true
	}
	if path, value, ok := c.TokenClaim(); ok {
		return token != nil && hasClaim(token.Claims, path, value), true
	}
	return false, false
}

// fits compares with a text, or with any that is not empty.
func fits(want, text string) bool { return text != "" && (want == "" || want == text) }

// hasClaim reports whether the claim at a path is a text or a list with one that
// fits.
func hasClaim(claims map[string]any, path []string, want string) bool {
	switch v := claims[path[0]].(type) {
	case map[string]any:
		return len(path) > 1 && hasClaim(v, path[1:], want)
	case string:
		return len(path) == 1 && fits(want, v)
	case []any:
		return len(path) == 1 && slices.ContainsFunc(v, func(x any) bool { text, _ := x.(string); return fits(want, text) })
	}
	return false
}
