package sem

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// FindingKind says what is odd.
type FindingKind uint8

// The kinds of findings.
const (
	// NeverDecides is a rule of which every flow is decided before it is asked:
	// at an earlier stage or level, or by what beats it in its own. By is the
	// first that do, the closing of a stage among them.
	NeverDecides FindingKind = iota + 1
	// MatchesNothing is a rule that no flow there can be is of.
	MatchesNothing
	// Covered is a rule of which every flow is also of other rules of its level
	// and action, so that without it every verdict is the same. By is one that has
	// all of them, else the first of those that do together. All rules that are
	// found so could go at once.
	Covered
	// SelectsNothing is a policy for pods of named namespaces, each of which has
	// declared workloads, of which it selects none.
	SelectsNothing
	// DNSCutOff is declared workloads that may send something, and nothing to the
	// cluster's DNS. Origin is what stops them.
	DNSCutOff
	// OnlyDenies is a policy with denies alone in a direction that it closes by
	// having them, for pods that nothing else closes.
	OnlyDenies
)

// Finding is something in a policy that is most likely not meant.
type Finding struct {
	Kind      FindingKind
	Origin    ir.Origin    // of the rule or, with the address of one, the policy
	Direction ir.Direction // of OnlyDenies
	By        []ir.Origin  // at most maxBy
	Workloads []*ir.Workload
}

// Bounds of what is looked up for a message: how many origins one names, and
// how many rules are compared in search of them.
const (
	maxBy       = 3
	maxSearched = 2_000_000
)

// Lint gives what in a policy decides nothing or more than it seems to, each
// layer by itself: rules and policies by where they were written, in the order
// in which they decide. All of it holds for every flow that there can be. What
// is staged or only logs is passed over, as it decides nothing.
//
// A policy is what the address of its rules names before the second blank, as
// that of "NetworkPolicy shop/web ingress[0]"; of programs with other addresses
// SelectsNothing and OnlyDenies have no meaning. The error is an *Unproved
// where a bound was hit.
func Lint(p Policy, o Options) ([]Finding, error) {
	return tried(o, func(o Options, order order) ([]Finding, error) { return lint(p, o, order) })
}

func lint(p Policy, o Options, order order) (out []Finding, err error) {
	defer recoverBounds(&err)
	inv := *o.Inventory
	inv.Facts.Waypoints = false // rules about waypoints are about what these send
	o.Inventory = &inv
	c, err := newComparison(p, nil, o, order, (*universe).gatherResolving)
	if err != nil {
		return nil, err
	}
	l := &linting{Comparison: c, byKey: map[writtenKey]*written{}}
	l.flows = l.space.And(l.possible(), l.within(o))
	for i := range p {
		l.layer(&p[i])
	}
	out = append(l.undeciding(), l.covered()...)
	for i := range p {
		out = append(out, l.selecting(p[i].Program)...)
		out = append(out, l.denying(p[i].Program)...)
	}
	return append(out, l.resolving()...), nil
}

// linting is the state of one Lint.
type linting struct {
	*Comparison
	flows    diagram.Set
	rules    []*written // in the order in which they are asked
	egress   []*walk    // of the layers that have one
	byKey    map[writtenKey]*written
	searched int
}

// written is a rule as somebody wrote it, which lifts to several rules of a
// program: at both ends, or for each part of what it says.
type written struct {
	origin ir.Origin
	parts  []part
	gone   bool // it is found to be covered
}

type writtenKey struct {
	address string
	at      diag.Range
}

// part is the flows of a written rule in one place.
type part struct {
	at    *place
	flows diagram.Set
}

// place is where rules are asked together: those of one action in a level, or
// what closes pods at a stage's end.
type place struct {
	walk     *walk
	stage    int
	action   ir.Action
	arriving diagram.Set
	rules    []asked
	fixed    diagram.Set // see covered
	before   []diagram.Set
}

type asked struct {
	rule  *written
	flows diagram.Set
}

// walk is the way of flows through one direction of a layer.
type walk struct {
	entering diagram.Set
	places   []*place
}

