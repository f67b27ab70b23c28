package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/cmd/portolan/rollout"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Plan is the order in which objects are applied and deleted on the way from
// one input to another.
type Plan struct {
	FormatVersion string        `json:"format_version"`
	Old           string        `json:"old"`
	New           string        `json:"new"`
	Profile       string        `json:"profile"`
	Safe          bool          `json:"safe"` // no moment lets pass what neither input does
	Steps         []PlanStep    `json:"steps"`
	Conflict      *PlanConflict `json:"conflict,omitempty"` // why it is not safe; there are no steps then
}

// PlanStep is one object that is applied or deleted.
type PlanStep struct {
	Number     int      `json:"number"`
	Action     string   `json:"action"` // create, change or delete
	APIVersion string   `json:"api_version"`
	Kind       string   `json:"kind"`
	Namespace  string   `json:"namespace,omitempty"`
	Name       string   `json:"name"`
	Denied     []Denied `json:"denied,omitempty"`
	Left       int      `json:"left,omitempty"` // how much more is denied after the step, at least
}

// Denied is traffic that both inputs let pass, and that is denied from the step
// with it until another is done.
type Denied struct {
	Source      *Party     `json:"source"`
	Destination *Party     `json:"destination"`
	Traffic     string     `json:"traffic"`
	Clauses     []Clause   `json:"clauses"`
	Marks       []string   `json:"marks,omitempty"`
	Partly      bool       `json:"partly,omitempty"`
	Until       int        `json:"until"` // the number of the step
	Least       Difference `json:"least"` // a is the old input, b the moment after the step
}

// PlanConflict is why no order is safe: the objects of which no order is, and
// flows that each of their orders lets pass at some moment.
type PlanConflict struct {
	Objects []string       `json:"objects"`
	Flows   []ConflictFlow `json:"flows"`
}

// ConflictFlow is a flow that neither input lets pass and a moment between them
// does.
type ConflictFlow struct {
	Flow    string  `json:"flow"`
	Old     Verdict `json:"old"`
	New     Verdict `json:"new"`
	Between Verdict `json:"between"`
}

// NewPlan makes the view of a plan in a cluster with the inventory.
func NewPlan(p *rollout.Plan, names [2]string, profile string, inv *ir.Inventory) Plan {
	out := Plan{FormatVersion: FormatVersion, Old: names[0], New: names[1], Profile: profile, Safe: p.Conflict == nil, Steps: []PlanStep{}}
	for i := range p.Steps {
		s := &p.Steps[i]
		step := PlanStep{
			Number: i + 1, Action: s.Action.String(), APIVersion: s.Object.APIVersion, Kind: s.Object.Kind,
			Namespace: s.Object.Namespace, Name: s.Object.Name, Left: s.Left,
		}
		for j := range s.Stopped {
			c := &s.Stopped[j]
			if i > 0 && stops(&p.Steps[i-1], c) {
				continue // it was said
			}
			until := i + 1
			for until < len(p.Steps) && stops(&p.Steps[until], c) {
				until++
			}
			step.Denied = append(step.Denied, Denied{
				Source: newParty(c.Source), Destination: newParty(c.Destination),
				Traffic: c.Traffic.String(), Clauses: newClauses(c.Traffic), Marks: marks(c), Partly: c.Partly,
				Until: until + 1, Least: NewDifference(c.Least, p.Ends[0], s.After, inv),
			})
		}
		out.Steps = append(out.Steps, step)
	}
	if c := p.Conflict; c != nil {
		out.Conflict = &PlanConflict{Objects: c.Objects}
		for _, f := range c.Flows {
			out.Conflict.Flows = append(out.Conflict.Flows, ConflictFlow{
				Flow: f.Flow.Text(inv), Between: NewVerdict(f.B, &f.Flow, f.Moment),
				Old: NewVerdict(sem.Decide(p.Ends[0], f.Flow), &f.Flow, p.Ends[0]), New: NewVerdict(sem.Decide(p.Ends[1], f.Flow), &f.Flow, p.Ends[1]),
			})
		}
	}
	return out
}

// stops reports that the moment after a step stops the same as a change says.
func stops(s *rollout.Step, c *sem.Change) bool {
	return slices.ContainsFunc(s.Stopped, func(d sem.Change) bool {
		return d.Source.Name == c.Source.Name && d.Destination.Name == c.Destination.Name && d.Partly == c.Partly &&
			d.Traffic.String() == c.Traffic.String()
	})
}

