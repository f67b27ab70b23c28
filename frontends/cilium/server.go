package cilium

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Server names are no union with the rest. Where a rule asks for one, TLS that
// names one of those that all rules together ask for is demanded of all traffic
// that is for the same selector, port and protocol, that of rules without names
// too (pkg/policy/rule.go mergePortProto). Other selectors and other ranges of
// ports are a union with it, but for requests: the proxy asks first whether some
// rule takes the connection, and then whether some rule takes the request, and of
// a rule for the one it asks nothing about the other (cilium/proxy,
// cilium/network_policy.cc).

// serverNames reads the names that TLS has to ask for one of.
func (r *reading) serverNames(v, list manifest.Value, p *portRule) {
	items := v.Items()
	if len(items) == 0 {
		if v.Present() {
			v.Bad("is empty", "The API server refuses that. Leave it out, or name a server.")
		}
		return
	}
	for _, e := range items {
		if text, ok := e.Text(); ok {
			if n, f := r.serverName(text); sound(e, f) {
				p.servers = append(p.servers, n)
			}
		}
	}
	if p.http || p.dns {
		v.Bad("stands beside rules", "The agent takes both only where it ends TLS itself. Write two rules for different ports.")
	}
	for _, one := range p.ports {
		switch {
		case one.every:
			list.Report(diag.RefusedField, fmt.Sprintf("%s asks for server names on every port.", v.Path()), "Name the ports.")
		case !slices.Equal(one.protocols, []ir.Protocol{ir.TCP}):
			list.Report(diag.RefusedField, fmt.Sprintf("%s asks for server names of what is not TCP alone.", v.Path()), "Write protocol: TCP.")
		}
	}
	switch {
	case r.ofNodes:
		v.Report(diag.RefusedField, v.Path()+" is of nodes, whose traffic passes no proxy.", "Leave the names out.")
	case len(r.rule.conditions) > 0:
		v.Report(diag.RefusedField, v.Path()+" hangs on what the cluster is called.", "Select the pods without the cluster's name, or state the switch cluster_name.")
	}
}

// serverPattern is the schema of server names (pkg/policy/api/l4.go).
var serverPattern = regexp.MustCompile(`^([-a-z0-9_*]+[.]?)+$`)

// serverName reads a server's name or a pattern of such: from 1.20 on the
// language of DNS patterns, before that exact names, and from 1.18 with "*." or
// "**." before them (cilium/cilium#38615, #43674).
func (l *lifting) serverName(text string) (ir.Name, *fault) {
	if len(text) > maxName || !serverPattern.MatchString(text) {
		return ir.Name{}, bad(`Write lower-case letters, digits, dashes, dots and "*".`, "is no name of a server")
	}
	if l.atLeast(20) {
		n, all, f := l.namePattern(text)
		if all {
			n = anyName()
		}
		return n, f
	}
	n, err := ir.ParseName(text)
	switch _, wildcard := n.Parts(); {
	case err != nil:
		return n, bad(`Write a name, or from Cilium 1.18 on one with "*." or "**." before it.`, "is no name that Cilium %s is known to match", l.options.Profile.Version)
	case wildcard > 0 && !l.atLeast(18):
		return n, bad("Name each server, or judge it for Cilium 1.18 or newer.", "is a pattern, which Cilium 1.17 is not known to match")
	}
	return n, nil
}

// servers adds an allow of TLS for each name.
func (a *assembly) servers(one ir.Rule, p *portRule) {
	for k := range p.keys() {
		if _, asked := a.asked[k]; asked && a.mayAsk(one.Subject.Pods, &k) {
			a.refuse(one, "asks for server names on a port on which another rule has DNS rules for the same pods: Cilium cannot compute their policy, and keeps the one that they had", "Use different ports.")
		}
	}
	for _, n := range p.servers {
		named := one
		named.If = append(slices.Clip(one.If), ir.ServerName(n))
		a.put(&a.rest, named, p.traffic())
	}
}