func (l *linting) layer(of *Layer) {
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		if d == ir.Egress && of.Scope == Mesh {
			continue
		}
		w := &walk{entering: l.flows}
		if d == ir.Egress {
			l.egress = append(l.egress, w)
		}
		arriving := l.flows
		for i := range of.Program.Stages(d) {
			arriving = l.stage(w, i, &of.Program.Stages(d)[i], d, arriving)
		}
	}
}

// stage asks the rules of a stage, and gives the flows that leave it undecided.
func (l *linting) stage(w *walk, at int, stage *ir.Stage, d ir.Direction, arriving diagram.Set) diagram.Set {
	s := l.space
	passed := s.None()
	for i := range stage.Levels {
		for _, action := range []ir.Action{ir.Deny, ir.Allow, ir.Pass} {
			matched := s.None()
			for _, log := range []bool{false, true} { // without the one, the other does not log
				p := &place{walk: w, stage: at, action: action, arriving: arriving}
				l.ask(p, stage.Levels[i].Rules, d, log)
				matched = s.Or(matched, p.union(s))
			}
			if action == ir.Pass {
				passed = s.Or(passed, s.And(arriving, matched))
			}
			arriving = s.Minus(arriving, matched)
		}
	}
	end := &place{walk: w, stage: at, action: ir.Deny, arriving: arriving}
	for i := range stage.Isolate {
		iso := &stage.Isolate[i]
		if iso.Mode == ir.Staged {
			continue
		}
		end.add(&written{origin: iso.Origin}, l.closed(iso, d))
	}
	w.places = append(w.places, end)
	return s.Or(passed, s.Minus(arriving, end.union(s)))
}

// closed is the flows at the pods that an isolation closes.
func (l *linting) closed(iso *ir.Isolation, d ir.Direction) diagram.Set {
	return l.union(product(l.pods(iso.Subject.Pods, subjectEnd(d)), []cube{l.conditionsOf(iso.If)}))
}

func subjectEnd(d ir.Direction) end {
	if d == ir.Egress {
		return source
	}
	return destination
}

// ask puts the rules of a level that have the place's action into the place.
func (l *linting) ask(p *place, rules []ir.Rule, d ir.Direction, log bool) {
	parts := map[*written][]diagram.Set{}
	var order []*written
	for i := range rules {
		r := &rules[i]
		if r.Mode == ir.Staged || r.Action != p.action || r.Log != log {
			continue
		}
		key := writtenKey{r.Origin.Address, r.Origin.Range}
		w := l.byKey[key]
		if w == nil {
			w = &written{origin: r.Origin}
			l.byKey[key] = w
			l.rules = append(l.rules, w)
		}
		if _, some := parts[w]; !some {
			order = append(order, w)
		}
		parts[w] = l.rule(parts[w], r, d)
	}
	for _, w := range order {
		p.add(w, l.space.Union(parts[w]))
	}
	if order != nil {
		p.walk.places = append(p.walk.places, p)
	}
}

func (p *place) add(w *written, flows diagram.Set) {
	p.rules = append(p.rules, asked{w, flows})
	w.parts = append(w.parts, part{p, flows})
}

func (p *place) union(s *diagram.Space) diagram.Set {
	sets := make([]diagram.Set, len(p.rules))
	for i, r := range p.rules {
		sets[i] = r.flows
	}
	return s.Union(sets)
}

// undeciding finds the rules that nothing is left for.
func (l *linting) undeciding() []Finding {
	var out []Finding
	for _, w := range l.rules {
		decides := func(p part) bool { return l.space.Intersects(p.flows, p.at.arriving) }
		if w.origin.Kind != ir.FromRule || slices.ContainsFunc(w.parts, decides) {
			continue
		}
		w.gone = true
		f := Finding{Kind: MatchesNothing, Origin: w.origin}
		if i := slices.IndexFunc(w.parts, func(p part) bool { return l.space.Intersects(p.flows, p.at.walk.entering) }); i >= 0 {
			f.Kind, f.By = NeverDecides, l.deciding(w.parts[i])
		}
		out = append(out, f)
	}
	return out
}

