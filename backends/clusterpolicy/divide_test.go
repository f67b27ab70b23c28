package clusterpolicy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// everything is an engine whose networks match whatever has an address; outside
// one whose networks match the outside alone.
func everything(d ir.Direction, p ir.Peer) bool {
	_, pods := p.(ir.Pods)
	return pods || d == ir.Egress
}

func outside(d ir.Direction, p ir.Peer) bool {
	switch p.(type) {
	case ir.Pods:
		return true
	case ir.External:
		return d == ir.Egress
	}
	return false
}

// TestDivideMeansTheProgram: the entries by priority, a pass leaving all of them
// behind, and then the rest decide every flow as the program does.
func TestDivideMeansTheProgram(t *testing.T) {
	same, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		says := rapid.SampledFrom([]func(ir.Direction, ir.Peer) bool{everything, outside}).Draw(t, "engine")
		denies := rapid.Bool().Draw(t, "denies")
		p := genProgram(t)
		report := lower.Report{}
		entries, rest := Divide(p, &report, Options{Says: says, Denies: denies, Flatten: lower.FlattenOptions{PortsOnly: true, NoAccounts: true}})
		if report.Diags.HasErrors() {
			refused++
			return
		}
		both := rest.Clone()
		both.Egress = slices.Concat(admin(ir.Egress, entries), rest.Egress)
		both.Ingress = slices.Concat(rest.Ingress[:1], admin(ir.Ingress, entries), rest.Ingress[1:])
		both.Index()
		c, err := sem.Compare(sem.Policy{{Program: p, Scope: sem.CNI}}, sem.Policy{{Program: both, Scope: sem.CNI}},
			sem.Options{Inventory: &p.Inventory, Scope: sem.CNI, Transports: true, Plain: true})
		if err != nil {
			t.Fatal(err)
		}
		if !c.Equal() {
			more, _ := c.More(1)
			less, _ := c.Less(1)
			t.Fatalf("more %v\nless %v\n%s\n%s", more, less, p.Text(), both.Text())
		}
		same++
	})
	t.Log("the same", same, "refused", refused)
	if same < refused {
		t.Error("the test shows too little")
	}
}

// admin gives the stage that the entries of a direction are.
func admin(d ir.Direction, entries []Entry) []ir.Stage {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.Direction != d })
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Priority, b.Priority) })
	s := ir.Stage{Name: "Admin"}
	for i, e := range entries {
		if i == 0 || e.Priority != entries[i-1].Priority {
			s.Levels = append(s.Levels, ir.Level{})
		}
		l := &s.Levels[len(s.Levels)-1]
		l.Rules = append(l.Rules, e.Rule)
		if l.Rules[0].Action != e.Rule.Action {
			panic(fmt.Sprint("two actions at priority ", e.Priority))
		}
	}
	if s.Levels == nil {
		return nil
	}
	return []ir.Stage{s}
}

func genProgram(t *rapid.T) *ir.Program {
	p := &ir.Program{Inventory: ir.Inventory{
		Namespaces: []ir.Namespace{{Address: "a", Name: "a", Managed: true}, {Address: "b", Name: "b", Managed: true}},
		Facts: ir.Facts{
			PodCIDRs:  set.AddressesOf(netip.MustParsePrefix("10.244.0.0/16")),
			NodeCIDRs: set.AddressesOf(netip.MustParsePrefix("192.168.0.0/24")),
		},
	}}
	p.Egress, p.Ingress = genStages(t, ir.Egress), append([]ir.Stage{ir.Axioms()}, genStages(t, ir.Ingress)...)
	p.Index()
	return p
}

