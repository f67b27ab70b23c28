package cilium

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/cilium/pkg/fqdn/matchpattern"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/clusterpolicy"
	"github.com/portolan-dev/portolan/ir"
)

// A small model of how Cilium decides, over identities: sets of labels with a
// source. It follows pkg/policy (repository.go, rule.go, utils/parserules.go)
// and pkg/k8s/apis/cilium.io/utils/utils.go, and shares nothing with what it
// checks.

// end is an endpoint of a flow.
type end struct {
	kind      string // pod, remote, own, other, address, server, health
	namespace string
	labels    map[string]string
	account   string
	address   netip.Addr
	known     map[string]string // its identity, once asked for
}

// flow is what goes between two ends.
type flow struct {
	protocol string // tcp, udp, sctp, icmp, icmpv6, gre
	port     uint16 // or the type
	named    bool   // the destination pod calls the port "web"
	server   string // that TLS names
	request  *request
}

type request struct {
	method, path, query, host string
	headers                   map[string]string
}

// engine is the policies of a cluster.
type engine struct {
	policies   []*Policy
	tiers      []*clusterpolicy.Policy
	groups     map[string][]api.CIDR
	anyCluster bool // policy-default-local-cluster is off, as before 1.19
}

// identity is the labels of an end by key with source.
func (e *end) identity() map[string]string {
	if e.known == nil {
		e.known = e.identify()
	}
	return e.known
}

func (e *end) identify() map[string]string {
	switch e.kind {
	case "own": // as a peer, and as a subject with its labels
		return labelled(map[string]string{"reserved:host": ""}, "k8s:", e.labels)
	case "other":
		return labelled(map[string]string{"reserved:remote-node": "", "k8s:io.cilium.k8s.policy.cluster": "here"}, "node:", e.labels)
	case "health":
		return map[string]string{"reserved:health": ""}
	case "server":
		return map[string]string{"reserved:kube-apiserver": "", "reserved:world-ipv4": ""}
	case "address":
		if e.address.Is4() {
			return map[string]string{"reserved:world-ipv4": ""}
		}
		return map[string]string{"reserved:world-ipv6": ""}
	}
	out := map[string]string{
		"k8s:io.kubernetes.pod.namespace":          e.namespace,
		"k8s:io.cilium.k8s.policy.cluster":         "here",
		"k8s:io.cilium.k8s.policy.serviceaccount":  e.account,
		"k8s:io.cilium.k8s.namespace.labels.other": "x",
	}
	if e.kind == "remote" {
		out["k8s:io.cilium.k8s.policy.cluster"] = "west"
	}
	labelled(out, "k8s:", e.labels)
	for k, v := range namespaceLabels[e.namespace] {
		out["k8s:io.cilium.k8s.namespace.labels."+k] = v
	}
	return out
}

func labelled(out map[string]string, source string, labels map[string]string) map[string]string {
	for k, v := range labels {
		out[source+k] = v
	}
	return out
}

