package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// input is the flags of the verbs that read a configuration, and what comes of
// them.
type input struct {
	*app
	targets, to    []string
	vars, varFiles []string
	now            string
	strict         bool
	unproved       bool // leave the proof out

	config  *intent.Config
	sources intent.Sources
	diags   diag.List
}

func (in *input) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&in.targets, "target", nil, "a `NAME` of a target of the configuration; repeatable")
	f.StringArrayVar(&in.to, "to", nil, "an `ENGINE`[@version][,switch=value...][+MESH...]; repeatable; see \"portolan help targets\"")
	f.StringArrayVar(&in.vars, "var", nil, "`NAME=VALUE` of a variable; repeatable")
	f.StringArrayVar(&in.varFiles, "var-file", nil, "a `FILE` with values of variables; repeatable")
	f.StringVar(&in.now, "now", "", "the `DATE` that decides whether an accept has run out (default today, UTC)")
	f.BoolVar(&in.strict, "strict", false, "refuse a target where a part would be left out for want of a fact")
	complete(cmd, "to", engines()...)
	complete(cmd, "now")
	_ = cmd.RegisterFlagCompletionFunc("target", in.completeTargets)
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{"hcl", "json"}, cobra.ShellCompDirectiveFilterFileExt
	}
}

// engines lists what --to takes, without versions.
func engines() []string {
	var cnis, meshes []string
	for _, name := range profile.Names() {
		if (profile.Profile{Engine: profile.Engine(name)}).IsMesh() {
			meshes = append(meshes, name)
		} else {
			cnis = append(cnis, name)
		}
	}
	cnis = append(cnis, profile.PlatformNames()...)
	all := slices.Concat(cnis, meshes)
	for _, c := range cnis {
		for _, m := range meshes {
			all = append(all, c+"+"+m)
		}
	}
	return all
}

// completeTargets offers the targets of the configuration that the command line
// names so far.
func (in *input) completeTargets(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if slices.Contains(args, "-") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	cfg, _, _ := intent.Load(paths(args), intent.Options{Environ: in.environ, Vars: in.vars, VarFiles: in.varFiles})
	var names []cobra.Completion
	if cfg != nil {
		for _, t := range cfg.Targets {
			names = append(names, cobra.CompletionWithDesc(t.Name, t.Description))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// paths gives the paths that a verb works on: by default this directory.
func paths(args []string) []string {
	if len(args) == 0 {
		return []string{"."}
	}
	return args
}

// load reads the configuration. false means that it has errors, which are among
// the diagnostics then.
func (in *input) load(args []string) bool {
	if slices.Contains(args, "-") && in.inTerminal {
		fmt.Fprintln(in.err, "portolan: reading from standard input")
	}
	in.config, in.sources, in.diags = intent.Load(paths(args), intent.Options{
		Vars: in.vars, VarFiles: in.varFiles, Environ: in.environ, Stdin: in.in, Version: release(),
	})
	return !in.diags.HasErrors()
}

// options reads the flags that a rendering hangs on.
func (in *input) options() (pipeline.Options, error) {
	opts := pipeline.Options{Now: time.Now(), Strict: in.strict, Unproved: in.unproved}
	if in.now != "" {
		now, err := time.Parse(time.DateOnly, in.now)
		if err != nil {
			return opts, usagef("--now %s: write the date as %s", in.now, time.DateOnly)
		}
		opts.Now = now
	}
	return opts, nil
}

// outcome is what became of a configuration on its targets.
type outcome struct {
	rendered []pipeline.Rendered
	tests    []pipeline.TestResult
	summary  render.Summary
	code     exitCode
}

// run loads the configuration and renders its targets. With alone, a
// configuration without targets is checked by itself. The diagnostics gather in
// the input.
func (in *input) run(args []string, alone bool) (outcome, error) {
	var o outcome
	opts, err := in.options()
	if err != nil {
		return o, err
	}
	// What is wrong with --allow is said before anything is written.
	if _, _, err := in.silence(nil); err != nil {
		return o, err
	}
	o.code = exitError
	if !in.load(args) {
		return o, nil
	}
	o.summary.Rules = len(in.config.Rules)
	for _, t := range in.config.Tiers {
		o.summary.Rules += len(t.Rules)
	}
	if alone && len(in.targets)+len(in.to)+len(in.config.Targets) == 0 {
		p, diags := intent.Lower(in.config, nil)
		in.diags = append(in.diags, diags...)
		if !diags.HasErrors() {
			o.code = exitYes
			in.test(&o, p)
			o.rendered = []pipeline.Rendered{{Program: p}}
		}
		return o, nil
	}
	targets, diags := pipeline.Targets(in.config, in.targets, in.to)
	in.diags = append(in.diags, diags...)
	if diags.HasErrors() {
		return o, nil
	}
	o.rendered, diags = pipeline.Render(in.config, targets, opts)
	in.diags = append(in.diags, diags...)
	if diags.HasErrors() {
		return o, nil
	}
	in.collect(&o)
	if len(in.config.Tests) > 0 {
		if p, diags := intent.Lower(in.config, nil); in.config.Scoped() || !diags.HasErrors() {
			in.test(&o, p)
		}
	}
	return o, nil
}

// collect counts what became of the targets, and gathers what was said of them.
func (in *input) collect(o *outcome) {
	o.code = exitYes
	o.summary.Targets = len(o.rendered)
	for _, r := range o.rendered {
		in.diags = append(in.diags, r.Diags...)
		maps.Copy(in.sources, r.Sources)
		o.summary.Objects += len(r.Objects())
		o.summary.Proofs = append(o.summary.Proofs, proofOf(&r))
		if r.Refused {
			o.summary.Refused++
			o.code = max(o.code, exitNo)
		}
		if r.Unproved() { // there is no answer, so that nothing may be written
			o.code = exitError
		}
	}
}

// proofOf gives the view of a target's proof.
func proofOf(r *pipeline.Rendered) render.Proof {
	p := render.Proof{Target: r.Target.Name, Rules: []render.RuleStatus{}}
	for _, s := range r.Statuses() {
		if s.Status == "exact" {
			p.Exact++
		} else {
			p.Rules = append(p.Rules, render.RuleStatus(s))
		}
	}
	return p
}

// test proves the tests. What does not hold of the intent keeps every target
// from being written, what does not hold of a target that one.
func (in *input) test(o *outcome, p *ir.Program) {
	tests, diags := pipeline.Test(in.config, p, o.rendered)
	in.diags = append(in.diags, diags...)
	if diags.HasErrors() {
		o.code = exitError
	}
	o.tests, o.summary.Tests = tests, len(tests)
	for _, t := range tests {
		if len(t.Failed) > 0 {
			o.summary.TestsFailed++
			o.code = max(o.code, exitNo)
		}
		for _, d := range t.Failed {
			in.diags = append(in.diags, d)
			for i := range o.rendered {
				if r := &o.rendered[i]; (d.Target == "" || d.Target == r.Target.Name) && !r.Refused {
					r.Refused = true
					o.summary.Refused++
					o.summary.Objects -= len(r.Objects())
				}
			}
		}
	}
}
