package istio

import (
	"net/netip"
	"slices"
	"strings"

	security "istio.io/api/security/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// admission is whom a rule's policy lets in, or refuses: everybody, or who
// matches one of the sources. Of neither, the rule has nobody to be about.
type admission struct {
	everybody bool
	sources   []*security.Source
	identity  bool // some source goes by identity
	plaintext bool // some source may match pods that show no identity
}

func (a admission) nobody() bool { return !a.everybody && len(a.sources) == 0 }

var everybody = admission{everybody: true, plaintext: true}

// withoutPrincipal is whoever shows no certificate, of whom the CNI sees the
// port that they ask for (istio/ztunnel, src/rbac.rs: "*" is any identity).
var withoutPrincipal = admission{sources: []*security.Source{{NotPrincipals: []string{"*"}}}, plaintext: true}

// admit gives whom a rule is about. In a stack, where the CNI tells peers apart
// by label, a policy may let in more peers than the rule has, as far as no
// other rule gives those peers the same ports for some requests only. false
// means that the rule was refused.
func (l *lowering) admit(r *ir.Rule) (admission, bool) {
	if l.tunnelled() && r.Action == ir.Allow && l.plain(r.Peers) {
		return withoutPrincipal, true
	}
	var found diag.List
	a, siblings := l.peers(r, &found)
	if l.target.Role == lower.WithCNI && r.Action == ir.Allow && (len(found) > 0 || len(siblings) > 0) {
		if len(found) == 0 && l.crossing(r, siblings) == nil {
			return a, true
		}
		culprit := l.crossing(r, nil)
		if culprit == nil {
			return everybody, true
		}
		exceeding := "lets peers have the same ports for some requests only, which they could then exceed"
		if l.tunnelled() && !restricts(culprit) {
			exceeding = "lets peers have other ports, which the CNI does not see between pods of the mesh, so that they could have these too"
		}
		nearest := "Give each of the peers a `service_account` of its own."
		if len(siblings) == 0 {
			nearest = found[0].Detail
		}
		l.refuse(diag.LacksIdentity, r.Origin, l.notApart(found, siblings)+", and \""+culprit.Origin.Address+"\" "+exceeding, nearest)
		return a, false
	}
	if len(siblings) > 0 {
		reason, nearest := sharing(siblings)
		l.refuse(diag.LacksIdentity, r.Origin, reason, nearest)
		return a, false
	}
	l.said.Add(found)
	return a, !found.HasErrors()
}

// notApart says why the mesh cannot tell a rule's peers from others.
func (l *lowering) notApart(found diag.List, siblings []*ir.Workload) string {
	if len(siblings) > 0 {
		reason, _ := sharing(siblings)
		return reason
	}
	_, reason, _ := strings.Cut(found[0].Summary, "\": ")
	if reason == "" {
		reason = found[0].Summary
	}
	return strings.TrimSuffix(reason, ".")
}

// crossing finds an allow of which the CNI does not see all, the requests or
// beneath ambient the ports, with which a policy that lets more peers in than its
// rule has would let the more peers exceed their own rule; nil for none. Without
// siblings the policy lets everybody in. What a policy lets in and no rule opens
// in the CNI stays out.
func (l *lowering) crossing(r *ir.Rule, siblings []*ir.Workload) *ir.Rule {
	ports := portsOf(r.Traffic)
	for _, other := range l.neighbours(r) {
		seen := portsOf(other.Traffic).Intersect(ports).IsEmpty()
		if l.tunnelled() {
			seen = l.plain(other.Peers)
		}
		within := requestsWithin(r, other) && (!l.tunnelled() || portsOf(other.Traffic).ContainsAll(ports))
		if !other.Subject.Pods.Overlaps(r.Subject.Pods) || seen || r.Peers.Contains(other.Peers) || within {
			continue
		}
		if siblings == nil || meets(other.Peers, siblings) {
			return other
		}
	}
	return nil
}

// plain reports that none of the peers can be in the mesh, so that the CNI sees
// all that they ask for.
func (l *lowering) plain(peers ir.Peers) bool {
	return !peers.IsAny() && !slices.ContainsFunc(peers.Pods(), func(p ir.Pods) bool {
		in, _ := lower.Membership(l.inv, p)
		return in
	})
}

// neighbours gives the allows of which the CNI does not see all and whose subject may be in a
// rule's namespaces.
func (l *lowering) neighbours(r *ir.Rule) []*ir.Rule {
	if ns, single := r.Subject.Pods.SingleNamespace(); single {
		return slices.Concat(l.restricted[ns], l.restricted[""])
	}
	var all []*ir.Rule
	for _, ns := range sortedKeys(l.restricted) {
		all = append(all, l.restricted[ns]...)
	}
	return all
}

// requestsWithin reports whether every request that a rule lets in is surely
// one that another does, as far as that one is restricted.
func requestsWithin(r, other *ir.Rule) bool {
	t, u := r.Traffic, other.Traffic
	if slices.ContainsFunc(other.If, func(c ir.Condition) bool { return !slices.Contains(r.If, c) }) {
		return false
	}
	if u.Requests() == nil {
		return true
	}
	return t.Requests() != nil && !slices.ContainsFunc(t.Requests(), func(q ir.Request) bool {
		return !slices.ContainsFunc(u.Requests(), func(o ir.Request) bool { return o.IsAny() || o.String() == q.String() })
	})
}

func meets(peers ir.Peers, siblings []*ir.Workload) bool {
	return peers.IsAny() || slices.ContainsFunc(peers.Pods(), func(p ir.Pods) bool {
		return slices.ContainsFunc(siblings, func(w *ir.Workload) bool { return w.Pods.Overlaps(p) })
	})
}

// peers gives whom exactly the rule is about, and the workloads that the mesh
// cannot keep out. What stands in the way is found; then the admission is less.
func (l *lowering) peers(r *ir.Rule, found *diag.List) (admission, []*ir.Workload) {
	if r.Peers.IsAny() {
		return everybody, nil
	}
	if but, ok := anywhereBut(r.Peers); ok {
		return l.notAddresses(r, but, found), nil
	}
	at, others, some := lower.Located(r.Peers)
	if !some {
		return admission{sources: blocks(at), plaintext: true}, nil
	}
	if !at.IsEmpty() {
		rest := *r
		rest.Peers, r = others, &rest
	}
	a, siblings := l.pods(r, found)
	if !at.IsEmpty() {
		a.sources, a.plaintext = append(a.sources, blocks(at)...), true
	}
	for _, p := range r.Peers.List() {
		switch p := p.(type) {
		case ir.External:
			if addresses, ok := l.target.Outside(found, p, l.inv.Facts, r); ok {
				a.sources = append(a.sources, blocks(addresses)...)
			}
		case ir.Nodes:
			if !p.Labels.IsEverything() {
				l.target.Refuse(found, diag.LacksIdentity, r.Origin, "a mesh knows nodes by address, and which have the labels is not stated",
					"Allow all `nodes`"+l.inStack(", or render for a stack whose CNI knows nodes by label: `cni = \"cilium\"` with its switch `node_selector_labels`, or `cni = \"calico\"` with `host_endpoints`")+".")
				continue
			}
			if p.Other { // its own node reaches a pod anyway
				a.sources = append(a.sources, l.stated(r, l.inv.Facts.NodeCIDRs, "node_cidrs", "the addresses of nodes", found)...)
			}
		case ir.APIServer:
			a.sources = append(a.sources, l.stated(r, p.Addresses, "api_server", "the API server's addresses", found)...)
		case ir.Names:
			l.target.Refuse(found, diag.LacksFQDN, r.Origin, "a mesh knows who connects by address or identity, never by DNS name", "Give `cidrs`.")
		case ir.RemotePods:
			l.target.Refuse(found, diag.LacksRemote, r.Origin, "a policy names an account whatever the cluster, so that another cluster's pods are not told from this one's",
				"Name their addresses with `cidr`, or render for `cilium` with its clusters connected.")
		case ir.AnyPeer, ir.Pods, ir.NodeLocal, ir.Infrastructure:
			// Pods are looked at together. The others connect to nobody.
		}
	}
	return a, siblings
}

// inStack is what to say of a stack where the mesh is alone; nothing in one.
func (l *lowering) inStack(text string) string {
	if l.target.Role == lower.WithCNI {
		return ""
	}
	return text
}

func (l *lowering) stated(r *ir.Rule, addresses set.Addresses, fact, what string, found *diag.List) []*security.Source {
	if addresses.IsEmpty() {
		l.target.Refuse(found, diag.NeedsFact, r.Origin, what+" are not stated", "State `"+fact+"` in the cluster block, for example `cluster { "+fact+" = [\"192.168.0.0/24\"] }`.")
	}
	return blocks(addresses)
}

// blocks gives sources for addresses: one for all ranges without exceptions,
// and one for each range with, since a source's exceptions are for all of it.
func blocks(a set.Addresses) []*security.Source {
	var plain []string
	var out []*security.Source
	for _, b := range a.Blocks() {
		if len(b.Except) == 0 {
			plain = append(plain, b.Prefix.String())
			continue
		}
		out = append(out, &security.Source{IpBlocks: []string{b.Prefix.String()}, NotIpBlocks: texts(b.Except)})
	}
	if plain != nil {
		out = append([]*security.Source{{IpBlocks: plain}}, out...)
	}
	return out
}

func texts(prefixes []netip.Prefix) []string {
	var out []string
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}

// anywhereBut gives the addresses that are missing from everything, where that
// is what the peers are: every pod and node, and the other addresses.
func anywhereBut(peers ir.Peers) (set.Addresses, bool) {
	var pods, nodes bool
	var missing set.Addresses
	for _, p := range peers.List() {
		switch p := p.(type) {
		case ir.Pods:
			pods = pods || p.IsAll()
		case ir.Nodes:
			nodes = p.Other
		case ir.External:
			missing = p.Addresses.Complement()
		}
	}
	return missing, pods && nodes && !missing.IsEmpty()
}

// notAddresses gives everybody but external addresses. Pods and nodes may have
// some of them, unless the facts say otherwise or they are public.
func (l *lowering) notAddresses(r *ir.Rule, but set.Addresses, found *diag.List) admission {
	f := l.inv.Facts
	but = but.Subtract(f.PodCIDRs).Subtract(f.NodeCIDRs)
	for _, fact := range []struct {
		name  string
		known bool
	}{{"pod_cidrs", !f.PodCIDRs.IsEmpty()}, {"node_cidrs", !f.NodeCIDRs.IsEmpty()}} {
		if !fact.known && but.Overlaps(ir.Private()) {
			l.target.Refuse(found, diag.NeedsFact, r.Origin, "an address range matches pods and nodes too in a mesh, and "+fact.name+" is not stated",
				"State `"+fact.name+"` in the cluster block.")
			return admission{}
		}
	}
	if but.IsEmpty() {
		return everybody
	}
	return admission{sources: []*security.Source{{NotIpBlocks: texts(but.Prefixes())}}, plaintext: true}
}

// pods gives sources for the pods among a rule's peers, by identity.
func (l *lowering) pods(r *ir.Rule, found *diag.List) (admission, []*ir.Workload) {
	byNamespace, wide := l.partition(r, found)
	var a admission
	if wide != nil {
		a = l.everyPod(r, *wide, found)
	}
	var all parts
	for _, namespace := range sortedKeys(byNamespace) {
		id, why := l.identify(namespace, byNamespace[namespace])
		if why != "" {
			l.target.Refuse(found, diag.LacksIdentity, r.Origin, why,
				"Declare `service_account` on the workloads that are meant, or allow the whole namespace."+l.inStack(" In a stack (`cni` and `mesh`) the CNI tells peers apart by label."))
			continue
		}
		all.add(l, namespace, id)
	}
	if len(byNamespace) > 0 {
		a.identity = true
	}
	if a.identity && l.modes(r.Subject.Pods, portsOf(r.Traffic)).has(ir.MTLSDisable) {
		l.target.Refuse(found, diag.LacksIdentity, r.Origin, "mutual TLS is disabled at "+r.Subject.Address+", where peers then have no identity",
			"State `mtls = \"permissive\"` there, or for the rule's ports in `mtls_ports`.")
	}
	a.sources = append(all.sources(), a.sources...)
	return a, all.siblings
}

// partition sorts the rule's pods by their namespaces. wide is for pods of
// every namespace but those that it lists.
func (l *lowering) partition(r *ir.Rule, found *diag.List) (byNamespace map[string][]ir.Pods, wide *[]string) {
	byNamespace = map[string][]ir.Pods{}
	for _, p := range r.Peers.Pods() {
		if but, ok := wholeNamespaces(p); ok {
			if wide != nil {
				but = slices.DeleteFunc(slices.Clone(but), func(n string) bool { return !slices.Contains(*wide, n) })
			}
			wide = &but
			continue
		}
		for _, part := range l.inv.Narrow(p) {
			names, named := part.Names()
			if !named || len(part.Namespace.Requirements()) > 1 {
				l.target.Refuse(found, diag.LacksIdentity, r.Origin,
					"a mesh knows its peers by namespace name and service account, and which namespaces "+part.String()+" is of is not known",
					"Name the namespaces: declare each of them and allow those."+l.inStack(" In a stack (`cni` and `mesh`) the CNI selects them by label."))
				continue
			}
			for _, name := range names {
				one := part
				one.Namespace = ir.InNamespace(name).Namespace
				byNamespace[name] = append(byNamespace[name], one)
			}
		}
	}
	return byNamespace, wide
}

// everyPod gives a source for pods of every namespace but some. Who has an
// identity is a pod of the mesh; pods outside it are known by address only.
func (l *lowering) everyPod(r *ir.Rule, but []string, found *diag.List) admission {
	byIdentity := admission{sources: []*security.Source{{Principals: []string{"*"}, NotNamespaces: but}}, identity: true}
	if r.Auth == ir.MutualTLS || l.modes(r.Subject.Pods, portsOf(r.Traffic)).only(ir.MTLSStrict) {
		return byIdentity // nobody else gets this far, or is meant
	}
	if pods := l.inv.Facts.PodCIDRs; len(but) == 0 && !pods.IsEmpty() {
		return admission{sources: blocks(pods), plaintext: true}
	}
	every := ir.AllPods()
	if len(but) > 0 {
		every.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: ir.NotOneOf(but...)})
	}
	fix := "State `mtls = \"strict\"` at the destination, so that only pods of the mesh reach it"
	if len(but) == 0 {
		fix += ", or `pod_cidrs` in the cluster block"
	}
	if r.Action != ir.Allow || l.membership(every) != inside {
		l.target.Refuse(found, diag.NeedsFact, r.Origin, "pods outside the mesh show no identity, and the rule is about them too", fix+".")
		return admission{}
	}
	l.target.Warn(found, diag.LeftOut, r.Origin,
		"Rule \""+r.Origin.Address+"\" leaves pods outside the mesh out on target \""+l.target.Name+"\": they show no identity, and whether undeclared namespaces are in the mesh is not stated.", fix+".")
	return byIdentity
}

