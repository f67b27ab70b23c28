package intent

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
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
		ports := r.Traffic.Ports(ir.TCP).Ranges()
		if len(ports) == 0 || l.program.EffectiveMTLS(r.Subject.Pods, ports[0].First) != ir.MTLSStrict {
			continue
		}
		for _, peer := range r.Peers.List() {
			if !l.unauthenticated(peer) {
				continue
			}
			rule := l.ruleAt(r.Origin.Address)
			if rule == nil {
				continue
			}
			l.at(rule, l.diags.Add(diag.PlaintextIntoStrict, rule.Range,
				fmt.Sprintf("Rule %q lets %s reach port %d of %q, which takes mutual TLS only, and no such peer can authenticate.", rule.Address, peer, ports[0].First, r.Subject.Address),
				fmt.Sprintf("Give the port a mode of its own on the workload: `mtls_ports = { %d = \"permissive\" }`.", ports[0].First)))
			break
		}
	}
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
