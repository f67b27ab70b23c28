package istio

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// site is where a policy stands: a namespace, and the labels of the pods that
// it selects there. Without labels it selects every pod of the namespace, or of
// the mesh where the namespace is the mesh's root.
type site struct {
	namespace string
	name      string
	labels    map[string]string
	subject   ir.Subject
	escaped   bool

	target target // where it is no pods that the policy is about
}

// target is what a policy for waypoints stands at.
type target struct{ group, kind, name string }

// maxSelectors bounds the policies that the values of one subject's labels are
// spread over, since a policy's selector takes one value for a label.
const maxSelectors = 100

// sitesOf gives the places of policies that select exactly these pods of one
// namespace, named after the subject. The error is a clause.
func (l *lowering) sitesOf(namespace string, pods ir.Pods, s ir.Subject) ([]site, string) {
	if l.service != "" {
		return []site{{namespace: namespace, name: l.service + "--waypoint", subject: s, target: target{kind: "Service", name: l.service}}}, ""
	}
	if namespace == l.inv.Facts.MeshRoot && s.Kind != ir.SubjectCluster {
		return nil, "a policy in the mesh's root namespace governs every namespace, so it cannot be kept to \"" + namespace + "\""
	}
	if !pods.Account.IsAnything() {
		return nil, "a policy selects pods by label, and \"" + s.Address + "\" is known by its service account only"
	}
	selectors, why := equalities(pods.Labels)
	if why != "" {
		return nil, why
	}
	base, escaped := lower.Name(s)
	var out []site
	for _, labels := range selectors {
		at := site{namespace: namespace, name: base, labels: labels, subject: s, escaped: escaped}
		if len(selectors) > 1 {
			one := pods
			one.Labels = ir.MatchLabels(labels)
			piece, _ := lower.Name(ir.Subject{Pods: one, Kind: ir.SubjectInline})
			at.name, at.escaped = base+strings.TrimPrefix(piece, "pods"), true
		}
		out = append(out, at)
	}
	return out, ""
}

// equalities spreads a selector over selectors of one value for each label,
// which is all that an Istio selector has. The empty selector is one without
// labels. The error is a clause.
func equalities(s ir.Selector) ([]map[string]string, string) {
	out := []map[string]string{nil}
	for _, r := range s.Requirements() {
		values, finite := r.Constraint.Values()
		if !finite || len(values) == 0 {
			return nil, "a policy's selector compares labels with a value, and `" + r.String() + "` is no such comparison"
		}
		if len(values)*len(out) > maxSelectors {
			return nil, fmt.Sprintf("a policy's selector takes one value for a label, and `%s` would need more than %d policies", s, maxSelectors)
		}
		var next []map[string]string
		for _, labels := range out {
			for _, v := range values {
				one := maps.Clone(labels)
				if one == nil {
					one = map[string]string{}
				}
				one[r.Key] = v
				next = append(next, one)
			}
		}
		out = next
	}
	return out, ""
}

const nearestSubject = "Give the pods that are meant a label of their own and declare them as a workload, or name the workloads one by one."

// known gives the subject that pods of one namespace are best known as.
func (l *lowering) known(namespace string, pods ir.Pods) ir.Subject {
	if pods.Equal(ir.InNamespace(namespace)) {
		address := namespace
		if ns, ok := l.inv.Namespace(namespace); ok {
			address = ns.Address
		}
		return ir.Subject{Pods: pods, Address: address, Kind: ir.SubjectNamespace}
	}
	for _, w := range l.workloads[namespace] {
		if w.Pods.Equal(pods) {
			return ir.Subject{Pods: pods, Address: w.Address, Kind: ir.SubjectWorkload}
		}
	}
	return ir.Subject{Pods: pods, Address: pods.String(), Kind: ir.SubjectInline}
}

// part gives the pods of a subject in one namespace, as a subject of its own
// where the subject is wider; false for none.
func (l *lowering) part(s ir.Subject, namespace string) (ir.Subject, bool) {
	if ns, single := s.Pods.SingleNamespace(); single && ns == namespace && len(s.Pods.Namespace.Requirements()) == 1 {
		return s, true
	}
	both, ok := s.Pods.And(ir.InNamespace(namespace))
	if !ok {
		return ir.Subject{}, false
	}
	narrowed := l.inv.Narrow(both)
	if len(narrowed) != 1 || len(narrowed[0].Namespace.Requirements()) != 1 {
		return ir.Subject{}, false
	}
	return l.known(namespace, narrowed[0]), true
}

