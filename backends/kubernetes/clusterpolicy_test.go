package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/clusterpolicy"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The property for ClusterNetworkPolicies: Admin, the network policies, and
// Baseline together let through what the program lets through, whichever of two
// policies of one priority is asked first.

type tiered struct {
	enforced
	cluster []*clusterpolicy.Policy // in the order in which they are asked
}

func (n tiered) direction(d networkingv1.PolicyType, subject, peer end, x flow, toPod bool) bool {
	if d == networkingv1.PolicyTypeIngress && peer.kind == "own" {
		return true
	}
	switch n.ask(clusterpolicy.Admin, d, subject, peer, x, toPod) {
	case "Accept":
		return true
	case "Deny":
		return false
	}
	if n.isolated(d, subject) {
		return n.enforced.direction(d, subject, peer, x, toPod)
	}
	return n.ask(clusterpolicy.Baseline, d, subject, peer, x, toPod) != "Deny"
}

func (n tiered) isolated(d networkingv1.PolicyType, subject end) bool {
	return slices.ContainsFunc(n.policies, func(np *networkingv1.NetworkPolicy) bool {
		return np.Namespace == subject.namespace && selects(&np.Spec.PodSelector, subject.labels) && slices.Contains(np.Spec.PolicyTypes, d)
	})
}

// ask gives the action of the first rule of a tier that matches; "" for none.
func (n tiered) ask(tier clusterpolicy.Tier, d networkingv1.PolicyType, subject, peer end, x flow, toPod bool) string {
	for _, p := range n.cluster {
		if p.Spec.Tier != tier || !chosen(p.Spec.Subject, subject) {
			continue
		}
		if d == networkingv1.PolicyTypeIngress {
			for _, r := range p.Spec.Ingress {
				if slices.ContainsFunc(r.From, func(s clusterpolicy.Selection) bool { return chosen(s, peer) }) && onProtocols(r.Protocols, x, toPod) {
					return r.Action
				}
			}
			continue
		}
		for _, r := range p.Spec.Egress {
			if slices.ContainsFunc(r.To, func(q clusterpolicy.Peer) bool { return chosen(q.Selection, peer) || within(q.Networks, peer) }) && onProtocols(r.Protocols, x, toPod) {
				return r.Action
			}
		}
	}
	return ""
}

func chosen(s clusterpolicy.Selection, e end) bool {
	switch {
	case e.kind != "pod":
		return false
	case s.Namespaces != nil:
		return selects(s.Namespaces, namespaceLabels[e.namespace])
	case s.Pods != nil:
		return selects(&s.Pods.NamespaceSelector, namespaceLabels[e.namespace]) && selects(&s.Pods.PodSelector, e.labels)
	}
	return false
}

func within(networks []string, e end) bool {
	return slices.ContainsFunc(networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(e.address) })
}

func onProtocols(list []clusterpolicy.Protocol, x flow, toPod bool) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(p clusterpolicy.Protocol) bool {
		t := map[ir.Protocol]*clusterpolicy.Transport{ir.TCP: p.TCP, ir.UDP: p.UDP, ir.SCTP: p.SCTP}[x.protocol]
		switch {
		case p.NamedPort != "":
			return toPod && x.named
		case t == nil:
			return false
		case t.DestinationPort.Range != nil:
			return int32(x.port) >= t.DestinationPort.Range.Start && int32(x.port) <= t.DestinationPort.Range.End
		}
		return int32(x.port) == t.DestinationPort.Number
	})
}

// wellFormed demands what the API demands of a policy
// (config/crd/standard/policy.networking.k8s.io_clusternetworkpolicies.yaml).
func wellFormed(t failing, p *clusterpolicy.Policy) {
	one := func(s clusterpolicy.Selection, networks int) bool {
		n := 0
		for _, has := range []bool{s.Namespaces != nil, s.Pods != nil, networks > 0} {
			if has {
				n++
			}
		}
		return n == 1 && networks <= 25
	}
	ok := p.Spec.Priority >= 0 && p.Spec.Priority <= 1000 && one(p.Spec.Subject, 0) && len(p.Spec.Ingress) <= 25 && len(p.Spec.Egress) <= 25 && len(p.Spec.Ingress)+len(p.Spec.Egress) > 0
	for _, r := range slices.Concat(p.Spec.Ingress, p.Spec.Egress) {
		ok = ok && len(r.Name) <= 100 && len(r.From)+len(r.To) > 0 && len(r.From)+len(r.To) <= 25 && len(r.Protocols) <= 25
		for _, s := range r.From {
			ok = ok && one(s, 0)
		}
		for _, q := range r.To {
			ok = ok && one(q.Selection, len(q.Networks))
		}
		for _, x := range r.Protocols {
			for _, port := range []*clusterpolicy.Transport{x.TCP, x.UDP, x.SCTP} {
				if port != nil {
					rng := port.DestinationPort.Range
					ok = ok && (rng == nil) == (port.DestinationPort.Number > 0) && (rng == nil || rng.Start < rng.End)
				}
			}
		}
	}
	if !ok {
		t.Errorf("the API would not take %+v", p)
	}
}

