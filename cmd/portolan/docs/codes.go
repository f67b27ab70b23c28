package docs

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
)

// groups are the codes' groups by their first digit.
var groups = []struct{ prefix, title string }{
	{"P1", "Reading the intent"},
	{"P2", "What the intent means"},
	{"P3", "Targets and what they accept"},
	{"P4", "What a target cannot say"},
	{"P6", "Reading manifests"},
	{"P7", "The proof, and tests"},
}

// Codes is the page of the catalogue of diagnostics.
func Codes() string {
	var b strings.Builder
	for _, g := range groups {
		first := true
		for _, e := range diag.Catalogue() {
			if !strings.HasPrefix(string(e.Code), g.prefix) {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n## %s\n", g.title)
				first = false
			}
			fmt.Fprintf(&b, "\n### %s: %s\n\n*%s.* %s\n", e.Code, e.Title, e.Severity, strings.TrimSpace(e.Text))
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}
