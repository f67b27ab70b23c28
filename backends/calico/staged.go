package calico

import (
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// What is staged is rendered as Calico's staged kinds, at the order and in the
// tier of what it would be: they decide nothing, and a tier that has only such is
// as if it were not there (felix/rules/endpoints.go). Each has a name that no
// enforced policy has, since a staged policy of an enforced one's name stages
// that it is replaced.
//
// A policy is lowered twice: as what is enforced alone, and as all of it would
// be. The staged policies are what the second has more: also allows that are
// enforced and whose pods only something staged closes, because an enforced
// policy for them would close them now.

// stagedSuffix ends the names of staged policies.
const stagedSuffix = "--staged"

// refuseStaged refuses what is staged before Calico's open source has it.
func (l *lowering) refuseStaged() {
	v := l.target.Profile.Version
	if v.AtLeast(3, 30) {
		return
	}
	refuse := func(o ir.Origin) {
		l.refuse(o, &refusal{diag.LacksStaged, "Calico has staged policies from 3.30, and the target has " + v.String(),
			"Render for a newer version, enforce it, or accept it as `unenforced`, which leaves the rule out."})
	}
	for _, d := range append(l.program.All(), l.program.Hosts.All()...) {
		if d.Rule.Mode == ir.Staged {
			refuse(d.Rule.Origin)
		}
	}
	for _, d := range directions {
		for _, s := range append(slices.Clone(l.program.Stages(d)), l.program.Hosts.Stages(d)...) {
			for _, iso := range s.Isolate {
				if iso.Mode == ir.Staged {
					refuse(iso.Origin)
				}
			}
		}
	}
}

// modes gives the ways in which the program is to be lowered.
func (l *lowering) modes() []ir.Mode {
	if l.staged {
		return []ir.Mode{ir.Enforce, ir.Staged}
	}
	return []ir.Mode{ir.Enforce}
}

// enforced gives a side without what is staged. It keeps its levels, empty ones
// too, so that what is enforced and what is staged have the same orders.
func (s *side) enforced() *side {
	return &side{program: s.program, egress: enforced(s.egress), ingress: enforced(s.ingress)}
}

func enforced(s *ir.Stage) *ir.Stage {
	if s == nil {
		return nil
	}
	out := &ir.Stage{Name: s.Name, Order: s.Order, Origin: s.Origin}
	for _, level := range s.Levels {
		rules := slices.DeleteFunc(slices.Clone(level.Rules), func(r ir.Rule) bool { return r.Mode == ir.Staged })
		out.Levels = append(out.Levels, ir.Level{Rules: rules})
	}
	out.Isolate = slices.DeleteFunc(slices.Clone(s.Isolate), func(i ir.Isolation) bool { return i.Mode == ir.Staged })
	out.Index()
	return out
}

// stage keeps an enforced policy in mind, and makes one that is staged what it
// has more than its enforced counterpart.
func (l *lowering) stage(p *policy) {
	place := strings.Join([]string{p.tier.name, governed(p.subject), p.subject.Address, p.subject.Pods.String(), p.name}, "\x00")
	if p.mode == ir.Enforce {
		l.made[place] = p
		return
	}
	p.name = suffixed(p.name, stagedSuffix)
	now := l.made[place]
	if now == nil {
		return
	}
	p.closes &^= now.types
	for _, d := range directions {
		p.lowered[d] = slices.DeleteFunc(p.lowered[d], func(r ir.Rule) bool {
			return slices.ContainsFunc(now.lowered[d], func(q ir.Rule) bool { return same(&q, &r) })
		})
	}
}
