package istio

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	security "istio.io/api/security/v1beta1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// The tests hold what is lifted to what Istio does with the same objects, by an
// evaluator over the upstream types that goes the way of Istio's own code: a
// proxy's regular expressions over whole principals, ztunnel's matches.

// mesh is objects as the control plane has them.
type mesh struct {
	root, trustDomain string
	ambient           bool
	policies          []*clientsecurity.AuthorizationPolicy
	peers             []*clientsecurity.PeerAuthentication
	requests          []*clientsecurity.RequestAuthentication
	inventory         *ir.Inventory
	previewed         bool // dry runs are enforced
}

// connection is a flow under one mesh. http says whether the proxy reads it.
type connection struct {
	mesh
	sem.Flow
	http  bool
	token *token // what the request has, where it has one
}

func selected(selector, labels map[string]string) bool {
	for k, v := range selector {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// allows decides a flow into a pod of the mesh.
func (m mesh) allows(f sem.Flow, sent *token) bool {
	c := connection{mesh: m, Flow: f}
	declared := c.protocol()
	c.http = !m.ambient && declared != ir.AppTCP && (declared == ir.AppHTTP || f.Request != nil)
	if !f.Authenticated && c.strict() {
		return false
	}
	if f.Source.Kind == sem.OwnNode {
		return true
	}
	if c.http && f.Request != nil {
		var refused bool
		if c.token, refused = m.validate(sent, f.Destination); refused {
			return false
		}
	}
	allowing, allowed := false, false
	for _, p := range m.policies {
		if !m.previewed && p.Annotations["istio.io/dry-run"] == "true" || p.Namespace != m.root && p.Namespace != f.Destination.Namespace ||
			!selected(p.Spec.GetSelector().GetMatchLabels(), f.Destination.Labels) {
			continue
		}
		if m.ambient && (p.Spec.Action > security.AuthorizationPolicy_DENY || p.Spec.Selector != nil && p.Spec.Selector.MatchLabels == nil) {
			continue
		}
		matched := slices.ContainsFunc(p.Spec.Rules, func(r *security.Rule) bool {
			if m.ambient {
				return c.ztunnelMatches(p, r)
			}
			return c.envoyMatches(p, r)
		})
		switch p.Spec.Action {
		case security.AuthorizationPolicy_DENY:
			if matched {
				return false
			}
		case security.AuthorizationPolicy_CUSTOM:
			if matched && !f.Holds["istio provider "+p.Spec.GetProvider().GetName()+" allows"] {
				return false
			}
		case security.AuthorizationPolicy_ALLOW:
			allowing, allowed = true, allowed || matched
		}
	}
	return !allowing || allowed
}

func (c connection) protocol() ir.AppProtocol {
	for _, w := range c.inventory.Workloads {
		for _, p := range w.Ports {
			if p.Number == c.Port && c.Destination.In(w.Pods) {
				return p.Protocol
			}
		}
	}
	return ir.AppUnknown
}

// principals is the names that the sender's certificate goes by: its own, and
// those of the trust domains that the flow says are aliases.
func (c connection) principals() []string {
	if !c.Authenticated {
		return nil
	}
	rest := "/ns/" + c.Source.Namespace + "/sa/" + c.Source.Account
	out := []string{c.trustDomain + rest}
	for atom, holds := range c.Holds {
		if td, ok := strings.CutPrefix(atom, "istio source.trustDomain in "); ok && holds {
			out = append(out, strings.Trim(td, `"*`)+rest)
		}
	}
	return out
}

func (c connection) full(expr string) bool {
	re := regexp.MustCompile("^(?:" + expr + ")$")
	return slices.ContainsFunc(c.principals(), func(p string) bool { return re.MatchString("spiffe://" + p) })
}

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

func (c connection) principal(value string) bool {
	if parts := strings.Split(value, "/"); len(parts) == 5 && parts[0] == "cluster.local" && !c.ambient {
		value = c.trustDomain + strings.TrimPrefix(value, "cluster.local")
	}
	return slices.ContainsFunc(c.principals(), func(p string) bool { return stringMatches(value, p) })
}

func (c connection) namespace(value string) bool {
	if c.ambient {
		return c.Authenticated && stringMatches(value, c.Source.Namespace)
	}
	return c.full(".*/ns/" + strings.ReplaceAll(regexp.QuoteMeta(value), `\*`, ".*") + "/.*")
}

func (c connection) account(value, home string) bool {
	ns, name, ok := strings.Cut(value, "/")
	if !ok {
		ns, name = home, value
	}
	return c.full("spiffe://.+/ns/" + regexp.QuoteMeta(ns) + "/(.+/|)sa/" + regexp.QuoteMeta(name) + "(/.+)?")
}

func within(value string, a netip.Addr) bool {
	if p, err := netip.ParsePrefix(value); err == nil {
		return p.Contains(a)
	}
	return netip.MustParseAddr(value) == a
}

func portIs(value string, port uint16) bool {
	n, _ := strconv.Atoi(value)
	return n == int(port)
}

// holds looks a predicate of a whole list up.
func (c connection) holds(key string, values []string) bool {
	var list []string
	for _, v := range values {
		list = append(list, strconv.Quote(v))
	}
	slices.Sort(list)
	return c.Holds["istio "+key+" in "+strings.Join(slices.Compact(list), ", ")]
}

// client looks up whether the original client is in the ranges together.
func (c connection) client(values []string) bool {
	var all []netip.Prefix
	for _, v := range values {
		all = append(all, netip.MustParsePrefix(v))
	}
	return c.Holds[ir.Client(set.AddressesOf(all...)).Atom]
}

// field is one field of a rule: what must match one of yes and none of no.
type field struct {
	yes, no []string
	http    bool
	match   func(string) bool
	whole   string // a key whose lists are matched as a whole
}

func (c connection) matches(f field) bool {
	any := func(list []string) bool {
		if f.whole == keyRemoteIP {
			return c.client(list)
		}
		if f.whole != "" {
			return c.holds(f.whole, list)
		}
		return slices.ContainsFunc(list, f.match)
	}
	return (len(f.yes) == 0 || any(f.yes)) && (len(f.no) == 0 || !any(f.no))
}

func (c connection) source(p *clientsecurity.AuthorizationPolicy, s *security.Source) []field {
	address := func(v string) bool { return within(v, c.Source.Address) }
	return []field{
		{yes: s.Principals, no: s.NotPrincipals, match: c.principal},
		{yes: s.Namespaces, no: s.NotNamespaces, match: c.namespace},
		{yes: s.ServiceAccounts, no: s.NotServiceAccounts, match: func(v string) bool { return c.account(v, p.Namespace) }},
		{yes: s.IpBlocks, no: s.NotIpBlocks, match: address},
		{yes: s.RemoteIpBlocks, no: s.NotRemoteIpBlocks, whole: keyRemoteIP},
		{yes: s.RequestPrincipals, no: s.NotRequestPrincipals, http: true, match: func(v string) bool { return c.token.is(keyRequestPrincipal, v) }},
	}
}

func (c connection) operation(o *security.Operation) []field {
	q := sem.Request{}
	if c.Request != nil {
		q = *c.Request
	}
	path, _, _ := strings.Cut(q.Target, "?")
	return []field{
		{yes: o.Ports, no: o.NotPorts, match: func(v string) bool { return portIs(v, c.Port) }},
		{yes: o.Hosts, no: o.NotHosts, http: true, match: func(v string) bool { return stringMatches(strings.ToLower(v), strings.ToLower(q.Host)) }},
		{yes: o.Methods, no: o.NotMethods, http: true, match: func(v string) bool { return stringMatches(v, q.Method) }},
		{yes: o.Paths, no: o.NotPaths, http: true, match: func(v string) bool { return pathMatches(v, path) }},
	}
}

func pathMatches(pattern, path string) bool {
	if !strings.Contains(pattern, "{") {
		return stringMatches(pattern, path)
	}
	const class = `a-zA-Z0-9\-._~%!$&'()+,;:@=*`
	expr := strings.NewReplacer(`\{\*\}`, "["+class+"]+", `\{\*\*\}`, "["+class+"/]*").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^" + expr + "$").MatchString(path)
}

func (c connection) condition(w *security.Condition) field {
	f := field{yes: w.Values, no: w.NotValues}
	switch {
	case w.Key == keyPrincipal:
		f.match = c.principal
	case w.Key == keyNamespace:
		f.match = c.namespace
	case w.Key == keyIP:
		f.match = func(v string) bool { return within(v, c.Source.Address) }
	case w.Key == keyDestinationIP:
		f.match = func(v string) bool { return within(v, c.Destination.Address) }
	case w.Key == keyPort:
		f.match = func(v string) bool { return portIs(v, c.Port) }
	case strings.HasPrefix(w.Key, keyHeaders):
		name := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(w.Key, keyHeaders+"["), "]"))
		f.http = true
		f.match = func(v string) bool {
			if c.Request == nil {
				return false
			}
			value, has := c.Request.Headers[name]
			return has && (v == "*" || stringMatches(v, value))
		}
	case strings.HasPrefix(w.Key, "request.auth."):
		f.http, f.match = true, func(v string) bool { return c.token.is(w.Key, v) }
	default:
		f.whole = w.Key
	}
	return f
}

