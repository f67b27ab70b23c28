package intent

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMeaning holds reading and lowering to the language page: of random
// configurations every flow of a small universe gets the verdict that the
// page's sentences give it. The two sides share no code; the programs are
// evaluated by package sem.
func TestMeaning(t *testing.T) {
	drawn, refused := 0, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := drawSketch(rt)
		drawn++
		cfg, _, diags := Load([]string{"-"}, Options{Stdin: strings.NewReader(w.text())})
		if diags.HasErrors() {
			rt.Fatalf("%s\n%s", diags, w.text())
		}
		program, diags := Lower(cfg, nil)
		for _, d := range diags {
			if d.Severity.String() == "error" {
				refused[string(d.Code)]++
				return
			}
		}
		m := newMeaning(w)
		got := evaluate(m.labels, m.ends, program)
		ends := m.different(got)
		for _, to := range ends {
			wires, d := m.wires(to), m.ends[to]
			for _, from := range ends {
				if s := m.ends[from]; s.kind != "pod" && d.kind != "pod" {
					continue
				}
				for _, x := range wires {
					if v := m.verdict(from, to, x); v != got.verdict(from, to, x) {
						rt.Fatalf("the page says %t\nfrom %v\nto   %v\n%+v\n%s\n%s", v, m.ends[from], d, x, w.text(), program.Text())
					}
				}
			}
		}
	})
	total := 0
	for _, n := range refused {
		total += n
	}
	t.Logf("%d drawn, refused %v", drawn, refused)
	if !t.Failed() && total*5 > drawn {
		t.Errorf("%d of %d configurations are refused, and test nothing: %v", total, drawn, refused)
	}
}

// meaning is what the page says of a configuration, with every set of
// endpoints worked out.
type meaning struct {
	*sketch
	ends    []*spot
	labels  map[string]map[string]string
	inOrder []*tier
	clauses map[*rule]*sets
	closed  map[string][]bool           // by direction: the pods' defaults
	shut    map[*tier]map[string][]bool // by tier and direction: what a tier's default closes
	clients []bool                      // pods that DNS is kept for
	dns     []bool                      // the cluster's DNS: pods, and the cache
}

// sets is a rule's endpoints: those at each end, and of them those in whose
// policy the rule stands.
type sets struct{ from, to, sources, destinations []bool }

func newMeaning(w *sketch) *meaning {
	m := &meaning{sketch: w, labels: map[string]map[string]string{}, clauses: map[*rule]*sets{}, closed: map[string][]bool{}, shut: map[*tier]map[string][]bool{}}
	m.inOrder = slices.SortedFunc(slices.Values(w.tiers), func(a, b *tier) int { return a.order - b.order })
	m.populate()
	for _, d := range []string{"egress", "ingress"} {
		m.closed[d] = among(m.ends, func(e *spot) bool { return m.defaultOf(e, d) })
	}
	m.clients = among(m.ends, m.keepsDNS)
	m.dns = m.members(nil, []ref{{kind: "dns"}})
	for _, r := range w.rules {
		m.clauses[r] = m.sets(r)
	}
	for _, x := range w.tiers {
		for _, r := range x.rules {
			m.clauses[r] = m.sets(r)
		}
	}
	for _, x := range w.tiers {
		m.shut[x] = map[string][]bool{}
		for _, d := range []string{"egress", "ingress"} {
			m.shut[x][d] = m.subjects(x, d)
		}
	}
	return m
}

// populate makes the endpoints.
func (m *meaning) populate() {
	m.labels["stray"] = map[string]string{"team": "p"}
	m.labels["waif"] = map[string]string{"team": "q"}
	m.labels["loner"] = map[string]string{}
	for _, name := range []string{"shop", "site", "legacy", "kube-system"} {
		m.labels[name] = map[string]string{}
	}
	for _, s := range m.spaces {
		if s.team != "" {
			m.labels[s.name] = map[string]string{"team": s.team}
		}
	}
	for _, ns := range []string{"shop", "site", "legacy", "kube-system", "stray", "waif", "loner"} {
		if m.labels[ns]["kubernetes.io/metadata.name"] = ns; ns == "kube-system" {
			m.pod(ns, "s", "k8s-app", "kube-dns")
			m.pod(ns, "s", "k8s-app", "kube-dns", "app", "a", "tier", "x")
		}
		for _, account := range []string{"s", "t"} {
			for _, app := range []string{"a", "b", "c", ""} {
				for _, tier := range []string{"x", "y", ""} {
					m.pod(ns, account, "app", app, "tier", tier)
				}
			}
		}
	}
	address := func(text string, names ...string) *spot {
		return &spot{kind: "address", address: netip.MustParseAddr(text), names: names}
	}
	server := address("203.0.113.1")
	server.server = true
	m.ends = append(m.ends, server, address("192.0.2.10"), address("192.0.2.200"), address("198.51.100.7", "api.stripe.example"),
		address("198.51.100.8", "a.b.example"), address("2001:db8::1"), &spot{kind: "own"}, &spot{kind: "other"}, &spot{kind: "infra"})
	if m.nodeLocal {
		m.ends = append(m.ends, &spot{kind: "cache", address: netip.MustParseAddr("169.254.20.10")})
	}
}

