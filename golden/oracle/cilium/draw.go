package cilium

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/random"
)

// Draw gives policies of all the kinds that Cilium enforces, made of the words of
// package random, with the groups of ranges that they name. Cilium accepts them
// under a profile with node_selector_labels; what it then cannot compute, since
// several rules do not go together, is among them.
func Draw(t *rapid.T) []oracle.Document {
	var out []oracle.Document
	add := func(object tree) {
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, oracle.Document{Source: fmt.Sprintf("drawn %d", len(out)), Text: text})
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "policies") {
		name := fmt.Sprintf("p%d", i)
		switch n := rapid.IntRange(0, 19).Draw(t, "kind"); {
		case n < 10:
			add(drawNamespaced(t, name))
		case n < 15:
			add(drawClusterwide(t, name))
		case n < 16:
			add(drawOfNodes(t, name))
		case n < 18:
			add(drawNative(t, name))
		default:
			add(drawClusterPolicy(t, name))
		}
	}
	asked := slices.ContainsFunc(out, func(d oracle.Document) bool { return bytes.Contains(d.Text, []byte("cidrGroup")) })
	for i, b := range random.Blocks[:groups] {
		if !asked {
			break
		}
		add(tree{
			"apiVersion": "cilium.io/v2", "kind": ranges, "metadata": tree{"name": fmt.Sprintf("group-%d", i), "labels": tree{"of": fmt.Sprint(i % 2)}},
			"spec": tree{"externalCIDRs": append([]string{b.CIDR}, "2001:db8:3::/48")},
		})
	}
	return out
}

// groups is how many groups of ranges there are.
const groups = 3

type tree = map[string]any

// pick gives one of some values.
func pick[V any](t *rapid.T, from ...V) V { return rapid.SampledFrom(from).Draw(t, "pick") }

// oneIn is true once in n times, and false when the case is shrunk.
func oneIn(t *rapid.T, n int) bool { return rapid.IntRange(0, n-1).Draw(t, "chance") == n-1 }

// several gives a list of least to most values.
func several[V any](t *rapid.T, least, most int, draw func(*rapid.T) V) []any {
	out := []any{}
	for range rapid.IntRange(least, most).Draw(t, "several") {
		out = append(out, draw(t))
	}
	return out
}

// The keys under which Cilium has what is no label of a pod.
const (
	namespaceKey   = "k8s:io.kubernetes.pod.namespace"
	namespaceLabel = "k8s:io.cilium.k8s.namespace.labels."
	accountKey     = "k8s:io.cilium.k8s.policy.serviceaccount"
	clusterKey     = "k8s:io.cilium.k8s.policy.cluster"
)

func namespaces(t *rapid.T) string { return pick(t, random.Namespaces...).Name }

// value gives a value of a label: one that something has, or that nothing has.
func value(t *rapid.T, of map[string][]string, key string) string {
	return pick(t, append([]string{random.Nothing}, of[key]...)...)
}

// labelled gives a selector's part about labels with a prefix before their keys.
func labelled(t *rapid.T, s tree, prefix string, of map[string][]string) {
	key := pick(t, random.Keys(of)...)
	require(t, s, prefix+key, func() string { return value(t, of, key) })
}

// require adds a requirement on a key to a selector.
func require(t *rapid.T, s tree, key string, value func() string) {
	if !oneIn(t, 2) {
		labels, _ := s["matchLabels"].(tree)
		if labels == nil {
			labels = tree{}
		}
		labels[key] = value()
		s["matchLabels"] = labels
		return
	}
	e := tree{"key": key, "operator": pick(t, "In", "NotIn", "Exists", "DoesNotExist")}
	if e["operator"] == "In" || e["operator"] == "NotIn" {
		e["values"] = several(t, 1, 2, func(*rapid.T) string { return value() })
	}
	expressions, _ := s["matchExpressions"].([]any)
	s["matchExpressions"] = append(expressions, e)
}

// drawSelector gives a selector of pods in Cilium's form. Peers may be of other
// namespaces and clusters, and of what is no pod.
func drawSelector(t *rapid.T, beyond bool) tree {
	s := tree{}
	for range rapid.IntRange(0, 2).Draw(t, "labels") {
		labelled(t, s, pick(t, "", "", "k8s:", "any:"), random.PodKeys)
	}
	if !beyond {
		return s
	}
	switch rapid.IntRange(0, 9).Draw(t, "beyond") {
	case 0, 1, 2:
		require(t, s, pick(t, namespaceKey, strings.TrimPrefix(namespaceKey, "k8s:")), func() string { return namespaces(t) })
	case 3, 4:
		labelled(t, s, namespaceLabel, random.NamespaceKeys)
	case 5:
		require(t, s, accountKey, func() string { return pick(t, random.Accounts...) })
	case 6:
		require(t, s, clusterKey, func() string { return pick(t, defaultCluster, random.Nothing) })
	case 7:
		key := pick(t, "host", "remote-node", "health", "init", "kube-apiserver", "ingress")
		s = tree{"matchExpressions": []any{tree{"key": "reserved:" + key, "operator": "Exists"}}}
	}
	return s
}

