// Package conformance holds Portolan to the engines, in three checks of each
// family of formats:
//
//   - acceptance: the vendor's validation takes all that Portolan emits;
//   - agreement: a manifest means to the engine what the frontend reads in it;
//   - translation: what an intent is rendered to does in the engine what the
//     intent says, without a frontend of Portolan's between them.
//
// A verdict of Portolan's that is unknown, and one that an engine's code at hand
// does not give, are counted apart and never as agreement.
package conformance

import (
	"flag"
	"io"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Family is a family of formats, and what the checks need to have of it.
type Family struct {
	Name     string // of its folders in golden/manifests and in this module
	Engine   oracle.Engine
	Profiles []string // that are tried, as --to takes them; the engine is of the newest version that each is of
	Draw     func(*rapid.T) []oracle.Document
	Argued   []oracle.Argued
	Dialect  random.Dialect
	Proved   bool // the proof refuses nothing of what its backend renders of the dialect
}

// profiles gives the family's profiles.
func (f *Family) profiles(t failer) []profile.Profile {
	t.Helper()
	var out []profile.Profile
	for _, text := range f.Profiles {
		p, err := profile.Parse(text)
		if err != nil {
			t.Fatalf("%v", err)
		}
		out = append(out, p)
	}
	return out
}

// engines is those of Portolan's engines that the family's decides for.
func (f *Family) engines(t failer) map[profile.Engine]profile.Profile {
	out := map[profile.Engine]profile.Profile{}
	for _, p := range f.profiles(t) {
		out[p.Engine] = p
	}
	return out
}

// Checks runs every check of the family for a number of random programs each,
// and adds what it counts to the board. An engine that is a program of its own is
// ended then.
func Checks(t *testing.T, f *Family, programs int, board *Scoreboard) {
	if c, is := f.Engine.(io.Closer); is {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("acceptance", func(t *testing.T) { Acceptance(t, f, board) })
	t.Run("agreement", func(t *testing.T) { Agreement(t, f, programs, board) })
	t.Run("translation", func(t *testing.T) { Translation(t, f, programs, board) })
}

// drawing guards rapid's settings, which are flags.
var drawing sync.Once

// draws runs a check on a number of random cases, the same in all of a run. rapid
// prints the seed of one that fails, and shrinks it.
func draws(t *testing.T, n int, check func(*rapid.T)) {
	t.Helper()
	drawing.Do(func() {
		for name, value := range map[string]string{"rapid.checks": strconv.Itoa(n), "rapid.nofailfile": "true"} {
			if err := flag.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
	})
	rapid.Check(t, check)
}
