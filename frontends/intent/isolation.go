package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// isolate finds the pods that are closed in each direction. A pod's default is
// the strictest among the workloads that match it and set one, else its
// namespace's, else the cluster's.
func (l *lowering) isolate() {
	l.closed = map[ir.Direction]*ir.Stage{ir.Egress: {Name: ir.StageRules}, ir.Ingress: {Name: ir.StageRules}}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		var own []string // namespaces that leave pods open by what they say themselves
		for _, ns := range l.cfg.Namespaces {
			if !managed(ns) {
				l.unmanagedDefault(ns, d)
				continue
			}
			l.near = ns.Range
			isolations, whole := namespaceIsolation(ns, d)
			for i := range isolations {
				isolations[i].Mode = l.namespaceMode(ns)
			}
			l.closed[d].Isolate = append(l.closed[d].Isolate, isolations...)
			if !whole {
				own = append(own, ns.Name)
			}
		}
		if l.cluster.DefaultDeny.Value.Has(d) {
			l.closed[d].Isolate = append(l.closed[d].Isolate, l.clusterIsolation(own))
		}
	}
}

// namespaceMode says whether the defaults of a namespace are enforced: as its
// rules are, unless they say otherwise.
func (l *lowering) namespaceMode(ns *Namespace) ir.Mode { return modeOn(ns, l.target) }

func modeOn(ns *Namespace, t *Target) ir.Mode {
	switch {
	case ns.Mode.Set:
		return ns.Mode.Value
	case t != nil && t.Mode.Set:
		return t.Mode.Value
	}
	return ir.Enforce
}

// StagedMTLS gives the addresses at which mutual TLS may be stated on a target and
// what is stated is staged, as the defaults there are. No engine has a trial of
// mutual TLS, so that it cannot be stated there yet.
func StagedMTLS(cfg *Config, t *Target) []string {
	var out []string
	if t != nil && t.Mode.Value == ir.Staged {
		out = append(out, "cluster")
	}
	for _, ns := range cfg.Namespaces {
		if modeOn(ns, t) != ir.Staged {
			continue
		}
		out = append(out, ns.Address)
		for _, w := range ns.Workloads {
			out = append(out, w.Address())
		}
	}
	return out
}

// unmanagedDNS warns of a workload's statement about DNS that has no effect:
// the cluster's default speaks of whole namespaces.
func (l *lowering) unmanagedDNS(ns *Namespace) {
	for _, w := range ns.Workloads {
		if w.DNS.Set && ns.From == "" {
			d := l.diags.Add(diag.UnmanagedDefault, w.DNS.Range, `Namespace "`+ns.Address+`" is not managed, so what is said of one workload's DNS has no effect.`,
				"Remove the argument, set `dns` on the namespace, or set `managed = true` to have the namespace's manifests here.")
			d.Address = w.Address()
		}
	}
}

// unmanagedDefault warns of a default that has no effect, once.
func (l *lowering) unmanagedDefault(ns *Namespace, d ir.Direction) {
	if ns.DefaultDeny.Set && ns.DefaultDeny.Value != ir.NoDirection && d == ir.Egress && ns.From == "" {
		dg := l.diags.Add(diag.UnmanagedDefault, ns.DefaultDeny.Range,
			`Namespace "`+ns.Address+`" is not managed, so its default_deny closes nothing.`,
			"Remove the argument, or set `managed = true` to have the namespace's manifests here.")
		dg.Address = ns.Address
	}
}

// namespaceIsolation gives the closed pods of a namespace in a direction, and
// whether that is the whole of it.
func namespaceIsolation(ns *Namespace, d ir.Direction) (out []ir.Isolation, whole bool) {
	deny := ir.Both
	at := ns.Range
	if ns.DefaultDeny.Set {
		deny, at = ns.DefaultDeny.Value, ns.DefaultDeny.Range
	}
	var closing, opening []ir.Pods
	for _, w := range ns.Workloads {
		if !w.DefaultDeny.Set {
			continue
		}
		pods := workloadPods(w)
		if !w.DefaultDeny.Value.Has(d) {
			opening = append(opening, pods)
			continue
		}
		closing = append(closing, pods)
		if !deny.Has(d) {
			out = append(out, ir.Isolation{
				Subject: ir.Subject{Pods: pods, Address: w.Address(), Kind: ir.SubjectWorkload},
				Origin:  ir.Origin{Kind: ir.FromDefault, Address: w.Address(), Range: w.DefaultDeny.Range},
			})
		}
	}
	if !deny.Has(d) {
		return out, false
	}
	origin := ir.Origin{Kind: ir.FromDefault, Address: ns.Address, Range: at}
	opening = ir.SubtractAll(opening, closing)
	for _, pods := range ir.SubtractAll([]ir.Pods{namespacePods(ns)}, opening) {
		kind := ir.SubjectInline
		if len(opening) == 0 {
			kind = ir.SubjectNamespace
		}
		out = append(out, ir.Isolation{Subject: ir.Subject{Pods: pods, Address: ns.Address, Kind: kind}, Origin: origin})
	}
	return out, len(opening) == 0
}

