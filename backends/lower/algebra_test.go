package lower

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

func name(t *testing.T, text string) ir.Name {
	t.Helper()
	n, err := ir.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func external(cidrs ...string) ir.External {
	var list []netip.Prefix
	for _, c := range cidrs {
		list = append(list, netip.MustParsePrefix(c))
	}
	return ir.External{Addresses: set.AddressesOf(list...)}
}

func peersOf(t *testing.T, list ...ir.Peer) ir.Peers {
	t.Helper()
	p, ok := ir.PeersOf(list...)
	if !ok {
		t.Fatal("no peers")
	}
	return p
}

func remote(clusters ir.Constraint, pods ir.Pods) ir.RemotePods {
	return ir.RemotePods{Clusters: clusters, Pods: pods}
}

func role(value string) ir.Selector { return ir.MatchLabels(map[string]string{"role": value}) }

func TestPeersMinus(t *testing.T) {
	names := func(texts ...string) ir.Names {
		var n ir.Names
		for _, x := range texts {
			n.Patterns = append(n.Patterns, name(t, x))
		}
		return n
	}
	nodes := ir.Nodes{Own: true, Other: true}
	server := func(cidrs ...string) ir.APIServer { return ir.APIServer{Addresses: external(cidrs...).Addresses} }
	local := ir.NodeLocal{Addresses: external("169.254.20.10/32").Addresses}
	ab, a := ir.InNamespace("a", "b"), ir.InNamespace("a")
	for _, c := range []struct {
		name       string
		from, take []ir.Peer
		want       string // "" for nothing left
		blocked    string // a word of the reason
	}{
		{"pods", []ir.Peer{ab}, []ir.Peer{a}, "pods(in b)", ""},
		{"a declared namespace by a label that it lacks", []ir.Peer{ab}, []ir.Peer{byTeam("y")}, "pods(in [kubernetes.io/metadata.name=b, team not in {y}]) + pods(in a)", ""},
		{"a declared namespace by its label", []ir.Peer{ab}, []ir.Peer{byTeam("x")}, "pods(in [kubernetes.io/metadata.name=b, team not in {x}])", ""},
		{"any loses its name", []ir.Peer{ir.AnyPeer{}}, []ir.Peer{a, nodes}, "pods(in [kubernetes.io/metadata.name not in {a}]) + infrastructure + world", ""},
		{"any loses other clusters", []ir.Peer{ir.AnyPeer{}}, []ir.Peer{ab, remote(ir.OneOf("west"), ir.AllPods())},
			"of cluster not in {west}: pods(anywhere) + pods(in [kubernetes.io/metadata.name not in {a,b}]) + infrastructure + nodes + world", ""},
		{"other clusters' pods", []ir.Peer{remote(ir.OneOf("west", "north"), ab)}, []ir.Peer{remote(ir.OneOf("west"), a)},
			"of cluster=north: pods(in a,b) + of cluster=west: pods(in b)", ""},
		{"other clusters' pods are not this one's", []ir.Peer{remote(ir.Anything(), a), a}, []ir.Peer{a}, "of any other cluster: pods(in a)", ""},
		{"nodes by label", []ir.Peer{nodes}, []ir.Peer{ir.Nodes{Own: true, Other: true, Labels: role("x")}}, "other nodes{role not in {x}} + own node{role not in {x}}", ""},
		{"nodes by another label", []ir.Peer{ir.Nodes{Other: true, Labels: role("y")}}, []ir.Peer{ir.Nodes{Other: true, Labels: role("x")}}, "other nodes{role=y}", ""},
		{"what listens on nodes by label", []ir.Peer{ir.Nodes{Own: true, Labels: role("x")}}, []ir.Peer{local}, "", "which nodes by label"},
		{"any loses itself", []ir.Peer{ir.AnyPeer{}}, []ir.Peer{ir.AnyPeer{}}, "", ""},
		{"world of any", []ir.Peer{ir.AnyPeer{}}, []ir.Peer{world()}, "pods(anywhere) + infrastructure + nodes", ""},
		{"addresses", []ir.Peer{external("192.0.2.0/24")}, []ir.Peer{external("192.0.2.0/25")}, "external(192.0.2.128/25)", ""},
		{"names of the world", []ir.Peer{world()}, []ir.Peer{names("x.example")}, "", "name"},
		{"the world of names", []ir.Peer{names("x.example")}, []ir.Peer{world()}, "", ""},
		{"addresses of names", []ir.Peer{names("x.example")}, []ir.Peer{external("192.0.2.0/24")}, "", "name"},
		{"a name of its pattern", []ir.Peer{names("*.example.com")}, []ir.Peer{names("a.example.com")}, "", "name"},
		{"a pattern of its names", []ir.Peer{names("a.example.com")}, []ir.Peer{names("**.example.com")}, "", ""},
		{"a pattern of patterns", []ir.Peer{names("*.b.example.com", "**.c.example.com")}, []ir.Peer{names("**.example.com")}, "", ""},
		{"another name", []ir.Peer{names("a.example")}, []ir.Peer{names("b.example")}, "", "name"},
		{"pods of names", []ir.Peer{names("a.example")}, []ir.Peer{a, nodes}, "names(a.example)", ""},
		{"own node", []ir.Peer{nodes}, []ir.Peer{ir.Nodes{Own: true}}, "other nodes", ""},
		{"the local cache of nodes", []ir.Peer{nodes}, []ir.Peer{local}, "", "single addresses"},
		{"nodes of the local cache", []ir.Peer{local}, []ir.Peer{nodes}, "", ""},
		{"other nodes of the local cache", []ir.Peer{local}, []ir.Peer{ir.Nodes{Other: true}}, "node-local(169.254.20.10/32)", ""},
		{"the outside of the local cache", []ir.Peer{local}, []ir.Peer{world()}, "node-local(169.254.20.10/32)", ""},
		{"an unknown server of the world", []ir.Peer{world()}, []ir.Peer{ir.APIServer{}}, "", "node_cidrs"},
		{"the world of an unknown server", []ir.Peer{ir.APIServer{}}, []ir.Peer{world()}, "", "node_cidrs"},
		{"pods of an unknown server", []ir.Peer{ir.APIServer{}}, []ir.Peer{a}, "apiserver", ""},
		{"nodes and the world of an unknown server", []ir.Peer{ir.APIServer{}}, []ir.Peer{nodes, world()}, "", ""},
		{"the server itself", []ir.Peer{ir.APIServer{}, a}, []ir.Peer{ir.APIServer{}}, "pods(in a)", ""},
		{"a server outside, of the world", []ir.Peer{external("203.0.113.0/31")}, []ir.Peer{server("203.0.113.1/32")}, "external(203.0.113.0/32)", ""},
		{"a server on a node, of the world", []ir.Peer{external("203.0.113.0/31")}, []ir.Peer{server("172.16.0.1/32")}, "external(203.0.113.0/31)", ""},
		{"a server on a node, of nodes", []ir.Peer{nodes}, []ir.Peer{server("172.16.0.1/32")}, "", "single addresses"},
		{"the world of a server in both", []ir.Peer{server("203.0.113.1/32", "172.16.0.1/32")}, []ir.Peer{world()}, "apiserver(172.16.0.1/32)", ""},
		{"nodes of a server in both", []ir.Peer{server("203.0.113.1/32", "172.16.0.1/32")}, []ir.Peer{nodes}, "apiserver(203.0.113.1/32)", ""},
		{"nodes of a server on nodes", []ir.Peer{server("172.16.0.1/32")}, []ir.Peer{nodes}, "", ""},
		{"own node of a server on nodes", []ir.Peer{server("172.16.0.1/32")}, []ir.Peer{ir.Nodes{Own: true}}, "", "node_cidrs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inv := testInventory()
			rest, some, ob := domain{inv: &inv}.peersMinus(peersOf(t, c.from...), peersOf(t, c.take...))
			switch {
			case ob != nil:
				if c.blocked == "" || !strings.Contains(ob.reason, c.blocked) {
					t.Errorf("blocked: %s", ob.reason)
				}
			case c.blocked != "":
				t.Errorf("got %s, want it blocked by %s", rest, c.blocked)
			case some != (c.want != "") || some && rest.String() != c.want:
				t.Errorf("got %q, want %q", rest, c.want)
			}
		})
	}
}

