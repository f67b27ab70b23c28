package kubernetes

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// The property: what the lifted program says of a flow is what the objects say
// of it by the rules of the APIs, written here over the typed objects.

// cluster is the objects, and what the profile says of ranges.
type cluster struct {
	policies []*networkingv1.NetworkPolicy
	cluster  []*cnp
	outside  bool              // networks of ClusterNetworkPolicies are of the outside alone
	matches  map[string]string // whether an ipBlock matches pods and nodes: true, false, or "" for what is open
}

// choose settles what the APIs leave open: one of n answers to a question.
type choose func(question string, n int) int

// outcomes gives every result that the answers lead to.
func outcomes(run func(choose) bool) (allowed, denied bool) {
	var try func(answers map[string]int)
	try = func(answers map[string]int) {
		open, of := "", 0
		result := run(func(question string, n int) int {
			if a, known := answers[question]; known {
				return a
			}
			if open == "" {
				open, of = question, n
			}
			return 0
		})
		if open == "" {
			allowed, denied = allowed || result, denied || !result
			return
		}
		for a := range of {
			answers[open] = a
			try(answers)
		}
		delete(answers, open)
	}
	try(map[string]int{})
	return allowed, denied
}

// verdict is what the objects say.
func (c *cluster) verdict(f *sem.Flow) sem.Outcome {
	allowed, denied := outcomes(func(ask choose) bool {
		return (f.Source.Kind != sem.Pod || c.direction(networkingv1.PolicyTypeEgress, &f.Source, &f.Destination, f, ask)) &&
			(f.Destination.Kind != sem.Pod || c.direction(networkingv1.PolicyTypeIngress, &f.Destination, &f.Source, f, ask))
	})
	switch {
	case allowed && denied:
		return sem.Unknown
	case allowed:
		return sem.Allowed
	}
	return sem.Denied
}

func (c *cluster) direction(d networkingv1.PolicyType, subject, peer *sem.Endpoint, f *sem.Flow, ask choose) bool {
	if d == networkingv1.PolicyTypeIngress && peer.Kind == sem.OwnNode {
		return true
	}
	switch c.tier("Admin", d, subject, peer, f, ask) {
	case "Accept":
		return true
	case "Deny":
		return false
	}
	if allowed, isolated := c.native(d, subject, peer, f, ask); isolated {
		return allowed
	}
	return c.tier("Baseline", d, subject, peer, f, ask) != "Deny"
}

// native is what the network policies say, where one isolates the subject.
func (c *cluster) native(d networkingv1.PolicyType, subject, peer *sem.Endpoint, f *sem.Flow, ask choose) (allowed, isolated bool) {
	for _, np := range c.policies {
		types := np.Spec.PolicyTypes
		if len(types) == 0 {
			types = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
			if len(np.Spec.Egress) > 0 {
				types = append(types, networkingv1.PolicyTypeEgress)
			}
		}
		if np.Namespace != subject.Namespace || !selects(&np.Spec.PodSelector, subject.Labels) || !slices.Contains(types, d) {
			continue
		}
		isolated = true
		if d == networkingv1.PolicyTypeIngress {
			for _, r := range np.Spec.Ingress {
				allowed = allowed || onPorts(r.Ports, f) && c.isPeer(r.From, np.Namespace, peer, ask)
			}
		} else {
			for _, r := range np.Spec.Egress {
				allowed = allowed || onPorts(r.Ports, f) && c.isPeer(r.To, np.Namespace, peer, ask)
			}
		}
	}
	return allowed, isolated
}

func namespaceLabels(e *sem.Endpoint) map[string]string {
	out := map[string]string{ir.NamespaceName: e.Namespace}
	for k, v := range e.NamespaceLabels {
		out[k] = v
	}
	return out
}

func selects(s *metav1.LabelSelector, l map[string]string) bool {
	sel, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		panic(err)
	}
	return sel.Matches(labels.Set(l))
}

// inRange reports whether a range that has the address concerns the endpoint.
func (c *cluster) inRange(e *sem.Endpoint, ask choose) bool {
	what := "nodes"
	switch e.Kind {
	case sem.External:
		return true
	case sem.Pod:
		what = "pods"
	}
	return c.matches[what] == "true" || c.matches[what] == "" && ask("ranges match "+what, 2) == 1
}

