package cilium

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/envoy"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/fqdn/dnsproxy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
	portmap "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
	npds "github.com/cilium/proxy/go/cilium/api"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// node is what one node's agent sees otherwise than others' do: what it is
// itself, and whose DNS it has seen.
type node struct {
	id     string // of Endpoint.Node; "" where no policy has names
	server bool   // the API server runs on it
	labels string // where the node itself is asked about
}

// agent is Cilium on one node.
type agent struct {
	*loaded
	node     node
	host     *identity.Identity
	repo     *policy.Repository
	ports    namedPorts
	known    map[netip.Addr]identity.NumericIdentity // addresses outside, by what they are
	subjects map[identity.NumericIdentity]*subject
	dns      *dnsproxy.DNSProxy
	learnt   map[string]bool // names, whether some pod of the node asks for them
}

// namedPorts is the ports of all identities.
type namedPorts interface {
	portmap.NamedPortMultiMap
	Update(identity.NumericIdentity, portmap.NamedPortMap, portmap.NamedPortMap) bool
}

// GetNamedPorts makes an agent what the repository asks for ports by name.
func (a *agent) GetNamedPorts() portmap.NamedPortMultiMap { return a.ports }

// noNames stands for the manager of DNS names: what is learnt is labelled here.
type noNames struct{}

func (noNames) RegisterFQDNSelector(api.FQDNSelector) uint64   { return 0 }
func (noNames) UnregisterFQDNSelector(api.FQDNSelector) uint64 { return 0 }

type noMetrics struct{}

func (noMetrics) AddRule(types.PolicyEntry) {}
func (noMetrics) DelRule(types.PolicyEntry) {}