func (m *meaning) pod(ns, account string, labels ...string) {
	e := &spot{kind: "pod", namespace: ns, account: account, labels: map[string]string{}}
	for i := 0; i < len(labels); i += 2 {
		if labels[i+1] != "" {
			e.labels[labels[i]] = labels[i+1]
		}
	}
	m.ends = append(m.ends, e)
}

// different gives one endpoint of each kind that neither side tells apart.
func (m *meaning) different(got *programs) []int {
	sets := [][]bool{m.closed["egress"], m.closed["ingress"], m.clients, m.dns}
	for r, s := range m.clauses {
		sets = append(sets, s.from, s.to, s.sources, s.destinations)
		for _, d := range m.flatten(r.to) {
			sets = append(sets, m.members(r.scope, []ref{d}))
		}
	}
	for _, shut := range m.shut {
		sets = append(sets, shut["egress"], shut["ingress"])
	}
	sets = append(sets, got.sets...)
	seen := map[string]bool{}
	var out []int
	for i, e := range m.ends {
		key := []byte(e.kind)
		for _, name := range []string{"web", "adm"} {
			number, declared := m.number(e, name)
			key = fmt.Append(key, number, declared)
		}
		for _, s := range sets {
			key = append(key, map[bool]byte{false: '0', true: '1'}[s[i]])
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			out = append(out, i)
		}
	}
	return out
}

// wires gives what can go to an endpoint.
func (m *meaning) wires(to int) []wire {
	e := m.ends[to]
	out := []wire{
		{protocol: "tcp", port: 80}, {protocol: "tcp", port: 8080}, {protocol: "tcp", port: 53},
		{protocol: "udp", port: 80}, {protocol: "udp", port: 8080}, {protocol: "udp", port: 53},
		{protocol: "tcp", port: 80, method: "GET", path: "/a"}, {protocol: "tcp", port: 80, method: "POST", path: "/a"},
		{protocol: "tcp", port: 8080, method: "GET", path: "/b"}, {protocol: "tcp", port: 8080, method: "POST", path: "/b"},
		{protocol: "sctp", port: 80}, {protocol: "icmp", port: 8}, {protocol: "icmp", port: 3}, {protocol: "gre"},
	}
	for _, name := range []string{"web", "adm"} {
		if _, declared := m.number(e, name); e.kind == "pod" && !declared {
			out = append(out, wire{protocol: "tcp", port: 80, calls: name}, wire{protocol: "tcp", port: 9999, calls: name})
		}
	}
	if port := m.asked(to); port != 0 {
		// Every flow to the cluster's DNS on its port is a query.
		for i := range out {
			if x := &out[i]; x.port == port && (x.protocol == "tcp" || x.protocol == "udp") && x.method == "" {
				x.query = "bad.test"
			}
		}
		for _, q := range []string{"ok.example", "other.example", "deep.ok.example"} {
			out = append(out, wire{protocol: "udp", port: port, query: q}, wire{protocol: "tcp", port: port, query: q})
		}
	}
	return out
}

// asked is the port on which an endpoint answers as the cluster's DNS; 0 where
// it is not that.
func (m *meaning) asked(to int) uint16 {
	switch {
	case !m.dns[to]:
		return 0
	case m.ends[to].kind == "cache":
		return 53
	}
	return m.dnsPort
}

// number is the number that a pod's workloads declare for a name.
func (m *meaning) number(e *spot, name string) (uint16, bool) {
	for _, s := range m.spaces {
		for _, x := range s.work {
			if number, ok := x.ports[name]; ok && runs(x, e) && s.name == e.namespace {
				return number, true
			}
		}
	}
	return 0, false
}

