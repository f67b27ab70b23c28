package calico

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The universe of the property test: pods of declared and other namespaces,
// hosts, the outside, and what policies must not mean by accident.
var (
	shopLabels   = map[string]string{"team": "a"}
	legacyLabels = map[string]string{}
	otherLabels  = map[string]string{"team": "b"}
	apiServer    = prefixes("203.0.113.1/32")
)

// scattered is more ranges than a rule takes, the outside's among them.
var scattered = func() set.Addresses {
	out := prefixes("198.51.100.7/32", "2001:db8:1::8/128")
	for i := range 300 {
		out = out.Union(prefixes(fmt.Sprintf("198.18.%d.%d/32", i/100, 2*(i%100))))
	}
	return out
}()

func prefixes(texts ...string) set.Addresses {
	var out []netip.Prefix
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return set.AddressesOf(out...)
}

func inventory() ir.Inventory {
	return ir.Inventory{
		Namespaces: []ir.Namespace{
			{Address: "kube-system", Name: "kube-system", Labels: legacyLabels},
			{Address: "legacy", Name: "legacy", Labels: legacyLabels, Managed: true},
			{Address: "shop", Name: "shop", Labels: shopLabels, Managed: true},
		},
		Workloads: []ir.Workload{{Address: "shop/web", Name: "web", Namespace: "shop", Pods: web()}},
		Facts: ir.Facts{
			PodCIDRs: prefixes("10.244.0.0/16", "fd00:1::/64"), NodeCIDRs: prefixes("10.0.0.0/24", "fd00:2::/64"), APIServer: apiServer,
		},
	}
}

func web() ir.Pods {
	p, _ := ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"app": "web"}))
	return p
}

func universe() []*end {
	var out []*end
	for _, ns := range []struct {
		name   string
		labels map[string]string
	}{{"shop", shopLabels}, {"legacy", legacyLabels}, {"kube-system", legacyLabels}, {"other", otherLabels}} {
		for _, labels := range []map[string]string{{}, {"app": "web"}, {"app": "db", "env": "prod"}} {
			account := "default"
			if labels["app"] == "db" {
				account = "robot"
			}
			p := pod(ns.name, ns.labels, account, labels, len(out)+1)
			if labels["app"] == "web" {
				p.ports = map[string]uint16{"TCP http": 8080}
			}
			out = append(out, p)
		}
	}
	plain := func(name string, addresses ...string) {
		e := &end{name: name, labels: map[string]string{}}
		for _, a := range addresses {
			e.addresses = append(e.addresses, netip.MustParseAddr(a))
		}
		out = append(out, e)
	}
	plain("own node", "10.0.0.1", "fd00:2::1")
	plain("other node", "10.0.0.2", "fd00:2::2")
	plain("stripe", "198.51.100.7", "2001:db8::7")
	plain("resolver", "8.8.8.8", "2001:db8:1::8")
	plain("apiserver", "203.0.113.1")
	// A host endpoint and network sets over pods, hosts and the outside.
	all := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	return append(out,
		&end{name: "host endpoint", labels: map[string]string{}, nets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, ports: map[string]uint16{"TCP http": 8080}},
		&end{name: "global network set", labels: map[string]string{"app": "web", "env": "prod"}, nets: all},
		&end{name: "network set", labels: map[string]string{"app": "db", "projectcalico.org/namespace": "shop", "pcns.projectcalico.org/name": "shop", "pcns.team": "a"}, nets: all},
	)
}

// connections gives every connection between the universe's ends.
func connections(ends []*end) []hit {
	var out []hit
	for _, from := range ends {
		for _, to := range ends {
			if from.nets != nil || to.nets != nil || from == to {
				continue
			}
			for _, h := range []hit{
				{protocol: "TCP", port: 80}, {protocol: "TCP", port: 8080}, {protocol: "TCP", port: 6443}, {protocol: "UDP", port: 53},
				{protocol: "SCTP", port: 80}, {protocol: "ICMP", icmp: 8}, {protocol: "ICMP", icmp: 3}, {protocol: "ICMPv6", icmp: 128, v6: true}, {protocol: "TCP", port: 80, v6: true},
			} {
				h.from, h.to = from, to
				_, a := from.address(h.v6)
				_, b := to.address(h.v6)
				if a && b && (from.pod || to.pod) {
					out = append(out, h)
				}
			}
		}
	}
	return out
}

// reference decides by the model alone.
type reference struct{ p *ir.Program }

