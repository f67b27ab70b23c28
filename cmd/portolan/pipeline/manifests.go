package pipeline

import (
	"fmt"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// RenderManifests renders what manifests mean under the profiles, a CNI's
// before a mesh's, for every target, in a cluster with the inventory. Each
// target is proved as one of an intent is, against the program that the
// manifests were lifted to. What it returns beside them is about the manifests:
// with an error there, nothing is rendered.
func RenderManifests(s *Source, profiles []profile.Profile, targets []Target, inv *ir.Inventory, opts Options) ([]Rendered, diag.List) {
	from, diags := liftAll(s, profiles, inv)
	if diags.HasErrors() {
		return nil, diags
	}
	out := make([]Rendered, len(targets))
	inParallel(len(targets), func(i int) {
		r := &out[i]
		*r = Rendered{Target: targets[i], strict: opts.Strict}
		r.Diags = r.assign(from)
		if r.Diags.HasErrors() {
			r.finish(opts)
			return
		}
		parts, diags := r.lower()
		r.Parts, r.Diags = parts, append(r.Diags, diags...)
		r.finish(opts)
	})
	return out, diags
}

// lifted is what manifests mean: to a CNI, to a mesh, or to both.
type lifted struct {
	policy    sem.Policy
	cni, mesh *ir.Program // nil where there is no such profile
}

// liftAll lifts the manifests under each profile.
func liftAll(s *Source, profiles []profile.Profile, inv *ir.Inventory) (out lifted, diags diag.List) {
	out.policy, diags = s.Policy(profiles, inv)
	for i, f := range profiles {
		if f.IsMesh() {
			out.mesh = out.policy[i].Program
		} else {
			out.cni = out.policy[i].Program
		}
	}
	return out, diags
}

// assign gives each part of the target its program. Where the manifests are a
// CNI's and a mesh's, each part has what its counterpart decides; a mesh beside
// manifests of a CNI alone shares their program as it would an intent's.
func (r *Rendered) assign(from lifted) diag.List {
	var diags diag.List
	cni, hasMesh := r.Target.Parts[0], r.Target.hasMesh()
	settle := func(p *ir.Program, t lower.Target) *ir.Program {
		q, more := t.Settle(p)
		diags = append(diags, more...)
		return q
	}
	switch {
	case from.mesh == nil:
		r.Program = settle(from.cni, cni)
		r.lifted = from.policy
		if hasMesh {
			diags = append(diags, r.Target.Parts[len(r.Target.Parts)-1].Identities(from.cni)...)
		}
	case hasMesh:
		r.lifted, r.layers = from.policy, map[bool]*ir.Program{}
		for i := range r.Target.Parts {
			t := &r.Target.Parts[i]
			t.Role = lower.Alone // each has a program of its own, and shares none
			p := map[bool]*ir.Program{true: from.mesh, false: from.cni}[t.Profile.IsMesh()]
			if p == nil {
				p = &ir.Program{Inventory: from.mesh.Inventory}
				p.Index()
			}
			r.layers[t.Profile.IsMesh()] = settle(p, *t)
		}
		r.Program = r.layers[true]
		if from.cni != nil && len(r.Target.Parts) == 1 {
			diags = append(diags, r.unplaced(from.cni, "a CNI", "a mesh decides at the destination only")...)
		}
	case from.cni != nil:
		diags = append(diags, r.unplaced(from.mesh, "a mesh", "a CNI has a policy of its own here already")...)
		r.Program = from.mesh
	default:
		p, more := cni.WithoutMesh(from.mesh, uncaptured())
		diags = append(diags, more...)
		diags.Add(diag.OutOfScope, diag.Range{}, fmt.Sprintf("Target %q knows pods by where they run, not by certificate.", r.Target.Name),
			"What the mesh asks of certificates is taken for which pods send, in the mesh or not, and what it decides about pods for pods in the mesh or not.").Target = r.Target.Name
		r.lifted = sem.Policy{{Program: p, Scope: sem.CNI}}
		r.Program = settle(p, cni)
	}
	return diags
}

// unplaced refuses what a program decides that no part of the target can.
func (r *Rendered) unplaced(p *ir.Program, whose, why string) diag.List {
	said := lower.Report{Target: r.Target.Parts[0]}
	for _, o := range origins(p) {
		said.Refuse(diag.CannotSay, o, "it is for "+whose+", and "+why, "Render for a CNI and a mesh, such as --to cilium+istio.")
	}
	return said.Diags
}

// origins gives where all that a program decides comes from.
func origins(p *ir.Program) []ir.Origin {
	var out []ir.Origin
	for _, d := range p.All() {
		if d.Rule.Origin.Kind != ir.FromAxiom {
			out = append(out, d.Rule.Origin)
		}
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, iso := range p.Isolated(d) {
			out = append(out, iso.Origin)
		}
	}
	for _, m := range p.MTLS {
		out = append(out, m.Origin)
	}
	return out
}
