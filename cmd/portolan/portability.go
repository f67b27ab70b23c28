package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// portabilityViews are the forms in which moves are shown.
var portabilityViews = map[string]func(io.Writer, render.Portability) error{
	"text": render.PortabilityText, "markdown": render.PortabilityMarkdown,
	"json": func(w io.Writer, p render.Portability) error { return render.Indented(w, p) },
}

// moving is one run of portability.
type moving struct {
	evaluating
	from string
	to   []string

	moves [][]profile.Profile
}

func (a *app) portabilityCommand() *cobra.Command {
	m := &moving{evaluating: evaluating{app: a}}
	output := newChoice("text", "text", "json", "markdown")
	cmd := &cobra.Command{
		Use:   "portability [PATH...]",
		Short: "Show what the same manifests mean elsewhere",
		Long: `Portability moves manifests from one profile to others as they are, and shows
which flows each move gains and loses, with one flow of each and what decides it
on both sides. Policies of kinds that nothing reads there are named, since they
are not enforced.

Without --from the manifests are on what their kinds are for; without --to they
move to every engine and managed cluster that reads some of them. Switches that
--facts states are those of what they are on. What hangs on a switch that nobody
stated is unknown, and the output names the switch; where it is stated on neither
side, it is taken to be the same.`,
		Example: `  portolan portability deploy/ --from calico@3.33 --to cilium@1.20
  portolan portability deploy/ --to eks-vpc-cni --to gke-dataplane-v2
  portolan portability deploy/ --from kubernetes,cidr_matches_pods=true --facts cluster.portolan.hcl`,
		RunE: func(_ *cobra.Command, args []string) error { return m.run(args, output.value) },
	}
	const takes = "`ENGINE`[@version][,switch=value...][+MESH...]"
	f := cmd.Flags()
	f.StringVar(&m.from, "from", "", "the "+takes+" that the manifests are on; by default what their kinds are for")
	f.StringArrayVar(&m.to, "to", nil, "an "+takes+" that they move to; repeatable; by default every other that reads some of them")
	f.StringVar(&m.facts, "facts", "", "an intent at `PATH` that says what is known of the cluster: namespaces, workloads, facts")
	f.VarP(&output, "output", "o", output.list())
	complete(cmd, "from", engines()...)
	complete(cmd, "to", engines()...)
	complete(cmd, "output", output.words...)
	return cmd
}

func (m *moving) run(args []string, output string) error {
	if m.from != "" {
		m.profiles = []string{m.from}
	}
	m.settled = m.settleMoves
	sides, inv, _, ok, err := m.open(paths(args))
	if err != nil {
		return err
	}
	if !ok {
		return m.fail()
	}
	from := &sides[0]
	view := render.Portability{FormatVersion: render.FormatVersion, Input: from.source.Name, From: from.profile(), NotEnforced: names(from.source.Unread(from.profiles))}
	code := exitYes
	for _, to := range m.moves {
		move, err := m.move(from, to, inv)
		if err != nil {
			m.unproved(err)
		}
		code = max(code, map[string]exitCode{render.Same: exitYes, render.Different: exitNo, render.None: exitError}[move.Answer])
		view.Moves = append(view.Moves, move)
	}
	if err := m.say(); err != nil {
		return err
	}
	if err := portabilityViews[output](m.out, view); err != nil || code == exitYes {
		return err
	}
	return code
}

// settleMoves finds what the manifests move to.
func (m *moving) settleMoves(from *side) error {
	if from.source.Config != nil {
		return usagef("%s is an intent, which means the same everywhere; portability is about manifests", from.source.Name)
	}
	for _, text := range m.to {
		to, err := parseProfiles("to", text)
		if err != nil {
			return err
		}
		m.moves = append(m.moves, to)
	}
	if len(m.to) == 0 {
		m.moves = from.source.Elsewhere(from.profiles)
	}
	if len(m.moves) == 0 {
		return usagef("no other engine reads any of %s: name one with --to", from.source.Name)
	}
	for _, to := range m.moves {
		m.beside = append(m.beside, to...)
	}
	return nil
}

// move compares what the manifests mean on two profiles. With an error there is
// no answer.
func (m *moving) move(from *side, to []profile.Profile, inv *ir.Inventory) (render.Move, error) {
	there := side{source: from.source, profiles: to}
	out := render.Move{To: there.profile(), Answer: render.None, Changes: []render.Change{}, NotEnforced: names(from.source.Unread(to))}
	var diags diag.List
	own := *inv
	if inv = &own; own.Facts.Tunnel.IsNone() {
		pipeline.Beneath(&own.Facts, to)
	}
	there.policy, diags = from.source.Policy(to, inv)
	m.hear(diags, out.To)
	if diags.HasErrors() {
		return out, nil
	}
	o := pipeline.Scope(slices.Concat(from.profiles, to))
	o.Inventory = inv
	c, err := sem.Compare(from.policy, there.policy, o)
	if err != nil {
		return out, err
	}
	list, left, err := c.Changes(maxChanges)
	if err != nil {
		return out, err
	}
	changes := render.NewChanges(list, left, [2]string{from.profile(), out.To}, [2]sem.Policy{from.policy, there.policy}, inv)
	out.Changes, out.Left, out.Answer = changes.Changes, changes.Left, render.Same
	if !changes.Equal {
		out.Answer = render.Different
	}
	return out, nil
}

// hear takes what was said of a move: what holds of others too was said before.
func (m *moving) hear(diags diag.List, to string) {
	for _, d := range diags {
		if !slices.ContainsFunc(m.diags, func(o diag.Diagnostic) bool { return o.Code == d.Code && o.Range == d.Range && o.Summary == d.Summary }) {
			d.Target = to
			m.diags = append(m.diags, d)
		}
	}
}

// names gives the names of documents.
func names(docs []manifest.Document) []string {
	var out []string
	for i := range docs {
		out = append(out, docs[i].String())
	}
	return out
}
