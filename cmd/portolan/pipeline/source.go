package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/frontends/istio"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// Source is policies as somebody wrote them: an intent, or manifests.
type Source struct {
	Name    string
	Config  *intent.Config // nil of manifests
	Files   map[string][]byte
	Ignored []manifest.Document // of manifests: what is neither policy nor cluster

	target    *intent.Target // of an intent: what it is for
	lowered   *ir.Program    // of an intent, for its target; nil until it is asked for
	diags     diag.List      // of that
	mesh      bool           // it is looked at in a mesh
	connected bool           // of manifests: other clusters are connected
	called    string         // of manifests: what this one is called there; "" for unknown
	documents []manifest.Document
	cluster   manifest.Cluster
}

// Open reads an intent where the paths are one's files or a directory of them,
// else manifests. Standard input is an intent unless it looks like manifests.
func Open(paths []string, opts intent.Options) (*Source, diag.List) {
	s := &Source{Name: strings.Join(paths, " ")}
	stdin := ""
	if slices.Contains(paths, "-") && opts.Stdin != nil {
		text, err := io.ReadAll(io.LimitReader(opts.Stdin, MaxStdin))
		if err != nil {
			var diags diag.List
			diags.Add(diag.Unreadable, diag.Range{File: "-"}, "Standard input cannot be read: "+err.Error()+".", "")
			return s, diags
		}
		stdin, opts.Stdin = string(text), bytes.NewReader(text)
	}
	if IsIntent(paths, stdin) {
		config, files, diags := intent.Load(paths, opts)
		s.Config, s.Files = config, files
		return s, diags
	}
	in, diags := manifest.Read(paths, manifest.Options{Stdin: strings.NewReader(stdin)})
	s.Files = in.Sources
	return s, append(diags, s.take(in.Documents)...)
}

// MaxStdin bounds what is read of standard input before it is known what it is;
// whoever parses it has bounds of its own.
const MaxStdin = 256 << 20

// take parts documents into what they say of the cluster, policies, and the
// rest.
func (s *Source) take(docs []manifest.Document) diag.List {
	var diags diag.List
	var rest []manifest.Document
	s.cluster, rest, diags = manifest.TakeCluster(docs)
	for _, d := range rest {
		read := slices.ContainsFunc(frontends.All(), func(f lift.Frontend) bool { return f.Reads(d.Group(), d.Kind) })
		if read {
			s.documents = append(s.documents, d)
		} else {
			s.Ignored = append(s.Ignored, d)
		}
	}
	return diags
}

// manifestText is how manifests begin, and no intent has.
var manifestText = regexp.MustCompile(`(?m)^\s*(\{\s*)?"?(apiVersion|kind|items)"?\s*:`)

// IsIntent reports whether Open reads what the paths name as an intent. stdin is
// the text of standard input, where it is one of them.
func IsIntent(paths []string, stdin string) bool {
	for _, p := range paths {
		switch info, err := os.Stat(p); {
		case p == "-":
			if !manifestText.MatchString(stdin) {
				return true
			}
		case err != nil:
			return strings.Contains(p, ".portolan.hcl")
		case info.IsDir():
			entries, _ := os.ReadDir(p)
			if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return isConfig(e.Name()) }) {
				return true
			}
		case isConfig(p):
			return true
		}
	}
	return false
}

func isConfig(name string) bool {
	return strings.HasSuffix(name, ".portolan.hcl") || strings.HasSuffix(name, ".portolan.hcl.json")
}

