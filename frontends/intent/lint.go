package intent

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// checkOverlaps reports workloads that can select the same pod and state
// different numbers for one port name, or different accounts.
func (l *lowering) checkOverlaps(declared []*Workload) {
	for _, group := range slices.Collect(byNamespace(declared)) {
		for _, pair := range overlapping(group) {
			a, b := pair[0], pair[1]
			if a.ServiceAccount.Set && b.ServiceAccount.Set && a.Labels.Set && b.Labels.Set && a.ServiceAccount.Value != b.ServiceAccount.Value {
				d := l.diags.Add(diag.AccountsDiffer, b.ServiceAccount.Range,
					fmt.Sprintf("Workloads %q and %q can select the same pod and state different service accounts.", a.Address(), b.Address()),
					"Make their labels exclude each other, or state one account.")
				d.Relate(a.ServiceAccount.Range, "the other account is stated here").Address = b.Address()
			}
			for _, p := range a.Ports {
				for _, q := range b.Ports {
					if p.Name == q.Name && p.Number != q.Number {
						d := l.diags.Add(diag.PortNumbersDiffer, q.Range,
							fmt.Sprintf("Port %q is %d here and %d on %q, which can select the same pod.", q.Name, q.Number, p.Number, a.Address()),
							"Make the workloads' labels exclude each other, or the numbers agree.")
						d.Relate(p.Range, "the other number is declared here").Address = b.Address()
					}
				}
			}
		}
	}
}

func byNamespace(declared []*Workload) func(yield func([]*Workload) bool) {
	return func(yield func([]*Workload) bool) {
		for i := 0; i < len(declared); {
			j := i
			for j < len(declared) && declared[j].Namespace == declared[i].Namespace {
				j++
			}
			if !yield(declared[i:j]) {
				return
			}
			i = j
		}
	}
}

// overlapping gives the pairs of workloads of one namespace whose labels can
// be on one pod. Workloads are first parted by the label that tells most of
// them apart, so that the usual case costs as much as there are workloads.
func overlapping(group []*Workload) [][2]*Workload {
	uses := map[string]int{}
	for _, w := range group {
		for _, r := range w.Labels.Value.Requirements() {
			if v, ok := r.Constraint.Values(); ok && len(v) == 1 {
				uses[r.Key]++
			}
		}
	}
	best := ""
	for k, n := range uses {
		if n > uses[best] || n == uses[best] && k < best {
			best = k
		}
	}
	buckets := map[string][]*Workload{}
	var order []string
	var loose []*Workload
	for _, w := range group {
		v, ok := w.Labels.Value.Get(best).Values()
		if !ok || len(v) != 1 {
			loose = append(loose, w)
			continue
		}
		if buckets[v[0]] == nil {
			order = append(order, v[0])
		}
		buckets[v[0]] = append(buckets[v[0]], w)
	}
	var out [][2]*Workload
	pair := func(a, b *Workload) {
		if workloadPods(a).Overlaps(workloadPods(b)) {
			out = append(out, [2]*Workload{a, b})
		}
	}
	for _, v := range order {
		for i, a := range buckets[v] {
			for _, b := range buckets[v][i+1:] {
				pair(a, b)
			}
			for _, b := range loose {
				pair(a, b)
			}
		}
	}
	for i, a := range loose {
		for _, b := range loose[i+1:] {
			pair(a, b)
		}
	}
	return out
}

// lint reports what is no error and surely not meant.
func (l *lowering) lint() {
	l.unusedWorkloads()
	l.coveredRules()
	l.openNames()
	l.plaintext()
	l.warnClosedNodes()
	l.warnClosedDNS()
	l.warnClosedMesh()
}

func (l *lowering) unusedWorkloads() {
	l.mentionElsewhere()
	for _, t := range l.whole.Tests {
		for _, r := range t.Rules {
			for _, refs := range [][]PeerRef{r.From, r.To, r.Except, r.ExceptTo} {
				l.mention(refs, map[*Group]bool{})
			}
		}
	}
	l.mention(l.whole.Cluster.Ingress.Value.Workloads, nil)
	l.mention(l.whole.Cluster.Metrics.Value, nil)
	for _, t := range l.whole.Targets {
		l.mention(t.Facts.Ingress.Value.Workloads, nil)
		l.mention(t.Facts.Metrics.Value, nil)
	}
	wide := slices.ContainsFunc(l.whole.Rules, func(r *Rule) bool { return slices.ContainsFunc(r.To, isWide) })
	for _, ns := range l.cfg.Namespaces {
		if ns.From != "" {
			continue // others know who needs it
		}
		for _, w := range ns.Workloads {
			if l.mentioned[w] || wide || l.mentionedInline(w) {
				continue
			}
			d := l.diags.Add(diag.WorkloadUnused, w.Range, fmt.Sprintf("No rule mentions workload %q.", w.Address()),
				"Add the rules that it needs, or remove it.")
			d.Address = w.Address()
		}
	}
}

