package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/portolan-dev/portolan/ir/diag"
)

// value is an expression in its scope, or a part of what one evaluated to.
// Decoding follows the form of the text as far as it goes, so that every
// element of a list has a range of its own.
type value struct {
	s    *scope
	ctx  *hcl.EvalContext     // of the scope, or of a for expression inside it
	expr hclsyntax.Expression // nil for a part of a computed value
	val  cty.Value            // where expr is nil
	rng  diag.Range
}

// entry is a key of an object or map, and its value.
type entry struct {
	key      string
	keyRange diag.Range
	value    value
}

func (s *scope) value(e hclsyntax.Expression) value {
	for {
		p, ok := e.(*hclsyntax.ParenthesesExpr)
		if !ok {
			break
		}
		e = p.Expression
	}
	if w, ok := e.(*hclsyntax.TemplateWrapExpr); ok { // "${x}" is x
		e = w.Wrapped
	}
	return value{s: s, ctx: s.ctx, expr: e, rng: toRange(e.Range())}
}

func (v value) with(e hclsyntax.Expression) value {
	w := v.s.value(e)
	w.ctx = v.ctx
	return w
}

func (v value) part(val cty.Value) value { return value{s: v.s, ctx: v.ctx, val: val, rng: v.rng} }

// add reports something about the value.
func (v value) add(code diag.Code, summary, detail string) {
	if v.expr == nil && v.s.l.tooMany(v.rng) {
		return
	}
	v.s.l.diags.Add(code, v.rng, summary, detail)
}

// eval gives the value itself; false where it has none, which is reported.
func (v value) eval() (cty.Value, bool) {
	if v.expr == nil {
		return v.val, v.val.IsWhollyKnown()
	}
	if v.ctx == v.s.ctx {
		return v.s.eval(v.expr)
	}
	inner := *v.s
	inner.ctx = v.ctx
	return inner.eval(v.expr)
}

// describe names a value's type in the language's words.
func describe(v cty.Value) string {
	ty := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case ty == cty.String:
		return "a string"
	case ty == cty.Number:
		return "a number"
	case ty == cty.Bool:
		return fmt.Sprintf("%t, a truth value", v.True())
	case ty.Equals(peerType):
		return "a peer"
	case ty.Equals(constraintType):
		return "the word " + v.EncapsulatedValue().(*constraint).text
	case ty.IsListType() || ty.IsTupleType():
		return "a list"
	case ty.IsSetType():
		return "a set"
	case ty.IsMapType() || ty.IsObjectType():
		return "a map"
	}
	return "a " + ty.FriendlyName()
}

// tuple gives the list that the expression writes out.
func (v value) tuple() (*hclsyntax.TupleConsExpr, bool) {
	t, ok := v.expr.(*hclsyntax.TupleConsExpr)
	return t, ok
}

// object gives the map that the expression writes out.
func (v value) object() (*hclsyntax.ObjectConsExpr, bool) {
	o, ok := v.expr.(*hclsyntax.ObjectConsExpr)
	return o, ok
}

// list gives the elements of a list that selects: null and nothing are errors.
func (v value) list(what string) ([]value, bool) {
	if t, ok := v.tuple(); ok {
		if len(t.Exprs) == 0 {
			v.empty(what)
			return nil, false
		}
		out := make([]value, len(t.Exprs))
		for i, e := range t.Exprs {
			out[i] = v.with(e)
		}
		return out, true
	}
	val, ok := v.eval()
	if !ok {
		return nil, false
	}
	switch ty := val.Type(); {
	case val.IsNull():
		v.empty(what)
		return nil, false
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		if val.LengthInt() == 0 {
			v.empty(what)
			return nil, false
		}
		if !v.s.l.spend(val.LengthInt()*partSize, v.rng) {
			return nil, false
		}
		var out []value
		for it := val.ElementIterator(); it.Next(); {
			_, e := it.Element()
			out = append(out, v.part(e))
		}
		return out, true
	}
	detail := "Write it in brackets."
	if val.Type().Equals(constraintType) {
		detail = "The words any and absent stand for label values, and any for ports and ICMP types."
	} else if s, ok := asString(val); ok && (s == "any" || s == "all" || s == "*") {
		detail = "For all of them write the word any, without quotes; peers are all in anywhere."
	} else if text := v.source(); text != "" && !strings.Contains(text, "\n") && len(text) < 60 && !val.Type().IsObjectType() {
		detail = fmt.Sprintf("Write it in brackets: [%s].", text)
	}
	v.add(diag.WrongType, fmt.Sprintf("%s is a list; this is %s.", what, describe(val)), detail)
	return nil, false
}

