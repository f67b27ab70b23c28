package conformance

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Of ambient, as it is installed: the port to which ztunnels and waypoints wrap
// TCP (istio/ztunnel, src/config.rs), and the addresses from which a pod of the
// mesh gets what its node sends (istio/istio, cni/pkg/iptables/iptables.go).
const tunnelPort = 15008

var probes = []netip.Addr{netip.MustParseAddr("169.254.7.127"), netip.MustParseAddr("fd16:9254:7127:1337:ffff:ffff:ffff:ffff")}

// tunnelSource is the port that a tunnel is from: whatever is free on the node.
const tunnelSource = 50000

// way is one that a connection can take: what the CNI sees of it, one flow for
// each hop, and the mesh that decides about it.
type way struct {
	hops []oracle.Flow
	mesh oracle.Policy
}

// ways gives those that a flow can take, the one straight to its destination
// first.
func (s *stack) ways(f *oracle.Flow) []way {
	if s.mesh.profile.Engine != profile.IstioAmbient {
		return []way{{[]oracle.Flow{read(f)}, s.mesh.Policy}}
	}
	switch {
	case f.Protocol != sem.TCP || !pod(&f.Destination):
	case f.Source.Kind == sem.OwnNode:
		return []way{{[]oracle.Flow{s.probe(f)}, s.mesh.Policy}}
	case f.Authenticated:
		out := []way{{s.tunnels(f, f.From, f.To), s.mesh.Policy}}
		if at, some := s.waypointOf(f); some {
			out = append(out, way{s.tunnels(f, f.From, at, f.To), s.waypoints})
		}
		return out
	}
	return []way{{[]oracle.Flow{*f}, s.mesh.Policy}}
}

// read is a flow between sidecars: nobody reads what is in its mutual TLS.
func read(f *oracle.Flow) oracle.Flow {
	out := *f
	if f.Authenticated {
		out.Request, out.Query, out.ServerName, out.Token, out.Client = nil, "", "", nil, netip.Addr{}
	}
	return out
}

// probe is what a node sends to its own pod of the mesh. Cilium and Calico take
// the address for one outside; of native policies it is left open what a range
// makes of an address that a node uses.
func (s *stack) probe(f *oracle.Flow) oracle.Flow {
	out := *f
	out.Source = sem.Endpoint{Kind: sem.External, Address: probes[0]}
	if !f.Destination.Address.Is4() {
		out.Source.Address = probes[1]
	}
	if s.cni.profile.Engine == profile.Kubernetes {
		out.Source.Kind = sem.OtherNode
	}
	return out
}

// tunnels is a flow as the tunnels from each of some pods to the next, by their
// indexes in the cluster.
func (s *stack) tunnels(f *oracle.Flow, through ...int) []oracle.Flow {
	var out []oracle.Flow
	for i, to := range through[1:] {
		hop, _ := boundary.Between(s.cluster, through[i], to, !f.Destination.Address.Is4())
		hop.Protocol, hop.SourcePort, hop.Port = sem.TCP, tunnelSource, tunnelPort
		out = append(out, hop)
	}
	return out
}

// waypointOf gives a pod of the waypoint in front of a flow's destination, by its
// index in the cluster; false where no Service leads through one to the port, or
// the waypoint has no address of the family.
func (s *stack) waypointOf(f *oracle.Flow) (int, bool) {
	to := &f.Destination
	i := slices.IndexFunc(s.cluster.Services, func(x oracle.Service) bool {
		return x.Waypoint != "" && x.Namespace == to.Namespace && fitsLabels(x.Selector, to.Labels) &&
			slices.ContainsFunc(x.Ports, func(p oracle.NamedPort) bool { return p.Protocol == sem.TCP && p.Port == f.Port })
	})
	if i < 0 {
		return 0, false
	}
	service := &s.cluster.Services[i]
	at := slices.IndexFunc(s.cluster.Endpoints, func(e oracle.Endpoint) bool {
		return isWaypoint(&e.Endpoint, service.Namespace, service.Waypoint) &&
			slices.ContainsFunc(e.Addresses, func(a netip.Addr) bool { return a.Is4() == to.Address.Is4() })
	})
	return at, at >= 0
}

func fitsLabels(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

// gatewayName is the label of the pods that are made for a Gateway, and
// dataplane one that these have to be left out of ambient (istio/istio,
// manifests/charts/istio-control/istio-discovery/files/waypoint.yaml).
const (
	gatewayName = "gateway.networking.k8s.io/gateway-name"
	dataplane   = "istio.io/dataplane-mode"
)

// isWaypoint reports whether an endpoint is a pod of a namespace's waypoint.
func isWaypoint(e *sem.Endpoint, namespace, name string) bool {
	return e.Kind == sem.Pod && e.Namespace == namespace && e.Labels[gatewayName] == name
}

// onlyWaypoints is a policy by which no ztunnel of the mesh takes what comes from
// no waypoint. With it an engine's verdict is the one on the way through them:
// waypoints themselves are governed by nothing that does not name them or their
// class (istio/istio, pilot/pkg/model/policyattachment.go ShouldAttachPolicy).
func onlyWaypoints(c *oracle.Cluster) oracle.Document {
	var accounts []string
	for _, s := range c.Services {
		if s.Waypoint != "" {
			accounts = append(accounts, fmt.Sprintf("%q", cmp.Or(c.TrustDomain, "cluster.local")+"/ns/"+s.Namespace+"/sa/"+s.Waypoint))
		}
	}
	return oracle.Document{Source: "only waypoints", Text: fmt.Appendf(nil, `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: only-waypoints, namespace: %s}
spec:
  action: DENY
  rules:
  - from:
    - source: {notPrincipals: [%s]}
`, meshRoot(c), strings.Join(accounts, ", "))}
}

func meshRoot(c *oracle.Cluster) string { return cmp.Or(c.MeshRoot, "istio-system") }