func isWide(ref PeerRef) bool { return ref.Peer == Peer(Cluster) || ref.Peer == Peer(Anywhere) }

// mention marks the workloads that a test names; a test lowers to no rule.
func (l *lowering) mention(refs []PeerRef, seen map[*Group]bool) {
	for _, ref := range refs {
		switch p := ref.Peer.(type) {
		case *Workload:
			l.mentioned[p] = true
		case *Namespace:
			for _, w := range p.Workloads {
				l.mentioned[w] = true
			}
		case *Group:
			if !seen[p] {
				seen[p] = true
				l.mention(p.Members, seen)
			}
		}
	}
}

// mentionedInline reports whether some rule's pods, given by labels, are the
// workload's in part.
func (l *lowering) mentionedInline(w *Workload) bool {
	pods := workloadPods(w)
	for _, r := range l.whole.Rules {
		for _, refs := range [][]PeerRef{r.From, r.To} {
			for _, ref := range refs {
				if p, ok := ref.Peer.(InlinePods); ok && p.Pods.Overlaps(pods) {
					return true
				}
			}
		}
	}
	return false
}

// maxCompared bounds how many rules of one subject a rule is compared with; a
// subject with more is not linted for covered rules.
const maxCompared = 200

// covering is what was found of a rule: whether it is covered at every end
// where it stands, and the deny of its tier that covers it at some end.
type covering struct {
	all  bool
	by   ir.Origin
	deny *ir.Origin
}

// coveredRules compares the rules of each stage: an allow that a deny of its
// tier covers whole, at one end, is an error; a rule that another of its action
// covers at every end, a warning.
func (l *lowering) coveredRules() {
	found := map[string]*covering{}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, stages := range [][]ir.Stage{l.program.Stages(d), l.program.Hosts.Stages(d)} {
			for i := range stages {
				l.coverStage(&stages[i], found)
			}
		}
	}
	for _, address := range slices.Sorted(maps.Keys(found)) {
		c := found[address]
		r := l.ruleAt(address)
		switch {
		case r == nil:
		case c.deny != nil:
			l.at(r, l.diags.Add(diag.DenyCoversAllow, r.Range,
				fmt.Sprintf("Rule %q never decides: %q of the same tier denies all that it allows.", address, c.deny.Address),
				"A deny beats an allow of its tier. Take these peers out of the deny with `except`, put this rule into an earlier tier, or use `default = \"deny\"` on the tier instead of the deny.")).
				Relate(c.deny.Range, "the deny stands here")
		case c.all:
			l.at(r, l.diags.Add(diag.CoveredRule, r.Range,
				fmt.Sprintf("Rule %q changes nothing: %q covers it.", address, c.by.Address), "Remove one of them, or make it say what the other does not.")).
				Relate(c.by.Range, "the wider rule stands here")
		}
	}
}

// coverStage compares the rules of one stage.
func (l *lowering) coverStage(s *ir.Stage, found map[string]*covering) {
	index := indexRules(s)
	for li := range s.Levels {
		for ri := range s.Levels[li].Rules {
			r := &s.Levels[li].Rules[ri]
			if r.Origin.Kind == ir.FromRule && r.Action != ir.Log {
				l.cover(index, r, found)
			}
		}
	}
}

// ruleIndex finds the rules of a stage whose subject may contain another's:
// those of the same pods, of their namespace and of every pod, or of the same
// nodes.
type ruleIndex map[string][]*ir.Rule

func indexRules(s *ir.Stage) ruleIndex {
	index := ruleIndex{}
	for li := range s.Levels {
		for ri := range s.Levels[li].Rules {
			r := &s.Levels[li].Rules[ri]
			k := subjectKey(&r.Subject)
			index[k] = append(index[k], r)
		}
	}
	return index
}

// subjectKey is a text that equal subjects of a stage have.
func subjectKey(s *ir.Subject) string {
	if s.Kind == ir.SubjectNodes {
		return s.Nodes.String()
	}
	return s.Pods.String()
}

// containsSubject reports whether s surely has all pods or nodes of t.
func containsSubject(s, t *ir.Subject) bool {
	if s.Kind == ir.SubjectNodes || t.Kind == ir.SubjectNodes {
		return s.Kind == t.Kind && s.Nodes.Contains(t.Nodes)
	}
	return s.Pods.Contains(t.Pods)
}

