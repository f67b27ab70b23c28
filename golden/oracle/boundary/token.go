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

// draw gives tokens of the issuers that are mentioned and of another, for all that
// is asked of one or with one thing of it missing or another. Half of them are nil,
// which is no token; where nothing is mentioned, all.
func (k *Tokens) draw() []*oracle.Token {
	if len(k.Issuers)+len(k.Subjects)+len(k.Audiences)+len(k.Claims) == 0 {
		return []*oracle.Token{nil}
	}
	audiences := [][]string{nil, {"another"}}
	for _, a := range k.Audiences {
		audiences = append(audiences, []string{a})
	}
	claims := []map[string]any{nil}
	if len(k.Claims) > 0 {
		claims = append(claims, changed(k.Claims, func(string) any { return "another" }), changed(k.Claims, func(v string) any { return []any{"another", v} }))
	}
	var out []*oracle.Token
	for _, issuer := range append([]string{"https://nobody.example"}, k.Issuers...) {
		for _, subject := range append([]string{"somebody"}, k.Subjects...) {
			whole := oracle.Token{Issuer: issuer, Subject: subject, Audiences: k.Audiences, Claims: k.Claims}
			list := []oracle.Token{whole}
			for _, aud := range audiences {
				list = append(list, whole)
				list[len(list)-1].Audiences = aud
			}
			for _, c := range claims {
				list = append(list, whole)
				list[len(list)-1].Claims = c
			}
			for i := range list {
				out = append(out, nil, &list[i])
			}
		}
	}
	return out
}

// changed gives claims with other values.
func changed(claims map[string]any, to func(string) any) map[string]any {
	out := map[string]any{}
	for name, v := range claims {
		switch v := v.(type) {
		case map[string]any:
			out[name] = changed(v, to)
		case string:
			out[name] = to(v)
		}
	}
	return out
}