// closure is how the pods of one namespace are closed.
type closure uint8

const (
	notClosed   closure = iota
	bySelector          // policies with selectors close some of the pods
	byNamespace         // one policy closes all of them, and others open some again
)

// close makes the policies of default denies. A policy without rules matches
// nothing, and with it, nothing that no other policy allows passes. Policies
// of one action are a union, so that one with an empty rule opens again what a
// wider one closes (istio/istio, pilot/pkg/security/authz/builder/builder.go).
func (l *lowering) close(p *ir.Program, s *ir.Stage) {
	names := l.closeCluster(s)
	for _, ns := range l.inv.Namespaces {
		names[ns.Name] = true
	}
	delete(names, "")
	for _, name := range sortedKeys(names) {
		l.closeNamespace(p, s, name)
	}
}

// closeCluster makes the policy that closes every namespace, in the root
// namespace of the mesh, and gives the namespaces that it spares.
func (l *lowering) closeCluster(s *ir.Stage) map[string]bool {
	spared := map[string]bool{}
	for _, iso := range s.Isolate {
		if _, named := iso.Subject.Pods.Names(); named {
			continue
		}
		names, ok := wholeNamespaces(iso.Subject.Pods)
		switch {
		case !ok:
			l.refuse(diag.CannotSay, iso.Origin, "a policy that closes pods of every namespace closes all of them", nearestSubject)
		case l.inv.Facts.MeshRoot == "":
			l.refuse(diag.NeedsFact, iso.Origin, "the mesh's root namespace, where policies for every namespace stand, is not stated", "State `mesh_root_namespace` in the cluster block.")
		default:
			l.rootClosed = true
			for _, n := range names {
				spared[n] = true
			}
			subject := ir.Subject{Pods: iso.Subject.Pods, Address: "cluster", Kind: ir.SubjectCluster}
			l.root = l.rootSite(subject, nil)
			l.closeAt(l.root, iso.Origin)
		}
	}
	return spared
}

// wholeNamespaces gives, for all pods of all namespaces but some, the names of
// those; false for any other set.
func wholeNamespaces(p ir.Pods) (but []string, ok bool) {
	if !p.IsNamespace() || !p.Namespace.Without(ir.NamespaceName).IsEverything() {
		return nil, false
	}
	switch form, values := p.Namespace.Get(ir.NamespaceName).Form(); form {
	case ir.FormAnything, ir.FormExists:
		return nil, true
	case ir.FormNotIn, ir.FormPresentNot:
		return values, true
	case ir.FormNever, ir.FormIn, ir.FormNotExists, ir.FormAbsentOr, ir.FormMatches, ir.FormAbsentOrMatches:
	}
	return nil, false
}

// closeNamespace makes the policies that close pods of one namespace, and those
// that keep pods open which a wider policy closes.
func (l *lowering) closeNamespace(p *ir.Program, s *ir.Stage, name string) {
	all := ir.InNamespace(name)
	closed, open := p.Split(all, s)
	own := overlappingIsolations(s.Isolate, all)
	if l.membership(all) == outside {
		return
	}
	open = slices.DeleteFunc(open, func(part ir.Pods) bool { return l.membership(part) == outside })
	if name == l.inv.Facts.MeshRoot {
		l.closeRoot(own, closed, open, s)
		return
	}
	whole := l.known(name, all)
	switch {
	case len(closed) == 0:
		if l.rootClosed {
			l.openAt(name, all, whole, clusterOrigin(s))
		}
	case len(open) == 0:
		l.closures[name] = byNamespace
		if len(own) > 0 {
			l.closePart(name, all, whole, own)
		}
	case !l.rootClosed && sayable(closed):
		l.closures[name] = bySelector
		for _, part := range closed {
			l.closePart(name, part, l.known(name, part), overlappingIsolations(s.Isolate, part))
		}
	default:
		l.closures[name] = byNamespace
		if len(own) > 0 {
			l.closePart(name, all, whole, own)
		}
		for _, part := range open {
			l.openAt(name, part, l.known(name, part), append(own, clusterOrigin(s)...))
		}
	}
}

