package ir

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir/set"
)

// Constraint is a set of what one label key may hold: some values, or absence.
// It is closed under intersection, union and complement and has one form for
// each set, so that two constraints are equal exactly when they mean the same.
//
// The zero Constraint is the empty set: nothing satisfies it.
type Constraint struct {
	absent  bool     // an object without the key satisfies it
	except  bool     // values lists what does not satisfy it; else what does
	values  []string // sorted, distinct
	pattern *Pattern // what satisfies it, where that cannot be listed either way
}

// OneOf is satisfied by the listed values only; with none, by nothing.
func OneOf(values ...string) Constraint { return Constraint{values: distinct(values)} }

// NotOneOf is satisfied by absence and by every value but the listed, as the
// Kubernetes operator NotIn (labels.Requirement.Matches).
func NotOneOf(values ...string) Constraint {
	return Constraint{absent: true, except: true, values: distinct(values)}
}

// Present is satisfied by every value, the empty one included.
func Present() Constraint { return Constraint{except: true} }

// Absent is satisfied by absence alone.
func Absent() Constraint { return Constraint{absent: true} }

// Anything is satisfied by everything: it constrains nothing.
func Anything() Constraint { return Constraint{absent: true, except: true} }

// Matching is satisfied by the values that the pattern has, and not by absence.
func Matching(p Pattern) Constraint {
	if values, ok := p.Language.Finite(maxListed); ok {
		return OneOf(values...)
	}
	if values, ok := p.Language.Complement().Finite(maxListed); ok {
		return Constraint{except: true, values: distinct(values)}
	}
	return Constraint{pattern: &p}
}

// maxListed is how many values a set may have that is listed rather than
// described by a pattern. Sets that were listed stay so only up to it where they
// meet a pattern.
const maxListed = 1000

// Pattern gives what satisfies the constraint beside absence.
func (c Constraint) Pattern() Pattern {
	if c.pattern != nil {
		return *c.pattern
	}
	p := Pattern{strings.Join(c.values, "|"), set.Strings(c.values...)}
	if c.except {
		p = p.Not()
	}
	return p
}

func distinct(values []string) []string {
	if len(values) == 0 {
		return nil
	}
	v := slices.Clone(values)
	slices.Sort(v)
	return slices.Compact(v)
}

// IsEmpty reports that nothing satisfies the constraint.
func (c Constraint) IsEmpty() bool {
	return !c.absent && !c.except && len(c.values) == 0 && c.pattern == nil
}

// IsAnything reports that everything satisfies the constraint.
func (c Constraint) IsAnything() bool { return c.absent && c.except && len(c.values) == 0 }

// MatchesAbsent reports whether an object without the key satisfies it.
func (c Constraint) MatchesAbsent() bool { return c.absent }

// Matches reports whether an object that has the key with this value satisfies it.
func (c Constraint) Matches(value string) bool {
	if c.pattern != nil {
		return c.pattern.Language.Contains(value)
	}
	_, listed := slices.BinarySearch(c.values, value)
	return listed != c.except
}

// Values gives the finitely many values that satisfy the constraint, where
// absence does not and they are finitely many.
func (c Constraint) Values() (values []string, finite bool) {
	if c.absent || c.except || c.pattern != nil {
		return nil, false
	}
	return c.values, true
}

// Not is the complement.
func (c Constraint) Not() Constraint {
	if c.pattern != nil {
		not := c.pattern.Not()
		return Constraint{absent: !c.absent, pattern: &not}
	}
	return Constraint{absent: !c.absent, except: !c.except, values: c.values}
}

// And is the intersection.
func (c Constraint) And(d Constraint) Constraint {
	r := Constraint{absent: c.absent && d.absent}
	if c.pattern != nil || d.pattern != nil {
		both := Matching(c.Pattern().And(d.Pattern()))
		both.absent = r.absent
		return both
	}
	switch {
	case !c.except:
		r.values = filter(c.values, d.Matches)
	case !d.except:
		r.values = filter(d.values, c.Matches)
	default:
		r.except = true
		r.values = distinct(append(slices.Clone(c.values), d.values...))
	}
	return r
}

// Overlaps reports whether something satisfies both.
func (c Constraint) Overlaps(d Constraint) bool {
	switch {
	case c.absent && d.absent, c.except && d.except: // values are without number
		return true
	case c.pattern != nil || d.pattern != nil:
		return !c.And(d).IsEmpty()
	case !c.except:
		return slices.ContainsFunc(c.values, d.Matches)
	}
	return slices.ContainsFunc(d.values, c.Matches)
}