// clusterIsolation closes every pod of every namespace but the exempt ones and
// those that say otherwise themselves.
func (l *lowering) clusterIsolation(own []string) ir.Isolation {
	spared := slices.Clone(own)
	if l.cluster.Exempt.Set {
		spared = append(spared, l.cluster.Exempt.Value...)
	} else {
		spared = append(spared, l.cluster.DNS.Value.Namespace)
		if l.hasMesh() || l.cfg.Cluster.MeshRoot.Set {
			spared = append(spared, l.cluster.MeshRoot.Value)
		}
	}
	pods := ir.AllPods()
	pods.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: ir.NotOneOf(spared...)})
	mode := ir.Enforce
	if l.target != nil && l.target.Mode.Set {
		mode = l.target.Mode.Value
	}
	return ir.Isolation{
		Subject: ir.Subject{Pods: pods, Address: "cluster", Kind: ir.SubjectCluster}, Mode: mode,
		Origin: ir.Origin{Kind: ir.FromDefault, Address: "cluster", Range: l.cluster.DefaultDeny.Range},
	}
}

// companions adds the rules that keep DNS reachable wherever egress is closed
// and dns is not false, at both ends.
func (l *lowering) companions() {
	last := l.program.LastStage(ir.Egress)
	off, on := map[string][]ir.Pods{}, map[string][]ir.Pods{}
	without := map[string]bool{}
	for _, ns := range l.cfg.Namespaces {
		if ns.Match.Set || ns.Cluster.Set {
			continue
		}
		if !managed(ns) {
			l.unmanagedDNS(ns)
		}
		without[ns.Name] = ns.DNS.Set && !ns.DNS.Value
		for _, w := range ns.Workloads {
			switch {
			case !managed(ns):
			case w.DNS.Set && !w.DNS.Value:
				off[ns.Name] = append(off[ns.Name], workloadPods(w))
			case w.DNS.Set:
				on[ns.Name] = append(on[ns.Name], workloadPods(w))
			}
		}
	}
	var clients, proxied []ir.Pods // who asks DNS, and the mesh's control plane
	openings := l.dnsOpenings()
	for _, iso := range last.Isolate {
		parts := []ir.Pods{iso.Subject.Pods}
		if ns, single := iso.Subject.Pods.SingleNamespace(); single {
			if without[ns] {
				parts = intersections(parts, on[ns])
			}
			parts = ir.SubtractAll(parts, off[ns])
		} else {
			// The cluster's default covers declared namespaces too, which say
			// for themselves whether they have DNS.
			for _, n := range l.program.Inventory.Namespaces {
				if without[n.Name] || off[n.Name] != nil {
					parts = ir.SubtractAll(parts, []ir.Pods{ir.InNamespace(n.Name)})
				}
			}
		}
		for _, part := range parts {
			s := iso.Subject
			if !part.Equal(s.Pods) {
				s = ir.Subject{Pods: part, Address: iso.Subject.Address, Kind: ir.SubjectInline}
			}
			for _, opening := range openings {
				l.companion(ir.Egress, s, opening.peers, opening.traffic, iso, ir.ForDNS)
			}
			clients = append(clients, part)
		}
		if l.openMesh(iso) {
			proxied = append(proxied, iso.Subject.Pods)
		}
	}
	l.openDNS(clients)
	l.openIstiod(proxied)
	l.openWaypoints()
	l.openMetrics()
}

func (l *lowering) workloadRange(address string) diag.Range {
	for _, ns := range l.cfg.Namespaces {
		for _, w := range ns.Workloads {
			if w.Address() == address {
				return w.Range
			}
		}
	}
	return diag.Range{}
}

