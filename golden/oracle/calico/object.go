package calico

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	networking "k8s.io/kubernetes/pkg/apis/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/profile"
)

// The API groups. What is stored by the group of Calico's storage has had no
// defaults and no validation.
const (
	group        = "projectcalico.org"
	storageGroup = "crd.projectcalico.org"
	nativeGroup  = "networking.k8s.io"
	clusterGroup = "policy.networking.k8s.io"
)

// object is a document as a tree, as far as Calico has it.
type object struct {
	source          string
	group, kind     string
	namespace, name string
	tree            map[string]any
}

func parse(docs []oracle.Document) ([]*object, error) {
	var out []*object
	for _, d := range docs {
		o := &object{source: d.Source}
		if err := yaml.Unmarshal(d.Text, &o.tree); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Source, err)
		}
		version, _ := o.tree["apiVersion"].(string)
		o.group, _, _ = strings.Cut(version, "/")
		if !strings.Contains(version, "/") {
			o.group = ""
		}
		o.kind, _ = o.tree["kind"].(string)
		meta, _ := o.tree["metadata"].(map[string]any)
		o.name, _ = meta["name"].(string)
		o.namespace, _ = meta["namespace"].(string)
		if o.namespace == "" && namespaced[o.kind] {
			o.namespace = "default"
		}
		out = append(out, o)
	}
	return out, nil
}

// namespaced are the kinds that are of a namespace.
var namespaced = map[string]bool{"NetworkPolicy": true, "StagedNetworkPolicy": true, "StagedKubernetesNetworkPolicy": true, "NetworkSet": true}

func (o *object) isCalico() bool { return o.group == group || o.group == storageGroup }

func (o *object) isNative() bool {
	return o.group == nativeGroup && o.kind == "NetworkPolicy" || o.isCalico() && o.kind == "StagedKubernetesNetworkPolicy"
}

func (o *object) isStaged() bool { return o.isCalico() && strings.HasPrefix(o.kind, "Staged") }

// isPolicy reports a policy of Calico's, staged or not, or a native one.
func (o *object) isPolicy() bool {
	return o.isNative() || o.isCalico() && (strings.HasSuffix(o.kind, "GlobalNetworkPolicy") || strings.HasSuffix(o.kind, "NetworkPolicy"))
}

func (o *object) spec() map[string]any {
	out, _ := o.tree["spec"].(map[string]any)
	return out
}

func (o *object) text(field string) string {
	out, _ := o.spec()[field].(string)
	return out
}

func (o *object) number(field string) (float64, bool) {
	out, ok := o.spec()[field].(float64)
	return out, ok
}

func (o *object) rules(field string) []any {
	out, _ := o.spec()[field].([]any)
	return out
}

// readsRequests reports whether a rule restricts requests.
func (o *object) readsRequests() bool {
	for _, r := range append(o.rules("ingress"), o.rules("egress")...) {
		if rule, ok := r.(map[string]any); ok && rule["http"] != nil {
			return true
		}
	}
	return false
}

// The tiers that every cluster has (libcalico-go/lib/resources/tier.go of
// release-v3.31 and of the default branch).
const (
	defaultTier  = "default"
	defaultOrder = 1_000_000 // of tiers without an order too
)

func builtin(v profile.Version) []tier {
	admin, baseline := "adminnetworkpolicy", "baselineadminnetworkpolicy"
	if v.AtLeast(3, 32) {
		admin, baseline = "kube-admin", "kube-baseline"
	}
	return []tier{
		{Name: defaultTier, End: "deny", order: defaultOrder},
		{Name: admin, End: "pass", order: 1000}, {Name: baseline, End: "pass", order: 10_000_000},
	}
}

// before is the order in which tiers are asked.
func before(a, b tier) int {
	return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Name, b.Name))
}

// tier gives the tier that a policy is in. Native ones are in tier default.
func (o *object) tier() string {
	if t := o.text("tier"); t != "" && o.isCalico() {
		return t
	}
	return defaultTier
}

// key is what policies of equal order are sorted by (felix/calc/policy_sorter.go):
// up to 3.31 the key in storage, in which names have their tier before them, and
// from 3.32 name, namespace and kind.
func (o *object) key(v profile.Version) string {
	name, kind := o.name, o.kind
	if o.isNative() {
		kind = "KubernetesNetworkPolicy"
	}
	if v.AtLeast(3, 32) {
		return name + "/" + o.namespace + "/" + kind
	}
	switch {
	case o.isNative():
		name = "knp.default." + name
	case !strings.HasPrefix(name, o.tier()+"."):
		name = o.tier() + "." + name
	}
	if o.namespace != "" {
		name = o.namespace + "/" + name
	}
	return name
}

// plain gives the object in the terms of 3.28: without its tier, and a staged one
// as what it stages. Names have no dots there.
func (o *object) plain() map[string]any {
	out := maps.Clone(o.tree)
	spec := maps.Clone(o.spec())
	meta, _ := o.tree["metadata"].(map[string]any)
	meta = maps.Clone(meta)
	switch {
	case o.isNative():
		out["apiVersion"], out["kind"] = nativeGroup+"/v1", "NetworkPolicy"
		delete(spec, "stagedAction")
	case o.isPolicy():
		out["apiVersion"], out["kind"] = group+"/v3", strings.TrimPrefix(o.kind, "Staged")
		meta["name"] = strings.ReplaceAll(strings.TrimPrefix(o.name, o.tier()+"."), ".", "-")
		delete(spec, "tier")
		delete(spec, "stagedAction")
	case o.group == storageGroup:
		out["apiVersion"] = group + "/v3"
	}
	if o.namespace != "" {
		meta["namespace"] = o.namespace
	}
	out["metadata"], out["spec"] = meta, spec
	return out
}

// enforced gives a policy as Felix gets it, with the defaults of the API server
// that it goes through: Kubernetes' own, and of Calico's policies the directions
// where none are named (libcalico-go/lib/clientv3/globalnetworkpolicy.go,
// defaultPolicyTypesField). Calico's storage has none before it.
func (o *object) enforced() (any, error) {
	out := o.plain()
	if o.isNative() {
		return defaulted(out)
	}
	spec := out["spec"].(map[string]any)
	if types, _ := spec["types"].([]any); len(types) > 0 || o.group == storageGroup {
		return out, nil
	}
	var types []any
	if len(o.rules("egress")) == 0 || len(o.rules("ingress")) > 0 {
		types = append(types, "Ingress")
	}
	if len(o.rules("egress")) > 0 {
		types = append(types, "Egress")
	}
	spec["types"] = types
	return out, nil
}

func defaulted(tree map[string]any) (*networkingv1.NetworkPolicy, error) {
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	var out networkingv1.NetworkPolicy
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, err
	}
	networking.SetObjectDefaults_NetworkPolicy(&out)
	return &out, nil
}
