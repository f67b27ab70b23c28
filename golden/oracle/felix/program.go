package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/projectcalico/calico/felix/bpf/polprog"
	"github.com/projectcalico/calico/felix/bpf/state"
	"github.com/projectcalico/calico/felix/config"
	"github.com/projectcalico/calico/felix/proto"
)

// load is a cluster with the policies in it.
//
// The release at hand calculates one tier. Each tier goes through a calculation
// graph of its own; Felix's renderer then puts them together, which knows tiers
// and their end actions already (felix/bpf/polprog/pol_prog_builder.go,
// writeTiers), as later releases have it do. A tier that has no policy at an
// endpoint in a direction is not there (felix/calc/policy_resolver.go).
type load struct {
	Objects []json.RawMessage `json:"objects"`
	Tiers   []tier            `json:"tiers"` // in the order in which they are asked
}

type tier struct {
	Name     string                `json:"name"`
	End      polprog.TierEndAction `json:"end"` // deny or pass
	Policies []policy              `json:"policies"`
}

// cluster is what was loaded, with the policy programs of endpoints as far as
// they were asked for.
type cluster struct {
	tiers    []tier   // with policies
	graphs   []*graph // by tier
	base     *graph   // has every endpoint, and no policy
	sets     map[string]*ipSet
	programs map[place]*program
	conf     *config.Config
}

// place is where a program is: at an endpoint, in a direction, for a family.
type place struct {
	at        string
	direction string
	v6        bool
}

// program is a policy program, with what the numbers of its rules stand for.
type program struct {
	machine
	rules []string
}

// question is about one packet at one endpoint: a pod by namespace/name, or a
// host endpoint by name.
type question struct {
	Policy    int    `json:"policy"`
	At        string `json:"at"`
	Direction string `json:"direction"` // ingress or egress
	Packet    packet `json:"packet"`
}

type packet struct {
	Source      netip.Addr `json:"source"`
	Destination netip.Addr `json:"destination"`
	Protocol    uint8      `json:"protocol"`
	SourcePort  uint16     `json:"sourcePort,omitempty"`
	Port        uint16     `json:"port,omitempty"`
	ICMPType    uint8      `json:"icmpType,omitempty"`
	ICMPCode    uint8      `json:"icmpCode,omitempty"`
}

