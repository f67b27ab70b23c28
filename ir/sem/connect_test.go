package sem

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// TestConnect holds connections to the reference evaluator: what is wholly
// there is allowed for each flow between the parties, and what is in no
// connection for none.
func TestConnect(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{T: rt}
		inv := d.inventory()
		p := d.policy(inv)
		c, err := newComparison(p, nil, Options{Inventory: &inv, MaxNodes: maxNodes}, endsFirst, (*universe).gatherWorkloads)
		if err != nil {
			rt.Fatal(err)
		}
		m := &mentioned{}
		m.gather(p)
		k := newConnector(&c.encoding, p, m)
		all, err := k.connections(ConnectOptions{})
		if err != nil {
			rt.Fatal(err)
		}
		between := map[[2]*Party][]Connection{}
		for _, one := range all {
			pair := [2]*Party{one.Source, one.Destination}
			between[pair] = append(between[pair], one)
		}
		s := newSampler(rapid.Uint64().Draw(rt, "seed"), c.universe)
		for range 300 {
			f := s.flow()
			if len(f.Calls) > 1 || !possible(&f, c.universe) {
				continue
			}
			values := c.assignment(&f)
			for _, from := range k.parties {
				for _, to := range k.parties {
					if !c.has(from.set[source], values) || !c.has(to.set[destination], values) || !meaningful(&from.Party, &to.Party, c.policed) {
						continue
					}
					verdict := Decide(p, f).Outcome
					if g := f; verdict == Denied {
						if g.Authenticated = !f.Authenticated; possible(&g, c.universe) {
							verdict = Decide(p, g).Outcome
						}
					}
					extents, exampled := has(between[[2]*Party{&from.Party, &to.Party}], &f, &inv)
					seen[fmt.Sprintf("%s %v", verdict, extents)]++
					if verdict == Denied && slices.Contains(extents, Wholly) || verdict == Allowed && extents == nil && !exampled || len(extents) > 1 {
						rt.Fatalf("%s from %s to %s is %s, and connected %v by %v\n%s", f.Text(&inv), from.Name, to.Name, verdict, extents,
							between[[2]*Party{&from.Party, &to.Party}], pair{a: p, options: Options{Inventory: &inv}})
					}
				}
			}
		}
	})
	t.Log(seen)
	for _, want := range []string{"allowed [wholly]", "allowed [partly]", "denied []", "denied [partly]", "denied [unknown]"} {
		if seen[want] == 0 {
			t.Errorf("no flow was %s", want)
		}
	}
}

// has gives the extents of the connections that have a flow, and whether some
// of them only give examples.
func has(list []Connection, f *Flow, inv *ir.Inventory) (extents []Extent, some bool) {
	for _, c := range list {
		if c.Traffic.Has(f, inv) {
			extents = append(extents, c.Extent)
		}
		some = some || onlyExamples(c.Traffic)
	}
	return extents, some
}

func onlyExamples(d Description) bool {
	return slices.ContainsFunc(d, func(c Clause) bool { return c.SuchAs })
}

