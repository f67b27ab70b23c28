package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// decodeOffer decodes what a namespace lets others open: an allow that stands
// nowhere and bounds others. Without from it is to anyone, without to of all of
// its pods.
func (l *loader) decodeOffer(el *element, b *block) {
	a := l.arguments(el.scope, b)
	if a.broken {
		return
	}
	n := el.ns
	if n.Match.Set || n.Cluster.Set {
		l.diags.Add(diag.Exclusive, b.header, "Namespaces of others or of another cluster offer nothing here.", "What they offer is for those to say who manage them.").Relate(n.Match.Range, "match").Relate(n.Cluster.Range, "cluster")
		return
	}
	r := &Rule{Action: ir.Allow, Namespace: n, Address: n.Address + "/offers", Range: b.header, Description: a.description()}
	r.From = []PeerRef{{Anywhere, "anywhere", b.header}}
	r.To = []PeerRef{{Self, "self", b.header}}
	ok := true
	for _, x := range []struct {
		name string
		to   *[]PeerRef
	}{{"from", &r.From}, {"to", &r.To}} {
		if v, named := a.value(x.name); named {
			list, good := v.peerList(x.name)
			*x.to, ok = list, ok && good
		}
	}
	ok = l.checkSenders(r.From) && l.checkOwn(el, r.To) && ok
	var good bool
	if r.Traffic, good = a.traffic(); ok && good {
		n.Offers = append(n.Offers, r)
	}
}

// checkOwn reports what a namespace offers and does not have.
func (l *loader) checkOwn(el *element, list []PeerRef) bool {
	ok := true
	for _, ref := range list {
		if !owns(el.ns, ref.Peer) {
			l.diags.Add(diag.OffersOthers, ref.Range, fmt.Sprintf("%q is not of namespace %q, which so cannot offer it.", ref.Text, el.ns.Address), "Name workloads of the namespace, or pods({ … }) in it.")
			ok = false
		}
	}
	return ok
}

// owns reports whether a peer is pods of the namespace and nothing else.
func owns(n *Namespace, p Peer) bool {
	switch p := p.(type) {
	case *Workload:
		return p.Namespace == n
	case *Namespace:
		return p == n
	case *Group:
		return !slices.ContainsFunc(p.Members, func(m PeerRef) bool { return !owns(n, m.Peer) })
	case InlinePods:
		return namespacePods(n).Contains(p.Pods)
	case Builtin:
		return p == Self
	}
	return false
}

// offering is a namespace that says what others may open of it.
type offering struct {
	ns     *Namespace
	closed []ir.Pods // of its pods, those whose ingress is closed
	allows []ir.Rule // what it offers

	opened []sem.Statement // what rules elsewhere open of it
	by     []*Rule         // by statement
}

// findOffers finds the namespaces that offer something. What is closed of one
// that is managed here the program says; of others', what they say themselves.
func (l *lowering) findOffers() {
	for _, ns := range l.cfg.Namespaces {
		if len(ns.Offers) == 0 {
			continue
		}
		o := &offering{ns: ns}
		if managed(ns) {
			o.closed, _ = l.program.Split(namespacePods(ns), l.closed[ir.Ingress])
		} else {
			isolations, _ := namespaceIsolation(ns, ir.Ingress)
			for _, i := range isolations {
				o.closed = append(o.closed, i.Subject.Pods)
			}
		}
		for _, r := range ns.Offers {
			o.allows = append(o.allows, l.offer(r)...)
		}
		if len(o.closed) > 0 {
			l.offerings = append(l.offerings, o)
		} else if ns.From == "" {
			l.at(ns.Offers[0], l.diags.Add(diag.OffersNothing, ns.Offers[0].Range, fmt.Sprintf("Namespace %q offers something, and its ingress is open to everybody.", ns.Address),
				"Close it with `default_deny`, or remove the block."))
		}
	}
}

// offer gives the allows that a namespace offers, none where nobody on the
// target is offered anything.
func (l *lowering) offer(r *Rule) []ir.Rule {
	said := len(l.diags)
	defer func() { // how a name is read is for those who write rules; of others' offers all is
		l.diags = append(l.diags[:said:said], slices.DeleteFunc(slices.Clone(l.diags[said:]), func(d diag.Diagnostic) bool {
			return d.Code == diag.PortNameDeclared || d.Severity != diag.Error && r.Namespace.From != ""
		})...)
	}()
	l.near = r.Range
	var out []ir.Rule
	from := l.endpoints(r, r.From, nil)
	if len(from) == 0 {
		return nil
	}
	peers := (&ruleLowering{from: from}).sourcePeers()
	terms := l.terms(r)
	for _, e := range l.endpoints(r, r.To, nil) {
		parts, _ := l.resolvePorts(r, terms, e)
		for _, d := range parts {
			out = append(out, ir.Rule{
				Subject: d.subject, Peers: peers, Traffic: terms.restrict(d.traffic), Action: ir.Allow,
				Origin: ir.Origin{Kind: ir.FromRule, Address: r.Address, Range: r.Range},
			})
		}
	}
	return out
}

