package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// TestResult is what became of a test.
type TestResult struct {
	Test       *intent.Test
	Statements int
	Failed     diag.List // what does not hold, each with one flow
}

// Test proves every statement of the configuration's tests: of the intent by
// itself, and of each target that was rendered, after what it accepts. Of a mesh
// alone they are proved as far as it governs flows, with the sources' side as the
// intent has it. Where blocks are there for some targets only, the intent by
// itself is that of each target, and a test is among the results where a target
// was asked for that has it. What is wrong with the tests themselves is an error
// among the diagnostics.
func Test(cfg *intent.Config, p *ir.Program, rendered []Rendered) ([]TestResult, diag.List) {
	if len(cfg.Tests) == 0 {
		return nil, nil
	}
	var diags diag.List
	out := make([]TestResult, len(cfg.Tests))
	at := map[*intent.Test]*TestResult{}
	for i, t := range cfg.Tests {
		out[i] = TestResult{Test: t, Statements: len(t.Rules)}
		at[t] = &out[i]
	}
	prove := func(target string, list []intent.Assertion, policy sem.Policy, o sem.Options) {
		for i, d := range testOne(target, list, policy, o) {
			if d != nil {
				r := at[list[i].Test]
				r.Failed = append(r.Failed, *d)
			}
		}
	}
	byItself := func(target string, list []intent.Assertion, p *ir.Program) {
		prove(target, list, sem.Policy{{Program: p}}, sem.Options{Inventory: &p.Inventory})
	}
	scoped, claimed := cfg.Scoped(), map[*intent.Test]bool{}
	if !scoped {
		var assertions []intent.Assertion
		if assertions, diags = intent.Assertions(cfg, nil); diags.HasErrors() {
			return nil, diags
		}
		byItself("", assertions, p)
	}
	for i := range rendered {
		r := &rendered[i]
		own, said := intent.Assertions(cfg, r.Target.Config)
		for _, a := range own {
			claimed[a.Test] = true
		}
		if scoped {
			diags = append(diags, said...)
		}
		switch {
		case r.Refused && scoped:
			if p, said := intent.Lower(cfg, r.Target.Config); !said.HasErrors() {
				byItself(r.Target.Name, own, p)
			}
		case !r.Refused:
			o := r.scope()
			policy := r.intent(o)
			if o.Scope == sem.Mesh {
				// The sources' side is nothing that a mesh alone governs, which was
				// said; of its own side the statements have to hold.
				senders := r.Program.Clone()
				senders.Ingress = nil
				policy = append(sem.Policy{{Program: senders, Scope: sem.CNI}}, policy...)
			}
			prove(r.Target.Name, own, policy, o)
		}
	}
	if scoped {
		out = slices.DeleteFunc(out, func(r TestResult) bool { return !claimed[r.Test] })
	}
	return out, diags
}

// testOne gives for each assertion what is wrong with it, nil where it holds.
func testOne(target string, list []intent.Assertion, policy sem.Policy, o sem.Options) []*diag.Diagnostic {
	var statements []sem.Statement
	var of []int // by statement, its assertion
	for i, a := range list {
		for _, part := range a.Parts {
			statements, of = append(statements, part), append(of, i)
		}
	}
	out := make([]*diag.Diagnostic, len(list))
	found, err := sem.Check(policy, statements, o)
	if err != nil {
		for i, a := range list {
			d := diag.New(diag.Unproved, a.Rule.Range, "This statement is not proved: "+bound(err)+".", "Tell pods apart by one label rather than by many at once.")
			d.Target = target
			out[i] = &d
		}
		return out
	}
	for i, x := range found {
		if x == nil || out[of[i]] != nil {
			continue
		}
		a := list[of[i]]
		is := "allowed"
		if statements[i].Allowed {
			is = "not allowed"
		}
		where := ""
		if target != "" {
			where = fmt.Sprintf(" on target %q", target)
		}
		deciding := x.Verdict.Deciding()
		d := diag.New(diag.TestFails, a.Rule.Range, fmt.Sprintf("%q does not hold%s: a flow is %s.", a.Test.Sentence, where, is),
			x.Flow.Text(o.Inventory)+" is "+reason(deciding)+".")
		d.Target = target
		at := deciding.Origin()
		d.Relate(at.Range, "decided here")
		out[of[i]] = &d
	}
	return out
}

// bound is what kept a proof from being found.
func bound(err error) string {
	var over *sem.Unproved
	if errors.As(err, &over) {
		return over.Bound.Error()
	}
	return err.Error()
}
