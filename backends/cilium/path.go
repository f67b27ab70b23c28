package cilium

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// query is what may follow a path. Cilium's proxy matches an expression against
// the whole of what the client sends, the query included
// (pkg/envoy/policy/envoy_l7_rules_translator.go: safe_regex on ":path").
const query = `(\?.*)?`

// pathPattern is an expression for a path with or without a query, "" for every
// path. What stands for characters of the path never matches a "?", which would
// reach into the query.
func pathPattern(p ir.Path) (string, *refusal) {
	switch p.Kind() {
	case ir.PathAny:
		return "", nil
	case ir.PathRegex:
		re, ok := pathOnly(p.Text())
		if !ok {
			return "", &refusal{diag.LacksHTTP, "Cilium's proxy matches the query together with the path, and " + p.String() + " asks for the end of the path where it may not be",
				"Leave `$` and `\\z` out: an expression is for the whole path anyway."}
		}
		return re + query, nil
	case ir.PathExact, ir.PathSegments:
	}
	segments := p.Segments()
	var b strings.Builder
	for i, s := range segments {
		last := i == len(segments)-1
		if s == "." || s == ".." || s == "" && !last {
			// pkg/envoy/model.go: normalize_path, merge_slashes.
			return "", &refusal{diag.LacksHTTP, "Cilium's proxy normalises paths before it matches them, and none would match " + p.String(),
				"Write the path as it is after normalisation: no `.`, `..` or empty segments."}
		}
		b.WriteByte('/')
		switch {
		case p.Kind() == ir.PathSegments && s == "*":
			b.WriteString(`[^/?]+`)
		case p.Kind() == ir.PathSegments && s == "**" && last:
			b.WriteString(`[^?]*`)
		default:
			b.WriteString(regexp.QuoteMeta(s))
		}
	}
	return b.String() + query, nil
}

// pathOnly gives an expression for the same paths that matches no "?", ready to
// have something put behind it; false where it cannot. The text stays as it was
// written where it will do.
func pathOnly(text string) (re string, ok bool) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return "", false
	}
	same := withoutQuery(tree)
	tree, ended := withoutEnds(tree, true, true)
	if hasEnd(tree) {
		return "", false
	}
	// \Q may quote all that follows, and "|" binds less than what follows.
	if same && !ended && !strings.Contains(text, `\Q`) {
		if strings.Contains(text, "|") {
			return "(?:" + text + ")", true
		}
		return text, true
	}
	if tree.Op == syntax.OpAlternate {
		return "(?:" + tree.String() + ")", true
	}
	return tree.String(), true
}

// withoutQuery takes "?" out of everything that matches it, in place, and
// reports whether there was nothing to take out.
func withoutQuery(re *syntax.Regexp) (same bool) {
	same = true
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		*re = syntax.Regexp{Op: syntax.OpCharClass, Rune: []rune{0, '?' - 1, '?' + 1, 0x10ffff}}
		return false
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == '?' {
				*re = syntax.Regexp{Op: syntax.OpNoMatch}
				return false
			}
		}
	case syntax.OpCharClass:
		var rest []rune
		for i := 0; i < len(re.Rune); i += 2 {
			lo, hi := re.Rune[i], re.Rune[i+1]
			if hi < '?' || lo > '?' {
				rest = append(rest, lo, hi)
				continue
			}
			same = false
			if lo < '?' {
				rest = append(rest, lo, '?'-1)
			}
			if hi > '?' {
				rest = append(rest, '?'+1, hi)
			}
		}
		if len(rest) == 0 {
			*re = syntax.Regexp{Op: syntax.OpNoMatch}
		} else if !same {
			re.Rune = rest
		}
	}
	for _, sub := range re.Sub {
		same = withoutQuery(sub) && same
	}
	return same
}

// withoutEnds takes away what asks for the beginning of the text at the first
// place, and for its end at the last: the expression is for the whole path, so
// that they say nothing there. It reports whether there were any.
func withoutEnds(re *syntax.Regexp, first, last bool) (*syntax.Regexp, bool) {
	changed := false
	switch re.Op {
	case syntax.OpBeginText, syntax.OpBeginLine:
		if first {
			return &syntax.Regexp{Op: syntax.OpEmptyMatch}, true
		}
	case syntax.OpEndText, syntax.OpEndLine:
		if last {
			return &syntax.Regexp{Op: syntax.OpEmptyMatch}, true
		}
	case syntax.OpAlternate, syntax.OpCapture:
		for i, sub := range re.Sub {
			new, c := withoutEnds(sub, first, last)
			re.Sub[i], changed = new, changed || c
		}
	case syntax.OpConcat:
		n := len(re.Sub) - 1
		var keep []*syntax.Regexp
		for i, sub := range re.Sub {
			new, c := withoutEnds(sub, first && i == 0, last && i == n)
			changed = changed || c
			if new.Op != syntax.OpEmptyMatch {
				keep = append(keep, new)
			}
		}
		if re.Sub = keep; len(keep) == 0 {
			return &syntax.Regexp{Op: syntax.OpEmptyMatch}, changed
		}
	}
	return re, changed
}

// hasEnd reports whether something asks for the end of the text: there the
// query would stand in the way.
func hasEnd(re *syntax.Regexp) bool {
	if re.Op == syntax.OpEndText || re.Op == syntax.OpEndLine {
		return true
	}
	for _, sub := range re.Sub {
		if hasEnd(sub) {
			return true
		}
	}
	return false
}