// lines is connections as text, one to a line.
func lines(list []Connection) string {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%s -> %s: %s", c.Source.Name, c.Destination.Name, c.Traffic)
		if c.Extent != Wholly {
			fmt.Fprintf(&b, " (%s)", c.Extent)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// shop is a closed namespace with two workloads, of which web runs as front.
func shop(rules ...ir.Rule) (Policy, *ir.Inventory) {
	p := &ir.Program{}
	p.Inventory.Namespaces = []ir.Namespace{{Address: "shop", Name: "shop"}}
	for _, name := range []string{"db", "web"} {
		w := ir.Workload{Address: "shop/" + name, Name: name, Namespace: "shop", Pods: app("shop", name)}
		w.Account = map[string]string{"web": "front"}[name]
		p.Inventory.Workloads = append(p.Inventory.Workloads, w)
	}
	stage := ir.Stage{Name: ir.StageRules, Levels: []ir.Level{{Rules: rules}},
		Isolate: []ir.Isolation{{Subject: ir.Subject{Pods: ir.InNamespace("shop")}}}}
	p.Ingress, p.Egress = []ir.Stage{stage}, []ir.Stage{{Isolate: stage.Isolate}}
	return Policy{{p, CNI}}, &p.Inventory
}

func app(ns, name string) ir.Pods {
	return must(ir.InNamespace(ns).WithLabels(ir.MatchLabels(map[string]string{"app": name})))
}

func TestConnectText(t *testing.T) {
	tcp := func(ports ...uint16) ir.Traffic {
		all := set.Ports{}
		for _, p := range ports {
			all = all.Union(set.SinglePort(p))
		}
		return ir.PortTraffic(ir.TCP, all)
	}
	allow := func(peer ir.Peer, t ir.Traffic) ir.Rule {
		return ir.Rule{Subject: ir.Subject{Pods: app("shop", "db")}, Peers: must(ir.PeersOf(peer)), Traffic: t, Action: ir.Allow}
	}
	deny := func(r ir.Rule) ir.Rule {
		r.Action = ir.Deny
		return r
	}
	http := func(path string) ir.Traffic {
		r := must(ir.NewRequest(ir.OneOf("GET"), []ir.Path{parsed(ir.ParsePath(path))}, nil, ir.Selector{}))
		return must(tcp(8080).WithRequests(r))
	}
	world := ir.External{Addresses: set.AllAddresses()}
	tests := []struct {
		name  string
		rules []ir.Rule
		from  string
		want  string
	}{
		{"nothing", nil, "world", ""},
		{"merged ports", []ir.Rule{allow(world, tcp(80)), allow(world, tcp(443).Or(ir.PortTraffic(ir.UDP, set.SinglePort(443))))}, "world",
			"world -> shop/db: tcp 80,443; udp 443\n"},
		{"everything", []ir.Rule{allow(world, ir.AllTraffic())}, "world", "world -> shop/db: any\n"},
		{"all but", []ir.Rule{allow(world, ir.AllTraffic()), deny(allow(world, tcp(22)))}, "world",
			"world -> shop/db: tcp 1-21,23-65535; udp any; sctp any; icmp any; icmpv6 any; protocol other\n"},
		{"requests", []ir.Rule{allow(world, http("/a/**")), allow(world, tcp(80))}, "world",
			"world -> shop/db: tcp 80 + tcp 8080; http GET /a/**\n"},
		{"requests without some", []ir.Rule{allow(world, http("/a/**")), deny(allow(world, http("/a/b")))}, "world",
			"world -> shop/db: tcp 8080; http GET /a/** except tcp 8080; http GET /a/b\n"},
		{"ports by name", []ir.Rule{allow(world, ir.NamedTraffic(ir.NamedPort{Name: "pg"}).Or(tcp(80)))}, "world",
			"world -> shop/db: tcp 80,\"pg\"\n"},
		{"ranges", []ir.Rule{allow(ir.External{Addresses: cidrs("203.0.113.0/24")}, tcp(80)), allow(ir.External{Addresses: cidrs("192.0.2.0/24")}, tcp(80))}, "world",
			"192.0.2.0/24 -> shop/db: tcp 80\n203.0.113.0/24 -> shop/db: tcp 80\n"},
		{"names", []ir.Rule{allow(ir.Names{Patterns: []ir.Name{parsed(ir.ParseName("*.example.com"))}}, tcp(80))}, "world",
			"*.example.com -> shop/db: tcp 80\n"},
		{"a part", []ir.Rule{allow(must(ir.AllPods().At(cidrs("10.0.0.0/24"))), tcp(80))}, "shop/web",
			"shop/web -> shop/db: tcp 80 (partly)\n"},
		{"a condition", []ir.Rule{func() ir.Rule { r := allow(world, tcp(80)); r.If = poolAtoms[:1]; return r }()}, "world",
			"world -> shop/db: tcp 80 (unknown)\n"},
		{"an account that one workload declares", []ir.Rule{allow(must(ir.InNamespace("shop").WithAccount(ir.OneOf("front"))), tcp(80))}, "shop",
			"shop/web -> shop/db: tcp 80\n"},
		{"other pods", []ir.Rule{allow(ir.InNamespace("shop"), tcp(80))}, "shop", `shop/db -> shop/db: tcp 80
shop/web -> shop/db: tcp 80
other pods of shop -> shop/db: tcp 80
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, inv := shop(tt.rules...)
			p[0].Program.Egress = nil
			list, err := Connect(p, inv, ConnectOptions{From: tt.from, To: "shop"})
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(list); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

func TestConnectErrors(t *testing.T) {
	p, inv := shop(ir.Rule{Subject: ir.Subject{Pods: app("shop", "db")}, Peers: must(ir.PeersOf(app("shop", "web"))), Traffic: ir.AllTraffic(), Action: ir.Allow})
	var unknown *UnknownParty
	if _, err := Connect(p, inv, ConnectOptions{From: "shop/wbe"}); !errors.As(err, &unknown) || unknown.Filter != "shop/wbe" {
		t.Errorf("an unknown party gives %v", err)
	}
	var unproved *Unproved
	if list, err := Connect(p, inv, ConnectOptions{MaxNodes: 10}); !errors.As(err, &unproved) || list != nil {
		t.Errorf("a bound that is hit gives %v", err)
	}
}

// cluster is n workloads, twenty to a namespace, and policies that each select
// one and have three rules.
func cluster(n, policies int) (Policy, *ir.Inventory) {
	r := rand.New(rand.NewPCG(1, 2))
	p := &ir.Program{}
	inv := &p.Inventory
	for i := range n {
		ns := fmt.Sprintf("ns%d", i/20)
		if i%20 == 0 {
			inv.Namespaces = append(inv.Namespaces, ir.Namespace{Address: ns, Name: ns, Labels: map[string]string{"team": fmt.Sprint(i % 7)}})
		}
		name := fmt.Sprintf("app%d", i)
		w := ir.Workload{Address: ns + "/" + name, Name: name, Namespace: ns, Pods: app(ns, name)}
		w.Ports = []ir.WorkloadPort{{Name: "main", Number: uint16(8000 + i%50), Protocol: ir.AppProtocol(i % 3)}}
		inv.Workloads = append(inv.Workloads, w)
	}
	any := func() *ir.Workload { return &inv.Workloads[r.IntN(n)] }
	rule := func(subject ir.Subject, peer ir.Peer) ir.Rule {
		t := ir.PortTraffic(ir.TCP, set.SinglePort(uint16(8000+r.IntN(50))))
		if r.IntN(5) == 0 {
			t = ir.NamedTraffic(ir.NamedPort{Name: "main"})
		}
		return ir.Rule{Subject: subject, Peers: must(ir.PeersOf(peer)), Traffic: t, Action: ir.Allow}
	}
	var stages [2]ir.Stage
	for i := range stages {
		stages[i].Levels = make([]ir.Level, 1)
	}
	for i := range policies {
		at := &stages[i%2]
		w := any()
		subject := ir.Subject{Pods: w.Pods}
		at.Isolate = append(at.Isolate, ir.Isolation{Subject: subject})
		for j := range 3 {
			var peer ir.Peer = any().Pods
			switch (3*i + j) % 20 {
			case 0:
				peer = ir.InNamespace(any().Namespace)
			case 1:
				peer = ir.Pods{Namespace: must(ir.Select(ir.Requirement{Key: "team", Constraint: ir.OneOf("3")})), Account: ir.Anything()}
			case 2, 3:
				peer = ir.External{Addresses: cidrs(fmt.Sprintf("203.0.%d.0/24", r.IntN(200)))}
			case 4:
				peer = must(ir.AllPods().WithLabels(ir.MatchLabels(map[string]string{"role": "monitor"})))
			}
			at.Levels[0].Rules = append(at.Levels[0].Rules, rule(subject, peer))
		}
	}
	p.Ingress, p.Egress = stages[:1], stages[1:]
	return Policy{{p, CNI}}, inv
}

func BenchmarkConnect(b *testing.B) {
	p, inv := cluster(2000, 1000)
	n := 0
	for b.Loop() {
		list, err := Connect(p, inv, ConnectOptions{})
		if err != nil {
			b.Fatal(err)
		}
		n = len(list)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(n), "connections")
	b.ReportMetric(float64(m.Sys>>20), "MB-from-system")
}
