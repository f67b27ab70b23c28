package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// nodesSubject is the declared nodes as what a rule governs.
func nodesSubject(n *NodeSet) ir.Subject {
	return ir.Subject{Kind: ir.SubjectNodes, Nodes: n.Labels.Value, Address: n.Address()}
}

// nodesEndpoint is nodes that a rule can govern, by their labels.
func nodesEndpoint(s ir.Subject, ref PeerRef) endpoint {
	return endpoint{peer: ir.Nodes{Own: true, Other: true, Labels: s.Nodes}, subject: s, text: ref.Text, at: ref.Range}
}

// isNodes reports that the endpoint is declared nodes, which rules govern in
// the programs of hosts.
func (e *endpoint) isNodes() bool { return e.subject.Kind == ir.SubjectNodes }

// subtractNodes takes nodes out of declared ones: what is left is nodes by
// labels again, and so governed. false where nothing of them is taken out.
func (l *lowering) subtractNodes(e endpoint, out []endpoint) ([]endpoint, bool) {
	rest, took := withoutNodes(e.subject.Nodes, out)
	if !took {
		return nil, false
	}
	var left []endpoint
	for _, s := range rest {
		subject := l.nodesOf(s)
		part := e
		part.peer, part.subject = ir.Nodes{Own: true, Other: true, Labels: s}, subject
		left = append(left, part)
	}
	return left, true
}

// withoutNodes takes the nodes among endpoints out of some, and reports whether
// it took any. It panics with an ir.BoundError where too many parts are left.
func withoutNodes(s ir.Selector, out []endpoint) (rest []ir.Selector, took bool) {
	rest = []ir.Selector{s}
	for _, x := range out {
		gone, ok := x.peer.(ir.Nodes)
		if !ok {
			continue
		}
		var next []ir.Selector
		for _, s := range rest {
			took = took || s.Overlaps(gone.Labels)
			next = append(next, s.Subtract(gone.Labels)...)
		}
		if rest = next; len(rest) > ir.MaxParts {
			panic(ir.BoundError{Parts: len(rest)})
		}
	}
	return rest, took
}

// bounded makes sure that what exceptions leave of a peer does not fall into too
// many parts; it panics with an ir.BoundError where it does.
func bounded(p ir.Peer, out []endpoint) {
	var gone []ir.Pods
	for _, x := range out {
		if r, ok := x.peer.(ir.RemotePods); ok {
			gone = append(gone, r.Pods)
		}
	}
	switch p := p.(type) {
	case ir.AnyPeer:
		withoutNodes(ir.Selector{}, out)
		ir.SubtractAll([]ir.Pods{ir.AllPods()}, gone)
	case ir.Nodes:
		withoutNodes(p.Labels, out)
	case ir.RemotePods:
		ir.SubtractAll([]ir.Pods{p.Pods}, gone)
	case ir.Pods, ir.External, ir.Names, ir.NodeLocal, ir.APIServer, ir.Infrastructure:
	}
}

// nodesOf gives the subject that nodes by labels are best known as: declared
// ones that they equal, else inline.
func (l *lowering) nodesOf(s ir.Selector) ir.Subject {
	for _, n := range l.cfg.NodeSets {
		if n.Labels.Value.Equal(s) {
			return nodesSubject(n)
		}
	}
	return ir.Subject{Kind: ir.SubjectNodes, Nodes: s, Address: ir.Nodes{Own: true, Other: true, Labels: s}.String()}
}

// otherEnds gives the peers of a node without the node itself, towards which
// nothing polices it; false where nothing else is among them.
func otherEnds(peers ir.Peers) (ir.Peers, bool) {
	if peers.IsAny() {
		return peers, true
	}
	var list []ir.Peer
	for _, p := range peers.List() {
		switch p := p.(type) {
		case ir.NodeLocal:
			continue
		case ir.Nodes:
			p.Own = false
			list = append(list, p)
		default:
			list = append(list, p)
		}
	}
	return ir.PeersOf(list...)
}

// emitHost puts a rule into a program of hosts. Towards the node itself there
// is nothing to say.
func (w *ruleLowering) emitHost(d ir.Direction, s ir.Subject, peers ir.Peers, t ir.Traffic) {
	others, some := otherEnds(peers)
	if !some {
		return
	}
	w.emitted = true
	w.putHost(d, w.rule.Tier, w.lowered(s, others, t))
}

// readByNodes refuses a restriction that only a node could enforce.
func (w *ruleLowering) readByNodes(e endpoint) {
	w.emitted = true // nothing more is to be said of it
	w.at(w.rule, w.diags.Add(diag.NodesReadNothing, e.at,
		fmt.Sprintf("Rule %q restricts what is asked, and at %q nothing could read it.", w.rule.Address, e.text),
		"Requests and names of a node's own traffic are read by no engine. Leave the restriction out, or, where the nodes are the senders, close the receiver's ingress, where requests are read."))
}

func (l *lowering) putHost(d ir.Direction, tier *Tier, r ir.Rule) {
	if l.hosts == nil {
		l.hosts = map[place][]ir.Rule{}
	}
	at := place{d, tier, r.Action}
	l.hosts[at] = append(l.hosts[at], r)
}

