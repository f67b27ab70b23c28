package set

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// PortRange is the ports from First to Last, both included.
type PortRange struct{ First, Last uint16 }

// String gives "80" or "8000-8080".
func (r PortRange) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Ports is a set of the ports 1 to 65535. Port 0 is no port that a policy can
// name or a flow can have, and no set has it. The zero Ports is empty.
type Ports struct{ line line[port] }

type port uint16

func (p port) compare(q port) int { return cmp.Compare(p, q) }

const firstPort port = 1

// PortsOf is the union of the ranges, in any order; none make the empty set.
// It panics on a range that is not 1 <= First <= Last: callers check their
// input before they get here.
func PortsOf(ranges ...PortRange) Ports {
	spans := make([]span[port], len(ranges))
	for i, r := range ranges {
		if r.First == 0 || r.First > r.Last {
			panic(fmt.Sprintf("set: no range of ports: %d-%d", r.First, r.Last))
		}
		spans[i] = span[port]{port(r.First), port(r.Last) + 1}
	}
	return Ports{lineOf(spans)}
}

// SinglePort is the set of one port. It panics on port 0.
func SinglePort(p uint16) Ports { return PortsOf(PortRange{p, p}) }

// AllPorts is every port, 1 to 65535.
func AllPorts() Ports { return Ports{line[port]{firstPort}} }

// Union is the ports in either set.
func (s Ports) Union(t Ports) Ports { return Ports{s.line.combine(t.line, either)} }

// Intersect is the ports in both sets.
func (s Ports) Intersect(t Ports) Ports { return Ports{s.line.combine(t.line, both)} }

// Subtract is the ports of s that are not in t.
func (s Ports) Subtract(t Ports) Ports { return Ports{s.line.combine(t.line, firstOnly)} }

// Complement is every port, 1 to 65535, that is not in the set.
func (s Ports) Complement() Ports { return Ports{s.line.complement(firstPort)} }

// Contains reports whether the set has the port; it never has port 0.
func (s Ports) Contains(p uint16) bool { return s.line.holds(port(p)) }

// ContainsAll reports whether every port of t is in s, as for an empty t.
func (s Ports) ContainsAll(t Ports) bool { return !t.line.some(s.line, firstOnly) }

// IsEmpty reports that the set has no port.
func (s Ports) IsEmpty() bool { return len(s.line) == 0 }

// IsAll reports that the set has every port, 1 to 65535.
func (s Ports) IsAll() bool { return s.line.isAll(firstPort) }

// Ranges gives the fewest ranges that make up the set, ascending: no two
// overlap or touch. The caller owns the slice.
func (s Ports) Ranges() []PortRange {
	var out []PortRange
	for r := range s.line.spans() {
		out = append(out, PortRange{uint16(r.first), uint16(r.end - 1)})
	}
	return out
}

// Count is the number of ports in the set.
func (s Ports) Count() int {
	n := 0
	for _, r := range s.Ranges() {
		n += int(r.Last-r.First) + 1
	}
	return n
}

// Equal reports whether both sets have the same ports.
func (s Ports) Equal(t Ports) bool { return slices.Equal(s.line, t.line) }

// String is the canonical text, the same for equal sets only:
// "80,443,8000-8080", "any" for every port and "none" for no port.
func (s Ports) String() string {
	switch {
	case s.IsAll():
		return "any"
	case s.IsEmpty():
		return "none"
	}
	return join(s.Ranges())
}

// join is the texts of the parts with commas between.
func join[T fmt.Stringer](parts []T) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.String()
	}
	return strings.Join(texts, ",")
}
