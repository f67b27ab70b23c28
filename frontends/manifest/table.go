package manifest

import (
	"slices"
	"strings"
)

// Table says what a frontend makes of every field of a kind. Paths are written
// like spec.ingress[].from[].ipBlock.cidr, with [] for the elements of a list
// and .* for the values of a mapping whose keys are data. The fields apiVersion,
// kind, metadata and status, which every kind has, are not in it.
//
// A table does not make a frontend read a field: a field that it calls
// understood and that was not asked for is still an error.
type Table []Field

// Field is a leaf of a kind, or a subtree that is refused as a whole.
type Field struct {
	Path    string
	Refused string // why, as sentences; "" where the field is understood
}

// Understood lists fields whose meaning the frontend has.
func Understood(paths ...string) Table { return Refused("", paths...) }

// Refused lists fields, or subtrees of them, that are an error where they are
// present, and why.
func Refused(why string, paths ...string) Table {
	t := make(Table, len(paths))
	for i, p := range paths {
		t[i] = Field{p, why}
	}
	return t
}

// Selectors lists the fields of label selectors that stand at the paths, which
// Value.LabelSelector reads.
func Selectors(paths ...string) Table {
	t := make(Table, 0, 4*len(paths))
	for _, p := range paths {
		t = append(t, Understood(p+".matchLabels.*", p+".matchExpressions[].key", p+".matchExpressions[].operator", p+".matchExpressions[].values[]")...)
	}
	return t
}

// Under gives the table's fields below each of the paths. Fields that begin
// with [] are those of a list's elements.
func (t Table) Under(paths ...string) Table {
	out := make(Table, 0, len(t)*len(paths))
	for _, p := range paths {
		for _, f := range t {
			if !strings.HasPrefix(f.Path, "[") {
				f.Path = "." + f.Path
			}
			out = append(out, Field{p + f.Path, f.Refused})
		}
	}
	return out
}

// Sorted gives the fields in the order of their paths.
func (t Table) Sorted() Table {
	t = slices.Clone(t)
	slices.SortFunc(t, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return t
}

// find looks a field up: at its own path, or as what holds other fields, or in
// a subtree that is refused. The reason is "" where some of it is understood.
func (t Table) find(path string) (reason string, known bool) {
	for _, f := range t {
		if !within(f.Path, path) && !within(path, f.Path) {
			continue
		}
		if f.Refused == "" {
			return "", true
		}
		if !known {
			reason, known = f.Refused, true
		}
	}
	return reason, known
}

// within reports whether the path is the root's or lies below it.
func within(path, root string) bool {
	rest, ok := strings.CutPrefix(path, root)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
