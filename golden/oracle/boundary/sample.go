package boundary

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp/syntax"
	"slices"
	"strings"
)

// wordIn is a text that fits a pattern with stars in it.
func wordIn(pattern string) string { return wild.Replace(pattern) }

// wild has a word for each wildcard: those of Istio's templates, and stars.
var wild = strings.NewReplacer("{**}", "x/y", "{*}", "x", "**", "x", "*", "x")

// samples gives texts that fit a pattern, read as one with stars and, where it
// can be one, as a regular expression: the shortest, and one with each optional
// part.
func samples(pattern string) []string {
	out := []string{wordIn(pattern)}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return out
	}
	for _, full := range []bool{false, true} {
		if text := sample(re, full); len(text) < maxSample {
			out = append(out, text)
		}
	}
	return slices.Compact(out)
}

// maxSample bounds samples: a{1000} has only long ones.
const maxSample = 200

// sample gives a text that an expression matches, with or without its optional
// parts.
func sample(re *syntax.Regexp, full bool) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			return string(max(re.Rune[0], min('0', re.Rune[1])))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus:
		return sample(re.Sub[0], full)
	case syntax.OpStar, syntax.OpQuest:
		if full {
			return sample(re.Sub[0], full)
		}
	case syntax.OpRepeat:
		return strings.Repeat(sample(re.Sub[0], full), min(max(re.Min, 1), maxSample))
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sample(sub, full))
		}
		return b.String()
	case syntax.OpAlternate:
		if full {
			return sample(re.Sub[len(re.Sub)-1], full)
		}
		return sample(re.Sub[0], full)
	}
	return ""
}

// tidy puts every list in order, each word once.
func (w *Words) tidy() {
	w.Ports = slices.DeleteFunc(w.Ports, func(p uint16) bool { return p == 0 }) // a word for every port
	tidy(&w.Ports, cmp.Compare)
	tidy(&w.Protocols, cmp.Compare)
	for _, list := range []*[]string{&w.PortNames, &w.Namespaces, &w.Accounts, &w.Names, &w.ServerNames, &w.Methods, &w.Targets, &w.Hosts,
		&w.Tokens.Issuers, &w.Tokens.Subjects, &w.Tokens.Audiences} {
		tidy(list, strings.Compare)
	}
	tidy(&w.ICMP, func(a, b Message) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Code, b.Code)) })
	tidy(&w.Blocks, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	for _, list := range []*[]map[string]string{&w.Pods, &w.NamespaceLabels, &w.Nodes} {
		slices.SortFunc(*list, func(a, b map[string]string) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		*list = slices.CompactFunc(*list, maps.Equal)
	}
	for name, values := range w.Headers {
		tidy(&values, strings.Compare)
		w.Headers[name] = values
	}
}

func tidy[T comparable](list *[]T, compare func(a, b T) int) {
	slices.SortFunc(*list, compare)
	*list = slices.Compact(*list)
}

// With gives the words of both.
func (w *Words) With(o *Words) *Words {
	out := &Words{
		Ports: slices.Concat(w.Ports, o.Ports), PortNames: slices.Concat(w.PortNames, o.PortNames), Protocols: slices.Concat(w.Protocols, o.Protocols),
		ICMP: slices.Concat(w.ICMP, o.ICMP), Blocks: slices.Concat(w.Blocks, o.Blocks), Namespaces: slices.Concat(w.Namespaces, o.Namespaces),
		Accounts: slices.Concat(w.Accounts, o.Accounts), Pods: slices.Concat(w.Pods, o.Pods),
		NamespaceLabels: slices.Concat(w.NamespaceLabels, o.NamespaceLabels), Nodes: slices.Concat(w.Nodes, o.Nodes),
		Names: slices.Concat(w.Names, o.Names), ServerNames: slices.Concat(w.ServerNames, o.ServerNames),
		Methods: slices.Concat(w.Methods, o.Methods), Targets: slices.Concat(w.Targets, o.Targets), Hosts: slices.Concat(w.Hosts, o.Hosts),
		Headers: map[string][]string{},
		Tokens: Tokens{
			Issuers: slices.Concat(w.Tokens.Issuers, o.Tokens.Issuers), Subjects: slices.Concat(w.Tokens.Subjects, o.Tokens.Subjects),
			Audiences: slices.Concat(w.Tokens.Audiences, o.Tokens.Audiences), Claims: map[string]any{},
		},
	}
	for _, from := range []*Words{w, o} {
		for name, values := range from.Headers {
			out.Headers[name] = append(out.Headers[name], values...)
		}
		maps.Copy(out.Tokens.Claims, from.Tokens.Claims)
	}
	out.tidy()
	return out
}

// sorted gives the keys of a table in order.
func sorted[V any](table map[string]V) []string { return slices.Sorted(maps.Keys(table)) }