// openWaypoints lets the waypoint of a namespace in at its workloads' ports
// behind Services, in ambient: whom it speaks for the pods never see.
func (l *lowering) openWaypoints() {
	if l.target == nil || l.target.Mesh.Value.Name != string(profile.IstioAmbient) {
		return
	}
	opened := map[string]bool{}
	for i := range l.program.Inventory.Workloads {
		w := &l.program.Inventory.Workloads[i]
		ns, _ := l.program.Inventory.Namespace(w.Namespace)
		if ns.Waypoint == "" || !ns.Managed || !w.Mesh || len(w.Services) == 0 {
			continue
		}
		account, _ := ir.InNamespace(ns.Name).WithAccount(ir.OneOf(ns.Waypoint))
		peers, _ := ir.PeersOf(account)
		closing := ir.Isolation{Origin: ir.Origin{Address: w.Address, Range: l.workloadRange(w.Address)}}
		l.companion(ir.Ingress, ir.Subject{Pods: w.Pods, Address: w.Address, Kind: ir.SubjectWorkload}, peers, ir.PortTraffic(ir.TCP, w.Exposed()), closing, ir.ForWaypoint)
		if l.target.CNI.Value.Name != "" && !opened[ns.Name] {
			opened[ns.Name] = true
			closing.Origin.Address = ns.Address
			way := ir.Subject{Pods: ns.WaypointPods(), Address: ns.Address + "/" + ns.Waypoint, Kind: ir.SubjectWorkload}
			l.companion(ir.Egress, way, l.istiod(), ir.PortTraffic(ir.TCP, set.SinglePort(istiodPort)), closing, ir.ForMesh)
		}
	}
}

// openMetrics lets who reads the mesh's metrics reach the agents of sidecars, in
// a stack: at both ends.
func (l *lowering) openMetrics() {
	if !l.hasMesh() || l.target.CNI.Value.Name == "" || l.target.Mesh.Value.Name != string(profile.Istio) {
		return
	}
	for _, iso := range l.program.LastStage(ir.Ingress).Isolate {
		if l.outsideMesh(iso.Subject.Pods) {
			continue
		}
		for _, ref := range l.cluster.Metrics.Value {
			w, _ := ref.Peer.(*Workload)
			readers := ir.Subject{Pods: workloadPods(w), Address: w.Address(), Kind: ir.SubjectWorkload}
			from, _ := ir.PeersOf(readers.Pods)
			l.companion(ir.Ingress, iso.Subject, from, metricsPorts(), iso, ir.ForMetrics)
			if to, _ := ir.PeersOf(iso.Subject.Pods); managed(w.Namespace) {
				l.companion(ir.Egress, readers, to, metricsPorts(), iso, ir.ForMetrics)
			}
		}
	}
}

// metricsPorts is where a sidecar's agent gives metrics: merged with the
// application's, and Envoy's own (istio/istio, pkg/kube/inject).
func metricsPorts() ir.Traffic {
	return ir.PortTraffic(ir.TCP, set.SinglePort(15020).Union(set.SinglePort(15090)))
}

// istiod is the mesh's control plane.
func (l *lowering) istiod() ir.Peers {
	pods := ir.InNamespace(l.cluster.MeshRoot.Value)
	pods.Labels = ir.MatchLabels(map[string]string{istiodLabel: istiod})
	peers, _ := ir.PeersOf(pods)
	return peers
}

// companion puts an allow that another statement needs.
func (l *lowering) companion(d ir.Direction, s ir.Subject, peers ir.Peers, t ir.Traffic, of ir.Isolation, purpose string) {
	l.put(d, nil, ir.Rule{
		Subject: s, Peers: peers, Traffic: t, Action: ir.Allow, Mode: of.Mode,
		Origin: ir.Origin{Kind: ir.FromCompanion, Address: of.Origin.Address, Purpose: purpose, Range: of.Origin.Range},
	})
}

// opening is peers with the traffic that they are opened for.
type opening struct {
	peers   ir.Peers
	traffic ir.Traffic
}

