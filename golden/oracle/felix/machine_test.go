package main

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/projectcalico/calico/felix/bpf/polprog"
	"github.com/projectcalico/calico/felix/bpf/state"
	"github.com/projectcalico/calico/felix/proto"
)

// TestUpstream runs programs on the packets that Calico's own tests run them on in
// the kernel, and holds the verdicts to those that are written there
// (felix/bpf/ut/pol_prog_test.go, polProgramTests, by the names of its cases).
func TestUpstream(t *testing.T) {
	all := []*proto.Rule{{Action: "Allow"}}
	none := []*proto.Rule{{Action: "Deny"}}
	tcp := &proto.Protocol{NumberOrName: &proto.Protocol_Name{Name: "tcp"}}
	ranges := []*proto.PortRange{{First: 80, Last: 81}, {First: 90, Last: 90}}
	from6 := []string{"ffee::1/16", "ffe2:0:1111::1/64", "ffe2:0:2222::1/80", "ffe2::f/128"}
	from4 := []string{"102.0.0.0/8", "10.0.0.1/32", "11.0.0.1/32"}
	some4 := "253 10.0.0.1 10.0.0.2, tcp 10.0.0.1:31245 10.0.0.2:80, tcp 10.0.0.2:80 10.0.0.1:31245, icmp 10.0.0.1 10.0.0.2"
	some6 := "tcp [ff02::1]:31245 [ff02::2]:80, tcp [ff02::1]:80 [ff02::2]:31245, icmp ff02::1 ff02::2, 253 ff02::1 ff02::2"
	toPorts := "253 11.0.0.2 10.0.0.2, tcp 11.0.0.1:12345 10.0.0.2:8080, udp 10.0.0.1:31245 10.0.0.2:80, tcp 10.0.0.2:80 10.0.0.1:31245, tcp 10.0.0.2:31245 10.0.0.1:80"
	fromPorts := "253 10.0.0.2 10.0.0.2, tcp 10.0.0.2:8080 11.0.0.1:12345, udp 10.0.0.2:80 10.0.0.1:31245, tcp 10.0.0.1:31245 10.0.0.2:80, tcp 10.0.0.1:80 10.0.0.2:31245"
	setA, setB := map[string]string{"setA": "10.0.0.2,tcp:80"}, map[string]string{"setA": "10.0.0.2,tcp:80", "setB": "123.0.0.1,udp:1024"}
	for _, c := range []struct {
		name             string
		tiers            []polprog.Tier
		sets             map[string]string
		allowed, dropped string
	}{
		{"no tiers", nil, nil, "", some4},
		{"no tiers-v6", nil, nil, "", some6},
		{"empty tier has no impact", []polprog.Tier{{EndAction: polprog.TierEndPass}, tierOf(all)}, nil, some4, ""},
		{"unreachable tier", []polprog.Tier{tierOf(all), tierOf(none)}, nil, some4, ""},
		{"unreachable tier-v6", []polprog.Tier{tierOf(all), tierOf(none)}, nil, some6, ""},
		{"pass to nowhere", []polprog.Tier{tierOf([]*proto.Rule{{Action: "Pass"}})}, nil, "", some4},
		{"pass to allow", []polprog.Tier{tierOf([]*proto.Rule{{Action: "Pass"}, {Action: "Deny"}}), tierOf(all)}, nil, some4, ""},
		{"pass to deny", []polprog.Tier{tierOf([]*proto.Rule{{Action: "Pass"}, {Action: "Allow"}}), tierOf(none)}, nil, "", some4},
		{"pass to deny-v6", []polprog.Tier{tierOf([]*proto.Rule{{Action: "Pass"}, {Action: "Allow"}}), tierOf(none)}, nil, "", some6},
		{"allow from CIDRs", one(proto.Rule{SrcNet: from4}), nil,
			"253 10.0.0.1 10.0.0.2, icmp 11.0.0.1 10.0.0.2, udp 10.0.0.1:31245 10.0.0.2:80", "253 10.0.0.2 10.0.0.2, tcp 10.0.0.2:80 10.0.0.1:31245"},
		{"allow from !CIDRs", one(proto.Rule{NotSrcNet: from4}), nil,
			"253 10.0.0.2 10.0.0.2, tcp 10.0.0.2:80 10.0.0.1:31245", "253 10.0.0.1 10.0.0.2, icmp 11.0.0.1 10.0.0.2, udp 10.0.0.1:31245 10.0.0.2:80"},
		{"allow from CIDRs-v6", one(proto.Rule{SrcNet: from6}), nil,
			"253 ffee::1 ffee::2, icmp ffe2:0:1111::1 ffff::2, udp [ffe2:0:2222::1]:1024 [ffe2::1]:80, tcp [ffe2::f]:31245 [::2]:80",
			"tcp [ffe0::2]:31245 [ff01::2]:80, udp [ffe2:0:1112::1]:80 [ff02::2]:31245, icmp ffe2:0:2222:10::1 ff02::2, 253 ffe2::e ff02::2"},
		{"allow to !CIDRs-v6", one(proto.Rule{NotDstNet: from6}), nil,
			"tcp [ff01::2]:80 [ffe0::2]:31245, udp [ff02::2]:31245 [ffe2:0:1112::1]:80, icmp ff02::2 ffe2:0:2222:10::1, 253 ff02::2 ffe2::e",
			"253 ffee::2 ffee::1, icmp ffff::2 ffe2:0:1111::1, udp [ffe2::1]:80 [ffe2:0:2222::1]:1024, tcp [::2]:80 [ffe2::f]:31245"},
		{"allow to tcp:ranges", one(proto.Rule{Protocol: tcp, DstPorts: ranges}), nil,
			"tcp 10.0.0.1:31245 10.0.0.2:80, tcp 10.0.0.1:31245 10.0.0.2:81, tcp 10.0.0.1:31245 10.0.0.2:90",
			"253 10.0.0.1 10.0.0.2, tcp 10.0.0.1:31245 10.0.0.2:79, tcp 10.0.0.1:31245 10.0.0.2:82, tcp 10.0.0.1:31245 10.0.0.2:89, tcp 10.0.0.1:31245 10.0.0.2:91, udp 10.0.0.1:31245 10.0.0.2:80"},
		{"allow to tcp:!ranges", one(proto.Rule{Protocol: tcp, NotDstPorts: ranges}), nil,
			"tcp 10.0.0.1:31245 10.0.0.2:79, tcp 10.0.0.1:31245 10.0.0.2:82, tcp 10.0.0.1:31245 10.0.0.2:89, tcp 10.0.0.1:31245 10.0.0.2:91",
			"253 10.0.0.2 10.0.0.1, tcp 10.0.0.1:31245 10.0.0.2:80, tcp 10.0.0.1:31245 10.0.0.2:81, tcp 10.0.0.1:31245 10.0.0.2:90, udp 10.0.0.1:31245 10.0.0.2:80"},
		{"allow from tcp:0-80", one(proto.Rule{Protocol: tcp, SrcPorts: []*proto.PortRange{{First: 0, Last: 80}}}), nil,
			"tcp 10.0.0.2:0 10.0.0.1:31245, tcp 10.0.0.2:80 10.0.0.1:31245", "253 10.0.0.2 10.0.0.1, tcp 10.0.0.2:81 10.0.0.1:31245"},
		{"allow to tcp:80-65535", one(proto.Rule{Protocol: tcp, DstPorts: []*proto.PortRange{{First: 80, Last: 65535}}}), nil,
			"tcp 10.0.0.1:31245 10.0.0.2:80, tcp 10.0.0.1:31245 10.0.0.2:65535", "253 10.0.0.2 10.0.0.1, tcp 10.0.0.1:31245 10.0.0.2:79"},
		{"allow from empty IP set", one(proto.Rule{Protocol: tcp, SrcIpSetIds: []string{"setA"}}), map[string]string{"setA": ""}, "", some4},
		{"allow from !empty IP set", one(proto.Rule{Protocol: tcp, NotSrcIpSetIds: []string{"setA"}}), map[string]string{"setA": ""},
			"tcp 10.0.0.2:80 10.0.0.1:31245, tcp 10.0.0.1:31245 10.0.0.2:80", "253 10.0.0.2 10.0.0.1, udp 10.0.0.2:80 10.0.0.1:31245, icmp 10.0.0.1 10.0.0.2"},
		{"allow from IP set - v6", one(proto.Rule{SrcIpSetIds: []string{"setA"}}), map[string]string{"setA": "10::/16"},
			"253 10::2 10::1, tcp [10::2]:80 [10::1]:31245, udp [10::2]:12345 [123::1]:1024", "253 11::2 10::1, tcp [11::1]:12345 [10::2]:8080"},
		{"allow to IP set", one(proto.Rule{DstIpSetIds: []string{"setA"}}), map[string]string{"setA": "11.0.0.0/8 123.0.0.1/32"},
			"253 11.0.0.2 11.0.0.1, udp 10.0.0.2:12345 123.0.0.1:1024", "253 11.0.0.2 10.0.0.1, tcp 11.0.0.1:12345 10.0.0.2:8080, udp 10.0.0.1:31245 10.0.0.2:80"},
		{"allow to !IP set", one(proto.Rule{NotDstIpSetIds: []string{"setA"}}), map[string]string{"setA": "11.0.0.0/8 123.0.0.1/32"},
			"253 11.0.0.2 10.0.0.1, tcp 11.0.0.1:12345 10.0.0.2:8080, udp 10.0.0.1:31245 10.0.0.2:80", "253 11.0.0.2 11.0.0.1, udp 10.0.0.2:12345 123.0.0.1:1024"},
		{"allow to named port", one(proto.Rule{DstNamedPortIpSetIds: []string{"setA"}}), setA, "tcp 10.0.0.1:31245 10.0.0.2:80", toPorts},
		{"allow to named ports", one(proto.Rule{DstNamedPortIpSetIds: []string{"setA", "setB"}}), setB, "udp 10.0.0.2:12345 123.0.0.1:1024, tcp 10.0.0.1:31245 10.0.0.2:80", toPorts},
		{"allow to mixed ports", one(proto.Rule{DstPorts: []*proto.PortRange{{First: 81, Last: 82}, {First: 90, Last: 90}}, DstNamedPortIpSetIds: []string{"setA", "setB"}}), setB,
			"udp 10.0.0.2:12345 123.0.0.1:1024, tcp 10.0.0.1:31245 10.0.0.2:80, tcp 10.0.0.1:31245 10.0.0.2:90, tcp 10.0.0.1:31245 10.0.0.2:82", toPorts},
		{"allow from named ports", one(proto.Rule{SrcNamedPortIpSetIds: []string{"setA", "setB"}}), setB, "udp 123.0.0.1:1024 10.0.0.2:12345, tcp 10.0.0.2:80 10.0.0.1:31245", fromPorts},
		{"allow icmp packet with type 8", one(proto.Rule{Icmp: &proto.Rule_IcmpType{IcmpType: 8}}), nil, "icmp/8/0 10.0.0.1 10.0.0.2", "253 11.0.0.2 10.0.0.2, icmp/10/0 10.0.0.1 10.0.0.2"},
		{"allow icmp packet with type 8 and code 3", one(proto.Rule{Icmp: &proto.Rule_IcmpTypeCode{IcmpTypeCode: &proto.IcmpTypeAndCode{Type: 8, Code: 3}}}), nil,
			"icmp/8/3 10.0.0.1 10.0.0.2", "icmp/10/0 10.0.0.1 10.0.0.2, icmp/10/3 10.0.0.1 10.0.0.2, icmp/8/4 10.0.0.1 10.0.0.2"},
		{"allow icmp packet with type not equal to 8 and code not equal to 3", one(proto.Rule{NotIcmp: &proto.Rule_NotIcmpTypeCode{NotIcmpTypeCode: &proto.IcmpTypeAndCode{Type: 8, Code: 3}}}), nil,
			"icmp/10/0 10.0.0.1 10.0.0.2, icmp/8/4 10.0.0.1 10.0.0.2, icmp/10/3 10.0.0.1 10.0.0.2", "icmp/8/3 10.0.0.1 10.0.0.2"},
		{"Protocol match", one(proto.Rule{Protocol: &proto.Protocol{NumberOrName: &proto.Protocol_Number{Number: 253}}}), nil,
			"253 11.0.0.2 10.0.0.2", "icmp/10/0 10.0.0.1 10.0.0.2, udp 123.0.0.1:1024 10.96.0.10:53, 254 11.0.0.2 10.0.0.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sets := map[string]*ipSet{}
			for id, members := range c.sets {
				u := &proto.IPSetUpdate{Id: id, Members: strings.Fields(members), Type: proto.IPSetUpdate_NET}
				if strings.Contains(members, ",") {
					u.Type = proto.IPSetUpdate_IP_AND_PORT
				}
				s, err := newIPSet(u, uint64(len(sets)+1))
				if err != nil {
					t.Fatal(err)
				}
				sets[id] = s
			}
			for want, list := range map[bool]string{true: c.allowed, false: c.dropped} {
				for _, text := range strings.Split(list, ", ") {
					if text == "" {
						continue
					}
					p := parsePacket(t, text)
					m, err := render(polprog.Rules{Tiers: c.tiers}, sets, p.Source.Is6())
					if err != nil {
						t.Fatal(err)
					}
					s, err := m.run(p.state())
					if got := s.PolicyRC == state.PolicyAllow; err != nil || got != want {
						t.Errorf("%s: allowed %v, want %v: %v", text, got, want, err)
					}
				}
			}
		})
	}
}