func (r reference) allows(h hit) bool {
	return r.verdict(h, h.from, h.to, ir.Egress) && r.verdict(h, h.to, h.from, ir.Ingress)
}

func (r reference) verdict(h hit, at, peer *end, d ir.Direction) bool {
	allowed, decided := r.decide(h, at, peer, d)
	return allowed || !decided
}

// decide gives what a stage decides; nothing for what the last stage leaves open.
func (r reference) decide(h hit, at, peer *end, d ir.Direction) (allowed, decided bool) {
	if !at.pod {
		return true, true
	}
stages:
	for _, s := range r.p.Stages(d) {
		for _, level := range s.Levels {
			for _, a := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
				for _, rule := range level.Rules {
					if rule.Action != a || !podIn(rule.Subject.Pods, at) || !peerIn(rule.Peers, peer, h.v6) || !trafficIn(rule.Traffic, h) {
						continue
					}
					if a == ir.Pass {
						continue stages
					}
					return a == ir.Allow, true
				}
			}
		}
		if slices.ContainsFunc(s.Isolate, func(i ir.Isolation) bool { return podIn(i.Subject.Pods, at) }) {
			return false, true
		}
	}
	return false, false
}

func podIn(p ir.Pods, e *end) bool {
	return e.pod && p.Namespace.Matches(e.namespaceLabels()) && p.Labels.Matches(ownLabels(e)) && p.Account.Matches(e.labels["projectcalico.org/serviceaccount"])
}

func ownLabels(e *end) map[string]string {
	out := map[string]string{}
	for _, k := range []string{"app", "env"} {
		if v, ok := e.labels[k]; ok {
			out[k] = v
		}
	}
	return out
}

func peerIn(peers ir.Peers, e *end, v6 bool) bool {
	a, _ := e.address(v6)
	node := e.name == "own node" || e.name == "other node"
	return slices.ContainsFunc(peers.List(), func(p ir.Peer) bool {
		switch p := p.(type) {
		case ir.AnyPeer:
			return true
		case ir.Pods:
			return podIn(p, e)
		case ir.External:
			return !e.pod && !node && p.Addresses.Contains(a)
		case ir.Nodes:
			return e.name == "own node" && p.Own || e.name == "other node" && p.Other
		case ir.APIServer:
			return p.Addresses.Contains(a)
		}
		return false
	})
}

func trafficIn(t ir.Traffic, h hit) bool {
	v4, v6 := t.ICMP()
	one := ir.ICMPOf(ir.ICMPType{Type: uint8(h.icmp), Code: 0})
	switch h.protocol {
	case "ICMP":
		return v4.Contains(one)
	case "ICMPv6":
		return v6.Contains(one)
	}
	protocol := map[string]ir.Protocol{"TCP": ir.TCP, "UDP": ir.UDP, "SCTP": ir.SCTP}[h.protocol]
	return t.Ports(protocol).Contains(h.port) || slices.ContainsFunc(t.Named(), func(n ir.NamedPort) bool {
		number, ok := h.to.ports[h.protocol+" "+n.Name]
		return n.Protocol == protocol && ok && number == h.port
	})
}

func genConstraint(t *rapid.T, values ...string) ir.Constraint {
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, len(values), rapid.ID[string]).Draw(t, "values")
	switch rapid.IntRange(0, 5).Draw(t, "form") {
	case 0, 1:
		return ir.OneOf(some...)
	case 2:
		return ir.NotOneOf(some...)
	case 3:
		return ir.Present().And(ir.NotOneOf(some...))
	case 4:
		return ir.Absent().Or(ir.OneOf(some...))
	}
	return ir.Anything()
}

func genPods(t *rapid.T) ir.Pods {
	p := ir.AllPods()
	if rapid.Bool().Draw(t, "named") {
		p = ir.InNamespace(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"shop", "legacy", "kube-system", "other"}), 1, 2, rapid.ID[string]).Draw(t, "namespaces")...)
	} else if s, ok := ir.Select(
		ir.Requirement{Key: "team", Constraint: genConstraint(t, "a", "b")},
		ir.Requirement{Key: ir.NamespaceName, Constraint: genConstraint(t, "shop", "other")}); ok {
		p.Namespace = s
	}
	if s, ok := ir.Select(
		ir.Requirement{Key: "app", Constraint: genConstraint(t, "web", "db")},
		ir.Requirement{Key: "env", Constraint: genConstraint(t, "prod")}); ok && rapid.Bool().Draw(t, "labelled") {
		p.Labels = s
	}
	if rapid.IntRange(0, 4).Draw(t, "accounts") == 0 {
		p.Account = rapid.SampledFrom([]ir.Constraint{ir.OneOf("robot"), ir.NotOneOf("robot")}).Draw(t, "account")
	}
	return p
}