// envoyMatches goes by pilot/pkg/security/authz/model: a rule is alternatives of
// senders and of requests, both with the conditions.
func (c connection) envoyMatches(p *clientsecurity.AuthorizationPolicy, r *security.Rule) bool {
	var when []field
	for _, w := range r.When {
		when = append(when, c.condition(w))
	}
	from, to := [][]field{nil}, [][]field{nil}
	if len(r.From) > 0 {
		from = nil
	}
	for _, s := range r.From {
		from = append(from, c.source(p, s.Source))
	}
	if len(r.To) > 0 {
		to = nil
	}
	for _, o := range r.To {
		to = append(to, c.operation(o.Operation))
	}
	reads := false
	for _, f := range slices.Concat(slices.Concat(from...), slices.Concat(to...), when) {
		reads = reads || f.http && len(f.yes)+len(f.no) > 0
	}
	if reads && (!c.http && p.Spec.Action == security.AuthorizationPolicy_ALLOW || c.http && c.Request == nil) {
		return false
	}
	all := func(list []field) bool {
		return !slices.ContainsFunc(list, func(f field) bool { return (c.http || !f.http) && !c.matches(f) })
	}
	return slices.ContainsFunc(from, all) && slices.ContainsFunc(to, all) && all(when)
}

// ztunnelMatches goes by handleRule and src/rbac.rs: clauses of matches, an empty
// match never matches.
func (c connection) ztunnelMatches(p *clientsecurity.AuthorizationPolicy, r *security.Rule) bool {
	layer7 := false
	match := func(list []field, n int) bool {
		used := false
		for i, f := range list {
			if len(f.yes)+len(f.no) == 0 {
				continue
			}
			if i >= n {
				layer7 = true
				continue
			}
			used = true
			if !c.matches(f) {
				return false
			}
		}
		return used
	}
	ok := true
	clause := func(results []bool) { ok = ok && (len(results) == 0 || slices.Contains(results, true)) }
	var to, from []bool
	for _, o := range r.To {
		list := c.operation(o.Operation)
		layer7 = layer7 || slices.ContainsFunc(list[1:], func(f field) bool { return len(f.yes)+len(f.no) > 0 })
		to = append(to, match(list, 1))
	}
	for _, s := range r.From {
		list := c.source(p, s.Source)
		layer7 = layer7 || slices.ContainsFunc(list[4:], func(f field) bool { return len(f.yes)+len(f.no) > 0 })
		from = append(from, match(list, 4))
	}
	clause(to)
	clause(from)
	for _, w := range r.When {
		if !slices.Contains([]string{keyIP, keyNamespace, keyPrincipal, keyDestinationIP, keyPort}, w.Key) {
			layer7, ok = true, false
			continue
		}
		clause([]bool{c.matches(c.condition(w))})
	}
	return ok && !(layer7 && p.Spec.Action == security.AuthorizationPolicy_ALLOW)
}

