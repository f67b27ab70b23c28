package conformance

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/random"
)

// maxSeeds bounds the intents that a mistake is looked for in.
const maxSeeds = 400

// TestMistakes makes the mistakes that backends of such formats make in what is
// rendered, and demands that the translation check sees each. The documents stay
// such as the vendor takes.
func TestMistakes(t *testing.T) {
	for _, m := range []struct {
		name   string
		family *Family
		change func(map[string]any) bool
	}{
		{"namespace and labels of a peer as alternatives", families[0], apart},
		{"a range without its exceptions", families[0], without("except")},
		{"a path that need not begin or end there", families[2], loose},
	} {
		t.Run(m.name, func(t *testing.T) {
			p := m.family.profiles(t)[0]
			intents := rapid.Custom(func(rt *rapid.T) string { return random.Intent(rt, random.Dialects[m.family.Name]) })
			tried := 0
			for i := range maxSeeds {
				changed := false
				s, differ := m.family.translate(t, p, intents.Example(i), func(docs []oracle.Document) []oracle.Document {
					docs, changed = mutated(t, docs, m.change)
					return docs
				}, &Scoreboard{})
				if !changed {
					continue
				}
				tried++
				if differ != "" && s.Flows > 0 {
					t.Logf("seen in the %d. of those that it changes\n%s", tried, differ[:strings.Index(differ, "--- intent")])
					return
				}
			}
			t.Errorf("not seen in any of %d intents that it changes", tried)
		})
	}
}

// mutated changes every object of the documents, from the inside out, and reports
// whether that changed anything.
func mutated(t *testing.T, docs []oracle.Document, change func(map[string]any) bool) ([]oracle.Document, bool) {
	t.Helper()
	var out []oracle.Document
	some := false
	for _, d := range docs {
		var tree map[string]any
		if err := yaml.Unmarshal(d.Text, &tree); err != nil {
			t.Fatal(err)
		}
		some = everywhere(tree, change) || some
		text, err := yaml.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, oracle.Document{Source: d.Source, Text: text})
	}
	return out, some
}

func everywhere(v any, change func(map[string]any) bool) bool {
	some := false
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			some = everywhere(inner, change) || some
		}
		return change(v) || some
	case []any:
		for _, inner := range v {
			some = everywhere(inner, change) || some
		}
	}
	return some
}

// apart makes a peer with two selectors two peers.
func apart(rule map[string]any) bool {
	some := false
	for _, end := range []string{"from", "to"} {
		peers, _ := rule[end].([]any)
		var out []any
		for _, p := range peers {
			peer, _ := p.(map[string]any)
			if peer["namespaceSelector"] == nil || peer["podSelector"] == nil {
				out = append(out, p)
				continue
			}
			some = true
			out = append(out, map[string]any{"namespaceSelector": peer["namespaceSelector"]}, map[string]any{"podSelector": peer["podSelector"]})
		}
		if len(peers) > 0 {
			rule[end] = out
		}
	}
	return some
}

// without drops a field.
func without(field string) func(map[string]any) bool {
	return func(object map[string]any) bool {
		_, has := object[field]
		delete(object, field)
		return has
	}
}

// loose lets anything stand before and after the path of a request.
func loose(rule map[string]any) bool {
	path, ok := rule["path"].(string)
	if ok {
		rule["path"] = "(.*)(" + path + ")(.*)"
	}
	return ok
}
