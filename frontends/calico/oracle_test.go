package calico

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/api/pkg/lib/numorstring"

	"github.com/portolan-dev/portolan/ir/sem"
)

// oracle decides flows from typed objects as Felix does, selector by selector and
// address by address. It shares no code with what is tested.
type oracle struct {
	tiers     []*v3.Tier
	policies  []*v3.NetworkPolicy
	globals   []*v3.GlobalNetworkPolicy
	sets      []member
	selectors map[string]predicate // by text
	old       bool                 // before 3.32
	staged    map[string]bool      // names of policies that are staged
	preview   bool                 // what is staged counts as enforced
	hosts     bool                 // nodes are host endpoints
}

type predicate func(get func(key string) (string, bool), all, global bool) bool

// member is what selectors select: a pod or a network set.
type member struct {
	labels map[string]string
	nets   []netip.Prefix
	ports  func(name string) bool // a pod's, of the flow's protocol and port
}

func (m *member) get(prefix string) func(string) (string, bool) {
	return func(key string) (string, bool) { v, ok := m.labels[prefix+key]; return v, ok }
}

func (m *member) has(a netip.Addr) bool {
	return slices.ContainsFunc(m.nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (o *oracle) matches(text, prefix string, m *member, all bool) bool {
	_, namespaced := m.labels["projectcalico.org/namespace"]
	return o.selectors[text](m.get(prefix), all || namespaced, !namespaced)
}

// hostOf is the host endpoint that a node has.
func hostOf(e *sem.Endpoint) member {
	m := member{labels: map[string]string{"projectcalico.org/created-by": "calico-kube-controllers"}, nets: []netip.Prefix{netip.PrefixFrom(e.Address, e.Address.BitLen())}}
	for k, v := range e.Labels {
		m.labels[k] = v
	}
	return m
}

func memberOf(e *sem.Endpoint, f *sem.Flow) member {
	if e.IsNode() {
		return hostOf(e)
	}
	labels := map[string]string{
		"projectcalico.org/namespace": e.Namespace, "projectcalico.org/orchestrator": "k8s", "projectcalico.org/serviceaccount": e.Account,
		"pcns.projectcalico.org/name": e.Namespace, "pcns.kubernetes.io/metadata.name": e.Namespace,
	}
	for k, v := range e.Labels {
		labels[k] = v
	}
	for k, v := range e.NamespaceLabels {
		labels["pcns."+k] = v
	}
	m := member{labels: labels, nets: []netip.Prefix{netip.PrefixFrom(e.Address, e.Address.BitLen())}}
	if e == &f.Destination {
		m.ports = func(name string) bool { return slices.Contains(f.Calls, name) }
	}
	return m
}

// atHosts reports what is decided where an end is a node: by failsafe ports, and
// else by policies. What a node and its own pods send each other is not decided.
func (o *oracle) atHosts(f *sem.Flow) (allowed, open bool) {
	failsafe := func(tcp, udp []uint16) bool {
		return f.Protocol == 6 && slices.Contains(tcp, f.Port) || f.Protocol == 17 && slices.Contains(udp, f.Port)
	}
	shared := []uint16{179, 2379, 2380, 5473, 6443, 6666, 6667}
	allowed = true
	if f.Source.IsNode() {
		allowed = failsafe(shared, []uint16{53, 67}) || o.direction(f, &f.Source, v3.PolicyTypeEgress)
	}
	if f.Destination.IsNode() {
		allowed = allowed && (failsafe(append(shared, 22), []uint16{68}) || o.direction(f, &f.Destination, v3.PolicyTypeIngress))
	}
	own := f.Source.Kind == sem.OwnNode || f.Destination.Kind == sem.OwnNode
	return allowed, own && !allowed
}

func (o *oracle) allows(f *sem.Flow) bool {
	return (f.Source.Kind != sem.Pod || o.direction(f, &f.Source, v3.PolicyTypeEgress)) &&
		(f.Destination.Kind != sem.Pod || o.direction(f, &f.Destination, v3.PolicyTypeIngress))
}

// general is a policy of either kind.
type general struct {
	name, namespace, kind, tier string
	spec                        v3.GlobalNetworkPolicySpec
}

func (o *oracle) all() []general {
	var out []general
	for _, p := range o.policies {
		s := p.Spec
		out = append(out, general{p.Name, p.Namespace, "NetworkPolicy", s.Tier, v3.GlobalNetworkPolicySpec{
			Order: s.Order, Selector: s.Selector, ServiceAccountSelector: s.ServiceAccountSelector, Types: s.Types, Ingress: s.Ingress, Egress: s.Egress,
		}})
	}
	for _, p := range o.globals {
		out = append(out, general{p.Name, "", "GlobalNetworkPolicy", p.Spec.Tier, p.Spec})
	}
	for i := range out {
		if out[i].tier == "" {
			out[i].tier = "default"
		}
	}
	out = slices.DeleteFunc(out, func(p general) bool { return o.staged[p.name] && !o.preview })
	slices.SortFunc(out, func(a, b general) int {
		return cmp.Or(cmp.Compare(order(a.spec.Order), order(b.spec.Order)), cmp.Compare(o.tie(a), o.tie(b)))
	})
	return out
}

func (o *oracle) tie(p general) string {
	if !o.old {
		return p.name + "/" + p.namespace + "/" + p.kind
	}
	name := p.name
	if p.tier == "default" {
		name = "default." + name
	}
	if p.namespace != "" {
		name = p.namespace + "/" + name
	}
	return name
}

func order(o *float64) float64 {
	if o == nil {
		return math.Inf(1)
	}
	return *o
}

func (o *oracle) direction(f *sem.Flow, at *sem.Endpoint, d v3.PolicyType) bool {
	if d == v3.PolicyTypeIngress && f.Source.Kind == sem.OwnNode && at.Kind == sem.Pod {
		return true
	}
	tiers := slices.Clone(o.tiers)
	tierOrder := func(t *v3.Tier) float64 {
		if t.Spec.Order == nil {
			return 1000000
		}
		return *t.Spec.Order
	}
	slices.SortFunc(tiers, func(a, b *v3.Tier) int {
		return cmp.Or(cmp.Compare(tierOrder(a), tierOrder(b)), cmp.Compare(a.Name, b.Name))
	})
	policies := o.all()
	for _, t := range tiers {
		action, selected := o.tier(f, at, d, t.Name, policies)
		switch {
		case action == v3.Allow:
			return true
		case action == v3.Deny, action == "" && selected && (t.Spec.DefaultAction == nil || *t.Spec.DefaultAction != v3.Pass):
			return false
		}
	}
	return true
}

func (o *oracle) tier(f *sem.Flow, at *sem.Endpoint, d v3.PolicyType, name string, policies []general) (action v3.Action, selected bool) {
	m := memberOf(at, f)
	for _, p := range policies {
		s := p.spec
		types := s.Types
		if len(types) == 0 {
			if len(s.Ingress) > 0 || len(s.Egress) == 0 {
				types = append(types, v3.PolicyTypeIngress)
			}
			if len(s.Egress) > 0 {
				types = append(types, v3.PolicyTypeEgress)
			}
		}
		if p.tier != name || !slices.Contains(types, d) || p.namespace != "" && p.namespace != at.Namespace ||
			!o.matches(s.Selector, "", &m, s.NamespaceSelector == "") ||
			s.NamespaceSelector != "" && !o.matches(s.NamespaceSelector, "pcns.", &m, false) {
			continue
		}
		selected = true
		rules := s.Ingress
		if d == v3.PolicyTypeEgress {
			rules = s.Egress
		}
		for _, r := range rules {
			if r.Action != v3.Log && o.rule(p.namespace, &r, f) {
				return r.Action, true
			}
		}
	}
	return "", selected
}

var numberOf = map[string]uint8{"ICMP": 1, "TCP": 6, "UDP": 17, "ICMPv6": 58, "SCTP": 132, "UDPLite": 136}

func isProtocol(p *numorstring.Protocol, f *sem.Flow) bool {
	if p.Type == numorstring.NumOrStringNum {
		return p.NumVal == f.Protocol
	}
	return numberOf[p.StrVal] == f.Protocol
}

func isMessage(i *v3.ICMPFields, f *sem.Flow) bool {
	return (i.Type == nil || *i.Type == int(f.ICMPType)) && (i.Code == nil || *i.Code == int(f.ICMPCode))
}

func (o *oracle) rule(namespace string, r *v3.Rule, f *sem.Flow) bool {
	version := 4
	if f.Source.Address.Is6() {
		version = 6
	}
	return (r.IPVersion == nil || *r.IPVersion == version) &&
		(r.Protocol == nil || isProtocol(r.Protocol, f)) && (r.NotProtocol == nil || !isProtocol(r.NotProtocol, f)) &&
		(r.ICMP == nil || isMessage(r.ICMP, f)) && (r.NotICMP == nil || !isMessage(r.NotICMP, f)) &&
		o.entity(namespace, &r.Source, &f.Source, f.SourcePort, f) && o.entity(namespace, &r.Destination, &f.Destination, f.Port, f)
}

func (o *oracle) entity(namespace string, x *v3.EntityRule, at *sem.Endpoint, port uint16, f *sem.Flow) bool {
	members := slices.Clone(o.sets)
	for _, e := range []*sem.Endpoint{&f.Source, &f.Destination} {
		if e.Kind == sem.Pod || o.hosts && e.IsNode() {
			members = append(members, memberOf(e, f))
		}
	}
	a := at.Address
	accounts := x.ServiceAccounts != nil && len(x.ServiceAccounts.Names) > 0
	restricted := x.Selector != "" || x.NamespaceSelector != "" || accounts || namespace != "" && x.NotSelector != ""
	positive := func(m *member) bool {
		switch {
		case x.NamespaceSelector != "":
			if !o.matches(x.NamespaceSelector, "pcns.", m, false) {
				return false
			}
		case namespace != "" && restricted && m.labels["projectcalico.org/namespace"] != namespace:
			return false
		}
		if sa, ok := m.labels["projectcalico.org/serviceaccount"]; accounts && (!ok || !slices.Contains(x.ServiceAccounts.Names, sa)) {
			return false
		}
		return o.matches(x.Selector, "", m, true)
	}
	in := func(which func(m *member) bool) bool {
		return slices.ContainsFunc(members, func(m member) bool { return which(&m) && m.has(a) })
	}
	negative := func(m *member) bool { return o.matches(x.NotSelector, "", m, true) }
	switch {
	case restricted && !in(func(m *member) bool { return positive(m) && (x.NotSelector == "" || !negative(m)) }):
		return false
	case !restricted && x.NotSelector != "" && in(negative):
		return false
	}
	if len(x.Nets) > 0 && !within(a, x.Nets) || len(x.NotNets) > 0 && (within(a, x.NotNets) || netip.MustParsePrefix(x.NotNets[0]).Addr().Is6() != a.Is6()) {
		return false
	}
	called := func(p numorstring.Port) bool {
		if p.PortName == "" {
			return (f.Protocol == 6 || f.Protocol == 17 || f.Protocol == 132) && p.MinPort <= port && port <= p.MaxPort
		}
		return in(func(m *member) bool {
			return m.ports != nil && m.ports(p.PortName) && (!restricted || positive(m) && (x.NotSelector == "" || !negative(m)))
		})
	}
	return (len(x.Ports) == 0 || slices.ContainsFunc(x.Ports, called)) && !slices.ContainsFunc(x.NotPorts, called)
}

func within(a netip.Addr, nets []string) bool {
	return slices.ContainsFunc(nets, func(n string) bool { return netip.MustParsePrefix(n).Contains(a) })
}