// restrict is traffic with the rule's restrictions on requests and names.
func (t *terms) restrict(traffic ir.Traffic) ir.Traffic {
	if t.requests != nil && hasTCP(traffic) {
		traffic, _ = traffic.WithRequests(t.requests...)
	}
	if t.names != nil {
		traffic, _ = traffic.WithNames(t.names...)
	}
	return traffic
}

// opensOffered notes what a rule opens of namespaces that offer something. A rule of
// the namespace itself may open all of it.
func (l *lowering) opensOffered(r *Rule, sent ir.Peers, t *terms, dests []destination) {
	if r.Action != ir.Allow || r.At.Value == Source {
		return
	}
	for _, o := range l.offerings {
		if r.Namespace == o.ns {
			continue
		}
		for _, d := range dests {
			if d.subject.Kind == 0 || d.isNodes() {
				continue
			}
			traffic := t.restrict(d.traffic)
			for _, closed := range o.closed {
				if both, some := d.subject.Pods.And(closed); some {
					o.open(r, both, sent, traffic)
				}
			}
		}
	}
}

// open notes what of the pods no single offer has.
func (o *offering) open(r *Rule, pods ir.Pods, sent ir.Peers, t ir.Traffic) {
	if slices.ContainsFunc(o.allows, func(a ir.Rule) bool {
		return a.Subject.Pods.Contains(pods) && a.Peers.Contains(sent) && a.Traffic.Contains(t)
	}) {
		return
	}
	to, _ := ir.PeersOf(pods)
	o.opened = append(o.opened, sem.Statement{Source: sent, Destination: to, Traffic: t, Allowed: true})
	o.by = append(o.by, r)
}

// checkOffers reports rules that open more of a namespace than it offers: there
// is a flow of theirs that would not pass if the offers were all that is allowed.
func (l *lowering) checkOffers() {
	for _, o := range l.offerings {
		if len(o.opened) == 0 {
			continue
		}
		p := &ir.Program{Inventory: l.program.Inventory, Ingress: []ir.Stage{ir.Axioms(), {Name: ir.StageRules, Levels: []ir.Level{{Rules: o.allows}}}}}
		for _, pods := range o.closed {
			p.Ingress[1].Isolate = append(p.Ingress[1].Isolate, ir.Isolation{Subject: ir.SubjectOf(pods)})
		}
		found, err := sem.Check(sem.Policy{{Program: p}}, o.opened, sem.Options{Inventory: &p.Inventory})
		told := map[*Rule]bool{}
		for i, r := range o.by {
			switch {
			case told[r] || err == nil && found[i] == nil:
			case err != nil:
				told[r] = true
				l.beyond(o, r, "and that this is within what it offers is not proved: "+err.Error(), "Open what is offered in so many words.")
			default:
				told[r] = true
				l.beyond(o, r, "and this is not offered: "+found[i].Flow.Text(&p.Inventory), "Open no more than is offered, or have it offered.")
			}
		}
	}
}

func (l *lowering) beyond(o *offering, r *Rule, why, help string) {
	d := l.at(r, l.diags.Add(diag.BeyondOffers, r.Range, fmt.Sprintf("Rule %q opens namespace %q, %s.", r.Address, o.ns.Address, why),
		fmt.Sprintf("The namespace offers %s. %s", o.text(), help)))
	for _, offer := range o.ns.Offers {
		d.Relate(offer.Range, "offered here")
	}
}

// maxOffersShown is how many offers a message spells out.
const maxOffersShown = 4

// text says what is offered.
func (o *offering) text() string {
	var parts []string
	for _, a := range o.allows {
		text := fmt.Sprintf("%s to %s", a.Traffic, a.Subject.Address)
		if !a.Peers.IsAny() {
			text += " from " + a.Peers.String()
		}
		parts = append(parts, text)
	}
	if more := len(parts) - maxOffersShown; more > 0 {
		parts = append(parts[:maxOffersShown], fmt.Sprintf("%d more", more))
	}
	if parts == nil {
		return "nothing here"
	}
	return strings.Join(parts, "; ")
}
