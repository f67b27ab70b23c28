package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir/diag"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Say what a diagnostic means and what to do",
		Long:  `Explain prints the page of a diagnostic's code; without a code it lists them all.`,
		Example: `  portolan explain P4001
  portolan explain`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeCodes("")(cmd, args, word)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listCodes(a.out)
			}
			code := strings.ToUpper(args[0])
			e, ok := diag.Lookup(diag.Code(code))
			if !ok {
				return usagef("there is no code %q. %s", args[0], near(code))
			}
			_, err := io.WriteString(a.out, explanation(e))
			return err
		},
	}
}

// explanation is the page of a code.
func explanation(e diag.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s (%s)\n\n", e.Code, e.Title, e.Severity)
	fenced := false
	for paragraph := range strings.SplitSeq(e.Text, "\n") {
		if strings.HasPrefix(paragraph, "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			b.WriteString("    " + paragraph + "\n")
			continue
		}
		for _, line := range render.Wrap(paragraph, 80) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func listCodes(w io.Writer) error {
	var b strings.Builder
	for _, e := range diag.Catalogue() {
		fmt.Fprintf(&b, "%s  %-7s  %s\n", e.Code, e.Severity, e.Title)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// near says which codes were likely meant: those of the same group, or the one
// that a typo away is.
func near(code string) string {
	var all, group []string
	for _, e := range diag.Catalogue() {
		all = append(all, string(e.Code))
		if len(code) >= 3 && strings.HasPrefix(string(e.Code), code[:3]) {
			group = append(group, string(e.Code))
		}
	}
	if len(group) > 0 {
		return "Did you mean one of " + strings.Join(group, ", ") + "?"
	}
	if i := slices.Index(all, "P"+code); i >= 0 {
		return fmt.Sprintf("Did you mean %q?", all[i])
	}
	if text := pipeline.Suggest(code, all, ""); text != "" {
		return text
	}
	return `"portolan explain" lists them.`
}
