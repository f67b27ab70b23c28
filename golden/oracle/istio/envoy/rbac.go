// Package envoy decides as Envoy does by the configuration that Istio makes for
// it: the filter for role-based access control (RBAC), of which it takes what
// Istio writes, and the filter for tokens (jwt_authn).
//
// No Go code of Envoy's exists. What stands here follows its sources, of which
// each rule names the file; grpc-go's own engine for RBAC is the second opinion
// (grpc_test.go) for what that has.
package envoy

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	rbacv3 "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	uritemplatev3 "github.com/envoyproxy/go-control-plane/envoy/extensions/path/match/uri_template/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
)

// Connection is what a filter sees of a connection or, with a Request, of a
// request on one.
type Connection struct {
	Source      netip.Addr // of the packets
	Client      netip.Addr // the original one, behind trusted proxies
	Destination netip.Addr
	Port        uint16
	Principal   string // the URI of the peer's certificate; "" without mutual TLS
	ServerName  string
	Request     *Request // nil where a connection is judged
}

// Request is an HTTP request.
type Request struct {
	Method, Target, Authority string
	Headers                   map[string]string // by lower-case name
	Claims                    map[string]any    // of the valid token; nil without
}

// Matching gives the names of the policies that match, sorted. The error says
// what of them is nothing that Istio writes.
func Matching(r *rbacv3.RBAC, c *Connection) ([]string, error) {
	e := evaluation{Connection: c}
	var out []string
	for name, p := range r.GetPolicies() {
		if slices.ContainsFunc(p.GetPermissions(), e.permission) && slices.ContainsFunc(p.GetPrincipals(), e.principal) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, e.err
}

// Passes reports whether a filter's rules let the connection pass, and which of
// them decided. No rules let everything pass, and rules without policies match
// nothing (source/extensions/filters/common/rbac/engine_impl.cc).
func Passes(r *rbacv3.RBAC, c *Connection) (bool, []string, error) {
	if r == nil {
		return true, nil, nil
	}
	found, err := Matching(r, c)
	switch r.GetAction() {
	case rbacv3.RBAC_ALLOW:
		return len(found) > 0, found, err
	case rbacv3.RBAC_DENY:
		return len(found) == 0, found, err
	case rbacv3.RBAC_LOG:
	}
	return true, found, err
}

// evaluation is one connection held against rules; err is the first of them
// that is not known.
type evaluation struct {
	*Connection
	err error
}

func (e *evaluation) unknown(what any) bool {
	if e.err == nil {
		e.err = fmt.Errorf("envoy: %T is not evaluated", what)
	}
	return false
}

// permission and principal follow source/extensions/filters/common/rbac/matchers.cc.
func (e *evaluation) permission(p *rbacv3.Permission) bool {
	switch r := p.GetRule().(type) {
	case *rbacv3.Permission_Any:
		return r.Any
	case *rbacv3.Permission_AndRules:
		return !slices.ContainsFunc(r.AndRules.GetRules(), func(p *rbacv3.Permission) bool { return !e.permission(p) })
	case *rbacv3.Permission_OrRules:
		return slices.ContainsFunc(r.OrRules.GetRules(), e.permission)
	case *rbacv3.Permission_NotRule:
		return !e.permission(r.NotRule)
	case *rbacv3.Permission_DestinationPort:
		return r.DestinationPort == uint32(e.Port)
	case *rbacv3.Permission_DestinationIp:
		return within(r.DestinationIp, e.Destination)
	case *rbacv3.Permission_RequestedServerName:
		return e.text(r.RequestedServerName, e.ServerName)
	case *rbacv3.Permission_Header:
		return e.header(r.Header)
	case *rbacv3.Permission_UrlPath:
		return e.Request != nil && e.text(r.UrlPath.GetPath(), path(e.Request.Target))
	case *rbacv3.Permission_UriTemplate:
		template := &uritemplatev3.UriTemplateMatchConfig{}
		if err := r.UriTemplate.GetTypedConfig().UnmarshalTo(template); err != nil {
			return e.unknown(r)
		}
		return e.Request != nil && compiled(templateText(template.GetPathTemplate())).MatchString(path(e.Request.Target))
	case *rbacv3.Permission_Metadata:
		return e.metadata(r.Metadata) //nolint:staticcheck // deprecated, and what Istio writes
	default:
		return e.unknown(r)
	}
}

func (e *evaluation) principal(p *rbacv3.Principal) bool {
	switch r := p.GetIdentifier().(type) {
	case *rbacv3.Principal_Any:
		return r.Any
	case *rbacv3.Principal_AndIds:
		return !slices.ContainsFunc(r.AndIds.GetIds(), func(p *rbacv3.Principal) bool { return !e.principal(p) })
	case *rbacv3.Principal_OrIds:
		return slices.ContainsFunc(r.OrIds.GetIds(), e.principal)
	case *rbacv3.Principal_NotId:
		return !e.principal(r.NotId)
	case *rbacv3.Principal_Authenticated_:
		name := r.Authenticated.GetPrincipalName()
		return e.Principal != "" && (name == nil || e.text(name, e.Principal))
	case *rbacv3.Principal_FilterState: // io.istio.peer_principal, of waypoints
		return e.Principal != "" && e.text(r.FilterState.GetStringMatch(), e.Principal)
	case *rbacv3.Principal_DirectRemoteIp:
		return within(r.DirectRemoteIp, e.Source)
	case *rbacv3.Principal_RemoteIp:
		return within(r.RemoteIp, e.Client)
	case *rbacv3.Principal_Header:
		return e.header(r.Header)
	case *rbacv3.Principal_Metadata:
		return e.metadata(r.Metadata) //nolint:staticcheck // deprecated, and what Istio writes
	default:
		return e.unknown(r)
	}
}

func within(r *corev3.CidrRange, a netip.Addr) bool {
	base, err := netip.ParseAddr(r.GetAddressPrefix())
	return err == nil && netip.PrefixFrom(base, int(r.GetPrefixLen().GetValue())).Masked().Contains(a.Unmap())
}

// header follows source/common/http/header_utility.cc: what is not there has no
// value that matches.
func (e *evaluation) header(h *routev3.HeaderMatcher) bool {
	if e.Request == nil {
		return false
	}
	var value string
	has := true
	switch name := strings.ToLower(h.GetName()); name {
	case ":method":
		value = e.Request.Method
	case ":authority", "host":
		value = e.Request.Authority
	case ":path":
		value = e.Request.Target
	default:
		value, has = e.Request.Headers[name]
	}
	switch m := h.GetHeaderMatchSpecifier().(type) {
	case *routev3.HeaderMatcher_PresentMatch:
		return has == m.PresentMatch != h.GetInvertMatch()
	case *routev3.HeaderMatcher_StringMatch:
		return has && e.text(m.StringMatch, value) != h.GetInvertMatch()
	default:
		return e.unknown(m)
	}
}

// text follows source/common/common/matchers.h. Expressions match whole texts.
func (e *evaluation) text(m *matcherv3.StringMatcher, value string) bool {
	fold := func(s string) string {
		if m.GetIgnoreCase() {
			return strings.ToLower(s)
		}
		return s
	}
	switch p := m.GetMatchPattern().(type) {
	case *matcherv3.StringMatcher_Exact:
		return fold(value) == fold(p.Exact)
	case *matcherv3.StringMatcher_Prefix:
		return strings.HasPrefix(fold(value), fold(p.Prefix))
	case *matcherv3.StringMatcher_Suffix:
		return strings.HasSuffix(fold(value), fold(p.Suffix))
	case *matcherv3.StringMatcher_Contains:
		return strings.Contains(fold(value), fold(p.Contains))
	case *matcherv3.StringMatcher_SafeRegex:
		return compiled(p.SafeRegex.GetRegex()).MatchString(value)
	default:
		return e.unknown(p)
	}
}

// compiled is an expression for whole texts; one that cannot be read matches
// nothing.
func compiled(expression string) *regexp.Regexp {
	re, err := regexp.Compile(`\A(?s:` + expression + `)\z`)
	if err != nil {
		return nothing
	}
	return re
}

var nothing = regexp.MustCompile(`[^\s\S]`)

// claimsOf is the filter whose metadata tokens' claims are.
const claimsOf = "envoy.filters.http.jwt_authn"

// metadata follows source/common/common/matchers.cc. What is not there matches
// only an inverted matcher.
func (e *evaluation) metadata(m *matcherv3.MetadataMatcher) bool {
	if m.GetFilter() != claimsOf || e.Request == nil || e.Request.Claims == nil {
		return m.GetInvert()
	}
	var at any = map[string]any{"payload": e.Request.Claims}
	for _, segment := range m.GetPath() {
		within, _ := at.(map[string]any)
		next, has := within[segment.GetKey()]
		if !has {
			return m.GetInvert()
		}
		at = next
	}
	return e.value(m.GetValue(), at) != m.GetInvert()
}

func (e *evaluation) value(m *matcherv3.ValueMatcher, value any) bool {
	switch p := m.GetMatchPattern().(type) {
	case *matcherv3.ValueMatcher_StringMatch:
		s, is := value.(string)
		return is && e.text(p.StringMatch, s)
	case *matcherv3.ValueMatcher_ListMatch:
		list, _ := value.([]any)
		return slices.ContainsFunc(list, func(v any) bool { return e.value(p.ListMatch.GetOneOf(), v) })
	case *matcherv3.ValueMatcher_OrMatch:
		return slices.ContainsFunc(p.OrMatch.GetValueMatchers(), func(m *matcherv3.ValueMatcher) bool { return e.value(m, value) })
	default:
		return e.unknown(p)
	}
}

// path is a request's target without its query and fragment.
func path(target string) string {
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		return target[:i]
	}
	return target
}

// pathChars is what the operators of a template match beside slashes
// (source/extensions/path/uri_template_lib/uri_template_internal.cc).
const pathChars = `a-zA-Z0-9\-._~%!$&'()+,;:@=*`

// templateText gives the expression for a path template.
func templateText(template string) string {
	segments := strings.Split(strings.TrimPrefix(template, "/"), "/")
	for i, s := range segments {
		switch s {
		case "*":
			segments[i] = "[" + pathChars + "]+"
		case "**":
			segments[i] = "[" + pathChars + "/]*"
		default:
			segments[i] = regexp.QuoteMeta(s)
		}
	}
	return "/" + strings.Join(segments, "/")
}
