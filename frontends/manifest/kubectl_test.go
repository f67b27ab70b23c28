package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	kubectl "k8s.io/apimachinery/pkg/util/yaml"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// errTime stands for a date, which is refused where a text is asked for.
var errTime = errors.New("a date")

// plain gives a value as encoding/json would.
func plain(n *node) (any, error) {
	switch n.kind {
	case Time:
		return nil, errTime
	case Bool:
		return n.text == "true", nil
	case Int, Float:
		var f float64
		err := json.Unmarshal([]byte(n.text), &f)
		return f, err
	case String:
		return n.text, nil
	case List:
		out := make([]any, len(n.children))
		for i := range n.children {
			v, err := plain(&n.children[i].value)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case Map:
		out := map[string]any{}
		for i := range n.children {
			v, err := plain(&n.children[i].value)
			if err != nil {
				return nil, err
			}
			out[n.children[i].key] = v
		}
		return out, nil
	}
	return nil, nil
}

// readPlain gives all values of a text; false where something is refused.
func readPlain(text []byte) (out []any, ok bool) {
	budget := maxNodes
	f := &file{source: newSource("x", text), budget: &budget}
	if !f.isText() {
		return nil, false
	}
	for _, c := range f.split() {
		for _, n := range f.values(c) {
			v, err := plain(n)
			if err != nil {
				return nil, false
			}
			if v != nil {
				out = append(out, v)
			}
		}
	}
	return out, len(f.diags) == 0
}

// readKubectl gives all values of a text as kubectl reads them.
func readKubectl(text []byte) (out []any, err error) {
	d := kubectl.NewYAMLOrJSONDecoder(strings.NewReader(string(text)), 4096)
	for {
		var v any
		switch err := d.Decode(&v); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case v != nil:
			out = append(out, v)
		}
	}
}

// sameAsKubectl demands that what is read without an error is what kubectl
// reads, where that reads it too.
func sameAsKubectl(t interface{ Errorf(string, ...any) }, text []byte) {
	ours, ok := readPlain(text)
	object := func(v any) bool { _, is := v.(map[string]any); return is }
	if !ok || !slices.ContainsFunc(ours, object) && len(text) >= 4096 {
		return // kubectl may find nothing in a long text that is no object, which is refused here
	}
	theirs, err := readKubectl(text)
	if err == nil && !reflect.DeepEqual(ours, theirs) {
		t.Errorf("%q is read as %v, and kubectl reads %v", text, ours, theirs)
	}
}

var scalars = []string{
	"y", "Y", "yes", "on", "off", "n", "True", "TRUE", "tRUE", "null", "~", "Null", "nULL", "",
	"0", "-0", "00", "010", "08", "0o10", "0x1F", "0X1f", "0b11", "-0b11", "+0b11", "0b-1", "0b12", "1_000", "_1", "1__0", "1:20", "190:20:30",
	"1.", ".5", "-.5", "+.5", "1.5", "80.0", "1e3", "1e", "e1", "1e+3", "1.5e3", "1e400", "-1e400", "1e-400", "1.0e+21", "0.1e-7", ".e1", ".", "..", "...x", "+", "-x", "+1", "1_0.5", "._5", ".5_0", "0x1p-2", "0.5x",
	"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809",
	"2001-01-01", "2001-1-1", "2001-13-01", "2001-01-01T00:00:00Z", "2001-01-01 00:00:00", "0001-1-1", "20010-1-1",
	"<<", "=", "!x", "a b", "a#b", "10.0.0.0/8", "::1", "infinity", ".infinity", "nan", "inf", "-inf", ".Inf", "-.INF",
}

// Scalars are what kubectl takes them for, as a value and as a key.
func TestScalars(t *testing.T) {
	check := func(s string) {
		for _, format := range []string{"%s", "a: %s", "[%s]", "a: '%s'", "a: \"%s\"", "%s: a", "{%s: a}", "a: !!str %s", "a: &x %s\nb: *x", "a: |\n  %s\n", "a: >\n  %s\n  %[1]s", "{\"a\": %s}", "[a, %s, b]\n--- # c\n%[1]s"} {
			sameAsKubectl(t, []byte(strings.ReplaceAll(fmt.Sprintf(format, s), "%!(EXTRA", "")))
		}
	}
	for _, s := range scalars {
		check(s)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(rapid.StringMatching(`[-+.0-9_a-zA-Z~:xobeEnfyNT ]{0,12}`).Draw(t, "s"))
	})
}

// A refused number is one that kubectl cannot make JSON of.
func TestRefusedNumbers(t *testing.T) {
	for _, s := range scalars {
		if _, _, ok := resolve(s); !ok {
			if out, err := yaml.YAMLToJSON([]byte("[" + s + "]")); err == nil {
				t.Errorf("%s is refused, and kubectl reads %s", s, out)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range append([]string{
		head, string(policies(1)), "{}{}", "{}\n---\na: 1", "a: &x [1]\nb: *x", "? a\n: b", "a: |2-\n   b\n", "'a''b': \"\\u00e9\\\n  x\"",
		"a:\n- b\n-\n  - c", "\ufeffa: 1\n---\n\ufeff{\"b\": 1}", "a: b # c\n...\n", "- !!str 1\n- !!seq []", "a\u2028b: c\u0085", "{a: 1,}", "a: {b, c: }", "\"a\":1", "%TAG x\n", "a: 'x\n\n  y'", "a:\tb", "&a a: *a",
	}, scalars...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sameAsKubectl(t, text)
		in, diags := ReadFiles([]File{{"x", text}}, Options{})
		_, rest, more := TakeCluster(in.Documents)
		for i := range rest {
			rest[i].Object(Selectors("spec"), &more, func(o *Object) { o.Field("spec").LabelSelector() })
		}
		for _, d := range append(diags, more...) {
			if r := d.Range; r.End.Byte > len(text) || r.Start.Byte > r.End.Byte || strings.Contains(d.Summary+d.Detail, "%!") {
				t.Errorf("%+v", d)
			}
		}
	})
}