func genSubject(t *rapid.T) ir.Subject {
	switch rapid.IntRange(0, 4).Draw(t, "subject") {
	case 0:
		return ir.Subject{Pods: web(), Address: "shop/web", Kind: ir.SubjectWorkload}
	case 1:
		return ir.Subject{Pods: ir.InNamespace("shop"), Address: "shop", Kind: ir.SubjectNamespace}
	case 2:
		return ir.Subject{Pods: ir.AllPods(), Address: "cluster", Kind: ir.SubjectCluster}
	}
	p := genPods(t)
	return ir.Subject{Pods: p, Address: p.String(), Kind: ir.SubjectInline}
}

func genPeers(t *rapid.T) ir.Peers {
	var list []ir.Peer
	for range rapid.IntRange(1, 3).Draw(t, "peers") {
		switch rapid.IntRange(0, 9).Draw(t, "peer") {
		case 9:
			list = append(list, ir.External{Addresses: scattered})
		case 0:
			list = append(list, ir.AnyPeer{})
		case 1:
			list = append(list, ir.External{Addresses: set.AllAddresses()})
		case 2:
			list = append(list, ir.External{Addresses: prefixes("198.51.100.0/24", "2001:db8::/64")})
		case 3:
			list = append(list, ir.Nodes{Own: true, Other: true})
		case 4:
			list = append(list, ir.APIServer{Addresses: apiServer}, ir.Infrastructure{})
		default:
			list = append(list, genPods(t))
		}
	}
	peers, _ := ir.PeersOf(list...)
	return peers
}

func genTraffic(t *rapid.T) ir.Traffic {
	out := rapid.SampledFrom([]ir.Traffic{
		ir.AllTraffic(), ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.PortTraffic(ir.TCP, set.AllPorts()),
		ir.PortTraffic(ir.TCP, set.SinglePort(80).Union(set.SinglePort(8080)).Complement()),
		ir.PortTraffic(ir.TCP, set.PortsOf(set.PortRange{First: 1000, Last: 9000})), ir.PortTraffic(ir.UDP, set.SinglePort(53)),
		ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "http"}), ir.PortTraffic(ir.SCTP, set.AllPorts()),
		ir.ICMPTraffic(ir.ICMPOf(ir.ICMPType{Type: 8, Code: -1}), ir.ICMPOf(ir.ICMPType{Type: 128, Code: 0})), ir.ICMPTraffic(ir.AnyICMP(), ir.ICMP{}),
	}).Draw(t, "traffic")
	if rapid.Bool().Draw(t, "more") {
		out = out.Or(ir.PortTraffic(ir.TCP, set.SinglePort(6443)))
	}
	return out
}

func genMode(t *rapid.T, staged bool) ir.Mode {
	if staged && rapid.IntRange(0, 2).Draw(t, "mode") == 0 {
		return ir.Staged
	}
	return ir.Enforce
}

func genRules(t *rapid.T, a ir.Action, stage string, most int, staged bool) ir.Level {
	var l ir.Level
	for i := range rapid.IntRange(0, most).Draw(t, a.String()) {
		l.Rules = append(l.Rules, ir.Rule{
			Subject: genSubject(t), Peers: genPeers(t), Traffic: genTraffic(t), Action: a, Log: rapid.IntRange(0, 5).Draw(t, "log") == 0, Mode: genMode(t, staged),
			Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprintf("%s/%s%d", stage, a, i)},
		})
	}
	return l
}

