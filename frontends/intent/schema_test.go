package intent

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// walkSpecs visits every block of the schema.
func walkSpecs(s *Spec, visit func(*Spec)) {
	visit(s)
	for _, b := range s.Blocks {
		walkSpecs(b, visit)
	}
}

func TestSchema(t *testing.T) {
	walkSpecs(Schema(), func(s *Spec) {
		if s.Doc == "" || s.Name == "" {
			t.Errorf("%q: no doc", s.Name)
		}
		seen := map[string]bool{}
		for _, a := range s.Args {
			if a.Doc == "" || a.Type == "" || seen[a.Name] || !hclsyntax.ValidIdentifier(a.Name) {
				t.Errorf("%s.%s: %+v", s.Name, a.Name, a)
			}
			if a.Type == TypeWord && a.Words == nil {
				t.Errorf("%s.%s has no words", s.Name, a.Name)
			}
			seen[a.Name] = true
		}
		if s != fileSpec && !s.Free && !seen["description"] {
			t.Errorf("%s takes no description", s.Name)
		}
		for _, b := range s.Blocks {
			if seen[b.Name] {
				t.Errorf("%s.%s is a block and an argument", s.Name, b.Name)
			}
		}
	})
}

// Every word that the schema lists has a meaning.
func TestWords(t *testing.T) {
	for _, x := range []struct {
		words []string
		has   func(string) bool
	}{
		{directionWords, func(w string) bool { _, ok := directions[w]; return ok }},
		{mtlsWords, func(w string) bool { _, ok := mtlsModes[w]; return ok }},
		{modeWords, func(w string) bool { _, ok := modes[w]; return ok }},
		{endWords, func(w string) bool { _, ok := ends[w]; return ok }},
		{protocolWords, func(w string) bool { _, ok := protocols[w]; return ok }},
	} {
		for _, w := range x.words {
			if !x.has(w) {
				t.Errorf("%q means nothing", w)
			}
		}
	}
	for name := range builtins {
		if !slices.Contains(builtinNames, name) {
			t.Errorf("%q is not listed", name)
		}
	}
}

// The text that uses everything does use every argument and block.
func TestEverythingIsEverything(t *testing.T) {
	walkSpecs(Schema(), func(s *Spec) {
		if s.Name == "variable" || s.Name == "validation" || s.Name == "locals" {
			return // in other tests
		}
		if s != fileSpec && !strings.Contains(everything, s.Name+" ") {
			t.Errorf("no %s block", s.Name)
		}
		for _, a := range s.Args {
			if a.Name != "description" && a.Name != "for_each" && a.Name != "use" && !strings.Contains(everything, " "+a.Name+" ") {
				t.Errorf("no %s.%s", s.Name, a.Name)
			}
		}
	})
}

// Functions that a reader may look for by another name are there or refused.
func TestFunctions(t *testing.T) {
	for _, x := range []struct{ expr, want string }{
		{`upper("a")`, "A"},
		{`replace("a-b-c", "-", ".")`, "a.b.c"},
		{`replace("a1b22", "/[0-9]+/", "x")`, "axbx"},
		{`join(".", ["a", "b"])`, "a.b"},
		{`format("%s-%02d", "a", 3)`, "a-03"},
		{`join(",", formatlist("%s.x", ["a", "b"]))`, "a.x,b.x"},
		{`trimprefix("abc", "a")`, "bc"},
		{`lookup({ a = "x" }, "b", "y")`, "y"},
		{`join(",", sort(keys(merge({ b = 1 }, { a = 1 }))))`, "a,b"},
		{`tostring(length(setunion(["a"], ["a", "b"])))`, "2"},
		{`tostring(length("abc") + length([1, 2]) + length({ a = 1 }))`, "6"},
		{`startswith("abc", "ab") ? "y" : "n"`, "y"},
		{`endswith("abc", "ab") ? "y" : "n"`, "n"},
		{`strcontains("abc", "b") ? "y" : "n"`, "y"},
		{`indent(2, "a")`, "a"},
		{`tostring(length(setproduct([1, 2], [3])))`, "2"},
		{`<<EOT
a${upper("b")}
EOT
`, "aB\n"},
	} {
		c, diags := loadText(t, "tier \"x\" {\n order = 1\n description = "+x.expr+"\n}\n", Options{})
		if len(diags) != 0 || c.Tiers[0].Description != x.want {
			t.Errorf("%s: %q, want %q %v", x.expr, c.Tiers[0].Description, x.want, diags)
		}
	}
}
