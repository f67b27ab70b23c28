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
	e := &evaluating{app: a}
	q := &question{}
	output := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "explain [CODE | PATH...]",
		Short: "Say what a diagnostic means, or what becomes of a flow and why",
		Long: `Explain prints the page of a diagnostic's code; without a code it lists them all.

With --from, --to and --port it gives the verdict on one flow: what becomes of
it under the intent or the manifests at PATH, and the rules that decided at the
source, at the destination and in the mesh, in that order. The first word is
allowed, denied or unknown, and the exit code 0, 1 or 2.`,
		Example: `  portolan explain P4001
  portolan explain --from shop/web --to shop/db --port tcp/5432
  portolan explain deploy/ --from shop{app=web} --to world --port tcp/443 --profile calico
  portolan explain . --from shop/web --to shop/api --port tcp/8080 --http "GET /api/x"`,
		ValidArgsFunction: completeCodes(""),
		RunE: func(_ *cobra.Command, args []string) error {
			if q.asked() {
				return e.explainFlow(args, q, output.value == "json")
			}
			if len(args) == 0 {
				return listCodes(a.out)
			}
			if len(args) > 1 {
				return usagef("one code at a time; for a flow give --from, --to and --port")
			}
			code := strings.ToUpper(args[0])
			page, ok := diag.Lookup(diag.Code(code))
			if !ok {
				return usagef("there is no code %q. %s", args[0], near(code))
			}
			_, err := io.WriteString(a.out, explanation(page))
			return err
		},
	}
	e.flags(cmd, 1)
	q.flags(cmd)
	cmd.Flags().VarP(&output, "output", "o", "of a flow: text or json")
	complete(cmd, "output", output.words...)
	return cmd
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
