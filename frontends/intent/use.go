package intent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	slash "path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// A configuration that another uses is read by a loader of its own, once however
// many use it, and itself where they use each other. What its names stand for is
// decoded; its rules, tests and targets are not.

// family is what the loaders of a configuration and of all that it uses, and
// that those use, have in common.
type family struct {
	loaders []*loader          // the configuration's own first
	byDir   map[string]*loader // by what tells directories apart
	read    int                // bytes
}

// usage is one element of use.
type usage struct {
	of   *loader
	text string
	rng  diag.Range
}

// openUsed reads the configurations that this one uses, and those that they use.
func (l *loader) openUsed(paths []string) {
	f := l.family
	f.loaders = []*loader{l}
	for _, p := range paths {
		if info, err := os.Stat(p); l.opts.Files == nil && err == nil && info.IsDir() {
			f.byDir[directoryKey(p)] = l
		}
	}
	if l.opts.Files != nil {
		f.byDir[slash.Clean(l.opts.Dir)] = l
	}
	for i := 0; i < len(f.loaders); i++ {
		x := f.loaders[i]
		for _, b := range x.blocks["portolan"] {
			if a := b.body.attr("use"); a != nil && !b.broken {
				x.use(a)
			}
		}
	}
}

// use opens what the argument names.
func (l *loader) use(a *attr) {
	v := l.top.value(a.expr)
	if !isConstant(a.expr) {
		v.add(diag.BadExpression, "What is used is a list of texts: it refers to nothing.", "A reader must see which files a configuration consists of.")
		return
	}
	list, ok := v.texts("use")
	if !ok {
		return
	}
	for _, text := range list {
		if why := notUsable(text.Value); why != "" {
			l.diags.Add(diag.BadUse, text.Range, fmt.Sprintf("%q is no directory that can be used.", text.Value), why)
			continue
		}
		x := l.openDirectory(text)
		switch {
		case x == nil: // reported
		case x == l && !l.besides(text):
			l.diags.Add(diag.BadUse, text.Range, fmt.Sprintf("%q is this configuration itself.", text.Value), "Its names are known without it.")
		case x != l && !slices.ContainsFunc(l.uses, func(u usage) bool { return u.of == x }):
			l.uses = append(l.uses, usage{x, text.Value, text.Range})
		}
	}
}

// besides reports that what is used is another directory than the one that the
// text stands in: of a configuration of several, names are known in all.
func (l *loader) besides(use At[string]) bool {
	if l.opts.Files != nil {
		return slash.Join(l.opts.Dir, use.Value) != slash.Clean(l.opts.Dir)
	}
	dir := filepath.Dir(use.Range.File)
	return directoryKey(filepath.Join(dir, filepath.FromSlash(use.Value))) != directoryKey(dir)
}

