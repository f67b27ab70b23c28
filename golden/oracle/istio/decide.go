package istio

import (
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/istio/envoy"
	"github.com/portolan-dev/portolan/golden/oracle/istio/ztunnel"
	"github.com/portolan-dev/portolan/ir/sem"

	"istio.io/istio/pilot/pkg/model"
)

// Decide gives what becomes of a flow at its destination, the only place where
// Istio decides. False is for what hangs on more than policies: an external
// provider, a port that must speak HTTP and is sent something else, a sender that
// cannot be what the flow says or that other clusters or a CNI have.
func (p *policy) Decide(f *oracle.Flow) (oracle.Verdict, bool) {
	to := &p.cluster.Endpoints[f.To]
	switch {
	case f.Source.Kind == sem.Remote || f.Source.Kind == sem.Infrastructure || f.Authenticated && (f.Source.Kind != sem.Pod || !f.Source.Meshed || !to.Meshed):
		return oracle.Verdict{}, false
	case f.Protocol != sem.TCP || to.Kind != sem.Pod || !to.Meshed:
		return oracle.Verdict{Allowed: true, Reason: "the mesh does not see it"}, true
	case p.ztunnel != nil:
		return p.ambient(f, to)
	}
	return p.sidecar(f, to)
}

// identity gives the one that the source's certificate says; nil for plaintext.
func (p *policy) identity(f *oracle.Flow) *ztunnel.Identity {
	if !f.Authenticated {
		return nil
	}
	return &ztunnel.Identity{TrustDomain: p.mesh().GetTrustDomain(), Namespace: f.Source.Namespace, Account: account(&f.Source)}
}

// account is the one that a pod runs as; without any it is default.
func account(e *sem.Endpoint) string {
	if e.Account == "" {
		return "default"
	}
	return e.Account
}

// connection is the flow as a proxy sees it that it reaches at a port.
func (p *policy) connection(f *oracle.Flow, port uint16) *envoy.Connection {
	c := &envoy.Connection{Source: f.Source.Address, Client: f.Client, Destination: f.Destination.Address, Port: port, ServerName: f.ServerName}
	if !c.Client.IsValid() {
		c.Client = c.Source
	}
	if id := p.identity(f); id != nil {
		c.Principal = "spiffe://" + id.String()
	}
	if r := f.Request; r != nil {
		c.Request = &envoy.Request{Method: r.Method, Target: r.Target, Authority: r.Host, Headers: r.Headers}
	}
	return c
}

// agentPorts are those that iptables leave to the sidecar's agent (istio/istio,
// tools/istio-iptables/pkg/capture/run.go).
var agentPorts = map[uint16]bool{15020: true, 15021: true, 15090: true}

// unseen is the reason of verdicts on the agent's ports.
const unseen = "the sidecar does not see it"

// sidecar decides at the proxy of the destination.
func (p *policy) sidecar(f *oracle.Flow, to *oracle.Endpoint) (oracle.Verdict, bool) {
	if agentPorts[f.Port] {
		return oracle.Verdict{Allowed: true, Reason: unseen}, true
	}
	x, err := p.proxyOf(to)
	if err != nil {
		return oracle.Verdict{}, false
	}
	switch mode := x.applier.GetMutualTLSModeForPort(uint32(f.Port)); {
	case mode == model.MTLSStrict && !f.Authenticated:
		return oracle.Verdict{Reason: "mutual TLS is " + mode.String()}, true
	case mode == model.MTLSDisable && f.Authenticated:
		return oracle.Verdict{}, false // such a proxy takes plaintext only
	}
	return x.decide(p.connection(f, f.Port), f, p.speaks(to, f.Port))
}
