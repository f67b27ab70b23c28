package sem

import (
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Explain is Decide for a flow of which people did not say all: where an end
// has no address, or the flow no source port, it is tried under one of every
// class that the policy tells apart and that there can be. Where the verdicts
// differ, the outcome is unknown and hangs on what was not said. The error is an
// *Unproved, of patterns that are over a bound.
func Explain(p Policy, f Flow, inv *ir.Inventory) (v Verdict, err error) {
	defer func() {
		recoverBounds(&err)
		if err != nil {
			err = &Unproved{err}
		}
	}()
	u := newUniverse(inv)
	for _, l := range p {
		u.gather(l.Program)
	}
	ports := set.CutPorts(u.sources...)
	if f.SourcePort != 0 || ports.Len() == 1 {
		return u.explain(p, f), nil
	}
	var first *Verdict
	for i := range ports.Len() {
		g := f
		g.SourcePort = ports.Part(i).Last
		v := u.explain(p, g)
		switch {
		case v.Outcome == Unknown:
			return v, nil
		case first == nil:
			first = &v
		case v.Outcome != first.Outcome:
			return Verdict{Outcome: Unknown, Trail: first.Trail, Hangs: []ir.Condition{{Atom: "the source port", Fact: "address"}}}, nil
		}
	}
	return *first, nil
}

// explain is Explain for a flow with a source port, or where none matters.
func (u *universe) explain(p Policy, f Flow) Verdict {
	inv := u.inventory
	if !u.located() {
		return Decide(p, f)
	}
	facts := inv.Facts
	cut := set.CutAddresses(append(slices.Clip(u.addresses), facts.PodCIDRs, facts.NodeCIDRs, facts.ServiceCIDRs, facts.APIServer, facts.DNS.NodeLocal, ir.Private())...)
	var first *Verdict
	var at [2]netip.Addr // of the first
	var hangs []ir.Condition
	sources, destinations := f.Source.placed(cut, inv), f.Destination.placed(cut, inv)
	for _, source := range sources {
		for _, destination := range destinations {
			if !f.between(source, destination) {
				continue
			}
			g := f
			g.Source.Address, g.Destination.Address = source, destination
			v := Decide(p, g)
			if first == nil {
				first, at = &v, [2]netip.Addr{source, destination}
			}
			for _, h := range v.Hangs {
				hangs = appendNew(hangs, h)
			}
			if v.Outcome != first.Outcome {
				hangs = appendNew(hangs, onAddress(source != at[0]))
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

// between reports that the flow may go between two addresses: of one family, and
// ICMP in its own.
func (f *Flow) between(source, destination netip.Addr) bool {
	for _, a := range []netip.Addr{source, destination} {
		if a.IsValid() && (f.Protocol == ICMP && !a.Is4() || f.Protocol == ICMPv6 && a.Is4()) {
			return false
		}
	}
	return !source.IsValid() || !destination.IsValid() || source.Is4() == destination.Is4()
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
		in = f.PodsAt()
	case OwnNode, OtherNode:
		in = f.NodeCIDRs
	case External:
		in = f.PodCIDRs.Union(f.NodeCIDRs).Union(f.ServiceCIDRs).Complement()
	case Remote:
		in = ir.Private().Subtract(f.PodCIDRs.Union(f.NodeCIDRs).Union(f.ServiceCIDRs))
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

// Assumed gives the facts that nobody stated and for which something is taken to
// hold where the policies look at addresses: without pod_cidrs pods have private
// addresses, without node_cidrs nodes do.
func Assumed(inv *ir.Inventory, policies ...Policy) (facts []string) {
	var err error
	defer recoverBounds(&err) // what is over a bound is said elsewhere
	u := newUniverse(inv)
	for _, p := range policies {
		for _, l := range p {
			u.gather(l.Program)
		}
	}
	if !u.located() {
		return nil
	}
	if inv.Facts.PodCIDRs.IsEmpty() {
		facts = append(facts, "pod_cidrs")
	}
	if inv.Facts.NodeCIDRs.IsEmpty() {
		facts = append(facts, "node_cidrs")
	}
	return facts
}
