package calico

import (
	"testing"

	"github.com/portolan-dev/portolan/ir/sem"
)

// TestHTTP has what rules with an HTTP part match, by whether something reads it.
func TestHTTP(t *testing.T) {
	rule := func(fields string) string {
		return object("NetworkPolicy a/p", "types: [Ingress], ingress: [{action: Allow, "+fields+"}]")
	}
	web, db := pod("a", "10.0.0.1", "app", "web"), pod("a", "10.0.0.3", "app", "db")
	get, post := &sem.Request{Method: "GET", Target: "/a?x", Host: "db"}, &sem.Request{Method: "POST", Target: "/b", Host: "db"}
	for _, c := range []struct {
		fields               string
		get, post, none, udp sem.Outcome // where something reads requests
	}{
		{"http: {methods: [GET]}", sem.Allowed, sem.Denied, sem.Allowed, sem.Allowed},
		{"protocol: TCP, http: {methods: [GET]}", sem.Allowed, sem.Denied, sem.Allowed, sem.Denied},
		{"protocol: TCP, http: {methods: [get]}", sem.Denied, sem.Denied, sem.Allowed, sem.Denied},
		{"protocol: TCP, http: {methods: ['*']}", sem.Allowed, sem.Allowed, sem.Allowed, sem.Denied},
		{"protocol: TCP, http: {}", sem.Allowed, sem.Allowed, sem.Allowed, sem.Denied},
		{"protocol: TCP, http: {paths: [{prefix: /}]}", sem.Allowed, sem.Allowed, sem.Allowed, sem.Denied},
		{"protocol: TCP, http: {paths: [{exact: /a}]}", sem.Unknown, sem.Unknown, sem.Allowed, sem.Denied},
		{"http: {methods: [POST], paths: [{prefix: /a}]}", sem.Denied, sem.Unknown, sem.Allowed, sem.Allowed},
		{"notProtocol: TCP, http: {methods: [GET]}", sem.Denied, sem.Denied, sem.Denied, sem.Allowed},
	} {
		decide := func(on []string, request *sem.Request, udp bool) sem.Outcome {
			p, diags := liftText(t, "3.33", rule(c.fields), inventory(), on...)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			f := tcp(web, db, 80)
			if f.Request = request; udp {
				f.Protocol = 17
			}
			return sem.Decide(sem.Policy{{Program: p, Scope: sem.CNI}}, f).Outcome
		}
		on := []string{"application_layer_policy"}
		got := [...]sem.Outcome{decide(on, get, false), decide(on, post, false), decide(on, nil, false), decide(on, nil, true)}
		if want := [...]sem.Outcome{c.get, c.post, c.none, c.udp}; got != want {
			t.Errorf("%s: %v, want %v", c.fields, got, want)
		}
		// Nothing reads requests: the rule is what Felix programs of it.
		if got := decide(nil, post, false); got != map[bool]sem.Outcome{true: sem.Allowed, false: sem.Denied}[c.none == sem.Allowed] {
			t.Errorf("%s, unread: %v", c.fields, got)
		}
	}
}
