package schemas

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gvk "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// Validate gives what an API server has against a custom resource that is
// created, with strict validation of fields. A namespaced one without a
// namespace is in that of kubectl, "default". It is an error to be of a kind
// that is not among the definitions, or of a version that is not served.
func Validate(doc oracle.Document) []error {
	o, err := decode(doc.Text)
	if err != nil {
		return []error{err}
	}
	k, err := kindOf(o.GroupVersionKind())
	if err != nil {
		return []error{err}
	}
	return k.validate(o)
}

// decode gives the object of a document, with numbers as the API server has
// them. A key that stands twice is an error.
func decode(text []byte) (*unstructured.Unstructured, error) {
	text, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	o := &unstructured.Unstructured{}
	return o, o.UnmarshalJSON(text)
}

// kind is what objects of one version of a kind are validated by.
type kind struct {
	namespaced bool
	structural *schema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator // nil where there are none
}

// kinds holds those that were asked for: compiling one takes a moment.
var kinds struct {
	sync.Mutex
	made map[gvk.GroupVersionKind]*kind
}

func kindOf(of gvk.GroupVersionKind) (*kind, error) {
	kinds.Lock()
	defer kinds.Unlock()
	if k := kinds.made[of]; k != nil {
		return k, nil
	}
	all, err := Definitions()
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		for i := range d.Spec.Versions {
			v := &d.Spec.Versions[i]
			if v.Served && (gvk.GroupVersionKind{Group: d.Spec.Group, Version: v.Name, Kind: d.Spec.Names.Kind}) == of {
				k, err := compile(v, d.Spec.Scope == apiextensionsv1.NamespaceScoped)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", of, err)
				}
				if kinds.made == nil {
					kinds.made = map[gvk.GroupVersionKind]*kind{}
				}
				kinds.made[of] = k
				return k, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no definition of %s", of)
}

func compile(v *apiextensionsv1.CustomResourceDefinitionVersion, namespaced bool) (*kind, error) {
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &props, nil); err != nil {
		return nil, err
	}
	s, err := schema.NewStructural(&props)
	if err != nil {
		return nil, err
	}
	if errs := schema.ValidateStructural(nil, s); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	validator, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return nil, err
	}
	return &kind{namespaced: namespaced, structural: s, schema: validator, rules: cel.NewValidator(s, true, celconfig.PerCallLimit)}, nil
}

// validate does to an object, which it changes, what a server does to one that
// is created.
func (k *kind) validate(o *unstructured.Unstructured) (out []error) {
	if k.namespaced && o.GetNamespace() == "" {
		o.SetNamespace("default")
	}
	errs := apivalidation.ValidateObjectMetaAccessor(o, k.namespaced, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	broken, unknown := objectmeta.CoerceWithOptions(nil, o.Object, k.structural, true, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if broken != nil {
		errs = append(errs, broken)
	}
	unknown = append(unknown, pruning.PruneWithOptions(o.Object, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	for _, path := range unknown {
		out = append(out, errors.New(path+": unknown field"))
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(o.Object, k.structural)
	defaulting.Default(o.Object, k.structural)
	errs = append(errs, validation.ValidateCustomResource(nil, o.Object, k.schema)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, o.Object)...)
	if len(errs) == 0 && k.rules != nil {
		// Rules are written for what the schema takes.
		broken, _ := k.rules.Validate(context.Background(), nil, k.structural, o.Object, nil, celconfig.RuntimeCELCostBudget)
		errs = append(errs, broken...)
	}
	for _, err := range errs {
		out = append(out, err)
	}
	return out
}
