package calico

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/projectcalico/api/pkg/lib/numorstring"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// program reads an intent; it must have no error.
func program(t testing.TB, text string) *ir.Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.portolan.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, diags := intent.Load([]string{path}, intent.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := intent.Lower(cfg, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

func target(role lower.Role) lower.Target {
	p, err := profile.Parse("calico")
	if err != nil {
		panic(err)
	}
	return lower.Target{Name: "calico", Profile: p, Role: role}
}

// render gives the manifests of an intent, which must not be refused.
func render(t testing.TB, text string) string {
	t.Helper()
	objects, diags := Backend{}.Lower(program(t, text), target(lower.Alone))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return print(t, objects)
}

func print(t testing.TB, objects []manifest.Object) string {
	t.Helper()
	for _, o := range objects {
		validate(t, o)
	}
	out, err := manifest.Stream(objects)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// refused gives the diagnostics of an intent.
func refused(t testing.TB, text string) diag.List {
	t.Helper()
	_, diags := Backend{}.Lower(program(t, text), target(lower.Alone))
	return diags
}

// portMatch is the type of a port in a rule.
type portMatch = numorstring.Port
