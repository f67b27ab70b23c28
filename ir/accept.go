package ir

import (
	"slices"

	"github.com/portolan-dev/portolan/ir/set"
)

// Accept takes out of a program what a target's accept block gives up, so that
// what is left is the accepted intent, no more and no less:
//
//   - "widened" takes the lacking part out of the rule at address: requests
//     (http, grpc), resolvable names (dns), names of peers (fqdn: any external
//     address), peers' identity (identity: any source), port numbers (ports:
//     every port of the protocol); a deny or a pass without a part would decide
//     more than it says, so nothing is left of it;
//   - "narrowed" takes an allow out; without a deny more would pass;
//   - "unenforced" goes without what is no verdict: a namespace's or workload's
//     mtls, a rule's log, a staged rule.
//
// lacks are words of the language's closed list. false means that the words
// and the loss do not go together, or that nothing stands at the address; the
// program is then returned as it was.
func Accept(p *Program, loss string, lacks []string, address string) (*Program, bool) {
	switch loss {
	case "widened":
		return p.widen(lacks, address)
	case "narrowed":
		found := false
		q := p.Filter(func(r Directed) bool {
			hit := r.Rule.Origin.Kind == FromRule && r.Rule.Origin.Address == address && r.Rule.Action == Allow
			found = found || hit
			return !hit
		})
		return q, found
	case "unenforced":
		return p.unenforce(lacks, address)
	}
	return p, false
}

func (p *Program) widen(lacks []string, address string) (*Program, bool) {
	found := false
	q := p.Filter(func(r Directed) bool {
		hit := r.Rule.Origin.Kind == FromRule && r.Rule.Origin.Address == address &&
			(r.Rule.Action == Deny || r.Rule.Action == Pass)
		found = found || hit
		return !hit
	})
	for _, r := range q.All() {
		if r.Rule.Origin.Address != address || r.Rule.Action != Allow {
			continue
		}
		for _, word := range lacks {
			if r.Rule.Origin.Kind == FromRule {
				found = r.widen(word, lacks) || found
			} else if word == "identity" {
				found = r.openNode() || found
			}
		}
	}
	if !found {
		return p, false
	}
	return q, true
}

// widen takes one part out of an allow, and reports whether it had one.
func (r Directed) widen(word string, lacks []string) bool {
	t := r.Rule.Traffic
	switch word {
	case "http", "grpc":
		// A rule for HTTP and gRPC requests is restricted by both together.
		for _, q := range t.Requests() {
			if want := map[bool]string{false: "http", true: "grpc"}[q.GRPC]; !slices.Contains(lacks, want) {
				return false
			}
		}
		r.Rule.Traffic = t.WithoutRequests()
		return t.Requests() != nil
	case "dns":
		r.Rule.Traffic = t.WithoutNames()
		return t.Names() != nil
	case "ports":
		r.Rule.Traffic = t.EveryPort()
		return true
	case "fqdn":
		var list []Peer
		named := false
		for _, peer := range r.Rule.Peers.List() {
			if _, ok := peer.(Names); ok {
				named = true
				peer = External{Addresses: set.AllAddresses()}
			}
			list = append(list, peer)
		}
		r.Rule.Peers, _ = PeersOf(list...)
		return named
	case "identity":
		if r.Direction == Ingress {
			r.Rule.Peers, _ = PeersOf(AnyPeer{})
			return true
		}
		return r.openNode()
	}
	return false
}

// AcceptOwnNode is the part of accepting the loss of identity that is no
// mesh's: what an address is allowed towards addresses of the pods' own node it
// is allowed towards all of the node. false where nothing of it is.
func AcceptOwnNode(p *Program, address string) (*Program, bool) {
	q := p.Clone()
	found := false
	for _, r := range q.All() {
		if r.Rule.Origin.Address == address && r.Rule.Action == Allow {
			found = r.openNode() || found
		}
	}
	if !found {
		return p, false
	}
	return q, true
}

// openNode makes an egress towards addresses of the own node one towards all of
// the node, and reports whether there was one.
func (r Directed) openNode() bool {
	found := false
	var list []Peer
	for _, peer := range r.Rule.Peers.List() {
		if _, local := peer.(NodeLocal); local && r.Direction == Egress {
			peer, found = Nodes{Own: true}, true
		}
		list = append(list, peer)
	}
	if found {
		r.Rule.Peers, _ = PeersOf(list...)
	}
	return found
}

func (p *Program) unenforce(lacks []string, address string) (*Program, bool) {
	found := false
	q := p.Filter(func(r Directed) bool {
		hit := r.Rule.Origin.Address == address && r.Rule.Origin.Kind == FromRule &&
			(slices.Contains(lacks, "staged") && r.Rule.Mode == Staged || slices.Contains(lacks, "log") && r.Rule.Action == Log)
		found = found || hit
		return !hit
	})
	if slices.Contains(lacks, "log") {
		for _, r := range q.All() {
			if r.Rule.Origin.Address == address && r.Rule.Log {
				r.Rule.Log, found = false, true
			}
		}
	}
	if slices.Contains(lacks, "mtls") {
		q.MTLS = slices.DeleteFunc(q.MTLS, func(m MTLS) bool {
			hit := m.Origin.Address == address
			found = found || hit
			return hit
		})
	}
	if !found {
		return p, false
	}
	return q, true
}
