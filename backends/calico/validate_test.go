package calico

import (
	"math"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/backends/manifest"
)

// spec is what all kinds of policy have.
type spec struct {
	staged                      bool
	tier, namespace, name       string
	order                       float64
	selector, namespaceSelector string
	types                       []v3.PolicyType
	ingress, egress             []v3.Rule
}

// decode reads a printed object back, strictly, and checks that nothing was
// lost.
func decode(t testing.TB, o manifest.Object) any {
	t.Helper()
	text, err := manifest.Append(nil, o)
	if err != nil {
		t.Fatal(err)
	}
	back := reflect.New(reflect.TypeOf(o.Value).Elem()).Interface()
	if err := yaml.UnmarshalStrict(text, back); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again := o
	again.Value = back
	if twice, err := manifest.Append(nil, again); err != nil || string(twice) != string(text) {
		t.Fatalf("%v\n%s\n%s", err, text, twice)
	}
	return back
}

// specOf gives the policy that an object is; false for a tier.
func specOf(t testing.TB, o manifest.Object) (spec, bool) {
	t.Helper()
	order := func(o *float64) float64 {
		if o == nil {
			return math.Inf(1)
		}
		return *o
	}
	switch v := decode(t, o).(type) {
	case *v3.NetworkPolicy:
		return spec{false, v.Spec.Tier, v.Namespace, v.Name, order(v.Spec.Order), v.Spec.Selector, "", v.Spec.Types, v.Spec.Ingress, v.Spec.Egress}, true
	case *v3.GlobalNetworkPolicy:
		return spec{false, v.Spec.Tier, "", v.Name, order(v.Spec.Order), v.Spec.Selector, v.Spec.NamespaceSelector, v.Spec.Types, v.Spec.Ingress, v.Spec.Egress}, true
	case *v3.StagedNetworkPolicy:
		return spec{true, v.Spec.Tier, v.Namespace, v.Name, order(v.Spec.Order), v.Spec.Selector, "", v.Spec.Types, v.Spec.Ingress, v.Spec.Egress}, true
	case *v3.StagedGlobalNetworkPolicy:
		return spec{true, v.Spec.Tier, "", v.Name, order(v.Spec.Order), v.Spec.Selector, v.Spec.NamespaceSelector, v.Spec.Types, v.Spec.Ingress, v.Spec.Egress}, true
	}
	return spec{}, false
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// validate checks what the API server, calicoctl and Felix demand of an object.
// With native v3 resources the API server demands only the schema, so all of
// it is the backend's to keep.
func validate(t testing.TB, o manifest.Object) {
	t.Helper()
	s, ok := specOf(t, o)
	if set, isSet := setOf(t, o); isSet {
		if !dnsLabel.MatchString(o.Name) || len(set.nets) == 0 || len(set.labels) < 2 {
			t.Errorf("network set %q", o.Name)
		}
		return
	}
	if !ok {
		if !dnsLabel.MatchString(o.Name) || o.Name != denyTier && slices.Contains(reserved, o.Name) {
			t.Errorf("tier %q", o.Name)
		}
		return
	}
	name := s.name
	if s.tier != "default" {
		name, ok = strings.CutPrefix(s.name, s.tier+".")
		if !ok {
			t.Errorf("%s: name without the tier %q", s.name, s.tier)
		}
	}
	if !dnsLabel.MatchString(name) {
		t.Errorf("%s: no DNS-1123 label", s.name)
	}
	if len(s.types) == 0 || s.selector == "" || s.order == 0 || math.IsInf(s.order, 1) {
		t.Errorf("%s: types, selector or order left to defaults", s.name)
	}
	hosts := strings.HasPrefix(s.selector, isHost)
	if s.namespace == "" && !hosts && (s.namespaceSelector == "" || !strings.HasPrefix(s.selector, "projectcalico.org/orchestrator == 'k8s'")) {
		t.Errorf("%s: a global policy that may select host endpoints", s.name)
	}
	for _, x := range []string{s.selector, s.namespaceSelector} {
		checkSelector(t, s.name, x)
	}
	for d, rules := range map[v3.PolicyType][]v3.Rule{v3.PolicyTypeIngress: s.ingress, v3.PolicyTypeEgress: s.egress} {
		if len(rules) > 0 && !slices.Contains(s.types, d) {
			t.Errorf("%s: %s rules without the type", s.name, d)
		}
		if len(rules) > 1024 {
			t.Errorf("%s: %d rules", s.name, len(rules))
		}
		for _, r := range rules {
			validateRule(t, s, d, r)
		}
	}
}

func checkSelector(t testing.TB, name, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if _, err := parseSelector(text); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func validateRule(t testing.TB, s spec, d v3.PolicyType, r v3.Rule) {
	t.Helper()
	if !slices.Contains([]v3.Action{v3.Allow, v3.Deny, v3.Log, v3.Pass}, r.Action) {
		t.Errorf("%s: action %q", s.name, r.Action)
	}
	if r.HTTP != nil || r.NotProtocol != nil || r.NotICMP != nil {
		t.Errorf("%s: a match that is not enforced or not used", s.name)
	}
	peer, own := r.Source, r.Destination
	if d == v3.PolicyTypeEgress {
		peer, own = own, peer
	}
	own.Ports, own.NotPorts = nil, nil
	if !reflect.DeepEqual(own, v3.EntityRule{}) {
		t.Errorf("%s: a filter on the policy's own end: %+v", s.name, own)
	}
	if r.ICMP != nil && (r.Protocol == nil || !strings.HasPrefix(r.Protocol.StrVal, "ICMP")) {
		t.Errorf("%s: icmp without its protocol", s.name)
	}
	if len(r.Destination.Ports) > 0 && len(r.Destination.NotPorts) > 0 || len(r.Source.NotPorts) > 0 {
		t.Errorf("%s: ports and notPorts", s.name)
	}
	if len(r.Destination.Ports)+len(r.Destination.NotPorts) > 0 && (r.Protocol == nil || !slices.Contains([]string{"TCP", "UDP", "SCTP"}, r.Protocol.StrVal)) {
		t.Errorf("%s: ports without a protocol", s.name)
	}
	if len(r.Destination.Ports)+len(r.Destination.NotPorts) > 50 || len(r.Source.Ports) > 0 {
		t.Errorf("%s: %d ports", s.name, len(r.Destination.Ports))
	}
	for _, p := range slices.Concat(r.Destination.Ports, r.Destination.NotPorts) {
		if p.PortName == "" && (p.MinPort == 0 || p.MinPort > p.MaxPort) {
			t.Errorf("%s: port %v", s.name, p)
		}
	}
	validateEntity(t, s, peer)
}

func validateEntity(t testing.TB, s spec, e v3.EntityRule) {
	t.Helper()
	checkSelector(t, s.name, e.Selector)
	checkSelector(t, s.name, strings.TrimPrefix(e.NamespaceSelector, "global()"))
	if text, ok := strings.CutPrefix(e.Selector, noPod+" && "); ok {
		if !strings.HasPrefix(text, addressesLabel+" == '") && (e.NamespaceSelector != "global()" || !strings.HasPrefix(e.Selector, isHost)) {
			t.Errorf("%s: selects %s", s.name, text)
		}
		e.Selector, e.NamespaceSelector = "", ""
	}
	labelled := e.Selector != "" || e.NamespaceSelector != "" || e.ServiceAccounts != nil
	if labelled && !strings.HasPrefix(e.Selector, "projectcalico.org/orchestrator == 'k8s'") {
		t.Errorf("%s: a peer that may be a network set: %+v", s.name, e)
	}
	if labelled && s.namespace == "" && e.NamespaceSelector == "" {
		t.Errorf("%s: a global policy's peer without namespaces: %+v", s.name, e)
	}
	if e.NotSelector != "" {
		t.Errorf("%s: negated match: %+v", s.name, e)
	}
	if e.Services != nil && (labelled || len(e.Nets)+len(e.NotNets)+len(e.Ports) > 0 || e.Services.Namespace == "") {
		t.Errorf("%s: services beside something else, or without a namespace", s.name)
	}
	if len(e.Nets) > 256 || len(e.NotNets) > 256 || len(e.NotNets) > 0 && len(e.Nets) == 0 {
		t.Errorf("%s: %d nets, %d notNets", s.name, len(e.Nets), len(e.NotNets))
	}
	families := map[bool]bool{}
	for i, text := range slices.Concat(e.Nets, e.NotNets) {
		p, err := netip.ParsePrefix(text)
		if err != nil || p != p.Masked() || i >= len(e.Nets) && p.Bits() == 0 {
			t.Errorf("%s: range %q", s.name, text)
			continue
		}
		families[p.Addr().Is6()] = true
	}
	if len(families) > 1 {
		t.Errorf("%s: two families in one rule", s.name)
	}
}
