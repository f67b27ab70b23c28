package istio

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// selector is the labels that pods must have, all of them. None select every
// pod; nil are none that were written.
type selector struct {
	labels map[string]string
	at     diag.Range
}

// subject gives the pods that an object of a namespace governs: those of the
// namespace, or in the mesh's root namespace those of every namespace
// (istio/istio, pilot/pkg/model/policyattachment.go).
func (l *lifting) subject(namespace string, s *selector) ir.Subject {
	pods := ir.AllPods()
	if namespace != l.root {
		pods = ir.InNamespace(namespace)
	}
	if s != nil {
		pods.Labels = ir.MatchLabels(s.labels)
	}
	switch {
	case pods.IsAll():
		return ir.Subject{Pods: pods, Address: "cluster", Kind: ir.SubjectCluster}
	case pods.IsNamespace():
		address := namespace
		if ns, declared := l.inventory.Namespace(namespace); declared {
			address = ns.Address
		}
		return ir.Subject{Pods: pods, Address: address, Kind: ir.SubjectNamespace}
	}
	if w := l.byPods[pods.String()]; w != nil {
		return ir.Subject{Pods: pods, Address: w.Address, Kind: ir.SubjectWorkload}
	}
	return ir.Subject{Pods: pods, Address: pods.String(), Kind: ir.SubjectInline}
}
