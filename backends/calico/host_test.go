package calico

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// withHosts is the target whose nodes are host endpoints.
func withHosts() lower.Target {
	t := target(lower.Alone)
	p, err := t.Profile.With(hostSwitch, "true")
	if err != nil {
		panic(err)
	}
	t.Profile = p
	return t
}

var nodeLabels = []map[string]string{{"pool": "edge"}, {"pool": "workers", "gpu": "yes"}, {}}

// nodeEnds gives the nodes as host endpoints.
func nodeEnds() []*end {
	var out []*end
	for i, labels := range nodeLabels {
		a := netip.AddrFrom4([4]byte{10, 0, 0, byte(10 + i)})
		e := &end{name: fmt.Sprintf("node %d", i), host: true, labels: map[string]string{"projectcalico.org/created-by": "calico-kube-controllers"}, addresses: []netip.Addr{a}, nets: []netip.Prefix{netip.PrefixFrom(a, 32)}}
		for k, v := range labels {
			e.labels[k] = v
		}
		out = append(out, e)
	}
	return out
}

func genNodes(t *rapid.T) ir.Subject {
	s, _ := ir.Select(
		ir.Requirement{Key: "pool", Constraint: genConstraint(t, "edge", "workers")},
		ir.Requirement{Key: "gpu", Constraint: rapid.SampledFrom([]ir.Constraint{ir.Anything(), ir.Present(), ir.Absent()}).Draw(t, "gpu")})
	return ir.Subject{Kind: ir.SubjectNodes, Nodes: s, Address: ir.Nodes{Own: true, Other: true, Labels: s}.String()}
}

func genHostPeers(t *rapid.T, deny bool) ir.Peers {
	if !deny && rapid.Bool().Draw(t, "of pods") {
		return genPeersOf(t, func(p ir.Peer) bool { n, ok := p.(ir.Nodes); return !ok || !n.Own })
	}
	return peersOf(rapid.SampledFrom([]ir.Peer{
		ir.Nodes{Other: true, Labels: genNodes(t).Nodes}, ir.External{Addresses: prefixes("198.51.100.0/24")}, ir.External{Addresses: scattered},
	}).Draw(t, "peer"))
}

func genPeersOf(t *rapid.T, keep func(ir.Peer) bool) ir.Peers {
	list := slices.DeleteFunc(slices.Clone(genPeers(t).List()), func(p ir.Peer) bool { return !keep(p) })
	if peers, some := ir.PeersOf(list...); some {
		return peers
	}
	return peersOf(ir.AllPods())
}

// opens gives what a closed node must allow: what stays open.
func opens(d ir.Direction, s ir.Subject) []ir.Rule {
	var t ir.Traffic
	for p, ports := range failsafes[d] {
		t = t.Or(ir.PortTraffic(p, ports))
	}
	o := ir.Origin{Kind: ir.FromRule, Address: "open " + s.Address}
	return []ir.Rule{
		{Subject: s, Peers: peersOf(ir.AnyPeer{}), Traffic: t, Action: ir.Allow, Origin: o},
		{Subject: s, Peers: peersOf(ir.AllPods()), Traffic: ir.AllTraffic(), Action: ir.Allow, Origin: o},
	}
}

func genHostStages(t *rapid.T, d ir.Direction, staged bool) []ir.Stage {
	tier, last := ir.Stage{Name: "tier0", Order: 10}, ir.Stage{Name: ir.StageRules}
	for _, s := range []*ir.Stage{&tier, &last} {
		for _, a := range []ir.Action{ir.Deny, ir.Pass, ir.Allow} {
			var level ir.Level
			if s == &last && a == ir.Pass {
				continue
			}
			for i := range rapid.IntRange(0, 2).Draw(t, a.String()) {
				traffic := rapid.SampledFrom([]ir.Traffic{ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.PortTraffic(ir.TCP, set.PortsOf(set.PortRange{First: 8000, Last: 9000}))}).Draw(t, "traffic")
				if a != ir.Deny && rapid.Bool().Draw(t, "all") {
					traffic = ir.AllTraffic()
				}
				level.Rules = append(level.Rules, ir.Rule{
					Subject: genNodes(t), Peers: genHostPeers(t, a == ir.Deny), Traffic: traffic, Action: a, Mode: genMode(t, staged),
					Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprintf("%s/%s%d", s.Name, a, i)},
				})
			}
			if a == ir.Allow && s == &last && rapid.Bool().Draw(t, "closed") {
				subject := genNodes(t)
				level.Rules = append(level.Rules, opens(d, subject)...)
				s.Isolate = append(s.Isolate, ir.Isolation{Subject: subject, Mode: genMode(t, staged), Origin: ir.Origin{Kind: ir.FromDefault, Address: "nodes"}})
			}
			if len(level.Rules) > 0 {
				s.Levels = append(s.Levels, level)
			}
		}
	}
	return slices.DeleteFunc([]ir.Stage{tier, last}, func(s ir.Stage) bool { return len(s.Levels) == 0 })
}

