package lower

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// Bundle is what one stage says of one subject: its part of the object that
// protects the subject.
type Bundle struct {
	Subject         ir.Subject
	Egress, Ingress []ir.Rule     // in level order, then by origin address
	Isolate         ir.Directions // directions that the stage closes for the whole subject
	Closed          ir.Directions // directions in which the subject is closed, by this or another bundle
	Origins         []ir.Origin   // of the rules and of the isolation, egress first
}

// Rules gives the rules of a direction.
func (b *Bundle) Rules(d ir.Direction) []ir.Rule {
	if d == ir.Egress {
		return b.Egress
	}
	return b.Ingress
}

// Bundles groups the rules and isolations of a stage by subject, sorted by
// namespace and subject. egress or ingress may be nil.
//
// Outside tiers an allow never closes anything, so of its subject only the part
// that the stage isolates is kept; where that is not the whole subject it is
// split, exactly. Denies, passes, logs and the rules of tiers keep their
// subject. A part that is exactly a declared workload or namespace becomes that.
func Bundles(p *ir.Program, egress, ingress *ir.Stage) []Bundle {
	g := grouping{program: p, at: map[string]int{}}
	g.add(ir.Egress, egress)
	g.add(ir.Ingress, ingress)
	slices.SortFunc(g.bundles, func(a, b Bundle) int { return strings.Compare(key(a.Subject), key(b.Subject)) })
	for i := range g.bundles {
		b := &g.bundles[i]
		for _, rules := range [][]ir.Rule{b.Egress, b.Ingress} {
			for _, r := range rules {
				b.Origins = append(b.Origins, r.Origin)
			}
		}
	}
	return g.bundles
}

type grouping struct {
	program *ir.Program
	bundles []Bundle
	at      map[string]int
	known   map[string]*ir.Workload // by canonical text of their pods; nil until asked for
}

func (g *grouping) workloads() map[string]*ir.Workload {
	if g.known == nil {
		all := g.program.Inventory.Workloads
		g.known = make(map[string]*ir.Workload, len(all))
		for i := range slices.Backward(all) { // of equal ones the first address
			g.known[all[i].Pods.String()] = &all[i]
		}
	}
	return g.known
}

func key(s ir.Subject) string {
	ns, _ := s.Pods.SingleNamespace()
	name, _ := Name(s)
	return ns + "\x00" + name
}

func (g *grouping) bundle(s ir.Subject) *Bundle {
	k := key(s)
	i, ok := g.at[k]
	if ok && !g.bundles[i].Subject.Pods.Equal(s.Pods) {
		// The cluster's default may close other pods in one direction than in
		// the other, under one address.
		s = ir.Subject{Pods: s.Pods, Address: s.Pods.String(), Kind: ir.SubjectInline}
		k = key(s)
		i, ok = g.at[k]
	}
	if !ok {
		i = len(g.bundles)
		g.at[k] = i
		g.bundles = append(g.bundles, Bundle{Subject: s})
	}
	return &g.bundles[i]
}

func (g *grouping) add(d ir.Direction, s *ir.Stage) {
	if s == nil {
		return
	}
	set := d.Set()
	for _, iso := range s.Isolate {
		b := g.bundle(g.canonical(iso.Subject.Pods, iso.Subject, nil))
		b.Isolate |= set
		b.Closed |= set
		b.Origins = append(b.Origins, iso.Origin)
	}
	for _, level := range s.Levels {
		rules := level.Rules
		byAddress := func(x, y ir.Rule) int { return strings.Compare(x.Origin.Address, y.Origin.Address) }
		if !slices.IsSortedFunc(rules, byAddress) {
			rules = slices.Clone(rules)
			slices.SortStableFunc(rules, byAddress)
		}
		for _, r := range rules {
			closed, open := g.program.Split(r.Subject.Pods, s)
			split := r.Action == ir.Allow && s.Name == ir.StageRules
			parts := []ir.Pods{r.Subject.Pods}
			if split && len(open) > 0 {
				parts = closed
			}
			for _, part := range parts {
				r := r
				r.Subject = g.canonical(part, r.Subject, s.Isolate)
				b := g.bundle(r.Subject)
				if split || len(open) == 0 {
					b.Closed |= set
				}
				if d == ir.Egress {
					b.Egress = append(b.Egress, r)
				} else {
					b.Ingress = append(b.Ingress, r)
				}
			}
		}
	}
}

// canonical gives the subject that a set of pods is best known as.
func (g *grouping) canonical(pods ir.Pods, written ir.Subject, isolated []ir.Isolation) ir.Subject {
	if pods.Equal(written.Pods) && written.Kind != ir.SubjectInline {
		return written
	}
	if _, single := pods.SingleNamespace(); !single {
		for _, iso := range isolated {
			if iso.Subject.Kind == ir.SubjectCluster && iso.Subject.Pods.Equal(pods) {
				return iso.Subject
			}
		}
	}
	if ns, ok := pods.SingleNamespace(); ok {
		if pods.Equal(ir.InNamespace(ns)) {
			if n, ok := g.program.Inventory.Namespace(ns); ok {
				return ir.Subject{Pods: pods, Address: n.Address, Kind: ir.SubjectNamespace}
			}
		}
		if w, ok := g.workloads()[pods.String()]; ok {
			return ir.Subject{Pods: pods, Address: w.Address, Kind: ir.SubjectWorkload}
		}
	}
	if pods.IsAll() {
		return ir.Subject{Pods: pods, Address: "cluster", Kind: ir.SubjectCluster}
	}
	return ir.Subject{Pods: pods, Address: pods.String(), Kind: ir.SubjectInline}
}
