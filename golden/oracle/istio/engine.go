// Package istio is Istio's own code as an engine: its admission, istiod's
// selection of policies for a pod, its builder of Envoy's filters and its
// conversion of policies for ztunnel.
//
// What istiod makes is then decided by, in packages envoy and ztunnel, since
// neither proxy is written in Go. Nothing but policies is looked at: no routes,
// and of Services which pods and waypoints they lead to and what they say that
// ports speak.
package istio

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/profile"

	meshv1alpha1 "istio.io/api/mesh/v1alpha1"
	securityv1beta1 "istio.io/api/security/v1beta1"
	"istio.io/istio/pilot/pkg/config/memory"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/log"
)

// Engine is Istio with sidecars or in ambient mode, as the profile of a Load says.
type Engine struct{}

// New gives the engine, which keeps no state.
func New() *Engine { return &Engine{} }

var _ oracle.Engine = (*Engine)(nil)

// created is the age of everything: manifests have none. Of two objects for the
// same thing the first by name then counts.
var created = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Load gives the policies of Istio's kinds among the documents to an istiod. Its
// settings are those that Istio ships with, but for the cluster's trust domain and
// root namespace.
func (*Engine) Load(p profile.Profile, c *oracle.Cluster, docs []oracle.Document) (oracle.Policy, error) {
	quiet()
	settings := mesh.DefaultMeshConfig()
	if c.TrustDomain != "" {
		settings.TrustDomain = c.TrustDomain
	}
	if c.MeshRoot != "" {
		settings.RootNamespace = c.MeshRoot
	}
	store := memory.MakeSkipValidation(collections.Pilot)
	for _, d := range docs {
		one, _, err := admit(d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Source, err)
		}
		if one == nil {
			continue
		}
		one.CreationTimestamp = created
		withKeys(one)
		if _, err := store.Create(*one); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Source, err)
		}
	}
	env := &model.Environment{ConfigStore: store, Watcher: meshwatcher.NewTestWatcher(settings)}
	push := model.NewPushContext()
	push.Mesh = settings
	push.AuthzPolicies = model.GetAuthorizationPolicies(env)
	push.AuthnPolicies = initAuthenticationPolicies(env)
	out := &policy{profile: p, cluster: c, push: push, proxies: map[proxyKey]*proxy{}}
	if p.Engine == profile.IstioAmbient {
		var err error
		if out.ztunnel, err = newNodes(settings, docs); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// quiet silences what istiod logs of its work.
var quiet = sync.OnceFunc(func() {
	for _, s := range log.Scopes() {
		s.SetOutputLevel(log.ErrorLevel)
	}
})

// withKeys puts keys in the place of the addresses at which istiod would look for
// them.
func withKeys(c *config.Config) {
	spec, is := c.Spec.(*securityv1beta1.RequestAuthentication)
	if !is {
		return
	}
	for _, rule := range spec.GetJwtRules() {
		rule.JwksUri, rule.Jwks = "", model.PublicOnlyJwks
	}
}

// policy is what was loaded.
type policy struct {
	profile profile.Profile
	cluster *oracle.Cluster
	push    *model.PushContext
	proxies map[proxyKey]*proxy
	ztunnel *nodes // nil with sidecars
}

func (p *policy) mesh() *meshv1alpha1.MeshConfig { return p.push.Mesh }

// Close ends istiod's goroutines.
func (p *policy) Close() error {
	if p.ztunnel != nil {
		close(p.ztunnel.stop)
	}
	return nil
}

// services gives the Services whose selector a pod's labels fit.
func (p *policy) services(e *oracle.Endpoint) []*oracle.Service {
	var out []*oracle.Service
	for i := range p.cluster.Services {
		s := &p.cluster.Services[i]
		if s.Namespace != e.Namespace || len(s.Selector) == 0 {
			continue
		}
		if !slices.ContainsFunc(pairs(s.Selector), func(kv [2]string) bool { return e.Labels[kv[0]] != kv[1] }) {
			out = append(out, s)
		}
	}
	return out
}
