package calico

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// selectorFunc is a parsed selector over labels.
type selectorFunc func(labels map[string]string) bool

// parseSelector reads a selector, strictly: nothing that Calico's tokenizer and
// parser would not take (libcalico-go/lib/selector), and of what they take only
// the plain forms. It shares no code with what is tested.
func parseSelector(text string) (f selectorFunc, err error) {
	if len(text) > 1024 {
		return nil, fmt.Errorf("%d characters", len(text))
	}
	p := &selectorParser{rest: text}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v in %q", r, text)
		}
	}()
	f = p.or()
	if p.space(); p.rest != "" {
		return nil, fmt.Errorf("%q left of %q", p.rest, text)
	}
	return f, nil
}

type selectorParser struct{ rest string }

func (p *selectorParser) space() { p.rest = strings.TrimLeft(p.rest, " ") }

func (p *selectorParser) eat(token string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *selectorParser) must(token string) {
	if !p.eat(token) {
		panic("no " + token)
	}
}

func (p *selectorParser) or() selectorFunc {
	all := []selectorFunc{p.and()}
	for p.eat("||") {
		all = append(all, p.and())
	}
	return func(l map[string]string) bool {
		return slices.ContainsFunc(all, func(f selectorFunc) bool { return f(l) })
	}
}

func (p *selectorParser) and() selectorFunc {
	all := []selectorFunc{p.primary()}
	for p.eat("&&") {
		all = append(all, p.primary())
	}
	return func(l map[string]string) bool {
		return !slices.ContainsFunc(all, func(f selectorFunc) bool { return !f(l) })
	}
}

var (
	testLabel = regexp.MustCompile(`^[A-Za-z0-9_./-]{1,512}`)
	testValue = regexp.MustCompile(`^'[^'\n]*'`)
)

func (p *selectorParser) label() string {
	p.space()
	l := testLabel.FindString(p.rest)
	if l == "" {
		panic("no label at " + p.rest)
	}
	p.rest = p.rest[len(l):]
	return l
}

func (p *selectorParser) value() string {
	p.space()
	v := testValue.FindString(p.rest)
	if v == "" {
		panic("no value at " + p.rest)
	}
	p.rest = p.rest[len(v):]
	return v[1 : len(v)-1]
}

func (p *selectorParser) values() []string {
	p.must("{")
	v := []string{p.value()}
	for p.eat(",") {
		v = append(v, p.value())
	}
	p.must("}")
	return v
}

func (p *selectorParser) primary() selectorFunc {
	switch {
	case p.eat("!"):
		f := p.primary()
		return func(l map[string]string) bool { return !f(l) }
	case p.eat("("):
		f := p.or()
		p.must(")")
		return f
	case p.eat("all()"):
		return func(map[string]string) bool { return true }
	case p.eat("has("):
		k := p.label()
		p.must(")")
		return func(l map[string]string) bool { _, ok := l[k]; return ok }
	}
	k := p.label()
	var values []string
	negative := false
	switch {
	case p.eat("=="):
		values = []string{p.value()}
	case p.eat("!="):
		values, negative = []string{p.value()}, true
	case p.eat("in "):
		values = p.values()
	case p.eat("not in "):
		values, negative = p.values(), true
	default:
		panic("no operator at " + p.rest)
	}
	return func(l map[string]string) bool {
		v, ok := l[k]
		return (ok && slices.Contains(values, v)) != negative
	}
}

func TestSelectorParser(t *testing.T) {
	labels := map[string]string{"a": "x", "k8s-app/b.c": ""}
	for text, want := range map[string]bool{
		`a == 'x'`: true, `a != 'x'`: false, `b != 'x'`: true, `a in {'y', 'x'}`: true, `b not in {'y'}`: true,
		`has(k8s-app/b.c)`: true, `!has(a)`: false, `(!has(b) || b == 'x') && a == 'x'`: true, `all()`: true,
		`a == 'y' && a == 'x' || has(a)`: true,
	} {
		f, err := parseSelector(text)
		if err != nil || f(labels) != want {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
	for _, text := range []string{"", "a = 'x'", "a == x", "a in {}", "a == 'x'\n", "has (a)", "a == 'x' && ", "a == 'it's'", `a == 'x' b`} {
		if _, err := parseSelector(text); err == nil {
			t.Errorf("%q parses", text)
		}
	}
}
