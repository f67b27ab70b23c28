package rollout

import (
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// reach is the endpoints that an object decides about, at either end of the
// way: what governs an endpoint is what selects it, in every engine.
type reach struct {
	everything bool // it says something of other objects, or it is not known of what
	allows     bool
	parts      []part
}

// part is endpoints on one side of one layer.
type part struct {
	layer     int
	direction ir.Direction
	subject   ir.Subject
}

// selecting are the kinds that decide about the endpoints that they select and
// about nothing else. Whatever another kind says may be about other objects.
var selecting = []string{
	"NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy",
	"ClusterNetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "AuthorizationPolicy", "PeerAuthentication",
}

func (o *object) selects() bool { return slices.Contains(selecting, o.key.kind) }

// survey works out what every object reaches, from what it decides beside
// nothing but those that select nothing: among others what objects have in common
// may be there once. Where that says nothing of it, it may reach everything.
func (w *way) survey(objects []object) {
	var others []manifest.Document
	for i := range objects {
		if o := &objects[i]; !o.selects() {
			others = append(others, *o.some())
		}
	}
	for i := range objects {
		o := &objects[i]
		o.reach.everything = !o.selects()
		if o.reach.everything {
			continue
		}
		versions := []*manifest.Document{o.old, o.new}
		if !o.isChanged() {
			versions = versions[1:]
		}
		for _, d := range versions {
			if d != nil {
				w.reached(&o.reach, d, others)
			}
		}
	}
}

func (w *way) reached(r *reach, d *manifest.Document, others []manifest.Document) {
	p, diags := w.Lift(append([]manifest.Document{*d}, others...))
	before := len(r.parts)
	for layer, l := range p {
		pieces(l.Program, func(origin ir.Origin, p part, action ir.Action) {
			if origin.Kind != ir.FromAxiom {
				p.layer = layer
				r.parts = append(append(r.parts, p), p.behind(&l.Program.Inventory)...)
				r.allows = r.allows || action == ir.Allow || action == ir.Pass
			}
		})
	}
	r.everything = r.everything || diags.HasErrors() || len(r.parts) == before
}

// behind gives what is decided about workloads by what is decided about their
// waypoint, at either of its ends: the way through it is a part of theirs.
func (p *part) behind(inv *ir.Inventory) []part {
	var out []part
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		if ns, behind := inv.Behind(w); behind && p.subject.Kind != ir.SubjectNodes && p.subject.Pods.Overlaps(ns.WaypointPods()) {
			out = append(out, part{p.layer, ir.Ingress, ir.Subject{Pods: w.Pods, Address: w.Address, Kind: ir.SubjectWorkload}})
		}
	}
	return out
}

// pieces calls f for everything that a program decides by.
func pieces(p *ir.Program, f func(ir.Origin, part, ir.Action)) {
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, stages := range [][]ir.Stage{p.Stages(d), p.Hosts.Stages(d)} {
			for i := range stages {
				for _, r := range stages[i].Rules() {
					f(r.Origin, part{direction: d, subject: r.Subject}, r.Action)
				}
				for _, iso := range stages[i].Isolate {
					f(iso.Origin, part{direction: d, subject: iso.Subject}, ir.Deny)
				}
			}
		}
	}
	for _, m := range p.MTLS {
		f(m.Origin, part{direction: ir.Ingress, subject: m.Subject}, ir.Deny)
	}
}

// concerns reports that what becomes of a flow can hang on the object.
func (r *reach) concerns(f *sem.Flow) bool {
	return r.everything || slices.ContainsFunc(r.parts, func(p part) bool {
		end := &f.Destination
		if p.direction == ir.Egress {
			end = &f.Source
		}
		if p.subject.Kind == ir.SubjectNodes {
			return end.IsNode()
		}
		return end.In(p.subject.Pods)
	})
}

// overlaps reports that both may decide about one endpoint on one side.
func (p *part) overlaps(q *part) bool {
	if p.layer != q.layer || p.direction != q.direction {
		return false
	}
	nodes := p.subject.Kind == ir.SubjectNodes
	if nodes || q.subject.Kind == ir.SubjectNodes {
		return nodes && q.subject.Kind == ir.SubjectNodes
	}
	return p.subject.Pods.Overlaps(q.subject.Pods)
}

// apart gathers objects of which no two decide about one endpoint on one side.
type apart struct {
	wide  []*part
	named map[string][]*part // by the one namespace
	alone bool               // what it holds goes with nothing
}

// take adds an object, if it is apart from those that are there.
func (a *apart) take(r *reach) bool {
	empty := a.named == nil
	if empty {
		a.named = map[string][]*part{}
	}
	if !empty && (a.alone || r.everything) || slices.ContainsFunc(r.parts, a.meets) {
		return false
	}
	a.alone = r.everything
	for i := range r.parts {
		p := &r.parts[i]
		if ns, single := p.subject.Pods.SingleNamespace(); single {
			a.named[ns] = append(a.named[ns], p)
		} else {
			a.wide = append(a.wide, p)
		}
	}
	return true
}

func (a *apart) meets(p part) bool {
	near := func(q *part) bool { return p.overlaps(q) }
	if slices.ContainsFunc(a.wide, near) {
		return true
	}
	if ns, single := p.subject.Pods.SingleNamespace(); single {
		return slices.ContainsFunc(a.named[ns], near)
	}
	for _, parts := range a.named { // of which any is enough
		if slices.ContainsFunc(parts, near) {
			return true
		}
	}
	return false
}
