package intent

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir/diag"
)

// A path is a name as it is written: frontend, monitoring.prometheus,
// tenant["a"].web, workload.frontend. Identifiers in expressions, labels of
// rules and strings are read into paths alike.
type path struct{ steps []step }

type step struct {
	name  string
	index bool // written ["name"]
}

// String is the name as one writes it.
func (p path) String() string {
	var b strings.Builder
	for i, s := range p.steps {
		switch {
		case s.index:
			fmt.Fprintf(&b, "[%q]", s.name)
		case i > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}

func pathOf(t hcl.Traversal) path {
	p := path{steps: []step{{name: t.RootName()}}}
	for _, s := range t[1:] {
		p.steps = append(p.steps, stepOf(s))
	}
	return p
}

func stepOf(t hcl.Traverser) step {
	switch t := t.(type) {
	case hcl.TraverseAttr:
		return step{name: t.Name}
	case hcl.TraverseIndex:
		if t.Key.Type() == cty.String && t.Key.IsKnown() && !t.Key.IsNull() {
			return step{name: t.Key.AsString(), index: true}
		}
		if t.Key.Type() == cty.Number && t.Key.IsKnown() && !t.Key.IsNull() {
			return step{name: t.Key.AsBigFloat().Text('f', -1), index: true}
		}
	}
	return step{name: "?", index: true}
}

// pathStep is one step of a name in a string.
var pathStep = regexp.MustCompile(`^(?:\.?([-_A-Za-z0-9]+)|\["((?:[^"\\]|\\.)*)"\])`)

// parsePath reads a name from a string.
func parsePath(text string) (path, bool) {
	var p path
	for rest := text; rest != ""; {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil || strings.HasPrefix(rest, ".") == (len(p.steps) == 0) && rest[0] != '[' {
			return path{}, false
		}
		s := step{name: m[1]}
		if strings.HasPrefix(rest, "[") {
			if len(p.steps) == 0 {
				return path{}, false
			}
			s = step{name: strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[2]), index: true}
		}
		p.steps = append(p.steps, s)
		rest = rest[len(m[0]):]
	}
	return p, len(p.steps) > 0
}

// validName is what blocks may be called: DNS labels and what is near them,
// without the dot that separates a namespace from its workload.
var validName = regexp.MustCompile(`^[A-Za-z0-9]([-_A-Za-z0-9]{0,61}[A-Za-z0-9])?$`)

// builtins are the peers that the language names.
var builtins = map[string]Builtin{
	"world": World, "cluster": Cluster, "nodes": Nodes, "anywhere": Anywhere,
	"apiserver": APIServer, "dns": ClusterDNS, "self": Self, "others": Others,
}

var builtinNames = []string{"anywhere", "apiserver", "cluster", "dns", "nodes", "others", "self", "world"}

// qualifiers say which kind of thing is meant; nodes alone is a built-in.
var qualifiers = []string{"external", "group", "namespace", "nodes", "workload"}

// wayIn is the name of the way in from outside. It is no reserved name, since
// it came after others that people had given: what is declared with it is meant
// where the facts state no way in.
const wayIn = "ingress"

// statesIngress reports that the facts say what the way in is.
func (l *loader) statesIngress() bool {
	for _, kind := range []string{"cluster", "target"} {
		for _, b := range l.blocks[kind] {
			if slices.ContainsFunc(b.body.blocks, func(c *block) bool { return c.kind == wayIn }) {
				return true
			}
		}
	}
	return slices.ContainsFunc(l.uses, func(u usage) bool {
		return slices.ContainsFunc(u.of.blocks["cluster"], func(b *block) bool {
			return slices.ContainsFunc(b.body.blocks, func(c *block) bool { return c.kind == wayIn })
		})
	})
}

// declaredAt is where the one thing that a name was found for is declared.
func (s *scope) declaredAt(workload *spaceDecl, found []*declaration) diag.Range {
	if workload != nil {
		return workload.workloads[wayIn].header
	}
	return found[0].rng
}

// reserved are the names that no block may have; the last are HCL's own words.
func reserved(name string) bool {
	return slices.Contains(builtinNames, name) || slices.Contains(qualifiers, name) || isValueRoot(name) ||
		slices.Contains([]string{"any", "absent", "true", "false", "null", "for"}, name)
}

// kindName is what one of a kind of declaration is called.
func kindName(kind string) string {
	if kind == "nodes" {
		return "set of nodes"
	}
	return kind
}

// declaration is what a top-level name stands for.
type declaration struct {
	kind  string // namespace, external, group or nodes
	name  string
	rng   diag.Range
	used  bool
	from  string     // as use names the configuration that declares it; "" of this one's
	space *spaceDecl // of a namespace
	peer  Peer       // of the others
}

// resolve finds the peers that a name stands for in the scope. Errors are
// reported.
func (s *scope) resolve(p path, rng diag.Range) ([]Peer, bool) {
	root := p.steps[0].name
	if slices.Contains(qualifiers, root) && (root != "nodes" || len(p.steps) > 1) {
		return s.resolveQualified(p, rng)
	}
	if b, ok := builtins[root]; ok {
		return s.resolveBuiltin(b, p, rng)
	}
	if isValueRoot(root) || root == "any" || root == "absent" {
		s.l.diags.Add(diag.Misplaced, rng, fmt.Sprintf("%q is no name of a peer.", p), "Values are used in expressions, outside quotes.")
		return nil, false
	}
	var workload *spaceDecl
	if s.el != nil && len(p.steps) == 1 && s.el.workloads[root] != nil {
		workload = s.el.decl
	}
	var found []*declaration
	for _, d := range s.l.names[root] {
		if len(p.steps) == 1 || d.kind == "namespace" {
			found = append(found, d)
		}
	}
	n := len(found)
	if workload != nil {
		n++
	}
	stated := root == wayIn && len(p.steps) == 1 && s.l.statesIngress()
	switch {
	case n == 0 && root == wayIn:
		return s.resolveBuiltin(WayIn, p, rng)
	case n == 1 && stated:
		s.l.diags.Add(diag.AmbiguousName, rng, `"ingress" is a name that is declared, and the way in that the facts state.`, "Give the other another name: the way in has no qualified form.").
			Relate(s.declaredAt(workload, found), "the other")
		return nil, false
	case n == 0:
		s.unknownName(p, rng)
		return nil, false
	case n > 1:
		s.ambiguousName(p, workload != nil, found, rng)
		return nil, false
	case workload != nil:
		return []Peer{s.el.workloads[root]}, true
	}
	return s.resolveDeclared(found[0], p.steps[1:], p, rng)
}

func (s *scope) resolveBuiltin(b Builtin, p path, rng diag.Range) ([]Peer, bool) {
	if len(p.steps) > 1 {
		s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("There is nothing in %q.", p.steps[0].name), "It is a built-in peer. The name of a workload in this namespace stands alone.")
		return nil, false
	}
	if (b == Self || b == Others) && s.el == nil {
		s.l.diags.Add(diag.Misplaced, rng, fmt.Sprintf("%q stands only inside a namespace.", p.steps[0].name), "Here no namespace encloses it. Write the namespace's name.")
		return nil, false
	}
	return []Peer{b}, true
}

