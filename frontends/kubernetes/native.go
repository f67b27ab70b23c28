package kubernetes

import (
	"fmt"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Policies lifts the NetworkPolicies among the documents, with the defaults
// that the API server sets. Address ranges match what the profile says; where
// it leaves that open, pods and nodes in them have rules of their own, under a
// condition. With an error among the diagnostics they are not to be used.
func Policies(docs []manifest.Document, o lift.Options) ([]Policy, diag.List) {
	l := newLifting(o)
	var out []Policy
	for i := range docs {
		doc := &docs[i]
		if !IsPolicy(doc.Group(), doc.Kind) || !l.current(doc, policyGroup+"/v1", policyKind) {
			continue
		}
		if p, some := l.policy(doc); some {
			out = append(out, p)
		}
	}
	return out, l.diags
}

// policy lifts one; false for one that has no effect. An absent spec is an
// empty one, and an absent podSelector every pod of the namespace.
func (l *lifting) policy(doc *manifest.Document) (Policy, bool) {
	l.named(doc)
	p := Policy{Name: doc.Name, Namespace: doc.InNamespace(), Range: doc.Range, Directions: ir.IngressOnly}
	pods, some := ir.InNamespace(p.Namespace), true
	p.Subject = l.subjects.of(pods)
	doc.Object(policyFields, &l.diags, func(o *manifest.Object) {
		o.Field("spec").Object(func(spec *manifest.Object) {
			if s := spec.Field("podSelector"); s.Present() {
				pods.Labels, some = selected(s)
				p.Subject = l.subjects.of(pods)
			}
			ingress, egress := spec.Field("ingress").Items(), spec.Field("egress").Items()
			if len(ingress) > 0 {
				p.Written |= ir.IngressOnly
			}
			if len(egress) > 0 {
				p.Written |= ir.EgressOnly
			}
			p.Directions = directions(spec.Field("policyTypes"), p.Written)
			p.Ingress = l.rules(&p, ir.Ingress, ingress)
			p.Egress = l.rules(&p, ir.Egress, egress)
		})
	})
	return p, some
}

// directions gives those that a policy governs. Without policyTypes that is
// ingress always, and egress where there are rules for it
// (pkg/apis/networking/v1/defaults.go).
func directions(types manifest.Value, written ir.Directions) ir.Directions {
	items := types.Items()
	if len(items) == 0 {
		return ir.IngressOnly | written
	}
	if len(items) > 2 {
		types.Bad("has more than two policyTypes", "Name Ingress, Egress or both.")
	}
	out := ir.NoDirection
	for _, v := range items {
		v.Require()
		switch word, _ := v.Word("Ingress", "Egress"); word {
		case "Ingress":
			out |= ir.IngressOnly
		case "Egress":
			out |= ir.EgressOnly
		}
	}
	return out
}

// rules lifts the rules of a direction.
func (l *lifting) rules(p *Policy, d ir.Direction, items []manifest.Value) []ir.Rule {
	var out []ir.Rule
	for i, v := range items {
		element(v, func(o *manifest.Object) {
			found, some := l.peers(o.Field(peerField(d)), p.Namespace)
			traffic := l.ports(o.Field("ports"))
			if !some || traffic.IsEmpty() {
				return
			}
			r := ir.Rule{
				Subject: p.Subject, Traffic: traffic, Action: ir.Allow,
				Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprintf("%s %s[%d]", p.Address(), d, i), Range: v.Range()},
			}
			out = append(out, found.rules(l.profile, r)...)
			if more, some := l.wider(r); some {
				out = append(out, found.rules(l.profile, more)...)
			}
		})
	}
	return out
}
