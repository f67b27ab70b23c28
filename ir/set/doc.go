// Package set is the pure algebra under the model: sets of ports and sets of
// IP addresses, as values that never change.
//
//	private := set.AddressesOf(netip.MustParsePrefix("10.0.0.0/8"))
//	outside := set.AllIPv4().Subtract(private)
//	outside.Blocks() // 0.0.0.0/0 (except 10.0.0.0/8)
//
// Every set has one representation, however it was built, and so one text and
// one order of its parts. The zero value is the empty set; a set that loses
// its last member is empty, never "any".
package set
