package ir

import "slices"

// Accept takes out of a program what a target's accept block gives up, so that
// what is left is the accepted intent, no more and no less:
//
//   - "widened" takes the lacking part out of the rule at address: requests
//     (http, grpc), names (dns);
//   - "narrowed" takes the rule out;
//   - "unenforced" goes without what is no verdict: a namespace's or workload's
//     mtls, a rule's log, a staged rule.
//
// lacks are words of the language's closed list. false means that the words
// and the loss do not go together, or that nothing stands at the address; the
// program is then returned as it was.
func Accept(p *Program, loss string, lacks []string, address string) (*Program, bool) {
	switch loss {
	case "widened":
		return p.widen(lacks, address)
	case "narrowed":
		found := false
		q := p.Filter(func(r Directed) bool {
			hit := r.Rule.Origin.Kind == FromRule && r.Rule.Origin.Address == address
			found = found || hit
			return !hit
		})
		return q, found
	case "unenforced":
		return p.unenforce(lacks, address)
	}
	return p, false
}

func (p *Program) widen(lacks []string, address string) (*Program, bool) {
	requests := slices.Contains(lacks, "http") || slices.Contains(lacks, "grpc")
	names := slices.Contains(lacks, "dns")
	if !requests && !names {
		return p, false
	}
	q := p.Clone()
	found := false
	for _, r := range q.All() {
		if r.Rule.Origin.Address != address || r.Rule.Origin.Kind != FromRule || r.Rule.Action == Deny {
			continue
		}
		if requests && r.Rule.Traffic.Requests() != nil {
			r.Rule.Traffic, found = r.Rule.Traffic.WithoutRequests(), true
		}
		if names && r.Rule.Traffic.Names() != nil {
			r.Rule.Traffic, found = r.Rule.Traffic.WithoutNames(), true
		}
	}
	if !found {
		return p, false
	}
	return q, true
}

func (p *Program) unenforce(lacks []string, address string) (*Program, bool) {
	found := false
	q := p.Filter(func(r Directed) bool {
		hit := r.Rule.Origin.Address == address && r.Rule.Origin.Kind == FromRule &&
			(slices.Contains(lacks, "staged") && r.Rule.Mode == Staged || slices.Contains(lacks, "log") && r.Rule.Action == Log)
		found = found || hit
		return !hit
	})
	if slices.Contains(lacks, "log") {
		for _, r := range q.All() {
			if r.Rule.Origin.Address == address && r.Rule.Log {
				r.Rule.Log, found = false, true
			}
		}
	}
	if slices.Contains(lacks, "mtls") {
		q.MTLS = slices.DeleteFunc(q.MTLS, func(m MTLS) bool {
			hit := m.Origin.Address == address
			found = found || hit
			return hit
		})
	}
	if !found {
		return p, false
	}
	return q, true
}
