package intent

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// Random configurations, in terms of the language page and of no type of the
// package, and their text.

// sketch is a configuration.
type sketch struct {
	deny      string   // the cluster's default_deny; "" where not set
	exempt    []string // nil where not set
	dnsPort   uint16
	nodeLocal bool
	server    bool // the API server's address is a fact
	spaces    []*space
	stripe    []string // DNS names of an external
	group     []ref
	tiers     []*tier
	rules     []*rule // outside tiers
}

type space struct {
	name    string
	match   []cond // in place of a name
	team    string // its label; "" where it has none
	managed bool
	deny    string
	noDNS   bool
	work    []*work
}

type work struct {
	space   *space
	name    string
	labels  []cond // empty where the account selects
	account string
	ports   map[string]uint16
	deny    string
	dns     string // "true", "false" or ""
}

// cond is a condition on one label.
type cond struct {
	key, op string // one, any, absent, not
	values  []string
}

// ref is a peer as a rule refers to it.
type ref struct {
	kind   string // a built-in's name, work, space, external, group, pods, spaces, cidr, fqdn
	space  *space // of pods in a namespace, and of self and others the rule's
	work   *work
	name   string // of an external
	labels []cond
	team   []cond // of pods(…) with two arguments and of namespaces(…); nil for any
	cidrs  []string
	names  []string
}

type tier struct {
	name   string
	order  int
	closes bool
	rules  []*rule
}

type rule struct {
	name               string
	action             string
	scope              *space // nil at top level and in tiers
	tier               *tier
	from, to           []ref
	except, exceptTo   []ref
	tcp, udp           []string // "any", a number, a range, or a port's name
	icmp               bool
	http, dns          []string
	at                 string
	staged, log, short bool
}

// usual draws a choice of which the first is the most usual, and the simplest.
func usual[T any](t *rapid.T, what string, choices ...T) T {
	return choices[max(0, rapid.IntRange(-len(choices)/2, len(choices)-1).Draw(t, what))]
}

func chance(t *rapid.T, what string, oneIn int) bool {
	return rapid.IntRange(0, oneIn-1).Draw(t, what) == oneIn-1
}

func drawConds(t *rapid.T, what string, keys map[string][]string) []cond {
	var out []cond
	for _, key := range sortedKeys(keys) {
		if len(out) > 0 && !chance(t, what+" "+key, 3) || len(out) == 0 && key != sortedKeys(keys)[len(keys)-1] && chance(t, what+" no "+key, 3) {
			continue
		}
		values := keys[key]
		c := cond{key: key, op: usual(t, what, "one", "one", "not", "any", "absent")}
		if c.op == "one" || c.op == "not" {
			c.values = rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, len(values)-1, rapid.ID).Draw(t, what+" values")
			slices.Sort(c.values)
		}
		out = append(out, c)
	}
	return out
}

var podKeys = map[string][]string{"app": {"a", "b", "c"}, "tier": {"x", "y"}}
var teamKeys = map[string][]string{"team": {"p", "q"}}

