package ir

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// Name is a pattern over DNS names: an exact name, "*.x" for names with one
// label more than x, or "**.x" for one or more. Names compare without case and
// without a trailing dot; the zero Name matches nothing. Other patterns are
// expressions, which NameRegexp makes.
type Name struct{ text string }

var nameLabel = regexp.MustCompile(`^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$`)

// ParseName reads a pattern; the error says what is wrong with the text.
func ParseName(text string) (Name, error) {
	s := strings.TrimSuffix(strings.ToLower(text), ".")
	rest := s
	if r, ok := strings.CutPrefix(s, "**."); ok {
		rest = r
	} else if r, ok := strings.CutPrefix(s, "*."); ok {
		rest = r
	}
	if rest == "" || len(rest) > 253 {
		return Name{}, fmt.Errorf("a DNS name has 1 to 253 characters")
	}
	for _, l := range strings.Split(rest, ".") {
		if strings.Contains(l, "*") {
			return Name{}, fmt.Errorf(`"*" stands only as the whole first label, "*." or "**."`)
		}
		if !nameLabel.MatchString(l) {
			return Name{}, fmt.Errorf("%q is no label of a DNS name", l)
		}
	}
	return Name{s}, nil
}

// NameRegexp is the names, in lower case and without a trailing dot, that an
// RE2 expression matches as a whole. The error says what is wrong with it.
func NameRegexp(expr string) (Name, error) {
	if _, err := set.Regexp(expr); err != nil {
		return Name{}, err
	}
	return Name{"~" + expr}, nil
}

// Regexp gives the expression of a pattern that NameRegexp made.
func (n Name) Regexp() (string, bool) { return strings.CutPrefix(n.text, "~") }

func (n Name) String() string { return n.text }

// Parts gives the name below the wildcard, and how many labels the wildcard
// stands for: 0 none, 1 exactly one, 2 one or more.
func (n Name) Parts() (suffix string, wildcard int) {
	if s, ok := strings.CutPrefix(n.text, "**."); ok {
		return s, 2
	}
	if s, ok := strings.CutPrefix(n.text, "*."); ok {
		return s, 1
	}
	return n.text, 0
}

// Matches reports whether the pattern matches a name.
func (n Name) Matches(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if _, ok := n.Regexp(); ok {
		return n.Language().Contains(name)
	}
	suffix, wildcard := n.Parts()
	if wildcard == 0 {
		return n.text != "" && name == suffix
	}
	first, ok := strings.CutSuffix(name, "."+suffix)
	return ok && first != "" && (wildcard == 2 || !strings.Contains(first, "."))
}

// PathKind says how a Path's text is read.
type PathKind uint8

// The kinds of path patterns. In a PathSegments pattern a segment "*" is one
// whole non-empty segment and a last segment "**" is any rest, the empty one
// included.
const (
	PathAny PathKind = iota + 1
	PathExact
	PathSegments
	PathRegex // RE2 for the whole path
)

// Path is a pattern over the path of a request. It matches a path with or
// without a query. The zero Path matches nothing.
type Path struct {
	kind PathKind
	text string
}

// AnyPath matches every path.
func AnyPath() Path { return Path{PathAny, ""} }

