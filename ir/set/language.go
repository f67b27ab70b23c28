package set

import (
	"encoding/binary"
	"slices"
	"sort"
)

// Language is a regular set of strings: what a path, a host, a method, a
// header value or a label value may be. Strings are bytes, and every string of
// bytes counts, so whoever knows what a value can look like intersects with
// that. The zero Language is empty. Compare with Equal, or by Key.
//
// Operations on hostile operands can need automata of exponential size. They
// panic with a BoundError instead; whoever proves something recovers from it
// and answers that it is unproved. Regexp and Partition return it.
type Language struct{ minimal *automaton } // canonical, labels 0 and 1; nil is the empty language

// Literal is the one string.
func Literal(s string) Language { return Strings(s) }

// AnyString is every string, the empty one too.
func AnyString() Language { return Language{}.Complement() }

// Prefix is every string that begins with s.
func Prefix(s string) Language { return Concat(Literal(s), AnyString()) }

// Suffix is every string that ends with s.
func Suffix(s string) Language { return Concat(AnyString(), Literal(s)) }

// Containing is every string that has s somewhere in it.
func Containing(s string) Language { return Concat(AnyString(), Literal(s), AnyString()) }

// Strings is the set of the strings listed; none make the empty set.
func Strings(list ...string) Language {
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	var used [256]int
	for _, s := range list {
		for i := range len(s) {
			used[s[i]] = int(s[i]) + 1
		}
	}
	// A state is the part of the list that begins with what was read.
	type state struct{ from, to, read int }
	step := func(s state, b byte) state {
		after := func(least int) int {
			return s.from + sort.Search(s.to-s.from, func(i int) bool {
				rest := list[s.from+i][s.read:]
				return rest != "" && int(rest[0]) >= least
			})
		}
		if from, to := after(int(b)), after(int(b)+1); from < to {
			return state{from, to, s.read + 1}
		}
		return state{}
	}
	label := func(s state) uint32 { return truth(s.from < s.to && len(list[s.from]) == s.read) }
	alphabet := alphabetBy(func(b byte) int { return used[b] })
	return languageOf(explore("a list of strings", alphabet, state{0, len(list), 0}, step, label).minimise())
}

// OneByte is the strings of one byte for which in holds.
func OneByte(in func(byte) bool) Language {
	const start, accepted, rejected = 0, 1, 2
	step := func(s int, b byte) int {
		if s == start && in(b) {
			return accepted
		}
		return rejected
	}
	label := func(s int) uint32 { return truth(s == accepted) }
	return languageOf(explore("a class of bytes", alphabetBy(in), start, step, label).minimise())
}

// AnyOf is the union of the languages; none make the empty set.
func AnyOf(list ...Language) Language {
	switch len(list) {
	case 0:
		return Language{}
	case 1:
		return list[0]
	}
	half := len(list) / 2 // in pairs of like size, for one by one takes the square of the time
	return AnyOf(list[:half]...).Union(AnyOf(list[half:]...))
}

// Concat is every string made of one string of each part, in order; no parts
// make the empty string.
func Concat(parts ...Language) Language {
	if len(parts) == 0 {
		return Literal("")
	}
	last := len(parts) - 1
	l := parts[last]
	for _, part := range slices.Backward(parts[:last]) {
		l = part.then(l)
	}
	return l
}

// then is the strings of l with a string of m behind them.
func (l Language) then(m Language) Language {
	a, b := l.automaton(), m.automaton()
	const second = position(1) << 32
	add := func(to []position, p position) []position {
		if p >= second {
			return b.append(to, p)
		}
		if a.accepts(uint32(p)) {
			to = b.append(to, second)
		}
		return a.append(to, p)
	}
	step := func(to, from []position, c byte) []position {
		for _, p := range from {
			if p < second {
				to = add(to, position(a.step(uint32(p), c)))
			} else {
				to = add(to, second+position(b.step(uint32(p), c)))
			}
		}
		return to
	}
	accepted := func(set []position) bool {
		return slices.ContainsFunc(set, func(p position) bool { return p >= second && b.accepts(uint32(p)) })
	}
	return languageOf(determinise(newMeter("a concatenation"), common(a, b), add(nil, 0), step, accepted))
}

// Plus is every string made of one or more strings of the language.
func (l Language) Plus() Language {
	a := l.automaton()
	step := func(to, from []position, c byte) []position {
		for _, p := range from {
			next := a.step(uint32(p), c)
			if a.accepts(next) {
				to = append(to, 0)
			}
			to = a.append(to, position(next))
		}
		return to
	}
	return languageOf(determinise(newMeter("a repetition"), a.alphabet, a.append(nil, 0), step, a.accepted))
}

// Optional is the language with the empty string.
func (l Language) Optional() Language { return l.Union(Literal("")) }

// Star is every string made of any number of strings of the language, of none
// too.
func (l Language) Star() Language { return l.Plus().Optional() }

