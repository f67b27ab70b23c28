package istio

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/random"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// Draw draws up to five objects of Istio's security kinds, of the words of
// package random. Istio accepts nearly all of them: what is drawn to be wrong is
// there to see both sides say so.
func Draw(t *rapid.T) []oracle.Document { return draw(t, false) }

// DrawForWaypoints is Draw where most policies stand at targets: the Services and
// the waypoint of a cluster that has one. As a rule its ztunnels let the waypoint
// in, and nobody else.
func DrawForWaypoints(t *rapid.T) []oracle.Document {
	s := sketch{t, true}
	admitting := tree{"from": []tree{{"source": tree{"serviceAccounts": []string{waypointName}}}}}
	if s.once(4) {
		admitting["to"] = []tree{{"operation": tree{"ports": ports(&s)}}}
	}
	spec := tree{"selector": tree{"matchLabels": tree{"app": "web"}}, "rules": []tree{admitting}}
	admits := tree{"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": tree{"name": "admits", "namespace": "shop"}, "spec": spec}
	return append([]oracle.Document{document(t, "admits", admits)}, draw(t, true)...)
}

// The words for waypoints: the Gateway, and the Services that it serves.
const waypointName = "way"

var served = []string{"front", "back"}

// root is the mesh's root namespace.
const root = "istio-system"

func draw(t *rapid.T, targets bool) []oracle.Document {
	s := sketch{t, targets}
	var out []oracle.Document
	for i := range rapid.IntRange(1, 5).Draw(t, "objects") {
		name := fmt.Sprintf("drawn-%d", i)
		out = append(out, document(t, name, s.object(name)))
	}
	return out
}

func document(t *rapid.T, name string, object tree) oracle.Document {
	text, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return oracle.Document{Source: name, Text: text}
}

// sketch draws objects as trees of values.
type sketch struct {
	*rapid.T
	targets bool
}

type tree = map[string]any

// once is true once in n times.
func (s *sketch) once(n int) bool { return rapid.IntRange(1, n).Draw(s.T, "once") == n }

func (s *sketch) one(list ...string) string { return rapid.SampledFrom(list).Draw(s.T, "one") }

// some draws up to n of the values, one at least.
func (s *sketch) some(n int, list ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(list), 1, min(n, len(list)), rapid.ID[string]).Draw(s.T, "some")
}

func (s *sketch) object(name string) tree {
	metadata := tree{"name": name, "namespace": s.one("shop", "shop", "shop", "payments", random.Stray, root)}
	out := tree{"apiVersion": "security.istio.io/v1", "metadata": metadata}
	switch n := rapid.IntRange(0, 9).Draw(s.T, "kind"); {
	case n < 2:
		out["kind"], out["spec"] = "PeerAuthentication", s.peerAuthentication()
	case n == 2:
		out["kind"], out["spec"] = "RequestAuthentication", s.requestAuthentication(metadata["namespace"] == root)
	default:
		out["kind"], out["spec"] = "AuthorizationPolicy", s.authorizationPolicy(metadata["namespace"] == root)
		if s.once(10) {
			metadata["annotations"] = tree{"istio.io/dry-run": s.one("true", "true", "false")}
		}
	}
	return out
}

// attach draws what an object stands at or selects.
func (s *sketch) attach(spec tree, inRoot bool) {
	if !s.targets || s.once(4) {
		s.selector(spec)
		return
	}
	const gateways = "gateway.networking.k8s.io"
	switch {
	case inRoot:
		spec["targetRefs"] = []tree{{"group": gateways, "kind": "GatewayClass", "name": "istio-waypoint"}}
	case s.once(3):
		spec["targetRefs"] = []tree{{"group": gateways, "kind": "Gateway", "name": waypointName}}
	default:
		var list []tree
		for _, name := range s.some(2, served...) {
			list = append(list, tree{"kind": "Service", "name": name})
		}
		spec["targetRefs"] = list
	}
}

