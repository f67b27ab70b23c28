package intent

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// The way in is what the facts say, a target's before the cluster's.
func TestWayIn(t *testing.T) {
	const config = `
cluster {
  %CLUSTER%
}
target "t" {
  cni = "cilium"
  %TARGET%
}
namespace "edge" {
  workload "proxy" { labels = { app = "proxy" } }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow ingress to web { tcp = [8080] }
}
`
	for _, x := range []struct{ cluster, target, want string }{
		{`ingress { workload = "edge.proxy" }`, ``, "pods(in edge; app=proxy)"},
		{`ingress { workload = edge.proxy }`, `ingress { kind = "nodes" }`, "nodes"},
		{``, `ingress { kind = "cilium" }`, "infrastructure(ingress)"},
		{`ingress { kind = "cilium" }`, `ingress { cidrs = ["203.0.113.10", "203.0.113.11"] }`, "external(203.0.113.10/31)"},
	} {
		c := load(t, strings.NewReplacer("%CLUSTER%", x.cluster, "%TARGET%", x.target).Replace(config))
		p, diags := Lower(c, c.Targets[0])
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		found := false
		for _, d := range p.All() {
			if d.Rule.Origin.Address == "shop/ingress->web" && d.Rule.Subject.Address == "shop/web" {
				found = true
				if got := d.Rule.Peers.String(); got != x.want {
					t.Errorf("%+v: %s", x, got)
				}
			}
		}
		if !found {
			t.Errorf("%+v: no rule", x)
		}
	}
}

// Other clusters are connected where an engine knows of them, and have their
// pods outside elsewhere.
func TestConnectedClusters(t *testing.T) {
	const config = `
namespace "payments" { cluster = "west" }
target "east" {
  cni      = "cilium"
  switches = { cluster_name = "east" }
}
target "nameless" { cni = "cilium" }
target "lab" { cni = "calico" }
`
	c := load(t, config)
	wants := map[string]ir.Facts{"east": {ClusterMesh: true, ClusterName: "east"}, "nameless": {ClusterMesh: true}, "lab": {}}
	for _, target := range c.Targets {
		p, diags := Lower(c, target)
		want := wants[target.Name]
		if f := p.Inventory.Facts; diags.HasErrors() || f.ClusterMesh != want.ClusterMesh || f.ClusterName != want.ClusterName {
			t.Errorf("%s: %t %q %v", target.Name, f.ClusterMesh, f.ClusterName, diags)
		}
	}
}

// What is called ingress and was there before the word had a meaning keeps its
// name, as long as no fact says what the way in is.
func TestDeclaredIngressKeepsItsName(t *testing.T) {
	const config = `%FACT%
namespace "ingress" {
  workload "proxy" { labels = { app = "proxy" } }
}
namespace "shop" {
  workload "ingress" { labels = { app = "own" } }
  workload "web" { labels = { app = "web" } }
  allow "workload.ingress" to web { tcp = [1] }
  allow "namespace.ingress" to web { tcp = [2] }
  allow "ingress.proxy" to web { tcp = [3] }
}
namespace "other" {
  workload "web" { labels = { app = "web" } }
  allow ingress to web { tcp = [4] }
}
`
	p := lowered(t, strings.Replace(config, "%FACT%", "", 1))
	for _, d := range p.All() {
		if d.Rule.Origin.Address == "other/ingress->web" && d.Rule.Subject.Address == "other/web" && d.Rule.Peers.String() != "pods(in ingress)" {
			t.Errorf("%s", d.Rule.Peers)
		}
	}
	_, diags := loadText(t, strings.Replace(config, "%FACT%", "cluster {\n  ingress { kind = \"nodes\" }\n}\n", 1), Options{})
	if len(diags) != 1 || diags[0].Code != diag.AmbiguousName {
		t.Errorf("%v", diags)
	}
}
