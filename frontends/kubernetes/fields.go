package kubernetes

import (
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
)

// The fields of each kind: k8s.io/api networking/v1 types.go, and
// network-policy-api apis/v1alpha2/clusternetworkpolicy_types.go. All are
// understood.

var (
	peerFields = slices.Concat(
		manifest.Selectors("podSelector", "namespaceSelector"),
		manifest.Understood("ipBlock.cidr", "ipBlock.except[]"),
	)
	portFields   = manifest.Understood("ports[].protocol", "ports[].port", "ports[].endPort")
	policyFields = slices.Concat(
		manifest.Selectors("spec.podSelector"),
		manifest.Understood("spec.policyTypes[]"),
		peerFields.Under("spec.ingress[].from[]", "spec.egress[].to[]"),
		portFields.Under("spec.ingress[]", "spec.egress[]"),
	)

	podFields     = manifest.Selectors("namespaces", "pods.namespaceSelector", "pods.podSelector")
	outsideFields = slices.Concat(manifest.Understood("networks[]", "domainNames[]"), manifest.Selectors("nodes"))
	numberFields  = manifest.Understood("destinationPort.number", "destinationPort.range.start", "destinationPort.range.end")
	ruleFields    = slices.Concat(
		manifest.Understood("name", "action", "protocols[].destinationNamedPort"),
		numberFields.Under("protocols[].tcp", "protocols[].udp", "protocols[].sctp"),
	)
	clusterFields = slices.Concat(
		manifest.Understood("spec.tier", "spec.priority"),
		podFields.Under("spec.subject", "spec.ingress[].from[]", "spec.egress[].to[]"),
		outsideFields.Under("spec.egress[].to[]"),
		ruleFields.Under("spec.ingress[]", "spec.egress[]"),
	)
)
