package manifest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/policy/api"
	calico "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/api/pkg/lib/numorstring"
	istioapi "istio.io/api/security/v1beta1"
	istiotype "istio.io/api/type/v1beta1"
	istio "istio.io/client-go/pkg/apis/security/v1"
	corev1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// ciliumPolicy is the envelope that a rule is emitted in.
type ciliumPolicy struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Spec            *api.Rule         `json:"spec,omitempty"`
	Specs           []*api.Rule       `json:"specs,omitempty"`
	Status          struct{}          `json:"status"`
}

var testMeta = metav1.ObjectMeta{
	Name: "web", Namespace: "shop",
	Labels:      map[string]string{"app.kubernetes.io/managed-by": "portolan", "on": "yes", "action": "8080"},
	Annotations: map[string]string{"portolan.dev/rules": "shop/a->b, shop/c->d", "a": "two\nlines"},
}

func networkPolicy() *networking.NetworkPolicy {
	tcp, port, name, end := corev1.ProtocolTCP, intstr.FromInt32(8080), intstr.FromString("http"), int32(8090)
	ports := []networking.NetworkPolicyPort{{Protocol: &tcp, Port: &port, EndPort: &end}, {Port: &name}, {}}
	peers := []networking.NetworkPolicyPeer{
		{
			PodSelector: &metav1.LabelSelector{
				MatchLabels:      map[string]string{"app": "web", "values": "no", "key": "1e3"},
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"a", "y"}}, {Key: "b", Operator: metav1.LabelSelectorOpExists}},
			},
			NamespaceSelector: &metav1.LabelSelector{},
		},
		{IPBlock: &networking.IPBlock{CIDR: "2001:db8::/32", Except: []string{"2001:db8:1::/48"}}},
	}
	return &networking.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: testMeta,
		Spec: networking.NetworkPolicySpec{
			Ingress:     []networking.NetworkPolicyIngressRule{{Ports: ports, From: peers}, {}},
			Egress:      []networking.NetworkPolicyEgressRule{{Ports: ports, To: peers}, {}},
			PolicyTypes: []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress},
		},
	}
}

func calicoPolicy() *calico.GlobalNetworkPolicy {
	tcp, icmp, order, four, eight := numorstring.ProtocolFromString("TCP"), numorstring.ProtocolFromInt(1), 100.5, 4, 8
	ports, _ := numorstring.PortFromRange(80, 90)
	entity := calico.EntityRule{
		Nets: []string{"10.0.0.0/8"}, NotNets: []string{"10.1.0.0/16"},
		Selector: "app == 'web' && has(tier)", NotSelector: "a == \"b\"", NamespaceSelector: "projectcalico.org/name == 'shop'",
		Services: &calico.ServiceMatch{Name: "dns", Namespace: "kube-system"},
		Ports:    []numorstring.Port{ports, numorstring.SinglePort(443), numorstring.NamedPort("http")}, NotPorts: []numorstring.Port{numorstring.SinglePort(1)},
		ServiceAccounts: &calico.ServiceAccountMatch{Names: []string{"a"}, Selector: "b == 'c'"},
	}
	rules := []calico.Rule{
		{
			Action: calico.Allow, IPVersion: &four, Protocol: &tcp, NotProtocol: &icmp,
			ICMP: &calico.ICMPFields{Type: &eight, Code: new(int)}, NotICMP: &calico.ICMPFields{Type: &four},
			Source: entity, Destination: entity,
			HTTP:     &calico.HTTPMatch{Methods: []string{"GET"}, Paths: []calico.HTTPPath{{Exact: "/a"}, {Prefix: "/b"}}},
			Metadata: &calico.RuleMetadata{Annotations: map[string]string{"source": "x"}},
		},
		{Action: calico.Deny},
		{Action: calico.Pass, Destination: calico.EntityRule{Ports: []numorstring.Port{numorstring.SinglePort(53)}}},
	}
	meta := testMeta
	meta.Namespace = ""
	return &calico.GlobalNetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "projectcalico.org/v3", Kind: "GlobalNetworkPolicy"},
		ObjectMeta: meta,
		Spec: calico.GlobalNetworkPolicySpec{
			Tier: "security", Order: &order, Selector: "all()", NamespaceSelector: "has(projectcalico.org/name)", ServiceAccountSelector: "a == 'b'",
			Types: []calico.PolicyType{calico.PolicyTypeIngress, calico.PolicyTypeEgress}, Ingress: rules, Egress: rules,
			ApplyOnForward: true, DoNotTrack: true, PreDNAT: true, PerformanceHints: []calico.PolicyPerformanceHint{calico.PerfHintAssumeNeededOnEveryNode},
		},
	}
}

func authorizationPolicy(spec *istioapi.AuthorizationPolicy) *istio.AuthorizationPolicy {
	a := &istio.AuthorizationPolicy{TypeMeta: metav1.TypeMeta{APIVersion: "security.istio.io/v1", Kind: "AuthorizationPolicy"}, ObjectMeta: testMeta}
	a.Spec.Selector, a.Spec.TargetRefs, a.Spec.Rules, a.Spec.Action, a.Spec.ActionDetail = spec.Selector, spec.TargetRefs, spec.Rules, spec.Action, spec.ActionDetail
	return a
}

