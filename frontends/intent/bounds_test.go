package intent

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/portolan-dev/portolan/ir/diag"
)

// TestBounds gives inputs that would exhaust time, memory or the stack.
func TestBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes as long as the bounds allow")
	}
	repeat := strings.Repeat
	lines := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+"\n", i, i+1)
		}
		return b.String()
	}
	rule := "allow \"x\" {\n from = [cluster]\n to = [world]\n tcp = local.x\n}\n"
	for _, x := range []struct {
		name, text string
		code       diag.Code
	}{
		{"lists in lists", "locals { x = " + repeat("[", 1e6), diag.TooLarge},
		{"parentheses", "locals { x = " + repeat("(", 1e6) + "1" + repeat(")", 1e6) + " }", diag.TooLarge},
		{"blocks in blocks", repeat("namespace \"x\" {\n", 1e5), diag.TooLarge},
		{"templates in templates", "locals { x = " + repeat(`"${`, 1e5) + "1" + repeat(`}"`, 1e5) + " }", diag.TooLarge},
		{"directives", "locals { x = \"" + repeat("%{ if true }", 1e5) + "\" }", diag.TooLarge},
		{"directives in a here-document", "locals {\n x = <<EOT\n" + repeat("%{ if true }", 1e5) + "\nEOT\n}", diag.TooLarge},
		{"not", "locals { x = " + repeat("!", 1e6) + "true }", diag.TooLarge},
		{"minus", "locals { x = " + repeat("- ", 1e6) + "1 }", diag.TooLarge},
		{"sum", "locals { x = " + repeat("1+", 1e6) + "1 }", diag.TooLarge},
		{"sum over lines", "locals { x = (" + repeat("1\n+", 1e6) + "1) }", diag.TooLarge},
		{"conditions", "locals { x = " + repeat("true ? 1 : ", 1e5) + "1 }", diag.TooLarge},
		{"indices", "locals { x = y" + repeat("[0]", 1e5) + " }", diag.TooLarge},
		{"calls", "locals { x = " + repeat("upper(", 1e5) + " }", diag.TooLarge},
		{"brackets in a comment that is none", "locals { x = \"/*\" + " + repeat("[", 1e5) + "/* */ }", diag.TooLarge},
		{"JSON arrays", `{"a": ` + repeat("[", 1e6), diag.TooLarge},
		{"a JSON template", `{"locals": {"x": "${` + repeat("[", 1e5) + `}"}}`, diag.TooLarge},
		{"doubling strings", "locals {\n a0 = \"0123456789\"\n" + lines(60, "a%[2]d = \"${local.a%[1]d}${local.a%[1]d}\"") + "x = local.a60\n}\n" + rule, diag.TooLarge},
		{"doubling lists", "locals {\n a0 = [1]\n" + lines(60, "a%[2]d = [local.a%[1]d, local.a%[1]d]") + "x = local.a60\n}\n" + rule, diag.TooLarge},
		{"doubling numbers", "locals {\n a0 = 1e300\n" + lines(60, "a%[2]d = local.a%[1]d * local.a%[1]d") + "x = [local.a60]\n}\n" + rule, diag.TooLarge},
		{"many templates", "locals {\n a = \"" + repeat("x", 1e6) + "\"\n b = \"" + repeat("${local.a}", 1e4) + "\"\n x = [local.b]\n}\n" + rule, diag.TooLarge},
		{"loops in loops", "locals {\n a = range(1000)\n x = [for a in local.a : [for b in local.a : [for c in local.a : [for d in local.a : 1]]]]\n}\n" + rule, diag.TooLarge},
		{"loops that keep nothing", "locals {\n a = range(1000)\n x = [for a in local.a : 1 if length([for b in local.a : 1 if length([for c in local.a : 1 if length([for d in local.a : 1]) > 0]) > 0]) > 0]\n}\n" + rule, diag.TooLarge},
		{"products", "locals {\n a = range(1000)\n x = setproduct(local.a, local.a, local.a)\n}\n" + rule, diag.BadExpression},
		{"joining", "locals {\n a = \"" + repeat("x", 1e5) + "\"\n x = [join(local.a, range(1000))]\n}\n" + rule, diag.BadExpression},
		{"formats", "locals { x = [format(\"%9999999999d\", 1)] }\n" + rule, diag.BadExpression},
		{"formats of lists", "locals {\n a = \"" + repeat("x", 1e5) + "\"\n x = formatlist(local.a, range(1000))\n}\n" + rule, diag.BadExpression},
		{"indenting", "locals { x = [indent(1000000000, \"a\\nb\")] }\n" + rule, diag.BadExpression},
		{"replacing", "locals {\n a = \"" + repeat("x", 1e5) + "\"\n x = [replace(local.a, \"\", local.a)]\n}\n" + rule, diag.BadExpression},
		{"replacing by expression", "locals {\n a = \"" + repeat("x", 1e5) + "\"\n x = [replace(local.a, \"/x/\", local.a)]\n}\n" + rule, diag.BadExpression},
		{"replacing with groups", "locals {\n a = \"" + repeat("x", 1e4) + "\"\n x = [replace(local.a, \"/.*/\", \"" + repeat("$0", 1e4) + "\")]\n}\n" + rule, diag.BadExpression},
		{"a huge number", "locals { x = [1e1000000000] }\n" + rule, diag.TooLarge},
		{"a list that is too long", "locals {\n a = range(1000)\n x = flatten([for a in local.a : local.a])\n}\n" + rule, diag.TooLarge},
		{"a chain of locals", "locals {\n a0 = 80\n" + lines(2000, "a%[2]d = local.a%[1]d") + "x = [local.a2000]\n}\n" + rule, diag.TooLarge},
		{"a chain of groups", lines(2000, "group \"g%d\" { members = [g%d] }") + "group \"g2000\" { members = [cluster] }\nallow g0 to world {}", diag.TooLarge},
		{"for_each", "namespace \"x\" {\n for_each = toset([for i in range(100) : [for j in range(101) : \"${i}-${j}\"]]...)\n}", diag.BadExpression},
		{"elements", "locals { a = range(101) }\nnamespace \"x\" {\n for_each = toset(flatten([for i in local.a : [for j in local.a : \"${i}-${j}\"]]))\n}", diag.TooLarge},
		{"elements with blocks", "locals { a = range(90) }\nnamespace \"x\" {\n for_each = toset(flatten([for i in local.a : [for j in local.a : \"${i}-${j}\"]]))\n" + lines(100, "workload \"w%d-%d\" { service_account = \"x\" }") + "}", diag.TooLarge},
		{"peers of elements", "locals { a = range(90) }\nnamespace \"x\" {\n for_each = toset(flatten([for i in local.a : [for j in local.a : \"${i}-${j}\"]]))\n}\n" + lines(100, "allow x to world { name = \"r%d-%d\" }"), diag.TooLarge},
		{"long lists in many rules", "locals {\n a = range(1000)\n x = flatten([for i in range(90) : local.a])\n}\n" + lines(100, "allow \"r%d-%d\" {\n from = [cluster]\n to = [world]\n icmp = local.x\n}"), diag.TooLarge},
		{"unknown names", lines(20000, "allow \"nobody-%d\" to \"somebody-%d\" {}"), diag.UnknownName},
	} {
		t.Run(x.name, func(t *testing.T) {
			start := time.Now()
			c, diags := loadText(t, x.text, Options{})
			if c == nil {
				t.Fatal("no Config")
			}
			found := false
			for _, d := range diags {
				found = found || d.Code == x.code
			}
			if !found {
				t.Errorf("no %s in %.3v", x.code, diags)
			}
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// What people write is far from the bounds.
func TestNoBounds(t *testing.T) {
	load(t, "namespace \"x\" {\n description = \""+strings.Repeat("a-b/c [(!? ", 5000)+"\"\n} /* "+strings.Repeat("[", 1000)+" */ # "+strings.Repeat("[", 1000)+"\n// "+strings.Repeat("(", 1000)+"\n")
	var b strings.Builder
	b.WriteString("external \"x\" { cidrs = [\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "  \"10.%d.%d.0/24\",\n", i/256, i%256)
	}
	b.WriteString("] }\nallow x to cluster {}\n")
	load(t, b.String())
	c, diags := loadText(t, `{"namespace": {"x": {"description": "`+strings.Repeat("a-b/c [(!? $${", 5000)+`"}}}`, Options{})
	if len(diags) != 0 || len(c.Namespaces) != 1 {
		t.Error(diags)
	}
}

func TestFileBounds(t *testing.T) {
	big := bytes.Repeat([]byte("# x\n"), maxFileSize/4+1)
	_, diags := loadText(t, string(big), Options{})
	if len(diags) != 1 || diags[0].Code != diag.TooLarge {
		t.Error(diags)
	}
	files := map[string]string{}
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("%d.portolan.hcl", i)] = ""
	}
	_, _, diags = Load([]string{write(t, files)}, Options{})
	if len(diags) != 1 || diags[0].Code != diag.TooLarge {
		t.Error(diags)
	}
}

