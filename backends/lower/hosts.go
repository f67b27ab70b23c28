package lower

import "github.com/portolan-dev/portolan/ir"

// AcceptHosts is what else there is to do about rules for nodes on a target that
// does not police them.
const AcceptHosts = "Or accept it as `widened`, which leaves the nodes as open as they are."

// HostsAsPods gives the programs of nodes as if they were of pods with the labels
// of nodes. A set of either is a set of labels, so that what is computed of
// subjects of pods holds for nodes; AsNodes gives them back.
func HostsAsPods(p *ir.Program) *ir.Program {
	hosts := p.Hosts
	q := (&ir.Program{Egress: hosts.Egress, Ingress: hosts.Ingress, Inventory: p.Inventory}).Clone()
	q.Inventory.Workloads = nil // none is nodes
	for _, s := range subjects(q) {
		s.subject.Pods = ir.AllPods()
		s.subject.Pods.Labels = s.subject.Nodes
	}
	q.Index()
	return q
}

// AsNodes makes the subjects of a bundle of HostsAsPods nodes again. The pods
// stay beside them.
func (b *Bundle) AsNodes() {
	b.Subject = asNodes(b.Subject)
	for _, rules := range [][]ir.Rule{b.Egress, b.Ingress} {
		for i := range rules {
			rules[i].Subject = asNodes(rules[i].Subject)
		}
	}
}

func asNodes(s ir.Subject) ir.Subject {
	if s.Kind == ir.SubjectNodes {
		return s
	}
	nodes := ir.Nodes{Own: true, Other: true, Labels: s.Pods.Labels}
	return ir.Subject{Kind: ir.SubjectNodes, Nodes: nodes.Labels, Pods: s.Pods, Address: nodes.String()}
}
