package profile

import (
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Tunnel gives how the mesh looks to the CNI below it. Ambient wraps TCP between
// its pods into HBONE, at port 15008, and what a node's own processes send to a
// pod of the mesh gets these link-local addresses (istio/istio,
// architecture/ambient/ztunnel.md and cni/pkg/iptables/iptables.go).
func (p Profile) Tunnel() ir.Tunnel {
	if p.Engine != IstioAmbient {
		return ir.Tunnel{}
	}
	return ir.Tunnel{Port: 15008, Probes: set.AddressesOf(
		netip.MustParsePrefix("169.254.7.127/32"), netip.MustParsePrefix("fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"))}
}

// Uncaptured gives the ports of pods that a sidecar leaves to its agent and never
// sees, the agent's own: merged metrics, readiness and Envoy's metrics
// (istio/istio, tools/istio-iptables/pkg/capture/run.go).
func (p Profile) Uncaptured() set.Ports {
	if p.Engine != Istio {
		return set.Ports{}
	}
	return set.PortsOf(set.PortRange{First: 15020, Last: 15021}, set.PortRange{First: 15090, Last: 15090})
}

// Unmeshed gives the namespaces whose pods ambient leaves alone unless somebody
// says otherwise, sorted: kube-system (istio/istio, manifests/charts/istio-cni/
// values.yaml, excludeNamespaces) and the mesh's root, if it is known, whose
// control plane nobody reaches through a tunnel.
func (p Profile) Unmeshed(root string) []string {
	if p.Engine != IstioAmbient {
		return nil
	}
	out := []string{"kube-system"}
	if root != "" && root != out[0] {
		out = append(out, root)
		slices.Sort(out)
	}
	return out
}
