package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// at gives the range of the first occurrence of part in src.
func at(t *testing.T, src, part string) diag.Range {
	t.Helper()
	i := strings.Index(src, part)
	if i < 0 {
		t.Fatalf("%q is not in the source", part)
	}
	pos := func(i int) diag.Pos {
		line := strings.Count(src[:i], "\n")
		return diag.Pos{Line: line + 1, Column: len([]rune(src[strings.LastIndexByte(src[:i], '\n')+1:i])) + 1, Byte: i}
	}
	return diag.Range{File: "a.hcl", Start: pos(i), End: pos(i + len(part))}
}

func text1(t *testing.T, src string, d diag.Diagnostic, width int) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, New(diag.List{d}, map[string][]byte{"a.hcl": []byte(src)}), Style{Width: width}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	long := `allow a to b { http = ["GET /` + strings.Repeat("x", 300) + `"] }`
	block := "namespace \"shop\" {\n\tworkload \"web\" {\n\n\t\tlabels = {}\n\t}\n}\n"
	tests := []struct {
		name, src, part string
		detail          string
		want            string
	}{
		{
			"one word", "namespace \"shop\" {\n  udpp = [53]\n}\n", "udpp", "Did you mean \"udp\"?",
			`error[P1102]: Wrong.
 --> a.hcl:2:3
  |
2 |   udpp = [53]
  |   ^^^^
  = help: Did you mean "udp"?
`,
		},
		{
			"tabs", "x {\n\ty = 1\t# z\n}", "# z", "",
			`error[P1102]: Wrong.
 --> a.hcl:2:8
  |
2 |     y = 1    # z
  |              ^^^
`,
		},
		{
			"wide and joined runes", "x = \"日本👩‍🚀é\" + y", "y", "",
			"error[P1102]: Wrong.\n --> a.hcl:1:16\n  |\n1 | x = \"日本👩‍🚀é\" + y\n  |                 ^\n",
		},
		{
			"several lines", block, "\tworkload \"web\" {\n\n\t\tlabels = {}\n\t}", "",
			`error[P1102]: Wrong.
 --> a.hcl:2:1
  |
2 |     workload "web" {
  | ^^^^^^^^^^^^^^^^^^^^
3 |
4 |         labels = {}
  |         ^^^^^^^^^^^
5 |     }
  |     ^
`,
		},
		{
			"many lines", "a {\n  b = 1\n  c = 2\n  d = 3\n  e = 4\n}\n", "a {\n  b = 1\n  c = 2\n  d = 3\n  e = 4\n}", "",
			`error[P1102]: Wrong.
 --> a.hcl:1:1
  |
1 | a {
  | ^^^
2 |   b = 1
  |   ^^^^^
3 |   c = 2
  |   ^^^^^
...
6 | }
  | ^
`,
		},
		{
			"a line end", "a = [\n", "\n", "",
			"error[P1102]: Wrong.\n --> a.hcl:1:6\n  |\n1 | a = [\n  |      ^\n",
		},
		{
			"escape sequences", "a = \"\x1b[31m\u202e\"", "a", "",
			"error[P1102]: Wrong.\n --> a.hcl:1:1\n  |\n1 | a = \"\\u{1b}[31m\\u{202e}\"\n  | ^\n",
		},
		{
			"a long line is cut", long, "\"]", "",
			"error[P1102]: Wrong.\n --> a.hcl:1:330\n  |\n1 | …" + strings.Repeat("x", 13) + "\"] }\n  |               ^^\n",
		},
		{
			"prose is wrapped, code is not", "a = 1", "a",
			strings.Repeat("word ", 16) + "end.\n\n  code = [" + strings.Repeat("1, ", 30) + "]",
			"error[P1102]: Wrong.\n --> a.hcl:1:1\n  |\n1 | a = 1\n  | ^\n" +
				"  = help: " + strings.Repeat("word ", 9) + "word\n" +
				"          " + strings.Repeat("word ", 6) + "end.\n\n" +
				"            code = [" + strings.Repeat("1, ", 30) + "]\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := text1(t, tt.src, diag.New(diag.UnknownArgument, at(t, tt.src, tt.part), "Wrong.", tt.detail), 60)
			if got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestTextRelated(t *testing.T) {
	src := strings.Repeat("#\n", 8) + "a = 1\nb = 2\n"
	d := diag.New(diag.UnknownArgument, at(t, src, "a = 1"), "Twice.", "Remove one.")
	d.Address, d.Target = "shop/a->b", "eu"
	d.Relate(at(t, src, "b = 2"), "the other is here")
	want := `error[P1102]: Twice.
  --> a.hcl:9:1
   |
 9 | a = 1
   | ^^^^^
   = note: the other is here
  --> a.hcl:10:1
   |
10 | b = 2
   | -----
   = rule shop/a->b, target eu
   = help: Remove one.
`
	if got := text1(t, src, d, 80); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestNoPlace(t *testing.T) {
	d := diag.New(diag.NoTarget, diag.Range{}, "Nothing to render for.", "")
	if got, want := text1(t, "", d, 80), "error[P3002]: Nothing to render for.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d.Range = diag.Range{File: "gone.hcl", Start: diag.Pos{Line: 7, Column: 2, Byte: 90}}
	if got, want := text1(t, "", d, 80), "error[P3002]: Nothing to render for.\n --> gone.hcl:7:2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWholeFile(t *testing.T) {
	d := diag.New(diag.Unreadable, diag.Range{File: "gone"}, "Cannot read gone.", "")
	if got, want := text1(t, "", d, 80), "error[P1001]: Cannot read gone.\n --> gone\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var b bytes.Buffer
	if err := Short(&b, New(diag.List{d}, nil)); err != nil {
		t.Fatal(err)
	}
	if want := "gone: error: Cannot read gone. [P1001]\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestColor(t *testing.T) {
	var b bytes.Buffer
	d := diag.New(diag.NoTarget, diag.Range{}, "No.", "")
	if err := Text(&b, New(diag.List{d}, nil), Style{Color: true}); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1;31merror[P3002]\x1b[0m\x1b[1m: No.\x1b[0m\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestShortAndJSON(t *testing.T) {
	src := "udpp = <1>\n"
	d := diag.New(diag.UnknownArgument, at(t, src, "udpp"), "No argument\n\"udpp\".", "")
	r := New(diag.List{d}, map[string][]byte{"a.hcl": []byte(src)})
	var b bytes.Buffer
	if err := Short(&b, r); err != nil {
		t.Fatal(err)
	}
	if want := "a.hcl:1:1: error: No argument \"udpp\". [P1102]\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	b.Reset()
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<1>") {
		t.Errorf("the source is escaped: %s", b.String())
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.FormatVersion != FormatVersion || len(back.Diagnostics) != 1 || back.Diagnostics[0].Snippet[0].End != 4 {
		t.Errorf("read back %+v", back)
	}
}

func TestEmptyReportHasAList(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, New(nil, nil)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"diagnostics": []`) {
		t.Errorf("got %s", b.String())
	}
}

func TestSummary(t *testing.T) {
	tests := []struct {
		in   Summary
		want string
	}{
		{Summary{}, "no findings"},
		{Summary{Rules: 1}, "1 rule: no findings"},
		{Summary{Targets: 2, Rules: 14, Objects: 23, Refused: 1, Warnings: 2}, "2 targets, 14 rules -> 23 objects: 1 refused, 2 warnings"},
		{Summary{Errors: 1, Silenced: 3}, "1 error, 3 silenced"},
	}
	for _, tt := range tests {
		if got := tt.in.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// FuzzText makes sure that no place in no text makes a view fail.
func FuzzText(f *testing.F) {
	f.Add("a = 1\n\tb = \"日\"", 3, 9, 1, 50)
	f.Fuzz(func(t *testing.T, src string, start, end, line, width int) {
		d := diag.New(diag.UnknownArgument, diag.Range{
			File: "a.hcl", Start: diag.Pos{Line: max(line, 0), Byte: start}, End: diag.Pos{Line: line, Byte: end},
		}, src, src)
		r := New(diag.List{d}, map[string][]byte{"a.hcl": []byte(src)})
		var b bytes.Buffer
		if err := Text(&b, r, Style{Width: width}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\r\x00") {
			t.Errorf("a control character came through: %q", b.String())
		}
	})
}
