package calico

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Where kube-controllers make host endpoints, every node has one for all of its
// interfaces, with the node's labels, this one, and the node's addresses to be
// selected by (kube-controllers/pkg/controllers/node/hostendpoints.go).
const (
	labelCreatedBy = "projectcalico.org/created-by"
	createdBy      = "calico-kube-controllers"
)

// isOfNode reports a host endpoint that every node has anyway.
func (l *lifting) isOfNode(labels map[string]string) bool {
	return l.hosts && labels[labelCreatedBy] == createdBy
}

// hostsOf gives the nodes whose host endpoints a selector selects.
func hostsOf(s *selector) []ir.Nodes {
	var out []ir.Nodes
	all := s.nodes(false)
	for i, n := range all {
		covers := func(m ir.Selector) bool { return m.Contains(n) }
		if !slices.ContainsFunc(all[:i], covers) && !slices.ContainsFunc(all[i+1:], func(m ir.Selector) bool { return covers(m) && !n.Contains(m) }) {
			out = append(out, ir.Nodes{Own: true, Other: true, Labels: n})
		}
	}
	return out
}

// nodes gives the selectors of nodes' labels whose union a selector is, at host
// endpoints.
func (s *selector) nodes(negated bool) []ir.Selector {
	switch {
	case s.op == opNot:
		return s.args[0].nodes(!negated)
	case s.op == opTest && negated:
		return onHosts(s.key, s.constraint.Not())
	case s.op == opTest:
		return onHosts(s.key, s.constraint)
	case (s.op == opAll || s.op == opGlobal) && !negated:
		return []ir.Selector{{}}
	case s.op == opAnd && !negated, s.op == opOr && negated:
		out := []ir.Selector{{}}
		for _, a := range s.args {
			out = crossNodes(out, a.nodes(negated))
		}
		return out
	}
	var out []ir.Selector
	for _, a := range s.args {
		if out = append(out, a.nodes(negated)...); len(out) > maxTerms {
			panic(tooMany{})
		}
	}
	return out
}

func crossNodes(a, b []ir.Selector) []ir.Selector {
	if len(a)*len(b) > maxTerms {
		panic(tooMany{})
	}
	var out []ir.Selector
	for _, x := range a {
		for _, y := range b {
			if both, some := x.And(y); some {
				out = append(out, both)
			}
		}
	}
	return out
}

// onHosts tests a label of a host endpoint, which has none of those that Calico
// gives to pods.
func onHosts(key string, c ir.Constraint) []ir.Selector {
	var labels ir.Selector
	var some bool
	switch {
	case key == labelCreatedBy:
		some = c.Matches(createdBy)
	case key == labelNamespace, key == labelOrchestrator, key == labelAccount,
		strings.HasPrefix(key, namespacePrefix), strings.HasPrefix(key, accountPrefix):
		some = c.MatchesAbsent()
	default:
		labels, some = ir.Select(ir.Requirement{Key: key, Constraint: c})
	}
	if !some {
		return nil
	}
	return []ir.Selector{labels}
}

// hostDecisions gives what a policy decides at host endpoints; nil where it
// selects none.
func (l *lifting) hostDecisions(p *policy, d ir.Direction) *decisions {
	if !l.hosts {
		return nil
	}
	nodes := hostsOf(p.governs())
	if nodes == nil {
		return nil
	}
	out := &decisions{}
	for _, n := range nodes {
		out.isolate = append(out.isolate, ir.Isolation{
			Subject: ofNodes(n.Labels), Mode: p.mode,
			Origin: ir.Origin{Kind: ir.FromDefault, Address: p.address(), Range: p.at},
		})
	}
	for i := range p.rules[d] {
		l.bounded(p.rules[d][i].at, func() {
			for _, n := range nodes {
				out.rules = append(out.rules, l.hostRules(p, d, i, n)...)
			}
		})
	}
	return out
}

func ofNodes(labels ir.Selector) ir.Subject {
	return ir.Subject{Kind: ir.SubjectNodes, Nodes: labels, Address: ir.Nodes{Own: true, Other: true, Labels: labels}.String()}
}

