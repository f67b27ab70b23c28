package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Verdict is what becomes of a flow, with the trail of what decided.
type Verdict struct {
	Verdict string   `json:"verdict"` // allowed, denied or unknown
	Trail   []Step   `json:"trail"`
	Hangs   []string `json:"hangs_on,omitempty"` // of unknown: facts and predicates that nobody stated

	hangs []string // the same in words
}

// Step is one point at which a flow was decided.
type Step struct {
	At     string      `json:"at"` // egress of the source, ingress of the destination, or mesh
	Stage  string      `json:"stage,omitempty"`
	Action string      `json:"action"`
	By     string      `json:"by"`             // rule, default, mutual TLS, axiom or nothing
	Name   string      `json:"name,omitempty"` // address of what decided
	Place  *diag.Range `json:"range,omitempty"`

	unproved string // of mutual TLS: why the sender did not prove itself, as a clause
}

// NewVerdict makes the view of a policy's verdict on a flow.
func NewVerdict(v sem.Verdict, f *sem.Flow, p sem.Policy) Verdict {
	out := Verdict{Verdict: v.Outcome.String(), Trail: []Step{}}
	for _, s := range v.Trail {
		step := newStep(s, p)
		if s.MTLS != nil {
			step.unproved = unproved(&f.Source)
		}
		out.Trail = append(out.Trail, step)
	}
	for _, c := range v.Hangs {
		out.Hangs = append(out.Hangs, ConditionName(c))
		out.hangs = append(out.hangs, HangsOn(c))
	}
	return out
}

// ConditionName is what a condition is called in messages.
func ConditionName(c ir.Condition) string {
	if c.Fact != "" && c.Fact != "address" {
		return c.Fact
	}
	return c.Atom
}

// HangsOn says what a verdict hangs on and why that is not known: facts are the
// cluster's, and to be stated; the rest is what the flow was not said to have.
func HangsOn(c ir.Condition) string {
	if c.Fact != "" && c.Fact != "address" {
		return onFact(c.Fact)
	}
	return "hangs on " + c.Atom + ", of which the flow says nothing"
}

func onFact(name string) string { return "hangs on " + name + ", which nobody stated" }

func newStep(s sem.Step, p sem.Policy) Step {
	o := s.Origin()
	out := Step{At: "egress of the source", Stage: s.Stage, Action: s.Action.String(), By: "nothing", Name: o.Address}
	if s.Direction == ir.Ingress {
		out.At = "ingress of the destination"
	}
	if s.Layer < len(p) && p[s.Layer].Scope == sem.Mesh {
		out.At = "mesh at the destination"
	}
	switch {
	case s.MTLS != nil:
		out.By = "mutual TLS"
	case s.Isolation != nil:
		out.By = "default"
	case s.Rule != nil && o.Kind == ir.FromAxiom:
		out.By = "axiom"
	case s.Rule != nil:
		out.By = "rule"
	}
	if !o.Range.IsZero() {
		out.Place = &o.Range
	}
	return out
}

// unproved says why a sender did not prove itself.
func unproved(e *sem.Endpoint) string {
	switch {
	case e.IsNode():
		return "a node has no certificate of the mesh"
	case e.Kind == sem.Pod && e.Meshed:
		return "the source sends plaintext"
	}
	return "the source is not in the mesh"
}

// String is the step in words.
func (s Step) String() string {
	verb := map[string]string{"allow": "allowed", "deny": "denied"}[s.Action]
	var text string
	switch s.By {
	case "rule":
		text = verb + " by " + s.Name
	case "default":
		text = "denied: nothing allows it, and " + s.Name + " closes this side"
	case "mutual TLS":
		text = "denied: " + s.Name + " takes mutual TLS only, and " + s.unproved
	case "axiom":
		text = "allowed: a node reaches its own pods"
	default:
		text = "allowed: nothing closes this side"
	}
	if s.Place != nil {
		text += fmt.Sprintf(" (%s:%d)", s.Place.File, s.Place.Start.Line)
	}
	return s.At + ": " + text
}