const (
	unset    = security.PeerAuthentication_MutualTLS_UNSET
	disabled = security.PeerAuthentication_MutualTLS_DISABLE
	open     = security.PeerAuthentication_MutualTLS_PERMISSIVE
	strict   = security.PeerAuthentication_MutualTLS_STRICT
)

// strict reports that plaintext is refused.
func (c connection) strict() bool {
	var level [3]*clientsecurity.PeerAuthentication // mesh, namespace, workload
	for _, p := range c.peers {
		labels := p.Spec.GetSelector().GetMatchLabels()
		switch {
		case len(labels) == 0 && p.Namespace == c.root:
			level[0] = p
		case p.Namespace == c.root || p.Namespace != c.Destination.Namespace:
		case len(labels) == 0:
			level[1] = p
		case selected(labels, c.Destination.Labels):
			level[2] = p
		}
	}
	if c.ambient {
		return c.ztunnelStrict(level[0], level[1], level[2])
	}
	mode := open
	for i, p := range level {
		if m := modeOf(p); m != unset {
			mode = m
		}
		if i == 2 && p != nil && p.Spec.PortLevelMtls[uint32(c.Port)].GetMode() != unset {
			mode = p.Spec.PortLevelMtls[uint32(c.Port)].GetMode()
		}
	}
	return mode == strict
}

