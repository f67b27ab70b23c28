package intent

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// expandNamespaces makes the elements of every namespace.
func (l *loader) expandNamespaces() {
	for _, d := range l.spaces {
		l.elementsOf(d, d.rng)
	}
}

// elementsOf gives the elements of a namespace, evaluating for_each when they
// are first asked for; false where that failed, which is reported.
func (l *loader) elementsOf(d *spaceDecl, at diag.Range) ([]*element, bool) {
	if d.state == evaluated {
		return d.elements, d.elements != nil
	}
	if d.forEach == nil || d.broken {
		d.state = evaluated
		d.elements = []*element{l.newElement(d, "", cty.NilVal)}
		return d.elements, true
	}
	if !l.enter(dependency{fmt.Sprintf("the for_each of namespace %q", d.name), d.forEach.nameRange}) {
		return nil, false
	}
	d.state = evaluating
	d.elements = l.forEach(d)
	d.state = evaluated
	l.leave()
	return d.elements, d.elements != nil
}

// forEach evaluates the elements; nil where that failed.
func (l *loader) forEach(d *spaceDecl) []*element {
	v := l.top.value(d.forEach.expr)
	val, ok := v.eval()
	if !ok {
		return nil
	}
	ty := val.Type()
	switch {
	case val.IsNull():
		v.empty("for_each")
		return nil
	case ty.IsSetType() && (val.LengthInt() == 0 || ty.ElementType() == cty.String), ty.IsMapType(), ty.IsObjectType():
	default:
		detail := "A map gives each.key and each.value, a set of strings each.key."
		if ty.IsTupleType() || ty.IsListType() {
			detail = fmt.Sprintf("A list has an order, which would be in the elements' names. Write toset(%s).", v.source())
		}
		v.add(diag.WrongType, fmt.Sprintf("for_each is a set of strings or a map; this is %s.", describe(val)), detail)
		return nil
	}
	n := val.LengthInt()
	if n > maxForEach {
		v.add(diag.TooLarge, fmt.Sprintf("for_each has %d elements, more than %d.", n, maxForEach), "")
		return nil
	}
	blocks := 1
	for _, b := range d.blocks {
		blocks += len(b.body.blocks)
	}
	if !l.expand(n*blocks, v.rng) {
		return nil
	}
	out := []*element{}
	for it := val.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if k.IsNull() {
			v.add(diag.WrongType, "An element of for_each is null.", "")
			return nil
		}
		out = append(out, l.newElement(d, k.AsString(), e))
	}
	return out
}

func (l *loader) newElement(d *spaceDecl, key string, val cty.Value) *element {
	el := &element{decl: d, key: key, value: val, workloads: map[string]*Workload{}}
	el.ns = &Namespace{Address: d.name, Range: d.rng}
	if d.forEach != nil && !d.broken {
		el.ns.Address = fmt.Sprintf("%s[%q]", d.name, key)
	}
	el.scope = newScope(l, el)
	for _, name := range d.workloadNames() {
		w := &Workload{Namespace: el.ns, Name: name, Range: d.workloads[name].header}
		el.workloads[name] = w
		el.ns.Workloads = append(el.ns.Workloads, w)
	}
	return el
}

