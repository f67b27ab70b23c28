package calico

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// selector is a parsed selector over labels. Every test of one label, negative
// ones too, is a constraint on it, so that a complement is taken by turning the
// tree's words round.
type selector struct {
	op         op
	key        string        // of a test
	constraint ir.Constraint // of a test
	args       []*selector   // of the others
}

type op uint8

const (
	opAll op = iota
	opGlobal
	opTest
	opNot
	opAnd
	opOr
)

// maxNesting bounds parentheses in each other. Nobody writes so many, and the
// parser recurses into them.
const maxNesting = 100

// parseSelector reads Calico's selector language (projectcalico/calico,
// libcalico-go/lib/selector/tokenizer and parser). An empty text selects
// everything. The error says what is wrong at which character.
func parseSelector(text string) (*selector, error) {
	p := &parser{text: text}
	if p.blank(); p.rest() == "" {
		return &selector{op: opAll}, nil
	}
	s, err := p.or(0)
	if err == nil && p.rest() != "" {
		err = p.fail("an operator or the end")
	}
	return s, err
}

// both is the conjunction; nil is no restriction.
func both(a, b *selector) *selector {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &selector{op: opAnd, args: []*selector{a, b}}
}

func not(s *selector) *selector { return &selector{op: opNot, args: []*selector{s}} }

func test(key string, c ir.Constraint) *selector {
	return &selector{op: opTest, key: key, constraint: c}
}

// prefixed is the selector with every label's name behind the prefix under which
// endpoints inherit labels, and with all() read as has(all) where all is given
// (libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go).
func (s *selector) prefixed(prefix, all string) *selector {
	switch s.op {
	case opTest:
		return test(prefix+s.key, s.constraint)
	case opAll:
		if all != "" {
			return test(all, ir.Present())
		}
		return s
	case opGlobal:
		return test(labelNamespace, ir.Absent())
	case opNot, opAnd, opOr:
	}
	out := &selector{op: s.op}
	for _, a := range s.args {
		out.args = append(out.args, a.prefixed(prefix, all))
	}
	return out
}

// hasGlobal reports whether global() stands anywhere in it.
func (s *selector) hasGlobal() bool {
	if s.op == opGlobal {
		return true
	}
	for _, a := range s.args {
		if a.hasGlobal() {
			return true
		}
	}
	return false
}

type parser struct {
	text string
	at   int
}

func (p *parser) rest() string { return p.text[p.at:] }

// blank skips white space, which a line's end is not: Calico refuses it too.
func (p *parser) blank() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// eat takes the word, and the white space behind it, if it comes next.
func (p *parser) eat(word string) bool {
	if !strings.HasPrefix(p.rest(), word) {
		return false
	}
	p.at += len(word)
	p.blank()
	return true
}

func (p *parser) fail(expected string) error {
	found := "the end"
	if rest := p.rest(); rest != "" {
		found = strconv.Quote(rest[:min(len(rest), 20)])
		if rest[0] == '\n' || rest[0] == '\r' {
			found = "a line's end, which selectors must not have"
		}
	}
	return fmt.Errorf("at character %d, expected %s and found %s", p.at+1, expected, found)
}

func (p *parser) or(depth int) (*selector, error)  { return p.list(opOr, "||", p.and, depth) }
func (p *parser) and(depth int) (*selector, error) { return p.list(opAnd, "&&", p.operation, depth) }

func (p *parser) list(o op, word string, next func(int) (*selector, error), depth int) (*selector, error) {
	var args []*selector
	for {
		s, err := next(depth)
		if err != nil {
			return nil, err
		}
		if args = append(args, s); !p.eat(word) {
			break
		}
	}
	if len(args) == 1 {
		return args[0], nil
	}
	return &selector{op: o, args: args}, nil
}

func (p *parser) operation(depth int) (*selector, error) {
	negated := false
	for !strings.HasPrefix(p.rest(), "!=") && p.eat("!") {
		negated = !negated
	}
	s, err := p.primary(depth)
	if err == nil && negated {
		s = not(s)
	}
	return s, err
}

