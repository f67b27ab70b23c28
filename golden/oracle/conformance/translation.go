package conformance

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Translation holds what intents are rendered to, in the engine, to what the
// intents say: those of the golden cases and the examples, and random ones. No
// frontend for manifests has a part in it.
func Translation(t *testing.T, f *Family, programs int, board *Scoreboard) {
	t.Run("golden", func(t *testing.T) {
		dirs, err := configurations()
		if err != nil || len(dirs) < 150 {
			t.Fatalf("%d configurations: %v", len(dirs), err)
		}
		for _, dir := range dirs {
			f.translateGolden(t, dir, board)
		}
	})
	t.Run("random", func(t *testing.T) {
		profiles := f.profiles(t)
		draws(t, programs, func(rt *rapid.T) {
			p := rapid.SampledFrom(profiles).Draw(rt, "profile")
			text := random.Intent(rt, f.Dialect)
			s, differ := f.translate(rt, p, text, asEmitted, board)
			s.Family, s.Check = f.Name, "translation"
			board.Add(s)
			if differ != "" {
				rt.Fatalf("%s", differ)
			}
			// What a backend cannot say it refuses itself: that the proof has to, or
			// that what was rendered cannot be read, is a mistake in one of the two.
			if s.Cases == 1 && f.Proved {
				if _, proved := renderedWith(rt, text, p.String(), pipeline.Options{Strict: true}); !proved {
					rt.Fatalf("the proof refuses for %s what the engine takes for the same\n%s", p, text)
				}
			}
		})
		board.enough(t, f.Name, "translation")
	})
}

// asEmitted leaves documents as they are.
func asEmitted(docs []oracle.Document) []oracle.Document { return docs }

// translate renders an intent for the profile, lets change have the documents,
// and compares what they do with what the intent says. The text is of where they
// differ.
func (f *Family) translate(t failer, p profile.Profile, text string, change func([]oracle.Document) []oracle.Document, board *Scoreboard) (Score, string) {
	t.Helper()
	r, ok := rendered(t, text, p.String())
	if !ok {
		return Score{Cannot: 1}, ""
	}
	out, err := manifest.Stream(r.Objects())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	docs := oracle.Split("rendered", out)
	words, err := boundary.Collect(docs)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	scope := pipeline.Scope([]profile.Profile{p}).Scope
	x := trial{
		family: f, profile: p, cluster: random.Cluster(), docs: change(docs), intent: text,
		policy: sem.Policy{{Program: r.Program, Scope: scope}},
	}
	rejected, err := f.Engine.Accept(x.docs)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(rejected) > 0 {
		return Score{Cases: 1}, x.report([]string{"rejected: " + rejected[0].Reason})
	}
	// Most flows are about what was rendered; the rest is about what was not and
	// should have been.
	flows := slices.Concat(words.Flows(x.cluster, seed(text), flowsOfRandom), words.With(random.Words(f.Dialect)).Flows(x.cluster, seed(text)+1, flowsOfRandom/2))
	s, differ, err := x.judge(flows, board)
	if err != nil {
		t.Fatalf("%v\n%s", err, x.report(nil))
	}
	return s, differ
}

// rendered renders an intent for a target, as --to takes it, without the proof,
// which has a frontend in it; false where the target refuses it, or where the
// intent is wrong by itself. What would be left out is refused, too.
func rendered(t failer, text, target string) (*pipeline.Rendered, bool) {
	t.Helper()
	return renderedWith(t, text, target, pipeline.Options{Unproved: true, Strict: true})
}

func renderedWith(t failer, text, target string, o pipeline.Options) (*pipeline.Rendered, bool) {
	t.Helper()
	cfg, _, diags := intent.Load([]string{"-"}, intent.Options{Stdin: strings.NewReader(text)})
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags, text)
	}
	targets, diags := pipeline.Targets(cfg, nil, []string{target})
	if diags.HasErrors() {
		t.Fatalf("%v", diags)
	}
	list, diags := pipeline.Render(cfg, targets, o)
	if diags.HasErrors() || list[0].Refused {
		return nil, false
	}
	return &list[0], true
}
