package sem

import (
	"fmt"
	"net/netip"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The pool is small, so that what is drawn from it meets: every part of a rule
// is drawn from a few values, and flows from the same ones and their neighbours.

var (
	poolNamespaces = []string{"shop", "site", "stray", "waif"} // the first two may be declared
	poolValues     = map[string][]string{"app": {"web", "db", "api"}, "tier": {"x", "y"}, "role": {"edge", "work"}}
	poolClusters   = []string{"east", "west"}
	poolTeams      = []string{"a", "b"}
	poolAccounts   = []string{"s", "t"}
	poolPorts      = []uint16{53, 80, 443, 8080, 9000}
	poolNames      = []string{"api.example", "a.api.example", "b.a.api.example", "else.test"}
	poolMethods    = []string{"GET", "POST"}
	poolTargets    = []string{"/", "/a", "/a/b", "/a/b/c", "/ab", "/a?q", "/b|c"}
	poolHosts      = []string{"api.example", "API.example:80", "a.api.example", "else.test"}
	poolHeader     = []string{"v1", "v2", ""}
	poolCIDRs      = []string{"10.0.0.0/16", "10.0.1.0/24", "10.1.0.0/16", "192.0.2.0/24", "192.0.2.128/25", "fd00::/64", "2001:db8::/64", "169.254.20.10/32", "169.254.7.127/32"}
	poolAtoms      = []ir.Condition{{Atom: "x one"}, {Atom: "x two"}, {Atom: "x switch", Fact: "switch"}}
)

// draw draws from the pool. One part in so many hangs on a condition, 10 if it
// is 0.
type draw struct {
	*rapid.T
	conditional int
}

func (d draw) bool(odds int) bool { return d.below(odds) == 0 }

func (d draw) below(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "n") }

func of[T any](d draw, list []T) T { return list[d.below(len(list))] }

// some is a list of one to three.
func some[T any](d draw, list []T) []T {
	out := make([]T, 1+d.below(min(3, len(list))))
	for i := range out {
		out[i] = of(d, list)
	}
	return out
}

func must[T any](v T, ok bool) T {
	if !ok {
		panic("empty")
	}
	return v
}

func parsed[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func cidrs(texts ...string) set.Addresses {
	var out set.Addresses
	for _, text := range texts {
		out = out.Union(set.AddressesOf(netip.MustParsePrefix(text)))
	}
	return out
}

func (d draw) addresses() set.Addresses {
	a := cidrs(some(d, poolCIDRs)...)
	if d.bool(3) {
		a = a.Subtract(cidrs(of(d, poolCIDRs)))
	}
	if a.IsEmpty() {
		return cidrs(poolCIDRs[0])
	}
	return a
}

// pattern is a language over values, with a text that says what it is.
func (d draw) pattern(values []string) ir.Pattern {
	v := of(d, values)
	switch d.below(4) {
	case 0:
		return ir.Pattern{Text: v + "*", Language: set.Prefix(v)}
	case 1:
		return ir.Pattern{Text: "*" + v, Language: set.Suffix(v)}
	case 2:
		return ir.Pattern{Text: v + "*", Language: set.Containing(v)} // the text of another
	}
	return ir.Pattern{Text: "not " + v, Language: set.Literal(v).Complement()}
}

func (d draw) constraint(values []string) ir.Constraint {
	list := some(d, values)
	var c ir.Constraint
	switch d.below(8) {
	case 0:
		c = ir.NotOneOf(list...)
	case 1:
		c = ir.Present()
	case 2:
		c = ir.Absent()
	case 3:
		c = ir.OneOf(list...).Or(ir.Absent())
	case 4:
		c = ir.NotOneOf(list...).And(ir.Present())
	case 5:
		if c = ir.Matching(d.pattern(values)); d.bool(2) {
			c = c.Or(ir.Absent())
		}
	default:
		c = ir.OneOf(list...)
	}
	return c
}

func (d draw) pods() ir.Pods {
	p := ir.AllPods()
	switch d.below(6) {
	case 0:
	case 1:
		p.Namespace, _ = ir.Select(ir.Requirement{Key: "team", Constraint: d.constraint(poolTeams)})
	case 2:
		p.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: d.constraint(poolNamespaces)})
	case 3:
		p = ir.InNamespace(some(d, poolNamespaces)...)
		p.Namespace, _ = p.Namespace.And(must(ir.Select(ir.Requirement{Key: "team", Constraint: d.constraint(poolTeams)})))
	default:
		p = ir.InNamespace(some(d, poolNamespaces)...)
	}
	for _, key := range []string{"app", "tier"} {
		if d.bool(3) {
			p, _ = p.WithLabels(must(ir.Select(ir.Requirement{Key: key, Constraint: d.constraint(poolValues[key])})))
		}
	}
	if d.bool(8) {
		if q, ok := p.WithAccount(d.constraint(poolAccounts)); ok {
			p = q
		}
	}
	if d.bool(8) {
		if q, ok := p.At(d.addresses()); ok {
			p = q
		}
	}
	return p
}

