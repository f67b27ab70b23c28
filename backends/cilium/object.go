package cilium

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// The kinds of object.
const (
	apiVersion    = "cilium.io/v2"
	namespaced    = "CiliumNetworkPolicy"
	clusterScoped = "CiliumClusterwideNetworkPolicy"
)

// Policy is an object of either kind. The rules are upstream's own type; the
// objects around them are not, since their package brings the whole agent.
// Spec is set where there is one rule, Specs where there are several.
type Policy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              *api.Rule `json:"spec,omitempty"`
	Specs             api.Rules `json:"specs,omitempty"`
}

// objects gives the objects that protect a bundle's subject: none where nothing
// has to be emitted or something was refused, one, or more where one would be too
// large.
func (l *lowering) objects(b lower.Bundle) []manifest.Object {
	kind := namespaced
	namespace, single := b.Subject.Pods.SingleNamespace()
	if !single {
		kind = clusterScoped
	}
	l.sizes = sizes{}
	rules := l.rules(&b, namespace)
	if l.entries > policyMap {
		l.warnSize(b.Subject)
	}
	parts, ok := divide(rules, l.bulk)
	if !ok {
		l.refuse(b.Origins[0], &refusal{diag.OverBound, fmt.Sprintf("one of the rules for %s takes over %d bytes, which no object holds", b.Subject.Address, maxObject), "Write it as several rules."})
	}
	var out []manifest.Object
	name, escaped := lower.Name(b.Subject)
	annotations := lower.Annotations(b.Subject, b.Origins)
	delete(annotations, lower.DescriptionAnnotation) // each rule has its own
	for _, part := range parts {
		policy := &Policy{
			TypeMeta: metav1.TypeMeta{APIVersion: apiVersion, Kind: kind},
			ObjectMeta: metav1.ObjectMeta{
				Name: name + part.suffix, Namespace: namespace, Labels: lower.Labels(), Annotations: annotations,
			},
		}
		if len(part.rules) == 1 {
			policy.Spec = part.rules[0]
		} else {
			policy.Specs = part.rules
		}
		o := manifest.Object{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: policy.Name, Value: policy}
		if escaped {
			o.Comments = append(o.Comments, "The name stands for "+b.Subject.Address+".")
		}
		if part.suffix != "" {
			o.Comments = append(o.Comments, "One of several objects for "+b.Subject.Address+", which one could not hold.")
		}
		out = append(out, o)
	}
	return out
}

// entry is what becomes one rule of an object: what one rule of the intent, or
// one default, says of the object's subject or of a part of it.
type entry struct {
	kind            ir.Kind
	address         string
	purpose         string // of a companion
	description     string
	subject         ir.Subject
	proxied         bool // DNS is to pass Cilium's proxy
	closes          ir.Directions
	egress, ingress []ir.Rule
}

// rules gives an object's rules: the default first, then what keeps DNS and a
// mesh's control plane reachable, then the intent's rules by address.
func (l *lowering) rules(b *lower.Bundle, namespace string) api.Rules {
	var out api.Rules
	for _, e := range l.entriesOf(b) {
		subjects, ref := l.subjects(e.subject, namespace)
		if ref != nil {
			l.refuse(e.origin(b), ref)
			continue
		}
		for _, s := range subjects {
			rule := &api.Rule{EndpointSelector: s, Description: e.text()}
			if e.subject.Kind == ir.SubjectNodes {
				rule.EndpointSelector, rule.NodeSelector = api.EndpointSelector{}, s
			}
			closeRule(rule, e.closes)
			ok := l.fill(rule, e.egress, ir.Egress, e.proxied)
			ok = l.fill(rule, e.ingress, ir.Ingress, e.proxied) && ok
			if ok && !isEmpty(rule) {
				out = append(out, rule)
			}
		}
	}
	return out
}

func (l *lowering) subjects(s ir.Subject, namespace string) ([]api.EndpointSelector, *refusal) {
	if s.Kind == ir.SubjectNodes {
		return nodeSelectors(s.Nodes)
	}
	return subjectSelectors(s.Pods, namespace)
}

