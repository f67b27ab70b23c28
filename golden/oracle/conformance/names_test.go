package conformance

import (
	"os"
	"slices"
	"testing"

	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir/sem"
)

// TestNamesThatNobodyMayAskFor asks about the flow of an argued difference, which
// is rarely drawn.
func TestNamesThatNobodyMayAskFor(t *testing.T) {
	f := families[2]
	text, err := os.ReadFile(goldens + "/cilium/names-nobody-asks-for/input.portolan.hcl")
	if err != nil {
		t.Fatal(err)
	}
	p := f.profiles(t)[0]
	r, ok := rendered(t, string(text), p.String())
	if !ok {
		t.Fatal("it is refused")
	}
	out, err := manifest.Stream(r.Objects())
	if err != nil {
		t.Fatal(err)
	}
	docs := oracle.Split("rendered", out)
	c, err := inhabited(docs, &r.Program.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	from := slices.IndexFunc(c.Endpoints, func(e oracle.Endpoint) bool { return e.Namespace == "shop" && e.Labels["app"] == "web" })
	to := slices.IndexFunc(c.Endpoints, func(e oracle.Endpoint) bool { return slices.Contains(e.Names, "api.cards.example") })
	flow, ok := boundary.Between(c, from, to, false)
	if !ok {
		t.Fatal("there is no such flow")
	}
	flow.Protocol, flow.SourcePort, flow.Port = sem.TCP, 40000, 443
	x := trial{family: f, profile: p, cluster: c, docs: docs, intent: string(text), policy: sem.Policy{{Program: r.Program, Scope: sem.CNI}}}
	s, differ, err := x.judge([]oracle.Flow{flow}, &board)
	if err != nil || differ != "" || s.Argued != 1 {
		t.Errorf("%+v, %v\n%s", s, err, differ)
	}
}
