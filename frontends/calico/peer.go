package calico

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The ends of a flow, as conditions name them.
const (
	source      = "source"
	destination = "destination"
)

// end is the endpoints that an entity matches at one end of a flow. Selectors
// are sets of addresses in Calico, so that what is no pod is matched by address
// alone, and a pod by its labels or by its address.
type end struct {
	pods   []term
	nodes  []ir.Nodes    // own and other ones
	others set.Addresses // of what is outside the cluster
	rest   bool          // also what has no address in the model

	named []term // the pods whose names of ports count; among pods
}

func anyone() end {
	all := []term{{pods: ir.AllPods()}}
	return end{pods: all, named: all, nodes: nodesAt(set.AllAddresses()), others: set.AllAddresses(), rest: true}
}

// nodesAt gives the nodes with one of the addresses.
func nodesAt(a set.Addresses) []ir.Nodes {
	return []ir.Nodes{{Own: true, Other: true, Except: a.Complement()}}
}

// at narrows to what has one of the addresses.
func (e end) at(a set.Addresses) end {
	out := end{pods: at(e.pods, a), named: at(e.named, a), others: e.others.Intersect(a)}
	for _, n := range e.nodes {
		n.Except = n.Except.Union(a.Complement())
		out.nodes = append(out.nodes, n)
	}
	return out
}

func at(terms []term, a set.Addresses) []term {
	var out []term
	for _, t := range terms {
		if p, some := t.pods.At(a); some {
			out = append(out, term{p, t.when})
		}
	}
	return out
}

// end gives what an entity of a policy in the namespace matches
// (libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go,
// GetEntityRuleSelector; felix/calc/rule_scanner.go; felix/rules/policy.go).
func (l *lifting) end(e *entity, namespace, which string) end {
	out := l.selected(e, namespace, which)
	if e.restricted {
		out = out.at(e.nets)
	}
	if e.excepted {
		// A rule whose notNets are of one family does not exist for the other one
		// (felix/rules/policy.go, filterNets).
		family := set.AllIPv4()
		if !e.notNets.IPv6().IsEmpty() {
			family = set.AllIPv6()
		}
		out = out.at(family.Subtract(e.notNets))
	}
	return out
}

// selected gives what the selectors of an entity match. A notSelector beside
// others narrows them; alone, it is everything that is not in its set of
// addresses, the outside too.
func (l *lifting) selected(e *entity, namespace, which string) end {
	positive := e.positive(namespace)
	switch {
	case positive == nil && e.notSelector == nil:
		return anyone()
	case positive == nil:
		nets := l.located(e.notSelector, e.at)
		out := end{pods: not(e.notSelector).pods(which), nodes: nodesAt(set.AllAddresses()), others: set.AllAddresses(), rest: true}
		out.named = out.pods
		if l.hosts {
			out.nodes = hostsOf(not(e.notSelector))
		}
		if !nets.IsEmpty() {
			out = out.at(nets.Complement())
			out.rest = true
		}
		return out
	case e.notSelector != nil:
		positive = both(positive, not(e.notSelector))
	}
	out := end{pods: positive.pods(which), others: l.located(positive, e.at)}
	out.named, out.nodes = out.pods, nodesAt(out.others)
	if l.hosts {
		out.nodes = append(out.nodes, hostsOf(positive)...)
	}
	if pods, some := ir.AllPods().At(out.others); some {
		out.pods = simplified(append(slices.Clip(out.pods), term{pods: pods}))
	}
	return out
}

// positive gives the selector that an entity's endpoints are to satisfy; nil for
// none. In a namespace, any selector confines them to it.
func (e *entity) positive(namespace string) *selector {
	var endpoints *selector
	if e.accountSelector != nil {
		endpoints = e.accountSelector.prefixed(accountPrefix, "")
	}
	if len(e.accounts) > 0 {
		endpoints = both(endpoints, test(labelAccount, ir.OneOf(e.accounts...)))
	}
	endpoints = both(endpoints, e.selector)
	switch {
	case e.namespaceSelector != nil:
		return both(e.namespaceSelector.prefixed(namespacePrefix, labelNamespace), endpoints)
	case namespace != "" && (endpoints != nil || e.notSelector != nil):
		return both(test(labelNamespace, ir.OneOf(namespace)), endpoints)
	}
	return endpoints
}

// peers gives the peers of an end, those under conditions apart.
func (e *end) peers() []peers {
	var out []peers
	rest := byCondition(simplified(e.pods))
	if i := slices.IndexFunc(rest, func(g alike) bool { return len(g.when) == 0 }); i != 0 {
		// What is no pod is under no condition.
		others := alike{}
		if i > 0 {
			others = rest[i]
			rest = slices.Delete(rest, i, i+1)
		}
		rest = slices.Insert(rest, 0, others)
	}
	for i, g := range rest {
		var list []ir.Peer
		for _, p := range g.pods {
			list = append(list, p)
		}
		if i == 0 {
			list = e.unconditional(list)
		}
		if all, some := ir.PeersOf(list...); some {
			out = append(out, peers{all, g.when})
		}
	}
	return out
}

type peers struct {
	list ir.Peers
	when []ir.Condition
}

// unconditional adds what is no pod to the pods under no condition.
func (e *end) unconditional(pods []ir.Peer) []ir.Peer {
	out := slices.Clone(pods)
	for _, n := range e.nodes {
		out = append(out, n)
	}
	out = append(out, ir.External{Addresses: e.others})
	if !e.rest {
		return out
	}
	if e.others.IsAll() && len(pods) == 1 && pods[0].(ir.Pods).IsAll() && e.everyNode() {
		return []ir.Peer{ir.AnyPeer{}}
	}
	return append(out, ir.Infrastructure{})
}

func (e *end) everyNode() bool {
	return len(e.nodes) == 1 && e.nodes[0].Labels.IsEverything() && e.nodes[0].Except.IsEmpty()
}

// peers gives the peers of a rule: the other end as selectors and addresses have
// it, or the endpoints of a Service.
func (l *lifting) peers(e *entity, other end, version int, d ir.Direction) []peers {
	if e.service != nil {
		return l.servicePeers(e.service, d)
	}
	switch version {
	case 4:
		other = other.at(set.AllIPv4())
	case 6:
		other = other.at(set.AllIPv6())
	}
	return other.peers()
}

// servicePeers gives the endpoints of a Service. Only those of the API server's
// are known; at the destination they are endpoints with their ports, of which
// nothing is known.
func (l *lifting) servicePeers(s *service, d ir.Direction) []peers {
	if s.namespace == "" {
		return nil // no EndpointSlice is in no namespace
	}
	api := s.namespace == "default" && s.name == "kubernetes"
	out := peers{when: []ir.Condition{{Atom: "calico " + peerEnd(d) + " is an endpoint of Service " + s.namespace + "/" + s.name}}}
	var all ir.Peer = ir.AnyPeer{}
	if api {
		all = ir.APIServer{Addresses: l.facts.APIServer}
		if d == ir.Ingress {
			out.when = nil
		}
	}
	out.list, _ = ir.PeersOf(all)
	return []peers{out}
}

// peerEnd is the end of a flow that a direction's peers are at.
func peerEnd(d ir.Direction) string {
	if d == ir.Egress {
		return destination
	}
	return source
}
