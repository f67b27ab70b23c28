package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

var testTable = slices.Concat(
	Selectors("spec.podSelector"),
	Understood("spec.ports[].port", "spec.ports[].endPort", "spec.order"),
	Refused("It is not known.", "spec.ports[].secret", "spec.deep"),
)

// readObject reads a spec, asking for podSelector, order and ports[].port.
func readObject(t *testing.T, metadata, spec string) []string {
	t.Helper()
	in, diags := readText("apiVersion: v1\nkind: A\nmetadata: " + metadata + "\n" + spec)
	if len(in.Documents) != 1 || len(diags) > 0 {
		t.Fatal(diags)
	}
	in.Documents[0].Object(testTable, &diags, func(o *Object) {
		o.Field("spec").Object(func(o *Object) {
			o.Field("podSelector")
			o.Field("order").Float()
			for _, p := range o.Field("ports").Items() {
				p.Object(func(o *Object) { o.Required("port").Int(1, 65535) })
			}
		})
	})
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s %s %s", d.Code, d.Summary, d.Detail))
	}
	return out
}

func TestObject(t *testing.T) {
	for _, x := range []struct{ name, metadata, spec, want string }{
		{"fine", "{name: x, labels: {a: b}, uid: 1}", "spec: {podSelector: {}, order: 1.5, ports: [{port: 80}]}\nstatus: {x: 1}", ""},
		{"null is absent", "{name: x, namespace: null, labels: null}", "spec: {podSelector: null, order: null, ports: null, deep: null}", ""},
		{"unknown", "{name: x}", "spec: {podselector: {}}", `P6101 There is no field spec.podselector. Did you mean "podSelector"?`},
		{"unknown null", "{name: x}", "spec: {xyz: null}", `P6101 There is no field spec.xyz. `},
		{"unknown at the top", "{name: x}", "specs: {}", `P6101 There is no field specs. Did you mean "spec"?`},
		{"unknown of the table", "{name: x}", "spec: {ports: [{port: 1, secrets: 2}]}", `P6101 There is no field spec.ports[0].secrets. Did you mean "secret"?`},
		{"refused", "{name: x}", "spec: {ports: [{port: 1, secret: 2}]}", `P6102 spec.ports[0].secret cannot be judged. It is not known.`},
		{"refused subtree", "{name: x}", "spec: {deep: {er: 1}}", `P6102 spec.deep cannot be judged. It is not known.`},
		{"understood but not asked for", "{name: x}", "spec: {ports: [{port: 1, endPort: 2}]}", `P6102 spec.ports[0].endPort has no meaning that Portolan knows at this place. Remove it if it is not needed.`},
		{"missing", "{name: x}", "spec: {ports: [{}]}", `P6104 spec.ports[0].port is missing. `},
		{"missing for null", "{name: x}", "spec: {ports: [{port: null}]}", `P6104 spec.ports[0].port is missing. `},
		{"no list", "{name: x}", "spec: {ports: {port: 80}}", `P6103 spec.ports is a mapping, and the field takes a list. `},
		{"no mapping", "{name: x}", "spec: [a]", `P6103 spec is a list, and the field takes a mapping. `},
		{"text for a number", "{name: x}", "spec: {ports: [{port: '80'}]}", `P6103 spec.ports[0].port is a text, and the field takes a number. `},
		{"fraction", "{name: x}", "spec: {ports: [{port: 80.5}]}", `P6103 spec.ports[0].port is a number with a fraction, and the field takes a number. `},
		{"whole fraction", "{name: x}", "spec: {ports: [{port: 80.0}]}", ""},
		{"out of range", "{name: x}", "spec: {ports: [{port: 99999999999999999999}]}", `P6105 spec.ports[0].port: "100000000000000000000" is not a number from 1 to 65535. `},
		{"port", "{name: x}", "spec: {ports: [{port: 0}]}", `P6105 spec.ports[0].port: "0" is not a number from 1 to 65535. `},
		{"misspelt namespace", "{name: x, namspace: y}", "spec: {}", `P6101 There is no field metadata.namspace. Did you mean "namespace"?`},
		{"namespace that is false", "{name: x, namespace: no}", "spec: {}", `P6103 metadata.namespace is a boolean, and the field takes a text. Put it in quotes if text is meant.`},
		{"date", "{name: 2001-01-01}", "spec: {}", `P6103 metadata.name is a date, and the field takes a text. Put it in quotes if text is meant.`},
		{"no name", "{}", "spec: {}", `P6104 metadata.name is missing. `},
		{"generated name", "{generateName: x}", "spec: {}", ""},
		{"no metadata", "", "spec: {}", `P6104 metadata is missing. `},
		{"label that is true", "{name: x, labels: {a: on}}", "spec: {}", `P6103 metadata.labels.a is a boolean, and the field takes a text. Put it in quotes if text is meant.`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if got := strings.Join(readObject(t, x.metadata, x.spec), "\n"); got != x.want {
				t.Errorf("\n%s, want\n%s", got, x.want)
			}
		})
	}
}

// value reads a text as the value of spec.
func value(t *testing.T, text string, diags *diag.List) Value {
	t.Helper()
	in, wrong := readText(head + "spec: " + text)
	if len(in.Documents) != 1 {
		t.Fatal(wrong)
	}
	return in.Documents[0].value(nil, diags).field("spec")
}

