package kubernetes

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

// program lowers an intent's text, which must be without errors.
func program(t *testing.T, text string) *ir.Program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.portolan.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, diags := intent.Load([]string{file}, intent.Options{})
	p, more := intent.Lower(cfg, nil)
	for _, d := range append(diags, more...) {
		if d.Severity == diag.Error {
			t.Fatalf("the intent: %s", d)
		}
	}
	return p
}

func target(role lower.Role) lower.Target {
	p, err := profile.Parse("kubernetes")
	if err != nil {
		panic(err)
	}
	return lower.Target{Name: "kubernetes", Profile: p, Role: role}
}

// render gives what is printed for an intent, and the diagnostics a line each.
func render(t *testing.T, text string) (string, []string) {
	t.Helper()
	objects, diags := New().Lower(program(t, text), target(lower.Alone))
	out, err := manifest.Stream(objects)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range diags {
		lines = append(lines, string(d.Code)+" "+d.Address+": "+d.Summary)
	}
	return string(out), lines
}

func TestPrint(t *testing.T) {
	dirs, _ := filepath.Glob("../../golden/kubernetes/" + os.Getenv("CASE") + "*/input.portolan.hcl")
	for _, d := range dirs {
		t.Run(filepath.Base(filepath.Dir(d)), func(t *testing.T) {
			text, _ := os.ReadFile(d)
			out, lines := render(t, string(text))
			t.Log("\n" + string(text) + "=====\n" + out + "\n-----\n" + strings.Join(lines, "\n"))
		})
	}
}
