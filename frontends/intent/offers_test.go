package intent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir/diag"
)

// sample is one flow: a sender and a pod of namespace shop, which has
// workloads a and b and pods of neither.
type sample struct {
	from, to string
	port     int
}

// openingSketch is an offer or a rule, in terms of the language page.
type openingSketch struct {
	from, to []string
	first    int
	last     int
}

// Who a name means, among the senders and receivers that are looked at. A name
// that is also of senders in shop has them too.
var (
	sendersOf = map[string][]string{
		"cluster": {"shop.a", "shop.b", "shop.-", "jobs.x", "jobs.-", "lost.-"}, "jobs": {"jobs.x", "jobs.-"}, "jobs.x": {"jobs.x"},
		"shop": {"shop.a", "shop.b", "shop.-"}, "shop.a": {"shop.a"}, "world": {"near", "far"}, "office": {"near"},
		"anywhere": {"shop.a", "shop.b", "shop.-", "jobs.x", "jobs.-", "lost.-", "near", "far"},
	}
	receiversOf = map[string][]string{
		"shop": {"a", "b", "-"}, "shop.a": {"a"}, "shop.b": {"b"}, "cluster": {"a", "b", "-"}, "anywhere": {"a", "b", "-"}, "jobs": nil,
	}
)

func (o openingSketch) has(s sample) bool {
	in := func(names []string, of map[string][]string, who string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(of[n], who) })
	}
	return s.port >= o.first && s.port <= o.last && in(o.from, sendersOf, s.from) && in(o.to, receiversOf, s.to)
}

func (o openingSketch) text() string {
	quoted := func(names []string) string { return `["` + strings.Join(names, `", "`) + `"]` }
	return fmt.Sprintf("  from = %s\n  to = %s\n  tcp = [\"%d-%d\"]\n", quoted(o.from), quoted(o.to), o.first, o.last)
}

func drawOpening(t *rapid.T, from, to []string) openingSketch {
	first := rapid.IntRange(1, 6).Draw(t, "first")
	return openingSketch{
		from:  rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 2, rapid.ID[string]).Draw(t, "from"),
		to:    rapid.SliceOfNDistinct(rapid.SampledFrom(to), 1, 2, rapid.ID[string]).Draw(t, "to"),
		first: first, last: rapid.IntRange(first, 8).Draw(t, "last"),
	}
}

// TestOffersBound holds what is reported of a rule to a reading of its own: every
// flow that a rule elsewhere opens of a namespace is one of an offer.
func TestOffersBound(t *testing.T) {
	senders := []string{"cluster", "jobs", "jobs.x", "shop", "shop.a", "world", "office", "anywhere"}
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString("external \"office\" { cidrs = [\"192.0.2.0/24\"] }\nnamespace \"jobs\" {\n  workload \"x\" { labels = { app = \"x\" } }\n}\n")
		b.WriteString("namespace \"shop\" {\n  workload \"a\" { labels = { app = \"a\" } }\n  workload \"b\" { labels = { app = \"b\" } }\n")
		var offers []openingSketch
		for range rapid.IntRange(1, 3).Draw(t, "offers") {
			o := drawOpening(t, senders, []string{"shop", "shop.a", "shop.b"})
			offers = append(offers, o)
			b.WriteString("  offers {\n" + o.text() + "  }\n")
		}
		b.WriteString("}\n")
		rule := drawOpening(t, senders, []string{"shop", "shop.a", "shop.b", "cluster", "anywhere", "jobs"})
		b.WriteString("allow \"r\" {\n" + rule.text() + "}\n")

		beyond := false
		for _, from := range sendersOf["anywhere"] {
			for _, to := range receiversOf["shop"] {
				for port := 1; port <= 8; port++ {
					s := sample{from, to, port}
					beyond = beyond || rule.has(s) && !slices.ContainsFunc(offers, func(o openingSketch) bool { return o.has(s) })
				}
			}
		}
		c, _, diags := Load([]string{"-"}, Options{Stdin: strings.NewReader(b.String())})
		if diags.HasErrors() {
			t.Fatalf("%v\n%s", diags, b.String())
		}
		// The world has nodes and infrastructure beside it, which only anywhere has.
		if slices.Contains(rule.from, "anywhere") && !beyond {
			for _, o := range offers {
				if !slices.Contains(o.from, "anywhere") {
					t.Skip("whether nodes are offered what the rule opens is not looked at")
				}
			}
		}
		_, diags = Lower(c, nil)
		said := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.BeyondOffers })
		if said != beyond {
			t.Fatalf("beyond what is offered: %v, said: %v\n%s%v", beyond, said, b.String(), diags)
		}
	})
}