func withClusterPolicies() lower.Target {
	t := target(lower.Alone)
	t.Profile, _ = t.Profile.With(clusterPolicies, "true")
	return t
}

// genTier is a level as genLevel gives it, also for every pod of the cluster and
// for ports by name of any protocol.
func genTier(t *rapid.T, name string, action ir.Action) ir.Level {
	l := genLevel(t, name, action, 2)
	for i := range l.Rules {
		r := &l.Rules[i]
		if rapid.IntRange(0, 3).Draw(t, "for the cluster") == 0 {
			r.Subject.Pods = ir.AllPods()
		}
		if len(r.Traffic.Named()) > 0 {
			r.Traffic = ir.NamedTraffic(ir.NamedPort{Protocol: ir.TCP, Name: "web"}, ir.NamedPort{Protocol: ir.UDP, Name: "web"}, ir.NamedPort{Protocol: ir.SCTP, Name: "web"})
		}
		if rapid.IntRange(0, 1).Draw(t, "pods alone") == 0 {
			r.Peers, _ = ir.PeersOf(genPods(t, false), genPods(t, false))
		}
	}
	return l
}

func genTiered(t *rapid.T, d ir.Direction) []ir.Stage {
	var out []ir.Stage
	for i := range rapid.IntRange(0, 2).Draw(t, "tiers") {
		n := fmt.Sprint(d, "tier", i)
		s := ir.Stage{Name: n, Order: float64(100 * (i + 1)), Origin: ir.Origin{Kind: ir.FromRule, Address: n}, Levels: []ir.Level{
			genTier(t, n+"deny", ir.Deny), genTier(t, n+"pass", ir.Pass), genTier(t, n+"allow", ir.Allow),
		}}
		if rapid.IntRange(0, 2).Draw(t, "closes") == 0 {
			s.Isolate = []ir.Isolation{{Subject: ir.Subject{Pods: genPods(t, true), Kind: ir.SubjectInline}, Origin: ir.Origin{Kind: ir.FromDefault, Address: n}}}
		}
		out = append(out, s)
	}
	last := ir.Stage{Name: ir.StageRules, Levels: []ir.Level{genTier(t, d.String()+"deny", ir.Deny), genLevel(t, d.String()+"allow", ir.Allow, 2)}}
	for _, ns := range []string{"a", "b"} {
		if rapid.IntRange(0, 2).Draw(t, "closes "+ns) > 0 {
			last.Isolate = append(last.Isolate, ir.Isolation{Subject: ir.Subject{Pods: ir.InNamespace(ns)}, Origin: ir.Origin{Kind: ir.FromDefault, Address: ns}})
		}
	}
	if d == ir.Egress && len(last.Isolate) == 2 && rapid.IntRange(0, 1).Draw(t, "closes the cluster") == 0 {
		last.Isolate = append(last.Isolate, ir.Isolation{Subject: ir.Subject{Pods: ir.AllPods(), Kind: ir.SubjectCluster, Address: "cluster"}, Origin: ir.Origin{Kind: ir.FromDefault, Address: "cluster"}})
		for i := range last.Levels[1].Rules {
			if r := &last.Levels[1].Rules[i]; rapid.Bool().Draw(t, "for the cluster") && len(r.Traffic.Named()) == 0 {
				r.Subject.Pods = ir.AllPods()
			}
		}
	}
	return append(out, last)
}