func (s *scope) resolveQualified(p path, rng diag.Range) ([]Peer, bool) {
	kind := p.steps[0].name
	if len(p.steps) < 2 {
		s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("%q alone is no name.", kind), fmt.Sprintf("Write %s.name.", kind))
		return nil, false
	}
	name := p.steps[1].name
	if kind == "workload" {
		if s.el == nil {
			s.l.diags.Add(diag.Misplaced, rng, fmt.Sprintf("%q stands only inside a namespace.", p), fmt.Sprintf("Elsewhere a workload is written with its namespace: namespace.%s.", name))
			return nil, false
		}
		if w := s.el.workloads[name]; w != nil && len(p.steps) == 2 {
			return []Peer{w}, true
		}
		s.unknownName(p, rng)
		return nil, false
	}
	var found []*declaration
	for _, d := range s.l.names[name] {
		if d.kind == kind {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		s.unknownName(p, rng)
	case 1:
		return s.resolveDeclared(found[0], p.steps[2:], p, rng)
	default:
		s.ambiguousName(p, false, found, rng)
	}
	return nil, false
}

// resolveDeclared gives what the rest of a path means in a declaration: an
// element of a namespace, a workload, or the declaration itself.
func (s *scope) resolveDeclared(d *declaration, rest []step, p path, rng diag.Range) ([]Peer, bool) {
	d.used = true
	if d.kind != "namespace" {
		if len(rest) > 0 {
			s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("There is nothing in the %s %q.", kindName(d.kind), d.name), "Only a namespace has names in it.")
			return nil, false
		}
		return []Peer{d.peer}, true
	}
	if s.el != nil && s.el.decl == d.space && d.space.forEach != nil {
		s.ownLabel(d, rest, rng)
		return nil, false
	}
	elements, ok := s.l.elementsOf(d.space, rng)
	if !ok {
		return nil, false
	}
	if len(rest) > 0 && rest[0].index {
		if d.space.forEach == nil {
			s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("The namespace %q has no elements.", d.name), fmt.Sprintf("Only one with for_each has. A workload in it is written %s.name.", d.name))
			return nil, false
		}
		i := slices.IndexFunc(elements, func(e *element) bool { return e.key == rest[0].name })
		if i < 0 {
			var keys []string
			for _, e := range elements {
				keys = append(keys, e.key)
			}
			s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("The namespace %q has no element %q.", d.name, rest[0].name), suggest(rest[0].name, keys, "Its elements are "))
			return nil, false
		}
		elements, rest = elements[i:i+1], rest[1:]
	}
	if len(elements) == 0 {
		s.l.diags.Add(diag.EmptySelection, rng, fmt.Sprintf("The namespace %q has no elements, so %q means nobody.", d.name, p), "Its for_each is empty here.")
		return nil, false
	}
	if len(rest) > 1 || len(rest) == 1 && (rest[0].index || d.space.workloads[rest[0].name] == nil) {
		s.unknownName(p, rng)
		return nil, false
	}
	var out []Peer
	for _, e := range elements {
		if len(rest) == 1 {
			out = append(out, e.workloads[rest[0].name])
		} else {
			out = append(out, e.ns)
		}
	}
	return out, s.l.expand(len(out), rng)
}

