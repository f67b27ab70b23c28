package sem

import (
	"fmt"
	"slices"
	"sync"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// universe is what tells flows apart, as far as some policies can: for each
// part of a flow the classes that no rule of theirs parts.
type universe struct {
	inventory *ir.Inventory
	mesh      bool // how senders prove themselves matters
	requests  bool
	named     bool // external endpoints' DNS names matter
	accounts  bool
	remote    bool // there are pods of other clusters
	policed   bool // nodes are

	clusters     *domain
	namespaces   *domain
	declaredAt   []*ir.Namespace // by class of names; nil where nothing is declared
	nsLabels     map[string]*domain
	labels       map[string]*domain
	accountNames *domain
	infra        []string
	addresses    []set.Addresses
	ports        []set.Ports
	sources      []set.Ports
	icmp         []ir.ICMPType
	numbers      []ir.Numbers
	methods      *domain
	paths        *domain
	hosts        *domain
	headers      map[string]*domain
	queries      *domain
	peerNames    *domain
	calls        map[ir.NamedPort]bool
	conditions   map[string]ir.Condition
	targets      map[string]set.Language // of requests, by their text
	authorities  map[string]set.Language

	addressCut set.AddressCut
	portCut    set.PortCut
	sourceCut  set.PortCut
	messages   []ir.ICMPType // classes of ICMP messages; Code -1 and Type other for the rest
	protocols  []ir.Numbers  // classes of the protocols without ports

	*layout
}

// legal is what the strings of a flow can be.
var legal = sync.OnceValue(func() (l struct{ label, name, account, method, target, regular, authority, header, dns set.Language }) {
	language := func(expr string) set.Language {
		out, err := set.Regexp(expr)
		if err != nil {
			panic(err)
		}
		return out
	}
	// Kubernetes: IsValidLabelValue, IsDNS1123Label, IsDNS1123Subdomain, all
	// without their limits of length.
	l.label = language(`([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?`)
	l.name = language(`[a-z0-9]([-a-z0-9]*[a-z0-9])?`)
	l.account = language(`[a-z0-9]([-a-z0-9.]*[a-z0-9])?`)
	l.method = language(`[A-Z][-A-Z]*`)
	// Any bytes but blanks, controls and "#", which no client sends; and those
	// of them that RFC 3986 lets a target be (path-absolute and query).
	l.target = language(`/[\x21-\x22\x24-\x7e]*`)
	l.regular = language(`/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*(\?[-A-Za-z0-9._~!$&'()*+,;=:@%/?]*)?`)
	l.authority = language(`([-A-Za-z0-9._]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?`)
	l.header = language(`[\x20-\x7e]*`)
	l.dns = language(`[-a-z0-9_]+(\.[-a-z0-9_]+)*`)
	return l
})

// otherClusters is what other clusters may be called: not as this one is.
func otherClusters(names set.Language, inv *ir.Inventory) set.Language {
	if own := inv.Facts.ClusterName; own != "" {
		return names.Subtract(set.Literal(own))
	}
	return names
}

func newUniverse(inv *ir.Inventory) *universe {
	l := legal()
	return &universe{
		inventory:    inv,
		remote:       inv.Facts.ClusterMesh,
		clusters:     newDomain(otherClusters(l.name, inv), false),
		namespaces:   newDomain(l.name, false),
		nsLabels:     map[string]*domain{},
		labels:       map[string]*domain{},
		accountNames: newDomain(l.account, false),
		methods:      newDomain(l.method, false),
		paths:        newDomain(l.target, false),
		hosts:        newDomain(l.authority, false),
		headers:      map[string]*domain{},
		queries:      newDomain(l.dns, false),
		peerNames:    newDomain(l.dns, false),
		calls:        map[ir.NamedPort]bool{}, conditions: map[string]ir.Condition{},
		targets: map[string]set.Language{}, authorities: map[string]set.Language{},
	}
}

// gather lets a program cut the universe.
func (u *universe) gather(p *ir.Program) {
	all := [][]ir.Stage{p.Egress, p.Ingress, p.Hosts.Egress, p.Hosts.Ingress}
	if p.Via != nil {
		u.mesh = true
		all = append(all, p.Via.Egress, p.Via.Ingress)
		for _, pods := range p.Via.Destinations {
			u.gatherPods(pods)
		}
	}
	for _, stages := range all {
		for _, s := range stages {
			for _, level := range s.Levels {
				for i := range level.Rules {
					u.gatherRule(&level.Rules[i])
				}
			}
			for _, iso := range s.Isolate {
				if iso.Mode == ir.Enforce {
					u.gatherSubject(&iso.Subject)
					u.gatherConditions(iso.If)
				}
			}
		}
	}
	u.policed = u.policed || !p.Hosts.IsEmpty()
	for _, m := range p.MTLS {
		u.mesh = true
		u.gatherPods(m.Subject.Pods)
		for _, port := range m.Ports {
			u.ports = append(u.ports, set.SinglePort(port.Port))
		}
	}
}

func (u *universe) gatherRule(r *ir.Rule) {
	if r.Mode == ir.Staged || r.Action == ir.Log {
		return
	}
	u.gatherSubject(&r.Subject)
	for _, p := range r.Peers.List() {
		u.gatherPeer(p)
	}
	u.gatherTraffic(r.Traffic)
	u.gatherConditions(r.If)
	u.mesh = u.mesh || r.Auth != ir.AnyAuth
}

func (u *universe) gatherSubject(s *ir.Subject) {
	if s.Kind == ir.SubjectNodes {
		u.gatherLabels(s.Nodes)
		return
	}
	u.gatherPods(s.Pods)
}

// gatherLabels lets labels of pods or nodes cut the universe: an end is one or
// the other, so that they share variables.
func (u *universe) gatherLabels(s ir.Selector) {
	for _, r := range s.Requirements() {
		domainOf(u.labels, r.Key, legal().label).cutBy(r.Constraint)
	}
}

func (u *universe) gatherConditions(all []ir.Condition) {
	for _, c := range all {
		u.conditions[c.Atom] = ir.Condition{Atom: c.Atom, Fact: c.Fact}
	}
}

func (u *universe) gatherPods(p ir.Pods) {
	for _, r := range p.Namespace.Requirements() {
		if r.Key == ir.NamespaceName {
			u.namespaces.cutBy(r.Constraint)
		} else {
			domainOf(u.nsLabels, r.Key, legal().label).cutBy(r.Constraint)
		}
	}
	u.gatherLabels(p.Labels)
	if !p.Account.IsAnything() {
		u.accounts = true
		u.accountNames.cutBy(p.Account)
	}
	if !p.Except.IsEmpty() {
		u.addresses = append(u.addresses, p.Except)
	}
}

func domainOf(all map[string]*domain, key string, legal set.Language) *domain {
	d, ok := all[key]
	if !ok {
		d = newDomain(legal, true)
		all[key] = d
	}
	return d
}

func (u *universe) gatherPeer(p ir.Peer) {
	switch p := p.(type) {
	case ir.AnyPeer:
	case ir.Pods:
		u.gatherPods(p)
	case ir.RemotePods:
		u.remote = true
		u.clusters.cutBy(p.Clusters)
		u.gatherPods(p.Pods)
	case ir.External:
		u.addresses = append(u.addresses, p.Addresses)
	case ir.Names:
		u.named = true
		for _, n := range p.Patterns {
			u.peerNames.cutByLanguage(n.Language())
		}
	case ir.Nodes:
		u.gatherLabels(p.Labels)
		u.addresses = append(u.addresses, p.Except)
	case ir.NodeLocal:
		u.addresses = append(u.addresses, p.Addresses)
	case ir.APIServer:
		u.addresses = append(u.addresses, p.Addresses)
	case ir.Infrastructure:
		if p.Name != "" {
			u.infra = ir.InfrastructureNames
		}
	}
}

func (u *universe) gatherTraffic(t ir.Traffic) {
	for _, p := range ir.Protocols {
		u.ports = append(u.ports, t.Ports(p))
	}
	for _, n := range t.Named() {
		if u.calls[n] {
			continue
		}
		u.calls[n] = true
		for i := range u.inventory.Workloads {
			if port, ok := u.inventory.Workloads[i].Port(n.Name); ok {
				u.ports = append(u.ports, set.SinglePort(port.Number))
			}
		}
	}
	u.sources = append(u.sources, t.SourcePorts())
	v4, v6 := t.ICMP()
	u.icmp = append(append(u.icmp, v4.Types()...), v6.Types()...)
	if n := t.Numbers(); !n.IsEmpty() && n != ir.AllNumbers() {
		u.numbers = append(u.numbers, n)
	}
	for _, r := range t.Requests() {
		u.gatherRequest(r)
	}
	u.requests = u.requests || t.IsUnread()
	for _, n := range t.Names() {
		u.queries.cutByLanguage(n.Language())
	}
}

func (u *universe) gatherRequest(r ir.Request) {
	u.requests = true
	u.methods.name(plainMethods...)
	u.methods.cutBy(r.Method)
	u.paths.cutByLanguage(u.targetsOf(r))
	u.hosts.cutByLanguage(u.authoritiesOf(r))
	for _, h := range r.Headers.Requirements() {
		domainOf(u.headers, h.Key, legal().header).cutBy(h.Constraint)
	}
}

// targetsOf and authoritiesOf are worked out once for equal requests, of which
// there are many.
func (u *universe) targetsOf(r ir.Request) set.Language {
	return once(u.targets, fmt.Sprintf("%q %s", r.Paths, keyOf(r.Path)), r.Targets)
}

func (u *universe) authoritiesOf(r ir.Request) set.Language {
	return once(u.authorities, fmt.Sprintf("%q %s", r.Hosts, keyOf(r.Host)), r.Authorities)
}

// keyOf tells patterns apart by what they mean: formats write different ones
// the same.
func keyOf(p *ir.Pattern) string {
	if p == nil {
		return ""
	}
	return p.Language.Key()
}

func once(known map[string]set.Language, key string, work func() set.Language) set.Language {
	l, ok := known[key]
	if !ok {
		l = work()
		known[key] = l
	}
	return l
}

// settle works all classes out, and lays the variables out in an order. What
// the inventory says has then been gathered too.
func (u *universe) settle(o order) error {
	u.gatherInventory()
	domains := []*domain{u.clusters, u.namespaces, u.accountNames, u.methods, u.paths, u.hosts, u.queries, u.peerNames}
	for _, more := range []map[string]*domain{u.nsLabels, u.labels, u.headers} {
		for _, k := range sortedKeys(more) {
			domains = append(domains, more[k])
		}
	}
	if len(u.paths.patterns) > 0 {
		u.paths.cutByLanguage(legal().regular)
	}
	for _, d := range domains {
		if err := d.settle(); err != nil {
			return err
		}
	}
	u.declaredAt = make([]*ir.Namespace, len(u.namespaces.classes))
	for i := range u.inventory.Namespaces {
		ns := &u.inventory.Namespaces[i]
		if at := u.namespaces.named[ns.Name]; at >= 0 {
			u.declaredAt[at] = ns
		}
	}
	if u.infra == nil {
		u.infra = []string{""} // nothing tells it apart
	}
	u.addressCut, u.portCut, u.sourceCut = set.CutAddresses(u.addresses...), set.CutPorts(u.ports...), set.CutPorts(u.sources...)
	u.settleMessages()
	u.settleProtocols()
	u.layout = u.lay(o)
	return nil
}

// gatherInventory lets what is declared cut the universe, as far as the
// policies look at it at all.
func (u *universe) gatherInventory() {
	inv := u.inventory
	for _, ns := range inv.Namespaces {
		u.namespaces.name(ns.Name)
		for k, v := range ns.Labels {
			if d, asked := u.nsLabels[k]; asked {
				d.name(v)
			}
		}
	}
	f := inv.Facts
	if !u.queries.trivial() && f.DNS.Port != 0 {
		u.gatherPods(f.DNS.Pods)
		u.ports = append(u.ports, set.SinglePort(f.DNS.Port))
		u.addresses = append(u.addresses, f.DNS.NodeLocal)
	}
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		if u.asksPort(w) || u.mesh || u.declares(w) {
			u.gatherPods(w.Pods)
		}
		for _, p := range w.Ports {
			if u.requests && p.Protocol != ir.AppUnknown {
				u.ports = append(u.ports, set.SinglePort(p.Number))
			}
		}
	}
	for i := range inv.Workloads {
		if ns, behind := inv.Behind(&inv.Workloads[i]); behind && u.mesh {
			u.accounts = true
			u.accountNames.name(ns.Waypoint)
			u.namespaces.name(ns.Name)
			u.gatherPods(inv.Workloads[i].Pods)
			u.gatherPods(ns.WaypointPods())
		}
	}
	for i := range inv.Workloads { // now that all that asks for accounts has been gathered
		if w := &inv.Workloads[i]; u.accounts && w.Account != "" {
			u.accountNames.name(w.Account)
			u.gatherPods(w.Pods)
		}
	}
	if u.mesh && !f.Tunnel.IsNone() {
		u.ports = append(u.ports, set.SinglePort(f.Tunnel.Port))
	}
	if u.mesh && !f.Uncaptured.IsEmpty() {
		u.ports = append(u.ports, f.Uncaptured)
	}
	if u.mesh {
		u.namespaces.name(f.Unmeshed...)
	}
	if u.located() {
		u.addresses = append(u.addresses, f.Tunnel.Probes, f.PodCIDRs, f.ServiceCIDRs, f.NodeCIDRs, f.APIServer, f.DNS.NodeLocal, ir.Private())
	}
}

