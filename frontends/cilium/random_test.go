package cilium

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/utils"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy/api"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// The property: random policies, read by this package, let through what the
// model of engine_test.go lets through after the agent's own validation and
// scoping, at each end by itself.

// tree is a mapping of a manifest.
type tree = map[string]any

func pick[T any](t *rapid.T, list ...T) T { return rapid.SampledFrom(list).Draw(t, "of") }

func chance(t *rapid.T, of int) bool { return rapid.IntRange(1, of).Draw(t, "chance") == 1 }

// some gives up to most of what make makes.
func some(t *rapid.T, least, most int, make func(*rapid.T) any) []any {
	out := []any{}
	for range rapid.IntRange(least, most).Draw(t, "some") {
		out = append(out, make(t))
	}
	return out
}

func genSelector(t *rapid.T, peer bool) any {
	keys := []string{"app", "k8s:app", "any:tier", "k8s:pod-template-hash", "k8s:io.cilium.k8s.policy.serviceaccount", "io.cilium.k8s.namespace.labels.team",
		"k8s:io.kubernetes.pod.namespace", "io.kubernetes.pod.namespace", "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name"}
	if peer {
		keys = append(keys, "reserved:host", "reserved:remote-node", "reserved:health", "io.cilium.k8s.policy.cluster", "host")
	}
	value := func() string { return pick(t, "a", "b", "x", "1", "2", "s", "default", "") }
	out := tree{}
	if l := (tree{}); chance(t, 2) {
		for range rapid.IntRange(0, 2).Draw(t, "labels") {
			l[pick(t, keys...)] = value()
		}
		out["matchLabels"] = l
	}
	if chance(t, 3) {
		out["matchExpressions"] = some(t, 0, 2, func(t *rapid.T) any {
			e := tree{"key": pick(t, keys...), "operator": pick(t, "In", "NotIn", "Exists", "DoesNotExist")}
			if e["operator"] == "In" || e["operator"] == "NotIn" {
				e["values"] = []any{value(), value()}
			}
			return e
		})
	}
	return out
}

var entityNames = []any{"all", "world", "cluster", "host", "remote-node", "kube-apiserver", "health", "ingress", "init", "unmanaged", "none", "cluster-mesh"}

func genPeers(t *rapid.T, item tree, prefix string, names bool) {
	switch rapid.IntRange(0, 7).Draw(t, "peers") {
	case 0:
	case 1, 2, 3:
		item[prefix+"Endpoints"] = some(t, 0, 2, func(t *rapid.T) any { return genSelector(t, true) })
	case 4:
		item[prefix+"Entities"] = some(t, 0, 2, func(t *rapid.T) any { return pick(t, entityNames...) })
	case 5:
		item[prefix+"CIDR"] = some(t, 0, 2, func(t *rapid.T) any { return pick(t, "0.0.0.0/0", "192.0.2.0/24", "::/0", "10.0.0.0/8") })
	case 6:
		item[prefix+"CIDRSet"] = some(t, 0, 2, func(t *rapid.T) any {
			c := pick(t, tree{"cidr": "192.0.2.0/24", "except": []any{"192.0.2.0/30"}}, tree{"cidr": "::/0"}, tree{"cidrGroupRef": "g"}, tree{"cidrGroupRef": "gone"},
				tree{"cidrGroupRef": "g", "except": []any{"192.0.2.0/28"}})
			return c
		})
	case 7:
		if names {
			item["toFQDNs"] = some(t, 0, 2, func(t *rapid.T) any { return genName(t) })
		}
	}
}

func genName(t *rapid.T) any {
	return pick(t, tree{"matchName": "a.x.io"}, tree{"matchName": "B.y.io."}, tree{"matchPattern": "*.x.io"}, tree{"matchPattern": "**.x.io"},
		tree{"matchPattern": "*x.io"}, tree{"matchPattern": "a.**.io"}, tree{"matchPattern": "*"}, tree{"matchPattern": "b*.io"})
}

func genPort(t *rapid.T, protocol string) any {
	p := tree{"port": pick(t, "80", "53", "web", "0", "50")}
	if protocol == "" {
		protocol = pick(t, "TCP", "UDP", "SCTP", "ANY", "")
	}
	if protocol != "" {
		p["protocol"] = protocol
	}
	if n := p["port"]; n != "web" && n != "0" && chance(t, 3) {
		p["endPort"] = pick(t, 40, 60, 90)
	}
	return p
}

