package set

import (
	"encoding/binary"
	"slices"
)

// minimise is the automaton with the fewest states and classes of bytes that
// labels strings the same.
func (a *automaton) minimise() *automaton {
	block, members := a.blocks()
	columns := make([]string, len(a.first))
	for c := range columns {
		var column []byte
		for _, s := range members {
			column = binary.AppendUvarint(column, uint64(block[a.row(s)[c]]))
		}
		columns[c] = string(column)
	}
	same := map[string]uint8{}
	merged := make([]uint8, len(columns))
	for c, column := range columns {
		if _, ok := same[column]; !ok {
			same[column] = uint8(len(same))
		}
		merged[c] = same[column]
	}
	letters := alphabetBy(func(b byte) uint8 { return merged[a.class[b]] })
	return explore("", letters, block[0],
		func(b uint32, c byte) uint32 { return block[a.step(members[b], c)] },
		func(b uint32) uint32 { return a.label[members[b]] })
}

// blocks gives each state its block of states from which every string gets the
// same label, and each block one of its states (J. Hopcroft, "An n log n
// algorithm for minimizing states in a finite automaton", 1971).
func (a *automaton) blocks() (block, members []uint32) {
	r := refine(a.label)
	sources := a.sources()
	pending := make([]uint32, len(r.first))
	for b := range pending {
		pending[b] = uint32(b)
	}
	var splitter []uint32
	for len(pending) > 0 {
		last := len(pending) - 1
		b := pending[last]
		pending = pending[:last]
		splitter = append(splitter[:0], r.order[r.first[b]:r.end[b]]...) // r.order changes on the way
		for c := range a.first {
			for _, t := range splitter {
				for _, s := range sources.under(t, c) {
					r.mark(s)
				}
			}
			pending = r.split(pending)
		}
	}
	members = make([]uint32, len(r.first))
	for b, at := range r.first {
		members[b] = r.order[at]
	}
	return r.block, members
}

// refinement is a partition of states into blocks that gets finer.
type refinement struct {
	order              []uint32 // states, block by block, the marked ones of a block first
	at                 []uint32 // by state, its index in order
	block              []uint32 // by state
	first, end, marked []uint32 // by block, indexes in order; marked ends the marked states
	touched            []uint32 // the blocks with marked states
}

// refine begins with a block for each label.
func refine(label []uint32) *refinement {
	n := len(label)
	r := &refinement{order: make([]uint32, n), at: make([]uint32, n), block: make([]uint32, n)}
	for s := range r.order {
		r.order[s] = uint32(s)
	}
	slices.SortStableFunc(r.order, func(s, t uint32) int { return int(label[s]) - int(label[t]) })
	for i, s := range r.order {
		if i == 0 || label[s] != label[r.order[i-1]] {
			r.add(uint32(i), uint32(i))
		}
		b := len(r.first) - 1
		r.end[b]++
		r.at[s], r.block[s] = uint32(i), uint32(b)
	}
	return r
}

func (r *refinement) add(first, end uint32) {
	r.first = append(r.first, first)
	r.marked = append(r.marked, first)
	r.end = append(r.end, end)
}

// mark marks a state that is not marked yet.
func (r *refinement) mark(s uint32) {
	b := r.block[s]
	to := r.marked[b]
	if to == r.first[b] {
		r.touched = append(r.touched, b)
	}
	r.marked[b]++
	other, from := r.order[to], r.at[s]
	r.order[to], r.order[from] = s, other
	r.at[s], r.at[other] = to, from
}

// split parts the marked states of each block from the others and forgets the
// marks. It appends the blocks that split off, always the smaller part: the
// larger one keeps its number, and its place among what is pending.
func (r *refinement) split(out []uint32) []uint32 {
	for _, b := range r.touched {
		first, cut, end := r.first[b], r.marked[b], r.end[b]
		r.marked[b] = first
		if cut == end {
			continue
		}
		fresh := uint32(len(r.first))
		if cut-first <= end-cut {
			r.add(first, cut)
			r.first[b], r.marked[b] = cut, cut
		} else {
			r.add(cut, end)
			r.end[b] = cut
		}
		for _, s := range r.order[r.first[fresh]:r.end[fresh]] {
			r.block[s] = fresh
		}
		out = append(out, fresh)
	}
	r.touched = r.touched[:0]
	return out
}

// sources is an automaton's transitions by where they lead to.
type sources struct {
	classes int
	end     []uint32 // by state, then class: the end of its part of from
	from    []uint32
}

func (a *automaton) sources() sources {
	k := len(a.first)
	s := sources{k, make([]uint32, len(a.next)+1), make([]uint32, len(a.next))}
	for i, t := range a.next {
		s.end[int(t)*k+i%k+1]++
	}
	for i := range a.next {
		s.end[i+1] += s.end[i]
	}
	// Filling moves each begin to the part's end, which is the next one's begin.
	for i, t := range a.next {
		cell := int(t)*k + i%k
		s.from[s.end[cell]] = uint32(i / k)
		s.end[cell]++
	}
	return s
}

// between is the part of from that belongs to the cells from first to last.
func (s sources) between(first, last int) []uint32 {
	begin := uint32(0)
	if first > 0 {
		begin = s.end[first-1]
	}
	return s.from[begin:s.end[last]]
}

// under is the states that a byte of the class leads from to t.
func (s sources) under(t uint32, class int) []uint32 {
	cell := int(t)*s.classes + class
	return s.between(cell, cell)
}

// of is the states that lead to t, as often as they do.
func (s sources) of(t uint32) []uint32 {
	return s.between(int(t)*s.classes, int(t+1)*s.classes-1)
}
