package set

import (
	"math/bits"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// union is what blocks say.
func union(blocks []Block) Addresses {
	var out Addresses
	for _, b := range blocks {
		out = out.Union(AddressesOf(b.Prefix).Subtract(AddressesOf(b.Except...)))
	}
	return out
}

// checkBlocks holds blocks to all that their docs promise, but for the fewest.
func checkBlocks(t *rapid.T, s Addresses) {
	t.Helper()
	blocks := s.Blocks()
	if !union(blocks).Equal(s) {
		t.Fatalf("blocks of %v are %v", s.Prefixes(), blocks)
	}
	var all, except []netip.Prefix
	for i, b := range blocks {
		if i > 0 && blocks[i-1].Prefix.Compare(b.Prefix) >= 0 {
			t.Fatalf("blocks are not ascending: %v", blocks)
		}
		for _, p := range all {
			if p.Overlaps(b.Prefix) {
				t.Fatalf("blocks overlap: %v", blocks)
			}
		}
		for j, e := range b.Except {
			if e.Bits() <= b.Prefix.Bits() || !b.Prefix.Contains(e.Addr()) || j > 0 && b.Except[j-1].Compare(e) >= 0 {
				t.Fatalf("exceptions are not ascending parts: %v", b)
			}
		}
		all, except = append(all, b.Prefix), append(except, b.Except...)
	}
	if !AddressesOf(all...).Subtract(AddressesOf(except...)).Equal(s) {
		t.Fatalf("two lists say something else: %v", blocks)
	}
	if len(all)+len(except) > len(s.Prefixes()) {
		t.Fatalf("%v take more than %v", blocks, s.Prefixes())
	}
}

func TestBlocks(t *testing.T) {
	for _, test := range []struct {
		in, out []string
		want    string
	}{
		{nil, nil, ""},
		{[]string{"10.0.0.0/8"}, nil, "10.0.0.0/8"},
		{[]string{"10.0.0.0/8"}, []string{"10.1.0.0/16"}, "10.0.0.0/8 (except 10.1.0.0/16)"},
		{[]string{"10.0.0.0/8", "192.168.0.0/16"}, nil, "10.0.0.0/8,192.168.0.0/16"},
		{[]string{"10.0.0.0/9", "10.128.0.0/10"}, nil, "10.0.0.0/9,10.128.0.0/10"},
		{[]string{"10.0.0.0/8"}, []string{"10.128.0.0/9"}, "10.0.0.0/9"},
		{[]string{"10.0.0.0/8"}, []string{"10.0.0.0/10"}, "10.64.0.0/10,10.128.0.0/9"},
		{[]string{"10.0.0.0/8"}, []string{"10.0.0.0/11"}, "10.0.0.0/8 (except 10.0.0.0/11)"},
		{
			[]string{"0.0.0.0/0"},
			[]string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"},
			"0.0.0.0/0 (except 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16)",
		},
		{
			[]string{"0.0.0.0/0", "::/0"},
			[]string{"169.254.169.254/32", "fc00::/7", "fe80::/10"},
			"0.0.0.0/0 (except 169.254.169.254/32),::/0 (except fc00::/7,fe80::/10)",
		},
		{
			[]string{"10.0.0.0/8", "2001:db8::/32", "192.168.0.0/16"},
			[]string{"10.1.0.0/16", "192.168.7.0/24", "2001:db8:7::/48"},
			"10.0.0.0/8 (except 10.1.0.0/16),192.168.0.0/16 (except 192.168.7.0/24),2001:db8::/32 (except 2001:db8:7::/48)",
		},
		{[]string{"0.0.0.0/0"}, []string{"255.255.255.255/32"}, "0.0.0.0/0 (except 255.255.255.255/32)"},
		{[]string{"::/0"}, []string{"::/128"}, "::/0 (except ::/128)"},
	} {
		if got := join(addresses(test.in...).Subtract(addresses(test.out...)).Blocks()); got != test.want {
			t.Errorf("%v without %v\n got %s\nwant %s", test.in, test.out, got, test.want)
		}
	}
}

// TestBlocksAreFewest tries every way to write every set of eight addresses.
func TestBlocksAreFewest(t *testing.T) {
	// A set is a bit for each address, a way to write it disjoint subnets,
	// all of which are enumerated; each subnet is a set too.
	subnets := []uint8{0xff, 0x0f, 0xf0, 0x03, 0x0c, 0x30, 0xc0, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80}
	fewest := func(s uint8) (n int) {
		for _, p := range subnets { // the larger ones first
			if s&p == p {
				s &^= p
				n++
			}
		}
		return n
	}
	var ways [][]uint8
	var choose func(next int, used uint8, way []uint8)
	choose = func(next int, used uint8, way []uint8) {
		if next == len(subnets) {
			ways = append(ways, append([]uint8(nil), way...))
			return
		}
		choose(next+1, used, way)
		if p := subnets[next]; used&p == 0 {
			choose(next+1, used|p, append(way, p))
		}
	}
	choose(0, 0, nil)
	if len(ways) != 677 {
		t.Fatalf("%d ways", len(ways))
	}
	for s := range 256 {
		best, bestExceptions := 99, 99
		for _, way := range ways {
			left, exceptions := uint8(s), 0
			for _, p := range way {
				left &^= p
				exceptions += fewest(p &^ uint8(s))
			}
			cost := len(way) + exceptions
			if left == 0 && (cost < best || cost == best && exceptions < bestExceptions) {
				best, bestExceptions = cost, exceptions
			}
		}
		var list []netip.Prefix
		for rest := uint8(s); rest != 0; rest &= rest - 1 {
			last := byte(8 + bits.TrailingZeros8(rest))
			list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, last}), 32))
		}
		cost, exceptions := 0, 0
		for _, b := range AddressesOf(list...).Blocks() {
			cost, exceptions = cost+1+len(b.Except), exceptions+len(b.Except)
		}
		if cost != best || exceptions != bestExceptions {
			t.Errorf("%08b: %v: cost %d with %d exceptions, want %d with %d", s, AddressesOf(list...), cost, exceptions, best, bestExceptions)
		}
	}
}
