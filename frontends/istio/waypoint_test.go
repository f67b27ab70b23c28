package istio

import (
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// A waypoint shows its certificate wherever it connects, so that a deny of its
// account shuts the way through it for certain.
func TestWaypointDenied(t *testing.T) {
	for _, c := range []struct {
		account string
		want    sem.Outcome
	}{{"shop/way", sem.Denied}, {"shop/else", sem.Allowed}} {
		o := under(t, "istio-ambient")
		o.Inventory.Namespaces = []ir.Namespace{{Address: "shop", Name: "shop", Mesh: true, Waypoint: "way"}}
		o.Inventory.Workloads[0].Services = []ir.Service{{Name: "api", Ports: []ir.ServicePort{{Port: 8080, Target: 80}}}}
		o.Inventory.Facts.Waypoints = true
		p, diags := lifted(t, `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec: {selector: {matchLabels: {app: api}}, action: DENY, rules: [{from: [{source: {serviceAccounts: [`+c.account+`, shop/web]}}]}]}
`, o)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		pod := func(app string) sem.Endpoint {
			return sem.Endpoint{Namespace: "shop", Labels: map[string]string{"app": app}, Account: app, Meshed: true}
		}
		if got := decide(p, sem.Flow{Source: pod("web"), Destination: pod("api"), Protocol: sem.TCP, Port: 80, Authenticated: true}); got != c.want {
			t.Errorf("with %s denied: %s, want %s", c.account, got, c.want)
		}
	}
}
