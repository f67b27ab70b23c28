package cilium

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/sem"
)

// loaded is policies in a cluster. Every node has an agent of its own, which is
// made when it is first asked.
type loaded struct {
	settings  settings
	cluster   *oracle.Cluster
	numbers   map[string]int // of other clusters
	rules     api.Rules
	resources []resource
	groups    []*v2.CiliumCIDRGroup
	names     []api.FQDNSelector // of all policies
	agents    map[node]*agent
	beyond    string // why nothing is decided here; "" where it is
}

// Decide gives the verdict of a flow's source, if it is a pod or a node, on what
// it sends, and of its destination on what it gets. The endpoints of Cilium's
// own, of health and of ingress, have policies too and are not asked.
//
// A flow at a proxy is held to what TLS names and to its request or query. With
// none of these it passes where some rule asks for none, though the proxy itself
// may find that it cannot read the bytes: that is no matter of policies.
func (l *loaded) Decide(f *oracle.Flow) (oracle.Verdict, bool) {
	if l.beyond != "" {
		return oracle.Verdict{Reason: l.beyond}, false
	}
	process.Lock()
	defer process.Unlock()
	l.settings.apply()
	out := oracle.Verdict{Allowed: true}
	var reasons []string
	for _, end := range []end{
		{own: &f.Source, peer: &f.Destination, ownAt: f.From, peerAt: f.To},
		{own: &f.Destination, peer: &f.Source, ownAt: f.To, peerAt: f.From, ingress: true},
	} {
		if end.own.Kind != sem.Pod && !end.own.IsNode() {
			continue
		}
		allowed, why, err := l.half(&end, f)
		if err != nil {
			return oracle.Verdict{Reason: err.Error()}, false
		}
		out.Allowed = out.Allowed && allowed
		reasons = append(reasons, why)
	}
	out.Reason = strings.Join(reasons, "; ")
	return out, true
}

// Close drops what was computed.
func (l *loaded) Close() error {
	process.Lock()
	defer process.Unlock()
	for _, a := range l.agents {
		a.forget()
	}
	clear(l.agents)
	return nil
}

// end is one end of a flow with its peer, and their indexes in the cluster.
type end struct {
	own, peer     *sem.Endpoint
	ownAt, peerAt int
	ingress       bool
}

// undecided is why Cilium's code at hand does not say what becomes of a flow.
type undecided string

func (u undecided) Error() string { return string(u) }

// half gives the verdict of one end, and what of Cilium decided.
func (l *loaded) half(x *end, f *oracle.Flow) (allowed bool, why string, err error) {
	a, id, err := l.agentOf(x)
	if err != nil {
		return false, "", err
	}
	peer, err := a.peer(x.peer, x.peerAt)
	if err != nil {
		return false, "", err
	}
	s, err := a.subjectOf(id, &l.cluster.Endpoints[x.ownAt])
	if err != nil {
		return false, "", undecided("Cilium cannot compute the policy: " + err.Error())
	}
	protocol, port, err := transport(f)
	if err != nil {
		return false, "", err
	}
	key := policy.EgressKey()
	if x.ingress {
		key = policy.IngressKey()
	}
	entry, meta, found := s.policy.Lookup(key.WithIdentity(peer).WithPortProto(protocol, port))
	why = reason(x, &entry, meta, found)
	switch auth := entry.AuthRequirement.AuthType(); {
	case entry.IsDeny() || auth == types.AuthTypeAlwaysFail:
		if !x.ingress && a.unasked(x.peer) {
			why += unasked
		}
		return false, why, nil
	case auth != types.AuthTypeDisabled:
		return false, "", undecided("whether the handshake of mutual authentication succeeds is in no policy")
	case !entry.IsRedirectEntry():
		return true, why, nil
	}
	allowed, err = a.atProxy(s, x, f, peer, parserOf(entry))
	return allowed, why, err
}

