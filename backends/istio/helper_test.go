package istio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// lowered gives the program of an intent for a target, written as "istio",
// "istio@1.28" or "calico+istio", and the mesh's part of the target.
func lowered(t *testing.T, target, text string) (*ir.Program, lower.Target, diag.List) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "main.portolan.hcl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, _, diags := intent.Load([]string{path}, intent.Options{})
	if diags.HasErrors() {
		t.Fatalf("the intent does not load: %v", diags)
	}
	cni, mesh, stack := strings.Cut(target, "+")
	role := lower.WithCNI
	if !stack {
		cni, mesh, role = "", target, lower.Alone
	}
	p, err := profile.Parse(mesh)
	if err != nil {
		t.Fatal(err)
	}
	it := &intent.Target{Name: target}
	it.Mesh.Value.Name, it.Mesh.Set = string(p.Engine), true
	it.CNI.Value.Name, it.CNI.Set = cni, stack
	program, more := intent.Lower(cfg, it)
	if more.HasErrors() {
		t.Fatalf("the intent does not lower: %v", more)
	}
	return program, lower.Target{Name: target, Profile: p, Role: role}, more
}

// render gives what the backend makes of an intent, printed.
func render(t *testing.T, target, text string) (string, diag.List) {
	t.Helper()
	program, tg, _ := lowered(t, target, text)
	objects, diags := Backend{}.Lower(program, tg)
	diags.Sort()
	out, err := manifest.Stream(objects)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), diags
}
