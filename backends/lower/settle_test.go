package lower_test

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

func engine(t interface{ Fatal(...any) }, name profile.Engine) lower.Target {
	p, err := profile.Of(string(name), "")
	if err != nil {
		t.Fatal(err)
	}
	return lower.Target{Name: string(name), Profile: p}
}

func app(values ...string) ir.Pods {
	p := ir.InNamespace("shop")
	p.Labels, _ = ir.Select(ir.Requirement{Key: "app", Constraint: ir.OneOf(values...)})
	return p
}

// liftedRules draws the rules of a level as manifests have them.
func liftedRules(t *rapid.T) ir.Rule {
	here := set.AddressesOf(netip.MustParsePrefix("192.0.2.0/24"))
	peers := rapid.SampledFrom([][]ir.Peer{
		{ir.AnyPeer{}}, {app("web")}, {ir.AllPods()}, ir.Located(here), append(ir.Located(here), app("db")),
		{ir.Infrastructure{Name: "health"}, app("web")}, {ir.Nodes{Own: true, Other: true}},
		{ir.Infrastructure{Name: "health"}, ir.Infrastructure{Name: "ingress"}, ir.Infrastructure{Name: "init"}, ir.Infrastructure{Name: "unmanaged"}},
	}).Draw(t, "peers")
	r := ir.Rule{
		Subject: ir.Subject{Pods: rapid.SampledFrom([]ir.Pods{app("web"), app("db", "web"), ir.InNamespace("shop")}).Draw(t, "subject"), Kind: ir.SubjectInline},
		Traffic: rapid.SampledFrom([]ir.Traffic{ir.AllTraffic(), ir.PortTraffic(ir.TCP, set.SinglePort(80))}).Draw(t, "traffic"),
		Action:  rapid.SampledFrom([]ir.Action{ir.Allow, ir.Deny, ir.Pass, ir.Log}).Draw(t, "action"),
		Origin:  ir.Origin{Kind: ir.FromRule, Address: "NetworkPolicy shop/" + rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name") + " ingress[0]"},
	}
	r.Subject.Address = r.Subject.Pods.String()
	r.Peers, _ = ir.PeersOf(peers...)
	return r
}

// TestSettleKeepsMeaning holds what is settled to the program, for every target.
func TestSettleKeepsMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		own, _ := ir.PeersOf(ir.Nodes{Own: true})
		axiom := ir.Rule{Subject: ir.Subject{Pods: ir.AllPods()}, Peers: own, Traffic: ir.AllTraffic(), Action: ir.Allow, Origin: ir.Origin{Kind: ir.FromAxiom}}
		var p ir.Program
		first := rapid.Bool().Draw(t, "the own node first")
		if first {
			p.Ingress = append(p.Ingress, ir.Stage{Name: ir.StageAxioms, Levels: []ir.Level{{Rules: []ir.Rule{axiom}}}})
		}
		for _, tier := range []ir.Stage{{Name: "kube-admin", Order: 1000}, {Name: "guard", Order: 5000}, {Name: "guard--log", Order: 9.5}, {Name: "portolan", Order: 999999.5}, {Name: "default", Order: 1e6}, {Name: "kube-baseline", Order: 1e7}} {
			if !rapid.Bool().Draw(t, tier.Name) {
				continue
			}
			for range rapid.IntRange(1, 3).Draw(t, "levels") {
				tier.Levels = append(tier.Levels, ir.Level{Rules: rapid.SliceOfN(rapid.Custom(liftedRules), 1, 2).Draw(t, "rules")})
			}
			if rapid.Bool().Draw(t, "closes") {
				tier.Isolate = []ir.Isolation{{Subject: tier.Levels[0].Rules[0].Subject, Origin: ir.Origin{Kind: ir.FromDefault, Address: "NetworkPolicy shop/a"}}}
			}
			p.Ingress = append(p.Ingress, tier)
		}
		if n := len(p.Ingress); !first && n > 0 { // Cilium has one stage
			p.Ingress = p.Ingress[n-1:]
			p.Ingress[0].Levels = append(p.Ingress[0].Levels, ir.Level{Rules: []ir.Rule{axiom}})
		}
		p.Index()
		for _, name := range []profile.Engine{profile.Kubernetes, profile.Calico, profile.Cilium, profile.Istio} {
			q, diags := engine(t, name).Settle(&p)
			if diags.HasErrors() {
				continue
			}
			o := sem.Options{Inventory: &p.Inventory, Scope: sem.CNI, Plain: name != profile.Cilium}
			c, err := sem.Compare(sem.Policy{{Program: &p, Scope: sem.CNI}}, sem.Policy{{Program: q, Scope: sem.CNI}}, o)
			if err != nil {
				t.Fatal(err)
			}
			if !c.Equal() {
				t.Fatalf("%s: not the same:\n%s\nand\n%s", name, p.Text(), q.Text())
			}
		}
	})
}

