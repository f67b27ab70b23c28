package golden

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/portolan-dev/portolan/frontends/intent"
)

// TestBlockOrder renders every case once more with a file for each block of the
// top level, last one first. Not a byte may change.
func TestBlockOrder(t *testing.T) {
	for _, c := range cases(t) {
		if c.errorsOnly() {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			dir := filepath.Join(root, filepath.Base(c.input))
			copyUsed(t, c.input, root)
			if !scatter(t, c.input, dir) {
				t.Skip("it does not parse")
			}
			want := run(t, c, []string{c.input})
			got := run(t, testCase{c.name, dir, c.output}, []string{dir})
			for name, text := range want.files {
				if name != "diagnostics.txt" && got.files[name] != text {
					t.Errorf("%s differs:\n%s", name, lines(text, got.files[name]))
				}
			}
			for name := range got.files {
				if _, ok := want.files[name]; !ok {
					t.Errorf("%s comes from this order only", name)
				}
			}
		})
	}
}

// copyUsed copies what a configuration uses, which stands beside it, to where a
// copy of it will find that.
func copyUsed(t *testing.T, input, root string) {
	t.Helper()
	_, sources, _ := intent.Load([]string{input}, intent.Options{Version: "0.1.0"})
	for name, text := range sources {
		if filepath.Dir(name) == filepath.Clean(input) {
			continue
		}
		path, err := filepath.Rel(filepath.Dir(input), name)
		if err != nil || !filepath.IsLocal(path) {
			t.Fatalf("%s is not beside %s", name, input)
		}
		to := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// scatter writes the blocks of a configuration to files of their own, in
// reverse order, and copies its other files.
func scatter(t *testing.T, from, to string) bool {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		src, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pieces := map[string][]byte{e.Name(): src}
		if strings.HasSuffix(e.Name(), ".portolan.hcl") {
			file, diags := hclsyntax.ParseConfig(src, e.Name(), hcl.InitialPos)
			if diags.HasErrors() {
				return false
			}
			clear(pieces)
			blocks := file.Body.(*hclsyntax.Body).Blocks
			for i, b := range blocks {
				pieces[fmt.Sprintf("%04d-%s", len(blocks)-i, e.Name())] = append(slices.Clone(b.Range().SliceBytes(src)), '\n')
			}
		}
		for name, text := range pieces {
			if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return true
}

// TestExamples makes sure that what people copy from is laid out as the
// formatter does it, and that nothing is expected of an example that is gone.
func TestExamples(t *testing.T) {
	examples := map[string]bool{}
	for _, c := range cases(t) {
		if !strings.HasPrefix(c.name, "examples/") {
			continue
		}
		examples[c.output] = true
		files, _ := filepath.Glob(filepath.Join(c.input, "*.portolan.hcl"))
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if out, diags := intent.Format(name, src); diags.HasErrors() || !bytes.Equal(src, out) {
				t.Errorf("%s is not formatted: run portolan fmt %s", name, c.input)
			}
		}
	}
	if len(examples) == 0 {
		t.Error("there are no examples")
	}
	err := filepath.WalkDir("examples", func(path string, e os.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir() || examples[filepath.Dir(path)]:
			return err
		case *update:
			return os.Remove(path)
		}
		t.Errorf("%s is of no example (make golden)", path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
