package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Changes is the flows that are gained and lost between two inputs.
type Changes struct {
	FormatVersion string   `json:"format_version"`
	Old           string   `json:"old"`
	New           string   `json:"new"`
	Equal         bool     `json:"equal"`
	Changes       []Change `json:"changes"`
	Left          int      `json:"left,omitempty"` // how many more there are at least
}

// Change is traffic between two parties that only one input lets pass.
type Change struct {
	Change      string     `json:"change"` // gained or lost
	Source      *Party     `json:"source"`
	Destination *Party     `json:"destination"`
	Traffic     string     `json:"traffic"`
	Clauses     []Clause   `json:"clauses"`
	Marks       []string   `json:"marks,omitempty"`
	Partly      bool       `json:"partly,omitempty"` // for some endpoints of the parties only
	Least       Difference `json:"least"`            // the least flow of it; a is the old input, b the new one
}

// NewChanges makes the view of the changes between the policies of two inputs.
// left is what their Comparison says that it left out.
func NewChanges(list []sem.Change, left int, names [2]string, policies [2]sem.Policy, inv *ir.Inventory) Changes {
	out := Changes{FormatVersion: FormatVersion, Old: names[0], New: names[1], Equal: len(list)+left == 0, Changes: []Change{}, Left: left}
	for i := range list {
		c := &list[i]
		word := "lost"
		if c.Gained {
			word = "gained"
		}
		out.Changes = append(out.Changes, Change{
			Change: word, Source: newParty(c.Source), Destination: newParty(c.Destination),
			Traffic: c.Traffic.String(), Clauses: newClauses(c.Traffic), Marks: marks(c), Partly: c.Partly,
			Least: NewDifference(c.Least, policies[0], policies[1], inv),
		})
	}
	return out
}

// marks is what a reviewer looks for first.
func marks(c *sem.Change) []string {
	var out []string
	for _, m := range []struct {
		is   bool
		text string
	}{
		{c.CrossesNamespaces(), "crosses a namespace"},
		{c.ReachesOutside(), "reaches outside the cluster"},
		{c.ComesFromOutside(), "comes from outside the cluster"},
		{c.InvolvesNodes(), "involves nodes"},
	} {
		if m.is {
			out = append(out, m.text)
		}
	}
	return out
}

// notes is the marks of a change with how sure it is.
func (c *Change) notes() string {
	out := c.Marks
	if c.Partly {
		out = append(out[:len(out):len(out)], "for some of them")
	}
	if c.Least.Hangs != nil {
		out = append(out[:len(out):len(out)], "hangs on "+strings.Join(c.Least.Hangs, ", "))
	}
	return strings.Join(out, "; ")
}

func (c *Change) sign() string { return map[string]string{"gained": "+", "lost": "-"}[c.Change] }

// counts gives the gained and the lost flows as words, such as "2 gained, 1 lost".
func (c *Changes) counts() string {
	var gained, lost int
	for i := range c.Changes {
		if c.Changes[i].Change == "gained" {
			gained++
		} else {
			lost++
		}
	}
	text := fmt.Sprintf("%d gained, %d lost", gained, lost)
	if c.Left > 0 {
		text += fmt.Sprintf(", at least %d more", c.Left)
	}
	return text
}

// ChangesText writes changes for people: what is new, what is gone, and under it
// what decided on a flow of it before and now, once for changes in a row of which
// the same did. A change reads as in
// "+ shop/web -> shop/db  tcp 5432   new; crosses a namespace".
func ChangesText(w io.Writer, c Changes) error {
	var b strings.Builder
	if c.Equal {
		fmt.Fprintf(&b, "same: %s and %s let the same flows pass\n", show(c.Old), show(c.New))
	}
	first := 0 // of those in a row
	for i := range c.Changes {
		writeHead(&b, &c.Changes[i])
		if i+1 < len(c.Changes) && c.Changes[i].decidedAs(&c.Changes[i+1]) {
			continue
		}
		writeLeast(&b, &c.Changes[first], "before", "now")
		first = i + 1
	}
	if !c.Equal {
		b.WriteString(c.counts() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// decidedAs reports that the same decided of both changes, whole as they are, so
// that the least flow of one stands for the other's.
func (c *Change) decidedAs(d *Change) bool {
	whole := !c.Partly && !d.Partly && c.Least.Hangs == nil && d.Least.Hangs == nil
	return whole && c.Change == d.Change && c.Least.A.deciding() == d.Least.A.deciding() && c.Least.B.deciding() == d.Least.B.deciding()
}

// writeChange writes one change, with what the sides are called.
func writeChange(b *strings.Builder, change *Change, before, now string) {
	writeHead(b, change)
	writeLeast(b, change, before, now)
}

func writeHead(b *strings.Builder, change *Change) {
	words := map[string]string{"gained": "new", "lost": "gone"}[change.Change]
	if notes := change.notes(); notes != "" {
		words += "; " + notes
	}
	fmt.Fprintf(b, "%s %s -> %s  %s   %s\n", change.sign(), show(change.Source.Name), show(change.Destination.Name), show(change.Traffic), show(words))
}

// writeLeast writes the least flow of a change and what decided on it.
func writeLeast(b *strings.Builder, change *Change, before, now string) {
	fmt.Fprintf(b, "    such as %s\n", show(change.Least.Flow))
	width := max(len(before), len(now)) + 1
	fmt.Fprintf(b, "    %-*s %s\n    %-*s %s\n", width, before+":", show(change.Least.A.deciding()), width, now+":", show(change.Least.B.deciding()))
}

// ChangesMarkdown writes changes as the text of a comment: the counts, then a
// table with what is gained first.
func ChangesMarkdown(w io.Writer, c Changes) error {
	var b strings.Builder
	if c.Equal {
		b.WriteString("**No flow changes.**\n")
	} else {
		fmt.Fprintf(&b, "**Flows: %s.**\n\n", c.counts())
		markdownChanges(&b, c.Changes, "Before", "Now")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownChanges writes changes as a table, with what the sides are called.
func markdownChanges(b *strings.Builder, list []Change, before, now string) {
	markdownRow(b, "", "Source", "Destination", "Traffic", "Note", before, now)
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- |\n")
	for i := range list {
		change := &list[i]
		markdownRow(b, change.sign(), code(change.Source.Name), code(change.Destination.Name), code(change.Traffic),
			code(change.notes()), code(change.Least.A.deciding()), code(change.Least.B.deciding()))
	}
}
