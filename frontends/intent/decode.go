package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// decode makes the Config of what was collected. What stands first is needed
// by what follows: rules need namespaces, which rule may hold a group needs
// the group's members.
func (l *loader) decode() {
	l.decodeNames()
	for _, d := range l.spaces {
		for _, el := range d.elements {
			l.config.Namespaces = append(l.config.Namespaces, el.ns)
		}
	}
	l.decodeRules()
	l.checkNamespaces()
	l.sortConfig()
	l.checkAddresses()
	l.checkTiers()
	l.checkUsed()
	if l.unknown && !l.diags.HasErrors() {
		l.diags.Add(diag.BadExpression, diag.Range{}, "An expression has no value.", "")
	}
}

// decodeNames decodes what the names of this configuration and of all that it
// uses stand for. Each step needs the one before of every configuration, since
// they may use each other.
func (l *loader) decodeNames() {
	all := l.family.loaders
	for _, x := range all {
		x.bindVariables()
		x.expandNamespaces()
		x.decodeStatements()
	}
	for _, x := range all {
		x.importNames()
	}
	for _, x := range all {
		x.decodeCluster()
	}
	l.takeFacts()
	for _, x := range all[1:] {
		x.disown()
	}
	for _, x := range all {
		x.decodePeers()
	}
	for _, x := range all {
		x.checkGroups()
	}
	for _, x := range all {
		for _, d := range x.spaces {
			for _, el := range d.elements {
				x.decodeInNamespace(el)
			}
		}
	}
	for _, x := range all[1:] { // hints and warnings are for those who own it
		l.diags = append(l.diags, slices.DeleteFunc(x.diags, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })...)
	}
}

// decodeStatements decodes what is stated of namespaces, in which no name of a
// peer is.
func (l *loader) decodeStatements() {
	for _, b := range l.blocks["portolan"] {
		l.decodePortolan(b)
	}
	for _, d := range l.spaces {
		for _, el := range d.elements {
			l.decodeNamespace(el)
		}
	}
}

// decodePeers decodes what is outside of namespaces and has a name.
func (l *loader) decodePeers() {
	for _, b := range l.blocks["external"] {
		l.decodeExternal(b)
	}
	for _, b := range l.blocks["target"] {
		l.overrides[b] = l.decodeTargetExternals(b)
	}
	l.decodeIssuers()
	for _, b := range l.blocks["nodes"] {
		l.decodeNodes(b)
	}
	for _, b := range l.blocks["group"] {
		l.decodeGroup(b)
	}
}

// decodeRules decodes what stands outside of namespaces and is no name: tiers,
// rules, tests and targets.
func (l *loader) decodeRules() {
	c := l.config
	for _, b := range l.blocks["tier"] {
		l.decodeTier(b)
	}
	for _, kind := range []string{"allow", "deny"} {
		for _, b := range l.blocks[kind] {
			if r := l.decodeRule(l.top, b, nil); r != nil {
				c.Rules = append(c.Rules, r)
			}
		}
	}
	for _, b := range l.blocks["test"] {
		l.decodeTest(l.top, b)
	}
	for _, b := range l.blocks["target"] {
		l.decodeTarget(b)
	}
	for _, name := range sortedKeys(l.locals) { // those that nothing asked for
		l.local(name, l.locals[name].attr.nameRange)
	}
}

func (l *loader) sortConfig() {
	c := l.config
	sortBy(c.Namespaces, func(n *Namespace) string { return n.Address })
	sortBy(c.Externals, func(e *External) string { return e.Name })
	sortBy(c.Groups, func(g *Group) string { return g.Name })
	sortBy(c.NodeSets, func(n *NodeSet) string { return n.Name })
	sortBy(c.Issuers, func(i *Issuer) string { return i.Name })
	sortBy(c.Tiers, func(t *Tier) string { return t.Name })
	sortBy(c.Rules, func(r *Rule) string { return r.Address })
	sortBy(c.Targets, func(t *Target) string { return t.Name })
	sortBy(c.Tests, func(t *Test) string {
		if t.Namespace == nil {
			return t.Sentence
		}
		return t.Namespace.Address + "/" + t.Sentence
	})
}

