package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir/diag"
)

// spaceDecl is a namespace as it is declared, by one block or several.
type spaceDecl struct {
	name      string
	rng       diag.Range // header of the first block
	blocks    []*block
	args      map[string]*attr // of all blocks
	forEach   *attr
	broken    bool
	workloads map[string]*block
	tests     map[string]*block

	state    evalState
	elements []*element
}

// workloadNames lists the namespace's workloads, sorted.
func (d *spaceDecl) workloadNames() []string {
	out := make([]string, 0, len(d.workloads))
	for name := range d.workloads {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// element is a namespace that a block makes: one, or one for each element of
// its for_each.
type element struct {
	decl      *spaceDecl
	ns        *Namespace
	key       string
	value     cty.Value
	workloads map[string]*Workload
	scope     *scope
}

// collect takes in what all files declare, before anything is evaluated.
func (l *loader) collect() {
	var root body
	for _, f := range l.files {
		root.attrs = append(root.attrs, f.body.attrs...)
		root.blocks = append(root.blocks, f.body.blocks...)
	}
	l.checkBody(root, fileSpec, "a configuration")
	for _, b := range root.blocks {
		spec, ok := fileSpec.Block(b.kind)
		if !ok || !l.checkLabels(b, spec) {
			continue
		}
		switch b.kind {
		case "namespace":
			l.collectNamespace(b)
		case "locals":
			l.collectLocals(b)
		case "variable":
			l.collectVariable(b)
		default:
			l.blocks[b.kind] = append(l.blocks[b.kind], b)
			if b.kind == "external" || b.kind == "group" || b.kind == "nodes" {
				l.declare(b)
			}
			l.once(b, spec)
		}
		if b.kind != "locals" && b.kind != "namespace" {
			l.checkBody(b.body, spec, describeBlock(b))
			l.checkNested(b, spec)
		}
	}
}

// checkNested checks the blocks in a block, their labels and their content.
func (l *loader) checkNested(b *block, spec *Spec) {
	seen := map[string]*block{}
	for _, c := range b.body.blocks {
		inner, ok := spec.Block(c.kind)
		if !ok || !l.checkLabels(c, inner) {
			continue
		}
		if !inner.Many {
			key := blockKey(c)
			if first := seen[key]; first != nil {
				l.twice(c, first)
			} else {
				seen[key] = c
			}
		}
		where := describeBlock(c)
		if spec == testSpec {
			where += " of a test"
		}
		l.checkBody(c.body, inner, where)
		l.checkNested(c, inner)
	}
}

func describeBlock(b *block) string {
	if isRule(b.kind) {
		return "a rule"
	}
	return article(b.kind) + " block"
}

// article puts a or an before a word.
func article(word string) string {
	if strings.IndexByte("aeiou", word[0]) >= 0 {
		return "an " + word
	}
	return "a " + word
}

// checkBody reports the arguments and blocks that the schema does not have.
func (l *loader) checkBody(b body, spec *Spec, where string) {
	for _, a := range b.attrs {
		if _, ok := spec.Arg(a.name); ok || spec.Free {
			continue
		}
		l.unknownArgument(a, spec, where)
	}
	for _, c := range b.blocks {
		if _, ok := spec.Block(c.kind); !ok {
			l.unknownBlock(c, spec, where)
		}
	}
}

// whyNoImport says how a configuration comes to know of another.
const whyNoImport = "A configuration is one directory, so that a reader sees all of it. Give the command several directories to merge them; the names of another are known by portolan { use = [\"../platform\"] }."

// refused are the constructs that people know from elsewhere and that are left
// out on purpose.
var refused = map[string]string{
	"dynamic": "A reader of a security policy must see every rule without evaluating anything. Use lists of peers and for expressions inside an argument.",
	"count":   "A reader of a security policy must see every rule without evaluating anything. A namespace takes for_each.",
	"module":  whyNoImport,
	"import":  whyNoImport,
	"include": whyNoImport,
}

func (l *loader) unknownArgument(a *attr, spec *Spec, where string) {
	if why, ok := refused[a.name]; ok {
		l.diags.Add(diag.RefusedOnPurpose, a.nameRange, fmt.Sprintf("There is no %q, on purpose.", a.name), why)
		return
	}
	if a.name == "for_each" {
		l.diags.Add(diag.RefusedOnPurpose, a.nameRange, fmt.Sprintf("There is no for_each in %s, on purpose.", where),
			"A reader of a security policy must see every rule without evaluating anything. Only a namespace takes for_each; a rule takes lists of peers.")
		return
	}
	var names []string
	for _, x := range spec.Args {
		names = append(names, x.Name)
	}
	summary := fmt.Sprintf("There is no argument %q in %s.", a.name, where)
	if inner, ok := spec.Block(a.name); ok {
		l.diags.Add(diag.UnknownArgument, a.nameRange, summary, fmt.Sprintf("%q is a block: write it without the equals sign, as %s.", a.name, blockForm(inner)))
		return
	}
	slices.Sort(names)
	if len(names) == 0 {
		l.diags.Add(diag.UnknownArgument, a.nameRange, summary, "Arguments stand in blocks.")
		return
	}
	l.diags.Add(diag.UnknownArgument, a.nameRange, summary, suggest(a.name, names, "Its arguments are "))
}

func (l *loader) unknownBlock(b *block, spec *Spec, where string) {
	if why, ok := refused[b.kind]; ok {
		l.diags.Add(diag.RefusedOnPurpose, b.kindRange, fmt.Sprintf("There are no %q blocks, on purpose.", b.kind), why)
		return
	}
	if _, elsewhere := specs[b.kind]; elsewhere && l.broken {
		return // after a syntax error the parser may take one block's end for another's
	}
	summary := fmt.Sprintf("There is no block %q in %s.", b.kind, where)
	if _, ok := spec.Arg(b.kind); ok {
		l.diags.Add(diag.UnknownBlock, b.kindRange, summary, fmt.Sprintf("%q is an argument: write %s = …", b.kind, b.kind))
		return
	}
	var names []string
	for _, x := range spec.Blocks {
		names = append(names, x.Name)
	}
	slices.Sort(names)
	detail := suggest(b.kind, names, "Its blocks are ")
	if detail == "" {
		detail = "It takes no blocks."
	}
	if spec != fileSpec {
		if _, ok := fileSpec.Block(b.kind); ok {
			detail = fmt.Sprintf("%q stands at top level.", b.kind)
		} else if b.kind == "workload" {
			detail = "A workload stands in a namespace."
		}
	} else if b.kind == "workload" {
		detail = "A workload stands in a namespace block."
	} else if b.kind == "pass" || b.kind == "log" {
		detail = fmt.Sprintf("%q stands in a tier.", b.kind)
	}
	l.diags.Add(diag.UnknownBlock, b.kindRange, summary, detail)
}

func isRule(kind string) bool {
	return kind == "allow" || kind == "deny" || kind == "pass" || kind == "log"
}

func blockForm(s *Spec) string {
	switch {
	case isRule(s.Name):
		return s.Name + " A to B { … }"
	case s.Name == "accept":
		return `accept "widened" { … }`
	case s.Label != "":
		return fmt.Sprintf("%s %q { … }", s.Name, "name")
	}
	return s.Name + " { … }"
}

// checkLabels checks the number of a block's labels and what they may be.
func (l *loader) checkLabels(b *block, spec *Spec) bool {
	if isRule(b.kind) {
		return l.checkRuleLabels(b)
	}
	want := 0
	if spec.Label != "" {
		want = 1
	}
	if len(b.labels) != want {
		if b.broken {
			return false
		}
		at, detail := b.header, "Write "+blockForm(spec)+"."
		summary := fmt.Sprintf("A %s block has one label, its %s.", b.kind, spec.Label)
		if want == 0 {
			summary = fmt.Sprintf("A %s block has no label.", b.kind)
		}
		if len(b.labels) > want {
			at = b.labels[want].rng
		}
		l.diags.Add(diag.WrongLabels, at, summary, detail)
		return false
	}
	if want == 0 || b.kind == "test" {
		if b.kind == "test" && strings.TrimSpace(b.labels[0].text) == "" {
			l.diags.Add(diag.WrongLabels, b.labels[0].rng, "A test's label is a sentence; this one is empty.", "")
		}
		return true
	}
	if b.kind == "accept" {
		if !slices.Contains(lossWords, b.labels[0].text) {
			l.badWord(b.labels[0].text, lossWords, b.labels[0].rng, "accept")
			return false
		}
		return true
	}
	return l.checkName(b.labels[0], b.kind)
}

// checkName checks a name that a block is given.
func (l *loader) checkName(x label, kind string) bool {
	if !validName.MatchString(x.text) {
		detail := "A name has up to 63 letters, digits, - and _, and begins and ends with a letter or a digit."
		if strings.Contains(x.text, ".") {
			detail += " A dot separates a namespace from its workload."
		}
		l.diags.Add(diag.BadName, x.rng, fmt.Sprintf("%q is no name for %s.", x.text, article(kind)), detail)
		l.bad[x.text] = true
		return false
	}
	switch kind {
	case "namespace", "workload", "external", "group", "nodes":
		if reserved(x.text) {
			l.bad[x.text] = true
			l.diags.Add(diag.ReservedName, x.rng, fmt.Sprintf("The name %q is reserved.", x.text), "It has a meaning of its own wherever a peer is expected. Choose another name; what the cluster calls it is set inside the block.")
			return false
		}
	}
	return true
}

func (l *loader) checkRuleLabels(b *block) bool {
	form := fmt.Sprintf("Write %s A to B { … }, or with lists %s \"name\" { from = […] and to = […] }.", b.kind, b.kind)
	if b.json {
		form = "In JSON a rule has one label, its name, and the arguments from and to."
	}
	switch n := len(b.labels); {
	case n == 3 && b.labels[1].text == "to":
		return true
	case b.broken:
		return false
	case n == 3:
		l.diags.Add(diag.WrongLabels, b.labels[1].rng, fmt.Sprintf("Between the peers of a rule stands \"to\", not %q.", b.labels[1].text), form)
	case n == 1:
		return l.checkName(b.labels[0], "rule")
	case n == 2:
		var detail string
		if b.labels[0].text == "to" || b.labels[1].text == "to" {
			detail = "A peer is missing. " + form
		} else {
			detail = fmt.Sprintf("Write %s %s to %s { … }.", b.kind, quoteLabel(b.labels[0].text), quoteLabel(b.labels[1].text))
		}
		l.diags.Add(diag.WrongLabels, b.header, "A rule has the labels A to B, or one name.", detail)
	default:
		l.diags.Add(diag.WrongLabels, b.header, "A rule has the labels A to B, or one name.", form)
	}
	return false
}

// quoteLabel writes a label as one would: quoted where it must be.
func quoteLabel(s string) string {
	if strings.ContainsAny(s, ".[]/ \"") || s == "" || s[0] >= '0' && s[0] <= '9' {
		return fmt.Sprintf("%q", s)
	}
	return s
}

func (l *loader) badWord(given string, words []string, at diag.Range, what string) {
	l.diags.Add(diag.BadWord, at, fmt.Sprintf("%q is no value of %s.", given, what), suggest(given, words, "It is one of "))
}

// declare makes a top-level name known.
func (l *loader) declare(b *block) *declaration {
	d := &declaration{kind: b.kind, name: b.labels[0].text, rng: b.header}
	for _, other := range l.names[d.name] {
		if other.kind == d.kind {
			return other // reported by once
		}
	}
	switch b.kind {
	case "external":
		d.peer = &External{Name: d.name, Range: b.header}
	case "group":
		d.peer = &Group{Name: d.name, Range: b.header}
	case "nodes":
		d.peer = &NodeSet{Name: d.name, Range: b.header}
	}
	l.names[d.name] = append(l.names[d.name], d)
	l.decls = append(l.decls, d)
	return d
}

// once reports a second block of a kind, or of a kind and name.
func (l *loader) once(b *block, spec *Spec) {
	if spec.Many {
		return
	}
	key := blockKey(b)
	if first := l.firsts[key]; first != nil {
		l.twice(b, first)
		return
	}
	l.firsts[key] = b
}

func blockKey(b *block) string {
	key := b.kind
	for _, x := range b.labels {
		key += "\x00" + x.text
	}
	return key
}

func (l *loader) twice(b, first *block) {
	summary, detail := fmt.Sprintf("There are two %s blocks.", b.kind), "Merge the two."
	if len(b.labels) > 0 {
		summary = fmt.Sprintf("The %s %q is declared twice.", kindName(b.kind), b.labels[0].text)
		detail = "Only a namespace may be reopened. Merge the two, or give one another name."
	}
	l.diags.Add(diag.DeclaredTwice, b.header, summary, detail).Relate(first.header, "the other one")
}

// space finds a namespace's declaration by name.
func (l *loader) space(name string) *spaceDecl {
	for _, d := range l.names[name] {
		if d.kind == "namespace" {
			return d.space
		}
	}
	return nil
}

func (l *loader) collectNamespace(b *block) {
	d := l.space(b.labels[0].text)
	if d == nil {
		d = &spaceDecl{name: b.labels[0].text, rng: b.header, args: map[string]*attr{}, workloads: map[string]*block{}, tests: map[string]*block{}}
		decl := l.declare(b)
		decl.space = d
		l.spaces = append(l.spaces, d)
	}
	d.blocks = append(d.blocks, b)
	d.broken = d.broken || b.broken
	l.checkBody(b.body, namespaceSpec, "a namespace block")
	for _, a := range b.body.attrs {
		if first := d.args[a.name]; first != nil {
			l.diags.Add(diag.SetTwice, a.nameRange, fmt.Sprintf("The argument %q of namespace %q is set twice.", a.name, d.name),
				"Another block for the namespace sets it. Keep one.").Relate(first.nameRange, "the other one")
			continue
		}
		d.args[a.name] = a
	}
	d.forEach = d.args["for_each"]
	l.checkNested(b, namespaceSpec)
	for _, c := range b.body.blocks {
		if c.kind != "workload" || len(c.labels) != 1 || !validName.MatchString(c.labels[0].text) || reserved(c.labels[0].text) {
			continue
		}
		if first := d.workloads[c.labels[0].text]; first == nil {
			d.workloads[c.labels[0].text] = c
		} else if !slices.Contains(b.body.blocks, first) { // else reported with the block
			l.twice(c, first)
		}
	}
	for _, c := range b.body.blocks {
		if c.kind != "test" || len(c.labels) != 1 {
			continue
		}
		if first := d.tests[c.labels[0].text]; first == nil {
			d.tests[c.labels[0].text] = c
		} else if !slices.Contains(b.body.blocks, first) {
			l.twice(c, first)
		}
	}
}
