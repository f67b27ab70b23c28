package cilium

import (
	"slices"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// layer3 is the peers of one list item. Exactly one kind of them is not empty:
// Cilium takes no two kinds in one item (pkg/policy/api/rule_validation.go),
// and an item with none would be one for everybody.
type layer3 struct {
	endpoints []api.EndpointSelector
	nodes     []api.EndpointSelector
	entities  api.EntitySlice
	cidrs     api.CIDRRuleSlice
	names     api.FQDNSelectorSlice

	prefixes int // that the ranges come to, those of groups too
}

// entityOrder is the order in which entities are listed.
var entityOrder = []api.Entity{
	api.EntityAll, api.EntityWorld, api.EntityHost, api.EntityRemoteNode, api.EntityKubeAPIServer,
	api.EntityHealth, api.EntityIngress, api.EntityInit, api.EntityUnmanaged,
}

// peers gives the items' peers, an item for each kind. None at all means that
// nothing has to be emitted for the rule in this direction.
func (l *lowering) peers(r *ir.Rule, d ir.Direction) ([]layer3, *refusal) {
	var all layer3
	for _, p := range l.governed(r, d) {
		if ref := l.peer(&all, p, r, d); ref != nil {
			return nil, ref
		}
	}
	slices.SortFunc(all.entities, func(a, b api.Entity) int { return slices.Index(entityOrder, a) - slices.Index(entityOrder, b) })
	all.entities = slices.Compact(all.entities)
	var out []layer3
	if len(all.endpoints) > 0 {
		out = append(out, layer3{endpoints: all.endpoints})
	}
	if len(all.nodes) > 0 {
		out = append(out, layer3{nodes: all.nodes})
	}
	if len(all.entities) > 0 {
		out = append(out, layer3{entities: all.entities})
	}
	if len(all.cidrs) > 0 {
		out = append(out, layer3{cidrs: all.cidrs, prefixes: all.prefixes})
	}
	if len(all.names) > 0 {
		out = append(out, layer3{names: all.names})
	}
	return out, nil
}

// governed gives the peers that a rule decides about. What reaches a pod from
// its own node is allowed above every rule. Cilium allows it below the user's
// rules (daemon/cmd/daemon.go, allow-localhost), so a deny must spare it, and
// "all" be taken apart; but not in a program that was lifted from Cilium's
// policies and has it below its denies too. A node is no peer of itself.
func (l *lowering) governed(r *ir.Rule, d ir.Direction) []ir.Peer {
	list := r.Peers.List()
	switch {
	case r.Subject.Kind == ir.SubjectNodes:
	case d == ir.Egress || r.Action != ir.Deny || l.nodeLast:
		return list
	case r.Peers.IsAny():
		list = ir.Everyone(l.meshed())
	}
	var out []ir.Peer
	for _, p := range list {
		if n, ok := p.(ir.Nodes); ok {
			n.Own = false
			p = n
		}
		out = append(out, p)
	}
	return out
}

// peer adds one peer. Pods of other clusters are added by themselves.
func (l *lowering) peer(to *layer3, p ir.Peer, r *ir.Rule, d ir.Direction) *refusal {
	switch p := p.(type) {
	case ir.AnyPeer:
		to.entities = append(to.entities, api.EntityAll)
	case ir.Pods:
		return l.pods(to, p, r)
	case ir.RemotePods:
		return l.remotePods(to, p, r)
	case ir.External:
		return l.external(to, p.Addresses)
	case ir.Names:
		return l.names(to, p, r, d)
	case ir.Nodes:
		return l.nodes(to, p, d)
	case ir.NodeLocal:
		if d == ir.Ingress && l.program.Inventory.Facts.Tunnel.Probes.ContainsAll(p.Addresses) {
			return l.external(to, p.Addresses) // which Cilium knows for outside
		}
		return nodeLocal(r, d)
	case ir.APIServer:
		return l.apiServer(to, p, r, d)
	case ir.Infrastructure:
		for _, name := range ir.InfrastructureNames { // which are Cilium's words
			if p.Name == "" || p.Name == name {
				to.entities = append(to.entities, api.Entity(name))
			}
		}
	}
	return nil
}

// external adds addresses outside the cluster: all of them as the entity, which
// alone has both families (0.0.0.0/0 is IPv4 only), else as ranges, or many as a
// group. Ranges match no pod and no node (pkg/policy/types/selector.go
// CIDRSelector).
func (l *lowering) external(to *layer3, a set.Addresses) *refusal {
	if a.IsAll() {
		to.entities = append(to.entities, api.EntityWorld)
		return nil
	}
	var rules api.CIDRRuleSlice
	n := 0
	for _, b := range a.Blocks() {
		rule := api.CIDRRule{Cidr: api.CIDR(b.Prefix.String())}
		for _, x := range b.Except {
			rule.ExceptCIDRs = append(rule.ExceptCIDRs, api.CIDR(x.String()))
		}
		rules = append(rules, rule)
		n += 1 + len(b.Except)
	}
	if n >= groupFrom {
		ref, refused := l.group(a)
		rules, n = api.CIDRRuleSlice{{CIDRGroupRef: api.CIDRGroupRef(ref)}}, len(a.Prefixes())
		if refused != nil {
			return refused
		}
	}
	to.cidrs, to.prefixes = append(to.cidrs, rules...), to.prefixes+n
	return nil
}

// names adds DNS names. Deny rules have no field for them, which the API server
// would drop in silence.
func (l *lowering) names(to *layer3, p ir.Names, r *ir.Rule, d ir.Direction) *refusal {
	if r.Action == ir.Deny || d == ir.Ingress {
		return &refusal{diag.LacksFQDN, "Cilium has DNS names as destinations of allows only",
			"Give the addresses as `cidrs`, or allow the names that are wanted instead of denying these."}
	}
	for _, n := range p.Patterns {
		s, ok := l.nameSelector(n)
		if !ok {
			return &refusal{diag.LacksFQDN, "Cilium " + l.target.Profile.Version.String() + " reads \"**.\" in " + n.String() + " as one label only",
				"Render for `cilium@1.19` or newer, or write a `*.` pattern for each level."}
		}
		to.names = append(to.names, s)
	}
	return nil
}

// nameSelector gives the selector of a name. "**." is new in 1.19
// (pkg/fqdn/matchpattern/matchpattern.go); before, it was read as "*.".
func (l *lowering) nameSelector(n ir.Name) (api.FQDNSelector, bool) {
	switch _, wildcard := n.Parts(); wildcard {
	case 0:
		return api.FQDNSelector{MatchName: n.String()}, true
	case 1:
		return api.FQDNSelector{MatchPattern: n.String()}, true
	}
	return api.FQDNSelector{MatchPattern: n.String()}, l.target.Profile.Version.AtLeast(1, 19)
}

// nodeLocal refuses what listens on the pod's own node under some addresses, a
// DNS cache. All addresses of a node are the one identity "host", those of dummy
// devices included (pkg/datapath/tables/node_address.go), and host is never
// matched by address. Where that is accepted the program has the node itself.
func nodeLocal(r *ir.Rule, d ir.Direction) *refusal {
	if d == ir.Ingress || r.Subject.Kind == ir.SubjectNodes {
		return nil // the pod's own node always reaches it, and a node itself
	}
	if r.Traffic.Names() != nil {
		return &refusal{diag.LacksDNS, unseenCache, poddedCache}
	}
	return &refusal{diag.LacksIdentity,
		"a node-local DNS cache is the node itself to Cilium, which does not tell a node's addresses apart, so that the rule would be for all that listens there on these ports",
		poddedCache + "\nOr accept it: `accept \"widened\" { lacks = [\"identity\"] }` opens the node's ports that the rule names."}
}

// apiServer adds the API server, which Cilium finds by the endpoints of the
// service "kubernetes" wherever they are. A part of it, which an exception has
// left, is addresses outside the cluster or cannot be said.
func (l *lowering) apiServer(to *layer3, p ir.APIServer, r *ir.Rule, d ir.Direction) *refusal {
	facts := l.program.Inventory.Facts
	onNodes := facts.NodeCIDRs.IsEmpty() || facts.NodeCIDRs.Overlaps(p.Addresses) || p.Addresses.IsEmpty()
	if !p.Addresses.IsEmpty() && !p.Addresses.Equal(facts.APIServer) {
		if onNodes {
			return &refusal{diag.CannotSay, "Cilium knows the API server as a whole, and the rule is for a part of it, " + p.Addresses.String(),
				"Remove what takes a part of the API server out of the rule."}
		}
		return l.external(to, p.Addresses)
	}
	if d == ir.Ingress && r.Action == ir.Deny && onNodes {
		return &refusal{diag.NeedsFact, "the API server may run on the pod's own node, which a deny would cut off together with its probes",
			"State `api_server` and `node_cidrs` in the cluster block if it runs outside the cluster's nodes."}
	}
	to.entities = append(to.entities, api.EntityKubeAPIServer)
	return nil
}
