package intent

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Assertion is one statement of a test in the parts that it falls into: it
// holds where all of them do.
type Assertion struct {
	Test  *Test
	Rule  *Rule
	Parts []sem.Statement
}

// Assertions gives what the tests of a configuration claim, under the facts of
// the target, which may be nil for the cluster's own. A statement that is about
// no endpoint claims nothing, which is an error.
func Assertions(cfg *Config, t *Target) ([]Assertion, diag.List) {
	l := newLowering(cfg, t)
	l.claims = true
	l.facts()
	l.inventory()
	l.diags = nil // Lower says what is wrong there
	var out []Assertion
	var diags diag.List
	for _, test := range l.cfg.Tests {
		for _, r := range test.Rules {
			out = append(out, Assertion{test, r, l.statements(r)})
			for _, d := range l.diags {
				if d.Severity != diag.Hint { // hints are for those who write rules
					diags = append(diags, d)
				}
			}
			l.diags = nil
		}
	}
	return out, diags
}

// statements gives the flows of a rule, with no regard to where it would stand.
func (l *lowering) statements(r *Rule) (out []sem.Statement) {
	defer func() {
		if l.overBound(recover()) {
			out = nil
		}
	}()
	l.near, l.nobody = r.Range, nil
	from, to := l.endpoints(r, r.From, r.Except), l.endpoints(r, r.To, r.ExceptTo)
	sources, some := (&ruleLowering{from: from}).sourcePeers(), len(from) > 0
	if !some || len(to) == 0 {
		if !l.diags.HasErrors() {
			l.noEnd(r)
		}
		return nil
	}
	terms := l.terms(r)
	for _, e := range to {
		parts, ok := l.resolvePorts(r, terms, e)
		if !ok {
			return nil
		}
		for _, d := range parts {
			s := sem.Statement{Source: sources, Traffic: terms.restrict(d.traffic), Allowed: r.Action == ir.Allow}
			s.Destination, _ = ir.PeersOf(d.peer)
			out = append(out, l.under(r, s)...)
		}
	}
	return out
}

// under gives a statement about the flows that meet the rule's conditions: one
// for each alternative. A request with a token that is not valid is none of them.
func (l *lowering) under(r *Rule, s sem.Statement) []sem.Statement {
	alternatives := l.conditions(r)
	if alternatives == nil {
		return []sem.Statement{s}
	}
	var valid []ir.Condition
	if r.Traffic.JWT != nil {
		for _, t := range r.Traffic.JWT.Value {
			for _, i := range t.Issuers {
				bad := ir.BadToken(i.Issuer.Value)
				bad.Not = true
				if !slices.Contains(valid, bad) {
					valid = append(valid, bad)
				}
			}
		}
	}
	out := make([]sem.Statement, len(alternatives))
	for i, all := range alternatives {
		out[i] = s
		out[i].If = slices.Concat(all, valid)
	}
	return out
}
