package istio

import (
	"fmt"
	"testing"

	clientsecurity "istio.io/client-go/pkg/apis/security/v1"

	"github.com/portolan-dev/portolan/ir/diag"
)

// TestOnce holds that a rule with several ends and peers is refused once.
func TestOnce(t *testing.T) {
	_, diags := render(t, "istio", `
namespace "shop" {
  workload "a" { labels = { app = "a" } }
  workload "b" { labels = { app = "b" } }
  allow "r" {
    from = [a, b]
    to   = [a, b]
    tcp  = [80]
    icmp = [8]
    log  = true
  }
}`)
	count := map[diag.Code]int{}
	for _, d := range diags {
		count[d.Code]++
	}
	for code, n := range count {
		if n != 1 {
			t.Errorf("%s stands %d times", code, n)
		}
	}
	if len(count) != 4 { // log, icmp, identity, and the counted one
		t.Errorf("codes: %v", count)
	}
}

// TestStable holds that another rule changes only the objects of its ends, and
// that lowering neither changes the program nor comes out differently twice.
func TestStable(t *testing.T) {
	const base = `
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }
  allow web to api { tcp = [8080] }
  allow web to db { tcp = [5432] }
  %s
}`
	objects := func(extra string) map[string]string {
		p, tg := lowered(t, "istio", fmt.Sprintf(base, extra))
		before := p.Text()
		list, _ := Backend{}.Lower(p, tg)
		again, _ := Backend{}.Lower(p, tg)
		if p.Text() != before {
			t.Error("the program was changed")
		}
		out := map[string]string{}
		for i, o := range list {
			out[o.Namespace+"/"+o.Name] = fmt.Sprint(o.Value)
			if fmt.Sprint(again[i].Value) != fmt.Sprint(o.Value) {
				t.Errorf("%s comes out differently", o.Name)
			}
		}
		return out
	}
	before, after := objects(""), objects(`allow "more" {
    from = [web]
    to   = [db]
    tcp  = [80]
  }`)
	for name, text := range after {
		if changed := before[name] != text; changed != (name == "shop/db") {
			t.Errorf("%s: changed %v", name, changed)
		}
	}
}

// TestForms holds every object to what Istio's schema and webhook demand and
// the types do not: no empty selector, source or operation, no deny without
// rules, accounts beside neither principals nor namespaces.
func TestForms(t *testing.T) {
	for seed := range uint64(300) {
		p, tg, ok := tryLower(t, "istio", newGenerator(seed, 3).intent())
		if !ok {
			continue
		}
		objects, diags := Backend{}.Lower(p, tg)
		if diags.HasErrors() {
			continue
		}
		seen := map[string]bool{}
		for _, o := range objects {
			key := o.Kind + o.Namespace + "/" + o.Name
			if seen[key] {
				t.Errorf("%s stands twice", key)
			}
			seen[key] = true
			policy, ok := o.Value.(*clientsecurity.AuthorizationPolicy)
			if !ok {
				continue
			}
			if s := policy.Spec.Selector; s != nil && len(s.MatchLabels) == 0 {
				t.Errorf("%s has an empty selector", key)
			}
			if policy.Spec.Action != 0 && len(policy.Spec.Rules) == 0 {
				t.Errorf("%s has no rules", key)
			}
			for _, r := range policy.Spec.Rules {
				for _, f := range r.From {
					s := f.Source
					identity := len(s.Principals) + len(s.NotPrincipals) + len(s.Namespaces) + len(s.NotNamespaces)
					if n := len(s.ServiceAccounts); n > maxAccounts || n > 0 && identity > 0 || n+identity+len(s.IpBlocks)+len(s.NotIpBlocks) == 0 {
						t.Errorf("%s has the source %v", key, s)
					}
				}
				for _, to := range r.To {
					o := to.Operation
					if len(o.Ports)+len(o.NotPorts)+len(o.Methods)+len(o.NotMethods)+len(o.Paths)+len(o.Hosts) == 0 {
						t.Errorf("%s has an empty operation", key)
					}
				}
			}
		}
	}
}