func modeOf(p *clientsecurity.PeerAuthentication) security.PeerAuthentication_MutualTLS_Mode {
	if p == nil {
		return unset
	}
	return p.Spec.GetMtls().GetMode()
}

// ztunnelStrict goes by convertedSelectorPeerAuthentications, which says what is
// attached to a pod, and convertPeerAuthentication, which says what that is.
func (c connection) ztunnelStrict(mesh, namespace, workload *clientsecurity.PeerAuthentication) bool {
	everywhere := modeOf(mesh) == strict
	if modeOf(namespace) != unset {
		everywhere = modeOf(namespace) == strict
	}
	if workload == nil {
		return everywhere
	}
	if m := modeOf(workload); m != unset {
		everywhere = m == strict
	}
	ports := workload.Spec.PortLevelMtls
	has := func(modes ...security.PeerAuthentication_MutualTLS_Mode) bool {
		for _, p := range ports {
			if slices.Contains(modes, p.GetMode()) {
				return true
			}
		}
		return false
	}
	attached := false
	switch m := modeOf(workload); {
	case len(ports) == 0:
	case m == strict:
		attached = has(open, disabled)
		everywhere = !attached
	case m != unset:
		attached = has(strict)
	case everywhere:
		attached = has(open)
		everywhere = !attached
	default:
		attached = has(strict)
	}
	return everywhere || attached && c.converted(mesh, namespace, workload)
}

// converted reports that the policy made of a workload's ports refuses plaintext
// on the flow's port.
func (c connection) converted(mesh, namespace, workload *clientsecurity.PeerAuthentication) bool {
	mode := modeOf(workload)
	exempt, refused, exceptions := false, false, false
	for port, p := range workload.Spec.PortLevelMtls {
		here := uint32(c.Port) == port
		switch p.GetMode() {
		case strict:
			if mode == strict || mode == unset && namespace != nil && modeOf(namespace) == strict || modeOf(namespace) == unset && modeOf(mesh) == strict {
				continue
			}
			refused = refused || here
		case open, disabled:
			if mode == open || mode == disabled || mode == unset && (namespace != nil && modeOf(namespace) != strict ||
				namespace == nil && modeOf(mesh) != strict) {
				continue
			}
			exceptions = true
			exempt = exempt || here
		}
	}
	if refused {
		return true
	}
	merged := exceptions && (modeOf(mesh) == strict && modeOf(namespace) != open && modeOf(namespace) != disabled || modeOf(namespace) == strict)
	return (mode == strict && exceptions || merged) && !exempt
}