func drawSketch(t *rapid.T) *sketch {
	w := &sketch{dnsPort: 53}
	w.deny = usual(t, "cluster", "", "both", "egress", "ingress")
	if w.deny != "" && chance(t, "exempt", 3) {
		w.exempt = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"kube-system", "legacy", "stray", "shop"}), 1, 2, rapid.ID).Draw(t, "exempt")
	}
	w.nodeLocal, w.server = chance(t, "node local", 4), chance(t, "server", 2)
	if chance(t, "dns port", 5) {
		w.dnsPort = 8080
	}
	w.stripe = []string{"api.stripe.example"}
	for _, name := range []string{"shop", "site", "legacy", "kube-system", "teams"} {
		if name != "shop" && rapid.IntRange(0, 2).Draw(t, name) == 0 {
			continue
		}
		s := &space{name: name, managed: name == "shop" || name == "site"}
		switch name {
		case "kube-system":
			// It has to say that it is closed; with managed, what emits into it.
			s.managed = chance(t, "managed", 2)
			if s.managed {
				s.deny = usual(t, "system's default", "none", "ingress", "both", "egress")
			}
		case "teams":
			s.match = []cond{{"team", "one", []string{usual(t, "match", "p", "q")}}}
		default:
			s.team = usual(t, "team", "p", "", "q")
			s.noDNS = chance(t, "no dns", 5)
			if s.managed {
				s.deny = usual(t, "default", "", "none", "ingress", "egress", "both")
			}
		}
		for _, name := range []string{"one", "two", "three"}[:rapid.IntRange(0, 3).Draw(t, "workloads")] {
			s.work = append(s.work, drawWork(t, s, name))
		}
		w.spaces = append(w.spaces, s)
	}
	w.group = w.drawRefs(t, nil, "from", "friends", false)
	for i, name := range []string{"first", "second"}[:usual(t, "tiers", 0, 1, 2)] {
		// The order of the text is never that of deciding.
		x := &tier{name: name, order: usual(t, "order", 100, 300)*2 + i, closes: chance(t, "closes", 3)}
		for n := range rapid.IntRange(0, 3).Draw(t, "rules") {
			r := w.drawRule(t, nil, x, fmt.Sprintf("t%d", n))
			x.rules = append(x.rules, r)
			if x.closes && r.at != "destination" {
				// A tier that closes has to leave DNS.
				port := []string{fmt.Sprint(w.dnsPort)}
				x.rules = append(x.rules, &rule{name: r.name + "-dns", action: usual(t, "leave dns", "pass", "allow"), tier: x,
					from: r.from, except: r.except, to: []ref{{kind: "dns"}}, tcp: port, udp: port, at: r.at})
			}
		}
		w.tiers = append(w.tiers, x)
	}
	for n := range rapid.IntRange(0, 6).Draw(t, "rules") {
		var scope *space
		if s := w.spaces[rapid.IntRange(0, len(w.spaces)-1).Draw(t, "scope")]; s.match == nil {
			scope = s
		}
		w.rules = append(w.rules, w.drawRule(t, scope, nil, fmt.Sprintf("r%d", n)))
	}
	return w
}

func drawWork(t *rapid.T, s *space, name string) *work {
	w := &work{space: s, name: name}
	if chance(t, "by account", 5) {
		w.account = usual(t, "account", "s", "t")
	} else {
		w.labels = drawConds(t, "labels", podKeys)
	}
	if s.match == nil && s.name != "kube-system" {
		w.ports = map[string]uint16{}
		// Overlapping workloads have to agree, so most do.
		if chance(t, "web", 2) {
			w.ports["web"] = usual[uint16](t, "web", 80, 80, 80, 80, 8080)
		}
		if chance(t, "adm", 4) {
			w.ports["adm"] = 8080
		}
		if s.managed {
			w.dns = usual(t, "dns", "", "", "", "false", "true")
			w.deny = usual(t, "default", "", "", "", "none", "both", "ingress", "egress")
		}
	}
	return w
}

func (s *space) declaresPorts() bool {
	return slices.ContainsFunc(s.work, func(x *work) bool { return len(x.ports) > 0 })
}

var actions3 = []string{"allow", "deny", "pass", "log"}

func (w *sketch) drawRule(t *rapid.T, scope *space, x *tier, name string) *rule {
	r := &rule{name: name, scope: scope, tier: x, action: usual(t, "action", "allow", "deny")}
	if x != nil {
		r.action = usual(t, "action", actions3...)
	}
	r.from = w.drawRefs(t, scope, "from", "from", false)
	r.at = usual(t, "at", "", "", "source", "destination", "both")
	r.staged, r.log = chance(t, "staged", 10), chance(t, "log", 10)
	if chance(t, "dns rule", 8) && w.dnsPort == dnsPort {
		r.to = []ref{{kind: "dns"}}
		r.dns = [][]string{{"ok.example"}, {"*.example"}}[rapid.IntRange(0, 1).Draw(t, "names")]
		if chance(t, "ports", 2) {
			r.udp = []string{"53"}
		}
	} else {
		// Whether a tier closes pods that a name of a port leaves out of a
		// rule's destinations, the page does not say.
		named := chance(t, "named", 3) && (x == nil || !x.closes)
		r.to = w.drawRefs(t, scope, "to", "to", named)
		r.drawTraffic(t, named)
	}
	if chance(t, "except", 4) {
		r.except = w.drawExcept(t, scope, r.from)
	}
	if names := slices.ContainsFunc(r.tcp, func(port string) bool { return strings.HasPrefix(port, `"`) && port != `"8000-8080"` }); chance(t, "except to", 4) && r.dns == nil && !names {
		r.exceptTo = w.drawExcept(t, scope, r.to)
	}
	r.short = chance(t, "short", 2)
	return r
}

