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

// traffic decodes what a rule says of traffic.
func (a *arguments) traffic() (Traffic, bool) {
	var t Traffic
	ok := true
	t.TCP = argument(a, "tcp", value.ports, &ok)
	t.UDP = argument(a, "udp", value.ports, &ok)
	t.SCTP = argument(a, "sctp", value.ports, &ok)
	t.ICMP = argument(a, "icmp", value.icmp, &ok)
	t.ICMPv6 = argument(a, "icmpv6", value.icmp, &ok)
	t.HTTP = argument(a, "http", value.requests, &ok)
	if _, named := a.spec.Arg("dns"); named {
		t.DNS = argument(a, "dns", value.nameList, &ok)
	}
	if grpc := argument(a, "grpc", value.grpcMethods, &ok); grpc != nil {
		if t.HTTP == nil {
			t.HTTP = grpc
		} else {
			t.HTTP.Value = append(t.HTTP.Value, grpc.Value...)
		}
	}
	if _, conditional := a.spec.Arg("jwt"); conditional {
		t.JWT = argument(a, "jwt", value.tokens, &ok)
		t.SNI = argument(a, "sni", value.nameList, &ok)
		t.Client = argument(a, "client", value.clients, &ok)
		ok = a.alone() && a.bounded(&t) && ok
	}
	if a.attr("tcp") == nil {
		for _, name := range a.restricting() {
			if x := a.attr(name); x != nil {
				a.s.l.diags.Add(diag.RequestWithout, x.nameRange, fmt.Sprintf("%s restricts tcp, which the rule does not name.", name), "Name the ports that speak it: tcp = [8080].")
				ok = false
				break
			}
		}
	}
	return t, ok
}

// restricting gives the arguments that restrict tcp, as far as the block has
// them.
func (a *arguments) restricting() []string {
	return slices.DeleteFunc([]string{"http", "grpc", "jwt", "sni", "client"}, func(name string) bool {
		_, has := a.spec.Arg(name)
		return !has
	})
}

// alone reports conditions on tcp in a rule that is about something else too:
// which of it they would be conditions on, a reader could only guess. What TLS
// carries is not read where its name is, so that requests and names of servers
// are rules of their own.
func (a *arguments) alone() bool {
	ok := true
	for _, x := range []struct {
		name string
		not  []string
	}{
		{"jwt", []string{"udp", "sctp", "icmp", "icmpv6", "dns"}},
		{"sni", []string{"udp", "sctp", "icmp", "icmpv6", "dns", "http", "grpc", "jwt"}},
		{"client", []string{"udp", "sctp", "icmp", "icmpv6", "dns"}},
	} {
		first := a.attr(x.name)
		for _, name := range x.not {
			if other := a.attr(name); first != nil && other != nil {
				a.s.l.diags.Add(diag.Exclusive, other.nameRange, fmt.Sprintf("The rule has %s and %s.", x.name, name),
					fmt.Sprintf("%s restricts tcp and nothing else. Give %s a rule of its own.", x.name, name)).Relate(first.nameRange, x.name)
				ok = false
			}
		}
	}
	return ok
}

// bounded reports that the alternatives of a rule's conditions are not too many.
func (a *arguments) bounded(t *Traffic) bool {
	n := 1
	if t.JWT != nil {
		n = 0
		for _, term := range t.JWT.Value {
			n += len(term.alternatives())
		}
	}
	if t.SNI != nil {
		n *= len(t.SNI.Value)
	}
	if n <= maxAlternatives {
		return true
	}
	a.s.l.diags.Add(diag.TooLarge, t.conditionRange(), fmt.Sprintf("The rule's conditions have more than %d alternatives.", maxAlternatives), "Each is a rule of its own in what is written. Part the rule, or ask for less at once.")
	return false
}

// conditional reports that the traffic has conditions beside its requests.
func (t *Traffic) conditional() bool { return t.JWT != nil || t.SNI != nil || t.Client != nil }

// conditionRange is where the first of the conditions is written.
func (t *Traffic) conditionRange() diag.Range {
	switch {
	case t.JWT != nil:
		return t.JWT.Range
	case t.SNI != nil:
		return t.SNI.Range
	case t.Client != nil:
		return t.Client.Range
	}
	return diag.Range{}
}

