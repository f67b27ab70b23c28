package kubernetes

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

// oneRule lowers a program that closes namespace a and has one rule for it.
func oneRule(t *testing.T, d ir.Direction, facts ir.Facts, traffic ir.Traffic, list ...ir.Peer) (networkingv1.NetworkPolicySpec, []string) {
	t.Helper()
	peers, ok := ir.PeersOf(list...)
	if !ok {
		t.Fatal("no peers")
	}
	subject := ir.Subject{Pods: ir.InNamespace("a"), Address: "a", Kind: ir.SubjectNamespace}
	s := ir.Stage{
		Name:    ir.StageRules,
		Isolate: []ir.Isolation{{Subject: subject, Origin: ir.Origin{Kind: ir.FromDefault, Address: "a"}}},
		Levels: []ir.Level{{Rules: []ir.Rule{{
			Subject: subject, Peers: peers, Traffic: traffic, Action: ir.Allow, Origin: ir.Origin{Kind: ir.FromRule, Address: "r"},
		}}}},
	}
	inv := inventory()
	inv.Facts = facts
	p := &ir.Program{Inventory: inv}
	if d == ir.Egress {
		p.Egress = []ir.Stage{s}
	} else {
		p.Ingress = []ir.Stage{s}
	}
	objects, diags := (Backend{}).Lower(p, target(lower.Alone))
	var codes []string
	for _, x := range diags {
		codes = append(codes, string(x.Code))
	}
	if len(objects) != 1 {
		t.Fatalf("%d objects, %v", len(objects), diags)
	}
	np := objects[0].Value.(*networkingv1.NetworkPolicy)
	validate(t, np)
	return np.Spec, codes
}

// rangesOf gives the ranges of the one rule's peers; no rule is "no rule", a
// rule without peers "anyone".
func rangesOf(s networkingv1.NetworkPolicySpec, d ir.Direction) string {
	var peers []networkingv1.NetworkPolicyPeer
	switch {
	case len(s.Ingress)+len(s.Egress) == 0:
		return "no rule"
	case d == ir.Egress:
		peers = s.Egress[0].To
	default:
		peers = s.Ingress[0].From
	}
	if len(peers) == 0 {
		return "anyone"
	}
	var parts []string
	for _, p := range peers {
		if p.IPBlock == nil {
			parts = append(parts, "pods")
			continue
		}
		text := p.IPBlock.CIDR
		if p.IPBlock.Except != nil {
			text += " but " + strings.Join(p.IPBlock.Except, ",")
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " + ")
}

// An emptied peer list must never become everyone, and facts decide what an
// address range may have in it.
func TestAddressPeers(t *testing.T) {
	podRange, nodeRange := set.AddressesOf(prefix("10.244.0.0/16")), set.AddressesOf(prefix("192.168.0.0/24"))
	all := ir.Facts{PodCIDRs: podRange, NodeCIDRs: nodeRange}
	nodes := ir.Nodes{Own: true, Other: true}
	world := ir.External{Addresses: set.AllAddresses()}
	local := ir.NodeLocal{Addresses: set.AddressesOf(prefix("169.254.20.10/32"))}
	server := ir.APIServer{Addresses: set.AddressesOf(prefix("192.168.0.7/32"))}
	private := "0.0.0.0/0 but 10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16 + ::/0 but fc00::/7"
	for _, c := range []struct {
		name  string
		d     ir.Direction
		facts ir.Facts
		peers []ir.Peer
		want  string
		codes []string
	}{
		{"infrastructure is nothing", ir.Ingress, all, []ir.Peer{ir.Infrastructure{}}, "no rule", nil},
		{"own node needs nothing", ir.Ingress, ir.Facts{}, []ir.Peer{ir.Nodes{Own: true}}, "no rule", nil},
		{"own node from within", ir.Egress, all, []ir.Peer{ir.Nodes{Own: true}}, "no rule", []string{"P4101"}},
		{"other nodes from within", ir.Egress, all, []ir.Peer{ir.Nodes{Other: true}}, "no rule", []string{"P4101"}},
		{"other nodes", ir.Ingress, all, []ir.Peer{ir.Nodes{Other: true}}, "192.168.0.0/24", nil},
		{"the node-local cache as a source", ir.Ingress, all, []ir.Peer{local}, "no rule", nil},
		{"the node-local cache", ir.Egress, ir.Facts{}, []ir.Peer{local}, "169.254.20.10/32", nil},
		{"the API server", ir.Ingress, ir.Facts{}, []ir.Peer{server}, "192.168.0.7/32", nil},
		{"the API server somewhere", ir.Ingress, all, []ir.Peer{ir.APIServer{}}, "no rule", []string{"P4102"}},
		{"a name", ir.Egress, all, []ir.Peer{ir.Names{Patterns: []ir.Name{mustName("x.example")}}}, "no rule", []string{"P4004"}},
		{"the world", ir.Ingress, all, []ir.Peer{world}, "0.0.0.0/0 but 10.244.0.0/16,192.168.0.0/24 + ::/0", nil},
		{"the world without facts", ir.Ingress, ir.Facts{}, []ir.Peer{world}, private, []string{"P4103"}},
		{"the world and nodes", ir.Ingress, all, []ir.Peer{world, nodes}, "0.0.0.0/0 but 10.244.0.0/16 + ::/0", nil},
		{"the world and nodes, the nodes' range not stated", ir.Egress, ir.Facts{PodCIDRs: podRange}, []ir.Peer{world, nodes}, "0.0.0.0/0 but 10.244.0.0/16 + ::/0", nil},
		{"the world and nodes, nothing stated", ir.Ingress, ir.Facts{}, []ir.Peer{world, nodes}, private, []string{"P4103"}},
		{"the world and own node", ir.Ingress, all, []ir.Peer{world, ir.Nodes{Own: true}}, "0.0.0.0/0 but 10.244.0.0/16,192.168.0.0/24 + ::/0", nil},
		{"the world and pods", ir.Ingress, ir.Facts{NodeCIDRs: nodeRange}, []ir.Peer{world, ir.AllPods()}, "pods + 0.0.0.0/0 but 192.168.0.0/24 + ::/0", nil},
		{"all three", ir.Egress, ir.Facts{}, []ir.Peer{world, nodes, ir.AllPods()}, "pods + 0.0.0.0/0 + ::/0", nil},
		{"nodes in the pods' range", ir.Ingress, ir.Facts{PodCIDRs: nodeRange, NodeCIDRs: nodeRange}, []ir.Peer{nodes}, "no rule", []string{"P4101"}},
		{"nodes in the pods' range, with every pod", ir.Ingress, ir.Facts{PodCIDRs: nodeRange, NodeCIDRs: nodeRange}, []ir.Peer{nodes, ir.AllPods()}, "pods + 192.168.0.0/24", nil},
		{"addresses of pods", ir.Ingress, all, []ir.Peer{ir.External{Addresses: podRange}}, "no rule", []string{"P4102"}},
		{"everyone", ir.Ingress, ir.Facts{}, []ir.Peer{ir.AnyPeer{}}, "anyone", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, codes := oneRule(t, c.d, c.facts, ir.AllTraffic(), c.peers...)
			if got := rangesOf(spec, c.d); got != c.want || !slices.Equal(codes, c.codes) {
				t.Errorf("got %q %v, want %q %v", got, codes, c.want, c.codes)
			}
		})
	}
}

