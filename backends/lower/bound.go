package lower

import (
	"fmt"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// What a program may ask of a backend: peers of one rule, and peers of all
// rules together. A rule from thousands of workloads to thousands stands once
// for each and has all of the others as its peers.
const (
	MaxPeers = 1_000
	MaxTotal = 1_000_000
)

// Bounded refuses a program that would take more objects' entries than the
// bounds, before a backend makes them. It gives nothing where all is within.
func (t Target) Bounded(p *ir.Program) diag.List {
	var diags diag.List
	told := map[string]bool{}
	total := 0
	var largest *ir.Rule
	for _, d := range p.All() {
		n := len(d.Rule.Peers.List())
		total += n
		if largest == nil || n > len(largest.Peers.List()) {
			largest = d.Rule
		}
		if n > MaxPeers && !told[d.Rule.Origin.Address] {
			told[d.Rule.Origin.Address] = true
			t.Refuse(&diags, diag.OverBound, d.Rule.Origin, fmt.Sprintf("it has %d peers at one end, and the bound is %d", n, MaxPeers),
				"Name peers by a common label, or by their namespace, instead of one by one.")
		}
	}
	if diags == nil && total > MaxTotal {
		t.Refuse(&diags, diag.OverBound, largest.Origin, fmt.Sprintf("with the other rules it makes %d entries for peers, and the bound is %d", total, MaxTotal),
			"Name peers by a common label, or by their namespace, instead of one by one.")
	}
	return diags
}
