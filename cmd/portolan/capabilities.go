package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/cmd/portolan/docs"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/frontends/intent"
)

func (a *app) capabilitiesCommand() *cobra.Command {
	output := newChoice("text", "text", "json", "markdown")
	var to []string
	cmd := &cobra.Command{
		Use:   "capabilities",
		Short: "Show what each target can say",
		Long: `Capabilities prints the table of features and engines. With --to it prints what
those engines say of each feature: how, or why not and what would work instead.`,
		Example: `  portolan capabilities
  portolan capabilities --to cilium@1.18
  portolan capabilities -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			families, err := familiesOf(to)
			if err != nil {
				return err
			}
			switch output.value {
			case "json":
				return render.Indented(a.out, capabilitiesJSON(families))
			case "markdown":
				_, err = io.WriteString(a.out, docs.Capabilities(families))
			default:
				_, err = io.WriteString(a.out, capabilitiesText(families, len(to) > 0))
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&to, "to", nil, "an `ENGINE`[@version][,switch=value...]; repeatable")
	complete(cmd, "to", engines()...)
	cmd.Flags().VarP(&output, "output", "o", "form of the output: "+output.list())
	complete(cmd, "output", output.words...)
	return cmd
}

// familiesOf gives the tables of the engines named, or of all.
func familiesOf(to []string) ([]docs.Family, error) {
	if len(to) == 0 {
		return docs.Families(), nil
	}
	var out []docs.Family
	targets, diags := pipeline.Targets(&intent.Config{}, nil, to)
	if diags.HasErrors() {
		d := diags[0]
		return nil, usagef("%s", strings.TrimSpace(d.Summary+" "+d.Detail))
	}
	for _, t := range targets {
		for _, part := range t.Parts {
			out = append(out, docs.FamilyAt(part.Profile))
		}
	}
	return out, nil
}

// capabilitiesText is the table: features down, families across. With notes a
// family at a time is shown, with what it says of each feature.
func capabilitiesText(families []docs.Family, notes bool) string {
	var b strings.Builder
	if notes {
		for i, f := range families {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%s\n", f.Name)
			for _, c := range f.Rows {
				lead := fmt.Sprintf("  %-34s %-13s ", c.Feature, c.Support)
				for n, line := range render.Wrap(docs.Note(c), 60) {
					if n > 0 {
						lead = strings.Repeat(" ", len(lead))
					}
					b.WriteString(strings.TrimRight(lead+line, " ") + "\n")
				}
			}
		}
		return b.String()
	}
	fmt.Fprintf(&b, "%-34s", "")
	for _, f := range families {
		fmt.Fprintf(&b, " %-13s", f.Name)
	}
	trim(&b)
	for _, feature := range lower.Features {
		fmt.Fprintf(&b, "%-34s", feature)
		for _, f := range families {
			cell := "-"
			if c, ok := f.Row(feature); ok {
				cell = c.Support.String()
			}
			fmt.Fprintf(&b, " %-13s", cell)
		}
		trim(&b)
	}
	return b.String()
}

// trim ends a line without white space.
func trim(b *strings.Builder) {
	text := strings.TrimRight(b.String(), " ")
	b.Reset()
	b.WriteString(text + "\n")
}

type capabilityJSON struct {
	Feature string `json:"feature"`
	Support string `json:"support"`
	Since   string `json:"since,omitempty"`
	Note    string `json:"note,omitempty"`
	Source  string `json:"source,omitempty"`
}

type familyJSON struct {
	Name         string           `json:"name"`
	Capabilities []capabilityJSON `json:"capabilities"`
}

func capabilitiesJSON(families []docs.Family) any {
	out := struct {
		FormatVersion string       `json:"format_version"`
		Families      []familyJSON `json:"families"`
	}{render.FormatVersion, nil}
	for _, f := range families {
		j := familyJSON{Name: f.Name}
		for _, c := range f.Rows {
			j.Capabilities = append(j.Capabilities, capabilityJSON{string(c.Feature), c.Support.String(), c.Since, c.Note, c.Source})
		}
		out.Families = append(out.Families, j)
	}
	return out
}
