package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// endpoint is one element of a rule's from or to: what it is as a peer and,
// where it is pods, as a subject.
type endpoint struct {
	peer    ir.Peer
	subject ir.Subject // Kind 0 where no policy governs the endpoint
	text    string
	at      diag.Range
	cut     bool // what exceptions left of an endpoint that spans namespaces
}

// endpoints gives what a list of references stands for, exceptions taken out.
func (l *lowering) endpoints(r *Rule, refs, except []PeerRef) []endpoint {
	all, absent := l.union(r, refs)
	out, untaken := l.union(r, except)
	l.withoutAbsent(r, absent, untaken)
	if len(out) == 0 {
		return all
	}
	return l.subtract(r, all, out, except)
}

// union gives what references stand for together, and which of them mean nobody
// on the target.
func (l *lowering) union(r *Rule, refs []PeerRef) (all []endpoint, absent []absentee) {
	for _, ref := range refs {
		all = append(all, l.endpointsOf(r, ref, nil)...)
	}
	absent, l.absentees = l.absentees, nil
	return all, absent
}

// subtract takes exceptions out of endpoints: set difference over endpoints.
func (l *lowering) subtract(r *Rule, all, out []endpoint, except []PeerRef) []endpoint {
	var gone []ir.Peer
	for _, e := range out {
		gone = append(gone, e.peer)
	}
	peers, ok := ir.PeersOf(gone...)
	if !ok {
		return all
	}
	for _, e := range all {
		for _, x := range out {
			if inseparable(e.peer, x.peer) {
				l.at(r, l.diags.Add(diag.InseparableExcept, x.at,
					fmt.Sprintf("%q cannot be taken out of %q.", x.text, e.text),
					"One is known by address and the other is not, so nothing says what would be left. Name what is meant by addresses, or in a rule of its own."))
				return nil
			}
		}
	}
	var rest []endpoint
	took := false
	for _, e := range all {
		if e.isNodes() {
			if left, some := l.subtractNodes(e, out); some {
				took, rest = true, append(rest, left...)
			} else {
				rest = append(rest, e)
			}
			continue
		}
		one, ok := ir.PeersOf(e.peer)
		if !ok {
			continue
		}
		bounded(e.peer, out)
		left, some := l.everyone(one).Subtract(peers)
		if some && left.Equal(one) {
			rest = append(rest, e)
			continue
		}
		took = true
		for _, p := range left.List() {
			part := endpoint{peer: p, text: e.text, at: e.at}
			if pods, ok := p.(ir.Pods); ok {
				part.subject = l.subjectOf(pods)
				part.cut = e.subject.Kind != 0 && l.ours(e.subject.Pods)
			}
			rest = append(rest, part)
		}
	}
	if !took {
		l.at(r, l.diags.Add(diag.ExceptTakesNone, except[0].Range,
			fmt.Sprintf("%s is in nothing that it is taken out of.", texts(except)),
			"Check that the exception stands at the right end: `except` is for `from`, `except_to` for `to`."))
	}
	return rest
}

// everyone writes out what every endpoint is, other clusters' pods included
// where there are some, so that something can be taken out of it. Other peers
// stay as they are.
func (l *lowering) everyone(p ir.Peers) ir.Peers {
	if p.IsAny() {
		p, _ = ir.PeersOf(ir.Everyone(l.program.Inventory.Facts.ClusterMesh)...)
	}
	return p
}

// inseparable reports that a difference of two peers cannot be said: they may
// share endpoints, and are known by different things.
func inseparable(from, out ir.Peer) bool {
	kind := func(p ir.Peer) (outside, names, nodes, server, local, any bool) {
		switch p := p.(type) {
		case ir.External:
			outside = true
		case ir.Names:
			names = true
		case ir.Nodes:
			nodes = true
		case ir.APIServer:
			server = true
		case ir.NodeLocal:
			local = true
		case ir.AnyPeer:
			any = true
		case ir.Pods, ir.RemotePods, ir.Infrastructure:
		default:
			panic(fmt.Sprintf("no such peer: %T", p))
		}
		return
	}
	outside, names, nodes, server, local, any := kind(from)
	outside2, names2, nodes2, server2, local2, _ := kind(out)
	switch {
	case names2:
		return outside || any
	case server2:
		return outside || nodes || any
	case local2:
		return nodes || any
	case outside2:
		return names || server
	case nodes2:
		return server || local
	}
	return false
}

