package lower

import (
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// lack is the refusal of a condition that an engine never has.
type lack struct {
	code            diag.Code
	reason, nearest string
}

// unsaid says why the target's engine has no form for a condition that the
// intent language has words for; false where it has one, whose bounds are its
// backend's to tell, or where the condition is another.
func (t Target) unsaid(c ir.Condition) (lack, bool) {
	const throughWaypoint = "Give the namespace its `waypoint` and the workload its `services`, or render for sidecars (`mesh = \"istio\"`)"
	const sidecars = "Render for sidecars (`mesh = \"istio\"`), alone or beside a CNI"
	engine := t.Profile.Engine
	ambient := engine == profile.IstioAmbient
	if _, client := c.Client(); client && engine != profile.Istio {
		why := t.Profile.Name() + " sees the address that a packet comes from, and none that a proxy reports"
		if ambient {
			why = "ztunnel reads no requests, and so no address that a proxy reports, and no waypoint decides for all of these pods"
		}
		return lack{diag.LacksClient, why, sidecars + ", or keep the client's address on its way (`externalTrafficPolicy: Local`) and name it in `from`."}, true
	}
	if _, named := c.ServerName(); named && engine != profile.Cilium {
		why := t.Profile.Name() + " reads no TLS"
		if t.Profile.IsMesh() {
			why = "between pods of the mesh the TLS that a proxy sees is the mesh's own, which names the mesh's servers and not the application's"
		}
		return lack{diag.LacksSNI, why, "Name the server's addresses or DNS name in `to`, or render for `cilium`."}, true
	}
	if asksToken(c) && engine != profile.Istio {
		why := t.Profile.Name() + " reads no tokens"
		if ambient {
			return lack{diag.LacksJWT, "ztunnel reads no requests and so no tokens, and no waypoint decides for all of these pods", throughWaypoint + "."}, true
		}
		return lack{diag.LacksJWT, why, sidecars + "."}, true
	}
	return lack{}, false
}

// readAtWaypoint reports whether a waypoint decides for all pods that a rule is
// about where it stands, so that what requests tell is known: tokens, and the
// client behind proxies.
func readAtWaypoint(inv *ir.Inventory, d ir.Directed, c ir.Condition) bool {
	_, client := c.Client()
	return (client || asksToken(c)) && d.Direction == ir.Ingress && BehindWaypoint(inv, d.Rule.Subject.Pods)
}

// BehindWaypoint reports that all of the pods are of workloads of the mesh whose
// namespaces have a waypoint, and which are reached through it by their Services.
func BehindWaypoint(inv *ir.Inventory, pods ir.Pods) bool {
	rest := []ir.Pods{pods}
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		if ns, ok := inv.Behind(w); ok && ns.Managed && w.Pods.Overlaps(pods) {
			rest = ir.SubtractAll(rest, []ir.Pods{w.Pods})
		}
	}
	return len(rest) == 0
}

// asksToken reports a condition about tokens.
func asksToken(c ir.Condition) bool {
	_, _, token := c.Token()
	_, _, claim := c.TokenClaim()
	_, audience := c.TokenAudience()
	_, bad := c.BadToken()
	return token || claim || audience || bad
}

// foreignCondition reports a condition that only manifests state. That one does
// not hold only a mesh can ask.
func (t Target) foreignCondition(c ir.Condition) bool {
	_, client := c.Client()
	_, server := c.ServerName()
	return !client && !server && !asksToken(c) || c.Not && !t.Profile.IsMesh()
}