// decodeNamespace decodes the facts of a namespace.
func (l *loader) decodeNamespace(el *element) {
	d, n := el.decl, el.ns
	a := &arguments{s: el.scope, spec: namespaceSpec, where: d.rng, broken: d.broken}
	for _, name := range sortedKeys(d.args) {
		a.attrs = append(a.attrs, d.args[name])
	}
	n.Match, _ = decodeArg(a, "match", ir.Selector{}, func(v value) (ir.Selector, bool) { return v.selector("match") })
	n.Cluster, _ = decodeArg(a, "cluster", ir.Anything(), value.clusters)
	n.Managed, _ = a.booleanOr("managed", a.attr("match") == nil && a.attr("cluster") == nil)
	l.otherCluster(a, el)
	if match := a.attr("match"); match != nil {
		for _, other := range []string{"name", "labels"} {
			if x := a.attr(other); x != nil {
				l.diags.Add(diag.Exclusive, x.nameRange, fmt.Sprintf("A namespace with match has no %s.", other), "match stands for all namespaces with these labels; they are others', and have names and labels of their own.").Relate(match.nameRange, "match")
			}
		}
		if n.Managed.Value {
			l.diags.Add(diag.Exclusive, n.Managed.Range, "A namespace with match is not managed.", "It stands for any number of namespaces, in which nothing can be emitted. Leave managed out.").Relate(match.nameRange, "match")
		}
	} else {
		n.Name = l.namespaceName(a, el)
	}
	closed := ir.NoDirection
	if n.Managed.Value {
		closed = ir.Both
	}
	n.Labels, _ = decodeArg(a, "labels", nil, func(v value) (map[string]string, bool) { return v.facts("labels") })
	n.DefaultDeny = wordArg(a, "default_deny", directions, closed)
	n.DNS, _ = a.booleanOr("dns", true)
	n.MTLS = wordArg(a, "mtls", mtlsModes, ir.MTLSUnset)
	n.Mesh, _ = a.booleanOr("mesh", true)
	n.Waypoint, _ = decodeArg(a, "waypoint", "", func(v value) (string, bool) {
		s, ok := v.text("waypoint")
		if ok && !rfc1123.MatchString(s) {
			v.add(diag.BadName, fmt.Sprintf("%q is no name of a waypoint.", s), "It is the name of a Gateway of the namespace: up to 63 lower-case letters, digits and -.")
			return "", false
		}
		return s, ok
	})
	n.Mode = wordArg(a, "mode", modes, ir.Enforce)
	n.Targets = a.targetNames()
	n.Description = a.description()
}

// otherCluster reports what a namespace of another cluster cannot have: of it
// nothing is known here but its pods' names.
func (l *loader) otherCluster(a *arguments, el *element) {
	at := a.attr("cluster")
	if at == nil || el != el.decl.elements[0] {
		return
	}
	const why = "Another cluster's pods are peers here: what governs them, and which labels their namespace has, is theirs to say."
	for _, name := range []string{"labels", "default_deny", "dns", "mtls", "mesh", "waypoint", "mode"} {
		if x := a.attr(name); x != nil {
			l.diags.Add(diag.Exclusive, x.nameRange, fmt.Sprintf("A namespace of another cluster has no %s.", name), why).Relate(at.nameRange, "cluster")
		}
	}
	if el.ns.Managed.Value {
		l.diags.Add(diag.Exclusive, el.ns.Managed.Range, "A namespace of another cluster is not managed.", why+" Leave managed out.").Relate(at.nameRange, "cluster")
	}
	for _, b := range el.decl.blocks {
		for _, c := range b.body.blocks {
			if c.kind != "workload" {
				l.diags.Add(diag.Exclusive, c.header, fmt.Sprintf("A namespace of another cluster has no %s blocks.", c.kind), "A rule or a test about it stands in a namespace of this cluster or at top level.").Relate(at.nameRange, "cluster")
				continue
			}
			for _, x := range c.body.attrs {
				if x.name != "labels" && x.name != "service_account" && x.name != "description" {
					l.diags.Add(diag.Exclusive, x.nameRange, fmt.Sprintf("A workload of another cluster has no %s.", x.name), why).Relate(at.nameRange, "cluster")
				}
			}
		}
	}
}

// clusters decodes the names of other clusters, or any.
func (v value) clusters() (ir.Constraint, bool) {
	if v.isAny() {
		return ir.Anything(), true
	}
	list, ok := v.oneOrMore("cluster")
	if !ok {
		return ir.Constraint{}, false
	}
	var names []string
	for _, e := range list {
		s, good := e.text("The name of a cluster")
		if good && !rfc1123.MatchString(s) {
			e.add(diag.BadName, fmt.Sprintf("%q is no name of a cluster.", s), "It has up to 63 lower-case letters, digits and -, and begins and ends with a letter or a digit. Every other cluster is any, without quotes.")
			good = false
		}
		ok = ok && good
		names = append(names, s)
	}
	return ir.OneOf(names...), ok
}

