package cilium

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// DNS rules are no union with the rest. A query is asked of the rules for
// exactly its port and protocol: where one of them has names, a rule for a range
// or for every port does not lift the restriction, and a plain one for the same
// port does (pkg/fqdn/dnsproxy/proxy.go CheckAllowed). So the egress program has
// three levels where names are restricted: what is for exactly such a port, the
// refusal of other names, and the rest.

// key is a port on which some rule restricts names.
type key struct {
	protocol ir.Protocol
	port     uint16
}

// keys gives the ports that an entry is for exactly one of.
func (p *port) keys() []key {
	if p.name != "" || p.first != p.last {
		return nil
	}
	var out []key
	for _, protocol := range p.protocols {
		out = append(out, key{protocol, p.first})
	}
	return out
}

// keys gives the ports that entries of the rule are for exactly one of.
func (r *portRule) keys() map[key]bool {
	out := map[key]bool{}
	for i := range r.ports {
		for _, k := range r.ports[i].keys() {
			out[k] = true
		}
	}
	return out
}

// everyName are the patterns for every name (pkg/fqdn/matchpattern, dnsWildcardRegex).
var everyName = regexp.MustCompile(`^[*]+[.]?$`)

// several are the patterns for one or more labels before a name, new in 1.19;
// before, asterisks in a row were one (cilium/cilium PR 43420).
var several = regexp.MustCompile(`^[*]{2,}\.`)

var asterisks = regexp.MustCompile(`[*]+`)

// The schema of names and of patterns for them (pkg/policy/api/fqdn.go).
var (
	nameText    = regexp.MustCompile(`^([-a-zA-Z0-9_]+[.]?)+$`)
	patternText = regexp.MustCompile(`^([-a-zA-Z0-9_*]+[.]?)+$`)
)

const maxName = 255

// exactName reads matchName.
func exactName(text string) (ir.Name, *fault) {
	if len(text) > maxName || !nameText.MatchString(text) {
		return ir.Name{}, bad("Write a name of letters, digits, dashes and dots, or use matchPattern for wildcards.", "is no DNS name")
	}
	return nameOf(text)
}

// namePattern reads matchPattern; all is for every name.
func (l *lifting) namePattern(text string) (n ir.Name, all bool, f *fault) {
	if len(text) > maxName || !patternText.MatchString(text) {
		return n, false, bad(`Write letters, digits, dashes, dots and "*".`, "is no pattern for DNS names")
	}
	if everyName.MatchString(text) {
		return n, true, nil
	}
	if l.atLeast(19) && several.MatchString(text) {
		text = several.ReplaceAllString(text, "\x00")
	}
	text = asterisks.ReplaceAllString(text, "*")
	n, f = nameOf(strings.Replace(text, "\x00", "**.", 1))
	return n, false, f
}

// anyName is every name that Cilium learns the addresses of.
func anyName() ir.Name {
	n, _ := ir.NameRegexp(`[-a-z0-9_.]+`)
	return n
}

// nameOf gives the names of a pattern in which "*" is any characters of a label
// and a first "**." labels. On names in which labels are not empty, "*." is one.
func nameOf(pattern string) (ir.Name, *fault) {
	if n, err := ir.ParseName(pattern); err == nil {
		return n, nil
	}
	const character = `[-a-z0-9_]`
	pattern = strings.TrimSuffix(strings.ToLower(pattern), ".")
	rest, deep := strings.CutPrefix(pattern, "**.")
	expr := strings.ReplaceAll(regexp.QuoteMeta(rest), `\*`, character+"*")
	if deep {
		expr = "(" + character + `+\.)+` + expr
	}
	n, err := ir.NameRegexp(expr)
	if err != nil {
		return n, bad("Write a pattern with fewer asterisks.", "is more than can be read: %s", err)
	}
	return n, nil
}

// asker is a rule by which pods ask DNS through the proxy: for names, or for
// every name where there are none.
type asker struct {
	pods  ir.Pods
	names []ir.Name
}

// covers reports whether the asker may surely ask for all that a pattern is for.
func (a *asker) covers(n ir.Name) bool {
	return a.names == nil || slices.ContainsFunc(a.names, func(m ir.Name) bool {
		if m == n {
			return true
		}
		if _, wild := n.Parts(); wild == 0 {
			if _, expr := n.Regexp(); !expr {
				return m.Matches(n.String())
			}
		}
		return n.Language().Subtract(m.Language()).IsEmpty()
	})
}

// askers are the rules that make DNS pass the proxy, by the one namespace that
// they are for, or "".
type askers map[string][]asker

func (a askers) add(pods ir.Pods, names []ir.Name) {
	ns, _ := pods.SingleNamespace()
	a[ns] = append(a[ns], asker{pods, names})
}

// learnt says what a node knows of the addresses of a name.
type learnt uint8

const (
	never  learnt = iota // no DNS of any pod passes the proxy
	maybe                // only if some other pod of the node asks for it, or for some of the names
	always               // the pods that the rule is for may ask for it
)

// learns says whether the addresses of a name are learnt for the pods: what a
// node's proxy sees, all of its pods share (Documentation/security/policy/layer7.rst).
func (l *lifting) learns(pods ir.Pods, n ir.Name) learnt {
	if len(l.askers) == 0 {
		return never
	}
	near := [][]asker{l.askers[""]}
	if ns, single := pods.SingleNamespace(); single {
		near = append(near, l.askers[ns])
	}
	var may []ir.Pods
	for _, list := range near {
		for _, a := range list {
			switch {
			case !a.pods.Overlaps(pods) || !a.covers(n):
			case a.pods.Contains(pods):
				return always
			default:
				may = append(may, a.pods)
			}
		}
	}
	if len(ir.SubtractAll(l.options.Inventory.Narrow(pods), ir.Simplify(may))) == 0 {
		return always
	}
	return maybe
}

// otherPods is the condition under which a name that is not surely learnt is.
func otherPods(n ir.Name) ir.Condition {
	return ir.Condition{Atom: "cilium the addresses of " + n.String() + " were learnt from DNS of another pod of the node"}
}

// byLearning parts the names of an item by whether their addresses are learnt,
// and warns of those that may not be.
func (l *lifting) byLearning(r *rule, i *item) []side {
	var sure []ir.Name
	var out []side
	warn := func(n ir.Name, why string) {
		l.diags.Add(diag.NoEffect, i.origin.Range, fmt.Sprintf("%s allows %s, %s.", i.origin.Address, n, why),
			"Cilium learns a name's addresses from the DNS answers that pass its proxy. Add `rules.dns` to the rule by which these pods ask DNS.")
	}
	for _, n := range i.names {
		switch l.learns(r.subject.Pods, n) {
		case always:
			sure = append(sure, n)
		case maybe:
			out = append(out, side{[]ir.Peer{ir.Names{Patterns: []ir.Name{n}}}, []ir.Condition{otherPods(n)}})
			warn(n, "and no rule lets all of its pods ask for it through Cilium's proxy")
		case never:
			warn(n, "which never matches: no policy makes DNS pass Cilium's proxy")
		}
	}
	if sure != nil {
		out = append(out, side{peers: []ir.Peer{ir.Names{Patterns: sure}}})
	}
	return out
}