func istioFull(action istioapi.AuthorizationPolicy_Action) *istioapi.AuthorizationPolicy {
	s := []string{"x", "*"}
	return &istioapi.AuthorizationPolicy{
		Action:     action,
		Selector:   &istiotype.WorkloadSelector{MatchLabels: map[string]string{"app": "on"}},
		TargetRefs: []*istiotype.PolicyTargetReference{{Group: "g", Kind: "Gateway", Name: "n"}},
		Rules: []*istioapi.Rule{
			{
				From: []*istioapi.Rule_From{{Source: &istioapi.Source{Principals: s, NotPrincipals: s, RequestPrincipals: s, NotRequestPrincipals: s,
					Namespaces: s, NotNamespaces: s, ServiceAccounts: s, NotServiceAccounts: s, IpBlocks: s, NotIpBlocks: s, RemoteIpBlocks: s, NotRemoteIpBlocks: s}}},
				To:   []*istioapi.Rule_To{{Operation: &istioapi.Operation{Hosts: s, NotHosts: s, Ports: []string{"80"}, NotPorts: []string{"1"}, Methods: s, NotMethods: s, Paths: s, NotPaths: s}}},
				When: []*istioapi.Condition{{Key: "request.headers[x]", Values: s, NotValues: s}},
			},
			{},
		},
	}
}

func ciliumRule(t *testing.T) *api.Rule {
	var rule api.Rule
	err := json.Unmarshal([]byte(`{
		"description":"d","endpointSelector":{},"enableDefaultDeny":{"ingress":true,"egress":false},
		"labels":[{"key":"k","value":"v","source":"s"}],
		"ingress":[{},{"fromEndpoints":[{},{"matchLabels":{"k8s:app":"web","any:y":"no"},"matchExpressions":[{"key":"k8s:a","operator":"In","values":["1"]}]}],
			"toPorts":[{"ports":[{"port":"80","endPort":90,"protocol":"TCP"}],"rules":{"http":[{"method":"GET","path":"/a/.*","host":"h","headers":["X-Y: z"],
				"headerMatches":[{"name":"n","value":"v","mismatch":"LOG"}]},{}]}}]},
			{"fromCIDRSet":[{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]},{"cidrGroupRef":"g"}],"icmps":[{"fields":[{"family":"IPv4","type":8}]}],"authentication":{"mode":"required"}},
			{"fromEntities":["world"],"fromCIDR":["0.0.0.0/0"],"fromNodes":[{}]}],
		"ingressDeny":[{"fromEntities":["all"]}],
		"egress":[{"toFQDNs":[{"matchName":"a.example"},{"matchPattern":"*.b"}]},{"toServices":[{"k8sService":{"serviceName":"s","namespace":"n"}},{"k8sServiceSelector":{"selector":{},"namespace":"n"}}]},
			{"toEndpoints":[{}],"toPorts":[{"ports":[{"port":"53","protocol":"ANY"}],"serverNames":["a"],"rules":{"dns":[{"matchPattern":"*"}]}}]}],
		"egressDeny":[{"toCIDRSet":[]},{"toEntities":["host"]}]}`), &rule)
	if err != nil {
		t.Fatal(err)
	}
	return &rule
}

