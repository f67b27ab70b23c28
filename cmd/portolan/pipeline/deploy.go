package pipeline

import (
	"fmt"
	"slices"

	plan "github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Deployed is what a source puts into a cluster.
type Deployed struct {
	Documents []manifest.Document
	Inventory ir.Inventory
	Profiles  []profile.Profile // of what an intent was rendered for
	Files     map[string][]byte // that diagnostics point into
}

// Deploy gives what manifests put into a cluster: themselves. Of an intent it is
// what Rendered.Deploy says.
func (s *Source) Deploy() Deployed {
	inv, _ := s.Inventory()
	return Deployed{Documents: s.documents, Inventory: inv, Files: s.Files}
}

// Deploy gives what a target that was rendered puts into a cluster, read back
// from the very bytes that are written. name tells its files from another's.
func (r *Rendered) Deploy(name string) (Deployed, diag.List) {
	out := Deployed{Inventory: *r.inventory(), Files: map[string][]byte{}}
	for _, t := range r.Target.Parts {
		out.Profiles = append(out.Profiles, t.Profile)
	}
	var diags diag.List
	files, err := plan.Plan(r.Objects())
	if err != nil {
		diags.Add(diag.NotReadBack, diag.Range{}, err.Error()+".", "")
		return out, diags
	}
	var in []manifest.File
	for _, f := range files {
		in = append(in, manifest.File{Name: name + ":" + r.Target.Name + "/" + f.Path, Data: f.Data})
	}
	read, diags := manifest.ReadFiles(in, manifest.Options{})
	out.Documents, out.Files = read.Documents, read.Sources
	return out, diags
}

// Together gives manifests of which some are of one source and some of another,
// to ask what they are for.
func Together(s, t *Source) *Source {
	return &Source{Name: s.Name + " or " + t.Name, documents: append(s.documents[:len(s.documents):len(s.documents)], t.documents...)}
}

// Lift gives what documents mean under the profiles, a CNI's before a mesh's.
func Lift(docs []manifest.Document, profiles []profile.Profile, inv *ir.Inventory) (sem.Policy, diag.List) {
	s := &Source{documents: docs}
	return s.Policy(profiles, inv)
}

// Unread gives the first document that none of the profiles' engines reads; nil
// where there is none.
func Unread(docs []manifest.Document, profiles []profile.Profile) *manifest.Document {
	for i := range docs {
		d := &docs[i]
		read := func(p profile.Profile) bool { return frontends.For(p.Engine).Reads(d.Group(), d.Kind) }
		if !slices.ContainsFunc(profiles, read) {
			return d
		}
	}
	return nil
}

// SameEngines reports whether two lists of profiles are of the same engines, and
// names them where they are not.
func SameEngines(a, b []profile.Profile) error {
	same := len(a) == len(b)
	for i := range a {
		same = same && a[i].Engine == b[i].Engine
	}
	if same {
		return nil
	}
	return fmt.Errorf("one is for %s and the other for %s", engineNames(a), engineNames(b))
}

func engineNames(list []profile.Profile) string {
	text := ""
	for i, p := range list {
		if i > 0 {
			text += "+"
		}
		text += string(p.Engine)
	}
	return text
}
