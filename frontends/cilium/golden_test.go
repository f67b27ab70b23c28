package cilium

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/profile"
)

// TestGolden reads all that is rendered for Cilium.
func TestGolden(t *testing.T) {
	documents := 0
	for _, pattern := range []string{"../../golden/cilium/*/*.yaml", "../../golden/stack/*/*.yaml", "../../golden/examples/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), ciliumGroup+"/") {
				continue
			}
			in, diags := manifest.ReadFiles([]manifest.File{{Name: path, Data: text}}, manifest.Options{})
			documents += len(in.Documents)
			engine := strings.TrimSuffix(filepath.Base(path), ".yaml")
			if p, err := profile.Parse(engine); err != nil || p.Engine != profile.Cilium {
				engine = "cilium@1.20"
			}
			o := options(t, engine)
			o.Inventory.Facts.ClusterMesh = true // of any of them, it changes nothing for the others
			_, more := (Frontend{}).Lift(in.Documents, o)
			if all := append(diags, more...); len(all) > 0 {
				t.Errorf("%v", all)
			}
		}
	}
	if documents < 100 {
		t.Errorf("only %d documents", documents)
	}
}
