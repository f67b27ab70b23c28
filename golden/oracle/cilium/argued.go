package cilium

import (
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// Argued gives the differences between Portolan and Cilium that are no bugs.
func Argued() []oracle.Argued {
	return []oracle.Argued{{
		Name: "names-that-nobody-may-ask-for",
		Reason: "Portolan takes names of what is outside for known, as docs/proof.md says. A Cilium agent learns their addresses from the answers to its node's pods " +
			"(cilium/cilium, pkg/proxy/dns.go), so that where a deny stops all of these from asking, a rule by name lets nothing pass.",
		Applies: func(d oracle.Difference) bool {
			return d.Allowed && !d.Engine.Allowed && strings.Contains(d.Engine.Reason, unasked)
		},
	}}
}
