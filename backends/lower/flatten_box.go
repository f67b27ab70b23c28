package lower

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// box is a product: flows between a subject and peers with some traffic. rule
// is what it comes from.
type box struct {
	pods    ir.Pods
	peers   ir.Peers
	traffic ir.Traffic
	rule    *ir.Rule
}

func boxOf(r *ir.Rule) box { return box{r.Subject.Pods, r.Peers, r.Traffic, r} }

// overlap reports whether some flow may be in both boxes.
func (f *flattening) overlap(a, b box) bool {
	_, subjects := f.podsAnd(a.pods, b.pods)
	return subjects && trafficOverlaps(a.traffic, b.traffic) && f.peersOverlap(a.peers, b.peers)
}

// minusAll takes every box of out out of the parts. What has no exact form is
// refused as the rule's that is taken out.
func (f *flattening) minusAll(parts, out []box, code diag.Code) ([]box, bool) {
	for _, o := range out {
		var next []box
		for _, b := range parts {
			left, ob := f.minus(b, o)
			if ob != nil {
				f.refuse(o.rule, ob.codeOr(code), fmt.Sprintf("taking it out of rule %q has no exact form: %s", b.rule.Origin.Address, ob.reason))
				return nil, false
			}
			next = append(next, left...)
		}
		if parts = next; f.tooMany(parts) {
			return nil, false
		}
	}
	return parts, true
}

// minus gives disjoint boxes that together are a without b, as few as there can
// be: other subjects; the same subject and other peers; the same subject and
// peers and other traffic.
func (f *flattening) minus(a, b box) ([]box, *obstacle) {
	if !f.overlap(a, b) {
		return []box{a}, nil
	}
	if !implies(a.rule.If, b.rule.If) {
		return nil, conditional
	}
	var out []box
	for _, pods := range f.podsMinus(a.pods, b.pods) {
		out = append(out, box{pods, a.peers, a.traffic, a.rule})
	}
	pods, _ := f.podsAnd(a.pods, b.pods)
	traffic, someTraffic, ob := f.trafficMinus(a.traffic, b.traffic)
	if ob != nil {
		return nil, ob
	}
	peers, somePeers, ob := f.peersMinus(a.peers, b.peers)
	if ob != nil {
		return nil, ob
	}
	if somePeers {
		out = append(out, box{pods, peers, a.traffic, a.rule})
	}
	if someTraffic {
		both := a.peers
		if somePeers {
			if both, _, ob = f.peersAnd(a.peers, b.peers); ob != nil {
				return nil, ob
			}
		}
		out = append(out, box{pods, both, traffic, a.rule})
	}
	if f.options.NoAccounts && slices.ContainsFunc(out, func(c box) bool { return newAccounts(a, c) }) {
		return nil, blocked("its pods are told by service account")
	}
	return out, nil
}

var conditional = blocked("it asks for more than peers and ports tell")

// implies reports that where all of a holds, all of b does.
func implies(a, b []ir.Condition) bool {
	return !slices.ContainsFunc(b, func(c ir.Condition) bool { return !slices.Contains(a, c) })
}

// newAccounts reports whether a part hangs on accounts and its whole does not.
func newAccounts(whole, part box) bool {
	return accounts(part) && !accounts(whole)
}

func accounts(b box) bool {
	return !b.pods.Account.IsAnything() ||
		slices.ContainsFunc(b.peers.Pods(), func(p ir.Pods) bool { return !p.Account.IsAnything() })
}

// partsOf counts what boxes are made of: a peer is a part of its own.
func partsOf(boxes []box) int {
	n := 0
	for _, b := range boxes {
		n += len(b.peers.List())
	}
	return n
}

// without takes boxes out of one and reports false where that is not exact.
func (f *flattening) without(b box, out []box) ([]box, bool) {
	parts := []box{b}
	for _, o := range out {
		var next []box
		for _, b := range parts {
			left, ob := f.minus(b, o)
			if ob != nil {
				return nil, false
			}
			next = append(next, left...)
		}
		if parts = next; partsOf(parts) > MaxParts {
			return nil, false
		}
	}
	return parts, true
}
