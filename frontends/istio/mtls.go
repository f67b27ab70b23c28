package istio

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// peerAuthentication is a PeerAuthentication as it was read.
type peerAuthentication struct {
	name, namespace string
	at              diag.Range
	selector        *selector
	mode            ir.MTLSMode
	ports           []ir.PortMTLS // sorted by port
}

var mtlsModes = map[string]ir.MTLSMode{
	"UNSET": ir.MTLSUnset, "DISABLE": ir.MTLSDisable, "PERMISSIVE": ir.MTLSPermissive, "STRICT": ir.MTLSStrict,
}

func (p *peerAuthentication) address() string { return kindPeer + " " + p.namespace + "/" + p.name }

// ofWorkload reports that it is for some pods of a namespace.
func (p *peerAuthentication) ofWorkload() bool {
	return p.selector != nil && len(p.selector.labels) > 0
}

// authenticate lifts the statements about mutual TLS: a mesh's, a namespace's
// and a workload's, of which each overrides the one before where it says
// something (istio/istio, pilot/pkg/security/authn/policy_applier.go).
func (l *lifting) authenticate() {
	wide := map[string]*peerAuthentication{} // by namespace
	var narrow []*peerAuthentication
	for _, p := range l.peers {
		switch {
		case l.ambient && p.selector != nil && !p.ofWorkload():
			// istiod looks for labels in one place and for a selector in others
			// (istio/istio, pilot/pkg/serviceregistry/ambient/workloads.go,
			// fetchPeerAuthentications, and policies.go).
			l.refuse(p.at, p.address()+" has an empty selector, which in ambient is the mesh's or the namespace's in some places and no one's in others.",
				"Remove `selector`.")
		case p.ofWorkload() && p.namespace == l.root:
			l.ineffective(p.at, p.address()+" has a selector and stands in the mesh's root namespace, where Istio ignores it.",
				"Put it into the namespace of the pods.")
		case p.ofWorkload():
			narrow = append(narrow, p)
		case wide[p.namespace] == nil:
			wide[p.namespace] = p
		case wide[p.namespace].mode != p.mode:
			l.conflict(p, wide[p.namespace])
		}
	}
	for _, p := range l.peers {
		if !p.ofWorkload() && wide[p.namespace] == p && p.mode != ir.MTLSUnset {
			l.state(p, l.modeOf(p.mode), nil)
		}
	}
	byNamespace := map[string][]*peerAuthentication{}
	for _, p := range narrow {
		for _, o := range byNamespace[p.namespace] {
			if (o.mode != p.mode || !slices.Equal(o.ports, p.ports)) && ir.MatchLabels(o.selector.labels).Overlaps(ir.MatchLabels(p.selector.labels)) {
				l.conflict(p, o)
				break
			}
		}
		byNamespace[p.namespace] = append(byNamespace[p.namespace], p)
		if l.ambient {
			mode, ports := l.ztunnelModes(p, modeIn(wide, l.root), modeIn(wide, p.namespace))
			l.state(p, mode, ports)
			continue
		}
		// A port that is unset has its workload's mode, and not what that one is
		// stated over.
		l.state(p, p.mode, slices.DeleteFunc(slices.Clone(p.ports), func(q ir.PortMTLS) bool { return q.Mode == ir.MTLSUnset }))
	}
}

func (l *lifting) state(p *peerAuthentication, mode ir.MTLSMode, ports []ir.PortMTLS) {
	if mode == ir.MTLSUnset && len(ports) == 0 {
		return
	}
	l.program.MTLS = append(l.program.MTLS, ir.MTLS{
		Subject: l.subject(p.namespace, p.selector), Mode: mode, Ports: ports,
		Origin: ir.Origin{Kind: ir.FromDefault, Address: p.address(), Range: p.at},
	})
}

// conflict refuses two statements for the same pods: Istio takes the older and
// forgets the other, ports and all, and manifests have no age.
func (l *lifting) conflict(p, o *peerAuthentication) {
	l.undecided(p.at, p.address()+" and "+o.address()+" may govern the same pods and say different things; Istio takes the older of the two and forgets the other.",
		"Keep one of them, or make their selectors exclude each other.").Relate(o.at, "the other one")
}

// modeOf gives the mode that the data plane knows: in ambient, connections in
// the mesh are always encrypted, so that nothing can be disabled.
func (l *lifting) modeOf(m ir.MTLSMode) ir.MTLSMode {
	if l.ambient && m == ir.MTLSDisable {
		return ir.MTLSPermissive
	}
	return m
}

// modeIn gives a namespace's own statement; absent is where there is none.
func modeIn(wide map[string]*peerAuthentication, namespace string) stated {
	p := wide[namespace]
	if p == nil {
		return stated{}
	}
	return stated{p.mode, true}
}

// stated is a mode, or that nothing states one.
type stated struct {
	mode ir.MTLSMode
	some bool
}

// ztunnelModes gives what istiod makes of a workload's statement for ztunnel,
// under those of the mesh and the namespace: a refusal of plaintext for all
// ports, for all but some, or for some; or, in three shapes where it goes wrong,
// something else (istio/istio, pilot/pkg/serviceregistry/ambient/authorization.go,
// convertedSelectorPeerAuthentications and convertPeerAuthentication).
func (l *lifting) ztunnelModes(p *peerAuthentication, mesh, namespace stated) (ir.MTLSMode, []ir.PortMTLS) {
	parent := namespace.mode
	if parent == ir.MTLSUnset {
		parent = mesh.mode
	}
	mode := p.mode
	if mode == ir.MTLSUnset {
		mode = parent
	}
	want := max(mode, ir.MTLSPermissive)
	var strict, open, disabled []ir.PortMTLS
	for _, q := range p.ports {
		switch q.Mode {
		case ir.MTLSStrict:
			strict = append(strict, q)
		case ir.MTLSPermissive:
			open = append(open, q)
		case ir.MTLSDisable:
			disabled = append(disabled, ir.PortMTLS{Port: q.Port, Mode: ir.MTLSPermissive})
		case ir.MTLSUnset:
		}
	}
	if want == ir.MTLSStrict {
		exempt := slices.SortedFunc(slices.Values(slices.Concat(open, disabled)), func(a, b ir.PortMTLS) int { return int(a.Port) - int(b.Port) })
		switch {
		case p.mode == ir.MTLSUnset && len(open) == 0 && len(disabled) > 0:
			l.ineffective(p.at, p.address()+" disables mutual TLS on ports and states no mode, under one that is strict: in ambient these ports stay strict.", "State PERMISSIVE for the ports.")
			return want, nil
		case p.mode == ir.MTLSUnset && len(open) > 0 && namespace.some && namespace.mode == ir.MTLSUnset:
			l.ineffective(p.at, p.address()+" opens ports, states no mode, and its namespace's PeerAuthentication states none either, under a mesh that is strict: in ambient all of its ports then take plaintext.",
				"State STRICT in this PeerAuthentication, or remove the namespace's.")
			return ir.MTLSPermissive, nil
		}
		return want, exempt
	}
	if len(strict) > 0 && p.mode != ir.MTLSUnset && namespace.mode == ir.MTLSUnset && mesh.mode == ir.MTLSStrict {
		l.ineffective(p.at, p.address()+" makes ports strict where it is not, under a mesh that is: in ambient these ports then take plaintext.",
			"State STRICT for the namespace, or STRICT here and PERMISSIVE for the other ports.")
		return want, nil
	}
	return want, strict
}
