package lower

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// tunnel makes a CNI's part of a program one about what is on the wire, beneath
// a mesh that wraps TCP between its pods into connections to one port (istio/
// istio, architecture/ambient/ztunnel.md): what is allowed between them is
// allowed to that port, and which port it was for is the mesh's to decide. What
// is not known to be in the mesh gets both.
func tunnel(p *ir.Program) *ir.Program {
	q := p.Clone()
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		stages := q.Stages(d)
		for i := range stages {
			for l := range stages[i].Levels {
				level := &stages[i].Levels[l]
				var rules []ir.Rule
				for _, r := range level.Rules {
					if r.Origin.Purpose != ir.ForWaypoint { // see openWaypoints
						rules = append(rules, wired(&q.Inventory, r, d)...)
					}
				}
				level.Rules = rules
			}
			if d == ir.Ingress {
				openProbes(&stages[i], &q.Inventory)
			}
		}
	}
	openWaypoints(p, q)
	q.Index()
	return q
}

// wired gives a rule as rules about what is on the wire.
func wired(inv *ir.Inventory, r ir.Rule, d ir.Direction) []ir.Rule {
	if d == ir.Ingress && r.Action == ir.Deny {
		var left bool
		if r.Peers, left = withoutProbes(inv, r.Peers); !left {
			return nil
		}
	}
	tcp, some := r.Traffic.Only(ir.TCP)
	in, out := Membership(inv, r.Subject.Pods)
	if !some || !in || tcp.Ports(ir.TCP).IsAll() && tcp.Requests() == nil && tcp.Names() == nil {
		return []ir.Rule{r}
	}
	ends := parted(inv, r.Peers, d, out)
	var rules []ir.Rule
	if peers, some := ir.PeersOf(ends.plain...); some {
		plain := r
		plain.Peers = peers
		rules = append(rules, plain)
	}
	if peers, some := ir.PeersOf(ends.sure...); some {
		if rest := withoutTCP(r.Traffic); !rest.IsEmpty() {
			other := r
			other.Peers, other.Traffic = peers, rest
			rules = append(rules, other)
		}
	}
	peers, some := ir.PeersOf(ends.wrapped...)
	if !some || r.Action != ir.Allow {
		return rules // of a deny or a pass the CNI cannot tell the port
	}
	wrapped := r
	wrapped.Peers, wrapped.Traffic = peers, ir.PortTraffic(ir.TCP, set.SinglePort(inv.Facts.Tunnel.Port))
	if d == ir.Egress || !out {
		return append(rules, wrapped)
	}
	for _, part := range byMembership(inv, r.Subject.Pods) {
		if part.in {
			wrapped.Subject = ir.SubjectOf(part.pods)
			rules = append(rules, wrapped)
		}
	}
	return rules
}

// withoutProbes takes the addresses that nodes probe their pods from out of what
// is denied: no other endpoint has one, and probes pass whatever is denied.
func withoutProbes(inv *ir.Inventory, peers ir.Peers) (ir.Peers, bool) {
	probes, some := ir.PeersOf(ir.External{Addresses: inv.Facts.Tunnel.Probes})
	if !some {
		return peers, true
	}
	if peers.IsAny() {
		peers, _ = ir.PeersOf(ir.Everyone(inv.Facts.ClusterMesh)...)
	}
	return peers.Subtract(probes)
}

// ends is the peers of a rule: those that may send or take what is not wrapped,
// those that may be in the mesh, and those that surely are, of a subject that
// surely is too.
type ends struct{ plain, wrapped, sure []ir.Peer }

// parted parts peers by their membership. At the port of the tunnel nothing but
// the mesh listens on a pod of it, so that sources are let there that are not
// in it; a destination that is not would be opened.
func parted(inv *ir.Inventory, peers ir.Peers, d ir.Direction, subjectOut bool) ends {
	var e ends
	for _, p := range peers.List() {
		pods, is := p.(ir.Pods)
		if _, anyone := p.(ir.AnyPeer); !is {
			e.plain = append(e.plain, p)
			if anyone {
				pods, is = ir.AllPods(), true
			}
		}
		if !is {
			continue
		}
		for _, part := range byMembership(inv, pods) {
			_, podsPeer := p.(ir.Pods)
			switch {
			case podsPeer && (part.out || subjectOut):
				e.plain = append(e.plain, part.pods)
			case podsPeer:
				e.sure = append(e.sure, part.pods)
			}
			if part.in {
				e.wrapped = append(e.wrapped, part.pods)
			}
		}
	}
	return e
}

