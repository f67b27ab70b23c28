package manifest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// maxKey is how long a printed key may be: YAML readers look no more than 1,024
// characters ahead for the colon. Label and annotation keys have 317 at most.
const maxKey = 1000

// child is a member of a mapping that is being printed.
type child struct {
	node int32
	rank int // its place in the layout; len(keys) for a key that is not there
}

// printMapping prints the members of mapping i at an indent. The first member
// continues the line if inline, which follows a sequence's dash.
func (p *printer) printMapping(dst []byte, i int32, l *shape, indent int, inline bool) ([]byte, error) {
	base := len(p.order)
	if err := p.members(i, l); err != nil {
		return dst, err
	}
	end := len(p.order)
	var err error
	for at := base; at < end; at++ {
		c := p.order[at] // by index: printing what is below may move the stack
		if !inline {
			dst = appendSpaces(dst, indent)
		}
		inline = false
		if key := p.key(c.node); c.rank < len(l.keys) {
			dst = append(dst, key...) // known keys are plain
		} else {
			start := len(dst)
			if dst = appendString(dst, key); len(dst)-start > maxKey {
				return dst, fmt.Errorf("key %.40q... is longer than YAML can say on one line", key)
			}
		}
		if dst, err = p.printValue(dst, c.node, l.below(c.rank), indent); err != nil {
			return dst, err
		}
	}
	p.order = p.order[:base]
	return dst, nil
}

// printValue prints what follows a key.
func (p *printer) printValue(dst []byte, i int32, in *shape, indent int) ([]byte, error) {
	dst = append(dst, ':')
	n := &p.nodes[i]
	if n.kind < sequence || p.hollow(i, in) {
		dst = append(dst, ' ')
		return append(p.appendScalar(dst, i), '\n'), nil
	}
	dst = append(dst, '\n')
	if n.kind == sequence {
		return p.printSequence(dst, i, in, indent, false) // dashes stand under the key
	}
	return p.printMapping(dst, i, in, indent+2, false)
}

// printSequence prints the items of sequence i, with their dashes at an indent.
func (p *printer) printSequence(dst []byte, i int32, in *shape, indent int, inline bool) ([]byte, error) {
	var err error
	for c := i + 1; c < p.nodes[i].next; c = p.nodes[c].next {
		if !inline {
			dst = appendSpaces(dst, indent)
		}
		inline = false
		dst = append(dst, "- "...)
		switch {
		case p.nodes[c].kind < sequence || p.hollow(c, in):
			dst = append(p.appendScalar(dst, c), '\n')
		case p.nodes[c].kind == sequence:
			dst, err = p.printSequence(dst, c, in, indent+2, true)
		default:
			dst, err = p.printMapping(dst, c, in, indent+2, true)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendScalar prints a value that fits on the key's line, empty collections among
// them.
func (p *printer) appendScalar(dst []byte, i int32) []byte {
	switch p.nodes[i].kind {
	case mapping:
		return append(dst, "{}"...)
	case sequence:
		return append(dst, "[]"...)
	case str:
		return appendString(dst, p.data(i))
	case number:
		return appendNumber(dst, p.data(i))
	default:
		return append(dst, p.data(i)...)
	}
}

// members pushes the printed members of mapping i, in order.
func (p *printer) members(i int32, l *shape) error {
	base := len(p.order)
	for c := i + 1; c < p.nodes[i].next; c = p.nodes[c].next {
		rank := l.rank(p.key(c))
		if !p.omitted(c, l, rank) {
			p.order = append(p.order, child{c, rank})
		}
	}
	if p.impliedIn == i {
		p.order = append(p.order, child{p.implied, l.rank(p.key(p.implied))})
	}
	members := p.order[base:]
	slices.SortFunc(members, func(a, b child) int {
		if a.rank != b.rank {
			return cmp.Compare(a.rank, b.rank)
		}
		x, y := p.key(a.node), p.key(b.node)
		if l.numeric && len(x) != len(y) {
			return cmp.Compare(len(x), len(y)) // of decimal numbers the longer is greater
		}
		return bytes.Compare(x, y)
	})
	for j := 1; j < len(members); j++ {
		if a, b := members[j-1], members[j]; a.rank == b.rank && bytes.Equal(p.key(a.node), p.key(b.node)) {
			return fmt.Errorf("key %q is there twice", p.key(a.node))
		}
	}
	return nil
}

// omitted reports that a member says nothing that its absence does not.
func (p *printer) omitted(i int32, l *shape, rank int) bool {
	if p.nodes[i].kind == null && l.nullsAreAbsent {
		return true
	}
	return l.below(rank).emptyIsAbsent && (p.nodes[i].kind == null || p.nodes[i].kind == mapping && p.empty(i))
}

// hollow reports that nothing of a collection is printed, so that it must be
// printed as an empty one.
func (p *printer) hollow(i int32, in *shape) bool {
	if p.empty(i) {
		return true
	}
	if p.nodes[i].kind != mapping || p.impliedIn == i {
		return false
	}
	for c := i + 1; c < p.nodes[i].next; c = p.nodes[c].next {
		if !p.omitted(c, in, in.rank(p.key(c))) {
			return false
		}
	}
	return true
}

const spaces = "                                                                "

func appendSpaces(dst []byte, n int) []byte {
	for n > len(spaces) {
		dst = append(dst, spaces...)
		n -= len(spaces)
	}
	return append(dst, spaces[:n]...)
}
