package sem

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The world of these tests is small enough to try all of it: two namespaces with
// a waypoint each, one without, and pods that differ in all that the rules below
// can tell apart.

const (
	gateway = "gateway.networking.k8s.io/gateway-name"
	hbone   = 15008
)

var atWaypoint = []string{"way", "other"}

func podsWith(ns, key, value string) ir.Pods {
	p := ir.AllPods()
	if ns != "" {
		p = ir.InNamespace(ns)
	}
	return must(p.WithLabels(ir.MatchLabels(map[string]string{key: value})))
}

// behindWaypoints is an inventory of workloads of which some have Services.
func (d draw) behindWaypoints() ir.Inventory {
	inv := ir.Inventory{Facts: ir.Facts{
		Waypoints: true, Tunnel: ir.Tunnel{Port: hbone, Probes: cidrs("169.254.7.127/32")},
		PodCIDRs: cidrs("10.0.0.0/16", "fd00::/64"),
	}}
	for i, ns := range []string{"shop", "site"} {
		inv.Namespaces = append(inv.Namespaces, ir.Namespace{
			Address: ns, Name: ns, Labels: map[string]string{"team": of(d, poolTeams)}, Mesh: true, Waypoint: atWaypoint[i],
		})
		for _, app := range []string{"db", "web"} {
			w := ir.Workload{Address: ns + "/" + app, Name: app, Namespace: ns, Pods: podsWith(ns, "app", app), Account: app, Mesh: true}
			if !d.bool(4) {
				w.Services = []ir.Service{{Name: app, Ports: []ir.ServicePort{{Port: 80, Target: 80}}}}
			}
			inv.Workloads = append(inv.Workloads, w)
		}
	}
	return inv
}

// group is pods that a rule may be about. What tells one pod of a waypoint from
// another is drawn only where mixed is said.
func (d draw) group(mixed bool) ir.Pods {
	var team ir.Pods
	team.Account = ir.Anything()
	team.Namespace = must(ir.Select(ir.Requirement{Key: "team", Constraint: d.constraint(poolTeams)}))
	named := must(ir.AllPods().WithLabels(must(ir.Select(ir.Requirement{Key: gateway, Constraint: of(d, []ir.Constraint{ir.Present(), ir.Absent(), ir.NotOneOf("way")})}))))
	account := func(ns, name string) ir.Pods { return must(ir.InNamespace(ns).WithAccount(ir.OneOf(name))) }
	list := []ir.Pods{
		ir.AllPods(), ir.InNamespace("shop"), ir.InNamespace("site", "stray"), team, named,
		podsWith("shop", gateway, "way"), podsWith("shop", gateway, "way"),
		podsWith("site", gateway, "other"), podsWith("", gateway, "way"),
		podsWith("shop", gateway, "other"), account("shop", "way"), account("site", "other"), account("shop", "db"),
		must(ir.AllPods().At(cidrs("10.0.0.0/8", "fd00::/8"))),
	}
	if mixed {
		apart := must(ir.AllPods().WithLabels(must(ir.Select(ir.Requirement{Key: "app", Constraint: ir.NotOneOf("job")}))))
		list = append(list, apart, podsWith("", "app", "job"), podsWith("shop", "app", "db"),
			podsWith("shop", "app", "job"), podsWith("site", "app", "db"),
			must(ir.AllPods().At(cidrs("10.0.1.0/24"))), must(ir.AllPods().At(cidrs("0.0.0.0/0"))))
	}
	return of(d, list)
}

func (d draw) wireSubject(mixed bool) ir.Subject {
	return ir.Subject{Pods: d.group(mixed), Kind: ir.SubjectInline}
}

