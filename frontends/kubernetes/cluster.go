package kubernetes

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// ClusterPolicies lifts the ClusterNetworkPolicies among the documents, in
// their order, validated as the CRD of the experimental channel does. Networks
// match pods and nodes too, unless ranges never do by the profile. With an error
// among the diagnostics they are not to be used.
func ClusterPolicies(docs []manifest.Document, o lift.Options) ([]ClusterPolicy, diag.List) {
	l := newLifting(o)
	var out []ClusterPolicy
	for i := range docs {
		doc := &docs[i]
		if !IsClusterPolicy(doc.Group(), doc.Kind) || !l.current(doc, clusterGroup+"/v1alpha2", clusterKind) {
			continue
		}
		if p, some := l.clusterPolicy(doc); some {
			out = append(out, p)
		}
	}
	return out, l.diags
}

// clusterPolicy lifts one; false for one that has no effect.
func (l *lifting) clusterPolicy(doc *manifest.Document) (ClusterPolicy, bool) {
	l.named(doc)
	if doc.Namespace != "" {
		l.diags.Add(diag.BadFieldValue, doc.Range, fmt.Sprintf("%s is in no namespace, and metadata.namespace names one.", doc), "Remove it.")
	}
	p := ClusterPolicy{Name: doc.Name, Range: doc.Range}
	selects := false
	doc.Object(clusterFields, &l.diags, func(o *manifest.Object) {
		o.Required("spec").Object(func(spec *manifest.Object) {
			p.Tier, _ = spec.Required("tier").Word(Admin, Baseline)
			priority, _ := spec.Required("priority").Int(0, 1000)
			p.Priority = int(priority)
			spec.Required("subject").Object(func(s *manifest.Object) {
				var pods ir.Pods
				onePeer(s, "namespaces", "pods")
				if pods, selects = podPeer(s); selects {
					p.Subject = l.subjects.of(pods)
				}
			})
			p.Ingress = l.clusterRules(&p, ir.Ingress, spec.Field("ingress"))
			p.Egress = l.clusterRules(&p, ir.Egress, spec.Field("egress"))
		})
	})
	return p, selects
}

// clusterRules lifts the rules of a direction, in their order.
func (l *lifting) clusterRules(p *ClusterPolicy, d ir.Direction, list manifest.Value) []ClusterRule {
	var out []ClusterRule
	for i, v := range atMost(list) {
		origin := ir.Origin{Kind: ir.FromRule, Address: fmt.Sprintf("%s %s[%d]", p.Address(), d, i), Range: v.Range()}
		element(v, func(o *manifest.Object) { out = append(out, l.clusterRule(o, d, p.Subject, origin)) })
	}
	return out
}

var actions = map[string]ir.Action{"Accept": ir.Allow, "Deny": ir.Deny, "Pass": ir.Pass}

func (l *lifting) clusterRule(o *manifest.Object, d ir.Direction, subject ir.Subject, origin ir.Origin) ClusterRule {
	if name, ok := o.Field("name").Text(); ok {
		if len([]rune(name)) > 100 {
			o.Field("name").Bad("has more than 100 characters", "")
		}
		origin.Description = name
	}
	word, _ := o.Required("action").Word("Accept", "Deny", "Pass")
	r := ClusterRule{Action: actions[word], Origin: origin}
	list := o.Required(peerField(d))
	named := o.Field("protocols")
	traffic := protocols(named)
	for _, v := range some(list) {
		element(v, func(peer *manifest.Object) {
			field, peers, when := l.clusterPeer(peer, d, word)
			r.Fields |= field
			one := ir.Rule{Subject: subject, Traffic: traffic, Action: r.Action, If: when, Origin: origin}
			for _, rule := range withPeers(nil, one, peers) {
				r.Parts = append(r.Parts, ClusterPart{Field: field, Rule: rule})
			}
		})
	}
	if r.Fields&^(FieldNamespaces|FieldPods) != 0 && len(traffic.Named()) > 0 {
		named.Bad("has a destinationNamedPort beside peers that are no pods", "Only pods have ports by name: write the rule as two.")
	}
	return r
}

// onePeer reports what does not have exactly one of the fields.
func onePeer(o *manifest.Object, fields ...string) {
	if !o.Exclusive(fields...).Present() {
		o.Bad("names no peer", "It has one of "+strings.Join(fields, ", ")+".")
	}
}