func (e *entry) origin(b *lower.Bundle) ir.Origin {
	for _, r := range slices.Concat(e.egress, e.ingress) {
		return r.Origin
	}
	i := slices.IndexFunc(b.Origins, func(o ir.Origin) bool { return o.Kind == ir.FromDefault })
	return b.Origins[i]
}

// text is the rule's description: the intent's address, then what it says.
func (e *entry) text() string {
	switch {
	case e.kind == ir.FromDefault:
		return e.address + ": default deny"
	case e.kind == ir.FromCompanion && e.proxied:
		return e.address + ": DNS, through Cilium's proxy, which learns the addresses of names there"
	case e.kind == ir.FromCompanion:
		return e.address + ": " + e.purpose
	case e.description != "":
		return e.address + ": " + e.description
	}
	return e.address
}

// entriesOf groups what a bundle says.
func (l *lowering) entriesOf(b *lower.Bundle) []*entry {
	var out []*entry
	if b.Isolate != ir.NoDirection {
		out = append(out, &entry{kind: ir.FromDefault, address: defaults(b.Origins), subject: b.Subject, closes: b.Isolate})
	}
	var learn []ir.Rule
	if b.Subject.Kind != ir.SubjectNodes {
		learn = l.learning(b)
	}
	at := map[string]*entry{}
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		for _, r := range b.Rules(d) {
			key := r.Origin.Kind.String() + " " + r.Origin.Purpose + " " + r.Origin.Address
			if at[key] == nil {
				at[key] = &entry{kind: r.Origin.Kind, address: r.Origin.Address, purpose: r.Origin.Purpose, description: r.Origin.Description, subject: b.Subject}
				out = append(out, at[key])
			}
			if e := at[key]; d == ir.Egress {
				e.egress = append(e.egress, r)
				learn = e.learn(r, learn)
			} else {
				e.ingress = append(e.ingress, r)
			}
		}
	}
	for _, r := range learn {
		out = append(out, &entry{kind: ir.FromCompanion, address: r.Origin.Address, purpose: r.Origin.Purpose, subject: r.Subject, proxied: true, egress: []ir.Rule{r}})
	}
	slices.SortStableFunc(out, func(x, y *entry) int {
		if c := cmp.Or(cmp.Compare(rank(x.kind), rank(y.kind)), strings.Compare(x.address, y.address)); c != 0 {
			return c
		}
		return strings.Compare(x.subject.Pods.String(), y.subject.Pods.String())
	})
	for _, e := range out {
		sortRules(e.egress)
		sortRules(e.ingress)
	}
	return out
}

// learn lets a companion that already is what would be added to learn names
// from DNS do that itself, and gives what is left to add.
func (e *entry) learn(r ir.Rule, learn []ir.Rule) []ir.Rule {
	if e.kind != ir.FromCompanion {
		return learn
	}
	return slices.DeleteFunc(learn, func(want ir.Rule) bool {
		same := want.Subject.Pods.Equal(e.subject.Pods) && want.Peers.Equal(r.Peers) && want.Traffic.String() == r.Traffic.String()
		e.proxied = e.proxied || same
		return same
	})
}

func rank(k ir.Kind) int {
	return slices.Index([]ir.Kind{ir.FromDefault, ir.FromCompanion, ir.FromRule}, k)
}

func sortRules(rules []ir.Rule) {
	slices.SortStableFunc(rules, func(a, b ir.Rule) int {
		if c := strings.Compare(a.Peers.String(), b.Peers.String()); c != 0 {
			return c
		}
		return cmp.Or(strings.Compare(a.Traffic.String(), b.Traffic.String()),
			slices.CompareFunc(a.If, b.If, func(x, y ir.Condition) int { return strings.Compare(x.String(), y.String()) }))
	})
}

