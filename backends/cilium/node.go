package cilium

import (
	"slices"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// nodeSource is the source of the labels of other nodes
// (pkg/node/manager/manager.go nodeIdentityLabels).
const nodeSource = "node:"

// nodes adds nodes: all as entities, those with some labels by a selector, which
// never has the own node (pkg/k8s/apis/cilium.io/utils/utils.go). That one
// reaches its pods whatever a policy says, so that ingress needs no more.
func (l *lowering) nodes(to *layer3, p ir.Nodes, d ir.Direction) *refusal {
	switch {
	case p.Labels.IsEverything():
		if p.Own {
			to.entities = append(to.entities, api.EntityHost)
		}
		if p.Other {
			to.entities = append(to.entities, api.EntityRemoteNode)
		}
		return nil
	case p.Own && d == ir.Egress:
		return &refusal{diag.CannotSay, "Cilium knows the labels of other nodes and not those of the pod's own, which may be one of them",
			"Open all nodes (`nodes`) for these ports."}
	case !p.Other:
		return nil
	case !l.target.Profile.On("node_selector_labels"):
		return lacksSwitch("node_selector_labels", "Cilium refuses a policy that selects nodes by their labels unless the agents run with enable-node-selector-labels")
	}
	var reqs []ir.Requirement
	for _, r := range p.Labels.Requirements() {
		reqs = append(reqs, ir.Requirement{Key: nodeSource + r.Key, Constraint: r.Constraint})
	}
	s, ref := unionOf(reqs)
	to.nodes = append(to.nodes, s...)
	return ref
}

// lacksSwitch refuses what a switch of the engine would let be said.
func lacksSwitch(name, reason string) *refusal {
	return &refusal{diag.NeedsSwitch, reason,
		"Where that is set, say so: `switches = { " + name + " = true }` in the target."}
}

// hosts gives what the programs of nodes say of each set of nodes; false where
// something is refused.
func (l *lowering) hosts() ([]lower.Bundle, bool) {
	if l.program.Hosts.IsEmpty() {
		return nil, true
	}
	q := lower.HostsAsPods(l.program)
	egress, ok1 := l.flatten(q, ir.Egress)
	ingress, ok2 := l.flatten(q, ir.Ingress)
	if !ok1 || !ok2 {
		return nil, false
	}
	bundles := lower.Bundles(q, egress, ingress)
	if len(bundles) > 0 && !l.target.Profile.On("host_firewall") {
		off := lacksSwitch("host_firewall", "Cilium polices nodes only where its host firewall is on (hostFirewall.enabled)")
		off.code, off.nearest = diag.LacksHosts, off.nearest+"\n"+lower.AcceptHosts
		for _, b := range bundles {
			for _, o := range b.Origins {
				l.refuse(o, off)
			}
		}
		return nil, false
	}
	for i := range bundles {
		bundles[i].AsNodes()
	}
	return bundles, true
}

// nodeSelectors gives the selectors of a subject of nodes. The labels of a node
// as a subject pass the filter of pods' labels (pkg/endpointmanager/host.go).
func nodeSelectors(labels ir.Selector) ([]api.EndpointSelector, *refusal) {
	var reqs []ir.Requirement
	for _, r := range labels.Requirements() {
		if ref := sayableKey(r.Key, "node label", r.Key); ref != nil {
			ref.nearest = "Select by a label that stays, such as one under `node-role.kubernetes.io/` or of your own."
			return nil, ref
		}
		reqs = append(reqs, ir.Requirement{Key: source + r.Key, Constraint: r.Constraint})
	}
	return unionOf(reqs)
}

// hostTraffic refuses what no rule for nodes has: what a proxy would read.
func hostTraffic(r *ir.Rule) *refusal {
	named := slices.ContainsFunc(r.Peers.List(), func(p ir.Peer) bool { _, is := p.(ir.Names); return is })
	switch {
	case r.Traffic.Requests() != nil:
		return &refusal{lacksRequests(r.Traffic.Requests()), "Cilium has no HTTP rules for nodes", "Restrict the requests where the pods at the other end are closed."}
	case r.Traffic.Names() != nil:
		return &refusal{diag.LacksDNS, "what nodes ask DNS for, Cilium's proxy sees in part only, which is beta", "Leave `dns` out of the rule."}
	case named:
		return &refusal{diag.LacksFQDN, "Cilium does not surely learn the addresses of names that nodes ask for", "Give the addresses as `cidrs`."}
	}
	return nil
}
