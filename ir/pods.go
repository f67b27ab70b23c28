package ir

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// NamespaceName is the label that the control plane keeps equal to a
// namespace's name (Kubernetes: NamespaceDefaultLabelName). A selector names a
// namespace by it, so that names and labels are one algebra.
const NamespaceName = "kubernetes.io/metadata.name"

// Pods is a set of pods on the pod network: those whose namespace's labels,
// own labels and service account all fit. It is never empty by construction,
// save for what the cluster holds.
type Pods struct {
	Namespace Selector   // over namespace labels, NamespaceName included
	Labels    Selector   // over pod labels
	Account   Constraint // over the service account's name; Anything where it does not matter

	// Except is addresses that its pods do not have. Pods at some addresses only
	// are those without the complement; see At.
	Except set.Addresses
}

// AllPods is every pod on the pod network, in every namespace.
func AllPods() Pods { return Pods{Account: Anything()} }

// InNamespace is every pod of the namespaces with these names.
func InNamespace(names ...string) Pods {
	p := AllPods()
	p.Namespace, _ = Select(Requirement{NamespaceName, OneOf(names...)})
	return p
}

// WithLabels narrows the set to pods that the selector matches; false where
// that leaves nothing.
func (p Pods) WithLabels(s Selector) (Pods, bool) {
	var ok bool
	p.Labels, ok = p.Labels.And(s)
	return p, ok
}

// WithAccount narrows the set to pods that run as one of the accounts.
func (p Pods) WithAccount(c Constraint) (Pods, bool) {
	p.Account = p.Account.And(c)
	return p, !p.Account.IsEmpty()
}

// At narrows the set to pods with one of the addresses; false where that
// leaves nothing.
func (p Pods) At(a set.Addresses) (Pods, bool) {
	p.Except = p.Except.Union(a.Complement())
	return p, !p.Except.IsAll()
}

// Names gives the names of the namespaces that the set is confined to, where
// it is confined to named ones.
func (p Pods) Names() ([]string, bool) { return p.Namespace.Get(NamespaceName).Values() }

// SingleNamespace gives the one namespace that the set is confined to.
func (p Pods) SingleNamespace() (string, bool) {
	if names, ok := p.Names(); ok && len(names) == 1 {
		return names[0], true
	}
	return "", false
}

// IsNamespace reports that the set is whole namespaces: neither labels nor
// accounts nor addresses narrow it.
func (p Pods) IsNamespace() bool {
	return p.Labels.IsEverything() && p.Account.IsAnything() && p.Except.IsEmpty()
}

// IsAll reports that the set is every pod of every namespace.
func (p Pods) IsAll() bool { return p.IsNamespace() && p.Namespace.IsEverything() }

// And is the intersection; false where it is empty.
func (p Pods) And(q Pods) (Pods, bool) {
	if !p.Overlaps(q) {
		return Pods{}, false
	}
	ns, ok1 := p.Namespace.And(q.Namespace)
	ls, ok2 := p.Labels.And(q.Labels)
	a := p.Account.And(q.Account)
	return Pods{ns, ls, a, p.Except.Union(q.Except)}, ok1 && ok2 && !a.IsEmpty()
}

// Overlaps reports whether some pod may be in both.
func (p Pods) Overlaps(q Pods) bool {
	return p.Namespace.Overlaps(q.Namespace) && p.Labels.Overlaps(q.Labels) && p.Account.Overlaps(q.Account) &&
		(p.Except.IsEmpty() || q.Except.IsEmpty() || !p.Except.Union(q.Except).IsAll())
}

// Contains reports whether p has every pod of q.
func (p Pods) Contains(q Pods) bool {
	return p.Namespace.Contains(q.Namespace) && p.Labels.Contains(q.Labels) &&
		q.Account.And(p.Account).Equal(q.Account) && q.Except.ContainsAll(p.Except)
}

