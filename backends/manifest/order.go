package manifest

// shape is the order in which people write the keys of a kind of mapping. Keys
// that it lacks follow, by byte order; so labels, annotations and other maps
// whose keys are the user's have no shape and sort by byte order throughout.
type shape struct {
	keys           []key
	numeric        bool // the user's keys are numbers and sort as such
	nullsAreAbsent bool // a member that is null says nothing
	emptyIsAbsent  bool // `{}` or null in its place says nothing
}

// key is a known key, and the shape of the mapping, or of the mappings in the
// sequence, that is its value.
type key struct {
	name string
	in   *shape
}

var unordered = &shape{}

// rank is a key's place. A scan is as fast as hashing: the lists are short,
// most comparisons end at the length, and the table needs no building.
func (s *shape) rank(name []byte) int {
	for i := range s.keys {
		if s.keys[i].name == string(name) {
			return i
		}
	}
	return len(s.keys)
}

// below is the shape under the key of a rank.
func (s *shape) below(rank int) *shape {
	if rank < len(s.keys) && s.keys[rank].in != nil {
		return s.keys[rank].in
	}
	return unordered
}

// layout is the shape of the objects of an API group.
func layout(apiVersion string) *shape {
	switch group(apiVersion) {
	case "networking.k8s.io":
		return kubernetesObject
	case "policy.networking.k8s.io":
		return clusterPolicyObject
	case "projectcalico.org":
		return calicoObject
	case "cilium.io":
		return ciliumObject
	case "security.istio.io":
		return istioObject
	}
	return otherObject
}

var (
	otherObject         = object(nil)
	kubernetesObject    = object(kubernetesSpec)
	clusterPolicyObject = object(clusterPolicySpec)
	calicoObject        = object(calicoSpec)
	ciliumObject        = object(ciliumSpec)
	istioObject         = object(istioSpec)
)

func object(spec *shape) *shape {
	return &shape{keys: []key{
		{"apiVersion", nil},
		{"kind", nil},
		{"metadata", objectMeta},
		{"spec", spec},
		{"specs", spec}, // Cilium's list of rules in one object
		{"status", status},
	}}
}

// An older apimachinery marshals `creationTimestamp: null`.
var objectMeta = &shape{nullsAreAbsent: true, keys: []key{
	{"name", nil},
	{"namespace", nil},
	{"labels", nil},
	{"annotations", nil},
}}

// Istio's and Cilium's types marshal an empty status; it is the cluster's to
// write.
var status = &shape{emptyIsAbsent: true}

func list(names ...string) *shape {
	s := &shape{}
	for _, n := range names {
		s.keys = append(s.keys, key{n, nil})
	}
	return s
}

// labelSelector is everybody's: Kubernetes, Cilium and Istio.
var labelSelector = &shape{keys: []key{
	{"matchLabels", nil},
	{"matchExpressions", list("key", "operator", "values")},
}}

// Kubernetes.

var (
	kubernetesSpec = &shape{keys: []key{
		{"podSelector", labelSelector},
		{"policyTypes", nil},
		{"ingress", &shape{keys: []key{{"from", kubernetesPeer}, {"ports", kubernetesPort}}}},
		{"egress", &shape{keys: []key{{"to", kubernetesPeer}, {"ports", kubernetesPort}}}},
	}}
	kubernetesPeer = &shape{keys: []key{
		{"namespaceSelector", labelSelector},
		{"podSelector", labelSelector},
		{"ipBlock", list("cidr", "except")},
	}}
	kubernetesPort = list("protocol", "port", "endPort")
)

// ClusterNetworkPolicy.

var (
	clusterPolicySpec = &shape{keys: []key{
		{"tier", nil},
		{"priority", nil},
		{"subject", clusterPolicyPeer},
		{"ingress", clusterPolicyRule},
		{"egress", clusterPolicyRule},
	}}
	clusterPolicyRule = &shape{keys: []key{
		{"name", nil},
		{"action", nil},
		{"from", clusterPolicyPeer},
		{"to", clusterPolicyPeer},
		{"protocols", &shape{keys: []key{
			{"tcp", clusterPolicyPorts},
			{"udp", clusterPolicyPorts},
			{"sctp", clusterPolicyPorts},
			{"destinationNamedPort", nil},
		}}},
	}}
	clusterPolicyPeer = &shape{keys: []key{
		{"namespaces", labelSelector},
		{"pods", &shape{keys: []key{{"namespaceSelector", labelSelector}, {"podSelector", labelSelector}}}},
		{"networks", nil},
	}}
	clusterPolicyPorts = &shape{keys: []key{
		{"destinationPort", &shape{keys: []key{{"number", nil}, {"range", list("start", "end")}}}},
	}}
)

// Calico.

