package istio

import (
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// flowsEach is how many flows each case is tried on.
const flowsEach = 3000

// TestManifests holds what the frontend reads of the golden manifests to what
// Istio makes of them.
func TestManifests(t *testing.T) {
	inputs, err := filepath.Glob("../../manifests/istio/*/input.yaml")
	if err != nil || len(inputs) < 20 {
		t.Fatalf("%d cases: %v", len(inputs), err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			source, _ := pipeline.Open([]string{input}, intent.Options{})
			p := meshOf(t, dir)
			source.Under([]profile.Profile{p})
			inv, _ := source.Inventory()
			docs := oracle.Split("input.yaml", text)
			c, err := boundary.Cluster(docs, seed(dir))
			if err != nil {
				t.Fatal(err)
			}
			c.Services = servicesOf(&inv)
			agree(t, p, c, &inv, docs)
		})
	}
}

func meshOf(t *testing.T, dir string) profile.Profile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "profile"))
	if err != nil {
		text = []byte("istio")
	}
	parts := strings.Split(strings.TrimSpace(string(text)), "+")
	p, err := profile.Parse(parts[len(parts)-1])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func seed(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// servicesOf gives the Services of an inventory, and one for the ports that it
// knows to speak something.
func servicesOf(inv *ir.Inventory) []oracle.Service {
	var out []oracle.Service
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		labels, ok := w.Pods.Labels.MatchLabels()
		if !ok || len(labels) == 0 {
			continue
		}
		named := func(port uint16) oracle.NamedPort {
			name := ""
			for _, p := range w.Ports {
				if p.Number == port {
					name = map[ir.AppProtocol]string{ir.AppHTTP: "http", ir.AppGRPC: "grpc", ir.AppTCP: "tcp", ir.AppTLS: "tls"}[p.Protocol]
				}
			}
			return oracle.NamedPort{Name: name, Protocol: sem.TCP, Port: port}
		}
		ns, _ := inv.Behind(w)
		for _, s := range w.Services {
			one := oracle.Service{Namespace: w.Namespace, Name: s.Name, Selector: labels}
			if ns != nil && inv.Facts.Waypoints {
				one.Waypoint = ns.Waypoint
			}
			for _, q := range s.Ports {
				p := named(q.Target)
				p.Service = q.Port
				one.Ports = append(one.Ports, p)
			}
			out = append(out, one)
		}
		one := oracle.Service{Namespace: w.Namespace, Name: w.Name + "-speaks", Selector: labels}
		for _, p := range w.Ports {
			if p.Protocol != ir.AppUnknown {
				one.Ports = append(one.Ports, named(p.Number))
			}
		}
		if one.Ports != nil {
			out = append(out, one)
		}
	}
	return out
}

// agree compares verdicts on flows at the documents' bounds.
func agree(t *testing.T, p profile.Profile, c *oracle.Cluster, inv *ir.Inventory, docs []oracle.Document) {
	t.Helper()
	pipeline.Beneath(&inv.Facts, []profile.Profile{p})
	inv.Facts.Uncaptured = p.Uncaptured() // as explain has it
	c.Services = servicesOf(inv)
	for i := range c.Endpoints {
		e := &c.Endpoints[i]
		if e.Kind == sem.Pod {
			e.Meshed = inMesh(inv, &e.Endpoint)
		}
	}
	program, diags := lifted(docs, p, *inv)
	if diags.HasErrors() {
		t.Skipf("refused: %v", diags)
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
	counts := map[string]int{}
	shown := 0
	tokens := tokensOf(docs)
	for i, f := range words.Flows(c, seed(t.Name()), flowsEach) {
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
		if !decided {
			counts["undecided"]++
			continue
		}
		want := sem.Decide(sem.Policy{{Program: program, Scope: sem.Mesh}}, f.Flow)
		switch {
		case want.Outcome == sem.Unknown:
			counts["unknown"]++
		case (want.Outcome == sem.Allowed) == got.Allowed:
			counts["agree, "+want.Outcome.String()]++
		case argues(c, docs, &f, got, want.Outcome == sem.Allowed, counts):
		default:
			counts["differ"]++
			deciding := want.Deciding()
			if shown++; shown <= 3 {
				t.Errorf("Portolan: %s, Istio: %+v\n%s (token %+v, client %s, holds %v)\ntrail %+v", want.Outcome, got, show(&f), f.Token, f.Client, f.Holds, deciding.Origin())
			}
		}
	}
	t.Logf("%v", counts)
}

// readAll reads documents that are policies as the frontends get them.
func readAll(docs []oracle.Document) ([]manifest.Document, diag.List) {
	in, diags := manifest.Read([]string{"-"}, manifest.Options{Stdin: strings.NewReader(texts(docs))})
	_, policies, more := manifest.TakeCluster(in.Documents)
	return policies, append(diags, more...)
}

func argues(c *oracle.Cluster, docs []oracle.Document, f *oracle.Flow, got oracle.Verdict, allowed bool, counts map[string]int) bool {
	for _, a := range Argued {
		if a.Applies(oracle.Difference{Cluster: c, Documents: docs, Flow: f, Engine: got, Allowed: allowed}) {
			counts["argued, "+a.Name]++
			return true
		}
	}
	return false
}

func inMesh(inv *ir.Inventory, e *sem.Endpoint) bool {
	for i := range inv.Workloads {
		if e.In(inv.Workloads[i].Pods) {
			return inv.Workloads[i].Mesh
		}
	}
	if ns, ok := inv.Namespace(e.Namespace); ok {
		return ns.Mesh
	}
	return true
}

func show(f *oracle.Flow) string {
	end := func(e *sem.Endpoint) string {
		return fmt.Sprintf("%s %s%v/%s mesh=%v %s", e.Kind, e.Namespace, e.Labels, e.Account, e.Meshed, e.Address)
	}
	return fmt.Sprintf("%s -> %s tcp/%d authenticated=%v %+v", end(&f.Source), end(&f.Destination), f.Port, f.Authenticated, f.Request)
}

// tokensOf gives tokens of the issuers that documents name and of another, with
// the claims that they ask for and without; nil is none.
func tokensOf(docs []oracle.Document) []*oracle.Token {
	out := []*oracle.Token{nil}
	claims := map[string]any{}
	issuers := map[string][]string{}
	subjects := []string{"someone"}
	for _, d := range docs {
		for _, line := range strings.FieldsFunc(string(d.Text), func(r rune) bool { return strings.ContainsRune(" \n\"[],{}", r) }) {
			if i := strings.LastIndexByte(line, '/'); strings.HasPrefix(line, "https://") && i > len("https://") && line[i+1:] != "keys" && line[i+1:] != "*" {
				subjects = append(subjects, line[i+1:])
			}
		}
		one, _, err := admit(d)
		if err != nil || one == nil {
			continue
		}
		collect(one.Spec, issuers, claims)
	}
	for _, issuer := range slices.Sorted(maps.Keys(issuers)) {
		for _, subject := range subjects {
			for _, aud := range [][]string{nil, issuers[issuer], {"other"}} {
				out = append(out, &oracle.Token{Issuer: issuer, Subject: subject, Audiences: aud}, &oracle.Token{Issuer: issuer, Subject: subject, Audiences: aud, Claims: claims})
			}
		}
	}
	return append(out, &oracle.Token{Issuer: "https://nobody.example", Subject: "someone", Claims: claims})
}
