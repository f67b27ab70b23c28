package manifest

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// CIDR reads an address range such as 10.0.0.0/8. Host bits are masked, with a
// warning; leading zeros and IPv4 addresses in IPv6 form, which programs read
// differently, are errors, and so is an address alone.
func (v Value) CIDR() (netip.Prefix, bool) {
	s, ok := v.Text()
	if !ok {
		return netip.Prefix{}, false
	}
	if !strings.Contains(s, "/") {
		v.Bad("is no address range", "A range has the length of its prefix, as in 10.0.0.0/8.")
		return netip.Prefix{}, false
	}
	return v.Addresses()
}

// Addresses is CIDR for fields that also take an address alone, which is a
// range of one.
func (v Value) Addresses() (netip.Prefix, bool) {
	s, ok := v.Text()
	if !ok {
		return netip.Prefix{}, false
	}
	p, masked, err := set.ParsePrefix(s)
	if err != nil {
		v.Bad("is no address range", sentences([]string{err.Error()}))
		return netip.Prefix{}, false
	}
	if masked {
		v.Report(diag.ManifestHostBits, fmt.Sprintf("%s has bits set beyond its prefix.", s), fmt.Sprintf("It means %s.", p))
	}
	return p, true
}
