package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// A case under manifests/ is a folder with input.yaml: manifests that people
// write. They are evaluated under the profile of the file "profile", else under
// what their kinds are for. expect.txt is written by hand: a verdict and a flow
// on each line, as
//
//	denied shop/web -> shop/api tcp/8080 GET /admin
//
// What comes out is flows.txt, everything that can talk, and diagnostics.txt. A
// comment `# want P6101 "text"` demands a diagnostic at its line.
const manifestCases = "manifests/*/*/input.yaml"

// runManifests runs the cases, and gives the codes of all that they said.
func runManifests(t *testing.T, triggered func(diag.List)) {
	inputs, err := filepath.Glob(manifestCases)
	if err != nil || len(inputs) < 40 {
		t.Fatalf("%d cases: %v", len(inputs), err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.ToSlash(dir), func(t *testing.T) {
			t.Parallel()
			files, diags := runManifest(t, dir, input)
			triggered(diags)
			checkWants(t, testCase{name: filepath.ToSlash(dir), input: dir}, diags)
			compare(t, dir, files)
		})
	}
}

// runManifest evaluates one case.
func runManifest(t *testing.T, dir, input string) (map[string]string, diag.List) {
	t.Helper()
	files := map[string]string{}
	source, diags := pipeline.Open([]string{input}, intent.Options{})
	profiles := profilesOf(t, dir, source)
	source.Under(profiles)
	inv, _ := source.Inventory()
	pipeline.Beneath(&inv.Facts, profiles)
	policy, more := source.Policy(profiles, &inv)
	diags = append(diags, more...)
	if !diags.HasErrors() {
		o := pipeline.Scope(profiles)
		o.Inventory = &inv
		diags = append(diags, pipeline.LintManifests(source, profiles, policy, o)...)
	}
	diags.Sort()
	if len(diags) > 0 {
		var text bytes.Buffer
		if err := render.Text(&text, render.New(diags, source.Files), render.Style{}); err != nil {
			t.Fatal(err)
		}
		files["diagnostics.txt"] = text.String()
	}
	if diags.HasErrors() {
		return files, diags
	}
	checkExpected(t, dir, policy, &inv)
	list, err := sem.Connect(policy, &inv, sem.ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := render.FlowsText(&text, render.NewFlows(pipeline.OfWorkloads(list, &inv), "")); err != nil {
		t.Fatal(err)
	}
	files["flows.txt"] = text.String()
	return files, diags
}

func profilesOf(t *testing.T, dir string, source *pipeline.Source) []profile.Profile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "profile"))
	if err != nil {
		found, err := source.Profiles()
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	var out []profile.Profile
	for _, part := range strings.Split(strings.TrimSpace(string(text)), "+") {
		p, err := profile.Parse(part)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// checkExpected holds the verdicts of a policy to those that expect.txt has.
func checkExpected(t *testing.T, dir string, policy sem.Policy, inv *ir.Inventory) {
	t.Helper()
	path := filepath.Join(dir, "expect.txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		want, rest, _ := strings.Cut(line, " ")
		f, err := parseFlow(rest, inv)
		if err != nil {
			t.Fatalf("%s:%d: %v", path, i+1, err)
		}
		got, err := sem.Explain(policy, f, inv)
		if err != nil {
			t.Fatal(err)
		}
		if got.Outcome.String() != want {
			t.Errorf("%s:%d: %s is %s, not %s: %+v", path, i+1, rest, got.Outcome, want, render.NewVerdict(got, &f, policy).Trail)
		}
	}
}

// parseFlow reads "FROM -> TO PORT [METHOD TARGET]", with "plaintext" at the end
// for a sender in the mesh that does not prove itself.
func parseFlow(text string, inv *ir.Inventory) (f sem.Flow, err error) {
	text, plaintext := strings.CutSuffix(strings.TrimSpace(text), " plaintext")
	from, rest, _ := strings.Cut(text, " -> ")
	to, rest, _ := strings.Cut(rest, " ")
	port, request, _ := strings.Cut(rest, " ")
	if f.Source, err = sem.ParseEndpoint(from, inv); err != nil {
		return f, err
	}
	if f.Destination, err = sem.ParseEndpoint(to, inv); err != nil {
		return f, err
	}
	if err = f.ParseTransport(port); err != nil || request == "" {
		f.Authenticated = !plaintext && f.Protocol == sem.TCP && f.Source.Meshed && f.Destination.Meshed
		return f, err
	}
	f.Authenticated = !plaintext && f.Source.Meshed && f.Destination.Meshed
	f.Request, err = sem.ParseRequest(request)
	return f, err
}
