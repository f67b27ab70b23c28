package calico

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/api/pkg/lib/numorstring"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// The universe of the property test.
var (
	spaces = map[string]map[string]string{"a": {"k": "x"}, "b": {}, "h": {"k": "y", "j": "x"}}
	keys   = []string{"k", "j", "projectcalico.org/namespace", "projectcalico.org/orchestrator", "projectcalico.org/serviceaccount", "pcns.k", "pcns.projectcalico.org/name"}
	words  = []string{"x", "y", "xy", "a", "b", "k8s", "sa"}
	ranges = map[bool][]string{
		false: {"10.0.0.0/30", "10.0.0.0/8", "10.0.0.2/32", "192.0.2.0/24", "0.0.0.0/0", "10.9.0.0/16"},
		true:  {"fd00::/126", "fd00::/16", "2001:db8::/32", "::/0"},
	}
)

// gen draws objects and keeps what their selectors mean.
type gen struct {
	*rand.Rand
	selectors map[string]predicate
	asks      int  // how much rules ask of flows: what asks much decides little
	hosts     bool // nodes are host endpoints
}

func one[T any](g gen, list ...T) T { return list[g.IntN(len(list))] }

func (g gen) chance(percent int) bool { return g.IntN(100) < percent }

// ask is chance for what a rule asks.
func (g gen) ask(percent int) bool { return g.chance(percent * g.asks / 100) }

// wide draws a selector that often selects everything.
func (g gen) wide() string {
	if g.chance(60) {
		return ""
	}
	return g.selector(keys, false)
}

// selector draws a selector and writes it with the blanks and quotes that the
// grammar leaves open.
func (g gen) selector(keys []string, global bool) string {
	text, means := g.expression(keys, g.IntN(3))
	if global && g.chance(10) {
		text, means = "global()", func(_ func(string) (string, bool), _, global bool) bool { return global }
	}
	g.selectors[text] = means
	return text
}

func (g gen) expression(keys []string, depth int) (string, predicate) {
	if depth == 0 {
		return g.test(keys)
	}
	a, left := g.expression(keys, depth-1)
	if g.chance(25) {
		return "!(" + a + ")", func(get func(string) (string, bool), all, global bool) bool { return !left(get, all, global) }
	}
	b, right := g.expression(keys, depth-1)
	if g.chance(50) {
		return "(" + a + ") && (" + b + ")", func(get func(string) (string, bool), all, global bool) bool {
			return left(get, all, global) && right(get, all, global)
		}
	}
	return "(" + a + ")||(" + b + " )", func(get func(string) (string, bool), all, global bool) bool {
		return left(get, all, global) || right(get, all, global)
	}
}

func (g gen) test(keys []string) (string, predicate) {
	key, word := one(g, keys...), one(g, words...)
	quoted := one(g, `"`, `'`)
	quoted += word + quoted
	on := func(f func(value string, has bool) bool) predicate {
		return func(get func(string) (string, bool), _, _ bool) bool { return f(get(key)) }
	}
	list := []string{word, one(g, words...)}[:g.IntN(3)]
	listed := "{'" + strings.Join(list, "', '") + "'}"
	if len(list) == 0 {
		listed = "{}"
	}
	switch g.IntN(9) {
	case 0:
		return key + " != " + quoted, on(func(v string, has bool) bool { return !has || v != word })
	case 1:
		return "has( " + key + ")", on(func(_ string, has bool) bool { return has })
	case 2:
		return "! has(" + key + " )", on(func(_ string, has bool) bool { return !has })
	case 3:
		return key + " in" + listed, on(func(v string, has bool) bool { return has && slices.Contains(list, v) })
	case 4:
		return key + " not  in " + listed, on(func(v string, has bool) bool { return !has || !slices.Contains(list, v) })
	case 5:
		return key + " contains " + quoted, on(func(v string, has bool) bool { return has && strings.Contains(v, word) })
	case 6:
		return key + one(g, " starts with ", " startswith") + quoted, on(func(v string, has bool) bool { return has && strings.HasPrefix(v, word) })
	case 7:
		return "all()", func(_ func(string) (string, bool), all, _ bool) bool { return all }
	}
	return key + "==" + quoted, on(func(v string, has bool) bool { return has && v == word })
}