func drawNamespaced(t *rapid.T, name string) tree {
	meta := tree{"name": name, "namespace": namespaces(t)}
	return drawPolicy(t, namespaced, meta, func(t *rapid.T) tree { return tree{"endpointSelector": drawSelector(t, false)} })
}

func drawClusterwide(t *rapid.T, name string) tree {
	return drawPolicy(t, clusterwide, tree{"name": name}, func(t *rapid.T) tree {
		s := drawSelector(t, false)
		switch rapid.IntRange(0, 3).Draw(t, "subject") {
		case 1:
			require(t, s, namespaceKey, func() string { return namespaces(t) })
		case 2:
			labelled(t, s, namespaceLabel, random.NamespaceKeys)
		case 3:
			require(t, s, accountKey, func() string { return pick(t, random.Accounts...) })
		}
		return tree{"endpointSelector": s}
	})
}

// drawPolicy gives an object with one rule or two.
func drawPolicy(t *rapid.T, kind string, meta tree, subject func(*rapid.T) tree) tree {
	out := tree{"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta}
	if oneIn(t, 8) {
		out["specs"] = several(t, 1, 2, func(t *rapid.T) tree { return drawRule(t, subject(t), false) })
	} else {
		out["spec"] = drawRule(t, subject(t), false)
	}
	return out
}

func drawOfNodes(t *rapid.T, name string) tree {
	s := tree{}
	if oneIn(t, 2) {
		labelled(t, s, "", random.NodeKeys)
	}
	return tree{"apiVersion": "cilium.io/v2", "kind": clusterwide, "metadata": tree{"name": name}, "spec": drawRule(t, tree{"nodeSelector": s}, true)}
}

// drawRule adds lists to what governs a rule's subject.
func drawRule(t *rapid.T, rule tree, nodes bool) tree {
	lists := []string{"ingress", "egress", "ingressDeny", "egressDeny"}
	sure := pick(t, lists...)
	for _, list := range lists {
		if list == sure || oneIn(t, 5) {
			rule[list] = several(t, 1, 2, func(t *rapid.T) tree { return drawItem(t, list, nodes) })
		}
	}
	if oneIn(t, 5) {
		rule["enableDefaultDeny"] = tree{pick(t, "ingress", "egress"): !oneIn(t, 2)}
	}
	return rule
}

func drawItem(t *rapid.T, list string, nodes bool) tree {
	item := tree{}
	egress, denies := strings.HasPrefix(list, "egress"), strings.HasSuffix(list, "Deny")
	prefix := "from"
	if egress {
		prefix = "to"
	}
	drawPeers(t, item, prefix, egress && !denies && !nodes)
	switch n := rapid.IntRange(0, 9).Draw(t, "traffic"); {
	case n < 3:
	case n < 4:
		item["icmps"] = several(t, 1, 2, func(t *rapid.T) tree { return tree{"fields": several(t, 1, 2, drawMessage)} })
	case n < 8 || denies || nodes:
		item["toPorts"] = several(t, 1, 2, func(t *rapid.T) tree { return tree{"ports": several(t, 0, 2, drawPort)} })
	default:
		item["toPorts"] = several(t, 1, 2, func(t *rapid.T) tree { return drawRequests(t, egress) })
	}
	return item
}

func drawPeers(t *rapid.T, item tree, prefix string, names bool) {
	switch n := rapid.IntRange(0, 19).Draw(t, "peers"); {
	case n < 3:
	case n < 10:
		item[prefix+"Endpoints"] = several(t, 0, 2, func(t *rapid.T) tree { return drawSelector(t, true) })
	case n < 13:
		item[prefix+"Entities"] = several(t, 0, 2, func(t *rapid.T) string {
			return pick(t, "all", "world", "cluster", "cluster-mesh", "host", "remote-node", "kube-apiserver", "health", "ingress", "init", "unmanaged", "none")
		})
	case n < 15:
		item[prefix+"CIDR"] = several(t, 0, 2, func(t *rapid.T) string { return pick(t, random.Blocks...).CIDR })
	case n < 18:
		item[prefix+"CIDRSet"] = several(t, 1, 2, drawSet)
	case names:
		item["toFQDNs"] = several(t, 1, 2, drawName)
	case n < 19:
		item[prefix+"Entities"] = []any{"cluster", "world"}
	default:
		s := tree{}
		labelled(t, s, pick(t, "", "node:"), random.NodeKeys)
		item[prefix+"Nodes"] = []any{s}
	}
}

// drawSet gives a range or a group of them, without some of its ranges.
func drawSet(t *rapid.T) tree {
	b := pick(t, random.Blocks...)
	switch rapid.IntRange(0, 5).Draw(t, "set") {
	case 0:
		return tree{"cidrGroupRef": pick(t, "group-0", "group-1", random.Nothing)}
	case 1:
		return tree{"cidrGroupSelector": tree{"matchLabels": tree{"of": pick(t, "0", "1")}}}
	}
	out := tree{"cidr": b.CIDR}
	if len(b.Except) > 0 {
		out["except"] = b.Except
	}
	return out
}

func drawName(t *rapid.T) tree {
	n := pick(t, append([]string{"*", "*cards.example", "eu*.example", "API.cards.example."}, random.NamePatterns...)...)
	if strings.Contains(n, "*") {
		return tree{"matchPattern": n}
	}
	return tree{"matchName": n}
}

func drawMessage(t *rapid.T) tree {
	if oneIn(t, 2) {
		return tree{"family": "IPv6", "type": pick[any](t, int(pick(t, random.ICMPv6...).Type), "EchoRequest", "PacketTooBig")}
	}
	return tree{"type": pick[any](t, int(pick(t, random.ICMPv4...).Type), "EchoReply", "DestinationUnreachable")}
}

func drawPort(t *rapid.T) tree {
	p := tree{}
	switch rapid.IntRange(0, 5).Draw(t, "port") {
	case 0:
		r := pick(t, random.PortRanges...)
		p["port"], p["endPort"] = fmt.Sprint(r[0]), int(r[1])
	case 1:
		p["port"] = pick(t, random.PortNames...).Name
	case 2:
		p["port"] = "0"
	default:
		p["port"] = fmt.Sprint(pick(t, random.Ports...))
	}
	if protocol := pick(t, "", "ANY", "TCP", "TCP", "UDP", "SCTP"); protocol != "" {
		p["protocol"] = protocol
	}
	return p
}

// tcpPort is a port of TCP: a number, a range or a name.
func tcpPort(t *rapid.T) tree {
	p := tree{"port": pick(t, "80", "8080", "8081", "443", "http"), "protocol": "TCP"}
	if p["port"] == "8080" && oneIn(t, 3) {
		p["endPort"] = 8081
	}
	return p
}

// drawRequests gives ports with what a proxy reads.
func drawRequests(t *rapid.T, egress bool) tree {
	switch n := rapid.IntRange(0, 9).Draw(t, "rules"); {
	case n < 2 && egress:
		return tree{
			"ports": []any{tree{"port": "53", "protocol": pick(t, "UDP", "ANY")}},
			"rules": tree{"dns": several(t, 0, 2, drawName)},
		}
	case n < 4:
		return tree{
			"ports":       several(t, 1, 1, tcpPort),
			"serverNames": rapid.SliceOfNDistinct(rapid.SampledFrom(random.NamePatterns), 1, 2, rapid.ID).Draw(t, "serverNames"),
		}
	}
	return tree{"ports": several(t, 1, 2, tcpPort), "rules": tree{"http": several(t, 0, 2, drawHTTP)}}
}

// drawHTTP gives what is asked of requests: forms that Portolan writes, and others.
func drawHTTP(t *rapid.T) tree {
	h := tree{}
	if oneIn(t, 2) {
		h["method"] = pick(t, append([]string{"GET|POST", "(?i)get", "P.*"}, random.Methods...)...)
	}
	if oneIn(t, 2) {
		exact, _, _ := strings.Cut(pick(t, random.Targets...), "?")
		quoted := regexp.QuoteMeta(exact)
		h["path"] = pick(t, exact, quoted+`(\?.*)?`, `/orders/[^/?]+(\?.*)?`, `/static/[^?]*(\?.*)?`, "/.*", "/orders.*|/static", `/v[0-9]+/health`)
	}
	if oneIn(t, 3) {
		h["host"] = pick(t, `api\.example\.com`, `(?i)api\.example\.com(:[0-9]+)?`, `(?i)[^.:]+\.example\.com(:[0-9]+)?`, ".*")
	}
	if oneIn(t, 3) {
		key := pick(t, random.Keys(random.Headers)...)
		h["headers"] = []any{pick(t, key, strings.ToUpper(key)+": "+pick(t, random.Headers[key]...))}
	}
	if oneIn(t, 4) {
		key := pick(t, random.Keys(random.Headers)...)
		h["headerMatches"] = []any{pick(t, tree{"name": key}, tree{"name": key, "value": pick(t, random.Headers[key]...)}, tree{"name": key, "value": "1", "mismatch": "LOG"})}
	}
	return h
}

// drawNative gives a NetworkPolicy.
func drawNative(t *rapid.T, name string) tree {
	selector := func(t *rapid.T, of map[string][]string) tree {
		s := tree{}
		for range rapid.IntRange(0, 2).Draw(t, "labels") {
			labelled(t, s, "", of)
		}
		return s
	}
	peer := func(t *rapid.T) tree {
		p := tree{}
		switch rapid.IntRange(0, 3).Draw(t, "peer") {
		case 0:
			p["podSelector"] = selector(t, random.PodKeys)
		case 1:
			p["namespaceSelector"] = selector(t, random.NamespaceKeys)
		case 2:
			p["podSelector"], p["namespaceSelector"] = selector(t, random.PodKeys), selector(t, random.NamespaceKeys)
		case 3:
			b := pick(t, random.Blocks...)
			block := tree{"cidr": b.CIDR}
			if len(b.Except) > 0 {
				block["except"] = b.Except
			}
			p["ipBlock"] = block
		}
		return p
	}
	port := func(t *rapid.T) tree {
		p := tree{"protocol": pick(t, "TCP", "UDP", "SCTP")}
		switch rapid.IntRange(0, 3).Draw(t, "port") {
		case 0:
			r := pick(t, random.PortRanges...)
			p["port"], p["endPort"] = int(r[0]), int(r[1])
		case 1:
			p["port"] = pick(t, random.PortNames...).Name
		case 2:
			p["port"] = int(pick(t, random.Ports...))
		}
		return p
	}
	spec := tree{"podSelector": selector(t, random.PodKeys)}
	for _, list := range []string{"ingress", "egress"} {
		peers := map[string]string{"ingress": "from", "egress": "to"}[list]
		if oneIn(t, 2) {
			spec[list] = several(t, 0, 2, func(t *rapid.T) tree {
				return tree{peers: several(t, 0, 2, peer), "ports": several(t, 0, 2, port)}
			})
		}
	}
	if oneIn(t, 2) {
		spec["policyTypes"] = pick(t, []any{"Ingress"}, []any{"Egress"}, []any{"Ingress", "Egress"})
	}
	return tree{"apiVersion": "networking.k8s.io/v1", "kind": native, "metadata": tree{"name": name, "namespace": namespaces(t)}, "spec": spec}
}

// drawClusterPolicy gives a ClusterNetworkPolicy.
func drawClusterPolicy(t *rapid.T, name string) tree {
	pods := func(t *rapid.T) tree {
		n, p := tree{}, tree{}
		if oneIn(t, 2) {
			labelled(t, n, "", random.NamespaceKeys)
		}
		if oneIn(t, 2) {
			labelled(t, p, "", random.PodKeys)
		}
		return pick(t, tree{"namespaces": n}, tree{"pods": tree{"namespaceSelector": n, "podSelector": p}})
	}
	protocol := func(t *rapid.T) tree {
		if oneIn(t, 4) {
			return tree{"destinationNamedPort": pick(t, random.PortNames...).Name}
		}
		r := pick(t, random.PortRanges...)
		port := pick(t, tree{"number": int(pick(t, random.Ports...))}, tree{"range": tree{"start": int(r[0]), "end": int(r[1])}})
		return tree{pick(t, "tcp", "udp", "sctp"): tree{"destinationPort": port}}
	}
	spec := tree{"tier": pick(t, "Admin", "Baseline"), "priority": rapid.IntRange(0, 2).Draw(t, "priority"), "subject": pods(t)}
	for _, list := range []string{"ingress", "egress"} {
		if !oneIn(t, 2) {
			continue
		}
		spec[list] = several(t, 1, 3, func(t *rapid.T) tree {
			r := tree{"action": pick(t, "Accept", "Deny", "Pass")}
			if list == "ingress" {
				r["from"] = several(t, 1, 2, pods)
			} else {
				r["to"] = several(t, 1, 2, func(t *rapid.T) tree {
					return pick(t, pods(t), tree{"networks": []any{pick(t, random.Blocks...).CIDR}})
				})
			}
			if oneIn(t, 2) {
				r["protocols"] = several(t, 1, 2, protocol)
			}
			return r
		})
	}
	return tree{"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": clusterPolicy, "metadata": tree{"name": name}, "spec": spec}
}
