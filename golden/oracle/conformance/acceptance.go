package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// goldens is the folder of golden cases, from here and from the folders of the
// engines.
const goldens = "../.."

// groups is the API groups of each family, by the end of their names.
var groups = map[string][]string{
	"kubernetes": {"networking.k8s.io", "policy.networking.k8s.io"},
	"calico":     {"projectcalico.org"},
	"cilium":     {"cilium.io"},
	"istio":      {"istio.io", "gateway.networking.k8s.io"},
}

// isOf reports whether a document is one of a family's own kinds.
func isOf(family string, d oracle.Document) bool {
	group, _, _ := strings.Cut(headOf(d).APIVersion, "/")
	return slices.ContainsFunc(groups[family], func(g string) bool {
		return group == g || strings.HasSuffix(group, "."+g) && !strings.HasSuffix(g, "k8s.io")
	})
}

// Acceptance holds every document of the family's kinds that Portolan emits in
// the golden cases and the examples to the vendor's validation.
func Acceptance(t *testing.T, f *Family, board *Scoreboard) {
	all, err := oracle.Emitted(goldens)
	if err != nil {
		t.Fatal(err)
	}
	docs := slices.DeleteFunc(all, func(d oracle.Document) bool { return !isOf(f.Name, d) })
	if len(docs) < 20 {
		t.Fatalf("only %d documents", len(docs))
	}
	rejected, err := f.Engine.Accept(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rejected {
		t.Errorf("%s is rejected: %s\n%s", r.Document.Source, r.Reason, r.Document.Text)
	}
	board.Add(Score{Family: f.Name, Check: "acceptance", Cases: len(docs), Agree: len(docs) - len(rejected)})
}
