package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Binding readies a parsed expression for evaluation. The evaluator of
// hclsyntax looks names up in a map that has to hold every name beforehand;
// here names resolve on demand, in the scope of the block that the expression
// stands in, and what is evaluated is measured. So binding replaces, in the
// tree, references, calls of peer functions, and what can multiply.

// nameExpr is a reference to something outside the expression.
type nameExpr struct{ *hclsyntax.ScopeTraversalExpr }

// peerCall is a call of pods, namespaces, cidr, fqdn or not, whose arguments
// are decoded like those of a block.
type peerCall struct{ *hclsyntax.FunctionCallExpr }

// elementExpr is tenant[key] or tenant[key].workload with a computed key.
type elementExpr struct {
	hclsyntax.Expression
	root  hcl.TraverseRoot
	key   hclsyntax.Expression
	steps hcl.Traversal
}

// metered is an expression whose value counts against the bounds.
type metered struct {
	hclsyntax.Expression
	most int // that the value may take
}

// Value resolves the name in the scope that the context carries.
func (e *nameExpr) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	return scopeOf(ctx).reference(e.Traversal, toRange(e.SrcRange)), nil
}

// Value calls the function.
func (e *peerCall) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	return scopeOf(ctx).call(e, ctx), nil
}

// Value resolves the element.
func (e *elementExpr) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	s := scopeOf(ctx)
	key, diags := e.key.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if !key.IsKnown() {
		return cty.DynamicVal, nil
	}
	rng := toRange(e.Range())
	if key.IsNull() || key.Type() != cty.String {
		s.l.diags.Add(diag.WrongType, toRange(e.key.Range()), fmt.Sprintf("A key of %q is a string; this is %s.", e.root.Name, describe(key)), "")
		return cty.DynamicVal, nil
	}
	p := path{steps: []step{{name: e.root.Name}, {name: key.AsString(), index: true}}}
	for _, t := range e.steps {
		p.steps = append(p.steps, stepOf(t))
	}
	return s.peerVal(p, rng), nil
}

// Value evaluates, and counts the result.
func (e *metered) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	s := scopeOf(ctx)
	if s.l.exhausted {
		return cty.DynamicVal, nil
	}
	v, diags := e.Expression.Value(ctx)
	if !s.l.chargeUpTo(v, e.most, toRange(e.Range())) {
		return cty.DynamicVal, diags
	}
	return v, diags
}

// bind readies an expression of the file.
func (f *file) bind(e hclsyntax.Expression) hclsyntax.Expression { return f.bindIn(e, nil) }

// bindIn binds an expression inside for expressions that define locals.
func (f *file) bindIn(e hclsyntax.Expression, locals []string) hclsyntax.Expression {
	sub := func(p *hclsyntax.Expression) {
		if *p != nil {
			*p = f.bindIn(*p, locals)
		}
	}
	meter := func(p *hclsyntax.Expression) {
		if *p != nil {
			*p = meteredExpr(f.bindIn(*p, locals))
		}
	}
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return f.bindLiteral(e)
	case *hclsyntax.ExprSyntaxError: // its error was reported
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: e.SrcRange}
	case *hclsyntax.ScopeTraversalExpr:
		if slices.Contains(locals, e.Traversal.RootName()) {
			return e
		}
		f.noteUse(e.Traversal)
		return &nameExpr{e}
	case *hclsyntax.RelativeTraversalExpr:
		if x, ok := e.Source.(*hclsyntax.IndexExpr); ok {
			if bound, ok := f.bindIndex(x, e, e.Traversal, locals); ok {
				return bound
			}
		}
		sub(&e.Source)
	case *hclsyntax.IndexExpr:
		if bound, ok := f.bindIndex(e, e, nil, locals); ok {
			return bound
		}
		sub(&e.Collection)
		sub(&e.Key)
	case *hclsyntax.FunctionCallExpr:
		return f.bindCall(e, locals)
	case *hclsyntax.ConditionalExpr:
		sub(&e.Condition)
		sub(&e.TrueResult)
		sub(&e.FalseResult)
	case *hclsyntax.TupleConsExpr:
		for i := range e.Exprs {
			sub(&e.Exprs[i])
		}
	case *hclsyntax.ObjectConsExpr:
		for i := range e.Items {
			f.bindKey(&e.Items[i], locals)
			sub(&e.Items[i].ValueExpr)
		}
	case *hclsyntax.ForExpr:
		meter(&e.CollExpr)
		locals = append(slices.Clip(locals), e.KeyVar, e.ValVar)
		meter(&e.KeyExpr)
		meter(&e.ValExpr)
		meter(&e.CondExpr)
	case *hclsyntax.SplatExpr:
		meter(&e.Source)
		sub(&e.Each)
	case *hclsyntax.BinaryOpExpr:
		if locals != nil { // it may be evaluated many times
			meter(&e.LHS)
			meter(&e.RHS)
		} else {
			sub(&e.LHS)
			sub(&e.RHS)
		}
	case *hclsyntax.UnaryOpExpr:
		sub(&e.Val)
	case *hclsyntax.ParenthesesExpr:
		sub(&e.Expression)
	case *hclsyntax.TemplateExpr:
		for i := range e.Parts { // together they make one string
			meter(&e.Parts[i])
			if m, ok := e.Parts[i].(*metered); ok {
				m.most = maxValueSize / len(e.Parts)
			}
		}
	case *hclsyntax.TemplateWrapExpr:
		sub(&e.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		meter(&e.Tuple)
	}
	return e
}

