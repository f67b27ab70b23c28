package istio

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// served is a workload that is reached through its namespace's waypoint by its
// Services.
type served struct {
	*ir.Workload
	waypoint string
}

// behindWaypoints gives the workloads for which waypoints decide, in ambient, of
// the namespaces that are managed here.
func (l *lowering) behindWaypoints() []served {
	if !l.ambient {
		return nil
	}
	var out []served
	for i := range l.inv.Workloads {
		w := &l.inv.Workloads[i]
		if ns, ok := l.inv.Behind(w); ok && ns.Managed {
			out = append(out, served{w, ns.Waypoint})
		}
	}
	return out
}

// throughWaypoints makes what waypoints decide: policies at the Services, with
// everything that the workload's rules say of the Service's ports. What goes to
// the pods themselves is ztunnel's: it lets the waypoint in and who has a rule
// without requests, and never learns whom the waypoint speaks for (istio.io,
// docs/ambient/usage/l4-policy).
func (l *lowering) throughWaypoints() {
	all := l.behindWaypoints()
	if len(all) == 0 {
		return
	}
	if l.reachable(all) {
		for _, s := range all {
			for _, service := range s.Services {
				l.atService(s, service)
			}
		}
	}
	l.program = l.pastWaypoints(all)
}

// reachable refuses Services of which the pods' ports do not say by which port
// they were reached.
func (l *lowering) reachable(all []served) bool {
	ok := true
	owners := map[string]string{}
	refuse := func(s served, why, nearest string) {
		l.refuse(diag.CannotSay, ir.Origin{Kind: ir.FromDefault, Address: s.Address, Range: l.origin(s)}, why, nearest)
		ok = false
	}
	for _, s := range all {
		var seen set.Ports
		for _, service := range s.Services {
			key := s.Namespace + "/" + service.Name
			if other := owners[key]; other != "" && other != s.Address {
				refuse(s, "Service \""+service.Name+"\" is in front of "+other+" too, and a policy at it decides for both", "Give each workload Services of its own.")
			}
			owners[key] = s.Address
			for _, p := range service.Ports {
				if seen.Contains(p.Target) {
					refuse(s, fmt.Sprintf("port %d of its pods is behind several ports of Services, and which of them a connection came by is not known there", p.Target), "Give each port of a Service a port of the pods of its own.")
				}
				seen = seen.Union(set.SinglePort(p.Target))
			}
		}
	}
	return ok
}

// origin is where something of a workload's is written.
func (l *lowering) origin(s served) diag.Range {
	for _, d := range l.program.All() {
		if o := d.Rule.Origin; o.Purpose == ir.ForWaypoint && o.Address == s.Address {
			return o.Range
		}
	}
	return diag.Range{}
}

// pastWaypoints is what ztunnel decides: what is for some requests is the
// waypoints' alone. Where one of these is a deny, nobody may get past the waypoint
// at its ports.
func (l *lowering) pastWaypoints(all []served) *ir.Program {
	pods := make([]ir.Pods, len(all))
	denied := make([]set.Ports, len(all))
	for i, s := range all {
		pods[i] = s.Pods
		for _, d := range l.program.All() {
			r := d.Rule
			if d.Direction != ir.Ingress || r.Action != ir.Deny || !restricts(r) || !r.Subject.Pods.Overlaps(s.Pods) {
				continue
			}
			denied[i] = denied[i].Union(portsOf(r.Traffic).Intersect(s.Exposed()))
			if !l.closed(s.Pods) {
				l.refuse(diag.CannotSay, r.Origin, "it holds at the waypoint of "+s.Address+" only, and whoever gets past that finds these pods open",
					"Close their ingress with `default_deny`.")
			}
		}
	}
	q := l.program.Filter(func(d ir.Directed) bool {
		return d.Direction != ir.Ingress || !restricts(d.Rule) || !within(d.Rule.Subject.Pods, pods)
	})
	for _, d := range q.All() {
		for i := range all {
			if d.Direction == ir.Ingress && d.Rule.Action == ir.Allow && d.Rule.Origin.Kind != ir.FromAxiom && d.Rule.Origin.Purpose != ir.ForWaypoint {
				l.keepToWaypoint(d.Rule, &all[i], denied[i])
			}
		}
	}
	for i := range q.Ingress {
		for j := range q.Ingress[i].Levels {
			level := &q.Ingress[i].Levels[j]
			level.Rules = slices.DeleteFunc(level.Rules, func(r ir.Rule) bool { return r.Traffic.IsEmpty() })
		}
	}
	q.Index()
	return q
}

// closed reports that some stage closes all of the pods.
func (l *lowering) closed(pods ir.Pods) bool {
	for i := range l.program.Ingress {
		if _, open := l.program.Split(pods, &l.program.Ingress[i]); len(open) == 0 {
			return true
		}
	}
	return false
}

// keepToWaypoint takes ports out of an allow that ztunnel would have, so that it
// holds at the waypoint only.
func (l *lowering) keepToWaypoint(r *ir.Rule, s *served, denied set.Ports) {
	ports := portsOf(r.Traffic)
	if denied.Intersect(ports).IsEmpty() || !r.Subject.Pods.Overlaps(s.Pods) {
		return
	}
	meshed := len(r.Peers.Pods()) == len(r.Peers.List())
	for _, p := range r.Peers.Pods() {
		_, out := lower.Membership(l.inv, p)
		meshed = meshed && !out
	}
	if !meshed || !s.Pods.Contains(r.Subject.Pods) {
		l.refuse(diag.CannotSay, r.Origin, "a deny of requests at these ports of "+s.Address+" holds at its waypoint only, and who has this rule could get past that",
			"Let only workloads of the mesh in at these ports, with rules about "+s.Address+" alone.")
		return
	}
	r.Traffic = ir.PortTraffic(ir.TCP, ports.Subtract(denied))
}