// Profiles gives the engines that manifests are for, going by their kinds; none
// of an intent. Native policies alone are for the plain API. The error asks for
// what the kinds leave open.
func (s *Source) Profiles() ([]profile.Profile, error) {
	if s.Config != nil {
		return nil, nil
	}
	has := func(of func(manifest.Document) bool) bool { return slices.ContainsFunc(s.documents, of) }
	native := func(d manifest.Document) bool { return frontends.For(profile.Kubernetes).Reads(d.Group(), d.Kind) }
	own := func(e profile.Engine) bool {
		return has(func(d manifest.Document) bool { return frontends.For(e).Reads(d.Group(), d.Kind) && !native(d) })
	}
	var engines []profile.Engine
	switch calico, cilium := own(profile.Calico), own(profile.Cilium); {
	case calico && cilium:
		return nil, fmt.Errorf("%s has policies of Calico and of Cilium: say with --profile which of them enforces", s.Name)
	case calico:
		engines = append(engines, profile.Calico)
	case cilium:
		engines = append(engines, profile.Cilium)
	case has(native):
		engines = append(engines, profile.Kubernetes)
	}
	if own(profile.Istio) {
		engines = append(engines, profile.Istio)
	}
	if engines == nil {
		engines = []profile.Engine{profile.Kubernetes}
	}
	var out []profile.Profile
	for _, e := range engines {
		p, err := profile.Of(string(e), "")
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// For makes the intent one for a place: with the facts of a target, and with a
// mesh where the place has one. It changes nothing of manifests.
func (s *Source) For(t *intent.Target) { s.target, s.lowered = t, nil }

// Place gives the profiles of the target that an intent is for; none without a
// target, and of manifests.
func (s *Source) Place() []profile.Profile {
	if s.Config == nil || s.target == nil {
		return nil
	}
	var ignored diag.List // what is wrong with a target is said where it is rendered
	t := Target{Parts: parts(s.target, s.Config.Switches(s.target), &ignored)}
	return t.profiles()
}

// State gives a profile with what an intent states of its engine's settings; of
// manifests it is the same.
func (s *Source) State(p profile.Profile) profile.Profile {
	if s.Config == nil {
		return p
	}
	return Stated(p, s.Config.Switches(s.target))
}

// lower gives the program of an intent, which is worked out once.
func (s *Source) lower() (*ir.Program, diag.List) {
	if s.lowered == nil {
		s.lowered, s.diags = intent.Lower(s.Config, s.target)
	}
	return s.lowered, s.diags
}

// Under makes the source one for the profiles. An intent that is for no target
// gets one where a mesh or a managed cluster has facts of its own; of manifests
// in a mesh the Services say what ports speak.
func (s *Source) Under(profiles []profile.Profile) {
	s.mesh = slices.ContainsFunc(profiles, profile.Profile.IsMesh)
	s.connected = slices.ContainsFunc(profiles, func(p profile.Profile) bool { return p.On("cluster_mesh") })
	s.called = clusterName(profiles)
	managed := slices.ContainsFunc(profiles, func(p profile.Profile) bool { return p.Platform != "" })
	if s.target != nil || !s.mesh && !managed {
		return
	}
	s.For(&intent.Target{})
	for _, p := range profiles {
		engine := intent.At[intent.Engine]{Value: intent.Engine{Name: p.Name()}, Set: true}
		switch { // the first of each is where it is
		case p.IsMesh() && !s.target.Mesh.Set:
			s.target.Mesh = engine
		case !p.IsMesh() && !s.target.CNI.Set:
			s.target.CNI = engine
		}
	}
}

// clusterName is what the profiles say that the cluster is called; "" where they
// say nothing or not the same.
func clusterName(profiles []profile.Profile) string {
	name := ""
	for _, p := range profiles {
		switch stated := p.Switch("cluster_name"); {
		case name == "":
			name = stated
		case stated != "" && stated != name:
			return ""
		}
	}
	return name
}

// Inventory is what the source says of the cluster.
func (s *Source) Inventory() (ir.Inventory, diag.List) {
	if s.Config == nil {
		inv := meshed(s.cluster.Inventory)
		if s.mesh {
			inv = istio.Speaking(inv, s.cluster.Services)
		}
		inv.Facts.ClusterMesh, inv.Facts.ClusterName = s.connected, s.called
		return inv, nil
	}
	p, diags := s.lower()
	return p.Inventory, diags
}

// meshed puts the pods of manifests into the mesh, where there is one, but for
// those that are labelled not to be (istio/istio, manifests/charts/istio-control/
// istio-discovery/files: the injection webhook's selectors; cni/pkg/util: ambient).
func meshed(inv ir.Inventory) ir.Inventory {
	inv.Namespaces, inv.Workloads = slices.Clone(inv.Namespaces), slices.Clone(inv.Workloads)
	out := map[string]bool{}
	for i := range inv.Namespaces {
		n := &inv.Namespaces[i]
		n.Mesh = n.Labels["istio-injection"] != "disabled" && n.Labels["istio.io/dataplane-mode"] != "none"
		out[n.Name] = !n.Mesh
	}
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		labels, _ := w.Pods.Labels.MatchLabels()
		w.Mesh = !out[w.Namespace] && labels["sidecar.istio.io/inject"] != "false" && labels["istio.io/dataplane-mode"] != "none"
	}
	return inv
}

// Policy gives what the source means under the profiles, a CNI's before a
// mesh's, in a cluster with the inventory. An intent means the same under all;
// without profiles it is in a mesh where its target has one.
func (s *Source) Policy(profiles []profile.Profile, inv *ir.Inventory) (sem.Policy, diag.List) {
	if s.Config != nil {
		mesh := slices.ContainsFunc(profiles, profile.Profile.IsMesh)
		if profiles == nil {
			mesh = slices.ContainsFunc(s.Place(), profile.Profile.IsMesh)
		}
		lowered, diags := s.lower()
		p := lowered.Clone()
		p.Inventory = *inv
		staged := intent.StagedMTLS(s.Config, s.target)
		p.MTLS = slices.DeleteFunc(p.MTLS, func(m ir.MTLS) bool { return slices.Contains(staged, m.Origin.Address) })
		p.Index()
		scope := sem.CNI
		if mesh {
			scope = sem.Everything
			if len(profiles) == 1 {
				scope = sem.Mesh
			}
		}
		return sem.Policy{{Program: p, Scope: scope}}, diags
	}
	var out sem.Policy
	var diags diag.List
	for _, f := range profiles {
		p, more := liftLayer(f, profiles, s.documents, inv)
		diags = append(diags, more...)
		scope := sem.CNI
		if f.IsMesh() {
			scope = sem.Mesh
		}
		out = append(out, sem.Layer{Program: p, Scope: scope})
	}
	diags.Sort()
	return out, diags
}

// liftUnder lifts documents under one profile. What is over a bound of the model
// is an error.
func liftUnder(f profile.Profile, docs []manifest.Document, inv *ir.Inventory) (p *ir.Program, diags diag.List) {
	defer func() {
		switch over := recover().(type) {
		case nil:
		case ir.BoundError, set.BoundError:
			err, _ := over.(error)
			p = &ir.Program{Inventory: *inv}
			diags.Add(diag.OverBound, diag.Range{}, "The manifests cannot be read: "+err.Error()+".", "Read less at a time.")
		default:
			panic(over)
		}
	}()
	p, diags = frontends.For(f.Engine).Lift(docs, lift.Options{Profile: f, Inventory: *inv})
	if !diags.HasErrors() {
		diags = append(diags, lift.Lacking(p, f)...)
	}
	return p, diags
}

// Scope gives the flows that the profiles govern, to compare on. The plain API
// leaves everything but TCP, UDP and SCTP open, and only Cilium has
// infrastructure.
func Scope(profiles []profile.Profile) sem.Options {
	has := func(is func(profile.Profile) bool) bool { return slices.ContainsFunc(profiles, is) }
	of := func(e profile.Engine) func(profile.Profile) bool {
		return func(p profile.Profile) bool { return p.Engine == e }
	}
	mesh, cni := has(profile.Profile.IsMesh), has(func(p profile.Profile) bool { return !p.IsMesh() })
	o := sem.Options{Scope: sem.CNI, Plain: len(profiles) > 0 && !has(of(profile.Cilium)), Transports: has(of(profile.Kubernetes))}
	switch {
	case mesh && cni:
		o.Scope = sem.Everything
	case mesh:
		o.Scope, o.Uncaptured = sem.Mesh, uncaptured()
	}
	return o
}

// Merge gives an inventory with what either source declares. Of what both
// declare the second counts.
func Merge(a, b ir.Inventory) ir.Inventory {
	out := b
	namespaces, workloads := map[string]ir.Namespace{}, map[string]ir.Workload{}
	for _, inv := range []ir.Inventory{a, b} {
		for _, n := range inv.Namespaces {
			namespaces[n.Name] = n
		}
		for _, w := range inv.Workloads {
			workloads[w.Namespace+"/"+w.Name] = w
		}
	}
	out.Namespaces = slices.SortedFunc(maps.Values(namespaces), func(x, y ir.Namespace) int { return strings.Compare(x.Address, y.Address) })
	out.Workloads = slices.SortedFunc(maps.Values(workloads), func(x, y ir.Workload) int { return strings.Compare(x.Address, y.Address) })
	f := &out.Facts
	for _, fact := range []struct{ to, from *set.Addresses }{
		{&f.PodCIDRs, &a.Facts.PodCIDRs}, {&f.ServiceCIDRs, &a.Facts.ServiceCIDRs}, {&f.NodeCIDRs, &a.Facts.NodeCIDRs}, {&f.APIServer, &a.Facts.APIServer},
	} {
		if fact.to.IsEmpty() {
			*fact.to = *fact.from
		}
	}
	if f.DNS.Port == 0 {
		f.DNS = a.Facts.DNS
	}
	if f.TrustDomain == "" {
		f.TrustDomain = a.Facts.TrustDomain
	}
	if f.MeshRoot == "" {
		f.MeshRoot = a.Facts.MeshRoot
	}
	f.ClusterMesh = f.ClusterMesh || a.Facts.ClusterMesh
	switch was := a.Facts.ClusterName; {
	case f.ClusterName == "":
		f.ClusterName = was
	case was != "" && was != f.ClusterName:
		f.ClusterName = "" // what is called one way in the one may be another cluster in the other
	}
	return out
}

// OfWorkloads keeps the connections that have a declared workload at an end, if
// any is declared, without what a node sends to its own pods, which none can be
// without.
func OfWorkloads(list []sem.Connection, inv *ir.Inventory) []sem.Connection {
	if len(inv.Workloads) == 0 {
		return list
	}
	var out []sem.Connection
	for _, c := range list {
		source, destination := c.Source.Kind, c.Destination.Kind
		if source != sem.PartyNode && (source == sem.PartyWorkload || destination == sem.PartyWorkload) {
			out = append(out, c)
		}
	}
	return out
}
