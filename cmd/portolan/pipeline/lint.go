package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/frontends"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Lint reports what in an intent only its meaning shows: rules that decide
// nothing, and denies that cut DNS off. What lowering says already is not said
// again. Where blocks are there for some targets only, a finding is one that
// holds on every target that has its rule.
func Lint(cfg *intent.Config) diag.List {
	if !cfg.Scoped() {
		p, said := intent.Lower(cfg, nil)
		return lint(cfg, p, said)
	}
	type finding struct {
		code diag.Code
		at   diag.Range
	}
	var all diag.List
	found, there := map[finding]int{}, map[string]int{}
	for _, t := range cfg.Targets {
		p, said := intent.Lower(cfg, t)
		for _, address := range ruleAddresses(p) {
			there[address]++
		}
		for _, d := range lint(cfg, p, said) {
			x := finding{d.Code, d.Range}
			if found[x]++; found[x] == 1 {
				all = append(all, d)
			}
		}
	}
	return slices.DeleteFunc(all, func(d diag.Diagnostic) bool { return found[finding{d.Code, d.Range}] < there[d.Address] })
}

// ruleAddresses gives the addresses of a program's rules, each once.
func ruleAddresses(p *ir.Program) []string {
	var out []string
	for _, d := range p.All() {
		out = append(out, d.Rule.Origin.Address)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lint is Lint of one program; said is what was found of it before. Where that
// has an error, the program is not what is meant.
func lint(cfg *intent.Config, p *ir.Program, said diag.List) diag.List {
	if said.HasErrors() {
		return nil
	}
	about := map[string]bool{}
	for _, d := range said {
		if d.Code == diag.CoveredRule || d.Code == diag.MatchesNothing {
			about[d.Address] = true
		}
	}
	p = p.Filter(func(d ir.Directed) bool { return !about[d.Rule.Origin.Address] })
	p.Index()
	found, err := sem.Lint(sem.Policy{{Program: p}}, sem.Options{Inventory: &p.Inventory})
	var diags diag.List
	if err != nil {
		notLinted(&diags, err)
	}
	for _, f := range found {
		switch name := f.Origin.Address; f.Kind {
		case sem.NeverDecides:
			finding(&diags, diag.NeverDecides, f, fmt.Sprintf("Rule %q never decides: %s.", name, before(f.By)),
				"Put the rule before them, take what it is for out of them, or remove it.")
		case sem.MatchesNothing:
			finding(&diags, diag.MatchesNothing, f, fmt.Sprintf("Rule %q can match nothing: no flow that there can be is one of it.", name),
				"Remove the rule, or check the labels and addresses at both of its ends.")
		case sem.Covered:
			finding(&diags, diag.CoveredRule, f, fmt.Sprintf("Rule %q changes nothing: %s.", name, covering(f.By)),
				"Remove one of them, or make it say what the other does not.")
		case sem.DNSCutOff:
			f.Workloads = slices.DeleteFunc(f.Workloads, func(w *ir.Workload) bool { return intent.WithoutDNS(cfg, w.Pods) })
			if len(f.Workloads) > 0 {
				finding(&diags, diag.DNSCutOff, f, fmt.Sprintf("%q cuts DNS off for %s.", name, workloads(f.Workloads)),
					"Let them reach `dns` in an earlier tier, or say `dns = false` where it is meant.")
			}
		case sem.SelectsNothing, sem.OnlyDenies: // an intent's subjects and defaults are not a policy's
		}
	}
	return diags
}

// LintManifests reports what in manifests only their meaning under the profiles
// shows: policies that none of the engines reads or that are for nothing, rules
// that decide nothing, DNS that is cut off, and denies that close everything else.
func LintManifests(s *Source, profiles []profile.Profile, policy sem.Policy, o sem.Options) diag.List {
	diags := s.unread(profiles)
	found, err := sem.Lint(policy, o)
	if err != nil {
		notLinted(&diags, err)
	}
	for _, f := range found {
		switch name := f.Origin.Address; f.Kind {
		case sem.NeverDecides:
			finding(&diags, diag.IdleRule, f, fmt.Sprintf("%s never decides: %s.", name, before(f.By)),
				"Move the rule before them, narrow them, or remove it.")
		case sem.MatchesNothing:
			finding(&diags, diag.EmptyRule, f, name+" can match nothing: no flow that there can be is one of it.",
				"Check the labels and addresses that it asks for, or remove it.")
		case sem.Covered:
			finding(&diags, diag.RedundantRule, f, fmt.Sprintf("%s changes nothing: %s.", name, covering(f.By)),
				"Where that is not meant, remove it, or make it say what the others do not.")
		case sem.SelectsNothing:
			finding(&diags, diag.SelectsNothing, f, name+" selects none of the workloads that the input declares in its namespace.",
				"Compare its selector with the labels of the pod templates.")
		case sem.DNSCutOff:
			finding(&diags, diag.NoDNS, f, fmt.Sprintf("%s cuts DNS off for %s.", name, workloads(f.Workloads)),
				"Let them reach the cluster's DNS on port 53, UDP and TCP. Where it is elsewhere, say so with --facts.")
		case sem.OnlyDenies:
			if !s.statesDefault(name, f.Direction) {
				finding(&diags, diag.OnlyDenies, f, fmt.Sprintf("%s has only denies for %s, and with them closes%s.", name, f.Direction, closed(f.Workloads)),
					onlyDeniesHelp(name, f.Direction))
			}
		}
	}
	return diags
}

// unread reports the policies that are for other engines than the profiles'.
func (s *Source) unread(profiles []profile.Profile) (diags diag.List) {
	for _, d := range s.Unread(profiles) {
		diags.Add(diag.NoEffect, d.Range, fmt.Sprintf("%s is of %s, which is not read here, and so decides nothing.", d.String(), d.APIVersion),
			"Say with --profile which engines enforce policies.")
	}
	return diags
}

// Unread gives the policies that none of the profiles' engines reads, and so does
// not enforce.
func (s *Source) Unread(profiles []profile.Profile) []manifest.Document {
	var out []manifest.Document
	for _, d := range s.documents {
		reads := func(p profile.Profile) bool { return frontends.For(p.Engine).Reads(d.Group(), d.Kind) }
		if !slices.ContainsFunc(profiles, reads) {
			out = append(out, d)
		}
	}
	return out
}

// Elsewhere gives the other profiles, each at its newest version, that read some
// of the policies: of a CNI's with the same mesh beside it, where there is one.
func (s *Source) Elsewhere(from []profile.Profile) [][]profile.Profile {
	mesh := from[len(from)-1].IsMesh()
	var out [][]profile.Profile
	for _, name := range slices.Concat(profile.Names(), profile.PlatformNames()) {
		p, err := profile.Of(name, "")
		to := []profile.Profile{p}
		if len(from) == 2 {
			to = append(to, from[1])
		}
		if err != nil || p.Name() == from[0].Name() || p.IsMesh() != (mesh && len(from) == 1) || len(s.Unread([]profile.Profile{p})) == len(s.documents) {
			continue
		}
		out = append(out, to)
	}
	return out
}

// notLinted says that there is no answer: what was read is no worse for it.
func notLinted(diags *diag.List, err error) {
	diags.Add(diag.Unproved, diag.Range{}, "Nothing was looked for that only the meaning shows: "+bound(err)+".", "Check less at a time.").Severity = diag.Hint
}

func finding(diags *diag.List, code diag.Code, f sem.Finding, summary, detail string) {
	d := diags.Add(code, f.Origin.Range, summary, detail)
	d.Address = f.Origin.Address
	for _, o := range f.By {
		if !o.Range.IsZero() {
			d.Relate(o.Range, o.Address+" stands here")
		}
	}
}

func before(by []ir.Origin) string {
	if len(by) == 0 {
		return "what it is for is decided before"
	}
	return names(by) + " " + pick(len(by), "decides", "decide") + " before it what it is for"
}

func covering(by []ir.Origin) string {
	if len(by) == 1 {
		return names(by) + " covers it"
	}
	return "others cover it together" + map[bool]string{true: ", such as " + names(by)}[len(by) > 0]
}

func names(by []ir.Origin) string {
	var out []string
	for _, o := range by {
		out = append(out, `"`+o.Address+`"`)
	}
	return strings.Join(out, " and ")
}

func pick(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// maxListed is how many workloads a message names.
const maxListed = 3

func workloads(list []*ir.Workload) string {
	var out []string
	for _, w := range list[:min(len(list), maxListed)] {
		out = append(out, w.Address)
	}
	text := strings.Join(out, ", ")
	if more := len(list) - maxListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func closed(list []*ir.Workload) string {
	if list == nil {
		return " its pods, which nothing else closes"
	}
	return " " + workloads(list) + ", which nothing else closes"
}

func onlyDeniesHelp(name string, d ir.Direction) string {
	if strings.HasPrefix(name, "Cilium") {
		return fmt.Sprintf("If the pods are to stay open, set `enableDefaultDeny: {%s: false}`; if not, set it to true.", d)
	}
	return "If the pods are to stay open, let a rule follow that allows or passes the rest; if not, deny the rest by a rule."
}

// statesDefault reports that a policy of Cilium says itself whether it closes
// a direction.
func (s *Source) statesDefault(name string, d ir.Direction) bool {
	stated := false
	rule := func(spec *manifest.Object) {
		spec.Field("enableDefaultDeny").Object(func(o *manifest.Object) {
			stated = stated || o.Field(d.String()).Present()
		})
	}
	for i := range s.documents {
		doc := &s.documents[i]
		if doc.Kind+" "+doc.Name != name && doc.Kind+" "+doc.InNamespace()+"/"+doc.Name != name {
			continue
		}
		var ignored diag.List
		doc.Object(nil, &ignored, func(o *manifest.Object) {
			o.Field("spec").Object(rule)
			for _, v := range o.Field("specs").Items() {
				v.Object(rule)
			}
		})
	}
	return stated
}
