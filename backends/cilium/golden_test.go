package cilium

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/diag"
)

const goldens = "../../golden/"

var want = regexp.MustCompile(`# want (P\d{4}) "([^"]*)"`)

// TestGoldenCases renders the golden cases of this format: what is emitted is
// valid, and what is refused is what the case's comments say.
func TestGoldenCases(t *testing.T) {
	dirs, _ := filepath.Glob(goldens + "cilium/*")
	if len(dirs) < 15 {
		t.Fatalf("%d cases", len(dirs))
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			cfg, sources, diags := intent.Load([]string{dir}, intent.Options{})
			if diags.HasErrors() {
				t.Fatalf("%v", diags)
			}
			targets, err := os.ReadFile(filepath.Join(dir, "targets"))
			if err != nil {
				t.Fatal(err)
			}
			p, diags := intent.Lower(cfg, nil)
			if diags.HasErrors() {
				t.Fatalf("%v", diags)
			}
			objects, diags := New().Lower(p, to(t, strings.TrimSpace(string(targets))))
			expected := 0
			for _, source := range sources {
				for i, line := range strings.Split(string(source), "\n") {
					if m := want.FindStringSubmatch(line); m != nil {
						expected++
						if !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
							return string(d.Code) == m[1] && d.Range.Start.Line == i+1 && strings.Contains(d.Summary, m[2])
						}) {
							t.Errorf("line %d: no %s with %q in %v", i+1, m[1], m[2], diags)
						}
					}
				}
			}
			if len(diags) != expected {
				t.Errorf("%d diagnostics, want %d: %v", len(diags), expected, diags)
			}
			readBack(t, objects)
		})
	}
}

// TestCapabilities holds the table to its form: a row per feature, in order,
// each with a case that exercises it.
func TestCapabilities(t *testing.T) {
	table := New().Capabilities()
	if len(table) != len(lower.Features) {
		t.Fatalf("%d rows, %d features", len(table), len(lower.Features))
	}
	for i, c := range table {
		if c.Feature != lower.Features[i] {
			t.Errorf("row %d is %q, not %q", i, c.Feature, lower.Features[i])
		}
		if c.Note == "" || c.Source == "" || c.Support == 0 {
			t.Errorf("%s: no note, source or support", c.Feature)
		}
		if _, err := os.Stat(goldens + c.Golden + "/input.portolan.hcl"); err != nil {
			t.Errorf("%s: %v", c.Feature, err)
		}
		if refused := strings.HasSuffix(c.Golden, "-refused"); refused != (c.Support == lower.Refused) {
			t.Errorf("%s is %s and its case is %s", c.Feature, c.Support, c.Golden)
		}
	}
}