// Subtract gives disjoint sets that together are p without q. None means that
// q contains p.
func (p Pods) Subtract(q Pods) []Pods {
	if !p.Overlaps(q) {
		return []Pods{p}
	}
	both, _ := p.And(q)
	var out []Pods
	for _, ns := range p.Namespace.Subtract(q.Namespace) {
		if ns, ok := withName(ns); ok {
			out = append(out, Pods{ns, p.Labels, p.Account, p.Except})
		}
	}
	for _, ls := range p.Labels.Subtract(q.Labels) {
		out = append(out, Pods{both.Namespace, ls, p.Account, p.Except})
	}
	if a := p.Account.And(q.Account.Not()); !a.IsEmpty() {
		out = append(out, Pods{both.Namespace, both.Labels, a, p.Except})
	}
	if !q.Except.IsEmpty() {
		if left, some := (Pods{both.Namespace, both.Labels, both.Account, p.Except}).At(q.Except); some {
			out = append(out, left)
		}
	}
	return out
}

// withName puts to use that every namespace has a name: the absence that a
// complement brings in is taken out of the requirement on it again. False
// where nothing else is left.
func withName(s Selector) (Selector, bool) {
	c := s.Get(NamespaceName)
	switch {
	case c.absent == c.except:
		return s, true
	case c.except: // present and not one of the values
		c.absent = true
	default:
		c.absent = false
	}
	if c.IsEmpty() {
		return Selector{}, false
	}
	return s.Without(NamespaceName).And(Selector{[]Requirement{{NamespaceName, c}}})
}

// Equal reports whether both are the same set.
func (p Pods) Equal(q Pods) bool {
	return p.Namespace.Equal(q.Namespace) && p.Labels.Equal(q.Labels) && p.Account.Equal(q.Account) &&
		p.Except.Equal(q.Except)
}

// String is the canonical text, "pods(namespaces; labels; account)" with the
// parts that narrow nothing left out.
func (p Pods) String() string {
	var b strings.Builder
	b.WriteString("pods(")
	if names, ok := p.Names(); ok && len(p.Namespace.Requirements()) == 1 {
		b.WriteString("in " + strings.Join(names, ","))
	} else if p.Namespace.IsEverything() {
		b.WriteString("anywhere")
	} else {
		b.WriteString("in [" + p.Namespace.String() + "]")
	}
	if !p.Labels.IsEverything() {
		b.WriteString("; " + p.Labels.String())
	}
	if !p.Account.IsAnything() {
		b.WriteString("; " + Requirement{"account", p.Account}.String())
	}
	if !p.Except.IsEmpty() {
		b.WriteString("; at " + p.Except.Complement().String())
	}
	b.WriteString(")")
	return b.String()
}

// MaxParts bounds what a difference of pod sets may fall into.
const MaxParts = 10_000

// BoundError is what SubtractAll panics with over MaxParts: labels can be
// chosen so that the parts double with every set that is taken out. Whoever
// lowers recovers from it and refuses the input.
type BoundError struct{ Parts int }

func (e BoundError) Error() string {
	return fmt.Sprintf("a difference of pods by label falls into %d parts, and the bound is %d", e.Parts, MaxParts)
}

// SubtractAll gives disjoint sets that together are the union of from without
// any of out. It panics with a BoundError where they are too many.
func SubtractAll(from, out []Pods) []Pods {
	for _, q := range out {
		var rest []Pods
		for _, p := range from {
			rest = append(rest, p.Subtract(q)...)
		}
		if from = rest; len(from) > MaxParts {
			panic(BoundError{len(from)})
		}
	}
	return from
}

// maxCompared bounds the sets that Simplify compares with each other, which
// takes the square of their number.
const maxCompared = 2000

// Simplify gives a union's members sorted by canonical text, each once and
// without those that another member contains. Of very many members, only equal
// ones are dropped: the union is the same.
func Simplify(sets []Pods) []Pods {
	if len(sets) <= 1 {
		return slices.Clip(sets)
	}
	type member struct {
		pods Pods
		text string
	}
	members := make([]member, len(sets))
	for i, p := range sets {
		members[i] = member{p, p.String()}
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.text, b.text) })
	members = slices.CompactFunc(members, func(a, b member) bool { return a.text == b.text })
	out := make([]Pods, 0, len(members))
	for i, p := range members {
		covered := false
		for j := 0; j < len(members) && !covered && len(members) <= maxCompared; j++ {
			q := members[j].pods
			// Of two that contain each other, as patterns of one meaning that are
			// written in two ways do, the first stays.
			covered = i != j && q.Contains(p.pods) && (j < i || !p.pods.Contains(q))
		}
		if !covered {
			out = append(out, p.pods)
		}
	}
	return out
}