func fits(conds []cond, labels map[string]string) bool {
	for _, c := range conds {
		value, has := labels[c.key]
		listed := has && slices.Contains(c.values, value)
		if !map[string]bool{"one": listed, "not": !listed, "any": has, "absent": !has}[c.op] {
			return false
		}
	}
	return true
}

// runs reports whether a pod of the right namespace is the workload's.
func runs(x *work, e *spot) bool {
	if len(x.labels) == 0 {
		return e.account == x.account
	}
	return fits(x.labels, e.labels)
}

func (m *meaning) space(name string) *space {
	for _, s := range m.spaces {
		if s.name == name && s.match == nil {
			return s
		}
	}
	return nil
}

func denies(word, direction string) bool { return word == "both" || word == direction }

// "A pod's default is the strictest among the workloads that match it and set
// one, else its namespace's, else the cluster's."
func (m *meaning) defaultOf(e *spot, direction string) bool {
	if e.kind != "pod" {
		return false
	}
	s := m.space(e.namespace)
	if s == nil || !s.managed {
		exempt := m.exempt
		if exempt == nil {
			exempt = []string{"kube-system", "istio-system"}
		}
		return denies(m.deny, direction) && !slices.Contains(exempt, e.namespace)
	}
	said, strictest := false, false
	for _, x := range s.work {
		if x.deny != "" && runs(x, e) {
			said, strictest = true, strictest || denies(x.deny, direction)
		}
	}
	if said {
		return strictest
	}
	// "A declared, managed namespace is closed both ways" and "none opens".
	return s.deny == "" || denies(s.deny, direction)
}

// "DNS stays reachable (UDP and TCP) wherever egress is denied and dns is not
// false."
func (m *meaning) keepsDNS(e *spot) bool {
	if !m.defaultOf(e, "egress") {
		return false
	}
	s := m.space(e.namespace)
	if s == nil {
		return true
	}
	said := false
	for _, x := range s.work {
		if x.dns != "" && runs(x, e) {
			if x.dns == "false" {
				return false
			}
			said = true
		}
	}
	return said || !s.noDNS
}

// members is the set of endpoints that some references mean.
func (m *meaning) members(scope *space, refs []ref) []bool {
	return among(m.ends, func(e *spot) bool {
		return slices.ContainsFunc(m.flatten(refs), func(r ref) bool { return m.member(scope, r, e) })
	})
}

func (m *meaning) member(scope *space, r ref, e *spot) bool {
	pod, node := e.kind == "pod", e.kind == "own" || e.kind == "other" || e.kind == "cache"
	in := func(s *space) bool {
		if s.match != nil {
			return pod && fits(s.match, m.labels[e.namespace])
		}
		return pod && s.name == e.namespace
	}
	switch r.kind {
	case "work":
		return in(r.work.space) && runs(r.work, e)
	case "space":
		return in(r.space)
	case "pods":
		return pod && fits(r.labels, e.labels) && (r.space == nil || in(r.space)) && fits(r.team, m.labels[e.namespace])
	case "spaces":
		return pod && fits(r.team, m.labels[e.namespace])
	case "self":
		return in(scope)
	case "others":
		return pod && !in(scope)
	case "cluster":
		return pod
	case "nodes":
		return node
	case "anywhere":
		return true
	case "world":
		return e.kind == "address"
	case "apiserver":
		return e.server
	case "dns":
		return e.kind == "cache" || e.namespace == "kube-system" && e.labels["k8s-app"] == "kube-dns"
	case "cidr":
		return e.kind == "address" && netip.MustParsePrefix(r.cidrs[0]).Contains(e.address) &&
			!slices.ContainsFunc(r.cidrs[1:], func(x string) bool { return netip.MustParsePrefix(x).Contains(e.address) })
	case "external":
		if r.name == "stripe" {
			return slices.Contains(e.names, m.stripe[0])
		}
		return e.kind == "address" && (e.address.String() == "192.0.2.10" || e.address.Is6())
	case "fqdn":
		return slices.ContainsFunc(e.names, func(name string) bool {
			return map[string]bool{"*.stripe.example": name == "api.stripe.example", "**.example": true, "api.stripe.example": name == "api.stripe.example"}[r.names[0]]
		})
	}
	panic("no such peer: " + r.kind)
}

