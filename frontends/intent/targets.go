package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// targetNames decodes the argument targets: the targets that a block is there
// for. One that the configuration does not have is an error.
func (a *arguments) targetNames() At[[]string] {
	names, _ := decodeArg(a, "targets", nil, func(v value) ([]string, bool) {
		list, ok := v.texts("targets")
		var known []string
		for _, b := range a.s.l.blocks["target"] {
			known = append(known, b.labels[0].text)
		}
		slices.Sort(known)
		var out []string
		for _, x := range list {
			if !slices.Contains(known, x.Value) {
				a.s.l.diags.Add(diag.UnknownName, x.Range, fmt.Sprintf("There is no target %q.", x.Value), suggest(x.Value, known, "The targets are "))
				ok = false
			}
			out = append(out, x.Value)
		}
		slices.Sort(out)
		return slices.Compact(out), ok
	})
	return names
}

// decodeTargetExternals decodes the addresses that a target gives externals.
func (l *loader) decodeTargetExternals(b *block) []*External {
	var out []*External
	for _, c := range b.body.blocks {
		if c.kind != "external" || len(c.labels) != 1 || slices.ContainsFunc(out, func(e *External) bool { return e.Name == c.labels[0].text }) {
			continue
		}
		e := &External{Name: c.labels[0].text, Range: c.header}
		var known []string
		var base *External
		for _, d := range l.decls {
			if d.kind == "external" {
				known = append(known, d.name)
				if d.name == e.Name {
					base = d.peer.(*External)
				}
			}
		}
		if base == nil {
			if !l.broken {
				slices.Sort(known)
				l.diags.Add(diag.UnknownName, c.labels[0].rng, fmt.Sprintf("There is no external %q to give an address here.", e.Name), suggest(e.Name, known, "There are "))
			}
			continue
		}
		if base.Targets.Set && !slices.Contains(base.Targets.Value, b.labels[0].text) {
			l.diags.Add(diag.Exclusive, c.header, fmt.Sprintf("The external %q is not on target %q, and gets an address there.", e.Name, b.labels[0].text),
				"Add the target to its targets, or remove the address.").Relate(base.Targets.Range, "its targets")
		}
		a := l.arguments(l.top, c)
		e.Description = a.description()
		l.externalAddress(e, a, c)
		l.renamed[base] = l.renamed[base] || len(e.Names) > 0
		out = append(out, e)
	}
	sortBy(out, func(e *External) string { return e.Name })
	return out
}

// Scoped reports whether the configuration says different things for its
// targets: a block is there for some of them, or an external has another
// address on one. By itself it then has what is there on all of them.
func (c *Config) Scoped() bool { return len(c.Targets) > 0 && c.scoped() }

// scoped reports whether some block is there for some targets only, which may be
// another configuration's.
func (c *Config) scoped() bool {
	return slices.ContainsFunc(c.Namespaces, func(n *Namespace) bool { return n.Targets.Set }) ||
		slices.ContainsFunc(c.Externals, func(e *External) bool { return e.Targets.Set }) ||
		slices.ContainsFunc(c.NodeSets, func(n *NodeSet) bool { return n.Targets.Set }) ||
		slices.ContainsFunc(c.Tiers, func(t *Tier) bool { return t.Targets.Set || slices.ContainsFunc(t.Rules, ruleScoped) }) ||
		slices.ContainsFunc(c.Rules, ruleScoped) ||
		slices.ContainsFunc(c.Tests, func(t *Test) bool { return t.Targets.Set }) ||
		slices.ContainsFunc(c.Targets, func(t *Target) bool { return len(t.Externals) > 0 })
}

func ruleScoped(r *Rule) bool { return r.Targets.Set }

// scopes gives the lists of targets that a rule stands under: its own, its
// namespace's and its tier's.
func (r *Rule) scopes() []At[[]string] {
	out := []At[[]string]{r.Targets}
	if r.Namespace != nil {
		out = append(out, r.Namespace.Targets)
	}
	if r.Tier != nil {
		out = append(out, r.Tier.Targets)
	}
	return out
}

// stands reports whether the rule is there on the target of the name, "" for a
// place that is none of the configuration's.
func (r *Rule) stands(target string) bool {
	return !slices.ContainsFunc(r.scopes(), func(s At[[]string]) bool { return !standsOn(s, target) })
}

func standsOn(targets At[[]string], target string) bool {
	return !targets.Set || slices.Contains(targets.Value, target)
}

// on gives what of the configuration is there on a target.
func (c *Config) on(target string) *Config {
	if !c.scoped() {
		return c
	}
	v := *c
	v.Namespaces = slices.DeleteFunc(slices.Clone(c.Namespaces), func(n *Namespace) bool { return !standsOn(n.Targets, target) })
	v.NodeSets = slices.DeleteFunc(slices.Clone(c.NodeSets), func(n *NodeSet) bool { return !standsOn(n.Targets, target) })
	v.Tiers = slices.DeleteFunc(slices.Clone(c.Tiers), func(t *Tier) bool { return !standsOn(t.Targets, target) })
	v.Rules = slices.DeleteFunc(slices.Clone(c.Rules), func(r *Rule) bool { return !r.stands(target) })
	v.Tests = slices.DeleteFunc(slices.Clone(c.Tests), func(t *Test) bool {
		return !standsOn(t.Targets, target) || t.Namespace != nil && !standsOn(t.Namespace.Targets, target)
	})
	return &v
}

