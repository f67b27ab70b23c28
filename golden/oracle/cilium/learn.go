package cilium

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/fqdn/restore"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/portolan-dev/portolan/ir/sem"
)

// feed tells the DNS proxy which names an endpoint may ask for (pkg/proxy/dns.go).
func (a *agent) feed(s *subject) error {
	for f := range s.policy.SelectorPolicy.L4Policy.Egress.Filters() {
		if !asksDNS(f) {
			continue
		}
		for _, p := range protocolsOf(f.U8Proto) {
			if _, err := a.dns.UpdateAllowed(s.dns, restore.MakeV2PortProto(f.Port, p), f.PerSelectorPolicies); err != nil {
				return err
			}
		}
	}
	return nil
}

// asksDNS reports whether some of a filter's traffic goes to the DNS proxy.
func asksDNS(f *policy.L4Filter) bool {
	for _, p := range f.PerSelectorPolicies {
		if p.GetL7Parser() == policy.ParserTypeDNS {
			return true
		}
	}
	return false
}

func protocolsOf(p u8proto.U8proto) []u8proto.U8proto {
	if p == u8proto.ANY {
		return []u8proto.U8proto{u8proto.TCP, u8proto.UDP}
	}
	return []u8proto.U8proto{p}
}

// asks reports whether the DNS proxy lets an endpoint ask a server for a name.
func (a *agent) asks(s *subject, server identity.NumericIdentity, p u8proto.U8proto, port uint16, name string) (bool, error) {
	return a.dns.CheckAllowed(s.dns, restore.MakeV2PortProto(port, p), server, netip.Addr{}, name)
}

// namesOf gives the selectors by which a node has learnt the names of what is
// outside: all pods of the node have asked for every name that they may.
func (a *agent) namesOf(e *sem.Endpoint) ([]api.FQDNSelector, error) {
	var out []api.FQDNSelector
	for _, name := range e.Names {
		known, err := a.learns(name)
		if err != nil {
			return nil, err
		}
		for _, n := range a.names {
			re, err := n.ToRegex()
			if err != nil {
				return nil, err
			}
			if known && re.MatchString(strings.ToLower(name)+".") {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

// unasked ends the reason of verdicts on what has a name that some policy has and
// no pod of the node may ask for.
const unasked = ", and no pod of the node may ask for its name"

// unasked reports that some policy has a name of an end, under which the node has
// not learnt it.
func (a *agent) unasked(e *sem.Endpoint) bool {
	return slices.ContainsFunc(e.Names, func(name string) bool {
		known, asked := a.learnt[name]
		return asked && !known && slices.ContainsFunc(a.names, func(n api.FQDNSelector) bool {
			re, err := n.ToRegex()
			return err == nil && re.MatchString(strings.ToLower(name)+".")
		})
	})
}

// learns reports whether some pod of the node may ask some server for a name, so
// that the answer goes through the node's proxy.
func (a *agent) learns(name string) (bool, error) {
	if known, ok := a.learnt[name]; ok {
		return known, nil
	}
	for i := range a.cluster.Endpoints {
		e := &a.cluster.Endpoints[i]
		if e.Kind != sem.Pod || e.Node != a.node.id {
			continue
		}
		s, err := a.subjectOf(a.identityOf(i), e)
		if err != nil {
			continue // it keeps the policy that it had, of which nothing is known
		}
		if may, err := a.mayAsk(s, name); may || err != nil {
			a.learnt[name] = may
			return may, err
		}
	}
	a.learnt[name] = false
	return false, nil
}

// mayAsk reports whether an endpoint may ask some server in the cluster.
func (a *agent) mayAsk(s *subject, name string) (bool, error) {
	for f := range s.policy.SelectorPolicy.L4Policy.Egress.Filters() {
		if !asksDNS(f) {
			continue
		}
		for _, p := range protocolsOf(f.U8Proto) {
			for _, server := range a.servers() {
				entry, _, _ := s.policy.Lookup(policy.EgressKey().WithIdentity(server).WithPortProto(p, f.Port))
				if entry.IsDeny() || parserOf(entry) != policy.ParserTypeDNS {
					continue
				}
				if may, err := a.asks(s, server, p, f.Port, name); may || err != nil {
					return may, err
				}
			}
		}
	}
	return false, nil
}

// servers gives the identities of what may be a server of DNS: everything but
// what is outside under a name.
func (a *agent) servers() []identity.NumericIdentity {
	out := []identity.NumericIdentity{
		identity.ReservedIdentityHost, identity.ReservedIdentityRemoteNode, identity.ReservedIdentityWorldIPv4, identity.ReservedIdentityWorldIPv6,
		identity.ReservedIdentityUnmanaged,
	}
	for i := range a.cluster.Endpoints {
		if id := a.identityOf(i); id != nil {
			out = append(out, id.ID)
		}
	}
	for _, id := range a.known {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}
