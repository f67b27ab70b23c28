package sem

import "github.com/portolan-dev/portolan/ir"

// The kinds of endpoints, as values of a variable; infrastructure by name
// begins at kindInfra.
const (
	kindPod = iota
	kindOwnNode
	kindOtherNode
	kindExternal
	kindRemote
	kindInfra
)

// What a flow carries, as values of a variable.
const (
	carriesBytes = iota
	carriesRequest
	carriesQuery
)

// The protocols, as values of a variable; those without a name follow.
const (
	protoTCP = iota
	protoUDP
	protoSCTP
	protoICMP
	protoICMPv6
	protoOther
)

// layout is where the variables of a universe are, as indices into a
// diagram.Space; an end's are in pairs, source before destination. A variable
// that nothing asks for is there with one value, and costs nothing.
type layout struct {
	sizes []int

	kind, cluster, ns, account          [2]int
	address, meshed                     [2]int
	nsLabel, label                      [2]map[string]int
	protocol, port, sourcePort, message int
	carries, method, target, host       int
	header                              map[string]int
	query, authenticated                int
	server                              [2]int // one variable where only one end can be no pod
	name                                []int  // by class of names: the external end has one of it
	call                                map[ir.NamedPort]int
	condition                           map[string]int
}

// end is an index into the pairs of a layout.
type end int

const (
	source      end = 0
	destination end = 1
)

// order is how variables are laid out. No order is good for every policy, so
// that several are tried where one hits its bound.
type order uint8

const (
	endsFirst  order = iota // who talks to whom, then over what
	portsFirst              // over what, then who
	apart                   // all of the destination, then all of the source
)

var orders = []order{endsFirst, portsFirst, apart}

func (u *universe) lay(o order) *layout {
	l := &layout{header: map[string]int{}, call: map[ir.NamedPort]int{}, condition: map[string]int{}}
	l.nsLabel = [2]map[string]int{{}, {}}
	l.label = [2]map[string]int{{}, {}}
	add := func(size int) int {
		l.sizes = append(l.sizes, size)
		return len(l.sizes) - 1
	}
	flag := func(asked bool) int {
		if asked {
			return add(2)
		}
		return add(1)
	}
	ends := []end{destination, source}
	l.kind = [2]int{add(kindInfra + len(u.infra)), add(kindInfra + len(u.infra))}
	transport := func() {
		l.protocol = add(protoOther + len(u.protocols))
		l.port = add(u.portCut.Len())
	}
	if o == portsFirst {
		transport()
	}
	steps := []func(end){func(e end) { l.cluster[e] = add(len(u.clusters.classes)) }, func(e end) { l.ns[e] = add(len(u.namespaces.classes)) }}
	for _, k := range sortedKeys(u.nsLabels) {
		steps = append(steps, func(e end) { l.nsLabel[e][k] = add(len(u.nsLabels[k].classes)) })
	}
	for _, k := range sortedKeys(u.labels) {
		steps = append(steps, func(e end) { l.label[e][k] = add(len(u.labels[k].classes)) })
	}
	steps = append(steps,
		func(e end) { l.account[e] = add(len(u.accountNames.classes)) },
		func(e end) { l.meshed[e] = flag(u.mesh) },
		func(e end) { l.address[e] = add(u.addressCut.Len()) })
	if o == apart {
		for _, e := range ends {
			for _, step := range steps {
				step(e)
			}
		}
	} else {
		for _, step := range steps {
			for _, e := range ends {
				step(e)
			}
		}
	}
	if o != portsFirst {
		transport()
	}
	l.sourcePort = add(u.sourceCut.Len())
	l.message = add(len(u.messages))
	l.carries = add(map[bool]int{true: 3, false: 1}[u.requests || !u.queries.trivial()])
	l.method, l.target, l.host = add(len(u.methods.classes)), add(len(u.paths.classes)), add(len(u.hosts.classes))
	for _, k := range sortedKeys(u.headers) {
		l.header[k] = add(len(u.headers[k].classes))
	}
	l.query = add(len(u.queries.classes))
	l.server[source] = add(2)
	if l.server[destination] = l.server[source]; u.policed {
		l.server[destination] = add(2)
	}
	for range u.peerNames.classes {
		l.name = append(l.name, flag(u.named))
	}
	l.authenticated = flag(u.mesh)
	for _, n := range sortedPorts(u.calls) {
		l.call[n] = add(2)
	}
	for _, atom := range sortedKeys(u.conditions) {
		l.condition[atom] = add(2)
	}
	return l
}

func sortedPorts(m map[ir.NamedPort]bool) []ir.NamedPort {
	var list []ir.NamedPort
	for n := range m {
		list = append(list, n)
	}
	return ir.NamedTraffic(list...).Named()
}
