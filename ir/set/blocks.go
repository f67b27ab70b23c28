package set

import (
	"net/netip"
	"slices"
)

// Block is the addresses of Prefix without those of Except. Each exception is
// a part of Prefix, not all of it; they are disjoint and ascending.
type Block struct {
	Prefix netip.Prefix
	Except []netip.Prefix
}

// String gives "10.0.0.0/8" or "10.0.0.0/8 (except 10.1.0.0/16,10.3.0.0/16)".
func (b Block) String() string {
	if len(b.Except) == 0 {
		return b.Prefix.String()
	}
	return b.Prefix.String() + " (except " + join(b.Except) + ")"
}

// Blocks gives the set as prefixes with exceptions, as policies write it: the
// fewest prefixes and exceptions together and, among those, the fewest
// exceptions. So two prefixes stay two prefixes, and 10.0.0.0/8 without
// 10.1.0.0/16 is one block. IPv4 comes before IPv6, ascending.
//
// No two of the prefixes overlap, so that all of the prefixes and all of the
// exceptions, each in a list of their own, say the same.
func (a Addresses) Blocks() []Block {
	return slices.Concat(blocks(a.v4, 32), blocks(a.v6, 128))
}

func blocks(l line[address], width int) []Block {
	var c chooser
	in := len(l) > 0 && l[0] == address{}
	if in {
		l = l[1:]
	}
	c.choose(part{in: in, flips: l})
	out := make([]Block, len(c.chosen))
	for i, p := range c.chosen {
		out[i] = Block{p.prefix(width), p.holes(width)}
	}
	return out
}

// part is what a set is within a subnet: whether it has the first address,
// and where that flips after the first address.
type part struct {
	subnet
	in    bool
	flips line[address]
}

// halves splits a part that flips somewhere.
func (p part) halves() (left, right part) {
	length := p.length + 1
	left = part{subnet{p.first, length}, p.in, p.flips}
	right = part{subnet{left.end(), length}, p.in, nil}
	n, found := slices.BinarySearchFunc(p.flips, right.first, address.compare)
	left.flips, right.flips = p.flips[:n], p.flips[n:]
	if n%2 == 1 {
		right.in = !right.in
	}
	if found {
		right.in, right.flips = !right.in, right.flips[1:]
	}
	return left, right
}

// holes gives the fewest prefixes of what the set does not have of the part.
func (p part) holes(width int) []netip.Prefix {
	var flips line[address]
	if !p.in {
		flips = append(flips, p.first)
	}
	flips = append(flips, p.flips...)
	if len(flips)%2 == 1 {
		flips = append(flips, p.end())
	}
	var out []netip.Prefix
	for i := 0; i < len(flips); i += 2 {
		out = appendCover(out, span[address]{flips[i], flips[i+1]}, width)
	}
	return out
}

// chooser finds the parts to make blocks of, by dynamic programming over the
// binary tree of subnets. It goes below those subnets only in which the set
// flips: as many as there are flips, at each of the 128 lengths at most.
type chooser struct{ chosen []part }

// choose appends the blocks for the part. It gives the prefixes and exceptions
// they take together, and the exceptions it would take to make one block of
// the part. At equal cost the halves win, with fewer exceptions: both have a
// block then, for where one half is empty the other half as one block is
// cheaper than the part as one block, which has the empty half to except too.
func (c *chooser) choose(p part) (cost, exceptions int) {
	if len(p.flips) == 0 {
		switch {
		case p.subnet == mapped:
			return 0, 0
		case p.in:
			c.chosen = append(c.chosen, p)
			return 1, 0
		}
		return 0, 1
	}
	mark := len(c.chosen)
	left, right := p.halves()
	leftCost, leftExceptions := c.choose(left)
	rightCost, rightExceptions := c.choose(right)
	cost, exceptions = leftCost+rightCost, leftExceptions+rightExceptions
	if 1+exceptions < cost {
		c.chosen = append(c.chosen[:mark], p)
		cost = 1 + exceptions
	}
	return cost, exceptions
}