func byTeam(team string) ir.Pods {
	p := ir.AllPods()
	p.Namespace = ir.MatchLabels(map[string]string{"team": team})
	return p
}

func TestTrafficMinus(t *testing.T) {
	tcp := func(first, last uint16) ir.Traffic {
		return ir.PortTraffic(ir.TCP, set.PortsOf(set.PortRange{First: first, Last: last}))
	}
	udp := ir.PortTraffic(ir.UDP, set.SinglePort(53))
	web := ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"})
	admin := ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "admin"})
	echo := ir.ICMPTraffic(ir.ICMPOf(ir.ICMPType{Type: 8, Code: -1}), ir.ICMP{})
	echo0 := ir.ICMPTraffic(ir.ICMPOf(ir.ICMPType{Type: 8, Code: 0}), ir.ICMP{})
	every := ir.PortTraffic(ir.TCP, set.AllPorts())
	get, _ := ir.NewRequest(ir.OneOf("GET"), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	post, _ := ir.NewRequest(ir.OneOf("POST"), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	http, _ := tcp(80, 80).WithRequests(get)
	https, _ := tcp(80, 80).Or(udp).WithRequests(get, post)
	dns, _ := udp.WithNames(name(t, "*.example.com"))
	for _, c := range []struct {
		name       string
		from, take ir.Traffic
		portsOnly  bool
		want       string // "none" for nothing left
		blocked    string // a word of the reason
	}{
		{"ports", tcp(80, 90), tcp(85, 100), false, "tcp 80-84", ""},
		{"another protocol", tcp(80, 90), udp, false, "tcp 80-90", ""},
		{"all of it", tcp(80, 90), ir.AllTraffic(), false, "none", ""},
		{"ports of everything", ir.AllTraffic(), tcp(80, 80), false, "", "all traffic"},
		{"ports of everything with ports", ir.AllTraffic(), tcp(80, 80), true, "tcp 1-79,81-65535; udp any; sctp any", ""},
		{"ICMP of everything", ir.AllTraffic(), echo, true, "", "ICMP"},
		{"a name of itself", web.Or(udp), web, false, "udp 53", ""},
		{"a name of a number", tcp(80, 80), web, false, "", "port name"},
		{"a number of a name", web, tcp(80, 80), false, "", "port name"},
		{"a name of another", web, admin, false, "", "port name"},
		{"every number of a name", web, every, false, "none", ""},
		{"a name of every number", every, web, false, "", "port name"},
		{"a name and numbers of more", web.Or(tcp(80, 80)), web.Or(admin).Or(tcp(80, 443)), false, "none", ""},
		{"ICMP of itself", echo, echo, false, "none", ""},
		{"a code of a type", echo, echo0, false, "", "ICMP"},
		{"a type of a code", echo0, echo, false, "none", ""},
		{"a type of any", ir.ICMPTraffic(ir.AnyICMP(), ir.ICMP{}), echo, false, "", "ICMP"},
		{"any of a type", echo, ir.ICMPTraffic(ir.AnyICMP(), ir.ICMP{}), false, "none", ""},
		{"ports of requests", https, tcp(80, 80), false, "udp 53", ""},
		{"other ports of requests", https, udp, false, "tcp 80; http GET any; or POST any", ""},
		{"requests of ports", tcp(80, 80), http, false, "", "HTTP requests"},
		{"requests of other ports", tcp(81, 81), http, false, "tcp 81", ""},
		{"requests of fewer requests", http, https, false, "none", ""},
		{"requests of more requests", https, http, false, "", "HTTP requests"},
		{"names of ports", udp, dns, false, "", "DNS names"},
		{"ports of names", dns, udp, false, "none", ""},
		{"names of themselves", dns, dns, false, "none", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inv := testInventory()
			rest, some, ob := c.from, true, (*obstacle)(nil)
			if trafficOverlaps(c.from, c.take) {
				rest, some, ob = domain{inv: &inv, portsOnly: c.portsOnly}.trafficMinus(c.from, c.take)
			}
			switch {
			case ob != nil:
				if c.blocked == "" || !strings.Contains(ob.reason, c.blocked) {
					t.Errorf("blocked: %s", ob.reason)
				}
			case c.blocked != "":
				t.Errorf("got %s, want it blocked by %s", rest, c.blocked)
			case rest.String() != c.want || some == (c.want == "none"):
				t.Errorf("got %q, want %q", rest, c.want)
			}
		})
	}
}