// deciding gives what decides the flows of a part before it is asked.
func (l *linting) deciding(p part) []ir.Origin {
	s := l.space
	rest := s.And(p.flows, p.at.walk.entering)
	var out []ir.Origin
	for _, q := range p.at.walk.places {
		if q == p.at || rest == s.None() {
			break
		}
		here := s.And(rest, q.arriving)
		if here == s.None() || q.action == ir.Pass && q.stage != p.at.stage {
			continue
		}
		for i := range q.rules {
			if len(out) == maxBy || !l.search() {
				return out
			}
			if r := &q.rules[i]; s.Intersects(here, r.flows) {
				out = appendOrigin(out, r.rule.origin)
				here, rest = s.Minus(here, r.flows), s.Minus(rest, s.And(here, r.flows))
			}
		}
	}
	return out
}

func appendOrigin(list []ir.Origin, o ir.Origin) []ir.Origin {
	if slices.Contains(list, o) {
		return list
	}
	return append(list, o)
}

// search reports whether one more rule may be looked at for a message.
func (l *linting) search() bool {
	l.searched++
	return l.searched <= maxSearched
}

// covered finds the rules that could go: those that have no flow for
// themselves, from the last to the first as long as what is left has all of
// their flows. What is there but was not written by anybody covers nothing.
func (l *linting) covered() []Finding {
	s := l.space
	alone := map[*place]diagram.Set{} // flows of one rule only
	var candidates []*written
	for _, w := range l.rules {
		if w.gone || w.origin.Kind != ir.FromRule {
			continue
		}
		shared := func(p part) bool {
			only, known := alone[p.at]
			if !known {
				only = l.once(p.at)
				alone[p.at] = only
			}
			return !s.Intersects(p.flows, only)
		}
		if !slices.ContainsFunc(w.parts, func(p part) bool { return !shared(p) }) {
			candidates = append(candidates, w)
		}
	}
	l.prepare(candidates)
	var out []Finding
	for _, w := range slices.Backward(candidates) {
		w.gone = true
		for _, p := range w.parts { // what was put before the others is the candidates before this one
			p.at.before = p.at.before[:len(p.at.before)-1]
		}
		for _, p := range w.parts {
			left := s.Or(p.at.fixed, p.at.before[len(p.at.before)-1])
			w.gone = w.gone && s.Minus(s.And(p.flows, p.at.arriving), left) == s.None()
		}
		if w.gone {
			out = append(out, Finding{Kind: Covered, Origin: w.origin})
			continue
		}
		for _, p := range w.parts {
			p.at.fixed = s.Or(p.at.fixed, p.flows)
		}
	}
	slices.Reverse(out)
	for i := range out {
		out[i].By = l.covering(l.byKey[writtenKey{out[i].Origin.Address, out[i].Origin.Range}])
	}
	return out
}

// once is the flows that get to a place and are of exactly one of its rules.
func (l *linting) once(p *place) diagram.Set {
	// In the order of the diagram's variables the halves of a list have little in
	// common, so that it takes little to join them.
	type ranked struct {
		asked
		least []int
	}
	list := make([]ranked, len(p.rules))
	for i, r := range p.rules {
		list[i] = ranked{r, l.space.Pick(r.flows)}
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return slices.Compare(a.least, b.least) })
	var rules []asked
	for _, r := range list {
		rules = append(rules, r.asked)
	}
	some, twice := l.counted(rules)
	return l.space.And(p.arriving, l.space.Minus(some, twice))
}

// counted is the flows of one of the rules or more, and of two or more. What
// nobody wrote does not count.
func (l *linting) counted(rules []asked) (some, twice diagram.Set) {
	s := l.space
	switch len(rules) {
	case 0:
		return s.None(), s.None()
	case 1:
		if rules[0].rule.origin.Kind != ir.FromRule {
			return s.None(), s.None()
		}
		return rules[0].flows, s.None()
	}
	middle := len(rules) / 2
	a, inA := l.counted(rules[:middle])
	b, inB := l.counted(rules[middle:])
	return s.Or(a, b), s.Or(s.And(a, b), s.Or(inA, inB))
}