func newCluster(l *load) (*cluster, error) {
	c := &cluster{sets: map[string]*ipSet{}, programs: map[place]*program{}, conf: config.New()}
	var err error
	if c.base, err = calculate(l.Objects, nil); err != nil {
		return nil, err
	}
	for _, t := range l.Tiers {
		if len(t.Policies) == 0 {
			continue
		}
		g, err := calculate(l.Objects, t.Policies)
		if err != nil {
			return nil, fmt.Errorf("tier %s: %w", t.Name, err)
		}
		c.tiers, c.graphs = append(c.tiers, t), append(c.graphs, g)
		for id, update := range g.sets {
			if c.sets[id] != nil {
				continue // a set's name says all that it has
			}
			if c.sets[id], err = newIPSet(update, uint64(len(c.sets)+1)); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// decide runs the policy program of an endpoint on a packet. At a host endpoint
// the failsafe ports come first (felix/rules/static.go, failsafeInChain).
func (c *cluster) decide(q *question) (allowed bool, reason string, err error) {
	where := place{q.At, q.Direction, q.Packet.Source.Is6()}
	host := !strings.Contains(q.At, "/")
	if host && c.failsafe(q) {
		return true, "failsafe port", nil
	}
	p, ok := c.programs[where]
	if !ok {
		if p, err = c.program(where, host); err != nil {
			return false, "", err
		}
		c.programs[where] = p
	}
	s := q.Packet.state()
	if host {
		s.Flags = polprog.FlagDestIsHost // it ends or begins there, and is not forwarded
	}
	after, err := p.run(s)
	if err != nil {
		return false, "", err
	}
	return after.PolicyRC == state.PolicyAllow, p.reason(after), nil
}

func (c *cluster) failsafe(q *question) bool {
	list := c.conf.FailsafeInboundHostPorts
	if q.Direction == "egress" {
		list = c.conf.FailsafeOutboundHostPorts
	}
	return slices.ContainsFunc(list, func(p config.ProtoPort) bool {
		return map[string]uint8{"tcp": 6, "udp": 17}[p.Protocol] == q.Packet.Protocol && p.Port == q.Packet.Port
	})
}

// state is the packet as Felix's other programs put it before the policy program.
func (p *packet) state() *state.State {
	s := &state.State{SrcPort: p.SourcePort, DstPort: p.Port, PostNATDstPort: p.Port, IPProto: p.Protocol}
	if p.Protocol == 1 || p.Protocol == 58 {
		s.DstPort = uint16(p.ICMPCode)<<8 | uint16(p.ICMPType) // one field for both in C
	}
	words := func(a netip.Addr) (w [4]uint32) {
		for i, b := range slices.Collect(slices.Chunk(a.AsSlice(), 4)) {
			w[i] = binary.LittleEndian.Uint32(b)
		}
		return w
	}
	from, to := words(p.Source), words(p.Destination)
	s.SrcAddr, s.SrcAddr1, s.SrcAddr2, s.SrcAddr3 = from[0], from[1], from[2], from[3]
	s.PostNATDstAddr, s.PostNATDstAddr1, s.PostNATDstAddr2, s.PostNATDstAddr3 = to[0], to[1], to[2], to[3]
	return s
}

// program renders the policy program of an endpoint.
func (c *cluster) program(at place, host bool) (*program, error) {
	out := &program{}
	var tiers []polprog.Tier
	for i, g := range c.graphs {
		_, policies, err := g.at(at, host)
		if err != nil {
			return nil, err
		}
		if len(policies) == 0 {
			continue
		}
		t := polprog.Tier{Name: c.tiers[i].Name, EndAction: c.tiers[i].End}
		for _, name := range policies {
			rules := g.policies[name].InboundRules
			if at.direction == "egress" {
				rules = g.policies[name].OutboundRules
			}
			t.Policies = append(t.Policies, out.policy(t.Name+" "+name, rules))
		}
		tiers = append(tiers, t)
	}
	profiles, _, err := c.base.at(at, host)
	if err != nil {
		return nil, err
	}
	var allowing []polprog.Profile
	for _, name := range profiles {
		p, ok := c.base.profiles[name]
		if !ok {
			return nil, fmt.Errorf("no profile %s", name)
		}
		rules := p.InboundRules
		if at.direction == "egress" {
			rules = p.OutboundRules
		}
		allowing = append(allowing, out.policy("profile "+name, rules))
	}
	all := polprog.Rules{Tiers: tiers, Profiles: allowing}
	if host {
		all = polprog.Rules{ForHostInterface: true, HostNormalTiers: tiers, HostProfiles: allowing}
	}
	out.machine, err = render(all, c.sets, at.v6)
	return out, err
}

// render gives rules as the program that Felix's eBPF dataplane has for them.
// With debugging on, a program notes the rules that a packet hits.
func render(rules polprog.Rules, sets map[string]*ipSet, v6 bool) (machine, error) {
	out := machine{sets: map[uint64]*ipSet{}, v6: v6}
	for _, s := range sets {
		out.sets[s.number] = s
	}
	options := []polprog.Option{polprog.WithAllowDenyJumps(0, 1), polprog.WithPolicyDebugEnabled()}
	if v6 {
		options = append(options, polprog.WithIPv6())
	}
	programs, err := polprog.NewBuilder(numbers(sets), mapSets, mapState, mapStatic, mapPolicy, options...).Instructions(rules)
	if err != nil {
		return out, err
	}
	if len(programs) != 1 {
		return out, fmt.Errorf("a policy program in %d parts", len(programs))
	}
	out.instructions = programs[0]
	return out, nil
}

// at gives the profiles and the policies of an endpoint.
func (g *graph) at(p place, host bool) (profiles, policies []string, err error) {
	var tiers []*proto.TierInfo
	if host {
		e, ok := g.hosts[p.at]
		if !ok {
			return nil, nil, fmt.Errorf("no host endpoint %s", p.at)
		}
		profiles, tiers = e.ProfileIds, e.Tiers
	} else {
		e, ok := g.workloads[p.at]
		if !ok {
			return nil, nil, fmt.Errorf("no pod %s", p.at)
		}
		profiles, tiers = e.ProfileIds, e.Tiers
	}
	for _, t := range tiers {
		if p.direction == "egress" {
			policies = append(policies, t.EgressPolicies...)
		} else {
			policies = append(policies, t.IngressPolicies...)
		}
	}
	return profiles, policies, nil
}

// policy gives rules as the renderer takes them, with numbers of our own.
func (p *program) policy(name string, rules []*proto.Rule) polprog.Policy {
	out := polprog.Policy{Name: name}
	for i, r := range rules {
		p.rules = append(p.rules, fmt.Sprintf("%s rule %d", name, i))
		out.Rules = append(out.Rules, polprog.Rule{Rule: numbered(r), MatchID: uint64(len(p.rules))})
	}
	return out
}

// protocols are the protocols by name whose names the eBPF renderer does not
// know (protocolToNumber in felix/bpf/polprog/pol_prog_builder.go), and iptables
// does, which Felix's other renderer gives them to (felix/rules/policy.go,
// appendProtocolMatch).
var protocols = map[string]int32{"icmpv6": 58, "udplite": 136}

// numbered is a rule with those protocols by number.
func numbered(r *proto.Rule) *proto.Rule {
	out := *r
	for _, p := range []**proto.Protocol{&out.Protocol, &out.NotProtocol} {
		if n, ok := protocols[strings.ToLower((*p).GetName())]; ok {
			*p = &proto.Protocol{NumberOrName: &proto.Protocol_Number{Number: n}}
		}
	}
	return &out
}

// reason says which rule decided.
func (p *program) reason(s state.State) string {
	if s.RulesHit == 0 {
		return "nothing allows"
	}
	id := s.RuleIDs[s.RulesHit-1]
	if id == 0 {
		return "end of a tier, or of the profiles"
	}
	return p.rules[id-1]
}

// ipSet is an IP set: ranges, or addresses with a port of a protocol.
type ipSet struct {
	number uint64
	nets   []netip.Prefix
	ports  map[entry]bool
}

type entry struct {
	address  netip.Addr
	protocol uint8
	port     uint16
}

// numbers gives IP sets' numbers to the renderer.
type numbers map[string]*ipSet

// GetNoAlloc gives the number of an IP set; 0 where there is none.
func (n numbers) GetNoAlloc(id string) uint64 {
	if s, ok := n[id]; ok {
		return s.number
	}
	return 0
}

// newIPSet reads the members of an IP set as the dataplane gets them: a range, an
// address, or an address with a port as "10.0.0.1,tcp:80".
func newIPSet(u *proto.IPSetUpdate, number uint64) (*ipSet, error) {
	out := &ipSet{number: number, ports: map[entry]bool{}}
	for _, m := range u.Members {
		if u.Type != proto.IPSetUpdate_IP_AND_PORT {
			p, err := netip.ParsePrefix(m)
			if err != nil {
				a, err := netip.ParseAddr(m)
				if err != nil {
					return nil, err
				}
				p = netip.PrefixFrom(a, a.BitLen())
			}
			out.nets = append(out.nets, p)
			continue
		}
		address, rest, _ := strings.Cut(m, ",")
		protocol, port, _ := strings.Cut(rest, ":")
		a, err := netip.ParseAddr(address)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, err
		}
		out.ports[entry{a, map[string]uint8{"tcp": 6, "udp": 17, "sctp": 132}[protocol], uint16(n)}] = true
	}
	return out, nil
}

func (s *ipSet) has(e entry) bool {
	return s.ports[e] || slices.ContainsFunc(s.nets, func(p netip.Prefix) bool { return p.Contains(e.address) })
}
