package conformance

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle"
)

func TestStacks(t *testing.T) { Stacks(t, families, *programs, &board) }

// TestStackMistakes makes mistakes in what is rendered for a CNI or for a mesh,
// and demands that the flows of the stack show each.
func TestStackMistakes(t *testing.T) {
	closeAll(t, families)
	for _, m := range []struct {
		name, golden, target string
		change               func(*testing.T, []oracle.Document) []oracle.Document
	}{
		{"the CNI's policies left out", "ambient", "calico+istio-ambient", leftOut("kind: NetworkPolicy")},
		{"the mesh's policies left out", "ambient", "calico+istio-ambient", leftOut("kind: AuthorizationPolicy")},
		{"every port let in by ztunnel", "ambient", "cilium+istio-ambient", all(without("to"))},
		{"the CNI told of another port than the tunnel's", "ambient", "cilium+istio-ambient", replaced(`"15008"`, `"8080"`)},
		{"the CNI closed to probes", "ambient", "cilium+istio-ambient", all(without("fromCIDRSet"))},
		{"every request let through by the waypoint", "ambient-waypoint", "cilium+istio-ambient", leftOut("targetRefs:")},
		{"the sender let past the waypoint", "ambient-waypoint", "cilium+istio-ambient", replaced("- shop/way\n", "- shop/web\n")},
		{"the waypoint closed by the CNI", "ambient-waypoint", "calico+istio-ambient", leftOut("name: way\n")},
		{"every path let in by a sidecar", "requests-in-the-mesh", "kubernetes+istio", all(without("paths"))},
	} {
		t.Run(m.name, func(t *testing.T) {
			list := stacksOf(t, filepath.Join(goldens, "stack", m.golden), families)
			for i := range list {
				if list[i].Target.Name != m.target {
					continue
				}
				change := func(docs []oracle.Document) []oracle.Document { return m.change(t, docs) }
				s, differ := judgeStack(t, &list[i], families, change, thorough, &Scoreboard{})
				if differ == "" {
					t.Fatalf("not seen in %d flows", s.Flows)
				}
				t.Log(differ[:strings.Index(differ, "--- ")])
				return
			}
			t.Errorf("there is no target %s", m.target)
		})
	}
}

// leftOut leaves out the documents with a text.
func leftOut(text string) func(*testing.T, []oracle.Document) []oracle.Document {
	return func(_ *testing.T, docs []oracle.Document) []oracle.Document {
		return slices.DeleteFunc(slices.Clone(docs), func(d oracle.Document) bool { return strings.Contains(string(d.Text), text) })
	}
}

// replaced replaces a text everywhere.
func replaced(old, by string) func(*testing.T, []oracle.Document) []oracle.Document {
	return func(_ *testing.T, docs []oracle.Document) []oracle.Document {
		out := slices.Clone(docs)
		for i := range out {
			out[i].Text = []byte(strings.ReplaceAll(string(out[i].Text), old, by))
		}
		return out
	}
}

// all changes every object of the documents.
func all(change func(map[string]any) bool) func(*testing.T, []oracle.Document) []oracle.Document {
	return func(t *testing.T, docs []oracle.Document) []oracle.Document {
		out, _ := mutated(t, docs, change)
		return out
	}
}
