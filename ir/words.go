package ir

// Direction is that of a rule: Egress is decided at the source, Ingress at the
// destination.
type Direction uint8

// The directions.
const (
	Egress Direction = iota + 1
	Ingress
)

func (d Direction) String() string {
	if d == Egress {
		return "egress"
	}
	return "ingress"
}

// Set is the set of this direction alone.
func (d Direction) Set() Directions {
	if d == Egress {
		return EgressOnly
	}
	return IngressOnly
}

// Directions is a set of directions.
type Directions uint8

// The sets of directions.
const (
	NoDirection Directions = 0
	EgressOnly  Directions = 1
	IngressOnly Directions = 2
	Both        Directions = 3
)

// Has reports whether the set has the direction.
func (s Directions) Has(d Direction) bool {
	return s&d.Set() != 0
}

func (s Directions) String() string {
	return [...]string{"none", "egress", "ingress", "both"}[s&3]
}

// Action is what a rule does.
type Action uint8

// The actions. Allow and Deny are final for the direction; Pass leaves the
// stage; Log decides nothing.
const (
	Allow Action = iota + 1
	Deny
	Pass
	Log
)

func (a Action) String() string { return [...]string{"?", "allow", "deny", "pass", "log"}[a] }

// Mode says whether a rule is enforced or only staged, which decides nothing.
type Mode uint8

// The modes.
const (
	Enforce Mode = iota
	Staged
)

func (m Mode) String() string { return [...]string{"enforce", "staged"}[m] }

// MTLSMode says what a workload asks of its peers' connections.
type MTLSMode uint8

// The modes. Unset inherits.
const (
	MTLSUnset MTLSMode = iota
	MTLSDisable
	MTLSPermissive
	MTLSStrict
)

func (m MTLSMode) String() string { return [...]string{"unset", "disable", "permissive", "strict"}[m] }

// AppProtocol is what is spoken on a port, as a mesh must know it.
type AppProtocol uint8

// The protocols.
const (
	AppUnknown AppProtocol = iota
	AppHTTP
	AppGRPC
	AppTCP
	AppTLS
)

func (p AppProtocol) String() string {
	return [...]string{"unknown", "http", "grpc", "tcp", "tls"}[p]
}
