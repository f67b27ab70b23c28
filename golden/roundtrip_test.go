package golden

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// TestRoundTrips renders every manifest of the corpus for what it is for, and
// for other engines. Each proves exact or is refused by a backend: that the proof
// is what stops it means that a backend takes it for something else. What
// Portolan rendered it renders again, but for what is listed here.
func TestRoundTrips(t *testing.T) {
	total := tally{pairs: map[string]*[2]int{}}
	t.Run("of", func(t *testing.T) {
		for _, c := range cases(t) {
			if c.errorsOnly() {
				continue
			}
			for _, o := range originals(t, c) {
				path := filepath.Join(c.output, o.target.Name+".yaml")
				t.Run(filepath.ToSlash(path), func(t *testing.T) {
					t.Parallel()
					source, diags := pipeline.Open([]string{path}, intent.Options{})
					if diags.HasErrors() {
						t.Fatal(diags)
					}
					roundTrip(t, source, o.profiles(), &o.inventory, &total, o.beneath() || onlyOnce[filepath.ToSlash(path)])
				})
			}
		}
		inputs, err := filepath.Glob(manifestCases)
		if err != nil {
			t.Fatal(err)
		}
		for _, input := range inputs {
			t.Run(filepath.ToSlash(input), func(t *testing.T) {
				t.Parallel()
				source, diags := pipeline.Open([]string{input}, intent.Options{})
				if diags.HasErrors() {
					return // the case is about what is refused
				}
				profiles := profilesOf(t, filepath.Dir(input), source)
				source.Under(profiles)
				inventory, _ := source.Inventory()
				pipeline.Beneath(&inventory.Facts, profiles)
				roundTrip(t, source, profiles, &inventory, &total, true)
			})
		}
	})
	t.Log(&total)
}

// onlyOnce is what Portolan renders of an intent and does not take back.
var onlyOnce = map[string]bool{
	"calico/apiserver-service/calico.yaml": true, // which addresses a Service has is not known
	"cilium/dns-names-lifted/cilium.yaml":  true, // which rules lift a restriction of DNS names is no part of a policy in one level
	"calico/host-endpoints/hosts.yaml":     true, // what a node and its own pods send each other is no part of an intent
}

// beneath reports a CNI below a mesh that wraps connections, or a waypoint: what
// is said of the tunnel or the waypoint is read as what it does to connections,
// which is not told back.
func (o *original) beneath() bool {
	return !o.inventory.Facts.Tunnel.IsNone() ||
		slices.ContainsFunc(o.inventory.Workloads, func(w ir.Workload) bool { _, behind := o.inventory.Behind(&w); return behind })
}

// tally counts, for each pair of formats, what is exact and what is refused.
type tally struct {
	mu    sync.Mutex
	pairs map[string]*[2]int
}

func (n *tally) add(pair string, refused bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pairs[pair] == nil {
		n.pairs[pair] = &[2]int{}
	}
	n.pairs[pair][map[bool]int{false: 0, true: 1}[refused]]++
}

func (n *tally) String() string {
	var out strings.Builder
	for _, pair := range slices.Sorted(maps.Keys(n.pairs)) {
		fmt.Fprintf(&out, "\n%-40s %3d exact %3d refused", pair, n.pairs[pair][0], n.pairs[pair][1])
	}
	return out.String()
}

func roundTrip(t *testing.T, source *pipeline.Source, profiles []profile.Profile, inv *ir.Inventory, total *tally, mayRefuse bool) {
	var versions, engines []string
	for _, p := range profiles {
		versions, engines = append(versions, p.String()), append(engines, string(p.Engine))
	}
	own := strings.Join(versions, "+")
	targets, diags := pipeline.Targets(&intent.Config{}, nil, []string{own, "kubernetes", "calico", "cilium", "istio", "calico+istio", "cilium+istio"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	rendered, diags := pipeline.RenderManifests(source, profiles, targets, inv, pipeline.Options{Now: today})
	if diags.HasErrors() {
		return // refused where it is read
	}
	for _, r := range rendered {
		pair := strings.Join(engines, "+") + " to " + r.Target.Name
		if r.Target.Name == own {
			pair = strings.Join(engines, "+") + " to itself"
		}
		total.add(pair, r.Refused)
		for _, d := range r.Diags {
			if d.Severity == diag.Error && (r.Unproved() || r.Target.Name == own && !mayRefuse) {
				t.Errorf("%s: %s\n%s", pair, d, d.Detail)
			}
		}
	}
}
