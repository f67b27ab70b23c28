package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Value is a value of a document, with its path and place, or the absence of
// one. What it is asked for and has not, for being of another type, it reports
// itself, once at each question; an absent value reports nothing.
type Value struct {
	walk *walk
	node *node // nil where absent
	step *step
}

// walk is what all values of one pass over a document share.
type walk struct {
	source *source
	table  Table
	diags  *diag.List
}

// step is how a value was come to.
type step struct {
	parent *step
	name   string // of a field; "" for an element
	index  int
	start  int // offset of the key or element; of an absent field, of what lacks it
}

// Present reports whether the value was written and is not null. An empty list
// or mapping is present.
func (v Value) Present() bool { return v.node != nil && v.node.kind != Null }

// Kind gives the type of what was written.
func (v Value) Kind() Kind {
	if v.node == nil {
		return Absent
	}
	return v.node.kind
}

// Path gives the way from the document to the value, such as
// spec.ingress[0].from[1].podSelector.
func (v Value) Path() string { return v.step.path(true) }

func (s *step) path(indices bool) string {
	var way []*step
	for ; s != nil && s.parent != nil; s = s.parent {
		way = append(way, s)
	}
	var b strings.Builder
	for _, s := range slices.Backward(way) {
		switch {
		case s.name == "" && indices:
			fmt.Fprintf(&b, "[%d]", s.index)
		case s.name == "":
			b.WriteString("[]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// Range gives the place of the value on the first of its lines; of an absent
// value, the place of what lacks it.
func (v Value) Range() diag.Range {
	if v.node == nil {
		return v.walk.source.rest(v.step.start)
	}
	return v.walk.source.extent(v.node)
}

func (s *source) extent(n *node) diag.Range {
	if n.kind == List || n.kind == Map {
		return s.rest(n.start)
	}
	return s.scalar(n.start, n.text)
}

// KeyRange gives the place of the field's name, or of an element's value.
func (v Value) KeyRange() diag.Range {
	if v.step.name == "" || v.node == nil {
		return v.Range()
	}
	return v.walk.source.scalar(v.step.start, v.step.name)
}

// Report adds a diagnostic at the value's place.
func (v Value) Report(code diag.Code, summary, detail string) *diag.Diagnostic {
	return v.walk.diags.Add(code, v.Range(), summary, detail)
}

// Bad reports that the value is none that the field takes; why is a sentence
// without its subject, such as "is not a port".
func (v Value) Bad(why, detail string) {
	v.Report(diag.BadFieldValue, fmt.Sprintf("%s %s.", v.what(), why), detail)
}

// what names the value in a sentence: its path and what was written.
func (v Value) what() string {
	if n := v.node; n != nil && n.kind != List && n.kind != Map {
		return fmt.Sprintf("%s: %q", v.Path(), shorten(n.text))
	}
	return v.Path()
}

func shorten(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// Require reports an absent value, and whether it is present.
func (v Value) Require() bool {
	if !v.Present() {
		v.Report(diag.MissingField, fmt.Sprintf("%s is missing.", v.Path()), "")
	}
	return v.Present()
}

// is reports whether a present value has the kind, and says so where not.
func (v Value) is(want Kind) bool {
	if !v.Present() {
		return false
	}
	if v.node.kind == want {
		return true
	}
	v.Wrong(want.String())
	return false
}

// Wrong reports that the field takes another type of value; want says which,
// as in "a number or a text".
func (v Value) Wrong(want string) {
	detail := ""
	switch v.Kind() {
	case Bool, Int, Float, Time:
		if strings.Contains(want, String.String()) {
			detail = "Put it in quotes if text is meant."
		}
	case Absent, Null, String, List, Map:
	}
	v.Report(diag.WrongFieldType, fmt.Sprintf("%s is %s, and the field takes %s.", v.Path(), v.Kind(), want), detail)
}

// Text gives a text; false where it is absent or of another type, which is an
// error. Nothing is converted: the API server takes no number for a text.
func (v Value) Text() (string, bool) {
	if !v.is(String) {
		return "", false
	}
	return v.node.text, true
}

// Bool gives a boolean.
func (v Value) Bool() (value, ok bool) {
	if !v.is(Bool) {
		return false, false
	}
	return v.node.text == "true", true
}

// Int gives a whole number from least to most.
func (v Value) Int(least, most int64) (int64, bool) {
	if !v.is(Int) {
		return 0, false
	}
	n, err := strconv.ParseInt(v.node.text, 10, 64)
	if err != nil || n < least || n > most {
		v.Bad(fmt.Sprintf("is not a number from %d to %d", least, most), "")
		return 0, false
	}
	return n, true
}

// Float gives a number.
func (v Value) Float() (float64, bool) {
	if v.Kind() != Int && !v.is(Float) {
		return 0, false
	}
	n, err := strconv.ParseFloat(v.node.text, 64)
	return n, err == nil
}

// Word gives a text that is one of the words, exactly.
func (v Value) Word(words ...string) (string, bool) {
	s, ok := v.Text()
	if ok && !slices.Contains(words, s) {
		v.Bad("is not one of "+strings.Join(words, ", "), "")
		return "", false
	}
	return s, ok
}

// Items gives the elements of a list; none where it is absent or no list.
// Present tells an absent list from an empty one. An element that is null is an
// error and not among them: to the API server it may be one that has nothing
// set, such as a rule that allows everything.
func (v Value) Items() []Value {
	if !v.is(List) {
		return nil
	}
	out := make([]Value, 0, len(v.node.children))
	for i := range v.node.children {
		c := &v.node.children[i]
		e := Value{v.walk, &c.value, &step{v.step, "", i, c.value.start}}
		if c.value.kind == Null {
			e.Report(diag.WrongFieldType, fmt.Sprintf("%s is null.", e.Path()), "Write the element out, or remove its dash.")
			continue
		}
		out = append(out, e)
	}
	return out
}

// Texts gives a list of texts, without those elements that are none.
func (v Value) Texts() []string {
	var out []string
	for _, e := range v.Items() {
		if s, ok := e.Text(); ok {
			out = append(out, s)
		}
	}
	return out
}

// Entry is a key of a mapping whose keys are data, such as labels.
type Entry struct {
	Key   string
	Value Value
}

// Entries gives the keys and values of a mapping whose keys are data, in the
// order written. Fields of an object are asked for with Object instead.
func (v Value) Entries() []Entry {
	if !v.is(Map) {
		return nil
	}
	out := make([]Entry, len(v.node.children))
	for i := range v.node.children {
		c := &v.node.children[i]
		out[i] = Entry{c.key, Value{v.walk, &c.value, &step{v.step, c.key, 0, c.start}}}
	}
	return out
}

// field gives a field of a mapping, absent where there is none.
func (v Value) field(name string) Value {
	if v.node != nil && v.node.kind == Map {
		for i := range v.node.children {
			if c := &v.node.children[i]; c.key == name {
				return Value{v.walk, &c.value, &step{v.step, name, 0, c.start}}
			}
		}
	}
	at := v.step.start
	if v.node != nil {
		at = v.node.start
	}
	return Value{v.walk, nil, &step{v.step, name, 0, at}}
}