// member is pods of which some may be in the mesh, and some out of it.
type member struct {
	pods    ir.Pods
	in, out bool
}

// byMembership parts pods by what is known of their being in the mesh. Pods of
// namespaces of which nothing is known may be either.
func byMembership(inv *ir.Inventory, pods ir.Pods) []member {
	if in, out := Membership(inv, pods); in != out || !surelyParted(inv, pods) {
		return []member{{pods, in, out}}
	}
	var list []member
	rest := []ir.Pods{pods}
	take := func(of ir.Pods, in bool) {
		for _, r := range rest {
			if both, some := r.And(of); some {
				list = append(list, member{both, in, !in})
			}
		}
		rest = ir.SubtractAll(rest, []ir.Pods{of})
	}
	for i := range inv.Workloads {
		take(inv.Workloads[i].Pods, inv.Workloads[i].Mesh)
	}
	for i := range inv.Namespaces {
		take(ir.InNamespace(inv.Namespaces[i].Name), inv.Namespaces[i].Mesh)
	}
	if len(inv.Facts.Unmeshed) > 0 {
		take(ir.InNamespace(inv.Facts.Unmeshed...), false)
	}
	for _, r := range rest {
		list = append(list, member{r, true, true})
	}
	return merged(list)
}

// surelyParted reports that some of the pods are surely outside the mesh, so
// that it is worth to part them.
func surelyParted(inv *ir.Inventory, pods ir.Pods) bool {
	return slices.ContainsFunc(inv.Workloads, func(w ir.Workload) bool { return !w.Mesh && w.Pods.Overlaps(pods) }) ||
		slices.ContainsFunc(inv.Namespaces, func(n ir.Namespace) bool { return !n.Mesh && ir.InNamespace(n.Name).Overlaps(pods) }) ||
		slices.ContainsFunc(inv.Facts.Unmeshed, func(name string) bool { return ir.InNamespace(name).Overlaps(pods) })
}

// merged puts together what is in the mesh alike.
func merged(list []member) []member {
	var out []member
	for _, kind := range []member{{in: true}, {in: true, out: true}, {out: true}} {
		var pods []ir.Pods
		for _, m := range list {
			if m.in == kind.in && m.out == kind.out {
				pods = append(pods, m.pods)
			}
		}
		for _, p := range ir.Simplify(pods) {
			out = append(out, member{p, kind.in, kind.out})
		}
	}
	return out
}

// Membership says whether some of the pods may be in the mesh of a target that
// has one, and whether some may be out of it.
func Membership(inv *ir.Inventory, pods ir.Pods) (in, out bool) {
	parts, beyond := inv.Declared(pods)
	if beyond {
		names, named := pods.Names()
		in = !named || slices.ContainsFunc(names, func(n string) bool {
			_, declared := inv.Namespace(n)
			return !declared && !slices.Contains(inv.Facts.Unmeshed, n)
		})
		out = true
	}
	for _, part := range parts {
		rest := []ir.Pods{part.Pods}
		for i := range inv.Workloads {
			if w := &inv.Workloads[i]; w.Namespace == part.Namespace.Name && slices.ContainsFunc(rest, w.Pods.Overlaps) {
				in, out = in || w.Mesh, out || !w.Mesh
				rest = ir.SubtractAll(rest, []ir.Pods{w.Pods})
			}
		}
		if len(rest) > 0 {
			in, out = in || part.Namespace.Mesh, out || !part.Namespace.Mesh
		}
	}
	return in, out
}

// withoutTCP is the rest of a traffic.
func withoutTCP(t ir.Traffic) ir.Traffic {
	v4, v6 := t.ICMP()
	out := ir.ICMPTraffic(v4, v6).Or(ir.NumberedTraffic(t.Numbers()))
	for _, p := range []ir.Protocol{ir.UDP, ir.SCTP} {
		if part, some := t.Only(p); some {
			out = out.Or(part)
		}
	}
	return out
}

