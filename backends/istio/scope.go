package istio

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// membership says how far pods are in the mesh.
type membership uint8

const (
	inside membership = iota
	partly
	outside
)

// membership tells by what is declared how far the pods are in the mesh. Pods
// of namespaces that nobody declared count as inside.
func (l *lowering) membership(pods ir.Pods) membership {
	parts, beyond := l.inv.Declared(pods)
	in, out := beyond, false
	for _, part := range parts {
		a, b := l.membershipIn(part)
		in, out = in || a, out || b
	}
	switch {
	case in && out:
		return partly
	case in:
		return inside
	}
	return outside
}

// membershipIn tells of pods of one namespace whether some are in the mesh and
// whether some are not. Workloads that have all of the pods say it alone.
func (l *lowering) membershipIn(part ir.NamespacePods) (in, out bool) {
	for _, w := range l.workloads[part.Namespace.Name] {
		if w.Pods.Contains(part.Pods) {
			in, out = in || w.Mesh, out || !w.Mesh
		}
	}
	if in || out {
		return in, out
	}
	rest := []ir.Pods{part.Pods}
	for _, w := range l.workloads[part.Namespace.Name] {
		if slices.ContainsFunc(rest, w.Pods.Overlaps) {
			in, out = in || w.Mesh, out || !w.Mesh
			rest = ir.SubtractAll(rest, []ir.Pods{w.Pods})
		}
	}
	if len(rest) > 0 {
		in, out = in || part.Namespace.Mesh, out || !part.Namespace.Mesh
	}
	return in, out
}

// The reasons why something is outside what a mesh governs, in printing order.
const (
	scopeEgress    = "egress"
	scopeUDP       = "UDP"
	scopeSCTP      = "SCTP"
	scopeOther     = "all but TCP in rules for every protocol"
	scopeOutside   = "pods outside the mesh"
	scopeNodes     = "nodes"
	scopeUncapture = "ports that a sidecar never sees"
)

var scopeReasons = []string{scopeEgress, scopeUDP, scopeSCTP, scopeOther, scopeOutside, scopeNodes, scopeUncapture}

// tally counts what is outside what a mesh governs: by reason, the rules and
// the defaults.
type tally map[string]map[string]bool

func (t tally) add(reason, address string) {
	if t[reason] == nil {
		t[reason] = map[string]bool{}
	}
	t[reason][address] = true
}

// scope refuses what rules ask for and no mesh has, and counts for a mesh alone
// what it does not govern.
func (l *lowering) scope() {
	if l.target.Role == lower.WithCNI {
		l.stackScope()
		return
	}
	rules, defaults := tally{}, tally{}
	governed := l.governedSubjects()
	for _, d := range l.program.All() {
		if d.Rule.Origin.Kind != ir.FromRule {
			continue
		}
		l.asks(d, governed)
		l.count(rules, d, governed)
	}
	for _, iso := range l.program.Isolated(ir.Egress) {
		defaults.add(scopeEgress, iso.Origin.Address)
	}
	for _, iso := range l.program.Isolated(ir.Ingress) {
		if l.membership(iso.Subject.Pods) == outside {
			defaults.add(scopeOutside, iso.Origin.Address)
		}
	}
	l.hosts(rules, defaults)
	l.warnScope(rules, defaults)
}

// hosts counts what is about nodes, which are in no mesh, and refuses denies.
func (l *lowering) hosts(rules, defaults tally) {
	for _, d := range l.program.Hosts.All() {
		if d.Rule.Action == ir.Deny {
			l.refuse(diag.LacksHosts, d.Rule.Origin, "nodes are in no mesh", "Render for a stack: `cni = \"cilium\"` with its switch `host_firewall`, or `cni = \"calico\"` with `host_endpoints`.")
		}
		rules.add(scopeNodes, d.Rule.Origin.Address)
	}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, s := range l.program.Hosts.Stages(d) {
			for _, iso := range s.Isolate {
				defaults.add(scopeNodes, iso.Origin.Address)
			}
		}
	}
}

// governedSubjects gives, by rule address, the pods at whose ingress the mesh
// decides the rule.
func (l *lowering) governedSubjects() map[string][]ir.Pods {
	out := map[string][]ir.Pods{}
	for _, d := range l.program.All() {
		if a := d.Rule.Origin.Address; d.Direction == ir.Ingress && d.Rule.Origin.Kind == ir.FromRule && l.governs(d.Rule) {
			out[a] = append(out[a], d.Rule.Subject.Pods)
		}
	}
	return out
}

