package calico

import (
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
)

// The fields of each kind (api/pkg/apis/projectcalico/v3), and why some of them
// cannot be judged.

const noHostPorts = "A host endpoint's names for ports would have to be known with the node's addresses. Name ports by number, and remove them here."

var (
	entityFields = manifest.Understood(
		"nets[]", "notNets[]", "selector", "notSelector", "namespaceSelector", "services.name", "services.namespace",
		"ports[]", "notPorts[]", "serviceAccounts.names[]", "serviceAccounts.selector",
	)
	ruleFields = slices.Concat(
		manifest.Understood("action", "ipVersion", "protocol", "notProtocol", "icmp.type", "icmp.code", "notICMP.type", "notICMP.code", "metadata.annotations.*"),
		manifest.Understood("http.methods[]", "http.paths[].exact", "http.paths[].prefix"),
		entityFields.Under("source", "destination"),
	)
	policyFields = slices.Concat(
		manifest.Understood("spec.tier", "spec.order", "spec.selector", "spec.types[]", "spec.serviceAccountSelector", "spec.performanceHints[]"),
		ruleFields.Under("spec.ingress[]", "spec.egress[]"),
	)
	globalFields = slices.Concat(policyFields, manifest.Understood("spec.doNotTrack", "spec.preDNAT", "spec.applyOnForward", "spec.namespaceSelector"))
	stagedFields = manifest.Understood("spec.stagedAction")
	setFields    = manifest.Understood("spec.nets[]")
	tierFields   = manifest.Understood("spec.order", "spec.defaultAction")
	hostFields   = slices.Concat(
		manifest.Understood("spec.node", "spec.interfaceName", "spec.expectedIPs[]", "spec.profiles[]"),
		manifest.Refused(noHostPorts, "spec.ports"),
	)
)

// kind is how documents of a kind are read.
type kind struct {
	fields manifest.Table
	read   func(*lifting, *manifest.Document, *kind)
	global bool // not in a namespace
	mode   ir.Mode
}

var kinds = map[string]kind{
	"Tier":                          {fields: tierFields, read: (*lifting).readTier, global: true},
	"NetworkPolicy":                 {fields: policyFields, read: (*lifting).readPolicy},
	"GlobalNetworkPolicy":           {fields: globalFields, read: (*lifting).readPolicy, global: true},
	"StagedNetworkPolicy":           {fields: slices.Concat(policyFields, stagedFields), read: (*lifting).readPolicy, mode: ir.Staged},
	"StagedGlobalNetworkPolicy":     {fields: slices.Concat(globalFields, stagedFields), read: (*lifting).readPolicy, global: true, mode: ir.Staged},
	"StagedKubernetesNetworkPolicy": {read: (*lifting).readStagedNative, mode: ir.Staged},
	"NetworkSet":                    {fields: setFields, read: (*lifting).readSet},
	"GlobalNetworkSet":              {fields: setFields, read: (*lifting).readSet, global: true},
	"HostEndpoint":                  {fields: hostFields, read: (*lifting).readHost, global: true},
}
