package calico

import (
	"fmt"
	"strings"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/api/pkg/lib/numorstring"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Draw draws objects of Calico's and policies of Kubernetes', over the words of
// package random, as API servers of Calico take them from 3.30: tiers, network
// sets, a host endpoint, and policies of every kind, some of them staged. The
// namespaces are among them.
func Draw(t *rapid.T) []oracle.Document {
	d := &drawing{T: t, tiers: []string{defaultTier}}
	for _, ns := range random.Namespaces {
		d.put(&corev1.Namespace{TypeMeta: core("Namespace"), ObjectMeta: metav1.ObjectMeta{Name: ns.Name, Labels: ns.Labels}})
	}
	for _, name := range []string{"early", "late"} {
		if d.chance(40) {
			d.tier(name)
		}
	}
	for i := range d.upTo(2) {
		d.set(i)
	}
	if d.chance(15) {
		d.host()
	}
	for i := range 1 + d.upTo(4) {
		d.policy(i)
	}
	return d.docs
}

// drawing is what is drawn so far.
type drawing struct {
	*rapid.T
	tiers []string
	docs  []oracle.Document
}

func (d *drawing) put(object any) {
	text, err := yaml.Marshal(object)
	if err != nil {
		panic(err)
	}
	d.docs = append(d.docs, oracle.Document{Source: fmt.Sprintf("drawn:%d", len(d.docs)), Text: text})
}

func (d *drawing) chance(percent int) bool {
	return rapid.IntRange(0, 99).Draw(d.T, "chance") >= 100-percent
}

func (d *drawing) upTo(n int) int { return rapid.IntRange(0, n).Draw(d.T, "how many") }

func of[T any](d *drawing, list []T) T { return rapid.SampledFrom(list).Draw(d.T, "word") }

func one[T any](d *drawing, list ...T) T { return of(d, list) }

// order draws an order, equal ones and none too.
func (d *drawing) order() *float64 {
	if d.chance(20) {
		return nil
	}
	n := one(d, 10, 20.5, 1000, -1, 1_000_000)
	return &n
}

func (d *drawing) tier(name string) {
	pass, deny := v3.Pass, v3.Deny
	t := v3.NewTier()
	t.Name, t.Spec = name, v3.TierSpec{Order: d.order(), DefaultAction: one(d, nil, &pass, &deny)}
	d.tiers = append(d.tiers, name)
	d.put(t)
}

// set draws a network set. Labels are those of pods, which selectors ask for.
func (d *drawing) set(i int) {
	meta := metav1.ObjectMeta{Name: fmt.Sprintf("set-%d", i), Labels: d.labels(random.PodKeys)}
	var nets []string
	for range 1 + d.upTo(2) {
		nets = append(nets, of(d, random.Blocks).CIDR)
	}
	if d.chance(50) {
		s := v3.NewGlobalNetworkSet()
		s.ObjectMeta, s.Spec.Nets = meta, nets
		d.put(s)
		return
	}
	s := v3.NewNetworkSet()
	meta.Namespace = of(d, random.Namespaces).Name
	s.ObjectMeta, s.Spec.Nets = meta, nets
	d.put(s)
}

func (d *drawing) host() {
	h := v3.NewHostEndpoint()
	h.Name, h.Labels = "edge", d.labels(random.PodKeys)
	h.Spec = v3.HostEndpointSpec{Node: "edge", InterfaceName: "eth0", ExpectedIPs: []string{one(d, "192.0.2.64", "10.10.0.1", "2001:db8:1::")}}
	d.put(h)
}

func (d *drawing) labels(keys map[string][]string) map[string]string {
	out := map[string]string{}
	for _, key := range random.Keys(keys) {
		if d.chance(60) {
			out[key] = of(d, keys[key])
		}
	}
	return out
}

// policy draws a policy. Its name has its tier before it, as it must have up to
// 3.31.
func (d *drawing) policy(i int) {
	if d.chance(15) {
		d.native(i)
		return
	}
	tier := of(d, d.tiers)
	name := fmt.Sprintf("p%d", (7*i+3)%10)
	if tier != defaultTier {
		name = tier + "." + name
	}
	if tier == defaultTier && d.chance(50) {
		tier = ""
	}
	spec := v3.GlobalNetworkPolicySpec{
		Tier: tier, Order: d.order(), Selector: d.subject(podLabels),
		Types:   one(d, nil, []v3.PolicyType{v3.PolicyTypeIngress}, []v3.PolicyType{v3.PolicyTypeEgress}, []v3.PolicyType{v3.PolicyTypeIngress, v3.PolicyTypeEgress}),
		Ingress: d.rules(true), Egress: d.rules(false),
	}
	if d.chance(15) {
		spec.ServiceAccountSelector = d.selector(accountLabels, 1)
	}
	var text any
	if d.chance(50) {
		p := v3.NewNetworkPolicy()
		p.Name, p.Namespace = name, of(d, random.Namespaces).Name
		p.Spec = v3.NetworkPolicySpec{
			Tier: spec.Tier, Order: spec.Order, Selector: spec.Selector, ServiceAccountSelector: spec.ServiceAccountSelector,
			Types: spec.Types, Ingress: spec.Ingress, Egress: spec.Egress,
		}
		text = p
	} else {
		p := v3.NewGlobalNetworkPolicy()
		p.Name, p.Spec = name, spec
		p.Spec.NamespaceSelector = d.subject(namespaceLabels)
		d.early(&p.Spec)
		text = p
	}
	d.put(text)
	if d.chance(10) {
		d.replace("\nkind: ", "\nkind: Staged")
	} else if d.chance(5) {
		d.replace(group+"/v3", storageGroup+"/v1")
	}
}

// replace changes the text of the last object.
func (d *drawing) replace(old, by string) {
	last := &d.docs[len(d.docs)-1]
	last.Text = []byte(strings.Replace(string(last.Text), old, by, 1))
}

// early makes a few policies ones for what hosts forward, or for packets before
// others see them. None of these is about pods.
func (d *drawing) early(s *v3.GlobalNetworkPolicySpec) {
	if !d.chance(8) {
		return
	}
	s.ApplyOnForward = true
	switch d.upTo(2) {
	case 0:
		s.DoNotTrack = true
	case 1:
		s.PreDNAT, s.Types, s.Egress = true, []v3.PolicyType{v3.PolicyTypeIngress}, nil
	}
}

// labels are keys of labels, with values.
type labels map[string][]string

// What endpoints can be selected by: labels of pods, with those that Calico
// gives, of namespaces, and of service accounts.
var (
	podLabels = with(random.PodKeys, labels{
		"projectcalico.org/namespace": {"shop", "payments"}, "projectcalico.org/orchestrator": {"k8s"},
		"projectcalico.org/serviceaccount": random.Accounts, "pcns.team": {"red"}, "pcsa.projectcalico.org/name": random.Accounts,
	})
	namespaceLabels = with(random.NamespaceKeys, labels{"projectcalico.org/name": {"shop", "lab"}, "kubernetes.io/metadata.name": {"shop", "payments"}})
	accountLabels   = labels{"projectcalico.org/name": random.Accounts}
)

func with(a, b labels) labels {
	out := labels{}
	for _, m := range []labels{a, b} {
		for key, values := range m {
			out[key] = values
		}
	}
	return out
}

// subject draws a selector that often selects everything.
func (d *drawing) subject(l labels) string {
	if d.chance(50) {
		return ""
	}
	return d.selector(l, 1)
}

// selector draws a selector with every operator, nested as deep as said.
func (d *drawing) selector(l labels, depth int) string {
	if depth > 0 && d.chance(40) {
		a, b := d.selector(l, depth-1), d.selector(l, depth-1)
		return one(d, "("+a+") && ("+b+")", a+" || "+b, "!("+a+")", a+" && "+b)
	}
	key := of(d, random.Keys(l))
	value := one(d, of(d, l[key]), of(d, l[key]), random.Nothing)
	switch d.upTo(10) {
	case 0, 1:
		return key + " == '" + value + "'"
	case 2:
		return key + " != \"" + value + "\""
	case 3:
		return key + " in {'" + value + "', '" + random.Nothing + "'}"
	case 4:
		return key + " not in { \"" + value + "\" }"
	case 5:
		return "has(" + key + ")"
	case 6:
		return "!has(" + key + ")"
	case 7:
		return key + " contains '" + value[1:] + "'"
	case 8:
		return key + " starts with '" + value[:2] + "'"
	case 9:
		return key + " ends with '" + value[len(value)-1:] + "'"
	}
	return "all()"
}

// native draws a policy of Kubernetes'.
func (d *drawing) native(i int) {
	p := &networkingv1.NetworkPolicy{TypeMeta: metav1.TypeMeta{APIVersion: nativeGroup + "/v1", Kind: "NetworkPolicy"}}
	p.Name, p.Namespace = fmt.Sprintf("native-%d", i), of(d, random.Namespaces).Name
	p.Spec.PodSelector.MatchLabels = d.labels(random.PodKeys)
	tcp, block, span := corev1.ProtocolTCP, of(d, random.Blocks), of(d, random.PortRanges)
	port := one(d, intstr.FromInt32(int32(of(d, random.Ports))), intstr.FromString(of(d, random.PortNames).Name))
	first, last := intstr.FromInt32(int32(span[0])), int32(span[1])
	rule := networkingv1.NetworkPolicyIngressRule{
		Ports: one(d, nil, []networkingv1.NetworkPolicyPort{{}}, []networkingv1.NetworkPolicyPort{{Protocol: &tcp, Port: &port}}, []networkingv1.NetworkPolicyPort{{Port: &first, EndPort: &last}}),
		From: one(d, nil, []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: d.labels(random.PodKeys)}}},
			[]networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: d.labels(random.NamespaceKeys)}}},
			[]networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: block.CIDR, Except: block.Except}}}),
	}
	switch d.upTo(2) {
	case 0:
		p.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{rule}
	case 1:
		p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{Ports: rule.Ports, To: rule.From}}
	}
	d.put(p)
}

