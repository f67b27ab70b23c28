package random

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Cluster gives the cluster in which everything that is drawn is decided: pods
// of every combination of the words that rules tell apart, nodes, and what is
// outside at each end of each block and on either side of it. It is the same at
// every call, and the caller's own.
func Cluster() *oracle.Cluster {
	c := &oracle.Cluster{}
	for i, pool := range []string{"edge", "core", ""} {
		c.Endpoints = append(c.Endpoints, node(i+1, pool))
	}
	for _, ns := range Namespaces {
		for _, p := range podsOf(ns) {
			c.Endpoints = append(c.Endpoints, place(p, len(c.Endpoints)))
		}
	}
	c.Endpoints = append(c.Endpoints, outside()...)
	for _, name := range ir.InfrastructureNames {
		c.Endpoints = append(c.Endpoints, oracle.Endpoint{ID: "infra-" + name, Endpoint: sem.Endpoint{Kind: sem.Infrastructure, Name: name}})
	}
	for _, ns := range []string{"shop", "payments"} {
		for _, app := range PodKeys["app"] {
			c.Services = append(c.Services, oracle.Service{
				Namespace: ns, Name: app, Selector: map[string]string{"app": app},
				Ports: slices.DeleteFunc(slices.Clone(NamedPorts[app]), func(p oracle.NamedPort) bool { return p.Name != "http" }),
			})
		}
	}
	return c
}

func node(n int, pool string) oracle.Endpoint {
	labels := map[string]string{"kubernetes.io/hostname": fmt.Sprintf("node-%d", n)}
	if pool != "" {
		labels["pool"] = pool
	}
	return oracle.Endpoint{
		ID:        fmt.Sprintf("node-%d", n),
		Endpoint:  sem.Endpoint{Kind: sem.OtherNode, Labels: labels},
		Addresses: addresses(fmt.Sprintf("10.10.0.%d", n), fmt.Sprintf("fd00:10:10::%d", n)),
	}
}

// podsOf gives the pods of a namespace. Where intents declare accounts, a pod's
// goes with its label app; elsewhere equal labels have different accounts.
func podsOf(ns Namespace) []oracle.Endpoint {
	var out []oracle.Endpoint
	add := func(id, account string, labels map[string]string) {
		out = append(out, oracle.Endpoint{
			ID: ns.Name + "-" + id,
			Endpoint: sem.Endpoint{
				Kind: sem.Pod, Namespace: ns.Name, NamespaceLabels: maps.Clone(ns.Labels), Labels: labels,
				Account: account, Meshed: slices.Contains(Mesh, ns.Name),
			},
			Ports: slices.Clone(NamedPorts[labels["app"]]),
		})
	}
	switch ns.Name {
	case System:
		add("dns", "coredns", maps.Clone(DNSLabels))
		out[0].Ports = []oracle.NamedPort{{Name: "dns", Protocol: sem.UDP, Port: 53}, {Name: "dns-tcp", Protocol: sem.TCP, Port: 53}}
		add("other", "default", map[string]string{})
	case Stray, "lab":
		add("web-as-api", "api", map[string]string{"app": "web", "tier": "front"})
		add("web", "web", map[string]string{"app": "web"})
		add("api", "default", map[string]string{"app": "api", "tier": "back"})
		add("plain", "default", map[string]string{})
	default:
		for _, app := range []string{"web", "api", ""} {
			for _, tier := range []string{"front", "back", ""} {
				labels := map[string]string{}
				if app != "" {
					labels["app"] = app
				}
				if tier != "" {
					labels["tier"] = tier
				}
				add(orElse(app, "plain")+"-"+orElse(tier, "none"), orElse(app, "default"), labels)
			}
		}
	}
	return out
}

// orElse is a word, or what stands for none.
func orElse(word, none string) string {
	if word == "" {
		return none
	}
	return word
}

// place puts the pod that is the nth endpoint on a node, and gives it addresses
// of the node's range.
func place(p oracle.Endpoint, n int) oracle.Endpoint {
	at := n%3 + 1
	p.Node = fmt.Sprintf("node-%d", at)
	p.Addresses = addresses(fmt.Sprintf("10.244.%d.%d", at, n), fmt.Sprintf("fd00:10:244:%d::%x", at, n))
	return p
}

// outside gives what is not of the cluster: the API server, what has names, and
// an address on either side of every end of every block.
func outside() []oracle.Endpoint {
	out := []oracle.Endpoint{{
		ID: "api-server", Endpoint: sem.Endpoint{Kind: sem.External, APIServer: true}, Addresses: addresses(APIServer...),
	}}
	for i, name := range Names {
		out = append(out, oracle.Endpoint{
			ID: fmt.Sprintf("name-%d", i), Endpoint: sem.Endpoint{Kind: sem.External, Names: []string{name}},
			Addresses: addresses(fmt.Sprintf("203.0.113.%d", 10+i), fmt.Sprintf("2001:db8:fffe::%d", 10+i)),
		})
	}
	var blocks []netip.Prefix
	for _, b := range Blocks {
		for _, text := range append([]string{b.CIDR}, b.Except...) {
			blocks = append(blocks, netip.MustParsePrefix(text))
		}
	}
	for i, a := range boundary.Addresses(blocks) {
		if !inside(a) && !taken(out, a) {
			out = append(out, oracle.Endpoint{
				ID: fmt.Sprintf("outside-%d", i), Endpoint: sem.Endpoint{Kind: sem.External}, Addresses: []netip.Addr{a},
			})
		}
	}
	return out
}

// inside reports whether an address is of a range that is the cluster's.
func inside(a netip.Addr) bool {
	return slices.ContainsFunc(slices.Concat(PodCIDRs, NodeCIDRs, ServiceCIDRs), func(text string) bool {
		return netip.MustParsePrefix(text).Contains(a)
	})
}

func taken(list []oracle.Endpoint, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(e oracle.Endpoint) bool { return slices.Contains(e.Addresses, a) })
}

func addresses(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range list {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

// Words gives all that rules of a dialect are drawn from, to look for flows with.
func Words(d Dialect) *boundary.Words {
	w := &boundary.Words{Names: Names, Methods: Methods, Targets: Targets, Hosts: Hosts, Headers: Headers}
	w.Ports = slices.Clone(Ports)
	for _, r := range PortRanges {
		w.Ports = append(w.Ports, r[0], r[1])
	}
	w.ServerNames = Names
	for _, b := range Blocks {
		w.Blocks = append(w.Blocks, netip.MustParsePrefix(b.CIDR))
	}
	for _, name := range Keys(Issuers) {
		w.Tokens.Issuers = append(w.Tokens.Issuers, Issuers[name].Name)
	}
	w.Tokens.Subjects, w.Tokens.Audiences = Subjects, Audiences
	w.Tokens.Claims = map[string]any{"role": Claims["role"][0], "realm": map[string]any{"groups": Claims["realm.groups"][0]}}
	if !d.ICMP {
		return w
	}
	for _, m := range slices.Concat(ICMPv4, ICMPv6) {
		w.ICMP = append(w.ICMP, boundary.Message{Type: m.Type, Code: uint8(max(m.Code, 0))})
	}
	return w
}
