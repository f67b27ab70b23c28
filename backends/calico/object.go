package calico

import (
	"fmt"
	"math"
	"slices"
	"strings"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// level is the rules of one action for one subject, an object of its own. In a
// tier the first match across all policies decides, and Calico's order among
// equal orders differs between versions, so a level's order comes from this
// table and from nothing else: no rule added to the intent moves another.
type level struct {
	action ir.Action
	suffix string
	order  float64
	closes bool // it has the policies that close what the tier closes
}

// levels are the levels of every tier, as the language has them. Allows stand
// where Calico puts native NetworkPolicies.
var levels = []level{
	{ir.Log, "--log", 100, false},
	{ir.Deny, "--deny", 200, false},
	{ir.Pass, "--pass", 300, false},
	{ir.Allow, "", 1000, true},
}

// round is levels that are decided before those of the next round.
type round struct {
	egress, ingress *ir.Stage
	levels          []level
}

// rounds gives a side of a tier in rounds: one where the tier's levels are in the
// order of the fixed ones, as the language's are, else one for each level.
// Manifests have lists of rules in any order.
func (t *tier) rounds(s *side) []round {
	if !t.listed {
		return []round{{s.egress, s.ingress, levels}}
	}
	n := max(countLevels(s.egress), countLevels(s.ingress))
	var out []round
	for i := range n {
		r := round{onlyLevel(s.egress, i), onlyLevel(s.ingress, i), nil}
		for rank, a := range []ir.Action{ir.Log, ir.Deny, ir.Allow, ir.Pass} { // a level's own order
			r.levels = append(r.levels, level{a, fmt.Sprintf("--%d-%s", i+1, strings.ToLower(string(calicoAction[a]))), float64(1000 + 10*i + rank), a == ir.Allow && i == n-1})
		}
		out = append(out, r)
	}
	return out
}

func countLevels(s *ir.Stage) int {
	if s == nil {
		return 0
	}
	return len(s.Levels)
}

// onlyLevel gives a stage with one of its levels, and with what it closes.
func onlyLevel(s *ir.Stage, i int) *ir.Stage {
	if s == nil {
		return nil
	}
	out := *s
	out.Levels = nil
	if i < len(s.Levels) {
		out.Levels = s.Levels[i : i+1]
	}
	return &out
}

var calicoAction = map[ir.Action]v3.Action{ir.Allow: v3.Allow, ir.Deny: v3.Deny, ir.Pass: v3.Pass, ir.Log: v3.Log}

// defaultTier is Calico's tier for native policies and for the allows outside
// tiers. It is there already, and it ends in a deny.
const defaultTier = "default"

// denyTier is the tier for the denies outside tiers, right before tier default:
// orders of the language's tiers are whole. Tiers are the whole cluster's, so it
// has our own name, which nobody else gives a tier and which says whose it is,
// and it is one object, the same whoever renders it.
const (
	denyTier  = "portolan"
	denyOrder = v3.DefaultTierOrder - 0.5
)

// reserved are tiers that are ours, or Calico's or its operator's in some version.
var reserved = []string{
	defaultTier, denyTier, "kube-admin", "kube-baseline", "adminnetworkpolicy", "baselineadminnetworkpolicy", "calico-system", "allow-tigera",
}

// tier is a stage of both directions as a Calico tier.
type tier struct {
	name   string
	sides  []*side // what it says of pods, of nodes, or of both
	closes bool    // it denies at its end what it selects and nothing decided
	ahead  *tier   // of one that closes: the tier right before it, for what must close nothing
	used   bool    // a policy stands in it
	listed bool    // its levels are in an order of their own
}

// side is the stages of a tier for pods, or for nodes, for which pods stand in.
type side struct {
	program         *ir.Program
	egress, ingress *ir.Stage // either may be nil
}

// of gives the tier that an action's policies stand in. A tier that denies at
// its end closes whoever a policy of it selects, and a Pass that kept them open
// would have them pass by other people's policies in tier default too. Logs close
// nobody, nor do denies outside tiers, so they go ahead, into a tier that passes
// at its end.
func (t *tier) of(a ir.Action) *tier {
	if t.closes && !t.listed && (a == ir.Log || a == ir.Deny && t.name == defaultTier) {
		return t.ahead
	}
	return t
}

func (s *side) stage(d ir.Direction) *ir.Stage {
	if d == ir.Egress {
		return s.egress
	}
	return s.ingress
}

// any gives one of the stages.
func (t *tier) any() *ir.Stage {
	if s := t.sides[0]; s.egress != nil {
		return s.egress
	}
	return t.sides[0].ingress
}

// side gives the tier's side of a program.
func (t *tier) side(p *ir.Program) *side {
	for _, s := range t.sides {
		if s.program == p {
			return s
		}
	}
	s := &side{program: p}
	t.sides = append(t.sides, s)
	return s
}

var directions = []ir.Direction{ir.Egress, ir.Ingress}

// tiers brings the stages of a name together. What always holds needs no policy:
// a host reaches its own pods whatever policies say.
func (l *lowering) tiers() []*tier {
	var out []*tier
	byName := map[string]*tier{}
	for _, p := range []*ir.Program{l.program, l.nodes()} {
		for _, d := range directions {
			stages := p.Stages(d)
			for i := range stages {
				s := &stages[i]
				if axioms(s) {
					continue
				}
				t, ok := byName[s.Name]
				if !ok {
					t = &tier{name: s.Name, closes: s.Name == ir.StageRules}
					byName[s.Name] = t
					out = append(out, t)
				}
				t.closes = t.closes || len(s.Isolate) > 0
				if d == ir.Egress {
					t.side(p).egress = s
				} else {
					t.side(p).ingress = s
				}
			}
		}
	}
	return out
}

// axioms reports a stage of nothing but what always holds.
func axioms(s *ir.Stage) bool {
	return s.Name == ir.StageAxioms && len(s.Isolate) == 0 &&
		!slices.ContainsFunc(s.Rules(), func(r ir.Rule) bool { return r.Origin.Kind != ir.FromAxiom })
}

// tier emits a tier and its policies, and what goes ahead of them.
func (l *lowering) tier(t *tier) {
	t.listed = !t.inOrder()
	order, comments := denyOrder, []string{"The denies outside tiers, right before tier default: they beat every allow in it, other people's too,",
		"and close nothing, since this tier passes at its end."}
	if t.name == ir.StageRules {
		t.name, t.ahead = defaultTier, &tier{name: denyTier}
	} else {
		if !l.declare(t) {
			return
		}
		t.ahead = &tier{name: t.name + "--log"} // no tier of the language has "--" before anything but a hash
		order, comments = t.any().Order-0.5, []string{"The logs of tier " + t.name + ", right before it: that tier closes whoever its policies select, and a log closes nobody."}
	}
	for _, s := range t.sides {
		for _, m := range l.modes() {
			part := s
			if m == ir.Enforce && l.staged {
				part = s.enforced()
			}
			for _, r := range t.rounds(part) {
				for _, b := range lower.Bundles(part.program, r.egress, r.ingress) {
					if !nobody(b.Subject.Pods) {
						l.bundle(t, part, &b, r.levels, m)
					}
				}
			}
		}
	}
	if t.ahead.used {
		l.emitTier(t.ahead, order, nil, comments)
	}
}

// inOrder reports that the levels of all stages are in the order of the fixed
// ones.
func (t *tier) inOrder() bool {
	var stages []*ir.Stage
	for _, s := range t.sides {
		stages = append(stages, s.egress, s.ingress)
	}
	for _, s := range stages {
		if s == nil {
			continue
		}
		last := 0
		for _, stage := range s.Levels {
			for _, a := range []ir.Action{ir.Log, ir.Deny, ir.Allow, ir.Pass} { // a level's own order
				if !slices.ContainsFunc(stage.Rules, func(r ir.Rule) bool { return r.Action == a }) {
					continue
				}
				at := slices.IndexFunc(levels, func(x level) bool { return x.action == a })
				if at < last {
					return false
				}
				last = at
			}
		}
	}
	return true
}

// declare emits the Tier.
func (l *lowering) declare(t *tier) bool {
	s := t.any()
	name, escaped := lower.Label(s.Name, s.Name)
	if slices.Contains(reserved, name) {
		owner := "Calico"
		if name == denyTier {
			owner = "Portolan"
		}
		l.refuse(s.Origin, &refusal{diag.CannotSay, fmt.Sprintf("%s has a tier %q of its own", owner, name), "Give the tier another name."})
		return false
	}
	if s.Order < 1 || s.Order >= v3.DefaultTierOrder || s.Order != math.Trunc(s.Order) {
		l.refuse(s.Origin, &refusal{diag.CannotSay, fmt.Sprintf("its order %v is no whole number between 0 and the order of Calico's tier default", s.Order), "Give the tier an order of 1 to 999999."})
		return false
	}
	comments := []string{fmt.Sprintf("Decided before every tier of a higher order than %v. Of Calico's own, kube-admin has order 1000", s.Order),
		"and default, with native NetworkPolicies and what is allowed outside tiers, 1000000."}
	if escaped {
		comments = append(comments, fmt.Sprintf("%s stands for the tier %q.", name, s.Name))
	}
	t.name = name
	l.emitTier(t, s.Order, description(s.Origin), comments)
	return true
}

func (l *lowering) emitTier(t *tier, order float64, annotations map[string]string, comments []string) {
	action := v3.Pass
	if t.closes {
		action = v3.Deny
	}
	object := v3.NewTier()
	object.Name = t.name
	object.Labels = lower.Labels()
	object.Annotations = annotations
	object.Spec = v3.TierSpec{Order: &order, DefaultAction: &action}
	l.objects = append(l.objects, manifest.Object{APIVersion: v3.GroupVersionCurrent, Kind: v3.KindTier, Name: t.name, Value: object, Comments: comments})
}

func description(o ir.Origin) map[string]string {
	if o.Description == "" {
		return nil
	}
	return map[string]string{lower.DescriptionAnnotation: o.Description}
}

// bundle emits what a tier says of one subject: an object for each level.
func (l *lowering) bundle(t *tier, s *side, b *lower.Bundle, levels []level, m ir.Mode) {
	if s.program != l.program {
		b.AsNodes()
	}
	name, escaped := lower.Name(b.Subject)
	for _, level := range levels {
		p := &policy{tier: t.of(level.action), level: level, name: name + level.suffix, subject: b.Subject, mode: m, lowered: map[ir.Direction][]ir.Rule{}}
		for _, d := range directions {
			p.lowered[d] = ofAction(b.Rules(d), level.action)
		}
		if level.closes {
			p.closes = b.Isolate
		}
		l.stage(p)
		if escaped {
			p.comments = append(p.comments, p.name+" stands for "+b.Subject.Address+".")
		}
		for _, d := range directions {
			if l.rules(p, d) {
				p.types |= d.Set()
			}
		}
		p.isolate(b)
		if len(p.origins) > 0 {
			p.blame = p.origins[0]
		}
		if l.closesNone(s, b, p) {
			l.policy(p)
		}
	}
}

// ofAction gives the rules of an action, each once. Rules that also log come
// first, so that another that matches does not hide them.
func ofAction(all []ir.Rule, a ir.Action) []ir.Rule {
	out := slices.DeleteFunc(slices.Clone(all), func(r ir.Rule) bool { return r.Action != a })
	slices.SortStableFunc(out, func(a, b ir.Rule) int { return rankLogged(a) - rankLogged(b) })
	kept := out[:0]
	for i := range out {
		if !repeats(kept, &out[i]) {
			kept = append(kept, out[i])
		}
	}
	return kept
}

// closesNone refuses a policy that would close pods that its stage leaves open.
// The language has none: it closes every subject of a tier that denies at its
// end, and outside tiers only a deny has subjects that are not closed.
func (l *lowering) closesNone(s *side, b *lower.Bundle, p *policy) bool {
	for _, d := range directions {
		if !p.tier.closes || b.Closed.Has(d) || !p.types.Has(d) {
			continue
		}
		if _, open := s.program.Split(b.Subject.Pods, s.stage(d)); !slices.ContainsFunc(open, func(x ir.Pods) bool { return !nobody(x) }) {
			continue
		}
		l.refuse(p.blame, &refusal{diag.LacksOrder, fmt.Sprintf("tier %q denies at its end, which would close %s that are open", p.tier.name, governed(p.subject)),
			"Put the rule into a tier of its own."})
		return false
	}
	return true
}

// policy is one NetworkPolicy or GlobalNetworkPolicy in the making.
type policy struct {
	tier     *tier
	level    level
	name     string
	subject  ir.Subject
	mode     ir.Mode
	lowered  map[ir.Direction][]ir.Rule // what it is to say
	closes   ir.Directions              // what it is to close whatever its rules are
	types    ir.Directions
	egress   []v3.Rule
	ingress  []v3.Rule
	origins  []ir.Origin
	blame    ir.Origin // what a refusal of the whole is about
	comments []string
}

// isolate has the policy select its pods in the directions that it closes: that
// is all it takes in a tier that denies at its end.
func (p *policy) isolate(b *lower.Bundle) {
	if p.closes == ir.NoDirection {
		return
	}
	p.types |= p.closes
	for _, o := range b.Origins {
		if o.Kind == ir.FromDefault {
			p.origins = append(p.origins, o)
		}
	}
}

// rules lowers what a policy says in a direction, and reports whether there is
// something.
func (l *lowering) rules(p *policy, d ir.Direction) bool {
	var out []v3.Rule
	for i := range p.lowered[d] {
		r := &p.lowered[d][i]
		if rules := l.rule(p, d, r); rules != nil {
			out = append(out, rules...)
			p.origins = append(p.origins, r.Origin)
		}
	}
	if d == ir.Egress {
		p.egress = out
	} else {
		p.ingress = out
	}
	return len(out) > 0
}

// repeats reports that a rule says what one before it of the same address says,
// as the companions of two defaults may.
func repeats(before []ir.Rule, r *ir.Rule) bool {
	for i := len(before) - 1; i >= 0 && before[i].Origin.Address == r.Origin.Address; i-- {
		if same(&before[i], r) {
			return true
		}
	}
	return false
}

func same(q, r *ir.Rule) bool {
	return q.Origin.Address == r.Origin.Address && q.Log == r.Log && q.Mode == r.Mode && q.Origin.Kind == r.Origin.Kind &&
		q.Peers.Equal(r.Peers) && q.Traffic.String() == r.Traffic.String()
}

func rankLogged(r ir.Rule) int {
	if r.Log {
		return 0
	}
	return 1
}

// rule lowers one rule: a Calico rule for each peer and transport.
func (l *lowering) rule(p *policy, d ir.Direction, r *ir.Rule) []v3.Rule {
	if !l.sayable(r) {
		return nil
	}
	namespace, _ := ownNamespace(p.subject.Pods)
	peers, ok := l.peers(d, r, namespace)
	transports, no := transports(r.Traffic)
	if no != nil {
		l.refuse(r.Origin, no)
	}
	if !ok || no != nil {
		return nil
	}
	if n := len(peers) * len(transports); n > maxExpanded {
		l.refuse(r.Origin, &refusal{diag.OverBound, fmt.Sprintf("it would become %d Calico rules, and the bound is %d", n, maxExpanded),
			"Name peers by a common label instead of one by one."})
		return nil
	}
	var out []v3.Rule
	for _, peer := range peers {
		for _, t := range transports {
			for _, m := range matches(d, peer, t) {
				m.Metadata = metadata(r.Origin)
				if r.Log && r.Action != ir.Log {
					m.Action = v3.Log
					out = append(out, m)
				}
				m.Action = calicoAction[r.Action]
				out = append(out, m)
			}
		}
	}
	return out
}

// The annotations of a rule say what it comes from: the address of a rule, or of
// what a companion keeps working.
const ruleAnnotation = "portolan.dev/rule"

// companionAnnotations are those of companions, by purpose.
var companionAnnotations = map[string]string{
	ir.ForDNS: "portolan.dev/dns", ir.ForMesh: "portolan.dev/mesh", ir.ForProbes: "portolan.dev/probes",
	ir.ForWaypoint: "portolan.dev/waypoint", ir.ForMetrics: "portolan.dev/metrics",
}

func metadata(o ir.Origin) *v3.RuleMetadata {
	key := ruleAnnotation
	if o.Kind == ir.FromCompanion {
		key = companionAnnotations[o.Purpose]
	}
	return &v3.RuleMetadata{Annotations: map[string]string{key: o.Address}}
}

// policy emits a policy that governs a direction, in as many objects as its
// rules take. All have the one action, so that their order among themselves
// decides nothing; each has an order of its own anyway.
func (l *lowering) policy(p *policy) {
	if p.types == ir.NoDirection {
		return
	}
	s, no := selects(p.subject)
	if no != nil {
		l.refuse(p.blame, no)
		return
	}
	p.tier.used = true
	egress, ingress := slices.Collect(slices.Chunk(p.egress, maxEntries)), slices.Collect(slices.Chunk(p.ingress, maxEntries))
	for i := range max(len(egress), len(ingress), 1) {
		part := *p
		part.egress, part.ingress = nth(egress, i), nth(ingress, i)
		if i > 0 {
			part.name = suffixed(p.name, fmt.Sprintf("--%d", i+1))
			part.level.order += float64(i) / 1000
			part.comments = []string{fmt.Sprintf("Part %d of %s, whose rules are more than one policy takes.", i+1, p.name)}
		}
		l.object(&part, s)
	}
}

func nth(parts [][]v3.Rule, i int) []v3.Rule {
	if i < len(parts) {
		return parts[i]
	}
	return nil
}

// maxLabel bounds names, which are DNS-1123 labels.
const maxLabel = 63

// suffixed gives a name with a suffix, cut and made its own where it is over-long.
func suffixed(name, suffix string) string {
	if len(name)+len(suffix) > maxLabel {
		name, _ = lower.Label(name, name)
	}
	return name + suffix
}

func (l *lowering) object(p *policy, s selection) {
	meta := metav1.ObjectMeta{Name: p.name, Namespace: s.namespace, Labels: lower.Labels(), Annotations: lower.Annotations(p.subject, p.origins)}
	delete(meta.Annotations, lower.RulesAnnotation) // each rule says its own
	if p.tier.name != defaultTier {
		// Up to 3.31 the name's part before the dot is the tier; later the name
		// is free (libcalico-go/lib/names/policy.go).
		meta.Name = p.tier.name + "." + p.name
	}
	object := manifest.Object{APIVersion: v3.GroupVersionCurrent, Namespace: s.namespace, Name: meta.Name, Comments: p.comments}
	order := p.level.order
	switch {
	case s.namespace != "" && p.mode == ir.Staged:
		v := v3.NewStagedNetworkPolicy()
		v.ObjectMeta = meta
		v.Spec = v3.StagedNetworkPolicySpec{
			StagedAction: v3.StagedActionSet, Tier: p.tier.name, Order: &order, Selector: s.selector,
			Types: types(p.types), Ingress: p.ingress, Egress: p.egress,
		}
		object.Kind, object.Value = v.Kind, v
	case s.namespace != "":
		v := v3.NewNetworkPolicy()
		v.ObjectMeta = meta
		v.Spec = v3.NetworkPolicySpec{
			Tier: p.tier.name, Order: &order, Selector: s.selector,
			Types: types(p.types), Ingress: p.ingress, Egress: p.egress,
		}
		object.Kind, object.Value = v.Kind, v
	case p.mode == ir.Staged:
		v := v3.NewStagedGlobalNetworkPolicy()
		v.ObjectMeta = meta
		v.Spec = v3.StagedGlobalNetworkPolicySpec{
			StagedAction: v3.StagedActionSet, Tier: p.tier.name, Order: &order, Selector: s.selector, NamespaceSelector: s.namespaceSelector,
			Types: types(p.types), Ingress: p.ingress, Egress: p.egress,
		}
		object.Kind, object.Value = v.Kind, v
	default:
		v := v3.NewGlobalNetworkPolicy()
		v.ObjectMeta = meta
		v.Spec = v3.GlobalNetworkPolicySpec{
			Tier: p.tier.name, Order: &order, Selector: s.selector, NamespaceSelector: s.namespaceSelector,
			Types: types(p.types), Ingress: p.ingress, Egress: p.egress,
		}
		object.Kind, object.Value = v.Kind, v
	}
	l.objects = append(l.objects, object)
}

// types spells the directions out: what an absent list means differs between
// the API server, native v3 resources and Felix (api/pkg/defaults,
// felix/calc/policy_sorter.go).
func types(s ir.Directions) []v3.PolicyType {
	var out []v3.PolicyType
	if s.Has(ir.Ingress) {
		out = append(out, v3.PolicyTypeIngress)
	}
	if s.Has(ir.Egress) {
		out = append(out, v3.PolicyTypeEgress)
	}
	return out
}
