package cilium

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// The keys under which Cilium keeps what Kubernetes says of a pod beside its
// labels (pkg/k8s/apis/cilium.io/const.go). Without the source prefix a key
// would also match labels of other sources.
const (
	source          = "k8s:"
	namespaceKey    = "io.kubernetes.pod.namespace"
	namespacePrefix = "io.cilium.k8s.namespace.labels."
	accountKey      = "io.cilium.k8s.policy.serviceaccount"
)

// subjectSelectors gives the endpoint selectors of a subject, more than one
// where it is a union. namespace is that of the object: a CiliumNetworkPolicy
// is confined to its own anyway, and a namespace in its selector would be
// overwritten (pkg/k8s/apis/cilium.io/utils/utils.go).
func subjectSelectors(pods ir.Pods, namespace string) ([]api.EndpointSelector, *refusal) {
	if namespace != "" {
		pods.Namespace = pods.Namespace.Without(ir.NamespaceName)
		return selectors(pods, false)
	}
	return selectors(pods, true)
}

// selectors gives the union of label selectors that is a set of pods. With
// confine they name the namespace or demand that there is one: a selector of
// negative requirements only would match nodes and the outside as well, and
// one without a namespace would be confined to that of the policy
// (pkg/k8s/apis/cilium.io/utils/utils.go getEndpointSelector). more is what they
// ask for beside.
func selectors(pods ir.Pods, confine bool, more ...ir.Requirement) ([]api.EndpointSelector, *refusal) {
	var reqs []ir.Requirement
	for _, r := range more {
		if !r.Constraint.IsAnything() {
			reqs = append(reqs, r)
		}
	}
	named := false
	for _, r := range pods.Namespace.Requirements() {
		key := namespacePrefix + r.Key
		if r.Key == ir.NamespaceName {
			// Every namespace has a name, so that a demand for one changes nothing.
			key, named = namespaceKey, true
			r.Constraint = r.Constraint.And(ir.Present())
		} else if ref := sayableKey(key, "namespace label", r.Key); ref != nil {
			return nil, ref
		}
		reqs = append(reqs, ir.Requirement{Key: source + key, Constraint: r.Constraint})
	}
	if confine && !named {
		reqs = append(reqs, ir.Requirement{Key: source + namespaceKey, Constraint: ir.Present()})
	}
	for _, r := range pods.Labels.Requirements() {
		if ref := sayableKey(r.Key, "pod label", r.Key); ref != nil {
			return nil, ref
		}
		reqs = append(reqs, ir.Requirement{Key: source + r.Key, Constraint: r.Constraint})
	}
	if !pods.Account.IsAnything() {
		if ref := sayableAccounts(pods.Account); ref != nil {
			return nil, ref
		}
		reqs = append(reqs, ir.Requirement{Key: source + accountKey, Constraint: pods.Account})
	}
	slices.SortFunc(reqs, func(a, b ir.Requirement) int { return strings.Compare(a.Key, b.Key) })
	return unionOf(reqs)
}

// unionOf gives the selectors whose union satisfies every requirement: where
// absence or one of some values will do, both ways are tried.
func unionOf(reqs []ir.Requirement) ([]api.EndpointSelector, *refusal) {
	ways := [][]ir.Requirement{nil}
	for _, r := range reqs {
		if r.Constraint.IsEmpty() {
			return nil, &refusal{diag.CannotSay, "no pod fits " + r.String(), "Remove the rule, or correct the selector."}
		}
		alternatives := []ir.Constraint{r.Constraint}
		if form, values := r.Constraint.Form(); form == ir.FormAbsentOr {
			alternatives = []ir.Constraint{ir.Absent(), ir.OneOf(values...)}
		}
		var next [][]ir.Requirement
		for _, way := range ways {
			for _, c := range alternatives {
				next = append(next, append(slices.Clone(way), ir.Requirement{Key: r.Key, Constraint: c}))
			}
		}
		if ways = next; len(ways) > maxParts {
			return nil, overBound("label selectors", len(ways), maxParts)
		}
	}
	out := make([]api.EndpointSelector, len(ways))
	for i, way := range ways {
		out[i] = selectorOf(way)
	}
	return out, nil
}

