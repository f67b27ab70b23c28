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
)

// clusterName is the switch that says what the cluster is called.
const clusterName = "cluster_name"

// requirement is one requirement of a selector on the labels of an identity:
// what Cilium knows an endpoint by, whatever its address.
type requirement struct {
	source, key string
	constraint  ir.Constraint
	label       bool // written in matchLabels
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

// podsOf gives the pods that satisfy the requirements, under conditions where
// the name of the cluster decides; false for none.
func podsOf(reqs []requirement) (ir.Pods, []ir.Condition, bool) {
	pods := ir.AllPods()
	var labels, namespace []ir.Requirement
	cluster := ir.Present()
	for _, r := range reqs {
		switch {
		case r.source == fromReserved || dropped(r.key):
			if !r.constraint.MatchesAbsent() {
				return ir.Pods{}, nil, false
			}
		case r.key == namespaceKey:
			namespace = append(namespace, ir.Requirement{Key: ir.NamespaceName, Constraint: r.constraint.And(ir.Present())})
		case strings.HasPrefix(r.key, namespacePrefix):
			namespace = append(namespace, namespaceLabel(strings.TrimPrefix(r.key, namespacePrefix), r.constraint))
		case r.key == accountKey:
			pods.Account = pods.Account.And(r.constraint)
			if pods.Account.And(ir.Present()).IsEmpty() { // every pod has an account
				return ir.Pods{}, nil, false
			}
		case r.key == clusterKey:
			cluster = cluster.And(r.constraint)
		default:
			labels = append(labels, ir.Requirement{Key: r.key, Constraint: r.constraint})
		}
	}
	var ok1, ok2 bool
	pods.Labels, ok1 = ir.Select(labels...)
	pods.Namespace, ok2 = ir.Select(namespace...)
	conditions, ok3 := inCluster(cluster)
	return pods, conditions, ok1 && ok2 && ok3
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

// inCluster gives the condition that the cluster's own name is one of those
// that a selector asks for; false where none can be.
func inCluster(c ir.Constraint) ([]ir.Condition, bool) {
	if c.Equal(ir.Present()) {
		return nil, true
	}
	form, values := c.Form()
	atom := "cilium cluster name in {" + strings.Join(values, ",") + "}"
	is := ir.Condition{Atom: atom, Not: form == ir.FormPresentNot, Fact: clusterName}
	return []ir.Condition{is}, form == ir.FormIn || form == ir.FormPresentNot
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
func othersOf(reqs []requirement) []ir.Peer {
	var out []ir.Peer
	for _, e := range reserved {
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
