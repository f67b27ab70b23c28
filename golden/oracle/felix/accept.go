package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/k8s/conversion"
	"github.com/projectcalico/calico/libcalico-go/lib/selector"
	validator "github.com/projectcalico/calico/libcalico-go/lib/validator/v3"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kinds are the objects that there is a use for, by apiVersion and kind.
var kinds = map[metav1.TypeMeta]func() metav1.Object{
	{APIVersion: "projectcalico.org/v3", Kind: "NetworkPolicy"}:       func() metav1.Object { return &v3.NetworkPolicy{} },
	{APIVersion: "projectcalico.org/v3", Kind: "GlobalNetworkPolicy"}: func() metav1.Object { return &v3.GlobalNetworkPolicy{} },
	{APIVersion: "projectcalico.org/v3", Kind: "NetworkSet"}:          func() metav1.Object { return &v3.NetworkSet{} },
	{APIVersion: "projectcalico.org/v3", Kind: "GlobalNetworkSet"}:    func() metav1.Object { return &v3.GlobalNetworkSet{} },
	{APIVersion: "projectcalico.org/v3", Kind: "HostEndpoint"}:        func() metav1.Object { return &v3.HostEndpoint{} },
	{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}:       func() metav1.Object { return &networkingv1.NetworkPolicy{} },
	{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}:        func() metav1.Object { return &discoveryv1.EndpointSlice{} },
	{APIVersion: "v1", Kind: "Namespace"}:                             func() metav1.Object { return &corev1.Namespace{} },
	{APIVersion: "v1", Kind: "ServiceAccount"}:                        func() metav1.Object { return &corev1.ServiceAccount{} },
	{APIVersion: "v1", Kind: "Pod"}:                                   func() metav1.Object { return &corev1.Pod{} },
}

// decode reads an object. A field that the release does not know is an error.
func decode(document json.RawMessage) (metav1.Object, error) {
	var meta metav1.TypeMeta
	if err := json.Unmarshal(document, &meta); err != nil {
		return nil, err
	}
	empty, ok := kinds[meta]
	if !ok {
		return nil, fmt.Errorf("%s %s is no kind that is read", meta.APIVersion, meta.Kind)
	}
	out := empty()
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	return out, d.Decode(out)
}

// accept validates an object as calicoctl and Calico's API server do, and parses
// each of its selectors. A policy of Kubernetes is converted first.
func accept(document json.RawMessage) error {
	o, err := decode(document)
	if err != nil {
		return err
	}
	if np, native := o.(*networkingv1.NetworkPolicy); native {
		kv, err := conversion.NewConverter().K8sNetworkPolicyToCalico(np)
		if err != nil {
			return err
		}
		return parseSelectors(kv.Value)
	}
	return errors.Join(validator.Validate(o), parseSelectors(o))
}

// parseSelectors parses every selector of an object of Calico's.
func parseSelectors(object any) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return err
	}
	return parseIn("", tree)
}

// selectorFields are the fields that have selectors as text.
var selectorFields = []string{"selector", "notSelector", "namespaceSelector", "serviceAccountSelector"}

func parseIn(path string, tree any) error {
	switch tree := tree.(type) {
	case map[string]any:
		var all []error
		for key, value := range tree {
			at := path + "." + key
			if text, ok := value.(string); ok && slices.Contains(selectorFields, key) {
				if _, err := selector.Parse(text); err != nil {
					all = append(all, fmt.Errorf("%s: %w", at, err))
				}
				continue
			}
			all = append(all, parseIn(at, value))
		}
		slices.SortFunc(all, byText)
		return errors.Join(all...)
	case []any:
		var all []error
		for i, value := range tree {
			all = append(all, parseIn(fmt.Sprintf("%s[%d]", path, i), value))
		}
		return errors.Join(all...)
	}
	return nil
}

func byText(a, b error) int { return bytes.Compare(fmt.Append(nil, a), fmt.Append(nil, b)) }