func meteredExpr(e hclsyntax.Expression) hclsyntax.Expression {
	if _, literal := e.(*hclsyntax.LiteralValueExpr); literal {
		return e
	}
	return &metered{e, maxValueSize}
}

// bindLiteral refuses numbers that are small as text and huge written out,
// such as 1e999999999.
func (f *file) bindLiteral(e *hclsyntax.LiteralValueExpr) hclsyntax.Expression {
	if e.Val.Type() == cty.Number && e.Val.IsKnown() && !e.Val.IsNull() {
		if exp := e.Val.AsBigFloat().MantExp(nil); exp > 1024 || exp < -1024 || e.Val.AsBigFloat().IsInf() {
			f.diags.Add(diag.TooLarge, toRange(e.SrcRange), "The number is out of range.", "")
			return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: e.SrcRange}
		}
	}
	return e
}

// noteUse remembers which variables and locals the text mentions, in branches
// that are never evaluated too.
func (f *file) noteUse(t hcl.Traversal) {
	f.mentions[t.RootName()] = true
	if len(t) < 2 || f.quiet {
		return
	}
	if a, ok := t[1].(hcl.TraverseAttr); ok {
		switch t.RootName() {
		case "var":
			f.vars[a.Name] = true
		case "local":
			f.locals[a.Name] = true
		default:
			f.mentions[a.Name] = true // external.x
		}
	}
}

// bindIndex recognises an element of a for_each namespace with a computed
// key: the collection is a bare name that is no value.
func (f *file) bindIndex(x *hclsyntax.IndexExpr, whole hclsyntax.Expression, steps hcl.Traversal, locals []string) (hclsyntax.Expression, bool) {
	c, ok := x.Collection.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(c.Traversal) != 1 || slices.Contains(locals, c.Traversal.RootName()) || isValueRoot(c.Traversal.RootName()) {
		return nil, false
	}
	return &elementExpr{whole, c.Traversal[0].(hcl.TraverseRoot), f.bindIn(x.Key, locals), steps}, true
}

func (f *file) bindCall(e *hclsyntax.FunctionCallExpr, locals []string) hclsyntax.Expression {
	for i := range e.Args {
		e.Args[i] = meteredExpr(f.bindIn(e.Args[i], locals))
	}
	if slices.Contains(peerFunctions, e.Name) {
		for i, a := range e.Args { // they are decoded by their form
			if m, ok := a.(*metered); ok {
				e.Args[i] = m.Expression
			}
		}
		return &peerCall{e}
	}
	if _, ok := valueFunctions[e.Name]; !ok {
		f.unknownFunction(e)
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: e.Range()}
	}
	f.unifyArgs(e)
	return &metered{e, maxValueSize}
}

// unified is an argument for a parameter that is a list, set or map of any one
// type. Cty finds that type by comparing every element with every other, which
// takes minutes for long lists; where all are of one type to begin with, that
// is not needed.
type unified struct{ hclsyntax.Expression }

// maxMixed is how many elements of different types are left to cty.
const maxMixed = 1000

