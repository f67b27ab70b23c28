package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// accepts is what a target accepts, entry by entry, and which entries turned
// out to be needed.
type accepts struct {
	target  *Target
	entries []*entry
	diags   diag.List
}

// entry is one word of lacks for one address.
type entry struct {
	block *intent.Accept
	word  intent.At[string]
	rule  intent.At[string]
	used  bool
}

// addresses gives what an accept may name: rules, and what states defaults.
func addresses(cfg *intent.Config) map[string]bool {
	known := map[string]bool{"cluster": true}
	for _, r := range cfg.Rules {
		known[r.Address] = true
	}
	for _, t := range cfg.Tiers {
		for _, r := range t.Rules {
			known[r.Address] = true
		}
	}
	for _, n := range cfg.NodeSets {
		known[n.Address()] = true
	}
	for _, ns := range cfg.Namespaces {
		known[ns.Address] = true
		for _, w := range ns.Workloads {
			known[w.Address()] = true
		}
	}
	return known
}

// newAccepts checks the target's accept blocks. What is right of them is applied
// even where an error among its diagnostics refuses the target, so that one
// mistake does not bring back every refusal.
func newAccepts(t *Target, known map[string]bool, now time.Time) *accepts {
	a := &accepts{target: t}
	if t.Config == nil {
		return a
	}
	for _, b := range t.Config.Accepts {
		if until, err := time.Parse(time.DateOnly, b.Until.Value); b.Until.Set && err == nil && !now.UTC().Before(until.AddDate(0, 0, 1)) {
			a.add(diag.AcceptExpired, b.Until.Range, "", fmt.Sprintf("What target %q accepts here ran out after %s.", t.Name, b.Until.Value),
				"Its reason was: "+b.Reason.Value+"\nRenew the date if that still holds, or remove from the rules what the target cannot say.")
		}
		for _, rule := range b.Rules {
			if !known[rule.Value] {
				a.add(diag.AcceptUnknown, rule.Range, "", fmt.Sprintf("There is no rule %q.", rule.Value),
					Suggest(rule.Value, slices.Sorted(maps.Keys(known)), ""))
				continue
			}
			for _, word := range b.Lacks {
				a.entries = append(a.entries, &entry{block: b, word: word, rule: rule})
			}
		}
	}
	return a
}

func (a *accepts) add(code diag.Code, at diag.Range, address, summary, detail string) {
	d := a.diags.Add(code, at, summary, detail)
	d.Address, d.Target = address, a.target.Name
}

// apply takes out of the program what the target refused and accepts; changed
// reports whether there was any of it. An entry is applied once, so that this
// ends: entries of one block and rule together, since http and grpc are one
// part. Rules whose peers' identity is given up are named apart: only a mesh
// lacks it, and what else is in the target keeps the rule's peers.
func (a *accepts) apply(p *ir.Program, refused diag.List) (q *ir.Program, unidentified []string, changed bool) {
	type part struct {
		block   *intent.Accept
		address string
	}
	together := map[part][]*entry{}
	var order []part
	for _, e := range a.entries {
		if e.used || !refuses(refused, e) {
			continue
		}
		e.used = true
		at := part{e.block, e.rule.Value}
		if together[at] == nil {
			order = append(order, at)
		}
		together[at] = append(together[at], e)
	}
	for _, at := range order {
		var words []string
		for _, e := range together[at] {
			words = append(words, e.word.Value)
		}
		if at.block.Loss == "widened" && slices.Contains(words, "identity") && a.target.hasMesh() {
			words = slices.DeleteFunc(words, func(w string) bool { return w == "identity" })
			unidentified, changed = append(unidentified, at.address), true
			p, _ = ir.AcceptOwnNode(p, at.address)
			if len(words) == 0 {
				continue
			}
		}
		next, ok := ir.Accept(p, at.block.Loss, words, at.address)
		if ok {
			p, changed = next, true
			continue
		}
		for _, e := range together[at] {
			a.add(diag.AcceptUnsuitable, e.word.Range, e.rule.Value,
				fmt.Sprintf("%q cannot be accepted as %q for %q.", e.word.Value, e.block.Loss, e.rule.Value), unsuitable(e))
		}
	}
	return p, unidentified, changed
}

// losses gives what turned out to be needed, by address.
func (a *accepts) losses() map[string]string {
	out := map[string]string{}
	for _, e := range a.entries {
		if e.used {
			out[e.rule.Value] = e.block.Loss
		}
	}
	return out
}

// refuses reports whether a refusal is among the diagnostics that the entry
// accepts.
func refuses(diags diag.List, e *entry) bool {
	for _, l := range diag.Lacks {
		if l.Word == e.word.Value {
			return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
				return d.Severity == diag.Error && d.Code == l.Code && d.Address == e.rule.Value
			})
		}
	}
	return false
}

// unsuitable says which losses go with what the entry names.
func unsuitable(e *entry) string {
	switch e.word.Value {
	case "mtls":
		return `Mutual TLS is no verdict: go without it with accept "unenforced", and name what states it, such as the namespace.`
	case "log", "staged":
		return `That is no verdict: go without it with accept "unenforced", or take the rule out with accept "narrowed".`
	case "http", "grpc", "dns":
		return `Take the restriction out of the rule with accept "widened", or an allow as a whole with accept "narrowed".`
	}
	return `Nothing of the rule is left without it: taking the rule out is accept "narrowed" for an allow, and accept "widened" for a deny or a pass.`
}

// unused warns of the words and the rules of a block that nothing needed. It is
// not asked after an error: then not everything was tried.
func (a *accepts) unused() {
	if a.diags.HasErrors() {
		return
	}
	needed := map[diag.Range]bool{} // by where a word or a rule is written
	for _, e := range a.entries {
		needed[e.word.Range] = needed[e.word.Range] || e.used
		needed[e.rule.Range] = needed[e.rule.Range] || e.used
	}
	told := map[diag.Range]bool{}
	for _, e := range a.entries {
		if at := e.word.Range; !needed[at] && !told[at] {
			told[at] = true
			a.add(diag.AcceptNotNeeded, at, "", fmt.Sprintf("Target %q lacks no %q for any of these rules.", a.target.Name, e.word.Value),
				"Remove the word, so that a later loss is not accepted by accident.")
		}
		if at := e.rule.Range; !needed[at] && !told[at] {
			told[at] = true
			a.add(diag.AcceptNotNeeded, at, e.rule.Value, fmt.Sprintf("Target %q lacks nothing of this for %q.", a.target.Name, e.rule.Value),
				"Remove the rule from the list, so that a later loss is not accepted by accident.")
		}
	}
}
