package main

import (
	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// question is the flow that explain is asked about.
type question struct {
	from, to, port, http string
	plaintext            bool
}

func (q *question) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.from, "from", "", "the `ENDPOINT` that sends: namespace/workload, namespace{key=value,...}[@account], an address, a DNS name, world, node")
	f.StringVar(&q.to, "to", "", "the `ENDPOINT` that receives")
	f.StringVar(&q.port, "port", "", "what it is sent over: tcp/8080, udp/53, icmp/8")
	f.StringVar(&q.http, "http", "", "the request that TCP carries: \"GET /path\" or \"GET host/path\"")
	f.BoolVar(&q.plaintext, "plaintext", false, "in a mesh, the sender does not prove itself")
}

// asked reports that there is a question.
func (q *question) asked() bool { return q.from+q.to+q.port+q.http != "" }

// flow reads the question. In a mesh, senders that can prove themselves do.
func (q *question) flow(inv *ir.Inventory, mesh bool) (sem.Flow, error) {
	var f sem.Flow
	if q.from == "" || q.to == "" || q.port == "" {
		return f, usagef("a flow has --from, --to and --port")
	}
	var err error
	if f.Source, err = sem.ParseEndpoint(q.from, inv); err != nil {
		return f, usagef("--from: %s", err)
	}
	if f.Destination, err = sem.ParseEndpoint(q.to, inv); err != nil {
		return f, usagef("--to: %s", err)
	}
	if err := f.ParseTransport(q.port); err != nil {
		return f, usagef("--port: %s", err)
	}
	if f.Source.Kind != sem.Pod && f.Destination.Kind != sem.Pod {
		return f, usagef("no end of the flow is a pod, and no policy is asked about it")
	}
	if q.http != "" {
		if f.Protocol != sem.TCP {
			return f, usagef("--http needs a TCP port")
		}
		if f.Request, err = sem.ParseRequest(q.http); err != nil {
			return f, usagef("--http: %s", err)
		}
	}
	f.Authenticated = mesh && !q.plaintext && f.Protocol == sem.TCP && f.Source.Meshed && f.Destination.Meshed
	return f, nil
}

// leaveToAgents states the ports that sidecars never see. Where what can talk to
// what is listed for a mesh alone, every pod would have them.
func (s *side) leaveToAgents(inv *ir.Inventory) {
	for _, p := range s.profiles {
		if !p.IsMesh() {
			continue
		}
		inv.Facts.Uncaptured = p.Uncaptured()
		for _, layer := range s.policy {
			layer.Program.Inventory.Facts.Uncaptured = p.Uncaptured()
		}
	}
}

// explainFlow gives the verdict on one flow, with the trail of what decided it.
func (e *evaluating) explainFlow(args []string, q *question, json bool) error {
	sides, inv, _, ok, err := e.open(paths(args))
	if err != nil {
		return err
	}
	if !ok {
		return e.fail()
	}
	s := &sides[0]
	f, err := q.flow(inv, s.inMesh())
	if err != nil {
		return err
	}
	s.leaveToAgents(inv)
	v, err := sem.Explain(s.policy, f, inv)
	if err != nil {
		e.unproved(err)
		return e.fail()
	}
	if err := e.say(); err != nil {
		return err
	}
	view := render.Explanation{
		FormatVersion: render.FormatVersion, Flow: f.Text(inv), Profile: s.profile(), Verdict: render.NewVerdict(v, &f, s.policy),
	}
	if json {
		err = render.Indented(e.out, view)
	} else {
		err = render.ExplanationText(e.out, view)
	}
	if err != nil {
		return err
	}
	switch v.Outcome {
	case sem.Denied:
		return exitNo
	case sem.Unknown:
		return exitError
	case sem.Allowed:
	}
	return nil
}
