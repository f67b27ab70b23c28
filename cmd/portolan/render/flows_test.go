package render

import (
	"io"
	"strings"
	"testing"
)

// sample is flows with everything that a format could trip over.
func sample() Flows {
	web := &Party{Kind: "workload", Name: "shop/web", Namespace: "shop"}
	odd := &Party{Kind: "name", Name: "a|\"`<b>\n#\\x\x1b@me"}
	return Flows{FormatVersion: FormatVersion, Flows: []Connection{
		{web, odd, &Link{Traffic: "tcp 80,443", Clauses: []Clause{{Traffic: "tcp 80,443"}}, Extent: "wholly"}},
		{odd, web, &Link{Traffic: `tcp "pg"`, Clauses: []Clause{{Traffic: `tcp "pg"`}}, Extent: "partly"}},
		{web, web, &Link{Traffic: "any", Clauses: []Clause{{Traffic: "any"}}, Extent: "unknown", Hangs: []string{"pod_cidrs"}}},
	}}
}

func TestFlows(t *testing.T) {
	tests := []struct {
		name  string
		write func(io.Writer, Flows) error
		want  string
	}{
		{"text", FlowsText, "" +
			"shop/web                  ->  a|\"`<b>\\u{a}#\\x\\u{1b}@me  tcp 80,443\n" +
			"a|\"`<b>\\u{a}#\\x\\u{1b}@me  ->  shop/web                  tcp \"pg\"   (for some of them)\n" +
			"shop/web                  ->  shop/web                  any   (unknown: hangs on pod_cidrs)\n"},
		{"csv", FlowsCSV, "" +
			"source,destination,traffic,note\n" +
			"shop/web,\"a|\"\"`<b>\n#\\x\x1b@me\",\"tcp 80,443\",\n" +
			"\"a|\"\"`<b>\n#\\x\x1b@me\",shop/web,\"tcp \"\"pg\"\"\",for some of them\n" +
			"shop/web,shop/web,any,unknown: hangs on pod_cidrs\n"},
		{"markdown", FlowsMarkdown, "" +
			"| Source | Destination | Traffic | Note |\n" +
			"| --- | --- | --- | --- |\n" +
			"| `shop/web` | `` a\\|\"`<b>\\u{a}#\\x\\u{1b}@me `` | `tcp 80,443` |  |\n" +
			"| `` a\\|\"`<b>\\u{a}#\\x\\u{1b}@me `` | `shop/web` | `tcp \"pg\"` | `for some of them` |\n" +
			"| `shop/web` | `shop/web` | `any` | `unknown: hangs on pod_cidrs` |\n"},
		{"mermaid", FlowsMermaid, "" +
			"flowchart LR\n" +
			"  n0[\"shop/web\"]\n" +
			"  n1[\"a#124;#34;#96;#60;b#62;#92;u{a}#35;#92;x#92;u{1b}@me\"]\n" +
			"  n0 -->|\"tcp 80,443\"| n1\n" +
			"  n1 -.->|\"tcp #34;pg#34;\"| n0\n" +
			"  n0 -.->|\"any\"| n0\n"},
		{"dot", FlowsDOT, "" +
			"digraph flows {\n  rankdir=LR;\n  node [shape=box];\n" +
			"  \"shop/web\" -> \"a|\\\"`<b>\\\\u{a}#\\\\x\\\\u{1b}@me\" [label=\"tcp 80,443\"];\n" +
			"  \"a|\\\"`<b>\\\\u{a}#\\\\x\\\\u{1b}@me\" -> \"shop/web\" [label=\"tcp \\\"pg\\\"\", style=dashed];\n" +
			"  \"shop/web\" -> \"shop/web\" [label=\"any\", style=dashed];\n}\n"},
		{"json", func(w io.Writer, f Flows) error { f.Flows = f.Flows[2:]; return Indented(w, f) }, `{
  "format_version": "1.0",
  "flows": [
    {
      "source": {
        "kind": "workload",
        "name": "shop/web",
        "namespace": "shop"
      },
      "destination": {
        "kind": "workload",
        "name": "shop/web",
        "namespace": "shop"
      },
      "traffic": "any",
      "clauses": [
        {
          "traffic": "any"
        }
      ],
      "extent": "unknown",
      "hangs_on": [
        "pod_cidrs"
      ]
    }
  ]
}
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := tt.write(&b, sample()); err != nil {
				t.Fatal(err)
			}
			if b.String() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", &b, tt.want)
			}
		})
	}
}

func TestNoFlows(t *testing.T) {
	for want, write := range map[string]func(io.Writer, Flows) error{"no flows\n": FlowsText, "No flows.\n": FlowsMarkdown} {
		var b strings.Builder
		if err := write(&b, Flows{}); err != nil || b.String() != want {
			t.Errorf("got %q, %v", &b, err)
		}
	}
}

func TestMermaidBudget(t *testing.T) {
	f := sample()
	for len(f.Flows) < 200 {
		f.Flows = append(f.Flows, f.Flows[0])
	}
	var b strings.Builder
	if err := FlowsMermaid(&b, f); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), ">|"); n != 150 || !strings.Contains(b.String(), "  %% 150 of 200 flows are shown\n") {
		t.Errorf("%d edges in\n%s", n, &b)
	}
}

func TestInert(t *testing.T) {
	for _, cell := range []string{"=1+1", "@x", "-1", "+1"} {
		if got := inert(cell); got != "'"+cell {
			t.Errorf("%q became %q", cell, got)
		}
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"":     "",
		"a|b":  "`a\\|b`",
		`a\|b`: "`a\\ \\|b`", // two backslashes would be an escaped one, and the cell's end
		"a`b":  "`` a`b ``",
	} {
		if got := code(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