// ParsePath reads a pattern as the intent language writes it: exact text, "*"
// as a whole segment, "**" as the last, or "~" and an RE2 expression for the
// whole path. The error says what is wrong with the text.
func ParsePath(text string) (Path, error) {
	if re, ok := strings.CutPrefix(text, "~"); ok {
		if len(re) > 1000 {
			return Path{}, fmt.Errorf("the expression has over 1000 characters")
		}
		if _, err := syntax.Parse(re, syntax.Perl); err != nil {
			return Path{}, fmt.Errorf("not an RE2 expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		return Path{PathRegex, re}, nil
	}
	if !strings.HasPrefix(text, "/") {
		return Path{}, fmt.Errorf(`a path begins with "/"`)
	}
	if strings.ContainsAny(text, "?#") {
		return Path{}, fmt.Errorf("a path pattern has no query and no fragment: it matches with or without one")
	}
	for _, r := range text {
		if r <= ' ' || r == 0x7f {
			return Path{}, fmt.Errorf("a path has no blanks and no control characters")
		}
	}
	kind := PathExact
	segments := strings.Split(text[1:], "/")
	for i, s := range segments {
		switch {
		case s == "*":
			kind = PathSegments
		case s == "**" && i == len(segments)-1:
			kind = PathSegments
		case s == "**":
			return Path{}, fmt.Errorf(`"**" stands only at the end`)
		case strings.Contains(s, "*"):
			return Path{}, fmt.Errorf(`"*" stands for a whole segment, so %q is no pattern`, s)
		}
	}
	return Path{kind, text}, nil
}

// Kind gives the kind; zero for the zero Path.
func (p Path) Kind() PathKind { return p.kind }

// Text is the pattern's text: for PathRegex the expression without "~".
func (p Path) Text() string { return p.text }

// Segments gives what stands between the slashes of an exact or segment
// pattern, after the leading one.
func (p Path) Segments() []string {
	if p.kind != PathExact && p.kind != PathSegments {
		return nil
	}
	return strings.Split(p.text[1:], "/")
}

// String is the pattern as the intent language writes it; "any" for every path.
func (p Path) String() string {
	switch p.kind {
	case PathAny:
		return "any"
	case PathRegex:
		return "~" + p.text
	case PathExact, PathSegments:
	}
	return p.text
}

// Request is a set of HTTP requests: those whose method, path, host and
// headers all fit. It is not empty by construction.
type Request struct {
	Method  Constraint // over method names; Anything for all
	Paths   []Path     // one of; not empty
	Hosts   []Name     // one of, with or without a port; none means every host
	Headers Selector   // over lower-case header names
	GRPC    bool       // written as gRPC: what is missing is called so

	// Path and Host narrow it further where they are set: over what follows the
	// method, query included, and over the authority as it is sent.
	Path, Host *Pattern
}

// NewRequest makes a request set; false where nothing can satisfy it, as with
// an empty list of paths.
func NewRequest(method Constraint, paths []Path, hosts []Name, headers Selector) (Request, bool) {
	if method.IsEmpty() || len(paths) == 0 {
		return Request{}, false
	}
	paths = sortedBy(paths, Path.String)
	if slices.ContainsFunc(paths, func(p Path) bool { return p.kind == PathAny }) {
		paths = []Path{AnyPath()}
	}
	return Request{Method: method, Paths: paths, Hosts: sortedBy(hosts, Name.String), Headers: headers}, true
}

// IsAny reports that the set has every request.
func (r Request) IsAny() bool {
	return r.Method.IsAnything() && len(r.Paths) == 1 && r.Paths[0].kind == PathAny && len(r.Hosts) == 0 && r.Headers.IsEverything() &&
		r.Path == nil && r.Host == nil
}

// String is the canonical text.
func (r Request) String() string {
	var b strings.Builder
	if values, ok := r.Method.Values(); ok {
		b.WriteString(strings.Join(values, "|"))
	} else if r.Method.IsAnything() {
		b.WriteString("*")
	} else {
		b.WriteString("[" + Requirement{"method", r.Method}.String() + "]")
	}
	for i, p := range r.Paths {
		b.WriteString([]string{" ", "|"}[min(i, 1)] + p.String())
	}
	for i, h := range r.Hosts {
		b.WriteString([]string{" host ", "|"}[min(i, 1)] + h.String())
	}
	if r.Path != nil {
		b.WriteString(" path " + r.Path.String())
	}
	if r.Host != nil {
		b.WriteString(" host " + r.Host.String())
	}
	if !r.Headers.IsEverything() {
		b.WriteString(" headers [" + r.Headers.String() + "]")
	}
	return b.String()
}

// sortedBy gives the elements in the order of their keys, one for each key.
func sortedBy[T any](list []T, key func(T) string) []T {
	if len(list) <= 1 {
		return slices.Clone(list)
	}
	type keyed struct {
		key   string
		value T
	}
	all := make([]keyed, len(list))
	for i, x := range list {
		all[i] = keyed{key(x), x}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	all = slices.CompactFunc(all, func(a, b keyed) bool { return a.key == b.key })
	out := make([]T, len(all))
	for i, k := range all {
		out[i] = k.value
	}
	return out
}
