package istio

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// identities is how the mesh knows pods of one namespace: as all of it, as
// those that run as some accounts, or as all but those.
type identities struct {
	whole    bool
	accounts []string // sorted
	but      []string // sorted; with whole

	// siblings run as one of the accounts and are not among the pods: the mesh
	// cannot keep them apart.
	siblings []*ir.Workload
}

// running is the workload's pods as both its labels and its account know them.
// Of an account, all pods of the namespace that run as it are of one of the
// workloads that declare it.
func running(w *ir.Workload) ir.Pods {
	p := w.Pods
	if w.Account != "" {
		p.Account = p.Account.And(ir.OneOf(w.Account))
	}
	return p
}

// within reports whether every pod of p is in one of the sets.
func within(p ir.Pods, sets []ir.Pods) bool {
	if slices.ContainsFunc(sets, func(s ir.Pods) bool { return s.Contains(p) }) {
		return true
	}
	return len(ir.SubtractAll([]ir.Pods{p}, sets)) == 0
}

// identified is what identify found of some pods.
type identified struct {
	identities identities
	why        string
}

// identify finds the identities of exactly these pods of one namespace; the
// reason why there are none is a clause, and then nothing of them may be used.
// The same peers come with many rules, so what was found is kept.
func (l *lowering) identify(namespace string, pods []ir.Pods) (identities, string) {
	key := namespace
	for _, p := range pods {
		key += "\x00" + p.String()
	}
	found, known := l.identified[key]
	if !known {
		found.identities, found.why = l.findIdentities(namespace, pods)
		l.identified[key] = found
	}
	return found.identities, found.why
}

func (l *lowering) findIdentities(namespace string, pods []ir.Pods) (identities, string) {
	if why := l.strangers(namespace, pods); why != "" {
		return identities{}, why
	}
	rest := ir.SubtractAll([]ir.Pods{ir.InNamespace(namespace)}, pods)
	if len(rest) == 0 {
		return identities{whole: true}, ""
	}
	id, why := l.byAccount(namespace, pods)
	if why == "" && len(id.siblings) == 0 {
		return id, ""
	}
	// What has no identity needs no exception.
	for _, w := range l.workloads[namespace] {
		if !w.Mesh {
			rest = ir.SubtractAll(rest, []ir.Pods{w.Pods})
		}
	}
	if but, not := l.byAccount(namespace, rest); not == "" && len(but.siblings) == 0 {
		return identities{whole: true, but: but.accounts}, ""
	}
	return id, why
}

// strangers says that some of the pods are outside the mesh and so have no
// identity.
func (l *lowering) strangers(namespace string, pods []ir.Pods) string {
	ns, declared := l.inv.Namespace(namespace)
	if !declared {
		return ""
	}
	rest := pods
	for _, w := range l.workloads[namespace] {
		related := within(w.Pods, pods) || slices.ContainsFunc(pods, w.Pods.Contains)
		if related && !w.Mesh {
			return "the pods of " + w.Address + " are outside the mesh and have no identity"
		}
		if w.Mesh {
			rest = ir.SubtractAll(rest, []ir.Pods{w.Pods})
		}
	}
	if !ns.Mesh && len(rest) > 0 {
		return "the pods of " + ns.Address + " are outside the mesh and have no identity"
	}
	return ""
}

// byAccount finds the accounts that the pods run as.
func (l *lowering) byAccount(namespace string, pods []ir.Pods) (identities, string) {
	workloads := map[string][]*ir.Workload{}
	for _, w := range l.workloads[namespace] {
		if w.Account != "" && w.Mesh {
			workloads[w.Account] = append(workloads[w.Account], w)
		}
	}
	selected := map[string]bool{} // accounts that are among the pods as such
	for _, p := range pods {
		if values, finite := p.Account.Values(); finite && p.Labels.IsEverything() {
			for _, v := range values {
				selected[v] = true
				workloads[v] = slices.Clone(workloads[v]) // the key has to be there
			}
		}
	}
	id, rest := identities{}, pods
	for _, account := range sortedKeys(workloads) {
		taken := selected[account]
		if taken {
			all := ir.InNamespace(namespace)
			all.Account = ir.OneOf(account)
			rest = ir.SubtractAll(rest, []ir.Pods{all})
		}
		var siblings []*ir.Workload
		for _, w := range workloads[account] {
			in := within(running(w), pods)
			if in || slices.ContainsFunc(pods, w.Pods.Contains) {
				taken = true
				rest = ir.SubtractAll(rest, []ir.Pods{w.Pods})
			}
			if !in {
				siblings = append(siblings, w)
			}
		}
		if taken {
			id.accounts = append(id.accounts, account)
			id.siblings = append(id.siblings, siblings...)
		}
	}
	if len(rest) > 0 {
		return identities{}, l.anonymous(namespace, rest)
	}
	return id, ""
}

// anonymous says why pods have no identity of their own.
func (l *lowering) anonymous(namespace string, pods []ir.Pods) string {
	var without []string
	for _, w := range l.workloads[namespace] {
		if w.Account == "" && (within(w.Pods, pods) || slices.ContainsFunc(pods, w.Pods.Contains)) {
			without = append(without, w.Address)
		}
	}
	switch len(without) {
	case 0:
		return "a mesh knows its peers by service account, and " + pods[0].String() + " is no declared workload with one"
	case 1:
		return "a mesh knows its peers by service account, and " + without[0] + " declares none"
	}
	return "a mesh knows its peers by service account, and " + strings.Join(without, ", ") + " declare none"
}

// sharing says which workloads the mesh cannot keep out.
func sharing(siblings []*ir.Workload) (reason, nearest string) {
	w := siblings[0]
	var names []string
	for _, s := range siblings {
		if s.Account == w.Account && s.Namespace == w.Namespace {
			names = append(names, s.Address)
		}
	}
	return fmt.Sprintf("service account %q of namespace %q is also that of %s, which the mesh would let in too", w.Account, w.Namespace, strings.Join(names, ", ")),
		"Give the workloads that must be told apart accounts of their own, or name all of them in the rule. In a stack (`cni` and `mesh`) the CNI tells them apart by label."
}

// sortedKeys gives the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
