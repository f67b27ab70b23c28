package calico

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"

	"github.com/portolan-dev/portolan/backends/manifest"
)

// engine decides flows as Felix does from manifests that were read back
// (felix/rules/endpoints.go, endpointIptablesChain), over endpoints that include
// what policies must not mean by accident: host endpoints and network sets.
type engine struct {
	tiers   []engineTier
	ends    []*end
	members map[string][]*end // by the text of a peer
}

type engineTier struct {
	name     string
	order    float64
	pass     bool
	policies []enginePolicy
}

type enginePolicy struct {
	spec
	selected map[*end]bool
}

// end is an endpoint: a pod, a host, an external address, or a network set,
// which is only ever a peer's address.
type end struct {
	name      string
	pod       bool
	host      bool              // a host endpoint, whose labels are its node's and one more
	labels    map[string]string // as Calico sees them, namespace labels under pcns.
	addresses []netip.Addr
	nets      []netip.Prefix // of a network set or host endpoint
	ports     map[string]uint16
}

// hit is a new connection, as a policy sees it.
type hit struct {
	from, to *end
	protocol string
	port     uint16
	icmp     int // type; code is always 0
	v6       bool
}

func (e *end) address(v6 bool) (netip.Addr, bool) {
	i := slices.IndexFunc(e.addresses, func(a netip.Addr) bool { return a.Is6() == v6 })
	if i < 0 {
		return netip.Addr{}, false
	}
	return e.addresses[i], true
}

// destination gives the address that the connection is to.
func (h hit) destination() netip.Addr {
	a, _ := h.to.address(h.v6)
	return a
}

// setOf gives the network set that an object is.
func setOf(t testing.TB, o manifest.Object) (*end, bool) {
	t.Helper()
	out := &end{name: "network set " + o.Name, labels: map[string]string{}}
	var labels map[string]string
	var nets []string
	switch v := decode(t, o).(type) {
	case *v3.NetworkSet:
		labels, nets = v.Labels, v.Spec.Nets
		out.labels["projectcalico.org/namespace"] = v.Namespace
	case *v3.GlobalNetworkSet:
		labels, nets = v.Labels, v.Spec.Nets
	default:
		return nil, false
	}
	for k, x := range labels {
		out.labels[k] = x
	}
	for _, n := range nets {
		out.nets = append(out.nets, netip.MustParsePrefix(n))
	}
	return out, true
}

// newPreview is newEngine with what is staged enforced.
func newPreview(t testing.TB, objects []manifest.Object, ends []*end) *engine {
	return makeEngine(t, objects, ends, true)
}

func newEngine(t testing.TB, objects []manifest.Object, ends []*end) *engine {
	return makeEngine(t, objects, ends, false)
}

func makeEngine(t testing.TB, objects []manifest.Object, ends []*end, staged bool) *engine {
	t.Helper()
	e := &engine{ends: ends, members: map[string][]*end{}, tiers: []engineTier{{name: "default", order: 1000000}}}
	for _, o := range objects {
		if tr, ok := decode(t, o).(*v3.Tier); ok {
			e.tiers = append(e.tiers, engineTier{name: tr.Name, order: *tr.Spec.Order, pass: *tr.Spec.DefaultAction == v3.Pass})
		}
		if s, ok := setOf(t, o); ok {
			e.ends = append(slices.Clip(e.ends), s)
		}
	}
	for _, o := range objects {
		s, ok := specOf(t, o)
		if !ok || s.staged && !staged {
			continue
		}
		i := slices.IndexFunc(e.tiers, func(x engineTier) bool { return x.name == s.tier })
		if i < 0 {
			t.Fatalf("%s: no tier %q", s.name, s.tier)
		}
		p := enginePolicy{s, map[*end]bool{}}
		for _, x := range ends {
			p.selected[x] = s.selects(x)
		}
		e.tiers[i].policies = append(e.tiers[i].policies, p)
	}
	slices.SortFunc(e.tiers, func(a, b engineTier) int { return cmp.Compare(a.order, b.order) })
	for _, x := range e.tiers {
		slices.SortStableFunc(x.policies, func(a, b enginePolicy) int { return cmp.Compare(a.order, b.order) })
	}
	return e
}

// parsed holds selectors by text; tests here do not run in parallel.
var parsed = map[string]selectorFunc{}

func match1(text string, labels map[string]string) bool {
	f, ok := parsed[text]
	if !ok {
		var err error
		if f, err = parseSelector(text); err != nil {
			panic(err)
		}
		parsed[text] = f
	}
	return f(labels)
}

// namespaceLabels gives the labels of the end's namespace under their own keys.
func (e *end) namespaceLabels() map[string]string {
	out := map[string]string{}
	for k, v := range e.labels {
		if len(k) > 5 && k[:5] == "pcns." {
			out[k[5:]] = v
		}
	}
	return out
}

func (s *spec) selects(e *end) bool {
	if s.namespace != "" && e.labels["projectcalico.org/namespace"] != s.namespace {
		return false
	}
	if s.namespaceSelector != "" {
		if _, namespaced := e.labels["projectcalico.org/namespace"]; s.namespaceSelector == "all()" && !namespaced {
			return false
		}
		if !match1(s.namespaceSelector, e.namespaceLabels()) {
			return false
		}
	}
	return match1(s.selector, e.labels)
}

// allows reports whether both ends let the connection through.
func (e *engine) allows(h hit) bool {
	return e.verdict(h, h.from, v3.PolicyTypeEgress) && e.verdict(h, h.to, v3.PolicyTypeIngress)
}

