package ir

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// Accept takes out of a program what a target's accept block gives up, so that
// what is left is the accepted intent, no more and no less:
//
//   - "widened" takes the lacking part out of the rule at address: requests
//     (http, grpc), resolvable names (dns), names of peers (fqdn: any external
//     address), peers' identity (identity: any source), port numbers (ports:
//     every port of the protocol), conditions on tokens, on names of TLS servers
//     and on original clients (jwt, sni, client), and what it says of nodes
//     (hosts: what stands in Program.Hosts, as the closing of nodes at their
//     address does); a deny or a pass without a part would decide more than it
//     says, so nothing is left of it;
//   - "narrowed" takes an allow out; without a deny more would pass;
//   - "unenforced" goes without what is no verdict: a namespace's or workload's
//     mtls, a rule's log, a staged rule, a staged closing.
//
// What validates the tokens that a rule asks for goes where the rule no longer
// asks. Of pods of other clusters (remote) there is no wider set that a target
// without them could name, so that a rule about them can only be taken out.
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
		q := p.without(func(r Directed) bool {
			hit := r.Rule.Origin.Kind == FromRule && r.Rule.Origin.Address == address && r.Rule.Action == Allow
			found = found || hit
			return hit || r.validates(address)
		})
		if !found {
			return p, false
		}
		return q, true
	case "unenforced":
		return p.unenforce(lacks, address)
	}
	return p, false
}

func (p *Program) widen(lacks []string, address string) (*Program, bool) {
	found := false
	if slices.Contains(lacks, "hosts") {
		p, found = p.withoutHosts(address)
		if len(lacks) == 1 {
			return p, found
		}
	}
	q := p.without(func(r Directed) bool {
		hit := r.Rule.Origin.Kind == FromRule && r.Rule.Origin.Address == address &&
			(r.Rule.Action == Deny || r.Rule.Action == Pass)
		found = found || hit
		return hit || slices.Contains(lacks, "jwt") && r.validates(address)
	})
	for _, r := range append(q.All(), q.Hosts.All()...) {
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
	q.once(address)
	return q, true
}

// without is the program without the rules, of pods and of nodes, that gone
// reports.
func (p *Program) without(gone func(Directed) bool) *Program {
	return p.Filter(func(r Directed) bool { return !gone(r) })
}

// withoutHosts is the program without what stands at the address in the
// programs of nodes, which leaves nodes as open as that would have closed them;
// false where nothing stands there.
func (p *Program) withoutHosts(address string) (*Program, bool) {
	q, found := p.Clone(), false
	for _, d := range []Direction{Egress, Ingress} {
		stages := q.Hosts.Stages(d)
		for i := range stages {
			stages[i].Isolate = slices.DeleteFunc(slices.Clone(stages[i].Isolate), func(iso Isolation) bool {
				found = found || iso.Origin.Address == address
				return iso.Origin.Address == address
			})
		}
		stages = filterStages(stages, d, func(r Directed) bool {
			found = found || r.Rule.Origin.Address == address
			return r.Rule.Origin.Address != address
		})
		if d == Egress {
			q.Hosts.Egress = stages
		} else {
			q.Hosts.Ingress = stages
		}
	}
	if !found {
		return p, false
	}
	return q, true
}

// validates reports that the rule validates the tokens that the one at the
// address asks for.
func (r Directed) validates(address string) bool {
	o := r.Rule.Origin
	return o.Kind == FromCompanion && o.Purpose == ForTokens && o.Address == address
}

// once leaves one of those rules of an address that say the same: alternatives
// do without their conditions.
func (p *Program) once(address string) {
	for _, stages := range p.everything() {
		for i := range stages {
			for l := range stages[i].Levels {
				level := &stages[i].Levels[l]
				seen := map[string]bool{}
				level.Rules = slices.DeleteFunc(level.Rules, func(r Rule) bool {
					if r.Origin.Address != address {
						return false
					}
					var text strings.Builder
					r.text(&text)
					twice := seen[text.String()]
					seen[text.String()] = true
					return twice
				})
			}
		}
	}
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
	case "jwt":
		// A rule that asks for a token alone is for every request, and without it
		// for every connection.
		if r.unconditional(isToken) {
			if !slices.ContainsFunc(t.Requests(), func(q Request) bool { return !q.IsAny() }) {
				r.Rule.Traffic = t.WithoutRequests()
			}
			return true
		}
		return false
	case "sni":
		return r.unconditional(func(c Condition) bool { _, ok := c.ServerName(); return ok })
	case "client":
		return r.unconditional(func(c Condition) bool { _, ok := c.Client(); return ok })
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

// unconditional takes conditions out of a rule, and reports whether it had one.
func (r Directed) unconditional(gone func(Condition) bool) bool {
	kept := slices.DeleteFunc(slices.Clone(r.Rule.If), gone)
	found := len(kept) < len(r.Rule.If)
	r.Rule.If = kept
	return found
}

func isToken(c Condition) bool {
	_, _, token := c.Token()
	_, _, claim := c.TokenClaim()
	_, audience := c.TokenAudience()
	return token || claim || audience
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

// unstage takes out what is staged to close at the address, and reports whether
// there was something.
func (p *Program) unstage(address string) (found bool) {
	for _, stages := range p.everything() {
		for i := range stages {
			stages[i].Isolate = slices.DeleteFunc(stages[i].Isolate, func(iso Isolation) bool {
				hit := iso.Mode == Staged && iso.Origin.Address == address
				found = found || hit
				return hit
			})
		}
	}
	return found
}

func (p *Program) unenforce(lacks []string, address string) (*Program, bool) {
	found := false
	q := p.without(func(r Directed) bool {
		staged := slices.Contains(lacks, "staged") && r.Rule.Mode == Staged
		hit := r.Rule.Origin.Address == address &&
			(staged || r.Rule.Origin.Kind == FromRule && slices.Contains(lacks, "log") && r.Rule.Action == Log)
		found = found || hit
		return hit
	})
	if slices.Contains(lacks, "staged") {
		found = q.unstage(address) || found
	}
	if slices.Contains(lacks, "log") {
		for _, r := range append(q.All(), q.Hosts.All()...) {
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