// count notes why a rule is outside, whole or in part.
func (l *lowering) count(t tally, d ir.Directed, governed map[string][]ir.Pods) {
	r, address := d.Rule, d.Rule.Origin.Address
	if d.Direction == ir.Egress {
		if len(governed[address]) == 0 {
			t.add(scopeEgress, address)
		}
		return
	}
	if l.membership(r.Subject.Pods) == outside {
		t.add(scopeOutside, address)
		return
	}
	if r.Traffic.IsAll() {
		t.add(scopeOther, address)
		return
	}
	for p, reason := range map[ir.Protocol]string{ir.UDP: scopeUDP, ir.SCTP: scopeSCTP} {
		if _, some := r.Traffic.Only(p); some {
			t.add(reason, address)
		}
	}
	if ports := r.Traffic.Ports(ir.TCP); ports.Count() <= maxPorts && !ports.Intersect(l.target.Profile.Uncaptured()).IsEmpty() {
		t.add(scopeUncapture, address)
	}
}

// warnScope gives the one warning about all that is outside.
func (l *lowering) warnScope(rules, defaults tally) {
	allRules, allDefaults := map[string]bool{}, map[string]bool{}
	var parts []string
	for _, reason := range scopeReasons {
		n := len(rules[reason]) + len(defaults[reason])
		if n == 0 {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s (%d)", reason, n))
		for a := range rules[reason] {
			allRules[a] = true
		}
		for a := range defaults[reason] {
			allDefaults[a] = true
		}
	}
	if parts == nil {
		return
	}
	var what []string
	verb := "are"
	if len(allRules) > 0 {
		what = append(what, counted(len(allRules), "rule"))
	}
	if len(allDefaults) > 0 {
		what = append(what, counted(len(allDefaults), "default"))
	}
	if len(allRules)+len(allDefaults) == 1 {
		verb = "is"
	}
	d := l.said.Diags.Add(diag.OutOfScope, diag.Range{},
		fmt.Sprintf("%s %s outside what %s governs, whole or in part: %s.",
			strings.Join(what, " and "), verb, l.target.Profile.Engine, strings.Join(parts, ", ")),
		"A mesh decides TCP into its pods, at the destination. Give the target a `cni` beside the mesh to have the rest enforced.")
	d.Target = l.target.Name
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// asks refuses, for a mesh alone, what a rule asks for and the mesh lacks:
// that is never out of scope.
func (l *lowering) asks(d ir.Directed, governed map[string][]ir.Pods) {
	const stack = "Render for a stack: `cni = \"cilium\"` and `mesh = \"istio\"`."
	r := d.Rule
	for _, p := range r.Peers.List() {
		if _, named := p.(ir.Names); named {
			l.refuse(diag.LacksFQDN, r.Origin, "a mesh decides at the destination, and what has a DNS name is outside the mesh",
				stack+" To have the mesh enforce the name, send the traffic through an egress gateway or a waypoint: docs/egress-names.md has the manifests, and what they need to hold.")
		}
	}
	if v4, v6 := r.Traffic.ICMP(); !r.Traffic.IsAll() && (!v4.IsEmpty() || !v6.IsEmpty()) {
		l.refuse(diag.LacksICMP, r.Origin, "a mesh sees TCP only", "Render for `calico` or `cilium`, or for a stack with one of them.")
	}
	if r.Traffic.Names() != nil {
		l.refuse(diag.LacksDNS, r.Origin, "a mesh does not read DNS queries", stack)
	}
	if r.Log || r.Action == ir.Log {
		l.refuse(diag.LacksLog, r.Origin, "authorization policies have no log action", "Turn on Envoy's access log in Istio's Telemetry resource and accept the rule's log as `unenforced`, or render for `calico`.")
	}
	switch {
	case d.Direction == ir.Egress:
		l.asksEgress(r, governed[r.Origin.Address])
	case l.membership(r.Subject.Pods) == outside:
		why := "the pods of " + r.Subject.Address + " are outside the mesh"
		if restricts(r) {
			l.refuseRestriction(r, why, "Take them into the mesh, or "+strings.ToLower(stack[:1])+stack[1:])
		}
		if r.Action == ir.Deny {
			l.refuse(diag.LacksDeny, r.Origin, why, "Take them into the mesh, or render for `calico` or `cilium`.")
		}
	}
}

// asksEgress refuses restrictions that only the source could enforce.
func (l *lowering) asksEgress(r *ir.Rule, governed []ir.Pods) {
	if restricts(r) {
		l.refuseRestriction(r, "the requests would have to be restricted where they are sent, and a mesh decides at the destination",
			"Close the destination's ingress, so that the rule is enforced there, or render for a stack: `cni = \"cilium\"` and `mesh = \"istio\"`.")
	}
	if r.Action != ir.Deny {
		return
	}
	for _, p := range r.Peers.List() {
		pods, ok := p.(ir.Pods)
		if ok && len(l.minus([]ir.Pods{pods}, governed)) == 0 {
			continue // the destination denies it
		}
		l.refuse(diag.LacksDeny, r.Origin, "a mesh decides at the destination, so it cannot deny what leaves towards "+p.String(),
			"Render for a stack (`cni = \"cilium\"` and `mesh = \"istio\"`), whose CNI denies it at the source.")
	}
}

// refuseRequests refuses a rule for its requests, by the words it used.
func (l *lowering) refuseRequests(r *ir.Rule, reason, nearest string) {
	for _, q := range r.Traffic.Requests() {
		code := diag.LacksHTTP
		if q.GRPC {
			code = diag.LacksGRPC
		}
		l.refuse(code, r.Origin, reason, nearest)
	}
}

// stackScope refuses what falls between the CNI and the mesh of a stack.
func (l *lowering) stackScope() {
	for _, d := range l.program.All() {
		r := d.Rule
		if r.Origin.Kind == ir.FromRule && d.Direction == ir.Egress && l.tunnelled() {
			l.unseen(r)
		}
		if r.Origin.Kind != ir.FromRule || !restricts(r) {
			continue
		}
		if d.Direction == ir.Egress {
			for _, pods := range r.Peers.Pods() {
				if l.membership(r.Subject.Pods) != outside && l.membership(pods) != outside {
					l.refuseRestriction(r, "between pods of the mesh connections are encrypted, so the CNI cannot read the requests where they are sent",
						"Close the destination's ingress (`default_deny`), so that the mesh enforces the rule there.")
				}
			}
			continue
		}
		switch m := l.membership(r.Subject.Pods); {
		case m == partly:
			l.refuseRestriction(r, "only some pods of "+r.Subject.Address+" are in the mesh, so neither the CNI nor the mesh can read all of the requests",
				"Write one rule for the pods in the mesh and one for the others.")
		case m == inside && r.Action == ir.Deny && r.Log:
			l.refuse(diag.LacksLog, r.Origin, "the mesh has the deny, and authorization policies have no log action", "Accept the rule's log as `unenforced`.")
		}
	}
}

// unseen refuses what a CNI beneath ambient cannot keep to ports where it is
// sent, and where nobody decides here what is received.
func (l *lowering) unseen(r *ir.Rule) {
	closed, _ := l.program.Split(r.Subject.Pods, l.program.LastStage(ir.Egress))
	ports := portsOf(r.Traffic)
	if r.Action != ir.Allow || ports.IsEmpty() || ports.IsAll() || len(closed) == 0 || l.membership(r.Subject.Pods) == outside {
		return
	}
	for _, pods := range r.Peers.Pods() {
		if in, _ := lower.Membership(l.inv, pods); !in || l.decided(pods) {
			continue
		}
		l.refuse(diag.LacksPorts, r.Origin, "between pods of the mesh the CNI does not see which port is asked for, and no policy here decides what "+pods.String()+" take",
			"Close their ingress in a namespace that is managed here, or say `mesh = false` of a namespace that is not in the mesh, or accept it as `widened` with `ports`.")
	}
}

// decided reports that the mesh's policies decide, for all of the pods that may
// be in it, what they take.
func (l *lowering) decided(pods ir.Pods) bool {
	parts, beyond := l.inv.Declared(pods)
	if names, named := pods.Names(); beyond && (!named || slices.ContainsFunc(names, l.mayBeMeshed)) {
		return false
	}
	for _, part := range parts {
		in, _ := lower.Membership(l.inv, part.Pods)
		_, open := l.program.Split(part.Pods, l.program.LastStage(ir.Ingress))
		if in && (!part.Namespace.Managed || len(open) > 0) {
			return false
		}
	}
	return true
}

// mayBeMeshed reports that nobody says of a namespace whether it is in the mesh.
func (l *lowering) mayBeMeshed(namespace string) bool {
	_, declared := l.inv.Namespace(namespace)
	return !declared && !slices.Contains(l.inv.Facts.Unmeshed, namespace)
}

// minus takes pods out of pods, with what is declared of namespaces put to use.
func (l *lowering) minus(from, out []ir.Pods) []ir.Pods {
	var rest []ir.Pods
	for _, p := range ir.SubtractAll(from, out) {
		rest = append(rest, l.inv.Narrow(p)...)
	}
	return rest
}
