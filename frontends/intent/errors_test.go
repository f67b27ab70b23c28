package intent

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// A want is what a file of golden/errors says that its line gets.
type want struct {
	file     string
	line     int
	code     string
	fragment string
}

var wantComment = regexp.MustCompile(`want (P[0-9]{4}) ("(?:[^"\\]|\\.)*")`)

func wants(t *testing.T, dir string) []want {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []want
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(src), "\n") {
			_, comment, ok := strings.Cut(line, "# want ")
			if !ok {
				continue
			}
			for _, m := range wantComment.FindAllStringSubmatch("want "+comment, -1) {
				fragment, err := strconv.Unquote(m[2])
				if err != nil {
					t.Fatalf("%s:%d: %v", name, i+1, err)
				}
				out = append(out, want{name, i + 1, m[1], fragment})
			}
		}
	}
	return out
}

// TestErrors loads each folder of golden/errors and demands exactly the errors
// and warnings about reading that its comments want. What a configuration
// means is not looked at here.
func TestErrors(t *testing.T) {
	const root = "../../golden/errors"
	dirs, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	triggered := map[diag.Code]bool{}
	for _, d := range dirs {
		dir := filepath.Join(root, d.Name())
		expected := wants(t, dir)
		expected = slices.DeleteFunc(expected, func(w want) bool { return !strings.HasPrefix(w.code, "P1") })
		if len(expected) == 0 {
			continue // its errors are found later than reading
		}
		t.Run(d.Name(), func(t *testing.T) {
			_, _, diags := Load([]string{dir}, Options{Version: "0.1.0"})
			for _, x := range diags {
				triggered[x.Code] = true
				if x.Severity == diag.Hint {
					continue
				}
				i := slices.IndexFunc(expected, func(w want) bool {
					return w.file == x.Range.File && w.line == x.Range.Start.Line && w.code == string(x.Code) && strings.Contains(x.Summary, w.fragment)
				})
				if i < 0 {
					t.Errorf("not wanted: %s\n\t%s", x, strings.ReplaceAll(x.Detail, "\n", "\n\t"))
					continue
				}
				expected = slices.Delete(expected, i, i+1)
			}
			for _, w := range expected {
				t.Errorf("%s:%d: no %s %q", w.file, w.line, w.code, w.fragment)
			}
		})
	}
	for _, e := range diag.Catalogue() {
		if strings.HasPrefix(string(e.Code), "P1") && !triggered[e.Code] {
			t.Errorf("no folder of %s triggers %s, %s", root, e.Code, e.Title)
		}
	}
}

// TestCatalogue holds the entries about reading to their form.
func TestCatalogue(t *testing.T) {
	for _, e := range diag.Catalogue() {
		if !strings.HasPrefix(string(e.Code), "P1") {
			continue
		}
		example := strings.Contains(e.Text, "```") || e.Code == diag.Unreadable || e.Code == diag.TooLarge
		if e.Title == "" || len(e.Text) < 80 || !example {
			t.Errorf("%s: the entry has no title, or a text without an example", e.Code)
		}
	}
}
