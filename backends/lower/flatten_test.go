package lower

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
	"pgregory.net/rapid"
)

// A small universe, and an evaluator that shares nothing with Flatten: it asks
// of one flow after the other which rule of which level comes first.

type testEnd struct {
	kind      string // pod, own, other, address, server, infra
	namespace string
	labels    map[string]string
	account   string
	address   netip.Addr
}

func (e testEnd) String() string {
	return fmt.Sprint(e.kind, e.namespace, e.labels, e.account, e.address)
}

type testTraffic struct {
	protocol string // tcp, udp, icmp, gre
	port     uint16
	named    bool // the port is what the destination calls "web"
	request  string
}

// testWorld holds the labels of namespaces: those of "b" are not declared.
type testWorld map[string]map[string]string

func testWorlds() []testWorld {
	return []testWorld{
		{"a": {"team": "x"}, "b": {}}, {"a": {"team": "x"}, "b": {"team": "x"}}, {"a": {"team": "x"}, "b": {"team": "y"}},
	}
}

func testPods() []testEnd {
	var out []testEnd
	for _, ns := range []string{"a", "b"} {
		for _, app := range []string{"", "1", "2"} {
			for _, tier := range []string{"", "1"} {
				for _, account := range []string{"s", "t"} {
					labels := map[string]string{}
					if app != "" {
						labels["app"] = app
					}
					if tier != "" {
						labels["tier"] = tier
					}
					out = append(out, testEnd{kind: "pod", namespace: ns, labels: labels, account: account})
				}
			}
		}
	}
	return out
}

func testPeers() []testEnd {
	return append(testPods(), testEnd{kind: "own"}, testEnd{kind: "other"}, testEnd{kind: "infra"},
		testEnd{kind: "address", address: netip.MustParseAddr("192.0.2.1")},
		testEnd{kind: "address", address: netip.MustParseAddr("198.51.100.1")},
		testEnd{kind: "server", address: netip.MustParseAddr("203.0.113.1")})
}

func testFlows() []testTraffic {
	return []testTraffic{
		{"tcp", 80, false, ""}, {"tcp", 80, true, ""}, {"tcp", 80, false, "GET /"}, {"tcp", 443, false, ""}, {"tcp", 443, true, "GET /"},
		{"udp", 80, false, ""}, {"udp", 53, false, ""}, {"icmp", 8, false, ""}, {"icmp", 0, false, ""}, {"gre", 0, false, ""},
	}
}

func testInventory() ir.Inventory {
	return ir.Inventory{
		Namespaces: []ir.Namespace{{Address: "a", Name: "a", Labels: map[string]string{"team": "x"}, Managed: true}},
		Facts:      ir.Facts{NodeCIDRs: set.AddressesOf(netip.MustParsePrefix("172.16.0.0/12")), APIServer: server()},
	}
}

func server() set.Addresses { return set.AddressesOf(netip.MustParsePrefix("203.0.113.1/32")) }

func (w testWorld) pods(p ir.Pods, e testEnd) bool {
	if e.kind != "pod" {
		return false
	}
	labels := map[string]string{ir.NamespaceName: e.namespace}
	for k, v := range w[e.namespace] {
		labels[k] = v
	}
	return p.Namespace.Matches(labels) && p.Labels.Matches(e.labels) && p.Account.Matches(e.account)
}

func (w testWorld) peer(p ir.Peer, e testEnd) bool {
	switch p := p.(type) {
	case ir.AnyPeer:
		return true
	case ir.Pods:
		return w.pods(p, e)
	case ir.External:
		return (e.kind == "address" || e.kind == "server") && p.Addresses.Contains(e.address)
	case ir.Nodes:
		return e.kind == "own" && p.Own || e.kind == "other" && p.Other
	case ir.APIServer:
		return e.kind == "server"
	case ir.Infrastructure:
		return e.kind == "infra"
	}
	panic("a peer that the test does not make")
}

func trafficHas(t ir.Traffic, x testTraffic) bool {
	matched := t.IsAll()
	switch x.protocol {
	case "tcp":
		matched = matched || t.Ports(ir.TCP).Contains(x.port) || x.named && len(namedOf(t, ir.TCP)) > 0
		if matched && t.Requests() != nil {
			return x.request != "" && strings.HasPrefix(t.Requests()[0].String(), "GET")
		}
	case "udp":
		matched = matched || t.Ports(ir.UDP).Contains(x.port)
	case "icmp":
		v4, _ := t.ICMP()
		matched = matched || v4.Contains(ir.ICMPOf(ir.ICMPType{Type: uint8(x.port), Code: -1}))
	}
	return matched
}

func (w testWorld) rule(r *ir.Rule, subject, peer testEnd, x testTraffic) bool {
	if r.Mode != ir.Enforce || r.Action == ir.Log || !w.pods(r.Subject.Pods, subject) || !trafficHas(r.Traffic, x) {
		return false
	}
	for _, p := range r.Peers.List() {
		if w.peer(p, peer) {
			return true
		}
	}
	return false
}