func (l *loader) decodeExternal(b *block) {
	d := l.declarationOf(b)
	if d == nil {
		return
	}
	e := d.peer.(*External)
	a := l.arguments(l.top, b)
	e.Description = a.description()
	e.Targets = a.targetNames()
	if l.externalAddress(e, a, b) {
		l.config.Externals = append(l.config.Externals, e)
	}
}

// externalAddress decodes where an external is; false where nothing says so.
func (l *loader) externalAddress(e *External, a *arguments, b *block) bool {
	cidrs, names := a.attr("cidrs"), a.attr("fqdns")
	switch {
	case a.broken:
		return false
	case cidrs == nil && names == nil:
		l.diags.Add(diag.MissingArgument, b.header, fmt.Sprintf("The external %q has neither cidrs nor fqdns.", e.Name), `Say where it is: cidrs = ["203.0.113.0/24"], or fqdns = ["api.example.com"].`)
		return false
	case cidrs != nil && names != nil:
		l.diags.Add(diag.Exclusive, names.nameRange, fmt.Sprintf("The external %q has both cidrs and fqdns.", e.Name), "It is known by address or by name. Declare two, and a group of both.").Relate(cidrs.nameRange, "cidrs")
		return false
	case names != nil:
		if x := a.attr("except"); x != nil {
			l.diags.Add(diag.Exclusive, x.nameRange, "Exceptions are taken out of cidrs, not of fqdns.", "")
		}
		v, _ := a.value("fqdns")
		e.Names, _ = v.nameList("fqdns")
	default:
		v, _ := a.value("cidrs")
		list, ok := v.list("cidrs")
		var except []value
		if x, named := a.value("except"); named {
			gone, good := x.list("except")
			except, ok = gone, ok && good
		}
		if ok {
			e.CIDRs, _ = l.top.addresses(list, except, v.rng, &l.diags)
		}
	}
	return true
}

// declarationOf finds what a block declares; nil where another block with the
// name came first.
func (l *loader) declarationOf(b *block) *declaration {
	if l.firsts[blockKey(b)] != b {
		return nil
	}
	for _, d := range l.names[b.labels[0].text] {
		if d.kind == b.kind {
			return d
		}
	}
	return nil
}

func (l *loader) decodeGroup(b *block) {
	d := l.declarationOf(b)
	if d == nil {
		return
	}
	g := d.peer.(*Group)
	a := l.arguments(l.top, b)
	g.Description = a.description()
	if v, ok := a.value("members"); ok {
		g.Members, _ = v.peerList("members")
	}
	l.config.Groups = append(l.config.Groups, g)
}

func (l *loader) decodeNodes(b *block) {
	d := l.declarationOf(b)
	if d == nil {
		return
	}
	n := d.peer.(*NodeSet)
	a := l.arguments(l.top, b)
	n.Description = a.description()
	n.Labels, _ = decodeArg(a, "labels", ir.Selector{}, func(v value) (ir.Selector, bool) { return v.selector("labels") })
	n.DefaultDeny = wordArg(a, "default_deny", directions, ir.NoDirection)
	n.Mode = wordArg(a, "mode", modes, ir.Enforce)
	n.Targets = a.targetNames()
	d.used = d.used || n.DefaultDeny.Value != ir.NoDirection
	l.config.NodeSets = append(l.config.NodeSets, n)
}

// checkGroups reports groups that are members of themselves, and takes such
// members out, so that walking a group ends.
func (l *loader) checkGroups() {
	done := map[*Group]bool{}
	var visit func(g *Group)
	visit = func(g *Group) {
		if done[g] {
			return
		}
		g.Members = slices.DeleteFunc(g.Members, func(m PeerRef) bool {
			inner, ok := m.Peer.(*Group)
			if !ok {
				return false
			}
			if !l.enter(dependency{"group." + inner.Name, inner.Range}) {
				return true
			}
			visit(inner)
			l.leave()
			return false
		})
		done[g] = true
		l.named[g] = slices.ContainsFunc(g.Members, func(m PeerRef) bool { return l.hasNames(m.Peer) })
	}
	for _, g := range l.config.Groups {
		if l.enter(dependency{"group." + g.Name, g.Range}) {
			visit(g)
			l.leave()
		}
	}
}

// hasNames reports whether a peer is known by DNS names, in part or whole.
func (l *loader) hasNames(p Peer) bool {
	switch p := p.(type) {
	case *External:
		return len(p.Names) > 0 || l.renamed[p]
	case InlineNames:
		return true
	case *Group:
		return l.named[p]
	}
	return false
}

