package istio

import (
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// fataler is what of a test the helpers need, rapid's or testing's.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// lifted reads manifests and lifts them.
func lifted(t fataler, text string, o lift.Options) (*ir.Program, diag.List) {
	t.Helper()
	in, diags := manifest.ReadFiles([]manifest.File{{Name: "m.yaml", Data: []byte(text)}}, manifest.Options{})
	if diags.HasErrors() {
		t.Fatal(diags, text)
	}
	if len(in.Documents) == 0 && text != "" {
		t.Fatal("no documents in", text)
	}
	return Frontend{}.Lift(in.Documents, o)
}

// under gives the options of a profile such as "istio@1.29", with the
// workload shop/api that speaks HTTP on 80 and something else on 81.
func under(t fataler, engine string) lift.Options {
	t.Helper()
	p, err := profile.Parse(engine)
	if err != nil {
		t.Fatal(err)
	}
	api, _ := ir.InNamespace("shop").WithLabels(ir.MatchLabels(map[string]string{"app": "api"}))
	return lift.Options{Profile: p, Inventory: ir.Inventory{Workloads: []ir.Workload{{
		Address: "shop/api", Name: "api", Namespace: "shop", Pods: api, Mesh: true,
		Ports: []ir.WorkloadPort{{Name: "http", Number: 80, Protocol: ir.AppHTTP}, {Name: "db", Number: 81, Protocol: ir.AppTCP}},
	}}}}
}

// decide is the verdict of the mesh alone.
func decide(p *ir.Program, f sem.Flow) sem.Outcome {
	return sem.Decide(sem.Policy{{Program: p, Scope: sem.Mesh}}, f).Outcome
}
