package lower

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// secondWay refuses a way through a proxy that decides for pods: which of its
// policies and of those of the pods are halves of one rule, nothing tells.
func (s *settling) secondWay() {
	via := s.program.Via
	if via == nil {
		return
	}
	refuse := func(o ir.Origin) {
		s.said.Refuse(diag.CannotSay, o, "it is about a way through a waypoint, which is read and not rendered", "Keep the manifest, or write the rule as an intent.")
	}
	for _, p := range via.Destinations {
		refuse(ir.Origin{Kind: ir.FromDefault, Address: p.String()})
	}
	for _, stages := range [][]ir.Stage{via.Egress, via.Ingress} {
		for i := range stages {
			for _, r := range stages[i].Rules() {
				refuse(r.Origin)
			}
		}
	}
}
