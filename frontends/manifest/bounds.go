package manifest

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Bounds that keep any input from exhausting memory, time or the stack. The API
// server takes no request over 3 MiB (kubernetes/apiserver,
// pkg/server/config.go, MaxRequestBodyBytes); a List may hold many objects.
const (
	maxFileSize  = 32 << 20
	maxTotalSize = 64 << 20 // of all files together
	maxFiles     = 20_000
	maxDocuments = 200_000
	maxDepth     = 100
	maxScalar    = 2 << 20
	maxNodes     = 4 << 20 // of all documents together, aliases expanded
	maxTokens    = 3 << 20 // of one YAML document, each of which its parser gives some 200 bytes
)

// file is a text on its way to documents.
type file struct {
	*source
	diags  diag.List
	budget *int // nodes that may still be made
}

func (f *file) add(code diag.Code, offset int, summary, detail string) {
	f.diags.Add(code, f.rest(offset), summary, detail)
}

func (f *file) tooLarge(offset int, summary string) {
	f.add(diag.ManifestTooLarge, offset, summary, "")
}

// isText reports whether the file is UTF-8.
func (f *file) isText() bool {
	if utf8.Valid(f.text) && bytes.IndexByte(f.text, 0) < 0 {
		return true
	}
	for i := 0; i < len(f.text); {
		r, n := utf8.DecodeRune(f.text[i:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			at := f.pos(i)
			f.diags.Add(diag.ManifestUnreadable, diag.Range{File: f.name, Start: at, End: at},
				"The file is not UTF-8 text.", "Was it truncated, or is it UTF-16 or binary?")
			return false
		}
		i += n
	}
	return true
}

// spend takes a node from the budget.
func (f *file) spend(offset int) bool {
	*f.budget--
	if *f.budget == -1 {
		f.tooLarge(offset, fmt.Sprintf("The documents have more than %d values, aliases expanded.", maxNodes))
	}
	return *f.budget >= 0
}

// tooDense reports a YAML text of which the parser, which needs far more memory
// than the text, would make too much. No value comes without one of these bytes.
func tooDense(text []byte) bool {
	n := 0
	for _, c := range []byte(",:-?[{\n") {
		n += bytes.Count(text, []byte{c})
	}
	return n > maxTokens
}
