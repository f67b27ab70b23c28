package set

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range texts {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func addresses(texts ...string) Addresses { return AddressesOf(prefixes(texts...)...) }

// anyPrefix draws prefixes with host bits, most of them from small ranges
// where they nest and touch: in the middle of each family, at its ends, and on
// both sides of the IPv4-mapped part of IPv6.
var anyPrefix = rapid.Custom(func(t *rapid.T) netip.Prefix {
	area := rapid.SampledFrom(prefixes("10.0.0.0/27", "0.0.0.0/29", "255.255.255.248/29", "0.0.0.0/0", "192.0.0.0/5",
		"2001:db8::/123", "::/125", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff8/125", "::/0", "fd00::/60",
		"::fffe:ffff:fff8/125", "::1:0:0:0/125")).Draw(t, "area")
	addr := area.Addr().As16()
	host := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "host")
	fixed := area.Bits() + 128 - area.Addr().BitLen()
	for i := range 128 {
		if bit := byte(0x80) >> (i % 8); i >= fixed {
			addr[i/8] |= host[i/8] & bit
		}
	}
	a := netip.AddrFrom16(addr)
	if area.Addr().Is4() {
		a = a.Unmap()
	} else if a.Is4In6() {
		a = area.Addr()
	}
	return netip.PrefixFrom(a, rapid.IntRange(max(area.Bits()-1, 0), a.BitLen()).Draw(t, "length"))
})

func drawAddresses(t *rapid.T, name string) (Addresses, []netip.Prefix) {
	p := rapid.SliceOfN(anyPrefix, 0, 10).Draw(t, name)
	return AddressesOf(p...), p
}

// edges is the first and last address of each prefix, and one below and above.
func edges(prefixes []netip.Prefix) []netip.Addr {
	out := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	for _, p := range prefixes {
		first := p.Masked().Addr()
		bytes := first.AsSlice()
		for i := p.Bits(); i < first.BitLen(); i++ {
			bytes[i/8] |= 0x80 >> (i % 8)
		}
		last, _ := netip.AddrFromSlice(bytes)
		out = append(out, first, last, first.Prev(), last.Next())
	}
	// The zero Addr is what comes of going past an end.
	return slices.DeleteFunc(out, func(a netip.Addr) bool { return !a.IsValid() || a.Is4In6() })
}

func covered(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// checkAddresses holds a set to what it should have at the points given and at
// the edges of its own parts, and its three forms to one another.
func checkAddresses(t *rapid.T, what string, s Addresses, at []netip.Addr, want func(netip.Addr) bool) {
	t.Helper()
	parts := s.Prefixes()
	for _, a := range append(edges(parts), at...) {
		if s.Contains(a) != want(a) || covered(parts, a) != want(a) {
			t.Fatalf("%s: %s: has %s: %v, in its prefixes: %v, want %v", what, s, a, s.Contains(a), covered(parts, a), want(a))
		}
	}
	if !slices.IsSortedFunc(parts, netip.Prefix.Compare) {
		t.Fatalf("%s: prefixes are not ascending: %v", what, parts)
	}
	for i, p := range parts {
		if p != p.Masked() || i > 0 && (parts[i-1].Overlaps(p) || parts[i-1].Bits() == p.Bits() && p.Bits() > 0 &&
			netip.PrefixFrom(parts[i-1].Addr(), p.Bits()-1).Masked() == netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()) {
			t.Fatalf("%s: prefixes are not the fewest: %v", what, parts)
		}
	}
	if again := AddressesOf(parts...); !again.Equal(s) || !reflect.DeepEqual(again, s) || again.String() != s.String() {
		t.Fatalf("%s: %s is not what its prefixes make: %s", what, s, again)
	}
	checkBlocks(t, s)
	least, ok := s.Least()
	if ok != (len(parts) > 0) || ok && least != parts[0].Addr() || s.IsEmpty() == ok {
		t.Fatalf("%s: least of %v is %v, %v", what, parts, least, ok)
	}
	if !s.IPv4().Union(s.IPv6()).Equal(s) || s.IPv4().Overlaps(s.IPv6()) ||
		!s.IPv4().Equal(s.Intersect(AllIPv4())) || !s.IPv6().Equal(s.Intersect(AllIPv6())) {
		t.Fatalf("%s: families of %s: %s and %s", what, s, s.IPv4(), s.IPv6())
	}
}

func TestAddressesAgreeWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, inA := drawAddresses(t, "a")
		b, inB := drawAddresses(t, "b")
		at := edges(slices.Concat(inA, inB))
		checkAddresses(t, "a", a, at, func(x netip.Addr) bool { return covered(inA, x) })
		checkAddresses(t, "union", a.Union(b), at, func(x netip.Addr) bool { return covered(inA, x) || covered(inB, x) })
		checkAddresses(t, "intersect", a.Intersect(b), at, func(x netip.Addr) bool { return covered(inA, x) && covered(inB, x) })
		checkAddresses(t, "subtract", a.Subtract(b), at, func(x netip.Addr) bool { return covered(inA, x) && !covered(inB, x) })
		checkAddresses(t, "complement", a.Complement(), at, func(x netip.Addr) bool { return !covered(inA, x) })
		// Between two edges neither changes, so the edges decide these.
		var shared, extra, differ bool
		for _, x := range at {
			inA, inB := covered(inA, x), covered(inB, x)
			shared, extra, differ = shared || inA && inB, extra || inB && !inA, differ || inA != inB
		}
		if a.Overlaps(b) != shared || a.ContainsAll(b) == extra || a.Equal(b) == differ || (a.String() == b.String()) == differ {
			t.Fatalf("%s and %s: overlap %v, contained %v, equal %v", a, b, a.Overlaps(b), a.ContainsAll(b), a.Equal(b))
		}
	})
}

func TestAddressesLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _ := drawAddresses(t, "a")
		b, _ := drawAddresses(t, "b")
		for law, pair := range map[string][2]Addresses{
			"a+a = a":             {a.Union(a), a},
			"a+b = b+a":           {a.Union(b), b.Union(a)},
			"a-a = none":          {a.Subtract(a), {}},
			"not not a = a":       {a.Complement().Complement(), a},
			"not(a+b)":            {a.Union(b).Complement(), a.Complement().Intersect(b.Complement())},
			"not(a*b)":            {a.Intersect(b).Complement(), a.Complement().Union(b.Complement())},
			"a-b = a * not b":     {a.Subtract(b), a.Intersect(b.Complement())},
			"a + not a = any":     {a.Union(a.Complement()), AllAddresses()},
			"(a-b) + (a*b) = a":   {a.Subtract(b).Union(a.Intersect(b)), a},
			"a + none, none + a":  {a.Union(Addresses{}), Addresses{}.Union(a)},
			"a * any = any * a":   {a.Intersect(AllAddresses()), AllAddresses().Intersect(a)},
			"any - a = not a":     {AllAddresses().Subtract(a), a.Complement()},
			"none - a = a * none": {Addresses{}.Subtract(a), a.Intersect(Addresses{})},
		} {
			if !pair[0].Equal(pair[1]) || !reflect.DeepEqual(pair[0], pair[1]) || pair[0].String() != pair[1].String() {
				t.Fatalf("%s: %s is not %s", law, pair[0], pair[1])
			}
		}
	})
}

func TestAddressesOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, list := drawAddresses(t, "a")
		shuffled := rapid.Permutation(list).Draw(t, "order")
		var got Addresses
		for _, p := range shuffled {
			got = AddressesOf(p).Union(got)
		}
		if !got.Equal(want) || got.String() != want.String() || !AddressesOf(shuffled...).Equal(want) {
			t.Fatalf("%v give %s, %v give %s", list, want, shuffled, got)
		}
	})
}

