package kubernetes

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/frontends/manifest/manifesttest"
	"github.com/portolan-dev/portolan/ir/profile"
)

type failing interface {
	Helper()
	Fatalf(format string, args ...any)
}

// read reads documents that are well-formed, whatever they say.
func read(t failing, text []byte) []manifest.Document {
	t.Helper()
	in, diags := manifest.ReadFiles([]manifest.File{{Name: "input.yaml", Data: text}}, manifest.Options{})
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", text, diags)
	}
	return in.Documents
}

func TestTablesHaveEveryField(t *testing.T) {
	manifesttest.CheckTable(t, policyFields, reflect.TypeFor[networkingv1.NetworkPolicy]())
	manifesttest.CheckTable(t, clusterFields, reflect.TypeFor[cnp]())
}

func TestGoldenManifestsLift(t *testing.T) {
	lifted := 0
	for _, dir := range []string{"kubernetes", "stack", "examples"} {
		err := filepath.WalkDir(filepath.Join("../../golden", dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".yaml") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			in, diags := manifest.ReadFiles([]manifest.File{{Name: path, Data: text}}, manifest.Options{})
			p, more := Frontend{}.Lift(in.Documents, options(t, profile.Kubernetes))
			if len(diags)+len(more) > 0 {
				t.Errorf("%s: %v %v", path, diags, more)
			}
			for _, d := range p.All() {
				if d.Rule.Origin.Range.IsZero() && d.Rule.Origin.Address != "own node" {
					t.Errorf("%s: %s has no place", path, d.Rule.Origin.Address)
				}
			}
			lifted += len(p.LastStage(1).Isolate) + len(p.LastStage(2).Isolate)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if lifted == 0 {
		t.Error("no policy was found")
	}
}

func FuzzLift(f *testing.F) {
	f.Add([]byte(native(`{podSelector: {matchLabels: {a: b}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80, endPort: 90}, {port: web, protocol: UDP}]}]}`)))
	f.Add([]byte(admin(`{tier: Admin, priority: 1, subject: {pods: {podSelector: {}}}, ingress: [{action: Pass, from: [{namespaces: {}}]}], egress: [{name: x, action: Accept, to: [{networks: ["::/0"]}, {nodes: {}}, {domainNames: ["*.example.com"]}], protocols: [{tcp: {destinationPort: {range: {start: 1, end: 2}}}}]}]}`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, _ := manifest.ReadFiles([]manifest.File{{Name: "input", Data: text}}, manifest.Options{})
		for _, e := range []profile.Engine{profile.Kubernetes, profile.Calico, profile.Cilium} {
			p, diags := Frontend{}.Lift(in.Documents, options(t, e))
			_ = p.Text()
			for _, d := range diags {
				if d.Range.IsZero() {
					t.Errorf("a diagnostic without a place: %v", d)
				}
			}
		}
	})
}

func BenchmarkLift(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprint(&text, strings.Replace(native(`{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 5432}]}]}`),
			"name: p", fmt.Sprint("name: p", i), 1), "---\n")
	}
	docs := read(b, []byte(text.String()))
	p, _ := profile.Of("kubernetes", "")
	o := lift.Options{Profile: p}
	for b.Loop() {
		Frontend{}.Lift(docs, o)
	}
}
