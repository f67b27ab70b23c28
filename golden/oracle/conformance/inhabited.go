package conformance

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// inhabited gives a cluster for documents in which what an inventory states is
// true: what it declares exists, and nothing is otherwise. A verdict in another
// cluster would be about a lie.
func inhabited(docs []oracle.Document, inv *ir.Inventory) (*oracle.Cluster, error) {
	c, err := boundary.Cluster(slices.Concat(declarations(inv), docs), seed(stream(docs)))
	if err != nil {
		return nil, err
	}
	c.TrustDomain, c.MeshRoot = inv.Facts.TrustDomain, inv.Facts.MeshRoot
	c.Services = services(inv)
	p := places{inv: inv, taken: map[netip.Addr]bool{}}
	var kept []oracle.Endpoint
	for _, e := range c.Endpoints {
		if p.settle(&e) {
			kept = append(kept, e)
		}
	}
	c.Endpoints = kept
	return c, nil
}

// declarations gives the namespaces and workloads of an inventory as documents,
// each workload with the labels of one pod of it, and the cluster's DNS.
func declarations(inv *ir.Inventory) []oracle.Document {
	out := declared(&oracle.Cluster{Endpoints: namespaces(inv)}, nil)
	pods := []ir.Pods{inv.Facts.DNS.Pods}
	for i := range inv.Workloads {
		pods = append(pods, inv.Workloads[i].Pods)
	}
	for i, p := range pods {
		ns, single := p.SingleNamespace()
		labels, exact := p.Labels.MatchLabels()
		if single && exact {
			out = append(out, object("Pod", ns, fmt.Sprintf("declared-%d", i), labels, nil))
		}
	}
	return out
}

// namespaces gives a pod of every declared namespace.
func namespaces(inv *ir.Inventory) []oracle.Endpoint {
	var out []oracle.Endpoint
	for _, n := range inv.Namespaces {
		out = append(out, oracle.Endpoint{Endpoint: sem.Endpoint{Kind: sem.Pod, Namespace: n.Name, NamespaceLabels: n.Labels}})
	}
	return out
}

// services gives the Services that workloads declare, with the waypoint that is
// before them, and one for what is declared to speak something, which the mesh
// learns from Services.
func services(inv *ir.Inventory) []oracle.Service {
	names := map[ir.AppProtocol]string{ir.AppHTTP: "http", ir.AppGRPC: "grpc", ir.AppTCP: "tcp", ir.AppTLS: "tls"}
	var out []oracle.Service
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		labels, exact := w.Pods.Labels.MatchLabels()
		if !exact || len(labels) == 0 {
			continue
		}
		spoken := map[uint16]string{}
		s := oracle.Service{Namespace: w.Namespace, Name: fmt.Sprintf("speaks-%d", i), Selector: labels}
		for _, p := range w.Ports {
			if name := names[p.Protocol]; name != "" {
				spoken[p.Number] = name
				s.Ports = append(s.Ports, oracle.NamedPort{Name: name, Protocol: sem.TCP, Port: p.Number})
			}
		}
		for _, d := range w.Services {
			of := oracle.Service{Namespace: w.Namespace, Name: d.Name, Selector: labels}
			if ns, behind := inv.Behind(w); behind {
				of.Waypoint = ns.Waypoint
			}
			for _, p := range d.Ports {
				of.Ports = append(of.Ports, oracle.NamedPort{Name: spoken[p.Target], Protocol: sem.TCP, Port: p.Target, Service: p.Port})
			}
			out = append(out, of)
		}
		if s.Ports != nil {
			out = append(out, s)
		}
	}
	return out
}

// places puts endpoints where the facts say that they are.
type places struct {
	inv    *ir.Inventory
	taken  map[netip.Addr]bool
	server bool // a node has an API server
}

// settle makes an endpoint one that there can be; false where it cannot.
func (p *places) settle(e *oracle.Endpoint) bool {
	f := &p.inv.Facts
	inside := f.PodCIDRs.Union(f.NodeCIDRs).Union(f.ServiceCIDRs).Union(f.DNS.NodeLocal)
	switch e.Kind {
	case sem.Pod:
		return p.workload(e) && p.move(e, f.PodCIDRs, f.NodeCIDRs)
	case sem.OtherNode:
		if servers := f.APIServer.Intersect(f.NodeCIDRs); !p.server && !servers.IsEmpty() {
			p.server, e.APIServer = true, true
			return p.move(e, servers, f.PodCIDRs)
		}
		return p.move(e, f.NodeCIDRs.Subtract(f.APIServer), f.PodCIDRs)
	case sem.External:
		if e.APIServer && !f.APIServer.IsEmpty() {
			e.Addresses = first(f.APIServer, p.taken, 1)
		}
		e.Addresses = slices.DeleteFunc(e.Addresses, func(a netip.Addr) bool {
			return inside.Contains(a) || !e.APIServer && f.APIServer.Contains(a) || f.PodCIDRs.IsEmpty() && ir.Private().Contains(a)
		})
		return len(e.Addresses) > 0
	case sem.OwnNode, sem.Infrastructure, sem.Remote:
	}
	return true
}

// workload gives a pod what is declared of its workloads; false where what it is
// contradicts that.
func (p *places) workload(e *oracle.Endpoint) bool {
	if n, ok := p.inv.Namespace(e.Namespace); ok {
		e.Meshed = n.Mesh
		if !maps.Equal(n.Labels, e.NamespaceLabels) {
			return false
		}
	}
	for i := range p.inv.Workloads {
		w := &p.inv.Workloads[i]
		if labelled := !w.Pods.Labels.IsEverything(); w.Account != "" && e.Namespace == w.Namespace && labelled && w.Pods.Labels.Matches(e.Labels) {
			e.Account = w.Account
		}
	}
	for i := range p.inv.Workloads {
		w := &p.inv.Workloads[i]
		if w.Account != "" && e.Namespace == w.Namespace && e.In(w.Pods) != (e.Account == w.Account) {
			return false // in its namespace only they run as it
		}
		if e.In(w.Pods) {
			e.Meshed = w.Mesh
			for _, port := range w.Ports {
				e.Ports = slices.DeleteFunc(slices.Clone(e.Ports), func(x oracle.NamedPort) bool { return x.Name == port.Name })
				e.Ports = append(e.Ports, oracle.NamedPort{Name: port.Name, Protocol: sem.TCP, Port: port.Number})
			}
		}
	}
	return true
}

// move gives an endpoint addresses of its range, where one is stated, of each
// family that the range has; false where its own are of the other range.
func (p *places) move(e *oracle.Endpoint, own, other set.Addresses) bool {
	if own.IsEmpty() {
		return !slices.ContainsFunc(e.Addresses, other.Contains)
	}
	e.Addresses = slices.Concat(first(own.IPv4(), p.taken, 1), first(own.IPv6(), p.taken, 1))
	return len(e.Addresses) > 0
}

// first gives addresses of a set that are not taken, and takes them.
func first(of set.Addresses, taken map[netip.Addr]bool, n int) []netip.Addr {
	var out []netip.Addr
	for _, b := range of.Prefixes() {
		for a := b.Addr(); b.Contains(a) && len(out) < n; a = a.Next() {
			if !taken[a] {
				taken[a] = true
				out = append(out, a)
			}
		}
	}
	return out
}
