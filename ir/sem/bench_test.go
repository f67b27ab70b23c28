package sem

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// large is a program of n rules in closed namespaces, ten for each of three
// workloads to a namespace.
func large(n int) *ir.Program {
	r := rand.New(rand.NewPCG(1, 2))
	p := &ir.Program{}
	namespaces := max(1, n/10)
	stage := ir.Stage{Name: ir.StageRules, Levels: []ir.Level{{}}}
	for i := range namespaces {
		ns := fmt.Sprintf("ns%d", i)
		p.Inventory.Namespaces = append(p.Inventory.Namespaces, ir.Namespace{Address: ns, Name: ns, Labels: map[string]string{"team": fmt.Sprint("t", i%20)}})
		for _, app := range []string{"web", "api", "db"} {
			w := ir.Workload{Address: ns + "/" + app, Name: app, Namespace: ns}
			w.Pods, _ = ir.InNamespace(ns).WithLabels(ir.MatchLabels(map[string]string{"app": app}))
			w.Ports = []ir.WorkloadPort{{Name: "main", Number: uint16(8000 + i%50)}}
			p.Inventory.Workloads = append(p.Inventory.Workloads, w)
		}
		stage.Isolate = append(stage.Isolate, ir.Isolation{Subject: ir.Subject{Pods: ir.InNamespace(ns), Kind: ir.SubjectNamespace}})
	}
	workload := func() ir.Pods { return p.Inventory.Workloads[r.IntN(len(p.Inventory.Workloads))].Pods }
	for i := range n {
		var peer ir.Peer = workload()
		switch i % 20 {
		case 0:
			team, _ := ir.Select(ir.Requirement{Key: "team", Constraint: ir.OneOf(fmt.Sprint("t", r.IntN(20)))})
			peer = ir.Pods{Namespace: team, Account: ir.Anything()}
		case 1:
			peer = ir.External{Addresses: cidrs(fmt.Sprintf("203.0.%d.0/24", r.IntN(200)))}
		}
		peers, _ := ir.PeersOf(peer)
		stage.Levels[0].Rules = append(stage.Levels[0].Rules, ir.Rule{
			Subject: ir.Subject{Pods: workload(), Kind: ir.SubjectWorkload}, Peers: peers, Action: ir.Allow,
			Traffic: ir.PortTraffic(ir.TCP, set.SinglePort(uint16(8000+r.IntN(50)))),
		})
	}
	p.Ingress = []ir.Stage{stage}
	egress := p.Clone().Ingress[0]
	egress.Levels[0].Rules = egress.Levels[0].Rules[:len(egress.Levels[0].Rules)/2]
	p.Egress = []ir.Stage{egress}
	return p
}

func shuffled(p *ir.Program) *ir.Program {
	q := p.Clone()
	rules := q.Ingress[0].Levels[0].Rules
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	return q
}

// BenchmarkCompare compares programs with themselves in another order, and then
// with one rule less.
func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		p := large(n)
		p.Index()
		same := shuffled(p)
		// Of a rule between pods the other end's program may let nothing through.
		less := shuffled(p)
		rules := &less.Ingress[0].Levels[0].Rules
		external := slices.IndexFunc(*rules, func(r ir.Rule) bool { return r.Peers.Pods() == nil })
		*rules = slices.Delete(*rules, external, external+1)
		run := func(name string, q *ir.Program, equal bool) {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					c, err := Compare(Policy{{Program: p}}, Policy{{Program: q}}, Options{Inventory: &p.Inventory})
					if err != nil {
						b.Fatal(err)
					}
					lost, err := c.Less(3)
					if err != nil || c.Equal() != equal || (len(lost) == 0) != equal {
						b.Fatal(err, c.Equal(), lost)
					}
				}
			})
		}
		run("same", same, true)
		run("less", less, false)
	}
}
