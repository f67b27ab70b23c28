package intent

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir/diag"
)

// A body is a block's content, read from either syntax. Everything after this
// file works on bodies and does not know which syntax it was.
type body struct {
	attrs  []*attr // in writing order
	blocks []*block
}

// attr is an argument as it was written.
type attr struct {
	name      string
	nameRange diag.Range
	expr      hclsyntax.Expression // bound; see bind.go
	raw       hcl.Expression       // as parsed, for type constraints
}

// label is one label of a block.
type label struct {
	text string
	rng  diag.Range
}

// block is a block as it was written.
type block struct {
	kind      string
	kindRange diag.Range
	labels    []label
	header    diag.Range // from the kind to the last label
	body      body
	json      bool
	broken    bool // a syntax error is in it, so what it lacks is not reported
}

// attr finds an argument.
func (b *body) attr(name string) *attr {
	for _, a := range b.attrs {
		if a.name == name {
			return a
		}
	}
	return nil
}

// file is what one file holds.
type file struct {
	name  string
	src   []byte
	body  body
	diags diag.List
	// uses has the names after var. and local. anywhere in the file.
	vars, locals map[string]bool
	mentions     map[string]bool // the first words of all names in expressions
	quiet        bool            // in a variable, whose validation is no use of it
	unterminated bool            // a string without its end was reported
	broken       bool            // it has syntax errors: names may be missing
}

// toRange converts a range. Those of nodes that lack their closing bracket may
// end before they begin.
func toRange(r hcl.Range) diag.Range {
	if r.End.Byte < r.Start.Byte {
		r.End = r.Start
	}
	return diag.Range{File: r.Filename, Start: toPos(r.Start), End: toPos(r.End)}
}

func toPos(p hcl.Pos) diag.Pos { return diag.Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }

// parseFile reads one file's text. It touches nothing shared, so that files
// are parsed concurrently.
func parseFile(name string, src []byte) *file {
	f := &file{name: name, src: src, vars: map[string]bool{}, locals: map[string]bool{}, mentions: map[string]bool{}}
	if !f.checkText() {
		f.broken = true
		return f
	}
	if isJSON(name, src) {
		f.parseJSON()
	} else {
		f.parseNative()
	}
	return f
}

// isJSON goes by the name, and for standard input by the text: in native
// syntax no file begins with a brace.
func isJSON(name string, src []byte) bool {
	if name == stdinName {
		t := bytes.TrimLeft(src, " \t\r\n")
		return len(t) > 0 && t[0] == '{'
	}
	return strings.HasSuffix(name, ".json")
}

func (f *file) parseNative() {
	parsed, diags := hclsyntax.ParseConfig(f.src, f.name, hcl.InitialPos)
	f.syntaxErrors(diags)
	if parsed == nil {
		return
	}
	if b, ok := parsed.Body.(*hclsyntax.Body); ok {
		f.body = f.native(b, "")
	}
	for _, d := range diags {
		if d.Subject != nil {
			markBroken(f.body.blocks, d.Subject.Start)
		}
	}
}

func (f *file) native(b *hclsyntax.Body, kind string) body {
	var out body
	if b == nil {
		return out
	}
	for _, a := range b.Attributes {
		if a != nil && a.Expr != nil {
			out.attrs = append(out.attrs, &attr{name: a.Name, nameRange: toRange(a.NameRange), raw: a.Expr, expr: a.Expr})
		}
	}
	slices.SortFunc(out.attrs, func(a, b *attr) int { return a.nameRange.Start.Byte - b.nameRange.Start.Byte })
	for _, a := range out.attrs {
		if a.name != "type" || kind != "variable" { // a type constraint is no expression
			a.expr = f.bind(a.expr)
		}
	}
	for _, c := range b.Blocks {
		restore := f.inVariable(c.Type)
		blk := &block{kind: c.Type, kindRange: toRange(c.TypeRange), header: toRange(c.DefRange()), body: f.native(c.Body, c.Type)}
		restore()
		for i, l := range c.Labels {
			blk.labels = append(blk.labels, label{l, toRange(c.LabelRanges[i])})
		}
		out.blocks = append(out.blocks, blk)
	}
	return out
}

// inVariable silences the notes of use in a variable's block.
func (f *file) inVariable(kind string) (restore func()) {
	before := f.quiet
	f.quiet = f.quiet || kind == "variable"
	return func() { f.quiet = before }
}

