package istio

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// allow makes the rules of a policy for an allow.
func (l *lowering) allow(p *ir.Program, s *ir.Stage, r *ir.Rule) {
	sites, ok := l.allowSites(p, s, r)
	if !ok || len(sites) == 0 {
		return
	}
	a, admitted := l.admit(r)
	clauses, said := l.traffic(r)
	if !admitted || !said || a.nobody() {
		return
	}
	if a.plaintext {
		l.plaintext = append(l.plaintext, r)
	}
	for _, at := range sites {
		l.policyAt(at, allowing, r.Origin).add(l, r, a, clauses)
	}
}

// deny makes the rules of a policy for a deny.
func (l *lowering) deny(p *ir.Program, s *ir.Stage, r *ir.Rule) {
	sites, ok := l.exactSites(r)
	a, admitted := l.admit(r)
	clauses, said := l.traffic(r)
	if !ok || !admitted || !said || a.nobody() {
		return
	}
	if a.identity && r.Auth != ir.MutualTLS && !l.holds(p, s, r) {
		l.refuse(diag.LacksDeny, r.Origin, "a peer that connects in plaintext shows no identity, so it would pass a deny of its identity",
			"State `mtls = \"strict\"` at the destination, or keep every allow into it to workloads with accounts.")
		return
	}
	for _, at := range sites {
		l.policyAt(at, denying, r.Origin).add(l, r, a, clauses)
	}
}

// holds reports whether a deny by identity holds against plaintext: where that
// does not get through to the pods at all, or no allow lets it in.
func (l *lowering) holds(p *ir.Program, s *ir.Stage, r *ir.Rule) bool {
	ports := portsOf(r.Traffic)
	if l.modes(r.Subject.Pods, ports).only(ir.MTLSStrict) {
		return true
	}
	_, open := p.Split(r.Subject.Pods, s)
	return len(open) == 0 && !slices.ContainsFunc(l.plaintext, func(o *ir.Rule) bool {
		return o.Subject.Pods.Overlaps(r.Subject.Pods) && !portsOf(o.Traffic).Intersect(ports).IsEmpty()
	})
}
