package ir

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// Inventory is what is known of the cluster beside its policies.
type Inventory struct {
	Namespaces []Namespace // sorted by address
	Workloads  []Workload  // sorted by address
	Issuers    []Issuer    // of tokens, sorted by what they are called in a token
	Facts      Facts

	byName map[string]*Namespace // nil until Program.Index
}

// Namespace is a declared namespace.
type Namespace struct {
	Address string // shop, or tenant["a"]
	Name    string
	Labels  map[string]string // declared; a key that is not here is absent
	Managed bool              // false: others', nothing is emitted in it
	Mesh    bool              // its pods are in the mesh, where the target has one

	// Waypoint is the proxy of the namespace that decides for its workloads with
	// Services, by name; "" for none. Its pods run as an account of its name.
	Waypoint string
}

// Workload is a declared workload: a set of pods of one namespace.
type Workload struct {
	Address   string
	Name      string
	Namespace string // the namespace's name
	Pods      Pods
	Account   string // service account; "" where none is declared
	Ports     []WorkloadPort
	Services  []Service // sorted by name
	Mesh      bool

	// Observed is a workload that was seen and not stated: it is the pods with
	// just these labels, and says nothing of others that have them too.
	Observed bool
}

// WorkloadPort is a port that a workload declares.
type WorkloadPort struct {
	Name     string
	Number   uint16
	Protocol AppProtocol

	Transports []Protocol // that it is of; none for any
}

// Service is a Kubernetes Service in front of a workload.
type Service struct {
	Name  string
	Ports []ServicePort // sorted by port
}

// ServicePort is a port of a Service and the pods' port behind it.
type ServicePort struct{ Port, Target uint16 }

// gatewayLabel is what Gateway API implementations label the pods of a Gateway
// with (kubernetes-sigs/gateway-api, GEP-1762).
const gatewayLabel = "gateway.networking.k8s.io/gateway-name"

// WaypointPods is the pods of the namespace's waypoint, which runs as a Gateway
// of its name.
func (n *Namespace) WaypointPods() Pods {
	p := InNamespace(n.Name)
	p.Labels = MatchLabels(map[string]string{gatewayLabel: n.Waypoint})
	return p
}

// Behind reports that the namespace's waypoint decides for the workload.
func (inv *Inventory) Behind(w *Workload) (*Namespace, bool) {
	ns, declared := inv.Namespace(w.Namespace)
	return ns, declared && inv.Facts.Waypoints && ns.Waypoint != "" && w.Mesh && len(w.Services) > 0
}

// Exposed gives the pods' ports behind the workload's Services.
func (w *Workload) Exposed() set.Ports {
	var out set.Ports
	for _, s := range w.Services {
		for _, p := range s.Ports {
			out = out.Union(set.SinglePort(p.Target))
		}
	}
	return out
}

// Takes reports that the port may be one of the transport.
func (p *WorkloadPort) Takes(t Protocol) bool {
	return len(p.Transports) == 0 || slices.Contains(p.Transports, t)
}

// Port finds a declared port by name.
func (w *Workload) Port(name string) (WorkloadPort, bool) {
	for _, p := range w.Ports {
		if p.Name == name {
			return p, true
		}
	}
	return WorkloadPort{}, false
}

// Issuer is who signs tokens (JWT), and what a token of theirs is validated
// with: the keys at an address or the keys themselves, one of them.
type Issuer struct {
	Name      string // in the configuration; "" where it has none
	Issuer    string // as tokens name it, in the claim iss
	JWKSURI   string
	JWKS      string
	Audiences []string // sorted; a token must be for one of them; none for any
}

// Facts is what is stated of the cluster. An address set that is empty, or a
// text that is "", was not stated and is unknown.
type Facts struct {
	PodCIDRs, ServiceCIDRs, NodeCIDRs set.Addresses
	APIServer                         set.Addresses
	DNS                               DNS
	TrustDomain                       string
	MeshRoot                          string    // the mesh's root namespace
	ClusterMesh                       bool      // other clusters are connected, whose pods are no part of the world
	ClusterName                       string    // what connected clusters call this one; none of them is called so
	Tunnel                            Tunnel    // of the mesh, as a CNI below it sees it
	Uncaptured                        set.Ports // of pods with a sidecar, that it leaves to its agent and never sees
	OwnNodePasses                     bool      // what a pod's own node sends is not handed to the mesh
	Waypoints                         bool      // the mesh's waypoints decide for workloads with Services; what they send to these they send for others
	Unmeshed                          []string  // namespaces that are surely outside the mesh, declared or not; sorted
}