// dnsOpenings gives what keeps DNS reachable: its pods on their port, and the
// node-local cache, which listens on the port that resolvers ask, 53.
func (l *lowering) dnsOpenings() []opening {
	dns := l.program.Inventory.Facts.DNS
	pods, _ := ir.PeersOf(dns.Pods)
	cache, ok := ir.PeersOf(ir.NodeLocal{Addresses: dns.NodeLocal})
	switch {
	case !ok:
		return []opening{{pods, dnsOn(dns.Port)}}
	case dns.Port == dnsPort:
		both, _ := ir.PeersOf(dns.Pods, ir.NodeLocal{Addresses: dns.NodeLocal})
		return []opening{{both, dnsOn(dnsPort)}}
	}
	return []opening{{pods, dnsOn(dns.Port)}, {cache, dnsOn(dnsPort)}}
}

// dnsPort is the port that resolvers ask unless told otherwise (RFC 1035).
const dnsPort = 53

func dnsOn(port uint16) ir.Traffic {
	return ir.PortTraffic(ir.TCP, set.SinglePort(port)).Or(ir.PortTraffic(ir.UDP, set.SinglePort(port)))
}

// The control plane that sidecars get their configuration and certificates
// from: the pods of istiod, by the label that its chart gives them, and its
// port for both (istio/istio manifests/charts/istio-control/istio-discovery).
const (
	istiodLabel = "app"
	istiod      = "istiod"
	istiodPort  = 15012
	istiodHooks = 15017 // of pods; the Service has 443
)

// openMesh lets the sidecars of closed pods reach their control plane, in a
// stack of a CNI and a mesh with sidecars: without it no pod becomes ready. It
// reports whether there are any.
func (l *lowering) openMesh(iso ir.Isolation) bool {
	if !l.hasMesh() || l.target.CNI.Value.Name == "" || l.target.Mesh.Value.Name != string(profile.Istio) {
		return false
	}
	parts, beyond := l.program.Inventory.Declared(iso.Subject.Pods)
	if !beyond && !slices.ContainsFunc(parts, func(p ir.NamespacePods) bool { return !l.outsideMesh(p.Pods) }) {
		return false
	}
	l.companion(ir.Egress, iso.Subject, l.istiod(), ir.PortTraffic(ir.TCP, set.SinglePort(istiodPort)), iso, ir.ForMesh)
	return true
}

// openIstiod opens the control plane's own ingress to the sidecars of closed
// pods, where it is closed. Like DNS it is open to no others by itself.
func (l *lowering) openIstiod(clients []ir.Pods) {
	if !l.hasMesh() || l.target.CNI.Value.Name == "" {
		return
	}
	closed, _ := l.program.Split(l.istiod().Pods()[0], l.program.LastStage(ir.Ingress))
	l.closedMesh = len(closed) > 0
	l.openClosed(closed, clients, ir.PortTraffic(ir.TCP, set.SinglePort(istiodPort)), ir.ForMesh)
}

// openDNS opens the DNS pods' own ingress to the clients, where it is closed.
// Open pods are no clients of it: who closes DNS says who else may ask.
func (l *lowering) openDNS(clients []ir.Pods) {
	dns := l.program.Inventory.Facts.DNS
	closed, _ := l.program.Split(dns.Pods, l.program.LastStage(ir.Ingress))
	if len(closed) == 0 {
		return
	}
	l.closedDNS = true
	l.openClosed(closed, clients, dnsOn(dns.Port), ir.ForDNS)
}

// openClosed opens pods that are closed on ingress to their clients.
func (l *lowering) openClosed(closed, clients []ir.Pods, t ir.Traffic, purpose string) {
	list := make([]ir.Peer, 0, len(clients))
	for _, c := range clients {
		list = append(list, c)
	}
	peers, ok := ir.PeersOf(list...)
	if !ok {
		return
	}
	for _, part := range closed {
		of := ir.Origin{Address: part.String()}
		if name, ok := part.SingleNamespace(); ok {
			of.Address = name
			if ns, declared := l.program.Inventory.Namespace(name); declared {
				of.Address = ns.Address
			}
		}
		closing := ir.Isolation{Origin: of, Mode: ir.Staged}
		for _, iso := range l.program.LastStage(ir.Ingress).Isolate {
			if iso.Mode == ir.Enforce && iso.Subject.Pods.Overlaps(part) {
				closing.Mode = ir.Enforce
			}
		}
		l.companion(ir.Ingress, l.subjectOf(part), peers, t, closing, purpose)
	}
}