func tierOf(rules []*proto.Rule) polprog.Tier {
	p := polprog.Policy{}
	for _, r := range rules {
		p.Rules = append(p.Rules, polprog.Rule{Rule: r})
	}
	return polprog.Tier{Policies: []polprog.Policy{p}}
}

// one is a tier with one rule, which allows.
func one(r proto.Rule) []polprog.Tier {
	r.Action = "Allow"
	return []polprog.Tier{tierOf([]*proto.Rule{&r})}
}

// parsePacket reads "tcp 10.0.0.1:80 10.0.0.2:90", "icmp/8/0 10.0.0.1 10.0.0.2" or
// "253 10.0.0.1 10.0.0.2".
func parsePacket(t *testing.T, text string) *packet {
	t.Helper()
	f := strings.Fields(text)
	p := &packet{}
	word, message, _ := strings.Cut(f[0], "/")
	p.Protocol = map[string]uint8{"tcp": 6, "udp": 17, "icmp": 1}[word]
	if message != "" {
		if _, err := fmt.Sscanf(message, "%d/%d", &p.ICMPType, &p.ICMPCode); err != nil {
			t.Fatal(err)
		}
	}
	if p.Protocol == 6 || p.Protocol == 17 {
		from, to := netip.MustParseAddrPort(f[1]), netip.MustParseAddrPort(f[2])
		p.Source, p.SourcePort, p.Destination, p.Port = from.Addr(), from.Port(), to.Addr(), to.Port()
		return p
	}
	if p.Protocol == 0 {
		if _, err := fmt.Sscan(word, &p.Protocol); err != nil {
			t.Fatal(err)
		}
	}
	p.Source, p.Destination = netip.MustParseAddr(f[1]), netip.MustParseAddr(f[2])
	return p
}
