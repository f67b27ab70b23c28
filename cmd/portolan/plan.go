package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/cmd/portolan/rollout"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// planViews are the forms in which a plan is shown.
var planViews = map[string]func(io.Writer, render.Plan) error{
	"text": render.PlanText, "markdown": render.PlanMarkdown,
	"json": func(w io.Writer, p render.Plan) error { return render.Indented(w, p) },
}

// planning is the flags of the plan verb, and what comes of them.
type planning struct {
	evaluating
	to, now string
}

func (a *app) planCommand() *cobra.Command {
	p := &planning{evaluating: evaluating{app: a}}
	output := newChoice("text", "text", "json", "markdown")
	cmd := &cobra.Command{
		Use:   "plan OLD NEW",
		Short: "Order the steps from what runs to what is to run",
		Long: `Plan gives the order in which to apply and delete objects, one by one, to get
from what OLD puts into a cluster to what NEW does, so that at no moment a flow
passes that passes at neither end, and as few as can be are denied that pass at
both. Every moment is proved on every flow. What is denied for a while is shown at
the step that begins it.

Each input is an intent, rendered for the target, or manifests, or either in a
revision of git, as REV:PATH. Where no order is safe, the exit code is 1.`,
		Example: `  portolan plan main:policies policies --target eu   from this branch's base to it
  portolan plan deploy/eu policies --target eu       from what runs to the intent
  portolan plan v1:deploy deploy --to calico -o json`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			view, err := p.plan([2]string(args))
			if err != nil {
				return err
			}
			if p.diags.HasErrors() && view == nil {
				return p.fail()
			}
			if err := p.say(); err != nil {
				return err
			}
			if err := planViews[output.value](a.out, *view); err != nil || view.Safe {
				return err
			}
			return exitNo
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.target, "target", "", "the `NAME` of the target that intents are rendered for")
	f.StringVar(&p.to, "to", "", "the `ENGINE`[@version][+MESH[@version]] that intents are rendered for, and whose meaning manifests have")
	f.StringVar(&p.facts, "facts", "", "an intent at `PATH` that says what is known of the cluster: namespaces, workloads, facts")
	f.StringArrayVar(&p.vars, "var", nil, "`NAME=VALUE` of a variable of an intent; repeatable")
	f.StringArrayVar(&p.varFiles, "var-file", nil, "a `FILE` with values of variables; repeatable")
	f.StringVar(&p.now, "now", "", "the `DATE` that decides whether an accept has run out (default today, UTC)")
	f.VarP(&output, "output", "o", output.list())
	complete(cmd, "output", output.words...)
	complete(cmd, "to", engines()...)
	complete(cmd, "now")
	return cmd
}

// plan finds the plan. It is nil where there is no answer, of which the
// diagnostics say why.
func (p *planning) plan(names [2]string) (*render.Plan, error) {
	sources, ends, err := p.ends(names)
	if err != nil || p.diags.HasErrors() {
		return nil, err
	}
	profiles, err := p.meaning(sources, ends)
	if err != nil {
		return nil, err
	}
	inv := p.inventory(profiles, sources, &ends)
	pipeline.Beneath(&inv.Facts, profiles)
	if p.diags.HasErrors() {
		return nil, nil
	}
	for i, end := range ends {
		if d := pipeline.Unread(end.Documents, profiles); d != nil {
			return nil, usagef("%s has %s, which is nothing to %s: there are no steps between engines", names[i], d, profilesText(profiles))
		}
	}
	in := rollout.Input{
		Old: ends[0].Documents, New: ends[1].Documents, Profiles: profiles, Options: pipeline.Scope(profiles),
		Lift: func(docs []manifest.Document) (sem.Policy, diag.List) { return pipeline.Lift(docs, profiles, inv) },
	}
	in.Options.Inventory = inv
	found, err := rollout.Find(in)
	if err != nil {
		return nil, p.unplanned(err)
	}
	view := render.NewPlan(found, names, profilesText(profiles), inv)
	if c := view.Conflict; c != nil {
		p.diags.Add(diag.NoSafeOrder, diag.Range{}, fmt.Sprintf("No order of the changes from %s to %s is safe: at some moment a flow passes that neither lets pass.", names[0], names[1]),
			c.Detail()+"\nPlan to an intent between, which lets pass only what both do, and from it.")
	}
	return &view, nil
}

// ends reads the inputs, and renders those that are intents.
func (p *planning) ends(names [2]string) (sources [2]*pipeline.Source, ends [2]pipeline.Deployed, err error) {
	p.sources = map[string][]byte{}
	for i, name := range names {
		var diags diag.List
		sources[i], diags = openOne([]string{name}, p.intentOptions())
		p.take(sources[i], diags)
	}
	if p.diags.HasErrors() {
		return sources, ends, nil
	}
	for i, s := range sources {
		if s.Config == nil {
			continue
		}
		if ends[i], err = p.rendered(s); err != nil {
			return sources, ends, err
		}
	}
	return sources, ends, nil
}

