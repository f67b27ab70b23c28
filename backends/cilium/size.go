package cilium

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// policyMap is how many entries an endpoint's policy has room for
// (bpf-policy-map-max).
const policyMap = 16_384

// size is how many identities the peers come to at least: of pods by selector it
// is not known.
func (p *layer3) size() int {
	return max(p.prefixes, len(p.endpoints)+len(p.nodes)+len(p.entities)+len(p.names))
}

// size is how many keys the traffic takes: a range of ports is one for each
// prefix of numbers.
func (t *layer4) size() int {
	n := 0
	for _, r := range t.ports {
		for _, p := range r.Ports {
			n += prefixesOf(p)
		}
	}
	for _, r := range t.icmps {
		n += len(r.Fields)
	}
	return max(n, 1)
}

// prefixesOf counts the prefixes of numbers that a range of ports falls into.
func prefixesOf(p api.PortProtocol) int {
	first, err := strconv.Atoi(p.Port)
	last := int(p.EndPort)
	if err != nil || last <= first {
		return 1
	}
	n := 0
	for first <= last {
		size := 1
		for first%(2*size) == 0 && first+2*size-1 <= last {
			size *= 2
		}
		first += size
		n++
	}
	return n
}

// sizes is how large what is said of one subject is.
type sizes struct {
	entries int       // of its policy map, at least
	most    int       // of one rule
	largest ir.Origin // that rule
	bulk    int       // see bulk
}

func (l *lowering) count(r *ir.Rule, p layer3, t layer4) {
	n := p.size() * t.size()
	l.entries += n
	l.bulk += bulk(p, t)
	if n > l.most {
		l.most, l.largest = n, r.Origin
	}
}

func (l *lowering) warnSize(s ir.Subject) {
	var one diag.List
	l.target.Warn(&one, diag.LargePolicy, l.largest,
		fmt.Sprintf("On target %q the rules of %s take %d entries or more of Cilium's policy map, and an endpoint has %d.", l.target.Name, s.Address, l.entries, policyMap),
		"Name wider ranges or fewer ports, or raise bpf-policy-map-max on the agents.")
	l.report.Add(one)
}

// maxObject is how large the rules of one object may be, in bytes of JSON: the
// store takes objects of 1.5 MiB, and applying keeps them twice.
const maxObject = 512 << 10

// part is the rules of one object, and what is put behind its name.
type part struct {
	rules  api.Rules
	suffix string
}

// divide parts the rules that one object cannot hold, by a hash of what each
// says that it is for, so that a rule that is added moves no other until there
// have to be twice as many objects. Rules are a union, whichever object they are
// in. false where a rule alone is too large.
func divide(rules api.Rules, bulk int) ([]part, bool) {
	if len(rules) == 0 {
		return nil, true
	}
	if bulk < unmeasured {
		return []part{{rules: rules}}, true
	}
	sizes, total := make([]int, len(rules)), 0
	for i, r := range rules {
		sizes[i] = sizeOf(r)
		total += sizes[i]
	}
	if total <= maxObject {
		return []part{{rules: rules}}, true
	}
	for n := 1; n <= maxHalvings; n++ {
		parts := make([]part, 1<<n)
		held := make([]int, 1<<n)
		for i, r := range rules {
			h := fnv.New32a()
			h.Write([]byte(r.Description))
			at := h.Sum32() % (1 << n)
			parts[at].suffix = fmt.Sprintf("--%02x", at)
			parts[at].rules = append(parts[at].rules, r)
			held[at] += sizes[i]
		}
		if slices.Max(held) <= maxObject {
			return slices.DeleteFunc(parts, func(p part) bool { return p.rules == nil }), true
		}
	}
	return nil, false
}

const (
	unmeasured  = 1000 // peers, ports and requests that are surely no large object
	maxHalvings = 8
)

// bulk is what the size of an item hangs on.
func bulk(p layer3, t layer4) int {
	n := len(p.endpoints) + len(p.nodes) + len(p.cidrs) + len(p.names)
	for _, r := range t.ports {
		n += len(r.Ports) + len(r.ServerNames)
		if r.Rules != nil {
			n += len(r.Rules.HTTP) + len(r.Rules.DNS)
		}
	}
	return n + 1
}

func sizeOf(r *api.Rule) int {
	text, err := json.Marshal(r)
	if err != nil {
		panic("cilium: a rule that is no JSON: " + err.Error())
	}
	return len(text)
}
