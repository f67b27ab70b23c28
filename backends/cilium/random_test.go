package cilium

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The property: what the emitted policies let through in the model of
// engine_test.go is what the program lets through. Each side is held to its own
// end, so that no mistake at one hides behind the other.

var namespaceLabels = map[string]map[string]string{
	"a": {ir.NamespaceName: "a", "team": "x"}, "b": {ir.NamespaceName: "b"}, "c": {ir.NamespaceName: "c", "team": "x"},
}

func inventory() ir.Inventory {
	return ir.Inventory{
		Namespaces: []ir.Namespace{
			{Address: "a", Name: "a", Labels: map[string]string{"team": "x"}, Managed: true}, {Address: "b", Name: "b", Managed: true},
		},
		Facts: ir.Facts{
			NodeCIDRs: prefixes("172.16.0.0/12"), APIServer: prefixes("203.0.113.1/32"),
			DNS: ir.DNS{Pods: ir.InNamespace("kube-system"), Port: 53},
		},
	}
}

func prefixes(list ...string) set.Addresses {
	var out []netip.Prefix
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return set.AddressesOf(out...)
}

func podEnds() []*end {
	var out []*end
	for _, ns := range []string{"a", "b", "c"} { // c is not declared
		for _, l := range []map[string]string{{}, {"app": "1"}, {"app": "2"}, {"app": "1", "tier": "1"}, {"tier": "1"}} {
			for _, account := range []string{"s", "t"} {
				out = append(out, &end{kind: "pod", namespace: ns, labels: l, account: account})
			}
		}
	}
	return out
}

func peerEnds() []*end {
	address := func(a string) *end { return &end{kind: "address", address: netip.MustParseAddr(a)} }
	return append(podEnds(), &end{kind: "own"}, &end{kind: "other"}, &end{kind: "health"},
		&end{kind: "server", address: netip.MustParseAddr("203.0.113.1")},
		address("192.0.2.1"), address("192.0.2.200"), address("198.51.100.1"), address("2001:db8::1"), address("10.0.0.1"))
}

func flows() []flow {
	get := func(path, query string) *request { return &request{method: "GET", path: path, query: query} }
	return []flow{
		{protocol: "tcp", port: 80}, {protocol: "tcp", port: 80, named: true}, {protocol: "tcp", port: 443}, {protocol: "tcp", port: 8080, named: true},
		{protocol: "tcp", port: 80, request: get("/a", "")}, {protocol: "tcp", port: 80, request: get("/a/b", "x=/a")},
		{protocol: "tcp", port: 80, request: &request{method: "POST", path: "/a"}},
		{protocol: "tcp", port: 443, request: get("/a", "")},
		{protocol: "udp", port: 80}, {protocol: "udp", port: 53}, {protocol: "sctp", port: 9},
		{protocol: "icmp", port: 8}, {protocol: "icmp", port: 3}, {protocol: "icmpv6", port: 128}, {protocol: "gre"},
	}
}

// What the program says.

func inPods(p ir.Pods, e *end) bool {
	return e.kind == "pod" && p.Namespace.Matches(namespaceLabels[e.namespace]) && p.Labels.Matches(e.labels) && p.Account.Matches(e.account)
}

func inPeers(peers ir.Peers, e *end) bool {
	for _, p := range peers.List() {
		in := false
		switch p := p.(type) {
		case ir.AnyPeer:
			in = true
		case ir.Pods:
			in = inPods(p, e)
		case ir.Nodes:
			in = e.kind == "own" && p.Own || e.kind == "other" && p.Other
		case ir.External:
			in = (e.kind == "address" || e.kind == "server") && p.Addresses.Contains(e.address)
		case ir.APIServer:
			in = e.kind == "server" && (p.Addresses.IsEmpty() || p.Addresses.Contains(e.address))
		case ir.Infrastructure:
			in = e.kind == "health"
		}
		if in {
			return true
		}
	}
	return false
}

func inTraffic(t ir.Traffic, x flow, toPod bool) bool {
	if v4, v6 := t.ICMP(); !t.IsAll() && strings.HasPrefix(x.protocol, "icmp") {
		one := ir.ICMPOf(ir.ICMPType{Type: uint8(x.port), Code: -1})
		return x.protocol == "icmp" && v4.Contains(one) || x.protocol == "icmpv6" && v6.Contains(one)
	}
	in := t.IsAll()
	for _, p := range ir.Protocols {
		if p.String() != x.protocol {
			continue
		}
		in = in || t.Ports(p).Contains(x.port)
		for _, n := range t.Named() {
			in = in || n.Protocol == p && x.named && toPod
		}
	}
	if !in || t.Requests() == nil || x.protocol != "tcp" {
		return in
	}
	if x.request == nil {
		return false
	}
	for _, q := range t.Requests() {
		if q.Method.Matches(x.request.method) && onPaths(q.Paths, x.request.path) {
			return true
		}
	}
	return false
}

