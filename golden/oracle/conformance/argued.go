package conformance

import (
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// ofTranslation is what a rendering may take from an intent: the argued
// differences of no family, which hold of what is rendered alone.
var ofTranslation = []oracle.Argued{{
	Name: "plaintext-between-pods-of-the-mesh",
	Reason: "Where both ends are in the mesh their proxies use mutual TLS (istio/istio, pilot/pkg/networking/core/cluster_tls.go, automatic mTLS), and only by it does the " +
		"receiver know who sends. A rule from pods is kept for senders that prove themselves; one that does not is refused, which docs/proof.md says.",
	Applies: func(d oracle.Difference) bool {
		f := d.Flow
		return d.Allowed && f.Protocol == sem.TCP && !f.Authenticated && pod(&f.Source) && pod(&f.Destination)
	},
}}

// pod reports whether an end is a pod of the mesh.
func pod(e *sem.Endpoint) bool { return e.Kind == sem.Pod && e.Meshed }

// argued gives the difference that a flow is an example of; false where it is
// none of the family's, nor for what was rendered of translation's.
func (t *trial) argued(d oracle.Difference) (string, bool) {
	list := t.family.Argued
	if t.intent != "" && t.profile.IsMesh() {
		list = slices.Concat(list, ofTranslation)
	}
	i := slices.IndexFunc(list, func(a oracle.Argued) bool { return a.Applies(d) })
	if i < 0 {
		return "", false
	}
	return list[i].Name, true
}
