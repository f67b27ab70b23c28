package cilium

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// FuzzLift holds that no text makes the lift panic, but over a bound.
func FuzzLift(f *testing.F) {
	for _, c := range traps {
		f.Add([]byte(strings.Join(c.yaml, "---\n")), true)
	}
	for _, c := range refused {
		f.Add([]byte(cnp(c.spec)), false)
	}
	golden, err := filepath.Glob("../../golden/cilium/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range golden {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text []byte, newest bool) {
		defer func() {
			switch err, _ := recover().(error); {
			case err == nil:
			case !errors.As(err, &ir.BoundError{}) && !errors.As(err, &set.BoundError{}):
				panic(err)
			}
		}()
		engine := "cilium@1.17"
		if newest {
			engine = "cilium@1.20,cluster_mesh=true,cluster_network_policy=true,host_firewall=true,node_selector_labels=true"
		}
		in, _ := manifest.ReadFiles([]manifest.File{{Name: "fuzz.yaml", Data: text}}, manifest.Options{})
		p, diags := (Frontend{}).Lift(in.Documents, options(t, engine))
		if diags.HasErrors() {
			return
		}
		for _, r := range append(p.All(), p.Hosts.All()...) {
			if len(r.Rule.Peers.List()) == 0 || r.Rule.Traffic.IsEmpty() {
				t.Errorf("a rule for nobody or nothing: %+v", r.Rule.Origin)
			}
		}
	})
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: p%d, namespace: ns%d}
spec:
  endpointSelector: {matchLabels: {"k8s:app": a%d}}
  ingress:
  - fromEndpoints: [{matchLabels: {"k8s:app": b%d, "k8s:io.kubernetes.pod.namespace": other}}]
    toPorts: [{ports: [{port: "%d", protocol: TCP}], rules: {http: [{method: GET, path: "/p%d(\\?.*)?"}]}}]
  egress:
  - toFQDNs: [{matchName: h%d.example.com}]
  - toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system}}]
    toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*.example.com"}]}}]
`, i, i%100, i, i, 1000+i%5000, i, i)
	}
	return b.String()
}

func BenchmarkLift(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		docs := read(b, many(n))
		opts := options(b, "cilium@1.20")
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, diags := (Frontend{}).Lift(docs, opts); len(diags) > 0 {
					b.Fatal(diags)
				}
			}
		})
	}
}