// rendered is what an intent puts into the cluster.
func (p *planning) rendered(s *pipeline.Source) (pipeline.Deployed, error) {
	var none pipeline.Deployed
	opts, err := (&input{app: p.app, now: p.now}).options()
	if err != nil {
		return none, err
	}
	if p.target != "" && p.to != "" {
		return none, usagef("--target and --to both say what to render for: choose one")
	}
	targets, diags := pipeline.Targets(s.Config, given(p.target), given(p.to))
	p.diags = append(p.diags, diags...)
	if diags.HasErrors() {
		return none, nil
	}
	if len(targets) > 1 {
		return none, usagef("%s has %d targets, and a plan is for one: name it with --target", s.Name, len(targets))
	}
	out, diags := pipeline.Render(s.Config, targets, opts)
	p.diags = append(p.diags, diags...)
	if diags.HasErrors() {
		return none, nil
	}
	p.diags = append(p.diags, out[0].Diags...)
	maps.Copy(p.sources, out[0].Sources)
	if out[0].Refused {
		return none, nil
	}
	deployed, diags := out[0].Deploy(s.Name)
	p.diags = append(p.diags, diags...)
	maps.Copy(p.sources, deployed.Files)
	return deployed, nil
}

// given is a flag that may be empty as a list.
func given(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// meaning gives the profiles that hold on the way: those of what the new end was
// rendered for, else the old one, else of --to, else what the kinds of manifests
// are for.
func (p *planning) meaning(sources [2]*pipeline.Source, ends [2]pipeline.Deployed) ([]profile.Profile, error) {
	before, after := ends[0].Profiles, ends[1].Profiles
	switch {
	case before != nil && after != nil:
		if err := pipeline.SameEngines(before, after); err != nil {
			return nil, usagef("of the ends %s: there are no steps between engines", err)
		}
		return after, nil
	case after != nil:
		return after, nil
	case before != nil:
		return before, nil
	case p.target != "":
		return nil, usagef("--target names a target of an intent, and both ends are manifests: say what they are for with --to")
	case p.to != "":
		return parseProfiles("to", p.to)
	}
	found, err := pipeline.Together(sources[0], sources[1]).Profiles()
	if err != nil {
		return nil, usagef("%s", strings.Replace(err.Error(), "--profile", "--to", 1))
	}
	return found, nil
}

// inventory gives what is known of the cluster, on the whole way: what either
// end declares, and --facts. Profiles get the settings that --facts states.
func (p *planning) inventory(profiles []profile.Profile, sources [2]*pipeline.Source, ends *[2]pipeline.Deployed) *ir.Inventory {
	var inv ir.Inventory
	for i, s := range sources {
		if s.Config == nil {
			s.Under(profiles)
			ends[i] = s.Deploy()
		}
		inv = pipeline.Merge(inv, ends[i].Inventory)
	}
	if p.facts == "" {
		return &inv
	}
	known, diags := pipeline.Open([]string{p.facts}, p.intentOptions())
	p.take(known, diags)
	if diags.HasErrors() {
		return &inv
	}
	known.Under(profiles)
	for i := range profiles {
		profiles[i] = known.State(profiles[i])
	}
	own, diags := known.Inventory()
	p.diags = append(p.diags, diags...)
	inv = pipeline.Merge(inv, own)
	return &inv
}

// unplanned says why there is no answer.
func (p *planning) unplanned(err error) error {
	var unreadable *rollout.Unreadable
	var unfound *rollout.Unfound
	switch {
	case errors.As(err, &unreadable) && unreadable.After == "":
		p.diags = append(p.diags, unreadable.Diags...)
	case errors.As(err, &unreadable):
		for _, d := range unreadable.Diags {
			if d.Severity == diag.Error {
				p.diags.Add(diag.NoMoment, d.Range, fmt.Sprintf("After %q what is in the cluster cannot be read: %s", unreadable.After, d.Summary), d.Detail)
			}
		}
	case errors.As(err, &unfound):
		p.diags.Add(diag.NotPlanned, diag.Range{}, fmt.Sprintf("There is no answer: %s.", unfound.Why), "Nothing is known. Go in smaller steps, by way of an intent that has a part of the changes.")
	default:
		p.unproved(err)
	}
	return nil
}

func profilesText(profiles []profile.Profile) string {
	var names []string
	for _, f := range profiles {
		names = append(names, f.String())
	}
	return strings.Join(names, "+")
}
