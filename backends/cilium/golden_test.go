package cilium

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/diag"
)

// TestGoldenCasesAreValid holds what the golden cases of this format give to
// Cilium's own validation. What they give is package golden's to compare.
func TestGoldenCasesAreValid(t *testing.T) {
	dirs, _ := filepath.Glob("../../golden/cilium/*")
	if len(dirs) < 15 {
		t.Fatalf("%d cases", len(dirs))
	}
	for _, dir := range dirs {
		engine, err := os.ReadFile(filepath.Join(dir, "targets"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is for targets of its own, which accept what is refused here
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			cfg, _, diags := intent.Load([]string{dir}, intent.Options{})
			if err != nil || diags.HasErrors() {
				t.Fatal(err, diags)
			}
			p, diags := intent.Lower(cfg, nil)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			var all diag.List
			for _, name := range strings.Fields(string(engine)) {
				objects, diags := (Backend{}).Lower(p, to(t, name))
				all = append(all, diags...)
				readAll(t, objects)
			}
			if refused := strings.HasSuffix(dir, "-refused"); refused != all.HasErrors() {
				t.Errorf("refused %v: %v", refused, all)
			}
		})
	}
}
