// Package golden is the corpus: a folder per case with its input and what every
// backend makes of it. Adding a case needs no Go.
//
// A case is a folder with *.portolan.hcl or *.portolan.hcl.json files. It is
// rendered for the lines of its file "targets", each as --to takes it; without
// that file for the targets of the configuration; without those for the four
// engines. What comes out is <target>.yaml for each target that is not refused,
// diagnostics.txt, and ir.txt where a file of that name stands there already.
// A comment `# want P1234 "text"` demands a diagnostic at its line. What cases
// of manifests are is said in manifests_test.go.
//
// The examples are cases too, one for each folder with a configuration; what they
// give stands in examples/. `make golden` writes all of it and removes what is stale.
package golden

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portolan-dev/portolan/backends"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/cmd/portolan/docs"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/diag"
)

var update = flag.Bool("update", false, "write what is expected, and remove what is stale")

// today decides which accepts of the cases have run out.
var today = time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)

// A testCase is a folder of input and the folder of what comes out.
type testCase struct {
	name   string
	input  string
	output string
}

// errorsOnly reports that the case's comments say all that comes out.
func (c testCase) errorsOnly() bool { return strings.HasPrefix(c.name, "errors/") }

// isInput reports whether a file is part of a configuration.
func isInput(name string) bool {
	return strings.HasSuffix(name, ".portolan.hcl") || strings.HasSuffix(name, ".portolan.hcl.json")
}

