package cilium

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir/diag"
)

// refused are specs of namespaced policies and what is said of them: what the
// API server refuses, what the agent does, and what cannot be judged.
var refused = []struct{ spec, says string }{
	{`{endpointSelector: {}, ingress: []}`, "no rule in ingress"},
	{`{endpointSelector: {}, enableDefaultDeny: {ingress: true}}`, "no rule in ingress"},
	{`{ingress: [{}]}`, "spec.endpointSelector is missing"},
	{`{nodeSelector: {}, ingress: [{}]}`, "CiliumNetworkPolicy"},
	{`{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}`, "beside endpointSelector"},
	{`{endpointSelectors: {}, ingress: [{}]}`, "There is no field spec.endpointSelectors"},
	{`{endpointSelector: {matchLabels: {app: a b}}, ingress: [{}]}`, "no value of a label"},
	{`{endpointSelector: {matchLabels: {"a:b:c": x}}, ingress: [{}]}`, "no key of a label"},
	{`{endpointSelector: {matchLabels: {"fqdn:x.io": x}}, ingress: [{}]}`, `the label "fqdn:x.io"`},
	{`{endpointSelector: {matchLabels: {app: on}}, ingress: [{}]}`, "takes a text"},
	{`{endpointSelector: {matchExpressions: [{key: a, operator: In}]}, ingress: [{}]}`, "do not go with its operator"},
	{`{endpointSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}, ingress: [{}]}`, "do not go with its operator"},
	{`{endpointSelector: {matchExpressions: [{key: a, operator: Is}]}, ingress: [{}]}`, "is not one of In"},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [{}], fromEntities: [all]}]}`, "beside spec.ingress[0].fromEndpoints"},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"reserved:world": ""}}]}]}`, `the label "reserved:world"`},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: "reserved:kube-apiserver", operator: DoesNotExist}]}]}]}`, "tells the API server"},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: "reserved:host", operator: DoesNotExist}, {key: app, operator: NotIn, values: [x]}]}]}]}`, "stands for all pods"},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"reserved:kube-apiserver": "", "reserved:host": ""}}]}]}`, "tells the API server"},
	{`{endpointSelector: {}, ingress: [null]}`, "is null"},
	{`{endpointSelector: {}, ingress: [{fromEntities: [null]}]}`, "is null"},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [null]}]}`, "is null"},
	{`{endpointSelector: {}, egress: [{toFQDNs: [null], toPorts: [null]}]}`, "is null"},
	{`{endpointSelector: {}, ingress: [{fromEntities: [world-ipv4]}]}`, "is no entity"},
	{`{endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.1]}]}`, "is no address range"},
	{`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.1}]}]}`, "is no address range"},
	{`{endpointSelector: {}, ingress: [{fromCIDRSet: [{}]}]}`, "is missing"},
	{`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: g}]}]}`, "only one of them"},
	{`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}]}`, "outside of the range"},
	{`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: ["::/0"]}]}]}`, "outside of the range"},
	{`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}]}]}`, "addresses of groups"},
	{`{endpointSelector: {}, ingress: [{fromNodes: [{}]}]}`, "refused by the agent"},
	{`{endpointSelector: {}, ingress: [{fromGroups: [{aws: {region: r}}]}]}`, "cannot be judged"},
	{`{endpointSelector: {}, ingress: [{fromRequires: [{}]}]}`, "cannot be judged"},
	{`{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: s}}], toPorts: [{ports: [{port: "80"}]}]}]}`, "cannot be judged"},
	{`{endpointSelector: {}, ingress: [{toFQDNs: [{matchName: x.io}]}]}`, "There is no field"},
	{`{endpointSelector: {}, egressDeny: [{toFQDNs: [{matchName: x.io}]}]}`, "There is no field"},
	{`{endpointSelector: {}, egress: [{toFQDNs: [{}]}]}`, "is missing"},
	{`{endpointSelector: {}, egress: [{toFQDNs: [{matchName: x.io, matchPattern: "*"}]}]}`, "only one of them"},
	{`{endpointSelector: {}, egress: [{toFQDNs: [{matchName: "*.x.io"}]}]}`, "is no DNS name"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 80}]}]}]}`, "takes a text"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "99999"}]}]}]}`, "is no port"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "010"}]}]}]}`, "octal"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: ""}]}]}]}`, "is no port"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{protocol: TCP}]}]}]}`, "port is missing"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: tcp}]}]}]}`, "is no protocol"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "0", protocol: GRE}]}]}]}`, "is no protocol"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: web, endPort: 90}]}]}]}`, "begins with no number"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80"}]}], icmps: [{fields: [{type: 8}]}]}]}`, "beside toPorts"},
	{`{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 300}]}]}]}`, "from 0 to 255"},
	{`{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: PacketTooBig}]}]}]}`, "no ICMP type of IPv4"},
	{`{endpointSelector: {}, ingress: [{icmps: [{fields: [{family: IPv5, type: 1}]}]}]}`, "is not one of IPv4"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80"}], rules: {http: [{}]}}]}]}`, "is not TCP"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "0", protocol: TCP}], rules: {http: [{}]}}]}]}`, "port 0"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {}}]}]}`, "neither http nor dns"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {kafka: [{}]}}]}]}`, "cannot be judged"},
	{`{endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]}`, "There is no field"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "*"}]}}]}]}`, "stands in ingress"},
	{`{endpointSelector: {}, egress: [{toPorts: [{rules: {dns: [{matchPattern: "*"}]}}]}]}`, "no ports beside it"},
	{`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "53", endPort: 54}], rules: {dns: [{matchPattern: "*"}]}}]}]}`, "a range of ports"},
	{`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "a/b"}]}}]}]}`, "no pattern for DNS names"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: "/("}]}}]}]}`, "no expression"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{host: "*.x"}]}}]}]}`, "no expression"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{headers: ["X-A:1"]}]}}]}]}`, "which no request has"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{headerMatches: [{name: a, secret: {name: s}}]}]}}]}]}`, "cannot be judged"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: []}]}]}`, "is empty"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [""]}]}]}`, "no name of a server"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "443"}], serverNames: [x.io]}]}]}`, "is not TCP alone"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "0", protocol: TCP}], serverNames: [x.io]}]}]}`, "on every port"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [x.io], rules: {http: [{}]}}]}]}`, "stands beside rules"},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [x.io]}]}, {fromEndpoints: [{}], toPorts: [{ports: [{port: "443", protocol: TCP}], rules: {http: [{}]}}]}]}`, "cannot merge"},
	{`{endpointSelector: {}, egress: [{toEntities: [all], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [x.io]}]}, {toPorts: [{ports: [{port: "443"}]}]}]}`, "not sure"},
	{`{endpointSelector: {}, egress: [{toEntities: [cluster], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [x.io]}]}, {toEntities: [host], toPorts: [{ports: [{port: "443"}]}]}]}`, "not sure"},
	{`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], terminatingTLS: {secret: {name: s}}}]}]}`, "cannot be judged"},
	{`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], listener: {name: l, envoyConfig: {name: e}}}]}]}`, "cannot be judged"},
	{`{endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]}`, "cannot be judged"},
	{`{endpointSelector: {}, ingress: [{}], log: {value: "123456789012345678901234567890123"}}`, "over 32"},
	{`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {http: [{}]}}]}, {toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "*"}]}}]}]}`, "cannot compute"},
	{`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: dns}]}]}, {toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchName: x.io}]}}]}]}`, "names a port"},
}

func errorsOf(diags diag.List) string {
	var out []string
	for _, d := range diags {
		if d.Severity == diag.Error {
			out = append(out, d.Summary)
		}
	}
	return strings.Join(out, "\n")
}

func TestRefused(t *testing.T) {
	for _, c := range refused {
		_, diags := lifted(t, "cilium@1.20", cnp(c.spec))
		if got := errorsOf(diags); !strings.Contains(got, c.says) {
			t.Errorf("%s\nsays %q, and not %q", c.spec, got, c.says)
		}
		for _, d := range diags {
			if d.Range.IsZero() {
				t.Errorf("no place: %v", d)
			}
		}
	}
}

// TestRefusedElsewhere is what hangs on the kind or the version.
func TestRefusedElsewhere(t *testing.T) {
	open := `{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]}`
	twoGroups := "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g, labels: {zone: x}}\nspec: {externalCIDRs: [192.0.2.0/24]}\n---\n" +
		"apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: h, labels: {zone: w}}\nspec: {externalCIDRs: [192.0.2.0/25]}\n---\n" +
		cnp(`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupSelector: {matchLabels: {zone: x}}}]}]}`)
	for _, c := range []struct{ engine, yaml, says string }{
		{"cilium@1.17", cnp(open), "may refuse"},
		{tiers, kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]}`), "stands for all pods"},
		{tiers, kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{pods: {namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}, podSelector: {}}}]}]}`), ""},
		{tiers, kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, egress: [{action: Deny, to: [{nodes: {}}]}]}`), "names nodes"},
		{tiers, kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, egress: [{action: Accept, to: [{domainNames: [x.example.com]}]}]}`), "names domains"},
		{tiers, kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, egress: [{action: Accept, to: [{namespaces: {}}]}]}`) + "---\n" + cnp(`{endpointSelector: {}, egress: [{toPorts: `+dnsPort+`}]}`), "accepts DNS"},
		{"cilium@1.18", cnp(open), ""},
		{"cilium@1.19", cnp(`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: web}]}]}]}`), "names a port of destinations"},
		{"cilium@1.19", cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: web}]}]}]}`), ""},
		{"cilium@1.19", cnp(`{endpointSelector: {}, ingress: [{fromEntities: [cluster-mesh]}]}`), "is no entity"},
		{"cilium@1.19", twoGroups, "addresses of groups"},
		{"cilium@1.20", twoGroups, ""},
		{"cilium@1.20", ccnp(`{nodeSelector: {}, ingress: [{fromEntities: [all]}]}`), ""},
		{"cilium@1.20", cnp(`{nodeSelector: {}, ingress: [{fromEntities: [all]}]}`), "stands in a CiliumNetworkPolicy"},
		{"cilium@1.20", ccnp(`{nodeSelector: {}, endpointSelector: {}, ingress: [{fromEntities: [all]}]}`), "beside endpointSelector"},
		{"cilium@1.20", ccnp(`{nodeSelector: {matchLabels: {"node:x": y}}, ingress: [{fromEntities: [all]}]}`), "no node is known"},
		{"cilium@1.20,host_firewall=true", ccnp(`{nodeSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]}`), "policy of nodes"},
		{"cilium@1.20,host_firewall=true", ccnp(`{nodeSelector: {}, egress: [{toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "*"}]}}]}]}`), "DNS of nodes"},
		{"cilium@1.20,host_firewall=true", ccnp(`{nodeSelector: {}, egress: [{toFQDNs: [{matchName: x.io}]}]}`), "is of nodes"},
		{"cilium@1.20,host_firewall=true", ccnp(`{nodeSelector: {}, egress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], serverNames: [x.io]}]}]}`), "passes no proxy"},
		{"cilium@1.20,node_selector_labels=true", cnp(`{endpointSelector: {}, egress: [{toNodes: [{matchLabels: {"k8s:x": y}}]}]}`), "no node is known"},
		{"cilium@1.17", cnp(`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], serverNames: ["*.x.io"]}]}]}`), "1.17 is not known"},
		{"cilium@1.18", cnp(`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], serverNames: ["a*.x.io"]}]}]}`), "1.18 is known to match"},
		{"cilium@1.20", ccnp(`{endpointSelector: {matchLabels: {"reserved:ingress": ""}}, ingress: [{}]}`), ""},
		{"cilium@1.20", strings.Replace(cnp(`{endpointSelector: {}, ingress: [{}]}`), "cilium.io/v2", "cilium.io/v1", 1), "does not serve"},
		{"cilium@1.20", strings.Replace(ccnp(`{endpointSelector: {}, ingress: [{}]}`), "metadata:", "metadata:\n  namespace: a", 1), "whole cluster"},
		{"cilium@1.20", "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\n", "spec is missing"},
	} {
		_, diags := lifted(t, c.engine, c.yaml)
		if got := errorsOf(diags); (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s %s\nsays %q, and not %q", c.engine, c.yaml, got, c.says)
		}
	}
}

// TestFilter holds the label filter to the agent's.
func TestFilter(t *testing.T) {
	if err := labelsfilter.ParseLabelPrefixCfg(slog.New(slog.NewTextHandler(io.Discard, nil)), nil, nil, ""); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		key := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"io.kubernetes", ".pod.namespace", "kubernetes.io", "app.", "k8s.io", "beta.", "topology.", "/zone", "annotation", "etcd_node",
			"pod-template-hash", "io.cilium.k8s.namespace.labels.", "io.cilium.k8s.policy.cluster", "controller-uid", "batch.kubernetes.io/", "statefulset.", "/pod-name", "x", "apps.", "pod-index"}), 1, 4).Draw(t, "parts"), "")
		known, _ := labelsfilter.Filter(labels.Map2Labels(map[string]string{key: "v"}, "k8s"))
		if _, kept := known[key]; kept == dropped(key) {
			t.Fatalf("%q is kept: %v", key, kept)
		}
	})
}
