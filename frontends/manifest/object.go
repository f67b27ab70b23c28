package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Object is a mapping of which every field must be asked for: those that were
// not are reported when the function that reads it returns, so that no field is
// passed over, be it forgotten, misspelt or new.
type Object struct {
	Value
	asked []string
}

// Object reads a mapping's fields. It reports false, without a call, where the
// value is absent or no mapping; the latter is an error.
func (v Value) Object(read func(*Object)) bool {
	if !v.is(Map) {
		return false
	}
	o := &Object{Value: v}
	read(o)
	o.finish()
	return true
}

// Field gives a field; absent where it was not written.
func (o *Object) Field(name string) Value {
	o.asked = append(o.asked, name)
	return o.field(name)
}

// Required gives a field, and reports it where it is absent.
func (o *Object) Required(name string) Value {
	v := o.Field(name)
	v.Require()
	return v
}

// Exclusive reports all but the first of the present fields among the names,
// of which only one may be, and gives the first; absent where none is.
func (o *Object) Exclusive(names ...string) Value {
	var first Value
	for _, name := range names {
		switch v := o.Field(name); {
		case !v.Present():
		case first.node == nil:
			first = v
		default:
			v.Report(diag.BadFieldValue, fmt.Sprintf("%s stands beside %s, and only one of them may.", v.Path(), first.Path()), "").
				Relate(first.KeyRange(), "The other is here.")
		}
	}
	if first.node == nil {
		return o.field(names[0])
	}
	return first
}

// finish reports the fields that were not asked for.
func (o *Object) finish() {
	for i := range o.node.children {
		if c := &o.node.children[i]; !slices.Contains(o.asked, c.key) {
			o.unasked(Value{o.walk, &c.value, &step{o.step, c.key, 0, c.start}})
		}
	}
}

func (o *Object) unasked(v Value) {
	path := v.step.path(false)
	switch reason, known := o.walk.table.find(path); {
	case known && reason == "":
		v.walk.diags.Add(diag.RefusedField, v.KeyRange(), fmt.Sprintf("%s has no meaning that Portolan knows at this place.", v.Path()), "Remove it if it is not needed.")
	case known:
		if v.Present() {
			v.walk.diags.Add(diag.RefusedField, v.KeyRange(), fmt.Sprintf("%s cannot be judged.", v.Path()), reason)
		}
	default:
		v.walk.diags.Add(diag.UnknownField, v.KeyRange(), fmt.Sprintf("There is no field %s.", v.Path()), didYouMean(v.step.name, o.known()))
	}
}

// known gives the names of the fields that the object may have.
func (o *Object) known() []string {
	names := slices.Clone(o.asked)
	prefix := o.step.path(false)
	if prefix != "" {
		prefix += "."
	}
	for _, f := range o.walk.table {
		if rest, ok := strings.CutPrefix(f.Path, prefix); ok {
			names = append(names, strings.TrimRight(rest[:endOfName(rest)], "[]"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func endOfName(path string) int {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return i
	}
	return len(path)
}

// didYouMean proposes the candidate that was likely meant.
func didYouMean(given string, candidates []string) string {
	const longest = 64 // a distance takes the product of both lengths
	best, least := "", min(max(1, len(given)/3), 4)+1
	if len(given) > longest {
		return ""
	}
	for _, c := range candidates {
		if d := levenshtein.Distance(strings.ToLower(given), strings.ToLower(c), nil); d < least {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("Did you mean %q?", best)
}
