package cilium

import (
	"regexp"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// The keys under which Cilium keeps what Kubernetes says of a pod beside its
// labels (cilium/cilium, pkg/k8s/apis/cilium.io/const.go).
const (
	namespaceKey    = "io.kubernetes.pod.namespace"
	namespacePrefix = "io.cilium.k8s.namespace.labels."
	clusterKey      = "io.cilium.k8s.policy.cluster"
	accountKey      = "io.cilium.k8s.policy.serviceaccount"
)

// The sources of labels that a selector may ask for. A key without a source is
// one of any.
const (
	fromAny      = "any"
	fromPods     = "k8s"
	fromReserved = "reserved"
	fromNodes    = "node"
)

// clusterName is the switch that says what the cluster is called.
const clusterName = "cluster_name"

// requirement is one requirement of a selector on the labels of an identity:
// what Cilium knows an endpoint by, whatever its address.
type requirement struct {
	source, key string
	constraint  ir.Constraint
	label       bool // written in matchLabels
	own         bool // added by Cilium: of the own cluster, whatever it is called
}

// parseKey parts a selector's key into source and key
// (pkg/labels/labels.go parseSource).
func parseKey(text string) (source, key string) {
	source, key, ok := strings.Cut(text, ":")
	switch {
	case !ok:
		return fromAny, text
	case source == "":
		return fromAny, key
	}
	return source, key
}

// ofServer reports a requirement on the label of the API server.
func (r requirement) ofServer() bool { return r.source == fromReserved && r.key == apiServer }

// asksFor reports whether a requirement is on the key as pods have it.
func (r *requirement) asksFor(key string) bool {
	return (r.source == fromPods || r.source == fromAny) && r.key == key
}

func (r *requirement) asksForNamespaceLabel() bool {
	return (r.source == fromPods || r.source == fromAny) && strings.HasPrefix(r.key, namespacePrefix)
}

// clusters is the clusters of which a selector takes pods: those of the names,
// or with own this one, whatever it is called.
type clusters struct {
	names ir.Constraint
	own   bool
}

// podsOf gives the pods that satisfy the requirements, in whatever cluster; false
// for none.
func podsOf(reqs []requirement) (ir.Pods, clusters, bool) {
	pods := ir.AllPods()
	var labels, namespace []ir.Requirement
	in := clusters{names: ir.Present()}
	for _, r := range reqs {
		switch {
		case r.source == fromReserved || dropped(r.key):
			if !r.constraint.MatchesAbsent() {
				return ir.Pods{}, in, false
			}
		case r.key == namespaceKey:
			namespace = append(namespace, ir.Requirement{Key: ir.NamespaceName, Constraint: r.constraint.And(ir.Present())})
		case strings.HasPrefix(r.key, namespacePrefix):
			namespace = append(namespace, namespaceLabel(strings.TrimPrefix(r.key, namespacePrefix), r.constraint))
		case r.key == accountKey:
			pods.Account = pods.Account.And(r.constraint)
			if pods.Account.And(ir.Present()).IsEmpty() { // every pod has an account
				return ir.Pods{}, in, false
			}
		case r.key == clusterKey:
			in.names, in.own = in.names.And(r.constraint), in.own || r.own
		default:
			labels = append(labels, ir.Requirement{Key: r.key, Constraint: r.constraint})
		}
	}
	var ok1, ok2 bool
	pods.Labels, ok1 = ir.Select(labels...)
	pods.Namespace, ok2 = ir.Select(namespace...)
	return pods, in, ok1 && ok2 && !in.names.IsEmpty()
}

// namespaceLabel is a requirement on a namespace's label. Every namespace has a
// name, so that a demand for one says nothing.
func namespaceLabel(key string, c ir.Constraint) ir.Requirement {
	if key == ir.NamespaceName {
		c = c.And(ir.Present())
		if c.Equal(ir.Present()) {
			c = ir.Anything()
		}
	}
	return ir.Requirement{Key: key, Constraint: c}
}

// here gives the conditions under which this cluster is one of those that a
// selector asks for; false where it cannot be.
func (l *lifting) here(c clusters) ([]ir.Condition, bool) {
	if name := l.options.Profile.Switch(clusterName); name != "" {
		return nil, c.names.Matches(name)
	}
	if c.names.Equal(ir.Present()) {
		return nil, true
	}
	form, values := c.names.Form()
	atom := "cilium cluster name in {" + strings.Join(values, ",") + "}"
	is := ir.Condition{Atom: atom, Not: form == ir.FormPresentNot, Fact: clusterName}
	return []ir.Condition{is}, form == ir.FormIn || form == ir.FormPresentNot
}

// elsewhere gives the names of the other clusters that a selector asks for;
// false where it asks for none, or none is connected.
func (l *lifting) elsewhere(c clusters) (ir.Constraint, bool) {
	if c.own || !l.meshed() {
		return ir.Constraint{}, false
	}
	others := ir.Present()
	if name := l.options.Profile.Switch(clusterName); name != "" {
		others = others.And(ir.NotOneOf(name))
	}
	names := c.names.And(others)
	if names.Equal(others) {
		names = ir.Anything()
	}
	return names, !names.IsEmpty()
}

// meshed reports whether other clusters are connected.
func (l *lifting) meshed() bool {
	return l.options.Inventory.Facts.ClusterMesh || l.options.Profile.On("cluster_mesh")
}

// podSides gives pods of this cluster and of those that are connected to it.
func (l *lifting) podSides(pods ir.Pods, c clusters) []side {
	var out []side
	if when, some := l.here(c); some {
		out = append(out, side{[]ir.Peer{pods}, when})
	}
	if names, some := l.elsewhere(c); some {
		out = append(out, side{peers: []ir.Peer{ir.RemotePods{Clusters: names, Pods: pods}}})
	}
	return out
}

// endpointKind is endpoints that are not pods, by the one reserved label that
// their identities have (pkg/identity/reserved.go).
type endpointKind struct {
	name string
	peer ir.Peer
}

var reserved = []endpointKind{
	{"host", ir.Nodes{Own: true}},
	{"remote-node", ir.Nodes{Other: true}},
	{"world", ir.External{Addresses: set.AllAddresses()}},
	{"health", ir.Infrastructure{Name: "health"}},
	{"ingress", ir.Infrastructure{Name: "ingress"}},
	{"init", ir.Infrastructure{Name: "init"}},
	{"unmanaged", ir.Infrastructure{Name: "unmanaged"}},
}

// othersOf gives the endpoints beside pods that satisfy the requirements: a
// negative one is satisfied by whatever has no such label, nodes and the
// outside too (cilium/cilium#46949).
func (l *lifting) othersOf(reqs []requirement) []ir.Peer {
	var out []ir.Peer
	for _, e := range reserved {
		if e.name == otherNode.reserved && l.options.Profile.On(nodeLabels) {
			if n, some := labelledNodes(reqs); some {
				out = append(out, n)
			}
			continue
		}
		fits := true
		for _, r := range reqs {
			if r.key == e.name && r.source != fromPods {
				fits = fits && r.constraint.Matches("")
			} else {
				fits = fits && r.constraint.MatchesAbsent()
			}
		}
		if fits {
			out = append(out, e.peer)
		}
	}
	return out
}

// labelledNodes gives the other nodes that satisfy the requirements where their
// identities have the nodes' labels and the cluster's (pkg/node/manager/manager.go
// nodeIdentityLabels).
func labelledNodes(reqs []requirement) (ir.Nodes, bool) {
	var labels []ir.Requirement
	for _, r := range reqs {
		switch {
		case r.key == otherNode.reserved && r.source == fromReserved:
			if !r.constraint.Matches("") {
				return ir.Nodes{}, false
			}
		case r.asksFor(clusterKey) && !r.constraint.And(ir.Present()).IsEmpty():
		case r.source == fromAny:
			labels = append(labels, ir.Requirement{Key: r.key, Constraint: r.constraint})
		case !r.constraint.MatchesAbsent():
			return ir.Nodes{}, false
		}
	}
	s, some := ir.Select(labels...)
	return ir.Nodes{Other: true, Labels: s}, some
}

// The keys that Cilium's default label filter takes into a pod's identity and
// those that it leaves out, as prefixes (pkg/labelsfilter/filter.go
// defaultLabelPrefixCfg). No policy sees what is left out: to a selector, no pod
// has such a label.
var (
	keptKeys = []string{
		namespaceKey, strings.TrimSuffix(namespacePrefix, "."), "app.kubernetes.io", clusterKey, accountKey,
	}
	droppedKeys = regexp.MustCompile(`^(io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index|` +
		`batch\.kubernetes\.io/job-completion-index|batch\.kubernetes\.io/controller-uid|.*?beta\.kubernetes\.io|k8s\.io|` +
		`pod-template-generation|pod-template-hash|controller-revision-hash|controller-uid|annotation|etcd_node|topology\.kubernetes\.io)`)
)

// dropped reports whether the label filter leaves a pod's label out. What is
// kept is no prefix of what is dropped but for the namespace's own key, so that
// the longer prefix wins.
func dropped(key string) bool {
	at := droppedKeys.FindStringIndex(key)
	if at == nil {
		return false
	}
	for _, k := range keptKeys {
		if strings.HasPrefix(key, k) && len(k) > at[1] {
			return false
		}
	}
	return true
}
