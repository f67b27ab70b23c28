package cilium

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// A model of how Cilium decides, written over the agent's own types after its
// own validation, scoping and label matching: rule by rule, one flow at a time
// (pkg/policy/repository.go, rule.go, utils/parserules.go). It shares nothing
// with what it checks.

// engine is policies as the agent has parsed them.
type engine struct {
	rules  []api.Rule
	groups map[string][]string
	old    bool // before 1.19, when asterisks in a row were one
}

// identity is the labels by which Cilium knows an endpoint.
func identity(e *sem.Endpoint) labels.LabelArray {
	var out labels.LabelArray
	add := func(source, key, value string) { out = append(out, labels.NewLabel(key, value, source)) }
	switch e.Kind {
	case sem.OwnNode:
		add("reserved", "host", "")
	case sem.OtherNode:
		add("reserved", "remote-node", "")
	case sem.Infrastructure:
		add("reserved", e.Name, "")
	case sem.External:
		add("reserved", map[bool]string{true: "world-ipv4", false: "world-ipv6"}[e.Address.Is4()], "")
	case sem.Pod, sem.Remote:
		all := labels.Map2Labels(map[string]string{
			"io.kubernetes.pod.namespace": e.Namespace, "io.cilium.k8s.policy.cluster": map[bool]string{true: "default", false: e.Cluster}[e.Kind == sem.Pod],
			"io.cilium.k8s.policy.serviceaccount":                        e.Account,
			"io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": e.Namespace,
		}, "k8s")
		for k, v := range e.NamespaceLabels {
			all["io.cilium.k8s.namespace.labels."+k] = labels.NewLabel("io.cilium.k8s.namespace.labels."+k, v, "k8s")
		}
		for k, v := range e.Labels {
			all[k] = labels.NewLabel(k, v, "k8s")
		}
		known, _ := labelsfilter.Filter(all)
		out = known.LabelArray()
	}
	if e.APIServer {
		add("reserved", "kube-apiserver", "")
	}
	return out
}