// argument decodes an argument that is nil where it is not named.
func argument[T any](a *arguments, name string, decode func(v value, what string) (T, bool), ok *bool) *At[T] {
	v, named := a.value(name)
	if !named {
		return nil
	}
	x, good := decode(v, name)
	if !good {
		*ok = false
		return nil
	}
	return &At[T]{x, v.rng, true}
}

// portName is the form of a port's name (IANA_SVC_NAME).
var portName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$`)

func validPortName(s string) bool {
	return portName.MatchString(s) && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && !strings.Contains(s, "--")
}

// orAny gives the elements of a list, or the one word any.
func (v value) orAny(what string) ([]value, bool) {
	if v.isAny() {
		return []value{v}, true
	}
	return v.list(what)
}

func (v value) ports(what string) ([]PortTerm, bool) {
	list, ok := v.orAny(what)
	if !ok {
		return nil, false
	}
	out := make([]PortTerm, 0, len(list))
	for _, e := range list {
		t, good := e.port()
		ok = ok && good
		out = append(out, t)
	}
	return out, ok
}

const portForm = `A port is a number from 1 to 65535, a range such as "8000-8080", a port's name, or any.`

func (v value) port() (PortTerm, bool) {
	t := PortTerm{Range: v.rng}
	if text, ok := v.readsAsArithmetic(); ok {
		detail := fmt.Sprintf("Quote it: %q.", text)
		if number, protocol, ok := strings.Cut(text, "/"); ok {
			detail = fmt.Sprintf("The protocol is the argument's name: %s = [%s].", protocol, number)
		}
		v.add(diag.QuoteIt, fmt.Sprintf("HCL reads %s as arithmetic.", text), detail)
		return t, false
	}
	if name, ok := bareName(v.expr); ok && !isWord(name) && !isValueRoot(name) {
		v.add(diag.QuoteIt, fmt.Sprintf("A port's name is a string, and %s without quotes is a reference.", name), fmt.Sprintf("Quote it: %q.", name))
		return t, false
	}
	val, ok := v.eval()
	if !ok {
		return t, false
	}
	switch ty := val.Type(); {
	case val.IsNull():
		v.empty("The port")
		return t, false
	case ty == cty.Number:
		n, ok := whole(val)
		if !ok || n < 1 || n > 65535 {
			v.add(diag.BadPort, fmt.Sprintf("%s is no port.", val.AsBigFloat().Text('g', 20)), portForm)
			return t, false
		}
		t.First, t.Last = uint16(n), uint16(n)
		return t, true
	case ty == cty.String:
		return v.portText(val.AsString())
	case ty.Equals(constraintType) && val.EncapsulatedValue().(*constraint).text == "any":
		t.Any = true
		return t, true
	}
	v.add(diag.WrongType, fmt.Sprintf("A port is a number or a string; this is %s.", describe(val)), portForm)
	return t, false
}

func (v value) portText(text string) (PortTerm, bool) {
	t := PortTerm{Range: v.rng}
	if text == "any" {
		v.add(diag.BadPort, `"any" in quotes would be a port's name.`, "Write any without quotes for every port.")
		return t, false
	}
	first, last, isRange := strings.Cut(text, "-")
	a, err := strconv.ParseUint(first, 10, 32)
	if err == nil && !isRange {
		last = first
	}
	if b, err2 := strconv.ParseUint(last, 10, 32); err == nil && err2 == nil {
		if a < 1 || b > 65535 || a > b {
			detail := portForm
			if a > b {
				detail = fmt.Sprintf("A range goes from the lower to the higher port: \"%d-%d\".", b, a)
			}
			v.add(diag.BadPort, fmt.Sprintf("%q is no port and no range of ports.", text), detail)
			return t, false
		}
		t.First, t.Last = uint16(a), uint16(b)
		return t, true
	}
	if !validPortName(text) {
		detail := portForm + " A name has up to 15 lower-case letters, digits and -, at least one letter, and no two - in a row."
		if number, protocol, ok := strings.Cut(text, "/"); ok {
			detail = fmt.Sprintf("The protocol is the argument's name: %s = [%s].", strings.ToLower(protocol), number)
		}
		v.add(diag.BadPort, fmt.Sprintf("%q is no port.", text), detail)
		return t, false
	}
	t.Name = text
	return t, true
}

