package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/portolan-dev/portolan/ir/diag"
)

var byteOrderMark = []byte("\ufeff")

const blanks = " \t\r\n"

// chunk is a part of a file that is one YAML document.
type chunk struct{ start, end int }

// split parts a YAML stream as kubectl does (kubernetes/apimachinery,
// pkg/util/yaml/decoder.go, YAMLReader): before every line that begins with
// three dashes, after which only a comment may follow.
func (f *file) split() []chunk {
	var out []chunk
	start := len(f.text) - len(bytes.TrimPrefix(f.text, byteOrderMark))
	for i := range f.lines {
		at := int(f.lines[i])
		if !bytes.HasPrefix(f.text[at:], []byte("---")) {
			continue
		}
		next := len(f.text)
		if i+1 < len(f.lines) {
			next = int(f.lines[i+1])
		}
		behind := f.text[at+3 : next]
		rest := bytes.Trim(behind, blanks)
		if len(rest) > 0 && (rest[0] != '#' || behind[0] == '#') { // kubectl takes ---# for text on the first line
			f.add(diag.ManifestSyntax, at, "There is text after the three dashes that separate documents.", "Put it on a line of its own; only a comment may stand behind them.")
			return nil
		}
		out = append(out, chunk{start, at})
		start = next
	}
	return append(out, chunk{start, len(f.text)})
}

// yamlDocument reads one document; nil where it is empty or has errors.
func (f *file) yamlDocument(c chunk) *node {
	text := f.text[c.start:c.end]
	if !f.isParsable(c) {
		return nil
	}
	y := &yamlReader{file: f}
	y.index(c.start, text)
	if !bytes.HasSuffix(text, []byte("\n")) { // kubectl adds it, which a block at the end may keep
		text = append(slices.Clip(text), '\n')
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var root, more yaml.Node
	if err := d.Decode(&root); err != nil {
		if !errors.Is(err, io.EOF) { // else there is nothing but comments
			y.syntax(err)
		}
		return nil
	}
	switch err := d.Decode(&more); {
	case err == nil: // Kubernetes would not look at it
		f.add(diag.ManifestSyntax, y.offset(&more), "There is text after the end of the document.", "Separate documents with a line of three dashes.")
		return nil
	case !errors.Is(err, io.EOF):
		y.syntax(err)
		return nil
	case len(root.Content) != 1:
		return nil
	}
	n := y.node(root.Content[0], 0)
	if y.failed {
		return nil
	}
	return &n
}

// isParsable reports whether the parser may see the document.
func (f *file) isParsable(c chunk) bool {
	text := f.text[c.start:c.end]
	if tooDense(text) {
		f.tooLarge(c.start, fmt.Sprintf("The document has more than %d marks of YAML.", maxTokens))
		return false
	}
	if i := loneReturn(text); i >= 0 {
		f.add(diag.ManifestSyntax, c.start+i, "There is a carriage return within a line.", "Editors and programs do not agree on whether a line ends there.")
		return false
	}
	if i := bytes.Index(text, byteOrderMark); i >= 0 { // skipped or not, by what stands above it
		f.add(diag.ManifestSyntax, c.start+i, "There is a byte order mark within the text.", "It stands at the start of a file or not at all. Were files joined?")
		return false
	}
	return true
}

// loneReturn finds a carriage return without a line feed behind it, or gives -1.
func loneReturn(text []byte) int {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], '\r')
		if n < 0 {
			return -1
		}
		if i += n; i+1 == len(text) || text[i+1] != '\n' {
			return i
		}
	}
}

// yamlReader turns what the parser gives into nodes.
type yamlReader struct {
	*file
	lines  []int // where the parser's lines begin
	failed bool  // the result is not to be used
	over   bool  // a bound was hit: stop
}

// index finds the lines of a document as the parser counts them, which knows
// more line ends than others (YAML 1.1, b-char).
func (y *yamlReader) index(base int, text []byte) {
	y.lines = append(y.lines, base)
	for i := 0; i < len(text); {
		n := lineEnd(text[i:])
		if n > 0 {
			y.lines = append(y.lines, base+i+n)
		}
		i += max(n, 1)
	}
}

// lineEnd gives the length of the line end that the text begins with, or 0.
func lineEnd(text []byte) int {
	switch text[0] {
	case '\n':
		return 1
	case 0xC2, 0xE2:
		for _, end := range []string{"\u0085", "\u2028", "\u2029"} {
			if bytes.HasPrefix(text, []byte(end)) {
				return len(end)
			}
		}
	}
	return 0
}

func (y *yamlReader) offset(n *yaml.Node) int { return y.at(n.Line, n.Column) }

func (y *yamlReader) at(line, column int) int {
	return y.forward(y.lines[min(max(line-1, 0), len(y.lines)-1)], column-1)
}

var parserLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(?s:(.*))$`)

// syntax reports an error of the parser.
func (y *yamlReader) syntax(err error) {
	line, what := 1, err.Error()
	if m := parserLine.FindStringSubmatch(what); m != nil {
		what = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	y.add(diag.ManifestSyntax, y.at(line, 1), fmt.Sprintf("This is not YAML: %s.", shorten(what)), "The place is where the parser gave up; the mistake may be above it.")
}

func (y *yamlReader) refuse(offset int, summary, detail string) {
	y.failed = true
	y.add(diag.ManifestYAML, offset, summary, detail)
}

func (y *yamlReader) bound(offset int, summary string) {
	y.failed, y.over = true, true
	y.tooLarge(offset, summary)
}

func (y *yamlReader) node(n *yaml.Node, depth int) node {
	at := y.offset(n)
	out := node{start: at}
	switch {
	case y.over:
		return out
	case n.Kind == yaml.AliasNode:
		return y.node(n.Alias, depth+1) // so that one that holds itself comes to an end
	case !y.spend(at):
		y.failed, y.over = true, true
		return out
	case depth > maxDepth:
		y.bound(at, fmt.Sprintf("Values are nested more than %d deep.", maxDepth))
		return out
	}
	y.checkTag(n, at)
	switch n.Kind {
	case yaml.MappingNode:
		out.kind = Map
		y.mapping(&out, n, depth)
	case yaml.SequenceNode:
		out.kind = List
		out.children = make([]child, 0, len(n.Content))
		for _, e := range n.Content {
			v := y.node(e, depth+1)
			out.children = append(out.children, child{start: v.start, value: v})
		}
	case yaml.ScalarNode, yaml.DocumentNode, yaml.AliasNode:
		y.scalar(&out, n)
	}
	return out
}

func (y *yamlReader) mapping(out *node, n *yaml.Node, depth int) {
	out.children = make([]child, 0, len(n.Content)/2)
	seen := make(keys, 0)
	for i := 0; i+1 < len(n.Content) && !y.over; i += 2 {
		at := y.offset(n.Content[i])
		key, ok := y.key(n.Content[i], at)
		if !ok {
			continue
		}
		if y.twice(&seen, key, at, out.children) {
			y.failed = true
			continue
		}
		out.children = append(out.children, child{key, at, y.node(n.Content[i+1], depth+1)})
	}
}

// key gives a key as Kubernetes reads it, which must be what was written.
func (y *yamlReader) key(n *yaml.Node, at int) (string, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		y.refuse(at, "A key is a list or a mapping.", "JSON has only texts for keys.")
		return "", false
	}
	y.checkTag(n, at)
	quoted := isQuoted(n) || isTagged(n)
	switch {
	case !quoted && n.Value == "<<":
		y.refuse(at, "There is a merge key.", "Which of two values it lets win depends on the parser. Write the fields out.")
		return "", false
	case !quoted && !keyText(n.Value):
		y.refuse(at, fmt.Sprintf("The key %s is not a text to Kubernetes.", shorten(n.Value)), "Put it in quotes.")
		return "", false
	}
	return n.Value, true
}

func isQuoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

func isTagged(n *yaml.Node) bool { return n.Style&yaml.TaggedStyle != 0 }

// checkTag refuses all tags but those that say what a value is anyway.
func (y *yamlReader) checkTag(n *yaml.Node, at int) {
	tagged := isTagged(n)
	switch {
	case !tagged && !hasBang(y.text[at:]):
		return
	case tagged && n.Kind == yaml.ScalarNode && n.Tag == "!!str",
		tagged && n.Kind == yaml.MappingNode && n.Tag == "!!map",
		tagged && n.Kind == yaml.SequenceNode && n.Tag == "!!seq":
		return
	}
	y.refuse(at, "There is a tag.", "Kubernetes reads YAML as JSON, which has no tags. Remove it; quotes make a text.")
}

// hasBang reports whether the text begins with a tag, perhaps after an anchor.
// The parser says nothing of the tag that is a "!" alone.
func hasBang(text []byte) bool {
	if len(text) > 0 && text[0] == '&' {
		if i := bytes.IndexAny(text, " \t\r\n"); i >= 0 {
			text = bytes.TrimLeft(text[i:], " \t\r\n")
		}
	}
	return len(text) > 0 && text[0] == '!'
}

func (y *yamlReader) scalar(out *node, n *yaml.Node) {
	if len(n.Value) > maxScalar {
		y.bound(out.start, fmt.Sprintf("A text has more than %d MiB.", maxScalar>>20))
		return
	}
	if isQuoted(n) || isTagged(n) {
		out.kind, out.text = String, n.Value
		return
	}
	var ok bool
	if out.kind, out.text, ok = resolve(n.Value); !ok {
		y.refuse(out.start, fmt.Sprintf("The number %s cannot be said in JSON.", shorten(n.Value)), "Put it in quotes if text is meant.")
	}
}

// keys finds repeated keys. Mappings are small, save for a few.
type keys map[string]int

const fewKeys = 16

// twice reports a key that the mapping has already.
func (f *file) twice(seen *keys, key string, at int, children []child) bool {
	first := -1
	if len(children) <= fewKeys {
		for i := range children {
			if children[i].key == key {
				first = children[i].start
			}
		}
	} else {
		for i := len(*seen); i < len(children); i++ {
			(*seen)[children[i].key] = children[i].start
		}
		if start, ok := (*seen)[key]; ok {
			first = start
		}
	}
	if first < 0 {
		return false
	}
	f.diags.Add(diag.DuplicateKey, f.scalar(at, key), fmt.Sprintf("The key %q stands twice in one mapping.", shorten(key)), "Remove one of the two.").
		Relate(f.scalar(first, key), "The first is here.")
	return true
}
