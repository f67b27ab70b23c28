package schemas

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/projectcalico/api/pkg/openapi"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

const (
	calicoGroup   = "projectcalico.org"
	calicoVersion = "v3"
	calicoTypes   = "github.com/projectcalico/api/pkg/apis/projectcalico/v3."
	references    = "#/definitions/"
)

// calicoKinds are the kinds of Calico's policies, and what they refer to.
var calicoKinds = []struct {
	kind, plural string
	scope        apiextensions.ResourceScope
}{
	{"GlobalNetworkPolicy", "globalnetworkpolicies", apiextensions.ClusterScoped},
	{"GlobalNetworkSet", "globalnetworksets", apiextensions.ClusterScoped},
	{"HostEndpoint", "hostendpoints", apiextensions.ClusterScoped},
	{"NetworkPolicy", "networkpolicies", apiextensions.NamespaceScoped},
	{"NetworkSet", "networksets", apiextensions.NamespaceScoped},
	{"StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", apiextensions.ClusterScoped},
	{"StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies", apiextensions.NamespaceScoped},
	{"StagedNetworkPolicy", "stagednetworkpolicies", apiextensions.NamespaceScoped},
	{"Tier", "tiers", apiextensions.ClusterScoped},
}

// calico gives definitions of Calico's kinds, made of the OpenAPI definitions of
// their types.
func calico() ([]*apiextensions.CustomResourceDefinition, error) {
	all := openapi.GetOpenAPIDefinitions(func(path string) spec.Ref { return spec.MustCreateRef(references + path) })
	var out []*apiextensions.CustomResourceDefinition
	for _, k := range calicoKinds {
		schema, err := structural(all, calicoTypes+k.kind)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.kind, err)
		}
		out = append(out, &apiextensions.CustomResourceDefinition{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
			ObjectMeta: metav1.ObjectMeta{Name: k.plural + "." + calicoGroup},
			Spec: apiextensions.CustomResourceDefinitionSpec{
				Group: calicoGroup, Scope: k.scope,
				Names: apiextensions.CustomResourceDefinitionNames{Kind: k.kind, ListKind: k.kind + "List", Plural: k.plural, Singular: strings.ToLower(k.kind)},
				Versions: []apiextensions.CustomResourceDefinitionVersion{{
					Name: calicoVersion, Served: true, Storage: true,
					Schema: &apiextensions.CustomResourceValidation{OpenAPIV3Schema: schema},
				}},
			},
		})
	}
	return out, nil
}

// structural gives the schema of a type with all that it refers to in place.
func structural(all map[string]common.OpenAPIDefinition, name string) (*apiextensions.JSONSchemaProps, error) {
	whole, err := inlined(all, map[string]any{"$ref": references + name}, 0)
	if err != nil {
		return nil, err
	}
	// The API server has schemas of its own for metadata.
	whole["properties"].(map[string]any)["metadata"] = map[string]any{"type": "object"}
	text, err := json.Marshal(whole)
	if err != nil {
		return nil, err
	}
	out := &apiextensions.JSONSchemaProps{}
	return out, json.Unmarshal(text, out)
}

// maxDepth bounds references that go round: no type of a policy is as deep.
const maxDepth = 40

// inlined gives a schema without references. Defaults are left out: those of Go
// structs are nothing that a definition has.
func inlined(all map[string]common.OpenAPIDefinition, s map[string]any, depth int) (map[string]any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("deeper than %d", maxDepth)
	}
	if ref, ok := s["$ref"].(string); ok {
		d, known := all[strings.TrimPrefix(ref, references)]
		if !known {
			return nil, fmt.Errorf("there is no %s", ref)
		}
		text, err := json.Marshal(d.Schema)
		if err != nil {
			return nil, err
		}
		s = map[string]any{}
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, err
		}
	}
	if s["format"] == "int-or-string" {
		return map[string]any{"x-kubernetes-int-or-string": true}, nil
	}
	delete(s, "default")
	if one, ok := s["allOf"].([]any); ok && len(one) == 1 {
		return inlined(all, one[0].(map[string]any), depth+1)
	}
	for _, under := range []string{"items", "additionalProperties"} {
		if of, ok := s[under].(map[string]any); ok {
			part, err := inlined(all, of, depth+1)
			if err != nil {
				return nil, err
			}
			s[under] = part
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name, of := range properties {
		part, err := inlined(all, of.(map[string]any), depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		properties[name] = part
	}
	return s, nil
}