func (v value) icmp(what string) ([]ICMPTerm, bool) {
	list, ok := v.orAny(what)
	if !ok {
		return nil, false
	}
	out := make([]ICMPTerm, 0, len(list))
	for _, e := range list {
		t, good := e.icmpTerm()
		ok = ok && good
		out = append(out, t)
	}
	return out, ok
}

const icmpForm = `An ICMP type is a number from 0 to 255, "type/code", or any.`

func (v value) icmpTerm() (ICMPTerm, bool) {
	t := ICMPTerm{Range: v.rng}
	if text, ok := v.readsAsArithmetic(); ok {
		v.add(diag.QuoteIt, fmt.Sprintf("HCL reads %s as arithmetic.", text), fmt.Sprintf("Quote it: %q.", text))
		return t, false
	}
	val, ok := v.eval()
	if !ok {
		return t, false
	}
	text := ""
	switch ty := val.Type(); {
	case val.IsNull():
		v.empty("The ICMP type")
		return t, false
	case ty == cty.Number:
		if n, ok := whole(val); ok && n >= 0 && n <= 255 {
			t.Type = uint8(n)
			return t, true
		}
		text = val.AsBigFloat().Text('g', 20)
	case ty == cty.String:
		text = val.AsString()
	case ty.Equals(constraintType) && val.EncapsulatedValue().(*constraint).text == "any":
		t.Any = true
		return t, true
	default:
		v.add(diag.WrongType, fmt.Sprintf("An ICMP type is a number or a string; this is %s.", describe(val)), icmpForm)
		return t, false
	}
	kind, code, hasCode := strings.Cut(text, "/")
	n, err := strconv.ParseUint(kind, 10, 8)
	m, err2 := uint64(0), error(nil)
	if hasCode {
		m, err2 = strconv.ParseUint(code, 10, 8)
	}
	if err != nil || err2 != nil {
		if len(text) > 40 {
			text = text[:40] + "…"
		}
		v.add(diag.BadICMP, fmt.Sprintf("%q is no ICMP type.", text), icmpForm)
		return t, false
	}
	t.Type, t.Code, t.HasCode = uint8(n), uint8(m), hasCode
	return t, true
}