// at marks a diagnostic with the rule that it is about.
func (l *lowering) at(r *Rule, d *diag.Diagnostic) *diag.Diagnostic {
	d.Address = r.Address
	return d
}

func texts(refs []PeerRef) string {
	var parts []string
	for _, r := range refs {
		parts = append(parts, `"`+r.Text+`"`)
	}
	return strings.Join(parts, ", ")
}

// endpointsOf gives what one reference stands for. seen holds the groups that
// were gone through already; nil at the start.
func (l *lowering) endpointsOf(r *Rule, ref PeerRef, seen map[*Group]bool) []endpoint {
	switch p := ref.Peer.(type) {
	case *Workload:
		l.mentioned[p] = true
		if l.absent(ref, fmt.Sprintf("workload %q", p.Address()), p.Namespace.Targets) {
			return nil
		}
		if p.HostNetwork.Value {
			l.at(r, l.diags.Add(diag.HostNetworkPeer, ref.Range,
				fmt.Sprintf("Workload %q is on the host network, where no policy can tell its pods from the node.", p.Address()),
				"Name `nodes` instead.")).Relate(p.HostNetwork.Range, "declared so here")
			return nil
		}
		pods := workloadPods(p)
		if p.Namespace.Cluster.Set {
			return []endpoint{{peer: ir.RemotePods{Clusters: p.Namespace.Cluster.Value, Pods: pods}, text: ref.Text, at: ref.Range}}
		}
		if !l.declared[p.Namespace] {
			return []endpoint{{pods, l.subjectOf(pods), ref.Text, ref.Range, false}}
		}
		return []endpoint{{pods, ir.Subject{Pods: pods, Address: p.Address(), Kind: ir.SubjectWorkload}, ref.Text, ref.Range, false}}
	case *Namespace:
		for _, w := range p.Workloads {
			l.mentioned[w] = true
		}
		if l.absent(ref, fmt.Sprintf("namespace %q", p.Address), p.Targets) {
			return nil
		}
		pods := namespacePods(p)
		if p.Cluster.Set {
			return []endpoint{{peer: ir.RemotePods{Clusters: p.Cluster.Value, Pods: pods}, text: ref.Text, at: ref.Range}}
		}
		if !l.declared[p] {
			return []endpoint{{pods, l.subjectOf(pods), ref.Text, ref.Range, false}}
		}
		kind := ir.SubjectNamespace
		if p.Match.Set {
			kind = ir.SubjectInline
		}
		return []endpoint{{pods, ir.Subject{Pods: pods, Address: p.Address, Kind: kind}, ref.Text, ref.Range, false}}
	case *External:
		if l.absent(ref, fmt.Sprintf("external %q", p.Name), p.Targets) {
			return nil
		}
		p = l.external(p)
		if len(p.Names) > 0 {
			return []endpoint{{peer: ir.Names{Patterns: p.Names}, text: ref.Text, at: ref.Range}}
		}
		return []endpoint{{peer: ir.External{Addresses: p.CIDRs}, text: ref.Text, at: ref.Range}}
	case *Group:
		if seen[p] {
			return nil // a union has no use for it twice
		}
		if seen == nil {
			seen = map[*Group]bool{}
		}
		seen[p] = true
		var out []endpoint
		for _, m := range p.Members {
			m.Range = ref.Range
			out = append(out, l.endpointsOf(r, m, seen)...)
		}
		return out
	case *NodeSet:
		if l.absent(ref, fmt.Sprintf("set of nodes %q", p.Name), p.Targets) {
			return nil
		}
		if p.From != "" { // others' to govern
			return []endpoint{{peer: ir.Nodes{Own: true, Other: true, Labels: p.Labels.Value}, text: ref.Text, at: ref.Range}}
		}
		return []endpoint{nodesEndpoint(nodesSubject(p), ref)}
	case InlinePods:
		return []endpoint{{p.Pods, l.subjectOf(p.Pods), ref.Text, ref.Range, false}}
	case InlineCIDR:
		return []endpoint{{peer: ir.External{Addresses: p.CIDRs}, text: ref.Text, at: ref.Range}}
	case InlineNames:
		return []endpoint{{peer: ir.Names{Patterns: p.Names}, text: ref.Text, at: ref.Range}}
	case Builtin:
		return l.builtin(r, p, ref)
	}
	return nil
}

