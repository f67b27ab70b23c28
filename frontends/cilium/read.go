package cilium

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// The labels that a group has beside its own (pkg/policy/api/cidr.go), and
// those of its own that Cilium takes for itself (pkg/k8s/utils/utils.go
// RemoveCiliumLabels).
const groupName, ciliumLabels = "io.cilium.policy.cidrgroupname/", "io.cilium.k8s."

// readGroups reads the groups of ranges, which policies name.
func (l *lifting) readGroups(docs []manifest.Document) {
	for _, doc := range docs {
		if doc.Group() != ciliumGroup || doc.Kind != cidrGroup || !l.serves(&doc, "v2", "v2alpha1") {
			continue
		}
		g := group{labels: map[string]string{groupName + doc.Name: ""}}
		for k, v := range doc.Labels() {
			if !strings.HasPrefix(k, ciliumLabels) {
				g.labels[k] = v
			}
		}
		doc.Object(groupTable, &l.diags, func(o *manifest.Object) {
			o.Required("spec").Object(func(o *manifest.Object) {
				for _, v := range o.Required("externalCIDRs").Items() {
					if p, ok := v.CIDR(); ok {
						g.addresses = g.addresses.Union(set.AddressesOf(p))
					}
				}
			})
		})
		l.groups[doc.Name] = g
	}
}

// serves reports whether the API has the document's version.
func (l *lifting) serves(doc *manifest.Document, versions ...string) bool {
	for _, v := range versions {
		if doc.Version() == v {
			return true
		}
	}
	l.diags.Add(diag.BadFieldValue, doc.Range, fmt.Sprintf("%s has the version %q, which Cilium does not serve.", doc, doc.Version()), "Write "+ciliumGroup+"/"+versions[0]+".")
	return false
}

func (l *lifting) readPolicies(docs []manifest.Document) {
	for _, doc := range docs {
		if doc.Group() == ciliumGroup && (doc.Kind == namespaced || doc.Kind == clusterScoped) && l.serves(&doc, "v2") {
			l.readPolicy(&doc)
		}
	}
}

// policy is the object that a rule is of.
type policy struct {
	address   string // CiliumNetworkPolicy shop/web
	namespace string // "" for a clusterwide one
}

func (l *lifting) readPolicy(doc *manifest.Document) {
	p := policy{address: doc.Kind + " " + doc.Name}
	if doc.Kind == namespaced {
		p.namespace = doc.InNamespace()
		p.address = doc.Kind + " " + p.namespace + "/" + doc.Name
	} else if doc.Namespace != "" {
		l.diags.Add(diag.BadFieldValue, doc.Range, p.address+" has a namespace, and its kind is of the whole cluster.", "Remove metadata.namespace.")
	}
	doc.Object(table, &l.diags, func(o *manifest.Object) {
		spec, specs := o.Field("spec"), o.Field("specs")
		if !spec.Present() && !specs.Present() {
			spec.Require()
		}
		l.readRule(spec, &p, "")
		for i, v := range specs.Items() {
			l.readRule(v, &p, fmt.Sprintf("specs[%d].", i))
		}
	})
}

// reading is a rule as far as it was read.
type reading struct {
	*lifting
	policy *policy
	rule   *rule
	scope  scope
	place  string            // of the rule in its policy, before the names of its lists
	opens  [2]manifest.Value // enableDefaultDeny of egress and ingress, where it is false
	about  string            // description

	ofNodes bool // it has a nodeSelector
}

func (l *lifting) readRule(v manifest.Value, p *policy, place string) {
	v.Object(func(o *manifest.Object) {
		r := &reading{lifting: l, policy: p, place: place, rule: &rule{}, scope: scope{namespace: p.namespace, localCluster: l.atLeast(19)}}
		r.about, _ = o.Field("description").Text()
		r.metadata(o)
		r.rule.origin = ir.Origin{Kind: ir.FromDefault, Address: p.address, Description: r.about, Range: v.Range()}
		r.ofNodes = o.Field("nodeSelector").Present()
		some := r.governed(o)
		r.lists(o)
		switch {
		case !some:
		case r.ofNodes:
			l.nodeRules = append(l.nodeRules, r.rule)
		default:
			l.rules = append(l.rules, r.rule)
			l.ask(r.rule)
		}
	})
}

// ask notes by which names a rule makes DNS of its pods pass the proxy.
func (l *lifting) ask(r *rule) {
	for _, i := range r.items {
		for _, p := range i.ports {
			if p.dns && len(i.parts) > 0 {
				l.askers.add(r.subject.Pods, p.names)
			}
		}
	}
}

// metadata reads the fields that decide nothing.
func (r *reading) metadata(o *manifest.Object) {
	for _, v := range o.Field("labels").Items() {
		v.Object(func(o *manifest.Object) {
			o.Required("key").Text()
			o.Field("value").Text()
			o.Field("source").Text()
		})
	}
	o.Field("log").Object(func(o *manifest.Object) {
		const most = 32
		if v := o.Field("value"); len(textOf(v)) > most {
			v.Bad(fmt.Sprintf("has over %d characters", most), "")
		}
	})
	o.Field("enableDefaultDeny").Object(func(o *manifest.Object) {
		for i, d := range []ir.Direction{ir.Egress, ir.Ingress} {
			v := o.Field(d.String())
			if closes, ok := v.Bool(); ok && !closes {
				r.opens[i] = v
			}
		}
	})
}

func textOf(v manifest.Value) string {
	text, _ := v.Text()
	return text
}

// governed reads whom the rule is for; false where that is no pod and no node.
func (r *reading) governed(o *manifest.Object) bool {
	node, v := o.Field("nodeSelector"), o.Field("endpointSelector")
	if !r.ofNodes {
		pods, conditions, initial, some := r.subject(v, r.policy.namespace)
		r.rule.subject, r.rule.conditions, r.scope.initial = ir.SubjectOf(pods), conditions, initial
		return some
	}
	if v.Present() {
		node.Bad("stands beside endpointSelector", "A rule has one of them.")
	} else if r.policy.namespace != "" {
		node.Bad("stands in a "+namespaced, "Only a "+clusterScoped+" governs nodes.")
	}
	labels, some := r.nodes(node, ownNode)
	r.rule.subject = ir.Subject{Kind: ir.SubjectNodes, Nodes: labels, Address: "nodes " + labels.String()}
	if !r.options.Profile.On(hostFirewall) {
		node.Report(diag.NoEffect, r.policy.address+" governs nodes, which Cilium polices where its host firewall is on only: nothing of it is enforced.",
			"State the switch host_firewall where it is.")
		return false
	}
	return some
}

// lists reads the four lists of a rule.
func (r *reading) lists(o *manifest.Object) {
	items := 0
	for _, list := range []struct {
		name      string
		direction ir.Direction
		action    ir.Action
	}{{"ingress", ir.Ingress, ir.Allow}, {"ingressDeny", ir.Ingress, ir.Deny}, {"egress", ir.Egress, ir.Allow}, {"egressDeny", ir.Egress, ir.Deny}} {
		for i, v := range o.Field(list.name).Items() {
			items++
			if !r.opens[list.direction-ir.Egress].Present() {
				r.rule.closes |= list.direction.Set()
			}
			r.item(v, list.direction, list.action, fmt.Sprintf("%s %s%s[%d]", r.policy.address, r.place, list.name, i))
		}
	}
	if items == 0 {
		o.Bad("has no rule in ingress, ingressDeny, egress or egressDeny", "The agent refuses the object, so that nothing is closed. To close a direction, write one empty rule: ingress: [{}].")
	}
}