// hostRules gives what a written rule decides for nodes that its policy governs.
// An address that it asks of the node itself is a condition: subjects are nodes
// by label.
func (l *lifting) hostRules(p *policy, d ir.Direction, number int, governs ir.Nodes) []ir.Rule {
	r := &p.rules[d][number]
	made := ir.Rule{
		Action: r.action, Mode: p.mode,
		Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprintf("%s %s[%d]", p.address(), d, number), Range: r.at},
	}
	from, to := l.end(&r.source, p.namespace, source), l.end(&r.destination, p.namespace, destination)
	own, other, entity := to, from, &r.source
	if d == ir.Egress {
		own, other, entity = from, to, &r.destination
	}
	var out []ir.Rule
	for _, x := range r.pieces() {
		if x.named && d == ir.Ingress {
			continue // a host endpoint of kube-controllers has no ports with names
		}
		peers := other
		if x.named {
			peers = end{pods: to.named}
		}
		made.Traffic = x.traffic
		for _, n := range own.nodes {
			labels, some := n.Labels.And(governs.Labels)
			if !some || n.Except.IsAll() {
				continue
			}
			made.Subject = ofNodes(labels)
			when := x.when
			if !n.Except.IsEmpty() {
				when = append(slices.Clip(when), ir.Condition{Atom: "calico " + governed(d) + "'s address is in " + n.Except.Complement().String()})
			}
			out = append(out, towards(made, under(when, l.peers(entity, peers, r.version, d)))...)
		}
	}
	return out
}

// towards gives a rule of nodes for each of its peers. A node is not policed
// towards itself.
func towards(r ir.Rule, all []peers) []ir.Rule {
	var out []ir.Rule
	for _, p := range all {
		var list []ir.Peer
		for _, q := range p.list.List() {
			if n, ok := q.(ir.Nodes); ok {
				n.Own = false
				q = n
			}
			list = append(list, q)
		}
		some := false
		if r.Peers, some = ir.PeersOf(list...); some {
			r.If = p.when
			out = append(out, r)
		}
	}
	return out
}

// The ports that stay open at host endpoints, whatever policies say, unless
// Felix is told other ones (felix/config/config_params.go).
var failsafes = map[ir.Direction]ir.Traffic{
	ir.Ingress: portsOf(ir.TCP, 22, 179, 2379, 2380, 5473, 6443, 6666, 6667).Or(portsOf(ir.UDP, 68)),
	ir.Egress:  portsOf(ir.TCP, 179, 2379, 2380, 5473, 6443, 6666, 6667).Or(portsOf(ir.UDP, 53, 67)),
}

func portsOf(p ir.Protocol, list ...uint16) ir.Traffic {
	var all set.Ports
	for _, n := range list {
		all = all.Union(set.SinglePort(n))
	}
	return ir.PortTraffic(p, all)
}

// hostStages gives the stages of host endpoints in a direction: none where no
// policy is about any, since those of kube-controllers are open then.
func (l *lifting) hostStages(d ir.Direction) []ir.Stage {
	var out []ir.Stage
	for i := range l.tiers {
		if s := l.tiers[i].stage(func(p *placed) *decisions { return p.hosts[d] }); len(s.Levels)+len(s.Isolate) > 0 {
			out = append(out, s)
		}
	}
	if out == nil {
		return nil
	}
	return append([]ir.Stage{alwaysOpen(d)}, out...)
}

// alwaysOpen is what no policy of host endpoints decides: the failsafe ports, and
// what a node and its own pods send each other. A node reaches those anyway, and
// what they send to it goes by their own policies and by Felix's
// defaultEndpointToHostAction (felix/rules/static.go, filterInputChain and
// filterOutputChain).
func alwaysOpen(d ir.Direction) ir.Stage {
	rule := func(peer ir.Peer, t ir.Traffic, address string, when ...ir.Condition) ir.Rule {
		peers, _ := ir.PeersOf(peer)
		return ir.Rule{
			Subject: ofNodes(ir.Selector{}), Peers: peers, Traffic: t, Action: ir.Allow, If: when,
			Origin: ir.Origin{Kind: ir.FromAxiom, Address: address},
		}
	}
	local := ir.Condition{Atom: "calico " + peerEnd(d) + " is a pod of the node itself"}
	return ir.Stage{Name: "(host endpoints)", Levels: []ir.Level{{Rules: []ir.Rule{
		rule(ir.AnyPeer{}, failsafes[d], "failsafe ports"), rule(ir.AllPods(), ir.AllTraffic(), "own pods", local),
	}}}}
}
