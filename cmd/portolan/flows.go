package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir/sem"
)

// flowsViews are the forms in which flows are shown.
var flowsViews = map[string]func(io.Writer, render.Flows) error{
	"text": render.FlowsText, "json": func(w io.Writer, f render.Flows) error { return render.Indented(w, f) },
	"csv": render.FlowsCSV, "markdown": render.FlowsMarkdown, "mermaid": render.FlowsMermaid, "dot": render.FlowsDOT,
}

func (a *app) flowsCommand() *cobra.Command {
	e := &evaluating{app: a}
	output := newChoice("text", "text", "json", "csv", "markdown", "mermaid", "dot")
	var o sem.ConnectOptions
	var all bool
	cmd := &cobra.Command{
		Use:   "flows [PATH...]",
		Short: "Show what can talk to what",
		Long: `Flows shows what each declared workload can send to each other one, to other
pods, nodes and the outside, over all the policies at PATH: the intent, or
manifests under --profile. External addresses are cut into the ranges that
policies mention.`,
		Example: `  portolan flows                                 this directory's intent
  portolan flows deploy/ --profile cilium        manifests
  portolan flows --from shop/web -o markdown     what one workload can send
  portolan flows -o mermaid > flows.mmd`,
		RunE: func(_ *cobra.Command, args []string) error {
			sides, inv, _, ok, err := e.open(paths(args))
			if err != nil {
				return err
			}
			if !ok {
				return e.fail()
			}
			list, err := sem.Connect(sides[0].policy, inv, o)
			var unknown *sem.UnknownParty
			switch {
			case errors.As(err, &unknown):
				return usageError{err}
			case err != nil:
				e.unproved(err)
				return e.fail()
			}
			if err := e.say(); err != nil {
				return err
			}
			if !all {
				list = pipeline.OfWorkloads(list, inv)
			}
			return flowsViews[output.value](a.out, render.NewFlows(list, sides[0].profile()))
		},
	}
	e.flags(cmd, 1)
	cmd.Flags().StringVar(&o.From, "from", "", "only what this `ENDPOINT` sends: namespace/workload, a namespace, world, nodes")
	cmd.Flags().StringVar(&o.To, "to", "", "only what this `ENDPOINT` receives")
	cmd.Flags().BoolVar(&all, "all", false, "also between endpoints of which none is a declared workload, and from nodes to their own pods")
	cmd.Flags().VarP(&output, "output", "o", output.list())
	complete(cmd, "output", output.words...)
	return cmd
}
