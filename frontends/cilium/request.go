package cilium

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// header is one condition on a header: that it is there, or its exact value.
type header struct {
	name, value string
	present     bool // any value will do
}

func (h *header) requirement() ir.Requirement {
	c := ir.OneOf(h.value)
	if h.present {
		c = ir.Present()
	}
	return ir.Requirement{Key: strings.ToLower(h.name), Constraint: c}
}

// parseHeader reads an entry of headers: "Name" is that it is there, "Name:
// value" its exact value; the two are parted at the first blank
// (pkg/envoy/policy/envoy_l7_rules_translator.go getHTTPRule).
func parseHeader(text string) (header, *fault) {
	name, value, ok := strings.Cut(text, " ")
	h := header{name: name, value: value, present: !ok}
	if ok {
		h.name = strings.TrimRight(name, ":")
	}
	if h.name == "" || strings.Contains(h.name, ":") {
		return h, bad(`Put one blank behind the colon: "Name: value".`, "asks for a header called %q, which no request has", h.name)
	}
	return h, nil
}

// patterns are the expressions that were read, by their text.
type patterns map[string]ir.Pattern

// regexp reads an expression, which Envoy holds against the whole of a text, in
// the syntax of RE2 (pkg/envoy/policy/envoy_l7_rules_translator.go).
func (p patterns) regexp(expr string) (ir.Pattern, *fault) {
	if known, ok := p[expr]; ok {
		return known, nil
	}
	l, err := set.Regexp(expr)
	if err != nil {
		return ir.Pattern{}, bad("Write an RE2 expression. It is for the whole text, so that it needs no anchors.", "is no expression that can be read: %s", err)
	}
	p[expr] = ir.Pattern{Text: "~" + expr, Language: l}
	return p[expr], nil
}

// plainMethods is methods by their names.
var plainMethods = regexp.MustCompile(`^[A-Z]+(\|[A-Z]+)*$`)

// method gives the methods that an expression matches; every one for none.
func (p patterns) method(expr string) (ir.Constraint, *fault) {
	switch {
	case expr == "":
		return ir.Anything(), nil
	case plainMethods.MatchString(expr):
		return ir.OneOf(strings.Split(expr, "|")...), nil
	}
	pattern, f := p.regexp(expr)
	if f != nil {
		return ir.Constraint{}, f
	}
	return ir.Matching(pattern), nil
}

// path narrows a request to the paths that an expression matches. The
// expression is for the path together with the query. Those that go on with an
// optional query are read as the paths that they stand for.
func (p patterns) path(r *ir.Request, expr string) *fault {
	if expr == "" {
		return nil
	}
	if _, err := syntax.Parse(expr, syntax.Perl); err != nil {
		_, f := p.regexp(expr)
		return f
	}
	if path, ok := plainPath(expr); ok {
		r.Paths = []ir.Path{path}
		return nil
	}
	pattern, f := p.regexp(expr)
	if f == nil {
		r.Path = &pattern
	}
	return f
}

// anyQuery is what lets a query follow a path, or none.
const anyQuery = `(\?.*)?`

// plainPath gives the path pattern that an expression stands for: segments of
// text and wildcards, or an expression of its own, each followed by a query or
// none.
func plainPath(expr string) (ir.Path, bool) {
	before, ok := strings.CutSuffix(expr, anyQuery)
	if !ok {
		return ir.Path{}, false
	}
	if path, ok := segments(before); ok {
		return path, true
	}
	// What stands before may bind less than what follows, or quote it.
	alone, err1 := syntax.Parse("(?:"+before+")"+anyQuery, syntax.Perl)
	together, err2 := syntax.Parse(expr, syntax.Perl)
	inner, err3 := syntax.Parse(before, syntax.Perl)
	if err1 != nil || err2 != nil || err3 != nil || alone.String() != together.String() || seesQuery(inner) {
		return ir.Path{}, false
	}
	path, err := ir.ParsePath("~" + before)
	return path, err == nil
}

// segments reads an expression as quoted text and whole segments of any text.
func segments(expr string) (ir.Path, bool) {
	if !strings.HasPrefix(expr, "/") {
		return ir.Path{}, false
	}
	var out strings.Builder
	wild := false
	for rest := expr; rest != ""; {
		rest = rest[1:] // the slash
		out.WriteByte('/')
		if after, ok := strings.CutPrefix(rest, `[^/?]+`); ok && (after == "" || after[0] == '/') {
			out.WriteByte('*')
			wild, rest = true, after
			continue
		}
		if rest == `[^?]*` {
			out.WriteString("**")
			wild = true
			break
		}
		text, after, more := strings.Cut(rest, "/")
		plain, ok := unquote(text)
		if !ok || strings.ContainsAny(plain, "?*#") {
			return ir.Path{}, false
		}
		out.WriteString(plain)
		if rest = ""; more {
			rest = "/" + after
		}
	}
	path, err := ir.ParsePath(out.String())
	return path, err == nil && (path.Kind() == ir.PathSegments) == wild
}

// unquote gives the text of which an expression is the quoted form.
func unquote(expr string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(expr); i++ {
		if expr[i] == '\\' {
			if i++; i == len(expr) {
				return "", false
			}
		}
		b.WriteByte(expr[i])
	}
	return b.String(), regexp.QuoteMeta(b.String()) == expr
}

// seesQuery reports whether an expression may match or ask for something
// beyond the path: a question mark, or the end of the text.
func seesQuery(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpEndText, syntax.OpEndLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == '?' {
				return true
			}
		}
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= '?' && '?' <= re.Rune[i+1] {
				return true
			}
		}
	}
	for _, sub := range re.Sub {
		if seesQuery(sub) {
			return true
		}
	}
	return false
}

// host narrows a request to the hosts that an expression matches. Those that
// are for names in any case, with or without a port, are read as names.
func (p patterns) host(r *ir.Request, expr string) *fault {
	if expr == "" {
		return nil
	}
	if names, ok := plainHosts(expr); ok {
		r.Hosts = names
		return nil
	}
	pattern, f := p.regexp(expr)
	if f == nil {
		r.Host = &pattern
	}
	return f
}

// anyPort is what lets a port follow a host, or none.
const anyPort = `(:[0-9]+)?`

// The wildcards before names: one label, or several. No host has a colon before
// that of its port.
const oneLabel, someLabels = `[^.:]+\.`, `([^.:]+\.)+`

// plainHosts gives the names that an expression stands for: one, or several in
// parentheses.
func plainHosts(expr string) ([]ir.Name, bool) {
	rest, ok1 := strings.CutPrefix(expr, "(?i)")
	rest, ok2 := strings.CutSuffix(rest, anyPort)
	if !ok1 || !ok2 {
		return nil, false
	}
	list := []string{rest}
	if several, ok := strings.CutPrefix(rest, "("); ok && strings.HasSuffix(rest, ")") {
		list = strings.Split(strings.TrimSuffix(several, ")"), "|")
	}
	var out []ir.Name
	for _, text := range list {
		name, ok := plainHost(text)
		if !ok {
			return nil, false
		}
		out = append(out, name)
	}
	return out, true
}

func plainHost(expr string) (ir.Name, bool) {
	wildcard := ""
	if after, ok := strings.CutPrefix(expr, oneLabel); ok {
		expr, wildcard = after, "*."
	} else if after, ok := strings.CutPrefix(expr, someLabels); ok {
		expr, wildcard = after, "**."
	}
	plain, ok := unquote(expr)
	name, err := ir.ParseName(wildcard + plain)
	return name, ok && err == nil && name.String() == strings.ToLower(wildcard+plain) && !strings.Contains(plain, "*")
}
