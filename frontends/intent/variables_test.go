package intent

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Later sources of values win: the default, the environment, automatic files
// by name, and files before -var.
func TestPrecedence(t *testing.T) {
	const text = `
variable "domain" { default = "default.example" }
allow "x" {
  from = [cluster]
  to   = [fqdn(var.domain)]
}
`
	env := []string{"HOME=/", "PORTOLAN_VAR_domain=env.example", "PORTOLAN_VAR_nobody=x", "PORTOLAN_VAR_"}
	auto := map[string]string{"b.auto.portolanvars": `domain = "auto-b.example"`, "a.auto.portolanvars": `domain = "auto-a.example"`}
	file := filepath.Join(write(t, map[string]string{"x.vars": `domain = "file.example"`}), "x.vars")
	jsonFile := filepath.Join(write(t, map[string]string{"x.json": `{"domain": "json.example"}`}), "x.json")
	for _, x := range []struct {
		name  string
		files map[string]string
		opts  Options
		want  string
	}{
		{"default", nil, Options{}, "default.example"},
		{"environment", nil, Options{Environ: env}, "env.example"},
		{"automatic files", auto, Options{Environ: env}, "auto-b.example"},
		{"-var-file", auto, Options{Environ: env, VarFiles: []string{file}}, "file.example"},
		{"-var-file in JSON", auto, Options{VarFiles: []string{file, jsonFile}}, "json.example"},
		{"-var", auto, Options{Environ: env, VarFiles: []string{file}, Vars: []string{"domain=a.example", "domain=b.example"}}, "b.example"},
	} {
		t.Run(x.name, func(t *testing.T) {
			files := map[string]string{"x.portolan.hcl": text}
			for k, v := range x.files {
				files[k] = v
			}
			c, _, diags := Load([]string{write(t, files)}, x.opts)
			for _, d := range diags {
				t.Error(d)
			}
			if got := showPeers(c.Rules[0].To); got != "{fqdn "+x.want+"}" {
				t.Errorf("got %s, want %s", got, x.want)
			}
		})
	}
}

func TestVariableValues(t *testing.T) {
	const text = `
variable "on" { type = bool }
variable "port" { type = number }
variable "hosts" { type = list(string) }
variable "tenants" { type = map(object({ team = string, port = optional(number, 80) })) }
variable "free" {}
namespace "t" {
  for_each = var.tenants
  labels   = { team = each.value.team, free = var.free }
  mesh     = var.on
  allow "x" {
    from = [self]
    to   = [fqdn(var.hosts...)]
    tcp  = [var.port, each.value.port]
  }
}
`
	c, diags := loadText(t, text, Options{Environ: []string{"PORTOLAN_VAR_on=true"}, Vars: []string{
		"port=8080", `hosts=["a.example", "b.example"]`, `tenants={ a = { team = "x" } }`, "free=5",
	}})
	for _, d := range diags {
		t.Errorf("%s: %s", d, d.Detail)
	}
	got := show(c)
	compareText(t, got[strings.Index(got, "namespace"):], `namespace t["a"] name="a" match=[all] labels=map[free:5 team:x] managed=true deny=both dns=true mtls=unset mesh=true mode=enforce
rule t["a"]/x allow {self} -> {fqdn a.example, b.example} tcp 8080-8080 80-80 at=0 mode=enforce log=false
`)
}

func TestVariableErrors(t *testing.T) {
	const text = `
variable "ports" { type = list(number) }
allow "x" {
  from = [cluster]
  to   = [world]
  tcp  = var.ports
}
`
	for _, x := range []struct {
		opts     Options
		code     diag.Code
		fragment string
		file     string
	}{
		{Options{}, diag.MissingValue, `"ports" has no value`, "-"},
		{Options{Vars: []string{"ports"}}, diag.BadVariable, "has no value", ""},
		{Options{Vars: []string{"ports=[80", "ports=[80]"}}, diag.Syntax, "unterminated tuple", "-var ports"},
		{Options{Vars: []string{"ports=[x]", "ports=[80]"}}, diag.BadExpression, "is a constant", "-var ports"},
		{Options{Vars: []string{`ports=["x"]`, "ports=[80]"}}, diag.BadVariable, "does not fit", "-var ports"},
		{Options{Environ: []string{"PORTOLAN_VAR_ports={}"}}, diag.BadVariable, "does not fit", "PORTOLAN_VAR_ports"},
		{Options{Vars: []string{"ports=[80]", "port=[80]"}}, diag.UnknownVariable, `"port"`, ""},
		{Options{Vars: []string{"ports=[80]"}, VarFiles: []string{"no/such.vars"}}, diag.Unreadable, "no/such.vars", "no/such.vars"},
		{Options{Vars: []string{"ports=" + strings.Repeat("[", 300)}}, diag.TooLarge, "nested", "-var ports"},
	} {
		_, diags := loadText(t, text, x.opts)
		var d *diag.Diagnostic
		for i := range diags {
			if diags[i].Code == x.code {
				d = &diags[i]
			} else if diags[i].Code != diag.MissingValue {
				t.Errorf("%v: %s", x.opts, diags[i])
			}
		}
		if d == nil || !strings.Contains(d.Summary, x.fragment) || d.Range.File != x.file {
			t.Errorf("%v: got %v in %v", x.opts, d, diags)
		}
	}
}

func TestRequiredVersion(t *testing.T) {
	for _, x := range []struct {
		version, constraint string
		holds, valid        bool
	}{
		{"1.2.3", "1.2.3", true, true},
		{"1.2.3", "= 1.2", false, true},
		{"1.2.3", ">= 1.2, < 2", true, true},
		{"1.2.3", "!= 1.2.3", false, true},
		{"1.2.3", "> 1.2.3", false, true},
		{"1.2.3", "<= 1.2.3", true, true},
		{"v1.2.3-rc1", ">= 1.2.3", true, true},
		{"1.2.3+meta", ">= 1.2.3", true, true},
		{"1.2.3", "~> 1.2.0", true, true},
		{"1.3.0", "~> 1.2.0", false, true},
		{"1.3.0", "~> 1.2", true, true},
		{"2.0.0", "~> 1.2", false, true},
		{"0.10.0", ">= 0.9", true, true},
		{"", ">= 9", true, true},
		{"devel", ">= 9", true, true},
		{"1.0.0", "", false, false},
		{"1.0.0", ">=", false, false},
		{"1.0.0", ">= 1.0.0.0", false, false},
		{"1.0.0", ">= 1,", false, false},
	} {
		holds, err := satisfies(x.version, x.constraint)
		if holds != x.holds && err == nil || (err == nil) != x.valid {
			t.Errorf("%s %s: %t %v", x.version, x.constraint, holds, err)
		}
	}
}
