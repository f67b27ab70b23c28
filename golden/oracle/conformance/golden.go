package conformance

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// examples is the folder of examples, from here.
const examples = "../../../examples"

// today decides which accepts have run out, as for the golden cases.
var today = time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)

// configurations gives the folders of the golden cases and the examples.
func configurations() ([]string, error) {
	var out []string
	for _, root := range []string{goldens, examples} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() && e.Name() == "oracle" {
				return fs.SkipDir
			}
			if dir := filepath.Dir(path); err == nil && strings.Contains(e.Name(), ".portolan.hcl") && !slices.Contains(out, dir) {
				out = append(out, dir)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// translateGolden is the translation of a golden case for those of its targets
// that are one engine of the family's alone.
func (f *Family) translateGolden(t *testing.T, dir string, board *Scoreboard) {
	cfg, _, diags := intent.Load([]string{dir}, intent.Options{Version: "0.1.0"})
	if diags.HasErrors() {
		return // the case is about what is refused
	}
	var to []string
	if text, err := os.ReadFile(filepath.Join(dir, "targets")); err == nil {
		to = strings.Fields(string(text))
	} else if len(cfg.Targets) == 0 {
		to = f.plain(t)
	}
	targets, diags := pipeline.Targets(cfg, nil, to)
	engines := f.engines(t)
	targets = slices.DeleteFunc(targets, func(x pipeline.Target) bool {
		p := x.Parts[0].Profile
		return len(x.Parts) > 1 || engines[p.Engine].Version != p.Version || p.IsMesh() && losesIdentity(x.Config)
	})
	if diags.HasErrors() || len(targets) == 0 {
		return
	}
	list, diags := pipeline.Render(cfg, targets, pipeline.Options{Now: today, Unproved: true, Strict: true})
	if diags.HasErrors() {
		return
	}
	for i := range list {
		r := &list[i]
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir)+"/"+r.Target.Name, func(t *testing.T) {
			s := Score{Cannot: 1}
			if !r.Refused {
				s = f.translateRendered(t, r, board)
			}
			s.Family, s.Check = f.Name, "translation, golden"
			board.Add(s)
		})
	}
}

// losesIdentity reports that a target accepts that peers are not told apart, so
// that it gets another program than the intent's.
func losesIdentity(t *intent.Target) bool {
	return slices.ContainsFunc(t.Accepts, func(a *intent.Accept) bool {
		return slices.ContainsFunc(a.Lacks, func(lack intent.At[string]) bool { return lack.Value == "identity" })
	})
}

// plain gives the family's engines with nothing stated, as --to takes them.
func (f *Family) plain(t *testing.T) []string {
	var out []string
	for _, p := range f.profiles(t) {
		if name := string(p.Engine); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// translateRendered compares what a target got with the program that it got it
// of, in a cluster that is as the intent states.
func (f *Family) translateRendered(t *testing.T, r *pipeline.Rendered, board *Scoreboard) Score {
	t.Helper()
	out, err := manifest.Stream(r.Objects())
	if err != nil {
		t.Fatal(err)
	}
	docs := oracle.Split(r.Target.Name, out)
	c, err := inhabited(docs, &r.Program.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	words, err := boundary.Collect(docs)
	if err != nil {
		t.Fatal(err)
	}
	p := r.Target.Parts[0].Profile
	x := trial{
		family: f, profile: p, cluster: c, docs: docs, intent: "golden",
		policy: sem.Policy{{Program: r.Program, Scope: pipeline.Scope([]profile.Profile{p}).Scope}},
	}
	flows := slices.DeleteFunc(words.Flows(c, seed(string(out)), flowsOfGolden), func(f oracle.Flow) bool { return forOthers(&f, &r.Program.Inventory) })
	s, differ, err := x.judge(flows, board)
	if err != nil {
		t.Fatalf("%v\n%s", err, x.report(nil))
	}
	if differ != "" {
		t.Error(differ)
	}
	return s
}

// forOthers reports a flow of a waypoint's: what it passes on to the workloads for
// which it decides, and what it is sent for that. Who talks to whom in it, the
// flow from the sender to the workload says.
func forOthers(f *oracle.Flow, inv *ir.Inventory) bool {
	for i := range inv.Workloads {
		ns, behind := inv.Behind(&inv.Workloads[i])
		if behind && f.Protocol == sem.TCP && (f.Source.Namespace == ns.Name && f.Source.Account == ns.Waypoint || f.Authenticated && f.Destination.In(ns.WaypointPods())) {
			return true
		}
	}
	return false
}
