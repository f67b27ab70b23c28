package render

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Summary is what the closing line of a verb counts.
type Summary struct {
	Targets  int `json:"targets"`
	Rules    int `json:"rules"`
	Objects  int `json:"objects"`
	Refused  int `json:"refused"` // targets
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Silenced int `json:"silenced"`
	Stale    int `json:"stale,omitempty"` // files that a comparison found out of date
	Tests    int `json:"tests,omitempty"` // blocks

	TestsFailed int `json:"tests_failed,omitempty"`

	Proofs []Proof `json:"proofs,omitempty"` // a target each
}

// Proof is what the proof of a target says of its rules.
type Proof struct {
	Target string       `json:"target"`
	Exact  int          `json:"exact"` // rules that mean on it what the intent says
	Rules  []RuleStatus `json:"rules"` // the others
}

// RuleStatus is a rule that is not exact on a target.
type RuleStatus struct {
	Address  string `json:"address"`
	Status   string `json:"status"` // widened, narrowed, unenforced, unknown, refused or unproved
	Accepted bool   `json:"accepted,omitempty"`
}

// Count adds the diagnostics to the summary.
func (s *Summary) Count(diags diag.List) {
	s.Errors += diags.Count(diag.Error)
	s.Warnings += diags.Count(diag.Warning)
}

// String gives the closing line, such as
//
//	2 targets, 14 rules -> 23 objects: 1 refused, 3 errors, 2 warnings
//
// where a part that a verb has nothing of is left out.
func (s Summary) String() string {
	var what, found []string
	add := func(list *[]string, n int, one, many string) {
		if n > 0 {
			*list = append(*list, Plural(n, one, many))
		}
	}
	add(&what, s.Targets, "target", "targets")
	add(&what, s.Rules, "rule", "rules")
	if s.Refused > 0 {
		found = append(found, fmt.Sprintf("%d refused", s.Refused))
	}
	add(&found, s.Errors, "error", "errors")
	add(&found, s.Warnings, "warning", "warnings")
	if s.Silenced > 0 {
		found = append(found, fmt.Sprintf("%d silenced", s.Silenced))
	}
	if s.Stale > 0 {
		found = append(found, Plural(s.Stale, "stale file", "stale files"))
	}
	if found == nil {
		found = []string{"no findings"}
	}
	switch {
	case s.TestsFailed > 0:
		found = append(found, fmt.Sprintf("%d of %s failed", s.TestsFailed, Plural(s.Tests, "test", "tests")))
	case s.Tests == 1:
		found = append(found, "1 test holds")
	case s.Tests > 1:
		found = append(found, fmt.Sprintf("%d tests hold", s.Tests))
	}
	line := strings.Join(what, ", ")
	if s.Objects > 0 {
		line += " -> " + Plural(s.Objects, "object", "objects")
	}
	if line != "" {
		line += ": "
	}
	return line + strings.Join(found, ", ")
}

// Plural gives "1 object" or "2 objects".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
