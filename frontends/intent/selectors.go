package intent

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// The forms of label keys and values, as the API server validates them
// (k8s.io/apimachinery/pkg/util/validation: IsQualifiedName, IsValidLabelValue).
var (
	labelName   = regexp.MustCompile(`^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$`)
	labelPrefix = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	rfc1123     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	headerName  = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")
)

func checkLabelKey(key string) string {
	prefix, name, ok := strings.Cut(key, "/")
	if !ok {
		name = key
	} else if len(prefix) > 253 || !labelPrefix.MatchString(prefix) {
		return "The part before the slash is a DNS name in lower case, of up to 253 characters."
	}
	if !labelName.MatchString(name) {
		return "A label's name has up to 63 letters, digits, -, _ and ., and begins and ends with a letter or a digit; before it may stand a DNS name and a slash."
	}
	return ""
}

func checkLabelValue(v string) string {
	if v == "" || labelName.MatchString(v) {
		return ""
	}
	return "A label's value is empty, or has up to 63 letters, digits, -, _ and ., and begins and ends with a letter or a digit."
}

func isWord(name string) bool { return name == "any" || name == "absent" }

// selector decodes labels that select. Nothing and null are errors.
func (v value) selector(what string) (ir.Selector, bool) {
	return v.constraints(what, checkLabelKey, checkLabelValue, nil)
}

// headers decodes the headers of a request: like labels, but that names
// compare without case and values may be anything that prints.
func (v value) headers(what string) (ir.Selector, bool) {
	return v.constraints(what, func(key string) string {
		if !headerName.MatchString(key) {
			return "A header's name has letters, digits and some punctuation, no blanks and no colon."
		}
		return ""
	}, func(v string) string {
		for _, r := range v {
			if r < ' ' && r != '\t' || r == 0x7f {
				return "A header's value has no control characters."
			}
		}
		return ""
	}, strings.ToLower)
}

func (v value) constraints(what string, checkKey, checkValue func(string) string, fold func(string) string) (ir.Selector, bool) {
	list, ok := v.entries(what)
	if !ok {
		return ir.Selector{}, false
	}
	if len(list) == 0 {
		v.empty(what)
		return ir.Selector{}, false
	}
	var reqs []ir.Requirement
	seen := map[string]diag.Range{}
	for _, e := range list {
		if why := checkKey(e.key); why != "" {
			v.s.l.diags.Add(diag.BadLabel, e.keyRange, fmt.Sprintf("%q is no key.", e.key), why)
			ok = false
			continue
		}
		if fold != nil {
			e.key = fold(e.key)
			if first, twice := seen[e.key]; twice {
				v.s.l.diags.Add(diag.SetTwice, e.keyRange, fmt.Sprintf("The header %q is set twice.", e.key), "The names of headers compare without case.").Relate(first, "the other one")
				ok = false
				continue
			}
			seen[e.key] = e.keyRange
		}
		c, good := e.value.constraint(e.key, checkValue)
		if !good {
			ok = false
			continue
		}
		reqs = append(reqs, ir.Requirement{Key: e.key, Constraint: c})
	}
	if !ok {
		return ir.Selector{}, false
	}
	s, some := ir.Select(reqs...)
	if !some { // constraints of their own are never empty, and no key stands twice
		v.empty(what)
		return ir.Selector{}, false
	}
	return s, true
}

// constraint decodes what one key may hold.
func (v value) constraint(key string, check func(string) string) (ir.Constraint, bool) {
	what := "The value of " + key
	if v.arithmetic(what) {
		return ir.Constraint{}, false
	}
	if _, isList := v.tuple(); !isList {
		if n, ok := v.expr.(*nameExpr); ok && !isWord(n.Traversal.RootName()) && !isValueRoot(n.Traversal.RootName()) {
			v.text(what) // says what is wrong
			return ir.Constraint{}, false
		}
		val, ok := v.eval()
		if !ok {
			return ir.Constraint{}, false
		}
		ty := val.Type()
		switch {
		case val.IsNull():
			v.empty(what)
			return ir.Constraint{}, false
		case ty == cty.String:
			s, ok := v.checked(val.AsString(), check)
			return ir.OneOf(s), ok
		case ty.Equals(constraintType):
			return val.EncapsulatedValue().(*constraint).value, true
		case !ty.IsListType() && !ty.IsTupleType() && !ty.IsSetType():
			detail := "It is a string, a list of strings, any, absent or not(…)."
			if src := v.source(); v.isLiteral() && src != "" {
				detail = fmt.Sprintf("Quote it: %q.", src)
			}
			v.add(diag.WrongType, fmt.Sprintf("%s is a string; this is %s.", what, describe(val)), detail)
			return ir.Constraint{}, false
		}
	}
	list, ok := v.list(what)
	if !ok {
		return ir.Constraint{}, false
	}
	values, ok := textValues(list, what, check)
	return ir.OneOf(values...), ok
}

func textValues(list []value, what string, check func(string) string) ([]string, bool) {
	ok := true
	var out []string
	for _, e := range list {
		s, good := e.text(what)
		if good {
			s, good = e.checked(s, check)
		}
		ok = ok && good
		out = append(out, s)
	}
	return out, ok
}

func (v value) checked(s string, check func(string) string) (string, bool) {
	if why := check(s); why != "" {
		v.add(diag.BadLabel, fmt.Sprintf("%q is no label value.", s), why)
		return "", false
	}
	return s, true
}

// facts decodes labels that are stated: plain strings.
func (v value) facts(what string) (map[string]string, bool) {
	list, ok := v.entries(what)
	if !ok {
		return nil, false
	}
	out := map[string]string{}
	for _, e := range list {
		if why := checkLabelKey(e.key); why != "" {
			v.s.l.diags.Add(diag.BadLabel, e.keyRange, fmt.Sprintf("%q is no key.", e.key), why)
			ok = false
			continue
		}
		if name, bare := bareName(e.value.expr); bare && isWord(name) {
			e.value.add(diag.WrongType, fmt.Sprintf("The labels of a namespace are a fact: %s has one value, not %s.", e.key, name), "")
			ok = false
			continue
		}
		s, good := e.value.text(fmt.Sprintf("The value of %s", e.key))
		if good {
			s, good = e.value.checked(s, checkLabelValue)
		}
		if !good {
			ok = false
			continue
		}
		if e.key == ir.NamespaceName {
			v.s.l.diags.Add(diag.BadLabel, e.keyRange, fmt.Sprintf("The label %s is the control plane's.", e.key), "It always equals the namespace's name.")
			ok = false
			continue
		}
		out[e.key] = s
	}
	return out, ok
}
