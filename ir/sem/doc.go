// Package sem evaluates programs: it is what a policy means.
//
// It does so twice. Decide gives the verdict on one flow, with the rules that
// decided; it is slow, obvious and the judge of the rest. A Comparison answers
// for all flows at once: it holds the exact set of flows that a policy allows as
// a decision diagram over what tells flows apart (package diagram), so that two
// policies are compared for every cluster that the declared facts allow, and a
// difference comes with its least flow.
//
//	c, err := sem.Compare(intent, emitted, sem.Options{Scope: sem.CNI})
//	if w, ok := c.Widened(); ok { fmt.Println(w.Flow) }
package sem
