// Package calico is Calico's own code as an oracle: its validator, its selector
// parser, and what Felix makes of policies. The code is that of the felix program
// beside this package, of Calico 3.28.
//
// What later releases added is put in that release's terms, and is emulated in
// so far:
//
//   - Tiers: Felix calculates each tier by itself, and its renderer of policy
//     programs puts them together. In which order, and with which action at
//     their ends, is said here (felix/calc/policy_sorter.go and
//     libcalico-go/lib/resources/tier.go of release-v3.31).
//   - Names with a tier before them, and the order of policies of equal order.
//   - Staged policies are checked as what they stage, and not enforced.
//   - ClusterNetworkPolicies are no part of it: where one is enforced, no flow of
//     pods is decided.
package calico

import (
	"fmt"
	"slices"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Engine is Calico's code. Close ends the program that has it.
type Engine struct{ felix felix }

// New gives an engine, which starts its program when it is asked first.
func New() *Engine { return &Engine{} }

// Close ends the program.
func (e *Engine) Close() error { return e.felix.close() }

// hostSwitch is the switch by which every node has host endpoints, and httpSwitch
// the one by which something beside Felix reads requests.
const (
	hostSwitch = "host_endpoints"
	httpSwitch = "application_layer_policy"
)

// Load implements oracle.Engine.
func (e *Engine) Load(p profile.Profile, c *oracle.Cluster, docs []oracle.Document) (oracle.Policy, error) {
	objects, err := parse(docs)
	if err != nil {
		return nil, err
	}
	out := &loaded{felix: &e.felix, cluster: c, hosts: p.On(hostSwitch)}
	l := &load{Objects: cluster(c, objects, out.hosts), Tiers: builtin(p.Version)}
	for _, o := range objects {
		if o.kind == "Tier" && o.isCalico() {
			if err := addTier(l, o); err != nil {
				return nil, err
			}
		}
	}
	for _, o := range objects {
		switch {
		case o.group == clusterGroup:
			out.undecided = out.undecided || p.Version.AtLeast(3, 32)
		case !o.isPolicy() || o.isStaged():
		default:
			if err := addPolicy(l, o, p.Version); err != nil {
				return nil, err
			}
			out.http = out.http || p.On(httpSwitch) && o.readsRequests()
		}
	}
	slices.SortStableFunc(l.Tiers, before)
	a, err := e.felix.ask(&request{Load: l})
	out.number = a.Policy
	return out, err
}

func addTier(l *load, o *object) error {
	t := tier{Name: o.name, End: "deny", order: defaultOrder}
	if order, ok := o.number("order"); ok {
		t.order = order
	}
	if o.text("defaultAction") == "Pass" {
		t.End = "pass"
	}
	if i := l.tier(o.name); i >= 0 {
		if l.Tiers[i].order != t.order || l.Tiers[i].End != t.End {
			return fmt.Errorf("%s: tier %q is Calico's own", o.source, o.name)
		}
		return nil
	}
	l.Tiers = append(l.Tiers, t)
	return nil
}

func (l *load) tier(name string) int {
	return slices.IndexFunc(l.Tiers, func(t tier) bool { return t.Name == name })
}

func addPolicy(l *load, o *object, v profile.Version) error {
	i := l.tier(o.tier())
	if i < 0 {
		return fmt.Errorf("%s: there is no tier %q", o.source, o.tier())
	}
	made, err := o.enforced()
	l.Tiers[i].Policies = append(l.Tiers[i].Policies, policy{Key: o.key(v), Object: made})
	return err
}