func (c *cluster) isPeer(list []networkingv1.NetworkPolicyPeer, namespace string, e *sem.Endpoint, ask choose) bool {
	if len(list) == 0 {
		return true
	}
	for _, p := range list {
		if p.IPBlock != nil {
			in := netip.MustParsePrefix(p.IPBlock.CIDR).Contains(e.Address) &&
				!slices.ContainsFunc(p.IPBlock.Except, func(x string) bool { return netip.MustParsePrefix(x).Contains(e.Address) })
			if in && c.inRange(e, ask) {
				return true
			}
			continue
		}
		if e.Kind != sem.Pod {
			continue
		}
		in := e.Namespace == namespace
		if p.NamespaceSelector != nil {
			in = selects(p.NamespaceSelector, namespaceLabels(e))
		}
		if in && (p.PodSelector == nil || selects(p.PodSelector, e.Labels)) {
			return true
		}
	}
	return false
}

var numberOf = map[corev1.Protocol]uint8{"TCP": sem.TCP, "UDP": sem.UDP, "SCTP": sem.SCTP}

func onPorts(list []networkingv1.NetworkPolicyPort, f *sem.Flow) bool {
	if len(list) == 0 {
		return true
	}
	return slices.ContainsFunc(list, func(p networkingv1.NetworkPolicyPort) bool {
		protocol := corev1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		switch {
		case numberOf[protocol] != f.Protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return f.Destination.Kind == sem.Pod && slices.Contains(f.Calls, p.Port.StrVal)
		case p.EndPort != nil:
			return int32(f.Port) >= p.Port.IntVal && int32(f.Port) <= *p.EndPort
		}
		return int32(f.Port) == p.Port.IntVal
	})
}

// tier gives the action of the first rule that matches, "" for none and for
// Pass. Of policies with one priority any may be asked first.
func (c *cluster) tier(tier string, d networkingv1.PolicyType, subject, peer *sem.Endpoint, f *sem.Flow, ask choose) string {
	policies := slices.Clone(c.cluster)
	slices.SortStableFunc(policies, func(a, b *cnp) int { return cmp.Compare(a.Spec.Priority, b.Spec.Priority) })
	for priority := range int32(1001) {
		var actions []string
		for _, p := range policies {
			if p.Spec.Priority != priority || p.Spec.Tier != tier || !isSubject(&p.Spec.Subject, subject) {
				continue
			}
			for _, r := range rulesOf(p, d) {
				if inProtocols(r.Protocols, f) && c.isClusterPeer(r.To, peer, ask) {
					actions = append(actions, r.Action)
					break
				}
			}
		}
		slices.Sort(actions)
		actions = slices.Compact(actions)
		action := ""
		switch len(actions) {
		case 0:
			continue
		case 1:
			action = actions[0]
		default:
			action = actions[ask(fmt.Sprint(tier, d, priority, actions), len(actions))]
		}
		if action == "Pass" {
			return ""
		}
		return action
	}
	return ""
}

// rulesOf gives the rules of a direction, all in the form of those for egress.
func rulesOf(p *cnp, d networkingv1.PolicyType) []cnpEgressRule {
	if d == networkingv1.PolicyTypeEgress {
		return p.Spec.Egress
	}
	var out []cnpEgressRule
	for _, r := range p.Spec.Ingress {
		one := cnpEgressRule{cnpRule: r.cnpRule}
		for _, from := range r.From {
			one.To = append(one.To, cnpPeer{cnpPodPeer: from})
		}
		out = append(out, one)
	}
	return out
}

func isSubject(s *cnpPodPeer, e *sem.Endpoint) bool {
	if s.Namespaces != nil {
		return selects(s.Namespaces, namespaceLabels(e))
	}
	return inPods(s.Pods, e)
}

func inPods(p *cnpPods, e *sem.Endpoint) bool {
	return selects(&p.NamespaceSelector, namespaceLabels(e)) && selects(&p.PodSelector, e.Labels)
}

