// Package boundary looks for the flows on which a wrong reading would show: those
// at, just inside and just outside of every bound that documents state.
//
// It reads the documents as trees of values and knows of each format only how it
// writes ports, addresses, names and the like. Portolan's frontends have no part
// in it, so that what these pass over is looked at all the same.
package boundary

import (
	"net/netip"
	"slices"
)

// Addresses gives the first and the last address of every block and their
// neighbours outside of it, sorted, each once. Addresses that no packet has as
// an end, unspecified, multicast and broadcast ones, are left out.
func Addresses(blocks []netip.Prefix) []netip.Addr {
	var out []netip.Addr
	for _, b := range blocks {
		first, last := b.Masked().Addr(), last(b)
		out = append(out, first.Prev(), first, last, last.Next())
		if inner := first.Next(); b.Contains(inner) {
			out = append(out, inner)
		}
	}
	out = slices.DeleteFunc(out, func(a netip.Addr) bool { return !plain(a) })
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// plain reports whether an address is one that a host can have.
func plain(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsMulticast() &&
		a != netip.AddrFrom4([4]byte{255, 255, 255, 255}) && !netip.MustParsePrefix("0.0.0.0/8").Contains(a) && !netip.MustParsePrefix("240.0.0.0/4").Contains(a)
}

// last gives the last address of a block.
func last(b netip.Prefix) netip.Addr {
	bytes := b.Masked().Addr().AsSlice()
	for i := range bytes {
		if host := 8*(i+1) - b.Bits(); host > 0 {
			bytes[i] |= byte(1<<min(host, 8) - 1)
		}
	}
	out, _ := netip.AddrFromSlice(bytes)
	return out
}
