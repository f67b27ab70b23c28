package calico

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// Nodes are governed as host endpoints: those that kube-controllers make have
// their node's labels and this one (kube-controllers/pkg/controllers/node,
// hostendpoints.go). Pods may have any label, so that a selector says besides
// that it means no pods; network sets are never governed. Policies are for what a
// node sends and takes itself, since applyOnForward is not set.
const (
	isHost     = noPod + " && projectcalico.org/created-by == 'calico-kube-controllers'"
	hostSwitch = "host_endpoints"
	stateHosts = "State `switches = { host_endpoints = true }` where kube-controllers makes them for every node."
)

// hosts gives the selector of the host endpoints of nodes by label.
func hosts(labels ir.Selector) (string, *refusal) {
	terms := []string{isHost}
	for _, r := range labels.Requirements() {
		if strings.HasPrefix(r.Key, "projectcalico.org/") || strings.HasPrefix(r.Key, "pcns.") || strings.HasPrefix(r.Key, "pcsa.") {
			return "", &refusal{diag.CannotSay, fmt.Sprintf("the label %q of a host endpoint is Calico's own", r.Key), "Select nodes by another label."}
		}
		var no *refusal
		if terms, no = appendTerm(terms, r.Key, r.Constraint); no != nil {
			return "", no
		}
	}
	text := strings.Join(terms, " && ")
	return text, tooLong(text)
}

// nodes gives the programs of nodes as if they were of pods with their labels, so
// that what is about subjects holds for both.
func (l *lowering) nodes() *ir.Program {
	if l.hosts == nil {
		l.hosts = lower.HostsAsPods(l.program)
	}
	return l.hosts
}

// governed says what a subject is, in the plural.
func governed(s ir.Subject) string {
	if s.Kind == ir.SubjectNodes {
		return "nodes"
	}
	return "pods"
}

// The ports that stay open at host endpoints whatever policies say, unless Felix
// is told other ones (felix/config/config_params.go).
var failsafes = map[ir.Direction]map[ir.Protocol]set.Ports{
	ir.Ingress: {ir.TCP: ports(22, 179, 2379, 2380, 5473, 6443, 6666, 6667), ir.UDP: ports(68)},
	ir.Egress:  {ir.TCP: ports(179, 2379, 2380, 5473, 6443, 6666, 6667), ir.UDP: ports(53, 67)},
}

func ports(list ...uint16) set.Ports {
	var out set.Ports
	for _, p := range list {
		out = out.Union(set.SinglePort(p))
	}
	return out
}

// refuseHosts refuses what is about nodes where they are no host endpoints, and
// what would be open there all the same: the failsafe ports, and what a node and
// its own pods send each other, of which no policy of a host endpoint decides
// (felix/rules/static.go, filterInputChain and filterOutputChain).
func (l *lowering) refuseHosts() {
	on := l.target.Profile.On(hostSwitch)
	for _, d := range directions {
		stages := l.program.Hosts.Stages(d)
		closes := slices.ContainsFunc(stages, func(s ir.Stage) bool { return len(s.Isolate) > 0 })
		for i := range stages {
			for _, r := range stages[i].Rules() {
				no := undeniable(d, &r)
				if !on && (closes || r.Action != ir.Allow) { // else an open node does that anyway
					no = noHosts(l.target.Profile.Switch(hostSwitch))
				}
				if no != nil {
					l.refuse(r.Origin, no)
				}
			}
			for _, iso := range stages[i].Isolate {
				if !on {
					l.refuse(iso.Origin, noHosts(l.target.Profile.Switch(hostSwitch)))
				} else if no := unclosable(d, &iso, stages[:i+1]); no != nil {
					l.refuse(iso.Origin, no)
				}
			}
		}
	}
}

func noHosts(value string) *refusal {
	return &refusal{diag.LacksHosts, "Calico polices nodes only where they are host endpoints (" + hostSwitch + " is " + value + ")", stateHosts + "\n" + lower.AcceptHosts}
}

// undeniable says why a deny does not hold.
func undeniable(d ir.Direction, r *ir.Rule) *refusal {
	if r.Action != ir.Deny {
		return nil
	}
	var kept []string
	for _, p := range ir.Protocols {
		if open := failsafes[d][p].Intersect(r.Traffic.Ports(p)); !open.IsEmpty() {
			kept = append(kept, strings.ToUpper(p.String())+" "+open.String())
		}
	}
	switch {
	case kept != nil:
		return &refusal{diag.StaysOpen, "Calico keeps " + strings.Join(kept, " and ") + " open at host endpoints whatever policies say", "Take these ports out of the deny."}
	case r.Peers.IsAny(), len(r.Peers.Pods()) > 0:
		return &refusal{diag.StaysOpen, "no policy of a host endpoint decides what the node and its own pods send each other", "Name no pods among the deny's peers, and deny it where the pods are governed."}
	}
	return nil
}

// unclosable says what stays open of closed nodes and the rules, up to the stage
// that closes them, do not allow.
func unclosable(d ir.Direction, iso *ir.Isolation, stages []ir.Stage) *refusal {
	everyone, _ := ir.PeersOf(ir.AllPods(), ir.Nodes{Other: true}, ir.External{Addresses: set.AllAddresses()})
	pods, _ := ir.PeersOf(ir.AllPods())
	missing := map[ir.Protocol]set.Ports{ir.TCP: failsafes[d][ir.TCP], ir.UDP: failsafes[d][ir.UDP]}
	own := false
	for i := range stages {
		rules := stages[i].Rules()
		if i < len(stages)-1 && slices.ContainsFunc(rules, func(r ir.Rule) bool { return r.Action == ir.Pass }) {
			continue // which may take what it allows past it
		}
		for _, r := range rules {
			if r.Action != ir.Allow || r.Mode == ir.Staged && iso.Mode == ir.Enforce || !r.Subject.Nodes.Contains(iso.Subject.Nodes) {
				continue
			}
			if own = own || r.Peers.Contains(pods) && r.Traffic.IsAll(); !r.Peers.Contains(everyone) {
				continue
			}
			for p := range missing {
				missing[p] = missing[p].Subtract(r.Traffic.Ports(p))
			}
		}
	}
	var lacks, fix []string
	ends := map[ir.Direction]string{ir.Egress: "the nodes to %s", ir.Ingress: "%s to the nodes"}
	for _, p := range ir.Protocols {
		if !missing[p].IsEmpty() {
			lacks = append(lacks, strings.ToUpper(p.String())+" "+missing[p].String())
		}
	}
	if lacks != nil {
		fix = append(fix, "these ports from "+fmt.Sprintf(ends[d], "anywhere"))
	}
	if !own {
		lacks = append(lacks, "what a node and its own pods send each other")
		fix = append(fix, "everything from "+fmt.Sprintf(ends[d], "cluster"))
	}
	if lacks == nil {
		return nil
	}
	return &refusal{diag.StaysOpen, "whatever policies say, Calico leaves open at host endpoints what no rule allows: " + strings.Join(lacks, ", "),
		"Allow it, so that the intent says what holds: " + strings.Join(fix, ", and ") + "."}
}
