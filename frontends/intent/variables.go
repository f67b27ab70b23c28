package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/portolan-dev/portolan/ir/diag"
)

// variable is a declared variable and its value.
type variable struct {
	name     string
	block    *block
	ty       cty.Type
	defaults *typeexpr.Defaults
	value    cty.Value // unknown where it could not be had
	set      bool
}

// local is one name of a locals block.
type local struct {
	attr  *attr
	state evalState
	value cty.Value
}

// evalState is that of what is evaluated on demand.
type evalState uint8

const (
	notEvaluated evalState = iota
	evaluating
	evaluated
)

// dependency is something whose evaluation is under way.
type dependency struct {
	what string // local.x, the for_each of namespace "x", group "x"
	rng  diag.Range
}

func (l *loader) collectVariable(b *block) {
	name := b.labels[0].text
	if v := l.variables[name]; v != nil {
		l.twice(b, v.block)
		return
	}
	l.variables[name] = &variable{name: name, block: b, ty: cty.DynamicPseudoType, value: cty.DynamicVal}
}

func (l *loader) collectLocals(b *block) {
	for _, c := range b.body.blocks {
		l.unknownBlock(c, &Spec{Name: "locals"}, "a locals block")
	}
	for _, a := range b.body.attrs {
		if first := l.locals[a.name]; first != nil {
			l.diags.Add(diag.DeclaredTwice, a.nameRange, fmt.Sprintf("The local %q is declared twice.", a.name), "").Relate(first.attr.nameRange, "the other one")
			continue
		}
		l.locals[a.name] = &local{attr: a}
	}
}

// sortedKeys gives the keys of a map, sorted: nothing that is printed follows
// a map's own order.
func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// bindVariables finds every variable's value. Later ones win: the default, the
// environment, *.auto.portolanvars by name, and then -var-file before -var,
// each in the order given.
func (l *loader) bindVariables() {
	for _, name := range sortedKeys(l.variables) {
		l.declareVariable(l.variables[name])
	}
	for _, e := range l.opts.Environ {
		name, text, ok := strings.Cut(e, "=")
		if name, is := strings.CutPrefix(name, "PORTOLAN_VAR_"); ok && is {
			if v := l.variables[name]; v != nil {
				l.setVariableText(v, text, "PORTOLAN_VAR_"+name)
			}
		}
	}
	for _, name := range l.autoVars {
		l.readVarFile(name)
	}
	for _, name := range l.opts.VarFiles {
		l.readVarFile(name)
	}
	for _, arg := range l.opts.Vars {
		name, text, ok := strings.Cut(arg, "=")
		name = strings.TrimSpace(name)
		if !ok {
			l.diags.Add(diag.BadVariable, diag.Range{}, fmt.Sprintf("-var %s has no value.", arg), "Write -var name=value.")
		} else if v := l.variables[name]; v != nil {
			l.setVariableText(v, text, "-var "+name)
		} else if !l.broken {
			l.diags.Add(diag.UnknownVariable, diag.Range{}, fmt.Sprintf("-var sets %q, which is no variable.", name), suggest(name, sortedKeys(l.variables), "The variables are "))
		}
	}
	for _, name := range sortedKeys(l.variables) {
		v := l.variables[name]
		if !v.set && !v.block.broken {
			l.diags.Add(diag.MissingValue, v.block.header, fmt.Sprintf("The variable %q has no value.", name), l.howToSet(name))
		}
	}
	for _, name := range sortedKeys(l.variables) {
		l.validate(l.variables[name])
	}
}

// howToSet says where a variable without a value gets one.
func (l *loader) howToSet(name string) string {
	if l.dir != "" {
		return fmt.Sprintf("The configuration is used by another, whose values are not for it. Give one in *%s beside it, or give the variable a default.", autoVarsSuffix)
	}
	return fmt.Sprintf("Give one with -var '%s=…', in a file with -var-file, in *%s, or as PORTOLAN_VAR_%s; or give the variable a default.", name, autoVarsSuffix, name)
}

