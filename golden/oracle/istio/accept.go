package istio

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	"istio.io/istio/pkg/config/validation"
	"sigs.k8s.io/yaml"
)

// groups is the ends of the API groups whose kinds are Istio's.
const groups = ".istio.io"

// Accept gives what Istio's admission webhook has against the documents of its
// kinds; others are not looked at. The webhook does not look for fields that
// there are none of, which the API server does: they are rejected here.
func (*Engine) Accept(docs []oracle.Document) ([]oracle.Rejection, error) {
	var out []oracle.Rejection
	for _, d := range docs {
		if _, _, err := admit(d); err != nil {
			out = append(out, oracle.Rejection{Document: d, Reason: err.Error()})
		}
	}
	return out, nil
}

// admit reads a document as istiod does, nil for one of others' kinds, with what
// Istio warns of. The error is why it is rejected.
func admit(d oracle.Document) (*config.Config, validation.Warning, error) {
	object := crd.IstioKind{}
	if err := yaml.Unmarshal(d.Text, &object); err != nil {
		return nil, nil, err
	}
	gvk := object.GroupVersionKind()
	if !strings.HasSuffix(gvk.Group, groups) {
		return nil, nil, nil
	}
	schema, known := collections.Pilot.FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&gvk))
	if !known {
		return nil, nil, fmt.Errorf("%s is no kind of Istio's", gvk)
	}
	if err := strictly(schema, object.Spec); err != nil {
		return nil, nil, err
	}
	c, err := crd.ConvertObject(schema, &object, "")
	if err != nil {
		return nil, nil, err
	}
	warning, err := schema.ValidateConfig(*c)
	return c, warning, err
}

// strictly reports fields of a spec that the kind does not have.
func strictly(schema resource.Schema, spec json.RawMessage) error {
	if len(spec) == 0 {
		return nil
	}
	into, err := schema.NewInstance()
	if err != nil {
		return err
	}
	message, is := into.(proto.Message)
	if !is {
		return fmt.Errorf("istio: %s is no message", schema.Kind())
	}
	return protojson.Unmarshal(spec, message)
}
