package sem

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// ParseEndpoint reads an endpoint as people write it, in a cluster with the
// inventory's namespaces and workloads:
//
//	shop/web                a pod of a declared workload, with its labels and account
//	shop{app=web,tier=x}    a pod with just these labels; shop{} has none
//	shop{app=web}@builder   which runs as the account
//	10.0.0.1, 2001:db8::1   what is outside under an address
//	api.example.com         what is outside under a DNS name
//	world                   what is outside
//	node, node@10.0.0.1     a node that is not the other end's own
//	own-node                the other end's own node
//	node[role=edge]         one with just these labels
//	west:shop{app=web}      a pod of another cluster
//
// The error says what is wrong with the text.
func ParseEndpoint(text string, inv *ir.Inventory) (Endpoint, error) {
	head, address, _ := strings.Cut(text, "@")
	kind, labels, labelled := strings.Cut(head, "[")
	switch kind {
	case "world", "node", "own-node":
		e := Endpoint{Kind: map[string]EndpointKind{"world": External, "node": OtherNode, "own-node": OwnNode}[kind]}
		if labelled {
			var err error
			if list, closed := strings.CutSuffix(labels, "]"); !closed || e.Kind == External {
				return e, fmt.Errorf("%q is no endpoint: write a node as node[key=value,key=value]", text)
			} else if e.Labels, err = parseLabels(list); err != nil {
				return e, err
			}
		}
		if address != "" {
			var err error
			if e.Address, err = netip.ParseAddr(address); err != nil {
				return e, fmt.Errorf("%q is no IP address", address)
			}
		}
		return e, nil
	}
	if a, err := netip.ParseAddr(strings.TrimSuffix(text, ".")); err == nil {
		return Endpoint{Kind: External, Address: a.Unmap()}, nil
	}
	if cluster, pod, ok := strings.Cut(text, ":"); ok && strings.Contains(pod, "{") {
		if cluster == inv.Facts.ClusterName {
			return Endpoint{}, fmt.Errorf("%q is no other cluster's pod: this cluster is called %s itself, so write %s", text, cluster, pod)
		}
		e, err := parsePod(pod, &ir.Inventory{})
		e.Kind, e.Cluster, e.Meshed = Remote, cluster, false
		return e, err
	}
	if strings.Contains(text, "{") {
		return parsePod(text, inv)
	}
	if ns, name, ok := strings.Cut(text, "/"); ok {
		return findWorkload(text, ns, name, inv)
	}
	if n, err := ir.ParseName(text); err == nil && strings.Contains(n.String(), ".") {
		if _, wildcard := n.Parts(); wildcard == 0 {
			return Endpoint{Kind: External, Names: []string{n.String()}}, nil
		}
	}
	return Endpoint{}, fmt.Errorf("%q is no endpoint: write namespace/workload, namespace{key=value}, an IP address, a DNS name, world or node", text)
}

// findWorkload gives a pod of a declared workload: one with its labels and
// nothing else.
func findWorkload(text, ns, name string, inv *ir.Inventory) (Endpoint, error) {
	var near []string
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		if w.Namespace == ns {
			near = append(near, w.Namespace+"/"+w.Name)
		}
		if w.Namespace != ns || w.Name != name {
			continue
		}
		labels, ok := w.Pods.Labels.MatchLabels()
		if !ok {
			return Endpoint{}, fmt.Errorf("the labels of %q are not one value each: write %s{key=value,...}", text, ns)
		}
		e := podIn(ns, labels, inv)
		e.Account, e.Meshed = w.Account, w.Mesh
		return e, nil
	}
	if near == nil {
		return Endpoint{}, fmt.Errorf("the input has no workload %q: write %s{key=value,...} for a pod with these labels", text, ns)
	}
	return Endpoint{}, fmt.Errorf("the input has no workload %q; namespace %q has %s", text, ns, strings.Join(near, ", "))
}