// FoldCase is every string that differs from one of the language in nothing
// but the case of ASCII letters.
func (l Language) FoldCase() Language {
	a := l.automaton()
	step := func(to, from []position, c byte) []position {
		for _, p := range from {
			to = a.append(to, position(a.step(uint32(p), lower(c))))
			to = a.append(to, position(a.step(uint32(p), upper(c))))
		}
		return to
	}
	letters := alphabetBy(func(b byte) [2]uint8 { return [2]uint8{a.class[lower(b)], a.class[upper(b)]} })
	return languageOf(determinise(newMeter("a union over cases"), letters, a.append(nil, 0), step, a.accepted))
}

// Union is the strings in either language.
func (l Language) Union(m Language) Language { return l.combine("a union", m, either) }

// Intersect is the strings in both languages.
func (l Language) Intersect(m Language) Language { return l.combine("an intersection", m, both) }

// Subtract is the strings of l that are not in m.
func (l Language) Subtract(m Language) Language { return l.combine("a difference", m, firstOnly) }

func (l Language) combine(what string, m Language, keep func(inL, inM bool) bool) Language {
	a, b := l.automaton(), m.automaton()
	// Where one operand is settled and the other makes no difference, it
	// matters no more where the other one is.
	settle := func(p, q uint32) [2]uint32 {
		switch {
		case a.isSink(p) && keep(a.accepts(p), false) == keep(a.accepts(p), true):
			q = 0
		case b.isSink(q) && keep(false, b.accepts(q)) == keep(true, b.accepts(q)):
			p = 0
		}
		return [2]uint32{p, q}
	}
	step := func(s [2]uint32, c byte) [2]uint32 { return settle(a.step(s[0], c), b.step(s[1], c)) }
	label := func(s [2]uint32) uint32 { return truth(keep(a.accepts(s[0]), b.accepts(s[1]))) }
	return languageOf(explore(what, common(a, b), settle(0, 0), step, label).minimise())
}

// Complement is every string that is not in the language.
func (l Language) Complement() Language {
	a := *l.automaton()
	a.label = slices.Clone(a.label)
	for i := range a.label {
		a.label[i] ^= 1
	}
	return languageOf(&a) // minimal as before
}

// IsEmpty reports that the language has no string.
func (l Language) IsEmpty() bool { return l.minimal == nil }

// IsAll reports that the language has every string.
func (l Language) IsAll() bool {
	a := l.automaton()
	return len(a.label) == 1 && a.accepts(0)
}

// Contains reports whether the string is in the language.
func (l Language) Contains(s string) bool {
	a, at := l.automaton(), uint32(0)
	for i := range len(s) {
		at = a.step(at, s[i])
	}
	return a.accepts(at)
}

// ContainsAll reports whether every string of m is in l, as for an empty m.
func (l Language) ContainsAll(m Language) bool { return m.Subtract(l).IsEmpty() }

// Equal reports whether both languages have the same strings.
func (l Language) Equal(m Language) bool {
	a, b := l.automaton(), m.automaton()
	return a == b || a.class == b.class && slices.Equal(a.label, b.label) && slices.Equal(a.next, b.next)
}

// Key is a string of bytes that is the same for equal languages only. Its
// length is in proportion to the automaton's.
func (l Language) Key() string {
	a := l.automaton()
	key := append([]byte{}, a.class[:]...)
	for s := range a.label {
		key = append(key, byte(a.label[s]))
		row := a.row(uint32(s))
		for from := 0; from < len(row); {
			to := from + 1
			for to < len(row) && row[to] == row[from] {
				to++
			}
			key = binary.AppendUvarint(key, uint64(to-from))
			key = binary.AppendUvarint(key, uint64(row[from]))
			from = to
		}
	}
	return string(key)
}

// Shortest is the least string of the language, for people to read: of the
// shortest ones the first in the order a-z, 0-9, '/', '-', '.', other
// punctuation, A-Z, every other byte. False where there is none.
func (l Language) Shortest() (string, bool) {
	w := l.automaton().walk()
	for _, s := range w.order {
		if w.accepts(s) {
			return w.spell(s), true
		}
	}
	return "", false
}

// Finite gives the strings of the language, sorted, where there are at most
// max of them. The caller owns the slice.
func (l Language) Finite(max int) ([]string, bool) {
	a := l.automaton()
	var out []string
	// Every state but the one that nothing leads out of to a member leads to a
	// member, so no branch is walked in vain; and a path longer than there are
	// states has been in a circle, which makes the language infinite.
	var visit func(s uint32, read []byte) bool
	visit = func(s uint32, read []byte) bool {
		if a.accepts(s) {
			out = append(out, string(read))
		}
		if len(out) > max || len(read) > len(a.label) {
			return false
		}
		for b := range 256 {
			next := a.step(s, byte(b))
			if !a.isDead(next) && !visit(next, append(read, byte(b))) {
				return false
			}
		}
		return true
	}
	if !visit(0, nil) {
		return nil, false
	}
	return out, true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

func upper(b byte) byte {
	if 'a' <= b && b <= 'z' {
		b -= 'a' - 'A'
	}
	return b
}

func truth(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