func (d *drawing) rules(ingress bool) []v3.Rule {
	var out []v3.Rule
	for range d.upTo(3) {
		out = append(out, d.rule(ingress))
	}
	return out
}

// rule draws a rule. All of its addresses are of one family.
func (d *drawing) rule(ingress bool) v3.Rule {
	r := v3.Rule{Action: one(d, v3.Allow, v3.Allow, v3.Deny, v3.Pass, v3.Log)}
	v6 := d.chance(25)
	ported := d.protocol(&r, v6)
	if d.chance(10) {
		version := 4
		if v6 {
			version = 6
		}
		r.IPVersion = &version
	}
	peer, own := &r.Source, &r.Destination
	if !ingress {
		peer, own = own, peer
	}
	if d.chance(80) {
		d.entity(peer, v6)
	}
	if d.chance(15) {
		d.entity(own, v6)
	}
	service := d.chance(5)
	if service {
		*peer = v3.EntityRule{Services: &v3.ServiceMatch{Namespace: one(d, "shop", "payments", "default"), Name: one(d, "front", "api", "kubernetes")}}
	}
	if ported && (ingress || !service) {
		d.ports(&r)
	}
	if ported && r.Protocol.StrVal == numorstring.ProtocolTCP && ingress && r.Action == v3.Allow && d.chance(5) {
		r.HTTP = &v3.HTTPMatch{Methods: []string{of(d, random.Methods)}}
	}
	return r
}

