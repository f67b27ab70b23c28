package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/portolan-dev/portolan/ir/diag"
)

// looksLikeJSON reports whether the text begins with a brace, which makes
// kubectl try JSON before YAML.
func looksLikeJSON(text []byte) bool {
	text = bytes.TrimLeft(text, blanks)
	return len(text) > 0 && text[0] == '{'
}

// jsonReader reads JSON values that follow each other.
type jsonReader struct {
	*file
	d    *json.Decoder
	base int  // offset of what d reads
	over bool // a bound was hit: stop
	bad  bool // a value is not to be used
}

// jsonDocuments reads a stream of JSON values; false where the text is not
// that, in which case nothing was reported.
func (f *file) jsonDocuments(c chunk) ([]*node, bool) {
	text := f.text[c.start:c.end]
	if !looksLikeJSON(text) || !isJSONStream(text) {
		return nil, false
	}
	j := &jsonReader{file: f, base: c.start, d: json.NewDecoder(bytes.NewReader(text))}
	j.d.UseNumber()
	var out []*node
	for !j.over {
		t, at, err := j.next()
		if err != nil {
			break
		}
		if len(out) > 0 && len(bytes.Trim(f.text[:c.start], blanks)) > 0 { // after a separator kubectl drops it
			f.add(diag.ManifestSyntax, at, "There is text after the end of the document.", "Separate documents with a line of three dashes.")
			return nil, true
		}
		j.bad = false
		n := j.node(t, at, 0)
		if !j.bad && !j.over {
			out = append(out, &n)
		}
	}
	return out, true
}

// isJSONStream reports whether the whole text is JSON values, none nested over
// the bound of encoding/json.
func isJSONStream(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var skipped json.RawMessage
		switch err := d.Decode(&skipped); {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return false
		}
	}
}

// next gives the next token and where it begins.
func (j *jsonReader) next() (json.Token, int, error) {
	at := j.base + int(j.d.InputOffset())
	for at < len(j.text) && bytes.IndexByte([]byte(blanks+",:"), j.text[at]) >= 0 {
		at++
	}
	t, err := j.d.Token()
	return t, at, err
}

func (j *jsonReader) node(t json.Token, at, depth int) node {
	out := node{start: at}
	switch {
	case j.over:
		return out
	case !j.spend(at):
		j.over = true
		return out
	case depth > maxDepth:
		j.over = true
		j.tooLarge(at, fmt.Sprintf("Values are nested more than %d deep.", maxDepth))
		return out
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			out.kind = Map
			j.mapping(&out, depth)
		} else {
			out.kind = List
			j.list(&out, depth)
		}
	case string:
		out.kind, out.text = String, t
		if len(t) > maxScalar {
			j.over = true
			j.tooLarge(at, fmt.Sprintf("A text has more than %d MiB.", maxScalar>>20))
		}
	case json.Number:
		j.number(&out, t.String())
	case bool:
		out.kind, out.text = Bool, strconv.FormatBool(t)
	case nil:
		out.kind = Null
	}
	return out
}

func (j *jsonReader) mapping(out *node, depth int) {
	seen := keys{}
	for !j.over && j.d.More() {
		t, at, err := j.next()
		key, isText := t.(string)
		if err != nil || !isText {
			j.over = true
			return
		}
		v, valueAt, err := j.next()
		if err != nil {
			j.over = true
			return
		}
		value := j.node(v, valueAt, depth+1)
		if j.twice(&seen, key, at, out.children) {
			j.bad = true
			continue
		}
		out.children = append(out.children, child{key, at, value})
	}
	j.close()
}

func (j *jsonReader) list(out *node, depth int) {
	for !j.over && j.d.More() {
		t, at, err := j.next()
		if err != nil {
			j.over = true
			return
		}
		out.children = append(out.children, child{start: at, value: j.node(t, at, depth+1)})
	}
	j.close()
}

// close reads the bracket that closes a list or a mapping.
func (j *jsonReader) close() {
	if !j.over {
		if _, err := j.d.Token(); err != nil {
			j.over = true
		}
	}
}

// number gives a number the form that it has after kubectl has read it, which
// is that of an int64 or of a float64 (kubernetes/apimachinery,
// pkg/util/json/json.go).
func (j *jsonReader) number(out *node, text string) {
	out.kind, out.text = Int, text
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		out.text = strconv.FormatInt(n, 10)
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	var ok bool
	if out.kind, out.text, ok = number(f); err != nil || !ok {
		j.bad = true
		j.add(diag.ManifestYAML, out.start, fmt.Sprintf("The number %s is out of range.", shorten(text)), "")
	}
}