func cases(t *testing.T) []testCase {
	t.Helper()
	seen := map[string]bool{}
	var out []testCase
	for _, root := range []string{".", filepath.Join("..", "examples")} {
		err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			dir := filepath.Dir(path)
			if err == nil && isInput(e.Name()) && !seen[dir] {
				seen[dir] = true
				output := strings.TrimPrefix(dir, ".."+string(filepath.Separator))
				out = append(out, testCase{filepath.ToSlash(output), dir, output})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// outcome is what a case gives.
type outcome struct {
	files    map[string]string // by name: <target>.yaml, diagnostics.txt, ir.txt
	diags    diag.List
	rendered []pipeline.Rendered
}

// run takes a case through Portolan, its files in the given order.
func run(t *testing.T, c testCase, paths []string) outcome {
	t.Helper()
	cfg, sources, diags := intent.Load(paths, intent.Options{Version: "0.1.0"})
	out := outcome{files: map[string]string{}, diags: diags}
	if !diags.HasErrors() {
		var to []string
		if text, err := os.ReadFile(filepath.Join(c.input, "targets")); err == nil {
			to = strings.Fields(string(text))
		} else if len(cfg.Targets) == 0 && !c.errorsOnly() {
			to = []string{"kubernetes", "calico", "cilium", "istio"}
		}
		if len(cfg.Targets)+len(to) == 0 {
			_, more := intent.Lower(cfg, nil)
			out.diags = append(out.diags, more...)
		}
		targets, more := pipeline.Targets(cfg, nil, to)
		if len(cfg.Targets)+len(to) == 0 {
			more = nil // a case in errors/ needs no target
		}
		out.diags = append(out.diags, more...)
		rendered, more := pipeline.Render(cfg, targets, pipeline.Options{Now: today})
		out.rendered = rendered
		out.diags = append(out.diags, more...)
		out.diags = append(out.diags, pipeline.Lint(cfg)...)
		out.test(cfg)
		var text strings.Builder
		for _, r := range rendered {
			out.diags = append(out.diags, r.Diags...)
			fmt.Fprintf(&text, "target %s\n%s\n", r.Target.Name, r.Program.Text())
			if r.Refused {
				continue
			}
			yaml, err := manifest.Stream(r.Objects())
			if err != nil {
				t.Fatal(err)
			}
			out.files[r.Target.Name+".yaml"] = string(yaml)
		}
		if _, err := os.Stat(filepath.Join(c.output, "ir.txt")); err == nil {
			out.files["ir.txt"] = text.String()
		}
	}
	out.diags.Sort()
	if len(out.diags) > 0 {
		var text bytes.Buffer
		if err := render.Text(&text, render.New(out.diags, sources), render.Style{}); err != nil {
			t.Fatal(err)
		}
		out.files["diagnostics.txt"] = text.String()
	}
	return out
}

// test proves the tests of the case.
func (o *outcome) test(cfg *intent.Config) {
	p, lowered := intent.Lower(cfg, nil)
	if lowered.HasErrors() && !cfg.Scoped() {
		return
	}
	results, diags := pipeline.Test(cfg, p, o.rendered)
	o.diags = append(o.diags, diags...)
	for _, r := range results {
		o.diags = append(o.diags, r.Failed...)
	}
}

func TestGolden(t *testing.T) {
	var mu sync.Mutex
	triggered := map[diag.Code]bool{}
	all := cases(t)
	if len(all) < 150 {
		t.Errorf("%d cases: some are not found", len(all))
	}
	t.Run("case", func(t *testing.T) {
		for _, c := range all {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				got := run(t, c, []string{c.input})
				mu.Lock()
				for _, d := range got.diags {
					triggered[d.Code] = true
				}
				mu.Unlock()
				checkWants(t, c, got.diags)
				for _, r := range got.rendered {
					if r.Unproved() {
						t.Errorf("what a backend says that it can is not what the proof says: %v", r.Diags)
					}
				}
				for _, r := range got.rendered {
					for _, o := range r.Objects() {
						readBack(t, o)
					}
				}
				checkOrder(t, c, got)
				if c.errorsOnly() {
					return // its comments say all that is expected
				}
				compare(t, c.output, got.files)
			})
		}
	})
	t.Run("manifests", func(t *testing.T) {
		runManifests(t, func(diags diag.List) {
			mu.Lock()
			defer mu.Unlock()
			for _, d := range diags {
				triggered[d.Code] = true
			}
		})
	})
	if t.Failed() {
		return
	}
	for _, e := range diag.Catalogue() {
		if why, elsewhere := triggeredElsewhere[e.Code]; triggered[e.Code] == elsewhere {
			t.Errorf("%s (%s): triggered by a case: %v; %s", e.Code, e.Title, triggered[e.Code], why)
		}
	}
}

// triggeredElsewhere lists the codes that no input alone can trigger, with what
// does.
var triggeredElsewhere = map[diag.Code]string{
	diag.UnknownEngine: "an engine that --to does not know",
	diag.NoTarget:      "a configuration without targets and neither --target nor --to",
	diag.UnknownTarget: "a name that --target does not find",
	diag.Unverified:    "--no-verify",

	diag.ManifestUnreadable: "a path that is not there, see cmd/portolan/testdata/script/verify.txtar",
	diag.ManifestTooLarge:   "very large manifests, see frontends/manifest/read_test.go",
	diag.Widened:            "a backend that emits more, see cmd/portolan/pipeline/prove_test.go",
	diag.Narrowed:           "a backend that emits less, see cmd/portolan/pipeline/prove_test.go",
	diag.NotReadBack:        "a backend that emits what no frontend takes, see cmd/portolan/pipeline/prove_test.go",
	diag.Unproved:           "a bound that is hit, see cmd/portolan/pipeline/prove_test.go",
	diag.Disagreeing:        "a mistake in package sem",
	diag.NoSafeOrder:        "two ends of a plan, see cmd/portolan/testdata/script/plan.txtar",
	diag.NotPlanned:         "a bound that is hit, see cmd/portolan/rollout/bounds_test.go",
	diag.NoMoment:           "two ends of a plan, see cmd/portolan/testdata/script/plan.txtar",
}

// checkOrder demands the same bytes again, and from the files in any order.
func checkOrder(t *testing.T, c testCase, got outcome) {
	t.Helper()
	entries, err := os.ReadDir(c.input)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range slices.Backward(entries) {
		if isInput(e.Name()) {
			files = append(files, filepath.Join(c.input, e.Name()))
		}
		if strings.HasSuffix(e.Name(), ".auto.portolanvars") {
			files = []string{c.input} // files that are named are not a folder, whose values apply
			break
		}
	}
	again := run(t, c, files)
	for name, text := range got.files {
		if again.files[name] != text {
			t.Errorf("%s differs the second time:\n%s", name, lines(text, again.files[name]))
		}
	}
}

// compare holds what came out to what is expected, or with -update writes it.
func compare(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		_, expected := files[e.Name()]
		if expected || e.Name() == "input.yaml" || !strings.HasSuffix(e.Name(), ".yaml") && e.Name() != "diagnostics.txt" && e.Name() != "ir.txt" {
			continue
		}
		if *update {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		} else {
			t.Errorf("%s/%s is stale: nothing gives it (make golden)", dir, e.Name())
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v (make golden)", err)
		} else if string(want) != text {
			t.Errorf("%s is not what is expected (make golden):\n%s", path, lines(string(want), text))
		}
	}
}

