package istio

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// policy is an authorization policy as it was read.
type policy struct {
	name, namespace string
	at              diag.Range
	selector        *selector
	targets         []target // of waypoints; none for pods
	action          action
	provider        string
	dryRun          bool
	rules           []rule
}

// rule is a rule of a policy: one of the sources, if there are any, one of the
// operations, if there are any, and all of the conditions.
type rule struct {
	from, to [][]matcher
	when     []matcher
	index    int
	at       diag.Range
}

// action is what a policy does, in the order in which it is asked.
type action uint8

const (
	custom action = iota
	deny
	allow
	audit
)

var actions = map[string]action{"CUSTOM": custom, "DENY": deny, "ALLOW": allow, "AUDIT": audit}

// mode says whether the policy decides: a dry run is what would be, were it
// enforced with the rest.
func (p *policy) mode() ir.Mode {
	if p.dryRun {
		return ir.Staged
	}
	return ir.Enforce
}

func (p *policy) address() string { return kindPolicy + " " + p.namespace + "/" + p.name }

// all gives every matcher of the rule.
func (r *rule) all() []matcher {
	return slices.Concat(slices.Concat(r.from...), slices.Concat(r.to...), r.when)
}

// authorize lifts a policy: its rules, and for an allow that the pods that it
// selects are closed, with rules or without (istio/istio,
// pilot/pkg/security/authz/builder/builder.go).
func (l *lifting) authorize(p *policy) {
	if p.targets != nil {
		l.attach(p)
		return
	}
	if l.ambient && !l.attached(p) {
		return
	}
	s := l.subject(p.namespace, p.selector)
	l.lift(p, s)
	if p.action == allow {
		l.closed = append(l.closed, ir.Isolation{Subject: s, Mode: p.mode(), Origin: ir.Origin{Kind: ir.FromDefault, Address: p.address(), Range: p.at}})
	}
}

// lift lifts the rules of a policy for a subject.
func (l *lifting) lift(p *policy, s ir.Subject) {
	if p.action == audit { // marks requests and decides nothing
		return
	}
	for i := range p.rules {
		r := &p.rules[i]
		if l.ambient {
			var some bool
			if r, some = l.layer4(p, r); !some {
				continue
			}
		}
		l.unchecked(p, s, r)
		l.rule(p, s, r)
	}
	if p.action == custom {
		l.customs = append(l.customs, external{s.Pods, p})
	}
}

// maxRules bounds what one rule of a policy may be lifted to.
const maxRules = 10_000

// rule lifts a rule.
//
// Where a connection carries no request that the proxy reads, an allow with a
// field about requests is dropped whole, and other rules lose such fields and so
// match more (istio/istio, pilot/pkg/security/authz/model/model.go, checkError).
func (l *lifting) rule(p *policy, s ir.Subject, r *rule) {
	reads := slices.ContainsFunc(r.all(), matcher.http)
	e := emission{lifting: l, policy: p, subject: s, rule: r}
	if !reads {
		e.emit(s.Pods, l.senders(p, r, false), l.traffics(r, false), func(t *traffic) []ir.Traffic { return []ir.Traffic{ir.PortTraffic(ir.TCP, t.ports)} })
		return
	}
	senders, requests := l.senders(p, r, true), l.traffics(r, true)
	var anyone []sender
	var connections []traffic
	if p.action != allow {
		anyone, connections = l.senders(p, r, false), l.traffics(r, false)
	}
	for _, part := range l.parts(s.Pods, portsOf(requests).Union(portsOf(connections))) {
		e.emit(part.pods, senders, requests, func(t *traffic) []ir.Traffic { return t.reading(t.ports.Subtract(part.bytes)) })
		e.emit(part.pods, anyone, connections, func(t *traffic) []ir.Traffic {
			unknown := ir.PortTraffic(ir.TCP, t.ports.Subtract(part.bytes).Subtract(part.http)).Unread()
			return []ir.Traffic{ir.PortTraffic(ir.TCP, t.ports.Intersect(part.bytes)), unknown}
		})
	}
}

func portsOf(list []traffic) set.Ports {
	var out set.Ports
	for _, t := range list {
		out = out.Union(t.ports)
	}
	return out
}

// emission is a rule of a policy on its way into the program.
type emission struct {
	*lifting
	policy  *policy
	subject ir.Subject
	rule    *rule
	count   int
}

// emit makes a rule of the program of each sender and each traffic to the pods;
// of gives the traffic as the model has it, and none is a rule less.
func (e *emission) emit(pods ir.Pods, senders []sender, traffics []traffic, of func(*traffic) []ir.Traffic) {
	for i := range traffics {
		t := &traffics[i]
		at, some := pods.At(t.to)
		if !some {
			continue
		}
		for _, sent := range of(t) {
			if over := e.count + len(senders); over > maxRules {
				e.overBound(over)
				return
			}
			for _, s := range senders {
				given, possible := both(t.given, s.given)
				if !possible || sent.IsEmpty() {
					continue
				}
				for _, c := range e.validated(at, given) {
					e.count++
					e.add(c.pods, s, sent, c.given)
				}
			}
		}
	}
}

func (e *emission) add(pods ir.Pods, s sender, t ir.Traffic, given []ir.Condition) {
	r := ir.Rule{
		Subject: e.subject, Peers: s.peers, Traffic: t, Auth: s.auth, If: given, Action: ir.Deny, Mode: e.policy.mode(),
		Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprintf("%s rules[%d]", e.policy.address(), e.rule.index), Range: e.rule.at},
	}
	if !pods.Equal(r.Subject.Pods) {
		r.Subject = ir.Subject{Pods: pods, Address: pods.String(), Kind: ir.SubjectInline}
	}
	switch e.policy.action {
	case allow:
		r.Action = ir.Allow
	case deny, audit:
	case custom:
		r.If = append(slices.Clip(given), ir.Condition{Atom: "istio provider " + e.policy.provider + " allows", Not: true})
	}
	e.levels[e.policy.action] = append(e.levels[e.policy.action], r)
}

// external is a policy that leaves the decision about pods to a provider.
type external struct {
	pods   ir.Pods
	policy *policy
}

// checkProviders refuses pods for which two providers would be asked: without a
// feature flag Istio denies what either policy matches (istio/istio,
// pilot/pkg/security/authz/builder/builder.go, getBadCustomDenyRules).
func (l *lifting) checkProviders() {
	for i, a := range l.customs {
		for _, b := range l.customs[:i] {
			if a.policy.provider == b.policy.provider || !a.pods.Overlaps(b.pods) {
				continue
			}
			l.undecided(a.policy.at, fmt.Sprintf("%s asks provider %q about pods about which %s asks %q.", a.policy.address(), a.policy.provider, b.policy.address(), b.policy.provider),
				"With two providers Istio denies whatever either policy matches, unless PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS is set. Use one provider for these pods.").
				Relate(b.policy.at, "the other policy")
			break
		}
	}
}