// podPeer gives the pods of a peer or a subject; false where that is none. An
// absent namespaceSelector is every namespace.
func podPeer(o *manifest.Object) (ir.Pods, bool) {
	pods, selects := ir.AllPods(), false
	if s := o.Field("namespaces"); s.Present() {
		pods.Namespace, selects = selectedSpaces(s)
	}
	o.Field("pods").Object(func(p *manifest.Object) {
		selects = true
		if s := p.Field("namespaceSelector"); s.Present() {
			pods.Namespace, selects = selectedSpaces(s)
		}
		labels, ok := selected(p.Field("podSelector"))
		pods.Labels, selects = labels, selects && ok
	})
	return pods, selects
}

// clusterPeer gives the field of a rule's peer, and what it names: the peers,
// and what must hold of them.
func (l *lifting) clusterPeer(o *manifest.Object, d ir.Direction, action string) (field Fields, named []ir.Peer, when []ir.Condition) {
	onePeer(o, fieldsOf(d)...)
	if pods, some := podPeer(o); some {
		named = []ir.Peer{pods}
	}
	field = FieldPods
	if o.Field("namespaces").Present() {
		field = FieldNamespaces
	}
	if d == ir.Ingress {
		return field, named, nil
	}
	networks, nodes, names := o.Field("networks"), o.Field("nodes"), o.Field("domainNames")
	switch {
	case networks.Present():
		return FieldNetworks, l.networks(networks), nil
	case nodes.Present():
		named, when = nodePeer(nodes)
		return FieldNodes, named, when
	case names.Present():
		if action != "Accept" {
			names.Bad("stands in a rule with the action "+action, "Only Accept takes domainNames: a name's addresses are known once a pod has asked for them.")
		}
		return FieldDomainNames, domainNames(names), nil
	}
	return field, named, nil
}

// fieldsOf gives the fields that name peers: for ingress only those of pods.
func fieldsOf(d ir.Direction) []string {
	if d == ir.Ingress {
		return []string{"namespaces", "pods"}
	}
	return []string{"namespaces", "pods", "networks", "nodes", "domainNames"}
}

// networks gives whatever has an address of the ranges, be it in the cluster
// (clusternetworkpolicy_types.go, Networks), and not only what an ipBlock
// matches. Cilium's match the outside, as all of its ranges do.
func (l *lifting) networks(list manifest.Value) []ir.Peer {
	var all set.Addresses
	for _, v := range distinct(list) {
		if p, ok := v.CIDR(); ok {
			all = all.Union(set.AddressesOf(p))
		}
	}
	if l.profile.Engine == profile.Cilium {
		return []ir.Peer{ir.External{Addresses: all}}
	}
	return ir.Located(all)
}

// nodePeer gives every node, under the condition that it has the labels: those
// of nodes are in no model.
func nodePeer(v manifest.Value) ([]ir.Peer, []ir.Condition) {
	labels, some := selected(v)
	if !some {
		return nil, nil
	}
	var when []ir.Condition
	if !labels.IsEverything() {
		when = []ir.Condition{{Atom: "kubernetes the node has labels " + labels.String()}}
	}
	return []ir.Peer{ir.Nodes{Own: true, Other: true}}, when
}

// domainNames gives names, of which a wildcard is one label or more.
func domainNames(list manifest.Value) []ir.Peer {
	var names []ir.Name
	for _, v := range distinct(list) {
		text, ok := v.Text()
		if !ok {
			continue
		}
		pattern := text
		if rest, wild := strings.CutPrefix(text, "*."); wild {
			pattern = "**." + rest
		}
		name, err := ir.ParseName(pattern)
		if err != nil || strings.HasPrefix(text, "**") || !strings.Contains(strings.TrimPrefix(text, "*."), ".") {
			v.Bad("is no domain name", `A name has two labels or more, and may begin with "*." for one label or more.`)
			continue
		}
		names = append(names, name)
	}
	return []ir.Peer{ir.Names{Patterns: names}}
}

// distinct gives the elements of a list of texts, each of which stands once.
func distinct(list manifest.Value) []manifest.Value {
	items := some(list)
	seen := map[string]bool{}
	for _, v := range items {
		v.Require()
		if text, ok := v.Text(); ok {
			if seen[text] {
				v.Bad("stands twice in the list", "")
			}
			seen[text] = true
		}
	}
	return items
}
