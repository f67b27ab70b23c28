package schemas

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// TestGoldens holds every custom resource that Portolan emits to its definition.
func TestGoldens(t *testing.T) {
	docs, err := oracle.Emitted("../..")
	if err != nil || len(docs) < 1000 {
		t.Fatalf("%d documents: %v", len(docs), err)
	}
	judged := map[string]int{}
	for _, doc := range docs {
		var of struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(doc.Text, &of); err != nil {
			t.Fatalf("%s: %v", doc.Source, err)
		}
		if of.APIVersion == "networking.k8s.io/v1" {
			continue // no custom resource
		}
		judged[of.APIVersion+" "+of.Kind]++
		for _, err := range Validate(doc) {
			t.Errorf("%s: %v", doc.Source, err)
		}
	}
	if len(judged) < 12 {
		t.Errorf("kinds: %v", judged)
	}
}

// TestRejected has what each part of the validation is there for.
func TestRejected(t *testing.T) {
	for _, c := range []struct{ name, want, text string }{
		{"no definition", "there is no definition", "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}"},
		{"no version", "there is no definition", "{apiVersion: cilium.io/v3, kind: CiliumNetworkPolicy, metadata: {name: a}}"},
		{"key twice", "already", "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: {endpointSelector: {}}\nspec: {}"},
		{"name", "metadata.name", "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: A_b}, spec: {order: 1}}"},
		{"metadata", "metadata.lables: unknown field", "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: a, lables: {}}, spec: {order: 1}}"},
		{"scope", "metadata.namespace", "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: a, namespace: b}, spec: {order: 1}}"},
		{"calico, unknown field", "spec.ingress[0].source.selectr: unknown field", "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: a}, spec: {ingress: [{action: Allow, source: {selectr: all()}}]}}"},
		{"calico, type", "spec.order", "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: a}, spec: {order: first}}"},
		{"cilium, unknown field", "spec.ingress[0].fromEndpoint: unknown field", "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a}, spec: {endpointSelector: {}, ingress: [{fromEndpoint: []}]}}"},
		{"cilium, pattern", "toPorts[0].ports[0].port", "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a}, spec: {endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '-'}]}]}]}}"},
		{"istio, enum", "spec.action", "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {action: PERMIT}}"},
		{"istio, rule", "only one of", "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: x}]}}"},
		{"cluster policy, minimum", "tcp", "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {}}]}]}}"},
		{"cluster policy, rule", "Start port must be less", "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 5, end: 5}}}}]}]}}"},
		{"cluster policy, channel", "spec.egress[0].to[0].domainNames: unknown field", "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Accept, to: [{domainNames: [a.example]}]}]}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all []string
			for _, err := range Validate(oracle.Document{Text: []byte(c.text)}) {
				all = append(all, err.Error())
			}
			if got := strings.Join(all, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("got %q, which does not have %q", got, c.want)
			}
		})
	}
}
