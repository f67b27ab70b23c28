package ir

import "github.com/portolan-dev/portolan/ir/set"

// Tunnel is how a mesh whose pods wrap TCP between them into connections of its
// own looks to the CNI below it: with mutual TLS every such connection is to
// one port, whatever the port that is asked for, and what a node sends to its
// own pods of the mesh comes from addresses that nothing else has. The zero
// Tunnel is none.
type Tunnel struct {
	Port   uint16
	Probes set.Addresses
}

// IsNone reports that there is no tunnel.
func (t *Tunnel) IsNone() bool { return t.Port == 0 }

// Wire says what a CNI takes the addresses of a Tunnel for.
type Wire struct {
	Tunnel

	// Outside says that ranges match only what is outside the cluster, and that
	// the tunnel's addresses are taken for outside too.
	Outside bool
}

// Beneath is what a program that decides by what is on the wire means for the
// connections that people ask for: a rule for the tunnel's port is one for every
// TCP port between pods that prove themselves, and one for other ports is not
// about them. Whatever lets a node reach its own pods does not know it by the
// tunnel's addresses.
func (p *Program) Beneath(w Wire) *Program {
	q := p.Clone()
	for d, stages := range map[Direction][]Stage{Egress: q.Egress, Ingress: q.Ingress} {
		for i := range stages {
			for l := range stages[i].Levels {
				level := &stages[i].Levels[l]
				var rules []Rule
				for _, r := range level.Rules {
					rules = append(rules, w.asked(r, d)...)
				}
				level.Rules = rules
			}
		}
	}
	return q
}

// asked gives what a rule about the wire says of what is asked for.
func (w *Wire) asked(r Rule, d Direction) []Rule {
	if d == Ingress {
		var some bool
		if r.Peers, some = w.probing(r.Peers); !some {
			return nil
		}
	}
	tcp, some := r.Traffic.Only(TCP)
	if !some || tcp.Ports(TCP).IsAll() && tcp.Requests() == nil && tcp.Names() == nil {
		return []Rule{r} // it says the same of either
	}
	plain := r
	plain.Auth = Plaintext
	if !tcp.Ports(TCP).Contains(w.Port) || tcp.Requests() != nil || tcp.Names() != nil {
		return []Rule{plain} // nobody reads what is in the tunnel
	}
	wrapped := r
	wrapped.Auth = MutualTLS
	if wrapped.Traffic, some = PortTraffic(TCP, set.AllPorts()).WithSourcePorts(r.Traffic.SourcePorts()); !some {
		return []Rule{plain}
	}
	return []Rule{plain, wrapped}
}

// probing gives the sources among which what comes from the tunnel's addresses
// is where the CNI sees it.
func (w *Wire) probing(p Peers) (Peers, bool) {
	var list []Peer
	for _, q := range p.List() {
		list = append(list, w.seen(q)...)
	}
	return PeersOf(list...)
}

func (w *Wire) seen(p Peer) []Peer {
	switch p := p.(type) {
	case Nodes:
		if !p.Own || !w.Outside && !p.Except.IsEmpty() {
			return []Peer{p} // nodes by address are what has it
		}
		own := p
		own.Other, own.Except = false, p.Except.Union(w.Probes)
		p.Own = false
		return []Peer{own, p}
	case External:
		if from := p.Addresses.Intersect(w.Probes); w.Outside && !from.IsEmpty() {
			return []Peer{p, NodeLocal{from}}
		}
	case AnyPeer, Pods, RemotePods, Names, NodeLocal, APIServer, Infrastructure:
	}
	return []Peer{p}
}
