package istio

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// What the intent means, decided in the most obvious way: stage by stage, level
// by level, rule by rule.

// intended decides a flow by the ingress program of its destination and the
// gate of mutual TLS before it.
func intended(p *ir.Program, f flow) bool {
	authenticated := f.from.mesh && !f.plaintext
	if gate(p, f) == ir.MTLSStrict && !authenticated {
		return false
	}
	for _, s := range p.Ingress {
		if s.Name == ir.StageAxioms {
			continue
		}
		decided, allowed, passed := decide(s, p, f)
		if decided {
			return allowed
		}
		if !passed && slices.ContainsFunc(s.Isolate, func(i ir.Isolation) bool { return i.Mode == ir.Enforce && isIn(p, f.to, i.Subject.Pods) }) {
			return false
		}
	}
	return true
}

func decide(s ir.Stage, p *ir.Program, f flow) (decided, allowed, passed bool) {
	for _, l := range s.Levels {
		for _, action := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
			for _, r := range l.Rules {
				if r.Action != action || r.Mode != ir.Enforce || !matches(p, &r, f) {
					continue
				}
				if action == ir.Pass {
					return false, false, true
				}
				return true, action == ir.Allow, false
			}
		}
	}
	return false, false, false
}

// gate is the mode of mutual TLS at the flow's destination.
func gate(p *ir.Program, f flow) ir.MTLSMode {
	level := map[ir.SubjectKind]ir.MTLSMode{}
	for _, m := range p.MTLS {
		if m.Subject.Kind != ir.SubjectCluster && !isIn(p, f.to, m.Subject.Pods) {
			continue
		}
		mode := m.Mode
		for _, own := range m.Ports {
			if int(own.Port) == f.port {
				mode = own.Mode
			}
		}
		level[m.Subject.Kind] = max(level[m.Subject.Kind], mode)
	}
	for _, k := range []ir.SubjectKind{ir.SubjectWorkload, ir.SubjectNamespace, ir.SubjectCluster} {
		if level[k] != ir.MTLSUnset {
			return level[k]
		}
	}
	return ir.MTLSPermissive
}

func isIn(p *ir.Program, e pod, set ir.Pods) bool {
	if e.namespace == "" {
		return false
	}
	labels := map[string]string{ir.NamespaceName: e.namespace, "team": "a"} // of a namespace that nobody declared
	if ns, ok := p.Inventory.Namespace(e.namespace); ok {
		delete(labels, "team")
		maps.Copy(labels, ns.Labels)
	}
	return set.Namespace.Matches(labels) && set.Labels.Matches(e.labels) && set.Account.Matches(e.account)
}

func matches(p *ir.Program, r *ir.Rule, f flow) bool {
	return isIn(p, f.to, r.Subject.Pods) && slices.ContainsFunc(r.Peers.List(), func(q ir.Peer) bool { return isPeer(p, f.from, q) }) && carries(r.Traffic, f) &&
		!slices.ContainsFunc(r.If, func(c ir.Condition) bool { return !holds(c, f) })
}

func isPeer(p *ir.Program, e pod, q ir.Peer) bool {
	switch q := q.(type) {
	case ir.AnyPeer:
		return true
	case ir.Pods:
		return isIn(p, e, q)
	case ir.External:
		return e.namespace == "" && !e.node && q.Addresses.Contains(e.address)
	case ir.Nodes:
		return e.node && q.Other
	case ir.APIServer:
		return q.Addresses.Contains(e.address)
	}
	return false
}

func carries(t ir.Traffic, f flow) bool {
	if !t.Ports(ir.TCP).Contains(uint16(f.port)) {
		return false
	}
	if t.Requests() == nil {
		return true
	}
	return f.request != nil && slices.ContainsFunc(t.Requests(), func(q ir.Request) bool { return satisfies(*f.request, q) })
}

func satisfies(r request, q ir.Request) bool {
	host, _, _ := strings.Cut(r.host, ":")
	path, _, _ := strings.Cut(r.path, "?")
	return q.Method.Matches(r.method) &&
		slices.ContainsFunc(q.Paths, func(p ir.Path) bool { return onPath(p, path) }) &&
		(len(q.Hosts) == 0 || slices.ContainsFunc(q.Hosts, func(n ir.Name) bool { return n.Matches(host) })) &&
		q.Headers.Matches(r.headers)
}

func onPath(p ir.Path, path string) bool {
	switch p.Kind() {
	case ir.PathAny:
		return true
	case ir.PathRegex:
		return regexp.MustCompile("^(?:" + p.Text() + ")$").MatchString(path)
	}
	segments := p.Segments()
	for i, s := range segments {
		switch {
		case s == "*":
			segments[i] = "[^/]+"
		case s == "**" && i == len(segments)-1:
			segments[i] = ".*"
		default:
			segments[i] = regexp.QuoteMeta(s)
		}
	}
	return regexp.MustCompile("^/" + strings.Join(segments, "/") + "$").MatchString(path)
}
