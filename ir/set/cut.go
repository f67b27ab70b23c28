package set

import "slices"

// IndexRange is the parts of a cut from First to Last, both included.
type IndexRange struct{ First, Last int }

// PortCut is the ports 1 to 65535 in the fewest ranges that some sets are
// unions of.
type PortCut struct{ points []port }

// CutPorts cuts the ports by the sets.
func CutPorts(sets ...Ports) PortCut {
	points := []port{firstPort}
	for _, s := range sets {
		points = append(points, s.line...)
	}
	return PortCut{ascending(points)}
}

// Len is the number of parts.
func (c PortCut) Len() int { return len(c.points) }

// Part is the i-th part.
func (c PortCut) Part(i int) PortRange {
	last := uint16(65535)
	if i+1 < len(c.points) {
		last = uint16(c.points[i+1] - 1)
	}
	return PortRange{uint16(c.points[i]), last}
}

// Ranges gives the parts that make up a set that cut, ascending. Of another set
// it gives the parts that the set does not cover whole either.
func (c PortCut) Ranges(s Ports) []IndexRange { return ranges(c.points, s.line, 0) }

// AddressCut is all addresses in the fewest ranges that some sets are unions
// of, those of IPv4 before those of IPv6.
type AddressCut struct{ v4, v6 []address }

// CutAddresses cuts the addresses by the sets.
func CutAddresses(sets ...Addresses) AddressCut {
	v4, v6 := []address{{}}, []address{{}}
	for _, s := range sets {
		v4, v6 = append(v4, s.v4...), append(v6, s.v6...)
	}
	return AddressCut{ascending(v4), ascending(v6)}
}

// Len is the number of parts.
func (c AddressCut) Len() int { return len(c.v4) + len(c.v6) }

// IPv4 gives the parts that are of IPv4; the rest are of IPv6.
func (c AddressCut) IPv4() IndexRange { return IndexRange{0, len(c.v4) - 1} }

// Part is the i-th part.
func (c AddressCut) Part(i int) Addresses {
	if i < len(c.v4) {
		return Addresses{v4: between(c.v4, i)}
	}
	return Addresses{v6: between(c.v6, i-len(c.v4))}
}

// Ranges gives the parts that make up a set that cut, ascending. Of another set
// it gives the parts that the set does not cover whole either.
func (c AddressCut) Ranges(a Addresses) []IndexRange {
	return append(ranges(c.v4, a.v4, 0), ranges(c.v6, a.v6, len(c.v4))...)
}

func ascending[P point[P]](points []P) []P {
	slices.SortFunc(points, P.compare)
	return slices.Compact(points)
}

func between(points []address, i int) line[address] {
	if i+1 < len(points) {
		return line[address]{points[i], points[i+1]}
	}
	return line[address]{points[i]}
}

func ranges[P point[P]](points []P, l line[P], from int) []IndexRange {
	var out []IndexRange
	for i := 0; i < len(l); i += 2 {
		first, found := slices.BinarySearchFunc(points, l[i], P.compare)
		if !found {
			first--
		}
		last := len(points)
		if i+1 < len(l) {
			last, _ = slices.BinarySearchFunc(points, l[i+1], P.compare)
		}
		out = append(out, IndexRange{from + first, from + last - 1})
	}
	return out
}
