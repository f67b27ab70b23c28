package oracle

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Emitted gives every manifest that Portolan emits in the cases of a folder of
// goldens, examples included, in order of files. What stands under manifests/,
// oracle/ and testdata/ is no output and not among them.
func Emitted(golden string) ([]Document, error) {
	var out []Document
	err := filepath.WalkDir(golden, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && filepath.Dir(path) == filepath.Clean(golden) && (e.Name() == "manifests" || e.Name() == "oracle" || e.Name() == "testdata"):
			return fs.SkipDir
		case e.IsDir() || filepath.Ext(path) != ".yaml":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out = append(out, Split(strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(golden)+"/"), text)...)
		return nil
	})
	return out, err
}

// Split gives the documents of a stream of YAML that have more than comments. The
// source is the stream's name; each document's is the name and the line that it
// begins at.
func Split(source string, text []byte) []Document {
	var out []Document
	var doc Document
	some := false
	flush := func() {
		if some {
			out = append(out, doc)
		}
		doc, some = Document{}, false
	}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if rest, is := bytes.CutPrefix(line, []byte("---")); is {
			flush()
			line = rest
		}
		if doc.Source == "" {
			doc.Source = fmt.Sprintf("%s:%d", source, n)
		}
		said := bytes.TrimSpace(line)
		some = some || len(said) > 0 && said[0] != '#'
		doc.Text = append(doc.Text, line...)
	}
	flush()
	return out
}