// markBroken marks the innermost block that an error stands in.
func markBroken(blocks []*block, at hcl.Pos) bool {
	for i, b := range blocks {
		next := at.Byte + 1
		if i+1 < len(blocks) {
			next = blocks[i+1].kindRange.Start.Byte
		}
		// The parser gives up on what is left of a broken block, so that the
		// block's own end is not to be relied on: it reaches to the next one.
		if b.kindRange.Start.Byte <= at.Byte && at.Byte < next {
			if !markBroken(b.body.blocks, at) {
				b.broken = true
			}
			return true
		}
	}
	return false
}

func (f *file) parseJSON() {
	parsed, diags := json.Parse(f.src, f.name)
	f.syntaxErrors(diags[:min(1, len(diags))]) // what follows comes of the first
	if parsed == nil || f.broken {
		return
	}
	f.body = f.json(parsed.Body, fileSpec)
}

// json reads an object of the JSON syntax. What is a block and how many labels
// it has is known from the schema only; what the schema does not have becomes
// an argument, which is reported as unknown.
func (f *file) json(b hcl.Body, spec *Spec) body {
	var out body
	add := func(attrs hcl.Attributes) {
		for _, a := range attrs {
			x := &attr{name: a.Name, nameRange: toRange(a.NameRange), raw: a.Expr}
			if a.Name == "type" && spec.Name == "variable" {
				x.expr = &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: a.Expr.Range()}
			} else {
				x.expr = f.bind(f.jsonExpr(a.Expr))
			}
			out.attrs = append(out.attrs, x)
		}
	}
	if spec.Free {
		attrs, diags := b.JustAttributes()
		f.syntaxErrors(diags)
		add(attrs)
	} else {
		schema := &hcl.BodySchema{}
		for _, a := range spec.Args {
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: a.Name})
		}
		for _, s := range spec.Blocks {
			h := hcl.BlockHeaderSchema{Type: s.Name}
			if s.Label != "" {
				h.LabelNames = []string{"name"}
			}
			schema.Blocks = append(schema.Blocks, h)
		}
		content, rest, diags := b.PartialContent(schema)
		f.syntaxErrors(diags)
		add(content.Attributes)
		if !diags.HasErrors() {
			unknown, diags := rest.JustAttributes()
			f.syntaxErrors(diags)
			add(unknown)
		}
		for _, c := range content.Blocks {
			inner, _ := spec.Block(c.Type)
			restore := f.inVariable(c.Type)
			blk := &block{kind: c.Type, kindRange: toRange(c.TypeRange), header: toRange(c.TypeRange), body: f.json(c.Body, inner), json: true}
			restore()
			for i, l := range c.Labels {
				blk.labels = append(blk.labels, label{l, toRange(c.LabelRanges[i])})
				blk.header = blk.labels[i].rng
			}
			out.blocks = append(out.blocks, blk)
		}
	}
	slices.SortFunc(out.attrs, func(a, b *attr) int { return a.nameRange.Start.Byte - b.nameRange.Start.Byte })
	return out
}

// jsonExpr turns a JSON value into the expression that it stands for, so that
// there is one kind of expression to decode. Strings are templates.
func (f *file) jsonExpr(e hcl.Expression) hclsyntax.Expression {
	rng := e.Range()
	if list, diags := hcl.ExprList(e); !diags.HasErrors() {
		t := &hclsyntax.TupleConsExpr{SrcRange: rng, OpenRange: e.StartRange()}
		for _, x := range list {
			t.Exprs = append(t.Exprs, f.jsonExpr(x))
		}
		return t
	}
	if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
		o := &hclsyntax.ObjectConsExpr{SrcRange: rng, OpenRange: e.StartRange()}
		for _, p := range pairs {
			o.Items = append(o.Items, hclsyntax.ObjectConsItem{
				KeyExpr:   &hclsyntax.ObjectConsKeyExpr{Wrapped: f.jsonExpr(p.Key), ForceNonLiteral: true},
				ValueExpr: f.jsonExpr(p.Value),
			})
		}
		return o
	}
	v, _ := e.Value(nil)
	if v.Type() != cty.String || v.IsNull() || !strings.ContainsAny(v.AsString(), "$%") {
		return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: rng}
	}
	if templateTooDeep(v.AsString()) {
		f.diags.Add(diag.TooLarge, toRange(rng), "The template in this string is nested too deeply.", "Split the expression with locals.")
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}
	}
	start := rng.Start
	start.Byte++
	start.Column++
	t, diags := hclsyntax.ParseTemplate([]byte(v.AsString()), f.name, start)
	f.syntaxErrors(diags)
	if t == nil || diags.HasErrors() {
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}
	}
	return t
}