// "In an unmanaged namespace nothing is emitted." A peer that is confined to
// no named namespace is governed by what is emitted for the cluster.
func (m *meaning) governed(scope *space, r ref) bool {
	name := ""
	switch r.kind {
	case "work":
		if name = r.work.space.name; r.work.space.match != nil {
			return true
		}
	case "space":
		if name = r.space.name; r.space.match != nil {
			return true
		}
	case "self":
		name = scope.name
	case "dns":
		name = "kube-system"
	case "pods":
		if r.space == nil {
			return true
		}
		name = r.space.name
	case "spaces", "others", "cluster", "anywhere":
		return true
	default:
		return false
	}
	s := m.space(name)
	return s != nil && s.managed
}

func (m *meaning) sets(r *rule) *sets {
	side := func(refs, except []ref) (all, governed []bool) {
		var emitted []ref
		for _, x := range m.flatten(refs) {
			if m.governed(r.scope, x) {
				emitted = append(emitted, x)
			}
		}
		out := m.members(r.scope, except)
		without := func(in []bool) []bool {
			for i := range in {
				in[i] = in[i] && !out[i]
			}
			return in
		}
		all, governed = without(m.members(r.scope, refs)), without(m.members(r.scope, emitted))
		for i, e := range m.ends {
			governed[i] = governed[i] && e.kind == "pod"
		}
		return all, governed
	}
	s := &sets{}
	s.from, s.sources = side(r.from, r.except)
	s.to, s.destinations = side(r.to, r.exceptTo)
	none := make([]bool, len(m.ends))
	if !m.some(r.scope, r.from, r.except) || !m.some(r.scope, r.to, r.exceptTo) {
		return &sets{none, none, none, none}
	}
	if r.at == "source" {
		s.destinations = none
	}
	if r.at == "destination" {
		s.sources = none
	}
	return s
}

// some reports whether exceptions leave an endpoint, whatever the labels of
// namespaces are: a rule that is empty only by what is declared of them still
// stands, and makes subjects at its other end.
func (m *meaning) some(scope *space, refs, except []ref) bool {
	declared := m.labels
	defer func() { m.labels = declared }()
	for _, team := range []map[string]string{{}, {"team": "p"}, {"team": "q"}} {
		m.labels = map[string]map[string]string{}
		for name := range declared {
			m.labels[name] = team
		}
		all, out := m.members(scope, refs), m.members(scope, except)
		for i := range all {
			if all[i] && !out[i] {
				return true
			}
		}
	}
	return false
}

// subjects is the pods that a tier's default closes: "where a rule of that tier
// has it as its subject".
func (m *meaning) subjects(x *tier, direction string) []bool {
	out := make([]bool, len(m.ends))
	if !x.closes {
		return out
	}
	for _, r := range x.rules {
		if r.staged || r.action == "log" {
			continue // neither decides nor isolates
		}
		s := m.clauses[r]
		for i := range m.ends {
			if direction == "ingress" && s.destinations[i] || direction == "egress" && s.sources[i] && m.standsAtSource(r) {
				out[i] = true
			}
		}
	}
	return out
}

// standsAtSource reports whether a rule stands in its sources' egress for some
// destination: a deny of requests stands once, where they can be read.
func (m *meaning) standsAtSource(r *rule) bool {
	s := m.clauses[r]
	return r.action == "allow" || r.http == nil || r.udp != nil || slices.ContainsFunc(indices(s.to), func(i int) bool { return !s.destinations[i] })
}

func indices(in []bool) []int {
	var out []int
	for i, is := range in {
		if is {
			out = append(out, i)
		}
	}
	return out
}

// isClosed reports whether a pod is closed by its default or a tier's.
func (m *meaning) isClosed(i int, direction string) bool {
	return m.closed[direction][i] || slices.ContainsFunc(m.tiers, func(x *tier) bool { return x.closes && m.shut[x][direction][i] })
}

// verdict is end to end.
func (m *meaning) verdict(from, to int, x wire) bool {
	if m.ends[from].kind == "pod" && !m.decide("egress", from, to, x) {
		return false
	}
	// "A node reaches its own pods, above every tier and deny."
	own := m.ends[from].kind == "own" || m.ends[from].kind == "cache"
	return m.ends[to].kind != "pod" || own || m.decide("ingress", from, to, x)
}

