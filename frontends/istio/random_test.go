package istio

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	security "istio.io/api/security/v1beta1"
	selectors "istio.io/api/type/v1beta1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// few draws up to n of the values, possibly none.
func few[T any](t *rapid.T, n int, name string, values ...T) []T {
	return rapid.SliceOfN(rapid.SampledFrom(values), 0, n).Draw(t, name)
}

// seldom draws few values one time in five.
func seldom[T any](t *rapid.T, name string, values ...T) []T {
	if rapid.IntRange(0, 4).Draw(t, name+"?") > 0 {
		return nil
	}
	return few(t, 2, name, values...)
}

var (
	somePrincipals = []string{
		"*", "cluster.local/ns/shop/sa/web", "corp.td/ns/shop/sa/web", "other.td/ns/shop/sa/web", "cluster.local/ns/shop/*", "corp.td/ns/sh*", "c*", "zed*",
		"*/sa/web", "*/ns/shop/sa/web", "*b", "*hop/sa/web", "*/ns/shop/*", "spiffe://corp.td/ns/shop/sa/web", "corp.td/ns/shop/sa/we*",
		"other.td/ns/shop/*", "*qux/ns/shop/sa/api", "shop", "corp.td/ns/ns/sa/web",
	}
	someNamespaces = []string{"shop", "ns", "sa", "team-a-prod", "*", "team-*", "*-prod", "team-*-prod", "*a", "x*", "*sa", "shop/sa", "s*p", "**"}
	someAccounts   = []string{"web", "shop/web", "shop/api", "ns/web", "team-a-prod/web"}
	someRanges     = []string{"10.0.0.0/8", "10.0.0.1", "10.0.0.9/24", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"}
	somePorts      = []string{"80", "81", "082", "443", "0"}
	someMethods    = []string{"GET", "POST", "P*", "*", "*T"}
	somePaths      = []string{"/a", "/a/*", "/a*", "*/b", "*", "/a/{*}", "/a/{**}", "/{*}/b", "/a*b", "*a*"}
	someHosts      = []string{"a.example", "A.example:80", "a.*", "*.example", "*"}
	someJWT        = []string{"*", "https://a/b/x", "https://a/b/*", "c/*", "c/x*", "*/x", "*/x*", "*b/x", "*x", "https://*", "c", "c/"}
	someClaims     = []string{"*", "x", "x*", "*y", "xy"}
)

func someSource(t *rapid.T, custom bool) *security.Source {
	s := &security.Source{
		IpBlocks: seldom(t, "ip", someRanges...), NotIpBlocks: seldom(t, "notIP", someRanges...),
		RemoteIpBlocks: seldom(t, "remote", "10.0.0.0/8", "192.0.2.0/24"), NotRemoteIpBlocks: seldom(t, "notRemote", "10.0.0.0/8"),
	}
	if custom {
		if len(s.IpBlocks) == 0 {
			s.IpBlocks = []string{"10.0.0.0/8"}
		}
		return s
	}
	s.RequestPrincipals, s.NotRequestPrincipals = seldom(t, "jwt", someJWT...), seldom(t, "notJWT", someJWT...)
	if rapid.Bool().Draw(t, "by account") {
		s.ServiceAccounts, s.NotServiceAccounts = few(t, 3, "accounts", someAccounts...), seldom(t, "notAccounts", someAccounts...)
	} else {
		s.Principals, s.NotPrincipals = few(t, 2, "principals", somePrincipals...), seldom(t, "notPrincipals", somePrincipals...)
		s.Namespaces, s.NotNamespaces = seldom(t, "namespaces", someNamespaces...), seldom(t, "notNamespaces", someNamespaces...)
	}
	if slices.Max([]int{len(s.IpBlocks), len(s.NotIpBlocks), len(s.RemoteIpBlocks), len(s.NotRemoteIpBlocks), len(s.RequestPrincipals), len(s.NotRequestPrincipals),
		len(s.ServiceAccounts), len(s.NotServiceAccounts), len(s.Principals), len(s.NotPrincipals), len(s.Namespaces), len(s.NotNamespaces)}) == 0 {
		s.Namespaces = []string{"shop"}
	}
	return s
}

func someOperation(t *rapid.T) *security.Operation {
	o := &security.Operation{
		Ports: few(t, 2, "ports", somePorts...), NotPorts: seldom(t, "notPorts", somePorts...),
		Methods: seldom(t, "methods", someMethods...), NotMethods: seldom(t, "notMethods", someMethods...),
		Paths: seldom(t, "paths", somePaths...), NotPaths: seldom(t, "notPaths", somePaths...),
		Hosts: seldom(t, "hosts", someHosts...), NotHosts: seldom(t, "notHosts", someHosts...),
	}
	if len(o.Ports)+len(o.NotPorts)+len(o.Methods)+len(o.NotMethods)+len(o.Paths)+len(o.NotPaths)+len(o.Hosts)+len(o.NotHosts) == 0 {
		o.Ports = []string{"80"}
	}
	return o
}

func someCondition(t *rapid.T, custom bool) *security.Condition {
	values := map[string][]string{
		keyDestinationIP: {"10.1.0.0/16", "10.1.0.1"}, keyPort: somePorts, keyIP: someRanges, keySNI: {"a.example", "*"},
		"request.headers[X-Tag]": {"*", "a", "a*", "*a"},
	}
	keys := []string{keyDestinationIP, keyPort, keyIP, keySNI, "request.headers[X-Tag]"}
	if !custom {
		values[keyPrincipal], values[keyNamespace], values[keyRequestPrincipal] = somePrincipals, someNamespaces, someJWT
		keys = append(keys, keyPrincipal, keyNamespace, keyRequestPrincipal)
		for _, key := range []string{keyAudiences, keyPresenter, "request.auth.claims[role]", "request.auth.claims[realm][tenant]", "request.auth.claims[scope]"} {
			values[key] = someClaims
			keys = append(keys, key)
		}
	}
	key := rapid.SampledFrom(keys).Draw(t, "key")
	w := &security.Condition{Key: key, Values: few(t, 2, "values", values[key]...), NotValues: seldom(t, "notValues", values[key]...)}
	if len(w.Values)+len(w.NotValues) == 0 {
		w.Values = values[key][:1]
	}
	return w
}

func somePolicy(t *rapid.T, i int) *clientsecurity.AuthorizationPolicy {
	p := &clientsecurity.AuthorizationPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "security.istio.io/v1", Kind: kindPolicy},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%d", i), Namespace: rapid.SampledFrom([]string{"shop", "shop", "istio-system"}).Draw(t, "namespace")},
	}
	p.Spec.Action = rapid.SampledFrom([]security.AuthorizationPolicy_Action{
		security.AuthorizationPolicy_ALLOW, security.AuthorizationPolicy_ALLOW, security.AuthorizationPolicy_DENY, security.AuthorizationPolicy_DENY,
		security.AuthorizationPolicy_CUSTOM, security.AuthorizationPolicy_AUDIT,
	}).Draw(t, "action")
	custom := p.Spec.Action == security.AuthorizationPolicy_CUSTOM
	if custom {
		p.Spec.ActionDetail = &security.AuthorizationPolicy_Provider{Provider: &security.AuthorizationPolicy_ExtensionProvider{Name: "opa"}}
	}
	p.Spec.Selector = rapid.SampledFrom([]*selectors.WorkloadSelector{nil, {MatchLabels: map[string]string{"app": "api"}}, {}}).Draw(t, "selector")
	if !custom && p.Spec.Action != security.AuthorizationPolicy_AUDIT && rapid.IntRange(0, 6).Draw(t, "dry") == 0 {
		p.Annotations = map[string]string{"istio.io/dry-run": "true"}
	}
	for range rapid.IntRange(0, 2).Draw(t, "rules") {
		r := &security.Rule{}
		for range rapid.IntRange(0, 2).Draw(t, "sources") {
			r.From = append(r.From, &security.Rule_From{Source: someSource(t, custom)})
		}
		for range rapid.IntRange(0, 2).Draw(t, "operations") {
			r.To = append(r.To, &security.Rule_To{Operation: someOperation(t)})
		}
		if rapid.IntRange(0, 2).Draw(t, "conditions") == 0 {
			r.When = append(r.When, someCondition(t, custom))
		}
		p.Spec.Rules = append(p.Spec.Rules, r)
	}
	if p.Spec.Rules == nil && (custom || p.Spec.Action == security.AuthorizationPolicy_DENY) {
		p.Spec.Rules = []*security.Rule{{}}
	}
	return p
}