// selectorOf is one selector: exact values as matchLabels, the rest as
// matchExpressions.
func selectorOf(reqs []ir.Requirement) api.EndpointSelector {
	labels := map[string]string{}
	var expressions []slim.LabelSelectorRequirement
	add := func(key string, op slim.LabelSelectorOperator, values []string) {
		expressions = append(expressions, slim.LabelSelectorRequirement{Key: key, Operator: op, Values: slices.Clone(values)})
	}
	for _, r := range reqs {
		switch form, values := r.Constraint.Form(); form {
		case ir.FormIn:
			if len(values) == 1 {
				labels[r.Key] = values[0]
			} else {
				add(r.Key, slim.LabelSelectorOpIn, values)
			}
		case ir.FormNotIn:
			add(r.Key, slim.LabelSelectorOpNotIn, values)
		case ir.FormExists:
			add(r.Key, slim.LabelSelectorOpExists, nil)
		case ir.FormNotExists:
			add(r.Key, slim.LabelSelectorOpDoesNotExist, nil)
		case ir.FormPresentNot:
			add(r.Key, slim.LabelSelectorOpExists, nil)
			add(r.Key, slim.LabelSelectorOpNotIn, values)
		case ir.FormAnything:
		case ir.FormNever, ir.FormAbsentOr, ir.FormMatches, ir.FormAbsentOrMatches: // lower.Foreign refuses patterns
			panic("cilium: a requirement that is no selector's: " + r.String())
		}
	}
	if len(labels) == 0 {
		labels = nil
	}
	return api.EndpointSelector{LabelSelector: &slim.LabelSelector{MatchLabels: labels, MatchExpressions: expressions}}
}

// The keys that Cilium's default label filter takes into a pod's identity and
// those that it leaves out, as prefixes (pkg/labelsfilter/filter.go
// defaultLabelPrefixCfg). A selector on a key that is left out is accepted and
// matches as if no pod had the label.
var (
	keptKeys = []string{
		namespaceKey, strings.TrimSuffix(namespacePrefix, "."), "app.kubernetes.io",
		clusterKey, accountKey,
	}
	droppedKeys = []*regexp.Regexp{
		regexp.MustCompile(`^io\.kubernetes`), regexp.MustCompile(`^kubernetes\.io`),
		regexp.MustCompile(`^statefulset\.kubernetes\.io/pod-name`), regexp.MustCompile(`^apps\.kubernetes\.io/pod-index`),
		regexp.MustCompile(`^batch\.kubernetes\.io/job-completion-index`), regexp.MustCompile(`^batch\.kubernetes\.io/controller-uid`),
		regexp.MustCompile(`^.*beta\.kubernetes\.io`), regexp.MustCompile(`^k8s\.io`),
		regexp.MustCompile(`^pod-template-generation`), regexp.MustCompile(`^pod-template-hash`),
		regexp.MustCompile(`^controller-revision-hash`), regexp.MustCompile(`^controller-uid`),
		regexp.MustCompile(`^annotation.*`), regexp.MustCompile(`^etcd_node`), regexp.MustCompile(`^topology\.kubernetes\.io`),
	}
)

// dropped reports whether the label filter leaves a key out of identities: the
// longest prefix that keeps it has to be longer than the shortest that drops it.
func dropped(key string) bool {
	kept, drop := 0, 0
	for _, k := range keptKeys {
		if strings.HasPrefix(key, k) {
			kept = max(kept, len(k))
		}
	}
	for _, re := range droppedKeys {
		if at := re.FindStringIndex(key); at != nil && (drop == 0 || at[1] < drop) {
			drop = at[1]
		}
	}
	return drop > 0 && kept <= drop
}

// The longest parts of a label key (k8s.io/apimachinery IsQualifiedName, which
// pkg/labels ValidateLabelSelector applies to the key without its source).
const maxKeyName, maxKeyPrefix, maxValue = 63, 253, 63

// sayableKey refuses a key that a selector would never match or may not hold.
func sayableKey(key, what, written string) *refusal {
	if dropped(key) {
		return &refusal{diag.CannotSay,
			fmt.Sprintf("Cilium's default label filter leaves the %s %q out of identities, so that no policy sees it", what, written),
			"Select by a label that stays, such as `app` or `app.kubernetes.io/name`."}
	}
	prefix, name, ok := strings.Cut(key, "/")
	if !ok {
		prefix, name = "", key
	}
	if len(name) > maxKeyName || len(prefix) > maxKeyPrefix {
		return &refusal{diag.CannotSay,
			fmt.Sprintf("the %s %q is too long for a Cilium policy, which puts %q before it and takes %d characters", what, written, namespacePrefix, maxKeyName),
			"Name the namespaces, or select them by a shorter label, or by one with a prefix (`example.com/...`)."}
	}
	return nil
}

func sayableAccounts(c ir.Constraint) *refusal {
	_, values := c.Form()
	for _, v := range values {
		if len(v) > maxValue {
			return &refusal{diag.CannotSay,
				fmt.Sprintf("the service account %q has over %d characters, the most that a selector's value may have", v, maxValue),
				"Select the pods by label."}
		}
	}
	return nil
}

func overBound(what string, n, bound int) *refusal {
	return &refusal{diag.OverBound, fmt.Sprintf("it takes %d %s, and %d is the most that is rendered", n, what, bound),
		"Write it as several rules, or with fewer alternatives."}
}
