package calico

import (
	"cmp"
	"math"
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// tier is a round of deciding: the first rule that matches, over all of its
// policies, decides (felix/rules/endpoints.go, endpointIptablesChain).
type tier struct {
	name     string
	order    float64
	pass     bool // at its end goes on with the next tier, and closes nothing
	at       diag.Range
	policies []placed
}

// The tiers that are there in every cluster (libcalico-go/lib/resources/tier.go).
const (
	defaultTier  = "default"
	adminTier    = "kube-admin"
	baselineTier = "kube-baseline"

	adminOrder    = 1000
	defaultOrder  = 1_000_000 // of tiers without an order too
	baselineOrder = 10_000_000
)

// nativeOrder is that of native policies in tier default
// (libcalico-go/lib/backend/k8s/conversion/conversion.go).
const nativeOrder = 1000

// builtin gives the tiers that a release comes with. Those of Kubernetes'
// cluster policies had other names before 3.32.
func builtin(v profile.Version) []tier {
	admin, baseline := "adminnetworkpolicy", "baselineadminnetworkpolicy"
	if v.AtLeast(3, 32) {
		admin, baseline = adminTier, baselineTier
	}
	tiers := []tier{{name: defaultTier, order: defaultOrder}, {name: admin, order: adminOrder, pass: true}}
	if v.AtLeast(3, 30) {
		tiers = append(tiers, tier{name: baseline, order: baselineOrder, pass: true})
	}
	return tiers
}

// placed is a policy in its tier: what it isolates and its rules, by direction.
type placed struct {
	order float64
	key   string // decides among equal orders
	by    map[ir.Direction]*decisions
	hosts map[ir.Direction]*decisions // about host endpoints
}

type decisions struct {
	rules   []ir.Rule
	isolate []ir.Isolation
}

// key is what Felix compares where orders are equal: from 3.32 the text
// name/namespace/kind, before that the key in the datastore, in which names have
// their tier before them (felix/calc/policy_sorter.go).
func (l *lifting) key(kind, namespace, name, tier string) string {
	if l.version.AtLeast(3, 32) {
		return name + "/" + namespace + "/" + kind
	}
	if tier == defaultTier && !hasTier(name, tier) {
		name = tier + "." + name
	}
	if namespace != "" {
		name = namespace + "/" + name
	}
	return name
}

// stages gives the stages of a direction, a tier each, in Calico's order.
func (l *lifting) stages(d ir.Direction) []ir.Stage {
	var out []ir.Stage
	if d == ir.Ingress {
		// Felix never polices what a host sends to its own pods
		// (felix/rules/static.go, filterOutputChain).
		out = append(out, ir.Axioms())
	}
	for i := range l.tiers {
		if s := l.tiers[i].stage(func(p *placed) *decisions { return p.by[d] }); len(s.Levels)+len(s.Isolate) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (l *lifting) sortTiers() {
	slices.SortStableFunc(l.tiers, func(a, b tier) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.name, b.name))
	})
	for _, t := range l.tiers {
		slices.SortStableFunc(t.policies, func(a, b placed) int {
			return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.key, b.key))
		})
	}
}

func (t *tier) stage(of func(*placed) *decisions) ir.Stage {
	s := ir.Stage{Name: t.name, Order: t.order, Origin: ir.Origin{Kind: ir.FromDefault, Address: "Tier " + t.name, Range: t.at}}
	before := math.MaxInt
	for i := range t.policies {
		made := of(&t.policies[i])
		if made == nil {
			continue
		}
		for _, r := range made.rules {
			if precedence[r.Action] < before {
				s.Levels = append(s.Levels, ir.Level{})
			}
			before = precedence[r.Action]
			level := &s.Levels[len(s.Levels)-1]
			level.Rules = append(level.Rules, r)
		}
		if !t.pass {
			s.Isolate = append(s.Isolate, made.isolate...)
		}
	}
	return s
}

// precedence is how actions in one level beat each other, logs first: rules that
// follow each other in this order mean the same in one level as one by one.
var precedence = [...]int{ir.Log: 0, ir.Deny: 1, ir.Allow: 2, ir.Pass: 3}
