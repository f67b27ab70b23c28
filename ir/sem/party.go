package sem

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// PartyKind says what a party is.
type PartyKind uint8

// The kinds of parties.
const (
	PartyWorkload       PartyKind = iota // pods with just the labels of a declared workload
	PartyPods                            // pods of a namespace that are of no declared workload
	PartyNode                            // a pod's own node
	PartyOtherNodes                      // the other nodes
	PartyNodeLocal                       // what listens on a pod's own node for its pods, such as a DNS cache
	PartyAPIServer                       // the Kubernetes API server, where rules name it and no fact says where it is
	PartyExternal                        // addresses outside the cluster that no rule tells apart
	PartyName                            // what is outside under a DNS name
	PartyInfrastructure                  // what a CNI has beside these, where rules name it
	PartyRemote                          // pods of other clusters
)

func (k PartyKind) String() string {
	return [...]string{"workload", "pods", "node", "other nodes", "node-local", "apiserver", "external", "name", "infrastructure", "other cluster"}[k]
}

// Party is one end of a connection: endpoints that are shown as one.
type Party struct {
	Kind      PartyKind
	Name      string        // as people write it
	Namespace string        // of pods; "" for those of namespaces that are neither declared nor named
	Addresses set.Addresses // of PartyExternal
}

// IsPods reports that the party is pods.
func (p *Party) IsPods() bool { return p.Kind == PartyWorkload || p.Kind == PartyPods }

// isNode reports that the party is on the cluster's hosts.
func (p *Party) isNode() bool {
	return p.Kind == PartyNode || p.Kind == PartyOtherNodes || p.Kind == PartyNodeLocal
}

// mayBeNode reports that some of the party may be nodes.
func (p *Party) mayBeNode() bool { return p.isNode() || p.Kind == PartyAPIServer }

// IsOutside reports that the party is, or may be, outside the cluster.
func (p *Party) IsOutside() bool {
	return p.Kind == PartyExternal || p.Kind == PartyName || p.Kind == PartyAPIServer
}

// Answers reports whether a filter of people names the party: by its own name,
// by its namespace, or as "world" or "nodes".
func (p *Party) Answers(filter string) bool {
	switch filter {
	case "world":
		return p.IsOutside()
	case "nodes", "node":
		return p.isNode()
	}
	return p.Name == filter || p.IsPods() && p.Namespace == filter
}

// party is a Party within a universe. The box bounds it from outside, for each
// variable by the values that it may have, nil for all of them; the set has it
// exactly.
type party struct {
	Party
	workload *ir.Workload // of PartyWorkload
	box      [2][][]diagram.Span
	set      [2]diagram.Set
}

// at reports what the box says of a value's literal: that all of the party has
// it, and whether some may have it.
func (p *party) at(at end, l diagram.Literal) (all, some bool) {
	spans := p.box[at][l.Var]
	if spans == nil {
		return false, len(l.Spans) > 0
	}
	all = true
	for _, s := range spans {
		in, touched := covered(s, l.Spans)
		all, some = all && in, some || touched
	}
	return all && some, some
}

func covered(s diagram.Span, list []diagram.Span) (all, some bool) {
	for _, t := range list {
		if t.First <= s.Last && s.First <= t.Last {
			some = true
			all = all || t.First <= s.First && s.Last <= t.Last
		}
	}
	return all, some
}

// of reports whether all of the party is in a union of cubes over its end's
// variables, and whether some of it may be.
func (p *party) of(cubes []cube, at end) (all, some bool) {
	for _, c := range cubes {
		cAll, cSome := true, true
		for _, l := range c {
			lAll, lSome := p.at(at, l)
			cAll, cSome = cAll && lAll, cSome && lSome
			if !cSome {
				break
			}
		}
		if cAll && cSome {
			return true, true
		}
		some = some || cSome
	}
	return false, some
}

// mentioned is what the rules of policies say that parties and descriptions
// are made of.
type mentioned struct {
	external []set.Addresses
	server   bool // the API server, wherever it is
	names    []ir.Name
	queries  []ir.Name
	requests []ir.Request
	remote   []ir.RemotePods
	nodes    []ir.Selector // over labels of nodes
}