func genHTTP(t *rapid.T) any {
	h := tree{}
	if chance(t, 2) {
		h["method"] = pick(t, "GET", "GET|POST", "(?i)get", "P.*")
	}
	if chance(t, 2) {
		h["path"] = pick(t, "/a", `/a(\?.*)?`, `/[^/?]+/b(\?.*)?`, "/.*", `/a/[^?]*(\?.*)?`, `/(?:x|a)(\?.*)?`, `/x|/a(\?.*)?`, `/[a-c](\?.*)?`, `/a.(\?.*)?`)
	}
	if chance(t, 3) {
		h["host"] = pick(t, "h.io", `(?i)h\.io(:[0-9]+)?`, `(?i)[^.:]+\.io(:[0-9]+)?`, `(?i)(h\.io|([^.:]+\.)+k\.io)(:[0-9]+)?`)
	}
	if chance(t, 3) {
		h["headers"] = []any{pick(t, "X-A", "X-A: 1", "x-b: 2")}
	}
	if chance(t, 3) {
		h["headerMatches"] = []any{pick(t, tree{"name": "X-A", "value": "1"}, tree{"name": "x-b"}, tree{"name": "x-b", "value": "2", "mismatch": "LOG"})}
	}
	return h
}

func genPortRule(t *rapid.T, d ir.Direction, deny bool) any {
	p := tree{}
	switch kind := rapid.IntRange(0, 4).Draw(t, "rules"); {
	case kind == 0 && !deny:
		p["ports"] = some(t, 1, 2, func(t *rapid.T) any { return tree{"port": pick(t, "80", "web", "81"), "protocol": "TCP"} })
		p["rules"] = tree{"http": some(t, 0, 3, genHTTP)}
	case kind == 1 && !deny && d == ir.Egress:
		p["ports"] = []any{tree{"port": "53", "protocol": pick(t, "UDP", "ANY")}}
		p["rules"] = tree{"dns": some(t, 0, 2, genName)}
	case kind == 2 && !deny && chance(t, 2):
		p["ports"] = []any{tree{"port": pick(t, "80", "81"), "protocol": "TCP"}}
		p["serverNames"] = some(t, 1, 2, func(t *rapid.T) any { return pick(t, "a.x.io", "*.x.io", "**.x.io", "b*.io") })
	default:
		p["ports"] = some(t, 0, 2, func(t *rapid.T) any { return genPort(t, "") })
	}
	return p
}

func genItem(t *rapid.T, d ir.Direction, deny bool) any {
	item := tree{}
	genPeers(t, item, map[ir.Direction]string{ir.Ingress: "from", ir.Egress: "to"}[d], d == ir.Egress && !deny)
	switch rapid.IntRange(0, 4).Draw(t, "traffic") {
	case 0:
	case 1:
		item["icmps"] = some(t, 0, 1, func(t *rapid.T) any {
			return tree{"fields": some(t, 0, 2, func(t *rapid.T) any {
				return pick(t, tree{"type": 8}, tree{"type": 0}, tree{"family": "IPv6", "type": "EchoRequest"}, tree{"family": "IPv4", "type": "3"})
			})}
		})
	default:
		item["toPorts"] = some(t, 0, 2, func(t *rapid.T) any { return genPortRule(t, d, deny) })
	}
	return item
}

