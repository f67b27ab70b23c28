package clusterpolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// The API's bounds: of rules, peers, networks and protocols in a list, and of a
// rule's name.
const (
	maxList = 25
	maxName = 100
)

// maxParts bounds what one rule may become.
const maxParts = 1000

// Writer writes the policies of an engine.
type Writer struct {
	Inventory *ir.Inventory
	Report    *lower.Report // of what has no form

	// Everyone says that networks match whatever has one of their addresses,
	// pods and nodes too, as the API has it.
	Everyone bool

	// Networks gives the addresses by which networks name what a rule's peers
	// have beside pods; false where they have no such form, which was reported.
	// It is asked for egress alone.
	Networks func(*ir.Rule) (addresses set.Addresses, ok bool)
}

// Objects gives the policies that say the entries, sorted by name. Of a
// subject's rules at one priority there is one policy, or, where those are more
// than a policy takes, one for each rule of the intent.
func (w *Writer) Objects(entries []Entry) []manifest.Object {
	var drafts []*draft
	at := map[string]*draft{}
	for i := range entries {
		e := &entries[i]
		rules := w.rules(e.Direction, &e.Rule)
		if rules == nil {
			continue
		}
		for _, s := range w.subjects(&e.Rule) {
			d := at[s.name(e.Step)]
			if d != nil && !d.subject.Pods.Equal(s.Pods) {
				// One default may close other pods in one direction than in the other.
				s.Subject = ir.Subject{Pods: s.Pods, Address: s.Pods.String(), Kind: ir.SubjectInline}
				d = at[s.name(e.Step)]
			}
			if d == nil {
				d = &draft{entry: *e, subject: s}
				at[s.name(e.Step)] = d
				drafts = append(drafts, d)
			}
			d.statements = append(d.statements, statement{e.Direction, e.Rule.Origin, rules})
		}
	}
	var out []manifest.Object
	for _, d := range drafts {
		out = append(out, d.objects()...)
	}
	slices.SortFunc(out, manifest.Object.Compare)
	return out
}

// draft is what policies say of a subject at one priority.
type draft struct {
	entry      Entry
	subject    subject
	statements []statement
}

// statement is one rule of the intent in a direction, in the API's words.
type statement struct {
	direction ir.Direction
	origin    ir.Origin
	rules     []Rule
}

// objects gives the policies of a draft: one, or several where its rules are too
// many. A policy's name hangs on the address of the rule that it says then, so
// that no other rule's policy changes with one.
func (d *draft) objects() []manifest.Object {
	slices.SortStableFunc(d.statements, func(a, b statement) int { return strings.Compare(a.origin.Address, b.origin.Address) })
	name := d.subject.name(d.entry.Step)
	egress, ingress := d.rulesOf(d.statements)
	if len(egress) <= maxList && len(ingress) <= maxList {
		return []manifest.Object{d.object(name, d.statements, egress, ingress)}
	}
	var out []manifest.Object
	for list := d.statements; len(list) > 0; {
		n := 1
		for n < len(list) && list[n].origin.Address == list[0].origin.Address {
			n++
		}
		egress, ingress := d.rulesOf(list[:n])
		own := name + "." + hash(list[0].origin.Address)
		for i := 0; i*maxList < max(len(egress), len(ingress)); i++ {
			part := own
			if i > 0 {
				part = fmt.Sprintf("%s-%d", own, i+1)
			}
			out = append(out, d.object(part, list[:n], chunk(egress, i), chunk(ingress, i)))
		}
		list = list[n:]
	}
	return out
}

func (d *draft) rulesOf(list []statement) (egress, ingress []Rule) {
	for _, s := range list {
		if s.direction == ir.Egress {
			egress = append(egress, s.rules...)
		} else {
			ingress = append(ingress, s.rules...)
		}
	}
	return egress, ingress
}

// chunk gives the i-th part of a list that a policy takes.
func chunk[T any](list []T, i int) []T {
	return list[min(i*maxList, len(list)):min((i+1)*maxList, len(list))]
}

func (d *draft) object(name string, of []statement, egress, ingress []Rule) manifest.Object {
	var origins []ir.Origin
	for _, s := range of {
		origins = append(origins, s.origin)
	}
	p := &Policy{
		TypeMeta:   metav1.TypeMeta{APIVersion: APIVersion, Kind: Kind},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: lower.Labels(), Annotations: lower.Annotations(d.subject.Subject, origins)},
		Spec:       Spec{Tier: d.entry.Tier, Priority: d.entry.Priority, Subject: d.subject.selection, Egress: egress, Ingress: ingress},
	}
	o := manifest.Object{APIVersion: APIVersion, Kind: Kind, Name: name, Value: p}
	if _, escaped := lower.Name(d.subject.Subject); escaped {
		o.Comments = append(o.Comments, "The name stands for "+d.subject.Address+".")
	}
	return o
}

