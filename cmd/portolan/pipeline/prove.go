package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/backends/manifest"
	read "github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// maxShown bounds the differences that are shown of one target, of each kind.
const maxShown = 10

// prove reads the files of the target back, and compares what they mean with
// the intent on every flow in the target's scope. What differs is an error.
func (r *Rendered) prove() {
	layers, diags := r.readBack()
	if diags.HasErrors() {
		for _, d := range diags {
			if d.Severity == diag.Error {
				r.fault(diag.NotReadBack, d.Range, "What was rendered for target \""+r.Target.Name+"\" cannot be read back: "+d.Summary, d.Detail)
			}
		}
		return
	}
	o := r.scope()
	intent := r.intent(o)
	r.compare(intent, layers, o, "")
	if !r.Unproved() && (HasStaged(intent) || HasStaged(layers)) {
		r.compare(Previewed(intent), Previewed(layers), o, ", once what is staged is enforced")
	}
}

// compare reports what differs between the intent and what was emitted; when is
// under what, as a clause.
func (r *Rendered) compare(intent, layers sem.Policy, o sem.Options, when string) {
	c, err := sem.Compare(intent, layers, o)
	if err != nil {
		r.unproved(err)
		return
	}
	more, err := c.More(maxShown)
	if err == nil {
		for _, d := range more {
			r.widened(d, when)
		}
		var less []sem.Difference
		less, err = c.Less(maxShown)
		for _, d := range less {
			r.narrowed(d, when)
		}
	}
	if err != nil {
		r.unproved(err)
	}
}

// HasStaged reports that something of the policy is staged.
func HasStaged(p sem.Policy) bool {
	return slices.ContainsFunc(p, func(l sem.Layer) bool { return l.Program.HasStaged() })
}

// Previewed is a policy as it would be with everything staged enforced. What is
// staged decides nothing, so that this is all that a target can get wrong of it.
func Previewed(p sem.Policy) sem.Policy {
	out := make(sem.Policy, len(p))
	for i, l := range p {
		out[i] = sem.Layer{Program: l.Program.Previewed(), Scope: l.Scope}
		out[i].Program.Index()
	}
	return out
}

// intent is what the proof holds the target to: the program that it was rendered
// from, as far as the scope of the target goes. Without a mesh nothing proves
// who sends, and a mesh alone has the destinations' side only. Of manifests it is
// what they mean. Where a stack's mesh gives peers' identity up, the CNI has it
// still, and not the requests.
func (r *Rendered) intent(o sem.Options) sem.Policy {
	parts := r.Target.Parts
	last := parts[len(parts)-1]
	switch {
	case len(r.lifted) == 1 && len(parts) == 1:
		return sem.Policy{{Program: r.lifted[0].Program, Scope: o.Scope}}
	case r.lifted != nil:
		return r.lifted
	case len(parts) == 1:
		return sem.Policy{{Program: r.programFor(last), Scope: o.Scope}}
	case len(r.unidentified) == 0:
		return sem.Policy{{Program: r.Program, Scope: sem.Everything}}
	}
	return sem.Policy{{Program: transports(r.Program), Scope: sem.CNI}, {Program: r.programFor(last), Scope: sem.Mesh}}
}

// transports is a program without requests.
func transports(p *ir.Program) *ir.Program {
	q := p.Clone()
	for _, d := range q.All() {
		if d.Rule.Action == ir.Allow {
			d.Rule.Traffic = d.Rule.Traffic.WithoutRequests()
		}
	}
	q.Index()
	return q
}

// scope gives what the kind of the target governs.
func (r *Rendered) scope() sem.Options {
	o := Scope(r.Target.profiles())
	o.Inventory = r.inventory()
	return o
}

// inventory is what is known of the cluster.
func (r *Rendered) inventory() *ir.Inventory {
	if r.lifted != nil {
		return &r.lifted[0].Program.Inventory
	}
	return &r.Program.Inventory
}

// uncaptured is the ports that Istio never captures: its agent's own
// (istio/istio, tools/istio-iptables/pkg/capture/run.go).
func uncaptured() set.Ports {
	var ports set.Ports
	for _, p := range []uint16{15008, 15020, 15021, 15090} {
		ports = ports.Union(set.SinglePort(p))
	}
	return ports
}

// readBack lifts the very bytes that are to be written.
func (r *Rendered) readBack() (sem.Policy, diag.List) {
	var layers sem.Policy
	var diags diag.List
	for i, t := range r.Target.Parts {
		files, err := manifest.Plan(r.Parts[i].Objects)
		if err != nil {
			diags.Add(diag.NotReadBack, diag.Range{}, err.Error()+".", "")
			continue
		}
		var in []read.File
		for _, f := range files {
			in = append(in, read.File{Name: r.Target.Name + "/" + f.Path, Data: f.Data})
		}
		input, more := read.ReadFiles(in, read.Options{})
		diags = append(diags, more...)
		r.addSources(in)
		p, more := liftLayer(t.Profile, r.Target.profiles(), input.Documents, r.inventory())
		diags = append(diags, more...)
		scope := sem.CNI
		if t.Profile.IsMesh() {
			scope = sem.Mesh
		}
		layers = append(layers, sem.Layer{Program: p, Scope: scope})
	}
	return layers, diags
}

