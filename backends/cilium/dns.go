package cilium

import (
	"slices"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// Which addresses a name has, Cilium learns from DNS answers that pass its
// proxy, and a rule for the name matches nothing until then. DNS passes the
// proxy where some rule for exactly the port and protocol that it is asked on
// has DNS rules; beside a plain rule for the same traffic the redirect stays
// and every name is allowed, whether both are in one object or not, and whether
// their selectors are the same text (pkg/policy/rule.go appendL7WildcardRule)
// or differ (pkg/policy/types/entry.go, pkg/fqdn/dnsproxy/proxy.go CheckAllowed).
// So a subject with rules for names needs, in its own object, DNS rules for "*"
// where plain DNS is allowed to it, and no other object changes.

// What is said of a DNS cache on the host network. Upstream documents such a
// cache as pods only (Documentation/network/kubernetes/local-redirect-policy.rst).
const (
	unseenCache = "Cilium's proxy does not reliably see the queries to a node-local DNS cache on the host network"
	poddedCache = "Run the cache as pods behind a CiliumLocalRedirectPolicy, name those pods in `cluster { dns { labels } }` and leave `node_local` out."
)

func (l *lowering) dnsPort() uint16 { return l.program.Inventory.Facts.DNS.Port }

// dnsRules gives the names that may be resolved; every name for none.
func (l *lowering) dnsRules(names []ir.Name) (*api.L7Rules, *refusal) {
	if names == nil {
		return &api.L7Rules{DNS: api.PortRulesDNS{{MatchPattern: "*"}}}, nil
	}
	rules := &api.L7Rules{}
	for _, n := range names {
		s, ok := l.nameSelector(n)
		if !ok {
			return nil, &refusal{diag.LacksDNS, "Cilium " + l.target.Profile.Version.String() + " reads \"**.\" in " + n.String() + " as one label only",
				"Render for `cilium@1.19` or newer, or write a `*.` pattern for each level."}
		}
		rules.DNS = append(rules.DNS, api.PortRuleDNS(s))
	}
	return rules, nil
}

// learning gives the rules that make DNS of a bundle's subject pass the proxy:
// none where it has no rule for a name. Each allows what another rule allows
// already. A name that cannot be asked for, or not through the proxy, refuses
// the rule that it is a peer of.
func (l *lowering) learning(b *lower.Bundle) []ir.Rule {
	var patterns []ir.Name
	for i := range b.Egress {
		r := &b.Egress[i]
		names := namesOf(r)
		if names == nil {
			continue
		}
		if ref := l.learnable(b.Subject.Pods, names); ref != nil {
			l.refuse(r.Origin, ref)
		}
		patterns = append(patterns, names...)
	}
	if patterns == nil {
		return nil
	}
	var out []ir.Rule
	peers, _ := ir.PeersOf(l.program.Inventory.Facts.DNS.Pods)
	for _, protocol := range []ir.Protocol{ir.UDP, ir.TCP} {
		for _, part := range l.asking(b.Subject.Pods, protocol, nil) {
			if i := slices.IndexFunc(out, func(r ir.Rule) bool { return r.Subject.Pods.Equal(part) }); i >= 0 {
				out[i].Traffic = out[i].Traffic.Or(l.dnsOver(protocol))
				continue
			}
			s := b.Subject
			s.Pods = part
			out = append(out, ir.Rule{
				Subject: s, Peers: peers, Traffic: l.dnsOver(protocol), Action: ir.Allow,
				Origin: ir.Origin{Kind: ir.FromCompanion, Address: b.Subject.Address, Purpose: ir.ForDNS},
			})
		}
	}
	return out
}

func (l *lowering) dnsOver(p ir.Protocol) ir.Traffic {
	return ir.PortTraffic(p, set.SinglePort(l.dnsPort()))
}

// namesOf gives the names that an allow has among its peers.
func namesOf(r *ir.Rule) []ir.Name {
	if r.Action != ir.Allow {
		return nil
	}
	for _, p := range r.Peers.List() {
		if n, ok := p.(ir.Names); ok {
			return n.Patterns
		}
	}
	return nil
}

// learnable refuses names that some pod of the subject may not ask for, or not
// where the proxy sees it.
func (l *lowering) learnable(pods ir.Pods, names []ir.Name) *refusal {
	if !l.program.Inventory.Facts.DNS.NodeLocal.IsEmpty() {
		return &refusal{diag.LacksFQDN, unseenCache + ", and learns a name's addresses from their answers", poddedCache}
	}
	if ref := l.pastProxy(pods); ref != nil {
		return ref
	}
	for _, n := range names {
		if !l.mayAsk(pods, n) {
			return &refusal{diag.LacksFQDN,
				"Cilium learns a name's addresses from the DNS answers that the pod gets, and no rule lets all of its pods ask the cluster's DNS for " + n.String(),
				"Allow the query too, for example with `dns = [\"" + n.String() + "\"]` in a rule to `dns`, or do without `dns = false`."}
		}
	}
	return nil
}

func (l *lowering) mayAsk(pods ir.Pods, n ir.Name) bool {
	return l.covered(pods, l.asking(pods, ir.UDP, &n)) || l.covered(pods, l.asking(pods, ir.TCP, &n))
}

// asking gives the parts of a set of pods that may ask the cluster's DNS over a
// protocol: for every name, or with name for names that it covers.
func (l *lowering) asking(pods ir.Pods, protocol ir.Protocol, name *ir.Name) []ir.Pods {
	var out []ir.Pods
	for _, r := range l.askers(protocol) {
		if names := r.Traffic.Names(); names != nil && (name == nil || !resolves(names, *name)) {
			continue
		}
		if part, ok := pods.And(r.Subject.Pods); ok {
			out = append(out, l.program.Inventory.Narrow(part)...)
		}
	}
	return ir.Simplify(out)
}

// askers gives the rules that let their subjects ask the cluster's DNS over a
// protocol, for some names at least.
func (l *lowering) askers(protocol ir.Protocol) []*ir.Rule {
	if list, known := l.dnsAskers[protocol]; known {
		return list
	}
	dns, _ := ir.PeersOf(l.program.Inventory.Facts.DNS.Pods)
	query := l.dnsOver(protocol)
	var out []*ir.Rule
	for _, level := range l.egress.Levels {
		for i := range level.Rules {
			r := &level.Rules[i]
			read := r.Traffic.Requests() != nil && protocol == ir.TCP
			if r.Action == ir.Allow && !read && r.Traffic.Transport().Contains(query) && r.Peers.Contains(dns) {
				out = append(out, r)
			}
		}
	}
	l.dnsAskers[protocol] = out
	return out
}

// covered reports whether the parts together are all of the pods.
func (l *lowering) covered(pods ir.Pods, parts []ir.Pods) bool {
	return len(ir.SubtractAll(l.program.Inventory.Narrow(pods), parts)) == 0
}

// resolves reports whether the patterns surely have every name that n is for.
func resolves(patterns []ir.Name, n ir.Name) bool {
	suffix, wildcard := n.Parts()
	return slices.ContainsFunc(patterns, func(p ir.Name) bool {
		if wildcard == 0 {
			return p.Matches(suffix)
		}
		over, deep := p.Parts()
		return p == n || deep == 2 && (over == suffix || p.Matches(suffix))
	})
}

// asksDNS reports whether a rule is for the cluster's DNS over TCP too.
func (l *lowering) asksDNS(r *ir.Rule) bool {
	if !r.Traffic.Ports(ir.TCP).Contains(l.dnsPort()) {
		return false
	}
	return slices.ContainsFunc(r.Peers.List(), func(p ir.Peer) bool {
		pods, ok := p.(ir.Pods)
		return p == ir.Peer(ir.AnyPeer{}) || ok && pods.Overlaps(l.program.Inventory.Facts.DNS.Pods)
	})
}