// decide is the verdict of a list of stages.
func (w testWorld) decide(stages []ir.Stage, subject, peer testEnd, x testTraffic) bool {
	for _, s := range stages {
		if verdict, decided := w.decideStage(s, subject, peer, x); decided {
			return verdict
		}
	}
	return true
}

func (w testWorld) decideStage(s ir.Stage, subject, peer testEnd, x testTraffic) (verdict, decided bool) {
	for _, l := range s.Levels {
		found := map[ir.Action]bool{}
		for i := range l.Rules {
			if w.rule(&l.Rules[i], subject, peer, x) {
				found[l.Rules[i].Action] = true
			}
		}
		switch {
		case found[ir.Deny]:
			return false, true
		case found[ir.Allow]:
			return true, true
		case found[ir.Pass]:
			return false, false
		}
	}
	for _, iso := range s.Isolate {
		if w.pods(iso.Subject.Pods, subject) {
			return false, true
		}
	}
	return false, false
}

// Generators.

func genPods(t *rapid.T) ir.Pods {
	p := ir.AllPods()
	ns := []ir.Constraint{ir.Anything(), ir.OneOf("a"), ir.OneOf("b"), ir.NotOneOf("a"), ir.OneOf("a", "b")}
	p.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: rapid.SampledFrom(ns).Draw(t, "namespace")})
	if rapid.IntRange(0, 5).Draw(t, "by team") == 0 {
		c := []ir.Constraint{ir.OneOf("x"), ir.NotOneOf("x"), ir.Absent()}
		team, _ := ir.Select(ir.Requirement{Key: "team", Constraint: rapid.SampledFrom(c).Draw(t, "team")})
		p.Namespace, _ = p.Namespace.And(team)
	}
	app := []ir.Constraint{ir.Anything(), ir.Anything(), ir.OneOf("1"), ir.OneOf("1", "2"), ir.NotOneOf("1"), ir.Present(), ir.Absent()}
	tier := []ir.Constraint{ir.Anything(), ir.Anything(), ir.OneOf("1"), ir.Absent()}
	p.Labels, _ = ir.Select(ir.Requirement{Key: "app", Constraint: rapid.SampledFrom(app).Draw(t, "app")},
		ir.Requirement{Key: "tier", Constraint: rapid.SampledFrom(tier).Draw(t, "tier")})
	if rapid.IntRange(0, 9).Draw(t, "by account") == 0 {
		p.Account = ir.OneOf("s")
	}
	return p
}

func genPeers(t *rapid.T) ir.Peers {
	var list []ir.Peer
	for range rapid.IntRange(1, 2).Draw(t, "peers") {
		switch rapid.IntRange(0, 9).Draw(t, "peer") {
		case 0:
			list = append(list, ir.AnyPeer{})
		case 1:
			list = append(list, world())
		case 2:
			list = append(list, ir.External{Addresses: set.AddressesOf(netip.MustParsePrefix("192.0.2.0/24"))})
		case 3:
			list = append(list, ir.Nodes{Own: true, Other: rapid.Bool().Draw(t, "other")})
		case 4:
			list = append(list, ir.APIServer{Addresses: server()})
		default:
			list = append(list, genPods(t))
		}
	}
	peers, _ := ir.PeersOf(list...)
	return peers
}

func genTraffic(t *rapid.T) ir.Traffic {
	tcp80, tcp443 := ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.PortTraffic(ir.TCP, set.SinglePort(443))
	get, _ := ir.NewRequest(ir.OneOf("GET"), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	requests, _ := tcp80.Or(ir.PortTraffic(ir.UDP, set.SinglePort(53))).WithRequests(get)
	return rapid.SampledFrom([]ir.Traffic{
		ir.AllTraffic(), ir.AllTraffic(), ir.AllTraffic(), tcp80, tcp80, tcp443, tcp80.Or(tcp443), requests,
		ir.PortTraffic(ir.TCP, set.AllPorts()), ir.PortTraffic(ir.UDP, set.SinglePort(53)).Or(tcp80),
		ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"}),
		ir.ICMPTraffic(ir.ICMPOf(ir.ICMPType{Type: 8, Code: -1}), ir.ICMP{}),
	}).Draw(t, "traffic")
}

func genLevel(t *rapid.T, name string, actions ...ir.Action) ir.Level {
	var l ir.Level
	for i := range rapid.IntRange(0, 2).Draw(t, "rules") {
		r := ir.Rule{
			Subject: ir.Subject{Pods: genPods(t), Kind: ir.SubjectInline}, Peers: genPeers(t), Traffic: genTraffic(t),
			Action: rapid.SampledFrom(actions).Draw(t, "action"),
			Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint(name, i)},
		}
		if rapid.IntRange(0, 19).Draw(t, "staged") == 0 {
			r.Mode = ir.Staged
		}
		l.Rules = append(l.Rules, r)
	}
	return l
}

func genIsolation(t *rapid.T, most int) []ir.Isolation {
	var out []ir.Isolation
	for range rapid.IntRange(0, most).Draw(t, "isolations") {
		out = append(out, ir.Isolation{Subject: ir.Subject{Pods: genPods(t)}})
	}
	return out
}

