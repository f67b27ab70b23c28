package intent

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// FuzzLoad demands of any text, in either syntax, that reading it ends without
// a panic, twice with the same result, and with every place inside the text.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte(everythingJSON))
	f.Add([]byte("variable\"0\"{default=upper("))
	cases, _ := filepath.Glob("../../golden/errors/*/*.portolan.hcl")
	for _, name := range cases {
		if src, err := os.ReadFile(name); err == nil && !strings.Contains(name, "too-") { // those take long by design
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		read := func() (*Config, diag.List) {
			c, _, diags := Load([]string{"-"}, Options{Stdin: bytes.NewReader(src)})
			return c, diags
		}
		c, diags := read()
		if c == nil {
			t.Fatal("no Config")
		}
		for _, d := range diags {
			if d.Summary == "" {
				t.Errorf("%s has no summary", d.Code)
			}
			if r := d.Range; r.File == "-" && (r.Start.Byte < 0 || r.End.Byte < r.Start.Byte || r.End.Byte > len(src)+1) {
				t.Errorf("%s is outside the text of %d bytes: %+v", d, len(src), r)
			}
		}
		again, diags2 := read()
		if len(diags) != len(diags2) {
			t.Fatalf("%d diagnostics, then %d", len(diags), len(diags2))
		}
		for i := range diags {
			if diags[i].String() != diags2[i].String() || diags[i].Detail != diags2[i].Detail {
				t.Errorf("%s, then %s", diags[i], diags2[i])
			}
		}
		if !diags.HasErrors() {
			compareText(t, show(again), show(c))
			for _, r := range c.Rules {
				if len(r.From) == 0 || len(r.To) == 0 {
					t.Errorf("%s has no peers", r.Address)
				}
			}
		}
	})
}
