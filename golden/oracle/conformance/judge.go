package conformance

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// trial is one set of documents in one cluster, and what Portolan says that it
// means.
type trial struct {
	family  *Family
	profile profile.Profile
	cluster *oracle.Cluster
	docs    []oracle.Document
	policy  sem.Policy
	intent  string // that the documents were rendered from; "" for none
}

// judge asks the engine and Portolan about flows, and counts. The text is of the
// flows on which they differ, the first few of them; "" for none.
func (t *trial) judge(flows []oracle.Flow, board *Scoreboard) (Score, string, error) {
	engine, err := t.family.Engine.Load(t.profile, t.cluster, t.docs)
	if err != nil {
		return Score{}, "", err
	}
	if t.profile.IsMesh() { // as explain does
		for _, layer := range t.policy {
			layer.Program.Inventory.Facts.Uncaptured = t.profile.Uncaptured()
		}
	}
	conditions := conditionsOf(t.policy)
	s := Score{Cases: 1}
	var differ []string
	for i := range flows {
		f := &flows[i]
		if t.profile.IsMesh() && !(f.Protocol == sem.TCP && pod(&f.Destination)) {
			continue // is none of a mesh's business
		}
		got, decides := engine.Decide(f)
		conditions.settle(f)
		want := sem.Decide(t.policy, f.Flow)
		s.Flows++
		switch {
		case !decides:
			s.Silent++
		case want.Outcome == sem.Unknown:
			s.Unknown++
		case (want.Outcome == sem.Allowed) == got.Allowed:
			s.Agree++
		default:
			d := oracle.Difference{Cluster: t.cluster, Documents: t.docs, Flow: f, Engine: got, Allowed: want.Outcome == sem.Allowed}
			if name, is := t.argued(d); is {
				s.Argued++
				board.met(name)
			} else if len(differ) < maxShown {
				differ = append(differ, told(t.cluster, f, &want, got))
			}
		}
	}
	if err := engine.Close(); err != nil {
		return s, "", err
	}
	if len(differ) == 0 {
		return s, "", nil
	}
	return s, t.report(differ), nil
}

// maxShown bounds the flows that are shown of one case.
const maxShown = 5

// report is a case that failed, with all that is needed to look at it.
func (t *trial) report(differ []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "under %s\n%s\n", t.profile, strings.Join(differ, "\n"))
	if t.intent != "" {
		fmt.Fprintf(&b, "--- intent\n%s\n", t.intent)
	}
	for _, d := range t.docs {
		fmt.Fprintf(&b, "--- # %s\n%s\n", d.Source, d.Text)
	}
	return b.String()
}

// told is a flow with both verdicts and what decided them.
func told(c *oracle.Cluster, f *oracle.Flow, want *sem.Verdict, got oracle.Verdict) string {
	step := want.Deciding()
	by := "nothing"
	switch o := step.Origin(); {
	case step.Rule != nil:
		by = fmt.Sprintf("the rule %s (%s of %s in %s)", o.Address, step.Direction, step.Action, step.Stage)
	case step.Isolation != nil:
		by = fmt.Sprintf("the default of %s (%s)", o.Address, step.Direction)
	case step.MTLS != nil:
		by = "mutual TLS of " + o.Address
	}
	engine := sem.Denied
	if got.Allowed {
		engine = sem.Allowed
	}
	return fmt.Sprintf("%s\n  Portolan: %s, by %s\n  engine:   %s, %s", flowText(c, f), want.Outcome, by, engine, got.Reason)
}

// flowText is a flow for people.
func flowText(c *oracle.Cluster, f *oracle.Flow) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s -> %s ", endText(&c.Endpoints[f.From], &f.Source), endText(&c.Endpoints[f.To], &f.Destination))
	switch f.Protocol {
	case sem.ICMP, sem.ICMPv6:
		fmt.Fprintf(&b, "%s %d/%d", protocolNames[f.Protocol], f.ICMPType, f.ICMPCode)
	case sem.TCP, sem.UDP, sem.SCTP:
		fmt.Fprintf(&b, "%s/%d", protocolNames[f.Protocol], f.Port)
		if len(f.Calls) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(f.Calls, ", "))
		}
		fmt.Fprintf(&b, " from %d", f.SourcePort)
	default:
		fmt.Fprintf(&b, "protocol %d", f.Protocol)
	}
	if q := f.Request; q != nil {
		fmt.Fprintf(&b, " %s %s host %s %v", q.Method, q.Target, q.Host, q.Headers)
	}
	if f.Query != "" {
		fmt.Fprintf(&b, " asks for %s", f.Query)
	}
	if f.ServerName != "" {
		fmt.Fprintf(&b, " names the server %s", f.ServerName)
	}
	if f.Token != nil {
		fmt.Fprintf(&b, " with the token %+v", *f.Token)
	}
	if f.Client.IsValid() {
		fmt.Fprintf(&b, " for the client %s", f.Client)
	}
	if f.Authenticated {
		b.WriteString(" by mutual TLS")
	}
	return b.String()
}

var protocolNames = map[uint8]string{sem.ICMP: "icmp", sem.ICMPv6: "icmpv6", sem.TCP: "tcp", sem.UDP: "udp", sem.SCTP: "sctp"}

func endText(e *oracle.Endpoint, end *sem.Endpoint) string {
	if end.Kind != sem.Pod {
		return strings.TrimSpace(fmt.Sprintf("%s (%s) %v", e.ID, end.Kind, end.Address))
	}
	return fmt.Sprintf("%s/%s %v as %s on %s %v", e.Namespace, e.ID, e.Labels, e.Account, e.Node, end.Address)
}
