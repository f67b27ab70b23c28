package sem

import (
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Each case is two policies that are equal by one axiom only. tweak takes away
// what the axiom rests on, where it rests on something.
var axioms = []struct {
	name  string
	inv   ir.Inventory
	scope Scope

	transports bool
	egress     bool      // the rules are of egress programs
	a, b       []ir.Rule // of programs that close every pod's ingress
	tweak      func(*ir.Inventory, *Options)
}{
	{name: "pods have addresses of the stated ranges",
		inv:   ir.Inventory{Facts: ir.Facts{PodCIDRs: cidrs("10.0.0.0/16")}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.AllPods())},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), at(cidrs("10.0.0.0/16")))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.PodCIDRs = cidrs("10.0.0.0/15") },
	},
	{name: "pods have private addresses where no range is stated",
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.AllPods())},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), at(ir.Private()))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.PodCIDRs = cidrs("192.0.2.0/24") },
	},
	{name: "pods have no address of which something else is stated",
		inv:   ir.Inventory{Facts: ir.Facts{ServiceCIDRs: cidrs("10.2.0.0/16"), APIServer: cidrs("10.1.0.0/16")}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.AllPods())},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), at(ir.Private().Subtract(cidrs("10.1.0.0/16", "10.2.0.0/16"))))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.APIServer = set.Addresses{} },
	},
	{name: "nodes have addresses of the stated ranges",
		inv:   ir.Inventory{Facts: ir.Facts{NodeCIDRs: cidrs("10.1.0.0/16")}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.Nodes{Own: true, Other: true})},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.Nodes{Own: true, Other: true, Except: cidrs("10.1.0.0/16").Complement()})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.NodeCIDRs = cidrs("10.1.0.0/15") },
	},
	{name: "what listens on a node for its own pods has an address there",
		inv: ir.Inventory{Facts: ir.Facts{NodeCIDRs: cidrs("10.1.0.0/16"), DNS: ir.DNS{NodeLocal: cidrs("169.254.20.10/32")}}},
		a:   []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.Nodes{Own: true})},
		b: []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.Nodes{Own: true, Except: cidrs("10.1.0.0/16").Complement()},
			ir.NodeLocal{Addresses: cidrs("169.254.20.10/32")})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.DNS.NodeLocal = cidrs("169.254.20.0/24") },
	},
	{name: "external endpoints are outside the stated ranges",
		inv:   ir.Inventory{Facts: ir.Facts{PodCIDRs: cidrs("10.0.0.0/16"), ServiceCIDRs: cidrs("10.2.0.0/16"), NodeCIDRs: cidrs("10.1.0.0/16")}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.External{Addresses: set.AllAddresses()})},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.External{Addresses: cidrs("10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16").Complement()})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.ServiceCIDRs = set.Addresses{} },
	},
	{name: "both ends are of one family",
		inv:   ir.Inventory{Facts: ir.Facts{PodCIDRs: cidrs("10.0.0.0/16")}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.External{Addresses: set.AllAddresses()})},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.External{Addresses: set.AllIPv4()})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.PodCIDRs = cidrs("10.0.0.0/16", "fd00::/64") },
	},
	{name: "both ends are of one family, the other way round",
		inv:   ir.Inventory{Facts: ir.Facts{PodCIDRs: cidrs("fd00::/64")}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.External{Addresses: set.AllAddresses()})},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.External{Addresses: set.AllIPv6()})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.PodCIDRs = cidrs("10.0.0.0/16", "fd00::/64") },
	},
	{name: "ICMP is of IPv4",
		a: []ir.Rule{allow(ir.AllPods(), ir.ICMPTraffic(ir.AnyICMP(), ir.ICMP{}), ir.External{Addresses: set.AllAddresses()})},
		b: []ir.Rule{allow(ir.AllPods(), ir.ICMPTraffic(ir.AnyICMP(), ir.ICMP{}), ir.External{Addresses: set.AllIPv4()})},
	},
	{name: "ICMPv6 is of IPv6",
		a: []ir.Rule{allow(ir.AllPods(), ir.ICMPTraffic(ir.ICMP{}, ir.AnyICMP()), ir.External{Addresses: set.AllAddresses()})},
		b: []ir.Rule{allow(ir.AllPods(), ir.ICMPTraffic(ir.ICMP{}, ir.AnyICMP()), ir.External{Addresses: set.AllIPv6()})},
	},
	{name: "no other cluster is called as this one",
		inv: ir.Inventory{Facts: ir.Facts{ClusterMesh: true, ClusterName: "east"}},
		a:   []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.RemotePods{Clusters: ir.NotOneOf("west"), Pods: ir.AllPods()})},
		b: []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(),
			ir.RemotePods{Clusters: ir.NotOneOf("east", "west"), Pods: ir.AllPods()})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.ClusterName = "north" },
	},
	{name: "pods of a workload run as its account",
		inv:   ir.Inventory{Workloads: []ir.Workload{{Namespace: "shop", Pods: pods("shop", "web"), Account: "web"}}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), pods("shop", "web"))},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), running(pods("shop", "web"), "web"))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Workloads[0].Account = "" },
	},
	{name: "only workloads that declare an account run as it",
		inv: ir.Inventory{Workloads: []ir.Workload{
			{Namespace: "shop", Pods: pods("shop", "web"), Account: "web"}, {Namespace: "shop", Pods: pods("shop", "api"), Account: "web"}}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), running(ir.InNamespace("shop"), "web"))},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), pods("shop", "web"), pods("shop", "api"))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Workloads[1].Pods = pods("shop", "db") },
	},
	{name: "pods of workloads are in the mesh where they are said to be",
		inv: ir.Inventory{Namespaces: []ir.Namespace{{Name: "shop"}},
			Workloads: []ir.Workload{{Namespace: "shop", Pods: pods("shop", "web"), Mesh: true}, {Namespace: "shop", Pods: pods("shop", "api")}}},
		a:     []ir.Rule{authenticated(allow(ir.InNamespace("shop"), ir.AllTraffic(), pods("shop", "web")))},
		b:     []ir.Rule{authenticated(allow(pods("shop", "web"), ir.AllTraffic(), pods("shop", "web")))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Workloads[1].Mesh = true },
	},
	{name: "and nowhere but there",
		inv: ir.Inventory{Namespaces: []ir.Namespace{{Name: "shop"}},
			Workloads: []ir.Workload{{Namespace: "shop", Pods: pods("shop", "web"), Mesh: true}}},
		a:     []ir.Rule{allow(pods("shop", "web"), ir.PortTraffic(ir.TCP, set.AllPorts()), pods("shop", "web"))},
		b:     []ir.Rule{authenticated(allow(pods("shop", "web"), ir.PortTraffic(ir.TCP, set.AllPorts()), pods("shop", "web")))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Workloads = nil },
	},
	{name: "other pods of declared namespaces are in the mesh where those are",
		inv:   ir.Inventory{Namespaces: []ir.Namespace{{Name: "shop", Mesh: true}, {Name: "site"}}},
		a:     []ir.Rule{authenticated(allow(ir.AllPods(), ir.AllTraffic(), ir.InNamespace("shop", "site")))},
		b:     []ir.Rule{authenticated(allow(ir.AllPods(), ir.AllTraffic(), ir.InNamespace("shop")))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Namespaces[1].Mesh = true },
	},
	{name: "principals are of pods",
		a: []ir.Rule{authenticated(allow(ir.AllPods(), ir.AllTraffic(), ir.AnyPeer{}))},
		b: []ir.Rule{authenticated(allow(ir.AllPods(), ir.AllTraffic(), ir.AllPods()))},
	},
	{name: "principals are of TCP",
		a: []ir.Rule{authenticated(allow(ir.AllPods(), ir.AllTraffic(), ir.AnyPeer{}))},
		b: []ir.Rule{authenticated(allow(ir.AllPods(), ir.PortTraffic(ir.TCP, set.AllPorts()), ir.AnyPeer{}))},
	},
	{name: "who is in the mesh proves itself to it",
		inv:   ir.Inventory{Namespaces: []ir.Namespace{{Name: "shop", Mesh: true}}},
		a:     []ir.Rule{allow(ir.InNamespace("shop"), ir.PortTraffic(ir.TCP, set.AllPorts()), ir.InNamespace("shop"))},
		b:     []ir.Rule{authenticated(allow(ir.InNamespace("shop"), ir.PortTraffic(ir.TCP, set.AllPorts()), ir.InNamespace("shop")))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Namespaces[0].Mesh = false },
	},
	{name: "queries are of TCP and UDP",
		a: []ir.Rule{allow(ir.AllPods(), queries(ir.AllTraffic()), ir.AnyPeer{})},
		b: []ir.Rule{allow(ir.AllPods(), queries(ir.PortTraffic(ir.TCP, set.AllPorts()).Or(ir.PortTraffic(ir.UDP, set.AllPorts()))), ir.AnyPeer{})},
	},
	{name: "what comes to a port that speaks HTTP is requests",
		inv:   ir.Inventory{Workloads: []ir.Workload{{Namespace: "shop", Pods: pods("shop", "web"), Ports: []ir.WorkloadPort{{Name: "web", Number: 80, Protocol: ir.AppHTTP}}}}},
		a:     []ir.Rule{allow(pods("shop", "web"), ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.AnyPeer{})},
		b:     []ir.Rule{allow(pods("shop", "web"), requested(80), ir.AnyPeer{})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Workloads[0].Ports[0].Protocol = ir.AppUnknown },
	},
	{name: "what comes to a port that does not is none",
		inv:   ir.Inventory{Workloads: []ir.Workload{{Namespace: "shop", Pods: pods("shop", "web"), Ports: []ir.WorkloadPort{{Name: "db", Number: 80, Protocol: ir.AppTCP}}}}},
		a:     []ir.Rule{allow(pods("shop", "web"), ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.AnyPeer{})},
		b:     []ir.Rule{allow(pods("shop", "web"), ir.PortTraffic(ir.TCP, set.SinglePort(80)).Unread(), ir.AnyPeer{})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Workloads[0].Ports[0].Protocol = ir.AppHTTP },
	},
	{name: "what comes to the cluster's DNS is queries",
		inv:   ir.Inventory{Facts: ir.Facts{DNS: ir.DNS{Pods: pods("shop", "dns"), Port: 53}}},
		a:     []ir.Rule{allow(pods("shop", "dns"), ir.PortTraffic(ir.UDP, set.SinglePort(53)), ir.AnyPeer{})},
		b:     []ir.Rule{allow(pods("shop", "dns"), must(ir.PortTraffic(ir.UDP, set.SinglePort(53)).WithNames(parsed(ir.NameRegexp(".*")))), ir.AnyPeer{})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.DNS.Port = 54 },
	},
	{name: "what comes to a DNS cache is queries", egress: true,
		inv:   ir.Inventory{Facts: ir.Facts{DNS: ir.DNS{NodeLocal: cidrs("169.254.20.10/32"), Port: 53}}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.PortTraffic(ir.UDP, set.SinglePort(53)), ir.NodeLocal{Addresses: cidrs("169.254.20.10/32")})},
		b:     []ir.Rule{allow(ir.AllPods(), must(ir.PortTraffic(ir.UDP, set.SinglePort(53)).WithNames(parsed(ir.NameRegexp(".*")))), ir.NodeLocal{Addresses: cidrs("169.254.20.10/32")})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Facts.DNS.Port = 54 },
	},
	{name: "nobody has to let irregular targets pass",
		a: []ir.Rule{allow(ir.AllPods(), requested(80), ir.AnyPeer{})},
		b: []ir.Rule{allow(ir.AllPods(), regular(80), ir.AnyPeer{})},
	},
	{name: "a named namespace has one set of labels",
		a: []ir.Rule{allow(team("stray", "a"), ir.AllTraffic(), ir.InNamespace("stray"))},
		b: []ir.Rule{allow(team("stray", "a"), ir.AllTraffic(), team("stray", "a"))},
	},
	{name: "a declared namespace has its labels",
		inv:   ir.Inventory{Namespaces: []ir.Namespace{{Name: "shop", Labels: map[string]string{"team": "a"}}}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.InNamespace("shop"))},
		b:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), team("shop", "a"))},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Namespaces = nil },
	},
	{name: "a port has the number that a workload declares",
		inv:   ir.Inventory{Workloads: []ir.Workload{{Namespace: "shop", Pods: pods("shop", "web"), Ports: []ir.WorkloadPort{{Name: "web", Number: 80}}}}},
		a:     []ir.Rule{allow(pods("shop", "web"), ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"}), ir.AnyPeer{})},
		b:     []ir.Rule{allow(pods("shop", "web"), ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.AnyPeer{})},
		tweak: func(inv *ir.Inventory, _ *Options) { inv.Workloads[0].Ports = nil },
	},
	{name: "only some transports are compared", transports: true,
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.AnyPeer{})},
		b:     []ir.Rule{allow(ir.AllPods(), ir.PortTraffic(ir.TCP, set.AllPorts()).Or(ir.PortTraffic(ir.UDP, set.AllPorts())).Or(ir.PortTraffic(ir.SCTP, set.AllPorts())), ir.AnyPeer{})},
		tweak: func(_ *ir.Inventory, o *Options) { o.Transports = false },
	},
	{name: "a mesh sees TCP to its pods, not from their own nodes and not to some ports",
		scope: Mesh,
		inv:   ir.Inventory{Namespaces: []ir.Namespace{{Name: "shop", Mesh: true}, {Name: "site"}}},
		a:     []ir.Rule{allow(ir.AllPods(), ir.AllTraffic(), ir.AnyPeer{})},
		b: []ir.Rule{allow(ir.AllPods().Subtract(ir.InNamespace("site"))[0], ir.PortTraffic(ir.TCP, set.SinglePort(15020).Complement()), ir.AllPods(),
			ir.Nodes{Other: true}, ir.External{Addresses: set.AllAddresses()}, ir.Infrastructure{})},
		tweak: func(_ *ir.Inventory, o *Options) { o.Uncaptured = set.Ports{} },
	},
}

