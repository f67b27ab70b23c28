package sem

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// domain is the strings that something may be, such as the value of a label,
// cut into the fewest classes that no constraint parts: absence first where it
// is one of them, then what is not named, so that one more name changes no
// witness, then each string that is. Patterns cut what is not named into
// several, and all of it is then cut by automata.
type domain struct {
	legal    set.Language // what the strings are of
	absence  bool         // it may be absent
	named    map[string]int
	patterns map[string]set.Language // by key

	classes []class
	inside  map[string][]diagram.Span // of patterns, by key
}

// class is strings that nothing tells apart, or absence.
type class struct {
	absent bool
	least  string // the least of them, as set.Language.Shortest

	// another gives one more of them; nil where there surely is none.
	another func() (string, bool)
}

// second gives a string of the class beside the least; false where that is the
// only one.
func (c class) second() (string, bool) {
	if c.another == nil {
		return "", false
	}
	return c.another()
}

func newDomain(legal set.Language, absence bool) *domain {
	return &domain{legal: legal, absence: absence, named: map[string]int{}, patterns: map[string]set.Language{}}
}

// name makes a string a class of its own, if it is a legal one.
func (d *domain) name(values ...string) {
	for _, v := range values {
		d.named[v] = -1
	}
}

// cutBy makes the constraint a union of classes.
func (d *domain) cutBy(c ir.Constraint) {
	switch form, values := c.Form(); form {
	case ir.FormMatches, ir.FormAbsentOrMatches:
		d.cutByLanguage(c.Pattern().Language)
	default:
		d.name(values...)
	}
}

func (d *domain) cutByLanguage(l set.Language) { d.patterns[l.Key()] = l }

// trivial reports that nothing cuts the domain.
func (d *domain) trivial() bool { return len(d.named)+len(d.patterns) == 0 }

// settle works the classes out. No constraint may cut the domain after it.
func (d *domain) settle() error {
	if d.absence {
		d.classes = append(d.classes, class{absent: true})
	}
	if len(d.patterns) == 0 {
		return d.settleNamed()
	}
	languages := []set.Language{d.legal}
	keys := sortedKeys(d.patterns)
	for _, k := range keys {
		languages = append(languages, d.patterns[k])
	}
	values := sortedKeys(d.named)
	for _, v := range values {
		languages = append(languages, set.Literal(v))
	}
	cells, err := set.Partition(languages)
	if err != nil {
		return err
	}
	d.inside = map[string][]diagram.Span{}
	for _, cell := range cells {
		if !slices.Contains(cell.In, 0) {
			continue
		}
		at := len(d.classes)
		d.classes = append(d.classes, class{least: cell.Least, another: func() (string, bool) {
			return cell.Language().Subtract(set.Literal(cell.Least)).Shortest()
		}})
		for _, in := range cell.In[1:] {
			if in <= len(keys) {
				d.inside[keys[in-1]] = appendSpan(d.inside[keys[in-1]], at)
			} else {
				d.named[values[in-1-len(keys)]] = at
			}
		}
	}
	return nil
}

// settleNamed is settle without patterns, for which the automata would be a
// waste: nearly every label is only ever compared.
func (d *domain) settleNamed() error {
	least := d.unnamed("")
	d.classes = append(d.classes, class{least: least, another: func() (string, bool) { return d.unnamed(least), true }})
	for _, v := range sortedKeys(d.named) {
		if d.legal.Contains(v) {
			d.named[v] = len(d.classes)
			d.classes = append(d.classes, class{least: v})
		}
	}
	return nil
}

// unnamed is a legal string that is not named, and not the one given: the
// plainest of a few.
func (d *domain) unnamed(not string) string {
	for i := 0; ; i++ {
		text := "other"
		if i > 0 {
			text += strconv.Itoa(i)
		}
		if _, named := d.named[text]; !named && text != not && d.legal.Contains(text) {
			return text
		}
		if i > len(d.named)+2 { // the legal strings are of another kind
			least, _ := d.legal.Subtract(set.Strings(append(sortedKeys(d.named), not)...)).Shortest()
			return least
		}
	}
}

// spans gives the classes that satisfy a constraint that cut.
func (d *domain) spans(c ir.Constraint) []diagram.Span {
	var out []diagram.Span
	if d.absence && c.MatchesAbsent() {
		out = append(out, diagram.Span{})
	}
	form, values := c.Form()
	first := 0
	if d.absence {
		first = 1
	}
	switch form {
	case ir.FormMatches, ir.FormAbsentOrMatches:
		return append(out, d.inside[c.Pattern().Language.Key()]...)
	case ir.FormIn, ir.FormAbsentOr:
		return append(out, d.listed(values)...)
	case ir.FormNever, ir.FormNotExists:
		return out
	case ir.FormNotIn, ir.FormPresentNot, ir.FormAnything, ir.FormExists:
	}
	for _, gone := range d.listed(values) {
		if gone.First > first {
			out = append(out, diagram.Span{First: first, Last: gone.First - 1})
		}
		first = gone.Last + 1
	}
	if first < len(d.classes) {
		out = append(out, diagram.Span{First: first, Last: len(d.classes) - 1})
	}
	return out
}

// language gives the classes of a language that cut.
func (d *domain) language(l set.Language) []diagram.Span { return d.inside[l.Key()] }

// listed gives the classes of named strings, ascending; those that are not
// legal have none.
func (d *domain) listed(values []string) []diagram.Span {
	at := make([]int, 0, len(values))
	for _, v := range values {
		i, cut := d.named[v]
		if !cut {
			panic("sem: " + strconv.Quote(v) + " cuts no class")
		}
		if i >= 0 {
			at = append(at, i)
		}
	}
	slices.Sort(at)
	var out []diagram.Span
	for _, i := range at {
		out = appendSpan(out, i)
	}
	return out
}

// appendSpan appends a value that is not less than the others.
func appendSpan(spans []diagram.Span, i int) []diagram.Span {
	if n := len(spans); n > 0 && spans[n-1].Last >= i-1 {
		spans[n-1].Last = max(spans[n-1].Last, i)
		return spans
	}
	return append(spans, diagram.Span{First: i, Last: i})
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
