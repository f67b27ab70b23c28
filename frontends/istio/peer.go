package istio

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// sender is peers, how they have proved themselves, and what else must hold.
type sender struct {
	peers ir.Peers
	auth  ir.Auth
	given []ir.Condition
}

// senders gives who matches one of a rule's sources and its conditions about
// who sends; none for nobody. Where requests are not read, what is asked of them
// is passed over.
func (l *lifting) senders(p *policy, r *rule, reads bool) []sender {
	byKind := map[string]*kindOfSender{}
	var order []string
	for _, source := range orNothing(r.from) {
		for _, s := range l.source(p, slices.Concat(source, r.when), reads) {
			key := s.auth.String() + "\x00" + conditionsText(s.given)
			if byKind[key] == nil {
				byKind[key] = &kindOfSender{auth: s.auth, given: s.given}
				order = append(order, key)
			}
			byKind[key].peers = append(byKind[key].peers, s.peers...)
		}
	}
	var out []sender
	for _, key := range order {
		k := byKind[key]
		if peers, some := ir.PeersOf(k.peers...); some {
			out = append(out, sender{peers, k.auth, k.given})
		}
	}
	return out
}

// kindOfSender is a sender in the making.
type kindOfSender struct {
	peers []ir.Peer
	auth  ir.Auth
	given []ir.Condition
}

// orNothing gives one empty list for no list: what asks for nothing matches
// everything.
func orNothing(lists [][]matcher) [][]matcher {
	if len(lists) == 0 {
		return [][]matcher{nil}
	}
	return lists
}

func conditionsText(list []ir.Condition) string {
	var out []string
	for _, c := range list {
		out = append(out, c.String())
	}
	return strings.Join(out, "\x00")
}

// source gives who matches all of the matchers that are about who sends.
func (l *lifting) source(p *policy, all []matcher, reads bool) []kindOfSender {
	who, from := anybody(), set.AllAddresses()
	given := [][]ir.Condition{nil}
	for _, m := range all {
		switch {
		case !m.sender() || m.http() && !reads:
		case m.key == keyIP:
			from = m.narrow(from)
		case m.key == keyRemoteIP || m.http():
			given = allOf(given, l.alternatives(m))
		default:
			if len(m.values) > 0 {
				who = who.and(l.identify(m, m.values, p.namespace))
			}
			if len(m.not) > 0 {
				who = who.and(l.identify(m, m.not, p.namespace).not())
			}
		}
	}
	if from.IsEmpty() {
		return nil
	}
	located := []ir.Peer{ir.AnyPeer{}}
	if !from.IsAll() {
		located = ir.Located(from)
	}
	var out []kindOfSender
	for _, also := range given {
		if who.isAnybody() {
			out = append(out, kindOfSender{located, ir.AnyAuth, also})
			continue
		}
		for _, k := range who.known {
			pods, some := k.pods.At(from)
			all, possible := both(also, k.given)
			if some && possible {
				out = append(out, kindOfSender{[]ir.Peer{l.canonical(pods)}, ir.MutualTLS, all})
			}
		}
		if who.unknown {
			out = append(out, kindOfSender{located, ir.Plaintext, also})
		}
	}
	return out
}
