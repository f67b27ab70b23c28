package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/portolan-dev/portolan/cmd/portolan/render"
)

// The exit codes, the same for every verb and whatever the output's format.
const (
	exitYes   exitCode = iota // yes, clean, the same
	exitNo                    // the answer is no: refused, stale, unformatted
	exitError                 // no answer: usage, unreadable input, errors in the intent
)

// exitCode is returned as an error by a verb that has said all there is to say.
type exitCode int

func (c exitCode) Error() string { return "exit code " + strconv.Itoa(int(c)) }

// streams is what a run of the program is connected to.
type streams struct {
	in          io.Reader
	out, err    io.Writer
	environ     []string
	inTerminal  bool
	errTerminal bool
	width       int // of the terminal that err is, 0 where it is none
}

// system connects to the process's own streams.
func system() streams {
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}
	s.inTerminal = term.IsTerminal(int(os.Stdin.Fd()))
	s.errTerminal = term.IsTerminal(int(os.Stderr.Fd()))
	if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil {
		s.width = w
	}
	// Parsing makes much short-lived garbage: half the time of a run is spent
	// collecting it unless the heap may grow further between collections.
	if s.getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	return s
}

// getenv gives a variable's value, "" where it is not set.
func (s *streams) getenv(name string) string {
	for _, e := range slices.Backward(s.environ) {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

// app is one run of the program: its streams and the flags that all verbs have.
type app struct {
	streams
	diagnostics choice
	color       choice
	quiet       bool
	allow       []string
}

// run runs the program and gives its exit code.
func run(args []string, s streams) int {
	a := &app{streams: s}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	cmd, err := root.ExecuteC()
	var code exitCode
	switch {
	case err == nil:
		return int(exitYes)
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(s.err, "portolan: %s\n", err)
	var usage usageError
	if errors.As(err, &usage) || cmd == root {
		fmt.Fprintf(s.err, "Try %q.\n", cmd.CommandPath()+" --help")
	}
	return int(exitError)
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// root is the command with all its verbs.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "portolan",
		Short: "Compile network policy from one intent to every engine",
		Long: `Portolan compiles who-may-talk-to-whom, written once in HCL, to the network
policies of Kubernetes, Calico, Cilium and Istio. What a target cannot say is
refused, never left out silently, and what was rendered is proved to mean what
the intent says. It reads policies of all these kinds, too.`,
		Example: `  portolan init                            write a starting point
  portolan check                           check the intent of this directory
  portolan render --to cilium              print policies for Cilium
  portolan render -o deploy                write a folder for each target
  portolan verify old new                  do two sets of policies mean the same?
  portolan flows deploy/eu                 what can talk to what
  portolan explain P4001                   say more about a message`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	a.diagnostics = newChoice("text", "text", "short", "json")
	flags.Var(&a.diagnostics, "diagnostics", "form of diagnostics on standard error: "+a.diagnostics.list())
	a.color = newChoice("auto", "auto", "always", "never")
	flags.Var(&a.color, "color", "colour diagnostics: "+a.color.list())
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no closing line")
	flags.StringArrayVar(&a.allow, "allow", nil, "silence a warning, with the reason: `CODE=reason`; repeatable")
	complete(root, "diagnostics", a.diagnostics.words...)
	complete(root, "color", a.color.words...)
	_ = root.RegisterFlagCompletionFunc("allow", completeCodes("="))
	root.AddCommand(
		a.renderCommand(), a.checkCommand(), a.testCommand(),
		a.verifyCommand(), a.diffCommand(), a.planCommand(), a.portabilityCommand(), a.flowsCommand(), a.explainCommand(),
		a.fmtCommand(), a.initCommand(),
		a.capabilitiesCommand(), a.versionCommand(),
	)
	root.AddCommand(topics()...)
	return root
}

// style gives how diagnostics look. Colour follows the flag, then what the
// environment asks for, then whether somebody looks.
func (a *app) style() render.Style {
	s := render.Style{Width: a.width}
	if columns, err := strconv.Atoi(a.getenv("COLUMNS")); err == nil {
		s.Width = columns
	}
	forced := func(name string) bool { v := a.getenv(name); return v != "" && v != "0" }
	switch {
	case a.color.value == "always":
		s.Color = true
	case a.color.value == "never":
	case a.getenv("NO_COLOR") != "":
	case forced("FORCE_COLOR"), forced("CLICOLOR_FORCE"):
		s.Color = true
	case a.getenv("TERM") == "dumb":
	default:
		s.Color = a.errTerminal
	}
	return s
}
