package diagram

import (
	"fmt"
	"math/bits"
	"slices"
)

// Set is a set of assignments, made by a Space and of meaning only there.
// Equal sets of one Space are ==, and the zero Set is the empty set.
//
// It is an edge to a node: the node's index, twice, plus one where the edge
// complements the node. The complement of a set is so the flip of a bit.
type Set uint32

const (
	none Set = 0 // the edge to node 0, which holds no assignment
	all  Set = 1
)

// A node splits on one bit: low where it is 0, high where it is 1. No node has
// low equal to high, none has a complemented low, and no two are equal, which
// makes diagrams canonical.
type node struct {
	level     uint32 // of the bit; those of children are greater
	low, high Set
}

// A variable is a run of levels, the most significant bit of its value first.
// The codes from size on, of which a number of bits may have more than there
// are values, stand for the last value: so every code is valid, and no
// operation has to keep sets free of those that are not.
type variable struct{ first, end, size int }

// stepsPerNode bounds the work where it makes few nodes: a Space does at most
// this many steps for each of the nodes that it may have.
const stepsPerNode = 16

// Space is the variables and the sets over them. Nothing in it is freed before
// the Space is. It is not safe for concurrent use.
type Space struct {
	vars  []variable
	owner []int // of each level, the variable

	nodes    []node
	table    []uint32 // open addressing: indices of nodes, 0 where free
	maxNodes int

	cache    []result
	steps    int
	maxSteps int
}

// New makes a Space of len(sizes) variables, of which the i-th has the values
// from 0 to sizes[i]-1, and which may have maxNodes nodes, of about 20 bytes
// each. The order of the variables is that of the levels of the diagrams. It
// panics on a variable without values, over which no set has a meaning.
func New(sizes []int, maxNodes int) *Space {
	s := &Space{
		vars:     make([]variable, len(sizes)),
		nodes:    []node{{}},
		table:    make([]uint32, 1<<10),
		cache:    make([]result, 1<<9),
		maxNodes: min(maxNodes, 1<<31-1), // what a Set can number
	}
	s.maxSteps = stepsPerNode * s.maxNodes
	for v, size := range sizes {
		if size < 1 {
			panic(fmt.Sprintf("diagram: variable %d has %d values", v, size))
		}
		first := len(s.owner)
		for range bits.Len(uint(size - 1)) {
			s.owner = append(s.owner, v)
		}
		s.vars[v] = variable{first: first, end: len(s.owner), size: size}
	}
	s.nodes[0].level = uint32(len(s.owner))
	return s
}

// BoundError says that an operation was given up. Its result is unknown, and
// must not be taken for any set. Sets that were made before are still good.
type BoundError struct {
	Nodes int // that there were; fewer than Max if the steps ran out first
	Max   int
}

func (e *BoundError) Error() string {
	return fmt.Sprintf("the decision diagram takes more than its bound of %d nodes allows: given up at %d", e.Max, e.Nodes)
}

// Bounded runs work, and returns the *BoundError with which an operation in it
// panicked, if one did. Other panics go on.
func Bounded(work func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *BoundError:
			err = r
		default:
			panic(r)
		}
	}()
	work()
	return nil
}

// Nodes is how many nodes the Space has, of all the sets ever made in it.
func (s *Space) Nodes() int { return len(s.nodes) }

func (s *Space) giveUp() { panic(&BoundError{Nodes: len(s.nodes), Max: s.maxNodes}) }

func (s *Space) level(a Set) uint32 { return s.nodes[a>>1].level }

// split is the two halves of a at a level that is not below its own.
func (s *Space) split(a Set, level uint32) (low, high Set) {
	n := &s.nodes[a>>1]
	if n.level != level {
		return a, a
	}
	return n.low ^ a&1, n.high ^ a&1
}

// join is the set that is low or high by the bit of a level above theirs.
func (s *Space) join(level uint32, low, high Set) Set {
	if low == high {
		return low
	}
	flip := low & 1
	n := node{level: level, low: low ^ flip, high: high ^ flip}
	mask := uint32(len(s.table) - 1)
	slot := n.hash() & mask
	for ; s.table[slot] != 0; slot = (slot + 1) & mask {
		if i := s.table[slot]; s.nodes[i] == n {
			return Set(i<<1) | flip
		}
	}
	if len(s.nodes) >= s.maxNodes {
		s.giveUp()
	}
	i := uint32(len(s.nodes))
	s.nodes = append(s.nodes, n)
	s.table[slot] = i
	if len(s.nodes) > len(s.table)/4*3 {
		s.grow()
	}
	return Set(i<<1) | flip
}

func (n node) hash() uint32 { return mix(n.level, uint32(n.low), uint32(n.high)) }

func mix(a, b, c uint32) uint32 {
	h := (uint64(b)<<32 | uint64(c)) * 0x9E3779B97F4A7C15
	h = (h ^ h>>32 ^ uint64(a)) * 0xD6E8FEB86659FD93
	return uint32(h >> 32)
}

// grow doubles the table, with room for the nodes that fill it, and the cache
// up to maxCache.
func (s *Space) grow() {
	s.table = make([]uint32, 2*len(s.table))
	s.nodes = slices.Grow(s.nodes, min(len(s.table)/4*3+1, s.maxNodes)-len(s.nodes))
	mask := uint32(len(s.table) - 1)
	for i := 1; i < len(s.nodes); i++ {
		slot := s.nodes[i].hash() & mask
		for s.table[slot] != 0 {
			slot = (slot + 1) & mask
		}
		s.table[slot] = uint32(i)
	}
	if len(s.cache) == maxCache {
		return
	}
	old := s.cache
	s.cache = make([]result, 2*len(old))
	for _, r := range old {
		*s.entry(r.op, r.a, r.b) = r
	}
}

// A result is what an operation gave. The cache keeps the last at each place:
// what is forgotten is done again, within the bound on steps.
type result struct {
	op   op
	a, b uint32
	is   Set
}

// op is an operation whose results are cached, 0 in a free entry. To restrict
// variable v is opRestrict+v.
type op uint32

const (
	opAnd op = iota + 1
	opExists
	opRestrict
)

// maxCache is the most results that are kept, of 16 bytes each.
const maxCache = 1 << 23

func (s *Space) entry(o op, a, b uint32) *result {
	return &s.cache[mix(uint32(o), a, b)&uint32(len(s.cache)-1)]
}

// cached is what remember was last told of, if that was not forgotten. If it
// was, the caller is about to do a step.
func (s *Space) cached(o op, a, b uint32) (Set, bool) {
	if r := s.entry(o, a, b); r.op == o && r.a == a && r.b == b {
		return r.is, true
	}
	if s.steps >= s.maxSteps {
		s.giveUp()
	}
	s.steps++
	return none, false
}

func (s *Space) remember(o op, a, b uint32, is Set) Set {
	*s.entry(o, a, b) = result{op: o, a: a, b: b, is: is}
	return is
}
