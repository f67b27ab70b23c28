// Package cilium is Cilium's own code as an engine: its parser and validation of
// policies, its policy repository, the proxy's configuration that it makes and
// its DNS proxy, of the release that go.mod names.
//
//	p, err := cilium.New().Load(profile, cluster, docs)
//	verdict, decides := p.Decide(&flow)
//
// What is not Go in Cilium is written here after its source: how Envoy's filter
// walks the configuration (proxy.go), which label an address has (identity.go),
// and whose DNS queries a node has seen (learn.go). The datapath in the kernel is
// Cilium's own model of it, EndpointPolicy.Lookup.
package cilium

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Engine is Cilium in the process.
type Engine struct{}

// New gives the engine.
func New() Engine { return Engine{} }

// quiet is Cilium's log, which nobody reads.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// Load gives what the policies among the documents decide: Cilium's own, its
// groups of ranges, and Kubernetes's, ClusterNetworkPolicies where the profile
// has them on. Documents of other kinds are passed over. The error is of a
// profile of another engine, or of what Cilium does not take.
func (Engine) Load(p profile.Profile, c *oracle.Cluster, docs []oracle.Document) (oracle.Policy, error) {
	if p.Engine != profile.Cilium {
		return nil, fmt.Errorf("%s is not Cilium", p)
	}
	process.Lock()
	defer process.Unlock()
	s := settingsOf(p)
	if err := s.declare(); err != nil {
		return nil, err
	}
	l := &loaded{settings: s, cluster: c, numbers: clusterNumbers(c), agents: map[node]*agent{}}
	for _, doc := range docs {
		if err := l.read(doc); err != nil {
			return nil, fmt.Errorf("%s: %w", doc.Source, err)
		}
	}
	l.names, l.beyond = namesIn(l.resources), l.undecided(p)
	return l, nil
}