func (l *loader) namespaceName(a *arguments, el *element) string {
	name, at := el.decl.name, el.decl.rng
	if el.decl.forEach != nil && !a.broken {
		name, at = el.key, toRange(el.decl.forEach.expr.Range())
	}
	if v, ok := a.value("name"); ok {
		s, ok := v.text("name")
		if !ok {
			return name
		}
		name, at = s, v.rng
	}
	if !rfc1123.MatchString(name) && !a.broken {
		l.diags.Add(diag.BadName, at, fmt.Sprintf("%q is no name of a namespace in Kubernetes.", name),
			`It has up to 63 lower-case letters, digits and -, and begins and ends with a letter or a digit. Where the block's label differs, set name.`)
	}
	return name
}

// decodeInNamespace decodes the workloads, rules and tests of a namespace.
func (l *loader) decodeInNamespace(el *element) {
	for _, b := range el.decl.blocks {
		for _, c := range b.body.blocks {
			switch {
			case l.dir != "" && c.kind != "workload" && c.kind != "offers": // others' rules and tests
			case c.kind == "workload" && len(c.labels) == 1 && el.decl.workloads[c.labels[0].text] == c:
				l.decodeWorkload(el, c)
			case c.kind == "offers":
				l.decodeOffer(el, c)
			case c.kind == "allow" || c.kind == "deny":
				if r := l.decodeRule(el.scope, c, nil); r != nil {
					l.config.Rules = append(l.config.Rules, r)
				}
			case c.kind == "test" && len(c.labels) == 1:
				l.decodeTest(el.scope, c)
			}
		}
	}
}

// accountName is the form of a ServiceAccount's name, a DNS subdomain.
var accountName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func (l *loader) decodeWorkload(el *element, b *block) {
	w := el.workloads[b.labels[0].text]
	a := l.arguments(el.scope, b)
	if !a.broken && a.attr("labels") == nil && a.attr("service_account") == nil {
		l.diags.Add(diag.MissingArgument, b.header, fmt.Sprintf("The workload %q selects no pods.", w.Name), "Give it labels, or a service_account. All pods of the namespace are the namespace's name.")
	}
	w.Labels, _ = decodeArg(a, "labels", ir.Selector{}, func(v value) (ir.Selector, bool) { return v.selector("labels") })
	w.ServiceAccount, _ = decodeArg(a, "service_account", "", func(v value) (string, bool) {
		s, ok := v.text("service_account")
		if ok && (len(s) > 253 || !accountName.MatchString(s)) {
			v.add(diag.BadName, fmt.Sprintf("%q is no name of a service account.", s), "It has lower-case letters, digits, - and dots.")
			return "", false
		}
		return s, ok
	})
	if v, ok := a.value("ports"); ok {
		w.Ports = v.portMap()
	}
	if v, ok := a.value("services"); ok {
		w.Services = v.services(w.Ports)
	}
	w.Mesh, _ = a.booleanOr("mesh", el.ns.Mesh.Value)
	w.HostNetwork, _ = a.boolean("host_network")
	w.DefaultDeny = wordArg(a, "default_deny", directions, el.ns.DefaultDeny.Value)
	w.DNS, _ = a.booleanOr("dns", el.ns.DNS.Value)
	w.MTLS = wordArg(a, "mtls", mtlsModes, el.ns.MTLS.Value)
	if v, ok := a.value("mtls_ports"); ok {
		w.MTLSPorts = v.modeMap(w.Ports)
	}
	w.Description = a.description()
}

