package calico

import (
	"math"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// policy is a policy as it is written, with the defaults that go with it.
type policy struct {
	kind, namespace, name string // namespace "" for global ones
	at                    diag.Range
	tier                  string
	tierAt                diag.Range
	order                 float64 // +Inf where none is written, which is last
	mode                  ir.Mode
	types                 ir.Directions
	rules                 map[ir.Direction][]rule

	selector, namespaceSelector, accountSelector *selector // nil where none is written
}

// last is the order of policies without one.
var last = math.Inf(1)

// address names the policy in origins: "NetworkPolicy shop/web".
func (p *policy) address() string {
	if p.namespace == "" {
		return p.kind + " " + p.name
	}
	return p.kind + " " + p.namespace + "/" + p.name
}

// rule is one rule as it is written. A flow matches it that fits all of it.
type rule struct {
	at                  diag.Range
	action              ir.Action
	version             int        // 4, 6, or 0 for both
	protocol            ir.Traffic // the whole of it
	icmp, notICMP       *icmp      // nil where none is written
	http                *http      // nil where none is written, or where nothing reads it
	source, destination entity
}

// end gives the entity at an end.
func (r *rule) end(which string) *entity {
	if which == source {
		return &r.source
	}
	return &r.destination
}

// icmp is messages; -1 for every type or code.
type icmp struct{ kind, code int }

// entity is what a rule asks of one end of a flow, whatever the rule's direction.
type entity struct {
	at diag.Range

	selector, notSelector, namespaceSelector, accountSelector *selector
	accounts                                                  []string

	service *service

	// restricted and excepted say whether nets and notNets are written: where they
	// are, they are of one address family.
	restricted, excepted bool
	nets, notNets        set.Addresses

	ports, notPorts *ports // nil where none are written
}

// service is the endpoints of a Service.
type service struct{ namespace, name string }

// ports is ports by number and by what the endpoint with the port calls them.
type ports struct {
	numbers set.Ports
	names   []string
}