func genPolicy(t *rapid.T, name string) tree {
	meta := tree{"name": name}
	kind := clusterScoped
	if chance(t, 2) {
		kind = namespaced
		meta["namespace"] = pick(t, "a", "b")
	}
	spec := tree{"endpointSelector": genSelector(t, false)}
	for _, list := range []string{"ingress", "egress", "ingressDeny", "egressDeny"} {
		d, deny := ir.Ingress, list[len(list)-1] == 'y'
		if list[0] == 'e' {
			d = ir.Egress
		}
		if chance(t, map[bool]int{false: 2, true: 5}[deny]) {
			spec[list] = some(t, 1, 2, func(t *rapid.T) any { return genItem(t, d, deny) })
		}
	}
	if chance(t, 4) {
		spec["enableDefaultDeny"] = tree{pick(t, "ingress", "egress"): rapid.Bool().Draw(t, "closes")}
	}
	return tree{"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta, "spec": spec}
}

// names are looked up by everybody, so that the addresses of all are learnt.
const everybodyAsks = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: asks}
spec: {endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{toEntities: [unmanaged], toPorts: [{ports: [{port: "5353", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: g}
spec: {externalCIDRs: [192.0.2.0/26]}
`

// parse does to a policy what the agent does; false where it refuses it.
func parse(t *rapid.T, object tree, cluster string) (api.Rule, bool) {
	text, err := yaml.Marshal(object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	var r api.Rule
	if err := yaml.UnmarshalStrict(text, &r); err != nil {
		return r, false
	}
	if err := r.Sanitize(); err != nil {
		return r, false
	}
	meta := object["metadata"].(tree)
	namespace, _ := meta["namespace"].(string)
	return *utils.ParseToCiliumRule(slog.New(slog.NewTextHandler(io.Discard, nil)), cluster, namespace, meta["name"].(string), "", &r), true
}

// universe is the endpoints and the traffic that programs are held to.
func universe() (subjects, peers []sem.Endpoint, flows []sem.Flow) {
	for _, ns := range []string{"a", "b"} {
		for _, l := range []map[string]string{{}, {"app": "1"}, {"app": "x", "tier": "2"}} {
			e := endpoint(ns + "/1/" + map[bool]string{true: "s", false: "default"}[len(l) == 2])
			e.Labels = l
			if len(l) == 1 {
				e.Labels = map[string]string{"app": "1", "pod-template-hash": "x"}
			}
			subjects = append(subjects, e)
		}
	}
	peers = append(peers, subjects...)
	for _, name := range []string{"own", "node", "server", "health", "ingress", "init", "unmanaged", "192.0.2.1", "192.0.2.9", "192.0.2.33", "198.51.100.1", "2001:db8::1", "a.x.io", "a.b.x.io", "b.y.io", "b.io"} {
		peers = append(peers, endpoint(name))
	}
	for _, text := range []string{"tcp 80", "tcp 81", "tcp 53", "udp 53 a.x.io", "udp 53 b.y.io", "udp 55", "sctp 53", "icmp 8", "icmp 3", "icmpv6 128", "tcp 53 a.b.x.io",
		"GET /a", "POST /a?q=1 h.io", "get /c/b H.io:80", "PUT /a/b/c x.k.io", "GET /x h.io.evil"} {
		flows = append(flows, traffic(text))
	}
	web := traffic("tcp 9000")
	web.Calls = []string{"web"}
	asked := traffic("GET /a")
	asked.Port, asked.Calls, asked.Request.Headers = 8080, []string{"web"}, map[string]string{"x-a": "1", "x-b": "3"}
	return subjects, peers, append(flows, web, asked)
}

func TestMeansTheSame(outer *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if err := labelsfilter.ParseLabelPrefixCfg(log, nil, nil, ""); err != nil {
		outer.Fatal(err)
	}
	api.InitEntities("default")
	subjects, peers, flows := universe()
	far := []sem.Endpoint{endpoint("x:a/1/default"), endpoint("x:b/x/s"), endpoint("west:a/1/default")}
	random := rand.New(rand.NewPCG(1, 2))
	lifts, refusals, invalid := 0, 0, 0
	rapid.Check(outer, func(t *rapid.T) {
		local := chance(t, 2)
		engineName, cluster := "cilium@1.18", ""
		if local {
			engineName, cluster = "cilium@1.20", "default"
		}
		near := peers
		if chance(t, 2) {
			engineName += ",cluster_mesh=true,cluster_name=default"
			near = slices.Concat(peers, far)
		}
		n := &engine{old: !local, groups: map[string][]string{"g": {"192.0.2.0/26"}}}
		text, valid := everybodyAsks, true
		for i := range rapid.IntRange(1, 3).Draw(t, "policies") {
			object := genPolicy(t, fmt.Sprint("p", i))
			r, ok := parse(t, object, cluster)
			valid = valid && ok
			n.rules = append(n.rules, r)
			one, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			text += "---\n" + string(one)
		}
		p, diags := lifted(outer, engineName, text)
		switch {
		case !valid:
			invalid++
			if !diags.HasErrors() {
				t.Fatalf("the agent refuses and the lift does not:\n%s", text)
			}
			return
		case diags.HasErrors():
			refusals++
			for _, d := range diags {
				if d.Severity == diag.Error && d.Code != diag.RefusedField && !strings.Contains(d.Summary, "cluster-mesh") && !strings.Contains(d.Summary, "known to match") {
					t.Fatalf("the agent takes it, and not the lift: %v\n%s", d, text)
				}
			}
			return
		}
		lifts++
		names := []string{"", "a.x.io", "a.b.x.io", "b.io"} // of servers
		holds := make([]map[string]bool, len(names))
		for i, name := range names {
			holds[i] = map[string]bool{}
			for _, r := range p.All() {
				for _, c := range r.Rule.If {
					if n, server := c.ServerName(); server {
						holds[i][c.Atom] = name != "" && n.Matches(name)
					} else { // of the cluster's name
						holds[i][c.Atom] = strings.Contains(c.Atom, "default")
					}
				}
			}
		}
		one := map[ir.Direction]sem.Policy{
			ir.Egress:  {{Program: &ir.Program{Egress: p.Egress, Inventory: p.Inventory}, Scope: sem.CNI}},
			ir.Ingress: {{Program: &ir.Program{Ingress: p.Ingress, Inventory: p.Inventory}, Scope: sem.CNI}},
		}
		for range 400 {
			s, q, f := subjects[random.IntN(len(subjects))], near[random.IntN(len(near))], flows[random.IntN(len(flows))]
			d := ir.Egress
			server := random.IntN(len(names))
			f.Holds, f.Source, f.Destination = holds[server], s, q
			if random.IntN(2) == 0 {
				d, f.Source, f.Destination = ir.Ingress, q, s
			}
			want := sem.Denied
			if n.allows(d, &s, &q, &f, names[server]) {
				want = sem.Allowed
			}
			if got := sem.Decide(one[d], f).Outcome; got != want {
				t.Fatalf("%s %v: %+v and %+v, %+v %+v: want %v, got %v\n%s\n%s", engineName, d, s, q, f, f.Request, want, got, text, p.Text())
			}
		}
	})
	outer.Logf("%d lifted, %d refused, %d invalid", lifts, refusals, invalid)
	if lifts < refusals+invalid {
		outer.Error("the test shows too little")
	}
}
