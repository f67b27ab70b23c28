package lower

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// WithoutMesh gives what a mesh decides as a CNI would decide it: peers that
// show the certificate of an account are pods that run as it, and what the mesh
// does not see, which is all but TCP and the uncaptured ports, passes. It
// refuses what hangs on a certificate otherwise, and pods outside the mesh. The
// program is not changed.
func (t Target) WithoutMesh(p *ir.Program, uncaptured set.Ports) (*ir.Program, diag.List) {
	said := Report{Target: t}
	q := p.Clone()
	for _, d := range q.All() {
		switch {
		case d.Rule.Origin.Kind == ir.FromAxiom:
		case d.Rule.Auth == ir.Plaintext:
			said.Refuse(diag.LacksMTLS, d.Rule.Origin, "it is about peers that show no certificate, which a CNI cannot tell", "Render for a mesh too, such as --to "+string(t.Profile.Engine)+"+istio.")
		case outsideMesh(&p.Inventory, d.Rule.Subject.Pods):
			said.Refuse(diag.CannotSay, d.Rule.Origin, "some of its pods are outside the mesh, where it has no effect", "Select pods in the mesh only.")
		}
		d.Rule.Auth = ir.AnyAuth
	}
	for i := range q.Ingress {
		closeWithout(&q.Ingress[i], uncaptured, t.Profile.Engine)
	}
	q.Index()
	return q, said.Diags
}

// outsideMesh reports that some of the pods are declared to be outside the mesh.
func outsideMesh(inv *ir.Inventory, pods ir.Pods) bool {
	parts, _ := inv.Declared(pods)
	return slices.ContainsFunc(parts, func(part ir.NamespacePods) bool { return !InMesh(inv, part.Pods) })
}

// closeWithout has what a stage closes be closed for what a mesh sees only: by
// allowing the rest, or for Cilium, which has no words for all of it, by a deny.
func closeWithout(s *ir.Stage, uncaptured set.Ports, e profile.Engine) {
	anyone, _ := ir.PeersOf(ir.AnyPeer{})
	var rules []ir.Rule
	for _, iso := range s.Isolate {
		r := ir.Rule{Subject: iso.Subject, Peers: anyone, Traffic: unseen(uncaptured, e), Action: ir.Allow, Origin: iso.Origin}
		if e == profile.Cilium {
			r.Traffic, r.Action = ir.PortTraffic(ir.TCP, uncaptured.Complement()), ir.Deny
		}
		r.Origin.Kind = ir.FromRule
		rules = append(rules, r)
	}
	if rules == nil {
		return
	}
	s.Levels = append(s.Levels, ir.Level{Rules: rules})
	if e == profile.Cilium {
		s.Isolate = nil
	}
}

// unseen is what a mesh does not see, as far as an engine governs it.
func unseen(uncaptured set.Ports, e profile.Engine) ir.Traffic {
	all := set.AllPorts()
	t := ir.PortTraffic(ir.UDP, all).Or(ir.PortTraffic(ir.SCTP, all)).Or(ir.PortTraffic(ir.TCP, uncaptured))
	if e == profile.Kubernetes {
		return t
	}
	return t.Or(ir.ICMPTraffic(ir.AnyICMP(), ir.AnyICMP())).Or(ir.NumberedTraffic(ir.AllNumbers()))
}

// Identities refuses what a mesh cannot know of a CNI's rules: peers that are all
// pods of a namespace, or that run as an account there, where nobody says
// whether that is in the mesh and they show who they are.
func (t Target) Identities(p *ir.Program) diag.List {
	said := Report{Target: t}
	for _, d := range p.All() {
		if d.Rule.Auth != ir.AnyAuth || d.Direction == ir.Egress {
			continue
		}
		for _, pods := range d.Rule.Peers.Pods() {
			names, _ := pods.Names()
			for _, name := range names {
				if _, declared := p.Inventory.Namespace(name); !declared && pods.Labels.IsEverything() {
					said.Refuse(diag.NeedsFact, d.Rule.Origin, "whether the pods of namespace \""+name+"\" are in the mesh, and so show who they are, is not stated",
						"Add the Namespace to the manifests, or to the intent that --facts names.")
				}
			}
		}
	}
	return said.Diags
}
