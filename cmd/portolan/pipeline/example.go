package pipeline

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// maxExamples bounds the refusals of a target that get an example, each of
// which takes a comparison of the whole program.
const maxExamples = 5

// exemplify adds to refusals what accepting them would do, with one flow: what
// the target would let through if the part that it lacks were taken out of the
// rule, or stop if the rule were.
func (r *Rendered) exemplify(refused diag.List) {
	shown := map[string]bool{}
	for i := range refused {
		d := &refused[i]
		words := lacking(d.Code)
		if d.Severity != diag.Error || words == nil || d.Address == "" || shown[d.Address] || len(shown) == maxExamples {
			continue
		}
		if text, ok := r.example(words, d.Address); ok {
			shown[d.Address] = true
			d.Detail += "\n" + text
		}
	}
}

// lacking gives the words of lacks that a refusal is accepted by. HTTP and gRPC
// are one part of a rule.
func lacking(code diag.Code) []string {
	for _, l := range diag.Lacks {
		switch {
		case l.Code != code:
		case l.Word == "http" || l.Word == "grpc":
			return []string{"http", "grpc"}
		default:
			return []string{l.Word}
		}
	}
	return nil
}

func (r *Rendered) example(words []string, address string) (string, bool) {
	how, side := "If that is accepted, this passes, for example: %s.", (*sem.Comparison).More
	q, ok := ir.Accept(r.Program, "widened", words, address)
	if !ok {
		how, side = "If the rule is accepted as taken out, this does not pass, for example: %s.", (*sem.Comparison).Less
		if q, ok = ir.Accept(r.Program, "narrowed", words, address); !ok {
			return "", false
		}
	}
	q.Index()
	o := r.scope()
	accepted := sem.Policy{{Program: q, Scope: o.Scope}}
	if slices.Contains(words, "identity") && o.Scope == sem.Everything {
		mesh := q.Clone()
		mesh.Egress = nil // a mesh decides at the destination
		mesh.Index()
		accepted = sem.Policy{{Program: wire(r.Program), Scope: sem.CNI}, {Program: mesh, Scope: o.Scope}}
	}
	c, err := sem.Compare(sem.Policy{{Program: r.Program, Scope: o.Scope}}, accepted, o)
	if err != nil {
		return "", false // the refusal stands without
	}
	if slices.Contains(words, "http") {
		c.ShowRequests()
	}
	list, err := side(c, 1)
	if err != nil || len(list) == 0 {
		return "", false
	}
	return fmt.Sprintf(how, list[0].Flow.Text(o.Inventory)), true
}

// wire is what the CNI of a stack still holds peers to where the mesh does not:
// no requests, and beneath ambient no ports of TCP between pods of the mesh.
func wire(p *ir.Program) *ir.Program {
	q := transports(p)
	if p.Inventory.Facts.Tunnel.IsNone() {
		return q
	}
	for _, d := range q.All() {
		meshed := lower.InMesh(&p.Inventory, d.Rule.Subject.Pods) && !slices.ContainsFunc(d.Rule.Peers.List(), func(peer ir.Peer) bool {
			pods, is := peer.(ir.Pods)
			return !is || !lower.InMesh(&p.Inventory, pods)
		})
		if _, tcp := d.Rule.Traffic.Only(ir.TCP); d.Rule.Action == ir.Allow && meshed && tcp {
			d.Rule.Traffic = d.Rule.Traffic.Or(ir.PortTraffic(ir.TCP, set.AllPorts()))
		}
	}
	q.Index()
	return q
}
