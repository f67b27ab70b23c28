package sem

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
)

// TestBeneath holds what a program means beneath a tunnel to what it decides of
// the flows that are on the wire.
func TestBeneath(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{T: rt, conditional: 1000}
		inv := d.inventory()
		inv.Facts.Tunnel = ir.Tunnel{Port: 9000, Probes: cidrs("169.254.7.127/32")}
		onWire := &ir.Program{Egress: d.stages(), Ingress: d.stages(), Inventory: inv}
		for _, r := range onWire.All() {
			r.Rule.Auth = ir.AnyAuth // nothing on the wire says it
			r.Rule.Traffic = r.Rule.Traffic.WithoutRequests()
		}
		w := ir.Wire{Tunnel: inv.Facts.Tunnel, Outside: d.bool(2)}
		asked := onWire.Beneath(w)
		u := newUniverse(&inv)
		u.mesh = true
		u.gather(onWire)
		if err := u.settle(endsFirst); err != nil {
			rt.Fatal(err)
		}
		s := newSampler(rapid.Uint64().Draw(rt, "seed"), u)
		for range 200 {
			f := s.flow()
			if !w.Outside && f.Source.Kind == OwnNode && w.Probes.Contains(f.Source.Address) {
				continue // whether it is known for the node is the engine's
			}
			if len(f.Calls) > 0 || f.Query != "" || !possible(&f, u) {
				continue
			}
			a := Decide(Policy{{asked, CNI}}, f).Outcome
			b := Decide(Policy{{onWire, CNI}}, wire(f, w)).Outcome
			if a != b {
				rt.Fatalf("%s is %s, and on the wire %s\n%s\n%s", f.Text(&inv), a, b, onWire.Text(), asked.Text())
			}
		}
	})
}

// wire is a flow as a CNI sees it.
func wire(f Flow, w ir.Wire) Flow {
	if f.Authenticated {
		f.Port, f.Request, f.Query = w.Port, nil, ""
	}
	f.Authenticated = false
	if w.Outside && f.Source.Kind == OwnNode && w.Probes.Contains(f.Source.Address) {
		f.Source = Endpoint{Kind: External, Address: f.Source.Address}
	}
	return f
}