// defaults names what states a bundle's defaults.
func defaults(origins []ir.Origin) string {
	var out []string
	for _, o := range origins {
		if o.Kind == ir.FromDefault {
			out = append(out, o.Address)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// closeRule makes a rule close its subject: an item that is for nobody, which is
// what an empty one is in a Cilium policy (pkg/policy/utils/parserules.go). An
// empty list would be refused, and enableDefaultDeny alone would do nothing.
func closeRule(rule *api.Rule, d ir.Directions) {
	if d.Has(ir.Ingress) {
		rule.Ingress = []api.IngressRule{{}}
	}
	if d.Has(ir.Egress) {
		rule.Egress = []api.EgressRule{{}}
	}
}

// fill adds the items of an entry's rules of one direction; false where one
// was refused.
func (l *lowering) fill(rule *api.Rule, rules []ir.Rule, d ir.Direction, proxied bool) bool {
	ok := true
	for len(rules) > 0 {
		n, servers := serversOf(rules)
		r := &rules[0]
		rules = rules[n:]
		peers, ref := l.peers(r, d)
		if ref != nil {
			l.refuse(r.Origin, ref)
			ok = false
		}
		traffic, ref := l.traffic(r, d, proxied, servers)
		if ref != nil {
			l.refuse(r.Origin, ref)
			ok = false
		}
		if !ok {
			continue
		}
		for _, p := range peers {
			for _, t := range traffic {
				l.count(r, p, t)
				l.note(r, d, p, t)
				add(rule, r.Action, d, p, t)
			}
		}
	}
	return ok
}

// add adds one item.
func add(rule *api.Rule, action ir.Action, d ir.Direction, p layer3, t layer4) {
	check(p, t)
	no := false
	from := api.IngressCommonRule{FromEndpoints: p.endpoints, FromEntities: p.entities, FromCIDRSet: p.cidrs, FromNodes: p.nodes}
	to := api.EgressCommonRule{ToEndpoints: p.endpoints, ToEntities: p.entities, ToCIDRSet: p.cidrs, ToNodes: p.nodes}
	switch {
	case action == ir.Allow && d == ir.Ingress:
		rule.Ingress = append(rule.Ingress, api.IngressRule{IngressCommonRule: from, ToPorts: t.ports, ICMPs: t.icmps})
	case action == ir.Allow:
		rule.Egress = append(rule.Egress, api.EgressRule{EgressCommonRule: to, ToFQDNs: p.names, ToPorts: t.ports, ICMPs: t.icmps})
	case action == ir.Deny && d == ir.Ingress:
		rule.IngressDeny = append(rule.IngressDeny, api.IngressDenyRule{IngressCommonRule: from, ToPorts: denied(t.ports), ICMPs: t.icmps})
		rule.EnableDefaultDeny.Ingress = &no
	case action == ir.Deny:
		rule.EgressDeny = append(rule.EgressDeny, api.EgressDenyRule{EgressCommonRule: to, ToPorts: denied(t.ports), ICMPs: t.icmps})
		rule.EnableDefaultDeny.Egress = &no
	default:
		panic("cilium: a rule that neither allows nor denies")
	}
}

// check holds that an item is for somebody and something that is named, so that
// what was emptied by a mistake here never becomes everybody or everything.
func check(p layer3, t layer4) {
	kinds := 0
	for _, n := range []int{len(p.endpoints), len(p.nodes), len(p.entities), len(p.cidrs), len(p.names)} {
		kinds += min(n, 1)
	}
	named := min(len(t.ports), 1) + min(len(t.icmps), 1)
	if kinds != 1 || t.all && named != 0 || !t.all && named != 1 {
		panic("cilium: an item that is not for one kind of peer and of traffic")
	}
	for _, r := range t.ports {
		if len(r.Ports) == 0 {
			panic("cilium: a port rule without ports")
		}
	}
}

func denied(rules api.PortRules) api.PortDenyRules {
	var out api.PortDenyRules
	for _, r := range rules {
		if r.Rules != nil || r.ServerNames != nil {
			panic("cilium: a deny of requests")
		}
		out = append(out, api.PortDenyRule{Ports: r.Ports})
	}
	return out
}

func isEmpty(r *api.Rule) bool {
	return len(r.Ingress)+len(r.IngressDeny)+len(r.Egress)+len(r.EgressDeny) == 0
}
