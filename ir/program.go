package ir

import (
	"slices"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Kind says what a node of a program was derived from.
type Kind uint8

// The kinds of origin.
const (
	FromRule      Kind = iota + 1 // a rule that somebody wrote
	FromDefault                   // a default, such as the closing of a namespace
	FromCompanion                 // what another statement needs, such as DNS
	FromAxiom                     // what always holds, such as a node reaching its own pods
)

func (k Kind) String() string {
	return [...]string{"?", "rule", "default", "companion", "axiom"}[k]
}

// Origin says where a node of a program comes from.
type Origin struct {
	Kind        Kind
	Address     string // of the rule, or of what states the default: shop/web->db, shop
	Description string // as its author wrote it
	Purpose     string // of a companion: what it keeps working
	Range       diag.Range
}

// The purposes of companions.
const (
	ForDNS    = "DNS"
	ForMesh   = "the mesh's control plane"
	ForProbes = "probes"

	ForWaypoint = "the waypoint"
	ForMetrics  = "the mesh's metrics"
)

// Subject is the endpoints that a rule or a default governs. Address is how
// they were written: a workload (shop/web), a namespace (shop), "cluster", or
// the canonical text of inline pods. Objects are named after it.
type Subject struct {
	Pods    Pods
	Nodes   Selector // over labels of nodes; of SubjectNodes, which has no pods
	Address string
	Kind    SubjectKind
}

// SubjectOf names a set of pods as it would be written: the cluster, a namespace,
// or else inline.
func SubjectOf(p Pods) Subject {
	s := Subject{Pods: p, Address: p.String(), Kind: SubjectInline}
	if name, single := p.SingleNamespace(); single && p.Equal(InNamespace(name)) {
		s.Address, s.Kind = name, SubjectNamespace
	} else if p.IsAll() {
		s.Address, s.Kind = "cluster", SubjectCluster
	}
	return s
}

// SubjectKind says how a subject was written.
type SubjectKind uint8

// The kinds of subject.
const (
	SubjectWorkload  SubjectKind = iota + 1 // one declared workload
	SubjectNamespace                        // all pods of one declared namespace
	SubjectInline                           // pods by labels, or what an exception left of another subject
	SubjectCluster                          // all pods of all namespaces
	SubjectNodes                            // nodes by their labels, in Program.Hosts only
)

// Rule is one rule of a stage: Action for the traffic between Subject and
// Peers. In an egress program the subject is the source, in an ingress program
// the destination; ports are always the destination's, after Service
// translation.
type Rule struct {
	Subject Subject
	Peers   Peers
	Traffic Traffic
	Action  Action
	Auth    Auth        // how the peer must have proved itself
	If      []Condition // what else must hold; all of it
	Log     bool        // also log
	Mode    Mode        // a staged rule decides nothing
	Origin  Origin
}

// Auth is a set of the ways in which a peer may have proved itself. The peers
// of a rule that asks for MutualTLS are those whose certificate says that they
// run as such a pod's account.
type Auth uint8

// The sets of ways.
const (
	AnyAuth   Auth = iota
	MutualTLS      // the peer has a principal
	Plaintext      // it has none
)

func (a Auth) String() string { return [...]string{"any", "mutual TLS", "plaintext"}[a] }

// Level is rules among which Deny beats Allow beats Pass.
type Level struct{ Rules []Rule }

// Isolation closes its subject: at the end of its stage, a flow that nothing
// decided is denied.
type Isolation struct {
	Subject Subject
	If      []Condition // closes only where all of it holds
	Mode    Mode        // a staged isolation closes nothing
	Origin  Origin
}

// Stage is one round of deciding. The first level in which a rule matches
// decides; Pass goes on with the next stage.
type Stage struct {
	Name    string
	Order   float64
	Levels  []Level
	Isolate []Isolation
	Origin  Origin

	index *isolationIndex // nil until Program.Index
}

// OwnNode is the rule by which a node reaches its own pods, as far as the engine
// cannot prevent it. Where nothing can, it stands in Axioms.
func OwnNode() Rule {
	own, _ := PeersOf(Nodes{Own: true})
	return Rule{
		Subject: SubjectOf(AllPods()), Peers: own, Traffic: AllTraffic(), Action: Allow,
		Origin: Origin{Kind: FromAxiom, Address: "own node"},
	}
}

// Axioms is the ingress stage of what always holds: OwnNode.
func Axioms() Stage {
	return Stage{Name: StageAxioms, Levels: []Level{{Rules: []Rule{OwnNode()}}}}
}

// Rules gives every rule of the stage, level by level.
func (s *Stage) Rules() []Rule {
	var out []Rule
	for _, l := range s.Levels {
		out = append(out, l.Rules...)
	}
	return out
}

// The names of the stages that an intent lowers to, around those of its tiers:
// what always holds, and the rules outside tiers with the defaults. No tier can
// have these names, since a tier's has no parentheses.
const (
	StageAxioms = "(axioms)"
	StageRules  = "(rules)"
)

// MTLS says which connections a set of workloads takes: a gate before the
// rules of the ingress program. Subject.Address "" is the whole mesh.
type MTLS struct {
	Subject Subject
	Mode    MTLSMode
	Ports   []PortMTLS // sorted by port
	Origin  Origin
}

// PortMTLS is a port with a mode of its own.
type PortMTLS struct {
	Port uint16
	Mode MTLSMode
}

// Program is what a set of policies decides, and what is known of the cluster
// that it decides in.
type Program struct {
	Egress, Ingress []Stage // in the order in which they decide
	Hosts           Hosts
	Via             *Via // another way to some pods; nil for none
	MTLS            []MTLS
	Inventory       Inventory
}

// Hosts is the programs of nodes, host-network pods included: as a pod's they
// decide what a node sends and what it takes. Subjects are SubjectNodes, and
// Nodes{Own: true} is no peer of theirs, since a node is not policed towards
// itself. What a node forwards for its pods is the pods' and not the node's.
type Hosts struct {
	Egress, Ingress []Stage
}

// Via is a second way to pods, through a proxy that decides for them: TCP whose
// sender proves itself reaches the destinations where the programs of this way
// let it pass in every layer, whatever the others say. A layer without one has
// its own programs on that way too.
type Via struct {
	Destinations    []Pods
	Egress, Ingress []Stage
}

// Stages gives the stages of a direction.
func (h *Hosts) Stages(d Direction) []Stage {
	if d == Egress {
		return h.Egress
	}
	return h.Ingress
}

// IsEmpty reports that no node is policed.
func (h *Hosts) IsEmpty() bool { return len(h.Egress)+len(h.Ingress) == 0 }

// All gives every rule of both programs of nodes, as Program.All does of pods.
func (h *Hosts) All() []Directed {
	p := Program{Egress: h.Egress, Ingress: h.Ingress}
	return p.All()
}

// Previewed is the program as it would be if everything staged were enforced.
func (p *Program) Previewed() *Program {
	q := p.Clone()
	for _, stages := range q.everything() {
		for i := range stages {
			for l := range stages[i].Levels {
				for r := range stages[i].Levels[l].Rules {
					stages[i].Levels[l].Rules[r].Mode = Enforce
				}
			}
			for j := range stages[i].Isolate {
				stages[i].Isolate[j].Mode = Enforce
			}
		}
	}
	return q
}

// everything is all stages of the program, of pods, nodes and the second way.
func (p *Program) everything() [][]Stage {
	out := [][]Stage{p.Egress, p.Ingress, p.Hosts.Egress, p.Hosts.Ingress}
	if p.Via != nil {
		out = append(out, p.Via.Egress, p.Via.Ingress)
	}
	return out
}

// HasStaged reports that something of the program is staged.
func (p *Program) HasStaged() bool {
	for _, stages := range p.everything() {
		for i := range stages {
			if slices.ContainsFunc(stages[i].Isolate, func(iso Isolation) bool { return iso.Mode == Staged }) ||
				slices.ContainsFunc(stages[i].Rules(), func(r Rule) bool { return r.Mode == Staged }) {
				return true
			}
		}
	}
	return false
}

// Stages gives the stages of a direction.
func (p *Program) Stages(d Direction) []Stage {
	if d == Egress {
		return p.Egress
	}
	return p.Ingress
}

// Directed is a rule with where it stands.
type Directed struct {
	Direction Direction
	Stage     *Stage
	Level     int
	Rule      *Rule
}

// All gives every rule of both programs, egress first, in deciding order. The
// pointers are into the program.
func (p *Program) All() []Directed {
	var out []Directed
	for _, d := range []Direction{Egress, Ingress} {
		stages := p.Stages(d)
		for i := range stages {
			for l := range stages[i].Levels {
				rules := stages[i].Levels[l].Rules
				for r := range rules {
					out = append(out, Directed{d, &stages[i], l, &rules[r]})
				}
			}
		}
	}
	return out
}

// Clone copies the program down to its rules and isolations, so that a pass may change the
// copy. What rules are made of is immutable and shared.
func (p *Program) Clone() *Program {
	q := *p
	q.Egress, q.Ingress = cloneStages(p.Egress), cloneStages(p.Ingress)
	q.Hosts = Hosts{cloneStages(p.Hosts.Egress), cloneStages(p.Hosts.Ingress)}
	if p.Via != nil {
		q.Via = &Via{p.Via.Destinations, cloneStages(p.Via.Egress), cloneStages(p.Via.Ingress)}
	}
	q.MTLS = slices.Clone(p.MTLS)
	return &q
}

func cloneStages(stages []Stage) []Stage {
	out := slices.Clone(stages)
	for i := range out {
		out[i].Levels = slices.Clone(out[i].Levels)
		for l := range out[i].Levels {
			out[i].Levels[l].Rules = slices.Clone(out[i].Levels[l].Rules)
		}
		out[i].Isolate = slices.Clone(out[i].Isolate)
		out[i].index = nil
	}
	return out
}

// Filter keeps the rules for which keep reports true, those of hosts too, and
// drops the levels and stages that this empties.
func (p *Program) Filter(keep func(Directed) bool) *Program {
	q := p.Clone()
	q.Egress = filterStages(q.Egress, Egress, keep)
	q.Ingress = filterStages(q.Ingress, Ingress, keep)
	q.Hosts.Egress = filterStages(q.Hosts.Egress, Egress, keep)
	q.Hosts.Ingress = filterStages(q.Hosts.Ingress, Ingress, keep)
	return q
}

func filterStages(stages []Stage, d Direction, keep func(Directed) bool) []Stage {
	for i := range stages {
		s := &stages[i]
		for l := range s.Levels {
			level := &s.Levels[l]
			level.Rules = slices.DeleteFunc(level.Rules, func(r Rule) bool { return !keep(Directed{d, s, l, &r}) })
		}
		s.Levels = slices.DeleteFunc(s.Levels, func(l Level) bool { return len(l.Rules) == 0 })
	}
	return slices.DeleteFunc(stages, func(s Stage) bool { return len(s.Levels) == 0 && len(s.Isolate) == 0 })
}

// Isolated gives the subjects that the last round of a direction closes: a
// flow of theirs that no rule decides is denied. It is the union over stages.
func (p *Program) Isolated(d Direction) []Isolation {
	var out []Isolation
	for _, s := range p.Stages(d) {
		out = append(out, s.Isolate...)
	}
	return out
}

// Split parts a set of pods, by what the inventory knows, into the part that
// the stage isolates and the part that it leaves open. Either may be empty.
func (p *Program) Split(pods Pods, s *Stage) (closed, open []Pods) {
	rest := p.Inventory.Narrow(pods)
	for _, iso := range s.isolating(pods) {
		var next []Pods
		for _, part := range rest {
			if iso.Subject.Pods.Contains(part) { // as nearly always
				closed = append(closed, part)
				continue
			}
			both, ok := part.And(iso.Subject.Pods)
			if !ok {
				next = append(next, part)
				continue
			}
			closed = append(closed, p.Inventory.Narrow(both)...)
			for _, left := range part.Subtract(iso.Subject.Pods) {
				next = append(next, p.Inventory.Narrow(left)...)
			}
		}
		if rest = next; len(rest) == 0 {
			break
		}
	}
	return Simplify(closed), Simplify(rest)
}

// LastStage gives the stage of the rules outside tiers; nil where there is none.
func (p *Program) LastStage(d Direction) *Stage {
	stages := p.Stages(d)
	for i := range stages {
		if stages[i].Name == StageRules {
			return &stages[i]
		}
	}
	return nil
}

// Index prepares the program for many questions about few namespaces each, so
// that their cost does not grow with the number of namespaces. It is to be
// called again after a change to namespaces or isolations; without it every
// answer is the same, only slower.
func (p *Program) Index() {
	p.Inventory.index()
	for _, stages := range [][]Stage{p.Egress, p.Ingress} {
		for i := range stages {
			stages[i].Index()
		}
	}
}

// Index prepares one stage as Program.Index does all.
func (s *Stage) Index() { s.index = newIsolationIndex(s.Isolate) }

// isolationIndex finds the isolations that can concern pods of one namespace.
type isolationIndex struct {
	byNamespace map[string][]Isolation
	wide        []Isolation // of more than one namespace
}

func newIsolationIndex(all []Isolation) *isolationIndex {
	x := &isolationIndex{byNamespace: map[string][]Isolation{}}
	for _, iso := range all {
		if ns, ok := iso.Subject.Pods.SingleNamespace(); ok {
			x.byNamespace[ns] = append(x.byNamespace[ns], iso)
		} else {
			x.wide = append(x.wide, iso)
		}
	}
	return x
}

// isolating gives the isolations that may concern the pods, those of single
// namespaces first.
func (s *Stage) isolating(pods Pods) []Isolation {
	ns, single := pods.SingleNamespace()
	if s.index == nil || !single {
		return s.Isolate
	}
	if len(s.index.wide) == 0 {
		return s.index.byNamespace[ns]
	}
	return slices.Concat(s.index.byNamespace[ns], s.index.wide)
}