func (l *lowering) builtin(r *Rule, b Builtin, ref PeerRef) []endpoint {
	one := func(p ir.Peer) []endpoint { return []endpoint{{peer: p, text: ref.Text, at: ref.Range}} }
	switch b {
	case World:
		return one(anyAddress())
	case Cluster:
		return []endpoint{{ir.AllPods(), clusterSubject(), ref.Text, ref.Range, false}}
	case Nodes:
		return one(ir.Nodes{Own: true, Other: true})
	case Anywhere:
		// Of all that is anywhere, pods are what policies govern.
		return []endpoint{{ir.AnyPeer{}, clusterSubject(), ref.Text, ref.Range, false}}
	case APIServer:
		return one(ir.APIServer{Addresses: l.program.Inventory.Facts.APIServer})
	case ClusterDNS:
		dns := l.program.Inventory.Facts.DNS
		out := []endpoint{{dns.Pods, l.subjectOf(dns.Pods), ref.Text, ref.Range, false}}
		if !dns.NodeLocal.IsEmpty() {
			out = append(out, one(ir.NodeLocal{Addresses: dns.NodeLocal})...)
		}
		return out
	case WayIn:
		return l.wayIn(r, ref)
	case Self:
		for _, w := range r.Namespace.Workloads {
			l.mentioned[w] = true
		}
		pods := namespacePods(r.Namespace)
		return []endpoint{{pods, ir.Subject{Pods: pods, Address: r.Namespace.Address, Kind: ir.SubjectNamespace}, ref.Text, ref.Range, false}}
	case Others:
		pods := ir.AllPods()
		pods.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: ir.NotOneOf(r.Namespace.Name)})
		return []endpoint{{pods, l.subjectOf(pods), ref.Text, ref.Range, false}}
	}
	return nil
}

// subjectOf gives the subject that a set of pods is best known as: a declared
// workload or namespace that it equals, else inline pods by canonical text.
func (l *lowering) subjectOf(pods ir.Pods) ir.Subject {
	if ns, ok := pods.SingleNamespace(); ok {
		if n, declared := l.program.Inventory.Namespace(ns); declared && pods.Equal(ir.InNamespace(ns)) {
			return ir.Subject{Pods: pods, Address: n.Address, Kind: ir.SubjectNamespace}
		}
		for _, i := range l.byName[ns] {
			if w := &l.program.Inventory.Workloads[i]; w.Pods.Equal(pods) {
				return ir.Subject{Pods: pods, Address: w.Address, Kind: ir.SubjectWorkload}
			}
		}
	}
	if pods.IsAll() {
		return clusterSubject()
	}
	return ir.Subject{Pods: pods, Address: pods.String(), Kind: ir.SubjectInline}
}

// ours reports whether some object may be emitted for the pods: they are not
// confined to namespaces that are unmanaged or not declared.
func (l *lowering) ours(pods ir.Pods) bool {
	names, ok := pods.Names()
	return !ok || slices.ContainsFunc(names, l.program.Inventory.Managed)
}

func quoted(name string) string {
	if strings.ContainsAny(name, `./["`) {
		return fmt.Sprintf("%q", name)
	}
	return name
}