func onPaths(paths []ir.Path, path string) bool {
	for _, p := range paths {
		if onPath(p, path) {
			return true
		}
	}
	return false
}

func meant(stages []ir.Stage, subject, peer *end, x flow, toPod bool) bool {
	for _, s := range stages {
		decided := false
		for _, l := range s.Levels {
			found := map[ir.Action]bool{}
			for _, r := range l.Rules {
				if inPods(r.Subject.Pods, subject) && inPeers(r.Peers, peer) && inTraffic(r.Traffic, x, toPod) {
					found[r.Action] = true
				}
			}
			if found[ir.Deny] {
				return false
			}
			if found[ir.Allow] {
				return true
			}
			if decided = found[ir.Pass]; decided {
				break
			}
		}
		if decided {
			continue
		}
		for _, iso := range s.Isolate {
			if inPods(iso.Subject.Pods, subject) {
				return false
			}
		}
	}
	return true
}

// Generators.

func genConstraint(t *rapid.T, name string) ir.Constraint {
	return rapid.SampledFrom([]ir.Constraint{
		ir.Anything(), ir.Anything(), ir.OneOf("1"), ir.OneOf("1", "2"), ir.NotOneOf("1"), ir.Present(), ir.Absent(),
		ir.Present().And(ir.NotOneOf("2")), ir.Absent().Or(ir.OneOf("2")),
	}).Draw(t, name)
}

func genPods(t *rapid.T) ir.Pods {
	p := ir.AllPods()
	ns := []ir.Constraint{ir.Anything(), ir.OneOf("a"), ir.OneOf("a"), ir.OneOf("b"), ir.NotOneOf("a"), ir.OneOf("a", "b"), ir.Present()}
	p.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: rapid.SampledFrom(ns).Draw(t, "namespace")})
	if rapid.IntRange(0, 4).Draw(t, "by team") == 0 {
		c := []ir.Constraint{ir.OneOf("x"), ir.NotOneOf("x"), ir.Absent(), ir.Present(), ir.Absent().Or(ir.OneOf("x"))}
		team, _ := ir.Select(ir.Requirement{Key: "team", Constraint: rapid.SampledFrom(c).Draw(t, "team")})
		p.Namespace, _ = p.Namespace.And(team)
	}
	p.Labels, _ = ir.Select(ir.Requirement{Key: "app", Constraint: genConstraint(t, "app")}, ir.Requirement{Key: "tier", Constraint: genConstraint(t, "tier")})
	if rapid.IntRange(0, 7).Draw(t, "by account") == 0 {
		p.Account = rapid.SampledFrom([]ir.Constraint{ir.OneOf("s"), ir.NotOneOf("s")}).Draw(t, "account")
	}
	return p
}

func genPeers(t *rapid.T) ir.Peers {
	var list []ir.Peer
	for range rapid.IntRange(1, 3).Draw(t, "peers") {
		switch rapid.IntRange(0, 11).Draw(t, "peer") {
		case 0:
			list = append(list, ir.AnyPeer{})
		case 1:
			list = append(list, ir.External{Addresses: set.AllAddresses()})
		case 2:
			list = append(list, ir.External{Addresses: prefixes("192.0.2.0/24").Subtract(prefixes("192.0.2.128/25"))})
		case 3:
			list = append(list, ir.External{Addresses: set.AllAddresses().Subtract(prefixes("192.0.2.0/24"))})
		case 4:
			list = append(list, ir.Nodes{Own: true, Other: rapid.Bool().Draw(t, "other")})
		case 5:
			list = append(list, ir.APIServer{Addresses: prefixes("203.0.113.1/32")})
		default:
			list = append(list, genPods(t))
		}
	}
	peers, _ := ir.PeersOf(list...)
	return peers
}

func genTraffic(t *rapid.T, a ir.Action) ir.Traffic {
	tcp80, tcp443 := ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.PortTraffic(ir.TCP, set.SinglePort(443))
	list := []ir.Traffic{
		ir.AllTraffic(), ir.AllTraffic(), tcp80, tcp80, tcp443, tcp80.Or(tcp443), ir.PortTraffic(ir.TCP, set.AllPorts()),
		ir.PortTraffic(ir.UDP, set.PortsOf(set.PortRange{First: 50, Last: 79})).Or(tcp80), ir.PortTraffic(ir.SCTP, set.AllPorts()),
		ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"}).Or(tcp443),
		ir.ICMPTraffic(ir.ICMPOf(ir.ICMPType{Type: 8, Code: -1}), ir.ICMPOf(ir.ICMPType{Type: 128, Code: -1})).Or(tcp80),
	}
	if a == ir.Allow {
		for _, path := range []string{"/a", "/a/**", "/*", "~/a.*"} {
			p, err := ir.ParsePath(path)
			if err != nil {
				t.Fatal(err)
			}
			q, _ := ir.NewRequest(rapid.SampledFrom([]ir.Constraint{ir.Anything(), ir.OneOf("GET"), ir.OneOf("GET", "POST")}).Draw(t, "method"), []ir.Path{p}, nil, ir.Selector{})
			x, _ := tcp80.Or(ir.PortTraffic(ir.UDP, set.SinglePort(80))).WithRequests(q)
			list = append(list, x)
		}
	}
	return rapid.SampledFrom(list).Draw(t, "traffic")
}

