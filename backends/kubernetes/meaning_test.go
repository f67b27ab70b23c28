package kubernetes

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The property: what the emitted policies let through, by the API's rules and
// the upstream library for selectors, is what the program lets through.

type end struct {
	kind      string // pod, own, other, address
	namespace string
	labels    map[string]string
	address   netip.Addr
}

func (e end) String() string { return fmt.Sprint(e.kind, " ", e.namespace, e.labels, e.address) }

type flow struct {
	protocol ir.Protocol
	port     uint16
	named    bool // the destination pod calls the port "web"
}

var namespaceLabels = map[string]map[string]string{
	"a": {ir.NamespaceName: "a", "team": "x"}, "b": {ir.NamespaceName: "b"}, "c": {ir.NamespaceName: "c", "team": "x"},
}

func pods() []end {
	var out []end
	for _, ns := range []string{"a", "b", "c"} { // c is not declared
		for i, l := range []map[string]string{{}, {"app": "1"}, {"app": "2"}, {"app": "1", "tier": "1"}, {"tier": "1"}} {
			out = append(out, end{"pod", ns, l, netip.AddrFrom4([4]byte{10, 244, ns[0], byte(i)})})
		}
	}
	return out
}

func others() []end {
	return []end{
		{kind: "own", address: netip.MustParseAddr("192.168.0.1")}, {kind: "other", address: netip.MustParseAddr("192.168.0.2")},
		{kind: "address", address: netip.MustParseAddr("192.0.2.1")}, {kind: "address", address: netip.MustParseAddr("198.51.100.1")},
		{kind: "address", address: netip.MustParseAddr("2001:db8::1")}, {kind: "address", address: netip.MustParseAddr("10.0.0.1")},
	}
}

func flows() []flow {
	return []flow{{ir.TCP, 80, false}, {ir.TCP, 80, true}, {ir.TCP, 443, false}, {ir.TCP, 8080, true}, {ir.UDP, 80, false}, {ir.SCTP, 9, false}}
}

func inventory() ir.Inventory {
	return ir.Inventory{
		Namespaces: []ir.Namespace{
			{Address: "a", Name: "a", Labels: map[string]string{"team": "x"}, Managed: true}, {Address: "b", Name: "b", Managed: true},
		},
		Facts: ir.Facts{
			PodCIDRs:  set.AddressesOf(netip.MustParsePrefix("10.244.0.0/16")),
			NodeCIDRs: set.AddressesOf(netip.MustParsePrefix("192.168.0.0/24")),
		},
	}
}

// What the program says.

func inPods(p ir.Pods, e end) bool {
	return e.kind == "pod" && p.Namespace.Matches(namespaceLabels[e.namespace]) && p.Labels.Matches(e.labels)
}

func inPeers(peers ir.Peers, e end) bool {
	for _, p := range peers.List() {
		switch p := p.(type) {
		case ir.AnyPeer:
			return true
		case ir.Pods:
			if inPods(p, e) {
				return true
			}
		case ir.Nodes:
			if e.kind == "own" && p.Own || e.kind == "other" && p.Other {
				return true
			}
		case ir.External:
			if e.kind == "address" && p.Addresses.Contains(e.address) {
				return true
			}
		}
	}
	return false
}

func inTraffic(t ir.Traffic, x flow, toPod bool) bool {
	if t.IsAll() || t.Ports(x.protocol).Contains(x.port) {
		return true
	}
	for _, n := range t.Named() {
		if n.Protocol == x.protocol && x.named && toPod {
			return true
		}
	}
	return false
}

func meant(stages []ir.Stage, subject, peer end, x flow, toPod bool) bool {
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

// What the policies say. everyone is whether an ipBlock matches pods and nodes.

type enforced struct {
	policies []*networkingv1.NetworkPolicy
	everyone bool
}

func selects(s *metav1.LabelSelector, l map[string]string) bool {
	sel, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		panic(err)
	}
	return sel.Matches(labels.Set(l))
}

