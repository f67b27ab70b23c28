package istio

import (
	"strconv"
	"strings"
	"sync"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// request narrows a set of requests to those that an HTTP field matches; false
// where none is left.
func (l *lifting) request(q ir.Request, m matcher) (ir.Request, bool) {
	switch {
	case m.key == keyMethods:
		q.Method = q.Method.And(m.constraint())
		if q.Method.Or(ir.Absent()).IsAnything() { // every request has one
			q.Method = ir.Anything()
		}
		return q, !q.Method.And(ir.Present()).IsEmpty()
	case m.key == keyHosts:
		host := m.pattern(l.host)
		if !host.language.IsAll() {
			q.Host = host.ir()
		}
		return q, !host.language.IsEmpty()
	case m.key == keyPaths:
		if paths, ok := plain(m); ok {
			q.Paths = paths
			return q, true
		}
		path := m.pattern(l.path)
		q.Path = path.ir()
		return q, !path.language.IsEmpty()
	}
	name, _ := bracketed(m.key)
	header, some := ir.Select(ir.Requirement{Key: strings.ToLower(name), Constraint: m.constraint()})
	if some {
		q.Headers, some = q.Headers.And(header)
	}
	return q, some
}

// anyRequest is every request.
func anyRequest() ir.Request {
	q, _ := ir.NewRequest(ir.Anything(), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	return q
}

// constraint is satisfied by what matches one of the field's values and none
// of its not-values. A missing header has no value, so that not-values hold for
// it (envoyproxy/envoy, source/common/http/header_utility.cc).
func (m matcher) constraint() ir.Constraint {
	c := ir.Anything()
	if len(m.values) > 0 {
		c = oneOf(m.values, starred)
	}
	if len(m.not) > 0 {
		c = c.And(oneOf(m.not, starred).Not())
	}
	return c
}

// pattern is what one of the field's values matches and none of its not-values.
func (m matcher) pattern(read func(string) pattern) pattern {
	union := func(values []text) pattern {
		var list []pattern
		for _, v := range values {
			list = append(list, read(v.value))
		}
		return anyOf(list)
	}
	out := pattern{"any", set.AnyString()}
	if len(m.values) > 0 {
		out = union(m.values)
	}
	if len(m.not) > 0 {
		out = out.minus(union(m.not))
	}
	return out
}

// host is the authorities that a value matches, without regard to case. The
// port is part of an authority: "a.b" is not "a.b:80".
func (l *lifting) host(value string) pattern {
	return l.cached("host "+value, func() pattern {
		p := star(value)
		return pattern{p.text, p.language.FoldCase()}
	})
}

// path is the request targets that a value matches: it is held against the
// path without its query.
func (l *lifting) path(value string) pattern {
	return l.cached("path "+value, func() pattern {
		p := star(value)
		switch whole, isPrefix := strings.CutSuffix(value, "*"); {
		case templated(value):
			p = template(value)
		case value == "*": // what is there is not empty
			p.language = p.language.Subtract(set.Literal(""))
		case strings.ContainsAny(whole, "*?"):
		case isPrefix: // of the path and of the target alike
			return p
		default:
			return pattern{p.text, set.Concat(p.language, query())}
		}
		return pattern{p.text, set.Concat(p.language.Intersect(unqueried()), query())}
	})
}

// unqueried is what has no query, and query what stands behind a path.
var (
	unqueried = sync.OnceValue(func() set.Language { return set.OneByte(func(c byte) bool { return c != '?' }).Star() })
	query     = sync.OnceValue(func() set.Language { return set.Concat(set.Literal("?"), set.AnyString()).Optional() })
)

// cached keeps what was read: the same values come with many rules.
func (l *lifting) cached(key string, read func() pattern) pattern {
	p, known := l.patterns[key]
	if !known {
		p = read()
		l.patterns[key] = p
	}
	return p
}

const (
	oneSegment  = "{*}"
	anySegments = "{**}"
)

// templated reports that operators make the value a template.
func templated(value string) bool {
	return strings.Contains(value, oneSegment) || strings.Contains(value, anySegments)
}

// template is the paths of a path template: {*} is one segment and {**} any
// rest, both of the characters that RFC 3986 has in a path and of no others, so
// that "/a/[" is not of "/a/{*}" (envoyproxy/envoy,
// source/extensions/path/uri_template_lib).
func template(value string) pattern {
	segment := set.OneByte(pathChar).Plus()
	rest := set.OneByte(func(c byte) bool { return c == '/' || pathChar(c) }).Star()
	var parts []set.Language
	for i, s := range strings.Split(value, "/") {
		if i > 0 {
			parts = append(parts, set.Literal("/"))
		}
		switch s {
		case oneSegment:
			parts = append(parts, segment)
		case anySegments:
			parts = append(parts, rest)
		default:
			parts = append(parts, set.Literal(s))
		}
	}
	return pattern{strconv.Quote(value), set.Concat(parts...)}
}

func pathChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~%!$&'()+,;:@=*", c) >= 0
}

// plain gives a field's paths where the model has all of them as they are: whole
// paths, and prefixes that end with a slash.
func plain(m matcher) ([]ir.Path, bool) {
	if len(m.not) > 0 {
		return nil, false
	}
	var out []ir.Path
	for _, v := range m.values {
		whole, isPrefix := strings.CutSuffix(v.value, "/*")
		if strings.Contains(whole, "*") || templated(v.value) {
			return nil, false
		}
		if isPrefix {
			whole += "/**"
		}
		p, err := ir.ParsePath(whole)
		if err != nil {
			return nil, false
		}
		out = append(out, p)
	}
	return out, true
}