// DNS is where the cluster's DNS is.
type DNS struct {
	Pods      Pods
	Port      uint16
	NodeLocal set.Addresses // of the node-local cache
}

// Private is the addresses that pods, nodes and services whose ranges nobody
// stated are assumed to have: RFC 1918, RFC 6598 and RFC 4193.
func Private() set.Addresses {
	return set.AddressesOf(
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("fc00::/7"))
}

// PodsAt gives the addresses that pods can have: the stated ones, or the private
// ones of which nothing else is stated.
func (f *Facts) PodsAt() set.Addresses {
	if !f.PodCIDRs.IsEmpty() {
		return f.PodCIDRs
	}
	return Private().Subtract(f.NodeCIDRs.Union(f.ServiceCIDRs).Union(f.APIServer).Union(f.DNS.NodeLocal))
}

// Namespace finds a declared namespace by its name in the cluster.
func (inv *Inventory) Namespace(name string) (*Namespace, bool) {
	if inv.byName != nil {
		ns, ok := inv.byName[name]
		return ns, ok
	}
	for i := range inv.Namespaces {
		if inv.Namespaces[i].Name == name {
			return &inv.Namespaces[i], true
		}
	}
	return nil, false
}

func (inv *Inventory) index() {
	inv.byName = make(map[string]*Namespace, len(inv.Namespaces))
	for i := range inv.Namespaces {
		inv.byName[inv.Namespaces[i].Name] = &inv.Namespaces[i]
	}
}

// Managed reports whether the namespace of this name is declared and managed.
func (inv *Inventory) Managed(name string) bool {
	n, ok := inv.Namespace(name)
	return ok && n.Managed
}

// Workload finds a declared workload by its address.
func (inv *Inventory) Workload(address string) (*Workload, bool) {
	i, ok := slices.BinarySearchFunc(inv.Workloads, address, func(w Workload, a string) int { return strings.Compare(w.Address, a) })
	if !ok {
		return nil, false
	}
	return &inv.Workloads[i], true
}

// Issuer finds an issuer by what tokens call it.
func (inv *Inventory) Issuer(issuer string) (*Issuer, bool) {
	i, ok := slices.BinarySearchFunc(inv.Issuers, issuer, func(x Issuer, s string) int { return strings.Compare(x.Issuer, s) })
	if !ok {
		return nil, false
	}
	return &inv.Issuers[i], true
}

// Narrow gives the set with what is known of declared namespaces put to use:
// where it is confined to named namespaces, a requirement on a declared
// namespace's labels is decided. Several parts, or none, may come of it.
func (inv *Inventory) Narrow(p Pods) []Pods {
	names, named := p.Names()
	if !named || len(p.Namespace.Requirements()) == 1 {
		return []Pods{p}
	}
	labels := p.Namespace.Without(NamespaceName)
	var known []string
	var out []Pods
	for _, name := range names {
		ns, declared := inv.Namespace(name)
		switch {
		case !declared:
			one, _ := InNamespace(name).Namespace.And(labels)
			out = append(out, Pods{one, p.Labels, p.Account, p.Except})
		case labels.Matches(ns.Labels):
			known = append(known, name)
		}
	}
	if known != nil {
		out = append(out, Pods{InNamespace(known...).Namespace, p.Labels, p.Account, p.Except})
	}
	return out
}

// Declared gives, for a set that may span namespaces, its part in each
// declared namespace that it reaches, in order of address; and whether it may
// also reach namespaces that are not declared.
func (inv *Inventory) Declared(p Pods) (parts []NamespacePods, beyond bool) {
	if ns, ok := p.SingleNamespace(); ok && inv.byName != nil {
		n, declared := inv.byName[ns]
		if declared && p.Namespace.Without(NamespaceName).Matches(n.Labels) {
			parts = []NamespacePods{{n, Pods{InNamespace(ns).Namespace, p.Labels, p.Account, p.Except}}}
		}
		return parts, !declared
	}
	for i := range inv.Namespaces {
		ns := &inv.Namespaces[i]
		c := p.Namespace.Get(NamespaceName)
		if !c.Matches(ns.Name) || !p.Namespace.Without(NamespaceName).Matches(ns.Labels) {
			continue
		}
		parts = append(parts, NamespacePods{ns, Pods{InNamespace(ns.Name).Namespace, p.Labels, p.Account, p.Except}})
	}
	if names, ok := p.Names(); ok {
		beyond = slices.ContainsFunc(names, func(n string) bool { _, declared := inv.Namespace(n); return !declared })
	} else {
		beyond = true
	}
	return parts, beyond
}

// NamespacePods is a set of pods of one declared namespace.
type NamespacePods struct {
	Namespace *Namespace
	Pods      Pods
}
