package calico

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// FuzzLift lifts any bytes: it may refuse them, and never fails otherwise.
func FuzzLift(f *testing.F) {
	f.Add([]byte(object("Tier early", "order: 5, defaultAction: Pass") + object("NetworkPolicy a/p",
		"tier: early, selector: \"(a == 'b' || !has(c)) && d in {'e'} && f starts with 'g'\", types: [Ingress], ingress: "+
			"[{action: Allow, protocol: TCP, source: {namespaceSelector: all(), notNets: [10.0.0.0/8]}, destination: {ports: [80, '1:2', http]}}]")))
	f.Add([]byte(object("GlobalNetworkSet s", "nets: [10.0.0.1]") + object("GlobalNetworkPolicy p",
		"egress: [{action: Deny, protocol: ICMP, notICMP: {type: 8}, destination: {notSelector: \"k contains 'v'\", services: {name: a, namespace: b}}}]")))
	f.Add([]byte(object("GlobalNetworkPolicy h", "selector: \"!has(projectcalico.org/namespace) && role == 'edge'\", types: [Egress], egress: "+
		"[{action: Deny, destination: {nets: [192.0.2.0/24]}}]") + object("StagedNetworkPolicy a/s", "stagedAction: Set, selector: all(), ingress: [{action: Allow, http: {methods: [GET]}}]")))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer func() {
			switch r := recover().(type) {
			case nil, ir.BoundError, set.BoundError:
			default:
				panic(r)
			}
		}()
		in, _ := manifest.ReadFiles([]manifest.File{{Name: "fuzz.yaml", Data: data}}, manifest.Options{})
		for _, text := range []string{"calico@3.29", "calico@3.33,application_layer_policy=true,host_endpoints=true"} {
			pr, err := profile.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			p, diags := Frontend{}.Lift(in.Documents, lift.Options{Profile: pr})
			if !diags.HasErrors() {
				_ = p.Text()
			}
		}
	})
}

func BenchmarkLift(b *testing.B) {
	var text bytes.Buffer
	for i := range 10_000 {
		text.WriteString(object(fmt.Sprintf("NetworkPolicy ns%d/web%d", i%100, i), "order: 1000, selector: app == 'web' && tier != 'x', types: [Ingress, Egress], "+
			"ingress: [{action: Allow, protocol: TCP, source: {namespaceSelector: all(), selector: \"app in {'a', 'b'}\"}, destination: {ports: [80, 443]}}, {action: Deny, source: {nets: [10.0.0.0/8]}}], "+
			"egress: [{action: Allow, destination: {selector: app == 'db'}}]"))
	}
	in, diags := manifest.ReadFiles([]manifest.File{{Name: "many.yaml", Data: text.Bytes()}}, manifest.Options{})
	if len(diags) > 0 {
		b.Fatal(diags)
	}
	pr, _ := profile.Of("calico", "")
	for b.Loop() {
		if _, diags := (Frontend{}).Lift(in.Documents, lift.Options{Profile: pr}); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}
