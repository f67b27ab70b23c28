package istio

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/profile"
)

// TestGolden lifts all that the backend is recorded to make, without a word.
func TestGolden(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../golden/istio/*/*.yaml", "../../golden/stack/*/*.yaml"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	read, rules := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "targetRefs:") {
			continue // what is behind the Services is in no manifest; the proof reads these
		}
		engine := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if i := strings.LastIndexByte(engine, '+'); i >= 0 {
			engine = engine[i+1:]
		}
		p, err := profile.Parse(engine)
		if err != nil {
			p, _ = profile.Parse("istio")
		}
		in, diags := manifest.ReadFiles([]manifest.File{{Name: file, Data: data}}, manifest.Options{})
		program, more := Frontend{}.Lift(in.Documents, lift.Options{Profile: p})
		if diags = slices.Concat(diags, more); len(diags) > 0 {
			t.Errorf("%s: %v", file, diags)
		}
		for _, d := range in.Documents {
			if (Frontend{}).Reads(d.Group(), d.Kind) {
				read++
			}
		}
		rules += len(program.All())
	}
	if read == 0 || rules <= len(files) { // each has the rule about the pod's own node
		t.Errorf("%d documents and %d rules in %d files", read, rules, len(files))
	}
}
