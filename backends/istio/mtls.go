package istio

import (
	"slices"

	security "istio.io/api/security/v1"
	clientsecurity "istio.io/client-go/pkg/apis/security/v1"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// modes is a set of modes of mutual TLS.
type modes uint8

func modesOf(m ir.MTLSMode) modes { return 1 << m }

// has reports whether the mode is in the set, and only whether it is all.
func (s modes) has(m ir.MTLSMode) bool  { return s&modesOf(m) != 0 }
func (s modes) only(m ir.MTLSMode) bool { return s == modesOf(m) }

// modes gives the modes that connections to the pods' ports may be under. What
// nobody states is permissive, as Istio has it.
func (l *lowering) modes(pods ir.Pods, ports set.Ports) modes {
	var out modes
	for i := range l.program.MTLS {
		m := &l.program.MTLS[i]
		if m.Subject.Kind != ir.SubjectWorkload || !m.Subject.Pods.Overlaps(pods) {
			continue
		}
		out |= l.portModes(m, ports)
		if m.Subject.Pods.Contains(pods) {
			return out
		}
	}
	return out | l.inherited(pods)
}

// portModes gives the modes that a workload's statement sets for ports.
func (l *lowering) portModes(m *ir.MTLS, ports set.Ports) modes {
	var out modes
	for _, p := range m.Ports {
		if ports.Contains(p.Port) {
			out |= modesOf(p.Mode)
			ports = ports.Subtract(set.SinglePort(p.Port))
		}
	}
	switch {
	case ports.IsEmpty():
		return out
	case m.Mode == ir.MTLSUnset:
		return out | l.inherited(m.Subject.Pods)
	}
	return out | modesOf(m.Mode)
}

// inherited gives the modes of pods of which no workload states one.
func (l *lowering) inherited(pods ir.Pods) modes {
	mesh, out := modesOf(ir.MTLSPermissive), modes(0)
	var stated []string
	for _, m := range l.program.MTLS {
		switch {
		case m.Mode == ir.MTLSUnset:
		case m.Subject.Kind == ir.SubjectCluster:
			mesh = modesOf(m.Mode)
		case m.Subject.Kind == ir.SubjectNamespace && m.Subject.Pods.Overlaps(pods):
			out |= modesOf(m.Mode)
			name, _ := m.Subject.Pods.SingleNamespace()
			stated = append(stated, name)
		}
	}
	names, named := pods.Names()
	if !named || slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(stated, n) }) {
		out |= mesh
	}
	return out
}

// portsOf gives the TCP ports of a traffic; every port where some are known by
// name only.
func portsOf(t ir.Traffic) set.Ports {
	if len(t.Named()) > 0 {
		return set.AllPorts()
	}
	return t.Ports(ir.TCP)
}

// authenticate makes the peer authentications: one for each statement, and so
// one for each level of a pod, of which Istio takes the oldest and forgets the
// others (istio/istio, pilot/pkg/security/authn/policy_applier.go).
func (l *lowering) authenticate() {
	for i := range l.program.MTLS {
		m := &l.program.MTLS[i]
		if m.Mode == ir.MTLSUnset && len(m.Ports) == 0 {
			continue
		}
		if reason, nearest := l.unauthenticable(m, l.program.MTLS[:i]); reason != "" {
			l.refuse(diag.LacksMTLS, m.Origin, reason, nearest)
			continue
		}
		l.authentication(m)
	}
}

// unauthenticable says why a statement cannot be rendered beside those before
// it; "" where it can.
func (l *lowering) unauthenticable(m *ir.MTLS, before []ir.MTLS) (reason, nearest string) {
	if l.membership(m.Subject.Pods) == outside && m.Subject.Kind != ir.SubjectCluster {
		return "the pods of " + m.Subject.Address + " are outside the mesh", "Remove the statement, or take them into the mesh."
	}
	disables := m.Mode == ir.MTLSDisable || slices.ContainsFunc(m.Ports, func(p ir.PortMTLS) bool { return p.Mode == ir.MTLSDisable })
	if l.ambient && disables {
		return "ambient has no `disable`: connections within the mesh are always encrypted", "State `permissive`, which lets plaintext in beside them."
	}
	if m.Subject.Kind != ir.SubjectWorkload {
		return "", ""
	}
	for i := range before {
		o := &before[i]
		if o.Subject.Kind == ir.SubjectWorkload && o.Subject.Pods.Overlaps(m.Subject.Pods) && (o.Mode != m.Mode || !slices.Equal(o.Ports, m.Ports)) {
			return "a pod may be of both " + o.Subject.Address + " and " + m.Subject.Address + ", and of two peer authentications Istio takes the older",
				"State the same for both, or make their labels exclude each other."
		}
	}
	return "", ""
}

func (l *lowering) authentication(m *ir.MTLS) {
	var sites []site
	switch ns, single := m.Subject.Pods.SingleNamespace(); {
	case m.Subject.Kind == ir.SubjectCluster && l.inv.Facts.MeshRoot != "":
		sites = []site{l.rootSite(m.Subject, nil)}
	case single:
		var why string
		if sites, why = l.sitesOf(ns, m.Subject.Pods, m.Subject); why != "" {
			l.refuse(diag.LacksMTLS, m.Origin, why, "State mutual TLS for the namespace, or give the workload labels.")
			return
		}
	default:
		l.refuse(diag.LacksMTLS, m.Origin, "a peer authentication is for the mesh, a namespace or a workload", "State mutual TLS for one of these.")
		return
	}
	for _, at := range sites {
		l.peerAuths = append(l.peerAuths, peerAuthentication(at, m))
	}
}

var mtlsModes = map[ir.MTLSMode]security.PeerAuthentication_MutualTLS_Mode{
	ir.MTLSUnset:      security.PeerAuthentication_MutualTLS_UNSET,
	ir.MTLSDisable:    security.PeerAuthentication_MutualTLS_DISABLE,
	ir.MTLSPermissive: security.PeerAuthentication_MutualTLS_PERMISSIVE,
	ir.MTLSStrict:     security.PeerAuthentication_MutualTLS_STRICT,
}

func mutualTLS(m ir.MTLSMode) *security.PeerAuthentication_MutualTLS {
	if m == ir.MTLSUnset {
		return nil
	}
	return &security.PeerAuthentication_MutualTLS{Mode: mtlsModes[m]}
}

// fillPeerAuthentication puts a statement into an object. Ports are the pods'.
func fillPeerAuthentication(o *clientsecurity.PeerAuthentication, at site, m *ir.MTLS) {
	o.Spec.Selector = selectorOf(at.labels)
	o.Spec.Mtls = mutualTLS(m.Mode)
	for _, p := range m.Ports {
		if p.Mode == ir.MTLSUnset {
			continue
		}
		if o.Spec.PortLevelMtls == nil {
			o.Spec.PortLevelMtls = map[uint32]*security.PeerAuthentication_MutualTLS{}
		}
		o.Spec.PortLevelMtls[uint32(p.Port)] = mutualTLS(p.Mode)
	}
}