// atNode decides at a node by the model alone.
func atNode(p *ir.Program, h hit, at, peer *end, d ir.Direction) bool {
	labels := func(e *end) map[string]string {
		out := map[string]string{}
		for _, k := range []string{"pool", "gpu"} {
			if v, ok := e.labels[k]; ok {
				out[k] = v
			}
		}
		return out
	}
	is := func(r *ir.Rule) bool {
		if !r.Subject.Nodes.Matches(labels(at)) || !trafficIn(r.Traffic, h) {
			return false
		}
		if !peer.host {
			return peerIn(r.Peers, peer, h.v6)
		}
		return slices.ContainsFunc(r.Peers.List(), func(q ir.Peer) bool {
			n, ok := q.(ir.Nodes)
			_, any := q.(ir.AnyPeer)
			return any || ok && n.Other && n.Labels.Matches(labels(peer))
		})
	}
stages:
	for _, s := range p.Hosts.Stages(d) {
		for _, level := range s.Levels {
			for _, a := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
				for _, r := range level.Rules {
					switch {
					case r.Action != a || !is(&r):
					case a == ir.Pass:
						continue stages
					default:
						return a == ir.Allow
					}
				}
			}
		}
		if slices.ContainsFunc(s.Isolate, func(i ir.Isolation) bool { return i.Subject.Nodes.Matches(labels(at)) }) {
			return false
		}
	}
	return true
}

// What a program says of nodes means at host endpoints what it means in the
// model, and nothing of it selects pods.
func TestHosts(t *testing.T) {
	ends := slices.DeleteFunc(universe(), func(e *end) bool { return e.nets != nil || strings.HasSuffix(e.name, " node") })
	nodes := nodeEnds()
	forged := pod("shop", shopLabels, "default", map[string]string{"projectcalico.org/created-by": "calico-kube-controllers", "pool": "edge"}, 99)
	ends = append(append(ends, nodes...), forged)
	rapid.Check(t, func(rt *rapid.T) {
		staged := rapid.Bool().Draw(rt, "staged")
		p := &ir.Program{Inventory: inventory(), Hosts: ir.Hosts{Egress: genHostStages(rt, ir.Egress, staged), Ingress: genHostStages(rt, ir.Ingress, staged)}}
		objects, diags := Backend{}.Lower(p, withHosts())
		if len(diags) > 0 {
			rt.Fatal(diags)
		}
		for _, o := range objects {
			validate(t, o)
		}
		preview, later := newPreview(t, objects, ends), p.Previewed()
		e, today := newEngine(t, objects, ends), now(p)
		for _, tr := range preview.tiers {
			for _, s := range tr.policies {
				if i := slices.IndexFunc(ends, func(x *end) bool { return x.pod && s.selected[x] }); i >= 0 {
					rt.Fatalf("%s selects %s", s.name, ends[i].name)
				}
			}
		}
		for _, at := range nodes {
			for _, peer := range ends {
				if peer == at || len(peer.addresses) == 0 {
					continue
				}
				for _, h := range []hit{{protocol: "TCP", port: 80}, {protocol: "TCP", port: 8080}, {protocol: "TCP", port: 22}, {protocol: "UDP", port: 53}, {protocol: "ICMP", icmp: 8}} {
					for d, typ := range map[ir.Direction]v3.PolicyType{ir.Egress: v3.PolicyTypeEgress, ir.Ingress: v3.PolicyTypeIngress} {
						if h.from, h.to = at, peer; d == ir.Ingress {
							h.from, h.to = peer, at
						}
						if got, want := preview.verdict(h, at, typ), atNode(later, h, at, peer, d); got != want {
							rt.Fatalf("%s to %s %s %d: %v on Calico with what is staged, %v meant\n%s", h.from.name, h.to.name, h.protocol, h.port, got, want, print(t, objects))
						}
						if got, want := e.verdict(h, at, typ), atNode(today, h, at, peer, d); got != want {
							rt.Fatalf("%s to %s %s %d: %v on Calico, %v meant\n%s", h.from.name, h.to.name, h.protocol, h.port, got, want, print(t, objects))
						}
					}
				}
			}
		}
	})
}

