package cilium

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/frontends/kubernetes"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// rule is one rule of a policy, spec or one of specs: what it says of its
// subject. A native policy is one too.
type rule struct {
	subject    ir.Subject
	conditions []ir.Condition // under which it is for the subject
	closes     ir.Directions  // it has items in them, and default deny is not off
	origin     ir.Origin      // of what it closes
	items      []item
}

// item is one entry of the lists of a rule. Peers and traffic that are nothing
// are no entry: the rule closes its subject all the same.
type item struct {
	direction ir.Direction
	action    ir.Action
	origin    ir.Origin
	parts     []part
	names     []ir.Name // of toFQDNs

	all   bool // every protocol
	ports []portRule
	plain ir.Traffic // beside ports: messages, or what a native policy has
}

// part is what one selector among an item's peers stands for. text is the
// selector as Cilium has it, after what it adds; "" where that is not known, as
// of a native policy.
type part struct {
	text  string
	sides []side
}

func (i *item) part(text string, sides ...side) {
	if len(sides) > 0 {
		i.parts = append(i.parts, part{text, sides})
	}
}

// sides gives the peers of all parts, those that count unconditionally together.
func (i *item) sides() []side {
	var all side
	var out []side
	for _, p := range i.parts {
		for _, s := range p.sides {
			if s.conditions == nil {
				all.peers = append(all.peers, s.peers...)
			} else {
				out = append(out, s)
			}
		}
	}
	if all.peers != nil {
		out = append(out, all)
	}
	return out
}

// stageDefault is the stage of what the endpoints' closing denies and lets
// through after the tier Baseline: its entries come last of all, and what a
// policy closes is open to Baseline (pkg/policy/types/policyentry.go).
const stageDefault = "(default)"

// stages gives what decides about pods in a direction.
func (l *lifting) stages(d ir.Direction) []ir.Stage {
	var out []ir.Stage
	if admin, some := l.tier(kubernetes.Admin, d); some {
		if d == ir.Egress {
			l.pastProxy(&admin)
		}
		out = append(out, admin)
	}
	rules := l.stage(d, l.rules)
	baseline, some := l.tier(kubernetes.Baseline, d)
	if !some {
		return append(out, rules)
	}
	last := ir.Stage{Name: stageDefault, Order: 2, Isolate: rules.Isolate}
	rules.Isolate = nil
	if n := len(rules.Levels); d == ir.Ingress && len(last.Isolate) > 0 {
		last.Levels, rules.Levels = rules.Levels[n-1:], rules.Levels[:n-1]
	}
	return append(out, rules, baseline, last)
}

// stage gives the one stage of a direction, of the rules of pods or of nodes.
func (l *lifting) stage(d ir.Direction, all []*rule) ir.Stage {
	s := ir.Stage{Name: ir.StageRules, Isolate: isolations(all, d)}
	a := &assembly{lifting: l, all: all, direction: d, isolate: s.Isolate, asked: asked(all, d), named: namings(all, d), told: map[[2]string]bool{}}
	for _, r := range all {
		for i := range r.items {
			if r.items[i].direction == d {
				a.add(r, &r.items[i])
			}
		}
	}
	a.together()
	levels := [][]ir.Rule{a.exact, a.refused, a.rest}
	if a.refused == nil {
		levels = [][]ir.Rule{append(a.exact, a.rest...)}
	}
	if d == ir.Ingress && len(s.Isolate) > 0 && s.Isolate[0].Subject.Kind != ir.SubjectNodes {
		// The own node passes where no user's rule says otherwise (daemon/cmd/
		// daemon.go, allow-localhost; pkg/policy/types/policyentry.go, the tier of
		// the default policy).
		levels = append(levels, []ir.Rule{ir.OwnNode()})
	}
	for _, rules := range levels {
		if len(rules) > 0 {
			s.Levels = append(s.Levels, ir.Level{Rules: rules})
		}
	}
	return s
}

// isolations gives what is closed in a direction, each set of pods or nodes once.
func isolations(all []*rule, d ir.Direction) []ir.Isolation {
	var out []ir.Isolation
	seen := map[string]bool{}
	for _, r := range all {
		if text := fmt.Sprint(r.subject.Pods, r.subject.Nodes, r.conditions); r.closes.Has(d) && !seen[text] {
			seen[text] = true
			out = append(out, ir.Isolation{Subject: r.subject, If: r.conditions, Origin: r.origin})
		}
	}
	return out
}

// asked gives the ports of a direction on which DNS passes the proxy, and of
// each whether some rule restricts the names.
func asked(all []*rule, d ir.Direction) map[key]bool {
	out := map[key]bool{}
	for _, r := range all {
		for _, i := range r.items {
			for _, p := range i.ports {
				if i.direction == d && p.dns {
					for k := range p.keys() {
						out[k] = out[k] || p.names != nil
					}
				}
			}
		}
	}
	return out
}

// assembly puts the rules of a direction together. Denies and what is for
// exactly a port with restricted names come first, then what refuses the other
// names, then the rest.
type assembly struct {
	*lifting
	all                  []*rule
	direction            ir.Direction
	isolate              []ir.Isolation
	asked                map[key]bool
	named                []naming
	told                 map[[2]string]bool // pairs of items that do not go together
	exact, refused, rest []ir.Rule
}

