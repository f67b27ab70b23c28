package intent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Exceptions that double the parts with each of them are refused, whatever they
// are taken out of, in rules and in tests.
func TestNodesHaveABound(t *testing.T) {
	var decls strings.Builder
	var names []string
	for i := range 16 {
		labels := fmt.Sprintf("{ a%d = \"x\", b%d = \"y\" }", i, i)
		fmt.Fprintf(&decls, "nodes \"n%d\" { labels = %s }\nnamespace \"far%d\" {\n  cluster = any\n  workload \"w\" { labels = %s }\n}\n", i, labels, i, labels)
		names = append(names, fmt.Sprintf("n%d", i), fmt.Sprintf("far%d.w", i))
	}
	decls.WriteString("namespace \"shop\" {\n  workload \"web\" { labels = { app = \"web\" } }\n}\nnodes \"all\" { labels = { pool = any } }\nnamespace \"far\" {\n  name    = \"far0\"\n  cluster = any\n}\n")
	for _, from := range []string{"all", "nodes", "anywhere", "far"} {
		rule := fmt.Sprintf("deny \"x\" {\n  from   = [%s]\n  except = [%s]\n  to     = [shop]\n}\n", from, strings.Join(names, ", "))
		for _, text := range []string{rule, "test \"x\" {\n" + rule + "}\n"} {
			c, diags := loadText(t, decls.String()+text, Options{})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			_, low := Lower(c, nil)
			_, said := Assertions(c, nil)
			// Of other clusters' namespaces only one loses pods, and stays small.
			if want := from != "far"; want != slices.ContainsFunc(slices.Concat(low, said), func(d diag.Diagnostic) bool { return d.Code == diag.TooManyParts }) {
				t.Errorf("%s: %t: %v", text, want, slices.Concat(low, said))
			}
		}
	}
}
