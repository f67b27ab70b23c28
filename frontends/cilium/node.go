package cilium

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// The switches by which nodes are policed, and told apart by their labels.
const (
	hostFirewall = "host_firewall"
	nodeLabels   = "node_selector_labels"
)

// nodeKind is how the identities of nodes are labelled: the reserved label that
// all of them have, and the source of the labels that Kubernetes gives them.
// Those of the own node pass the filter of pods' labels
// (pkg/endpointmanager/host.go), and those of the others none
// (pkg/node/manager/manager.go nodeIdentityLabels).
type nodeKind struct {
	reserved, source string
	filtered         bool
}

var (
	ownNode   = nodeKind{"host", fromPods, true}
	otherNode = nodeKind{"remote-node", fromNodes, false}
)

// nodes reads a selector of nodes; false where none can fit it or something is
// wrong with it.
func (l *lifting) nodes(v manifest.Value, k nodeKind) (ir.Selector, bool) {
	var reqs []ir.Requirement
	none := false
	add := func(at manifest.Value, text string, c ir.Constraint) {
		source, key := parseKey(text)
		switch {
		case validation.IsQualifiedName(key) != nil:
			at.Bad(fmt.Sprintf("has the key %q, which is no key of a label", text), strings.Join(validation.IsQualifiedName(key), "; "))
		case source == fromReserved && key == k.reserved:
			none = none || !c.Matches("")
		case source != fromAny && source != k.source || key == k.reserved || key == clusterKey:
			at.Report(diag.RefusedField, fmt.Sprintf("%s asks for the label %q, by which no node is known here.", at.Path(), text), "Use the keys of nodes' own labels.")
		case k.filtered && dropped(key):
			none = none || !c.MatchesAbsent()
		default:
			reqs = append(reqs, ir.Requirement{Key: key, Constraint: c})
		}
	}
	ok := v.Require() && requirements(v, func(at manifest.Value, key string, c ir.Constraint, _ bool) { add(at, key, c) })
	selector, some := ir.Select(reqs...)
	if ok && (none || !some) {
		v.Report(diag.NoEffect, v.Path()+" selects no node: to Cilium no node has such labels.",
			"Of a policy's own nodes, labels such as kubernetes.io/hostname and topology.kubernetes.io/zone are left out.")
	}
	return selector, ok && some && !none
}

// nodePeers reads fromNodes and toNodes, which never have the own node
// (pkg/k8s/apis/cilium.io/utils/utils.go).
func (r *reading) nodePeers(v manifest.Value, i *item) {
	if !r.options.Profile.On(nodeLabels) {
		v.Report(diag.RefusedField, v.Path()+" is refused by the agent, with the whole object.", noNodes)
		return
	}
	for _, e := range v.Items() {
		if labels, some := r.nodes(e, otherNode); some {
			i.part("nodes "+labels.String(), side{peers: []ir.Peer{ir.Nodes{Other: true, Labels: labels}}})
		}
	}
}

// hosts gives the programs of nodes: as those of pods, with nothing that always
// passes (Documentation/security/policy/language.rst, Host Policies).
func (l *lifting) hosts() ir.Hosts {
	if len(l.nodeRules) == 0 {
		return ir.Hosts{}
	}
	return ir.Hosts{Egress: []ir.Stage{l.stage(ir.Egress, l.nodeRules)}, Ingress: []ir.Stage{l.stage(ir.Ingress, l.nodeRules)}}
}

// withoutOwn gives peers of a node, of which it is none itself.
func withoutOwn(peers []ir.Peer) []ir.Peer {
	out := slices.Clone(peers)
	for i, p := range out {
		if n, ok := p.(ir.Nodes); ok {
			n.Own = false
			out[i] = n
		}
	}
	return out
}