func TestAddressesText(t *testing.T) {
	for _, test := range []struct {
		set  Addresses
		want string
	}{
		{Addresses{}, "none"},
		{AddressesOf(), "none"},
		{addresses("10.0.0.0/8").Subtract(addresses("10.0.0.0/8")), "none"},
		{AllAddresses(), "any"},
		{AllAddresses().Complement(), "none"},
		{Addresses{}.Complement(), "any"},
		{addresses("::/0", "0.0.0.0/0"), "any"},
		{AllIPv4(), "0.0.0.0/0"},
		{AllIPv6(), "::/0"},
		{AllIPv4().Complement(), "::/0"},
		{addresses("10.1.2.3/8"), "10.0.0.0/8"},
		{addresses("2001:db8::/32", "10.0.0.0/8"), "10.0.0.0/8,2001:db8::/32"},
		{addresses("10.0.0.0/9", "10.128.0.0/9"), "10.0.0.0/8"},
		{addresses("::ffff:10.0.0.0/104"), "10.0.0.0/8"},
		{addresses("::ffff:0:0/96"), "0.0.0.0/0"},
		{addresses("0.0.0.0/0").Subtract(addresses("10.0.0.0/8", "172.16.0.0/12")), "0.0.0.0/0 (except 10.0.0.0/8,172.16.0.0/12)"},
	} {
		if got := test.set.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestAddressesContain(t *testing.T) {
	private := addresses("10.0.0.0/8", "fe80::/10")
	for text, want := range map[string]bool{
		"10.0.0.0": true, "10.255.255.255": true, "11.0.0.0": false, "9.255.255.255": false,
		"::ffff:10.1.2.3": true, "::ffff:11.1.2.3": false, "fe80::1": true, "fe80::1%eth0": false, "::a00:1": false,
	} {
		if got := private.Contains(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if AllAddresses().Contains(netip.Addr{}) {
		t.Error("has the zero Addr")
	}
}

// TestAddressesAroundMapped holds that the IPv4-mapped part of IPv6 never
// comes out as a range of its own, which would read as all of IPv4.
func TestAddressesAroundMapped(t *testing.T) {
	for _, s := range []Addresses{
		addresses("::fffe:ffff:ffff/128"),
		addresses("::fffe:0:0/96"),
		addresses("::1:0:0:0/80"),
		addresses("::1:0:0:0/80", "::fffe:ffff:ffff/128"),
		AllIPv6().Subtract(addresses("::fffe:ffff:ffff/128")),
		AllIPv6().Subtract(addresses("::1:0:0:0/128")),
		AllIPv6().Subtract(addresses("::fffe:0:0/96", "::1:0:0:0/128")),
	} {
		list := s.Prefixes()
		for _, b := range s.Blocks() {
			list = append(append(list, b.Prefix), b.Except...)
		}
		for _, p := range list {
			if p.Addr().Is4In6() {
				t.Errorf("%s has %s", s, p)
			}
		}
		if again := AddressesOf(s.Prefixes()...); !again.Equal(s) {
			t.Errorf("%s comes back as %s", s, again)
		}
		if !s.Complement().Complement().Equal(s) || !AllIPv6().Subtract(s).Union(s).Equal(AllIPv6()) {
			t.Errorf("%s does not complement", s)
		}
	}
}

func TestAddressesRefuseInvalidPrefix(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	AddressesOf(netip.Prefix{})
}

// manyPrefixes is n random prefixes of the kinds that address lists have.
func manyPrefixes(n int, v6 bool) []netip.Prefix {
	random := rand.New(rand.NewPCG(3, 4))
	out := make([]netip.Prefix, n)
	for i := range out {
		var b [16]byte
		for j := range b {
			b[j] = byte(random.Uint32())
		}
		if v6 {
			b[0], b[1] = 0x20, 0x01
			out[i] = netip.PrefixFrom(netip.AddrFrom16(b), 32+random.IntN(97))
			continue
		}
		out[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte(b[:4])), 12+random.IntN(21))
	}
	return out
}

func benchmarkFamilies(b *testing.B, run func(b *testing.B, list []netip.Prefix)) {
	b.Run("ipv4", func(b *testing.B) { run(b, manyPrefixes(10_000, false)) })
	b.Run("ipv6", func(b *testing.B) { run(b, manyPrefixes(10_000, true)) })
}

func BenchmarkAddressesOf10000(b *testing.B) {
	benchmarkFamilies(b, func(b *testing.B, list []netip.Prefix) {
		for b.Loop() {
			AddressesOf(list...)
		}
	})
}

func BenchmarkUnionOf10000(b *testing.B) {
	benchmarkFamilies(b, func(b *testing.B, list []netip.Prefix) {
		half := len(list) / 2
		x, y := AddressesOf(list[:half]...), AddressesOf(list[half:]...)
		for b.Loop() {
			x.Union(y)
		}
	})
}

func BenchmarkPrefixesOf10000(b *testing.B) {
	benchmarkFamilies(b, func(b *testing.B, list []netip.Prefix) {
		s := AddressesOf(list...)
		for b.Loop() {
			s.Prefixes()
		}
	})
}

func BenchmarkBlocksOf10000(b *testing.B) {
	benchmarkFamilies(b, func(b *testing.B, list []netip.Prefix) {
		s := AddressesOf(list...)
		b.Run("set", func(b *testing.B) {
			for b.Loop() {
				s.Blocks()
			}
		})
		b.Run("complement", func(b *testing.B) {
			s := s.Complement()
			for b.Loop() {
				s.Blocks()
			}
		})
	})
}
