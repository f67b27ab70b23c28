package set

import (
	"net/netip"
	"testing"
)

func TestParsePrefix(t *testing.T) {
	for _, test := range []struct {
		in, want string
		masked   bool
	}{
		{"10.0.0.0/8", "10.0.0.0/8", false},
		{"10.1.2.3/8", "10.0.0.0/8", true},
		{"10.1.2.3", "10.1.2.3/32", false},
		{"0.0.0.0/0", "0.0.0.0/0", false},
		{"::/0", "::/0", false},
		{"2001:0DB8::1/64", "2001:db8::/64", true},
		{"2001:db8::1", "2001:db8::1/128", false},
		{"::10.0.0.1", "::a00:1/128", false},
	} {
		p, masked, err := ParsePrefix(test.in)
		if err != nil || p.String() != test.want || masked != test.masked {
			t.Errorf("%s: got %s, masked %v, %v", test.in, p, masked, err)
		}
	}
}

func TestParsePrefixRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                   `"" is neither an IP address nor a range such as 10.0.0.0/8 or 2001:db8::/32`,
		"example.com":        `"example.com" is neither an IP address nor a range such as 10.0.0.0/8 or 2001:db8::/32`,
		"10.0.0/8":           `"10.0.0/8" is neither an IP address nor a range such as 10.0.0.0/8 or 2001:db8::/32`,
		" 10.0.0.0/8":        `" 10.0.0.0/8" is neither an IP address nor a range such as 10.0.0.0/8 or 2001:db8::/32`,
		"10.0.00.1":          `"10.0.00.1" has a leading zero in "00", which some programs read as octal: write 0`,
		"010.0.0.0/8":        `"010.0.0.0/8" has a leading zero in "010", which some programs read as octal: write 10`,
		"10.0.0.0/08":        `"10.0.0.0/08" has a leading zero in "08", which some programs read as octal: write 8`,
		"10.0.0.0/33":        `"10.0.0.0/33" has the prefix length "33": it is a number from 0 to 32`,
		"10.0.0.0/":          `"10.0.0.0/" has the prefix length "": it is a number from 0 to 32`,
		"10.0.0.0/+8":        `"10.0.0.0/+8" has the prefix length "+8": it is a number from 0 to 32`,
		"10.0.0.0/8/8":       `"10.0.0.0/8/8" has the prefix length "8/8": it is a number from 0 to 32`,
		"10.0.0.0/255.0.0.0": `"10.0.0.0/255.0.0.0" has the prefix length "255.0.0.0": it is a number from 0 to 32`,
		"::/129":             `"::/129" has the prefix length "129": it is a number from 0 to 128`,
		"fe80::1%eth0":       `"fe80::1%eth0" has a zone, which no policy can name: write the address without it`,
		"fe80::%eth0/64":     `"fe80::%eth0/64" has a zone, which no policy can name: write the address without it`,
		"::ffff:10.0.0.1":    `"::ffff:10.0.0.1" has an IPv4 address in IPv6 form: write 10.0.0.1`,
		"::ffff:a00:0/104":   `"::ffff:a00:0/104" has an IPv4 address in IPv6 form: write 10.0.0.0/8`,
		"::ffff:a00:0/64":    `"::ffff:a00:0/64" has an IPv4 address in IPv6 form: write an IPv4 or an IPv6 range`,
	} {
		p, masked, err := ParsePrefix(in)
		if err == nil || err.Error() != want || masked || p.IsValid() {
			t.Errorf("%s: got %s, masked %v\n got %v\nwant %s", in, p, masked, err, want)
		}
	}
}

// FuzzParsePrefix holds ParsePrefix to the parsers of the standard library.
func FuzzParsePrefix(f *testing.F) {
	for _, s := range []string{
		"10.0.0.0/8", "10.1.2.3/8", "10.1.2.3", "010.0.0.0/8", "10.0.0.0/08", "10.0.0.0/33", "::/0", "2001:db8::1/64",
		"::ffff:10.0.0.1", "::ffff:0:0/95", "fe80::1%eth0/64", "", "/", "1.2.3.4/-1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, wantErr := netip.ParsePrefix(s)
		if addr, err := netip.ParseAddr(s); err == nil {
			want, wantErr = netip.PrefixFrom(addr, addr.BitLen()), nil
			if addr.Zone() != "" {
				want = netip.Prefix{}
			}
		}
		wanted := wantErr == nil && want.IsValid() && !want.Addr().Is4In6()
		p, masked, err := ParsePrefix(s)
		switch {
		case (err == nil) != wanted:
			t.Fatalf("%q: %v, the standard library says %v, %v", s, err, want, wantErr)
		case err != nil && (p.IsValid() || masked):
			t.Fatalf("%q: %v beside an error", s, p)
		case err != nil:
			return
		case p != want.Masked() || masked != (want != want.Masked()):
			t.Fatalf("%q: %v, masked %v, want %v", s, p, masked, want)
		}
		again, masked, err := ParsePrefix(p.String())
		if again != p || masked || err != nil {
			t.Fatalf("%q: %v comes back as %v, masked %v, %v", s, p, again, masked, err)
		}
		if got := AddressesOf(p).Prefixes(); len(got) != 1 || got[0] != p {
			t.Fatalf("%q: the set of %v is %v", s, p, got)
		}
	})
}
