package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

func (a *app) checkCommand() *cobra.Command {
	in, e := &input{app: a}, &evaluating{app: a}
	output := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Check an intent and what its targets can say of it, or manifests",
		Long: `Check reads a configuration and does everything short of output: names and
values, what the rules mean, and what each target can say of them. A
configuration without targets is checked by itself.

Of manifests it says what is wrong with them, and what the engine that --profile
names makes of them otherwise than one would think. Of both it finds rules that
decide nothing.`,
		Example: `  portolan check                           this directory and its targets
  portolan check --to calico --to istio    against other engines
  portolan check -o json policies          diagnostics as JSON on standard output
  portolan check deploy --profile cilium   manifests, as Cilium enforces them`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := in.check(cmd, e, args)
			if err != nil {
				return err
			}
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
	e.manifestFlags(cmd, 1)
	cmd.Flags().VarP(&output, "output", "o", "text on standard error, or json on standard output")
	complete(cmd, "output", output.words...)
	return cmd
}

// check checks what the paths name. The diagnostics gather in the input.
func (in *input) check(cmd *cobra.Command, e *evaluating, args []string) (outcome, error) {
	manifests, err := in.namesManifests(args)
	if err != nil {
		return outcome{}, err
	}
	others := map[bool][]string{true: {"target", "to", "now", "strict"}, false: {"profile", "facts"}}
	for _, flag := range others[manifests] {
		if cmd.Flags().Changed(flag) {
			return outcome{}, usagef("--%s is for %s", flag, map[bool]string{true: "an intent", false: "manifests"}[manifests])
		}
	}
	if manifests {
		return in.checkManifests(e, args)
	}
	o, err := in.run(args, true)
	o.summary.Objects = 0 // none is written

	// Of an intent with errors nothing was rendered, and it has no meaning.
	if err == nil && o.rendered != nil {
		in.diags = append(in.diags, pipeline.Lint(in.config)...)
	}
	return o, err
}

// namesManifests reports that the paths are of manifests. What it reads of
// standard input for that it leaves to be read.
func (in *input) namesManifests(args []string) (bool, error) {
	if len(args) == 0 {
		return false, nil // the configuration of this directory
	}
	var text []byte
	if slices.Contains(args, "-") {
		if in.inTerminal {
			fmt.Fprintln(in.err, "portolan: reading from standard input")
			in.inTerminal = false // it is said once
		}
		var err error
		if text, err = io.ReadAll(io.LimitReader(in.in, pipeline.MaxStdin)); err != nil {
			return false, err
		}
		in.in = bytes.NewReader(text)
	}
	return !pipeline.IsIntent(args, string(text)), nil
}

// checkManifests reads manifests, and looks at what they mean together.
func (in *input) checkManifests(e *evaluating, args []string) (outcome, error) {
	o := outcome{code: exitError}
	if _, _, err := in.silence(nil); err != nil {
		return o, err
	}
	e.vars, e.varFiles = in.vars, in.varFiles
	sides, _, scope, ok, err := e.open(args)
	if err == nil && ok && sides[0].source.Config != nil {
		return o, usagef("%s is an intent of a revision: check it where it is checked out", sides[0].source.Name)
	}
	if err == nil && ok {
		o.code = exitYes
		o.summary.Rules = written(sides[0].policy)
		e.diags = append(e.diags, pipeline.LintManifests(sides[0].source, sides[0].profiles, sides[0].policy, scope)...)
	}
	in.diags, in.sources = e.diags, e.sources
	return o, err
}

// written counts the rules as they were written, of which programs have parts.
func written(p sem.Policy) int {
	type place struct {
		address string
		at      diag.Range
	}
	seen := map[place]bool{}
	for _, l := range p {
		for _, d := range l.Program.All() {
			if o := d.Rule.Origin; o.Kind == ir.FromRule {
				seen[place{o.Address, o.Range}] = true
			}
		}
	}
	return len(seen)
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
