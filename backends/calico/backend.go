// Package calico lowers a program to projectcalico.org/v3: a Tier for each tier
// of the intent, and NetworkPolicies and GlobalNetworkPolicies in it. Outside
// tiers, allows stand in Calico's tier "default", among other people's policies,
// and denies in a tier "portolan" right before it, which closes nothing.
//
// In a tier Calico lets the first rule that matches decide, across all policies
// in order (felix/rules/endpoints.go). So that a deny of one policy comes before
// an allow of another, each action of a subject is an object of its own, at an
// order that is fixed for the action:
//
//	web--deny   order  200   action: Deny
//	web         order 1000   action: Allow, and what closes web
package calico

import (
	"cmp"
	"slices"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Backend is the backend of Calico.
type Backend struct{}

// Name gives "calico".
func (Backend) Name() string { return "calico" }

// lowering is the state of one Lower.
type lowering struct {
	program *ir.Program
	target  lower.Target
	diags   diag.List
	objects []manifest.Object
	staged  bool               // something of the program is
	hosts   *ir.Program        // the programs of nodes, see nodes
	made    map[string]*policy // enforced ones, by place: what stages a policy leaves out what it has
	sets    map[string]bool    // that are made, by place
}

// Lower gives the objects that mean the program: tiers first, since the API
// server takes no policy into a tier that does not exist, then network sets, so
// that no policy is without its addresses, then policies; each by namespace, kind
// and name.
func (Backend) Lower(p *ir.Program, t lower.Target) ([]manifest.Object, diag.List) {
	l := &lowering{program: lower.Share(p, t.Role), target: t, made: map[string]*policy{}, sets: map[string]bool{}}
	l.staged = l.program.HasStaged()
	l.refuseMTLS()
	l.refuseStaged()
	l.refuseHosts()
	for _, tr := range l.tiers() {
		l.tier(tr)
	}
	slices.SortFunc(l.objects, func(a, b manifest.Object) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Compare(b))
	})
	return l.objects, oncePerRule(l.diags)
}

func rank(o manifest.Object) int {
	switch o.Kind {
	case v3.KindTier:
		return 0
	case v3.KindNetworkSet, v3.KindGlobalNetworkSet:
		return 1
	}
	return 2
}

// oncePerRule keeps the first of several diagnostics of one code about one rule,
// such as those of its two ends.
func oncePerRule(all diag.List) diag.List {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(d diag.Diagnostic) bool {
		key := string(d.Code) + " " + d.Address
		if d.Address != "" && seen[key] {
			return true
		}
		seen[key] = true
		return false
	})
}

// refusal is why something cannot be said, on its way to a diagnostic.
type refusal struct {
	code            diag.Code
	reason, nearest string
}

func (l *lowering) refuse(o ir.Origin, r *refusal) {
	l.target.Refuse(&l.diags, r.code, o, r.reason, r.nearest)
}

// refuseMTLS refuses the statements that demand mutual TLS. Those that only
// let plaintext in hold by themselves where nothing demands otherwise.
func (l *lowering) refuseMTLS() {
	for _, m := range l.program.MTLS {
		if m.Demands() {
			l.refuse(m.Origin, &refusal{diag.LacksMTLS,
				"Calico's policies know addresses, not certificates",
				"Add a mesh to the target (`mesh = \"istio\"`), or accept it as `unenforced`."})
		}
	}
}

// sayable refuses what no Calico policy says, whatever the rest of the rule.
func (l *lowering) sayable(r *ir.Rule) bool {
	var no []*refusal
	if requests := r.Traffic.Requests(); requests != nil {
		// Felix programs a rule without its http part, so that an allow would
		// open the port for every request (felix/calc/rule_scanner.go).
		why := "Calico enforces addresses and ports; its `http` match is left out when a rule is programmed, which would allow every request"
		if l.target.Profile.On("application_layer_policy") {
			// app-policy/checker/match.go: no method is every method
			why = "Dikastes takes a connection in which the proxy reads no request for a match of every `http`, which would allow whatever is no HTTP"
		}
		no = append(no, &refusal{requestCode(requests), why,
			l.target.ForRequests("Use a stack (`cni = \"calico\"`, `mesh = \"istio\"`) or `cilium`, or accept it as `widened`.")})
	}
	if r.Traffic.Names() != nil {
		no = append(no, &refusal{diag.LacksDNS, "Calico does not read DNS queries",
			"Render for `cilium`, or accept it as `widened`, which lets every name be resolved."})
	}
	for _, p := range r.Peers.List() {
		if names, ok := p.(ir.Names); ok {
			no = append(no, &refusal{diag.LacksFQDN, "open source Calico has no DNS names as peers (" + names.Text() + ")",
				"Give `cidrs` where the addresses are stable, render for `cilium`, or accept it as `narrowed`."})
		}
	}
	for _, x := range no {
		l.refuse(r.Origin, x)
	}
	return no == nil
}

func requestCode(requests []ir.Request) diag.Code {
	if slices.ContainsFunc(requests, func(q ir.Request) bool { return q.GRPC }) {
		return diag.LacksGRPC
	}
	return diag.LacksHTTP
}
