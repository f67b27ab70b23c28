package ir

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-dev/portolan/ir/set"
)

// What a condition is about can be read off it, whatever texts it is made of,
// and no two conditions that are about different things are the same.
func TestConditionsAreRead(t *testing.T) {
	texts := []string{"", "a", "*", `"`, `" for "`, `\`, "https://auth.example.com/", `" has "`, `a"."b`, "for", "é\n"}
	seen := map[string]string{}
	once := func(c Condition, what string) {
		t.Helper()
		if other, ok := seen[c.Atom]; ok && other != what {
			t.Errorf("%s and %s are both %q", other, what, c.Atom)
		}
		seen[c.Atom] = what
	}
	for _, a := range texts {
		for _, b := range texts {
			c := Token(a, b)
			once(c, "token "+a+"\x00"+b)
			if issuer, subject, ok := c.Token(); !ok || issuer != a || subject != b {
				t.Errorf("%q: %q %q %t", c.Atom, issuer, subject, ok)
			}
			if a == "" {
				continue
			}
			for _, path := range [][]string{{a}, {a, "x"}, {"x", a}} {
				c := TokenClaim(path, b)
				once(c, "claim "+path[0]+"\x00"+path[len(path)-1]+"\x00"+b)
				if p, value, ok := c.TokenClaim(); !ok || !slices.Equal(p, path) || value != b {
					t.Errorf("%q: %q %q %t", c.Atom, p, value, ok)
				}
			}
		}
		if a == "" {
			continue
		}
		for _, x := range []struct {
			c    Condition
			read func(Condition) (string, bool)
		}{{TokenAudience(a), Condition.TokenAudience}, {BadToken(a), Condition.BadToken}} {
			once(x.c, x.c.Atom)
			if got, ok := x.read(x.c); !ok || got != a {
				t.Errorf("%q: %q %t", x.c.Atom, got, ok)
			}
			if _, _, ok := x.c.Token(); ok {
				t.Errorf("%q is read as a token's", x.c.Atom)
			}
		}
	}
	name, _ := ParseName("*.example.com")
	if got, ok := ServerName(name).ServerName(); !ok || got != name {
		t.Errorf("%v %t", got, ok)
	}
	where := set.AddressesOf(netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32"))
	if got, ok := Client(where).Client(); !ok || !got.Equal(where) {
		t.Errorf("%v %t", got, ok)
	}
	for _, atom := range []string{"", "a token of ", "a token of x", `a token of "a" for `, `a token of "a" for "b"c`, "the original client is in x", `a token's claim "a" has`, `a token's claim "a".`} {
		c := Condition{Atom: atom}
		_, _, token := c.Token()
		_, _, claim := c.TokenClaim()
		_, client := c.Client()
		if token || claim || client {
			t.Errorf("%q is read", atom)
		}
	}
}
