package manifest

import (
	"cmp"
	"strings"
)

// Object is one API object and what identifies it.
type Object struct {
	APIVersion string
	Kind       string
	Namespace  string // empty for a cluster-scoped object
	Name       string

	// Value is what is printed: a pointer to a typed object, or a map. Its JSON
	// form must state the identity above, which catches an object whose
	// TypeMeta was left empty.
	Value any

	// Comments are printed above the document, one line each.
	Comments []string
}

// String identifies the object in messages.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.APIVersion + " " + o.Kind + " " + o.Name
	}
	return o.APIVersion + " " + o.Kind + " " + o.Namespace + "/" + o.Name
}

// Compare orders objects by namespace, kind and name, cluster-scoped ones
// first.
func (o Object) Compare(p Object) int {
	return cmp.Or(strings.Compare(o.Namespace, p.Namespace), strings.Compare(o.Kind, p.Kind), strings.Compare(o.Name, p.Name))
}

// group is the API group of an apiVersion.
func group(apiVersion string) string {
	g, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return "" // "v1" is the core group
	}
	return g
}
