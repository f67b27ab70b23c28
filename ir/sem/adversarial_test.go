package sem

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// hostile are programs made to be hard to compare with themselves in another
// order.
var hostile = []struct {
	name    string
	program func() *ir.Program
}{
	{"same keys at both ends", func() *ir.Program { return keyed(30, func(i int) int { return i }, nil) }},
	{"permuted keys at both ends", func() *ir.Program {
		to := rand.New(rand.NewPCG(7, 7)).Perm(30)
		return keyed(30, func(i int) int { return to[i] }, nil)
	}},
	{"keys and ports", func() *ir.Program {
		return keyed(30, nil, func(i int) ir.Traffic { return ir.PortTraffic(ir.TCP, set.SinglePort(uint16(1000+i))) })
	}},
	{"keys at both ends and ports", func() *ir.Program {
		return keyed(30, func(i int) int { return (i + 15) % 30 }, func(i int) ir.Traffic { return ir.PortTraffic(ir.TCP, set.SinglePort(uint16(1000+i))) })
	}},
	{"addresses with exceptions", func() *ir.Program {
		p := &ir.Program{Ingress: []ir.Stage{{Levels: []ir.Level{{}}}}}
		r := rand.New(rand.NewPCG(8, 8))
		for range 500 {
			at := r.IntN(1 << 12)
			a := cidrs(fmt.Sprintf("%d.%d.0.0/%d", 11+at>>8, at&0xff, 12+r.IntN(5))).
				Subtract(cidrs(fmt.Sprintf("%d.%d.%d.0/%d", 11+at>>8, at&0xff, r.IntN(256), 18+r.IntN(7))))
			p.Ingress[0].Levels[0].Rules = append(p.Ingress[0].Levels[0].Rules, allow(ir.AllPods(), ir.AllTraffic(), ir.Located(a)...))
		}
		last := allow(ir.AllPods(), ir.AllTraffic(), ir.External{Addresses: cidrs("192.0.2.7/32")}) // of none of these
		p.Ingress[0].Levels[0].Rules = append(p.Ingress[0].Levels[0].Rules, last)
		p.Ingress[0].Isolate = closed
		return p
	}},
	{"path patterns", func() *ir.Program {
		p := &ir.Program{Ingress: []ir.Stage{{Levels: []ir.Level{{}}}}}
		for i := range 200 {
			path := parsed(ir.ParsePath([]string{"/p%d/**", "/*/q%d/*", "~/r%d/[a-z]+/.*x", "/*/*/s%d"}[i%4]))
			path = parsed(ir.ParsePath(fmt.Sprintf(path.String(), i)))
			t, _ := ir.PortTraffic(ir.TCP, set.SinglePort(80)).WithRequests(must(ir.NewRequest(ir.Anything(), []ir.Path{path}, nil, ir.Selector{})))
			p.Ingress[0].Levels[0].Rules = append(p.Ingress[0].Levels[0].Rules, allow(ir.AllPods(), t, ir.AnyPeer{}))
		}
		p.Ingress[0].Isolate = closed
		return p
	}},
	{"deep tiers", func() *ir.Program {
		p := &ir.Program{}
		for i := range 40 {
			key := func(i int) ir.Pods { return labelled(fmt.Sprint("k", i%10), fmt.Sprint("v", i%3)) }
			pass, deny := allow(key(i), ir.AllTraffic(), key(i+3)), allow(key(i+1), ir.PortTraffic(ir.TCP, set.SinglePort(uint16(80+i))), key(i+5))
			pass.Action, deny.Action = ir.Pass, ir.Deny
			p.Ingress = append(p.Ingress, ir.Stage{Name: fmt.Sprint("tier", i),
				Levels:  []ir.Level{{Rules: []ir.Rule{deny}}, {Rules: []ir.Rule{pass, allow(key(i+2), ir.AllTraffic(), key(i+4))}}},
				Isolate: []ir.Isolation{{Subject: ir.Subject{Pods: key(i), Kind: ir.SubjectInline}}}})
		}
		return p
	}},
}

var closed = []ir.Isolation{{Subject: ir.Subject{Pods: ir.AllPods(), Kind: ir.SubjectCluster}}}

func labelled(key, value string) ir.Pods {
	return must(ir.AllPods().WithLabels(ir.MatchLabels(map[string]string{key: value})))
}

func allow(subject ir.Pods, t ir.Traffic, peers ...ir.Peer) ir.Rule {
	return ir.Rule{Subject: ir.Subject{Pods: subject, Kind: ir.SubjectInline}, Peers: must(ir.PeersOf(peers...)), Traffic: t, Action: ir.Allow}
}

// keyed is a rule for each of n labels: that the destination has it and, where
// they are asked for, the source another and the traffic something.
func keyed(n int, other func(int) int, traffic func(int) ir.Traffic) *ir.Program {
	p := &ir.Program{Ingress: []ir.Stage{{Levels: []ir.Level{{}}, Isolate: closed}}}
	for i := range n {
		var peer ir.Peer = ir.AnyPeer{}
		if other != nil {
			peer = labelled(fmt.Sprint("k", other(i)), "yes")
		}
		t := ir.AllTraffic()
		if traffic != nil {
			t = traffic(i)
		}
		p.Ingress[0].Levels[0].Rules = append(p.Ingress[0].Levels[0].Rules, allow(labelled(fmt.Sprint("k", i), "yes"), t, peer))
	}
	return p
}

// TestHostile checks that what is hard is compared right or not at all, and
// that a missing rule is never overlooked.
func TestHostile(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			p := h.program()
			less := p.Clone()
			last := &less.Ingress[len(less.Ingress)-1].Levels[0].Rules
			*last = (*last)[:len(*last)-1]
			for name, q := range map[string]*ir.Program{"same": shuffled(p), "less": less} {
				c, err := Compare(Policy{{Program: p}}, Policy{{Program: q}}, Options{Inventory: &p.Inventory, MaxNodes: 1 << 18})
				var unproved *Unproved
				switch {
				case errors.As(err, &unproved):
					t.Log(name, err)
				case err != nil || c.Equal() != (name == "same"):
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func BenchmarkHostile(b *testing.B) {
	for _, h := range hostile {
		b.Run(h.name, func(b *testing.B) {
			p := h.program()
			q := shuffled(p)
			b.ReportAllocs()
			for b.Loop() {
				c, err := Compare(Policy{{Program: p}}, Policy{{Program: q}}, Options{Inventory: &p.Inventory})
				if err == nil {
					b.ReportMetric(float64(c.space.Nodes()), "nodes")
				} else {
					b.ReportMetric(0, "nodes")
				}
			}
		})
	}
}