func genStages(t *rapid.T, d ir.Direction) []ir.Stage {
	var out []ir.Stage
	for i := range rapid.IntRange(0, 3).Draw(t, "tiers") {
		name := fmt.Sprint(d, i)
		s := ir.Stage{Name: name, Order: float64(10 * (i + 1)), Origin: ir.Origin{Kind: ir.FromRule, Address: name}, Levels: []ir.Level{
			genLevel(t, name, ir.Deny), genLevel(t, name, ir.Pass), genLevel(t, name, ir.Allow),
		}}
		if rapid.IntRange(0, 2).Draw(t, "closes") == 0 {
			s.Isolate = []ir.Isolation{{Subject: ir.SubjectOf(genPods(t)), Origin: ir.Origin{Kind: ir.FromDefault, Address: name}}}
		}
		out = append(out, s)
	}
	last := ir.Stage{Name: ir.StageRules, Levels: []ir.Level{genLevel(t, d.String(), ir.Deny), genLevel(t, d.String(), ir.Allow)}}
	if rapid.Bool().Draw(t, "closes") {
		last.Isolate = []ir.Isolation{{Subject: ir.SubjectOf(genPods(t)), Origin: ir.Origin{Kind: ir.FromDefault, Address: d.String()}}}
	}
	return append(out, last)
}

func genLevel(t *rapid.T, name string, a ir.Action) ir.Level {
	var l ir.Level
	for i := range rapid.IntRange(0, 2).Draw(t, "rules") {
		peers := rapid.SampledFrom([]ir.Peer{
			genPods(t), genPods(t), genPods(t), ir.AnyPeer{}, ir.Nodes{Own: true, Other: true}, ir.External{Addresses: set.AllAddresses()},
			ir.External{Addresses: set.AddressesOf(netip.MustParsePrefix("192.0.2.0/24"))},
		}).Draw(t, "peers")
		list, _ := ir.PeersOf(peers)
		traffic := rapid.SampledFrom([]ir.Traffic{
			ir.AllTraffic(), ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.PortTraffic(ir.TCP, set.AllPorts()),
		}).Draw(t, "traffic")
		l.Rules = append(l.Rules, ir.Rule{
			Subject: ir.SubjectOf(genPods(t)), Peers: list, Traffic: traffic, Action: a,
			Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint(name, "/", a, i)},
		})
	}
	return l
}

func genPods(t *rapid.T) ir.Pods {
	p := ir.AllPods()
	p.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: rapid.SampledFrom([]ir.Constraint{ir.OneOf("a"), ir.OneOf("b"), ir.Anything()}).Draw(t, "namespace")})
	p.Labels, _ = ir.Select(ir.Requirement{Key: "app", Constraint: rapid.SampledFrom([]ir.Constraint{ir.Anything(), ir.Anything(), ir.OneOf("x"), ir.Absent()}).Draw(t, "app")})
	return p
}

// TestOrders: a tier's order is a priority, and no other's changes with it.
func TestOrders(t *testing.T) {
	pods, _ := ir.PeersOf(ir.InNamespace("b"))
	tier := func(name string, order float64) ir.Stage {
		var s ir.Stage
		s.Name, s.Order, s.Origin = name, order, ir.Origin{Kind: ir.FromRule, Address: name}
		for _, a := range []ir.Action{ir.Deny, ir.Pass, ir.Allow} {
			s.Levels = append(s.Levels, ir.Level{Rules: []ir.Rule{{Subject: ir.SubjectOf(ir.InNamespace("a")), Peers: pods, Traffic: ir.AllTraffic(), Action: a,
				Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint(name, "/", a)}}}})
		}
		return s
	}
	for _, c := range []struct {
		tiers []ir.Stage
		said  string
		codes int
	}{
		{[]ir.Stage{tier("x", 1)}, "[1 x.deny 2 x.pass 3 x.allow]", 0},
		{[]ir.Stage{tier("x", 996)}, "[996 x.deny 997 x.pass 998 x.allow]", 0},
		{[]ir.Stage{tier("x", 997)}, "", 1},
		{[]ir.Stage{tier("x", 10), tier("y", 13)}, "", 1},
		{[]ir.Stage{tier("x", 10), tier("y", 5000)}, "", 1},
	} {
		report := lower.Report{}
		entries, _ := Divide(&ir.Program{Egress: append(c.tiers, ir.Stage{Name: ir.StageRules})}, &report, Options{Says: everything})
		var said []string
		for _, e := range entries {
			said = append(said, fmt.Sprint(e.Priority, " ", e.Step))
		}
		n := report.Diags.Count(diag.Error)
		if n != c.codes || n == 0 && fmt.Sprint(said) != c.said {
			t.Errorf("%v, %d: %v", said, n, report.Diags)
		}
	}
}
