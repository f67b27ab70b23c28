package main

import (
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
)

// render renders what the paths name: an intent, or manifests. The diagnostics
// gather in the input.
func (in *input) render(cmd *cobra.Command, e *evaluating, args []string, alone bool) (outcome, error) {
	manifests, err := in.namesManifests(args)
	manifests = manifests && !slices.ContainsFunc(args, missing)
	if err != nil {
		return outcome{}, err
	}
	for _, flag := range map[bool][]string{true: {"target"}, false: {"profile", "facts"}}[manifests] {
		if cmd.Flags().Changed(flag) {
			return outcome{}, usagef("--%s is for %s", flag, map[bool]string{true: "an intent", false: "manifests"}[manifests])
		}
	}
	if manifests {
		return in.renderManifests(e, args)
	}
	return in.run(args, alone)
}

// renderManifests renders manifests for the engines that --to names.
func (in *input) renderManifests(e *evaluating, args []string) (outcome, error) {
	o := outcome{code: exitError}
	opts, err := in.options()
	if err != nil {
		return o, err
	}
	if _, _, err := in.silence(nil); err != nil {
		return o, err
	}
	targets, diags := pipeline.Targets(&intent.Config{}, nil, in.to)
	e.settled = func(*side) error {
		for _, t := range targets {
			for i := range t.Parts { // what --to does not state, --facts does
				t.Parts[i].Profile = e.stated(t.Parts[i].Profile)
				e.beside = append(e.beside, t.Parts[i].Profile)
			}
		}
		return nil
	}
	e.vars, e.varFiles = in.vars, in.varFiles
	sides, inv, _, ok, err := e.open(args)
	in.diags, in.sources = append(e.diags, diags...), e.sources
	if err != nil || !ok || diags.HasErrors() {
		return o, err
	}
	o.summary.Rules = written(sides[0].policy)
	o.rendered, diags = pipeline.RenderManifests(sides[0].source, sides[0].profiles, targets, inv, opts)
	if diags.HasErrors() { // what else there is was said when they were opened
		in.diags = append(in.diags, diags...)
		return o, nil
	}
	in.collect(&o)
	return o, nil
}

// missing reports that there is no such path, which is said of an intent.
func missing(path string) bool {
	_, err := os.Stat(path)
	return path != "-" && err != nil
}
