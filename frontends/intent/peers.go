package intent

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// peerList decodes a list of peers.
func (v value) peerList(what string) ([]PeerRef, bool) {
	list, ok := v.list(what)
	if !ok {
		return nil, false
	}
	var out []PeerRef
	for _, e := range list {
		refs, good := e.peer(what)
		out = append(out, refs...)
		ok = ok && good
	}
	return out, ok
}

// peer decodes one peer: a reference, a name in a string, or a call. A label
// of for_each gives one for each element.
func (v value) peer(what string) ([]PeerRef, bool) {
	val, ok := v.eval()
	if !ok {
		return nil, false
	}
	text := strings.Join(strings.Fields(v.source()), " ")
	if s, is := asString(val); is {
		list, ok := v.s.resolveText(s, v.rng)
		return refs(list, s, v.rng), ok
	}
	if val.Type().Equals(peerType) && !val.IsNull() {
		p := val.EncapsulatedValue().(*peers)
		for _, w := range p.warnings {
			w.Range = v.rng
			v.s.l.diags = append(v.s.l.diags, w)
		}
		if text == "" || v.expr == nil {
			text = p.text
		}
		return refs(p.list, text, v.rng), v.s.l.expand(len(p.list), v.rng)
	}
	detail := "A peer is a name, or pods(…), namespaces(…), cidr(…) or fqdn(…)."
	switch ty := val.Type(); {
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		detail = "A list in a list: join them with concat(…), or with flatten(…)."
	case ty.Equals(constraintType):
		detail = "All endpoints there are is anywhere, every pod cluster, every external address world."
	}
	v.add(diag.WrongType, fmt.Sprintf("%s has peers; this is %s.", what, describe(val)), detail)
	return nil, false
}

func refs(list []Peer, text string, rng diag.Range) []PeerRef {
	out := make([]PeerRef, len(list))
	for i, p := range list {
		out[i] = PeerRef{Peer: p, Text: text, Range: rng}
	}
	return out
}

// resolveText resolves a name in a string or in a rule's label.
func (s *scope) resolveText(text string, rng diag.Range) ([]Peer, bool) {
	p, ok := parsePath(text)
	if !ok {
		detail := `A name is workload, namespace.workload, or namespace["key"].workload.`
		if strings.ContainsAny(text, "()") {
			detail = "Inline peers stand in lists, without quotes: use the long form with from and to."
		} else if strings.Contains(text, "/") {
			if _, _, err := set.ParsePrefix(text); err == nil {
				detail = fmt.Sprintf("For an address range write cidr(%q) in a list, or declare an external.", text)
			} else {
				detail = "Outside its namespace a workload is namespace.workload, with a dot."
			}
		}
		s.l.diags.Add(diag.UnknownName, rng, fmt.Sprintf("%q is no name of a peer.", text), detail)
		return nil, false
	}
	return s.resolve(p, rng)
}

// call decodes a call of a peer function. Errors are reported here and give
// an unknown value.
func (s *scope) call(e *peerCall, ctx *hcl.EvalContext) cty.Value {
	args := make([]value, len(e.Args))
	for i, a := range e.Args {
		args[i] = s.value(a)
		args[i].ctx = ctx
	}
	rng := toRange(e.Range())
	if e.ExpandFinal {
		last, ok := args[len(args)-1].list("The last argument")
		if !ok {
			return cty.DynamicVal
		}
		args = append(args[:len(args)-1], last...)
	}
	// The text of a call is no identity, as its arguments may be computed; what
	// it means is.
	var list []Peer
	var text string
	var warnings diag.List
	switch e.Name {
	case "not":
		return s.callNot(args, rng)
	case "pods":
		pods, ok := s.callPods(args, rng)
		if !ok {
			return cty.DynamicVal
		}
		list, text = []Peer{InlinePods{pods}}, pods.String()
	case "namespaces":
		if !s.arity("namespaces", args, 1, 1, rng) {
			return cty.DynamicVal
		}
		if args[0].isAny() {
			list, text = []Peer{InlinePods{ir.AllPods()}}, "namespaces(any)"
			break
		}
		sel, ok := args[0].selector("namespaces")
		if !ok {
			return cty.DynamicVal
		}
		list, text = []Peer{InlinePods{ir.Pods{Namespace: sel, Account: ir.Anything()}}}, "namespaces("+sel.String()+")"
	case "cidr":
		if !s.arity("cidr", args, 1, 1<<30, rng) {
			return cty.DynamicVal
		}
		addrs, ok := s.addresses(args[:1], args[1:], rng, &warnings)
		if !ok {
			return cty.DynamicVal
		}
		list, text = []Peer{InlineCIDR{addrs}}, "cidr("+addrs.String()+")"
	case "fqdn":
		if !s.arity("fqdn", args, 1, 1<<30, rng) {
			return cty.DynamicVal
		}
		names, ok := dnsNames(args, "fqdn")
		if !ok {
			return cty.DynamicVal
		}
		list, text = []Peer{InlineNames{names}}, "fqdn("+joinNames(names)+")"
	}
	return cty.CapsuleVal(peerType, &peers{list: list, text: text, warnings: warnings})
}

func joinNames(names []ir.Name) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = n.String()
	}
	return strings.Join(parts, ", ")
}

