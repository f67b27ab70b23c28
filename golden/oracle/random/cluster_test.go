package random

import (
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// TestCluster holds the cluster to what oracle.Cluster promises of endpoints, and
// to having something inside and something outside for every word.
func TestCluster(t *testing.T) {
	c := Cluster()
	ids, addresses := map[string]bool{}, map[netip.Addr]bool{}
	label := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	for _, e := range c.Endpoints {
		if ids[e.ID] || !label.MatchString(e.ID) {
			t.Errorf("%q is twice there or no DNS label", e.ID)
		}
		ids[e.ID] = true
		for _, a := range e.Addresses {
			if addresses[a] {
				t.Errorf("%s: %s is another's too", e.ID, a)
			}
			addresses[a] = true
			within := func(cidrs []string) bool {
				return slices.ContainsFunc(cidrs, func(text string) bool { return netip.MustParsePrefix(text).Contains(a) })
			}
			if is := e.Kind == sem.Pod; within(PodCIDRs) != is {
				t.Errorf("%s of %s: in the pods' range %t", a, e.ID, within(PodCIDRs))
			}
			if within(NodeCIDRs) != e.IsNode() || within(ServiceCIDRs) {
				t.Errorf("%s of %s is in a range that is not its own", a, e.ID)
			}
		}
	}
	t.Logf("%d endpoints", len(c.Endpoints))
	some := func(what string, is func(e *oracle.Endpoint) bool) {
		has, not := false, false
		for i := range c.Endpoints {
			if is(&c.Endpoints[i]) {
				has = true
			} else {
				not = true
			}
		}
		if !has || !not {
			t.Errorf("%s: there is one %t, and one that is not %t", what, has, not)
		}
	}
	for _, keys := range []map[string][]string{PodKeys, NodeKeys} {
		for _, key := range Keys(keys) {
			for _, value := range keys[key] {
				some(key+"="+value, func(e *oracle.Endpoint) bool { return e.Labels[key] == value })
			}
		}
	}
	for _, key := range Keys(NamespaceKeys) {
		for _, value := range NamespaceKeys[key] {
			some(key+"="+value, func(e *oracle.Endpoint) bool { return e.NamespaceLabels[key] == value })
		}
	}
	for _, account := range Accounts {
		some(account, func(e *oracle.Endpoint) bool { return e.Account == account })
	}
	for _, b := range Blocks {
		// Everything of a family has what is of the other family outside of it.
		some(b.CIDR, func(e *oracle.Endpoint) bool {
			return slices.ContainsFunc(e.Addresses, netip.MustParsePrefix(b.CIDR).Contains)
		})
		for _, except := range b.Except {
			if !netip.MustParsePrefix(b.CIDR).Overlaps(netip.MustParsePrefix(except)) {
				t.Errorf("%s is no part of %s", except, b.CIDR)
			}
			some(except, func(e *oracle.Endpoint) bool {
				return slices.ContainsFunc(e.Addresses, netip.MustParsePrefix(except).Contains)
			})
		}
	}
}
