// Package docs makes the pages of docs/ that come from code: the capability
// table, the codes of diagnostics and the language reference. The golden tests
// write them and fail where one is out of date.
package docs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Family is the capability table of one backend.
type Family struct {
	Name string
	Rows []lower.Capability
}

// Row finds the family's row of a feature.
func (f Family) Row(feature lower.Feature) (lower.Capability, bool) {
	i := slices.IndexFunc(f.Rows, func(c lower.Capability) bool { return c.Feature == feature })
	if i < 0 {
		return lower.Capability{}, false
	}
	return f.Rows[i], true
}

// Families gives the tables of all backends, at their newest versions.
func Families() []Family {
	var out []Family
	for _, b := range backends.All() {
		out = append(out, Family{b.Name(), b.Capabilities()})
	}
	return out
}

// FamilyAt gives the table of an engine at a version, set up as the profile says:
// a feature that came later, or that a switch takes away, is refused.
func FamilyAt(p profile.Profile) Family {
	f := Family{Name: p.String()}
	for _, c := range backends.For(p.Engine).Capabilities() {
		if since, err := profile.Of(string(p.Engine), c.Since); c.Since != "" && err == nil &&
			!p.Version.AtLeast(since.Version.Major, since.Version.Minor) {
			c.Support = lower.Refused
		}
		if why := lower.LackedBy(p, c.Feature); why != "" && c.Support != lower.Refused {
			c.Support, c.Note = lower.Refused, why
		}
		f.Rows = append(f.Rows, c)
	}
	return f
}

// Note says what there is to say of a cell beside its support.
func Note(c lower.Capability) string {
	note := c.Note
	if c.Since != "" {
		since := "from version " + c.Since
		if note == "" {
			return since
		}
		note = since + "; " + note
	}
	return note
}

// Capabilities is the page of what each target can say: the table, then what
// each family says of each feature.
func Capabilities(families []Family) string {
	var b strings.Builder
	b.WriteString("| feature |")
	rule := "\n| --- |"
	for _, f := range families {
		b.WriteString(" " + f.Name + " |")
		rule += " --- |"
	}
	b.WriteString(rule + "\n")
	for _, feature := range lower.Features {
		b.WriteString("| " + string(feature) + " |")
		for _, f := range families {
			cell := " "
			if c, ok := f.Row(feature); ok {
				cell = " " + c.Support.String() + " "
			}
			b.WriteString(cell + "|")
		}
		b.WriteByte('\n')
	}
	for _, f := range families {
		fmt.Fprintf(&b, "\n## %s\n\n| feature | | how, or why not |\n| --- | --- | --- |\n", f.Name)
		for _, c := range f.Rows {
			note := cell(Note(c))
			if strings.HasPrefix(c.Source, "http") {
				note += " ([source](" + c.Source + "))"
			} else if c.Source != "" {
				note += " (`" + c.Source + "`)"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Feature, c.Support, strings.TrimSpace(note))
		}
	}
	return b.String()
}

// cell makes text fit a cell of a Markdown table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
