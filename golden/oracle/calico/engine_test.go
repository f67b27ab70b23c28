package calico

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// golden is the folder of the cases.
const golden = "../.."

func engine(t *testing.T) *Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("builds Felix")
	}
	e := New()
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestEmitted has Calico's validator accept everything of Calico's that Portolan
// emits.
func TestEmitted(t *testing.T) {
	docs, err := oracle.Emitted(golden)
	if err != nil {
		t.Fatal(err)
	}
	rejections, err := engine(t).Accept(docs)
	if err != nil || len(docs) < 100 {
		t.Fatal(len(docs), err)
	}
	for _, r := range rejections {
		t.Errorf("%s: %s", r.Document.Source, r.Reason)
	}
}

// TestManifests compares what Felix and Portolan make of the golden manifests.
func TestManifests(t *testing.T) {
	e := engine(t)
	inputs, err := filepath.Glob(filepath.Join(golden, "manifests", "calico", "*", "input.yaml"))
	if err != nil || len(inputs) < 20 {
		t.Fatal(inputs, err)
	}
	for _, input := range inputs {
		t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) {
			p, err := profileOf(filepath.Dir(input))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			source, diags := pipeline.Open([]string{input}, intent.Options{})
			source.Under([]profile.Profile{p})
			inv, _ := source.Inventory()
			ours, more := source.Policy([]profile.Profile{p}, &inv)
			if diags = append(diags, more...); diags.HasErrors() {
				t.Skip("refused: ", diags[0].Summary)
			}
			docs := oracle.Split(input, text)
			if differ := compare(t, e, p, ours, docs, docs); differ != "" {
				t.Error(differ)
			}
		})
	}
}

func profileOf(dir string) (profile.Profile, error) {
	text, err := os.ReadFile(filepath.Join(dir, "profile"))
	if err != nil {
		return profile.Parse("calico")
	}
	return profile.Parse(strings.TrimSpace(string(text)))
}

// TestSees has the comparison find what is changed in documents.
func TestSees(t *testing.T) {
	e := engine(t)
	p, err := profile.Parse("calico")
	if err != nil {
		t.Fatal(err)
	}
	const rule = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {order: 5, types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {SOURCE}, destination: {ports: [8080]}}]}\n"
	const two = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {order: 5, types: [Ingress], ingress: [{action: Allow}]}\n---\n" +
		"apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: q}\nspec: {order: 6, types: [Ingress], ingress: [{action: Deny}]}\n"
	from := func(source string) string { return strings.Replace(rule, "SOURCE", source, 1) }
	for _, c := range []struct{ text, changed string }{
		{from("selector: a == 'b', namespaceSelector: c == 'd'"), from("selector: a == 'b'")},
		{from("selector: a == 'b' && c == 'd'"), from("selector: a == 'b' || c == 'd'")},
		{from("nets: [192.0.2.0/24], notNets: [192.0.2.128/25]"), from("nets: [192.0.2.0/24]")},
		{from("nets: [192.0.2.0/24]"), from("nets: [192.0.2.0/25]")},
		{from("selector: all()"), from("namespaceSelector: all()")},
		{from("selector: all()"), strings.Replace(from("selector: all()"), "[8080]", `["8080:8081"]`, 1)},
		{from("selector: all()"), strings.Replace(from("selector: all()"), "TCP", "UDP", 1)},
		{from("selector: all()"), strings.Replace(from("selector: all()"), "types: [Ingress]", "types: [Ingress, Egress]", 1)},
		{two, strings.Replace(two, "order: 5", "order: 7", 1)},
		{two, strings.Replace(two, "spec: {order: 5", "spec: {tier: kube-baseline, order: 5", 1)},
	} {
		text := "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: s, labels: {a: b, c: d}}\nspec: {nets: [198.51.100.0/24]}\n---\n"
		docs, changed := oracle.Split("docs", []byte(text+c.text)), oracle.Split("changed", []byte(text+c.changed))
		ours, why := lift(t, p, docs)
		if why != "" {
			t.Fatal(why)
		}
		if differ := compare(t, e, p, ours, docs, docs); differ != "" {
			t.Errorf("%s\n%s", c.text, differ)
		}
		if differ := compare(t, e, p, ours, docs, changed); differ == "" {
			t.Errorf("no flow tells it from what it was:\n%s", c.changed)
		}
	}
}

