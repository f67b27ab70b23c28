package intent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir/diag"
)

// scopedRule is a rule between names, some of which are not on every target.
type scopedRule struct {
	action           string
	from, to, except []string
	targets          []string // nil for all
	tier             bool     // stands in the tier
}

// drawScope gives targets, nil for all.
func drawScope(t *rapid.T) []string {
	return rapid.SampledFrom([][]string{nil, {"eu"}, {"us"}, {"eu", "us"}}).Draw(t, "targets")
}

// TestTargetsAreAbsence holds the meaning of blocks with targets, on each target,
// to that of a text without what is not there: the blocks, and their names in the
// lists of others' rules. Where a rule could let more through without a name, it
// demands the error.
func TestTargetsAreAbsence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scope := map[string][]string{}
		for _, name := range []string{"a", "b", "c", "x", "y", "tier"} {
			scope[name] = drawScope(t)
		}
		there := func(name, target string) bool {
			s := scope[strings.TrimSuffix(name, ".w")]
			return s == nil || slices.Contains(s, target)
		}
		names := rapid.SampledFrom([]string{"a", "a.w", "b", "b.w", "c.w", "x", "y"})
		peers := func(least int, what string) []string {
			return rapid.SliceOfNDistinct(names, least, 3, rapid.ID[string]).Draw(t, what)
		}
		var rules []scopedRule
		for range rapid.IntRange(1, 4).Draw(t, "rules") {
			r := scopedRule{
				action: rapid.SampledFrom([]string{"allow", "allow", "deny"}).Draw(t, "action"),
				from:   peers(1, "from"), to: peers(1, "to"), except: peers(0, "except"), targets: drawScope(t), tier: rapid.Bool().Draw(t, "tier"),
			}
			if r.tier && len(r.targets) == 1 && !there("tier", r.targets[0]) {
				r.targets = nil // on no target is an error of its own
			}
			rules = append(rules, r)
		}
		// write gives the text: all of it with "", else what is there on a target,
		// and which rules demand an error there.
		write := func(target string) (text string, refused bool) {
			var b strings.Builder
			block := func(targets []string, format string, args ...any) {
				line := ""
				if target == "" && targets != nil {
					line = "  targets = " + quotedList(targets) + "\n"
				}
				fmt.Fprintf(&b, format+" {\n%s", append(args, line)...)
			}
			for _, n := range []string{"a", "b", "c"} {
				if target == "" || there(n, target) {
					block(scope[n], "namespace %q", n)
					b.WriteString("  workload \"w\" { labels = { app = \"w\" } }\n}\n")
				}
			}
			for i, n := range []string{"x", "y"} {
				if target == "" || there(n, target) {
					block(scope[n], "external %q", n)
					fmt.Fprintf(&b, "  cidrs = [\"192.0.%d.0/24\"]\n}\n", i)
				}
			}
			rule := func(i int, r scopedRule) {
				if target != "" && r.targets != nil && !slices.Contains(r.targets, target) {
					return
				}
				gone := func(list []string) bool {
					return target != "" && slices.ContainsFunc(list, func(n string) bool { return !there(n, target) })
				}
				left := func(list []string) []string {
					return slices.DeleteFunc(slices.Clone(list), func(n string) bool { return target != "" && !there(n, target) })
				}
				refused = refused || r.action == "deny" && (gone(r.from) || gone(r.to)) || r.action == "allow" && gone(r.except)
				if len(left(r.from)) == 0 || len(left(r.to)) == 0 {
					return
				}
				block(r.targets, "%s \"r%d\"", r.action, i)
				fmt.Fprintf(&b, "  from = %s\n  to = %s\n  tcp = [%d]\n", quotedList(left(r.from)), quotedList(left(r.to)), 80+i)
				if except := left(r.except); len(except) > 0 {
					fmt.Fprintf(&b, "  except = %s\n", quotedList(except))
				}
				b.WriteString("}\n")
			}
			if target == "" || there("tier", target) {
				block(scope["tier"], "tier %q", "t")
				b.WriteString("  order = 7\n  default = \"deny\"\n")
				for i, r := range rules {
					if r.tier {
						rule(i, r)
					}
				}
				b.WriteString("}\n")
			}
			for i, r := range rules {
				if !r.tier {
					rule(i, r)
				}
			}
			b.WriteString("target \"eu\" { cni = \"cilium\" }\ntarget \"us\" { cni = \"calico\" }\n")
			return b.String(), refused
		}
		lowered := func(text, target string) (string, diag.List) {
			c, _, diags := Load([]string{"-"}, Options{Stdin: strings.NewReader(text)})
			if diags.HasErrors() {
				t.Fatalf("%v\n%s", diags, text)
			}
			p, diags := Lower(c, c.Targets[slices.IndexFunc(c.Targets, func(x *Target) bool { return x.Name == target })])
			return p.Text(), diags
		}
		all, _ := write("")
		for _, target := range []string{"eu", "us"} {
			text, refused := write(target)
			got, diags := lowered(all, target)
			said := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.NotOnTarget })
			if said != refused {
				t.Fatalf("on %s: refused %v, said %v\n%s%v", target, refused, said, all, diags)
			}
			if want, _ := lowered(text, target); !refused && got != want {
				t.Fatalf("on %s\n%s\nmeans\n%s\nand without what is not there\n%s\nit is\n%s", target, all, got, text, want)
			}
		}
	})
}

// A place that the configuration does not declare has no block with targets,
// even where it is called like a target that has.
func TestTargetsAndEngines(t *testing.T) {
	c := load(t, `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to world { tcp = [443] }
  allow web to office {
    tcp     = [22]
    targets = ["cilium"]
  }
}
external "office" { cidrs = ["192.0.2.0/24"] }
target "cilium" {
  cni = "cilium"
  external "office" { cidrs = ["198.51.100.0/24"] }
}
`)
	for _, x := range []struct {
		on   *Target
		want string // in the program, or "" for no such rule
	}{{c.Targets[0], "198.51.100.0/24"}, {&Target{Name: "cilium", CNI: c.Targets[0].CNI}, ""}, {nil, ""}} {
		p, _ := Lower(c, x.on)
		if text := p.Text(); strings.Contains(text, "tcp 22") != (x.want != "") || !strings.Contains(text, x.want) {
			t.Errorf("%v: want %q\n%s", x.on, x.want, text)
		}
	}
}

// An external that is known by name on some target is no sender on any.
func TestTargetExternalNames(t *testing.T) {
	_, diags := loadText(t, `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "external.office" to web { tcp = [443] }
}
external "office" { cidrs = ["192.0.2.0/24"] }
target "eu" {
  cni = "cilium"
  external "office" { fqdns = ["office.example.com"] }
}
`, Options{})
	if len(diags) != 1 || diags[0].Code != diag.Misplaced {
		t.Errorf("%v", diags)
	}
}
