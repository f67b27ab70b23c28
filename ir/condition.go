package ir

import (
	"net/netip"
	"strconv"
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

// The beginnings of the atoms of conditions with words of their own. What
// follows is quoted, so that no text can be read as another.
const (
	atomToken    = "a token of "
	atomSubject  = " for "
	atomClaim    = "a token's claim "
	atomValue    = " has "
	atomAudience = "a token's audience has "
	atomBadToken = "a token that is not valid of "
	atomServer   = "TLS names the server "
	atomClient   = "the original client is in "
	anyText      = "*"
)

// ForTokens is the purpose of companions that refuse, where tokens are
// validated, requests with one that is not valid.
const ForTokens = "token validation"

// Token holds of requests with a valid token (JWT) of an issuer and a subject,
// each a text to compare with or "" for any that is not empty.
func Token(issuer, subject string) Condition {
	return Condition{Atom: atomToken + orAny(issuer) + atomSubject + orAny(subject)}
}

// TokenClaim holds of requests with a valid token of which the claim at a path,
// a string or a list of strings, is or has the value; "" for any that is not
// empty.
func TokenClaim(path []string, value string) Condition {
	names := make([]string, len(path))
	for i, n := range path {
		names[i] = strconv.Quote(n)
	}
	return Condition{Atom: atomClaim + strings.Join(names, ".") + atomValue + orAny(value)}
}

// TokenAudience holds of requests with a valid token for an audience.
func TokenAudience(value string) Condition {
	return Condition{Atom: atomAudience + strconv.Quote(value)}
}

// BadToken holds of requests with a token of the issuer that is not valid.
func BadToken(issuer string) Condition {
	return Condition{Atom: atomBadToken + strconv.Quote(issuer)}
}

// ServerName holds of TLS connections that name a server (SNI) so.
func ServerName(n Name) Condition { return Condition{Atom: atomServer + n.String()} }

// Client holds of requests and connections that come, behind proxies that are
// trusted, from one of the addresses.
func Client(a set.Addresses) Condition {
	return Condition{Atom: atomClient + strings.Join(texts(a.Prefixes()), ",")}
}

// Token gives what a condition made by Token is about.
func (c Condition) Token() (issuer, subject string, ok bool) {
	rest, ok := strings.CutPrefix(c.Atom, atomToken)
	if !ok {
		return "", "", false
	}
	issuer, rest, ok = cutText(rest)
	if !ok {
		return "", "", false
	}
	if rest, ok = strings.CutPrefix(rest, atomSubject); !ok {
		return "", "", false
	}
	subject, rest, ok = cutText(rest)
	return issuer, subject, ok && rest == ""
}

// TokenClaim gives what a condition made by TokenClaim is about.
func (c Condition) TokenClaim() (path []string, value string, ok bool) {
	rest, ok := strings.CutPrefix(c.Atom, atomClaim)
	for ok {
		var name string
		if name, rest, ok = cutText(rest); !ok {
			break
		}
		path = append(path, name)
		if rest, ok = strings.CutPrefix(rest, "."); ok {
			continue
		}
		if rest, ok = strings.CutPrefix(rest, atomValue); !ok {
			break
		}
		value, rest, ok = cutText(rest)
		return path, value, ok && rest == ""
	}
	return nil, "", false
}

// TokenAudience gives what a condition made by TokenAudience is about.
func (c Condition) TokenAudience() (string, bool) { return textAfter(c.Atom, atomAudience) }

// BadToken gives what a condition made by BadToken is about.
func (c Condition) BadToken() (issuer string, ok bool) { return textAfter(c.Atom, atomBadToken) }

// ServerName gives what a condition made by ServerName is about.
func (c Condition) ServerName() (Name, bool) {
	text, ok := strings.CutPrefix(c.Atom, atomServer)
	return Name{text}, ok
}

// Client gives what a condition made by Client is about.
func (c Condition) Client() (set.Addresses, bool) {
	text, ok := strings.CutPrefix(c.Atom, atomClient)
	if !ok {
		return set.Addresses{}, false
	}
	var prefixes []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return set.Addresses{}, false
		}
		prefixes = append(prefixes, p)
	}
	return set.AddressesOf(prefixes...), true
}

// orAny is a text in an atom, which "" stands for any of.
func orAny(s string) string {
	if s == "" {
		return anyText
	}
	return strconv.Quote(s)
}

// cutText reads what orAny wrote off the beginning of an atom's rest.
func cutText(s string) (text, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(s, anyText); ok {
		return "", rest, true
	}
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", false
	}
	text, err = strconv.Unquote(quoted)
	return text, s[len(quoted):], err == nil
}

func textAfter(atom, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(atom, prefix)
	if !ok {
		return "", false
	}
	text, rest, ok := cutText(rest)
	return text, ok && rest == "" && text != ""
}
