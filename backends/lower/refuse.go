package lower

import (
	"fmt"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Report is what a backend has to say of a program: everything once for a code
// and an address, since a rule stands at two ends and may fall into parts.
type Report struct {
	Target Target
	Diags  diag.List

	told map[string]bool
}

// Refuse reports, as Target.Refuse words it, that what comes from the origin
// has no form.
func (r *Report) Refuse(code diag.Code, o ir.Origin, reason, nearest string) {
	var one diag.List
	r.Target.Refuse(&one, code, o, reason, nearest)
	r.Add(one)
}

// Add reports what was not reported yet.
func (r *Report) Add(list diag.List) {
	for _, d := range list {
		key := string(d.Code) + " " + d.Address
		if r.told[key] {
			continue
		}
		if r.told == nil {
			r.told = map[string]bool{}
		}
		r.told[key] = true
		r.Diags = append(r.Diags, d)
	}
}

// Refuse says that the target cannot express a rule or default: code is one of
// diag's P4 errors, what is missing is said in reason as a clause ("native
// NetworkPolicy has no deny rules"), and nearest says what would work.
func (t Target) Refuse(diags *diag.List, code diag.Code, o ir.Origin, reason, nearest string) {
	d := diags.Add(code, o.Range, fmt.Sprintf("%s cannot be said for target %q: %s.", subjectOf(o), t.Name, reason), nearest)
	d.Address, d.Target = o.Address, t.Name
}

// ForRequests says what would work where a CNI does not read the requests of a
// rule: alone, unless a mesh is there already, which reads those that arrive in
// it and leaves the others to the CNI.
func (t Target) ForRequests(alone string) string {
	if t.Role != WithMesh {
		return alone
	}
	return "A mesh reads the requests that arrive in it, and of others `cilium` alone does: have it as the `cni`, or accept this as `widened`."
}

// Warn reports a warning about a rule or default on the target.
func (t Target) Warn(diags *diag.List, code diag.Code, o ir.Origin, summary, detail string) {
	d := diags.Add(code, o.Range, summary, detail)
	d.Address, d.Target = o.Address, t.Name
}

func subjectOf(o ir.Origin) string {
	switch o.Kind {
	case ir.FromDefault:
		return fmt.Sprintf("The default of %q", o.Address)
	case ir.FromCompanion:
		if o.Purpose == ir.ForTokens {
			break // it is the rule that asks for tokens
		}
		return fmt.Sprintf("What keeps %s reachable for %q", o.Purpose, o.Address)
	case ir.FromRule, ir.FromAxiom:
	}
	return fmt.Sprintf("Rule %q", o.Address)
}