func (c *cluster) isClusterPeer(list []cnpPeer, e *sem.Endpoint, ask choose) bool {
	return slices.ContainsFunc(list, func(p cnpPeer) bool {
		switch {
		case p.Namespaces != nil:
			return e.Kind == sem.Pod && selects(p.Namespaces, namespaceLabels(e))
		case p.Pods != nil:
			return e.Kind == sem.Pod && inPods(p.Pods, e)
		case p.Nodes != nil:
			if e.Kind != sem.OwnNode && e.Kind != sem.OtherNode {
				return false
			}
			everyone := len(p.Nodes.MatchLabels) == 0 && len(p.Nodes.MatchExpressions) == 0
			return everyone || ask(metav1.FormatLabelSelector(p.Nodes), 2) == 1
		case p.Networks != nil:
			in := slices.ContainsFunc(p.Networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(e.Address) })
			return in && (e.Kind == sem.External || !c.outside)
		}
		return e.Kind == sem.External && slices.ContainsFunc(p.DomainNames, func(pattern string) bool {
			pattern = strings.ToLower(strings.TrimSuffix(pattern, "."))
			return slices.ContainsFunc(e.Names, func(name string) bool {
				if suffix, wild := strings.CutPrefix(pattern, "*"); wild {
					return strings.HasSuffix(name, suffix)
				}
				return name == pattern
			})
		})
	})
}

func inProtocols(list []cnpProtocol, f *sem.Flow) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(p cnpProtocol) bool {
		if p.DestinationNamedPort != "" {
			return f.Destination.Kind == sem.Pod && slices.Contains([]uint8{sem.TCP, sem.UDP, sem.SCTP}, f.Protocol) &&
				slices.Contains(f.Calls, p.DestinationNamedPort)
		}
		for protocol, t := range map[uint8]*cnpTransport{sem.TCP: p.TCP, sem.UDP: p.UDP, sem.SCTP: p.SCTP} {
			if t == nil || protocol != f.Protocol {
				continue
			}
			if r := t.DestinationPort.Range; r != nil {
				return int32(f.Port) >= r.Start && int32(f.Port) <= r.End
			}
			return int32(f.Port) == t.DestinationPort.Number
		}
		return false
	})
}

// Generators.

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func pointer[T any](v T) *T { return &v }

func sometimes[T any](t *rapid.T, label string, v T) *T {
	if rapid.Bool().Draw(t, label) {
		return &v
	}
	return nil
}

func genSelector(t *rapid.T, keys ...string) metav1.LabelSelector {
	var s metav1.LabelSelector
	if rapid.Bool().Draw(t, "everything") {
		return s
	}
	for range pick(t, "expressions", 0, 0, 1, 1, 2) {
		e := metav1.LabelSelectorRequirement{
			Key:      pick(t, "key", keys...),
			Operator: pick(t, "operator", metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist),
		}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			e.Values = pick(t, "values", []string{"a"}, []string{"b"}, []string{"a", "b"}, []string{"c", "c"}, []string{""})
		}
		s.MatchExpressions = append(s.MatchExpressions, e)
	}
	if rapid.Bool().Draw(t, "labels") {
		s.MatchLabels = map[string]string{pick(t, "key", keys...): pick(t, "value", "a", "b", "")}
	}
	return s
}

func genPodSelector(t *rapid.T) metav1.LabelSelector { return genSelector(t, "app", "tier") }

func genNamespaceSelector(t *rapid.T) metav1.LabelSelector {
	return genSelector(t, ir.NamespaceName, ir.NamespaceName, "team")
}

var ranges = []string{"0.0.0.0/0", "::/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "192.0.2.1/32", "2001:db8::/32"}

func genPeer(t *rapid.T) networkingv1.NetworkPolicyPeer {
	switch pick(t, "peer", "pods", "pods", "namespaces", "both", "both", "range") {
	case "pods":
		return networkingv1.NetworkPolicyPeer{PodSelector: pointer(genPodSelector(t))}
	case "namespaces":
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: pointer(genNamespaceSelector(t))}
	case "both":
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: pointer(genNamespaceSelector(t)), PodSelector: pointer(genPodSelector(t))}
	}
	b := &networkingv1.IPBlock{CIDR: pick(t, "cidr", ranges...)}
	whole := netip.MustParsePrefix(b.CIDR)
	for _, r := range append(ranges, "0.0.0.0/1", "128.0.0.0/1") {
		if x := netip.MustParsePrefix(r); x.Bits() > whole.Bits() && whole.Contains(x.Addr()) && pick(t, "except", 0, 0, 1) == 1 {
			b.Except = append(b.Except, r)
		}
	}
	return networkingv1.NetworkPolicyPeer{IPBlock: b}
}

