// Package manifesttest holds what tests of frontends share.
//
//	manifesttest.CheckTable(t, fields, reflect.TypeFor[networkingv1.NetworkPolicy]())
//
// fails where upstream has a field that the frontend's table has forgotten.
package manifesttest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/manifest"
)

// CheckTable demands that a table has every field of an upstream type, and no
// other: each leaf of the type is in the table, or in a subtree that the table
// refuses, and each path of the table is a leaf of the type, or leads to one or
// into one.
func CheckTable(t testing.TB, table manifest.Table, upstream reflect.Type) {
	t.Helper()
	leaves := Leaves(upstream)
	for _, leaf := range leaves {
		if !slices.ContainsFunc(table, func(f manifest.Field) bool {
			return within(f.Path, leaf.Path) && (leaf.Opaque || f.Path == leaf.Path) || f.Refused != "" && within(leaf.Path, f.Path)
		}) {
			t.Errorf("%s is forgotten", leaf.Path)
		}
	}
	for i, f := range table {
		if !slices.ContainsFunc(leaves, func(leaf Leaf) bool {
			return f.Path == leaf.Path || leaf.Opaque && within(f.Path, leaf.Path) || f.Refused != "" && within(leaf.Path, f.Path)
		}) {
			t.Errorf("%s is no field upstream", f.Path)
		}
		if slices.ContainsFunc(table[:i], func(g manifest.Field) bool { return f.Path == g.Path }) {
			t.Errorf("%s stands twice", f.Path)
		}
	}
}

// Leaf is a field that holds no other.
type Leaf struct {
	Path string

	// Opaque says that the type writes its own JSON, or holds itself, so that
	// what is below it is not known.
	Opaque bool
}

// Leaves gives the leaves of a type's JSON in the order of its fields, written
// as in a manifest.Table and without the fields that every kind has.
func Leaves(t reflect.Type) []Leaf {
	w := walker{}
	w.fields(t, "")
	return slices.DeleteFunc(w.leaves, func(l Leaf) bool {
		return slices.ContainsFunc([]string{"apiVersion", "kind", "metadata", "status"}, func(root string) bool { return within(l.Path, root) })
	})
}

func within(path, root string) bool {
	rest, ok := strings.CutPrefix(path, root)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

type walker struct {
	leaves []Leaf
	open   []reflect.Type // on the way from the root
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func (w *walker) walk(t reflect.Type, path string) {
	opaque := t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) || slices.Contains(w.open, t)
	switch {
	case opaque || t.Kind() == reflect.Interface:
		w.leaves = append(w.leaves, Leaf{path, true})
	case t.Kind() == reflect.Pointer:
		w.walk(t.Elem(), path)
	case t.Kind() == reflect.Struct:
		w.fields(t, path+".")
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		w.walk(t.Elem(), path+"[]")
	case t.Kind() == reflect.Map:
		w.walk(t.Elem(), path+".*")
	default:
		w.leaves = append(w.leaves, Leaf{path, false})
	}
}

func (w *walker) fields(t reflect.Type, prefix string) {
	w.open = append(w.open, t)
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case name == "" && f.Anonymous:
			w.embedded(f.Type, prefix)
		case name == "":
			w.walk(f.Type, prefix+f.Name)
		default:
			w.walk(f.Type, prefix+name)
		}
	}
	w.open = w.open[:len(w.open)-1]
}

// embedded walks a struct whose fields are its holder's.
func (w *walker) embedded(t reflect.Type, prefix string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		w.fields(t, prefix)
	}
}
