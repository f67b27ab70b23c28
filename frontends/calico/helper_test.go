package calico

import (
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

type fataler interface {
	Helper()
	Fatal(...any)
}

// liftText lifts manifests at a version of Calico, with switches that are on.
func liftText(t fataler, version, text string, inv ir.Inventory, on ...string) (*ir.Program, diag.List) {
	t.Helper()
	in, diags := manifest.ReadFiles([]manifest.File{{Name: "test.yaml", Data: []byte(text)}}, manifest.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	pr, err := profile.Of("calico", version)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range on {
		if pr, err = pr.With(name, "true"); err != nil {
			t.Fatal(err)
		}
	}
	return Frontend{}.Lift(in.Documents, lift.Options{Profile: pr, Inventory: inv})
}