// source gives the text of the expression.
func (v value) source() string {
	if v.expr == nil {
		return ""
	}
	src := v.s.l.sources[v.rng.File]
	if v.rng.Start.Byte < 0 || v.rng.End.Byte > len(src) || v.rng.Start.Byte > v.rng.End.Byte {
		return ""
	}
	return string(src[v.rng.Start.Byte:v.rng.End.Byte])
}

// empty reports null or nothing where something is selected.
func (v value) empty(what string) {
	v.add(diag.EmptySelection, fmt.Sprintf("%s selects nothing.", what),
		"An empty value never means everything. Say what is meant: every port is `any`, every endpoint `anywhere`, all pods of a namespace its name.")
}

// entries gives the entries of an object or map in writing order; those of a
// computed one are sorted by key. Empty is allowed.
func (v value) entries(what string) ([]entry, bool) {
	if o, ok := v.object(); ok {
		return v.written(o, what)
	}
	val, ok := v.eval()
	if !ok {
		return nil, false
	}
	if val.IsNull() {
		v.empty(what)
		return nil, false
	}
	if ty := val.Type(); !ty.IsMapType() && !ty.IsObjectType() {
		v.add(diag.WrongType, fmt.Sprintf("%s is a map; this is %s.", what, describe(val)), "Write it in braces: { key = value }.")
		return nil, false
	}
	if !v.s.l.spend(val.LengthInt()*partSize, v.rng) {
		return nil, false
	}
	var out []entry
	for it := val.ElementIterator(); it.Next(); {
		k, e := it.Element()
		out = append(out, entry{k.AsString(), v.rng, v.part(e)})
	}
	return out, true
}

func (v value) written(o *hclsyntax.ObjectConsExpr, what string) ([]entry, bool) {
	seen := map[string]diag.Range{}
	good := true
	var out []entry
	for _, item := range o.Items {
		key, ok := v.key(item.KeyExpr)
		if !ok {
			good = false
			continue
		}
		rng := toRange(item.KeyExpr.Range())
		if first, twice := seen[key]; twice {
			v.s.l.diags.Add(diag.SetTwice, rng, fmt.Sprintf("The key %q is set twice.", key), "").Relate(first, "the other one")
			good = false
			continue
		}
		seen[key] = rng
		out = append(out, entry{key, rng, v.with(item.ValueExpr)})
	}
	return out, good
}

// key gives the text of an object's key.
func (v value) key(e hclsyntax.Expression) (string, bool) {
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok {
		if !k.ForceNonLiteral {
			if word := hcl.ExprAsKeyword(k.Wrapped); word != "" {
				return word, true
			}
		}
		e = k.Wrapped
	}
	val, ok := v.with(e).eval()
	if !ok {
		return "", false
	}
	if val.IsNull() {
		v.s.l.diags.Add(diag.WrongType, toRange(e.Range()), "A key is a string; this is null.", "")
		return "", false
	}
	s, err := convert.Convert(val, cty.String)
	if err != nil {
		v.s.l.diags.Add(diag.WrongType, toRange(e.Range()), fmt.Sprintf("A key is a string; this is %s.", describe(val)), "")
		return "", false
	}
	return s.AsString(), true
}