func (g gen) nets(v6 bool, all bool) []string {
	list := ranges[v6]
	if !all {
		list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.HasSuffix(s, "/0") })
	}
	return []string{one(g, list...), one(g, list...)}[:1+g.IntN(2)]
}

func (g gen) entity(v6, named bool, ports bool) v3.EntityRule {
	var e v3.EntityRule
	if g.ask(40) {
		e.Selector = g.selector(keys, false)
	}
	if g.ask(20) {
		e.NotSelector = g.selector(keys, false)
	}
	if g.ask(25) {
		e.NamespaceSelector = g.selector([]string{"k", "j", "projectcalico.org/name"}, true)
	}
	if g.ask(10) {
		e.ServiceAccounts = &v3.ServiceAccountMatch{Names: []string{one(g, "sa", "default")}}
	}
	if g.ask(20) {
		e.Nets = g.nets(v6, true)
	}
	if g.ask(15) {
		e.NotNets = g.nets(v6, false)
	}
	if ports && g.ask(60) {
		e.Ports = append(e.Ports, numorstring.Port{MinPort: 80, MaxPort: one[uint16](g, 80, 90)})
	}
	if ports && named && g.chance(40) {
		e.Ports = append(e.Ports, numorstring.NamedPort("http"))
	}
	if ports && !slices.ContainsFunc(e.Ports, func(p numorstring.Port) bool { return p.PortName != "" }) && g.ask(20) {
		e.NotPorts = []numorstring.Port{{MinPort: 85, MaxPort: 200}}
	}
	return e
}

func drawProtocol(g gen, names ...string) *numorstring.Protocol {
	p := numorstring.ProtocolFromString(one(g, names...))
	return &p
}

func (g gen) rule() v3.Rule {
	r := v3.Rule{Action: one(g, v3.Allow, v3.Allow, v3.Deny, v3.Pass, v3.Log)}
	ports := false
	switch g.IntN(6 - g.asks/50 + 1) {
	case 0, 1:
		r.Protocol, ports = drawProtocol(g, "TCP", "UDP", "SCTP"), true
	case 2:
		p := numorstring.ProtocolFromInt(one[uint8](g, 6, 47, 1))
		r.Protocol, ports = &p, p.NumVal == 6
	case 3:
		r.NotProtocol = drawProtocol(g, "TCP", "ICMP", "UDPLite")
	case 4:
		r.Protocol = drawProtocol(g, "ICMP")
		message := func() *v3.ICMPFields {
			kind, code := one(g, 8, 3), one(g, 0, 1)
			if g.chance(50) {
				return &v3.ICMPFields{Type: &kind}
			}
			return &v3.ICMPFields{Type: &kind, Code: &code}
		}
		if g.chance(60) {
			r.ICMP = message()
		}
		if g.chance(40) {
			r.NotICMP = message()
		}
	}
	v6 := r.ICMP == nil && r.NotICMP == nil && (r.Protocol == nil || r.Protocol.StrVal != "ICMP") && (r.NotProtocol == nil || r.NotProtocol.StrVal != "ICMP") && g.chance(20)
	if g.chance(15) {
		version := 4
		if v6 {
			version = 6
		}
		r.IPVersion = &version
	}
	r.Source, r.Destination = g.entity(v6, false, ports), g.entity(v6, true, ports)
	return r
}

func (g gen) rules() []v3.Rule {
	out := make([]v3.Rule, g.IntN(4))
	for i := range out {
		out[i] = g.rule()
	}
	return out
}

