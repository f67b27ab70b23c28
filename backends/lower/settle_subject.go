package lower

import (
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// nameSubjects calls pods that are known by labels only what the policies call
// them that are for exactly these pods: of several the least name. A name that
// some other pods of the namespace have, declared or by another policy, is
// nobody's.
func nameSubjects(p *ir.Program) {
	n := naming{names: map[string]map[string]bool{}, taken: map[string]string{}}
	for _, w := range p.Inventory.Workloads {
		n.taken[w.Address] = w.Pods.String()
	}
	for _, s := range subjects(p) {
		if s.origin.Kind == ir.FromDefault {
			n.offer(s.subject, s.origin)
		}
	}
	closing := maps.Clone(n.taken)
	for _, s := range subjects(p) {
		if address, _ := policyOf(s.origin.Address); s.origin.Kind == ir.FromRule && closing[address] == "" {
			n.offer(s.subject, s.origin)
		}
	}
	for _, s := range subjects(p) {
		if s.subject.Kind != ir.SubjectInline {
			continue
		}
		text := s.subject.Pods.String()
		for _, address := range slices.Sorted(maps.Keys(n.names[text])) {
			if n.taken[address] == text {
				s.subject.Address, s.subject.Kind = address, ir.SubjectWorkload
				break
			}
		}
	}
}

type naming struct {
	names map[string]map[string]bool // by canonical text of pods
	taken map[string]string          // by name, canonical text of pods; "" of several
}

func (n *naming) offer(s *ir.Subject, o ir.Origin) {
	address, some := policyOf(o.Address)
	if !some {
		return
	}
	text := s.Pods.String()
	if other, is := n.taken[address]; is && other != text {
		n.taken[address] = ""
		return
	}
	n.taken[address] = text
	if ns, single := s.Pods.SingleNamespace(); !single || !strings.HasPrefix(address, ns+"/") {
		n.taken[address] = ""
	}
	if n.names[text] == nil {
		n.names[text] = map[string]bool{}
	}
	n.names[text][address] = true
}

// policyOf gives the namespace and name of the policy of an origin such as
// "NetworkPolicy shop/web ingress[0]"; false for one that is for the cluster, or
// whose name is no object's on every target. A tier before the name is Calico's.
func policyOf(address string) (string, bool) {
	words := strings.Fields(address)
	if len(words) < 2 {
		return "", false
	}
	namespace, name, namespaced := strings.Cut(words[1], "/")
	name = name[strings.LastIndexByte(name, '.')+1:]
	_, escaped := Label(name, name)
	return namespace + "/" + name, namespaced && name != "" && !escaped
}

// subjectOf is a subject in a program, and where it comes from.
type subjectAt struct {
	subject *ir.Subject
	origin  ir.Origin
}

// subjects gives every subject of the program.
func subjects(p *ir.Program) []subjectAt {
	var out []subjectAt
	for _, stages := range [][]ir.Stage{p.Egress, p.Ingress} {
		for i := range stages {
			for j := range stages[i].Isolate {
				iso := &stages[i].Isolate[j]
				out = append(out, subjectAt{&iso.Subject, iso.Origin})
			}
		}
	}
	for _, d := range p.All() {
		out = append(out, subjectAt{&d.Rule.Subject, d.Rule.Origin})
	}
	return out
}
