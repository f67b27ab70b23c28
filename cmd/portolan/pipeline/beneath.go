package pipeline

import (
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Beneath states what holds of a cluster with a mesh that has waypoints, and of
// one in which a CNI is below a mesh that wraps the connections between its pods.
// Of other profiles it states nothing.
func Beneath(f *ir.Facts, profiles []profile.Profile) {
	if len(profiles) == 0 {
		return
	}
	mesh := profiles[len(profiles)-1]
	if mesh.Engine == profile.IstioAmbient {
		// What the node's own sockets send is not handed to ztunnel (istio/istio,
		// cni/pkg/iptables/iptables.go).
		f.Waypoints, f.OwnNodePasses = true, true
	}
	if len(profiles) < 2 {
		return
	}
	f.Uncaptured = mesh.Uncaptured()
	f.Tunnel, f.Unmeshed = mesh.Tunnel(), mesh.Unmeshed(f.MeshRoot)
}

// profiles gives those of the target's parts.
func (t *Target) profiles() []profile.Profile {
	var out []profile.Profile
	for _, part := range t.Parts {
		out = append(out, part.Profile)
	}
	return out
}

// liftLayer lifts documents under one of the profiles of a cluster with the
// inventory: what a CNI below a tunnel decides is said of the connections that
// are asked for.
func liftLayer(f profile.Profile, all []profile.Profile, docs []manifest.Document, inv *ir.Inventory) (*ir.Program, diag.List) {
	p, diags := liftUnder(f, docs, inv)
	var facts ir.Facts
	if Beneath(&facts, all); !f.IsMesh() && !facts.Tunnel.IsNone() {
		wire := ir.Wire{Tunnel: facts.Tunnel, Outside: f.CIDRs() == profile.CIDRsOutside}
		via, err := sem.Through(p, wire)
		if err != nil {
			diags.Add(diag.OverBound, diag.Range{}, "The manifests cannot be read: "+err.Error()+".", "Read less at a time.")
		}
		p = p.Beneath(wire)
		p.Via = via
		p.Index()
	}
	return p, diags
}