func (r *rule) drawTraffic(t *rapid.T, named bool) {
	ports := []string{"80", "8080", "53", `"8000-8080"`, "any"}
	if named {
		r.tcp = []string{usual(t, "name", `"web"`, `"adm"`)}
		if chance(t, "another", 3) {
			r.tcp = append(r.tcp, usual(t, "port", ports[:4]...))
		}
	} else {
		switch usual(t, "traffic", "tcp", "all", "udp", "both", "icmp") {
		case "tcp":
			r.tcp = []string{usual(t, "port", ports...)}
		case "udp":
			r.udp = []string{usual(t, "port", ports...)}
		case "both":
			r.tcp, r.udp = []string{usual(t, "port", ports...)}, []string{usual(t, "port", ports...)}
		case "icmp":
			r.icmp = true
		}
	}
	// Which rule a pass of requests is at the end that cannot read them, the
	// page does not say.
	if r.tcp != nil && r.action != "pass" && chance(t, "http", 2) {
		r.http = [][]string{{"GET"}, {"GET /a"}, {"* /b", "POST /a"}, {"GET /**"}}[rapid.IntRange(0, 3).Draw(t, "requests")]
	}
}

func (w *sketch) drawRefs(t *rapid.T, scope *space, end, what string, pods bool) []ref {
	var out []ref
	for range usual(t, what, 1, 1, 2) {
		out = append(out, w.drawRef(t, scope, end, what, pods))
	}
	return out
}

func (w *sketch) drawRef(t *rapid.T, scope *space, end, what string, pods bool) ref {
	kinds := []string{"work", "space", "pods", "spaces", "cluster", "dns"}
	if scope != nil {
		kinds = append(kinds, "self", "others")
	}
	if what != "friends" {
		kinds = append(kinds, "anywhere")
	}
	if end == "to" && pods && slices.ContainsFunc(w.spaces, func(s *space) bool { return !s.managed && s.match == nil && s.declaresPorts() }) {
		// Of pods everywhere, a workload with a number of its own in a namespace
		// that is not managed would be emitted in it, and so is not.
		kinds = []string{"work", "space"}
	}
	if end == "to" && pods {
		// Which number a name has for pods that a peer has only some of a
		// workload's, the page does not say.
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "pods" })
	}
	if !pods {
		kinds = append(kinds, "world", "external", "cidr", "nodes", "apiserver")
		if what != "friends" {
			kinds = append(kinds, "group")
		}
		if end == "to" {
			kinds = append(kinds, "fqdn", "stripe")
		}
	}
	r := ref{kind: usual(t, what, append([]string{"work", "work", "work"}, kinds...)...), space: scope}
	switch r.kind {
	case "work":
		var all []*work
		for _, s := range w.spaces {
			if s.match == nil || end != "to" || !pods {
				all = append(all, s.work...)
			}
		}
		if len(all) == 0 {
			return ref{kind: "space", space: w.spaces[0]}
		}
		r.work = all[rapid.IntRange(0, len(all)-1).Draw(t, "workload")]
	case "space":
		r.space = w.spaces[rapid.IntRange(0, len(w.spaces)-1).Draw(t, "namespace")]
		if r.space.match != nil && end == "to" && pods {
			r.space = w.spaces[0]
		}
	case "pods":
		r.labels = drawConds(t, "pods", podKeys)
		if scope == nil || chance(t, "elsewhere", 2) {
			r.space = nil
			if !chance(t, "any", 3) {
				r.team = drawConds(t, "team", teamKeys)
			}
		}
	case "spaces":
		r.team = drawConds(t, "team", teamKeys)
	case "external":
		r.name = "partner"
	case "stripe":
		r.kind, r.name = "external", "stripe"
	case "cidr":
		r.cidrs = [][]string{{"192.0.2.0/24", "192.0.2.128/25"}, {"198.51.100.0/24"}, {"0.0.0.0/0"}, {"2001:db8::/32"}}[rapid.IntRange(0, 3).Draw(t, "cidr")]
	case "fqdn":
		r.names = [][]string{{"*.stripe.example"}, {"**.example"}, {"api.stripe.example"}}[rapid.IntRange(0, 2).Draw(t, "fqdn")]
	case "dns":
		if pods && w.nodeLocal {
			return ref{kind: "cluster"} // a cache is no pod, and has no names of ports
		}
	}
	return r
}