// span is a port as Cilium tells filters apart.
type span struct {
	first, last uint16
	every       bool
	name        string
}

func (p *port) span() span { return span{p.first, p.last, p.every, p.name} }

// naming is a selector and a port of which server names are asked.
type naming struct {
	pods ir.Pods
	part part
	span span
	by   *item
}

// namings gives all of a direction.
func namings(all []*rule, d ir.Direction) []naming {
	var out []naming
	for _, r := range all {
		for i := range r.items {
			if r.items[i].direction != d {
				continue
			}
			for _, p := range r.items[i].ports {
				if p.servers == nil {
					continue
				}
				for _, q := range p.ports {
					for _, part := range r.items[i].selectors() {
						out = append(out, naming{r.subject.Pods, part, q.span(), &r.items[i]})
					}
				}
			}
		}
	}
	return out
}

// selectors gives an item's parts, its names among them.
func (i *item) selectors() []part {
	out := slices.Clone(i.parts)
	for _, n := range i.names {
		out = append(out, part{namedText + n.String(), []side{{peers: []ir.Peer{ir.Names{Patterns: []ir.Name{n}}}}}})
	}
	return out
}

// What stands before the text of an entity, and of a name.
const entityText, namedText = "entity ", "name "

// meaning is the same for parts that stand for the same peers.
func (p *part) meaning() string {
	var b strings.Builder
	for _, s := range p.sides {
		peers, _ := ir.PeersOf(s.peers...)
		fmt.Fprintln(&b, peers, s.conditions)
	}
	return b.String()
}

// merges reports whether traffic of a part is merged with what asks for server
// names. sure is false where both stand for the same and are not written alike,
// or share a selector that is not a part by itself.
func (n *naming) merges(p *part) (some, sure bool) {
	switch {
	case p.text != "" && p.text == n.part.text:
		return true, !strings.HasPrefix(p.text, namedText)
	case p.meaning() == n.part.meaning():
		return true, false
	}
	a, ok1 := strings.CutPrefix(p.text, entityText)
	b, ok2 := strings.CutPrefix(n.part.text, entityText)
	several := func(e string) bool { return e == "cluster" || e == "cluster-mesh" || e == "world" || e == "all" }
	return ok1 && ok2 && (several(a) || several(b)), false
}

// apart gives what is left of an allow where others ask for server names: for
// pods and ports of which they ask it, the allow is theirs. It refuses what
// cannot be told, and what Cilium cannot merge.
func (a *assembly) apart(r *rule, i *item) []subjected {
	whole := []subjected{{r, i}}
	if i.action == ir.Deny {
		return whole
	}
	a.nativeNames(r, i)
	taken := map[portAt][]ir.Pods{}
	for at, p := range i.selectors() {
		for j, rule := range i.ports {
			for k, q := range rule.ports {
				if !slices.Contains(q.protocols, ir.TCP) || rule.servers != nil {
					continue
				}
				for _, n := range a.named {
					if n.span != q.span() || !n.pods.Overlaps(r.subject.Pods) {
						continue
					}
					some, sure := n.merges(&p)
					switch {
					case !some:
					case !sure:
						a.unmergeable(i, &n, "and whether Cilium takes their peers for the same is not sure", "Write the peers of both alike, or use different ports.")
					case rule.http || rule.dns:
						a.unmergeable(i, &n, "which Cilium cannot merge with rules for requests or names, so that it keeps the policy that the pods had", "Use different ports.")
					default:
						a.demanded(i, &n)
						taken[portAt{at, j, k}] = append(taken[portAt{at, j, k}], n.pods)
					}
				}
			}
		}
	}
	if len(taken) == 0 {
		return whole
	}
	return i.without(r, taken)
}

// portAt is a port of an item: by part, port rule and port.
type portAt struct{ part, rule, port int }

// subjected is an item with the rule that it is of.
type subjected struct {
	rule *rule
	item *item
}