func TestLabelSelector(t *testing.T) {
	for _, x := range []struct {
		text  string
		match Match
		want  string // the selector, or what is wrong
	}{
		{"{}", Some, "all"},
		{"{matchLabels: {}, matchExpressions: []}", Some, "all"},
		{"{matchLabels: null}", Some, "all"},
		{"{matchLabels: {b: '', a: x, example.com/c: null}}", Some, "a=x, b=, example.com/c="},
		{"{matchExpressions: [{key: a, operator: In, values: [y, x]}]}", Invalid, "P6103"},
		{"{matchExpressions: [{key: a, operator: In, values: ['y', x]}]}", Some, "a in {x,y}"},
		{"{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}", Some, "a not in {x}"},
		{"{matchExpressions: [{key: a, operator: Exists}, {key: b, operator: DoesNotExist, values: []}]}", Some, "has a, no b"},
		{"{matchExpressions: [{key: a, operator: Exists}, {key: a, operator: NotIn, values: [x]}]}", Some, "has a not in {x}"},
		{"{matchLabels: {a: x}, matchExpressions: [{key: a, operator: NotIn, values: [x]}]}", Nothing, ""},
		{"{matchExpressions: [{key: a, operator: Exists}, {key: a, operator: DoesNotExist}]}", Nothing, ""},
		{"{matchExpressions: [{key: a, operator: In}]}", Invalid, "P6105"},
		{"{matchExpressions: [{key: a, operator: In, values: []}]}", Invalid, "P6105"},
		{"{matchExpressions: [{key: a, operator: Exists, values: [x]}]}", Invalid, "P6105"},
		{"{matchExpressions: [{key: a, operator: exists}]}", Invalid, "P6105"},
		{"{matchExpressions: [{key: a}]}", Invalid, "P6104"},
		{"{matchExpressions: [{operator: Exists}]}", Invalid, "P6104"},
		{"{matchExpressions: [{key: 1, operator: Exists}]}", Invalid, "P6103"},
		{"{matchExpressions: [{key: a, operator: Exists, value: x}]}", Invalid, "P6101"},
		{"{matchExpressions: [null]}", Invalid, "P6103"},
		{"{matchExpressions: {key: a}}", Invalid, "P6103"},
		{"{matchLabels: [a]}", Invalid, "P6103"},
		{"{matchLabels: {a: 1}}", Invalid, "P6103"},
		{"{matchLabels: {a b: x}}", Invalid, "P6105"},
		{"{matchLabels: {a: x y}}", Invalid, "P6105"},
		{"{a: x}", Invalid, "P6101"},
		{"[]", Invalid, "P6103"},
		{"null", Invalid, "P6104"},
	} {
		var diags diag.List
		s, match := value(t, x.text, &diags).LabelSelector()
		if got := strings.Join(codes(diags), " "); match != x.match || match == Some && (s.String() != x.want || got != "") || match == Invalid && got != x.want {
			t.Errorf("%s: %v %s %v", x.text, match, s, diags)
		}
	}
}

func codes(diags diag.List) []string {
	var out []string
	for _, d := range diags {
		out = append(out, string(d.Code))
	}
	return out
}

func TestCIDR(t *testing.T) {
	for _, x := range []struct{ text, want, code string }{
		{"10.0.0.0/8", "10.0.0.0/8", ""},
		{"10.1.2.3/8", "10.0.0.0/8", "P6106"},
		{"2001:DB8::/32", "2001:db8::/32", ""},
		{"10.0.0.1", "", "P6105"},
		{"010.0.0.0/8", "", "P6105"},
		{"'::ffff:10.0.0.0/104'", "", "P6105"},
		{"8", "", "P6103"},
	} {
		var diags diag.List
		p, ok := value(t, x.text, &diags).CIDR()
		if got := strings.Join(codes(diags), " "); got != x.code || ok != (x.want != "") || ok && p.String() != x.want {
			t.Errorf("%s: %v %v", x.text, p, diags)
		}
	}
	var diags diag.List
	if p, ok := value(t, "10.0.0.1", &diags).Addresses(); !ok || p.String() != "10.0.0.1/32" || len(diags) > 0 {
		t.Error(p, diags)
	}
}

func TestAbsent(t *testing.T) {
	var diags diag.List
	v := value(t, "{empty: [], nil: ~}", &diags)
	if e := v.field("empty"); !e.Present() || e.Kind() != List || len(e.Items()) != 0 {
		t.Error("an empty list is taken for none")
	}
	for _, name := range []string{"nil", "none"} {
		a := v.field(name)
		_, text := a.Text()
		_, number := a.Int(0, 1)
		if a.Present() || text || number || a.Items() != nil || a.Entries() != nil || a.Object(func(*Object) { t.Error("an absent object is read") }) {
			t.Errorf("%s is not absent", name)
		}
	}
	if len(diags) > 0 {
		t.Error(diags)
	}
	if got := value(t, "[a, null, 1]", &diags).Texts(); !slices.Equal(got, []string{"a"}) || len(diags) != 2 {
		t.Error(got, diags)
	}
}
