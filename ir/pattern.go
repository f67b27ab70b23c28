package ir

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/portolan-dev/portolan/ir/set"
)

// Pattern is a set of strings, and how it was written. Only the set means
// something: two patterns with one Language are the same.
type Pattern struct {
	Text     string
	Language set.Language
}

// String is the canonical text, how it was written and a digest of what
// it means, since formats write one thing alike and mean another.
func (p Pattern) String() string {
	sum := sha256.Sum256([]byte(p.Language.Key()))
	return p.Text + "#" + hex.EncodeToString(sum[:4])
}

// Not is the complement.
func (p Pattern) Not() Pattern { return Pattern{"not (" + p.Text + ")", p.Language.Complement()} }

// And is the intersection.
func (p Pattern) And(q Pattern) Pattern {
	return Pattern{"(" + p.Text + ") and (" + q.Text + ")", p.Language.Intersect(q.Language)}
}

// Or is the union.
func (p Pattern) Or(q Pattern) Pattern {
	return Pattern{p.Text + " or " + q.Text, p.Language.Union(q.Language)}
}

// Language is the lower-case names without a trailing dot that the pattern
// matches.
func (n Name) Language() set.Language {
	if expr, ok := n.Regexp(); ok {
		l, _ := set.Regexp(expr) // checked when the name was made
		return l
	}
	suffix, wildcard := n.Parts()
	label := set.OneByte(func(c byte) bool { return c != '.' }).Plus()
	switch {
	case n.text == "":
		return set.Language{}
	case wildcard == 0:
		return set.Literal(suffix)
	case wildcard == 1:
		return set.Concat(label, set.Literal("."+suffix))
	}
	return set.Concat(set.Concat(label, set.Literal(".")).Plus(), set.Literal(suffix))
}

// Language is the request targets that the pattern matches: the path, with or
// without a query behind it.
func (p Path) Language() set.Language {
	if p.kind == PathAny {
		return set.AnyString()
	}
	return set.Concat(p.withoutQuery(), set.Concat(set.Literal("?"), set.AnyString()).Optional())
}

func (p Path) withoutQuery() set.Language {
	unqueried := set.OneByte(func(c byte) bool { return c != '?' }).Star()
	switch p.kind {
	case PathExact:
		return set.Literal(p.text)
	case PathRegex:
		l, _ := set.Regexp(p.text) // checked by ParsePath
		return l.Intersect(unqueried)
	case PathSegments:
		parts := []set.Language{}
		for _, s := range p.Segments() {
			parts = append(parts, set.Literal("/"))
			switch s {
			case "*":
				parts = append(parts, set.OneByte(func(c byte) bool { return c != '/' && c != '?' }).Plus())
			case "**":
				parts = append(parts, unqueried)
			default:
				parts = append(parts, set.Literal(s))
			}
		}
		return set.Concat(parts...)
	case PathAny:
	}
	return set.Language{}
}

// Targets is the request targets of the set: paths, with or without a query.
func (r *Request) Targets() set.Language {
	var all set.Language
	for _, p := range r.Paths {
		all = all.Union(p.Language())
	}
	if r.Path != nil {
		all = all.Intersect(r.Path.Language)
	}
	return all
}

// Authorities is the hosts of the set as requests carry them: in any case, with
// or without a port.
func (r *Request) Authorities() set.Language {
	all := set.AnyString()
	if len(r.Hosts) > 0 {
		all = set.Language{}
		digit := set.OneByte(func(c byte) bool { return '0' <= c && c <= '9' })
		port := set.Concat(set.Literal(":"), digit.Plus()).Optional()
		for _, h := range r.Hosts {
			all = all.Union(set.Concat(h.Language().FoldCase(), port))
		}
	}
	if r.Host != nil {
		all = all.Intersect(r.Host.Language)
	}
	return all
}