func (g gen) oracle() (*oracle, []any) {
	o := &oracle{selectors: g.selectors, old: g.chance(30), staged: map[string]bool{}, hosts: g.hosts}
	var objects []any
	pass, deny := v3.Pass, v3.Deny
	order := func() *float64 {
		if g.chance(25) {
			return nil
		}
		n := one(g, 9.0, 20, 1000, 1000000)
		return &n
	}
	tiers := []string{"default"}
	def := 1000000.0
	o.tiers = append(o.tiers, &v3.Tier{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v3.TierSpec{Order: &def}})
	for _, name := range []string{"early", "late"} {
		t := v3.NewTier()
		t.Name, t.Spec = name, v3.TierSpec{Order: order(), DefaultAction: one(g, nil, &pass, &deny)}
		o.tiers, objects, tiers = append(o.tiers, t), append(objects, t), append(tiers, name)
	}
	for i := range g.IntN(3) {
		labels := map[string]string{"k": one(g, "x", "y"), "j": "xy"}
		if g.chance(30) {
			delete(labels, "k")
		}
		nets := g.nets(g.chance(20), true)
		meta := metav1.ObjectMeta{Name: fmt.Sprintf("set%d", i), Labels: labels}
		m := member{labels: map[string]string{}}
		for k, v := range labels {
			m.labels[k] = v
		}
		for _, n := range nets {
			m.nets = append(m.nets, netip.MustParsePrefix(n))
		}
		if g.chance(50) {
			s := v3.NewGlobalNetworkSet()
			s.ObjectMeta, s.Spec.Nets = meta, nets
			objects = append(objects, s)
		} else {
			meta.Namespace = one(g, "a", "b", "h")
			m.labels["projectcalico.org/namespace"], m.labels["pcns.projectcalico.org/name"] = meta.Namespace, meta.Namespace
			for k, v := range spaces[meta.Namespace] {
				m.labels["pcns."+k] = v
			}
			s := v3.NewNetworkSet()
			s.ObjectMeta, s.Spec.Nets = meta, nets
			objects = append(objects, s)
		}
		o.sets = append(o.sets, m)
	}
	types := func() []v3.PolicyType {
		return one(g, nil, []v3.PolicyType{"Ingress"}, []v3.PolicyType{"Egress"}, []v3.PolicyType{"Egress", "Ingress"})
	}
	for i := range 1 + g.IntN(5) {
		tier := one(g, tiers...)
		name := fmt.Sprintf("p%d", g.IntN(10)*10+i)
		if tier != "default" {
			name = tier + "." + name
		}
		written := tier
		if tier == "default" && g.chance(50) {
			written = ""
		}
		o.staged[name] = g.chance(20)
		selector := g.wide()
		ingress, egress := g.rules(), g.rules()
		if g.chance(50) {
			p := v3.NewNetworkPolicy()
			p.Name, p.Namespace = name, one(g, "a", "a", "b", "h")
			p.Spec = v3.NetworkPolicySpec{Tier: written, Order: order(), Selector: selector, Types: types(), Ingress: ingress, Egress: egress}
			o.policies, objects = append(o.policies, p), append(objects, p)
			continue
		}
		p := v3.NewGlobalNetworkPolicy()
		p.Name = name
		p.Spec = v3.GlobalNetworkPolicySpec{Tier: written, Order: order(), Selector: selector, Types: types(), Ingress: ingress, Egress: egress}
		if g.chance(40) {
			p.Spec.NamespaceSelector = g.selector([]string{"k", "j", "projectcalico.org/name"}, false)
		}
		o.globals, objects = append(o.globals, p), append(objects, p)
	}
	return o, objects
}

func (g gen) endpoint(v6 bool, index int, pod bool) sem.Endpoint {
	address := func(v4, other string) netip.Addr {
		if v6 {
			return netip.MustParseAddr(other)
		}
		return netip.MustParseAddr(v4)
	}
	kind := sem.Pod
	if !pod {
		kind = one(g, sem.Pod, sem.Pod, sem.Pod, sem.OwnNode, sem.OtherNode, sem.External)
	}
	switch kind {
	case sem.OwnNode, sem.OtherNode:
		return sem.Endpoint{Kind: kind, Address: address(one(g, "10.9.0.1", "172.16.0.1"), "fd01::1"), Labels: map[string]string{"k": one(g, "x", "y")}}
	case sem.External:
		return sem.Endpoint{Kind: kind, Address: address(one(g, "192.0.2.1", "198.51.100.1", "10.0.0.1"), one(g, "2001:db8::1", "2002::1"))}
	}
	ns := one(g, "a", "a", "b", "h")
	labels := map[string]string{}
	for _, k := range []string{"k", "j"} {
		if v := one(g, "", "x", "y", "xy"); v != "" {
			labels[k] = v
		}
	}
	i := index + one(g, 0, 2)
	return sem.Endpoint{
		Kind: kind, Address: address(fmt.Sprintf("10.0.0.%d", 2+i), fmt.Sprintf("fd00::%d", 2+i)),
		Namespace: ns, NamespaceLabels: spaces[ns], Labels: labels, Account: one(g, "sa", "default"),
	}
}

