package boundary

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// documents has a bound of every sort, in the words of each family.
const documents = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: red, istio-injection: disabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: front
      containers: [{name: web, ports: [{name: http, containerPort: 8080}, {name: quic, containerPort: 443, protocol: UDP}]}]
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a, namespace: shop}
spec:
  podSelector: {matchExpressions: [{key: tier, operator: In, values: [front, back]}, {key: gone, operator: DoesNotExist}]}
  ingress:
  - from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}, {namespaceSelector: {matchLabels: {env: prod}}}]
    ports: [{port: 9000, endPort: 9010, protocol: TCP}, {port: admin}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: b}
spec:
  selector: role == 'db' && has(zone) && pcns.kind in {'x', 'y'}
  ingress:
  - {action: Allow, protocol: ICMP, icmp: {type: 8, code: 3}, source: {nets: ["10.0.0.0/8"], serviceAccounts: {names: [robot]}}}
  - {action: Allow, protocol: 47}
  - {action: Allow, protocol: TCP, destination: {ports: ["7000:7005"]}}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: c, namespace: site}
spec:
  endpointSelector: {matchLabels: {"k8s:app": api}}
  ingress:
  - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: lab, io.cilium.k8s.policy.serviceaccount: sworn, io.cilium.k8s.namespace.labels.kind: z}}]
    icmps: [{fields: [{family: IPv4, type: EchoRequest}]}]
    toPorts: [{ports: [{port: "80"}], rules: {http: [{method: "GET|HEAD", path: "/v[0-9]+/.*", headerMatches: [{name: X-Tenant, value: acme}]}]}}]
  egress: [{toFQDNs: [{matchPattern: "*.cards.example"}]}, {toNodes: [{matchLabels: {"node:pool": edge}}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: d, namespace: shop}
spec:
  rules:
  - from: [{source: {principals: [cluster.local/ns/bank/sa/teller], requestPrincipals: ["https://issuer.example/*"], namespaces: ["p*"]}}]
    to: [{operation: {paths: ["/static/*"], hosts: ["*.example.com"], methods: [PUT], ports: ["8443"]}}]
    when:
    - {key: "request.headers[x-trace]", values: ["1"]}
    - {key: "request.auth.claims[realm][role]", values: [admin]}
    - {key: connection.sni, values: [www.example.com]}
`

func split(text string) []oracle.Document {
	var out []oracle.Document
	for part := range strings.SplitSeq(text, "\n---\n") {
		out = append(out, oracle.Document{Source: "test", Text: []byte(part)})
	}
	return out
}

// TestCollect demands every bound of the documents.
func TestCollect(t *testing.T) {
	w, err := Collect(split(documents))
	if err != nil {
		t.Fatal(err)
	}
	has := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s is not among %+v", what, w)
		}
	}
	for _, p := range []uint16{80, 443, 7000, 7005, 8080, 8443, 9000, 9010} {
		has("the port", slices.Contains(w.Ports, p))
	}
	has("the port's name", slices.Contains(w.PortNames, "admin"))
	has("the protocol", slices.Equal(w.Protocols, []uint8{47}))
	has("the messages", slices.Equal(w.ICMP, []Message{{8, 0}, {8, 3}}))
	for _, text := range []string{"192.0.2.0/24", "192.0.2.128/25", "10.0.0.0/8"} {
		has(text, slices.Contains(w.Blocks, netip.MustParsePrefix(text)))
	}
	for _, name := range []string{"shop", "site", "lab", "bank", "px"} {
		has(name, slices.Contains(w.Namespaces, name))
	}
	for _, name := range []string{"robot", "sworn", "teller"} {
		has(name, slices.Contains(w.Accounts, name))
	}
	set := func(of []map[string]string, labels map[string]string) bool {
		return slices.ContainsFunc(of, func(x map[string]string) bool { return reflect.DeepEqual(x, labels) })
	}
	has("labels of pods", set(w.Pods, map[string]string{"tier": "front"}))
	has("labels of pods", set(w.Pods, map[string]string{"role": "db", "zone": anything}))
	has("labels of pods", set(w.Pods, map[string]string{"app": "api"}))
	has("labels of namespaces", set(w.NamespaceLabels, map[string]string{"env": "prod"}))
	has("labels of namespaces", set(w.NamespaceLabels, map[string]string{"kind": "x"}))
	has("labels of namespaces", set(w.NamespaceLabels, map[string]string{"kind": "z"}))
	has("labels of nodes", set(w.Nodes, map[string]string{"pool": "edge"}))
	has("the name", slices.Contains(w.Names, "x.cards.example"))
	has("the server", slices.Contains(w.ServerNames, "www.example.com"))
	for _, m := range []string{"GET", "HEAD", "PUT"} {
		has(m, slices.Contains(w.Methods, m))
	}
	for _, target := range []string{"/v0/", "/v0/x", "/static/x"} {
		has(target, slices.Contains(w.Targets, target))
	}
	has("the host", slices.Contains(w.Hosts, "x.example.com"))
	has("the headers", slices.Contains(w.Headers["x-tenant"], "acme") && slices.Contains(w.Headers["x-trace"], "1"))
	has("the token", slices.Contains(w.Tokens.Issuers, "https://issuer.example") && reflect.DeepEqual(w.Tokens.Claims, map[string]any{"realm": map[string]any{"role": "admin"}}))
}

// TestAddresses demands both sides of both ends, and no address that is no host's.
func TestAddresses(t *testing.T) {
	for _, x := range []struct{ block, want string }{
		{"192.0.2.64/26", "192.0.2.63 192.0.2.64 192.0.2.65 192.0.2.127 192.0.2.128"},
		{"198.51.100.7/32", "198.51.100.6 198.51.100.7 198.51.100.8"},
		{"0.0.0.0/0", ""},
		{"2001:db8::/126", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:: 2001:db8::1 2001:db8::3 2001:db8::4"},
		{"239.255.255.0/24", ""},
	} {
		var got []string
		for _, a := range Addresses([]netip.Prefix{netip.MustParsePrefix(x.block)}) {
			got = append(got, a.String())
		}
		if text := strings.Join(got, " "); text != x.want {
			t.Errorf("%s: %s", x.block, text)
		}
	}
}

// TestFlows holds a cluster and its flows to what they promise: equal seeds give
// the same, and every bound is tried.
func TestFlows(t *testing.T) {
	docs := split(documents)
	w, err := Collect(docs)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Cluster(docs, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Cluster(docs, 1)
	if !reflect.DeepEqual(c, again) {
		t.Error("equal seeds give two clusters")
	}
	web := slices.IndexFunc(c.Endpoints, func(e oracle.Endpoint) bool { return e.Labels["app"] == "web" && e.Namespace == "shop" })
	if e := c.Endpoints[web]; e.Account != "front" || len(e.Ports) != 2 || e.Meshed || e.NamespaceLabels["team"] != "red" {
		t.Errorf("the workload's pod is %+v", e)
	}
	if len(c.Services) != 1 || c.Services[0].Ports[0].Port != 8080 {
		t.Errorf("Services %+v", c.Services)
	}
	flows := w.Flows(c, 1, 5000)
	if len(flows) < 3000 || !reflect.DeepEqual(flows, w.Flows(c, 1, 5000)) {
		t.Errorf("%d flows, or others with an equal seed", len(flows))
	}
	seen := map[string]bool{}
	for _, f := range flows {
		s, d := &c.Endpoints[f.From], &c.Endpoints[f.To]
		if a, b := f.Source.Address, f.Destination.Address; a.IsValid() && b.IsValid() && a.Is4() != b.Is4() ||
			a.IsValid() != (s.Kind != sem.Infrastructure) || f.Protocol == sem.ICMP && b.Is6() {
			t.Fatalf("from %s to %s over %d", a, b, f.Protocol)
		}
		if own := f.Destination.Kind == sem.OwnNode; own != (s.Kind == sem.Pod && s.Node == d.ID) {
			t.Fatalf("%s on %s to %s, which is its %s", s.ID, s.Node, d.ID, f.Destination.Kind)
		}
		if hasPorts(f.Protocol) && (f.SourcePort == 0 || f.Port == 0) {
			t.Fatalf("%+v has no port", f)
		}
		seen[f.ServerName] = true
		switch {
		case f.Protocol == sem.TCP && f.Request == nil && f.Port == 8999:
			seen["before a range"] = true
		case f.Protocol == sem.TCP && f.Request == nil && f.Port == 9011:
			seen["after a range"] = true
		case f.Protocol == 47:
			seen["a protocol"] = true
		case f.Request != nil && f.Request.Target == "/static/x?q=1":
			seen["a query"] = true
		case f.Token != nil && f.Token.Claims != nil:
			seen["a claim"] = true
		case slices.Contains(f.Calls, "quic"):
			seen["a name"] = true
		}
	}
	for _, what := range []string{"before a range", "after a range", "a protocol", "a query", "a claim", "a name", "www.example.com"} {
		if !seen[what] {
			t.Errorf("%s is not tried", what)
		}
	}
}
