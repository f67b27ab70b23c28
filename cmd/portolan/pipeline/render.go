package pipeline

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/portolan-dev/portolan/backends"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Options are what a rendering hangs on beside the configuration.
type Options struct {
	Now    time.Time // decides whether an accept has run out, and nothing else
	Strict bool      // what is left out for want of a fact is an error

	// Unproved leaves the proof out, which is a warning for each target.
	Unproved bool
}

// Part is what one backend made of its part of a target.
type Part struct {
	Engine  string // the backend's name
	Objects []manifest.Object
}

// Rendered is a target's outcome. Where it is refused its parts are empty.
type Rendered struct {
	Target  Target
	Program *ir.Program // after what the target accepts
	Parts   []Part
	Refused bool
	Diags   diag.List
	Sources map[string][]byte // files of the target that diagnostics point into

	strict       bool
	accepted     map[string]string // by address, the loss that was needed
	unidentified []string          // addresses of rules whose peers' identity is accepted as lost
	onTrial      []string          // addresses at which mutual TLS cannot be stated yet

	// Of manifests: what they mean, and where they are a CNI's and a mesh's the
	// program of each part, the mesh's under true.
	lifted sem.Policy
	layers map[bool]*ir.Program
}

// Objects gives the objects of all parts, the CNI's first.
func (r *Rendered) Objects() []manifest.Object {
	var out []manifest.Object
	for _, p := range r.Parts {
		out = append(out, p.Objects...)
	}
	return out
}

// Render renders every target. What it returns beside them is about the intent
// itself: with an error there, nothing is rendered.
func Render(cfg *intent.Config, targets []Target, opts Options) ([]Rendered, diag.List) {
	out := make([]Rendered, len(targets))
	about := make([]diag.List, len(targets))
	meanings := sameMeaning(cfg, targets)
	inParallel(len(meanings), func(i int) {
		first := meanings[i][0]
		p, diags := intent.Lower(cfg, targets[first].Config)
		Beneath(&p.Inventory.Facts, targets[first].profiles())
		for _, j := range meanings[i] {
			out[j] = Rendered{Target: targets[j], Program: p, onTrial: intent.StagedMTLS(cfg, targets[j].Config)}
		}
		for _, d := range diags {
			if d.Target == "" {
				about[first] = append(about[first], d)
			} else {
				out[first].Diags = append(out[first].Diags, d)
			}
		}
	})
	if cfg.Scoped() {
		attribute(about, targets)
	}
	var diags diag.List
	for _, more := range about {
		diags = append(diags, more...)
	}
	diags.Sort()
	if diags.HasErrors() {
		return nil, diags
	}
	known := addresses(cfg)
	inParallel(len(targets), func(i int) { out[i].render(known, opts) })
	return out, diags
}

// attribute marks what is said of the configuration on some targets and not on
// all with the target.
func attribute(about []diag.List, targets []Target) {
	type saying struct {
		code    diag.Code
		at      diag.Range
		summary string
	}
	times := map[saying]int{}
	for _, list := range about {
		for _, d := range list {
			times[saying{d.Code, d.Range, d.Summary}]++
		}
	}
	for i, list := range about {
		for j, d := range list {
			if times[saying{d.Code, d.Range, d.Summary}] < len(about) {
				list[j].Target = targets[i].Name
			}
		}
	}
}

// sameMeaning groups targets, by index, for which the configuration means the
// same, so that it is lowered once for each group. A program is never changed
// once it is lowered. A target with facts or a mode of its own stands alone, and all do
// where blocks are there for some targets only.
func sameMeaning(cfg *intent.Config, targets []Target) [][]int {
	var out [][]int
	at := map[string]int{}
	scoped := cfg.Scoped()
	for i, t := range targets {
		mesh := t.Config.Mesh.Value.Name
		cni := t.Parts[0].Profile
		key := fmt.Sprintf("%v %s %v %v", t.Config.CNI.Value.Name != "", mesh, cni.DNS(), cni.On("cluster_mesh"))
		if t.Config.HasFacts() || t.Config.Mode.Set || scoped {
			out = append(out, []int{i})
			continue
		}
		if j, ok := at[key]; ok {
			out[j] = append(out[j], i)
			continue
		}
		at[key] = len(out)
		out = append(out, []int{i})
	}
	return out
}