func (l *loader) declareVariable(v *variable) {
	if v.block.broken {
		return
	}
	if a := v.block.body.attr("type"); a != nil {
		ty, defaults, diags := typeexpr.TypeConstraintWithDefaults(a.raw)
		if diags.HasErrors() {
			for _, d := range diags {
				l.diags.Add(diag.BadVariable, toRange(*d.Subject), sentence(d.Summary), d.Detail)
			}
			v.set = true // in error, not missing
			return
		}
		v.ty, v.defaults = ty, defaults
	}
	if a := v.block.body.attr("default"); a != nil {
		v.set = true
		if isConstant(a.expr) {
			if val, ok := l.top.eval(a.expr); ok {
				l.setVariable(v, val, toRange(a.expr.Range()))
			}
		} else {
			l.diags.Add(diag.BadExpression, toRange(a.expr.Range()), "A default is a constant: it refers to nothing.", "Compute in a local: locals { x = var.x == null ? … : var.x }.")
		}
	}
}

// isConstant reports that an expression refers to nothing and calls nothing.
func isConstant(e hclsyntax.Expression) bool {
	constant := true
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n.(type) {
		case *hclsyntax.ScopeTraversalExpr, *hclsyntax.FunctionCallExpr, *nameExpr, *peerCall, *elementExpr, *metered:
			constant = false
		}
		return nil
	})
	return constant
}

// setVariable converts and sets a value.
func (l *loader) setVariable(v *variable, val cty.Value, at diag.Range) {
	v.set = true
	if v.defaults != nil && !val.IsNull() {
		val = v.defaults.Apply(val)
	}
	converted, err := convert.Convert(val, v.ty)
	if err != nil {
		v.value = cty.DynamicVal
		l.diags.Add(diag.BadVariable, at, fmt.Sprintf("The value does not fit the variable %q: %s.", v.name, err), fmt.Sprintf("Its type is %s.", typeexpr.TypeString(v.ty))).
			Relate(v.block.header, "the variable")
		return
	}
	v.value = converted
}

// setVariableText sets a value given outside any file. Where the type is one
// of text, number or truth, or none is declared, the text is the value;
// otherwise it is an expression.
func (l *loader) setVariableText(v *variable, text, origin string) {
	at := diag.Range{File: origin, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1 + len(text), Byte: len(text)}}
	l.sources[origin] = []byte(text)
	if len(text) > maxFileSize {
		l.diags.Add(diag.TooLarge, at, fmt.Sprintf("%s has more than %d MiB.", origin, maxFileSize>>20), "")
		return
	}
	if v.ty.IsPrimitiveType() || v.ty == cty.DynamicPseudoType {
		l.setVariable(v, cty.StringVal(text), at)
		return
	}
	f := &file{name: origin, src: []byte(text), vars: map[string]bool{}, locals: map[string]bool{}, mentions: map[string]bool{}}
	v.set = true
	if f.checkText() {
		expr, diags := hclsyntax.ParseExpression(f.src, origin, hcl.InitialPos)
		f.syntaxErrors(diags)
		if !diags.HasErrors() {
			l.setConstant(v, f.bind(expr))
		}
	}
	l.diags = append(l.diags, f.diags...)
}

func (l *loader) setConstant(v *variable, e hclsyntax.Expression) {
	v.set = true
	if !isConstant(e) {
		l.diags.Add(diag.BadExpression, toRange(e.Range()), "The value of a variable is a constant: it refers to nothing.", "Texts stand in quotes.")
		v.value = cty.DynamicVal
		return
	}
	if val, ok := l.top.eval(e); ok {
		l.setVariable(v, val, toRange(e.Range()))
	}
}

