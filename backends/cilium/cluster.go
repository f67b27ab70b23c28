package cilium

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// clusterKey is the key of the name of the cluster that a pod is of.
const clusterKey = "io.cilium.k8s.policy.cluster"

// meshed reports whether other clusters are connected.
func (l *lowering) meshed() bool {
	return l.program.Inventory.Facts.ClusterMesh || l.target.Profile.On("cluster_mesh")
}

// pods adds pods of this cluster. From 1.19 on a selector is for them unless it
// asks for clusters (policy-default-local-cluster); before, it has those of every
// cluster that is connected.
func (l *lowering) pods(to *layer3, p ir.Pods, r *ir.Rule) *refusal {
	if l.everywhere(p, r) {
		return l.inClusters(to, p, ir.Present())
	}
	if l.target.Profile.Version.AtLeast(1, 19) || !l.meshed() {
		return l.inClusters(to, p, ir.Anything())
	}
	name, ref := l.clusterName("before 1.19 a selector of Cilium is for the pods of every connected cluster, and that of the own one has to be named to keep to it")
	if ref != nil {
		return ref
	}
	return l.inClusters(to, p, ir.OneOf(name))
}

// remotePods adds pods of other clusters.
func (l *lowering) remotePods(to *layer3, p ir.RemotePods, r *ir.Rule) *refusal {
	if p.Clusters.IsAnything() && l.everywhere(p.Pods, r) {
		return nil // with those of this one
	}
	name, ref := l.clusterName("pods of other clusters are those with another cluster's name, and what this one is called is not known")
	if ref != nil {
		return ref
	}
	clusters := p.Clusters.And(ir.Present()).And(ir.NotOneOf(name))
	if clusters.IsEmpty() {
		return &refusal{diag.CannotSay, "this cluster is the one that is called " + name + " itself", "Name the namespace as one of this cluster, without `cluster`."}
	}
	return l.inClusters(to, p.Pods, clusters)
}

// everywhere reports whether a rule is for the same pods of this cluster and of
// all others.
func (l *lowering) everywhere(p ir.Pods, r *ir.Rule) bool {
	if r.Peers.IsAny() { // which governed takes apart
		return p.IsAll() && l.meshed()
	}
	remote, _ := r.Peers.Remote()
	there := slices.ContainsFunc(remote, func(q ir.RemotePods) bool { return q.Clusters.IsAnything() && q.Pods.Equal(p) })
	return there && slices.ContainsFunc(r.Peers.Pods(), p.Equal)
}

func (l *lowering) clusterName(why string) (string, *refusal) {
	if name := l.target.Profile.Switch("cluster_name"); name != "" {
		return name, nil
	}
	return "", &refusal{diag.NeedsSwitch, why, "State its name (cluster.name of the Helm chart): `switches = { cluster_name = \"east\" }` in the target."}
}

// inClusters adds pods of the clusters with a name that fits; of Anything those
// that a selector without a cluster has.
func (l *lowering) inClusters(to *layer3, p ir.Pods, clusters ir.Constraint) *refusal {
	s, ref := selectors(p, true, ir.Requirement{Key: source + clusterKey, Constraint: clusters})
	to.endpoints = append(to.endpoints, s...)
	return ref
}
