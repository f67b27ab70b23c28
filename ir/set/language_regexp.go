package set

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// maxExpression bounds the text of a regular expression in bytes, and the
// instructions that its repetitions unfold to.
const maxExpression = 1 << 16

// Regexp is the strings that the expression matches from beginning to end, in
// the syntax and meaning of RE2 with which Envoy reads safe_regex
// (envoyproxy/envoy, source/common/common/regex.cc: FullMatch): "." matches no
// line feed unless (?s), and (?i) folds as Unicode does. A rune is its UTF-8
// bytes: a string that is not UTF-8 matches no expression here, while engines
// differ about it. The error is one of syntax, or a BoundError.
func Regexp(expr string) (l Language, err error) {
	defer recoverBound(&err)
	const what = "a regular expression"
	if len(expr) > maxExpression {
		return l, BoundError{what, maxExpression, "bytes"}
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return l, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return l, err
	}
	if len(prog.Inst) > maxExpression {
		return l, BoundError{what, maxExpression, "instructions"}
	}
	m := newMatcher(prog, newMeter(what))
	a := determinise(m.meter, m.alphabet(), []position{m.start()}, m.step, m.accepted)
	return languageOf(a), nil
}

// matcher steps through a compiled expression. A position is an instruction
// that was come to, or the rest of a rune and the instruction behind it; and
// what an assertion there can see of the byte before.
type matcher struct {
	*meter
	prog     *syntax.Prog
	asserts  bool       // whether the program has assertions
	starts   [][]uint32 // by instruction, where its runes begin
	nodes    []node
	index    map[node]uint32 // of nodes
	visited  []int           // by instruction, the closure it was last in
	closures int
}

// node is the first byte of the rest of a rune; next is the node of the byte
// after it, or 0 at the end.
type node struct {
	lo, hi byte
	next   uint32
}

// What assertions can see of the byte before.
const (
	afterOther position = iota << 62
	afterWord
	afterLineFeed
	beginning
)

func newMatcher(prog *syntax.Prog, m *meter) *matcher {
	x := &matcher{meter: m, prog: prog, starts: make([][]uint32, len(prog.Inst)), nodes: make([]node, 1),
		index: map[node]uint32{}, visited: make([]int, len(prog.Inst))}
	type class struct {
		runes *rune
		fold  bool
	}
	known := map[class][]uint32{} // repetitions share their runes
	for pc := range prog.Inst {
		inst := &prog.Inst[pc]
		switch inst.Op {
		case syntax.InstEmptyWidth:
			x.asserts = true
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if len(inst.Rune) == 0 {
				continue
			}
			key := class{&inst.Rune[0], syntax.Flags(inst.Arg)&syntax.FoldCase != 0}
			if _, ok := known[key]; !ok {
				known[key] = x.encode(inst.Rune, key.fold)
			}
			x.starts[pc] = known[key]
		}
	}
	return x
}

// encode gives the nodes at which the runes of an instruction begin: one rune,
// in all its cases if fold is set, or pairs of the first and last of a range.
func (m *matcher) encode(runes []rune, fold bool) []uint32 {
	if len(runes) != 1 {
		var out []uint32
		for pair := range slices.Chunk(runes, 2) {
			out = m.encodeRange(out, pair[0], pair[1])
		}
		return out
	}
	out := m.encodeRange(nil, runes[0], runes[0])
	if fold {
		for r := unicode.SimpleFold(runes[0]); r != runes[0]; r = unicode.SimpleFold(r) {
			out = m.encodeRange(out, r, r)
		}
	}
	return out
}

