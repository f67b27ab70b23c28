package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// evaluating is the flags of the verbs that ask what policies mean, intents and
// manifests alike, and what comes of them.
type evaluating struct {
	*app
	profiles       []string
	facts          string
	target         string
	vars, varFiles []string

	beside  []profile.Profile       // what else is in the cluster, beside what is evaluated
	settled func(first *side) error // may add to beside, once it is known what is evaluated; nil for nothing

	known   *pipeline.Source // what --facts names; nil for nothing
	diags   diag.List
	sources map[string][]byte
}

func (e *evaluating) flags(cmd *cobra.Command, sides int) {
	f := cmd.Flags()
	e.manifestFlags(cmd, sides)
	f.StringVar(&e.target, "target", "", "the `NAME` of a target of an intent, whose facts hold, and whose mesh")
	f.StringArrayVar(&e.vars, "var", nil, "`NAME=VALUE` of a variable of an intent; repeatable")
	f.StringArrayVar(&e.varFiles, "var-file", nil, "a `FILE` with values of variables; repeatable")
}

// manifestFlags adds the flags that the meaning of manifests hangs on.
func (e *evaluating) manifestFlags(cmd *cobra.Command, sides int) {
	what := "the `ENGINE`[@version][,switch=value...][+MESH...] whose meaning manifests have; by default what their kinds are for"
	if sides == 2 {
		what += "; given twice, one for each side"
	}
	cmd.Flags().StringArrayVar(&e.profiles, "profile", nil, what)
	cmd.Flags().StringVar(&e.facts, "facts", "", "an intent at `PATH` that says what is known of the cluster: namespaces, workloads, facts")
	complete(cmd, "profile", engines()...)
}

// side is one of the inputs of a verb.
type side struct {
	source   *pipeline.Source
	profiles []profile.Profile
	policy   sem.Policy
}

// profile names what the side was evaluated under.
func (s *side) profile() string {
	var names []string
	for _, p := range s.profiles {
		names = append(names, p.String())
	}
	if names == nil {
		return "intent"
	}
	return strings.Join(names, "+")
}

// inMesh reports that how senders prove themselves is part of what the side says.
func (s *side) inMesh() bool {
	return slices.ContainsFunc(s.policy, func(l sem.Layer) bool { return l.Scope != sem.CNI })
}

// open reads the sides and gives them their meaning in one cluster. false means
// that errors are among the diagnostics.
func (e *evaluating) open(paths ...[]string) ([]side, *ir.Inventory, sem.Options, bool, error) {
	sides := make([]side, len(paths))
	e.sources = map[string][]byte{}
	for i, p := range paths {
		var diags diag.List
		sides[i].source, diags = openOne(p, e.intentOptions())
		e.take(sides[i].source, diags)
		if err := e.targetOf(sides[i].source); err != nil {
			return nil, nil, sem.Options{}, false, err
		}
	}
	if e.facts != "" {
		var diags diag.List
		e.known, diags = pipeline.Open([]string{e.facts}, e.intentOptions())
		e.take(e.known, diags)
	}
	if e.diags.HasErrors() {
		return nil, nil, sem.Options{}, false, nil
	}
	if err := e.settleProfiles(sides); err != nil {
		return nil, nil, sem.Options{}, false, err
	}
	if e.settled != nil {
		if err := e.settled(&sides[0]); err != nil {
			return nil, nil, sem.Options{}, false, err
		}
	}
	var inv ir.Inventory
	var all []profile.Profile
	for i := range sides {
		all = append(all, sides[i].profiles...)
	}
	in := slices.Concat(all, e.beside)
	for i := range sides {
		sides[i].source.Under(in)
		own, _ := sides[i].source.Inventory()
		inv = pipeline.Merge(inv, own)
	}
	if e.known != nil {
		e.known.Under(in)
		if own, more := e.known.Inventory(); !more.HasErrors() {
			inv = pipeline.Merge(inv, own)
		}
	}
	for i := range sides {
		s := &sides[i]
		if len(all) == 0 { // an intent by itself is looked at where its target is
			pipeline.Beneath(&inv.Facts, s.source.Place())
		} else {
			pipeline.Beneath(&inv.Facts, s.profiles)
		}
	}
	for i := range sides {
		s := &sides[i]
		if s.profiles == nil { // an intent is looked at as the other side is
			s.profiles = sides[len(sides)-1-i].profiles
		}
		var diags diag.List
		s.policy, diags = s.source.Policy(s.profiles, &inv)
		e.diags = append(e.diags, diags...)
	}
	e.assumed(sides, &inv)
	o := pipeline.Scope(all)
	if len(all) == 0 && slices.ContainsFunc(sides, func(s side) bool { return s.inMesh() }) {
		o.Scope = sem.Everything
	}
	o.Inventory = &inv
	return sides, &inv, o, !e.diags.HasErrors(), nil
}

// openOne reads what the paths name; a single one may be of a git revision.
func openOne(paths []string, o intent.Options) (*pipeline.Source, diag.List) {
	if len(paths) == 1 {
		return pipeline.OpenRevision(paths[0], o)
	}
	return pipeline.Open(paths, o)
}

