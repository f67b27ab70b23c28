package istio

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	security "istio.io/api/security/v1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"

	"github.com/portolan-dev/portolan/backends/manifest"
)

// The tests hold what is emitted to what Istio does with it, by a small
// evaluator of their own that follows Istio's selection, order and matching
// for a sidecar whose ports all speak HTTP where a request comes, else TCP.

// pod is an endpoint: a pod, or with namespace "" something known by address.
type pod struct {
	name      string
	namespace string
	labels    map[string]string
	account   string
	mesh      bool
	node      bool
	address   netip.Addr
}

// request is an HTTP request.
type request struct {
	method, path, host string
	headers            map[string]string
	token              *token
	client             netip.Addr // as a proxy reports it; zero where none does
}

// flow is a connection, with a request where it carries one.
type flow struct {
	from, to  pod
	plaintext bool
	port      int
	request   *request
}

// mesh is the objects as the mesh sees them.
type mesh struct {
	root     string
	policies []*clientsecurity.AuthorizationPolicy
	peers    []*clientsecurity.PeerAuthentication
	requests []*clientsecurity.RequestAuthentication

	previewed bool // dry runs are enforced
}

func meshOf(root string, objects []manifest.Object) mesh {
	m := mesh{root: root}
	for _, o := range objects {
		switch v := o.Value.(type) {
		case *clientsecurity.AuthorizationPolicy:
			m.policies = append(m.policies, v)
		case *clientsecurity.PeerAuthentication:
			m.peers = append(m.peers, v)
		case *clientsecurity.RequestAuthentication:
			m.requests = append(m.requests, v)
		}
	}
	return m
}