// readVarFile reads name = value lines, or a JSON object where the name ends
// with .json.
func (l *loader) readVarFile(name string) {
	src, ok := l.readFile(name)
	if !ok {
		return
	}
	f := &file{name: name, src: src, vars: map[string]bool{}, locals: map[string]bool{}, mentions: map[string]bool{}}
	if f.checkText() {
		var parsed *hcl.File
		var diags hcl.Diagnostics
		if isJSON(name, src) {
			parsed, diags = json.Parse(src, name)
			f.syntaxErrors(diags)
			if parsed != nil && !diags.HasErrors() {
				f.body = f.json(parsed.Body, &Spec{Free: true})
			}
		} else {
			parsed, diags = hclsyntax.ParseConfig(src, name, hcl.InitialPos)
			f.syntaxErrors(diags)
			if b, ok := parsed.Body.(*hclsyntax.Body); ok {
				f.body = f.native(b, "")
			}
		}
	}
	l.diags = append(l.diags, f.diags...)
	for _, b := range f.body.blocks {
		l.diags.Add(diag.UnknownBlock, b.kindRange, fmt.Sprintf("There is no block %q in a file of values.", b.kind), "It has lines name = value only.")
	}
	for _, a := range f.body.attrs {
		if v := l.variables[a.name]; v != nil {
			l.setConstant(v, a.expr)
		} else if !l.broken {
			l.diags.Add(diag.UnknownVariable, a.nameRange, fmt.Sprintf("%q is no variable.", a.name), suggest(a.name, sortedKeys(l.variables), "The variables are "))
		}
	}
}

// validate checks a variable's own conditions.
func (l *loader) validate(v *variable) {
	for _, b := range v.block.body.blocks {
		if b.kind != "validation" || b.broken {
			continue
		}
		args := l.arguments(l.top, b)
		if !v.value.IsKnown() {
			continue
		}
		holds, ok := args.boolean("condition")
		message, ok2 := args.text("error_message")
		if ok && ok2 && holds.Set && !holds.Value {
			l.diags.Add(diag.FailedCondition, v.block.header, sentence(message.Value), fmt.Sprintf("This is a condition on the value of the variable %q.", v.name)).Relate(holds.Range, "the condition")
		}
	}
}

// variable gives the value of var.name.
func (l *loader) variable(name string, at diag.Range) cty.Value {
	v := l.variables[name]
	if v == nil {
		if !l.broken {
			l.diags.Add(diag.UnknownName, at, fmt.Sprintf("There is no variable %q.", name), suggest(name, sortedKeys(l.variables), "The variables are "))
		}
		return cty.DynamicVal
	}
	return v.value
}

// local gives the value of local.name, evaluating it when it is first asked
// for.
func (l *loader) local(name string, at diag.Range) cty.Value {
	x := l.locals[name]
	if x == nil {
		if !l.broken {
			l.diags.Add(diag.UnknownName, at, fmt.Sprintf("There is no local %q.", name), suggest(name, sortedKeys(l.locals), "The locals are "))
		}
		return cty.DynamicVal
	}
	if x.state != evaluated {
		x.value = cty.DynamicVal
		if !l.enter(dependency{"local." + name, x.attr.nameRange}) {
			return cty.DynamicVal
		}
		if v, ok := l.top.eval(x.attr.expr); ok {
			x.value = v
		}
		x.state = evaluated
		l.leave()
	}
	return x.value
}

// enter begins an evaluation; false, reported, where it is already under way.
func (l *loader) enter(d dependency) bool {
	i := slices.IndexFunc(l.stack, func(e dependency) bool { return e == d })
	if len(l.stack) > maxDependencies {
		l.diags.Add(diag.TooLarge, d.rng, fmt.Sprintf("Names depend on each other more than %d deep.", maxDependencies), "")
		return false
	}
	if i < 0 {
		l.stack = append(l.stack, d)
		return true
	}
	cycle := slices.Clone(l.stack[i:])
	// The same cycle is found from each of its members; one report will do.
	least := 0
	for k := range cycle {
		if cycle[k].what < cycle[least].what {
			least = k
		}
	}
	cycle = append(slices.Clone(cycle[least:]), cycle[:least]...)
	var names []string
	for _, e := range cycle {
		names = append(names, e.what)
	}
	names = append(names, cycle[0].what)
	x := l.diags.Add(diag.Cycle, cycle[0].rng, fmt.Sprintf("%s depends on itself.", cycle[0].what), strings.Join(names, " → "))
	for _, e := range cycle[1:] {
		x.Relate(e.rng, e.what)
	}
	return false
}

func (l *loader) leave() { l.stack = l.stack[:len(l.stack)-1] }