func (n enforced) direction(d networkingv1.PolicyType, subject, peer end, x flow, toPod bool) bool {
	if d == networkingv1.PolicyTypeIngress && peer.kind == "own" {
		return true
	}
	isolated := false
	for _, np := range n.policies {
		if np.Namespace != subject.namespace || !selects(&np.Spec.PodSelector, subject.labels) {
			continue
		}
		for _, t := range np.Spec.PolicyTypes {
			isolated = isolated || t == d
		}
		if d == networkingv1.PolicyTypeIngress {
			for _, r := range np.Spec.Ingress {
				if n.peers(r.From, np.Namespace, peer) && onPorts(r.Ports, x, toPod) {
					return true
				}
			}
		} else {
			for _, r := range np.Spec.Egress {
				if n.peers(r.To, np.Namespace, peer) && onPorts(r.Ports, x, toPod) {
					return true
				}
			}
		}
	}
	return !isolated
}

func (n enforced) peers(list []networkingv1.NetworkPolicyPeer, namespace string, e end) bool {
	if len(list) == 0 {
		return true
	}
	for _, p := range list {
		if p.IPBlock != nil {
			if e.kind == "pod" && !n.everyone || !netip.MustParsePrefix(p.IPBlock.CIDR).Contains(e.address) {
				continue
			}
			out := false
			for _, x := range p.IPBlock.Except {
				out = out || netip.MustParsePrefix(x).Contains(e.address)
			}
			if !out {
				return true
			}
			continue
		}
		if e.kind != "pod" {
			continue
		}
		ok := e.namespace == namespace
		if p.NamespaceSelector != nil {
			ok = selects(p.NamespaceSelector, namespaceLabels[e.namespace])
		}
		if ok && (p.PodSelector == nil || selects(p.PodSelector, e.labels)) {
			return true
		}
	}
	return false
}

func onPorts(list []networkingv1.NetworkPolicyPort, x flow, toPod bool) bool {
	if len(list) == 0 {
		return true
	}
	protocol := map[ir.Protocol]corev1.Protocol{ir.TCP: "TCP", ir.UDP: "UDP", ir.SCTP: "SCTP"}[x.protocol]
	for _, p := range list {
		if p.Protocol == nil || *p.Protocol != protocol {
			continue
		}
		switch {
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			if toPod && x.named {
				return true
			}
		case p.EndPort != nil:
			if int32(x.port) >= p.Port.IntVal && int32(x.port) <= *p.EndPort {
				return true
			}
		case int32(x.port) == p.Port.IntVal:
			return true
		}
	}
	return false
}

// Generators.

func genSelector(t *rapid.T, key string, cs ...ir.Constraint) ir.Selector {
	s, _ := ir.Select(ir.Requirement{Key: key, Constraint: rapid.SampledFrom(cs).Draw(t, key)})
	return s
}

func genPods(t *rapid.T, subject bool) ir.Pods {
	p := ir.AllPods()
	names := []ir.Constraint{ir.OneOf("a"), ir.OneOf("b"), ir.OneOf("a"), ir.OneOf("a", "b")}
	if !subject {
		names = append(names, ir.Anything(), ir.NotOneOf("a"), ir.OneOf("c"))
	}
	p.Namespace = genSelector(t, ir.NamespaceName, names...)
	if !subject && rapid.IntRange(0, 4).Draw(t, "by team") == 0 {
		p.Namespace, _ = p.Namespace.And(genSelector(t, "team", ir.OneOf("x"), ir.Absent(), ir.NotOneOf("y")))
	}
	not1 := ir.Present().And(ir.NotOneOf("1"))
	p.Labels, _ = genSelector(t, "app", ir.Anything(), ir.Anything(), ir.OneOf("1"), ir.OneOf("1", "2"), ir.NotOneOf("1"), ir.Present(), ir.Absent(), not1, not1.Not()).
		And(genSelector(t, "tier", ir.Anything(), ir.Anything(), ir.OneOf("1"), ir.Absent()))
	return p
}

func genPeers(t *rapid.T) ir.Peers {
	var list []ir.Peer
	for range rapid.IntRange(1, 3).Draw(t, "peers") {
		switch rapid.IntRange(0, 9).Draw(t, "peer") {
		case 0:
			list = append(list, ir.AnyPeer{})
		case 1:
			list = append(list, ir.External{Addresses: set.AllAddresses()})
		case 2:
			list = append(list, ir.External{Addresses: set.AddressesOf(netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("10.0.0.0/8"))})
		case 3:
			list = append(list, ir.Nodes{Own: true, Other: true})
		default:
			list = append(list, genPods(t, false))
		}
	}
	peers, _ := ir.PeersOf(list...)
	return peers
}

