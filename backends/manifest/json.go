package manifest

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errNotUTF8 = errors.New("a string is not valid UTF-8")
	errTooDeep = errors.New("value is nested more deeply than any policy")
	errTooBig  = errors.New("value is larger than any object can be")
	errJSON    = errors.New("value marshals to malformed JSON")
)

const (
	maxDepth = 100
	maxText  = 1 << 30 // offsets are int32; the API server's limit is about 1.5 MiB
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	str
	sequence
	mapping
)

// node is a JSON value. Nodes lie in document order, so the first child of node
// i is i+1 and what follows the whole of it is next.
type node struct {
	kind             kind
	keyStart, keyEnd int32 // in text, decoded; of a mapping's member
	start, end       int32 // in text, decoded; of a scalar
	next             int32
}

// none is no node.
const none int32 = -1

func (p *printer) key(i int32) []byte  { return p.text[p.nodes[i].keyStart:p.nodes[i].keyEnd] }
func (p *printer) data(i int32) []byte { return p.text[p.nodes[i].start:p.nodes[i].end] }
func (p *printer) empty(i int32) bool  { return p.nodes[i].next == i+1 }

// member finds a mapping's member by key.
func (p *printer) member(i int32, key string) (int32, bool) {
	for c := i + 1; c < p.nodes[i].next; c = p.nodes[c].next {
		if string(p.key(c)) == key {
			return c, true
		}
	}
	return 0, false
}

// stringMember is a string that a mapping holds; empty where it holds none.
func (p *printer) stringMember(i int32, key string) []byte {
	if i == none {
		return nil
	}
	c, ok := p.member(i, key)
	if !ok || p.nodes[c].kind != str {
		return nil
	}
	return p.data(c)
}

// parse makes nodes of the JSON text. encoding/json made or checked that text
// and left no space in it, so this needs to find structure, not faults; what it
// cannot understand is still an error and never a panic.
func (p *printer) parse() error {
	if len(p.text) > maxText/2 { // decoded strings are appended
		return errTooBig
	}
	end, err := p.value(0, 0)
	if err != nil {
		return err
	}
	if rest := p.text[end:]; len(p.nodes) == 0 || len(rest) > 0 && rest[0] != '\n' {
		return errJSON
	}
	return nil
}

// value parses the value at pos and returns what follows it. Text that strings
// decode to is appended behind the JSON, which ends in a newline, so the parser
// never runs into it.
func (p *printer) value(pos, depth int) (int, error) {
	if depth > maxDepth {
		return 0, errTooDeep
	}
	if pos >= len(p.text) {
		return 0, errJSON
	}
	i := len(p.nodes)
	p.nodes = append(p.nodes, node{})
	var err error
	switch c := p.text[pos]; c {
	case '{':
		p.nodes[i].kind = mapping
		pos, err = p.children(pos, depth, '}')
	case '[':
		p.nodes[i].kind = sequence
		pos, err = p.children(pos, depth, ']')
	case '"':
		n := &p.nodes[i]
		n.kind = str
		n.start, n.end, pos, err = p.stringAt(pos)
	default:
		n := &p.nodes[i]
		switch c {
		case 'n':
			n.kind = null
		case 't', 'f':
			n.kind = boolean
		default:
			n.kind = number
		}
		n.start = int32(pos)
		for pos < len(p.text) && !isDelimiter(p.text[pos]) {
			pos++
		}
		n.end = int32(pos)
		if n.start == n.end {
			err = errJSON
		}
	}
	p.nodes[i].next = int32(len(p.nodes))
	return pos, err
}

func isDelimiter(c byte) bool { return c == ',' || c == '}' || c == ']' || c == '\n' }

// children parses the members of the mapping or the items of the sequence that
// opens at pos.
func (p *printer) children(pos, depth int, closing byte) (int, error) {
	pos++
	if pos < len(p.text) && p.text[pos] == closing {
		return pos + 1, nil
	}
	for {
		var keyStart, keyEnd int32
		var err error
		if closing == '}' {
			if pos >= len(p.text) || p.text[pos] != '"' {
				return 0, errJSON
			}
			if keyStart, keyEnd, pos, err = p.stringAt(pos); err != nil {
				return 0, err
			}
			if pos >= len(p.text) || p.text[pos] != ':' {
				return 0, errJSON
			}
			pos++
		}
		child := len(p.nodes)
		if pos, err = p.value(pos, depth+1); err != nil {
			return 0, err
		}
		p.nodes[child].keyStart, p.nodes[child].keyEnd = keyStart, keyEnd
		switch {
		case pos < len(p.text) && p.text[pos] == closing:
			return pos + 1, nil
		case pos >= len(p.text) || p.text[pos] != ',':
			return 0, errJSON
		}
		pos++
	}
}

// stringAt finds the string whose opening quote is at pos: its text, and what
// follows its closing quote.
func (p *printer) stringAt(pos int) (start, end int32, after int, err error) {
	pos++
	for i, c := range p.text[pos:] {
		switch c {
		case '"':
			return int32(pos), int32(pos + i), pos + i + 1, nil
		case '\\':
			return p.escapedAt(pos)
		}
	}
	return 0, 0, 0, errJSON
}

// escapedAt decodes a string that has escapes to the end of text.
func (p *printer) escapedAt(pos int) (start, end int32, after int, err error) {
	if len(p.text) > maxText {
		return 0, 0, 0, errTooBig
	}
	start = int32(len(p.text))
	for limit := len(p.text); pos < limit; {
		c := p.text[pos]
		pos++
		if c == '"' {
			return start, int32(len(p.text)), pos, nil
		}
		if c != '\\' {
			p.text = append(p.text, c)
			continue
		}
		c = p.text[pos] // text ends in a newline, so there is a byte
		pos++
		if c == 'u' {
			r := hexRune(p.text[pos:limit])
			pos += 4
			if utf16.IsSurrogate(r) && pos+2 < limit && p.text[pos] == '\\' && p.text[pos+1] == 'u' {
				r = utf16.DecodeRune(r, hexRune(p.text[pos+2:limit]))
				pos += 6
			}
			// encoding/json writes this escape, and only this, for a byte that
			// is no UTF-8: the replacement character itself it leaves as it is.
			if r == utf8.RuneError || utf16.IsSurrogate(r) {
				return 0, 0, 0, errNotUTF8
			}
			p.text = utf8.AppendRune(p.text, r)
			continue
		}
		at := bytes.IndexByte([]byte(`"\/bfnrt`), c)
		if at < 0 {
			return 0, 0, 0, errJSON
		}
		p.text = append(p.text, "\"\\/\b\f\n\r\t"[at])
	}
	return 0, 0, 0, errJSON
}

// hexRune reads four hexadecimal digits; the replacement character where there
// are none.
func hexRune(s []byte) rune {
	if len(s) < 4 {
		return utf8.RuneError
	}
	var r rune
	for _, c := range s[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return utf8.RuneError
		}
	}
	return r
}
