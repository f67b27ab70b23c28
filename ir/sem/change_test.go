package sem

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// TestChanges holds changes to the comparison that they are of: there are some
// exactly where the policies differ, and a flow on which they do is of the
// traffic of a change in its direction.
func TestChanges(t *testing.T) {
	differ := 0
	rapid.Check(t, func(rt *rapid.T) {
		p := draw{T: rt}.pair()
		c, err := Compare(p.a, p.b, p.options)
		if err != nil {
			rt.Fatal(err)
		}
		changes, left, err := c.Changes(10_000)
		if err != nil || left > 0 {
			rt.Fatal(err, left)
		}
		if c.Equal() != (changes == nil) {
			rt.Fatalf("equal is %v, and the changes %v", c.Equal(), changes)
		}
		for _, change := range changes {
			if !change.Traffic.Has(&change.Least.Flow, p.options.Inventory) && !onlyExamples(change.Traffic) && len(change.Least.Flow.Calls) < 2 {
				rt.Fatalf("%s is not of %s\n%s", change.Least.Flow.Text(p.options.Inventory), change.Traffic, p)
			}
		}
		s := newSampler(rapid.Uint64().Draw(rt, "seed"), c.universe)
		for range 200 {
			f := s.flow()
			if len(f.Calls) > 1 || !possible(&f, c.universe) || !c.expressible(&f) {
				continue
			}
			values := c.assignment(&f)
			for gained, d := range map[bool]bool{true: c.has(c.more, values), false: c.has(c.less, values)} {
				if d && !described(changes, gained, &f, p.options.Inventory) {
					rt.Fatalf("%s is of no change\n%s", f.Text(p.options.Inventory), p)
				}
				if d {
					differ++
				}
			}
		}
	})
	if differ == 0 {
		t.Error("no flow differed")
	}
}

func described(changes []Change, gained bool, f *Flow, inv *ir.Inventory) bool {
	for _, c := range changes {
		if c.Gained == gained && (onlyExamples(c.Traffic) || c.Traffic.Has(f, inv)) {
			return true
		}
	}
	return false
}

func TestChangesText(t *testing.T) {
	rule := func(peer ir.Peer, port uint16) ir.Rule {
		return ir.Rule{Subject: ir.Subject{Pods: app("shop", "db")}, Peers: must(ir.PeersOf(peer)),
			Traffic: ir.PortTraffic(ir.TCP, set.SinglePort(port)), Action: ir.Allow}
	}
	web := rule(app("shop", "web"), 80)
	world := ir.External{Addresses: set.AllAddresses()}
	extra := must(app("shop", "web").WithLabels(ir.MatchLabels(map[string]string{"role": "admin"})))
	tests := []struct {
		name     string
		old, new []ir.Rule
		want     string
	}{
		{"nothing", []ir.Rule{web}, []ir.Rule{web, web}, ""},
		{"another port", []ir.Rule{web}, []ir.Rule{rule(app("shop", "web"), 81)}, `+ shop/web -> shop/db: tcp 81
- shop/web -> shop/db: tcp 80
`},
		{"the world", nil, []ir.Rule{rule(world, 80)}, "+ world -> shop/db: tcp 80\n"},
		{"another namespace", nil, []ir.Rule{rule(ir.InNamespace("else"), 80)}, "+ pods of else -> shop/db: tcp 80\n"},
		{"labels that no workload has", nil, []ir.Rule{rule(extra, 80)}, "+ shop/web -> shop/db: tcp 80 (partly)\n"},
		{"the whole namespace", nil, []ir.Rule{rule(ir.InNamespace("shop"), 80)}, `+ shop/db -> shop/db: tcp 80
+ shop/web -> shop/db: tcp 80
+ other pods of shop -> shop/db: tcp 80
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, inv := shop(tt.old...)
			b, _ := shop(tt.new...)
			a[0].Program.Egress, b[0].Program.Egress = nil, nil
			c, err := Compare(a, b, Options{Inventory: inv, Scope: CNI})
			if err != nil {
				t.Fatal(err)
			}
			changes, _, err := c.Changes(100)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, change := range changes {
				fmt.Fprintf(&got, "%s %s -> %s: %s", map[bool]string{true: "+", false: "-"}[change.Gained],
					change.Source.Name, change.Destination.Name, change.Traffic)
				if change.Partly {
					got.WriteString(" (partly)")
				}
				got.WriteString("\n")
			}
			if got.String() != tt.want {
				t.Errorf("got\n%swant\n%s", &got, tt.want)
			}
			if some, left, err := c.Changes(1); err != nil || len(some) != min(1, len(changes)) || left < len(changes)-1 {
				t.Errorf("one of %d: %v and %d, %v", len(changes), some, left, err)
			}
		})
	}
}

// BenchmarkChanges is what changes add to the comparison of 10,000 rules of
// which one is another.
func BenchmarkChanges(b *testing.B) {
	p := large(10_000)
	q := p.Clone()
	q.Ingress[0].Levels[0].Rules[1].Traffic = ir.PortTraffic(ir.TCP, set.SinglePort(9999))
	c, err := Compare(Policy{{p, CNI}}, Policy{{q, CNI}}, Options{Inventory: &p.Inventory, Scope: CNI})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if list, _, err := c.Changes(100); err != nil || len(list) == 0 {
			b.Fatal(list, err)
		}
	}
}
