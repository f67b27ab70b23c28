package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir/profile"
)

// How many flows a case is tried on: one that somebody wrote, and one that was
// drawn.
const (
	flowsOfGolden = 3000
	flowsOfRandom = 200
)

// Agreement holds what the frontend reads in manifests to what they mean to the
// engine: of the golden manifests, and of random ones.
func Agreement(t *testing.T, f *Family, programs int, board *Scoreboard) {
	t.Run("golden", func(t *testing.T) {
		inputs, err := filepath.Glob(filepath.Join(goldens, "manifests", f.Name, "*", "input.yaml"))
		if err != nil || len(inputs) < 10 {
			t.Fatalf("%d cases: %v", len(inputs), err)
		}
		for _, input := range inputs {
			t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) { f.agreeOnGolden(t, input, board) })
		}
	})
	if f.Draw == nil {
		return
	}
	t.Run("random", func(t *testing.T) {
		c := random.Cluster()
		profiles := f.profiles(t)
		draws(t, programs, func(rt *rapid.T) {
			p := rapid.SampledFrom(profiles).Draw(rt, "profile")
			docs := f.Draw(rt)
			f.agreeOn(rt, p, c, docs, declared(c, docs), flowsOfRandom, "agreement", board)
		})
		board.enough(t, f.Name, "agreement")
	})
}

// agreeOnGolden is the agreement on a case of golden manifests, in a cluster that
// is made for it.
func (f *Family) agreeOnGolden(t *testing.T, input string, board *Scoreboard) {
	text, err := os.ReadFile(input)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := f.profileOf(t, filepath.Dir(input))
	if !ok {
		board.Add(Score{Family: f.Name, Check: "agreement, golden", Cannot: 1})
		t.Skip("the engine's code is of another version")
	}
	docs := oracle.Split(input, text)
	c, err := boundary.Cluster(docs, seed(input))
	if err != nil {
		t.Skipf("it is no YAML: %v", err)
	}
	f.agreeOn(t, p, c, docs, nil, flowsOfGolden, "agreement, golden", board)
}

// profileOf reads the profile of a golden case, of a stack the part that is the
// family's; false where the engine's code is of another version than that.
func (f *Family) profileOf(t *testing.T, dir string) (profile.Profile, bool) {
	t.Helper()
	engines := f.engines(t)
	text, err := os.ReadFile(filepath.Join(dir, "profile"))
	if err != nil {
		return f.profiles(t)[0], true
	}
	for part := range strings.SplitSeq(strings.TrimSpace(string(text)), "+") {
		p, err := profile.Parse(part)
		if err != nil {
			t.Fatal(err)
		}
		if ours, is := engines[p.Engine]; is {
			return p, p.Version == ours.Version
		}
	}
	return profile.Profile{}, false
}

// failer is what a check reports to: a test or a random case of one.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// agreeOn compares the engine's verdicts in a cluster with those of what the
// frontend reads in the documents; those of the cluster it reads too. What either
// refuses is counted and not compared.
func (f *Family) agreeOn(t failer, p profile.Profile, c *oracle.Cluster, docs, cluster []oracle.Document, n int, check string, board *Scoreboard) {
	t.Helper()
	s := Score{Family: f.Name, Check: check, Cannot: 1}
	policy, diags := lifted(append(append([]oracle.Document{}, cluster...), docs...), p)
	rejected, err := f.Engine.Accept(docs)
	switch {
	case err != nil:
		t.Fatalf("%v", err)
	case diags.HasErrors() || len(rejected) > 0:
		board.Add(s)
		return
	}
	words, err := boundary.Collect(docs)
	if err != nil {
		t.Fatalf("%v", err)
	}
	x := trial{family: f, profile: p, cluster: c, docs: docs, policy: policy}
	s, differ, err := x.judge(words.Flows(c, seed(stream(docs)), n), board)
	if err != nil {
		t.Fatalf("%v\n%s", err, x.report(nil))
	}
	s.Family, s.Check = f.Name, check
	board.Add(s)
	if differ != "" {
		t.Fatalf("%s", differ)
	}
}
