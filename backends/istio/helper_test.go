package istio

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// meant gives the program of an intent for a target, written as "istio",
// "istio@1.28" or "calico+istio", and the mesh's part of the target.
func meant(t *testing.T, target, text string) (*ir.Program, lower.Target, diag.List) {
	t.Helper()
	cfg, _, diags := intent.Load([]string{"-"}, intent.Options{Stdin: strings.NewReader(text)})
	if diags.HasErrors() {
		return nil, lower.Target{}, diags
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
	program, diags := intent.Lower(cfg, it)
	if p.Engine == profile.IstioAmbient && program != nil {
		program.Inventory.Facts.Waypoints, program.Inventory.Facts.OwnNodePasses = true, true
	}
	return program, lower.Target{Name: target, Profile: p, Role: role}, diags
}

// tryLower is for intents that may be wrong.
func tryLower(t *testing.T, target, text string) (*ir.Program, lower.Target, bool) {
	t.Helper()
	p, tg, diags := meant(t, target, text)
	return p, tg, !diags.HasErrors()
}

// lowered is for intents that are right.
func lowered(t *testing.T, target, text string) (*ir.Program, lower.Target) {
	t.Helper()
	p, tg, diags := meant(t, target, text)
	if diags.HasErrors() {
		t.Fatalf("the intent is wrong: %v", diags)
	}
	return p, tg
}

// render gives what the backend makes of an intent, printed.
func render(t *testing.T, target, text string) (string, diag.List) {
	t.Helper()
	program, tg := lowered(t, target, text)
	objects, diags := Backend{}.Lower(program, tg)
	diags.Sort()
	out, err := manifest.Stream(objects)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), diags
}