// subject is pods that one policy selects.
type subject struct {
	ir.Subject
	selection Selection
}

// name is what the policies of a subject at a step are called. A workload's has
// its namespace's before its own.
func (s *subject) name(step string) string {
	name, _ := lower.Name(s.Subject)
	if ns, single := s.Pods.SingleNamespace(); single && s.Kind == ir.SubjectWorkload {
		name = ns + "." + name
	}
	return step + "." + name
}

// subjects parts the subject of a rule into sets that one policy selects each,
// named by what they are, so that no part's name hangs on another.
func (w *Writer) subjects(r *ir.Rule) []subject {
	var out []subject
	parts := w.Inventory.Narrow(r.Subject.Pods)
	for _, part := range parts {
		for _, one := range w.selections(r, part) {
			s := r.Subject
			if !one.pods.Equal(s.Pods) && (len(parts) > 1 || !one.pods.Equal(part)) {
				s = w.subjectOf(one.pods)
			}
			out = append(out, subject{s, one.selection})
		}
	}
	return out
}

// subjectOf gives the subject that pods are best known as.
func (w *Writer) subjectOf(pods ir.Pods) ir.Subject {
	for i := range w.Inventory.Workloads {
		if x := &w.Inventory.Workloads[i]; x.Pods.Equal(pods) {
			return ir.Subject{Pods: pods, Address: x.Address, Kind: ir.SubjectWorkload}
		}
	}
	return ir.SubjectOf(pods)
}

// actions are the API's words.
var actions = map[ir.Action]string{ir.Allow: "Accept", ir.Deny: "Deny", ir.Pass: "Pass"}

// rules gives what an entry's rule is in the API's words; none where its peers
// are nobody, and where it has no form, which was reported. A port by name is of
// pods alone, so that it does not stand beside networks.
func (w *Writer) rules(d ir.Direction, r *ir.Rule) []Rule {
	numbers, names, no := protocols(r.Traffic)
	if no != nil {
		w.refuse(r, no)
		return nil
	}
	var at set.Addresses // whoever is there
	if d == ir.Egress && w.Everyone {
		rest := *r
		at, rest.Peers, _ = lower.Located(r.Peers)
		r = &rest
	}
	pods, ok := w.podPeers(r)
	if !ok {
		return nil
	}
	var networks []Peer
	if d == ir.Egress {
		addresses, ok := w.Networks(r)
		if !ok {
			return nil
		}
		networks = networkPeers(addresses.Union(at))
	}
	var out []Rule
	if names == nil {
		out = compose(d, append(pods, networks...), numbers, r.Traffic.IsAll())
	} else {
		if r.Peers.IsAny() { // networks are everyone, and pods those of them with ports by name
			every := ir.AllPods()
			pods = []Peer{{Selection: selection(every.Namespace, every.Labels)}}
		}
		out = append(compose(d, pods, append(slices.Clip(numbers), names...), false), compose(d, networks, numbers, false)...)
	}
	if len(out) > maxParts {
		w.refuse(r, overBound("rules", len(out)))
		return nil
	}
	for i := range out {
		out[i].Action = actions[r.Action]
		if r.Origin.Kind == ir.FromRule && utf8.RuneCountInString(r.Origin.Address) <= maxName {
			out[i].Name = r.Origin.Address
		}
	}
	return out
}

// compose gives rules that have every peer with every protocol, in lists that
// are not too long. Without protocols a rule has all, so that this is said by
// all alone; without peers there is no rule.
func compose(d ir.Direction, peers []Peer, protocols []Protocol, all bool) []Rule {
	var out []Rule
	for i := 0; i*maxList < len(peers); i++ {
		part := Rule{To: chunk(peers, i)}
		if d == ir.Ingress {
			part = Rule{From: selectionsOf(chunk(peers, i))}
		}
		if all {
			out = append(out, part)
		}
		for k := 0; k*maxList < len(protocols); k++ {
			part.Protocols = chunk(protocols, k)
			out = append(out, part)
		}
	}
	return out
}

func selectionsOf(peers []Peer) []Selection {
	out := make([]Selection, len(peers))
	for i, p := range peers {
		out[i] = p.Selection
	}
	return out
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// refusal is why something has no form in a ClusterNetworkPolicy.
type refusal struct {
	code    diag.Code
	reason  string // a clause
	nearest string // what would work
}

func (w *Writer) refuse(r *ir.Rule, no *refusal) {
	w.Report.Refuse(no.code, r.Origin, no.reason, no.nearest)
}

func overBound(what string, n int) *refusal {
	return &refusal{diag.OverBound, fmt.Sprintf("it takes %d %s of ClusterNetworkPolicies, and %d is the most that is rendered", n, what, maxParts),
		"Write it as several rules, or with fewer alternatives."}
}