func somePeer(t *rapid.T, name, namespace string, labels map[string]string) *clientsecurity.PeerAuthentication {
	some := rapid.SampledFrom([]security.PeerAuthentication_MutualTLS_Mode{unset, disabled, open, strict, strict})
	p := &clientsecurity.PeerAuthentication{
		TypeMeta:   metav1.TypeMeta{APIVersion: "security.istio.io/v1", Kind: kindPeer},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
	}
	if m := some.Draw(t, name); m != unset {
		p.Spec.Mtls = &security.PeerAuthentication_MutualTLS{Mode: m}
	}
	if labels == nil {
		return p
	}
	p.Spec.Selector = &selectors.WorkloadSelector{MatchLabels: labels}
	p.Spec.PortLevelMtls = map[uint32]*security.PeerAuthentication_MutualTLS{}
	for _, port := range []uint32{80, 81, 443} {
		if rapid.Bool().Draw(t, "port") {
			p.Spec.PortLevelMtls[port] = &security.PeerAuthentication_MutualTLS{Mode: some.Draw(t, "port mode")}
		}
	}
	if len(p.Spec.PortLevelMtls) == 0 {
		p.Spec.PortLevelMtls = nil
	}
	return p
}

func someMesh(t *rapid.T) mesh {
	api, _ := ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"app": "api"}))
	m := mesh{
		root: "istio-system", trustDomain: rapid.SampledFrom([]string{"cluster.local", "corp.td"}).Draw(t, "trust domain"), ambient: rapid.Bool().Draw(t, "ambient"),
		inventory: &ir.Inventory{Workloads: []ir.Workload{{
			Address: "shop/api", Name: "api", Namespace: "shop", Pods: api, Mesh: true,
			Ports: []ir.WorkloadPort{{Name: "http", Number: 80, Protocol: ir.AppHTTP}, {Name: "db", Number: 81, Protocol: ir.AppTCP}, {Name: "x", Number: 82}},
		}}},
	}
	m.inventory.Facts.TrustDomain = m.trustDomain
	for i := range rapid.IntRange(0, 2).Draw(t, "request authentications") {
		m.requests = append(m.requests, someRequestAuthentication(t, fmt.Sprintf("r%d", i)))
	}
	if rapid.Bool().Draw(t, "declared") {
		m.inventory.Issuers = []ir.Issuer{{Issuer: "c", JWKSURI: "https://keys/c", Audiences: []string{"x"}}, {Issuer: "https://a/b", JWKSURI: "https://elsewhere"}}
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "policies") {
		m.policies = append(m.policies, somePolicy(t, i))
	}
	for _, c := range []struct {
		name, namespace string
		labels          map[string]string
	}{{"mesh", "istio-system", nil}, {"namespace", "shop", nil}, {"workload", "shop", map[string]string{"app": "api"}}, {"ignored", "istio-system", map[string]string{"app": "api"}}} {
		if rapid.Bool().Draw(t, c.name+"?") {
			m.peers = append(m.peers, somePeer(t, c.name, c.namespace, c.labels))
		}
	}
	return m
}

