package cilium

import (
	"fmt"
	"net/netip"
	"slices"
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
	pods := podEnds()
	far := []*end{pods[0], pods[2], pods[16], pods[27]}
	for _, e := range far {
		e.kind = "remote"
	}
	return slices.Concat(podEnds(), far, []*end{{kind: "own"}, {kind: "other"}, {kind: "other", labels: map[string]string{"role": "x"}}, {kind: "health"},
		{kind: "server", address: netip.MustParseAddr("203.0.113.1")},
		address("192.0.2.1"), address("192.0.2.200"), address("198.51.100.1"), address("2001:db8::1"), address("10.0.0.1")})
}

func nodeEnds() []*end {
	return []*end{{kind: "own"}, {kind: "own", labels: map[string]string{"role": "x"}}, {kind: "own", labels: map[string]string{"role": "y"}}}
}

func flows() []flow {
	get := func(path, query string) *request { return &request{method: "GET", path: path, query: query} }
	return []flow{
		{protocol: "tcp", port: 80}, {protocol: "tcp", port: 80, named: true}, {protocol: "tcp", port: 443}, {protocol: "tcp", port: 8080, named: true},
		{protocol: "tcp", port: 80, request: get("/a", "")}, {protocol: "tcp", port: 80, request: get("/a/b", "x=/a")},
		{protocol: "tcp", port: 80, request: &request{method: "POST", path: "/a"}},
		{protocol: "tcp", port: 443, request: get("/a", "")}, {protocol: "tcp", port: 443, server: "a.x.io"}, {protocol: "tcp", port: 80, server: "b.x.io"},
		{protocol: "tcp", port: 443, server: "a.b.x.io"},
		{protocol: "udp", port: 80}, {protocol: "udp", port: 53}, {protocol: "sctp", port: 9},
		{protocol: "icmp", port: 8}, {protocol: "icmp", port: 3}, {protocol: "icmpv6", port: 128}, {protocol: "gre"},
	}
}

// What the program says.

func inPods(p ir.Pods, e *end) bool { return e.kind == "pod" && fits(p, e) }

