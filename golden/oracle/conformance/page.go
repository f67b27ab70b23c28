package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// page is where the scores of the last whole run stand, from the folder of the
// package.
const page = "../../../docs/conformance.md"

// generated is what marks the part of the page that a run writes, which is the
// rest of it.
const generated = "<!-- What follows is written by `make conformance`. -->\n"

// write puts the scores and the argued differences of the families into the page.
// A difference that no flow of the run had is an error.
func (b *Scoreboard) write(families []*Family) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	prose, _, ok := bytes.Cut(text, []byte(generated))
	if !ok {
		return fmt.Errorf("%s has no line %q", page, generated)
	}
	var out strings.Builder
	out.Write(prose)
	fmt.Fprintf(&out, "%s\n## Scores\n\n%s\n## Argued differences\n", generated, b.Table())
	var stale []error
	tell := func(name string, list []oracle.Argued) {
		for _, a := range list {
			n := b.Met(a.Name)
			if n == 0 {
				stale = append(stale, fmt.Errorf("%s: no flow has the argued difference %s: drop it", name, a.Name))
			}
			fmt.Fprintf(&out, "\n**%s** (%s, %d flows): %s\n", a.Name, name, n, a.Reason)
		}
	}
	for _, f := range families {
		tell(f.Name, f.Argued)
	}
	tell("meshes", ofTranslation)
	if stale != nil {
		return errors.Join(stale...)
	}
	return os.WriteFile(page, []byte(out.String()), 0o644)
}
