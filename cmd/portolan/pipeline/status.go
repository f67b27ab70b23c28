package pipeline

import (
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Status is what became of a rule on a target.
type Status struct {
	Address  string
	Status   string // exact, widened, narrowed, unenforced, unknown, refused or unproved
	Accepted bool   // by an accept block
}

// Statuses gives what became of every rule on the target, sorted by address.
// Rules are exact where the proof found nothing else.
func (r *Rendered) Statuses() []Status {
	all := map[string]Status{}
	for _, d := range r.Program.All() {
		if o := d.Rule.Origin; o.Kind == ir.FromRule {
			all[o.Address] = Status{Address: o.Address, Status: "exact"}
		}
	}
	for address, loss := range r.accepted {
		all[address] = Status{Address: address, Status: loss, Accepted: true}
	}
	for _, d := range r.Diags {
		status := statusOf(d)
		if status == "unproved" { // it is about all that is not refused
			for address, s := range all {
				if s.Status == "exact" {
					all[address] = Status{Address: address, Status: status}
				}
			}
		} else if status != "" && d.Address != "" {
			all[d.Address] = Status{Address: d.Address, Status: status}
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Status) int { return strings.Compare(a.Address, b.Address) })
}

// saidStatus is the status that a diagnostic says a rule has, by its code.
var saidStatus = map[diag.Code]string{
	diag.Widened: "widened", diag.Narrowed: "narrowed", diag.Hangs: "unknown", diag.LeftOut: "unknown",
	diag.Unproved: "unproved", diag.Unverified: "unproved", diag.NotReadBack: "unproved", diag.Disagreeing: "unproved",
}

// statusOf gives the status that a diagnostic says a rule has; "" for those that
// say none.
func statusOf(d diag.Diagnostic) string {
	if status, ok := saidStatus[d.Code]; ok || d.Severity != diag.Error {
		return status
	}
	return "refused"
}
