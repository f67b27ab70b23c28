package intent

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// plaintext reports rules whose peer cannot authenticate, into ports that take
// mutual TLS only: the connection would be refused whatever the rule says.
func (l *lowering) plaintext() {
	if !l.hasMesh() || len(l.program.MTLS) == 0 {
		return
	}
	for _, d := range l.program.All() {
		r := d.Rule
		if d.Direction != ir.Ingress || r.Action != ir.Allow || r.Origin.Kind != ir.FromRule || l.outsideMesh(r.Subject.Pods) {
			continue
		}
		peers := r.Peers.List()
		plain := slices.IndexFunc(peers, l.unauthenticated)
		if plain < 0 {
			continue
		}
		rule := l.ruleAt(r.Origin.Address)
		if port, strict := l.strictPort(r); strict && rule != nil {
			l.at(rule, l.diags.Add(diag.PlaintextIntoStrict, rule.Range,
				fmt.Sprintf("Rule %q lets %s reach port %d of %q, which takes mutual TLS only, and no such peer can authenticate.", rule.Address, peers[plain], port, r.Subject.Address),
				fmt.Sprintf("Give the port a mode of its own on the workload: `mtls_ports = { %d = \"permissive\" }`.", port)))
		}
	}
}

// mesh gives the profile of the target's mesh; false where there is none.
func (l *lowering) mesh() (profile.Profile, bool) {
	if !l.hasMesh() {
		return profile.Profile{}, false
	}
	p, err := profile.Of(l.target.Mesh.Value.Name, "")
	return p, err == nil
}

// strictPort gives the least port of an allow that takes mutual TLS only. Ports
// that no statement names have one mode together, so one stands for them all.
func (l *lowering) strictPort(r *ir.Rule) (uint16, bool) {
	rest := r.Traffic.Ports(ir.TCP)
	if mesh, some := l.mesh(); some {
		rest = rest.Subtract(mesh.Uncaptured())
	}
	var ports []uint16
	for _, m := range l.program.MTLS {
		for _, own := range m.Ports {
			if rest.Contains(own.Port) && m.Subject.Pods.Overlaps(r.Subject.Pods) {
				ports = append(ports, own.Port)
				rest = rest.Subtract(set.SinglePort(own.Port))
			}
		}
	}
	if ranges := rest.Ranges(); len(ranges) > 0 {
		ports = append(ports, ranges[0].First)
	}
	slices.Sort(ports)
	for _, p := range ports {
		if l.program.EffectiveMTLS(r.Subject.Pods, p) == ir.MTLSStrict {
			return p, true
		}
	}
	return 0, false
}

// unauthenticated reports that no endpoint of the peer has a mesh identity.
func (l *lowering) unauthenticated(p ir.Peer) bool {
	switch p := p.(type) {
	case ir.External, ir.Names, ir.APIServer, ir.NodeLocal, ir.Nodes:
		return true
	case ir.Pods:
		return l.outsideMesh(p)
	}
	return false
}

// outsideMesh reports that the pods are known to be outside the mesh.
func (l *lowering) outsideMesh(pods ir.Pods) bool {
	parts, beyond := l.program.Inventory.Declared(pods)
	if beyond || len(parts) == 0 {
		return false
	}
	return !slices.ContainsFunc(parts, func(part ir.NamespacePods) bool {
		for _, i := range l.byName[part.Namespace.Name] {
			w := &l.program.Inventory.Workloads[i]
			if w.Pods.Contains(part.Pods) {
				return w.Mesh
			}
			if w.Mesh && w.Pods.Overlaps(part.Pods) {
				return true
			}
		}
		return part.Namespace.Mesh
	})
}