func TestTrafficAnd(t *testing.T) {
	tcp := func(p uint16) ir.Traffic { return ir.PortTraffic(ir.TCP, set.SinglePort(p)) }
	web := ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"})
	admin := ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "admin"})
	every := ir.PortTraffic(ir.TCP, set.AllPorts())
	echo := ir.ICMPTraffic(ir.ICMPOf(ir.ICMPType{Type: 8, Code: -1}), ir.ICMP{})
	any4 := ir.ICMPTraffic(ir.AnyICMP(), ir.ICMP{})
	get, _ := ir.NewRequest(ir.OneOf("GET"), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
	http, _ := tcp(80).WithRequests(get)
	for _, c := range []struct {
		name    string
		a, b    ir.Traffic
		want    string
		blocked string
	}{
		{"ports", tcp(80).Or(tcp(81)), tcp(81).Or(tcp(82)), "tcp 81", ""},
		{"everything", tcp(80), ir.AllTraffic(), "tcp 80", ""},
		{"of everything", ir.AllTraffic(), echo, "icmp 8", ""},
		{"nothing", tcp(80), tcp(81), "none", ""},
		{"the same name", web.Or(tcp(80)), web.Or(tcp(81)), `tcp "web"`, ""},
		{"a name and every number", web, every, `tcp "web"`, ""},
		{"every number and a name", every, web, `tcp "web"`, ""},
		{"a name of several", web, web.Or(admin), `tcp "web"`, ""},
		{"a name and a number", web, tcp(80), "", "port name"},
		{"ICMP", echo, any4, "icmp 8", ""},
		{"requests stay", http, every, "tcp 80; http GET any", ""},
		{"requests do not come", every, http, "", "HTTP requests"},
	} {
		t.Run(c.name, func(t *testing.T) {
			both, some, ob := trafficAnd(c.a, c.b)
			switch {
			case ob != nil:
				if c.blocked == "" || !strings.Contains(ob.reason, c.blocked) {
					t.Errorf("blocked: %s", ob.reason)
				}
			case c.blocked != "" || both.String() != c.want || some == (c.want == "none"):
				t.Errorf("got %q, want %q %s", both, c.want, c.blocked)
			}
		})
	}
}
