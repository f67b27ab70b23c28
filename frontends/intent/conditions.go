package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// conditions gives what a rule asks for beside its requests, as alternatives of
// which one holds, all of it; nil for nothing.
func (l *lowering) conditions(r *Rule) [][]ir.Condition {
	if !r.Traffic.conditional() {
		return nil
	}
	out := [][]ir.Condition{nil}
	if r.Traffic.JWT != nil {
		out = nil
		for _, t := range r.Traffic.JWT.Value {
			out = append(out, t.alternatives()...)
		}
	}
	if r.Traffic.SNI != nil {
		var names []ir.Condition
		for _, n := range r.Traffic.SNI.Value {
			names = append(names, ir.ServerName(n))
		}
		out = conjoin(out, names)
	}
	if r.Traffic.Client != nil {
		var from set.Addresses
		for _, ref := range r.Traffic.Client.Value {
			for _, e := range l.endpointsOf(r, ref, nil) {
				if x, ok := e.peer.(ir.External); ok {
					from = from.Union(x.Addresses)
				}
			}
		}
		out = conjoin(out, []ir.Condition{ir.Client(from)})
	}
	slices.SortStableFunc(out, func(a, b []ir.Condition) int { return slices.CompareFunc(a, b, compareConditions) })
	return slices.CompactFunc(out, func(a, b []ir.Condition) bool { return slices.Equal(a, b) })
}

func compareConditions(a, b ir.Condition) int { return strings.Compare(a.String(), b.String()) }

// knownInside reports that only who receives can tell whether the rule's
// conditions hold: it validates tokens, and trusts the proxies before it.
func (r *Rule) knownInside() bool { return r.Traffic.JWT != nil || r.Traffic.Client != nil }

// emitRestricted puts the rule with its conditions into a program, once for each
// alternative.
func (w *ruleLowering) emitRestricted(d ir.Direction, s ir.Subject, peers ir.Peers, t ir.Traffic) {
	if w.conditions == nil {
		w.emit(d, s, peers, t)
		return
	}
	for _, all := range w.conditions {
		w.also = all
		w.emit(d, s, peers, t)
	}
	w.also = nil
	if d == ir.Ingress && w.ours(s.Pods) {
		w.validate(s)
	}
}

// validate notes that a subject validates the tokens that the rule asks for. A
// token that is there and not valid is refused whatever else allows the
// request, as validation means where it is done (Istio's RequestAuthentication:
// 401 for an invalid token, and nothing for none).
func (w *ruleLowering) validate(s ir.Subject) {
	if w.rule.Traffic.JWT == nil {
		return
	}
	all, _ := ir.PeersOf(ir.AnyPeer{})
	ports := w.validated(s.Pods)
	every, _ := ir.PortTraffic(ir.TCP, ports).WithRequests(everyRequest())
	var done []*Issuer
	for _, t := range w.rule.Traffic.JWT.Value {
		for _, i := range t.Issuers {
			if slices.Contains(done, i) {
				continue
			}
			done = append(done, i)
			w.validations = append(w.validations, ir.Rule{
				Subject: s, Peers: all, Traffic: every, Action: ir.Deny, Mode: w.mode(w.rule),
				If:     []ir.Condition{ir.BadToken(i.Issuer.Value)},
				Origin: ir.Origin{Kind: ir.FromCompanion, Address: w.rule.Address, Purpose: ir.ForTokens, Range: w.rule.Range},
			})
		}
	}
}

// validated gives the ports at which the target's mesh looks at tokens: sidecars
// at all but their agents', ambient at those behind the Services of a waypoint.
func (l *lowering) validated(pods ir.Pods) set.Ports {
	mesh, some := l.mesh()
	if !some {
		return set.AllPorts()
	}
	var behind set.Ports
	if mesh.Engine == profile.IstioAmbient {
		for i := range l.program.Inventory.Workloads {
			w := &l.program.Inventory.Workloads[i]
			if w.Mesh && len(w.Services) > 0 && w.Pods.Overlaps(pods) {
				behind = behind.Union(w.Exposed())
			}
		}
	}
	if !behind.IsEmpty() {
		return behind
	}
	return set.AllPorts().Subtract(mesh.Uncaptured())
}

// validateTokens puts what validates tokens before everything that somebody
// wrote: a level of its own in the first stage.
func (l *lowering) validateTokens() {
	if l.validations == nil {
		return
	}
	stages := l.program.Ingress
	i := slices.IndexFunc(stages, func(s ir.Stage) bool { return s.Name != ir.StageAxioms })
	slices.SortStableFunc(l.validations, compareRules)
	stages[i].Levels = slices.Insert(stages[i].Levels, 0, ir.Level{Rules: l.validations})
}

// unreadable refuses a rule whose conditions would have to be checked where
// nobody knows whether they hold.
func (w *ruleLowering) unreadable(at diag.Range) {
	if w.refused {
		return
	}
	w.refused, w.emitted = true, true
	what := "which token a request has"
	if w.rule.Traffic.JWT == nil {
		what = "where the client was before the proxies"
	}
	w.at(w.rule, w.diags.Add(diag.KnownInside, at,
		fmt.Sprintf("Rule %q asks %s, and not all of its receivers are pods that are closed here.", w.rule.Address, what),
		"Only who receives can tell. Close the receivers' ingress with `default_deny`, or leave the condition out, and a rule with `at = \"source\"` for what others' pods decide themselves."))
}
