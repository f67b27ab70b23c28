package intent

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Bounds that keep any input from exhausting memory or the stack. They are far
// beyond what a person writes.
const (
	maxFileSize     = 16 << 20
	maxFiles        = 1000
	maxNesting      = 200      // of brackets and braces
	maxOperators    = 2000     // in one expression
	maxDependencies = 1000     // of locals and groups on each other
	maxTotalSize    = 64 << 20 // of all files together
	maxElements     = 100_000  // of one collection
	maxValueSize    = 8 << 20  // of one value, roughly in bytes
	maxEvaluation   = 1 << 28  // of all values of a configuration together
	maxForEach      = 10_000   // elements of one namespace
	maxExpanded     = 250_000  // blocks that for_each makes, and peers of all rules
)

// checkText checks what must hold before a parser may see the text.
func (f *file) checkText() bool {
	if i := bytes.IndexByte(f.src, 0); i >= 0 {
		f.diags.Add(diag.Unreadable, f.at(i), "There is a null byte in the file.", "The text must be UTF-8. Was the file truncated, or is it UTF-16 or binary?")
		return false
	}
	if !utf8.Valid(f.src) {
		i := 0
		for i < len(f.src) {
			r, n := utf8.DecodeRune(f.src[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		f.diags.Add(diag.Unreadable, f.at(i), "The file is not valid UTF-8.", "Save it with the encoding UTF-8.")
		return false
	}
	if i, what := tooDeep(f.src, isJSON(f.name, f.src)); what != "" {
		f.diags.Add(diag.TooLarge, f.at(i), what, "The parser's stack is bounded. Split the expression with locals.")
		return false
	}
	return true
}

// at gives the place of one byte.
func (f *file) at(offset int) diag.Range {
	before := f.src[:offset]
	line := bytes.Count(before, []byte("\n"))
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	start := diag.Pos{Line: line + 1, Column: column + 1, Byte: offset}
	end := diag.Pos{Line: line + 1, Column: column + 2, Byte: offset + 1}
	return diag.Range{File: f.name, Start: start, End: end}
}

// tooDeep looks for nesting that could overflow the stack of a recursive
// parser or evaluator, which in Go ends the process: brackets, and long chains
// of operators, which are nested trees too. It knows only as much of the
// syntax as it needs: strings, templates, here-documents and comments.
func tooDeep(src []byte, json bool) (offset int, what string) {
	s := depthScanner{src: src, json: json}
	s.push('{')
	return s.scan()
}

// templateTooDeep is tooDeep for the text of a template on its own.
func templateTooDeep(text string) bool {
	s := depthScanner{src: []byte(text)}
	s.stack = append(s.stack, depthFrame{kind: 'h', tag: "\x00"}) // text up to the end, quotes and all
	_, what := s.scan()
	return what != ""
}

type depthScanner struct {
	src   []byte
	json  bool
	i     int
	stack []depthFrame
}

// depthFrame is an open bracket, string or template. Operators counts what
// nests within one expression of it.
type depthFrame struct {
	kind      byte // ( [ { as written; " for a string; h for a here-document
	operators int
	tag       string // that ends the here-document
}

func (s *depthScanner) scan() (int, string) {
	for s.i < len(s.src) {
		top := &s.stack[len(s.stack)-1]
		switch top.kind {
		case '"':
			s.inString(top)
		case 'h':
			s.inHeredoc(top)
		default:
			s.inCode(top)
		}
		if len(s.stack) > maxNesting {
			return min(s.i, len(s.src)-1), fmt.Sprintf("Brackets are nested more than %d deep.", maxNesting)
		}
		if n := len(s.stack); s.stack[n-1].operators > maxOperators {
			return min(s.i, len(s.src)-1), fmt.Sprintf("There are more than %d operators in one expression.", maxOperators)
		}
	}
	return 0, ""
}

func (s *depthScanner) push(kind byte) { s.stack = append(s.stack, depthFrame{kind: kind}) }

// pop closes the innermost frame; the outermost one stays, so that a stray
// bracket does no harm.
func (s *depthScanner) pop() {
	if len(s.stack) > 1 {
		s.stack = s.stack[:len(s.stack)-1]
	}
}

func (s *depthScanner) inCode(top *depthFrame) {
	c := s.src[s.i]
	s.i++
	switch c {
	case '"':
		top.operators++
		s.push('"')
	case '(', '[', '{':
		top.operators++ // f(x)[0][0] nests although its brackets do not
		s.push(c)
	case ')', ']', '}':
		s.pop()
	case ',':
		top.operators = 0
	case '\n':
		// A line's end does not end an expression in parentheses or brackets.
		if top.kind == '{' {
			top.operators = 0
		}
	case '#':
		if !s.json {
			s.skipLine()
		}
	case '/':
		switch {
		case !s.json && s.peek() == '/':
			s.skipLine()
		case !s.json && s.peek() == '*':
			if end := bytes.Index(s.src[s.i+1:], []byte("*/")); end >= 0 {
				s.i += end + 3
			} else { // to the lexer it is two operators then
				top.operators++
			}
		default:
			top.operators++
		}
	case '<':
		top.operators++
		if !s.json && s.peek() == '<' {
			s.heredoc()
		}
	case '!', '-', '+', '*', '%', '?', '=', '>', '&', '|':
		top.operators++
	}
}

func (s *depthScanner) peek() byte {
	if s.i < len(s.src) {
		return s.src[s.i]
	}
	return 0
}

func (s *depthScanner) skipLine() {
	if end := bytes.IndexByte(s.src[s.i:], '\n'); end >= 0 {
		s.i += end
	} else {
		s.i = len(s.src)
	}
}

// inString reads a quoted string up to its end or to a template in it. A
// string of native syntax ends with its line; then it is an error, and the
// parser reports it.
func (s *depthScanner) inString(top *depthFrame) {
	c := s.src[s.i]
	s.i++
	switch {
	case c == '\\':
		s.i++
	case c == '"' || c == '\n' && !s.json:
		s.pop()
	case !s.json && (c == '$' || c == '%'): // those in JSON are parsed, and checked, on their own
		s.template(top, c)
	}
}

func (s *depthScanner) template(top *depthFrame, c byte) {
	switch {
	case s.peek() == c && s.i+1 < len(s.src) && s.src[s.i+1] == '{': // an escape
		s.i += 2
	case s.peek() == '{':
		s.i++
		if c == '%' {
			top.operators++ // %{ if } nests
		}
		s.push('{')
	}
}

func (s *depthScanner) heredoc() {
	start := s.i + 1
	if start < len(s.src) && s.src[start] == '-' {
		start++
	}
	end := bytes.IndexByte(s.src[min(start, len(s.src)):], '\n')
	if end <= 0 {
		return
	}
	tag := string(bytes.TrimSpace(s.src[start : start+end]))
	if tag == "" || bytes.ContainsAny([]byte(tag), " \t\"'()[]{},") {
		return
	}
	s.i = start + end + 1
	s.stack = append(s.stack, depthFrame{kind: 'h', tag: tag})
}

func (s *depthScanner) inHeredoc(top *depthFrame) {
	if s.i == 0 || s.src[s.i-1] == '\n' {
		line := s.src[s.i:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		if string(bytes.TrimSpace(line)) == top.tag {
			s.i += len(line)
			s.pop()
			return
		}
	}
	c := s.src[s.i]
	s.i++
	if c == '$' || c == '%' {
		s.template(top, c)
	}
}