// encodeRange cuts the range until the runes of each part are the product of
// one range for each of their bytes. Surrogates are no UTF-8.
func (m *matcher) encodeRange(out []uint32, lo, hi rune) []uint32 {
	m.spend(1)
	both := func(end, begin rune) []uint32 {
		return m.encodeRange(m.encodeRange(out, lo, end), begin, hi)
	}
	const surrogates, afterSurrogates = 0xD800, 0xE000
	switch {
	case lo > hi:
		return out
	case lo < afterSurrogates && hi >= surrogates:
		return both(surrogates-1, afterSurrogates)
	}
	for _, last := range []rune{0x7F, 0x7FF, 0xFFFF} {
		if lo <= last && last < hi {
			return both(last, last+1)
		}
	}
	for bits := 6; bits < 6*utf8.RuneLen(hi); bits += 6 {
		low := rune(1)<<bits - 1
		switch {
		case lo&^low == hi&^low:
		case lo&low != 0:
			return both(lo|low, (lo|low)+1)
		case hi&low != low:
			return both(hi&^low-1, hi&^low)
		}
	}
	first, last := []byte(string(lo)), []byte(string(hi))
	next := uint32(0)
	for i := len(first) - 1; i >= 0; i-- {
		next = m.intern(node{first[i], last[i], next})
	}
	return append(out, next)
}

func (m *matcher) intern(n node) uint32 {
	id, ok := m.index[n]
	if !ok {
		id = uint32(len(m.nodes))
		m.index[n] = id
		m.nodes = append(m.nodes, n)
	}
	return id
}

// alphabet tells apart the bytes that runes or assertions do.
func (m *matcher) alphabet() alphabet {
	var cut [257]int
	tell := func(lo, hi byte) { cut[lo], cut[int(hi)+1] = 1, 1 }
	for _, n := range m.nodes[1:] {
		tell(n.lo, n.hi)
	}
	if m.asserts {
		tell('\n', '\n')
		tell('0', '9')
		tell('A', 'Z')
		tell('_', '_')
		tell('a', 'z')
	}
	for i := range 256 {
		cut[i+1] += cut[i]
	}
	return alphabetBy(func(b byte) int { return cut[b] })
}

// start is the position before the first byte.
func (m *matcher) start() position {
	if m.asserts {
		return beginning | position(m.prog.Start)
	}
	return position(m.prog.Start)
}

// sight is what an assertion can see of the byte.
func (m *matcher) sight(b byte) position {
	switch {
	case !m.asserts:
		return afterOther
	case b == '\n':
		return afterLineFeed
	case syntax.IsWordChar(rune(b)):
		return afterWord
	}
	return afterOther
}

func (m *matcher) step(to, from []position, b byte) []position {
	m.closures++
	seen := m.sight(b)
	read := func(at, pc uint32) {
		m.spend(1)
		if n := m.nodes[at]; n.lo <= b && b <= n.hi {
			to = append(to, seen|position(n.next)<<32|position(pc))
		}
	}
	for _, p := range from {
		if at := uint32(p>>32) & (1<<30 - 1); at != 0 {
			read(at, uint32(p))
			continue
		}
		m.close(p, rune(b), func(pc uint32) {
			for _, at := range m.starts[pc] {
				read(at, m.prog.Inst[pc].Out)
			}
		})
	}
	return to
}

// accepted reports whether the expression may end at one of the positions.
func (m *matcher) accepted(set []position) bool {
	m.closures++
	match := false
	for _, p := range set {
		if p<<2>>34 == 0 { // not inside a rune
			m.close(p, -1, func(pc uint32) { match = match || m.prog.Inst[pc].Op == syntax.InstMatch })
		}
	}
	return match
}

// close visits the instructions that a position leads to when the byte after
// it is as given (-1 for none), and that this closure did not visit before.
func (m *matcher) close(p position, after rune, visit func(pc uint32)) {
	before := [...]rune{afterOther >> 62: ' ', afterWord >> 62: 'a', afterLineFeed >> 62: '\n', beginning >> 62: -1}
	holds := syntax.EmptyOpContext(before[p>>62], after)
	pending := []uint32{uint32(p)}
	for len(pending) > 0 {
		pc := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if m.visited[pc] == m.closures {
			continue
		}
		m.visited[pc] = m.closures
		m.spend(1)
		visit(pc)
		switch inst := &m.prog.Inst[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			pending = append(pending, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			pending = append(pending, inst.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^holds == 0 {
				pending = append(pending, inst.Out)
			}
		}
	}
}
