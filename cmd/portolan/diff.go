package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir/sem"
)

// maxChanges bounds the changes that diff lists.
const maxChanges = 500

// changesViews are the forms in which changes are shown.
var changesViews = map[string]func(io.Writer, render.Changes) error{
	"text": render.ChangesText, "markdown": render.ChangesMarkdown,
	"json": func(w io.Writer, c render.Changes) error { return render.Indented(w, c) },
}

func (a *app) diffCommand() *cobra.Command {
	e := &evaluating{app: a}
	output := newChoice("text", "text", "json", "markdown")
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show which flows a change gains and loses",
		Long: `Diff compares two inputs on every flow, and shows what the second lets pass and
the first does not, and the other way round: by pairs of workloads, with ports
and requests, marking what crosses a namespace or reaches outside the cluster.
Each input is an intent, manifests, or either in a revision of git, as REV:PATH.`,
		Example: `  portolan diff main:policies policies        what this branch changes
  portolan diff v1:deploy deploy --profile calico -o markdown
  portolan diff policies deploy/eu            the intent and what runs`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			sides, inv, o, ok, err := e.open([]string{args[0]}, []string{args[1]})
			if err != nil {
				return err
			}
			if !ok {
				return e.fail()
			}
			before, after := &sides[0], &sides[1]
			c, err := sem.Compare(before.policy, after.policy, o)
			if err != nil {
				e.unproved(err)
				return e.fail()
			}
			list, left, err := c.Changes(maxChanges)
			if err != nil {
				e.unproved(err)
				return e.fail()
			}
			if err := e.say(); err != nil {
				return err
			}
			view := render.NewChanges(list, left, [2]string{before.source.Name, after.source.Name}, [2]sem.Policy{before.policy, after.policy}, inv)
			if err := changesViews[output.value](a.out, view); err != nil || view.Equal {
				return err
			}
			return exitNo
		},
	}
	e.flags(cmd, 2)
	cmd.Flags().VarP(&output, "output", "o", output.list())
	complete(cmd, "output", output.words...)
	return cmd
}
