// Package ztunnel decides as ztunnel does by the policies that istiod sends it.
//
// ztunnel is written in Rust; this follows istio/ztunnel, src/rbac.rs and
// ProxyState::assert_rbac in src/state.rs, line for line where it matters: a
// clause without matches holds, and a match that asks nothing never does.
package ztunnel

import (
	"net/netip"
	"slices"
	"strings"

	"istio.io/istio/pkg/workloadapi/security"
)

// Connection is what ztunnel knows of a connection to one of its pods.
type Connection struct {
	Source, Destination netip.Addr
	Port                uint16
	Identity            *Identity // nil for plaintext
}

// Identity is what a peer's certificate says.
type Identity struct{ TrustDomain, Namespace, Account string }

// String is the identity without its scheme, as policies have principals.
func (i *Identity) String() string {
	return i.TrustDomain + "/ns/" + i.Namespace + "/sa/" + i.Account
}

// Passes reports whether the policies of a pod let the connection pass, and what
// decided.
func Passes(policies []*security.Authorization, c *Connection) (bool, string) {
	closed := false
	for _, p := range policies {
		switch {
		case p.GetDryRun():
		case p.GetAction() == security.Action_DENY && Matches(p, c):
			return false, "denied by " + p.GetNamespace() + "/" + p.GetName()
		case p.GetAction() == security.Action_ALLOW:
			closed = true
		}
	}
	if !closed {
		return true, "no policy allows anything"
	}
	for _, p := range policies {
		if !p.GetDryRun() && p.GetAction() == security.Action_ALLOW && Matches(p, c) {
			return true, "allowed by " + p.GetNamespace() + "/" + p.GetName()
		}
	}
	return false, "allowed by no policy"
}

// Matches reports whether a policy matches the connection: all clauses of one of
// its rules, whose names in the protocol are Rules and Group.
func Matches(p *security.Authorization, c *Connection) bool {
	return slices.ContainsFunc(p.GetGroups(), func(rule *security.Group) bool {
		return !slices.ContainsFunc(rule.GetRules(), func(clause *security.Rules) bool {
			return len(clause.GetMatches()) > 0 && !slices.ContainsFunc(clause.GetMatches(), c.is)
		})
	})
}

func (c *Connection) is(m *security.Match) bool {
	asks := len(m.Namespaces) + len(m.NotNamespaces) + len(m.Principals) + len(m.NotPrincipals) + len(m.ServiceAccounts) + len(m.NotServiceAccounts) +
		len(m.SourceIps) + len(m.NotSourceIps) + len(m.DestinationIps) + len(m.NotDestinationIps) + len(m.DestinationPorts) + len(m.NotDestinationPorts)
	principal := func(s *security.StringMatch) bool { return c.Identity != nil && is(s, c.Identity.String()) }
	namespace := func(s *security.StringMatch) bool { return c.Identity != nil && is(s, c.Identity.Namespace) }
	account := func(s *security.ServiceAccountMatch) bool {
		return c.Identity != nil && s.Namespace == c.Identity.Namespace && s.ServiceAccount == c.Identity.Account
	}
	return asks > 0 &&
		both(m.DestinationIps, m.NotDestinationIps, func(a *security.Address) bool { return within(a, c.Destination) }) &&
		both(m.SourceIps, m.NotSourceIps, func(a *security.Address) bool { return within(a, c.Source) }) &&
		both(m.DestinationPorts, m.NotDestinationPorts, func(p uint32) bool { return p == uint32(c.Port) }) &&
		both(m.Principals, m.NotPrincipals, principal) &&
		both(m.Namespaces, m.NotNamespaces, namespace) &&
		both(m.ServiceAccounts, m.NotServiceAccounts, account)
}

// both holds one of the values, where there are any, and none of the others.
func both[T any](values, not []T, is func(T) bool) bool {
	return (len(values) == 0 || slices.ContainsFunc(values, is)) && !slices.ContainsFunc(not, is)
}

func within(r *security.Address, a netip.Addr) bool {
	base, ok := netip.AddrFromSlice(r.GetAddress())
	return ok && netip.PrefixFrom(base, int(r.GetLength())).Masked().Contains(a)
}

func is(m *security.StringMatch, text string) bool {
	switch m := m.GetMatchType().(type) {
	case *security.StringMatch_Exact:
		return text == m.Exact
	case *security.StringMatch_Prefix:
		return strings.HasPrefix(text, m.Prefix)
	case *security.StringMatch_Suffix:
		return strings.HasSuffix(text, m.Suffix)
	case *security.StringMatch_Presence:
		return text != ""
	}
	return false
}