// warnClosedDNS warns where DNS is closed and no rule lets every pod ask it.
func (l *lowering) warnClosedDNS() {
	if !l.closedDNS {
		return
	}
	everyone, _ := ir.PeersOf(ir.AllPods())
	query := ir.PortTraffic(ir.UDP, set.SinglePort(l.program.Inventory.Facts.DNS.Port))
	if l.letsIn(l.program.Inventory.Facts.DNS.Pods, everyone, query) {
		return
	}
	l.diags.Add(diag.ClosedSystem, l.closing(l.cluster.DNS.Value.Namespace), "The cluster's DNS is closed, and no rule lets every pod ask it.",
		"Pods that are closed themselves keep DNS. For the others add `allow cluster to dns { udp = [53] }` and the same for tcp, exempt the namespace, or set its `default_deny` to \"none\".")
}

// warnClosedMesh warns where the mesh's control plane is closed and no rule lets
// in who else needs it: sidecars of open pods, and the API server for its
// webhooks (istio/istio, manifests/charts/istio-control/istio-discovery,
// templates/service.yaml).
func (l *lowering) warnClosedMesh() {
	if !l.closedMesh {
		return
	}
	pods, api := ir.AllPods(), ir.APIServer{Addresses: l.program.Inventory.Facts.APIServer}
	var missing, rules []string
	for _, need := range []struct {
		peer    ir.Peer
		port    uint16
		who, as string
	}{{pods, istiodPort, "every pod", "cluster"}, {api, istiodHooks, "the API server", "apiserver"}} {
		peers, _ := ir.PeersOf(need.peer)
		if !l.letsIn(l.istiod().Pods()[0], peers, ir.PortTraffic(ir.TCP, set.SinglePort(need.port))) {
			missing = append(missing, fmt.Sprintf("%s reach TCP %d", need.who, need.port))
			rules = append(rules, fmt.Sprintf("`allow %s to istiod { tcp = [%d] }`", need.as, need.port))
		}
	}
	if missing == nil {
		return
	}
	l.diags.Add(diag.ClosedSystem, l.closing(l.cluster.MeshRoot.Value), "The mesh's control plane is closed, and no rule lets "+strings.Join(missing, ", or ")+".",
		"Sidecars of pods that are closed themselves keep it. Whatever other proxies there are need 15012, and webhooks, such as the injection of sidecars, 15017. Add "+strings.Join(rules, " and ")+", or set the namespace's `default_deny` to \"none\".")
}

// letsIn reports that a rule outside tiers opens all of the pods to the peers.
func (l *lowering) letsIn(pods ir.Pods, peers ir.Peers, t ir.Traffic) bool {
	return slices.ContainsFunc(l.rules[place{ir.Ingress, nil, ir.Allow}], func(r ir.Rule) bool {
		return r.Subject.Pods.Contains(pods) && r.Peers.Contains(peers) && r.Traffic.Contains(t)
	})
}

// closing is where a namespace is closed: where it is declared, else where the
// cluster's default is.
func (l *lowering) closing(namespace string) diag.Range {
	for _, ns := range l.cfg.Namespaces {
		if ns.Name == namespace && !ns.Cluster.Set {
			return ns.Range
		}
	}
	if l.cluster.Exempt.Set {
		return l.cluster.Exempt.Range
	}
	return l.cluster.DefaultDeny.Range
}

func intersections(a, b []ir.Pods) []ir.Pods {
	var out []ir.Pods
	for _, p := range a {
		for _, q := range b {
			if both, ok := p.And(q); ok {
				out = append(out, both)
			}
		}
	}
	return ir.Simplify(out)
}

func (l *lowering) dnsTraffic() ir.Traffic { return dnsOn(l.program.Inventory.Facts.DNS.Port) }

