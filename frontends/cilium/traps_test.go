package cilium

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// trap is a policy that does not mean what it seems to mean.
type trap struct {
	name                     string
	engine                   string // cilium@1.20 where it is not said
	yaml                     []string
	allowed, denied, unknown []string
	says                     string // in a warning
}

const (
	tiers   = "cilium@1.20,cluster_network_policy=true"
	closed  = `{endpointSelector: {}, ingress: [{}], egress: [{}]}`
	dnsPort = `[{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]`
)

var traps = []trap{
	{name: "an empty item closes and allows nothing", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{}]}`)},
		allowed: []string{"own > a/1: tcp 80"}, denied: []string{"a/1 > a/2: tcp 80", "node > a/1: tcp 80"}},
	{name: "peers without ports are every protocol", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}`)},
		allowed: []string{"a/1 > a/2: icmp 8", "a/1 > a/2: tcp 80"}, denied: []string{"b/1 > a/2: tcp 80", "health > a/1: tcp 80"}},
	{name: "an empty list of peers is nobody, with ports too", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "80"}]}]}]}`)},
		denied: []string{"a/1 > a/2: tcp 80"}},
	{name: "ports without peers are everybody", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80"}]}]}]}`)},
		allowed: []string{"b/1 > a/2: tcp 80", "192.0.2.1 > a/1: udp 80", "health > a/1: sctp 80"}, denied: []string{"b/1 > a/2: icmp 8", "b/1 > a/2: tcp 81"}},
	{name: "an empty list of names is everybody", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toFQDNs: [], toPorts: [{ports: [{port: "80"}]}]}]}`)},
		allowed: []string{"a/1 > 192.0.2.1: tcp 80"}, denied: []string{"a/1 > 192.0.2.1: tcp 81"}, says: "everybody"},
	{name: "an empty list of ports is every protocol", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: []}]}`)},
		allowed: []string{"a/1 > a/2: icmp 8"}},
	{name: "a port rule without ports matches nothing", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{}]}, {fromEndpoints: [{}], toPorts: [{ports: []}]}, {fromEndpoints: [{}], icmps: [{}]}]}`)},
		denied: []string{"a/1 > a/2: tcp 80", "a/1 > a/2: icmp 8"}},
	{name: "a deny closes", yaml: []string{cnp(`{endpointSelector: {}, ingressDeny: [{fromEntities: [world]}]}`)},
		denied: []string{"a/1 > a/2: tcp 80"}, allowed: []string{"a/1 > b/1: tcp 80"}},
	{name: "a deny of nobody closes", yaml: []string{cnp(`{endpointSelector: {}, ingressDeny: [{}]}`)}, denied: []string{"a/1 > a/2: tcp 80"}, allowed: []string{"own > a/1: tcp 80"}},
	{name: "a deny that does not close", yaml: []string{cnp(`{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEntities: [world]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80"}, denied: []string{"192.0.2.1 > a/1: tcp 80"}},
	{name: "default deny without rules in the direction does nothing", yaml: []string{cnp(`{endpointSelector: {}, enableDefaultDeny: {egress: true}, ingress: [{}]}`)},
		allowed: []string{"a/1 > b/1: tcp 80"}},
	{name: "a deny of the host wins over its axiom", yaml: []string{cnp(`{endpointSelector: {}, ingressDeny: [{fromEntities: [host]}]}`)}, denied: []string{"own > a/1: tcp 80"}},
	{name: "a deny beats an allow wherever it stands", yaml: []string{
		cnp(`{endpointSelector: {}, ingress: [{fromCIDR: [192.0.2.1/32]}]}`), ccnp(`{endpointSelector: {}, ingressDeny: [{fromCIDR: [192.0.2.0/24]}]}`)},
		denied: []string{"192.0.2.1 > a/1: tcp 80"}},
	{name: "ranges are for the outside only", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromCIDR: [0.0.0.0/0]}]}`)},
		allowed: []string{"192.0.2.1 > a/1: tcp 80", "server > a/1: tcp 80"}, denied: []string{"a/1 > a/2: tcp 80", "node > a/1: tcp 80", "2001:db8::1 > a/1: tcp 80"}},
	{name: "exceptions are of their own entry", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}, {cidr: 10.1.1.0/24}]}]}`)},
		allowed: []string{"10.1.1.1 > a/1: tcp 80", "10.2.0.1 > a/1: tcp 80"}, denied: []string{"10.1.2.1 > a/1: tcp 80"}},
	{name: "a missing group is nobody", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: gone}]}]}`)}, denied: []string{"192.0.2.1 > a/1: tcp 80"}, says: "gone"},
	{name: "groups by name and by labels", yaml: []string{
		"apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g, labels: {zone: x}}\nspec: {externalCIDRs: [192.0.2.0/24]}\n",
		cnp(`{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: g, except: [192.0.2.1/32]}]}], egress: [{toCIDRSet: [{cidrGroupSelector: {matchLabels: {zone: x}}}]}]}`)},
		allowed: []string{"192.0.2.2 > a/1: tcp 80", "a/1 > 192.0.2.1: tcp 80"}, denied: []string{"192.0.2.1 > a/1: tcp 80", "a/1 > 192.0.3.1: tcp 80"}},
	{name: "remote nodes are not the host", yaml: []string{cnp(closed)}, allowed: []string{"own > a/1: tcp 80"}, denied: []string{"node > a/1: tcp 80", "a/1 > own: tcp 80"}},
	{name: "the cluster has the API server, wherever it is", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toEntities: [cluster]}]}`)},
		allowed: []string{"a/1 > b/1: tcp 80", "a/1 > node: tcp 80", "a/1 > health: tcp 80", "a/1 > server: tcp 443"}, denied: []string{"a/1 > 192.0.2.1: tcp 80"}},
	{name: "reserved labels are unscoped", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"reserved:kube-apiserver": ""}}, {matchLabels: {"reserved:ingress": ""}}]}]}`)},
		allowed: []string{"a/1 > server: tcp 80", "a/1 > ingress: tcp 80"}, denied: []string{"a/1 > a/2: tcp 80", "a/1 > 192.0.2.1: tcp 80"}},
	{name: "none is nobody", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toEntities: [none]}]}`)}, denied: []string{"a/1 > a/2: tcp 80"}},
	{name: "a peer is of the policy's namespace", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: "1"}}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80"}, denied: []string{"b/1 > a/2: tcp 80"}},
	{name: "an account does not lift the scope", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: s}}]}]}`)},
		allowed: []string{"a/1/s > a/2: tcp 80"}, denied: []string{"b/1/s > a/2: tcp 80", "a/1 > a/2: tcp 80"}},
	{name: "a namespace label lifts the scope", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": x}}]}]}`)},
		allowed: []string{"c/1 > a/2: tcp 80"}, denied: []string{"b/1 > a/2: tcp 80"}},
	{name: "a misspelt namespace label never matches", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace.labels.team": x}}]}]}`)},
		denied: []string{"c/1 > a/2: tcp 80", "a/1 > a/2: tcp 80"}},
	{name: "a clusterwide peer is a pod", yaml: []string{ccnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}`)},
		allowed: []string{"b/1 > a/2: tcp 80"}, denied: []string{"node > a/2: tcp 80", "192.0.2.1 > a/2: tcp 80", "ingress > a/2: tcp 80"}},
	{name: "a subject of reserved:init lifts the scope", yaml: []string{ccnp(`{endpointSelector: {matchExpressions: [{key: "reserved:init", operator: DoesNotExist}]}, ingress: [{fromEndpoints: [{}]}]}`)}, engine: "cilium@1.18",
		allowed: []string{"b/1 > a/2: tcp 80", "node > a/2: tcp 80", "192.0.2.1 > a/2: tcp 80"}},
	{name: "negative namespaces over-select before 1.19", engine: "cilium@1.18",
		yaml:    []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [b]}]}]}]}`)},
		allowed: []string{"c/1 > a/1: tcp 80", "node > a/1: tcp 80", "192.0.2.1 > a/1: tcp 80"}, denied: []string{"b/1 > a/1: tcp 80"}},
	{name: "negative namespaces are for pods from 1.19",
		yaml:    []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [b]}]}]}]}`)},
		allowed: []string{"c/1 > a/1: tcp 80"}, denied: []string{"b/1 > a/1: tcp 80", "node > a/1: tcp 80", "192.0.2.1 > a/1: tcp 80"}},
	{name: "negative selectors beside a reserved label had no stand-ins before 1.20", engine: "cilium@1.19",
		yaml:    []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: "reserved:host", operator: DoesNotExist}, {key: app, operator: NotIn, values: ["1"]}]}]}]}`)},
		allowed: []string{"b/2 > a/1: tcp 80", "node > a/1: tcp 80"}, denied: []string{"b/1 > a/2: tcp 80"}},
	{name: "the cluster's name is a fact",
		yaml:    []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.cluster: east}}]}]}`)},
		unknown: []string{"a/1 > a/2: tcp 80"}, denied: []string{"b/1 > a/1: tcp 80"}},
	{name: "the cluster's name decides where it is stated", engine: "cilium@1.20,cluster_name=east",
		yaml:    []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.cluster: east}}]}], egress: [{toEndpoints: [{matchLabels: {io.cilium.k8s.policy.cluster: west}}]}, {toEndpoints: [{matchLabels: {app: "3"}}]}]}`)},
		allowed: []string{"a/1 > a/3: tcp 80"}, denied: []string{"a/1 > a/2: tcp 80", "b/1 > a/1: tcp 80"}, says: "selects nothing"},
	{name: "selectors are of this cluster from 1.19", engine: "cilium@1.19,cluster_mesh=true", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80"}, denied: []string{"west:a/1 > a/2: tcp 80"}},
	{name: "selectors are of every cluster before 1.19", engine: "cilium@1.18,cluster_mesh=true", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}`), knp(`{podSelector: {matchLabels: {app: "3"}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}]}]}`)},
		allowed: []string{"west:a/1 > a/2: tcp 80", "west:c/1 > a/3: tcp 80"}, denied: []string{"west:b/1 > a/2: tcp 80"}},
	{name: "a cluster by its name", engine: "cilium@1.20,cluster_mesh=true,cluster_name=east",
		yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: "1", io.cilium.k8s.policy.cluster: west, io.kubernetes.pod.namespace: b}}]}],
			egress: [{toEndpoints: [{matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: NotIn, values: [west]}]}]}]}`)},
		allowed: []string{"west:b/1 > a/1: tcp 80", "a/1 > north:a/1: tcp 80", "c/1 > north:a/1: tcp 80"},
		denied:  []string{"west:b/2 > a/1: tcp 80", "north:b/1 > a/1: tcp 80", "b/1 > a/1: tcp 80", "a/1 > west:a/1: tcp 80", "a/1 > north:b/1: tcp 80", "a/1 > 192.0.2.1: tcp 80"}},
	{name: "every cluster", engine: "cilium@1.20,cluster_mesh=true",
		yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: Exists}]}]}],
			egress: [{toEntities: [cluster-mesh]}]}`), cnp(`{endpointSelector: {matchLabels: {app: "3"}}, ingress: [{fromEntities: [cluster], toPorts: [{ports: [{port: "1"}]}]}]}`)},
		allowed: []string{"west:a/1 > a/1: tcp 80", "a/2 > a/1: tcp 80", "a/1 > west:b/1: tcp 80", "a/1 > node: tcp 80"}, denied: []string{"west:b/1 > a/1: tcp 80", "west:b/1 > a/3: tcp 1"}},
	{name: "host policies govern nodes, and only those that they select", engine: "cilium@1.20,host_firewall=true",
		yaml:    []string{ccnp(`{nodeSelector: {matchLabels: {role: x}}, ingress: [{fromEntities: [world], toPorts: [{ports: [{port: "22", protocol: TCP}]}]}], egress: [{toEndpoints: [{}]}], egressDeny: [{toEndpoints: [{matchLabels: {app: "3"}}]}]}`)},
		allowed: []string{"192.0.2.1 > node{x}: tcp 22", "192.0.2.1 > node: tcp 23", "own{x} > a/1: tcp 80", "own > 192.0.2.1: tcp 80", "a/1 > node{y}: tcp 80"},
		denied:  []string{"192.0.2.1 > node{x}: tcp 23", "a/1 > own{x}: tcp 22", "own{x} > a/3: tcp 80", "own{x} > 192.0.2.1: tcp 80"}},
	{name: "nothing passes to a closed node by itself", engine: "cilium@1.20,host_firewall=true", yaml: []string{ccnp(`{nodeSelector: {}, ingress: [{}]}`)},
		denied: []string{"a/1 > own: tcp 80", "192.0.2.1 > own: tcp 6443", "node > own: tcp 10250"}, allowed: []string{"own > 192.0.2.1: tcp 80"}},
	{name: "host policies need the host firewall", yaml: []string{ccnp(`{nodeSelector: {}, ingress: [{}]}`)}, allowed: []string{"a/1 > own: tcp 80"}, says: "governs nodes"},
	{name: "labels that nodes' own identity leaves out", engine: "cilium@1.20,host_firewall=true", yaml: []string{ccnp(`{nodeSelector: {matchLabels: {topology.kubernetes.io/zone: x}}, ingress: [{}]}`)},
		allowed: []string{"a/1 > own: tcp 80"}, says: "selects no node"},
	{name: "nodes by label are never the own one", engine: "cilium@1.20,node_selector_labels=true", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toNodes: [{matchLabels: {role: x}}]}], ingress: [{fromNodes: [{matchExpressions: [{key: "node:role", operator: NotIn, values: [x]}]}]}]}`)},
		allowed: []string{"a/1 > node{x}: tcp 80", "node > a/1: tcp 80", "node{y} > a/1: tcp 80"}, denied: []string{"a/1 > own{x}: tcp 80", "a/1 > node: tcp 80", "a/1 > node{y}: tcp 80", "node{x} > a/1: tcp 80", "192.0.2.1 > a/1: tcp 80"}},
	{name: "a server's name is asked of TLS", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: ["a.x.io", "**.y.io", "*.z.io", "b*.io"]}]}]}`)},
		allowed: []string{"a/1 > 192.0.2.1: tcp 443 tls a.x.io", "a/1 > 192.0.2.1: tcp 443 tls a.b.y.io", "a/1 > 192.0.2.1: tcp 443 tls a.z.io", "a/1 > 192.0.2.1: tcp 443 tls bc.io"},
		denied:  []string{"a/1 > 192.0.2.1: tcp 443", "a/1 > 192.0.2.1: tcp 443 tls b.x.io", "a/1 > 192.0.2.1: tcp 443 tls a.b.z.io", "a/1 > 192.0.2.1: tcp 443 tls y.io", "a/1 > 192.0.2.1: tcp 80 tls a.x.io"}},
	{name: "a server's name is asked of a plain rule for the same peers and port", yaml: []string{
		cnp(`{endpointSelector: {}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "443"}, {port: "80"}]}]}]}`),
		cnp(`{endpointSelector: {matchLabels: {app: "1"}}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [a.x.io]}]}]}`)},
		allowed: []string{"a/1 > 192.0.2.1: tcp 443 tls a.x.io", "a/2 > 192.0.2.1: tcp 443", "a/1 > 192.0.2.1: udp 443", "a/1 > 192.0.2.1: tcp 80", "a/2 > 192.0.2.1: tcp 443 tls b.io"},
		denied:  []string{"a/1 > 192.0.2.1: tcp 443", "a/1 > 192.0.2.1: tcp 443 tls b.io"}, says: "asks for server names there"},
	{name: "a server's name is not asked of other peers and wider ports", yaml: []string{
		cnp(`{endpointSelector: {}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [a.x.io]}]}, {toCIDR: [192.0.2.0/24], toPorts: [{ports: [{port: "443"}]}]}, {toEntities: [world], toPorts: [{ports: [{port: "400", endPort: 500}]}]}]}`)},
		allowed: []string{"a/1 > 192.0.2.1: tcp 443", "a/1 > 198.51.100.1: tcp 443"}},
	{name: "what a tier accepts passes denies and requests of other policies", engine: tiers, yaml: []string{
		kcnp(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{pods: {podSelector: {matchLabels: {app: "1"}}}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}, {action: Pass, from: [{namespaces: {}}]}, {action: Deny, from: [{namespaces: {}}]}]}`),
		cnp(`{endpointSelector: {}, ingressDeny: [{fromEndpoints: [{}]}], ingress: [{fromEntities: [all], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: /a}]}}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80", "b/1 > a/2: GET /x", "b/2 > a/1: GET /a", "b/1 > c/1: tcp 9"}, denied: []string{"a/2 > a/1: tcp 80", "b/2 > a/1: GET /b"}},
	{name: "rules at one place of policies of one priority are a level", engine: tiers, yaml: []string{
		kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}, {action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 81}}}]}]}`),
		kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 81}}}]}, {action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 80, end: 90}}}}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80", "a/1 > a/2: tcp 91"}, denied: []string{"a/1 > a/2: tcp 81", "a/1 > a/2: tcp 82"}},
	{name: "Baseline opens what a policy closes", engine: tiers, yaml: []string{
		kcnp(`{tier: Baseline, priority: 5, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{pods: {podSelector: {matchLabels: {app: "1"}}}}]}, {action: Pass, from: [{pods: {podSelector: {matchLabels: {app: "2"}}}}]}, {action: Deny, from: [{namespaces: {}}]}]}`),
		cnp(`{endpointSelector: {}, ingress: [{}]}`)},
		allowed: []string{"b/1 > a/1: tcp 80", "b/2 > b/1: tcp 80", "own > a/1: tcp 80"}, denied: []string{"b/2 > a/1: tcp 80", "b/3 > b/1: tcp 80", "192.0.2.1 > a/1: tcp 80"}},
	{name: "networks of a tier are the outside", engine: tiers, yaml: []string{
		kcnp(`{tier: Admin, priority: 5, subject: {pods: {podSelector: {}}}, egress: [{action: Deny, to: [{networks: [10.0.0.0/8, 192.0.2.0/24]}]}]}`)},
		allowed: []string{"a/1 > b/1: tcp 80"}, denied: []string{"a/1 > 192.0.2.1: tcp 80"}},
	{name: "namespaces of a tier are of every cluster, and pods of this one", engine: tiers + ",cluster_mesh=true", yaml: []string{
		kcnp(`{tier: Admin, priority: 5, subject: {pods: {podSelector: {}}}, ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: x}}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}, {action: Deny, from: [{pods: {namespaceSelector: {matchLabels: {team: x}}, podSelector: {}}}]}]}`)},
		allowed: []string{"west:a/1 > a/1: tcp 81", "b/1 > a/1: tcp 80"}, denied: []string{"west:a/1 > a/1: tcp 80", "a/1 > a/1: tcp 80", "c/1 > a/1: tcp 81"}},
	{name: "tiers are passed over where they are not enabled", yaml: []string{kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80"}, says: "has no effect"},
	{name: "and before 1.20", engine: "cilium@1.19,cluster_network_policy=true", yaml: []string{kcnp(`{tier: Admin, priority: 5, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80"}, says: "from 1.20 on"},
	{name: "nodes with labels have those that a negative selector asks for", engine: "cilium@1.19,node_selector_labels=true", yaml: []string{
		cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: NotIn, values: [b]}, {key: role, operator: NotIn, values: [x]}]}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80", "node > a/1: tcp 80", "node{y} > a/1: tcp 80"}, denied: []string{"b/1 > a/1: tcp 80", "node{x} > a/1: tcp 80", "192.0.2.1 > a/1: tcp 80"}},
	{name: "and those of a native one", engine: "cilium@1.20,node_selector_labels=true", yaml: []string{
		knp(`{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]}`)},
		allowed: []string{"b/1 > a/2: tcp 80", "node > a/1: tcp 80"}, denied: []string{"c/1 > a/1: tcp 80", "192.0.2.1 > a/1: tcp 80"}},
	{name: "a foreign namespace in a subject is overwritten", yaml: []string{cnp(`{endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": b}}, ingress: [{}]}`)},
		denied: []string{"b/1 > a/1: tcp 80"}, allowed: []string{"a/1 > b/1: tcp 80"}, says: "namespace"},
	{name: "a foreign namespace without a source selects nothing", yaml: []string{cnp(`{endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: b}}, ingress: [{}]}`)},
		allowed: []string{"b/1 > a/1: tcp 80", "a/1 > b/1: tcp 80"}, says: "no pod"},
	{name: "filtered labels are absent", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}, {key: app, operator: In, values: ["1"]}]}, {matchLabels: {"k8s:topology.kubernetes.io/zone": z}}]}]}`)},
		allowed: []string{"a/1 > a/2: tcp 80"}, denied: []string{"a/2 > a/1: tcp 80"}, says: "selects nothing"},
	{name: "every port of a protocol is no ICMP", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "0"}]}]}]}`)},
		allowed: []string{"b/1 > a/1: tcp 9", "b/1 > a/1: sctp 9"}, denied: []string{"b/1 > a/1: icmp 8"}},
	{name: "ICMP type 0 is every type of the family", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 0}, {family: IPv6, type: EchoRequest}]}]}]}`)},
		allowed: []string{"b/1 > a/1: icmp 8", "b/1 > a/1: icmpv6 128"}, denied: []string{"b/1 > a/1: icmpv6 129", "b/1 > a/1: tcp 80"}, says: "every type"},
	{name: "an end that is not above the port is ignored", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", endPort: 70, protocol: TCP}]}]}]}`)},
		allowed: []string{"b/1 > a/1: tcp 80"}, denied: []string{"b/1 > a/1: tcp 75"}, says: "endPort"},
	{name: "a path is whole and has the query", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET, path: /public}]}}]}]}`)},
		allowed: []string{"b/1 > a/1: GET /public"}, denied: []string{"b/1 > a/1: GET /public?x=1", "b/1 > a/1: GET /public/", "b/1 > a/1: POST /public", "b/1 > a/1: tcp 80"}},
	{name: "a plain allow voids requests", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}, {fromEndpoints: [{}]}]}`)},
		allowed: []string{"a/1 > a/2: POST /", "b/1 > a/2: GET /"}, denied: []string{"b/1 > a/2: POST /"}},
	{name: "no HTTP rules restrict nothing, and an empty one to requests", yaml: []string{cnp(`{endpointSelector: {}, ingress: [
		{toPorts: [{ports: [{port: "81", protocol: TCP}], rules: {http: []}}]}, {toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]}`)},
		allowed: []string{"b/1 > a/2: tcp 81", "b/1 > a/2: DELETE /"}, denied: []string{"b/1 > a/2: tcp 80"}},
	{name: "requests of the own node are not refused", yaml: []string{cnp(`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}]}`)},
		allowed: []string{"own > a/1: POST /"}},
	{name: "requests do not bind what nothing closes", yaml: []string{cnp(`{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}]}`)},
		allowed: []string{"b/1 > a/1: POST /", "b/1 > a/1: tcp 9"}},
	{name: "requests bind what another policy closes", yaml: []string{cnp(closed), cnp(`{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}]}`)},
		allowed: []string{"b/1 > a/1: GET /"}, denied: []string{"b/1 > a/1: POST /"}},
	{name: "names without DNS through the proxy never match", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toFQDNs: [{matchName: api.example.com}]}]}`)},
		denied: []string{"a/1 > api.example.com: tcp 443"}, says: "never matches"},
	{name: "names match what DNS was asked for", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toFQDNs: [{matchName: api.Example.com.}, {matchPattern: "*.x.io"}, {matchPattern: "**.y.io"}, {matchPattern: "*z.io"}]}, {toPorts: ` + dnsPort + `}]}`)},
		allowed: []string{"a/1 > api.example.com: tcp 443", "a/1 > a.x.io: tcp 1", "a/1 > a.b.y.io: tcp 1", "a/1 > subz.io: tcp 1", "a/1 > z.io: tcp 1", "a/1 > b/1: udp 53 any.name"},
		denied:  []string{"a/1 > x.io: tcp 1", "a/1 > a.b.x.io: tcp 1", "a/1 > y.io: tcp 1", "a/1 > a.z.io: tcp 1", "a/1 > b/1: udp 54"}},
	{name: "two asterisks were one before 1.19", engine: "cilium@1.18", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toFQDNs: [{matchPattern: "**.y.io"}]}, {toPorts: ` + dnsPort + `}]}`)},
		allowed: []string{"a/1 > a.y.io: tcp 1"}, denied: []string{"a/1 > a.b.y.io: tcp 1"}},
	{name: "names that only other pods may ask for", yaml: []string{
		cnp(`{endpointSelector: {}, egress: [{toFQDNs: [{matchName: api.example.com}]}]}`), ccnp(`{endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: b}}, egress: [{toPorts: ` + dnsPort + `}]}`)},
		unknown: []string{"a/1 > api.example.com: tcp 443"}, says: "api.example.com"},
	{name: "two items are two rules", yaml: []string{cnp(`{endpointSelector: {}, egress: [{toFQDNs: [{matchName: api.example.com}]}, {toPorts: [{ports: [{port: "443"}]}]}, {toPorts: ` + dnsPort + `}]}`)},
		allowed: []string{"a/1 > api.example.com: tcp 9", "a/1 > 192.0.2.1: tcp 443"}, denied: []string{"a/1 > 192.0.2.1: tcp 9"}},
	{name: "wider rules do not lift a restriction of names", yaml: []string{
		cnp(`{endpointSelector: {}, egress: [{toEndpoints: [{}]}, {toPorts: [{ports: [{port: "50", endPort: 60, protocol: UDP}]}]}, {toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*.x.io"}]}}]}]}`)},
		allowed: []string{"a/1 > a/2: udp 53 a.x.io", "a/1 > b/1: udp 54", "a/1 > a/2: tcp 53"}, denied: []string{"a/1 > a/2: udp 53 y.io", "a/1 > b/1: udp 53 y.io"}},
	{name: "a plain rule for the same port lifts a restriction of names", yaml: []string{
		cnp(`{endpointSelector: {}, egress: [{toEntities: [all], toPorts: [{ports: [{port: "53"}]}]}, {toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: x.io}]}}]}]}`)},
		allowed: []string{"a/1 > a/2: udp 53 y.io", "a/1 > a/2: udp 53 x.io"}},
	{name: "spec and specs are one list", yaml: []string{strings.Replace(cnp(`{endpointSelector: {}, ingress: [{}]}`), "spec:", "specs: [{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}]\nspec:", 1)},
		allowed: []string{"a/1 > a/2: tcp 80"}, denied: []string{"b/1 > a/2: tcp 80"}},
	{name: "a native item without peers is everybody", yaml: []string{knp(`{podSelector: {}, ingress: [{}]}`)}, allowed: []string{"b/1 > a/1: tcp 80", "node > a/1: icmp 8"}},
	{name: "native rules beyond policyTypes are enforced", yaml: []string{knp(`{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}`)},
		allowed: []string{"own > a/1: tcp 80"}, denied: []string{"b/1 > a/1: tcp 80", "a/1 > a/2: tcp 80", "a/1 > b/1: tcp 80"}, says: "policyTypes"},
	{name: "native ranges are for the outside only", yaml: []string{knp(`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}`)},
		allowed: []string{"192.0.2.1 > a/1: tcp 80"}, denied: []string{"b/1 > a/1: tcp 80", "node > a/1: tcp 80"}},
	{name: "native and own policies are one level", yaml: []string{knp(`{podSelector: {}, ingress: [{}]}`), cnp(`{endpointSelector: {}, ingressDeny: [{fromEntities: [world]}]}`)},
		allowed: []string{"b/1 > a/1: tcp 80"}, denied: []string{"192.0.2.1 > a/1: tcp 80"}},
	{name: "native selectors do not see filtered labels", yaml: []string{knp(`{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod-template-hash: x}}}]}]}`)}, denied: []string{"a/1 > a/2: tcp 80"}, says: "pod-template-hash"},
	{name: "native namespaces over-select before 1.19", engine: "cilium@1.18", yaml: []string{knp(`{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]}`)},
		allowed: []string{"b/1 > a/1: tcp 80", "192.0.2.1 > a/1: tcp 80", "node > a/1: tcp 80"}, denied: []string{"c/1 > a/1: tcp 80"}},
}

func knp(spec string) string {
	return strings.NewReplacer("cilium.io/v2", "networking.k8s.io/v1", "kind: Cilium", "kind: ").Replace(cnp(spec))
}

func TestTraps(t *testing.T) {
	for _, c := range traps {
		t.Run(c.name, func(t *testing.T) {
			if c.engine == "" {
				c.engine = "cilium@1.20"
			}
			p, diags := lifted(t, c.engine, strings.Join(c.yaml, "---\n"))
			if diags.HasErrors() {
				t.Fatalf("%v", diags)
			}
			said := ""
			for _, d := range diags {
				said += d.Summary + " " + d.Detail + "\n"
				if d.Severity != diag.Warning || d.Range.IsZero() {
					t.Errorf("%v", d)
				}
			}
			if (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
				t.Errorf("says %q, and not %q", said, c.says)
			}
			for outcome, questions := range map[sem.Outcome][]string{sem.Allowed: c.allowed, sem.Denied: c.denied, sem.Unknown: c.unknown} {
				for _, q := range questions {
					if got := ask(p, q); got != outcome {
						t.Errorf("%s is %v, not %v\n%s", q, got, outcome, p.Text())
					}
				}
			}
		})
	}
}
