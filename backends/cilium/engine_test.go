package cilium

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/ir"
)

// A small model of how Cilium decides, over identities: sets of labels with a
// source. It follows pkg/policy (repository.go, rule.go, utils/parserules.go)
// and pkg/k8s/apis/cilium.io/utils/utils.go, and shares nothing with what it
// checks.

// end is an endpoint of a flow.
type end struct {
	kind      string // pod, own, other, address, server, health
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
	request  *request
}

type request struct {
	method, path, query, host string
	headers                   map[string]string
}

// engine is the policies of a cluster.
type engine struct {
	policies   []*Policy
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
	case "own":
		return map[string]string{"reserved:host": ""}
	case "other":
		return map[string]string{"reserved:remote-node": ""}
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
	for k, v := range e.labels {
		out["k8s:"+k] = v
	}
	for k, v := range namespaceLabels[e.namespace] {
		out["k8s:io.cilium.k8s.namespace.labels."+k] = v
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
	if !n.anyCluster && id["k8s:io.cilium.k8s.policy.cluster"] != "here" {
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

func (n *engine) layer3(p *Policy, endpoints []api.EndpointSelector, entities api.EntitySlice, cidrs api.CIDRRuleSlice, e *end, somePorts bool) bool {
	id := e.identity()
	if endpoints == nil && entities == nil && cidrs == nil {
		return somePorts
	}
	for _, s := range endpoints {
		if n.peerSelector(p, s, id) {
			return true
		}
	}
	for _, x := range entities {
		if entity(x, id) {
			return true
		}
	}
	for _, c := range cidrs {
		if (e.kind == "address" || e.kind == "server") && netip.MustParsePrefix(string(c.Cidr)).Contains(e.address) &&
			!slices.ContainsFunc(c.ExceptCIDRs, func(x api.CIDR) bool { return netip.MustParsePrefix(string(x)).Contains(e.address) }) {
			return true
		}
	}
	return false
}

// layer4 reports whether the traffic matches, and whether a rule without
// requests does.
func layer4of(ports api.PortRules, icmps api.ICMPRules, x flow, toPod bool) (match, plain bool) {
	if len(ports) == 0 && len(icmps) == 0 {
		return true, true
	}
	for _, r := range ports {
		if !slices.ContainsFunc(r.Ports, func(p api.PortProtocol) bool { return onPort(p, x, toPod) }) {
			continue
		}
		if r.Rules == nil || len(r.Rules.HTTP) == 0 {
			match, plain = true, true
		} else if x.request != nil && slices.ContainsFunc(r.Rules.HTTP, func(h api.PortRuleHTTP) bool { return asked(h, x.request) }) {
			match, plain = true, true
		} else {
			match = true
		}
	}
	for _, i := range icmps {
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

// verdict is that of one end: subject is the pod whose policies are asked.
func (n *engine) verdict(d ir.Direction, subject, peer *end, x flow) bool {
	id := subject.identity()
	toPod := d == ir.Ingress || peer.kind == "pod"
	some, closed, denied, open := false, false, false, false
	for _, p := range n.policies {
		if p.Namespace != "" && p.Namespace != subject.namespace {
			continue
		}
		for _, r := range p.rules() {
			if !matches(r.EndpointSelector.LabelSelector, id) {
				continue
			}
			closes := r.EnableDefaultDeny.Ingress
			if d == ir.Egress {
				closes = r.EnableDefaultDeny.Egress
			}
			entry := func(deny bool, endpoints []api.EndpointSelector, entities api.EntitySlice, cidrs api.CIDRRuleSlice, ports api.PortRules, icmps api.ICMPRules) {
				some = true
				closed = closed || closes == nil || *closes
				match, plain := layer4of(ports, icmps, x, toPod)
				if match && n.layer3(p, endpoints, entities, cidrs, peer, len(ports)+len(icmps) > 0) {
					denied = denied || deny
					open = open || plain && !deny
				}
			}
			if d == ir.Egress {
				for _, i := range r.Egress {
					entry(false, i.ToEndpoints, i.ToEntities, i.ToCIDRSet, i.ToPorts, i.ICMPs)
				}
				for _, i := range r.EgressDeny {
					entry(true, i.ToEndpoints, i.ToEntities, i.ToCIDRSet, allowed(i.ToPorts), i.ICMPs)
				}
				continue
			}
			for _, i := range r.Ingress {
				entry(false, i.FromEndpoints, i.FromEntities, i.FromCIDRSet, i.ToPorts, i.ICMPs)
			}
			for _, i := range r.IngressDeny {
				entry(true, i.FromEndpoints, i.FromEntities, i.FromCIDRSet, allowed(i.ToPorts), i.ICMPs)
			}
		}
	}
	switch {
	case denied:
		return false
	case !some || open || !closed:
		return true
	}
	return d == ir.Ingress && peer.kind == "own"
}
