package kubernetes

import (
	"fmt"
	"slices"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// policy is documents in a cluster. It is cyclonus's policy twice, because to
// cyclonus an ipBlock is whatever has the address, where the API leaves open
// whether it is pods and nodes: as written, and without any ipBlock.
type policy struct {
	profile   profile.Profile
	cluster   *oracle.Cluster
	selectors selectors
	whole     *matcher.Policy
	blockless *matcher.Policy
	governed  []*v1alpha2.ClusterNetworkPolicy
	apart     bool // something means on the profile what the API does not say
}

// Close does nothing: a policy is in memory.
func (*policy) Close() error { return nil }

// protocols are those that the API has ports of. What becomes of others it
// leaves to whatever enforces it (kubernetes/website, network-policies.md).
var protocols = map[uint8]corev1.Protocol{sem.TCP: corev1.ProtocolTCP, sem.UDP: corev1.ProtocolUDP, sem.SCTP: corev1.ProtocolSCTP}

// Decide decides new connections of TCP, UDP and SCTP between two of pods, nodes
// and what is outside. It does not decide what hangs on whether an ipBlock matches
// pods or nodes where the profile leaves that open; nor traffic of a pod to
// itself or from its own node, which no policy can deny and of which cyclonus
// knows nothing; nor what a ClusterNetworkPolicy governs.
func (p *policy) Decide(f *oracle.Flow) (oracle.Verdict, bool) {
	protocol, ported := protocols[f.Protocol]
	if !ported || p.apart || f.From == f.To || !known(&f.Source) || !known(&f.Destination) {
		return oracle.Verdict{}, false
	}
	out, sure := oracle.Verdict{Allowed: true, Reason: "no policy selects an end"}, true
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		way := p.way(f, d, protocol)
		if way.subject.Kind != sem.Pod {
			continue
		}
		allowed, reason, decided := way.decide()
		switch {
		case !decided:
			sure = false
		case !allowed:
			return oracle.Verdict{Reason: reason}, true
		case reason != "":
			out.Reason = reason
		}
	}
	return out, sure
}

// known reports whether the API has a word for the endpoint.
func known(e *sem.Endpoint) bool { return e.Kind == sem.Pod || e.Kind == sem.External || e.IsNode() }

// way is a flow at one of its ends, which is the subject.
type way struct {
	*policy
	direction     ir.Direction
	subject, peer *sem.Endpoint
	traffic       matcher.Traffic
	names         []string // of the port; "" where it has none
}

func (p *policy) way(f *oracle.Flow, d ir.Direction, protocol corev1.Protocol) *way {
	w := &way{policy: p, direction: d, subject: &f.Source, peer: &f.Destination}
	if d == ir.Ingress {
		w.subject, w.peer = w.peer, w.subject
	}
	w.traffic = matcher.Traffic{
		Source: p.trafficPeer(&f.Source, f.From), Destination: p.trafficPeer(&f.Destination, f.To),
		ResolvedPort: int(f.Port), Protocol: protocol,
	}
	for _, named := range p.cluster.Endpoints[f.To].Ports {
		if named.Protocol == f.Protocol && named.Port == f.Port {
			w.names = append(w.names, named.Name)
		}
	}
	if w.names == nil {
		w.names = []string{""}
	}
	return w
}

// trafficPeer gives an end as cyclonus has them: a node is an address.
func (p *policy) trafficPeer(e *sem.Endpoint, n int) *matcher.TrafficPeer {
	out := &matcher.TrafficPeer{IP: e.Address.String()}
	if e.Kind == sem.Pod {
		pod := &p.cluster.Endpoints[n]
		out.Internal = &matcher.InternalPeer{
			Namespace: pod.Namespace, NamespaceLabels: p.selectors.of(namespaceLabels(pod)), PodLabels: p.selectors.of(pod.Labels),
		}
	}
	return out
}

// decide gives the verdict at the end; false where it is not decided.
func (w *way) decide() (allowed bool, reason string, decided bool) {
	if w.direction == ir.Ingress && w.peer.Kind == sem.OwnNode || w.peer.IsNode() && w.profile.HostNetwork() != nil || w.isGoverned() {
		return false, "", false
	}
	allowed, reason = w.ask(w.whole)
	blocks := "true"
	switch {
	case w.peer.Kind == sem.Pod:
		blocks = w.profile.RangesMatchPods()
	case w.peer.IsNode():
		blocks = w.profile.RangesMatchNodes()
	}
	if blocks == "true" {
		return allowed, reason, true
	}
	without, because := w.ask(w.blockless)
	return without, because, blocks == "false" || without == allowed
}

// ask asks cyclonus, which takes one name of a port, for each of them: rules
// only allow, so that one that matches is enough.
func (w *way) ask(m *matcher.Policy) (allowed bool, reason string) {
	for _, name := range w.names {
		w.traffic.ResolvedPortName = name
		result := m.IsIngressOrEgressAllowed(&w.traffic, w.direction == ir.Ingress)
		if result.IsAllowed() {
			return true, text(w.direction, "allowed", result.AllowingTargets)
		}
		reason = text(w.direction, "denied", result.DenyingTargets)
	}
	return false, reason
}

// text names the policies that decided; "" where none did.
func text(d ir.Direction, what string, targets []*matcher.Target) string {
	var names []string
	for _, t := range targets {
		for _, np := range t.SourceRules {
			names = append(names, np.Namespace+"/"+np.Name)
		}
	}
	if names == nil {
		return ""
	}
	slices.Sort(names)
	return fmt.Sprintf("%s %s by %v", d, what, slices.Compact(names))
}

// isGoverned reports whether a ClusterNetworkPolicy has rules for the subject,
// on an engine that enforces such: one that was not told otherwise.
func (w *way) isGoverned() bool {
	if slices.Contains(w.profile.Stated(), "cluster_network_policy=false") {
		return false
	}
	return slices.ContainsFunc(w.governed, func(o *v1alpha2.ClusterNetworkPolicy) bool {
		if w.direction == ir.Ingress && len(o.Spec.Ingress) == 0 || w.direction == ir.Egress && len(o.Spec.Egress) == 0 {
			return false
		}
		all := namespaceLabels(&oracle.Endpoint{Endpoint: *w.subject})
		if pods := o.Spec.Subject.Pods; pods != nil {
			return selects(&pods.NamespaceSelector, all) && selects(&pods.PodSelector, w.subject.Labels)
		}
		return selects(o.Spec.Subject.Namespaces, all)
	})
}

// selects reports whether a selector that was accepted matches labels.
func selects(s *metav1.LabelSelector, set map[string]string) bool {
	real, err := metav1.LabelSelectorAsSelector(s)
	return err != nil || real.Matches(labels.Set(set))
}
