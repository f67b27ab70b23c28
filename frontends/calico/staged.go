package calico

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends/kubernetes"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// The actions of staged policies (api/pkg/apis/projectcalico/v3/common.go). Only
// Set, the default, says what the policy would be.
var stagedActions = []string{"Set", "Delete", "Learn", "Ignore"}

// isSet reports whether a staged policy would be as it is written if it were
// enforced. Others have no effect (felix never gets them, or passes over them).
func (l *lifting) isSet(spec *manifest.Object, p *policy) bool {
	v := spec.Field("stagedAction")
	action, _ := v.Word(stagedActions...)
	if action == "" || action == "Set" {
		return true
	}
	l.decidesNothing(v, p.address(), action)
	return false
}

func (l *lifting) decidesNothing(v manifest.Value, address, action string) {
	l.diags.Add(diag.NoEffect, v.Range(), fmt.Sprintf("%s has stagedAction %s and decides nothing.", address, action),
		"A preview shows what staged policies would decide, and not what goes where one is deleted.")
}

// changes warns of a staged policy with the name of an enforced one, which it
// would replace: the model adds what is staged, and takes nothing away.
func (l *lifting) changes(p *policy) {
	i := slices.IndexFunc(l.policies, func(q policy) bool {
		return "Staged"+q.kind == p.kind && q.namespace == p.namespace && q.name == p.name
	})
	if i >= 0 {
		l.diags.Add(diag.StagedChange, p.at, fmt.Sprintf("%s stages a change of %s.", p.address(), l.policies[i].address()),
			"Enforced, it would take that policy's place. A preview of what is staged has both. Give it another name where it is to stand beside it.").
			Relate(l.policies[i].at, "the policy that it would replace")
	}
}

// readStagedNative keeps a staged native policy for the frontend of native ones:
// but for stagedAction it is one.
func (l *lifting) readStagedNative(d *manifest.Document, _ *kind) {
	set := true
	var ignored diag.List // of the fields that are the other frontend's to read
	d.Object(nil, &ignored, func(o *manifest.Object) {
		o.Field("spec").Object(func(spec *manifest.Object) {
			v := spec.Field("stagedAction")
			word, _ := v.Text()
			switch set = word == "" || word == "Set"; {
			case set:
			case slices.Contains(stagedActions, word):
				l.decidesNothing(v, d.String(), word)
			default:
				l.diags.Add(diag.BadFieldValue, v.Range(), fmt.Sprintf("%s is %q and no staged action.", v.Path(), word), "It is Set, Delete, Learn or Ignore.")
			}
		})
	})
	if !set {
		return
	}
	native := *d
	native.APIVersion, native.Kind = "networking.k8s.io/v1", "NetworkPolicy"
	l.staged = append(l.staged, native)
}

// stagedNative lifts the staged native policies.
func (l *lifting) stagedNative(o lift.Options) []kubernetes.Policy {
	policies, diags := kubernetes.Policies(l.staged, o)
	l.diags = append(l.diags, slices.DeleteFunc(diags, func(d diag.Diagnostic) bool {
		return d.Code == diag.UnknownField && strings.Contains(d.Summary, " spec.stagedAction")
	})...)
	return policies
}

// stage makes a policy a staged one.
func stage(p placed) placed {
	for _, made := range p.by {
		for i := range made.rules {
			made.rules[i].Mode = ir.Staged
			made.rules[i].Origin.Address = "StagedKubernetes" + made.rules[i].Origin.Address
		}
		for i := range made.isolate {
			made.isolate[i].Mode = ir.Staged
			made.isolate[i].Origin.Address = "StagedKubernetes" + made.isolate[i].Origin.Address
		}
	}
	return p
}