// closeRoot refuses what would have to hold in the root namespace of the mesh
// alone: policies there govern every namespace, or select pods in every
// namespace (istio/istio, pilot/pkg/model/policyattachment.go).
func (l *lowering) closeRoot(own []ir.Origin, closed, open []ir.Pods, s *ir.Stage) {
	root := l.inv.Facts.MeshRoot
	switch {
	case l.rootClosed && len(open) > 0:
		l.refuse(diag.NeedsFact, clusterOrigin(s)[0],
			"the policy that closes every namespace stands in \""+root+"\", the mesh's root, and closes that too, and whether pods there have a proxy is not stated",
			"Where none has (gateways run elsewhere), declare the namespace \""+root+"\" with `managed = false` and `mesh = false`; else leave it out of `exempt`.")
	case !l.rootClosed && len(closed) > 0:
		l.refuse(diag.CannotSay, own[0], "a policy in the mesh's root namespace governs every namespace, so it cannot close \""+root+"\" alone",
			"Close the whole mesh with `default_deny` in the cluster block, or run these pods in another namespace.")
	}
}

func sayable(parts []ir.Pods) bool {
	return !slices.ContainsFunc(parts, func(p ir.Pods) bool {
		_, why := equalities(p.Labels)
		return why != "" || !p.Account.IsAnything()
	})
}

// overlappingIsolations gives the origins of the defaults that are confined to
// namespaces and close some of the pods.
func overlappingIsolations(list []ir.Isolation, pods ir.Pods) []ir.Origin {
	var out []ir.Origin
	for _, iso := range list {
		if _, named := iso.Subject.Pods.Names(); named && iso.Subject.Pods.Overlaps(pods) {
			out = append(out, iso.Origin)
		}
	}
	return out
}

func clusterOrigin(s *ir.Stage) []ir.Origin {
	for _, iso := range s.Isolate {
		if _, named := iso.Subject.Pods.Names(); !named {
			return []ir.Origin{iso.Origin}
		}
	}
	return nil
}

func (l *lowering) closePart(namespace string, pods ir.Pods, s ir.Subject, origins []ir.Origin) {
	sites, why := l.sitesOf(namespace, pods, s)
	if why != "" {
		l.refuse(diag.CannotSay, origins[0], why, nearestSubject)
		return
	}
	for _, at := range sites {
		l.closeAt(at, origins...)
	}
}

// closeAt makes sure that a policy that allows nothing more than its rules
// stands at the site.
func (l *lowering) closeAt(at site, origins ...ir.Origin) {
	l.policyAt(at, allowing, origins...)
}

// openAt makes the policies that keep pods open which a wider policy closes.
func (l *lowering) openAt(namespace string, pods ir.Pods, s ir.Subject, origins []ir.Origin) {
	sites, why := l.sitesOf(namespace, pods, s)
	if why != "" {
		l.refuse(diag.CannotSay, origins[0], "the pods that stay open would need a policy that lets everything in: "+why, nearestSubject)
		return
	}
	for _, at := range sites {
		l.policyAt(at, allowing).everything = true
	}
}

// allowSites gives where the policies stand that carry an allow: for its
// closed pods, since the first policy that allows closes what it selects. Pods
// that another policy opens may be selected too, for it changes nothing there.
// false means that the rule was refused.
func (l *lowering) allowSites(p *ir.Program, s *ir.Stage, r *ir.Rule) ([]site, bool) {
	if closed, _ := p.Split(r.Subject.Pods, s); len(closed) == 0 {
		return nil, true
	}
	names, named := r.Subject.Pods.Names()
	if !named {
		if l.rootClosed {
			return l.rootSites(p, s, r)
		}
		names = nil
		for _, ns := range l.inv.Namespaces {
			names = append(names, ns.Name)
		}
		slices.Sort(names)
	}
	var out []site
	for _, name := range names {
		sub, some := l.part(r.Subject, name)
		if !some || l.membership(sub.Pods) == outside {
			continue
		}
		parts := []ir.Subject{sub}
		switch how := l.closures[name]; {
		case how == notClosed:
			continue
		case !l.inv.Managed(name):
			l.refuse(diag.CannotSay, r.Origin, "the policy of the mesh's root closes namespace \""+name+"\", which the rule would have to open, and nothing is emitted in it", "Manage the namespace, or exempt it from what closes the cluster.")
			return nil, false
		case how == bySelector:
			parts = nil
			closed, _ := p.Split(sub.Pods, s)
			for _, pods := range closed {
				parts = append(parts, l.known(name, pods))
			}
		default:
			parts[0] = l.widened(p, s, name, sub)
		}
		for _, part := range parts {
			sites, why := l.sitesOf(name, part.Pods, part)
			if why != "" {
				l.refuse(diag.CannotSay, r.Origin, why, nearestSubject)
				return nil, false
			}
			out = append(out, sites...)
		}
	}
	return out, true
}

