package istio

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// target is what a policy for a waypoint stands at.
type target struct {
	group, kind, name string
	at                diag.Range
}

const (
	gatewayGroup  = "gateway.networking.k8s.io"
	waypointClass = "istio-waypoint"
)

// readTargets reads what a policy stands at; nil where it has no targets.
func readTargets(list manifest.Value) []target {
	var out []target
	for _, v := range list.Items() {
		t := target{at: v.Range()}
		v.Object(func(o *manifest.Object) {
			t.group, _ = o.Field("group").Text()
			t.kind, _ = o.Required("kind").Text()
			t.name, _ = o.Required("name").Text()
		})
		out = append(out, t)
	}
	return out
}

// served is a workload behind a waypoint, with the Services by which it is
// reached there: all of them, or the one that a policy stands at.
type served struct {
	workload *ir.Workload
	services []ir.Service
}

// behind gives the workloads that a waypoint decides for.
func (l *lifting) behind() []served {
	if !l.ambient {
		return nil
	}
	var out []served
	for i := range l.inventory.Workloads {
		w := &l.inventory.Workloads[i]
		if _, behind := l.inventory.Behind(w); behind {
			out = append(out, served{w, w.Services})
		}
	}
	return out
}

// at gives the workloads about which a policy with targets decides, as far as it
// is known: at a Service of its own namespace, at the waypoint there, or from the
// root namespace at every waypoint (istio/istio, pilot/pkg/model/policyattachment.go).
func (l *lifting) at(address, namespace string, t target) []served {
	var out []served
	for _, s := range l.behind() {
		ns, _ := l.inventory.Namespace(s.workload.Namespace)
		switch {
		case t.kind == "Service" && (t.group == "" || t.group == "core") && namespace == ns.Name:
			for _, service := range s.services {
				if service.Name == t.name {
					out = append(out, served{s.workload, []ir.Service{service}})
				}
			}
		case t.kind == "Gateway" && t.group == gatewayGroup && namespace == ns.Name && t.name == ns.Waypoint,
			t.kind == "GatewayClass" && t.group == gatewayGroup && namespace == l.root && t.name == waypointClass:
			out = append(out, s)
		}
	}
	if out == nil && (t.kind != "GatewayClass" || t.name != waypointClass) {
		l.refuse(t.at, fmt.Sprintf("%s stands at %s %q, of which nothing is known.", address, t.kind, t.name), atWaypoints)
	}
	return out
}

// attach lifts a policy with targets: what the waypoint does with it, which
// reads requests as every proxy does.
//
// The address that a connection is for is the Service's there, and not the pod's
// (istio/istio, pilot/pkg/xds/filters/filters.go, ConnectAuthorityFilter).
func (l *lifting) attach(p *policy) {
	for i := range p.rules {
		for _, m := range p.rules[i].all() {
			if m.key == keyDestinationIP {
				l.refuse(m.at, m.field+" is an address of a Service at a waypoint, and those are not known.", "Name the Service with `targetRefs`.")
				return
			}
		}
	}
	w := l.atWaypoint()
	for _, t := range p.targets {
		for _, s := range l.at(p.address(), p.namespace, t) {
			w.ports = func(ports set.Ports) set.Ports { return s.behind(ports) }
			w.lift(p, s.subject())
			if p.action == allow {
				w.closeServices(p, s)
			}
		}
	}
	w.ports = nil
}

// atWaypoint gives the lifting of what waypoints decide.
func (l *lifting) atWaypoint() *lifting {
	if l.waypoint == nil {
		w := *l
		w.ambient, w.levels, w.closed, w.customs, w.diags = false, [audit][]ir.Rule{}, nil, nil, nil
		l.waypoint = &w
	}
	return l.waypoint
}

func (s *served) subject() ir.Subject {
	return ir.Subject{Pods: s.workload.Pods, Address: s.workload.Address, Kind: ir.SubjectWorkload}
}

// attachedOnce refuses targets beside a selector, and where nothing is a waypoint.
func (l *lifting) attachedOnce(s *selector, targets []target) {
	if targets != nil && !l.ambient {
		l.refuse(targets[0].at, "What has targets, spec.targetRefs, cannot be judged here.", atWaypoints)
	}
	if s != nil && targets != nil {
		l.invalid(s.at, "There is a `selector` beside `targetRefs`.", "It stands at targets or selects pods. The API server rejects it.")
	}
}

