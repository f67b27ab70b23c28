package istio

import (
	"regexp"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// authority is a host with an optional port (RFC 9110, section 7.2; RFC 3986,
// section 3.2).
var authority = regexp.MustCompile(`^([-A-Za-z0-9._]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

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
		Name: "authorities-that-are-none",
		Reason: "A port is compared as whatever stands behind a colon (`name:*`), since Istio has no pattern for digits. Portolan asks about authorities as RFC 9110 has them, " +
			"whose ports are digits; docs/proof.md says so.",
		Applies: func(d oracle.Difference) bool {
			return d.Engine.Allowed && d.Flow.Request != nil && !authority.MatchString(d.Flow.Request.Host)
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