// lines gives the first lines in which two texts differ.
func lines(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d\n want %s\n got  %s", i+1, strings.Join(a[min(i, len(a)):min(i+3, len(a))], "\n      "),
				strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n      "))
		}
	}
	return "no difference"
}

var wantComment = regexp.MustCompile(`want (P[0-9]{4}) ("(?:[^"\\]|\\.)*")`)

// checkWants demands the diagnostics that the input's comments name. In
// errors/ nothing else may be found, hints apart.
func checkWants(t *testing.T, c testCase, diags diag.List) {
	t.Helper()
	entries, err := os.ReadDir(c.input)
	if err != nil {
		t.Fatal(err)
	}
	met := map[int]bool{}
	for _, e := range entries {
		path := filepath.Join(c.input, e.Name())
		src, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, ".txt") {
			continue
		}
		for i, line := range strings.Split(string(src), "\n") {
			_, comment, ok := strings.Cut(line, "# want ")
			if !ok {
				continue
			}
			for _, m := range wantComment.FindAllStringSubmatch("want "+comment, -1) {
				fragment, err := strconv.Unquote(m[2])
				if err != nil {
					t.Fatalf("%s:%d: %v", path, i+1, err)
				}
				found := false
				for j, d := range diags {
					if string(d.Code) == m[1] && d.Range.File == path && d.Range.Start.Line == i+1 && strings.Contains(d.Summary, fragment) {
						met[j], found = true, true
					}
				}
				if !found {
					t.Errorf("%s:%d: no %s with %q", path, i+1, m[1], fragment)
				}
			}
		}
	}
	if !c.errorsOnly() {
		return
	}
	for j, d := range diags {
		if !met[j] && d.Severity != diag.Hint {
			t.Errorf("not wanted: %s", d)
		}
	}
}

// TestCapabilities demands a row for every feature of every family, in the
// table's order, each with a case that exercises it: one with an error where the
// feature is refused, and else with output.
func TestCapabilities(t *testing.T) {
	for _, b := range backends.All() {
		table := b.Capabilities()
		if len(table) != len(lower.Features) {
			t.Errorf("%s: %d rows for %d features", b.Name(), len(table), len(lower.Features))
			continue
		}
		for i, row := range table {
			if row.Feature != lower.Features[i] {
				t.Errorf("%s: row %d is about %q, not %q", b.Name(), i+1, row.Feature, lower.Features[i])
			}
			if entries, err := os.ReadDir(filepath.FromSlash(row.Golden)); err != nil || row.Golden == "" ||
				!slices.ContainsFunc(entries, func(e os.DirEntry) bool { return isInput(e.Name()) }) {
				t.Errorf("%s: %q names no golden case (%q)", b.Name(), row.Feature, row.Golden)
			}
			if row.Support == lower.Refused {
				if text, _ := os.ReadFile(filepath.Join(row.Golden, "diagnostics.txt")); !strings.Contains(string(text), "error[") {
					t.Errorf("%s: %q is refused, and nothing of %s is", b.Name(), row.Feature, row.Golden)
				}
			} else if out, _ := filepath.Glob(filepath.Join(row.Golden, "*.yaml")); len(out) == 0 {
				t.Errorf("%s: %q is said, and nothing of %s is rendered", b.Name(), row.Feature, row.Golden)
			}
			if row.Note == "" || row.Source == "" {
				t.Errorf("%s: %q has no note or no source", b.Name(), row.Feature)
			}
		}
	}
}

// TestDocs holds the generated pages to the code that they are about.
func TestDocs(t *testing.T) {
	files := map[string]string{}
	for _, page := range docs.Pages() {
		files[page.Name] = page.Text
	}
	for name, text := range files {
		path := filepath.Join("..", "docs", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s is stale (make golden)", path)
		}
	}
}