func (s *scope) ownLabel(d *declaration, rest []step, rng diag.Range) {
	hint := "self"
	if n := len(rest); n > 0 && !rest[n-1].index {
		hint = rest[n-1].name
	}
	s.l.diags.Add(diag.OwnLabel, rng, fmt.Sprintf("Inside the block, %q does not say which element is meant.", d.name),
		fmt.Sprintf("Write %s, which means this element's. A rule between elements stands at top level.", hint))
}

// unknownName reports a name that is nowhere. Where a file has syntax errors
// it may have been declared in what could not be read, so nothing is said.
func (s *scope) unknownName(p path, rng diag.Range) {
	text := p.String()
	if s.l.broken || s.l.bad[text] || s.l.bad[p.steps[len(p.steps)-1].name] || s.l.tooMany(rng) {
		return
	}
	where := "at top level"
	if s.el != nil {
		where = fmt.Sprintf("in namespace %q or at top level", s.el.decl.name)
	}
	if kind := p.steps[0].name; len(p.steps) > 1 && slices.Contains(qualifiers, kind) {
		var names []string
		if kind == "workload" {
			names = s.el.decl.workloadNames()
		}
		for _, d := range s.l.known() {
			if d.kind == kind {
				names = append(names, d.name)
			}
		}
		name := p.steps[1].name
		if d := s.l.space(name); kind == "namespace" && d != nil { // what is in it is missing
			name, kind, names = p.steps[len(p.steps)-1].name, "workload in that namespace", d.workloadNames()
		}
		s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("There is no %s %q.", kindName(kind), name), suggest(name, names, "There are "))
		return
	}
	if len(p.steps) > 1 {
		if d := s.l.space(p.steps[0].name); d != nil {
			inner := p.steps[len(p.steps)-1].name
			s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("There is no workload %q in namespace %q.", inner, d.name), suggest(inner, d.workloadNames(), "Its workloads are "))
			return
		}
	}
	detail := ""
	if s.l.suggested++; s.l.suggested <= maxSuggestions {
		detail = suggest(text, s.visible(), "")
	}
	if detail == "" {
		for _, d := range s.l.knownSpaces() {
			if d.workloads[text] != nil {
				detail = fmt.Sprintf("Outside its namespace a workload is %s.%s, quoted in a rule's label.", d.name, text)
				break
			}
		}
	}
	if detail == "" {
		detail = "A peer is a workload, a namespace, an external, a group or nodes that are declared, or one of " + strings.Join(append(slices.Clone(builtinNames), wayIn), ", ") + "."
	}
	s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("There is no %q %s.", text, where), detail)
}

