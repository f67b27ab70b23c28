package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// find plans, and gives the steps as text.
func find(t *testing.T, e engine, before, after string) (*Plan, string) {
	t.Helper()
	plan, err := Find(e.input(t, before, after))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range plan.Steps {
		line := fmt.Sprintf("%s %s", s.Action, s.Object)
		if s.Stopped != nil {
			line += " stops"
		}
		lines = append(lines, line)
	}
	return plan, strings.Join(lines, "\n")
}

func cni(t *testing.T, name string) engine {
	return engineOf(t, name, sem.Options{Inventory: &ir.Inventory{}, Scope: sem.CNI, Plain: name != "cilium"})
}

// What policies refer to is there before them, and goes after them.
func TestReferred(t *testing.T) {
	group := `
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: partners}
spec: {externalCIDRs: [198.51.100.0/24]}
`
	policy := `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: web}}, egressDeny: [{toCIDRSet: [{cidrGroupRef: partners}]}]}
`
	if _, got := find(t, cni(t, "cilium"), "", group+"---"+policy); got != "create CiliumCIDRGroup partners\ncreate CiliumNetworkPolicy shop/web" {
		t.Error(got)
	}
	if _, got := find(t, cni(t, "cilium"), group+"---"+policy, ""); got != "delete CiliumNetworkPolicy shop/web\ndelete CiliumCIDRGroup partners" {
		t.Error(got)
	}
	tier := `
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 10}
`
	tiered := `
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: security.web, namespace: shop}
spec: {tier: security, selector: "app == 'web'", types: [Ingress], ingress: [{action: Pass}]}
`
	if _, got := find(t, cni(t, "calico"), "", tiered+"---"+tier); got != "create Tier security\ncreate NetworkPolicy shop/security.web" {
		t.Error(got)
	}
	if _, got := find(t, cni(t, "calico"), tiered+"---"+tier, ""); got != "delete NetworkPolicy shop/security.web\ndelete Tier security" {
		t.Error(got)
	}
}

// side is a policy that closes one side of the pods with a label, or none.
func side(name, app, direction string) string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\n" +
		"spec: {podSelector: {matchLabels: {app: " + app + "}}, policyTypes: [" + direction + "]}\n"
}

// A restriction that moves from senders to receivers is there at the receivers
// before it goes at the senders, over as many objects as there are.
func TestMovedRestriction(t *testing.T) {
	var before, after string
	for i := range 20 {
		before += side(fmt.Sprintf("from-%d", i), fmt.Sprintf("f%d", i), "Egress")
		after += side(fmt.Sprintf("to-%d", i), fmt.Sprintf("t%d", i), "Ingress")
	}
	_, got := find(t, cni(t, "kubernetes"), before, after)
	lines := strings.Split(got, "\n")
	if len(lines) != 40 || slices.ContainsFunc(lines[:20], func(l string) bool { return !strings.HasPrefix(l, "create") }) {
		t.Error(got)
	}

	// Under the same names and where each opens one and closes the other, the
	// first of any order opens something.
	before, after = "", ""
	for i := range 20 {
		name, app := fmt.Sprintf("p%d", i), fmt.Sprintf("a%d", i)
		before, after = before+side(name, app, "Egress"), after+side(name, app, "Ingress")
	}
	plan, _ := find(t, cni(t, "kubernetes"), before, after)
	if plan.Conflict == nil {
		t.Fatal("an order is said to be safe")
	}
	for _, f := range plan.Conflict.Flows {
		if a, b := sem.Decide(plan.Ends[0], f.Flow), sem.Decide(plan.Ends[1], f.Flow); a.Outcome != sem.Denied || b.Outcome != sem.Denied || sem.Decide(f.Moment, f.Flow).Outcome != sem.Allowed {
			t.Errorf("%s is no example", f.Flow.Text(&ir.Inventory{}))
		}
	}
}

// What differs in layout, status and what the server notes only is no change.
func TestUnchanged(t *testing.T) {
	before := side("web", "web", "Ingress")
	after := `
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  namespace: shop
  name: web
  uid: 5f3c
  resourceVersion: "7"
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
spec:
  policyTypes:
    - "Ingress" # closed
  podSelector:
    matchLabels: {"app": web}
status: {}
`
	if _, got := find(t, cni(t, "kubernetes"), before, after); got != "" {
		t.Error(got)
	}
	if _, got := find(t, cni(t, "kubernetes"), before, strings.Replace(after, "Ingress", "Egress", 1)); got != "change NetworkPolicy shop/web" {
		t.Error(got)
	}
	if _, got := find(t, cni(t, "kubernetes"), before, strings.Replace(after, "  uid", "  labels: {team: a}\n  uid", 1)); got != "change NetworkPolicy shop/web" {
		t.Error(got)
	}
}

// What Calico's storage shows under a group of its own is the same object, which
// until 3.31 has its tier before its name there.
func TestStorage(t *testing.T) {
	policy := func(group, name string) string {
		return fmt.Sprintf(`
apiVersion: %s
kind: NetworkPolicy
metadata: {name: %s, namespace: shop}
spec: {selector: app == 'web', types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}
`, group, name)
	}
	const api, storage = "projectcalico.org/v3", "crd.projectcalico.org/v1"
	at := func(version string) engine {
		e := cni(t, "calico")
		var err error
		if e.profile, err = profile.Of("calico", version); err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, c := range []struct{ version, before, after, want string }{
		{"3.31", policy(storage, "default.web"), policy(api, "web"), "change NetworkPolicy shop/web"},
		{"3.31", policy(api, "default.web"), policy(api, "web"), ""},
		{"3.31", policy(storage, "default.api"), policy(api, "web"), "create NetworkPolicy shop/web\ndelete NetworkPolicy shop/default.api"},
		{"3.32", policy(storage, "web"), policy(api, "web"), "change NetworkPolicy shop/web"},
		{"3.32", policy(storage, "default.web"), policy(api, "web"), "create NetworkPolicy shop/web\ndelete NetworkPolicy shop/default.web"},
	} {
		if _, got := find(t, at(c.version), c.before, c.after); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.version, got, c.want)
		}
	}
	e := at("3.31")
	_, err := Find(e.input(t, policy(storage, "default.web")+"---"+strings.Replace(policy(api, "web"), "spec: {", "spec: {order: 1, ", 1), ""))
	if err == nil || !strings.Contains(err.Error(), "are one object of the cluster") {
		t.Error(err)
	}
}
