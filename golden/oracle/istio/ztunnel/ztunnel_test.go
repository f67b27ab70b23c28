package ztunnel

import (
	"testing"

	"istio.io/istio/pkg/workloadapi/security"
)

// TestMatches holds what is easily read the other way: what is empty.
func TestMatches(t *testing.T) {
	web := &Connection{Port: 8080, Identity: &Identity{TrustDomain: "cluster.local", Namespace: "shop", Account: "web"}}
	plain := &Connection{Port: 8080}
	rule := func(clauses ...*security.Rules) *security.Authorization {
		return &security.Authorization{Groups: []*security.Group{{Rules: clauses}}}
	}
	clause := func(matches ...*security.Match) *security.Rules { return &security.Rules{Matches: matches} }
	anybody := &security.Match{Principals: []*security.StringMatch{{MatchType: &security.StringMatch_Presence{}}}}
	nobody := &security.Match{NotPrincipals: anybody.Principals}
	for name, c := range map[string]struct {
		policy     *security.Authorization
		web, plain bool
	}{
		"no rules":             {&security.Authorization{}, false, false},
		"a rule of nothing":    {rule(), true, true},
		"a clause of nothing":  {rule(clause()), true, true},
		"a match of nothing":   {rule(clause(&security.Match{})), false, false},
		"one beside it":        {rule(clause(&security.Match{}, anybody)), true, false},
		"whoever is known":     {rule(clause(anybody)), true, false},
		"whoever is not":       {rule(clause(nobody)), false, true},
		"all clauses":          {rule(clause(anybody), clause(nobody)), false, false},
		"the port of another":  {rule(clause(&security.Match{DestinationPorts: []uint32{80}})), false, false},
		"none of these ports":  {rule(clause(&security.Match{NotDestinationPorts: []uint32{80}})), true, true},
		"an account elsewhere": {rule(clause(&security.Match{ServiceAccounts: []*security.ServiceAccountMatch{{Namespace: "lab", ServiceAccount: "web"}}})), false, false},
	} {
		if got := Matches(c.policy, web); got != c.web {
			t.Errorf("%s: %v for a peer that is known", name, got)
		}
		if got := Matches(c.policy, plain); got != c.plain {
			t.Errorf("%s: %v for plaintext", name, got)
		}
	}
}
