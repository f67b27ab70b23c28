package conformance

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Stacks holds what intents are rendered to for a CNI and a mesh together to what
// they say: the golden cases and the examples, and random ones. Each engine gets
// its own documents, and is asked about what there is of a flow on the wire. What
// of that is said here is said without the parts of Portolan that know it, too.
func Stacks(t *testing.T, families []*Family, programs int, board *Scoreboard) {
	closeAll(t, families)
	t.Run("golden", func(t *testing.T) { goldenStacks(t, families, board) })
	t.Run("random", func(t *testing.T) { randomStacks(t, families, programs, board) })
}

func goldenStacks(t *testing.T, families []*Family, board *Scoreboard) {
	dirs, err := configurations()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, dir := range dirs {
		list := stacksOf(t, dir, families)
		seen += len(list)
		for i := range list {
			r := &list[i]
			t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir)+"/"+r.Target.Name, func(t *testing.T) {
				s, differ := Score{Cannot: 1}, ""
				if !r.Refused {
					s, differ = judgeStack(t, r, families, asEmitted, thorough, board)
				}
				s.Family, s.Check = "stack", "translation, golden"
				board.Add(s)
				if differ != "" {
					t.Error(differ)
				}
			})
		}
	}
	if seen < 30 {
		t.Errorf("only %d stacks", seen)
	}
}