// parts collects the identities of a rule's peers.
type parts struct {
	accounts   []string // ns/account
	principals []string // for accounts that the field accounts go into gets wrong
	namespaces []string
	without    []*security.Source // namespaces without some accounts
	siblings   []*ir.Workload
}

func (p *parts) add(l *lowering, namespace string, id identities) {
	p.siblings = append(p.siblings, id.siblings...)
	for _, account := range id.accounts {
		if l.dotsAreWild() && strings.Contains(account, ".") {
			p.principals = append(p.principals, principal(namespace, account))
			continue
		}
		p.accounts = append(p.accounts, namespace+"/"+account)
	}
	if !id.whole {
		return
	}
	if len(id.but) == 0 {
		p.namespaces = append(p.namespaces, namespace)
		return
	}
	var not []string
	for _, account := range id.but {
		not = append(not, principal(namespace, account))
	}
	p.without = append(p.without, &security.Source{Namespaces: []string{namespace}, NotPrincipals: not})
}

// dotsAreWild reports that some patch releases of the target's version read a
// dot in serviceAccounts as any character (CVE-2026-39350: before 1.28.6 and
// 1.29.2). Principals are compared as they are.
func (l *lowering) dotsAreWild() bool { return !l.target.Profile.Version.AtLeast(1, 30) }

// principal matches an account of any trust domain. No name has a slash, so
// that nothing else ends so. notServiceAccounts would say it more plainly, but
// may not stand beside namespaces (istio/api, Source's validation rule).
func principal(namespace, account string) string { return "*/ns/" + namespace + "/sa/" + account }

// maxAccounts is Istio's bound on the accounts of one source.
const maxAccounts = 16

func (p *parts) sources() []*security.Source {
	var out []*security.Source
	for chunk := range slices.Chunk(p.accounts, maxAccounts) {
		out = append(out, &security.Source{ServiceAccounts: chunk})
	}
	if p.principals != nil {
		out = append(out, &security.Source{Principals: p.principals})
	}
	if p.namespaces != nil {
		out = append(out, &security.Source{Namespaces: p.namespaces})
	}
	return append(out, p.without...)
}
