package cilium

import (
	"slices"

	"github.com/portolan-dev/portolan/frontends/manifest"
)

// The reasons for which a field is refused. What one of them does is not in a
// policy's text, or no union with the rest of it.
const (
	noNodes    = "Cilium takes it with --enable-node-selector-labels only: state the switch node_selector_labels where that is set, or use fromEntities and toEntities."
	noGroups   = "The addresses are known to the cloud provider alone. Use a CiliumCIDRGroup, or CIDRs."
	noServices = "What a service stands for changes with the cluster, and until there is something the ports beside it are open to everybody. Use toEndpoints with the labels of the service's pods."
	noTLS      = "What Cilium's proxy sees of TLS hangs on certificates in secrets. Leave requests in TLS to a mesh."
	noListener = "What a custom listener lets pass is its own configuration's."
	noSecret   = "The value is in a secret."
	noRequires = "It was removed in Cilium 1.19, whose agent cannot read the object. Put the requirement into the selectors of the peers."
	noParser   = "It was removed in Cilium 1.20, whose agent drops it and allows the whole port."
)

// table is what is made of each field of both policies, and of fields that they
// once had.
var (
	table = slices.Concat(current, manifest.Refused(noParser, "kafka", "l7", "l7proto").Under(
		"spec.ingress[].toPorts[].rules", "spec.egress[].toPorts[].rules", "specs[].ingress[].toPorts[].rules", "specs[].egress[].toPorts[].rules"))
	current = rules.Under("spec", "specs[]")
)

var rules = slices.Concat(
	manifest.Understood("description", "log.value", "enableDefaultDeny.ingress", "enableDefaultDeny.egress", "labels[].key", "labels[].value", "labels[].source"),
	manifest.Selectors("endpointSelector", "nodeSelector"),
	manifest.Selectors("fromEndpoints[]").Under("ingress[]", "ingressDeny[]"),
	manifest.Understood("fromEntities[]", "fromCIDR[]").Under("ingress[]", "ingressDeny[]"),
	ranges.Under("ingress[].fromCIDRSet[]", "ingressDeny[].fromCIDRSet[]", "egress[].toCIDRSet[]", "egressDeny[].toCIDRSet[]"),
	manifest.Selectors("toEndpoints[]").Under("egress[]", "egressDeny[]"),
	manifest.Understood("toEntities[]", "toCIDR[]").Under("egress[]", "egressDeny[]"),
	manifest.Understood("matchName", "matchPattern").Under("egress[].toFQDNs[]"),
	manifest.Selectors("fromNodes[]").Under("ingress[]", "ingressDeny[]"),
	manifest.Selectors("toNodes[]").Under("egress[]", "egressDeny[]"),
	manifest.Refused(noGroups, "fromGroups").Under("ingress[]", "ingressDeny[]"),
	manifest.Refused(noGroups, "toGroups").Under("egress[]", "egressDeny[]"),
	manifest.Refused(noServices, "toServices").Under("egress[]", "egressDeny[]"),
	manifest.Refused(noRequires, "fromRequires").Under("ingress[]", "ingressDeny[]"),
	manifest.Refused(noRequires, "toRequires").Under("egress[]", "egressDeny[]"),
	manifest.Understood("authentication.mode").Under("ingress[]", "egress[]"),
	manifest.Understood("toPorts[].ports[].port", "toPorts[].ports[].endPort", "toPorts[].ports[].protocol", "icmps[].fields[].family", "icmps[].fields[].type").
		Under("ingress[]", "ingressDeny[]", "egress[]", "egressDeny[]"),
	proxied.Under("ingress[].toPorts[]", "egress[].toPorts[]"),
)

var ranges = slices.Concat(
	manifest.Understood("cidr", "cidrGroupRef", "except[]"),
	manifest.Selectors("cidrGroupSelector"),
)

// proxied is what only port rules of allows have.
var proxied = slices.Concat(
	manifest.Refused(noTLS, "terminatingTLS", "originatingTLS"),
	manifest.Understood("serverNames[]"),
	manifest.Refused(noListener, "listener"),
	manifest.Understood("rules.dns[].matchName", "rules.dns[].matchPattern"),
	manifest.Understood("path", "method", "host", "headers[]", "headerMatches[].name", "headerMatches[].value", "headerMatches[].mismatch").Under("rules.http[]"),
	manifest.Refused(noSecret, "rules.http[].headerMatches[].secret"),
)

// groupTable is what is made of each field of a CiliumCIDRGroup.
var groupTable = manifest.Understood("spec.externalCIDRs[]")
