package manifest

import (
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Document is one object of the API, as it was written.
type Document struct {
	APIVersion string
	Kind       string
	Name       string
	Namespace  string     // as written; "" where it was not
	Range      diag.Range // of its first line

	source           *source
	root             *node
	defaultNamespace string
}

// documents makes documents of a file's values.
type documents struct {
	*file
	defaultNamespace string
	list             []Document
}

// add adds a value's document, or those of a list. An item of a typed list may
// leave its version and kind to the list (kubernetes/apimachinery,
// pkg/apis/meta/v1/unstructured/helpers.go, decodeToList).
func (d *documents) add(root *node, listVersion, itemKind string) {
	version, kind := textOf(root.get("apiVersion")), textOf(root.get("kind"))
	if version == "" && kind == "" {
		version, kind = listVersion, itemKind
	}
	if version == "" || kind == "" {
		d.diags.Add(diag.NotAnObject, d.extent(root), "This is no object of Kubernetes: it needs the texts apiVersion and kind.", "Leave files that are no manifests out.")
		return
	}
	if itemKind, isList := strings.CutSuffix(kind, "List"); isList {
		d.addList(root, version, itemKind)
		return
	}
	if len(d.list) > maxDocuments {
		return
	}
	meta := root.get("metadata")
	d.list = append(d.list, Document{
		APIVersion: version, Kind: kind,
		Name: textOf(meta.get("name")), Namespace: textOf(meta.get("namespace")), Range: d.extent(root),
		source: d.source, root: root, defaultNamespace: d.defaultNamespace,
	})
}

func (d *documents) addList(root *node, version, itemKind string) {
	v := Value{&walk{d.source, nil, &d.diags}, root, &step{start: root.start}}
	v.Object(func(o *Object) {
		o.Field("apiVersion")
		o.Field("kind")
		o.Field("metadata")
		items := o.Field("items")
		if items.node == nil {
			o.Required("items")
		}
		for _, item := range items.Items() {
			d.add(item.node, version, itemKind)
		}
	})
}

func textOf(n *node) string {
	if n == nil || n.kind != String {
		return ""
	}
	return n.text
}

// Group gives the API group: "networking.k8s.io" of networking.k8s.io/v1, ""
// for the core group.
func (d *Document) Group() string {
	group, _, found := strings.Cut(d.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// Version gives the version within the group, such as v1.
func (d *Document) Version() string {
	return d.APIVersion[strings.LastIndexByte(d.APIVersion, '/')+1:]
}

// InNamespace gives the namespace of an object whose kind has one: as it was
// written, or the default of Options.
func (d *Document) InNamespace() string {
	if d.Namespace == "" {
		return d.defaultNamespace
	}
	return d.Namespace
}

// String names the document as messages do: "NetworkPolicy shop/web".
func (d *Document) String() string {
	name := d.Name
	if d.Namespace != "" {
		name = d.Namespace + "/" + name
	}
	return d.Kind + " " + name
}

// Object reads the document's fields with the table of its kind, and adds what
// is wrong with them to the list. The fields that every kind has are read
// already: apiVersion and kind, metadata, which is checked here, and status,
// which is the server's to write. A second pass reports a second time.
func (d *Document) Object(table Table, diags *diag.List, read func(*Object)) {
	d.value(table, diags).Object(func(o *Object) {
		o.Field("apiVersion")
		o.Field("kind")
		o.Field("status")
		checkMetadata(o.Field("metadata"), true)
		read(o)
	})
}

func (d *Document) value(table Table, diags *diag.List) Value {
	return Value{&walk{d.source, table, diags}, d.root, &step{start: d.root.start}}
}

// checkMetadata checks the fields of metav1.ObjectMeta: a misspelt namespace
// would put the object into another one. An object is named, a template is not.
func checkMetadata(v Value, named bool) {
	if named && !v.Require() {
		return
	}
	v.Object(func(o *Object) {
		name, generated := o.Field("name"), o.Field("generateName")
		if s, ok := name.Text(); named && !generated.Present() && s == "" && ok == name.Present() {
			name.Report(diag.MissingField, "metadata.name is missing.", "")
		}
		o.Field("namespace").Text()
		texts(o.Field("labels"))
		texts(o.Field("annotations"))
		for _, name := range serverFields {
			o.Field(name)
		}
	})
}

// serverFields are the fields of metav1.ObjectMeta without a meaning for
// policies; most of them the server writes.
var serverFields = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
	"generation", "managedFields", "ownerReferences", "resourceVersion",
	"selfLink", "uid",
}

// texts reads a mapping of texts, such as labels.
func texts(v Value) map[string]string {
	out := map[string]string{}
	for _, e := range v.Entries() {
		s, ok := e.Value.Text()
		if !ok && !e.Value.Present() { // the server reads null as ""
			ok = true
		}
		if ok {
			out[e.Key] = s
		}
	}
	return out
}

// Labels gives the object's own labels; diagnostics about them are Object's.
func (d *Document) Labels() map[string]string {
	var ignored diag.List
	return texts(d.value(nil, &ignored).field("metadata").field("labels"))
}

// Annotations gives the object's annotations; diagnostics about them are
// Object's.
func (d *Document) Annotations() map[string]string {
	var ignored diag.List
	return texts(d.value(nil, &ignored).field("metadata").field("annotations"))
}
