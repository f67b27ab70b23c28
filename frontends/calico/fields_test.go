package calico

import (
	"reflect"
	"testing"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"

	"github.com/portolan-dev/portolan/frontends/manifest/manifesttest"
)

// TestFields compares the tables with the types of upstream.
func TestFields(t *testing.T) {
	for name, upstream := range map[string]reflect.Type{
		"Tier":                      reflect.TypeFor[v3.Tier](),
		"NetworkPolicy":             reflect.TypeFor[v3.NetworkPolicy](),
		"GlobalNetworkPolicy":       reflect.TypeFor[v3.GlobalNetworkPolicy](),
		"StagedNetworkPolicy":       reflect.TypeFor[v3.StagedNetworkPolicy](),
		"StagedGlobalNetworkPolicy": reflect.TypeFor[v3.StagedGlobalNetworkPolicy](),
		"NetworkSet":                reflect.TypeFor[v3.NetworkSet](),
		"GlobalNetworkSet":          reflect.TypeFor[v3.GlobalNetworkSet](),
		"HostEndpoint":              reflect.TypeFor[v3.HostEndpoint](),
	} {
		t.Run(name, func(t *testing.T) { manifesttest.CheckTable(t, kinds[name].fields, upstream) })
	}
}