// TestSettledNames holds subjects to the names of the policies that are for them.
func TestSettledNames(t *testing.T) {
	isolation := func(address string, pods ir.Pods) ir.Isolation {
		return ir.Isolation{Subject: ir.Subject{Pods: pods, Address: pods.String(), Kind: ir.SubjectInline}, Origin: ir.Origin{Kind: ir.FromDefault, Address: address}}
	}
	p := ir.Program{Ingress: []ir.Stage{{Name: ir.StageRules, Isolate: []ir.Isolation{
		isolation("NetworkPolicy shop/second", app("web")),
		isolation("NetworkPolicy shop/guard.first", app("web")),
		isolation("NetworkPolicy shop/a--b", app("db")),
		isolation("NetworkPolicy shop/twice", app("x")),
		isolation("CiliumNetworkPolicy shop/twice", app("y")),
		isolation("NetworkPolicy shop/api", app("z")),
	}}}}
	p.Inventory.Workloads = []ir.Workload{{Address: "shop/api", Name: "api", Namespace: "shop", Pods: app("api")}}
	q, diags := engine(t, profile.Cilium).Settle(&p)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var got []string
	for _, iso := range q.Ingress[0].Isolate {
		name, _ := lower.Name(iso.Subject)
		got = append(got, name)
	}
	hashed := func(value string) string {
		name, _ := lower.Name(ir.Subject{Pods: app(value), Kind: ir.SubjectInline})
		return name
	}
	if want := []string{"first", "first", hashed("db"), hashed("x"), hashed("y"), hashed("z")}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, declared := q.Inventory.Namespace("shop"); !declared {
		t.Error("the namespace that policies stand in is not there for the target's")
	}
}

// TestSettledRequests writes requests of other formats as an intent does, and
// leaves alone what is no such request.
func TestSettledRequests(t *testing.T) {
	pattern := func(text, expr string) *ir.Pattern {
		l, err := set.Regexp(expr)
		if err != nil {
			t.Fatal(err)
		}
		return &ir.Pattern{Text: text, Language: l}
	}
	const query = `(\?[^\n]*)?`
	for _, c := range []struct {
		engine     profile.Engine
		path, host *ir.Pattern
		want       string
	}{
		{profile.Cilium, pattern(`~/public/.*`, `/public/.*`), nil, "* /public/**"},
		{profile.Istio, pattern(`~/public/.*`, `/public/.*`), nil, "* /public/**"},
		{profile.Cilium, pattern(`"/a" or "/b/*"`, `/a`+query+`|/b/.*`), nil, "* /a|/b/**"},
		{profile.Istio, pattern(`"/a/{*}"`, `/a/[-A-Za-z0-9._~%!$&'()+,;:@=*]+`+query), nil, "* /a/*"},
		{profile.Istio, nil, pattern(`"a.example" or "a.example:*"`, `(?i)a\.example(:.*)?`), "* any host a.example"},
		{profile.Istio, pattern(`~/public`, `/public`), nil, ""},                  // without a query only
		{profile.Cilium, pattern(`"/a" or "/b"`, `/a`+query), nil, ""},            // text that is not what it means
		{profile.Istio, nil, pattern(`"a.example"`, `(?i)a\.example`), ""},        // without a port only
		{profile.Istio, pattern(`"/static*"`, `/static.*`), nil, ""},              // not by segments
		{profile.Cilium, pattern(`"/static*"`, `/static.*`), nil, "* ~/static.*"}, // but by an expression
	} {
		q, _ := ir.NewRequest(ir.Anything(), []ir.Path{ir.AnyPath()}, nil, ir.Selector{})
		q.Path, q.Host = c.path, c.host
		written := q.String()
		traffic, _ := ir.PortTraffic(ir.TCP, set.SinglePort(80)).WithRequests(q)
		peers, _ := ir.PeersOf(ir.AnyPeer{})
		p := ir.Program{Ingress: []ir.Stage{{Name: ir.StageRules, Levels: []ir.Level{{Rules: []ir.Rule{{Subject: ir.Subject{Pods: app("web")}, Peers: peers, Traffic: traffic, Action: ir.Allow}}}}}}}
		settled, diags := engine(t, c.engine).Settle(&p)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		want := c.want
		if want == "" {
			want = written
		}
		if got := settled.Ingress[0].Levels[0].Rules[0].Traffic.Requests()[0].String(); got != want {
			t.Errorf("%s: %s: got %s, want %s", c.engine, written, got, want)
		}
	}
}
