package oracle

import (
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	text := "# of the file\na: 1\n---\n# only a comment\n--- # said\nb: |\n  ---\n  text\n---\n\n---\n# before\nc: 3"
	want := []Document{
		{"x.yaml:1", []byte("# of the file\na: 1\n")},
		{"x.yaml:5", []byte(" # said\nb: |\n  ---\n  text\n")},
		{"x.yaml:11", []byte("\n# before\nc: 3")},
	}
	got := Split("x.yaml", []byte(text))
	if len(got) != len(want) {
		t.Fatalf("%d documents, not %d", len(got), len(want))
	}
	for i, d := range got {
		if d.Source != want[i].Source || string(d.Text) != string(want[i].Text) {
			t.Errorf("got %s %q, not %s %q", d.Source, d.Text, want[i].Source, want[i].Text)
		}
	}
}

func TestEmitted(t *testing.T) {
	docs, err := Emitted("..")
	if err != nil || len(docs) < 1000 {
		t.Fatalf("%d documents: %v", len(docs), err)
	}
	groups := map[string]bool{}
	for _, d := range docs {
		group, _, _ := strings.Cut(d.Source, "/")
		groups[group] = true
	}
	if groups["manifests"] || groups["oracle"] || !groups["examples"] || !groups["kubernetes"] {
		t.Errorf("documents are of %v", groups)
	}
}