// without gives an item port by port, TCP of those that are taken only for the
// pods that are left.
func (i *item) without(r *rule, taken map[portAt][]ir.Pods) []subjected {
	var out []subjected
	for at := range i.parts {
		rest := *i
		rest.parts, rest.names, rest.ports = i.parts[at:at+1], nil, nil
		for j, rule := range i.ports {
			kept := rule
			kept.ports = nil
			for k, q := range rule.ports {
				gone, is := taken[portAt{at, j, k}]
				if !is {
					kept.ports = append(kept.ports, q)
					continue
				}
				tcp := q
				tcp.protocols = []ir.Protocol{ir.TCP}
				for _, left := range ir.SubtractAll([]ir.Pods{r.subject.Pods}, gone) {
					own, one := *r, rest
					own.subject = ir.SubjectOf(left)
					one.ports = []portRule{{ports: []port{tcp}}}
					out = append(out, subjected{&own, &one})
				}
				if q.protocols = slices.DeleteFunc(slices.Clone(q.protocols), func(p ir.Protocol) bool { return p == ir.TCP }); len(q.protocols) > 0 {
					kept.ports = append(kept.ports, q)
				}
			}
			rest.ports = append(slices.Clip(rest.ports), kept)
		}
		out = append(out, subjected{r, &rest})
	}
	return out
}

// nativeNames refuses native policies that may be merged with server names: of
// their ports it is not known how they were written.
func (a *assembly) nativeNames(r *rule, i *item) {
	tcp, some := i.plain.Only(ir.TCP)
	if !some || i.plain.IsAll() || tcp.Ports(ir.TCP).IsAll() {
		return
	}
	for _, p := range i.parts {
		for _, n := range a.named {
			same, _ := n.merges(&p)
			meets := tcp.Ports(ir.TCP).Contains(n.span.first) || slices.ContainsFunc(tcp.Named(), func(m ir.NamedPort) bool { return m.Name == n.span.name })
			if same && meets && n.pods.Overlaps(r.subject.Pods) {
				a.unmergeable(i, &n, "and whether Cilium takes their peers for the same is not sure", "Write it as a CiliumNetworkPolicy too.")
			}
		}
	}
}

// together refuses server names beside requests where a peer may be asked for
// both: each rule lets through what the other is to hold back.
func (a *assembly) together() {
	for i := range a.rest {
		asks := &a.rest[i]
		if !slices.ContainsFunc(asks.If, func(c ir.Condition) bool { _, is := c.ServerName(); return is }) {
			continue
		}
		for j := range a.rest {
			reads := &a.rest[j]
			at := [2]string{reads.Origin.Address, asks.Origin.Address}
			if reads.Traffic.Requests() == nil || a.told[at] || !reads.Subject.Pods.Overlaps(asks.Subject.Pods) ||
				!reads.Traffic.MayMeet(asks.Traffic, ir.TCP) || !reads.Peers.Overlaps(asks.Peers) {
				continue
			}
			a.told[at] = true
			a.refuse(*reads, fmt.Sprintf("is for requests on a port on which %s asks some of the same peers for server names: Cilium lets all requests pass, and all names", asks.Origin.Address), "Use different ports, or peers that have nothing in common.")
		}
	}
}

func (a *assembly) unmergeable(i *item, n *naming, why, todo string) {
	a.told[[2]string{i.origin.Address, n.by.origin.Address}] = true
	a.diags.Add(diag.RefusedField, i.origin.Range, fmt.Sprintf("%s is for peers and a port of which %s asks for server names, %s.", i.origin.Address, n.by.origin.Address, why), todo)
}

func (a *assembly) demanded(i *item, n *naming) {
	a.diags.Add(diag.NoEffect, i.origin.Range, fmt.Sprintf("%s allows a port for peers of which %s asks for server names there: Cilium asks them of all of it.", i.origin.Address, n.by.origin.Address),
		"Use different ports or other peers, or leave the server names out.")
}
