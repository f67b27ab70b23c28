package lower

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// tcp is traffic of TCP from one port to another.
func tcp(first, last uint16) ir.Traffic {
	return ir.PortTraffic(ir.TCP, set.PortsOf(set.PortRange{First: first, Last: last}))
}

// asking gives a rule that asks for a feature.
func asking(t *testing.T, f Feature) ir.Rule {
	t.Helper()
	r := ir.Rule{Traffic: tcp(80, 80), Action: ir.Allow, Subject: ir.SubjectOf(ir.InNamespace("shop")), Origin: ir.Origin{Kind: ir.FromRule, Address: "shop/a->b"}}
	r.Peers, _ = ir.PeersOf(ir.InNamespace("shop"))
	name, err := ir.ParseName("api.example.com")
	if err != nil {
		t.Fatal(err)
	}
	switch f {
	case PortRanges:
		r.Traffic = tcp(80, 90)
	case NamedPorts:
		r.Traffic = ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "http"})
	case SCTP:
		r.Traffic = ir.PortTraffic(ir.SCTP, set.SinglePort(80))
	case FQDNPeers:
		r.Peers, _ = ir.PeersOf(ir.Names{Patterns: []ir.Name{name}})
	case DNSNames:
		r.Traffic, _ = r.Traffic.WithNames(name)
	case HTTP, HTTPRegex, HTTPHosts, HTTPHeaders, GRPC:
		r.Traffic, _ = r.Traffic.WithRequests(ir.Request{Method: ir.OneOf("GET")})
	default:
		t.Fatalf("no rule asks for %s", f)
	}
	return r
}

// What the table says that a switch takes away is what is refused for it, and
// nothing else is.
func TestLacking(t *testing.T) {
	for _, n := range needs {
		for _, s := range profile.Switches() {
			if s.Name != n.name {
				continue
			}
			bare := profile.Profile{Engine: s.Engines[0]}
			rule := asking(t, n.feature)
			if said := lacked(bare, rule); len(said) > 0 || LackedBy(bare, n.feature) != "" {
				t.Errorf("%s of %s as it ships: %v", n.feature, bare.Engine, said)
			}
			for _, value := range n.without {
				p, err := bare.With(n.name, value)
				if err != nil {
					t.Fatal(err)
				}
				said := lacked(p, rule)
				if len(said) != 1 || !strings.Contains(said[0].Summary, n.name+" is "+value) || LackedBy(p, n.feature) != n.name+" is "+value {
					t.Errorf("%s with %s=%s: %v", n.feature, n.name, value, said)
				}
				for _, other := range needs {
					if other.name != n.name && len(lacked(p, asking(t, other.feature))) > 0 {
						t.Errorf("%s=%s refuses %s", n.name, value, other.feature)
					}
				}
			}
		}
	}
}

// Every port is no range, all traffic asks for nothing, and single ports in a row
// are a range.
func TestLackingPorts(t *testing.T) {
	p, err := profile.Parse("kubernetes,end_port=false,sctp=false,named_ports=none,ipv6=false")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		traffic ir.Traffic
		code    diag.Code
	}{
		{ir.AllTraffic(), ""},
		{tcp(1, 65535), ""},
		{tcp(80, 80).Or(tcp(82, 82)), ""},
		{tcp(80, 80).Or(tcp(81, 81)), diag.LacksPorts},
		{tcp(2, 65535), diag.LacksPorts},
		{ir.PortTraffic(ir.SCTP, set.AllPorts()), diag.CannotSay},
	} {
		r := asking(t, PortRanges)
		r.Traffic = x.traffic
		said := lacked(p, r)
		if x.code == "" && len(said) > 0 || x.code != "" && (len(said) != 1 || said[0].Code != x.code) {
			t.Errorf("%s: %v, want %q", x.traffic, said, x.code)
		}
	}
}

func TestLackingPeers(t *testing.T) {
	outside := func(prefixes ...string) ir.Peer {
		var list []netip.Prefix
		for _, p := range prefixes {
			list = append(list, netip.MustParsePrefix(p))
		}
		return ir.External{Addresses: set.AddressesOf(list...)}
	}
	teamA, _ := ir.Select(ir.Requirement{Key: "team", Constraint: ir.OneOf("a")})
	team := ir.AllPods()
	team.Namespace = teamA
	app := ir.AllPods()
	app.Labels = ir.MatchLabels(map[string]string{"app": "x"})
	for _, x := range []struct {
		profile string
		peer    ir.Peer
		refused bool
	}{
		{"aks-azure-npm", outside("0.0.0.0/0"), false},
		{"aks-azure-npm", outside("0.0.0.0/0", "::/0"), true},
		{"aks-azure-npm", ir.AnyPeer{}, false},
		{"kubernetes", outside("::/0"), false},
		{"kubernetes,cidr_matches_nodes=false", ir.Nodes{Other: true}, true},
		{"gke-dataplane-v2", ir.Nodes{Other: true}, false}, // unknown: the proof says so
		{"cilium", ir.Nodes{Other: true}, false},
		{"openshift-ovn", ir.AllPods(), true},
		{"openshift-ovn,host_network_namespace=true", ir.AllPods(), true},
		{"openshift-ovn,host_network_namespace=false", ir.AllPods(), false},
		{"openshift-ovn", ir.InNamespace("shop"), false},
		{"openshift-ovn", ir.InNamespace("openshift-host-network"), true},
		{"openshift-ovn", team, false},
		{"openshift-ovn", app, false},
		{"kubernetes", ir.AllPods(), false},
	} {
		p, err := profile.Parse(x.profile)
		if err != nil {
			t.Fatal(err)
		}
		r := asking(t, SCTP)
		r.Traffic = tcp(80, 80)
		r.Peers, _ = ir.PeersOf(x.peer)
		if said := lacked(p, r); (len(said) > 0) != x.refused {
			t.Errorf("%s, %s: %v", x.profile, r.Peers, said)
		}
	}
}

func lacked(p profile.Profile, r ir.Rule) diag.List {
	report := Report{Target: Target{Name: "t", Profile: p}}
	report.Lacking(&r)
	return report.Diags
}