// atService makes the policies at one Service.
func (l *lowering) atService(s served, service ir.Service) {
	v := newLowering(l.seenAt(s, service), l.target)
	v.ambient = false
	v.service = service.Name
	v.decide()
	l.said.Add(v.said.Diags)
	for key, p := range v.policies {
		l.waypointPolicies[key] = p
	}
	for key, a := range v.requestAuths {
		l.waypointAuths[key] = a
	}
}

// seenAt is what a waypoint decides for a Service: the rules about the workload,
// in the Service's ports. Only pods of the mesh come that way.
func (l *lowering) seenAt(s served, service ir.Service) *ir.Program {
	inv := *l.inv
	inv.Workloads = slices.Clone(inv.Workloads)
	for i := range inv.Workloads {
		if inv.Workloads[i].Address == s.Address {
			inv.Workloads[i].Ports = renumbered(s.Ports, service)
		}
	}
	q := &ir.Program{Inventory: inv}
	subject := ir.Subject{Pods: s.Pods, Address: s.Address, Kind: ir.SubjectWorkload}
	for _, stage := range l.program.Ingress {
		if stage.Name == ir.StageAxioms {
			continue
		}
		one := ir.Stage{Name: stage.Name, Order: stage.Order, Origin: stage.Origin}
		for _, level := range stage.Levels {
			var rules []ir.Rule
			for _, r := range level.Rules {
				if r, some := l.seenRule(r, s, service); some {
					r.Subject = subject
					rules = append(rules, r)
				}
			}
			if rules != nil {
				one.Levels = append(one.Levels, ir.Level{Rules: rules})
			}
		}
		for _, iso := range stage.Isolate {
			if iso.Subject.Pods.Overlaps(s.Pods) {
				iso.Subject = subject
				one.Isolate = append(one.Isolate, iso)
			}
		}
		if len(one.Levels)+len(one.Isolate) > 0 || one.Name == ir.StageRules {
			q.Ingress = append(q.Ingress, one)
		}
	}
	q.Index()
	return q
}

func (l *lowering) seenRule(r ir.Rule, s served, service ir.Service) (ir.Rule, bool) {
	tcp, some := r.Traffic.Only(ir.TCP)
	if !some || !r.Subject.Pods.Overlaps(s.Pods) || r.Origin.Purpose == ir.ForWaypoint {
		return r, false
	}
	if !r.Subject.Pods.Contains(s.Pods) {
		l.refuse(diag.CannotSay, r.Origin, "a waypoint decides for the Services of "+s.Address+", which reach all of its pods, and the rule is for some of them only",
			"Declare these pods as a workload with Services of their own.")
		return r, false
	}
	var peers []ir.Peer
	for _, p := range r.Peers.List() {
		switch p := p.(type) {
		case ir.AnyPeer:
			peers = append(peers, p)
		case ir.Pods:
			if in, _ := lower.Membership(l.inv, p); in {
				peers = append(peers, p)
			}
		case ir.RemotePods, ir.External, ir.Names, ir.Nodes, ir.NodeLocal, ir.APIServer, ir.Infrastructure:
		}
	}
	if r.Peers, some = ir.PeersOf(peers...); !some {
		if restricts(&r) {
			l.refuseRestriction(&r, "only pods of the mesh come through a waypoint, and none of its peers is one", "Take the peers into the mesh, or take the requests out of the rule.")
		}
		return r, false
	}
	ports := tcp.Ports(ir.TCP)
	if !ports.IsAll() {
		var seen set.Ports
		for _, p := range service.Ports {
			if ports.Contains(p.Target) {
				seen = seen.Union(set.SinglePort(p.Port))
			}
		}
		if seen.IsEmpty() {
			return r, false
		}
		renumbered := ir.PortTraffic(ir.TCP, seen)
		if tcp.Requests() != nil {
			renumbered, _ = renumbered.WithRequests(tcp.Requests()...)
		}
		tcp = renumbered
	}
	if r.Traffic = tcp; r.Action == ir.Deny && !r.Peers.IsAny() {
		r.Auth = ir.MutualTLS // nobody else comes this way
	}
	return r, true
}

// renumbered is the declared ports of a workload by a Service's numbers.
func renumbered(ports []ir.WorkloadPort, service ir.Service) []ir.WorkloadPort {
	var out []ir.WorkloadPort
	for _, p := range ports {
		for _, at := range service.Ports {
			if at.Target == p.Number {
				p.Number = at.Port
				out = append(out, p)
			}
		}
	}
	return out
}

// closeWaypoints closes every waypoint of the mesh where the cluster is closed:
// what closes pods is nothing to them (istio/istio,
// pilot/pkg/model/policyattachment.go).
func (l *lowering) closeWaypoints() {
	if !l.rootClosed || len(l.behindWaypoints()) == 0 {
		return
	}
	at := l.root
	at.name += "--waypoints"
	at.target = target{group: "gateway.networking.k8s.io", kind: "GatewayClass", name: "istio-waypoint"}
	p := l.policies[l.root.namespace+"/"+l.root.name+allowing.suffix()]
	l.waypointPolicies[at.namespace+"/"+at.name] = &policy{site: at, kind: allowing, origins: p.origins}
}