// nameOn gives the name that blocks know a target by: "" for one that the
// configuration does not declare, such as an engine.
func (c *Config) nameOn(t *Target) string {
	if t != nil && slices.Contains(c.Targets, t) {
		return t.Name
	}
	return ""
}

// rulesOf gives the rules of a tier that are there on the target.
func (l *lowering) rulesOf(t *Tier) []*Rule {
	return slices.DeleteFunc(slices.Clone(t.Rules), func(r *Rule) bool { return !r.stands(l.on) })
}

// external gives an external as the target has it.
func (l *lowering) external(e *External) *External {
	if l.on == "" || e.From != "" {
		return e
	}
	if i := slices.IndexFunc(l.target.Externals, func(x *External) bool { return x.Name == e.Name }); i >= 0 {
		return l.target.Externals[i]
	}
	return e
}

// absentee is a name that means nobody on the target, since its block is there
// for others only.
type absentee struct {
	ref     PeerRef
	what    string
	targets At[[]string]
}

// absent notes that a reference means nobody on the target; false where what
// it stands for is there.
func (l *lowering) absent(ref PeerRef, what string, targets At[[]string]) bool {
	if standsOn(targets, l.on) {
		return false
	}
	l.absentees = append(l.absentees, absentee{ref, what, targets})
	return true
}

// placeName says what the configuration is lowered for.
func (l *lowering) placeName() string {
	if l.target == nil || l.target.Name == "" {
		return "here"
	}
	return fmt.Sprintf("on target %q", l.target.Name)
}

// aboutTarget marks a diagnostic with the target that alone it is about.
func (l *lowering) aboutTarget(d *diag.Diagnostic) *diag.Diagnostic {
	if l.target != nil {
		d.Target = l.target.Name
	}
	return d
}

// withoutAbsent judges what it means that some names of one end of a rule mean
// nobody on the target. Where leaving them out could let more pass than is
// written, that is an error: they are the peers of a deny or a pass, or are
// taken out of an allow's or a pass's.
func (l *lowering) withoutAbsent(r *Rule, peers, except []absentee) {
	l.nobody = append(l.nobody, peers...)
	if l.claims {
		return // a statement about fewer flows, or about more
	}
	gone := peers
	what := "it would no longer be about them"
	switch {
	case (r.Action == ir.Deny || r.Action == ir.Pass) && len(peers) > 0:
	case (r.Action == ir.Allow || r.Action == ir.Pass) && len(except) > 0:
		gone, what = except, "nobody would be taken out"
	default:
		return
	}
	x := gone[0]
	d := l.at(r, l.diags.Add(diag.NotOnTarget, x.ref.Range,
		fmt.Sprintf("Rule %q names %s, which is not %s: %s.", r.Address, x.what, l.placeName(), what),
		fmt.Sprintf("That could let more through than is written. Give the rule targets = %s, and where others need it too one of its own without the name.", quotedList(x.targets.Value))))
	l.aboutTarget(d.Relate(x.targets.Range, "its targets"))
}

// dropsOut warns of a rule that is left out on the target, since at one of its
// ends nobody is there.
func (l *lowering) dropsOut(r *Rule) {
	if l.target == nil && len(l.whole.Targets) > 0 {
		return // that is no place where anything is left out
	}
	x := l.nobody[0]
	d := l.at(r, l.diags.Add(diag.DropsOut, r.Range,
		fmt.Sprintf("Rule %q is left out %s, where %s is not.", r.Address, l.placeName(), x.what),
		fmt.Sprintf("Say so with targets = %s on the rule, or have the other there too.", quotedList(x.targets.Value))))
	l.aboutTarget(d.Relate(x.targets.Range, "its targets"))
}

func quotedList(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// mentionElsewhere marks the workloads that rules of other targets name: they
// are declared for those.
func (l *lowering) mentionElsewhere() {
	rules := slices.Clone(l.whole.Rules)
	for _, t := range l.whole.Tiers {
		rules = append(rules, t.Rules...)
	}
	for _, r := range rules {
		if r.stands(l.on) {
			continue
		}
		for _, refs := range [][]PeerRef{r.From, r.To, r.Except, r.ExceptTo} {
			l.mention(refs, map[*Group]bool{})
			if r.Namespace != nil && slices.ContainsFunc(refs, func(ref PeerRef) bool { return ref.Peer == Peer(Self) }) {
				l.mention([]PeerRef{{Peer: r.Namespace}}, nil)
			}
		}
	}
}

// coversWherever reports whether a rule is there on every target that the other
// is on, so that it covers it on all of them or on none.
func (l *lowering) coversWherever(by, address string) bool {
	if l.whole == l.cfg {
		return true
	}
	q, r := l.ruleAt(by), l.ruleAt(address)
	return q == nil || r == nil || !slices.ContainsFunc(l.whole.Targets, func(t *Target) bool { return r.stands(t.Name) && !q.stands(t.Name) })
}

// checkScopes reports rules that are there on no target: their own and those
// of what they stand in have none in common.
func (l *loader) checkScopes(r *Rule) {
	if !r.Targets.Set || slices.ContainsFunc(l.config.Targets, func(t *Target) bool { return r.stands(t.Name) }) {
		return
	}
	for _, s := range r.scopes()[1:] {
		if s.Set {
			l.diags.Add(diag.Exclusive, r.Targets.Range, fmt.Sprintf("Rule %q is on no target: none of its targets has what it stands in.", r.Address),
				"Correct one of the two lists, or remove the rule.").Relate(s.Range, "the targets of what it stands in")
			return
		}
	}
}
