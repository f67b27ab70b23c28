// Package render shows what a verb found: a Report, whose JSON form holds
// everything, and views of it for people (text), editors (short) and machines
// (JSON). The text forms are views of the Report and add nothing to it.
//
//	error[P1102]: There is no argument "udpp" in a rule.
//	 --> shop.portolan.hcl:4:5
//	  |
//	4 |     udpp = [53]
//	  |     ^^^^
//	  = help: Did you mean "udp"?
package render

import (
	"bytes"
	"unicode/utf8"

	"github.com/portolan-dev/portolan/ir/diag"
)

// FormatVersion is the version of the JSON report. A new field raises the
// minor part, anything that breaks a reader the major part.
const FormatVersion = "1.0"

// Report is what a verb found.
type Report struct {
	FormatVersion string       `json:"format_version"`
	Diagnostics   []Diagnostic `json:"diagnostics"`
	Silenced      []Silenced   `json:"silenced,omitempty"`
	Summary       *Summary     `json:"summary,omitempty"`
}

// Diagnostic is one finding with the source text that it points at.
type Diagnostic struct {
	Severity string      `json:"severity"`
	Code     diag.Code   `json:"code"`
	Summary  string      `json:"summary"`
	Detail   string      `json:"detail,omitempty"`
	Address  string      `json:"address,omitempty"`
	Target   string      `json:"target,omitempty"`
	Range    *diag.Range `json:"range,omitempty"`
	Snippet  []Line      `json:"snippet,omitempty"`
	Related  []Related   `json:"related,omitempty"`
}

// Related is a further place of a finding.
type Related struct {
	Message string     `json:"message"`
	Range   diag.Range `json:"range"`
	Snippet []Line     `json:"snippet,omitempty"`
}

// Line is one line of source. The part from byte Start up to End of Text is
// what is meant; they are equal for a place between two characters. A line
// that is too long is cut around that part, with "…" where it was cut.
type Line struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
}

// Silenced is a code that was allowed, with the reason given for it.
type Silenced struct {
	Code   diag.Code `json:"code"`
	Reason string    `json:"reason"`
	Count  int       `json:"count"`
}

// New makes the report of sorted diagnostics. sources has the contents of the
// files that they point into; a file that it lacks gets no snippet.
func New(diags diag.List, sources map[string][]byte) Report {
	r := Report{FormatVersion: FormatVersion, Diagnostics: []Diagnostic{}}
	for _, d := range diags {
		out := Diagnostic{
			Severity: d.Severity.String(), Code: d.Code, Summary: d.Summary, Detail: d.Detail,
			Address: d.Address, Target: d.Target,
		}
		if !d.Range.IsZero() {
			out.Range = &d.Range
			out.Snippet = snippet(sources[d.Range.File], d.Range)
		}
		for _, rel := range d.Related {
			out.Related = append(out.Related, Related{rel.Message, rel.Range, snippet(sources[rel.Range.File], rel.Range)})
		}
		r.Diagnostics = append(r.Diagnostics, out)
	}
	return r
}

// maxLines bounds a snippet: a longer range shows its first lines and its last.
// maxLine bounds the bytes of a line around what is meant.
const (
	maxLines = 4
	maxLine  = 400
)

// snippet cuts the lines of a range out of a file's text. The bytes of the
// range decide; its lines only number them.
func snippet(src []byte, r diag.Range) []Line {
	start := min(max(r.Start.Byte, 0), len(src))
	end := min(max(r.End.Byte, start), len(src))
	if len(src) == 0 || r.Start.Line == 0 {
		return nil
	}
	first := bytes.LastIndexByte(src[:start], '\n') + 1
	var lines []Line
	for number, at := r.Start.Line, first; at <= len(src); number++ {
		stop := len(src)
		if i := bytes.IndexByte(src[at:], '\n'); i >= 0 {
			stop = at + i
		}
		text := bytes.TrimSuffix(src[at:stop], []byte("\r"))
		from, to := 0, len(text)
		if start > at {
			from = min(start-at, len(text))
		} else if at > first {
			from = len(text) - len(bytes.TrimLeft(text, " \t"))
		}
		if end < stop {
			to = min(end-at, len(text))
		}
		// The end of a range at the start of a line is the end of the line before.
		if at == first || end > at {
			lines = append(lines, cut(Line{number, string(text), min(from, to), to}, maxLine))
		}
		at = stop + 1
		if end <= stop {
			break
		}
	}
	if len(lines) > maxLines {
		lines = append(lines[:maxLines-1], lines[len(lines)-1])
	}
	return lines
}

// cut shortens a line to about limit bytes, keeping the start of what is meant.
func cut(l Line, limit int) Line {
	if len(l.Text) <= limit {
		return l
	}
	from := 0
	if l.End > limit-limit/4 {
		from = max(l.Start-limit/4, 0)
	}
	to := min(from+limit, len(l.Text))
	from, to = runeStart(l.Text, from), runeStart(l.Text, to)
	text, shift := l.Text[from:to], -from
	if from > 0 {
		text, shift = "…"+text, shift+len("…")
	}
	end := min(l.End+shift, len(text))
	if to < len(l.Text) {
		text += "…"
	}
	return Line{l.Number, text, max(l.Start+shift, 0), end}
}

// runeStart goes back to where the rune at i starts; in text that is not UTF-8
// there may be none near.
func runeStart(text string, i int) int {
	for n := 0; n < utf8.UTFMax && i > 0 && i < len(text) && !utf8.RuneStart(text[i]); n++ {
		i--
	}
	return i
}
