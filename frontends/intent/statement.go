package intent

import (
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
	l := &lowering{cfg: cfg, target: t, program: &ir.Program{}}
	l.facts()
	l.inventory()
	l.diags = nil // Lower says what is wrong there
	var out []Assertion
	var diags diag.List
	for _, test := range cfg.Tests {
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
func (l *lowering) statements(r *Rule) []sem.Statement {
	l.near = r.Range
	from, to := l.endpoints(r, r.From, r.Except), l.endpoints(r, r.To, r.ExceptTo)
	sources, some := (&ruleLowering{from: from}).sourcePeers(), len(from) > 0
	if !some || len(to) == 0 {
		if !l.diags.HasErrors() {
			l.nothing(r, "after its exceptions no endpoint is left at one end")
		}
		return nil
	}
	terms := l.terms(r)
	var out []sem.Statement
	for _, e := range to {
		parts, ok := l.resolvePorts(r, terms, e)
		if !ok {
			return nil
		}
		for _, d := range parts {
			s := sem.Statement{Source: sources, Traffic: d.traffic, Allowed: r.Action == ir.Allow}
			s.Destination, _ = ir.PeersOf(d.peer)
			if terms.requests != nil && hasTCP(d.traffic) {
				s.Traffic, _ = s.Traffic.WithRequests(terms.requests...)
			}
			if terms.names != nil {
				s.Traffic, _ = s.Traffic.WithNames(terms.names...)
			}
			out = append(out, s)
		}
	}
	return out
}
