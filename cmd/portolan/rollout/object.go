package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// object is one object at the two ends; nil where it is not there.
type object struct {
	old, new *manifest.Document
	key      key
	reach    reach
}

// key tells objects apart. The versions of a group are views of one object.
type key struct{ namespace, kind, name, group string }

// keyOf gives the key by what an object is called.
func keyOf(d *manifest.Document) key { return key{d.InNamespace(), d.Kind, d.Name, d.Group()} }

// identity gives the keys of objects under some profiles.
type identity struct {
	prefixed bool // Calico's policies of tier default have the tier before their names in its storage
}

// Calico's API, and the group in which its storage has the same objects.
const (
	calicoGroup   = "projectcalico.org"
	calicoStorage = "crd.projectcalico.org"
)

func identityUnder(profiles []profile.Profile) identity {
	return identity{slices.ContainsFunc(profiles, func(p profile.Profile) bool {
		return p.Engine == profile.Calico && !p.Version.AtLeast(3, 32) // projectcalico/calico, libcalico-go/lib/names/policy.go
	})}
}

// tiered are the kinds of Calico that are in a tier.
var tiered = []string{"GlobalNetworkPolicy", "NetworkPolicy", "StagedGlobalNetworkPolicy", "StagedNetworkPolicy"}

// of gives the key of an object, by whatever of its names it is called.
func (i identity) of(d *manifest.Document) key {
	k := keyOf(d)
	if k.group != calicoGroup && k.group != calicoStorage {
		return k
	}
	k.group = calicoGroup
	if i.prefixed && slices.Contains(tiered, k.kind) {
		k.name = strings.TrimPrefix(k.name, "default.")
	}
	return k
}

func (k key) compare(l key) int {
	return cmp.Or(cmp.Compare(k.namespace, l.namespace), cmp.Compare(k.kind, l.kind), cmp.Compare(k.name, l.name), cmp.Compare(k.group, l.group))
}

// objects matches the objects of the ends, in the order of their keys. The error
// is of an end that has one object under two names.
func (i identity) objects(before, after []manifest.Document) ([]object, error) {
	at := map[key]int{}
	var out []object
	of := func(d *manifest.Document) *object {
		k := i.of(d)
		j, known := at[k]
		if !known {
			j = len(out)
			at[k] = j
			out = append(out, object{key: k})
		}
		return &out[j]
	}
	put := func(at **manifest.Document, d *manifest.Document) error {
		if was := *at; was != nil {
			return &Unfound{fmt.Sprintf("%s %s of %s and %s of %s are one object of the cluster", d.Kind, was.Name, was.Group(), d.Name, d.Group())}
		}
		*at = d
		return nil
	}
	for j := range before {
		if err := put(&of(&before[j]).old, &before[j]); err != nil {
			return nil, err
		}
	}
	for j := range after {
		if err := put(&of(&after[j]).new, &after[j]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b object) int { return a.key.compare(b.key) })
	return out, nil
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
