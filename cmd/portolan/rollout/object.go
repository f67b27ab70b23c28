package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/diag"
)

// object is one object at the two ends; nil where it is not there.
type object struct {
	old, new *manifest.Document
	key      key
	reach    reach
}

// key tells objects apart. The versions of a group are views of one object.
type key struct{ namespace, kind, name, group string }

func keyOf(d *manifest.Document) key { return key{d.InNamespace(), d.Kind, d.Name, d.Group()} }

func (k key) compare(l key) int {
	return cmp.Or(cmp.Compare(k.namespace, l.namespace), cmp.Compare(k.kind, l.kind), cmp.Compare(k.name, l.name), cmp.Compare(k.group, l.group))
}

// objects matches the objects of the ends, in the order of their keys.
func objects(before, after []manifest.Document) []object {
	at := map[key]int{}
	var out []object
	of := func(d *manifest.Document) *object {
		k := keyOf(d)
		i, known := at[k]
		if !known {
			i = len(out)
			at[k] = i
			out = append(out, object{key: k})
		}
		return &out[i]
	}
	for i := range before {
		of(&before[i]).old = &before[i]
	}
	for i := range after {
		of(&after[i]).new = &after[i]
	}
	slices.SortFunc(out, func(a, b object) int { return a.key.compare(b.key) })
	return out
}

// at is the object as it is before its step, or after it.
func (o *object) at(done bool) *manifest.Document {
	if done {
		return o.new
	}
	return o.old
}

// some is the object at the end that has it, the new one first.
func (o *object) some() *manifest.Document {
	if o.new != nil {
		return o.new
	}
	return o.old
}

func (o *object) action() Action {
	switch {
	case o.old == nil:
		return Create
	case o.new == nil:
		return Delete
	}
	return Change
}

// isChanged reports that the ends differ in what they say of the object.
func (o *object) isChanged() bool {
	return o.old == nil || o.new == nil || textOf(o.old) != textOf(o.new)
}

// textOf writes down what a document says, whatever its layout: without the
// status and without what servers and clients note in the metadata.
func textOf(d *manifest.Document) string {
	var b strings.Builder
	var ignored diag.List
	fmt.Fprintf(&b, "%s\n", d.APIVersion)
	d.Object(nil, &ignored, func(o *manifest.Object) {
		for _, e := range sorted(o.Entries()) {
			switch e.Key {
			case "apiVersion", "kind", "status":
			case "metadata":
				writeMap(&b, d.Labels())
				annotations := d.Annotations()
				delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
				writeMap(&b, annotations)
			default:
				fmt.Fprintf(&b, "%q", e.Key)
				write(&b, e.Value)
			}
		}
	})
	return b.String()
}

func writeMap(b *strings.Builder, m map[string]string) {
	fmt.Fprintf(b, "%q\n", m) // maps are printed in the order of their keys
}

func write(b *strings.Builder, v manifest.Value) {
	fmt.Fprintf(b, "%d", v.Kind())
	switch v.Kind() {
	case manifest.Map:
		b.WriteByte('{')
		for _, e := range sorted(v.Entries()) {
			fmt.Fprintf(b, "%q", e.Key)
			write(b, e.Value)
		}
		b.WriteByte('}')
	case manifest.List:
		b.WriteByte('[')
		for _, item := range v.Items() {
			write(b, item)
		}
		b.WriteByte(']')
	case manifest.Bool:
		is, _ := v.Bool()
		fmt.Fprintf(b, "%t", is)
	case manifest.Int, manifest.Float:
		n, _ := v.Float()
		fmt.Fprintf(b, "%g", n)
	case manifest.String:
		text, _ := v.Text()
		fmt.Fprintf(b, "%q", text)
	case manifest.Absent, manifest.Null, manifest.Time:
	}
}

func sorted(entries []manifest.Entry) []manifest.Entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b manifest.Entry) int { return cmp.Compare(a.Key, b.Key) })
}
