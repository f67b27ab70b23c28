package sem

import (
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Explain is Decide for a flow of which people did not say all: where an end
// has no address, it is tried under one of every class of addresses that the
// policy tells apart and the end can have. Where the verdicts differ, the
// outcome is unknown and hangs on the address.
func Explain(p Policy, f Flow, inv *ir.Inventory) Verdict {
	u := newUniverse(inv)
	for _, l := range p {
		u.gather(l.Program)
	}
	if !u.located() {
		return Decide(p, f)
	}
	u.addresses = append(u.addresses, inv.Facts.PodCIDRs, inv.Facts.NodeCIDRs, inv.Facts.ServiceCIDRs, inv.Facts.DNS.NodeLocal, ir.Private())
	cut := set.CutAddresses(u.addresses...)
	var first *Verdict
	var hangs []ir.Condition
	for _, source := range f.Source.placed(cut, inv) {
		for _, destination := range f.Destination.placed(cut, inv) {
			if source.IsValid() && destination.IsValid() && source.Is4() != destination.Is4() {
				continue
			}
			g := f
			g.Source.Address, g.Destination.Address = source, destination
			v := Decide(p, g)
			if first == nil {
				first, f.Source.Address, f.Destination.Address = &v, source, destination
			}
			for _, h := range v.Hangs {
				hangs = appendNew(hangs, h)
			}
			if v.Outcome != first.Outcome {
				hangs = appendNew(hangs, onAddress(source != f.Source.Address))
			}
		}
	}
	if first == nil { // addresses of two families
		return Verdict{Outcome: Denied}
	}
	if len(hangs) > 0 {
		return Verdict{Outcome: Unknown, Trail: first.Trail, Hangs: hangs}
	}
	return *first
}

func appendNew(list []ir.Condition, c ir.Condition) []ir.Condition {
	if slices.Contains(list, c) {
		return list
	}
	return append(list, c)
}

// onAddress is the condition of a verdict that hangs on the address of an end.
func onAddress(ofSource bool) ir.Condition {
	if ofSource {
		return ir.Condition{Atom: "the address of the source", Fact: "address"}
	}
	return ir.Condition{Atom: "the address of the destination", Fact: "address"}
}

// placed gives the endpoint's address, or one of every class that it can have.
func (e *Endpoint) placed(cut set.AddressCut, inv *ir.Inventory) []netip.Addr {
	if e.Address.IsValid() || e.Kind == Infrastructure {
		return []netip.Addr{e.Address}
	}
	f := inv.Facts
	var in set.Addresses
	switch e.Kind {
	case Pod:
		in = f.PodCIDRs
	case OwnNode, OtherNode:
		in = f.NodeCIDRs
	case External:
		in = f.PodCIDRs.Union(f.NodeCIDRs).Union(f.ServiceCIDRs).Complement()
	case Infrastructure:
	}
	if in.IsEmpty() {
		in = ir.Private()
	}
	var out []netip.Addr
	for _, r := range cut.Ranges(in) {
		for i := r.First; i <= r.Last; i++ {
			if a := plainAddress(cut.Part(i)); a.IsValid() && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}
