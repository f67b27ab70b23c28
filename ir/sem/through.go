package sem

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Through is the way through waypoints as a CNI beneath a tunnel decides it by
// what is on the wire: who may send to the waypoint may send to the workloads for
// which it decides, as far as the waypoint gets through to them. What is so for
// some of a waypoint's pods and not for others hangs on a condition. nil where
// there is none. The error is an *Unproved where a bound was hit.
func Through(onWire *ir.Program, w ir.Wire) (*ir.Via, error) {
	inv := &onWire.Inventory
	var all []passed
	for i := range inv.Workloads {
		if ns, behind := inv.Behind(&inv.Workloads[i]); behind {
			all = append(all, passed{&inv.Workloads[i], waypointOf(ns, &inv.Facts), ns.Name + "/" + ns.Waypoint})
		}
	}
	if all == nil {
		return nil, nil
	}
	shut, err := shut(onWire, all, w)
	if err != nil {
		return nil, err
	}
	via := &ir.Via{Egress: rewritten(onWire, ir.Egress, all, w), Ingress: rewritten(onWire, ir.Ingress, all, w)}
	for _, to := range all {
		via.Destinations = append(via.Destinations, to.Pods)
	}
	via.Ingress = append([]ir.Stage{{Name: "(waypoints)", Levels: []ir.Level{{Rules: shut}}}}, via.Ingress...)
	return via, nil
}

// passed is a workload that is reached by way of a waypoint.
type passed struct {
	*ir.Workload
	waypoint ir.Pods
	name     string // of the waypoint
}

// waypointOf gives the pods of a namespace's waypoint, with the account and the
// addresses that they have.
func waypointOf(ns *ir.Namespace, f *ir.Facts) ir.Pods {
	p := ns.WaypointPods()
	p.Account = ir.OneOf(ns.Waypoint)
	if at, some := p.At(f.PodsAt()); some {
		return at
	}
	return p
}

func (to *passed) subject() ir.Subject {
	return ir.Subject{Pods: to.Pods, Address: to.Address, Kind: ir.SubjectWorkload}
}

// behind gives the pods of the workload. What is a waypoint's pod too is behind
// none.
func (to *passed) behind() []ir.Peer {
	except := to.waypoint
	except.Account, except.Except = ir.Anything(), set.Addresses{}
	var out []ir.Peer
	for _, p := range to.Pods.Subtract(except) {
		out = append(out, p)
	}
	return out
}

// hits gives when the waypoint is among the peers: always, where the only case
// has no conditions, and never where there are no cases.
func (to *passed) hits(peers []ir.Peer, inv *ir.Inventory) [][]ir.Condition {
	var cases [][]ir.Condition
	missed := set.AllAddresses() // by what the peers say of addresses alone
	for _, p := range peers {
		switch p := p.(type) {
		case ir.AnyPeer:
			return [][]ir.Condition{nil}
		case ir.Pods:
			both, some := p.And(to.waypoint)
			if !some {
				continue
			}
			for _, part := range inv.Narrow(both) {
				missed = missed.Intersect(missing(part, to.waypoint))
				cases = append(cases, []ir.Condition{{Atom: "waypoint " + to.name + " is among " + p.String()}})
			}
		case ir.RemotePods, ir.External, ir.Names, ir.Nodes, ir.NodeLocal, ir.APIServer, ir.Infrastructure:
		}
	}
	if to.waypoint.Except.ContainsAll(missed) {
		return [][]ir.Condition{nil}
	}
	return cases
}

// missing gives the addresses at which a set lacks pods of the waypoint.
func missing(p, waypoint ir.Pods) set.Addresses {
	except := p.Except
	if p.Except = (set.Addresses{}); p.Contains(waypoint) {
		return except
	}
	return set.AllAddresses()
}

