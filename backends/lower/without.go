package lower

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Overlap reports whether some flow may be one that both rules of a direction
// match, by what the program's inventory knows. It never misses one.
func Overlap(p *ir.Program, a, b *ir.Rule) bool {
	f := flattening{domain: domain{inv: &p.Inventory}}
	return f.overlap(boxOf(a), boxOf(b))
}

// Without gives rules that together match what a rule matches and none of the
// others does, for formats in which what the others decide is to be left to a
// later part of the program. What of the others has no exact form as a
// difference is refused, and the rules are then not to be used.
func Without(p *ir.Program, r *ir.Rule, others []*ir.Rule, o FlattenOptions) ([]ir.Rule, []FlattenRefusal) {
	f := flattening{domain: domain{inv: &p.Inventory, portsOnly: o.PortsOnly}, program: p, options: o}
	var out []box
	for _, x := range others {
		out = append(out, boxOf(x))
	}
	parts, ok := f.minusAll([]box{boxOf(r)}, out, diag.LacksOrder)
	if !ok {
		return nil, f.refusals
	}
	return rulesOf(parts), nil
}
