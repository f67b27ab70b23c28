package lower

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Foreign refuses the rules and defaults of which a part can only be lifted:
// manifests say things that the intent language has no words for, and no
// backend renders them. Each is one diagnostic.
func (t Target) Foreign(p *ir.Program) diag.List {
	var diags diag.List
	said := Report{Target: t}
	own := Share(p, t.Role)
	all := append(own.All(), own.Hosts.All()...)
	// What somebody wrote is refused before what it brings along.
	slices.SortStableFunc(all, func(a, b ir.Directed) int { return cmp.Compare(a.Rule.Origin.Kind, b.Rule.Origin.Kind) })
	for _, d := range all {
		for _, c := range d.Rule.If {
			if no, is := t.unsaid(c); is && (t.Role != WithCNI || enforcedByMesh(p, d)) && !(t.Profile.Engine == profile.IstioAmbient && readAtWaypoint(&p.Inventory, d, c)) {
				said.Refuse(no.code, d.Rule.Origin, no.reason, no.nearest)
			}
		}
		if name := infrastructure(d.Rule); name != "" && t.Profile.Engine != profile.Cilium {
			said.Refuse(diag.CannotSay, d.Rule.Origin, fmt.Sprintf("only Cilium has endpoints of its own, of which the rule names %q", name),
				"If that is the way in, say what it is on this target: `ingress { workload = \"ingress-nginx.controller\" }`.")
		}
		if what := t.foreignRule(d.Rule); what != "" {
			t.Refuse(&diags, diag.CannotSay, d.Rule.Origin, "it restricts "+what, "Portolan reads this and does not render it. Say it another way, or keep the manifest.")
		}
	}
	for _, dir := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, s := range p.Stages(dir) {
			for _, iso := range s.Isolate {
				if what := foreignPods(iso.Subject.Pods); what != "" || len(iso.If) > 0 {
					t.Refuse(&diags, diag.CannotSay, iso.Origin, "it closes pods by "+what, "Portolan reads this and does not render it. Say it another way, or keep the manifest.")
				}
			}
		}
	}
	return append(said.Diags, diags...)
}

// infrastructure gives the name of the first of Cilium's own endpoints that the
// rule names; "" for none.
func infrastructure(r *ir.Rule) string {
	for _, p := range r.Peers.List() {
		if i, is := p.(ir.Infrastructure); is && i.Name != "" {
			return i.Name
		}
	}
	return ""
}

// foreignRule names the first part of a rule that is foreign; "" for none.
func (t Target) foreignRule(r *ir.Rule) string {
	switch traffic := r.Traffic; {
	case r.Auth != ir.AnyAuth && !(r.Auth == ir.MutualTLS && t.Profile.IsMesh()):
		return "how the peer proves itself"
	case slices.ContainsFunc(r.If, t.foreignCondition):
		return "flows by " + r.If[slices.IndexFunc(r.If, t.foreignCondition)].String()
	case !traffic.Numbers().IsEmpty() && !traffic.IsAll() && t.Profile.Engine != profile.Calico:
		return "protocols by number"
	case !traffic.SourcePorts().IsAll():
		return "source ports"
	case traffic.IsUnread():
		return "what carries no request"
	}
	if what := foreignPods(r.Subject.Pods); what != "" {
		return what
	}
	peers := r.Peers
	if t.Profile.CIDRs() != profile.CIDRsOutside {
		_, peers, _ = Located(r.Peers)
	}
	for _, p := range peers.List() {
		switch p := p.(type) {
		case ir.Pods:
			if what := foreignPods(p); what != "" {
				return what
			}
		case ir.Nodes:
			if !p.Except.IsEmpty() {
				return "nodes by address"
			}
		case ir.Names:
			if patterned(p.Patterns) {
				return "names by expression"
			}
		case ir.RemotePods:
			if what := foreignPods(p.Pods); what != "" {
				return what
			}
			if isPattern(p.Clusters) {
				return "clusters by a pattern"
			}
		case ir.AnyPeer, ir.External, ir.NodeLocal, ir.APIServer, ir.Infrastructure:
		}
	}
	for _, q := range r.Traffic.Requests() {
		if t.foreignPattern(q.Path, len(q.Paths) == 1 && q.Paths[0].Kind() == ir.PathAny) || t.foreignPattern(q.Host, len(q.Hosts) == 0) || patterned(q.Hosts) || isPattern(q.Method) || patternedSelector(q.Headers) {
			return "requests by a pattern of another format"
		}
	}
	if patterned(r.Traffic.Names()) {
		return "queries by expression"
	}
	return ""
}

// foreignPattern reports a pattern of requests that is not sayable: Cilium takes
// expressions, where nothing else (alone) is asked of the same text.
func (t Target) foreignPattern(p *ir.Pattern, alone bool) bool {
	if p == nil {
		return false
	}
	_, expression := Expression(p)
	return !expression || !alone || t.Profile.Engine != profile.Cilium
}

func patterned(names []ir.Name) bool {
	for _, n := range names {
		if _, ok := n.Regexp(); ok {
			return true
		}
	}
	return false
}

func foreignPods(p ir.Pods) string {
	switch {
	case !p.Except.IsEmpty():
		return "pods by address"
	case patternedSelector(p.Labels), patternedSelector(p.Namespace), isPattern(p.Account):
		return "pods by a pattern of labels"
	}
	return ""
}

func patternedSelector(s ir.Selector) bool {
	for _, r := range s.Requirements() {
		if isPattern(r.Constraint) {
			return true
		}
	}
	return false
}

func isPattern(c ir.Constraint) bool {
	form, _ := c.Form()
	return form == ir.FormMatches || form == ir.FormAbsentOrMatches
}
