package calico

import (
	"fmt"

	"github.com/portolan-dev/portolan/ir"
)

// subjects gives the pods that a policy governs; network sets are never governed
// (libcalico-go/lib/backend/syncersv1/updateprocessors/networkpolicyprocessor.go
// and globalnetworkpolicyprocessor.go).
func (p *policy) subjects(d ir.Direction) []term { return p.governs().pods(governed(d)) }

// governs is the selector of what a policy governs.
func (p *policy) governs() *selector {
	s := p.selector
	if p.namespace != "" {
		s = both(s, test(labelNamespace, ir.OneOf(p.namespace)))
	}
	if p.namespaceSelector != nil {
		s = both(s, p.namespaceSelector.prefixed(namespacePrefix, labelNamespace))
	}
	if p.accountSelector != nil {
		s = both(s, p.accountSelector.prefixed(accountPrefix, labelAccount))
	}
	if s == nil {
		s = &selector{op: opAll}
	}
	return s
}

// governed is the end of a flow that a direction's policies govern.
func governed(d ir.Direction) string {
	if d == ir.Egress {
		return source
	}
	return destination
}

// rules gives what a written rule of a policy decides for its subjects. The
// entity at the subject's own end is a filter on them.
func (l *lifting) rules(p *policy, d ir.Direction, number int, subjects []term) []ir.Rule {
	r := &p.rules[d][number]
	made := ir.Rule{
		Action: r.action, Mode: p.mode,
		Origin: ir.Origin{Kind: ir.FromRule, Address: fmt.Sprintf("%s %s[%d]", p.address(), d, number), Range: r.at},
	}
	from, to := l.end(&r.source, p.namespace, source), l.end(&r.destination, p.namespace, destination)
	var out []ir.Rule
	for _, x := range r.pieces() {
		own, other, entity := to, from, &r.source
		if x.named {
			own.pods = own.named
		}
		if d == ir.Egress {
			own, other, entity = from, to, &r.destination
			if x.named {
				other = end{pods: to.named}
			}
		}
		made.Traffic = x.traffic
		out = append(out, spread(made, cross(subjects, own.pods), under(x.when, l.peers(entity, other, r.version, d)))...)
	}
	return out
}

// under puts peers under further conditions, which are none of theirs.
func under(when []ir.Condition, all []peers) []peers {
	for i := range all {
		all[i].when, _ = allOf(all[i].when, when)
	}
	return all
}

// spread gives the rule for each subject and peers.
func spread(r ir.Rule, subjects []term, all []peers) []ir.Rule {
	if len(subjects)*len(all) > maxTerms {
		panic(tooMany{})
	}
	var out []ir.Rule
	for _, s := range subjects {
		for _, p := range all {
			when, possible := allOf(s.when, p.when)
			if !possible {
				continue
			}
			r.Subject, r.Peers, r.If = ir.SubjectOf(s.pods), p.list, when
			out = append(out, r)
		}
	}
	return out
}
