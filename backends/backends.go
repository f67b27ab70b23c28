// Package backends lists the backends, in a fixed order. What a backend is and
// what backends share is in package lower, which they import and this imports.
package backends

import (
	"github.com/portolan-dev/portolan/backends/calico"
	"github.com/portolan-dev/portolan/backends/cilium"
	"github.com/portolan-dev/portolan/backends/istio"
	"github.com/portolan-dev/portolan/backends/kubernetes"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir/profile"
)

// All gives every backend.
func All() []lower.Backend {
	return []lower.Backend{kubernetes.Backend{}, calico.Backend{}, cilium.Backend{}, istio.Backend{}}
}

// For gives the backend of an engine. Both data planes of Istio take the same
// objects.
func For(e profile.Engine) lower.Backend {
	switch e {
	case profile.Calico:
		return calico.Backend{}
	case profile.Cilium:
		return cilium.Backend{}
	case profile.Istio, profile.IstioAmbient:
		return istio.Backend{}
	case profile.Kubernetes:
	}
	return kubernetes.Backend{}
}
