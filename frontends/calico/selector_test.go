package calico

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
)

func TestSelectorGrammar(t *testing.T) {
	labels := map[string]string{"a": "x", "in": "x", "k8s-app/b.c": ""}
	for text, want := range map[string]bool{
		"": true, " \t": true, "all()": true, "all( )": true, "!all()": false, "! ! all()": true,
		"a == 'x'": true, `a=="x"`: true, "a == 'y'": false, "b == 'x'": false,
		"a != 'x'": false, "b != 'x'": true, "!a == 'x'": false, "!(b == 'x')": true,
		"has(a)": true, "has( k8s-app/b.c )": true, "!has(b)": true,
		"a in {}": false, "a not in {}": true, "b not in {}": true, "a in {'x',}": true, "a in{'y','x'}": true,
		"a notin {'x'}": false, "b not  in {'x'}": true,
		"a contains ''": true, "b contains ''": false, "a startswith 'x'": true, "a starts with 'y'": false, "a endswith\t'x'": true,
		"in == 'x'": true, "all == 'x'": false, "has != 'x'": true, "global != 'x'": true,
		"b == 'x' || a == 'x' && has(b)": false, "a == 'x' || a == 'x' && has(b)": true,
		"(b == 'x' || a == 'x') && has(a)": true, "a == '\"'": false,
	} {
		s, err := parseSelector(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		l := &lifting{}
		if got := l.selects(s, &netset{labels: labels}) == inside; got != want {
			t.Errorf("%q is %t", text, got)
		}
	}
}

func TestSelectorErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a = 'x'":                 `write "=="`,
		"a == x":                  "quotes",
		"a == 'x":                 "closing quote",
		"a == 'x'\n":              "line's end",
		"a == 'x' b":              "operator or the end",
		"a == 'x' and b == 'y'":   "operator or the end",
		"not a == 'x'":            "character 5",
		"a !in {'x'}":             "==",
		"a":                       "==",
		"has (a)":                 "==",
		"has(a":                   "parenthesis",
		"all(":                    "parenthesis",
		"(a == 'x'":               "parenthesis",
		"a in 'x'":                "{",
		"a in {'x' 'y'}":          "comma",
		"a in {,}":                "quotes",
		"a starts 'x'":            "with",
		"a: 'x'":                  "character 2",
		"&& a == 'x'":             "label",
		"a == 'x' &&":             "the end",
		"a == 'x' & b == 'y'":     "operator or the end",
		"":                        "",
		strings.Repeat("(", 1000): "parentheses",
		strings.Repeat("a", 513):  "characters",
		"has(" + "é" + ")":        "label",
		"!= 'x'":                  "label",
		"a == 'x' || || a == 'x'": "label",
		"global() && a ==":        "quotes",
	} {
		_, err := parseSelector(text)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q", text, err, want)
		}
	}
}

// TestAlternatives bounds what alternatives within alternatives fall into.
func TestAlternatives(t *testing.T) {
	var terms []string
	for i := range 12 {
		k := string(rune('a' + i))
		terms = append(terms, "(a"+k+" == 'x' || b"+k+" == 'x')")
	}
	_, diags := liftText(t, "3.33", `
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a, namespace: a}
spec: {selector: "`+strings.Join(terms, " && ")+`"}`, ir.Inventory{})
	if len(diags) != 1 || !strings.Contains(diags[0].Summary, "1000 alternatives") {
		t.Error(diags)
	}
}
