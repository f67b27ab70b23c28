package intent

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// decodeIssuers decodes the issuer blocks, which rules then name.
func (l *loader) decodeIssuers() {
	l.issuers = map[string]*Issuer{}
	called := map[string]*Issuer{}
	for _, b := range l.blocks["issuer"] {
		if l.firsts[blockKey(b)] != b {
			continue // reported
		}
		i := l.decodeIssuer(b)
		l.issuers[i.Name] = i
		l.config.Issuers = append(l.config.Issuers, i)
		if first := called[i.Issuer.Value]; first != nil && i.Issuer.Set {
			l.diags.Add(diag.DeclaredTwice, i.Issuer.Range, fmt.Sprintf("The issuers %q and %q are the same, %q.", first.Name, i.Name, i.Issuer.Value), "A token is validated by the issuer that it names. Merge the two.").
				Relate(first.Issuer.Range, "the other one")
			continue
		}
		called[i.Issuer.Value] = i
	}
}

func (l *loader) decodeIssuer(b *block) *Issuer {
	a := l.arguments(l.top, b)
	i := &Issuer{Name: b.labels[0].text, Range: b.header, Description: a.description()}
	i.Issuer, _ = decodeArg(a, "issuer", "", func(v value) (string, bool) { return v.tokenText("issuer") })
	i.JWKSURI, _ = decodeArg(a, "jwks_uri", "", value.keyAddress)
	i.JWKS, _ = decodeArg(a, "jwks", "", value.keys)
	if v, ok := a.value("audiences"); ok {
		i.Audiences, _ = v.tokenTexts("audiences")
	}
	switch at, keys := a.attr("jwks_uri"), a.attr("jwks"); {
	case a.broken:
	case at == nil && keys == nil:
		l.diags.Add(diag.MissingArgument, b.header, fmt.Sprintf("The issuer %q has no keys to validate its tokens with.", i.Name), `Say where they are: jwks_uri = "https://auth.example.com/jwks.json", or jwks with the keys themselves.`)
	case at != nil && keys != nil:
		l.diags.Add(diag.Exclusive, keys.nameRange, fmt.Sprintf("The issuer %q has both jwks_uri and jwks.", i.Name), "Keys come from one place. Keep one.").Relate(at.nameRange, "jwks_uri")
	}
	return i
}

