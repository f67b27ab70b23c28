package set

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// Addresses is a set of IP addresses of both families. The zero Addresses is
// empty. An IPv4-mapped IPv6 address (::ffff:10.0.0.1) is the IPv4 address
// wherever one is taken, and no address with a zone is in any set.
type Addresses struct{ v4, v6 line[address] }

// AddressesOf is the union of the prefixes, in any order and with host bits
// masked; none make the empty set. It panics on an invalid prefix, which
// ParsePrefix never gives.
func AddressesOf(prefixes ...netip.Prefix) Addresses {
	var v4, v6 []span[address]
	for _, p := range prefixes {
		if !p.IsValid() {
			panic("set: invalid prefix")
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		p = p.Masked()
		first := addressOf(p.Addr())
		s := span[address]{first, first.plus(128 - p.Bits())}
		if p.Addr().Is4() {
			v4 = append(v4, s)
			continue
		}
		if s.end == mapped.first {
			s.end = mapped.end()
		}
		v6 = append(v6, s)
	}
	return Addresses{lineOf(v4), lineOf(v6)}
}

// AllAddresses is every address of both families.
func AllAddresses() Addresses { return Addresses{line[address]{{}}, line[address]{{}}} }

// AllIPv4 is every IPv4 address, 0.0.0.0/0.
func AllIPv4() Addresses { return Addresses{v4: line[address]{{}}} }

// AllIPv6 is every IPv6 address, ::/0.
func AllIPv6() Addresses { return Addresses{v6: line[address]{{}}} }

// Union is the addresses in either set.
func (a Addresses) Union(b Addresses) Addresses { return a.combine(b, either) }

// Intersect is the addresses in both sets.
func (a Addresses) Intersect(b Addresses) Addresses { return a.combine(b, both) }

// Subtract is the addresses of a that are not in b.
func (a Addresses) Subtract(b Addresses) Addresses { return a.combine(b, firstOnly) }

func (a Addresses) combine(b Addresses, keep func(inA, inB bool) bool) Addresses {
	return Addresses{a.v4.combine(b.v4, keep), a.v6.combine(b.v6, keep)}
}

// Complement is every address of both families that is not in the set: that
// of an IPv4 set has all of IPv6.
func (a Addresses) Complement() Addresses {
	return Addresses{a.v4.complement(address{}), a.v6.complement(address{})}
}

// Contains reports whether the set has the address; none with a zone, and not
// the zero Addr.
func (a Addresses) Contains(addr netip.Addr) bool {
	addr = addr.Unmap()
	switch {
	case !addr.IsValid() || addr.Zone() != "":
		return false
	case addr.Is4():
		return a.v4.holds(addressOf(addr))
	}
	return a.v6.holds(addressOf(addr))
}

// ContainsAll reports whether every address of b is in a, as for an empty b.
func (a Addresses) ContainsAll(b Addresses) bool {
	return !b.v4.some(a.v4, firstOnly) && !b.v6.some(a.v6, firstOnly)
}

// Overlaps reports whether the sets have an address in common.
func (a Addresses) Overlaps(b Addresses) bool {
	return a.v4.some(b.v4, both) || a.v6.some(b.v6, both)
}

// IsEmpty reports that the set has no address.
func (a Addresses) IsEmpty() bool { return len(a.v4) == 0 && len(a.v6) == 0 }

// IsAll reports that the set has every address of both families.
func (a Addresses) IsAll() bool { return a.v4.isAll(address{}) && a.v6.isAll(address{}) }

// IPv4 is the IPv4 addresses of the set.
func (a Addresses) IPv4() Addresses { return Addresses{v4: a.v4} }

// IPv6 is the IPv6 addresses of the set.
func (a Addresses) IPv6() Addresses { return Addresses{v6: a.v6} }

// Least is the first address of the set, IPv4 before IPv6; false for none.
func (a Addresses) Least() (netip.Addr, bool) {
	switch {
	case len(a.v4) > 0:
		return subnet{a.v4[0], 32}.prefix(32).Addr(), true
	case len(a.v6) > 0:
		return subnet{a.v6[0], 128}.prefix(128).Addr(), true
	}
	return netip.Addr{}, false
}

// Prefixes gives the fewest prefixes that make up the set, IPv4 before IPv6,
// ascending; no two overlap. AddressesOf makes the same set of them.
func (a Addresses) Prefixes() []netip.Prefix {
	var out []netip.Prefix
	for s := range a.v4.spans() {
		out = appendCover(out, s, 32)
	}
	for s := range a.v6.spans() {
		out = appendCover(out, s, 128)
	}
	return out
}

// Equal reports whether both sets have the same addresses.
func (a Addresses) Equal(b Addresses) bool {
	return slices.Equal(a.v4, b.v4) && slices.Equal(a.v6, b.v6)
}

// String is the canonical text, the same for equal sets only: the Blocks with
// commas between, "any" for every address and "none" for no address.
func (a Addresses) String() string {
	switch {
	case a.IsAll():
		return "any"
	case a.IsEmpty():
		return "none"
	}
	return join(a.Blocks())
}

// address is the bits of an address from the left, so that a prefix of n bits
// is the first n whatever the family. IPv4 fills the first 32.
type address struct{ hi, lo uint64 }

func (a address) compare(b address) int {
	return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo))
}

