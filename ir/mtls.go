package ir

import "slices"

// Demands reports that the statement takes mutual TLS only, on some port at
// least; the other modes let plaintext in, as where nothing is stated.
func (m *MTLS) Demands() bool {
	return m.Mode == MTLSStrict || slices.ContainsFunc(m.Ports, func(p PortMTLS) bool { return p.Mode == MTLSStrict })
}

// On gives the mode that the statement has on a port.
func (m *MTLS) On(port uint16) MTLSMode {
	for _, own := range m.Ports {
		if own.Port == port {
			return own.Mode
		}
	}
	return m.Mode
}

// EffectiveMTLS gives the mode that every pod of the set surely has on a port:
// the strictest among the workloads that have the whole set and state one,
// else its namespace's, else the mesh's; MTLSUnset where nothing states one or
// where it is not the same for the whole set.
func (p *Program) EffectiveMTLS(pods Pods, port uint16) MTLSMode {
	best := [3]MTLSMode{} // by level: workload, namespace, mesh
	for _, m := range p.MTLS {
		level := map[SubjectKind]int{SubjectNamespace: 1, SubjectCluster: 2}[m.Subject.Kind]
		mode := m.On(port)
		if level == 0 && !m.Subject.Pods.Contains(pods) {
			if mode != MTLSUnset && m.Subject.Pods.Overlaps(pods) {
				return MTLSUnset
			}
			continue
		}
		if m.Subject.Pods.Contains(pods) {
			best[level] = max(best[level], mode)
		}
	}
	for _, mode := range best {
		if mode != MTLSUnset {
			return mode
		}
	}
	return MTLSUnset
}
