package istio

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
	"pgregory.net/rapid"
)

// TestDrawn holds what the frontend reads of random policies to what Istio makes
// of them, and that it takes nothing that Istio rejects.
func TestDrawn(t *testing.T) {
	for _, text := range []string{"istio", "istio-ambient"} {
		p, err := profile.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(text, func(t *testing.T) { drawn(t, p, random.Cluster(), Draw) })
		t.Run(text+" of another trust domain", func(t *testing.T) {
			c := random.Cluster()
			c.TrustDomain = "old.example"
			drawn(t, p, c, Draw)
		})
	}
}

// TestDrawnForWaypoints is TestDrawn behind a waypoint.
func TestDrawnForWaypoints(t *testing.T) {
	p, err := profile.Parse("istio-ambient")
	if err != nil {
		t.Fatal(err)
	}
	c := random.Cluster()
	c.Services = []oracle.Service{
		{Namespace: "shop", Name: "front", Waypoint: waypointName, Selector: map[string]string{"app": "web"}, Ports: []oracle.NamedPort{{Name: "http", Protocol: sem.TCP, Port: 8080, Service: 80}, {Name: "tcp", Protocol: sem.TCP, Port: 9090}}},
		{Namespace: "shop", Name: "back", Waypoint: waypointName, Selector: map[string]string{"app": "web"}, Ports: []oracle.NamedPort{{Name: "what", Protocol: sem.TCP, Port: 8081, Service: 443}}},
	}
	c.Endpoints = append(c.Endpoints, oracle.Endpoint{
		ID: "shop-way", Addresses: []netip.Addr{netip.MustParseAddr("10.244.1.200"), netip.MustParseAddr("fd00:10:244:1::c8")},
		Endpoint: sem.Endpoint{Kind: sem.Pod, Namespace: "shop", Labels: map[string]string{waypointLabel: waypointName}, Account: waypointName},
	})
	if counts := drawn(t, p, c, DrawForWaypoints); counts["at waypoints"] == 0 {
		t.Error("nothing was decided at a waypoint")
	}
}

func drawn(t *testing.T, p profile.Profile, c *oracle.Cluster, draw func(*rapid.T) []oracle.Document) map[string]int {
	inv := inventoryOf(c)
	pipeline.Beneath(&inv.Facts, []profile.Profile{p})
	inv.Facts.Uncaptured = p.Uncaptured() // as explain has it
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		docs := draw(t)
		rejected, err := New().Accept(docs)
		if err != nil {
			t.Fatal(err)
		}
		program, diags := lifted(docs, p, inv)
		if diags.HasErrors() {
			counts["refused"]++
			return
		}
		if len(rejected) > 0 {
			t.Fatalf("Istio rejects what the frontend takes: %s\n%s", rejected[0].Reason, texts(docs))
		}
		engine, err := New().Load(p, c, docs)
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		words, err := boundary.Collect(docs)
		if err != nil {
			t.Fatal(err)
		}
		counts["cases"]++
		tokens := drawnTokens()
		for i, f := range words.Flows(c, rapid.Uint64().Draw(t, "seed"), 200) {
			if f.Protocol != sem.TCP || f.Destination.Kind != sem.Pod {
				continue
			}
			if f.Request != nil {
				f.Token = tokens[i%len(tokens)]
			}
			f.Client = f.Source.Address
			if len(words.Blocks) > 0 && i%2 == 0 {
				f.Client = words.Blocks[i%len(words.Blocks)].Addr()
			}
			f.Holds = holding(program, &f)
			got, decided := engine.Decide(&f)
			want := sem.Decide(sem.Policy{{Program: program, Scope: sem.Mesh}}, f.Flow)
			if strings.Contains(got.Reason, "waypoint "+waypointName+": ") {
				counts["at waypoints"]++
			}
			switch {
			case !decided:
				counts["undecided"]++
			case want.Outcome == sem.Unknown:
				counts["unknown"]++
			case (want.Outcome == sem.Allowed) == got.Allowed:
				counts["agree, "+want.Outcome.String()]++
			case argues(c, docs, &f, got, want.Outcome == sem.Allowed, counts):
			default:
				t.Fatalf("Portolan: %s, Istio: %+v\n%s (token %+v, client %s, holds %v)\ntrail %+v\n%s", want.Outcome, got, show(&f), f.Token, f.Client, f.Holds, want.Trail, texts(docs))
			}
		}
	})
	t.Logf("%v", counts)
	return counts
}

func lifted(docs []oracle.Document, p profile.Profile, inv ir.Inventory) (*ir.Program, diag.List) {
	in, diags := readAll(docs)
	program, more := frontends.For(p.Engine).Lift(in, lift.Options{Profile: p, Inventory: inv})
	return program, append(diags, more...)
}

// inventoryOf gives what is known of a cluster: its namespaces, and the workloads
// that Services lead to.
func inventoryOf(c *oracle.Cluster) ir.Inventory {
	var inv ir.Inventory
	inv.Facts.TrustDomain, inv.Facts.MeshRoot = c.TrustDomain, c.MeshRoot
	for _, n := range random.Namespaces {
		ns := ir.Namespace{Address: n.Name, Name: n.Name, Labels: n.Labels, Mesh: true}
		for _, s := range c.Services {
			if s.Namespace == n.Name {
				ns.Waypoint = s.Waypoint
			}
		}
		inv.Namespaces = append(inv.Namespaces, ns)
	}
	workloads := map[string]*ir.Workload{}
	var order []string
	for _, s := range c.Services {
		key := s.Namespace + "/" + fmt.Sprint(pairs(s.Selector))
		w := workloads[key]
		if w == nil {
			pods := ir.InNamespace(s.Namespace)
			pods.Labels = ir.MatchLabels(s.Selector)
			w = &ir.Workload{Address: s.Namespace + "/" + s.Name, Name: s.Name, Namespace: s.Namespace, Pods: pods, Mesh: true}
			workloads[key] = w
			order = append(order, key)
		}
		one := ir.Service{Name: s.Name}
		for _, q := range s.Ports {
			one.Ports = append(one.Ports, ir.ServicePort{Port: servicePort(q), Target: q.Port})
			if speaks := map[string]ir.AppProtocol{"http": ir.AppHTTP, "tcp": ir.AppTCP}[q.Name]; speaks != ir.AppUnknown {
				w.Ports = append(w.Ports, ir.WorkloadPort{Number: q.Port, Protocol: speaks})
			}
		}
		w.Services = append(w.Services, one)
	}
	for _, key := range order {
		inv.Workloads = append(inv.Workloads, *workloads[key])
	}
	return inv
}

func drawnTokens() []*oracle.Token {
	out := []*oracle.Token{nil, {Issuer: "https://nobody.example", Subject: "alice"}}
	for i, issuer := range issuers {
		for j, subject := range subjects {
			for _, aud := range [][]string{nil, {"shop"}, {"other", "lab"}} {
				claims := map[string]any{"role": roles[(i+j)%2], "azp": "tool", "scope": "read all", "a": map[string]any{"b": []any{"clerk", "x"}}}
				out = append(out, &oracle.Token{Issuer: issuer, Subject: subject, Audiences: aud, Claims: claims}, &oracle.Token{Issuer: issuer, Subject: subject, Audiences: aud})
			}
		}
	}
	return out
}

func texts(docs []oracle.Document) string {
	out := ""
	for _, d := range docs {
		out += "---\n" + string(d.Text)
	}
	return out
}