// rewritten is stages about the tunnel's port, with what they say of a waypoint
// as said of the workloads behind it.
func rewritten(onWire *ir.Program, d ir.Direction, all []passed, w ir.Wire) []ir.Stage {
	out := slices.Clone(onWire.Stages(d))
	for i := range out {
		out[i].Levels = slices.Clone(out[i].Levels)
		for l := range out[i].Levels {
			var rules []ir.Rule
			for _, r := range out[i].Levels[l].Rules {
				rules = append(rules, forwarded(r, d, all, onWire, w)...)
			}
			out[i].Levels[l].Rules = rules
		}
		if d == ir.Ingress {
			out[i].Isolate = atWaypoints(out[i].Isolate, all, &onWire.Inventory)
		}
	}
	return out
}

// forwarded gives what a rule about the wire says of the workloads behind waypoints.
func forwarded(r ir.Rule, d ir.Direction, all []passed, onWire *ir.Program, w ir.Wire) []ir.Rule {
	tcp, some := r.Traffic.Only(ir.TCP)
	if !some || !tcp.Ports(ir.TCP).Contains(w.Port) || tcp.Requests() != nil || tcp.Names() != nil {
		return nil
	}
	if r.Traffic, some = ir.PortTraffic(ir.TCP, set.AllPorts()).WithSourcePorts(r.Traffic.SourcePorts()); !some {
		return nil
	}
	peers := []ir.Peer{r.Subject.Pods}
	if d == ir.Egress {
		peers = r.Peers.List()
	}
	var out []ir.Rule
	for _, to := range all {
		for _, when := range to.hits(peers, &onWire.Inventory) {
			one := r
			one.If = slices.Concat(r.If, when)
			if d == ir.Egress {
				one.Peers, _ = ir.PeersOf(to.Pods)
			} else {
				one.Subject = to.subject()
			}
			out = append(out, one)
		}
	}
	return out
}

// atWaypoints is the closings of waypoints as closings of what is behind them.
func atWaypoints(list []ir.Isolation, all []passed, inv *ir.Inventory) []ir.Isolation {
	var out []ir.Isolation
	for _, iso := range list {
		for _, to := range all {
			for _, when := range to.hits([]ir.Peer{iso.Subject.Pods}, inv) {
				one := iso
				one.Subject = to.subject()
				one.If = slices.Concat(iso.If, when)
				out = append(out, one)
			}
		}
	}
	return out
}

// shut gives denials for the workloads to which their waypoints do not surely get
// through.
func shut(onWire *ir.Program, all []passed, w ir.Wire) ([]ir.Rule, error) {
	inv := onWire.Inventory
	inv.Facts.Tunnel, inv.Facts.Waypoints = ir.Tunnel{}, false
	var claims []Statement
	for _, to := range all {
		from := to.waypoint
		from.Except = set.Addresses{} // which hold of all pods there
		c := Statement{Traffic: ir.PortTraffic(ir.TCP, set.SinglePort(w.Port)), Allowed: true}
		c.Source, _ = ir.PeersOf(from)
		c.Destination, _ = ir.PeersOf(to.behind()...)
		never := c
		never.Allowed = false
		claims = append(claims, c, never)
	}
	found, err := Check(Policy{{Program: onWire, Scope: CNI}}, claims, Options{Inventory: &inv})
	if err != nil {
		return nil, err
	}
	var out []ir.Rule
	anyone, _ := ir.PeersOf(ir.AnyPeer{})
	for i, to := range all {
		always, never := found[2*i] == nil, found[2*i+1] == nil
		r := ir.Rule{
			Subject: to.subject(), Peers: anyone, Traffic: ir.AllTraffic(), Action: ir.Deny,
			Origin: ir.Origin{Kind: ir.FromDefault, Address: to.Address},
		}
		if !never {
			r.If = []ir.Condition{{Atom: "waypoint " + to.name + " reaches " + to.Address, Not: true}}
		}
		if never || !always {
			out = append(out, r)
		}
	}
	return out, nil
}
