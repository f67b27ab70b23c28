package docs

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/frontends/intent"
)

// Language is the reference of every block and argument of the language.
func Language() string {
	var b strings.Builder
	root := intent.Schema()
	fmt.Fprintf(&b, "A configuration is %s. At its top level stand:\n\n", root.Doc)
	list(&b, root)
	rules := false
	for _, s := range root.Blocks {
		if isRule(s) {
			rules = true
			continue
		}
		block(&b, s, "")
	}
	if rules {
		ruleSection(&b, root)
	}
	return b.String()
}

var ruleBlocks = []string{"allow", "deny", "pass", "log"}

func isRule(s *intent.Spec) bool {
	for _, name := range ruleBlocks {
		if s.Name == name {
			return true
		}
	}
	return false
}

// list names the blocks of a block, rules last.
func list(b *strings.Builder, s *intent.Spec) {
	var rules []string
	for _, inner := range s.Blocks {
		if isRule(inner) {
			rules = append(rules, "[`"+inner.Name+"`](#rules)")
			continue
		}
		fmt.Fprintf(b, "- [`%s`](#%s): %s\n", inner.Name, anchor(inner), inner.Doc)
	}
	if rules != nil {
		fmt.Fprintf(b, "- %s: rules\n", strings.Join(rules, ", "))
	}
}

// anchor is what GitHub makes of a block's heading.
func anchor(s *intent.Spec) string { return strings.ReplaceAll(s.Name, " ", "-") }

// block writes a block's section and those of the blocks that only it has.
func block(b *strings.Builder, s *intent.Spec, within string) {
	title := "`" + s.Name + "`"
	if within != "" {
		title += " in " + within
	}
	fmt.Fprintf(b, "\n## %s\n\n", title)
	header := s.Name
	if s.Label != "" {
		header += " <" + s.Label + ">"
	}
	fmt.Fprintf(b, "`%s { ... }`: %s.\n", header, s.Doc)
	if s.Free {
		b.WriteString("\nIts arguments have names of your choice.\n")
	}
	arguments(b, s)
	if len(s.Blocks) > 0 {
		b.WriteString("\nBlocks in it:\n\n")
		list(b, s)
	}
	for _, inner := range s.Blocks {
		if !isRule(inner) && !standsAtTop(inner) {
			block(b, inner, "`"+s.Name+"`")
		}
	}
}

func standsAtTop(s *intent.Spec) bool {
	top, ok := intent.Schema().Block(s.Name)
	return ok && top == s
}

func arguments(b *strings.Builder, s *intent.Spec) {
	if len(s.Args) == 0 {
		return
	}
	b.WriteString("\n| argument | takes | |\n| --- | --- | --- |\n")
	for _, a := range s.Args {
		takes := string(a.Type)
		if a.Type == intent.TypeWord || a.Words != nil {
			words := make([]string, len(a.Words))
			for i, w := range a.Words {
				words[i] = "`" + w + "`"
			}
			if a.Type == intent.TypeWord {
				takes = strings.Join(words, ", ")
			} else {
				takes += ": " + strings.Join(words, ", ")
			}
		}
		doc := a.Doc
		if a.Required {
			doc += " (required)"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", a.Name, cell(takes), cell(doc))
	}
}

// ruleSection writes what the rules of all places have in common, and where
// each may stand.
func ruleSection(b *strings.Builder, root *intent.Spec) {
	b.WriteString("\n## Rules\n\nA rule is `<action> A to B { ... }`, or `<action> name { from = [A] to = [B] ... }` over lines.\n\n| action | | stands in |\n| --- | --- | --- |\n")
	var widest *intent.Spec
	for _, name := range ruleBlocks {
		var places []string
		var spec *intent.Spec
		visit(root, func(s *intent.Spec) {
			if inner, ok := s.Block(name); ok {
				place := "`" + s.Name + "`"
				if s == root {
					place = "the top level"
				}
				places = append(places, place)
				if spec == nil || len(inner.Args) > len(spec.Args) {
					spec = inner
				}
			}
		}, map[*intent.Spec]bool{})
		if spec == nil {
			continue
		}
		if widest == nil || len(spec.Args) > len(widest.Args) {
			widest = spec
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, spec.Doc, strings.Join(places, ", "))
	}
	arguments(b, widest)
}

func visit(s *intent.Spec, f func(*intent.Spec), seen map[*intent.Spec]bool) {
	if seen[s] {
		return
	}
	seen[s] = true
	f(s)
	for _, inner := range s.Blocks {
		visit(inner, f, seen)
	}
}