// prepare notes of each place of candidates what the others there have, and
// what the first of the candidates have, for every number of them.
func (l *linting) prepare(candidates []*written) {
	is := map[*written]bool{}
	for _, w := range candidates {
		is[w] = true
	}
	for _, w := range candidates {
		for _, p := range w.parts {
			if p.at.before != nil {
				p.at.before = append(p.at.before, l.space.Or(p.at.before[len(p.at.before)-1], p.flows))
				continue
			}
			var fixed []diagram.Set
			for _, r := range p.at.rules {
				if r.rule.origin.Kind == ir.FromRule && !is[r.rule] {
					fixed = append(fixed, r.flows)
				}
			}
			p.at.fixed, p.at.before = l.space.Union(fixed), []diagram.Set{l.space.None(), p.flows}
		}
	}
}

// covering names what covers a rule, of those that stay.
func (l *linting) covering(w *written) []ir.Origin {
	s := l.space
	var together []ir.Origin
	for i, p := range w.parts {
		flows := s.And(p.flows, p.at.arriving)
		if flows == s.None() {
			continue
		}
		for _, r := range p.at.rules {
			if r.rule.gone || r.rule.origin.Kind != ir.FromRule || !l.search() || !s.Intersects(flows, r.flows) {
				continue
			}
			if l.covers(r.rule, w.parts[i:]) {
				return []ir.Origin{r.rule.origin}
			}
			if len(together) < maxBy {
				together = appendOrigin(together, r.rule.origin)
			}
		}
	}
	return together
}

// covers reports whether a rule has all flows of the parts that get there.
func (l *linting) covers(q *written, parts []part) bool {
	return !slices.ContainsFunc(parts, func(p part) bool {
		rest := l.space.And(p.flows, p.at.arriving)
		for _, other := range q.parts {
			if other.at == p.at {
				rest = l.space.Minus(rest, other.flows)
			}
		}
		return rest != l.space.None()
	})
}

// policyOf names the policy that something is of.
func policyOf(o ir.Origin) string {
	words := strings.SplitN(o.Address, " ", 3)
	return strings.Join(words[:min(2, len(words))], " ")
}

// saying is what a policy says of pods: a rule, that they are closed, or, with
// neither, how senders have to prove themselves.
type saying struct {
	origin    ir.Origin
	pods      ir.Pods
	direction ir.Direction
	rule      *ir.Rule
	closes    *ir.Isolation
}

// sayings gives all that a program's policies say, by policy, in order.
func sayings(p *ir.Program) (names []string, by map[string][]saying) {
	by = map[string][]saying{}
	add := func(s saying) {
		if s.origin.Kind != ir.FromRule && s.origin.Kind != ir.FromDefault {
			return
		}
		name := policyOf(s.origin)
		if by[name] == nil {
			names = append(names, name)
		}
		by[name] = append(by[name], s)
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, stage := range p.Stages(d) {
			for i := range stage.Isolate {
				if stage.Isolate[i].Mode == ir.Staged {
					continue
				}
				add(saying{origin: stage.Isolate[i].Origin, pods: stage.Isolate[i].Subject.Pods, direction: d, closes: &stage.Isolate[i]})
			}
			for _, level := range stage.Levels {
				for i := range level.Rules {
					add(saying{origin: level.Rules[i].Origin, pods: level.Rules[i].Subject.Pods, direction: d, rule: &level.Rules[i]})
				}
			}
		}
	}
	for i := range p.MTLS {
		add(saying{origin: p.MTLS[i].Origin, pods: p.MTLS[i].Subject.Pods})
	}
	return names, by
}

// selecting finds the policies that are for none of the declared workloads.
func (l *linting) selecting(p *ir.Program) []Finding {
	peopled := map[string]bool{}
	for i := range l.inventory.Workloads {
		peopled[l.inventory.Workloads[i].Namespace] = true
	}
	var out []Finding
	names, by := sayings(p)
	for _, name := range names {
		hits := func(s saying) bool {
			within, named := s.pods.Names()
			return !named || slices.ContainsFunc(within, func(ns string) bool { return !peopled[ns] }) ||
				slices.ContainsFunc(l.inventory.Workloads, func(w ir.Workload) bool { return l.mayHave(s.pods, &w) })
		}
		if !slices.ContainsFunc(by[name], hits) {
			origin := by[name][0].origin
			origin.Address = name
			out = append(out, Finding{Kind: SelectsNothing, Origin: origin})
		}
	}
	return out
}

