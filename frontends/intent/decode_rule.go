package intent

import (
	"fmt"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// decodeRule decodes one allow, deny, pass or log. It gives nil where
// something is wrong with it, which is reported: a rule with less in it than
// was written would be another rule.
func (l *loader) decodeRule(s *scope, b *block, t *Tier) *Rule {
	action, known := actions[b.kind]
	if !known || len(b.labels) != 1 && (len(b.labels) != 3 || b.labels[1].text != "to") {
		return nil // reported
	}
	a := l.arguments(s, b)
	if a.broken {
		return nil
	}
	r := &Rule{Action: action, Tier: t, Range: b.header, Description: a.description()}
	if s.el != nil {
		r.Namespace = s.el.ns
	}
	var ok bool
	if len(b.labels) == 3 {
		ok = l.shortForm(r, a, b)
	} else {
		ok = l.longForm(r, a, b)
	}
	l.address(r, a, b)
	r.Except, ok = exceptPeers(a, "except", ok)
	r.ExceptTo, ok = exceptPeers(a, "except_to", ok)
	for _, refs := range [][]PeerRef{r.From, r.Except} {
		ok = l.checkSenders(refs) && ok
	}
	var good bool
	r.Traffic, good = a.traffic()
	ok = ok && good
	r.At = wordArg(a, "at", ends, Both)
	r.Mode = wordArg(a, "mode", modes, ir.Enforce)
	r.Log, _ = a.boolean("log")
	r.Targets = a.targetNames()
	if !ok {
		return nil
	}
	return r
}

// shortForm reads the peers of "A to B".
func (l *loader) shortForm(r *Rule, a *arguments, b *block) bool {
	ok := true
	for _, name := range []string{"from", "to"} {
		if x := a.attr(name); x != nil {
			l.diags.Add(diag.Exclusive, x.nameRange, fmt.Sprintf("The rule has labels and %q.", name),
				fmt.Sprintf("Peers stand in the labels, as %s A to B, or in from and to below one label, the rule's name.", b.kind)).Relate(b.header, "the labels")
			ok = false
		}
	}
	read := func(x label) []PeerRef {
		list, good := a.s.resolveText(x.text, x.rng)
		ok = ok && good
		return refs(list, x.text, x.rng)
	}
	r.From = read(b.labels[0])
	r.To = read(b.labels[2])
	return ok
}

// longForm reads the peers of from and to.
func (l *loader) longForm(r *Rule, a *arguments, b *block) bool {
	ok := true
	read := func(name string) []PeerRef {
		v, named := a.value(name)
		if !named {
			l.diags.Add(diag.MissingArgument, b.header, fmt.Sprintf("The rule %q has no %q.", b.labels[0].text, name),
				fmt.Sprintf("With one label, which is its name, a rule has from and to. Without lists write %s A to B { … }.", b.kind))
			ok = false
			return nil
		}
		list, good := v.peerList(name)
		ok = ok && good
		return list
	}
	r.From = read("from")
	r.To = read("to")
	return ok
}

func exceptPeers(a *arguments, name string, ok bool) ([]PeerRef, bool) {
	v, named := a.value(name)
	if !named {
		return nil, ok
	}
	list, good := v.peerList(name)
	return list, ok && good
}

// address gives the rule its address: its scope, and its name or its peers.
func (l *loader) address(r *Rule, a *arguments, b *block) {
	scope := ""
	switch {
	case r.Tier != nil:
		scope = r.Tier.Name + "/"
	case r.Namespace != nil:
		scope = r.Namespace.Address + "/"
	}
	name := b.labels[0].text
	if len(b.labels) == 3 {
		name = b.labels[0].text + "->" + b.labels[2].text
	}
	if v, ok := a.value("name"); ok {
		if len(b.labels) == 1 {
			l.diags.Add(diag.Exclusive, a.attr("name").nameRange, "The rule has two names.", "Its label is its name.").Relate(b.labels[0].rng, "the label")
		} else if text, ok := v.text("name"); ok && l.checkName(label{text, v.rng}, "rule") {
			name = text
		}
	}
	r.Address = scope + name
}

// checkSenders reports peers that are known by DNS name where a connection
// comes from: an address has many names, and says none.
func (l *loader) checkSenders(list []PeerRef) bool {
	ok := true
	for _, p := range list {
		if l.hasNames(p.Peer) {
			l.diags.Add(diag.Misplaced, p.Range, fmt.Sprintf("%s is known by DNS name, which says nothing of a sender.", p.Text), "Peers with fqdns stand only in to. For what comes in, use addresses: an external with cidrs, or cidr(…).")
			ok = false
		}
	}
	return ok
}