func selected(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// mode is the mutual TLS that a pod's port is under.
func (m mesh) mode(p pod, port int) security.PeerAuthentication_MutualTLS_Mode {
	mode := security.PeerAuthentication_MutualTLS_PERMISSIVE
	set := func(t *security.PeerAuthentication_MutualTLS) {
		if t.GetMode() != security.PeerAuthentication_MutualTLS_UNSET {
			mode = t.GetMode()
		}
	}
	for _, level := range []int{0, 1, 2} {
		for _, o := range m.peers {
			selector := o.Spec.GetSelector().GetMatchLabels()
			at := 1
			if len(selector) > 0 {
				at = 2
			} else if o.Namespace == m.root {
				at = 0
			}
			if at != level || at > 0 && (o.Namespace != p.namespace || o.Namespace == m.root) || !selected(selector, p.labels) {
				continue
			}
			set(o.Spec.GetMtls())
			if at == 2 {
				set(o.Spec.GetPortLevelMtls()[uint32(port)])
			}
		}
	}
	return mode
}

// allows decides a flow into a pod of the mesh.
func (m mesh) allows(f flow) bool {
	principal := ""
	mode := m.mode(f.to, f.port)
	if f.from.mesh && !f.plaintext && mode != security.PeerAuthentication_MutualTLS_DISABLE {
		principal = "cluster.local/ns/" + f.from.namespace + "/sa/" + f.from.account
	}
	if principal == "" && mode == security.PeerAuthentication_MutualTLS_STRICT {
		return false
	}
	if f.request != nil && f.request.token != nil && f.request.token.forged && len(m.issuers(f.to)) > 0 {
		return false
	}
	allowing, allowed := false, false
	for _, p := range m.policies {
		if p.Namespace != m.root && p.Namespace != f.to.namespace || !selected(p.Spec.GetSelector().GetMatchLabels(), f.to.labels) || !m.previewed && p.Annotations[dryRunAnnotation] == "true" {
			continue
		}
		matched := slices.ContainsFunc(p.Spec.Rules, func(r *security.Rule) bool { return m.ruleMatches(p.Spec.Action, r, f, principal) })
		switch p.Spec.Action {
		case security.AuthorizationPolicy_DENY:
			if matched {
				return false
			}
		default:
			allowing, allowed = true, allowed || matched
		}
	}
	return !allowing || allowed
}

// ruleMatches decides a rule. On a chain that is not HTTP an allow with an HTTP
// field never matches, and a deny is without those fields.
func (m mesh) ruleMatches(a security.AuthorizationPolicy_Action, r *security.Rule, f flow, principal string) bool {
	if f.request == nil && a == security.AuthorizationPolicy_ALLOW && usesHTTP(r) {
		return false
	}
	from := len(r.From) == 0 || slices.ContainsFunc(r.From, func(s *security.Rule_From) bool { return sourceMatches(s.Source, f, principal) })
	to := len(r.To) == 0 || slices.ContainsFunc(r.To, func(t *security.Rule_To) bool { return operationMatches(t.Operation, f) })
	if !from || !to {
		return false
	}
	for _, c := range r.When {
		if f.request == nil && strings.HasPrefix(c.Key, "request.") {
			continue
		}
		if !strings.HasPrefix(c.Key, "request.headers[") {
			if !m.attributeMatches(c, f) {
				return false
			}
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(c.Key, "request.headers["), "]")
		value, present := f.request.headers[name]
		match := func(list []string) bool {
			return slices.ContainsFunc(list, func(v string) bool { return present && (v == "*" || stringMatches(v, value)) })
		}
		if len(c.Values) > 0 && !match(c.Values) || len(c.NotValues) > 0 && match(c.NotValues) {
			return false
		}
	}
	return true
}

func usesHTTP(r *security.Rule) bool {
	return slices.ContainsFunc(r.When, func(c *security.Condition) bool { return strings.HasPrefix(c.Key, "request.") }) || slices.ContainsFunc(r.To, func(t *security.Rule_To) bool {
		o := t.Operation
		return len(o.Methods)+len(o.NotMethods)+len(o.Paths)+len(o.NotPaths)+len(o.Hosts)+len(o.NotHosts) > 0
	})
}

func sourceMatches(s *security.Source, f flow, principal string) bool {
	namespace, account := "", ""
	if principal != "" {
		parts := strings.Split(principal, "/")
		namespace, account = parts[2], parts[4]
	}
	is := func(list []string, value string) bool {
		return value != "" && slices.ContainsFunc(list, func(v string) bool { return stringMatches(v, value) })
	}
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(v string) bool { return netip.MustParsePrefix(v).Contains(f.from.address) })
	}
	for _, c := range []struct {
		list  []string
		match bool
	}{
		{s.ServiceAccounts, account != "" && slices.Contains(s.ServiceAccounts, namespace+"/"+account)},
		{s.Principals, is(s.Principals, principal)}, {s.Namespaces, is(s.Namespaces, namespace)}, {s.IpBlocks, in(s.IpBlocks)},
	} {
		if len(c.list) > 0 && !c.match {
			return false
		}
	}
	return !is(s.NotPrincipals, principal) && !is(s.NotNamespaces, namespace) && !in(s.NotIpBlocks)
}

func operationMatches(o *security.Operation, f flow) bool {
	port := strconv.Itoa(f.port)
	if len(o.Ports) > 0 && !slices.Contains(o.Ports, port) || slices.Contains(o.NotPorts, port) {
		return false
	}
	if f.request == nil {
		return true
	}
	q := f.request
	is := func(list []string, value string, match func(string, string) bool) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(v string) bool { return match(v, value) })
	}
	path, _, _ := strings.Cut(q.path, "?")
	return is(o.Methods, q.method, stringMatches) && (len(o.NotMethods) == 0 || !is(o.NotMethods, q.method, stringMatches)) &&
		is(o.Paths, path, pathMatches) && is(o.Hosts, strings.ToLower(q.host), stringMatches)
}

// stringMatches is exact, a prefix, a suffix, or anything that is there.
func stringMatches(pattern, value string) bool {
	switch {
	case pattern == "*":
		return value != ""
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(value, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(value, pattern[:len(pattern)-1])
	}
	return pattern == value
}

func pathMatches(pattern, path string) bool {
	if !strings.Contains(pattern, "{") {
		return stringMatches(pattern, path)
	}
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, w := range want {
		switch {
		case w == "{**}":
			return i < len(got)
		case i >= len(got) || w == "{*}" && got[i] == "" || w != "{*}" && w != got[i]:
			return false
		}
	}
	return len(want) == len(got)
}
