package istio

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
)

// Speaking gives the inventory with the Services in front of workloads, the
// waypoints of namespaces, and what Services say that workloads' ports speak: a port whose Service calls it tcp is not read by the proxy, one that is
// called http is. Where Services disagree the oldest counts, and which that is
// is not in their manifests, so that the port stays unknown.
func Speaking(inv ir.Inventory, services []manifest.Service) ir.Inventory {
	inv.Workloads = slices.Clone(inv.Workloads)
	inv.Namespaces = slices.Clone(inv.Namespaces)
	for i := range inv.Namespaces {
		n := &inv.Namespaces[i]
		if name := n.Labels["istio.io/use-waypoint"]; name != "none" && n.Labels["istio.io/use-waypoint-namespace"] == "" {
			n.Waypoint = name
		}
	}
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		said := map[uint16][]ir.AppProtocol{}
		for _, s := range services {
			if s.Namespace != w.Namespace || len(s.Selector) == 0 || !ir.MatchLabels(s.Selector).Contains(w.Pods.Labels) {
				continue
			}
			service := ir.Service{Name: s.Name}
			for _, p := range s.Ports {
				number := p.Target
				if named, ok := w.Port(p.TargetName); ok {
					number = named.Number
				}
				if p.Protocol == ir.TCP && number != 0 {
					said[number] = append(said[number], protocolOf(p))
					service.Ports = append(service.Ports, ir.ServicePort{Port: p.Number, Target: number})
				}
			}
			if service.Ports != nil {
				w.Services = append(w.Services, service)
			}
		}
		w.Ports = speaking(w.Ports, said)
	}
	return inv
}

// speaking gives the ports with what is said of them, those that have no name
// too.
func speaking(ports []ir.WorkloadPort, said map[uint16][]ir.AppProtocol) []ir.WorkloadPort {
	out := slices.Clone(ports)
	for _, number := range slices.Sorted(maps.Keys(said)) {
		all := slices.Compact(slices.Sorted(slices.Values(said[number])))
		if len(all) != 1 || all[0] == ir.AppUnknown {
			continue
		}
		i := slices.IndexFunc(out, func(p ir.WorkloadPort) bool { return p.Number == number })
		if i < 0 {
			i = len(out)
			out = append(out, ir.WorkloadPort{Number: number})
		}
		out[i].Protocol = all[0]
	}
	return out
}

// protocolOf gives what a Service's port speaks, by its appProtocol, else its name
// up to the first dash, else its number (istio/istio, pkg/config/kube/
// conversion.go and pkg/config/protocol/instance.go).
func protocolOf(p manifest.ServicePort) ir.AppProtocol {
	switch p.AppProtocol {
	case "kubernetes.io/h2c", "kubernetes.io/ws":
		return ir.AppHTTP
	case "kubernetes.io/wss":
		return ir.AppTLS
	}
	name := strings.ToLower(cmp.Or(p.AppProtocol, p.Name))
	if !strings.HasPrefix(name, "grpc-web") {
		name, _, _ = strings.Cut(name, "-")
	}
	switch {
	case strings.HasPrefix(name, "grpc"):
		return ir.AppGRPC
	case slices.Contains([]string{"http", "http2", "http_proxy"}, name):
		return ir.AppHTTP
	case slices.Contains([]string{"tls", "https"}, name):
		return ir.AppTLS
	case slices.Contains([]string{"tcp", "mongo", "redis", "mysql"}, name),
		slices.Contains([]uint16{25, 53, 3306, 27017}, p.Number):
		return ir.AppTCP
	}
	return ir.AppUnknown
}