func (m *mentioned) gather(policies ...Policy) {
	seen := map[string]bool{}
	fresh := func(kind, text string) bool {
		known := seen[kind+text]
		seen[kind+text] = true
		return !known
	}
	nodes := func(s ir.Selector) {
		if !s.IsEverything() && fresh("nodes ", s.String()) {
			m.nodes = append(m.nodes, s)
		}
	}
	for _, l := range slices.Concat(policies...) {
		rules := append(l.Program.All(), l.Program.Hosts.All()...)
		if via := l.Program.Via; via != nil {
			second := ir.Program{Egress: via.Egress, Ingress: via.Ingress}
			rules = append(rules, second.All()...)
		}
		for _, d := range rules {
			if d.Rule.Mode != ir.Enforce || d.Rule.Action == ir.Log {
				continue
			}
			nodes(d.Rule.Subject.Nodes)
			for _, p := range d.Rule.Peers.List() {
				if n, ok := p.(ir.Nodes); ok {
					nodes(n.Labels)
				}
				if fresh("peer ", p.String()) {
					m.peer(p)
				}
			}
			for _, r := range d.Rule.Traffic.Requests() {
				if fresh("request ", r.String()) {
					m.requests = append(m.requests, r)
				}
			}
			for _, n := range d.Rule.Traffic.Names() {
				if fresh("query ", n.String()) {
					m.queries = append(m.queries, n)
				}
			}
		}
	}
	slices.SortFunc(m.nodes, func(a, b ir.Selector) int { return strings.Compare(a.String(), b.String()) })
	slices.SortFunc(m.remote, func(a, b ir.RemotePods) int { return strings.Compare(a.String(), b.String()) })
	slices.SortFunc(m.requests, func(a, b ir.Request) int { return strings.Compare(a.String(), b.String()) })
	byText := func(a, b ir.Name) int { return strings.Compare(a.String(), b.String()) }
	slices.SortFunc(m.queries, byText)
	slices.SortFunc(m.names, byText)
	m.names = slices.Compact(m.names)
}

func (m *mentioned) peer(p ir.Peer) {
	switch p := p.(type) {
	case ir.External:
		m.external = append(m.external, p.Addresses)
	case ir.APIServer:
		m.server = m.server || p.Addresses.IsEmpty()
		m.external = append(m.external, p.Addresses)
	case ir.Names:
		m.names = append(m.names, p.Patterns...)
	case ir.RemotePods:
		m.remote = append(m.remote, p)
	case ir.AnyPeer, ir.Pods, ir.Nodes, ir.NodeLocal, ir.Infrastructure:
	}
}

// parties is everything that connections are shown between, in the order in
// which it is shown: declared workloads, other pods, nodes, what is outside.
func (e *encoding) parties(m *mentioned) []*party {
	var out []*party
	add := func(p *party, literals [2]cube) {
		for _, at := range []end{source, destination} {
			p.box[at] = make([][]diagram.Span, len(e.sizes))
			for _, l := range literals[at] {
				p.box[at][l.Var] = l.Spans
			}
			p.set[at] = e.space.Cube(literals[at])
		}
		out = append(out, p)
	}
	inv := e.inventory
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		p := &party{Party: Party{Kind: PartyWorkload, Name: w.Namespace + "/" + w.Name, Namespace: w.Namespace}, workload: w}
		add(p, e.bothEnds(func(at end) cube { return e.exactly(w, at) }))
	}
	e.addOtherPods(add)
	e.addNodes(m, add)
	e.addRemote(m, add)
	e.addOutside(m, add)
	e.bound(out)
	return slices.DeleteFunc(out, func(p *party) bool { return p.set[source] == e.space.None() })
}

func (e *encoding) bothEnds(f func(end) cube) [2]cube { return [2]cube{f(source), f(destination)} }

// exactly is the pods with the labels of a workload and no others that anybody
// looks at.
func (e *encoding) exactly(w *ir.Workload, at end) cube {
	c := e.podsOf(w.Namespace, at)
	for _, key := range sortedKeys(e.labels) {
		constraint := w.Pods.Labels.Get(key)
		if constraint.IsAnything() {
			constraint = ir.Absent()
		}
		c = append(c, among(e.label[at][key], e.labels[key].having(constraint)...))
	}
	if e.accounts && w.Account != "" {
		c = append(c, among(e.account[at], e.accountNames.having(ir.OneOf(w.Account))...))
	}
	return c
}

// podsOf is the pods of a namespace, at addresses that pods have.
func (e *encoding) podsOf(namespace string, at end) cube {
	return e.podsIn(e.namespaces.having(ir.OneOf(namespace)), at)
}