func (e *evaluating) intentOptions() intent.Options {
	return intent.Options{Vars: e.vars, VarFiles: e.varFiles, Environ: e.environ, Stdin: e.in, Version: release()}
}

func (e *evaluating) take(s *pipeline.Source, diags diag.List) {
	e.passedOver(s.Ignored)
	e.diags = append(e.diags, diags...)
	for name, text := range s.Files {
		e.sources[name] = text
	}
}

// targetOf gives an intent the facts of the target that --target names.
func (e *evaluating) targetOf(s *pipeline.Source) error {
	if s.Config == nil || e.diags.HasErrors() {
		return nil
	}
	if e.target == "" {
		if s.Config.Scoped() {
			return usagef("%s says different things for its targets: name one with --target", s.Name)
		}
		return nil
	}
	for _, t := range s.Config.Targets {
		if t.Name == e.target {
			s.For(t)
			return nil
		}
	}
	return usagef("%s has no target %q", s.Name, e.target)
}

// settleProfiles gives each side its profiles: those of --profile, else what
// the kinds of manifests are for. Switches that neither states are those of the
// intents, of which the one for facts comes last.
func (e *evaluating) settleProfiles(sides []side) error {
	if len(e.profiles) > len(sides) {
		return usagef("--profile is given %d times, and there are %d inputs", len(e.profiles), len(sides))
	}
	for i := range sides {
		s := &sides[i]
		if len(e.profiles) == 0 {
			found, err := s.source.Profiles()
			if err != nil {
				return usageError{err}
			}
			s.profiles = found
			continue
		}
		found, err := parseProfiles("profile", e.profiles[min(i, len(e.profiles)-1)])
		if err != nil {
			return err
		}
		s.profiles = found
	}
	for i := range sides {
		for j := range sides[i].profiles {
			for k := range sides {
				sides[i].profiles[j] = sides[k].source.State(sides[i].profiles[j])
			}
			sides[i].profiles[j] = e.stated(sides[i].profiles[j])
		}
	}
	return nil
}

// stated gives a profile with what --facts states of its engine's settings.
func (e *evaluating) stated(p profile.Profile) profile.Profile {
	if e.known == nil {
		return p
	}
	return e.known.State(p)
}

// parseProfiles reads what a flag says of a CNI, a mesh, or both.
func parseProfiles(flag, text string) ([]profile.Profile, error) {
	var out []profile.Profile
	for _, part := range strings.Split(text, "+") {
		p, err := profile.Parse(part)
		if err != nil {
			return nil, usagef("--%s %s: %s", flag, text, err)
		}
		out = append(out, p)
	}
	if len(out) > 2 || len(out) == 2 && (out[0].IsMesh() || !out[1].IsMesh()) {
		return nil, usagef("--%s %s: write a CNI, a mesh, or a CNI, \"+\" and a mesh", flag, text)
	}
	return out, nil
}

// unproved reports that a comparison was given up.
func (e *evaluating) unproved(err error) {
	e.diags.Add(diag.Unproved, diag.Range{}, fmt.Sprintf("There is no answer: %s.", err), "Nothing is known. Compare less at a time: fewer namespaces, or one of the two directions.")
}

// say shows the diagnostics, where there are any, without a closing line: the
// answer is what closes these verbs.
func (e *evaluating) say() error {
	left, _, err := e.silence(e.diags)
	if err != nil || len(left) == 0 {
		return err
	}
	quiet := e.quiet
	e.quiet = true
	defer func() { e.quiet = quiet }()
	return e.report(e.diags, e.sources, render.Summary{})
}

// fail shows the diagnostics and ends without an answer.
func (e *evaluating) fail() error {
	if err := e.report(e.diags, e.sources, render.Summary{}); err != nil {
		return err
	}
	return exitError
}

// maxPassedOver bounds the documents that are named.
const maxPassedOver = 5

// passedOver names the documents of manifests that are neither policies nor
// about the cluster.
func (e *evaluating) passedOver(docs []manifest.Document) {
	if len(docs) == 0 || e.quiet {
		return
	}
	var names []string
	for i := range docs[:min(len(docs), maxPassedOver)] {
		names = append(names, docs[i].String())
	}
	if more := len(docs) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	fmt.Fprintf(e.err, "portolan: passed over %s\n", strings.Join(names, ", "))
}

// assumed says what is taken to hold of addresses for want of facts.
func (e *evaluating) assumed(sides []side, inv *ir.Inventory) {
	var policies []sem.Policy
	for _, s := range sides {
		policies = append(policies, s.policy)
	}
	who := map[string]string{"pod_cidrs": "pods", "node_cidrs": "nodes"}
	for _, fact := range sem.Assumed(inv, policies...) {
		if !e.quiet {
			fmt.Fprintf(e.err, "portolan: taking %s to have private addresses, since %s is not stated\n", who[fact], fact)
		}
	}
}
