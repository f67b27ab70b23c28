package istio

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/istio/envoy"
	"github.com/portolan-dev/portolan/ir/sem"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	rbacv3 "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	jwtv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	rbachttpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	rbactcpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/rbac/v3"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/security/authn"
	"istio.io/istio/pilot/pkg/security/authz/builder"
	"istio.io/istio/pilot/pkg/security/trustdomain"
	"istio.io/istio/pilot/pkg/serviceregistry/provider"
	"istio.io/istio/pkg/config/kube"
	"istio.io/istio/pkg/config/protocol"
	corev1 "k8s.io/api/core/v1"
)

// proxy is an Envoy: a pod's sidecar, or a waypoint as far as it serves one
// Service.
type proxy struct {
	applier    authn.PolicyApplier
	tokens     *jwtv3.JwtAuthentication // nil where none are validated
	http, tcp  []*rbacv3.RBAC           // in their order; of dry runs nothing
	customHTTP []*rbacv3.RBAC           // what providers are asked about
	customTCP  []*rbacv3.RBAC
}

// proxyKey tells proxies apart that get different filters.
type proxyKey struct{ namespace, labels, service string }

func (p *policy) proxyOf(to *oracle.Endpoint) (*proxy, error) {
	return p.proxy(model.SidecarProxy, to.Namespace, to.Labels, nil)
}

// waypointLabel is what the pods of a Gateway have (istio/api, label.go).
const waypointLabel = "gateway.networking.k8s.io/gateway-name"

// waypointOf gives the waypoint of a Service as far as it serves that one.
func (p *policy) waypointOf(s *oracle.Service) (*proxy, error) {
	return p.proxy(model.Waypoint, s.Namespace, map[string]string{waypointLabel: s.Waypoint}, s)
}

// proxy builds what a proxy is configured with, once (istio/istio,
// pilot/pkg/networking/plugin/authz/authorization.go and plugin/authn).
func (p *policy) proxy(kind model.NodeType, namespace string, labels map[string]string, s *oracle.Service) (*proxy, error) {
	key := proxyKey{namespace, fmt.Sprint(pairs(labels)), ""}
	node := &model.Proxy{Type: kind, ConfigNamespace: namespace, Labels: labels}
	var service *model.Service
	if s != nil {
		key.service = s.Namespace + "/" + s.Name
		service = &model.Service{Attributes: model.ServiceAttributes{ServiceRegistry: provider.Kubernetes, Namespace: s.Namespace, Name: s.Name}}
	}
	if known := p.proxies[key]; known != nil {
		return known, nil
	}
	out := &proxy{applier: authn.NewPolicyApplier(p.push, node, service)}
	if err := out.readTokens(kind); err != nil {
		return nil, err
	}
	found := p.push.AuthzPolicies.ListAuthorizationPolicies(
		model.PolicyMatcherForProxy(node).WithService(service).WithRootNamespace(p.push.AuthzPolicies.RootNamespace))
	// A provider is asked about what the policies of its action match, which are
	// built as denials are.
	asked := model.AuthorizationPoliciesResult{Deny: found.Custom}
	found.Custom = nil
	var err error
	if out.http, out.tcp, err = p.build(kind, found); err != nil {
		return nil, err
	}
	if out.customHTTP, out.customTCP, err = p.build(kind, asked); err != nil {
		return nil, err
	}
	p.proxies[key] = out
	return out, nil
}

func (x *proxy) readTokens(kind model.NodeType) error {
	filter := x.applier.JwtFilter(kind == model.Waypoint)
	if filter == nil {
		return nil
	}
	x.tokens = &jwtv3.JwtAuthentication{}
	return filter.GetTypedConfig().UnmarshalTo(x.tokens)
}

