package render

import (
	"io"
	"strings"
	"testing"
)

func TestChanges(t *testing.T) {
	web, db := &Party{Name: "shop/web"}, &Party{Name: "data/d|b"}
	denied := Verdict{Verdict: "denied", Trail: []Step{{At: "ingress of the destination", Action: "deny", By: "default", Name: "data"}}}
	allowed := Verdict{Verdict: "allowed", Trail: []Step{{At: "ingress of the destination", Action: "allow", By: "rule", Name: "web->db"}}}
	flow := "shop/web -> data/d|b tcp/5432"
	some := Changes{Old: "old", New: "new", Left: 3, Changes: []Change{
		{Change: "gained", Source: web, Destination: db, Traffic: "tcp 5432", Marks: []string{"crosses a namespace"}, Least: Difference{Flow: flow, A: denied, B: allowed}},
		{Change: "lost", Source: web, Destination: web, Traffic: "any", Partly: true, Least: Difference{Flow: flow, A: allowed, B: denied, Hangs: []string{"pod_cidrs"}}},
	}}
	none := Changes{Old: "old", New: "new", Equal: true}
	tests := []struct {
		name    string
		write   func(io.Writer, Changes) error
		changes Changes
		want    string
	}{
		{"text", ChangesText, some, `+ shop/web -> data/d|b  tcp 5432   new; crosses a namespace
    such as shop/web -> data/d|b tcp/5432
    before: ingress of the destination: denied: nothing allows it, and data closes this side
    now:    ingress of the destination: allowed by web->db
- shop/web -> shop/web  any   gone; for some of them; hangs on pod_cidrs
    such as shop/web -> data/d|b tcp/5432
    before: ingress of the destination: allowed by web->db
    now:    ingress of the destination: denied: nothing allows it, and data closes this side
1 gained, 1 lost, at least 3 more
`},
		{"text of nothing", ChangesText, none, "same: old and new let the same flows pass\n"},
		{"markdown", ChangesMarkdown, some, "**Flows: 1 gained, 1 lost, at least 3 more.**\n\n" +
			"|  | Source | Destination | Traffic | Note | Before | Now |\n" +
			"| --- | --- | --- | --- | --- | --- | --- |\n" +
			"| + | `shop/web` | `data/d\\|b` | `tcp 5432` | `crosses a namespace` | `ingress of the destination: denied: nothing allows it, and data closes this side` | `ingress of the destination: allowed by web->db` |\n" +
			"| - | `shop/web` | `shop/web` | `any` | `for some of them; hangs on pod_cidrs` | `ingress of the destination: allowed by web->db` | `ingress of the destination: denied: nothing allows it, and data closes this side` |\n"},
		{"markdown of nothing", ChangesMarkdown, none, "**No flow changes.**\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := tt.write(&b, tt.changes); err != nil {
				t.Fatal(err)
			}
			if b.String() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", &b, tt.want)
			}
		})
	}
}