// genStages makes stages of the shape that the intent language has. A tier that
// denies at its end does so in both directions, to all subjects of its rules.
func genStages(t *rapid.T, closing []bool, staged bool) []ir.Stage {
	var out []ir.Stage
	for i := range rapid.IntRange(0, 2).Draw(t, "tiers") {
		s := ir.Stage{Name: fmt.Sprintf("tier%d", i), Order: float64(10 + i)}
		for _, a := range []ir.Action{ir.Log, ir.Deny, ir.Pass, ir.Allow} {
			level := genRules(t, a, s.Name, 2, staged)
			if len(level.Rules) == 0 {
				continue
			}
			s.Levels = append(s.Levels, level)
			for _, r := range level.Rules {
				if closing[i] && a != ir.Log {
					s.Isolate = append(s.Isolate, ir.Isolation{Subject: r.Subject, Mode: r.Mode, Origin: ir.Origin{Kind: ir.FromDefault, Address: s.Name}})
				}
			}
		}
		out = append(out, s)
	}
	s := ir.Stage{Name: ir.StageRules}
	for _, a := range []ir.Action{ir.Deny, ir.Allow} {
		if level := genRules(t, a, s.Name, 3, staged); len(level.Rules) > 0 {
			s.Levels = append(s.Levels, level)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "isolations") {
		subject := genSubject(t)
		if subject.Kind == ir.SubjectCluster && rapid.Bool().Draw(t, "exempt") {
			subject.Pods.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: ir.NotOneOf("kube-system")})
		}
		s.Isolate = append(s.Isolate, ir.Isolation{Subject: subject, Mode: genMode(t, staged), Origin: ir.Origin{Kind: ir.FromDefault, Address: subject.Address}})
	}
	return append(out, s)
}

func genProgram(t *rapid.T, staged bool) *ir.Program {
	own, _ := ir.PeersOf(ir.Nodes{Own: true})
	axioms := ir.Stage{Name: ir.StageAxioms, Levels: []ir.Level{{Rules: []ir.Rule{{
		Subject: ir.Subject{Pods: ir.AllPods(), Address: "cluster", Kind: ir.SubjectCluster}, Peers: own, Traffic: ir.AllTraffic(), Action: ir.Allow,
		Origin: ir.Origin{Kind: ir.FromAxiom, Address: "own node"},
	}}}}}
	closing := []bool{rapid.Bool().Draw(t, "tier0 closes"), rapid.Bool().Draw(t, "tier1 closes")}
	return &ir.Program{Egress: genStages(t, closing, staged), Ingress: append([]ir.Stage{axioms}, genStages(t, closing, staged)...), Inventory: inventory()}
}

// Every program means on Calico what it means in the model, for every
// connection of a universe with host endpoints and network sets in it.
func TestMeansTheSame(t *testing.T) {
	ends := universe()
	all := connections(ends)
	rapid.Check(t, func(rt *rapid.T) {
		p := genProgram(rt, rapid.Bool().Draw(rt, "staged"))
		objects, diags := Backend{}.Lower(p, target(lower.Alone))
		if len(diags) > 0 {
			rt.Fatal(diags)
		}
		seen := map[string]bool{}
		for _, o := range objects {
			validate(t, o)
			if seen[o.String()] {
				rt.Fatalf("%s twice", o)
			}
			seen[o.String()] = true
		}
		e, r := newPreview(t, objects, ends), reference{p.Previewed()}
		for _, tr := range e.tiers {
			for _, s := range tr.policies {
				for _, x := range ends {
					if !x.pod && x.labels["projectcalico.org/namespace"] == "" && x.name != "global network set" && s.selected[x] {
						rt.Fatalf("%s selects %s", s.name, x.name)
					}
				}
			}
		}
		for _, h := range all {
			if got, want := e.allows(h), r.allows(h); got != want {
				rt.Fatalf("%s to %s %s %d/%d v6=%v: %v on Calico, %v meant\n%s", h.from.name, h.to.name, h.protocol, h.port, h.icmp, h.v6, got, want, print(t, objects))
			}
		}
		if !p.HasStaged() {
			return
		}
		e, r = newEngine(t, objects, ends), reference{now(p)}
		for _, h := range all {
			if got, want := e.allows(h), r.allows(h); got != want {
				rt.Fatalf("%s to %s %s %d/%d v6=%v: %v on Calico while some is staged, %v meant\n%s", h.from.name, h.to.name, h.protocol, h.port, h.icmp, h.v6, got, want, print(t, objects))
			}
		}
	})
}

// now is the program without what is staged.
func now(p *ir.Program) *ir.Program {
	q := p.Clone()
	for _, stages := range [][]ir.Stage{q.Egress, q.Ingress, q.Hosts.Egress, q.Hosts.Ingress} {
		for i := range stages {
			stages[i].Isolate = slices.DeleteFunc(stages[i].Isolate, func(x ir.Isolation) bool { return x.Mode == ir.Staged })
			for l := range stages[i].Levels {
				level := &stages[i].Levels[l]
				level.Rules = slices.DeleteFunc(level.Rules, func(r ir.Rule) bool { return r.Mode == ir.Staged })
			}
		}
	}
	return q
}