// behind gives the pods' ports behind the Services' ports.
func (s *served) behind(ports set.Ports) set.Ports {
	var out set.Ports
	for _, service := range s.services {
		for _, p := range service.Ports {
			if ports.Contains(p.Port) {
				out = out.Union(set.SinglePort(p.Target))
			}
		}
	}
	return out
}

// closeServices closes what a policy stands at: the pods' ports behind it.
func (l *lifting) closeServices(p *policy, s served) {
	everyone, _ := ir.PeersOf(ir.AnyPeer{})
	l.closing = append(l.closing, ir.Rule{
		Subject: s.subject(),
		Peers:   everyone, Traffic: ir.PortTraffic(ir.TCP, s.behind(set.AllPorts())), Action: ir.Deny, Mode: p.mode(),
		Origin: ir.Origin{Kind: ir.FromDefault, Address: p.address(), Range: p.at},
	})
}

// via gives the way through the waypoints: what they let pass, and what ztunnel
// lets in from them. The way to a pod's port is by the one Service port that has
// it as its target.
func (l *lifting) via() *ir.Via {
	all := l.behind()
	if all == nil {
		return nil
	}
	w := l.atWaypoint()
	out := &ir.Via{}
	var shut []ir.Rule
	everyone, _ := ir.PeersOf(ir.AnyPeer{})
	for _, s := range all {
		out.Destinations = append(out.Destinations, s.workload.Pods)
		if rest := s.behind(set.AllPorts()).Intersect(l.admitted(s)).Complement(); !rest.IsEmpty() {
			shut = append(shut, ir.Rule{
				Subject: s.subject(),
				Peers:   everyone, Traffic: ir.PortTraffic(ir.TCP, rest), Action: ir.Deny,
				Origin: ir.Origin{Kind: ir.FromDefault, Address: s.workload.Address},
			})
		}
	}
	l.diags = append(l.diags, w.diags...)
	stage := ir.Stage{Name: ir.StageRules}
	for _, level := range slices.Concat([][]ir.Rule{shut}, w.levels[:], [][]ir.Rule{w.closing}) {
		if len(level) > 0 {
			stage.Levels = append(stage.Levels, ir.Level{Rules: level})
		}
	}
	out.Ingress = []ir.Stage{stage}
	return out
}

// admitted gives the ports on which ztunnel lets a workload's waypoint in.
func (l *lifting) admitted(s served) set.Ports {
	ns, _ := l.inventory.Namespace(s.workload.Namespace)
	account, _ := ir.InNamespace(ns.Name).WithAccount(ir.OneOf(ns.Waypoint))
	from, _ := ir.PeersOf(account)
	to, _ := ir.PeersOf(s.workload.Pods)
	var ports []uint16
	var claims []sem.Statement
	for _, service := range s.services {
		for _, p := range service.Ports {
			if slices.Contains(ports, p.Target) {
				l.undecided(diag.Range{}, fmt.Sprintf("Port %d of %s is behind several ports of Services.", p.Target, s.workload.Address),
					"Which of them a connection came by is not known at the pod. Give each Service port a port of the pods of its own.")
				continue
			}
			ports = append(ports, p.Target)
			for _, allowed := range []bool{true, false} {
				claims = append(claims, sem.Statement{Source: from, Destination: to, Traffic: ir.PortTraffic(ir.TCP, set.SinglePort(p.Target)), Allowed: allowed})
			}
		}
	}
	inv := *l.inventory
	inv.Facts.Waypoints = false // it is what the waypoint itself may send that is asked
	// A waypoint connects by HBONE alone, so that what plaintext would do is no matter.
	proven := *l.program
	proven.MTLS = []ir.MTLS{{Subject: ir.SubjectOf(ir.AllPods()), Mode: ir.MTLSStrict}}
	found, err := sem.Check(sem.Policy{{Program: &proven, Scope: sem.Mesh}}, claims, sem.Options{Inventory: &inv, Scope: sem.Mesh})
	var out set.Ports
	for i, port := range ports {
		switch {
		case err == nil && found[2*i] == nil:
			out = out.Union(set.SinglePort(port))
		case err != nil || found[2*i+1] != nil:
			l.undecided(diag.Range{}, fmt.Sprintf("Whether waypoint %q reaches port %d of %s is not told by one policy for all of its pods.", ns.Waypoint, port, s.workload.Address),
				"Let the account of the waypoint in with one policy that selects the workload.")
		}
	}
	return out
}