// closeAll ends the engines that are programs of their own when the test does.
func closeAll(t *testing.T, families []*Family) {
	for _, f := range families {
		if c, is := f.Engine.(io.Closer); is {
			t.Cleanup(func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// withWaypoints is the stacks that every golden case with a waypoint is rendered
// for: those cases are of a mesh alone but for a few.
var withWaypoints = []string{"kubernetes,cidr_matches_nodes=true+istio-ambient", "calico+istio-ambient", "cilium+istio-ambient"}

// stacksOf renders a golden case, without the proof, for those of its targets
// that are stacks of engines at hand.
func stacksOf(t *testing.T, dir string, families []*Family) []pipeline.Rendered {
	t.Helper()
	cfg, _, diags := intent.Load([]string{dir}, intent.Options{Version: "0.1.0"})
	if diags.HasErrors() {
		return nil // the case is about what is refused
	}
	var to []string
	if text, err := os.ReadFile(filepath.Join(dir, "targets")); err == nil {
		to = strings.Fields(string(text))
	}
	if len(cfg.Targets) == 0 && slices.ContainsFunc(cfg.Namespaces, func(n *intent.Namespace) bool { return n.Waypoint.Set }) {
		to = append(to, withWaypoints...)
	}
	targets, diags := pipeline.Targets(cfg, nil, to)
	targets = slices.DeleteFunc(targets, func(x pipeline.Target) bool {
		return len(x.Parts) < 2 || losesIdentity(x.Config) || slices.ContainsFunc(x.Parts, func(p lower.Target) bool { return familyOf(t, p.Profile, families) == nil })
	})
	if diags.HasErrors() || len(targets) == 0 {
		return nil
	}
	list, diags := pipeline.Render(cfg, targets, pipeline.Options{Now: today, Unproved: true, Strict: true})
	if diags.HasErrors() {
		return nil
	}
	return list
}

// familyOf gives the family whose engine is the profile's; nil where none is.
func familyOf(t failer, p profile.Profile, families []*Family) *Family {
	for _, f := range families {
		if ours, is := f.engines(t)[p.Engine]; is && ours.Version == p.Version {
			return f
		}
	}
	return nil
}

// stack is a CNI and a mesh with the documents of each, in a cluster.
type stack struct {
	cluster   *oracle.Cluster
	docs      []oracle.Document // of both
	cni, mesh layer
	waypoints layer // the mesh where no way leads but through them, if there are any; mesh knows none
}

// layer is a part of a stack.
type layer struct {
	oracle.Policy
	profile profile.Profile
	family  *Family
}

// judgeStack compares what the engines of a stack do with what a target got, once
// change has had the documents of each part, with the program that the target got
// it of. The text is of where they differ.
func judgeStack(t failer, r *pipeline.Rendered, families []*Family, change func([]oracle.Document) []oracle.Document, e effort, board *Scoreboard) (Score, string) {
	t.Helper()
	inv := &r.Program.Inventory
	var parts [][]oracle.Document
	for _, part := range r.Parts {
		out, err := manifest.Stream(part.Objects)
		if err != nil {
			t.Fatalf("%v", err)
		}
		parts = append(parts, oracle.Split(part.Engine, out))
	}
	docs := slices.Concat(parts...)
	c, err := meshed(docs, inv)
	if err != nil {
		t.Fatalf("%v", err)
	}
	words, err := boundary.Collect(docs)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for i := range parts {
		parts[i] = change(parts[i])
	}
	s, err := loadStack(t, r, families, c, parts)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer s.close(t)
	flows := append(words.Flows(c, seed(stream(docs)), e.flows), pairwise(c, words, inv, e, seed(stream(docs)))...)
	flows = slices.DeleteFunc(flows, func(f oracle.Flow) bool { return s.inside(&f) })
	return s.judge(flows, r.Program, board)
}

// meshed gives a cluster for documents in which what an inventory states is true,
// with a pod of every waypoint and none that only seems to be one. Outside the mesh
// is what it leaves alone: waypoints, the system's namespace, and in ambient the
// mesh's own (istio/istio, pkg/kube/inject/inject.go and
// manifests/charts/istio-cni/values.yaml).
func meshed(docs []oracle.Document, inv *ir.Inventory) (*oracle.Cluster, error) {
	ambient := inv.Facts.Waypoints
	var pods []oracle.Document
	for _, ns := range inv.Namespaces {
		if ambient && ns.Waypoint != "" {
			labels := map[string]string{gatewayName: ns.Waypoint, dataplane: "none"}
			pods = append(pods, object("Pod", ns.Name, ns.Waypoint, labels, map[string]any{"serviceAccountName": ns.Waypoint}))
		}
	}
	c, err := inhabited(slices.Concat(pods, docs), inv)
	if err != nil {
		return nil, err
	}
	c.Endpoints = slices.DeleteFunc(c.Endpoints, func(e oracle.Endpoint) bool {
		if e.Kind == sem.External {
			ofNodes := func(a netip.Addr) bool { return inv.Facts.NodeCIDRs.Contains(a) || slices.Contains(probes, a) }
			return slices.ContainsFunc(e.Addresses, ofNodes)
		}
		ns, declared := inv.Namespace(e.Namespace)
		return e.Kind == sem.Pod && ambient && declared && ns.Waypoint != "" && isWaypoint(&e.Endpoint, ns.Name, ns.Waypoint) != (e.Account == ns.Waypoint)
	})
	for i := range c.Endpoints {
		e := &c.Endpoints[i]
		_, gateway := e.Labels[gatewayName]
		e.Meshed = e.Meshed && !gateway && e.Namespace != "kube-system" && !(ambient && e.Namespace == meshRoot(c))
	}
	return c, nil
}

// loadStack gives each engine its part, the CNI's first.
func loadStack(t failer, r *pipeline.Rendered, families []*Family, c *oracle.Cluster, parts [][]oracle.Document) (*stack, error) {
	load := func(p profile.Profile, c *oracle.Cluster, docs []oracle.Document) (layer, error) {
		f := familyOf(t, p, families)
		policy, err := f.Engine.Load(p, c, docs)
		return layer{policy, p, f}, err
	}
	s := &stack{cluster: c, docs: slices.Concat(parts...)}
	var err error
	if s.cni, err = load(r.Target.Parts[0].Profile, c, parts[0]); err != nil {
		return nil, err
	}
	if s.mesh, err = load(r.Target.Parts[1].Profile, straight(c), parts[1]); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.Services, func(x oracle.Service) bool { return x.Waypoint != "" }) {
		s.waypoints, err = load(r.Target.Parts[1].Profile, c, append(slices.Clip(parts[1]), onlyWaypoints(c)))
	}
	return s, err
}

// straight is a cluster without waypoints.
func straight(c *oracle.Cluster) *oracle.Cluster {
	out := *c
	out.Services = slices.Clone(c.Services)
	for i := range out.Services {
		out.Services[i].Waypoint = ""
	}
	return &out
}

func (s *stack) close(t failer) {
	for _, p := range []layer{s.cni, s.mesh, s.waypoints} {
		if p.Policy == nil {
			continue
		}
		if err := p.Close(); err != nil {
			t.Fatalf("%v", err)
		}
	}
}

// effort is how many flows are tried of a stack: anywhere, and between every two
// of the ends of which each is another thing to it. Between workloads that is
// done in as many rounds, since few of many requests are allowed.
type effort struct {
	flows, ofPair, rounds int
}

// thorough is for what somebody wrote, brief for what was drawn.
var (
	thorough = effort{flows: flowsOfGolden, ofPair: 300, rounds: 3}
	brief    = effort{flows: flowsOfRandom, ofPair: 12, rounds: 3}
)

// maxEnds bounds the ends of pairs.
const maxEnds = 16

// pairwise gives flows between every two of the ends that a stack tells apart: a
// pod of each workload and waypoint, one that is in the mesh and one that is not,
// nodes, and what is outside. Of random ends few get through to each other.
func pairwise(c *oracle.Cluster, words *boundary.Words, inv *ir.Inventory, e effort, seed uint64) []oracle.Flow {
	type end struct {
		at   int
		role role
	}
	var ends []end
	for i := range c.Endpoints {
		role := roleOf(&c.Endpoints[i], inv)
		if c.Endpoints[i].Kind != sem.Infrastructure && !slices.ContainsFunc(ends, func(e end) bool { return e.role == role }) {
			ends = append(ends, end{i, role})
		}
	}
	ends = ends[:min(len(ends), maxEnds)]
	var out []oracle.Flow
	for i, a := range ends {
		for _, b := range ends[:i] {
			two := &oracle.Cluster{Endpoints: []oracle.Endpoint{c.Endpoints[a.at], c.Endpoints[b.at]}}
			times := 1
			if a.role.workload && b.role.workload {
				times = e.rounds
			}
			for range times {
				seed++
				for _, f := range words.Flows(two, seed, e.ofPair) {
					f.From, f.To = []int{a.at, b.at}[f.From], []int{a.at, b.at}[f.To]
					out = append(out, f)
				}
			}
		}
	}
	return out
}

// role is what an endpoint is to a stack.
type role struct {
	name     string
	workload bool
}

func roleOf(e *oracle.Endpoint, inv *ir.Inventory) role {
	switch {
	case e.IsNode():
		return role{name: e.ID}
	case e.Kind != sem.Pod:
		return role{name: fmt.Sprint(e.Kind, e.APIServer)}
	case e.Labels[gatewayName] != "":
		return role{name: "waypoint of " + e.Namespace}
	}
	i := slices.IndexFunc(inv.Workloads, func(w ir.Workload) bool { return e.In(w.Pods) })
	if i >= 0 {
		return role{inv.Workloads[i].Address, true}
	}
	return role{name: fmt.Sprint("pod ", e.Meshed)}
}

// inside reports a flow that is a part of another's way: to the port of tunnels,
// for which nobody asks, what the mesh sends to a waypoint, and what a waypoint
// sends to the mesh. Who talks to whom in it, the flow from the sender to the
// workload says.
func (s *stack) inside(f *oracle.Flow) bool {
	if s.mesh.profile.Engine != profile.IstioAmbient || f.Protocol != sem.TCP {
		return false
	}
	from, to := f.Source.Labels[gatewayName] != "", f.Destination.Labels[gatewayName] != ""
	return f.Port == tunnelPort && (pod(&f.Destination) || to) || from && (f.Destination.Meshed || to) || to && f.Source.Meshed
}

// outcome is what becomes of a flow in a stack.
type outcome struct {
	oracle.Verdict
	decided bool
	past    bool // the CNI denies nothing of it, so that the mesh's verdict is the last
}

// decide gives what becomes of a flow, which passes if a way of it does. Of one
// that does not, the verdict is that of the straight way.
func (s *stack) decide(f *oracle.Flow) outcome {
	var out outcome
	for i, w := range s.ways(f) {
		o := s.along(&w, f)
		if o.decided && o.Allowed {
			return o
		}
		if i == 0 {
			out = o
			continue
		}
		out.decided = out.decided && o.decided
		out.Reason += "; by the waypoint: " + o.Reason
	}
	return out
}

// along gives what becomes of a flow on a way: each hop has to pass the CNI, and
// the flow itself the mesh.
func (s *stack) along(w *way, f *oracle.Flow) outcome {
	v, decided := w.mesh.Decide(f)
	out := outcome{Verdict: oracle.Verdict{Allowed: v.Allowed, Reason: "mesh: " + v.Reason}, decided: decided, past: true}
	for i := range w.hops {
		at, known := s.cni.Decide(&w.hops[i])
		switch {
		case known && !at.Allowed:
			return outcome{Verdict: oracle.Verdict{Reason: "CNI: " + at.Reason}, decided: true}
		case !known && (out.Allowed || !out.decided):
			out.decided = false
		}
		out.Reason = "CNI: " + at.Reason + "; " + out.Reason
	}
	return out
}

// judge asks the engines and Portolan about flows, and counts.
func (s *stack) judge(flows []oracle.Flow, intent *ir.Program, board *Scoreboard) (Score, string) {
	policy := sem.Policy{{Program: intent, Scope: sem.Everything}}
	conditions := conditionsOf(policy)
	score := Score{Cases: 1}
	var differ []string
	for i := range flows {
		f := &flows[i]
		got := s.decide(f)
		conditions.settle(f)
		want := sem.Decide(policy, f.Flow)
		allowed := want.Outcome == sem.Allowed
		score.Flows++
		switch {
		case !got.decided:
			score.Silent++
		case want.Outcome == sem.Unknown:
			score.Unknown++
		case allowed == got.Allowed:
			score.Agree++
		default:
			d := oracle.Difference{Cluster: s.cluster, Documents: s.docs, Flow: f, Engine: got.Verdict, Allowed: allowed}
			if name, is := s.argued(d, got.past); is {
				score.Argued++
				board.met(name)
			} else if len(differ) < maxShown {
				differ = append(differ, told(s.cluster, f, &want, got.Verdict))
			}
		}
	}
	if differ == nil {
		return score, ""
	}
	x := trial{profile: s.cni.profile, docs: s.docs}
	return score, x.report(differ)
}

// argued gives the difference that a flow is an example of; false where it is none
// of the families', nor of translation's. What a mesh leaves to its pods' nodes or
// to their agents is no excuse for what the CNI does.
func (s *stack) argued(d oracle.Difference, past bool) (string, bool) {
	list := slices.Concat(s.cni.family.Argued, ofTranslation)
	if past {
		list = slices.Concat(list, s.mesh.family.Argued)
	}
	i := slices.IndexFunc(list, func(a oracle.Argued) bool { return a.Applies(d) })
	if i < 0 {
		return "", false
	}
	return list[i].Name, true
}
