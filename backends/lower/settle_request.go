package lower

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// requests has the requests of rules be those that an intent writes, where they
// are exactly such: other formats write paths and hosts in patterns of their own.
func (s *settling) requests(stages []ir.Stage) []ir.Stage {
	return eachLevel(stages, func(rules []ir.Rule) []ir.Rule {
		for i := range rules {
			r := &rules[i]
			list := slices.Clone(r.Traffic.Requests())
			changed := false
			for j := range list {
				changed = s.request(&list[j], r.Action) || changed
			}
			if changed {
				r.Traffic, _ = r.Traffic.WithRequests(list...)
			}
		}
		return rules
	})
}

// request reports whether it wrote a request anew.
func (s *settling) request(q *ir.Request, a ir.Action) bool {
	changed := false
	if q.Path != nil && len(q.Paths) == 1 && q.Paths[0].Kind() == ir.PathAny {
		if paths, ok := s.paths(q, a); ok {
			q.Paths, q.Path, changed = paths, nil, true
		}
	}
	if q.Host != nil && len(q.Hosts) == 0 {
		if hosts, ok := hosts(q.Host); ok {
			q.Hosts, q.Host, changed = hosts, nil, true
		}
	}
	return changed
}

// paths gives path patterns that together match what the request's own pattern
// matches: of every target that a client sends, or for a mesh, which compares
// segments of the characters of RFC 3986, of those.
func (s *settling) paths(q *ir.Request, a ir.Action) ([]ir.Path, bool) {
	values, ok := written(q.Path.Text)
	if !ok {
		return nil, false
	}
	for _, as := range []func(string) string{segmented, expressed} {
		var paths []ir.Path
		for _, v := range values {
			if p, err := ir.ParsePath(as(v)); err == nil {
				paths = append(paths, p)
			}
		}
		if len(paths) < len(values) {
			continue
		}
		one := ir.Request{Paths: paths}
		targets := sent
		if s.target.Profile.IsMesh() && a == ir.Allow {
			targets = regular
		}
		if one.Targets().Intersect(targets()).Equal(q.Path.Language.Intersect(targets())) && (!s.target.Profile.IsMesh() || !slices.ContainsFunc(paths, isExpression)) {
			return paths, true
		}
	}
	return nil, false
}

func isExpression(p ir.Path) bool { return p.Kind() == ir.PathRegex }

// The targets that clients send, and those of them that RFC 3986 has.
func sent() set.Language { return language(`/[\x21-\x22\x24-\x7e]*`) }
func regular() set.Language {
	return language(`/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*(\?[-A-Za-z0-9._~!$&'()*+,;=:@%/?]*)?`)
}

// authorities are the hosts that clients send, a port behind them or none.
func authorities() set.Language {
	return language(`([-A-Za-z0-9._]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?`)
}

func language(expr string) set.Language {
	l, err := set.Regexp(expr)
	if err != nil {
		panic(err)
	}
	return l
}

// written gives the values of a pattern: an expression, or values in quotes
// with an "or" between them; false for any other.
func written(text string) ([]string, bool) {
	if strings.HasPrefix(text, "~") {
		return []string{text}, true
	}
	var out []string
	for {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil, false
		}
		value, _ := strconv.Unquote(quoted)
		out = append(out, value)
		rest := text[len(quoted):]
		if rest == "" {
			return out, true
		}
		var more bool
		if text, more = strings.CutPrefix(rest, " or "); !more {
			return nil, false
		}
	}
}

// segmented guesses the segments that a value stands for: a template's, a
// prefix's, or an expression's that ends with any text.
func segmented(value string) string {
	if expr, ok := strings.CutPrefix(value, "~"); ok {
		plain, isPrefix := strings.CutSuffix(expr, "/.*")
		if isPrefix {
			return plain + "/**"
		}
		return expr
	}
	if whole, ok := strings.CutSuffix(value, "/*"); ok {
		value = whole + "/**"
	}
	return strings.NewReplacer("{*}", "*", "{**}", "**").Replace(value)
}

// expressed gives an expression for a value.
func expressed(value string) string {
	if strings.HasPrefix(value, "~") {
		return strings.TrimSuffix(value, `(\?.*)?`)
	}
	const segment, rest = `[-A-Za-z0-9._~%!$&'()+,;:@=*]+`, `[-A-Za-z0-9._~%!$&'()+,;:@=*/]*`
	quoted := regexp.QuoteMeta(value)
	if strings.Contains(value, "{") {
		return "~" + strings.NewReplacer(regexp.QuoteMeta("{*}"), segment, regexp.QuoteMeta("{**}"), rest).Replace(quoted)
	}
	if before, ok := strings.CutSuffix(quoted, `\*`); ok {
		return "~" + before + ".*"
	}
	if after, ok := strings.CutPrefix(quoted, `\*`); ok {
		return "~.*" + after
	}
	return "~" + quoted
}

// hosts gives names that together, with a port or without, are what a pattern
// matches.
func hosts(p *ir.Pattern) ([]ir.Name, bool) {
	values, ok := written(p.Text)
	if !ok {
		return nil, false
	}
	var out []ir.Name
	for _, v := range values {
		if bare, withPort := strings.CutSuffix(v, ":*"); withPort && slices.Contains(values, bare) {
			continue
		}
		n, err := ir.ParseName(v)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	one := ir.Request{Hosts: out}
	return out, one.Authorities().Intersect(authorities()).Equal(p.Language.Intersect(authorities()))
}

// Expression gives the expression that a pattern was written as, for engines that
// hold one against the whole text; false for a pattern that is none.
func Expression(p *ir.Pattern) (string, bool) {
	expr, ok := strings.CutPrefix(p.Text, "~")
	if !ok {
		return "", false
	}
	l, err := set.Regexp(expr)
	return expr, err == nil && l.Equal(p.Language)
}
