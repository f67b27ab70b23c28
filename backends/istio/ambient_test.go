package istio

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	security "istio.io/api/security/v1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"

	"github.com/portolan-dev/portolan/backends/manifest"
)

// What istiod hands ztunnel of a policy (istio/istio,
// pilot/pkg/serviceregistry/ambient/authorization.go). It drops the rest, or the
// rule with it.
var ztunnelReads = map[string][]string{
	"spec":      {"selector", "action", "rules"},
	"rule":      {"from", "to", "when"},
	"source":    {"principals", "not_principals", "namespaces", "not_namespaces", "service_accounts", "not_service_accounts", "ip_blocks", "not_ip_blocks"},
	"operation": {"ports", "not_ports"},
	"when":      {"source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"},
}

// passedOver lists what ztunnel passes over of an object.
func passedOver(o manifest.Object) []string {
	var out []string
	only := func(m proto.Message, what string) {
		m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if !slices.Contains(ztunnelReads[what], string(f.Name())) {
				out = append(out, what+"."+string(f.Name()))
			}
			return true
		})
	}
	stars := func(values []string) {
		for _, v := range values {
			if strings.Contains(strings.TrimPrefix(strings.TrimSuffix(v, "*"), "*"), "*") {
				out = append(out, v)
			}
		}
	}
	switch v := o.Value.(type) {
	case *clientsecurity.AuthorizationPolicy:
		only(&v.Spec, "spec")
		if v.Annotations[dryRunAnnotation] != "" || v.Spec.Action > security.AuthorizationPolicy_DENY || v.Spec.Selector != nil && len(v.Spec.Selector.MatchLabels) == 0 {
			out = append(out, "the policy")
		}
		for _, r := range v.Spec.Rules {
			only(r, "rule")
			for _, f := range r.From {
				only(f.Source, "source")
				stars(slices.Concat(f.Source.Principals, f.Source.NotPrincipals, f.Source.Namespaces, f.Source.NotNamespaces))
			}
			for _, to := range r.To {
				only(to.Operation, "operation")
			}
			for _, c := range r.When {
				if !slices.Contains(ztunnelReads["when"], c.Key) {
					out = append(out, c.Key)
				}
			}
		}
	case *clientsecurity.PeerAuthentication:
		modes := []*security.PeerAuthentication_MutualTLS{v.Spec.Mtls}
		for _, m := range v.Spec.PortLevelMtls {
			modes = append(modes, m)
		}
		for _, m := range modes {
			if m.GetMode() == security.PeerAuthentication_MutualTLS_DISABLE {
				out = append(out, "DISABLE")
			}
		}
	default:
		out = append(out, o.Kind)
	}
	return out
}

// TestAmbientReads renders every intent of the corpus for ambient: nothing that
// comes out has a field that ztunnel would pass over, so that what it cannot
// enforce was refused.
func TestAmbientReads(t *testing.T) {
	inputs, err := filepath.Glob("../../golden/*/*/input.portolan.hcl")
	if err != nil || len(inputs) < 150 {
		t.Fatal(len(inputs), err)
	}
	rendered := 0
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		p, tg, ok := tryLower(t, "istio-ambient", string(text))
		if !ok || tg.Foreign(p).HasErrors() {
			continue
		}
		objects, diags := Backend{}.Lower(p, tg)
		if diags.HasErrors() {
			continue
		}
		rendered++
		for _, o := range objects {
			if a, ok := o.Value.(*clientsecurity.AuthorizationPolicy); ok && a.Spec.TargetRefs != nil {
				continue // for waypoints, which read everything
			}
			if a, ok := o.Value.(*clientsecurity.RequestAuthentication); ok && a.Spec.TargetRefs != nil {
				continue
			}
			if lost := passedOver(o); lost != nil {
				t.Errorf("%s: %s %s/%s: ztunnel passes over %q", input, o.Kind, o.Namespace, o.Name, lost)
			}
		}
	}
	if rendered < 50 {
		t.Errorf("only %d of the intents were rendered", rendered)
	}
}
