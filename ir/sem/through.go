package sem

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Through is the way through waypoints as a CNI beneath a tunnel decides it by
// what is on the wire: who may send to the waypoint may send to the workloads for
// which it decides, as far as the waypoint gets through to them. nil where there
// is none. The error is an *Unproved where a bound was hit.
func Through(onWire *ir.Program, w ir.Wire) (*ir.Via, error) {
	inv := &onWire.Inventory
	var all []*ir.Workload
	for i := range inv.Workloads {
		if _, behind := inv.Behind(&inv.Workloads[i]); behind {
			all = append(all, &inv.Workloads[i])
		}
	}
	if all == nil {
		return nil, nil
	}
	reached, err := reached(onWire, all, w)
	if err != nil {
		return nil, err
	}
	via := &ir.Via{}
	var shut []ir.Rule
	anyone, _ := ir.PeersOf(ir.AnyPeer{})
	for i, to := range all {
		via.Destinations = append(via.Destinations, to.Pods)
		if !reached[i] {
			shut = append(shut, ir.Rule{
				Subject: subjectOf(to), Peers: anyone, Traffic: ir.AllTraffic(), Action: ir.Deny,
				Origin: ir.Origin{Kind: ir.FromDefault, Address: to.Address},
			})
		}
	}
	via.Egress = rewritten(onWire.Egress, all, inv, func(r ir.Rule, to *ir.Workload, waypoint ir.Pods) (ir.Rule, bool) {
		some := slices.ContainsFunc(r.Peers.List(), func(p ir.Peer) bool { return hits(p, waypoint, r.Action) })
		r.Peers, _ = ir.PeersOf(to.Pods)
		return r, some
	}, w)
	via.Ingress = rewritten(onWire.Ingress, all, inv, func(r ir.Rule, to *ir.Workload, waypoint ir.Pods) (ir.Rule, bool) {
		some := hits(r.Subject.Pods, waypoint, r.Action)
		r.Subject = subjectOf(to)
		return r, some
	}, w)
	for i := range via.Ingress {
		via.Ingress[i].Isolate = atWaypoints(onWire.Ingress[i].Isolate, all, inv)
	}
	via.Ingress = append([]ir.Stage{{Name: "(waypoints)", Levels: []ir.Level{{Rules: shut}}}}, via.Ingress...)
	return via, nil
}

func subjectOf(w *ir.Workload) ir.Subject {
	return ir.Subject{Pods: w.Pods, Address: w.Address, Kind: ir.SubjectWorkload}
}

// hits reports whether a rule about a peer or a subject is about all pods of the
// waypoint or, to be sure of what it stops, about some.
func hits(p ir.Peer, waypoint ir.Pods, a ir.Action) bool {
	switch p := p.(type) {
	case ir.AnyPeer:
		return true
	case ir.Pods:
		return p.Contains(waypoint) || a == ir.Deny && p.Overlaps(waypoint)
	case ir.RemotePods, ir.External, ir.Names, ir.Nodes, ir.NodeLocal, ir.APIServer, ir.Infrastructure:
	}
	return false
}

// rewritten is stages about the tunnel's port, with each rule about a waypoint as
// one about the workloads behind it.
func rewritten(stages []ir.Stage, all []*ir.Workload, inv *ir.Inventory, about func(ir.Rule, *ir.Workload, ir.Pods) (ir.Rule, bool), w ir.Wire) []ir.Stage {
	out := slices.Clone(stages)
	for i := range out {
		out[i].Levels = slices.Clone(out[i].Levels)
		for l := range out[i].Levels {
			var rules []ir.Rule
			for _, r := range out[i].Levels[l].Rules {
				tcp, some := r.Traffic.Only(ir.TCP)
				if !some || !tcp.Ports(ir.TCP).Contains(w.Port) || tcp.Requests() != nil || tcp.Names() != nil {
					continue
				}
				if r.Traffic, some = ir.PortTraffic(ir.TCP, set.AllPorts()).WithSourcePorts(r.Traffic.SourcePorts()); !some {
					continue
				}
				for _, to := range all {
					ns, _ := inv.Behind(to)
					if one, is := about(r, to, ns.WaypointPods()); is {
						rules = append(rules, one)
					}
				}
			}
			out[i].Levels[l].Rules = rules
		}
	}
	return out
}

// atWaypoints is the closings of waypoints as closings of what is behind them.
func atWaypoints(list []ir.Isolation, all []*ir.Workload, inv *ir.Inventory) []ir.Isolation {
	var out []ir.Isolation
	for _, iso := range list {
		for _, to := range all {
			if ns, _ := inv.Behind(to); iso.Subject.Pods.Overlaps(ns.WaypointPods()) {
				one := iso
				one.Subject = subjectOf(to)
				out = append(out, one)
			}
		}
	}
	return out
}

// reached reports to which workloads their waypoints surely get through.
func reached(onWire *ir.Program, all []*ir.Workload, w ir.Wire) ([]bool, error) {
	inv := onWire.Inventory
	inv.Facts.Tunnel, inv.Facts.Waypoints = ir.Tunnel{}, false
	var claims []Statement
	for _, to := range all {
		ns, _ := onWire.Inventory.Behind(to)
		c := Statement{Traffic: ir.PortTraffic(ir.TCP, set.SinglePort(w.Port)), Allowed: true}
		c.Source, _ = ir.PeersOf(ns.WaypointPods())
		c.Destination, _ = ir.PeersOf(to.Pods)
		claims = append(claims, c)
	}
	found, err := Check(Policy{{Program: onWire, Scope: CNI}}, claims, Options{Inventory: &inv})
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(all))
	for i := range found {
		out[i] = found[i] == nil
	}
	return out, nil
}
