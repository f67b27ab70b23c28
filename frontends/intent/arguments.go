package intent

import (
	"fmt"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// arguments are those of one block, with what the schema says of them. A
// missing one that is required is reported; a broken block has none.
type arguments struct {
	s      *scope
	spec   *Spec
	where  diag.Range // that of a default
	attrs  []*attr
	broken bool
}

func (l *loader) arguments(s *scope, b *block) *arguments {
	a := &arguments{s: s, spec: specs[b.kind], where: b.header, attrs: b.body.attrs, broken: b.broken}
	a.required()
	return a
}

func (a *arguments) required() {
	if a.broken {
		return
	}
	for _, arg := range a.spec.Args {
		if arg.Required && a.attr(arg.Name) == nil {
			a.s.l.diags.Add(diag.MissingArgument, a.where, fmt.Sprintf("The %s block has no %q.", a.spec.Name, arg.Name), fmt.Sprintf("It is required: %s.", arg.Doc))
		}
	}
}

// specs are the blocks by kind, wherever they stand. A rule is the one with
// every argument: that one in a test has fewer was checked before.
var specs = func() map[string]*Spec {
	out := map[string]*Spec{}
	var walk func(*Spec)
	walk = func(s *Spec) {
		for _, b := range s.Blocks {
			if _, ok := out[b.Name]; !ok {
				out[b.Name] = b
			}
		}
		for _, b := range s.Blocks {
			walk(b)
		}
	}
	walk(fileSpec)
	for _, b := range ruleSpecs(ruleArgs, "allow", "deny", "pass", "log") {
		out[b.Name] = b
	}
	return out
}()

func (a *arguments) attr(name string) *attr {
	if _, ok := a.spec.Arg(name); !ok {
		panic("intent: the schema has no argument " + a.spec.Name + "." + name)
	}
	if a.broken {
		return nil
	}
	for _, x := range a.attrs {
		if x.name == name {
			return x
		}
	}
	return nil
}

// value finds an argument's value.
func (a *arguments) value(name string) (value, bool) {
	x := a.attr(name)
	if x == nil {
		return value{}, false
	}
	return a.s.value(x.expr), true
}

// decodeArg decodes an argument; one that is absent or wrong gives the default.
func decodeArg[T any](a *arguments, name string, def T, decode func(v value) (T, bool)) (At[T], bool) {
	v, ok := a.value(name)
	if !ok {
		return At[T]{def, a.where, false}, false
	}
	x, ok := decode(v)
	if !ok {
		return At[T]{def, v.rng, false}, false
	}
	return At[T]{x, v.rng, true}, true
}

func (a *arguments) text(name string) (At[string], bool) {
	return decodeArg(a, name, "", func(v value) (string, bool) { return v.text(name) })
}

func (a *arguments) description() string {
	d, _ := a.text("description")
	return d.Value
}

func (a *arguments) boolean(name string) (At[bool], bool) {
	return a.booleanOr(name, false)
}

func (a *arguments) booleanOr(name string, def bool) (At[bool], bool) {
	return decodeArg(a, name, def, func(v value) (bool, bool) { return v.boolean(name) })
}

// words are the values that the words of an argument stand for.
type words[T any] map[string]T

var (
	directions = words[ir.Directions]{"both": ir.Both, "ingress": ir.IngressOnly, "egress": ir.EgressOnly, "none": ir.NoDirection}
	mtlsModes  = words[ir.MTLSMode]{"strict": ir.MTLSStrict, "permissive": ir.MTLSPermissive, "disable": ir.MTLSDisable}
	modes      = words[ir.Mode]{"enforce": ir.Enforce, "staged": ir.Staged}
	ends       = words[End]{"both": Both, "source": Source, "destination": Destination}
	protocols  = words[ir.AppProtocol]{"http": ir.AppHTTP, "grpc": ir.AppGRPC, "tcp": ir.AppTCP, "tls": ir.AppTLS}
)

// wordArg decodes an argument whose words the schema lists.
func wordArg[T any](a *arguments, name string, meaning words[T], def T) At[T] {
	arg, _ := a.spec.Arg(name)
	x, _ := decodeArg(a, name, def, func(v value) (T, bool) {
		w, ok := v.word(name, arg.Words)
		return meaning[w], ok
	})
	return x
}
