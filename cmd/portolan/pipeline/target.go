// Package pipeline takes a configuration to the objects of its targets: facts,
// lowering, accepts, backends. It is what the verbs and the golden harness
// share, and knows nothing of files, flags or terminals.
//
//	targets, diags := pipeline.Targets(cfg, nil, []string{"calico+istio"})
//	rendered, more := pipeline.Render(cfg, targets, pipeline.Options{Now: time.Now()})
package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Target is a place to render for and the parts that it is made of: a CNI, a
// mesh, or the two as a stack.
type Target struct {
	Name   string
	Parts  []lower.Target // the CNI first
	Config *intent.Target // the configuration's block, or what --to amounts to
}

func (t *Target) hasMesh() bool { return t.Parts[len(t.Parts)-1].Profile.IsMesh() }

// Targets gives the targets of the given names and those that to describes, in
// that order; with neither, every target of the configuration.
func Targets(cfg *intent.Config, names, to []string) ([]Target, diag.List) {
	var diags diag.List
	var out []Target
	add := func(t *intent.Target) {
		if slices.ContainsFunc(out, func(o Target) bool { return o.Name == t.Name && o.Config == t }) {
			return
		}
		if slices.ContainsFunc(out, func(o Target) bool { return o.Name == t.Name }) {
			diags.Add(diag.UnknownTarget, t.Range, fmt.Sprintf("Two targets are called %q.", t.Name),
				"One is the configuration's, the other an engine given with --to. Render one at a time.")
			return
		}
		if parts := parts(t, cfg.Switches(t), &diags); parts != nil {
			out = append(out, Target{t.Name, parts, t})
		}
	}
	for _, name := range names {
		i := slices.IndexFunc(cfg.Targets, func(t *intent.Target) bool { return t.Name == name })
		if i < 0 {
			diags.Add(diag.UnknownTarget, diag.Range{}, fmt.Sprintf("The configuration has no target %q.", name), Suggest(name, targetNames(cfg), "Its targets are "))
			continue
		}
		add(cfg.Targets[i])
	}
	var seen []string
	for _, text := range to {
		if slices.Contains(seen, text) {
			continue
		}
		seen = append(seen, text)
		if t := fromFlag(text, &diags); t != nil {
			add(t)
		}
	}
	if len(names) == 0 && len(to) == 0 {
		for _, t := range cfg.Targets {
			add(t)
		}
		if len(cfg.Targets) == 0 {
			diags.Add(diag.NoTarget, diag.Range{}, "There is no target to render for.",
				"Add a target to the configuration, such as `target \"eu\" { cni = \"cilium\" }`, or name an engine: --to "+strings.Join(profile.Names(), ", --to ")+".")
		}
	}
	return out, diags
}

func targetNames(cfg *intent.Config) []string {
	var names []string
	for _, t := range cfg.Targets {
		names = append(names, t.Name)
	}
	return names
}

// fromFlag reads ENGINE[@version][,switch=value...][+MESH...], where a mesh may
// stand alone.
func fromFlag(text string, diags *diag.List) *intent.Target {
	t := &intent.Target{Name: text}
	for i, part := range strings.Split(text, "+") {
		named, stated, _ := strings.Cut(part, ",")
		name, version, _ := strings.Cut(named, "@")
		engine := intent.At[intent.Engine]{Value: intent.Engine{Name: name, Version: version}, Set: true}
		mesh := profile.Profile{Engine: profile.Engine(name)}.IsMesh()
		switch _, err := profile.Parse(part); {
		case strings.ContainsAny(part, `/\`): // a target's name is its folder's
			diags.Add(diag.UnknownEngine, diag.Range{}, fmt.Sprintf("%q is no version.", version), "")
			return nil
		case stated != "" && err != nil: // of a name alone it is said with the target
			diags.Add(diag.UnknownEngine, diag.Range{}, sentence(err.Error()), "").Target = text
			return nil
		case i == 0 && !mesh:
			t.CNI = engine
		case mesh && !t.Mesh.Set:
			t.Mesh = engine
		default:
			diags.Add(diag.UnknownEngine, diag.Range{}, fmt.Sprintf("%q is not a target.", text),
				"Write a CNI, a mesh, or a CNI, \"+\" and a mesh, each with a version where it matters: cilium, calico@3.30, istio, cilium@1.18+istio.")
			return nil
		}
		for f := range strings.SplitSeq(stated, ",") {
			if s, value, ok := strings.Cut(f, "="); ok {
				t.Facts.Switches.Value = append(t.Facts.Switches.Value, intent.Switch{Name: s, Value: value})
				t.Facts.Switches.Set = true
			}
		}
	}
	return t
}

// parts gives what a target is made of; nil with a diagnostic where it names
// something unknown.
func parts(t *intent.Target, switches []intent.Switch, diags *diag.List) []lower.Target {
	var out []lower.Target
	cni, mesh := t.CNI.Value.Name != "", t.Mesh.Value.Name != ""
	add := func(e intent.At[intent.Engine], role lower.Role, wantMesh bool) bool {
		p, err := profile.Of(e.Value.Name, e.Value.Version)
		switch {
		case err != nil:
			diags.Add(diag.UnknownEngine, e.Range, sentence(err.Error()), "").Target = t.Name
			return false
		case p.IsMesh() != wantMesh:
			diags.Add(diag.UnknownEngine, e.Range, fmt.Sprintf("%q stands where %s belongs.", e.Value.Name, map[bool]string{true: "a mesh", false: "a CNI"}[wantMesh]), "").Target = t.Name
			return false
		}
		out = append(out, lower.Target{Name: t.Name, Profile: Stated(p, switches), Role: role})
		return true
	}
	cniRole, meshRole := lower.Alone, lower.Alone
	if cni && mesh {
		cniRole, meshRole = lower.WithMesh, lower.WithCNI
	}
	ok := cni || mesh
	if !ok {
		diags.Add(diag.UnknownEngine, t.Range, fmt.Sprintf("Target %q has neither a CNI nor a mesh.", t.Name), "Add `cni`, `mesh` or both.").Target = t.Name
	}
	if cni {
		ok = add(t.CNI, cniRole, false) && ok
	}
	if mesh {
		ok = add(t.Mesh, meshRole, true) && ok
	}
	if !ok {
		return nil
	}
	return out
}

// Stated gives the profile with those of the switches that its engine has and
// that it does not state itself.
func Stated(p profile.Profile, switches []intent.Switch) profile.Profile {
	own := p.Stated()
	for _, s := range switches {
		if slices.ContainsFunc(own, func(f string) bool { return strings.HasPrefix(f, s.Name+"=") }) {
			continue
		}
		if q, err := p.With(s.Name, s.Value); err == nil { // of another engine it is nothing to this one
			p = q
		}
	}
	return p
}

func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