func (s *sketch) selector(spec tree) {
	labels := tree{}
	for _, key := range random.Keys(random.PodKeys) {
		if s.once(3) {
			labels[key] = s.one(append(random.PodKeys[key], random.Nothing)...)
		}
	}
	switch {
	case len(labels) > 0:
		spec["selector"] = tree{"matchLabels": labels}
	case s.once(15):
		spec["selector"] = tree{"matchLabels": tree{}}
	case s.once(15):
		spec["selector"] = tree{}
	}
}

func (s *sketch) peerAuthentication() tree {
	spec := tree{}
	s.selector(spec)
	if !s.once(5) {
		spec["mtls"] = tree{"mode": s.mode()}
	}
	if spec["selector"] != nil && s.once(2) {
		ports := tree{}
		for range rapid.IntRange(1, 2).Draw(s.T, "ports") {
			ports[s.port()] = tree{"mode": s.mode()}
		}
		spec["portLevelMtls"] = ports
	}
	return spec
}

func (s *sketch) mode() string { return s.one("STRICT", "STRICT", "PERMISSIVE", "DISABLE", "UNSET") }

// The words for tokens.
var (
	issuers   = []string{"https://auth.example", "https://other.example"}
	subjects  = []string{"alice", "bob"}
	audiences = []string{"shop", "lab"}
	roles     = []string{"clerk", "admin"}
)

func (s *sketch) requestAuthentication(inRoot bool) tree {
	spec := tree{}
	s.attach(spec, inRoot)
	var rules []tree
	for _, issuer := range s.some(2, issuers...) {
		rule := tree{"issuer": issuer, "jwksUri": issuer + "/keys"}
		if s.once(3) {
			rule["audiences"] = s.some(2, audiences...)
		}
		rules = append(rules, rule)
	}
	spec["jwtRules"] = rules
	return spec
}

func (s *sketch) authorizationPolicy(inRoot bool) tree {
	action := s.one("ALLOW", "ALLOW", "ALLOW", "DENY", "DENY", "DENY", "AUDIT", "CUSTOM")
	spec := tree{"action": action}
	if action == "ALLOW" && s.once(2) {
		delete(spec, "action")
	}
	if action == "CUSTOM" {
		spec["provider"] = tree{"name": "checker"}
	}
	s.attach(spec, inRoot)
	var rules []tree
	for range rapid.IntRange(0, 3).Draw(s.T, "rules") {
		rules = append(rules, s.rule())
	}
	if rules != nil || action != "ALLOW" && !s.once(20) {
		spec["rules"] = append(rules, s.rule())
	}
	return spec
}

func (s *sketch) rule() tree {
	rule := tree{}
	if !s.once(3) {
		var list []tree
		for range rapid.IntRange(1, 2).Draw(s.T, "sources") {
			list = append(list, tree{"source": s.part(sources)})
		}
		rule["from"] = list
	}
	if !s.once(3) {
		var list []tree
		for range rapid.IntRange(1, 2).Draw(s.T, "operations") {
			list = append(list, tree{"operation": s.part(operations)})
		}
		rule["to"] = list
	}
	if s.once(4) {
		rule["when"] = []tree{s.condition()}
	}
	return rule
}

// field is a field of a source or an operation, how often it is drawn, and what
// of it.
type field struct {
	name   string
	one    int // in so many
	values func(*sketch) []string
}

func words(list ...string) func(*sketch) []string {
	return func(s *sketch) []string { return s.some(3, list...) }
}

var (
	principals = words("cluster.local/ns/shop/sa/web", "cluster.local/ns/shop/sa/api", "cluster.local/ns/payments/sa/web", "cluster.local/ns/shop/*", "cluster.local/ns/s*",
		"*/sa/web", "*/ns/shop/sa/api", "*eb", "*", "old.example/ns/shop/sa/web", "spiffe://cluster.local/ns/shop/sa/web", "*/ns/shop/*", "cluster.local/ns/shop/sa/web*")
	namespaces        = words("shop", "payments", "lab", "stray", "*", "s*", "*p", "p*s", "*a*", "sa", "ns")
	accounts          = words("web", "api", "shop/web", "shop/api", "payments/web", "stray/default", "shop/nothing")
	domains           = words("cluster.local", "cluster.*", "*.local", "*", "old.example")
	requestPrincipals = words("*", "https://auth.example/*", "https://auth.example/alice", "https://other.example/bob", "*/alice")
	headers           = words("acme", "globex", "ac*", "*me", "*")
)

