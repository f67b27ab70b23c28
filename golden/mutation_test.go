package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

var (
	mutants     = flag.String("mutants", "some", "how many mutants TestMutants judges: some, or all")
	equivalents = flag.String("equivalents", "", "a file for the mutants that mean the same as the original")
)

const (
	// someMutants is of how many mutants one is judged where not all are.
	someMutants = 20
	// trials is of how many mutants that differ one is sampled too, to see that
	// sampling would tell.
	trials = 5
)

// TestMutants changes each manifest of the corpus in every small way, one at a
// time, and demands that the comparison tells the mutant from the original, or
// that it is refused. A mutant that the comparison calls equal survives where
// the reference evaluator decides some flow differently; else it means the same.
//
// Both evaluators have what the frontends lifted: a field that a frontend
// overlooks shows only in the list that -equivalents writes, and in the
// frontend's own tests.
func TestMutants(t *testing.T) {
	var total score
	t.Run("of", func(t *testing.T) {
		for _, c := range cases(t) {
			if c.errorsOnly() {
				continue
			}
			for _, o := range originals(t, c) {
				t.Run(c.name+"/"+o.target.Name, func(t *testing.T) {
					t.Parallel()
					o.mutate(t, &total)
				})
			}
		}
	})
	t.Log(&total)
	if total.different+total.refused == 0 {
		t.Error("no mutants")
	}
	if total.told*100 < total.tried*90 {
		t.Error("the sampling that confirms equality tells too little apart")
	}
	if *equivalents != "" {
		slices.Sort(total.equivalent)
		if err := os.WriteFile(*equivalents, []byte(strings.Join(total.equivalent, "")), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// score counts what became of mutants.
type score struct {
	mu                                     sync.Mutex
	different, refused, unproved, survived int
	tried, told                            int // of those that are different: by sampling alone
	equivalent                             []string
	flows                                  int // decided to confirm them
}

func (s *score) String() string {
	killed := s.different + s.refused + s.unproved
	return fmt.Sprintf("mutation score %.2f %%: %d killed (%d different, %d refused, %d unproved), %d survived; %d mean the same, by %d flows of a sampling that alone tells %.1f %% of those that are different",
		100*float64(killed)/float64(max(1, killed+s.survived)), killed, s.different, s.refused, s.unproved, s.survived,
		len(s.equivalent), s.flows, 100*float64(s.told)/float64(max(1, s.tried)))
}

// original is what a case has for one target, and the cluster that it is in.
type original struct {
	name      string
	target    pipeline.Target
	text      []byte
	inventory ir.Inventory
}

// originals gives what the case has for each of its targets, the refused ones
// apart.
func originals(t *testing.T, c testCase) []original {
	t.Helper()
	cfg, _, diags := intent.Load([]string{c.input}, intent.Options{Version: "0.1.0"})
	if diags.HasErrors() {
		return nil
	}
	var to []string
	if text, err := os.ReadFile(filepath.Join(c.input, "targets")); err == nil {
		to = strings.Fields(string(text))
	} else if len(cfg.Targets) == 0 {
		to = []string{"kubernetes", "calico", "cilium", "istio"}
	}
	targets, _ := pipeline.Targets(cfg, nil, to)
	var out []original
	for _, target := range targets {
		text, err := os.ReadFile(filepath.Join(c.output, target.Name+".yaml"))
		if err != nil || len(bytes.TrimSpace(text)) == 0 {
			continue // refused, or nothing to say
		}
		p, diags := intent.Lower(cfg, target.Config)
		if diags.HasErrors() {
			t.Errorf("%s: %v", c.name, diags)
			continue
		}
		o := original{c.name + "/" + target.Name, target, text, p.Inventory}
		pipeline.Beneath(&o.inventory.Facts, o.profiles())
		out = append(out, o)
	}
	return out
}

// lift gives what manifests mean under the target's profiles.
func (o *original) lift(text []byte) (sem.Policy, diag.List) {
	in, diags := manifest.ReadFiles([]manifest.File{{Name: o.name, Data: text}}, manifest.Options{})
	out, more := pipeline.Lift(in.Documents, o.profiles(), &o.inventory)
	return out, append(diags, more...)
}

func (o *original) profiles() []profile.Profile {
	var out []profile.Profile
	for _, part := range o.target.Parts {
		out = append(out, part.Profile)
	}
	return out
}

func (o *original) scope() sem.Options {
	opts := pipeline.Scope(o.profiles())
	opts.Inventory = &o.inventory
	return opts
}

// mutate judges the original's mutants, all or some of them.
func (o *original) mutate(t *testing.T, total *score) {
	meant, diags := o.lift(o.text)
	if diags.HasErrors() {
		t.Fatalf("not read back: %v", diags)
	}
	var documents []map[string]any
	for text := range bytes.SplitSeq(o.text, []byte("\n---\n")) {
		var d map[string]any
		if err := yaml.Unmarshal(text, &d, func(d *json.Decoder) *json.Decoder { d.UseNumber(); return d }); err != nil {
			t.Fatal(err)
		}
		documents = append(documents, d)
	}
	unchanged := mutant{what: "unchanged", apply: func() {}, undo: func() {}}
	if c, _ := o.try(t, meant, documents, unchanged); c != equal {
		t.Fatal("what is unchanged differs")
	}
	for _, m := range mutantsOf(documents) {
		if *mutants == "all" || o.seed(m)%someMutants == 0 {
			o.judge(t, meant, documents, m, total)
		}
	}
}

// fate is what becomes of a mutant.
type fate uint8

const (
	equal fate = iota
	different
	refused
	unproved
)

// sides is what the original means and what a mutant does.
type sides [2]sem.Policy

// try compares a mutant with the original, and gives what they mean: as it is,
// and where something is staged, as it would be with that enforced. Of what is
// different it gives where it is.
func (o *original) try(t *testing.T, meant sem.Policy, documents []map[string]any, m mutant) (fate, []sides) {
	m.apply()
	var text bytes.Buffer
	for _, d := range documents {
		if d == nil {
			continue
		}
		out, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("---\n")
		text.Write(append(out, '\n'))
	}
	m.undo()
	means, diags := o.lift(text.Bytes())
	if diags.HasErrors() {
		return refused, nil
	}
	all := []sides{{meant, means}}
	if pipeline.HasStaged(meant) || pipeline.HasStaged(means) {
		all = append(all, sides{pipeline.Previewed(meant), pipeline.Previewed(means)})
	}
	for i, s := range all {
		if f := o.compare(t, s, m); f != equal {
			return f, all[i : i+1]
		}
	}
	return equal, all
}

// compare compares one of the things that a mutant and the original mean.
func (o *original) compare(t *testing.T, s sides, m mutant) fate {
	c, err := sem.Compare(s[0], s[1], o.scope())
	var bound *sem.Unproved
	switch {
	case errors.As(err, &bound):
		return unproved
	case err != nil:
		t.Errorf("%s: %v", m, err)
		return unproved
	case c.Equal():
		return equal
	}
	shown, err := c.More(1) // which holds the witness to the reference evaluator
	if err == nil && len(shown) == 0 {
		shown, err = c.Less(1)
	}
	if err != nil || len(shown) == 0 {
		t.Errorf("%s: different without a witness: %v", m, err)
	}
	return different
}

// seed is a number for a mutant, whatever other mutants there are.
func (o *original) seed(m mutant) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, o.name, m)
	return h.Sum64()
}

// judge counts what becomes of a mutant; it fails the test where one survives.
func (o *original) judge(t *testing.T, meant sem.Policy, documents []map[string]any, m mutant, total *score) {
	outcome, all := o.try(t, meant, documents, m)
	var told sample
	decided := 0
	trial := outcome == different && o.seed(m)/someMutants%trials == 0
	if outcome == equal || trial {
		for i := 0; i < len(all) && !told.apart; i++ {
			told = newSampler(o.seed(m), all[i][0], all[i][1], o.scope()).tell()
			decided += told.decided
		}
	}
	total.mu.Lock()
	defer total.mu.Unlock()
	switch outcome {
	case refused:
		total.refused++
	case unproved:
		total.unproved++
	case different:
		total.different++
		if trial {
			total.tried++
		}
		if told.apart {
			total.told++
		}
	case equal:
		if told.apart {
			total.survived++
			t.Errorf("%s survived: %s: the original has it %s, the mutant %s\n%+v", m, told.flow.Text(&o.inventory),
				sem.Decide(told.between[0], told.flow).Outcome, sem.Decide(told.between[1], told.flow).Outcome, told.flow)
			return
		}
		total.flows += decided
		total.equivalent = append(total.equivalent, fmt.Sprintf("%s\t%s\t%s\t%s\n", documents[m.document]["kind"], shape(m.path), o.name, m))
	}
}