// mayHave reports whether pods of a workload may be of the set. They have the
// labels that it declares, and those that the cluster itself writes.
func (l *linting) mayHave(p ir.Pods, w *ir.Workload) bool {
	if !p.Namespace.Get(ir.NamespaceName).Matches(w.Namespace) || w.Account != "" && !p.Account.Matches(w.Account) {
		return false
	}
	if ns, declared := l.inventory.Namespace(w.Namespace); declared && !p.Namespace.Without(ir.NamespaceName).Matches(ns.Labels) {
		return false
	}
	for _, r := range p.Labels.Requirements() {
		has := w.Pods.Labels.Get(r.Key)
		switch {
		case !has.IsAnything() && !has.Overlaps(r.Constraint):
			return false
		case has.IsAnything() && !r.Constraint.MatchesAbsent() && !writtenByCluster(r.Key):
			return false
		}
	}
	return true
}

// writtenByCluster reports that controllers and admission put labels with the
// key on pods, whatever their template says (kubernetes/api, apps/v1/types.go
// and batch/v1/types.go; Istio's sidecar injector writes under istio.io).
func writtenByCluster(key string) bool {
	prefix, _, prefixed := strings.Cut(key, "/")
	if prefixed {
		return strings.HasSuffix(prefix, "kubernetes.io") || strings.HasSuffix(prefix, "istio.io")
	}
	return slices.Contains([]string{"pod-template-hash", "controller-revision-hash", "pod-template-generation", "job-name", "controller-uid"}, key)
}

// denying finds the policies that close pods by the denies that they have.
func (l *linting) denying(p *ir.Program) []Finding {
	var out []Finding
	names, by := sayings(p)
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		only := map[string]bool{}
		for _, name := range names {
			only[name] = onlyDenies(by[name], d)
		}
		var otherwise []diagram.Set // flows at pods that something else closes
		for _, name := range names {
			for _, s := range by[name] {
				if s.direction != d || only[name] {
					continue
				}
				// Of equal pods one isolation stands for all policies that close
				// them, so that allows have to stand for theirs.
				if s.closes != nil || s.rule != nil && s.rule.Mode == ir.Enforce && s.rule.Action == ir.Allow {
					otherwise = append(otherwise, l.union(l.pods(s.pods, subjectEnd(d))))
				}
			}
		}
		closed := l.space.Union(otherwise)
		for _, name := range names {
			if only[name] {
				out = append(out, l.flipping(by[name], d, closed)...)
			}
		}
	}
	return out
}

// onlyDenies reports that what is said closes pods in a direction and has rules
// there, all of them denies.
func onlyDenies(all []saying, d ir.Direction) bool {
	closes, denies := false, false
	for _, s := range all {
		switch {
		case s.direction != d || s.rule != nil && s.rule.Mode == ir.Staged:
		case s.closes != nil:
			closes = true
		case s.rule != nil && s.rule.Action != ir.Deny:
			return false
		default:
			denies = true
		}
	}
	return closes && denies
}

// flipping finds that a policy of denies closes what is not closed otherwise,
// and what it does not deny itself. Where workloads that it is for are declared,
// one of them has to be.
func (l *linting) flipping(all []saying, d ir.Direction, closed diagram.Set) []Finding {
	s := l.space
	var subject, denied []diagram.Set
	var origin ir.Origin
	for _, x := range all {
		switch {
		case x.direction != d:
		case x.closes != nil:
			origin = x.origin
			subject = append(subject, l.closed(x.closes, d))
		case x.rule != nil:
			denied = l.rule(denied, x.rule, d)
		}
	}
	here := s.And(l.flows, s.Union(subject))
	flipped := s.Minus(s.Minus(here, closed), s.Union(denied))
	if flipped == s.None() {
		return nil
	}
	f := Finding{Kind: OnlyDenies, Origin: origin, Direction: d}
	declared := false
	for i := range l.inventory.Workloads {
		w := &l.inventory.Workloads[i]
		pods := s.Cube(l.exactly(w, subjectEnd(d)))
		declared = declared || s.Intersects(here, pods)
		if s.Intersects(flipped, pods) {
			f.Workloads = append(f.Workloads, w)
		}
	}
	if declared && f.Workloads == nil {
		return nil
	}
	return []Finding{f}
}

