package intent

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/portolan-dev/portolan/ir/diag"
)

// syntaxErrors turns the parsers' diagnostics into ours. Errors that come of
// what this language looks like get an answer in its terms.
func (f *file) syntaxErrors(diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		f.broken = true
		rng := diag.Range{File: f.name}
		if d.Subject != nil {
			rng = toRange(*d.Subject)
		}
		if f.explain(d, rng) {
			continue
		}
		x := f.diags.Add(diag.Syntax, rng, "Not valid HCL: "+sentence(lowerFirst(d.Summary)), d.Detail)
		if d.Context != nil && d.Context.Start.Line != rng.Start.Line {
			x.Relate(toRange(*d.Context), "in this")
		}
	}
}

func lowerFirst(s string) string {
	if len(s) > 1 && unicode.IsUpper(rune(s[0])) && unicode.IsLower(rune(s[1])) {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// placeAt is a place in the text of one of the parser's messages.
var placeAt = regexp.MustCompile(`:([0-9]+),([0-9]+)-`)

// place turns a line and a column in digits into the range of a word there.
func (f *file) place(line, column string, length int) diag.Range {
	n, err1 := strconv.Atoi(line)
	c, err2 := strconv.Atoi(column)
	if err1 != nil || err2 != nil {
		return diag.Range{}
	}
	at := 0
	for range n - 1 {
		i := bytes.IndexByte(f.src[at:], '\n')
		if i < 0 {
			return diag.Range{}
		}
		at += i + 1
	}
	// Before an argument's name stand blanks only, so columns are bytes.
	at = min(at+c-1, len(f.src))
	return diag.Range{File: f.name, Start: diag.Pos{Line: n, Column: c, Byte: at}, End: diag.Pos{Line: n, Column: c + length, Byte: min(at+length, len(f.src))}}
}

var bareAddress = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+(/\d+)?`)

// explain reports an error that it knows better than the parser.
func (f *file) explain(d *hcl.Diagnostic, rng diag.Range) bool {
	line, column := f.line(rng)
	switch d.Summary {
	case "Invalid single-argument block definition", "Argument definition required":
		summary := "A block on one line takes one argument."
		if d.Summary == "Argument definition required" {
			summary = "A block on one line takes one argument, and no block."
		}
		detail := "Close it with }, or give what is in it lines of its own."
		if laid := layOut(line); laid != "" {
			detail = "Lay it out over lines:\n\n" + laid
		}
		f.diags.Add(diag.OneLineBlock, rng, summary, detail)
		return true
	case "Attribute redefined":
		x := f.diags.Add(diag.SetTwice, rng, fmt.Sprintf("The argument %q is set twice.", f.text(rng)), "Keep one.")
		if m := placeAt.FindStringSubmatch(d.Detail); m != nil {
			x.Relate(f.place(m[1], m[2], len(f.text(rng))), "the other one")
		}
		return true
	case "Invalid multi-line string", "Unterminated template string":
		// One missing quote turns strings and what is between them about, up to
		// the end of the file. The first error is where it is.
		if f.unterminated {
			return true
		}
		f.unterminated = true
	case "Invalid block definition":
		if strings.Contains(line, "->") {
			f.diags.Add(diag.WrongLabels, rng, "Between the peers of a rule stands \"to\", not \"->\".", "Write allow A to B { … }.")
			return true
		}
		if word, at := wordAround(line, column); word != "" && strings.ContainsAny(word, ".[/:*") && !strings.ContainsAny(word, "=") {
			at := diag.Range{File: f.name,
				Start: diag.Pos{Line: rng.Start.Line, Column: rng.Start.Column - (column - at), Byte: rng.Start.Byte - (column - at)},
				End:   diag.Pos{Line: rng.Start.Line, Column: rng.Start.Column - (column - at) + len(word), Byte: rng.Start.Byte - (column - at) + len(word)}}
			if strings.Contains(word, "(") {
				f.diags.Add(diag.WrongLabels, at, fmt.Sprintf("An inline peer is no label: %s.", word), "Inline peers stand in lists: use the long form, one label with from and to.")
				return true
			}
			f.diags.Add(diag.QuoteIt, at, fmt.Sprintf("A label with a dot or a bracket needs quotes: %s.", word), fmt.Sprintf("Quote it: %q.", word))
			return true
		}
	}
	// Addresses stop the parser wherever they stand without quotes.
	for _, m := range bareAddress.FindAllStringIndex(line, -1) {
		if m[0] <= column && column <= m[1] && strings.Count(line[:m[0]], `"`)%2 == 0 {
			text := line[m[0]:m[1]]
			f.diags.Add(diag.QuoteIt, rng, fmt.Sprintf("An address needs quotes: %s.", text), fmt.Sprintf("Quote it: %q.", text))
			return true
		}
	}
	return false
}

// line gives the line that a range begins in, and the place in it.
func (f *file) line(rng diag.Range) (text string, column int) {
	at := min(max(rng.Start.Byte, 0), len(f.src))
	start := bytes.LastIndexByte(f.src[:at], '\n') + 1
	end := len(f.src)
	if i := bytes.IndexByte(f.src[at:], '\n'); i >= 0 {
		end = at + i
	}
	return strings.TrimSuffix(string(f.src[start:end]), "\r"), at - start
}

func (f *file) text(rng diag.Range) string {
	if rng.Start.Byte < 0 || rng.End.Byte > len(f.src) || rng.Start.Byte > rng.End.Byte {
		return ""
	}
	return string(f.src[rng.Start.Byte:rng.End.Byte])
}

// wordAround gives what stands between blanks around a place in a line.
func wordAround(line string, column int) (word string, at int) {
	if column > len(line) {
		return "", 0
	}
	start := strings.LastIndexAny(line[:column], " \t") + 1
	end := len(line)
	if i := strings.IndexAny(line[column:], " \t"); i >= 0 {
		end = column + i
	}
	return strings.TrimSuffix(line[start:end], "{"), start
}

// layOut writes a block on one line as several; "" where the line is no such
// block.
func layOut(line string) string {
	header, inner, ok := strings.Cut(line, "{")
	if !ok {
		return ""
	}
	args := splitArguments(strings.TrimSpace(inner))
	if end := strings.LastIndexByte(inner, '}'); len(args) == 0 && end > 0 && strings.Contains(inner[:end], "{") {
		args = []string{strings.TrimSpace(inner[:end])} // a block in a block
	} else if len(args) < 2 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s {\n", strings.TrimSpace(header))
	for _, a := range args {
		fmt.Fprintf(&b, "  %s\n", a)
	}
	b.WriteString("}")
	return string(hclwrite.Format([]byte(b.String())))
}

var argumentStart = regexp.MustCompile(`^[A-Za-z_][-A-Za-z0-9_]*\s*=[^=>]`)

// splitArguments splits "a = 1, b = [2] }" into its arguments, whatever stands
// between them.
func splitArguments(inner string) []string {
	var starts []int
	depth, quoted, end := 0, false, len(inner)
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		switch {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '#' || c == '/' && i+1 < len(inner) && inner[i+1] == '/':
			end = i
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		}
		if depth < 0 || end == i {
			end = i
			break
		}
		boundary := i == 0 || strings.IndexByte(" \t,;", inner[i-1]) >= 0
		if depth == 0 && !quoted && boundary && argumentStart.MatchString(inner[i:]) {
			starts = append(starts, i)
		}
	}
	var out []string
	for k, s := range starts {
		e := end
		if k+1 < len(starts) {
			e = starts[k+1]
		}
		out = append(out, strings.TrimRight(strings.TrimSpace(inner[s:e]), ",; \t"))
	}
	return out
}