// build gives the rules of the filters that istiod makes of policies, for
// requests and for connections. Who a waypoint's peer is stands in a filter state.
func (p *policy) build(kind model.NodeType, found model.AuthorizationPoliciesResult) (http, tcp []*rbacv3.RBAC, err error) {
	domains := trustdomain.NewBundle(p.mesh().GetTrustDomain(), p.mesh().GetTrustDomainAliases())
	b := builder.New(domains, p.push, found, builder.Option{UseFilterState: kind == model.Waypoint})
	if b == nil {
		return nil, nil, nil
	}
	for _, f := range b.BuildHTTP() {
		one := &rbachttpv3.RBAC{}
		config, is := f.GetConfigType().(*hcmv3.HttpFilter_TypedConfig)
		if !is {
			return nil, nil, fmt.Errorf("istio: a filter is %T", f.GetConfigType())
		}
		if err := config.TypedConfig.UnmarshalTo(one); err != nil {
			return nil, nil, err
		}
		http = append(http, one.GetRules())
	}
	for _, f := range b.BuildTCP() {
		one := &rbactcpv3.RBAC{}
		config, is := f.GetConfigType().(*listenerv3.Filter_TypedConfig)
		if !is {
			return nil, nil, fmt.Errorf("istio: a filter is %T", f.GetConfigType())
		}
		if err := config.TypedConfig.UnmarshalTo(one); err != nil {
			return nil, nil, err
		}
		tcp = append(tcp, one.GetRules())
	}
	return http, tcp, nil
}

// decide gives what becomes of a connection, or of the request on it where the
// proxy reads it. Providers are asked first, then tokens are validated.
func (x *proxy) decide(c *envoy.Connection, f *oracle.Flow, speaks protocol.Instance) (oracle.Verdict, bool) {
	rules, custom := x.tcp, x.customTCP
	switch {
	case speaks.IsHTTP() && c.Request == nil:
		return oracle.Verdict{}, false // it has to be HTTP
	case c.Request != nil && (speaks.IsHTTP() || speaks.IsUnsupported()):
		rules, custom = x.http, x.customHTTP
	default:
		c.Request = nil
	}
	for _, r := range custom {
		if found, err := envoy.Matching(r, c); err != nil || len(found) > 0 {
			return oracle.Verdict{}, false
		}
	}
	if x.tokens != nil && c.Request != nil {
		claims, passes, err := envoy.Authenticates(x.tokens, tokenOf(f))
		if err != nil {
			return oracle.Verdict{}, false
		}
		if !passes {
			return oracle.Verdict{Reason: "its token is not valid"}, true
		}
		c.Request.Claims = claims
	}
	out := oracle.Verdict{Allowed: true, Reason: "no policy denies it"}
	for _, r := range rules {
		passes, names, err := envoy.Passes(r, c)
		if err != nil {
			return oracle.Verdict{}, false
		}
		if !passes {
			return oracle.Verdict{Reason: strings.ToLower(r.GetAction().String()) + " " + strings.Join(names, ", ")}, true
		}
		if r.GetAction() == rbacv3.RBAC_ALLOW && len(names) > 0 {
			out.Reason = "allow " + strings.Join(names, ", ")
		}
	}
	return out, true
}

// tokenOf gives a flow's token with all of its claims.
func tokenOf(f *oracle.Flow) *envoy.Token {
	t := f.Token
	if t == nil {
		return nil
	}
	claims := maps.Clone(t.Claims)
	if claims == nil {
		claims = map[string]any{}
	}
	claims["iss"], claims["sub"] = t.Issuer, t.Subject
	var audiences []any
	for _, a := range t.Audiences {
		audiences = append(audiences, a)
	}
	switch len(audiences) {
	case 0:
	case 1:
		claims["aud"] = audiences[0]
	default:
		claims["aud"] = audiences
	}
	return &envoy.Token{Issuer: t.Issuer, Audiences: t.Audiences, Claims: claims}
}

// speaks gives what the Services in front of a pod say that one of its ports
// speaks; what nothing says is looked at. Of Services that disagree the oldest
// counts, which is none of the cluster's, so that they are taken to say nothing.
func (p *policy) speaks(to *oracle.Endpoint, port uint16) protocol.Instance {
	var said []protocol.Instance
	for _, s := range p.services(to) {
		for _, q := range s.Ports {
			if q.Port == port && q.Protocol == sem.TCP {
				said = append(said, spoken(q))
			}
		}
	}
	if said = slices.Compact(slices.Sorted(slices.Values(said))); len(said) != 1 {
		return protocol.Unsupported
	}
	return said[0]
}

func spoken(q oracle.NamedPort) protocol.Instance {
	return kube.ConvertProtocol(int32(servicePort(q)), q.Name, corev1.ProtocolTCP, nil)
}

// servicePort gives a Service's own number of a port.
func servicePort(q oracle.NamedPort) uint16 { return cmp.Or(q.Service, q.Port) }

func pairs(m map[string]string) [][2]string {
	var out [][2]string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, [2]string{k, m[k]})
	}
	return out
}
