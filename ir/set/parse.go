package set

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ParsePrefix reads a range such as 10.0.0.0/8 or a bare address, which is a
// range of one. It masks the host bits, and masked reports that there were
// some. It refuses leading zeros in numbers, which some programs read as
// octal, zones, and IPv4 addresses in IPv6 form; the error says what to write.
func ParsePrefix(s string) (p netip.Prefix, masked bool, err error) {
	host, length, isRange := strings.Cut(s, "/")
	if strings.Contains(host, "%") {
		return p, false, fmt.Errorf("%q has a zone, which no policy can name: write the address without it", s)
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		for field := range strings.SplitSeq(host, ".") {
			if hasLeadingZero(field) {
				return p, false, leadingZero(s, field)
			}
		}
		return p, false, fmt.Errorf("%q is neither an IP address nor a range such as 10.0.0.0/8 or 2001:db8::/32", s)
	}
	bits := addr.BitLen()
	if isRange {
		if hasLeadingZero(length) {
			return p, false, leadingZero(s, length)
		}
		n, err := strconv.ParseUint(length, 10, 8)
		if err != nil || int(n) > bits {
			return p, false, fmt.Errorf("%q has the prefix length %q: it is a number from 0 to %d", s, length, bits)
		}
		bits = int(n)
	}
	if addr.Is4In6() {
		if bits < 96 {
			return p, false, fmt.Errorf("%q has an IPv4 address in IPv6 form: write an IPv4 or an IPv6 range", s)
		}
		plain := addr.Unmap().String()
		if isRange {
			plain = netip.PrefixFrom(addr.Unmap(), bits-96).String()
		}
		return p, false, fmt.Errorf("%q has an IPv4 address in IPv6 form: write %s", s, plain)
	}
	p = netip.PrefixFrom(addr, bits).Masked()
	return p, p.Addr() != addr, nil
}

// hasLeadingZero reports a decimal number of more digits than it needs.
func hasLeadingZero(s string) bool {
	return len(s) > 1 && s[0] == '0' && strings.Trim(s, "0123456789") == ""
}

func leadingZero(s, number string) error {
	plain := strings.TrimLeft(number, "0")
	if plain == "" {
		plain = "0"
	}
	return fmt.Errorf("%q has a leading zero in %q, which some programs read as octal: write %s", s, number, plain)
}