func (d draw) subject() ir.Subject {
	s := ir.Subject{Pods: d.pods(), Kind: ir.SubjectInline}
	if d.bool(3) {
		s = ir.Subject{Pods: ir.InNamespace(of(d, poolNamespaces)), Kind: ir.SubjectNamespace}
	}
	if d.bool(6) {
		s = ir.Subject{Pods: ir.AllPods(), Kind: ir.SubjectCluster}
	}
	return s
}

func (d draw) peer() ir.Peer {
	switch d.below(17) {
	case 16:
		return ir.RemotePods{Clusters: of(d, []ir.Constraint{ir.Anything(), ir.OneOf("west"), ir.NotOneOf("east").And(ir.Present())}), Pods: d.pods()}
	case 0, 1:
		return ir.AnyPeer{}
	case 2:
		return ir.External{Addresses: d.addresses()}
	case 3:
		return ir.External{Addresses: set.AllAddresses()}
	case 4:
		return ir.Names{Patterns: d.names()}
	case 5:
		n := ir.Nodes{Own: d.bool(2), Other: true}
		if d.bool(2) {
			n.Except = d.addresses()
		}
		if d.bool(3) {
			n.Labels = d.role()
		}
		return n
	case 6:
		return ir.Nodes{Own: true}
	case 7:
		return ir.NodeLocal{Addresses: cidrs("169.254.20.10/32")}
	case 8:
		return ir.APIServer{}
	case 9:
		return ir.APIServer{Addresses: d.addresses()}
	case 10:
		return ir.Infrastructure{Name: of(d, []string{"", "health", "ingress"})}
	}
	return d.pods()
}

// role is a selector over labels of nodes.
func (d draw) role() ir.Selector {
	return must(ir.Select(ir.Requirement{Key: "role", Constraint: d.constraint(poolValues["role"])}))
}

// hosts makes the programs of nodes from drawn ones.
func (d draw) hosts() ir.Hosts {
	h := ir.Hosts{Egress: d.stages(), Ingress: d.stages()}
	subject := func(s *ir.Subject) {
		*s = ir.Subject{Kind: ir.SubjectNodes}
		if d.bool(2) {
			s.Nodes = d.role()
		}
	}
	for _, stages := range [][]ir.Stage{h.Egress, h.Ingress} {
		for i := range stages {
			for j := range stages[i].Isolate {
				subject(&stages[i].Isolate[j].Subject)
			}
			for l := range stages[i].Levels {
				for r := range stages[i].Levels[l].Rules {
					subject(&stages[i].Levels[l].Rules[r].Subject)
				}
			}
		}
	}
	return h
}

func (d draw) peers() ir.Peers {
	var list []ir.Peer
	if d.bool(8) {
		list = ir.Located(d.addresses())
	}
	for range 1 + d.below(2) {
		list = append(list, d.peer())
	}
	return must(ir.PeersOf(list...))
}

func (d draw) names() []ir.Name {
	var out []ir.Name
	for _, n := range some(d, poolNames) {
		switch d.below(4) {
		case 0:
			out = append(out, parsed(ir.ParseName("*."+n)))
		case 1:
			out = append(out, parsed(ir.ParseName("**."+n)))
		case 2:
			out = append(out, parsed(ir.NameRegexp(`[ab]\..*`)))
		default:
			out = append(out, parsed(ir.ParseName(n)))
		}
	}
	return out
}

func (d draw) portSet() set.Ports {
	first := of(d, poolPorts)
	if d.bool(3) {
		return set.PortsOf(set.PortRange{First: first, Last: first + 100})
	}
	p := set.SinglePort(first).Union(set.SinglePort(of(d, poolPorts)))
	if d.bool(6) {
		return p.Complement()
	}
	return p
}

func (d draw) icmp() ir.ICMP {
	if d.bool(4) {
		return ir.AnyICMP()
	}
	return ir.ICMPOf(ir.ICMPType{Type: of(d, []uint8{0, 3, 8}), Code: of(d, []int16{-1, 0, 4})}, ir.ICMPType{Type: 8, Code: of(d, []int16{-1, 0, 1})})
}

