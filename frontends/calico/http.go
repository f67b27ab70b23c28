package calico

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// http is what a rule asks of requests, where something reads them.
type http struct {
	methods []string // none for any
	paths   []string // "exact /a" or "prefix /a"; none for any
}

// readHTTP reads the HTTP part of a rule, and checks it as Calico's validator
// does. Felix programs the rule without it (felix/calc/rule_scanner.go), so that
// where nothing else reads requests it is as if it were not there.
func (l *lifting) readHTTP(v manifest.Value, a ir.Action, d ir.Direction, p protocol) *http {
	if !v.Present() {
		return nil
	}
	var out http
	v.Object(func(o *manifest.Object) {
		for _, m := range o.Field("methods").Items() {
			word, ok := m.Text()
			if ok && slices.Contains(out.methods, word) {
				m.Bad("stands twice", "")
			}
			out.methods = append(out.methods, word)
		}
		for _, path := range o.Field("paths").Items() {
			path.Object(func(o *manifest.Object) { out.paths = append(out.paths, readPath(o)) })
		}
	})
	switch {
	case a != ir.Allow || d != ir.Ingress:
		v.Bad("stands in a rule that is no allow of ingress", "Calico takes http in those only.")
	case p.number != 0 && p.number != protocols["TCP"]:
		v.Bad("stands in a rule of a protocol other than TCP", "HTTP is in TCP.")
	case !l.profile.On("application_layer_policy"):
		v.Report(diag.UnreadRequests, fmt.Sprintf("%s restricts nothing: the rule allows every request, and what is none.", v.Path()),
			"Felix leaves it out of what it programs. State `application_layer_policy = true` where Dikastes runs, or restrict requests in a mesh.")
		return nil
	}
	return &out
}

func readPath(o *manifest.Object) string {
	exact, prefix := o.Field("exact"), o.Field("prefix")
	v, kind := exact, "exact "
	if !exact.Present() {
		v, kind = prefix, "prefix "
	}
	if exact.Present() == prefix.Present() {
		o.Bad("has not one of exact and prefix", "A path is one of them.")
	}
	text, ok := v.Text()
	if ok && (!strings.HasPrefix(text, "/") || strings.ContainsAny(text, " ?#")) {
		v.Bad("is no path", "A path begins with a slash and has no blanks, no query and no fragment.")
	}
	return kind + text
}

// pieces restricts traffic to the requests of a rule. A connection in which the
// proxy reads no request has no method and no path to compare, and Dikastes
// takes it for a match (app-policy/checker/match.go).
//
// Paths are under a condition: which requests a path stands for differs between
// releases, that compare the bytes, and releases that decode them, cut their
// parameters and take slashes together first.
func (h *http) pieces(all []piece) []piece {
	request, _ := ir.NewRequest(h.method(), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	var when []ir.Condition
	if paths := h.restricting(); paths != nil {
		when = []ir.Condition{{Atom: "calico path is one of " + strings.Join(paths, ", ")}}
	}
	var out []piece
	for _, p := range all {
		tcp, some := p.traffic.Only(ir.TCP)
		if !some {
			out = append(out, p)
			continue
		}
		restricted, _ := tcp.WithRequests(request)
		out = append(out, piece{restricted, p.named, when}, piece{tcp.Unread(), p.named, nil})
		if rest := withoutTCP(p.traffic); !rest.IsEmpty() {
			out = append(out, piece{rest, p.named, nil})
		}
	}
	return out
}

func withoutTCP(t ir.Traffic) ir.Traffic {
	out := ir.ICMPTraffic(t.ICMP()).Or(ir.NumberedTraffic(t.Numbers()))
	for _, p := range []ir.Protocol{ir.UDP, ir.SCTP} {
		if one, some := t.Only(p); some {
			out = out.Or(one)
		}
	}
	return out
}

func (h *http) method() ir.Constraint {
	if len(h.methods) == 0 || slices.Contains(h.methods, "*") {
		return ir.Anything()
	}
	return ir.OneOf(h.methods...)
}

// restricting gives the paths, sorted; none where one of them is every path.
func (h *http) restricting() []string {
	if slices.Contains(h.paths, "prefix /") {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(h.paths)))
}
