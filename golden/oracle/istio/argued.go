package istio

import (
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Argued is the differences that are no bugs.
var Argued = []oracle.Argued{
	{
		Name: "own-node-past-sidecars",
		Reason: "A node reaches its own pods in Portolan's model, as its kubelet's probes do: injection sends these to the sidecar's agent, which no policy governs " +
			"(istio/istio, pkg/kube/inject/app_probe.go). The policies do govern whatever else comes from the node.",
		Applies: func(d oracle.Difference) bool {
			return d.Flow.Source.Kind == sem.OwnNode && d.Allowed && !d.Engine.Allowed
		},
	},
	{
		Name: "selectors-of-ambient-and-pods-without-labels",
		Reason: "istiod attaches every policy with a selector to pods that have no labels at all, since it takes no labels for no filter " +
			"(istio/istio, pkg/kube/krt/filter.go, FilterSelects; FilterSelectsNonEmpty has been mended). Its documentation and its sidecars select none of them, and so does Portolan.",
		Applies: func(d oracle.Difference) bool {
			return len(d.Flow.Destination.Labels) == 0 && strings.Contains(d.Engine.Reason, unlabelled)
		},
	},
}
