package istio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// TestShow prints what the golden cases give.
func TestShow(t *testing.T) {
	only := os.Getenv("SHOW")
	if only == "" {
		t.Skip("set SHOW to the name of a case, or all")
	}
	dirs, _ := filepath.Glob("../../golden/istio/*")
	for _, dir := range dirs {
		name := filepath.Base(dir)
		if only != "all" && !strings.HasPrefix(name, only) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "input.portolan.hcl"))
		if err != nil {
			t.Fatal(err)
		}
		targets, _ := os.ReadFile(filepath.Join(dir, "targets"))
		for _, target := range strings.Fields(string(targets)) {
			t.Run(name, func(t *testing.T) {
				out, diags := render(t, target, string(text))
				t.Logf("=== %s %s\n%s", name, target, out)
				for _, d := range diags {
					if d.Severity != diag.Hint {
						t.Logf("%s %s\n    %s", d.Code, d.Summary, d.Detail)
					}
				}
			})
		}
	}
}
