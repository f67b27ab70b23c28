package rollout

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// What goes over a bound is no answer.
func TestBounds(t *testing.T) {
	e := cni(t, "kubernetes")
	var many strings.Builder
	for i := range maxChanges + 1 {
		many.WriteString(side(fmt.Sprintf("p%d", i), "web", "Ingress"))
	}
	var unfound *Unfound
	if _, err := Find(e.input(t, "", many.String())); !errors.As(err, &unfound) {
		t.Error("too many changes:", err)
	}

	in := e.input(t, side("a", "a", "Ingress"), side("b", "b", "Ingress"))
	in.Options.MaxNodes = 8
	var unproved *sem.Unproved
	if plan, err := Find(in); !errors.As(err, &unproved) {
		t.Error("a small space:", plan, err)
	}
}

// What the engine would not take together is said, with the step that would
// bring it about.
func TestUnreadable(t *testing.T) {
	e := cni(t, "kubernetes")
	in := e.input(t, side("a", "web", "Ingress"), side("b", "web", "Ingress"))
	in.Lift = func(docs []manifest.Document) (sem.Policy, diag.List) {
		p, diags := e.lift(docs)
		if len(docs) > 1 {
			diags.Add(diag.DuplicateObject, diag.Range{}, "There is one too many.", "")
		}
		return p, diags
	}
	var unreadable *Unreadable
	if plan, err := Find(in); !errors.As(err, &unreadable) || unreadable.After != "create NetworkPolicy shop/b" {
		t.Error(plan, err)
	}
}
