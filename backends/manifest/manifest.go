// Package manifest turns objects into bytes: the one YAML printer and the file
// plan of every backend.
//
// A typed upstream object is printed from its JSON form, so that a field cannot
// be misspelt, in the key order in which people write it:
//
//	apiVersion: networking.k8s.io/v1
//	kind: NetworkPolicy
//	metadata: ...
//
// The plan gives each object one file; only files that begin with Marker are
// ever changed or removed, and nothing outside the directory is touched.
package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unicode/utf8"
)

// Append prints the object as one YAML document. It ends in a newline and has
// no `---`.
func Append(dst []byte, obj Object) ([]byte, error) {
	p := printers.Get().(*printer)
	defer printers.Put(p)
	p.reset()
	if err := p.load(obj); err != nil {
		return dst, fmt.Errorf("print %s: %w", obj, err)
	}
	start := len(dst)
	out, err := appendComments(dst, obj.Comments)
	if err == nil {
		out, err = p.document(out, obj)
	}
	if err != nil {
		return dst[:start], fmt.Errorf("print %s: %w", obj, err)
	}
	return out, nil
}

// Stream prints the objects as one YAML stream, in the order given, with a
// `---` line between documents.
func Stream(objs []Object) ([]byte, error) {
	var out []byte
	for i, obj := range objs {
		if i > 0 {
			out = append(out, "---\n"...)
		}
		var err error
		if out, err = Append(out, obj); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// printer holds what printing one object needs. The buffers are kept from one
// object to the next.
type printer struct {
	text      []byte // the JSON form, then what escaped strings in it decode to
	encoder   *json.Encoder
	nodes     []node
	order     []child // a stack: the members of the mappings being printed
	implied   int32   // a node that the JSON form leaves out, or none
	impliedIn int32   // the mapping that it belongs to
}

var printers = sync.Pool{New: func() any {
	p := &printer{}
	p.encoder = json.NewEncoder(p)
	p.encoder.SetEscapeHTML(false) // Calico selectors are full of &&
	return p
}}

func (p *printer) reset() {
	p.text, p.nodes, p.order = p.text[:0], p.nodes[:0], p.order[:0]
	p.implied, p.impliedIn = none, none
}

// Write takes the JSON form from the encoder.
func (p *printer) Write(b []byte) (int, error) {
	p.text = append(p.text, b...)
	return len(b), nil
}

// load takes the JSON form of the object.
func (p *printer) load(obj Object) error {
	if reflect.ValueOf(obj.Value).Kind() == reflect.Struct {
		// Istio's specs marshal by methods on the pointer. encoding/json cannot
		// reach them in a value, and prints enums as numbers without an error.
		return fmt.Errorf("value is a %T: pass a pointer to it", obj.Value)
	}
	return p.encoder.Encode(obj.Value)
}

// document prints the loaded JSON form.
func (p *printer) document(dst []byte, obj Object) ([]byte, error) {
	if !utf8.Valid(p.text) {
		return dst, errNotUTF8
	}
	if err := p.parse(); err != nil {
		return dst, err
	}
	if p.nodes[0].kind != mapping {
		return dst, errors.New("value is not an object")
	}
	if err := p.identify(obj); err != nil {
		return dst, err
	}
	if obj.Kind == "AuthorizationPolicy" && group(obj.APIVersion) == "security.istio.io" {
		p.implyAction()
	}
	return p.printMapping(dst, 0, layout(obj.APIVersion), 0, false)
}

// identify checks that the value says of itself what the object says of it.
func (p *printer) identify(obj Object) error {
	metadata, ok := p.member(0, "metadata")
	if ok && p.nodes[metadata].kind != mapping {
		return errors.New("metadata is not an object")
	}
	if !ok {
		metadata = none
	}
	for _, f := range [...]struct {
		in        int32
		key, want string
	}{
		{0, "apiVersion", obj.APIVersion},
		{0, "kind", obj.Kind},
		{metadata, "namespace", obj.Namespace},
		{metadata, "name", obj.Name},
	} {
		if have := p.stringMember(f.in, f.key); string(have) != f.want {
			return fmt.Errorf("its %s is %q, not %q", f.key, have, f.want)
		}
	}
	return nil
}

// implyAction spells out `action: ALLOW`, which proto JSON leaves out because
// it is the enum's zero: a reader must not have to know that. An empty spec
// stays empty; it is the form in which people write "deny everything".
func (p *printer) implyAction() {
	spec, ok := p.member(0, "spec")
	if !ok || p.nodes[spec].kind != mapping || p.empty(spec) {
		return
	}
	if _, ok := p.member(spec, "action"); ok {
		return
	}
	n := node{kind: str}
	n.keyStart, n.keyEnd = p.intern("action")
	n.start, n.end = p.intern("ALLOW")
	p.implied, p.impliedIn = int32(len(p.nodes)), spec
	n.next = p.implied + 1
	p.nodes = append(p.nodes, n)
}

func (p *printer) intern(s string) (start, end int32) {
	start = int32(len(p.text))
	p.text = append(p.text, s...)
	return start, int32(len(p.text))
}
