package ir

import (
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// The conditions that the intent language has words for. Their atoms are what
// makes an intent and a manifest mean the same, so that every frontend lifts
// what it knows of them to these and not to atoms of its own. A list of values
// is an "or", and so several rules.

// Condition is a predicate that the model has no part for: with equal Atoms it
// is the same predicate of a flow, whatever it is. A verdict that hangs on one
// is unknown. Where Fact is set, it is a switch of the cluster that nobody
// stated, the same for every flow, and Fact is its name.
type Condition struct {
	Atom string // canonical, with its format's name before it
	Not  bool
	Fact string
}

func (c Condition) String() string {
	if c.Not {
		return "not " + c.Atom
	}
	return c.Atom
}

// Token holds of requests with a valid token (JWT) of an issuer and a subject,
// each a text to compare with or "" for any that is not empty.
func Token(issuer, subject string) Condition {
	any := func(s string) string {
		if s == "" {
			return "*"
		}
		return quote(s)
	}
	return Condition{Atom: "a token of " + any(issuer) + " for " + any(subject)}
}

// TokenClaim holds of requests with a valid token of which the claim at a path,
// a string or a list of strings, is or has the value; "" for any that is not
// empty.
func TokenClaim(path []string, value string) Condition {
	atom := "a token's claim " + quote(strings.Join(path, ".")) + " has "
	if value == "" {
		return Condition{Atom: atom + "*"}
	}
	return Condition{Atom: atom + quote(value)}
}

// TokenAudience holds of requests with a valid token for an audience.
func TokenAudience(value string) Condition {
	return Condition{Atom: "a token's audience has " + quote(value)}
}

// BadToken holds of requests with a token of the issuer that is not valid.
func BadToken(issuer string) Condition {
	return Condition{Atom: "a token of " + quote(issuer) + " that is not valid"}
}

// ServerName holds of TLS connections that name a server (SNI) so.
func ServerName(n Name) Condition { return Condition{Atom: "TLS names the server " + n.String()} }

// Client holds of requests and connections that come, behind proxies that are
// trusted, from one of the addresses.
func Client(a set.Addresses) Condition {
	return Condition{Atom: "the original client is in " + a.String()}
}

func quote(s string) string { return `"` + s + `"` }