func (e *encoding) podsIn(namespaces []diagram.Span, at end) cube {
	c := cube{is(e.kind[at], kindPod), among(e.ns[at], namespaces...)}
	return e.placed(c, at, e.inventory.Facts.PodsAt())
}

// placed narrows a cube to the stated addresses, the private ones where none
// are.
func (e *encoding) placed(c cube, at end, stated set.Addresses) cube {
	if !e.located() {
		return c
	}
	if stated.IsEmpty() {
		stated = ir.Private()
	}
	return c.with(e.addressIn(at, stated))
}

// addOtherPods adds the pods of no declared workload, by namespace: declared
// ones, those that policies name, and all others as one.
func (e *encoding) addOtherPods(add func(*party, [2]cube)) {
	workloads := map[string]bool{}
	for i := range e.inventory.Workloads {
		workloads[e.inventory.Workloads[i].Namespace] = true
	}
	rest := []diagram.Span{{First: 0, Last: len(e.namespaces.classes) - 1}}
	for _, name := range sortedKeys(e.namespaces.named) {
		at := e.namespaces.named[name]
		if at < 0 {
			continue
		}
		text := "pods of " + name
		if workloads[name] {
			text = "other pods of " + name
		}
		one := []diagram.Span{{First: at, Last: at}}
		rest = withoutClass(rest, at)
		add(&party{Party: Party{Kind: PartyPods, Name: text, Namespace: name}}, e.bothEnds(func(at end) cube { return e.podsIn(one, at) }))
	}
	if len(rest) > 0 {
		add(&party{Party: Party{Kind: PartyPods, Name: "pods of other namespaces"}}, e.bothEnds(func(at end) cube { return e.podsIn(rest, at) }))
	}
}

func withoutClass(spans []diagram.Span, gone int) []diagram.Span {
	var out []diagram.Span
	for _, s := range spans {
		for _, part := range []diagram.Span{{First: s.First, Last: min(s.Last, gone-1)}, {First: max(s.First, gone+1), Last: s.Last}} {
			if part.First <= part.Last && !slices.Contains(out, part) {
				out = append(out, part)
			}
		}
	}
	return out
}

// addRemote adds the pods of other clusters that rules name, and all the others
// as one.
func (e *encoding) addRemote(m *mentioned, add func(*party, [2]cube)) {
	if !e.remote {
		return
	}
	for _, r := range m.remote {
		if r.Clusters.IsAnything() && r.Pods.IsAll() {
			continue // the others
		}
		add(&party{Party: Party{Kind: PartyRemote, Name: "pods " + r.String()}}, e.bothEnds(func(at end) cube {
			return append(e.remotePods(r, at), e.unlabelled(r.Pods.Labels, at)...)
		}))
	}
	add(&party{Party: Party{Kind: PartyRemote, Name: "pods of other clusters"}}, e.bothEnds(func(at end) cube {
		c := append(cube{is(e.kind[at], kindRemote)}, e.unlabelled(ir.Selector{}, at)...)
		return append(c, is(e.cluster[at], 0)) // one that nobody names
	}))
}

// unlabelled says that what a selector asks nothing about is absent.
func (e *encoding) unlabelled(s ir.Selector, at end) cube {
	var c cube
	for _, key := range sortedKeys(e.labels) {
		if s.Get(key).IsAnything() {
			c = append(c, is(e.label[at][key], 0))
		}
	}
	return c
}

func (e *encoding) addNodes(m *mentioned, add func(*party, [2]cube)) {
	f := e.inventory.Facts
	// Only what rules ask about is told apart; see addOutside.
	plain := func(kind int, at end) cube {
		c := cube{is(e.kind[at], kind), is(e.server[at], 0)}
		if len(m.nodes) > 0 {
			c = append(c, e.unlabelled(ir.Selector{}, at)...)
		}
		return c
	}
	for _, s := range m.nodes {
		for _, kind := range []int{kindOwnNode, kindOtherNode} {
			p := Party{Kind: map[int]PartyKind{kindOwnNode: PartyNode, kindOtherNode: PartyOtherNodes}[kind]}
			p.Name = map[int]string{kindOwnNode: "own node", kindOtherNode: "other nodes"}[kind] + " with " + s.String()
			add(&party{Party: p}, e.bothEnds(func(at end) cube {
				c := append(cube{is(e.kind[at], kind), is(e.server[at], 0)}, e.labelled(s, at)...)
				return e.placed(append(c, e.unlabelled(s, at)...), at, f.NodeCIDRs)
			}))
		}
	}
	add(&party{Party: Party{Kind: PartyNode, Name: "own node"}},
		e.bothEnds(func(at end) cube { return e.placed(plain(kindOwnNode, at), at, f.NodeCIDRs) }))
	add(&party{Party: Party{Kind: PartyOtherNodes, Name: "other nodes"}},
		e.bothEnds(func(at end) cube { return e.placed(plain(kindOtherNode, at), at, f.NodeCIDRs) }))
	if e.located() && !f.DNS.NodeLocal.IsEmpty() {
		add(&party{Party: Party{Kind: PartyNodeLocal, Name: "node-local DNS"}},
			e.bothEnds(func(at end) cube { return plain(kindOwnNode, at).with(e.addressIn(at, f.DNS.NodeLocal)) }))
	}
	for i, name := range e.infra {
		if name == "" {
			continue // no rule asks
		}
		add(&party{Party: Party{Kind: PartyInfrastructure, Name: name}}, e.bothEnds(func(at end) cube { return cube{is(e.kind[at], kindInfra+i)} }))
	}
}