func (m *meaning) decide(direction string, from, to int, x wire) bool {
	subject := from
	if direction == "ingress" {
		subject = to
	}
	for _, tier := range m.inOrder {
		denied, passed, allowed := m.said(tier.rules, direction, from, to, x)
		switch {
		case denied:
			return false
		case passed:
		case allowed:
			return true
		case m.shut[tier][direction][subject]:
			return false
		}
	}
	denied, _, allowed := m.said(m.rules, direction, from, to, x)
	return !denied && (allowed || m.query(from, to, x) || !m.closed[direction][subject])
}

// said reports the actions of the rules that match.
func (m *meaning) said(rules []*rule, direction string, from, to int, x wire) (denied, passed, allowed bool) {
	for _, r := range rules {
		if m.matches(r, direction, from, to, x) {
			denied, passed, allowed = denied || r.action == "deny", passed || r.action == "pass", allowed || r.action == "allow"
		}
	}
	return denied, passed, allowed
}

// query reports whether a flow is what keeps DNS reachable, at either end.
func (m *meaning) query(from, to int, x wire) bool {
	return m.clients[from] && m.dns[to] && x.port == m.asked(to) && (x.protocol == "tcp" || x.protocol == "udp")
}

// matches reports whether a rule stands in a direction's program at this
// flow's end and matches the flow there.
func (m *meaning) matches(r *rule, direction string, from, to int, x wire) bool {
	s := m.clauses[r]
	stands := s.sources[from] && s.to[to]
	if direction == "ingress" {
		stands = s.destinations[to] && s.from[from]
	}
	if !stands || r.staged || r.action == "log" || !m.transport(r, to, x) {
		return false
	}
	if r.http != nil && x.protocol == "tcp" {
		reads := "" // it restricts nothing
		switch {
		case r.action == "deny" && s.destinations[to], r.action == "allow" && s.destinations[to] && m.isClosed(to, "ingress"):
			reads = "ingress"
		case r.action == "deny", s.sources[from] && m.isClosed(from, "egress"):
			reads = "egress"
		}
		if reads != direction {
			return r.action == "allow"
		}
		return slices.ContainsFunc(r.http, func(text string) bool { return isRequest(text, x) })
	}
	if r.dns != nil && (r.action != "allow" || direction == "egress" && m.isClosed(from, "egress")) {
		return x.query == "ok.example" || x.query == "other.example" && r.dns[0] == "*.example"
	}
	return true
}

func isRequest(text string, x wire) bool {
	method, path, _ := strings.Cut(text, " ")
	return x.method != "" && (method == "*" || method == x.method) && (path == "" || path == "/**" || path == x.path)
}

// transport reports whether the flow's protocol and port are the rule's.
func (m *meaning) transport(r *rule, to int, x wire) bool {
	tcp, udp := r.tcp, r.udp
	if tcp == nil && udp == nil && !r.icmp {
		if r.dns == nil {
			return true // "none named at all means every protocol and port"
		}
		tcp, udp = []string{"53"}, []string{"53"}
	}
	switch x.protocol {
	case "tcp":
		return slices.ContainsFunc(tcp, func(term string) bool { return m.term(r, term, to, x) })
	case "udp":
		return slices.ContainsFunc(udp, func(term string) bool { return m.term(r, term, to, x) })
	case "icmp":
		return r.icmp && x.port == 8
	}
	return false
}

func (m *meaning) term(r *rule, term string, to int, x wire) bool {
	switch term {
	case "any":
		return true
	case `"8000-8080"`:
		return x.port >= 8000 && x.port <= 8080
	case `"web"`, `"adm"`:
		return slices.ContainsFunc(m.flatten(r.to), func(d ref) bool {
			return m.member(r.scope, d, m.ends[to]) && m.called(r, d, strings.Trim(term, `"`), to, x)
		})
	}
	return term == fmt.Sprint(x.port)
}

// called reports whether a destination that a reference gives calls the port by
// this name: as its workload declares, and where none there does, or beyond
// the declared namespaces, as the pod itself says.
func (m *meaning) called(r *rule, d ref, name string, to int, x wire) bool {
	e := m.ends[to]
	if number, declared := m.number(e, name); declared {
		return x.port == number
	}
	if x.calls != name {
		return false
	}
	if d.kind == "work" || d.kind != "self" && d.kind != "space" && !(d.kind == "pods" && d.space != nil) && d.kind != "dns" || d.kind == "space" && d.space.match != nil {
		return true
	}
	for i, other := range m.ends {
		if _, declared := m.number(other, name); declared && m.clauses[r].to[i] && m.member(r.scope, d, other) {
			return false
		}
	}
	return true
}