// inParallel calls f for every index below n, as many at a time as there are
// processors.
func inParallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			f(i)
		})
	}
	wg.Wait()
}

// render takes the lowered program to objects. The program is lowered once
// more after each accept that was needed, until none is left that matches.
func (r *Rendered) render(known map[string]bool, opts Options) {
	a := newAccepts(&r.Target, known, opts.Now)
	parts, diags := r.lower()
	for {
		p, unidentified, changed := a.apply(r.Program, diags)
		if !changed {
			break
		}
		p.Index()
		r.Program = p
		r.unidentified = append(r.unidentified, unidentified...)
		parts, diags = r.lower()
	}
	a.unused()
	r.accepted = a.losses()
	r.exemplify(diags)
	r.Parts = parts
	r.Diags = append(append(r.Diags, diags...), a.diags...)
	r.strict = opts.Strict
	r.finish(opts)
}

// finish proves what was rendered, and refuses the target where there is an
// error.
func (r *Rendered) finish(opts Options) {
	switch {
	case r.Diags.HasErrors():
	case opts.Unproved:
		r.fault(diag.Unverified, diag.Range{}, fmt.Sprintf("What was rendered for target %q was not compared with the intent.", r.Target.Name),
			"Leave --no-verify out before you apply it.")
	default:
		r.prove()
	}
	if opts.Strict {
		for i := range r.Diags {
			if r.Diags[i].Code == diag.LeftOut {
				r.Diags[i].Severity = diag.Error
			}
		}
	}
	r.Diags.Sort()
	if r.Diags.HasErrors() {
		r.Refused, r.Parts = true, nil
	}
}

func (r *Rendered) lower() ([]Part, diag.List) {
	var parts []Part
	var diags diag.List
	for _, t := range r.Target.Parts {
		if foreign := t.Foreign(r.programFor(t)); foreign.HasErrors() {
			return nil, foreign
		}
	}
	diags = append(diags, r.stagedMTLS()...)
	for _, t := range r.Target.Parts {
		b := backendFor(t)
		objects, more := bounded(b, r.programFor(t), t)
		parts = append(parts, Part{b.Name(), objects})
		diags = append(diags, more...)
	}
	return parts, diags
}

// stagedMTLS refuses what is stated of mutual TLS where everything is staged. Where
// there is no mesh it is refused anyway.
func (r *Rendered) stagedMTLS() diag.List {
	said := lower.Report{Target: r.Target.Parts[len(r.Target.Parts)-1]}
	for _, m := range r.Program.MTLS {
		if r.Target.hasMesh() && slices.Contains(r.onTrial, m.Origin.Address) {
			said.Refuse(diag.LacksMTLS, m.Origin, "it is staged, and a peer authentication has no dry run: it would be enforced today",
				"State it when the rest is enforced, or accept it as `unenforced` until then.")
		}
	}
	return said.Diags
}

// bounded lowers, and refuses the target where that hits a bound of the algebra
// of labels.
func bounded(b lower.Backend, p *ir.Program, t lower.Target) (objects []manifest.Object, diags diag.List) {
	defer func() {
		switch over := recover().(type) {
		case nil:
		case ir.BoundError:
			objects = nil
			diags.Add(diag.OverBound, diag.Range{}, "Target \""+t.Name+"\" cannot be rendered: "+over.Error()+".",
				"Tell the pods apart by one label rather than by many at once.").Target = t.Name
		default:
			panic(over)
		}
	}()
	if over := t.Bounded(p); over != nil {
		return nil, over
	}
	return b.Lower(p, t)
}

// programFor is the program that a part of the target renders. What is accepted
// of identity is the mesh's loss alone: the CNI of a stack has its peers still.
func (r *Rendered) programFor(t lower.Target) *ir.Program {
	if r.layers != nil {
		return r.layers[t.Profile.IsMesh()]
	}
	if !t.Profile.IsMesh() || len(r.unidentified) == 0 {
		return r.Program
	}
	p := r.Program
	for _, address := range r.unidentified {
		if q, ok := ir.Accept(p, "widened", []string{"identity"}, address); ok {
			p = q
		}
	}
	p.Index()
	return p
}

var backendFor = func(t lower.Target) lower.Backend { return backends.For(t.Profile.Engine) }
