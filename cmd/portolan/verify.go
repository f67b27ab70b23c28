package main

import (
	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// maxShown bounds the differences that verify shows of each side.
const maxShown = 20

func (a *app) verifyCommand() *cobra.Command {
	e := &evaluating{app: a}
	output := newChoice("text", "text", "json")
	var contains bool
	cmd := &cobra.Command{
		Use:   "verify A B",
		Short: "Prove that two inputs let the same flows pass",
		Long: `Verify compares two inputs on every flow of every cluster that fits what is
declared. Each is an intent, or manifests of any kinds: a file, a directory, or
- for standard input. Manifests mean what the engine that --profile names makes
of them. Where they differ, each difference comes with one flow and with what
decided it on both sides.

This is how a migration is proved: the policies of the old engine against those
of the new one.`,
		Example: `  portolan verify policies deploy/eu                      the intent and what runs
  portolan verify old new --profile calico --profile cilium   a migration
  portolan verify --contains policies hand-made            nothing is wider than the intent`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			sides, inv, o, ok, err := e.open([]string{args[0]}, []string{args[1]})
			if err != nil {
				return err
			}
			if !ok {
				return e.fail()
			}
			view, err := compareSides(sides, inv, o)
			if err != nil {
				e.unproved(err)
				return e.fail()
			}
			if err := e.say(); err != nil {
				return err
			}
			if output.value == "json" {
				err = render.Indented(a.out, view)
			} else {
				err = render.ComparisonText(a.out, view, contains)
			}
			if err != nil || len(view.More) == 0 && (contains || len(view.Less) == 0) {
				return err
			}
			return exitNo
		},
	}
	e.flags(cmd, 2)
	cmd.Flags().BoolVar(&contains, "contains", false, "ask only whether A lets everything pass that B does")
	cmd.Flags().VarP(&output, "output", "o", "text or json")
	complete(cmd, "output", output.words...)
	return cmd
}

// compareSides compares the first side with the second.
func compareSides(sides []side, inv *ir.Inventory, o sem.Options) (render.Comparison, error) {
	a, b := &sides[0], &sides[1]
	view := render.Comparison{
		FormatVersion: render.FormatVersion, A: a.source.Name, B: b.source.Name, Profiles: [2]string{a.profile(), b.profile()},
		More: []render.Difference{}, Less: []render.Difference{},
	}
	c, err := sem.Compare(a.policy, b.policy, o)
	if err != nil {
		return view, err
	}
	view.Equal = c.Equal()
	more, err := c.More(maxShown)
	if err != nil {
		return view, err
	}
	less, err := c.Less(maxShown)
	for _, d := range more {
		view.More = append(view.More, render.NewDifference(d, a.policy, b.policy, inv))
	}
	for _, d := range less {
		view.Less = append(view.Less, render.NewDifference(d, a.policy, b.policy, inv))
	}
	return view, err
}
