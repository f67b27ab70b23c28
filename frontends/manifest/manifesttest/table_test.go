package manifesttest

import (
	"reflect"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/portolan-dev/portolan/frontends/manifest"
)

// recorder counts the failures of a test.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }

var peer = slices.Concat(
	manifest.Selectors("podSelector", "namespaceSelector"),
	manifest.Understood("ipBlock.cidr", "ipBlock.except[]"),
)

var networkPolicy = slices.Concat(
	manifest.Selectors("spec.podSelector"),
	manifest.Understood("spec.policyTypes[]"),
	manifest.Understood("ports[].protocol", "ports[].port", "ports[].endPort").Under("spec.ingress[]", "spec.egress[]"),
	peer.Under("spec.ingress[].from[]", "spec.egress[].to[]"),
)

func TestCheckTable(t *testing.T) {
	check := func(table manifest.Table) int {
		r := &recorder{TB: t}
		CheckTable(r, table, reflect.TypeFor[networkingv1.NetworkPolicy]())
		return r.errors
	}
	CheckTable(t, networkPolicy, reflect.TypeFor[networkingv1.NetworkPolicy]())
	for i, f := range networkPolicy {
		if n := check(slices.Delete(slices.Clone(networkPolicy), i, i+1)); n != 1 {
			t.Errorf("without %s there are %d failures", f.Path, n)
		}
		renamed := slices.Clone(networkPolicy)
		renamed[i].Path += "x"
		if n := check(renamed); n != 2 {
			t.Errorf("with %s renamed there are %d failures", f.Path, n)
		}
	}
	if n := check(append(slices.Clone(networkPolicy), networkPolicy[0])); n != 1 {
		t.Error("a repeated field is let through")
	}
	if n := check(manifest.Refused("", "spec")); n == 0 {
		t.Error("a subtree counts as understood")
	}
	CheckTable(t, manifest.Refused("why", "spec"), reflect.TypeFor[networkingv1.NetworkPolicy]())
}