func (p *parser) primary(depth int) (*selector, error) {
	switch {
	case depth == maxNesting:
		return nil, fmt.Errorf("more than %d parentheses in each other", maxNesting)
	case p.eat("("):
		s, err := p.or(depth + 1)
		if err == nil && !p.eat(")") {
			err = p.fail("a closing parenthesis")
		}
		return s, err
	case p.eat("has("):
		key, err := p.label()
		if err == nil && !p.eat(")") {
			err = p.fail("a closing parenthesis")
		}
		return test(key, ir.Present()), err
	case p.eat("all("):
		return p.closed(opAll)
	case p.eat("global("):
		return p.closed(opGlobal)
	}
	key, err := p.label()
	if err != nil {
		return nil, err
	}
	c, err := p.constraint(key)
	return test(key, c), err
}

func (p *parser) closed(o op) (*selector, error) {
	if !p.eat(")") {
		return nil, p.fail("a closing parenthesis")
	}
	return &selector{op: o}, nil
}

// maxKey is the longest name of a label (tokenizer.LabelKeyMatcher).
const maxKey = 512

func (p *parser) label() (string, error) {
	n := strings.IndexFunc(p.rest(), func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_./-", r))
	})
	if n < 0 {
		n = len(p.rest())
	}
	switch {
	case n == 0:
		return "", p.fail("a label, has(), all() or a parenthesis")
	case n > maxKey:
		return "", fmt.Errorf("a label's name has more than %d characters", maxKey)
	}
	key := p.rest()[:n]
	p.eat(key)
	return key, nil
}

// constraint reads what follows a label. "startswith" and "notin" in one word are
// the tokenizer's words too.
func (p *parser) constraint(key string) (ir.Constraint, error) {
	switch {
	case p.eat("=="):
		v, err := p.value()
		return ir.OneOf(v), err
	case p.eat("!="):
		v, err := p.value()
		return ir.NotOneOf(v), err
	case p.eat("="):
		return ir.Constraint{}, errors.New(`a single "=" is no operator: write "=="`)
	case p.eat("contains"):
		return p.pattern(key, "contains", set.Containing)
	case p.eat("starts"):
		return p.pattern(key, "starts with", set.Prefix)
	case p.eat("ends"):
		return p.pattern(key, "ends with", set.Suffix)
	case p.eat("not"):
		if !p.eat("in") {
			return ir.Constraint{}, p.fail(`"in"`)
		}
		v, err := p.values()
		return ir.NotOneOf(v...), err
	case p.eat("in"):
		v, err := p.values()
		return ir.OneOf(v...), err
	}
	return ir.Constraint{}, p.fail("==, !=, in, not in, contains, starts with or ends with")
}

func (p *parser) pattern(key, word string, language func(string) set.Language) (ir.Constraint, error) {
	if word != "contains" && !p.eat("with") {
		return ir.Constraint{}, p.fail(`"with"`)
	}
	v, err := p.value()
	if err != nil {
		return ir.Constraint{}, err
	}
	return ir.Matching(ir.Pattern{Text: key + " " + word + " " + strconv.Quote(v), Language: language(v)}), nil
}

// value reads a text in quotes, which has no escapes.
func (p *parser) value() (string, error) {
	if rest := p.rest(); rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		if v, _, closed := strings.Cut(rest[1:], rest[:1]); closed {
			p.at += len(v) + 2
			p.blank()
			return v, nil
		}
		return "", p.fail("a closing quote")
	}
	return "", p.fail("a value in quotes")
}

// values reads a list, which may be empty and may end in a comma.
func (p *parser) values() ([]string, error) {
	if !p.eat("{") {
		return nil, p.fail("{")
	}
	var out []string
	for !p.eat("}") {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if !p.eat(",") && !strings.HasPrefix(p.rest(), "}") {
			return nil, p.fail("a comma or }")
		}
	}
	return out, nil
}