// openProbes lets a node reach its own pods of the mesh where a stage closes
// them: the CNI does not know it by the address that it comes from (istio.io,
// docs/ambient/usage/networkpolicy).
func openProbes(s *ir.Stage, inv *ir.Inventory) {
	peers, some := ir.PeersOf(ir.NodeLocal{Addresses: inv.Facts.Tunnel.Probes})
	if !some {
		return
	}
	var rules []ir.Rule
	for _, iso := range s.Isolate {
		if in, _ := Membership(inv, iso.Subject.Pods); in {
			origin := iso.Origin
			origin.Kind, origin.Purpose = ir.FromCompanion, ir.ForProbes
			rules = append(rules, ir.Rule{Subject: iso.Subject, Peers: peers, Traffic: ir.AllTraffic(), Action: ir.Allow, Mode: iso.Mode, Origin: origin})
		}
	}
	if rules == nil {
		return
	}
	if len(s.Levels) == 0 {
		s.Levels = []ir.Level{{}}
	}
	last := &s.Levels[len(s.Levels)-1]
	last.Rules = append(last.Rules, rules...)
}

// openWaypoints opens the way through waypoints: who may reach a workload behind
// one may reach the waypoint, and that the workload. Whom the waypoint speaks for
// is the mesh's to decide.
func openWaypoints(asked, wired *ir.Program) {
	inv := &wired.Inventory
	tunnelled := ir.PortTraffic(ir.TCP, set.SinglePort(inv.Facts.Tunnel.Port))
	said := map[string]bool{} // one waypoint is before several workloads
	add := func(d ir.Direction, s ir.Subject, peers ir.Peers, o ir.Origin) {
		last, key := wired.LastStage(d), fmt.Sprint(d, s.Pods, peers, o.Kind, o.Address)
		if last == nil || said[key] {
			return
		}
		said[key] = true
		if len(last.Levels) == 0 {
			last.Levels = []ir.Level{{}}
		}
		level := &last.Levels[len(last.Levels)-1]
		level.Rules = append(level.Rules, ir.Rule{Subject: s, Peers: peers, Traffic: tunnelled, Action: ir.Allow, Origin: o})
	}
	var all []behind
	in := map[string][]behind{} // by namespace
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		ns, is := inv.Behind(w)
		if !is {
			continue
		}
		b := behind{workload: w.Pods, waypoint: ir.Subject{Pods: ns.WaypointPods(), Address: ns.Address + "/" + ns.Waypoint, Kind: ir.SubjectWorkload}}
		b.way, _ = ir.PeersOf(b.waypoint.Pods)
		all, in[w.Namespace] = append(all, b), append(in[w.Namespace], b)
		to, _ := ir.PeersOf(w.Pods)
		companion := ir.Origin{Kind: ir.FromCompanion, Address: w.Address, Purpose: ir.ForWaypoint}
		add(ir.Egress, b.waypoint, to, companion)
		add(ir.Ingress, ir.Subject{Pods: w.Pods, Address: w.Address, Kind: ir.SubjectWorkload}, b.way, companion)
	}
	among := func(pods ir.Pods) []behind {
		if name, single := pods.SingleNamespace(); single {
			return in[name]
		}
		return all
	}
	for _, d := range asked.All() {
		r := d.Rule
		if _, tcp := r.Traffic.Only(ir.TCP); r.Action != ir.Allow || !tcp || r.Origin.Purpose == ir.ForWaypoint {
			continue
		}
		if d.Direction == ir.Ingress {
			senders, some := mayBeMeshed(inv, r.Peers)
			for _, b := range among(r.Subject.Pods) {
				if some && r.Subject.Pods.Overlaps(b.workload) {
					add(ir.Ingress, b.waypoint, senders, r.Origin)
				}
			}
			continue
		}
		to := r.Peers.Pods()
		if r.Peers.IsAny() {
			to = []ir.Pods{ir.AllPods()}
		}
		for _, pods := range to {
			for _, b := range among(pods) {
				if pods.Overlaps(b.workload) {
					add(ir.Egress, r.Subject, b.way, r.Origin)
				}
			}
		}
	}
}

// behind is a workload behind a waypoint.
type behind struct {
	workload ir.Pods
	waypoint ir.Subject
	way      ir.Peers // the waypoint's pods
}

// mayBeMeshed gives the peers that may be pods of the mesh.
func mayBeMeshed(inv *ir.Inventory, peers ir.Peers) (ir.Peers, bool) {
	var list []ir.Peer
	for _, p := range peers.List() {
		switch p := p.(type) {
		case ir.AnyPeer:
			list = append(list, ir.AllPods())
		case ir.Pods:
			if in, _ := Membership(inv, p); in {
				list = append(list, p)
			}
		case ir.RemotePods, ir.External, ir.Names, ir.Nodes, ir.NodeLocal, ir.APIServer, ir.Infrastructure:
		}
	}
	return ir.PeersOf(list...)
}