func (d draw) request() ir.Request {
	var paths []ir.Path
	for range 1 + d.below(2) {
		paths = append(paths, parsed(ir.ParsePath(of(d, []string{"/a", "/a/*", "/a/**", "/**", "~/a(/b)?", "~/[ab].*"}))))
	}
	if d.bool(3) {
		paths = []ir.Path{ir.AnyPath()}
	}
	var hosts []ir.Name
	if d.bool(3) {
		hosts = d.names()
	}
	var headers ir.Selector
	if d.bool(3) {
		headers = must(ir.Select(ir.Requirement{Key: "x-v", Constraint: d.constraint([]string{"v1", "v2"})}))
	}
	method := ir.Anything()
	if d.bool(2) {
		method = ir.OneOf(some(d, poolMethods)...)
	}
	r := must(ir.NewRequest(method, paths, hosts, headers))
	if d.bool(4) {
		p := d.pattern(poolTargets)
		r.Path = &p
	}
	if d.bool(6) {
		p := d.pattern(poolHosts)
		r.Host = &p
	}
	return r
}

func (d draw) traffic() ir.Traffic {
	t := d.transports()
	if d.bool(8) {
		if u, ok := t.WithSourcePorts(d.portSet()); ok {
			t = u
		}
	}
	switch d.below(8) {
	case 0, 1:
		t, _ = t.WithRequests(d.request(), d.request())
	case 2:
		t = t.Unread()
	}
	if d.bool(8) {
		t, _ = t.WithNames(d.names()...)
	}
	return t
}

func (d draw) transports() ir.Traffic {
	switch d.below(9) {
	case 0, 1:
		return ir.AllTraffic()
	case 2:
		return ir.ICMPTraffic(d.icmp(), d.icmp())
	case 3:
		return ir.NumberedTraffic(ir.NumbersOf(some(d, []uint8{47, 50, 112})...)).Or(ir.PortTraffic(ir.TCP, d.portSet()))
	case 4:
		named := ir.NamedPort{Protocol: of(d, ir.Protocols[:2]), Name: of(d, []string{"web", "pg", "nobody"})}
		return ir.NamedTraffic(named).Or(ir.PortTraffic(ir.TCP, d.portSet()))
	case 5:
		return ir.PortTraffic(ir.TCP, set.AllPorts()).Or(ir.PortTraffic(ir.SCTP, d.portSet()))
	}
	return ir.PortTraffic(of(d, ir.Protocols[:]), d.portSet())
}

func (d draw) conditions() []ir.Condition {
	if d.conditional == 0 {
		d.conditional = 10
	}
	if !d.bool(d.conditional) {
		return nil
	}
	out := some(d, poolAtoms)
	for i := range out {
		out[i].Not = d.bool(2)
	}
	return out
}

func (d draw) rule() ir.Rule {
	r := ir.Rule{
		Subject: d.subject(), Peers: d.peers(), Traffic: d.traffic(), If: d.conditions(),
		Action: of(d, []ir.Action{ir.Allow, ir.Allow, ir.Deny, ir.Pass, ir.Log}),
		Auth:   of(d, []ir.Auth{ir.AnyAuth, ir.AnyAuth, ir.AnyAuth, ir.AnyAuth, ir.MutualTLS, ir.Plaintext}),
	}
	if d.bool(10) {
		r.Mode = ir.Staged
	}
	return r
}

func (d draw) stages() []ir.Stage {
	out := make([]ir.Stage, d.below(3))
	for i := range out {
		out[i].Name = fmt.Sprint("stage", i)
		out[i].Levels = make([]ir.Level, 1+d.below(2))
		for j := range out[i].Levels {
			for range 1 + d.below(2) {
				out[i].Levels[j].Rules = append(out[i].Levels[j].Rules, d.rule())
			}
		}
		for range d.below(3) {
			iso := ir.Isolation{Subject: d.subject(), If: d.conditions()}
			if d.bool(8) {
				iso.Mode = ir.Staged
			}
			out[i].Isolate = append(out[i].Isolate, iso)
		}
	}
	return out
}

func (d draw) mtls() []ir.MTLS {
	modes := []ir.MTLSMode{ir.MTLSUnset, ir.MTLSDisable, ir.MTLSPermissive, ir.MTLSStrict, ir.MTLSStrict}
	var out []ir.MTLS
	for range d.below(4) {
		m := ir.MTLS{Subject: d.subject(), Mode: of(d, modes)}
		if d.bool(2) {
			m.Ports = []ir.PortMTLS{{Port: of(d, poolPorts), Mode: of(d, modes)}}
		}
		out = append(out, m)
	}
	return out
}

func (d draw) program(inv ir.Inventory) *ir.Program {
	p := &ir.Program{Egress: d.stages(), Ingress: d.stages(), Inventory: inv}
	if d.bool(4) {
		p.MTLS = d.mtls()
	}
	if d.bool(4) {
		p.Hosts = d.hosts()
	}
	if d.bool(5) {
		p.Via = &ir.Via{Destinations: []ir.Pods{d.pods(), d.pods()}, Egress: d.stages(), Ingress: d.stages()}
	}
	return p
}