// closeTiers isolates, in a tier whose default is deny, the subjects of its
// rules, and demands that this does not cut DNS off.
func (l *lowering) closeTiers() {
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		var earlier []ir.Rule // allows and passes that come before the tier's end
		for _, t := range l.tiers() {
			var subjects []ir.Subject
			modes := map[string]ir.Mode{} // by subject: a staged rule closes in the preview only
			for _, a := range []ir.Action{ir.Deny, ir.Pass, ir.Allow} {
				for _, r := range l.rules[place{d, t, a}] {
					if !slices.ContainsFunc(subjects, func(s ir.Subject) bool { return s.Pods.Equal(r.Subject.Pods) }) {
						subjects = append(subjects, r.Subject)
						modes[r.Subject.Pods.String()] = r.Mode
					}
					if r.Mode == ir.Enforce {
						modes[r.Subject.Pods.String()] = ir.Enforce
					}
					if a != ir.Deny {
						earlier = append(earlier, r)
					}
				}
			}
			if !t.DefaultDeny {
				continue
			}
			s := l.stage(d, t.Name)
			for _, subject := range subjects {
				s.Isolate = append(s.Isolate, ir.Isolation{
					Subject: subject, Mode: modes[subject.Pods.String()],
					Origin: ir.Origin{Kind: ir.FromDefault, Address: t.Name, Range: t.Range},
				})
				if d == ir.Egress && !l.reachesDNS(subject, earlier) {
					dg := l.diags.Add(diag.TierCutsDNS, t.Range,
						`Tier "`+t.Name+`" denies by default what its rules do not allow, and so cuts DNS off for "`+subject.Address+`".`,
						"Add to the tier: `allow "+quoted(subject.Address)+" to dns { udp = [53] }` and the same for tcp.")
					dg.Address = t.Name
				}
			}
		}
	}
}

// foreseeTiers adds to what is closed the subjects that the defaults of tiers
// will close, so that a rule knows which of its ends enforces its requests.
func (l *lowering) foreseeTiers() {
	said := l.diags
	for _, t := range l.cfg.Tiers {
		for _, r := range l.rulesOf(t) {
			if !t.DefaultDeny || r.Action == ir.Log || l.mode(r) == ir.Staged {
				continue
			}
			l.near = r.Range
			from, to := l.endpoints(r, r.From, r.Except), l.endpoints(r, r.To, r.ExceptTo)
			if len(from) == 0 || len(to) == 0 {
				continue
			}
			origin := ir.Origin{Kind: ir.FromDefault, Address: t.Name, Range: t.Range}
			read := 0 // destinations where a deny of requests stands, and not at the sources
			for _, e := range to {
				if e.subject.Kind != 0 && !e.isNodes() && r.At.Value != Source && l.ours(e.subject.Pods) {
					l.closed[ir.Ingress].Isolate = append(l.closed[ir.Ingress].Isolate, ir.Isolation{Subject: e.subject, Origin: origin})
					read++
				}
			}
			if r.At.Value == Destination || r.Action == ir.Deny && (r.Traffic.HTTP != nil || r.Traffic.conditional()) && r.Traffic.UDP == nil && r.Traffic.SCTP == nil && r.Traffic.ICMP == nil && r.Traffic.ICMPv6 == nil && read == len(to) {
				continue
			}
			for _, e := range from {
				if e.subject.Kind != 0 && !e.isNodes() && l.ours(e.subject.Pods) {
					l.closed[ir.Egress].Isolate = append(l.closed[ir.Egress].Isolate, ir.Isolation{Subject: e.subject, Origin: origin})
				}
			}
		}
	}
	l.diags = said
}

func (l *lowering) stage(d ir.Direction, name string) *ir.Stage {
	stages := l.program.Stages(d)
	i := slices.IndexFunc(stages, func(s ir.Stage) bool { return s.Name == name })
	return &stages[i]
}

// reachesDNS reports whether one of the rules surely lets the subject reach
// DNS, or the subject is meant to have none.
func (l *lowering) reachesDNS(s ir.Subject, rules []ir.Rule) bool {
	dns, _ := ir.PeersOf(l.program.Inventory.Facts.DNS.Pods)
	query := ir.PortTraffic(ir.UDP, set.SinglePort(l.program.Inventory.Facts.DNS.Port))
	return slices.ContainsFunc(rules, func(r ir.Rule) bool {
		return r.Subject.Pods.Contains(s.Pods) && r.Peers.Contains(dns) && r.Traffic.Transport().Contains(query)
	}) || l.withoutDNS(s.Pods)
}

// withoutDNS reports whether every pod of the set is declared to have no DNS.
func (l *lowering) withoutDNS(pods ir.Pods) bool {
	for _, ns := range l.cfg.Namespaces {
		if ns.DNS.Set && !ns.DNS.Value && namespacePods(ns).Contains(pods) {
			return true
		}
		for _, w := range ns.Workloads {
			if w.DNS.Set && !w.DNS.Value && workloadPods(w).Contains(pods) {
				return true
			}
		}
	}
	return false
}