func blocks(s *sketch) []string {
	var all []string
	for _, b := range random.Blocks {
		all = append(all, b.CIDR)
		all = append(all, b.Except...)
	}
	return s.some(3, append(all, "192.0.2.77/25", "10.244.1.3")...)
}

func (s *sketch) port() string {
	return fmt.Sprint(rapid.SampledFrom(random.Ports).Draw(s.T, "port"))
}

func ports(s *sketch) []string { return []string{s.port(), s.port()} }

var sources = []field{
	{"principals", 4, principals},
	{"notPrincipals", 8, principals},
	{"namespaces", 4, namespaces},
	{"notNamespaces", 8, namespaces},
	{"serviceAccounts", 3, accounts},
	{"notServiceAccounts", 9, accounts},
	{"trustDomains", 15, domains},
	{"notTrustDomains", 20, domains},
	{"ipBlocks", 5, blocks},
	{"notIpBlocks", 6, blocks},
	{"remoteIpBlocks", 12, blocks},
	{"notRemoteIpBlocks", 15, blocks},
	{"requestPrincipals", 10, requestPrincipals},
	{"notRequestPrincipals", 12, requestPrincipals},
}

var operations = []field{
	{"ports", 2, ports},
	{"notPorts", 8, ports},
	{"methods", 4, words("GET", "POST", "G*", "*T", "*", "get")},
	{"notMethods", 10, words("GET", "POST", "*")},
	{"paths", 4, paths},
	{"notPaths", 10, paths},
	{"hosts", 8, hosts},
	{"notHosts", 14, hosts},
}

var (
	paths = words("/orders", "/orders/*", "/orders*", "*/items", "/orders/{*}", "/orders/{*}/items", "/static/{**}", "*", "/", "/a*b", "/orders?x=1")
	hosts = words("api.example.com", "API.example.com", "api.example.com:*", "*.example.com", "other*", "*")
)

// part draws a source or an operation. Accounts are drawn beside no other
// identity, which Istio rejects, but for once in a while.
func (s *sketch) part(fields []field) tree {
	out := tree{}
	for _, f := range fields {
		if !s.once(f.one) {
			continue
		}
		both := strings.HasSuffix(strings.ToLower(f.name), "serviceaccounts")
		if both && (out["principals"] != nil || out["namespaces"] != nil || out["notPrincipals"] != nil || out["notNamespaces"] != nil) && !s.once(30) {
			continue
		}
		out[f.name] = f.values(s)
	}
	if len(out) == 0 && !s.once(40) {
		f := rapid.SampledFrom(fields).Draw(s.T, "field")
		out[f.name] = f.values(s)
	}
	return out
}

// conditions is the attributes that conditions have, and what values.
var conditions = map[string]func(*sketch) []string{
	"source.ip":                  blocks,
	"remote.ip":                  blocks,
	"source.namespace":           namespaces,
	"source.principal":           principals,
	"source.serviceAccount":      accounts,
	"destination.port":           ports,
	"destination.ip":             blocks,
	"request.headers[x-tenant]":  headers,
	"request.headers[X-Trace]":   words("1", "*"),
	"request.auth.principal":     requestPrincipals,
	"request.auth.audiences":     words("shop", "lab"),
	"request.auth.presenter":     words("tool"),
	"request.auth.claims[role]":  words("clerk", "admin", "*"),
	"request.auth.claims[a][b]":  words("clerk", "cl*"),
	"request.auth.claims[scope]": words("read", "write"),
	"source.trustDomain":         domains,
}

func (s *sketch) condition() tree {
	key := s.one(random.Keys(conditions)...)
	out := tree{"key": key}
	if !s.once(3) {
		out["values"] = conditions[key](s)
	}
	if out["values"] == nil || s.once(4) {
		out["notValues"] = conditions[key](s)
	}
	return out
}