func parsePod(text string, inv *ir.Inventory) (Endpoint, error) {
	ns, rest, _ := strings.Cut(text, "{")
	list, account, closed := strings.Cut(rest, "}")
	if !closed || ns == "" || account == "@" || account != "" && !strings.HasPrefix(account, "@") {
		return Endpoint{}, fmt.Errorf("%q is no endpoint: write a pod as namespace{key=value,key=value} or namespace{key=value}@account", text)
	}
	labels, err := parseLabels(list)
	if err != nil {
		return Endpoint{}, err
	}
	e := podIn(ns, labels, inv)
	e.Account = strings.TrimPrefix(account, "@")
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		if !e.labelled(w) {
			continue
		}
		e.Meshed = w.Mesh
		if account == "" && w.Account != "" {
			e.Account = w.Account
		}
	}
	return e, nil
}

func parseLabels(list string) (map[string]string, error) {
	labels := map[string]string{}
	for _, pair := range strings.Split(list, ",") {
		if list == "" {
			break
		}
		k, v, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("%q is no label: write key=value", pair)
		}
		if _, twice := labels[k]; twice {
			return nil, fmt.Errorf("label %q stands twice", k)
		}
		labels[k] = v
	}
	return labels, nil
}

// labelled reports whether the endpoint's namespace and labels are those of the
// workload, whatever its account is.
func (e *Endpoint) labelled(w *ir.Workload) bool {
	whoever := *w
	whoever.Pods.Account = ir.Anything()
	return e.of(&whoever)
}

func podIn(ns string, labels map[string]string, inv *ir.Inventory) Endpoint {
	// A pod of which nothing is declared is taken to be in the mesh, where there
	// is one, as the pods of namespaces that say nothing of it are.
	e := Endpoint{Kind: Pod, Namespace: ns, Labels: labels, Meshed: true}
	if declared, ok := inv.Namespace(ns); ok {
		e.NamespaceLabels, e.Meshed = declared.Labels, declared.Mesh
	}
	return e
}

// ParseTransport reads "tcp/8080", "udp/53", "icmp/8/0", "icmpv6/128" or
// "protocol/47" into the flow. The error says what is wrong with the text.
func (f *Flow) ParseTransport(text string) error {
	name, rest, _ := strings.Cut(text, "/")
	switch protocol := map[string]uint8{"tcp": TCP, "udp": UDP, "sctp": SCTP, "icmp": ICMP, "icmpv6": ICMPv6}[name]; {
	case protocol == TCP || protocol == UDP || protocol == SCTP:
		port, err := strconv.ParseUint(rest, 10, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("%q is no port: write %s/ and a number from 1 to 65535", text, name)
		}
		f.Protocol, f.Port = protocol, uint16(port)
	case protocol != 0:
		kind, code, _ := strings.Cut(rest, "/")
		if code == "" {
			code = "0"
		}
		t, err1 := strconv.ParseUint(kind, 10, 8)
		c, err2 := strconv.ParseUint(code, 10, 8)
		if err1 != nil || err2 != nil {
			return fmt.Errorf("%q is no message: write %s/TYPE or %s/TYPE/CODE", text, name, name)
		}
		f.Protocol, f.ICMPType, f.ICMPCode = protocol, uint8(t), uint8(c)
	case name == "protocol":
		n, err := strconv.ParseUint(rest, 10, 8)
		if err != nil {
			return fmt.Errorf("%q is no protocol: write protocol/ and a number up to 255", text)
		}
		f.Protocol = uint8(n)
	default:
		return fmt.Errorf("%q is no port: write it as tcp/8080, udp/53, sctp/5000 or icmp/8", text)
	}
	return nil
}

// ParseRequest reads "GET /path" or "GET host/path".
func ParseRequest(text string) (*Request, error) {
	method, rest, ok := strings.Cut(text, " ")
	host, path, slash := strings.Cut(rest, "/")
	if !ok || !slash || method == "" {
		return nil, fmt.Errorf("%q is no request: write it as \"GET /path\" or \"GET host/path\"", text)
	}
	return &Request{Method: method, Target: "/" + path, Host: host}, nil
}