// located reports that addresses matter.
func (u *universe) located() bool {
	return slices.ContainsFunc(u.addresses, func(a set.Addresses) bool { return !a.IsEmpty() && !a.IsAll() })
}

// asksPort reports that a port is asked for by a name that the workload has.
func (u *universe) asksPort(w *ir.Workload) bool {
	return slices.ContainsFunc(w.Ports, func(p ir.WorkloadPort) bool {
		for n := range u.calls {
			if n.Name == p.Name {
				return true
			}
		}
		return false
	})
}

// declares reports that the workload says of a port whether it carries
// requests, where that matters.
func (u *universe) declares(w *ir.Workload) bool {
	return u.requests && slices.ContainsFunc(w.Ports, func(p ir.WorkloadPort) bool { return p.Protocol != ir.AppUnknown })
}

// settleMessages cuts ICMP messages by the types and codes that are named. The
// last class of a type, and the last of all, have the rest.
func (u *universe) settleMessages() {
	codes := map[uint8][]int16{}
	for _, t := range u.icmp {
		codes[t.Type] = append(codes[t.Type], t.Code)
	}
	for _, t := range sortedKeys(codes) {
		list := append(codes[t], -1)
		slices.Sort(list)
		if list = slices.Compact(list); len(list) > 256 { // every code has its own
			list = list[1:]
		}
		for _, code := range list {
			u.messages = append(u.messages, ir.ICMPType{Type: t, Code: code})
		}
	}
	if len(codes) < 256 {
		u.messages = append(u.messages, ir.ICMPType{Code: restOfMessages})
	}
}

// restOfMessages is the code of the class of the types that nobody names.
const restOfMessages = -2

// settleProtocols cuts the protocols without ports by the sets that are named.
func (u *universe) settleProtocols() {
	rest := []ir.Numbers{ir.AllNumbers()}
	for _, n := range u.numbers {
		var next []ir.Numbers
		for _, part := range rest {
			out := part.Subtract(n)
			in := part.Subtract(out)
			for _, p := range []ir.Numbers{in, out} {
				if !p.IsEmpty() {
					next = append(next, p)
				}
			}
		}
		rest = next
	}
	u.protocols = rest
}

// messageSpans gives the classes of a set of ICMP messages that cut.
func (u *universe) messageSpans(s ir.ICMP) []diagram.Span {
	var out []diagram.Span
	for i, m := range u.messages {
		whole := s.IsAny() || m.Code != restOfMessages && slices.ContainsFunc(s.Types(), func(t ir.ICMPType) bool {
			return t.Type == m.Type && (t.Code < 0 || t.Code == m.Code)
		})
		if whole {
			out = appendSpan(out, i)
		}
	}
	return out
}
