package istio

import (
	"slices"

	"google.golang.org/protobuf/proto"

	security "istio.io/api/security/v1"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// enforced is the program without what is staged.
func enforced(p *ir.Program) *ir.Program {
	q := p.Filter(func(d ir.Directed) bool { return d.Rule.Mode == ir.Enforce })
	for _, stages := range [][]ir.Stage{q.Egress, q.Ingress} {
		for i := range stages {
			stages[i].Isolate = slices.DeleteFunc(stages[i].Isolate, func(iso ir.Isolation) bool { return iso.Mode == ir.Staged })
		}
	}
	q.Index()
	return q
}

// stage makes dry runs of what of the preview's policies now, the lowering of
// what is enforced, has not: sidecars evaluate these and report, and decide
// nothing (istio/istio, pilot/pkg/security/authz/builder/builder.go; alpha).
// Policies of an action are a union, so that with the dry runs enforced beside
// the others the preview is what comes. What would take from an enforced policy
// is refused.
func (l *lowering) stage(p *ir.Program, now *lowering) {
	l.said.Add(now.said.Diags)
	if l.ambient {
		for _, o := range stagedOrigins(p, nil) {
			l.refuse(diag.LacksStaged, o, "ztunnel has no dry run", "Accept it as `unenforced`, which leaves the rule out.")
		}
		return
	}
	for _, key := range sortedKeys(l.requestAuths) {
		a, old := l.requestAuths[key], now.requestAuths[key]
		if old == nil || len(old.issuers) < len(a.issuers) {
			for _, o := range stagedOrigins(p, &a.subject) {
				l.refuse(diag.LacksStaged, o, "its tokens would have to be validated, and there is no dry run of that: a bad token is refused where it is validated",
					"Enforce a rule that asks for a token of the same issuer first, or accept it as `unenforced`, which leaves the rule out.")
			}
		}
	}
	for _, key := range sortedKeys(now.policies) {
		if old := now.policies[key]; l.policies[key] == nil && (old.everything || len(old.rules) > 0) {
			l.refuseTaking(p, old)
		}
	}
	preview := l.policies
	l.policies = map[string]*policy{}
	for key, old := range now.policies {
		l.policies[key] = old
	}
	for _, key := range sortedKeys(preview) {
		l.dryRun(p, preview[key], now.policies[key])
	}
}

// dryRun adds the dry run of what a policy of the preview has beside what is
// enforced of it, old, which is nil where nothing is.
func (l *lowering) dryRun(p *ir.Program, preview, old *policy) {
	more := &policy{site: preview.site, kind: preview.kind, origins: preview.origins}
	more.kind.dryRun = true
	if old != nil {
		taken := slices.ContainsFunc(old.rules, func(r *security.Rule) bool { return !hasRule(preview.rules, r) })
		if taken || old.everything && !preview.everything {
			l.refuseTaking(p, old)
			return
		}
		more.origins = slices.DeleteFunc(slices.Clone(preview.origins), func(o ir.Origin) bool { return slices.Contains(old.origins, o) })
	}
	for _, r := range preview.rules {
		if old == nil || !hasRule(old.rules, r) {
			more.rules = append(more.rules, r)
		}
	}
	more.everything = preview.everything && (old == nil || !old.everything)
	if old == nil || more.everything || len(more.rules) > 0 {
		l.policies[more.namespace+"/"+more.name+more.kind.suffix()] = more
	}
}

func hasRule(list []*security.Rule, r *security.Rule) bool {
	return slices.ContainsFunc(list, func(x *security.Rule) bool { return proto.Equal(x, r) })
}

// refuseTaking refuses what is staged for the pods of an enforced policy that
// would not stay as it is.
func (l *lowering) refuseTaking(p *ir.Program, old *policy) {
	for _, o := range stagedOrigins(p, &old.subject) {
		l.refuse(diag.LacksStaged, o, "a dry run adds policies and takes none away, and enforced, this would take from what the policy of "+old.subject.Address+" lets in or keeps out",
			"Stage all that changes together (`mode` of the namespace or the target), or accept it as `unenforced`, which leaves it out.")
	}
}

// stagedOrigins gives where what is staged comes from; of a subject, what may be
// about the same pods.
func stagedOrigins(p *ir.Program, of *ir.Subject) []ir.Origin {
	var out []ir.Origin
	add := func(s *ir.Subject, o ir.Origin) {
		if of == nil || s.Pods.Overlaps(of.Pods) {
			out = append(out, o)
		}
	}
	for i := range p.Ingress {
		s := &p.Ingress[i]
		for _, iso := range s.Isolate {
			if iso.Mode == ir.Staged {
				add(&iso.Subject, iso.Origin)
			}
		}
		for _, r := range s.Rules() {
			if r.Mode == ir.Staged {
				add(&r.Subject, r.Origin)
			}
		}
	}
	return out
}