// Explanation is the verdict on one flow.
type Explanation struct {
	FormatVersion string `json:"format_version"`
	Flow          string `json:"flow"`
	Profile       string `json:"profile,omitempty"`
	Verdict
}

// ExplanationText writes an explanation for people. Its first word is the
// verdict.
func ExplanationText(w io.Writer, e Explanation) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", e.Verdict.Verdict, e.Flow)
	for _, s := range e.Trail {
		fmt.Fprintf(&b, "  %s\n", s)
	}
	for _, h := range e.hangs {
		fmt.Fprintf(&b, "  %s\n", h)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Comparison is the outcome of comparing two inputs.
type Comparison struct {
	FormatVersion string       `json:"format_version"`
	A             string       `json:"a"`
	B             string       `json:"b"`
	Profiles      [2]string    `json:"profiles"`
	Equal         bool         `json:"equal"`
	More          []Difference `json:"more"` // flows that b lets pass and a does not
	Less          []Difference `json:"less"` // the other way round
}

// Difference is a flow on which two inputs differ.
type Difference struct {
	Flow  string   `json:"flow"`
	A     Verdict  `json:"a"`
	B     Verdict  `json:"b"`
	Hangs []string `json:"hangs_on,omitempty"`

	hangs []string // the same in words
}

// NewDifference makes the view of a difference between two policies.
func NewDifference(d sem.Difference, a, b sem.Policy, inv *ir.Inventory) Difference {
	out := Difference{Flow: d.Flow.Text(inv), A: NewVerdict(d.A, &d.Flow, a), B: NewVerdict(d.B, &d.Flow, b)}
	for _, c := range d.Hangs {
		out.Hangs = append(out.Hangs, ConditionName(c))
		out.hangs = append(out.hangs, HangsOn(c))
	}
	for _, fact := range d.Facts {
		out.Hangs = append(out.Hangs, fact)
		out.hangs = append(out.hangs, onFact(fact))
	}
	return out
}

// ComparisonText writes a comparison for people. contains says that only what b
// lets pass beyond a counts.
func ComparisonText(w io.Writer, c Comparison, contains bool) error {
	var b strings.Builder
	under := c.Profiles[0]
	if c.Profiles[1] != under {
		under += " and " + c.Profiles[1]
	}
	switch {
	case contains && len(c.More) == 0:
		fmt.Fprintf(&b, "contained: every flow that %s lets pass, %s lets pass too (%s)\n", c.B, c.A, under)
	case c.Equal:
		fmt.Fprintf(&b, "equal: %s and %s let the same flows pass (%s)\n", c.A, c.B, under)
	default:
		fmt.Fprintf(&b, "different: %s and %s do not let the same flows pass (%s)\n", c.A, c.B, under)
	}
	list := func(name string, diffs []Difference) {
		if len(diffs) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s allows more:\n", name)
		for _, d := range diffs {
			fmt.Fprintf(&b, "  %s\n", d.Flow)
			for _, side := range []struct {
				name string
				v    Verdict
			}{{c.A, d.A}, {c.B, d.B}} {
				fmt.Fprintf(&b, "    %s: %s\n", side.name, side.v.deciding())
			}
			for _, h := range d.hangs {
				fmt.Fprintf(&b, "    %s\n", h)
			}
		}
	}
	list(c.B, c.More)
	if !contains {
		list(c.A, c.Less)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// deciding is the step that a verdict is explained by in one line: the one that
// denied, or the last rule that allowed.
func (v Verdict) deciding() string {
	text := v.Verdict
	for _, s := range v.Trail {
		if s.Action == "deny" {
			return s.String()
		}
		if s.By == "rule" || text == v.Verdict {
			text = s.String()
		}
	}
	return text
}