func (d draw) wireRule(mixed bool) ir.Rule {
	peers := []ir.Peer{d.group(mixed)}
	if d.bool(4) {
		peers = append(peers, of(d, []ir.Peer{ir.AnyPeer{}, d.group(mixed), ir.Nodes{Own: true}, ir.External{Addresses: set.AllAddresses()}}))
	}
	r := ir.Rule{
		Subject: d.wireSubject(mixed), Peers: must(ir.PeersOf(peers...)), Action: of(d, []ir.Action{ir.Allow, ir.Allow, ir.Allow, ir.Deny, ir.Pass, ir.Log}),
		Traffic: of(d, []ir.Traffic{
			ir.AllTraffic(), ir.PortTraffic(ir.TCP, set.SinglePort(hbone)), ir.PortTraffic(ir.TCP, set.SinglePort(hbone)),
			ir.PortTraffic(ir.TCP, set.AllPorts()), ir.PortTraffic(ir.TCP, set.SinglePort(80)), ir.PortTraffic(ir.UDP, set.AllPorts()),
			ir.PortTraffic(ir.TCP, set.SinglePort(hbone).Complement()),
		}),
	}
	if mixed && d.bool(6) {
		r.Traffic, _ = r.Traffic.WithSourcePorts(set.SinglePort(4000))
	}
	if mixed && d.bool(8) {
		r.If = []ir.Condition{{Atom: "x", Not: d.bool(2)}}
	}
	if d.bool(8) {
		r.Mode = ir.Staged
	}
	return r
}

func (d draw) wireStages(mixed bool) []ir.Stage {
	out := make([]ir.Stage, d.below(3))
	for i := range out {
		out[i].Levels = make([]ir.Level, 1+d.below(2))
		for j := range out[i].Levels {
			for range 1 + d.below(3) {
				out[i].Levels[j].Rules = append(out[i].Levels[j].Rules, d.wireRule(mixed))
			}
		}
		for range d.below(3) {
			out[i].Isolate = append(out[i].Isolate, ir.Isolation{Subject: d.wireSubject(mixed)})
		}
	}
	return out
}

// world is every pod of the mesh that the rules can tell apart.
func world(inv *ir.Inventory, addresses ...string) (senders, workloads, waypoints []Endpoint) {
	for i, ns := range []string{"shop", "site", "stray"} {
		var labels map[string]string
		if n, declared := inv.Namespace(ns); declared {
			labels = n.Labels
		}
		pod := func(account, address string, l map[string]string) Endpoint {
			return Endpoint{Namespace: ns, NamespaceLabels: labels, Labels: l, Account: account, Meshed: true, Address: netip.MustParseAddr(address)}
		}
		for _, app := range []string{"web", "db", "job"} {
			one := pod(app, addresses[0], map[string]string{"app": app})
			senders = append(senders, one)
			if w, known := inv.Workload(ns + "/" + app); known && len(w.Services) > 0 {
				workloads = append(workloads, one)
				for _, of := range []string{"way", "other", "else"} {
					if of != atWaypoint[i] {
						workloads = append(workloads, pod(app, addresses[0], map[string]string{"app": app, gateway: of}))
					}
				}
			}
		}
		if i == len(atWaypoint) {
			continue
		}
		for _, at := range addresses {
			for _, app := range []string{"", "api", "job"} { // what is labelled as a workload runs as it
				l := map[string]string{gateway: atWaypoint[i]}
				if app != "" {
					l["app"] = app
				}
				waypoints = append(waypoints, pod(atWaypoint[i], at, l))
			}
		}
	}
	return senders, workloads, waypoints
}

// hop reports whether a connection to the tunnel passes on the wire.
func hop(onWire *ir.Program, from, to Endpoint, sourcePort uint16, holds map[string]bool) bool {
	return Decide(Policy{{onWire, CNI}}, Flow{Source: from, Destination: to, Protocol: TCP, Port: hbone, SourcePort: sourcePort, Holds: holds}).Outcome == Allowed
}

// hops tries both connections of a flow through each pod of a waypoint, from each
// port that it may send from, with what may hold of what it sends. It reports
// whether some of these pass, and all.
func hops(onWire *ir.Program, f Flow, waypoints []Endpoint) (some, all bool) {
	all = true
	for _, x := range waypoints {
		if x.Namespace != f.Destination.Namespace {
			continue
		}
		first := hop(onWire, f.Source, x, f.SourcePort, f.Holds)
		for i, port := range []uint16{4000, 4000, 5000, 5000} {
			both := first && hop(onWire, x, f.Destination, port, map[string]bool{"x": i%2 == 0})
			some, all = some || both, all && both
		}
	}
	return some, all
}

// alike reports that a waypoint gets through to all pods of a workload or to none.
func alike(onWire *ir.Program, to Endpoint, workloads, waypoints []Endpoint) bool {
	seen := map[bool]bool{}
	for _, x := range waypoints {
		for _, y := range workloads {
			if x.Namespace == to.Namespace && y.Namespace == to.Namespace && y.Account == to.Account {
				seen[hop(onWire, x, y, 5000, nil)] = true
			}
		}
	}
	return len(seen) == 1
}

