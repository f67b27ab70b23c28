package intent

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// rule lowers one rule to its two ends: the egress program of its sources and
// the ingress program of its destinations.
func (l *lowering) rule(r *Rule) {
	l.near = r.Range
	errors := l.diags.Count(diag.Error)
	l.nobody = nil
	from := l.endpoints(r, r.From, r.Except)
	to := l.endpoints(r, r.To, r.ExceptTo)
	if len(from) == 0 || len(to) == 0 {
		if l.diags.Count(diag.Error) == errors {
			l.noEnd(r)
		}
		return
	}
	if l.leavesOut(r, from) || l.leavesOut(r, to) {
		return
	}
	terms := l.terms(r)
	var dests []destination
	for _, e := range to {
		resolved, ok := l.resolvePorts(r, terms, e)
		if !ok {
			return
		}
		dests = append(dests, resolved...)
	}
	l.warnRewritten(r, to)
	w := &ruleLowering{lowering: l, rule: r, from: from, requests: terms.requests, names: terms.names, conditions: l.conditions(r)}
	w.sent = w.sourcePeers()
	l.opensOffered(r, w.sent, &terms, dests)
	for _, d := range dests {
		w.destination(d)
	}
	w.sources()
	w.warn()
	l.opensCluster(r)
}

// leavesOut refuses a deny, pass or log for every namespace of which an
// exception leaves a part that lies in an unmanaged one: for all of it a policy
// for the cluster would stand, and in that namespace nothing is emitted.
func (l *lowering) leavesOut(r *Rule, ends []endpoint) bool {
	for _, e := range ends {
		if r.Action == ir.Allow || !e.cut || l.ours(e.subject.Pods) {
			continue
		}
		names, _ := e.subject.Pods.Names()
		l.at(r, l.diags.Add(diag.UnmanagedPart, e.at,
			fmt.Sprintf("Rule %q takes a part of namespace %q out of %q, and the rest of it could not be governed.", r.Address, first(names), e.text),
			"The namespace is not managed here, so nothing is emitted in it alone. Take the whole namespace out, or manage it."))
		return true
	}
	return false
}

// ruleLowering is the state of lowering one rule.
type ruleLowering struct {
	*lowering
	rule     *Rule
	from     []endpoint
	requests []ir.Request
	names    []ir.Name

	conditions [][]ir.Condition // alternatives; nil for none
	also       []ir.Condition   // those of the rule that is emitted now
	refused    bool             // which is reported

	sent     ir.Peers   // the sources, as the destinations' peers
	towards  []outgoing // what the sources' side carries
	emitted  bool
	loose    bool // some flow of the rule meets no restriction
	unopened []ir.Pods
}

// outgoing is a set of destinations with the traffic that the sources' egress
// carries towards them; restricted traffic is what only the sources can
// restrict.
type outgoing struct {
	peers      []ir.Peer
	traffic    ir.Traffic
	restricted bool
}

// destination lowers a destination's ingress, and notes what is left for the
// sources' egress. Requests are enforced once: where the destination's ingress
// is closed there, else at the source's egress.
func (w *ruleLowering) destination(d destination) {
	if d.isNodes() {
		if w.requests != nil || w.names != nil || w.conditions != nil {
			w.readByNodes(d.endpoint)
			return
		}
		if w.rule.At.Value != Source {
			w.emitHost(ir.Ingress, d.subject, w.sent, d.traffic)
		}
		w.toward(d.peer, d.traffic, false)
		return
	}
	governed := d.subject.Kind != 0 && w.rule.At.Value != Source
	read := (w.requests != nil || w.conditions != nil) && hasTCP(d.traffic)
	transport := d.traffic
	if !read {
		if governed {
			inbound := transport
			if w.names != nil && w.rule.Action != ir.Allow {
				inbound, _ = inbound.WithNames(w.names...) // a deny of all names would deny more
			}
			w.emit(ir.Ingress, d.subject, w.sent, inbound)
		}
		w.toward(d.peer, transport, w.names != nil)
		return
	}
	restricted := w.restrict(transport)
	if _, every := d.peer.(ir.AnyPeer); every && governed {
		// Of all that is anywhere, only pods have an ingress that reads requests.
		anywhere, _ := ir.PeersOf(d.peer)
		pods, _ := ir.PeersOf(ir.AllPods())
		rest, _ := w.everyone(anywhere).Subtract(pods)
		for _, p := range rest.List() {
			w.toward(p, transport, true)
		}
		d.peer = ir.AllPods()
	}
	if w.rule.Action != ir.Allow {
		// A deny of requests stands where they can be read, and nowhere as a
		// deny of their transport, which would deny more.
		if governed && w.ours(d.subject.Pods) {
			w.emitRestricted(ir.Ingress, d.subject, w.sent, restricted)
			if rest := withoutTCP(transport); !rest.IsEmpty() {
				w.toward(d.peer, rest, false) // of the rest nothing is to be read: it stands at both ends
			}
		} else {
			w.toward(d.peer, transport, true)
		}
		return
	}
	if !governed {
		w.toward(d.peer, transport, true)
		return
	}
	closed, open := w.program.Split(d.subject.Pods, w.closed[ir.Ingress])
	closed = slices.DeleteFunc(closed, func(p ir.Pods) bool { return !w.ours(p) })
	if len(closed) == 0 {
		w.emit(ir.Ingress, d.subject, w.sent, transport)
		w.toward(d.peer, transport, true)
		return
	}
	if len(open) == 0 {
		w.emitRestricted(ir.Ingress, d.subject, w.sent, restricted)
		w.toward(d.peer, transport, false)
		return
	}
	var shut []ir.Peer
	for _, part := range closed {
		w.emitRestricted(ir.Ingress, w.subjectOf(part), w.sent, restricted)
		w.toward(part, transport, false)
		shut = append(shut, part)
	}
	all, _ := ir.PeersOf(d.peer)
	taken, _ := ir.PeersOf(shut...)
	if rest, some := all.Subtract(taken); some {
		for _, p := range rest.List() {
			if pods, ok := p.(ir.Pods); ok { // a rule stands at both ends, closed or not
				w.emit(ir.Ingress, w.subjectOf(pods), w.sent, transport)
			}
			w.toward(p, transport, true)
		}
	}
}

