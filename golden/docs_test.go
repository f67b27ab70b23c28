package golden

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/cmd/portolan/docs"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/diag"
)

// block is a fenced block of HCL or JSON: its info string and its text.
var block = regexp.MustCompile("(?ms)^```((?:hcl|json)[^\n]*)\n(.*?)^```")

// TestExamplesInDocs takes every block of HCL and JSON in the pages that people
// write by hand through Portolan, up to what its targets make of it. A block
// that is no configuration by itself has the info string "hcl fragment".
func TestExamplesInDocs(t *testing.T) {
	for _, page := range []string{"README.md", "docs/language.md", "docs/egress-names.md", "docs/proof.md", "docs/stacks.md", "docs/rollout.md"} {
		src, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(page)))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(src), "\r\n", "\n")
		blocks := block.FindAllStringSubmatchIndex(text, -1)
		if len(blocks) == 0 {
			t.Errorf("%s has no examples", page)
		}
		for _, b := range blocks {
			info, body := text[b[2]:b[3]], text[b[4]:b[5]]
			at := 1 + strings.Count(text[:b[4]], "\n")
			if info == "hcl fragment" {
				continue
			}
			name := filepath.Join(t.TempDir(), "main.portolan.hcl")
			switch info {
			case "hcl":
				if out, _ := intent.Format(name, []byte(body)); string(out) != body {
					t.Errorf("%s:%d: the block is not formatted:\n%s", page, at, lines(string(out), body))
				}
			case "json":
				name += ".json"
			default:
				t.Errorf("%s:%d: a block is hcl, hcl fragment or json, not %q", page, at, info)
				continue
			}
			if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, _, diags := intent.Load([]string{name}, intent.Options{Version: "0.1.0"})
			if !diags.HasErrors() {
				_, more := intent.Lower(cfg, nil)
				diags = append(diags, more...)
				targets, more := pipeline.Targets(cfg, nil, nil)
				if len(cfg.Targets) > 0 {
					diags = append(diags, more...)
				}
				rendered, more := pipeline.Render(cfg, targets, pipeline.Options{Now: today})
				diags = append(diags, more...)
				for _, r := range rendered {
					diags = append(diags, r.Diags...)
				}
			}
			for _, d := range diags {
				if d.Severity <= diag.Warning { // what people copy has no warnings either
					t.Errorf("%s:%d: %s", page, at-1+d.Range.Start.Line, d)
				}
			}
		}
	}
}

// TestCodes demands a page for every code.
func TestCodes(t *testing.T) {
	text := docs.Codes()
	for _, e := range diag.Catalogue() {
		if !strings.Contains(text, "\n### "+string(e.Code)+": ") {
			t.Errorf("%s has no page", e.Code)
		}
	}
}
