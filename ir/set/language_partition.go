package set

import (
	"slices"
	"sync"
)

// Cell is a set of strings that some languages all have and the others all
// lack.
type Cell struct {
	In    []int  // the languages that have it, by index, ascending
	Least string // its least string, as of Language.Shortest

	label  uint32
	shared *automaton
	from   func() sources
}

// Partition gives the cells that the languages cut all strings into: those of
// their Boolean combinations that have a string. They are disjoint, have every
// string, and come in the order of their least strings. No languages make one
// cell. The error is a BoundError.
func Partition(languages []Language) (cells []Cell, err error) {
	defer recoverBound(&err)
	var distinct []*automaton
	var sames [][]int // by distinct language, its indexes
	seen := map[string]int{}
	for i, l := range languages {
		key := l.Key()
		at, ok := seen[key]
		if !ok {
			at = len(distinct)
			seen[key] = at
			distinct = append(distinct, l.automaton())
			sames = append(sames, nil)
		}
		sames[at] = append(sames[at], i)
	}
	all := product(newMeter("a partition"), distinct, 0)
	from := sync.OnceValue(all.sources)
	w := all.walk()
	found := make([]bool, len(all.in))
	for _, s := range w.order {
		label := all.label[s]
		if found[label] {
			continue
		}
		found[label] = true
		var in []int
		for _, at := range all.in[label] {
			in = append(in, sames[at]...)
		}
		slices.Sort(in)
		cells = append(cells, Cell{in, w.spell(s), label, all.automaton, from})
	}
	return cells, nil
}

// sorter labels every string with the set of languages that have it.
type sorter struct {
	*automaton
	in [][]int // by label
}

// product is the sorter of languages of which the first has the index base. The
// product of minimal automata is minimal as long as its labels tell all that
// theirs do: from two states of it that differ, one component's string that
// tells its parts apart tells them apart. So there is nothing to minimise, and
// halves of like size keep the work near the sum of the sizes.
func product(m *meter, list []*automaton, base int) sorter {
	switch len(list) {
	case 0:
		return sorter{nothing, [][]int{nil}}
	case 1:
		return sorter{list[0], [][]int{nil, {base}}}
	}
	half := len(list) / 2
	a, b := product(m, list[:half], base), product(m, list[half:], base+half)
	var in [][]int
	labels := map[[2]uint32]uint32{}
	step := func(s [2]uint32, c byte) [2]uint32 {
		m.spend(1)
		return [2]uint32{a.step(s[0], c), b.step(s[1], c)}
	}
	label := func(s [2]uint32) uint32 {
		pair := [2]uint32{a.label[s[0]], b.label[s[1]]}
		l, ok := labels[pair]
		if !ok {
			l = uint32(len(in))
			labels[pair] = l
			in = append(in, slices.Concat(a.in[pair[0]], b.in[pair[1]]))
			m.spend(len(in[l]))
		}
		return l
	}
	return sorter{explore(m.what, common(a.automaton, b.automaton), [2]uint32{}, step, label), in}
}

// Language is the cell's strings.
func (c Cell) Language() Language {
	const dead = ^uint32(0)
	from := c.from()
	leads := make([]bool, len(c.shared.label)) // the states from which the cell can be reached
	var pending []uint32
	add := func(s uint32) {
		if !leads[s] {
			leads[s] = true
			pending = append(pending, s)
		}
	}
	for s, label := range c.shared.label {
		if label == c.label {
			add(uint32(s))
		}
	}
	for len(pending) > 0 {
		t := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		for _, s := range from.of(t) {
			add(s)
		}
	}
	step := func(s uint32, b byte) uint32 {
		if s == dead || !leads[c.shared.step(s, b)] {
			return dead
		}
		return c.shared.step(s, b)
	}
	label := func(s uint32) uint32 { return truth(s != dead && c.shared.label[s] == c.label) }
	return languageOf(explore("", c.shared.alphabet, 0, step, label).minimise())
}
