package istio

import (
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// pattern is a set of strings, and how it was written, each value in quotes so
// that no two lists read alike.
type pattern struct {
	text     string
	language set.Language
}

func exactly(s string) pattern { return pattern{strconv.Quote(s), set.Literal(s)} }
func prefix(s string) pattern  { return pattern{strconv.Quote(s + "*"), set.Prefix(s)} }
func suffix(s string) pattern  { return pattern{strconv.Quote("*" + s), set.Suffix(s)} }

// star reads a value as most fields do: a star before it makes it a suffix,
// else one behind it a prefix, and alone it is whatever is there. Any other star
// is a star (istio/istio, pilot/pkg/security/authz/matcher/string.go).
func star(value string) pattern {
	switch {
	case value == "*":
		return pattern{`"*"`, set.AnyString()}
	case strings.HasPrefix(value, "*"):
		return suffix(value[1:])
	case strings.HasSuffix(value, "*"):
		return prefix(value[:len(value)-1])
	}
	return exactly(value)
}

// constraint is satisfied by the strings of the pattern, and not by absence.
func (p pattern) constraint() ir.Constraint {
	return ir.Matching(ir.Pattern{Text: p.text, Language: p.language})
}

// oneOf is satisfied by what one of the values matches, read as read says.
func oneOf(values []text, read func(string) ir.Constraint) ir.Constraint {
	var whole []string
	out := ir.OneOf()
	for _, v := range values {
		c := read(v.value)
		if list, finite := c.Values(); finite {
			whole = append(whole, list...)
		} else {
			out = out.Or(c)
		}
	}
	return out.Or(ir.OneOf(whole...))
}

func starred(value string) ir.Constraint {
	if !strings.Contains(value, "*") { // nearly always
		return ir.OneOf(value)
	}
	return star(value).constraint()
}

// ir is the pattern as the model has it.
func (p pattern) ir() *ir.Pattern { return &ir.Pattern{Text: p.text, Language: p.language} }

// anyOf is what one of the patterns has.
func anyOf(list []pattern) pattern {
	var texts []string
	var languages []set.Language
	for _, p := range list {
		texts, languages = append(texts, p.text), append(languages, p.language)
	}
	return pattern{strings.Join(texts, " or "), set.AnyOf(languages...)}
}

func (p pattern) minus(q pattern) pattern {
	return pattern{p.text + " but not " + q.text, p.language.Subtract(q.language)}
}