// object names what the step is about, as kubectl does: "NetworkPolicy shop/web".
func (s *PlanStep) object() string {
	if s.Namespace == "" {
		return s.Kind + " " + s.Name
	}
	return s.Kind + " " + s.Namespace + "/" + s.Name
}

func (s *PlanStep) verb() string {
	return map[string]string{"create": "apply", "change": "apply", "delete": "delete"}[s.Action]
}

// words says what is denied and for how long.
func (d *Denied) words() (flow, note string) {
	note = fmt.Sprintf("until step %d", d.Until)
	if d.Partly {
		note += "; for some of them"
	}
	if d.Least.Hangs != nil {
		note += "; hangs on " + strings.Join(d.Least.Hangs, ", ")
	}
	return d.Source.Name + " -> " + d.Destination.Name + "  " + d.Traffic, note
}

// closing says of the whole plan what holds at every moment.
func (p *Plan) closing() string {
	denied := 0
	for i := range p.Steps {
		denied += len(p.Steps[i].Denied) + p.Steps[i].Left
	}
	text := Plural(len(p.Steps), "step", "steps") + ": at no moment does a flow pass that passes at neither end"
	if denied == 0 {
		return text + ", and none is denied that passes at both"
	}
	return text
}

// PlanText writes a plan for people: a line for each step, and under the step
// that begins it what is denied for a while though both ends let it pass.
func PlanText(w io.Writer, p Plan) error {
	var b strings.Builder
	if p.Conflict != nil {
		return nil // which a diagnostic says
	}
	if len(p.Steps) == 0 {
		fmt.Fprintf(&b, "nothing to do: %s and %s have the same objects\n", show(p.Old), show(p.New))
	}
	width := len(fmt.Sprint(len(p.Steps)))
	for i := range p.Steps {
		s := &p.Steps[i]
		fmt.Fprintf(&b, "%*d. %-6s %s\n", width, s.Number, s.verb(), show(s.object()))
		for j := range s.Denied {
			flow, note := s.Denied[j].words()
			fmt.Fprintf(&b, "%*s  denied %s: %s\n", width, "", show(note), show(flow))
			fmt.Fprintf(&b, "%*s    such as %s\n", width, "", show(s.Denied[j].Least.Flow))
		}
		if s.Left > 0 {
			fmt.Fprintf(&b, "%*s  denied after it: at least %d more\n", width, "", s.Left)
		}
	}
	if len(p.Steps) > 0 {
		b.WriteString(p.closing() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// PlanMarkdown writes a plan as the text of a comment: what holds, then a table
// of the steps.
func PlanMarkdown(w io.Writer, p Plan) error {
	var b strings.Builder
	switch {
	case p.Conflict != nil:
		return nil
	case len(p.Steps) == 0:
		b.WriteString("**Nothing to do.**\n")
	default:
		closing := p.closing()
		fmt.Fprintf(&b, "**%s.**\n\n", strings.ToUpper(closing[:1])+closing[1:])
		markdownRow(&b, "Step", "", "Object", "Denied, though both ends allow it")
		b.WriteString("| ---: | --- | --- | --- |\n")
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		var denied []string
		for j := range s.Denied {
			flow, note := s.Denied[j].words()
			denied = append(denied, code(flow)+" "+code(note))
		}
		if s.Left > 0 {
			denied = append(denied, fmt.Sprintf("at least %d more", s.Left))
		}
		markdownRow(&b, fmt.Sprint(s.Number), s.verb(), code(s.object()), strings.Join(denied, "<br>"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Detail says of a conflict what is wrong at a moment of one of the orders, for
// a diagnostic.
func (c *PlanConflict) Detail() string {
	f := &c.Flows[0]
	text := "For example " + f.Flow + ".\nBefore: " + f.Old.deciding() + ".\nAfter: " + f.New.deciding() + ".\nBetween: " + f.Between.deciding() + "."
	if len(c.Flows) > 1 {
		text += "\nIn another order: " + c.Flows[1].Flow + "."
	}
	return text + "\nEach order of these lets something pass: " + some(c.Objects) + "."
}

// maxNamed bounds the objects that a message names.
const maxNamed = 6

func some(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