// methods are those of RFC 9110 and PATCH.
var methods = []string{"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}

func (v value) requests(what string) ([]ir.Request, bool) {
	list, ok := v.list(what)
	if !ok {
		return nil, false
	}
	var out []ir.Request
	for _, e := range list {
		r, good := e.request()
		ok = ok && good
		out = append(out, r)
	}
	return out, ok
}

const requestForm = `A request is "METHOD PATH", "METHOD", or { methods paths hosts headers }; * is any method.`

func (v value) request() (ir.Request, bool) {
	if !v.isObject() {
		val, ok := v.eval()
		if !ok {
			return ir.Request{}, false
		}
		if text, is := asString(val); is {
			return v.requestText(text)
		}
		if ty := val.Type(); val.IsNull() || !ty.IsMapType() && !ty.IsObjectType() {
			v.add(diag.WrongType, fmt.Sprintf("A request is a string or a map; this is %s.", describe(val)), requestForm)
			return ir.Request{}, false
		}
	}
	return v.requestObject()
}

func (v value) requestText(text string) (ir.Request, bool) {
	method, rest, hasPath := strings.Cut(text, " ")
	rest = strings.TrimLeft(rest, " ")
	if strings.HasPrefix(method, "/") || strings.HasPrefix(method, "~") {
		v.add(diag.BadRequest, fmt.Sprintf("%q has no method.", text), fmt.Sprintf("Write %q for any method.", "* "+text))
		return ir.Request{}, false
	}
	m, ok := v.method(method)
	p := ir.AnyPath()
	if hasPath && rest != "" {
		var good bool
		p, good = v.path(rest)
		ok = ok && good
	}
	if !ok {
		return ir.Request{}, false
	}
	c := ir.Anything()
	if m != "*" {
		c = ir.OneOf(m)
	}
	return ir.NewRequest(c, []ir.Path{p}, nil, ir.Selector{})
}

func (v value) method(text string) (string, bool) {
	if text == "*" || slices.Contains(methods, text) {
		return text, true
	}
	detail := "The methods are " + strings.Join(methods, ", ") + ", and * for any."
	if up := strings.ToUpper(text); slices.Contains(methods, up) {
		detail = fmt.Sprintf("Methods are upper case: %s.", up)
	} else if near := nearest(up, methods); near != "" {
		detail = fmt.Sprintf("Did you mean %s?", near)
	}
	v.add(diag.BadRequest, fmt.Sprintf("%q is no HTTP method.", text), detail)
	return "", false
}

func (v value) path(text string) (ir.Path, bool) {
	p, err := ir.ParsePath(text)
	if err != nil {
		v.add(diag.BadRequest, fmt.Sprintf("%q is no path.", text), sentence(upperFirst(err.Error()))+` In a pattern * is one whole segment and ** at the end any rest; ~ begins a regular expression.`)
		return p, false
	}
	return p, true
}

func (v value) isObject() bool {
	_, ok := v.object()
	return ok
}

func (v value) requestObject() (ir.Request, bool) {
	list, ok := v.entries("http")
	if !ok {
		return ir.Request{}, false
	}
	if len(list) == 0 {
		v.empty("http")
		return ir.Request{}, false
	}
	method, paths := ir.Anything(), []ir.Path{ir.AnyPath()}
	var hosts []ir.Name
	var headers ir.Selector
	for _, e := range list {
		var good bool
		switch e.key {
		case "methods":
			method, good = e.value.methodList()
		case "paths":
			paths, good = e.value.pathList()
		case "hosts":
			hosts, good = e.value.nameList("hosts")
		case "headers":
			headers, good = e.value.headers("headers")
		default:
			v.s.l.diags.Add(diag.BadRequest, e.keyRange, fmt.Sprintf("A request has no %q.", e.key), suggest(e.key, []string{"headers", "hosts", "methods", "paths"}, "It has "))
		}
		ok = ok && good
	}
	if !ok {
		return ir.Request{}, false
	}
	return ir.NewRequest(method, paths, hosts, headers)
}

func (v value) methodList() (ir.Constraint, bool) {
	list, ok := v.list("methods")
	if !ok {
		return ir.Constraint{}, false
	}
	c := ir.OneOf()
	for _, e := range list {
		text, good := e.text("A method")
		if good {
			text, good = e.method(text)
		}
		switch {
		case !good:
			ok = false
		case text == "*":
			c = ir.Anything()
		default:
			c = c.Or(ir.OneOf(text))
		}
	}
	return c, ok
}

func (v value) pathList() ([]ir.Path, bool) {
	list, ok := v.list("paths")
	if !ok {
		return nil, false
	}
	var out []ir.Path
	for _, e := range list {
		text, good := e.text("A path")
		var p ir.Path
		if good {
			p, good = e.path(text)
		}
		ok = ok && good
		out = append(out, p)
	}
	return out, ok
}

var grpcMethod = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/(\*|[A-Za-z_][A-Za-z0-9_]*)$`)

func (v value) grpcMethods(what string) ([]ir.Request, bool) {
	list, ok := v.list(what)
	if !ok {
		return nil, false
	}
	var out []ir.Request
	for _, e := range list {
		text, good := e.text("A gRPC method")
		if !good {
			ok = false
			continue
		}
		if !grpcMethod.MatchString(text) {
			detail := `Write "package.Service/Method", or "package.Service/*" for all of a service.`
			if t := strings.TrimPrefix(text, "/"); t != text && grpcMethod.MatchString(t) {
				detail = fmt.Sprintf("Write it without the first slash: %q.", t)
			}
			e.add(diag.BadRequest, fmt.Sprintf("%q is no gRPC method.", text), detail)
			ok = false
			continue
		}
		p, good := e.path("/" + text)
		r, some := ir.NewRequest(ir.OneOf("POST"), []ir.Path{p}, nil, ir.Selector{})
		r.GRPC = true
		ok = ok && good && some
		out = append(out, r)
	}
	return out, ok
}
