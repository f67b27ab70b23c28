package calico

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// TestUpstreamTiers holds what is emulated of tiers and of staged policies, and
// Portolan, to what Calico's own tests find in real clusters
// (felix/fv/tiered_policy_test.go, "connectivity should be correct between
// workloads"). The connection to the Service there goes to ep2-1.
func TestUpstreamTiers(t *testing.T) {
	e := engine(t)
	text, err := os.ReadFile("testdata/upstream/tiers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	always := map[string]bool{
		"ep1-1 ep2-1": true, "ep1-1 ep2-2": true, "ep1-1 ep2-3": false,
		"ep2-1 ep1-1": true, "ep2-2 ep1-1": false, "ep2-3 ep1-1": false,
	}
	c := pods("ep1-1", "ep2-1", "ep2-2", "ep2-3", "ep2-4")
	for action, open := range map[string]bool{"Deny": false, "Pass": true} {
		changed := strings.Replace(string(text), "defaultAction: Deny", "defaultAction: "+action, 1)
		docs := oracle.Split("tiers.yaml", []byte(changed))
		for _, version := range []string{"calico@3.30", "calico"} {
			p, err := profile.Parse(version)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := e.Load(p, c, docs)
			if err != nil {
				t.Fatal(err)
			}
			ours, why := lift(t, p, docs)
			if why != "" {
				t.Fatal(why)
			}
			for ends, want := range always {
				expect(t, c, ends, want, ours, theirs)
			}
			expect(t, c, "ep1-1 ep2-4", open, ours, theirs)
			expect(t, c, "ep2-4 ep1-1", open, ours, theirs)
			if err := theirs.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestUpstreamClusterPolicies holds Portolan to what Calico's own tests find of
// ClusterNetworkPolicies (felix/fv/cluster_network_policy_test.go), which the
// release at hand does not have.
func TestUpstreamClusterPolicies(t *testing.T) {
	e := engine(t)
	text, err := os.ReadFile("testdata/upstream/cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := oracle.Split("cluster.yaml", text)
	c := pods("w0", "w1", "w2")
	p, err := profile.Parse("calico")
	if err != nil {
		t.Fatal(err)
	}
	for names, want := range map[string]bool{
		"deny-ingress": false, "allow-tcp deny-ingress": true, "baseline-deny-egress": false,
		"pass-ingress deny-all": false, "pass-ingress": true, "allow-tcp deny-all": true,
	} {
		docs := slices.Clone(all)
		docs = slices.DeleteFunc(docs, func(d oracle.Document) bool {
			return !slices.ContainsFunc(strings.Fields(names), func(name string) bool { return strings.Contains(string(d.Text), "metadata: {name: "+name+"}") })
		})
		ours, why := lift(t, p, docs)
		if why != "" || len(docs) != len(strings.Fields(names)) {
			t.Fatal(names, why, len(docs))
		}
		expect(t, c, "w0 w1", want, ours, nil)
		expect(t, c, "w0 w2", want, ours, nil)
		theirs, err := e.Load(p, c, docs)
		if err != nil {
			t.Fatal(err)
		}
		if _, decides := theirs.Decide(flow(t, c, "w0 w1")); decides {
			t.Errorf("%s: Felix 3.28 decides", names)
		}
	}
}

// pods is a cluster of pods in namespace default that have their name as a label.
func pods(names ...string) *oracle.Cluster {
	c := &oracle.Cluster{}
	for i, name := range names {
		c.Endpoints = append(c.Endpoints, oracle.Endpoint{
			ID: name, Endpoint: sem.Endpoint{Kind: sem.Pod, Namespace: "default", Labels: map[string]string{"name": name}, Account: "default"},
			Addresses: []netip.Addr{netip.MustParseAddr(fmt.Sprintf("10.65.1.%d", i))},
		})
	}
	return c
}

// flow is a connection between two pods by name to the port of all those tests.
func flow(t *testing.T, c *oracle.Cluster, ends string) *oracle.Flow {
	t.Helper()
	from, to, _ := strings.Cut(ends, " ")
	named := func(name string) int {
		return slices.IndexFunc(c.Endpoints, func(e oracle.Endpoint) bool { return e.ID == name })
	}
	f, ok := boundary.Between(c, named(from), named(to), false)
	if !ok {
		t.Fatal(ends)
	}
	f.Protocol, f.SourcePort, f.Port = sem.TCP, 40000, 8055
	return &f
}

// expect compares a verdict of Portolan's, and of Felix where it is given, with
// what it is to be.
func expect(t *testing.T, c *oracle.Cluster, ends string, want bool, ours sem.Policy, theirs oracle.Policy) {
	t.Helper()
	f := flow(t, c, ends)
	if got := sem.Decide(ours, f.Flow).Outcome; (got == sem.Allowed) != want {
		t.Errorf("%s: Portolan says %s, want allowed: %v", ends, got, want)
	}
	if theirs == nil {
		return
	}
	if got, decides := theirs.Decide(f); !decides || got.Allowed != want {
		t.Errorf("%s: Felix says %v (%s), want %v", ends, got.Allowed, got.Reason, want)
	}
}