// What an offer bounds and what not, one rule at a time.
func TestOffers(t *testing.T) {
	const head = `
namespace "shop" {
  %s
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  offers {
    to   = [api]
    from = [cluster]
    tcp  = ["http"]
    http = ["GET /a/**", "POST /b"]
  }
  offers {
    to   = [api]
    icmp = [8]
    udp  = [53]
  }
  allow self to api { tcp = [9999] } # its own rules may open all of it
}
namespace "jobs" {
  workload "x" { labels = { app = "x" } }
  %s
}
`
	for _, x := range []struct {
		rule   string
		beyond bool
	}{
		{`allow x to "shop.api" {` + "\n tcp = [8080]\n http = [\"GET /a/b\"]\n}", false},
		{`allow x to "shop.api" {` + "\n tcp = [\"http\"]\n http = [\"GET /a/**\", \"POST /b\"]\n}", false},
		{`allow x to "shop.api" {` + "\n tcp = [8080]\n http = [\"GET ~/a/[0-9]+\"]\n}", false},
		{`allow x to "shop.api" {` + "\n tcp = [8080]\n http = [\"PUT /b\"]\n}", true},
		{`allow x to "shop.api" {` + "\n tcp = [8080]\n http = [\"GET\"]\n}", true},
		{`allow x to "shop.api" { tcp = [8080] }`, true},
		{`allow x to "shop.api" { udp = [53] }`, false},
		{`allow x to "shop.api" { icmp = ["8/0"] }`, false},
		{`allow x to "shop.api" { icmp = [9] }`, true},
		{`allow x to "shop.api" {}`, true},
		{`allow x to shop { udp = [53] }`, true},
		{`allow self to others { udp = [53] }`, true},
		{`allow x to cluster { tcp = [22] }`, true},
		{`allow "n" {` + "\n from = [x]\n to = [namespaces({ team = \"a\" })]\n tcp = [22]\n}", true},
		{`allow "n" {` + "\n from = [x]\n to = [namespaces({ team = \"b\" })]\n tcp = [22]\n}", false},
		{`allow "n" {` + "\n from = [x]\n to = [cluster]\n except_to = [shop]\n tcp = [22]\n}", false},
		{`allow "n" {` + "\n from = [x]\n to = [shop]\n tcp = [22]\n at = \"source\"\n}", false},
		{`allow "n" {` + "\n from = [x]\n to = [shop]\n tcp = [22]\n at = \"destination\"\n}", true},
		{`allow "n" {` + "\n from = [x]\n to = [shop]\n tcp = [22]\n mode = \"staged\"\n}", true},
		{`deny x to shop {}`, false},
		{"test \"t\" {\n allow x to shop {}\n}", false},
	} {
		for deny, open := range map[string]bool{`labels = { team = "a" }`: false, "default_deny = \"egress\"\n  labels = { team = \"a\" }": true, "managed = false\n  labels = { team = \"a\" }": false} {
			text := fmt.Sprintf(head, deny, x.rule)
			c, diags := loadText(t, text, Options{})
			if diags.HasErrors() {
				t.Fatalf("%v\n%s", diags, text)
			}
			_, diags = Lower(c, nil)
			i := slices.IndexFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.BeyondOffers })
			if (i >= 0) != (x.beyond && !open) {
				t.Errorf("%s, with %s: %v", x.rule, deny, diags)
			}
			nothing := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.OffersNothing })
			if nothing != open {
				t.Errorf("with %s: offers that restrict nobody: %v", deny, nothing)
			}
		}
	}
}
