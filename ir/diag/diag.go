// Package diag holds what Portolan says about its input: diagnostics with a
// stable code, a position, what is wrong and what to do about it.
//
// It is the one vocabulary that every frontend, backend and verb reports in.
// A pass returns its result together with a List and goes on after an error,
// so that a user sees everything at once. How a diagnostic looks on a terminal
// or as JSON is no concern of this package; see cmd/portolan/render.
//
//	diags.Add(diag.UnknownArgument, attr.NameRange,
//		`There is no argument "udpp" in a rule.`, `Did you mean "udp"?`)
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file. Line and Column count from 1, Column in
// grapheme clusters as editors count them; Byte counts from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Range is a part of a file, from Start up to but not including End. The zero
// Range means "no place in any file".
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// IsZero reports whether the range names no place.
func (r Range) IsZero() bool { return r.File == "" }

// String gives "file:line:column".
func (r Range) String() string {
	if r.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line, r.Start.Column)
}

// Severity says what a diagnostic does to the exit code.
type Severity uint8

// Error refuses the input or the output; Warning does not, and can be silenced
// by code with a reason; Hint is advice that never counts.
const (
	Error Severity = iota + 1
	Warning
	Hint
)

func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Hint:
		return "hint"
	}
	return "unknown"
}

// Related is a further place that belongs to a diagnostic, such as the other
// of two declarations.
type Related struct {
	Message string
	Range   Range
}

// Diagnostic is one thing that Portolan has to say.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Summary  string // what is wrong, one sentence
	Detail   string // what to do, may have several lines
	Range    Range
	Related  []Related

	// Address is the intent's address of the rule or object that it concerns,
	// and Target the target, where there is one.
	Address string
	Target  string
}

// String is the gcc-like one-line form that editors parse.
func (d Diagnostic) String() string {
	var b strings.Builder
	if !d.Range.IsZero() {
		b.WriteString(d.Range.String() + ": ")
	}
	fmt.Fprintf(&b, "%s: %s [%s]", d.Severity, d.Summary, d.Code)
	return b.String()
}

// List is what a pass found, in any order until Sort.
type List []Diagnostic

// New makes a diagnostic whose severity is the one that the catalogue gives
// the code. An unknown code panics: it is a mistake in Portolan.
func New(code Code, at Range, summary, detail string) Diagnostic {
	e, ok := Lookup(code)
	if !ok {
		panic("diag: no catalogue entry for " + string(code))
	}
	return Diagnostic{Code: code, Severity: e.Severity, Summary: summary, Detail: detail, Range: at}
}

// Add appends a diagnostic and returns it for further details.
func (l *List) Add(code Code, at Range, summary, detail string) *Diagnostic {
	*l = append(*l, New(code, at, summary, detail))
	return &(*l)[len(*l)-1]
}

// Relate adds a further place.
func (d *Diagnostic) Relate(at Range, message string) *Diagnostic {
	if !at.IsZero() {
		d.Related = append(d.Related, Related{message, at})
	}
	return d
}

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Count gives the number of diagnostics of one severity.
func (l List) Count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Sort orders by file, place, code, target and text, and drops exact repeats.
func (l *List) Sort() {
	slices.SortStableFunc(*l, compare)
	*l = slices.CompactFunc(*l, func(a, b Diagnostic) bool {
		return compare(a, b) == 0 && a.Detail == b.Detail
	})
}

func compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.Range.File, b.Range.File),
		cmp.Compare(a.Range.Start.Line, b.Range.Start.Line),
		cmp.Compare(a.Range.Start.Column, b.Range.Start.Column),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.Address, b.Address),
		cmp.Compare(a.Summary, b.Summary),
	)
}