func genLevel(t *rapid.T, name string, a ir.Action, most int) ir.Level {
	var l ir.Level
	for i := range rapid.IntRange(0, most).Draw(t, "rules") {
		l.Rules = append(l.Rules, ir.Rule{
			Subject: genSubject(t), Peers: genPeers(t), Traffic: genTraffic(t, a), Action: a,
			Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint(name, "/", i)},
		})
	}
	return l
}

func genSubject(t *rapid.T) ir.Subject {
	pods := genPods(t)
	switch ns, single := pods.SingleNamespace(); {
	case single && pods.Equal(ir.InNamespace(ns)) && ns != "c":
		return ir.Subject{Pods: pods, Address: ns, Kind: ir.SubjectNamespace}
	case pods.IsAll():
		return ir.Subject{Pods: pods, Address: "cluster", Kind: ir.SubjectCluster}
	}
	return ir.Subject{Pods: pods, Address: pods.String(), Kind: ir.SubjectInline}
}

func genStages(t *rapid.T, d ir.Direction) []ir.Stage {
	var out []ir.Stage
	if d == ir.Ingress {
		own, _ := ir.PeersOf(ir.Nodes{Own: true})
		out = append(out, ir.Stage{Name: ir.StageAxioms, Levels: []ir.Level{{Rules: []ir.Rule{{
			Subject: ir.Subject{Pods: ir.AllPods()}, Peers: own, Traffic: ir.AllTraffic(), Action: ir.Allow, Origin: ir.Origin{Kind: ir.FromAxiom},
		}}}}})
	}
	if rapid.IntRange(0, 3).Draw(t, "tier") == 0 {
		s := ir.Stage{Name: "tier", Order: 1}
		for _, a := range []ir.Action{ir.Deny, ir.Pass, ir.Allow} {
			s.Levels = append(s.Levels, genLevel(t, "tier-"+a.String(), a, 1))
		}
		out = append(out, s)
	}
	last := ir.Stage{Name: ir.StageRules}
	for i := range rapid.IntRange(0, 2).Draw(t, "defaults") {
		last.Isolate = append(last.Isolate, ir.Isolation{Subject: genSubject(t), Origin: ir.Origin{Kind: ir.FromDefault, Address: fmt.Sprint("default", i)}})
	}
	last.Levels = []ir.Level{genLevel(t, "deny", ir.Deny, 2), genLevel(t, "allow", ir.Allow, 4)}
	return append(out, last)
}

func TestMeansTheSame(t *testing.T) {
	target, older := to(t, "cilium"), to(t, "cilium@1.18")
	exact, refused := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		p := &ir.Program{Egress: genStages(r, ir.Egress), Ingress: genStages(r, ir.Ingress), Inventory: inventory()}
		p.Index()
		on := target
		anyCluster := rapid.Bool().Draw(r, "any cluster")
		if anyCluster {
			on = older
		}
		objects, diags := (Backend{}).Lower(p, on)
		if len(diags) > 0 {
			refused++
			return
		}
		exact++
		compare(r, p, &engine{readBack(t, objects), anyCluster}, on)
	})
	t.Logf("%d exact, %d refused", exact, refused)
	if exact < refused/4 {
		t.Error("the test shows too little")
	}
}

func compare(t *rapid.T, p *ir.Program, n *engine, on lower.Target) {
	ends, all := podEnds(), flows()
	for _, subject := range ends {
		for _, peer := range peerEnds() {
			for _, x := range all {
				if want, got := meant(p.Egress, subject, peer, x, peer.kind == "pod"), n.verdict(ir.Egress, subject, peer, x); want != got {
					t.Fatalf("%v: %+v to %+v, %+v: want %v, got %v\n%s", on.Profile, *subject, *peer, x, want, got, p.Text())
				}
				if want, got := meant(p.Ingress, subject, peer, x, true), n.verdict(ir.Ingress, subject, peer, x); want != got {
					t.Fatalf("%v: %+v from %+v, %+v: want %v, got %v\n%s", on.Profile, *subject, *peer, x, want, got, p.Text())
				}
			}
		}
	}
}
