package intent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// largeText is a configuration of about the given number of lines: namespaces
// of ten workloads, and rules between them.
func largeText(lines int) string {
	var b strings.Builder
	for n := range lines / 57 {
		fmt.Fprintf(&b, "namespace \"team-%d\" {\n", n)
		for w := range 10 {
			fmt.Fprintf(&b, "  workload \"w%d\" {\n    labels = { app = \"w%d\", team = \"team-%d\" }\n    ports  = { http = 8080, metrics = 9%03d }\n  }\n", w, w, n, w)
		}
		for w := range 9 {
			fmt.Fprintf(&b, "  allow w%d to w%d { tcp = [8080, \"http\"] }\n", w, w+1)
		}
		if n > 0 {
			fmt.Fprintf(&b, "  allow \"in\" {\n    from = [team-%d.w1, \"team-%d.w2\", pods({ app = \"x\" })]\n    to   = [w1, w2]\n    tcp  = [\"8000-8080\"]\n  }\n", n-1, n-1)
		}
		b.WriteString("}\n\n")
	}
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	text := largeText(50_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, diags := Load([]string{"-"}, Options{Stdin: strings.NewReader(text)}); len(diags) > 0 {
			b.Fatal(diags[0])
		}
	}
}

// BenchmarkParse is the part of BenchmarkLoad that is HCL's.
func BenchmarkParse(b *testing.B) {
	text := []byte(largeText(50_000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		hclsyntax.ParseConfig(text, "x", hcl.InitialPos)
	}
}