// agentOf gives the agent that decides for an end and the identity by which it
// knows it.
func (l *loaded) agentOf(x *end) (*agent, *identity.Identity, error) {
	e := &l.cluster.Endpoints[x.ownAt]
	if x.own.Kind == sem.Pod {
		n, host := node{}, &sem.Endpoint{}
		if x.peer.Kind == sem.OwnNode {
			n.server, host = x.peer.APIServer, x.peer
		}
		if len(l.names) > 0 {
			n.id = e.Node
		}
		a, err := l.agent(n, host)
		return a, l.identityOf(x.ownAt), err
	}
	// The labels of a node are its agent's alone (Endpoint.InitWithNodeLabels).
	n := node{server: x.own.APIServer, labels: fmt.Sprint(slices.Sorted(maps.Keys(x.own.Labels)), x.own.Labels)}
	a, err := l.agent(n, x.own)
	if err != nil {
		return nil, nil, err
	}
	return a, a.host, nil
}

func (l *loaded) agent(n node, host *sem.Endpoint) (*agent, error) {
	if a := l.agents[n]; a != nil {
		return a, nil
	}
	a, err := l.newAgent(n, host)
	if err != nil {
		return nil, err
	}
	l.agents[n] = a
	return a, nil
}

// noType is the number of no type of ICMP: with it one asks for what is allowed
// whatever the type is. A type stands where other protocols have a port, and 0 is
// every port, so that type 0 is met by rules for every type alone.
const noType = 1 << 15

// transport gives what the datapath looks a flow up by.
func transport(f *oracle.Flow) (u8proto.U8proto, uint16, error) {
	switch f.Protocol {
	case sem.TCP, sem.UDP, sem.SCTP:
		if f.Port == 0 {
			return 0, 0, undecided("port 0 stands for every port")
		}
		return u8proto.U8proto(f.Protocol), f.Port, nil
	case sem.ICMP, sem.ICMPv6:
		if f.ICMPType == 0 {
			return u8proto.U8proto(f.Protocol), noType, nil
		}
		return u8proto.U8proto(f.Protocol), uint16(f.ICMPType), nil
	}
	return 0, 0, undecided("the datapath drops protocols that it does not know unless enable-extended-ip-protocols is on (bpf/lib/policy.h)")
}

// parserOf gives the proxy that a redirect goes to, by the precedence that its
// kind has (pkg/policy/l4.go defaultPriority).
func parserOf(e types.MapStateEntry) policy.L7ParserType {
	switch p := e.Precedence.ListenerPriority(); p {
	case policy.ListenerPriorityHTTP:
		return policy.ParserTypeHTTP
	case policy.ListenerPriorityTLS:
		return policy.ParserTypeTLS
	case policy.ListenerPriorityDNS:
		return policy.ParserTypeDNS
	}
	return policy.ParserTypeCRD
}

// atProxy gives what a proxy does with a flow that goes to it.
func (a *agent) atProxy(s *subject, x *end, f *oracle.Flow, peer identity.NumericIdentity, parser policy.L7ParserType) (bool, error) {
	policies := s.proxy.EgressPerPortPolicies
	if x.ingress {
		policies = s.proxy.IngressPerPortPolicies
	}
	switch parser {
	case policy.ParserTypeDNS:
		return a.asks(s, peer, u8proto.U8proto(f.Protocol), f.Port, f.Query)
	case policy.ParserTypeHTTP:
		if f.Request != nil && rewritten(f.Request.Target) {
			return false, undecided("the proxy brings the path into another form first")
		}
		return proxied(policies, uint32(peer), f, true)
	case policy.ParserTypeTLS:
		return proxied(policies, uint32(peer), f, false)
	case policy.ParserTypeNone, policy.ParserTypeCRD:
	}
	return false, undecided("it goes to a listener of somebody's own")
}

// reason says what decided, for people.
func reason(x *end, e *types.MapStateEntry, meta policy.RuleMeta, found bool) string {
	var by []string
	for _, l := range meta.LabelArray() {
		kind, name := l.Get("k8s.io.cilium.k8s.policy.derived-from"), l.Get("k8s.io.cilium.k8s.policy.name")
		if kind+name == "" {
			kind = l.String()
		}
		by = append(by, strings.TrimSpace(kind+" "+name))
	}
	slices.Sort(by)
	what := "allows"
	switch {
	case !found:
		by, what = []string{"the default"}, "denies"
	case e.IsDeny():
		what = "denies"
	case e.IsRedirectEntry():
		what = "hands to the proxy"
	}
	if len(by) == 0 {
		by = []string{"no policy"}
	}
	side := "egress"
	if x.ingress {
		side = "ingress"
	}
	return fmt.Sprintf("%s: %s %s", side, strings.Join(slices.Compact(by), ", "), what)
}