func (e *engine) verdict(h hit, at *end, d v3.PolicyType) bool {
	if !at.pod && !at.host || at.pod && d == v3.PolicyTypeIngress && h.from.name == "own node" {
		return true
	}
	for _, t := range e.tiers {
		switch action, selected := e.tier(t, h, at, d); {
		case action == v3.Allow:
			return true
		case action == v3.Deny, action == "" && selected && !t.pass:
			return false
		}
	}
	return true
}

// tier gives the action of the first rule of a tier that matches, "" for none,
// and whether a policy of it selects the endpoint at all.
func (e *engine) tier(t engineTier, h hit, at *end, d v3.PolicyType) (action v3.Action, selected bool) {
	for _, s := range t.policies {
		if !slices.Contains(s.types, d) || !s.selected[at] {
			continue
		}
		selected = true
		rules := s.ingress
		if d == v3.PolicyTypeEgress {
			rules = s.egress
		}
		for _, r := range rules {
			if r.Action != v3.Log && e.matches(s.namespace, r, h) {
				return r.Action, true
			}
		}
	}
	return "", selected
}

func (e *engine) matches(namespace string, r v3.Rule, h hit) bool {
	if r.Protocol != nil {
		if r.Protocol.StrVal != h.protocol {
			return false
		}
		if r.ICMP != nil && (*r.ICMP.Type != h.icmp || r.ICMP.Code != nil && *r.ICMP.Code != 0) {
			return false
		}
	}
	from, _ := h.from.address(h.v6)
	to, _ := h.to.address(h.v6)
	return e.entity(namespace, r.Source, from, h) && e.entity(namespace, r.Destination, to, h)
}

// membersOf gives the endpoints whose labels a peer's selectors select, and
// whether it has selectors.
func (e *engine) membersOf(namespace string, x v3.EntityRule) (out []*end, restricted bool) {
	if x.Selector == "" && x.NamespaceSelector == "" && x.ServiceAccounts == nil {
		return e.ends, false
	}
	key := namespace + "\n" + x.Selector + "\n" + x.NamespaceSelector
	if x.ServiceAccounts != nil {
		key += "\n" + strings.Join(x.ServiceAccounts.Names, " ")
	}
	if out, ok := e.members[key]; ok {
		return out, true
	}
	defer func() { e.members[key] = out }()
	for _, m := range e.ends {
		ns, namespaced := m.labels["projectcalico.org/namespace"]
		switch {
		case x.NamespaceSelector == "all()" && !namespaced,
			x.NamespaceSelector == "global()" && namespaced,
			x.NamespaceSelector != "" && x.NamespaceSelector != "global()" && !match1(x.NamespaceSelector, m.namespaceLabels()),
			x.NamespaceSelector == "" && namespace != "" && ns != namespace,
			x.ServiceAccounts != nil && !slices.Contains(x.ServiceAccounts.Names, m.labels["projectcalico.org/serviceaccount"]),
			x.Selector != "" && !match1(x.Selector, m.labels):
			continue
		}
		out = append(out, m)
	}
	return out, true
}

func (e *end) has(a netip.Addr) bool {
	return slices.Contains(e.addresses, a) || slices.ContainsFunc(e.nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (e *engine) entity(namespace string, x v3.EntityRule, a netip.Addr, h hit) bool {
	members, restricted := e.membersOf(namespace, x)
	if restricted && !slices.ContainsFunc(members, func(m *end) bool { return (m.pod || m.nets != nil) && m.has(a) }) {
		return false
	}
	in := func(list []string) (inside, family bool) {
		for _, text := range list {
			p := netip.MustParsePrefix(text)
			family = family || p.Addr().Is6() == a.Is6()
			inside = inside || p.Contains(a)
		}
		return inside, family
	}
	if inside, _ := in(x.Nets); len(x.Nets) > 0 && !inside {
		return false
	}
	if inside, family := in(x.NotNets); len(x.NotNets) > 0 && (inside || !family) {
		return false
	}
	if x.Services != nil && (a.String() != "203.0.113.1" || a == h.destination() && (h.protocol != "TCP" || h.port != 6443)) {
		return false
	}
	if slices.ContainsFunc(x.NotPorts, func(p portMatch) bool { return p.MinPort <= h.port && h.port <= p.MaxPort }) {
		return false
	}
	return len(x.Ports) == 0 || slices.ContainsFunc(x.Ports, func(p portMatch) bool {
		if p.PortName == "" {
			return p.MinPort <= h.port && h.port <= p.MaxPort
		}
		return slices.ContainsFunc(members, func(m *end) bool {
			number, ok := m.ports[h.protocol+" "+p.PortName]
			return ok && number == h.port && (m.pod || m.nets != nil) && m.has(a)
		})
	})
}

// pod makes a pod as Calico sees it.
func pod(namespace string, namespaceLabels map[string]string, account string, labels map[string]string, index int) *end {
	all := map[string]string{
		"projectcalico.org/namespace": namespace, "projectcalico.org/orchestrator": "k8s", "projectcalico.org/serviceaccount": account,
		"pcns.projectcalico.org/name": namespace, "pcns.kubernetes.io/metadata.name": namespace,
	}
	for k, v := range namespaceLabels {
		all["pcns."+k] = v
	}
	for k, v := range labels {
		all[k] = v
	}
	return &end{
		name: namespace + strconv.Itoa(index), pod: true, labels: all,
		addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 244, 0, byte(index)}), netip.MustParseAddr("fd00:1::" + strconv.Itoa(index))},
	}
}