// closedNodes is the declared nodes that are closed in a direction.
func (l *lowering) closedNodes(d ir.Direction) []ir.Isolation {
	var out []ir.Isolation
	for _, n := range l.cfg.NodeSets {
		if n.DefaultDeny.Value.Has(d) {
			out = append(out, ir.Isolation{
				Subject: nodesSubject(n), Mode: l.nodesMode(n),
				Origin: ir.Origin{Kind: ir.FromDefault, Address: n.Address(), Description: n.Description, Range: n.DefaultDeny.Range},
			})
		}
	}
	return out
}

// nodesMode is the mode of a default: its own, else the target's.
func (l *lowering) nodesMode(n *NodeSet) ir.Mode {
	if !n.Mode.Set && l.target != nil {
		return l.target.Mode.Value
	}
	return n.Mode.Value
}

// assembleHosts makes the programs of hosts, which are empty where no rule and
// no default is about nodes.
func (l *lowering) assembleHosts() {
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		var stages []ir.Stage
		for _, t := range l.tiers() {
			s := tierStage(t)
			s.Levels, s.Isolate = levels(l.hosts, d, t), l.tierDefault(d, t)
			stages = append(stages, s)
		}
		stages = append(stages, ir.Stage{Name: ir.StageRules, Levels: levels(l.hosts, d, nil), Isolate: l.closedNodes(d)})
		stages = slices.DeleteFunc(stages, func(s ir.Stage) bool { return len(s.Levels) == 0 && len(s.Isolate) == 0 })
		if d == ir.Egress {
			l.program.Hosts.Egress = stages
		} else {
			l.program.Hosts.Ingress = stages
		}
	}
}

// tierDefault closes, in a tier whose default is deny, the nodes that its rules
// are about.
func (l *lowering) tierDefault(d ir.Direction, t *Tier) []ir.Isolation {
	if !t.DefaultDeny {
		return nil
	}
	var out []ir.Isolation
	for _, a := range []ir.Action{ir.Deny, ir.Pass, ir.Allow} {
		for _, r := range l.hosts[place{d, t, a}] {
			i := slices.IndexFunc(out, func(i ir.Isolation) bool { return i.Subject.Nodes.Equal(r.Subject.Nodes) })
			if i < 0 { // a staged rule closes in the preview only
				out = append(out, ir.Isolation{Subject: r.Subject, Mode: r.Mode, Origin: ir.Origin{Kind: ir.FromDefault, Address: t.Name, Range: t.Range}})
			} else if r.Mode == ir.Enforce {
				out[i].Mode = ir.Enforce
			}
		}
	}
	return out
}

// kubeletPort is where a node takes the API server's calls
// (kubernetes/kubernetes pkg/cluster/ports).
const kubeletPort = 10250

// warnClosedNodes warns of closed nodes that no rule lets do what every node of
// a cluster does: the kubelet asks the API server, and is asked.
func (l *lowering) warnClosedNodes() {
	for _, n := range l.cfg.NodeSets {
		var lacks []string
		if l.nodesMode(n) == ir.Staged {
			continue
		}
		if n.DefaultDeny.Value.Has(ir.Ingress) && !l.opens(ir.Ingress, n, ir.PortTraffic(ir.TCP, set.SinglePort(kubeletPort)), nil) {
			lacks = append(lacks, fmt.Sprintf("take TCP %d for its kubelet", kubeletPort))
		}
		if n.DefaultDeny.Value.Has(ir.Egress) && !l.opens(ir.Egress, n, ir.Traffic{}, reachesServer) {
			lacks = append(lacks, "reach the API server")
		}
		if lacks != nil {
			d := l.diags.Add(diag.ClosedNodes, n.DefaultDeny.Range,
				fmt.Sprintf("Nodes %q are closed, and no rule lets such a node %s.", n.Name, strings.Join(lacks, " or ")),
				"Nothing is kept open for nodes. Add `allow apiserver to "+n.Name+" { tcp = [10250] }`, `allow "+n.Name+" to apiserver { tcp = [6443] }`, and what their network, resolver and load balancers need; try it with `mode = \"staged\"` first.")
			d.Address = n.Address()
		}
	}
}

// opens reports whether some allow of the nodes has the traffic, with peers that fit.
func (l *lowering) opens(d ir.Direction, n *NodeSet, t ir.Traffic, fits func(ir.Peers) bool) bool {
	for _, s := range l.program.Hosts.Stages(d) {
		for _, r := range s.Rules() {
			if (r.Action == ir.Allow || r.Action == ir.Pass) && r.Mode == ir.Enforce && r.Subject.Nodes.Contains(n.Labels.Value) &&
				r.Traffic.Contains(t) && (fits == nil || fits(r.Peers)) {
				return true
			}
		}
	}
	return false
}

// reachesServer reports that the API server can be among the peers: by itself,
// as a node, or by an address outside.
func reachesServer(peers ir.Peers) bool {
	return slices.ContainsFunc(peers.List(), func(p ir.Peer) bool {
		switch p.(type) {
		case ir.AnyPeer, ir.APIServer, ir.Nodes, ir.External:
			return true
		case ir.Pods, ir.RemotePods, ir.Names, ir.NodeLocal, ir.Infrastructure:
		}
		return false
	})
}