// lexedDepth gives the nesting of brackets as the lexer of HCL sees it.
func lexedDepth(src []byte) int {
	tokens, _ := hclsyntax.LexConfig(src, "x", hcl.InitialPos)
	var open []byte
	most := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open = append(open, '{')
		case hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			open = append(open, '[')
		case hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			if n := len(open); n > 0 && open[n-1] == '[' {
				open = open[:n-1]
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
			i := bytes.LastIndexByte(open, '{')
			open = open[:max(i, 0)]
		}
		most = max(most, len(open))
	}
	return most
}

// FuzzDepth demands that the scanner of depth never sees less nesting than the
// parser will: were it so, an input could overflow the parser's stack.
func FuzzDepth(f *testing.F) {
	for _, s := range []string{"a = \"${[\n", "a = <<EOT\n${[}\nEOT\n", "/* [ */ a = [", "a = \"\\\"[\" [", "a = \"%{ if [", "a = <<-E\n E\n[", "# [\n[", "a = <<E T\n[", "a = \"$${[\"", "a = 1 << [\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if bytes.IndexByte(src, 0) >= 0 || len(src) > 200 || !utf8.Valid(src) {
			return
		}
		// Repeating the input multiplies nesting that only one of them sees.
		many := bytes.Repeat(src, maxNesting+100)
		if _, what := tooDeep(many, false); what == "" {
			if depth := lexedDepth(many); depth > maxNesting {
				t.Errorf("%q, repeated, has %d brackets in each other and is let through", src, depth)
			}
		}
	})
}
