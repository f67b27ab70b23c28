package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/portolan-dev/portolan/ir/sem"
)

// Flows is what can talk to what.
type Flows struct {
	FormatVersion string       `json:"format_version"`
	Profile       string       `json:"profile,omitempty"`
	Flows         []Connection `json:"flows"`
}

// Connection is traffic from one party to another.
type Connection struct {
	Source      *Party `json:"source"`
	Destination *Party `json:"destination"`
	*Link
}

// Link is traffic, and for which endpoints of its parties it is there.
type Link struct {
	Traffic string   `json:"traffic"`
	Clauses []Clause `json:"clauses"`
	Extent  string   `json:"extent"`             // wholly, partly or unknown
	Hangs   []string `json:"hangs_on,omitempty"` // of unknown: facts and predicates that nobody stated
}

// Clause is traffic without some of it. The traffic of a Link is what any of
// its clauses has.
type Clause struct {
	Traffic string   `json:"traffic"`
	Except  []string `json:"except,omitempty"`
	SuchAs  bool     `json:"such_as,omitempty"` // requests and names in it are examples
}

// Party is one end of a connection.
type Party struct {
	Kind      string   `json:"kind"`
	Name      string   `json:"name"`
	Namespace string   `json:"namespace,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
}

// NewFlows makes the view of connections.
func NewFlows(list []sem.Connection, profile string) Flows {
	out := Flows{FormatVersion: FormatVersion, Profile: profile, Flows: make([]Connection, len(list))}
	parties := map[*sem.Party]*Party{}
	links := map[*sem.Link]*Link{}
	party := func(p *sem.Party) *Party {
		if parties[p] == nil {
			parties[p] = newParty(p)
		}
		return parties[p]
	}
	for i, c := range list {
		if links[c.Link] == nil {
			links[c.Link] = newLink(c.Link)
		}
		out.Flows[i] = Connection{party(c.Source), party(c.Destination), links[c.Link]}
	}
	return out
}

func newParty(p *sem.Party) *Party {
	out := &Party{Kind: p.Kind.String(), Name: p.Name, Namespace: p.Namespace}
	for _, prefix := range p.Addresses.Prefixes() {
		out.Addresses = append(out.Addresses, prefix.String())
	}
	return out
}

func newLink(l *sem.Link) *Link {
	out := &Link{Traffic: l.Traffic.String(), Clauses: newClauses(l.Traffic), Extent: l.Extent.String()}
	for _, c := range l.Hangs {
		out.Hangs = append(out.Hangs, ConditionName(c))
	}
	return out
}

func newClauses(d sem.Description) []Clause {
	out := make([]Clause, len(d))
	for i, c := range d {
		out[i] = Clause{Traffic: c.Traffic.String(), SuchAs: c.SuchAs}
		for _, t := range c.Except {
			out[i].Except = append(out[i].Except, t.String())
		}
	}
	return out
}

// note is what is to be said of a connection that is not wholly there.
func (l *Link) note() string {
	switch {
	case l.Extent == sem.Partly.String():
		return "for some of them"
	case l.Hangs != nil:
		return "unknown: hangs on " + strings.Join(l.Hangs, ", ")
	}
	return ""
}

// columns are the headings of the tables of flows.
var columns = []string{"source", "destination", "traffic", "note"}

func (c Connection) row() []string {
	return []string{c.Source.Name, c.Destination.Name, c.Traffic, c.note()}
}

// FlowsText writes flows for people, a line for each.
func FlowsText(w io.Writer, f Flows) error {
	if len(f.Flows) == 0 {
		_, err := io.WriteString(w, "no flows\n")
		return err
	}
	widths := make([]int, 2)
	for _, c := range f.Flows {
		for i, cell := range c.row()[:2] {
			widths[i] = max(widths[i], visible(show(cell)))
		}
	}
	var b strings.Builder
	for _, c := range f.Flows {
		row := c.row()
		for i, width := range widths {
			cell := show(row[i])
			b.WriteString(cell + strings.Repeat(" ", width-visible(cell)) + [...]string{"  ->  ", "  "}[i])
		}
		b.WriteString(show(row[2]))
		if row[3] != "" {
			b.WriteString("   (" + show(row[3]) + ")")
		}
		b.WriteByte('\n')
		if b.Len() > flushAt {
			if _, err := io.WriteString(w, b.String()); err != nil {
				return err
			}
			b.Reset()
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// flushAt is how much text is held before it is written: of large clusters
// there are millions of lines.
const flushAt = 1 << 20

// FlowsCSV writes flows as comma-separated values with a heading (RFC 4180).
func FlowsCSV(w io.Writer, f Flows) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for _, c := range f.Flows {
		row := c.row()
		for i := range row {
			row[i] = inert(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// inert keeps spreadsheets from reading a cell as a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// FlowsMarkdown writes flows as a table.
func FlowsMarkdown(w io.Writer, f Flows) error {
	var b strings.Builder
	if len(f.Flows) == 0 {
		b.WriteString("No flows.\n")
	} else {
		markdownRow(&b, "Source", "Destination", "Traffic", "Note")
		b.WriteString("| --- | --- | --- | --- |\n")
	}
	for _, c := range f.Flows {
		row := c.row()
		markdownRow(&b, code(row[0]), code(row[1]), code(row[2]), code(row[3]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownRow(b *strings.Builder, cells ...string) {
	for _, cell := range cells {
		b.WriteString("| " + strings.TrimSpace(cell) + " ")
	}
	b.WriteString("|\n")
}

// code is text as a Markdown code span that may stand in a table: nothing in it
// is markup, a mention or the end of a cell (GFM 4.10 and 6.1).
func code(text string) string {
	// A backslash would escape the one that is put before the bar.
	text = strings.NewReplacer(`\|`, `\ \|`, "|", `\|`).Replace(show(text))
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		text = " " + text + " "
	}
	return fence + text + fence
}

// maxEdges bounds the edges of a Mermaid diagram: Mermaid itself gives up over
// 500, and nobody reads as many.
const maxEdges = 150

// FlowsMermaid writes flows as a Mermaid flowchart. What is not wholly there is
// dotted. Of more than 150 flows it shows the first, and says so in a comment.
func FlowsMermaid(w io.Writer, f Flows) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	flows := f.Flows
	if len(flows) > maxEdges {
		fmt.Fprintf(&b, "  %%%% %d of %d flows are shown\n", maxEdges, len(flows))
		flows = flows[:maxEdges]
	}
	ids := map[*Party]string{}
	node := func(p *Party) string {
		if ids[p] == "" {
			ids[p] = fmt.Sprintf("n%d", len(ids))
			fmt.Fprintf(&b, "  %s[\"%s\"]\n", ids[p], mermaid(p.Name))
		}
		return ids[p]
	}
	for _, c := range flows {
		from, to := node(c.Source), node(c.Destination)
		arrow := "-->"
		if c.note() != "" {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  %s %s|\"%s\"| %s\n", from, arrow, mermaid(c.Traffic), to)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaid is text within quotes, where Mermaid reads entity codes, Markdown and
// HTML.
func mermaid(text string) string {
	var b strings.Builder
	for _, r := range show(text) {
		if strings.ContainsRune("\"#&;<>`*_|\\", r) {
			fmt.Fprintf(&b, "#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// FlowsDOT writes flows as a graph in the language of Graphviz. What is not
// wholly there is dashed.
func FlowsDOT(w io.Writer, f Flows) error {
	var b strings.Builder
	b.WriteString("digraph flows {\n  rankdir=LR;\n  node [shape=box];\n")
	for _, c := range f.Flows {
		style := ""
		if c.note() != "" {
			style = ", style=dashed"
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", dot(c.Source.Name), dot(c.Destination.Name), dot(c.Traffic), style)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dot is text as a quoted string of DOT, in which a backslash starts an escape.
func dot(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(show(text)) + `"`
}
