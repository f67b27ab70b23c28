package intent

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// wayIn gives what the facts say that traffic from outside comes in by.
func (l *lowering) wayIn(r *Rule, ref PeerRef) []endpoint {
	in := l.cluster.Ingress
	one := func(p ir.Peer) []endpoint { return []endpoint{{peer: p, text: ref.Text, at: ref.Range}} }
	switch {
	case !in.Set:
		l.at(r, l.diags.Add(diag.IngressUnknown, ref.Range, fmt.Sprintf("Rule %q is about `ingress`, and no fact says what the way in is.", r.Address),
			"State it in the cluster block: ingress { workload = \"ingress-nginx.controller\" }, or kind = \"nodes\", kind = \"cilium\", cidrs = [\"203.0.113.10\"]."))
		return nil
	case in.Value.Workloads != nil:
		var out []endpoint
		for _, w := range in.Value.Workloads {
			out = append(out, l.endpointsOf(r, PeerRef{w.Peer, ref.Text, ref.Range}, nil)...)
		}
		return out
	case in.Value.Kind == "nodes":
		return one(ir.Nodes{Own: true, Other: true})
	case in.Value.Kind == "cilium":
		return one(ir.Infrastructure{Name: "ingress"})
	}
	return one(ir.External{Addresses: in.Value.CIDRs})
}

// clusterMesh decides whether other clusters are connected: as stated, or where
// a namespace of one is declared. Both ways at once is an error. To an engine
// that does not know of such clusters their pods are addresses outside.
func (l *lowering) clusterMesh(stated At[bool]) bool {
	i := slices.IndexFunc(l.cfg.Namespaces, func(n *Namespace) bool { return n.Cluster.Set })
	if i >= 0 && stated.Set && !stated.Value {
		n := l.cfg.Namespaces[i]
		d := l.diags.Add(diag.NoClusterMesh, n.Cluster.Range, fmt.Sprintf("Namespace %q is another cluster's, and here no other cluster is connected.", n.Address),
			"Where clusters are connected on some targets only, state cluster_mesh = true for those, and give the namespace and its rules their targets.")
		d.Relate(stated.Range, "cluster_mesh is false here").Address = n.Address
	}
	target := l.cfg.stated(l.target)
	return (stated.Value || i >= 0 || target.On("cluster_mesh")) && (l.target == nil || target.Engine == profile.Cilium)
}

// warnRewritten warns of a rule for addresses outside that come in by a load
// balancer, which rewrites them to a node's: what comes that way it does not
// match. A rule for nodes too, or for the way in, is about that.
func (l *lowering) warnRewritten(r *Rule, to []endpoint) {
	if !l.cluster.Rewritten.Value || r.At.Value == Source || !slices.ContainsFunc(to, func(e endpoint) bool { return e.subject.Kind != 0 && l.ours(e.subject.Pods) }) {
		return
	}
	var at *PeerRef
	for i, ref := range r.From {
		switch p := ref.Peer.(type) {
		case Builtin:
			if p == Nodes || p == Anywhere || p == WayIn {
				return
			}
			if p == World && at == nil {
				at = &r.From[i]
			}
		case *External, InlineCIDR:
			if at == nil {
				at = &r.From[i]
			}
		}
	}
	if at != nil {
		l.at(r, l.diags.Add(diag.AddressRewritten, at.Range,
			fmt.Sprintf("Rule %q is about %q, and what comes in through a load balancer has the address of a node.", r.Address, at.Text),
			"Such connections it does not match. Allow `nodes` or `ingress` what comes that way and decide there, or keep addresses with externalTrafficPolicy: Local and state external_traffic = \"kept\"."))
	}
}
