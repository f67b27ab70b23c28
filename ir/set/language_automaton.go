package set

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// MaxTransitions bounds the table of an automaton: its states times the
// classes of bytes that it tells apart. It has room for the common automaton of
// some 2,000 paths of 40 bytes.
const MaxTransitions = 1 << 22

// maxSteps bounds what one operation may visit in all: MaxTransitions bounds
// what it makes.
const maxSteps = 1 << 25

// BoundError is what operations on languages panic with, and Regexp and
// Partition return, where a result would take too large an automaton.
type BoundError struct {
	What  string // the operation, such as "an intersection"
	Bound int
	Unit  string // what Bound counts
}

func (e BoundError) Error() string {
	return fmt.Sprintf("comparing string patterns: %s takes more than %d %s, the bound", e.What, e.Bound, e.Unit)
}

// recoverBound, deferred, makes an error of a panic with a BoundError.
func recoverBound(err *error) {
	switch r := recover().(type) {
	case nil:
	case BoundError:
		*err = r
	default:
		panic(r)
	}
}

// meter counts the steps of an operation.
type meter struct {
	what string
	left int
}

func newMeter(what string) *meter { return &meter{what, maxSteps} }

func (m *meter) spend(steps int) {
	if m.left -= steps; m.left < 0 {
		panic(BoundError{m.what, maxSteps, "steps"})
	}
}

// alphabet puts bytes that need not be told apart into one class. Classes are
// numbered by their first bytes.
type alphabet struct {
	class [256]uint8
	first []byte
}

// alphabetBy makes a class of the bytes with the same key.
func alphabetBy[K comparable](key func(byte) K) alphabet {
	var a alphabet
	seen := map[K]uint8{}
	for b := range 256 {
		k := key(byte(b))
		c, ok := seen[k]
		if !ok {
			c = uint8(len(a.first))
			seen[k] = c
			a.first = append(a.first, byte(b))
		}
		a.class[b] = c
	}
	return a
}

// common tells apart what either automaton does.
func common(a, b *automaton) alphabet {
	return alphabetBy(func(c byte) [2]uint8 { return [2]uint8{a.class[c], b.class[c]} })
}

// automaton is a complete deterministic automaton that labels every string
// with what its last state is labelled. It begins in state 0, and states are
// numbered in the order in which a search by breadth first, class by class,
// comes to them. So if it is minimal, and its alphabet too, there is no other
// for the same labelling.
type automaton struct {
	alphabet
	next  []uint32 // by state, then class
	label []uint32 // by state
}

// nothing is the automaton of the empty language.
var nothing = &automaton{alphabet{first: []byte{0}}, []uint32{0}, []uint32{0}}

func (l Language) automaton() *automaton {
	if l.minimal == nil {
		return nothing
	}
	return l.minimal
}

// languageOf is the strings with label 1 under a minimal automaton.
func languageOf(minimal *automaton) Language {
	if len(minimal.label) == 1 && minimal.label[0] == 0 {
		return Language{}
	}
	return Language{minimal}
}

func (a *automaton) step(s uint32, b byte) uint32 {
	return a.next[int(s)*len(a.first)+int(a.class[b])]
}

func (a *automaton) row(s uint32) []uint32 {
	return a.next[int(s)*len(a.first) : (int(s)+1)*len(a.first)]
}

func (a *automaton) accepts(s uint32) bool { return a.label[s] != 0 }

// isSink reports that nothing leads out of the state.
func (a *automaton) isSink(s uint32) bool {
	for _, t := range a.row(s) {
		if t != s {
			return false
		}
	}
	return true
}

// isDead reports that no string is accepted from the state on. A minimal
// automaton has one such state at most.
func (a *automaton) isDead(s uint32) bool { return !a.accepts(s) && a.isSink(s) }

