package istio

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	security "istio.io/api/security/v1"

	"github.com/portolan-dev/portolan/ir"
)

// requests gives the clauses of a rule that is restricted to requests: one for
// those without conditions on headers, and one for each combination of those.
func (l *lowering) requests(r *ir.Rule, ports *security.Operation) ([]clause, bool) {
	if l.ambient {
		l.refuseRequests(r, "ztunnel reads no requests, and no waypoint decides for all of these pods", "Give the namespace its `waypoint` and the workload its `services`, or render for sidecars (`mesh = \"istio\"`).")
		return nil, false
	}
	if !l.readable(r) {
		return nil, false
	}
	var plain clause
	var out []clause
	for _, q := range r.Traffic.Requests() {
		op, why := operation(q, ports, r.Action)
		var headers [][]*security.Condition
		if why == "" {
			headers, why = conditions(q.Headers)
		}
		if why != "" {
			l.refuseRequests(r, why, "Render for `cilium` alone, whose HTTP rules are regular expressions, or write the request so that the mesh can say it.")
			return nil, false
		}
		to := &security.Rule_To{Operation: op}
		if len(headers) == 1 && headers[0] == nil {
			plain.to = append(plain.to, to)
			continue
		}
		for _, when := range headers {
			out = append(out, clause{to: []*security.Rule_To{to}, when: when})
		}
	}
	if plain.to != nil {
		out = append([]clause{plain}, out...)
	}
	return out, true
}

// operation gives a request's operation on the ports. It has at least one HTTP
// field, so that it never matches bytes that carry no request. The error is a
// clause.
func operation(q ir.Request, ports *security.Operation, a ir.Action) (*security.Operation, string) {
	op := &security.Operation{Ports: ports.Ports, NotPorts: ports.NotPorts}
	switch form, values := q.Method.Form(); form {
	case ir.FormAnything, ir.FormExists:
	case ir.FormIn:
		op.Methods = values
	default:
		op.NotMethods = values
	}
	for _, p := range q.Paths {
		path, why := pathOf(p, a)
		if why != "" {
			return nil, why
		}
		if path != "" {
			op.Paths = append(op.Paths, path)
		}
	}
	for _, h := range q.Hosts {
		name, wildcard := h.Parts()
		if wildcard != 0 {
			return nil, "a host with a wildcard cannot be said together with every port (`" + h.String() + "`)"
		}
		// The port is part of what Istio compares: example.com:8080.
		op.Hosts = append(op.Hosts, name, name+":*")
	}
	if len(op.Methods)+len(op.NotMethods)+len(op.Paths)+len(op.Hosts) == 0 {
		op.Methods = []string{"*"}
	}
	return op, ""
}

// literal is what Istio takes between the operators of a path template.
var literal = regexp.MustCompile(`^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$`)

// pathOf gives a pattern over paths; "" for every path. The error is a clause.
//
// A string with a star at its end is a prefix, and {*} and {**} make it a
// template, whose segments have the characters that RFC 3986 allows in a path
// and no others. A deny keeps to prefixes, which have every character. Istio
// normalises paths before it compares (istio/istio, pkg/config/security).
func pathOf(p ir.Path, a ir.Action) (string, string) {
	switch p.Kind() {
	case ir.PathAny:
		return "", ""
	case ir.PathRegex:
		return "", "a mesh has no regular expressions for paths (`" + p.String() + "`)"
	case ir.PathExact, ir.PathSegments:
	}
	if why := unnormal(p); why != "" {
		return "", "Istio compares paths after normalising them, and `" + p.Text() + "` " + why
	}
	if strings.ContainsAny(p.Text(), "{}") {
		return "", "Istio takes braces in a path for operators (`" + p.Text() + "`)"
	}
	if p.Kind() == ir.PathExact {
		return p.Text(), ""
	}
	segments := p.Segments()
	last := len(segments) - 1
	if i := slices.Index(segments, "*"); i < 0 {
		return strings.TrimSuffix(p.Text(), "**") + "*", ""
	}
	if a != ir.Allow {
		return "", "a deny of paths with one segment left open would miss segments with unusual characters (`" + p.Text() + "`)"
	}
	for i, s := range segments {
		switch {
		case s == "*":
			segments[i] = "{*}"
		case s == "**":
			segments[i] = "{**}"
		case s == "" && i == last:
		case !literal.MatchString(s):
			return "", fmt.Sprintf("a path template takes no segment %q (`%s`)", s, p.Text())
		}
	}
	return "/" + strings.Join(segments, "/"), ""
}

var unreserved = regexp.MustCompile(`%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])`)

// unnormal says why a path is not as it is after Istio's default normalisation
// (RFC 3986 dot segments and escapes, and backslashes), "" where it is.
func unnormal(p ir.Path) string {
	switch {
	case strings.Contains(p.Text(), `\`):
		return "has a backslash"
	case slices.Contains(p.Segments(), "."), slices.Contains(p.Segments(), ".."):
		return "has a dot segment"
	case unreserved.MatchString(p.Text()):
		return "escapes a character that needs none"
	}
	return ""
}

// conditions gives the conditions on headers: alternatives of conditions that
// hold together. Without headers that is one of none. The error is a clause.
func conditions(headers ir.Selector) ([][]*security.Condition, string) {
	out := [][]*security.Condition{nil}
	for _, r := range headers.Requirements() {
		alternatives, why := header(r)
		if why != "" {
			return nil, why
		}
		if len(out)*len(alternatives) > maxSelectors {
			return nil, fmt.Sprintf("its conditions on headers would need more than %d rules", maxSelectors)
		}
		var next [][]*security.Condition
		for _, before := range out {
			for _, c := range alternatives {
				next = append(next, append(slices.Clone(before), c))
			}
		}
		out = next
	}
	return out, ""
}

// header gives the alternatives for one header. Within a condition values and
// notValues hold together; a missing header has no value, so that notValues
// holds for it.
func header(r ir.Requirement) ([]*security.Condition, string) {
	key := "request.headers[" + r.Key + "]"
	form, values := r.Constraint.Form()
	for _, v := range values {
		if v == "" || strings.HasPrefix(v, "*") || strings.HasSuffix(v, "*") {
			return nil, fmt.Sprintf("Istio takes no header value %q literally", v)
		}
	}
	any := []string{"*"}
	switch form {
	case ir.FormIn:
		return []*security.Condition{{Key: key, Values: values}}, ""
	case ir.FormExists:
		return []*security.Condition{{Key: key, Values: any}}, ""
	case ir.FormNotIn:
		return []*security.Condition{{Key: key, NotValues: values}}, ""
	case ir.FormNotExists:
		return []*security.Condition{{Key: key, NotValues: any}}, ""
	case ir.FormPresentNot:
		return []*security.Condition{{Key: key, Values: any, NotValues: values}}, ""
	case ir.FormAbsentOr:
		return []*security.Condition{{Key: key, NotValues: any}, {Key: key, Values: values}}, ""
	case ir.FormMatches, ir.FormAbsentOrMatches:
		return nil, "its pattern of header " + r.Key + " is not one that is rendered"
	case ir.FormNever, ir.FormAnything: // neither makes a requirement
	}
	return nil, "its condition on header " + r.Key + " can never hold"
}
