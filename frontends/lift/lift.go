// Package lift is what every frontend for manifests is given and what it
// gives: the Frontend interface and its options.
//
// It stands apart from package frontends, which lists the frontends and so
// imports them.
package lift

import (
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Frontend reads the manifests that one engine enforces.
type Frontend interface {
	// Name is the family's name: kubernetes, calico, cilium or istio.
	Name() string

	// Reads reports whether documents of the kind are among those that it lifts.
	Reads(group, kind string) bool

	// Lift gives what the documents together decide under the options, with
	// exactly the meaning that the engine gives them. Documents of other kinds
	// are passed over. The inventory of the result is the options'. With an
	// error among the diagnostics the program is not to be used.
	Lift(docs []manifest.Document, o Options) (*ir.Program, diag.List)
}

// Options are what the meaning of manifests hangs on beside their text.
type Options struct {
	Profile   profile.Profile
	Inventory ir.Inventory // namespaces, workloads and facts of the cluster
}
