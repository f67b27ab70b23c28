package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install" // into legacyscheme
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/schemas"
)

// Accept decodes NetworkPolicies strictly, sets their defaults and validates
// them with the strategy that the API server creates them by; what else is of
// the two APIs is validated by its definition, if it has one. Documents of other
// kinds are passed over.
func (Engine) Accept(docs []oracle.Document) ([]oracle.Rejection, error) {
	var out []oracle.Rejection
	for _, doc := range docs {
		objects, err := decode(doc)
		if err != nil {
			out = append(out, oracle.Rejection{Document: doc, Reason: err.Error()})
		}
		for _, o := range objects {
			if err := create(o); err != nil {
				out = append(out, oracle.Rejection{Document: doc, Reason: err.Error()})
			}
		}
	}
	return out, nil
}

// object is a policy and the text that it was decoded from.
type object struct {
	oracle.Document
	policy any // *networkingv1.NetworkPolicy or *v1alpha2.ClusterNetworkPolicy
}

// decode gives the policies of a document, of which a List may have several,
// with their defaults.
func decode(doc oracle.Document) ([]object, error) {
	var head struct {
		APIVersion, Kind string
		Items            []runtime.RawExtension
	}
	if err := yaml.Unmarshal(doc.Text, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", doc.Source, err)
	}
	one := object{Document: doc}
	var err error
	switch group, _, _ := strings.Cut(head.APIVersion, "/"); {
	case head.APIVersion == "v1" && head.Kind == "List":
		return decodeItems(doc, head.Items)
	case group == v1alpha2.GroupName:
		one.policy, err = clusterPolicy(doc)
	case head.Kind == "NetworkPolicy" && (group == networkingv1.GroupName || group == "extensions"):
		one.policy, err = networkPolicy(doc)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doc.Source, err)
	}
	return []object{one}, nil
}

func decodeItems(list oracle.Document, items []runtime.RawExtension) ([]object, error) {
	var out []object
	for _, item := range items {
		objects, err := decode(oracle.Document{Source: list.Source, Text: item.Raw})
		if err != nil {
			return nil, err
		}
		out = append(out, objects...)
	}
	return out, nil
}

// networkPolicy decodes a NetworkPolicy and sets its defaults. One without a
// namespace is in kubectl's.
func networkPolicy(doc oracle.Document) (*networkingv1.NetworkPolicy, error) {
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, legacyscheme.Scheme, legacyscheme.Scheme, json.SerializerOptions{Yaml: true, Strict: true})
	o, _, err := strict.Decode(doc.Text, nil, nil)
	if err != nil {
		return nil, err
	}
	np, ok := o.(*networkingv1.NetworkPolicy)
	if !ok {
		return nil, fmt.Errorf("it decodes to %T", o)
	}
	if np.Namespace == "" {
		np.Namespace = metav1.NamespaceDefault
	}
	legacyscheme.Scheme.Default(np)
	return np, nil
}

// clusterPolicy decodes a ClusterNetworkPolicy, the experimental fields
// included.
func clusterPolicy(doc oracle.Document) (*v1alpha2.ClusterNetworkPolicy, error) {
	o := &v1alpha2.ClusterNetworkPolicy{}
	err := yaml.UnmarshalStrict(doc.Text, o)
	if v := v1alpha2.GroupVersion.String(); err == nil && (o.APIVersion != v || o.Kind != "ClusterNetworkPolicy") {
		return nil, fmt.Errorf("%s %s is not ClusterNetworkPolicy of %s", o.APIVersion, o.Kind, v)
	}
	return o, err
}

// create does what the API server does before it stores a new object.
func create(o object) error {
	np, native := o.policy.(*networkingv1.NetworkPolicy)
	if !native {
		return errors.Join(schemas.Validate(o.Document)...)
	}
	var internal networking.NetworkPolicy
	if err := legacyscheme.Scheme.Convert(np, &internal, nil); err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(&internal)
	ctx := apirequest.WithNamespace(context.Background(), np.Namespace)
	ctx = apirequest.WithRequestInfo(ctx, &apirequest.RequestInfo{
		IsResourceRequest: true, Verb: "create", Namespace: np.Namespace, APIGroup: "networking.k8s.io", APIVersion: "v1", Resource: "networkpolicies",
	})
	return rest.BeforeCreate(networkpolicy.Strategy, ctx, &internal)
}
