package golden

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"sync"
	"testing"

	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
	calico "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	security "istio.io/api/security/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/backends/clusterpolicy"
	"github.com/portolan-dev/portolan/backends/manifest"
)

// envelope is what every object has around its spec.
type envelope struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              json.RawMessage `json:"spec,omitempty"`
	Specs             json.RawMessage `json:"specs,omitempty"`
}

// readBack demands that an object's bytes decode strictly into the upstream
// type that its kind names, and mean there what was printed.
func readBack(t *testing.T, o manifest.Object) {
	t.Helper()
	text, err := manifest.Append(nil, o)
	if err != nil {
		t.Fatal(err)
	}
	var e envelope
	if err := yaml.UnmarshalStrict(text, &e); err != nil {
		t.Errorf("%s: %v", o, err)
		return
	}
	switch e.APIVersion + " " + e.Kind {
	case "networking.k8s.io/v1 NetworkPolicy":
		strict(t, o, text, &networking.NetworkPolicy{})
	case "policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy":
		strict(t, o, text, &clusterpolicy.Policy{})
	case "projectcalico.org/v3 NetworkPolicy":
		strict(t, o, text, &calico.NetworkPolicy{})
	case "projectcalico.org/v3 GlobalNetworkPolicy":
		strict(t, o, text, &calico.GlobalNetworkPolicy{})
	case "projectcalico.org/v3 StagedNetworkPolicy":
		strict(t, o, text, &calico.StagedNetworkPolicy{})
	case "projectcalico.org/v3 StagedGlobalNetworkPolicy":
		strict(t, o, text, &calico.StagedGlobalNetworkPolicy{})
	case "projectcalico.org/v3 NetworkSet":
		strict(t, o, text, &calico.NetworkSet{})
	case "projectcalico.org/v3 GlobalNetworkSet":
		strict(t, o, text, &calico.GlobalNetworkSet{})
	case "projectcalico.org/v3 Tier":
		strict(t, o, text, &calico.Tier{})
	case "cilium.io/v2 CiliumNetworkPolicy", "cilium.io/v2 CiliumClusterwideNetworkPolicy":
		ciliumRules(t, o, e)
	case "cilium.io/v2 CiliumCIDRGroup", "cilium.io/v2alpha1 CiliumCIDRGroup":
		ciliumGroup(t, o, e)
	case "security.istio.io/v1 AuthorizationPolicy":
		protobuf(t, o, e, &security.AuthorizationPolicy{})
	case "security.istio.io/v1 PeerAuthentication":
		protobuf(t, o, e, &security.PeerAuthentication{})
	case "security.istio.io/v1 RequestAuthentication":
		protobuf(t, o, e, &security.RequestAuthentication{})
	default:
		t.Errorf("%s: there is no such kind", o)
	}
}

// strict decodes into the upstream type, unknown fields being errors, and
// demands the value that was printed.
func strict(t *testing.T, o manifest.Object, text []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Errorf("%s: %v", o, err)
		return
	}
	want, err1 := json.Marshal(o.Value)
	got, err2 := json.Marshal(into)
	if err1 != nil || err2 != nil || !sameJSON(want, got) {
		t.Errorf("%s reads back as something else:\nwant %s\ngot  %s", o, want, got)
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// selectNodes has the agent take rules about nodes by label, as where such are
// rendered.
var selectNodes = sync.OnceFunc(func() { option.Config.EnableNodeSelectorLabels = true })

// ciliumRules decodes the rules and lets the agent's own validation judge them.
func ciliumRules(t *testing.T, o manifest.Object, e envelope) {
	t.Helper()
	var rules []*api.Rule
	if e.Specs != nil {
		if err := yaml.UnmarshalStrict(e.Specs, &rules); err != nil {
			t.Errorf("%s: %v", o, err)
		}
	}
	if e.Spec != nil {
		var r api.Rule
		if err := yaml.UnmarshalStrict(e.Spec, &r); err != nil {
			t.Errorf("%s: %v", o, err)
		}
		rules = append(rules, &r)
	}
	if len(rules) == 0 {
		t.Errorf("%s has no rules", o)
	}
	selectNodes()
	for _, r := range rules {
		if err := r.Sanitize(); err != nil {
			t.Errorf("%s: %v", o, err)
		}
	}
}

// ciliumGroup decodes a group's spec as upstream's type has it
// (pkg/k8s/apis/cilium.io/v2/cidrgroups_types.go), whose package brings the
// whole agent.
func ciliumGroup(t *testing.T, o manifest.Object, e envelope) {
	t.Helper()
	var spec struct {
		ExternalCIDRs []netip.Prefix `json:"externalCIDRs"`
	}
	if err := yaml.UnmarshalStrict(e.Spec, &spec); err != nil || len(spec.ExternalCIDRs) == 0 {
		t.Errorf("%s: %d ranges, %v", o, len(spec.ExternalCIDRs), err)
	}
}

// protobuf decodes a spec without discarding what is unknown, which the
// upstream types' own UnmarshalJSON does.
func protobuf(t *testing.T, o manifest.Object, e envelope, into proto.Message) {
	t.Helper()
	if err := (protojson.UnmarshalOptions{}).Unmarshal(e.Spec, into); err != nil {
		t.Errorf("%s: %v", o, err)
		return
	}
	again, err := protojson.Marshal(into)
	if err != nil {
		t.Fatal(err)
	}
	// The one field that is printed and that proto-JSON leaves out.
	var want, got map[string]any
	if json.Unmarshal(e.Spec, &want) != nil || json.Unmarshal(again, &got) != nil {
		t.Fatalf("%s: not an object", o)
	}
	if want["action"] == "ALLOW" {
		delete(want, "action")
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%s reads back as something else:\nwant %v\ngot  %v", o, want, got)
	}
}
