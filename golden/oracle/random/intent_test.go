package random

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
)

// TestIntent holds what is drawn to be of the language, and few of it to be
// refused whatever the target.
func TestIntent(t *testing.T) {
	for _, family := range Keys(Dialects) {
		t.Run(family, func(t *testing.T) {
			drawn, refused := 0, map[string]int{}
			rapid.Check(t, func(rt *rapid.T) {
				text := Intent(rt, Dialects[family])
				drawn++
				cfg, _, diags := intent.Load([]string{"-"}, intent.Options{Stdin: strings.NewReader(text)})
				if diags.HasErrors() {
					rt.Fatalf("%s\n%s", diags, text)
				}
				_, diags = intent.Lower(cfg, nil)
				for _, d := range diags {
					if d.Severity.String() == "error" {
						refused[string(d.Code)]++
						break
					}
				}
			})
			total := 0
			for _, n := range refused {
				total += n
			}
			t.Logf("%d drawn, refused %v", drawn, refused)
			if total*3 > drawn {
				t.Errorf("%d of %d are refused", total, drawn)
			}
		})
	}
}

// TestDeclared holds what intents declare of namespaces, accounts and ports to
// the cluster: what is not true of it would make verdicts that mean nothing.
func TestDeclared(t *testing.T) {
	c := Cluster()
	for _, family := range Keys(Dialects) {
		rapid.Check(t, func(rt *rapid.T) {
			text := Intent(rt, Dialects[family])
			cfg, _, diags := intent.Load([]string{"-"}, intent.Options{Stdin: strings.NewReader(text)})
			if diags.HasErrors() {
				rt.Fatalf("%s\n%s", diags, text)
			}
			p, _ := intent.Lower(cfg, nil)
			for i := range c.Endpoints {
				e := &c.Endpoints[i]
				if ns, declared := p.Inventory.Namespace(e.Namespace); declared && !maps.Equal(ns.Labels, e.NamespaceLabels) {
					rt.Fatalf("%s: %v is declared to have %v", e.ID, e.NamespaceLabels, ns.Labels)
				}
				for j := range p.Inventory.Workloads {
					w := &p.Inventory.Workloads[j]
					within, is := e.In(ir.InNamespace(w.Namespace)), e.In(w.Pods)
					if w.Account != "" && within && is != (e.Account == w.Account) {
						rt.Fatalf("%s runs as %s, and %s as %s", e.ID, e.Account, w.Address, w.Account)
					}
					for _, port := range w.Ports {
						if is && !slices.ContainsFunc(e.Ports, func(x oracle.NamedPort) bool { return x.Name == port.Name && x.Port == port.Number }) {
							rt.Fatalf("%s has %v, and %s %v", e.ID, e.Ports, w.Address, port)
						}
					}
				}
			}
		})
	}
}
