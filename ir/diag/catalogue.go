package diag

import (
	"slices"
	"strings"
	"sync"
)

// Code names a kind of diagnostic: P and four digits. A code is stable, never
// reused, documented in the catalogue and triggered by a golden case.
//
// P1 is about reading the intent, P2 about what it means, P3 about targets and
// what they accept, P4 about what a target cannot say, P6 about reading
// manifests, P7 about the proof and tests.
type Code string

// Entry is what the catalogue says of a code.
type Entry struct {
	Code     Code
	Severity Severity
	Title    string // a few words
	Text     string // Markdown: what it means, why it is so, what to do
}

// Catalogue gives every entry, sorted by code.
var Catalogue = sync.OnceValue(func() []Entry {
	all := slices.Concat(readingEntries(), meaningEntries(), targetEntries(), manifestEntries(), proofEntries())
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return all
})

// Lookup finds the entry of a code.
func Lookup(c Code) (Entry, bool) {
	all := Catalogue()
	i, ok := slices.BinarySearchFunc(all, c, func(e Entry, c Code) int { return strings.Compare(string(e.Code), string(c)) })
	if !ok {
		return Entry{}, false
	}
	return all[i], true
}