func genPort(t *rapid.T) networkingv1.NetworkPolicyPort {
	p := networkingv1.NetworkPolicyPort{Protocol: sometimes(t, "protocol", pick(t, "protocol", corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP))}
	switch pick(t, "port", "none", "one", "range", "name") {
	case "one":
		p.Port = pointer(intstr.FromInt32(pick[int32](t, "number", 80, 443)))
	case "range":
		p.Port, p.EndPort = pointer(intstr.FromInt32(pick[int32](t, "first", 1, 80))), pointer(pick[int32](t, "last", 80, 443, 65535))
	case "name":
		p.Port = pointer(intstr.FromString(pick(t, "name", "web", "dns")))
	}
	return p
}

func genList[T any](t *rapid.T, most int, one func(*rapid.T) T) []T {
	var out []T
	for range rapid.IntRange(0, most).Draw(t, "count") {
		out = append(out, one(t))
	}
	return out
}

func genNative(t *rapid.T, name string) *networkingv1.NetworkPolicy {
	in, out := networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: pick(t, "namespace", "a", "b")},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: genPodSelector(t),
			PolicyTypes: pick(t, "types", nil, nil, []networkingv1.PolicyType{in}, []networkingv1.PolicyType{out}, []networkingv1.PolicyType{in, in}, []networkingv1.PolicyType{out, in}),
			Ingress: genList(t, 2, func(t *rapid.T) networkingv1.NetworkPolicyIngressRule {
				return networkingv1.NetworkPolicyIngressRule{From: genList(t, 2, genPeer), Ports: genList(t, 2, genPort)}
			}),
			Egress: genList(t, 2, func(t *rapid.T) networkingv1.NetworkPolicyEgressRule {
				return networkingv1.NetworkPolicyEgressRule{To: genList(t, 2, genPeer), Ports: genList(t, 2, genPort)}
			}),
		},
	}
}

func genPodPeer(t *rapid.T) cnpPodPeer {
	if rapid.Bool().Draw(t, "by namespace") {
		return cnpPodPeer{Namespaces: pointer(genNamespaceSelector(t))}
	}
	return cnpPodPeer{Pods: &cnpPods{genNamespaceSelector(t), genPodSelector(t)}}
}

func genCNPPeer(t *rapid.T) cnpPeer {
	switch pick(t, "peer", "pods", "pods", "networks", "nodes", "names") {
	case "networks":
		return cnpPeer{Networks: pick(t, "networks", ranges[:1], ranges[1:2], ranges[2:5])}
	case "nodes":
		return cnpPeer{Nodes: pick(t, "nodes", &metav1.LabelSelector{}, &metav1.LabelSelector{MatchLabels: map[string]string{"disk": "ssd"}})}
	case "names":
		return cnpPeer{DomainNames: pick(t, "names", []string{"*.Example.com."}, []string{"example.com", "api.example.com"})}
	}
	return cnpPeer{cnpPodPeer: genPodPeer(t)}
}

func genHead(t *rapid.T, named bool) cnpRule {
	return cnpRule{Action: pick(t, "action", "Accept", "Deny", "Pass"), Protocols: genList(t, 2, func(t *rapid.T) cnpProtocol {
		transport := &cnpTransport{pick(t, "port", &cnpPort{Number: 80}, &cnpPort{Range: &cnpRange{80, 443}}, &cnpPort{Range: &cnpRange{1, 65535}})}
		kinds := []cnpProtocol{{TCP: transport}, {UDP: transport}, {SCTP: transport}}
		if named {
			kinds = append(kinds, cnpProtocol{DestinationNamedPort: "web"})
		}
		return pick(t, "protocol", kinds...)
	})}
}

func genIngressRule(t *rapid.T) cnpIngressRule {
	return cnpIngressRule{genHead(t, true), append(genList(t, 1, genPodPeer), genPodPeer(t))}
}

func genEgressRule(t *rapid.T) cnpEgressRule {
	to := append(genList(t, 1, genCNPPeer), genCNPPeer(t))
	pods := !slices.ContainsFunc(to, func(p cnpPeer) bool { return p.Namespaces == nil && p.Pods == nil })
	r := cnpEgressRule{genHead(t, pods), to}
	if slices.ContainsFunc(to, func(p cnpPeer) bool { return p.DomainNames != nil }) {
		r.Action = "Accept"
	}
	return r
}

func genCNP(t *rapid.T, name string) *cnp {
	return &cnp{
		TypeMeta: metav1.TypeMeta{APIVersion: "policy.networking.k8s.io/v1alpha2", Kind: "ClusterNetworkPolicy"}, ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: cnpSpec{
			Tier: pick(t, "tier", "Admin", "Baseline"), Priority: pick[int32](t, "priority", 0, 0, 7, 1000), Subject: genPodPeer(t),
			Ingress: genList(t, 2, genIngressRule), Egress: genList(t, 2, genEgressRule),
		},
	}
}

