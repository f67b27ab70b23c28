package istio

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"

	securityv1beta1 "istio.io/api/security/v1beta1"
	"istio.io/istio/pkg/workloadapi/security"
	"sigs.k8s.io/yaml"
)

// emitted is what a golden case gives for a target with a mesh.
type emitted struct {
	name    string
	profile profile.Profile // the mesh's
	program *ir.Program     // of the intent
	docs    []oracle.Document
}

// emittedForMeshes gives the output of every golden case and example for targets
// with a mesh.
func emittedForMeshes(t *testing.T) []emitted {
	t.Helper()
	var out []emitted
	for _, root := range []string{"../..", "../../../examples"} {
		seen := map[string]bool{}
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			dir := filepath.Dir(path)
			if err != nil || seen[dir] || !strings.HasSuffix(e.Name(), ".portolan.hcl") && !strings.HasSuffix(e.Name(), ".portolan.hcl.json") {
				return err
			}
			seen[dir] = true
			name, err := filepath.Rel(root, dir)
			if err != nil {
				return err
			}
			if root != "../.." {
				name = filepath.Join("examples", name)
			}
			out = append(out, emittedBy(t, dir, name)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 60 {
		t.Fatalf("%d cases with a mesh: some are not found", len(out))
	}
	return out
}

func emittedBy(t *testing.T, dir, name string) []emitted {
	t.Helper()
	config, _, diags := intent.Load([]string{dir}, intent.Options{Version: "0.1.0"})
	if diags.HasErrors() {
		return nil
	}
	var to []string
	if text, err := os.ReadFile(filepath.Join(dir, "targets")); err == nil {
		to = strings.Fields(string(text))
	} else if len(config.Targets) == 0 {
		to = []string{"istio"}
	}
	targets, _ := pipeline.Targets(config, nil, to)
	var out []emitted
	for _, target := range targets {
		p := target.Parts[len(target.Parts)-1].Profile
		text, err := os.ReadFile(filepath.Join("../..", name, target.Name+".yaml"))
		if err != nil || !p.IsMesh() {
			continue
		}
		program, _ := intent.Lower(config, target.Config)
		out = append(out, emitted{filepath.ToSlash(filepath.Join(name, target.Name)), p, program, oracle.Split(name, text)})
	}
	return out
}

// TestReadsWhatItEmits holds what the frontend makes of emitted policies to what
// Istio does.
func TestReadsWhatItEmits(t *testing.T) {
	for _, e := range emittedForMeshes(t) {
		t.Run(e.name, func(t *testing.T) {
			inv := e.program.Inventory
			c, err := boundary.Cluster(append(declared(t, &inv), e.docs...), seed(e.name))
			if err != nil {
				t.Fatal(err)
			}
			c.TrustDomain, c.MeshRoot = inv.Facts.TrustDomain, inv.Facts.MeshRoot
			agree(t, e.profile, c, &inv, e.docs)
		})
	}
}

// declared gives an inventory as manifests.
func declared(t *testing.T, inv *ir.Inventory) []oracle.Document {
	t.Helper()
	var out []oracle.Document
	add := func(tree map[string]any) {
		text, err := yaml.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, oracle.Document{Source: "inventory", Text: text})
	}
	for _, n := range inv.Namespaces {
		add(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": n.Name, "labels": n.Labels}})
		if n.Waypoint != "" {
			add(map[string]any{"apiVersion": "v1", "kind": "Pod",
				"metadata": map[string]any{"name": n.Waypoint, "namespace": n.Name, "labels": map[string]string{waypointLabel: n.Waypoint}},
				"spec":     map[string]any{"serviceAccountName": n.Waypoint}})
		}
	}
	for _, w := range inv.Workloads {
		labels, ok := w.Pods.Labels.MatchLabels()
		if !ok {
			continue
		}
		add(map[string]any{"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": w.Name, "namespace": w.Namespace, "labels": labels},
			"spec":     map[string]any{"serviceAccountName": w.Account}})
	}
	return out
}

// TestReachesZtunnel holds that istiod sends all of what is emitted for ztunnel
// to it: it has nothing to say of a policy, and the rules, sources, operations
// and conditions are all there, none of them empty.
func TestReachesZtunnel(t *testing.T) {
	n := 0
	for _, e := range emittedForMeshes(t) {
		if e.profile.Engine != profile.IstioAmbient {
			continue
		}
		engine, err := New().Load(e.profile, &oracle.Cluster{MeshRoot: e.program.Inventory.Facts.MeshRoot}, e.docs)
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		loaded, _ := engine.(*policy)
		sent := map[string]*security.Authorization{}
		for _, w := range loaded.ztunnel.all {
			if w.Authorization != nil {
				sent[w.ResourceName()] = w.Authorization
			}
			if s := w.Binding.Status; s != nil {
				t.Errorf("%s: %s: %s", e.name, w.Source.NamespacedName, s.Message)
			}
		}
		for _, d := range e.docs {
			c, warning, err := admit(d)
			if err != nil || warning != nil {
				t.Errorf("%s: %v %v", d.Source, warning, err)
			}
			if c == nil {
				continue
			}
			spec, is := c.Spec.(*securityv1beta1.AuthorizationPolicy)
			if !is || len(spec.GetTargetRefs()) > 0 {
				continue
			}
			n++
			if why := lost(spec, sent[c.Namespace+"/"+c.Name]); why != "" {
				t.Errorf("%s: %s\n%s", d.Source, why, d.Text)
			}
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}
	if n < 20 {
		t.Errorf("%d policies for ztunnel: some are not found", n)
	}
}

// lost says what of a policy is not in what ztunnel gets of it.
func lost(spec *securityv1beta1.AuthorizationPolicy, got *security.Authorization) string {
	switch {
	case got == nil:
		return "ztunnel does not get it"
	case spec.GetSelector() != nil && len(spec.GetSelector().GetMatchLabels()) == 0:
		return "its selector is empty"
	case len(got.GetGroups()) != len(spec.GetRules()):
		return "ztunnel does not get all of its rules"
	}
	for i, r := range spec.GetRules() {
		want := len(r.GetWhen())
		asked := 0
		for _, from := range r.GetFrom() {
			asked += len(from.GetSource().GetTrustDomains()) + len(from.GetSource().GetNotTrustDomains())
		}
		for _, some := range []int{len(r.GetFrom()), len(r.GetTo())} {
			if some > 0 {
				want++
			}
		}
		clauses := got.GetGroups()[i].GetRules()
		switch {
		case asked > 0:
			return "ztunnel knows no trust domains"
		case len(clauses) != want:
			return "ztunnel does not get all of a rule"
		}
		for _, c := range clauses {
			for _, m := range c.GetMatches() {
				if m.String() == "" {
					return "of a part of it nothing is left"
				}
			}
		}
	}
	return ""
}
