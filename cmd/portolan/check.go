package main

import (
	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/render"
)

func (a *app) checkCommand() *cobra.Command {
	in := &input{app: a}
	output := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Check the intent and what its targets can say of it",
		Long: `Check reads a configuration and does everything short of output: names and
values, what the rules mean, and what each target can say of them. A
configuration without targets is checked by itself.`,
		Example: `  portolan check                           this directory and its targets
  portolan check --to calico --to istio    against other engines
  portolan check -o json policies          diagnostics as JSON on standard output`,
		RunE: func(_ *cobra.Command, args []string) error {
			o, err := in.run(args, true)
			if err != nil {
				return err
			}
			o.summary.Objects = 0 // none is written
			if output.value == "json" {
				return in.reportJSON(o)
			}
			if err := a.report(in.diags, in.sources, o.summary); err != nil {
				return err
			}
			return o.exit()
		},
	}
	in.flags(cmd)
	cmd.Flags().VarP(&output, "output", "o", "text on standard error, or json on standard output")
	complete(cmd, "output", output.words...)
	return cmd
}

// reportJSON writes the report to standard output, and ends the verb.
func (in *input) reportJSON(o outcome) error {
	r, err := in.newReport(in.diags, in.sources, o.summary)
	if err != nil {
		return err
	}
	if err := render.JSON(in.out, r); err != nil {
		return err
	}
	in.close(*r.Summary)
	return o.exit()
}

// exit ends a verb with the outcome's code.
func (o outcome) exit() error {
	if o.code == exitYes {
		return nil
	}
	return o.code
}
