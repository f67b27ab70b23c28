package calico

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
)

// TestGolden lifts everything that the backend is known to render.
func TestGolden(t *testing.T) {
	documents := 0
	for _, root := range []string{"../../golden/calico", "../../golden/stack", "../../golden/examples"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".yaml" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(data), "projectcalico.org") {
				return err
			}
			in, diags := manifest.ReadFiles([]manifest.File{{Name: path, Data: data}}, manifest.Options{})
			if len(diags) > 0 {
				t.Error(diags)
			}
			for _, v := range []string{"3.29", "3.31", "3.33"} {
				if v == "3.29" && strings.Contains(string(data), "kind: Staged") {
					continue // rendered for 3.30 and later
				}
				pr, _ := profile.Of("calico", v)
				pr, _ = pr.With("host_endpoints", "true")
				p, diags := Frontend{}.Lift(in.Documents, lift.Options{Profile: pr})
				if len(diags) > 0 {
					t.Errorf("%s: %v", v, diags)
				}
				for _, d := range p.All() {
					if d.Rule.Origin.Kind == ir.FromRule && d.Rule.Origin.Range.IsZero() {
						t.Errorf("%s: no place of %s", path, d.Rule.Origin.Address)
					}
				}
			}
			for _, d := range in.Documents {
				if d.Group() == group {
					documents++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if documents < 100 {
		t.Errorf("only %d documents", documents)
	}
}
