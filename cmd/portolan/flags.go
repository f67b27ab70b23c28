package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/ir/diag"
)

// choice is a flag that takes one of some words.
type choice struct {
	value string
	words []string
}

func newChoice(value string, words ...string) choice { return choice{value, words} }

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "word" }
func (c *choice) list() string   { return strings.Join(c.words, ", ") }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.words, value) {
		return fmt.Errorf("must be one of %s", c.list())
	}
	c.value = value
	return nil
}

// complete offers fixed words for a flag. The flag exists, so that registering
// cannot fail.
func complete(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completeCodes offers the codes of diagnostics with their titles.
func completeCodes(suffix string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var out []cobra.Completion
		directive := cobra.ShellCompDirectiveNoFileComp
		for _, e := range diag.Catalogue() {
			if suffix == "" || e.Severity != diag.Error {
				out = append(out, cobra.CompletionWithDesc(string(e.Code)+suffix, e.Title))
			}
		}
		if suffix != "" {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		return out, directive
	}
}
