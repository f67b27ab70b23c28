package cilium

import "github.com/portolan-dev/portolan/backends/lower"

func (Backend) Capabilities() []lower.Capability { return nil }