// protocol draws a rule's protocol, and reports whether it has ports.
func (d *drawing) protocol(r *v3.Rule, v6 bool) bool {
	words := []string{numorstring.ProtocolTCP, numorstring.ProtocolUDP, numorstring.ProtocolSCTP}
	switch d.upTo(6) {
	case 0, 1:
		p := numorstring.ProtocolFromString(of(d, words))
		r.Protocol = &p
		return true
	case 2:
		p := numorstring.ProtocolFromString(numorstring.ProtocolTCP)
		r.Protocol = &p
		return true
	case 3:
		p := one(d, numorstring.ProtocolFromInt(47), numorstring.ProtocolFromString(numorstring.ProtocolUDPLite), numorstring.ProtocolFromString(of(d, words)), numorstring.ProtocolFromInt(6))
		if d.chance(50) {
			r.NotProtocol = &p
		} else {
			r.Protocol = &p
		}
	case 4:
		messages, p, number := random.ICMPv4, numorstring.ProtocolFromString(numorstring.ProtocolICMP), numorstring.ProtocolFromInt(sem.ICMP)
		if v6 {
			messages, p, number = random.ICMPv6, numorstring.ProtocolFromString(numorstring.ProtocolICMPv6), numorstring.ProtocolFromInt(sem.ICMPv6)
		}
		if r.Protocol = &p; d.chance(20) {
			r.Protocol = &number
			return false
		}
		if d.chance(60) {
			r.ICMP = message(of(d, messages))
		}
		if d.chance(25) {
			r.NotICMP = message(of(d, messages))
		}
	}
	return false
}

