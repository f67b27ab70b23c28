package manifest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

func readText(text string) (Input, diag.List) {
	return ReadFiles([]File{{"a.yaml", []byte(text)}}, Options{})
}

// names gives what was read as "Kind name line".
func names(in Input) []string {
	var out []string
	for i := range in.Documents {
		d := &in.Documents[i]
		out = append(out, fmt.Sprintf("%s %d", d, d.Range.Start.Line))
	}
	return out
}

// found gives diagnostics as "code line:column".
func found(diags diag.List) []string {
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s %d:%d", d.Code, d.Range.Start.Line, d.Range.Start.Column))
	}
	return out
}

const head = "apiVersion: v1\nkind: A\nmetadata: {name: x}\n"

func TestReadFiles(t *testing.T) {
	object := `{"apiVersion":"v1","kind":"A","metadata":{"name":"%s"}}`
	json := func(name string) string { return fmt.Sprintf(object, name) }
	for _, x := range []struct {
		name, text  string
		docs, wrong []string
	}{
		{"nothing", "", nil, nil},
		{"comments", "# x\n---\n# y\n--- # z\n---\n", nil, nil},
		{"null", "null\n---\n~\n", nil, nil},
		{"one", head, []string{"A x 1"}, nil},
		{"stream", "---\n" + json("a") + "\n---\n# c\n" + json("b") + "\n---\n", []string{"A a 2", "A b 5"}, nil},
		{"carriage returns", "---\r\n" + json("a") + "\r\n---\r\n" + json("b"), []string{"A a 2", "A b 4"}, nil},
		{"byte order mark", "\ufeff" + head + "---\n\ufeff" + json("b"), []string{"A x 1"}, []string{"P6003 5:1"}},
		{"JSON stream", json("a") + json("b") + "\n" + json("c"), []string{"A a 1", "A b 1", "A c 2"}, nil},
		{"JSON with tabs", "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"A\"\n}", []string{"A  1"}, nil},
		{"flow mapping", "{apiVersion: v1, kind: A, metadata: {name: x, namespace: shop}}", []string{"A shop/x 1"}, nil},
		{"List", "apiVersion: v1\nkind: List\nitems:\n- " + json("a") + "\n- apiVersion: v1\n  kind: List\n  items:\n  - " + json("b"), []string{"A a 4", "A b 8"}, nil},
		{"typed list", "apiVersion: v1\nkind: AList\nmetadata: {resourceVersion: '1'}\nitems:\n- metadata: {name: a}\n", []string{"A a 5"}, nil},
		{"empty list", "apiVersion: v1\nkind: List\nitems: []\n---\napiVersion: v1\nkind: AList\nitems:\n", nil, nil},
		{"dashes in a block", head + "data: |\n  ---\n  --- x\n", []string{"A x 1"}, nil},
		{"dashes end a block", head + "data: |\n---\n" + json("b"), []string{"A x 1", "A b 6"}, nil},
		{"another document goes on", "a: [\n---\n" + head, []string{"A x 3"}, []string{"P6003 1:1"}},

		{"List without items", "apiVersion: v1\nkind: List\nitem: []", nil, []string{"P6104 1:1", "P6101 3:1"}},
		{"item of List without kind", "apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}}]", nil, []string{"P6006 3:9"}},
		{"text behind dashes", head + "--- " + json("b"), nil, []string{"P6003 4:1"}},
		{"no space behind dashes", head + "---x\n", nil, []string{"P6003 4:1"}},
		{"text behind the end", head + "...\n" + head, nil, []string{"P6003 4:1"}},
		{"lines that only YAML knows", head + "#\u2028---\u2028b: 1", nil, []string{"P6003 4:3"}},
		{"carriage return alone", "# x\r" + head, nil, []string{"P6003 1:4"}},
		{"directive", "%YAML 1.1\n---\n" + head, []string{"A x 3"}, []string{"P6003 1:1"}},
		{"one object twice", head + "---\n" + head, []string{"A x 1", "A x 5"}, []string{"P6007 5:1"}},
		{"versions of one object", "apiVersion: g/v1\nkind: A\nmetadata: {name: x}\n---\napiVersion: g/v2\nkind: A\nmetadata: {name: x, namespace: default}", []string{"A x 1", "A default/x 5"}, []string{"P6007 5:1"}},
		{"other group", "apiVersion: g/v1\nkind: A\nmetadata: {name: x}\n---\n" + head, []string{"A x 1", "A x 5"}, nil},
		{"no kind", "apiVersion: v1\nKind: A\n", nil, []string{"P6006 1:1"}},
		{"null item", "apiVersion: v1\nkind: List\nitems:\n-\n- " + json("a"), []string{"A a 5"}, []string{"P6103 4:2"}},
		{"no object", "- a\n---\nx\n---\n[]", nil, []string{"P6006 1:1", "P6006 3:1", "P6006 5:1"}},
		{"kind is a number", "apiVersion: v1\nkind: 1\n", nil, []string{"P6006 1:1"}},
		{"key twice", head + "spec: 1\nspec: 2\n", nil, []string{"P6005 5:1"}},
		{"key twice in JSON", `{"apiVersion":"v1","kind":"A","kind":"B"}`, nil, []string{"P6005 1:31"}},
		{"key twice by its number", head + "80: 1\n\"80\": 2\n", nil, []string{"P6005 5:1"}},
		{"key twice of many", head + strings.Repeat("a", 30) + ": 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\nk: 1\nl: 1\nm: 1\nq: 1\no: 1\np: 1\nb: 2\n", nil, []string{"P6005 20:1"}},
		{"merge key", head + "a: &a {b: 1}\nc:\n  <<: *a\n", nil, []string{"P6004 6:3"}},
		{"merge key in quotes", head + "\"<<\": {}\n", []string{"A x 1"}, nil},
		{"key that is true", head + "on: 1\n", nil, []string{"P6004 4:1"}},
		{"key that is octal", head + "010: 1\n", nil, []string{"P6004 4:1"}},
		{"key that is null", head + "~: 1\n", nil, []string{"P6004 4:1"}},
		{"key that is a list", head + "[a]: 1\n", nil, []string{"P6004 4:1"}},
		{"tag", head + "a: !x 1\n", nil, []string{"P6004 4:4"}},
		{"tag alone", head + "a: ! 80\n", nil, []string{"P6004 4:4"}},
		{"tag behind an anchor", head + "a: &a ! 80\n", nil, []string{"P6004 4:4"}},
		{"binary", head + "a: !!binary YQ==\n", nil, []string{"P6004 4:4"}},
		{"not a number", head + "a: .nan\n", nil, []string{"P6004 4:4"}},
		{"out of range", `{"apiVersion":"v1","kind":"A","a":1e999}`, nil, []string{"P6004 1:35"}},
		{"null byte", head + "\x00", nil, []string{"P6001 4:1"}},
		{"Latin 1", "# \xe4\n" + head, nil, []string{"P6001 1:3"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			in, diags := readText(x.text)
			if got := names(in); !slices.Equal(got, x.docs) {
				t.Errorf("documents %q, want %q", got, x.docs)
			}
			if got := found(diags); !slices.Equal(got, x.wrong) {
				t.Errorf("diagnostics %q, want %q: %v", got, x.wrong, diags)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes as long as the bounds allow")
	}
	repeat := strings.Repeat
	bomb := head + "a0: &a0 [x]\n"
	for i := range 40 {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	var crossed strings.Builder
	crossed.WriteString(head + "a: [&a é, " + repeat("'é', ", 300_000) + "&b x, " + repeat("*a, *b, ", 100_000) + "]\n")
	var anchors strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&anchors, "k%d: &k%d [x]\n", i, i)
	}
	for _, x := range []struct {
		name, text string
		fine       bool
	}{
		{"aliases", bomb, false},
		{"an alias that holds itself", head + "a: &a [*a, *a]\n", false},
		{"aliases of aliases", head + "a: &a {b: *a}\n", false},
		{"brackets", head + "a: " + repeat("[", 1e6), false},
		{"closed brackets", head + "a: " + repeat("[", 5000) + repeat("]", 5000), false},
		{"dashes", head + "a:\n " + repeat("- ", 9000) + "x", false},
		{"JSON brackets", `{"a": ` + repeat("[", 1e6), false},
		{"closed JSON brackets", `{"a": ` + repeat("[", 5000) + repeat("]", 5000) + "}", false},
		{"commas", head + "a: [" + repeat("1,", maxTokens) + "]", false},
		{"long text", head + "a: " + repeat("x", maxScalar+1), false},
		{"long JSON text", `{"a": "` + repeat("x", maxScalar+1) + `"}`, false},
		{"many values of JSON", `{"a": [` + repeat("1,", maxNodes) + `1]}`, false},
		{"question marks", head + "a: " + repeat("? ", 1e5), false},
		{"aliases back and forth", crossed.String(), true},
		{"anchors", head + anchors.String(), true},
		{"comments", head + repeat("# x\n", 3e5), true},
		{"a long line of JSON", `{"apiVersion":"v1","kind":"List","items":[` + repeat(`{"apiVersion":"v1","kind":"é"},`, 1e5) + `{"apiVersion":"v1","kind":"é"}]}`, true},
		{"empty documents", repeat("---\n", 1e6), true},
		{"documents", repeat("---\napiVersion: v1\nkind: A\n", maxDocuments+2), false},
	} {
		t.Run(x.name, func(t *testing.T) {
			if _, diags := readText(x.text); diags.HasErrors() == x.fine {
				t.Errorf("diagnostics: %.3v", diags)
			}
		})
	}
	_, diags := ReadFiles([]File{{"big", make([]byte, maxFileSize+1)}}, Options{})
	if got := found(diags); !slices.Equal(got, []string{"P6002 0:0"}) {
		t.Error(diags)
	}
}

func TestRead(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write := func(name, text string) string {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	named := func(name string) string { return strings.Replace(head, "x", name, 1) }
	write(filepath.Join(dir, "b.yaml"), named("b"))
	write(filepath.Join(dir, "a/z.yml"), named("z"))
	write(filepath.Join(dir, "a/a.json"), `{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}`)
	write(filepath.Join(dir, "README.md"), "no")
	write(filepath.Join(dir, ".git/x.yaml"), "no")
	write(filepath.Join(dir, ".hidden.yaml"), "no")
	write(filepath.Join(dir, "..data/mounted.yaml"), named("mounted"))
	other := write(filepath.Join(outside, "other.txt"), named("other"))
	for link, to := range map[string]string{"link.yaml": "b.yaml", "loop": ".", "mounted.yaml": "..data/mounted.yaml", "text": "README.md"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	in, diags := Read([]string{dir, filepath.Join(dir, "b.yaml"), "-", other}, Options{Stdin: strings.NewReader(named("stdin"))})
	if got, want := names(in), []string{"A a 1", "A z 1", "A b 1", "A mounted 1", "A stdin 1", "A other 1"}; !slices.Equal(got, want) || len(diags) > 0 {
		t.Errorf("%q, want %q; %v", got, want, diags)
	}
	if text := in.Sources[filepath.Join(dir, "a/z.yml")]; string(text) != named("z") {
		t.Errorf("sources: %q", text)
	}

	if err := os.Symlink(outside, filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.yaml")); err != nil {
		t.Fatal(err)
	}
	_, diags = Read([]string{dir, outside, filepath.Join(dir, "none.yaml")}, Options{})
	for i, want := range []string{"away leads out", "dangling.yaml: no such", "none.yaml: no such", "no manifests in"} {
		if !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
			return d.Code == diag.ManifestUnreadable && strings.Contains(d.Summary, want)
		}) || len(diags) != 4 {
			t.Errorf("%d: no %q in %v", i, want, diags)
		}
	}
}

func TestPositions(t *testing.T) {
	text := "# é\napiVersion: v1\nkind: A\nmetadata: {name: x}\nspec:\n  ü: [\"é\u2028é\", 'a', {b: 80}] # c\n  list:\n  - a: 1\n    b: 2\n"
	in, diags := readText(text)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	spec := in.Documents[0].value(nil, &diags).field("spec")
	items := spec.field("ü").Items()
	for _, x := range []struct {
		v    Value
		path string
		want string
		line int
	}{
		{spec.field("ü"), "spec.ü", "[\"é\u2028é\", 'a', {b: 80}]", 6},
		{items[0], "spec.ü[0]", "\"é\u2028é\"", 6},
		{items[1], "spec.ü[1]", "'a'", 6},
		{items[2].field("b"), "spec.ü[2].b", "80", 6},
		{spec.field("list").Items()[0], "spec.list[0]", "a: 1", 8},
		{spec.field("list").Items()[0].field("b"), "spec.list[0].b", "2", 9},
		{spec.field("list").Items()[0].field("none"), "spec.list[0].none", "a: 1", 8},
		{spec.field("none").field("none"), "spec.none.none", "ü: [\"é\u2028é\", 'a', {b: 80}]", 6},
	} {
		r := x.v.Range()
		if got := text[r.Start.Byte:r.End.Byte]; got != x.want || r.Start.Line != x.line || x.v.Path() != x.path {
			t.Errorf("%s is %q in line %d, want %q of %s in line %d", x.v.Path(), got, r.Start.Line, x.want, x.path, x.line)
		}
	}
	if r := items[1].Range(); r.Start.Column != 14 {
		t.Errorf("column %d", r.Start.Column)
	}
}

// Places in long lines are found by way of an index.
func TestLongLines(t *testing.T) {
	line := strings.Repeat("aé\u2028", 100)
	s := newSource("x", []byte("é\n"+line+"\nb"))
	offset := 0
	for i, r := range []rune(string(s.text)) {
		if got := s.runesBefore(offset); got != i {
			t.Fatalf("%d runes before %d, want %d", got, offset, i)
		}
		if got := s.forward(0, i); got != offset {
			t.Fatalf("rune %d is at %d, want %d", i, got, offset)
		}
		if i > 7 {
			if got := s.forward(len("é\na"), i-3); got != offset {
				t.Fatalf("rune %d is at %d, want %d", i, got, offset)
			}
		}
		offset += len(string(r))
	}
}

func policies(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: policy-%[1]d
  namespace: shop
  annotations:
    example.com/origin: shop/web->db-%[1]d
  labels:
    app.kubernetes.io/managed-by: portolan
spec:
  podSelector:
    matchLabels:
      app: db-%[1]d
  policyTypes:
    - Ingress
    - Egress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: web-%[1]d
          namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: shop
        - ipBlock:
            cidr: 10.0.0.0/8
            except: ["10.1.0.0/16"]
      ports:
        - port: 5432
          protocol: TCP
        - port: 5433
          protocol: TCP
`, i)
	}
	return b.Bytes()
}

func BenchmarkRead(b *testing.B) {
	src := policies(10_000)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		in, diags := ReadFiles([]File{{"x.yaml", src}}, Options{})
		if len(in.Documents) != 10_000 || len(diags) > 0 {
			b.Fatal(len(in.Documents), diags)
		}
	}
}