// drawExcept draws exceptions that the intermediate representation can take
// out: of names only names, of the API server and the node-local cache only
// themselves.
func (w *sketch) drawExcept(t *rapid.T, scope *space, of []ref) []ref {
	var out []ref
	for _, x := range w.drawRefs(t, scope, "from", "except", true) {
		if x.kind != "anywhere" {
			out = append(out, x)
		}
	}
	if chance(t, "outside", 3) {
		out = append(out, ref{kind: "cidr", cidrs: []string{"192.0.2.0/25"}})
	}
	if w.nodeLocal {
		out = slices.DeleteFunc(out, func(r ref) bool { return r.kind == "dns" })
	}
	for _, r := range w.flatten(of) {
		if m := (&meaning{sketch: w}); m.governed(scope, r) {
			// Of pods everywhere, what an exception leaves of a namespace that is
			// not managed would be emitted in it, and so is not.
			out = slices.DeleteFunc(out, func(x ref) bool {
				return slices.Contains([]string{"work", "pods", "dns"}, x.kind) && !m.governed(scope, x) || x.kind == "others" && !scope.managed
			})
		}
		if r.kind == "fqdn" || r.kind == "external" && r.name == "stripe" || r.kind == "apiserver" {
			out = slices.DeleteFunc(out, func(r ref) bool { return r.kind == "cidr" })
		}
	}
	return out
}

