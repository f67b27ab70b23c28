package cilium

import (
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// OnWire gives what Cilium sees of a flow where a mesh with a tunnel runs above
// it: of TCP between pods that prove themselves the tunnel's connection, with
// nothing in it that can be read, and in place of the own node that sends to a pod
// of the mesh an address of the tunnel's, which to Cilium is outside (istio/istio,
// cni/pkg/iptables/iptables.go). What takes another way is as it was. A way through
// a waypoint is two such flows, to the waypoint and from it, each to be asked for.
func OnWire(f *oracle.Flow, t ir.Tunnel) oracle.Flow {
	out := *f
	switch {
	case t.IsNone() || f.Protocol != sem.TCP:
	case f.Source.Kind == sem.OwnNode && f.Destination.Kind == sem.Pod && f.Destination.Meshed:
		prefixes := t.Probes.Prefixes()
		i := slices.IndexFunc(prefixes, func(p netip.Prefix) bool { return p.Addr().Is4() == f.Destination.Address.Is4() })
		if i >= 0 {
			out.Source = sem.Endpoint{Kind: sem.External, Address: prefixes[i].Addr()}
		}
	case f.Authenticated && f.Source.Kind == sem.Pod && f.Destination.Kind == sem.Pod:
		out.Port, out.Calls, out.Request, out.Query, out.ServerName = t.Port, nil, nil, "", ""
	}
	return out
}
