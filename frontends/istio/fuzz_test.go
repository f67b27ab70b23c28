package istio

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// FuzzLift: no text makes lifting panic, save over a bound, and nothing that is
// not refused lacks peers, subjects or traffic.
func FuzzLift(f *testing.F) {
	files, err := filepath.Glob("../../golden/istio/*/istio*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, len(data)%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, ambient bool) {
		defer func() {
			switch over := recover().(type) {
			case nil, ir.BoundError, set.BoundError:
			default:
				panic(over)
			}
		}()
		in, _ := manifest.ReadFiles([]manifest.File{{Name: "m.yaml", Data: data}}, manifest.Options{})
		o := under(t, map[bool]string{false: "istio", true: "istio-ambient"}[ambient])
		if ambient {
			o.Inventory.Namespaces = []ir.Namespace{{Address: "shop", Name: "shop", Managed: true, Mesh: true, Waypoint: "way"}}
			o.Inventory.Workloads[0].Services = []ir.Service{{Name: "api", Ports: []ir.ServicePort{{Port: 80, Target: 80}, {Port: 8080, Target: 81}}}}
			o.Inventory.Facts.Waypoints = true
		}
		p, diags := Frontend{}.Lift(in.Documents, o)
		if diags.HasErrors() {
			return
		}
		all := p.All()
		if p.Via != nil {
			all = append(all, (&ir.Program{Egress: p.Via.Egress, Ingress: p.Via.Ingress}).All()...)
		}
		for _, d := range all {
			if len(d.Rule.Peers.List()) == 0 || d.Rule.Traffic.IsEmpty() || d.Rule.Origin.Kind == ir.FromRule && d.Rule.Origin.Range.IsZero() {
				t.Errorf("a rule about nothing: %+v", d.Rule)
			}
		}
	})
}