// portMap decodes named ports.
func (v value) portMap() []Port {
	list, _ := v.entries("ports")
	if len(list) == 0 {
		if list != nil || v.isObject() {
			v.empty("ports")
		}
		return nil
	}
	var out []Port
	for _, e := range list {
		p := Port{Name: e.key, Range: e.keyRange}
		if !validPortName(e.key) {
			v.s.l.diags.Add(diag.BadPort, e.keyRange, fmt.Sprintf("%q is no name of a port.", e.key), "It has up to 15 lower-case letters, digits and -, at least one letter, and no two - in a row.")
			continue
		}
		if e.key == "any" {
			v.s.l.diags.Add(diag.ReservedName, e.keyRange, `The name "any" is reserved.`, "It means every port.")
			continue
		}
		var ok bool
		if p.Number, p.Protocol, ok = e.value.declaredPort(); ok {
			out = append(out, p)
		}
	}
	sortBy(out, func(p Port) string { return p.Name })
	return out
}

func (v value) declaredPort() (number uint16, protocol ir.AppProtocol, ok bool) {
	if _, written := v.object(); !written {
		val, ok := v.eval()
		if !ok {
			return 0, 0, false
		}
		if ty := val.Type(); val.IsNull() || !ty.IsMapType() && !ty.IsObjectType() {
			n, ok := v.portNumber()
			return n, 0, ok
		}
	}
	list, ok := v.entries("port")
	named := false
	for _, e := range list {
		var good bool
		switch e.key {
		case "port":
			named = true
			number, good = e.value.portNumber()
		case "protocol":
			var w string
			w, good = e.value.word("protocol", protocolWords)
			protocol = protocols[w]
		default:
			v.s.l.diags.Add(diag.UnknownArgument, e.keyRange, fmt.Sprintf("There is no %q in a port.", e.key), suggest(e.key, []string{"port", "protocol"}, "It has "))
			good = false
		}
		ok = ok && good
	}
	if ok && !named {
		v.add(diag.MissingArgument, "The port has no number.", "Write { port = 8080, protocol = \"http\" }.")
		return 0, 0, false
	}
	return number, protocol, ok
}

func (v value) portNumber() (uint16, bool) {
	t, ok := v.port()
	if ok && (t.Any || t.Name != "" || t.First != t.Last) {
		v.add(diag.BadPort, "This is no single port.", "A named port is one number from 1 to 65535.")
		return 0, false
	}
	return t.First, ok
}

// modeMap decodes the mTLS modes of single ports, by number or declared name.
func (v value) modeMap(declared []Port) []MTLSPort {
	list, _ := v.entries("mtls_ports")
	if len(list) == 0 {
		if list != nil || v.isObject() {
			v.empty("mtls_ports")
		}
		return nil
	}
	var out []MTLSPort
	for _, e := range list {
		p := MTLSPort{Range: e.keyRange}
		n, err := strconv.ParseUint(e.key, 10, 16)
		if i := slices.IndexFunc(declared, func(d Port) bool { return d.Name == e.key }); i >= 0 {
			n, err = uint64(declared[i].Number), nil
		}
		if err != nil || n == 0 {
			var names []string
			for _, d := range declared {
				names = append(names, d.Name)
			}
			v.s.l.diags.Add(diag.BadPort, e.keyRange, fmt.Sprintf("%q is no port of the workload.", e.key), strings.TrimSpace("A key is a number from 1 to 65535, or the name of a port that the workload declares. "+suggest(e.key, names, "Those are ")))
			continue
		}
		w, ok := e.value.word("The mode of a port", mtlsWords)
		if !ok {
			continue
		}
		p.Port, p.Mode = uint16(n), mtlsModes[w]
		if i := slices.IndexFunc(out, func(q MTLSPort) bool { return q.Port == p.Port }); i >= 0 {
			v.s.l.diags.Add(diag.SetTwice, e.keyRange, fmt.Sprintf("The mode of port %d is set twice.", n), "").Relate(out[i].Range, "the other one")
			continue
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b MTLSPort) int { return int(a.Port) - int(b.Port) })
	return out
}
