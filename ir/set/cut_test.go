package set

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// Every set that cut is exactly the parts that it is said to be made of.
func TestCutPorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sets []Ports
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			s, _ := drawPorts(t, "set")
			sets = append(sets, s)
		}
		cut := CutPorts(sets...)
		total := 0
		for i := range cut.Len() {
			total += PortsOf(cut.Part(i)).Count()
		}
		if total != 65535 {
			t.Fatalf("the parts have %d ports", total)
		}
		for _, s := range sets {
			var got Ports
			for _, r := range cut.Ranges(s) {
				for i := r.First; i <= r.Last; i++ {
					got = got.Union(PortsOf(cut.Part(i)))
				}
			}
			if !got.Equal(s) {
				t.Fatalf("%s is cut to %s", s, got)
			}
		}
	})
}

func TestCutAddresses(t *testing.T) {
	all := []string{"0.0.0.0/0", "10.0.0.0/8", "10.128.0.0/9", "192.0.2.1/32", "::/0", "2001:db8::/32", "::/1", "ffff::/16", "255.0.0.0/8"}
	rapid.Check(t, func(t *rapid.T) {
		var sets []Addresses
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			var s Addresses
			for _, text := range rapid.SliceOf(rapid.SampledFrom(all)).Draw(t, "prefixes") {
				s = s.Union(AddressesOf(netip.MustParsePrefix(text)))
			}
			sets = append(sets, s)
		}
		cut := CutAddresses(sets...)
		var whole Addresses
		for i := range cut.Len() {
			if whole.Overlaps(cut.Part(i)) {
				t.Fatalf("part %d overlaps others", i)
			}
			if v4 := cut.Part(i).IPv6().IsEmpty(); v4 != (i <= cut.IPv4().Last) {
				t.Fatalf("part %d is of the other family", i)
			}
			whole = whole.Union(cut.Part(i))
		}
		if !whole.IsAll() {
			t.Fatalf("the parts make up %s", whole)
		}
		for _, s := range sets {
			var got Addresses
			for _, r := range cut.Ranges(s) {
				for i := r.First; i <= r.Last; i++ {
					got = got.Union(cut.Part(i))
				}
			}
			if !got.Equal(s) {
				t.Fatalf("%s is cut to %s", s, got)
			}
		}
	})
}
