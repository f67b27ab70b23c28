// Package diagram is the engine of the proof: exact sets of assignments to
// finite variables, as binary decision diagrams.
//
//	s := diagram.New([]int{3, 300}, 1<<20) // a protocol and a class of ports
//	web := s.Cube([]diagram.Literal{
//		{Var: 0, Spans: []diagram.Span{{First: 1, Last: 1}}},
//		{Var: 1, Spans: []diagram.Span{{First: 80, Last: 80}, {First: 443, Last: 443}}},
//	})
//	s.Pick(web) // [1 80]
//
// Equal sets are == within a Space. The order of the variables decides the size
// of the diagrams: variables that rules compare should stand close together.
// All work is bounded, and what goes over the bound is never answered; see
// [Bounded].
package diagram
