package lower

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Settle gives a program that manifests were lifted to in the shape in which an
// intent's comes, and with the same meaning: what always holds first, the rules
// outside tiers in the stage of that name, address ranges as the target has
// them, and subjects called what the manifests call them. It refuses the rules
// for which that is not possible. The program is not changed.
//
//	Calico's tier default                          the stage StageRules
//	the pods that NetworkPolicy shop/web selects   a subject shop/web
func (t Target) Settle(p *ir.Program) (*ir.Program, diag.List) {
	s := settling{target: t, program: p.Clone(), said: Report{Target: t}}
	s.secondWay()
	q := s.program
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		stages := s.infrastructure(outsideTiers(q.Stages(d)))
		stages = s.ownNodeFirst(foldNames(q, s.ranges(stages)))
		stages = s.requests(compact(foldLogs(stages)))
		if s.target.Profile.Engine == profile.Calico {
			stages = calicoTiers(stages)
		}
		if d == ir.Egress {
			q.Egress = stages
		} else {
			q.Ingress = stages
		}
	}
	nameSubjects(q)
	s.declare()
	q.Index()
	if s.target.Profile.Engine == profile.Calico && !inCalicoTiers(q) {
		s.oneTier()
		s.program.Index()
	}
	return s.program, s.said.Diags
}

type settling struct {
	target  Target
	program *ir.Program
	said    Report
}

// eachLevel gives the stages with other rules in each level, and without the
// levels and stages that this empties.
func eachLevel(stages []ir.Stage, of func([]ir.Rule) []ir.Rule) []ir.Stage {
	for i := range stages {
		s := &stages[i]
		for l := range s.Levels {
			s.Levels[l].Rules = of(s.Levels[l].Rules)
		}
		s.Levels = slices.DeleteFunc(s.Levels, func(l ir.Level) bool { return len(l.Rules) == 0 })
	}
	return slices.DeleteFunc(stages, func(s ir.Stage) bool { return len(s.Levels)+len(s.Isolate) == 0 })
}

// ownNodeFirst puts what always holds before the rest. Cilium has denies decide
// about a pod's own node first, and no other engine does.
func (s *settling) ownNodeFirst(stages []ir.Stage) []ir.Stage {
	if len(stages) == 0 || stages[0].Name == ir.StageAxioms {
		return stages
	}
	var axioms []ir.Rule
	denied := false
	for _, stage := range stages {
		for _, r := range stage.Rules() {
			switch {
			case r.Origin.Kind == ir.FromAxiom:
				axioms = append(axioms, r)
			case r.Action == ir.Deny && hasOwnNode(r.Peers):
				denied = true
			}
		}
	}
	if axioms == nil || denied && s.target.Profile.Engine == profile.Cilium {
		return stages
	}
	return append([]ir.Stage{{Name: ir.StageAxioms, Levels: []ir.Level{{Rules: axioms}}}},
		eachLevel(stages, func(rules []ir.Rule) []ir.Rule {
			return slices.DeleteFunc(rules, func(r ir.Rule) bool {
				if r.Action == ir.Deny && hasOwnNode(r.Peers) {
					s.said.Refuse(diag.CannotSay, r.Origin, "it denies what the pods' own node sends, which only Cilium polices",
						"Deny pods, other nodes (`remote-node`) and addresses, and not the pods' own node.")
				}
				return r.Origin.Kind == ir.FromAxiom
			})
		})...)
}

func hasOwnNode(p ir.Peers) bool {
	return slices.ContainsFunc(p.List(), func(x ir.Peer) bool {
		if n, ok := x.(ir.Nodes); ok {
			return n.Own
		}
		return x == ir.Peer(ir.AnyPeer{})
	})
}

// infrastructure has all of Cilium's own endpoints be one peer. What other
// engines have is none of them.
func (s *settling) infrastructure(stages []ir.Stage) []ir.Stage {
	return eachLevel(stages, func(rules []ir.Rule) []ir.Rule {
		var out []ir.Rule
		for _, r := range rules {
			var list []ir.Peer
			found := 0
			for _, p := range r.Peers.List() {
				if i, ok := p.(ir.Infrastructure); ok && slices.Contains(ir.InfrastructureNames, i.Name) {
					found++
				} else {
					list = append(list, p)
				}
			}
			switch {
			case found == len(ir.InfrastructureNames):
				list = append(list, ir.Infrastructure{})
			case found > 0 && s.target.Profile.Engine == profile.Cilium:
				list = r.Peers.List()
			}
			if peers, some := ir.PeersOf(list...); some {
				r.Peers = peers
				out = append(out, r)
			}
		}
		return out
	})
}

// declare has the inventory say what a backend may go by. The namespaces that
// policies stand in are added to the declared ones, for there the target's
// policies may stand too. Their labels are not known: they are added only where
// no rule asks for labels of namespaces that it names. Of workloads that were
// observed, other pods with their labels may run as another account and have
// other ports.
func (s *settling) declare() {
	q := s.program
	var names []string
	asked := map[string]bool{}
	look := func(p ir.Pods, subject bool) {
		list, named := p.Names()
		if named && len(p.Namespace.Requirements()) > 1 {
			for _, name := range list {
				asked[name] = true
			}
		} else if named && subject {
			names = append(names, list...)
		}
	}
	for _, d := range q.All() {
		look(d.Rule.Subject.Pods, true)
		for _, p := range d.Rule.Peers.Pods() {
			look(p, false)
		}
	}
	for _, iso := range append(q.Isolated(ir.Egress), q.Isolated(ir.Ingress)...) {
		look(iso.Subject.Pods, true)
	}
	for _, m := range q.MTLS {
		look(m.Subject.Pods, true)
	}
	slices.Sort(names)
	inv := q.Inventory
	inv.Namespaces = slices.Clone(inv.Namespaces)
	for _, name := range slices.Compact(names) {
		if _, declared := q.Inventory.Namespace(name); !declared && !asked[name] {
			inv.Namespaces = append(inv.Namespaces, ir.Namespace{Address: name, Name: name, Managed: true, Mesh: true, Labels: map[string]string{ir.NamespaceName: name}})
		}
	}
	slices.SortStableFunc(inv.Namespaces, func(a, b ir.Namespace) int { return strings.Compare(a.Address, b.Address) })
	if inv.Facts.DNS.Port == 0 {
		at := s.target.Profile.DNS()
		dns := ir.InNamespace(at.Namespace)
		dns.Labels = ir.MatchLabels(map[string]string{at.Key: at.Label})
		inv.Facts.DNS = ir.DNS{Pods: dns, Port: at.Port}
	}
	if inv.Facts.MeshRoot == "" && s.target.Profile.IsMesh() {
		inv.Facts.MeshRoot = meshRoot
	}
	inv.Workloads = slices.Clone(inv.Workloads)
	for i := range inv.Workloads {
		if w := &inv.Workloads[i]; w.Observed {
			w.Account, w.Ports = "", nil
		}
	}
	q.Inventory = inv
}

// meshRoot is the root namespace of meshes that state none (istio/istio,
// pkg/config/mesh/mesh.go), which manifests are read by too.
const meshRoot = "istio-system"
