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
			dir := t.TempDir()
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

// scatter writes the blocks of a configuration to files of their own, in
// reverse order, and copies its other files.
func scatter(t *testing.T, from, to string) bool {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
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
	files, _ := filepath.Glob("../examples/*/*.portolan.hcl")
	if len(files) == 0 {
		t.Error("there are no examples")
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if out, diags := intent.Format(name, src); diags.HasErrors() || !bytes.Equal(src, out) {
			t.Errorf("%s is not formatted: run portolan fmt %s", name, filepath.Dir(name))
		}
	}
	expected, _ := os.ReadDir("examples")
	for _, e := range expected {
		if _, err := os.Stat(filepath.Join("../examples", e.Name())); err == nil {
			continue
		}
		if !*update {
			t.Errorf("golden/examples/%s is of no example (make golden)", e.Name())
		} else if err := os.RemoveAll(filepath.Join("examples", e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}
