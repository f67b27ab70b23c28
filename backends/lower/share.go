package lower

import "github.com/portolan-dev/portolan/ir"

// Share gives the part of a program that a target's role has to render.
//
// In a stack the CNI leaves to the mesh what the mesh enforces: mutual TLS, and
// the requests and conditions of ingress rules whose subject is in the mesh, of
// which the CNI keeps the transport. A deny restricted to requests, or by a
// condition, is the mesh's alone, since its transport would deny more. Requests
// of egress rules stay: towards what is outside the mesh only the CNI sees
// them. The mesh's own part is the ingress program whole; it decides there what
// is its to say.
func Share(p *ir.Program, role Role) *ir.Program {
	if role != WithMesh {
		return p
	}
	q := p.Filter(func(r ir.Directed) bool {
		return r.Rule.Action != ir.Deny || r.Rule.Traffic.Requests() == nil && r.Rule.If == nil || !enforcedByMesh(p, r)
	})
	for _, r := range q.All() {
		if enforcedByMesh(p, r) {
			r.Rule.Traffic, r.Rule.If = r.Rule.Traffic.WithoutRequests(), nil
		}
	}
	q.MTLS = nil
	if !q.Inventory.Facts.Tunnel.IsNone() {
		q = tunnel(q)
	}
	return q
}

func enforcedByMesh(p *ir.Program, r ir.Directed) bool {
	return r.Direction == ir.Ingress && InMesh(&p.Inventory, r.Rule.Subject.Pods)
}

// InMesh reports whether every pod of the set is known to be in the mesh, on a
// target that has one.
func InMesh(inv *ir.Inventory, pods ir.Pods) bool {
	in, out := Membership(inv, pods)
	return in && !out
}
