package cilium

import "github.com/portolan-dev/portolan/golden/oracle"

// Argued gives the differences between Portolan and Cilium that are no bugs.
func Argued() []oracle.Argued { return nil }