// text gives a string. Where quotes were forgotten it says so.
func (v value) text(what string) (string, bool) {
	if n, ok := v.expr.(*nameExpr); ok && !isValueRoot(n.Traversal.RootName()) {
		text := pathOf(n.Traversal).String()
		v.add(diag.QuoteIt, fmt.Sprintf("%s is a string, and %s without quotes is a reference.", what, text), fmt.Sprintf("Quote it: %q.", text))
		return "", false
	}
	if v.arithmetic(what) {
		return "", false
	}
	val, ok := v.eval()
	if !ok {
		return "", false
	}
	if s, ok := asString(val); ok {
		return s, true
	}
	detail := ""
	if src := v.source(); !val.IsNull() && val.Type().IsPrimitiveType() && src != "" && v.isLiteral() {
		detail = fmt.Sprintf("Quote it: %q.", src)
	}
	v.add(diag.WrongType, fmt.Sprintf("%s is a string; this is %s.", what, describe(val)), detail)
	return "", false
}

func (v value) isLiteral() bool {
	_, ok := v.expr.(*hclsyntax.LiteralValueExpr)
	return ok
}

// arithmetic reports text without quotes that HCL reads as an operation:
// 2048-game, 8080/tcp, a.b/c.
func (v value) arithmetic(what string) bool {
	text, ok := v.readsAsArithmetic()
	if ok {
		v.add(diag.QuoteIt, fmt.Sprintf("HCL reads %s as arithmetic.", text), fmt.Sprintf("%s is a string. Quote it: %q.", what, text))
	}
	return ok
}

func (v value) readsAsArithmetic() (string, bool) {
	b, ok := v.expr.(*hclsyntax.BinaryOpExpr)
	if !ok || b.Op != hclsyntax.OpSubtract && b.Op != hclsyntax.OpDivide {
		return "", false
	}
	text := v.source()
	if text == "" || strings.ContainsAny(text, "\n\"(") || strings.Contains(text, "var.") || strings.Contains(text, "local.") || strings.Contains(text, "each.") {
		return "", false
	}
	return strings.Join(strings.Fields(text), ""), true
}

// word gives one of some words.
func (v value) word(what string, words []string) (string, bool) {
	s, ok := v.text(what)
	if !ok {
		return "", false
	}
	if !slices.Contains(words, s) {
		v.s.l.badWord(s, words, v.rng, what)
		return "", false
	}
	return s, true
}

// boolean gives true or false.
func (v value) boolean(what string) (bool, bool) {
	if word, ok := bareName(v.expr); ok {
		v.add(diag.WrongType, fmt.Sprintf("%s is true or false; this is %q.", what, word), "Write true or false.")
		return false, false
	}
	val, ok := v.eval()
	if !ok {
		return false, false
	}
	if val.Type() != cty.Bool || val.IsNull() {
		detail := "Write true or false."
		if s, is := asString(val); is && (s == "true" || s == "false") {
			detail = fmt.Sprintf("Write %s without quotes.", s)
		}
		v.add(diag.WrongType, fmt.Sprintf("%s is true or false; this is %s.", what, describe(val)), detail)
		return false, false
	}
	return val.True(), true
}

// integer gives a whole number in a range.
func (v value) integer(what string, low, high int) (int, bool) {
	val, ok := v.eval()
	if !ok {
		return 0, false
	}
	if val.Type() != cty.Number || val.IsNull() {
		v.add(diag.WrongType, fmt.Sprintf("%s is a number; this is %s.", what, describe(val)), "")
		return 0, false
	}
	n, ok := whole(val)
	if !ok || n < low || n > high {
		v.add(diag.BadNumber, fmt.Sprintf("%s is a whole number from %d to %d.", what, low, high), "")
		return 0, false
	}
	return n, true
}

func whole(v cty.Value) (int, bool) {
	f := v.AsBigFloat()
	if !f.IsInt() {
		return 0, false
	}
	n, acc := f.Int64()
	return int(n), acc == 0
}

// texts gives a list of strings.
func (v value) texts(what string) ([]At[string], bool) {
	list, ok := v.list(what)
	if !ok {
		return nil, false
	}
	var out []At[string]
	for _, e := range list {
		s, k := e.text("An element of " + what)
		ok = ok && k
		if k {
			out = append(out, At[string]{s, e.rng, true})
		}
	}
	return out, ok
}