func genStages(t *rapid.T, d ir.Direction) []ir.Stage {
	var out []ir.Stage
	if d == ir.Ingress {
		own, _ := ir.PeersOf(ir.Nodes{Own: true})
		out = append(out, ir.Stage{Name: ir.StageAxioms, Levels: []ir.Level{{Rules: []ir.Rule{{
			Subject: ir.Subject{Pods: ir.AllPods()}, Peers: own, Traffic: ir.AllTraffic(), Action: ir.Allow, Origin: ir.Origin{Kind: ir.FromAxiom},
		}}}}})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "tiers") {
		name := fmt.Sprint(d, "tier", i)
		s := ir.Stage{Name: name, Order: float64(i)}
		if rapid.Bool().Draw(t, "language") {
			s.Levels = []ir.Level{genLevel(t, name+"deny", ir.Deny), genLevel(t, name+"pass", ir.Pass), genLevel(t, name+"allow", ir.Allow)}
		} else {
			for l := range rapid.IntRange(1, 3).Draw(t, "levels") {
				s.Levels = append(s.Levels, genLevel(t, fmt.Sprint(name, "level", l), ir.Deny, ir.Allow, ir.Pass))
			}
		}
		if rapid.IntRange(0, 2).Draw(t, "closes") == 0 {
			s.Isolate = genIsolation(t, 1)
		}
		out = append(out, s)
	}
	last := ir.Stage{Name: ir.StageRules, Isolate: genIsolation(t, 2)}
	if rapid.Bool().Draw(t, "closed") {
		last.Isolate = append(last.Isolate, ir.Isolation{Subject: ir.Subject{Pods: ir.AllPods()}})
	}
	if rapid.IntRange(0, 3).Draw(t, "denies") == 0 {
		last.Levels = append(last.Levels, genLevel(t, fmt.Sprint(d, "deny"), ir.Deny))
	}
	last.Levels = append(last.Levels, genLevel(t, fmt.Sprint(d, "allow"), ir.Allow))
	return append(out, last)
}

func TestFlattenMeansTheSame(t *testing.T) {
	var exact, refused [8]int
	rapid.Check(t, func(t *rapid.T) {
		p := &ir.Program{Egress: genStages(t, ir.Egress), Ingress: genStages(t, ir.Ingress), Inventory: testInventory()}
		if rapid.Bool().Draw(t, "indexed") {
			p.Index()
		}
		mode := rapid.IntRange(0, 3).Draw(t, "mode")
		o := FlattenOptions{KeepDenies: mode&1 != 0, PortsOnly: mode&2 != 0}
		egress, no1 := Flatten(p, ir.Egress, o)
		ingress, no2 := Flatten(p, ir.Ingress, o)
		if len(no1)+len(no2) > 0 {
			refused[mode]++
			return
		}
		exact[mode]++
		checkShape(t, egress, o)
		checkShape(t, ingress, o)
		q := &ir.Program{Egress: []ir.Stage{*egress}, Ingress: []ir.Stage{*ingress}}
		for _, w := range testWorlds() {
			for _, pod := range testPods() {
				for _, peer := range testPeers() {
					for _, x := range testFlows() {
						if o.PortsOnly && (x.protocol == "icmp" || x.protocol == "gre") {
							continue
						}
						w.same(t, p, q, pod, peer, x)
						if peer.kind != "pod" {
							w.same(t, p, q, peer, pod, x)
						}
					}
				}
			}
		}
	})
	for mode := range 4 {
		if exact[mode] == 0 || exact[mode] < refused[mode]/8 {
			t.Errorf("mode %d: %d exact, %d refused: the test shows too little", mode, exact[mode], refused[mode])
		}
	}
	t.Log("exact", exact, "refused", refused)
}

func (w testWorld) same(t *rapid.T, p, q *ir.Program, from, to testEnd, x testTraffic) {
	if want, got := w.passes(p, from, to, x), w.passes(q, from, to, x); want != got {
		t.Fatalf("%v -> %v %v in %v: want %v, got %v", from, to, x, w, want, got)
	}
}

// passes is the verdict end to end.
func (w testWorld) passes(p *ir.Program, from, to testEnd, x testTraffic) bool {
	if from.kind == "pod" && !w.decide(p.Egress, from, to, x) {
		return false
	}
	if to.kind == "pod" && from.kind == "own" {
		return true // the axiom, which no format says
	}
	return to.kind != "pod" || w.decide(p.Ingress, to, from, x)
}

func checkShape(t *rapid.T, s *ir.Stage, o FlattenOptions) {
	if s.Name != ir.StageRules {
		t.Fatalf("stage %q", s.Name)
	}
	for i, l := range s.Levels {
		for _, r := range l.Rules {
			switch {
			case r.Action == ir.Allow && r.Origin.Kind != ir.FromAxiom:
			case r.Action == ir.Deny && o.KeepDenies && i == 0:
			default:
				t.Fatalf("a rule that is %s from %s in level %d", r.Action, r.Origin.Kind, i)
			}
			if len(r.Peers.List()) == 0 || r.Traffic.IsEmpty() {
				t.Fatalf("a rule without peers or traffic: %v", r)
			}
		}
	}
}