func (l *loader) decodeTier(b *block) {
	a := l.arguments(l.top, b)
	t := &Tier{Name: b.labels[0].text, Range: b.header, Description: a.description()}
	t.Order, _ = decodeArg(a, "order", 0, func(v value) (int, bool) { return v.integer("order", 1, 999_999) })
	t.DefaultDeny = wordArg(a, "default", words[bool]{"pass": false, "deny": true}, false).Value
	t.Targets = a.targetNames()
	for _, c := range b.body.blocks {
		if r := l.decodeRule(l.top, c, t); r != nil {
			t.Rules = append(t.Rules, r)
		}
	}
	sortBy(t.Rules, func(r *Rule) string { return r.Address })
	l.config.Tiers = append(l.config.Tiers, t)
}

func (l *loader) checkTiers() {
	seen := map[int]*Tier{}
	for _, t := range l.config.Tiers {
		if !t.Order.Set {
			continue
		}
		if first := seen[t.Order.Value]; first != nil {
			l.diags.Add(diag.DeclaredTwice, t.Order.Range, fmt.Sprintf("The tiers %q and %q have the same order.", first.Name, t.Name), "Which is decided first must not be left to chance: give each its own order.").
				Relate(first.Order.Range, "the other one")
			continue
		}
		seen[t.Order.Value] = t
	}
}

func (l *loader) decodeTest(s *scope, b *block) {
	if b.broken {
		return
	}
	t := &Test{Sentence: b.labels[0].text, Range: b.header}
	if s.el != nil {
		t.Namespace = s.el.ns
	}
	n := 0
	for _, c := range b.body.blocks {
		if c.kind != "allow" && c.kind != "deny" {
			continue
		}
		n++
		if r := l.decodeRule(s, c, nil); r != nil {
			t.Rules = append(t.Rules, r)
		}
	}
	if n == 0 {
		l.diags.Add(diag.MissingArgument, b.header, "The test asserts nothing.", "It needs an allow or a deny block.")
	}
	a := l.arguments(s, b)
	a.description()
	t.Targets = a.targetNames()
	sortBy(t.Rules, func(r *Rule) string { return r.Address })
	l.config.Tests = append(l.config.Tests, t)
}

// checkAddresses reports rules that share an address: it is what an accept
// names, and what emitted objects point back to.
func (l *loader) checkAddresses() {
	seen := map[string]*Rule{}
	check := func(r *Rule) {
		first := seen[r.Address]
		if first == nil {
			seen[r.Address] = r
			return
		}
		l.diags.Add(diag.SameAddress, r.Range, fmt.Sprintf("Two rules have the address %s.", r.Address),
			`Give one of them a name: name = "…" in the block, or the long form with from and to.`).Relate(first.Range, "the other one")
	}
	all := slices.Clone(l.config.Rules)
	for _, t := range l.config.Tiers {
		all = append(all, t.Rules...)
	}
	slices.SortStableFunc(all, func(a, b *Rule) int {
		if c := strings.Compare(a.Range.File, b.Range.File); c != 0 {
			return c
		}
		return a.Range.Start.Byte - b.Range.Start.Byte
	})
	for _, r := range all {
		check(r)
		l.checkScopes(r)
	}
}

// checkUsed warns of names that nothing uses. Where a file has syntax errors
// the use may be in what could not be read.
func (l *loader) checkUsed() {
	if l.broken {
		return
	}
	used := func(name string, in func(*file) map[string]bool) bool {
		return slices.ContainsFunc(l.files, func(f *file) bool { return in(f)[name] })
	}
	excused := l.hiddenBlocks() || l.forOthers()
	for _, d := range l.decls {
		// A name in an expression that failed, or was not evaluated, is used too.
		if !d.used && d.kind != "namespace" && !used(d.name, func(f *file) map[string]bool { return f.mentions }) && !excused {
			l.neverUsed(kindName(d.kind), d.name, d.rng, "No rule, group or test refers to it. Remove it, or write the rule that is missing.")
		}
	}
	for _, i := range l.config.Issuers {
		if !l.usedIssuers[i] && !l.hiddenBlocks() && !l.diags.HasErrors() {
			l.neverUsed("issuer", i.Name, i.Range, "No rule asks for its tokens.")
		}
	}
	for _, name := range sortedKeys(l.variables) {
		if !used(name, func(f *file) map[string]bool { return f.vars }) {
			l.neverUsed("variable", name, l.variables[name].block.header, "No expression has var."+name+".")
		}
	}
	for _, name := range sortedKeys(l.locals) {
		if !used(name, func(f *file) map[string]bool { return f.locals }) {
			l.neverUsed("local", name, l.locals[name].attr.nameRange, "No expression has local."+name+".")
		}
	}
}