func pods(ns, app string) ir.Pods {
	return must(ir.InNamespace(ns).WithLabels(ir.MatchLabels(map[string]string{"app": app})))
}

func running(p ir.Pods, account string) ir.Pods { return must(p.WithAccount(ir.OneOf(account))) }

func at(a set.Addresses) ir.Pods { return must(ir.AllPods().At(a)) }

func team(ns, value string) ir.Pods {
	p := ir.InNamespace(ns)
	p.Namespace, _ = p.Namespace.And(ir.MatchLabels(map[string]string{"team": value}))
	return p
}

func authenticated(r ir.Rule) ir.Rule {
	r.Auth = ir.MutualTLS
	return r
}

func requested(port uint16) ir.Traffic {
	any := must(ir.NewRequest(ir.Anything(), []ir.Path{ir.AnyPath()}, nil, ir.Selector{}))
	return must(ir.PortTraffic(ir.TCP, set.SinglePort(port)).WithRequests(any))
}

// regular is the requests for what RFC 3986 lets a target be.
func regular(port uint16) ir.Traffic {
	r := must(ir.NewRequest(ir.Anything(), []ir.Path{ir.AnyPath()}, nil, ir.Selector{}))
	r.Path = &ir.Pattern{Text: "regular", Language: legal().regular}
	return must(ir.PortTraffic(ir.TCP, set.SinglePort(port)).WithRequests(r))
}

