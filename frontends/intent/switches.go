package intent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Switch is what a configuration states of a setting of an engine, in the words
// of profile.Switch.
type Switch struct {
	Name, Value string
	Range       diag.Range // of the value
}

// switches decodes what is stated of the settings of some engines, sorted by
// name: only those that one of them has, with values that they take.
func (a *arguments) switches(engines []profile.Engine) At[[]Switch] {
	known := profile.Switches()
	if engines != nil {
		known = slices.DeleteFunc(known, func(s profile.Switch) bool {
			return !slices.ContainsFunc(engines, func(e profile.Engine) bool { return slices.Contains(s.Engines, e) })
		})
	}
	out, _ := decodeArg(a, "switches", nil, func(v value) ([]Switch, bool) {
		entries, ok := v.entries("switches")
		var list []Switch
		for _, e := range entries {
			s, good := e.stated(known)
			if ok = ok && good; good {
				list = append(list, s)
			}
		}
		sortBy(list, func(s Switch) string { return s.Name })
		return list, ok
	})
	return out
}

// stated decodes one entry.
func (e entry) stated(known []profile.Switch) (Switch, bool) {
	out := Switch{Name: e.key, Range: e.value.rng}
	i := slices.IndexFunc(known, func(s profile.Switch) bool { return s.Name == e.key })
	if i < 0 {
		detail := "What it has, has no switches."
		if len(known) > 0 {
			detail = suggest(e.key, switchNames(known), "The switches are ")
		}
		e.value.s.l.diags.Add(diag.UnknownSwitch, e.keyRange, fmt.Sprintf("There is no switch %q of %s.", e.key, ofWhat(e.key)), detail)
		return out, false
	}
	text, ok := e.value.setting(&known[i])
	if !ok {
		return out, false
	}
	p := profile.Profile{Engine: known[i].Engines[0]}
	if _, err := p.With(e.key, text); err != nil {
		e.value.add(diag.BadSwitch, sentence(upperFirst(err.Error())), known[i].Name+": "+known[i].Says+".")
		return out, false
	}
	out.Value = text
	return out, true
}

// ofWhat tells a switch of other engines from one of none.
func ofWhat(name string) string {
	if slices.Contains(switchNames(profile.Switches()), name) {
		return "what the target has"
	}
	return "any engine"
}

func switchNames(list []profile.Switch) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return out
}

// setting gives the text of what a switch takes: true or false, or a word.
func (v value) setting(s *profile.Switch) (string, bool) {
	if s.Values == nil && !s.Text {
		b, ok := v.boolean(s.Name)
		return fmt.Sprint(b), ok
	}
	if _, bare := bareName(v.expr); !bare {
		val, ok := v.eval()
		if !ok {
			return "", false
		}
		if val.Type() == cty.Bool && !val.IsNull() {
			return fmt.Sprint(val.True()), true
		}
	}
	return v.text(s.Name)
}

// engines are those of a target, for what may be stated of them.
func (t *Target) engines() []profile.Engine {
	out := []profile.Engine{}
	for _, e := range []Engine{t.CNI.Value, t.Mesh.Value} {
		if p, err := profile.Of(e.Name, e.Version); err == nil {
			out = append(out, p.Engine)
		}
	}
	return out
}

// Switches gives what is stated of the engines' settings for a target, which may
// be nil: the cluster's, and over them the target's own.
func (c *Config) Switches(t *Target) []Switch {
	out := slices.Clone(c.Cluster.Switches.Value)
	if t == nil {
		return out
	}
	for _, s := range t.Facts.Switches.Value {
		out = append(slices.DeleteFunc(out, func(o Switch) bool { return o.Name == s.Name }), s)
	}
	slices.SortFunc(out, func(a, b Switch) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// stated is the profile of a target's CNI with what is stated of it; of no target
// it is one that has no switches.
func (c *Config) stated(t *Target) profile.Profile {
	if t == nil {
		return profile.Profile{}
	}
	p, _ := profile.Of(t.CNI.Value.Name, t.CNI.Value.Version)
	for _, s := range c.Switches(t) {
		if q, err := p.With(s.Name, s.Value); err == nil { // others are of other engines
			p = q
		}
	}
	return p
}

// defaultDNS is where DNS is on a target that states nothing of it, or where
// there is no target.
func defaultDNS(t *Target) DNS {
	var p profile.Profile
	if t != nil {
		p, _ = profile.Of(t.CNI.Value.Name, t.CNI.Value.Version)
	}
	d := p.DNS()
	return DNS{Namespace: d.Namespace, Labels: ir.MatchLabels(map[string]string{d.Key: d.Label}), Port: d.Port}
}