// newAgent gives the agent of a node with the policies that were read, the
// identities of all endpoints but those outside, and itself as its host.
func (l *loaded) newAgent(n node, host *sem.Endpoint) (*agent, error) {
	reserved := identity.ListReservedIdentities()
	seen := identity.NewIdentity(identity.ReservedIdentityHost, hostLabels(host, false))
	reserved[seen.ID] = seen.LabelArray
	translator := envoypolicy.NewEnvoyL7RulesTranslator(quiet, nil)
	a := &agent{
		loaded: l, node: n,
		host:     identity.NewIdentity(identity.ReservedIdentityHost, hostLabels(host, true)),
		repo:     policy.NewPolicyRepository(quiet, reserved, nil, translator, identitymanager.NewIDManager(quiet), noMetrics{}),
		ports:    portmap.NewNamedPortMultiMap(),
		known:    map[netip.Addr]identity.NumericIdentity{},
		subjects: map[identity.NumericIdentity]*subject{},
		learnt:   map[string]bool{},
		dns:      dnsproxy.NewDNSProxy(dnsproxy.DNSProxyConfig{Logger: quiet}, nil, nil),
	}
	a.repo.GetSelectorCache().SetLocalIdentityNotifier(noNames{})
	a.repo.UpdateIdentities(reserved, nil)
	a.repo.SetNamedPortsGetter(a)
	if err := a.populate(); err != nil {
		return nil, err
	}
	for _, r := range l.resources {
		a.repo.ReplaceByResource(r.entries, r.id)
	}
	// What has names comes last: servers of DNS may be among the rest.
	for _, named := range []bool{false, true} {
		if err := a.meet(named); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// meet adds the identities of what is outside, with names or without.
func (a *agent) meet(named bool) error {
	for i := range a.cluster.Endpoints {
		e := &a.cluster.Endpoints[i]
		if e.Kind != sem.External || named != (len(e.Names) > 0) {
			continue
		}
		for _, address := range e.Addresses {
			one := e.Endpoint
			one.Address = address
			if _, err := a.outside(&one); err != nil {
				return err
			}
		}
	}
	return nil
}

// populate adds the identities of pods and of nodes.
func (a *agent) populate() error {
	all := identity.IdentityMap{}
	for i := range a.cluster.Endpoints {
		e := &a.cluster.Endpoints[i]
		id := a.identityOf(i)
		if id == nil {
			continue
		}
		all[id.ID] = id.LabelArray
		ports, err := portsOf(e)
		if err != nil {
			return err
		}
		a.ports.Update(id.ID, nil, ports)
	}
	a.add(all)
	return nil
}

// portsOf gives the ports that a pod has names for. Of a name that stands twice
// the last counts (pkg/k8s/labels.go GetPodMetadata).
func portsOf(e *oracle.Endpoint) (portmap.NamedPortMap, error) {
	out := portmap.NamedPortMap{}
	for _, p := range e.Ports {
		if err := out.AddPort(p.Name, int(p.Port), u8proto.U8proto(p.Protocol).String()); err != nil {
			return nil, fmt.Errorf("%s: %w", e.ID, err)
		}
	}
	return out, nil
}

func (a *agent) add(all identity.IdentityMap) {
	var wait sync.WaitGroup
	a.repo.GetSelectorCache().UpdateIdentities(all, nil, &wait)
	wait.Wait()
	a.repo.UpdateIdentities(all, nil)
}

// identityOf gives the identity of an endpoint that is known by its index: a pod
// of this cluster or of another, or a node that has one of its own; nil for what
// has a reserved one or is outside.
func (l *loaded) identityOf(n int) *identity.Identity {
	switch e := &l.cluster.Endpoints[n]; {
	case e.Kind == sem.Pod:
		return podIdentity(n, &e.Endpoint, l.settings.cluster, ownCluster)
	case e.Kind == sem.Remote:
		return podIdentity(n, &e.Endpoint, e.Cluster, l.numbers[e.Cluster])
	case e.IsNode() && l.settings.nodeLabels:
		return identity.NewIdentity(identity.IdentityScopeRemoteNode+identity.NumericIdentity(n), l.settings.labelsOfNode(&e.Endpoint))
	}
	return nil
}

// peer gives the identity by which the agent knows an end of a flow. n is its
// index, which does not matter of what is outside.
func (a *agent) peer(e *sem.Endpoint, n int) (identity.NumericIdentity, error) {
	switch e.Kind {
	case sem.Pod, sem.Remote:
		return a.identityOf(n).ID, nil
	case sem.OwnNode:
		return identity.ReservedIdentityHost, nil
	case sem.OtherNode:
		if a.settings.nodeLabels {
			return a.identityOf(n).ID, nil
		}
		if e.APIServer {
			return identity.ReservedIdentityKubeAPIServer, nil
		}
		return identity.ReservedIdentityRemoteNode, nil
	case sem.Infrastructure:
		return identity.GetReservedID(e.Name), nil
	case sem.External:
		return a.outside(e)
	}
	return 0, errors.New("no such end")
}

// outside gives the identity of an address outside, a new one where it has none.
func (a *agent) outside(e *sem.Endpoint) (identity.NumericIdentity, error) {
	if !e.Address.IsValid() {
		return 0, errors.New("an end outside has no address")
	}
	if id, ok := a.known[e.Address]; ok {
		return id, nil
	}
	learnt, err := a.namesOf(e)
	if err != nil {
		return 0, err
	}
	n := identity.IdentityScopeLocal + identity.NumericIdentity(1+len(a.known))
	id := identity.NewIdentity(n, a.outsideLabels(e, learnt))
	a.known[e.Address] = id.ID
	a.add(identity.IdentityMap{id.ID: id.LabelArray})
	a.forget()
	return id.ID, nil
}

// forget drops the policies that were computed, which do not know new identities.
func (a *agent) forget() {
	for _, s := range a.subjects {
		s.drop()
	}
	clear(a.subjects)
}

// subject is an endpoint with the policy that is computed for it.
type subject struct {
	policy *policy.EndpointPolicy
	proxy  *npds.NetworkPolicy
	dns    uint64 // what the DNS proxy knows it by
	drop   func()
}

// subjectOf computes the policy of an endpoint. The error is what Cilium cannot
// compute, so that a real agent keeps the policy that the endpoint had.
func (a *agent) subjectOf(id *identity.Identity, e *oracle.Endpoint) (*subject, error) {
	if s := a.subjects[id.ID]; s != nil {
		return s, nil
	}
	computed, _, err := a.repo.ComputeSelectorPolicy(id)
	if err != nil {
		return nil, err
	}
	ports, err := portsOf(e)
	if err != nil {
		return nil, err
	}
	o := &owner{id: uint64(id.ID), host: id.ID == identity.ReservedIdentityHost, ports: ports}
	p := computed.DistillPolicy(quiet, o, map[string]uint16{policy.FallbackRedirectID: proxyPort})
	s := &subject{policy: p, dns: o.id}
	s.proxy = envoy.GetNetworkPolicy(o, computed.GetEgressNamedPorts, p.GetPolicySelectors(), o.GetPolicyNames(), &p.SelectorPolicy.L4Policy,
		p.SelectorPolicy.IngressPolicyEnabled, p.SelectorPolicy.EgressPolicyEnabled, false, true, "", quiet, envoypolicy.NewEnvoyL7RulesTranslator(quiet, nil))
	if err := s.proxy.Validate(); err != nil {
		return nil, err
	}
	if err := a.feed(s); err != nil {
		return nil, err
	}
	s.drop = func() {
		p.Detach(quiet) // it does what Ready would have done
		computed.Supersede()
	}
	a.subjects[id.ID] = s
	return s, nil
}

// proxyPort stands for that of every proxy.
const proxyPort = 65535

// owner is an endpoint as the policy code asks about it.
type owner struct {
	id    uint64
	host  bool
	ports portmap.NamedPortMap
}

func (o *owner) GetID() uint64            { return o.id }
func (o *owner) IsHost() bool             { return o.host }
func (o *owner) GetPolicyNames() []string { return []string{fmt.Sprint(o.id)} }
func (o *owner) GetIPv4Address() string   { return "" }
func (o *owner) GetIPv6Address() string   { return "" }

// GetIngressNamedPort gives the endpoint's own port of a name.
func (o *owner) GetIngressNamedPort(name string, p u8proto.U8proto) uint16 {
	port, err := o.ports.GetNamedPort(name, p)
	if err != nil {
		return 0 // it has none
	}
	return port
}

func (*owner) GetListenerProxyPort(string) uint16 { return 0 }
func (*owner) OnProxyPolicyUpdate(uint64)         {}
func (*owner) PolicyDebug(string, ...any)         {}

func (*owner) UpdateProxyStatistics(string, string, uint16, uint16, bool, bool, accesslog.FlowVerdict) {
}

// PreviousMapState gives none: every policy is computed anew.
func (*owner) PreviousMapState() *policy.MapState { return &policy.MapState{} }

// RegenerateIfAlive does nothing: identities that come later drop the policy.
func (*owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
