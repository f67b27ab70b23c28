package intent

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"

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
	maxEvaluation   = 1 << 26  // of all values of a configuration together
	maxForEach      = 10_000   // elements of one namespace
	maxUsed         = 100      // directories that a configuration uses, and that those use
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
// of operators, which are nested trees too. It follows the lexer of HCL in what
// is code, string, template, here-document and comment.
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

// depthFrame is an open bracket, string or here-document. The brace of a
// template is like any other: the lexer goes back to the text where the brace
// is closed, whatever else is open.
type depthFrame struct {
	kind      byte   // ( [ { as written; " for a string; h for a here-document
	operators int    // what nests within one expression
	tag       string // that ends the here-document
	midline   bool   // a template stands before on the line, so the tag cannot
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

// closeBrace closes the innermost brace and the brackets left open in it.
func (s *depthScanner) closeBrace() {
	for len(s.stack) > 1 {
		kind := s.stack[len(s.stack)-1].kind
		s.pop()
		if kind == '{' {
			return
		}
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
	case ')', ']':
		if top.kind != '{' {
			s.pop()
		}
	case '}':
		s.closeBrace()
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

// inString reads a quoted string up to its end or to a template in it. A line's
// end in it is an error of the parser, and does not end it.
func (s *depthScanner) inString(top *depthFrame) {
	c := s.src[s.i]
	s.i++
	switch {
	case c == '\\':
		s.i++
	case c == '"':
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
		for i := range s.stack {
			s.stack[i].midline = true
		}
		s.push('{')
	}
}

// heredoc reads what opens a here-document: <<, perhaps -, and an identifier
// alone on the rest of the line.
func (s *depthScanner) heredoc() {
	line := s.src[s.i+1:]
	end := bytes.IndexByte(line, '\n')
	if end < 0 {
		return
	}
	tag := strings.TrimSuffix(string(line[:end]), "\r")
	tag = strings.TrimPrefix(tag, "-")
	if !hclsyntax.ValidIdentifier(tag) {
		return
	}
	s.i += 1 + end + 1
	s.stack = append(s.stack, depthFrame{kind: 'h', tag: tag})
}

func (s *depthScanner) inHeredoc(top *depthFrame) {
	if s.src[s.i-min(s.i, 1)] == '\n' && !top.midline {
		line := s.src[s.i:]
		end := bytes.IndexByte(line, '\n')
		if end >= 0 && string(bytes.TrimSpace(line[:end])) == top.tag {
			s.i += end
			s.pop()
			return
		}
	}
	c := s.src[s.i]
	s.i++
	switch c {
	case '\n':
		top.midline = false
	case '$', '%':
		s.template(top, c)
	}
}
