package cilium

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	k8s "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Cilium matches identities, which are sets of labels under a number. The number
// says more than it seems to: by its range the datapath aggregates identities
// (pkg/policy/aggregate.go), and those of pods have their cluster's number in it.
const (
	firstPod   = 1000 // what is below 256 is reserved
	ownCluster = 0
	clusterBit = 16
)

// podIdentity gives the identity of the pod that is the nth endpoint. Pods of
// equal labels have identities of their own, as they do where their named ports
// differ (cilium/cilium, pkg/k8s/labels.go NamedPortsIdentityLabels).
func podIdentity(n int, e *sem.Endpoint, in string, number int) *identity.Identity {
	id := identity.NumericIdentity(firstPod + n | number<<clusterBit)
	return identity.NewIdentity(id, podLabels(e, in))
}

// podLabels gives the labels of a pod that its identity has, which the agent
// keeps of those that Kubernetes knows.
func podLabels(e *sem.Endpoint, cluster string) labels.Labels {
	namespace := &slim.ObjectMeta{Name: e.Namespace, Labels: map[string]string{ir.NamespaceName: e.Namespace}}
	maps.Copy(namespace.Labels, e.NamespaceLabels)
	all := labels.Map2Labels(k8s.SanitizePodLabels(e.Labels, namespace, e.Account, cluster), labels.LabelSourceK8s)
	known, _ := labelsfilter.Filter(all)
	return known
}

// hostLabels gives the labels of the own node: those that it has as a peer, and
// with its own labels those that it is governed by (pkg/endpoint/endpoint.go
// InitWithNodeLabels).
func hostLabels(e *sem.Endpoint, own bool) labels.Labels {
	out := labels.NewFrom(labels.LabelHost)
	if own {
		known, _ := labelsfilter.Filter(labels.Map2Labels(e.Labels, labels.LabelSourceK8s))
		out.MergeLabels(known)
	}
	return withServer(out, e)
}

// labelsOfNode gives the labels of another node (pkg/node/manager/manager.go
// nodeIdentityLabels).
func (s *settings) labelsOfNode(e *sem.Endpoint) labels.Labels {
	out := labels.NewFrom(labels.LabelRemoteNode)
	if s.nodeLabels {
		known, _ := labelsfilter.FilterNodeLabels(labels.Map2Labels(e.Labels, labels.LabelSourceNode))
		out.MergeLabels(known)
		out.MergeLabels(labels.Map2Labels(map[string]string{"io.cilium.k8s.policy.cluster": s.cluster}, labels.LabelSourceK8s))
	}
	return withServer(out, e)
}

// withServer adds the label of what the API server runs on.
func withServer(l labels.Labels, e *sem.Endpoint) labels.Labels {
	if e.APIServer {
		l.MergeLabels(labels.LabelKubeAPIServer)
	}
	return l
}

// outsideLabels gives the labels of an address outside: what it is a part of, the
// groups of ranges that have it, and the names under which a node has learnt it
// (pkg/ipcache/metadata.go mergeLabels and resolveLabels). That the address is
// labelled itself and not with the longest range that some policy has is the
// same, as policies are matched by containment.
func (l *loaded) outsideLabels(e *sem.Endpoint, learnt []api.FQDNSelector) labels.Labels {
	own := netip.PrefixFrom(e.Address, e.Address.BitLen())
	out := labels.GetCIDRLabels(own)
	for _, g := range l.groupsWith(e.Address) {
		for k, label := range g {
			if _, has := out[k]; !has {
				out[k] = label
			}
		}
	}
	for _, n := range learnt {
		label := n.IdentityLabel()
		out[label.Key] = label
	}
	return withServer(out, e)
}

// groupsWith gives the labels of every group that has an address, those of longer
// ranges first (pkg/policy/k8s/cilium_cidr_group.go cidrsAndLabelsForCIDRGroup).
func (l *loaded) groupsWith(a netip.Addr) []labels.Labels {
	type found struct {
		bits   int
		labels labels.Labels
	}
	var all []found
	for _, g := range l.groups {
		for _, text := range g.Spec.ExternalCIDRs {
			p, err := netip.ParsePrefix(string(text))
			if err == nil && p.Contains(a) {
				all = append(all, found{p.Bits(), groupLabels(g)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return b.bits - a.bits })
	var out []labels.Labels
	for _, f := range all {
		out = append(out, f.labels)
	}
	return out
}

func groupLabels(g *v2.CiliumCIDRGroup) labels.Labels {
	out := labels.Labels{}
	for k, v := range k8s.RemoveCiliumLabels(g.Labels) {
		label := labels.NewLabel(k, v, labels.LabelSourceCIDRGroup)
		encoded := labels.EncodedCIDRGroupLabel(label.Key, label.Value, label.Source)
		out[label.Key], out[encoded.Key] = label, encoded
	}
	ref := api.LabelForCIDRGroupRef(g.Name)
	out[ref.Key] = ref
	return out
}

// clusterNumbers gives the other clusters of a cluster numbers of their own.
func clusterNumbers(c *oracle.Cluster) map[string]int {
	var names []string
	for i := range c.Endpoints {
		if e := &c.Endpoints[i]; e.Kind == sem.Remote {
			names = append(names, e.Cluster)
		}
	}
	slices.Sort(names)
	out := map[string]int{}
	for i, name := range slices.Compact(names) {
		out[name] = ownCluster + 1 + i
	}
	return out
}