// TestTypedObjectsReadBack prints objects and decodes them strictly into their
// types: the result is the original.
func TestTypedObjectsReadBack(t *testing.T) {
	cilium := &ciliumPolicy{TypeMeta: metav1.TypeMeta{APIVersion: "cilium.io/v2", Kind: "CiliumNetworkPolicy"}, Metadata: testMeta, Spec: ciliumRule(t)}
	specs := &ciliumPolicy{TypeMeta: cilium.TypeMeta, Metadata: testMeta, Specs: []*api.Rule{ciliumRule(t), ciliumRule(t)}}
	for _, test := range []struct {
		name      string
		value     any
		want, not []string
	}{
		{"kubernetes", networkPolicy(), []string{"spec:\n  podSelector: {}\n  policyTypes:\n  - Ingress\n  - Egress\n  ingress:\n  - from:\n", "\n    - {}\n  - {}\n  egress:\n"}, []string{"status", "null"}},
		{"calico", calicoPolicy(), []string{"\n  - action: Deny\n  - action: Pass\n    destination:\n      ports:\n      - 53\n", "selector: app == 'web' && has(tier)\n"}, []string{"source: {}", "destination: {}"}},
		{"istio", authorizationPolicy(istioFull(istioapi.AuthorizationPolicy_DENY)), []string{"action: DENY\n  rules:\n  - from:\n    - source:\n        principals:\n        - x\n        - \"*\"\n", "\n  - {}\n"}, []string{"status", "ALLOW"}},
		{"istio allow", authorizationPolicy(istioFull(istioapi.AuthorizationPolicy_ALLOW)), []string{"    name: \"n\"\n  action: ALLOW\n  rules:\n  - from:\n"}, []string{"status"}},
		{"istio allow all", authorizationPolicy(&istioapi.AuthorizationPolicy{Rules: []*istioapi.Rule{{}}}), []string{"spec:\n  action: ALLOW\n  rules:\n  - {}\n"}, nil},
		{"istio deny all", authorizationPolicy(&istioapi.AuthorizationPolicy{}), []string{"spec: {}\n"}, []string{"ALLOW"}},
		{"cilium", cilium, []string{"spec:\n  description: d\n  endpointSelector: {}\n", "  ingress:\n  - {}\n  - fromEndpoints:\n    - {}\n", "  - toCIDRSet: []\n"}, []string{"status"}},
		{"cilium specs", specs, []string{"specs:\n- description: d\n  endpointSelector: {}\n  enableDefaultDeny:\n"}, []string{"status"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := Append(nil, typedObject(test.value))
			if err != nil {
				t.Fatal(err)
			}
			checkForm(t, out)
			for _, s := range test.want {
				if !strings.Contains(string(out), s) {
					t.Errorf("there is no\n%s\nin\n%s", s, out)
				}
			}
			for _, s := range test.not {
				if strings.Contains(string(out), s) {
					t.Errorf("%q is in\n%s", s, out)
				}
			}
			got := reflect.New(reflect.TypeOf(test.value).Elem()).Interface()
			if err := yaml.UnmarshalStrict(out, got); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			// Compared as JSON: protobuf messages and Cilium's selectors have
			// caches that are no part of the value.
			was, err1 := json.Marshal(test.value)
			is, err2 := json.Marshal(got)
			if err1 != nil || err2 != nil || !reflect.DeepEqual(normal(t, was), normal(t, is)) {
				t.Errorf("%v %v\nwas %s\nis  %s\n%s", err1, err2, was, is, out)
			}
		})
	}
}

// typedObject takes an object's identity from its JSON form.
func typedObject(v any) Object {
	data, _ := json.Marshal(v)
	var id struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        metav1.ObjectMeta
	}
	_ = json.Unmarshal(data, &id)
	return Object{APIVersion: id.APIVersion, Kind: id.Kind, Namespace: id.Metadata.Namespace, Name: id.Metadata.Name, Value: v}
}

// TestLayoutHasNoStrangeKey checks every key of the layouts against the types
// that are printed, so that none is misspelt or out of date. A shape that
// several types share has keys of any of them.
func TestLayoutHasNoStrangeKey(t *testing.T) {
	known := map[*shape]map[string][]reflect.Type{}
	gatherFields(known, kubernetesSpec, typesOf(networking.NetworkPolicySpec{}))
	gatherFields(known, calicoSpec, typesOf(calico.NetworkPolicySpec{}, calico.GlobalNetworkPolicySpec{}, calico.StagedNetworkPolicySpec{}))
	gatherFields(known, ciliumSpec, typesOf(api.Rule{}))
	gatherFields(known, istioSpec, typesOf(istioapi.AuthorizationPolicy{}, istioapi.AuthorizationPolicy_Provider{}, istioapi.PeerAuthentication{}, istioapi.RequestAuthentication{}))
	gatherFields(known, objectMeta, typesOf(metav1.ObjectMeta{}))
	if len(known) < 20 {
		t.Errorf("only %d shapes", len(known))
	}
	for s, fields := range known {
		seen := map[string]bool{}
		for _, k := range s.keys {
			if seen[k.name] || needsQuote([]byte(k.name)) {
				t.Errorf("%s is twice in %v, or not plain", k.name, s.keys)
			}
			seen[k.name] = true
			if fields[k.name] == nil {
				t.Errorf("%s in %v is not a field", k.name, s.keys)
			}
		}
	}
}

func typesOf(values ...any) (types []reflect.Type) {
	for _, v := range values {
		types = append(types, reflect.TypeOf(v))
	}
	return types
}

func gatherFields(known map[*shape]map[string][]reflect.Type, s *shape, types []reflect.Type) {
	if known[s] == nil {
		known[s] = map[string][]reflect.Type{}
	}
	fields := map[string][]reflect.Type{}
	for _, typ := range types {
		addFields(fields, typ)
	}
	for name, in := range fields {
		known[s][name] = append(known[s][name], in...)
	}
	for _, k := range s.keys {
		if k.in != nil {
			gatherFields(known, k.in, fields[k.name])
		}
	}
}

// addFields adds the types of a struct's fields by the names they have in JSON.
func addFields(fields map[string][]reflect.Type, typ reflect.Type) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		for part := range strings.SplitSeq(f.Tag.Get("protobuf"), ",") {
			if proto, ok := strings.CutPrefix(part, "json="); ok && !strings.HasPrefix(typ.PkgPath(), "k8s.io/") {
				name = proto
			}
		}
		switch {
		case f.Anonymous && name == "":
			addFields(fields, f.Type)
		case name == "" && f.Tag.Get("protobuf") != "": // in a oneof
			fields[strings.ToLower(f.Name)] = append(fields[strings.ToLower(f.Name)], f.Type)
		case name != "" && name != "-":
			fields[name] = append(fields[name], f.Type)
		}
	}
}