// addOutside adds what is outside the cluster: by the ranges that rules tell
// apart, by the DNS names that they name, and the API server.
func (e *encoding) addOutside(m *mentioned, add func(*party, [2]cube)) {
	if m.server {
		add(&party{Party: Party{Kind: PartyAPIServer, Name: "apiserver"}}, e.bothEnds(func(at end) cube {
			return cube{among(e.kind[at], diagram.Span{First: kindOwnNode, Last: kindExternal}), is(e.server[at], 1)}
		}))
	}
	outside := func(at end) cube { return cube{is(e.kind[at], kindExternal), is(e.server[at], 0)} }
	named := func(c cube, class int) cube {
		for i, v := range e.name {
			if e.sizes[v] > 1 {
				c = append(c, is(v, map[bool]int{true: 1}[i == class]))
			}
		}
		return c
	}
	for i, text := range e.nameTexts(m.names) {
		if text != "" {
			add(&party{Party: Party{Kind: PartyName, Name: text}}, e.bothEnds(func(at end) cube { return named(outside(at), i) }))
		}
	}
	for _, a := range e.ranges(m.external) {
		p := &party{Party: Party{Kind: PartyExternal, Name: e.rangeText(a), Addresses: a}}
		add(p, e.bothEnds(func(at end) cube {
			c := named(outside(at), -1)
			if e.located() {
				c = append(c, e.addressIn(at, a))
			}
			return c
		}))
	}
}

// clustered is the addresses that nothing outside the cluster has.
func (e *encoding) clustered() set.Addresses {
	f := e.inventory.Facts
	return f.PodCIDRs.Union(f.NodeCIDRs).Union(f.ServiceCIDRs).Union(f.DNS.NodeLocal).Union(f.Tunnel.Probes)
}

// ranges is the external addresses, with those together that are in the same of
// the sets; in order of their first.
func (e *encoding) ranges(sets []set.Addresses) []set.Addresses {
	if !e.located() {
		return []set.Addresses{set.AllAddresses()}
	}
	signatures := make([]strings.Builder, e.addressCut.Len())
	for i, s := range sets {
		for _, r := range e.addressCut.Ranges(s) {
			for part := r.First; part <= r.Last; part++ {
				fmt.Fprintf(&signatures[part], "%d,", i)
			}
		}
	}
	inside := e.clustered()
	at := map[string]int{}
	var out []set.Addresses
	for part := range signatures {
		a := e.addressCut.Part(part).Subtract(inside)
		if a.IsEmpty() {
			continue
		}
		key := signatures[part].String()
		i, known := at[key]
		if !known {
			i = len(out)
			at[key] = i
			out = append(out, set.Addresses{})
		}
		out[i] = out[i].Union(a)
	}
	return out
}

// rangeText names addresses by what they are, or by what they are not where
// that is shorter.
func (e *encoding) rangeText(a set.Addresses) string {
	not := a.Complement().Subtract(e.clustered())
	if not.IsEmpty() {
		return "world"
	}
	if in, out := a.String(), "world except "+not.String(); len(in) > len(out) {
		return out
	}
	return a.String()
}