// restrict is the traffic restricted to the rule's requests, where it has some.
func (w *ruleLowering) restrict(t ir.Traffic) ir.Traffic {
	if w.requests == nil || !hasTCP(t) {
		return t
	}
	t, _ = t.WithRequests(w.requests...)
	return t
}

func hasTCP(t ir.Traffic) bool {
	_, ok := t.Only(ir.TCP)
	return ok
}

func withoutTCP(t ir.Traffic) ir.Traffic {
	rest := ir.ICMPTraffic(t.ICMP())
	for _, p := range []ir.Protocol{ir.UDP, ir.SCTP} {
		if part, ok := t.Only(p); ok {
			rest = rest.Or(part)
		}
	}
	return rest
}

func (w *ruleLowering) sourcePeers() ir.Peers {
	list := make([]ir.Peer, 0, len(w.from))
	for _, e := range w.from {
		list = append(list, e.peer)
	}
	peers, _ := ir.PeersOf(list...)
	return peers
}

// toward notes a destination for the sources' egress, together with those of
// the same traffic.
func (w *ruleLowering) toward(p ir.Peer, t ir.Traffic, restricted bool) {
	key := t.String()
	for i := range w.towards {
		if o := &w.towards[i]; o.restricted == restricted && o.traffic.String() == key {
			o.peers = append(o.peers, p)
			return
		}
	}
	w.towards = append(w.towards, outgoing{[]ir.Peer{p}, t, restricted})
}

// sources lowers the sources' egress.
func (w *ruleLowering) sources() {
	for _, o := range w.towards {
		peers, ok := ir.PeersOf(o.peers...)
		if !ok {
			continue
		}
		for _, e := range w.from {
			governed := e.subject.Kind != 0 && w.rule.At.Value != Destination
			switch {
			case o.restricted && w.rule.knownInside():
				w.unreadable(w.rule.Traffic.conditionRange())
			case governed && e.isNodes() && o.restricted:
				w.readByNodes(e)
			case governed && e.isNodes():
				w.emitHost(ir.Egress, e.subject, peers, o.traffic)
			case !governed:
				w.loose = w.loose || o.restricted
			case o.restricted:
				w.restrictedEgress(e, peers, o.traffic)
			default:
				w.emit(ir.Egress, e.subject, peers, o.traffic)
			}
		}
	}
}

// restrictedEgress lowers an egress rule whose requests or names only this end
// restricts. Where the source's egress is open, an allow restricts nothing.
func (w *ruleLowering) restrictedEgress(e endpoint, peers ir.Peers, t ir.Traffic) {
	restricted := w.restrict(t)
	if w.names != nil {
		restricted, _ = restricted.WithNames(w.names...)
	}
	if w.rule.Action != ir.Allow {
		w.emitRestricted(ir.Egress, e.subject, peers, restricted)
		return
	}
	closed, open := w.program.Split(e.subject.Pods, w.closed[ir.Egress])
	w.loose = w.loose || len(open) > 0
	if len(closed) == 0 {
		w.emit(ir.Egress, e.subject, peers, t.Transport())
		return
	}
	if len(open) == 0 {
		w.emitRestricted(ir.Egress, e.subject, peers, restricted)
		return
	}
	for _, part := range closed {
		w.emitRestricted(ir.Egress, w.subjectOf(part), peers, restricted)
	}
	for _, part := range open {
		w.emit(ir.Egress, w.subjectOf(part), peers, t.Transport())
	}
}

