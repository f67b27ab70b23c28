package istio

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	security "istio.io/api/security/v1"
	selector "istio.io/api/type/v1beta1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

const (
	apiVersion       = "security.istio.io/v1"
	kindPolicy       = "AuthorizationPolicy"
	kindPeerAuth     = "PeerAuthentication"
	kindRequestAuth  = "RequestAuthentication"
	dryRunAnnotation = "istio.io/dry-run"

	// Istio's own bounds (istio/api, kubernetes/customresourcedefinitions.gen.yaml).
	maxRules   = 512
	maxSources = 512
)

// policyKind is what a policy does; a subject has at most one of each kind.
type policyKind struct {
	action security.AuthorizationPolicy_Action
	dryRun bool
}

var (
	allowing = policyKind{action: security.AuthorizationPolicy_ALLOW}
	denying  = policyKind{action: security.AuthorizationPolicy_DENY}
)

// suffix is the kind's of an object's name.
func (k policyKind) suffix() string {
	out := ""
	if k.action == security.AuthorizationPolicy_DENY {
		out = "--deny"
	}
	if k.dryRun {
		out += "--staged"
	}
	return out
}

// policy is an authorization policy in the making.
type policy struct {
	site
	kind       policyKind
	rules      []*security.Rule
	origins    []ir.Origin
	everything bool // lets everybody in, so that a wider policy does not close the pods

	adding string // the address whose rules are added, from added on
	added  int
}

// policyAt gives the policy of a kind at a site, a new one where there is none.
func (l *lowering) policyAt(at site, kind policyKind, origins ...ir.Origin) *policy {
	key := at.namespace + "/" + at.name + kind.suffix()
	p, ok := l.policies[key]
	if !ok {
		p = &policy{site: at, kind: kind}
		l.policies[key] = p
	}
	p.origins = append(p.origins, origins...)
	return p
}

// add appends the rules that an intent's rule makes. Empty lists are never
// written: they would mean everything.
func (p *policy) add(l *lowering, r *ir.Rule, a admission, clauses []clause) {
	if len(a.sources) > maxSources {
		l.refuse(diag.OverBound, r.Origin, fmt.Sprintf("it has %d sources, and a rule of a policy takes %d", len(a.sources), maxSources), "Split the rule, or use wider address ranges.")
		return
	}
	if a.nobody() {
		panic("istio: a rule about nobody would be about everybody")
	}
	var from []*security.Rule_From
	for _, s := range a.sources {
		from = append(from, &security.Rule_From{Source: s})
	}
	if p.adding != r.Origin.Address {
		p.adding, p.added = r.Origin.Address, len(p.rules)
	}
	for _, c := range clauses {
		p.rules = append(p.rules, &security.Rule{From: from, To: c.to, When: c.when})
	}
	if len(r.If) > 0 { // of which alternatives are rules of their own
		p.rules = append(p.rules[:p.added], merged(p.rules[p.added:])...)
	}
	if len(p.rules) > maxRules {
		l.refuse(diag.OverBound, r.Origin, fmt.Sprintf("the policy of %s has more than %d rules, which Istio does not take", p.subject.Address, maxRules), "Let rules name several peers (`from = [...]`), or split the workload.")
	}
}

// objects gives what was made, sorted by namespace, kind and name.
func (l *lowering) objects() []manifest.Object {
	out := slices.Clone(l.peerAuths)
	for _, key := range sortedKeys(l.policies) {
		out = append(out, l.policies[key].object())
	}
	for _, key := range sortedKeys(l.waypointPolicies) {
		out = append(out, l.waypointPolicies[key].object())
	}
	for _, all := range []map[string]*requestAuthentication{l.requestAuths, l.waypointAuths} {
		for _, key := range sortedKeys(all) {
			out = append(out, all[key].object())
		}
	}
	slices.SortFunc(out, manifest.Object.Compare)
	return out
}

func (p *policy) object() manifest.Object {
	o := &clientsecurity.AuthorizationPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiVersion, Kind: kindPolicy},
		ObjectMeta: p.meta(p.name+p.kind.suffix(), p.origins),
	}
	o.Spec.Selector, o.Spec.TargetRefs = p.attached()
	o.Spec.Action = p.kind.action
	o.Spec.Rules = p.rules
	comments := p.comments()
	switch {
	case p.everything:
		o.Spec.Rules = []*security.Rule{{}}
		comments = append(comments, "Lets everything in: these pods are open, and a wider policy would close them.")
	case len(p.rules) == 0:
		comments = append(comments, "Without rules: nothing gets in that no other policy allows.")
	}
	if p.kind.dryRun {
		o.Annotations[dryRunAnnotation] = "true"
	}
	return manifest.Object{APIVersion: apiVersion, Kind: kindPolicy, Namespace: p.namespace, Name: o.Name, Value: o, Comments: comments}
}

func peerAuthentication(at site, m *ir.MTLS) manifest.Object {
	o := &clientsecurity.PeerAuthentication{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiVersion, Kind: kindPeerAuth},
		ObjectMeta: at.meta(at.name, []ir.Origin{m.Origin}),
	}
	fillPeerAuthentication(o, at, m)
	return manifest.Object{APIVersion: apiVersion, Kind: kindPeerAuth, Namespace: at.namespace, Name: at.name, Value: o, Comments: at.comments()}
}

func (a *requestAuthentication) object() manifest.Object {
	o := &clientsecurity.RequestAuthentication{
		TypeMeta:   metav1.TypeMeta{APIVersion: apiVersion, Kind: kindRequestAuth},
		ObjectMeta: a.meta(a.name, a.origins),
	}
	o.Spec.Selector, o.Spec.TargetRefs = a.attached()
	o.Spec.JwtRules = a.jwtRules()
	return manifest.Object{APIVersion: apiVersion, Kind: kindRequestAuth, Namespace: a.namespace, Name: a.name, Value: o, Comments: a.comments()}
}

func (at site) meta(name string, origins []ir.Origin) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: at.namespace,
		Labels: lower.Labels(), Annotations: lower.Annotations(at.subject, origins),
	}
}

// comments explain a name that had to be escaped.
func (at site) comments() []string {
	if !at.escaped {
		return nil
	}
	return []string{"Named after " + at.subject.Address + "."}
}

// attached is what a policy is about: pods, or what a waypoint decides for.
func (at site) attached() (*selector.WorkloadSelector, []*selector.PolicyTargetReference) {
	if at.target == (target{}) {
		return selectorOf(at.labels), nil
	}
	return nil, []*selector.PolicyTargetReference{{Group: at.target.group, Kind: at.target.kind, Name: at.target.name}}
}

// selectorOf selects by labels. No labels are no selector: an empty one selects
// a whole namespace with sidecars and nothing in ambient.
func selectorOf(labels map[string]string) *selector.WorkloadSelector {
	if len(labels) == 0 {
		return nil
	}
	return &selector.WorkloadSelector{MatchLabels: labels}
}
