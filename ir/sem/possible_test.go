package sem

import (
	"maps"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// What flows there can be, of one flow and in plain words; the judge of
// encoding.possible, within and expected. A part of a flow that no policy looks
// at is not asked about.

func possible(f *Flow, u *universe) bool {
	inv := u.inventory
	for _, e := range []*Endpoint{&f.Source, &f.Destination} {
		if e.Kind == Pod && !possiblePod(e, u) || u.located() && !possiblyAt(e, inv.Facts) {
			return false
		}
	}
	if !u.remote && (f.Source.Kind == Remote || f.Destination.Kind == Remote) {
		return false
	}
	for _, e := range []*Endpoint{&f.Source, &f.Destination} {
		if e.Kind == Remote && e.Cluster == inv.Facts.ClusterName {
			return false
		}
	}
	return (f.Source.Kind == Pod || f.Destination.Kind == Pod || u.policed && policed(&f.Source, &f.Destination)) &&
		sameNamespace(&f.Source, &f.Destination) &&
		(!u.located() || oneFamily(f)) &&
		(!u.mesh || inv.Facts.Tunnel.IsNone() || possiblyTunnelled(f, inv.Facts.Tunnel, u.located())) &&
		(!u.mesh || !f.Authenticated || f.Protocol == TCP && meshedPod(&f.Source) && meshedPod(&f.Destination)) &&
		!forOthers(f, u) &&
		possiblyCarried(f, u)
}

// What a waypoint sends to whom it decides for, it sends for others.
func forOthers(f *Flow, u *universe) bool {
	inv := u.inventory
	return u.mesh && inv.Facts.Waypoints && f.Protocol == TCP && f.Source.Kind == Pod &&
		slices.ContainsFunc(inv.Workloads, func(w ir.Workload) bool {
			ns, declared := inv.Namespace(w.Namespace)
			return declared && ns.Waypoint != "" && ns.Waypoint == f.Source.Account && ns.Name == f.Source.Namespace &&
				w.Mesh && len(w.Services) > 0 && f.Destination.In(w.Pods) ||
				declared && ns.Waypoint != "" && w.Mesh && len(w.Services) > 0 && f.Authenticated && f.Destination.In(ns.WaypointPods())
		})
}

// Between ends of which none is a pod, a node is policed towards what is no part
// of it and of no CNI.
func policed(a, b *Endpoint) bool {
	other := func(k EndpointKind) bool { return k == OtherNode || k == External || k == Remote }
	return (a.Kind == OtherNode || b.Kind == OtherNode) && other(a.Kind) && other(b.Kind)
}

// Nothing is sent to the tunnel itself, and its addresses are a node's towards
// its own pods of the mesh, and nothing else's.
func possiblyTunnelled(f *Flow, t ir.Tunnel, located bool) bool {
	if f.Protocol == TCP && f.Port == t.Port && meshedPod(&f.Destination) {
		return false
	}
	if !located {
		return true
	}
	probes := f.Source.Kind == OwnNode && meshedPod(&f.Destination)
	if f.Source.Kind == OwnNode && probes != t.Probes.Contains(f.Source.Address) {
		return false
	}
	return f.Destination.Kind != OwnNode || !t.Probes.Contains(f.Destination.Address)
}

func meshedPod(e *Endpoint) bool { return e.Kind == Pod && e.Meshed }

func possiblePod(e *Endpoint, u *universe) bool {
	inv := u.inventory
	if ns, declared := inv.Namespace(e.Namespace); declared && !maps.Equal(ns.Labels, e.NamespaceLabels) {
		return false
	}
	return (!u.accounts || possibleAccount(e, inv)) && (!u.mesh || possibleWaypoint(e, inv) && possibleMember(e, inv))
}

// A pod of a workload runs as its account, and who runs as a declared account
// is of a workload that declares it.
func possibleAccount(e *Endpoint, inv *ir.Inventory) bool {
	declared, runs := false, false
	for _, w := range inv.Workloads {
		if w.Account == "" {
			continue
		}
		if e.In(w.Pods) && e.Account != w.Account {
			return false
		}
		if e.Namespace == w.Namespace && e.Account == w.Account {
			declared, runs = true, runs || e.In(w.Pods)
		}
	}
	return !declared || runs
}

// What is labelled as a waypoint's pod runs as that, where one decides for some
// workload.
func possibleWaypoint(e *Endpoint, inv *ir.Inventory) bool {
	return !slices.ContainsFunc(inv.Workloads, func(w ir.Workload) bool {
		ns, declared := inv.Namespace(w.Namespace)
		return declared && inv.Facts.Waypoints && ns.Waypoint != "" && w.Mesh && len(w.Services) > 0 && e.In(ns.WaypointPods()) && e.Account != ns.Waypoint
	})
}

// Pods of workloads, and others of declared namespaces, are in the mesh where
// that is declared.
func possibleMember(e *Endpoint, inv *ir.Inventory) bool {
	said := map[bool]bool{}
	for _, w := range inv.Workloads {
		if e.In(w.Pods) {
			said[w.Mesh] = true
		}
	}
	if ns, declared := inv.Namespace(e.Namespace); declared && len(said) == 0 {
		said[ns.Mesh] = true
	} else if !declared && slices.Contains(inv.Facts.Unmeshed, e.Namespace) {
		said[false] = true
	}
	return len(said) == 0 || said[e.Meshed]
}

func possiblyAt(e *Endpoint, f ir.Facts) bool {
	// Where the one range is not stated, it is private and none of the others.
	ranged := func(own set.Addresses, others ...set.Addresses) bool {
		if f.Tunnel.Probes.Contains(e.Address) {
			return false
		}
		if own.IsEmpty() {
			return ir.Private().Contains(e.Address) && !slices.ContainsFunc(others, func(o set.Addresses) bool { return o.Contains(e.Address) })
		}
		return own.Contains(e.Address)
	}
	switch e.Kind {
	case Pod:
		return ranged(f.PodCIDRs, f.NodeCIDRs, f.ServiceCIDRs, f.APIServer, f.DNS.NodeLocal)
	case OwnNode:
		return ranged(f.NodeCIDRs, f.PodCIDRs) || f.DNS.NodeLocal.Contains(e.Address) || f.Tunnel.Probes.Contains(e.Address)
	case OtherNode:
		return ranged(f.NodeCIDRs, f.PodCIDRs)
	case External, Remote:
		return !slices.ContainsFunc([]set.Addresses{f.PodCIDRs, f.NodeCIDRs, f.ServiceCIDRs, f.DNS.NodeLocal, f.Tunnel.Probes},
			func(a set.Addresses) bool { return a.Contains(e.Address) })
	case Infrastructure:
	}
	return true
}

func oneFamily(f *Flow) bool {
	v4 := f.Source.Address.Is4()
	return v4 == f.Destination.Address.Is4() && !(f.Protocol == ICMP && !v4) && !(f.Protocol == ICMPv6 && v4)
}

// A namespace has one set of labels, whoever looks.
func sameNamespace(a, b *Endpoint) bool {
	return a.Kind != Pod || b.Kind != Pod || a.Namespace != b.Namespace || maps.Equal(a.NamespaceLabels, b.NamespaceLabels)
}

// Requests go over TCP, queries over TCP and UDP; what a workload's port
// speaks is what comes to it, and what comes to the cluster's DNS is queries.
func possiblyCarried(f *Flow, u *universe) bool {
	inv := u.inventory
	if f.Request != nil && (f.Protocol != TCP || f.Query != "") || f.Query != "" && f.Protocol != TCP && f.Protocol != UDP {
		return false
	}
	for _, w := range inv.Workloads {
		for _, p := range w.Ports {
			if !u.requests || f.Protocol != TCP || f.Port != p.Number || !f.Destination.In(w.Pods) {
				continue
			}
			switch p.Protocol {
			case ir.AppHTTP, ir.AppGRPC:
				if f.Request == nil {
					return false
				}
			case ir.AppTCP, ir.AppTLS:
				if f.Request != nil {
					return false
				}
			case ir.AppUnknown:
			}
		}
	}
	dns := inv.Facts.DNS
	server := f.Destination.In(dns.Pods) || f.Destination.Kind == OwnNode && dns.NodeLocal.Contains(f.Destination.Address)
	return u.queries.trivial() || !server || dns.Port != f.Port || f.Protocol != TCP && f.Protocol != UDP || f.Query != ""
}

// compared is the flows of a scope.
func compared(f *Flow, o Options) bool {
	if o.Transports && f.Protocol != TCP && f.Protocol != UDP && f.Protocol != SCTP {
		return false
	}
	if o.Plain && (f.Source.Kind == Infrastructure || f.Destination.Kind == Infrastructure) {
		return false
	}
	return o.Scope != Mesh ||
		f.Protocol == TCP && meshedPod(&f.Destination) && !o.Uncaptured.Contains(f.Port) && f.Source.Kind != OwnNode
}

// kept is the flows that a policy has to let through where it may: those of
// senders that behave.
func kept(f *Flow, u *universe) bool {
	proves := f.Authenticated || f.Protocol != TCP || !meshedPod(&f.Source) || !meshedPod(&f.Destination)
	return (!u.mesh || proves) && (f.Request == nil || len(u.paths.patterns) == 0 || legal().regular.Contains(f.Request.Target))
}