func (s *scope) ambiguousName(p path, workload bool, found []*declaration, rng diag.Range) {
	text := p.String()
	var forms []string
	if workload {
		forms = append(forms, "workload."+text)
	}
	for _, d := range found {
		d.used = true
		forms = append(forms, d.kind+"."+text)
	}
	slices.Sort(forms)
	help := "Write " + orList(forms) + "."
	if len(slices.Compact(slices.Clone(forms))) < len(forms) {
		help = "Configurations that are used declare it too: one of them has to choose another name."
	}
	x := s.l.diags.Add(diag.AmbiguousName, rng, fmt.Sprintf("%q is the name of more than one thing.", text), help)
	if workload {
		x.Relate(s.el.decl.workloads[p.steps[0].name].header, "the workload")
	}
	for _, d := range found {
		x.Relate(d.rng, "the "+d.kind)
	}
}

// visible lists what a bare name can mean in the scope, sorted.
func (s *scope) visible() []string {
	out := append(slices.Clone(builtinNames), wayIn)
	if s.el == nil {
		out = slices.DeleteFunc(out, func(n string) bool { return n == "self" || n == "others" })
	} else {
		out = append(out, s.el.decl.workloadNames()...)
	}
	for name := range s.l.names {
		out = append(out, name)
	}
	for _, d := range s.l.knownSpaces() {
		for _, w := range d.workloadNames() {
			out = append(out, d.name+"."+w)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// maxSuggestions is for how many unknown names a likely one is looked for:
// the first few show what is wrong, and each costs a look at every name.
const maxSuggestions = 100

// nearest gives the candidate that was likely meant, or "".
func nearest(given string, candidates []string) string {
	// A third of a word may be a typo, up to four letters.
	most := min(max(1, len(given)/3), 4)
	best, least := "", most+1
	for _, c := range candidates {
		if d := len(c) - len(given); c == given || d > most || -d > most {
			continue
		}
		d := levenshtein.Distance(given, c, nil)
		if swapped(given, c) {
			d = 1
		}
		if d < least && d < len(given) {
			best, least = c, d
		}
	}
	return best
}

// swapped reports whether two neighbours changed places: the one slip of a hand
// that counts as two edits.
func swapped(a, b string) bool {
	for i := range min(len(a), len(b)) - 1 {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

// suggest says what was likely meant, or lists all there is after intro.
func suggest(given string, candidates []string, intro string) string {
	if near := nearest(given, candidates); near != "" {
		return fmt.Sprintf("Did you mean %q?", near)
	}
	if intro == "" {
		return ""
	}
	if len(candidates) == 0 {
		return "None is declared."
	}
	if len(candidates) > 40 {
		return intro + strings.Join(candidates[:40], ", ") + " and more."
	}
	return intro + strings.Join(candidates, ", ") + "."
}

func orList(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}

// bareName gives the name of an expression that is one identifier and nothing
// else: where a string belongs, quotes were forgotten.
func bareName(e hclsyntax.Expression) (string, bool) {
	n, ok := e.(*nameExpr)
	if !ok || len(n.Traversal) != 1 {
		return "", false
	}
	return n.Traversal.RootName(), true
}
