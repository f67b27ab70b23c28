package intent

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// scope is where an expression stands: at top level, or in one element of a
// namespace block.
type scope struct {
	l   *loader
	el  *element // nil at top level
	ctx *hcl.EvalContext
}

// scopeKey is where a context carries its scope: no identifier is like it.
const scopeKey = "\x00scope"

var scopeType = cty.Capsule("scope", reflect.TypeFor[scope]())

func newScope(l *loader, el *element) *scope {
	s := &scope{l: l, el: el}
	s.ctx = &hcl.EvalContext{
		Variables: map[string]cty.Value{scopeKey: cty.CapsuleVal(scopeType, s)},
		Functions: valueFunctions,
	}
	return s
}

func scopeOf(ctx *hcl.EvalContext) *scope {
	for c := ctx; c != nil; c = c.Parent() {
		if v, ok := c.Variables[scopeKey]; ok {
			return v.EncapsulatedValue().(*scope)
		}
	}
	panic("intent: expression evaluated outside any scope")
}

// peers is what an expression that names peers evaluates to.
type peers struct {
	list []Peer
	text string // as written, or what a computed one means
	// warnings that are due once the peer is used: host bits, exceptions.
	warnings diag.List
}

// constraint is what any, absent and not(...) evaluate to.
type constraint struct {
	value ir.Constraint
	text  string
}

var (
	peerType       = capsule[peers]("peer", func(p *peers) string { return p.text })
	constraintType = capsule[constraint]("label constraint", func(c *constraint) string { return c.text })
)

// capsule makes a type of values that are the same where their text is, so
// that sets of them have a fixed order.
func capsule[T any](name string, text func(*T) string) cty.Type {
	return cty.CapsuleWithOps(name, reflect.TypeFor[T](), &cty.CapsuleOps{
		RawEquals:    func(a, b any) bool { return text(a.(*T)) == text(b.(*T)) },
		Equals:       func(a, b any) cty.Value { return cty.BoolVal(text(a.(*T)) == text(b.(*T))) },
		HashKey:      func(v any) string { return text(v.(*T)) },
		GoString:     func(v any) string { return text(v.(*T)) },
		TypeGoString: func(reflect.Type) string { return name },
	})
}

var (
	anyVal    = cty.CapsuleVal(constraintType, &constraint{ir.Present(), "any"})
	absentVal = cty.CapsuleVal(constraintType, &constraint{ir.Absent(), "absent"})
)

func isValueRoot(name string) bool {
	return name == "var" || name == "local" || name == "each"
}

// reference evaluates a reference to something outside its expression. Errors
// are reported here, and give an unknown value.
func (s *scope) reference(t hcl.Traversal, rng diag.Range) cty.Value {
	root := t.RootName()
	switch root {
	case "any", "absent":
		if len(t) > 1 {
			s.l.diags.Add(diag.BadExpression, rng, fmt.Sprintf("%q is a word, it has no attributes.", root), "")
			return cty.DynamicVal
		}
		if root == "any" {
			return anyVal
		}
		return absentVal
	case "var", "local", "each":
		if len(t) < 2 {
			s.l.diags.Add(diag.BadExpression, rng, fmt.Sprintf("%q alone is no value.", root), fmt.Sprintf("Write %s.name.", root))
			return cty.DynamicVal
		}
		a, ok := t[1].(hcl.TraverseAttr)
		if !ok {
			s.l.diags.Add(diag.BadExpression, rng, fmt.Sprintf("%q has attributes, not elements.", root), fmt.Sprintf("Write %s.name.", root))
			return cty.DynamicVal
		}
		var v cty.Value
		switch root {
		case "var":
			v = s.l.variable(a.Name, rng)
		case "local":
			v = s.l.local(a.Name, rng)
		case "each":
			v = s.eachValue(a.Name, rng)
		}
		if !v.IsKnown() {
			return cty.DynamicVal
		}
		v, diags := t[2:].TraverseRel(v)
		s.l.report(diags, rng)
		return v
	}
	return s.peerVal(pathOf(t), rng)
}

func (s *scope) eachValue(name string, rng diag.Range) cty.Value {
	if s.el == nil || s.el.decl.forEach == nil {
		s.l.diags.Add(diag.Misplaced, rng, `"each" stands only inside a namespace with for_each.`, "Write the value itself, or give the namespace for_each.")
		return cty.DynamicVal
	}
	switch name {
	case "key":
		return cty.StringVal(s.el.key)
	case "value":
		return s.el.value
	}
	s.l.diags.Add(diag.BadExpression, rng, fmt.Sprintf("There is no each.%s.", name), "An element has each.key and each.value.")
	return cty.DynamicVal
}