func (d draw) policy(inv ir.Inventory) Policy {
	switch d.below(6) {
	case 0:
		return Policy{{d.program(inv), CNI}, {d.program(inv), Mesh}}
	case 1:
		return Policy{{d.program(inv), CNI}}
	case 2:
		return Policy{{d.program(inv), Mesh}}
	}
	return Policy{{d.program(inv), Everything}}
}

// variant is the policy with one rule dropped, or drawn anew: two policies that
// have nothing in common differ nearly everywhere.
func (d draw) variant(p Policy) Policy {
	out := make(Policy, len(p))
	for i, l := range p {
		out[i] = Layer{l.Program.Clone(), l.Scope}
	}
	all := out[d.below(len(out))].Program.All()
	if len(all) == 0 {
		return out
	}
	*of(d, all).Rule = d.rule()
	return out
}

func (d draw) inventory() ir.Inventory {
	inv := ir.Inventory{}
	accounts := d.bool(2)
	workload := func(ns, app string, account string) ir.Workload {
		w := ir.Workload{Address: ns + "/" + app, Name: app, Namespace: ns, Mesh: d.bool(2)}
		w.Pods = must(ir.InNamespace(ns).WithLabels(ir.MatchLabels(map[string]string{"app": app})))
		if accounts {
			w.Account = account
		}
		if d.bool(2) {
			w.Ports = append(w.Ports, ir.WorkloadPort{Name: "web", Number: of(d, []uint16{80, 8080}), Protocol: of(d, []ir.AppProtocol{ir.AppUnknown, ir.AppHTTP, ir.AppGRPC, ir.AppTCP})})
		}
		if d.bool(3) {
			w.Ports = append(w.Ports, ir.WorkloadPort{Name: "pg", Number: 9000, Protocol: ir.AppTLS})
		}
		return w
	}
	if d.bool(2) {
		inv.Namespaces = append(inv.Namespaces, ir.Namespace{Address: "shop", Name: "shop", Labels: map[string]string{"team": "a"}, Mesh: d.bool(2)})
		inv.Workloads = append(inv.Workloads, workload("shop", "db", "s"), workload("shop", "web", of(d, poolAccounts)))
	}
	if d.bool(2) {
		inv.Namespaces = append(inv.Namespaces, ir.Namespace{Address: "site", Name: "site", Labels: map[string]string{}, Mesh: d.bool(2)})
		inv.Workloads = append(inv.Workloads, workload("site", "web", ""))
	}
	if inv.Facts.ClusterMesh = d.bool(8); inv.Facts.ClusterMesh && d.bool(2) {
		inv.Facts.ClusterName = of(d, append(poolClusters, "south"))
	}
	if d.bool(6) {
		inv.Facts.Tunnel = ir.Tunnel{Port: 9000, Probes: cidrs("169.254.7.127/32")}
	}
	if inv.Facts.Waypoints = d.bool(4); d.bool(2) && len(inv.Namespaces) > 0 {
		inv.Namespaces[0].Waypoint = "t"
		for i := range inv.Workloads {
			inv.Workloads[i].Services = []ir.Service{{Name: "s"}}
		}
	}
	inv.Facts.OwnNodePasses = d.bool(3)
	if d.bool(5) {
		inv.Facts.Uncaptured = set.SinglePort(80)
	}
	if d.bool(6) {
		inv.Facts.Unmeshed = []string{"waif"}
	}
	if d.bool(2) {
		inv.Facts.PodCIDRs = cidrs("10.0.0.0/16", "fd00::/64")
	}
	if d.bool(2) {
		inv.Facts.NodeCIDRs = cidrs("10.1.0.0/16")
	}
	if d.bool(4) {
		inv.Facts.ServiceCIDRs = cidrs("192.0.2.128/25")
	}
	if d.bool(4) {
		inv.Facts.APIServer = cidrs("10.0.0.0/24")
	}
	if d.bool(2) {
		inv.Facts.DNS = ir.DNS{Port: 53, Pods: must(ir.InNamespace("waif").WithLabels(ir.MatchLabels(map[string]string{"app": "api"})))}
		if d.bool(2) {
			inv.Facts.DNS.NodeLocal = cidrs("169.254.20.10/32")
		}
	}
	return inv
}

func (d draw) options(inv *ir.Inventory) Options {
	o := Options{Inventory: inv, Scope: of(d, []Scope{Everything, CNI, Mesh}), Transports: d.bool(4), Plain: d.bool(4)}
	if o.Scope == Mesh && d.bool(2) {
		o.Uncaptured = set.SinglePort(8080)
	}
	return o
}