// emit puts a rule into a program, unless nothing is emitted for its subject.
func (w *ruleLowering) emit(d ir.Direction, s ir.Subject, peers ir.Peers, t ir.Traffic) {
	r := w.rule
	if !w.ours(s.Pods) {
		if closed, _ := w.program.Split(s.Pods, w.closed[d]); len(closed) > 0 && r.Action == ir.Allow {
			w.unopened = append(w.unopened, closed...)
		}
		return
	}
	w.emitted = true
	w.put(d, r.Tier, w.lowered(s, peers, t))
}

// lowered is the rule as it stands at one end.
func (w *ruleLowering) lowered(s ir.Subject, peers ir.Peers, t ir.Traffic) ir.Rule {
	r := w.rule
	return ir.Rule{
		Subject: s, Peers: peers, Traffic: t, Action: r.Action, If: w.also, Log: r.Log.Value, Mode: w.mode(r),
		Origin: ir.Origin{Kind: ir.FromRule, Address: r.Address, Description: r.Description, Range: r.Range},
	}
}

// mode is the rule's own, else its namespace's, else the target's.
func (l *lowering) mode(r *Rule) ir.Mode {
	switch {
	case r.Mode.Set:
		return r.Mode.Value
	case r.Namespace != nil && r.Namespace.Mode.Set:
		return r.Namespace.Mode.Value
	case l.target != nil && l.target.Mode.Set:
		return l.target.Mode.Value
	}
	return ir.Enforce
}

func (w *ruleLowering) warn() {
	r := w.rule
	for _, pods := range ir.Simplify(w.unopened) {
		names, _ := pods.Names()
		w.at(r, w.diags.Add(diag.UnmanagedEnd, r.Range,
			fmt.Sprintf("Rule %q needs an opening in namespace %q, which is closed and not managed here.", r.Address, first(names)),
			"Nothing is emitted in an unmanaged namespace: its owner has to open it, or set `managed = true`."))
	}
	if !w.emitted && len(w.unopened) == 0 {
		w.nothing(r, "neither of its ends is one that a policy of this configuration governs")
		return
	}
	if w.loose && r.Action == ir.Allow {
		at, what := r.Range, "HTTP requests"
		if r.Traffic.SNI != nil {
			at, what = r.Traffic.SNI.Range, "names of TLS servers"
		} else if r.Traffic.HTTP != nil && w.requests != nil {
			at = r.Traffic.HTTP.Range
		} else if r.Traffic.DNS != nil {
			at, what = r.Traffic.DNS.Range, "DNS names"
		}
		w.at(r, w.diags.Add(diag.RestrictsNothing, at,
			fmt.Sprintf("Rule %q restricts %s, and some of its traffic meets no closed end that would.", r.Address, what),
			"Close the destination's ingress or the source's egress (`default_deny`), or drop the restriction."))
	}
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// noEnd says why a rule has no endpoint at one of its ends.
func (l *lowering) noEnd(r *Rule) {
	if l.nobody != nil {
		l.dropsOut(r)
		return
	}
	l.nothing(r, "after its exceptions no endpoint is left at one end")
}

func (l *lowering) nothing(r *Rule, why string) {
	l.at(r, l.diags.Add(diag.MatchesNothing, r.Range, fmt.Sprintf("Rule %q can match nothing: %s.", r.Address, why),
		"Remove the rule, or check the names at both of its ends."))
}

// opensCluster warns of an allow to every pod that stands at both ends.
func (l *lowering) opensCluster(r *Rule) {
	if r.Action != ir.Allow || r.At.Set || r.Tier != nil {
		return
	}
	i := slices.IndexFunc(r.To, func(ref PeerRef) bool { return ref.Peer == Peer(Cluster) || ref.Peer == Peer(Anywhere) })
	if i < 0 {
		return
	}
	opened := 0
	for _, ns := range l.program.Inventory.Namespaces {
		if closed, _ := l.program.Split(ir.InNamespace(ns.Name), l.closed[ir.Ingress]); ns.Managed && len(closed) > 0 {
			opened++
		}
	}
	if opened > 0 {
		l.at(r, l.diags.Add(diag.OpensCluster, r.To[i].Range,
			fmt.Sprintf("Rule %q stands at both ends and so opens the ingress of %s.", r.Address, count(opened, "closed namespace")),
			"Where only the sender is to be opened, add `at = \"source\"`; where this is meant, `at = \"both\"`."))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