// Unproved reports that the proof of the target failed, or was given up: what
// was rendered for it means something else, or nobody knows what.
func (r *Rendered) Unproved() bool {
	return slices.ContainsFunc(r.Diags, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && slices.Contains([]diag.Code{diag.Widened, diag.Narrowed, diag.Unproved, diag.NotReadBack, diag.Disagreeing}, d.Code)
	})
}

func (r *Rendered) addSources(files []read.File) {
	if r.Sources == nil {
		r.Sources = map[string][]byte{}
	}
	for _, f := range files {
		r.Sources[f.Name] = f.Data
	}
}

func (r *Rendered) fault(code diag.Code, at diag.Range, summary, detail string) *diag.Diagnostic {
	d := r.Diags.Add(code, at, summary, detail)
	d.Target = r.Target.Name
	return d
}

func (r *Rendered) unproved(err error) {
	var bound *sem.Unproved
	if errors.As(err, &bound) {
		r.fault(diag.Unproved, diag.Range{}, fmt.Sprintf("What was rendered for target %q is not proved: %s.", r.Target.Name, bound.Bound),
			"Tell pods apart by one label rather than by many at once.")
		return
	}
	r.fault(diag.Disagreeing, diag.Range{}, fmt.Sprintf("The proof of target %q contradicts itself.", r.Target.Name), err.Error())
}

func (r *Rendered) widened(d sem.Difference, when string) {
	r.differs(diag.Widened, d, &d.A, &d.B, "lets through what the "+r.given()+" denies"+when)
}

func (r *Rendered) narrowed(d sem.Difference, when string) {
	if r.told(d) {
		return
	}
	code, how := diag.Narrowed, "stops what the "+r.given()+" allows"
	if d.Facts != nil || d.Hangs != nil {
		code, how = diag.Hangs, "may stop what the "+r.given()+" allows"
	}
	r.differs(code, d, &d.A, &d.B, how+when)
}

// told reports that the backend has said already what it left out for want of
// a fact, of a rule that allows the flow.
func (r *Rendered) told(d sem.Difference) bool {
	if !r.doubtful(d) {
		return false
	}
	for _, step := range d.A.Trail {
		for _, x := range r.Diags {
			if x.Code == diag.LeftOut && step.Rule != nil && x.Address == step.Rule.Origin.Address {
				return true
			}
		}
	}
	return false
}

// doubtful reports that a fact could be what a difference is about: it hangs on
// one, an end with a private address could be a pod, a node or outside, or a pod
// in the mesh or not.
func (r *Rendered) doubtful(d sem.Difference) bool {
	from, to := &d.Flow.Source, &d.Flow.Destination
	return d.Facts != nil || d.Hangs != nil || ir.Private().Contains(from.Address) || ir.Private().Contains(to.Address) ||
		r.Target.hasMesh() && from.Kind == sem.Pod && !from.Meshed
}

// given is what the target is held to, in a word.
func (r *Rendered) given() string {
	if r.lifted != nil {
		return "input"
	}
	return "intent"
}

// differs says that the target and the intent differ on a flow, with what
// decided on both sides.
func (r *Rendered) differs(code diag.Code, d sem.Difference, intent, emitted *sem.Verdict, how string) {
	said, did := intent.Deciding(), emitted.Deciding()
	detail := "For example " + d.Flow.Text(r.inventory()) + ".\nThe " + r.given() + ": " + reason(said) + ".\nThe target: " + reason(did) + "."
	for _, c := range d.Hangs {
		if c.Fact == "" {
			detail += "\nThat hangs on " + c.Atom + ", of which the flow says nothing."
			continue
		}
		detail += "\nThat hangs on " + c.Fact + ", which nobody stated."
	}
	if d.Facts != nil {
		detail += "\nThat hangs on " + strings.Join(d.Facts, " and ") + ", which nobody stated."
	}
	origin := said.Origin()
	x := r.fault(code, origin.Range, fmt.Sprintf("Target %q %s.", r.Target.Name, how), detail)
	x.Address = origin.Address
	at := did.Origin()
	x.Relate(at.Range, "decided here: "+at.Address)
	if r.strict && code == diag.Hangs {
		x.Severity = diag.Error
	}
}

// reason says in words what a step decided by.
func reason(s sem.Step) string {
	verb := map[bool]string{true: "denied", false: "allowed"}[s.Action == ir.Deny]
	switch o := s.Origin(); {
	case s.Rule != nil && o.Kind == ir.FromCompanion:
		return verb + " by what keeps " + o.Purpose + " working in " + o.Address
	case s.Rule != nil:
		return verb + " by " + o.Address
	case s.Isolation != nil:
		return fmt.Sprintf("denied, since %s closes its %s", o.Address, s.Direction)
	case s.MTLS != nil:
		return "denied, since " + o.Address + " takes mutual TLS only"
	}
	return "allowed, since nothing closes it"
}