// cover looks for rules that make r undecisive.
func (l *lowering) cover(index ruleIndex, r *ir.Rule, found map[string]*covering) {
	c := found[r.Origin.Address]
	if c == nil {
		c = &covering{all: true}
		found[r.Origin.Address] = c
	}
	keys := []string{subjectKey(&r.Subject)}
	if r.Subject.Kind != ir.SubjectNodes {
		if ns, ok := r.Subject.Pods.SingleNamespace(); ok && !r.Subject.Pods.IsNamespace() {
			keys = append(keys, ir.InNamespace(ns).String())
		}
		if !r.Subject.Pods.IsAll() {
			keys = append(keys, ir.AllPods().String())
		}
	}
	covered := false
	for _, k := range keys {
		group := index[k]
		if len(group) > maxCompared {
			continue
		}
		for _, q := range group {
			if !covers(q, r) || !l.coversWherever(q.Origin.Address, r.Origin.Address) {
				continue
			}
			if q.Action == ir.Deny && r.Action == ir.Allow {
				c.deny = &q.Origin
			} else if !covered {
				covered, c.by = true, q.Origin
			}
		}
	}
	c.all = c.all && covered
}

// covers reports whether q, another rule of the stage, leaves r nothing to
// decide.
func covers(q, r *ir.Rule) bool {
	if q.Origin.Address == r.Origin.Address || q.Mode != r.Mode || q.Origin.Kind != ir.FromRule {
		return false
	}
	if !asksNoMore(q, r) {
		return false
	}
	denies := q.Action == ir.Deny && r.Action == ir.Allow && q.Traffic.Requests() == nil && q.Traffic.Names() == nil
	same := q.Action == r.Action && q.Log == r.Log
	if !denies && !same || !q.Traffic.Contains(r.Traffic) || !containsSubject(&q.Subject, &r.Subject) || !q.Peers.Contains(r.Peers) {
		return false
	}
	// Of two equal rules the later address is the covered one.
	equal := same && asksNoMore(r, q) && r.Peers.Contains(q.Peers) && r.Traffic.Contains(q.Traffic) && containsSubject(&r.Subject, &q.Subject)
	return !equal || strings.Compare(r.Origin.Address, q.Origin.Address) > 0
}

// asksNoMore reports that whatever meets the conditions of r meets those of q.
func asksNoMore(q, r *ir.Rule) bool {
	return !slices.ContainsFunc(q.If, func(c ir.Condition) bool { return !slices.Contains(r.If, c) })
}

// ruleAt finds a rule by its address; nil where there is none.
func (l *lowering) ruleAt(address string) *Rule {
	if l.byAddress == nil {
		l.byAddress = make(map[string]*Rule, len(l.cfg.Rules))
		for _, r := range l.cfg.Rules {
			l.byAddress[r.Address] = r
		}
		for _, t := range l.cfg.Tiers {
			for _, r := range l.rulesOf(t) {
				l.byAddress[r.Address] = r
			}
		}
	}
	return l.byAddress[address]
}

// openNames warns of a rule that lists DNS names for pods that may resolve
// every name by default.
func (l *lowering) openNames() {
	allows := l.rules[place{ir.Egress, nil, ir.Allow}]
	clients := map[string][]ir.Pods{} // of companions, by namespace; "" for more than one
	for _, c := range allows {
		if c.Origin.Kind == ir.FromCompanion && c.Origin.Purpose == ir.ForDNS {
			ns, _ := c.Subject.Pods.SingleNamespace()
			clients[ns] = append(clients[ns], c.Subject.Pods)
		}
	}
	for _, r := range allows {
		rule := l.ruleAt(r.Origin.Address)
		if r.Traffic.Names() == nil || rule == nil {
			continue
		}
		ns, single := r.Subject.Pods.SingleNamespace()
		may := slices.Concat(clients[ns], clients[""])
		if !single {
			may = slices.Concat(slices.Collect(maps.Values(clients))...)
		}
		if slices.ContainsFunc(may, r.Subject.Pods.Overlaps) {
			l.at(rule, l.diags.Add(diag.NamesAlreadyOpen, rule.Traffic.DNS.Range,
				fmt.Sprintf("Rule %q lists names, and by default %q may resolve every name.", rule.Address, r.Subject.Address),
				"Set `dns = false` on the workload or its namespace, so that the rule alone decides."))
		}
	}
}

// WithoutDNS reports whether the configuration says of every pod of the set that
// it has no DNS, so that none is missing.
func WithoutDNS(cfg *Config, pods ir.Pods) bool { return (&lowering{cfg: cfg}).withoutDNS(pods) }
