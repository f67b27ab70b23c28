package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Style is how text is shown. Width is the terminal's in columns; lines of
// source are cut to it and prose is wrapped at it, paths and code never are.
type Style struct {
	Color bool
	Width int
}

// The default width, and the bounds within which a terminal's is followed.
const (
	defaultWidth = 100
	minWidth     = 40
	maxWidth     = 140
)

func (s Style) width() int {
	if s.Width <= 0 {
		return defaultWidth
	}
	return min(max(s.Width, minWidth), maxWidth)
}

// The colours, as SGR parameters.
const (
	red    = "1;31"
	yellow = "1;33"
	cyan   = "1;36"
	blue   = "1;34"
	bold   = "1"
)

func (s Style) paint(color, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func severityColor(severity string) string {
	switch severity {
	case "error":
		return red
	case "warning":
		return yellow
	}
	return cyan
}

// Text writes the report for people, with a blank line between findings.
func Text(w io.Writer, r Report, s Style) error {
	var b strings.Builder
	for i, d := range r.Diagnostics {
		if i > 0 {
			b.WriteByte('\n')
		}
		t := text{&b, s, gutter(d), severityColor(d.Severity)}
		t.diagnostic(d)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// text writes one finding.
type text struct {
	b      *strings.Builder
	style  Style
	gutter int // width of the column of line numbers
	color  string
}

func gutter(d Diagnostic) int {
	highest := 0
	for _, l := range d.Snippet {
		highest = max(highest, l.Number)
	}
	for _, r := range d.Related {
		for _, l := range r.Snippet {
			highest = max(highest, l.Number)
		}
	}
	return len(strconv.Itoa(highest))
}

func (t *text) diagnostic(d Diagnostic) {
	head := t.style.paint(t.color, d.Severity+"["+string(d.Code)+"]")
	t.b.WriteString(head + t.style.paint(bold, ": "+clean(d.Summary)) + "\n")
	if d.Range != nil {
		t.place(place(*d.Range))
		t.snippet(d.Snippet, "^", t.color)
	}
	for _, r := range d.Related {
		t.note("note", r.Message)
		t.place(place(r.Range))
		t.snippet(r.Snippet, "-", blue)
	}
	var concerns []string
	if d.Address != "" {
		concerns = append(concerns, "rule "+clean(d.Address))
	}
	if d.Target != "" {
		concerns = append(concerns, "target "+clean(d.Target))
	}
	if concerns != nil {
		t.b.WriteString(t.margin("=") + " " + strings.Join(concerns, ", ") + "\n")
	}
	t.note("help", d.Detail)
}

// margin is the left column without a line number, ending in mark.
func (t *text) margin(mark string) string {
	return strings.Repeat(" ", t.gutter+1) + t.style.paint(blue, mark)
}

// place is a range's start as editors know it, or a whole file's name.
func place(r diag.Range) string {
	if r.Start.Line == 0 {
		return clean(r.File)
	}
	return clean(r.String())
}

func (t *text) place(at string) {
	t.b.WriteString(strings.Repeat(" ", t.gutter) + t.style.paint(blue, "-->") + " " + at + "\n")
}

// note writes prose under a mark, wrapped and indented to stand behind it.
func (t *text) note(mark, prose string) {
	if prose == "" {
		return
	}
	lead := t.margin("=") + " " + t.style.paint(bold, mark+":") + " "
	indent := strings.Repeat(" ", t.gutter+len(" = : ")+len(mark))
	for i, line := range Wrap(clean(prose), t.style.width()-len(indent)) {
		switch {
		case i == 0:
			t.b.WriteString(lead + line + "\n")
		case line == "":
			t.b.WriteByte('\n')
		default:
			t.b.WriteString(indent + line + "\n")
		}
	}
}

func (t *text) snippet(lines []Line, mark, color string) {
	if len(lines) == 0 {
		return
	}
	bar := t.margin("|")
	t.b.WriteString(bar + "\n")
	for i, l := range lines {
		if i > 0 && l.Number != lines[i-1].Number+1 {
			t.b.WriteString(t.style.paint(blue, "...") + "\n")
		}
		code, from, to := t.layout(l)
		number := fmt.Sprintf("%*d", t.gutter, l.Number)
		t.b.WriteString(strings.TrimRight(t.style.paint(blue, number+" |")+" "+code, " ") + "\n")
		if from == to && i > 0 {
			continue // a blank line within a range
		}
		t.b.WriteString(bar + " " + strings.Repeat(" ", from) + t.style.paint(color, strings.Repeat(mark, max(to-from, 1))) + "\n")
	}
}

// layout gives a line as a terminal shows it, cut to the width, and the columns
// that its meant part takes there.
func (t *text) layout(l Line) (code string, from, to int) {
	room := t.style.width() - t.gutter - len(" | ")
	if visible(l.Text) > room {
		l = cut(l, room-2)
	}
	start, end := visible(l.Text[:l.Start]), visible(l.Text[:l.End])
	return show(l.Text), start, min(end, max(room, start+1))
}

// Wrap breaks prose into lines of at most width columns. Line breaks stay, and
// a line that starts with spaces is code, which is never broken.
func Wrap(prose string, width int) []string {
	var out []string
	for line := range strings.SplitSeq(prose, "\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") || visible(line) <= width {
			out = append(out, strings.TrimRight(show(line), " "))
			continue
		}
		current := ""
		for _, word := range strings.Fields(line) {
			if current != "" && visible(current)+1+visible(word) > width {
				out = append(out, current)
				current = ""
			}
			if current != "" {
				current += " "
			}
			current += word
		}
		out = append(out, current)
	}
	return out
}

// visible counts the columns that text takes on a terminal.
func visible(text string) int {
	n := 0
	each(text, func(_ rune, width int) { n += width })
	return n
}

// show gives text as it is written to a terminal: tabs as spaces, and what
// would move the cursor or hide text made visible.
func show(text string) string {
	var b strings.Builder
	column := 0
	each(text, func(r rune, width int) {
		switch {
		case r == '\t':
			b.WriteString(strings.Repeat(" ", width))
		case hidden(r):
			b.WriteString(escape(r))
		case r == utf8.RuneError:
			b.WriteRune('�')
		default:
			b.WriteRune(r)
		}
		column += width
	})
	return b.String()
}