func (g gen) flow() sem.Flow {
	v6 := g.chance(20)
	first := g.chance(50)
	f := sem.Flow{Source: g.endpoint(v6, 0, first), Destination: g.endpoint(v6, 1, !first)}
	if g.hosts && g.chance(30) {
		f.Source.Kind, f.Destination.Kind = sem.OtherNode, sem.OtherNode
		f.Source.Namespace, f.Source.Account, f.Destination.Namespace, f.Destination.Account = "", "", "", ""
		f.Source.NamespaceLabels, f.Destination.NamespaceLabels = nil, nil
	}
	f.Protocol = one[uint8](g, 6, 6, 17, 132, 47, 136, 1, 1)
	if f.Protocol == 1 && v6 {
		f.Protocol = 58
	}
	if f.Protocol == 1 || f.Protocol == 58 {
		f.ICMPType, f.ICMPCode = one[uint8](g, 8, 3, 0), one[uint8](g, 0, 1, 2)
	}
	if f.Protocol == 6 || f.Protocol == 17 || f.Protocol == 132 {
		f.SourcePort, f.Port = one[uint16](g, 80, 86, math.MaxUint16), one[uint16](g, 80, 86, 443, 22)
		if g.chance(60) {
			f.Calls = []string{"http"}
		}
	}
	return f
}

// TestMeaning lifts random objects and compares each flow's verdict with the
// oracle's.
func TestMeaning(t *testing.T) {
	var inv ir.Inventory
	for _, name := range []string{"a", "b", "h"} {
		inv.Namespaces = append(inv.Namespaces, ir.Namespace{Address: name, Name: name, Labels: spaces[name]})
	}
	certain := 0
	for seed := range uint64(2000) {
		g := gen{rand.New(rand.NewPCG(seed, 1)), map[string]predicate{"": everything}, 20 + 40*int(seed%3), seed%4 == 0}
		o, objects := g.oracle()
		var text bytes.Buffer
		for _, x := range objects {
			y, err := yaml.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			if p, ok := x.(metav1.Object); ok && o.staged[p.GetName()] {
				y = bytes.Replace(y, []byte("\nkind: "), []byte("\nkind: Staged"), 1)
			}
			text.WriteString("---\n")
			text.Write(y)
		}
		version := "3.33"
		if o.old {
			version = "3.31"
		}
		var switches []string
		if g.hosts {
			switches = []string{"host_endpoints"}
		}
		p, diags := liftText(t, version, text.String(), inv, switches...)
		if diags.HasErrors() {
			t.Fatalf("%v\n%s", diags, text.String())
		}
		for i := range 40 {
			f, program := g.flow(), p
			if o.preview = i%2 == 1; o.preview {
				program = p.Previewed()
			}
			want := sem.Denied
			if o.allows(&f) {
				want = sem.Allowed
			}
			v := sem.Decide(sem.Policy{{Program: program, Scope: sem.CNI}}, f)
			if g.hosts && (f.Source.IsNode() || f.Destination.IsNode()) && want == sem.Allowed {
				// An address that a rule asks of the node itself is a condition.
				allowed, open := o.atHosts(&f)
				switch {
				case open || v.Outcome == sem.Unknown:
					want = v.Outcome
				case !allowed:
					want = sem.Denied
				}
				if v.Outcome != sem.Unknown {
					certain++
				}
			}
			if v.Outcome != want {
				t.Fatalf("seed %d: %s, want %s (previewed: %v): %+v\n%s\n%s", seed, v.Outcome, want, o.preview, f, text.String(), p.Text())
			}
		}
	}
	enough(t, certain)
}

// enough reports whether a test compared something.
func enough(t *testing.T, certain int) {
	t.Helper()
	if certain < 1000 {
		t.Errorf("only %d flows of nodes have a verdict", certain)
	}
}

func everything(func(string) (string, bool), bool, bool) bool { return true }
