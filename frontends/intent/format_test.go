package intent

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func TestFormat(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"only blank lines", "\n\n\n", ""},
		{"canonical stays", "allow a to b { tcp = [80] }\n", "allow a to b { tcp = [80] }\n"},
		{"spaces and indentation", "namespace  \"shop\"{\nworkload \"web\" {\nlabels={a=\"b\"}\n  }\n}", "namespace \"shop\" {\n  workload \"web\" {\n    labels = { a = \"b\" }\n  }\n}\n"},
		{"alignment", "external \"x\" {\n  cidrs = [\"192.0.2.0/24\"]\n  description = \"x\" # why\n}\n", "external \"x\" {\n  cidrs       = [\"192.0.2.0/24\"]\n  description = \"x\" # why\n}\n"},
		{"one blank line at most", "\n\n# top\n\n\n\nlocals {\n\n  a = 1\n\n\n  b = 2\n\n}\n\n\n", "# top\n\nlocals {\n  a = 1\n\n  b = 2\n}\n"},
		{"comments stay", "// a  \n/* b\n\n\n   c */\nlocals { # d\t\n  a = 1 # e\n  # f\n}\n# g", "// a\n/* b\n\n\n   c */\nlocals { # d\n  a = 1  # e\n  # f\n}\n# g\n"},
		{"here-documents stay", "locals {\n  a = <<EOT\n  x  \n\n\n\n   y\nEOT\n  b=1\n}\n", "locals {\n  a = <<EOT\n  x  \n\n\n\n   y\nEOT\n  b = 1\n}\n"},
		{"a list over lines", "locals {\n  a = [\n\n    1,\n\n\n    2,\n\n  ]\n}\n", "locals {\n  a = [\n    1,\n\n    2,\n  ]\n}\n"},
		{"carriage returns", "locals {\r\na=1   \r\n\r\n\r\nb=2 # x \r\n}\r\n", "locals {\r\n  a = 1\r\n\r\n  b = 2 # x\r\n}\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, diags := Format("a.portolan.hcl", []byte(tt.in))
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if string(got) != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
			checkFormat(t, []byte(tt.in))
		})
	}
}

func TestFormatKeepsWhatItCannotRead(t *testing.T) {
	broken := "allow a to b { tcp = [80"
	got, diags := Format("a.portolan.hcl", []byte(broken))
	if string(got) != broken || !diags.HasErrors() {
		t.Errorf("got %q and %v", got, diags)
	}
	json := `{ "locals": {"a":1}}`
	for _, name := range []string{"a.portolan.hcl.json", stdinName} {
		if got, diags := Format(name, []byte(json)); string(got) != json || len(diags) > 0 {
			t.Errorf("%s: got %q and %v", name, got, diags)
		}
	}
}

// checkFormat makes sure that formatting is stable and keeps every token.
func checkFormat(t *testing.T, src []byte) {
	t.Helper()
	once, diags := Format("a.portolan.hcl", src)
	if len(diags) > 0 {
		return
	}
	twice, diags := Format("a.portolan.hcl", once)
	if len(diags) > 0 || !bytes.Equal(once, twice) {
		t.Errorf("formatting again gives %v and changes\n%q\nto\n%q", diags, once, twice)
	}
	if a, b := significant(src), significant(once); a != b {
		t.Errorf("the tokens changed from\n%s\nto\n%s", a, b)
	}
}

// significant is the text's tokens without what formatting may change.
func significant(src []byte) string {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	var b strings.Builder
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenEOF:
		case hclsyntax.TokenComment:
			b.WriteString(strings.TrimRight(string(t.Bytes), " \t\r\n") + "\n")
		default:
			b.Write(t.Bytes)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestFormatCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../golden/*/*/*.portolan.hcl")
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		checkFormat(t, src)
	}
}

func FuzzFormat(f *testing.F) {
	for _, seed := range []string{
		"namespace \"shop\" {\nworkload \"web\" { labels = {a=\"b\"} }\n\n\n  allow web to web { tcp = [80] } # c\n}\n",
		"locals {\n  a = <<-EOT\n   x ${ 1 +\n\n 2 }\n  EOT\n}\n",
		"a = [\n\n1, # x\n\n]\n/* y */ b = c ? d : -e\n",
		"a = { b = 1, \"c\" = [for x in y : x if x != \"\"] }\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) { checkFormat(t, src) })
}