func genLabels(t *rapid.T, keys ...string) map[string]string {
	out := map[string]string{}
	for _, k := range keys {
		if v := pick(t, k, "-", "a", "b", "c", ""); v != "-" {
			out[k] = v
		}
	}
	return out
}

func genEnd(t *rapid.T, kinds ...sem.EndpointKind) sem.Endpoint {
	e := sem.Endpoint{Kind: pick(t, "kind", kinds...), Address: netip.MustParseAddr(pick(t, "address", "10.0.0.1", "10.1.0.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "fd00::1"))}
	switch e.Kind {
	case sem.Pod:
		e.Namespace = pick(t, "namespace", "a", "a", "b", "c")
		e.NamespaceLabels, e.Labels = genLabels(t, "team"), genLabels(t, "app", "tier")
	case sem.External:
		e.Names = pick(t, "names", nil, []string{"example.com"}, []string{"other.org", "a.b.example.com"})
	}
	return e
}

func genFlow(t *rapid.T) *sem.Flow {
	f := &sem.Flow{
		Source: genEnd(t, sem.Pod, sem.Pod, sem.OwnNode, sem.OtherNode, sem.External), SourcePort: 50000,
		Protocol: pick[uint8](t, "protocol", sem.TCP, sem.TCP, sem.UDP, sem.SCTP), Port: pick[uint16](t, "port", 1, 80, 100, 443, 444),
		Calls: pick(t, "calls", nil, []string{"web"}),
	}
	f.Destination = genEnd(t, sem.Pod)
	if f.Source.Kind == sem.Pod {
		f.Destination = genEnd(t, sem.Pod, sem.Pod, sem.OwnNode, sem.OtherNode, sem.External)
	}
	return f
}

func print(t *rapid.T, objects ...any) []byte {
	var b bytes.Buffer
	for _, o := range objects {
		text, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "---\n%s", text)
	}
	return b.Bytes()
}

func TestLiftedProgramMeansTheObjects(t *testing.T) {
	seen := map[sem.Outcome]int{}
	rapid.Check(t, func(t *rapid.T) {
		engine := pick(t, "engine", profile.Kubernetes, profile.Calico, profile.Cilium)
		p, err := profile.Of(string(engine), "")
		if err != nil {
			t.Fatal(err)
		}
		c := cluster{outside: engine == profile.Cilium}
		switch engine {
		case profile.Kubernetes:
			c.matches = map[string]string{}
			for _, what := range []string{"pods", "nodes"} {
				if value := pick(t, "ranges match "+what, "", "", "", "true", "false"); value != "" {
					c.matches[what] = value
					if p, err = p.With("cidr_matches_"+what, value); err != nil {
						t.Fatal(err)
					}
				}
			}
		case profile.Calico:
			c.matches = map[string]string{"pods": "true", "nodes": "true"}
		default:
			c.matches = map[string]string{"pods": "false", "nodes": "false"}
		}
		var objects []any
		for i := range rapid.IntRange(0, 3).Draw(t, "policies") {
			c.policies = append(c.policies, genNative(t, fmt.Sprint("np", i)))
			objects = append(objects, c.policies[i])
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "cluster policies") {
			c.cluster = append(c.cluster, genCNP(t, fmt.Sprint("cnp", i)))
			objects = append(objects, c.cluster[i])
		}
		text := print(t, objects...)
		program, diags := Frontend{}.Lift(read(t, text), lift.Options{Profile: p})
		if diags.HasErrors() {
			t.Fatalf("%s\n%v", text, diags)
		}
		for range 30 {
			f := genFlow(t)
			want, got := c.verdict(f), sem.Decide(sem.Policy{{Program: program, Scope: sem.CNI}}, *f)
			seen[want]++
			if got.Outcome != want {
				t.Fatalf("%s\n%s\n%+v\nwant %s, got %s %v", text, program.Text(), f, want, got.Outcome, got.Trail)
			}
		}
	})
	t.Log(seen)
	for _, o := range []sem.Outcome{sem.Allowed, sem.Denied, sem.Unknown} {
		if seen[o] == 0 {
			t.Errorf("no flow was %s: the test shows too little", o)
		}
	}
}