func (f *file) unifyArgs(e *hclsyntax.FunctionCallExpr) {
	fn := valueFunctions[e.Name]
	for i := range e.Args {
		p := fn.VarParam()
		if i < len(fn.Params()) {
			p = &fn.Params()[i]
		}
		if p == nil {
			return // one argument too many, which the evaluator reports
		}
		anyElement := p.Type.IsCollectionType() && p.Type.ElementType() == cty.DynamicPseudoType
		if anyElement || e.Name == "toset" || e.Name == "tolist" || e.Name == "tomap" {
			e.Args[i] = &unified{e.Args[i]}
		}
	}
}

// Value evaluates, and makes a list of a tuple and a map of an object whose
// elements are of one type.
func (e *unified) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Expression.Value(ctx)
	ty := v.Type()
	if !v.IsWhollyKnown() || v.IsNull() || !ty.IsTupleType() && !ty.IsObjectType() || v.LengthInt() == 0 {
		return v, diags
	}
	var first cty.Type
	for it := v.ElementIterator(); it.Next(); {
		_, x := it.Element()
		switch {
		case first == cty.NilType && x.Type() != cty.DynamicPseudoType:
			first = x.Type()
		case !x.Type().Equals(first):
			if v.LengthInt() > maxMixed {
				s := scopeOf(ctx)
				s.l.diags.Add(diag.TooLarge, toRange(e.Range()), fmt.Sprintf("There are more than %d elements of different types in one list.", maxMixed), "")
				return cty.DynamicVal, diags
			}
			return v, diags
		}
	}
	if ty.IsTupleType() {
		return cty.ListVal(v.AsValueSlice()), diags
	}
	return cty.MapVal(v.AsValueMap()), diags
}

func (f *file) unknownFunction(e *hclsyntax.FunctionCallExpr) {
	detail := "Functions are those of HCL's standard library under Terraform's names, and pods, namespaces, cidr, fqdn and not."
	switch {
	case e.Name == "file" || e.Name == "templatefile" || e.Name == "fileset" || e.Name == "env" || e.Name == "getenv" || e.Name == "timestamp":
		detail = "Files and the environment are not read inside an expression: the same text must mean the same everywhere. Use a variable."
	case e.Name == "tcp" || e.Name == "udp" || e.Name == "sctp" || e.Name == "icmp":
		detail = fmt.Sprintf("Ports are an argument of the rule: %s = [443].", e.Name)
	default:
		if near := nearest(e.Name, functionNames()); near != "" {
			detail = fmt.Sprintf("Did you mean %q?", near)
		}
	}
	f.diags.Add(diag.UnknownFunction, toRange(e.NameRange), fmt.Sprintf("There is no function %q.", e.Name), detail)
}

// bindKey readies the key of an object. A key that HCL reads as arithmetic or
// as a reference is meant as text.
func (f *file) bindKey(item *hclsyntax.ObjectConsItem, locals []string) {
	k, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
	if !ok {
		item.KeyExpr = f.bindIn(item.KeyExpr, locals)
		return
	}
	if !k.ForceNonLiteral {
		if hcl.ExprAsKeyword(k.Wrapped) != "" {
			return
		}
		if text, ok := f.readsAsArithmetic(k.Wrapped); ok {
			f.quoteIt(toRange(k.Range()), text, "a key")
			k.Wrapped = &hclsyntax.LiteralValueExpr{Val: cty.StringVal(text), SrcRange: k.Wrapped.Range()}
			return
		}
	}
	k.Wrapped = f.bindIn(k.Wrapped, locals)
}

// readsAsArithmetic recognises text without quotes that HCL reads as an
// operation or as a reference to an attribute, and gives the text.
func (f *file) readsAsArithmetic(e hclsyntax.Expression) (string, bool) {
	switch e := e.(type) {
	case *hclsyntax.BinaryOpExpr:
		if e.Op != hclsyntax.OpSubtract && e.Op != hclsyntax.OpDivide {
			return "", false
		}
	case *hclsyntax.ScopeTraversalExpr:
		if len(e.Traversal) < 2 {
			return "", false
		}
	default:
		return "", false
	}
	text := string(e.Range().SliceBytes(f.src))
	return text, text != "" && !strings.ContainsAny(text, " \t\n\"(")
}

func (f *file) quoteIt(at diag.Range, text, what string) {
	f.diags.Add(diag.QuoteIt, at, fmt.Sprintf("HCL reads %s as arithmetic or a reference, not as %s.", text, what), fmt.Sprintf("Quote it: %q.", text))
}
