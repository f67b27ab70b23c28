package random

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
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

// TestWords holds the flows that are made of the words to having, for every word
// that a rule can ask for, one that fits and one that does not.
func TestWords(t *testing.T) {
	flows := Words(Dialects["calico"]).Flows(Cluster(), 1, 20000)
	some := func(what string, of, is func(f *oracle.Flow) bool) {
		has, not := false, false
		for i := range flows {
			if f := &flows[i]; of(f) {
				has, not = has || is(f), not || !is(f)
			}
		}
		if !has || !not {
			t.Errorf("%s: there is one %t, and one that is not %t", what, has, not)
		}
	}
	toDNS := func(f *oracle.Flow) bool { return f.Query != "" && f.Destination.Labels["k8s-app"] == "kube-dns" }
	named := func(f *oracle.Flow) bool { return f.ServerName != "" }
	for _, pattern := range NamePatterns {
		n, err := ir.ParseName(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if pattern != "absent.example" {
			some("queries for "+pattern, toDNS, func(f *oracle.Flow) bool { return n.Matches(f.Query) })
			some("servers named "+pattern, named, func(f *oracle.Flow) bool { return n.Matches(f.ServerName) })
		}
	}
	with := func(f *oracle.Flow) bool { return f.Request != nil && f.Token != nil }
	some("tokens", func(f *oracle.Flow) bool { return f.Request != nil }, with)
	for _, i := range Issuers {
		some("issuer "+i.Name, with, func(f *oracle.Flow) bool { return f.Token.Issuer == i.Name })
	}
	for _, subject := range Subjects {
		some("subject "+subject, with, func(f *oracle.Flow) bool { return f.Token.Subject == subject })
	}
	for _, audience := range Audiences {
		some("audience "+audience, with, func(f *oracle.Flow) bool { return slices.Contains(f.Token.Audiences, audience) })
	}
	some("role "+Claims["role"][0], with, func(f *oracle.Flow) bool { return f.Token.Claims["role"] == Claims["role"][0] })
	groups := fmt.Sprint(map[string]any{"groups": Claims["realm.groups"][0]})
	some("groups "+groups, with, func(f *oracle.Flow) bool { return fmt.Sprint(f.Token.Claims["realm"]) == groups })
	for _, b := range Blocks {
		some("client in "+b.CIDR, func(f *oracle.Flow) bool { return f.Client.IsValid() }, func(f *oracle.Flow) bool {
			return netip.MustParsePrefix(b.CIDR).Contains(f.Client)
		})
	}
	nodes := func(f *oracle.Flow) bool { return f.Source.IsNode() || f.Destination.IsNode() }
	for _, pool := range NodeKeys["pool"] {
		some("nodes of the pool "+pool, nodes, func(f *oracle.Flow) bool {
			return f.Source.Labels["pool"] == pool || f.Destination.Labels["pool"] == pool
		})
	}
}
