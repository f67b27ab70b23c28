package manifest

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/portolan-dev/portolan/ir/diag"
)

// source is the text of a file, with what finds places in it quickly however
// long its lines are.
type source struct {
	name  string
	text  []byte
	lines []int32 // where they begin
	runes []int32 // how many begin before every stride-th byte
}

const stride = 64

func newSource(name string, text []byte) *source {
	s := &source{name: name, text: text, lines: make([]int32, 1, bytes.Count(text, []byte("\n"))+1)}
	s.runes = make([]int32, 0, len(text)/stride+1)
	count := int32(0)
	for i, c := range text {
		if i%stride == 0 {
			s.runes = append(s.runes, count)
		}
		if c == '\n' {
			s.lines = append(s.lines, int32(i+1))
		}
		if utf8.RuneStart(c) {
			count++
		}
	}
	return s
}

// runesBefore counts the runes that begin before the offset.
func (s *source) runesBefore(offset int) int {
	if offset == 0 {
		return 0
	}
	k := (offset - 1) / stride
	n := int(s.runes[k])
	for _, c := range s.text[k*stride : offset] {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// forward gives the offset that many runes after another.
func (s *source) forward(offset, runes int) int {
	if runes > stride {
		target := s.runesBefore(offset) + runes
		k := sort.Search(len(s.runes), func(k int) bool { return int(s.runes[k]) > target }) - 1
		if at := k * stride; at > offset {
			for at < len(s.text) && !utf8.RuneStart(s.text[at]) {
				at++
			}
			offset, runes = at, target-int(s.runes[k])
		}
	}
	for ; runes > 0 && offset < len(s.text); runes-- {
		_, n := utf8.DecodeRune(s.text[offset:])
		offset += n
	}
	return offset
}

// pos gives the place of an offset.
func (s *source) pos(offset int) diag.Pos {
	offset = min(offset, len(s.text))
	line := sort.Search(len(s.lines), func(i int) bool { return int(s.lines[i]) > offset })
	column := s.runesBefore(offset) - s.runesBefore(int(s.lines[line-1])) + 1
	return diag.Pos{Line: line, Column: column, Byte: offset}
}

func (s *source) span(start, end int) diag.Range {
	return diag.Range{File: s.name, Start: s.pos(start), End: s.pos(max(start, end))}
}

// rest gives the range from the offset to the end of its line, without a
// comment.
func (s *source) rest(start int) diag.Range {
	return s.span(start, start+len(s.tail(start)))
}

// tail gives the rest of a line, as far as a message can show it.
func (s *source) tail(start int) string {
	const most = 200
	start = min(start, len(s.text))
	line := s.text[start:min(start+most, len(s.text))]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	if i := bytes.Index(line, []byte(" #")); i >= 0 {
		line = line[:i]
	}
	return strings.TrimRight(strings.ToValidUTF8(string(line), ""), " \t\r") // a rune may be cut in two
}

// scalar gives the range of a scalar that begins at the offset, as far as it
// goes on that line.
func (s *source) scalar(start int, text string) diag.Range {
	tail := s.tail(start)
	if text != "" && strings.HasPrefix(tail, text) {
		return s.span(start, start+len(text))
	}
	if tail != "" && (tail[0] == '"' || tail[0] == '\'') {
		for i := 1; i < len(tail); i++ {
			switch {
			case tail[i] == '\\' && tail[0] == '"':
				i++
			case tail[i] == tail[0]:
				return s.span(start, start+i+1)
			}
		}
	}
	return s.span(start, start+len(tail))
}