// widened drops the requirements that no selector can say from a subject,
// where what that adds is open by a policy of its own.
func (l *lowering) widened(p *ir.Program, s *ir.Stage, name string, sub ir.Subject) ir.Subject {
	wide := sub.Pods
	for _, r := range sub.Pods.Labels.Requirements() {
		if _, finite := r.Constraint.Values(); !finite {
			wide.Labels = wide.Labels.Without(r.Key)
		}
	}
	if wide.Equal(sub.Pods) {
		return sub
	}
	for _, added := range ir.SubtractAll([]ir.Pods{wide}, []ir.Pods{sub.Pods}) {
		if closed, _ := p.Split(added, s); len(closed) > 0 {
			return sub
		}
	}
	return l.known(name, wide)
}

// rootSites gives the place of a policy for pods of every namespace, which the
// cluster's default closes.
func (l *lowering) rootSites(p *ir.Program, s *ir.Stage, r *ir.Rule) ([]site, bool) {
	all := r.Subject.Pods
	all.Labels = ir.Selector{}
	but, ok := wholeNamespaces(all)
	for _, name := range but {
		rest := r.Subject.Pods
		rest.Namespace = ir.InNamespace(name).Namespace
		closed, _ := p.Split(rest, s)
		ok = ok && !slices.ContainsFunc(closed, func(c ir.Pods) bool { return l.membership(c) != outside })
	}
	selectors, why := equalities(r.Subject.Pods.Labels)
	if !ok || why != "" || len(selectors) > 1 {
		l.refuse(diag.CannotSay, r.Origin, "a policy for every namespace, in the mesh's root, cannot be kept to "+r.Subject.Pods.String(), nearestSubject)
		return nil, false
	}
	if selectors[0] == nil {
		return []site{l.root}, true
	}
	return []site{l.rootSite(r.Subject, selectors[0])}, true
}

// rootSite is a place in the mesh's root namespace, for every namespace.
func (l *lowering) rootSite(s ir.Subject, labels map[string]string) site {
	name, escaped := lower.Name(s)
	return site{namespace: l.inv.Facts.MeshRoot, name: name, labels: labels, subject: s, escaped: escaped}
}

// exactSites gives where the policies stand that select the rule's subject and
// nothing else, as a deny needs. false means that the rule was refused.
func (l *lowering) exactSites(r *ir.Rule) ([]site, bool) {
	pods := r.Subject.Pods
	names, named := pods.Names()
	if !named {
		selectors, why := equalities(pods.Labels)
		switch {
		case !pods.Namespace.IsEverything() || !pods.Account.IsAnything() || why != "" || len(selectors) > 1:
			l.refuse(diag.CannotSay, r.Origin, "a policy for every namespace, in the mesh's root, cannot be kept to "+pods.String(), nearestSubject)
			return nil, false
		case l.inv.Facts.MeshRoot == "":
			l.refuse(diag.NeedsFact, r.Origin, "the mesh's root namespace, where policies for every namespace stand, is not stated", "State `mesh_root_namespace` in the cluster block.")
			return nil, false
		}
		return []site{l.rootSite(r.Subject, selectors[0])}, true
	}
	var out []site
	for _, name := range names {
		sub, some := l.part(r.Subject, name)
		if !some || l.membership(sub.Pods) == outside || !l.inv.Managed(name) {
			continue
		}
		sites, why := l.sitesOf(name, sub.Pods, sub)
		if why != "" {
			l.refuse(diag.CannotSay, r.Origin, why, nearestSubject)
			return nil, false
		}
		out = append(out, sites...)
	}
	return out, true
}