func selects(s *slim.LabelSelector, id labels.LabelArray) bool {
	look := func(key string) (string, bool) {
		l := labels.ParseSelectLabel(key)
		return id.LookupLabel(&l)
	}
	for k, v := range s.MatchLabels {
		if got, ok := look(k); !ok || got != v {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		got, ok := look(e.Key)
		in := ok && slices.Contains(e.Values, got)
		switch e.Operator {
		case slim.LabelSelectorOpIn:
			ok = in
		case slim.LabelSelectorOpNotIn:
			ok = !in
		case slim.LabelSelectorOpDoesNotExist:
			ok = !ok
		}
		if !ok {
			return false
		}
	}
	return true
}

// entry is an item of either direction.
type entry struct {
	endpoints []api.EndpointSelector
	entities  api.EntitySlice
	cidrs     api.CIDRSlice
	sets      api.CIDRRuleSlice
	names     api.FQDNSelectorSlice
	ports     api.PortRules
	icmps     api.ICMPRules
	deny      bool
	closes    bool
}

func entries(r *api.Rule, d ir.Direction) []entry {
	var out []entry
	if d == ir.Egress {
		closes := r.EnableDefaultDeny.Egress == nil || *r.EnableDefaultDeny.Egress
		for _, i := range r.Egress {
			out = append(out, entry{i.ToEndpoints, i.ToEntities, i.ToCIDR, i.ToCIDRSet, i.ToFQDNs, i.ToPorts, i.ICMPs, false, closes})
		}
		for _, i := range r.EgressDeny {
			out = append(out, entry{i.ToEndpoints, i.ToEntities, i.ToCIDR, i.ToCIDRSet, nil, plain(i.ToPorts), i.ICMPs, true, closes})
		}
		return out
	}
	closes := r.EnableDefaultDeny.Ingress == nil || *r.EnableDefaultDeny.Ingress
	for _, i := range r.Ingress {
		out = append(out, entry{i.FromEndpoints, i.FromEntities, i.FromCIDR, i.FromCIDRSet, nil, i.ToPorts, i.ICMPs, false, closes})
	}
	for _, i := range r.IngressDeny {
		out = append(out, entry{i.FromEndpoints, i.FromEntities, i.FromCIDR, i.FromCIDRSet, nil, plain(i.ToPorts), i.ICMPs, true, closes})
	}
	return out
}

func plain(rules api.PortDenyRules) api.PortRules {
	var out api.PortRules
	for _, r := range rules {
		out = append(out, api.PortRule{Ports: r.Ports})
	}
	return out
}

// layer3 is mergeEndpointSelectors: an empty list is for nobody, and where
// nothing names peers, ports make it for everybody. It gives the selectors that
// have the peer.
func (n *engine) layer3(e *entry, peer *sem.Endpoint) []string {
	if e.endpoints != nil && len(e.endpoints) == 0 || e.entities != nil && len(e.entities) == 0 ||
		e.cidrs != nil && len(e.cidrs) == 0 || e.sets != nil && len(e.sets) == 0 {
		return nil
	}
	if len(e.endpoints)+len(e.entities)+len(e.cidrs)+len(e.sets)+len(e.names) == 0 {
		if len(e.ports)+len(e.icmps) > 0 {
			return []string{"everybody"}
		}
		return nil
	}
	var out []string
	id := identity(peer)
	for _, s := range append(slices.Clone(e.endpoints), e.entities.GetAsEndpointSelectors()...) {
		if selects(s.LabelSelector, id) {
			out = append(out, s.LabelSelector.String())
		}
	}
	if peer.Kind != sem.External {
		return out
	}
	in := func(c string) bool { return netip.MustParsePrefix(c).Contains(peer.Address) }
	for _, c := range e.cidrs {
		if in(string(c)) {
			out = append(out, string(c))
		}
	}
	for _, c := range e.sets {
		match := c.Cidr != "" && in(string(c.Cidr)) || slices.ContainsFunc(n.groups[string(c.CIDRGroupRef)], in)
		if match && !slices.ContainsFunc(c.ExceptCIDRs, func(x api.CIDR) bool { return in(string(x)) }) {
			out = append(out, "set "+c.String())
		}
	}
	for _, s := range e.names {
		if slices.ContainsFunc(peer.Names, func(name string) bool { return n.named(s, name) }) {
			out = append(out, s.String())
		}
	}
	return out
}

// servers is the names of servers that are asked for at selectors and ports. All
// rules of one are merged, and where some ask for names all do (pkg/policy/rule.go
// mergePortProto).
type servers map[string][]api.ServerName

func (v servers) key(selector string, p api.PortProtocol) string {
	return strings.Join([]string{selector, p.Port, strconv.Itoa(int(p.EndPort))}, " ")
}

func (v servers) add(selector string, rules api.PortRules) {
	for _, r := range rules {
		for _, p := range r.Ports {
			if p.Protocol == api.ProtoTCP || p.Protocol.IsAny() {
				v[v.key(selector, p)] = append(v[v.key(selector, p)], r.ServerNames...)
			}
		}
	}
}

func (v servers) lets(selector string, p api.PortProtocol, f *sem.Flow, server string) bool {
	list := v[v.key(selector, p)]
	return f.Protocol != sem.TCP || len(list) == 0 || server != "" && slices.ContainsFunc(list, func(x api.ServerName) bool {
		re, err := (&api.FQDNSelector{MatchPattern: string(x)}).ToRegex()
		return err == nil && re.MatchString(server+".")
	})
}

func (n *engine) named(s api.FQDNSelector, name string) bool {
	if n.old {
		s.MatchPattern = strings.ReplaceAll(s.MatchPattern, "**", "*")
	}
	re, err := s.ToRegex()
	return err == nil && re.MatchString(name+".")
}

var protocolNames = map[uint8]api.L4Proto{sem.TCP: "TCP", sem.UDP: "UDP", sem.SCTP: "SCTP", sem.ICMP: "ICMP", sem.ICMPv6: "ICMPV6"}

// onPort reports whether a port is the flow's, and whether it is for exactly it.
func onPort(p api.PortProtocol, f *sem.Flow, toPod bool) (match, exact bool) {
	protocol := protocolNames[f.Protocol]
	port := f.Port
	if protocol == "ICMP" || protocol == "ICMPV6" {
		port = uint16(f.ICMPType)
		if p.Protocol != protocol {
			return false, false
		}
	} else if p.Protocol != protocol && p.Protocol != api.ProtoAny {
		return false, false
	}
	n, err := strconv.Atoi(p.Port)
	switch {
	case err != nil:
		return toPod && slices.Contains(f.Calls, p.Port), false
	case n == 0:
		return true, false
	case int(p.EndPort) > n:
		return int(port) >= n && int(port) <= int(p.EndPort), false
	}
	return int(port) == n, int(port) == n
}

// found is how an item matches a flow.
type found struct {
	exact bool
	rules *api.L7Rules
	lets  bool // TLS names a server that is asked for
}

func layer4(e *entry, selector string, asks servers, f *sem.Flow, server string, toPod bool) []found {
	if len(e.ports)+len(e.icmps) == 0 {
		return []found{{lets: true}}
	}
	rules := slices.Clone(e.ports)
	for _, i := range e.icmps {
		rules = append(rules, *i.GetPortRule())
	}
	var out []found
	for _, r := range rules {
		for _, p := range r.Ports {
			if match, exact := onPort(p, f, toPod); match {
				out = append(out, found{exact, r.Rules, asks.lets(selector, p, f, server)})
			}
		}
	}
	return out
}

// allows is the verdict of one end: subject is the pod whose policies are asked,
// and server what TLS names, "" for nothing.
func (n *engine) allows(d ir.Direction, subject, peer *sem.Endpoint, f *sem.Flow, server string) bool {
	id := identity(subject)
	closed := false
	type met struct {
		entry    entry
		selector string
	}
	var all []met
	asks := servers{}
	for i := range n.rules {
		r := &n.rules[i]
		if !selects(r.EndpointSelector.LabelSelector, id) {
			continue
		}
		for _, e := range entries(r, d) {
			closed = closed || e.closes
			for _, s := range n.layer3(&e, peer) {
				all = append(all, met{e, s})
				if !e.deny {
					asks.add(s, e.ports)
				}
			}
		}
	}
	var matches []found
	for _, m := range all {
		hits := layer4(&m.entry, m.selector, asks, f, server, d == ir.Ingress || peer.Kind == sem.Pod)
		if m.entry.deny && len(hits) > 0 {
			return false
		}
		matches = append(matches, hits...)
	}
	if !closed || d == ir.Ingress && peer.Kind == sem.OwnNode {
		return true
	}
	var asked []found
	for _, m := range matches {
		if m.exact && m.rules != nil && len(m.rules.DNS) > 0 {
			asked = matches
		}
	}
	if asked != nil {
		return slices.ContainsFunc(matches, func(m found) bool { return m.exact && n.answers(m.rules, f.Query) })
	}
	return slices.ContainsFunc(matches, func(m found) bool { return m.lets && serves(m.rules, f.Request) })
}

func (n *engine) answers(r *api.L7Rules, query string) bool {
	if r == nil || len(r.DNS) == 0 {
		return r == nil || len(r.HTTP) == 0
	}
	return slices.ContainsFunc(r.DNS, func(x api.PortRuleDNS) bool {
		if strings.Trim(x.MatchPattern, "*.") == "" && x.MatchName == "" {
			return true
		}
		return query != "" && n.named(api.FQDNSelector(x), query)
	})
}

func serves(r *api.L7Rules, q *sem.Request) bool {
	if r == nil || len(r.HTTP) == 0 {
		return true
	}
	return q != nil && slices.ContainsFunc(r.HTTP, func(h api.PortRuleHTTP) bool { return accepts(h, q) })
}

var compiled = map[string]*regexp.Regexp{}

func whole(expr, text string) bool {
	if compiled[expr] == nil {
		compiled[expr] = regexp.MustCompile("^(?:" + expr + ")$")
	}
	return expr == "" || compiled[expr].MatchString(text)
}

func accepts(h api.PortRuleHTTP, q *sem.Request) bool {
	for _, text := range h.Headers {
		name, value, exact := strings.Cut(text, " ")
		got, has := q.Headers[strings.ToLower(strings.TrimSuffix(name, ":"))]
		if !has || exact && got != value {
			return false
		}
	}
	for _, m := range h.HeaderMatches {
		got, has := q.Headers[strings.ToLower(m.Name)]
		if m.Mismatch == "" && (!has || m.Value != "" && got != m.Value) {
			return false
		}
	}
	return whole(h.Method, q.Method) && whole(h.Path, q.Target) && whole(h.Host, q.Host)
}