func matches(s *slim.LabelSelector, id map[string]string) bool {
	for k, v := range s.MatchLabels {
		if got, ok := id[k]; !ok || got != v {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		v, ok := id[e.Key]
		in := ok && slices.Contains(e.Values, v)
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

// peerSelector matches with the scope that Cilium adds to peers' selectors.
func (n *engine) peerSelector(p *Policy, s api.EndpointSelector, id map[string]string) bool {
	if !s.HasKey("k8s:io.kubernetes.pod.namespace") {
		if p.Namespace == "" {
			if _, ok := id["k8s:io.kubernetes.pod.namespace"]; !ok {
				return false
			}
		} else if !s.HasKeyPrefix("k8s:io.cilium.k8s.namespace.labels.") && id["k8s:io.kubernetes.pod.namespace"] != p.Namespace {
			return false
		}
	}
	if !n.anyCluster && !s.HasKey("k8s:io.cilium.k8s.policy.cluster") && id["k8s:io.cilium.k8s.policy.cluster"] != "here" {
		return false
	}
	return matches(s.LabelSelector, id)
}

func entity(e api.Entity, id map[string]string) bool {
	has := func(k string) bool { _, ok := id["reserved:"+k]; return ok }
	switch e {
	case api.EntityAll:
		return true
	case api.EntityWorld:
		return has("world") || has("world-ipv4") || has("world-ipv6")
	}
	return has(string(e))
}

// listItem is an entry of one of the four lists.
type listItem struct {
	policy    *Policy
	deny      bool
	closes    *bool
	endpoints []api.EndpointSelector
	nodes     []api.EndpointSelector
	entities  api.EntitySlice
	cidrs     api.CIDRRuleSlice
	ports     api.PortRules
	icmps     api.ICMPRules
}

func itemsOf(p *Policy, r *api.Rule, d ir.Direction) []listItem {
	var out []listItem
	if d == ir.Egress {
		closes := r.EnableDefaultDeny.Egress
		for _, i := range r.Egress {
			out = append(out, listItem{p, false, closes, i.ToEndpoints, i.ToNodes, i.ToEntities, i.ToCIDRSet, i.ToPorts, i.ICMPs})
		}
		for _, i := range r.EgressDeny {
			out = append(out, listItem{p, true, closes, i.ToEndpoints, i.ToNodes, i.ToEntities, i.ToCIDRSet, allowed(i.ToPorts), i.ICMPs})
		}
		return out
	}
	closes := r.EnableDefaultDeny.Ingress
	for _, i := range r.Ingress {
		out = append(out, listItem{p, false, closes, i.FromEndpoints, i.FromNodes, i.FromEntities, i.FromCIDRSet, i.ToPorts, i.ICMPs})
	}
	for _, i := range r.IngressDeny {
		out = append(out, listItem{p, true, closes, i.FromEndpoints, i.FromNodes, i.FromEntities, i.FromCIDRSet, allowed(i.ToPorts), i.ICMPs})
	}
	return out
}

// selector is one selector of an item's peers, and whether it has an end.
type selector struct {
	text string
	has  bool
}

func (n *engine) selectors(i *listItem, e *end) []selector {
	id := e.identity()
	if i.endpoints == nil && i.nodes == nil && i.entities == nil && i.cidrs == nil {
		return []selector{{"", len(i.ports)+len(i.icmps) > 0}}
	}
	var out []selector
	for _, s := range i.endpoints {
		out = append(out, selector{s.String(), n.peerSelector(i.policy, s, id)})
	}
	for _, s := range i.nodes {
		_, other := id["reserved:remote-node"]
		out = append(out, selector{"node " + s.String(), other && matches(s.LabelSelector, id)})
	}
	for _, x := range i.entities {
		out = append(out, selector{string(x), entity(x, id)})
	}
	for _, c := range i.cidrs {
		ranges := n.groups[string(c.CIDRGroupRef)]
		if c.Cidr != "" {
			ranges = []api.CIDR{c.Cidr}
		}
		in := func(x api.CIDR) bool { return netip.MustParsePrefix(string(x)).Contains(e.address) }
		has := (e.kind == "address" || e.kind == "server") && slices.ContainsFunc(ranges, in) && !slices.ContainsFunc(c.ExceptCIDRs, in)
		out = append(out, selector{c.String(), has})
	}
	return out
}

// names is which names of servers are asked for a selector and a port.
type names map[string][]api.ServerName

func (n names) key(s selector, p api.PortProtocol) string {
	return fmt.Sprint(s.text, " ", p.Port, " ", p.EndPort, " ", p.Protocol)
}

func (n names) add(s selector, rules api.PortRules) {
	for _, r := range rules {
		for _, p := range r.Ports {
			n[n.key(s, p)] = append(n[n.key(s, p)], r.ServerNames...)
		}
	}
}

func (n names) let(s selector, p api.PortProtocol, server string) bool {
	list := n[n.key(s, p)]
	return len(list) == 0 || server != "" && slices.ContainsFunc(list, func(x api.ServerName) bool {
		re, err := matchpattern.Validate(strings.TrimSuffix(string(x), ".") + ".")
		return err == nil && re.MatchString(server+".")
	})
}

// layer4 reports whether the traffic matches, and whether it passes then.
func layer4of(i *listItem, s selector, asks names, x flow, toPod bool) (match, plain bool) {
	if len(i.ports) == 0 && len(i.icmps) == 0 {
		return true, true
	}
	for _, r := range i.ports {
		for _, p := range r.Ports {
			if !onPort(p, x, toPod) {
				continue
			}
			match = true
			http := r.Rules == nil || len(r.Rules.HTTP) == 0 || x.request != nil && slices.ContainsFunc(r.Rules.HTTP, func(h api.PortRuleHTTP) bool { return asked(h, x.request) })
			plain = plain || http && asks.let(s, p, x.server)
		}
	}
	for _, i := range i.icmps {
		for _, f := range i.Fields {
			family := map[string]string{"IPv4": "icmp", "IPv6": "icmpv6"}[f.Family]
			if family == x.protocol && (f.Type.IntValue() == 0 || f.Type.IntValue() == int(x.port)) {
				match, plain = true, true
			}
		}
	}
	return match, plain
}

func onPort(p api.PortProtocol, x flow, toPod bool) bool {
	if !strings.EqualFold(string(p.Protocol), x.protocol) {
		return false
	}
	n, err := strconv.Atoi(p.Port)
	switch {
	case err != nil:
		return p.Port == "web" && x.named && toPod
	case n == 0:
		return true
	}
	return int(x.port) >= n && int(x.port) <= max(n, int(p.EndPort))
}

var compiled = map[string]*regexp.Regexp{}

// full is how Envoy matches: the whole of the text.
func full(re, text string) bool {
	if compiled[re] == nil {
		compiled[re] = regexp.MustCompile("^(?:" + re + ")$")
	}
	return re == "" || compiled[re].MatchString(text)
}

func asked(h api.PortRuleHTTP, r *request) bool {
	path := r.path
	if r.query != "" {
		path += "?" + r.query
	}
	for _, m := range h.HeaderMatches {
		if v, ok := r.headers[m.Name]; !ok || m.Value != "" && v != m.Value {
			return false
		}
	}
	return full(h.Method, r.method) && full(h.Path, path) && full(h.Host, r.host)
}

// verdict gives that of one end on flows with a peer: subject is the pod or the
// node whose policies are asked.
func (n *engine) verdict(d ir.Direction, subject, peer *end) func(flow) bool {
	toPod := d == ir.Ingress && subject.kind == "pod" || d == ir.Egress && peer.kind == "pod"
	items := n.items(d, subject)
	closed := false
	asks := names{}
	type met struct {
		item     *listItem
		selector selector
	}
	var all []met
	for k := range items {
		i := &items[k]
		closed = closed || i.closes == nil || *i.closes
		for _, s := range n.selectors(i, peer) {
			if !i.deny {
				asks.add(s, i.ports)
			}
			if s.has {
				all = append(all, met{i, s})
			}
		}
	}
	tier := n.tier(d, subject, peer, toPod)
	return func(x flow) bool {
		if word := tier(x); word != "" && word != "Pass" {
			return word == "Accept"
		}
		denied, open := false, false
		for _, m := range all {
			match, plain := layer4of(m.item, m.selector, asks, x, toPod)
			denied = denied || match && m.item.deny
			open = open || plain && !m.item.deny
		}
		switch {
		case denied:
			return false
		case len(items) == 0 || open || !closed:
			return true
		}
		return d == ir.Ingress && peer.kind == "own" && subject.kind == "pod"
	}
}

// tier gives what the tier Admin says of flows: the action of the first place
// with a rule that matches, of which Deny counts first; "" for none. A place is a
// priority and that of a rule in its policy (pkg/k8s/cluster_network_policy.go).
func (n *engine) tier(d ir.Direction, subject, peer *end, toPod bool) func(flow) string {
	type placed struct {
		place  int
		action string
		rule   clusterpolicy.Rule
	}
	var all []placed
	id := peer.identity()
	for _, p := range n.tiers {
		if subject.kind != "pod" || !n.selection(p.Spec.Subject, subject.identity(), true) {
			continue
		}
		rules := p.Spec.Ingress
		if d == ir.Egress {
			rules = p.Spec.Egress
		}
		for i, r := range rules {
			has := slices.ContainsFunc(r.From, func(s clusterpolicy.Selection) bool { return n.selection(s, id, false) })
			for _, to := range r.To {
				in := func(c string) bool { return netip.MustParsePrefix(c).Contains(peer.address) }
				has = has || n.selection(to.Selection, id, false) || (peer.kind == "address" || peer.kind == "server") && slices.ContainsFunc(to.Networks, in)
			}
			if has {
				all = append(all, placed{int(p.Spec.Priority)*100 + i, r.Action, r})
			}
		}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(a.place-b.place, strings.Index("Deny Accept Pass", a.action)-strings.Index("Deny Accept Pass", b.action))
	})
	return func(x flow) string {
		for _, r := range all {
			if len(r.rule.Protocols) == 0 || slices.ContainsFunc(r.rule.Protocols, func(p clusterpolicy.Protocol) bool { return onProtocol(p, x, toPod) }) {
				return r.action
			}
		}
		return ""
	}
}

func onProtocol(p clusterpolicy.Protocol, x flow, toPod bool) bool {
	if p.NamedPort != "" {
		return p.NamedPort == "web" && x.named && toPod
	}
	for name, t := range map[string]*clusterpolicy.Transport{"tcp": p.TCP, "udp": p.UDP, "sctp": p.SCTP} {
		if t == nil || name != x.protocol {
			continue
		}
		if r := t.DestinationPort.Range; r != nil {
			return int32(x.port) >= r.Start && int32(x.port) <= r.End
		}
		return int32(x.port) == t.DestinationPort.Number
	}
	return false
}

// selection matches as Cilium makes selectors of them: to pods, but not to whole
// namespaces, the own cluster is added.
func (n *engine) selection(s clusterpolicy.Selection, id map[string]string, subject bool) bool {
	spaces := func(l metav1.LabelSelector) bool {
		if len(l.MatchLabels)+len(l.MatchExpressions) == 0 {
			_, has := id["k8s:io.kubernetes.pod.namespace"]
			return has
		}
		return plainly(l, "k8s:io.cilium.k8s.namespace.labels.", id)
	}
	switch {
	case s.Namespaces != nil:
		return spaces(*s.Namespaces)
	case s.Pods != nil:
		here := subject || id["k8s:io.cilium.k8s.policy.cluster"] == "here"
		return here && spaces(s.Pods.NamespaceSelector) && plainly(s.Pods.PodSelector, "k8s:", id)
	}
	return false
}

func plainly(l metav1.LabelSelector, prefix string, id map[string]string) bool {
	for k, v := range l.MatchLabels {
		if got, ok := id[prefix+k]; !ok || got != v {
			return false
		}
	}
	for _, e := range l.MatchExpressions {
		v, ok := id[prefix+e.Key]
		in := ok && slices.Contains(e.Values, v)
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			ok = in
		case metav1.LabelSelectorOpNotIn:
			ok = !in
		case metav1.LabelSelectorOpDoesNotExist:
			ok = !ok
		}
		if !ok {
			return false
		}
	}
	return true
}

// items gives the entries of the rules that select a subject.
func (n *engine) items(d ir.Direction, subject *end) []listItem {
	id := subject.identity()
	var items []listItem
	for _, p := range n.policies {
		if p.Namespace != "" && (subject.kind != "pod" || p.Namespace != subject.namespace) {
			continue
		}
		for _, r := range p.rules() {
			of := r.EndpointSelector.LabelSelector
			if subject.kind == "own" {
				of = r.NodeSelector.LabelSelector
			}
			if of != nil && matches(of, id) {
				items = append(items, itemsOf(p, r, d)...)
			}
		}
	}
	return items
}