func TestClusterPoliciesMeanTheProgram(t *testing.T) {
	exact, refused, cluster := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := &ir.Program{Egress: genTiered(t, ir.Egress), Ingress: genTiered(t, ir.Ingress), Inventory: inventory()}
		objects, diags := (Backend{}).Lower(p, withClusterPolicies())
		if diags.HasErrors() {
			refused++
			return
		}
		exact++
		var n tiered
		for _, o := range objects {
			switch v := o.Value.(type) {
			case *networkingv1.NetworkPolicy:
				validate(t, v)
				n.policies = append(n.policies, v)
			case *clusterpolicy.Policy:
				wellFormed(t, v)
				n.cluster = append(n.cluster, v)
				cluster++
			}
		}
		slices.SortStableFunc(n.cluster, func(a, b *clusterpolicy.Policy) int { return int(a.Spec.Priority - b.Spec.Priority) })
		other := n
		other.cluster = slices.Clone(n.cluster)
		slices.SortStableFunc(other.cluster, func(a, b *clusterpolicy.Policy) int {
			if a.Spec.Priority != b.Spec.Priority {
				return int(a.Spec.Priority - b.Spec.Priority)
			}
			return strings.Compare(b.Name, a.Name)
		})
		other.everyone = true
		for _, n := range []tiered{n, other} {
			eachFlow(func(from, to end, x flow) { check(t, p, n, from, to, x) })
		}
	})
	t.Log("exact", exact, "refused", refused, "cluster policies", cluster)
	if exact < refused/4 || cluster < exact {
		t.Error("the test shows too little")
	}
}

func eachFlow(do func(from, to end, x flow)) {
	for _, pod := range pods() {
		for _, x := range flows() {
			for _, to := range pods() {
				if fmt.Sprint(pod) != fmt.Sprint(to) {
					do(pod, to, x)
				}
			}
			for _, other := range others() {
				do(pod, other, x)
				do(other, pod, x)
			}
		}
	}
}

// TestClusterPolicyBounds: what is over a list's bound becomes several peers,
// rules and policies, which mean the same.
func TestClusterPolicyBounds(t *testing.T) {
	var ports set.Ports
	for i := range uint16(60) {
		ports = ports.Union(set.SinglePort(1000 + 2*i))
	}
	stage := ir.Stage{Name: "edge", Order: 100, Origin: ir.Origin{Kind: ir.FromRule, Address: "edge"}}
	var level ir.Level
	for i := range 30 {
		var addresses set.Addresses
		for k := range 40 {
			addresses = addresses.Union(set.AddressesOf(netip.MustParsePrefix(fmt.Sprintf("198.18.%d.%d/32", i, 2*k))))
		}
		traffic := ir.AllTraffic()
		if i == 0 {
			traffic = ir.PortTraffic(ir.TCP, ports)
		}
		peers, _ := ir.PeersOf(ir.External{Addresses: addresses})
		level.Rules = append(level.Rules, ir.Rule{Subject: ir.SubjectOf(ir.AllPods()), Peers: peers, Traffic: traffic, Action: ir.Deny,
			Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprint("edge/", i)}})
	}
	stage.Levels = []ir.Level{level}
	p := &ir.Program{Egress: []ir.Stage{stage, {Name: ir.StageRules}}, Inventory: inventory()}
	lowered := func() []string {
		objects, diags := (Backend{}).Lower(p, withClusterPolicies())
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		var names []string
		var n tiered
		for _, o := range objects {
			wellFormed(t, o.Value.(*clusterpolicy.Policy))
			names, n.cluster = append(names, o.Name), append(n.cluster, o.Value.(*clusterpolicy.Policy))
		}
		for i := range 30 {
			for k := range 4 {
				to := end{kind: "address", address: netip.AddrFrom4([4]byte{198, 18, byte(i), byte(k)})}
				for _, port := range []uint16{1000, 1001, 1118, 1119} {
					x := flow{ir.TCP, port, false}
					if want := meant(p.Egress, pods()[0], to, x, false); n.direction(networkingv1.PolicyTypeEgress, pods()[0], to, x, false) != want {
						t.Fatalf("%v %v: want %v", to, x, want)
					}
				}
			}
		}
		return names
	}
	before := lowered()
	if len(before) != 30 {
		t.Fatalf("%d policies: %v", len(before), before)
	}
	p.Egress[0].Levels[0].Rules = slices.Delete(slices.Clone(level.Rules), 3, 4)
	if after := lowered(); len(after) != 29 || slices.ContainsFunc(after, func(n string) bool { return !slices.Contains(before, n) }) {
		t.Errorf("a rule less gives other names: %v", after)
	}
}

func (n tiered) String() string {
	var out strings.Builder
	for _, p := range n.cluster {
		text, _ := json.Marshal(p.Spec)
		fmt.Fprintf(&out, "\n%s %s", p.Name, text)
	}
	for _, p := range n.policies {
		text, _ := json.Marshal(p.Spec)
		fmt.Fprintf(&out, "\n%s/%s %s", p.Namespace, p.Name, text)
	}
	return out.String()
}