// TestThrough holds the way through waypoints to the two connections that it is
// on the wire, in a mesh that lets nobody past its waypoints.
func TestThrough(t *testing.T) {
	for _, mixed := range []bool{false, true} {
		t.Run(fmt.Sprintf("mixed=%t", mixed), func(t *testing.T) {
			seen := map[Outcome]int{}
			rapid.Check(t, func(rt *rapid.T) {
				d := draw{T: rt}
				inv := d.behindWaypoints()
				onWire := &ir.Program{Egress: d.wireStages(mixed), Ingress: d.wireStages(mixed), Inventory: inv}
				w := ir.Wire{Tunnel: inv.Facts.Tunnel}
				via, err := Through(onWire, w)
				if err != nil {
					rt.Fatal(err)
				}
				senders, workloads, waypoints := world(&inv, "10.0.1.1", "10.0.0.1", "10.0.2.1")
				if (via == nil) != (len(workloads) == 0) {
					rt.Fatal("a way to nobody, or none to somebody")
				}
				if via == nil {
					return
				}
				asked := onWire.Beneath(w)
				asked.Via = via
				mesh := &ir.Program{Inventory: inv, Via: &ir.Via{Destinations: via.Destinations}}
				mesh.Ingress = []ir.Stage{{Isolate: []ir.Isolation{{Subject: ir.SubjectOf(ir.AllPods())}}}}
				for _, from := range senders {
					for _, to := range workloads {
						f := Flow{Source: from, Destination: to, Protocol: TCP, Port: 80, SourcePort: of(d, []uint16{4000, 5000}), Authenticated: true, Holds: map[string]bool{"x": d.bool(2)}}
						got := Decide(Policy{{asked, CNI}, {mesh, Mesh}}, f).Outcome
						some, all := hops(onWire, f, waypoints)
						seen[got]++
						if got == Allowed && !all || got == Denied && some || got == Unknown && !mixed && alike(onWire, to, workloads, waypoints) {
							rt.Fatalf("%s is %s, and on the wire it passes by some pods of the waypoint %t, by all %t\n%s\n%s", f.Text(&inv), got, some, all, onWire.Text(), asked.Text())
						}
						straight := Decide(Policy{{onWire, CNI}}, wire(f, w)).Outcome == Allowed
						if both := Decide(Policy{{asked, CNI}}, f).Outcome; straight && both != Allowed || !straight && both != got {
							rt.Fatalf("%s is %s in all, straight %t, and %s through the waypoint", f.Text(&inv), both, straight, got)
						}
					}
				}
			})
			if seen[Allowed] == 0 || seen[Denied] == 0 || mixed && seen[Unknown] == 0 {
				t.Errorf("%v: too few to say anything", seen)
			}
			t.Log(seen)
		})
	}
}

// TestThroughOnly holds what cannot take the way through a waypoint to what it
// is without one.
func TestThroughOnly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{T: rt}
		inv := d.behindWaypoints()
		onWire := &ir.Program{Egress: d.wireStages(true), Ingress: d.wireStages(true), Inventory: inv}
		w := ir.Wire{Tunnel: inv.Facts.Tunnel}
		via, err := Through(onWire, w)
		if err != nil {
			rt.Fatal(err)
		}
		without := onWire.Beneath(w)
		with := onWire.Beneath(w)
		with.Via = via
		senders, workloads, _ := world(&inv, "10.0.1.1")
		for _, from := range senders {
			for _, to := range senders {
				for _, protocol := range []uint8{TCP, UDP} {
					behind := slices.ContainsFunc(workloads, func(e Endpoint) bool { return e.Namespace == to.Namespace && e.Account == to.Account })
					f := Flow{Source: from, Destination: to, Protocol: protocol, Port: 80, SourcePort: 4000, Authenticated: protocol == TCP && !behind, Holds: map[string]bool{"x": d.bool(2)}}
					if a, b := Decide(Policy{{with, CNI}}, f).Outcome, Decide(Policy{{without, CNI}}, f).Outcome; a != b {
						rt.Fatalf("%s is %s, and %s without waypoints", f.Text(&inv), a, b)
					}
				}
			}
		}
	})
}
