package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/ir/profile"
)

// helpTemplate starts with what a verb is for, then examples; see usageTemplate.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}
{{end}}{{if or .Runnable .HasSubCommands}}
{{.UsageString}}{{end}}`

const usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]

Commands:{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasHelpSubCommands}}

Topics:{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
  {{rpad .CommandPath .CommandPathPadding}} {{.Short}}{{end}}{{end}}{{end}}

Exit codes: 0 yes, clean, equal, allowed; 1 no: refused by a target, stale, unformatted, different,
denied; 2 no answer: usage, unreadable input, errors in the intent, not proved, unknown.
`

// topics are the pages of "portolan help" that are no commands.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{
			Use:   "codes",
			Short: "the codes of diagnostics",
			Long: `Every diagnostic has a code that never changes its meaning.

  P1xxx  reading the intent: files, syntax, names and values
  P2xxx  what the intent means
  P3xxx  targets, and what they accept
  P4xxx  what a target cannot say
  P6xxx  reading manifests, and what engines make of them
  P7xxx  the proof, and tests

"portolan explain" lists them, "portolan explain P4001" prints one's page. Errors
stand. A warning is silenced with --allow CODE=reason. What a target cannot say
is accepted in the target's block, rule by rule, with an accept block.`,
		},
		{
			Use:   "targets",
			Short: "what can be rendered for",
			Long:  targetsTopic(),
		},
	}
}

func targetsTopic() string {
	var b strings.Builder
	b.WriteString(`A target is a CNI, a mesh, or a CNI and a mesh together (a stack: ports and
addresses in the one, identity, requests and mutual TLS in the other).

In the configuration:

  target "eu"   { cni = "cilium" }
  target "us" {
    cni  = "calico@3.30"
    mesh = "istio"
  }

On the command line, for a configuration without targets or beside them:

  --to kubernetes
  --to calico@3.30
  --to cilium+istio
  --to istio-ambient

The engines, with the versions that Portolan has the facts of; without a version
the newest is meant:

`)
	for _, name := range profile.Names() {
		oldest, newest, _ := profile.Range(profile.Engine(name))
		kind := "CNI"
		if (profile.Profile{Engine: profile.Engine(name)}).IsMesh() {
			kind = "mesh"
		}
		fmt.Fprintf(&b, "  %-14s %-5s %s to %s\n", name, kind, oldest, newest)
	}
	b.WriteString(`
Managed clusters, each with what is known of its engine there:

`)
	for _, f := range profile.Platforms() {
		fmt.Fprintf(&b, "  %-17s %-10s %s to %s  %s\n", f.Name, f.Engine, f.Oldest, f.Newest, f.Says)
	}
	b.WriteString(`
How an engine is set up is stated by switches, where policies mean something
else by it, or cannot be said:

  target "eu" {
    cni      = "cilium@1.20"
    switches = { host_firewall = true }
  }

  --to cilium@1.20,host_firewall=true

Those of the cluster block are every target's that has them, and each target's
own come over them. docs/profiles.md says what each switch changes.

"portolan capabilities" shows what each can say.`)
	return b.String()
}
