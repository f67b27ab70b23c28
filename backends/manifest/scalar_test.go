package manifest

import (
	"encoding/json"
	"strings"
	"testing"

	yaml3 "go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// yaml11 has every form that YAML 1.1's types give a meaning, and some that
// single readers do.
var yaml11 = []string{
	// bool
	"y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE",
	"on", "On", "ON", "off", "Off", "OFF", "yEs", "oN",
	// null
	"", "~", "null", "Null", "NULL", "nUll",
	// int: binary, octal, decimal, hexadecimal, sexagesimal
	"0", "1", "-1", "+1", "0b1010_0111", "-0b1", "02472256", "0o17", "685230", "+685_230", "0x_0A_74_AE", "0xfF", "190:20:30", "1:20", "_1",
	// float
	"6.8523015e+5", "685.230_15e+03", "685_230.15", "190:20:30.15", "1e3", "1E3", "1.", ".5", "-.5", "+.5", "1e+21", "0e0",
	".inf", "-.inf", "+.INF", ".Inf", ".nan", ".NaN", ".NAN", "10.0.0.1", "1.2.3", "12e03",
	// timestamp
	"2001-12-15T02:59:43.1Z", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43.10", "2002-12-14", "2002-1-4",
	// merge, default value
	"<<", "=",
	// indicators, at the start and alone
	"-", "- a", "-a", "?", "? a", "?a", ":", ": a", ":a", ",", ",a", "[", "[a]", "]", "{", "{a: b}", "}", "#", "# a", "#a",
	"&", "&a", "*", "*a", "!", "!a", "!!str a", "|", "| a", ">", "> a", "'", "'a'", `"`, `"a"`, "%", "%a", "@", "@a", "`", "`a`",
	"---", "--- a", "...", "... a",
	// inside
	"a: b", "a:", "a #b", "a # b", "a:  b", " a", "a ", " ", "\t", "a\tb", "a\t", "\ta",
	// lines and what cannot be seen
	"a\nb", "a\n", "\n", "a\r\nb", "a\rb", "a\u0085b", "a\u2028b", "a\u2029b", "\ufeffa", "a\ufeff", "\x00", "a\x07b", "\x1b[0m", "\x7f", "\u00a0", "\u200b", "\ue000",
	"\U000e0001", "\ufffd", "\ufffe", "\U0001f600", "é", "日本", "\b\f",
}

var plainStrings = []string{
	"app.kubernetes.io/name", "10.0.0.0/8", "2001:db8::/32", "Ingress", "TCP", "web", "kube-system", "projectcalico.org/v3",
	"app == 'web' && has(role)", `app == "web"`, "(a == 'b') || !has(c)", "k8s:io.kubernetes.pod.namespace", "spiffe://cluster.local/ns/a/sa/b",
	"cluster.local/ns/a/sa/b", "/api/{id}/[a-z]*", "a,b", "a:b", "a#b", "a - b", "a & b", "yesterday", "nope", "truest", "nullable", "ye", "10k", "3scale", "a=b", "x'y", "E5", `a\b"c`, `C:\n`,
}

func TestNeedsQuote(t *testing.T) {
	for _, s := range yaml11 {
		if !needsQuote([]byte(s)) {
			t.Errorf("%q is plain", s)
		}
	}
	for _, s := range plainStrings {
		if needsQuote([]byte(s)) {
			t.Errorf("%q is quoted", s)
		}
	}
}

// scalarDocument prints s as a key, a value and an item.
func scalarDocument(t interface{ Fatal(...any) }, s string) []byte {
	out, err := Append(nil, testObject(map[string]any{
		"value": s,
		"items": []any{s, []any{s}, map[string]any{s: s}},
		"map":   map[string]any{s: s},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkScalar proves that two readers, of different versions of YAML, get s
// wherever it was printed.
func checkScalar(t interface {
	Errorf(string, ...any)
	Fatal(...any)
}, s string) {
	out := scalarDocument(t, s)
	for name, unmarshal := range map[string]func([]byte, any) error{
		"sigs.k8s.io/yaml":   func(b []byte, v any) error { return yaml.UnmarshalStrict(b, v) },
		"go.yaml.in/yaml/v3": yaml3.Unmarshal,
	} {
		var got struct {
			APIVersion string         `json:"apiVersion" yaml:"apiVersion"`
			Kind       string         `json:"kind" yaml:"kind"`
			Metadata   map[string]any `json:"metadata" yaml:"metadata"`
			Spec       map[string]any `json:"spec" yaml:"spec"`
		}
		if err := unmarshal(out, &got); err != nil {
			t.Errorf("%s reads %q: %v\n%s", name, s, err, out)
			continue
		}
		items, _ := got.Spec["items"].([]any)
		if len(items) != 3 {
			t.Errorf("%s reads %q: items are %v\n%s", name, s, items, out)
			continue
		}
		nested, _ := items[1].([]any)
		inItem, _ := items[2].(map[string]any)
		inMap, _ := got.Spec["map"].(map[string]any)
		if got.Spec["value"] != s || items[0] != s || len(nested) != 1 || nested[0] != s || inItem[s] != s || inMap[s] != s {
			t.Errorf("%s reads %q as %#v\n%s", name, s, got.Spec, out)
		}
	}
}

func TestScalarsReadBack(t *testing.T) {
	for _, s := range append(append([]string{}, yaml11...), plainStrings...) {
		checkScalar(t, s)
		for _, affix := range []string{"a", " ", ":", "#", "-", "/", "0"} { // and near misses
			checkScalar(t, s+affix)
			checkScalar(t, affix+s)
		}
	}
}

func TestAnyStringReadsBack(t *testing.T) {
	alphabet := rapid.OneOf(
		rapid.String(),
		rapid.StringOfN(rapid.RuneFrom([]rune("0123456789_.:+-eExXoObBaftTzZ ~")), 1, 12, -1),
		rapid.StringOfN(rapid.RuneFrom([]rune("ynoftrusl:# -?!&*\"'\\[]{},|>%@`=<\n\t\u0085\u2028")), 1, 12, -1),
	)
	rapid.Check(t, func(t *rapid.T) { checkScalar(t, alphabet.Draw(t, "s")) })
}

func TestLongStringStaysOnOneLine(t *testing.T) {
	s := "app == 'web'" + strings.Repeat(" && has(projectcalico.org/some-label)", 500)
	out, err := Append(nil, testObject(map[string]any{"selector": s}))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(out), "\n  selector: "+s+"\n") {
		t.Error("the selector is not on one line")
	}
	var got struct{ Spec map[string]string }
	if err := yaml.Unmarshal(out, &got); err != nil || got.Spec["selector"] != s {
		t.Errorf("read back as %q, %v", got.Spec["selector"], err)
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "-0", "8080": "8080", "-1": "-1", "9223372036854775808": "9223372036854775808",
		"1.50": "1.50", "1e21": "1.0e+21", "1E-7": "1.0e-7", "-2.5e+10": "-2.5e+10", "0.1000000000000000055511151231257827": "0.1000000000000000055511151231257827",
	} {
		out, err := Append(nil, testObject(json.RawMessage(`{"number":`+in+`}`)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), "  number: "+want+"\n") {
			t.Errorf("%s printed as\n%s, want %s", in, out, want)
		}
	}
}

func TestNotUTF8(t *testing.T) {
	for name, v := range map[string]any{
		"value":        map[string]any{"a": "b\xff"},
		"key":          map[string]any{"\xc3\x28": "b"},
		"raw":          json.RawMessage("{\"a\":\"\xff\"}"),
		"surrogate":    json.RawMessage(`{"a":"\ud800"}`),
		"wrong pair":   json.RawMessage(`{"a":"\ud800\u0041"}`),
		"cut pair":     json.RawMessage(`{"a":"\ud83d\u"}`),
		"encoded half": map[string]any{"a": "\xed\xa0\x80"},
	} {
		if out, err := Append([]byte("kept"), testObject(v)); err == nil {
			t.Errorf("%s: no error:\n%s", name, out)
		} else if string(out) != "kept" {
			t.Errorf("%s: appended %q in spite of %v", name, out, err)
		}
	}
	if _, err := Append(nil, Object{APIVersion: "v1", Kind: "K", Name: "n", Value: testObject(nil).Value, Comments: []string{"\xff"}}); err == nil {
		t.Error("no error for a comment")
	}
	// What a user wrote is no fault, even where it looks like one.
	checkScalar(t, "\ufffd")
	checkScalar(t, `\ufffd`)
}