func fits(p ir.Pods, e *end) bool {
	return p.Namespace.Matches(namespaceLabels[e.namespace]) && p.Labels.Matches(e.labels) && p.Account.Matches(e.account)
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
			in = (e.kind == "own" && p.Own || e.kind == "other" && p.Other) && p.Labels.Matches(e.labels)
		case ir.RemotePods:
			in = e.kind == "remote" && p.Clusters.Matches("west") && fits(p.Pods, e)
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

func governs(s ir.Subject, e *end) bool {
	if s.Kind == ir.SubjectNodes {
		return e.kind == "own" && s.Nodes.Matches(e.labels)
	}
	return inPods(s.Pods, e)
}

func holds(list []ir.Condition, x flow) bool {
	for _, c := range list {
		if n, ok := c.ServerName(); !ok || x.server == "" || !n.Matches(x.server) {
			return false
		}
	}
	return true
}

func meant(stages []ir.Stage, subject, peer *end, x flow, toPod bool) bool {
	for _, s := range stages {
		decided := false
		for _, l := range s.Levels {
			found := map[ir.Action]bool{}
			for _, r := range l.Rules {
				if governs(r.Subject, subject) && inPeers(r.Peers, peer) && inTraffic(r.Traffic, x, toPod) && holds(r.If, x) {
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
			if governs(iso.Subject, subject) {
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
		switch rapid.IntRange(0, 14).Draw(t, "peer") {
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
		case 6:
			clusters := []ir.Constraint{ir.Anything(), ir.OneOf("west"), ir.OneOf("north"), ir.Present().And(ir.NotOneOf("north"))}
			list = append(list, ir.RemotePods{Clusters: rapid.SampledFrom(clusters).Draw(t, "clusters"), Pods: genPods(t)})
		case 7:
			list = append(list, ir.Nodes{Own: rapid.Bool().Draw(t, "own"), Other: true, Labels: genRole(t)})
		case 8:
			list = append(list, ir.External{Addresses: many()})
		default:
			list = append(list, genPods(t))
		}
	}
	peers, _ := ir.PeersOf(list...)
	return peers
}

func genRole(t *rapid.T) ir.Selector {
	c := []ir.Constraint{ir.OneOf("x"), ir.NotOneOf("x"), ir.Present()}
	s, _ := ir.Select(ir.Requirement{Key: "role", Constraint: rapid.SampledFrom(c).Draw(t, "role")})
	return s
}

// many is addresses that become a group.
func many() set.Addresses {
	var list []string
	for i := range 32 {
		list = append(list, fmt.Sprintf("192.0.2.%d/30", 8*i))
	}
	return prefixes(list...)
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
		r := ir.Rule{
			Subject: genSubject(t), Peers: genPeers(t), Traffic: genTraffic(t, a), Action: a,
			Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint(name, "/", i)},
		}
		if a == ir.Allow && rapid.IntRange(0, 5).Draw(t, "by server") == 0 {
			n, err := ir.ParseName(rapid.SampledFrom([]string{"a.x.io", "*.x.io", "**.x.io"}).Draw(t, "server"))
			if err != nil {
				t.Fatal(err)
			}
			r.If = []ir.Condition{ir.ServerName(n)}
			r.Traffic = ir.PortTraffic(ir.TCP, set.SinglePort(rapid.SampledFrom([]uint16{80, 443}).Draw(t, "port")))
		}
		l.Rules = append(l.Rules, r)
	}
	return l
}

// genHosts gives the programs of nodes: those of pods, for nodes.
func genHosts(t *rapid.T) ir.Hosts {
	var h ir.Hosts
	if rapid.IntRange(0, 2).Draw(t, "hosts") > 0 {
		return h
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		stages := slices.DeleteFunc(genStages(t, d), func(s ir.Stage) bool { return s.Name == ir.StageAxioms })
		for i := range stages {
			for k := range stages[i].Isolate {
				stages[i].Isolate[k].Subject = genNodes(t)
			}
			for _, l := range stages[i].Levels {
				for k := range l.Rules {
					r := &l.Rules[k]
					r.Subject, r.Traffic, r.If = genNodes(t), r.Traffic.WithoutRequests(), nil
					if peers, some := withoutSelf(r.Peers); some {
						r.Peers = peers
					} else {
						r.Peers, _ = ir.PeersOf(ir.AllPods())
					}
				}
			}
		}
		if d == ir.Egress {
			h.Egress = stages
		} else {
			h.Ingress = stages
		}
	}
	return h
}

func genNodes(t *rapid.T) ir.Subject {
	s := ir.Subject{Kind: ir.SubjectNodes, Address: "nodes/all"}
	if rapid.Bool().Draw(t, "some nodes") {
		s.Nodes = genRole(t)
		s.Address = "nodes " + s.Nodes.String()
	}
	return s
}

func withoutSelf(p ir.Peers) (ir.Peers, bool) {
	list := slices.Clone(p.List())
	for i, q := range list {
		if n, ok := q.(ir.Nodes); ok {
			n.Own = false
			list[i] = n
		}
	}
	return ir.PeersOf(list...)
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

// byLabel gives the peers without accounts and the API server.
func byLabel(p ir.Peers) ir.Peers {
	var list []ir.Peer
	for _, q := range p.List() {
		if pods, ok := q.(ir.Pods); ok {
			pods.Account = ir.Anything()
			q = pods
		}
		if _, server := q.(ir.APIServer); !server {
			list = append(list, q)
		}
	}
	peers, some := ir.PeersOf(list...)
	if !some {
		peers, _ = ir.PeersOf(ir.InNamespace("b"))
	}
	return peers
}

func genStages(t *rapid.T, d ir.Direction) []ir.Stage {
	var out []ir.Stage
	if d == ir.Ingress {
		own, _ := ir.PeersOf(ir.Nodes{Own: true})
		out = append(out, ir.Stage{Name: ir.StageAxioms, Levels: []ir.Level{{Rules: []ir.Rule{{
			Subject: ir.Subject{Pods: ir.AllPods()}, Peers: own, Traffic: ir.AllTraffic(), Action: ir.Allow, Origin: ir.Origin{Kind: ir.FromAxiom},
		}}}}})
	}
	for i := range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "tiers") {
		s := ir.Stage{Name: fmt.Sprint("tier", i), Order: float64(i)}
		ports := rapid.IntRange(0, 3).Draw(t, "ports only") > 0
		for _, a := range []ir.Action{ir.Deny, ir.Pass, ir.Allow} {
			l := genLevel(t, fmt.Sprint("tier", i, "-", a), a, 1)
			for k := range l.Rules {
				r := &l.Rules[k]
				if ports && !portsOnly(r) {
					r.Traffic, r.If = ir.PortTraffic(ir.TCP, set.SinglePort(80)), nil
					r.Subject = ir.SubjectOf(ir.InNamespace("a"))
				}
				if ports {
					r.Peers = byLabel(r.Peers)
				}
			}
			s.Levels = append(s.Levels, l)
		}
		if rapid.IntRange(0, 4).Draw(t, "tier closes") == 0 {
			s.Isolate = []ir.Isolation{{Subject: ir.SubjectOf(ir.InNamespace("a")), Origin: ir.Origin{Kind: ir.FromDefault, Address: s.Name}}}
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
	const switches = ",host_firewall=true,node_selector_labels=true,cluster_name=here,cluster_mesh=true"
	target, older := to(t, "cilium"+switches), to(t, "cilium@1.18"+switches)
	tiered := to(t, "cilium,cluster_network_policy=true"+switches)
	exact, refused, hosts, tiers := 0, 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		p := &ir.Program{Egress: genStages(r, ir.Egress), Ingress: genStages(r, ir.Ingress), Hosts: genHosts(r), Inventory: inventory()}
		p.Inventory.Facts.ClusterMesh = true
		p.Index()
		on := target
		anyCluster := rapid.Bool().Draw(r, "any cluster")
		if anyCluster {
			on = older
		} else if rapid.Bool().Draw(r, "cluster policies") {
			on = tiered
		}
		objects, diags := (Backend{}).Lower(p, on)
		if len(diags) > 0 {
			refused++
			return
		}
		exact++
		if !p.Hosts.IsEmpty() {
			hosts++
		}
		n := readAll(t, objects)
		n.anyCluster = anyCluster
		if len(n.tiers) > 0 {
			tiers++
		}
		compare(r, p, n, on)
	})
	t.Logf("%d exact, %d of them with nodes, %d with tiers, %d refused", exact, hosts, tiers, refused)
	if exact < refused/4 || hosts == 0 || tiers == 0 {
		t.Error("the test shows too little")
	}
}

func compare(t *rapid.T, p *ir.Program, n *engine, on lower.Target) {
	all, peers := flows(), peerEnds()
	hold := func(subjects []*end, d ir.Direction, stages []ir.Stage) {
		for _, subject := range subjects {
			for _, peer := range peers {
				if subject.kind == "own" && peer.kind == "own" {
					continue // a node is not policed towards itself
				}
				toPod := d == ir.Egress && peer.kind == "pod" || d == ir.Ingress && subject.kind == "pod"
				verdict := n.verdict(d, subject, peer)
				for _, x := range all {
					if want, got := meant(stages, subject, peer, x, toPod), verdict(x); want != got {
						t.Fatalf("%v: %v of %+v with %+v, %+v: want %v, got %v\n%s", on.Profile, d, *subject, *peer, x, want, got, p.Text())
					}
				}
			}
		}
	}
	hold(podEnds(), ir.Egress, p.Egress)
	hold(podEnds(), ir.Ingress, p.Ingress)
	hold(nodeEnds(), ir.Egress, p.Hosts.Egress)
	hold(nodeEnds(), ir.Ingress, p.Hosts.Ingress)
}
