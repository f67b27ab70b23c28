// Package frontends lists what turns manifests into programs, a frontend for
// each engine whose meaning they have.
//
// The same manifest means different things to different engines, so that a
// frontend is chosen by the engine and not by the manifest: Calico and Cilium
// enforce native policies too, and their frontends read those among their own.
// What a frontend is stands in package lift, which they import and this
// imports; the intent language has a frontend of its own, package intent.
package frontends

import (
	"github.com/portolan-dev/portolan/frontends/calico"
	"github.com/portolan-dev/portolan/frontends/cilium"
	"github.com/portolan-dev/portolan/frontends/istio"
	"github.com/portolan-dev/portolan/frontends/kubernetes"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/ir/profile"
)

// All gives every frontend for manifests.
func All() []lift.Frontend {
	return []lift.Frontend{kubernetes.Frontend{}, calico.Frontend{}, cilium.Frontend{}, istio.Frontend{}}
}

// For gives the frontend of an engine. Both data planes of Istio take the same
// objects, to which they give different meanings.
func For(e profile.Engine) lift.Frontend {
	switch e {
	case profile.Calico:
		return calico.Frontend{}
	case profile.Cilium:
		return cilium.Frontend{}
	case profile.Istio, profile.IstioAmbient:
		return istio.Frontend{}
	case profile.Kubernetes:
	}
	return kubernetes.Frontend{}
}
