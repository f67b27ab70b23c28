package conformance

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/golden/oracle/random"
)

// stacked is the stacks that intents are drawn for, with what each can say. Which
// pods and nodes a range is about, native policies have stated.
var stacked = []struct{ target, dialect string }{
	{"kubernetes,cidr_matches_pods=true,cidr_matches_nodes=true+istio", "sidecars"},
	{"calico+istio", "sidecars"},
	{"cilium+istio", "sidecars"},
	{"kubernetes,cidr_matches_pods=true,cidr_matches_nodes=true+istio-ambient", "ambient"},
	{"calico+istio-ambient", "ambient"},
	{"cilium+istio-ambient", "ambient"},
}

// randomStacks draws intents and compares as goldenStacks does. Whether the parts
// of a stack are exact together is the proof's to say: what it refuses is counted
// as what cannot be expressed, and it is asked only where the engines differ from
// the intent.
func randomStacks(t *testing.T, families []*Family, programs int, board *Scoreboard) {
	draws(t, programs, func(rt *rapid.T) {
		x := rapid.SampledFrom(stacked).Draw(rt, "stack")
		text := random.Intent(rt, random.Dialects[x.dialect])
		r, ok := rendered(rt, text, x.target)
		s, differ := Score{Cannot: 1}, ""
		if ok {
			s, differ = judgeStack(rt, r, families, asEmitted, brief, board)
		}
		if differ != "" {
			if _, proved := renderedWith(rt, text, x.target, pipeline.Options{Strict: true}); !proved {
				s, differ = Score{Cannot: 1}, ""
			}
		}
		s.Family, s.Check = "stack", "translation"
		board.Add(s)
		if differ != "" {
			rt.Fatalf("for %s\n%s\n--- intent\n%s", x.target, differ, text)
		}
	})
	board.enough(t, "stack", "translation")
}
