package calico

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir/set"
)

// A set of addresses that one rule does not take is a network set: a NetworkSet
// beside the policy, or for a global policy a GlobalNetworkSet. Shorter ones stand
// in the rule, since a set is more than what selects it by its label: other
// people's selectors that say what a label is not take its addresses too
// (felix/calc/rule_scanner.go). What a set is called is a function of its
// addresses, so that no rule renames it.

// addressesLabel selects a set. Pods may have any label, so that a selector says
// besides that it means no pods.
const (
	addressesLabel = "portolan.dev/addresses"
	noPod          = "!has(" + v3.LabelOrchestrator + ")"
)

// maxSetNets bounds one object, far below what the API server stores. Addresses
// beyond it are in further ones of the same label.
const maxSetNets = 10_000

// setPeer names addresses by a set, which it makes.
func (l *lowering) setPeer(a set.Addresses, namespace string) peer {
	sum := sha256.Sum256([]byte(a.String()))
	digest := hex.EncodeToString(sum[:10])
	if place := namespace + "/" + digest; !l.sets[place] {
		l.sets[place] = true
		l.emitSet(a, namespace, digest)
	}
	e := v3.EntityRule{Selector: noPod + " && " + addressesLabel + " == '" + digest + "'"}
	if namespace == "" {
		e.NamespaceSelector = "global()"
	}
	return peer{kind: ranges, entity: e}
}

func (l *lowering) emitSet(a set.Addresses, namespace, digest string) {
	for i, part := range slices.Collect(slices.Chunk(a.Prefixes(), maxSetNets)) {
		meta := metav1.ObjectMeta{Name: "net--" + digest, Namespace: namespace, Labels: lower.Labels()}
		if i > 0 {
			meta.Name += fmt.Sprintf("--%d", i+1)
		}
		meta.Labels[addressesLabel] = digest
		o := manifest.Object{APIVersion: v3.GroupVersionCurrent, Namespace: namespace, Name: meta.Name}
		if namespace == "" {
			v := v3.NewGlobalNetworkSet()
			v.ObjectMeta, v.Spec.Nets = meta, texts(part)
			o.Kind, o.Value = v.Kind, v
		} else {
			v := v3.NewNetworkSet()
			v.ObjectMeta, v.Spec.Nets = meta, texts(part)
			o.Kind, o.Value = v.Kind, v
		}
		l.objects = append(l.objects, o)
	}
}

func texts(list []netip.Prefix) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.String()
	}
	return out
}
