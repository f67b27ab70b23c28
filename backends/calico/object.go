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

// rounds gives a tier in rounds: one where its levels are in the order of the
// fixed ones, as the language's are, else one for each level. Manifests have
// lists of rules in any order.
func (t *tier) rounds() []round {
	if t.inOrder() {
		return []round{{t.egress, t.ingress, levels}}
	}
	t.listed = true
	n := max(countLevels(t.egress), countLevels(t.ingress))
	var out []round
	for i := range n {
		r := round{onlyLevel(t.egress, i), onlyLevel(t.ingress, i), nil}
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
	name            string
	egress, ingress *ir.Stage // either may be nil
	closes          bool      // it denies at its end what it selects and nothing decided
	ahead           *tier     // of one that closes: the tier right before it, for what must close nothing
	used            bool      // a policy stands in it
	listed          bool      // its levels are in an order of their own
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

func (t *tier) stage(d ir.Direction) *ir.Stage {
	if d == ir.Egress {
		return t.egress
	}
	return t.ingress
}

// any gives one of the two stages.
func (t *tier) any() *ir.Stage {
	if t.egress != nil {
		return t.egress
	}
	return t.ingress
}

var directions = []ir.Direction{ir.Egress, ir.Ingress}

// tiers pairs the stages of the two directions. What always holds needs no
// policy: a host reaches its own pods whatever policies say.
func (l *lowering) tiers() []*tier {
	var out []*tier
	byName := map[string]*tier{}
	for _, d := range directions {
		stages := l.program.Stages(d)
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
				t.egress = s
			} else {
				t.ingress = s
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
	rounds := t.rounds()
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
	for _, r := range rounds {
		for _, b := range lower.Bundles(l.program, r.egress, r.ingress) {
			if !nobody(b.Subject.Pods) {
				l.bundle(t, &b, r.levels)
			}
		}
	}
	if t.ahead.used {
		l.emitTier(t.ahead, order, nil, comments)
	}
}

// inOrder reports that the levels of both stages are in the order of the fixed
// ones.
func (t *tier) inOrder() bool {
	for _, d := range directions {
		s := t.stage(d)
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
func (l *lowering) bundle(t *tier, b *lower.Bundle, levels []level) {
	name, escaped := lower.Name(b.Subject)
	for _, level := range levels {
		p := policy{tier: t.of(level.action), level: level, name: name + level.suffix, subject: b.Subject}
		if escaped {
			p.comments = []string{p.name + " stands for " + b.Subject.Address + "."}
		}
		for _, d := range directions {
			if l.rules(&p, d, b.Rules(d)) {
				p.types |= d.Set()
			}
		}
		if level.closes {
			p.isolate(b)
		}
		if len(p.origins) > 0 {
			p.blame = p.origins[0]
		}
		if l.closesNone(t, b, &p) {
			l.policy(p)
		}
	}
}

// closesNone refuses a policy that would close pods that its stage leaves open.
// The language has none: it closes every subject of a tier that denies at its
// end, and outside tiers only a deny has subjects that are not closed.
func (l *lowering) closesNone(t *tier, b *lower.Bundle, p *policy) bool {
	for _, d := range directions {
		if !p.tier.closes || b.Closed.Has(d) || !p.types.Has(d) {
			continue
		}
		if _, open := l.program.Split(b.Subject.Pods, t.stage(d)); !slices.ContainsFunc(open, func(x ir.Pods) bool { return !nobody(x) }) {
			continue
		}
		l.refuse(p.blame, &refusal{diag.LacksOrder, fmt.Sprintf("tier %q denies at its end, which would close pods that are open", t.name),
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
	types    ir.Directions
	egress   []v3.Rule
	ingress  []v3.Rule
	origins  []ir.Origin
	blame    ir.Origin // what a refusal of the whole is about
	comments []string
}

// isolate has the policy select its pods in the directions that the bundle
// closes: that is all it takes in a tier that denies at its end.
func (p *policy) isolate(b *lower.Bundle) {
	p.types |= b.Isolate
	for _, o := range b.Origins {
		if o.Kind == ir.FromDefault {
			p.origins = append(p.origins, o)
		}
	}
}

// rules lowers the rules of a level in a direction, and reports whether there
// are any. Rules that also log come first, so that another that matches does
// not hide them.
func (l *lowering) rules(p *policy, d ir.Direction, all []ir.Rule) bool {
	mine := slices.DeleteFunc(slices.Clone(all), func(r ir.Rule) bool { return r.Action != p.level.action })
	slices.SortStableFunc(mine, func(a, b ir.Rule) int { return rankLogged(a) - rankLogged(b) })
	var out []v3.Rule
	for i := range mine {
		r := &mine[i]
		if repeats(mine[:i], r) {
			continue
		}
		if rules := l.rule(p, d, r); rules != nil {
			out = append(out, rules...)
			p.origins = append(p.origins, r.Origin)
		}
	}
	if len(out) > maxEntries {
		l.refuse(mine[0].Origin, &refusal{diag.OverBound, fmt.Sprintf("policy %q would have %d %s rules, and the bound is %d", p.name, len(out), d, maxEntries),
			"Name peers by a common label instead of one by one."})
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
		q := &before[i]
		if q.Log == r.Log && q.Mode == r.Mode && q.Origin.Kind == r.Origin.Kind &&
			q.Peers.Equal(r.Peers) && q.Traffic.String() == r.Traffic.String() {
			return true
		}
	}
	return false
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
	if n := len(peers) * len(transports); n > maxEntries {
		l.refuse(r.Origin, &refusal{diag.OverBound, fmt.Sprintf("it would become %d Calico rules, and the bound is %d", n, maxEntries),
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

// The annotations of a rule say what it comes from: the address of a rule, or
// of what has its DNS or its way to the mesh's control plane kept.
const (
	ruleAnnotation = "portolan.dev/rule"
	dnsAnnotation  = "portolan.dev/dns"
	meshAnnotation = "portolan.dev/mesh"
)

func metadata(o ir.Origin) *v3.RuleMetadata {
	key := ruleAnnotation
	if o.Kind == ir.FromCompanion {
		key = dnsAnnotation
		if o.Purpose == ir.ForMesh {
			key = meshAnnotation
		}
	}
	return &v3.RuleMetadata{Annotations: map[string]string{key: o.Address}}
}

// policy emits a policy that governs a direction.
func (l *lowering) policy(p policy) {
	if p.types == ir.NoDirection {
		return
	}
	s, no := selects(p.subject.Pods)
	if no != nil {
		l.refuse(p.blame, no)
		return
	}
	p.tier.used = true
	meta := metav1.ObjectMeta{Name: p.name, Namespace: s.namespace, Labels: lower.Labels(), Annotations: lower.Annotations(p.subject, p.origins)}
	delete(meta.Annotations, lower.RulesAnnotation) // each rule says its own
	if p.tier.name != defaultTier {
		// Up to 3.31 the name's part before the dot is the tier; later the name
		// is free (libcalico-go/lib/names/policy.go).
		meta.Name = p.tier.name + "." + p.name
	}
	object := manifest.Object{APIVersion: v3.GroupVersionCurrent, Namespace: s.namespace, Name: meta.Name, Comments: p.comments}
	order := p.level.order
	if s.namespace != "" {
		v := v3.NewNetworkPolicy()
		v.ObjectMeta = meta
		v.Spec = v3.NetworkPolicySpec{
			Tier: p.tier.name, Order: &order, Selector: s.selector,
			Types: types(p.types), Ingress: p.ingress, Egress: p.egress,
		}
		object.Kind, object.Value = v.Kind, v
	} else {
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
