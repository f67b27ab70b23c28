package cilium

import (
	"strings"

	"github.com/portolan-dev/portolan/frontends/kubernetes"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// readNative adds the native policies, which Cilium turns into its own
// (pkg/k8s/network_policy.go ParseNetworkPolicy).
func (l *lifting) readNative(docs []manifest.Document) {
	policies, diags := kubernetes.Policies(docs, l.options)
	l.diags = append(l.diags, diags...)
	for i := range policies {
		l.readNativePolicy(&policies[i])
	}
}

func (l *lifting) readNativePolicy(p *kubernetes.Policy) {
	if beyond := p.Written &^ p.Directions; beyond != ir.NoDirection {
		l.diags.Add(diag.NoEffect, p.Range, p.Address()+" has rules for "+beyond.String()+", which policyTypes does not name: Cilium enforces them, and closes the pods.",
			"Remove the rules, or name the direction in policyTypes.")
	}
	seen, in, some := l.seen(p.Subject.Pods, p.Range, p.Address())
	if !some {
		return
	}
	conditions, _ := l.here(in)
	subject := p.Subject
	if !seen.Equal(subject.Pods) {
		subject = ir.SubjectOf(seen)
	}
	r := &rule{
		subject: subject, conditions: conditions, closes: p.Written | p.Directions,
		origin: ir.Origin{Kind: ir.FromDefault, Address: p.Address(), Range: p.Range},
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, one := range p.Rules(d) {
			if len(one.Traffic.Named()) > 0 && d == ir.Egress && !l.atLeast(20) {
				l.diags.Add(diag.RefusedField, one.Origin.Range, one.Origin.Address+" names a port of destinations, which Cilium has one number for in the whole cluster before 1.20.", "Write the number.")
			}
			i := item{direction: d, action: ir.Allow, origin: one.Origin, plain: one.Traffic}
			for _, peer := range one.Peers.List() {
				i.part("", l.nativePeer(peer, one.Origin)...)
			}
			r.items = append(r.items, i)
		}
	}
	l.rules = append(l.rules, r)
}

// nativePeer gives a peer as Cilium sees it.
func (l *lifting) nativePeer(peer ir.Peer, o ir.Origin) []side {
	pods, ok := peer.(ir.Pods)
	if !ok {
		return []side{{peers: []ir.Peer{peer}}}
	}
	l.seen(pods, o.Range, o.Address)
	// A namespace selector of negative requirements is met by what has no
	// namespace, unless the local cluster is asked for (cilium/cilium#46949).
	return l.endpoints(scoped(pods, l.atLeast(19)))
}

// scoped gives the requirements that a native selector of peers becomes: one of
// no namespaces in particular asks for a namespace, and with own all for the
// cluster.
func scoped(pods ir.Pods, own bool) []requirement {
	reqs := labelsOf(pods)
	if pods.Namespace.IsEverything() {
		reqs = append(reqs, requirement{source: fromPods, key: namespaceKey, constraint: ir.Present()})
	}
	if own {
		reqs = append(reqs, requirement{source: fromPods, key: clusterKey, constraint: ir.Present(), own: true})
	}
	return reqs
}

// seen gives pods as far as Cilium knows their labels; false where it takes no
// pod for one of them.
func (l *lifting) seen(pods ir.Pods, at diag.Range, address string) (ir.Pods, clusters, bool) {
	reqs := labelsOf(pods)
	for _, r := range reqs {
		if dropped(r.key) {
			l.diags.Add(diag.NoEffect, at, address+" selects by the label "+strings.TrimPrefix(r.key, namespacePrefix)+", which Cilium's default filter leaves out: to Cilium nothing has it.", "Select by another label.")
		}
	}
	return podsOf(reqs)
}

// labelsOf gives the requirements that a native selector becomes.
func labelsOf(pods ir.Pods) []requirement {
	var out []requirement
	for _, r := range pods.Namespace.Requirements() {
		key := namespacePrefix + r.Key
		if r.Key == ir.NamespaceName {
			key = namespaceKey
		}
		out = append(out, requirement{source: fromPods, key: key, constraint: r.Constraint})
	}
	for _, r := range pods.Labels.Requirements() {
		out = append(out, requirement{source: fromPods, key: r.Key, constraint: r.Constraint})
	}
	return out
}
