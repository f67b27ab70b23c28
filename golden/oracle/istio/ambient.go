package istio

import (
	"net/netip"
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/istio/ztunnel"
	"github.com/portolan-dev/portolan/ir/sem"

	meshv1alpha1 "istio.io/api/mesh/v1alpha1"
	securityclient "istio.io/client-go/pkg/apis/security/v1"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/serviceregistry/ambient"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/kube/krt"
	"istio.io/istio/pkg/workloadapi/security"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// nodes is what istiod tells the ztunnels.
type nodes struct {
	settings *ambient.MeshConfig
	stop     chan struct{}
	peers    krt.Collection[*securityclient.PeerAuthentication]
	policies krt.Collection[model.WorkloadAuthorization]
	all      []model.WorkloadAuthorization
}

// newNodes gives the policies to the part of istiod that serves ztunnels. They are
// read as its informers read them, which keeps selectors of nothing and selectors
// without labels apart.
func newNodes(settings *meshv1alpha1.MeshConfig, docs []oracle.Document) (*nodes, error) {
	n := &nodes{settings: &ambient.MeshConfig{MeshConfig: settings}, stop: make(chan struct{})}
	var policies []*securityclient.AuthorizationPolicy
	var peers []*securityclient.PeerAuthentication
	for _, d := range docs {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(d.Text, &kind); err != nil {
			return nil, err
		}
		var object metav1.Object
		switch kind.GroupVersionKind().GroupKind() {
		case gvk.AuthorizationPolicy.Kubernetes().GroupKind():
			policies = append(policies, &securityclient.AuthorizationPolicy{})
			object = policies[len(policies)-1]
		case gvk.PeerAuthentication.Kubernetes().GroupKind():
			peers = append(peers, &securityclient.PeerAuthentication{})
			object = peers[len(peers)-1]
		default:
			continue
		}
		if err := yaml.Unmarshal(d.Text, object); err != nil {
			return nil, err
		}
		object.SetCreationTimestamp(metav1.NewTime(created))
	}
	options := krt.NewOptionsBuilder(n.stop, "", nil)
	n.peers = krt.NewStaticCollection(nil, peers, options.WithName("peers")...)
	_, n.policies = ambient.PolicyCollections(
		krt.NewStaticCollection(nil, policies, options.WithName("policies")...), n.peers, krt.NewStatic(n.settings, true, options.WithName("mesh")...),
		krt.NewStaticCollection[ambient.Waypoint](nil, nil, options.WithName("waypoints")...), options, ambient.FeatureFlags{})
	n.policies.WaitUntilSynced(n.stop)
	n.all = n.policies.List()
	return n, nil
}

// policiesOf gives the policies that ztunnel holds a connection to a pod against:
// those of everybody, of the namespace, and those that the pod has by name
// (istio/ztunnel, src/state.rs, get_policies_for_workload).
func (n *nodes) policiesOf(namespace string, labels map[string]string) []*security.Authorization {
	if len(labels) == 0 {
		labels = nil // as istiod reads a pod without any
	}
	attached := buildWorkloadPolicies(krt.TestingDummyContext{}, n.policies, n.peers, n.settings, labels, namespace)
	var out []*security.Authorization
	for _, w := range n.all {
		p := w.Authorization
		if p == nil {
			continue
		}
		if p.GetScope() == security.Scope_GLOBAL || p.GetScope() == security.Scope_NAMESPACE && p.GetNamespace() == namespace ||
			p.GetScope() == security.Scope_WORKLOAD_SELECTOR && slices.Contains(attached, p.GetNamespace()+"/"+p.GetName()) {
			out = append(out, p)
		}
	}
	return out
}

// unlabelled marks verdicts on pods to which istiod attaches what selects others
// (see Argued).
const unlabelled = "for a pod without labels"

// ambient decides at the destination's ztunnel and, where that does not let the
// sender in, on the way through the waypoint of a Service in front of the pod.
// What the pod's node itself sends is not handed to ztunnel (istio/istio,
// cni/pkg/iptables/iptables.go).
func (p *policy) ambient(f *oracle.Flow, to *oracle.Endpoint) (oracle.Verdict, bool) {
	if f.Source.Kind == sem.OwnNode {
		return oracle.Verdict{Allowed: true, Reason: "ztunnel does not see it"}, true
	}
	policies := p.ztunnel.policiesOf(to.Namespace, to.Labels)
	by := "ztunnel: "
	if len(to.Labels) == 0 {
		by = "ztunnel, " + unlabelled + ": "
	}
	passes, why := ztunnel.Passes(policies, &ztunnel.Connection{Source: f.Source.Address, Destination: f.Destination.Address, Port: f.Port, Identity: p.identity(f)})
	if passes || !f.Authenticated {
		return oracle.Verdict{Allowed: passes, Reason: by + why}, true
	}
	for _, s := range p.services(to) {
		v, decided := p.through(f, to, s, policies)
		if !decided || v.Allowed {
			return v, decided
		}
		if v.Reason != "" {
			why += "; " + v.Reason
		}
	}
	return oracle.Verdict{Reason: by + why}, true
}

// through decides on the way through a Service's waypoint: the waypoint judges
// the sender at the Service's port, and the ztunnel of the pod the waypoint. The
// zero verdict is for no such way.
func (p *policy) through(f *oracle.Flow, to *oracle.Endpoint, s *oracle.Service, policies []*security.Authorization) (oracle.Verdict, bool) {
	if s.Waypoint == "" {
		return oracle.Verdict{}, true
	}
	var out oracle.Verdict
	for _, q := range s.Ports {
		if q.Port != f.Port || q.Protocol != sem.TCP {
			continue
		}
		from := p.waypointPod(s, f.Destination.Address.Is4())
		from.Port = f.Port
		from.Destination = f.Destination.Address
		if passes, why := ztunnel.Passes(policies, from); !passes {
			out = oracle.Verdict{Reason: "waypoint " + s.Waypoint + " at ztunnel: " + why}
			continue
		}
		x, err := p.waypointOf(s)
		if err != nil {
			return oracle.Verdict{}, false
		}
		c := p.connection(f, servicePort(q))
		c.Destination = netip.Addr{} // it is the Service's there, which none of the cluster's has
		v, decided := x.decide(c, f, spoken(q))
		v.Reason = "waypoint " + s.Waypoint + ": " + v.Reason
		if !decided || v.Allowed {
			return v, decided
		}
		out = v
	}
	return out, true
}

// waypointPod gives what ztunnel sees of a Service's waypoint: the account and an
// address of its pod. One that is no endpoint of the cluster has the account that
// istiod makes for a Gateway, of its name, and no address.
func (p *policy) waypointPod(s *oracle.Service, v4 bool) *ztunnel.Connection {
	id := &ztunnel.Identity{TrustDomain: p.mesh().GetTrustDomain(), Namespace: s.Namespace, Account: s.Waypoint}
	out := &ztunnel.Connection{Identity: id}
	for i := range p.cluster.Endpoints {
		e := &p.cluster.Endpoints[i]
		if e.Kind != sem.Pod || e.Namespace != s.Namespace || e.Labels[waypointLabel] != s.Waypoint {
			continue
		}
		id.Account = account(&e.Endpoint)
		for _, a := range e.Addresses {
			if a.Is4() == v4 {
				out.Source = a
			}
		}
		break
	}
	return out
}
