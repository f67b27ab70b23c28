package calico

import (
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// loaded is policies in a cluster.
type loaded struct {
	felix   *felix
	number  int
	cluster *oracle.Cluster

	hosts     bool // nodes have host endpoints
	undecided bool // policies are enforced that Felix 3.28 does not have
	http      bool // something beside Felix decides about requests
}

// Close implements oracle.Policy.
func (l *loaded) Close() error {
	_, err := l.felix.ask(&request{Close: l.number})
	return err
}

// Decide implements oracle.Policy. It does not decide what Felix leaves to
// others: requests that Dikastes reads, and what a node takes from its own pods
// where nodes have host endpoints, which is defaultEndpointToHostAction's
// (felix/rules/static.go, filterInputChain). What Felix drops before it asks any
// policy, tunnels that pods make themselves, is left out
// (felix/rules/endpoints.go, endpointIptablesChain). It panics where the program
// fails.
func (l *loaded) Decide(f *oracle.Flow) (oracle.Verdict, bool) {
	source, destination := &f.Source, &f.Destination
	at := oracle.Verdict{Allowed: true, Reason: "no endpoint of Calico's"}
	switch {
	case l.undecided || l.http && f.Protocol == sem.TCP,
		!source.Address.IsValid() || !destination.Address.IsValid(),
		l.hosts && destination.Kind == sem.OwnNode:
		return at, false
	case source.Kind == sem.OwnNode:
		// felix/rules/static.go, filterOutputChain.
		return oracle.Verdict{Allowed: true, Reason: "a host reaches its own pods"}, true
	}
	for _, end := range []struct {
		index     int
		kind      sem.EndpointKind
		direction string
	}{{f.From, source.Kind, "egress"}, {f.To, destination.Kind, "ingress"}} {
		if end.kind != sem.Pod && !(l.hosts && end.kind == sem.OtherNode) {
			continue
		}
		a, err := l.felix.ask(&request{Decide: &question{Policy: l.number, At: l.at(end.index), Direction: end.direction, Packet: packetOf(f)}})
		if err != nil {
			panic(err) // no verdict of any kind
		}
		if at = (oracle.Verdict{Allowed: a.Allowed, Reason: end.direction + ": " + a.Reason}); !a.Allowed {
			break
		}
	}
	return at, true
}

// at names an endpoint to Felix.
func (l *loaded) at(index int) string {
	e := &l.cluster.Endpoints[index]
	if e.Kind == sem.Pod {
		return e.Namespace + "/" + e.ID
	}
	return hostName(e.ID)
}

func packetOf(f *oracle.Flow) packet {
	return packet{
		Source: f.Source.Address, Destination: f.Destination.Address, Protocol: f.Protocol,
		SourcePort: f.SourcePort, Port: f.Port, ICMPType: f.ICMPType, ICMPCode: f.ICMPCode,
	}
}