// manifests is the objects as YAML.
func (m mesh) manifests(t fataler) string {
	var b strings.Builder
	add := func(o any) {
		out, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(string(out) + "---\n")
	}
	for _, p := range m.policies {
		add(p)
	}
	for _, p := range m.peers {
		add(p)
	}
	for _, r := range m.requests {
		add(r)
	}
	return b.String()
}

func (m mesh) options() lift.Options {
	o := lift.Options{Profile: profile.Profile{Engine: profile.Istio, Version: profile.Version{Major: 1, Minor: 31}}, Inventory: *m.inventory}
	if m.ambient {
		o.Profile.Engine = profile.IstioAmbient
	}
	return o
}

// someFlow draws a flow that settles the conditions.
func someFlow(t *rapid.T, atoms []string) sem.Flow {
	one := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	f := sem.Flow{
		Protocol: sem.TCP, Port: rapid.SampledFrom([]uint16{80, 81, 82, 443}).Draw(t, "port"), Holds: map[string]bool{},
		Destination: sem.Endpoint{
			Namespace: one("to", "shop", "shop", "other"), Labels: map[string]string{"app": one("app", "api", "web")}, Meshed: true,
			Address: netip.MustParseAddr(one("at", "10.1.0.1", "10.1.0.2", "10.2.0.1")),
		},
		Source: sem.Endpoint{
			Kind:      rapid.SampledFrom([]sem.EndpointKind{sem.Pod, sem.Pod, sem.Pod, sem.Pod, sem.External, sem.OtherNode, sem.OwnNode}).Draw(t, "kind"),
			Namespace: one("from", "shop", "ns", "sa", "team-a-prod", "xa", "team-b"), Account: one("account", "web", "api", "default"),
			Address: netip.MustParseAddr(one("source", "10.0.0.1", "10.0.0.2", "192.0.2.7", "2001:db8::1", "198.51.100.1")),
		},
	}
	if f.Source.Kind != sem.Pod {
		f.Source.Namespace, f.Source.Account = "", ""
	}
	f.Authenticated = f.Source.Kind == sem.Pod && rapid.IntRange(0, 3).Draw(t, "authenticated") > 0
	if rapid.IntRange(0, 3).Draw(t, "request") > 0 {
		f.Request = &sem.Request{
			Method: one("method", "GET", "POST", "PUT"), Target: one("path", "/a", "/a?x=1", "/a/b", "/a/b/c", "/ab", "/a/", "/a/[", "/a*b", "/b", "/x/b?/a"),
			Host: one("host", "a.example", "A.Example:80", "b.example", "a.b"), Headers: map[string]string{},
		}
		if rapid.Bool().Draw(t, "tagged") {
			f.Request.Headers["x-tag"] = one("tag", "a", "b", "ab", "ba", "")
		}
	}
	for _, a := range atoms {
		f.Holds[a] = rapid.Bool().Draw(t, "holds")
	}
	return f
}

// atoms gives the conditions that a program's rules hang on, sorted.
func atoms(p *ir.Program) []string {
	var out []string
	for _, d := range p.All() {
		for _, c := range d.Rule.If {
			out = append(out, c.Atom)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestMeaning holds random objects, lifted, to what Istio does with them.
func TestMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := someMesh(t)
		p, diags := lifted(t, m.manifests(t), m.options())
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		all := atoms(p)
		for range 30 {
			f := someFlow(t, all)
			sent := m.someToken(t, f)
			m.settle(f, sent, f.Holds)
			for _, m.previewed = range []bool{false, true} {
				q := p
				if m.previewed {
					q = p.Previewed()
				}
				got := decide(q, f)
				want := map[bool]sem.Outcome{true: sem.Allowed, false: sem.Denied}[m.allows(f, sent)]
				if got != want {
					t.Fatalf("%s\n%s\nflow %+v\nrequest %+v\ntoken %+v\nlifted: %s, Istio: %s", m.manifests(t), q.Text(), f, f.Request, sent, got, want)
				}
			}
		}
	})
}
