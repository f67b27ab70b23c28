package cilium

import (
	"testing"

	"pgregory.net/rapid"
)

// What is drawn is accepted, so that it says something of meaning.
func TestDraw(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		rejections, err := New().Accept(Draw(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rejections {
			t.Fatalf("%s\n%s", r.Reason, r.Document.Text)
		}
	})
}
