package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
)

func (a *app) testCommand() *cobra.Command {
	in := &input{app: a}
	output := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Prove the statements of test blocks",
		Long: `Test proves every statement of the test blocks for every flow that it describes:
of the intent, and of each target after what the target accepts. A statement that
does not hold is shown with one flow and what decided it.

Render and check do the same.`,
		Example: `  portolan test                       this directory and its targets
  portolan test --target eu policies  one target`,
		RunE: func(_ *cobra.Command, args []string) error {
			o, err := in.run(args, true)
			if err != nil {
				return err
			}
			o.summary.Objects = 0 // none is written
			if output.value == "json" {
				return in.reportJSON(o)
			}
			if err := listTests(a.out, o.tests); err != nil {
				return err
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

// listTests writes a line for each test.
func listTests(w io.Writer, tests []pipeline.TestResult) error {
	var b strings.Builder
	for _, t := range tests {
		word := "ok  "
		if len(t.Failed) > 0 {
			word = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %s (%s)\n", word, t.Test.Sentence, render.Plural(t.Statements, "statement", "statements"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