// forOthers reports that the configuration has no rules and no tests, so that its
// names are there for configurations that `use` it. A rule with an error is none
// of the configuration's, so that with errors it is not known.
func (l *loader) forOthers() bool {
	return !l.diags.HasErrors() && len(l.config.Rules) == 0 && len(l.config.Tests) == 0 &&
		!slices.ContainsFunc(l.config.Tiers, func(t *Tier) bool { return len(t.Rules) > 0 })
}

// hiddenBlocks reports that a for_each is empty, so that the block's names
// were never looked at.
func (l *loader) hiddenBlocks() bool {
	return slices.ContainsFunc(l.spaces, func(d *spaceDecl) bool { return len(d.elements) == 0 })
}

func (l *loader) neverUsed(kind, name string, at diag.Range, detail string) {
	l.diags.Add(diag.NeverUsed, at, fmt.Sprintf("The %s %q is never used.", kind, name), detail)
}

// checkNamespaces reports two declarations of one namespace of the cluster,
// and those that close by accident what everything depends on.
func (l *loader) checkNamespaces() {
	seen := map[string]*Namespace{}
	dns, mesh := l.systemNamespaces()
	var all []*element
	for _, d := range l.spaces {
		all = append(all, d.elements...)
	}
	sortBy(all, func(el *element) string { return el.ns.Address })
	for _, el := range all {
		n := el.ns
		if n.Name == "" {
			continue
		}
		if n.Cluster.Set {
			continue
		}
		if first := seen[n.Name]; first != nil {
			detail := "Reopen one of them, or correct its name."
			if first.Range == n.Range {
				detail = "Each element of for_each needs a name of its own: put each.key into it."
			}
			l.diags.Add(diag.DeclaredTwice, n.Range, fmt.Sprintf("%s and %s are the same namespace of the cluster, %q.", first.Address, n.Address, n.Name), detail).
				Relate(first.Range, "the other one")
			continue
		}
		seen[n.Name] = n
		if el.decl.broken || el.decl.args["managed"] != nil || el.decl.args["default_deny"] != nil {
			continue
		}
		why := ""
		switch {
		case slices.Contains(dns, n.Name):
			why = "the cluster's DNS"
		case slices.Contains(mesh, n.Name):
			why = "the root of the mesh"
		default:
			continue
		}
		x := l.diags.Add(diag.ClosesSystem, n.Range, fmt.Sprintf("Declaring %q closes the namespace of %s.", n.Name, why),
			"A declared namespace is closed both ways, here for everybody at once. Write managed = false to only name what is in it, or default_deny = \"both\" to close it knowingly.")
		x.Address = n.Address
	}
	l.checkImported(seen)
}

// systemNamespaces gives the namespaces of DNS and of the mesh's root, on any
// target; the latter only where there is a mesh.
func (l *loader) systemNamespaces() (dns, mesh []string) {
	f := l.config.Cluster
	dns = []string{f.DNS.Value.Namespace}
	if f.MeshRoot.Set {
		mesh = []string{f.MeshRoot.Value}
	}
	for _, t := range l.config.Targets {
		switch {
		case t.Facts.DNS.Set:
			dns = append(dns, t.Facts.DNS.Value.Namespace)
		case !f.DNS.Set:
			dns = append(dns, defaultDNS(t).Namespace)
		}
		switch {
		case t.Facts.MeshRoot.Set:
			mesh = append(mesh, t.Facts.MeshRoot.Value)
		case t.Mesh.Value.Name != "":
			mesh = append(mesh, f.MeshRoot.Value)
		}
	}
	return dns, mesh
}

// actions are the kinds of rules.
var actions = map[string]ir.Action{"allow": ir.Allow, "deny": ir.Deny, "pass": ir.Pass, "log": ir.Log}