func mustName(text string) ir.Name {
	n, err := ir.ParseName(text)
	if err != nil {
		panic(err)
	}
	return n
}

func TestTraffic(t *testing.T) {
	var scattered []set.PortRange
	for p := uint16(1); p <= 2*maxParts+1; p += 2 {
		scattered = append(scattered, set.PortRange{First: p, Last: p})
	}
	all := func(p ir.Protocol) ir.Traffic { return ir.PortTraffic(p, set.AllPorts()) }
	web := ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"})
	dns, _ := ir.PortTraffic(ir.UDP, set.SinglePort(53)).WithNames(mustName("x.example"))
	for _, c := range []struct {
		name    string
		traffic ir.Traffic
		want    string
		codes   []string
	}{
		{"everything", ir.AllTraffic(), "", nil},
		{"every port of every protocol", all(ir.TCP).Or(all(ir.UDP)).Or(all(ir.SCTP)), "TCP UDP SCTP", nil},
		{"a name among every port", web.Or(all(ir.TCP)), "TCP", nil},
		{"names and ranges", web.Or(ir.PortTraffic(ir.TCP, set.PortsOf(set.PortRange{First: 65000, Last: 65535}, set.PortRange{First: 1, Last: 1}))), "TCP/1 TCP/65000-65535 TCP/web", nil},
		{"over the bound", ir.PortTraffic(ir.TCP, set.PortsOf(scattered...)), "no rule", []string{"P4105"}},
		{"ICMPv6", ir.ICMPTraffic(ir.ICMP{}, ir.AnyICMP()), "no rule", []string{"P4007"}},
		{"queries", dns, "no rule", []string{"P4003"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, codes := oneRule(t, ir.Ingress, ir.Facts{}, c.traffic, ir.AllPods())
			got := "no rule"
			if len(spec.Ingress) > 0 {
				got = portsText(spec.Ingress[0].Ports)
			}
			if got != c.want || !slices.Equal(codes, c.codes) {
				t.Errorf("got %q %v, want %q %v", got, codes, c.want, c.codes)
			}
		})
	}
}

func portsText(list []networkingv1.NetworkPolicyPort) string {
	var parts []string
	for _, p := range list {
		text := string(*p.Protocol)
		if p.Port != nil {
			text += "/" + p.Port.String()
		}
		if p.EndPort != nil {
			text += "-" + fmt.Sprint(*p.EndPort)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}
