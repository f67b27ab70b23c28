package render

import (
	"fmt"
	"io"
	"strings"
)

// Portability is what becomes of manifests that move from one profile to
// others.
type Portability struct {
	FormatVersion string   `json:"format_version"`
	Input         string   `json:"input"`
	From          string   `json:"from"`
	NotEnforced   []string `json:"not_enforced,omitempty"` // objects that From does not read
	Moves         []Move   `json:"moves"`
}

// Move is a move to one profile.
type Move struct {
	To          string   `json:"to"`
	Answer      string   `json:"answer"`                 // same, different or none
	NotEnforced []string `json:"not_enforced,omitempty"` // objects that To does not read
	Changes     []Change `json:"changes"`                // a of their flows is From, b is To
	Left        int      `json:"left,omitempty"`         // how many more there are at least
}

// The answers of a Move.
const (
	Same      = "same"
	Different = "different"
	None      = "none"
)

// PortabilityText writes it for people: a heading for each move, and under it
// what it gains and loses, as ChangesText does.
func PortabilityText(w io.Writer, p Portability) error {
	var b strings.Builder
	if len(p.NotEnforced) > 0 {
		fmt.Fprintf(&b, "not enforced on %s: %s\n", show(p.From), show(strings.Join(p.NotEnforced, ", ")))
	}
	for i := range p.Moves {
		m := &p.Moves[i]
		if i > 0 || len(p.NotEnforced) > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s -> %s: %s\n", show(p.From), show(m.To), m.sum())
		if len(m.NotEnforced) > 0 {
			fmt.Fprintf(&b, "not enforced there: %s\n", show(strings.Join(m.NotEnforced, ", ")))
		}
		for j := range m.Changes {
			writeChange(&b, &m.Changes[j], "from", "to")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// PortabilityMarkdown writes it as the text of a comment.
func PortabilityMarkdown(w io.Writer, p Portability) error {
	var b strings.Builder
	fmt.Fprintf(&b, "From %s.\n", code(p.From))
	if len(p.NotEnforced) > 0 {
		fmt.Fprintf(&b, "\nNot enforced on it: %s.\n", code(strings.Join(p.NotEnforced, ", ")))
	}
	for i := range p.Moves {
		m := &p.Moves[i]
		fmt.Fprintf(&b, "\n## To %s: %s\n", code(m.To), m.sum())
		if len(m.NotEnforced) > 0 {
			fmt.Fprintf(&b, "\nNot enforced there: %s.\n", code(strings.Join(m.NotEnforced, ", ")))
		}
		if len(m.Changes) == 0 {
			continue
		}
		b.WriteByte('\n')
		markdownChanges(&b, m.Changes, "From", "To")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sum is the answer in a few words.
func (m *Move) sum() string {
	switch m.Answer {
	case Same:
		return "same"
	case None:
		return "no answer"
	}
	c := Changes{Changes: m.Changes, Left: m.Left}
	return c.counts()
}
