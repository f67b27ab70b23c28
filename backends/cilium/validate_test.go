package cilium

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
)

// validate holds an object to what the agent demands (Sanitize), to what only
// the API server does (the CRD's schema) and to what this package promises.
func validate(t testing.TB, p *Policy) {
	t.Helper()
	if p.Kind == namespaced != (p.Namespace != "") || p.Name == "" {
		t.Errorf("%s %q in namespace %q", p.Kind, p.Name, p.Namespace)
	}
	if (p.Spec == nil) == (len(p.Specs) == 0) || len(p.Specs) == 1 {
		t.Errorf("%s has both or neither of spec and specs, or specs with one rule", p.Name)
	}
	option.Config.EnableNodeSelectorLabels = true // as where nodes are selected by label
	for _, r := range p.rules() {
		// Sanitize rewrites what it checks.
		if err := r.DeepCopy().Sanitize(); err != nil {
			t.Errorf("%s: %v", r.Description, err)
		}
		schema(t, p, r)
	}
}

// crdPort is the pattern of the CRD, anchored.
var crdPort = regexp.MustCompile(`^((6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*)$`)

func schema(t testing.TB, p *Policy, r *api.Rule) {
	t.Helper()
	ofNodes := r.NodeSelector.LabelSelector != nil
	if (r.EndpointSelector.LabelSelector == nil) != ofNodes || r.Description == "" || ofNodes && p.Kind != clusterScoped {
		t.Errorf("%s: no endpoint selector, or one beside a node selector, or no description", p.Name)
	}
	if p.Kind == clusterScoped && !ofNodes && !r.EndpointSelector.HasKey("k8s:io.kubernetes.pod.namespace") {
		t.Errorf("%s: a clusterwide rule for what has no namespace", r.Description)
	}
	if p.Kind == namespaced && r.EndpointSelector.HasKey("k8s:io.kubernetes.pod.namespace") {
		t.Errorf("%s: a namespace in the subject of a namespaced object", r.Description)
	}
	if ofNodes {
		keys(t, r.Description, r.NodeSelector)
	} else {
		keys(t, r.Description, r.EndpointSelector)
	}
	closes := strings.HasSuffix(r.Description, ": default deny")
	if closes && (r.EnableDefaultDeny.Egress != nil || r.EnableDefaultDeny.Ingress != nil) {
		t.Errorf("%s: says that it closes", r.Description)
	}
	if (len(r.IngressDeny) > 0) != (r.EnableDefaultDeny.Ingress != nil) || (len(r.EgressDeny) > 0) != (r.EnableDefaultDeny.Egress != nil) {
		t.Errorf("%s: a deny closes, or an allow does not", r.Description)
	}
	for _, i := range r.Ingress {
		item(t, r, closes, i.FromEndpoints, i.FromNodes, i.FromEntities, i.FromCIDRSet, nil, i.ToPorts, i.ICMPs)
	}
	for _, i := range r.IngressDeny {
		item(t, r, false, i.FromEndpoints, i.FromNodes, i.FromEntities, i.FromCIDRSet, nil, allowed(i.ToPorts), i.ICMPs)
	}
	for _, i := range r.Egress {
		item(t, r, closes, i.ToEndpoints, i.ToNodes, i.ToEntities, i.ToCIDRSet, i.ToFQDNs, i.ToPorts, i.ICMPs)
	}
	for _, i := range r.EgressDeny {
		item(t, r, false, i.ToEndpoints, i.ToNodes, i.ToEntities, i.ToCIDRSet, nil, allowed(i.ToPorts), i.ICMPs)
	}
}

func allowed(rules api.PortDenyRules) api.PortRules {
	var out api.PortRules
	for _, r := range rules {
		out = append(out, api.PortRule{Ports: r.Ports})
	}
	return out
}

// entityEnum is what the CRD takes of the entities that are emitted.
var entityEnum = map[api.Entity]bool{"all": true, "world": true, "host": true, "init": true, "ingress": true, "unmanaged": true, "remote-node": true, "health": true, "kube-apiserver": true}

func item(t testing.TB, r *api.Rule, closes bool, endpoints, nodes []api.EndpointSelector, entities api.EntitySlice, cidrs api.CIDRRuleSlice, names api.FQDNSelectorSlice, ports api.PortRules, icmps api.ICMPRules) {
	t.Helper()
	kinds := 0
	for _, n := range []int{len(endpoints), len(nodes), len(entities), len(cidrs), len(names)} {
		kinds += min(n, 1)
	}
	switch {
	case closes && (kinds != 0 || ports != nil || icmps != nil):
		t.Errorf("%s: an item that is not for nobody", r.Description)
	case !closes && kinds != 1:
		t.Errorf("%s: an item for %d kinds of peers", r.Description, kinds)
	}
	for _, e := range endpoints {
		keys(t, r.Description, e)
		if !e.HasKey("k8s:io.kubernetes.pod.namespace") {
			t.Errorf("%s: a peer without a namespace: %s", r.Description, e)
		}
	}
	for _, e := range entities {
		if !entityEnum[e] {
			t.Errorf("%s: entity %s", r.Description, e)
		}
	}
	for _, n := range names {
		if (n.MatchName == "") == (n.MatchPattern == "") {
			t.Errorf("%s: name %v", r.Description, n)
		}
	}
	for _, p := range ports {
		portRule(t, r, p)
	}
	for _, i := range icmps {
		for _, f := range i.Fields {
			if f.Type == nil || f.Type.IntValue() == 0 {
				t.Errorf("%s: ICMP type %v is every type", r.Description, f.Type)
			}
		}
	}
}

func portRule(t testing.TB, r *api.Rule, p api.PortRule) {
	t.Helper()
	if len(p.Ports) == 0 {
		t.Errorf("%s: no ports, which is for nobody", r.Description)
	}
	if p.Rules != nil && p.Rules.IsEmpty() {
		t.Errorf("%s: rules without one", r.Description)
	}
	for _, port := range p.Ports {
		if !crdPort.MatchString(port.Port) || !strings.Contains("TCP UDP SCTP", string(port.Protocol)) || port.Protocol == "" {
			t.Errorf("%s: port %v", r.Description, port)
		}
	}
	if p.Rules == nil {
		return
	}
	for _, h := range p.Rules.HTTP {
		if _, err := regexp.Compile(h.Host); err != nil {
			t.Errorf("%s: %v", r.Description, err)
		}
	}
}

// keys holds that every key has the source prefix of Kubernetes: without one it
// would match labels of any source.
func keys(t testing.TB, what string, s api.EndpointSelector) {
	t.Helper()
	check := func(key string) {
		if !strings.HasPrefix(key, "k8s:") || dropped(strings.TrimPrefix(key, "k8s:")) {
			t.Errorf("%s: key %q", what, key)
		}
	}
	for k := range s.MatchLabels {
		check(k)
	}
	for _, e := range s.MatchExpressions {
		check(e.Key)
	}
}
