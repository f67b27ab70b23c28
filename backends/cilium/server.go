package cilium

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// serversOf gives how many of the first rules differ in nothing but the name of
// a TLS server that they ask for, and the names; none for one that asks for none.
func serversOf(rules []ir.Rule) (int, []ir.Name) {
	names, only := namedServers(&rules[0])
	n := 1
	if !only {
		return n, names
	}
	for ; n < len(rules); n++ {
		r := &rules[n]
		more, only := namedServers(r)
		if !only || r.Action != rules[0].Action || !r.Peers.Equal(rules[0].Peers) || r.Traffic.String() != rules[0].Traffic.String() {
			break
		}
		names = append(names, more...)
	}
	return n, names
}

// namedServers gives the names of servers among a rule's conditions; only where
// one is all of them.
func namedServers(r *ir.Rule) (names []ir.Name, only bool) {
	for _, c := range r.If {
		if n, ok := c.ServerName(); ok {
			names = append(names, n)
		}
	}
	return names, len(names) == 1 && len(r.If) == 1
}

// serverNames gives the names as a port rule has them: exact ones, and from 1.18
// with "*." or "**." before them (cilium/cilium#38615).
func (l *lowering) serverNames(r *ir.Rule, names []ir.Name) ([]api.ServerName, *refusal) {
	if names == nil {
		if len(r.If) > 0 {
			return nil, &refusal{diag.CannotSay, "Cilium cannot ask whether " + r.If[0].String(), "Leave it out of the rule."}
		}
		return nil, nil
	}
	_, only := namedServers(r)
	tcp, some := r.Traffic.Only(ir.TCP)
	switch {
	case r.Action != ir.Allow:
		return nil, &refusal{diag.LacksSNI, "Cilium's deny rules have no names of servers and would deny the whole port", "Allow the names that are wanted instead."}
	case r.Subject.Kind == ir.SubjectNodes:
		return nil, &refusal{diag.LacksSNI, "what nodes send and take passes no proxy of Cilium that reads TLS", "Restrict the names where the pods at the other end are closed."}
	case !only:
		return nil, &refusal{diag.LacksSNI, "Cilium knows names of servers and nothing else that flows may be asked for beside ports", "Write a rule for each."}
	case !some || tcp.String() != r.Traffic.String() || r.Traffic.IsAll():
		return nil, &refusal{diag.LacksSNI, "Cilium reads names of servers on TCP ports only", "Name the ports: `tcp = [443]`."}
	case r.Traffic.Requests() != nil || r.Traffic.Names() != nil:
		return nil, &refusal{diag.LacksSNI, "Cilium has names of servers or requests for one port, unless it ends TLS itself", "Write two rules for different ports."}
	}
	var out []api.ServerName
	for _, n := range names {
		if _, wildcard := n.Parts(); wildcard > 0 && !l.target.Profile.Version.AtLeast(1, 18) {
			return nil, &refusal{diag.LacksSNI, "Cilium 1.17 is not known to match names of servers by pattern, as " + n.String(), "Name each server, or render for `cilium@1.18` or newer."}
		}
		out = append(out, api.ServerName(n.String()))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Rules for one selector, port and protocol are one to Cilium: where some of
// them ask for names of servers, all traffic has to name one
// (pkg/policy/rule.go mergePortProto). So what would be merged is refused; other
// names of servers are a union there too.

// Of other selectors or ranges of ports, requests are no union with names of
// servers: Cilium's proxy asks whether some rule takes the connection and then
// whether some rule takes the request, each of which the other kind of rule does
// (cilium/proxy, cilium/network_policy.cc). Both for one peer are refused too.

// filter is what Cilium merges rules by.
type filter struct {
	direction ir.Direction
	selector  string
	port      string
	last      int32
}

// noted is an allow of a port as it was emitted, for finding what is merged.
type noted struct {
	pods     ir.Pods
	servers  bool
	origin   ir.Origin
	restrict bool // requests or DNS names
}

// read is an allow whose traffic the proxy reads.
type read struct {
	rule      ir.Rule
	direction ir.Direction
	servers   bool // names of servers, or else requests or DNS names
}

// note keeps in mind what Cilium would merge of an item's ports: those of DNS,
// and all of TCP where some rule asks for names of servers at all.
func (l *lowering) note(r *ir.Rule, d ir.Direction, p layer3, t layer4) {
	if d == ir.Egress && r.Action == ir.Allow {
		l.noteDNS(r, t)
	}
	if !l.named || r.Action != ir.Allow || r.Subject.Kind == ir.SubjectNodes {
		return
	}
	for _, rule := range t.ports {
		if rule.ServerNames != nil || rule.Rules != nil {
			l.read = append(l.read, read{*r, d, rule.ServerNames != nil})
		}
		for _, port := range rule.Ports {
			if port.Protocol != api.ProtoTCP {
				continue
			}
			for _, s := range p.texts() {
				f := filter{d, s, port.Port, port.EndPort}
				l.noted[f] = append(l.noted[f], noted{r.Subject.Pods, rule.ServerNames != nil, r.Origin, rule.Rules != nil})
			}
		}
	}
}

// noteDNS keeps in mind who has rules for DNS, and who has others that the proxy
// reads on its port.
func (l *lowering) noteDNS(r *ir.Rule, t layer4) {
	one := noted{pods: r.Subject.Pods, origin: r.Origin}
	for _, rule := range t.ports {
		switch {
		case rule.Rules == nil && rule.ServerNames == nil: // as most are
		case !slices.Contains(rule.Ports, api.PortProtocol{Port: strconv.Itoa(int(l.dnsPort())), Protocol: api.ProtoTCP}):
		case rule.Rules != nil && rule.Rules.DNS != nil:
			l.dnsAt = append(l.dnsAt, one)
		default:
			l.onDNS = append(l.onDNS, one)
		}
	}
}

// texts gives each selector of the peers.
func (p *layer3) texts() []string {
	var out []string
	add := func(kind string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic("cilium: a selector that is no JSON: " + err.Error())
		}
		out = append(out, kind+string(text))
	}
	for _, s := range slices.Concat(p.endpoints, p.nodes) {
		add("endpoint ", s)
	}
	for _, e := range p.entities {
		out = append(out, entityText(e))
	}
	for _, c := range p.cidrs {
		add("range ", c)
	}
	for _, n := range p.names {
		add("name ", n)
	}
	return out
}

// unmergeable refuses the rules that ask for names of servers and that Cilium
// would make one of with others that do not.
func (l *lowering) unmergeable() {
	var clashes []clash
	for _, all := range l.noted {
		clashes = append(clashes, unlike(all, all, func(b noted) string {
			what := "without names"
			if b.restrict {
				what = "with requests or DNS names"
			}
			return fmt.Sprintf("%q is for the same peers and port %s, and Cilium makes one of the two", b.origin.Address, what)
		})...)
	}
	clashes = append(clashes, l.entitiesTogether()...)
	if clashes == nil {
		clashes = l.readTogether()
	}
	for _, a := range l.onDNS {
		for _, b := range l.dnsAt {
			if a.pods.Overlaps(b.pods) {
				clashes = append(clashes, clash{a.origin, fmt.Sprintf("%q has Cilium's proxy read DNS on the same port, and Cilium computes no policy for pods that have both", b.origin.Address), "Use another port."})
			}
		}
	}
	slices.SortFunc(clashes, clash.compare)
	for _, c := range clashes {
		l.refuse(c.origin, &refusal{diag.Unmergeable, c.reason, c.todo})
	}
}

// unlike gives those of the first that ask for names of servers where one of the
// others does not for some of the same pods.
func unlike(asks, others []noted, reason func(other noted) string) []clash {
	var out []clash
	for _, a := range asks {
		for _, b := range others {
			if a.servers && !b.servers && a.pods.Overlaps(b.pods) {
				out = append(out, clash{a.origin, reason(b), apart})
			}
		}
	}
	return out
}

// entitiesTogether gives the rules that ask entities for names of servers where
// others do not ask it of entities that may be made of the same selectors
// (pkg/policy/api/entity.go EntitySelectorMapping).
func (l *lowering) entitiesTogether() []clash {
	several := func(f filter) bool {
		return slices.ContainsFunc([]api.Entity{api.EntityCluster, api.EntityWorld, api.EntityAll}, func(e api.Entity) bool { return f.selector == entityText(e) })
	}
	var of []filter
	for f := range l.noted {
		if strings.HasPrefix(f.selector, entityKind) {
			of = append(of, f)
		}
	}
	var out []clash
	for _, f := range of {
		for _, g := range of {
			samePort := f.direction == g.direction && f.port == g.port && f.last == g.last
			if f == g || !samePort || !several(f) && !several(g) {
				continue
			}
			out = append(out, unlike(l.noted[f], l.noted[g], func(b noted) string {
				return fmt.Sprintf("%q is for the port without names and for entities that Cilium may make of the same peers", b.origin.Address)
			})...)
		}
	}
	return out
}

// entityKind begins the text of an entity.
const entityKind = "entity "

func entityText(e api.Entity) string { return entityKind + string(e) }

// readTogether gives the rules that ask for names of servers where others
// restrict what some of the same peers may say on the port.
func (l *lowering) readTogether() []clash {
	var out []clash
	for _, a := range l.read {
		for _, b := range l.read {
			if a.servers && !b.servers && a.direction == b.direction && a.overlaps(&b) {
				out = append(out, clash{a.rule.Origin, fmt.Sprintf("%q restricts requests or DNS names for some of the same peers and ports, and Cilium would let all of them pass, and all names of servers", b.rule.Origin.Address), apart})
			}
		}
	}
	return out
}

// overlaps reports whether a TCP connection may be of both.
func (a *read) overlaps(b *read) bool {
	return a.rule.Traffic.MayMeet(b.rule.Traffic, ir.TCP) && a.rule.Subject.Pods.Overlaps(b.rule.Subject.Pods) && a.rule.Peers.Overlaps(b.rule.Peers)
}

// clash is a refusal of unmergeable.
type clash struct {
	origin ir.Origin
	reason string
	todo   string
}

// apart is what to do about most clashes.
const apart = "Use different ports, write both with names, or take the peers of one out of the other with `except`."

func (c clash) compare(d clash) int {
	return cmp.Or(strings.Compare(c.origin.Address, d.origin.Address), strings.Compare(c.reason, d.reason))
}