// peerVal resolves a name to the value that stands for its peers.
func (s *scope) peerVal(p path, rng diag.Range) cty.Value {
	list, ok := s.resolve(p, rng)
	if !ok {
		return cty.DynamicVal
	}
	return cty.CapsuleVal(peerType, &peers{list: list, text: p.String()})
}

// eval evaluates an expression; false where that failed, which is reported.
func (s *scope) eval(e hclsyntax.Expression) (cty.Value, bool) {
	switch e := e.(type) { // what most expressions are, without the machinery
	case *hclsyntax.LiteralValueExpr:
		return e.Val, e.Val.IsKnown()
	case *nameExpr:
		v := s.reference(e.Traversal, toRange(e.SrcRange))
		return v, v.IsWhollyKnown()
	case *hclsyntax.TemplateExpr:
		if e.IsStringLiteral() {
			return e.Parts[0].(*hclsyntax.LiteralValueExpr).Val, true
		}
	}
	v, diags := e.Value(s.ctx)
	rng := toRange(e.Range())
	s.l.report(diags, rng)
	if diags.HasErrors() || !s.l.charge(v, rng) {
		return cty.DynamicVal, false
	}
	if !v.IsWhollyKnown() {
		// In a for expression the evaluator first tries the condition on an
		// unknown element, which is no error.
		s.l.unknown = s.l.unknown || s == scopeOf(s.ctx)
		return v, false
	}
	return v, true
}

// report turns the evaluator's diagnostics into ours. One expression in a
// loop can fail a hundred thousand times; the first few say it all.
func (l *loader) report(diags hcl.Diagnostics, at diag.Range) {
	for i, d := range diags {
		if i == 10 {
			return
		}
		rng := at
		if d.Subject != nil {
			rng = toRange(*d.Subject)
		}
		l.diags.Add(diag.BadExpression, rng, sentence(d.Summary), d.Detail)
	}
}

// tooMany reports that enough was said of one place: an element of a computed
// list has no place of its own, and a list can have a hundred thousand wrong
// ones.
func (l *loader) tooMany(at diag.Range) bool {
	if at != l.lastPlace {
		l.lastPlace, l.atPlace = at, 0
	}
	l.atPlace++
	return l.atPlace > 10
}

// sentence ends a text with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// charge counts a value against the bounds on evaluation.
func (l *loader) charge(v cty.Value, at diag.Range) bool {
	if l.exhausted {
		return false
	}
	return l.chargeUpTo(v, maxValueSize, at)
}

// stepSize is what evaluating anything at all counts, so that loops end whose
// values are small.
const stepSize = 64

func (l *loader) chargeUpTo(v cty.Value, most int, at diag.Range) bool {
	m := meter{left: most}
	m.value(v)
	if m.left < 0 && m.what == "" {
		m.what = fmt.Sprintf("The value takes more than %s.", bytesText(most))
	}
	if m.what != "" {
		l.diags.Add(diag.TooLarge, at, m.what, "")
		return false
	}
	return l.spend(most-m.left+stepSize, at)
}

// partSize is what an element of a computed list counts when it is decoded,
// which may happen once for each rule that names the list.
const partSize = 64

// spend counts against the bound on evaluation.
func (l *loader) spend(n int, at diag.Range) bool {
	if l.exhausted {
		return false
	}
	if l.spent += n; l.spent > maxEvaluation {
		l.exhausted = true
		l.diags.Add(diag.TooLarge, at, "Evaluating the configuration takes more than Portolan allows.", "The last straw is here; look for nested for expressions over long lists.")
		return false
	}
	return true
}

// meter adds up the size of a value as if nothing in it were shared.
type meter struct {
	left int
	what string
}

func (m *meter) value(v cty.Value) {
	m.left -= 16
	if m.what != "" || m.left < 0 || !v.IsKnown() || v.IsNull() {
		return
	}
	ty := v.Type()
	switch {
	case ty == cty.String:
		m.left -= len(v.AsString())
	case ty == cty.Number:
		if f := v.AsBigFloat(); !f.IsInf() {
			m.left -= magnitude(f) / 2
		}
	case ty.IsCollectionType() || ty.IsTupleType() || ty.IsObjectType():
		if v.LengthInt() > maxElements {
			m.what = fmt.Sprintf("There are more than %d elements in one value.", maxElements)
			return
		}
		for it := v.ElementIterator(); it.Next() && m.what == "" && m.left >= 0; {
			k, e := it.Element()
			if k.Type() == cty.String && !ty.IsSetType() {
				m.left -= len(k.AsString())
			}
			m.value(e)
		}
	}
}

func bytesText(n int) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

func magnitude(f *big.Float) int {
	exp := f.MantExp(nil)
	return max(exp, -exp)
}