func (w *sketch) flatten(refs []ref) []ref {
	var out []ref
	for _, r := range refs {
		if r.kind == "group" {
			out = append(out, w.group...)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// text writes the configuration.
func (w *sketch) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	word := func(name, value string) {
		if value != "" {
			line("    %s = %q", name, value)
		}
	}
	line("cluster {")
	word("default_deny", w.deny)
	if w.exempt != nil {
		line("    exempt = [%s]", quotes(w.exempt))
	}
	if w.server {
		line("    api_server = [\"203.0.113.1\"]")
	}
	if w.nodeLocal || w.dnsPort != 53 {
		line("  dns {\n    port = %d", w.dnsPort)
		if w.nodeLocal {
			line("    node_local = [\"169.254.20.10\"]")
		}
		line("  }")
	}
	line("}")
	for _, s := range w.spaces {
		line("namespace %q {", s.name)
		if s.match != nil {
			line("    match = %s", condsText(s.match))
		} else if !s.managed {
			line("    managed = false")
		}
		if s.team != "" {
			line("    labels = { team = %q }", s.team)
		}
		word("default_deny", s.deny)
		if s.noDNS {
			line("    dns = false")
		}
		for _, x := range s.work {
			line("  workload %q {", x.name)
			if len(x.labels) > 0 {
				line("    labels = %s", condsText(x.labels))
			}
			word("service_account", x.account)
			if len(x.ports) > 0 {
				line("    ports = {")
				for _, name := range sortedKeys(x.ports) {
					line("      %s = %d", name, x.ports[name])
				}
				line("    }")
			}
			word("default_deny", x.deny)
			if x.dns != "" {
				line("    dns = %s", x.dns)
			}
			line("  }")
		}
		for _, r := range w.rules {
			if r.scope == s {
				b.WriteString(r.text())
			}
		}
		line("}")
	}
	line("external \"partner\" {\n    cidrs = [\"192.0.2.0/24\", \"2001:db8::/32\"]\n    except = [\"192.0.2.128/25\"]\n}")
	line("external \"stripe\" {\n    fqdns = [%s]\n}", quotes(w.stripe))
	line("group \"friends\" {\n    members = %s\n}", refsText(nil, w.group))
	for _, r := range w.rules {
		if r.scope == nil {
			b.WriteString(r.text())
		}
	}
	for _, x := range w.tiers {
		line("tier %q {\n    order = %d", x.name, x.order)
		if x.closes {
			word("default", "deny")
		}
		for _, r := range x.rules {
			b.WriteString(r.text())
		}
		line("}")
	}
	return b.String()
}

func quotes(list []string) string { return `"` + strings.Join(list, `", "`) + `"` }

func condsText(conds []cond) string {
	var parts []string
	for _, c := range conds {
		value := c.op
		switch {
		case c.op == "not":
			value = "not(" + quotes(c.values) + ")"
		case c.op == "one" && len(c.values) == 1:
			value = quotes(c.values)
		case c.op == "one":
			value = "[" + quotes(c.values) + "]"
		}
		parts = append(parts, c.key+" = "+value)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func (r ref) text(scope *space) string {
	switch r.kind {
	case "work":
		if r.work.space == scope {
			return r.work.name
		}
		return r.work.space.name + "." + r.work.name
	case "space":
		return r.space.name
	case "external":
		return r.name
	case "group":
		return "friends"
	case "pods":
		switch {
		case r.space != nil:
			return "pods(" + condsText(r.labels) + ")"
		case r.team == nil:
			return "pods(" + condsText(r.labels) + ", any)"
		}
		return "pods(" + condsText(r.labels) + ", " + condsText(r.team) + ")"
	case "spaces":
		return "namespaces(" + condsText(r.team) + ")"
	case "cidr":
		return "cidr(" + quotes(r.cidrs) + ")"
	case "fqdn":
		return "fqdn(" + quotes(r.names) + ")"
	}
	return r.kind
}

func refsText(scope *space, refs []ref) string {
	var parts []string
	for _, r := range refs {
		parts = append(parts, r.text(scope))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (r *rule) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "    "+format+"\n", args...) }
	from, to := refsText(r.scope, r.from), refsText(r.scope, r.to)
	if r.short && len(r.from) == 1 && len(r.to) == 1 && !strings.ContainsAny(from+to, "(") {
		fmt.Fprintf(&b, "  %s %q to %q {\n", r.action, from[1:len(from)-1], to[1:len(to)-1])
		line("name = %q", r.name)
	} else {
		fmt.Fprintf(&b, "  %s %q {\n", r.action, r.name)
		line("from = %s", from)
		line("to = %s", to)
	}
	if len(r.except) > 0 {
		line("except = %s", refsText(r.scope, r.except))
	}
	if len(r.exceptTo) > 0 {
		line("except_to = %s", refsText(r.scope, r.exceptTo))
	}
	for _, x := range []struct {
		name  string
		ports []string
	}{{"tcp", r.tcp}, {"udp", r.udp}} {
		if x.ports != nil {
			line("%s = [%s]", x.name, strings.Join(x.ports, ", "))
		}
	}
	if r.icmp {
		line("icmp = [8]")
	}
	if r.http != nil {
		line("http = [%s]", quotes(r.http))
	}
	if r.dns != nil {
		line("dns = [%s]", quotes(r.dns))
	}
	if r.at != "" {
		line("at = %q", r.at)
	}
	if r.staged {
		line(`mode = "staged"`)
	}
	if r.log {
		line("log = true")
	}
	return b.String() + "  }\n"
}
