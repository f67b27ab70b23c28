package cilium

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// testCluster is two nodes, pods of two namespaces of which names say the labels,
// a pod of another cluster, and what is outside.
func testCluster() *oracle.Cluster {
	c := &oracle.Cluster{}
	add := func(id string, e sem.Endpoint, addresses ...string) {
		out := oracle.Endpoint{ID: id, Endpoint: e}
		for _, a := range addresses {
			out.Addresses = append(out.Addresses, netip.MustParseAddr(a))
		}
		c.Endpoints = append(c.Endpoints, out)
	}
	pod := func(id, namespace, app, node string, ports ...oracle.NamedPort) {
		add(id, sem.Endpoint{
			Kind: sem.Pod, Namespace: namespace, NamespaceLabels: map[string]string{"team": namespace + "s"},
			Labels: map[string]string{"app": app, "pod-template-hash": "x"}, Account: app, Meshed: true,
		}, fmt.Sprintf("10.244.0.%d", len(c.Endpoints)+1))
		e := &c.Endpoints[len(c.Endpoints)-1]
		e.Node, e.Ports = node, ports
	}
	pod("web", "shop", "web", "n1")
	pod("api", "shop", "api", "n2", oracle.NamedPort{Name: "http", Protocol: sem.TCP, Port: 8080})
	pod("old", "shop", "old", "n2", oracle.NamedPort{Name: "http", Protocol: sem.TCP, Port: 9090})
	pod("job", "ops", "job", "n1")
	pod("dns", "kube-system", "dns", "n2")
	add("far", sem.Endpoint{Kind: sem.Remote, Cluster: "west", Namespace: "shop", Labels: map[string]string{"app": "web"}, Account: "web"}, "10.245.0.1")
	add("n1", sem.Endpoint{Kind: sem.OtherNode, Labels: map[string]string{"pool": "edge"}}, "10.10.0.1")
	add("n2", sem.Endpoint{Kind: sem.OtherNode, APIServer: true}, "10.10.0.2")
	add("ten", sem.Endpoint{Kind: sem.External}, "10.9.9.9")
	add("world", sem.Endpoint{Kind: sem.External}, "203.0.113.7")
	add("world6", sem.Endpoint{Kind: sem.External}, "2001:db8::1")
	add("cards", sem.Endpoint{Kind: sem.External, Names: []string{"api.cards.example"}}, "198.51.100.7")
	add("deep", sem.Endpoint{Kind: sem.External, Names: []string{"a.b.cards.example"}}, "198.51.100.8")
	add("health", sem.Endpoint{Kind: sem.Infrastructure, Name: "health"})
	return c
}

// testFlow reads "web -> api tcp/80 GET /path", with "sni NAME" or "asks NAME" in
// place of a request.
func testFlow(t *testing.T, c *oracle.Cluster, text string) *oracle.Flow {
	t.Helper()
	words := strings.Fields(text)
	f := &oracle.Flow{From: -1, To: -1}
	for i := range c.Endpoints {
		if c.Endpoints[i].ID == words[0] {
			f.From = i
		}
		if c.Endpoints[i].ID == words[2] {
			f.To = i
		}
	}
	if f.From < 0 || f.To < 0 {
		t.Fatalf("no such ends: %s", text)
	}
	f.Source, f.Destination = seenBy(c, f.From, f.To), seenBy(c, f.To, f.From)
	if err := f.ParseTransport(words[3]); err != nil {
		t.Fatal(err)
	}
	switch rest := words[4:]; {
	case len(rest) == 0:
	case rest[0] == "sni":
		f.ServerName = rest[1]
	case rest[0] == "asks":
		f.Query = rest[1]
	default:
		f.Request = &sem.Request{Method: rest[0], Target: rest[1], Host: "api.example.com", Headers: map[string]string{}}
		for _, h := range rest[2:] {
			name, value, _ := strings.Cut(h, "=")
			f.Request.Headers[name] = value
		}
	}
	return f
}

// seenBy is an endpoint as it is to its peer.
func seenBy(c *oracle.Cluster, n, peer int) sem.Endpoint {
	e := c.Endpoints[n].Endpoint
	if len(c.Endpoints[n].Addresses) > 0 {
		e.Address = c.Endpoints[n].Addresses[0]
	}
	if e.Kind == sem.OtherNode && c.Endpoints[peer].Node == c.Endpoints[n].ID {
		e.Kind = sem.OwnNode
	}
	return e
}