// nameTexts gives for each class of external names the narrowest pattern that
// has it, with an example where that pattern has several; "" for the class of
// the names that nobody names.
func (e *encoding) nameTexts(patterns []ir.Name) []string {
	texts := make([]string, len(e.peerNames.classes))
	if !e.named {
		return texts
	}
	sizes := make([]int, len(texts))
	for _, n := range patterns {
		spans := e.peerNames.language(n.Language())
		size := 0
		for _, s := range spans {
			size += s.Last - s.First + 1
		}
		for _, s := range spans {
			for i := s.First; i <= s.Last; i++ {
				if texts[i] == "" || size < sizes[i] {
					texts[i], sizes[i] = n.String(), size
				}
			}
		}
	}
	count := map[string]int{}
	for _, t := range texts {
		count[t]++
	}
	for i, t := range texts {
		if t != "" && count[t] > 1 {
			texts[i] = t + " such as " + e.peerNames.classes[i].least
		}
	}
	return texts
}

// bound takes out of each party's sets what cannot be, and of the pods of no
// workload those of one.
func (e *encoding) bound(all []*party) {
	s := e.space
	for _, at := range []end{source, destination} {
		var never []diagram.Set
		if e.located() {
			never = append(never, e.union(e.misplaced(at)))
		}
		if e.accounts {
			never = append(never, e.misnamed(at)...)
		}
		if e.mesh {
			never = append(never, e.unmeshed(at)...)
		}
		impossible := s.Union(never)
		of := map[string][]cube{}
		for i := range e.inventory.Workloads {
			w := &e.inventory.Workloads[i]
			of[w.Namespace] = append(of[w.Namespace], e.selecting(w, at))
		}
		for _, p := range all {
			p.set[at] = s.Minus(p.set[at], e.known(impossible, p, at))
			if p.Kind == PartyPods && p.Namespace != "" {
				p.set[at] = s.Minus(p.set[at], e.union(of[p.Namespace]))
			}
		}
	}
}

// selecting is the pods of a workload, those with more labels too.
func (e *encoding) selecting(w *ir.Workload, at end) cube {
	c := e.podsOf(w.Namespace, at)
	for _, r := range w.Pods.Labels.Requirements() {
		if d, asked := e.labels[r.Key]; asked {
			c = append(c, among(e.label[at][r.Key], d.having(r.Constraint)...))
		}
	}
	return c
}

// known is what a set is for a party, of which nothing is left but what the
// party's box leaves open.
func (e *encoding) known(d diagram.Set, p *party, at end) diagram.Set {
	for v, spans := range p.box[at] { // from the top of the diagram, so that little is left for the next
		if len(spans) == 1 && spans[0].First == spans[0].Last {
			d = e.space.Restrict(d, v, spans[0].First)
		}
	}
	return d
}

// having gives the classes that have something that satisfies a constraint,
// which need not have cut the domain.
func (d *domain) having(c ir.Constraint) []diagram.Span {
	form, values := c.Form()
	var out []diagram.Span
	if d.absence && c.MatchesAbsent() {
		out = appendSpan(out, 0)
	}
	var gone, in []int
	switch form {
	case ir.FormMatches, ir.FormAbsentOrMatches:
		if spans, cut := d.inside[c.Pattern().Language.Key()]; cut {
			return append(out, spans...)
		}
	case ir.FormIn, ir.FormAbsentOr:
		for _, v := range values {
			if i := d.classOf(v); i >= 0 {
				in = append(in, i)
			}
		}
		slices.Sort(in)
		for _, i := range in {
			out = appendSpan(out, i)
		}
		return out
	case ir.FormNever, ir.FormNotExists:
		return out
	case ir.FormNotIn, ir.FormPresentNot:
		for _, v := range values {
			if i, named := d.named[v]; named {
				gone = append(gone, i)
			}
		}
	case ir.FormAnything, ir.FormExists:
	}
	for i, k := range d.classes {
		if !k.absent && !slices.Contains(gone, i) {
			out = appendSpan(out, i)
		}
	}
	return out
}

// classOf gives the class that has a string; -1 for one that is not legal.
func (d *domain) classOf(v string) int {
	if i, named := d.named[v]; named {
		return i
	}
	if !d.legal.Contains(v) {
		return -1
	}
	for i, k := range d.classes {
		if k.absent {
			continue
		}
		if at, named := d.named[k.least]; named && at == i {
			continue
		}
		same := true // to all patterns
		for _, key := range sortedKeys(d.patterns) {
			_, in := covered(diagram.Span{First: i, Last: i}, d.inside[key])
			same = same && in == d.patterns[key].Contains(v)
		}
		if same {
			return i
		}
	}
	return -1
}