// likelyPorts are where DNS is if nobody stated it; the second is OpenShift's
// (openshift/cluster-dns-operator, assets/dns/daemonset.yaml).
var likelyPorts = []uint16{53, 5353}

// gatherResolving lets where DNS is cut the universe.
func (u *universe) gatherResolving() {
	dns := u.inventory.Facts.DNS
	for _, p := range likelyPorts {
		u.ports = append(u.ports, set.SinglePort(p))
	}
	if dns.Port != 0 {
		u.ports = append(u.ports, set.SinglePort(dns.Port))
		u.addresses = append(u.addresses, dns.NodeLocal)
		u.gatherPods(dns.Pods)
	}
	u.gatherWorkloads()
}

// resolving finds the workloads that may send something and cannot resolve
// names, by what stops them.
func (l *linting) resolving() []Finding {
	s := l.space
	lets := s.All()
	for _, layer := range l.a {
		if layer.Scope != Mesh {
			lets = s.And(lets, l.direction(layer.Program.Egress, ir.Egress))
		}
	}
	var out []Finding
	for i := range l.inventory.Workloads {
		w := &l.inventory.Workloads[i]
		sent := s.And(l.flows, s.Cube(l.exactly(w, source)))
		asked := s.And(sent, l.resolvers(w))
		if asked == s.None() || !s.Intersects(sent, lets) || s.Intersects(asked, lets) {
			continue
		}
		origin := l.stopping(asked)
		at := slices.IndexFunc(out, func(f Finding) bool { return f.Origin == origin })
		if at < 0 {
			at = len(out)
			out = append(out, Finding{Kind: DNSCutOff, Origin: origin})
		}
		out[at].Workloads = append(out[at].Workloads, w)
	}
	return out
}

// stopping gives what stops the last of some flows on their way out.
func (l *linting) stopping(flows diagram.Set) (last ir.Origin) {
	s := l.space
	for _, w := range l.egress {
		for _, p := range w.places {
			if p.action != ir.Deny {
				continue
			}
			here := s.And(flows, p.arriving)
			for _, r := range p.rules {
				if here == s.None() {
					break
				}
				if s.Intersects(here, r.flows) {
					last = r.rule.origin
					flows, here = s.Minus(flows, s.And(here, r.flows)), s.Minus(here, r.flows)
				}
			}
		}
	}
	return last
}

// resolvers is the flows to where a workload may have its names resolved. If
// nobody stated where that is, it may be in any other namespace, and on nodes or
// outside, as node-local caches and the resolvers of clouds are.
func (l *linting) resolvers(w *ir.Workload) diagram.Set {
	s := l.space
	over := func(ports ...uint16) cube {
		var all set.Ports
		for _, p := range ports {
			all = all.Union(set.SinglePort(p))
		}
		return cube{is(l.protocol, protoUDP), among(l.port, spansOf(l.portCut.Ranges(all))...)}
	}
	if dns := l.inventory.Facts.DNS; dns.Port != 0 {
		servers := l.pods(dns.Pods, destination)
		if !dns.NodeLocal.IsEmpty() {
			servers = append(servers, l.peer(ir.NodeLocal{Addresses: dns.NodeLocal}, destination)...)
		}
		return l.union(product(servers, []cube{over(dns.Port)}))
	}
	pods := l.space.Cube(over(likelyPorts...).with(is(l.kind[destination], kindPod)))
	if w.Namespace != "kube-system" {
		pods = s.Minus(pods, l.union(l.pods(ir.InNamespace(w.Namespace), destination)))
	}
	others := diagram.Span{First: kindOwnNode, Last: kindInfra + len(l.infra) - 1}
	return s.Or(pods, s.Cube(over(likelyPorts...).with(among(l.kind[destination], others))))
}