// notUsable says why a text is no path that can be used; "" for one that is.
func notUsable(text string) string {
	switch {
	case text == "":
		return `Write its path from here, such as "../platform".`
	case strings.Contains(text, ":"):
		return "Only directories beside this one are read, never the network. Check the other configuration out, and write its path from here."
	case strings.Contains(text, `\`):
		return "Paths have forward slashes, on every system."
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "~"):
		return "The same text must mean the same on every machine. Write the path from here, such as \"../platform\"."
	}
	return ""
}

// openDirectory finds or makes the loader of a directory; nil where it cannot
// be read, which is reported.
func (l *loader) openDirectory(use At[string]) *loader {
	x := newLoader(Options{Version: l.opts.Version, Open: l.opts.Open})
	x.family, x.sources, x.named, x.renamed = l.family, l.sources, l.named, l.renamed
	var key string
	if l.opts.Files != nil {
		key = slash.Join(l.opts.Dir, use.Value)
		x.dir, x.opts.Dir = key, key
	} else {
		x.dir = filepath.Join(filepath.Dir(use.Range.File), filepath.FromSlash(use.Value))
		key = directoryKey(x.dir)
	}
	if known := l.family.byDir[key]; known != nil {
		return known
	}
	if len(l.family.loaders) > maxUsed {
		l.diags.Add(diag.TooLarge, use.Range, fmt.Sprintf("More than %d directories are used.", maxUsed), "")
		return nil
	}
	if err := x.opened(use.Value); err != "" {
		l.diags.Add(diag.Unreadable, use.Range, fmt.Sprintf("Cannot use %q: %s.", use.Value, err),
			fmt.Sprintf("What is used is a directory with *%s or *%s files, by its path from this file's directory.", nativeSuffix, jsonSuffix))
		return nil
	}
	inputs := x.readAll([]string{x.dir})
	l.family.byDir[key] = x
	l.family.loaders = append(l.family.loaders, x)
	x.parse(inputs)
	x.collect()
	return x
}

// opened looks at the loader's directory before it is read, and says what is
// wrong with it.
func (l *loader) opened(text string) (wrong string) {
	if l.opts.Dir != "" {
		if l.opts.Open == nil {
			return "what is in memory has no directories beside it"
		}
		files, err := l.opts.Open(l.opts.Dir)
		switch {
		case err != nil:
			return strings.TrimSuffix(err.Error(), ".")
		case len(files) == 0:
			return "there is no configuration in it"
		}
		l.opts.Files = files
		return ""
	}
	info, err := os.Stat(l.dir)
	if err != nil {
		if e := (*fs.PathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return err.Error()
	}
	if !info.IsDir() {
		return fmt.Sprintf("%s is a file", text)
	}
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return "it cannot be listed"
	}
	if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return isConfiguration(e.Name()) }) {
		return "there is no configuration in it"
	}
	return ""
}

func isConfiguration(name string) bool {
	return !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, nativeSuffix) || strings.HasSuffix(name, jsonSuffix))
}

// directoryKey is the same for every way to name a directory.
func directoryKey(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = filepath.Clean(dir)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	return abs
}

// disown marks what a used configuration declares as others'.
func (l *loader) disown() {
	for _, d := range l.spaces {
		for _, el := range d.elements {
			el.ns.From, el.ns.Managed = l.dir, At[bool]{Value: false, Range: el.ns.Managed.Range, Set: true}
		}
	}
	for _, d := range l.decls {
		switch p := d.peer.(type) {
		case *External:
			p.From = l.dir
		case *NodeSet:
			p.From = l.dir
		}
	}
}

// importNames makes the names known that the configurations in use declare: of
// their namespaces those that they manage, since what is in others is not theirs
// to say. What they use themselves is not passed on.
func (l *loader) importNames() {
	for _, u := range l.uses {
		for _, d := range u.of.decls {
			if d.kind == "namespace" && !d.space.managed() {
				continue
			}
			x := *d
			x.from = u.text
			l.names[x.name] = append(l.names[x.name], &x)
			l.imported = append(l.imported, &x)
		}
		for name := range u.of.bad {
			l.bad[name] = true
		}
		l.broken = l.broken || u.of.broken
	}
}

// managed reports whether a namespace is one that its configuration manages, or
// a set of namespaces by their labels.
func (d *spaceDecl) managed() bool {
	return d.broken || slices.ContainsFunc(d.elements, func(el *element) bool { return el.ns.Managed.Value || el.ns.Match.Set })
}

// known gives all declarations whose names are known, and their namespaces.
func (l *loader) known() []*declaration { return slices.Concat(l.decls, l.imported) }

func (l *loader) knownSpaces() []*spaceDecl {
	out := slices.Clone(l.spaces)
	for _, d := range l.imported {
		if d.space != nil {
			out = append(out, d.space)
		}
	}
	return out
}

// checkImported adds the namespaces that are used, and reports those that two
// configurations would declare, by the name in the cluster or by the label. seen
// has the configuration's own by the former.
func (l *loader) checkImported(seen map[string]*Namespace) {
	addresses, from := map[string]*Namespace{}, map[*Namespace]string{}
	for _, n := range l.config.Namespaces {
		addresses[n.Address] = n
	}
	for _, d := range l.imported {
		if d.space == nil {
			continue
		}
		for _, el := range d.space.elements {
			n := el.ns
			first := addresses[n.Address]
			if x := seen[n.Name]; x != nil && n.Name != "" && !n.Cluster.Set {
				first = x
			}
			if first != nil {
				l.declaredBoth(first, from[first], n, d.from)
				continue
			}
			l.config.Namespaces = append(l.config.Namespaces, n)
			addresses[n.Address], from[n] = n, d.from
			if !n.Cluster.Set {
				seen[n.Name] = n
			}
		}
	}
}

// declaredBoth reports a namespace that is declared by two configurations, the
// first of which may be this one.
func (l *loader) declaredBoth(first *Namespace, from string, second *Namespace, by string) {
	if from == "" {
		l.diags.Add(diag.DeclaredTwice, first.Range, fmt.Sprintf("The namespace %q is declared here, and by %q, which manages it.", first.Address, by),
			"What that configuration declares is known here by use: remove this block, or give it another name where another namespace is meant.").
			Relate(second.Range, "declared there")
		return
	}
	l.diags.Add(diag.DeclaredTwice, l.usageOf(by).rng, fmt.Sprintf("%q and %q both declare the namespace %q.", from, by, second.Address), "One of them has to leave it to the other, with managed = false.").
		Relate(first.Range, "the one").Relate(second.Range, "the other")
}

func (l *loader) usageOf(text string) usage {
	return l.uses[slices.IndexFunc(l.uses, func(u usage) bool { return u.text == text })]
}

// takeFacts takes the facts of the cluster that this configuration does not
// state from those that it uses. What they close and demand is theirs to say,
// and stays with them. Facts that differ are an error: one of them is wrong.
func (l *loader) takeFacts() {
	f := &l.config.Cluster
	for _, u := range l.uses {
		o := &u.of.config.Cluster
		addresses := func(a, b set.Addresses) bool { return a.Equal(b) }
		takeFact(l, u, "pod_cidrs", &f.PodCIDRs, o.PodCIDRs, addresses)
		takeFact(l, u, "service_cidrs", &f.ServiceCIDRs, o.ServiceCIDRs, addresses)
		takeFact(l, u, "node_cidrs", &f.NodeCIDRs, o.NodeCIDRs, addresses)
		takeFact(l, u, "api_server", &f.APIServer, o.APIServer, addresses)
		takeFact(l, u, "dns", &f.DNS, o.DNS, func(a, b DNS) bool {
			return a.Namespace == b.Namespace && a.Port == b.Port && a.Labels.Equal(b.Labels) && a.NodeLocal.Equal(b.NodeLocal)
		})
		takeFact(l, u, "trust_domain", &f.TrustDomain, o.TrustDomain, sameValue[string])
		takeFact(l, u, "mesh_root_namespace", &f.MeshRoot, o.MeshRoot, sameValue[string])
		takeFact(l, u, "cluster_mesh", &f.ClusterMesh, o.ClusterMesh, sameValue[bool])
		takeFact(l, u, "external_traffic", &f.Rewritten, o.Rewritten, sameValue[bool])
		takeFact(l, u, "ingress", &f.Ingress, o.Ingress, func(a, b Ingress) bool {
			return a.Kind == b.Kind && a.CIDRs.Equal(b.CIDRs) && slices.EqualFunc(a.Workloads, b.Workloads, func(x, y PeerRef) bool { return x.Peer == y.Peer })
		})
		takeFact(l, u, "mesh_metrics", &f.Metrics, o.Metrics, func(a, b []PeerRef) bool {
			return slices.EqualFunc(a, b, func(x, y PeerRef) bool { return x.Peer == y.Peer })
		})
		l.takeSwitches(u)
	}
	l.defaultExempt()
}

// takeSwitches takes the settings of engines, which are facts one by one.
func (l *loader) takeSwitches(u usage) {
	own := &l.config.Cluster.Switches
	for _, s := range u.of.config.Cluster.Switches.Value {
		i := slices.IndexFunc(own.Value, func(x Switch) bool { return x.Name == s.Name })
		if i < 0 {
			own.Value = append(own.Value, s)
			own.Range, own.Set = s.Range, true
			continue
		}
		stated := At[string]{own.Value[i].Value, own.Value[i].Range, true}
		takeFact(l, u, s.Name, &stated, At[string]{s.Value, s.Range, true}, sameValue[string])
	}
	sortBy(own.Value, func(s Switch) string { return s.Name })
}

func sameValue[T comparable](a, b T) bool { return a == b }

func takeFact[T any](l *loader, u usage, name string, to *At[T], from At[T], same func(a, b T) bool) {
	switch {
	case !from.Set:
	case !to.Set:
		*to = from
	case !same(to.Value, from.Value):
		l.diags.Add(diag.FactsDiffer, u.rng, fmt.Sprintf("The fact %s that %q states is not the one that holds here.", name, u.text),
			"It is one cluster, so one of the two is wrong. Leave the fact to the other configuration, or correct it. What differs by target stands in target blocks.").
			Relate(to.Range, "stated here").Relate(from.Range, "and here")
	}
}