func genTraffic(t *rapid.T) ir.Traffic {
	tcp := ir.PortTraffic(ir.TCP, set.SinglePort(80))
	return rapid.SampledFrom([]ir.Traffic{
		ir.AllTraffic(), ir.AllTraffic(), tcp, tcp, ir.PortTraffic(ir.TCP, set.AllPorts()), ir.PortTraffic(ir.UDP, set.SinglePort(80)).Or(tcp),
		ir.PortTraffic(ir.TCP, set.PortsOf(set.PortRange{First: 80, Last: 443})), ir.PortTraffic(ir.SCTP, set.AllPorts()),
		ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"}),
	}).Draw(t, "traffic")
}

func genLevel(t *rapid.T, name string, action ir.Action, most int) ir.Level {
	var l ir.Level
	for i := range rapid.IntRange(0, most).Draw(t, name) {
		l.Rules = append(l.Rules, ir.Rule{
			Subject: ir.Subject{Pods: genPods(t, true), Kind: ir.SubjectInline}, Peers: genPeers(t), Traffic: genTraffic(t),
			Action: action, Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint(name, i)},
		})
	}
	return l
}

func genStages(t *rapid.T, d ir.Direction) []ir.Stage {
	var out []ir.Stage
	for i := range rapid.IntRange(0, 1).Draw(t, "tiers") {
		n := fmt.Sprint(d, "tier", i)
		out = append(out, ir.Stage{Name: n, Levels: []ir.Level{
			genLevel(t, n+"deny", ir.Deny, 1), genLevel(t, n+"pass", ir.Pass, 1), genLevel(t, n+"allow", ir.Allow, 1),
		}})
	}
	last := ir.Stage{Name: ir.StageRules, Levels: []ir.Level{genLevel(t, d.String()+"deny", ir.Deny, 1), genLevel(t, d.String()+"allow", ir.Allow, 3)}}
	for _, ns := range []string{"a", "b"} {
		if rapid.IntRange(0, 4).Draw(t, "closes "+ns) > 0 {
			last.Isolate = append(last.Isolate, ir.Isolation{Subject: ir.Subject{Pods: ir.InNamespace(ns)}, Origin: ir.Origin{Kind: ir.FromDefault, Address: ns}})
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "closes pods") == 0 {
		last.Isolate = append(last.Isolate, ir.Isolation{Subject: ir.Subject{Pods: genPods(t, true)}, Origin: ir.Origin{Kind: ir.FromDefault, Address: "pods"}})
	}
	return append(out, last)
}

func TestPoliciesMeanTheProgram(t *testing.T) {
	exact, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := &ir.Program{Egress: genStages(t, ir.Egress), Ingress: genStages(t, ir.Ingress), Inventory: inventory()}
		objects, diags := (Backend{}).Lower(p, target(lower.Alone))
		if diags.HasErrors() {
			refused++
			return
		}
		if len(diags) > 0 {
			t.Fatalf("a warning although every fact is stated: %v", diags)
		}
		exact++
		n := enforced{}
		for _, o := range objects {
			np := o.Value.(*networkingv1.NetworkPolicy)
			validate(t, np)
			n.policies = append(n.policies, np)
		}
		for _, n.everyone = range []bool{false, true} {
			for _, pod := range pods() {
				for _, x := range flows() {
					for _, to := range pods() {
						if fmt.Sprint(pod) != fmt.Sprint(to) {
							check(t, p, n, pod, to, x)
						}
					}
					for _, other := range others() {
						check(t, p, n, pod, other, x)
						check(t, p, n, other, pod, x)
					}
				}
			}
		}
	})
	t.Log("exact", exact, "refused", refused)
	if exact < refused/2 {
		t.Error("the test shows too little")
	}
}

// policed is what policies say of a direction.
type policed interface {
	direction(d networkingv1.PolicyType, subject, peer end, x flow, toPod bool) bool
}

func check(t *rapid.T, p *ir.Program, n policed, from, to end, x flow) {
	toPod := to.kind == "pod"
	want, got := true, true
	if from.kind == "pod" {
		want = meant(p.Egress, from, to, x, toPod)
		got = n.direction(networkingv1.PolicyTypeEgress, from, to, x, toPod)
	}
	if toPod && from.kind != "own" {
		want = want && meant(p.Ingress, to, from, x, true)
	}
	if toPod {
		got = got && n.direction(networkingv1.PolicyTypeIngress, to, from, x, true)
	}
	if want != got {
		t.Fatalf("%v -> %v %v: want %v, got %v by %v\n%s", from, to, x, want, got, n, p.Text())
	}
}