// keyAddress is where keys are read from.
func (v value) keyAddress() (string, bool) {
	s, ok := v.text("jwks_uri")
	if !ok {
		return "", false
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsFunc(s, unicode.IsSpace) {
		v.add(diag.BadToken, fmt.Sprintf("%q is no address of keys.", s), "It is a URL, such as https://auth.example.com/.well-known/jwks.json.")
		return "", false
	}
	return s, true
}

// keys is keys as RFC 7517 writes them.
func (v value) keys() (string, bool) {
	s, ok := v.text("jwks")
	if !ok {
		return "", false
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(s), &set); err != nil || len(set.Keys) == 0 {
		v.add(diag.BadToken, "The text is no set of keys.", `It is JSON with keys in it, as RFC 7517 has it: {"keys": [{"kty": "RSA", …}]}.`)
		return "", false
	}
	return s, true
}

// tokenText is a text that is compared with one in a token, as a whole.
func (v value) tokenText(what string) (string, bool) {
	s, ok := v.text(what)
	if !ok {
		return "", false
	}
	detail := ""
	switch {
	case s == "":
		v.empty(what)
		return "", false
	case strings.Contains(s, "*"):
		detail = "Texts of tokens are compared as a whole, and * is no pattern. Whatever is there is any, without quotes."
	case strings.ContainsFunc(s, func(r rune) bool { return r == '"' || r == '\\' || !unicode.IsPrint(r) }):
		detail = "It has characters that print, without quotes and backslashes."
	}
	if detail != "" {
		v.add(diag.BadToken, fmt.Sprintf("%q is no text of a token.", s), detail)
		return "", false
	}
	return s, true
}

// tokenTexts decodes a text or a list of them, sorted.
func (v value) tokenTexts(what string) ([]string, bool) {
	list, ok := v.oneOrMore(what)
	if !ok {
		return nil, false
	}
	var out []string
	for _, e := range list {
		s, good := e.tokenText(what)
		ok = ok && good
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), ok
}

// tokenTextsOrAny is tokenTexts, or none for any.
func (v value) tokenTextsOrAny(what string) ([]string, bool) {
	if v.isAny() {
		return nil, true
	}
	return v.tokenTexts(what)
}

// oneOrMore gives the elements of a list, or what is one itself.
func (v value) oneOrMore(what string) ([]value, bool) {
	if _, written := v.tuple(); written {
		return v.list(what)
	}
	if v.isObject() {
		return []value{v}, true
	}
	if _, bare := bareName(v.expr); bare {
		return []value{v}, true // what decodes it says what is wrong
	}
	val, ok := v.eval()
	if !ok {
		return nil, false
	}
	if ty := val.Type(); ty.IsTupleType() || ty.IsListType() || ty.IsSetType() {
		return v.list(what)
	}
	return []value{v}, true
}

const tokenForm = `Write jwt = "auth", or { issuer = "auth", subject = "…", audiences = ["…"], claims = { role = ["admin"] } }.`

// tokens decodes what a rule asks of a request's token.
func (v value) tokens(what string) ([]TokenTerm, bool) {
	list, ok := v.oneOrMore(what)
	if !ok {
		return nil, false
	}
	var out []TokenTerm
	for _, e := range list {
		t, good := e.token()
		ok = ok && good
		out = append(out, t)
	}
	return out, ok
}

func (v value) token() (TokenTerm, bool) {
	if !v.isObject() {
		if _, bare := bareName(v.expr); bare {
			_, ok := v.text("An issuer")
			return TokenTerm{}, ok
		}
		val, ok := v.eval()
		if !ok {
			return TokenTerm{}, false
		}
		if _, is := asString(val); is {
			i, ok := v.issuer()
			return TokenTerm{Issuers: []*Issuer{i}}, ok
		}
		if ty := val.Type(); val.IsNull() || !ty.IsMapType() && !ty.IsObjectType() {
			v.add(diag.WrongType, fmt.Sprintf("What is asked of a token is an issuer or a map; this is %s.", describe(val)), tokenForm)
			return TokenTerm{}, false
		}
	}
	list, ok := v.entries("jwt")
	if !ok {
		return TokenTerm{}, false
	}
	var t TokenTerm
	for _, e := range list {
		good := false
		switch e.key {
		case "issuer":
			t.Issuers, good = e.value.issuers()
		case "subject":
			t.Subjects, good = e.value.tokenTextsOrAny("subject")
		case "audiences":
			t.Audiences, good = e.value.tokenTexts("audiences")
		case "claims":
			t.Claims, good = e.value.claims()
		default:
			v.s.l.diags.Add(diag.BadToken, e.keyRange, fmt.Sprintf("There is no %q in jwt.", e.key), suggest(e.key, []string{"audiences", "claims", "issuer", "subject"}, "It has "))
		}
		ok = ok && good
	}
	if ok && t.Issuers == nil {
		v.add(diag.MissingArgument, "The token has no issuer.", "Without one nothing says who may sign it. "+tokenForm)
		return TokenTerm{}, false
	}
	return t, ok
}

// issuers decodes the names of one issuer or of several.
func (v value) issuers() ([]*Issuer, bool) {
	list, ok := v.oneOrMore("issuer")
	if !ok {
		return nil, false
	}
	var out []*Issuer
	for _, e := range list {
		i, good := e.issuer()
		ok = ok && good
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out, ok
}

func (v value) issuer() (*Issuer, bool) {
	name, ok := v.text("An issuer")
	if !ok {
		return nil, false
	}
	i := v.s.l.issuers[name]
	if i == nil {
		if !v.s.l.broken && !v.s.l.bad[name] {
			v.add(diag.UnknownName, fmt.Sprintf("There is no issuer %q.", name), suggest(name, sortedKeys(v.s.l.issuers), "There are "))
		}
		return nil, false
	}
	v.s.l.usedIssuers[i] = true
	return i, true
}

// claims decodes what claims of a token have. A dot in a key leads into a
// claim, "\." is a dot of its name.
func (v value) claims() ([]ClaimTerm, bool) {
	list, ok := v.entries("claims")
	if !ok {
		return nil, false
	}
	if len(list) == 0 {
		v.empty("claims")
		return nil, false
	}
	var out []ClaimTerm
	for _, e := range list {
		c := ClaimTerm{Path: claimPath(e.key)}
		if slices.ContainsFunc(c.Path, badClaimName) {
			v.s.l.diags.Add(diag.BadToken, e.keyRange, fmt.Sprintf("%q is no claim.", e.key), `It is names with dots between them, such as "realm.tenant", without brackets, quotes and blanks. A dot in a name itself is written "\\.".`)
			ok = false
			continue
		}
		var good bool
		c.Values, good = e.value.tokenTextsOrAny("The claim " + e.key)
		ok = ok && good
		out = append(out, c)
	}
	sortBy(out, func(c ClaimTerm) string { return strings.Join(c.Path, "\x00") })
	return out, ok
}

// claimPath parts a key at its dots.
func claimPath(key string) []string {
	out := []string{""}
	for i := 0; i < len(key); i++ {
		last := &out[len(out)-1]
		switch {
		case key[i] == '\\' && i+1 < len(key) && key[i+1] == '.':
			*last += "."
			i++
		case key[i] == '.':
			out = append(out, "")
		default:
			*last += key[i : i+1]
		}
	}
	return out
}

func badClaimName(s string) bool {
	return s == "" || strings.ContainsFunc(s, func(r rune) bool {
		return strings.ContainsRune(`[]"\*`, r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
	})
}

// alternatives gives the conditions that a term stands for: one of the lists
// holds, all of it.
func (t TokenTerm) alternatives() [][]ir.Condition {
	var tokens []ir.Condition
	for _, i := range t.Issuers {
		for _, s := range orEmpty(t.Subjects) {
			tokens = append(tokens, ir.Token(i.Issuer.Value, s))
		}
	}
	out := conjoin([][]ir.Condition{nil}, tokens)
	var audiences []ir.Condition
	for _, a := range t.Audiences {
		audiences = append(audiences, ir.TokenAudience(a))
	}
	out = conjoin(out, audiences)
	for _, c := range t.Claims {
		var values []ir.Condition
		for _, v := range orEmpty(c.Values) {
			values = append(values, ir.TokenClaim(c.Path, v))
		}
		out = conjoin(out, values)
	}
	return out
}

// orEmpty is the texts, or "" for any.
func orEmpty(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

// conjoin adds to each alternative each of some conditions, none for nothing.
// It stops past the bound on alternatives.
func conjoin(all [][]ir.Condition, one []ir.Condition) [][]ir.Condition {
	if len(one) == 0 {
		return all
	}
	var out [][]ir.Condition
	for _, a := range all {
		for _, c := range one {
			if len(out) > maxAlternatives {
				return out
			}
			out = append(out, append(slices.Clip(a), c))
		}
	}
	return out
}

// maxAlternatives bounds the rules that one rule with conditions becomes at an
// end.
const maxAlternatives = 64

// clients decodes where clients may come from: ranges, and what is known by
// them.
func (v value) clients(what string) ([]PeerRef, bool) {
	list, ok := v.list(what)
	if !ok {
		return nil, false
	}
	var out []PeerRef
	for _, e := range list {
		refs, good := e.client()
		ok = ok && good
		out = append(out, refs...)
	}
	return out, ok
}

func (v value) client() ([]PeerRef, bool) {
	val, ok := v.eval()
	if !ok {
		return nil, false
	}
	if text, is := asString(val); is && (strings.Contains(text, "/") || isAddress(text)) {
		addresses, ok := v.s.addresses([]value{v}, nil, v.rng, &v.s.l.diags)
		return []PeerRef{{InlineCIDR{addresses}, text, v.rng}}, ok
	}
	refs, ok := v.peer("client")
	for _, r := range refs {
		if !v.s.l.hasAddresses(r.Peer) {
			v.add(diag.WrongType, fmt.Sprintf("%s is not known by addresses.", r.Text), `A client is an address range, or an external with cidrs.`)
			return nil, false
		}
	}
	return refs, ok
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// hasAddresses reports that a peer is known by addresses on every target.
func (l *loader) hasAddresses(p Peer) bool {
	switch p := p.(type) {
	case *External:
		return len(p.Names) == 0 && !l.renamed[p]
	case InlineCIDR:
		return true
	}
	return false
}
