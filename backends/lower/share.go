package lower

import "github.com/portolan-dev/portolan/ir"

// Share gives the part of a program that a target's role has to render.
//
// In a stack the CNI leaves to the mesh what the mesh enforces: mutual TLS, and
// the requests of ingress rules whose subject is in the mesh, of which the CNI
// keeps the transport. A deny restricted to requests is the mesh's alone, since
// its transport would deny more. Requests of egress rules stay: towards what is
// outside the mesh only the CNI sees them. The mesh's own part is the ingress
// program whole; it decides there what is its to say.
func Share(p *ir.Program, role Role) *ir.Program {
	if role != WithMesh {
		return p
	}
	q := p.Filter(func(r ir.Directed) bool {
		return r.Rule.Action != ir.Deny || r.Rule.Traffic.Requests() == nil || !enforcedByMesh(p, r)
	})
	for _, r := range q.All() {
		if enforcedByMesh(p, r) && r.Rule.Traffic.Requests() != nil {
			r.Rule.Traffic = r.Rule.Traffic.WithoutRequests()
		}
	}
	q.MTLS = nil
	return q
}

func enforcedByMesh(p *ir.Program, r ir.Directed) bool {
	return r.Direction == ir.Ingress && InMesh(&p.Inventory, r.Rule.Subject.Pods)
}

// InMesh reports whether every pod of the set is known to be in the mesh, on a
// target that has one.
func InMesh(inv *ir.Inventory, pods ir.Pods) bool {
	parts, beyond := inv.Declared(pods)
	if beyond || len(parts) == 0 {
		return false
	}
	for _, part := range parts {
		in := part.Namespace.Mesh
		for _, w := range inv.Workloads {
			if w.Namespace != part.Namespace.Name {
				continue
			}
			if w.Pods.Contains(part.Pods) {
				in = w.Mesh
			} else if w.Mesh != in && w.Pods.Overlaps(part.Pods) {
				return false
			}
		}
		if !in {
			return false
		}
	}
	return true
}
