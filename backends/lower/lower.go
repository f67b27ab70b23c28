// Package lower is what every backend is given and what it gives: the Backend
// interface, the target, the capability table's form, and the passes that all
// backends share (subjects, names, metadata, refusals).
//
// It stands apart from package backends, which lists the backends and so
// imports them.
package lower

import (
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Backend renders a program in one family of formats.
type Backend interface {
	// Name is the family's name: kubernetes, calico, cilium or istio.
	Name() string

	// Capabilities is what the family can say, a row per feature in the order
	// of Features. It decides what Lower tries and makes the documentation.
	Capabilities() []Capability

	// Lower gives the objects that mean the program on the target, sorted, and
	// what it cannot say. With an error among the diagnostics the objects are
	// not to be used: they would mean something else. The program is not changed.
	Lower(p *ir.Program, t Target) ([]manifest.Object, diag.List)
}

// Target is what a program is rendered for.
type Target struct {
	Name    string // as the intent or the command line calls it
	Profile profile.Profile
	Role    Role
}

// Role is the part that a backend has in its target.
type Role uint8

// The roles. In a stack the CNI has ports and addresses, the mesh has
// identity, requests and mutual TLS; Share gives each its part of a program.
const (
	Alone    Role = iota
	WithMesh      // the CNI of a stack
	WithCNI       // the mesh of a stack
)