func message(m random.ICMP) *v3.ICMPFields {
	kind := int(m.Type)
	out := &v3.ICMPFields{Type: &kind}
	if m.Code >= 0 {
		out.Code = &m.Code
	}
	return out
}

// entity draws what a rule asks of an end, beside ports.
func (d *drawing) entity(e *v3.EntityRule, v6 bool) {
	if d.chance(40) {
		e.Selector = d.selector(podLabels, 2)
	}
	if d.chance(15) {
		e.NotSelector = d.selector(podLabels, 1)
	}
	if d.chance(30) {
		e.NamespaceSelector = one(d, d.selector(namespaceLabels, 1), d.selector(namespaceLabels, 1), "all()", "global()")
	}
	if d.chance(15) {
		e.ServiceAccounts = &v3.ServiceAccountMatch{Names: []string{of(d, random.Accounts)}}
		if d.chance(30) {
			e.ServiceAccounts.Selector = d.selector(accountLabels, 0)
		}
	}
	if d.chance(25) {
		e.Nets = d.nets(v6)
		if d.chance(10) {
			e.Nets = append(e.Nets, map[bool]string{false: "0.0.0.0/0", true: "::/0"}[v6])
		}
	}
	if d.chance(15) {
		e.NotNets = d.nets(v6)
	}
}

// nets draws ranges of a family. One that leaves no address is refused from 3.31
// among notNets, so that none is drawn.
func (d *drawing) nets(v6 bool) []string {
	var all []string
	for _, b := range random.Blocks {
		if strings.Contains(b.CIDR, ":") == v6 && !strings.HasSuffix(b.CIDR, "/0") {
			all = append(all, append([]string{b.CIDR}, b.Except...)...)
		}
	}
	var out []string
	for range 1 + d.upTo(2) {
		out = append(out, of(d, all))
	}
	return out
}

// ports draws a rule's ports.
func (d *drawing) ports(r *v3.Rule) {
	if d.chance(60) {
		r.Destination.Ports = d.portList()
		if d.chance(20) {
			r.Destination.Ports = append(r.Destination.Ports, numorstring.NamedPort(of(d, random.PortNames).Name))
			return
		}
	}
	if d.chance(20) {
		r.Destination.NotPorts = d.portList()
	}
	if d.chance(8) {
		r.Source.Ports = d.portList()
	}
	if d.chance(8) {
		r.Source.NotPorts = d.portList()
	}
}

func (d *drawing) portList() []numorstring.Port {
	var out []numorstring.Port
	for range 1 + d.upTo(1) {
		if d.chance(30) {
			b := of(d, random.PortRanges)
			out = append(out, numorstring.Port{MinPort: b[0], MaxPort: b[1]})
			continue
		}
		out = append(out, numorstring.SinglePort(of(d, random.Ports)))
	}
	return out
}
