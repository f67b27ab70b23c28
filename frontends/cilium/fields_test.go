package cilium

import (
	"reflect"
	"testing"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/frontends/manifest/manifesttest"
)

// TestFields holds the table to the agent's own types.
func TestFields(t *testing.T) {
	type policy struct { // the agent's own brings the whole agent
		Spec  *api.Rule `json:"spec"`
		Specs api.Rules `json:"specs"`
	}
	manifesttest.CheckTable(t, current, reflect.TypeFor[policy]())
	type group struct {
		Spec struct {
			ExternalCIDRs []api.CIDR `json:"externalCIDRs"`
		} `json:"spec"`
	}
	manifesttest.CheckTable(t, groupTable, reflect.TypeFor[group]())
}