// addressOf takes a valid address without a zone.
func addressOf(a netip.Addr) address {
	if a.Is4() {
		b := a.As4()
		return address{hi: uint64(binary.BigEndian.Uint32(b[:])) << 32}
	}
	b := a.As16()
	return address{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// plus adds 2 to the power; past the last address it wraps around to zero.
func (a address) plus(power int) address {
	if power >= 64 {
		return address{a.hi + 1<<(power-64), a.lo} // 1<<64 is 0
	}
	lo, carry := bits.Add64(a.lo, 1<<power, 0)
	return address{a.hi + carry, lo}
}

// zeros is the number of zero bits at the right.
func (a address) zeros() int {
	if a.lo == 0 {
		return 64 + bits.TrailingZeros64(a.hi)
	}
	return bits.TrailingZeros64(a.lo)
}

// subnet is the addresses that begin with the same bits.
type subnet struct {
	first  address
	length int
}

// end is the address after the last one, zero at the end of the line.
func (s subnet) end() address { return s.first.plus(128 - s.length) }

// prefix is the subnet in a family with addresses of so many bits.
func (s subnet) prefix(width int) netip.Prefix {
	if width == 32 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(s.first.hi>>32))
		return netip.PrefixFrom(netip.AddrFrom4(b), s.length)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], s.first.hi)
	binary.BigEndian.PutUint64(b[8:], s.first.lo)
	return netip.PrefixFrom(netip.AddrFrom16(b), s.length)
}

// mapped is ::ffff:0:0/96, the part of the IPv6 line that is no IPv6 address
// but IPv4 ones. So that it makes no difference between sets, it goes with the
// address before it: AddressesOf moves an end that would part them, no prefix
// it takes begins there or ends inside, and every operation looks at points
// one by one. Prefixes and Blocks leave it out where it would stand alone,
// for AddressesOf would read it as IPv4; no smaller part of it comes up.
var mapped = subnet{address{lo: 0xffff << 32}, 96}

// appendCover appends the fewest prefixes that make up the span: at each
// address the largest that may begin there and does not go past the end.
func appendCover(out []netip.Prefix, s span[address], width int) []netip.Prefix {
	for at := s.first; ; {
		power := min(at.zeros(), floorLog(at, s.end))
		if part := (subnet{at, 128 - power}); part != mapped {
			out = append(out, part.prefix(width))
		}
		if at = at.plus(power); at == s.end {
			return out
		}
	}
}

// floorLog is the greatest power of 2 that may be added to from and not go
// past the end.
func floorLog(from, end address) int {
	lo, borrow := bits.Sub64(end.lo, from.lo, 0)
	hi, _ := bits.Sub64(end.hi, from.hi, borrow)
	switch {
	case hi != 0:
		return 63 + bits.Len64(hi)
	case lo != 0:
		return bits.Len64(lo) - 1
	}
	return 128 // the whole line
}
