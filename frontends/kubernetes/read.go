package kubernetes

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// lifting is the state of one pass over the documents.
type lifting struct {
	profile  profile.Profile
	subjects subjects
	diags    diag.List
}

func newLifting(o lift.Options) *lifting {
	return &lifting{profile: o.Profile, subjects: newSubjects(&o.Inventory)}
}

// current reports whether a document is of the version and kind that is lifted,
// and refuses it where not.
func (l *lifting) current(doc *manifest.Document, version, kind string) bool {
	if doc.APIVersion == version && doc.Kind == kind {
		return true
	}
	l.diags.Add(diag.NotEnforced, doc.Range, fmt.Sprintf("%s is of %s, which is not read.", doc, doc.APIVersion),
		fmt.Sprintf("Write it as %s of %s.", kind, version))
	return false
}

// named checks the names as the API server does.
func (l *lifting) named(doc *manifest.Document) {
	check := func(what, name string, why []string) {
		if name != "" && len(why) > 0 {
			l.diags.Add(diag.BadFieldValue, doc.Range, fmt.Sprintf("%q is no name of a %s.", name, what), strings.Join(why, " "))
		}
	}
	check("policy", doc.Name, validation.IsDNS1123Subdomain(doc.Name))
	check("namespace", doc.Namespace, validation.IsDNS1123Label(doc.Namespace))
}

// element reads a mapping in a list, which null is not, although the server
// takes it for an empty one: in a list of rules that is everything.
func element(v manifest.Value, read func(*manifest.Object)) {
	if v.Kind() == manifest.Null {
		v.Wrong(manifest.Map.String())
	}
	v.Object(read)
}

// most is how many elements a list of a ClusterNetworkPolicy has.
const most = 25

// atMost gives the elements of a list, and reports too many.
func atMost(list manifest.Value) []manifest.Value {
	items := list.Items()
	if len(items) > most {
		list.Bad(fmt.Sprintf("has %d elements", len(items)), fmt.Sprintf("The API takes %d: split the policy.", most))
	}
	return items
}

// some is atMost for a list that must have an element where it is present.
func some(list manifest.Value) []manifest.Value {
	items := atMost(list)
	if list.Kind() == manifest.List && len(items) == 0 {
		list.Bad("is empty", "Leave it out, or name what it is about.")
	}
	return items
}