func (s *scope) arity(name string, args []value, least, most int, rng diag.Range) bool {
	if len(args) >= least && len(args) <= most {
		return true
	}
	detail := map[string]string{
		"pods":       `Write pods({ app = "x" }) in a namespace, pods({ app = "x" }, { team = "a" }) elsewhere.`,
		"namespaces": `Write namespaces({ team = "a" }).`,
		"cidr":       `Write cidr("10.0.0.0/8"); what follows the range are exceptions.`,
		"fqdn":       `Write fqdn("api.example.com", "*.example.org").`,
		"not":        `Write not("a", "b").`,
	}[name]
	s.l.diags.Add(diag.BadExpression, rng, fmt.Sprintf("%s has the wrong number of arguments.", name), detail)
	return false
}

func (v value) isAny() bool {
	name, ok := bareName(v.expr)
	return ok && name == "any"
}

func (s *scope) callPods(args []value, rng diag.Range) (ir.Pods, bool) {
	if !s.arity("pods", args, 1, 2, rng) {
		return ir.Pods{}, false
	}
	if args[0].isAny() {
		args[0].add(diag.WrongType, "The first argument of pods is labels; this is the word any.", "All pods of a namespace is the namespace's name; those of several are namespaces({ … }); all there are is cluster.")
		return ir.Pods{}, false
	}
	labels, ok := args[0].selector("pods")
	if len(args) == 2 {
		if args[1].isAny() {
			return ir.Pods{Labels: labels, Account: ir.Anything()}, ok
		}
		namespaces, good := args[1].selector("pods")
		return ir.Pods{Namespace: namespaces, Labels: labels, Account: ir.Anything()}, ok && good
	}
	if s.el == nil {
		s.l.diags.Add(diag.Misplaced, rng, "Outside a namespace, pods(…) does not say which namespaces it means.", `A second argument does: pods({ app = "x" }, { team = "a" }), or any for every namespace.`)
		return ir.Pods{}, false
	}
	pods := ir.InNamespace(s.el.ns.Name)
	if s.el.ns.Name == "" {
		pods = ir.Pods{Namespace: s.el.ns.Match.Value, Account: ir.Anything()}
	}
	pods.Labels = labels
	return pods, ok
}

func (s *scope) callNot(args []value, rng diag.Range) cty.Value {
	if !s.arity("not", args, 1, 1<<30, rng) {
		return cty.DynamicVal
	}
	if len(args) == 1 {
		if t, ok := args[0].tuple(); ok {
			args[0].add(diag.WrongType, "not takes strings, not a list.", fmt.Sprintf("Write not(%s), or spread the list: not([…]...).", strings.Trim(value{s: s, expr: t, rng: args[0].rng}.source(), "[]")))
			return cty.DynamicVal
		}
	}
	values, ok := textValues(args, "An argument of not", checkLabelValue)
	if !ok {
		return cty.DynamicVal
	}
	c := &constraint{ir.NotOneOf(values...), fmt.Sprintf("not(%q)", values)}
	return cty.CapsuleVal(constraintType, c)
}

// addresses decodes ranges and the exceptions that are taken out of them.
func (s *scope) addresses(ranges, except []value, at diag.Range, warnings *diag.List) (set.Addresses, bool) {
	all, ok := prefixes(ranges, warnings)
	var outside diag.List
	whole := set.AddressesOf(all...)
	out := whole
	for _, e := range except {
		p, good := prefixes([]value{e}, warnings)
		ok = ok && good
		gone := set.AddressesOf(p...)
		if good && !whole.IsEmpty() && !whole.ContainsAll(gone) {
			outside = append(outside, diag.New(diag.ExceptOutside, e.rng, fmt.Sprintf("The exception %s is not in the ranges.", gone), "What is outside of them cannot be taken out."))
		}
		out = out.Subtract(gone)
	}
	if ok && out.IsEmpty() {
		s.l.diags.Add(diag.NothingLeft, at, "The exceptions take away every address.", "An empty set of addresses never means all of them. Remove it, or the exceptions.")
		return out, false
	}
	*warnings = append(*warnings, outside...)
	return out, ok
}

func prefixes(list []value, warnings *diag.List) ([]netip.Prefix, bool) {
	ok := true
	var out []netip.Prefix
	for _, v := range list {
		text, good := v.text("An address range")
		if !good {
			ok = false
			continue
		}
		p, masked, err := set.ParsePrefix(text)
		if err != nil {
			v.add(diag.BadAddress, fmt.Sprintf("%q is no address range.", text), sentence(upperFirst(err.Error())))
			ok = false
			continue
		}
		if masked && (v.expr != nil || !v.s.l.tooMany(v.rng)) {
			*warnings = append(*warnings, diag.New(diag.HostBits, v.rng, fmt.Sprintf("%s has bits set beyond its prefix.", text), fmt.Sprintf("It means %s.", p)))
		}
		out = append(out, p)
	}
	return out, ok
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// addressList decodes a list of ranges or addresses.
func (v value) addressList(what string) (set.Addresses, bool) {
	list, ok := v.list(what)
	if !ok {
		return set.Addresses{}, false
	}
	all, ok := prefixes(list, &v.s.l.diags)
	return set.AddressesOf(all...), ok
}

// nameList decodes a list of DNS names, sorted.
func (v value) nameList(what string) ([]ir.Name, bool) {
	list, ok := v.list(what)
	if !ok {
		return nil, false
	}
	return dnsNames(list, what)
}

func dnsNames(list []value, what string) ([]ir.Name, bool) {
	ok := true
	var out []ir.Name
	for _, v := range list {
		text, good := v.text("A name in " + what)
		if !good {
			ok = false
			continue
		}
		n, err := ir.ParseName(text)
		if err != nil {
			v.add(diag.BadDNSName, fmt.Sprintf("%q is no DNS name.", text), sentence(upperFirst(err.Error())))
			ok = false
			continue
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b ir.Name) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out), ok
}