// What stays open at host endpoints is allowed or refused.
func TestStaysOpen(t *testing.T) {
	edge, _ := ir.Select(ir.Requirement{Key: "pool", Constraint: ir.OneOf("edge")})
	all := ir.Subject{Kind: ir.SubjectNodes, Address: "nodes"}
	some := ir.Subject{Kind: ir.SubjectNodes, Nodes: edge, Address: "nodes/edge"}
	closing := func(rules ...ir.Rule) *ir.Program {
		return &ir.Program{Inventory: inventory(), Hosts: ir.Hosts{Ingress: []ir.Stage{{
			Name: ir.StageRules, Levels: []ir.Level{{Rules: rules}},
			Isolate: []ir.Isolation{{Subject: some, Origin: ir.Origin{Kind: ir.FromDefault, Address: "nodes/edge"}}},
		}}}}
	}
	part := opens(ir.Ingress, some)
	part[0].Traffic = ir.PortTraffic(ir.TCP, set.SinglePort(22))
	staged := opens(ir.Ingress, some)
	for i := range staged {
		staged[i].Mode = ir.Staged
	}
	deny := func(peer ir.Peer, port uint16) ir.Rule {
		return ir.Rule{Subject: all, Peers: peersOf(peer), Traffic: ir.PortTraffic(ir.TCP, set.SinglePort(port)), Action: ir.Deny, Origin: ir.Origin{Kind: ir.FromRule, Address: "no"}}
	}
	for name, c := range map[string]struct {
		program *ir.Program
		target  lower.Target
		code    diag.Code
		says    string
	}{
		"closed without a rule":           {closing(), withHosts(), diag.StaysOpen, "TCP 22,179,2379-2380,5473,6443,6666-6667, UDP 68, what a node"},
		"closed and own pods not":         {closing(opens(ir.Ingress, some)[0]), withHosts(), diag.StaysOpen, "no rule allows: what a node"},
		"closed and failsafes not":        {closing(opens(ir.Ingress, all)[1]), withHosts(), diag.StaysOpen, "UDP 68"},
		"closed and one failsafe allowed": {closing(part...), withHosts(), diag.StaysOpen, "TCP 179,"},
		"closed and all allowed":          {closing(opens(ir.Ingress, all)...), withHosts(), "", ""},
		"closed and only staged allows":   {closing(staged...), withHosts(), diag.StaysOpen, "TCP 22"},
		"a deny of a failsafe port":       {closing(append(opens(ir.Ingress, some), deny(ir.External{Addresses: prefixes("192.0.2.0/24")}, 22))...), withHosts(), diag.StaysOpen, "TCP 22"},
		"a deny of pods":                  {closing(append(opens(ir.Ingress, some), deny(ir.InNamespace("shop"), 80))...), withHosts(), diag.StaysOpen, "own pods"},
		"a deny of something else":        {closing(append(opens(ir.Ingress, some), deny(ir.External{Addresses: prefixes("192.0.2.0/24")}, 80))...), withHosts(), "", ""},
		"nodes that are no endpoints":     {closing(opens(ir.Ingress, some)...), target(lower.Alone), diag.LacksHosts, "host_endpoints is false"},
		"peers that are no endpoints":     {one(ir.Rule{Peers: peersOf(ir.Nodes{Own: true, Other: true, Labels: edge}), Traffic: ir.AllTraffic()}), target(lower.Alone), diag.NeedsSwitch, "by label"},
		"peers that are host endpoints":   {one(ir.Rule{Peers: peersOf(ir.Nodes{Own: true, Other: true, Labels: edge}), Traffic: ir.AllTraffic()}), withHosts(), "", ""},
		"pods of another cluster":         {one(ir.Rule{Peers: peersOf(ir.RemotePods{Clusters: ir.Anything(), Pods: ir.AllPods()}), Traffic: ir.AllTraffic()}), withHosts(), diag.LacksRemote, "other clusters"},
	} {
		_, diags := Backend{}.Lower(c.program, c.target)
		errors := slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
		if c.code == "" && len(errors) == 0 {
			continue
		}
		if len(errors) == 0 || errors[0].Code != c.code || !strings.Contains(errors[0].Summary, c.says) || errors[0].Detail == "" {
			t.Errorf("%s: %v", name, errors)
		}
	}
}