func (a *assembly) add(r *rule, i *item) {
	if len(a.named) == 0 {
		a.whole(r, i)
		return
	}
	for _, x := range a.apart(r, i) {
		a.whole(x.rule, x.item)
	}
}

func (a *assembly) whole(r *rule, i *item) {
	sides := i.sides()
	if len(i.names) > 0 {
		sides = append(a.byLearning(r, i), sides...)
	}
	for _, s := range sides {
		list := s.peers
		if r.subject.Kind == ir.SubjectNodes {
			list = withoutOwn(list)
		}
		peers, some := ir.PeersOf(list...)
		if !some {
			continue
		}
		one := ir.Rule{Subject: r.subject, Peers: peers, Action: i.action, If: slices.Concat(r.conditions, s.conditions), Origin: i.origin}
		a.split(one, r, i)
	}
}

// split adds a rule for each kind of traffic of an item.
func (a *assembly) split(one ir.Rule, r *rule, i *item) {
	exact, rest := a.native(one, i.plain)
	if i.all {
		rest = ir.AllTraffic()
	}
	for _, p := range i.ports {
		switch {
		case p.http:
			a.requests(one, &p)
			continue
		case p.names != nil:
			a.names(one, r, &p)
			continue
		case p.servers != nil:
			a.servers(one, &p)
			continue
		}
		for _, q := range p.ports {
			if q.name != "" && one.Action == ir.Allow && a.mayAsk(one.Subject.Pods, nil) {
				a.refuse(one, "names a port, which may be that on which another rule restricts DNS names for the same pods", "Write the port's number.")
			}
			if slices.ContainsFunc(q.keys(), func(k key) bool { return a.asked[k] }) {
				exact = exact.Or(q.traffic())
			} else {
				rest = rest.Or(q.traffic())
			}
		}
	}
	a.put(&a.exact, one, exact)
	if one.Action == ir.Deny {
		a.put(&a.exact, one, rest)
	} else {
		a.put(&a.rest, one, rest)
	}
}

// native parts traffic without port rules into what is for exactly a port with
// restricted names and the whole of it. Of a range it is not known whether it
// was written as such.
func (a *assembly) native(one ir.Rule, t ir.Traffic) (exact, whole ir.Traffic) {
	for k, restricts := range a.asked {
		if !restricts || t.IsAll() || t.Ports(k.protocol).IsAll() {
			continue
		}
		single := set.SinglePort(k.port)
		for _, span := range t.Ports(k.protocol).Ranges() {
			switch {
			case span.First == k.port && span.Last == k.port:
				exact = exact.Or(ir.PortTraffic(k.protocol, single))
			case span.First <= k.port && k.port <= span.Last && a.mayAsk(one.Subject.Pods, &k):
				a.refuse(one, fmt.Sprintf("has port %d beside its neighbours, and another rule restricts DNS names on it for the same pods", k.port), "Write a rule for that port alone.")
			}
		}
	}
	return exact, t
}

func (a *assembly) refuse(one ir.Rule, why, todo string) {
	a.diags.Add(diag.RefusedField, one.Origin.Range, one.Origin.Address+" "+why+".", todo)
}

func (a *assembly) put(to *[]ir.Rule, one ir.Rule, t ir.Traffic) {
	if !t.IsEmpty() {
		one.Traffic = t
		*to = append(*to, one)
	}
}

// requests adds an allow of requests. With DNS rules for the same port, Cilium
// cannot compute the policy of the endpoint (pkg/policy/rule.go mergePortProto).
func (a *assembly) requests(one ir.Rule, p *portRule) {
	for k := range p.keys() {
		if _, asked := a.asked[k]; asked && a.mayAsk(one.Subject.Pods, &k) {
			a.refuse(one, "has HTTP rules on a port on which another rule has DNS rules for the same pods: Cilium cannot compute their policy, and keeps the one that they had", "Use different ports.")
		}
	}
	if limited, some := p.traffic().WithRequests(p.requests...); some {
		a.put(&a.rest, one, limited)
	}
}

// mayAsk reports whether a rule has DNS rules for some of the pods on a port, or
// restricts names for them on any.
func (a *assembly) mayAsk(pods ir.Pods, k *key) bool {
	if len(a.asked) == 0 {
		return false
	}
	return slices.ContainsFunc(a.all, func(r *rule) bool {
		return slices.ContainsFunc(r.items, func(i item) bool {
			return i.direction == a.direction && r.subject.Pods.Overlaps(pods) && slices.ContainsFunc(i.ports, func(p portRule) bool {
				return k == nil && p.names != nil || k != nil && p.dns && p.keys()[*k]
			})
		})
	})
}

// names adds an allow of names, and what refuses the others. An endpoint that
// nothing closes is let ask for all (pkg/policy/repository.go, from 1.18), so
// that a rule that does not close refuses only where another does.
func (a *assembly) names(one ir.Rule, r *rule, p *portRule) {
	t := p.traffic()
	if limited, some := t.WithNames(p.names...); some {
		a.put(&a.exact, one, limited)
	}
	one.Action = ir.Deny
	if r.closes.Has(a.direction) {
		a.put(&a.refused, one, t)
		return
	}
	for _, iso := range a.isolate {
		if both, some := r.subject.Pods.And(iso.Subject.Pods); some {
			one.Subject, one.If = ir.SubjectOf(both), slices.Concat(one.If, iso.If)
			a.put(&a.refused, one, t)
		}
	}
}