// Or is the union.
func (c Constraint) Or(d Constraint) Constraint { return c.Not().And(d.Not()).Not() }

// Equal reports whether both mean the same.
func (c Constraint) Equal(d Constraint) bool {
	if c.pattern != nil && d.pattern != nil {
		return c.absent == d.absent && c.pattern.Language.Equal(d.pattern.Language)
	}
	return c.pattern == d.pattern && c.absent == d.absent && c.except == d.except && slices.Equal(c.values, d.values)
}

func filter(values []string, keep func(string) bool) []string {
	var out []string
	for _, v := range values {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

// Form is how a constraint is most plainly written. Every format's selector
// language has these words or does without.
type Form uint8

// The forms. FormAbsentOr and FormPresentNot have no operator of their own in
// most formats: the first is a union, the second two requirements on one key.
// The values of the last two are what Pattern gives, and not listed.
const (
	FormNever           Form = iota // nothing
	FormAnything                    // everything
	FormIn                          // present and one of the values
	FormNotIn                       // absent, or none of the values
	FormExists                      // present
	FormNotExists                   // absent
	FormPresentNot                  // present and none of the values
	FormAbsentOr                    // absent, or one of the values
	FormMatches                     // present and of the pattern
	FormAbsentOrMatches             // absent, or of the pattern
)

// Form gives the constraint's form and the values that go with it.
func (c Constraint) Form() (Form, []string) {
	switch {
	case c.pattern != nil && c.absent:
		return FormAbsentOrMatches, nil
	case c.pattern != nil:
		return FormMatches, nil
	case c.IsEmpty():
		return FormNever, nil
	case c.IsAnything():
		return FormAnything, nil
	case !c.absent && !c.except:
		return FormIn, c.values
	case !c.absent && len(c.values) == 0:
		return FormExists, nil
	case !c.absent:
		return FormPresentNot, c.values
	case c.except:
		return FormNotIn, c.values
	case len(c.values) == 0:
		return FormNotExists, nil
	}
	return FormAbsentOr, c.values
}

// Requirement is a constraint on one key.
type Requirement struct {
	Key        string
	Constraint Constraint
}

func (r Requirement) String() string {
	form, values := r.Constraint.Form()
	list := "{" + strings.Join(quoted(values), ",") + "}"
	switch form {
	case FormNever:
		return r.Key + " never"
	case FormAnything:
		return r.Key + " anything"
	case FormIn:
		if len(values) == 1 {
			return r.Key + "=" + quoted(values)[0]
		}
		return r.Key + " in " + list
	case FormNotIn:
		return r.Key + " not in " + list
	case FormExists:
		return "has " + r.Key
	case FormNotExists:
		return "no " + r.Key
	case FormPresentNot:
		return "has " + r.Key + " not in " + list
	case FormAbsentOr:
		return "no " + r.Key + " or in " + list
	case FormMatches:
		return r.Key + " matches " + r.Constraint.pattern.String()
	case FormAbsentOrMatches:
		return "no " + r.Key + " or matches " + r.Constraint.pattern.String()
	}
	return ""
}

// quoted gives values as canonical texts list them: in quotes what could be
// taken for a list, as no label's value can.
func quoted(values []string) []string {
	out := values
	for i, v := range values {
		if !strings.ContainsAny(v, `,"{}[]; `) {
			continue
		}
		if &out[0] == &values[0] {
			out = slices.Clone(values)
		}
		out[i] = strconv.Quote(v)
	}
	return out
}

// Selector is a conjunction of requirements on labels, at most one for a key,
// sorted by key. The zero Selector selects everything; a Selector that selects
// nothing cannot be made: the constructors report it instead.
type Selector struct{ reqs []Requirement }

// Select makes a selector from requirements; several on one key are
// intersected. It reports false where nothing can satisfy them.
func Select(reqs ...Requirement) (Selector, bool) {
	var s Selector
	for _, r := range reqs {
		var ok bool
		if s, ok = s.with(r); !ok {
			return Selector{}, false
		}
	}
	return s, true
}

// MatchLabels selects what has every label with exactly this value.
func MatchLabels(labels map[string]string) Selector {
	s := Selector{reqs: make([]Requirement, 0, len(labels))}
	for k, v := range labels {
		s.reqs = append(s.reqs, Requirement{k, OneOf(v)})
	}
	slices.SortFunc(s.reqs, func(a, b Requirement) int { return strings.Compare(a.Key, b.Key) })
	return s
}

func (s Selector) with(r Requirement) (Selector, bool) {
	i, found := slices.BinarySearchFunc(s.reqs, r.Key, func(q Requirement, k string) int { return strings.Compare(q.Key, k) })
	if found {
		r.Constraint = r.Constraint.And(s.reqs[i].Constraint)
	}
	switch {
	case r.Constraint.IsEmpty():
		return Selector{}, false
	case found:
		out := slices.Clone(s.reqs)
		if out[i] = r; r.Constraint.IsAnything() {
			out = slices.Delete(out, i, i+1)
		}
		return Selector{out}, true
	case r.Constraint.IsAnything():
		return s, true
	}
	return Selector{slices.Insert(slices.Clone(s.reqs), i, r)}, true
}

// And is the intersection; false where it is empty.
func (s Selector) And(t Selector) (Selector, bool) {
	if len(s.reqs) == 0 {
		return t, true
	}
	for _, r := range t.reqs {
		var ok bool
		if s, ok = s.with(r); !ok {
			return Selector{}, false
		}
	}
	return s, true
}

// Overlaps reports whether something may satisfy both.
func (s Selector) Overlaps(t Selector) bool {
	i, j := 0, 0
	for i < len(s.reqs) && j < len(t.reqs) {
		switch c := strings.Compare(s.reqs[i].Key, t.reqs[j].Key); {
		case c < 0:
			i++
		case c > 0:
			j++
		case !s.reqs[i].Constraint.Overlaps(t.reqs[j].Constraint):
			return false
		default:
			i, j = i+1, j+1
		}
	}
	return true
}

// Without gives the selector with no requirement on the key.
func (s Selector) Without(key string) Selector {
	return Selector{slices.DeleteFunc(slices.Clone(s.reqs), func(r Requirement) bool { return r.Key == key })}
}

// Get gives the constraint on a key; Anything where there is none.
func (s Selector) Get(key string) Constraint {
	if i, ok := slices.BinarySearchFunc(s.reqs, key, func(q Requirement, k string) int { return strings.Compare(q.Key, k) }); ok {
		return s.reqs[i].Constraint
	}
	return Anything()
}

// Requirements gives the requirements sorted by key; not to be changed.
func (s Selector) Requirements() []Requirement { return s.reqs }

// IsEverything reports that the selector has no requirement.
func (s Selector) IsEverything() bool { return len(s.reqs) == 0 }

// MatchLabels gives the labels where every requirement is one exact value.
func (s Selector) MatchLabels() (map[string]string, bool) {
	m := make(map[string]string, len(s.reqs))
	for _, r := range s.reqs {
		v, ok := r.Constraint.Values()
		if !ok || len(v) != 1 {
			return nil, false
		}
		m[r.Key] = v[0]
	}
	return m, true
}

// Matches reports whether labels satisfy every requirement.
func (s Selector) Matches(labels map[string]string) bool {
	for _, r := range s.reqs {
		v, ok := labels[r.Key]
		if (ok && !r.Constraint.Matches(v)) || (!ok && !r.Constraint.MatchesAbsent()) {
			return false
		}
	}
	return true
}

// Contains reports whether s selects all that t selects.
func (s Selector) Contains(t Selector) bool {
	for _, r := range s.reqs {
		c := t.Get(r.Key)
		if !c.And(r.Constraint).Equal(c) {
			return false
		}
	}
	return true
}

// Subtract gives disjoint selectors that together select what s selects and t
// does not. None means that t contains s.
func (s Selector) Subtract(t Selector) []Selector {
	var out []Selector
	rest := s
	for _, r := range t.reqs {
		if part, ok := rest.with(Requirement{r.Key, r.Constraint.Not()}); ok {
			out = append(out, part)
		}
		var ok bool
		if rest, ok = rest.with(r); !ok {
			break
		}
	}
	return out
}

// Equal reports whether both have the same requirements, which is to say that
// both select the same.
func (s Selector) Equal(t Selector) bool {
	return slices.EqualFunc(s.reqs, t.reqs, func(a, b Requirement) bool {
		return a.Key == b.Key && a.Constraint.Equal(b.Constraint)
	})
}

// String is the canonical text: requirements sorted by key and joined by ", ";
// "all" for everything.
func (s Selector) String() string {
	if len(s.reqs) == 0 {
		return "all"
	}
	parts := make([]string, len(s.reqs))
	for i, r := range s.reqs {
		parts[i] = r.String()
	}
	return strings.Join(parts, ", ")
}
