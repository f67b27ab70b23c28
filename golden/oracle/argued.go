package oracle

// Argued is a difference between Portolan and an engine that is no bug: a named
// reason, with the engine's source, why the two say different things of some
// flows. A run counts the flows; one that a whole run never meets is an error, so
// that the list holds nothing stale.
type Argued struct {
	Name   string // in lower case with dashes; unique in its family
	Reason string // what differs and why that is right, with the upstream repository and path

	// Applies reports whether the difference is the one at hand. It is asked
	// only of flows on which the two differ.
	Applies func(d Difference) bool
}

// Difference is a flow on which Portolan and an engine differ, and in what.
type Difference struct {
	Cluster   *Cluster
	Documents []Document
	Flow      *Flow
	Engine    Verdict
	Allowed   bool // what Portolan says
}