// judged gives the verdicts on flows: "+" allowed, "-" denied, "?" not decided.
func judged(t *testing.T, engine, text string, c *oracle.Cluster, flows []string) string {
	t.Helper()
	p, err := profile.Parse(engine)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := New().Load(p, c, oracle.Split("test", []byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, flow := range flows {
		v, decides := loaded.Decide(testFlow(t, c, flow))
		switch {
		case !decides:
			out.WriteString("?")
		case v.Allowed:
			out.WriteString("+")
		default:
			out.WriteString("-")
		}
		t.Logf("%s %v: %s", flow, v.Allowed, v.Reason)
	}
	if err := loaded.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func object(kind, namespace, spec string) string {
	meta := "{name: p}"
	if namespace != "" {
		meta = "{name: p, namespace: " + namespace + "}"
	}
	version := map[string]string{native: "networking.k8s.io/v1", clusterPolicy: "policy.networking.k8s.io/v1alpha2"}[kind]
	if version == "" {
		version = "cilium.io/v2"
	}
	return fmt.Sprintf("---\napiVersion: %s\nkind: %s\nmetadata: %s\nspec: %s\n", version, kind, meta, spec)
}

func cnp(spec string) string  { return object(namespaced, "shop", spec) }
func ccnp(spec string) string { return object(clusterwide, "", spec) }

// The facts that the engine has to get right by its set-up, not by Cilium's code:
// who has which identity, configuration and names.
func TestFacts(t *testing.T) {
	const everyone = "egress: [{toEndpoints: [{matchLabels: {\"k8s:io.kubernetes.pod.namespace\": kube-system}}], toPorts: [{ports: [{port: \"53\", protocol: ANY}], rules: {dns: [{matchPattern: \"*.cards.example\"}]}}]}"
	for _, x := range []struct {
		name, profile, docs string
		flows               []string
		want                string
	}{
		{
			"one empty item closes, and the own node passes", "cilium", cnp(`{endpointSelector: {}, ingress: [{}]}`),
			[]string{"web -> api tcp/80", "n2 -> api tcp/80", "n1 -> api tcp/80", "api -> job tcp/80"}, "-+-+",
		},
		{
			"peers are of the policy's namespace and cluster", "cilium", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{}]}]}`),
			[]string{"web -> api tcp/80", "job -> api tcp/80", "far -> api tcp/80"}, "+--",
		},
		{
			"before 1.19 they were of any cluster", "cilium@1.18", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]}`),
			[]string{"web -> api tcp/80", "far -> api tcp/80"}, "++",
		},
		{
			"other clusters by name", "cilium,cluster_name=east", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{matchLabels: {"io.cilium.k8s.policy.cluster": west}}, {matchLabels: {"io.cilium.k8s.policy.cluster": east, app: old}}]}]}`),
			[]string{"far -> api tcp/80", "web -> api tcp/80", "old -> api tcp/80"}, "+-+",
		},
		{
			"labels of namespaces, accounts, and what the filter drops", "cilium", ccnp(`{endpointSelector: {matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": shops}}, ingress: [
				{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.policy.serviceaccount": job}}]}, {fromEndpoints: [{matchLabels: {pod-template-hash: x}}]}]}`),
			[]string{"job -> api tcp/80", "web -> api tcp/80", "web -> job tcp/80"}, "+-+",
		},
		{
			"entities", "cilium", cnp(`{endpointSelector: {matchLabels: {app: web}}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "1"}]}]}, {toEntities: [cluster], toPorts: [{ports: [{port: "2"}]}]},
				{toEntities: [kube-apiserver], toPorts: [{ports: [{port: "3"}]}]}, {toEntities: [health], toPorts: [{ports: [{port: "4"}]}]}, {toEntities: [cluster-mesh], toPorts: [{ports: [{port: "5"}]}]}, {toEntities: [host], toPorts: [{ports: [{port: "6"}]}]}]}`),
			[]string{
				"web -> world tcp/1", "web -> world6 tcp/1", "web -> cards tcp/1", "web -> n2 tcp/1", "web -> far tcp/1", "web -> job tcp/2", "web -> n2 tcp/2", "web -> far tcp/2", "web -> world tcp/2",
				"web -> n2 tcp/3", "web -> n1 tcp/3", "web -> health tcp/4", "web -> far tcp/5", "web -> n1 tcp/6", "web -> n2 tcp/6",
			}, "+++--++--+-+++-",
		},
		{
			"ranges are for what is outside", "cilium", cnp(`{endpointSelector: {matchLabels: {app: web}}, egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.244.0.0/16]}]}, {toCIDR: ["::/0"]}]}`),
			[]string{"web -> ten tcp/80", "web -> job tcp/80", "web -> n1 tcp/80", "web -> world tcp/80", "web -> world6 tcp/80"}, "+---+",
		},
		{
			"groups of ranges", "cilium", cnp(`{endpointSelector: {matchLabels: {app: web}}, egress: [{toCIDRSet: [{cidrGroupRef: g}], toPorts: [{ports: [{port: "1"}]}]}, {toCIDRSet: [{cidrGroupSelector: {matchLabels: {of: us}}}], toPorts: [{ports: [{port: "2"}]}]}]}`) +
				"---\napiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g, labels: {of: them}}\nspec: {externalCIDRs: [203.0.113.0/24]}\n---\napiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: h, labels: {of: us}}\nspec: {externalCIDRs: [203.0.113.7/32]}\n",
			[]string{"web -> world tcp/1", "web -> world tcp/2", "web -> ten tcp/1"}, "++-",
		},
		{
			"ports by name are the destination's", "cilium", cnp(`{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: http, protocol: TCP}]}]}]}`),
			[]string{"web -> api tcp/8080", "web -> api tcp/9090", "web -> old tcp/9090", "web -> old udp/9090"}, "+-+-",
		},
		{
			"and the own one's", "cilium", cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: http, protocol: TCP}]}]}]}`),
			[]string{"web -> api tcp/8080", "web -> api tcp/9090", "web -> old tcp/9090"}, "+-+",
		},
		{
			"messages, of which type 0 is every one", "cilium", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{icmps: [{fields: [{type: 8}]}]}]}`) +
				strings.Replace(cnp(`{endpointSelector: {matchLabels: {app: old}}, ingress: [{icmps: [{fields: [{type: 0}]}]}]}`), "name: p", "name: q", 1),
			[]string{"web -> api icmp/8", "web -> api icmp/0", "web -> api icmp/3", "web -> api icmpv6/8", "web -> old icmp/0", "web -> old icmp/3", "web -> old tcp/80", "web -> api protocol/47"}, "+---++-?",
		},
		{
			"a deny wins", "cilium", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{}]}], ingressDeny: [{fromEntities: [all], toPorts: [{ports: [{port: "81"}]}]}]}`),
			[]string{"web -> api tcp/80", "web -> api tcp/81", "n2 -> api tcp/81"}, "+--",
		},
		{
			"requests", "cilium", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET, path: "/a|/b", headers: ["X-T: 1"]}]}}]}]}`),
			[]string{"web -> api tcp/80 GET /a x-t=1", "web -> api tcp/80 GET /ab x-t=1", "web -> api tcp/80 GET /a x-t=2", "web -> api tcp/80 POST /a x-t=1", "web -> api tcp/80 GET /a?q x-t=1", "web -> api tcp/80", "web -> api tcp/80 GET //a"}, "+-----?",
		},
		{
			"requests that a plain rule of another selector lets pass", "cilium", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: /a}]}}]}, {fromEndpoints: [{matchLabels: {app: old}}]}]}`),
			[]string{"web -> api tcp/80 GET /b", "old -> api tcp/80 GET /b", "old -> api tcp/80"}, "-++",
		},
		{
			"names of servers", "cilium", cnp(`{endpointSelector: {matchLabels: {app: web}}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [api.example.com, "**.example.org"]}]}]}`),
			[]string{"web -> world tcp/443 sni api.example.com", "web -> world tcp/443 sni a.b.example.org", "web -> world tcp/443 sni example.org", "web -> world tcp/443"}, "++--",
		},
		{
			"names of servers beside requests let all pass", "cilium", cnp(`{endpointSelector: {matchLabels: {app: web}}, egress: [{toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [api.example.com]}]},
				{toCIDR: [203.0.113.0/25], toPorts: [{ports: [{port: "443", protocol: TCP}], rules: {http: [{path: /a}]}}]}]}`),
			[]string{"web -> world tcp/443 sni evil.example.com", "web -> world tcp/443 GET /b"}, "++",
		},
		{
			"names are learnt from DNS of the node's pods", "cilium", cnp(`{endpointSelector: {matchLabels: {app: web}}, `+everyone+`, {toFQDNs: [{matchPattern: "**.cards.example"}]}]}`) +
				strings.Replace(cnp(`{endpointSelector: {matchLabels: {app: api}}, egress: [{toFQDNs: [{matchName: api.cards.example}]}]}`), "name: p", "name: q", 1),
			[]string{
				"web -> cards tcp/443", "web -> deep tcp/443", "web -> world tcp/443", "api -> cards tcp/443",
				"web -> dns udp/53 asks api.cards.example", "web -> dns udp/53 asks a.b.cards.example", "web -> dns udp/53", "web -> job udp/53 asks api.cards.example",
			}, "+---+---",
		},
		{
			"nodes have policies where the host firewall is on", "cilium,host_firewall=true", ccnp(`{nodeSelector: {matchLabels: {pool: edge}}, ingress: [{fromEntities: [cluster]}]}`),
			[]string{"world -> n1 tcp/22", "world -> n2 tcp/22", "web -> n1 tcp/22", "n2 -> n1 tcp/22"}, "-+++",
		},
		{
			"and else none", "cilium", ccnp(`{nodeSelector: {}, ingress: [{fromEntities: [cluster]}]}`), []string{"world -> n1 tcp/22"}, "+",
		},
		{
			"labels of nodes", "cilium,node_selector_labels=true", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromNodes: [{matchLabels: {pool: edge}}]}]}`),
			[]string{"n1 -> api tcp/80", "web -> api tcp/80"}, "+-",
		},
		{
			"native policies, with their defaults", "cilium", object(native, "shop", `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 80}]}]}`),
			[]string{"ten -> api tcp/80", "ten -> api udp/80", "web -> api tcp/80", "world6 -> api tcp/80", "api -> world tcp/80"}, "+---+",
		},
		{
			"policies of the cluster", "cilium,cluster_network_policy=true", object(clusterPolicy, "", `{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {matchLabels: {team: opss}}}]}, {action: Deny, from: [{namespaces: {}}]}]}`) +
				cnp(`{endpointSelector: {}, ingressDeny: [{fromEntities: [all]}]}`),
			[]string{"job -> api tcp/80", "web -> api tcp/80"}, "+-",
		},
		{
			"and not where they are off", "cilium", object(clusterPolicy, "", `{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}`), []string{"job -> api tcp/80"}, "+",
		},
		{
			"handshakes are no matter of policies", "cilium", cnp(`{endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}], authentication: {mode: required}}, {fromEndpoints: [{matchLabels: {app: old}}], authentication: {mode: test-always-fail}}]}`),
			[]string{"web -> api tcp/80", "old -> api tcp/80", "job -> api tcp/80"}, "?--",
		},
		{
			"nor are Services, or what Cilium cannot compute", "cilium", cnp(`{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: x}}]}]}`), []string{"web -> api tcp/80"}, "?",
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			if got := judged(t, x.profile, x.docs, testCluster(), x.flows); got != x.want {
				t.Errorf("%s, want %s of %s", got, x.want, strings.Join(x.flows, ", "))
			}
		})
	}
}

// What Cilium keeps for the whole process does not leak from one policy to another
// that is asked in turn, or at once.
func TestSettingsOfEach(t *testing.T) {
	c := testCluster()
	docs := oracle.Split("test", []byte(ccnp(`{nodeSelector: {}, ingress: [{}]}`)))
	flow := testFlow(t, c, "world -> n1 tcp/22")
	var all []oracle.Policy
	for _, on := range []bool{true, false} {
		p, err := profile.Parse("cilium,host_firewall=" + strconv.FormatBool(on))
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := New().Load(p, c, docs)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, loaded)
	}
	done := make(chan bool)
	for i := range 8 {
		go func() {
			f := *flow
			v, decides := all[i%2].Decide(&f)
			done <- decides && v.Allowed == (i%2 == 1)
		}()
	}
	for range 8 {
		if !<-done {
			t.Error("the host firewall is on where it is off, or off where it is on")
		}
	}
}
