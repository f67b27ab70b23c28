package boundary

import (
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// Tokens is what documents mention of JSON Web Tokens.
type Tokens struct {
	Issuers, Subjects, Audiences []string
	Claims                       map[string]any // a value for each claim, nested as they are
}

// principal reads an issuer with a subject after it.
func (k *Tokens) principal(text string) {
	if at := strings.LastIndexByte(text, '/'); at > 0 {
		k.Issuers, k.Subjects = append(k.Issuers, wordIn(text[:at])), append(k.Subjects, wordIn(text[at+1:]))
	}
}

// claim reads a condition on a claim, request.auth.claims[a][b].
func (k *Tokens) claim(key, value string) {
	path := strings.FieldsFunc(strings.TrimPrefix(key, "request.auth.claims"), func(r rune) bool { return r == '[' || r == ']' })
	at := k.Claims
	for i, name := range path {
		if i == len(path)-1 {
			if _, known := at[name]; !known {
				at[name] = value
			}
			return
		}
		inner, _ := at[name].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			at[name] = inner
		}
		at = inner
	}
}

// draw gives tokens of the issuers that are mentioned and of another, with the
// claims that are asked for, and without; nil is no token. Where nothing is
// mentioned nil is all.
func (k *Tokens) draw() []*oracle.Token {
	out := []*oracle.Token{nil}
	if len(k.Issuers)+len(k.Subjects)+len(k.Audiences)+len(k.Claims) == 0 {
		return out
	}
	audiences := [][]string{nil, {"another"}}
	for _, a := range k.Audiences {
		audiences = append(audiences, []string{a})
	}
	if len(k.Audiences) > 0 {
		audiences = append(audiences, k.Audiences)
	}
	for _, issuer := range append([]string{"https://nobody.example"}, k.Issuers...) {
		for _, subject := range append([]string{"somebody"}, k.Subjects...) {
			for _, aud := range audiences {
				out = append(out, &oracle.Token{Issuer: issuer, Subject: subject, Audiences: aud})
				if len(k.Claims) > 0 {
					out = append(out, &oracle.Token{Issuer: issuer, Subject: subject, Audiences: aud, Claims: k.Claims})
				}
			}
		}
	}
	return out
}