var (
	calicoSpec = &shape{keys: []key{
		{"stagedAction", nil},
		{"tier", nil},
		{"order", nil},
		{"selector", nil},
		{"namespaceSelector", nil},
		{"serviceAccountSelector", nil},
		{"types", nil},
		{"ingress", calicoRule},
		{"egress", calicoRule},
	}}
	calicoRule = &shape{keys: []key{
		{"action", nil},
		{"ipVersion", nil},
		{"protocol", nil},
		{"notProtocol", nil},
		{"icmp", list("type", "code")},
		{"notICMP", list("type", "code")},
		{"source", calicoEntity},
		{"destination", calicoEntity},
		{"http", list("methods", "paths")},
		{"metadata", list("annotations")},
	}}
	// The upstream type has entities by value, so an absent one marshals as {}.
	// Both mean that the rule does not restrict this side.
	calicoEntity = &shape{emptyIsAbsent: true, keys: []key{
		{"namespaceSelector", nil},
		{"selector", nil},
		{"notSelector", nil},
		{"serviceAccounts", list("names", "selector")},
		{"services", list("name", "namespace")},
		{"nets", nil},
		{"notNets", nil},
		{"ports", nil},
		{"notPorts", nil},
	}}
)

// Cilium.

var (
	ciliumSpec = &shape{keys: []key{
		{"description", nil},
		{"endpointSelector", labelSelector},
		{"nodeSelector", labelSelector},
		{"enableDefaultDeny", list("ingress", "egress")},
		{"ingressDeny", ciliumIngress},
		{"ingress", ciliumIngress},
		{"egressDeny", ciliumEgress},
		{"egress", ciliumEgress},
		{"labels", list("key", "value", "source")},
		{"log", nil},
	}}
	ciliumIngress = &shape{keys: []key{
		{"fromEndpoints", labelSelector},
		{"fromEntities", nil},
		{"fromNodes", labelSelector},
		{"fromCIDR", nil},
		{"fromCIDRSet", ciliumCIDR},
		{"fromGroups", ciliumGroup},
		{"fromRequires", nil},
		{"toPorts", ciliumPorts},
		{"icmps", ciliumICMP},
		{"authentication", list("mode")},
	}}
	ciliumEgress = &shape{keys: []key{
		{"toEndpoints", labelSelector},
		{"toEntities", nil},
		{"toNodes", labelSelector},
		{"toServices", ciliumService},
		{"toFQDNs", list("matchName", "matchPattern")},
		{"toCIDR", nil},
		{"toCIDRSet", ciliumCIDR},
		{"toGroups", ciliumGroup},
		{"toRequires", nil},
		{"toPorts", ciliumPorts},
		{"icmps", ciliumICMP},
		{"authentication", list("mode")},
	}}
	ciliumCIDR = &shape{keys: []key{
		{"cidr", nil},
		{"cidrGroupRef", nil},
		{"cidrGroupSelector", labelSelector},
		{"except", nil},
	}}
	ciliumGroup = &shape{keys: []key{
		{"aws", list("region", "labels", "securityGroupsIds", "securityGroupsNames")},
	}}
	ciliumService = &shape{keys: []key{
		{"k8sService", list("serviceName", "namespace")},
		{"k8sServiceSelector", &shape{keys: []key{{"selector", labelSelector}, {"namespace", nil}}}},
	}}
	ciliumPorts = &shape{keys: []key{
		{"ports", list("port", "endPort", "protocol")},
		{"serverNames", nil},
		{"terminatingTLS", ciliumTLS},
		{"originatingTLS", ciliumTLS},
		{"listener", &shape{keys: []key{{"envoyConfig", list("kind", "name")}, {"name", nil}, {"priority", nil}}}},
		{"rules", &shape{keys: []key{{"http", ciliumHTTP}, {"dns", list("matchName", "matchPattern")}}}},
	}}
	ciliumTLS = &shape{keys: []key{
		{"secret", list("name", "namespace")},
		{"trustedCA", nil},
		{"certificate", nil},
		{"privateKey", nil},
	}}
	ciliumHTTP = &shape{keys: []key{
		{"method", nil},
		{"path", nil},
		{"host", nil},
		{"headers", nil},
		{"headerMatches", &shape{keys: []key{
			{"name", nil},
			{"value", nil},
			{"secret", list("name", "namespace")},
			{"mismatch", nil},
		}}},
	}}
	ciliumICMP = &shape{keys: []key{{"fields", list("family", "type")}}}
)

// Istio: AuthorizationPolicy, PeerAuthentication and RequestAuthentication,
// whose keys do not disagree.

var (
	istioSpec = &shape{keys: []key{
		{"selector", labelSelector},
		{"targetRefs", list("group", "kind", "name", "namespace")},
		{"action", nil},
		{"provider", list("name")},
		{"rules", istioRule},
		{"mtls", list("mode")},
		{"portLevelMtls", &shape{numeric: true}},
		{"jwtRules", list("issuer", "audiences", "jwksUri", "jwks", "fromHeaders", "fromParams", "fromCookies")},
	}}
	istioRule = &shape{keys: []key{
		{"from", &shape{keys: []key{{"source", list(
			"principals", "notPrincipals",
			"serviceAccounts", "notServiceAccounts",
			"namespaces", "notNamespaces",
			"trustDomains", "notTrustDomains",
			"ipBlocks", "notIpBlocks",
			"remoteIpBlocks", "notRemoteIpBlocks",
			"requestPrincipals", "notRequestPrincipals",
		)}}}},
		{"to", &shape{keys: []key{{"operation", list(
			"methods", "notMethods",
			"paths", "notPaths",
			"hosts", "notHosts",
			"ports", "notPorts",
		)}}}},
		{"when", list("key", "values", "notValues")},
	}}
)
