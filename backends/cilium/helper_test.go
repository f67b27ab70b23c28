package cilium

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/policy/api"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/backends/clusterpolicy"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// to is the target for an engine, "cilium" or "cilium@1.18".
func to(t testing.TB, engine string) lower.Target {
	t.Helper()
	p, err := profile.Parse(engine)
	if err != nil {
		t.Fatal(err)
	}
	return lower.Target{Name: "test", Profile: p}
}

// program lowers an intent, which must be free of errors.
func program(t testing.TB, hcl string) *ir.Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "main.portolan.hcl")
	if err := os.WriteFile(path, []byte(hcl), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, diags := intent.Load([]string{path}, intent.Options{})
	if diags.HasErrors() {
		t.Fatalf("%v", diags)
	}
	p, diags := intent.Lower(cfg, nil)
	if diags.HasErrors() {
		t.Fatalf("%v", diags)
	}
	return p
}

// render gives the objects of an intent, which the target can say.
func render(t testing.TB, engine, hcl string) []*Policy {
	t.Helper()
	objects, diags := (Backend{}).Lower(program(t, hcl), to(t, engine))
	if len(diags) > 0 {
		t.Fatalf("%v", diags)
	}
	return readBack(t, objects)
}

// refusals gives what the target cannot say of an intent.
func refusals(t testing.TB, engine, hcl string) diag.List {
	t.Helper()
	_, diags := (Backend{}).Lower(program(t, hcl), to(t, engine))
	return diags
}

// readBack prints the objects, reads the bytes strictly and holds them to what
// Cilium demands.
func readBack(t testing.TB, objects []manifest.Object) []*Policy {
	t.Helper()
	out, err := manifest.Stream(objects)
	if err != nil {
		t.Fatal(err)
	}
	var policies []*Policy
	for i, doc := range strings.Split(string(out), "\n---\n") {
		if len(objects) == 0 {
			break
		}
		p := &Policy{}
		if err := yaml.UnmarshalStrict([]byte(doc), p); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		want, err := json.Marshal(objects[i].Value)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(p); !bytes.Equal(got, want) {
			t.Fatalf("reads back as\n%s\nnot\n%s", got, want)
		}
		validate(t, p)
		policies = append(policies, p)
	}
	return policies
}

// readAll reads policies as readBack does, and the other kinds beside them.
func readAll(t testing.TB, objects []manifest.Object) *engine {
	t.Helper()
	n := &engine{groups: map[string][]api.CIDR{}}
	var policies []manifest.Object
	for _, o := range objects {
		switch v := o.Value.(type) {
		case *Group:
			n.groups[v.Name] = v.Spec.ExternalCIDRs
		case *clusterpolicy.Policy:
			n.tiers = append(n.tiers, v)
		default:
			policies = append(policies, o)
		}
	}
	n.policies = readBack(t, policies)
	return n
}

func (p *Policy) rules() api.Rules {
	if p.Spec != nil {
		return append(api.Rules{p.Spec}, p.Specs...)
	}
	return p.Specs
}

// find gives the object of a name, with its rule of the address.
func find(t testing.TB, policies []*Policy, namespace, name string) *Policy {
	t.Helper()
	for _, p := range policies {
		if p.Namespace == namespace && p.Name == name {
			return p
		}
	}
	t.Fatalf("no object %s/%s", namespace, name)
	return nil
}

func ruleOf(t testing.TB, p *Policy, description string) *api.Rule {
	t.Helper()
	for _, r := range p.rules() {
		if r.Description == description || strings.HasPrefix(r.Description, description+":") {
			return r
		}
	}
	t.Fatalf("no rule %q in %s", description, p.Name)
	return nil
}

// text is the JSON form.
func text(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func same(t testing.TB, what string, got any, want string) {
	t.Helper()
	if g := text(t, got); g != want {
		t.Errorf("%s:\n got %s\nwant %s", what, g, want)
	}
}