// compare gives the first flow on which what Portolan makes of documents and what
// Felix makes of those that are loaded differ, among flows about the bounds of the
// documents; "" for none. What is unknown to Portolan is no difference.
func compare(t *testing.T, e *Engine, p profile.Profile, ours sem.Policy, docs, loaded []oracle.Document) string {
	t.Helper()
	words, err := boundary.Collect(docs)
	if err != nil {
		t.Fatal(err)
	}
	decided := 0
	for seed := range uint64(4) {
		c, err := boundary.Cluster(docs, seed)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := e.Load(p, c, loaded)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range words.Flows(c, seed, 1000) {
			v, ok := theirs.Decide(&f)
			mine := sem.Decide(ours, f.Flow)
			if !ok || mine.Outcome == sem.Unknown {
				continue
			}
			if decided++; v.Allowed != (mine.Outcome == sem.Allowed) {
				return fmt.Sprintf("seed %d: Felix says %v (%s), Portolan %s: %s -> %s %+v\n%s", seed, v.Allowed, v.Reason, mine.Outcome,
					c.Endpoints[f.From].ID, c.Endpoints[f.To].ID, f.Flow, ours[0].Program.Text())
			}
		}
		if err := theirs.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d flows", decided)
	return ""
}

// TestDraw compares what Felix and Portolan make of objects drawn at random,
// which Calico's validator accepts. What Portolan refuses is no disagreement.
func TestDraw(t *testing.T) {
	e := engine(t)
	c := random.Cluster()
	refused, decided := 0, map[sem.Outcome]int{}
	rapid.Check(t, func(t *rapid.T) {
		p, err := profile.Parse(rapid.SampledFrom([]string{"calico", "calico@3.31", "calico,host_endpoints=true"}).Draw(t, "profile"))
		if err != nil {
			t.Fatal(err)
		}
		docs := Draw(t)
		rejections, err := e.Accept(docs)
		if err != nil || len(rejections) > 0 {
			t.Fatalf("%v %v\n%s", rejections, err, text(docs))
		}
		ours, why := lift(t, p, docs)
		if why != "" {
			refused++
			t.Log("refused: ", why)
			return
		}
		theirs, err := e.Load(p, c, docs)
		if err != nil {
			t.Fatalf("%v\n%s", err, text(docs))
		}
		words, err := boundary.Collect(docs)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range words.Flows(c, rapid.Uint64().Draw(t, "flows"), 150) {
			v, ok := theirs.Decide(&f)
			mine := sem.Decide(ours, f.Flow).Outcome
			if !ok || mine == sem.Unknown {
				continue
			}
			decided[mine]++
			if v.Allowed != (mine == sem.Allowed) {
				t.Fatalf("Felix says %v (%s), Portolan %s: %s -> %s %+v\n%s%s", v.Allowed, v.Reason, mine,
					c.Endpoints[f.From].ID, c.Endpoints[f.To].ID, f.Flow, text(docs), ours[0].Program.Text())
			}
		}
		if err := theirs.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Log("refused programs, and decided flows: ", refused, decided)
}

func text(docs []oracle.Document) string {
	var b strings.Builder
	for _, d := range docs {
		b.WriteString("---\n")
		b.Write(d.Text)
	}
	return b.String()
}

// lift reads documents as Portolan does, or says why it refuses them.
func lift(t interface{ Fatal(...any) }, p profile.Profile, docs []oracle.Document) (sem.Policy, string) {
	path := filepath.Join(os.TempDir(), "portolan-calico-"+strconv.Itoa(os.Getpid())+".yaml")
	defer os.Remove(path)
	if err := os.WriteFile(path, []byte(text(docs)), 0o600); err != nil {
		t.Fatal(err)
	}
	source, diags := pipeline.Open([]string{path}, intent.Options{})
	source.Under([]profile.Profile{p})
	inv, _ := source.Inventory()
	ours, more := source.Policy([]profile.Profile{p}, &inv)
	for _, d := range append(diags, more...) {
		if d.Severity == diag.Error {
			return nil, d.Summary
		}
	}
	return ours, ""
}
