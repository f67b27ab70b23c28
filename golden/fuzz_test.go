package golden

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// fuzzed is engines, as --profile takes them: each as it comes and with what it
// has by switches.
var fuzzed = []string{
	"kubernetes", "calico", "cilium", "istio", "istio-ambient",
	"kubernetes,cluster_network_policy=true", "calico,host_endpoints=true",
	"cilium,cluster_mesh=true,cluster_name=east,cluster_network_policy=true,host_firewall=true,node_selector_labels=true",
}

// FuzzVerify reads any text as manifests of each engine, and compares what they
// mean with itself and with nothing at all. The comparison with itself is equal
// or not proved; of the other every flow that it shows is one on which both
// evaluators agree, which Compare checks.
func FuzzVerify(f *testing.F) {
	for i, engine := range fuzzed {
		engine, _, _ = strings.Cut(engine, ",")
		files, _ := filepath.Glob("manifests/" + strings.TrimSuffix(engine, "-ambient") + "/*/input.yaml")
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, engine uint8) {
		p, err := profile.Parse(fuzzed[int(engine)%len(fuzzed)])
		if err != nil {
			t.Fatal(err)
		}
		in, diags := manifest.ReadFiles([]manifest.File{{Name: "in.yaml", Data: text}}, manifest.Options{})
		cluster, docs, more := manifest.TakeCluster(in.Documents)
		if diags.HasErrors() || more.HasErrors() {
			return
		}
		cluster.Inventory.Facts.ClusterMesh, cluster.Inventory.Facts.ClusterName = p.On("cluster_mesh"), p.Switch("cluster_name")
		program, diags := frontends.For(p.Engine).Lift(docs, lift.Options{Profile: p, Inventory: cluster.Inventory})
		if diags.HasErrors() {
			return
		}
		scope := sem.CNI
		if p.IsMesh() {
			scope = sem.Mesh
		}
		o := sem.Options{Inventory: &cluster.Inventory, Scope: scope, MaxNodes: 200_000}
		policy := sem.Policy{{Program: program, Scope: scope}}
		if c := compared(t, policy, policy, o); c != nil && !c.Equal() {
			t.Errorf("not equal to itself:\n%s", program.Text())
		}
		empty := sem.Policy{{Program: &ir.Program{Inventory: cluster.Inventory}, Scope: scope}}
		compared(t, policy, empty, o)
	})
}

// compared compares two policies; nil where that is not proved.
func compared(t *testing.T, a, b sem.Policy, o sem.Options) *sem.Comparison {
	t.Helper()
	c, err := sem.Compare(a, b, o)
	for _, side := range []func(*sem.Comparison, int) ([]sem.Difference, error){(*sem.Comparison).More, (*sem.Comparison).Less} {
		if err == nil {
			_, err = side(c, 3)
		}
	}
	var bound *sem.Unproved
	switch {
	case errors.As(err, &bound):
		return nil
	case err != nil:
		t.Fatal(err)
	}
	return c
}