// explore is the automaton of the states that step leads to from start. Step
// is asked for the first byte of each class.
func explore[S comparable](what string, letters alphabet, start S, step func(S, byte) S, label func(S) uint32) *automaton {
	a := &automaton{alphabet: letters}
	states, index := []S{start}, map[S]uint32{start: 0}
	for at := 0; at < len(states); at++ {
		if len(states)*len(letters.first) > MaxTransitions {
			panic(BoundError{what, MaxTransitions, "transitions"})
		}
		s := states[at]
		a.label = append(a.label, label(s))
		for _, b := range letters.first {
			t := step(s, b)
			i, ok := index[t]
			if !ok {
				i = uint32(len(states))
				index[t] = i
				states = append(states, t)
			}
			a.next = append(a.next, i)
		}
	}
	return a
}

// position is a place in a machine that can be in several at once.
type position uint64

// append adds a position whose low half is a state, unless nothing is accepted
// from there.
func (a *automaton) append(to []position, p position) []position {
	if a.isDead(uint32(p)) {
		return to
	}
	return append(to, p)
}

// accepted reports whether a state among the positions is accepted.
func (a *automaton) accepted(set []position) bool {
	return slices.ContainsFunc(set, func(p position) bool { return a.accepts(uint32(p)) })
}

// determinise is the minimal automaton of the strings that lead from the start
// to an accepted set of positions. Step appends where a byte leads to from any
// of a set.
func determinise(m *meter, letters alphabet, start []position,
	step func(to, from []position, b byte) []position, accepted func(set []position) bool) *automaton {
	var from, to []position
	next := func(s string, b byte) string {
		from = unpack(from[:0], s)
		to = step(to[:0], from, b)
		m.spend(len(from) + len(to))
		return packed(to)
	}
	label := func(s string) uint32 {
		from = unpack(from[:0], s)
		return truth(accepted(from))
	}
	return explore(m.what, letters, packed(start), next, label).minimise()
}

// packed is the set of the positions, as a key. It sorts them in place.
func packed(set []position) string {
	slices.Sort(set)
	set = slices.Compact(set)
	key := make([]byte, 0, 8*len(set))
	for _, p := range set {
		key = binary.LittleEndian.AppendUint64(key, uint64(p))
	}
	return string(key)
}

func unpack(out []position, key string) []position {
	for ; key != ""; key = key[8:] {
		out = append(out, position(binary.LittleEndian.Uint64([]byte(key[:8]))))
	}
	return out
}

// humane is every byte, those first that are easiest on the eye.
var humane = func() []byte {
	var order []byte
	seen := [256]bool{' ': true}
	add := func(first, last byte) {
		for b := int(first); b <= int(last); b++ {
			if !seen[b] {
				seen[b] = true
				order = append(order, byte(b))
			}
		}
	}
	add('a', 'z')
	add('0', '9')
	for _, b := range []byte("/-.") {
		add(b, b)
	}
	add('!', '@')
	add('[', '~')
	add('A', 'Z')
	order = append(order, ' ')
	add(0, 255)
	return order
}()

// walk is a search of an automaton from its start that comes to states in the
// order of their least strings.
type walk struct {
	*automaton
	order []uint32
	from  []uint32 // by state, the one before it
	by    []byte   // by state, the byte that leads there
}

func (a *automaton) walk() walk {
	var letters []byte // the most humane byte of each class
	seen := make([]bool, len(a.first))
	for _, b := range humane {
		if c := a.class[b]; !seen[c] {
			seen[c] = true
			letters = append(letters, b)
		}
	}
	w := walk{a, []uint32{0}, make([]uint32, len(a.label)), make([]byte, len(a.label))}
	reached := make([]bool, len(a.label))
	reached[0] = true
	for at := 0; at < len(w.order); at++ {
		s := w.order[at]
		for _, b := range letters {
			if t := a.step(s, b); !reached[t] {
				reached[t] = true
				w.from[t], w.by[t] = s, b
				w.order = append(w.order, t)
			}
		}
	}
	return w
}

// spell is the least string that leads to the state.
func (w walk) spell(s uint32) string {
	var out []byte
	for ; s != 0; s = w.from[s] {
		out = append(out, w.by[s])
	}
	slices.Reverse(out)
	return string(out)
}
