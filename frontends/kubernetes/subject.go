package kubernetes

import "github.com/portolan-dev/portolan/ir"

// subjects finds the addresses that the inventory knows sets of pods by.
type subjects map[string]ir.Subject // by the set's canonical text

func newSubjects(inv *ir.Inventory) subjects {
	s := subjects{}
	add := func(p ir.Pods, address string, kind ir.SubjectKind) {
		if _, known := s[p.String()]; !known {
			s[p.String()] = ir.Subject{Pods: p, Address: address, Kind: kind}
		}
	}
	add(ir.AllPods(), "cluster", ir.SubjectCluster)
	for _, ns := range inv.Namespaces {
		add(ir.InNamespace(ns.Name), ns.Address, ir.SubjectNamespace)
	}
	for _, w := range inv.Workloads {
		add(w.Pods, w.Address, ir.SubjectWorkload)
	}
	return s
}

// of gives the subject that a set of pods is best known as.
func (s subjects) of(p ir.Pods) ir.Subject {
	text := p.String()
	if known, ok := s[text]; ok {
		return known
	}
	return ir.Subject{Pods: p, Address: text, Kind: ir.SubjectInline}
}