func queries(t ir.Traffic) ir.Traffic { return must(t.WithNames(parsed(ir.ParseName("**.example")))) }

func TestAxioms(t *testing.T) {
	for _, c := range axioms {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Inventory: &c.inv, Scope: c.scope, Transports: c.transports}
			if c.scope == Mesh {
				o.Uncaptured = set.SinglePort(15020)
			}
			compare := func() *Comparison {
				var policies [2]Policy
				for i, rules := range [][]ir.Rule{c.a, c.b} {
					p := &ir.Program{Ingress: []ir.Stage{{Levels: []ir.Level{{Rules: rules}}, Isolate: closed}}, Inventory: c.inv}
					if c.egress {
						p.Egress, p.Ingress = p.Ingress, nil
					}
					policies[i] = Policy{{Program: p}}
				}
				return parsed(Compare(policies[0], policies[1], o))
			}
			if got := compare(); !got.Equal() {
				more, _ := got.More(1)
				less, _ := got.Less(1)
				t.Errorf("differ:\n%s%s", got.witnesses(more), got.witnesses(less))
			}
			if c.tweak == nil {
				return
			}
			if c.tweak(&c.inv, &o); compare().Equal() {
				t.Error("equal without what the axiom rests on")
			}
		})
	}
}

// TestOneEndIsAPod checks that nothing is said of flows that nobody polices.
func TestOneEndIsAPod(t *testing.T) {
	world := must(ir.PeersOf(ir.External{Addresses: set.AllAddresses()}))
	p := Policy{{Program: &ir.Program{}}}
	wrong, err := Check(p, []Statement{{Source: world, Destination: world, Traffic: ir.AllTraffic()}}, Options{Inventory: &ir.Inventory{}})
	if err != nil || wrong[0] != nil {
		t.Error(wrong, err)
	}
}
