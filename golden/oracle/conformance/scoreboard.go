package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Score is what a check counted.
type Score struct {
	Family, Check string

	Cases   int // sets of documents that were compared
	Cannot  int // that could not be: refused by the one side or the other
	Flows   int
	Agree   int
	Argued  int // flows of argued differences
	Unknown int // flows on which Portolan's verdict is unknown
	Silent  int // flows that the engine's code at hand does not decide
}

// add counts more of the same.
func (s *Score) add(o Score) {
	s.Cases += o.Cases
	s.Cannot += o.Cannot
	s.Flows += o.Flows
	s.Agree += o.Agree
	s.Argued += o.Argued
	s.Unknown += o.Unknown
	s.Silent += o.Silent
}

// Scoreboard is the scores of a run. It may be used by several goroutines.
type Scoreboard struct {
	mu     sync.Mutex
	scores []Score
	argued map[string]int // flows, by the difference's name
}

// Add counts more of a check.
func (b *Scoreboard) Add(s Score) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.scores, func(o Score) bool { return o.Family == s.Family && o.Check == s.Check })
	if i < 0 {
		b.scores = append(b.scores, Score{Family: s.Family, Check: s.Check})
		i = len(b.scores) - 1
	}
	b.scores[i].add(s)
}

// met counts a flow of an argued difference.
func (b *Scoreboard) met(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.argued == nil {
		b.argued = map[string]int{}
	}
	b.argued[name]++
}

// Met gives how many flows had an argued difference.
func (b *Scoreboard) Met(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.argued[name]
}

// enough demands of a check that a third of what was drawn could be compared: what
// cannot is no test of anything.
func (b *Scoreboard) enough(t *testing.T, family, check string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.scores {
		if s.Family == family && s.Check == check && s.Cannot > 2*s.Cases {
			t.Errorf("%d of %d cases could not be compared", s.Cannot, s.Cannot+s.Cases)
		}
	}
}

// Table is the scores in Markdown, by family and check.
func (b *Scoreboard) Table() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortFunc(b.scores, func(x, y Score) int {
		return cmp.Or(strings.Compare(x.Family, y.Family), strings.Compare(x.Check, y.Check))
	})
	var out strings.Builder
	fmt.Fprintln(&out, "| family | check | cases | flows | agree | argued | unknown | undecided | cannot express |")
	fmt.Fprintln(&out, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, s := range b.scores {
		fmt.Fprintf(&out, "| %s | %s | %d | %d | %d | %d | %d | %d | %d |\n", s.Family, s.Check, s.Cases, s.Flows, s.Agree, s.Argued, s.Unknown, s.Silent, s.Cannot)
	}
	return out.String()
}
